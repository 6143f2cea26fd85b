//! A term F²·L² of each point of a tile, and how it changes with the indices h, k, l and with the shape of the crystal.

use super::Prepared;
use super::grating::{Grating, SLOPE, Waves};
use super::interpolation::Interpolation;
use super::shape::{LN_FUDGE, LN_PEAK, MOMENTS, N_SHAPE, PAIRS};
use crate::kernel::cpu::amplitudes::{Amplitudes, Lookup};
use crate::kernel::cpu::distances::{Distances, Metric, distances};
use crate::kernel::cpu::elementary::{
    cos_pi, dot, exp_negative, multiply_add, reciprocal, rough_inverse_norm, round, sin_pi,
};
use crate::kernel::cpu::tile::{DARK, Lane};
use crate::math::Vec3;
use crate::scene::{Domain, Orientation, Profile};
use std::f64::consts::PI;
use std::ops::Range;

/// The shape of the crystal, with what does not depend on the pixel.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lattice {
    Square([Grating; 3]),
    Round {
        n_cells: [f64; 3],
        fudge: f64,
    },
    /// `slope`: how the exponent changes with the distances is this times them.
    Gauss {
        metric: Metric,
        slope: [[f64; 3]; 3],
    },
}

impl Lattice {
    /// `None` for top-hat spots, which have no useful derivative.
    pub(super) fn new(domain: &Domain) -> Option<Self> {
        Some(match domain.profile {
            Profile::Square => Self::Square(domain.n_cells.map(Grating::new)),
            Profile::Round => Self::Round { n_cells: domain.n_cells, fudge: domain.fudge },
            Profile::Gauss { width } => {
                let scale = gauss_scale(domain, width);
                let rows = domain.metric.0.map(|row| row * scale);
                Self::Gauss {
                    metric: Metric::new(&domain.metric, scale),
                    slope: rows.map(|a| rows.map(|b: Vec3| -2.0 * a.dot(b))),
                }
            }
            Profile::Tophat { .. } => return None,
        })
    }

    /// What the loops leave out of L².
    pub(super) fn factor(&self, domain: &Domain) -> f64 {
        match self {
            Self::Square(_) => 1.0,
            Self::Round { .. } | Self::Gauss { .. } => domain.peak * domain.peak,
        }
    }
}

/// L² of a Gaussian crystal is e^(−|δ₁m₁ + δ₂m₂ + δ₃m₃|²·scale²), rows m of the metric: see [`crate::physics::lattice::gauss`].
pub(super) fn gauss_scale(domain: &Domain, width: f64) -> f64 {
    domain.stretch * (2.0 * domain.fudge / width).sqrt()
}

/// The terms of a tile for one orientation.
pub(super) struct Terms {
    pub(super) distances: Distances,
    pub(super) lookup: Lookup,
    /// Between reflections: how |F| changes.
    pub(super) interpolation: Option<Box<Interpolation>>,
    /// L², [`Lattice::factor`] left out.
    pub(super) lattice: Lane,
    /// The derivatives of F²·L² with respect to h, k, l.
    pub(super) slopes: [Lane; 3],
    /// The slopes of F².
    square_slopes: [Lane; 3],
    /// The waves of a square crystal.
    waves: [Waves; 3],
}

/// Sums over orientations.
pub(super) struct Sums {
    /// Σ F²·L².
    pub(super) sum: Lane,
    /// Its derivative with respect to the scattering vector.
    pub(super) by_q: [Lane; 3],
    /// Its derivatives with respect to the shape: see [`super::shape`].
    pub(super) by_shape: [Lane; N_SHAPE],
}

impl Sums {
    pub(super) fn new() -> Self {
        Self { sum: DARK, by_q: [DARK; 3], by_shape: [DARK; N_SHAPE] }
    }

    pub(super) fn clear(&mut self, n: usize) {
        let lanes = self.by_q.iter_mut().chain([&mut self.sum]).chain(&mut self.by_shape);
        lanes.for_each(|lane| lane[..n].fill(0.0));
    }
}

