//! What makes a pixel no number, for messages that name the culprit.

use super::Sample;
use super::reference::{lattice_factor, nearest_index, polarization, sample_points};
use crate::error::Error;
use crate::image::Image;
use crate::math::Vec3;
use crate::physics::scattering::scattering_vector;
use crate::scene::{Orientation, PanelTable, Scene, Source};
use rayon::prelude::*;

/// Samples, sources and orientations that are looked at, each: the ends of what settings can do show in the first.
const LOOKED_AT: usize = 64;
/// Pixels that a thread counts at a time.
const PIECE: usize = 1 << 14;

/// Pixels that are no numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// How many they are.
    pub n: usize,
    /// Panel, fast and slow of the first.
    pub first: [usize; 3],
    /// What of the first is no number.
    pub what: &'static str,
    /// What that follows from: keys of experiments and beginnings of such keys.
    pub keys: &'static [&'static str],
}

/// What is said where nothing is known of files and lines.
impl From<Fault> for Error {
    fn from(Fault { n, first: [panel, fast, slow], what, keys }: Fault) -> Self {
        Self::setting(
            keys.join(", "),
            format!(
                "make what cannot be computed with: {n} pixels are no numbers: {what} is none at the first of them, \
                 {fast} {slow} (fast, slow) of panel {panel}"
            ),
        )
    }
}

/// How many pixels are no numbers.
pub fn n_no_numbers<T: Sample>(image: &Image<T>) -> usize {
    let count = |pixels: &[T]| pixels.iter().fold(0, |n: u32, pixel| n + u32::from(!pixel.is_number())) as usize;
    image.panels.iter().map(|panel| panel.pixels().par_chunks(PIECE).map(count).sum::<usize>()).sum()
}

/// The pixels of a scene's image that are no numbers, if there are any.
pub fn fault<T: Sample>(scene: &Scene, image: &Image<T>) -> Option<Fault> {
    let n = n_no_numbers(image);
    if n == 0 {
        return None;
    }
    let mut panels = image.panels.iter().enumerate();
    let is_fault = |pixel: &T| !pixel.is_number();
    let (i_panel, place) = panels.find_map(|(i, panel)| Some((i, panel.pixels().iter().position(is_fault)?)))?;
    let panel = scene.panels.get(i_panel)?;
    let [fast, slow] = [place % panel.n_fast.max(1), place / panel.n_fast.max(1)];
    let (what, keys) = culprit(scene, panel, fast, slow);
    Some(Fault { n, first: [i_panel, fast, slow], what, keys })
}

type Culprit = (&'static str, &'static [&'static str]);

const POSITION: Culprit = ("its place", &["detector"]);
const SOLID_ANGLE: Culprit = ("its solid angle", &["detector"]);
const CAPTURE: Culprit = ("what its sensor captures", &["detector.sensor", "detector.panel"]);
const POLARIZATION: Culprit = ("its polarisation factor", &["beam", "detector"]);
const SCATTERING_VECTOR: Culprit = ("its scattering vector", &["beam", "detector"]);
const INDICES: Culprit = ("its place in reciprocal space", &["crystal.cell", "crystal", "beam", "detector"]);
const AMPLITUDE: Culprit = ("its structure factor", &["crystal.structure_factors"]);
const LATTICE: Culprit = ("its lattice factor", &["crystal"]);
const INTENSITY: Culprit = ("F² times the lattice factor squared", &["crystal"]);
const SCALE: Culprit = ("fluence times scale", &["beam", "crystal.scale", "crystal.n_blocks"]);
const BACKGROUND: Culprit = ("its background", &["background", "beam"]);
const PHOTONS: Culprit = ("the sum of its photons", &["beam", "crystal", "detector", "background"]);

/// The first factor of a pixel that is no number.
fn culprit(scene: &Scene, panel: &PanelTable, fast: usize, slow: usize) -> Culprit {
    let plane = scene.plane.iter().any(|x| !x.is_finite());
    if plane || !scene.background.is_finite() {
        return BACKGROUND;
    }
    let points = sample_points(scene, panel, fast, slow).take(LOOKED_AT);
    let of_points = points.map(|(_, _, point)| {
        if !point.direction.is_finite() {
            Some(POSITION)
        } else if !point.solid_angle.is_finite() {
            Some(SOLID_ANGLE)
        } else if !point.capture.is_finite() {
            Some(CAPTURE)
        } else {
            scene.sources.iter().take(LOOKED_AT).find_map(|source| of_source(scene, source, point.direction))
        }
    });
    let scale = || if scene.scale.is_finite() { PHOTONS } else { SCALE };
    of_points.flatten().next().unwrap_or_else(scale)
}

fn of_source(scene: &Scene, source: &Source, direction: Vec3) -> Option<Culprit> {
    if !polarization(scene, source, direction).is_finite() {
        return Some(POLARIZATION);
    }
    let q = scattering_vector(direction, source.incident, source.wavelength);
    if !(q.is_finite() && source.weight.is_finite()) {
        return Some(SCATTERING_VECTOR);
    }
    scene.orientations.iter().take(LOOKED_AT).find_map(|orientation| of_orientation(scene, orientation, q))
}

fn of_orientation(scene: &Scene, orientation: &Orientation, q: Vec3) -> Option<Culprit> {
    let hkl = orientation.apply(q);
    if !hkl.is_finite() {
        return Some(INDICES);
    }
    let nearest = hkl.0.map(nearest_index);
    let amplitude = scene.hkl.amplitude(hkl.0, nearest);
    if !amplitude.is_finite() {
        return Some(AMPLITUDE);
    }
    let lattice = lattice_factor(&scene.domain, hkl - Vec3(nearest));
    if !lattice.is_finite() {
        return Some(LATTICE);
    }
    (!(amplitude * amplitude * lattice * lattice).is_finite()).then_some(INTENSITY)
}
