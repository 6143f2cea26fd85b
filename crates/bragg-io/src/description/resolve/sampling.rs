//! The scan and the sampling.

use super::resolver::Resolver;
use crate::description::Notice;
use bragg::error::{Error, Result};
use bragg::experiment::work::{Work, seconds_per_term};
use bragg::experiment::{
    BackendChoice, Crystal, Detector, Experiment, Physics, Precision, RunningFactors, Sampling, Scan, Shape,
};
use std::f64::consts::PI;

/// Orientations (sources × spindle steps × mosaic domains) above which nothing is started.
const MAX_ORIENTATIONS: f64 = 1e9;
/// Work (s, on one thread) of which the user is told how long it takes.
const MANY_SECONDS: f64 = 3600.0;
/// Spindle steps × mosaic domains above which nothing is started: their matrices take 720 MB.
const MAX_MATRICES: f64 = 1e7;

impl Resolver {
    /// The angle (deg) by which the crystal turns: given, or that of the steps that are.
    pub(super) fn scan_range(&mut self) -> Result<f64> {
        let [range, step] = [self.given_number("scan.range")?, self.given_number("scan.step")?];
        if let (Some(range), Some(step), false) = (range, step, self.has("scan.steps")) {
            let n_steps = (range / step).round();
            if !(n_steps >= 1.0 && (range / step - n_steps).abs() <= 1e-6 * n_steps && n_steps <= MAX_MATRICES) {
                let what = format!("is {step}; the range of {range} must be a whole number of steps");
                return Err(self.error("scan.step", what));
            }
            self.automatic("scan.steps", n_steps as i64, "range / step")?;
        }
        let n_steps = if self.has("scan.steps") { self.count("scan.steps")? } else { 1 };
        Ok(range.or(step.map(|step| step * n_steps as f64)).unwrap_or(0.0))
    }

    pub(super) fn scan(&mut self) -> Result<Scan> {
        let axis = self.direction("scan.axis")?;
        let start = self.number("scan.start")?;
        let n_steps = self.count("scan.steps")?;
        if let Some(step) = self.given_number("scan.step")? {
            self.automatic("scan.range", step * n_steps as f64, "steps · step")?;
        }
        self.automatic("scan.range", 0.0, "a still")?;
        let range = self.number("scan.range")?;
        self.automatic("scan.step", range / n_steps as f64, "range / steps")?;
        let step = self.number("scan.step")?;
        let first = if self.text("scan.sample")? == "start" { start } else { start + step / 2.0 };
        let frame = self.seed("scan.frame")?;
        Ok(Scan { axis, first, step, n_steps, start, range, frame })
    }

    pub(super) fn background_plane(&mut self) -> Result<[f64; 3]> {
        Ok([
            self.number("background.offset")?,
            self.number("background.slope_fast")?,
            self.number("background.slope_slow")?,
        ])
    }

    /// Chooses the sub-pixels where nobody does, and says what too few of them leave to be desired.
    fn sub_pixels(&mut self, crystal: &Crystal, wavelength: f64, detector: &Detector) -> Result<()> {
        let edges = crystal.edges();
        let longest = (0..3).map(|axis| crystal.n_cells[axis] * edges[axis]).fold(0.0, f64::max);
        let pixel_size = detector.panels.iter().map(|panel| panel.pixel_size).fold(0.0, f64::max);
        // the edge of a pixel in widths 1/longest of the narrowest spot
        let widths = longest * pixel_size / (wavelength * detector.distance.abs());
        if self.has("sampling.oversample") && !self.is_nanobragg()? {
            let n = self.count("sampling.oversample")?;
            // two axes of a Gaussian, 1/√(2π) of these widths rms, which is met at equal distances (Poisson's sum)
            let error = |n: f64| (4.0 * (-PI * (n / widths).powi(2)).exp()).min(1.0);
            let needed = widths * (200f64.ln() / PI).sqrt();
            self.remark("sampling.oversample", needed.ceil().clamp(1.0, 1e9) as usize, error(n as f64));
        }
        if !self.has("sampling.oversample") {
            let needed = (3.0 * widths).ceil().max(1.0);
            let why = "3 samples across the narrowest spot";
            if needed > 1.0 {
                self.chosen.push(format!("{needed} × {needed} sub-pixels"));
            }
            self.automatic("sampling.oversample", needed.min(i64::MAX as f64) as i64, why).map_err(|_| {
                let what = format!(
                    "would be {needed:e} for spots this narrow; the crystal is {longest:e} Å long. Give fewer cells, or the \
                     oversampling yourself"
                );
                Error::setting("sampling.oversample", what)
            })?;
        }
        Ok(())
    }

