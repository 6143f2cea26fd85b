//! Where photons are absorbed in the sensor: spots, totals and limits against what absorption along a ray gives.

mod common;

use bragg::experiment::{Curvature, Experiment, Physics, SamplingDepth, Sensor, Shape, UnitCell};
use bragg::image::Image;
use bragg::kernel::{self, Unwatched};
use bragg::math::{Mat3, Vec3};
use bragg::scene::Scene;
use common::unit;

/// Pixels of the detectors in the field (mm), by which shifts are told.
const PIXEL: f64 = 0.075;
/// Pixels in which spots are measured (mm).
const FINE: f64 = 0.002;
const N_FAST: usize = 500;
const N_SLOW: usize = 400;
const DISTANCE: f64 = 100.0;

/// Silicon of 0.45 mm at 12.66 keV, and less and more absorbing sensors: thickness (mm) and µ (1/mm).
const SENSORS: [[f64; 2]; 4] = [[0.45, 4.0], [0.32, 4.2], [0.45, 0.8], [0.75, 12.0]];

fn sensor(n_layers: usize, [thickness, attenuation]: [f64; 2], sampling_depth: SamplingDepth) -> Sensor {
    Sensor { n_layers, layer_thickness: thickness / n_layers as f64, attenuation, sampling_depth }
}

/// One round spot, much narrower than a pixel, of photons that leave the sample at `degrees` to the beam, `azimuth` from the fast axis, on a
/// window of [`FINE`] pixels around the place where they meet the front of a panel across the beam.
fn one_spot(degrees: f64, azimuth: f64) -> Experiment {
    let mut e = common::experiment();
    let beam = Vec3::new(0.0, 0.0, -1.0);
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let direction = Vec3::new(sine * azimuth.cos(), -sine * azimuth.sin(), -cosine);
    let q = (direction - beam) * (1.0 / 1.2);
    let edge = 40.0 / q.norm();
    // a along the scattering vector, of a length that puts (40, 0, 0) on the Ewald sphere
    let cell = UnitCell::new([edge, 60.0, 60.0, 90.0, 90.0, 90.0]).unwrap();
    let turn_axis = Vec3::new(1.0, 0.0, 0.0).cross(q.unit());
    let turn = Mat3::rotation(turn_axis.unit(), turn_axis.norm().atan2(q.unit()[0]));
    e.crystal.real_space = Mat3::from_rows(cell.basis().0.map(|axis| turn.apply(axis)));
    (e.crystal.shape, e.crystal.n_cells, e.crystal.mosaic.n_domains) = (Shape::Round, [24e3 / edge, 400.0, 400.0], 1);
    (e.structure_factors.grid, e.structure_factors.default_f) = (None, 100.0);
    e.beam.sources.truncate(1);
    e.beam.sources[0].weight = 1.0;
    (e.scan.first, e.scan.step, e.scan.n_steps, e.scan.range) = (0.0, 0.0, 1, 0.0);
    (e.sampling.oversample, e.detector.distance) = (1, DISTANCE);
    let panel = &mut e.detector.panels[0];
    (panel.pixel_size, panel.n_fast, panel.n_slow) = (FINE, N_FAST, N_SLOW);
    let front = direction * (DISTANCE / cosine);
    panel.origin =
        front - panel.fast_axis * (0.3 * N_FAST as f64 * FINE) - panel.slow_axis * (0.3 * N_SLOW as f64 * FINE);
    e
}

fn image(e: &Experiment) -> Vec<f64> {
    let image: Image<f64> = kernel::render(&Scene::new(e), &Unwatched).unwrap();
    image.pixels().copied().collect()
}

/// Photons, centre and standard deviation (mm along fast and slow, from where the photons meet the front).
fn moments(pixels: &[f64]) -> (f64, [f64; 2], [f64; 2]) {
    let (top, all) = pixels.iter().fold((0.0, 0.0), |(top, all), &photons| (f64::max(top, photons), all + photons));
    let mut sums = [0.0; 5];
    // without the tails, which reach beyond the window on one side before they do on the other
    for (i, &photons) in pixels.iter().enumerate().filter(|(_, photons)| **photons > 5e-4 * top) {
        let x = ((i % N_FAST) as f64 + 0.5 - 0.3 * N_FAST as f64) * FINE;
        let y = ((i / N_FAST) as f64 + 0.5 - 0.3 * N_SLOW as f64) * FINE;
        for (sum, factor) in sums.iter_mut().zip([1.0, x, y, x * x, y * y]) {
            *sum += photons * factor;
        }
    }
    let [total, x, y, xx, yy] = sums;
    let (x, y) = (x / total, y / total);
    (all, [x, y], [(xx / total - x * x).sqrt(), (yy / total - y * y).sqrt()])
}

