//! How far two images of the same pixels agree: metrics, and a verdict by thresholds.
//!
//! One image is the reference, the other the candidate; `docs/compare.md` states every formula. Pixels outside the region of interest or
//! under the mask take no part; of the rest, those that are finite in both images make the metrics, and those that are finite in one only
//! are counted. Coordinates are pixels along fast and slow, with whole numbers in the middle of a pixel.

mod list;
mod pairs;
mod peaks;
mod ssim;
mod verdict;

pub use list::{Metric, Metrics, Place};
pub use peaks::{Peak, PeakPair};
pub use verdict::{Check, Profile, Thresholds, Verdict};

use bragg::error::{Error, Result};
use bragg::image::Image;
use pairs::Pairs;

/// What is compared, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// First and last pixel along fast, first and last along slow, as nanoBragg's `-roi`; of every panel.
    pub roi: Option<[usize; 4]>,
    /// True where a pixel takes part.
    pub mask: Option<Image<bool>>,
    /// Relative difference beyond which a pixel is counted.
    pub rel_tolerance: f64,
    /// Relative differences are of the reference's value or of this fraction of its largest magnitude, whichever is more, so that pixels
    /// near zero do not speak for all.
    pub rel_floor: f64,
    /// Number of the strongest peaks that are looked for in the other image, at most [`Self::MOST_PEAKS`].
    pub n_peaks: usize,
    /// Distance (pixels) that matched peaks have at most.
    pub gate: f64,
}

impl Settings {
    /// The most peaks that are matched.
    pub const MOST_PEAKS: usize = 500;
}

impl Default for Settings {
    fn default() -> Self {
        Self { roi: None, mask: None, rel_tolerance: 1e-3, rel_floor: 1e-9, n_peaks: 50, gate: 3.0 }
    }
}

/// What a comparison found.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The numbers.
    pub metrics: Metrics,
    /// Where the absolute difference is largest.
    pub max_abs_at: Option<Place>,
    /// Where the relative difference is largest.
    pub max_rel_at: Option<Place>,
    /// The reference's strongest peaks, the strongest first, each with the candidate's peak that it was matched with.
    pub peaks: Vec<PeakPair>,
}

/// Numbers of pixels (fast, slow) of each panel.
pub fn sizes<T>(image: &Image<T>) -> Vec<(usize, usize)> {
    image.panels.iter().map(|panel| (panel.n_fast(), panel.n_slow())).collect()
}

/// Compares two images of the same shape.
///
/// # Errors
/// The images or the mask differ in shape, or region of interest and mask leave no pixel.
pub fn compare(reference: &Image<f64>, candidate: &Image<f64>, settings: &Settings) -> Result<Comparison> {
    let shape = sizes(reference);
    if sizes(candidate) != shape {
        let what = format!("has panels of {:?} pixels (fast, slow), but the reference has {shape:?}", sizes(candidate));
        return Err(Error::setting("candidate", what));
    }
    if let Some(mask) = settings.mask.as_ref().filter(|mask| sizes(mask) != shape) {
        let what = format!(
            "has panels of {:?} pixels (fast, slow), but the images have {shape:?}; give a mask of the same shape",
            sizes(mask)
        );
        return Err(Error::setting("mask", what));
    }
    check(settings)?;
    let pairs = Pairs::new(reference, candidate, settings);
    if pairs.n_pixels == 0 {
        let what = format!("and `mask` leave no pixel of the panels of {shape:?} pixels (fast, slow) to compare");
        return Err(Error::setting("roi", what));
    }
    let peaks = peaks::matched(&pairs, settings);
    let ssim = ssim::mean(&pairs);
    Ok(list::comparison(&pairs, settings, peaks, ssim))
}

