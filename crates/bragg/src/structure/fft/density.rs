//! The electron density of Gaussian atoms on a grid of the unit cell.

use crate::experiment::UnitCell;
use crate::math::{Mat3, Vec3};
use crate::monitor::{Monitor, watched};
use crate::structure::refused;
use crate::structure::{Atom, Displacement, FormFactor};
use std::f64::consts::PI;

/// Electrons per Å³ on a grid of one cell, the last axis fastest.
pub(in crate::structure) struct Density {
    pub(in crate::structure) size: [usize; 3],
    pub(in crate::structure) values: Vec<f64>,
    /// The volume of the cell (Å³).
    pub(in crate::structure) volume: f64,
    /// The steps of the grid by rows (Å).
    pub(in crate::structure) steps: Mat3,
}

/// A lower bound of the smallest principal B (Å²), by Gershgorin's circles.
pub(super) fn smallest_b(displacement: &Displacement) -> f64 {
    let rows = displacement.b_matrix().0;
    let bound =
        |i: usize| (0..3).fold(2.0 * rows[i][i], |sum, j| sum - if i == j { rows[i][i] } else { rows[i][j].abs() });
    (0..3).map(bound).fold(f64::INFINITY, f64::min)
}

impl Density {
    /// An empty cell.
    ///
    /// # Errors
    /// It does not fit into memory.
    pub(in crate::structure) fn new(cell: &UnitCell, size: [usize; 3]) -> crate::Result<Self> {
        let basis = cell.basis();
        let n_points = size.iter().product();
        let mut values = Vec::new();
        values
            .try_reserve_exact(n_points)
            .map_err(|_| refused(format!("a density grid of {n_points} points does not fit into memory")))?;
        values.resize(n_points, 0.0);
        let [a, b, c] = basis.0;
        let [n_a, n_b, n_c] = size.map(|n| 1.0 / n as f64);
        Ok(Self { size, values, volume: basis.determinant(), steps: Mat3::from_rows([a * n_a, b * n_b, c * n_c]) })
    }

    /// Adds one atom, its B enlarged by `common_b` (Å²): a Gaussian for each term of its form factor, out to where it has
    /// fallen by exp(−`range`).
    pub(super) fn add(
        &mut self,
        atom: &Atom,
        form_factor: &FormFactor,
        constant_only: bool,
        common_b: f64,
        range: f64,
        monitor: &dyn Monitor,
    ) {
        let gaussians = form_factor.a.into_iter().zip(form_factor.b);
        let gaussians = gaussians.filter(|_| !constant_only).chain([(form_factor.c, 0.0)]);
        let displacement = atom.displacement.b_matrix();
        for (amplitude, width) in gaussians.filter(|(amplitude, _)| *amplitude != 0.0) {
            let mut b = displacement;
            for i in 0..3 {
                b.0[i].0[i] += width + common_b;
            }
            self.add_gaussian(atom.position, amplitude * atom.occupancy, &b, range, monitor);
        }
    }

    /// Adds the transform of a·exp(−sᵀBs/4): a·(4π)^(3/2)·det(B)^(−1/2)·exp(−4π² rᵀB⁻¹r).
    fn add_gaussian(&mut self, position: [f64; 3], amplitude: f64, b: &Mat3, range: f64, monitor: &dyn Monitor) {
        let peak = amplitude * ((4.0 * PI).powi(3) / b.determinant()).sqrt();
        let inverse = b.reciprocal_rows();
        let steps = Mat3(self.steps.0.map(|step| step * (2.0 * PI)));
        let form = steps * inverse * steps.transposed();
        let values = &mut self.values;
        let n_z = self.size[2];
        rows_within(&form, self.size, position, range, monitor, |start, rows, row| {
            let top = peak * (-row.least).exp();
            add_row(&mut values[start..start + n_z], rows, row.center, row.curvature, top);
        });
    }
}

/// What a quadratic form is along a row of the grid: least + curvature·(i − center)².
pub(in crate::structure) struct Row {
    least: f64,
    curvature: f64,
    center: f64,
}

/// Rows between two looks at the monitor.
const ROWS: usize = 256;

