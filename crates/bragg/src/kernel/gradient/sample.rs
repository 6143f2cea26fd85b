//! How the photons of one sample of a pixel, from one source, change with everything but the orientations: the factors of
//! [`crate::physics`] and their derivatives.

use crate::kernel::geometry::{layer_origin, on_sphere};
use crate::math::Vec3;
use crate::physics::polarization::PolarizationFrame;
use crate::physics::scattering::scattering_vector;
use crate::real::{Dual, Real};
use crate::scene::{PanelTable, Scene, SceneTangent, Source, Sphere};

/// Where a sample lies: layer of the sensor, and metres along fast and slow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) layer: usize,
    pub(super) fast: f64,
    pub(super) slow: f64,
}

/// What the orientations add up to at a scattering vector: Σ F²·L², and its derivative with respect to the vector.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lattices {
    pub(super) sum: f64,
    pub(super) by_q: Vec3,
}

/// Derivatives of the photons of a sample.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cotangent {
    /// Bragg photons for Σ F²·L² = 1, which derivatives of that sum are multiplied by.
    pub(super) by_sum: f64,
    pub(super) by_scale: f64,
    pub(super) by_background: f64,
    /// With respect to the point of the flat panel, and the normal by which the photons cross it.
    pub(super) by_point: Vec3,
    pub(super) by_normal: Vec3,
    pub(super) by_close_distance: f64,
    pub(super) by_incident: Vec3,
    pub(super) by_wavelength: f64,
    pub(super) by_weight: f64,
    pub(super) by_kahn_factor: f64,
    pub(super) by_electric: Vec3,
    pub(super) by_magnetic: Vec3,
    pub(super) by_attenuation: f64,
    /// Through what the layer captures; the depth of the point comes besides.
    pub(super) by_layer_thickness: f64,
    /// On a curved detector.
    pub(super) by_sphere: SphereCotangent,
}

/// Of the radius and the beam of a curved detector, and of the axes that nanoBragg's arcs go about.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SphereCotangent {
    pub(super) radius: f64,
    pub(super) beam: Vec3,
    pub(super) fast_axis: Vec3,
    pub(super) slow_axis: Vec3,
}

/// What is the same for all samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scales {
    /// Bragg photons of a sample for scale 1, and the scale.
    pub(super) per_sample: f64,
    pub(super) scale: f64,
    pub(super) background_per_sample: f64,
    pub(super) background: f64,
}

// tidy: long because each factor stands beside its derivative
/// Pulls the photons of a sample back to what they depend on.
pub(super) fn pull_back(
    scene: &Scene,
    panel: &PanelTable,
    place: Place,
    source: &Source,
    frame: Option<&PolarizationFrame>,
    lattices: Lattices,
    scales: Scales,
) -> Cotangent {
    let mut out = Cotangent::default();
    let (origin, _) = layer_origin(scene, panel, place.layer);
    let flat = origin + panel.fast_axis * place.fast + panel.slow_axis * place.slow;
    let position = scene.sphere.map_or(flat, |sphere| on_sphere(&sphere, panel, flat));
    let distance = position.norm();
    let direction = position * (1.0 / distance);
    let mut by_direction = Vec3::default();
    // 1. polarisation
    let mut polarization = 1.0;
    let mut by_polarization = Polarized::default();
    if let (Some(table), Some(frame)) = (scene.polarization, frame) {
        by_polarization = Polarized::new(source.incident, direction, frame, table.kahn_factor);
        polarization = by_polarization.value;
    }
    // 2. solid angle
    let (solid_angle, power, by_close) = if scene.point_pixels {
        (1.0 / (distance * distance), -2.0, 0.0)
    } else {
        let per_close = panel.pixel_size * panel.pixel_size / (distance * distance * distance);
        (per_close * panel.close_distance, -3.0, per_close)
    };
    // 3. capture
    let captured = scene.sensor.map(|sensor| {
        Captured::new(place.layer as f64, sensor.layer_thickness, sensor.attenuation, direction.dot(panel.normal))
    });
    let capture = captured.map_or(1.0, |captured| captured.value);
    // the photons: (scale·Σ F²L² + background)·weight·solid angle·capture·polarisation
    let k = scales.per_sample * scales.scale;
    let emitted = k * lattices.sum + scales.background_per_sample * scales.background;
    let factor = source.weight * solid_angle * capture * polarization;
    out.by_sum = k * factor;
    out.by_scale = scales.per_sample * lattices.sum * factor;
    out.by_background = scales.background_per_sample * factor;
    out.by_weight = emitted * solid_angle * capture * polarization;
    let by_polarization_factor = emitted * source.weight * solid_angle * capture;
    by_direction = by_direction + by_polarization.direction * by_polarization_factor;
    out.by_incident = by_polarization.incident * by_polarization_factor;
    out.by_electric = by_polarization.electric * by_polarization_factor;
    out.by_magnetic = by_polarization.magnetic * by_polarization_factor;
    out.by_kahn_factor = by_polarization.kahn_factor * by_polarization_factor;
    let by_solid_angle = emitted * source.weight * capture * polarization;
    out.by_close_distance = by_solid_angle * by_close;
    let by_distance = by_solid_angle * solid_angle * power / distance;
    if let Some(captured) = captured {
        let by_capture = emitted * source.weight * solid_angle * polarization;
        by_direction = by_direction + panel.normal * (by_capture * captured.obliquity);
        out.by_normal = direction * (by_capture * captured.obliquity);
        out.by_attenuation = by_capture * captured.attenuation;
        out.by_layer_thickness = by_capture * captured.thickness;
    }
    // 4. the scattering vector (d − i)/λ
    let inverse = 1.0 / source.wavelength;
    let by_q = lattices.by_q * (out.by_sum * inverse);
    by_direction = by_direction + by_q;
    out.by_incident = out.by_incident - by_q;
    out.by_wavelength = -by_q.dot(scattering_vector(direction, source.incident, source.wavelength));
    // 5. the direction and the distance of the point
    let across = by_direction - direction * direction.dot(by_direction);
    out.by_point = across * (1.0 / distance) + direction * by_distance;
    if let Some(sphere) = scene.sphere {
        (out.by_point, out.by_sphere) = from_sphere(&sphere, panel, flat, out.by_point);
    }
    out
}

