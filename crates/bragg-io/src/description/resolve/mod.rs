//! A description completed and made into an experiment.
//!
//! Every value that is used ends up in the completed description, from the user, from the table of defaults or computed from others,
//! and the experiment is made from the completed values alone: resolving the completed description again gives the same experiment,
//! bit for bit.

mod amount;
mod amplitudes;
mod automatic;
mod beam;
mod crystal;
mod detector;
mod mask;
mod output;
mod resolver;
mod sampling;

use super::{Description, Notice};
use crate::cache::Cache;
use crate::formats::png;
pub(super) use amplitudes::content_of;
use amplitudes::{Surroundings, mean_energy};
use bragg::error::{Error, Result};
use bragg::experiment::coverage::{Coverage, coverage};
use bragg::experiment::reach::finest_resolution;
use bragg::experiment::{Experiment, Response, UnitCell};
use bragg::monitor::{Monitor, Unwatched};
use bragg::reflections::Reflections;
use bragg::units::EV_ANGSTROM;
use resolver::Resolver;
use std::path::PathBuf;
use std::sync::Arc;

/// A complete experiment and what goes with it.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The experiment.
    pub experiment: Experiment,
    /// Which reflections fall on the detector, where there is a list of amplitudes and it was looked at.
    pub coverage: Option<Coverage>,
    /// What is written.
    pub output: Output,
    /// Exposure time (s), where it was given with a flux.
    pub exposure: Option<f64>,
    /// What the user should know.
    pub notices: Vec<Notice>,
    /// Which samples were chosen, where the description leaves that open, and what they cost.
    pub choice: Option<Notice>,
    /// That it takes hours, where it does.
    pub long_job: Option<Notice>,
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
pub fn resolve_response(description: Description) -> Result<Response> {
    Resolver::new(description).response(None)
}

/// The amplitudes that a description leads to, without beam and detector.
#[derive(Debug, Clone)]
pub struct Amplitudes {
    /// The amplitudes in P1.
    pub reflections: Reflections,
    /// The cell (a, b, c in Å, α, β, γ in deg), where the file or the description has one.
    pub cell: Option<[f64; 6]>,
    /// The wavelength (Å) that was given: there is dispersion, and Friedel mates differ.
    pub wavelength: Option<f64>,
    /// What the user should know.
    pub notices: Vec<Notice>,
    /// The description with every value that was used.
    pub description: Description,
}

/// The amplitudes by a description that need not have an experiment. With a wavelength or an energy there is dispersion.
///
/// # Errors
/// Something is missing, contradicts itself, or a file cannot be used.
pub fn resolve_amplitudes(description: Description, known: &Known) -> Result<Amplitudes> {
    let mut resolver = Resolver::new(description);
    resolver.refuse_contradictions()?;
    let has_beam = resolver.has("beam.wavelength") || resolver.has("beam.energy");
    let wavelength = if has_beam { Some(resolver.wavelength()?) } else { None };
    let energy = wavelength.map(|wavelength| EV_ANGSTROM / wavelength);
    let around =
        Surroundings { wavelength, energy, reach: None, cache: known.cache, computes: true, monitor: known.monitor() };
    let reflections = resolver.reflections(around)?.ok_or_else(|| {
        Error::setting("crystal.structure_factors.file", "is missing: give a file of structure factors or coordinates")
    })?;
    let cell = resolver.cell_of(&reflections)?;
    resolver.notice_unused();
    let Resolver { description, notices, .. } = resolver;
    Ok(Amplitudes { reflections, cell, wavelength, notices, description })
}

/// The unit cell that a file of coordinates or structure factors has; nothing is computed.
///
/// # Errors
/// The file cannot be used.
pub fn resolve_cell(description: Description) -> Result<Option<UnitCell>> {
    Resolver::new(description).cell_of_file()
}

/// Completes a description and makes the experiment; reads the files that it names.
///
/// # Errors
/// Something is missing, contradicts itself, or a file cannot be used.
pub fn resolve(description: Description) -> Result<Resolved> {
    resolve_with(description, None)
}

