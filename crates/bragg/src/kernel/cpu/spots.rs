//! Crystals whose spots are bells or boxes: [`crate::physics::lattice::gauss`] and [`crate::physics::lattice::tophat`] over a tile.

use super::amplitudes::{Amplitudes, Lookup};
use super::distances::{Distances, Metric, distances};
use super::elementary::{exp_negative, multiply_add};
use super::tile::{Lane, TILE};
use crate::scene::{Domain, Orientation, Shape};

/// What does not depend on the pixel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    /// Measures a distance so that L² is e^(−distance²), or a constant below distance 1.
    pub(super) metric: Metric,
    /// L² at the centre.
    pub(super) peak: f64,
}

impl Spot {
    pub(super) fn new(domain: &Domain) -> Self {
        let cells = domain.n_cells[0] * domain.n_cells[1] * domain.n_cells[2];
        // Of L², twice the exponent of L; the cut of the top-hat is 0.3969.
        let per_square = if domain.shape == Shape::Tophat { domain.fudge / 0.3969 } else { 2.0 * domain.fudge / 0.63 };
        Self { metric: Metric::new(&domain.reciprocal, cells * per_square.sqrt()), peak: cells * cells }
    }
}

/// What the loops hand on.
pub(super) struct Scratch {
    distances: Distances,
    lookup: Lookup,
    exponent: Lane,
}

impl Scratch {
    pub(super) fn new() -> Self {
        Self { distances: Distances::new(), lookup: Lookup::new(), exponent: [0.0; TILE] }
    }
}

/// Adds Σ F²·L²/L₀² over the orientations, L₀ the value at the centre; without F² where that is the same everywhere.
#[inline(always)]
pub(super) fn add<const FMA: bool, const TOPHAT: bool>(
    spot: &Spot,
    orientations: &[Orientation],
    amplitudes: &Amplitudes,
    q: &[Lane; 3],
    scratch: &mut Scratch,
    sum: &mut [f64],
) {
    let n = sum.len();
    let Scratch { distances: between, lookup, exponent } = scratch;
    for orientation in orientations {
        let is_table = !matches!(amplitudes, Amplitudes::Uniform(_));
        if is_table {
            distances::<FMA, true>(orientation, q, between, n);
            if !amplitudes.look_up::<FMA>(between, lookup, n) {
                continue;
            }
        } else {
            distances::<FMA, false>(orientation, q, between, n);
        }
        let [a, b, c] = between.delta.each_ref().map(|axis| &axis[..n]);
        let (squares, exponent) = (&lookup.squares[..n], &mut exponent[..n]);
        if TOPHAT {
            for i in 0..n {
                let is_lit = spot.metric.square::<FMA>([a[i], b[i], c[i]]) < 1.0;
                sum[i] += if is_lit { if is_table { squares[i] } else { 1.0 } } else { 0.0 };
            }
            continue;
        }
        for i in 0..n {
            exponent[i] = -spot.metric.square::<FMA>([a[i], b[i], c[i]]);
        }
        if is_table {
            for i in 0..n {
                sum[i] = multiply_add::<FMA>(exp_negative::<FMA>(exponent[i]), squares[i], sum[i]);
            }
        } else {
            for i in 0..n {
                sum[i] += exp_negative::<FMA>(exponent[i]);
            }
        }
    }
}
