//! The squared lattice factor of one orientation over a tile, in short loops that each become vector instructions.
//!
//! The formulas are those of [`crate::physics::lattice`] with arguments reduced to half a period.

use super::elementary::{cos_pi, exp_negative, multiply_add, round, round_ties_down, sin_pi};
use super::tile::{Lane, TILE};
use crate::math::Vec3;
use crate::scene::{Domain, Orientation};
use std::f64::consts::PI;

/// Distances from a reflection below this count as this: the grating is N there to the last digit, and never 0/0.
const SMALLEST: f64 = 1e-20;

/// Fractional indices h, k, l of the tile's points: rows · q.
#[inline(always)]
pub(super) fn indices<const FMA: bool>(orientation: &Orientation, q: &[Lane; 3], hkl: &mut [Lane; 3], n: usize) {
    let [x, y, z] = q.each_ref().map(|component| &component[..n]);
    for (row, axis) in orientation.0.iter().zip(hkl) {
        let axis = &mut axis[..n];
        let [a, b, c] = row.0;
        for i in 0..n {
            axis[i] = multiply_add::<FMA>(c, z[i], multiply_add::<FMA>(b, y[i], a * x[i]));
        }
    }
}

/// The nearest reflections.
#[inline(always)]
pub(super) fn nearest<const FMA: bool>(hkl: &[Lane; 3], nearest: &mut [Lane; 3], n: usize) {
    for (hkl, nearest) in hkl.iter().zip(nearest) {
        let (hkl, nearest) = (&hkl[..n], &mut nearest[..n]);
        for i in 0..n {
            nearest[i] = round_ties_down::<FMA>(hkl[i]);
        }
    }
}

/// A parallelepiped of cells: squared product of three gratings.
#[inline(always)]
pub(super) fn square<const FMA: bool>(
    domain: &Domain,
    hkl: &[Lane; 3],
    [below, above]: &mut [[Lane; 3]; 2],
    squares: &mut Lane,
    n: usize,
) {
    for axis in 0..3 {
        let hkl = &hkl[axis][..n];
        let (below, above) = (&mut below[axis][..n], &mut above[axis][..n]);
        let cells = domain.n_cells[axis];
        for i in 0..n {
            let delta = (hkl[i] - round(hkl[i])).abs();
            let delta = if delta > SMALLEST { delta } else { SMALLEST };
            let phase = cells * delta;
            below[i] = delta;
            above[i] = phase - round(phase);
        }
        for x in below.iter_mut() {
            *x = sin_pi::<FMA>(*x);
        }
        for x in above.iter_mut() {
            *x = sin_pi::<FMA>(*x);
        }
    }
    let [a, b, c] = above.each_ref().map(|axis| &axis[..n]);
    let [u, v, w] = below.each_ref().map(|axis| &axis[..n]);
    let squares = &mut squares[..n];
    for i in 0..n {
        let ratio = (a[i] * b[i] * c[i]) / (u[i] * v[i] * w[i]);
        squares[i] = ratio * ratio;
    }
}

/// A spherical crystal.
#[inline(always)]
pub(super) fn round_crystal<const FMA: bool>(
    domain: &Domain,
    hkl: &[Lane; 3],
    nearest: &[Lane; 3],
    squares: &mut Lane,
    n: usize,
) {
    const VOLUME_RATIO: f64 = 0.723601254558268;
    let [n_a, n_b, n_c] = domain.n_cells;
    let cells = n_a * n_b * n_c * VOLUME_RATIO;
    let [h, k, l] = hkl.each_ref().map(|axis| &axis[..n]);
    let [h0, k0, l0] = nearest.each_ref().map(|axis| &axis[..n]);
    let squares = &mut squares[..n];
    for i in 0..n {
        let scaled = Vec3::new((h[i] - h0[i]) * n_a, (k[i] - k0[i]) * n_b, (l[i] - l0[i]) * n_c);
        let sum =
            multiply_add::<FMA>(scaled[2], scaled[2], multiply_add::<FMA>(scaled[1], scaled[1], scaled[0] * scaled[0]));
        let factor = cells * sphere::<FMA>(sum * domain.fudge);
        squares[i] = factor * factor;
    }
}

/// [`crate::physics::lattice::sphere`] of π√`t_squared`, but for its sign.
#[inline(always)]
fn sphere<const FMA: bool>(t_squared: f64) -> f64 {
    let t = t_squared.sqrt();
    let reduced = t - round(t);
    let x_squared = PI * PI * t_squared;
    let x = PI * t;
    // The nearest multiple of π changes the sign of sine and cosine together.
    let direct = 3.0 * (sin_pi::<FMA>(reduced) / x - cos_pi::<FMA>(reduced)) / x_squared;
    let mut series = -1.0 / 172972800.0;
    for term in [1.0 / 1330560.0, -1.0 / 15120.0, 1.0 / 280.0, -1.0 / 10.0, 1.0] {
        series = multiply_add::<FMA>(series, x_squared, term);
    }
    if x_squared < 0.09 { series } else { direct }
}

/// Gaussian spots.
#[inline(always)]
pub(super) fn gauss<const FMA: bool>(
    domain: &Domain,
    hkl: &[Lane; 3],
    nearest: &[Lane; 3],
    squares: &mut Lane,
    n: usize,
) {
    rho_squared::<FMA>(domain, hkl, nearest, squares, n);
    let [n_a, n_b, n_c] = domain.n_cells;
    let (cells, scale) = (n_a * n_b * n_c, domain.fudge / 0.63);
    for square in &mut squares[..n] {
        let factor = cells * exp_negative::<FMA>(-(*square * scale));
        *square = factor * factor;
    }
}

/// Spots of constant height.
#[inline(always)]
pub(super) fn tophat<const FMA: bool>(
    domain: &Domain,
    hkl: &[Lane; 3],
    nearest: &[Lane; 3],
    squares: &mut Lane,
    n: usize,
) {
    rho_squared::<FMA>(domain, hkl, nearest, squares, n);
    for square in &mut squares[..n] {
        let factor = crate::physics::lattice::tophat(*square, domain.n_cells, domain.fudge);
        *square = factor * factor;
    }
}

/// [`crate::physics::lattice::scaled_distance_squared`] over a tile.
#[inline(always)]
fn rho_squared<const FMA: bool>(domain: &Domain, hkl: &[Lane; 3], nearest: &[Lane; 3], rho: &mut Lane, n: usize) {
    let [a, b, c] = domain.reciprocal.0;
    let [h, k, l] = hkl.each_ref().map(|axis| &axis[..n]);
    let [h0, k0, l0] = nearest.each_ref().map(|axis| &axis[..n]);
    let cells = domain.n_cells[0] * domain.n_cells[1] * domain.n_cells[2];
    let rho = &mut rho[..n];
    for i in 0..n {
        let delta = [h[i] - h0[i], k[i] - k0[i], l[i] - l0[i]];
        let component = |j: usize| a[j] * delta[0] + b[j] * delta[1] + c[j] * delta[2];
        let [x, y, z] = [component(0), component(1), component(2)];
        let square = multiply_add::<FMA>(z, z, multiply_add::<FMA>(y, y, x * x));
        rho[i] = square * (cells * cells);
    }
}

const _: () = assert!(TILE.is_multiple_of(16), "tiles are whole vectors");
