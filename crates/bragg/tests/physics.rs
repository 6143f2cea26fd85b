//! What an image must be whatever computes it: symmetries, sums and one pixel that can be worked out by hand.

mod common;

use bragg::experiment::{
    Curvature, Experiment, Interpolation, MosaicSpread, Physics, Precision, Roi, RunningFactors, SamplingDepth, Sensor,
    Shape, Source, UnitCell,
};
use bragg::image::Image;
use bragg::kernel::{self, Backend, Unwatched, cpu::Level};
use bragg::math::{Mat3, Vec3};
use bragg::reflections::AmplitudeGrid;
use bragg::scene::Scene;
use bragg::units::THOMSON_R_E_SQUARED;
use common::{experiment, unit};
use proptest::prelude::*;
use std::sync::Arc;

fn render(scene: &Scene) -> Image<f64> {
    kernel::render(scene, &Unwatched).unwrap()
}

fn image(experiment: &Experiment) -> Vec<f64> {
    render(&Scene::new(experiment)).pixels().copied().collect()
}

/// The largest difference, as a fraction of the brightest pixel.
fn difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let top = b.iter().copied().fold(0.0, f64::max);
    assert!(top > 0.0, "the image is dark");
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / top
}

/// The same experiment seen from a turned laboratory.
fn turned(experiment: &Experiment, rotation: &Mat3) -> Experiment {
    let turn = |v: &mut Vec3| *v = rotation.apply(*v);
    let mut other = experiment.clone();
    other.crystal.real_space = Mat3::from_rows(other.crystal.real_space.0.map(|axis| rotation.apply(axis)));
    turn(&mut other.beam.direction);
    other.beam.sources.iter_mut().for_each(|source| turn(&mut source.direction));
    if let Some(polarization) = &mut other.beam.polarization {
        turn(&mut polarization.e_vector);
    }
    for panel in &mut other.detector.panels {
        for axis in [&mut panel.origin, &mut panel.fast_axis, &mut panel.slow_axis, &mut panel.normal] {
            turn(axis);
        }
    }
    turn(&mut other.scan.axis);
    other
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn turning_everything_together_changes_nothing(
        axis in prop::array::uniform3(-1.0f64..1.0), angle in 0.0f64..3.0, curved: bool, thick: bool,
    ) {
        prop_assume!(Vec3(axis).norm() > 0.1);
        let mut straight = experiment();
        // The axes of the domains' rotations are the laboratory's at spindle angle 0, so they would not turn with it.
        straight.crystal.mosaic.spread = MosaicSpread::Gaussian { eta: 0.0 };
        straight.sampling.oversample = 1;
        straight.water_volume = 1e-12;
        if curved { straight.detector.curvature = Curvature::Sphere; }
        if thick { straight.detector.sensor = sensor(3, 0.1, 2.0, SamplingDepth::Mean); }
        let other = turned(&straight, &Mat3::rotation(Vec3(axis).unit(), angle));
        prop_assert!(difference(&image(&other), &image(&straight)) < 1e-9);
    }

    #[test]
    fn a_region_of_interest_is_a_crop(f0 in 0usize..24, f1 in 0usize..24, s0 in 0usize..20, s1 in 0usize..20) {
        let whole = experiment();
        let mut part = whole.clone();
        let roi = Roi { fast: [f0.min(f1), f0.max(f1)], slow: [s0.min(s1), s0.max(s1)] };
        part.detector.panels[0].roi = Some(roi);
        let (whole, part) = (image(&whole), image(&part));
        for (i, (whole, part)) in whole.iter().zip(&part).enumerate() {
            let (fast, slow) = (i % 24, i / 24);
            let inside = (roi.fast[0]..=roi.fast[1]).contains(&fast) && (roi.slow[0]..=roi.slow[1]).contains(&slow);
            prop_assert_eq!(*part, if inside { *whole } else { 0.0 });
        }
    }
}

#[test]
fn masked_pixels_stay_dark_and_the_others_do_not_notice() {
    let mut masked = experiment();
    let mask: Vec<bool> = (0..24 * 20).map(|i| i % 7 != 0).collect();
    masked.detector.panels[0].mask = Some(Arc::from(mask.clone()));
    for ((masked, whole), live) in image(&masked).into_iter().zip(image(&experiment())).zip(mask) {
        assert_eq!(masked, if live { whole } else { 0.0 });
    }
}

