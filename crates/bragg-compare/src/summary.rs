//! What a person reads: `summary.md`, and the lines on the terminal.

use super::case::{Outcome, Side};
use super::status::Status;
use super::words::shell;
use super::{load, notes};
use crate::metrics::{Check, Verdict};
use bragg::error::printable;
use bragg_io::formats::c_format::G;
use std::fmt::Write as _;

/// The verdict in a sentence that names each threshold with its value.
pub(super) fn sentence(verdict: &Verdict) -> String {
    let (failed, passed): (Vec<&Check>, Vec<&Check>) = verdict.checks.iter().partition(|check| !check.passed);
    let list = |checks: &[&Check]| checks.iter().map(|check| relation(check)).collect::<Vec<_>>().join(", ");
    match (failed.is_empty(), passed.is_empty()) {
        (true, _) => list(&passed),
        (false, true) => format!("not met: {}", list(&failed)),
        (false, false) => format!("not met: {}; met: {}", list(&failed), list(&passed)),
    }
}

/// A threshold with its value: `correlation 0.9871 (min_correlation 0.999)`.
fn relation(check: &Check) -> String {
    format!("{} {} ({} {})", check.measured, number(check.value), check.threshold, G(check.limit))
}

/// A number with six digits, or what it lacks of 1 where that is little.
pub(super) fn number(value: Option<f64>) -> String {
    match value {
        None => "undefined".to_owned(),
        Some(value) if value != 1.0 && (value - 1.0).abs() < 1e-4 => {
            let sign = if value < 1.0 { '−' } else { '+' };
            format!("1 {sign} {:.2e}", (value - 1.0).abs())
        }
        Some(value) => G(value).to_string(),
    }
}

/// Bytes in words.
fn memory(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "-".to_owned(), |bytes| format!("{:.1} MB", bytes as f64 / 1e6))
}

fn seconds(side: &Side) -> String {
    side.seconds().map_or_else(|| "not run".to_owned(), |seconds| format!("{seconds:.3} s"))
}

/// The page.
pub(super) fn page(outcome: &Outcome) -> String {
    let mut page = format!("# {}\n\n{}\n", capitalised(outcome.status.words()), sentence_of(outcome));
    for note in &outcome.notes {
        let _ = writeln!(page, "\nNote: {note}.");
    }
    for side in &outcome.sides {
        if let Some(words) = notes::last_words(side) {
            let _ = writeln!(page, "\nWhat the {} wrote to standard error last:\n", side.name);
            words.lines().for_each(|line| {
                let _ = writeln!(page, "    {line}");
            });
        }
    }
    if let Some(verdict) = &outcome.verdict {
        page.push_str("\n| threshold | asked | measured | |\n|---|---|---|---|\n");
        for row in checks(verdict) {
            let _ = writeln!(page, "| {} |", row.map(|text| cell(&text)).join(" | "));
        }
    }
    page.push_str("\n| | reference | candidate |\n|---|---|---|\n");
    for (name, reference, candidate) in runs(outcome) {
        let _ = writeln!(page, "| {name} | {} | {} |", cell(&reference), cell(&candidate));
    }
    if let Some(comparison) = &outcome.comparison {
        page.push_str("\n| metric | value | |\n|---|---|---|\n");
        for metric in comparison.metrics.list() {
            let _ = writeln!(page, "| {} | {} | {} |", metric.name, number(metric.value), cell(metric.meaning));
        }
        for (name, place) in [("absolute", comparison.max_abs_at), ("relative", comparison.max_rel_at)] {
            if let Some(place) = place {
                let _ = writeln!(
                    page,
                    "\nThe largest {name} difference is at fast {}, slow {} of panel {}: {} in the reference, {} in the candidate.",
                    place.fast,
                    place.slow,
                    place.panel,
                    G(place.reference),
                    G(place.candidate)
                );
            }
        }
    }
    for (file, title) in &outcome.pictures {
        let _ = writeln!(page, "\n## {title}\n\n![{title}]({file})");
    }
    page
}

