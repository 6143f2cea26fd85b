//! What can go wrong, by culprit.

use std::borrow::Cow;
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

    /// The complaint alone, without file, line or key, for a caller who knows another culprit.
    #[must_use]
    pub fn into_what(self) -> String {
        match self {
            Self::File { what, .. } | Self::Setting { what, .. } => what,
            other => other.to_string(),
        }
    }

    /// A complaint about a setting.
    pub fn setting(key: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Setting { key: key.into(), given_in: String::new(), what: what.into() }
    }
}

/// The complaint alone ([`Error::into_what`]): what a caller who knows the file or the key says of it.
impl From<Error> for String {
    fn from(error: Error) -> Self {
        error.into_what()
    }
}

/// An empty list with room for `n` of `what`, whose number follows from the setting `key`.
///
/// # Errors
/// There is no room, which the allocator would end the program for.
pub fn reserved<T>(n: usize, what: &str, key: &str) -> Result<Vec<T>> {
    let mut list = Vec::new();
    list.try_reserve_exact(n).map_err(|_| no_room(n, what, key))?;
    Ok(list)
}

/// `n` times the same of `what`, as [`reserved`].
pub(crate) fn repeated<T: Clone>(value: T, n: usize, what: &str, key: &str) -> Result<Vec<T>> {
    let mut list = reserved(n, what, key)?;
    list.resize(n, value);
    Ok(list)
}

fn no_room(n: usize, what: &str, key: &str) -> Error {
    Error::setting(key, format!("makes {n} {what}, which do not fit into memory"))
}

/// Whether a terminal obeys a character.
#[must_use]
pub fn is_obeyed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text on one line, without what a terminal would obey: names of files may hold anything. Line ends and tabs become blanks, other
/// control characters and those that turn the direction of writing their codes.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => shown.push(' '),
            c if is_obeyed(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_moves_the_cursor() {
        assert_eq!(printable("a b é.cbf"), "a b é.cbf");
        assert_eq!(printable("a\x1b[2Jb\r\n\tc\u{9b}\u{202e}d\u{7f}"), "a\\u{1b}[2Jb   c\\u{9b}\\u{202e}d\\u{7f}");
    }
}