impl Sums {
    /// Completes the derivatives by the shape with those that follow from others.
    pub(super) fn finish(&mut self, lattice: &Lattice, n: usize) {
        let Self { sum, by_shape, .. } = self;
        if !matches!(lattice, Lattice::Square(_)) {
            by_shape[LN_PEAK][..n].copy_from_slice(&sum[..n]);
        }
        let Lattice::Gauss { slope, .. } = lattice else { return };
        let (before, moments) = by_shape.split_at_mut(MOMENTS);
        let by_fudge = &mut before[LN_FUDGE][..n];
        by_fudge.fill(0.0);
        for (moment, [a, b]) in moments.iter().zip(PAIRS) {
            let times = if a == b { 0.5 } else { 1.0 } * slope[a][b];
            by_fudge.iter_mut().zip(&moment[..n]).for_each(|(sum, moment)| *sum += times * moment);
        }
    }
}

impl Terms {
    pub(super) fn new(amplitudes: &Amplitudes, interpolation: Option<Interpolation>) -> Self {
        Self {
            distances: Distances::new(),
            lookup: Lookup::new(amplitudes),
            interpolation: interpolation.map(Box::new),
            lattice: DARK,
            slopes: [DARK; 3],
            square_slopes: [DARK; 3],
            waves: [Waves::new(), Waves::new(), Waves::new()],
        }
    }

    /// Finds the terms at the scattering vectors `q` of some points, and adds them and what follows from their slopes to `sums`,
    /// with the derivatives by the shape if `BY_SHAPE`; whether any may differ from 0. The nearest reflections are known afterwards if
    /// amplitudes differ or a common turn is asked for.
    #[inline(always)]
    pub(super) fn add<const FMA: bool, const BY_SHAPE: bool>(
        &mut self,
        prepared: &Prepared,
        orientation: &Orientation,
        q: &[Lane; 3],
        sums: &mut Sums,
        range: Range<usize>,
    ) -> bool {
        let Prepared { lattice, amplitudes, needs, .. } = prepared;
        if needs.turn || !matches!(amplitudes, Amplitudes::Uniform(_)) {
            distances::<FMA, true>(orientation, q, &mut self.distances, range.clone());
        } else {
            distances::<FMA, false>(orientation, q, &mut self.distances, range.clone());
        }
        let any = amplitudes.look_up_nearest::<FMA>(&self.distances, &mut self.lookup, range.clone());
        if let Some(interpolation) = &mut self.interpolation {
            interpolation.find(&self.distances, &mut self.lookup.squares, &mut self.square_slopes, range.clone());
        } else if !any {
            return false;
        }
        let points = Points {
            delta: &self.distances.delta,
            squares: &self.lookup.squares,
            square_slopes: &self.square_slopes,
            waves: &mut self.waves,
            rows: [orientation.0[0].0, orientation.0[1].0, orientation.0[2].0],
            lattice: &mut self.lattice,
            slopes: &mut self.slopes,
            sums,
        };
        if self.interpolation.is_some() {
            points.add::<FMA, BY_SHAPE, true>(lattice, range);
        } else {
            points.add::<FMA, BY_SHAPE, false>(lattice, range);
        }
        true
    }
}

/// What the terms of some points are made from, and where they go.
struct Points<'a> {
    delta: &'a [Lane; 3],
    squares: &'a Lane,
    square_slopes: &'a [Lane; 3],
    waves: &'a mut [Waves; 3],
    rows: [[f64; 3]; 3],
    lattice: &'a mut Lane,
    slopes: &'a mut [Lane; 3],
    sums: &'a mut Sums,
}