#[test]
fn sources_add_by_weight() {
    for physics in [Physics::Correct, Physics::NanoBragg] {
        let mut both = experiment();
        both.sampling.physics = physics;
        // The polarisation of the first source is nanoBragg's for all.
        both.beam.polarization = None;
        let mut sum = vec![0.0; 24 * 20];
        for source in &both.beam.sources {
            let mut one = both.clone();
            one.beam.sources = vec![Source { weight: 1.0, ..*source }];
            sum.iter_mut().zip(image(&one)).for_each(|(sum, pixel)| *sum += source.weight * pixel / 2.0);
        }
        assert!(difference(&image(&both), &sum) < 1e-12);
    }
}

#[test]
fn orientations_add() {
    for (_, shape) in Shape::ALL {
        let mut experiment = experiment();
        experiment.crystal.shape = shape;
        experiment.crystal.n_cells = [2.0, 2.0, 1.0];
        let whole = Scene::new(&experiment);
        assert_eq!(whole.orientations.len(), 12);
        let mut sum = vec![0.0; 24 * 20];
        for orientation in &whole.orientations {
            let one = Scene { orientations: vec![*orientation], ..whole.clone() };
            sum.iter_mut().zip(render(&one).pixels()).for_each(|(sum, pixel)| *sum += pixel / 12.0);
        }
        let image: Vec<f64> = render(&whole).pixels().copied().collect();
        assert!(difference(&image, &sum) < 1e-12, "{shape:?}");
    }
}

/// Threads also set how many pixels go together.
#[test]
fn the_number_of_threads_leaves_no_trace() {
    for (shape, precision) in
        [(Shape::Square, Precision::Double), (Shape::Square, Precision::Fast), (Shape::Gauss, Precision::Double)]
    {
        let mut experiment = experiment();
        (experiment.crystal.shape, experiment.sampling.precision) = (shape, precision);
        experiment.sampling.culling = 1e-3;
        let scene = Scene::new(&experiment);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| render(&scene))
        };
        let one = with(1);
        assert_eq!(one, with(2));
        assert_eq!(one, with(7));
    }
}

#[test]
fn pixels_that_no_spot_reaches_are_not_computed() {
    let mut experiment = experiment();
    (experiment.crystal.shape, experiment.crystal.n_cells) = (Shape::GaussNanobragg, [30.0; 3]);
    experiment.detector.panels[0].pixel_size = 0.02;
    let all = render(&Scene { culling: 0.0, ..Scene::new(&experiment) });
    let culled = render(&Scene { culling: 1e-7, ..Scene::new(&experiment) });
    // What is computed is never quite 0.
    assert!(all.pixels().all(|&photons| photons > 0.0));
    let skipped: Vec<_> = culled.pixels().zip(all.pixels()).filter(|(culled, _)| **culled == 0.0).collect();
    assert!(skipped.len() > 24 * 20 / 10, "{} pixels were skipped", skipped.len());
    // e^-700 of a spot's centre
    assert!(skipped.iter().all(|(_, all)| **all < 1e-280));
}

#[test]
fn both_physics_agree_where_no_quirk_applies() {
    let mut experiment = experiment();
    experiment.sampling.oversample = 1;
    experiment.beam.sources.truncate(1);
    experiment.beam.sources[0].weight = 1.0;
    experiment.detector.sensor = sensor(1, 0.3, 3.0, SamplingDepth::Mean);
    let correct = image(&experiment);
    experiment.sampling.physics = Physics::NanoBragg;
    assert!(difference(&image(&experiment), &correct) < 1e-14);
}

#[test]
fn sub_pixels_average() {
    let mut fine = experiment();
    fine.sampling.oversample = 3;
    let mut split = experiment();
    split.sampling.oversample = 1;
    let panel = &mut split.detector.panels[0];
    (panel.pixel_size, panel.n_fast, panel.n_slow) = (panel.pixel_size / 3.0, 72, 60);
    let split = image(&split);
    let mut sum = vec![0.0; 24 * 20];
    for (i, pixel) in split.into_iter().enumerate() {
        sum[i / 72 / 3 * 24 + i % 72 / 3] += pixel;
    }
    assert!(difference(&image(&fine), &sum) < 1e-12);
}

