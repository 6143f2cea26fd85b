//! The beam and its sources.

use super::resolver::Resolver;
use crate::formats::source_file;
use bragg::error::{Error, Result, reserved};
use bragg::experiment::beam::{self, Spread, TickSample, Ticks};
use bragg::experiment::{Beam, Polarization, Source};
use bragg::math::Vec3;
use bragg::units::{EV_ANGSTROM, METER_PER_MM};
use std::path::Path;

/// The largest number of sources: 5 × 10⁸ bytes of them.
const MAX_SOURCES: f64 = 1e7;

/// Wavelengths of a source file within this (relative) of the beam's are the beam's, written with other digits.
const NOMINAL_WAVELENGTH: f64 = 1e-9;

/// A field nearer to the beam than this (sine) has no part across it.
const ALONG: f64 = 1e-6;
const E_VECTOR: &str = "beam.polarization_vector";
const E_NORMAL: &str = "beam.polarization_normal";

impl Resolver {
    pub(super) fn beam(&mut self) -> Result<Beam> {
        let wavelength = self.wavelength()?;
        let direction = self.direction("beam.direction")?;
        let e_vector = self.e_vector(direction)?;
        let polarization = self.polarization(e_vector)?;
        let fluence = self.fluence()?;
        let (sources, spread) = match self.path("beam.source_file") {
            Some(path) => (self.sources_of_file(&path, direction, wavelength)?, None),
            None => self.generated_sources(direction, e_vector, wavelength)?,
        };
        let is_polarised = polarization.is_some_and(|polarization| polarization.kahn_factor != 0.0);
        let is_spread =
            spread.as_ref().is_some_and(|spread| spread.horizontal.is_spread() || spread.vertical.is_spread());
        // directions are counted along and across the field, which the reference program does without
        if e_vector.cross(direction).norm() <= ALONG && (is_polarised || (is_spread && !self.is_nanobragg()?)) {
            return Err(self.error(
                if self.has(E_VECTOR) { E_VECTOR } else { E_NORMAL },
                "lies along the beam; it must have a part across it",
            ));
        }
        Ok(Beam { direction, wavelength, fluence, polarization, sources, spread })
    }

    pub(super) fn wavelength(&mut self) -> Result<f64> {
        if let Some(energy) = self.given_number("beam.energy")? {
            let why = format!("12398.42 / beam.energy = {energy} eV ({})", self.origin("beam.energy"));
            self.description.remove("beam.energy");
            self.automatic("beam.wavelength", EV_ANGSTROM / energy, why)?;
        }
        self.number("beam.wavelength")
    }

    /// The direction of the electric field. It need not be across the beam: the polarisation factor takes the part that is.
    fn e_vector(&mut self, direction: Vec3) -> Result<Vec3> {
        if self.has(E_VECTOR) {
            return self.direction(E_VECTOR);
        }
        let e_vector = self.direction(E_NORMAL)?.cross(direction).unit();
        if !e_vector.is_finite() {
            return Err(self.error(E_NORMAL, "lies along the beam; it must have a part across it"));
        }
        Ok(e_vector)
    }

    fn polarization(&mut self, e_vector: Vec3) -> Result<Option<Polarization>> {
        if self.text("beam.polarization")? == "none" {
            return Ok(None);
        }
        let kahn_factor = if self.has("beam.kahn_factor") {
            self.number("beam.kahn_factor")?
        } else {
            2.0 * self.number("beam.polarization_fraction")? - 1.0
        };
        Ok(Some(Polarization { kahn_factor, e_vector }))
    }

    fn fluence(&mut self) -> Result<f64> {
        self.exposure = self.given_number("beam.exposure")?;
        if let Some(flux) = self.given_number("beam.flux")? {
            let exposure = self.exposure.unwrap_or(1.0);
            let size = self.number("beam.size")?;
            let fluence = flux * exposure / (size * METER_PER_MM).powi(2);
            let why = format!(
                "beam.flux {flux:e} /s ({}) for {exposure} s in a square of {size} mm",
                self.origin("beam.flux")
            );
            self.description.remove("beam.flux");
            self.automatic("beam.fluence", fluence, why)?;
        }
        if !self.has("beam.fluence") {
            self.notice(
                "no beam.fluence or beam.flux is given: the crystal gets 1e20 photons/m² (10¹² in a square of 0.1 mm)",
            );
        }
        let fluence = self.number("beam.fluence")?;
        if fluence == 0.0 && !self.is_nanobragg()? {
            return Err(self.error("beam.fluence", "is 0; it must be a number greater than 0, or the image is black"));
        }
        Ok(fluence)
    }

    fn sources_of_file(&mut self, path: &Path, direction: Vec3, wavelength: f64) -> Result<Vec<Source>> {
        let mut lines = source_file::read(path)?;
        let differ = |values: &[f64]| values.iter().any(|&value| value != values.first().copied().unwrap_or(value));
        let weights: Vec<_> = lines.iter().map(|line| line.weight.unwrap_or(1.0)).collect();
        let applied = self.text("beam.source_weights")? == "apply";
        if !applied {
            lines.iter_mut().for_each(|line| line.weight = None);
        }
        let file = path.display();
        if differ(&weights) {
            let done = if applied { "applied, scaled to a mean of 1" } else { "ignored" };
            self.notice(format!("the weights of the sources in {file} differ: they are {done} (beam.source_weights)"));
        }
        let mut others = lines.iter().filter_map(|line| line.wavelength);
        let off_nominal = others.any(|other| (other / wavelength - 1.0).abs() > NOMINAL_WAVELENGTH);
        let from_file = self.text("beam.source_wavelength")? == "file";
        if !from_file {
            lines.iter_mut().for_each(|line| line.wavelength = None);
        }
        if off_nominal {
            let used = if from_file { "the file's" } else { "the beam's" };
            self.notice(format!(
                "wavelengths in {file} differ from beam.wavelength, {wavelength} Å: {used} are used (beam.source_wavelength)"
            ));
        }
        beam::sources_of_file(&lines, direction, wavelength).map_err(|what| Error::file(path, None, what))
    }