impl Points<'_> {
    #[inline(always)]
    fn delta(&self, i: usize) -> [f64; 3] {
        [self.delta[0][i], self.delta[1][i], self.delta[2][i]]
    }

    /// Adds a term and Aᵀ·(dT/dh), and keeps dT/dh and L².
    #[inline(always)]
    fn put<const FMA: bool, const BETWEEN: bool>(&mut self, i: usize, slopes: [f64; 3], lattice: f64) {
        let [mut u, mut v, mut w] = slopes;
        if BETWEEN {
            u = multiply_add::<FMA>(lattice, self.square_slopes[0][i], u);
            v = multiply_add::<FMA>(lattice, self.square_slopes[1][i], v);
            w = multiply_add::<FMA>(lattice, self.square_slopes[2][i], w);
        }
        let [a, b, c] = self.rows;
        self.lattice[i] = lattice;
        self.sums.sum[i] = multiply_add::<FMA>(lattice, self.squares[i], self.sums.sum[i]);
        for axis in 0..3 {
            let lane = &mut self.sums.by_q[axis];
            let two = multiply_add::<FMA>(a[axis], u, multiply_add::<FMA>(b[axis], v, lane[i]));
            lane[i] = multiply_add::<FMA>(c[axis], w, two);
        }
        self.slopes[0][i] = u;
        self.slopes[1][i] = v;
        self.slopes[2][i] = w;
    }

    #[inline(always)]
    fn add<const FMA: bool, const BY_SHAPE: bool, const BETWEEN: bool>(
        mut self,
        lattice: &Lattice,
        range: Range<usize>,
    ) {
        // leaves the loops without bounds to check
        assert!(range.end <= DARK.len());
        match lattice {
            Lattice::Square(axes) => self.square::<FMA, BY_SHAPE, BETWEEN>(axes, range),
            Lattice::Round { n_cells, fudge } => self.round::<FMA, BY_SHAPE, BETWEEN>(*n_cells, *fudge, range),
            Lattice::Gauss { metric, slope } => self.gauss::<FMA, BY_SHAPE, BETWEEN>(metric, slope, range),
        }
    }

    /// L = s₁s₂s₃, the ratios of [`Grating`]: one reciprocal for all three.
    #[inline(always)]
    fn square<const FMA: bool, const BY_SHAPE: bool, const BETWEEN: bool>(
        &mut self,
        axes: &[Grating; 3],
        range: Range<usize>,
    ) {
        for ((axis, delta), waves) in axes.iter().zip(self.delta).zip(self.waves.iter_mut()) {
            axis.along::<FMA>(delta, waves, range.clone());
        }
        for i in range {
            let [a, b, c] = [self.waves[0].at(i), self.waves[1].at(i), self.waves[2].at(i)];
            let (ab, bc, ca) = (a.below * b.below, b.below * c.below, c.below * a.below);
            let inverse = reciprocal::<FMA>(ab * c.below);
            let (above_ab, above_bc, above_ca) = (a.above * b.above, b.above * c.above, c.above * a.above);
            let ratio = above_ab * c.above * inverse;
            let common = (2.0 * SLOPE) * self.squares[i] * ratio * inverse;
            let (per_a, per_b, per_c) = (common * above_bc, common * above_ca, common * above_ab);
            let slopes = [
                per_a * (inverse * bc * a.by_delta),
                per_b * (inverse * ca * b.by_delta),
                per_c * (inverse * ab * c.by_delta),
            ];
            self.put::<FMA, BETWEEN>(i, slopes, ratio * ratio);
            if BY_SHAPE {
                let by_shape = &mut self.sums.by_shape;
                by_shape[0][i] = multiply_add::<FMA>(per_a, a.by_cells, by_shape[0][i]);
                by_shape[1][i] = multiply_add::<FMA>(per_b, b.by_cells, by_shape[1][i]);
                by_shape[2][i] = multiply_add::<FMA>(per_c, c.by_cells, by_shape[2][i]);
            }
        }
    }

    /// u = t² = fudge·Σ(Nδ)², L² = s(πt)².
    #[inline(always)]
    fn round<const FMA: bool, const BY_SHAPE: bool, const BETWEEN: bool>(
        &mut self,
        n_cells: [f64; 3],
        fudge: f64,
        range: Range<usize>,
    ) {
        let scales = n_cells.map(|cells| 2.0 * fudge * cells * cells);
        let per_cells = n_cells.map(|cells| 1.0 / cells);
        for i in range {
            let delta = self.delta(i);
            let [a, b, c] = [n_cells[0] * delta[0], n_cells[1] * delta[1], n_cells[2] * delta[2]];
            let argument = multiply_add::<FMA>(c, c, multiply_add::<FMA>(b, b, a * a)) * fudge;
            let [lattice, by_argument] = sphere_squared::<FMA>(argument);
            let slope = self.squares[i] * by_argument;
            let along = [slope * scales[0] * delta[0], slope * scales[1] * delta[1], slope * scales[2] * delta[2]];
            self.put::<FMA, BETWEEN>(i, along, lattice);
            if BY_SHAPE {
                let by_shape = &mut self.sums.by_shape;
                for axis in 0..3 {
                    let stretched = along[axis] * delta[axis];
                    by_shape[axis][i] = multiply_add::<FMA>(stretched, per_cells[axis], by_shape[axis][i]);
                }
                by_shape[LN_FUDGE][i] = multiply_add::<FMA>(slope, argument, by_shape[LN_FUDGE][i]);
            }
        }
    }

    #[inline(always)]
    fn gauss<const FMA: bool, const BY_SHAPE: bool, const BETWEEN: bool>(
        &mut self,
        metric: &Metric,
        slope: &[[f64; 3]; 3],
        range: Range<usize>,
    ) {
        for i in range {
            let delta = self.delta(i);
            let lattice = exp_negative::<FMA>(-metric.square::<FMA>(delta));
            let value = lattice * self.squares[i];
            let weighted = [value * delta[0], value * delta[1], value * delta[2]];
            let along = |row: [f64; 3]| dot::<FMA>(row, weighted);
            self.put::<FMA, BETWEEN>(i, [along(slope[0]), along(slope[1]), along(slope[2])], lattice);
            if BY_SHAPE {
                let by_shape = &mut self.sums.by_shape;
                for pair in 0..PAIRS.len() {
                    let [a, b] = PAIRS[pair];
                    let lane = &mut by_shape[MOMENTS + pair];
                    lane[i] = multiply_add::<FMA>(weighted[a], delta[b], lane[i]);
                }
            }
        }
    }
}

