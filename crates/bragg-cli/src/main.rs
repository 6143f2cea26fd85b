//! The program `bragg`; called by the name `nanoBragg` it is the drop-in.

mod flags;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use flags::{Invocation, Missing};

/// nanoBragg's exit status when there is nothing to do.
const NOTHING_TO_DO: u8 = 9;

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
    nanobragg(words, program)
}

fn nanobragg(words: impl Iterator<Item = std::ffi::OsString>, program: &str) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    match flags::parse(words)? {
        Invocation::Help(length) => out.write_all(flags::help(length, program).as_bytes())?,
        Invocation::Version => writeln!(out, "bragg {}", env!("CARGO_PKG_VERSION"))?,
        Invocation::Run(options, notices) => {
            let mut messages = std::io::stderr().lock();
            for notice in notices {
                writeln!(messages, "{notice}")?;
            }
            if let Some(missing) = Missing::from(&options, false) {
                messages.write_all(missing.usage(program).as_bytes())?;
                return Ok(ExitCode::from(NOTHING_TO_DO));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