#[test]
fn several_panels_are_several_images() {
    let mut experiment = experiment();
    let whole = image(&experiment);
    let lower = &mut experiment.detector.panels[0];
    let mut upper = lower.clone();
    lower.n_slow = 8;
    upper.origin = lower.position(0.0, 8.0);
    upper.n_slow = 12;
    experiment.detector.panels.push(upper);
    assert!(difference(&image(&experiment), &whole) < 1e-12);
}

/// One pixel on the reflection 3 1 0 of a cubic crystal: r_e²·fluence·F²·N⁶·ω·p, by hand.
#[test]
fn one_pixel_on_a_bragg_peak_is_what_the_textbook_says() {
    let (edge, wavelength, fluence, amplitude, n) = (50.0, 1.3, 2.5e24, 321.0, 6u32);
    let mut experiment = experiment();
    let incident = Vec3::new(0.0, 0.0, -1.0);
    // a* across the beam, tilted back by θ so that Bragg's law holds.
    let spacing = edge / 10.0f64.sqrt();
    let sin_theta = wavelength / (2.0 * spacing);
    let cos_theta = (1.0 - sin_theta * sin_theta).sqrt();
    let scattering = Vec3::new(cos_theta, 0.0, sin_theta) * (1.0 / spacing);
    let diffracted = incident + scattering * wavelength;
    assert!((diffracted.norm() - 1.0).abs() < 1e-15);
    let h = scattering.unit();
    let across = Vec3::new(0.0, 1.0, 0.0);
    let third = h.cross(across);
    let root = 10.0f64.sqrt();
    experiment.crystal.real_space = Mat3::from_rows([
        (h * (3.0 / root) - across * (1.0 / root)) * edge,
        (h * (1.0 / root) + across * (3.0 / root)) * edge,
        third * edge,
    ]);
    experiment.crystal.n_cells = [f64::from(n); 3];
    experiment.crystal.mosaic.n_domains = 1;
    experiment.crystal.mosaic.spread = MosaicSpread::Gaussian { eta: 0.0 };
    experiment.structure_factors.grid = None;
    experiment.structure_factors.default_f = amplitude;
    experiment.beam.wavelength = wavelength;
    experiment.beam.fluence = fluence;
    experiment.beam.sources = vec![Source { direction: -incident, wavelength, weight: 1.0 }];
    experiment.scan.n_steps = 1;
    experiment.scan.first = 0.0;
    experiment.sampling.oversample = 1;
    let distance = 83.0;
    let panel = &mut experiment.detector.panels[0];
    (panel.n_fast, panel.n_slow, panel.pixel_size) = (1, 1, 0.05);
    let spot = diffracted * (distance / -diffracted[2]);
    panel.origin = spot - (panel.fast_axis + panel.slow_axis) * 0.025;
    let range = spot.norm();
    let solid_angle = 0.05f64.powi(2) / range.powi(2) * (distance / range);
    let cos_two_theta = 1.0 - 2.0 * sin_theta * sin_theta;
    // The field lies along x, in the plane of scattering: K = 0.9 of it is along the dipole.
    let polarization = 0.5 * (1.0 + cos_two_theta.powi(2) - 0.9 * (1.0 - cos_two_theta.powi(2)));
    let cells = f64::from(n).powi(3);
    let expected = THOMSON_R_E_SQUARED * fluence * amplitude.powi(2) * cells * cells * solid_angle * polarization;
    for physics in [Physics::Correct, Physics::NanoBragg] {
        experiment.sampling.physics = physics;
        let scene = Scene::new(&experiment);
        for image in [render(&scene), Backend::Reference.render(&scene, &Unwatched).unwrap()] {
            let got = *image.pixels().next().unwrap();
            assert!((got / expected - 1.0).abs() < 1e-12, "{physics:?}: {got} instead of {expected}");
        }
    }
}

