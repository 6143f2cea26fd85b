//! Amplitudes for reflections that a list lacks.

use super::refused;
use super::wilson::{MeanIntensity, draw};
use super::{PointGroup, Reflections, Scale, Sphere};
use crate::miller::{MAX_INDEX, Miller};
use crate::monitor::{Monitor, Unwatched, watched};
use crate::symmetry::{MAX_EXPANDED, is_absent};
use std::collections::{HashMap, HashSet};

/// Where the amplitudes of missing reflections come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fill<'a> {
    /// They stay missing.
    Nothing,
    /// All have this one (electrons).
    Constant(f64),
    /// From another list, put on the scale of the known ones by least squares ([`Scale`]).
    List(&'a Reflections),
    /// By Wilson's statistics ([`wilson`](super::wilson)), with the mean intensity of the known ones at the same resolution. The seed
    /// and the reflection decide; equivalent reflections and Friedel mates have the same amplitude.
    Wilson {
        /// The seed.
        seed: u64,
    },
}

/// What was missing and what came of it. Counts are of reflections in P1 to the resolution asked for, Friedel mates apart, without
/// 0 0 0 and without systematic absences.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Filled {
    /// The reflections that there are.
    pub possible: usize,
    /// Those that the list had.
    pub listed: usize,
    /// Those that have the amplitude of an equivalent reflection or of the Friedel mate.
    pub by_symmetry: usize,
    /// Those that have the constant.
    pub by_constant: usize,
    /// Those that have the amplitude of the other list.
    pub from_list: usize,
    /// Those that were drawn.
    pub by_wilson: usize,
    /// Those that are still missing.
    pub missing: usize,
    /// How the other list was scaled.
    pub scale: Option<Scale>,
}

/// Reflections between two looks at the monitor.
const EVERY: usize = 4096;

/// What fills, made ready.
enum Source {
    Nothing,
    Constant(f64),
    List(HashMap<Miller, f64>, Scale),
    Wilson(u64, MeanIntensity),
}

impl Reflections {
    /// Adds amplitudes for the reflections up to the resolution `d_min` (Å) that the list lacks, for a unit cell a, b, c (Å), α, β, γ
    /// (deg), which need not be the list's own. A reflection of which an equivalent or the Friedel mate is known takes its amplitude,
    /// unless nothing is to be filled. The list's symmetry tells what is equivalent and what is absent. 0 0 0 is not filled.
    ///
    /// # Errors
    /// The cell, `d_min` or the constant cannot be used, or there are too few known reflections for the
    /// scale or the statistics, or too many to be filled.
    pub fn fill(&mut self, cell: [f64; 6], d_min: f64, fill: Fill) -> crate::Result<Filled> {
        self.fill_watched(cell, d_min, fill, &Unwatched)
    }

    /// Adds amplitudes as [`Self::fill`] does; the monitor may stop the work, and then the list is as good as lost.
    ///
    /// # Errors
    /// As [`Self::fill`], or the monitor stopped it.
    pub fn fill_watched(
        &mut self,
        cell: [f64; 6],
        d_min: f64,
        fill: Fill,
        monitor: &dyn Monitor,
    ) -> crate::Result<Filled> {
        let sphere = Sphere::new(cell, d_min)?;
        if sphere.last().iter().any(|&last| last > MAX_INDEX) {
            return Err(refused(format!("a resolution limit of {d_min} Å needs indices beyond ±{MAX_INDEX}")));
        }
        let group = PointGroup::new(&self.symmetry);
        let listed: HashMap<Miller, f64> = self.list.iter().copied().collect();
        let source = self.source_of(fill, &listed, &sphere, &group)?;
        let mut filled = Filled { scale: source.scale(), ..Filled::default() };
        let mut added: Vec<(Miller, f64)> = Vec::new();
        let present = sphere.half().filter(|(hkl, _)| !is_absent(*hkl, &self.symmetry));
        for (half, inverse_d_squared) in watched(present, EVERY, monitor) {
            for hkl in [half, half.map(|index| -index)] {
                filled.possible += 1;
                if listed.contains_key(&hkl) {
                    filled.listed += 1;
                    continue;
                }
                let (count, amplitude) = source.amplitude(hkl, inverse_d_squared, &group, &listed, &mut filled);
                *count += 1;
                added.extend(amplitude.map(|amplitude| (hkl, amplitude)));
            }
            if added.len() > MAX_EXPANDED {
                return Err(refused(format!(
                    "more than {MAX_EXPANDED} reflections are missing up to {d_min} Å; a coarser limit is needed"
                )));
            }
        }
        monitor.check()?;
        self.list.append(&mut added);
        Ok(filled)
    }

