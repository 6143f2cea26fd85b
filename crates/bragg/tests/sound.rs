//! Whatever the fields of an experiment hold, there is an error or an image of finite numbers: no panic, no endless work, no NaN.

mod common;

use bragg::experiment::beam::{Spread, TickSample, Ticks};
use bragg::experiment::{
    BackendChoice, Beam, Crystal, Curvature, Detector, Experiment, Interpolation, Mosaic, MosaicSpread, Panel, Physics,
    Roi, RunningFactors, SamplingDepth, Scan, Sensor, Shape, StructureFactors, UnitCell,
};
use bragg::gradient::Parameter;
use bragg::image::Image;
use bragg::kernel::{self, Backend, Unwatched};
use bragg::math::{Mat3, Vec3};
use bragg::real::Dual;
use bragg::reflections::AmplitudeGrid;
use bragg::scene::Scene;
use common::{experiment, unit};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::sync::Arc;

/// A change of an experiment.
type Change = fn(&mut Experiment);

/// A change of a scene.
type SceneChange = fn(&mut Scene);

fn grid(n: i32, amplitudes: usize) -> Option<Arc<AmplitudeGrid>> {
    Some(Arc::new(AmplitudeGrid { min: [-n; 3], max: [n; 3], amplitudes: vec![3.0; amplitudes] }))
}

fn ticks(range: f64, n_steps: usize) -> Ticks {
    Ticks { range, step: range / n_steps as f64, n_steps, sample: TickSample::Midpoint }
}

fn spread(dispersion: Ticks) -> Spread {
    Spread { horizontal: Ticks::ONE, vertical: Ticks::ONE, round: true, dispersion, e_vector: unit(1.0, 0.0, 0.0) }
}

fn sensor(n_layers: usize, layer_thickness: f64, attenuation: f64) -> Option<Sensor> {
    Some(Sensor { n_layers, layer_thickness, attenuation, sampling_depth: SamplingDepth::Mean })
}