fn sensor(n_layers: usize, layer_thickness: f64, attenuation: f64, sampling_depth: SamplingDepth) -> Option<Sensor> {
    Some(Sensor { n_layers, layer_thickness, attenuation, sampling_depth })
}

/// A change of an experiment.
type Variation = fn(&mut Experiment);

// tidy: long because it is one table
/// Both kernels on everything that changes the way through them.
#[test]
fn the_kernel_agrees_with_the_reference() {
    let variations: [(&str, Variation); 27] = [
        ("plain", |_| {}),
        ("round", |e| e.crystal.shape = Shape::Round),
        ("gauss", |e| e.crystal.shape = Shape::Gauss),
        ("gauss-star", |e| e.crystal.shape = Shape::GaussStar),
        ("gauss-nanobragg", |e| e.crystal.shape = Shape::GaussNanobragg),
        ("left-handed gauss-star", |e| {
            e.crystal.shape = Shape::GaussStar;
            e.crystal.real_space.0.swap(0, 1);
        }),
        ("tophat", |e| (e.crystal.shape, e.crystal.n_cells) = (Shape::Tophat, [2.0, 1.0, 2.0])),
        ("tophat-nanobragg", |e| (e.crystal.shape, e.crystal.n_cells) = (Shape::TophatNanobragg, [2.0, 1.0, 2.0])),
        ("tricubic", |e| e.structure_factors.interpolation = Interpolation::Tricubic),
        ("uniform", |e| e.structure_factors.grid = None),
        ("uniform but F(000)", |e| (e.structure_factors.grid, e.structure_factors.include_f000) = (None, false)),
        ("dark reflections", |e| {
            let grid =
                AmplitudeGrid { min: [-2; 3], max: [2; 3], amplitudes: (0..125).map(|i| f64::from(i % 2)).collect() };
            (e.structure_factors.grid, e.structure_factors.default_f) = (Some(Arc::new(grid)), 0.0);
        }),
        ("sensor", |e| {
            e.detector.sensor = sensor(3, 0.15, 2.0, SamplingDepth::Mean);
        }),
        ("sensor seen from both sides", |e| {
            e.detector.sensor = sensor(3, 0.15, 2.0, SamplingDepth::Mean);
            e.detector.panels[0].normal = unit(1.0, 0.0, -0.05);
        }),
        ("sensor at its front", |e| {
            e.detector.sensor = sensor(3, 0.15, 2.0, SamplingDepth::Entrance);
        }),
        ("thick sensor", |e| {
            e.detector.sensor = sensor(2, 1.2, 4.0, SamplingDepth::Mean);
        }),
        ("curved sensor", |e| {
            e.detector.sensor = sensor(2, 0.2, 4.0, SamplingDepth::Mean);
            e.detector.curvature = Curvature::Sphere;
        }),
        ("sphere", |e| e.detector.curvature = Curvature::Sphere),
        ("points", |e| e.detector.point_pixels = true),
        ("no polarisation", |e| e.beam.polarization = None),
        ("d_min", |e| e.sampling.d_min = 4.0),
        ("water", |e| e.water_volume = 1e-6),
        ("one cell", |e| e.crystal.n_cells = [1.0; 3]),
        ("large cell count", |e| e.crystal.n_cells = [30.0, 40.0, 50.0]),
        ("cells in part", |e| e.crystal.n_cells = [4.3, 5.5, 29.7]),
        ("plane", |e| e.background_plane = [3.0, -0.1, 0.2]),
        ("scale and B", |e| {
            (e.crystal.scale, e.structure_factors.scale, e.structure_factors.b_factor) = (0.3, 2.0, 20.0);
        }),
    ];
    for physics in [Physics::Correct, Physics::NanoBragg] {
        for (name, vary) in variations {
            let mut experiment = experiment();
            experiment.sampling.physics = physics;
            vary(&mut experiment);
            compare_kernels(&experiment, &format!("{name}, {physics:?}"));
        }
    }
    for (capture, polarization, solid_angle) in [(true, false, false), (false, true, false), (false, false, true)] {
        let mut experiment = experiment();
        experiment.sampling.physics = Physics::NanoBragg;
        experiment.sampling.running_factors = RunningFactors { capture, polarization, solid_angle };
        experiment.detector.sensor = sensor(2, 0.15, 2.0, SamplingDepth::Mean);
        compare_kernels(&experiment, "running factors");
    }
}

