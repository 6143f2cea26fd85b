//! What parameters are in an experiment: their values, and which of them it has.

use super::names::TABLE;
use super::parameter::{CellNumbers, CrystalSystem, PanelAxis, Parameter, Range};
use crate::error::{Error, Result};
use crate::experiment::beam::Ticks;
use crate::experiment::{Experiment, Mosaic, MosaicSpread, Physics, Shape, UnitCell};
use std::collections::HashSet;

/// Edges (relative) and angles (deg) of a group of equal numbers of the cell may differ by this.
const TIED: f64 = 1e-4;
/// Cosine nearer to 1 than this: along an axis.
const ALONG: f64 = 1e-9;

type Why = std::result::Result<(), String>;

fn refuse(why: impl Into<String>) -> Why {
    Err(why.into())
}

impl Parameter {
    /// Checks that the image of an experiment has a useful derivative with respect to this parameter.
    ///
    /// # Errors
    /// It has none; the message says why.
    pub fn check(&self, experiment: &Experiment) -> Result<()> {
        let why = common(experiment)
            .and_then(|()| self.crystal(experiment))
            .and_then(|()| self.beam(experiment))
            .and_then(|()| self.detector(experiment));
        why.map_err(|why| Error::setting(self.name(), why))
    }

    /// Its value in its unit; 0 for small rotations.
    ///
    /// # Errors
    /// The experiment does not have it.
    pub fn value(&self, experiment: &Experiment) -> Result<f64> {
        if let Some(value) = self.number(experiment) {
            return Ok(value);
        }
        self.check(experiment)?;
        Err(Error::setting(self.name(), "has no value in this experiment"))
    }

    /// Its value where the experiment has it.
    fn number(&self, experiment: &Experiment) -> Option<f64> {
        let Experiment { crystal, structure_factors, beam, detector, scan, .. } = experiment;
        match *self {
            Self::Cell(numbers) => Some(UnitCell::from_basis(&crystal.real_space).parameters()[numbers.places()[0]]),
            Self::RealSpace(edge, axis) => Some(crystal.real_space.0[edge][axis as usize]),
            Self::Orientation(_)
            | Self::BeamDirection(_)
            | Self::PolarizationAngle
            | Self::PanelRotation(..)
            | Self::DetectorRotation(_) => Some(0.0),
            Self::AmplitudeLogScale => Some(structure_factors.scale.ln()),
            Self::Intensity(hkl) => structure_factors
                .grid
                .as_ref()
                .and_then(|grid| grid.position(hkl).map(|i| grid.amplitudes[i] * grid.amplitudes[i])),
            Self::Wavelength => Some(beam.wavelength),
            Self::SourceRange(range) => ticks(experiment, range).map(|ticks| ticks.range),
            Self::Distance => Some(detector.distance),
            Self::BeamCenter(axis) => beam_center(experiment).map(|center| center[axis as usize]),
            Self::TwoTheta => Some(detector.arm.two_theta),
            Self::SensorThickness => detector.sensor.map(|sensor| sensor.layer_thickness * sensor.n_layers as f64),
            Self::AttenuationLength => detector.sensor.map(|sensor| 1.0 / sensor.attenuation),
            Self::ScanStart => Some(scan.start),
            Self::ScanRange => Some(scan.range),
            _ => self.place(experiment).copied(),
        }
    }

    /// Every parameter that an experiment has and that [`Self::check`] passes; of the reflections none, since there are so many.
    pub fn of(experiment: &Experiment) -> Vec<Self> {
        let lists = |first: Self| match first {
            Self::Intensity(_) => Vec::new(),
            Self::SourceWeight(_) => (0..experiment.beam.sources.len()).map(Self::SourceWeight).collect(),
            Self::SourceWavelength(_) => (0..experiment.beam.sources.len()).map(Self::SourceWavelength).collect(),
            Self::PanelOrigin(_, axis) => {
                (0..experiment.detector.panels.len()).map(|i| Self::PanelOrigin(i, axis)).collect()
            }
            Self::PanelRotation(_, axis) => {
                (0..experiment.detector.panels.len()).map(|i| Self::PanelRotation(i, axis)).collect()
            }
            other => vec![other],
        };
        let all = TABLE.iter().flat_map(|row| lists(row.parameter));
        all.filter(|parameter| parameter.check(experiment).is_ok()).collect()
    }

