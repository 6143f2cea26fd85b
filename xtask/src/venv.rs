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

/// Whether an environment has modules, by their names with commas.
pub(crate) fn has(python: &Path, modules: &str) -> bool {
    let mut import = Command::new(python);
    import.args(["-c", &format!("import {modules}")]).env_remove("PYTHONPATH");
    process::output(&mut import).is_ok()
}

/// Lets an environment use a package, with whatever else lies beside it, that this machine's own Python has; whether there is one.
pub(crate) fn borrow(python: &Path, package: &str) -> Result<bool> {
    let place = format!("import {package}, os; print(os.path.dirname(os.path.dirname({package}.__file__)))");
    let Ok(found) = process::output(Command::new(system_python()?).args(["-c", &place])) else { return Ok(false) };
    let own =
        process::output(Command::new(python).args(["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]))?;
    // Python appends what stands in such a file to where it looks
    let list = Path::new(String::from_utf8_lossy(&own).trim()).join(format!("borrowed_{package}.pth"));
    std::fs::write(&list, found).with_context(|| format!("cannot write {}", list.display()))?;
    let works = has(python, package);
    if !works {
        std::fs::remove_file(&list).with_context(|| format!("cannot remove {}", list.display()))?;
    }
    Ok(works)
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
