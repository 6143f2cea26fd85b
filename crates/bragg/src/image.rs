//! Images: one array of pixels per detector panel, and what is summed over pixels.

use rayon::prelude::*;
use std::iter::Sum;

/// The pixels of one detector panel, fast axis first.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelImage<T> {
    n_fast: usize,
    n_slow: usize,
    pixels: Vec<T>,
}

impl<T> PanelImage<T> {
    /// An image of `n_fast` × `n_slow` pixels; `None` when `pixels` has another length.
    pub fn new(n_fast: usize, n_slow: usize, pixels: Vec<T>) -> Option<Self> {
        (n_fast.checked_mul(n_slow)? == pixels.len()).then_some(Self { n_fast, n_slow, pixels })
    }

    /// Number of pixels along the fast axis.
    pub fn n_fast(&self) -> usize {
        self.n_fast
    }

    /// Number of pixels along the slow axis.
    pub fn n_slow(&self) -> usize {
        self.n_slow
    }

    /// All pixels, fast axis first.
    pub fn pixels(&self) -> &[T] {
        &self.pixels
    }

    /// All pixels, fast axis first, to change.
    pub fn pixels_mut(&mut self) -> &mut [T] {
        &mut self.pixels
    }

    /// All pixels, fast axis first, to keep.
    pub fn into_pixels(self) -> Vec<T> {
        self.pixels
    }

    /// A panel of the same size, each of whose pixels is made of this one's.
    pub fn map<U>(&self, f: impl FnMut(&T) -> U) -> PanelImage<U> {
        PanelImage { n_fast: self.n_fast, n_slow: self.n_slow, pixels: self.pixels.iter().map(f).collect() }
    }
}

/// One array of pixels per panel, in the order of the detector's panels.
#[derive(Debug, Clone, PartialEq)]
pub struct Image<T> {
    /// The panels.
    pub panels: Vec<PanelImage<T>>,
}

impl<T> Image<T> {
    /// An image of the same panels, each of whose pixels is made of this one's.
    pub fn map<U>(&self, mut f: impl FnMut(&T) -> U) -> Image<U> {
        Image { panels: self.panels.iter().map(|panel| panel.map(&mut f)).collect() }
    }

    /// All pixels, panel after panel.
    pub fn pixels(&self) -> impl Iterator<Item = &T> {
        self.panels.iter().flat_map(|panel| panel.pixels())
    }
}

/// What a detector, or a simulation without one, recorded.
#[derive(Debug, Clone, PartialEq)]
pub enum Recording {
    /// Expected photons per pixel, without noise.
    Photons(Image<f32>),
    /// Counts per pixel, as a detector writes them.
    Counts(Image<i32>),
}

impl Recording {
    /// The pixels as 32-bit floats (counts above 2²⁴ are rounded).
    pub fn to_f32(&self) -> Image<f32> {
        match self {
            Self::Photons(image) => image.clone(),
            Self::Counts(image) => image.map(|&count| count as f32),
        }
    }

    /// Fast and slow pixel numbers of each panel.
    pub fn panel_sizes(&self) -> Vec<(usize, usize)> {
        fn sizes<T>(image: &Image<T>) -> Vec<(usize, usize)> {
            image.panels.iter().map(|panel| (panel.n_fast, panel.n_slow)).collect()
        }
        match self {
            Self::Photons(image) => sizes(image),
            Self::Counts(image) => sizes(image),
        }
    }
}

/// Pixels that are summed before their sum is added to those of others.
const STRETCH: usize = 1 << 14;
/// Running sums side by side, as the processor takes them.
const LANES: usize = 8;

/// Sums over pixels. They do not depend on the number of threads: stretches are summed apart and joined in their order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// Number of pixels.
    pub n: usize,
    /// Sum of the pixels.
    pub sum: f64,
    /// Sum of the squares of the deviations from the mean.
    pub squared_deviations: f64,
    /// The highest pixel; −∞ where there is no number.
    pub max: f64,
}

impl Moments {
    /// The sums over no pixels.
    pub const NONE: Self = Self { n: 0, sum: 0.0, squared_deviations: 0.0, max: f64::NEG_INFINITY };

    /// The sums over some pixels.
    pub fn of<T: Copy + Into<f64>>(pixels: &[T]) -> Self {
        pixels.chunks(STRETCH).map(Self::of_stretch).sum()
    }

    /// The sums over many pixels, in the threads there are.
    pub fn of_all<T: Copy + Into<f64> + Sync>(pixels: &[T]) -> Self {
        let stretches: Vec<_> = pixels.par_chunks(STRETCH).with_min_len(4).map(Self::of_stretch).collect();
        stretches.into_iter().sum()
    }

