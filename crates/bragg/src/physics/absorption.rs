//! What a layer of the sensor captures, and how deep in it.

use crate::real::Real;

/// Fraction of the photons that is absorbed between depths `near` and `far` (m, along the normal) in a sensor of attenuation
/// coefficient `mu` (1/m) that they cross at cosine `obliquity` to its normal: exp(−µ·near/ρ) − exp(−µ·far/ρ) (Beer–Lambert).
#[inline(always)]
pub fn layer_capture<R: Real>(near: R, far: R, mu: R, obliquity: R) -> R {
    (-(near * mu / obliquity)).exp() - (-(far * mu / obliquity)).exp()
}

/// How deep in a layer (m, along the normal, from its front) the photons that it absorbs are absorbed on average: the mean of
/// exp(−µz/ρ) over its thickness h, h·[`mean_fraction`] of x = µh/ρ. 0 where they come from behind (ρ ≤ 0).
///
/// dxtbx's parallax correction (`attenuation_length` in `parallax_correction.h`) has the sum 1/µ − (t + 1/µ)·exp(−µt) along a ray of length t
/// in the sensor, which also counts the photons that pass through, at depth 0: it is this mean times the captured fraction.
#[inline(always)]
pub fn mean_depth<R: Real>(thickness: R, mu: R, obliquity: R) -> R {
    if obliquity.value() <= 0.0 {
        return R::constant(0.0);
    }
    thickness * mean_fraction(thickness * mu / obliquity)
}

/// Up to here [`mean_fraction`] is its series.
pub const SERIES_UP_TO: f64 = 0.5;

/// The series of [`mean_fraction`] but for its first term: ½ + x·(c₀ + c₁x² + …), cₖ = −B₂ₖ₊₂/(2k + 2)! with Bernoulli's numbers. Its error
/// up to [`SERIES_UP_TO`] is 1e-17.
pub const SERIES: [f64; 7] = [
    -1.0 / 12.0,
    1.0 / 720.0,
    -1.0 / 30_240.0,
    1.0 / 1_209_600.0,
    -1.0 / 47_900_160.0,
    691.0 / 1_307_674_368_000.0,
    -1.0 / 74_724_249_600.0,
];

/// The mean of t over 0 ≤ t ≤ 1 with weights exp(−xt): 1/x − 1/(eˣ − 1), between ½ at x = 0 and 1/x for large x.
#[inline(always)]
pub fn mean_fraction<R: Real>(x: R) -> R {
    if x.value() >= SERIES_UP_TO {
        let rest = (-x).exp();
        let one = R::constant(1.0);
        return one / x - rest / (one - rest);
    }
    let square = x * x;
    let series = SERIES[..6].iter().rev().fold(R::constant(SERIES[6]), |sum, &c| sum.mul_add(square, R::constant(c)));
    series.mul_add(x, R::constant(0.5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real::Dual;

    #[test]
    fn layers_add_up_to_the_whole_sensor() {
        let whole = layer_capture(0.0, 0.45, 3.0, 0.8);
        let layers: f64 = (0..9).map(|i| layer_capture(f64::from(i) * 0.05, f64::from(i + 1) * 0.05, 3.0, 0.8)).sum();
        assert!((whole - layers).abs() < 1e-15);
        assert!((whole - (1.0 - (-0.45f64 * 3.0 / 0.8).exp())).abs() < 1e-15);
    }

    /// Simpson's rule over the layer.
    fn integrated(thickness: f64, mu: f64, obliquity: f64) -> f64 {
        const N: i32 = 20_000;
        let mut sums = [0.0; 2];
        for i in 0..=N {
            let z = thickness * f64::from(i) / f64::from(N);
            let ends = if i == 0 || i == N { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
            let weight = ends * (-mu * z / obliquity).exp();
            sums[0] += weight * z;
            sums[1] += weight;
        }
        sums[0] / sums[1]
    }

    #[test]
    fn mean_depth_is_that_of_what_is_absorbed() {
        for mu in [1e-9, 1e-3, 0.1, 0.9, 1.1, 4.2, 30.0] {
            for obliquity in [1.0, 0.9, 0.5, 0.2] {
                let (ours, expected) = (mean_depth(0.45, mu, obliquity), integrated(0.45, mu, obliquity));
                assert!((ours / expected - 1.0).abs() < 1e-9, "{mu} {obliquity}: {ours} {expected}");
            }
        }
        assert_eq!(mean_depth(0.45, 0.0, 1.0), 0.225);
        assert_eq!(mean_depth(0.0, 4.2, 1.0), 0.0);
        // all is absorbed in the first of many lengths, along the ray
        assert!((mean_depth(100.0, 50.0, 0.5) - 0.5 / 50.0).abs() < 1e-15);
        assert_eq!(mean_depth(0.45, 4.2, -0.1), 0.0);
    }

    #[test]
    fn mean_depth_of_layers_by_what_they_capture_is_that_of_the_sensor() {
        let (mu, obliquity) = (4.2, 0.8);
        let mut sums = [0.0; 2];
        for i in 0..9 {
            let [near, far] = [i, i + 1].map(|i| f64::from(i) * 0.05);
            let captured = layer_capture(near, far, mu, obliquity);
            sums[0] += captured * (near + mean_depth(0.05, mu, obliquity));
            sums[1] += captured;
        }
        assert!((sums[0] / sums[1] - mean_depth(0.45, mu, obliquity)).abs() < 1e-15);
    }

    #[test]
    fn mean_depth_is_dxtbx_s_over_the_captured_fraction() {
        for (mu, t0, obliquity) in [(4.2_f64, 0.45_f64, 0.9_f64), (4.2, 0.32, 0.7), (48.0, 1.0, 0.9), (0.5, 0.45, 1.0)]
        {
            let t = t0 / obliquity;
            let attenuation_length = 1.0 / mu - (t + 1.0 / mu) * (-mu * t).exp();
            let expected = attenuation_length * obliquity / (1.0 - (-mu * t).exp());
            assert!((mean_depth(t0, mu, obliquity) / expected - 1.0).abs() < 1e-13, "{mu} {t0} {obliquity}");
        }
    }

    #[test]
    fn both_branches_meet_with_their_slopes() {
        for x in [1e-6, 0.1, SERIES_UP_TO - 1e-9, SERIES_UP_TO + 1e-9, 0.7, 3.0, 800.0] {
            let at = mean_fraction(Dual::variable(x));
            let exact = |x: f64| if x < 1e-3 { 0.5 - x / 12.0 } else { 1.0 / x - 1.0 / x.exp_m1() };
            assert!((at.value - exact(x)).abs() < 1e-14, "{x}");
            let e = (-x).exp();
            let slope = if x < 1e-3 { -1.0 / 12.0 } else { e / ((1.0 - e) * (1.0 - e)) - 1.0 / (x * x) };
            assert!((at.derivative - slope).abs() < 1e-12, "{x}: {} {slope}", at.derivative);
        }
    }
}
