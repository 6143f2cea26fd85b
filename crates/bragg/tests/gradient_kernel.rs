//! The fast derivatives against dual numbers through the reference kernel, for changes of every number of a scene.

mod common;

use bragg::experiment::{Curvature, Experiment, Interpolation, SamplingDepth, Sensor, Shape};
use bragg::image::Image;
use bragg::kernel::{self, Backend, Unwatched, cpu::Level};
use bragg::math::Vec3;
use bragg::numbers::Numbers;
use bragg::scene::{Scene, SceneTangent};
use common::{experiment, unit};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Those with derivatives.
const SHAPES: [Shape; 5] = [Shape::Square, Shape::Round, Shape::Gauss, Shape::GaussStar, Shape::GaussNanobragg];

/// A change of an experiment.
type Variation = fn(&mut Experiment);

const VARIATIONS: [(&str, Variation); 14] = [
    ("plain", |_| {}),
    ("uniform", |e| e.structure_factors.grid = None),
    ("uniform but F(000)", |e| (e.structure_factors.grid, e.structure_factors.include_f000) = (None, false)),
    ("tricubic", |e| e.structure_factors.interpolation = Interpolation::Tricubic),
    ("sensor", |e| {
        e.detector.sensor =
            Some(Sensor { n_layers: 3, layer_thickness: 0.15, attenuation: 2.0, sampling_depth: SamplingDepth::Mean })
    }),
    ("sensor at its front", |e| {
        e.detector.sensor = Some(Sensor {
            n_layers: 3,
            layer_thickness: 0.15,
            attenuation: 2.0,
            sampling_depth: SamplingDepth::Entrance,
        });
    }),
    // attenuation lengths on either side of where the mean depth is a series
    ("thick sensor", |e| {
        e.detector.sensor =
            Some(Sensor { n_layers: 2, layer_thickness: 1.2, attenuation: 3.0, sampling_depth: SamplingDepth::Mean });
        e.detector.panels[0].normal = unit(0.2, -0.1, -1.0);
    }),
    ("sensor seen from both sides", |e| {
        e.detector.sensor =
            Some(Sensor { n_layers: 3, layer_thickness: 0.15, attenuation: 2.0, sampling_depth: SamplingDepth::Mean });
        e.detector.panels[0].normal = unit(1.0, 0.0, -0.05);
    }),
    ("curved sensor", |e| {
        e.detector.curvature = Curvature::Sphere;
        e.detector.sensor =
            Some(Sensor { n_layers: 2, layer_thickness: 0.2, attenuation: 2.0, sampling_depth: SamplingDepth::Mean });
    }),
    ("tilted", |e| {
        let panel = &mut e.detector.panels[0];
        (panel.fast_axis, panel.slow_axis) = (unit(0.9, 0.1, 0.3), unit(0.05, -0.98, 0.2));
        panel.normal = panel.slow_axis.cross(panel.fast_axis).unit();
    }),
    ("sphere", |e| e.detector.curvature = Curvature::Sphere),
    ("points", |e| e.detector.point_pixels = true),
    ("water and d_min", |e| (e.water_volume, e.sampling.d_min) = (1e-6, 4.0)),
    ("masked", |e| {
        e.detector.panels[0].mask = Some((0..24 * 20).map(|i| i % 7 != 0).collect());
        e.beam.polarization = None;
    }),
];

fn random_vector(random: &mut ChaCha8Rng) -> Vec3 {
    Vec3(std::array::from_fn(|_| 2.0 * random.random::<f64>() - 1.0))
}

/// A change of every number, each on the scale on which the image changes.
fn any_tangent(scene: &Scene, seed: u64) -> SceneTangent {
    let random = &mut ChaCha8Rng::seed_from_u64(seed);
    let mut tangent = scene.map(&mut |_| 2.0 * random.random::<f64>() - 1.0);
    let scaled = |v: Vec3, by: f64| v * by;
    for source in &mut tangent.sources {
        (source.incident, source.wavelength) = (scaled(source.incident, 1e-3), 1e-3 * source.wavelength);
    }
    tangent.orientations = tangent.orientations.map(&mut |x| 0.1 * x);
    for panel in &mut tangent.panels {
        panel.origin = panel.origin * 1e-4;
        (panel.fast_axis, panel.slow_axis) = (panel.fast_axis * 1e-3, panel.slow_axis * 1e-3);
        (panel.normal, panel.close_distance) = (panel.normal * 1e-2, 1e-2 * panel.close_distance);
    }
    tangent.hkl.grid = tangent.hkl.grid.map(|grid| grid.map(&mut |x| 5.0 * x));
    let (domain, of) = (&mut tangent.domain, &scene.domain);
    domain.peak *= 0.1 * of.peak;
    domain.fudge *= 0.1;
    domain.n_cells = domain.n_cells.map(|x| 0.1 * x);
    domain.stretch *= 0.1 * of.stretch;
    domain.metric = domain.metric.map(&mut |x| 0.1 * of.metric.0[0].norm() * x);
    if let Some(polarization) = &mut tangent.polarization {
        polarization.e_vector = polarization.e_vector * 0.1;
    }
    if let Some(sensor) = &mut tangent.sensor {
        (sensor.layer_thickness, sensor.attenuation) = (1e-5 * sensor.layer_thickness, 1e2 * sensor.attenuation);
    }
    if let Some(sphere) = &mut tangent.sphere {
        (sphere.radius, sphere.beam) = (1e-3 * sphere.radius, sphere.beam * 1e-3);
    }
    tangent.scale *= scene.scale;
    tangent.background *= scene.background;
    (tangent.plane[1], tangent.plane[2]) = (0.1 * tangent.plane[1], 0.1 * tangent.plane[2]);
    tangent
}

