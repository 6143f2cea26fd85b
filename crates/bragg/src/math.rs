//! Vectors, matrices and rotations.

use crate::numbers::Numbers;
use crate::real::Real;
use std::ops::{Add, Index, Mul, Neg, Sub};

/// A vector of three components in a Cartesian frame.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Vec3<R = f64>(pub [R; 3]);

impl<R: Copy> Numbers for Vec3<R> {
    type Number = R;
    type Of<S: Copy> = Vec3<S>;

    fn map<S: Copy>(&self, f: &mut impl FnMut(R) -> S) -> Vec3<S> {
        Vec3(Numbers::map(&self.0, f))
    }

    fn zip<S: Copy + Default, T: Copy>(&self, other: &Vec3<S>, f: &mut impl FnMut(R, S) -> T) -> Vec3<T> {
        Vec3(self.0.zip(&other.0, f))
    }
}

impl<R: Real> Vec3<R> {
    /// A vector from its components.
    #[inline(always)]
    pub const fn new(x: R, y: R, z: R) -> Self {
        Self([x, y, z])
    }

    /// The scalar product, multiplications and additions fused: every kernel rounds it alike.
    #[inline(always)]
    pub fn dot(self, other: Self) -> R {
        self[2].mul_add(other[2], self[1].mul_add(other[1], self[0] * other[0]))
    }

    /// The vector product.
    #[inline(always)]
    pub fn cross(self, other: Self) -> Self {
        Self([
            self[1] * other[2] - self[2] * other[1],
            self[2] * other[0] - self[0] * other[2],
            self[0] * other[1] - self[1] * other[0],
        ])
    }

    /// The length.
    #[inline(always)]
    pub fn norm(self) -> R {
        self.dot(self).sqrt()
    }

    /// The vector of length 1 in the same direction (NaN for a vector of length 0).
    #[inline(always)]
    pub fn unit(self) -> Self {
        let norm = self.norm();
        Self([self[0] / norm, self[1] / norm, self[2] / norm])
    }

    /// This vector turned right-handedly by `angle` (radians) about a unit `axis` (Rodrigues' formula).
    pub fn rotated(self, axis: Self, angle: R) -> Self {
        let (sin, cos) = (angle.sin(), angle.cos());
        self * cos + axis.cross(self) * sin + axis * (axis.dot(self) * (R::constant(1.0) - cos))
    }
}

impl<R: Real> Vec3<R> {
    /// A vector of constants.
    pub fn constant(v: Vec3) -> Self {
        Self(v.0.map(R::constant))
    }

    /// The values of the components.
    pub fn value(self) -> Vec3 {
        Vec3(self.0.map(Real::value))
    }
}

impl Vec3<f64> {
    /// The vector of the rotation by this vector and then by `next` (radians), by the product of their quaternions.
    #[must_use]
    pub fn then_by(self, next: Self) -> Self {
        let quaternion = |v: Self| {
            let angle = v.norm();
            let scale = if angle > 0.0 { (0.5 * angle).sin() / angle } else { 0.5 };
            ((0.5 * angle).cos(), v * scale)
        };
        let ((p, u), (q, v)) = (quaternion(self), quaternion(next));
        let (cosine, sines) = (q * p - v.dot(u), u * q + v * p + v.cross(u));
        let sine = sines.norm();
        sines * if sine > 0.0 { 2.0 * sine.atan2(cosine) / sine } else { 2.0 }
    }

    /// This vector turned by three angles (radians) about lab x, then y, then z.
    pub fn rotated_xyz(self, angles: [f64; 3]) -> Self {
        let [x, y, z] = angles;
        self.rotated(Self::new(1.0, 0.0, 0.0), x)
            .rotated(Self::new(0.0, 1.0, 0.0), y)
            .rotated(Self::new(0.0, 0.0, 1.0), z)
    }

    /// Whether every component is a finite number.
    pub fn is_finite(self) -> bool {
        self.0.iter().all(|component| component.is_finite())
    }
}

impl<R> Index<usize> for Vec3<R> {
    type Output = R;
    #[inline(always)]
    fn index(&self, i: usize) -> &R {
        &self.0[i]
    }
}

