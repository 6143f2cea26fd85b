//! Counting photons: Poisson response, gain, offset and saturation.

use crate::error::Result;
use crate::experiment::{Detector, Response};
use crate::image::{Image, PanelImage, Recording};
use crate::monitor::{Monitor, Unwatched, watched};
use crate::random::keyed::{self, Purpose};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};
use rayon::prelude::*;

/// The count of a pixel of which nothing is known, as miniCBF has it.
pub const NO_VALUE: i32 = -1;
/// The largest count where nothing else limits it: the next is the largest number of 32 bits, for brighter pixels.
const HIGHEST: f64 = i32::MAX as f64 - 1.0;

/// What a detector records of the expected photons: counts where there is response, and otherwise the expected counts, not rounded.
///
/// Pixels whose expectation is negative or no number become [`NO_VALUE`] with noise and stay as they are without. Each row of each
/// panel has random numbers of its own, so a row does not depend on the others nor on the number of threads.
/// The pixels stay where they are in memory.
pub fn record(photons: Image<f32>, response: &Response) -> Recording {
    recorded(photons, response, &Unwatched)
}

/// The same, which the monitor may stop.
///
/// # Errors
/// The monitor stopped it.
pub fn record_watched(photons: Image<f32>, response: &Response, monitor: &dyn Monitor) -> Result<Recording> {
    let recording = recorded(photons, response, monitor);
    monitor.check()?;
    Ok(recording)
}

/// The recording; anything where the monitor stops it.
fn recorded(mut photons: Image<f32>, response: &Response, monitor: &dyn Monitor) -> Recording {
    if let Some(seed) = response.poisson_seed {
        let panels = photons.panels.into_iter().zip(0..);
        let panels = panels.filter_map(|(panel, i_panel)| count(panel, i_panel, seed, response, monitor));
        return Recording::Counts(Image { panels: panels.collect() });
    }
    if *response != Response::default() {
        for panel in &mut photons.panels {
            panel.pixels_mut().par_chunks_mut(PIXELS).for_each(|pixels| {
                if !monitor.cancelled() {
                    pixels.iter_mut().for_each(|pixel| *pixel = expected(*pixel, response));
                }
            });
        }
    }
    Recording::Photons(photons)
}

/// Pixels between two looks at the monitor: some microseconds.
const PIXELS: usize = 4096;

fn expected(photons: f32, response: &Response) -> f32 {
    if photons.is_nan() || photons < 0.0 {
        return photons;
    }
    let count = response.counts(photons.into());
    match response.saturation.map(f64::floor) {
        // what would be rounded to more
        Some(highest) if count >= highest + 0.5 => (highest + 1.0) as f32,
        _ => count as f32,
    }
}

/// Gives masked pixels the count [`NO_VALUE`].
pub fn flag_masked(counts: &mut Image<i32>, detector: &Detector) {
    for (counts, panel) in counts.panels.iter_mut().zip(&detector.panels) {
        let Some(mask) = &panel.mask else { continue };
        counts
            .pixels_mut()
            .iter_mut()
            .zip(&**mask)
            .filter(|(_, is_live)| !**is_live)
            .for_each(|(count, _)| *count = NO_VALUE);
    }
}

/// Never `None`: the pixels keep their number.
fn count(
    panel: PanelImage<f32>,
    i_panel: u32,
    seed: u64,
    response: &Response,
    monitor: &dyn Monitor,
) -> Option<PanelImage<i32>> {
    let (n_fast, n_slow) = (panel.n_fast(), panel.n_slow());
    let mut pixels: Vec<u32> = bytemuck::cast_vec(panel.into_pixels());
    pixels.par_chunks_mut(n_fast.max(1)).enumerate().for_each(|(i_row, row)| {
        let mut random = keyed::stream(seed, response.frame, Purpose::Noise);
        random.set_stream(u64::from(i_panel) << 32 | i_row as u64);
        for pixel in watched(row.iter_mut(), PIXELS, monitor) {
            let photons = poisson(&mut random, f32::from_bits(*pixel).into());
            let count = photons.map_or(NO_VALUE, |photons| digitised(photons, response));
            // the same bits as an unsigned number
            *pixel = count as u32;
        }
    });
    PanelImage::new(n_fast, n_slow, bytemuck::cast_vec(pixels))
}

