//! Lattice factors: the amplitude that the shape of the crystal gives to a point near a reflection.
//!
//! All take distances δ from the nearest reflection in fractions of the reciprocal cell, |δ| ≤ ½.

use crate::math::{Mat3, Vec3};
use crate::real::Real;
use std::f64::consts::PI;

/// The volume of a spherical crystal as a fraction of its parallelepiped's, which gives spots the same integral (nanoBragg).
pub const ROUND_VOLUME: f64 = 0.723601254558268;
/// ρ²·fudge (1/Å²) at which the amplitude of a Gaussian spot is 1/e (nanoBragg).
pub const GAUSS_WIDTH: f64 = 0.63;
/// ρ²·fudge (1/Å²) at which a top-hat spot ends (nanoBragg).
pub const TOPHAT_CUT: f64 = 0.3969;

/// The interference of `n` cells in a row, sin(πNh)/sin(πh) but for its sign, at δ from an integer h (Laue; International
/// Tables B, 1.2). The argument is reduced before the sine is taken, so that the zeros are where they should be.
/// Derivative: π·(N·cos(πNδ) − f·cos(πδ))/sin(πδ), 0 at δ = 0.
#[inline(always)]
pub fn grating<R: Real>(delta: R, n: R) -> R {
    let phase = n * delta;
    if phase.value().abs() < 1e-5 {
        let curvature = (R::constant(1.0) - n * n) * R::constant(PI * PI / 6.0);
        return n * (R::constant(1.0) + curvature * delta * delta);
    }
    let reduced = n.mul_add(delta, R::constant(-phase.value().round()));
    (R::constant(PI) * reduced).sin() / (R::constant(PI) * delta).sin()
}

/// A crystal of Na × Nb × Nc cells cut along its axes: the product of three [`grating`]s (but for its sign).
#[inline(always)]
pub fn square<R: Real>(delta: Vec3<R>, n: [R; 3]) -> R {
    grating(delta[0], n[0]) * grating(delta[1], n[1]) * grating(delta[2], n[2])
}

/// The form factor of a sphere, s(x) = 3(sin x/x − cos x)/x², s(0) = 1 (Rayleigh 1911), at x = πt. The argument is reduced before the
/// sine is taken, as in [`grating`].
#[inline(always)]
pub fn sphere<R: Real>(t: R) -> R {
    let x = R::constant(PI) * t;
    let square = x * x;
    if square.value() < 0.09 {
        let series = [-1.0 / 10.0, 1.0 / 280.0, -1.0 / 15120.0, 1.0 / 1330560.0, -1.0 / 172972800.0];
        let tail = series.into_iter().rev().fold(R::constant(0.0), |sum, term| (sum + R::constant(term)) * square);
        return R::constant(1.0) + tail;
    }
    let periods = t.value().round();
    let rest = R::constant(PI) * (t - R::constant(periods));
    let sign = if periods % 2.0 == 0.0 { 3.0 } else { -3.0 };
    R::constant(sign) * (rest.sin() / x - rest.cos()) / square
}

/// A spherical crystal of Na × Nb × Nc cells: their number times 0.7236 (which gives its spots the integral of those of the
/// parallelepiped) times [`sphere`] at t = √(fudge·Σ(Nδ)²). nanoBragg's model.
#[inline(always)]
pub fn round<R: Real>(delta: Vec3<R>, n: [R; 3], fudge: R) -> R {
    let scaled = Vec3::new(delta[0] * n[0], delta[1] * n[1], delta[2] * n[2]);
    let square = scaled.dot(scaled) * fudge;
    let cells = n[0] * n[1] * n[2] * R::constant(ROUND_VOLUME);
    if square.value() == 0.0 {
        return cells;
    }
    cells * sphere(square.sqrt())
}

/// Squared distance from the nearest reflection in reciprocal space times the squared number of cells, ρ² (1/Å²): the argument
/// of [`gauss`] and [`tophat`]. `reciprocal` has rows a*, b*, c* (1/Å).
#[inline(always)]
pub fn scaled_distance_squared<R: Real>(delta: Vec3<R>, reciprocal: &Mat3<R>, n: [R; 3]) -> R {
    let [a, b, c] = reciprocal.0;
    let offset = a * delta[0] + b * delta[1] + c * delta[2];
    let cells = n[0] * n[1] * n[2];
    offset.dot(offset) * (cells * cells)
}

