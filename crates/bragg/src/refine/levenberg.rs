//! Levenberg–Marquardt: Fisher scoring (Gauss–Newton for sums of squares) within a region that is trusted as far as its predictions come true.

use super::model::Model;
use super::normal::Normal;
use super::position::lost;
use super::priors::Priors;
use super::solve;
use crate::error::Result;
use crate::kernel::Monitor;

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stop {
    /// Iterations at most.
    pub iterations: usize,
    /// A step that is expected to lower the loss by less than this (half squares of standard uncertainties) is not worth while: 1e-6 is
    /// a thousandth of an e.s.d.
    pub fall: f64,
}

impl Default for Stop {
    fn default() -> Self {
        Self { iterations: 50, fall: 1e-6 }
    }
}

/// One iteration, for those who watch.
#[derive(Debug, Clone, PartialEq)]
pub struct Iteration {
    /// Of the stages of the start, from 0; the fit itself comes after them.
    pub stage: usize,
    /// From 0, where the stage starts.
    pub number: usize,
    /// The loss after it.
    pub loss: f64,
    /// How far it was expected to fall.
    pub predicted_fall: f64,
    /// The damping λ of the step.
    pub damping: f64,
    /// Whether the step was taken.
    pub taken: bool,
    /// The parameters after it; none where there are more than 50 reflections.
    pub values: Vec<f64>,
}

/// Why it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// No step promises more than the tolerance.
    Converged,
    /// No step promises more than the tolerance, but where it ended cannot be right: see [`super::Outcome::doubts`].
    Implausible,
    /// No step lowers the loss any more, although one promises to: rounding, or a loss that is not smooth.
    Stalled,
    /// As many iterations as were allowed.
    Iterations,
}

/// Where it ended.
#[derive(Debug, Clone)]
pub struct Fit<S> {
    /// The model there.
    pub state: S,
    /// The normal equations there, priors included.
    pub normal: Normal,
    /// Why.
    pub ended: Ended,
    /// How it came there.
    pub reached: Reached,
}

/// How far a minimisation is: what it needs, besides model and settings, to go on as if it had not been cut off.
#[derive(Debug, Clone, PartialEq)]
pub struct Reached {
    /// The steps that were taken, from the start.
    pub steps: Vec<Vec<f64>>,
    /// The damping λ of the next step.
    pub damping: f64,
    /// What multiplies it after a failure.
    pub growth: f64,
    /// What the damping weighs each parameter by.
    pub weights: Vec<f64>,
    /// Every iteration, from the start.
    pub iterations: Vec<Iteration>,
}

/// First damping: nearly a Gauss–Newton step.
const FIRST_DAMPING: f64 = 1e-3;
/// Damping where a step has shrunk to nothing.
const LAST_DAMPING: f64 = 1e16;
/// Less damping makes no difference.
const LEAST_DAMPING: f64 = 1e-10;
/// Where a step that promises less than this part of half the square of one standard uncertainty fails, rounding is in the way.
const UNRESOLVED: f64 = 1e-3;
/// Part of the promised fall that must come true for a step to be taken.
const ENOUGH: f64 = 1e-4;
/// Changes of the loss below this part of it are rounding.
const ROUNDING: f64 = 1e-13;

/// Minimises the loss of a model from `start`, telling `watch` after each iteration.
///
/// # Errors
/// The model refuses the start or cannot be computed, or the monitor stops it.
pub fn minimise<M: Model>(
    model: &M,
    start: M::State,
    priors: &Priors,
    stop: Stop,
    monitor: &dyn Monitor,
    watch: &mut dyn FnMut(&Iteration, &M::State),
) -> Result<Fit<M::State>> {
    minimise_from(model, start, None, priors, stop, monitor, &mut |iteration, state, _| watch(iteration, state))
}

