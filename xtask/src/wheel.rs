//! `cargo xtask wheel`: the Python package as a wheel that runs on other machines than this one.

use crate::process::{self, files_in, target};
use crate::venv;
use anyhow::{Context, Result, bail, ensure};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What builds wheels; as in pyproject.toml.
const MATURIN: &str = "maturin>=1.9.4,<2";
/// The linker that knows the C library of old systems, and the judge of what a wheel needs. Elsewhere than on Linux the system's own
/// linker does it.
const FOR_LINUX: &[&str] = &["ziglang>=0.13", "auditwheel>=6.1"];
/// The oldest systems that the wheel is for: glibc 2.17, the oldest that Rust's own library runs with.
const POLICY: &str = "manylinux_2_17";

/// Where a wheel runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    /// On systems like this one. It shares what was compiled for the tests.
    ThisMachine,
    /// On any Linux that is not too old; elsewhere as the system's linker does it.
    Others,
}

/// Builds the wheel into an empty folder, with a profile of Cargo.
pub(crate) fn build(root: &Path, profile: &str, folder: &Path, whom: For) -> Result<PathBuf> {
    let is_portable = cfg!(target_os = "linux") && whom == For::Others;
    let python = builder(root, is_portable)?;
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    let mut build = Command::new(&python);
    build.args(["-m", "maturin", "build", "--quiet", "--profile", profile, "--out"]).arg(folder);
    build.arg("--interpreter").arg(&python).current_dir(root);
    if is_portable {
        build.args(["--zig", "--compatibility", POLICY]).env("PATH", path_with(&python)?);
    }
    process::run(&mut build)?;
    let mut built = files_in(folder, "whl")?;
    ensure!(built.len() == 1, "maturin made {} wheels in {}", built.len(), folder.display());
    let wheel = built.remove(0);
    if is_portable {
        audit(&python, &wheel)?;
    }
    Ok(wheel)
}

/// The search path with an environment's programs first: there maturin finds the Python that has Zig.
fn path_with(python: &Path) -> Result<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = python.parent().map(Path::to_owned).into_iter().chain(std::env::split_paths(&path));
    std::env::join_paths(folders).context("the folder of the environment cannot be in PATH")
}

/// The environment with what builds wheels.
fn builder(root: &Path, is_portable: bool) -> Result<PathBuf> {
    let folder = target(root).join("wheel-builder");
    let python = venv::interpreter(&folder);
    let mut packages = vec![MATURIN];
    let mut modules = "maturin".to_owned();
    if is_portable {
        packages.extend(FOR_LINUX);
        modules.push_str(", ziglang, auditwheel");
    }
    if !venv::has(&python, &modules) {
        venv::make(&folder)?;
        venv::install(&python, &packages, "`maturin build` of your own makes one for this machine")?;
    }
    Ok(python)
}

/// Asks auditwheel whether the wheel runs on the systems that its name promises.
fn audit(python: &Path, wheel: &Path) -> Result<()> {
    let name = wheel.file_name().unwrap_or_default().to_string_lossy();
    let promised = format!("{POLICY}_{}", std::env::consts::ARCH);
    ensure!(name.contains(&promised), "{name} is not a wheel for {promised}");
    let said = process::output(Command::new(python).args(["-m", "auditwheel", "show"]).arg(wheel))?;
    let said = String::from_utf8_lossy(&said);
    // its lines are broken to a width
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((_, found)) = words.split_once("following platform tag: \"") else {
        bail!("auditwheel does not say where {name} runs:\n{said}");
    };
    let found = found.split('"').next().unwrap_or_default();
    ensure!(is_as_old(found), "{name} needs {found} by auditwheel's judgement, which is newer than {POLICY}:\n{said}");
    println!("-- {name}: auditwheel finds {found}");
    Ok(())
}

/// Whether a platform's C library is no newer than the policy's, as `manylinux_2_5_x86_64` is.
fn is_as_old(platform: &str) -> bool {
    let version = |tag: &str| -> Option<[u32; 2]> {
        let mut parts = tag.strip_prefix("manylinux_")?.split('_');
        Some([parts.next()?.parse().ok()?, parts.next()?.parse().ok()?])
    };
    version(platform).is_some_and(|found| Some(found) <= version(POLICY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_compared_by_their_c_library() {
        assert!(is_as_old("manylinux_2_17_x86_64") && is_as_old("manylinux_2_5_aarch64"));
        assert!(!is_as_old("manylinux_2_34_x86_64") && !is_as_old("linux_x86_64") && !is_as_old(""));
    }
}
