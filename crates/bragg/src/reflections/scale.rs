//! Putting one list of amplitudes on the scale of another.

use super::refused;
use std::collections::HashMap;

use super::ReciprocalMetric;
use crate::miller::Miller;

/// The scale k·exp(−B s²/4), s = 1/d, that takes amplitudes to those of another list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// k.
    pub k: f64,
    /// B (Å²).
    pub b: f64,
    /// How many reflections both lists have.
    pub n_common: usize,
    /// Σ|F − scaled F'| / ΣF over them.
    pub r: f64,
}

/// The B factors (Å²) among which the best is looked for first.
const B_SCAN: std::ops::RangeInclusive<i32> = -60..=60;
/// The step of that scan (Å²).
const B_STEP: f64 = 5.0;
/// Intervals of s² that stand for their reflections in the scan.
const N_BINS: usize = 512;
/// Steps of refinement; each makes the error many times smaller.
const N_STEPS: usize = 20;

/// s² (1/Å²), the amplitude to be matched, the amplitude to be scaled.
type Pair = (f64, f64, f64);

impl Scale {
    /// The k and B that minimise Σ (F − k·exp(−B s²/4)·F')² over the reflections but 0 0 0 that both lists have: F of `observed`, F' of
    /// `calculated`.
    ///
    /// # Errors
    /// The lists have fewer than three reflections with amplitudes other than zero in common.
    pub fn fit(
        observed: &HashMap<Miller, f64>,
        calculated: &HashMap<Miller, f64>,
        metric: &ReciprocalMetric,
    ) -> crate::Result<Self> {
        let mut common: Vec<(Miller, f64, f64)> = observed
            .iter()
            .filter(|(hkl, _)| **hkl != [0; 3])
            .filter_map(|(hkl, f)| Some((*hkl, *f, *calculated.get(hkl)?)))
            .filter(|(_, _, calculated)| *calculated != 0.0)
            .collect();
        // The order decides how sums are rounded.
        common.sort_unstable_by_key(|(hkl, _, _)| *hkl);
        let pairs: Vec<Pair> =
            common.iter().map(|(hkl, f, calculated)| (metric.inverse_d_squared(*hkl), *f, *calculated)).collect();
        if pairs.len() < 3 || pairs.iter().all(|(_, f, _)| *f == 0.0) {
            return Err(refused(format!(
                "the two lists have {} reflections in common, too few to put them on one scale",
                pairs.len()
            )));
        }
        let (k, b) = refined(&pairs, scanned(&pairs));
        let scaled = |(s2, _, calculated): &Pair| k * (-0.25 * b * s2).exp() * calculated;
        let total: f64 = pairs.iter().map(|(_, f, _)| f).sum();
        let r = pairs.iter().map(|pair| (pair.1 - scaled(pair)).abs()).sum::<f64>() / total;
        Ok(Self { k, b, n_common: pairs.len(), r })
    }

    /// The factor at 1/d² (1/Å²).
    #[must_use]
    pub fn at(&self, inverse_d_squared: f64) -> f64 {
        self.k * (-0.25 * self.b * inverse_d_squared).exp()
    }
}

/// The best B of the scan, with its k, from sums over intervals of s².
fn scanned(pairs: &[Pair]) -> (f64, f64) {
    let largest = pairs.iter().map(|(s2, _, _)| *s2).fold(0.0, f64::max);
    let mut bins = [(0.0, 0.0, 0.0, 0.0); N_BINS];
    for (s2, f, calculated) in pairs {
        let bin = &mut bins[((s2 / largest * N_BINS as f64) as usize).min(N_BINS - 1)];
        *bin = (bin.0 + s2, bin.1 + 1.0, bin.2 + f * calculated, bin.3 + calculated * calculated);
    }
    let mut best = (0.0, 0.0, f64::NEG_INFINITY);
    for b in B_SCAN.map(|step| f64::from(step) * B_STEP) {
        let (mut cross, mut square) = (0.0, 0.0);
        for (sum, n, fc, cc) in bins.iter().filter(|bin| bin.1 > 0.0) {
            let factor = (-0.25 * b * sum / n).exp();
            cross += factor * fc;
            square += factor * factor * cc;
        }
        // With the best k for this B, what is left over is ΣF² − cross²/square.
        if cross * cross / square > best.2 {
            best = (cross / square, b, cross * cross / square);
        }
    }
    (best.0, best.1)
}

