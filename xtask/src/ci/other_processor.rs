//! The library for processors that this machine does not have: compiled there is more of it than here.

use super::Skipped;
use crate::process::{self, cargo};
use anyhow::Result;
use std::path::Path;
use std::process::Command;

/// Its vector instructions are NEON.
const TARGET: &str = "aarch64-unknown-linux-gnu";

/// Checks that the library compiles there.
pub(super) fn run(root: &Path) -> Result<()> {
    if cfg!(target_arch = "aarch64") {
        return Err(Skipped("this machine is such a one: the other steps have compiled for it".to_owned()).into());
    }
    add_target(root).map_err(|error| Skipped(format!("no standard library for {TARGET}: {error:#}")))?;
    process::run(&mut cargo(root, &["check", "--package", "bragg", "--target", TARGET]))
}

/// Has rustup install what is needed, unless it is there.
fn add_target(root: &Path) -> Result<()> {
    let rustup = |arguments: &[&str]| process::output(Command::new("rustup").args(arguments).current_dir(root));
    let installed = rustup(&["target", "list", "--installed"])?;
    if String::from_utf8_lossy(&installed).lines().any(|target| target == TARGET) {
        return Ok(());
    }
    rustup(&["target", "add", TARGET]).map(|_| ())
}
