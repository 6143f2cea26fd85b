//! Structural similarity. Z. Wang, A. C. Bovik, H. R. Sheikh & E. P. Simoncelli, IEEE Trans. Image Process. 13 (2004), 600.

use rayon::prelude::*;

use super::pairs::{Pairs, Window, sum};

/// Standard deviation of the Gaussian weights (pixels).
const SIGMA: f64 = 1.5;
/// Pixels on either side of the middle of the weights: ⌊3.5 σ + ½⌋, which makes the authors' 11 × 11 window.
const RADIUS: usize = 5;
/// The authors' constants.
const K1: f64 = 0.01;
const K2: f64 = 0.03;

/// The mean structural similarity over the middles of all whole windows. The range of the values is that of the reference's pixels that
/// take part; those that do not, or are not finite in both images, count as 0 in both. `None` where there is no whole window or no range.
pub(super) fn mean(pairs: &Pairs<'_>) -> Option<f64> {
    let values = || pairs.finite.iter().map(|pair| pair.reference);
    let range = values().fold(f64::NEG_INFINITY, f64::max) - values().fold(f64::INFINITY, f64::min);
    if !range.is_finite() || range <= 0.0 {
        return None;
    }
    let constants = ((K1 * range).powi(2), (K2 * range).powi(2));
    let (mut total, mut n) = (Vec::new(), 0);
    for window in pairs.windows.iter().filter(|window| window.size.0 > 2 * RADIUS && window.size.1 > 2 * RADIUS) {
        let filled = Filled::new(window);
        let rows = RADIUS..window.size.1 - RADIUS;
        n += rows.len() * (window.size.0 - 2 * RADIUS);
        let sums: Vec<f64> = rows.into_par_iter().map(|slow| filled.row(slow, constants)).collect();
        total.extend(sums);
    }
    (n > 0).then(|| sum(total) / n as f64)
}

/// The pixels of a window, 0 where they take no part.
struct Filled {
    n_fast: usize,
    pixels: Vec<(f64, f64)>,
    weights: [f64; 2 * RADIUS + 1],
}

impl Filled {
    fn new(window: &Window<'_>) -> Self {
        let (n_fast, n_slow) = window.size;
        let places = (0..n_slow).flat_map(|slow| (0..n_fast).map(move |fast| (fast, slow)));
        let pixels = places.map(|(fast, slow)| window.finite_at(fast, slow).unwrap_or((0.0, 0.0))).collect();
        let bell: [f64; 2 * RADIUS + 1] =
            std::array::from_fn(|i| (-(i as f64 - RADIUS as f64).powi(2) / (2.0 * SIGMA * SIGMA)).exp());
        let norm: f64 = bell.iter().sum();
        Self { n_fast, pixels, weights: bell.map(|weight| weight / norm) }
    }

    /// The sum of the similarity (the paper's equation 13) along a row, whose windows are whole.
    fn row(&self, slow: usize, (c1, c2): (f64, f64)) -> f64 {
        // means of x, y, x², y², xy over columns of the window
        let mut columns = vec![[0.0; 5]; self.n_fast];
        for (i, weight) in self.weights.iter().enumerate() {
            let start = (slow + i - RADIUS) * self.n_fast;
            for (column, &(x, y)) in columns.iter_mut().zip(&self.pixels[start..start + self.n_fast]) {
                for (mean, value) in column.iter_mut().zip([x, y, x * x, y * y, x * y]) {
                    *mean += weight * value;
                }
            }
        }
        let similarity = columns.windows(2 * RADIUS + 1).map(|columns| {
            let mut means = [0.0; 5];
            for (column, weight) in columns.iter().zip(self.weights) {
                for (mean, value) in means.iter_mut().zip(column) {
                    *mean += weight * value;
                }
            }
            let [x, y, xx, yy, xy] = means;
            let (var_x, var_y, covariance) = (xx - x * x, yy - y * y, xy - x * y);
            (2.0 * x * y + c1) * (2.0 * covariance + c2) / ((x * x + y * y + c1) * (var_x + var_y + c2))
        });
        sum(similarity)
    }
}

#[cfg(test)]
mod tests {
    use crate::metrics::tests::{image, spots};
    use crate::metrics::{Settings, compare};

    fn ssim(a: &bragg::image::Image<f64>, b: &bragg::image::Image<f64>) -> Option<f64> {
        compare(a, b, &Settings::default()).unwrap().metrics.ssim
    }

    #[test]
    fn constants_added_leave_the_luminance_term_alone() {
        // x = 0 or 1 in stripes, y = x + 1: the variances agree, so that each window has (2 x̄ ȳ + c1) / (x̄² + ȳ² + c1)
        let stripes: Vec<f64> = (0..20 * 20).map(|i| f64::from(i % 20 >= 10)).collect();
        let raised: Vec<f64> = stripes.iter().map(|x| x + 1.0).collect();
        let bell: Vec<f64> = (-5..=5).map(|i| (-f64::from(i * i) / 4.5).exp()).collect();
        let norm: f64 = bell.iter().sum();
        let expected: f64 = (5..15)
            .map(|x| {
                let inside = bell.iter().enumerate().filter(|(i, _)| x + i >= 15);
                let mean: f64 = inside.map(|(_, w)| w / norm).sum();
                (2.0 * mean * (mean + 1.0) + 1e-4) / (mean * mean + (mean + 1.0).powi(2) + 1e-4)
            })
            .sum();
        let found = ssim(&image(20, &stripes), &image(20, &raised)).unwrap();
        assert!((found - expected / 10.0).abs() < 1e-12, "{found} {expected}");
    }

    #[test]
    fn an_inverted_image_is_less_than_nothing() {
        let a = spots(0.0);
        assert!(ssim(&a, &a.map(|x| 110.0 - x)).unwrap() < ssim(&a, &spots(0.5)).unwrap());
        assert_eq!(ssim(&image(10, &[1.0; 100]), &image(10, &[1.0; 100])), None);
        assert_eq!(ssim(&image(20, &[1.0; 400]), &image(20, &[1.0; 400])), None);
    }
}
