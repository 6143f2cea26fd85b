//! The symmetry that reflections see: rotations, and Friedel's law.

use crate::miller::Miller;
use crate::symmetry::Operator;
use std::collections::HashSet;

/// The point group of a crystal: the rotations of its operators, each once.
#[derive(Debug, Clone)]
pub struct PointGroup {
    rotations: Vec<Operator>,
    /// Which reflections make up the asymmetric unit, where the axes are as in the table.
    unit: Option<fn(Miller) -> bool>,
}

/// The asymmetric units of reciprocal space that CCP4 uses (<https://www.ccp4.ac.uk/html/reflectionfile.html>), for the axes of the
/// International Tables: -1, 2/m, mmm, 4/m and 6/m, 4/mmm and 6/mmm, -3, -31m, -3m1, m-3, m-3m.
const UNITS: [fn(Miller) -> bool; 10] = [
    |[h, k, l]| l > 0 || (l == 0 && (h > 0 || (h == 0 && k >= 0))),
    |[h, k, l]| k >= 0 && (l > 0 || (l == 0 && h >= 0)),
    |[h, k, l]| h >= 0 && k >= 0 && l >= 0,
    |[h, k, l]| l >= 0 && ((h >= 0 && k > 0) || (h == 0 && k == 0)),
    |[h, k, l]| h >= k && k >= 0 && l >= 0,
    |[h, k, l]| (h >= 0 && k > 0) || (h == 0 && k == 0 && l >= 0),
    |[h, k, l]| h >= k && k >= 0 && (k > 0 || l >= 0),
    |[h, k, l]| h >= k && k >= 0 && (h > k || l >= 0),
    |[h, k, l]| h >= 0 && ((l >= h && k > h) || (l == h && k == h)),
    |[h, k, l]| k >= l && l >= h && h >= 0,
];

/// Reflections up to this index, either way, tell which asymmetric unit fits.
const PROBED: i32 = 3;

impl PointGroup {
    /// From the operators of a space group; none stand for P1.
    #[must_use]
    pub fn new(operators: &[Operator]) -> Self {
        let mut seen = HashSet::new();
        let bare = operators.iter().map(|operator| Operator { translation: [0; 3], ..*operator });
        let mut rotations: Vec<Operator> = bare.filter(|operator| seen.insert(operator.rotation)).collect();
        if rotations.is_empty() {
            rotations.push(Operator::IDENTITY);
        }
        let mut group = Self { rotations, unit: None };
        group.unit = UNITS.into_iter().find(|unit| group.has_one_in(*unit));
        group
    }

    /// Whether every reflection has exactly one equivalent in the unit.
    fn has_one_in(&self, unit: fn(Miller) -> bool) -> bool {
        let range = || -PROBED..=PROBED;
        let all = range().flat_map(|h| range().flat_map(move |k| range().map(move |l| [h, k, l])));
        all.into_iter().all(|hkl| {
            let inside: HashSet<Miller> = self.with_friedel(hkl).filter(|mate| unit(*mate)).collect();
            inside.len() == 1
        })
    }

