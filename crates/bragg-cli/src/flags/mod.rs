//! nanoBragg's command line: one table of options (`defs`), from which come the parser, the help and the reference page.

mod defs;
mod flag;
mod help;
mod parse;
mod reference;
#[cfg(test)]
mod tests;
mod usage;
mod value;

pub(crate) use help::help;
pub(crate) use parse::{Invocation, Refusal, parse};
pub(crate) use reference::page;
pub(crate) use usage::Missing;

/// The first name of the option that a word is, where its value is the name of a file.
pub(crate) fn file_option(word: &str) -> Option<&'static str> {
    let flag = parse::find(word)?;
    matches!(flag.action, flag::Action::File(_)).then(|| flag.name())
}