/// The Poisson deviate of a mean; `None` where there is no such mean.
fn poisson(random: &mut ChaCha8Rng, mean: f64) -> Option<f64> {
    if mean == 0.0 {
        return Some(0.0);
    }
    // NaN fails the comparison as negative means do
    (mean > 0.0).then(|| {
        // beyond the largest mean of the distribution, whose deviates no count can hold
        Poisson::new(mean.min(Poisson::<f64>::MAX_LAMBDA)).map_or(mean, |distribution| distribution.sample(random))
    })
}

fn digitised(photons: f64, response: &Response) -> i32 {
    let highest = response.highest().unwrap_or(HIGHEST).min(HIGHEST);
    response.counts(photons).round().min(highest + 1.0) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(n_fast: usize, n_slow: usize, photons: impl Fn(usize) -> f32) -> Image<f32> {
        let pixels = (0..n_fast * n_slow).map(photons).collect();
        Image { panels: vec![PanelImage::new(n_fast, n_slow, pixels).unwrap()] }
    }

    fn counts(photons: &Image<f32>, response: &Response) -> Vec<i32> {
        match record(photons.clone(), response) {
            Recording::Counts(image) => image.pixels().copied().collect(),
            Recording::Photons(_) => panic!("photons"),
        }
    }

    fn mean_and_variance(counts: &[i32]) -> (f64, f64) {
        let n = counts.len() as f64;
        let mean = counts.iter().map(|&count| f64::from(count)).sum::<f64>() / n;
        (mean, counts.iter().map(|&count| (f64::from(count) - mean).powi(2)).sum::<f64>() / (n - 1.0))
    }

    fn noisy(seed: u64) -> Response {
        Response { poisson_seed: Some(seed), ..Response::default() }
    }

    #[test]
    fn mean_and_variance_are_those_of_poisson() {
        let n = 300 * 300;
        for expected in [0.01, 0.7, 5.0, 11.9, 12.1, 400.0, 1e6] {
            let (mean, variance) = mean_and_variance(&counts(&image(300, 300, |_| expected), &noisy(7)));
            let expected = f64::from(expected);
            // five standard errors: of the mean √(λ/n), of the variance √((µ₄ − λ²)/n) with µ₄ = λ + 3λ²
            let tolerance = 5.0 * (expected / f64::from(n)).sqrt();
            assert!((mean - expected).abs() < tolerance, "{expected}: mean {mean}");
            let tolerance = 5.0 * ((expected + 2.0 * expected * expected) / f64::from(n)).sqrt();
            assert!((variance - expected).abs() < tolerance, "{expected}: variance {variance}");
        }
    }

    #[test]
    fn few_photons_have_the_frequencies_of_poisson() {
        let n = 400 * 400;
        let counts = counts(&image(400, 400, |_| 1.5), &noisy(3));
        let mut probability = (-1.5f64).exp();
        for k in 0..6 {
            let found = counts.iter().filter(|&&count| count == k).count() as f64 / f64::from(n);
            let tolerance = 5.0 * (probability * (1.0 - probability) / f64::from(n)).sqrt();
            assert!((found - probability).abs() < tolerance, "{k}: {found} for {probability}");
            probability *= 1.5 / f64::from(k + 1);
        }
    }

    #[test]
    fn gain_offset_and_saturation_follow_the_noise() {
        let photons = image(200, 200, |_| 100.0);
        let noise = Response { adc_offset: 40.0, gain: 3.0, ..noisy(1) };
        let found = counts(&photons, &noise);
        let (mean, variance) = mean_and_variance(&found);
        assert!((mean - 340.0).abs() < 5.0 * (900.0f64 / 40_000.0).sqrt(), "{mean}");
        assert!((variance / 900.0 - 1.0).abs() < 5.0 * (2.0f64 / 40_000.0).sqrt(), "{variance}");
        assert!(found.iter().all(|count| (count - 40) % 3 == 0), "whole photons");
        let limited = counts(&photons, &Response { saturation: Some(350.0), ..noise });
        for (limited, found) in limited.into_iter().zip(found) {
            // 351 is none of the counts: they are 40 and threes
            assert_eq!(limited, found.min(351));
        }
        let of_detector = Response { detector_limit: Some(330.9), ..noise };
        assert!(counts(&photons, &of_detector).into_iter().all(|count| count <= 331));
        let given = Response { saturation: Some(350.0), ..of_detector };
        assert!(counts(&photons, &given).into_iter().any(|count| count == 351));
    }

    #[test]
    fn nothing_and_too_much_and_nonsense() {
        let values = [0.0, -0.0, f32::MIN_POSITIVE, 3e9, 1e30, f32::INFINITY, -1.0, f32::NAN, f32::NEG_INFINITY];
        let found = counts(&image(values.len(), 1, |i| values[i]), &noisy(1));
        assert_eq!(found, [0, 0, 0, i32::MAX, i32::MAX, i32::MAX, NO_VALUE, NO_VALUE, NO_VALUE]);
        assert_eq!(counts(&Image { panels: Vec::new() }, &noisy(1)), []);
    }

    #[test]
    fn the_number_of_threads_does_not_matter_but_the_seed_and_the_panel_do() {
        let mut photons = image(37, 41, |i| i as f32 / 30.0);
        photons.panels.push(photons.panels[0].clone());
        let with = |n_threads, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            pool.install(|| counts(&photons, &noisy(seed)))
        };
        let one = with(1, 5);
        assert_eq!(one, with(2, 5));
        assert_eq!(one, with(7, 5));
        assert_ne!(one, with(1, 6));
        assert_ne!(one[..37 * 41], one[37 * 41..], "panels have noise of their own");
        assert_ne!(one[37 * 30..37 * 31], one[37 * 31..37 * 32]);
    }

    #[test]
    fn each_frame_of_a_series_has_noise_of_its_own() {
        let photons = image(50, 9, |_| 20.0);
        let frame = |frame| counts(&photons, &Response { frame, ..noisy(2) });
        assert_eq!(frame(0), counts(&photons, &noisy(2)));
        assert_eq!(frame(3), frame(3));
        // two deviates of mean 20 are alike in one case of eleven
        let same = frame(3).iter().zip(frame(4)).filter(|(a, b)| **a == *b).count();
        assert!(same < 80, "{same} of 450");
    }

    #[test]
    fn a_row_does_not_depend_on_the_others() {
        let whole = counts(&image(50, 9, |i| (i % 50) as f32), &noisy(2));
        let other = counts(&image(50, 9, |i| if i / 50 == 4 { (i % 50) as f32 } else { 1e3 }), &noisy(2));
        assert_eq!(whole[200..250], other[200..250]);
    }

    #[test]
    fn pixels_stay_where_they_are() {
        for noise in [Response::default(), Response { gain: 2.0, ..Response::default() }, noisy(1)] {
            let photons = image(300, 200, |i| i as f32);
            let place = photons.panels[0].pixels().as_ptr().addr();
            let recorded = match record(photons, &noise) {
                Recording::Photons(image) => image.panels[0].pixels().as_ptr().addr(),
                Recording::Counts(image) => image.panels[0].pixels().as_ptr().addr(),
            };
            assert_eq!(recorded, place);
        }
    }

    #[test]
    fn without_noise_expected_counts_stay_unrounded() {
        let photons = image(4, 1, |i| [0.25, 10.0, -1.0, 1e6][i]);
        assert_eq!(record(photons.clone(), &Response::default()), Recording::Photons(photons.clone()));
        let noise = Response { adc_offset: 40.0, gain: 2.0, saturation: Some(1000.0), ..Response::default() };
        let Recording::Photons(found) = record(photons, &noise) else { panic!("counts") };
        assert_eq!(found.panels[0].pixels(), [40.5, 60.0, -1.0, 1001.0]);
    }
}
