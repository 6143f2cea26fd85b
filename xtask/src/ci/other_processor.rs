//! The kernel's tests for a processor that this machine does not have, run by an emulator.

use super::Skipped;
use crate::process::{self, cargo};
use anyhow::Result;
use std::path::Path;
use std::process::Command;

/// Its vector instructions are NEON. Its C library comes with Rust's and is linked into the tests, so that neither a compiler
/// nor a library of the system is needed.
const TARGET: &str = "aarch64-unknown-linux-musl";

/// The names that QEMU's emulator of one program goes by.
const EMULATORS: [&str; 2] = ["qemu-aarch64", "qemu-aarch64-static"];

/// The kernel's own tests, and those that compare it with the reference and with physics.
const TESTS: [&[&str]; 2] = [&["--lib", "kernel::"], &["--test", "physics"]];

/// Runs the tests there, or at least checks that the library compiles.
pub(super) fn run(root: &Path) -> Result<()> {
    if cfg!(target_arch = "aarch64") {
        return Err(Skipped("this machine is such a one: the other steps have compiled for it".to_owned()).into());
    }
    add_target(root).map_err(|error| Skipped(format!("no standard library for {TARGET}: {error:#}")))?;
    let answers = |name: &&str| process::output(Command::new(name).arg("--version")).is_ok();
    let Some(emulator) = EMULATORS.into_iter().find(answers) else {
        process::run(&mut cargo(root, &["check", "--package", "bragg", "--target", TARGET]))?;
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
    // optimised, for the emulator is slow, but not across crates, which takes longer than it saves
    command.envs([("CARGO_PROFILE_RELEASE_LTO", "off"), ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")]);
    command.args(tests);
    let variable = |setting: &str| format!("CARGO_TARGET_{}_{setting}", TARGET.replace('-', "_").to_uppercase());
    command.env(variable("LINKER"), "rust-lld").env(variable("RUNNER"), emulator);
    // linking with optimisation takes long, and gains nothing for a kernel that lies in one crate
    command.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    process::run(&mut command)
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
