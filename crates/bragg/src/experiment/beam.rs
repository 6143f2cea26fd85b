//! The incident beam: a list of point sources with one wavelength each.

use crate::error::{Error, Result};
use crate::math::Vec3;
use crate::numbers::numbers;
use crate::real::Real;

/// One direction and wavelength of the incident beam.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Source<R = f64> {
    /// Unit vector from the sample to the source (dxtbx's beam direction).
    pub direction: Vec3<R>,
    /// Wavelength (Å).
    pub wavelength: R,
    /// Relative intensity; the mean over all sources is 1.
    pub weight: R,
}
numbers!(Source { direction: part, wavelength: number, weight: number });

/// The polarisation of the incident beam.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Polarization<R = f64> {
    /// Kahn's factor K: 1 fully polarised along [`Self::e_vector`], 0 unpolarised, −1 polarised across it. dxtbx's
    /// polarisation fraction is (1 + K)/2.
    pub kahn_factor: R,
    /// Direction of the electric field: unit vector.
    pub e_vector: Vec3<R>,
}
numbers!(Polarization { kahn_factor: number, e_vector: part });

/// The incident beam.
#[derive(Debug, Clone, PartialEq)]
pub struct Beam<R = f64> {
    /// Unit vector from the sample to the nominal source (dxtbx's beam direction).
    pub direction: Vec3<R>,
    /// Nominal wavelength (Å).
    pub wavelength: R,
    /// Photons per m² on the sample.
    pub fluence: R,
    /// The polarisation; `None` leaves the polarisation factor out.
    pub polarization: Option<Polarization<R>>,
    /// What the beam consists of; at least one.
    pub sources: Vec<Source<R>>,
    /// The ranges that the sources fill; `None` for a list of sources.
    pub spread: Option<Spread<R>>,
}
numbers!(Beam {
    direction: part,
    wavelength: number,
    fluence: number,
    polarization: part,
    sources: part,
    spread: part,
});

/// The largest number of sources: 5 × 10⁸ bytes of them.
pub(super) const MOST_SOURCES: usize = 10_000_000;

impl Beam {
    /// A beam along −z of one wavelength (Å) and a fluence (photons per m² on the sample), all but polarised along x (a fraction of
    /// 0.999, as at a synchrotron): the defaults of an experiment file.
    pub fn new(wavelength: f64, fluence: f64) -> Self {
        let direction = Vec3::new(0.0, 0.0, 1.0);
        Self {
            direction,
            wavelength,
            fluence,
            polarization: Some(Polarization { kahn_factor: 0.998, e_vector: Vec3::new(1.0, 0.0, 0.0) }),
            sources: vec![Source { direction, wavelength, weight: 1.0 }],
            spread: None,
        }
    }
}

impl<R: Real> Beam<R> {
    /// This beam with the sources of a spread of directions and wavelengths.
    ///
    /// ```
    /// use bragg::experiment::beam::{Beam, Spread, TickSample, Ticks};
    ///
    /// let spectrum = Ticks { range: 0.02, step: 0.004, n_steps: 5, sample: TickSample::Midpoint };
    /// let beam = Beam::new(1.0, 1e20);
    /// let e_vector = beam.polarization.unwrap().e_vector;
    /// let spread = Spread { horizontal: Ticks::ONE, vertical: Ticks::ONE, round: true, dispersion: spectrum, e_vector };
    /// assert_eq!(beam.with_spread(spread)?.sources.len(), 5);
    /// # Ok::<(), bragg::Error>(())
    /// ```
    ///
    /// # Errors
    /// The spread has numbers that are none, a spectrum of 200 % or more, or too many sources.
    pub fn with_spread(self, spread: Spread<R>) -> Result<Self> {
        spread.check()?;
        Ok(Self { sources: spread.sources(self.direction, self.wavelength), spread: Some(spread), ..self })
    }

