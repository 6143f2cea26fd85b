//! Mosaic domains: what their rotations are fixed to, and how they spread.

#[path = "../../bragg/tests/common/mod.rs"]
mod common;

use bragg::experiment::{Experiment, MosaicFrame, MosaicSpread};
use bragg::image::Image;
use bragg::kernel::{self, Unwatched};
use bragg::math::{Mat3, Vec3};
use bragg::scene::Scene;
use bragg_io::description::{Origin, Resolved, resolve, toml};
use std::path::Path;

/// A crystal with domains, on one still exposure at `start` (deg).
fn still(frame: MosaicFrame, start: f64) -> Experiment {
    let mut experiment = common::experiment();
    experiment.crystal.mosaic.frame = frame;
    experiment.crystal.mosaic.spread = MosaicSpread::Gaussian { eta: 0.6 };
    let scan = &mut experiment.scan;
    (scan.axis, scan.first, scan.start, scan.step, scan.range, scan.n_steps) =
        (Vec3::new(0.36, 0.48, -0.8), start, start, 0.0, 0.0, 1);
    experiment
}

fn spindle(experiment: &Experiment, degrees: f64) -> Mat3 {
    Mat3::rotation(experiment.scan.axis, degrees.to_radians())
}

fn turned(rows: &Mat3, by: &Mat3) -> Mat3 {
    Mat3(rows.0.map(|row| by.apply(row)))
}

fn render(scene: &Scene) -> Vec<f64> {
    let image: Image<f64> = kernel::render(scene, &Unwatched).unwrap();
    image.pixels().copied().collect()
}

/// The largest difference, as a fraction of the brightest pixel.
fn difference(a: &[f64], b: &[f64]) -> f64 {
    let top = b.iter().copied().fold(0.0, f64::max);
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / top
}

fn assert_close(found: &[Mat3], expected: &[Mat3]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((0..3).all(|i| (found.0[i] - expected.0[i]).norm() < 1e-12), "{found:?} {expected:?}");
    }
}

#[test]
fn domains_turn_with_the_crystal() {
    let at_zero = still(MosaicFrame::Crystal, 0.0);
    let spindle = spindle(&at_zero, 35.0);
    let expected: Vec<Mat3> = Scene::new(&at_zero).orientations.iter().map(|rows| turned(rows, &spindle)).collect();
    assert_close(&Scene::new(&still(MosaicFrame::Crystal, 35.0)).orientations, &expected);
}

#[test]
fn nanobraggs_domains_stay_in_the_laboratory() {
    let at_zero = still(MosaicFrame::Laboratory, 0.0);
    let crystal = at_zero.crystal.real_space;
    let spindle = spindle(&at_zero, 35.0);
    // R_domain·R_φ·A, with the rotation of each domain from its orientation at spindle angle 0
    let at_zero = Scene::new(&at_zero).orientations;
    let expected = at_zero.iter().map(|rows| {
        let domain = rows.transposed() * crystal.reciprocal_rows();
        turned(&turned(&crystal, &spindle), &domain)
    });
    assert_close(&Scene::new(&still(MosaicFrame::Laboratory, 35.0)).orientations, &expected.collect::<Vec<_>>());
}

/// The crystal is turned by φ before it is put on the spindle, which then stands at −φ: the lattice lies as before, and the domains have
/// turned by −φ with the spindle. Where domains stay in the laboratory the two placements give the same image.
#[test]
fn two_placements_of_one_crystal_differ_by_the_turn_of_its_domains() {
    let image = |frame, turn: f64| {
        let mut experiment = still(frame, -turn);
        experiment.crystal.real_space = turned(&experiment.crystal.real_space, &spindle(&experiment, turn));
        render(&Scene::new(&experiment))
    };
    let fixed = Scene::new(&still(MosaicFrame::Crystal, 0.0));
    for turn in [25.0, 90.0] {
        let experiment = still(MosaicFrame::Crystal, 0.0);
        let (crystal, back) = (experiment.crystal.real_space, spindle(&experiment, -turn));
        let orientations = fixed.orientations.iter().map(|rows| {
            let domain = rows.transposed() * crystal.reciprocal_rows();
            turned(&crystal, &(back * domain * back.transposed()))
        });
        let domains_turned = Scene { orientations: orientations.collect(), ..fixed.clone() };
        assert!(difference(&image(MosaicFrame::Crystal, turn), &render(&domains_turned)) < 1e-9);
        assert!(difference(&image(MosaicFrame::Crystal, turn), &render(&fixed)) > 0.01, "the domains did not turn");
        assert!(difference(&image(MosaicFrame::Laboratory, turn), &render(&fixed)) < 1e-9);
    }
}

