//! Tricubic interpolation between reflections.

use crate::real::Real;

/// The weights of values at −1, 0, 1 and 2 in the cubic (Lagrange) polynomial through them, at `x`.
#[inline(always)]
pub fn cubic_weights<R: Real>(x: R) -> [R; 4] {
    let one = R::constant(1.0);
    let (below, above, far) = (x + one, x - one, x - R::constant(2.0));
    [
        x * above * far * R::constant(-1.0 / 6.0),
        below * above * far * R::constant(0.5),
        below * x * far * R::constant(-0.5),
        below * x * above * R::constant(1.0 / 6.0),
    ]
}

/// The cubic polynomial through `values` at −1, 0, 1 and 2, at `x`.
#[inline(always)]
pub fn cubic<R: Real>(values: [R; 4], x: R) -> R {
    let weights = cubic_weights(x);
    values[0] * weights[0] + values[1] * weights[1] + values[2] * weights[2] + values[3] * weights[3]
}

/// Cubic polynomials nested along three axes through the 4 × 4 × 4 `values` at −1, 0, 1, 2 along each, at `x`.
#[inline(always)]
pub fn tricubic<R: Real>(values: &[[[R; 4]; 4]; 4], x: [R; 3]) -> R {
    cubic(values.map(|plane| cubic(plane.map(|row| cubic(row, x[2])), x[1])), x[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cubic_polynomials_are_reproduced() {
        let polynomial =
            |h: f64, k: f64, l: f64| (h * h * h - 2.0 * h + 1.0) * (k * k - 3.0) * (1.0 + l - 0.5 * l * l * l);
        let at = |i: usize| i as f64 - 1.0;
        let values =
            std::array::from_fn(|i| std::array::from_fn(|j| std::array::from_fn(|k| polynomial(at(i), at(j), at(k)))));
        for (h, k, l) in [(0.0, 0.0, 0.0), (0.3, 0.9, 0.5), (0.999, 0.01, 0.2)] {
            assert!((tricubic(&values, [h, k, l]) - polynomial(h, k, l)).abs() < 1e-13);
        }
    }
}
