//! From sums over orientations to derivatives with respect to the shape of the crystal, and back.

use super::terms::gauss_scale;
use crate::math::Mat3;
use crate::scene::{Domain, SceneTangent, Shape};

/// Sums over orientations of derivatives of the terms: with respect to Na, Nb, Nc; the logarithm of fudge; and, of Gaussian spots,
/// the terms times the [`PAIRS`] of distances.
pub(super) const N_SHAPE: usize = 10;
/// Where the logarithm of fudge is.
pub(super) const LN_FUDGE: usize = 3;
/// Where the pairs begin.
pub(super) const MOMENTS: usize = 4;

/// Pairs of axes.
pub(super) const PAIRS: [[usize; 2]; 6] = [[0, 0], [1, 1], [2, 2], [0, 1], [0, 2], [1, 2]];

/// What each of the sums counts for along a tangent.
pub(super) fn along(domain: &Domain, tangent: &SceneTangent) -> [f64; N_SHAPE] {
    let mut out = [0.0; N_SHAPE];
    out[LN_FUDGE] = tangent.fudge / domain.fudge;
    if domain.shape != Shape::Gauss {
        out[..3].copy_from_slice(&tangent.n_cells);
        return out;
    }
    out[0] = (0..3).map(|axis| 2.0 * tangent.n_cells[axis] / domain.n_cells[axis]).sum();
    let scale = gauss_scale(domain);
    let (rows, changes) = (domain.reciprocal.0, tangent.reciprocal.0);
    for (out, [i, j]) in out[MOMENTS..].iter_mut().zip(PAIRS) {
        let times = if i == j { 1.0 } else { 2.0 };
        *out = -scale * scale * times * (changes[i].dot(rows[j]) + rows[i].dot(changes[j]));
    }
    out
}

/// The cotangent that sums over pixels of them stand for.
pub(super) fn cotangent(domain: &Domain, sums: &[f64; N_SHAPE]) -> SceneTangent {
    let mut out = SceneTangent { fudge: sums[LN_FUDGE] / domain.fudge, ..SceneTangent::default() };
    if domain.shape != Shape::Gauss {
        out.n_cells.copy_from_slice(&sums[..3]);
        return out;
    }
    out.n_cells = domain.n_cells.map(|cells| 2.0 * sums[0] / cells);
    let scale = gauss_scale(domain);
    let rows = domain.reciprocal.0;
    let mut reciprocal = Mat3::default();
    for (sum, [i, j]) in sums[MOMENTS..].iter().zip(PAIRS) {
        let weight = -2.0 * scale * scale * sum;
        reciprocal.0[i] = reciprocal.0[i] + rows[j] * weight;
        if i != j {
            reciprocal.0[j] = reciprocal.0[j] + rows[i] * weight;
        }
    }
    out.reciprocal = reciprocal;
    out
}
