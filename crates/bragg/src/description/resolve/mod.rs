//! A description completed and made into an experiment.
//!
//! Every value that is used ends up in the completed description, from the user, from the table of defaults or computed from others,
//! and the experiment is made from the completed values alone: resolving the completed description again gives the same experiment,
//! bit for bit.

mod beam;
mod crystal;
mod detector;
mod mask;
mod output;
mod resolver;
mod sampling;

use super::{Description, Notice};
use crate::error::Result;
use crate::experiment::coverage::{Coverage, coverage};
use crate::experiment::{Experiment, Noise};
use crate::io::png;
use crate::reflections::Reflections;
use resolver::Resolver;
use std::path::PathBuf;

/// A complete experiment and what goes with it.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The experiment.
    pub experiment: Experiment,
    /// Which reflections fall on the detector, where there is a list of amplitudes and it was looked at.
    pub coverage: Option<Coverage>,
    /// How photons become counts.
    pub noise: Noise,
    /// What is written.
    pub output: Output,
    /// Exposure time (s), where it was given with a flux.
    pub exposure: Option<f64>,
    /// What the user should know.
    pub notices: Vec<Notice>,
    /// The description with every value that was used.
    pub description: Description,
}

/// What is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// The images; their extensions name the formats.
    pub files: Vec<PathBuf>,
    /// How pictures look.
    pub picture: png::Style,
}

/// How pictures look by a description that need not have an experiment.
///
/// # Errors
/// A setting contradicts itself or another.
pub fn resolve_picture(description: Description) -> Result<png::Style> {
    let mut resolver = Resolver::new(description);
    resolver.refuse_contradictions()?;
    resolver.picture()
}

/// How photons become counts by a description that need not have an experiment.
///
/// # Errors
/// A setting contradicts another.
pub fn resolve_noise(description: Description) -> Result<Noise> {
    Resolver::new(description).noise()
}

/// Completes a description and makes the experiment; reads the files that it names.
///
/// # Errors
/// Something is missing, contradicts itself, or a file cannot be used.
pub fn resolve(description: Description) -> Result<Resolved> {
    complete(description, None, true)
}

/// The same with reflections that are there already: those of the file that the description names, or, where it names none, others.
/// Looking at the [`Coverage`] takes a few hundredths of a second, which somebody who was told before can spare.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_with(description: Description, reflections: &Reflections, with_coverage: bool) -> Result<Resolved> {
    complete(description, Some(reflections), with_coverage)
}

/// The reflections of the file that a description names, for [`resolve_with`]; `None` when it names none.
///
/// # Errors
/// The description contradicts itself, or the file cannot be used.
pub fn read_reflections(description: Description) -> Result<Option<Reflections>> {
    let mut resolver = Resolver::new(description);
    resolver.refuse_contradictions()?;
    resolver.reflections(None)
}

fn complete(description: Description, given: Option<&Reflections>, with_coverage: bool) -> Result<Resolved> {
    let mut resolver = Resolver::new(description);
    resolver.refuse_contradictions()?;
    let beam = resolver.beam()?;
    let read = resolver.reflections(given)?;
    let reflections = given.or(read.as_ref());
    let crystal = resolver.crystal(reflections, beam.wavelength)?;
    let structure_factors = resolver.structure_factors(reflections, crystal.n_cells)?;
    let mut detector = resolver.detector(beam.propagation(), beam.wavelength)?;
    resolver.mask(&mut detector)?;
    let scan = resolver.scan()?;
    let sampling = resolver.sampling(&crystal, beam.wavelength, &detector)?;
    let water_thickness = resolver.number("background.water")?;
    let experiment = Experiment { crystal, structure_factors, beam, detector, scan, sampling, water_thickness };
    resolver.check_work(&experiment)?;
    let noise = resolver.noise()?;
    let output = resolver.output()?;
    resolver.notice_unused();
    let coverage = reflections.filter(|_| with_coverage).map(|reflections| coverage(&experiment, reflections));
    resolver.notice_missing(coverage);
    let Resolver { description, notices, exposure, .. } = resolver;
    Ok(Resolved { experiment, coverage, noise, output, notices, description, exposure })
}