// tidy: long because it is one table
/// Every fault with its key and a word of what was given.
#[test]
fn faults_are_refused_by_key_and_value() {
    let faults: &[(&str, &str, Change)] = &[
        ("crystal.cell", "volume", |e| e.crystal.real_space.0[2] = e.crystal.real_space.0[0]),
        ("crystal.cell", "NaN", |e| e.crystal.real_space.0[0].0[1] = f64::NAN),
        // the inverse of the volume is no number
        ("crystal.cell", "1e-105", |e| e.crystal.real_space = Mat3(Mat3::IDENTITY.0.map(|row| row * 1e-105))),
        ("crystal.n_cells", "is 0", |e| e.crystal.n_cells[1] = 0.0),
        ("crystal.n_cells", "is inf", |e| e.crystal.n_cells[1] = f64::INFINITY),
        ("crystal.fudge", "is -1", |e| e.crystal.fudge = -1.0),
        ("crystal.n_blocks", "is 0", |e| e.crystal.n_blocks = 0.0),
        ("crystal.scale", "is NaN", |e| e.crystal.scale = f64::NAN),
        ("crystal.mosaic.domains", "is 0", |e| e.crystal.mosaic.n_domains = 0),
        ("crystal.mosaic.domains", "at most", |e| e.crystal.mosaic.n_domains = 2_000_000_000),
        ("crystal.mosaic.eta", "is 1e300", |e| e.crystal.mosaic.spread = MosaicSpread::Gaussian { eta: 1e300 }),
        ("crystal.mosaic.half_width", "is 200", |e| {
            e.crystal.mosaic.spread = MosaicSpread::Cap { half_width: 200.0 };
        }),
        ("crystal.structure_factors.default", "is -2", |e| e.structure_factors.default_f = -2.0),
        ("crystal.structure_factors.scale", "is -2", |e| e.structure_factors.scale = -2.0),
        ("crystal.structure_factors.b_factor", "is inf", |e| e.structure_factors.b_factor = f64::INFINITY),
        ("crystal.structure_factors.file", "26 amplitudes", |e| e.structure_factors.grid = grid(1, 26)),
        ("crystal.structure_factors.file", "is below", |e| e.structure_factors.grid = grid(-1, 0)),
        ("crystal.structure_factors.file", "more than", |e| e.structure_factors.grid = grid(i32::MAX, 0)),
        ("crystal.structure_factors.file", "NaN at place 7", |e| {
            Arc::make_mut(e.structure_factors.grid.as_mut().unwrap()).amplitudes[7] = f64::NAN;
        }),
        ("crystal.structure_factors.include_f000", "0 0 0", |e| {
            let grid = AmplitudeGrid { min: [1; 3], max: [1; 3], amplitudes: vec![1.0] };
            (e.structure_factors.grid, e.structure_factors.include_f000) = (Some(Arc::new(grid)), false);
        }),
        ("beam.direction", "of length 2", |e| e.beam.direction = Vec3::new(0.0, 0.0, 2.0)),
        ("beam.wavelength", "is 0", |e| e.beam.wavelength = 0.0),
        ("beam.fluence", "is -1", |e| e.beam.fluence = -1.0),
        ("beam.kahn_factor", "is 1.5", |e| e.beam.polarization.as_mut().unwrap().kahn_factor = 1.5),
        ("beam.polarization_vector", "length 0", |e| e.beam.polarization.as_mut().unwrap().e_vector = Vec3::default()),
        ("beam.source", "0 sources", |e| e.beam.sources.clear()),
        ("beam.source", "is 0", |e| e.beam.sources.iter_mut().for_each(|source| source.weight = 0.0)),
        ("beam.source[1].weight", "is -0.5", |e| e.beam.sources[1].weight = -0.5),
        ("beam.source[1].wavelength", "is 1e-320", |e| e.beam.sources[1].wavelength = 1e-320),
        ("beam.source[0].direction", "NaN", |e| e.beam.sources[0].direction.0[0] = f64::NAN),
        ("beam.dispersion.range", "is 2", |e| e.beam.spread = Some(spread(ticks(2.0, 4)))),
        ("beam.divergence", "sources", |e| e.beam.spread = Some(spread(ticks(0.1, usize::MAX)))),
        ("detector.panel", "empty", |e| e.detector.panels.clear()),
        ("detector.pixels", "is 0", |e| e.detector.panels[0].n_slow = 0),
        ("detector.pixels", "at most", |e| {
            (e.detector.panels[0].n_fast, e.detector.panels[0].n_slow) = (1 << 31, 1 << 31);
        }),
        ("detector.pixel_size", "is 0", |e| e.detector.panels[0].pixel_size = 0.0),
        ("detector.origin", "inf", |e| e.detector.panels[0].origin.0[0] = f64::INFINITY),
        ("detector.fast_axis", "length 2", |e| e.detector.panels[0].fast_axis = Vec3::new(2.0, 0.0, 0.0)),
        ("detector.slow_axis", "no panel", |e| e.detector.panels[0].slow_axis = e.detector.panels[0].fast_axis),
        ("detector.normal", "distance 0", |e| e.detector.panels[0].origin.0[2] = 0.0),
        ("detector.roi", "[0, 18446744073709551615", |e| {
            e.detector.panels[0].roi = Some(Roi { fast: [0, usize::MAX], slow: [0, 1] });
        }),
        ("detector.roi", "[3, 2, 0, 1]", |e| e.detector.panels[0].roi = Some(Roi { fast: [3, 2], slow: [0, 1] })),
        ("detector.mask", "3 flags", |e| e.detector.panels[0].mask = Some(vec![true; 3].into())),
        ("detector.panel[1].mask", "3 flags", |e| {
            e.detector.panels.push(e.detector.panels[0].clone());
            e.detector.panels[1].mask = Some(vec![true; 3].into());
        }),
        ("detector.sensor.layers", "is 0", |e| e.detector.sensor = sensor(0, 0.1, 1.0)),
        ("detector.sensor.layer_thickness", "is -0.1", |e| e.detector.sensor = sensor(1, -0.1, 1.0)),
        ("detector.sensor.attenuation_length", "is inf", |e| e.detector.sensor = sensor(1, 0.1, f64::INFINITY)),
        ("detector.distance", "is 0", |e| {
            (e.detector.curvature, e.detector.distance) = (Curvature::NanoBraggSphere, 0.0);
        }),
        ("detector.curvature", "one panel", |e| {
            e.detector.curvature = Curvature::Sphere;
            e.detector.panels.push(e.detector.panels[0].clone());
        }),
        ("detector.two_theta_axis", "length 0", |e| e.detector.arm.axis = Vec3::default()),
        ("scan.axis", "length 0", |e| e.scan.axis = Vec3::default()),
        ("scan.steps", "is 0", |e| e.scan.n_steps = 0),
        ("scan.step", "is NaN", |e| e.scan.step = f64::NAN),
        ("sampling.oversample", "is 0", |e| e.sampling.oversample = 0),
        ("sampling.oversample", "is 18446744073709551615", |e| e.sampling.oversample = usize::MAX),
        ("sampling.d_min", "is -1", |e| e.sampling.d_min = -1.0),
        ("sampling.culling", "is 1", |e| e.sampling.culling = 1.0),
        ("sampling.oversample_polar", "nanobragg", |e| e.sampling.running_factors.polarization = true),
        ("background.water_volume", "is -1", |e| e.water_volume = -1.0),
        ("background.slope_slow", "is NaN", |e| e.background_plane[2] = f64::NAN),
    ];
    for (key, given, change) in faults {
        let mut e = experiment();
        change(&mut e);
        let message = e.check().expect_err(given).to_string();
        assert!(message.starts_with(&format!("{key}: ")) && message.contains(given), "{key}: {message}");
        assert!(Scene::watched(&e, &Unwatched).is_err(), "{key}");
        let dual: Experiment<Dual> = e.constant();
        // dual numbers round their last digits in another way
        let of_dual = dual.check().unwrap_err().to_string();
        assert!(of_dual.starts_with(&format!("{key}: ")) && of_dual.contains(given), "{key}: {of_dual}");
    }
    experiment().check().unwrap();
}

