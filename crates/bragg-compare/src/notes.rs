//! What a reader of a comparison that failed wants to know next: what the program said, and whether a known quirk explains it.

use super::case::{Case, Outcome, Side, Source};
use super::status::Status;
use bragg_io::description::nanobragg::flags;
use std::path::Path;

/// Lines of standard error that are shown, the last ones.
const SHOWN: usize = 30;
/// Characters of a line that are shown.
const WIDTH: usize = 300;

/// The last lines that a program which failed wrote to standard error; `None` where it did not fail or was silent.
pub(super) fn last_words(side: &Side) -> Option<String> {
    side.failure.as_ref()?;
    let text = side.executions.last()?.stderr.text();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let shown = lines.iter().skip(lines.len().saturating_sub(SHOWN)).map(|line| {
        line.chars().take(WIDTH).map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect::<String>()
    });
    let shown: Vec<String> = shown.collect();
    (!shown.is_empty()).then(|| shown.join("\n"))
}

/// Sentences on what may explain that the images differ or a program failed.
pub(super) fn explanations(case: &Case, outcome: &Outcome) -> Vec<String> {
    if !matches!(outcome.status, Status::BelowThreshold | Status::ProgramFailed) {
        return Vec::new();
    }
    let is_foreign = |source: &Source| *source != Source::Host;
    let words = case.arguments.as_ref().map(|arguments| arguments.words.as_slice()).unwrap_or_default();
    if !(is_foreign(&case.reference) || is_foreign(&case.candidate)) {
        return Vec::new();
    }
    let named = words.windows(2).filter(|pair| flags::file_option(&pair[0]) == Some("-sourcefile"));
    named
        .filter_map(|pair| {
            let file = Path::new(&pair[1]);
            let n = n_comments(file)?;
            let (lines, them) = if n == 1 { ("a comment line", "it") } else { ("comment lines", "each") };
            Some(format!(
                "the source file {} has {lines}, and nanoBragg reads {them} as a source at 0 0 0 with wavelength 0 (its quirk Q11), which \
                 spoils the image or ends the program; bragg leaves comments out, so compare without them",
                file.file_name().unwrap_or_default().to_string_lossy()
            ))
        })
        .collect()
}

/// The lines of a source file that begin with `#`; `None` where there are none.
fn n_comments(file: &Path) -> Option<usize> {
    let text = std::fs::read(file).ok()?;
    let n = text.split(|&byte| byte == b'\n').filter(|line| line.trim_ascii_start().starts_with(b"#")).count();
    (n > 0).then_some(n)
}
