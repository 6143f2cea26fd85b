//! The reference program's images: its statistics, its scaling to integers and its noise.

use crate::image::PanelImage;
use crate::random::nanobragg::Random;
use crate::scene::{PanelTable, Window};

/// The largest count of its 16-bit images.
const CEILING: f32 = 65_535.0;

/// The statistics that it prints.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Statistics {
    /// The brightest pixel's photons; 0 for a dark image.
    pub max: f32,
    /// Its number in the image, fast axis first.
    pub max_at: usize,
    /// Mean over the computed pixels.
    pub mean: f64,
    /// √(Σx²/(n − 1)) over the n computed pixels.
    pub rms: f64,
    /// √(Σ(x − mean)²/(m − 1)) over all m pixels of the window, masked ones (0) included.
    pub rmsd: f64,
}

/// The statistics of a panel's image.
pub fn statistics(panel: &PanelTable, image: &PanelImage<f32>) -> Statistics {
    let (mut max, mut max_at, mut n, mut sum, mut sum_of_squares) = (0.0, 0, 0usize, 0.0, 0.0);
    for i in window_pixels(panel.window, panel.n_fast) {
        let pixel = image.pixels()[i];
        if pixel > max {
            (max, max_at) = (pixel, i);
        }
        if panel.is_live(i % panel.n_fast, i / panel.n_fast) {
            n += 1;
            sum += f64::from(pixel);
            sum_of_squares += f64::from(pixel).powi(2);
        }
    }
    let mean = if n > 0 { sum / n as f64 } else { 0.0 };
    let mut m = 0usize;
    let mut deviations = 0.0;
    for i in window_pixels(panel.window, panel.n_fast) {
        m += 1;
        deviations += (f64::from(image.pixels()[i]) - mean).powi(2);
    }
    let less_one = |count: usize| count.saturating_sub(1).max(1) as f64;
    Statistics {
        max,
        max_at,
        mean,
        rms: (sum_of_squares / less_one(n)).sqrt(),
        rmsd: (deviations / less_one(m)).sqrt(),
    }
}

/// The automatic scale of the integer image: its brightest pixel becomes 55000; 1 for a dark image.
pub fn integer_scale(max: f32) -> f64 {
    if max > 0.0 { 55_000.0 / f64::from(max) } else { 1.0 }
}

/// The automatic scale of the PGM picture: five times the deviation becomes 250; 1 for a flat image.
pub fn picture_scale(rmsd: f64) -> f64 {
    if rmsd > 0.0 { 250.0 / (5.0 * rmsd) } else { 1.0 }
}

/// The integer image: pixel·scale + `adc_offset`, rounded, between 0 and 65535; 0 outside the window.
pub fn integer_image(panel: &PanelTable, image: &PanelImage<f32>, scale: f64, adc_offset: f64) -> Vec<u16> {
    let mut counts = vec![0; image.pixels().len()];
    for i in window_pixels(panel.window, panel.n_fast) {
        let count = (f64::from(image.pixels()[i]) * scale + adc_offset) as f32;
        counts[i] = (count.clamp(0.0, CEILING) + 0.5).floor() as u16;
    }
    counts
}

/// An image with photon noise.
#[derive(Debug, Clone, PartialEq)]
pub struct NoiseImage {
    /// Counts, 0 outside the window.
    pub counts: Vec<u16>,
    /// Pixels at the 65535 ceiling.
    pub overloads: usize,
    /// Sum of the counts.
    pub sum: f64,
}

/// The noise image: a Poisson deviate of each pixel of the window, in image order, plus `adc_offset`, between 0 and 65535, truncated.
pub fn noise_image(panel: &PanelTable, image: &PanelImage<f32>, seed: u32, adc_offset: f64) -> NoiseImage {
    let mut random = Random::new(seed);
    let mut noise = NoiseImage { counts: vec![0; image.pixels().len()], overloads: 0, sum: 0.0 };
    for i in window_pixels(panel.window, panel.n_fast) {
        let count = random.poisson(image.pixels()[i]) + adc_offset as f32;
        if count > CEILING {
            noise.overloads += 1;
        }
        noise.counts[i] = count.clamp(0.0, CEILING) as u16;
        noise.sum += f64::from(noise.counts[i]);
    }
    noise
}

/// The numbers of a window's pixels in an image that is `n_fast` wide.
fn window_pixels(window: Window, n_fast: usize) -> impl Iterator<Item = usize> {
    (window.slow[0]..window.slow[1])
        .flat_map(move |slow| (window.fast[0]..window.fast[1]).map(move |fast| slow * n_fast + fast))
}
