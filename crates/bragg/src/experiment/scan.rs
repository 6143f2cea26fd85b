//! The rotation of the crystal during the exposure.

use crate::math::Vec3;
use crate::numbers::numbers;

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
