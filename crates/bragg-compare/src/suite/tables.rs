//! The outcome of a suite: text, JSON, JUnit XML and HTML.

use super::{Expected, Row};
use crate::record::{SCHEMA_VERSION, check};
use crate::report::{document, escape, table};
use crate::status::Status;
use crate::summary::number;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// The metrics of the table.
const COLUMNS: [&str; 6] = ["correlation", "sum_ratio", "max_rel", "rmse", "peak_shift_max", "ssim"];

fn verdict(row: &Row) -> &'static str {
    match (row.passed, &row.entry.expected) {
        (true, Expected::Agreement) => "agrees",
        (true, Expected::Difference { .. }) => "differs as declared",
        (false, _) => "FAILED",
    }
}

fn count(rows: &[Row]) -> String {
    let n_failed = rows.iter().filter(|row| !row.passed).count();
    let declared = rows.iter().filter(|row| row.passed && row.entry.expected != Expected::Agreement).count();
    format!(
        "{} cases: {} as expected ({declared} of them declared differences), {n_failed} failed",
        rows.len(),
        rows.len() - n_failed
    )
}

/// The table for the terminal.
pub(super) fn text(name: &str, rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.entry.name.chars().count()).max().unwrap_or(0).max(4);
    let mut text = format!("{:<width$}  {:<20}", "case", "verdict");
    for column in COLUMNS {
        let _ = write!(text, "{column:<16}");
    }
    text.push_str("seconds\n");
    for row in rows {
        let _ = write!(text, "{:<width$}  {:<20}", row.entry.name, verdict(row));
        for column in COLUMNS {
            let value = row.outcome.as_ref().and_then(|outcome| outcome.comparison.as_ref());
            let cell = value.map_or_else(|| "-".to_owned(), |_| number(row.metric(column)));
            let _ = write!(text, "{cell:<16}");
        }
        let _ = writeln!(text, "{:.2}", row.seconds());
    }
    for row in rows.iter().filter(|row| !row.passed) {
        let _ = writeln!(text, "{}: {} (status {})", row.entry.name, row.message, row.status.code());
    }
    let _ = writeln!(text, "{name}: {}", count(rows));
    text
}

/// Everything, for programs.
pub(super) fn json(name: &str, rows: &[Row], status: Status) -> Value {
    let case = |row: &Row| {
        let comparison = row.outcome.as_ref().and_then(|outcome| outcome.comparison.as_ref());
        let metrics = comparison.map(|comparison| {
            let list = comparison.metrics.list();
            list.into_iter().map(|metric| (metric.name.to_owned(), json!(metric.value))).collect::<Map<_, _>>()
        });
        let verdict = row.outcome.as_ref().and_then(|outcome| outcome.verdict.as_ref());
        let (expect, reason, bounds) = match &row.entry.expected {
            Expected::Agreement => ("agrees", None, None),
            Expected::Difference { reason, bounds } => ("differs", Some(reason), Some(bounds)),
        };
        json!({
            "name": row.entry.name,
            "passed": row.passed,
            "expect": expect,
            "reason": reason,
            "bounds": bounds,
            "status": row.status,
            "exit_status": row.status.code(),
            "message": row.message,
            "seconds": row.seconds(),
            "folder": format!("cases/{}", row.entry.name),
            "checks": verdict.map(|verdict| verdict.checks.iter().map(check).collect::<Vec<_>>()),
            "metrics": metrics,
        })
    };
    json!({
        "schema": "bragg compare suite",
        "schema_version": SCHEMA_VERSION,
        "suite": name,
        "exit_status": status.code(),
        "cases": rows.iter().map(case).collect::<Vec<_>>(),
        "n_cases": rows.len(),
        "n_failed": rows.iter().filter(|row| !row.passed).count(),
    })
}

/// What continuous integration reads: an image that differs is a failure, anything else that went wrong an error.
pub(super) fn junit(name: &str, rows: &[Row]) -> String {
    let is_failure = |row: &Row| matches!(row.status, Status::Agree | Status::BelowThreshold | Status::ShapesDiffer);
    let failed = || rows.iter().filter(|row| !row.passed);
    let n_failures = failed().filter(|row| is_failure(row)).count();
    let seconds: f64 = rows.iter().map(Row::seconds).sum();
    let counts = format!(
        "tests=\"{}\" failures=\"{n_failures}\" errors=\"{}\" time=\"{seconds:.3}\"",
        rows.len(),
        failed().count() - n_failures
    );
    let name = escape(name);
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n<testsuite name=\"{name}\" {counts}>\n"
    );
    for row in rows {
        let _ = write!(
            xml,
            "<testcase classname=\"{name}\" name=\"{}\" time=\"{:.3}\"",
            escape(&row.entry.name),
            row.seconds()
        );
        if row.passed {
            xml.push_str("/>\n");
            continue;
        }
        let kind = if is_failure(row) { "failure" } else { "error" };
        let message = escape(&row.message.replace(['\n', '\t'], " "));
        let _ = writeln!(xml, "><{kind} type=\"{}\" message=\"{message}\"/></testcase>", escape(row.status.words()));
    }
    xml.push_str("</testsuite>\n</testsuites>\n");
    xml
}

/// The index.
pub(super) fn html(name: &str, rows: &[Row]) -> String {
    let mut headings = vec!["case", "verdict"];
    headings.extend(COLUMNS);
    headings.extend(["seconds", "message"]);
    let value = |value: Option<f64>, text: String| {
        let sorted = value.map_or_else(String::new, |value| value.to_string());
        format!("<span data-value=\"{sorted}\">{}</span>", escape(&text))
    };
    let cells = |row: &Row| {
        let case = escape(&row.entry.name);
        let has_report = row.outcome.is_some();
        let mut cells =
            vec![if has_report { format!("<a href=\"cases/{case}/report.html\">{case}</a>") } else { case }];
        cells.push(verdict(row).to_owned());
        let has_metrics = row.outcome.as_ref().is_some_and(|outcome| outcome.comparison.is_some());
        cells.extend(COLUMNS.iter().map(|column| {
            let metric = row.metric(column);
            value(metric, if has_metrics { number(metric) } else { "-".to_owned() })
        }));
        cells.push(value(Some(row.seconds()), format!("{:.2}", row.seconds())));
        cells.push(escape(&row.message));
        cells
    };
    let class = if rows.iter().all(|row| row.passed) { "good" } else { "bad" };
    let rows_of_cells: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let body = format!(
        "<h1 class=\"{class}\">{}</h1>\n<p>{}</p>\n{}",
        escape(name),
        escape(&count(rows)),
        table("cases", &headings, &rows_of_cells)
    );
    document(&format!("bragg compare: {name}"), &body)
}
