//! Refinement of the intensities of many reflections, by L-BFGS.

use bragg::experiment::Experiment;
use bragg::gradient::{Parameter, parse_list};
use bragg::image::{Image, Recording};
use bragg::kernel::{self, Unwatched};
use bragg::random::keyed::{Purpose, stream};
use bragg::refine::{
    Ended, Experiments, LargeStop, Loss, Observed, Outcome, Priors, Restraint, Selection, Settings, Start, Stop, refine,
};
use bragg::reflections::AmplitudeGrid;
use bragg::scene::Scene;
use bragg_io::description::{resolve, toml};
use rand::RngExt as _;
use rand_distr::{Distribution as _, Poisson};
use std::path::Path;
use std::sync::Arc;

/// A rotation image of a small cell: some hundred reflections, spots that rarely meet.
const ROTATION: &str = "\
[crystal]\ncell = [31, 34, 37, 80, 95, 100]\nmisset = [10, 20, 30]\nn_cells = 5\nshape = \"gauss\"\nmosaic.half_width = 0.3\n\
mosaic.domains = 3\nstructure_factors.default = 1\n\
[beam]\nwavelength = 1.0\nfluence = 1e29\n[detector]\npixels = [100, 100]\npixel_size = 0.3\ndistance = 60\n\
[scan]\nrange = 4\nsteps = 8\n[sampling]\noversample = 1\n[background]\noffset = 0.3\n";

const REACH: i32 = 15;

/// The experiment with amplitudes from 50 to 150 electrons; every tenth reflection has nearly none.
fn truth() -> Experiment {
    let mut experiment = resolve(toml::parse(ROTATION, Path::new("rotation.toml")).unwrap()).unwrap().experiment;
    let mut random = stream(3, 0, Purpose::Noise);
    let n = (2 * REACH as usize + 1).pow(3);
    let amplitude = |i: usize| if i.is_multiple_of(10) { 0.01 } else { 50.0 + 100.0 * random.random::<f64>() };
    let grid = AmplitudeGrid { min: [-REACH; 3], max: [REACH; 3], amplitudes: (0..n).map(amplitude).collect() };
    experiment.structure_factors.grid = Some(Arc::new(grid));
    experiment.structure_factors.default_f = 0.0;
    experiment
}

/// The same with one amplitude for all.
fn flat(truth: &Experiment) -> Experiment {
    let mut start = truth.clone();
    if let Some(grid) = &mut start.structure_factors.grid {
        Arc::make_mut(grid).amplitudes.fill(80.0);
    }
    start
}

fn image(experiment: &Experiment) -> Image<f64> {
    kernel::render(&Scene::new(experiment), &Unwatched).unwrap()
}

fn noisy(experiment: &Experiment, seed: u64) -> Recording {
    let mut random = stream(seed, 0, Purpose::Noise);
    Recording::Counts(image(experiment).map(|&mean| Poisson::new(mean).map_or(0.0, |p| p.sample(&mut random)) as i32))
}

fn fit(data: &[Recording], start: &Experiment, free: &str, restraints: &[(&str, f64, f64)]) -> bragg::Result<Outcome> {
    let observed =
        |data| Observed::new(data, start, &Selection::default(), Loss::Poisson, Path::new("rotation.img")).unwrap();
    let parameters = parse_list(free, start).unwrap();
    let model = Experiments::new(data.iter().map(observed).collect(), parameters, Vec::new(), Loss::Poisson)?;
    let names = model.names();
    let restraint = |&(name, value, sigma): &(&str, f64, f64)| {
        let parameter = names.iter().position(|known| known == name).unwrap();
        Restraint { parameter, value, sigma }
    };
    let priors = Priors { restraints: restraints.iter().map(restraint).collect(), bounds: model.bounds() };
    let settings = Settings { start: Start::Here, stop: Stop::default(), large: LargeStop::default(), priors };
    let starts = vec![start.clone(); data.len()];
    refine(&model, model.start(starts)?, &settings, &Unwatched, &mut |_, _| {})
}

fn true_value(truth: &Experiment, name: &str) -> f64 {
    Parameter::parse(name).unwrap().value(truth).unwrap()
}

