//! Refinement of whole experiments against images simulated with known parameters.

use bragg::experiment::Experiment;
use bragg::gradient::{Parameter, parse_list, shift_all};
use bragg::image::{Image, Recording};
use bragg::kernel::{self, Unwatched};
use bragg::random::keyed::{Purpose, stream};
use bragg::refine::{
    Coarseness, Ended, Experiments, LargeStop, Loss, Model as _, Observed, Outcome, Priors, Restraint, Selection,
    Settings, Start, Stop, refine,
};
use bragg::response::record;
use bragg::scene::Scene;
use bragg_io::description::print::to_toml;
use bragg_io::description::refined::describe;
use bragg_io::description::{Resolved, resolve, toml};
use rand_distr::{Distribution as _, Poisson};
use std::path::Path;

/// A triclinic crystal of five cells a side on a small detector, at a distance that puts indices of 10 to 20 on it.
const STILL: &str = "\
[crystal]\ncell = [70, 80, 90, 75, 85, 95]\nmisset = [5, 3, 2]\nn_cells = 5\nstructure_factors.default = 100\n\
[beam]\nwavelength = 1.0\nfluence = 1.26e29\n\
[detector]\npixels = [96, 96]\npixel_size = 0.3\ndistance = 100\n[sampling]\noversample = 1\n";

const TEN: &str = "crystal.cell.a,crystal.cell.b,crystal.cell.c,crystal.cell.alpha,crystal.cell.beta,crystal.cell.gamma,orientation,\
                   detector.distance";
const OFFSETS: [f64; 10] = [0.35, -0.4, 0.45, 0.3, -0.3, 0.3, 0.4, -0.4, 0.4, 0.3];

fn resolved(text: &str) -> Resolved {
    resolve(toml::parse(text, Path::new("test.toml")).unwrap()).unwrap()
}

fn experiment(text: &str) -> Experiment {
    resolved(text).experiment
}

fn image(experiment: &Experiment) -> Image<f64> {
    kernel::render(&Scene::new(experiment), &Unwatched).unwrap()
}

fn photons(image: &Image<f64>) -> Recording {
    Recording::Photons(image.map(|&x| x as f32))
}

fn noisy(image: &Image<f64>, seed: u64) -> Recording {
    let mut random = stream(seed, 0, Purpose::Noise);
    Recording::Counts(image.map(|&mean| Poisson::new(mean).map_or(0.0, |p| p.sample(&mut random)) as i32))
}

fn shifted(truth: &Experiment, parameters: &[Parameter], offsets: &[f64]) -> Experiment {
    let mut start = truth.clone();
    shift_all(&mut start, parameters, offsets);
    start
}

fn model(recordings: &[Recording], start: &Experiment, shared: &str, own: &str, loss: Loss) -> Experiments {
    let observed =
        |recording| Observed::new(recording, start, &Selection::default(), loss, Path::new("image")).unwrap();
    let list = |names: &str| parse_list(names, start).unwrap();
    Experiments::new(recordings.iter().map(observed).collect(), list(shared), list(own), loss).unwrap()
}

fn fit(model: &Experiments, starts: Vec<Experiment>, way: Start, restraints: Vec<Restraint>) -> bragg::Result<Outcome> {
    let priors = Priors { restraints, bounds: model.bounds() };
    let settings = Settings { start: way, stop: Stop::default(), large: LargeStop::default(), priors };
    refine(model, model.start(starts)?, &settings, &Unwatched, &mut |_, _| {})
}

/// Largest error of the crystal's axes (Å) and of the panel's distance (mm).
fn errors(found: &Experiment, truth: &Experiment) -> (f64, f64) {
    let axes = found.crystal.real_space.0.into_iter().zip(truth.crystal.real_space.0);
    let axis = axes.map(|(a, b)| (a - b).norm()).fold(0.0, f64::max);
    (axis, (found.detector.panels[0].close_distance() - truth.detector.panels[0].close_distance()).abs())
}

#[test]
fn ten_parameters_are_found_from_half_an_index_away() {
    let truth = experiment(STILL);
    let parameters = parse_list(TEN, &truth).unwrap();
    let clean = image(&truth);
    assert!(clean.pixels().fold(0.0, |a: f64, &b| a.max(b)) > 100.0, "there is something to see");
    let start = shifted(&truth, &parameters, &OFFSETS);
    assert!(errors(&start, &truth).0 > 0.5);
    // a fit ends at a thousandth of an e.s.d., which counted photons set higher than rounding does
    for (loss, close) in [(Loss::LeastSquares, 1e-4), (Loss::SquareRoot, 1e-3)] {
        let model = model(&[photons(&clean)], &start, TEN, "", loss);
        let outcome = fit(&model, vec![start.clone()], Start::Here, Vec::new()).unwrap();
        let (axis, distance) = errors(&outcome.state.experiments[0], &truth);
        // the values found are those that move the start there
        let by: Vec<f64> = outcome.parameters.iter().map(|p| p.value - p.start).collect();
        assert!(errors(&shifted(&start, &parameters, &by), &outcome.state.experiments[0]).0 < 1e-9);
        assert!(axis < close && distance < close, "{loss:?}: {axis} Å, {distance} mm, {:?}", outcome.ended);
        assert!(outcome.parameters.iter().all(|p| p.value.is_finite() && p.esd.is_finite()));
    }
}

