//! One axis of a square crystal: [`crate::physics::lattice::grating`] and what its derivatives are made of.

use crate::kernel::cpu::elementary::{
    COSINE_SCALE, SINE_SCALE, cos_pi_scaled, multiply_add, round_product, sin_pi_scaled,
};
use crate::kernel::cpu::tile::{DARK, Lane};
use std::f64::consts::PI;
use std::ops::Range;

/// π times what is left of the constants of the sines and cosines in derivatives.
pub(super) const SLOPE: f64 = PI * SINE_SCALE / COSINE_SCALE;

/// Cells along an axis, and what N·cos(πNδ)·sin(πδ) − sin(πNδ)·cos(πδ) begins with where the difference cancels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grating {
    cells: f64,
    /// Its value over δ³.
    near: f64,
    /// δ² from which on that is not needed.
    near_end: f64,
}

/// Phases Nδ below which only δ³ is taken: with either, slopes there are off by less than 1e-11 of the steepest.
const NEAR_END: f64 = 1e-4;

/// Sines at a distance δ, each times a constant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wave {
    /// sin(πNδ).
    pub(super) above: f64,
    /// sin(πδ).
    pub(super) below: f64,
    /// N·cos(πNδ)·sin(πδ) − sin(πNδ)·cos(πδ): over sin²(πδ), the derivative of their ratio s with respect to πδ.
    pub(super) by_delta: f64,
    /// δ·cos(πNδ): over sin(πδ), the derivative of s with respect to N.
    pub(super) by_cells: f64,
}

/// The waves at the points of a tile.
pub(super) struct Waves {
    above: Lane,
    below: Lane,
    by_delta: Lane,
    by_cells: Lane,
}

impl Waves {
    pub(super) fn new() -> Self {
        Self { above: DARK, below: DARK, by_delta: DARK, by_cells: DARK }
    }

    #[inline(always)]
    pub(super) fn at(&self, i: usize) -> Wave {
        Wave { above: self.above[i], below: self.below[i], by_delta: self.by_delta[i], by_cells: self.by_cells[i] }
    }
}

impl Grating {
    pub(super) fn new(cells: f64) -> Self {
        let near = SINE_SCALE * COSINE_SCALE * PI * PI * PI * cells * (1.0 - cells * cells) / 3.0;
        Self { cells, near, near_end: (NEAR_END / cells) * (NEAR_END / cells) }
    }

    /// Finds the waves at the distances of a range.
    #[inline(always)]
    pub(super) fn along<const FMA: bool>(&self, delta: &Lane, waves: &mut Waves, range: Range<usize>) {
        // leaves the loop without bounds to check
        assert!(range.end <= DARK.len());
        let Waves { above, below, by_delta, by_cells } = waves;
        for i in range {
            let wave = self.at::<FMA>(delta[i]);
            above[i] = wave.above;
            below[i] = wave.below;
            by_delta[i] = wave.by_delta;
            by_cells[i] = wave.by_cells;
        }
    }

    #[inline(always)]
    fn at<const FMA: bool>(&self, delta: f64) -> Wave {
        /// Avoids 0/0; distances that can be told from 0 are multiples of other numbers.
        const NUDGE: f64 = 1.1e-14;
        let Self { cells, near, near_end } = *self;
        let delta = delta + NUDGE;
        let rest = multiply_add::<FMA>(cells, delta, -round_product::<FMA>(cells, delta));
        let (above, turned) = (sin_pi_scaled::<FMA>(rest), cos_pi_scaled::<FMA>(rest));
        let (below, beside) = (sin_pi_scaled::<FMA>(delta), cos_pi_scaled::<FMA>(delta));
        let square = delta * delta;
        let direct = multiply_add::<FMA>(cells * turned, below, -(above * beside));
        let by_delta = if square < near_end { near * square * delta } else { direct };
        Wave { above, below, by_delta, by_cells: delta * turned }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::lattice;
    use crate::real::{Dual, Real};

    #[test]
    fn gratings_have_the_derivatives_of_dual_numbers() {
        for cells in [1.0, 2.0, 5.0, 30.0, 7.3] {
            for delta in [
                3e-9, 1e-6, 3e-6, 4e-6, 1.3e-5, 1.5e-5, 1.9e-5, 2.1e-5, 0.0003, 0.0011, 0.004, 0.03, 0.11, 0.2, 0.37,
                0.49, 0.5,
            ] {
                for delta in [delta, -delta] {
                    let by_delta = lattice::grating(Dual::variable(delta), Dual::constant(cells));
                    let by_cells = lattice::grating(Dual::constant(delta), Dual::variable(cells));
                    let (value, top) = (by_delta.value, cells * cells);
                    let wave = Grating::new(cells).at::<true>(delta);
                    let ratio = wave.above / wave.below;
                    assert!((ratio * ratio - value * value).abs() < 1e-12 * top, "{cells} {delta}");
                    let slope = ratio * SLOPE * wave.by_delta / (wave.below * wave.below);
                    let expected = value * by_delta.derivative;
                    assert!((slope - expected).abs() < 2e-11 * top * cells, "{cells} {delta}: {slope} {expected}");
                    let slope = ratio * SLOPE * wave.by_cells / wave.below;
                    let expected = value * by_cells.derivative;
                    assert!((slope - expected).abs() < 1e-9 * top, "{cells} {delta}: {slope} {expected}");
                }
            }
        }
    }
}
