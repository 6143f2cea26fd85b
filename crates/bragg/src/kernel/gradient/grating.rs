//! One axis of a square crystal: [`crate::physics::lattice::grating`] and what its derivatives are made of.

use crate::kernel::cpu::elementary::{
    COSINE_SCALE, SINE_SCALE, cos_pi_scaled, multiply_add, round_product, sin_pi_scaled,
};
use std::f64::consts::PI;

/// π times what is left of the constants of the sines and cosines in derivatives.
pub(super) const SLOPE: f64 = PI * SINE_SCALE / COSINE_SCALE;

/// Cells along an axis, and the series of N·cos(πNδ)·sin(πδ) − sin(πNδ)·cos(πδ) = x³·Σ cₖx²ᵏ at x = πδ, which is needed where the
/// difference cancels; in powers of δ.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grating {
    cells: f64,
    series: [f64; 3],
    /// δ² from which on it is not needed.
    series_end: f64,
}

/// Phases Nδ below which the series is taken: its error there is 1e-13 of it, that of the difference 2e-10, which is 1e-12 of what it is
/// elsewhere.
const SERIES_END: f64 = 0.01;

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

impl Grating {
    pub(super) fn new(cells: f64) -> Self {
        let square = cells * cells;
        let common = cells * (square - 1.0);
        // from sin(y ± x): ½·[(N − 1)·(N + 1)²ᵏ⁺¹ − (N + 1)·(N − 1)²ᵏ⁺¹]·(−1)ᵏ/(2k + 1)!
        let series =
            [-common / 3.0, common * (square + 1.0) / 30.0, -common * ((3.0 * square + 10.0) * square + 3.0) / 2520.0];
        let mut power = SINE_SCALE * COSINE_SCALE * PI;
        let series = series.map(|c| {
            power *= PI * PI;
            c * power
        });
        Self { cells, series, series_end: (SERIES_END / cells) * (SERIES_END / cells) }
    }

    #[inline(always)]
    pub(super) fn at<const FMA: bool>(&self, delta: f64) -> Wave {
        /// Avoids 0/0; distances that can be told from 0 are multiples of other numbers.
        const NUDGE: f64 = 1.1e-14;
        let Self { cells, series, series_end } = *self;
        let delta = delta + NUDGE;
        let rest = multiply_add::<FMA>(cells, delta, -round_product::<FMA>(cells, delta));
        let (above, turned) = (sin_pi_scaled::<FMA>(rest), cos_pi_scaled::<FMA>(rest));
        let (below, beside) = (sin_pi_scaled::<FMA>(delta), cos_pi_scaled::<FMA>(delta));
        let square = delta * delta;
        let tail = multiply_add::<FMA>(square, multiply_add::<FMA>(square, series[2], series[1]), series[0]);
        let direct = multiply_add::<FMA>(cells * turned, below, -(above * beside));
        // the series has the sign of an even number of periods, which is the only one near the middle
        let by_delta = if square < series_end { tail * square * delta } else { direct };
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
            for delta in [3e-9, 1e-6, 0.0003, 0.0004, 0.0009, 0.0011, 0.004, 0.03, 0.11, 0.2, 0.37, 0.49, 0.5] {
                for delta in [delta, -delta] {
                    let by_delta = lattice::grating(Dual::variable(delta), Dual::constant(cells));
                    let by_cells = lattice::grating(Dual::constant(delta), Dual::variable(cells));
                    let (value, top) = (by_delta.value, cells * cells);
                    let wave = Grating::new(cells).at::<true>(delta);
                    let ratio = wave.above / wave.below;
                    assert!((ratio * ratio - value * value).abs() < 1e-12 * top, "{cells} {delta}");
                    let slope = ratio * SLOPE * wave.by_delta / (wave.below * wave.below);
                    let expected = value * by_delta.derivative;
                    assert!((slope - expected).abs() < 1e-11 * top * cells, "{cells} {delta}: {slope} {expected}");
                    let slope = ratio * SLOPE * wave.by_cells / wave.below;
                    let expected = value * by_cells.derivative;
                    assert!((slope - expected).abs() < 1e-9 * top, "{cells} {delta}: {slope} {expected}");
                }
            }
        }
    }
}