#[test]
fn numbers_beyond_those_of_pixels_are_refused() {
    let mut e = experiment();
    e.beam.fluence = 1e300;
    let scene = Scene::new(&e);
    let message = kernel::render::<f32>(&scene, &Unwatched).unwrap_err().to_string();
    assert!(message.contains("beam") && message.contains("480 pixels are no numbers"), "{message}");
    let raw: Image<f32> = kernel::render_as_is(&scene, &Unwatched).unwrap();
    assert!(raw.pixels().all(|pixel| !pixel.is_finite()));
}

/// The reference program's window without a pixel is dark; correct physics has none.
#[test]
fn an_empty_window_is_the_reference_program_s() {
    let mut e = experiment();
    e.detector.panels[0].roi = Some(Roi { fast: [usize::MAX, 0], slow: [usize::MAX, 0] });
    assert!(e.check().is_err());
    e.sampling.physics = Physics::NanoBragg;
    let image: Image<f64> = kernel::render(&Scene::new(&e), &Unwatched).unwrap();
    assert!(image.pixels().all(|&pixel| pixel == 0.0));
}

#[test]
fn scenes_made_by_hand_are_refused_where_their_tables_do_not_fit() {
    let faults: &[(&str, SceneChange)] = &[
        ("detector.mask", |s| s.panels[0].mask = Some(vec![true; 3].into())),
        ("detector.roi", |s| s.panels[0].window.fast[1] = 25),
        ("detector.roi", |s| s.panels[0].window.slow = [0, usize::MAX]),
        ("beam.source", |s| s.sources.clear()),
        ("crystal.mosaic.domains", |s| s.orientations.clear()),
        ("sampling.oversample", |s| s.oversample = 0),
        ("sampling.oversample", |s| s.oversample = usize::MAX),
        ("crystal.structure_factors.file", |s| s.hkl.grid = grid(2, 124)),
        ("detector.pixels", |s| (s.panels[0].n_fast, s.panels[0].n_slow) = (1 << 40, 1 << 40)),
    ];
    let dark: Image<f64> = Backend::Reference.render(&Scene::new(&experiment()), &Unwatched).unwrap();
    for (key, change) in faults {
        let mut scene = Scene::new(&experiment());
        change(&mut scene);
        let backend = Backend::of(&scene).unwrap();
        for message in [
            backend.render::<f32>(&scene, &Unwatched).unwrap_err().to_string(),
            Backend::Reference.render::<f32>(&scene, &Unwatched).unwrap_err().to_string(),
        ] {
            assert!(message.starts_with(key), "{key}: {message}");
        }
        assert!(backend.pullback(&scene, &dark, false, &Unwatched).is_err(), "{key}");
    }
    let scene = Scene::new(&experiment());
    let other = Image { panels: Vec::new() };
    let message = Backend::of(&scene).unwrap().pullback(&scene, &other, false, &Unwatched).unwrap_err().to_string();
    assert!(message.starts_with("cotangent"), "{message}");
}