/// s(πt)² of [`crate::physics::lattice::sphere`] and its derivative with respect to t², at t².
#[inline(always)]
fn sphere_squared<const FMA: bool>(t_squared: f64) -> [f64; 2] {
    /// (−1)ᵏ·6(k + 1)/(2k + 3)!
    const S: [f64; 6] = [1.0, -1.0 / 10.0, 1.0 / 280.0, -1.0 / 15_120.0, 1.0 / 1_330_560.0, -1.0 / 172_972_800.0];
    /// Where the series is exact, and the differences are not.
    const NEAR: f64 = 0.0064;
    const LEAST: f64 = 1e-20;
    let u = if t_squared > LEAST { t_squared } else { LEAST };
    let inverse = inverse_root::<FMA>(u);
    let t = u * inverse;
    let rest = t - round(t);
    // The nearest multiple of π changes the sign of sine and cosine together.
    let (sin, cos) = (sin_pi::<FMA>(rest), cos_pi::<FMA>(rest));
    let inverse = inverse * (1.0 / PI);
    let thrice = 3.0 * inverse * inverse;
    let direct = multiply_add::<FMA>(sin, inverse, -cos) * thrice;
    let direct_slope = thrice * multiply_add::<FMA>(sin, inverse, -direct);
    let square = PI * PI * u;
    let (mut near, mut near_slope) = (S[5], 10.0 * S[5]);
    for k in (0..5).rev() {
        near = multiply_add::<FMA>(near, square, S[k]);
    }
    for k in (1..5).rev() {
        near_slope = multiply_add::<FMA>(near_slope, square, 2.0 * k as f64 * S[k]);
    }
    let is_near = t_squared < NEAR;
    let (value, slope) = if is_near { (near, near_slope) } else { (direct, direct_slope) };
    // d(s²)/d(t²) = s·(ds/dx)/x·π²
    [value * value, value * slope * (PI * PI)]
}

/// 1/√x for x between 1e-30 and 1e30; relative error 4e-16.
#[inline(always)]
fn inverse_root<const FMA: bool>(x: f64) -> f64 {
    if !FMA {
        return 1.0 / x.sqrt();
    }
    let rough = rough_inverse_norm::<FMA>(x);
    let step = multiply_add::<FMA>(-(x * rough), rough, 1.0);
    multiply_add::<FMA>(rough * step, multiply_add::<FMA>(step, 0.375, 0.5), rough)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::lattice;
    use crate::real::Dual;

    #[test]
    fn spheres_have_the_derivatives_of_dual_numbers() {
        for t in [1e-6, 0.01, 0.0799, 0.0801, 0.3, 0.499, 0.501, 1.2, 2.0, 3.7, 31.3] {
            let root = lattice::sphere(Dual { value: t, derivative: 0.5 / t });
            let [value, slope] = sphere_squared::<true>(t * t);
            assert!((value - root.value * root.value).abs() < 1e-13, "{t}: {value}");
            let expected = 2.0 * root.value * root.derivative;
            assert!((slope - expected).abs() < 1e-11, "{t}: {slope} {expected}");
        }
    }
}
