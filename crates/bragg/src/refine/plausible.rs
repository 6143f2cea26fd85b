//! Whether where a fit ended can be right.

use super::experiments::{Experiments, State};
use super::loss::{DARKEST, Loss, half_deviance, poisson_log_probability};
use crate::error::Result;
use crate::experiment::UnitCell;
use crate::kernel::Monitor;
use std::ops::RangeInclusive;
use std::sync::OnceLock;

/// A misfit of so many times what noise makes is no fit.
const FAR: f64 = 10.0;
/// Factor by which an edge of the cell may change, or its inverse: ten times as far as a fit finds its way.
const STRETCH: f64 = 1.25;
/// Degrees by which an angle of the cell may change.
const SHEAR: f64 = 10.0;
/// Edges (Å) that cells have.
const EDGES: RangeInclusive<f64> = 2.0..=10_000.0;

/// What speaks against where a fit ended, as sentences without a full stop.
///
/// # Errors
/// The images cannot be computed, or the monitor stops it.
pub(super) fn doubts(model: &Experiments, start: &State, end: &State, monitor: &dyn Monitor) -> Result<Vec<String>> {
    let mut doubts = Vec::new();
    let times = misfit(model, end, monitor)?;
    if let Some(times) = times.filter(|times| !(0.0..=FAR).contains(times)) {
        doubts.push(format!(
            "the misfit is {times:.3} times what counting noise makes of a right model: this one does not explain the image"
        ));
    }
    let cells = start.experiments.iter().zip(&end.experiments).map(|(start, end)| {
        [start, end].map(|experiment| UnitCell::from_basis(&experiment.crystal.real_space).parameters())
    });
    if let Some(cell) = cells.filter_map(|[start, end]| strange_cell(start, end)).next() {
        doubts.push(cell);
    }
    Ok(doubts)
}

/// What is strange about a cell that started as another.
fn strange_cell(start: [f64; 6], end: [f64; 6]) -> Option<String> {
    const NAMES: [&str; 6] = ["a", "b", "c", "alpha", "beta", "gamma"];
    for (i, name) in NAMES.into_iter().enumerate() {
        let (from, to) = (start[i], end[i]);
        let (is_sane, unit) = if i < 3 {
            let factor = (to / from).max(from / to);
            (factor <= STRETCH && (EDGES.contains(&to) || to == from), "Å")
        } else {
            ((to - from).abs() <= SHEAR, "deg")
        };
        if !is_sane {
            return Some(format!(
                "crystal.cell.{name} went from {from:.3} to {to:.3} {unit}, which is further than a fit finds its way"
            ));
        }
    }
    None
}

/// How many times larger the misfit of the used pixels is than counting noise would make it; `None` where the loss knows no noise.
fn misfit(model: &Experiments, state: &State, monitor: &dyn Monitor) -> Result<Option<f64>> {
    let (mut found, mut expected) = (0.0, 0.0);
    for (image, modelled) in model.images().iter().zip(model.modelled(state, monitor)?) {
        for ((photons, used), panel) in image.photons.iter().zip(&image.used).zip(&modelled.panels) {
            let pixels = photons.iter().zip(used.iter()).zip(panel.pixels());
            for ((&observed, _), &modelled) in pixels.filter(|((_, used), _)| **used) {
                let Some([one, of_noise]) = of_pixel(model.loss, observed, modelled) else { return Ok(None) };
                found += one;
                expected += of_noise;
            }
        }
    }
    Ok((expected > 0.0).then(|| found / expected))
}

/// The misfit of a pixel, and what noise makes of it in the mean.
fn of_pixel(loss: Loss, observed: f64, modelled: f64) -> Option<[f64; 2]> {
    match loss {
        Loss::Gauss { read_noise } if read_noise > 0.0 => {
            let variance = modelled.max(0.0) + read_noise * read_noise;
            Some([0.5 * (observed - modelled) * (observed - modelled) / variance, 0.5])
        }
        Loss::Poisson | Loss::Gauss { .. } | Loss::SquareRoot => {
            let mean = modelled.max(DARKEST);
            Some([half_deviance(observed, mean), mean_half_deviance(mean)])
        }
        Loss::LeastSquares => None,
    }
}

/// Above this mean, the half deviance is that of a normal deviate and the first correction to it: ½ + 1/(12μ).
const BRIGHT: f64 = 20.0;
/// Points of the table below it, evenly spaced in the logarithm of the mean.
const POINTS: usize = 256;

/// The mean half deviance of Poisson counts of a mean from [`DARKEST`] on.
fn mean_half_deviance(mean: f64) -> f64 {
    static TABLE: OnceLock<Vec<f64>> = OnceLock::new();
    if mean >= BRIGHT {
        return 0.5 + 1.0 / (12.0 * mean);
    }
    let (low, step) = (DARKEST.ln(), (BRIGHT / DARKEST).ln() / (POINTS - 1) as f64);
    let table = TABLE.get_or_init(|| (0..POINTS).map(|i| summed((low + step * i as f64).exp())).collect());
    let place = ((mean.ln() - low) / step).clamp(0.0, (POINTS - 2) as f64);
    let (i, part) = (place as usize, place.fract());
    table[i] + part * (table[i + 1] - table[i])
}

/// The same as the sum over the counts.
fn summed(mean: f64) -> f64 {
    let last = (mean + 12.0 * mean.sqrt() + 20.0) as u32;
    let counts = (0..=last).map(f64::from);
    counts.map(|n| poisson_log_probability(n, mean).exp() * half_deviance(n, mean)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_half_deviance_is_that_of_poisson_counts() {
        // of few photons, none and one: e^−μ·μ + μe^−μ·(μ − ln μ − 1), two are below a part in 10⁴
        let mean: f64 = 1e-3;
        let few = (-mean).exp() * mean * (mean - mean.ln());
        assert!((mean_half_deviance(mean) / few - 1.0).abs() < 3e-3, "{} {few}", mean_half_deviance(mean));
        for mean in [1e-6, 3e-5, 0.02, 0.5, 1.0, 7.7, 19.99, 20.01] {
            let (found, expected) = (mean_half_deviance(mean), summed(mean));
            assert!((found / expected - 1.0).abs() < 2e-3, "{mean}: {found} {expected}");
        }
        assert!((mean_half_deviance(1e6) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn cells_may_move_but_not_become_others() {
        let start = [42.0, 50.0, 89.0, 90.0, 100.0, 120.0];
        let with = |i: usize, value: f64| {
            let mut end = start;
            end[i] = value;
            strange_cell(start, end)
        };
        for (i, value) in [(0, 42.8), (2, 80.0), (4, 103.0), (1, 60.0)] {
            assert_eq!(with(i, value), None);
        }
        for (i, value) in [(2, 6.685), (0, 4200.0), (0, 1e-3), (5, 89.0), (1, f64::NAN), (3, f64::NAN)] {
            assert!(with(i, value).is_some(), "{i} {value}");
        }
        assert!(with(2, 6.685).unwrap().contains("crystal.cell.c went from 89.000 to 6.685 Å"));
    }
}
