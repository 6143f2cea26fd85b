//! The beam of a command line: its intensity and polarisation, and how it is divided into sources and steps.

use super::options::{Options, PolarOption, WavelengthOption};
use bragg::error::{Error, Result};
use bragg::experiment::beam::{TickSample, Ticks};
use bragg::units::{EV_ANGSTROM, METER_PER_MM, UNIT_FLUENCE};

/// What the user said of such a range: number, range and step, as they were typed.
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
    /// The number, range and step of a divergence or a spectrum that count as given: a number and a step above 0, a range from 0.
    pub(super) fn given_across(&self) -> (Option<i64>, Option<f64>, Option<f64>) {
        (self.n.filter(|&n| n > 0), self.range.filter(|&range| range >= 0.0), self.step.filter(|&step| step > 0.0))
    }

    /// What is given along the spindle: a number and a range from 0, a step above 0, or from 0 beside number and range.
    pub(super) fn given_along(&self) -> (Option<i64>, Option<f64>, Option<f64>) {
        let (n, range) = (self.n.filter(|&n| n >= 0), self.range.filter(|&range| range >= 0.0));
        let has_both = n.is_some() && range.is_some();
        (n, range, self.step.filter(|&step| step > 0.0 || (has_both && step == 0.0)))
    }

    /// Steps that fit into a range, the last one cut short.
    fn n_within(&self, range: f64, step: f64) -> f64 {
        ((range / self.unit) / (step / self.unit)).ceil()
    }

    /// Fills in what was left out of a divergence or a spectrum: n points span the range, ends included. `unit_range` is what a
    /// count alone spans. What does not spread is one point.
    pub(super) fn across(self, unit_range: f64) -> std::result::Result<Ticks, String> {
        let (n, range, step) = match self.given_across() {
            (None, None, None) => return Ok(Ticks::ONE),
            (None, Some(range), Some(step)) => (self.n_within(range, step), range, step),
            (Some(n), None, None) => (n as f64, unit_range, unit_range / n as f64),
            (_, None, Some(step)) => (2.0, step, step),
            (None, Some(range), None) => (2.0, range, range),
            (Some(n), Some(range), None) => (n.max(2) as f64, range, range / (n.max(2) - 1) as f64),
            (Some(n), Some(range), Some(step)) => (n as f64, range, step),
        };
        spread(n, range, step)
    }

    /// The ticks of the spindle, whose n steps tile the range; they are n also where they do not turn it.
    pub(super) fn along(self, unit_range: f64) -> std::result::Result<Ticks, String> {
        let (n, range, step) = match self.given_along() {
            (None, None, None) => return Ok(Ticks::ONE),
            (None, Some(range), Some(step)) => (self.n_within(range, step), range, step),
            (Some(n), None, None) => (n.max(1) as f64, unit_range, unit_range / n.max(1) as f64),
            (_, None, Some(step)) => (2.0, step, step),
            (None, Some(range), None) => (2.0, range, range / 2.0),
            (Some(n), Some(range), None) => (n.max(1) as f64, range, range / n.max(1) as f64),
            (Some(n), Some(range), Some(step)) => (n as f64, range, step),
        };
        counted(n.max(1.0), range, step)
    }

    /// The ticks through the layers of a sensor of thickness `range`. `correct` makes n layers of a n-th each.
    pub(super) fn through(self, correct: bool) -> std::result::Result<Ticks, String> {
        let (n, thickness) = (self.n.filter(|&n| n > 0), self.range.unwrap_or(0.0));
        match n {
            None => spread(2.0, thickness, thickness / 2.0),
            Some(n) if correct => spread(n as f64, thickness, thickness / n as f64),
            Some(n) => spread(n.max(2) as f64, thickness, thickness / (n.max(2) - 1) as f64),
        }
    }
}

/// Ticks, or one where they do not spread.
fn spread(n: f64, range: f64, step: f64) -> std::result::Result<Ticks, String> {
    if n > 0.0 && range > 0.0 && step > 0.0 { counted(n, range, step) } else { Ok(Ticks::ONE) }
}