    fn crystal(&self, experiment: &Experiment) -> Why {
        let Experiment { crystal, structure_factors, .. } = experiment;
        match *self {
            Self::Cell(numbers) => tied(experiment, numbers),
            Self::Fudge if crystal.shape == Shape::Square => {
                refuse("has no effect on square crystals; crystal.shape = \"round\" or \"gauss\" has it")
            }
            Self::MosaicEta | Self::MosaicHalfWidth => self.mosaicity(&crystal.mosaic),
            Self::BFactor | Self::Intensity(_) if structure_factors.grid.is_none() => {
                refuse("needs a list of reflections (crystal.structure_factors.file)")
            }
            Self::Intensity(_) => match self.number(experiment) {
                Some(square) if square > 0.0 => Ok(()),
                Some(_) => refuse("is 0, where the amplitude has no derivative with respect to its square"),
                None => refuse("is outside the indices of the structure-factor file"),
            },
            Self::ScanRange if experiment.scan.range == 0.0 => refuse("is 0: the image is a still"),
            Self::ScanRange if experiment.scan.n_steps == 1 && experiment.scan.first == experiment.scan.start => {
                refuse("has no effect: the one step is sampled at its start; give more scan.steps")
            }
            Self::Water if experiment.water_volume == 0.0 => {
                refuse("is 0: there is no water in the beam; give some to start from")
            }
            _ => Ok(()),
        }
    }

    fn mosaicity(&self, mosaic: &Mosaic) -> Why {
        let of_spread = mosaicity(mosaic);
        if *self != of_spread && mosaic.spread.width() > 0.0 {
            return refuse(format!("is the width of another distribution than the domains have; take {of_spread}"));
        }
        if mosaic.n_domains < 2 {
            return refuse("has no effect on one mosaic domain, which is not turned; give more crystal.mosaic.domains");
        }
        if mosaic.spread.width() <= 0.0 {
            return refuse("is 0, from where it can only rise; start at a small mosaicity");
        }
        Ok(())
    }

    fn beam(&self, experiment: &Experiment) -> Why {
        let beam = &experiment.beam;
        let off = "has no effect: beam.polarization is \"none\"";
        match *self {
            Self::BeamDirection(axis) if beam.direction.dot(axis.vector()).abs() > 1.0 - ALONG => {
                refuse("is about the beam itself; the other two axes move it (beam.polarization_angle turns its field)")
            }
            Self::KahnFactor | Self::PolarizationAngle if beam.polarization.is_none() => refuse(off),
            Self::PolarizationAngle if beam.polarization.is_some_and(|field| field.kahn_factor == 0.0) => {
                refuse("has no effect on an unpolarised beam (beam.kahn_factor is 0)")
            }
            Self::SourceWeight(i) | Self::SourceWavelength(i) if i >= beam.sources.len() => {
                refuse(format!("is not there: the beam has the sources 0 to {}", beam.sources.len().saturating_sub(1)))
            }
            Self::SourceRange(_) if beam.spread.is_none() => {
                refuse("has no effect: the sources are a list (beam.source_file)")
            }
            Self::SourceRange(range) if !ticks(experiment, range).is_some_and(|ticks| ticks.is_spread()) => {
                refuse("is 0: there is one point in it; give a range and steps to start from")
            }
            _ => Ok(()),
        }
    }

    fn detector(&self, experiment: &Experiment) -> Why {
        let detector = &experiment.detector;
        match *self {
            Self::BeamCenter(_) if beam_center(experiment).is_none() => refuse(
                "is not there: the beam does not meet the plane of the first panel; take detector.panel[0].origin",
            ),
            Self::PanelOrigin(i, _) | Self::PanelRotation(i, _) if i >= detector.panels.len() => refuse(format!(
                "is not there: the detector has the panels 0 to {}",
                detector.panels.len().saturating_sub(1)
            )),
            Self::SensorThickness | Self::AttenuationLength if detector.sensor.is_none() => {
                refuse("has no effect: no sensor is described, every photon is counted at the surface")
            }
            _ => Ok(()),
        }
    }
}