/// Rows about the programs and their images: what, reference, candidate.
pub(super) fn runs(outcome: &Outcome) -> Vec<(&'static str, String, String)> {
    let both = |name: &'static str, of: &dyn Fn(&Side) -> String| {
        let [reference, candidate] = &outcome.sides;
        (name, of(reference), of(candidate))
    };
    let mut rows = vec![both("from", &|side| match (&side.command, &side.file) {
        (Some(command), _) => shell(command),
        (None, Some(file)) => file.display().to_string(),
        (None, None) => String::new(),
    })];
    rows.push(both("sha256 of the image", &|side| side.digests.first().cloned().unwrap_or_default()));
    if let Some([reference, candidate]) = &outcome.shapes {
        rows.push(("pixels (fast × slow)", load::shape(reference), load::shape(candidate)));
    }
    if outcome.sides.iter().any(|side| side.content.is_some()) {
        let of = |side: &Side, text: &dyn Fn(load::Content) -> String| side.content.map_or_else(String::new, text);
        let max = |content: load::Content| content.max.map_or_else(|| "-".to_owned(), |max| G(max).to_string());
        rows.push(both("largest pixel", &|side| of(side, &max)));
        let nonzero = |content: load::Content| format!("{} of {}", content.n_nonzero, content.n_pixels);
        rows.push(both("pixels that are not 0", &|side| of(side, &nonzero)));
    }
    if outcome.sides.iter().any(|side| !side.executions.is_empty()) {
        rows.push(both("time", &seconds));
        rows.push(both("peak memory", &|side| memory(side.peak_bytes())));
    }
    if outcome.sides.iter().any(|side| side.executions.len() > 1) {
        rows.push(both("runs", &|side| side.executions.len().to_string()));
        rows.push(both("the same image every time", &|side| match side.is_repeatable() {
            Some(true) => "yes".to_owned(),
            Some(false) => "NO".to_owned(),
            None => String::new(),
        }));
    }
    let ratio =
        |a: Option<f64>, b: Option<f64>| a.zip(b).filter(|(_, b)| *b > 0.0).map(|(a, b)| format!("{:.3}", a / b));
    let [reference, candidate] = &outcome.sides;
    if let Some(ratio) = ratio(candidate.seconds(), reference.seconds()) {
        rows.push(("time over the reference's", "1".to_owned(), ratio));
    }
    let bytes = |side: &Side| side.peak_bytes().map(|bytes| bytes as f64);
    if let Some(ratio) = ratio(bytes(candidate), bytes(reference)) {
        rows.push(("memory over the reference's", "1".to_owned(), ratio));
    }
    rows
}

/// Rows about the thresholds: name, asked, measured, whether met.
pub(super) fn checks(verdict: &Verdict) -> Vec<[String; 4]> {
    let row = |check: &Check| {
        let asked = format!("{} {} {}", check.measured, if check.is_most { '≤' } else { '≥' }, G(check.limit));
        let met = if check.passed { "met" } else { "NOT MET" };
        [check.threshold.to_owned(), asked, number(check.value), met.to_owned()]
    };
    verdict.checks.iter().map(row).collect()
}

/// What a person at the terminal is told.
pub(super) fn lines(outcome: &Outcome, folder: &std::path::Path) -> String {
    let mut text = format!("{}: {}\n", outcome.status.words(), outcome.message);
    if let Some(verdict) = &outcome.verdict {
        for [threshold, _, measured, met] in checks(verdict) {
            let limit =
                verdict.checks.iter().find(|check| check.threshold == threshold).map_or(0.0, |check| check.limit);
            let _ = writeln!(text, "  {threshold:<24}{:<12}{measured:<18}{met}", G(limit).to_string());
        }
    }
    if let Some(comparison) = &outcome.comparison {
        let m = &comparison.metrics;
        for (name, value) in [
            ("sum_ratio", m.sum_ratio),
            ("rmse", m.rmse),
            ("max_abs", m.max_abs),
            ("max_rel", m.max_rel),
            ("peak_shift_max", m.peak_shift_max),
            ("ssim", m.ssim),
        ] {
            let _ = writeln!(text, "  {name:<24}{}", number(value));
        }
    }
    for side in outcome.sides.iter().filter(|side| !side.executions.is_empty()) {
        let _ = writeln!(text, "  {:<24}{}, {}", side.name, seconds(side), memory(side.peak_bytes()));
    }
    for note in &outcome.notes {
        let _ = writeln!(text, "note: {note}");
    }
    let _ = writeln!(text, "{}", printable(&folder.join("summary.md").to_string_lossy()));
    text
}

fn sentence_of(outcome: &Outcome) -> String {
    let message = capitalised(&outcome.message).replace('|', "\\|");
    if outcome.status == Status::Agree {
        format!("Every threshold is met: {}.", outcome.message.replace('|', "\\|"))
    } else {
        format!("{message}.")
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// Text that does not end its cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_near_one_show_what_they_lack() {
        assert_eq!(number(Some(1.0)), "1");
        assert_eq!(number(Some(1.0 - 2.5e-9)), "1 − 2.50e-9");
        assert_eq!(number(Some(1.00003)), "1 + 3.00e-5");
        assert_eq!(number(Some(0.98)), "0.98");
        assert_eq!(number(None), "undefined");
    }
}
