//! L-BFGS with bounds, for so many parameters that their information matrix is out of reach: the amplitudes of reflections. It needs the
//! loss and its gradient alone, which one reverse sweep gives.
//!
//! J. Nocedal, S. J. Wright, "Numerical Optimization", 2nd ed. (2006), algorithms 7.4 and 3.1; parameters at a bound that the gradient
//! pushes against are held, and steps are cut off at the bounds. Written here, since the crates for it bring frameworks of their own
//! for what is a page, and the one that wraps C code needs unsafe.

use super::levenberg::Ended;
use super::position::lost;
use crate::error::Result;
use std::collections::VecDeque;

/// Pairs of steps and changes of the gradient that are remembered.
const MEMORY: usize = 10;
/// Part of the slope that must come true: Armijo's condition.
const ENOUGH: f64 = 1e-4;
/// Changes of the loss below this part of it are rounding.
const ROUNDING: f64 = 1e-14;
/// Halvings of a step before it is given up.
const HALVINGS: usize = 40;

/// Settings of [`minimise_large`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LargeStop {
    /// Iterations at most.
    pub iterations: usize,
    /// Ends where the loss falls by less than this.
    pub fall: f64,
}

impl Default for LargeStop {
    fn default() -> Self {
        Self { iterations: 300, fall: 1e-4 }
    }
}

/// Where it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct LargeFit {
    /// The parameters.
    pub values: Vec<f64>,
    /// The loss there.
    pub loss: f64,
    /// The loss after each iteration, from the start.
    pub losses: Vec<f64>,
    /// Why.
    pub ended: Ended,
}

/// How far a minimisation is: what it needs, besides its arguments, to go on as if it had not been cut off.
#[derive(Debug, Clone, PartialEq)]
pub struct LargeReached {
    /// The parameters, each divided by its scale.
    pub x: Vec<f64>,
    /// The gradient there.
    pub gradient: Vec<f64>,
    /// The loss after each iteration, from the start.
    pub losses: Vec<f64>,
    /// The last steps s and changes of the gradient y, oldest first, with 1/s·y.
    pub pairs: Vec<(Vec<f64>, Vec<f64>, f64)>,
}

/// Minimises `loss_and_gradient` from `start` within the bounds `[low, high]` of each parameter. `scale` is the size of a change of
/// each that matters about equally, so that none of them rules by its unit. `watch` is told the loss and the parameters after each iteration,
/// from the start.
///
/// # Errors
/// Those of `loss_and_gradient`.
pub fn minimise_large(
    start: &[f64],
    scale: &[f64],
    bounds: &[[f64; 2]],
    stop: LargeStop,
    loss_and_gradient: impl FnMut(&[f64]) -> Result<(f64, Vec<f64>)>,
    watch: &mut dyn FnMut(f64, &[f64]),
) -> Result<LargeFit> {
    minimise_large_from(start, None, scale, bounds, stop, loss_and_gradient, &mut |loss, values, _| watch(loss, values))
}

/// What is told of each iteration: the loss, the parameters, and how far the minimisation is, when it asks.
pub type LargeWatch<'a> = dyn FnMut(f64, &[f64], &dyn Fn() -> LargeReached) + 'a;

