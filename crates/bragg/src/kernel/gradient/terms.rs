//! A term F²·L² of each point of a tile, and how it changes with the indices h, k, l and with the shape of the crystal.

use super::interpolation::Interpolation;
use crate::kernel::cpu::amplitudes::{Amplitudes, Lookup};
use crate::kernel::cpu::distances::{Distances, Metric, distances};
use crate::kernel::cpu::elementary::{cos_pi, exp_negative, multiply_add, reciprocal, round, round_product, sin_pi};
use crate::kernel::cpu::tile::{DARK, Lane};
use crate::math::Vec3;
use crate::physics::lattice::{GAUSS_WIDTH, ROUND_VOLUME};
use crate::scene::{Domain, Orientation, Shape};
use std::f64::consts::PI;

/// The shape of the crystal, with what does not depend on the pixel.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lattice {
    Square([Grating; 3]),
    Round { n_cells: [f64; 3], fudge: f64 },
    Gauss { metric: Metric, gram: [[f64; 3]; 3] },
}

impl Lattice {
    /// `None` for top-hat spots, which have no useful derivative.
    pub(super) fn new(domain: &Domain) -> Option<Self> {
        Some(match domain.shape {
            Shape::Square => Self::Square(domain.n_cells.map(Grating::new)),
            Shape::Round => Self::Round { n_cells: domain.n_cells, fudge: domain.fudge },
            Shape::Gauss => {
                let scale = gauss_scale(domain);
                let rows = domain.reciprocal.0.map(|row| row * scale);
                Self::Gauss {
                    metric: Metric::new(&domain.reciprocal, scale),
                    gram: rows.map(|a| rows.map(|b: Vec3| a.dot(b))),
                }
            }
            Shape::Tophat => return None,
        })
    }

    /// What the loops leave out of L².
    pub(super) fn factor(&self, domain: &Domain) -> f64 {
        let cells: f64 = domain.n_cells.iter().product();
        match self {
            Self::Square(_) => 1.0,
            Self::Round { .. } => (cells * ROUND_VOLUME) * (cells * ROUND_VOLUME),
            Self::Gauss { .. } => cells * cells,
        }
    }
}

/// L² of a Gaussian crystal is e^(−|δ₁a* + δ₂b* + δ₃c*|²·scale²): see [`crate::physics::lattice::gauss`].
pub(super) fn gauss_scale(domain: &Domain) -> f64 {
    domain.n_cells.iter().product::<f64>() * (2.0 * domain.fudge / GAUSS_WIDTH).sqrt()
}

/// Cells along an axis, and the series of N·cos(πNδ)·sin(πδ) − sin(πNδ)·cos(πδ) = x³·Σ cₖx²ᵏ at x = πδ, which is needed where the
/// difference cancels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grating {
    cells: f64,
    series: [f64; 4],
}

/// Phases Nδ below which the series is taken; its error there is 1e-13 of the whole.
const SERIES_END: f64 = 0.03;

impl Grating {
    fn new(cells: f64) -> Self {
        let square = cells * cells;
        let common = cells * (square - 1.0);
        // from sin(y ± x): ½·[(N − 1)·(N + 1)²ᵏ⁺¹ − (N + 1)·(N − 1)²ᵏ⁺¹]·(−1)ᵏ/(2k + 1)!
        let series = [
            -common / 3.0,
            common * (square + 1.0) / 30.0,
            -common * ((3.0 * square + 10.0) * square + 3.0) / 2520.0,
            common * (((square + 7.0) * square + 7.0) * square + 1.0) / 45360.0,
        ];
        Self { cells, series }
    }
}

/// The terms of a tile for one orientation.
pub(super) struct Terms {
    pub(super) distances: Distances,
    pub(super) lookup: Lookup,
    /// Between reflections: how |F| changes.
    pub(super) interpolation: Option<Box<Interpolation>>,
    /// Of each axis of a square crystal: s², s·∂s/∂δ and s·∂s/∂N of its grating s.
    gratings: [[Lane; 3]; 3],
    /// L², [`Lattice::factor`] left out.
    pub(super) lattice: Lane,
    /// F²·L².
    pub(super) values: Lane,
    /// Its derivatives with respect to h, k, l.
    pub(super) slopes: [Lane; 3],
}

/// Sums over orientations of derivatives of the terms with respect to the shape.
pub(super) struct ByShape {
    /// With respect to Na, Nb, Nc.
    pub(super) n_cells: [Lane; 3],
    /// With respect to the logarithm of fudge.
    pub(super) ln_fudge: Lane,
    /// Of Gaussian spots: the terms times δ₁², δ₂², δ₃², δ₁δ₂, δ₁δ₃, δ₂δ₃.
    pub(super) moments: [Lane; 6],
}