    /// Mean of the pixels; 0 without pixels.
    pub fn mean(&self) -> f64 {
        if self.n > 0 { self.sum / self.n as f64 } else { 0.0 }
    }

    /// Sum of the squares of the deviations from another value.
    pub fn squared_deviations_from(&self, value: f64) -> f64 {
        self.squared_deviations + self.n as f64 * (self.mean() - value).powi(2)
    }

    fn of_stretch<T: Copy + Into<f64>>(pixels: &[T]) -> Self {
        let mut max = [f64::NEG_INFINITY; LANES];
        let sum = sum_of(pixels, |lane, x| {
            // false for what is no number
            max[lane] = if x > max[lane] { x } else { max[lane] };
            x
        });
        let moments =
            Self { n: pixels.len(), sum, squared_deviations: 0.0, max: max.into_iter().fold(max[0], f64::max) };
        let mean = moments.mean();
        Self { squared_deviations: sum_of(pixels, |_, x| (x - mean) * (x - mean)), ..moments }
    }

    /// The sums over the pixels of both. Chan, Golub & LeVeque, The American Statistician 37 (1983), 242, eq. 2.1.
    fn and(self, other: Self) -> Self {
        if self.n == 0 || other.n == 0 {
            return if self.n == 0 { other } else { self };
        }
        let (n, m) = (self.n as f64, other.n as f64);
        let between = (self.mean() - other.mean()).powi(2) * (n * m / (n + m));
        Self {
            n: self.n + other.n,
            sum: self.sum + other.sum,
            squared_deviations: self.squared_deviations + other.squared_deviations + between,
            max: self.max.max(other.max),
        }
    }
}

impl Sum for Moments {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::NONE, Self::and)
    }
}

/// The sum of `f` of every pixel, which is also told the lane.
#[inline(always)]
fn sum_of<T: Copy + Into<f64>>(pixels: &[T], mut f: impl FnMut(usize, f64) -> f64) -> f64 {
    let mut sums = [0.0; LANES];
    let (whole, rest) = pixels.as_chunks::<LANES>();
    for chunk in whole {
        for (lane, (sum, &pixel)) in sums.iter_mut().zip(chunk).enumerate() {
            *sum += f(lane, pixel.into());
        }
    }
    for (lane, (sum, &pixel)) in sums.iter_mut().zip(rest).enumerate() {
        *sum += f(lane, pixel.into());
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_numbers_that_can_be_summed_by_hand() {
        // 1 + … + n, whose squared deviations are n(n² − 1)/12
        for n in [1, 7, 8, 9, 1000, STRETCH, 3 * STRETCH + 5] {
            let pixels: Vec<i32> = (1..=n as i32).rev().collect();
            let n_f = n as f64;
            for moments in [Moments::of(&pixels), Moments::of_all(&pixels)] {
                assert_eq!((moments.n, moments.max, moments.sum), (n, n_f, n_f * (n_f + 1.0) / 2.0));
                let expected = n_f * (n_f * n_f - 1.0) / 12.0;
                assert!((moments.squared_deviations - expected).abs() <= 1e-12 * expected, "{n}: {moments:?}");
                // Σx² = n(n + 1)(2n + 1)/6
                let expected = n_f * (n_f + 1.0) * (2.0 * n_f + 1.0) / 6.0;
                assert!((moments.squared_deviations_from(0.0) - expected).abs() <= 1e-12 * expected, "{n}");
            }
        }
        assert_eq!(Moments::of::<f32>(&[]), Moments::NONE);
        assert_eq!(Moments::of_all::<f32>(&[]), Moments::NONE);
        assert_eq!(Moments::NONE.mean(), 0.0);
    }

    #[test]
    fn a_large_mean_does_not_hide_small_deviations() {
        let pixels: Vec<f32> = (0..100_000).map(|i| 1e7 + (i % 2) as f32).collect();
        assert!((Moments::of_all(&pixels).squared_deviations - 25_000.0).abs() < 1e-6);
    }

    #[test]
    fn moments_do_not_depend_on_the_number_of_threads() {
        let pixels: Vec<f32> = (0..10 * STRETCH + 3).map(|i| (i as f32).sin()).collect();
        let on = |n_threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            pool.install(|| Moments::of_all(&pixels))
        };
        assert_eq!(on(1), on(2));
        assert_eq!(on(1), on(7));
        assert_eq!(on(1), Moments::of(&pixels));
    }

    #[test]
    fn what_is_no_number_is_never_the_highest() {
        assert_eq!(Moments::of(&[f32::NAN, -3.0, f32::NAN, -5.0]).max, -3.0);
    }
}