/// Kahn's factor and its derivatives: see [`crate::physics::polarization::polarization_factor`].
#[derive(Debug, Clone, Copy, Default)]
struct Polarized {
    value: f64,
    direction: Vec3,
    incident: Vec3,
    electric: Vec3,
    magnetic: Vec3,
    kahn_factor: f64,
}

impl Polarized {
    fn new(incident: Vec3, direction: Vec3, frame: &PolarizationFrame, kahn_factor: f64) -> Self {
        let cosine = incident.dot(direction);
        let (along, across) = (direction.dot(frame.electric), direction.dot(frame.magnetic));
        let anisotropy = along * along - across * across + frame.axial * (1.0 - cosine * cosine);
        let by_cosine = cosine * (1.0 + kahn_factor * frame.axial);
        let (by_along, by_across) = (-kahn_factor * along, kahn_factor * across);
        Self {
            value: 0.5 * (1.0 + cosine * cosine - kahn_factor * anisotropy),
            direction: incident * by_cosine + frame.electric * by_along + frame.magnetic * by_across,
            incident: direction * by_cosine,
            electric: direction * by_along,
            magnetic: direction * by_across,
            kahn_factor: -0.5 * anisotropy,
        }
    }
}

/// What a layer captures and its derivatives: see [`crate::physics::absorption::layer_capture`].
#[derive(Debug, Clone, Copy)]
struct Captured {
    value: f64,
    obliquity: f64,
    attenuation: f64,
    thickness: f64,
}

impl Captured {
    fn new(layer: f64, thickness: f64, attenuation: f64, obliquity: f64) -> Self {
        let (near, far) = (layer * thickness, (layer + 1.0) * thickness);
        let path = attenuation / obliquity;
        let (before, after) = ((-near * path).exp(), (-far * path).exp());
        // with respect to attenuation/obliquity
        let by_path = far * after - near * before;
        Self {
            value: before - after,
            obliquity: -by_path * path / obliquity,
            attenuation: by_path / obliquity,
            thickness: path * ((layer + 1.0) * after - layer * before),
        }
    }
}

/// From the point on the sphere back to that on the plane, and to the sphere itself.
fn from_sphere(sphere: &Sphere, panel: &PanelTable, flat: Vec3, by_position: Vec3) -> (Vec3, SphereCotangent) {
    let constant = |v: Vec3| Vec3(v.0.map(Dual::constant));
    let still =
        Sphere { radius: Dual::constant(sphere.radius), beam: constant(sphere.beam), nanobragg: sphere.nanobragg };
    let axes = PanelTable {
        origin: constant(panel.origin),
        fast_axis: constant(panel.fast_axis),
        slow_axis: constant(panel.slow_axis),
        normal: constant(panel.normal),
        pixel_size: Dual::constant(panel.pixel_size),
        close_distance: Dual::constant(panel.close_distance),
        n_fast: panel.n_fast,
        n_slow: panel.n_slow,
        window: panel.window,
        mask: None,
    };
    let flat = constant(flat);
    let along = |position: Vec3<Dual>| (0..3).map(|i| position[i].derivative * by_position[i]).sum::<f64>();
    let each = |change: &dyn Fn(usize) -> Vec3<Dual>| Vec3(std::array::from_fn(|i| along(change(i))));
    let vary = |v: Vec3<Dual>, i: usize| {
        let mut v = v;
        v.0[i].derivative = 1.0;
        v
    };
    let by_flat = each(&|i| on_sphere(&still, &axes, vary(flat, i)));
    let beam = each(&|i| on_sphere(&Sphere { beam: vary(still.beam, i), ..still }, &axes, flat));
    let radius = along(on_sphere(&Sphere { radius: Dual::variable(sphere.radius), ..still }, &axes, flat));
    let mut by_sphere = SphereCotangent { radius, beam, ..SphereCotangent::default() };
    if sphere.nanobragg {
        by_sphere.fast_axis =
            each(&|i| on_sphere(&still, &PanelTable { fast_axis: vary(axes.fast_axis, i), ..axes.clone() }, flat));
        by_sphere.slow_axis =
            each(&|i| on_sphere(&still, &PanelTable { slow_axis: vary(axes.slow_axis, i), ..axes.clone() }, flat));
    }
    (by_flat, by_sphere)
}