/// Neither the mean lattice nor a still at spindle angle 0 depends on the frame.
#[test]
fn frames_agree_where_nothing_turns() {
    let [crystal, laboratory] =
        [MosaicFrame::Crystal, MosaicFrame::Laboratory].map(|frame| Scene::new(&still(frame, 0.0)).orientations);
    assert_eq!(crystal, laboratory);
}

#[test]
fn each_frame_of_a_series_has_domains_of_its_own() {
    let orientations = |frame: u64, seed: u64| {
        let mut experiment = still(MosaicFrame::Crystal, 0.0);
        (experiment.scan.frame, experiment.crystal.mosaic.seed) = (frame, seed);
        Scene::new(&experiment).orientations
    };
    assert_eq!(orientations(7, 3), orientations(7, 3));
    for other in [orientations(8, 3), orientations(7, 4)] {
        assert!(orientations(7, 3).iter().zip(other).all(|(a, b)| *a != b));
    }
}

/// The rotation vectors (deg) of a scene's domains.
fn domain_vectors(experiment: &Experiment) -> Vec<Vec3> {
    let reciprocal = experiment.crystal.real_space.reciprocal_rows();
    let vector = |rows: &Mat3| {
        let domain = rows.transposed() * reciprocal;
        let [x, y, z] = domain.0;
        let twice = Vec3::new(z[1] - y[2], x[2] - z[0], y[0] - x[1]);
        let sine = twice.norm() / 2.0;
        let angle = sine.atan2((x[0] + y[1] + z[2] - 1.0) / 2.0);
        if sine > 0.0 { twice.unit() * angle.to_degrees() } else { Vec3::default() }
    };
    Scene::new(experiment).orientations.iter().map(vector).collect()
}

/// η of a Gaussian is the rms rotation about each axis, and 0.496 of a cap's half-width is (nanoBragg's distribution).
#[test]
fn domains_have_mean_zero_and_the_mosaicity_that_is_asked_for() {
    for (spread, rms) in [
        (MosaicSpread::Gaussian { eta: 0.1 }, 0.1),
        (MosaicSpread::Gaussian { eta: 3.0 }, 3.0),
        (MosaicSpread::Cap { half_width: 0.5 }, 0.248_189),
    ] {
        assert!((spread.rms_per_axis() - rms).abs() < 1e-6);
        for n_domains in [5, 6, 10, 12, 25, 100] {
            let mut experiment = still(MosaicFrame::Crystal, 0.0);
            (experiment.crystal.mosaic.spread, experiment.crystal.mosaic.n_domains) = (spread, n_domains);
            let vectors = domain_vectors(&experiment);
            let sum = vectors.iter().fold(Vec3::default(), |sum, v| sum + *v);
            assert!(sum.norm() < 1e-9, "{n_domains}: {sum:?}");
            assert!(vectors.iter().all(|v| v.norm() > 1e-3 * rms), "{n_domains}: a domain is not turned");
            for i in 0..3 {
                for j in 0..3 {
                    let found = vectors.iter().map(|v| v[i] * v[j]).sum::<f64>() / n_domains as f64;
                    let expected = if i == j { rms * rms } else { 0.0 };
                    assert!((found - expected).abs() < 1e-5 * rms * rms, "{n_domains}: {i} {j} {found} {expected}");
                }
            }
        }
    }
}

/// Whatever the shot, the mean orientation of twelve domains is the crystal's.
#[test]
fn stills_do_not_share_a_turn() {
    let mut experiment = still(MosaicFrame::Crystal, 0.0);
    (experiment.crystal.mosaic.spread, experiment.crystal.mosaic.n_domains) = (MosaicSpread::Gaussian { eta: 0.3 }, 12);
    for frame in 0..50 {
        experiment.scan.frame = frame;
        let mean = domain_vectors(&experiment).iter().fold(Vec3::default(), |sum, v| sum + *v * (1.0 / 12.0));
        assert!(mean.norm() < 1e-9, "{frame}: {mean:?}");
    }
}

