//! `bragg compare`: evidence that two simulators make the same image.

pub(crate) mod arguments;
mod bundle;
mod case;
mod environment;
mod load;
mod notes;
mod pictures;
pub(crate) mod process;
mod python;
mod record;
mod report;
mod status;
mod suite;
mod summary;
mod words;

use crate::{exit, interrupt, messages};
use anyhow::Result;
use arguments::Compare;
use bragg::Error;
use bragg::compare::{Profile, Settings, Thresholds};
use bundle::Bundle;
use case::{Case, Source};
use status::Status;
use std::path::Path;
use std::time::Duration;

/// Runs the command; its exit statuses are its own.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn run(arguments: &Compare) -> Result<u8> {
    let outcome = if arguments.suite.is_some() { suite::run(arguments) } else { one(arguments) };
    match outcome {
        Ok(status) => Ok(status.code()),
        Err(error) => {
            let status = Status::of(&error);
            if status == Status::Interrupted {
                interrupt::tell("interrupted; what was there by then is in the bundle");
            } else {
                // its own status below, in place of the program's common ones
                exit::report(&error);
            }
            Ok(status.code())
        }
    }
}

/// Prints the help that was asked for, or what is wrong with the command line, with the status of this command.
///
/// # Errors
/// Standard output or standard error is closed.
pub(crate) fn of_usage(error: &clap::Error) -> Result<u8> {
    let is_help = error.exit_code() == 0;
    let status = exit::of_usage(error)?;
    Ok(if is_help { status } else { Status::Usage.code() })
}

/// One comparison.
fn one(arguments: &Compare) -> Result<Status> {
    check_limits(arguments)?;
    let case = case(arguments)?;
    let bundle = match &arguments.outdir {
        Some(folder) => Bundle::at(folder)?,
        None => Bundle::of(&crate::arguments())?,
    };
    let outcome = case::carry_out(&case, &bundle)?;
    if arguments.json {
        messages::print(format!("{:#}\n", record::metrics(&case, &outcome)).as_bytes())?;
    } else if !arguments.quiet {
        messages::print(summary::lines(&outcome, bundle.folder()).as_bytes())?;
    }
    if !matches!(outcome.status, Status::Agree | Status::BelowThreshold) {
        messages::error(&outcome.message);
    }
    Ok(outcome.status)
}

/// Numbers that clap lets pass and that mean nothing.
fn check_limits(arguments: &Compare) -> Result<()> {
    let timeout = arguments.timeout;
    if timeout.is_nan() || timeout <= 0.0 {
        return Err(
            Error::setting("--timeout", format!("is {timeout}; it must be a positive number of seconds")).into()
        );
    }
    let limits = [
        ("--min-correlation", arguments.min_correlation),
        ("--max-sum-deviation", arguments.max_sum_deviation),
        ("--max-peak-shift", arguments.max_peak_shift),
        ("--max-rel", arguments.max_rel),
    ];
    match limits.iter().find(|(_, limit)| limit.is_some_and(f64::is_nan)) {
        Some((option, _)) => Err(Error::setting(*option, "is not a number; with it nothing could be judged").into()),
        None => Ok(()),
    }
}

/// What the command line asks for.
fn case(arguments: &Compare) -> Result<Case> {
    if let Some([reference, candidate]) = arguments.images.as_deref() {
        let image = |path: &Path| Source::Image(path.to_owned());
        return Ok(with_settings(arguments, [image(reference), image(candidate)]));
    }
    if arguments.args.is_empty() {
        let what = "are missing; give the nanoBragg arguments behind --, or --images A B, or --suite FILE.toml";
        return Err(Error::setting("ARGS", what).into());
    }
    let Some(reference) = program("--reference", arguments.reference.as_deref(), "NB_C_BIN")? else {
        let what = "is missing; give the command line of the reference program, or set NB_C_BIN";
        return Err(Error::setting("--reference", what).into());
    };
    let mut case = with_settings(arguments, [reference, candidate(arguments)?]);
    case.arguments = Some(words::resolve(&arguments.args, Path::new(""))?);
    Ok(case)
}

/// The candidate that is asked for, or ourselves.
fn candidate(arguments: &Compare) -> Result<Source> {
    Ok(program("--candidate", arguments.candidate.as_deref(), "NB_PY_BIN")?.unwrap_or(Source::Ourselves))
}

/// The program that an option names, or else a variable of the environment.
fn program(option: &str, given: Option<&str>, variable: &str) -> Result<Option<Source>> {
    let set = std::env::var(variable).ok().filter(|text| !text.trim().is_empty());
    let command = match (given, &set) {
        (Some(text), _) => Some(words::command(option, text)?),
        (None, Some(text)) => Some(words::command(variable, text)?),
        (None, None) => None,
    };
    Ok(command.map(Source::Program))
}

/// A case with the settings of the command line and nothing to run.
fn with_settings(arguments: &Compare, [reference, candidate]: [Source; 2]) -> Case {
    let four = |words: &Vec<usize>| <[usize; 4]>::try_from(words.as_slice()).ok();
    let two = |words: &Vec<usize>| <[usize; 2]>::try_from(words.as_slice()).ok();
    Case {
        reference,
        candidate,
        arguments: None,
        candidate_args: Vec::new(),
        size: arguments.size.as_ref().and_then(two).map(|[fast, slow]| (fast, slow)),
        settings: Settings {
            roi: arguments.roi.as_ref().and_then(four),
            mask: None,
            rel_tolerance: arguments.rel_tolerance,
            rel_floor: arguments.rel_floor,
            n_peaks: arguments.peaks,
            gate: arguments.gate,
        },
        mask: arguments.mask.clone(),
        thresholds: thresholds(arguments, arguments.profile.map(Profile::from).unwrap_or_default().thresholds()),
        timeout: Duration::try_from_secs_f64(arguments.timeout).unwrap_or(LONGEST).min(LONGEST),
        repeat: arguments.repeat.into(),
        threads: arguments.threads,
    }
}

/// The longest time limit: one that the clock can still add.
const LONGEST: Duration = Duration::from_secs(1_000_000_000);

/// Thresholds, as far as the command line does not set others.
fn thresholds(arguments: &Compare, otherwise: Thresholds) -> Thresholds {
    Thresholds {
        min_correlation: arguments.min_correlation.unwrap_or(otherwise.min_correlation),
        max_sum_deviation: arguments.max_sum_deviation.unwrap_or(otherwise.max_sum_deviation),
        max_peak_shift: arguments.max_peak_shift.or(otherwise.max_peak_shift),
        max_rel: arguments.max_rel.or(otherwise.max_rel),
    }
}
