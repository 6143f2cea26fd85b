//! Refined experiments as descriptions, so that the user's file with the new values makes the refined image.

use crate::description::{Description, Origin, Value};
use bragg::error::{Error, Result};
use bragg::experiment::Experiment;
use bragg::gradient::{Parameter, Range};
use bragg::math::Vec3;
use bragg::refine::Experiments;
use std::path::Path;

/// The origin of refined values.
const REFINED: &str = "refined";

/// Whether a value of a description came from [`describe`].
#[must_use]
pub fn is_refined(description: &Description, name: &str) -> bool {
    description.get(name).is_some_and(|entry| matches!(&entry.origin, Origin::Automatic(how) if how == REFINED))
}

/// Keys that describe a single panel by other means than its origin and axes.
const ONE_PANEL: [&str; 10] = [
    "detector.beam_center",
    "detector.fast_axis",
    "detector.slow_axis",
    "detector.tilt",
    "detector.two_theta",
    "detector.two_theta_axis",
    "detector.pivot",
    "detector.pixels",
    "detector.pixel_size",
    "detector.roi",
];

/// A (complete) description with the values that an experiment has after `parameters` of it were refined.
///
/// Reflections stand in a file of their own: [`describe_reflections`].
///
/// # Errors
/// A parameter is one that no key of an experiment file has: sources stand in files of their own.
pub fn describe(before: &Description, experiment: &Experiment, parameters: &[Parameter]) -> Result<Description> {
    let mut after = before.clone();
    for parameter in parameters {
        one(&mut after, experiment, *parameter)?;
    }
    Ok(after)
}

/// What remains true of the amplitudes when they come from a list of all of them in P1.
const OF_ANY_LIST: [&str; 4] = ["scale", "b_factor", "default", "interpolation"];

/// Makes `file`, lines `h k l F` of every point of the experiment's grid, the source of a description's amplitudes.
///
/// # Errors
/// None that a complete description has.
pub fn describe_reflections(description: &mut Description, experiment: &Experiment, file: &Path) -> Result<()> {
    forget_reflections(description, experiment)?;
    description.merge(later([
        (format!("{AMPLITUDES}file"), Value::Path(file.to_owned())),
        (format!("{AMPLITUDES}format"), "text".into()),
    ])?);
    Ok(())
}

const AMPLITUDES: &str = "crystal.structure_factors.";

/// Takes the source of its amplitudes from a description, for those who list every point of the experiment's grid themselves.
///
/// # Errors
/// None that a complete description has.
pub fn forget_reflections(description: &mut Description, experiment: &Experiment) -> Result<()> {
    let stale = |name: &&str| name.strip_prefix(AMPLITUDES).is_some_and(|key| !OF_ANY_LIST.contains(&key));
    let stale: Vec<String> = description.iter().map(|(name, _)| name).filter(stale).map(str::to_owned).collect();
    stale.iter().map(String::as_str).chain(["crystal.space_group"]).for_each(|name| _ = description.remove(name));
    // the file had the cell, perhaps
    crystal_axes(description, experiment)
}

/// Whether [`describe`] can say what becomes of the parameters.
///
/// # Errors
/// It cannot, and why.
pub fn check_describable(before: &Description, experiment: &Experiment, model: &Experiments) -> Result<()> {
    describe(before, experiment, &model.of_image()).map(|_| ())
}

