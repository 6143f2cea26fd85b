//! The Python package: its wheel is built, installed into a fresh environment and tested there, first with nothing but what it
//! needs, then with the packages that it can work with.

use super::{Given, log};
use crate::process::{self, files_in, program, target};
use crate::venv;
use crate::wheel::{self, For};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Packages that the package can work with, what the notebooks draw with, and the checker of types.
const OTHERS: &[&str] = &["pytest", "gemmi", "scipy", "matplotlib", "mypy"];
/// Others, which may lag behind the newest Python.
const LATE: &[&str] = &["reciprocalspaceship"];
/// Others, and the size of what is downloaded: they are used where they are installed, and downloaded where they are asked for. PyTorch's
/// wheels of PyPI bring CUDA, whether or not there is a GPU.
pub(super) const LARGE: &[(&str, &str)] = &[("jax", "0.1 GB"), ("torch", "3 GB")];
/// Tests that need some of them.
const TESTS_WITH_OTHERS: &[&str] =
    &["test_structure_factors.py", "test_torch.py", "test_frameworks.py", "test_docs.py", "test_end_to_end.py"];
const OTHERWISE: &str = "`cargo xtask ci --all --skip python` does the rest";

/// A package that is not there, and why.
type Missing = (&'static str, String);

/// Builds the wheel and tests it.
pub(super) fn run(given: &Given) -> Result<()> {
    let root = given.root;
    let folder = target(root).join("ci").join("python-package");
    // without the optimisations of a release, which take minutes
    let wheel = wheel::build(root, "dev", &folder.join("wheels"), For::ThisMachine)?;
    let python = venv::make(&folder.join("fresh"))?;
    venv::install(&python, &[&wheel.to_string_lossy(), "pytest"], OTHERWISE)?;
    let program = program(root)?;
    println!("-- tests with NumPy alone");
    test(root, &python, &program, &[])?;
    println!("-- tests with other packages");
    let (python, missing) = others(&folder.join("others"), &wheel, given.with)?;
    for (package, why) in &missing {
        log::leave_out(&format!("tests with {package}, {why}"));
    }
    let tests: Vec<String> = TESTS_WITH_OTHERS.iter().map(|name| format!("python/tests/{name}")).collect();
    test(root, &python, &program, &tests)?;
    println!("-- types");
    process::run(Command::new(&python).args(["-m", "mypy", "python"]).current_dir(root))?;
    scripts(&python, &root.join("python").join("examples"), &folder.join("examples"), &missing)?;
    scripts(&python, &root.join("examples").join("notebooks"), &folder.join("notebooks"), &missing)
}

/// The environment with the wheel and everything that it can work with, and the packages that are missing. It is kept, since it is
/// large.
fn others(folder: &Path, wheel: &Path, with: &[String]) -> Result<(PathBuf, Vec<Missing>)> {
    let python = venv::interpreter(folder);
    if !venv::has(&python, "pytest, gemmi, scipy, matplotlib, mypy") {
        venv::make(folder)?;
        venv::install(&python, OTHERS, OTHERWISE)?;
    }
    let mut missing = Vec::new();
    let wanted =
        LATE.iter().map(|package| (*package, None)).chain(LARGE.iter().map(|(package, size)| (*package, Some(*size))));
    for (package, size) in wanted {
        if venv::has(&python, package) {
            continue;
        }
        match size {
            Some(size) if !with.iter().any(|asked| asked == package) => {
                if !venv::borrow(&python, package)? {
                    let why = format!("which is not installed; `--with {package}` downloads {size} for it");
                    missing.push((package, why));
                }
            }
            _ => {
                if let Err(error) = venv::install(&python, &[package], "its tests are left out") {
                    println!("{error:#}");
                    missing.push((package, "which cannot be installed here".to_owned()));
                }
            }
        }
    }
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--force-reinstall", "--no-deps"]);
    process::run(install.arg(wheel))?;
    Ok((python, missing))
}

fn test(root: &Path, python: &Path, program: &Path, arguments: &[String]) -> Result<()> {
    let mut command = Command::new(python);
    command.args(["-B", "-m", "pytest", "-p", "no:cacheprovider", "--durations=5", "-rsfE"]).args(arguments);
    command.env("BRAGG_PROGRAM", program).env_remove("PYTHONPATH").current_dir(root);
    process::run(&mut command).with_context(|| {
        let [program, python] = [program, python].map(Path::display);
        format!("one test alone: BRAGG_PROGRAM={program} {python} -m pytest python/tests/FILE.py -k NAME")
    })
}

/// Runs every script of a folder in an empty folder, which is none that it could count on, but those that import what is missing.
fn scripts(python: &Path, from: &Path, folder: &Path, missing: &[Missing]) -> Result<()> {
    for script in files_in(from, "py")? {
        let name = script.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&script).with_context(|| format!("cannot read {}", script.display()))?;
        if let Some((package, _)) = missing.iter().find(|(package, _)| text.contains(&format!("import {package}"))) {
            log::leave_out(&format!("{name}, which needs {package}"));
            continue;
        }
        println!("-- {name}");
        if folder.exists() {
            std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        process::run(Command::new(python).arg("-B").arg(&script).env("MPLBACKEND", "Agg").current_dir(folder))?;
    }
    Ok(())
}