#[test]
fn a_small_experiment_takes_few_lines() {
    let cell = UnitCell::new([50.0, 60.0, 70.0, 90.0, 100.0, 90.0]).unwrap();
    let crystal = Crystal::new(&cell, [8.0; 3]).rotated(unit(1.0, 2.0, 3.0), 30.0);
    let detector = Detector::facing_beam(100.0, 1.0, [40, 30]);
    let mut e =
        Experiment::new(crystal, StructureFactors::uniform(100.0), Beam::new(1.0, 1e24), detector.clone()).unwrap();
    // the beam meets the middle of the panel, whose edges are 20 and 15 mm off
    let panel = &e.detector.panels[0];
    assert_eq!(panel.intersection(e.beam.propagation()), Some([20.0, 15.0]));
    assert_eq!((panel.close_distance(), panel.origin), (100.0, Vec3::new(-20.0, 15.0, -100.0)));
    assert_eq!(Detector::new(detector.panels.clone()), detector);
    let sum = |e: &Experiment| -> f64 {
        let image: Image<f64> = kernel::render(&Scene::new(e), &Unwatched).unwrap();
        image.pixels().sum()
    };
    assert!(sum(&e) > 0.0);
    // twenty samples through a range are sampled in the middles of its parts
    e.scan = Scan::new(unit(1.0, 0.0, 0.0), 10.0, 2.0, 20);
    assert!((e.scan.first - 10.05).abs() < 1e-12 && (e.scan.step - 0.1).abs() < 1e-12);
    e.crystal.mosaic = Mosaic::new(MosaicSpread::Gaussian { eta: 0.1 }, 5);
    e.beam = e.beam.with_spread(spread(ticks(0.01, 3))).unwrap();
    assert_eq!(e.beam.sources.len(), 3);
    assert!(sum(&e) > 0.0);
    assert!(Beam::new(1.0, 1e20).with_spread(spread(ticks(2.5, 3))).is_err());
    assert!(Beam::new(1.0, 1e20).with_spread(spread(ticks(0.1, usize::MAX))).is_err());
    assert!(Experiment::new(crystal, StructureFactors::uniform(1.0), Beam::new(0.0, 1.0), detector).is_err());
}

/// Numbers at which arithmetic ends, and some at which it does not.
fn number() -> impl Strategy<Value = f64> {
    let ends = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        1e-320,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::MIN,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        1e150,
        1e-150,
        1e19,
        -1e9,
        180.0,
        1e-12,
        0.5,
        2.0,
        300.0,
    ];
    prop::sample::select(ends.to_vec())
}

/// Small counts, and ones that nothing can count.
fn count() -> impl Strategy<Value = usize> {
    prop::sample::select(vec![0, 1, 2, 3, 5, usize::MAX / 2 + 1, usize::MAX - 1, usize::MAX])
}

fn scale_of(e: &mut Experiment, by: f64) -> [&mut f64; 4] {
    e.beam.sources.iter_mut().for_each(|source| source.wavelength *= if by > 0.0 { by } else { 1.0 });
    let Experiment { crystal, beam, .. } = e;
    [&mut crystal.scale, &mut crystal.fudge, &mut crystal.n_blocks, &mut beam.fluence]
}

