//! The fraction of photons that a layer of the sensor captures.

use crate::real::Real;

/// Fraction of the photons that is absorbed between depths `near` and `far` (m, along the normal) in a sensor of attenuation
/// coefficient `mu` (1/m) that they cross at cosine `obliquity` to its normal: exp(−µ·near/ρ) − exp(−µ·far/ρ) (Beer–Lambert).
#[inline(always)]
pub fn layer_capture<R: Real>(near: R, far: R, mu: R, obliquity: R) -> R {
    (-(near * mu / obliquity)).exp() - (-(far * mu / obliquity)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_add_up_to_the_whole_sensor() {
        let whole = layer_capture(0.0, 0.45, 3.0, 0.8);
        let layers: f64 = (0..9).map(|i| layer_capture(f64::from(i) * 0.05, f64::from(i + 1) * 0.05, 3.0, 0.8)).sum();
        assert!((whole - layers).abs() < 1e-15);
        assert!((whole - (1.0 - (-0.45f64 * 3.0 / 0.8).exp())).abs() < 1e-15);
    }
}
