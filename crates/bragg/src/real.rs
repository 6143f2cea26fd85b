//! The number types that the physics is generic over.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// A real number: what the formulas in [`crate::physics`] and [`crate::math`] are written in.
pub trait Real:
    Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
{
    /// A constant.
    fn constant(value: f64) -> Self;
    /// The value without derivative or extra precision, to decide by.
    fn value(self) -> f64;
    /// Whether this is that number and does not change with anything.
    fn is_fixed_at(self, value: f64) -> bool {
        self.value() == value
    }
    /// self·b + c, rounded once where the type can.
    fn mul_add(self, b: Self, c: Self) -> Self {
        self * b + c
    }
    /// Sine (radians).
    fn sin(self) -> Self;
    /// Cosine (radians).
    fn cos(self) -> Self;
    /// The angle (radians) that has this tangent.
    fn atan(self) -> Self;
    /// eˣ.
    fn exp(self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
}

impl Real for f64 {
    #[inline(always)]
    fn constant(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn value(self) -> f64 {
        self
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        f64::mul_add(self, b, c)
    }
    #[inline(always)]
    fn sin(self) -> Self {
        f64::sin(self)
    }
    #[inline(always)]
    fn cos(self) -> Self {
        f64::cos(self)
    }
    #[inline(always)]
    fn atan(self) -> Self {
        f64::atan(self)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        f64::exp(self)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }
}

/// A dual number v + d·ε with ε² = 0: carries the exact derivative of a formula with respect to one variable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dual {
    /// The value.
    pub value: f64,
    /// The derivative.
    pub derivative: f64,
}

impl Dual {
    /// The variable to differentiate by, at `value`.
    pub fn variable(value: f64) -> Self {
        Self { value, derivative: 1.0 }
    }
}

impl PartialOrd for Dual {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl Add for Dual {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { value: self.value + other.value, derivative: self.derivative + other.derivative }
    }
}

impl Sub for Dual {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { value: self.value - other.value, derivative: self.derivative - other.derivative }
    }
}

impl Mul for Dual {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self {
            value: self.value * other.value,
            derivative: self.derivative * other.value + self.value * other.derivative,
        }
    }
}

impl Div for Dual {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        Self { value, derivative: (self.derivative - value * other.derivative) / other.value }
    }
}

impl Neg for Dual {
    type Output = Self;
    fn neg(self) -> Self {
        Self { value: -self.value, derivative: -self.derivative }
    }
}

impl AddAssign for Dual {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Real for Dual {
    fn constant(value: f64) -> Self {
        Self { value, derivative: 0.0 }
    }
    fn value(self) -> f64 {
        self.value
    }
    fn is_fixed_at(self, value: f64) -> bool {
        self.value == value && self.derivative == 0.0
    }
    fn sin(self) -> Self {
        Self { value: self.value.sin(), derivative: self.derivative * self.value.cos() }
    }
    fn cos(self) -> Self {
        Self { value: self.value.cos(), derivative: -self.derivative * self.value.sin() }
    }
    fn atan(self) -> Self {
        let slope = 1.0 / (1.0 + self.value * self.value);
        Self { value: self.value.atan(), derivative: self.derivative * slope }
    }
    fn exp(self) -> Self {
        Self { value: self.value.exp(), derivative: self.derivative * self.value.exp() }
    }
    fn sqrt(self) -> Self {
        let root = self.value.sqrt();
        Self { value: root, derivative: self.derivative / (2.0 * root) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dual_numbers_differentiate_by_the_textbook_rules() {
        let x = Dual::variable(0.7);
        let two = Dual::constant(2.0);
        assert_eq!((x * x).derivative, 1.4);
        assert!(((two / x).derivative + 2.0 / 0.49).abs() < 1e-15);
        assert_eq!(x.sin().derivative, 0.7f64.cos());
        assert_eq!(x.cos().derivative, -0.7f64.sin());
        assert_eq!((x * two).exp().derivative, 2.0 * 1.4f64.exp());
        assert!((x.sqrt().derivative - 0.5 / 0.7f64.sqrt()).abs() < 1e-15);
        assert_eq!((-x + two - x).derivative, -2.0);
    }
}
