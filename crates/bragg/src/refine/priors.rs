//! What is known of the parameters besides the data: restraints and bounds.

use super::normal::Normal;

/// A value that a parameter is known to be close to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Restraint {
    /// Which parameter.
    pub parameter: usize,
    /// The value.
    pub value: f64,
    /// Its standard uncertainty.
    pub sigma: f64,
}

/// Restraints and bounds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Priors {
    /// Soft: each adds ½((x − value)/σ)² to the loss.
    pub restraints: Vec<Restraint>,
    /// Hard: lowest and highest value of each parameter; may be empty for none.
    pub bounds: Vec<[f64; 2]>,
}

impl Priors {
    /// What the restraints add to the loss.
    #[must_use]
    pub fn loss(&self, values: &[f64]) -> f64 {
        self.restraints.iter().map(|r| 0.5 * ((values[r.parameter] - r.value) / r.sigma).powi(2)).sum()
    }

    /// Normal equations with the restraints.
    pub(super) fn added_to(&self, mut normal: Normal, values: &[f64]) -> Normal {
        normal.loss += self.loss(values);
        for r in &self.restraints {
            let weight = 1.0 / (r.sigma * r.sigma);
            normal.gradient[r.parameter] += weight * (values[r.parameter] - r.value);
            normal.add_information(r.parameter, r.parameter, weight);
        }
        normal
    }

    fn bounds(&self, i: usize) -> [f64; 2] {
        self.bounds.get(i).copied().unwrap_or([f64::NEG_INFINITY, f64::INFINITY])
    }

    /// Which parameters stand at a bound that the loss pushes them against.
    #[must_use]
    pub fn held(&self, values: &[f64], gradient: &[f64]) -> Vec<bool> {
        let held = |i: usize| {
            let [low, high] = self.bounds(i);
            (values[i] <= low && gradient[i] > 0.0) || (values[i] >= high && gradient[i] < 0.0)
        };
        (0..values.len()).map(held).collect()
    }

    /// A step that stays within the bounds: parameters that would leave end at their bound, and the others are solved for anew.
    pub(super) fn within_bounds(
        &self,
        values: &[f64],
        normal: &Normal,
        solve: impl Fn(&[Option<f64>]) -> Option<Vec<f64>>,
    ) -> Option<Vec<f64>> {
        let held = self.held(values, normal.gradient());
        let mut given: Vec<Option<f64>> = held.into_iter().map(|held| held.then_some(0.0)).collect();
        loop {
            let step = solve(&given)?;
            let beyond = |i: usize| {
                let [low, high] = self.bounds(i);
                let end = values[i] + step[i];
                (given[i].is_none() && !(low..=high).contains(&end)).then(|| end.clamp(low, high) - values[i])
            };
            let beyond: Vec<_> = (0..values.len()).map(beyond).collect();
            if beyond.iter().all(Option::is_none) {
                return Some(step);
            }
            given.iter_mut().zip(beyond).for_each(|(given, to_bound)| *given = given.or(to_bound));
        }
    }
}