/// How far (mm) into the sensor along a ray photons go that are absorbed, mean and standard deviation, and the captured fraction, by adding up
/// a hundred thousand slices.
fn along_ray([thickness, attenuation]: [f64; 2], cosine: f64) -> [f64; 3] {
    const N: i32 = 100_000;
    let length = thickness / cosine;
    let mut sums = [0.0; 3];
    for i in 0..N {
        let t = (f64::from(i) + 0.5) / f64::from(N) * length;
        let absorbed = attenuation * (-attenuation * t).exp() * length / f64::from(N);
        (0..3).for_each(|power| sums[power as usize] += absorbed * t.powi(power));
    }
    let [captured, mean, square] = sums;
    let mean = mean / captured;
    [mean, (square / captured - mean * mean).sqrt(), captured]
}

#[test]
fn a_spot_lies_where_its_photons_are_absorbed_and_one_layer_is_enough_for_that() {
    for (degrees, azimuth) in [(10.0_f64, 0.3_f64), (24.0, 0.0), (24.0, 0.7), (45.0, 1.1)] {
        let mut e = one_spot(degrees, azimuth);
        let (surface, at_front, narrow) = moments(&image(&e));
        assert!(at_front.iter().all(|x| x.abs() < 0.002 * PIXEL), "{at_front:?}");
        for layers in SENSORS {
            let [mean, spread, captured] = along_ray(layers, degrees.to_radians().cos());
            let [along_fast, along_slow] = [azimuth.cos(), azimuth.sin()].map(|part| part * degrees.to_radians().sin());
            for n_layers in [1, 2, 4, 40] {
                e.detector.sensor = Some(sensor(n_layers, layers, SamplingDepth::Mean));
                let (total, [x, y], width) = moments(&image(&e));
                let off = f64::hypot(x - along_fast * mean, y - along_slow * mean) / PIXEL;
                assert!(off < 0.01, "{degrees}° {layers:?}, {n_layers} layers: {off} pixels off");
                assert!((total / (surface * captured) - 1.0).abs() < 1e-3, "{total} {}", surface * captured);
                if n_layers == 40 {
                    let expected = f64::hypot(narrow[0], along_fast * spread);
                    assert!((width[0] / expected - 1.0).abs() < 0.04, "{width:?} {expected}");
                } else if n_layers == 1 {
                    // the parallax formula of dxtbx counts what passes through at depth 0
                    let t = layers[0] / degrees.to_radians().cos();
                    let dxtbx = 1.0 / layers[1] - (t + 1.0 / layers[1]) * (-layers[1] * t).exp();
                    let off = f64::hypot(x * captured - along_fast * dxtbx, y * captured - along_slow * dxtbx) / PIXEL;
                    assert!(off < 0.01, "{degrees}° {layers:?}: {off} pixels from dxtbx's");
                }
            }
        }
    }
}

#[test]
fn layers_sampled_at_their_fronts_leave_spots_where_they_enter() {
    let mut e = one_spot(24.0, 0.0);
    e.detector.sensor = Some(sensor(1, SENSORS[0], SamplingDepth::Entrance));
    let (_, [x, _], _) = moments(&image(&e));
    assert!(x.abs() < 0.002 * PIXEL);
    // forty fronts are, by half a layer, those of forty layers
    e.detector.sensor = Some(sensor(40, SENSORS[0], SamplingDepth::Entrance));
    let (_, [x, _], _) = moments(&image(&e));
    let [mean, ..] = along_ray(SENSORS[0], 24.0_f64.to_radians().cos());
    let half_a_layer = 0.45 / 80.0 * 24.0_f64.to_radians().tan();
    assert!((x + half_a_layer - 24.0_f64.to_radians().sin() * mean).abs() < 0.01 * PIXEL);
}

/// A tilted detector with some spots.
fn tilted() -> Experiment {
    let mut e = common::experiment();
    e.crystal.n_cells = [40.0, 50.0, 60.0];
    let panel = &mut e.detector.panels[0];
    (panel.fast_axis, panel.slow_axis) = (unit(0.9, 0.1, 0.3), unit(0.1, -0.99, 0.03));
    panel.slow_axis = (panel.slow_axis - panel.fast_axis * panel.slow_axis.dot(panel.fast_axis)).unit();
    panel.normal = panel.slow_axis.cross(panel.fast_axis).unit();
    if panel.origin.dot(panel.normal) < 0.0 {
        panel.normal = -panel.normal;
    }
    e
}

