//! How a comparison ends.

use serde::Serialize;

/// The outcome of a comparison, in the words of its files; the numbers are exit statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Above every threshold.
    Agree = 0,
    /// A setting cannot be used.
    Usage = 1,
    /// A program is missing, crashed, ran out of time or left no image.
    ProgramFailed = 2,
    /// A threshold is not met.
    BelowThreshold = 3,
    /// The images have different numbers of pixels.
    ShapesDiffer = 4,
    /// A file cannot be read or written.
    InputOutput = 5,
    /// The user stopped it.
    Interrupted = 130,
}

impl Status {
    /// The exit status.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
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
    #[must_use]
    pub fn of(error: &bragg::Error) -> Self {
        match error {
            bragg::Error::Setting { .. } => Self::Usage,
            bragg::Error::Interrupted => Self::Interrupted,
            _ => Self::InputOutput,
        }
    }
}
