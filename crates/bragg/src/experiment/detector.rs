//! The detector: a list of flat panels.

use crate::math::Vec3;
use crate::numbers::numbers;
use crate::real::Real;
use std::sync::Arc;

/// A window of pixels, both ends inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roi {
    /// First and last pixel along the fast axis.
    pub fast: [usize; 2],
    /// First and last pixel along the slow axis.
    pub slow: [usize; 2],
}

/// A flat, rectangular panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel<R = f64> {
    /// Its name.
    pub name: String,
    /// Corner of the first pixel (mm, laboratory frame).
    pub origin: Vec3<R>,
    /// Unit vector along rows: the direction in which the index changes fastest.
    pub fast_axis: Vec3<R>,
    /// Unit vector along columns.
    pub slow_axis: Vec3<R>,
    /// Unit vector across the plane, away from the sample: depth in the sensor is measured along it.
    pub normal: Vec3<R>,
    /// Edge of a (square) pixel (mm).
    pub pixel_size: f64,
    /// Number of pixels along the fast axis.
    pub n_fast: usize,
    /// Number of pixels along the slow axis.
    pub n_slow: usize,
    /// The pixels to compute; all when `None`. The others stay 0.
    pub roi: Option<Roi>,
    /// One flag a pixel, fast axis first: `false` is skipped and stays 0.
    pub mask: Option<Arc<[bool]>>,
}
numbers!(Panel {
    name: other,
    origin: part,
    fast_axis: part,
    slow_axis: part,
    normal: part,
    pixel_size: other,
    n_fast: other,
    n_slow: other,
    roi: other,
    mask: other,
});

impl Panel {
    /// A panel of `[fast, slow]` pixels from the corner of its first pixel (mm) and the directions of rows and columns, which are scaled to
    /// length 1. Depth in the sensor is measured across both, away from the sample.
    pub fn new(origin: Vec3, fast_axis: Vec3, slow_axis: Vec3, pixel_size: f64, [n_fast, n_slow]: [usize; 2]) -> Self {
        let (fast_axis, slow_axis) = (fast_axis.unit(), slow_axis.unit());
        let normal = fast_axis.cross(slow_axis).unit();
        let normal = if origin.dot(normal) < 0.0 { -normal } else { normal };
        let name = "panel 0".to_owned();
        Self { name, origin, fast_axis, slow_axis, normal, pixel_size, n_fast, n_slow, roi: None, mask: None }
    }
}

impl<R: Real> Panel<R> {
    /// Distance (mm) from the sample to the nearest point of the panel's plane.
    pub fn close_distance(&self) -> R {
        self.origin.dot(self.normal)
    }

    /// The position (mm) of a point at fast and slow coordinates in pixels from the corner of the first pixel.
    pub fn position(&self, fast: R, slow: R) -> Vec3<R> {
        let pixel_size = R::constant(self.pixel_size);
        self.origin + self.fast_axis * (fast * pixel_size) + self.slow_axis * (slow * pixel_size)
    }

    /// The position (mm) of the panel's middle.
    pub fn middle(&self) -> Vec3<R> {
        self.position(R::constant(self.n_fast as f64 / 2.0), R::constant(self.n_slow as f64 / 2.0))
    }

    /// Where the line from the sample along unit vector `along` meets the plane: fast and slow coordinates in pixels from the
    /// corner of the first pixel; `None` when it does not.
    pub fn intersection(&self, along: Vec3) -> Option<[f64; 2]> {
        let [origin, fast_axis, slow_axis] = [self.origin, self.fast_axis, self.slow_axis].map(Vec3::value);
        let plane = fast_axis.cross(slow_axis);
        let path = origin.dot(plane) / along.dot(plane);
        if !(path.is_finite() && path > 0.0) {
            return None;
        }
        let in_plane = along * path - origin;
        Some([fast_axis.dot(in_plane) / self.pixel_size, slow_axis.dot(in_plane) / self.pixel_size])
    }
}

