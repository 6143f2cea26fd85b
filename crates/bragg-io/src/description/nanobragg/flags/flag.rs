//! What a row of the table of options is made of.

use std::path::PathBuf;

use crate::description::nanobragg::{CellOptions, Convention, Misset, Options, Pivot};

/// The default of a switch that is on without being given.
pub(crate) const IS_DEFAULT: &str = "default";

/// One row: an option of nanoBragg's command line.
pub(crate) struct Flag {
    /// Its names, the one used in messages and in [`Options::spelling`] first.
    pub(crate) names: &'static [Name],
    /// Its values as the help shows them; empty for an option without.
    pub(crate) value: &'static str,
    /// The unit of its values; empty for a pure number.
    pub(crate) unit: &'static str,
    /// What holds where it is not given; empty for off or none.
    pub(crate) default: &'static str,
    /// What it is, in a few words.
    pub(crate) help: &'static str,
    /// What else a user should know, in sentences; may be empty.
    pub(crate) doc: &'static str,
    /// First names of other options whose values this one sets.
    pub(crate) stands_for: &'static [&'static str],
    /// The pivot that it sets besides its own value.
    pub(crate) pivot: Option<Pivot>,
    /// The convention that it sets besides its own value.
    pub(crate) convention: Option<Convention>,
    /// How its values are read and where they go.
    pub(crate) action: Action,
}

impl Flag {
    /// The first name.
    pub(crate) fn name(&self) -> &'static str {
        self.names.first().map_or("", Name::text)
    }
}

/// A name of an option, with one dash.
#[derive(Clone, Copy)]
pub(crate) enum Name {
    /// Anything may follow: `-mat` is also `-matrix`.
    Stem(&'static str),
    /// The whole word.
    Exact(&'static str),
}

impl Name {
    /// The name as it is written.
    pub(crate) fn text(&self) -> &'static str {
        match self {
            Self::Stem(text) | Self::Exact(text) => text,
        }
    }

    /// Whether `word`, with one dash, is this name.
    pub(crate) fn fits(&self, word: &str) -> bool {
        match self {
            Self::Stem(text) => word.starts_with(text),
            Self::Exact(text) => word == *text,
        }
    }
}

/// What an option without a value, or one of the words it may be given, does.
pub(crate) type Set = fn(&mut Options);

/// How an option's values are read and where they go.
pub(crate) enum Action {
    /// No value.
    Switch(Set),
    /// A finite number.
    Number(fn(&mut Options, f64)),
    /// A finite number or `inf`.
    NumberOrInfinity(fn(&mut Options, f64)),
    /// A whole number.
    Integer(fn(&mut Options, i64)),
    /// A whole number, at least 1.
    Positive(fn(&mut Options, u64)),
    /// The name of a file.
    File(fn(&mut Options, PathBuf)),
    /// One of these words.
    Choice(&'static [(&'static str, Set)]),
    /// Three finite numbers.
    Vector(fn(&mut Options, [f64; 3])),
    /// Two whole numbers.
    TwoIntegers(fn(&mut Options, [i64; 2])),
    /// Four whole numbers.
    FourIntegers(fn(&mut Options, [i64; 4])),
    /// One to six numbers.
    Cell(fn(&mut Options, CellOptions)),
    /// Three angles or the word `random`.
    Misset(fn(&mut Options, Misset)),
    /// Read and not used, with a value (true) or without.
    Unused(bool),
    /// A word, with a value, that stands in nanoBragg's own examples and is none of its options; the text says what is meant.
    Dead(&'static str),
    /// Print the help and stop.
    Help(HelpLength),
    /// Print the version and stop.
    Version,
}

/// Which help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HelpLength {
    /// A line per option.
    Short,
    /// All there is to say.
    Long,
}

/// Options that belong together.
pub(crate) struct Group {
    /// The heading.
    pub(crate) title: &'static str,
    /// The options, in the order of the help.
    pub(crate) flags: &'static [Flag],
}
