//! `cargo xtask ci`: the checks of the project, one step after the other.
//!
//! A step is run by a process of its own, `xtask step NAME`, whose output goes to a log file: on the terminal a step has one line, and
//! what failed is repeated at the end.

mod examples;
mod interop;
mod log;
mod other_processor;
mod python;

use crate::process::{self, cargo, target};
use crate::{site, tidy};
use anyhow::{Context as _, Result, bail, ensure};
use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a newcomer runs, without arguments.
const QUICK: &[&str] = &["fmt", "tidy", "build", "test"];

/// One step.
#[derive(Debug, Clone, Copy)]
struct Step {
    name: &'static str,
    /// How long it takes on two processors where nothing is compiled or downloaded yet (s).
    seconds: u64,
    run: fn(&Given) -> Result<()>,
}

/// The steps, those that fail fast first.
const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        seconds: 2,
        run: |given| process::run(&mut cargo(given.root, &["fmt", "--all", "--check", "--", "--color", "never"])),
    },
    Step { name: "tidy", seconds: 1, run: |given| tidy::run(given.root) },
    Step { name: "build", seconds: 240, run: |given| process::run(&mut cargo(given.root, process::BUILD)) },
    // golden images, transcripts of the program and the fuzzers' regressions among them
    Step { name: "test", seconds: 100, run: test },
    Step { name: "clippy", seconds: 60, run: clippy },
    Step { name: "aarch64", seconds: 120, run: |given| other_processor::run(given.root) },
    Step { name: "wasm", seconds: 20, run: |given| other_processor::run_wasm(given.root) },
    Step { name: "docs", seconds: 60, run: |given| site::build(given.root).map(drop) },
    Step { name: "examples", seconds: 40, run: |given| examples::run(given.root) },
    Step { name: "interop", seconds: 120, run: |given| interop::run(given.root) },
    Step { name: "python", seconds: 180, run: python::run },
];

/// What a step knows.
#[derive(Debug, Clone, Copy)]
struct Given<'a> {
    /// The top of the source tree.
    root: &'a Path,
    /// Large packages that may be downloaded.
    with: &'a [String],
}

/// Why a step cannot run here, which is no failure.
#[derive(Debug)]
pub(crate) struct Skipped(String);

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Skipped {}

/// The status with which a process ends whose step was skipped, as that of a test in automake.
pub(crate) const SKIPPED: u8 = 77;

/// How a step ended.
struct Outcome {
    name: &'static str,
    /// None where the step was skipped.
    passed: Option<bool>,
    log: PathBuf,
    /// What the step said.
    said: String,
}

/// The names of the steps, in order.
pub(crate) fn step_names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

/// Which steps run, and with what.
#[derive(Debug)]
struct Chosen {
    steps: Vec<Step>,
    with: Vec<String>,
}

/// Runs one step, all that it says on the terminal.
pub(crate) fn run_step(root: &Path, arguments: &[String]) -> Result<()> {
    let [name, rest @ ..] = arguments else { bail!("`step` needs its name, one of {}", step_names().join(", ")) };
    let mut only = vec!["--only".to_owned(), name.clone()];
    only.extend_from_slice(rest);
    let Chosen { steps, with } = chosen(&only)?;
    let given = Given { root, with: &with };
    let outcome = steps.iter().try_for_each(|step| (step.run)(&given));
    if let Some(Skipped(why)) = outcome.as_ref().err().and_then(|error| error.downcast_ref()) {
        log::leave_out(why);
    }
    outcome
}

/// Runs the steps that the arguments choose and goes on after a failure.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let Chosen { steps, with } = chosen(arguments)?;
    let logs = target(root).join("ci");
    std::fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
    println!("{}", announcement(&steps, &logs));
    let start = Instant::now();
    let outcomes = steps.iter().map(|step| run_logged(root, step, &with, &logs)).collect::<Result<Vec<_>>>()?;
    summary(&outcomes, start.elapsed())
}

