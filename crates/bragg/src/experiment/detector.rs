//! The detector: a list of flat panels.

use crate::math::Vec3;
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
pub struct Panel {
    /// Its name.
    pub name: String,
    /// Corner of the first pixel (mm, laboratory frame).
    pub origin: Vec3,
    /// Unit vector along rows: the direction in which the index changes fastest.
    pub fast_axis: Vec3,
    /// Unit vector along columns.
    pub slow_axis: Vec3,
    /// Unit vector across the plane, away from the sample: depth in the sensor is measured along it.
    pub normal: Vec3,
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

impl Panel {
    /// Distance (mm) from the sample to the nearest point of the panel's plane.
    pub fn close_distance(&self) -> f64 {
        self.origin.dot(self.normal)
    }

    /// Where the line from the sample along unit vector `along` meets the plane: fast and slow coordinates in pixels from the
    /// corner of the first pixel; `None` when it does not.
    pub fn intersection(&self, along: Vec3) -> Option<[f64; 2]> {
        let plane = self.fast_axis.cross(self.slow_axis);
        let path = self.origin.dot(plane) / along.dot(plane);
        if !(path.is_finite() && path > 0.0) {
            return None;
        }
        let in_plane = along * path - self.origin;
        let (fast, slow) = (self.fast_axis.dot(in_plane), self.slow_axis.dot(in_plane));
        Some([fast / self.pixel_size, slow / self.pixel_size])
    }

    /// The position (mm) of a point at fast and slow coordinates in pixels from the corner of the first pixel.
    pub fn position(&self, fast: f64, slow: f64) -> Vec3 {
        self.origin + self.fast_axis * (fast * self.pixel_size) + self.slow_axis * (slow * self.pixel_size)
    }
}

/// The sensitive layer, in which photons are absorbed at different depths.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sensor {
    /// Number of sub-layers that are sampled.
    pub n_layers: usize,
    /// Thickness of each sub-layer (mm).
    pub layer_thickness: f64,
    /// Linear attenuation coefficient µ (1/mm).
    pub attenuation: f64,
}

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

/// A detector.
#[derive(Debug, Clone, PartialEq)]
pub struct Detector {
    /// Its panels; at least one.
    pub panels: Vec<Panel>,
    /// The sensor, when photons are counted with its efficiency and parallax.
    pub sensor: Option<Sensor>,
    /// Flat or on a sphere (one panel only).
    pub curvature: Curvature,
    /// Distance (mm) along the beam from the sample to the detector: the radius of a curved one.
    pub distance: f64,
    /// Whether pixels subtend 1/R² (per m²) whatever their size and obliquity.
    pub point_pixels: bool,
}