impl<R: Real> Add for Vec3<R> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self([self[0] + other[0], self[1] + other[1], self[2] + other[2]])
    }
}

impl<R: Real> Sub for Vec3<R> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self([self[0] - other[0], self[1] - other[1], self[2] - other[2]])
    }
}

impl<R: Real> Mul<R> for Vec3<R> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, factor: R) -> Self {
        Self([self[0] * factor, self[1] * factor, self[2] * factor])
    }
}

impl<R: Real> Neg for Vec3<R> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self([-self[0], -self[1], -self[2]])
    }
}

/// A 3 × 3 matrix by rows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Mat3<R = f64>(pub [Vec3<R>; 3]);

impl<R: Copy> Numbers for Mat3<R> {
    type Number = R;
    type Of<S: Copy> = Mat3<S>;

    fn map<S: Copy>(&self, f: &mut impl FnMut(R) -> S) -> Mat3<S> {
        Mat3(std::array::from_fn(|i| self.0[i].map(f)))
    }

    fn zip<S: Copy + Default, T: Copy>(&self, other: &Mat3<S>, f: &mut impl FnMut(R, S) -> T) -> Mat3<T> {
        Mat3(std::array::from_fn(|i| self.0[i].zip(&other.0[i], f)))
    }
}

impl<R: Real> Mat3<R> {
    /// A matrix from its rows.
    #[inline(always)]
    pub const fn from_rows(rows: [Vec3<R>; 3]) -> Self {
        Self(rows)
    }

    /// Matrix times column vector.
    #[inline(always)]
    pub fn apply(&self, v: Vec3<R>) -> Vec3<R> {
        Vec3([self.0[0].dot(v), self.0[1].dot(v), self.0[2].dot(v)])
    }

    /// The transposed matrix.
    pub fn transposed(&self) -> Self {
        let [a, b, c] = self.0;
        Self([Vec3::new(a[0], b[0], c[0]), Vec3::new(a[1], b[1], c[1]), Vec3::new(a[2], b[2], c[2])])
    }

    /// The determinant.
    pub fn determinant(&self) -> R {
        self.0[0].dot(self.0[1].cross(self.0[2]))
    }

    /// The matrix whose rows are the reciprocal basis of these rows: b × c / (a·b×c) and so on. Its transpose is the inverse.
    pub fn reciprocal_rows(&self) -> Self {
        let [a, b, c] = self.0;
        let scale = R::constant(1.0) / self.determinant();
        Self([b.cross(c) * scale, c.cross(a) * scale, a.cross(b) * scale])
    }
}

impl<R: Real> Mat3<R> {
    /// A matrix of constants.
    pub fn constant(matrix: Mat3) -> Self {
        Self(matrix.0.map(Vec3::constant))
    }

    /// The right-handed rotation by `angle` (radians) about a unit `axis`.
    pub fn rotation(axis: Vec3<R>, angle: R) -> Self {
        Self(Mat3::IDENTITY.0.map(|unit| Vec3::constant(unit).rotated(axis, angle))).transposed()
    }

    /// The right-handed rotation by |v| (radians) about a vector v (Rodrigues' formula, smooth at v = 0).
    pub fn rotation_by(v: Vec3<R>) -> Self {
        let square = v.dot(v);
        // sin x/x and (1 − cos x)/x²; below 0.1 the next terms of the series are less than 1e-17
        let (sine, versine) = if square.value() < 0.01 {
            let series = |terms: [f64; 5]| {
                terms.into_iter().rev().fold(R::constant(0.0), |sum, term| sum * square + R::constant(term))
            };
            (
                series([1.0, -1.0 / 6.0, 1.0 / 120.0, -1.0 / 5040.0, 1.0 / 362_880.0]),
                series([0.5, -1.0 / 24.0, 1.0 / 720.0, -1.0 / 40_320.0, 1.0 / 3_628_800.0]),
            )
        } else {
            let angle = square.sqrt();
            (angle.sin() / angle, (R::constant(1.0) - angle.cos()) / square)
        };
        let turn = |unit: Vec3<R>| {
            let across = v.cross(unit);
            unit + across * sine + v.cross(across) * versine
        };
        Self(Mat3::IDENTITY.0.map(|unit| turn(Vec3::constant(unit)))).transposed()
    }
}