    pub(super) fn sampling(&mut self, crystal: &Crystal, wavelength: f64, detector: &Detector) -> Result<Sampling> {
        self.sub_pixels(crystal, wavelength, detector)?;
        let physics = match self.text("sampling.physics")?.as_str() {
            "nanobragg" => Physics::NanoBragg,
            _ => Physics::Correct,
        };
        let mut running = [false; 3];
        for (factor, last) in running.iter_mut().zip(["thick", "polar", "omega"]) {
            let name = format!("sampling.oversample_{last}");
            *factor = self.flag(&name)?;
            if *factor && physics == Physics::Correct {
                return Err(self.error(
                    &name,
                    "only goes with sampling.physics = \"nanobragg\"; every factor is sampled as it is",
                ));
            }
        }
        let [capture, polarization, solid_angle] = running;
        let precision = match self.text("sampling.precision")?.as_str() {
            "fast" => Precision::Fast,
            _ => Precision::Double,
        };
        if precision == Precision::Fast && crystal.shape != Shape::Square {
            let shape = self.text("crystal.shape")?;
            self.notice(format!(
                "sampling.precision = \"fast\" has no effect on crystal.shape = \"{shape}\": only square crystals gain by it"
            ));
        }
        let backend = match self.text("sampling.backend")?.as_str() {
            "cpu" => BackendChoice::Cpu,
            "reference" => BackendChoice::Reference,
            _ => BackendChoice::Auto,
        };
        Ok(Sampling {
            oversample: self.count("sampling.oversample")?,
            d_min: self.number("sampling.d_min")?,
            physics,
            running_factors: RunningFactors { capture, polarization, solid_angle },
            precision,
            culling: self.number("sampling.culling")?,
            backend,
        })
    }

    /// Refuses what would never end, and warns of what takes long.
    pub(super) fn check_work(&mut self, experiment: &Experiment) -> Result<()> {
        let counts = [experiment.beam.sources.len(), experiment.scan.n_steps, experiment.crystal.mosaic.n_domains];
        let orientations: f64 = counts.iter().map(|&n| n as f64).product();
        let [sources, steps, domains] = counts;
        let product = format!(
            "{sources} sources × {steps} scan steps × {domains} mosaic domains = {orientations:e} orientations"
        );
        let name = if domains >= steps { "crystal.mosaic.domains" } else { "scan.steps" };
        let matrices = steps as f64 * domains as f64;
        if matrices > MAX_MATRICES {
            let what = format!(
                "makes {steps} scan steps × {domains} mosaic domains = {matrices:e} orientations of the crystal; at most \
                 {MAX_MATRICES:e} are allowed"
            );
            return Err(self.error(name, what));
        }
        if orientations > MAX_ORIENTATIONS {
            return Err(self.error(name, format!("makes {product}; at most {MAX_ORIENTATIONS:e} are allowed")));
        }
        Ok(())
    }

    /// How long a job takes that takes many hours, as far as can be said before anything is measured.
    pub(super) fn long_job(experiment: &Experiment) -> Option<Notice> {
        let work = Work::of(experiment);
        let seconds = work.terms() * seconds_per_term(experiment.crystal.shape, experiment.sampling.precision);
        (seconds > MANY_SECONDS)
            .then(|| Notice(format!("this takes some {:.0} hours on one thread: {work}", seconds / MANY_SECONDS)))
    }
}
