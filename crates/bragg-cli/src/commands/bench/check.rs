//! Whether the images that are timed are right.

use super::cases::Case;
use anyhow::{Result, ensure};
use bragg::kernel::{Backend, Unwatched, cpu::Level};
use bragg::scene::Scene;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// Pixels below this fraction of the brightest are not compared: they lie at zeros of the sum, where rounding is all there is.
const DARK: f64 = 1e-12;

/// What the reference kernel makes of some of the pixels of a scene.
pub(super) struct Yardstick {
    /// Pixels and their photons.
    sample: Vec<(usize, f64)>,
    /// The brightest pixel (photons).
    brightest: f64,
    /// What errors are fractions of.
    unit: Unit,
    /// What a step costs the reference kernel (ns).
    pub(super) ns_per_step: f64,
}

/// What the error of a pixel is a fraction of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unit {
    /// The pixel.
    Pixel,
    /// The geometric mean of the pixel and the brightest one: where the indices h, k, l are rounded otherwise than in the reference
    /// kernel, the amplitude of a pixel shifts by the same fraction of the brightest pixel's amplitude wherever it lies, which is
    /// much where waves cancel.
    MeanWithBrightest,
}

impl Unit {
    /// The unit for images of a level.
    pub(super) fn of(level: Level) -> Self {
        if matches!(level, Level::Portable) { Self::MeanWithBrightest } else { Self::Pixel }
    }
}

impl Yardstick {
    /// A sample of about `n_steps` steps. `careful` is the scene's image to choose pixels by: half of them lie anywhere, half where it
    /// is not dark.
    pub(super) fn new(case: &Case, scene: &Scene, careful: &[f64], unit: Unit, n_steps: usize) -> Result<Self> {
        let n = (n_steps / (scene.n_steps() * scene.n_layers())).clamp(256, 20_000).min(careful.len());
        let brightest = careful.iter().copied().fold(0.0, f64::max);
        let bright: Vec<_> = (0..careful.len()).filter(|&i| careful[i] > DARK * brightest).collect();
        let mut pixels: Vec<_> = scattered(careful.len(), 0..n / 2).collect();
        pixels.extend(scattered(bright.len(), n / 2..n).map(|i| bright[i]));
        pixels.extend(careful.iter().position(|&photons| photons == brightest));
        pixels.sort_unstable();
        pixels.dedup();

        let mut mask = vec![false; careful.len()];
        pixels.iter().for_each(|&i| mask[i] = true);
        let mut masked = scene.clone();
        masked.panels[0].mask = Some(Arc::from(mask));
        let image = Backend::Reference.render::<f64>(&masked, &Unwatched)?;
        let photons = image.panels[0].pixels();
        let sample: Vec<_> = pixels.into_iter().map(|i| (i, photons[i])).collect();
        let brightest = sample.iter().map(|&(_, photons)| photons).fold(0.0, f64::max);
        ensure!(brightest > 0.0, "{}: the image is dark, which proves nothing", case.name);
        Ok(Self { sample, brightest, unit, ns_per_step: time_of_step(case, (n / 2).max(1))? })
    }

    /// How many pixels are compared: those of the sample that are not dark.
    pub(super) fn n_compared(&self) -> usize {
        self.sample.iter().filter(|&&(_, photons)| photons > DARK * self.brightest).count()
    }

    /// The largest error of the pixels of an image that are not dark; NaN where one is no number.
    pub(super) fn error(&self, image: &[f64]) -> f64 {
        let there = self.sample.iter().take_while(|&&(i, _)| i < image.len());
        largest_error(there.map(|&(i, expected)| (image[i], expected)), self.brightest, self.unit)
    }
}

/// Some of `of` places, evenly scattered: members of a sequence, so that disjoint ranges give different places.
fn scattered(of: usize, members: Range<usize>) -> impl Iterator<Item = usize> {
    // multiples of the golden ratio fill the unit interval most evenly
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    members.take(of).map(move |i| ((i as f64 * GOLDEN).fract() * of as f64) as usize)
}

/// The largest of |got − expected| in units over pairs of which either is not dark; NaN if any is.
fn largest_error(pairs: impl Iterator<Item = (f64, f64)>, brightest: f64, unit: Unit) -> f64 {
    let dark = DARK * brightest;
    let unit = |expected: f64| match unit {
        Unit::Pixel => expected,
        Unit::MeanWithBrightest => (expected * brightest).sqrt(),
    };
    pairs
        .filter(|(got, expected)| !(*got <= dark && *expected <= dark))
        .map(|(got, expected)| (got - expected).abs() / unit(expected))
        .fold(0.0, |largest, error| if error.is_nan() || error > largest { error } else { largest })
}

