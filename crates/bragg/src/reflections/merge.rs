//! Several observations of one reflection, made one.

use super::PointGroup;
use crate::miller::Miller;
use rayon::prelude::*;

/// An observed intensity or amplitude.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// The reflection.
    pub hkl: Miller,
    /// What was observed; finite.
    pub value: f64,
    /// Its standard uncertainty, where there is one.
    pub sigma: Option<f64>,
}

/// What [`merge`] gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// One value for all reflections that are equivalent by rotations, Friedel mates apart, sorted by h, k, l.
    pub list: Vec<(Miller, f64)>,
    /// How many observations are no longer there by themselves.
    pub n_averaged: usize,
}

/// The mean of the observations of equivalent reflections, Friedel mates apart. Where all of them have a positive standard
/// uncertainty σ, the mean is weighted with 1/σ², else it is plain. What was observed once keeps its indices and its value.
#[must_use]
pub fn merge(observations: &[Observation], group: &PointGroup) -> Merged {
    let mut keyed: Vec<(Miller, Observation)> =
        observations.par_iter().map(|observation| (group.last_mate(observation.hkl), *observation)).collect();
    keyed.par_sort_by_key(|(key, _)| *key);
    let chunks = keyed.chunk_by(|(one, _), (other, _)| one == other);
    let mut list: Vec<(Miller, f64)> = chunks.filter_map(|same| Some((same.first()?.1.hkl, mean(same)))).collect();
    list.par_sort_by_key(|(hkl, _)| *hkl);
    Merged { n_averaged: observations.len() - list.len(), list }
}

fn mean(same: &[(Miller, Observation)]) -> f64 {
    if let [(_, only)] = same {
        return only.value;
    }
    let weighted = same.iter().all(|(_, observation)| observation.sigma.is_some_and(|sigma| sigma > 0.0));
    let sigmas = || same.iter().map(|(_, observation)| observation.sigma.unwrap_or(1.0));
    // Relative to the smallest σ, so that no weight is too large for a number.
    let smallest = sigmas().fold(f64::INFINITY, f64::min);
    let (mut sum, mut total) = (0.0, 0.0);
    for ((_, observation), sigma) in same.iter().zip(sigmas()) {
        let weight = if weighted { (smallest / sigma).powi(2) } else { 1.0 };
        sum += weight * observation.value;
        total += weight;
    }
    sum / total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symmetry::SpaceGroup;

    fn merged(name: &str, observations: &[(Miller, f64, Option<f64>)]) -> Merged {
        let group = PointGroup::new(&SpaceGroup::parse(name).unwrap().operators);
        let observations: Vec<Observation> =
            observations.iter().map(|&(hkl, value, sigma)| Observation { hkl, value, sigma }).collect();
        merge(&observations, &group)
    }

    #[test]
    fn equivalents_are_averaged_but_not_friedel_mates() {
        let merged = merged(
            "P 1 2 1",
            &[
                ([1, 2, 3], 10.0, None),
                ([-1, 2, -3], 20.0, Some(1.0)),
                ([-1, -2, -3], 50.0, None),
                ([0, 0, 4], -3.0, None),
            ],
        );
        // 2 along b: -h k -l is equivalent, -h -k -l is a Friedel mate.
        assert_eq!(merged.list, [([-1, -2, -3], 50.0), ([0, 0, 4], -3.0), ([1, 2, 3], 15.0)]);
        assert_eq!(merged.n_averaged, 1);
    }

    #[test]
    fn uncertainties_are_weights() {
        let both = merged("P 1", &[([1, 0, 0], 10.0, Some(1.0)), ([1, 0, 0], 20.0, Some(2.0))]);
        // (10/1 + 20/4) / (1/1 + 1/4)
        assert_eq!(both.list, [([1, 0, 0], 12.0)]);
        let extreme = merged("P 1", &[([1, 0, 0], 10.0, Some(1e-300)), ([1, 0, 0], 20.0, Some(1.0))]);
        assert_eq!(extreme.list, [([1, 0, 0], 10.0)]);
        let useless = merged("P 1", &[([1, 0, 0], 10.0, Some(0.0)), ([1, 0, 0], 20.0, Some(1.0))]);
        assert_eq!(useless.list, [([1, 0, 0], 15.0)]);
    }
}
