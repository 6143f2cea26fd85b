//! A whole refinement: the way to the neighbourhood of the answer, the fit, and what is known afterwards.

use super::coarse::{Coarse, Coarseness};
use super::experiments::{Experiments, State};
use super::large;
use super::lbfgs::LargeStop;
use super::levenberg::{Ended, Fit, Iteration, Reached, Stop, minimise_from};
use super::loss::Loss;
use super::model::Model;
use super::plausible::doubts;
use super::position::{Move, Position, Within, lost, moved};
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
    /// What speaks against where it ended, as sentences without a full stop.
    pub doubts: Vec<String>,
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
    refine_from(model, start, None, settings, monitor, &mut |iteration, state, _| watch(iteration, state))
}

/// What is told of each iteration: the iteration, where it led, and how far the refinement is, when it asks.
pub type Watch<'a> = dyn FnMut(&Iteration, &State, &dyn Fn() -> Position) + 'a;

/// The same from where an earlier one was, which had the same model, start and settings: it ends where that would have ended, bit for
/// bit.
///
/// # Errors
/// Likewise, or the position is one of another refinement.
pub fn refine_from(
    model: &Experiments,
    start: State,
    from: Option<Position>,
    settings: &Settings,
    monitor: &dyn Monitor,
    watch: &mut Watch,
) -> Result<Outcome> {
    let first = model.values(&start);
    check_bounds(&model.names(), &first, &settings.priors)?;
    let mut outcome = if large::is_large(model) {
        let from = match from.map(|position| position.within) {
            None => None,
            Some(Within::Large(reached, iterations)) => Some((reached, iterations)),
            Some(Within::Small(_)) => return Err(lost()),
        };
        large::refine(model, &start, from, settings, monitor, watch)?
    } else {
        let last = settings.start.stages().len();
        let (stage, before, mut reached) = match from {
            None => (0, Vec::new(), None),
            Some(Position { stage, before, within: Within::Small(reached) }) if stage <= last => {
                (stage, before, Some(reached))
            }
            Some(_) => return Err(lost()),
        };
        let at = At { stage, state: moved(model, start.clone(), &before)?, before };
        let At { state, before, .. } = approach(model, at, &mut reached, settings, monitor, watch)?;
        let mut staged = staged(last, &before, watch);
        let mut fit = minimise_from(model, state, reached, &settings.priors, settings.stop, monitor, &mut staged)?;
        fit.reached.iterations.iter_mut().for_each(|iteration| iteration.stage = last);
        outcome(model, fit, &first, &settings.priors)
    };
    outcome.doubts = doubts(model, &start, &outcome.state, monitor)?;
    if outcome.ended == Ended::Converged && !outcome.doubts.is_empty() {
        outcome.ended = Ended::Implausible;
    }
    Ok(outcome)
}

/// Tells `watch` of iterations with the stage they belong to.
fn staged(stage: usize, before: &[Move], watch: &mut Watch) -> impl FnMut(&Iteration, &State, &Reached) {
    move |iteration, state, reached| {
        let position = || Position { stage, before: before.to_vec(), within: Within::Small(reached.clone()) };
        watch(&Iteration { stage, ..iteration.clone() }, state, &position);
    }
}

/// A place on the way to the neighbourhood of the answer.
struct At {
    /// Stages that are done.
    stage: usize,
    state: State,
    /// How it was reached.
    before: Vec<Move>,
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

/// To where the fit begins; `reached`, which is taken, is how far the stage is.
fn approach(
    model: &Experiments,
    mut at: At,
    reached: &mut Option<Reached>,
    settings: &Settings,
    monitor: &dyn Monitor,
    watch: &mut Watch,
) -> Result<At> {
    let stages = settings.start.stages();
    if let (Start::Search { reach, .. }, Some(first), None) = (&settings.start, stages.first(), &reached)
        && let Some(turn) = search::orientation(model, &at.state, *reach, *first, monitor)?
    {
        at.state = search::turned(model, &at.state, turn);
        at.before.push(Move::Turn(turn.0));
    }
    for (i, stage) in stages.iter().enumerate().skip(at.stage) {
        let At { state, before, .. } = &mut at;
        let coarse = Coarse::new(model, state, Loss::SquareRoot, *stage);
        let mut staged = staged(i, before, watch);
        let (priors, from) = (&settings.priors, reached.take());
        let fit = minimise_from(&coarse, state.clone(), from, priors, COARSE_STOP, monitor, &mut staged)?;
        drop(staged);
        // a few spots at low resolution can lead astray, of which a closer look knows
        let next = Coarse::new(model, state, Loss::SquareRoot, *stages.get(i + 1).unwrap_or(&WHOLE));
        if next.loss(&fit.state, monitor)? < next.loss(state, monitor)? {
            *state = fit.state;
            before.extend(fit.reached.steps.into_iter().map(Move::Step));
        }
    }
    Ok(at)
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
        doubts: Vec::new(),
        n_pixels: fit.normal.n_pixels,
        loss: fit.normal.loss,
        unseen: Vec::new(),
        iterations: fit.reached.iterations,
        state: fit.state,
        unit,
    }
}
