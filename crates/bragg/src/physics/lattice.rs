//! Lattice factors: the amplitude that the shape of the crystal gives to a point near a reflection.
//!
//! All take distances δ from the nearest reflection in fractions of the reciprocal cell, |δ| ≤ ½.

use crate::math::{Mat3, Vec3};
use crate::real::Real;
use std::f64::consts::PI;

/// Amplitude of a spherical crystal by the number of cells of its parallelepiped: √(π/6). By Parseval's theorem the square of
/// [`sphere`] integrates to 6/π over all ρ, so that ∫L² is the number of cells, as for every other shape; nanoBragg's constant.
pub const ROUND_PEAK: f64 = 0.723601254558268;
/// ρ² at which the amplitude of a Gaussian spot is 1/e: 2/π, for ∫N²·exp(−πN²δ²) dδ = N.
pub const GAUSS_WIDTH: f64 = std::f64::consts::FRAC_2_PI;
/// ρ² at which the amplitude of nanoBragg's Gaussian spots is 1/e.
pub const GAUSS_WIDTH_NANOBRAGG: f64 = 0.63;
/// ρ² at which a top-hat spot ends: (3/4π)^⅔, for a ball of volume 1.
pub const TOPHAT_WIDTH: f64 = 0.384_834_731_559_126_6;
/// ρ² at which nanoBragg's top-hat spots end: 0.63².
pub const TOPHAT_WIDTH_NANOBRAGG: f64 = 0.3969;

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

/// A spherical crystal in a parallelepiped of Na × Nb × Nc cells: its amplitude `peak` at the centre of a spot times [`sphere`] at
/// t = √(fudge·Σ(Nδ)²). The diameters of the sphere are the edges.
#[inline(always)]
pub fn round<R: Real>(delta: Vec3<R>, n: [R; 3], fudge: R, peak: R) -> R {
    let scaled = Vec3::new(delta[0] * n[0], delta[1] * n[1], delta[2] * n[2]);
    let square = scaled.dot(scaled) * fudge;
    if square.value() == 0.0 {
        return peak;
    }
    peak * sphere(square.sqrt())
}

/// The amplitude at the centre with which the spots of [`round`] have all photons of a block: N·√(π/6)/√K, K the part of a sphere's
/// ∫L² that lies in the reciprocal cell about a reflection, |δ| ≤ ½. What is outside, spots being cut there, is the tail
/// t = (3/π²)·⟨1/ρ⟩ with ρ the distance of the cell's surface, averaged over directions: 0.505/N for N cells along each edge. K is
/// 1/√((1 + t + t²)² + (6/(πM₁M₂M₃))²) with M_i = N_i·√fudge, from 4 cells on within 10⁻³, below that the way from 1 − t to the volume of
/// the cell. Other fudges than 1 change ∫L² as in the other shapes, by fudge^(−3/2).
pub fn round_peak<R: Real>(n: [R; 3], fudge: R) -> R {
    let one = R::constant(1.0);
    let root = fudge.sqrt();
    let [a, b, c] = n.map(|n| n * root * R::constant(0.5));
    // ∫∫ dx dy/(h² + x² + y²)² over a face at distance h, times h
    let side = |h: R, x: R, y: R| {
        let across = (h * h + x * x).sqrt();
        x / across * (y / across).atan()
    };
    let face = |h: R, x: R, y: R| (side(h, x, y) + side(h, y, x)) / h;
    let tail = (face(a, b, c) + face(b, c, a) + face(c, a, b)) * R::constant(3.0 / (PI * PI * PI));
    let wide = one + tail + tail * tail;
    let narrow = R::constant(0.75 / PI) / (a * b * c);
    n[0] * n[1] * n[2] * R::constant(ROUND_PEAK) * (wide * wide + narrow * narrow).sqrt().sqrt()
}

/// Squared distance ρ² from the nearest reflection, |δ₁m₁ + δ₂m₂ + δ₃m₃|²·stretch² for the rows m of `metric`: the argument of [`gauss`]
/// and [`tophat`]. What the rows are says what the spots are like: N_i times unit vectors, as wide along each index as the block is
/// short; a*, b*, c*, round in reciprocal space.
#[inline(always)]
pub fn scaled_distance_squared<R: Real>(delta: Vec3<R>, metric: &Mat3<R>, stretch: R) -> R {
    let [a, b, c] = metric.0;
    let offset = a * delta[0] + b * delta[1] + c * delta[2];
    offset.dot(offset) * (stretch * stretch)
}

/// Gaussian spots: peak·exp(−ρ²·fudge/width), peak the number of cells.
#[inline(always)]
pub fn gauss<R: Real>(rho_squared: R, peak: R, fudge: R, width: f64) -> R {
    peak * (-(rho_squared * (fudge / R::constant(width)))).exp()
}