/// Visits the rows of a periodic grid where a quadratic form of grid steps from a position (fractions of the cell) stays
/// within a limit: the row's first index, and the range along the last axis, which may leave the cell.
pub(in crate::structure) fn rows_within(
    form: &Mat3,
    size: [usize; 3],
    position: [f64; 3],
    limit: f64,
    monitor: &dyn Monitor,
    mut visit: impl FnMut(usize, std::ops::RangeInclusive<i64>, &Row),
) {
    // The form as a sum of squares: zz·(z + …)² + yy·(y + …)² + xx·x².
    let q = |i: usize, j: usize| form.0[i][j];
    let zz = q(2, 2);
    let reduced = |i: usize, j: usize| q(i, j) - q(i, 2) * q(j, 2) / zz;
    let yy = reduced(1, 1);
    let y_of_x = reduced(0, 1) / yy;
    let xx = reduced(0, 0) - reduced(0, 1) * y_of_x;
    let (z_of_x, z_of_y) = (q(0, 2) / zz, q(1, 2) / zz);
    let [n_x, n_y, n_z] = size;
    let center: Vec3 = Vec3(std::array::from_fn(|i| (position[i] - position[i].floor()) * size[i] as f64));
    for i_x in between(center[0], (limit / xx).sqrt()) {
        let x = i_x as f64 - center[0];
        let after_x = (limit - xx * x * x).max(0.0);
        for i_y in watched(between(center[1] - y_of_x * x, (after_x / yy).sqrt()), ROWS, monitor) {
            let y = i_y as f64 - center[1];
            let squared = yy * (y + y_of_x * x).powi(2);
            let z_center = center[2] - z_of_x * x - z_of_y * y;
            let rows = between(z_center, ((after_x - squared).max(0.0) / zz).sqrt());
            let start = (wrapped(i_x, n_x) * n_y + wrapped(i_y, n_y)) * n_z;
            visit(start, rows, &Row { least: limit - after_x + squared, curvature: zz, center: z_center });
        }
    }
}

/// The whole numbers within a distance of a center.
fn between(center: f64, distance: f64) -> std::ops::RangeInclusive<i64> {
    (center - distance).ceil() as i64..=(center + distance).floor() as i64
}

pub(in crate::structure) fn wrapped(i: i64, n: usize) -> usize {
    i.rem_euclid(n as i64) as usize
}

/// Adds top·exp(−zz·(i − center)²) for a range of i to a periodic row: each value and the ratio to the next follow from
/// those before.
fn add_row(row: &mut [f64], range: std::ops::RangeInclusive<i64>, center: f64, zz: f64, top: f64) {
    let (first, last) = (*range.start(), *range.end());
    if last < first {
        return;
    }
    let z = first as f64 - center;
    let mut value = top * (-zz * z * z).exp();
    let mut ratio = (-zz * (2.0 * z + 1.0)).exp();
    let ratio_of_ratios = (-2.0 * zz).exp();
    let mut left = (last - first + 1) as usize;
    let mut start = wrapped(first, row.len());
    while left > 0 {
        let n = left.min(row.len() - start);
        for point in &mut row[start..start + n] {
            *point += value;
            value *= ratio;
            ratio *= ratio_of_ratios;
        }
        left -= n;
        start = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Unwatched;

    #[test]
    fn a_gaussian_has_its_electrons_and_its_height() {
        let cell = UnitCell::new([9.0, 10.0, 11.0, 75.0, 100.0, 110.0]).unwrap();
        let mut density = Density::new(&cell, [24, 27, 30]).unwrap();
        let b = Mat3::from_rows([Vec3::new(20.0, 3.0, -2.0), Vec3::new(3.0, 25.0, 4.0), Vec3::new(-2.0, 4.0, 30.0)]);
        density.add_gaussian([0.0, 1.0 / 3.0, -0.5], 6.0, &b, 16.0, &Unwatched);
        let total: f64 = density.values.iter().sum();
        let electrons = total * density.volume / density.values.len() as f64;
        assert!((electrons - 6.0).abs() < 1e-4, "{electrons}");
        // det B = 20·(750 − 16) − 3·(90 + 8) − 2·(12 + 50) = 14262
        let height = 6.0 * (4.0 * PI).powf(1.5) / 14262.0_f64.sqrt();
        assert!((density.values[9 * 30 + 15] / height - 1.0).abs() < 1e-5);
    }

    #[test]
    fn a_gaussian_wider_than_the_cell_adds_its_repeats() {
        let cell = UnitCell::new([4.0, 4.0, 4.0, 90.0, 90.0, 90.0]).unwrap();
        let mut density = Density::new(&cell, [4, 4, 4]).unwrap();
        let b = Mat3::from_rows([Vec3::new(900.0, 0.0, 0.0), Vec3::new(0.0, 900.0, 0.0), Vec3::new(0.0, 0.0, 900.0)]);
        density.add_gaussian([0.3, 0.4, 0.5], 64.0, &b, 18.0, &Unwatched);
        assert!(density.values.iter().all(|value| (value - 1.0).abs() < 1e-4));
    }
}