#[test]
fn low_resolution_first_finds_the_way_from_three_times_as_far() {
    let truth = experiment(STILL);
    let parameters = parse_list(TEN, &truth).unwrap();
    let start = shifted(&truth, &parameters, &OFFSETS.map(|x| 3.0 * x));
    let model = model(&[photons(&image(&truth))], &start, TEN, "", Loss::SquareRoot);
    let ladder = [16.0, 11.0, 8.0, 6.0].map(|d_min| Coarseness { blur: 0.0, d_min }).to_vec();
    let outcome = fit(&model, vec![start], Start::Coarse(ladder), Vec::new()).unwrap();
    let (axis, distance) = errors(&outcome.state.experiments[0], &truth);
    assert!(axis < 1e-3 && distance < 1e-3, "{axis} Å, {distance} mm");
}

#[test]
fn orientations_are_tried_where_a_fit_would_not_get_there() {
    let text = STILL.replace("n_cells = 5", "n_cells = 5\nshape = \"gauss\"");
    let truth = experiment(&text);
    let free = "orientation,scale";
    let parameters = parse_list(free, &truth).unwrap();
    let start = shifted(&truth, &parameters, &[5.3, -4.7, 4.0, 0.3]);
    let clean = image(&truth);
    let model = model(&[photons(&clean)], &start, free, "", Loss::SquareRoot);
    let stages = [4.0, 2.0].map(|blur| Coarseness { blur, d_min: 0.0 }).to_vec();
    let search = |reach| Start::Search { reach, stages: stages.clone() };
    let far = |way| errors(&fit(&model, vec![start.clone()], way, Vec::new()).unwrap().state.experiments[0], &truth).0;
    let (direct, short, long) = (far(Start::Here), far(search(3.0)), far(search(9.0)));
    assert!(direct > 1.0, "a fit finds the way by itself: {direct} Å");
    assert!(short > 1.0, "eight degrees are not within three: {short} Å");
    assert!(long < 1e-3, "{long} Å");
}

/// Mosaic Gaussian spots of about a hundred photons on a background. They end before the middle between two reflections, where the
/// image would have kinks, which uncertainties know nothing of.
const NOISY: &str = "\
[crystal]\ncell = [42, 42, 89]\nmisset = [21, 34, 55]\nn_cells = 6\nshape = \"gauss\"\nmosaic.eta = 0.15\nmosaic.domains = 40\n\
structure_factors.default = 100\n\
[beam]\nwavelength = 1.0\nfluence = 4e22\n[detector]\npixels = [120, 120]\npixel_size = 0.2\ndistance = 60\n\
[sampling]\noversample = 1\n[background]\noffset = 0.5\n";

#[test]
fn noisy_stills_give_the_truth_within_their_uncertainties() {
    const TRIALS: u64 = 12;
    let mut truth = experiment(NOISY);
    let brightest = image(&truth).pixels().fold(0.0, |a: f64, &b| a.max(b));
    truth.crystal.scale *= 300.0 / brightest;
    let free = "crystal.cell.a,crystal.cell.c,orientation,scale,background.offset";
    let parameters = parse_list(free, &truth).unwrap();
    let clean = image(&truth);
    let offsets = [0.06, -0.12, 0.06, -0.05, 0.07, -0.2 * truth.crystal.scale, 0.1];
    let start = shifted(&truth, &parameters, &offsets);
    let (mut sum, mut squares, mut n) = (0.0, 0.0, 0.0);
    for seed in 1..=TRIALS {
        let model = model(&[noisy(&clean, seed)], &start, free, "", Loss::Poisson);
        let outcome = fit(&model, vec![start.clone()], Start::Here, Vec::new()).unwrap();
        assert_eq!(outcome.ended, Ended::Converged, "{seed}");
        for (refined, parameter) in outcome.parameters.iter().zip(&parameters) {
            if matches!(parameter, Parameter::Orientation(_)) {
                continue;
            }
            let pull = (refined.value - parameter.value(&truth).unwrap()) / refined.esd;
            assert!(pull.abs() < 5.0, "{seed}: {} is off by {pull} e.s.d.", refined.name);
            (sum, squares, n) = (sum + pull, squares + pull * pull, n + 1.0);
        }
    }
    // 48 pulls: their mean is known to 0.14, their standard deviation to 0.1
    let spread = (squares / n - (sum / n).powi(2)).sqrt();
    assert!((sum / n).abs() < 0.6 && (0.7..1.4).contains(&spread), "mean {} spread {spread}", sum / n);
}

