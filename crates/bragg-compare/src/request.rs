//! What is asked of comparisons: of one, or of all in a suite.

use crate::case::{Case, Source};
use crate::metrics::{Profile, Settings, Thresholds};
use crate::words;
use bragg::{Error, Result};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is asked, where it is given; it goes before what a suite says.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The command line of the reference program; the environment variable `NB_C_BIN` where there is none.
    pub reference: Option<String>,
    /// The command line of the candidate; the environment variable `NB_PY_BIN` where there is none, or else the host itself.
    pub candidate: Option<String>,
    /// Thresholds by name.
    pub profile: Option<Profile>,
    /// The least correlation.
    pub min_correlation: Option<f64>,
    /// The most that the ratio of the sums may be off 1.
    pub max_sum_deviation: Option<f64>,
    /// The most that a peak may be shifted (pixels).
    pub max_peak_shift: Option<f64>,
    /// The largest relative difference of a pixel.
    pub max_rel: Option<f64>,
    /// How images are compared; without the mask, which is a file.
    pub settings: Settings,
    /// An image of the pixels that take part: those above 0.
    pub mask: Option<PathBuf>,
    /// Pixels along fast and slow of images that do not say them.
    pub size: Option<(usize, usize)>,
    /// Runs of each program.
    pub repeat: usize,
    /// Seconds that a program may take.
    pub timeout: f64,
    /// Threads of each program.
    pub threads: Option<u16>,
}

/// The longest time limit: one that the clock can still add.
pub(crate) const LONGEST: Duration = Duration::from_secs(1_000_000_000);

impl Request {
    /// Refuses numbers that mean nothing.
    ///
    /// # Errors
    /// The time limit is not positive, or a threshold is not a number.
    pub fn check(&self) -> Result<()> {
        let timeout = self.timeout;
        if timeout.is_nan() || timeout <= 0.0 {
            return Err(Error::setting("timeout", format!("is {timeout}; it must be a positive number of seconds")));
        }
        let limits = [
            ("min_correlation", self.min_correlation),
            ("max_sum_deviation", self.max_sum_deviation),
            ("max_peak_shift", self.max_peak_shift),
            ("max_rel", self.max_rel),
        ];
        match limits.iter().find(|(_, limit)| limit.is_some_and(f64::is_nan)) {
            Some((name, _)) => Err(Error::setting(*name, "is not a number; with it nothing could be judged")),
            None => Ok(()),
        }
    }

    /// A comparison of two files, the reference and the candidate.
    #[must_use]
    pub fn of_images(&self, images: [&Path; 2]) -> Case {
        self.with_sides(images.map(|path| Source::Image(path.to_owned())))
    }

    /// A comparison of two programs that are given the same nanoBragg arguments.
    ///
    /// # Errors
    /// There is no reference, a command cannot be taken apart, or an input is not there.
    pub fn of_programs(&self, arguments: &[String]) -> Result<Case> {
        let Some(reference) = program("reference", self.reference.as_deref(), "NB_C_BIN")? else {
            let what = "is missing; give the command line of the reference program, or set NB_C_BIN";
            return Err(Error::setting("reference", what));
        };
        let mut case = self.with_sides([reference, self.candidate()?]);
        case.arguments = Some(words::resolve(arguments, Path::new(""))?);
        Ok(case)
    }

    /// The candidate that is asked for, or the host.
    pub(crate) fn candidate(&self) -> Result<Source> {
        Ok(program("candidate", self.candidate.as_deref(), "NB_PY_BIN")?.unwrap_or(Source::Host))
    }

    /// A case with these settings and nothing to run.
    pub(crate) fn with_sides(&self, [reference, candidate]: [Source; 2]) -> Case {
        Case {
            reference,
            candidate,
            arguments: None,
            candidate_args: Vec::new(),
            size: self.size,
            settings: self.settings.clone(),
            mask: self.mask.clone(),
            thresholds: self.thresholds(self.profile.unwrap_or_default().thresholds()),
            timeout: Duration::try_from_secs_f64(self.timeout).unwrap_or(LONGEST).min(LONGEST),
            repeat: self.repeat,
            threads: self.threads,
        }
    }

    /// Thresholds, as far as no others are asked for.
    pub(crate) fn thresholds(&self, otherwise: Thresholds) -> Thresholds {
        Thresholds {
            min_correlation: self.min_correlation.unwrap_or(otherwise.min_correlation),
            max_sum_deviation: self.max_sum_deviation.unwrap_or(otherwise.max_sum_deviation),
            max_peak_shift: self.max_peak_shift.or(otherwise.max_peak_shift),
            max_rel: self.max_rel.or(otherwise.max_rel),
        }
    }
}

/// The program that a setting names, or else a variable of the environment.
pub(crate) fn program(setting: &str, given: Option<&str>, variable: &str) -> Result<Option<Source>> {
    let set = std::env::var(variable).ok().filter(|text| !text.trim().is_empty());
    let command = match (given, &set) {
        (Some(text), _) => Some(words::command(setting, text)?),
        (None, Some(text)) => Some(words::command(variable, text)?),
        (None, None) => None,
    };
    Ok(command.map(Source::Program))
}
