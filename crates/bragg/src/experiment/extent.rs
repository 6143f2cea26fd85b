//! How much of a crystal lies in the beam.

use std::f64::consts::PI;

/// The outer form of a crystal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtentShape {
    /// A box with two edges across the beam and one along it.
    Box,
    /// A sphere, or an ellipsoid with these axes.
    Sphere,
}

/// The volume that a square beam of edge `beam_size` through the middle of a crystal illuminates. `extent` is the crystal's size: two
/// across the beam, one along it; all lengths in one unit, the volume in its cube.
pub fn illuminated_volume(shape: ExtentShape, extent: [f64; 3], beam_size: f64) -> f64 {
    let [x, y, along] = extent;
    match shape {
        ExtentShape::Box => x.min(beam_size) * y.min(beam_size) * along,
        ExtentShape::Sphere => {
            let unit = x * y * along / 8.0;
            unit * ball_in_prism((beam_size / x).min(1.0), (beam_size / y).min(1.0))
        }
    }
}

/// The volume of |x| ≤ p, |y| ≤ q (both at most 1) within the ball of radius 1. Where an edge of the prism lies in the ball, w is half its
/// length: 8·∫∫√(1 − x² − y²) from 0 to p and q in closed form. Otherwise the ball lacks four caps, π(1 − p)²(2 + p)/3 each, that are
/// apart from one another.
fn ball_in_prism(p: f64, q: f64) -> f64 {
    let squared = 1.0 - p * p - q * q;
    if squared <= 0.0 {
        let cap = |p: f64| PI * (1.0 - p) * (1.0 - p) * (2.0 + p) / 3.0;
        return 4.0 * PI / 3.0 - 2.0 * (cap(p) + cap(q));
    }
    let w = squared.sqrt();
    let side = |p: f64, q: f64| p * (0.5 - p * p / 6.0) * (q / w).atan();
    8.0 * (p * q * w / 3.0 + side(p, q) + side(q, p) - (p * q / w).atan() / 3.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a / b - 1.0).abs() < 1e-12, "{a} and not {b}");
    }

    #[test]
    fn boxes_are_cut_across_the_beam_alone() {
        near(illuminated_volume(ExtentShape::Box, [0.03, 0.04, 0.05], 0.1), 6e-5);
        near(illuminated_volume(ExtentShape::Box, [0.03, 0.04, 0.05], 0.02), 2e-5);
        near(illuminated_volume(ExtentShape::Box, [0.01, 0.04, 0.05], 0.02), 1e-5);
    }

    #[test]
    fn spheres_in_wide_beams_are_whole() {
        near(illuminated_volume(ExtentShape::Sphere, [0.06; 3], 0.1), PI / 6.0 * 0.06_f64.powi(3));
        near(illuminated_volume(ExtentShape::Sphere, [0.06; 3], 0.06), PI / 6.0 * 0.06_f64.powi(3));
        near(illuminated_volume(ExtentShape::Sphere, [0.02, 0.03, 0.5], 0.1), PI / 6.0 * 0.02 * 0.03 * 0.5);
    }

    /// A needle of a beam cuts out a prism as long as the sphere is thick. Half as wide as the sphere, it holds 8·∫∫√(1 − x² − y²) over
    /// [0, ½]²: by inner integral y·√(s² − y²)/2 + s²·asin(y/s)/2, s² = 1 − x², and Simpson's rule of 2000 intervals along x. At 0.9 of the
    /// diameter, four caps of height 0.1 are missing: 4·π·0.1²·2.9/3.
    #[test]
    fn spheres_are_cut_by_narrow_beams() {
        let whole = |p: f64| illuminated_volume(ExtentShape::Sphere, [2.0; 3], 2.0 * p);
        assert!((whole(1e-4) / 8e-8 - 1.0).abs() < 1e-7);
        let inner = |x: f64| {
            let s2 = 1.0 - x * x;
            0.25 * (s2 - 0.25).sqrt() + s2 / 2.0 * (0.5 / s2.sqrt()).asin()
        };
        let weight = |i: usize| {
            if i == 0 || i == 2000 {
                1.0
            } else if i % 2 == 1 {
                4.0
            } else {
                2.0
            }
        };
        let simpson: f64 = (0..=2000).map(|i| weight(i) * inner(0.5 * i as f64 / 2000.0)).sum();
        near(whole(0.5), 8.0 * simpson * 0.5 / 2000.0 / 3.0);
        near(whole(0.9), 4.0 * PI / 3.0 - 4.0 * PI * 0.01 * 2.9 / 3.0);
        // both forms where an edge of the prism just touches the ball
        let touching = 0.5_f64.sqrt();
        assert!((whole(touching * (1.0 - 1e-9)) - whole(touching * (1.0 + 1e-9))).abs() < 1e-7);
    }
}
