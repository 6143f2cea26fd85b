//! What a sample's photons depend on besides the single orientations and |F|: the derivatives that stand side by side for each pixel,
//! and how each of them enters a change of the scene.

use super::shape::{self, N_SHAPE};
use crate::math::{Mat3, Vec3};
use crate::physics::polarization::PolarizationFrame;
use crate::scene::{Scene, SceneTangent};

/// With respect to the scale.
pub(super) const SCALE: usize = 0;
/// The background.
pub(super) const BACKGROUND: usize = 1;
/// The logarithm of F, where all are alike.
pub(super) const LN_F: usize = 2;
/// The sums of [`shape`].
pub(super) const SHAPE: usize = 3;
/// A matrix C that multiplies all orientations from the left: A + C·A.
pub(super) const TURN: usize = SHAPE + N_SHAPE;
/// From here on: what the scattering vector and the factors depend on.
pub(super) const FACTORS: usize = TURN + 9;
pub(super) const WEIGHT: usize = FACTORS;
pub(super) const KAHN: usize = FACTORS + 1;
pub(super) const ATTENUATION: usize = FACTORS + 2;
/// The thickness of a layer, through what it captures; the depth of the point comes besides.
pub(super) const THICKNESS: usize = FACTORS + 3;
pub(super) const CLOSE_DISTANCE: usize = FACTORS + 4;
pub(super) const WAVELENGTH: usize = FACTORS + 5;
pub(super) const INCIDENT: usize = FACTORS + 6;
pub(super) const ELECTRIC: usize = FACTORS + 9;
pub(super) const MAGNETIC: usize = FACTORS + 12;
/// The normal by which the photons cross the plane.
pub(super) const NORMAL: usize = FACTORS + 15;
/// The point of the flat panel, times 1, metres along fast, metres along slow.
pub(super) const POINT: usize = FACTORS + 18;
pub(super) const FAST: usize = FACTORS + 21;
pub(super) const SLOW: usize = FACTORS + 24;
/// From here on: a curved detector's radius, beam, and the axes that nanoBragg's arcs go about.
pub(super) const SPHERE: usize = FACTORS + 27;
pub(super) const N_LANES: usize = SPHERE + 10;

/// A number for each lane.
pub(super) type PerLane = [f64; N_LANES];

/// Which sample of which part of the scene.
#[derive(Debug, Clone, Copy)]
pub(super) struct Which {
    pub(super) panel: usize,
    pub(super) layer: usize,
    pub(super) source: usize,
}

fn vector(lanes: &PerLane, first: usize) -> Vec3 {
    Vec3([lanes[first], lanes[first + 1], lanes[first + 2]])
}

fn put(lanes: &mut PerLane, first: usize, v: Vec3) {
    lanes[first..first + 3].copy_from_slice(&v.0);
}

