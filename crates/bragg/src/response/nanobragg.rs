//! The reference program's images: its statistics, its scaling to integers and its noise.

use crate::image::{Moments, PanelImage};
use crate::math::whole_part;
use crate::random::nanobragg::Random;
use crate::scene::{PanelTable, Window};
use pulp::Arch;
use rayon::prelude::*;
use std::ops::Range;

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

/// The statistics of a panel's image, whose masked pixels are 0.
pub fn statistics(panel: &PanelTable, image: &PanelImage<f32>) -> Statistics {
    let rows: Vec<_> = window_rows(panel, 0..image.pixels().len()).collect();
    let moments: Vec<_> =
        rows.par_iter().with_min_len(16).map(|row| Moments::of(&image.pixels()[row.clone()])).collect();
    let all: Moments = moments.iter().copied().sum();
    let brightest = rows.iter().zip(&moments).find(|(_, row)| all.max > 0.0 && row.max == all.max);
    let max_at = brightest.and_then(|(row, _)| row.clone().find(|&i| f64::from(image.pixels()[i]) == all.max));
    let n = panel.mask.as_ref().map_or(all.n, |mask| {
        rows.iter().flat_map(|row| mask.get(row.clone()).unwrap_or_default()).filter(|is_live| **is_live).count()
    });
    let mean = if n > 0 { all.sum / n as f64 } else { 0.0 };
    let less_one = |count: usize| count.saturating_sub(1).max(1) as f64;
    Statistics {
        max: max_at.map_or(0.0, |i| image.pixels()[i]),
        max_at: max_at.unwrap_or(0),
        mean,
        rms: (all.squared_deviations_from(0.0) / less_one(n)).sqrt(),
        rmsd: (all.squared_deviations_from(mean) / less_one(all.n)).sqrt(),
    }
}

/// The automatic scale of the integer image: its brightest pixel becomes 55000; 1 for a dark image.
pub fn integer_scale(max: f32) -> f64 {
    if max > 0.0 { 55_000.0 / f64::from(max) } else { 1.0 }
}

/// The automatic scale of the PGM picture: five times the deviation becomes 250; that of the integer image for a flat image.
pub fn picture_scale(rmsd: f64, integer_scale: f64) -> f64 {
    if rmsd > 0.0 { 250.0 / (5.0 * rmsd) } else { integer_scale }
}

/// Pixels of the integer image: pixel·scale + `adc_offset`, rounded, between 0 and 65535; 0 outside the window. `pixels` are their
/// numbers in the image, `counts` as many.
pub fn integer_counts(
    panel: &PanelTable,
    image: &PanelImage<f32>,
    (scale, adc_offset): (f64, f64),
    pixels: Range<usize>,
    counts: &mut [u16],
) {
    let first = pixels.start;
    counts.fill(0);
    for row in window_rows(panel, pixels) {
        let counts = &mut counts[row.start - first..row.end - first];
        let photons = &image.pixels()[row];
        Arch::new().dispatch(|| {
            for (count, &photons) in counts.iter_mut().zip(photons) {
                let value = (f64::from(photons) * scale + adc_offset) as f32;
                // 0 for what is no number
                let value = if value > 0.0 { value } else { 0.0 };
                let value = if value < CEILING { value } else { CEILING };
                *count = whole_part((value + 0.5).into()) as u16;
            }
        });
    }
}

/// The noise image as it is drawn: a Poisson deviate of each pixel of the window, in image order, plus `adc_offset`, between 0 and
/// 65535, truncated.
#[derive(Debug)]
pub struct NoiseImage<'a> {
    panel: &'a PanelTable,
    image: &'a PanelImage<f32>,
    adc_offset: f32,
    random: Random,
    /// Pixels at the 65535 ceiling so far.
    pub overloads: usize,
    /// Photons so far: the counts without the offset, whether a pixel can hold them or not.
    pub photons: f64,
}

impl<'a> NoiseImage<'a> {
    /// Begins with the first pixel.
    pub fn new(panel: &'a PanelTable, image: &'a PanelImage<f32>, seed: u32, adc_offset: f64) -> Self {
        Self { panel, image, adc_offset: adc_offset as f32, random: Random::new(seed), overloads: 0, photons: 0.0 }
    }

    /// Puts the counts of the next pixels into `counts`, 0 outside the window; `pixels` are their numbers in the image.
    pub fn draw(&mut self, pixels: Range<usize>, counts: &mut [u16]) {
        let first = pixels.start;
        counts.fill(0);
        for row in window_rows(self.panel, pixels) {
            let counts = &mut counts[row.start - first..row.end - first];
            for (drawn, &photons) in counts.iter_mut().zip(&self.image.pixels()[row]) {
                let deviate = self.random.poisson(photons);
                let count = deviate + self.adc_offset;
                if count > CEILING {
                    self.overloads += 1;
                }
                *drawn = count.clamp(0.0, CEILING) as u16;
                self.photons += f64::from(deviate);
            }
        }
    }
}

