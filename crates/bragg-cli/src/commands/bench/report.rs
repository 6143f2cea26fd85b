//! What was measured, for people and for programs.

use super::measure::Measurement;
use serde::Serialize;
use std::fmt::Write as _;

/// Fused multiply-adds in a second, measured in the same run.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct FmaRate {
    pub(super) one_thread: f64,
    pub(super) all_threads: f64,
}

/// Everything, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) version: &'static str,
    pub(super) level: &'static str,
    pub(super) threads: usize,
    pub(super) quick: bool,
    pub(super) fma_per_second: FmaRate,
    pub(super) cases: Vec<Measurement>,
    /// The plainest case with each set of instructions.
    pub(super) levels: Vec<Measurement>,
    pub(super) passed: bool,
}

/// What stands above the tables.
pub(super) fn head(level: &str, n_threads: usize, rate: FmaRate) -> String {
    let threads = if n_threads == 1 { "thread" } else { "threads" };
    format!(
        "bragg {}: instructions {level}, {n_threads} {threads}\n\
         fused multiply-adds: {:.1} G/s on one thread, {:.1} G/s on all\n",
        env!("CARGO_PKG_VERSION"),
        rate.one_thread / 1e9,
        rate.all_threads / 1e9,
    )
}

/// The names of the columns of the cases.
pub(super) fn case_columns() -> String {
    let upper = ["", "one thread", "", "all threads", "", "tables", "% of FMA", "largest", "times faster"];
    let lower = ["case", "ns/step", "ns/pixel", "ns/step", "speed-up", "ms", "rate", "error", "than reference"];
    format!("\n{}{}", row(&upper), row(&lower))
}

/// A line of the table of cases.
pub(super) fn case_row(measurement: &Measurement) -> String {
    row(&[
        measurement.case,
        &number(measurement.one_thread.ns_per_step),
        &number(measurement.one_thread.ns_per_pixel),
        &number(measurement.all_threads.ns_per_step),
        &format!("{:.2}", measurement.speed_up),
        &format!("{:.1}", 1e3 * measurement.preparation_seconds),
        &measurement.fraction_of_fma_rate.map_or_else(|| "-".to_owned(), |f| format!("{:.1}", 100.0 * f)),
        &error(measurement),
        &number(measurement.times_faster_than_reference),
    ])
}

/// The table of levels; the plain one is the first.
pub(super) fn level_table(measurements: &[Measurement]) -> String {
    let Some(plain) = measurements.first() else { return String::new() };
    let mut table = format!("\n{:<18}{:>12}{:>16}{:>12}\n", plain.case, "ns/step", "times portable", "error");
    for measurement in measurements {
        let times = plain.one_thread.ns_per_step / measurement.one_thread.ns_per_step;
        let ns = number(measurement.one_thread.ns_per_step);
        // writing to a string does not fail
        let _ = writeln!(table, "{:<18}{ns:>12}{times:>16.2}{:>12}", measurement.level, error(measurement));
    }
    table
}

fn row(columns: &[&str; 9]) -> String {
    let [name, a, b, c, d, e, f, g, h] = columns;
    let line = format!("{name:<18}{a:>11}{b:>12}{c:>13}{d:>10}{e:>8}{f:>10}{g:>11}{h:>16}");
    format!("{}\n", line.trim_end())
}

/// The largest error, marked where it is too large.
fn error(measurement: &Measurement) -> String {
    let mark = if measurement.complaint.is_some() { "!" } else { "" };
    format!("{mark}{:.1e}", measurement.error)
}

/// With three or four digits.
fn number(x: f64) -> String {
    match x {
        x if x < 1.0 => format!("{x:.3}"),
        x if x < 100.0 => format!("{x:.2}"),
        x if x < 1000.0 => format!("{x:.1}"),
        x => format!("{x:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_or_four_digits() {
        for (x, text) in [(0.18234, "0.182"), (4.934, "4.93"), (49.34, "49.34"), (493.44, "493.4"), (12345.6, "12346")]
        {
            assert_eq!(number(x), text);
        }
    }

    #[test]
    fn columns_are_aligned() {
        let line = row(&["a", "1", "2", "3", "4", "5", "6", "7", "8"]);
        let head = case_columns();
        let last = head.lines().last().unwrap();
        assert_eq!(line.trim_end().chars().count(), last.chars().count());
        assert!(last.ends_with("than reference"));
    }
}
