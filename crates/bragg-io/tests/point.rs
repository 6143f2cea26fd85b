//! Experiments far from where they started: derivatives there are those of the image as a function of the values.

use bragg::experiment::Experiment;
use bragg::gradient::{Parameter, Point};
use bragg::image::Image;
use bragg::kernel::{self, Unwatched};
use bragg::scene::Scene;
use bragg_io::description::{resolve, toml};
use std::path::Path;

/// A square crystal, which is smooth, at indices above 30.
fn experiment() -> Experiment {
    let text = "
        crystal.cell = {a = 121, b = 63, c = 52, alpha = 88, beta = 95, gamma = 103}
        crystal.misset = [10, 25, 40]
        crystal.n_cells = [4, 6, 5]
        crystal.structure_factors.default = 100
        beam.wavelength = 0.9
        beam.fluence = 1e28
        detector.distance = 90
        detector.pixels = [12, 10]
        detector.pixel_size = 2.1
        detector.beam_center = [-0.7, -1.2]
        sampling.oversample = 1
    ";
    resolve(toml::parse(text, Path::new("point.toml")).unwrap()).unwrap().experiment
}

const NAMES: [&str; 14] = [
    "crystal.cell.a",
    "crystal.cell.gamma",
    "crystal.orientation.x",
    "crystal.orientation.y",
    "crystal.orientation.z",
    "crystal.scale",
    "beam.wavelength",
    "beam.direction.x",
    "beam.direction.y",
    "detector.distance",
    "detector.beam_center.fast",
    "detector.rotation.x",
    "detector.rotation.y",
    "detector.rotation.z",
];
/// From the experiment's values; rotations are so large that their order would matter.
const AWAY: [f64; 14] = [-3.0, -4.0, 9.0, -14.0, 6.0, 0.7, 0.01, 2.0, -3.0, 4.0, 1.5, -6.0, 8.0, 5.0];
const STEPS: [f64; 14] = [0.01, 0.01, 5e-3, 5e-3, 5e-3, 0.1, 2e-4, 5e-3, 5e-3, 0.05, 5e-3, 5e-3, 5e-3, 5e-3];

fn parameters() -> Vec<Parameter> {
    NAMES.iter().map(|name| Parameter::parse(name).unwrap()).collect()
}

fn values(base: &Experiment, parameters: &[Parameter]) -> Vec<f64> {
    parameters.iter().zip(AWAY).map(|(parameter, by)| parameter.value(base).unwrap() + by).collect()
}

fn image(base: &Experiment, parameters: &[Parameter], values: &[f64]) -> Vec<f64> {
    let point = Point::new(base, parameters, values).unwrap();
    kernel::render::<f64>(&Scene::new(point.experiment()), &Unwatched).unwrap().pixels().copied().collect()
}

fn norm(pixels: &[f64]) -> f64 {
    pixels.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// Central differences extrapolated twice to no step.
fn difference(f: impl Fn(f64) -> Vec<f64>, step: f64) -> Vec<f64> {
    let central = |h: f64| -> Vec<f64> { f(h).iter().zip(f(-h)).map(|(a, b)| (a - b) / (2.0 * h)).collect() };
    let better = |fine: &[f64], coarse: &[f64], order: f64| -> Vec<f64> {
        fine.iter().zip(coarse).map(|(fine, coarse)| fine + (fine - coarse) / (order - 1.0)).collect()
    };
    let [a, b, c] = [step, step / 2.0, step / 4.0].map(central);
    better(&better(&c, &b, 4.0), &better(&b, &a, 4.0), 16.0)
}

#[test]
fn derivatives_far_away_are_those_of_the_values() {
    let (base, parameters) = (experiment(), parameters());
    let there = values(&base, &parameters);
    let point = Point::new(&base, &parameters, &there).unwrap();
    let found = point.derivative_images(&Unwatched).unwrap();
    assert!(norm(&image(&base, &parameters, &there)) > 100.0);
    for (i, name) in NAMES.iter().enumerate() {
        let moved = |by: f64| {
            let mut values = there.clone();
            values[i] += by;
            image(&base, &parameters, &values)
        };
        let expected = difference(moved, STEPS[i]);
        let off: Vec<f64> = found.derivatives[i].pixels().zip(&expected).map(|(a, b)| a - b).collect();
        assert!(norm(&off) < 1e-6 * norm(&expected), "{name}: {:e} of {:e}", norm(&off), norm(&expected));
    }
}

#[test]
fn both_sweeps_agree_far_away() {
    let (base, parameters) = (experiment(), parameters());
    let there = values(&base, &parameters);
    let point = Point::new(&base, &parameters, &there).unwrap();
    let found = point.derivative_images(&Unwatched).unwrap();
    let mut cotangent: Image<f64> = found.image.clone();
    cotangent.panels[0].pixels_mut().iter_mut().enumerate().for_each(|(i, w)| *w = ((i * 37 % 11) as f64 - 5.0) / 5.0);
    let gradient = point.gradient(&cotangent, false, &Unwatched).unwrap();
    let direction: Vec<f64> = STEPS.iter().map(|step| 1.0 / step.max(0.1)).collect();
    let along = point.jvp(&direction, &Unwatched).unwrap();
    let dot = |image: &Image<f64>| image.pixels().zip(cotangent.pixels()).map(|(a, b)| a * b).sum::<f64>();
    for (i, name) in NAMES.iter().enumerate() {
        let size: f64 = found.derivatives[i].pixels().zip(cotangent.pixels()).map(|(a, b)| (a * b).abs()).sum();
        assert!((gradient.by_parameter[i] - dot(&found.derivatives[i])).abs() < 1e-10 * size, "{name}");
    }
    let expected: f64 = gradient.by_parameter.iter().zip(&direction).map(|(a, b)| a * b).sum();
    assert!((dot(&along) - expected).abs() < 1e-9 * expected.abs(), "{} {expected}", dot(&along));
}

#[test]
fn what_is_no_point_is_refused() {
    let (base, a) = (experiment(), [Parameter::parse("crystal.cell.a").unwrap()]);
    let refused = |values: &[f64]| Point::new(&base, &a, values).unwrap_err().to_string();
    assert!(refused(&[-1.0]).contains("crystal.cell.a") && refused(&[-1.0]).contains("greater than 0"));
    assert!(refused(&[f64::NAN]).contains("NaN"));
    assert!(refused(&[]).contains("0 for 1 parameters"));
    let point = Point::new(&base, &a, &[60.0]).unwrap();
    for direction in [&[][..], &[1.0, 2.0]] {
        let error = point.jvp(direction, &Unwatched).unwrap_err().to_string();
        assert!(error.contains("direction") && error.contains("for 1 parameters"), "{error}");
    }
    let angles = ["crystal.cell.alpha", "crystal.cell.beta"].map(|name| Parameter::parse(name).unwrap());
    let error = Point::new(&base, &angles, &[1.0, 170.0]).unwrap_err().to_string();
    assert!(error.contains("no volume") && error.contains("crystal.cell.alpha, crystal.cell.beta"), "{error}");
    // top hats can be moved although they have no derivatives
    let tophat = {
        let mut other = base.clone();
        other.crystal.shape = bragg::experiment::Shape::Tophat;
        other
    };
    assert!(Point::new(&tophat, &a, &[120.0]).is_err() && Point::of(&tophat, &a, &[120.0]).is_ok());
}
