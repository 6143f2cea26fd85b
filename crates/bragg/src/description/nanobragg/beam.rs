//! The beam of a command line: its intensity, and how it is divided into sources and steps.

use super::options::{Options, WavelengthOption};
use crate::error::{Error, Result};
use crate::experiment::beam::Ticks;
use crate::units::{EV_ANGSTROM, METER_PER_MM, UNIT_FLUENCE};

/// What the user said of such a range.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) n: Option<i64>,
    pub(super) range: Option<f64>,
    pub(super) step: Option<f64>,
    /// The unit of range and step: so many make what the reference program divides by one another (radians, fractions).
    pub(super) unit: f64,
}

/// Degrees in a radian, as the reference program divides by them.
pub(super) const DEGREES: f64 = 180.0 * std::f64::consts::FRAC_1_PI;
/// Milliradians in a radian.
pub(super) const MILLIRADIANS: f64 = 1000.0;

/// The most samples of a range.
const MAX_TICKS: f64 = 1e7;

impl Asked {
    /// Fills in what was left out of a divergence or a spectrum: n points span the range, ends included. `unit_range` is what a
    /// count alone spans.
    pub(super) fn across(self, unit_range: f64) -> std::result::Result<Ticks, String> {
        let given = |n: i64| n.max(0) as f64;
        let (n, range, step) = match (self.n, self.range, self.step) {
            (None, None, None) => return Ok(Ticks::ONE),
            (None, Some(range), Some(step)) => (((range / self.unit) / (step / self.unit)).ceil(), range, step),
            (Some(n), None, None) => (given(n), unit_range, unit_range / given(n)),
            (_, None, Some(step)) => (2.0, step, step),
            (None, Some(range), None) => (2.0, range, range),
            (Some(n), Some(range), None) => (given(n).max(2.0), range, range / (given(n).max(2.0) - 1.0)),
            (Some(n), Some(range), Some(step)) => (given(n), range, step),
        };
        checked(n, range, step)
    }

    /// The same for the spindle, whose n steps tile the range.
    pub(super) fn along(self, unit_range: f64) -> std::result::Result<Ticks, String> {
        match (self.n, self.range, self.step) {
            (None, Some(range), None) => checked(2.0, range, range / 2.0),
            (Some(n), Some(range), None) => {
                let n = n.max(2) as f64;
                checked(n, range, range / n)
            }
            _ => self.across(unit_range),
        }
    }

    /// The same for the layers of a sensor of thickness `range`. `correct` makes n layers of a n-th each.
    pub(super) fn through(self, correct: bool) -> std::result::Result<Ticks, String> {
        match (self.n, self.range) {
            (None, Some(range)) => checked(2.0, range, range / 2.0),
            (Some(n), Some(range)) if correct => checked(n.max(0) as f64, range, range / n as f64),
            _ => Self { range: Some(self.range.unwrap_or(0.0)), ..self }.across(0.0),
        }
    }
}

fn checked(n: f64, range: f64, step: f64) -> std::result::Result<Ticks, String> {
    if !(n > 0.0 && range > 0.0 && step > 0.0) {
        return Ok(Ticks::ONE);
    }
    if n > MAX_TICKS {
        return Err(format!("this makes {n} samples; the most is {MAX_TICKS}"));
    }
    Ok(Ticks { n_steps: n as usize, range, step })
}

/// The wavelength (Å).
pub(super) fn wavelength(options: &Options) -> Result<f64> {
    let (flag, given, wavelength) = match options.beam.wavelength {
        None => return Ok(1.0),
        Some(WavelengthOption::Angstrom(angstrom)) => ("-lambda", angstrom, angstrom),
        Some(WavelengthOption::ElectronVolt(energy)) => ("-energy", energy, EV_ANGSTROM / energy),
    };
    if wavelength > 0.0 && wavelength.is_finite() {
        return Ok(wavelength);
    }
    Err(Error::setting(options.spelling(flag), format!("{given} given; it must be above 0")))
}

