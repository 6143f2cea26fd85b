//! A refinement that goes on from any iteration ends where it would have ended; one that ended where nothing fits does not call that an answer.

use bragg::experiment::Experiment;
use bragg::gradient::{parse_list, shift_all};
use bragg::image::{Image, Recording};
use bragg::kernel::{self, Unwatched};
use bragg::random::keyed::{Purpose, stream};
use bragg::refine::{
    Coarseness, Ended, Experiments, LargeStop, Loss, Observed, Outcome, Position, Priors, Selection, Settings, Start,
    State, Stop, Within, refine_from,
};
use bragg::reflections::AmplitudeGrid;
use bragg::scene::Scene;
use bragg_io::description::{resolve, toml};
use rand_distr::{Distribution as _, Poisson};
use std::path::Path;
use std::sync::Arc;

/// A triclinic crystal of five cells a side on a small detector.
const STILL: &str = "\
[crystal]\ncell = [70, 80, 90, 75, 85, 95]\nmisset = [5, 3, 2]\nn_cells = 5\nshape = \"gauss-nanobragg\"\nstructure_factors = { default = 100, include_f000 = true }\n\
[beam]\nwavelength = 1.0\nfluence = 1.26e27\n\
[detector]\npixels = [96, 96]\npixel_size = 0.3\ndistance = 100\n[sampling]\noversample = 1\n[background]\noffset = 0.5\n";

const FREE: &str =
    "crystal.cell.a,crystal.cell.b,crystal.cell.c,crystal.cell.alpha,crystal.cell.beta,crystal.cell.gamma,orientation";
const OFFSETS: [f64; 9] = [0.35, -0.4, 0.45, 0.3, -0.3, 0.3, 0.4, -0.4, 0.4];

fn still() -> Experiment {
    resolve(toml::parse(STILL, Path::new("test.toml")).unwrap()).unwrap().experiment
}

fn image(experiment: &Experiment) -> Image<f64> {
    kernel::render(&Scene::new(experiment), &Unwatched).unwrap()
}

fn noisy(experiment: &Experiment, seed: u64) -> Recording {
    let mut random = stream(seed, 0, Purpose::Noise);
    Recording::Counts(image(experiment).map(|&mean| Poisson::new(mean).map_or(0.0, |p| p.sample(&mut random)) as i32))
}

struct Task {
    model: Experiments,
    start: State,
    settings: Settings,
}

impl Task {
    fn new(data: &[Recording], start: &Experiment, [shared, own]: [&str; 2], way: Start) -> Self {
        let observed =
            |data| Observed::new(data, start, &Selection::default(), Loss::Poisson, Path::new("image")).unwrap();
        let list = |names: &str| parse_list(names, start).unwrap();
        let images: Vec<_> = data.iter().map(observed).collect();
        let model = Experiments::new(images, list(shared), list(own), Loss::Poisson).unwrap();
        let priors = Priors { restraints: Vec::new(), bounds: model.bounds() };
        let settings = Settings { start: way, stop: Stop::default(), large: LargeStop::default(), priors };
        let start = model.start(vec![start.clone(); data.len()]).unwrap();
        Self { model, start, settings }
    }

    /// The outcome, and the position after each iteration.
    fn from(&self, position: Option<Position>) -> (Outcome, Vec<Position>) {
        let mut positions = Vec::new();
        let outcome = refine_from(
            &self.model,
            self.start.clone(),
            position,
            &self.settings,
            &Unwatched,
            &mut |_, _, position| positions.push(position()),
        );
        (outcome.unwrap(), positions)
    }

