//! Python environments.

use crate::process;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The interpreter of the environment at `folder`.
pub(crate) fn interpreter(folder: &Path) -> PathBuf {
    if cfg!(windows) { folder.join("Scripts").join("python.exe") } else { folder.join("bin").join("python") }
}

/// Makes an empty environment at `folder`, in place of one that may be there.
pub(crate) fn make(folder: &Path) -> Result<PathBuf> {
    let made = process::output(Command::new(system_python()?).args(["-m", "venv", "--clear"]).arg(folder));
    made.context("a Python environment cannot be made")?;
    Ok(interpreter(folder))
}

/// Installs packages from PyPI or files. `otherwise` says how to do without.
pub(crate) fn install(python: &Path, packages: &[&str], otherwise: &str) -> Result<()> {
    let mut install = Command::new(python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "2"]).args(packages);
    let done = process::output(&mut install);
    done.map(drop).with_context(|| {
        let packages = packages.join(" ");
        format!("{packages} cannot be installed from PyPI, which needs a network; {otherwise}")
    })
}

/// A Python 3 that can make environments.
fn system_python() -> Result<&'static str> {
    let answers = |name: &&str, code: &str| process::output(Command::new(name).args(["-c", code])).is_ok();
    let version = "import sys; assert sys.version_info >= (3, 10)";
    let python = ["python3", "python"].into_iter().find(|name| answers(name, version));
    let python = python.context("install Python 3.10 or newer: it tests our Python package and reads our files")?;
    ensure!(
        answers(&python, "import venv, ensurepip"),
        "{python} cannot make environments: install its venv module with pip (Debian, Ubuntu: `apt install python3-venv`)"
    );
    Ok(python)
}