impl Cotangent {
    /// Adds these, times `weight`, to the cotangent of the scene. The polarisation frame's are kept apart in `frame`.
    pub(super) fn add_to(
        &self,
        weight: f64,
        (scene, panel, place): (&Scene, &PanelTable, Place),
        (i_panel, i_source): (usize, usize),
        total: &mut SceneTangent,
        frame: &mut PolarizationFrame,
    ) {
        let add = |sum: &mut Vec3, term: Vec3| *sum = *sum + term * weight;
        total.scale += weight * self.by_scale;
        total.background += weight * self.by_background;
        total.kahn_factor += weight * self.by_kahn_factor;
        total.attenuation += weight * self.by_attenuation;
        add(&mut frame.electric, self.by_electric);
        add(&mut frame.magnetic, self.by_magnetic);
        if let Some(source) = total.sources.get_mut(i_source) {
            add(&mut source.incident, self.by_incident);
            source.wavelength += weight * self.by_wavelength;
            source.weight += weight * self.by_weight;
        }
        let layer = place.layer as f64;
        let thickness = scene.sensor.map_or(0.0, |sensor| sensor.layer_thickness);
        total.layer_thickness += weight * (self.by_layer_thickness + layer * panel.normal.dot(self.by_point));
        total.sphere_radius += weight * self.by_sphere.radius;
        add(&mut total.sphere_beam, self.by_sphere.beam);
        if let Some(out) = total.panels.get_mut(i_panel) {
            add(&mut out.origin, self.by_point);
            add(&mut out.normal, self.by_normal + self.by_point * (layer * thickness));
            add(&mut out.fast_axis, self.by_point * place.fast + self.by_sphere.fast_axis);
            add(&mut out.slow_axis, self.by_point * place.slow + self.by_sphere.slow_axis);
            out.close_distance += weight * self.by_close_distance;
        }
    }

    /// The derivative along a tangent of the scene, orientations, amplitudes and the shape of the crystal apart. `frame`: how
    /// the polarisation frame changes.
    pub(super) fn dot(
        &self,
        (scene, panel, place): (&Scene, &PanelTable, Place),
        (i_panel, i_source): (usize, usize),
        tangent: &SceneTangent,
        frame: Option<&PolarizationFrame>,
    ) -> f64 {
        let mut sum = self.by_scale * tangent.scale
            + self.by_background * tangent.background
            + self.by_kahn_factor * tangent.kahn_factor
            + self.by_attenuation * tangent.attenuation
            + self.by_sphere.radius * tangent.sphere_radius
            + self.by_sphere.beam.dot(tangent.sphere_beam);
        if let Some(frame) = frame {
            sum += self.by_electric.dot(frame.electric) + self.by_magnetic.dot(frame.magnetic);
        }
        if let Some(source) = tangent.sources.get(i_source) {
            sum += self.by_incident.dot(source.incident)
                + self.by_wavelength * source.wavelength
                + self.by_weight * source.weight;
        }
        let layer = place.layer as f64;
        if tangent.layer_thickness != 0.0 {
            let deeper = layer * panel.normal.dot(self.by_point);
            sum += tangent.layer_thickness * (self.by_layer_thickness + deeper);
        }
        if let Some(change) = tangent.panels.get(i_panel) {
            let depth = scene.sensor.map_or(0.0, |sensor| layer * sensor.layer_thickness);
            let moved =
                change.origin + change.normal * depth + change.fast_axis * place.fast + change.slow_axis * place.slow;
            sum += self.by_point.dot(moved)
                + self.by_normal.dot(change.normal)
                + self.by_sphere.fast_axis.dot(change.fast_axis)
                + self.by_sphere.slow_axis.dot(change.slow_axis)
                + self.by_close_distance * change.close_distance;
        }
        sum
    }
}
