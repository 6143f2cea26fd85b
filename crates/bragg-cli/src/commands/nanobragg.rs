//! `bragg nanobragg`: the drop-in.

use crate::flags::{self, Invocation, Missing};
use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

/// nanoBragg's exit status when there is nothing to do.
const NOTHING_TO_DO: u8 = 9;

/// Runs the drop-in, which was called as `program` with these words.
pub(crate) fn run(words: impl Iterator<Item = OsString>, program: &str) -> anyhow::Result<ExitCode> {
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
