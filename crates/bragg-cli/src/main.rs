//! The program `bragg`; called by the name `nanoBragg` it is the drop-in.

mod arguments;
mod cache;
mod commands;
mod exit;
mod flags;
mod images;
mod interrupt;
mod messages;
mod progress;
mod render;
mod threads;

use arguments::{Cli, Command};
use clap::Parser as _;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    exit::quiet_panics();
    let words: Vec<OsString> = std::env::args_os().collect();
    let outcome = std::panic::catch_unwind(|| run(words));
    // the panic hook has said what happened
    outcome.unwrap_or(Ok(exit::INTERNAL.into())).unwrap_or_else(|error| exit::report(&error))
}

fn run(words: Vec<OsString>) -> anyhow::Result<ExitCode> {
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
    match cli.command {
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
    }?;
    Ok(ExitCode::SUCCESS)
}