/// Gauss-Newton steps in k and B, each halved until it helps.
fn refined(pairs: &[Pair], (mut k, mut b): (f64, f64)) -> (f64, f64) {
    let left = |k: f64, b: f64| -> f64 {
        pairs.iter().map(|(s2, f, calculated)| (f - k * (-0.25 * b * s2).exp() * calculated).powi(2)).sum()
    };
    let mut now = left(k, b);
    for _ in 0..N_STEPS {
        let (mut kk, mut kb, mut bb, mut k_r, mut b_r) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (s2, f, calculated) in pairs {
            let by_k = (-0.25 * b * s2).exp() * calculated;
            let by_b = -0.25 * s2 * k * by_k;
            let residual = f - k * by_k;
            kk += by_k * by_k;
            kb += by_k * by_b;
            bb += by_b * by_b;
            k_r += by_k * residual;
            b_r += by_b * residual;
        }
        let determinant = kk * bb - kb * kb;
        if determinant.is_nan() || determinant <= 1e-12 * kk * bb {
            break;
        }
        let step = ((bb * k_r - kb * b_r) / determinant, (kk * b_r - kb * k_r) / determinant);
        let tried = (0..8).map(|halvings| 0.5_f64.powi(halvings)).find_map(|part| {
            let (new_k, new_b) = (k + part * step.0, b + part * step.1);
            let after = left(new_k, new_b);
            (after < now).then_some((new_k, new_b, after))
        });
        let Some(better) = tried else { break };
        (k, b, now) = better;
    }
    (k, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_scale_is_found_through_noise() {
        let metric = ReciprocalMetric::from_cell([30.0, 40.0, 50.0, 90.0, 100.0, 90.0]).unwrap();
        for (k, b) in [(0.37, 23.0), (12.5, -7.3)] {
            let mut observed = HashMap::new();
            let mut calculated = HashMap::new();
            for i in 0..4000 {
                let hkl = [i / 400, i / 20 % 20, i % 20 - 10];
                let f = 100.0 + f64::from(i * 7919 % 1000);
                let noise = f64::from(i * 104_729 % 201 - 100) * 1e-4;
                let scale = k * (-0.25 * b * metric.inverse_d_squared(hkl)).exp();
                calculated.insert(hkl, f);
                observed.insert(hkl, f * scale * (1.0 + noise));
            }
            observed.insert([99, 0, 0], 1e6);
            let scale = Scale::fit(&observed, &calculated, &metric).unwrap();
            assert!((scale.k / k - 1.0).abs() < 2e-3 && (scale.b - b).abs() < 0.2, "{scale:?}");
            // The noise is uniform within 1 %.
            assert!(scale.n_common == 3999 && (scale.r - 0.005).abs() < 5e-4, "{scale:?}");
        }
    }

    #[test]
    fn nothing_in_common_is_refused() {
        let metric = ReciprocalMetric::from_cell([30.0, 40.0, 50.0, 90.0, 90.0, 90.0]).unwrap();
        let list = |hkls: &[Miller], f: f64| hkls.iter().map(|hkl| (*hkl, f)).collect::<HashMap<_, _>>();
        let some = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
        for (observed, calculated) in
            [(list(&some, 1.0), list(&[[2, 0, 0]], 1.0)), (list(&some, 0.0), list(&some, 1.0))]
        {
            let message = Scale::fit(&observed, &calculated, &metric).unwrap_err().to_string();
            assert!(message.contains("in common"), "{message}");
        }
    }
}