    /// Unit vector of propagation: from the source through the sample.
    pub fn propagation(&self) -> Vec3<R> {
        -self.direction
    }
}

/// Where the points of a range lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TickSample {
    /// In the middles of equal parts, so that the points stand for a uniform distribution over the range: their variance is
    /// range²/12 · (1 − 1/n²).
    #[default]
    Midpoint,
    /// From end to end, as nanoBragg has them. n points stand for a range that is wider by a step: their variance is range²/12 ·
    /// (n + 1)/(n − 1), three times that of the range for two of them.
    Ends,
}

/// Equally spaced points that fill a range symmetrically about its middle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ticks<R = f64> {
    /// The whole range.
    pub range: R,
    /// Between neighbouring points: range/n of midpoints; range/(n − 1) fills the range from end to end.
    pub step: R,
    /// Number of points, n.
    pub n_steps: usize,
    /// Where they lie.
    pub sample: TickSample,
}
numbers!(Ticks { range: number, step: number, n_steps: other, sample: other });

impl Ticks {
    /// The middle alone.
    pub const ONE: Self = Self { range: 0.0, step: 0.0, n_steps: 1, sample: TickSample::Midpoint };
}

impl<R: Real> Ticks<R> {
    /// Whether there is more than the middle: range, step and number are positive.
    pub fn is_spread(&self) -> bool {
        self.range.value() > 0.0 && self.step.value() > 0.0 && self.n_steps > 0
    }

    /// These points, or the middle alone where there is no more.
    fn collapsed(self) -> Self {
        let zero = R::constant(0.0);
        if self.is_spread() { self } else { Self { range: zero, step: zero, n_steps: 1, ..self } }
    }

    fn offset(&self, i: usize) -> R {
        let half = R::constant(2.0);
        match self.sample {
            TickSample::Midpoint => self.step * R::constant(i as f64 + 0.5 - self.n_steps as f64 / 2.0),
            TickSample::Ends => self.step * R::constant(i as f64) - self.range / half,
        }
    }

    /// The square that decides whether a direction lies in the round range: 4·offset²/range², 1 on its edge. From end to end it is
    /// nanoBragg's, less a correction for even numbers of points. No number where there is no range: a line has no corners.
    fn round(&self, offset: R) -> f64 {
        let [range, step, offset] = [self.range, self.step, offset].map(Real::value);
        let of_range = |square: f64| 4.0 * square / (range * range);
        match self.sample {
            TickSample::Midpoint => of_range(offset * offset),
            TickSample::Ends => {
                let odd = (self.n_steps % 2) as f64;
                of_range(offset * offset - step * step / 4.0 * (1.0 - odd))
            }
        }
    }

    /// The sum of two such squares beyond which a direction is left out.
    fn round_limit(&self) -> f64 {
        match self.sample {
            TickSample::Midpoint => 1.0,
            TickSample::Ends => 1.1,
        }
    }
}

/// Directions and wavelengths around the nominal ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread<R = f64> {
    /// Directions along the electric field (mrad).
    pub horizontal: Ticks<R>,
    /// Directions across it (mrad).
    pub vertical: Ticks<R>,
    /// Whether the corners of the range of directions are left out.
    pub round: bool,
    /// Wavelengths, as fractions of the nominal one.
    pub dispersion: Ticks<R>,
    /// The electric field, along and across which directions are counted: unit vector.
    pub e_vector: Vec3<R>,
}
numbers!(Spread { horizontal: part, vertical: part, round: other, dispersion: part, e_vector: part });

impl<R: Real> Spread<R> {
    /// The number of sources before corners are left out.
    pub fn n_sources(&self) -> f64 {
        [self.horizontal, self.vertical, self.dispersion].map(|ticks| ticks.collapsed().n_steps as f64).iter().product()
    }

