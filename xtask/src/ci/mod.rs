//! `cargo xtask ci`: every check of the project, one step after the other.

mod examples;
mod interop;
mod other_processor;
mod python;

use crate::process::{self, cargo};
use crate::{site, tidy};
use anyhow::{Result, bail, ensure};
use std::error::Error;
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

/// A step: its name, what it checks.
type Step = (&'static str, fn(&Path) -> Result<()>);

/// Why a step, or a part of it, cannot run here, which is no failure.
#[derive(Debug)]
struct Skipped(String);

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Skipped {}

/// How a step ended, in the words of the summary.
fn word(outcome: &Result<()>) -> &'static str {
    match outcome {
        Ok(()) => "passed",
        Err(error) if error.is::<Skipped>() => "skipped",
        Err(_) => "FAILED",
    }
}

/// Why a step was skipped, in one line.
fn reason(outcome: &Result<()>) -> Option<String> {
    let Skipped(reason) = outcome.as_ref().err()?.downcast_ref()?;
    reason.lines().next().map(ToOwned::to_owned)
}

/// The steps, those that fail fast first.
const STEPS: &[Step] = &[
    ("fmt", |root| process::run(&mut cargo(root, &["fmt", "--all", "--check"]))),
    ("tidy", tidy::run),
    ("build", |root| process::run(&mut cargo(root, process::BUILD))),
    // golden images, transcripts of the program and the fuzzers' regressions among them
    ("test", |root| process::run(&mut cargo(root, &["test", "--workspace"]))),
    ("clippy", clippy),
    ("aarch64", other_processor::run),
    ("wasm", other_processor::run_wasm),
    ("docs", |root| site::build(root).map(drop)),
    ("examples", examples::run),
    ("interop", interop::run),
    ("python", python::run),
];

/// The names of the steps, in order.
pub(crate) fn step_names() -> Vec<&'static str> {
    STEPS.iter().map(|(name, _)| *name).collect()
}

/// Runs the steps that the arguments choose, all unless told otherwise, and goes on after a failure.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let chosen = chosen(arguments)?;
    let mut outcomes: Vec<(&str, Duration, Result<()>)> = Vec::new();
    for (name, step) in chosen {
        println!("== {name}");
        let start = Instant::now();
        let outcome = step(root);
        let time = start.elapsed();
        match &outcome {
            Ok(()) => println!("== {name}: passed in {:.1} s\n", time.as_secs_f64()),
            Err(error) => println!("== {name}: {} in {:.1} s: {error:#}\n", word(&outcome), time.as_secs_f64()),
        }
        outcomes.push((name, time, outcome));
    }
    for (name, time, outcome) in &outcomes {
        let why = reason(outcome).map_or_else(String::new, |reason| format!("  {reason}"));
        println!("{name:<10} {:<7} {:8.1} s{why}", word(outcome), time.as_secs_f64());
    }
    let count = |ending: &str| outcomes.iter().filter(|(_, _, outcome)| word(outcome) == ending).count();
    let (n_passed, n_skipped, n_failed) = (count("passed"), count("skipped"), count("FAILED"));
    let skipped = if n_skipped > 0 { format!(", {n_skipped} skipped") } else { String::new() };
    println!("{n_passed} passed{skipped}, {n_failed} failed");
    ensure!(n_failed == 0, "{n_failed} of {} steps failed", outcomes.len());
    Ok(())
}

/// The steps that `--only` and `--skip` leave.
fn chosen(arguments: &[String]) -> Result<Vec<Step>> {
    let mut steps = STEPS.to_vec();
    for pair in arguments.chunks(2) {
        let [option, names] = pair else { bail!("`{}` needs the names of steps, such as `tidy,test`", pair[0]) };
        let names: Vec<&str> = names.split(',').collect();
        if let Some(unknown) = names.iter().find(|name| !step_names().contains(name)) {
            bail!("there is no step `{unknown}`; the steps are {}", step_names().join(", "));
        }
        match option.as_str() {
            "--only" => steps.retain(|(name, _)| names.contains(name)),
            "--skip" => steps.retain(|(name, _)| !names.contains(name)),
            _ => bail!("`ci` has no option `{option}`; it has --only and --skip"),
        }
    }
    ensure!(!steps.is_empty(), "no step is left to run");
    Ok(steps)
}

fn clippy(root: &Path) -> Result<()> {
    process::run(&mut cargo(root, &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &[&str]) -> Result<Vec<&'static str>> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        Ok(chosen(&arguments)?.iter().map(|(name, _)| *name).collect())
    }

    #[test]
    fn a_step_that_cannot_run_has_not_failed_nor_passed() {
        assert_eq!(word(&Ok(())), "passed");
        assert_eq!(word(&Err(Skipped("no rustup".to_owned()).into())), "skipped");
        assert_eq!(word(&Err(anyhow::anyhow!("no"))), "FAILED");
        assert_eq!(
            reason(&Err(Skipped("no rustup:\nit is not there".to_owned()).into())).as_deref(),
            Some("no rustup:")
        );
        assert_eq!(reason(&Err(anyhow::anyhow!("no"))), None);
    }

    #[test]
    fn steps_can_be_chosen() {
        assert_eq!(names(&[]).unwrap(), step_names());
        assert_eq!(names(&["--only", "test,tidy"]).unwrap(), ["tidy", "test"]);
        assert!(!names(&["--skip", "interop"]).unwrap().contains(&"interop"));
        assert!(names(&["--only", "tidi"]).unwrap_err().to_string().contains("tidy"));
        assert!(names(&["--only"]).is_err());
        assert!(names(&["--but", "tidy"]).is_err());
        assert!(names(&["--only", "tidy", "--skip", "tidy"]).is_err());
    }
}