/// The time (ns) of a step of the reference kernel, by `n` pixels.
fn time_of_step(case: &Case, n: usize) -> bragg::Result<f64> {
    let mut scene = case.scene(n.div_ceil(case.size))?;
    scene.panels[0].window.fast[1] = n.min(case.size);
    let n_pixels = scene.panels[0].n_slow * n.min(case.size);
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        std::hint::black_box(Backend::Reference.render::<f64>(&scene, &Unwatched)?);
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best * 1e9 / (n_pixels * scene.n_steps() * scene.n_layers()) as f64)
}

/// What is wrong with images whose largest error is `error` and of which all were alike or not; `None` when nothing is.
pub(super) fn complaint(error: f64, tolerance: f64, alike: bool) -> Option<String> {
    if !alike {
        return Some("images of the same scene differ between repetitions or numbers of threads".to_owned());
    }
    // NaN is no good, either
    if error <= tolerance {
        return None;
    }
    Some(format!("pixels deviate from the reference kernel's by up to {error:.1e}; {tolerance:.1e} is allowed"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::bench::cases::CASES;

    #[test]
    fn a_wrong_kernel_fails() {
        let case = &CASES[0];
        let scene = case.scene(2).unwrap();
        let right: Vec<f64> = Backend::Reference.render(&scene, &Unwatched).unwrap().pixels().copied().collect();
        let yardstick = Yardstick::new(case, &scene, &right, Unit::Pixel, 100_000).unwrap();
        assert_eq!(yardstick.error(&right), 0.0);
        assert!(yardstick.n_compared() >= 512);
        assert!(yardstick.error(&right[..right.len() / 2]) == 0.0, "a part of the image is compared with that part");
        // a kernel that counts every tenth photon twice, one that is dark, one that makes no numbers
        let brightest = right.iter().copied().fold(0.0, f64::max);
        let wrong = |f: fn(f64) -> f64| -> Vec<f64> { right.iter().map(|&photons| f(photons)).collect() };
        assert!((yardstick.error(&wrong(|photons| 1.1 * photons)) - 0.1).abs() < 1e-12);
        assert_eq!(yardstick.error(&wrong(|_| 0.0)), 1.0);
        assert!(yardstick.error(&wrong(|_| f64::NAN)).is_nan());
        let mut one = right.clone();
        one.iter_mut().filter(|photons| **photons == brightest).for_each(|photons| *photons *= 1.0 + 1e-9);
        assert!((yardstick.error(&one) - 1e-9).abs() < 1e-14, "the brightest pixel is always compared");
        for error in [2e-12, 0.1, f64::INFINITY, f64::NAN] {
            assert!(complaint(error, 1e-12, true).is_some(), "{error}");
        }
        assert_eq!(complaint(1e-12, 1e-12, true), None);
        assert!(complaint(0.0, 1e-12, false).is_some());
    }

    #[test]
    fn the_largest_error_is_that_of_pixels_that_are_not_dark() {
        let error = |pairs: &[(f64, f64)]| largest_error(pairs.iter().copied(), 1e9, Unit::Pixel);
        assert_eq!(error(&[(1.0, 1.0), (5e-4, 1e-9)]), 0.0);
        assert_eq!(error(&[(1.0, 1.0), (3.0, 2.0), (1.25, 1.0)]), 0.5);
        assert_eq!(error(&[(1.0, 0.0)]), f64::INFINITY);
        assert!(error(&[(f64::NAN, 1.0), (2.0, 1.0)]).is_nan());
        assert!(error(&[(2.0, 1.0), (f64::NAN, 0.0)]).is_nan());
        let error = largest_error([(4.5, 4.0), (100.0, 100.0)].into_iter(), 100.0, Unit::MeanWithBrightest);
        assert!((error - 0.025).abs() < 1e-15, "{error}");
    }

    #[test]
    fn scattered_pixels_are_everywhere() {
        let mut pixels: Vec<_> = scattered(1000, 0..50).chain(scattered(1000, 50..100)).collect();
        pixels.sort_unstable();
        pixels.dedup();
        assert_eq!(pixels.len(), 100);
        assert!(pixels.windows(2).all(|pair| pair[1] - pair[0] < 30), "{pixels:?}");
        assert!(pixels[0] < 30 && pixels[99] > 970 && pixels[99] < 1000);
        assert_eq!(scattered(3, 7..100).count(), 3);
    }
}
