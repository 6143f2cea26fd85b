//! Does refinement recover the truth, and do its uncertainties tell how well?
//!
//! Noisy stills of 1A8O (HIV capsid, P 43 21 2, 41.98 and 88.92 Å) with the structure factors of its coordinates are simulated with known
//! parameters and refined from wrong ones. Every number follows from the seed.
//!
//! ```sh
//! cargo run --release --package bragg-io --example refine_trials
//! cargo run --release --package bragg-io --example refine_trials -- --turn 0.5 --start ladder
//! cargo run --release --package bragg-io --example refine_trials -- --trials 200 --turn 0 --edges 0 --scale 0   # e.s.d. against spread
//! ```

#![expect(clippy::disallowed_methods, reason = "a program has arguments and prints")]
#![expect(clippy::print_stdout, reason = "a table is what it is for")]

use bragg::experiment::Experiment;
use bragg::gradient::{Parameter, parse_list, shift_all};
use bragg::image::{Image, Recording};
use bragg::kernel::{self, Unwatched};
use bragg::math::{Mat3, Vec3};
use bragg::random::keyed::{Purpose, stream, uniform_rotation};
use bragg::refine::{
    Ended, Experiments, LargeStop, Loss, Observed, Outcome, Priors, Selection, Settings, Start, Stop, refine,
};
use bragg::scene::Scene;
use bragg_io::description::{Origin, resolve, toml};
use rand::RngExt as _;
use rand_distr::{Distribution as _, Poisson};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Photons in the brightest pixel of a strong spot.
const STRONG: f64 = 100.0;
/// A fit has found the truth when orientation (deg) and every edge (relative) are closer than this.
const FOUND: (f64, f64) = (0.002, 1e-4);
/// Statistics are over fits that ended in the right valley: no parameter is off by so many e.s.d.
const FAR: f64 = 8.0;
/// The experiment: small mosaic domains, whose spots are as wide as pixels, on a detector that reaches 2.4 Å at its edges and 1.8 Å in its corners.
const STILL: &str = "\
[crystal]
structure_factors.file = \"1a8o.pdb\"
misset = [21.0, 34.0, 55.0]
n_cells = [9, 9, 5]
shape = \"gauss\"
mosaic.eta = 0.05
mosaic.domains = 100

[beam]
wavelength = 0.98
fluence = 1e24

[detector]
pixels = [512, 512]
pixel_size = 0.172
distance = 100

[sampling]
oversample = 1

[background]
offset = 0.5
";

#[derive(Debug, Clone)]
struct Options {
    trials: u64,
    /// Keys of the experiment with other values.
    set: Vec<String>,
    /// Start: degrees about a random axis, relative error of each edge, of the scale.
    turn: f64,
    edges: f64,
    scale: f64,
    start: String,
    /// How many spots are strong.
    strong: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let truth = truth(&options)?;
    let free = "crystal.cell.a,crystal.cell.b,crystal.cell.c,orientation,scale,background.offset";
    let parameters = parse_list(free, &truth)?;
    let clean = kernel::render::<f64>(&Scene::new(&truth), &Unwatched)?;
    println!("{options:?}");
    println!("{}", parameters.iter().map(Parameter::name).collect::<Vec<_>>().join(", "));
    let mut results = Vec::new();
    for trial in 0..options.trials {
        let result = run(&options, &truth, &parameters, &clean, trial)?;
        println!("{}", result.line(trial));
        results.push(result);
    }
    summarise(&results, &truth, &parameters);
    Ok(())
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut options = Options {
        trials: 50,
        set: Vec::new(),
        turn: 0.2,
        edges: 0.003,
        scale: 0.3,
        start: "none".to_owned(),
        strong: 350,
    };
    let mut words = std::env::args().skip(1);
    while let Some(name) = words.next() {
        let value = words.next().ok_or("every option takes a value")?;
        match name.as_str() {
            "--trials" => options.trials = value.parse()?,
            "--set" => options.set.push(value),
            "--turn" => options.turn = value.parse()?,
            "--edges" => options.edges = value.parse()?,
            "--scale" => options.scale = value.parse()?,
            "--start" => options.start = value,
            "--strong" => options.strong = value.parse()?,
            _ => {
                let options = "--trials --turn --edges --scale --start --strong --set";
                return Err(format!("{name}: the options are {options}").into());
            }
        }
    }
    Ok(options)
}

