//! A whole refinement: the way to the neighbourhood of the answer, the fit, and what is known afterwards.

use super::coarse::{Coarse, Coarseness};
use super::experiments::{Experiments, State};
use super::large;
use super::lbfgs::LargeStop;
use super::levenberg::{Ended, Fit, Iteration, Stop, minimise};
use super::loss::Loss;
use super::model::Model;
use super::priors::Priors;
use super::search;
use super::solve;
use super::starts::Start;
use crate::error::{Error, Result};
use crate::kernel::Monitor;

/// How to refine.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The way to the neighbourhood of the answer.
    pub start: Start,
    /// When to stop.
    pub stop: Stop,
    /// When to stop with more than 50 reflections, which L-BFGS refines.
    pub large: LargeStop,
    /// What is known besides.
    pub priors: Priors,
}

/// A parameter after refinement.
#[derive(Debug, Clone, PartialEq)]
pub struct Refined {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Where it started.
    pub start: f64,
    /// Where it ended.
    pub value: f64,
    /// Estimated standard deviation; infinite where the data do not say it, 0 where a bound holds it.
    pub esd: f64,
    /// Whether a bound holds it.
    pub at_bound: bool,
}

/// What is known after refinement.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The experiments.
    pub state: State,
    /// The parameters.
    pub parameters: Vec<Refined>,
    /// Pairs with a correlation coefficient beyond ±0.9, strongest first.
    pub correlated: Vec<(String, String, f64)>,
    /// Correlation coefficients of all parameters, row by row, not a number where a bound holds one or the data do not say it; empty
    /// where there are more than 1000 parameters, or reflections that L-BFGS refines.
    pub correlation: Vec<Vec<f64>>,
    /// Sets of parameters that can change together (or one alone) without any effect.
    pub degenerate: Vec<Vec<String>>,
    /// Reflections that have next to no effect on the used pixels; they stay as they were.
    pub unseen: Vec<String>,
    /// Parameters that the data hardly tell: lengths and factors with an e.s.d. above their value, angles with one above a radian.
    pub undetermined: Vec<String>,
    /// Every iteration of the fit.
    pub iterations: Vec<Iteration>,
    /// Why it ended.
    pub ended: Ended,
    /// Pixels that were used.
    pub n_pixels: usize,
    /// The loss at the end, restraints included.
    pub loss: f64,
    /// Loss of half the square of one standard uncertainty (see [`Model::unit`]).
    pub unit: f64,
}

/// Correlations beyond this are named.
const STRONG: f64 = 0.9;
/// Not coarse at all.
const WHOLE: Coarseness = Coarseness { blur: 0.0, d_min: 0.0 };
/// Iterations of each coarse stage, and how much of a standard uncertainty is left to the next: coarse pixels are no independent counts.
const COARSE_STOP: Stop = Stop { iterations: 20, fall: 1e-3 };

/// Refines experiments, telling `watch` after each iteration (of the coarse stages too).
///
/// # Errors
/// A parameter has no effect on any pixel, the data or the image are not finite, the image cannot be computed, or the monitor stops it.
pub fn refine(
    model: &Experiments,
    start: State,
    settings: &Settings,
    monitor: &dyn Monitor,
    watch: &mut dyn FnMut(&Iteration, &State),
) -> Result<Outcome> {
    let first = model.values(&start);
    check_bounds(&model.names(), &first, &settings.priors)?;
    if large::is_large(model) {
        return large::refine(model, &start, settings, monitor, watch);
    }
    let start = approach(model, start, settings, monitor, watch)?;
    let stage = settings.start.stages().len();
    let mut fit = minimise(model, start, &settings.priors, settings.stop, monitor, &mut staged(stage, watch))?;
    fit.iterations.iter_mut().for_each(|iteration| iteration.stage = stage);
    Ok(outcome(model, fit, &first, &settings.priors))
}

/// Tells `watch` of iterations with the stage they belong to.
fn staged(stage: usize, watch: &mut dyn FnMut(&Iteration, &State)) -> impl FnMut(&Iteration, &State) {
    move |iteration, state| watch(&Iteration { stage, ..iteration.clone() }, state)
}

fn check_bounds(names: &[String], values: &[f64], priors: &Priors) -> Result<()> {
    for (i, (name, value)) in names.iter().zip(values).enumerate() {
        let [low, high] = priors.bounds.get(i).copied().unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
        if !(low..=high).contains(value) {
            return Err(Error::setting(name, format!("starts at {value}, outside its bounds {low} to {high}")));
        }
    }
    Ok(())
}

fn approach(
    model: &Experiments,
    mut state: State,
    settings: &Settings,
    monitor: &dyn Monitor,
    watch: &mut dyn FnMut(&Iteration, &State),
) -> Result<State> {
    let stages = settings.start.stages();
    if let (Start::Search { reach, .. }, Some(first)) = (&settings.start, stages.first()) {
        state = search::orientation(model, state, *reach, *first, monitor)?;
    }
    for (i, stage) in stages.iter().enumerate() {
        let coarse = Coarse::new(model, &state, Loss::SquareRoot, *stage);
        let there =
            minimise(&coarse, state.clone(), &settings.priors, COARSE_STOP, monitor, &mut staged(i, watch))?.state;
        // a few spots at low resolution can lead astray, of which a closer look knows
        let next = Coarse::new(model, &state, Loss::SquareRoot, *stages.get(i + 1).unwrap_or(&WHOLE));
        if next.loss(&there, monitor)? < next.loss(&state, monitor)? {
            state = there;
        }
    }
    Ok(state)
}

/// The names of parameters that the data hardly tell. `bounds`: of their nature.
fn undetermined(parameters: &[Refined], bounds: &[[f64; 2]]) -> Vec<String> {
    let is_unknown = |(parameter, [low, _]): &(&Refined, &[f64; 2])| {
        let enough = if parameter.unit == "deg" {
            1f64.to_degrees()
        } else if *low > 0.0 {
            parameter.value
        } else {
            f64::INFINITY
        };
        parameter.esd.is_finite() && parameter.esd > enough
    };
    parameters.iter().zip(bounds).filter(is_unknown).map(|(parameter, _)| parameter.name.clone()).collect()
}

fn outcome(model: &Experiments, fit: Fit<State>, first: &[f64], priors: &Priors) -> Outcome {
    let names = model.names();
    let values = model.values(&fit.state);
    let held = priors.held(&values, fit.normal.gradient());
    let unit = model.unit(&fit.normal);
    let known = solve::uncertainty(&fit.normal, &held, unit, STRONG);
    let name = |i: usize| names[i].clone();
    let units = model.units();
    let parameters = (0..names.len()).map(|i| Refined {
        name: name(i),
        unit: units[i].clone(),
        start: first[i],
        value: values[i],
        esd: known.esd[i],
        at_bound: held[i],
    });
    let parameters: Vec<Refined> = parameters.collect();
    Outcome {
        undetermined: undetermined(&parameters, &model.bounds()),
        parameters,
        correlated: known.correlated.iter().map(|&(i, j, r)| (name(i), name(j), r)).collect(),
        correlation: known.correlation,
        degenerate: known.degenerate.iter().map(|set| set.iter().map(|&i| name(i)).collect()).collect(),
        ended: fit.ended,
        n_pixels: fit.normal.n_pixels,
        loss: fit.normal.loss,
        unseen: Vec::new(),
        iterations: fit.iterations,
        state: fit.state,
        unit,
    }
}