/// What is run, for how long, and where to look.
fn announcement(steps: &[Step], logs: &Path) -> String {
    let names: Vec<_> = steps.iter().map(|step| step.name).collect();
    let minutes = steps.iter().map(|step| step.seconds).sum::<u64>().div_ceil(60);
    let minutes = if minutes == 1 { "a minute".to_owned() } else { format!("{minutes} minutes") };
    format!(
        "{}: about {minutes} on two processors the first time, twice that where they are busy; the output goes to {}",
        names.join(", "),
        logs.join("*.log").display()
    )
}

/// Runs a step in a process of its own, whose output is kept, and prints its line.
fn run_logged(root: &Path, step: &Step, with: &[String], logs: &Path) -> Result<Outcome> {
    let name = step.name;
    let is_seen = std::io::stdout().is_terminal();
    if is_seen {
        print!("{name:<10} …");
        std::io::stdout().flush()?;
    }
    let log = logs.join(name).with_extension("log");
    let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = Command::new(own_program(root)?);
    command.args(["step", name]).current_dir(root).env("CARGO_TERM_COLOR", "never");
    if !with.is_empty() {
        command.args(["--with", &with.join(",")]);
    }
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let start = Instant::now();
    let status = command.status().with_context(|| format!("cannot run the step {name}"))?;
    let time = start.elapsed();
    let said = std::fs::read(&log).with_context(|| format!("cannot read {}", log.display()))?;
    let said = String::from_utf8_lossy(&said).into_owned();
    let passed = (status.code() != Some(SKIPPED.into())).then_some(status.success());
    let n_tests = log::n_tests(&said);
    let tests = if n_tests > 0 { format!("  {n_tests} tests passed") } else { String::new() };
    let begin = if is_seen { "\r" } else { "" };
    println!("{begin}{name:<10} {:<7} {:>7.1} s{tests}", word(passed), time.as_secs_f64());
    if passed == Some(false) && std::env::var_os("CI").is_some() {
        // the log will be gone with the machine
        println!("{}", said.trim_end());
    }
    Ok(Outcome { name, passed, log, said })
}

/// This program, also where it has been compiled anew since it was started.
fn own_program(root: &Path) -> Result<PathBuf> {
    let own = std::env::current_exe().context("cannot find this program")?;
    let built = target(root).join("debug").join(format!("xtask{}", std::env::consts::EXE_SUFFIX));
    Ok(if own.is_file() { own } else { built })
}

/// How a step ended, in a word.
fn word(passed: Option<bool>) -> &'static str {
    match passed {
        Some(true) => "passed",
        Some(false) => "FAILED",
        None => "skipped",
    }
}

/// Prints what was left out and what failed, and fails if anything did.
fn summary(outcomes: &[Outcome], time: Duration) -> Result<()> {
    let left_out: Vec<_> =
        outcomes.iter().flat_map(|outcome| log::left_out(&outcome.said).map(move |why| (outcome.name, why))).collect();
    if !left_out.is_empty() {
        println!("\nleft out: {}", left_out.len());
        left_out.iter().for_each(|(name, why)| println!("  {name}: {why}"));
    }
    for outcome in outcomes.iter().filter(|outcome| outcome.passed == Some(false)) {
        println!("\nFAILED: {}; all that it said is in {}", outcome.name, outcome.log.display());
        log::failures(&outcome.said).iter().for_each(|line| println!("  {line}"));
        println!("  the step alone: cargo xtask step {}", outcome.name);
    }
    let count = |ending| outcomes.iter().filter(|outcome| outcome.passed == ending).count();
    let [n_passed, n_skipped, n_failed] = [Some(true), None, Some(false)].map(count);
    let skipped = if n_skipped > 0 { format!(", {n_skipped} skipped") } else { String::new() };
    let minutes = time.as_secs_f64() / 60.0;
    println!("\n{n_passed} steps passed{skipped}, {n_failed} failed, in {minutes:.1} minutes");
    ensure!(n_failed == 0, "{n_failed} of {} steps failed", outcomes.len());
    Ok(())
}

