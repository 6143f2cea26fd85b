//! The program `bragg`; called by the name `nanoBragg` it is the drop-in.

mod commands;
mod flags;
mod render;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        // Nothing can be done where standard error is closed.
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run() -> anyhow::Result<ExitCode> {
    let mut words = std::env::args_os();
    let called = words.next().unwrap_or_default();
    let is_drop_in = std::path::Path::new(&called).file_stem().is_some_and(|stem| stem == "nanoBragg");
    let program = if is_drop_in { "nanoBragg" } else { "bragg nanobragg" };
    if !is_drop_in {
        let command = words.next().context("which command? `bragg nanobragg -h` helps")?;
        anyhow::ensure!(command == "nanobragg", "unknown command {}", command.to_string_lossy());
    }
    commands::nanobragg::run(words, program)
}
