//! The Python package: its wheel is built, installed into a fresh environment and tested there, first with nothing but what it
//! needs, then with the packages that it can work with.

use super::venv;
use crate::process::{self, files_in, program, target};
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What builds wheels; as in pyproject.toml.
const MATURIN: &str = "maturin>=1.9.4,<2";
/// Packages that the package can work with, and the checker of its types.
const OTHERS: &[&str] = &["gemmi", "scipy", "mypy"];
/// Another one, which may lag behind the newest Python.
const LATE: &[&str] = &["reciprocalspaceship"];
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
    venv::install(&python, OTHERS, OTHERWISE)?;
    if let Err(error) = venv::install(&python, LATE, "its tests are left out") {
        println!("{error:#}");
    }
    test(root, &python, &program, &["python/tests/test_structure_factors.py"])?;
    println!("-- types");
    process::run(Command::new(&python).args(["-m", "mypy", "python"]).current_dir(root))?;
    examples(root, &python, &folder.join("examples"))
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

fn test(root: &Path, python: &Path, program: &Path, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new(python);
    command.args(["-B", "-m", "pytest", "-p", "no:cacheprovider", "--durations=5"]).args(arguments);
    process::run(command.env("BRAGG_PROGRAM", program).env_remove("PYTHONPATH").current_dir(root))
}

/// Runs every script of `python/examples` in an empty folder.
fn examples(root: &Path, python: &Path, folder: &Path) -> Result<()> {
    for script in files_in(&root.join("python").join("examples"), "py")? {
        println!("-- {}", script.file_name().unwrap_or_default().display());
        if folder.exists() {
            std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        process::run(Command::new(python).arg("-B").arg(&script).current_dir(folder))?;
    }
    Ok(())
}
