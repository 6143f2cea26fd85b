//! Crystals cut along their axes: the product of three gratings.
//!
//! [`crate::physics::lattice::square`] in short loops over a tile. Two orientations go together, so that they share one division:
//! u² + v² over a common denominator. A point exactly on a reflection along some axis gives 0/0 here; the caller mends it.

#![expect(clippy::needless_range_loop, reason = "one index into many arrays is how these loops read best")]

use super::amplitudes::{Amplitudes, Lookup};
use super::distances::{Distances, distances};
use super::elementary::{multiply_add, round_product, sin_pi_scaled};
use super::tile::{DARK, Lane};
use crate::scene::Orientation;

/// What the loops hand on.
pub(super) struct Scratch {
    distances: [Distances; 2],
    lookups: [Lookup; 2],
    numerator: Lane,
    denominator: Lane,
}

impl Scratch {
    pub(super) fn new(amplitudes: &Amplitudes) -> Self {
        Self {
            distances: [Distances::new(), Distances::new()],
            lookups: [Lookup::new(amplitudes), Lookup::new(amplitudes)],
            numerator: DARK,
            denominator: DARK,
        }
    }
}

/// Adds Σ F²·L² over the orientations, or Σ L² where F is the same everywhere.
#[inline(always)]
pub(super) fn add<const FMA: bool>(
    n_cells: [f64; 3],
    orientations: &[Orientation],
    amplitudes: &Amplitudes,
    q: &[Lane; 3],
    scratch: &mut Scratch,
    sum: &mut [f64],
) {
    if matches!(amplitudes, Amplitudes::Uniform(_)) {
        add_pairs::<FMA, false>(n_cells, orientations, amplitudes, q, scratch, sum);
    } else {
        add_pairs::<FMA, true>(n_cells, orientations, amplitudes, q, scratch, sum);
    }
}

/// Adds the sum as [`add`] does, by pairs of orientations; `TABLE`: F varies.
#[inline(always)]
fn add_pairs<const FMA: bool, const TABLE: bool>(
    n_cells: [f64; 3],
    orientations: &[Orientation],
    amplitudes: &Amplitudes,
    q: &[Lane; 3],
    scratch: &mut Scratch,
    sum: &mut [f64],
) {
    let (pairs, last) = orientations.as_chunks::<2>();
    for pair in pairs {
        add_group::<FMA, TABLE, 2>(n_cells, pair, amplitudes, q, scratch, sum);
    }
    if let [one] = last {
        add_group::<FMA, TABLE, 1>(n_cells, &[*one], amplitudes, q, scratch, sum);
    }
}

/// Adds the terms of one or two orientations.
#[inline(always)]
fn add_group<const FMA: bool, const TABLE: bool, const K: usize>(
    n_cells: [f64; 3],
    orientations: &[Orientation; K],
    amplitudes: &Amplitudes,
    q: &[Lane; 3],
    scratch: &mut Scratch,
    sum: &mut [f64],
) {
    let n = sum.len();
    let mut any = !TABLE;
    for k in 0..K {
        distances::<FMA, TABLE>(&orientations[k], q, &mut scratch.distances[k], 0..n);
        if TABLE {
            any |= amplitudes.look_up::<FMA>(&scratch.distances[k], &mut scratch.lookups[k], n);
        }
    }
    if !any {
        return;
    }
    let Scratch { distances, lookups, numerator, denominator } = scratch;
    let [squares, others] = lookups.each_ref().map(|lookup| &lookup.squares[..n]);
    let [a, b, c] = distances[0].delta.each_ref().map(|axis| &axis[..n]);
    if K == 1 {
        for i in 0..n {
            let [above, below] = gratings::<FMA>(n_cells, [a[i], b[i], c[i]]);
            let ratio = above / below;
            let weighted = if TABLE { ratio * squares[i] } else { ratio };
            sum[i] = multiply_add::<FMA>(weighted, ratio, sum[i]);
        }
        return;
    }
    let (numerator, denominator) = (&mut numerator[..n], &mut denominator[..n]);
    for i in 0..n {
        let [above, below] = gratings::<FMA>(n_cells, [a[i], b[i], c[i]]);
        (numerator[i], denominator[i]) = (above, below);
    }
    let [a, b, c] = distances[1].delta.each_ref().map(|axis| &axis[..n]);
    for i in 0..n {
        let [above, below] = gratings::<FMA>(n_cells, [a[i], b[i], c[i]]);
        let (u, v, common) = (numerator[i] * below, above * denominator[i], denominator[i] * below);
        let (weighted, other) = if TABLE { (u * squares[i], v * others[i]) } else { (u, v) };
        sum[i] += multiply_add::<FMA>(weighted, u, other * v) / (common * common);
    }
}

/// The products of the gratings' numerators and denominators along three axes.
#[inline(always)]
fn gratings<const FMA: bool>(n_cells: [f64; 3], [a, b, c]: [f64; 3]) -> [f64; 2] {
    let [u, v, w] = [grating::<FMA>(a, n_cells[0]), grating::<FMA>(b, n_cells[1]), grating::<FMA>(c, n_cells[2])];
    [u[0] * v[0] * w[0], u[1] * v[1] * w[1]]
}

/// sin(πNδ) and sin(πδ), but for a sign and a factor that both have.
#[inline(always)]
fn grating<const FMA: bool>(delta: f64, cells: f64) -> [f64; 2] {
    let periods = round_product::<FMA>(cells, delta);
    let rest = multiply_add::<FMA>(cells, delta, -periods);
    [sin_pi_scaled::<FMA>(rest), sin_pi_scaled::<FMA>(delta)]
}