// tidy: long because it is one loop
/// The same from where an earlier one was, which had the same start: it ends where that would have ended, bit for bit. `watch` is also
/// told how far it is.
///
/// # Errors
/// Likewise, or the steps are not of this model.
pub fn minimise_from<M: Model>(
    model: &M,
    start: M::State,
    from: Option<Reached>,
    priors: &Priors,
    stop: Stop,
    monitor: &dyn Monitor,
    watch: &mut dyn FnMut(&Iteration, &M::State, &Reached),
) -> Result<Fit<M::State>> {
    let mut state = start;
    for step in from.iter().flat_map(|from| &from.steps) {
        state = model.shifted(&state, step)?.ok_or_else(lost)?;
    }
    let mut values = model.values(&state);
    let mut normal = priors.added_to(model.normal(&state, monitor)?, &values);
    let mut reached = match from {
        Some(reached) => reached,
        None => {
            model.check_start(&normal)?;
            let first = Iteration {
                stage: 0,
                number: 0,
                loss: normal.loss,
                predicted_fall: 0.0,
                damping: FIRST_DAMPING,
                taken: true,
                values: values.clone(),
            };
            let reached = Reached {
                steps: Vec::new(),
                damping: FIRST_DAMPING,
                growth: 2.0,
                weights: normal.diagonal(),
                iterations: vec![first.clone()],
            };
            watch(&first, &state, &reached);
            reached
        }
    };
    let mut ended = Ended::Iterations;
    for number in reached.iterations.len()..=stop.iterations {
        let Reached { damping, ref weights, .. } = reached;
        let step = priors.within_bounds(&values, &normal, |given| solve::step(&normal, damping, weights, given));
        let predicted_fall = step.as_deref().map_or(0.0, |step| normal.predicted_fall(step));
        if step.is_some() && damping < 1.0 && predicted_fall <= stop.fall * model.unit(&normal) {
            ended = Ended::Converged;
            break;
        }
        if damping > LAST_DAMPING || (step.is_some() && predicted_fall <= ROUNDING * normal.loss.abs()) {
            ended = if damping > LAST_DAMPING { Ended::Stalled } else { Ended::Converged };
            break;
        }
        let trial = step.as_deref().map_or(Ok(None), |step| model.shifted(&state, step))?;
        let loss = match &trial {
            Some(trial) => model.loss(trial, monitor)? + priors.loss(&model.values(trial)),
            None => f64::INFINITY,
        };
        let gain = (normal.loss - loss) / predicted_fall;
        let taken = gain > ENOUGH && trial.is_some();
        if let (Some(trial), Some(step), true) = (trial, &step, taken) {
            state = trial;
            values = model.values(&state);
            normal = priors.added_to(model.normal(&state, monitor)?, &values);
            reached.steps.push(step.clone());
            for (weight, now) in reached.weights.iter_mut().zip(normal.diagonal()) {
                // a parameter that matters less for a while is not let loose at once
                *weight = now.max(1e-3 * *weight);
            }
            // K. Madsen, H. B. Nielsen, O. Tingleff, "Methods for non-linear least squares problems" (2004), eq. 2.21
            reached.damping = (damping * (1.0 - (2.0 * gain - 1.0).powi(3)).max(1.0 / 5.0)).max(LEAST_DAMPING);
            reached.growth = 2.0;
        } else if step.is_some() && predicted_fall <= UNRESOLVED * model.unit(&normal) {
            ended = Ended::Converged;
            break;
        } else {
            reached.damping *= reached.growth;
            reached.growth *= 2.0;
        }
        let (loss, values) = (normal.loss, values.clone());
        let iteration = Iteration { stage: 0, number, loss, predicted_fall, damping, taken, values };
        reached.iterations.push(iteration.clone());
        watch(&iteration, &state, &reached);
    }
    Ok(Fit { state, normal, ended, reached })
}

#[cfg(test)]
mod tests {
    use super::super::loss::Loss;
    use super::super::normal::{Layout, Sums};
    use super::super::priors::Restraint;
    use super::*;
    use crate::kernel::Unwatched;
    use crate::random::keyed::{Purpose, stream};
    use rand_distr::{Distribution, Poisson};

    const SIZE: usize = 24;

    /// A Gaussian spot on a sloping background: scale, x, y, width, background, and a parameter that does nothing.
    struct Spot {
        observed: Vec<f64>,
        loss: Loss,
        layout: Layout,
    }