// tidy: long because it is one loop
/// The same from where an earlier one was, which had the same arguments: it ends where that would have ended, bit for bit. `watch` can
/// also ask how far it is.
///
/// # Errors
/// Those of `loss_and_gradient`, or the numbers of parameters differ.
pub fn minimise_large_from(
    start: &[f64],
    from: Option<LargeReached>,
    scale: &[f64],
    bounds: &[[f64; 2]],
    stop: LargeStop,
    mut loss_and_gradient: impl FnMut(&[f64]) -> Result<(f64, Vec<f64>)>,
    watch: &mut LargeWatch,
) -> Result<LargeFit> {
    let within = |x: &[f64]| -> Vec<f64> {
        x.iter().zip(bounds).zip(scale).map(|((x, [low, high]), scale)| x.clamp(low / scale, high / scale)).collect()
    };
    let mut evaluate = |x: &[f64]| -> Result<(f64, Vec<f64>)> {
        let natural: Vec<f64> = x.iter().zip(scale).map(|(x, scale)| x * scale).collect();
        let (loss, gradient) = loss_and_gradient(&natural)?;
        Ok((loss, gradient.iter().zip(scale).map(|(slope, scale)| slope * scale).collect()))
    };
    let natural = |x: &[f64]| -> Vec<f64> { x.iter().zip(scale).map(|(x, scale)| x * scale).collect() };
    let is_new = from.is_none();
    let LargeReached { mut x, mut gradient, mut losses, pairs } = match from {
        Some(reached) => reached,
        None => {
            let x = within(&start.iter().zip(scale).map(|(x, scale)| x / scale).collect::<Vec<_>>());
            let (loss, gradient) = evaluate(&x)?;
            LargeReached { x, gradient, losses: vec![loss], pairs: Vec::new() }
        }
    };
    let n = start.len();
    if x.len() != n || gradient.len() != n || pairs.iter().any(|(s, y, _)| s.len() != n || y.len() != n) {
        return Err(lost());
    }
    let mut memory = Memory { pairs: pairs.into() };
    let Some(&(mut loss)) = losses.last() else { return Err(lost()) };
    let told = |x: &[f64], gradient: &[f64], losses: &[f64], memory: &Memory| LargeReached {
        x: x.to_vec(),
        gradient: gradient.to_vec(),
        losses: losses.to_vec(),
        pairs: memory.pairs.iter().cloned().collect(),
    };
    if is_new {
        watch(loss, &natural(&x), &|| told(&x, &gradient, &losses, &memory));
    }
    let ended = loop {
        if let [.., before, last] = losses[..]
            && before - last <= stop.fall.max(ROUNDING * last.abs())
        {
            break Ended::Converged;
        }
        if losses.len() > stop.iterations {
            break Ended::Iterations;
        }
        let free = free(&x, &gradient, |i| [bounds[i][0] / scale[i], bounds[i][1] / scale[i]]);
        let Some(next) = search(&x, loss, &gradient, &free, &mut memory, &within, &mut evaluate)? else {
            break if free.contains(&true) { Ended::Stalled } else { Ended::Converged };
        };
        memory.remember(&x, &next.x, &gradient, &next.gradient);
        (x, loss, gradient) = (next.x, next.loss, next.gradient);
        losses.push(loss);
        watch(loss, &natural(&x), &|| told(&x, &gradient, &losses, &memory));
    };
    Ok(LargeFit { values: natural(&x), loss, losses, ended })
}

/// Which parameters may move downhill.
fn free(x: &[f64], gradient: &[f64], bounds: impl Fn(usize) -> [f64; 2]) -> Vec<bool> {
    let free = |i: usize| {
        let [low, high] = bounds(i);
        gradient[i] != 0.0 && !(x[i] <= low && gradient[i] > 0.0) && !(x[i] >= high && gradient[i] < 0.0)
    };
    (0..x.len()).map(free).collect()
}

struct Point {
    x: Vec<f64>,
    loss: f64,
    gradient: Vec<f64>,
}

