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

pub use flag::HelpLength;
pub(in crate::description) use help::capitalised;
pub use help::help;
pub use parse::{Invocation, Notice, Refusal, parse};
pub use reference::page;
pub use usage::Missing;

/// The first name of the option that a word is, where its value is the name of a file.
pub fn file_option(word: &str) -> Option<&'static str> {
    let flag = parse::find(word)?;
    matches!(flag.action, flag::Action::File(_)).then(|| flag.name())
}