impl ByShape {
    pub(super) fn new() -> Self {
        Self { n_cells: [DARK; 3], ln_fudge: DARK, moments: [DARK; 6] }
    }

    pub(super) fn clear(&mut self, n: usize) {
        let lanes = self.n_cells.iter_mut().chain([&mut self.ln_fudge]).chain(&mut self.moments);
        lanes.for_each(|lane| lane[..n].fill(0.0));
    }
}

impl Terms {
    pub(super) fn new(amplitudes: &Amplitudes, interpolation: Option<Interpolation>) -> Self {
        Self {
            distances: Distances::new(),
            lookup: Lookup::new(amplitudes),
            interpolation: interpolation.map(Box::new),
            gratings: [[DARK; 3]; 3],
            lattice: DARK,
            values: DARK,
            slopes: [DARK; 3],
        }
    }

    /// Finds the terms at the scattering vectors `q` of `n` points, and adds their derivatives with respect to the shape where they are asked for;
    /// whether any may differ from 0.
    #[inline(always)]
    pub(super) fn find<const FMA: bool>(
        &mut self,
        lattice: &Lattice,
        orientation: &Orientation,
        amplitudes: &Amplitudes,
        q: &[Lane; 3],
        by_shape: Option<&mut ByShape>,
        n: usize,
    ) -> bool {
        let is_table = !matches!(amplitudes, Amplitudes::Uniform(_));
        if is_table {
            distances::<FMA, true>(orientation, q, &mut self.distances, n);
            let any = amplitudes.look_up::<FMA>(&self.distances, &mut self.lookup, n);
            if let Some(interpolation) = &mut self.interpolation {
                interpolation.find(&self.distances, &mut self.lookup.squares[..n]);
            } else if !any {
                return false;
            }
        } else {
            distances::<FMA, false>(orientation, q, &mut self.distances, n);
        }
        match lattice {
            Lattice::Square(axes) => self.square::<FMA>(axes, by_shape, n),
            Lattice::Round { n_cells, fudge } => self.round::<FMA>(*n_cells, *fudge, by_shape, n),
            Lattice::Gauss { metric, gram } => self.gauss::<FMA>(metric, gram, by_shape, n),
        }
        if let Some(interpolation) = &self.interpolation {
            interpolation.add_slopes(&self.lattice[..n], &mut self.slopes);
        }
        true
    }

    #[inline(always)]
    fn square<const FMA: bool>(&mut self, axes: &[Grating; 3], by_shape: Option<&mut ByShape>, n: usize) {
        for ((axis, delta), lanes) in axes.iter().zip(&self.distances.delta).zip(&mut self.gratings) {
            grating::<FMA>(axis, &delta[..n], lanes);
        }
        let [first, second, third] = &self.gratings;
        let [a, b, c] = [&first[0][..n], &second[0][..n], &third[0][..n]];
        let [da, db, dc] = [&first[1][..n], &second[1][..n], &third[1][..n]];
        let squares = &self.lookup.squares[..n];
        let [u, v, w] = self.slopes.each_mut().map(|lane| &mut lane[..n]);
        let (lattice, values) = (&mut self.lattice[..n], &mut self.values[..n]);
        for i in 0..n {
            let (bc, twice) = (b[i] * c[i], 2.0 * squares[i]);
            let along = twice * a[i];
            lattice[i] = a[i] * bc;
            values[i] = lattice[i] * squares[i];
            u[i] = twice * da[i] * bc;
            v[i] = along * db[i] * c[i];
            w[i] = along * b[i] * dc[i];
        }
        let Some(by_shape) = by_shape else { return };
        let [na, nb, nc] = [&first[2][..n], &second[2][..n], &third[2][..n]];
        let [u, v, w] = by_shape.n_cells.each_mut().map(|lane| &mut lane[..n]);
        for i in 0..n {
            let twice = 2.0 * squares[i];
            u[i] = multiply_add::<FMA>(twice * na[i], b[i] * c[i], u[i]);
            v[i] = multiply_add::<FMA>(twice * nb[i], a[i] * c[i], v[i]);
            w[i] = multiply_add::<FMA>(twice * nc[i], a[i] * b[i], w[i]);
        }
    }

