//! What can go wrong, by culprit.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The library's result type.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything the library refuses, by who is to blame. The messages are complete sentences for the person who ran the
/// program: what was given, where, what is allowed and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What a file says cannot be used.
    #[error("{}{}: {what}", path.display(), Line(*line))]
    File {
        /// The file.
        path: PathBuf,
        /// The line within it, from 1, where the format has lines.
        line: Option<usize>,
        /// What is wrong and what is allowed.
        what: String,
    },
    /// The operating system refused to read or write a file.
    #[error("cannot {action} {}: {reason}", path.display())]
    Io {
        /// `read`, `write`, …: completes "cannot … FILE".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// A setting, from whatever source, has a value that cannot be used.
    #[error("{key}{}: {what}", Given(given_in))]
    Setting {
        /// The name of the setting as the user wrote it: a flag (`-distance`) or a key (`detector.distance`).
        key: String,
        /// Where it was given (`experiment.toml:12`, `--set`); empty for the command line's own flags.
        given_in: String,
        /// What is wrong and what is allowed.
        what: String,
    },
    /// The caller asked to stop.
    #[error("interrupted; no file was written")]
    Interrupted,
}

impl Error {
    /// A complaint about the content of a file.
    pub fn file(path: &Path, line: impl Into<Option<usize>>, what: impl Into<String>) -> Self {
        Self::File { path: path.to_owned(), line: line.into(), what: what.into() }
    }

    /// A refusal by the operating system; `action` completes "cannot … FILE".
    pub fn io(action: &'static str, path: &Path, reason: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), reason }
    }

    /// A complaint about a setting.
    pub fn setting(key: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Setting { key: key.into(), given_in: String::new(), what: what.into() }
    }
}

struct Line(Option<usize>);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

struct Given<'a>(&'a str);

impl fmt::Display for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " ({})", self.0) }
    }
}
