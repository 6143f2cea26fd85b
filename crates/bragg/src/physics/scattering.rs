//! The scattering vector, and the background of a liquid.

use crate::math::Vec3;
use crate::real::Real;
use crate::units::{AVOGADRO, THOMSON_R_E_SQUARED};

/// The scattering vector q = (d − i)/λ (1/Å) for unit vectors d (to the pixel) and i (of propagation) and a wavelength in Å
/// (Laue's equations; International Tables B, 1.2). Its length is 1/spacing.
#[inline(always)]
pub fn scattering_vector<R: Real>(diffracted: Vec3<R>, incident: Vec3<R>, wavelength: R) -> Vec3<R> {
    (diffracted - incident) * (R::constant(1.0) / wavelength)
}

/// Photons per steradian scattered by a `volume` of water (m³) in a `fluence` (photons/m²): r_e²·fluence times the number of molecules
/// in it times 2.57², their forward amplitude in the liquid (electrons). nanoBragg's model.
pub fn water_background<R: Real>(volume: R, fluence: R) -> R {
    const FORWARD_AMPLITUDE: f64 = 2.57;
    const GRAMS_PER_CUBIC_METER: f64 = 1e6;
    const MOLAR_MASS: f64 = 18.0;
    R::constant(FORWARD_AMPLITUDE.powi(2) * THOMSON_R_E_SQUARED)
        * fluence
        * volume
        * R::constant(GRAMS_PER_CUBIC_METER)
        * R::constant(AVOGADRO)
        / R::constant(MOLAR_MASS)
}

/// What thermal motion leaves of |F| at a squared reciprocal spacing `s_squared` = 1/d² (1/Å²): exp(−B s²/4) for `b_factor` B in Å²
/// (Debye–Waller; International Tables C, 6.1.1).
pub fn thermal_factor<R: Real>(b_factor: R, s_squared: R) -> R {
    (-(b_factor * s_squared * R::constant(0.25))).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_scattering_reaches_half_the_wavelength() {
        let i = Vec3::new(0.0, 0.0, 1.0);
        let q = scattering_vector(-i, i, 1.5);
        assert!((1.0 / q.norm() - 0.75).abs() < 1e-15);
    }

    #[test]
    fn a_cubic_micrometre_of_water_holds_a_picogram() {
        let molecules = 1e-12 / 18.0 * AVOGADRO;
        let photons = water_background(1e-18, 1e20);
        assert!((photons / (molecules * 2.57 * 2.57 * THOMSON_R_E_SQUARED * 1e20) - 1.0).abs() < 1e-12);
    }
}