#[test]
fn one_domain_is_not_turned() {
    let mut experiment = still(MosaicFrame::Crystal, 0.0);
    experiment.crystal.mosaic.n_domains = 1;
    assert_eq!(Scene::new(&experiment).orientations, [experiment.crystal.real_space]);
}

/// A small experiment with more lines.
fn resolved(lines: &str) -> Result<Resolved, String> {
    const EXPERIMENT: &str = "\
crystal.cell.a = 100\ncrystal.n_cells = 5\ncrystal.structure_factors.default = 100\nbeam.wavelength = 1\n\
detector.distance = 100\ndetector.pixels = [100, 200]\ndetector.pixel_size = 0.1\n";
    let text = format!("{EXPERIMENT}{lines}");
    toml::parse(&text, Path::new("x.toml")).and_then(resolve).map_err(|e| e.to_string())
}

#[test]
fn a_width_says_which_distribution_it_is_of() {
    let with = resolved;
    let mosaic = |lines: &str| with(lines).unwrap().experiment.crystal.mosaic;
    assert_eq!(mosaic("").spread, MosaicSpread::Gaussian { eta: 0.0 });
    assert_eq!(mosaic("crystal.mosaic.eta = \"0.2 deg\"").spread, MosaicSpread::Gaussian { eta: 0.2 });
    assert_eq!(mosaic("crystal.mosaic.half_width = 0.3").spread, MosaicSpread::Cap { half_width: 0.3 });
    assert_eq!(
        mosaic("crystal.mosaic.half_width = 0.3\ncrystal.mosaic.distribution = \"cap\"").spread,
        MosaicSpread::Cap { half_width: 0.3 }
    );
    for (lines, parts) in [
        (
            "crystal.mosaic.eta = 1\ncrystal.mosaic.half_width = 1",
            ["crystal.mosaic.half_width (x.toml:", "give only one"],
        ),
        (
            "crystal.mosaic.eta = 1\ncrystal.mosaic.distribution = \"cap\"",
            ["crystal.mosaic.eta (x.toml:", "give crystal.mosaic.half_width"],
        ),
        (
            "crystal.mosaic.half_width = 1\ncrystal.mosaic.distribution = \"gaussian\"",
            ["crystal.mosaic.half_width (x.toml:", "give crystal.mosaic.eta"],
        ),
        (
            "crystal.mosaic.eta = 1\ncrystal.mosaic.generator = \"nanobragg\"",
            ["crystal.mosaic.generator (x.toml:", "give crystal.mosaic.half_width instead of eta"],
        ),
        ("crystal.mosaic_spread = 1", ["crystal.mosaic_spread (x.toml:", "is called crystal.mosaic.half_width now"]),
    ] {
        let message = with(lines).expect_err(lines);
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
    // a later layer's width makes an earlier one, and its distribution, forgotten
    let mut description = with("crystal.mosaic.eta = 0.1").unwrap().description;
    description.set("crystal.mosaic.half_width", "0.2", Origin::Set).unwrap();
    assert_eq!(resolve(description).unwrap().experiment.crystal.mosaic.spread, MosaicSpread::Cap { half_width: 0.2 });
}

#[test]
fn domains_are_fixed_as_the_physics_has_it_unless_it_is_said() {
    let frame =
        |lines: &str| resolved(&format!("crystal.mosaic.eta = 0.1\n{lines}")).unwrap().experiment.crystal.mosaic.frame;
    assert_eq!(frame(""), MosaicFrame::Crystal);
    assert_eq!(frame("sampling.physics = \"nanobragg\""), MosaicFrame::Laboratory);
    assert_eq!(frame("crystal.mosaic.frame = \"laboratory\""), MosaicFrame::Laboratory);
    assert_eq!(frame("sampling.physics = \"nanobragg\"\ncrystal.mosaic.frame = \"crystal\""), MosaicFrame::Crystal);
}

#[test]
fn the_frame_goes_to_domains_and_noise() {
    let resolved = resolved("scan.frame = 12\nnoise.seed = 1").unwrap();
    assert_eq!((resolved.experiment.scan.frame, resolved.experiment.response.frame), (12, 12));
}