#[test]
fn recorded_intensities_are_found_and_the_others_left_alone() {
    let truth = truth();
    let clean = image(&truth);
    assert!(clean.pixels().fold(0.0, |a: f64, &b| a.max(b)) > 50.0);
    let outcome = fit(&[noisy(&truth, 5)], &flat(&truth), "f2", &[]).unwrap();
    assert_eq!(outcome.ended, Ended::Converged);
    assert!(outcome.degenerate.is_empty(), "no scale is free");
    let (mut sum, mut squares, mut n) = (0.0, 0.0, 0.0);
    for parameter in &outcome.parameters {
        let expected = true_value(&truth, &parameter.name);
        if parameter.esd.is_infinite() {
            assert_eq!(parameter.value, parameter.start);
            assert!(outcome.unseen.contains(&parameter.name));
            continue;
        }
        if expected < 1.0 {
            assert!(
                parameter.value < 2000.0 + 5.0 * parameter.esd,
                "{}: {}, not none of {}",
                parameter.name,
                parameter.value,
                parameter.start
            );
        }
        // that of the true intensity, where fewer photons than expected were counted
        let esd = parameter.esd * (expected / parameter.value).sqrt().max(1.0);
        if expected > 1.0 && !parameter.at_bound && esd < 0.2 * expected {
            let pull = (parameter.value - expected) / esd;
            assert!(pull.abs() < 6.0, "{}: {} ± {}, not {expected}", parameter.name, parameter.value, parameter.esd);
            (sum, squares, n) = (sum + pull, squares + pull * pull, n + 1.0);
        }
    }
    // as many pulls know their mean to 0.1 and their standard deviation to 0.07
    let spread = (squares / n - (sum / n).powi(2)).sqrt();
    assert!(n >= 100.0 && (sum / n).abs() < 0.4 && (0.75..1.3).contains(&spread), "{n}: {} {spread}", sum / n);

    // what is called unseen is: no light of those reflections is in the image
    assert!(outcome.unseen.len() > 1000);
    let mut without = truth.clone();
    if let Some(grid) = &mut without.structure_factors.grid {
        let grid = Arc::make_mut(grid);
        for name in &outcome.unseen {
            let Parameter::Intensity(hkl) = Parameter::parse(name).unwrap() else { panic!("{name}") };
            let place = grid.position(hkl).unwrap();
            grid.amplitudes[place] = 0.0;
        }
    }
    let photons = |image: &Image<f64>| image.pixels().sum::<f64>();
    let dark = 0.3 * 1e4;
    let (all, seen) = (photons(&clean) - dark, photons(&image(&without)) - dark);
    assert!(all > 1e4 && (all - seen) < 0.02 * all, "{all} photons, {seen} of reflections that were refined");
}

#[test]
fn other_parameters_are_refined_beside_them_and_several_images_agree() {
    let truth = truth();
    let mut start = truth.clone();
    start.background_plane[0] = 0.6;
    if let Some(grid) = &mut start.structure_factors.grid {
        Arc::make_mut(grid).amplitudes.iter_mut().enumerate().for_each(|(i, f)| *f *= 0.8 + 0.1 * (i % 5) as f64);
    }
    let data = [noisy(&truth, 1), noisy(&truth, 2)];
    let outcome = fit(&data, &start, "background.offset,f2", &[]).unwrap();
    let background = &outcome.parameters[0];
    assert!((background.value - 0.3).abs() < 5.0 * background.esd && background.esd < 0.01, "{background:?}");
    let one = fit(&data[..1], &start, "background.offset,f2", &[]).unwrap();
    let strong = |outcome: &Outcome| {
        let best = outcome.parameters.iter().skip(1).filter(|p| p.value > 1.0);
        best.map(|p| p.esd / p.value).fold(f64::INFINITY, f64::min)
    };
    let ratio = strong(&outcome) / strong(&one);
    assert!((ratio - 0.5_f64.sqrt()).abs() < 0.05, "two images tell √2 times as well as one: {ratio}");
}

#[test]
fn what_cannot_be_told_or_is_too_much_is_named() {
    let truth = truth();
    let data = [noisy(&truth, 5)];
    let outcome = fit(&data, &truth, "scale,f2", &[]).unwrap();
    assert_eq!(outcome.degenerate, [["crystal.scale", "all reflections"]]);
    assert!(outcome.parameters.iter().all(|p| p.value.is_finite()));
    let outcome = fit(&data, &truth, "scale,f2", &[("crystal.scale", 1.0, 0.01)]).unwrap();
    assert!(outcome.degenerate.is_empty());
    let mut dark = truth.clone();
    dark.crystal.scale = 0.0;
    let message = fit(&data, &dark, "f2", &[]).unwrap_err().to_string();
    assert!(message.contains("reflections") && message.contains("no effect"), "{message}");
}
