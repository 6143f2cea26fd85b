//! From sums over orientations to derivatives with respect to the shape of the crystal, and back.

use super::terms::gauss_scale;
use crate::scene::{Domain, Profile};

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
pub(super) fn along(domain: &Domain, tangent: &Domain) -> [f64; N_SHAPE] {
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

/// Adds the cotangent that sums over pixels of them stand for.
pub(super) fn add_cotangent(domain: &Domain, sums: &[f64; N_SHAPE], total: &mut Domain) {
    total.fudge += sums[LN_FUDGE] / domain.fudge;
    total.peak += 2.0 * sums[LN_PEAK] / domain.peak;
    let Profile::Gauss { width } = domain.profile else {
        total.n_cells.iter_mut().zip(&sums[..3]).for_each(|(total, sum)| *total += sum);
        return;
    };
    total.stretch += 2.0 * sums[LN_FUDGE] / domain.stretch;
    let scale = gauss_scale(domain, width);
    let (rows, metric) = (domain.metric.0, &mut total.metric.0);
    for (sum, [i, j]) in sums[MOMENTS..LN_PEAK].iter().zip(PAIRS) {
        let weight = -2.0 * scale * scale * sum;
        metric[i] = metric[i] + rows[j] * weight;
        if i != j {
            metric[j] = metric[j] + rows[i] * weight;
        }
    }
}