    fn source_of(
        &self,
        fill: Fill,
        listed: &HashMap<Miller, f64>,
        sphere: &Sphere,
        group: &PointGroup,
    ) -> crate::Result<Source> {
        Ok(match fill {
            Fill::Nothing => Source::Nothing,
            Fill::Constant(amplitude) if amplitude.is_finite() && amplitude >= 0.0 => Source::Constant(amplitude),
            Fill::Constant(amplitude) => {
                return Err(refused(format!("the amplitude {amplitude} for missing reflections must be 0 or more")));
            }
            Fill::List(other) => {
                let other: HashMap<Miller, f64> = other.list.iter().copied().collect();
                let scale = Scale::fit(listed, &other, sphere.metric())?;
                Source::List(other, scale)
            }
            Fill::Wilson { seed } => {
                let mut seen = HashSet::new();
                let known = self.list.iter().filter_map(|(hkl, _)| Some((*hkl, *listed.get(hkl)?)));
                let known = known.filter(|(hkl, _)| *hkl != [0; 3] && !is_absent(*hkl, &self.symmetry));
                let known = known.filter(|(hkl, _)| seen.insert(group.representative(*hkl)));
                let metric = sphere.metric();
                let known = known.map(|(hkl, f)| (hkl, metric.inverse_d_squared(hkl), f)).collect();
                Source::Wilson(seed, MeanIntensity::of(known, group)?)
            }
        })
    }
}

impl Source {
    fn scale(&self) -> Option<Scale> {
        if let Self::List(_, scale) = self { Some(*scale) } else { None }
    }