/// As [`resolve`], with structure factors of models kept in a cache.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_with(description: Description, cache: Option<&Cache>) -> Result<Resolved> {
    resolve_knowing(description, Known { cache, ..Known::default() }).map(|(resolved, _)| resolved)
}

/// What is known before a description is resolved.
#[derive(Debug, Clone, Default)]
pub struct Known<'a> {
    /// Where structure factors of models are kept between runs.
    pub cache: Option<&'a Cache>,
    /// Reflections that take the place of those that the description leads to.
    pub reflections: Option<Arc<Reflections>>,
    /// Whether amplitudes of models are left out, so that the completed description is there at once; the experiment has none then.
    pub without_amplitudes: bool,
    /// Whether the user was told what there is to say of the reflections, of which the [`Coverage`] takes a few hundredths of a second.
    pub user_was_told: bool,
    /// What may stop the work.
    pub monitor: Option<&'a dyn Monitor>,
}

impl<'a> Known<'a> {
    fn monitor(&self) -> &'a dyn Monitor {
        self.monitor.unwrap_or(&Unwatched)
    }
}

/// The reflections of an experiment.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The list.
    pub reflections: Arc<Reflections>,
    /// Whether it is what a file or a program lists: then it holds for another beam, detector or cell, too.
    pub is_plain: bool,
}

/// As [`resolve`], with what is known already, and the reflections to be known the next time.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_knowing(description: Description, known: Known) -> Result<(Resolved, Option<Listed>)> {
    let monitor = known.monitor();
    let mut resolver = Resolver::new(description);
    resolver.refuse_contradictions()?;
    let mut beam = resolver.beam()?;
    monitor.check()?;
    let mut detector = resolver.detector(beam.propagation(), beam.wavelength)?;
    let around = Surroundings {
        wavelength: Some(beam.wavelength),
        energy: Some(mean_energy(&beam)),
        reach: Some(finest_resolution(&detector, &beam)),
        cache: known.cache,
        computes: !known.without_amplitudes,
        monitor: known.monitor(),
    };
    let listed = resolver.listed(around, known.reflections)?;
    let reflections = listed.as_ref().map(|listed| &*listed.reflections);
    monitor.check()?;
    let mut crystal = resolver.crystal(reflections, beam.wavelength)?;
    if !known.user_was_told {
        resolver.compare_cells(&crystal.real_space, reflections);
    }
    let structure_factors = resolver.structure_factors(reflections, crystal.n_cells)?;
    monitor.check()?;
    resolver.mask(&mut detector)?;
    monitor.check()?;
    resolver.choose_samples(&mut crystal, &mut beam, &detector, reflections)?;
    let scan = resolver.scan()?;
    let sampling = resolver.sampling(&crystal, beam.wavelength, &detector)?;
    let water_volume = resolver.water_volume()?;
    let background_plane = resolver.background_plane()?;
    let response = resolver.response(Some(beam.wavelength))?;
    let experiment = Experiment {
        crystal,
        structure_factors,
        beam,
        detector,
        scan,
        sampling,
        water_volume,
        background_plane,
        response,
    };
    resolver.check_work(&experiment)?;
    let (choice, long_job) = (resolver.choice(&experiment), Resolver::long_job(&experiment));
    let output = resolver.output()?;
    let panels = &experiment.detector.panels;
    output.picture.check(&panels.iter().map(|panel| (panel.n_fast, panel.n_slow)).collect::<Vec<_>>())?;
    resolver.notice_unused();
    let looked_at = reflections.filter(|_| !known.user_was_told && !known.without_amplitudes);
    let coverage = looked_at.map(|reflections| coverage(&experiment, reflections));
    resolver.notice_missing(coverage, reflections);
    let Resolver { description, notices, exposure, .. } = resolver;
    Ok((Resolved { experiment, coverage, output, notices, choice, long_job, description, exposure }, listed))
}
