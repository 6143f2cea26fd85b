//! What culling leaves out of a pixel: no more than the tolerance, and the same whatever else is computed.

mod common;

use bragg::experiment::{Experiment, Interpolation, MosaicSpread, Physics, Roi, Shape, UnitCell};
use bragg::gradient::{Parameter, derivative_images};
use bragg::image::Image;
use bragg::kernel::{self, Backend, Unwatched};
use bragg::math::Mat3;
use bragg::scene::Scene;
use common::{experiment, unit};
use proptest::prelude::*;
use std::sync::Arc;

fn render(scene: &Scene) -> Image<f64> {
    kernel::render(scene, &Unwatched).unwrap()
}

fn image(experiment: &Experiment) -> Vec<f64> {
    render(&Scene::new(experiment)).pixels().copied().collect()
}

/// Spots much narrower than the distance between them, most of them left out of most pixels.
fn narrow_spots() -> Experiment {
    let mut experiment = experiment();
    experiment.crystal.shape = Shape::Gauss;
    experiment.crystal.n_cells = [10.0; 3];
    (experiment.crystal.mosaic.spread, experiment.crystal.mosaic.n_domains) = (MosaicSpread::Gaussian { eta: 1.0 }, 20);
    experiment.detector.panels[0].pixel_size = 0.05;
    experiment.sampling.culling = 1e-3;
    experiment
}

#[test]
fn what_is_left_out_of_a_pixel_does_not_depend_on_the_others() {
    let whole = image(&narrow_spots());
    let all = image(&{
        let mut experiment = narrow_spots();
        experiment.sampling.culling = 0.0;
        experiment
    });
    assert!(whole != all, "nothing was left out");
    for roi in
        [Roi { fast: [3, 21], slow: [1, 18] }, Roi { fast: [5, 5], slow: [7, 7] }, Roi { fast: [8, 9], slow: [0, 19] }]
    {
        let mut part = narrow_spots();
        part.detector.panels[0].roi = Some(roi);
        for (i, (whole, part)) in whole.iter().zip(image(&part)).enumerate() {
            let (fast, slow) = (i % 24, i / 24);
            let inside = (roi.fast[0]..=roi.fast[1]).contains(&fast) && (roi.slow[0]..=roi.slow[1]).contains(&slow);
            assert_eq!(part, if inside { *whole } else { 0.0 });
        }
    }
    let mut masked = narrow_spots();
    let mask: Vec<bool> = (0..24 * 20).map(|i| i % 7 != 0 && i % 24 > 6).collect();
    masked.detector.panels[0].mask = Some(Arc::from(mask.clone()));
    for ((masked, whole), live) in image(&masked).into_iter().zip(&whole).zip(mask) {
        assert_eq!(masked, if live { *whole } else { 0.0 });
    }
}

#[test]
fn derivatives_lack_the_square_of_what_images_may_lack() {
    let parameters = ["crystal.cell.a", "crystal.orientation.x", "crystal.mosaic.eta", "detector.distance"]
        .map(|name| Parameter::parse(name).unwrap());
    let found = |culling: f64| {
        let mut experiment = narrow_spots();
        experiment.sampling.culling = culling;
        derivative_images(&experiment, &parameters, &Unwatched).unwrap()
    };
    let (some, all) = (found(1e-3), found(0.0));
    let norm = |pixels: &[f64]| pixels.iter().map(|x| x * x).sum::<f64>().sqrt();
    for (some, all) in some.derivatives.iter().zip(&all.derivatives) {
        let off: Vec<f64> = some.pixels().zip(all.pixels()).map(|(a, b)| a - b).collect();
        let whole = norm(&all.pixels().copied().collect::<Vec<_>>());
        assert!(norm(&off) > 0.0, "nothing was left out");
        assert!(norm(&off) < 1e-5 * whole, "{:e} of {whole:e}", norm(&off));
    }
}

/// Factors on the running sum take every term in turn, whatever may be left out.
#[test]
fn running_factors_leave_nothing_out() {
    let mut experiment = narrow_spots();
    experiment.sampling.physics = Physics::NanoBragg;
    experiment.sampling.running_factors.polarization = true;
    let scene = Scene::new(&experiment);
    let expected: Image<f64> = Backend::Reference.render(&scene, &Unwatched).unwrap();
    assert_eq!(render(&scene), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_is_left_out_is_within_the_tolerance(
        edges in prop::array::uniform3(20.0f64..120.0), angles in prop::array::uniform3(65.0f64..110.0),
        n_cells in prop::array::uniform3(1u32..24), spread in 0.0f64..4.0, pixel_size in 0.02f64..0.6, default_f in 0.0f64..8.0,
        (shape, fudge) in prop::sample::select(vec![
            (Shape::Gauss, 1.0), (Shape::Gauss, 0.05), (Shape::GaussStar, 1.0), (Shape::GaussStar, 0.05), (Shape::Tophat, 1.0),
            (Shape::Tophat, 0.05), (Shape::GaussNanobragg, 0.0), (Shape::TophatNanobragg, 0.0)]),
        interpolation in prop::sample::select(vec![None, Some(Interpolation::Nearest), Some(Interpolation::Tricubic)]),
        tolerance in prop::sample::select(vec![1e-7, 1e-3]),
    ) {
        let Ok(cell) = UnitCell::new([edges[0], edges[1], edges[2], angles[0], angles[1], angles[2]]) else {
            return Ok(());
        };
        let mut experiment = experiment();
        let turn = Mat3::rotation(unit(0.3, -0.5, 0.8), 0.7);
        experiment.crystal.real_space = Mat3::from_rows(cell.basis().0.map(|axis| turn.apply(axis)));
        (experiment.crystal.shape, experiment.crystal.n_cells) = (shape, n_cells.map(f64::from));
        // so that spots of all widths are met
        let cells = f64::from(n_cells.iter().product::<u32>());
        experiment.crystal.fudge = if fudge > 0.0 { fudge } else { 1.0 / cells.powf(4.0 / 3.0) };
        (experiment.crystal.mosaic.spread, experiment.crystal.mosaic.n_domains) = (MosaicSpread::Cap { half_width: spread }, 20);
        experiment.detector.panels[0].pixel_size = pixel_size;
        experiment.structure_factors.default_f = default_f;
        match interpolation {
            Some(interpolation) => experiment.structure_factors.interpolation = interpolation,
            None => experiment.structure_factors.grid = None,
        }
        let all: Image<f64> = Backend::Reference.render(&Scene::new(&experiment), &Unwatched).unwrap();
        let culled = render(&Scene { culling: tolerance, ..Scene::new(&experiment) });
        for (culled, all) in culled.pixels().zip(all.pixels()) {
            // terms below e^-700 of a spot's centre are left out in any case
            let allowed = if shape.is_tophat() { 1e-12 } else { tolerance + 1e-12 };
            prop_assert!((culled - all).abs() <= allowed * all + 1e-270, "{culled} instead of {all}");
        }
    }
}