    /// Goes on from the first, a middle and the last iteration of each stage.
    fn check(&self) -> (Outcome, Vec<Position>) {
        let (whole, positions) = self.from(None);
        let stages = positions.chunk_by(|a, b| a.stage == b.stage);
        let chosen = stages.flat_map(|stage| [&stage[0], &stage[stage.len() / 2], &stage[stage.len() - 1]]);
        for position in chosen {
            let at = format!("stage {}, iteration {}", position.stage, position.n_iterations());
            let (resumed, after) = self.from(Some(position.clone()));
            assert_eq!(bits(&resumed), bits(&whole), "{at}");
            assert_eq!(resumed.iterations, whole.iterations, "{at}");
            assert_eq!((resumed.ended, &resumed.parameters), (whole.ended, &whole.parameters), "{at}");
            // what is told afterwards is what was told then
            assert_eq!(after, positions[positions.len() - after.len()..], "{at}");
        }
        (whole, positions)
    }
}

/// Every number that a fit can move, to the last bit.
fn bits(outcome: &Outcome) -> Vec<u64> {
    let State { experiments, shifts } = &outcome.state;
    let of_experiment = |experiment: &Experiment| {
        let axes = experiment.crystal.real_space.0.into_iter().flat_map(|row| row.0);
        let grid = experiment.structure_factors.grid.iter().flat_map(|grid| grid.amplitudes.clone());
        axes.chain([experiment.crystal.scale]).chain(experiment.background_plane).chain(grid).collect::<Vec<f64>>()
    };
    let numbers = experiments.iter().flat_map(of_experiment).chain(shifts.iter().copied());
    numbers.chain([outcome.loss]).map(f64::to_bits).collect()
}

/// The still, moved so many times as far as a fit finds by itself.
fn moved(truth: &Experiment, times: f64) -> Experiment {
    let mut start = truth.clone();
    shift_all(&mut start, &parse_list(FREE, truth).unwrap(), &OFFSETS.map(|x| times * x));
    start
}

fn ladder() -> Start {
    Start::Coarse([16.0, 11.0, 8.0, 6.0].map(|d_min| Coarseness { blur: 0.0, d_min }).to_vec())
}

#[test]
fn a_ladder_goes_on_from_every_rung() {
    let truth = still();
    let task = Task::new(&[noisy(&truth, 3)], &moved(&truth, 2.0), [FREE, ""], ladder());
    let (outcome, positions) = task.check();
    assert_eq!(outcome.ended, Ended::Converged, "{:?}", outcome.doubts);
    assert_eq!(positions.last().unwrap().stage, 4);
    assert!(!positions.last().unwrap().before.is_empty(), "a rung led somewhere");
}

/// Whether a stage took steps that the next one was not to begin with.
fn leads_astray(positions: &[Position]) -> bool {
    let stages: Vec<_> = positions.chunk_by(|a, b| a.stage == b.stage).collect();
    let steps = |position: &Position| match &position.within {
        Within::Small(reached) => reached.steps.len(),
        Within::Large(..) => 0,
    };
    stages.windows(2).any(|pair| {
        let (last, next) = (&pair[0][pair[0].len() - 1], &pair[1][0]);
        steps(last) > 0 && last.before == next.before
    })
}

#[test]
fn a_rung_that_led_astray_is_forgotten_after_a_break_too() {
    let truth = still();
    let data = [noisy(&truth, 3)];
    let task = |times: f64| Task::new(&data, &moved(&truth, times), [FREE, ""], ladder());
    let astray = [3.0, 5.0, 8.0, 12.0, 17.0, 25.0].map(task).into_iter().find(|task| leads_astray(&task.from(None).1));
    astray.expect("a start so far away that a rung leads astray").check();
}

#[test]
fn a_search_is_not_repeated() {
    let truth = still();
    let mut start = truth.clone();
    shift_all(&mut start, &parse_list("orientation", &truth).unwrap(), &[1.3, -0.9, 1.1]);
    let stages = [4.0, 2.0].map(|blur| Coarseness { blur, d_min: 0.0 }).to_vec();
    let task = Task::new(&[noisy(&truth, 4)], &start, ["orientation,scale", ""], Start::Search { reach: 3.0, stages });
    let (outcome, positions) = task.check();
    assert_eq!(outcome.ended, Ended::Converged, "{:?}", outcome.doubts);
    assert!(matches!(positions[0].before[..], [bragg::refine::Move::Turn(_)]), "{:?}", positions[0].before);
}