/// The numbers of the window's pixels among `pixels` of the image, row after row.
fn window_rows(panel: &PanelTable, pixels: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let (n_fast, Window { fast, slow }) = (panel.n_fast.max(1), panel.window);
    let rows = slow[0].max(pixels.start / n_fast)..slow[1].min(pixels.end.div_ceil(n_fast));
    rows.map(move |row| {
        let start = row * n_fast;
        (start + fast[0]).clamp(pixels.start, pixels.end)..(start + fast[1]).clamp(pixels.start, pixels.end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::Vec3;
    use std::sync::Arc;

    const N_FAST: usize = 5;
    const N_SLOW: usize = 4;

    /// 5 × 4 pixels, of which those of columns 1 to 3 and rows 1 to 2 are computed.
    fn panel(mask: Option<Arc<[bool]>>) -> PanelTable {
        PanelTable {
            origin: Vec3::new(0.0, 0.0, 1.0),
            fast_axis: Vec3::new(1.0, 0.0, 0.0),
            slow_axis: Vec3::new(0.0, 1.0, 0.0),
            normal: Vec3::new(0.0, 0.0, 1.0),
            pixel_size: 1.0,
            close_distance: 1.0,
            n_fast: N_FAST,
            n_slow: N_SLOW,
            window: Window { fast: [1, 4], slow: [1, 3] },
            mask,
        }
    }

    /// An image with these pixels in the window; where nothing is looked at, they are not 0.
    fn image(window: [f32; 6]) -> PanelImage<f32> {
        let mut pixels = vec![1e9; N_FAST * N_SLOW];
        pixels[6..9].copy_from_slice(&window[..3]);
        pixels[11..14].copy_from_slice(&window[3..]);
        PanelImage::new(N_FAST, N_SLOW, pixels).unwrap()
    }

    #[test]
    fn statistics_of_a_window_by_hand() {
        let found = statistics(&panel(None), &image([1.0, 2.0, 6.0, 0.0, 6.0, 3.0]));
        // Σx = 18, Σx² = 86, Σ(x − 3)² = 32
        assert_eq!((found.max, found.max_at, found.mean), (6.0, 8, 3.0));
        assert!((found.rms - (86.0f64 / 5.0).sqrt()).abs() < 1e-14);
        assert!((found.rmsd - (32.0f64 / 5.0).sqrt()).abs() < 1e-14);
    }

    #[test]
    fn masked_pixels_count_for_the_deviation_only() {
        let mask: Vec<bool> = (0..N_FAST * N_SLOW).map(|i| i != 6 && i != 11).collect();
        let found = statistics(&panel(Some(mask.into())), &image([0.0, 2.0, 6.0, 0.0, 4.0, 4.0]));
        // the mean of four is 4; Σx² = 72 over four, Σ(x − 4)² = 40 over six
        assert_eq!((found.max, found.max_at, found.mean), (6.0, 8, 4.0));
        assert!((found.rms - (72.0f64 / 3.0).sqrt()).abs() < 1e-14);
        assert!((found.rmsd - (40.0f64 / 5.0).sqrt()).abs() < 1e-14);
    }

    #[test]
    fn a_dark_window_has_no_brightest_pixel() {
        let found = statistics(&panel(None), &image([0.0; 6]));
        assert_eq!(found, Statistics { max: 0.0, max_at: 0, mean: 0.0, rms: 0.0, rmsd: 0.0 });
    }

    #[test]
    fn integers_are_scaled_rounded_and_cut_whatever_the_pieces() {
        let (panel, image) = (panel(None), image([0.0, 0.2, 0.3, -9.0, f32::NAN, 1e6]));
        let mut expected = [0; N_FAST * N_SLOW];
        // 2x + 10
        expected[6..9].copy_from_slice(&[10, 10, 11]);
        expected[11..14].copy_from_slice(&[0, 0, 65535]);
        for length in [1, 3, 7, 20] {
            let mut counts = [7; N_FAST * N_SLOW];
            for (i, piece) in counts.chunks_mut(length).enumerate() {
                integer_counts(&panel, &image, (2.0, 10.0), i * length..i * length + piece.len(), piece);
            }
            assert_eq!(counts[6..9], [10, 10, 11]);
            // −8 and what is no number become 0
            assert_eq!(counts, expected, "{length}");
        }
    }

    #[test]
    fn noise_is_drawn_in_order_whatever_the_pieces() {
        let (panel, image) = (panel(None), image([0.0, 5.0, 50.0, 500.0, 3e4, 1e6]));
        let drawn = |length: usize| {
            let mut noise = NoiseImage::new(&panel, &image, 4, 40.0);
            let mut counts = [7; N_FAST * N_SLOW];
            for (i, piece) in counts.chunks_mut(length).enumerate() {
                noise.draw(i * length..i * length + piece.len(), piece);
            }
            (counts, noise.photons, noise.overloads)
        };
        let (counts, photons, overloads) = drawn(N_FAST * N_SLOW);
        assert_eq!((counts[6], counts[13], overloads), (40, 65535, 1));
        let held: f64 = counts[..13].iter().filter(|&&count| count > 0).map(|&count| f64::from(count) - 40.0).sum();
        assert!((photons - held - 1e6).abs() < 1e4, "those of the pixel that cannot hold them, too: {photons} {held}");
        assert!(
            counts.iter().enumerate().all(|(i, &count)| ((6..9).contains(&i) || (11..14).contains(&i)) == (count > 0))
        );
        for length in [1, 2, 7] {
            assert_eq!(drawn(length), (counts, photons, overloads), "{length}");
        }
    }
}
