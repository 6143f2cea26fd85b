//! The rotation of the crystal during the exposure.

use crate::math::Vec3;
use crate::numbers::numbers;
use crate::real::Real;

/// A sweep about the spindle, sampled at equal steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scan<R = f64> {
    /// The spindle: unit vector, rotations are right-handed about it.
    pub axis: Vec3,
    /// Angle of the first sample (deg).
    pub first: R,
    /// Angle between samples (deg).
    pub step: R,
    /// Number of samples.
    pub n_steps: usize,
    /// Start of the exposure (deg), for image headers.
    pub start: R,
    /// Width of the exposure (deg), for image headers.
    pub range: R,
    /// Number of the image in its series, which random numbers are keyed by.
    pub frame: u64,
}
numbers!(Scan { axis: other, first: number, step: number, n_steps: other, start: number, range: number, frame: other });

impl<R: Real> Scan<R> {
    /// A still at spindle angle 0; the spindle lies along x.
    pub fn still() -> Self {
        let zero = R::constant(0.0);
        Self::new(Vec3::new(1.0, 0.0, 0.0), zero, zero, 1)
    }

    /// An exposure from `start` through `range` (deg) about a unit `axis`, sampled in the middles of `n_steps` equal steps.
    pub fn new(axis: Vec3, start: R, range: R, n_steps: usize) -> Self {
        let step = range / R::constant(n_steps.max(1) as f64);
        Self { axis, first: start + step * R::constant(0.5), step, n_steps, start, range, frame: 0 }
    }
}