const N_NUMBERS: usize = 47;

/// Gives a number of an experiment another value.
fn set_number(e: &mut Experiment, place: usize, x: f64) {
    let i = place % 3;
    let panel = e.detector.panels.last_mut();
    match place {
        0..3 => e.crystal.real_space.0[i].0[0] = x,
        3..6 => e.crystal.real_space.0[i] = e.crystal.real_space.0[i] * x,
        6..9 => e.crystal.n_cells[i] = x,
        9 => e.crystal.n_cells = [x; 3],
        10..14 => *scale_of(e, 1.0)[place - 10] = x,
        14 => e.crystal.mosaic.spread = MosaicSpread::Gaussian { eta: x },
        15 => e.crystal.mosaic.spread = MosaicSpread::Cap { half_width: x },
        16 => e.structure_factors.default_f = x,
        17 => e.structure_factors.scale = x,
        18 => e.structure_factors.b_factor = x,
        19 => {
            if let Some(grid) = &mut e.structure_factors.grid {
                let amplitudes = &mut Arc::make_mut(grid).amplitudes;
                let middle = amplitudes.len() / 2;
                amplitudes.iter_mut().skip(middle).take(20).for_each(|amplitude| *amplitude = x);
            }
        }
        20 => e.beam.direction.0[1] = x,
        21 => e.beam.wavelength = x,
        22 => e.beam.polarization = None,
        23 => e.beam.polarization.iter_mut().for_each(|p| p.kahn_factor = x),
        24 => e.beam.polarization.iter_mut().for_each(|p| p.e_vector.0[2] = x),
        25 => e.beam.sources.iter_mut().take(1).for_each(|source| source.direction = Vec3::new(x, 0.0, 1.0)),
        26 => e.beam.sources.iter_mut().take(1).for_each(|source| source.wavelength = x),
        27 => e.beam.sources.iter_mut().for_each(|source| source.weight = x),
        28 => e.beam.spread = Some(spread(ticks(x, 3))),
        29 => panel.into_iter().for_each(|panel| panel.origin.0[2] = x),
        30 => panel.into_iter().for_each(|panel| panel.origin = Vec3([x; 3])),
        31 => panel.into_iter().for_each(|panel| panel.fast_axis.0[1] = x),
        32 => panel.into_iter().for_each(|panel| panel.slow_axis = Vec3::new(x, 0.0, 0.0)),
        33 => panel.into_iter().for_each(|panel| panel.normal = unit(x, 1.0, 1.0)),
        34 => panel.into_iter().for_each(|panel| panel.pixel_size = x),
        35 => e.detector.sensor = sensor(2, x, 3.0),
        36 => e.detector.sensor = sensor(2, 0.1, x),
        37 => e.detector.distance = x,
        38 => e.detector.arm.two_theta = x,
        39 => e.scan.first = x,
        40 => e.scan.step = x,
        41 => e.scan.range = x,
        42 => e.sampling.d_min = x,
        43 => e.sampling.culling = x,
        44 => e.water_volume = x,
        45 => e.background_plane = [x, -x, x],
        _ => drop(scale_of(e, x)),
    }
}

const N_COUNTS: usize = 10;

/// Gives a count of an experiment another value.
fn set_count(e: &mut Experiment, place: usize, n: usize) {
    let panel = e.detector.panels.last_mut();
    match place {
        0 => e.crystal.mosaic.n_domains = n,
        1 => e.scan.n_steps = n,
        2 => e.sampling.oversample = n,
        3 => e.detector.sensor = sensor(n, 0.1, 3.0),
        4 => e.beam.sources.truncate(n),
        5 => panel.into_iter().for_each(|panel| panel.n_fast = n),
        6 => panel.into_iter().for_each(|panel| panel.n_slow = n),
        7 => panel.into_iter().for_each(|panel| panel.roi = Some(Roi { fast: [0, n], slow: [n, 3] })),
        8 => panel.into_iter().for_each(|panel| panel.mask = Some(vec![true; n.min(4800)].into())),
        _ => e.detector.panels.truncate(n),
    }
}

