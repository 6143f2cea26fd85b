//! From sums over orientations to derivatives with respect to the shape of the crystal, and back.

use super::terms::gauss_scale;
use crate::math::Mat3;
use crate::scene::{Domain, Profile, SceneTangent};

/// Sums over orientations of derivatives of the terms: with respect to Na, Nb, Nc; the logarithm of fudge; of Gaussian spots,
/// the terms times the [`PAIRS`] of distances; and half of that with respect to the logarithm of the amplitude at the centre.
pub(super) const N_SHAPE: usize = 11;
/// Where the logarithm of fudge is.
pub(super) const LN_FUDGE: usize = 3;
/// Where the pairs begin.
pub(super) const MOMENTS: usize = 4;
/// Where the centre's amplitude is.
pub(super) const LN_PEAK: usize = 10;

/// Pairs of axes.
pub(super) const PAIRS: [[usize; 2]; 6] = [[0, 0], [1, 1], [2, 2], [0, 1], [0, 2], [1, 2]];

/// What each of the sums counts for along a tangent.
pub(super) fn along(domain: &Domain, tangent: &SceneTangent) -> [f64; N_SHAPE] {
    let mut out = [0.0; N_SHAPE];
    out[LN_FUDGE] = tangent.fudge / domain.fudge;
    let Profile::Gauss { width } = domain.profile else {
        out[..3].copy_from_slice(&tangent.n_cells);
        out[LN_PEAK] = 2.0 * tangent.peak / domain.peak;
        return out;
    };
    out[LN_PEAK] = 2.0 * tangent.peak / domain.peak;
    out[LN_FUDGE] += 2.0 * tangent.stretch / domain.stretch;
    let scale = gauss_scale(domain, width);
    let (rows, changes) = (domain.metric.0, tangent.metric.0);
    for (out, [i, j]) in out[MOMENTS..LN_PEAK].iter_mut().zip(PAIRS) {
        let times = if i == j { 1.0 } else { 2.0 };
        *out = -scale * scale * times * (changes[i].dot(rows[j]) + rows[i].dot(changes[j]));
    }
    out
}

/// The cotangent that sums over pixels of them stand for.
pub(super) fn cotangent(domain: &Domain, sums: &[f64; N_SHAPE]) -> SceneTangent {
    let mut out = SceneTangent { fudge: sums[LN_FUDGE] / domain.fudge, ..SceneTangent::default() };
    let Profile::Gauss { width } = domain.profile else {
        out.n_cells.copy_from_slice(&sums[..3]);
        out.peak = 2.0 * sums[LN_PEAK] / domain.peak;
        return out;
    };
    out.stretch = 2.0 * sums[LN_FUDGE] / domain.stretch;
    out.peak = 2.0 * sums[LN_PEAK] / domain.peak;
    let scale = gauss_scale(domain, width);
    let rows = domain.metric.0;
    let mut metric = Mat3::default();
    for (sum, [i, j]) in sums[MOMENTS..LN_PEAK].iter().zip(PAIRS) {
        let weight = -2.0 * scale * scale * sum;
        metric.0[i] = metric.0[i] + rows[j] * weight;
        if i != j {
            metric.0[j] = metric.0[j] + rows[i] * weight;
        }
    }
    out.metric = metric;
    out
}
