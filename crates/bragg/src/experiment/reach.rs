//! How far into reciprocal space a detector sees.

use super::{Beam, Curvature, Detector, Panel};
use std::f64::consts::PI;

/// Points of a panel that are looked at along each axis. The largest angle is at a corner of all panels but those behind the sample.
const POINTS: usize = 9;

/// The finest spacing d (Å) that scatters into a pixel to be computed, by Bragg's law d = λ/(2 sin θ) for the largest angle 2θ between
/// pixels and sources and the shortest wavelength. A bound from below: angles of sources and pixels are added as if they lay in one
/// plane.
pub fn finest_resolution(detector: &Detector, beam: &Beam) -> f64 {
    let angle = |a: crate::math::Vec3, b: crate::math::Vec3| a.unit().dot(b.unit()).clamp(-1.0, 1.0).acos();
    let off_axis = beam.sources.iter().map(|source| angle(source.direction, beam.direction)).fold(0.0, f64::max);
    let to_pixels = detector.panels.iter().map(|panel| largest_angle(panel, detector, beam)).fold(0.0, f64::max);
    let wavelength = beam.sources.iter().map(|source| source.wavelength).fold(beam.wavelength, f64::min);
    wavelength / (2.0 * ((to_pixels + off_axis).min(PI) / 2.0).sin())
}

/// The largest angle between the beam and a pixel (rad).
fn largest_angle(panel: &Panel, detector: &Detector, beam: &Beam) -> f64 {
    let whole = [[0, panel.n_fast.saturating_sub(1)], [0, panel.n_slow.saturating_sub(1)]];
    let [fast, slow] = panel.roi.map_or(whole, |roi| [roi.fast, roi.slow]);
    let within = |[first, last]: [usize; 2], x: f64| x >= first as f64 && x <= last as f64 + 1.0;
    if let Some([x, y]) = panel.intersection(beam.direction)
        && within(fast, x)
        && within(slow, y)
    {
        return PI;
    }
    let along = |[first, last]: [usize; 2], i: usize| {
        first as f64 + (last as f64 + 1.0 - first as f64) * i as f64 / (POINTS - 1) as f64
    };
    let points = (0..POINTS).flat_map(|i| (0..POINTS).map(move |j| (i, j)));
    let angle = |(i, j)| {
        let position = panel.position(along(fast, i), along(slow, j));
        let depth = position.dot(beam.propagation());
        let radius = (position - beam.propagation() * depth).norm();
        match detector.curvature {
            Curvature::Flat => radius.atan2(depth),
            // the distance along the plane becomes an arc
            Curvature::Sphere => (radius / detector.distance.abs()).min(PI),
            // two arcs, one after the other, whose angles are together at most √2 times the one
            Curvature::NanoBraggSphere => (2.0_f64.sqrt() * radius / detector.distance.abs()).min(PI),
        }
    };
    points.map(angle).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::detector::Arm;
    use crate::experiment::{Roi, Source};
    use crate::math::Vec3;

    fn beam(sources: &[(Vec3, f64)]) -> Beam {
        let source = |&(direction, wavelength): &(Vec3, f64)| Source { direction, wavelength, weight: 1.0 };
        let sources = sources.iter().map(source).collect();
        Beam {
            direction: Vec3::new(0.0, 0.0, 1.0),
            wavelength: 1.0,
            fluence: 1.0,
            polarization: None,
            sources,
            spread: None,
        }
    }

    /// 200 × 100 pixels of 1 mm with a corner on the beam.
    fn detector(distance: f64) -> Detector {
        let panel = Panel {
            name: String::new(),
            origin: Vec3::new(0.0, 0.0, -distance),
            fast_axis: Vec3::new(1.0, 0.0, 0.0),
            slow_axis: Vec3::new(0.0, -1.0, 0.0),
            normal: Vec3::new(0.0, 0.0, -distance.signum()),
            pixel_size: 1.0,
            n_fast: 200,
            n_slow: 100,
            roi: None,
            mask: None,
        };
        Detector {
            panels: vec![panel],
            sensor: None,
            curvature: Curvature::Flat,
            distance,
            point_pixels: false,
            arm: Arm::default(),
        }
    }

    #[test]
    fn the_far_corner_sees_the_finest_spacing() {
        let axis = Vec3::new(0.0, 0.0, 1.0);
        let one = beam(&[(axis, 1.0)]);
        let bragg = |two_theta: f64, wavelength: f64| wavelength / (2.0 * (two_theta / 2.0).sin());
        let near = |d: f64, expected: f64| assert!((d / expected - 1.0).abs() < 1e-12, "{d} and not {expected}");
        let far_corner = f64::hypot(200.0, 100.0).atan2(100.0);
        near(finest_resolution(&detector(100.0), &one), bragg(far_corner, 1.0));
        // a second source with a shorter wavelength, 0.1 rad off
        let two = beam(&[(axis, 1.0), (Vec3::new(0.1_f64.sin(), 0.0, 0.1_f64.cos()), 0.8)]);
        near(finest_resolution(&detector(100.0), &two), bragg(far_corner + 0.1, 0.8));
        let mut part = detector(100.0);
        part.panels[0].roi = Some(Roi { fast: [0, 49], slow: [0, 0] });
        near(finest_resolution(&part, &one), bragg(f64::hypot(50.0, 1.0).atan2(100.0), 1.0));
        // behind the sample, around the beam: everything up to half the wavelength
        near(finest_resolution(&detector(-100.0), &one), 0.5);
        let curved = Detector { curvature: Curvature::Sphere, ..detector(100.0) };
        near(finest_resolution(&curved, &one), bragg(f64::hypot(2.0, 1.0), 1.0));
    }
}