    /// An amplitude for a missing reflection, and the count that it belongs to.
    fn amplitude<'a>(
        &self,
        hkl: Miller,
        inverse_d_squared: f64,
        group: &PointGroup,
        listed: &HashMap<Miller, f64>,
        filled: &'a mut Filled,
    ) -> (&'a mut usize, Option<f64>) {
        if matches!(self, Self::Nothing) {
            return (&mut filled.missing, None);
        }
        let opposite = hkl.map(|index| -index);
        let equivalent = group.mates(hkl).chain(group.mates(opposite)).find_map(|mate| listed.get(&mate).copied());
        if equivalent.is_some() {
            return (&mut filled.by_symmetry, equivalent);
        }
        match self {
            Self::Nothing => (&mut filled.missing, None),
            Self::Constant(amplitude) => (&mut filled.by_constant, Some(*amplitude)),
            Self::List(other, scale) => match other.get(&hkl).or_else(|| other.get(&opposite)) {
                Some(amplitude) => (&mut filled.from_list, Some(amplitude * scale.at(inverse_d_squared))),
                None => (&mut filled.missing, None),
            },
            Self::Wilson(seed, mean) => {
                let representative = group.representative(hkl);
                let mean = mean.at(inverse_d_squared) * group.epsilon(hkl) as f64;
                (&mut filled.by_wilson, Some(draw(*seed, representative, mean, group.is_centric(hkl))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symmetry::{SpaceGroup, expand_to_p1};

    const CELL: [f64; 6] = [40.0, 40.0, 60.0, 90.0, 90.0, 90.0];

    /// All reflections of P 43 21 2 to 3 Å, with a smooth amplitude, but for those that `keep` drops by their representative.
    fn made_up(keep: impl Fn(Miller) -> bool) -> Reflections {
        let symmetry = SpaceGroup::parse("P 43 21 2").unwrap().operators;
        let group = PointGroup::new(&symmetry);
        let sphere = Sphere::new(CELL, 3.0).unwrap();
        let unique: Vec<(Miller, f64)> = sphere
            .half()
            .filter(|(hkl, _)| group.representative(*hkl) == *hkl && keep(*hkl))
            .map(|(hkl, s2)| (hkl, 100.0 * (-10.0 * s2).exp()))
            .collect();
        Reflections { list: expand_to_p1(&unique, &symmetry).unwrap(), symmetry, ..Reflections::default() }
    }

    fn drop_some([h, k, l]: Miller) -> bool {
        (h + 2 * k + 3 * l) % 7 != 0
    }

    #[test]
    fn counts_add_up_and_agree_with_the_completeness() {
        let whole = made_up(|_| true);
        for fill in [Fill::Nothing, Fill::Constant(5.0), Fill::List(&whole), Fill::Wilson { seed: 1 }] {
            let mut list = made_up(drop_some);
            let before = list.completeness(CELL, 3.0).unwrap();
            let filled = list.fill(CELL, 3.0, fill).unwrap();
            assert_eq!((filled.possible as u64, filled.listed as u64), (before.possible, before.listed));
            let new = filled.by_constant + filled.from_list + filled.by_wilson;
            assert_eq!(filled.listed + filled.by_symmetry + new + filled.missing, filled.possible);
            assert!(filled.by_symmetry == 0 && new + filled.missing > filled.possible / 10);
            let after = list.completeness(CELL, 3.0).unwrap();
            assert_eq!(after.listed as usize, filled.possible - filled.missing);
            assert_eq!(filled.missing > 0, fill == Fill::Nothing);
        }
    }

    #[test]
    fn another_list_is_put_on_scale() {
        let whole = made_up(|_| true);
        let metric = *Sphere::new(CELL, 3.0).unwrap().metric();
        let mut other = whole.clone();
        // 0 0 0 takes no part, and strange values there do not spoil the scale.
        other.list.push(([0; 3], 1e9));
        for (hkl, f) in &mut other.list {
            *f *= 4.0 * (0.25 * 12.0 * metric.inverse_d_squared(*hkl)).exp();
        }
        let mut list = made_up(drop_some);
        let filled = list.fill(CELL, 3.0, Fill::List(&other)).unwrap();
        let scale = filled.scale.unwrap();
        assert!((scale.k - 0.25).abs() < 1e-9 && (scale.b - 12.0).abs() < 1e-6 && scale.r < 1e-9, "{scale:?}");
        let expected: HashMap<Miller, f64> = whole.list.iter().copied().collect();
        assert!(list.list.iter().all(|(hkl, f)| (f / expected[hkl] - 1.0).abs() < 1e-8));
        assert_eq!(list.list.len(), expected.len());
    }

    #[test]
    fn what_the_other_list_lacks_stays_missing() {
        let mut list = made_up(drop_some);
        let other = made_up(|[h, k, l]| drop_some([h, k, l]) || l == 4);
        let filled = list.fill(CELL, 3.0, Fill::List(&other)).unwrap();
        assert!(filled.from_list > 0 && filled.missing > 0);
    }

    #[test]
    fn drawn_amplitudes_are_symmetric_and_have_the_local_mean() {
        let keep = |[h, k, l]: Miller| (h + k + l) % 2 == 0;
        let (mut list, mut again) = (made_up(keep), made_up(keep));
        let known: HashSet<Miller> = list.list.iter().map(|(hkl, _)| *hkl).collect();
        let filled = list.fill(CELL, 3.0, Fill::Wilson { seed: 5 }).unwrap();
        again.fill(CELL, 3.0, Fill::Wilson { seed: 5 }).unwrap();
        assert_eq!(list, again);
        let group = PointGroup::new(&list.symmetry);
        let all: HashMap<Miller, f64> = list.list.iter().copied().collect();
        let (mut n, mut ratio) = (0.0, 0.0);
        for (hkl, f) in list.list.iter().filter(|(hkl, _)| !known.contains(hkl)) {
            assert_eq!(all[&group.representative(*hkl)], *f);
            let mean = 1e4 * (-20.0 * Sphere::new(CELL, 3.0).unwrap().metric().inverse_d_squared(*hkl)).exp();
            n += 1.0;
            ratio += f * f / (mean * group.epsilon(*hkl) as f64);
        }
        assert_eq!(n as usize, filled.by_wilson);
        // Some 450 independent reflections; the known ones have the mean without ε, so it is a little low.
        assert!((0.8..1.15).contains(&(ratio / n)), "{}", ratio / n);
        let mut other = made_up(keep);
        other.fill(CELL, 3.0, Fill::Wilson { seed: 6 }).unwrap();
        assert_ne!(list, other);
    }

    #[test]
    fn friedel_mates_and_equivalents_are_known() {
        let symmetry = SpaceGroup::parse("P 1 2 1").unwrap().operators;
        let mut list = Reflections { list: vec![([1, 2, 3], 7.0)], symmetry, ..Reflections::default() };
        let cell = [10.0, 11.0, 12.0, 90.0, 95.0, 90.0];
        let filled = list.fill(cell, 2.5, Fill::Constant(1.0)).unwrap();
        let all: HashMap<Miller, f64> = list.list.iter().copied().collect();
        for hkl in [[-1, -2, -3], [-1, 2, -3], [1, -2, 3]] {
            assert_eq!(all[&hkl], 7.0);
        }
        assert!(filled.by_symmetry == 3 && filled.by_constant == filled.possible - 4 && all[&[1, 2, -3]] == 1.0);
    }

    #[test]
    fn what_cannot_be_filled_is_refused() {
        let mut few = Reflections { list: vec![([1, 2, 3], 7.0)], ..Reflections::default() };
        let other = few.clone();
        for (d_min, fill, word) in [
            (0.0, Fill::Nothing, "resolution"),
            (3.0, Fill::Constant(f64::NAN), "0 or more"),
            (3.0, Fill::Constant(-1.0), "0 or more"),
            (3.0, Fill::List(&other), "in common"),
            (3.0, Fill::Wilson { seed: 1 }, "too few"),
        ] {
            let message = few.fill(CELL, d_min, fill).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }
}
