//! The yardstick: the sum over every sample, term by term, as plainly as it can be written. Never optimised; every other kernel is
//! compared with it.

use super::geometry::{SamplePoint, sample_point};
use super::{Monitor, Sample, dark};
use crate::error::Result;
use crate::image::Image;
use crate::math::Vec3;
use crate::monitor::watched;
use crate::physics::lattice;
use crate::physics::polarization::{PolarizationFrame, polarization_factor};
use crate::physics::scattering::scattering_vector;
use crate::real::Real;
use crate::scene::{Domain, Orientation, PanelTable, Physics, Profile, Scene, Source};

/// The image of a scene, pixel by pixel in one thread.
///
/// # Errors
/// The image does not fit into memory, or the monitor stopped it.
pub(super) fn render<T: Sample>(scene: &Scene, monitor: &dyn Monitor) -> Result<Image<T>> {
    let mut image = dark(scene)?;
    for (panel, pixels) in scene.panels.iter().zip(&mut image.panels) {
        for slow in panel.window.slow[0]..panel.window.slow[1] {
            for fast in panel.window.fast[0]..panel.window.fast[1] {
                if panel.is_live(fast, slow) {
                    let photons = pixel(scene, panel, fast, slow, monitor);
                    monitor.check()?;
                    pixels.pixels_mut()[slow * panel.n_fast + fast] = T::from_f64(photons);
                }
            }
            monitor.advance(panel.window.fast[1].saturating_sub(panel.window.fast[0]));
        }
    }
    Ok(image)
}

/// Photons in pixels of a panel, which stand at these places in it.
///
/// # Errors
/// The monitor stopped it.
pub(super) fn pixels<R: Real>(
    scene: &Scene<R>,
    panel: usize,
    places: &[usize],
    monitor: &dyn Monitor,
) -> Result<Vec<R>> {
    let panel = &scene.panels[panel];
    let pixel = |place: usize| {
        let photons = pixel(scene, panel, place % panel.n_fast, place / panel.n_fast, monitor);
        monitor.check().map(|()| photons)
    };
    places.iter().copied().map(pixel).collect()
}

/// Terms of a sum between two looks at the monitor: some microseconds.
const TERMS: usize = 256;

/// Photons in one pixel; anything where the monitor stops it.
pub(super) fn pixel<R: Real>(
    scene: &Scene<R>,
    panel: &PanelTable<R>,
    fast: usize,
    slow: usize,
    monitor: &dyn Monitor,
) -> R {
    let scattered = match scene.physics {
        Physics::Correct => correct_pixel(scene, panel, fast, slow, monitor),
        Physics::NanoBragg => nanobragg_pixel(scene, panel, fast, slow, monitor),
    };
    scattered + plane(scene, panel, fast, slow)
}

/// Photons of the background plane in a pixel.
pub(super) fn plane<R: Real>(scene: &Scene<R>, panel: &PanelTable<R>, fast: usize, slow: usize) -> R {
    let [offset, along_fast, along_slow] = scene.plane;
    let [x, y] = panel.from_middle(fast, slow).map(R::constant);
    offset + along_fast * x + along_slow * y
}

/// Every sample point of a pixel: layers outside, then rows and columns of sub-pixels, each with layer and sub-pixel number.
pub(super) fn sample_points<'a, R: Real>(
    scene: &'a Scene<R>,
    panel: &'a PanelTable<R>,
    fast: usize,
    slow: usize,
) -> impl Iterator<Item = (usize, usize, SamplePoint<R>)> + 'a {
    let n = scene.oversample;
    let sub_pixel = R::constant(panel.pixel_size / n as f64);
    let at = move |pixel: usize, i: usize| sub_pixel * R::constant((pixel * n + i) as f64 + 0.5);
    (0..scene.n_layers()).flat_map(move |layer| {
        (0..n * n).map(move |i| (layer, i, sample_point(scene, panel, layer, at(fast, i % n), at(slow, i / n))))
    })
}

/// Correct physics: each term with its own factors, source weights, and the background once.
fn correct_pixel<R: Real>(
    scene: &Scene<R>,
    panel: &PanelTable<R>,
    fast: usize,
    slow: usize,
    monitor: &dyn Monitor,
) -> R {
    let mut bragg = R::constant(0.0);
    let mut background = R::constant(0.0);
    for (_, _, point) in watched(sample_points(scene, panel, fast, slow), TERMS, monitor) {
        for source in watched(scene.sources.iter(), TERMS, monitor) {
            let factor =
                source.weight * point.solid_angle * point.capture * polarization(scene, source, point.direction);
            background += factor;
            let q = scattering_vector(point.direction, source.incident, source.wavelength);
            if !is_too_fine(scene, q) {
                let orientations = watched(scene.orientations.iter(), TERMS, monitor);
                bragg += factor * sum(orientations.map(|o| term(scene, o, q)));
            }
        }
    }
    let n_samples = R::constant((scene.oversample * scene.oversample * scene.sources.len()) as f64);
    scene.scale * bragg / R::constant(scene.n_steps() as f64) + scene.background * background / n_samples
}

