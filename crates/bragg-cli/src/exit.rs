//! How the program ends.

use crate::{interrupt, messages};
use bragg_io::description::nanobragg::flags::Refusal;
use std::io::{self, Write as _};
use std::path::Path;

/// All went well.
pub(crate) const SUCCESS: u8 = 0;
/// A fault of the program itself.
pub(crate) const INTERNAL: u8 = 1;
/// The input, an option or a file cannot be used.
const BAD_INPUT: u8 = 2;
/// Ended by a signal: 128 + SIGINT, as shells have it, for all that end the program.
pub(crate) const INTERRUPTED: u8 = 130;

/// Says what went wrong, in one line, and gives the status.
pub(crate) fn report(error: &anyhow::Error) -> u8 {
    let broken_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    // nobody reads on (`bragg … | head`): not our fault, nor worth a word
    if error.chain().any(broken_pipe) {
        return SUCCESS;
    }
    // whatever fails then fails because the program ends
    if interrupt::requested() || matches!(error.downcast_ref(), Some(bragg::Error::Interrupted)) {
        interrupt::tell(&interrupt::last_words());
        return INTERRUPTED;
    }
    messages::error(error);
    match error.downcast_ref::<bragg::Error>() {
        Some(_) => BAD_INPUT,
        None if error.is::<Refusal>() => BAD_INPUT,
        None => INTERNAL,
    }
}

/// Prints the help that was asked for, or what is wrong with the command line in one line.
pub(crate) fn of_usage(error: &clap::Error) -> anyhow::Result<u8> {
    use clap::error::ErrorKind;
    let text = error.render();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let written = io::stdout().write_all(text.to_string().as_bytes());
            written.map_err(|error| bragg::Error::io("write to", Path::new("standard output"), error))?;
            return Ok(SUCCESS);
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            io::stderr().write_all(text.to_string().as_bytes())?;
        }
        _ => {
            let text = text.to_string();
            let complaint = text.split("\nUsage:").next().unwrap_or_default();
            let complaint = complaint.split("For more information").next().unwrap_or_default();
            let words: Vec<_> = complaint.trim_start_matches("error: ").split_whitespace().collect();
            messages::error(format_args!("{} (--help lists the options)", words.join(" ")));
        }
    }
    Ok(BAD_INPUT)
}

/// Makes a panic one line, too.
pub(crate) fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref().copied());
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let what = text.unwrap_or("no reason given");
        messages::error(format_args!("this is a fault of bragg itself, please report it: {what} ({place})"));
    }));
}
