//! What an experiment must keep, whoever made it.
//!
//! Fields are public, so that derivatives and refinements can move them. [`Experiment::check`] is what
//! stands between them and a kernel: every [`crate::scene::Scene`] is made behind it.

mod beam;
mod crystal;
mod detector;

use super::{Beam, Crystal, Detector, Experiment, Physics, Response, Sampling, Scan, StructureFactors};
use crate::error::{Error, Result};
use crate::math::Vec3;
use crate::real::Real;

/// Unit vectors may be off by this: what rounding makes of many small rotations.
const UNIT: f64 = 1e-6;
/// The largest number of something that is counted; the keys of a description have the same bound.
const MOST: usize = 2_147_483_647;
/// Spindle steps × mosaic domains: their matrices take 720 MB.
const MOST_MATRICES: usize = 10_000_000;
/// Sub-pixels along an axis, and layers of a sensor.
const MOST_SAMPLES: usize = 10_000;

impl<R: Real> Experiment<R> {
    /// A still image of a crystal, sampled once a pixel, without background. The fields may be changed
    /// afterwards, and are checked again when a [`crate::scene::Scene`] is made of them.
    ///
    /// ```
    /// use bragg::experiment::{Beam, Crystal, Detector, Experiment, StructureFactors, UnitCell};
    ///
    /// let cell = UnitCell::new([78.0, 78.0, 37.0, 90.0, 90.0, 90.0])?;
    /// let crystal = Crystal::new(&cell, [20.0; 3]);
    /// let beam = Beam::new(1.0, 1e20);
    /// let detector = Detector::facing_beam(100.0, 0.172, [64, 64]);
    /// let experiment = Experiment::new(crystal, StructureFactors::uniform(50.0), beam, detector)?;
    /// assert_eq!(experiment.scan.n_steps, 1);
    /// # Ok::<(), bragg::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn new(
        crystal: Crystal<R>,
        structure_factors: StructureFactors<R>,
        beam: Beam<R>,
        detector: Detector<R>,
    ) -> Result<Self> {
        let zero = R::constant(0.0);
        let experiment = Self {
            crystal,
            structure_factors,
            beam,
            detector,
            scan: Scan::still(),
            sampling: Sampling::default(),
            water_volume: zero,
            background_plane: [zero; 3],
            response: Response::default(),
        };
        experiment.check().map(|()| experiment)
    }

    /// Refuses an experiment that has no image: numbers that are not finite or have no meaning, counts
    /// of 0, lists of the wrong length, a cell without volume. [`Physics::NanoBragg`] may have negative
    /// amplitudes, an empty window and axes of any length, as the reference program has. Of dual numbers
    /// the values are looked at.
    ///
    /// An experiment that passes may still make numbers that are too large (a fluence of 1e300 on a
    /// crystal of 10⁹ cells): [`crate::kernel::render`] refuses its image then.
    ///
    /// # Errors
    /// The first fault: its key, what was given and what is allowed.
    pub fn check(&self) -> Result<()> {
        let physics = self.sampling.physics;
        self.crystal.check()?;
        self.structure_factors.check(physics)?;
        self.beam.check()?;
        self.detector.check(physics)?;
        self.scan.check()?;
        self.sampling.check()?;
        if self.scan.n_steps.saturating_mul(self.crystal.mosaic.n_domains) > MOST_MATRICES {
            let [steps, domains] = [self.scan.n_steps, self.crystal.mosaic.n_domains];
            let key = if domains >= steps { "crystal.mosaic.domains" } else { "scan.steps" };
            let what = format!(
                "makes {steps} scan steps × {domains} mosaic domains; at most {MOST_MATRICES} orientations are allowed"
            );
            return Err(Error::setting(key, what));
        }
        not_negative("background.water_volume", self.water_volume)?;
        let Response { gain, adc_offset, .. } = self.response;
        finite("noise.adc_offset", adc_offset)?;
        if !(gain.is_finite() && gain > 0.0) {
            return Err(Error::setting("noise.gain", format!("is {gain}; it must be a number, greater than 0")));
        }
        let plane = ["background.offset", "background.slope_fast", "background.slope_slow"];
        plane.into_iter().zip(self.background_plane).try_for_each(|(key, x)| finite(key, x))
    }
}

impl<R: Real> Scan<R> {
    fn check(&self) -> Result<()> {
        unit("scan.axis", self.axis)?;
        count("scan.steps", self.n_steps, MOST)?;
        // where the first sample lies follows from start, step and `scan.sample`
        let angles = [
            ("scan.start", self.start),
            ("scan.start", self.first),
            ("scan.step", self.step),
            ("scan.range", self.range),
        ];
        angles.into_iter().try_for_each(|(key, angle)| finite(key, angle))
    }
}

impl Sampling {
    fn check(&self) -> Result<()> {
        count("sampling.oversample", self.oversample, MOST_SAMPLES)?;
        not_negative("sampling.d_min", self.d_min)?;
        allowed("sampling.culling", self.culling, "a number from 0 to below 1", |x| (0.0..1.0).contains(&x))?;
        let running = self.running_factors;
        let flags = [("thick", running.capture), ("polar", running.polarization), ("omega", running.solid_angle)];
        match flags.into_iter().find(|(_, on)| *on && self.physics == Physics::Correct) {
            Some((last, _)) => Err(Error::setting(
                format!("sampling.oversample_{last}"),
                "is true; it only goes with sampling.physics = \"nanobragg\"",
            )),
            None => Ok(()),
        }
    }
}

/// Refuses a number that is not as it must be; the rule completes "it must be …".
fn allowed<R: Real>(key: impl Into<String>, x: R, rule: &str, holds: impl Fn(f64) -> bool) -> Result<()> {
    let x = x.value();
    if x.is_finite() && holds(x) {
        return Ok(());
    }
    Err(Error::setting(key, format!("is {x:?}; it must be {rule}")))
}

fn finite<R: Real>(key: impl Into<String>, x: R) -> Result<()> {
    allowed(key, x, "a finite number", |_| true)
}

fn positive<R: Real>(key: impl Into<String>, x: R) -> Result<()> {
    allowed(key, x, "a finite number greater than 0", |x| x > 0.0)
}

fn not_negative<R: Real>(key: impl Into<String>, x: R) -> Result<()> {
    allowed(key, x, "a finite number, not negative", |x| x >= 0.0)
}

fn between<R: Real>(key: impl Into<String>, x: R, low: f64, high: f64) -> Result<()> {
    allowed(key, x, &format!("a number from {low} to {high}"), |x| (low..=high).contains(&x))
}

fn count(key: impl Into<String>, n: usize, most: usize) -> Result<()> {
    if (1..=most).contains(&n) {
        return Ok(());
    }
    Err(Error::setting(key, format!("is {n}; it must be a whole number from 1 to {most}")))
}

fn vector<R: Real>(key: impl Into<String>, v: Vec3<R>) -> Result<()> {
    let v = v.value();
    if v.is_finite() {
        return Ok(());
    }
    Err(Error::setting(key, format!("is {:?}; it must be three finite numbers", v.0)))
}

fn unit<R: Real>(key: impl Into<String>, v: Vec3<R>) -> Result<()> {
    let v = v.value();
    let length = v.norm();
    if (length - 1.0).abs() <= UNIT {
        return Ok(());
    }
    Err(Error::setting(key, format!("is {:?}, of length {length}; it must be a unit vector", v.0)))
}