fn compare_kernels(experiment: &Experiment, name: &str) {
    let scene = Scene { culling: 0.0, ..Scene::new(experiment) };
    let expected: Image<f64> = Backend::Reference.render(&scene, &Unwatched).unwrap();
    let top = expected.pixels().copied().fold(0.0, f64::max);
    assert!(top > 0.0, "{name}: the image is dark");
    for level in Level::available() {
        let is_fused = level.name() != "portable";
        let got: Image<f64> = Backend::Cpu(level).render(&scene, &Unwatched).unwrap();
        for (&got, &expected) in
            got.pixels().zip(expected.pixels()).filter(|(_, expected)| expected.abs() > 1e-12 * top)
        {
            // Without fused multiplication the indices are rounded otherwise, which shows near the zeros between spots.
            let (unit, tolerance) =
                if is_fused { (expected.abs(), 1e-12) } else { ((expected.abs() * top).sqrt(), 1e-9) };
            let error = (got - expected).abs() / unit;
            assert!(error <= tolerance, "{name}, {}: {got} instead of {expected}: {error:e}", level.name());
        }
    }
}

/// The first sample that scatters decides, even where it says 0.
#[test]
fn a_polarisation_of_exactly_nothing_is_known() {
    let mut experiment = experiment();
    experiment.sampling.physics = Physics::NanoBragg;
    experiment.sampling.oversample = 1;
    experiment.sampling.d_min = 0.8;
    experiment.beam.sources.truncate(1);
    experiment.beam.polarization.as_mut().unwrap().kahn_factor = 1.0;
    // the middle of pixel 3 5 lies along the field
    let panel = &mut experiment.detector.panels[0];
    (panel.fast_axis, panel.slow_axis) = (Vec3::new(0.0, 1.0, 0.0), Vec3::new(0.0, 0.0, 1.0));
    (panel.normal, panel.pixel_size) = (Vec3::new(1.0, 0.0, 0.0), 0.5);
    panel.origin = Vec3::new(60.0, -3.5 * 0.5, -5.5 * 0.5);
    let scene = Scene::new(&experiment);
    let expected: Image<f64> = Backend::Reference.render(&scene, &Unwatched).unwrap();
    assert_eq!(expected.panels[0].pixels()[5 * 24 + 3], 0.0);
    for level in Level::available() {
        let got: Image<f64> = Backend::Cpu(level).render(&scene, &Unwatched).unwrap();
        assert_eq!(got.panels[0].pixels()[5 * 24 + 3], 0.0, "{}", level.name());
    }
    compare_kernels(&experiment, "beside a dark pixel");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_kernel_agrees_with_the_reference_on_any_crystal(
        edges in prop::array::uniform3(20.0f64..250.0), angle in 70.0f64..110.0, n_cells in prop::array::uniform3(1u32..80),
        turn in prop::array::uniform3(-1.0f64..1.0), wavelength in 0.3f64..3.0, pixel_size in 0.02f64..0.9,
        shape in prop::sample::select(vec![Shape::Square, Shape::Round, Shape::Gauss, Shape::GaussStar, Shape::GaussNanobragg]),
        n_domains in 1usize..4, n_sources in 1usize..3, layers in 0usize..3, tricubic: bool,
    ) {
        prop_assume!(Vec3(turn).norm() > 0.1);
        let cell = UnitCell::new([edges[0], edges[1], edges[2], 90.0, angle, 90.0]).unwrap();
        let mut experiment = experiment();
        let turn = Mat3::rotation(Vec3(turn).unit(), 1.7);
        experiment.crystal.real_space = Mat3::from_rows(cell.basis().0.map(|axis| turn.apply(axis)));
        (experiment.crystal.shape, experiment.crystal.n_cells) = (shape, n_cells.map(f64::from));
        experiment.crystal.fudge = match shape {
            Shape::Gauss | Shape::GaussStar => 1e-2,
            Shape::GaussNanobragg => 1e-6,
            _ => 1.0,
        };
        experiment.crystal.mosaic.n_domains = n_domains;
        experiment.beam.sources.truncate(n_sources);
        experiment.beam.sources.iter_mut().for_each(|source| source.wavelength = wavelength);
        experiment.detector.panels[0].pixel_size = pixel_size;
        experiment.detector.sensor =
            (layers > 0).then(|| sensor(layers, 0.1, 2.0, SamplingDepth::Mean)).flatten();
        experiment.sampling.oversample = 1;
        if tricubic { experiment.structure_factors.interpolation = Interpolation::Tricubic; }
        compare_kernels(&experiment, "any crystal");
    }
}

