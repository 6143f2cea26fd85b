//! [`super::square`] in mixed precision: indices and phases in double precision, sines and products in single.
//!
//! Reducing the phases before they are shortened keeps the zeros of the gratings where they are, so that the error is relative: some
//! 1e-6 of each term.

use super::amplitudes::{Amplitudes, Lookup};
use super::distances::{Distances, index};
use super::elementary::{multiply_add, multiply_add_single, round, round_product, round_ties_down};
use super::tile::{Aligned, Lane, TILE};
use crate::scene::Orientation;

/// A [`Lane`] in single precision.
type Single = Aligned<[f32; TILE + 16]>;

const DARK: Single = Aligned([0.0; TILE + 16]);

/// Cells of a crystal up to which its terms are within the range of single precision.
pub(super) const MOST_CELLS: f64 = 1e12;

/// Terms that are added up in single precision before they join the sum.
const TERMS: usize = 16;

/// What the loops hand on.
pub(super) struct Scratch {
    distances: Distances,
    lookup: Lookup,
    delta: [Single; 3],
    rest: [Single; 3],
    squares: Single,
    terms: Single,
}

impl Scratch {
    pub(super) fn new(amplitudes: &Amplitudes) -> Self {
        Self {
            distances: Distances::new(),
            lookup: Lookup::new(amplitudes),
            delta: [DARK; 3],
            rest: [DARK; 3],
            squares: DARK,
            terms: DARK,
        }
    }
}

/// Adds Σ F²·L²/L₀² over the orientations, L₀ the value at the centre, F² in [`Amplitudes::unit`]; without F² where that is the same
/// everywhere.
#[inline(always)]
pub(super) fn add<const FMA: bool>(
    n_cells: [f64; 3],
    orientations: &[Orientation],
    amplitudes: &Amplitudes,
    q: &[Lane; 3],
    scratch: &mut Scratch,
    sum: &mut [f64],
) {
    let n = sum.len();
    for group in orientations.chunks(TERMS) {
        scratch.terms[..n].fill(0.0);
        for orientation in group {
            if matches!(amplitudes, Amplitudes::Uniform(_)) {
                add_term::<FMA, false>(n_cells, orientation, amplitudes, q, scratch, n);
            } else {
                add_term::<FMA, true>(n_cells, orientation, amplitudes, q, scratch, n);
            }
        }
        sum.iter_mut().zip(scratch.terms.iter()).for_each(|(sum, &terms)| *sum += f64::from(terms));
    }
}

/// Adds the terms of one orientation; `TABLE`: F varies.
#[inline(always)]
fn add_term<const FMA: bool, const TABLE: bool>(
    n_cells: [f64; 3],
    orientation: &Orientation,
    amplitudes: &Amplitudes,
    q: &[Lane; 3],
    scratch: &mut Scratch,
    n: usize,
) {
    /// Twice, keeps the products of three small distances within the range of single precision.
    const SCALE: f32 = (1u64 << 40) as f32;
    let Scratch { distances, lookup, delta, rest, squares, terms } = scratch;
    reduce::<FMA, TABLE>(n_cells, orientation, q, distances, delta, rest, n);
    if TABLE && !amplitudes.look_up::<FMA>(distances, lookup, n) {
        return;
    }
    if TABLE {
        let unit = 1.0 / amplitudes.unit();
        squares[..n].iter_mut().zip(lookup.squares.iter()).for_each(|(short, &long)| *short = (long * unit) as f32);
    }
    let [u, v, w] = delta.each_ref().map(|lane| &lane[..n]);
    let [a, b, c] = rest.each_ref().map(|lane| &lane[..n]);
    let scale = SCALE / (n_cells[0] * n_cells[1] * n_cells[2]) as f32;
    let (squares, terms) = (&squares[..n], &mut terms[..n]);
    let sine = sin_pi_scaled::<FMA>;
    for i in 0..n {
        let above = (sine(a[i]) * SCALE) * sine(b[i]) * (sine(c[i]) * scale);
        let below = (sine(u[i]) * SCALE) * sine(v[i]) * (sine(w[i]) * SCALE);
        let ratio = above / below;
        let weight = if TABLE { ratio * squares[i] } else { ratio };
        terms[i] = multiply_add_single::<FMA>(weight, ratio, terms[i]);
    }
}

/// Distances from the nearest reflections and phases reduced to half a period, shortened; and the reflections.
#[inline(always)]
fn reduce<const FMA: bool, const NEAREST: bool>(
    n_cells: [f64; 3],
    orientation: &Orientation,
    q: &[Lane; 3],
    distances: &mut Distances,
    delta: &mut [Single; 3],
    rest: &mut [Single; 3],
    n: usize,
) {
    let [x, y, z] = q.each_ref().map(|component| &component[..n]);
    for axis in 0..3 {
        let (row, cells) = (orientation.0[axis].0, n_cells[axis]);
        let (delta, rest) = (&mut delta[axis][..n], &mut rest[axis][..n]);
        let (nearest, long) = (&mut distances.nearest[axis][..n], &mut distances.delta[axis][..n]);
        for i in 0..n {
            let h = index::<FMA>(row, [x[i], y[i], z[i]]);
            let whole = if NEAREST { round_ties_down::<FMA>(h) } else { round(h) };
            if NEAREST {
                nearest[i] = whole;
            }
            let distance = h - whole;
            if NEAREST {
                long[i] = distance;
            }
            delta[i] = distance as f32;
            rest[i] = multiply_add::<FMA>(cells, distance, -round_product::<FMA>(cells, distance)) as f32;
        }
    }
}

/// sin(πx) for |x| ≤ ½ times a constant; relative error of the polynomial 5.4e-9.
#[inline(always)]
fn sin_pi_scaled<const FMA: bool>(x: f32) -> f32 {
    const C: [f32; 4] = [40.505_12, -66.628_21, 32.878_507, -7.713_243];
    let square = x * x;
    let mut value = square + C[3];
    for i in (0..3).rev() {
        value = multiply_add_single::<FMA>(value, square, C[i]);
    }
    x * value
}
