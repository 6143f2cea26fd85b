//! `bragg compare --suite`: many comparisons at once, with one table.

mod entry;
mod tables;

use super::arguments::Compare;
use super::bundle::Bundle;
use super::case::{Outcome, carry_out};
use super::status::Status;
use crate::{interrupt, messages, threads};
use anyhow::Result;
use bragg::Error;
use entry::{Entry, Expected};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// What became of a case.
struct Row {
    entry: Entry,
    status: Status,
    /// Whether it went as expected.
    passed: bool,
    /// Why, in a sentence.
    message: String,
    outcome: Option<Outcome>,
}

impl Row {
    fn new(entry: Entry, result: Result<Outcome>) -> Self {
        match result {
            Ok(outcome) => {
                let (passed, message) = judged(&entry.expected, &outcome);
                Self { entry, status: outcome.status, passed, message, outcome: Some(outcome) }
            }
            Err(error) => {
                Self { entry, status: Status::of(&error), passed: false, message: format!("{error:#}"), outcome: None }
            }
        }
    }

    fn seconds(&self) -> f64 {
        let sides = self.outcome.iter().flat_map(|outcome| &outcome.sides);
        sides.flat_map(|side| &side.executions).map(|execution| execution.seconds).sum()
    }

    /// A metric of the comparison, where there was one.
    fn metric(&self, name: &str) -> Option<f64> {
        self.outcome.as_ref()?.comparison.as_ref()?.metrics.get(name)?
    }
}

/// Whether an outcome is the expected one, and why.
fn judged(expected: &Expected, outcome: &Outcome) -> (bool, String) {
    let Expected::Difference { reason, bounds } = expected else {
        return (outcome.status == Status::Agree, outcome.message.clone());
    };
    match (outcome.status, &outcome.comparison) {
        (Status::Agree, _) => (false, format!("is declared to differ ({reason}), but agrees: {}", outcome.message)),
        (Status::BelowThreshold, Some(comparison)) => {
            let outside = bounds.iter().find_map(|(name, [low, high])| {
                let value = comparison.metrics.get(name).flatten();
                let inside = value.is_some_and(|value| (*low..=*high).contains(&value));
                (!inside).then(|| {
                    format!("{name} is {}, beyond the declared {low} to {high}", super::summary::number(value))
                })
            });
            match outside {
                Some(what) => (false, format!("differs in another way than declared ({reason}): {what}")),
                None => (true, format!("differs as declared: {reason}")),
            }
        }
        _ => (false, outcome.message.clone()),
    }
}

/// Runs a suite.
///
/// # Errors
/// The suite or the folder cannot be used; or interrupted.
pub(super) fn run(arguments: &Compare) -> Result<Status> {
    let Some(file) = &arguments.suite else { return Ok(Status::Usage) };
    let (name, mut entries) = entry::read(file)?;
    choose(&mut entries, &arguments.case, file)?;
    let bundle = match &arguments.outdir {
        Some(folder) => Bundle::at(folder)?,
        None => Bundle::of(&crate::arguments())?,
    };
    let jobs = threads::allowed(arguments.jobs.map(usize::from)).min(entries.len()).max(1);
    let rows = carry_all_out(entries, arguments, file, &bundle, jobs)?;
    let status = status(&rows);
    let json = tables::json(&name, &rows, status);
    let text = tables::text(&name, &rows);
    bundle.write("table.txt", text.as_bytes())?;
    bundle.write_json("suite.json", &json)?;
    bundle.write("junit.xml", tables::junit(&name, &rows).as_bytes())?;
    bundle.write("index.html", tables::html(&name, &rows).as_bytes())?;
    if arguments.json {
        messages::print(format!("{json:#}\n").as_bytes())?;
    } else if !arguments.quiet {
        messages::print(format!("{text}{}\n", messages::name(&bundle.path("index.html"))).as_bytes())?;
    }
    Ok(status)
}

/// Leaves the cases that are asked for, all where none is.
fn choose(entries: &mut Vec<Entry>, names: &[String], file: &Path) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| entries.iter().all(|entry| entry.name != **name)) {
        let known: Vec<_> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let what = format!("{} has no case {unknown:?}; its cases are {}", file.display(), known.join(", "));
        return Err(Error::setting("--case", what).into());
    }
    entries.retain(|entry| names.is_empty() || names.contains(&entry.name));
    Ok(())
}

/// Carries the cases out, so many at the same time, and returns them in their order.
fn carry_all_out(
    entries: Vec<Entry>,
    arguments: &Compare,
    file: &Path,
    bundle: &Bundle,
    jobs: usize,
) -> Result<Vec<Row>> {
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some((i, entry)) = Some(next.fetch_add(1, Relaxed)).and_then(|i| Some((i, entries.get(i)?))) {
                    if interrupt::requested() {
                        break;
                    }
                    let one = || {
                        let mut case = entry.case(arguments, file)?;
                        if jobs > 1 {
                            // the cases share the processors among them
                            case.threads = case.threads.or(Some(1));
                        }
                        carry_out(&case, &bundle.within(&format!("cases/{}", entry.name))?)
                    };
                    let row = Row::new(entry.clone(), one());
                    rows.lock().unwrap_or_else(PoisonError::into_inner).push((i, row));
                }
            });
        }
    });
    if interrupt::requested() {
        return Err(Error::Interrupted.into());
    }
    let mut rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
    rows.sort_by_key(|(i, _)| *i);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// The status of the whole: that of the worst case that did not pass.
fn status(rows: &[Row]) -> Status {
    const WORST_FIRST: [Status; 4] = [Status::InputOutput, Status::Usage, Status::ProgramFailed, Status::ShapesDiffer];
    let failed = || rows.iter().filter(|row| !row.passed);
    let worst = WORST_FIRST.into_iter().find(|status| failed().any(|row| row.status == *status));
    // a case that stopped differing is a threshold not met, too
    worst.unwrap_or(if failed().next().is_some() { Status::BelowThreshold } else { Status::Agree })
}