/// The tangent's parts one by one, so that none hides behind another.
fn parts(whole: &SceneTangent) -> Vec<(&'static str, SceneTangent)> {
    let zero = whole.zeros().unwrap();
    let w = whole.clone();
    let part = |name, put: &dyn Fn(&mut SceneTangent)| {
        let mut tangent = zero.clone();
        put(&mut tangent);
        (name, tangent)
    };
    vec![
        part("sources", &|t| t.sources.clone_from(&w.sources)),
        part("orientations", &|t| t.orientations.clone_from(&w.orientations)),
        part("panels", &|t| t.panels.clone_from(&w.panels)),
        part("amplitudes", &|t| t.hkl.clone_from(&w.hkl)),
        part("cells", &|t| t.domain.n_cells = w.domain.n_cells),
        part("peak", &|t| t.domain.peak = w.domain.peak),
        part("fudge", &|t| t.domain.fudge = w.domain.fudge),
        part("metric", &|t| t.domain.metric = w.domain.metric),
        part("stretch", &|t| t.domain.stretch = w.domain.stretch),
        part("polarisation", &|t| t.polarization = w.polarization),
        part("sensor", &|t| t.sensor = w.sensor),
        part("sphere", &|t| t.sphere = w.sphere),
        part("scales", &|t| (t.scale, t.background, t.plane) = (w.scale, w.background, w.plane)),
        ("everything", whole.clone()),
    ]
}