#[test]
fn images_share_a_cell_and_keep_their_own_orientation_and_scale() {
    let truths = ["misset = [5, 3, 2]", "misset = [40, 3, 2]"]
        .map(|misset| experiment(&STILL.replace("misset = [5, 3, 2]", misset)));
    let truths = [(0, 1.0), (1, 2.5)].map(|(i, scale): (usize, f64)| {
        let mut truth = truths[i].clone();
        truth.crystal.scale = scale;
        truth
    });
    let (shared, own) = ("crystal.cell.a,crystal.cell.b,crystal.cell.c", "orientation,scale");
    let parameters = parse_list(&format!("{shared},{own}"), &truths[0]).unwrap();
    let offsets = [[0.2, -0.2, 0.2, 0.15, -0.1, 0.1, 0.3], [0.2, -0.2, 0.2, -0.1, 0.15, -0.1, -0.5]];
    let starts: Vec<_> =
        truths.iter().zip(&offsets).map(|(truth, offsets)| shifted(truth, &parameters, offsets)).collect();
    let recordings = truths.each_ref().map(|truth| photons(&image(truth)));
    let model = model(&recordings, &starts[0], shared, own, Loss::LeastSquares);
    assert_eq!(model.layout().len(), 3 + 2 * 4);
    let outcome = fit(&model, starts, Start::Here, Vec::new()).unwrap();
    for (found, truth) in outcome.state.experiments.iter().zip(&truths) {
        assert!(errors(found, truth).0 < 1e-4);
        assert!((found.crystal.scale / truth.crystal.scale - 1.0).abs() < 1e-5);
    }
    let cells: Vec<_> = outcome.state.experiments.iter().map(|e| e.crystal.edges()).collect();
    assert!((0..3).all(|i| (cells[0][i] - cells[1][i]).abs() < 1e-9), "one cell: {cells:?}");
    assert_eq!(outcome.parameters[3].name, "crystal.orientation.x of image 1");
}