/// The parameter that is the width of the domains' distribution.
fn mosaicity(mosaic: &Mosaic) -> Parameter {
    match mosaic.spread {
        MosaicSpread::Gaussian { .. } => Parameter::MosaicEta,
        MosaicSpread::Cap { .. } => Parameter::MosaicHalfWidth,
    }
}

/// What stands against all derivatives.
fn common(experiment: &Experiment) -> Why {
    if experiment.sampling.physics == Physics::NanoBragg {
        return refuse("has derivatives in correct physics only; take sampling.physics = \"correct\"");
    }
    let shape = experiment.crystal.shape;
    if shape.is_tophat() {
        return refuse(format!(
            "has no useful derivative with crystal.shape = \"{}\": its spots are flat and end at once; \
             \"gauss\" is the smooth shape of the same width",
            shape.name()
        ));
    }
    Ok(())
}

fn tied(experiment: &Experiment, numbers: CellNumbers) -> Why {
    let cell = UnitCell::from_basis(&experiment.crystal.real_space).parameters();
    let places = numbers.places();
    let first = cell[places[0]];
    let tolerance = if places[0] < 3 { TIED * first } else { TIED };
    if places.iter().all(|&place| (cell[place] - first).abs() <= tolerance) {
        return Ok(());
    }
    let names = ["a", "b", "c", "alpha", "beta", "gamma"];
    let text: Vec<_> = places.iter().map(|&place| format!("{} is {:.6}", names[place], cell[place])).collect();
    refuse(format!("moves equal numbers together, but {}; take them one by one", text.join(", ")))
}

fn ticks(experiment: &Experiment, range: Range) -> Option<Ticks> {
    let spread = experiment.beam.spread?;
    Some(match range {
        Range::Horizontal => spread.horizontal,
        Range::Vertical => spread.vertical,
        Range::Dispersion => spread.dispersion,
    })
}

fn beam_center(experiment: &Experiment) -> Option<[f64; 2]> {
    experiment.detector.panels.first()?.intersection(experiment.beam.propagation())
}

/// Names of groups of parameters, each with what is in it.
pub const GROUPS: &[(&str, &str)] = &[
    (
        "cell",
        "the free numbers of the cell, by the crystal system that it has; cell:SYSTEM for those of another system",
    ),
    ("orientation", "crystal.orientation.x, .y, .z"),
    ("matrix", "the nine components of crystal.real_space_a, _b and _c: cell and orientation"),
    ("n_cells", "crystal.n_cells.a, .b, .c"),
    ("scale", "crystal.scale"),
    ("mosaic", "crystal.mosaic.eta, or crystal.mosaic.half_width of a cap"),
    ("detector", "detector.distance and detector.beam_center.fast, .slow"),
    ("tilt", "detector.rotation.x, .y, .z"),
    ("f2", "crystal.structure_factors.f2[h,k,l] of every reflection of the file"),
    ("beam", "beam.direction about the two axes most across the beam"),
    ("background", "background.offset, .slope_fast, .slope_slow"),
    ("all", "every parameter that the experiment has and that does no more than others do"),
];

/// The parameters that a list of names and groups separated by commas stands for, each once, in the order given; all are checked.
/// Commas within brackets belong to the name.
///
/// # Errors
/// A name is unknown, or the image has no useful derivative with respect to a parameter.
pub fn parse_list(text: &str, experiment: &Experiment) -> Result<Vec<Parameter>> {
    let mut depth = 0;
    let names = text.split(|c: char| {
        depth += i32::from(c == '[') - i32::from(c == ']');
        c == ',' && depth == 0
    });
    let (mut list, mut seen) = (Vec::new(), HashSet::new());
    for name in names.map(str::trim).filter(|name| !name.is_empty()) {
        let parameters = match group(name, experiment) {
            Some(parameters) => parameters?,
            None => vec![Parameter::parse(name)?],
        };
        for parameter in parameters {
            parameter.check(experiment)?;
            if seen.insert(parameter) {
                list.push(parameter);
            }
        }
    }
    Ok(list)
}