/// The true experiment; its strong spots have [`STRONG`] photons or more in the brightest pixel.
fn truth(options: &Options) -> Result<Experiment, Box<dyn Error>> {
    let mut description = toml::parse(STILL, Path::new("still.toml"))?;
    for setting in &options.set {
        let (name, value) = setting.split_once('=').ok_or("--set takes KEY=VALUE")?;
        description.set(name, value, Origin::Set)?;
    }
    description.relative_to(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples"));
    let mut experiment = resolve(description)?.experiment;
    // a beam stop hides the direct beam
    if let Some(grid) = &mut experiment.structure_factors.grid
        && let Some(direct) = grid.position([0; 3])
    {
        Arc::make_mut(grid).amplitudes[direct] = 0.0;
    }
    let background = experiment.background_plane[0];
    let image = kernel::render::<f64>(&Scene::new(&experiment), &Unwatched)?;
    let mut peaks = peaks(&image);
    peaks.iter_mut().for_each(|peak| *peak -= background);
    peaks.sort_by(|a, b| b.total_cmp(a));
    let strong = peaks.get(options.strong - 1).ok_or("there are fewer spots than are to be strong")?;
    let factor = STRONG / strong;
    experiment.crystal.scale *= factor;
    let visible = peaks.iter().filter(|&&peak| peak * factor > 5.0).count();
    println!("{visible} spots have more than 5 photons in their brightest pixel, {} have {STRONG}", options.strong);
    Ok(experiment)
}

/// Pixels brighter than all around them.
fn peaks(image: &Image<f64>) -> Vec<f64> {
    let (n, pixels) = (image.panels[0].n_fast(), image.panels[0].pixels());
    let around = |i: usize| [i - n - 1, i - n, i - n + 1, i - 1, i + 1, i + n - 1, i + n, i + n + 1];
    let inner = (1..image.panels[0].n_slow() - 1).flat_map(|slow| (1..n - 1).map(move |fast| slow * n + fast));
    inner.filter(|&i| around(i).iter().all(|&j| pixels[j] < pixels[i])).map(|i| pixels[i]).collect()
}

struct Trial {
    found: bool,
    right: bool,
    /// Errors of orientation (deg) and of the edges (relative).
    turn: f64,
    edges: f64,
    values: Vec<f64>,
    pulls: Vec<f64>,
    esd: Vec<f64>,
    seconds: f64,
    iterations: usize,
}

impl Trial {
    fn line(&self, trial: u64) -> String {
        let pulls: Vec<_> = self.pulls.iter().map(|pull| format!("{pull:6.2}")).collect();
        format!(
            "{trial:3} {} orientation {:.5} deg, edges {:.6} %, {} iterations, {:.2} s, pulls {}",
            if self.found { "found" } else { "LOST " },
            self.turn,
            100.0 * self.edges,
            self.iterations,
            self.seconds,
            pulls.join(" ")
        )
    }
}

fn run(
    options: &Options,
    truth: &Experiment,
    parameters: &[Parameter],
    clean: &Image<f64>,
    trial: u64,
) -> Result<Trial, Box<dyn Error>> {
    let mut noise = stream(trial, 1, Purpose::Noise);
    let noisy = clean.map(|&mean| Poisson::new(mean).map_or(0.0, |poisson| poisson.sample(&mut noise)) as i32);
    let mut random = stream(trial, 2, Purpose::Orientation);
    let axis = uniform_rotation(&mut random).apply(Vec3::new(0.0, 0.0, 1.0));
    let mut sign = || if random.random::<bool>() { 1.0 } else { -1.0 };
    let [a, b, c] = truth.crystal.edges();
    let offset = |parameter: &Parameter| match parameter.name().as_str() {
        "crystal.cell.a" => sign() * options.edges * a,
        "crystal.cell.b" => sign() * options.edges * b,
        "crystal.cell.c" => sign() * options.edges * c,
        "crystal.orientation.x" => options.turn * axis[0],
        "crystal.orientation.y" => options.turn * axis[1],
        "crystal.orientation.z" => options.turn * axis[2],
        "crystal.scale" => sign() * options.scale * truth.crystal.scale,
        _ => 0.0,
    };
    let offsets: Vec<f64> = parameters.iter().map(offset).collect();
    let mut start = truth.clone();
    shift_all(&mut start, parameters, &offsets);
    let recording = Recording::Counts(noisy);
    let clock = Instant::now();
    let observed = Observed::new(&recording, &start, &Selection::default(), Loss::Poisson, Path::new("noisy still"))?;
    let model = Experiments::new(vec![observed], parameters.to_vec(), Vec::new(), Loss::Poisson)?;
    let state = model.start(vec![start])?;
    let way = match options.start.as_str() {
        "ladder" => Start::ladder(&state.experiments),
        "blurred" => Start::blurred(),
        "search" => Start::search(1.2 * options.turn),
        _ => Start::Here,
    };
    let priors = Priors { restraints: Vec::new(), bounds: model.bounds() };
    let settings = Settings { start: way, stop: Stop::default(), large: LargeStop::default(), priors };
    let outcome = refine(&model, state, &settings, &Unwatched, &mut |_, _| {})?;
    Ok(judge(&outcome, truth, parameters, clock.elapsed().as_secs_f64()))
}

/// How far the outcome is from the truth. The rotation that is left is that of the crystal's axes, edges apart.
fn judge(outcome: &Outcome, truth: &Experiment, parameters: &[Parameter], seconds: f64) -> Trial {
    let found = &outcome.state.experiments[0];
    let units = |axes: &Mat3| axes.0.map(Vec3::unit);
    let between = units(&truth.crystal.real_space).into_iter().zip(units(&found.crystal.real_space));
    let left = between.map(|(a, b)| a.cross(b)).fold(Vec3::new(0.0, 0.0, 0.0), |sum, v| sum + v) * 0.5;
    let edges = truth.crystal.edges().into_iter().zip(found.crystal.edges());
    let edges = edges.map(|(a, b)| (b / a - 1.0).abs()).fold(0.0, f64::max);
    let error = |i: usize| match parameters[i] {
        Parameter::Orientation(axis) => left[axis as usize].to_degrees(),
        parameter => outcome.parameters[i].value - parameter.value(truth).unwrap_or(f64::NAN),
    };
    let esd: Vec<f64> = outcome.parameters.iter().map(|parameter| parameter.esd).collect();
    let errors: Vec<f64> = (0..parameters.len()).map(error).collect();
    let turn = left.norm().to_degrees();
    let pulls: Vec<f64> = errors.iter().zip(&esd).map(|(error, esd)| error / esd).collect();
    let converged = outcome.ended == Ended::Converged;
    Trial {
        right: converged && pulls.iter().all(|pull| pull.abs() < FAR),
        found: converged && turn < FOUND.0 && edges < FOUND.1,
        turn,
        edges,
        pulls,
        values: errors,
        esd,
        seconds,
        iterations: outcome.iterations.len() - 1,
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn summarise(results: &[Trial], truth: &Experiment, parameters: &[Parameter]) {
    let found = results.iter().filter(|trial| trial.found).count();
    let right: Vec<&Trial> = results.iter().filter(|trial| trial.right).collect();
    let n = right.len() as f64;
    let (turn, edges) = (FOUND.0, 100.0 * FOUND.1);
    println!("{} of {} found the truth to {turn} deg and {edges} %, {n} within {FAR} e.s.d.", found, results.len());
    println!("median time {:.2} s", median(results.iter().map(|trial| trial.seconds).collect()));
    println!(
        "median error: {:.5} deg, {:.5} %",
        median(right.iter().map(|t| t.turn).collect()),
        100.0 * median(right.iter().map(|t| t.edges).collect())
    );
    println!(
        "{:24} {:>12} {:>10} {:>10} {:>10} {:>8} {:>8}",
        "parameter", "truth", "e.s.d.", "spread", "ratio", "pull", "s.d."
    );
    for (i, parameter) in parameters.iter().enumerate() {
        let mean = |of: &dyn Fn(&Trial) -> f64| right.iter().map(|trial| of(trial)).sum::<f64>() / n;
        let spread = |of: &dyn Fn(&Trial) -> f64| {
            let middle = mean(of);
            (right.iter().map(|trial| (of(trial) - middle).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
        };
        let (esd, scatter) = (mean(&|trial| trial.esd[i]), spread(&|trial| trial.values[i]));
        println!(
            "{:24} {:>12.5e} {esd:>10.2e} {scatter:>10.2e} {:>10.3} {:>8.2} {:>8.2}",
            parameter.name(),
            parameter.value(truth).unwrap_or(f64::NAN),
            esd / scatter,
            mean(&|trial| trial.pulls[i]),
            spread(&|trial| trial.pulls[i])
        );
    }
}
