//! Spherical crystals: [`crate::physics::lattice::round`] over a tile.

use super::amplitudes::{Amplitudes, Lookup};
use super::distances::{Distances, distances};
use super::elementary::{cos_pi, multiply_add, round, sin_pi, sphere_near};
use super::tile::{DARK, Lane};
use crate::scene::{Domain, Orientation};
use std::f64::consts::PI;

/// What does not depend on the pixel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sphere {
    n_cells: [f64; 3],
    fudge: f64,
    /// L² at the centre.
    pub(super) peak: f64,
}

impl Sphere {
    pub(super) fn new(domain: &Domain) -> Self {
        Self { n_cells: domain.n_cells, fudge: domain.fudge, peak: domain.peak * domain.peak }
    }
}

/// What the loops hand on.
pub(super) struct Scratch {
    distances: Distances,
    lookup: Lookup,
    radius_squared: Lane,
    radius: Lane,
}

impl Scratch {
    pub(super) fn new(amplitudes: &Amplitudes) -> Self {
        Self { distances: Distances::new(), lookup: Lookup::new(amplitudes), radius_squared: DARK, radius: DARK }
    }
}

/// Adds Σ F²·L²/L₀² over the orientations, L₀ the value at the centre; without F² where that is the same everywhere.
#[inline(always)]
pub(super) fn add<const FMA: bool>(
    sphere: &Sphere,
    orientations: &[Orientation],
    amplitudes: &Amplitudes,
    q: &[Lane; 3],
    scratch: &mut Scratch,
    sum: &mut [f64],
) {
    let n = sum.len();
    let Scratch { distances: between, lookup, radius_squared, radius } = scratch;
    for orientation in orientations {
        if matches!(amplitudes, Amplitudes::Uniform(_)) {
            distances::<FMA, false>(orientation, q, between, 0..n);
        } else {
            distances::<FMA, true>(orientation, q, between, 0..n);
            if !amplitudes.look_up::<FMA>(between, lookup, n) {
                continue;
            }
        }
        let [a, b, c] = between.delta.each_ref().map(|axis| &axis[..n]);
        let (squares, radius_squared, radius) = (&lookup.squares[..n], &mut radius_squared[..n], &mut radius[..n]);
        let [n_a, n_b, n_c] = sphere.n_cells;
        for i in 0..n {
            // Rounded as the reference kernel rounds it: zeros make any other rounding visible.
            let (a, b, c) = (n_a * a[i], n_b * b[i], n_c * c[i]);
            let square = multiply_add::<FMA>(c, c, multiply_add::<FMA>(b, b, a * a)) * sphere.fudge;
            radius_squared[i] = square;
            radius[i] = square.sqrt();
        }
        for i in 0..n {
            let value = form_factor_squared::<FMA>(radius_squared[i], radius[i]);
            sum[i] = multiply_add::<FMA>(value, squares[i], sum[i]);
        }
    }
}

/// The square of [`crate::physics::lattice::sphere`] at π·t.
#[inline(always)]
fn form_factor_squared<const FMA: bool>(t_squared: f64, t: f64) -> f64 {
    // The nearest multiple of π changes the sign of sine and cosine together.
    let rest = t - round(t);
    let difference = multiply_add::<FMA>(-PI * t, cos_pi::<FMA>(rest), sin_pi::<FMA>(rest));
    let direct = difference * difference * 9.0 / (PI * PI * PI * PI * PI * PI * (t_squared * t_squared * t_squared));
    let near = sphere_near::<FMA>(t_squared);
    if t_squared < 0.25 { near * near } else { direct }
}
