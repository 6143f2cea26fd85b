//! The yardstick: the sum over every sample, term by term, as plainly as it can be written. Never optimised; every other kernel is
//! compared with it.

use super::geometry::{SamplePoint, sample_point};
use super::{Sample, dark};
use crate::error::Result;
use crate::image::Image;
use crate::math::Vec3;
use crate::physics::lattice;
use crate::physics::polarization::{PolarizationFrame, polarization_factor};
use crate::physics::scattering::scattering_vector;
use crate::scene::{Domain, Orientation, PanelTable, Physics, Scene, Shape, Source};

/// The image of a scene, pixel by pixel in one thread.
///
/// # Errors
/// The image does not fit into memory.
pub fn render<T: Sample>(scene: &Scene) -> Result<Image<T>> {
    let mut image = dark(scene)?;
    for (panel, pixels) in scene.panels.iter().zip(&mut image.panels) {
        for slow in panel.window.slow[0]..panel.window.slow[1] {
            for fast in panel.window.fast[0]..panel.window.fast[1] {
                if panel.is_live(fast, slow) {
                    pixels.pixels_mut()[slow * panel.n_fast + fast] = T::from_f64(pixel(scene, panel, fast, slow));
                }
            }
        }
    }
    Ok(image)
}

/// Photons in one pixel.
pub(super) fn pixel(scene: &Scene, panel: &PanelTable, fast: usize, slow: usize) -> f64 {
    match scene.physics {
        Physics::Correct => correct_pixel(scene, panel, fast, slow),
        Physics::NanoBragg => nanobragg_pixel(scene, panel, fast, slow),
    }
}

/// Every sample point of a pixel: layers outside, then rows and columns of sub-pixels, each with layer and sub-pixel number.
fn sample_points<'a>(
    scene: &'a Scene,
    panel: &'a PanelTable,
    fast: usize,
    slow: usize,
) -> impl Iterator<Item = (usize, usize, SamplePoint)> + 'a {
    let n = scene.oversample;
    let sub_pixel = panel.pixel_size / n as f64;
    let at = move |pixel: usize, i: usize| sub_pixel * ((pixel * n + i) as f64 + 0.5);
    (0..scene.n_layers()).flat_map(move |layer| {
        (0..n * n).map(move |i| (layer, i, sample_point(scene, panel, layer, at(fast, i % n), at(slow, i / n))))
    })
}

/// Correct physics: each term with its own factors, source weights, and the background once.
fn correct_pixel(scene: &Scene, panel: &PanelTable, fast: usize, slow: usize) -> f64 {
    let mut bragg = 0.0;
    let mut background = 0.0;
    for (_, _, point) in sample_points(scene, panel, fast, slow) {
        for source in &scene.sources {
            let factor =
                source.weight * point.solid_angle * point.capture * polarization(scene, source, point.direction);
            background += factor;
            let q = scattering_vector(point.direction, source.incident, source.wavelength);
            if !is_too_fine(scene, q) {
                bragg += factor * scene.orientations.iter().map(|o| term(scene, o, q)).sum::<f64>();
            }
        }
    }
    let n_samples = (scene.oversample * scene.oversample * scene.sources.len()) as f64;
    scene.scale * bragg / scene.n_steps() as f64 + scene.background * background / n_samples
}

/// nanoBragg's physics: the factors of the pixel's first samples on the sum of all; its `-oversample_…` options multiply the running
/// sum instead.
fn nanobragg_pixel(scene: &Scene, panel: &PanelTable, fast: usize, slow: usize) -> f64 {
    let running = scene.running_factors;
    let mut sum = scene.background;
    let mut solid_angle = 1.0;
    let mut first_polarization = if scene.polarization.is_some() { None } else { Some(1.0) };
    let mut capture = 1.0;
    for (layer, i_sub, point) in sample_points(scene, panel, fast, slow) {
        if i_sub == 0 {
            capture = point.capture;
            if layer == 0 {
                solid_angle = point.solid_angle;
            }
        }
        for source in &scene.sources {
            let q = scattering_vector(point.direction, source.incident, source.wavelength);
            if is_too_fine(scene, q) {
                continue;
            }
            let polarization = polarization(scene, source, point.direction);
            first_polarization.get_or_insert(polarization);
            if !running.any() {
                sum += scene.orientations.iter().map(|o| source.weight * term(scene, o, q)).sum::<f64>();
                continue;
            }
            let chosen = |on: bool, factor: f64| if on { factor } else { 1.0 };
            let factor = chosen(running.capture, point.capture)
                * chosen(running.polarization, polarization)
                * chosen(running.solid_angle, point.solid_angle);
            for orientation in &scene.orientations {
                if scene.background == 0.0 && lattice_vanishes(scene, orientation, q) {
                    continue;
                }
                sum = (sum + source.weight * term(scene, orientation, q)) * factor;
            }
        }
    }
    let left = |in_sum: bool, factor: f64| if in_sum { 1.0 } else { factor };
    scene.scale * sum / scene.n_steps() as f64
        * left(running.solid_angle, solid_angle)
        * left(running.polarization, first_polarization.unwrap_or(0.0))
        * left(running.capture, capture)
}

fn polarization(scene: &Scene, source: &Source, diffracted: Vec3) -> f64 {
    scene.polarization.map_or(1.0, |p| {
        let frame = PolarizationFrame::new(source.incident, p.e_vector);
        polarization_factor(source.incident, diffracted, &frame, p.kahn_factor)
    })
}

fn is_too_fine(scene: &Scene, q: Vec3) -> bool {
    scene.d_min > 0.0 && scene.d_min > 1.0 / q.norm()
}

/// F²·L² of one orientation of the crystal at scattering vector q (1/Å).
pub(super) fn term(scene: &Scene, orientation: &Orientation, q: Vec3) -> f64 {
    let hkl = orientation.apply(q);
    let nearest = hkl.0.map(nearest_index);
    let lattice = lattice_factor(&scene.domain, hkl - Vec3(nearest));
    let amplitude = scene.hkl.amplitude(hkl.0, nearest);
    amplitude * amplitude * lattice * lattice
}

/// The nearest whole number; halves go down.
fn nearest_index(h: f64) -> f64 {
    (h - 0.5).ceil()
}

fn lattice_factor(domain: &Domain, delta: Vec3) -> f64 {
    let Domain { n_cells, fudge, reciprocal, .. } = domain;
    match domain.shape {
        Shape::Square => lattice::square(delta, *n_cells),
        Shape::Round => lattice::round(delta, *n_cells, *fudge),
        Shape::Gauss => lattice::gauss(lattice::scaled_distance_squared(delta, reciprocal, *n_cells), *n_cells, *fudge),
        Shape::Tophat => {
            lattice::tophat(lattice::scaled_distance_squared(delta, reciprocal, *n_cells), *n_cells, *fudge)
        }
    }
}

/// Whether the lattice factor is exactly 0 in the reference program's arithmetic, whose sines never quite vanish.
fn lattice_vanishes(scene: &Scene, orientation: &Orientation, q: Vec3) -> bool {
    let hkl = orientation.apply(q);
    matches!(scene.domain.shape, Shape::Tophat | Shape::Gauss)
        && lattice_factor(&scene.domain, hkl - Vec3(hkl.0.map(nearest_index))) == 0.0
}
