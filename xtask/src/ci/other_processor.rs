//! What this machine does not have: the kernel's tests for another processor, run by an emulator, and the engine for a browser.

use super::Skipped;
use crate::process::{self, cargo};
use anyhow::Result;
use std::path::Path;
use std::process::Command;

/// Its vector instructions are NEON. Its C library comes with Rust's and is linked into the tests, so that neither a compiler
/// nor a library of the system is needed.
const TARGET: &str = "aarch64-unknown-linux-musl";

/// That of browsers.
const WASM: &str = "wasm32-unknown-unknown";

/// The names that QEMU's emulator of one program goes by.
const EMULATORS: [&str; 2] = ["qemu-aarch64", "qemu-aarch64-static"];

/// The kernel's own tests, and those that compare it with the reference and with physics.
const TESTS: [&[&str]; 2] = [&["--lib", "kernel::"], &["--test", "physics"]];

/// Runs the tests there, or at least checks that the library compiles.
pub(super) fn run(root: &Path) -> Result<()> {
    if cfg!(target_arch = "aarch64") {
        return Err(Skipped("this machine is such a one: the other steps have compiled for it".to_owned()).into());
    }
    let answers = |name: &&str| process::output(Command::new(name).arg("--version")).is_ok();
    let emulator = EMULATORS.into_iter().find(answers);
    need_target(root, TARGET)?;
    let Some(emulator) = emulator else {
        process::run(&mut cargo(root, &["check", "--package", "bragg", "--lib", "--target", TARGET]))?;
        let [emulator, _] = EMULATORS;
        let reason =
            format!("it compiles, but no test ran: there is no {emulator} (Debian, Ubuntu: `apt install qemu-user`)");
        return Err(Skipped(reason).into());
    };
    TESTS.iter().try_for_each(|tests| test(root, emulator, tests))
}

/// Runs tests in the emulator, optimised, since loops are not made into vector instructions otherwise.
fn test(root: &Path, emulator: &str, tests: &[&str]) -> Result<()> {
    let mut command = cargo(root, &["test", "--package", "bragg", "--release", "--target", TARGET]);
    command.args(tests);
    let variable = |setting: &str| format!("CARGO_TARGET_{}_{setting}", TARGET.replace('-', "_").to_uppercase());
    command.env(variable("LINKER"), "rust-lld").env(variable("RUNNER"), emulator);
    // the emulator is slow, hence optimised; but linking across crates takes long, and gains nothing for a kernel that lies in one
    command.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    process::run(&mut command)
}

/// Checks that the engine compiles for a browser, where there are no files, threads or chance.
pub(super) fn run_wasm(root: &Path) -> Result<()> {
    need_target(root, WASM)?;
    process::run(&mut cargo(root, &["check", "--package", "bragg", "--lib", "--target", WASM]))
}

/// Skips the step where a target cannot be had.
fn need_target(root: &Path, target: &str) -> Result<()> {
    Ok(add_target(root, target).map_err(|error| Skipped(format!("no standard library for {target}: {error:#}")))?)
}

/// Has rustup install the standard library for a target, unless it is there.
fn add_target(root: &Path, target: &str) -> Result<()> {
    let rustup = |arguments: &[&str]| process::output(Command::new("rustup").args(arguments).current_dir(root));
    let installed = rustup(&["target", "list", "--installed"])?;
    if String::from_utf8_lossy(&installed).lines().any(|installed| installed == target) {
        return Ok(());
    }
    rustup(&["target", "add", target]).map(|_| ())
}
