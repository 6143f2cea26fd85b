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
