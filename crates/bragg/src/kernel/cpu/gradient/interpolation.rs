//! |F| between reflections, how it changes with the indices, and with each |F|.

use crate::kernel::cpu::distances::Distances;
use crate::kernel::cpu::tile::{DARK, Lane, TILE};
use crate::physics::interpolation::cubic_weights;
use crate::real::Dual;
use crate::reflections::AmplitudeGrid;
use std::ops::Range;
use std::sync::Arc;

/// Cubic weights along the three axes, and their derivatives.
type Weights = [[Dual; 4]; 3];

/// [`crate::physics::interpolation::tricubic`] over a tile.
pub(super) struct Interpolation {
    grid: Arc<AmplitudeGrid>,
    /// |F| of each point; NaN where the grid does not surround it.
    amplitudes: Lane,
    weights: Box<[Weights; TILE]>,
    /// Place of the first of the 64 reflections around each point.
    corners: [usize; TILE],
}

impl Interpolation {
    pub(super) fn new(grid: &Arc<AmplitudeGrid>) -> Self {
        const NONE: Dual = Dual { value: 0.0, derivative: 0.0 };
        Self { grid: Arc::clone(grid), amplitudes: DARK, weights: Box::new([[[NONE; 4]; 3]; TILE]), corners: [0; TILE] }
    }

    /// Places between planes and between rows of the grid.
    fn strides(&self) -> [usize; 2] {
        let [n_k, n_l] = [1, 2].map(|i| (i64::from(self.grid.max[i]) - i64::from(self.grid.min[i]) + 1) as usize);
        [n_k * n_l, n_l]
    }

    /// Finds |F| of a range of points, puts F² in place of that of the nearest reflection, and finds its slopes: 0 where the grid does
    /// not surround a point.
    pub(super) fn find(
        &mut self,
        distances: &Distances,
        squares: &mut Lane,
        slopes: &mut [Lane; 3],
        range: Range<usize>,
    ) {
        let [plane, row] = self.strides();
        for i in range {
            self.amplitudes[i] = f64::NAN;
            slopes.iter_mut().for_each(|lane| lane[i] = 0.0);
            let mut first = [0; 3];
            let mut is_inside = true;
            for (axis, first) in first.iter_mut().enumerate() {
                let (nearest, delta) = (distances.nearest[axis][i], distances.delta[axis][i]);
                let (point, below) = (nearest + delta, if delta < 0.0 { 1.0 } else { 0.0 });
                let (low, high) = (f64::from(self.grid.min[axis]), f64::from(self.grid.max[axis]));
                is_inside &= point >= low + 2.0 && point <= high - 2.0;
                *first = (nearest - below - 1.0 - low) as usize;
                self.weights[i][axis] = cubic_weights(Dual::variable(delta + below));
            }
            if !is_inside {
                continue;
            }
            self.corners[i] = first[0] * plane + first[1] * row + first[2];
            let found = interpolate(&self.grid.amplitudes, self.corners[i], [plane, row], &self.weights[i]);
            let Some([amplitude, by_index @ ..]) = found else { continue };
            self.amplitudes[i] = amplitude;
            squares[i] = amplitude * amplitude;
            for (lane, slope) in slopes.iter_mut().zip(by_index) {
                lane[i] = 2.0 * amplitude * slope;
            }
        }
    }

    /// How F² of a point changes when |F| on the grid changes by `tangent`; `None` where the grid does not surround it.
    pub(super) fn change(&self, i: usize, tangent: &[f64]) -> Option<f64> {
        if self.amplitudes[i].is_nan() {
            return None;
        }
        let [change, ..] = interpolate(tangent, self.corners[i], self.strides(), &self.weights[i])?;
        Some(2.0 * self.amplitudes[i] * change)
    }

    /// Adds the derivatives of a point's F², times `weight`, with respect to |F| on the grid; whether the grid surrounds it.
    pub(super) fn scatter(&self, i: usize, weight: f64, by_amplitude: &mut [f64]) -> bool {
        if self.amplitudes[i].is_nan() {
            return false;
        }
        let [plane, row] = self.strides();
        let weight = 2.0 * self.amplitudes[i] * weight;
        let [h, k, l] = &self.weights[i];
        for (i_h, h) in h.iter().enumerate() {
            for (i_k, k) in k.iter().enumerate() {
                let start = self.corners[i] + i_h * plane + i_k * row;
                if let Some(four) = by_amplitude.get_mut(start..start + 4) {
                    let weight = weight * h.value * k.value;
                    four.iter_mut().zip(l).for_each(|(sum, l)| *sum += weight * l.value);
                }
            }
        }
        true
    }
}

/// The value of 4 × 4 × 4 numbers from a corner on, and its derivatives along the axes.
fn interpolate(values: &[f64], corner: usize, [plane, row]: [usize; 2], [h, k, l]: &Weights) -> Option<[f64; 4]> {
    let mut sums = [[0.0; 4]; 3];
    for (i_h, h) in h.iter().enumerate() {
        let (mut along, mut across) = ([0.0; 4], [0.0; 4]);
        for (i_k, k) in k.iter().enumerate() {
            let start = corner + i_h * plane + i_k * row;
            let four: &[f64; 4] = values.get(start..start + 4)?.first_chunk()?;
            for j in 0..4 {
                along[j] += k.value * four[j];
                across[j] += k.derivative * four[j];
            }
        }
        for j in 0..4 {
            sums[0][j] += h.value * along[j];
            sums[1][j] += h.derivative * along[j];
            sums[2][j] += h.value * across[j];
        }
    }
    let times = |sums: &[f64; 4], weights: [f64; 4]| sums.iter().zip(weights).map(|(sum, weight)| sum * weight).sum();
    let (weights, slopes) = (l.map(|l| l.value), l.map(|l| l.derivative));
    Some([times(&sums[0], weights), times(&sums[1], weights), times(&sums[2], weights), times(&sums[0], slopes)])
}
