//! What an image costs: how many terms its sum has.

use super::{Experiment, Precision, Roi, Shape};
use std::fmt;

/// The factors of the number of terms of an image's sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// Pixels to be computed; those that a mask leaves out are counted.
    pub n_pixels: f64,
    /// Sub-pixels along each axis of a pixel.
    pub oversample: f64,
    /// Layers of the sensor.
    pub n_layers: f64,
    /// Sources of the beam.
    pub n_sources: f64,
    /// Steps of the spindle.
    pub n_steps: f64,
    /// Mosaic domains.
    pub n_domains: f64,
}

impl Work {
    /// The work of an experiment's image.
    pub fn of<R>(experiment: &Experiment<R>) -> Self {
        let pixels = experiment.detector.panels.iter().map(|panel| match panel.roi {
            Some(Roi { fast, slow }) => {
                [fast, slow].map(|[first, last]| (last as f64 + 1.0 - first as f64).max(0.0)).iter().product()
            }
            None => panel.n_fast as f64 * panel.n_slow as f64,
        });
        Self {
            n_pixels: pixels.sum(),
            oversample: experiment.sampling.oversample as f64,
            n_layers: experiment.detector.sensor.as_ref().map_or(1.0, |sensor| sensor.n_layers as f64),
            n_sources: experiment.beam.sources.len() as f64,
            n_steps: experiment.scan.n_steps as f64,
            n_domains: experiment.crystal.mosaic.n_domains as f64,
        }
    }

    /// Terms in the sum of one pixel.
    pub fn terms_of_a_pixel(&self) -> f64 {
        self.oversample * self.oversample * self.n_layers * self.n_sources * self.n_steps * self.n_domains
    }

    /// Terms in all pixels.
    pub fn terms(&self) -> f64 {
        self.n_pixels * self.terms_of_a_pixel()
    }
}

/// The number of terms with its factors.
impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} pixels", self.n_pixels)?;
        for (n, what) in [
            (self.oversample * self.oversample, "sub-pixels"),
            (self.n_layers, "layers"),
            (self.n_sources, "sources"),
            (self.n_steps, "scan steps"),
            (self.n_domains, "mosaic domains"),
        ] {
            if n != 1.0 {
                write!(f, " × {n} {what}")?;
            }
        }
        write!(f, " = {:.1e} terms", self.terms())
    }
}

/// Seconds that one thread takes for a term, on a processor of 2020 to 2025 with 256-bit vectors: what `bragg bench` measures, rounded up.
/// Narrow Gaussian and top-hat spots take less, since most of their terms are left out.
pub fn seconds_per_term(shape: Shape, precision: Precision) -> f64 {
    match (shape, precision) {
        (Shape::Square, Precision::Fast) => 1.5e-9,
        (Shape::Square | Shape::Round, _) => 4e-9,
        _ => 2e-9,
    }
}
