//! Every parameter against finite differences, and the fast derivatives against dual numbers.

mod common;

use bragg::experiment::beam::{Spread, TickSample, Ticks};
use bragg::experiment::{
    Curvature, Experiment, Interpolation, MosaicSpread, Polarization, SamplingDepth, Sensor, Shape, Source, UnitCell,
};
use bragg::gradient::{
    CellNumbers, CrystalSystem, Parameter, TABLE, combination, derivative_images, gradient, jacobian_blocks, jvp,
    parse_list, tangent,
};
use bragg::image::{Image, PanelImage};
use bragg::kernel::{Backend, Unwatched};
use bragg::math::{Mat3, Vec3};
use bragg::reflections::AmplitudeGrid;
use bragg::scene::{Scene, SceneTangent};
use common::unit;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use std::sync::Arc;

const N_FAST: usize = 8;
const N_SLOW: usize = 6;
const SHAPES: [Shape; 5] = [Shape::Square, Shape::Round, Shape::Gauss, Shape::GaussStar, Shape::GaussNanobragg];

/// A change of an experiment.
type Variation = fn(&mut Experiment);

const VARIATIONS: [(&str, Variation); 10] = [
    ("nearest", |_| {}),
    ("tricubic", |e| e.structure_factors.interpolation = Interpolation::Tricubic),
    ("oversampled", |e| e.sampling.oversample = 2),
    ("Gaussian mosaicity and rotation", |e| {
        (e.crystal.mosaic.n_domains, e.crystal.mosaic.spread) = (3, MosaicSpread::Gaussian { eta: 0.15 });
        (e.scan.first, e.scan.start, e.scan.step, e.scan.range, e.scan.n_steps) = (0.55, 0.3, 0.5, 1.0, 2);
    }),
    ("cap and rotation", |e| {
        (e.crystal.mosaic.n_domains, e.crystal.mosaic.spread) = (4, MosaicSpread::Cap { half_width: 0.4 });
        (e.scan.first, e.scan.start, e.scan.step, e.scan.range, e.scan.n_steps) = (0.55, 0.3, 0.5, 1.0, 2);
    }),
    ("divergence and dispersion", |e| {
        let ticks = |range: f64, n_steps: usize| Ticks {
            range,
            step: range / (n_steps as f64 - 1.0),
            n_steps,
            sample: TickSample::Ends,
        };
        let spread = Spread {
            horizontal: ticks(2.0, 2),
            vertical: ticks(3.0, 3),
            round: false,
            dispersion: ticks(0.01, 2),
            e_vector: e.beam.polarization.unwrap().e_vector,
        };
        e.beam.sources = spread.sources(e.beam.direction, e.beam.wavelength);
        e.beam.sources[1].weight = 0.7;
        e.beam.spread = Some(spread);
    }),
    ("absorption", |e| {
        e.detector.sensor =
            Some(Sensor { n_layers: 3, layer_thickness: 0.15, attenuation: 2.0, sampling_depth: SamplingDepth::Mean });
    }),
    ("absorption, thick", |e| {
        e.detector.sensor =
            Some(Sensor { n_layers: 1, layer_thickness: 0.9, attenuation: 2.0, sampling_depth: SamplingDepth::Mean });
    }),
    ("tilted", |e| {
        let turn = Mat3::rotation(unit(0.4, 0.8, -0.2), 0.3);
        let panel = &mut e.detector.panels[0];
        let middle = panel.middle();
        panel.origin = middle + turn.apply(panel.origin - middle);
        for axis in [&mut panel.fast_axis, &mut panel.slow_axis, &mut panel.normal] {
            *axis = turn.apply(*axis);
        }
    }),
    ("curved", |e| e.detector.curvature = Curvature::Sphere),
];