#[test]
fn mixed_precision_keeps_five_digits_of_every_pixel() {
    for (n_cells, interpolation) in [
        ([4.0, 5.0, 6.0], None),
        ([4.3, 5.5, 6.1], None),
        ([30.0, 40.0, 50.0], None),
        ([3.0; 3], Some(Interpolation::Nearest)),
        ([3.0; 3], Some(Interpolation::Tricubic)),
    ] {
        for n_domains in [1, 4, 40] {
            let mut experiment = experiment();
            experiment.crystal.n_cells = n_cells;
            experiment.crystal.mosaic.n_domains = n_domains;
            match interpolation {
                Some(interpolation) => experiment.structure_factors.interpolation = interpolation,
                None => experiment.structure_factors.grid = None,
            }
            let mut scene = Scene::new(&experiment);
            let exact: Image<f64> = Backend::Reference.render(&scene, &Unwatched).unwrap();
            scene.precision = Precision::Fast;
            for level in Level::available() {
                let fast: Image<f64> = Backend::Cpu(level).render(&scene, &Unwatched).unwrap();
                assert_ne!(fast, exact, "{}: nothing was shortened", level.name());
                for (fast, exact) in fast.pixels().zip(exact.pixels()) {
                    assert!((fast / exact - 1.0).abs() < 1e-5, "{}: {fast} instead of {exact}", level.name());
                }
            }
        }
    }
}

/// A term that is exactly 0 leaves the running sum alone.
#[test]
fn orientations_that_scatter_nothing_multiply_nothing() {
    for shape in [Shape::GaussNanobragg, Shape::TophatNanobragg] {
        let mut experiment = experiment();
        experiment.crystal.shape = shape;
        experiment.crystal.n_cells = [30.0; 3];
        experiment.sampling.physics = Physics::NanoBragg;
        experiment.sampling.oversample = 1;
        experiment.sampling.running_factors.polarization = true;
        experiment.beam.sources.truncate(1);
        let mut scene = Scene::new(&experiment);
        let panel = &scene.panels[0];
        let centre = panel.origin + (panel.fast_axis * 12.5 + panel.slow_axis * 10.5) * panel.pixel_size;
        let q = (centre.unit() - scene.sources[0].incident) * (1.0 / scene.sources[0].wavelength);
        let (x, y) = (q.unit(), q.cross(Vec3::new(1.0, 0.0, 0.0)).unit());
        // Bragg's condition in the pixel's middle, and as far from it as can be.
        let spacing = 1.0 / q.norm();
        let basis = |h: f64| Mat3::from_rows([x * (h * spacing), y * 50.0, x.cross(y) * 50.0]);
        scene.orientations = vec![basis(2.0)];
        let alone: Image<f64> = Backend::Reference.render(&scene, &Unwatched).unwrap();
        scene.orientations = vec![basis(2.0), basis(2.5), basis(2.5)];
        let with_dark_ones: Image<f64> = Backend::Reference.render(&scene, &Unwatched).unwrap();
        let at = |image: &Image<f64>| image.panels[0].pixels()[10 * 24 + 12];
        assert!(at(&alone) > 0.0);
        assert!((at(&with_dark_ones) * 3.0 / at(&alone) - 1.0).abs() < 1e-12, "{shape:?}");
    }
}

#[test]
fn the_basis_of_a_turned_cell_is_still_that_cell() {
    let cell = UnitCell::from_basis(&experiment().crystal.real_space);
    assert!((cell.angles[1] - 97.0).abs() < 1e-12 && (cell.edges[2] - 61.0).abs() < 1e-12);
    assert!((unit(0.0, 3.0, 4.0)[2] - 0.8).abs() < 1e-15);
}