fn difference(a: &[f64], b: &[f64]) -> f64 {
    let top = a.iter().copied().fold(0.0, f64::max);
    assert!(top > 0.0);
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / top
}

#[test]
fn a_detector_twice_as_large_all_over_sees_the_same() {
    for n_layers in [1, 3] {
        let mut small = tilted();
        small.detector.sensor = Some(sensor(n_layers, [0.45, 4.0], SamplingDepth::Mean));
        let mut large = small.clone();
        large.detector.sensor = Some(sensor(n_layers, [0.9, 2.0], SamplingDepth::Mean));
        large.detector.distance *= 2.0;
        let panel = &mut large.detector.panels[0];
        (panel.origin, panel.pixel_size) = (panel.origin * 2.0, panel.pixel_size * 2.0);
        assert!(difference(&image(&small), &image(&large)) < 1e-9);
        // and one with the thickness alone doubled does not
        large.detector.sensor = Some(sensor(n_layers, [0.9, 4.0], SamplingDepth::Mean));
        assert!(difference(&image(&small), &image(&large)) > 1e-3);
    }
}

#[test]
fn sensors_without_depth_are_surfaces() {
    let surface = image(&tilted());
    let with = |layers| {
        let mut e = tilted();
        e.detector.sensor = Some(sensor(1, layers, SamplingDepth::Mean));
        image(&e)
    };
    // all is absorbed at once
    assert!(difference(&surface, &with([0.45, 1e9])) < 1e-6);
    // little is absorbed, in no depth: by thickness over cosine
    let thin = with([1e-9, 4.0]);
    let panel = &tilted().detector.panels[0];
    for (i, (&thin, &surface)) in thin.iter().zip(&surface).enumerate() {
        let point = panel.position((i % 24) as f64 + 0.5, (i / 24) as f64 + 0.5);
        let captured = 4e-9 / point.unit().dot(panel.normal);
        // sub-pixels differ in obliquity
        assert!((thin - surface * captured).abs() < 0.02 * surface * captured, "pixel {i}");
    }
    assert!(with([0.0, 4.0]).iter().all(|&photons| photons == 0.0));
}

#[test]
fn deeper_points_of_a_detector_across_the_beam_see_the_same_background_from_further_off() {
    // µ so small that the mean is the middle: a point on the beam is then half a thickness further from the sample
    let mut e = common::experiment();
    e.structure_factors.grid = None;
    e.structure_factors.default_f = 0.0;
    (e.water_volume, e.sampling.oversample, e.beam.polarization) = (1e-3, 1, None);
    let panel = &mut e.detector.panels[0];
    (panel.pixel_size, panel.n_fast, panel.n_slow) = (0.01, 1, 1);
    panel.origin = Vec3::new(-0.005, 0.005, -60.0);
    let surface = image(&e)[0];
    e.detector.sensor = Some(sensor(1, [3.0, 1e-4], SamplingDepth::Mean));
    let captured = 1.0 - (-3e-4_f64).exp();
    assert!((image(&e)[0] / (surface * captured) / (60.0 / 61.5_f64).powi(2) - 1.0).abs() < 1e-4);
}

#[test]
fn rays_cross_a_curved_sensor_along_its_normal() {
    let mut e = common::experiment();
    e.detector.curvature = Curvature::Sphere;
    let surface = image(&e);
    e.detector.sensor = Some(sensor(1, [0.45, 4.0], SamplingDepth::Mean));
    let captured = 1.0 - (-1.8_f64).exp();
    let expected: Vec<f64> = surface.iter().map(|photons| photons * captured).collect();
    assert!(difference(&image(&e), &expected) < 1e-12);
}

#[test]
fn both_physics_have_the_same_depth_where_nothing_else_differs() {
    for depth in [SamplingDepth::Mean, SamplingDepth::Entrance] {
        let mut e = tilted();
        e.sampling.oversample = 1;
        e.beam.sources.truncate(1);
        e.beam.sources[0].weight = 1.0;
        e.detector.sensor = Some(sensor(1, [0.45, 4.0], depth));
        let correct = image(&e);
        e.sampling.physics = Physics::NanoBragg;
        assert!(difference(&image(&e), &correct) < 1e-14);
    }
}
