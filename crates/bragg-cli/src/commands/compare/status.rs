//! How a comparison ends.

use serde::Serialize;

/// The outcome of a comparison, in the words of its files; the numbers are exit statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Agree = 0,
    Usage = 1,
    ProgramFailed = 2,
    BelowThreshold = 3,
    ShapesDiffer = 4,
    InputOutput = 5,
    Interrupted = 130,
}

impl Status {
    /// The exit status.
    pub(super) fn code(self) -> u8 {
        self as u8
    }

    /// In words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Agree => "the images agree",
            Self::Usage => "the command line cannot be used",
            Self::ProgramFailed => "a program failed",
            Self::BelowThreshold => "the images differ",
            Self::ShapesDiffer => "the shapes differ",
            Self::InputOutput => "a file cannot be read or written",
            Self::Interrupted => "interrupted",
        }
    }

    /// What an error is.
    pub(super) fn of(error: &anyhow::Error) -> Self {
        match error.downcast_ref::<bragg::Error>() {
            Some(bragg::Error::Setting { .. }) => Self::Usage,
            Some(bragg::Error::Interrupted) => Self::Interrupted,
            _ => Self::InputOutput,
        }
    }
}
