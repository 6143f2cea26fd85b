//! The program `bragg`; called by the name `nanoBragg` it is the drop-in. The Python package calls it from here, too.

mod arguments;
mod commands;
mod exit;
mod images;
mod interrupt;
mod long_jobs;
mod messages;
mod options;
mod progress;
mod render;

use arguments::{Cli, Command};
use clap::Parser as _;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The words of the command line, the first of which is the program.
static WORDS: OnceLock<Vec<OsString>> = OnceLock::new();

/// Runs the program on the words of its command line, of which the first is its name or path, and returns the exit status. A panic
/// becomes a message and a status, too; from then on those of the whole process do.
pub fn main(words: Vec<OsString>) -> u8 {
    interrupt::watch();
    exit::quiet_panics();
    let words = WORDS.get_or_init(|| words).clone();
    let outcome = std::panic::catch_unwind(|| run(words));
    // the panic hook has said what happened
    outcome.unwrap_or(Ok(exit::INTERNAL)).unwrap_or_else(|error| exit::report(&error))
}

/// The words of the command line behind the program.
fn arguments() -> Vec<String> {
    WORDS.get().into_iter().flatten().skip(1).map(|word| word.to_string_lossy().into_owned()).collect()
}

/// This program, to be run again: not the interpreter when Python runs it.
fn own_program() -> std::io::Result<PathBuf> {
    let script = WORDS.get().and_then(|words| words.first()).map(PathBuf::from);
    match script.filter(|script| script.is_absolute() && script.is_file()) {
        Some(script) => Ok(script),
        None => std::env::current_exe(),
    }
}

fn run(words: Vec<OsString>) -> anyhow::Result<u8> {
    let program = words.first().map(Path::new).and_then(Path::file_stem);
    if program.is_some_and(|stem| stem == "nanoBragg") {
        return commands::nanobragg::run(words.into_iter().skip(1), "nanoBragg");
    }
    // its options are not ours to interpret
    if words.get(1).is_some_and(|word| word == "nanobragg") {
        return commands::nanobragg::run(words.into_iter().skip(2), "bragg nanobragg");
    }
    let is_compare = words.get(1).is_some_and(|word| word == "compare");
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) if is_compare => return commands::compare::of_usage(&error),
        Err(error) => return exit::of_usage(&error),
    };
    let done = match cli.command {
        Command::Simulate(arguments) => commands::simulate::run(&arguments),
        Command::Sf(arguments) => commands::sf::run(&arguments),
        Command::Orient(arguments) => commands::orient::run(&arguments),
        Command::Gradient(arguments) => commands::gradient::run(&arguments),
        Command::Show(arguments) => commands::show::run(&arguments),
        Command::Refine(arguments) => commands::refine::run(&arguments),
        Command::Noise(arguments) => commands::noise::run(&arguments),
        Command::Nanobragg { words } => return commands::nanobragg::run(words.into_iter(), "bragg nanobragg"),
        Command::Compare(arguments) => return commands::compare::run(&arguments),
        Command::Bench(arguments) => commands::bench::run(&arguments),
        Command::Reference { page } => commands::reference::run(page),
    };
    done.map_err(options::in_any)?;
    Ok(exit::SUCCESS)
}
