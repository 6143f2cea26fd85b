//! `bragg bench`: how fast the simulation is on this machine, and whether its images are right.

pub(crate) mod cases;
mod check;
mod measure;
mod report;

use crate::arguments::Bench;
use crate::messages;
use crate::render::{KERNEL, chosen_level, on_threads};
use anyhow::{Result, bail};
use bragg::kernel::cpu::{Level, peak};
use cases::{CASES, PLAINEST};
use measure::{Effort, Measurement, measure};
use report::{FmaRate, Report};

pub(crate) fn run(arguments: &Bench) -> Result<()> {
    let Some(level) = chosen_level()? else {
        let what = "is reference, the kernel that all others are compared with; name another, or none";
        return Err(bragg::Error::setting(KERNEL, what).into());
    };
    let n_threads = on_threads(arguments.threads.map_or(0, usize::from), rayon::current_num_threads)?;
    let effort = if arguments.quick { Effort::QUICK } else { Effort::FULL };
    let say = |text: &str| if arguments.json { Ok(()) } else { messages::print(text.as_bytes()) };

    let rate = fma_rate(level, n_threads)?;
    say(&report::head(level.name(), n_threads, rate))?;
    say(&report::case_columns())?;
    let mut measured = Vec::new();
    let is_chosen = |name: &str| arguments.case.is_empty() || arguments.case.iter().any(|chosen| chosen == name);
    for case in CASES.iter().filter(|case| is_chosen(case.name)) {
        let measurement = measure(case, level, n_threads, rate.one_thread, effort)?;
        say(&report::case_row(&measurement))?;
        measured.push(measurement);
    }
    let mut levels = Vec::new();
    if let Some(case) = CASES.iter().find(|case| case.name == PLAINEST && is_chosen(case.name)) {
        for level in Level::available() {
            levels.push(measure(case, level, n_threads, peak::fma_rate(level), effort)?);
        }
    }
    say(&report::level_table(&levels))?;

    let complaints: Vec<_> = measured.iter().chain(&levels).filter_map(complaint).collect();
    if arguments.json {
        let report = Report {
            version: env!("CARGO_PKG_VERSION"),
            level: level.name(),
            threads: n_threads,
            quick: arguments.quick,
            fma_per_second: rate,
            cases: measured,
            levels,
            passed: complaints.is_empty(),
        };
        messages::print(format!("{}\n", serde_json::to_string_pretty(&report)?).as_bytes())?;
    }
    if !complaints.is_empty() {
        bail!("{}", complaints.join("; "));
    }
    Ok(())
}

/// What is wrong with the images of a case, by name.
fn complaint(measurement: &Measurement) -> Option<String> {
    let Measurement { case, level, complaint, .. } = measurement;
    complaint.as_ref().map(|complaint| format!("{case} with {level}: {complaint}"))
}

/// Fused multiply-adds in a second, on one thread and on all at the same time.
fn fma_rate(level: Level, n_threads: usize) -> Result<FmaRate> {
    let on_all: Vec<f64> = on_threads(n_threads, || rayon::broadcast(|_| peak::fma_rate(level)))?;
    Ok(FmaRate { one_thread: peak::fma_rate(level), all_threads: on_all.iter().sum() })
}