/// What each lane counts for along a tangent. `frame`: how the polarisation frame changes; `turn`: the common matrix of [`TURN`].
pub(super) fn along(
    scene: &Scene,
    tangent: &SceneTangent,
    which: Which,
    frame: Option<&PolarizationFrame>,
    turn: Option<&Mat3>,
) -> PerLane {
    let mut out = [0.0; N_LANES];
    out[SCALE] = tangent.scale;
    out[BACKGROUND] = tangent.background;
    if scene.hkl.grid.is_none() && scene.hkl.default_f != 0.0 {
        out[LN_F] = tangent.hkl.default_f / scene.hkl.default_f;
    }
    out[SHAPE..TURN].copy_from_slice(&shape::along(&scene.domain, &tangent.domain));
    if let Some(turn) = turn {
        (0..3).for_each(|row| put(&mut out, TURN + 3 * row, turn.0[row]));
    }
    if let Some(polarization) = tangent.polarization {
        out[KAHN] = polarization.kahn_factor;
    }
    let mut thicker = 0.0;
    if let Some(sensor) = tangent.sensor {
        thicker = sensor.layer_thickness;
        out[ATTENUATION] = sensor.attenuation;
        out[THICKNESS] = thicker;
    }
    if let Some(sphere) = tangent.sphere {
        out[SPHERE] = sphere.radius;
        put(&mut out, SPHERE + 1, sphere.beam);
    }
    if let Some(frame) = frame {
        put(&mut out, ELECTRIC, frame.electric);
        put(&mut out, MAGNETIC, frame.magnetic);
    }
    if let Some(source) = tangent.sources.get(which.source) {
        out[WEIGHT] = source.weight;
        out[WAVELENGTH] = source.wavelength;
        put(&mut out, INCIDENT, source.incident);
    }
    let (layer, depth) = depth(scene, which);
    let deeper = scene.panels[which.panel].normal * (layer * thicker);
    let Some(panel) = tangent.panels.get(which.panel) else {
        put(&mut out, POINT, deeper);
        return out;
    };
    put(&mut out, NORMAL, panel.normal);
    put(&mut out, POINT, panel.origin + panel.normal * depth + deeper);
    put(&mut out, FAST, panel.fast_axis);
    put(&mut out, SLOW, panel.slow_axis);
    put(&mut out, SPHERE + 4, panel.fast_axis);
    put(&mut out, SPHERE + 7, panel.slow_axis);
    out[CLOSE_DISTANCE] = panel.close_distance;
    out
}

/// The layer as a number, and its depth (m).
fn depth(scene: &Scene, which: Which) -> (f64, f64) {
    let layer = which.layer as f64;
    (layer, scene.sensor.map_or(0.0, |sensor| layer * sensor.layer_thickness))
}

/// Adds to `total` and `frame` the cotangent that sums over the lanes stand for: [`along`] backwards, but for the orientations.
pub(super) fn add_cotangent(
    scene: &Scene,
    sums: &PerLane,
    which: Which,
    total: &mut SceneTangent,
    frame: &mut PolarizationFrame,
) {
    let add = |sum: &mut Vec3, first: usize| *sum = *sum + vector(sums, first);
    total.scale += sums[SCALE];
    total.background += sums[BACKGROUND];
    if scene.hkl.grid.is_none() && scene.hkl.default_f != 0.0 {
        total.hkl.default_f += sums[LN_F] / scene.hkl.default_f;
    }
    let mut by_shape = [0.0; N_SHAPE];
    by_shape.copy_from_slice(&sums[SHAPE..TURN]);
    shape::add_cotangent(&scene.domain, &by_shape, &mut total.domain);
    if let Some(polarization) = &mut total.polarization {
        polarization.kahn_factor += sums[KAHN];
    }
    if let Some(sphere) = &mut total.sphere {
        sphere.radius += sums[SPHERE];
        add(&mut sphere.beam, SPHERE + 1);
    }
    add(&mut frame.electric, ELECTRIC);
    add(&mut frame.magnetic, MAGNETIC);
    if let Some(source) = total.sources.get_mut(which.source) {
        source.weight += sums[WEIGHT];
        source.wavelength += sums[WAVELENGTH];
        add(&mut source.incident, INCIDENT);
    }
    let (layer, depth) = depth(scene, which);
    if let Some(sensor) = &mut total.sensor {
        sensor.attenuation += sums[ATTENUATION];
        sensor.layer_thickness += sums[THICKNESS] + layer * scene.panels[which.panel].normal.dot(vector(sums, POINT));
    }
    if let Some(panel) = total.panels.get_mut(which.panel) {
        add(&mut panel.normal, NORMAL);
        panel.normal = panel.normal + vector(sums, POINT) * depth;
        add(&mut panel.origin, POINT);
        add(&mut panel.fast_axis, FAST);
        add(&mut panel.slow_axis, SLOW);
        add(&mut panel.fast_axis, SPHERE + 4);
        add(&mut panel.slow_axis, SPHERE + 7);
        panel.close_distance += sums[CLOSE_DISTANCE];
    }
}