    fn pixel(p: &[f64], place: usize) -> (f64, Vec<f64>) {
        let (x, y) = ((place % SIZE) as f64 - p[1], (place / SIZE) as f64 - p[2]);
        let r2 = x * x + y * y;
        let shape = (-0.5 * r2 / (p[3] * p[3])).exp();
        let spot = p[0] * shape;
        let slopes = [spot * x / (p[3] * p[3]), spot * y / (p[3] * p[3]), spot * r2 / p[3].powi(3)];
        (spot + p[4], [shape, slopes[0], slopes[1], slopes[2], 1.0, 0.0][..p.len()].to_vec())
    }

    impl Model for Spot {
        type State = Vec<f64>;
        fn layout(&self) -> &Layout {
            &self.layout
        }
        fn values(&self, state: &Vec<f64>) -> Vec<f64> {
            state.clone()
        }
        fn shifted(&self, state: &Vec<f64>, step: &[f64]) -> Result<Option<Vec<f64>>> {
            let there: Vec<f64> = state.iter().zip(step).map(|(x, step)| x + step).collect();
            Ok((there[3] > 0.0).then_some(there))
        }
        fn loss(&self, state: &Vec<f64>, _: &dyn Monitor) -> Result<f64> {
            Ok((0..SIZE * SIZE).map(|i| self.loss.of(self.observed[i], pixel(state, i).0).value).sum())
        }
        fn normal(&self, state: &Vec<f64>, _: &dyn Monitor) -> Result<Normal> {
            let n = state.len();
            let mut sums = Sums::none(n);
            let (mut slopes, mut information, mut rows) = (Vec::new(), Vec::new(), vec![Vec::new(); n]);
            for i in 0..SIZE * SIZE {
                let (modelled, derivatives) = pixel(state, i);
                let loss = self.loss.of(self.observed[i], modelled);
                sums.loss += loss.value;
                slopes.push(loss.slope);
                information.push(loss.information);
                rows.iter_mut().zip(derivatives).for_each(|(row, d)| row.push(d));
            }
            sums.n_pixels = slopes.len();
            sums.add(&slopes, &information, &rows);
            Ok(Normal::new(&self.layout, &[sums]))
        }
        fn unit(&self, normal: &Normal) -> f64 {
            let freedom = normal.n_pixels - self.layout.len();
            if self.loss.is_likelihood() { 1.0 } else { 2.0 * normal.loss / freedom as f64 }
        }
    }

    const TRUTH: [f64; 5] = [60.0, 11.3, 12.8, 2.2, 1.5];

    fn spot(loss: Loss, seed: Option<u64>, n_parameters: usize) -> Spot {
        let mean = |i| pixel(&TRUTH, i).0;
        let mut random = stream(seed.unwrap_or(0), 0, Purpose::Noise);
        let draw = |mean: f64| Poisson::new(mean).unwrap().sample(&mut random);
        let observed = (0..SIZE * SIZE).map(mean);
        let observed = if seed.is_some() { observed.map(draw).collect() } else { observed.collect() };
        Spot { observed, loss, layout: Layout::shared(n_parameters) }
    }

    fn fit(spot: &Spot, start: &[f64], priors: &Priors) -> Fit<Vec<f64>> {
        minimise(spot, start.to_vec(), priors, Stop::default(), &Unwatched, &mut |_, _| {}).unwrap()
    }

    const START: [f64; 5] = [20.0, 9.5, 14.5, 3.5, 4.0];

    #[test]
    fn every_loss_finds_the_truth_without_noise() {
        for loss in [Loss::Poisson, Loss::LeastSquares, Loss::SquareRoot] {
            let fit = fit(&spot(loss, None, 5), &START, &Priors::default());
            assert_eq!(fit.ended, Ended::Converged, "{loss:?}");
            assert!(fit.reached.iterations.len() < 20, "{loss:?}: {} iterations", fit.reached.iterations.len());
            for (x, truth) in fit.state.iter().zip(TRUTH) {
                assert!((x / truth - 1.0).abs() < 1e-3, "{loss:?}: {:?}", fit.state);
            }
            assert!(fit.reached.iterations.is_sorted_by(|a, b| a.loss >= b.loss), "the loss never rises");
        }
    }

