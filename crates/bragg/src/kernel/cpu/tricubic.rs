//! |F| between reflections: [`crate::physics::interpolation::tricubic`] over a tile.

use super::distances::Distances;
use super::elementary::{multiply_add, to_index};
use super::tile::{DARK, Lane, TILE};
use crate::physics::interpolation::cubic_weights;
use crate::reflections::AmplitudeGrid;
use std::sync::Arc;

/// |F| of every reflection.
pub(in crate::kernel) struct Table {
    grid: Arc<AmplitudeGrid>,
    /// Reflections along k and l.
    extent: [usize; 2],
}

/// What the loops hand on.
pub(in crate::kernel) struct Scratch {
    /// Weights of the four reflections around a point along each axis.
    along_h: [Lane; 4],
    along_k: [Lane; 4],
    along_l: [[f64; 4]; TILE],
    /// Place of the first of the 64 reflections around a point; [`OUTSIDE`] where the grid does not surround it.
    corner: [u32; TILE],
    /// The four terms of each point's sum along l.
    products: [[f64; 4]; TILE],
}

const OUTSIDE: u32 = u32::MAX;

impl Scratch {
    pub(in crate::kernel) fn new() -> Self {
        Self {
            along_h: [DARK; 4],
            along_k: [DARK; 4],
            along_l: [[0.0; 4]; TILE],
            corner: [0; TILE],
            products: [[0.0; 4]; TILE],
        }
    }
}

impl Table {
    pub(in crate::kernel) fn new(grid: &Arc<AmplitudeGrid>) -> Self {
        let extent = [1, 2].map(|i| (i64::from(grid.max[i]) - i64::from(grid.min[i]) + 1) as usize);
        Self { grid: Arc::clone(grid), extent }
    }

    /// Replaces F² of the nearest reflection by F² at the point where the grid surrounds it.
    #[inline(always)]
    pub(in crate::kernel) fn interpolate<const FMA: bool>(
        &self,
        distances: &Distances,
        scratch: &mut Scratch,
        squares: &mut [f64],
    ) {
        self.weigh::<FMA>(distances, scratch, squares.len());
        let Scratch { along_h, along_k, along_l, corner, products } = scratch;
        let [n_k, n_l] = self.extent;
        for i in 0..squares.len() {
            let h = along_h.each_ref().map(|weight| weight[i]);
            let k = along_k.each_ref().map(|weight| weight[i]);
            let block = self.grid.amplitudes.get(corner[i] as usize..);
            let sums = block.and_then(|block| sum_rows::<FMA>(block, [n_k * n_l, n_l], h, k));
            products[i] = times(sums.unwrap_or([f64::NAN; 4]), along_l[i]);
        }
        for (square, [a, b, c, d]) in squares.iter_mut().zip(&*products) {
            let amplitude = (a + b) + (c + d);
            *square = if amplitude.is_nan() { *square } else { amplitude * amplitude };
        }
    }

    /// The weights of the reflections around each point, and where they begin in the grid.
    #[inline(always)]
    fn weigh<const FMA: bool>(&self, distances: &Distances, scratch: &mut Scratch, n: usize) {
        let low = self.grid.min.map(f64::from);
        let high = self.grid.max.map(f64::from);
        let extent = self.extent.map(|n| n as f64);
        for axis in 0..3 {
            let delta = &distances.delta[axis][..n];
            let above = |i: usize| delta[i] + if delta[i] < 0.0 { 1.0 } else { 0.0 };
            if axis == 2 {
                for (i, weights) in scratch.along_l[..n].iter_mut().enumerate() {
                    *weights = cubic_weights(above(i));
                }
                continue;
            }
            let lanes = if axis == 0 { &mut scratch.along_h } else { &mut scratch.along_k };
            let [a, b, c, d] = lanes.each_mut().map(|weight| &mut weight[..n]);
            for i in 0..n {
                [a[i], b[i], c[i], d[i]] = cubic_weights(above(i));
            }
        }
        let [h, k, l] = distances.nearest.each_ref().map(|axis| &axis[..n]);
        let [u, v, w] = distances.delta.each_ref().map(|axis| &axis[..n]);
        let corner = &mut scratch.corner[..n];
        for i in 0..n {
            let (nearest, delta) = ([h[i], k[i], l[i]], [u[i], v[i], w[i]]);
            let mut is_inside = true;
            let mut first = [0.0; 3];
            for axis in 0..3 {
                let point = nearest[axis] + delta[axis];
                is_inside &= (point >= low[axis] + 2.0) & (point <= high[axis] - 2.0);
                let below = if delta[axis] < 0.0 { 1.0 } else { 0.0 };
                first[axis] = nearest[axis] - below - 1.0 - low[axis];
            }
            let place = multiply_add::<FMA>(multiply_add::<FMA>(first[0], extent[0], first[1]), extent[1], first[2]);
            corner[i] = if is_inside { to_index(place) } else { OUTSIDE };
        }
    }
}

/// Σ weight · row over 4 × 4 rows of four reflections, the first of which begins the block; planes and rows so far apart.
#[inline(always)]
fn sum_rows<const FMA: bool>(block: &[f64], [plane, row]: [usize; 2], h: [f64; 4], k: [f64; 4]) -> Option<[f64; 4]> {
    let mut sums = [0.0; 4];
    for (i_h, h) in h.into_iter().enumerate() {
        let (first, rest) = block.get(i_h * plane..)?.split_at_checked(row)?;
        let (second, rest) = rest.split_at_checked(row)?;
        let (third, fourth) = rest.split_at_checked(row)?;
        let rows = [first.first_chunk()?, second.first_chunk()?, third.first_chunk()?, fourth.first_chunk()?];
        let mut sum = [0.0; 4];
        for (k, row) in k.into_iter().zip(rows) {
            add::<FMA>(k, row, &mut sum);
        }
        add::<FMA>(h, &sum, &mut sums);
    }
    Some(sums)
}

/// sum += weight · row.
#[inline(always)]
fn add<const FMA: bool>(weight: f64, row: &[f64; 4], sum: &mut [f64; 4]) {
    for (sum, &value) in sum.iter_mut().zip(row) {
        *sum = multiply_add::<FMA>(weight, value, *sum);
    }
}

#[inline(always)]
fn times(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
    std::array::from_fn(|j| a[j] * b[j])
}