/// What the arguments of `ci` choose.
fn chosen(arguments: &[String]) -> Result<Chosen> {
    let is_named = |option: &str| arguments.iter().any(|argument| argument == option);
    let is_quick = !is_named("--all") && !is_named("--only");
    let mut steps: Vec<Step> = STEPS.iter().filter(|step| !is_quick || QUICK.contains(&step.name)).copied().collect();
    let mut with = Vec::new();
    let mut rest = arguments.iter().filter(|argument| *argument != "--all");
    while let Some(option) = rest.next() {
        let known: Vec<&str> = match option.as_str() {
            "--only" | "--skip" => step_names(),
            "--with" => python::LARGE.iter().map(|(name, _)| *name).collect(),
            _ => bail!("`ci` has no option `{option}`; it has --all, --only, --skip and --with"),
        };
        let names = rest.next().with_context(|| format!("`{option}` needs names, such as `{}`", known[0]))?;
        let names: Vec<&str> = names.split(',').collect();
        if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
            bail!("{option} does not know `{unknown}`; it takes {}", known.join(", "));
        }
        match option.as_str() {
            "--only" => steps.retain(|step| names.contains(&step.name)),
            "--skip" => steps.retain(|step| !names.contains(&step.name)),
            _ => with.extend(names.iter().map(ToString::to_string)),
        }
    }
    ensure!(!steps.is_empty(), "no step is left to run");
    Ok(Chosen { steps, with })
}

fn test(given: &Given) -> Result<()> {
    process::run(&mut cargo(given.root, &["test", "--workspace", "--no-fail-fast"]))
}

fn clippy(given: &Given) -> Result<()> {
    process::run(&mut cargo(given.root, &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(arguments: &[&str]) -> Vec<String> {
        arguments.iter().map(ToString::to_string).collect()
    }

    fn names(arguments: &[&str]) -> Result<Vec<&'static str>> {
        Ok(chosen(&words(arguments))?.steps.iter().map(|step| step.name).collect())
    }

    #[test]
    fn a_step_that_cannot_run_has_not_failed_nor_passed() {
        assert_eq!([Some(true), Some(false), None].map(word), ["passed", "FAILED", "skipped"]);
    }

    #[test]
    fn steps_can_be_chosen() {
        assert_eq!(names(&[]).unwrap(), QUICK);
        assert_eq!(names(&["--all"]).unwrap(), step_names());
        assert_eq!(names(&["--only", "python,tidy"]).unwrap(), ["tidy", "python"]);
        assert_eq!(names(&["--skip", "test"]).unwrap(), ["fmt", "tidy", "build"]);
        let most = names(&["--all", "--skip", "interop"]).unwrap();
        assert!(!most.contains(&"interop") && most.contains(&"python"));
        assert!(names(&["--only", "tidi"]).unwrap_err().to_string().contains("tidy"));
        assert!(names(&["--only"]).is_err());
        assert!(names(&["--but", "tidy"]).is_err());
        assert!(names(&["--only", "tidy", "--skip", "tidy"]).is_err());
    }

    #[test]
    fn large_packages_are_asked_for_by_name() {
        assert!(chosen(&words(&["--all"])).unwrap().with.is_empty());
        assert_eq!(chosen(&words(&["--all", "--with", "torch,jax"])).unwrap().with, ["torch", "jax"]);
        assert!(chosen(&words(&["--with", "pytorch"])).unwrap_err().to_string().contains("torch"));
    }

    #[test]
    fn the_time_is_told_before_it_is_spent() {
        let steps = chosen(&[]).unwrap().steps;
        let told = announcement(&steps, Path::new("logs"));
        let minutes = steps.iter().map(|step| step.seconds).sum::<u64>().div_ceil(60);
        assert!(
            told.starts_with("fmt, tidy, build, test: about ") && told.contains(&format!(" {minutes} minutes")),
            "{told}"
        );
        assert!(announcement(&steps[..1], Path::new("logs")).contains("about a minute"));
    }
}
