//! The solid angle of a pixel.

use crate::real::Real;

/// Solid angle (sr) of a flat pixel of edge `pixel` at `distance` from the sample, in a plane whose nearest point is at
/// `close_distance` (all in one unit): pixel²/R² times the cosine of the obliquity, close_distance/R.
/// Derivative: dω/dR = −3ω/R.
#[inline(always)]
pub fn pixel_solid_angle<R: Real>(pixel: R, distance: R, close_distance: R) -> R {
    pixel * pixel / (distance * distance) * (close_distance / distance)
}

/// Solid angle of a point at `distance` R from the sample, per unit of area: 1/R².
#[inline(always)]
pub fn point_solid_angle<R: Real>(distance: R) -> R {
    R::constant(1.0) / (distance * distance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real::Dual;

    #[test]
    fn pixels_of_a_plane_cover_half_the_sky() {
        let n = 2000;
        let pixel = 0.25;
        let mut sum = 0.0;
        for i in 0..n {
            for j in 0..n {
                let (x, y) = ((f64::from(i) + 0.5) * pixel, (f64::from(j) + 0.5) * pixel);
                sum += 4.0 * pixel_solid_angle(pixel, (x * x + y * y + 1.0).sqrt(), 1.0);
            }
        }
        let half = f64::from(n) * pixel;
        let exact = 4.0 * (half * half / (1.0 + half * half)).asin();
        assert!((sum / exact - 1.0).abs() < 0.01, "{sum} {exact}");
    }

    #[test]
    fn the_derivative_is_as_stated() {
        let omega = pixel_solid_angle(Dual::constant(0.1), Dual::variable(7.0), Dual::constant(5.0));
        assert!((omega.derivative + 3.0 * omega.value / 7.0).abs() < 1e-18);
    }
}