/// Some fifty pixels at 2θ of about 55°, where indices are above 30, with water and a background plane.
fn wide_angle(cell: [f64; 6]) -> Experiment {
    let mut e = common::experiment();
    let turn = Mat3::rotation(unit(0.3, -0.5, 0.8), 0.7);
    let cell = UnitCell::new(cell).unwrap();
    e.crystal.real_space = Mat3(cell.basis().0.map(|edge| turn.apply(edge)));
    (e.crystal.n_cells, e.crystal.fudge, e.crystal.scale) = ([4.0, 5.3, 6.0], 0.6, 0.8);
    (e.crystal.mosaic.n_domains, e.crystal.mosaic.spread) = (1, MosaicSpread::Gaussian { eta: 0.0 });
    let direction = unit(0.02, -0.03, 1.0);
    (e.beam.direction, e.beam.wavelength, e.beam.spread) = (direction, 1.2, None);
    e.beam.sources = vec![Source { direction, wavelength: 1.2, weight: 1.0 }];
    e.beam.polarization = Some(Polarization { kahn_factor: 0.7, e_vector: unit(0.9, 0.4, 0.1) });
    (e.scan.first, e.scan.start, e.scan.step, e.scan.range, e.scan.n_steps) = (0.0, 0.0, 0.0, 0.0, 1);
    let panel = &mut e.detector.panels[0];
    (panel.n_fast, panel.n_slow, panel.pixel_size) = (N_FAST, N_SLOW, 0.31);
    panel.origin = Vec3::new(58.0, 46.0, -50.0);
    (e.detector.distance, e.sampling.oversample) = (50.0, 1);
    (e.water_volume, e.background_plane, e.beam.fluence) = (1.25e-16, [3.0, 0.1, -0.2], 1e30);
    amplitudes(&mut e);
    e
}

/// The indices that the middle of a pixel has.
fn indices(e: &Experiment, fast: usize, slow: usize) -> Vec3 {
    let position = e.detector.panels[0].position(fast as f64 + 0.5, slow as f64 + 0.5);
    let along = e.beam.propagation();
    let mut direction = position.unit();
    if e.detector.curvature == Curvature::Sphere {
        let across = position - along * position.dot(along);
        let angle = across.norm() / e.detector.distance;
        direction = along * angle.cos() + across.unit() * angle.sin();
    }
    e.crystal.real_space.apply((direction - along) * (1.0 / e.beam.wavelength))
}

/// Amplitudes of the reflections on the detector but for the last few along h; all are above 30 along some axis.
fn amplitudes(e: &mut Experiment) {
    let corners = [(0, 0), (N_FAST, 0), (0, N_SLOW), (N_FAST, N_SLOW)].map(|(fast, slow)| indices(e, fast, slow));
    let bound = |axis: usize, pick: fn(f64, f64) -> f64| corners.iter().map(|hkl| hkl[axis]).reduce(pick).unwrap();
    let min = [0, 1, 2].map(|axis| bound(axis, f64::min).floor() as i32 - 4);
    let mut max = [0, 1, 2].map(|axis| bound(axis, f64::max).ceil() as i32 + 4);
    max[0] -= 5;
    assert!((0..3).any(|axis| min[axis].min(max[axis]) > 30 || min[axis].max(max[axis]) < -30), "{min:?} {max:?}");
    let n: usize = AmplitudeGrid::extents(min, max).unwrap().iter().product();
    let random = &mut ChaCha8Rng::seed_from_u64(5);
    let amplitudes = (0..n).map(|_| 20.0 + 30.0 * random.random::<f64>()).collect();
    e.structure_factors.grid = Some(Arc::new(AmplitudeGrid { min, max, amplitudes }));
    (e.structure_factors.default_f, e.structure_factors.scale, e.structure_factors.b_factor) = (25.0, 1.3, 0.4);
}

/// The parameter of a row of the table, with a reflection that is on the detector.
fn instance(parameter: Parameter, e: &Experiment) -> Parameter {
    match parameter {
        Parameter::Intensity(_) => {
            let hkl = indices(e, N_FAST / 4, N_SLOW / 2);
            Parameter::Intensity(hkl.0.map(|index| index.round() as i32))
        }
        other => other,
    }
}