// tidy: long because each parameter has its arm
fn one(description: &mut Description, experiment: &Experiment, parameter: Parameter) -> Result<()> {
    let Experiment { crystal, structure_factors, beam, scan, .. } = experiment;
    let has_list = description.get("beam.source_file").is_some();
    let mut put = |name: &str, value: Value| {
        let mut later = Description::new();
        later.insert(name, value, Origin::Automatic(REFINED.to_owned()))?;
        description.merge(later);
        Ok(())
    };
    match parameter {
        Parameter::Cell(_) | Parameter::RealSpace(..) | Parameter::Orientation(_) => {
            crystal_axes(description, experiment)
        }
        Parameter::CellCount(_) => put("crystal.n_cells", crystal.n_cells.into()),
        Parameter::Fudge => put("crystal.fudge", crystal.fudge.into()),
        Parameter::MosaicEta => put("crystal.mosaic.eta", crystal.mosaic.spread.width().into()),
        Parameter::MosaicHalfWidth => put("crystal.mosaic.half_width", crystal.mosaic.spread.width().into()),
        Parameter::CrystalScale => put("crystal.scale", crystal.scale.into()),
        Parameter::AmplitudeScale | Parameter::AmplitudeLogScale => {
            put("crystal.structure_factors.scale", structure_factors.scale.into())
        }
        Parameter::BFactor => put("crystal.structure_factors.b_factor", structure_factors.b_factor.into()),
        Parameter::DefaultAmplitude => put("crystal.structure_factors.default", structure_factors.default_f.into()),
        // in a file of their own: describe_reflections
        Parameter::Intensity(_) => Ok(()),
        Parameter::SourceWeight(_) | Parameter::SourceWavelength(_) => {
            Err(unsaid(parameter, "lists of sources stand in a file of their own"))
        }
        Parameter::Wavelength if has_list => {
            Err(unsaid(parameter, "the wavelengths of beam.source_file stand in that file"))
        }
        Parameter::BeamDirection(_) if has_list => {
            Err(unsaid(parameter, "the directions of beam.source_file stand in that file"))
        }
        Parameter::Wavelength => put("beam.wavelength", beam.wavelength.into()),
        Parameter::BeamDirection(_) | Parameter::PolarizationAngle => {
            put("beam.direction", vector(beam.direction))?;
            match beam.polarization {
                Some(field) => put("beam.polarization_vector", vector(field.e_vector)),
                None => Ok(()),
            }
        }
        Parameter::KahnFactor => match beam.polarization {
            Some(field) => put("beam.kahn_factor", field.kahn_factor.into()),
            None => Ok(()),
        },
        Parameter::Fluence => put("beam.fluence", beam.fluence.into()),
        Parameter::SourceRange(range) => {
            let Some(spread) = beam.spread else { return Ok(()) };
            let (name, ticks) = match range {
                Range::Horizontal => ("beam.divergence.horizontal_", spread.horizontal),
                Range::Vertical => ("beam.divergence.vertical_", spread.vertical),
                Range::Dispersion => ("beam.dispersion.", spread.dispersion),
            };
            put(&format!("{name}range"), ticks.range.into())?;
            put(&format!("{name}step"), ticks.step.into())
        }
        Parameter::ScanStart | Parameter::ScanRange => {
            put("scan.start", scan.start.into())?;
            put("scan.range", scan.range.into())?;
            put("scan.step", scan.step.into())
        }
        Parameter::Water => put("background.water_volume", experiment.water_volume.into()),
        Parameter::BackgroundOffset | Parameter::BackgroundSlope(_) => {
            let [offset, fast, slow] = experiment.background_plane;
            put("background.offset", offset.into())?;
            put("background.slope_fast", fast.into())?;
            put("background.slope_slow", slow.into())
        }
        Parameter::SensorThickness | Parameter::AttenuationLength => sensor(description, experiment),
        Parameter::Distance
        | Parameter::BeamCenter(_)
        | Parameter::PanelOrigin(..)
        | Parameter::PanelRotation(..)
        | Parameter::DetectorRotation(_)
        | Parameter::TwoTheta => panels(description, experiment),
    }
}

fn unsaid(parameter: Parameter, why: &str) -> Error {
    Error::setting(parameter.name(), format!("cannot be written to an experiment file: {why}"))
}

fn vector(v: Vec3) -> Value {
    v.0.into()
}

fn later(values: impl IntoIterator<Item = (String, Value)>) -> Result<Description> {
    let mut later = Description::new();
    for (name, value) in values {
        later.insert(&name, value, Origin::Automatic(REFINED.to_owned()))?;
    }
    Ok(later)
}

fn crystal_axes(description: &mut Description, experiment: &Experiment) -> Result<()> {
    let [a, b, c] = experiment.crystal.real_space.0;
    let rows = [("a", a), ("b", b), ("c", c)];
    description.merge(later(rows.map(|(name, row)| (format!("crystal.real_space_{name}"), vector(row))))?);
    Ok(())
}

fn sensor(description: &mut Description, experiment: &Experiment) -> Result<()> {
    let Some(sensor) = experiment.detector.sensor else { return Ok(()) };
    for last in ["material", "layer_thickness"] {
        description.remove(&format!("detector.sensor.{last}"));
    }
    description.merge(later([
        ("detector.sensor.thickness".to_owned(), (sensor.layer_thickness * sensor.n_layers as f64).into()),
        ("detector.sensor.attenuation_length".to_owned(), (1.0 / sensor.attenuation).into()),
    ])?);
    Ok(())
}

fn panels(description: &mut Description, experiment: &Experiment) -> Result<()> {
    for name in ONE_PANEL {
        description.remove(name);
    }
    let mut values: Vec<(String, Value)> = vec![("detector.distance".to_owned(), experiment.detector.distance.into())];
    for (i, panel) in experiment.detector.panels.iter().enumerate() {
        let mut put = |last: &str, value: Value| values.push((format!("detector.panel[{i}].{last}"), value));
        put("name", panel.name.as_str().into());
        put("origin", vector(panel.origin));
        put("fast_axis", vector(panel.fast_axis));
        put("slow_axis", vector(panel.slow_axis));
        put("normal", vector(panel.normal));
        put("pixels", [panel.n_fast as i64, panel.n_slow as i64].into());
        put("pixel_size", panel.pixel_size.into());
        if let Some(roi) = panel.roi {
            put("roi", [roi.fast[0], roi.fast[1], roi.slow[0], roi.slow[1]].map(|i| i as i64).into());
        }
    }
    description.merge(later(values)?);
    Ok(())
}