    /// The sources: for each horizontal tick, each vertical tick, each wavelength. A direction is that of the nominal source turned
    /// about the electric field by the vertical angle, then about propagation × field by the horizontal one
    /// (nanoBragg's `-hdivrange` … `-dispersion`). Where the field lies along the beam, neither turns it. Empty when every direction is
    /// left out.
    pub fn sources(&self, direction: Vec3<R>, wavelength: R) -> Vec<Source<R>> {
        let e_vector = self.e_vector;
        let [horizontal, vertical, dispersion] =
            [self.horizontal, self.vertical, self.dispersion].map(Ticks::collapsed);
        let across = (-direction).cross(e_vector);
        let upright = if across.norm().value() == 0.0 { across } else { across.unit() };
        let (one, per_mrad) = (R::constant(1.0), R::constant(RADIAN_PER_MRAD));
        let mut sources = Vec::new();
        for h in (0..horizontal.n_steps).map(|i| horizontal.offset(i)) {
            for v in (0..vertical.n_steps).map(|i| vertical.offset(i)) {
                if self.round && horizontal.round(h) + vertical.round(v) > horizontal.round_limit() {
                    continue;
                }
                let turned =
                    (direction * R::constant(10.0)).rotated(e_vector, v * per_mrad).rotated(upright, h * per_mrad);
                for j in 0..dispersion.n_steps {
                    let wavelength = wavelength * (one + dispersion.offset(j));
                    sources.push(Source { direction: turned.unit(), wavelength, weight: one });
                }
            }
        }
        sources
    }
}

const RADIAN_PER_MRAD: f64 = 1e-3;

/// One line of a source file; what is missing has its default elsewhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SourceLine {
    /// Line number, from 1.
    pub line: usize,
    /// Position x, y, z of the source as seen from the sample; only the direction counts.
    pub position: [Option<f64>; 3],
    /// Relative intensity.
    pub weight: Option<f64>,
    /// Wavelength (Å); the file has metres.
    pub wavelength: Option<f64>,
}

