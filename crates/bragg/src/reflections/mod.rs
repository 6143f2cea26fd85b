//! Structure-factor amplitudes, as files give them and as the kernel reads them.

mod completeness;
mod fill;
mod grid;
mod merge;
mod point_group;
mod scale;
mod shells;
mod sphere;
pub mod wilson;

pub use completeness::Completeness;
pub use fill::{Fill, Filled};
pub use grid::AmplitudeGrid;
pub use merge::{Merged, Observation, merge};
pub use point_group::PointGroup;
pub use scale::Scale;
pub use shells::Shell;
pub use sphere::Sphere;

use crate::error::Error;
use crate::miller::Miller;
use crate::symmetry::Operator;
use std::path::PathBuf;

/// Amplitudes for a list of reflections in P1: every symmetry mate that is known is in the list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reflections {
    /// Indices and amplitude |F| (electrons), in the order of the file; a later entry overrides an earlier one.
    pub list: Vec<(Miller, f64)>,
    /// Unit cell a, b, c (Å), α, β, γ (deg), where the file has one.
    pub cell: Option<[f64; 6]>,
    /// Symmetry operators of the crystal, where the file has them; empty otherwise. Used to tell systematic absences from
    /// missing reflections.
    pub symmetry: Vec<Operator>,
    /// The file they came from.
    pub source: PathBuf,
}

/// A refusal of a list of reflections, or of what is asked of it.
fn refused(what: impl Into<String>) -> Error {
    Error::setting("crystal.structure_factors", what)
}

/// The metric of reciprocal space, from which resolutions follow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReciprocalMetric {
    /// a*², b*², c*², 2 b*·c*, 2 a*·c*, 2 a*·b* (1/Å²).
    terms: [f64; 6],
}

impl ReciprocalMetric {
    /// From a unit cell a, b, c (Å), α, β, γ (deg): the inverse of the metric tensor of direct space (International Tables
    /// B, 2010, section 1.1).
    ///
    /// # Errors
    /// No such cell exists: a length or an angle that is not positive, or the angles enclose no volume.
    pub fn from_cell(cell: [f64; 6]) -> crate::Result<Self> {
        let [a, b, c, alpha, beta, gamma] = cell;
        let refuse = |what: &str| format!("the unit cell {a} {b} {c} {alpha} {beta} {gamma} (Å and degrees) {what}");
        if !cell.iter().all(|x| x.is_finite() && *x > 0.0) {
            return Err(refused(refuse("needs six positive numbers")));
        }
        let cosines = [alpha, beta, gamma].map(|angle: f64| angle.to_radians().cos());
        let [ca, cb, cg] = cosines;
        let volume_squared = 1.0 - ca * ca - cb * cb - cg * cg + 2.0 * ca * cb * cg;
        if [alpha, beta, gamma].iter().any(|angle| *angle >= 180.0) || volume_squared < 1e-8 {
            return Err(refused(refuse("has angles that enclose no volume")));
        }
        let terms = [
            (1.0 - ca * ca) / (a * a),
            (1.0 - cb * cb) / (b * b),
            (1.0 - cg * cg) / (c * c),
            2.0 * (cb * cg - ca) / (b * c),
            2.0 * (ca * cg - cb) / (a * c),
            2.0 * (ca * cb - cg) / (a * b),
        ]
        .map(|term| term / volume_squared);
        if terms.iter().all(|term| term.is_finite()) {
            Ok(Self { terms })
        } else {
            Err(refused(refuse("is out of range")))
        }
    }

    /// 1/d² of a reflection (1/Å²).
    #[must_use]
    pub fn inverse_d_squared(&self, hkl: Miller) -> f64 {
        let [h, k, l] = hkl.map(f64::from);
        let [hh, kk, ll, kl, hl, hk] = self.terms;
        hh * h * h + kk * k * k + ll * l * l + kl * k * l + hl * h * l + hk * h * k
    }

    /// The resolution d of a reflection (Å); infinite for 0 0 0.
    #[must_use]
    pub fn resolution(&self, hkl: Miller) -> f64 {
        self.inverse_d_squared(hkl).sqrt().recip()
    }
}