/// At which depth a layer of the sensor is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SamplingDepth {
    /// At the mean depth of the photons that are absorbed in it along each ray.
    #[default]
    Mean,
    /// At its front, with the solid angle's obliquity that of the sensor's front: nanoBragg's.
    Entrance,
}

/// The sensitive layer, in which photons are absorbed at different depths.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sensor<R = f64> {
    /// Number of sub-layers that are sampled.
    pub n_layers: usize,
    /// Thickness of each sub-layer (mm).
    pub layer_thickness: R,
    /// Linear attenuation coefficient µ (1/mm).
    pub attenuation: R,
    /// Where each sub-layer is sampled; on a sphere, which rays cross along its normal, it makes no difference.
    pub sampling_depth: SamplingDepth,
}
numbers!(Sensor { n_layers: other, layer_thickness: number, attenuation: number, sampling_depth: other });

/// How the pixels lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curvature {
    /// In the panel's plane.
    Flat,
    /// On a sphere around the sample: each pixel keeps its distance along the plane from the beam's spot as an arc.
    Sphere,
    /// On a sphere around the sample, the way nanoBragg lays them: the beam vector of length `distance` is turned about the slow
    /// axis by P_y/distance and then about the fast axis by P_z/distance, P the point of the plane in its x ∥ beam frame.
    NanoBraggSphere,
}

/// The arm that carries the detector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arm<R = f64> {
    /// How far it is turned (deg).
    pub two_theta: R,
    /// What it turns about: unit vector, right-handed.
    pub axis: Vec3,
    /// A point of that axis (mm, laboratory frame).
    pub pivot: Vec3,
}
numbers!(Arm { two_theta: number, axis: other, pivot: other });

/// An arm that is not turned, about lab x through the sample.
impl<R: Real> Default for Arm<R> {
    fn default() -> Self {
        Self { two_theta: R::constant(0.0), axis: Vec3::new(1.0, 0.0, 0.0), pivot: Vec3::default() }
    }
}

/// A detector.
#[derive(Debug, Clone, PartialEq)]
pub struct Detector<R = f64> {
    /// Its panels; at least one.
    pub panels: Vec<Panel<R>>,
    /// The sensor, when photons are counted with its efficiency and parallax.
    pub sensor: Option<Sensor<R>>,
    /// Flat or on a sphere (one panel only).
    pub curvature: Curvature,
    /// Distance (mm) along the beam from the sample to the detector: the radius of a curved one.
    pub distance: R,
    /// What carries it.
    pub arm: Arm<R>,
    /// Whether pixels subtend 1/R² (per m²) whatever their size and obliquity.
    pub point_pixels: bool,
}
numbers!(Detector { panels: part, sensor: part, curvature: other, distance: number, arm: part, point_pixels: other });

impl Detector {
    /// A detector of flat panels that counts every photon at the surface. Its distance is that of the first panel's plane.
    pub fn new(panels: Vec<Panel>) -> Self {
        let distance = panels.first().map_or(0.0, Panel::close_distance);
        Self { panels, sensor: None, curvature: Curvature::Flat, distance, arm: Arm::default(), point_pixels: false }
    }

    /// One panel of `[fast, slow]` pixels of an edge `pixel_size` (mm) at a `distance` (mm), whose middle a beam along −z meets at a
    /// right angle. Rows run along x, columns along −y: the defaults of an experiment file.
    pub fn facing_beam(distance: f64, pixel_size: f64, pixels: [usize; 2]) -> Self {
        let [width, height] = pixels.map(|n| n as f64 * pixel_size);
        let (fast_axis, slow_axis) = (Vec3::new(1.0, 0.0, 0.0), Vec3::new(0.0, -1.0, 0.0));
        let origin = Vec3::new(-width / 2.0, height / 2.0, -distance);
        Self { distance, ..Self::new(vec![Panel::new(origin, fast_axis, slow_axis, pixel_size, pixels)]) }
    }
}
