//! Where a sample of a pixel lies, and the factors that follow from that alone.

use crate::math::Vec3;
use crate::physics::absorption::{layer_capture, mean_depth};
use crate::physics::solid_angle::{pixel_solid_angle, point_solid_angle};
use crate::real::Real;
use crate::scene::{PanelTable, SamplingDepth, Scene, SensorTable, Sphere};

/// A point of the sensor.
#[derive(Debug, Clone, Copy)]
pub(super) struct SamplePoint<R = f64> {
    /// Unit vector from the sample.
    pub(super) direction: Vec3<R>,
    /// Solid angle of the pixel as seen from the sample (sr).
    pub(super) solid_angle: R,
    /// Fraction of the photons that this layer captures.
    pub(super) capture: R,
}

/// The point at `fast`, `slow` (m from the corner of the first pixel) in a layer of the sensor.
pub(super) fn sample_point<R: Real>(
    scene: &Scene<R>,
    panel: &PanelTable<R>,
    layer: usize,
    fast: R,
    slow: R,
) -> SamplePoint<R> {
    let (origin, depth) = layer_origin(scene, panel, layer);
    let (fast_axis, slow_axis) = (panel.fast_axis, panel.slow_axis);
    let flat = Vec3([0, 1, 2].map(|i| slow_axis[i].mul_add(slow, fast_axis[i].mul_add(fast, origin[i]))));
    let mut position = scene.sphere.map_or(flat, |sphere| on_sphere(&sphere, panel, flat));
    let mut close_distance = panel.close_distance;
    if let Some(sensor) = sensor_with_depth(scene) {
        let obliquity = flat.dot(panel.normal) / flat.norm();
        let within = mean_depth(sensor.layer_thickness, sensor.attenuation, obliquity);
        position = Vec3([0, 1, 2].map(|i| panel.normal[i].mul_add(within, flat[i])));
        close_distance = close_distance + depth + within;
    }
    let distance = position.norm();
    let direction = position * (R::constant(1.0) / distance);
    let solid_angle = if scene.point_pixels {
        point_solid_angle(distance)
    } else {
        pixel_solid_angle(R::constant(panel.pixel_size), distance, close_distance)
    };
    let capture = scene.sensor.map_or(R::constant(1.0), |sensor| {
        let far = R::constant((layer + 1) as f64) * sensor.layer_thickness;
        let obliquity = if is_round(scene) { R::constant(1.0) } else { direction.dot(panel.normal) };
        layer_capture(depth, far, sensor.attenuation, obliquity)
    });
    SamplePoint { direction, solid_angle, capture }
}

/// The sensor whose layers are sampled at their mean depths: a flat one.
pub(super) fn sensor_with_depth<R: Real>(scene: &Scene<R>) -> Option<SensorTable<R>> {
    scene.sensor.filter(|sensor| scene.sphere.is_none() && sensor.sampling_depth == SamplingDepth::Mean)
}

/// Whether rays cross the sensor along its normal: on a sphere, whose sensor nanoBragg takes for a flat one.
pub(super) fn is_round<R>(scene: &Scene<R>) -> bool {
    scene.sphere.as_ref().is_some_and(|sphere| !sphere.nanobragg)
}

/// The corner (m) of the first pixel in a layer of the sensor, and the layer's depth (m).
pub(super) fn layer_origin<R: Real>(scene: &Scene<R>, panel: &PanelTable<R>, layer: usize) -> (Vec3<R>, R) {
    let depth = scene.sensor.map_or(R::constant(0.0), |sensor| R::constant(layer as f64) * sensor.layer_thickness);
    (panel.origin + panel.normal * depth, depth)
}

/// The point of the sphere that a point of the plane is bent to.
pub(super) fn on_sphere<R: Real>(sphere: &Sphere<R>, panel: &PanelTable<R>, flat: Vec3<R>) -> Vec3<R> {
    let spot = sphere.beam * sphere.radius;
    if sphere.nanobragg {
        return spot
            .rotated(panel.slow_axis, flat[1] / sphere.radius)
            .rotated(panel.fast_axis, flat[2] / sphere.radius);
    }
    let across = flat - sphere.beam * flat.dot(sphere.beam);
    let arc = across.norm();
    if arc.value() == 0.0 {
        // bent to first order, for derivatives
        return spot + across;
    }
    let angle = arc / sphere.radius;
    spot * angle.cos() + across * (sphere.radius * angle.sin() / arc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real::Dual;

    #[test]
    fn points_of_a_sphere_move_with_those_of_the_plane_at_the_beam_too() {
        let vector = |x: f64, y: f64, z: f64, d: f64| {
            Vec3([
                Dual { value: x, derivative: d },
                Dual { value: y, derivative: 0.0 },
                Dual { value: z, derivative: 2.0 * d },
            ])
        };
        let beam = vector(0.0, 0.0, 1.0, 0.0);
        let panel = PanelTable {
            origin: vector(0.0, 0.0, 0.1, 0.0),
            fast_axis: vector(1.0, 0.0, 0.0, 0.0),
            slow_axis: vector(0.0, 1.0, 0.0, 0.0),
            normal: beam,
            pixel_size: 1e-4,
            close_distance: Dual::constant(0.1),
            n_fast: 1,
            n_slow: 1,
            window: crate::scene::Window { fast: [0, 1], slow: [0, 1] },
            mask: None,
        };
        let sphere = Sphere { radius: Dual::constant(0.1), beam, nanobragg: false };
        for x in [0.0, 1e-7] {
            let point = on_sphere(&sphere, &panel, vector(x, 0.0, 0.1, 1.0));
            let along = point.0.map(|component| component.derivative);
            assert!((along[0] - 1.0).abs() < 1e-9 && along[1] == 0.0 && along[2].abs() < 3e-6, "{x}: {along:?}");
        }
    }
}
