//! Which reflections fall on the detector, against a plain loop over all pixels.

mod common;

use bragg::experiment::coverage::coverage;
use bragg::experiment::{Experiment, Roi, UnitCell};
use bragg::math::{Mat3, Vec3};
use bragg::reflections::Reflections;
use common::experiment;
use std::collections::BTreeSet;

/// The nearest reflection of every pixel's middle, one by one, at every spindle step.
fn nearest_to_pixels(experiment: &Experiment) -> BTreeSet<[i32; 3]> {
    let mut found = BTreeSet::new();
    for i_step in 0..experiment.scan.n_steps {
        let phi = (experiment.scan.first + experiment.scan.step * i_step as f64).to_radians();
        let rotation = Mat3::rotation(experiment.scan.axis, phi);
        let [a, b, c] = experiment.crystal.real_space.0.map(|edge| rotation.apply(edge));
        for panel in &experiment.detector.panels {
            for i in 0..panel.n_fast * panel.n_slow {
                let (fast, slow) = ((i % panel.n_fast) as f64 + 0.5, (i / panel.n_fast) as f64 + 0.5);
                let position = panel.origin
                    + panel.fast_axis * (fast * panel.pixel_size)
                    + panel.slow_axis * (slow * panel.pixel_size);
                let q = (position.unit() + experiment.beam.direction) * (1.0 / experiment.beam.wavelength);
                if experiment.sampling.d_min == 0.0 || 1.0 / q.norm() >= experiment.sampling.d_min {
                    found.insert([a, b, c].map(|edge| edge.dot(q).round() as i32));
                }
            }
        }
    }
    found.remove(&[0; 3]);
    found.retain(|hkl| resolution(experiment, *hkl) >= experiment.sampling.d_min);
    found
}

/// 1/d = |h a* + k b* + l c*|.
fn resolution(experiment: &Experiment, hkl: [i32; 3]) -> f64 {
    let [h, k, l] = hkl.map(f64::from);
    let [a, b, c] = experiment.crystal.reciprocal().0;
    1.0 / (a * h + b * k + c * l).norm()
}

fn cube(n: i32) -> Vec<([i32; 3], f64)> {
    let axis = || -n..=n;
    axis().flat_map(|h| axis().flat_map(move |k| axis().map(move |l| ([h, k, l], 1.0)))).collect()
}

#[test]
fn small_detectors_are_looked_at_pixel_by_pixel() {
    let experiment = experiment();
    let there = nearest_to_pixels(&experiment);
    let list = cube(4);
    let missing: Vec<_> = there.iter().filter(|hkl| hkl.iter().any(|index| index.abs() > 4)).collect();
    let found = coverage(&experiment, &Reflections { list, ..Reflections::default() });
    assert!(missing.len() > 10 && missing.len() < there.len());
    assert_eq!((found.on_detector, found.missing), (there.len(), missing.len()));
    let coarsest = missing.into_iter().map(|&hkl| resolution(&experiment, hkl)).fold(0.0, f64::max);
    assert!((found.coarsest_missing.unwrap() / coarsest - 1.0).abs() < 1e-12);
}

#[test]
fn a_complete_list_misses_nothing() {
    let experiment = experiment();
    let found = coverage(&experiment, &Reflections { list: cube(30), ..Reflections::default() });
    assert_eq!((found.missing, found.coarsest_missing), (0, None));
    assert!(found.on_detector > 0);
}

#[test]
fn systematic_absences_are_not_missing() {
    let experiment = experiment();
    // body-centred: h + k + l even
    let symmetry = vec!["x,y,z".parse().unwrap(), "x+1/2,y+1/2,z+1/2".parse().unwrap()];
    let there = nearest_to_pixels(&experiment);
    let even = there.iter().filter(|hkl| hkl.iter().sum::<i32>() % 2 == 0).count();
    let found = coverage(&experiment, &Reflections { symmetry, ..Reflections::default() });
    assert_eq!((found.on_detector, found.missing), (even, even));
}

#[test]
fn what_is_not_computed_is_not_missing() {
    let mut experiment = experiment();
    experiment.sampling.d_min = 12.0;
    let none = Reflections::default();
    assert_eq!(coverage(&experiment, &none).missing, nearest_to_pixels(&experiment).len());
    let whole = coverage(&experiment, &none).missing;
    experiment.detector.panels[0].roi = Some(Roi { fast: [0, 3], slow: [0, 19] });
    assert!(coverage(&experiment, &none).missing < whole);
}

#[test]
fn large_detectors_are_looked_at_here_and_there_but_nothing_much_is_overlooked() {
    let mut experiment = experiment();
    let cell = UnitCell::new([79.0, 79.0, 38.0, 90.0, 90.0, 90.0]).unwrap();
    experiment.crystal.real_space =
        Mat3::from_rows(cell.basis().0.map(|edge| edge.rotated(Vec3::new(0.6, 0.0, 0.8), 0.7)));
    let panel = &mut experiment.detector.panels[0];
    (panel.n_fast, panel.n_slow, panel.pixel_size) = (600, 500, 0.1);
    let there = nearest_to_pixels(&experiment).len();
    let found = coverage(&experiment, &Reflections::default()).on_detector;
    assert!(found <= there && found as f64 > 0.95 * there as f64, "{found} of {there}");

    let panel = &mut experiment.detector.panels[0];
    (panel.n_fast, panel.n_slow, panel.pixel_size) = (6000, 5000, 0.01);
    experiment.scan.n_steps = 10_000;
    experiment.scan.step = 1.2 / 10_000.0;
    let found = coverage(&experiment, &Reflections::default()).on_detector;
    assert!(found as f64 > 0.9 * there as f64, "{found}");
}
