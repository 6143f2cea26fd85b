//! Many comparisons at once, with one table.

mod entry;
mod tables;

use crate::bundle::Bundle;
use crate::case::{Outcome, carry_out};
use crate::host::Host;
use crate::request::Request;
use crate::status::Status;
use bragg::{Error, Result};
use bragg_io::threads;
use entry::{Entry, Expected};
use serde_json::Value;
use std::path::{Path, PathBuf};
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
    fn new(entry: Entry, result: Result<Outcome>, host: &Host<'_>) -> Self {
        match result {
            Ok(outcome) => {
                let (passed, message) = judged(&entry.expected, &outcome);
                Self { entry, status: outcome.status, passed, message, outcome: Some(outcome) }
            }
            Err(error) => {
                let status = Status::of(&error);
                let message = (host.in_its_words)(error).to_string();
                Self { entry, status, passed: false, message, outcome: None }
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
                    format!("{name} is {}, beyond the declared {low} to {high}", crate::summary::number(value))
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

/// A suite of cases.
#[derive(Debug, Clone)]
pub struct Suite {
    file: PathBuf,
    name: String,
    entries: Vec<Entry>,
}

/// A suite that was carried out; its files are in its bundle.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The status of the worst case that did not go as expected.
    pub status: Status,
    /// The cases with their verdicts and metrics, as lines of text.
    pub table: String,
    /// Everything, as in `suite.json`.
    pub json: Value,
    /// The page that has all cases.
    pub index: PathBuf,
}

impl Suite {
    /// Reads a suite.
    ///
    /// # Errors
    /// The file cannot be read, or says what cannot be used.
    pub fn read(file: &Path) -> Result<Self> {
        let (name, entries) = entry::read(file)?;
        Ok(Self { file: file.to_owned(), name, entries })
    }

    /// Leaves the cases that are asked for, all where none is.
    ///
    /// # Errors
    /// There is no such case.
    pub fn choose(&mut self, names: &[String]) -> Result<()> {
        if let Some(unknown) = names.iter().find(|name| self.entries.iter().all(|entry| entry.name != **name)) {
            let known: Vec<_> = self.entries.iter().map(|entry| entry.name.as_str()).collect();
            let what = format!("{} has no case {unknown:?}; its cases are {}", self.file.display(), known.join(", "));
            return Err(Error::setting("case", what));
        }
        self.entries.retain(|entry| names.is_empty() || names.contains(&entry.name));
        Ok(())
    }

    /// Carries it out, so many cases at the same time, or as many as there are threads for.
    ///
    /// # Errors
    /// The bundle cannot be written; or interrupted.
    pub fn carry_out(
        self,
        request: &Request,
        jobs: Option<usize>,
        bundle: &Bundle,
        host: &Host<'_>,
    ) -> Result<Finished> {
        let jobs = threads::allowed(jobs).min(self.entries.len()).max(1);
        let rows = self.rows(request, bundle, host, jobs)?;
        let status = status(&rows);
        let json = tables::json(&self.name, &rows, status);
        let table = tables::text(&self.name, &rows);
        bundle.write("table.txt", table.as_bytes())?;
        bundle.write_json("suite.json", &json)?;
        bundle.write("junit.xml", tables::junit(&self.name, &rows).as_bytes())?;
        bundle.write("index.html", tables::html(&self.name, &rows).as_bytes())?;
        Ok(Finished { status, table, json, index: bundle.path("index.html") })
    }

    /// Carries the cases out, so many at the same time, and returns them in their order.
    fn rows(&self, request: &Request, bundle: &Bundle, host: &Host<'_>, jobs: usize) -> Result<Vec<Row>> {
        let (entries, file) = (&self.entries, &self.file);
        let next = AtomicUsize::new(0);
        let rows = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(|| {
                    while let Some((i, entry)) =
                        Some(next.fetch_add(1, Relaxed)).and_then(|i| Some((i, entries.get(i)?)))
                    {
                        if host.monitor.cancelled() {
                            break;
                        }
                        let one = || {
                            let mut case = entry.case(request, file)?;
                            if jobs > 1 {
                                // the cases share the processors among them
                                case.threads = case.threads.or(Some(1));
                            }
                            carry_out(&case, &bundle.within(&format!("cases/{}", entry.name))?, host)
                        };
                        let row = Row::new(entry.clone(), one(), host);
                        rows.lock().unwrap_or_else(PoisonError::into_inner).push((i, row));
                    }
                });
            }
        });
        host.monitor.check()?;
        let mut rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
        rows.sort_by_key(|(i, _)| *i);
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }
}

/// The status of the whole: that of the worst case that did not pass.
fn status(rows: &[Row]) -> Status {
    const WORST_FIRST: [Status; 4] = [Status::InputOutput, Status::Usage, Status::ProgramFailed, Status::ShapesDiffer];
    let failed = || rows.iter().filter(|row| !row.passed);
    let worst = WORST_FIRST.into_iter().find(|status| failed().any(|row| row.status == *status));
    // a case that stopped differing is a threshold not met, too
    worst.unwrap_or(if failed().next().is_some() { Status::BelowThreshold } else { Status::Agree })
}