impl Mat3<f64> {
    /// The largest eigenvalue of a symmetric matrix (Smith, Communications of the ACM 4 (1961) 168), rounded up by 1e-9 of it.
    pub fn largest_eigenvalue(&self) -> f64 {
        let [a, b, c] = self.0;
        let mean = (a[0] + b[1] + c[2]) / 3.0;
        let off = a[1] * a[1] + a[2] * a[2] + b[2] * b[2];
        let square = [a[0], b[1], c[2]].iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() + 2.0 * off;
        let spread = (square / 6.0).sqrt();
        let one = Self::IDENTITY.0;
        let rest = Self(std::array::from_fn(|i| (self.0[i] - one[i] * mean) * (1.0 / spread)));
        let half = if spread > 0.0 { (rest.determinant() / 2.0).clamp(-1.0, 1.0) } else { 0.0 };
        (mean + 2.0 * spread * (half.acos() / 3.0).cos()) * (1.0 + 1e-9)
    }

    /// The identity.
    pub const IDENTITY: Self = Self([Vec3([1.0, 0.0, 0.0]), Vec3([0.0, 1.0, 0.0]), Vec3([0.0, 0.0, 1.0])]);

    /// The angles (radians) about lab x, then y, then z of this rotation: those of [`Vec3::rotated_xyz`]. That about y lies between
    /// ±π/2; where it is one of these, that about z is 0.
    pub fn xyz_angles(&self) -> [f64; 3] {
        let [x, y, z] = self.0;
        let sine = (-z[0]).clamp(-1.0, 1.0);
        if x[0].hypot(y[0]) < 1e-9 {
            // x and z turn about the same axis
            return [f64::atan2(-y[2], y[1]), sine.asin(), 0.0];
        }
        [z[1].atan2(z[2]), sine.atan2(x[0].hypot(y[0])), y[0].atan2(x[0])]
    }
}

impl<R: Real> Mul for Mat3<R> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let columns = other.transposed();
        Self(self.0.map(|row| columns.apply(row)))
    }
}