/// nanoBragg's physics: the factors of the pixel's first samples on the sum of all; its `-oversample_…` options multiply the running
/// sum instead.
fn nanobragg_pixel<R: Real>(
    scene: &Scene<R>,
    panel: &PanelTable<R>,
    fast: usize,
    slow: usize,
    monitor: &dyn Monitor,
) -> R {
    let running = scene.running_factors;
    let one = R::constant(1.0);
    let mut total = scene.background;
    let mut solid_angle = one;
    let mut first_polarization = if scene.polarization.is_some() { None } else { Some(one) };
    let mut capture = one;
    for (layer, i_sub, point) in watched(sample_points(scene, panel, fast, slow), TERMS, monitor) {
        if i_sub == 0 {
            capture = point.capture;
            if layer == 0 {
                solid_angle = point.solid_angle;
            }
        }
        for source in watched(scene.sources.iter(), TERMS, monitor) {
            let q = scattering_vector(point.direction, source.incident, source.wavelength);
            if is_too_fine(scene, q) {
                continue;
            }
            let polarization = polarization(scene, source, point.direction);
            first_polarization.get_or_insert(polarization);
            if !running.any() {
                let orientations = watched(scene.orientations.iter(), TERMS, monitor);
                total += sum(orientations.map(|o| source.weight * term(scene, o, q)));
                continue;
            }
            let chosen = |on: bool, factor: R| if on { factor } else { one };
            let factor = chosen(running.capture, point.capture)
                * chosen(running.polarization, polarization)
                * chosen(running.solid_angle, point.solid_angle);
            for orientation in watched(scene.orientations.iter(), TERMS, monitor) {
                if scene.background.value() == 0.0 && lattice_vanishes(scene, orientation, q) {
                    continue;
                }
                total = (total + source.weight * term(scene, orientation, q)) * factor;
            }
        }
    }
    let left = |in_sum: bool, factor: R| if in_sum { one } else { factor };
    scene.scale * total / R::constant(scene.n_steps() as f64)
        * left(running.solid_angle, solid_angle)
        * left(running.polarization, first_polarization.unwrap_or(R::constant(0.0)))
        * left(running.capture, capture)
}

fn sum<R: Real>(terms: impl Iterator<Item = R>) -> R {
    terms.fold(R::constant(0.0), |sum, term| sum + term)
}

pub(super) fn polarization<R: Real>(scene: &Scene<R>, source: &Source<R>, diffracted: Vec3<R>) -> R {
    scene.polarization.map_or(R::constant(1.0), |p| {
        let frame = PolarizationFrame::new(source.incident, p.e_vector);
        polarization_factor(source.incident, diffracted, &frame, p.kahn_factor)
    })
}

fn is_too_fine<R: Real>(scene: &Scene<R>, q: Vec3<R>) -> bool {
    scene.d_min > 0.0 && scene.d_min > 1.0 / q.norm().value()
}

/// F²·L² of one orientation of the crystal at scattering vector q (1/Å).
pub(super) fn term<R: Real>(scene: &Scene<R>, orientation: &Orientation<R>, q: Vec3<R>) -> R {
    let hkl = orientation.apply(q);
    let nearest = hkl.0.map(nearest_index);
    let lattice = lattice_factor(&scene.domain, hkl - Vec3(nearest.map(R::constant)));
    let amplitude = scene.hkl.amplitude(hkl.0, nearest);
    amplitude * amplitude * lattice * lattice
}

/// The nearest whole number; halves go down.
pub(super) fn nearest_index<R: Real>(h: R) -> f64 {
    (h.value() - 0.5).ceil()
}

pub(super) fn lattice_factor<R: Real>(domain: &Domain<R>, delta: Vec3<R>) -> R {
    let Domain { profile, n_cells, peak, fudge, metric, stretch } = domain;
    let rho_squared = || lattice::scaled_distance_squared(delta, metric, *stretch);
    match *profile {
        Profile::Square => lattice::square(delta, *n_cells),
        Profile::Round => lattice::round(delta, *n_cells, *fudge, *peak),
        Profile::Gauss { width } => lattice::gauss(rho_squared(), *peak, *fudge, width),
        Profile::Tophat { width } => lattice::tophat(rho_squared(), *peak, *fudge, width),
    }
}

/// Whether the lattice factor is exactly 0 in the reference program's arithmetic, whose sines never quite vanish.
fn lattice_vanishes<R: Real>(scene: &Scene<R>, orientation: &Orientation<R>, q: Vec3<R>) -> bool {
    let hkl = orientation.apply(q);
    matches!(scene.domain.profile, Profile::Tophat { .. } | Profile::Gauss { .. })
        && lattice_factor(&scene.domain, hkl - Vec3(hkl.0.map(nearest_index).map(R::constant))).value() == 0.0
}