/// The sources of a file. Missing coordinates are those of the nominal source, missing weights 1, missing wavelengths (Å) the nominal
/// one; the weights are scaled to a mean of 1.
///
/// # Errors
/// A line has no direction or a negative weight, or no source has a weight.
pub fn sources_of_file(lines: &[SourceLine], direction: Vec3, wavelength: f64) -> Result<Vec<Source>> {
    let refuse = |what: String| Error::setting("beam.source_file", what);
    if let Some((line, weight)) = lines.iter().find_map(|line| Some((line.line, line.weight.filter(|&w| w < 0.0)?))) {
        return Err(refuse(format!("the weight of line {line} is {weight}; it must not be negative")));
    }
    let weight = |line: &SourceLine| line.weight.unwrap_or(1.0);
    // relative to the largest, so that neither tiny nor huge ones leave the range of numbers
    let largest = lines.iter().map(weight).fold(0.0, f64::max);
    if !(largest.is_finite() && largest > 0.0) {
        return Err(refuse("all weights are 0; at least one source needs a weight".to_owned()));
    }
    let sum: f64 = lines.iter().map(|line| weight(line) / largest).sum();
    let scale = lines.len() as f64 / sum;
    lines
        .iter()
        .map(|line| {
            let nominal = direction * 10.0;
            let position = Vec3(std::array::from_fn(|i| line.position[i].unwrap_or(nominal[i])));
            let direction = position.unit();
            if !direction.is_finite() {
                return Err(refuse(format!("the source of line {} is at the sample: it has no direction", line.line)));
            }
            let weight = weight(line) / largest * scale;
            Ok(Source { direction, wavelength: line.wavelength.unwrap_or(wavelength), weight })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIRECTION: Vec3 = Vec3([0.0, 0.0, 1.0]);
    const PI: f64 = std::f64::consts::PI;
    const E: Vec3 = Vec3([1.0, 0.0, 0.0]);

    fn spread() -> Spread {
        Spread { horizontal: Ticks::ONE, vertical: Ticks::ONE, round: true, dispersion: Ticks::ONE, e_vector: E }
    }

    #[test]
    fn no_spread_is_the_nominal_source() {
        let sources = spread().sources(DIRECTION, 1.2);
        assert_eq!(sources, [Source { direction: DIRECTION, wavelength: 1.2, weight: 1.0 }]);
    }

    #[test]
    fn wavelengths_fill_the_range_symmetrically() {
        let dispersion = Ticks { range: 0.02, step: 0.01, n_steps: 3, sample: TickSample::Ends };
        let sources = Spread { dispersion, ..spread() }.sources(DIRECTION, 1.0);
        for (source, expected) in sources.iter().zip([0.99, 1.0, 1.01]) {
            assert!((source.wavelength - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn directions_lie_along_and_across_the_field() {
        let horizontal = Ticks { range: 2.0, step: 1.0, n_steps: 3, sample: TickSample::Ends };
        // vertical = propagation × E = −z × x = −y, about which the source at +z turns by −1 mrad towards +x
        let sources = Spread { horizontal, ..spread() }.sources(DIRECTION, 1.0);
        let x: Vec<_> = sources.iter().map(|source| source.direction[0]).collect();
        assert!((x[0] - 1e-3_f64.sin()).abs() < 1e-15 && x[1] == 0.0 && (x[2] + 1e-3_f64.sin()).abs() < 1e-15, "{x:?}");
        assert!(sources.iter().all(|source| source.direction[1].abs() < 1e-15));
        // about E = x the source at +z turns by −1 mrad towards +y
        let sources = Spread { vertical: horizontal, ..spread() }.sources(DIRECTION, 1.0);
        let y: Vec<_> = sources.iter().map(|source| source.direction[1]).collect();
        assert!((y[0] - 1e-3_f64.sin()).abs() < 1e-15 && y[1] == 0.0 && (y[2] + 1e-3_f64.sin()).abs() < 1e-15, "{y:?}");
    }

    /// Three directions 4 mrad apart in a range of 6: the last lies 5 mrad from the middle, and there is no corner that could be cut.
    #[test]
    fn a_line_of_directions_has_no_corners() {
        let horizontal = Ticks { range: 6.0, step: 4.0, n_steps: 3, sample: TickSample::Ends };
        for spread in [Spread { horizontal, ..spread() }, Spread { vertical: horizontal, ..spread() }] {
            assert_eq!(spread.sources(DIRECTION, 1.0).len(), 3);
        }
    }

    #[test]
    fn a_field_along_the_beam_leaves_one_direction() {
        let ticks = Ticks { range: 6.0, step: 3.0, n_steps: 3, sample: TickSample::Ends };
        let spread = Spread { horizontal: ticks, vertical: ticks, round: false, e_vector: DIRECTION, ..spread() };
        let sources = spread.sources(DIRECTION, 1.0);
        assert!(sources.len() == 9 && sources.iter().all(|source| (source.direction - DIRECTION).norm() < 1e-15));
    }

    #[test]
    fn round_ranges_leave_out_the_corners() {
        let ends = |n_steps: usize| Ticks {
            range: 1.0,
            step: 1.0 / (n_steps as f64 - 1.0),
            n_steps,
            sample: TickSample::Ends,
        };
        let sources = |ticks: Ticks, round| {
            Spread { horizontal: ticks, vertical: ticks, round, ..spread() }.sources(DIRECTION, 1.0)
        };
        let count = |n, round| sources(ends(n), round).len();
        assert_eq!(count(3, false), 9);
        assert_eq!(count(3, true), 5);
        // with two steps the correction for even numbers brings the corners to 0
        assert_eq!(count(2, true), 4);
        // 5 × 5: the offsets (0, ½, 1) of the half range give squares 0, ¼, 1; those of at most 1.1 in sum are 1 + 4 + 4 + 4
        assert_eq!(count(5, true), 13);
        // midpoints of squares whose centre lies in the circle: π/4 of 40 × 40, and the mean square radius of a disc, R²/2
        let middles = Ticks { range: 1.0, step: 0.025, n_steps: 40, sample: TickSample::Midpoint };
        let disc = sources(middles, true);
        assert!((disc.len() as f64 / (PI / 4.0 * 1600.0) - 1.0).abs() < 0.01, "{}", disc.len());
        let squares: f64 = disc.iter().map(|s| s.direction[0].powi(2) + s.direction[1].powi(2)).sum();
        let mean = squares / disc.len() as f64 / (RADIAN_PER_MRAD * RADIAN_PER_MRAD);
        assert!((mean / 0.125 - 1.0).abs() < 0.01, "{mean}");
    }

    /// The variance of a uniform distribution is range²/12. Midpoints fall short of it by 1/n²; points from end to end are those of a range
    /// that is wider by a step.
    #[test]
    fn points_stand_for_their_range() {
        let variance = |step: f64, n_steps: usize, sample| {
            let dispersion = Ticks { range: 0.06, step, n_steps, sample };
            let sources = Spread { dispersion, ..spread() }.sources(DIRECTION, 1.0);
            let mean: f64 = sources.iter().map(|source| source.wavelength).sum::<f64>() / n_steps as f64;
            assert!((mean - 1.0).abs() < 1e-14);
            sources.iter().map(|source| (source.wavelength - 1.0).powi(2)).sum::<f64>() / n_steps as f64
        };
        let uniform = 0.06 * 0.06 / 12.0;
        for n in [1, 2, 3, 7, 100] {
            let count = n as f64;
            let middles = variance(0.06 / count, n, TickSample::Midpoint);
            assert!((middles - uniform * (1.0 - 1.0 / (count * count))).abs() < 1e-12 * uniform, "{n}: {middles}");
            if n > 1 {
                let ends = variance(0.06 / (count - 1.0), n, TickSample::Ends);
                assert!((ends - uniform * (count + 1.0) / (count - 1.0)).abs() < 1e-12 * uniform, "{n}: {ends}");
            }
        }
    }

    #[test]
    fn sources_of_files_have_defaults_and_a_mean_weight_of_one() {
        let line = |position, weight, wavelength| SourceLine { line: 7, position, weight, wavelength };
        let at = |x: f64, y: f64, z: f64| [Some(x), Some(y), Some(z)];
        let lines = [line(at(0.0, 3.0, 4.0), Some(3.0), Some(0.9)), line([None; 3], None, None)];
        let sources = sources_of_file(&lines, DIRECTION, 1.0).unwrap();
        assert_eq!(sources[0], Source { direction: Vec3::new(0.0, 0.6, 0.8), wavelength: 0.9, weight: 1.5 });
        assert_eq!(sources[1], Source { direction: DIRECTION, wavelength: 1.0, weight: 0.5 });
        for unit in [1e-310, 1e307] {
            let lines = [1.0, 3.0].map(|weight| line([None; 3], Some(weight * unit), None));
            let weights: Vec<f64> = sources_of_file(&lines, DIRECTION, 1.0).unwrap().iter().map(|s| s.weight).collect();
            assert!((weights[0] - 0.5).abs() < 1e-9 && (weights[1] - 1.5).abs() < 1e-9, "{weights:?}");
        }
        let zero = [line(at(0.0, 0.0, 0.0), None, None)];
        assert!(sources_of_file(&zero, DIRECTION, 1.0).unwrap_err().to_string().contains("line 7"));
        assert!(
            sources_of_file(&[line(at(1.0, 0.0, 0.0), Some(0.0), None)], DIRECTION, 1.0)
                .unwrap_err()
                .to_string()
                .contains("weights are 0")
        );
        let negative = [line(at(1.0, 0.0, 0.0), Some(-1.0), None)];
        assert!(sources_of_file(&negative, DIRECTION, 1.0).unwrap_err().to_string().contains("weight of line 7 is -1"));
    }
}
