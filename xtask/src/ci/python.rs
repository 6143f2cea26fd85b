//! The Python package: its wheel is built, installed into a fresh environment and tested there, first with nothing but what it
//! needs, then with the packages that it can work with.

use super::venv;
use crate::process::{self, files_in, program, target};
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What builds wheels; as in pyproject.toml.
const MATURIN: &str = "maturin>=1.9.4,<2";
/// Packages that the package can work with, what the notebooks draw with, and the checker of types.
const OTHERS: &[&str] = &["pytest", "gemmi", "scipy", "jax", "matplotlib", "mypy"];
/// Others, which may lag behind the newest Python, each with the module to import. PyTorch's wheels of PyPI bring CUDA, 3 GB, whether
/// or not there is a GPU.
const LATE: &[(&str, &str)] = &[("reciprocalspaceship", "reciprocalspaceship"), ("torch", "torch")];
/// Tests that need some of them.
const TESTS_WITH_OTHERS: &[&str] =
    &["test_structure_factors.py", "test_torch.py", "test_frameworks.py", "test_docs.py"];
const OTHERWISE: &str = "`cargo xtask ci --skip python` does the rest";

/// Builds the wheel and tests it.
pub(super) fn run(root: &Path) -> Result<()> {
    let folder = target(root).join("ci").join("python-package");
    let wheel = wheel(root, &folder)?;
    let python = venv::make(&folder.join("fresh"))?;
    venv::install(&python, &[&wheel.to_string_lossy(), "pytest"], OTHERWISE)?;
    let program = program(root)?;
    println!("-- tests with NumPy alone");
    test(root, &python, &program, &[])?;
    println!("-- tests with other packages");
    let (python, has_torch) = others(&folder.join("others"), &wheel)?;
    let tests: Vec<String> = TESTS_WITH_OTHERS.iter().map(|name| format!("python/tests/{name}")).collect();
    test(root, &python, &program, &tests)?;
    if has_torch {
        println!("-- types");
        process::run(Command::new(&python).args(["-m", "mypy", "python"]).current_dir(root))?;
    }
    scripts(&python, &root.join("python").join("examples"), &folder.join("examples"), root)?;
    if has_torch {
        scripts(&python, &root.join("examples").join("notebooks"), &folder.join("notebooks"), root)?;
    }
    Ok(())
}

/// The environment with the wheel and everything that it can work with, and whether PyTorch is there. It is kept, since it is large.
fn others(folder: &Path, wheel: &Path) -> Result<(PathBuf, bool)> {
    let python = venv::interpreter(folder);
    let imports = |modules: &str| process::output(Command::new(&python).args(["-c", &format!("import {modules}")]));
    if imports("pytest, gemmi, scipy, jax, matplotlib, mypy").is_err() {
        venv::make(folder)?;
        venv::install(&python, OTHERS, OTHERWISE)?;
    }
    for (package, module) in LATE {
        if imports(module).is_err()
            && let Err(error) = venv::install(&python, &[package], "its tests are left out")
        {
            println!("{error:#}");
        }
    }
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--force-reinstall", "--no-deps"]);
    process::run(install.arg(wheel))?;
    let has_torch = imports("torch").is_ok();
    Ok((python, has_torch))
}

/// Builds the wheel without the optimisations of a release, to share what was compiled for the other tests.
fn wheel(root: &Path, folder: &Path) -> Result<PathBuf> {
    let python = venv::interpreter(&folder.join("build"));
    if process::output(Command::new(&python).args(["-m", "maturin", "--version"])).is_err() {
        venv::make(&folder.join("build"))?;
        venv::install(&python, &[MATURIN], OTHERWISE)?;
    }
    let wheels = folder.join("wheels");
    if wheels.exists() {
        std::fs::remove_dir_all(&wheels).with_context(|| format!("cannot remove {}", wheels.display()))?;
    }
    let mut build = Command::new(&python);
    build.args(["-m", "maturin", "build", "--quiet", "--profile", "dev", "--out"]).arg(&wheels);
    process::run(build.arg("--interpreter").arg(&python).current_dir(root))?;
    let mut built = files_in(&wheels, "whl")?;
    ensure!(built.len() == 1, "maturin made {} wheels in {}", built.len(), wheels.display());
    Ok(built.remove(0))
}

fn test(root: &Path, python: &Path, program: &Path, arguments: &[String]) -> Result<()> {
    let mut command = Command::new(python);
    command.args(["-B", "-m", "pytest", "-p", "no:cacheprovider", "--durations=5"]).args(arguments);
    process::run(command.env("BRAGG_PROGRAM", program).env_remove("PYTHONPATH").current_dir(root))
}

/// Runs every script of a folder in an empty folder, beside which lies the crystal that some of them read.
fn scripts(python: &Path, from: &Path, folder: &Path, root: &Path) -> Result<()> {
    let crystal = "1a8o.pdb";
    for script in files_in(from, "py")? {
        println!("-- {}", script.file_name().unwrap_or_default().display());
        if folder.exists() {
            std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        let work = folder.join("work");
        std::fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
        std::fs::copy(root.join("examples").join(crystal), folder.join(crystal)).context("cannot copy the crystal")?;
        process::run(Command::new(python).arg("-B").arg(&script).env("MPLBACKEND", "Agg").current_dir(&work))?;
    }
    Ok(())
}