/// A step in which the image changes by a per cent or so.
fn step(parameter: &Parameter, e: &Experiment) -> f64 {
    use Parameter as P;
    let value = parameter.value(e).unwrap();
    match parameter {
        P::Wavelength | P::SourceWavelength(_) => 2e-5,
        P::SourceRange(_) => 0.005 * value,
        P::Fluence | P::Intensity(_) | P::Water | P::DefaultAmplitude | P::SensorThickness | P::AttenuationLength => {
            0.02 * value
        }
        P::PolarizationAngle | P::BFactor => 0.05,
        P::CellCount(_) | P::Fudge | P::CrystalScale | P::AmplitudeScale | P::AmplitudeLogScale | P::KahnFactor => 0.02,
        P::ScanRange | P::BeamCenter(_) | P::PanelRotation(..) | P::MosaicEta | P::MosaicHalfWidth => 0.005,
        P::BackgroundOffset | P::BackgroundSlope(_) | P::SourceWeight(_) => 0.1,
        _ => 0.001,
    }
}

fn norm(pixels: &[f64]) -> f64 {
    pixels.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn pixels(image: &Image<f64>) -> Vec<f64> {
    image.pixels().copied().collect()
}

fn image(e: &Experiment) -> Vec<f64> {
    pixels(&Backend::Reference.render(&Scene::new(e), &Unwatched).unwrap())
}

fn exact(e: &Experiment, along: &SceneTangent) -> Vec<f64> {
    let scene = Scene::new(e);
    let first: Vec<usize> = scene.panels.iter().map(|panel| panel.n_fast * panel.n_slow).collect();
    let mut derivatives = vec![0.0; first.iter().sum()];
    let blocks = Backend::Reference.pushforward(&scene, std::slice::from_ref(along), &Unwatched, |block| {
        let offset: usize = first[..block.panel].iter().sum();
        let places = block.places.iter().map(move |place| offset + place);
        places.zip(block.derivatives[0].iter().copied()).collect::<Vec<_>>()
    });
    blocks.unwrap().into_iter().flatten().for_each(|(place, derivative)| derivatives[place] = derivative);
    derivatives
}

/// Central differences over steps h, h/2, h/4, extrapolated (Richardson) from the last two and from all three: where both are alike the
/// image is smooth within the steps.
fn differences(e: &Experiment, parameter: &Parameter, h: f64) -> [Vec<f64>; 2] {
    let central = |h: f64| -> Vec<f64> {
        let [above, below] = [h, -h].map(|delta| {
            let mut moved = e.clone();
            parameter.shift(&mut moved, delta);
            image(&moved)
        });
        minus(&above, &below).into_iter().map(|difference| difference / (2.0 * h)).collect()
    };
    let extrapolated = |coarse: &[f64], fine: &[f64], power: f64| -> Vec<f64> {
        coarse.iter().zip(fine).map(|(coarse, fine)| (power * fine - coarse) / (power - 1.0)).collect()
    };
    let [first, second, third] = [h, h / 2.0, h / 4.0].map(central);
    let [coarse, fine] = [extrapolated(&first, &second, 4.0), extrapolated(&second, &third, 4.0)];
    let both = extrapolated(&coarse, &fine, 16.0);
    [fine, both]
}

const NARROW: f64 = 1.0;

/// Gaussian spots so narrow that nothing is seen of the jumps between reflections, but for nanoBragg's.
fn set_shape(e: &mut Experiment, shape: Shape) {
    e.crystal.shape = shape;
    if matches!(shape, Shape::Gauss | Shape::GaussStar) {
        e.crystal.fudge = NARROW;
    }
}

fn cases() -> impl Iterator<Item = (String, Experiment)> {
    SHAPES.into_iter().flat_map(|shape| {
        VARIATIONS.into_iter().map(move |(name, vary)| {
            let mut e = wide_angle([70.0, 80.0, 90.0, 75.0, 85.0, 95.0]);
            set_shape(&mut e, shape);
            vary(&mut e);
            amplitudes(&mut e);
            (format!("{shape:?}, {name}"), e)
        })
    })
}

/// With |F| of the nearest reflection, and in round and Gaussian spots, the image jumps where the nearest index changes; such a pixel
/// has differences that do not settle as steps shrink, and is left out.
fn check_against_differences(name: &str, e: &Experiment, parameter: &Parameter) {
    let along = tangent(e, parameter).unwrap();
    let exact = exact(e, &along);
    let [fine, best] = differences(e, parameter, step(parameter, e));
    let top = best.iter().fold(0.0, |top: f64, x| top.max(x.abs()));
    let smooth: Vec<usize> = (0..best.len()).filter(|&i| (best[i] - fine[i]).abs() <= 3e-7 * top).collect();
    assert!(smooth.len() * 10 > best.len() * 7, "{name}, {parameter}: {} pixels are smooth", smooth.len());
    let of = |values: &[f64]| smooth.iter().map(|&i| values[i]).collect::<Vec<_>>();
    let [exact, best] = [exact, best].map(|values| of(&values));
    let visible = norm(&exact) * step(parameter, e) / norm(&of(&image(e)));
    assert!(visible > 1e-9, "{name}, {parameter}: a step changes nothing: {visible:e}");
    let off = norm(&minus(&exact, &best)) / norm(&exact);
    assert!(off < 1e-6, "{name}, {parameter}: off by {off:e}");
}

#[test]
fn every_parameter_has_the_derivative_that_small_steps_show() {
    let mut seen = BTreeSet::new();
    for (name, e) in cases() {
        for row in TABLE {
            let parameter = instance(row.parameter, &e);
            let tied =
                matches!(parameter, Parameter::Cell(CellNumbers::EdgesAB | CellNumbers::Edges | CellNumbers::Angles));
            // nothing of the reflections beyond the list is seen
            let is_dark = parameter == Parameter::DefaultAmplitude && e.crystal.fudge == NARROW;
            if tied || is_dark || parameter.check(&e).is_err() {
                continue;
            }
            check_against_differences(&name, &e, &parameter);
            seen.insert(row.name);
        }
    }
    for shape in SHAPES {
        let mut e = wide_angle([80.0, 80.0, 80.0, 82.0, 82.0, 82.0]);
        set_shape(&mut e, shape);
        for name in ["crystal.cell.a_b", "crystal.cell.a_b_c", "crystal.cell.alpha_beta_gamma"] {
            check_against_differences(&format!("{shape:?}, rhombohedral"), &e, &Parameter::parse(name).unwrap());
            seen.insert(name);
        }
    }
    let missing: Vec<_> = TABLE.iter().map(|row| row.name).filter(|name| !seen.contains(name)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

fn random_image(e: &Experiment, seed: u64) -> Image<f64> {
    let random = &mut ChaCha8Rng::seed_from_u64(seed);
    let panel = |panel: &bragg::experiment::Panel| {
        let n = panel.n_fast * panel.n_slow;
        let pixels = (0..n).map(|_| 2.0 * random.random::<f64>() - 1.0).collect();
        PanelImage::new(panel.n_fast, panel.n_slow, pixels).unwrap()
    };
    Image { panels: e.detector.panels.iter().map(panel).collect() }
}

#[test]
fn fast_derivatives_are_those_of_dual_numbers() {
    for (name, e) in cases() {
        let mut parameters = Parameter::of(&e);
        parameters.push(instance(Parameter::Intensity([0; 3]), &e));
        let cotangent = random_image(&e, 1);
        let weights = pixels(&cotangent);
        let by_sweep = gradient(&e, &parameters, &cotangent, &Unwatched).unwrap();
        let all = derivative_images(&e, &parameters, &Unwatched).unwrap();
        assert!(norm(&minus(&pixels(&all.image), &image(&e))) < 1e-11 * norm(&image(&e)), "{name}: the image");
        for ((parameter, by_sweep), by_pixel) in parameters.iter().zip(&by_sweep).zip(&all.derivatives) {
            let exact = exact(&e, &tangent(&e, parameter).unwrap());
            let scale = norm(&exact) * norm(&weights);
            assert!(scale > 0.0, "{name}, {parameter} changes nothing");
            let off = (by_sweep - product(&exact, &weights)).abs() / scale;
            assert!(off < 1e-10, "{name}, {parameter}: the sweep is off by {off:e}");
            let off = norm(&minus(&pixels(by_pixel), &exact)) / norm(&exact);
            assert!(off < 1e-10, "{name}, {parameter}: the pixels are off by {off:e}");
        }
        // along a direction in which all parameters change the image alike
        let direction: Vec<f64> =
            all.derivatives.iter().enumerate().map(|(i, d)| (i as f64).cos() / norm(&pixels(d))).collect();
        let along = pixels(&jvp(&e, &parameters, &direction, &Unwatched).unwrap());
        let (left, right) = (product(&along, &weights), product(&direction, &by_sweep));
        let scale = norm(&along) * norm(&weights);
        assert!((left - right).abs() < 1e-12 * scale, "{name}: {left:e} and {right:e} of {scale:e}");
    }
}

#[test]
fn blocks_have_every_pixel_once() {
    let e = wide_angle([70.0, 80.0, 90.0, 75.0, 85.0, 95.0]);
    let parameters = parse_list("cell, orientation,detector", &e).unwrap();
    assert_eq!(parameters.len(), 12);
    let blocks = jacobian_blocks(&e, &parameters, &Unwatched, |block| {
        assert_eq!(block.derivatives.len(), 12);
        (block.panel, block.places.to_vec())
    });
    let mut places: Vec<_> = blocks
        .unwrap()
        .into_iter()
        .flat_map(|(panel, places)| {
            assert_eq!(panel, 0);
            places
        })
        .collect();
    places.sort_unstable();
    assert_eq!(places, (0..N_FAST * N_SLOW).collect::<Vec<_>>());
}

#[test]
fn a_group_of_equal_numbers_moves_as_its_members_do() {
    let e = wide_angle([80.0, 80.0, 80.0, 82.0, 82.0, 82.0]);
    for (group, members) in [
        (CellNumbers::EdgesAB, &[CellNumbers::A, CellNumbers::B][..]),
        (CellNumbers::Edges, &[CellNumbers::A, CellNumbers::B, CellNumbers::C]),
        (CellNumbers::Angles, &[CellNumbers::Alpha, CellNumbers::Beta, CellNumbers::Gamma]),
    ] {
        let together = exact(&e, &tangent(&e, &Parameter::Cell(group)).unwrap());
        let members: Vec<_> = members.iter().copied().map(Parameter::Cell).collect();
        let apart = exact(&e, &combination(&e, &members, &vec![1.0; members.len()]).unwrap());
        assert!(norm(&minus(&together, &apart)) < 1e-12 * norm(&together));
        let mut moved = e.clone();
        Parameter::Cell(group).shift(&mut moved, 0.25);
        let before = UnitCell::from_basis(&e.crystal.real_space).parameters();
        let after = UnitCell::from_basis(&moved.crystal.real_space).parameters();
        for (place, (before, after)) in before.into_iter().zip(after).enumerate() {
            let expected = if group.places().contains(&place) { before + 0.25 } else { before };
            assert!((after - expected).abs() < 1e-10, "{group:?}: {after} for {expected}");
        }
    }
}

#[test]
fn crystal_systems_are_known_by_their_cells() {
    for (cell, system, free) in [
        ([80.0, 80.0, 80.0, 90.0, 90.0, 90.0], "cubic", "a_b_c"),
        ([80.0, 80.0, 90.0, 90.0, 90.0, 120.0], "hexagonal", "a_b c"),
        ([80.0, 80.0, 80.0, 82.0, 82.0, 82.0], "rhombohedral", "a_b_c alpha_beta_gamma"),
        ([80.0, 80.0, 90.0, 90.0, 90.0, 90.0], "tetragonal", "a_b c"),
        ([80.0, 85.0, 90.0, 90.0, 90.0, 90.0], "orthorhombic", "a b c"),
        ([80.0, 85.0, 90.0, 90.0, 99.0, 90.0], "monoclinic", "a b c beta"),
        ([80.0, 85.0, 90.0, 81.0, 99.0, 95.0], "triclinic", "a b c alpha beta gamma"),
    ] {
        let e = wide_angle(cell);
        let found = CrystalSystem::of(&UnitCell::from_basis(&e.crystal.real_space));
        assert_eq!(Some(found), CrystalSystem::parse(system));
        let names = |text: &str| {
            let list = parse_list(text, &e).unwrap();
            list.iter().map(|p| p.name().replace("crystal.cell.", "")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names("cell"), free, "{system}");
        assert_eq!(names(&format!("cell:{system}")), free, "{system}");
    }
}

#[test]
fn rotations_at_once_are_one_rotation() {
    let e = wide_angle([70.0, 80.0, 90.0, 75.0, 85.0, 95.0]);
    let parameters = parse_list("orientation", &e).unwrap();
    let mut moved = e.clone();
    bragg::gradient::shift_all(&mut moved, &parameters, &[3.0, -4.0, 12.0]);
    let turn = Mat3::rotation(Vec3::new(3.0, -4.0, 12.0).unit(), 13f64.to_radians());
    for (edge, from) in moved.crystal.real_space.0.into_iter().zip(e.crystal.real_space.0) {
        assert!((edge - turn.apply(from)).norm() < 1e-12);
    }
}

#[test]
fn what_has_no_derivative_is_refused_with_the_reason() {
    let e = wide_angle([70.0, 80.0, 90.0, 75.0, 85.0, 95.0]);
    let refused = |e: &Experiment, name: &str| match parse_list(name, e) {
        Ok(list) => panic!("{list:?}"),
        Err(error) => error.to_string(),
    };
    for (name, why) in [
        ("crystal.mosaic.seed", "is a seed"),
        ("scan.steps", "whole number"),
        ("crystal.mosaic.eta", "one mosaic domain"),
        ("crystal.mosaic_spread", "crystal.mosaic.half_width now"),
        ("crystal.fudge", "square"),
        ("crystal.cell.a_b", "a is 70"),
        ("scan.range", "still"),
        ("beam.source[3].weight", "sources 0 to 0"),
        ("beam.dispersion.range", "list"),
        ("detector.panel[1].origin.x", "panels 0 to 0"),
        ("detector.sensor.thickness", "no sensor"),
        ("detector.distanse", "nearest is detector.distance"),
        ("crystal.structure_factors.f2[1,0]", "h,k,l"),
        ("crystal.structure_factors.f2[1,0,0]", "outside"),
        ("crystal.misset", "crystal.orientation.x"),
        ("cell:square", "crystal system"),
    ] {
        let message = refused(&e, name);
        assert!(message.contains(why), "{message} lacks {why}");
    }
    let mut mosaic = e.clone();
    mosaic.crystal.mosaic.n_domains = 4;
    assert!(refused(&mosaic, "crystal.mosaic.eta").contains("is 0"));
    mosaic.crystal.mosaic.spread = MosaicSpread::Cap { half_width: 0.1 };
    assert!(refused(&mosaic, "crystal.mosaic.eta").contains("take crystal.mosaic.half_width"));
    assert_eq!(parse_list("mosaic", &mosaic).unwrap(), [Parameter::MosaicHalfWidth]);
    let mut dark = e.clone();
    dark.beam.polarization = None;
    assert!(refused(&dark, "beam.polarization").contains("none"));
    let mut flat = e.clone();
    flat.crystal.shape = Shape::Tophat;
    assert!(refused(&flat, "crystal.cell.a").contains("tophat"));
    let mut theirs = e;
    theirs.sampling.physics = bragg::experiment::Physics::NanoBragg;
    assert!(refused(&theirs, "crystal.cell.a").contains("correct physics"));
}

#[test]
fn names_read_back_as_what_they_name() {
    for row in TABLE {
        assert_eq!(Parameter::parse(&row.parameter.name()).unwrap(), row.parameter, "{}", row.name);
    }
    let names = ["detector.panel[12].rotation.z", "crystal.structure_factors.f2[1,0,-3]", "beam.source[7].wavelength"];
    for name in names {
        assert_eq!(Parameter::parse(name).unwrap().name(), name);
    }
    assert_eq!(Parameter::parse("scan.phi_start").unwrap(), Parameter::ScanStart);
}