fn counted(n: f64, range: f64, step: f64) -> std::result::Result<Ticks, String> {
    if n > MAX_TICKS {
        return Err(format!("this makes {n} samples; the most is {MAX_TICKS}"));
    }
    Ok(Ticks { n_steps: n as usize, range, step, sample: TickSample::Ends })
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
        let size = beam.beamsize_mm.unwrap_or(0.1);
        if size <= 0.0 {
            let what = format!("{size} given; beside {} it must be above 0 mm", options.spelling("-flux"));
            return Err(Error::setting(options.spelling("-beamsize"), what));
        }
        let size = size * METER_PER_MM;
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

/// The Kahn factor; `None` where there is no polarisation factor. Unless physics is `correct`, `-oversample_polar` computes it in spite of
/// `-nopolar`.
pub(super) fn kahn_factor(options: &Options, correct: bool) -> Option<f64> {
    let beam = &options.beam;
    let is_off = beam.polar == Some(PolarOption::Off) && (correct || !options.sampling.oversample_polar);
    (!is_off).then(|| beam.kahn_factor.unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of a number, a range and a step: not given, below 0, 0, and above 0.
    const NUMBERS: [Option<i64>; 5] = [None, Some(-3), Some(0), Some(1), Some(5)];
    const RANGES: [Option<f64>; 4] = [None, Some(-2.0), Some(0.0), Some(3.0)];
    const STEPS: [Option<f64>; 4] = [None, Some(-0.5), Some(0.0), Some(0.75)];

    /// Number, range and step; those of a single point have no step.
    fn numbers(ticks: Ticks) -> (usize, f64, f64) {
        (ticks.n_steps, ticks.range, ticks.step)
    }

    fn across(n: Option<i64>, range: Option<f64>, step: Option<f64>) -> (usize, f64, f64) {
        numbers(Asked { n, range, step, unit: 1.0 }.across(1.0).unwrap())
    }

    fn along(n: Option<i64>, range: Option<f64>, step: Option<f64>) -> (usize, f64, f64) {
        numbers(Asked { n, range, step, unit: DEGREES }.along(1.0).unwrap())
    }

    const POINT: (usize, f64, f64) = (1, 0.0, 0.0);

    /// Every combination of a divergence's three values. Rows: number missing, 1, 5; columns: range missing, 0, 3; within them step missing, 0.75.
    #[test]
    fn the_whole_table_of_a_divergence() {
        let table = [
            [[POINT, (2, 0.75, 0.75)], [POINT, POINT], [(2, 3.0, 3.0), (4, 3.0, 0.75)]],
            [[(1, 1.0, 1.0), (2, 0.75, 0.75)], [POINT, POINT], [(2, 3.0, 3.0), (1, 3.0, 0.75)]],
            [[(5, 1.0, 0.2), (2, 0.75, 0.75)], [POINT, POINT], [(5, 3.0, 0.75), (5, 3.0, 0.75)]],
        ];
        for n in NUMBERS {
            for range in RANGES {
                for step in STEPS {
                    let row = match n {
                        None | Some(..=0) => 0,
                        Some(1) => 1,
                        Some(_) => 2,
                    };
                    let column = match range {
                        None => 0,
                        Some(range) if range < 0.0 => 0,
                        Some(0.0) => 1,
                        Some(_) => 2,
                    };
                    let cell = usize::from(step == Some(0.75));
                    assert_eq!(across(n, range, step), table[row][column][cell], "{n:?} {range:?} {step:?}");
                }
            }
        }
    }

    /// What the reference program makes of number, range and step along the spindle, where a number of 0 is 1, nothing collapses, and a step of 0 counts beside number and range. Rows: number
    /// missing, 0 or 1, 5; columns: range missing, 0, 3; within them step missing or negative, 0, 0.75.
    #[test]
    fn the_whole_table_of_the_spindle() {
        let only_step = (2, 0.75, 0.75);
        let table = [
            [
                [POINT, POINT, only_step],
                [(2, 0.0, 0.0), (2, 0.0, 0.0), (1, 0.0, 0.75)],
                [(2, 3.0, 1.5), (2, 3.0, 1.5), (4, 3.0, 0.75)],
            ],
            [
                [(1, 1.0, 1.0), (1, 1.0, 1.0), only_step],
                [(1, 0.0, 0.0), (1, 0.0, 0.0), (1, 0.0, 0.75)],
                [(1, 3.0, 3.0), (1, 3.0, 0.0), (1, 3.0, 0.75)],
            ],
            [
                [(5, 1.0, 0.2), (5, 1.0, 0.2), only_step],
                [(5, 0.0, 0.0), (5, 0.0, 0.0), (5, 0.0, 0.75)],
                [(5, 3.0, 0.6), (5, 3.0, 0.0), (5, 3.0, 0.75)],
            ],
        ];
        for n in NUMBERS {
            for range in RANGES {
                for step in STEPS {
                    let row = match n {
                        None | Some(..0) => 0,
                        Some(0 | 1) => 1,
                        Some(_) => 2,
                    };
                    let column = match range {
                        None => 0,
                        Some(range) if range < 0.0 => 0,
                        Some(0.0) => 1,
                        Some(_) => 2,
                    };
                    let cell = match step {
                        Some(0.0) => 1,
                        Some(0.75) => 2,
                        _ => 0,
                    };
                    assert_eq!(along(n, range, step), table[row][column][cell], "{n:?} {range:?} {step:?}");
                }
            }
        }
    }

    /// The layers of a sensor: thickness and number alone.
    #[test]
    fn the_whole_table_of_the_sensor() {
        for n in NUMBERS {
            for range in [None, Some(-2.0), Some(0.0), Some(0.45)] {
                let asked = Asked { n, range, step: None, unit: 1.0 };
                let [quirky, correct] = [false, true].map(|correct| numbers(asked.through(correct).unwrap()));
                let expected = match (n, range) {
                    (_, None | Some(..=0.0)) => [POINT, POINT],
                    (None | Some(..=0), _) => [(2, 0.45, 0.225), (2, 0.45, 0.225)],
                    (Some(1), _) => [(2, 0.45, 0.45), (1, 0.45, 0.45)],
                    _ => [(5, 0.45, 0.45 / 4.0), (5, 0.45, 0.45 / 5.0)],
                };
                assert_eq!([quirky, correct], expected, "{n:?} {range:?}");
            }
        }
    }

    /// A spectrum's range is given, as 0, whatever the user says; one below 0 is not.
    #[test]
    fn a_spectrum_is_one_wavelength_until_it_has_a_width() {
        assert_eq!(across(Some(5), Some(0.0), None), POINT);
        assert_eq!(across(Some(4), Some(-0.1), None), (4, 1.0, 0.25));
        assert_eq!(across(None, Some(0.02), None), (2, 0.02, 0.02));
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
    fn absurd_counts_are_refused() {
        let absurd = Asked { n: None, range: Some(1.0), step: Some(1e-12), unit: 1.0 };
        assert!(absurd.across(1.0).is_err() && absurd.along(1.0).is_err());
        assert!(Asked { n: Some(i64::MAX), range: Some(1.0), step: None, unit: 1.0 }.through(true).is_err());
    }
}
