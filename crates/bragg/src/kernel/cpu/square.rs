//! Crystals cut along their axes: the product of three gratings.
//!
//! [`crate::physics::lattice::square`] in short loops over a tile. Two orientations go together, so that they share one division:
//! u² + v² over a common denominator. A point exactly on a reflection along some axis gives 0/0 here; the caller mends it.

#![expect(clippy::needless_range_loop, reason = "one index into many arrays is how these loops read best")]

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
        for axis in 0..LAST {
            let (delta, cells) = (&distances[k].delta[axis][..n], n_cells[axis]);
            for i in 0..n {
                let [above, below] = grating::<FMA>(delta[i], cells);
                let [so_far_above, so_far_below] = if axis == 0 { [1.0; 2] } else { [numerator[i], denominator[i]] };
                numerator[i] = so_far_above * above;
                denominator[i] = so_far_below * below;
            }
        }
    }
    let Scratch { distances, lookups, numerator, denominator } = &*scratch;
    let cells = n_cells[LAST];
    let ratio = |k: usize| {
        let (numerator, denominator) = (&numerator[k][..n], &denominator[k][..n]);
        let (delta, squares) = (&distances[k].delta[LAST][..n], &lookups[k].squares[..n]);
        move |i: usize| {
            let [above, below] = grating::<FMA>(delta[i], cells);
            (numerator[i] * above, denominator[i] * below, if TABLE { squares[i] } else { 1.0 })
        }
    };
    let first = ratio(0);
    if K == 1 {
        for i in 0..n {
            let (numerator, denominator, square) = first(i);
            let ratio = numerator / denominator;
            sum[i] = multiply_add::<FMA>(ratio * square, ratio, sum[i]);
        }
        return;
    }
    let second = ratio(K - 1);
    for i in 0..n {
        let ((a, b, square), (c, d, other_square)) = (first(i), second(i));
        let (u, v, common) = (a * d, c * b, b * d);
        sum[i] += multiply_add::<FMA>(u * square, u, v * other_square * v) / (common * common);
    }
}

/// The axis whose grating is not kept: its loop ends with the division, which other work hides.
const LAST: usize = 2;

/// sin(πNδ) and sin(πδ), but for a sign and a factor that both have.
#[inline(always)]
fn grating<const FMA: bool>(delta: f64, cells: f64) -> [f64; 2] {
    let periods = round_product::<FMA>(cells, delta);
    let rest = multiply_add::<FMA>(cells, delta, -periods);
    [sin_pi_scaled::<FMA>(rest), sin_pi_scaled::<FMA>(delta)]
}
