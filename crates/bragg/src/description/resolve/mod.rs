//! A description completed and made into an experiment.
//!
//! Every value that is used ends up in the completed description, from the user, from the table of defaults or computed from others,
//! and the experiment is made from the completed values alone: resolving the completed description again gives the same experiment,
//! bit for bit.

mod beam;
mod crystal;
mod detector;
mod resolver;
mod sampling;

use super::{Description, Entry, Notice};
use crate::error::Result;
use crate::experiment::Experiment;
use resolver::Resolver;
use std::path::PathBuf;

/// A complete experiment and what goes with it.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The experiment; its panels' masks are still to be read from [`Self::mask`].
    pub experiment: Experiment,
    /// The image whose zero pixels are skipped (`detector.mask`), and where it was given.
    pub mask: Option<(PathBuf, Entry)>,
    /// How photons become counts.
    pub noise: Noise,
    /// What is written.
    pub output: Output,
    /// What the user should know.
    pub notices: Vec<Notice>,
    /// The description with every value that was used.
    pub description: Description,
}

/// How photons become counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Seed of the Poisson noise; `None` for no noise.
    pub poisson_seed: Option<u64>,
    /// Counts added to every pixel.
    pub adc_offset: f64,
    /// Counts per photon.
    pub gain: f64,
    /// Largest count; that of the file format when `None`.
    pub saturation: Option<f64>,
}

/// What is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// The images; their extensions name the formats.
    pub files: Vec<PathBuf>,
    /// How pictures look.
    pub png: PngSettings,
}

/// How pictures look.
#[derive(Debug, Clone, PartialEq)]
pub struct PngSettings {
    /// `log`, `percentile` or `linear`.
    pub scale: String,
    /// Name of the colour map.
    pub color_map: String,
    /// Resolutions (Å) at which rings are drawn.
    pub rings: Vec<f64>,
    /// Whether the beam centre is marked.
    pub beam_cross: bool,
    /// Largest width in dots; one dot per pixel when `None`.
    pub max_width: Option<usize>,
}

/// Completes a description and makes the experiment; reads the files that it names.
///
/// # Errors
/// Something is missing, contradicts itself, or a file cannot be used.
pub fn resolve(description: Description) -> Result<Resolved> {
    let mut resolver = Resolver::new(description);
    resolver.refuse_contradictions()?;
    let beam = resolver.beam()?;
    let reflections = resolver.reflections()?;
    let crystal = resolver.crystal(reflections.as_ref(), beam.wavelength)?;
    let structure_factors = resolver.structure_factors(reflections, crystal.n_cells)?;
    let detector = resolver.detector(beam.propagation(), beam.wavelength)?;
    let scan = resolver.scan()?;
    let sampling = resolver.sampling(&crystal, beam.wavelength, &detector)?;
    let water_thickness = resolver.number("background.water")?;
    let experiment = Experiment { crystal, structure_factors, beam, detector, scan, sampling, water_thickness };
    resolver.check_work(&experiment)?;
    let noise = resolver.noise()?;
    let output = resolver.output()?;
    let mask = resolver.mask();
    resolver.notice_unused();
    let Resolver { description, notices, .. } = resolver;
    Ok(Resolved { experiment, mask, noise, output, notices, description })
}
