//! Files that the program writes, read by programs nobody here wrote: `tests/interop/*.py` in a Python environment of their own.
//!
//! Each script is called with the path of the program and of an empty folder to work in; its exit status is the verdict.

use crate::process::{self, files_in, program, target};
use crate::venv;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The packages that the scripts use, by their names on PyPI.
const PACKAGES: &[&str] = &["numpy", "scipy", "fabio", "pillow", "gemmi"];

/// Runs every script, and goes on after a failure.
pub(super) fn run(root: &Path) -> Result<()> {
    let scripts = files_in(&root.join("tests").join("interop"), "py")?;
    ensure!(!scripts.is_empty(), "there are no tests/interop/*.py");
    let program = program(root)?;
    let python = environment(&target(root).join("ci").join("python"))?;
    let mut failed = Vec::new();
    for script in &scripts {
        let name = script.file_stem().unwrap_or_default();
        let folder = target(root).join("ci").join("interop").join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        println!("-- {}", name.display());
        let mut command = Command::new(&python);
        command.arg("-B").arg(script).arg(&program).arg(&folder).current_dir(root);
        if let Err(error) = process::run(&mut command) {
            println!("-- {}: {error:#}", name.display());
            failed.push(name.to_string_lossy());
        }
    }
    let alone = format!("one alone: {} tests/interop/NAME.py {} EMPTY_FOLDER", python.display(), program.display());
    ensure!(failed.is_empty(), "{} of {} scripts failed: {}; {alone}", failed.len(), scripts.len(), failed.join(", "));
    Ok(())
}

/// The interpreter of the environment at `folder`, which is made, and filled from PyPI, unless it is there already.
fn environment(folder: &Path) -> Result<PathBuf> {
    let python = venv::interpreter(folder);
    if venv::has(&python, "numpy, scipy, fabio, PIL, gemmi") {
        return Ok(python);
    }
    venv::make(folder)?;
    venv::install(&python, PACKAGES, "`cargo xtask ci --all --skip interop` does the rest")?;
    Ok(python)
}
