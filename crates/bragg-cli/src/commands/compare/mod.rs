//! `bragg compare`: evidence that two simulators make the same image.

pub(crate) mod arguments;

use crate::interrupt::Signals;
use crate::{exit, interrupt, messages, options};
use anyhow::Result;
use arguments::Compare;
use bragg::Error;
use bragg_compare::metrics::{Profile, Settings};
use bragg_compare::{Bundle, Case, Host, Request, Status, Suite, carry_out};
use std::path::Path;

/// Runs the command; its exit statuses are its own.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn run(arguments: &Compare) -> Result<u8> {
    let outcome = match &arguments.suite {
        Some(file) => suite(arguments, file),
        None => one(arguments),
    };
    match outcome {
        Ok(status) => Ok(status.code()),
        Err(error) => {
            let status = error.downcast_ref().map_or(Status::InputOutput, Status::of);
            if status == Status::Interrupted {
                interrupt::tell("interrupted; what was there by then is in the bundle");
            } else {
                // its own status below, in place of the program's common ones
                exit::report(&options::in_any(error));
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
    let request = request(arguments);
    request.check()?;
    let case = case(arguments, &request)?;
    let host = host()?;
    let bundle = bundle(arguments)?;
    let outcome = carry_out(&case, &bundle, &host)?;
    if arguments.json {
        messages::print(format!("{:#}\n", outcome.to_json(&case)).as_bytes())?;
    } else if !arguments.quiet {
        messages::print(outcome.lines(&bundle).as_bytes())?;
    }
    if !matches!(outcome.status, Status::Agree | Status::BelowThreshold) {
        messages::error(&outcome.message);
    }
    Ok(outcome.status)
}

/// A suite of them.
fn suite(arguments: &Compare, file: &Path) -> Result<Status> {
    let mut suite = Suite::read(file)?;
    suite.choose(&arguments.case)?;
    let host = host()?;
    let bundle = bundle(arguments)?;
    let finished = suite.carry_out(&request(arguments), arguments.jobs.map(usize::from), &bundle, &host)?;
    if arguments.json {
        messages::print(format!("{:#}\n", finished.json).as_bytes())?;
    } else if !arguments.quiet {
        messages::print(format!("{}{}\n", finished.table, messages::name(&finished.index)).as_bytes())?;
    }
    Ok(finished.status)
}

/// This program, which may be a candidate and be interrupted.
fn host() -> Result<Host<'static>> {
    let program = crate::own_program().map_err(|error| Error::io("find", Path::new("the running program"), error))?;
    Ok(Host { program, monitor: &Signals, in_its_words: options::in_error })
}

/// The folder to leave.
fn bundle(arguments: &Compare) -> bragg::Result<Bundle> {
    match &arguments.outdir {
        Some(folder) => Bundle::at(folder),
        None => Bundle::of(&crate::arguments()),
    }
}

/// What the command line asks for.
fn case(arguments: &Compare, request: &Request) -> bragg::Result<Case> {
    if let Some([reference, candidate]) = arguments.images.as_deref() {
        return Ok(request.of_images([reference, candidate]));
    }
    if arguments.args.is_empty() {
        let what = "are missing; give the nanoBragg arguments behind --, or --images A B, or --suite FILE.toml";
        return Err(Error::setting("ARGS", what));
    }
    request.of_programs(&arguments.args)
}

/// What the command line asks of every comparison.
fn request(arguments: &Compare) -> Request {
    let four = |words: &Vec<usize>| <[usize; 4]>::try_from(words.as_slice()).ok();
    let two = |words: &Vec<usize>| <[usize; 2]>::try_from(words.as_slice()).ok();
    Request {
        reference: arguments.reference.clone(),
        candidate: arguments.candidate.clone(),
        profile: arguments.profile.map(Profile::from),
        min_correlation: arguments.min_correlation,
        max_sum_deviation: arguments.max_sum_deviation,
        max_peak_shift: arguments.max_peak_shift,
        max_rel: arguments.max_rel,
        settings: Settings {
            roi: arguments.roi.as_ref().and_then(four),
            mask: None,
            rel_tolerance: arguments.rel_tolerance,
            rel_floor: arguments.rel_floor,
            n_peaks: arguments.peaks,
            gate: arguments.gate,
        },
        mask: arguments.mask.clone(),
        size: arguments.size.as_ref().and_then(two).map(|[fast, slow]| (fast, slow)),
        repeat: arguments.repeat.into(),
        timeout: arguments.timeout,
        threads: arguments.threads,
    }
}
