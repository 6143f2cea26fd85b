//! How far the points of a tile are from their nearest reflections.

use super::culling::GROUP;
use super::elementary::{dot, multiply_add, round, round_ties_down};
use super::tile::{DARK, Lane};
use crate::math::{Mat3, Vec3};
use crate::scene::Orientation;
use std::ops::Range;

/// How far points are from their nearest reflections for one orientation, along each axis of the reciprocal lattice.
pub(in crate::kernel) struct Distances {
    /// h, k, l less the nearest whole numbers.
    pub(in crate::kernel) delta: [Lane; 3],
    /// The nearest whole numbers, where they are asked for.
    pub(in crate::kernel) nearest: [Lane; 3],
}

impl Distances {
    pub(in crate::kernel) fn new() -> Self {
        Self { delta: [DARK; 3], nearest: [DARK; 3] }
    }

    /// Distances of the pixels of a group, which begin at `from`, put at `to`; with the reflections.
    #[inline(always)]
    pub(in crate::kernel) fn take_group<const FMA: bool>(
        &mut self,
        orientation: &Orientation,
        q: &[Lane; 3],
        from: usize,
        to: usize,
    ) {
        let [x, y, z] = q.each_ref().map(|component| &component[from..from + GROUP]);
        for axis in 0..3 {
            let (delta, nearest) = (&mut self.delta[axis][to..to + GROUP], &mut self.nearest[axis][to..to + GROUP]);
            for i in 0..GROUP {
                let h = index::<FMA>(orientation.0[axis].0, [x[i], y[i], z[i]]);
                nearest[i] = round_ties_down::<FMA>(h);
                delta[i] = h - nearest[i];
            }
        }
    }
}

/// An index: a row of the orientation times q, rounded as in the reference kernel, for the zeros of a grating make any other rounding
/// visible.
#[inline(always)]
pub(in crate::kernel) fn index<const FMA: bool>(row: [f64; 3], q: [f64; 3]) -> f64 {
    dot::<FMA>(row, q)
}

/// Distances of a range of the points `q`; `NEAREST`: with the reflections.
#[inline(always)]
pub(in crate::kernel) fn distances<const FMA: bool, const NEAREST: bool>(
    orientation: &Orientation,
    q: &[Lane; 3],
    distances: &mut Distances,
    range: Range<usize>,
) {
    // leaves the loops without bounds to check
    assert!(range.end <= DARK.len());
    let Distances { delta, nearest } = distances;
    let (first, second, third) = (orientation.0[0].0, orientation.0[1].0, orientation.0[2].0);
    for i in range {
        let q = [q[0][i], q[1][i], q[2][i]];
        let hkl = [index::<FMA>(first, q), index::<FMA>(second, q), index::<FMA>(third, q)];
        for axis in 0..3 {
            if NEAREST {
                nearest[axis][i] = round_ties_down::<FMA>(hkl[axis]);
                delta[axis][i] = hkl[axis] - nearest[axis][i];
            } else {
                delta[axis][i] = hkl[axis] - round(hkl[axis]);
            }
        }
    }
}

/// A norm of distances: |T·δ| with T upper triangular.
#[derive(Debug, Clone, Copy)]
pub(in crate::kernel) struct Metric([[f64; 3]; 3]);

impl Metric {
    /// The norm `scale`·|δ₁a + δ₂b + δ₃c| by rows a, b, c, in the frame with a along x and b in the xy plane.
    pub(in crate::kernel) fn new(rows: &Mat3, scale: f64) -> Self {
        let [a, b, c] = rows.0;
        let x = a.unit();
        let y = (b - x * b.dot(x)).unit();
        let z = x.cross(y);
        Self(
            [[a.dot(x), b.dot(x), c.dot(x)], [0.0, b.dot(y), c.dot(y)], [0.0, 0.0, c.dot(z)]]
                .map(|row| row.map(|t| t * scale)),
        )
    }

    /// The largest norm of δ = A·q over unit vectors q, for rows A: the root of the largest eigenvalue of (T·A)ᵀ(T·A).
    pub(in crate::kernel) fn largest_stretch(&self, rows: &Mat3) -> f64 {
        let [a, b, c] = rows.0;
        let product = self.0.map(|[x, y, z]| a * x + b * y + c * z);
        let columns = Mat3(product).transposed().0;
        Mat3(columns.map(|u| Vec3(columns.map(|v| u.dot(v))))).largest_eigenvalue().sqrt()
    }

    /// The least norm of a distance whose component along each axis is 1: the distance between planes of equal index.
    pub(in crate::kernel) fn between_planes(&self) -> [f64; 3] {
        let columns = Mat3(self.0.map(Vec3)).transposed();
        columns.reciprocal_rows().0.map(|row| 1.0 / row.norm())
    }

    /// The largest squared norm of a distance from the nearest reflection: that of a corner of the cell around it.
    pub(in crate::kernel) fn farthest_square(&self) -> f64 {
        let corners = [[0.5, 0.5, 0.5], [0.5, 0.5, -0.5], [0.5, -0.5, 0.5], [-0.5, 0.5, 0.5]];
        corners.map(|corner| self.square::<false>(corner)).into_iter().fold(0.0, f64::max)
    }

    /// The squared norm.
    #[inline(always)]
    pub(in crate::kernel) fn square<const FMA: bool>(&self, [a, b, c]: [f64; 3]) -> f64 {
        let [[t11, t12, t13], [_, t22, t23], [_, _, t33]] = self.0;
        let x = multiply_add::<FMA>(t13, c, multiply_add::<FMA>(t12, b, t11 * a));
        let y = multiply_add::<FMA>(t23, c, t22 * b);
        let z = t33 * c;
        multiply_add::<FMA>(z, z, multiply_add::<FMA>(y, y, x * x))
    }
}
