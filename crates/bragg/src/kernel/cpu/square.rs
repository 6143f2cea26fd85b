//! Crystals cut along their axes: the product of three gratings.
//!
//! [`crate::physics::lattice::square`] in short loops over a tile. Two orientations go together, so that they share one division:
//! u² + v² over a common denominator. A point exactly on a reflection along some axis gives 0/0 here; the caller mends it.

use super::amplitudes::{Amplitudes, Lookup};
use super::distances::{Distances, distances};
use super::elementary::{multiply_add, round_product, sin_pi_scaled};
use super::tile::{Lane, TILE};
use crate::scene::Orientation;

/// What the loops hand on.
pub(super) struct Scratch {
    distances: [Distances; 2],
    lookups: [Lookup; 2],
    numerator: [Lane; 2],
    denominator: [Lane; 2],
}

impl Scratch {
    pub(super) fn new() -> Self {
        Self {
            distances: [Distances::new(), Distances::new()],
            lookups: [Lookup::new(), Lookup::new()],
            numerator: [[0.0; TILE]; 2],
            denominator: [[0.0; TILE]; 2],
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
    let (pairs, last) = orientations.as_chunks::<2>();
    match amplitudes {
        Amplitudes::Uniform(_) => {
            for pair in pairs {
                add_group::<FMA, false, 2>(n_cells, pair, amplitudes, q, scratch, sum);
            }
            if let [one] = last {
                add_group::<FMA, false, 1>(n_cells, &[*one], amplitudes, q, scratch, sum);
            }
        }
        _ => {
            for pair in pairs {
                add_group::<FMA, true, 2>(n_cells, pair, amplitudes, q, scratch, sum);
            }
            if let [one] = last {
                add_group::<FMA, true, 1>(n_cells, &[*one], amplitudes, q, scratch, sum);
            }
        }
    }
}

/// The same for one or two orientations; `TABLE`: F varies.
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
        distances::<FMA, TABLE>(&orientations[k], q, &mut scratch.distances[k], n);
        if TABLE {
            any |= amplitudes.look_up::<FMA>(&scratch.distances[k], &mut scratch.lookups[k], n);
        }
    }
    if !any {
        return;
    }
    for k in 0..K {
        let Scratch { distances, numerator, denominator, .. } = &mut *scratch;
        let (numerator, denominator) = (&mut numerator[k][..n], &mut denominator[k][..n]);
        for axis in 0..3 {
            let (delta, cells) = (&distances[k].delta[axis][..n], n_cells[axis]);
            if axis == 0 {
                for i in 0..n {
                    let [above, below] = grating::<FMA>(delta[i], cells);
                    (numerator[i], denominator[i]) = (above, below);
                }
            } else {
                for i in 0..n {
                    let [above, below] = grating::<FMA>(delta[i], cells);
                    numerator[i] *= above;
                    denominator[i] *= below;
                }
            }
        }
    }
    let [numerator, denominator] =
        [&scratch.numerator, &scratch.denominator].map(|pair| pair.each_ref().map(|lane| &lane[..n]));
    let squares = scratch.lookups.each_ref().map(|lookup| &lookup.squares[..n]);
    let weight = |k: usize, i: usize| if TABLE { squares[k][i] } else { 1.0 };
    if K == 1 {
        for i in 0..n {
            let ratio = numerator[0][i] / denominator[0][i];
            sum[i] = multiply_add::<FMA>(ratio * weight(0, i), ratio, sum[i]);
        }
        return;
    }
    for i in 0..n {
        let (u, v) = (numerator[0][i] * denominator[1][i], numerator[1][i] * denominator[0][i]);
        let common = denominator[0][i] * denominator[1][i];
        sum[i] += multiply_add::<FMA>(u * weight(0, i), u, v * weight(1, i) * v) / (common * common);
    }
}

/// sin(πNδ) and sin(πδ), but for a sign and a factor that both have.
#[inline(always)]
fn grating<const FMA: bool>(delta: f64, cells: f64) -> [f64; 2] {
    let periods = round_product::<FMA>(cells, delta);
    let rest = multiply_add::<FMA>(cells, delta, -periods);
    [sin_pi_scaled::<FMA>(rest), sin_pi_scaled::<FMA>(delta)]
}