/// The parameter that a name, or that of a group of one, stands for. Whether the image has a derivative with respect to it is not asked.
///
/// # Errors
/// There is no such parameter, or the name is that of a group of several.
pub fn parse_one(name: &str, experiment: &Experiment) -> Result<Parameter> {
    let name = name.trim();
    let Some(members) = group(name, experiment) else { return Parameter::parse(name) };
    match members?[..] {
        [one] => Ok(one),
        ref members => {
            let what = format!("stands for {} parameters, each of which needs a value of its own", members.len());
            Err(Error::setting(name, what))
        }
    }
}

/// The parameters of a group; `None` when there is no group of that name.
fn group(name: &str, experiment: &Experiment) -> Option<Result<Vec<Parameter>>> {
    let starting = |start: &str| {
        let all = TABLE.iter().filter(|row| row.name.starts_with(start)).map(|row| row.parameter);
        Some(Ok(all.collect::<Vec<_>>()))
    };
    if let Some(system) = name.strip_prefix("cell:") {
        let known = CrystalSystem::parse(system).map(CrystalSystem::free).ok_or_else(|| {
            let what = "names no crystal system; they are cubic, hexagonal, rhombohedral, tetragonal, orthorhombic, monoclinic and triclinic";
            Error::setting(name, what)
        });
        return Some(known);
    }
    match name {
        "cell" => Some(Ok(CrystalSystem::of(&UnitCell::from_basis(&experiment.crystal.real_space)).free())),
        "orientation" => starting("crystal.orientation."),
        "matrix" => starting("crystal.real_space_"),
        "n_cells" => starting("crystal.n_cells."),
        "scale" => Some(Ok(vec![Parameter::CrystalScale])),
        "mosaic" => Some(Ok(vec![mosaicity(&experiment.crystal.mosaic)])),
        "detector" => {
            let mut parameters = vec![Parameter::Distance];
            parameters.extend([PanelAxis::Fast, PanelAxis::Slow].map(Parameter::BeamCenter));
            Some(Ok(parameters))
        }
        "tilt" => starting("detector.rotation."),
        "f2" => Some(intensities(experiment)),
        "beam" => {
            use super::parameter::Axis::{X, Y, Z};
            let mut axes = [X, Y, Z];
            axes.sort_by(|a, b| {
                let along = |axis: &super::parameter::Axis| experiment.beam.direction.dot(axis.vector()).abs();
                along(a).total_cmp(&along(b))
            });
            Some(Ok(axes[..2].iter().copied().map(Parameter::BeamDirection).collect()))
        }
        "background" => Some(Ok(vec![
            Parameter::BackgroundOffset,
            Parameter::BackgroundSlope(PanelAxis::Fast),
            Parameter::BackgroundSlope(PanelAxis::Slow),
        ])),
        "all" => Some(Ok(independent(experiment))),
        _ => None,
    }
}

/// Every reflection whose intensity is not 0.
fn intensities(experiment: &Experiment) -> Result<Vec<Parameter>> {
    let Some(grid) = &experiment.structure_factors.grid else {
        return Err(Error::setting("f2", "needs a list of reflections (crystal.structure_factors.file)"));
    };
    let list = grid.to_reflections().list.into_iter().filter(|(_, amplitude)| *amplitude > 0.0);
    Ok(list.map(|(hkl, _)| Parameter::Intensity(hkl)).collect())
}

/// Every parameter of an experiment, each way to change the scene once.
fn independent(experiment: &Experiment) -> Vec<Parameter> {
    let cell = CrystalSystem::of(&UnitCell::from_basis(&experiment.crystal.real_space)).free();
    let one_panel = experiment.detector.panels.len() == 1;
    Parameter::of(experiment)
        .into_iter()
        .filter(|parameter| match parameter {
            Parameter::Cell(_) => cell.contains(parameter),
            Parameter::RealSpace(..)
            | Parameter::AmplitudeScale
            | Parameter::AmplitudeLogScale
            | Parameter::SourceWavelength(_)
            | Parameter::SourceWeight(_) => false,
            Parameter::PanelOrigin(..) | Parameter::PanelRotation(..) => !one_panel,
            _ => true,
        })
        .collect()
}