    /// Ranges of which nobody said how many points they have get three of them, until it is known how many they need.
    pub(super) fn generated_sources(
        &mut self,
        direction: Vec3,
        e_vector: Vec3,
        wavelength: f64,
    ) -> Result<(Vec<Source>, Option<Spread>)> {
        let directions = self.tick_sample("beam.divergence.sample")?;
        let wavelengths = self.tick_sample("beam.dispersion.sample")?;
        let spread = Spread {
            horizontal: self.ticks("beam.divergence.horizontal_", directions)?,
            vertical: self.ticks("beam.divergence.vertical_", directions)?,
            round: self.flag("beam.divergence.round")?,
            dispersion: self.ticks("beam.dispersion.", wavelengths)?,
            e_vector,
        };
        let n_sources = spread.n_sources();
        if n_sources > MAX_SOURCES {
            let what = format!(
                "divergence and dispersion make {n_sources:e} sources; at most {MAX_SOURCES:e} are allowed: take fewer steps"
            );
            return Err(Error::setting("beam.divergence", what));
        }
        // what cannot be is told before
        drop(reserved::<Source>(n_sources as usize, "sources", "beam.divergence")?);
        let sources = spread.sources(direction, wavelength);
        if sources.is_empty() {
            return Err(self.error(
                "beam.divergence.round",
                "leaves out every direction; take more steps, or keep the corners (beam.divergence.round = false)",
            ));
        }
        Ok((sources, Some(spread)))
    }

    /// Whether the points of a range lie in the middles of equal parts of it or go from end to end.
    fn tick_sample(&mut self, name: &str) -> Result<TickSample> {
        let (sample, why) = if self.text("sampling.physics")? == "nanobragg" {
            ("ends", "as in nanoBragg")
        } else {
            ("midpoint", "points that stand for the range")
        };
        self.automatic(name, sample, why)?;
        Ok(if self.text(name)? == "ends" { TickSample::Ends } else { TickSample::Midpoint })
    }

    /// Range, step and number of points of an axis; two of them give the third.
    fn ticks(&mut self, prefix: &str, sample: TickSample) -> Result<Ticks> {
        let [range_key, step_key, steps_key] = ["range", "step", "steps"].map(|last| format!("{prefix}{last}"));
        if !self.has(&range_key) {
            for name in [&step_key, &steps_key] {
                if self.has(name) {
                    return Err(self.error(name, format!("has no effect without {range_key}; give the range")));
                }
            }
        }
        let range = self.number(&range_key)?;
        [&step_key, &steps_key].into_iter().for_each(|name| self.mark_used(name));
        if range == 0.0 {
            return Ok(Ticks { sample, ..Ticks::ONE });
        }
        // n points have n − 1 steps between them from end to end, and half a step beyond each of them otherwise
        let (beyond, in_words) = if sample == TickSample::Ends { (1, " − 1") } else { (0, "") };
        if !self.has(&steps_key) && !self.has(&step_key) && !self.is_nanobragg()? {
            return Ok(Ticks { range, step: range / (3.0 - beyond as f64), n_steps: 3, sample });
        }
        if !self.has(&steps_key) {
            let Some(step) = self.given_number(&step_key)?.filter(|&step| step > 0.0) else {
                let what = format!("needs {steps_key} (how many points) or {step_key} (how far apart) beside it");
                return Err(self.error(&range_key, what));
            };
            let intervals = (range / step).round();
            if intervals < 1.0 || differs(range / step, intervals) || intervals > MAX_SOURCES {
                let what =
                    format!("is {step}; the range of {range} must be a whole number of steps, at most {MAX_SOURCES:e}");
                return Err(self.error(&step_key, what));
            }
            let why = if beyond == 1 { "range / step + 1" } else { "range / step" };
            self.automatic(&steps_key, intervals as i64 + beyond, why)?;
        }
        let n_steps = self.count(&steps_key)?;
        if n_steps < 2 && beyond == 1 && !self.has(&step_key) {
            return Err(self.error(&steps_key, "is 1; a range above 0 needs at least 2 points from end to end"));
        }
        let filling = range / (n_steps as f64 - beyond as f64);
        if !self.has(&step_key) {
            self.automatic(&step_key, filling, format!("range / (steps{in_words})"))?;
        }
        let step = self.number(&step_key)?;
        if sample == TickSample::Midpoint && differs(step, filling) {
            let what = format!(
                "is {step}; {n_steps} steps fill a range of {range} when they are {filling}: give two of the three"
            );
            return Err(self.error(&step_key, what));
        }
        Ok(Ticks { range, step, n_steps, sample })
    }
}

/// Whether two numbers differ by more than what their digits leave open.
fn differs(number: f64, expected: f64) -> bool {
    (number - expected).abs() > 1e-6 * expected
}