    /// Over 400 noisy images the fitted values scatter as the e.s.d. of any one of them says (to 15 %: the scatter of 400 is known to
    /// 3.5 %), and their mean is the truth.
    #[test]
    fn uncertainties_are_the_scatter_over_noise() {
        const TRIALS: usize = 400;
        for loss in [Loss::Poisson, Loss::Gauss { read_noise: 0.0 }] {
            let mut sums = [(0.0, 0.0); 5];
            for seed in 0..TRIALS as u64 {
                let spot = spot(loss, Some(seed + 1), 5);
                let fit = fit(&spot, &TRUTH, &Priors::default());
                assert_eq!(fit.ended, Ended::Converged);
                let esd = solve::uncertainty(&fit.normal, &[false; 5], 1.0, 0.9).esd;
                for i in 0..5 {
                    let pull = (fit.state[i] - TRUTH[i]) / esd[i];
                    sums[i].0 += pull / TRIALS as f64;
                    sums[i].1 += pull * pull / TRIALS as f64;
                }
            }
            for (i, (mean, square)) in sums.into_iter().enumerate() {
                let spread = (square - mean * mean).sqrt();
                // counts of one or two photons are not normal: there the Gaussian loss is off a little
                let allowed = if loss == Loss::Poisson { (0.2, 0.15) } else { (f64::INFINITY, 0.4) };
                assert!(mean.abs() < allowed.0, "{loss:?} {i}: mean pull {mean}");
                assert!((spread - 1.0).abs() < allowed.1, "{loss:?} {i}: spread of pulls {spread}");
            }
        }
    }

    #[test]
    fn a_restraint_stands_in_for_missing_information() {
        let spot = spot(Loss::Poisson, None, 6);
        let free = fit(&spot, &[20.0, 9.5, 14.5, 3.5, 4.0, 0.0], &Priors::default());
        let known = solve::uncertainty(&free.normal, &[false; 6], 1.0, 0.9);
        assert_eq!(known.degenerate, [vec![5]]);
        assert!(free.state.iter().all(|x| x.is_finite()), "a parameter without effect stays where it is");
        let restraints = vec![Restraint { parameter: 5, value: 3.0, sigma: 0.25 }];
        let fit = fit(&spot, &[20.0, 9.5, 14.5, 3.5, 4.0, 0.0], &Priors { restraints, bounds: Vec::new() });
        let known = solve::uncertainty(&fit.normal, &[false; 6], 1.0, 0.9);
        assert!(known.degenerate.is_empty());
        assert!((fit.state[5] - 3.0).abs() < 1e-3 && (known.esd[5] - 0.25).abs() < 1e-6, "{:?}", fit.state);
    }

    #[test]
    fn bounds_are_kept_and_the_rest_is_the_best_within_them() {
        let spot = spot(Loss::Poisson, None, 5);
        let mut bounds = vec![[f64::NEG_INFINITY, f64::INFINITY]; 5];
        bounds[3] = [2.5, 10.0];
        let priors = Priors { restraints: Vec::new(), bounds };
        let fit = fit(&spot, &START, &priors);
        assert_eq!((fit.ended, fit.state[3]), (Ended::Converged, 2.5));
        assert!(fit.reached.iterations.iter().all(|iteration| iteration.values[3] >= 2.5));
        assert_eq!(priors.held(&fit.state, fit.normal.gradient()), [false, false, false, true, false]);
        // nothing is left to gain along the others
        let esd = solve::uncertainty(&fit.normal, &[false, false, false, true, false], 1.0, 0.9).esd;
        assert!((0..5).filter(|&i| i != 3).all(|i| (fit.normal.gradient()[i] * esd[i]).abs() < 3e-3));
        assert_eq!(esd[3], 0.0);
    }

    #[test]
    fn a_start_that_explains_nothing_ends_without_harm() {
        let mut blank = spot(Loss::Poisson, None, 5);
        blank.observed.fill(0.0);
        let priors = Priors { restraints: Vec::new(), bounds: vec![[0.0, 1e6]; 5] };
        let fit = fit(&blank, &START, &priors);
        assert!(fit.state.iter().all(|x| x.is_finite()) && fit.normal.is_finite());
        let fit_photons: f64 = (0..SIZE * SIZE).map(|i| pixel(&fit.state, i).0).sum();
        assert!(fit_photons < 1.0, "{fit_photons} photons in a blank image");
    }
}
