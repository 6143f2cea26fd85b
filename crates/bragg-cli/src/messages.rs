//! What the program says on standard error.

use bragg::error::printable;
use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

/// Notes and warnings, which `--quiet` silences.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Messages {
    pub(crate) quiet: bool,
}

impl Messages {
    /// Something worth knowing.
    pub(crate) fn note(self, text: impl Display) {
        self.say("note: ", "\x1b[36m", text);
    }

    /// Something that the user may not want.
    pub(crate) fn warning(self, text: impl Display) {
        self.say("warning: ", "\x1b[33m", text);
    }

    /// What was done.
    pub(crate) fn done(self, text: impl Display) {
        self.say("", "", text);
    }

    fn say(self, kind: &str, color: &str, text: impl Display) {
        if !self.quiet {
            line(kind, color, text);
        }
    }
}

/// Writes to standard output.
///
/// # Errors
/// Nobody reads on, or what takes it is full.
pub(crate) fn print(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => error.into(),
        _ => bragg::Error::io("write", Path::new("standard output"), error).into(),
    })
}

/// The name of a file for a line of standard output.
pub(crate) fn name(path: &Path) -> String {
    printable(&path.to_string_lossy()).into_owned()
}

/// What went wrong.
pub(crate) fn error(text: impl Display) {
    line("error: ", "\x1b[1;31m", text);
}

fn line(kind: &str, color: &str, text: impl Display) {
    let text = text.to_string();
    let text = printable(&text);
    let stderr = std::io::stderr();
    let colored = stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let (on, off) = if colored && !color.is_empty() { (color, "\x1b[0m") } else { ("", "") };
    // nothing can be done where standard error is closed
    let _ = writeln!(stderr.lock(), "bragg: {on}{kind}{off}{text}");
}