    /// u = t² = fudge·Σ(Nδ)², L² = s(πt)², D = dL²/du.
    #[inline(always)]
    fn round<const FMA: bool>(&mut self, n_cells: [f64; 3], fudge: f64, by_shape: Option<&mut ByShape>, n: usize) {
        let [a, b, c] = self.distances.delta.each_ref().map(|axis| &axis[..n]);
        let squares = &self.lookup.squares[..n];
        let [by_u, _, argument] = &mut self.gratings[0];
        let (by_u, argument) = (&mut by_u[..n], &mut argument[..n]);
        let lattice = &mut self.lattice[..n];
        for i in 0..n {
            let (a, b, c) = (n_cells[0] * a[i], n_cells[1] * b[i], n_cells[2] * c[i]);
            argument[i] = multiply_add::<FMA>(c, c, multiply_add::<FMA>(b, b, a * a)) * fudge;
        }
        for i in 0..n {
            [lattice[i], by_u[i]] = sphere_squared::<FMA>(argument[i]);
        }
        let scales = n_cells.map(|cells| 2.0 * fudge * cells * cells);
        let values = &mut self.values[..n];
        for ((slopes, scale), delta) in self.slopes.iter_mut().zip(scales).zip([a, b, c]) {
            for i in 0..n {
                slopes[i] = squares[i] * by_u[i] * scale * delta[i];
            }
        }
        for i in 0..n {
            values[i] = lattice[i] * squares[i];
        }
        let Some(by_shape) = by_shape else { return };
        for ((lane, cells), delta) in by_shape.n_cells.iter_mut().zip(n_cells).zip([a, b, c]) {
            for i in 0..n {
                let stretch = by_u[i] * fudge * cells * delta[i] * delta[i];
                lane[i] += 2.0 * squares[i] * (lattice[i] / cells + stretch);
            }
        }
        let ln_fudge = &mut by_shape.ln_fudge[..n];
        for i in 0..n {
            ln_fudge[i] += squares[i] * by_u[i] * argument[i];
        }
    }

    #[inline(always)]
    fn gauss<const FMA: bool>(
        &mut self,
        metric: &Metric,
        gram: &[[f64; 3]; 3],
        by_shape: Option<&mut ByShape>,
        n: usize,
    ) {
        let [a, b, c] = self.distances.delta.each_ref().map(|axis| &axis[..n]);
        let squares = &self.lookup.squares[..n];
        let (lattice, values) = (&mut self.lattice[..n], &mut self.values[..n]);
        let exponent = &mut self.gratings[0][0][..n];
        for i in 0..n {
            exponent[i] = -metric.square::<FMA>([a[i], b[i], c[i]]);
        }
        for i in 0..n {
            lattice[i] = exp_negative::<FMA>(exponent[i]);
            values[i] = lattice[i] * squares[i];
        }
        for (slopes, row) in self.slopes.iter_mut().zip(gram) {
            let slopes = &mut slopes[..n];
            for i in 0..n {
                let along = multiply_add::<FMA>(row[2], c[i], multiply_add::<FMA>(row[1], b[i], row[0] * a[i]));
                slopes[i] = -2.0 * values[i] * along;
            }
        }
        let Some(by_shape) = by_shape else { return };
        // L² times (cells)² changes by 2·(1 − exponent)/N with each N: the caller has N.
        let (first, ln_fudge) = (&mut by_shape.n_cells[0][..n], &mut by_shape.ln_fudge[..n]);
        for i in 0..n {
            first[i] += values[i] * (1.0 + exponent[i]);
            ln_fudge[i] += values[i] * exponent[i];
        }
        let pairs = [(a, a), (b, b), (c, c), (a, b), (a, c), (b, c)];
        for (moment, (x, y)) in by_shape.moments.iter_mut().zip(pairs) {
            let moment = &mut moment[..n];
            for i in 0..n {
                moment[i] = multiply_add::<FMA>(values[i] * x[i], y[i], moment[i]);
            }
        }
    }
}

/// s², s·∂s/∂δ and s·∂s/∂N of [`crate::physics::lattice::grating`].
#[inline(always)]
fn grating<const FMA: bool>(axis: &Grating, delta: &[f64], [squares, slopes, by_cells]: &mut [Lane; 3]) {
    /// Nearer to a reflection nothing changes, and 0/0 is avoided.
    const NEAREST: f64 = 1e-10;
    let n = delta.len();
    let (squares, slopes, by_cells) = (&mut squares[..n], &mut slopes[..n], &mut by_cells[..n]);
    let Grating { cells, series } = *axis;
    for i in 0..n {
        let delta = if delta[i].abs() > NEAREST { delta[i] } else { NEAREST };
        let periods = round_product::<FMA>(cells, delta);
        let rest = multiply_add::<FMA>(cells, delta, -periods);
        let (above, turned) = (sin_pi::<FMA>(rest), cos_pi::<FMA>(rest));
        let (below, beside) = (sin_pi::<FMA>(delta), cos_pi::<FMA>(delta));
        let inverse = reciprocal::<FMA>(below);
        let x = PI * delta;
        let square = x * x;
        let tail = multiply_add::<FMA>(square, series[3], series[2]);
        let tail = multiply_add::<FMA>(square, multiply_add::<FMA>(square, tail, series[1]), series[0]);
        let direct = multiply_add::<FMA>(cells * turned, below, -(above * beside));
        // the series has the sign of an even number of periods, which is the only one near the middle
        let difference = if (cells * delta).abs() < SERIES_END { tail * square * x } else { direct };
        let ratio = above * inverse;
        squares[i] = ratio * ratio;
        slopes[i] = PI * ratio * difference * (inverse * inverse);
        by_cells[i] = ratio * x * (turned * inverse);
    }
}