    /// The reflections hR that a reflection is equivalent to by rotations alone; some more than once.
    pub fn mates(&self, hkl: Miller) -> impl Iterator<Item = Miller> + '_ {
        self.rotations.iter().map(move |rotation| rotation.apply_to_miller(hkl))
    }

    fn with_friedel(&self, hkl: Miller) -> impl Iterator<Item = Miller> + '_ {
        self.mates(hkl).flat_map(|mate| [mate, mate.map(i32::wrapping_neg)])
    }

    /// The reflection that stands for all that are equivalent by rotations alone: the last of them in the order of h, k, l.
    #[must_use]
    pub fn last_mate(&self, hkl: Miller) -> Miller {
        self.mates(hkl).max().unwrap_or(hkl)
    }

    /// The reflection that stands for all that are equivalent by rotations and Friedel's law: the one in CCP4's asymmetric unit, or
    /// the last of them in the order of h, k, l where the axes lie in another way.
    #[must_use]
    pub fn representative(&self, hkl: Miller) -> Miller {
        let found = self.unit.and_then(|unit| self.with_friedel(hkl).find(|mate| unit(*mate)));
        found.or_else(|| self.with_friedel(hkl).max()).unwrap_or(hkl)
    }

    /// How many rotations leave a reflection in place: ε, by which its mean intensity is larger than that of general ones
    /// (International Tables B, 2010, section 2.1.3).
    #[must_use]
    pub fn epsilon(&self, hkl: Miller) -> usize {
        self.mates(hkl).filter(|mate| *mate == hkl).count()
    }

    /// Whether a rotation takes a reflection to its Friedel mate, so that its phase has but two values.
    #[must_use]
    pub fn is_centric(&self, hkl: Miller) -> bool {
        let opposite = hkl.map(i32::wrapping_neg);
        self.mates(hkl).any(|mate| mate == opposite)
    }

    /// Whether a reflection is equivalent to others of another group by rotations and Friedel's law wherever it is by this group's.
    #[must_use]
    pub fn is_within_laue_group_of(&self, other: &Self) -> bool {
        let all: HashSet<_> = other.rotations.iter().map(|operator| operator.rotation).collect();
        let inverted = |rotation: [[i32; 3]; 3]| rotation.map(|row| row.map(|entry| -entry));
        let mut own = self.rotations.iter().map(|operator| operator.rotation);
        own.all(|rotation| all.contains(&rotation) || all.contains(&inverted(rotation)))
    }

    /// Whether two groups have the same rotations.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        let all: HashSet<_> = other.rotations.iter().map(|operator| operator.rotation).collect();
        self.rotations.len() == all.len() && self.rotations.iter().all(|operator| all.contains(&operator.rotation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symmetry::SpaceGroup;

    fn group(name: &str) -> PointGroup {
        PointGroup::new(&SpaceGroup::parse(name).unwrap().operators)
    }

    #[test]
    fn every_setting_has_one_representative_for_each_orbit() {
        for space_group in SpaceGroup::all() {
            let group = PointGroup::new(&space_group.operators);
            for hkl in [[1, 2, 3], [-3, 1, 0], [0, 0, -2], [2, -2, 1], [0, 0, 0]] {
                let representative = group.representative(hkl);
                assert!(group.with_friedel(hkl).all(|mate| group.representative(mate) == representative));
                assert!(group.with_friedel(hkl).any(|mate| mate == representative));
                assert_eq!(group.epsilon(hkl), space_group.epsilon(hkl), "{space_group} {hkl:?}");
                assert_eq!(group.is_centric(hkl), space_group.is_centric(hkl), "{space_group} {hkl:?}");
            }
        }
    }

    #[test]
    fn representatives_are_those_of_ccp4() {
        // gemmi 0.7.5: ReciprocalAsu(SpaceGroup(name)).to_asu([-3, 1, -2], ops)[0]
        for (name, expected) in [
            ("P 1", [3, -1, 2]),
            ("C 1 2 1", [3, 1, 2]),
            ("P 21 21 21", [3, 1, 2]),
            ("I 4", [1, 3, 2]),
            ("P 43 21 2", [3, 1, 2]),
            ("R 3:H", [1, 2, -2]),
            ("P 3 1 2", [2, 1, -2]),
            ("R 3 2:H", [2, 1, 2]),
            ("P 6", [1, 2, 2]),
            ("P 61 2 2", [2, 1, 2]),
            ("I 2 3", [1, 2, 3]),
            ("F 4 3 2", [1, 3, 2]),
        ] {
            assert_eq!(group(name).representative([-3, 1, -2]), expected, "{name}");
        }
    }

    #[test]
    fn laue_groups_hold_their_subgroups() {
        assert!(group("P 2 2 2").is_within_laue_group_of(&group("P m m 2")));
        assert!(group("P 1 2 1").is_within_laue_group_of(&group("P 2 2 2")));
        assert!(!group("P 2 2 2").is_within_laue_group_of(&group("P 1 2 1")));
        assert!(!group("P 1 1 2").is_within_laue_group_of(&group("P 1 2 1")));
        assert!(group("P 21 21 21").is_same_as(&group("C 2 2 21")) && !group("P 4").is_same_as(&group("P -4")));
    }
}
