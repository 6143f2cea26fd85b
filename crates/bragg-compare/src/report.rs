//! `report.html`: the summary as a page of its own, with pictures to zoom into and a table to sort.

use super::bundle::Bundle;
use super::case::Outcome;
use super::notes;
use super::status::Status;
use super::summary::{self, number};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bragg::Error;
use bragg::Result;
use std::fmt::Write as _;

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// The page.
///
/// # Errors
/// A picture cannot be read.
pub(super) fn page(outcome: &Outcome, bundle: &Bundle) -> Result<String> {
    let verdict = outcome.status.words();
    let class = if outcome.status == Status::Agree { "good" } else { "bad" };
    let mut body = format!("<h1 class=\"{class}\">{}</h1>\n<p>{}</p>\n", escape(verdict), escape(&outcome.message));
    // writing to a string does not fail
    for note in &outcome.notes {
        let _ = writeln!(body, "<p>Note: {}.</p>", escape(note));
    }
    for side in &outcome.sides {
        if let Some(words) = notes::last_words(side) {
            let _ = writeln!(
                body,
                "<p>What the {} wrote to standard error last:</p>\n<pre>{}</pre>",
                side.name,
                escape(&words)
            );
        }
    }
    if let Some(verdict) = &outcome.verdict {
        let rows = summary::checks(verdict);
        let rows: Vec<Vec<String>> =
            rows.into_iter().map(|row| row.into_iter().map(|text| escape(&text)).collect()).collect();
        body.push_str(&table("checks", &["threshold", "asked", "measured", ""], &rows));
    }
    let runs = summary::runs(outcome);
    let runs: Vec<Vec<String>> = runs.iter().map(|(a, b, c)| vec![escape(a), escape(b), escape(c)]).collect();
    body.push_str(&table("runs", &["", "reference", "candidate"], &runs));
    for (file, title) in &outcome.pictures {
        let path = bundle.path(file);
        let bytes = std::fs::read(&path).map_err(|error| Error::io("read", &path, error))?;
        let _ = writeln!(
            body,
            "<h2>{0}</h2>\n<img class=\"zoom\" alt=\"{0}\" src=\"data:image/png;base64,{1}\">",
            escape(title),
            STANDARD.encode(bytes)
        );
    }
    if let Some(comparison) = &outcome.comparison {
        let metrics = comparison.metrics.list();
        let row = |metric: &crate::metrics::Metric| {
            let sorted = metric.value.map_or_else(String::new, |value| value.to_string());
            vec![
                escape(metric.name),
                format!("<span data-value=\"{sorted}\">{}</span>", escape(&number(metric.value))),
                escape(metric.meaning),
            ]
        };
        let rows: Vec<Vec<String>> = metrics.iter().map(row).collect();
        body.push_str("<h2>Metrics</h2>\n");
        body.push_str(&table("metrics", &["metric", "value", "meaning"], &rows));
    }
    Ok(document(&format!("bragg compare: {verdict}"), &body))
}

/// A table whose cells are HTML already; a click on a heading sorts it.
pub(super) fn table(id: &str, headings: &[&str], rows: &[Vec<String>]) -> String {
    let mut html = format!("<table id=\"{id}\" class=\"sortable\">\n<thead><tr>");
    for heading in headings {
        let _ = write!(html, "<th>{}</th>", escape(heading));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        html.push_str("<tr>");
        for cell in row {
            let class = if matches!(cell.as_str(), "NOT MET" | "NO" | "FAILED") { " class=\"bad\"" } else { "" };
            let _ = write!(html, "<td{class}>{cell}</td>");
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table>\n");
    html
}

/// A page that needs no other file.
pub(super) fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        escape(title)
    )
}

/// Text within HTML or XML. What XML cannot hold is left out.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            _ if character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<a href=\"x\">'&'\u{1}"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;\u{fffd}");
        assert!(table("t", &["<h>"], &[]).contains("<th>&lt;h&gt;</th>"));
    }
}