/// Spots of constant height: peak where ρ²·fudge < width, 0 elsewhere. No useful derivative.
#[inline(always)]
pub fn tophat<R: Real>(rho_squared: R, peak: R, fudge: R, width: f64) -> R {
    if (rho_squared * fudge).value() < width { peak } else { R::constant(0.0) }
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
        assert_eq!(round(peak, n, 1.1, 17.0), 17.0);
        assert_eq!(gauss(0.0, 24.0, 1.0, GAUSS_WIDTH), 24.0);
        assert_eq!(tophat(0.38, 24.0, 1.0, TOPHAT_WIDTH), 24.0);
        assert_eq!(tophat(0.38, 24.0, 1.1, TOPHAT_WIDTH), 0.0);
    }

    /// ∫L² over a reciprocal cell must be the number of cells: Parseval's theorem. Spherical shells in ρ, of volume 4πρ² dρ/N³ in δ.
    #[test]
    fn every_shape_integrates_to_the_number_of_its_cells() {
        let n = 10.0f64;
        let cells = n * n * n;
        let shells = |end: f64, squared: &dyn Fn(f64) -> f64| {
            let steps = 200_000;
            let step = end / f64::from(steps);
            let shell = |i: i32| (f64::from(i) + 0.5) * step;
            let sum: f64 = (0..steps).map(|i| 4.0 * PI * shell(i).powi(2) * squared(shell(i)).powi(2)).sum();
            sum * step / n.powi(6)
        };
        let along: f64 =
            (0..2000).map(|i| grating((f64::from(i) + 0.5) / 2000.0 - 0.5, n).powi(2)).sum::<f64>() / 2000.0;
        assert!((along / n - 1.0).abs() < 1e-12, "{along}");
        assert!((shells(6.0, &|rho| gauss(rho * rho, cells, 1.0, GAUSS_WIDTH)) - 1.0).abs() < 1e-9);
        assert!((shells(1.0, &|rho| tophat(rho * rho, cells, 1.0, TOPHAT_WIDTH)) - 1.0).abs() < 1e-5);
        // beyond ρ the mean of s² is 9/(2π⁴ρ⁴); times π/6 and 4πρ² its integral is 3/(π²ρ)
        let tail = |rho: f64| 3.0 / (PI * PI * rho);
        let end = 200.0;
        let sphere = shells(end, &|rho| cells * ROUND_PEAK * sphere(rho));
        assert!((sphere + tail(end) - 1.0).abs() < 1e-5, "{sphere}");
    }

    /// Midpoints of an eighth of the reciprocal cell.
    fn round_integral(n: [f64; 3], fudge: f64, peak: f64) -> f64 {
        let steps = n.map(|n| 40 + 4 * n as usize);
        let at = |axis: usize, i: usize| (i as f64 + 0.5) * 0.5 / steps[axis] as f64;
        let mut sum = 0.0;
        for i in 0..steps[0] {
            for j in 0..steps[1] {
                for k in 0..steps[2] {
                    sum += round(Vec3::new(at(0, i), at(1, j), at(2, k)), n, fudge, peak).powi(2);
                }
            }
        }
        sum / steps.iter().product::<usize>() as f64
    }

    #[test]
    fn spheres_have_the_photons_of_their_cells_within_the_reciprocal_cell() {
        for (n, fudge, allowed) in [
            ([8.0; 3], 1.0, 1e-3),
            ([12.0; 3], 1.0, 1e-3),
            ([4.0, 9.0, 20.0], 1.0, 3e-3),
            ([20.0; 3], 0.16, 1e-3),
            ([2.0; 3], 1.0, 0.04),
            ([3.0; 3], 1.0, 0.04),
            ([6.0; 3], 1e-6, 1e-3),
        ] {
            let cells: f64 = n.iter().product();
            let found = round_integral(n, fudge, round_peak(n, fudge)) / cells * fudge.powf(1.5);
            assert!((found - 1.0).abs() < allowed, "{n:?} {fudge}: {found}");
        }
        // the tail beyond the reciprocal cell that nanoBragg's constant does not count
        let lost = 1.0 - round_integral([8.0; 3], 1.0, 512.0 * ROUND_PEAK) / 512.0;
        assert!((lost - 0.505 / 8.0).abs() < 1e-3, "{lost}");
    }

    #[test]
    fn distances_are_measured_with_the_metric() {
        let reciprocal =
            Mat3::from_rows([Vec3::new(0.1, 0.0, 0.0), Vec3::new(0.0, 0.2, 0.0), Vec3::new(0.0, 0.1, 0.3)]);
        let rho = scaled_distance_squared(Vec3::new(0.0, 0.5, -0.5), &reciprocal, 2.0);
        assert!((rho - 4.0 * (0.05f64.powi(2) + 0.15f64.powi(2))).abs() < 1e-15);
    }
}