/// s(πt)² of [`crate::physics::lattice::sphere`] and its derivative with respect to t², at t².
#[inline(always)]
fn sphere_squared<const FMA: bool>(t_squared: f64) -> [f64; 2] {
    /// (−1)ᵏ·6(k + 1)/(2k + 3)!
    const S: [f64; 10] = [
        1.0,
        -1.0 / 10.0,
        1.0 / 280.0,
        -1.0 / 15_120.0,
        1.0 / 1_330_560.0,
        -1.0 / 172_972_800.0,
        1.0 / 31_135_104_000.0,
        -1.0 / 7_410_154_752_000.0,
        1.0 / 2_252_687_044_608_000.0,
        -1.0 / 851_515_702_861_824_000.0,
    ];
    let square = PI * PI * t_squared;
    let t = t_squared.sqrt();
    let rest = t - round(t);
    // The nearest multiple of π changes the sign of sine and cosine together.
    let (sin, cos) = (sin_pi::<FMA>(rest), cos_pi::<FMA>(rest));
    let x = PI * t;
    let inverse = 1.0 / square;
    let direct = 3.0 * (sin - x * cos) * inverse / x;
    let direct_slope = 3.0 * inverse * (sin / x - direct);
    let (mut near, mut near_slope) = (S[9], 18.0 * S[9]);
    for k in (0..9).rev() {
        near = multiply_add::<FMA>(near, square, S[k]);
    }
    for k in (1..9).rev() {
        near_slope = multiply_add::<FMA>(near_slope, square, 2.0 * k as f64 * S[k]);
    }
    let is_near = t_squared < 0.25;
    let (value, slope) = if is_near { (near, near_slope) } else { (direct, direct_slope) };
    // d(s²)/d(t²) = s·(ds/dx)/x·π²
    [value * value, value * slope * (PI * PI)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::lattice;
    use crate::real::{Dual, Real};

    #[test]
    fn gratings_have_the_derivatives_of_dual_numbers() {
        for cells in [1.0, 2.0, 5.0, 30.0, 7.3] {
            let deltas: Vec<f64> = [3e-9, 1e-6, 0.0009, 0.0011, 0.004, 0.03, 0.11, 0.2, 0.37, 0.49]
                .into_iter()
                .flat_map(|x| [x, -x])
                .collect();
            let mut lanes = [DARK; 3];
            grating::<true>(&Grating::new(cells), &deltas, &mut lanes);
            for (i, &delta) in deltas.iter().enumerate() {
                let by_delta = lattice::grating(Dual::variable(delta), Dual::constant(cells));
                let by_cells = lattice::grating(Dual::constant(delta), Dual::variable(cells));
                let value = by_delta.value;
                let top = cells * cells;
                assert!((lanes[0][i] - value * value).abs() < 1e-13 * top, "{cells} {delta}");
                let slope = value * by_delta.derivative;
                assert!((lanes[1][i] - slope).abs() < 1e-11 * top * cells, "{cells} {delta}: {} {slope}", lanes[1][i]);
                let slope = value * by_cells.derivative;
                assert!((lanes[2][i] - slope).abs() < 1e-9 * top, "{cells} {delta}: {} {slope}", lanes[2][i]);
            }
        }
    }

    #[test]
    fn spheres_have_the_derivatives_of_dual_numbers() {
        for t in [0.01, 0.3, 0.499, 0.501, 1.2, 2.0, 3.7] {
            let root = lattice::sphere(Dual { value: t, derivative: 0.5 / t });
            let [value, slope] = sphere_squared::<true>(t * t);
            assert!((value - root.value * root.value).abs() < 1e-14);
            let expected = 2.0 * root.value * root.derivative;
            assert!((slope - expected).abs() < 1e-12, "{t}: {slope} {expected}");
        }
    }
}