/// Photons per m².
pub(super) fn fluence(options: &Options) -> Result<f64> {
    let beam = &options.beam;
    let (flux, exposure) = (beam.flux_per_s.unwrap_or(0.0), beam.exposure_s.unwrap_or(1.0));
    let (flag, fluence) = if flux != 0.0 && exposure > 0.0 {
        let size = beam.beamsize_mm.unwrap_or(0.1) * METER_PER_MM;
        ("-flux", flux * exposure / (size * size))
    } else {
        ("-fluence", beam.fluence_per_m2.unwrap_or(UNIT_FLUENCE))
    };
    if fluence >= 0.0 && fluence.is_finite() {
        return Ok(fluence);
    }
    Err(Error::setting(
        options.spelling(flag),
        format!(
            "{fluence} photons/m² follow from the options given; it must be a number of 0 or more (-beamsize above 0)"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn across(n: Option<i64>, range: Option<f64>, step: Option<f64>) -> (usize, f64, f64) {
        let ticks = Asked { n, range, step, unit: 1.0 }.across(1.0).unwrap();
        (ticks.n_steps, ticks.range, ticks.step)
    }

    #[test]
    fn what_is_left_out_of_a_range_is_filled_in() {
        assert_eq!(across(None, None, None), (1, 0.0, 0.0));
        assert_eq!(across(None, None, Some(0.5)), (2, 0.5, 0.5));
        assert_eq!(across(None, Some(3.0), None), (2, 3.0, 3.0));
        assert_eq!(across(None, Some(3.0), Some(0.75)), (4, 3.0, 0.75));
        assert_eq!(across(Some(4), None, None), (4, 1.0, 0.25));
        assert_eq!(across(Some(4), None, Some(0.5)), (2, 0.5, 0.5));
        assert_eq!(across(Some(5), Some(2.0), None), (5, 2.0, 0.5));
        assert_eq!(across(Some(1), Some(2.0), None), (2, 2.0, 2.0));
        assert_eq!(across(Some(7), Some(2.0), Some(0.1)), (7, 2.0, 0.1));
        assert_eq!(across(Some(5), Some(0.0), None), (1, 0.0, 0.0));
        assert_eq!(across(Some(0), Some(2.0), Some(0.1)), (1, 0.0, 0.0));
    }

    #[test]
    fn spindle_steps_tile_their_range() {
        let along = |n, range, step| Asked { n, range, step, unit: DEGREES }.along(1.0).unwrap();
        assert_eq!(along(None, Some(1.0), None), Ticks { n_steps: 2, range: 1.0, step: 0.5 });
        assert_eq!(along(Some(4), Some(2.0), None), Ticks { n_steps: 4, range: 2.0, step: 0.5 });
        assert_eq!(along(Some(5), None, None), Ticks { n_steps: 5, range: 1.0, step: 0.2 });
        assert_eq!(along(None, Some(2.0), Some(0.5)), Ticks { n_steps: 4, range: 2.0, step: 0.5 });
    }

    /// Divided in radians, 0.9° / 0.3° and 0.75 / 0.15 mrad are a little more than whole.
    #[test]
    fn steps_are_counted_in_radians() {
        let n = |range, step, unit| {
            Asked { n: None, range: Some(range), step: Some(step), unit }.across(1.0).unwrap().n_steps
        };
        assert_eq!(n(0.9, 0.3, DEGREES), 4);
        assert_eq!(n(0.75, 0.15, MILLIRADIANS), 6);
        assert_eq!(n(8.0, 2.0, MILLIRADIANS), 4);
    }

    #[test]
    fn sensor_layers_are_too_thick_unless_physics_is_correct() {
        let through = |n, range, correct| Asked { n, range, step: None, unit: 1.0 }.through(correct).unwrap();
        assert_eq!(through(None, Some(0.45), false), Ticks { n_steps: 2, range: 0.45, step: 0.225 });
        assert_eq!(through(Some(4), Some(0.45), false), Ticks { n_steps: 4, range: 0.45, step: 0.45 / 3.0 });
        assert_eq!(through(Some(5), Some(0.45), true), Ticks { n_steps: 5, range: 0.45, step: 0.45 / 5.0 });
        assert_eq!(through(None, None, false), Ticks::ONE);
    }

    #[test]
    fn absurd_counts_are_refused() {
        assert!(Asked { n: None, range: Some(1.0), step: Some(1e-12), unit: 1.0 }.across(1.0).is_err());
    }
}
