//! Small dense matrices: Cholesky's factorisation and the eigenvectors of symmetric ones. Refinement has some dozens of parameters, for
//! which this page does; the linear-algebra crates would bring two dozen others.

use std::ops::{Index, IndexMut};

/// Sweeps of Jacobi's rotations; matrices of this size need less than ten.
const SWEEPS: usize = 60;

/// A matrix by rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Matrix {
    n_rows: usize,
    n_columns: usize,
    numbers: Vec<f64>,
}

impl Index<(usize, usize)> for Matrix {
    type Output = f64;

    fn index(&self, (row, column): (usize, usize)) -> &f64 {
        &self.numbers[row * self.n_columns + column]
    }
}

impl IndexMut<(usize, usize)> for Matrix {
    fn index_mut(&mut self, (row, column): (usize, usize)) -> &mut f64 {
        &mut self.numbers[row * self.n_columns + column]
    }
}

impl Matrix {
    pub(super) fn zeros(n_rows: usize, n_columns: usize) -> Self {
        Self { n_rows, n_columns, numbers: vec![0.0; n_rows * n_columns] }
    }

    pub(super) fn from_fn(n_rows: usize, n_columns: usize, number: impl Fn(usize, usize) -> f64) -> Self {
        let mut matrix = Self::zeros(n_rows, n_columns);
        for row in 0..n_rows {
            for column in 0..n_columns {
                matrix[(row, column)] = number(row, column);
            }
        }
        matrix
    }

    pub(super) fn n_rows(&self) -> usize {
        self.n_rows
    }

    pub(super) fn n_columns(&self) -> usize {
        self.n_columns
    }

