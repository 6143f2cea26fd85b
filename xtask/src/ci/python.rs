//! The Python package: its wheel is built, installed into a fresh environment and tested there, first with nothing but what it
//! needs, then with the packages that it can work with.

use crate::process::{self, files_in, program, target};
use crate::venv;
use crate::wheel::{self, For};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Packages that the package can work with, what the notebooks draw with, and the checker of types.
const OTHERS: &[&str] = &["pytest", "gemmi", "scipy", "jax", "matplotlib", "mypy"];
/// Others, which may lag behind the newest Python. PyTorch's wheels of PyPI bring CUDA, 3 GB, whether or not there is a GPU.
const LATE: &[&str] = &["reciprocalspaceship", "torch"];
/// Tests that need some of them.
const TESTS_WITH_OTHERS: &[&str] =
    &["test_structure_factors.py", "test_torch.py", "test_frameworks.py", "test_docs.py", "test_end_to_end.py"];
const OTHERWISE: &str = "`cargo xtask ci --skip python` does the rest";

/// Builds the wheel and tests it.
pub(super) fn run(root: &Path) -> Result<()> {
    let folder = target(root).join("ci").join("python-package");
    // without the optimisations of a release, which take minutes
    let wheel = wheel::build(root, "dev", &folder.join("wheels"), For::ThisMachine)?;
    let python = venv::make(&folder.join("fresh"))?;
    venv::install(&python, &[&wheel.to_string_lossy(), "pytest"], OTHERWISE)?;
    let program = program(root)?;
    println!("-- tests with NumPy alone");
    test(root, &python, &program, &[])?;
    println!("-- tests with other packages");
    let (python, missing) = others(&folder.join("others"), &wheel)?;
    let tests: Vec<String> = TESTS_WITH_OTHERS.iter().map(|name| format!("python/tests/{name}")).collect();
    test(root, &python, &program, &tests)?;
    println!("-- types");
    process::run(Command::new(&python).args(["-m", "mypy", "python"]).current_dir(root))?;
    let examples = scripts(&python, &root.join("python").join("examples"), &folder.join("examples"), &missing)?;
    let notebooks = scripts(&python, &root.join("examples").join("notebooks"), &folder.join("notebooks"), &missing)?;
    for package in &missing {
        println!("-- left out, since {package} cannot be installed here: its tests, and types of what uses it");
    }
    for script in examples.iter().chain(&notebooks) {
        println!("-- left out, since it needs a package that is not there: {script}");
    }
    Ok(())
}

/// The environment with the wheel and everything that it can work with, and the packages that are missing. It is kept, since it is
/// large.
fn others(folder: &Path, wheel: &Path) -> Result<(PathBuf, Vec<&'static str>)> {
    let python = venv::interpreter(folder);
    let imports = |modules: &str| process::output(Command::new(&python).args(["-c", &format!("import {modules}")]));
    if imports("pytest, gemmi, scipy, jax, matplotlib, mypy").is_err() {
        venv::make(folder)?;
        venv::install(&python, OTHERS, OTHERWISE)?;
    }
    let mut missing = Vec::new();
    for package in LATE {
        if imports(package).is_err()
            && let Err(error) = venv::install(&python, &[package], "its tests are left out")
        {
            println!("{error:#}");
            missing.push(*package);
        }
    }
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--force-reinstall", "--no-deps"]);
    process::run(install.arg(wheel))?;
    Ok((python, missing))
}

fn test(root: &Path, python: &Path, program: &Path, arguments: &[String]) -> Result<()> {
    let mut command = Command::new(python);
    command.args(["-B", "-m", "pytest", "-p", "no:cacheprovider", "--durations=5", "-rs"]).args(arguments);
    process::run(command.env("BRAGG_PROGRAM", program).env_remove("PYTHONPATH").current_dir(root))
}

/// Runs every script of a folder in an empty folder, which is none that it could count on, and returns the names of those that import
/// what is missing.
fn scripts(python: &Path, from: &Path, folder: &Path, missing: &[&str]) -> Result<Vec<String>> {
    let mut left_out = Vec::new();
    for script in files_in(from, "py")? {
        let name = script.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&script).with_context(|| format!("cannot read {}", script.display()))?;
        if missing.iter().any(|package| text.contains(&format!("import {package}"))) {
            left_out.push(name);
            continue;
        }
        println!("-- {name}");
        if folder.exists() {
            std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        process::run(Command::new(python).arg("-B").arg(&script).env("MPLBACKEND", "Agg").current_dir(folder))?;
    }
    Ok(left_out)
}
