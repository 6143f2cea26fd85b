//! A case timed: on one thread, on all, and by the reference kernel.

use super::cases::Case;
use super::check::{self, Unit, Yardstick};
use crate::render::on_threads;
use anyhow::{Context as _, Result};
use bragg::image::Image;
use bragg::kernel::{Backend, Sample, Unwatched, cpu::Level};
use bragg::scene::Scene;
use serde::Serialize;
use std::time::Instant;

/// How long to measure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// Seconds that one image shall take.
    pub(super) seconds: f64,
    /// Steps that the reference kernel shall take.
    pub(super) reference_steps: usize,
}

impl Effort {
    pub(super) const FULL: Self = Self { seconds: 0.3, reference_steps: 800_000 };
    pub(super) const QUICK: Self = Self { seconds: 0.05, reference_steps: 200_000 };
}

/// Images are made at least so often.
const LEAST_REPETITIONS: usize = 5;
/// Small images are made more often, but no more than this.
const MOST_REPETITIONS: usize = 50;

/// The times of images of one scene.
#[derive(Debug, Serialize)]
pub(super) struct Timing {
    threads: usize,
    pixels: [usize; 2],
    repetitions: usize,
    best_seconds: f64,
    median_seconds: f64,
    pub(super) ns_per_step: f64,
    pub(super) ns_per_pixel: f64,
}

/// What was found out about a case.
#[derive(Debug, Serialize)]
pub(super) struct Measurement {
    pub(super) case: &'static str,
    pub(super) level: &'static str,
    steps_per_pixel: usize,
    /// What an image costs before its first pixel: the kernel's own tables. Not in any other time.
    pub(super) preparation_seconds: f64,
    pub(super) one_thread: Timing,
    pub(super) all_threads: Timing,
    /// Time of a step on one thread over that on all.
    pub(super) speed_up: f64,
    operations_per_step: Option<u32>,
    /// Arithmetic instructions a second over the fused multiply-adds a second that were measured. It passes 1 where the processor adds and
    /// rounds in other units than it multiplies in.
    pub(super) fraction_of_fma_rate: Option<f64>,
    /// Pixels that were compared with the reference kernel's.
    compared_pixels: usize,
    /// Largest error of a pixel, in its unit (null when one is no number).
    pub(super) error: f64,
    tolerance: f64,
    reference_ns_per_step: f64,
    pub(super) times_faster_than_reference: f64,
    /// What is wrong with the images.
    pub(super) complaint: Option<String>,
}

/// Times a case. `fma_rate` is that of one thread (1/s).
pub(super) fn measure(
    case: &'static Case,
    level: Level,
    n_threads: usize,
    fma_rate: f64,
    effort: Effort,
) -> Result<Measurement> {
    let preparation = on_threads(1, || preparation(case, level))??;
    let one_rows = on_threads(1, || fitting_rows(case, level, preparation, effort))??;
    let all_rows = one_rows.saturating_mul(n_threads).min(case.size);

    let scene = case.scene(all_rows)?;
    let image: Image<f64> = on_threads(n_threads, || render(&scene, level))??;
    let photons = pixels(&image)?;
    let yardstick = if case.is_exact() {
        Yardstick::new(case, &scene, photons, Unit::of(level), effort.reference_steps)?
    } else {
        let careful_scene = case.careful_scene(all_rows)?;
        let careful: Image<f64> = on_threads(n_threads, || render(&careful_scene, level))??;
        Yardstick::new(case, &careful_scene, pixels(&careful)?, Unit::of(level), effort.reference_steps)?
    };
    let mut error = yardstick.error(photons);
    let (all_threads, all_alike) = time(&scene, level, n_threads, preparation, photons, effort)?;

    let scene = case.scene(one_rows)?;
    let image: Image<f64> = on_threads(n_threads, || render(&scene, level))??;
    let photons = pixels(&image)?;
    let error_of_few = yardstick.error(photons);
    if error_of_few.is_nan() || error_of_few > error {
        error = error_of_few;
    }
    let (one_thread, one_alike) = time(&scene, level, 1, preparation, photons, effort)?;

    let tolerance = case.tolerance(level);
    let has_fma = !matches!(level, Level::Portable);
    let per_second = |operations: u32| f64::from(operations) / (one_thread.ns_per_step * 1e-9);
    let fraction_of_fma_rate = case.operations.filter(|_| has_fma).map(|operations| per_second(operations) / fma_rate);
    Ok(Measurement {
        case: case.name,
        level: level.name(),
        steps_per_pixel: scene.n_steps() * scene.n_layers(),
        preparation_seconds: preparation,
        speed_up: one_thread.ns_per_step / all_threads.ns_per_step,
        operations_per_step: case.operations,
        fraction_of_fma_rate,
        compared_pixels: yardstick.n_compared(),
        error,
        tolerance,
        reference_ns_per_step: yardstick.ns_per_step,
        times_faster_than_reference: yardstick.ns_per_step / one_thread.ns_per_step,
        complaint: check::complaint(error, tolerance, one_alike && all_alike),
        one_thread,
        all_threads,
    })
}