#[test]
fn the_described_experiment_makes_the_refined_image() {
    let Resolved { experiment: truth, description, .. } = resolved(STILL);
    let free = format!("{TEN},scale,background,detector.rotation.x,n_cells,beam.wavelength,detector.beam_center.fast");
    let parameters = parse_list(&free, &truth).unwrap();
    let offsets: Vec<f64> = (0..parameters.len()).map(|i| 0.01 * (i as f64 + 1.0)).collect();
    let moved = shifted(&truth, &parameters, &offsets);
    let text = to_toml(&describe(&description, &moved, &parameters).unwrap());
    let again = image(&experiment(&text));
    let expected = image(&moved);
    let brightest = expected.pixels().fold(0.0, |a: f64, &b| a.max(b));
    let difference = expected.pixels().zip(again.pixels()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(difference < 1e-9 * brightest, "{difference} of {brightest}");
    let before = image(&truth).pixels().zip(again.pixels()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(before > 0.1 * brightest, "something had changed");
}

fn refused(text: &str, free: &str, change: impl Fn(&mut Image<f64>)) -> String {
    let start = experiment(text);
    let mut data = image(&start);
    change(&mut data);
    let refuse = || -> bragg::Result<Outcome> {
        let observed =
            Observed::new(&photons(&data), &start, &Selection::default(), Loss::Poisson, Path::new("data.npy"))?;
        let model = Experiments::new(vec![observed], parse_list(free, &start)?, Vec::new(), Loss::Poisson)?;
        fit(&model, vec![start.clone()], Start::Here, Vec::new())
    };
    refuse().expect_err("must be refused").to_string()
}

#[test]
fn impossible_asks_name_the_culprit() {
    let blank = STILL.replace("structure_factors.default = 100", "scale = 0\nstructure_factors.default = 100");
    let message = refused(&blank, "crystal.cell.a", |_| {});
    assert!(message.starts_with("crystal.cell.a") && message.contains("no effect"), "{message}");
    let message = refused(STILL, "crystal.cell.a", |data| data.panels[0].pixels_mut().fill(f64::NAN));
    assert!(message.contains("data.npy") && message.contains("9216 are not numbers"), "{message}");
    let few = STILL.replace("[96, 96]", "[2, 2]");
    let message = refused(&few, TEN, |_| {});
    assert!(
        message.contains("crystal.cell.gamma") && message.contains("10 parameters") && message.contains("4 pixels"),
        "{message}"
    );
    let message = refused(STILL, "crystal.scale", |data| data.panels[0].pixels_mut()[7] = -3.0);
    assert!(message.contains("1 pixels") && message.contains("less than 0 photons"), "{message}");
    let message = refused(STILL, "", |_| {});
    assert!(message.starts_with("free: names no parameter"), "{message}");
}

#[test]
fn a_few_pixels_that_are_no_numbers_do_no_harm() {
    let truth = experiment(STILL);
    let mut data = image(&truth);
    for place in [0, 500, 4000, 9000] {
        data.panels[0].pixels_mut()[place] = if place == 0 { f64::INFINITY } else { f64::NAN };
    }
    let start = shifted(&truth, &parse_list("crystal.cell.a", &truth).unwrap(), &[0.1]);
    let model = model(&[photons(&data)], &start, "crystal.cell.a", "", Loss::LeastSquares);
    assert_eq!(model.images()[0].left_out.not_numbers, 4);
    let outcome = fit(&model, vec![start], Start::Here, Vec::new()).unwrap();
    assert!((outcome.parameters[0].value - 70.0).abs() < 1e-5, "{}", outcome.parameters[0].value);
    assert_eq!(outcome.n_pixels, 96 * 96 - 4);
}

#[test]
fn what_cannot_be_told_apart_is_named_until_a_restraint_tells() {
    let start = experiment(STILL);
    let data = photons(&image(&start));
    let model = model(&[data], &start, "crystal.scale,beam.fluence,crystal.cell.a", "", Loss::SquareRoot);
    let outcome = fit(&model, vec![start.clone()], Start::Here, Vec::new()).unwrap();
    assert_eq!(outcome.degenerate, [["crystal.scale", "beam.fluence"]]);
    assert!(outcome.parameters.iter().all(|p| p.value.is_finite()));
    assert!(outcome.parameters[0].esd.is_infinite() && outcome.parameters[2].esd.is_finite());
    let restraint = Restraint { parameter: 0, value: 1.0, sigma: 0.01 };
    let outcome = fit(&model, vec![start], Start::Here, vec![restraint]).unwrap();
    assert!(outcome.degenerate.is_empty());
    assert!(
        (outcome.parameters[0].esd / 0.01 - 1.0).abs() < 0.01,
        "the restraint alone says it: {}",
        outcome.parameters[0].esd
    );
}

#[test]
fn saturated_and_masked_pixels_are_left_out() {
    let mut truth = experiment(STILL);
    truth.response.saturation = Some(199.5);
    let clean = image(&truth);
    let counts = Recording::Counts(clean.map(|&x| x.min(200.0) as i32));
    let mut mask = vec![true; 96 * 96];
    mask[..96].fill(false);
    let selection = Selection { mask: Some(vec![mask.into()]), ..Selection::default() };
    let observed = Observed::new(&counts, &truth, &selection, Loss::Poisson, Path::new("image")).unwrap();
    let bright = clean.panels[0].pixels().iter().skip(96).filter(|&&x| x >= 200.0).count();
    assert!(bright > 0);
    assert_eq!((observed.left_out.saturated, observed.left_out.masked), (bright, 96));
    assert_eq!(observed.n_used(), 95 * 96 - bright);
}

/// The detector of an experiment is the one that its images were recorded with, and the fit's: no number of the crystal or the
/// background takes up what the detector did.
#[test]
fn a_fit_sees_the_response_of_its_experiment() {
    let truth = experiment(&format!("{STILL}[noise]\nseed = 5\ngain = 3\nadc_offset = 40\n[background]\noffset = 2\n"));
    let counts = record(image(&truth).map(|&photons| photons as f32), &truth.response);
    let names = "crystal.scale,background.offset";
    let start = shifted(&truth, &parse_list(names, &truth).unwrap(), &[0.1, -0.5]);
    let model = model(&[counts], &start, names, "", Loss::Poisson);
    let outcome = fit(&model, vec![start], Start::Here, Vec::new()).unwrap();
    for (parameter, truth) in outcome.parameters.iter().zip([1.0, 2.0]) {
        assert!(parameter.esd < 0.02 * truth, "{}: ± {}", parameter.name, parameter.esd);
        assert!(
            (parameter.value - truth).abs() < 4.0 * parameter.esd,
            "{}: {} ± {}",
            parameter.name,
            parameter.value,
            parameter.esd
        );
    }
}
