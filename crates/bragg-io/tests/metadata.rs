//! What headers say of resolved experiments.

use bragg::math::Vec3;
use bragg_io::description::{Resolved, resolve, toml};
use bragg_io::formats::{Metadata, Placement, Sensor};
use std::path::Path;

const REST: &str =
    "crystal.cell = [70]\ncrystal.n_cells = 5\ncrystal.structure_factors.default = 1\nbeam.fluence = 1e20\n";

fn resolved(text: &str) -> Resolved {
    resolve(toml::parse(&format!("{REST}{text}"), Path::new("x.toml")).unwrap()).unwrap()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

#[test]
fn an_ordinary_detector_is_what_was_given() {
    let found = resolved(
        "beam.wavelength = 0.98\ndetector.preset = \"eiger2-4m\"\ndetector.distance = 150\ndetector.beam_center = [1000.5, 1100]\n\
         scan.start = 10\nscan.range = 0.5\nscan.steps = 3\nnoise.adc_offset = 40\nnoise.gain = 2\nnoise.saturation = 60000\n",
    )
    .metadata();
    assert!(close(found.distance, 150.0) && close(found.beam_center.0, 1000.5) && close(found.beam_center.1, 1100.0));
    let expected = Metadata {
        phi_start: 10.0,
        oscillation_width: 0.5,
        sensor: Some(Sensor { material: "Si".to_owned(), thickness: 0.45 }),
        adc_offset: Some(40.0),
        gain: 2.0,
        saturation: Some(60000.0),
        panels: vec![Placement {
            origin: Vec3::new(-75.0375, 82.5, -150.0),
            fast_axis: Vec3::new(1.0, 0.0, 0.0),
            slow_axis: Vec3::new(0.0, -1.0, 0.0),
            pixel_size: 0.075,
        }],
        ..Metadata::new(0.98, found.distance, found.beam_center, 0.075)
    };
    assert_eq!(found, expected);
    assert!(found.is_normal_to_beam());
}

#[test]
fn a_detector_turned_about_the_sample() {
    // 100 mm, 20 degrees: the beam meets the plane at 100 / cos 20°, 100 tan 20° from the nearest point
    let found = resolved(
        "beam.wavelength = 1\ndetector.pixels = [1000, 1000]\ndetector.pixel_size = 0.1\ndetector.distance = 100\ndetector.two_theta = 20\n\
         detector.two_theta_axis = [0, 1, 0]\n",
    )
    .metadata();
    let angle = 20f64.to_radians();
    assert!(close(found.distance, 100.0 / angle.cos()) && close(found.close_distance.unwrap(), 100.0));
    assert!(close((found.beam_center.0 - 500.0).abs(), 1000.0 * angle.tan()) && close(found.beam_center.1, 500.0));
    assert_eq!(found.two_theta, 20.0);
    assert!(!found.is_normal_to_beam());
}

#[test]
fn detectors_that_headers_cannot_describe_say_so() {
    let flat = "beam.wavelength = 1\ndetector.pixels = [10, 10]\ndetector.pixel_size = 0.1\n";
    let metadata = |text: &str| resolved(&format!("{flat}{text}")).metadata();
    assert!(metadata("detector.distance = 100\ndetector.tilt = [0, 1, 0]").tilted);
    assert!(metadata("detector.distance = 100\ndetector.curvature = \"sphere\"").tilted);
    assert!(
        !metadata("detector.distance = 100\ndetector.fast_axis = [0, 1, 0]\ndetector.slow_axis = [1, 0, 0]").tilted
    );
    let panel = "[[detector.panel]]\norigin = [-0.5, 0.5, -100]\nfast_axis = [1, 0, 0]\nslow_axis = [0, -1, 0]\n";
    let one = metadata(panel);
    assert!(!one.tilted && close(one.beam_center.0, 5.0) && close(one.distance, 100.0));
    assert!(metadata(&format!("{panel}{panel}")).tilted);
}

#[test]
fn a_detector_before_the_sample_is_at_a_negative_distance() {
    let found = resolved(
        "beam.wavelength = 1\ndetector.pixels = [10, 10]\ndetector.pixel_size = 0.1\ndetector.distance = -50\ndetector.beam_center = [3, 4]\n",
    )
    .metadata();
    assert!(close(found.distance, -50.0) && close(found.beam_center.0, 3.0) && close(found.beam_center.1, 4.0));
    assert_eq!(found.ring_radius(5.0), None);
}

#[test]
fn a_detector_along_the_beam_has_its_nearest_point() {
    let found = resolved(
        "beam.wavelength = 1\n[[detector.panel]]\norigin = [80, -2, -3]\nfast_axis = [0, 1, 0]\nslow_axis = [0, 0, 1]\npixels = [10, 10]\npixel_size = 0.5\n",
    )
    .metadata();
    assert!(found.tilted && close(found.distance.abs(), 80.0), "{found:?}");
    assert!(close(found.beam_center.0, 4.0) && close(found.beam_center.1, 6.0));
}