#[test]
fn images_with_parameters_of_their_own_go_on_together() {
    let truth = still();
    let mut brighter = truth.clone();
    brighter.crystal.scale = 1.5;
    let data = [noisy(&truth, 5), noisy(&brighter, 6)];
    let names = ["crystal.cell.a,crystal.cell.b,background.offset", "orientation,scale"];
    Task::new(&data, &moved(&truth, 0.3), names, ladder()).check();
}

#[test]
fn intensities_of_many_reflections_go_on_where_they_were() {
    let mut truth = still();
    let n = 31_usize.pow(3);
    let amplitudes = (0..n).map(|i| 60.0 + (i * 7919 % 83) as f64).collect();
    truth.structure_factors.grid = Some(Arc::new(AmplitudeGrid { min: [-15; 3], max: [15; 3], amplitudes }));
    let mut start = truth.clone();
    if let Some(grid) = &mut start.structure_factors.grid {
        Arc::make_mut(grid).amplitudes.fill(90.0);
    }
    let task = Task::new(&[noisy(&truth, 8)], &start, ["f2,background.offset", ""], Start::Here);
    let (outcome, positions) = task.check();
    assert!(positions.len() > 5 && outcome.parameters.len() > 1000);
}

#[test]
fn a_position_of_another_fit_is_refused() {
    let truth = still();
    let data = [noisy(&truth, 3)];
    let start = moved(&truth, 0.3);
    let (_, positions) = Task::new(&data, &start, ["crystal.cell.a,scale", ""], Start::Here).from(None);
    let large = Within::Large(
        bragg::refine::LargeReached { x: vec![1.0], gradient: vec![0.0], losses: vec![1.0], pairs: Vec::new() },
        Vec::new(),
    );
    for position in [Position { stage: 3, ..positions[0].clone() }, Position { within: large, ..positions[0].clone() }]
    {
        let task = Task::new(&data, &start, ["crystal.cell.a,scale", ""], Start::Here);
        let refused =
            refine_from(&task.model, task.start.clone(), Some(position), &task.settings, &Unwatched, &mut |_, _, _| {});
        assert!(refused.unwrap_err().to_string().contains("checkpoint"));
    }
}

#[test]
fn a_fit_that_ends_where_nothing_fits_is_no_answer() {
    let mut truth = still();
    truth.beam.fluence *= 100.0;
    let data = [noisy(&truth, 9)];
    let right = Task::new(&data, &moved(&truth, 0.3), [FREE, ""], Start::Here).from(None).0;
    assert_eq!((right.ended, right.doubts.len()), (Ended::Converged, 0), "{:?}", right.doubts);
    // spots of thousands of photons where the model has none
    let wrong = Task::new(&data, &moved(&truth, 12.0), ["scale,background.offset", ""], Start::Here).from(None).0;
    assert_eq!(wrong.ended, Ended::Implausible, "{:?}", wrong.doubts);
    assert!(wrong.doubts.iter().any(|doubt| doubt.contains("does not explain")), "{:?}", wrong.doubts);
    // an edge that the data do not hold
    let mut start = moved(&truth, 0.0);
    start.crystal.scale = 0.0;
    let restraint = bragg::refine::Restraint { parameter: 0, value: 6.685, sigma: 1e-3 };
    let mut task = Task::new(&data, &start, ["crystal.cell.c,background.offset", ""], Start::Here);
    task.settings.priors.restraints.push(restraint);
    let strange = task.from(None).0;
    assert!(
        strange.doubts.iter().any(|doubt| doubt.contains("crystal.cell.c went from 90.000 to 6.6")),
        "{:?}",
        strange.doubts
    );
    assert_ne!(strange.ended, Ended::Converged);
}