/// A lower point along the direction of the memory or, where that fails, straight downhill.
fn search(
    x: &[f64],
    loss: f64,
    gradient: &[f64],
    free: &[bool],
    memory: &mut Memory,
    within: &impl Fn(&[f64]) -> Vec<f64>,
    evaluate: &mut impl FnMut(&[f64]) -> Result<(f64, Vec<f64>)>,
) -> Result<Option<Point>> {
    let downhill: Vec<f64> = gradient.iter().zip(free).map(|(&slope, &free)| if free { slope } else { 0.0 }).collect();
    let steepness = dot(&downhill, &downhill).sqrt();
    if !(steepness > 0.0 && steepness.is_finite()) {
        return Ok(None);
    }
    loop {
        let mut direction = memory.direction(&downhill);
        direction.iter_mut().zip(free).filter(|(_, free)| !**free).for_each(|(d, _)| *d = 0.0);
        if dot(&direction, &downhill) >= 0.0 {
            direction = downhill.iter().map(|slope| -slope).collect();
        }
        let mut length = if memory.pairs.is_empty() { 1.0 / steepness } else { 1.0 };
        for _ in 0..HALVINGS {
            let there: Vec<f64> = x.iter().zip(&direction).map(|(x, d)| x + length * d).collect();
            let there = within(&there);
            let slope: f64 = there.iter().zip(x).zip(gradient).map(|((there, x), slope)| (there - x) * slope).sum();
            let (new, new_gradient) = evaluate(&there)?;
            if new <= loss + ENOUGH * slope && slope < 0.0 && new < loss {
                return Ok(Some(Point { x: there, loss: new, gradient: new_gradient }));
            }
            length *= 0.5;
        }
        if memory.pairs.is_empty() {
            return Ok(None);
        }
        memory.pairs.clear();
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The last steps s and changes of the gradient y, oldest first, with 1/s·y.
#[derive(Default)]
struct Memory {
    pairs: VecDeque<(Vec<f64>, Vec<f64>, f64)>,
}

impl Memory {
    fn remember(&mut self, x: &[f64], next: &[f64], gradient: &[f64], next_gradient: &[f64]) {
        let difference = |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
        let (s, y) = (difference(next, x), difference(next_gradient, gradient));
        let curvature = dot(&s, &y);
        // where the loss is not convex the pair would turn the direction uphill
        if curvature > 1e-10 * (dot(&s, &s) * dot(&y, &y)).sqrt() {
            if self.pairs.len() == MEMORY {
                self.pairs.pop_front();
            }
            self.pairs.push_back((s, y, 1.0 / curvature));
        }
    }

    /// −H·g, H the inverse Hessian as far as it is known.
    fn direction(&self, gradient: &[f64]) -> Vec<f64> {
        let mut q: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
        let add = |q: &mut [f64], factor: f64, v: &[f64]| q.iter_mut().zip(v).for_each(|(q, v)| *q += factor * v);
        let mut parts = Vec::with_capacity(self.pairs.len());
        for (s, y, rho) in self.pairs.iter().rev() {
            let part = rho * dot(s, &q);
            add(&mut q, -part, y);
            parts.push(part);
        }
        if let Some((s, y, _)) = self.pairs.back() {
            let size = dot(s, y) / dot(y, y);
            q.iter_mut().for_each(|q| *q *= size);
        }
        for ((s, y, rho), part) in self.pairs.iter().zip(parts.iter().rev()) {
            let back = rho * dot(y, &q);
            add(&mut q, part - back, s);
        }
        q
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYWHERE: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

    /// Rosenbrock's valley, whose lowest point is (1, 1, …).
    fn rosenbrock(x: &[f64]) -> (f64, Vec<f64>) {
        let mut gradient = vec![0.0; x.len()];
        let mut loss = 0.0;
        for i in 0..x.len() - 1 {
            let (rise, short) = (x[i + 1] - x[i] * x[i], 1.0 - x[i]);
            loss += 100.0 * rise * rise + short * short;
            gradient[i] += -400.0 * x[i] * rise - 2.0 * short;
            gradient[i + 1] += 200.0 * rise;
        }
        (loss, gradient)
    }

    #[test]
    fn finds_the_end_of_a_curved_valley() {
        let stop = LargeStop { iterations: 1000, fall: 0.0 };
        let start: Vec<f64> = (0..30).map(|i| if i % 2 == 0 { -1.2 } else { 1.0 }).collect();
        let fit =
            minimise_large(&start, &[1.0; 30], &[EVERYWHERE; 30], stop, |x| Ok(rosenbrock(x)), &mut |_, _| {}).unwrap();
        assert!(fit.loss < 1e-12, "{}", fit.loss);
        assert!(fit.losses.is_sorted_by(|a, b| a >= b));
    }

    #[test]
    fn units_do_not_matter_where_scales_say_them() {
        let scale = [1e-6, 1e3, 1.0, 1e9];
        let natural = |x: &[f64]| x.iter().zip(scale).map(|(x, s)| x / s).collect::<Vec<f64>>();
        let loss = |x: &[f64]| {
            let (loss, gradient) = rosenbrock(&natural(x));
            Ok((loss, gradient.iter().zip(scale).map(|(g, s)| g / s).collect()))
        };
        let stop = LargeStop { iterations: 500, fall: 0.0 };
        let fit = minimise_large(&[0.0; 4], &scale, &[EVERYWHERE; 4], stop, loss, &mut |_, _| {}).unwrap();
        assert!(natural(&fit.values).iter().all(|x| (x - 1.0).abs() < 1e-6), "{:?}", fit.values);
    }

    #[test]
    fn stays_within_bounds_and_fits_the_rest() {
        // Σ (x − target)² with x ≥ 0: negative targets end at 0
        let target: Vec<f64> = (0..50).map(|i| f64::from(i) - 20.0).collect();
        let loss = |x: &[f64]| {
            assert!(x.iter().all(|&x| x >= 0.0));
            let residual: Vec<f64> = x.iter().zip(&target).map(|(x, t)| x - t).collect();
            Ok((residual.iter().map(|r| r * r).sum(), residual.iter().map(|r| 2.0 * r).collect()))
        };
        let stop = LargeStop { iterations: 200, fall: 0.0 };
        let fit =
            minimise_large(&[3.0; 50], &[1.0; 50], &[[0.0, f64::INFINITY]; 50], stop, loss, &mut |_, _| {}).unwrap();
        for (x, t) in fit.values.iter().zip(&target) {
            assert!((x - t.max(0.0)).abs() < 1e-6, "{x} {t}");
        }
    }
}