    pub(super) fn diagonal(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.n_rows).map(|i| self[(i, i)])
    }

    pub(super) fn is_finite(&self) -> bool {
        self.numbers.iter().all(|x| x.is_finite())
    }

    pub(super) fn transposed(&self) -> Self {
        Self::from_fn(self.n_columns, self.n_rows, |i, j| self[(j, i)])
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        Self::from_fn(self.n_rows, other.n_columns, |i, j| {
            (0..self.n_columns).map(|k| self[(i, k)] * other[(k, j)]).sum()
        })
    }

    pub(super) fn apply(&self, x: &[f64]) -> Vec<f64> {
        (0..self.n_rows).map(|i| (0..self.n_columns).map(|k| self[(i, k)] * x[k]).sum()).collect()
    }

    /// This plus `factor` times another.
    pub(super) fn plus(mut self, factor: f64, other: &Self) -> Self {
        self.numbers.iter_mut().zip(&other.numbers).for_each(|(a, b)| *a += factor * b);
        self
    }

    /// The inverse of a symmetric, positive definite matrix, by Cholesky's factors; `None` where it is none.
    pub(super) fn inverse(&self) -> Option<Self> {
        let n = self.n_rows;
        let mut lower = Self::zeros(n, n);
        for j in 0..n {
            let square = self[(j, j)] - (0..j).map(|k| lower[(j, k)] * lower[(j, k)]).sum::<f64>();
            if !(square > 0.0 && square.is_finite()) {
                return None;
            }
            lower[(j, j)] = square.sqrt();
            for i in j + 1..n {
                let product: f64 = (0..j).map(|k| lower[(i, k)] * lower[(j, k)]).sum();
                lower[(i, j)] = (self[(i, j)] - product) / lower[(j, j)];
            }
        }
        let mut inverse_lower = Self::zeros(n, n);
        for j in 0..n {
            inverse_lower[(j, j)] = 1.0 / lower[(j, j)];
            for i in j + 1..n {
                let product: f64 = (j..i).map(|k| lower[(i, k)] * inverse_lower[(k, j)]).sum();
                inverse_lower[(i, j)] = -product / lower[(i, i)];
            }
        }
        Some(inverse_lower.transposed().times(&inverse_lower))
    }

    /// Eigenvalues of a symmetric matrix and, in the columns of the second, its eigenvectors: Jacobi's rotations, which find small
    /// eigenvalues more exactly than others do (J. Demmel, K. Veselić, SIAM J. Matrix Anal. Appl. 13 (1992), 1204).
    pub(super) fn eigen(&self) -> (Vec<f64>, Self) {
        let n = self.n_rows;
        let mut a = self.clone();
        let mut vectors = Self::from_fn(n, n, |i, j| f64::from(u8::from(i == j)));
        for _ in 0..SWEEPS {
            let mut turned = false;
            for p in 0..n {
                for q in p + 1..n {
                    turned |= a.turn(p, q, &mut vectors);
                }
            }
            if !turned {
                break;
            }
        }
        (a.diagonal().collect(), vectors)
    }

    /// Turns the plane of two axes so that the number between them vanishes; false where it does not matter.
    fn turn(&mut self, p: usize, q: usize, vectors: &mut Self) -> bool {
        let (between, first, second) = (self[(p, q)], self[(p, p)], self[(q, q)]);
        if between.abs() <= f64::EPSILON * (first.abs() * second.abs()).sqrt() * 0.1 || between == 0.0 {
            return false;
        }
        let theta = (second - first) / (2.0 * between);
        let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
        let cosine = tangent.hypot(1.0).recip();
        let sine = tangent * cosine;
        for k in 0..self.n_rows {
            let (x, y) = (self[(k, p)], self[(k, q)]);
            (self[(k, p)], self[(k, q)]) = (cosine * x - sine * y, sine * x + cosine * y);
        }
        for k in 0..self.n_rows {
            let (x, y) = (self[(p, k)], self[(q, k)]);
            (self[(p, k)], self[(q, k)]) = (cosine * x - sine * y, sine * x + cosine * y);
            let (x, y) = (vectors[(k, p)], vectors[(k, q)]);
            (vectors[(k, p)], vectors[(k, q)]) = (cosine * x - sine * y, sine * x + cosine * y);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(n: usize) -> Matrix {
        let rows = Matrix::from_fn(n + 5, n, |i, j| ((i * i + 3 * j * j + i * j) as f64 * 1.234).sin());
        rows.transposed().times(&rows)
    }

    fn distance_from_identity(matrix: &Matrix) -> f64 {
        let n = matrix.n_rows();
        let off = |i: usize, j: usize| (matrix[(i, j)] - f64::from(u8::from(i == j))).abs();
        (0..n * n).map(|k| off(k / n, k % n)).fold(0.0, f64::max)
    }

    #[test]
    fn the_inverse_undoes_the_matrix() {
        let matrix = example(7);
        assert!(distance_from_identity(&matrix.times(&matrix.inverse().unwrap())) < 1e-10);
        assert_eq!(Matrix::from_fn(2, 2, |i, j| if i == j { 1.0 } else { 2.0 }).inverse(), None, "not positive");
    }

    #[test]
    fn eigenvectors_are_orthonormal_and_stretched() {
        let matrix = example(9);
        let (values, vectors) = matrix.eigen();
        assert!(distance_from_identity(&vectors.transposed().times(&vectors)) < 1e-13);
        for (j, value) in values.iter().enumerate() {
            let vector: Vec<f64> = (0..9).map(|i| vectors[(i, j)]).collect();
            assert!(
                matrix
                    .apply(&vector)
                    .iter()
                    .zip(&vector)
                    .all(|(a, x)| (a - value * x).abs() < 1e-12 * values[0].abs().max(10.0))
            );
        }
        let trace: f64 = matrix.diagonal().sum();
        assert!((values.iter().sum::<f64>() / trace - 1.0).abs() < 1e-13);
    }

    #[test]
    fn a_direction_without_effect_has_eigenvalue_zero() {
        let matrix = Matrix::from_fn(3, 3, |i, j| ((i + 1) * (j + 1)) as f64);
        let (mut values, _) = matrix.eigen();
        values.sort_by(f64::total_cmp);
        assert!(values[0].abs() < 1e-14 && values[1].abs() < 1e-14 && (values[2] - 14.0).abs() < 1e-12, "{values:?}");
    }
}