const N_CHOICES: usize = 18;

/// Takes another choice of an experiment.
fn choose(e: &mut Experiment, choice: usize) {
    match choice {
        0..7 => e.crystal.shape = Shape::ALL[choice].1,
        7 => e.structure_factors.interpolation = Interpolation::Tricubic,
        8 => e.structure_factors.grid = None,
        9 => e.structure_factors.include_f000 = false,
        10 => e.structure_factors.grid = grid(1, 26),
        11 => e.detector.curvature = Curvature::Sphere,
        12 => e.detector.curvature = Curvature::NanoBraggSphere,
        13 => e.sampling.physics = Physics::NanoBragg,
        14 => {
            e.sampling.running_factors = RunningFactors { capture: true, polarization: true, solid_angle: true };
        }
        15 => e.detector.point_pixels = true,
        16 => e.sampling.backend = BackendChoice::Reference,
        _ => e.detector.panels.extend(e.detector.panels.first().cloned().map(|panel| Panel { n_fast: 3, ..panel })),
    }
}

/// An experiment of 6 × 5 pixels with some of its fields at the ends of what they can hold.
fn extreme() -> impl Strategy<Value = Experiment> {
    let numbers = prop::collection::vec((0..N_NUMBERS, number()), 0..4);
    let counts = prop::collection::vec((0..N_COUNTS, count()), 0..2);
    let choices = prop::collection::vec(0..N_CHOICES, 0..5);
    (numbers, counts, choices).prop_map(|(numbers, counts, choices)| {
        let mut e = experiment();
        (e.detector.panels[0].n_fast, e.detector.panels[0].n_slow) = (6, 5);
        e.sampling.culling = 1e-7;
        choices.into_iter().for_each(|choice| choose(&mut e, choice));
        counts.into_iter().for_each(|(place, n)| set_count(&mut e, place, n));
        numbers.into_iter().for_each(|(place, x)| set_number(&mut e, place, x));
        e
    })
}

/// The random experiments below reach both ends: many have an image, and there are some whose image is refused for its pixels.
#[test]
fn extreme_experiments_reach_the_kernel() {
    let mut runner = TestRunner::deterministic();
    let (mut n_images, mut n_refused) = (0, 0);
    for _ in 0..2000 {
        let e = extreme().new_tree(&mut runner).unwrap().current();
        let Ok(scene) = Scene::watched(&e, &Unwatched) else { continue };
        n_images += 1;
        let raw: Image<f64> = kernel::render_as_is(&scene, &Unwatched).unwrap();
        n_refused += usize::from(raw.pixels().any(|pixel| !pixel.is_finite()));
    }
    assert!(n_images > 200 && n_refused > 5, "{n_images} {n_refused}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn any_experiment_has_an_error_or_an_image_of_numbers(e in extreme()) {
        if let Ok(scene) = Scene::watched(&e, &Unwatched) {
            if let Ok(image) = kernel::render::<f64>(&scene, &Unwatched) {
                prop_assert!(image.pixels().all(|pixel| pixel.is_finite()));
            }
            if let Ok(image) = kernel::render::<f32>(&scene, &Unwatched) {
                prop_assert!(image.pixels().all(|pixel| pixel.is_finite()));
            }
        }
    }

    /// Derivatives may be no numbers where the image is none, but they are there.
    #[test]
    fn derivatives_of_any_experiment_are_an_error_or_there(e in extreme()) {
        let parameters = Parameter::of(&e);
        let few: Vec<Parameter> = parameters.into_iter().step_by(7).collect();
        if let Ok(blocks) = bragg::gradient::jacobian_blocks(&e, &few, &Unwatched, |block| block.derivatives.len()) {
            prop_assert!(blocks.iter().all(|&n| n == few.len()));
        }
        if let Ok(scene) = Scene::watched(&e, &Unwatched)
            && let Ok(image) = kernel::render::<f64>(&scene, &Unwatched)
            && let Ok(gradient) = bragg::gradient::gradient(&e, &few, &image, &Unwatched)
        {
            prop_assert_eq!(gradient.len(), few.len());
        }
    }
}