/// Gaussian spots: Na·Nb·Nc·exp(−ρ²·fudge/0.63). nanoBragg's model.
#[inline(always)]
pub fn gauss<R: Real>(rho_squared: R, n: [R; 3], fudge: R) -> R {
    n[0] * n[1] * n[2] * (-(rho_squared * (fudge / R::constant(GAUSS_WIDTH)))).exp()
}

/// Spots of constant height: Na·Nb·Nc where ρ²·fudge < 0.3969, 0 elsewhere. nanoBragg's model; no useful derivative.
#[inline(always)]
pub fn tophat<R: Real>(rho_squared: R, n: [R; 3], fudge: R) -> R {
    if (rho_squared * fudge).value() < TOPHAT_CUT { n[0] * n[1] * n[2] } else { R::constant(0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real::Dual;

    #[test]
    fn a_grating_is_the_sum_of_its_cells() {
        for n in [1, 2, 5, 30] {
            for delta in [1e-9, 1e-6, 3e-6, 0.013, 0.2, 0.37, 0.5] {
                let (mut re, mut im) = (0.0, 0.0);
                for j in 0..n {
                    let phase = 2.0 * PI * f64::from(j) * delta;
                    re += phase.cos();
                    im += phase.sin();
                }
                let expected = f64::hypot(re, im);
                let got = grating(delta, f64::from(n)).abs();
                assert!((got - expected).abs() < 1e-13 * f64::from(n), "N {n} delta {delta}: {got} {expected}");
            }
        }
    }

    #[test]
    fn the_derivative_of_a_grating_is_as_stated() {
        for delta in [-0.4, -0.01, 2e-4, 0.03, 0.45] {
            let n = 7.0;
            let f = grating(Dual::variable(delta), Dual::constant(n));
            let plain = (PI * n * delta).sin() / (PI * delta).sin();
            let expected = PI * (n * (PI * n * delta).cos() - plain * (PI * delta).cos()) / (PI * delta).sin();
            assert!((f.derivative.abs() - expected.abs()).abs() < 1e-7, "{delta}: {} {expected}", f.derivative);
        }
        assert_eq!(grating(Dual::variable(0.0), Dual::constant(7.0)).derivative, 0.0);
    }

    #[test]
    fn the_sphere_is_smooth_where_the_series_ends() {
        let direct = |x: f64| 3.0 * (x.sin() / x - x.cos()) / (x * x);
        let at = |x: f64| sphere(x / PI);
        for x in [0.2999999, 0.7, 3.0, 4.0, 5.5, 8.0, 17.0] {
            assert!((at(x) - direct(x)).abs() < 1e-13, "at {x}");
        }
        assert!((at(1e-3) - (1.0 - 1e-7)).abs() < 1e-12);
        assert_eq!(sphere(0.0), 1.0);
        assert!(at(4.493409457909064).abs() < 1e-15);
    }

    #[test]
    fn every_shape_counts_its_cells_at_the_peak() {
        let (peak, n) = (Vec3::new(0.0, 0.0, 0.0), [2.0, 3.0, 4.0]);
        assert_eq!(square(peak, n), 24.0);
        assert!((round(peak, n, 1.1) - 24.0 * 0.723601254558268).abs() < 1e-12);
        assert_eq!(gauss(0.0, n, 1.0), 24.0);
        assert_eq!(tophat(0.39, n, 1.0), 24.0);
        assert_eq!(tophat(0.39, n, 1.1), 0.0);
    }

    #[test]
    fn distances_are_measured_in_reciprocal_space() {
        let reciprocal =
            Mat3::from_rows([Vec3::new(0.1, 0.0, 0.0), Vec3::new(0.0, 0.2, 0.0), Vec3::new(0.0, 0.1, 0.3)]);
        let rho = scaled_distance_squared(Vec3::new(0.0, 0.5, -0.5), &reciprocal, [2.0, 1.0, 1.0]);
        assert!((rho - 4.0 * (0.05f64.powi(2) + 0.15f64.powi(2))).abs() < 1e-15);
    }
}