fn norm(pixels: &[f64]) -> f64 {
    pixels.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Images of the derivatives along tangents, dark where nothing is computed, and the image itself.
fn forward(backend: Backend, scene: &Scene, tangents: &[SceneTangent]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let n_pixels = scene.panels[0].n_fast * scene.panels[0].n_slow;
    let (mut image, mut images) = (vec![0.0; n_pixels], vec![vec![0.0; n_pixels]; tangents.len()]);
    let blocks = backend.pushforward(scene, tangents, &Unwatched, |block| {
        (block.places.to_vec(), block.photons.to_vec(), block.derivatives.to_vec())
    });
    for (places, photons, derivatives) in blocks.unwrap() {
        for (i, place) in places.into_iter().enumerate() {
            image[place] = photons[i];
            images.iter_mut().zip(&derivatives).for_each(|(image, derivatives)| image[place] = derivatives[i]);
        }
    }
    (image, images)
}

/// `floor`: what derivatives may be off by in any case, of the image.
fn check(name: &str, experiment: &Experiment, floor: f64) {
    let scene = Scene { plane: [3.0, 0.1, -0.2], ..Scene::new(experiment) };
    let whole = any_tangent(&scene, 7);
    let parts = parts(&whole);
    let tangents: Vec<SceneTangent> = parts.iter().map(|(_, tangent)| tangent.clone()).collect();
    let (photons, derivatives) = forward(Backend::Cpu(Level::best()), &scene, &tangents);
    let image: Image<f64> = Backend::Reference.render(&scene, &Unwatched).unwrap();
    let pixels: Vec<f64> = image.pixels().copied().collect();
    let off = norm(&photons.iter().zip(&pixels).map(|(a, b)| a - b).collect::<Vec<_>>());
    assert!(off < 1e-11 * norm(&pixels), "{name}: the image is off by {off}");
    let random = &mut ChaCha8Rng::seed_from_u64(3);
    let mut weights = image.clone();
    for weight in weights.panels[0].pixels_mut() {
        *weight = random_vector(random)[0];
    }
    let cotangent = Backend::Cpu(Level::best()).pullback(&scene, &weights, true, &Unwatched).unwrap();
    let weights: Vec<f64> = weights.pixels().copied().collect();
    let (_, by_dual_numbers) = forward(Backend::Reference, &scene, &tangents);
    for (((part, tangent), derivative), exact) in parts.iter().zip(&derivatives).zip(&by_dual_numbers) {
        let off = norm(&derivative.iter().zip(exact).map(|(a, b)| a - b).collect::<Vec<_>>());
        let allowed = 1e-10 * norm(exact) + floor * norm(&pixels);
        assert!(off <= allowed, "{name}, {part}: off by {off:e} of {:e}", norm(exact));
        let (by_pixel, by_scene) = (product(&weights, derivative), cotangent.dot(tangent));
        let unit = norm(&weights) * norm(derivative);
        assert!((by_pixel - by_scene).abs() <= 1e-12 * unit, "{name}, {part}: {by_pixel} {by_scene}");
    }
    let all = norm(derivatives.last().unwrap());
    assert!(all > 1e-3 * norm(&pixels), "{name}: nothing changes");
}

#[test]
fn both_sweeps_agree_with_dual_numbers() {
    for shape in SHAPES {
        for (name, vary) in VARIATIONS {
            let mut experiment = experiment();
            experiment.crystal.shape = shape;
            if shape == Shape::GaussNanobragg {
                experiment.crystal.fudge = 2e-3;
            }
            vary(&mut experiment);
            check(&format!("{shape:?}, {name}"), &experiment, 0.0);
        }
    }
}

/// Indices far from 0 and many cells, where sines of large arguments lose digits.
#[test]
fn derivatives_are_exact_at_large_indices() {
    for shape in SHAPES {
        let mut experiment = experiment();
        experiment.crystal.shape = shape;
        experiment.crystal.n_cells = [21.0, 17.0, 30.0];
        experiment.crystal.fudge = match shape {
            Shape::Gauss | Shape::GaussStar => 1e-2,
            Shape::GaussNanobragg => 1e-8,
            _ => 1.0,
        };
        experiment.structure_factors.grid = None;
        experiment.beam.sources.iter_mut().for_each(|source| source.wavelength *= 0.25);
        let scene = Scene::new(&experiment);
        let panel = &scene.panels[0];
        let q = ((panel.origin + panel.fast_axis * (panel.pixel_size * 5.0)).unit() - scene.sources[0].incident)
            * (1.0 / scene.sources[0].wavelength);
        let hkl = scene.orientations[0].apply(q);
        assert!(hkl.0.iter().any(|index| index.abs() > 30.0), "{hkl:?}");
        check(&format!("{shape:?}, large indices"), &experiment, 0.0);
    }
}

/// A single cell along an edge has no grating, and a dark reflection no light that could change with the rest.
#[test]
fn derivatives_are_exact_for_single_cells_and_dark_reflections() {
    for shape in SHAPES {
        for n_cells in [[1.0, 1.0, 1.0], [1.0, 9.0, 1.0], [7.0, 1.0, 5.0]] {
            let mut experiment = experiment();
            experiment.crystal.shape = shape;
            experiment.crystal.n_cells = n_cells;
            let grid = experiment.structure_factors.grid.as_mut().expect("has one");
            let amplitudes = &mut std::sync::Arc::make_mut(grid).amplitudes;
            amplitudes.iter_mut().step_by(3).for_each(|amplitude| *amplitude = 0.0);
            // a crystal of one cell has no spots whose derivatives could be compared
            let floor = if n_cells == [1.0; 3] { 1e-13 } else { 0.0 };
            check(&format!("{shape:?}, {n_cells:?}"), &experiment, floor);
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let mut experiment = experiment();
    let panel = &mut experiment.detector.panels[0];
    (panel.n_fast, panel.n_slow) = (128, 96);
    let scene = Scene::new(&experiment);
    let weights: Image<f64> = kernel::render(&scene, &Unwatched).unwrap();
    let tangent = any_tangent(&scene, 5);
    let sweep = |n: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| {
            let swept = [true, false].map(|amplitudes| {
                Backend::Cpu(Level::best()).pullback(&scene, &weights, amplitudes, &Unwatched).unwrap()
            });
            (swept, forward(Backend::Cpu(Level::best()), &scene, std::slice::from_ref(&tangent)))
        })
    };
    let alone = sweep(1);
    assert!(alone.0[0].hkl.amplitudes().iter().filter(|amplitude| **amplitude != 0.0).count() > 10);
    for n in [2, 7] {
        assert!(sweep(n) == alone, "{n} threads");
    }
}

#[test]
fn what_has_no_derivative_says_why() {
    let mut experiment = experiment();
    let dark = |experiment: &Experiment| Backend::Reference.render(&Scene::new(experiment), &Unwatched).unwrap();
    experiment.crystal.shape = Shape::Tophat;
    let message = Backend::Cpu(Level::best())
        .pullback(&Scene::new(&experiment), &dark(&experiment), false, &Unwatched)
        .unwrap_err();
    assert!(message.to_string().contains("no useful derivative"), "{message}");
    experiment.crystal.shape = Shape::Square;
    experiment.sampling.physics = bragg::experiment::Physics::NanoBragg;
    let message = Backend::Cpu(Level::best())
        .pullback(&Scene::new(&experiment), &dark(&experiment), false, &Unwatched)
        .unwrap_err();
    assert!(message.to_string().contains("sampling.physics"), "{message}");
}
