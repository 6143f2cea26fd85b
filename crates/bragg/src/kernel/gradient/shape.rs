//! From sums over orientations to derivatives with respect to the shape of the crystal, and back.

use super::terms::{ByShape, gauss_scale};
use crate::math::Mat3;
use crate::scene::{Domain, SceneTangent, Shape};

/// One number for each lane of [`ByShape`].
pub(super) type PerLane = [f64; 10];

/// Pairs of axes, as [`ByShape::moments`] has them.
const PAIRS: [[usize; 2]; 6] = [[0, 0], [1, 1], [2, 2], [0, 1], [0, 2], [1, 2]];

impl ByShape {
    /// The lanes at a pixel.
    pub(super) fn at(&self, i: usize) -> PerLane {
        let mut lanes = self.n_cells.iter().chain([&self.ln_fudge]).chain(&self.moments);
        std::array::from_fn(|_| lanes.next().map_or(0.0, |lane| lane[i]))
    }
}

/// What each lane counts for along a tangent.
pub(super) fn along(domain: &Domain, tangent: &SceneTangent) -> PerLane {
    let mut out = [0.0; 10];
    out[3] = tangent.fudge / domain.fudge;
    if domain.shape != Shape::Gauss {
        out[..3].copy_from_slice(&tangent.n_cells);
        return out;
    }
    out[0] = (0..3).map(|axis| 2.0 * tangent.n_cells[axis] / domain.n_cells[axis]).sum();
    let scale = gauss_scale(domain);
    let (rows, changes) = (domain.reciprocal.0, tangent.reciprocal.0);
    for (out, [i, j]) in out[4..].iter_mut().zip(PAIRS) {
        let times = if i == j { 1.0 } else { 2.0 };
        *out = -scale * scale * times * (changes[i].dot(rows[j]) + rows[i].dot(changes[j]));
    }
    out
}

/// The cotangent that sums of the lanes stand for.
pub(super) fn cotangent(domain: &Domain, sums: &PerLane) -> SceneTangent {
    let mut out = SceneTangent { fudge: sums[3] / domain.fudge, ..SceneTangent::default() };
    if domain.shape != Shape::Gauss {
        out.n_cells.copy_from_slice(&sums[..3]);
        return out;
    }
    out.n_cells = domain.n_cells.map(|cells| 2.0 * sums[0] / cells);
    let scale = gauss_scale(domain);
    let rows = domain.reciprocal.0;
    let mut reciprocal = Mat3::default();
    for (sum, [i, j]) in sums[4..].iter().zip(PAIRS) {
        let weight = -2.0 * scale * scale * sum;
        reciprocal.0[i] = reciprocal.0[i] + rows[j] * weight;
        if i != j {
            reciprocal.0[j] = reciprocal.0[j] + rows[i] * weight;
        }
    }
    out.reciprocal = reciprocal;
    out
}