/// The whole part of a number between −2³¹ and 2³¹, as `as i32` gives it, by operations that vector instructions have; any other
/// number gives no particular one.
#[inline(always)]
pub fn whole_part(x: f64) -> i32 {
    /// 2⁵²: numbers from here to its double are the whole ones, and their low bits count.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let size = x.abs();
    let nearest = (size + WHOLE) - WHOLE;
    let whole = if nearest > size { nearest - 1.0 } else { nearest };
    (whole.copysign(x) + 1.5 * WHOLE).to_bits() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: Vec3 = Vec3([1.0, 0.0, 0.0]);
    const Y: Vec3 = Vec3([0.0, 1.0, 0.0]);
    const Z: Vec3 = Vec3([0.0, 0.0, 1.0]);

    fn close(a: Vec3, b: Vec3) -> bool {
        (a - b).norm() < 1e-15
    }

    #[test]
    fn rotations_are_right_handed() {
        let quarter = std::f64::consts::FRAC_PI_2;
        assert!(close(X.rotated(Z, quarter), Y));
        assert!(close(Y.rotated(X, quarter), Z));
        assert!(close(Z.rotated(Y, quarter), X));
        assert!(close(Mat3::rotation(Z, quarter).apply(X), Y));
    }

    #[test]
    fn eigenvalues_are_those_of_matrices_made_from_them() {
        let of = |values: [f64; 3]| {
            let turn = Mat3::rotation_by(Vec3([0.3, -0.7, 0.4]));
            let scaled = Mat3(std::array::from_fn(|i| Mat3::IDENTITY.0[i] * values[i]));
            (turn * (scaled * turn.transposed())).largest_eigenvalue()
        };
        for values in
            [[1.0, 2.0, 5.0], [5.0, 5.0, 1.0], [1.0, 1.0, 5.0], [5.0; 3], [5.0, 5.0 - 1e-9, 1e-9], [0.0, 0.0, 5.0]]
        {
            let off = of(values) / 5.0 - 1.0;
            assert!((0.0..3e-9).contains(&off), "{values:?}: {off}");
        }
    }

    #[test]
    fn rotation_by_three_angles_goes_about_x_first() {
        let quarter = std::f64::consts::FRAC_PI_2;
        assert!(close(Y.rotated_xyz([quarter, quarter, 0.0]), X));
    }

    #[test]
    fn rotation_vectors_join_as_their_matrices_do() {
        for (first, next) in
            [([0.3, -0.2, 0.5], [-0.1, 0.4, 0.2]), ([0.0; 3], [0.1, 0.0, -0.2]), ([1e-9, 0.0, 0.0], [0.0; 3])]
        {
            let (first, next) = (Vec3(first), Vec3(next));
            let whole = Mat3::rotation_by(first.then_by(next));
            for axis in [Vec3([1.0, 0.0, 0.0]), Vec3([0.0, 1.0, 0.0]), Vec3([0.0, 0.0, 1.0])] {
                let one_by_one = Mat3::rotation_by(next).apply(Mat3::rotation_by(first).apply(axis));
                assert!((whole.apply(axis) - one_by_one).norm() < 1e-14, "{first:?} {next:?}");
            }
        }
    }

    #[test]
    fn rotation_vectors_turn_by_their_length() {
        let axis = Vec3::new(1.0, 2.0, -2.0).unit();
        for angle in [0.0, 1e-6, 0.0999, 0.1001, 1.0, 3.0] {
            let (by_vector, by_angle) = (Mat3::rotation_by(axis * angle), Mat3::rotation(axis, angle));
            assert!((0..3).all(|i| close(by_vector.0[i], by_angle.0[i])), "{angle}");
        }
    }

    #[test]
    fn products_follow_the_columns() {
        let a = Mat3::rotation(X, 0.3);
        let b = Mat3::rotation(Vec3::new(1.0, 2.0, -2.0).unit(), 1.1);
        let v = Vec3::new(0.2, -0.7, 1.3);
        assert!(close((a * b).apply(v), a.apply(b.apply(v))));
        assert!(((a * b).determinant() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn reciprocal_rows_are_dual_to_the_rows() {
        let cell = Mat3::from_rows([Vec3::new(5.0, 0.0, 0.0), Vec3::new(1.0, 6.0, 0.0), Vec3::new(-0.5, 2.0, 7.0)]);
        let reciprocal = cell.reciprocal_rows();
        for i in 0..3 {
            for j in 0..3 {
                let expected = if i == j { 1.0 } else { 0.0 };
                assert!((cell.0[i].dot(reciprocal.0[j]) - expected).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn whole_parts_are_those_of_a_cast() {
        let mut numbers =
            vec![0.0, -0.0, 0.5, 1.5, 2.5, 0.49999999999999994, 1e-300, 2_147_483_647.0, 2_147_483_647.25];
        numbers.extend((0..1000).map(|i| 1.000_123f64.powi(i * 170) - 1.0));
        for x in numbers.into_iter().flat_map(|x| [x, x.next_down(), x.next_up()]).flat_map(|x| [x, -x, x + 0.5]) {
            assert_eq!(whole_part(x), x as i32, "{x}");
        }
        assert_eq!(whole_part(-2_147_483_648.0), i32::MIN);
    }

    #[test]
    fn angles_about_x_y_and_z_are_found_again() {
        for angles in [
            [0.1, -0.7, 2.9],
            [-3.0, 1.2, -1.0],
            [0.4, std::f64::consts::FRAC_PI_2, 0.0],
            [0.4, -std::f64::consts::FRAC_PI_2, 0.3],
        ] {
            let columns = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(|v| Vec3(v).rotated_xyz(angles));
            let rotation = Mat3::from_rows(columns).transposed();
            let found = rotation.xyz_angles();
            for (i, axis) in columns.into_iter().enumerate() {
                let mut unit = [0.0; 3];
                unit[i] = 1.0;
                assert!((Vec3(unit).rotated_xyz(found) - axis).norm() < 1e-8, "{angles:?} {found:?}");
            }
        }
    }
}