fn render<T: Sample>(scene: &Scene, level: Level) -> bragg::Result<Image<T>> {
    Backend::Cpu(level).render(scene, &Unwatched)
}

fn pixels<T>(image: &Image<T>) -> Result<&[T]> {
    Ok(image.panels.first().context("a case has no panel")?.pixels())
}

/// The time (s) of an image of one pixel.
fn preparation(case: &Case, level: Level) -> bragg::Result<f64> {
    let mut scene = case.scene(1)?;
    scene.panels[0].window.fast = [0, 1];
    let mut best = f64::INFINITY;
    for _ in 0..LEAST_REPETITIONS {
        let start = Instant::now();
        std::hint::black_box(render::<f32>(&scene, level)?);
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}

/// So many rows that an image takes as long as it shall, beyond its preparation (s).
fn fitting_rows(case: &Case, level: Level, preparation: f64, effort: Effort) -> bragg::Result<usize> {
    let mut n_rows = 1;
    loop {
        let scene = case.scene(n_rows)?;
        let start = Instant::now();
        std::hint::black_box(render::<f32>(&scene, level)?);
        let seconds = start.elapsed().as_secs_f64() - preparation;
        if n_rows >= case.size || seconds > effort.seconds / 2.0 {
            return Ok(n_rows.min(case.size));
        }
        if seconds > effort.seconds / 16.0 {
            let fitting = (n_rows as f64 * effort.seconds / seconds) as usize;
            return Ok(if fitting < 8 { fitting.max(1) } else { fitting.next_multiple_of(8) }.min(case.size));
        }
        n_rows *= 2;
    }
}

/// The times of images as the program makes them, in 32 bits; and whether each pixel is `expected`, rounded to that.
fn time(
    scene: &Scene,
    level: Level,
    n_threads: usize,
    preparation: f64,
    expected: &[f64],
    effort: Effort,
) -> Result<(Timing, bool)> {
    let mut alike = true;
    let mut times = Vec::new();
    on_threads(n_threads, || -> Result<()> {
        let start = Instant::now();
        while times.len() < LEAST_REPETITIONS
            || (times.len() < MOST_REPETITIONS && start.elapsed().as_secs_f64() < 2.0 * effort.seconds)
        {
            let start = Instant::now();
            let image: Image<f32> = render(scene, level)?;
            times.push(start.elapsed().as_secs_f64() - preparation);
            alike &= pixels(&image)?.iter().zip(expected).all(|(&got, &expected)| got == expected as f32);
        }
        Ok(())
    })??;
    times.sort_unstable_by(f64::total_cmp);
    let best = times[0];
    let n_pixels: usize = expected.len();
    let n_steps = n_pixels * scene.n_steps() * scene.n_layers();
    let timing = Timing {
        threads: n_threads,
        pixels: scene.panels.first().map_or([0, 0], |panel| [panel.n_fast, panel.n_slow]),
        repetitions: times.len(),
        best_seconds: best,
        median_seconds: times[times.len() / 2],
        ns_per_step: best * 1e9 / n_steps as f64,
        ns_per_pixel: best * 1e9 / n_pixels as f64,
    };
    Ok((timing, alike))
}