fn check(settings: &Settings) -> Result<()> {
    let positive = |key: &str, value: f64| {
        let fine = value.is_finite() && value > 0.0;
        let what = format!("is {value}; it must be a positive number");
        if fine { Ok(()) } else { Err(Error::setting(key, what)) }
    };
    positive("rel_tolerance", settings.rel_tolerance)?;
    positive("rel_floor", settings.rel_floor)?;
    positive("gate", settings.gate)?;
    if settings.n_peaks > Settings::MOST_PEAKS {
        let what = format!("is {}; at most {} peaks are matched", settings.n_peaks, Settings::MOST_PEAKS);
        return Err(Error::setting("peaks", what));
    }
    match settings.roi {
        Some([fast_0, fast_1, slow_0, slow_1]) if fast_1 < fast_0 || slow_1 < slow_0 => {
            let what = format!(
                "is {fast_0} {fast_1} {slow_0} {slow_1}; it must be first and last pixel along fast, first and last along slow"
            );
            Err(Error::setting("roi", what))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bragg::image::PanelImage;

    pub(super) fn image(n_fast: usize, pixels: &[f64]) -> Image<f64> {
        Image { panels: vec![PanelImage::new(n_fast, pixels.len() / n_fast, pixels.to_vec()).unwrap()] }
    }

    /// A few round spots on a sloping background.
    pub(super) fn spots(shift: f64) -> Image<f64> {
        let (n_fast, n_slow) = (40, 32);
        let centres = [(8.0, 9.0, 100.0), (20.3, 12.1, 60.0), (30.6, 24.4, 80.0), (11.2, 25.0, 40.0)];
        let pixel = |i: usize| {
            let (x, y) = ((i % n_fast) as f64, (i / n_fast) as f64);
            let spot = |(cx, cy, height): &(f64, f64, f64)| {
                height * (-((x - cx - shift).powi(2) + (y - cy).powi(2)) / 4.0).exp()
            };
            5.0 + 0.01 * x + 0.02 * y + centres.iter().map(spot).sum::<f64>()
        };
        image(n_fast, &(0..n_fast * n_slow).map(pixel).collect::<Vec<_>>())
    }

    #[test]
    fn an_image_agrees_with_itself() {
        let found = compare(&spots(0.0), &spots(0.0), &Settings::default()).unwrap();
        let m = &found.metrics;
        for (value, expected) in [
            (m.correlation, 1.0),
            (m.sum_ratio, 1.0),
            (m.rmse, 0.0),
            (m.max_abs, 0.0),
            (m.max_rel, 0.0),
            (m.n_different, 0.0),
            (m.zero_agreement, 1.0),
            (m.centroid_shift, 0.0),
            (m.peak_shift_max, 0.0),
            (m.peaks_missing, 0.0),
            (m.peaks_extra, 0.0),
            (m.ssim, 1.0),
        ] {
            assert!((value.unwrap() - expected).abs() < 1e-14, "{value:?} {expected}");
        }
        assert_eq!(m.peaks_reference, Some(4.0));
        assert_eq!((found.max_abs_at, found.max_rel_at), (None, None));
    }

    #[test]
    fn the_region_of_interest_includes_its_last_pixels_and_the_mask_leaves_pixels_out() {
        let a = image(3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let b = image(3, &[1.0, 2.0, 9.0, 4.0, 5.0, 7.0]);
        let sums = |settings: &Settings| {
            let m = compare(&a, &b, settings).unwrap().metrics;
            (m.n_pixels.unwrap(), m.reference_sum.unwrap(), m.candidate_sum.unwrap())
        };
        let roi = Settings { roi: Some([1, 2, 0, 0]), ..Settings::default() };
        assert_eq!(sums(&roi), (2.0, 5.0, 11.0));
        let mask = image(3, &[1.0, 1.0, 0.0, 1.0, 1.0, 1.0]).map(|&x| x > 0.0);
        let masked = Settings { mask: Some(mask), ..Settings::default() };
        assert_eq!(sums(&masked), (5.0, 18.0, 19.0));
        let beyond = Settings { roi: Some([1, 99, 1, 99]), ..Settings::default() };
        assert_eq!(sums(&beyond), (2.0, 11.0, 12.0));
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let a = image(2, &[1.0; 6]);
        let refuse = |b: &Image<f64>, settings: &Settings| compare(&a, b, settings).unwrap_err().to_string();
        assert!(refuse(&image(3, &[1.0; 6]), &Settings::default()).contains("(3, 2)"));
        let settings = |roi| Settings { roi: Some(roi), ..Settings::default() };
        assert!(refuse(&a, &settings([5, 9, 0, 0])).contains("no pixel"));
        assert!(refuse(&a, &settings([1, 0, 0, 0])).starts_with("roi: "));
        let mask = Some(image(3, &[1.0; 6]).map(|_| true));
        assert!(refuse(&a, &Settings { mask, ..Settings::default() }).starts_with("mask: "));
        assert!(refuse(&a, &Settings { gate: f64::NAN, ..Settings::default() }).starts_with("gate: "));
        assert!(refuse(&a, &Settings { n_peaks: 501, ..Settings::default() }).starts_with("peaks: "));
    }
}
