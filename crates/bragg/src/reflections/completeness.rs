//! How much of what diffracts is in a list.

use super::{AmplitudeGrid, Reflections, Sphere};
use crate::miller::Miller;
use crate::symmetry::{Operator, is_absent};
use rayon::prelude::*;

/// How much of what diffracts to a resolution is in a list. Counts are of reflections in P1, Friedel mates apart, without
/// 0 0 0 and without systematic absences.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Completeness {
    /// The reflections there are up to the resolution asked for.
    pub possible: u64,
    /// How many of the possible reflections are in the list.
    pub listed: u64,
    /// The finest resolution d in the list, whether or not it is beyond the resolution asked for (Å).
    pub finest_listed: Option<f64>,
    /// The coarsest resolution d at which a reflection is missing; `None` when none is (Å).
    pub coarsest_missing: Option<f64>,
}

impl Reflections {
    /// How complete the list is up to the resolution `d_min` (Å) for a unit cell a, b, c (Å), α, β, γ (deg), which need not
    /// be the list's own.
    ///
    /// # Errors
    /// The cell or `d_min` cannot be used, or the indices up to `d_min` span more than
    /// [`AmplitudeGrid::MAX_POINTS`].
    pub fn completeness(&self, cell: [f64; 6], d_min: f64) -> crate::Result<Completeness> {
        let sphere = Sphere::new(cell, d_min)?;
        let screws: Vec<Operator> = self
            .symmetry
            .iter()
            .filter(|operator| operator.translation.iter().any(|t| t % Operator::DENOMINATOR != 0))
            .copied()
            .collect();
        let listed = IndexSet::new(sphere.last(), &self.list)?;
        let tally = sphere
            .layers()
            .into_par_iter()
            .map(|h| Tally::of_layer(h, &sphere, &screws, &listed))
            .reduce(Tally::default, Tally::merge);
        let finest = self
            .list
            .iter()
            .filter(|(hkl, _)| *hkl != [0; 3] && !is_absent(*hkl, &screws))
            .map(|(hkl, _)| sphere.metric().inverse_d_squared(*hkl))
            .reduce(f64::max);
        Ok(Completeness {
            possible: tally.possible,
            listed: tally.listed,
            finest_listed: finest.map(|s| s.sqrt().recip()),
            coarsest_missing: tally.nearest_missing.map(|s| s.sqrt().recip()),
        })
    }
}

/// Which reflections of −last … last are in a list, one bit each.
struct IndexSet {
    last: Miller,
    bits: Vec<u64>,
}

impl IndexSet {
    fn new(last: Miller, list: &[(Miller, f64)]) -> crate::Result<Self> {
        let [n_h, n_k, n_l] = AmplitudeGrid::extents(last.map(|n| -n), last)?;
        let mut set = Self { last, bits: vec![0; (n_h * n_k * n_l).div_ceil(64)] };
        for &(hkl, _) in list {
            if (0..3).all(|axis| hkl[axis].unsigned_abs() <= last[axis].unsigned_abs()) {
                let i = set.position(hkl);
                set.bits[i / 64] |= 1 << (i % 64);
            }
        }
        Ok(set)
    }

    fn position(&self, hkl: Miller) -> usize {
        let offset = |axis: usize| (hkl[axis] + self.last[axis]) as usize;
        let extent = |axis: usize| 2 * self.last[axis] as usize + 1;
        (offset(0) * extent(1) + offset(1)) * extent(2) + offset(2)
    }

    fn contains(&self, hkl: Miller) -> bool {
        let i = self.position(hkl);
        self.bits[i / 64] >> (i % 64) & 1 == 1
    }
}

/// Counts within the resolution limit; `nearest_missing` is the smallest 1/d² (1/Å²) of a missing reflection.
#[derive(Default)]
struct Tally {
    possible: u64,
    listed: u64,
    nearest_missing: Option<f64>,
}

impl Tally {
    /// The reflections h, k, l of one h >= 0 and their Friedel mates, each pair once.
    fn of_layer(h: i32, sphere: &Sphere, screws: &[Operator], listed: &IndexSet) -> Self {
        let mut tally = Self::default();
        for (hkl, inverse_d_squared) in sphere.layer(h).filter(|(hkl, _)| !is_absent(*hkl, screws)) {
            let found = u64::from(listed.contains(hkl)) + u64::from(listed.contains(hkl.map(|index| -index)));
            tally.possible += 2;
            tally.listed += found;
            if found < 2 && tally.nearest_missing.is_none_or(|nearest| inverse_d_squared < nearest) {
                tally.nearest_missing = Some(inverse_d_squared);
            }
        }
        tally
    }

    fn merge(self, other: Self) -> Self {
        let nearest = self.nearest_missing.into_iter().chain(other.nearest_missing).reduce(f64::min);
        Self { possible: self.possible + other.possible, listed: self.listed + other.listed, nearest_missing: nearest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::miller::MAX_INDEX;
    use crate::reflections::ReciprocalMetric;
    use crate::symmetry::{check_group, expand_to_p1};

    /// The group that the generators and their products make.
    fn group(generators: &[&str]) -> Vec<Operator> {
        let generators: Vec<Operator> = generators.iter().map(|triplet| triplet.parse().unwrap()).collect();
        let mut group = vec![Operator::IDENTITY];
        let mut done = 0;
        while done < group.len() {
            for generator in &generators {
                let product = generator.after(&group[done]);
                if !group.contains(&product) {
                    group.push(product);
                }
            }
            done += 1;
        }
        check_group(&group).unwrap();
        group
    }

    fn list(list: Vec<(Miller, f64)>, symmetry: Vec<Operator>) -> Reflections {
        Reflections { list, symmetry, ..Reflections::default() }
    }

    fn near(a: Option<f64>, b: f64) -> bool {
        a.is_some_and(|a| (a - b).abs() < 1e-9 * b)
    }

    #[test]
    fn resolutions_and_counts_are_those_of_gemmi() {
        // From gemmi 0.7.5: make_miller_array in P 1 less is_systematically_absent, UnitCell.calculate_d.
        let p43212: &[&str] = &["-y+1/2,x+1/2,z+3/4", "y,x,-z"];
        let c2: &[&str] = &["x+1/2,y+1/2,z", "-x,y,-z"];
        let fd3m: &[&str] =
            &["x,y+1/2,z+1/2", "x+1/2,y,z+1/2", "-x+3/4,-y+1/4,z+1/2", "z,x,y", "y+3/4,x+1/4,-z+1/2", "-x,-y,-z"];
        for (generators, order, cell, d_min, count, coarsest, of_325) in [
            (p43212, 8, [42.0, 42.0, 88.9, 90.0, 90.0, 90.0], 2.5, 41924, 37.97523542722221, 9.743753872587307),
            (c2, 4, [61.3, 22.7, 38.1, 90.0, 112.5, 90.0], 1.9, 14880, 35.199810188680026, 5.233899536228874),
            (fd3m, 192, [35.7, 35.7, 35.7, 90.0, 90.0, 90.0], 1.1, 34572, 20.61140461006964, 5.791304734368223),
            (&[], 1, [11.3, 12.7, 17.9, 71.0, 83.0, 104.0], 0.8, 18814, 16.51511574839876, 2.402604802533222),
        ] {
            let symmetry = group(generators);
            assert_eq!(symmetry.len(), order);
            let none = list(vec![([0; 3], 1.0)], symmetry).completeness(cell, d_min).unwrap();
            assert_eq!((none.possible, none.listed, none.finest_listed), (count, 0, None));
            assert!(near(none.coarsest_missing, coarsest), "{none:?}");
            assert!(near(Some(ReciprocalMetric::from_cell(cell).unwrap().resolution([3, -2, 5])), of_325));
        }
    }

    #[test]
    fn what_is_missing_is_found() {
        // Cubic, a = 10 Å, to 2 Å: all points with h² + k² + l² <= 25 but the origin, 514 by direct count.
        let all: Vec<(Miller, f64)> = (0..11 * 11 * 11)
            .map(|i| [i / 121 - 5, i / 11 % 11 - 5, i % 11 - 5])
            .filter(|[h, k, l]| (1..=25).contains(&(h * h + k * k + l * l)))
            .map(|hkl| (hkl, 1.0))
            .collect();
        assert_eq!(all.len(), 514);
        let cell = [10.0, 10.0, 10.0, 90.0, 90.0, 90.0];
        let whole = list(all.clone(), Vec::new()).completeness(cell, 2.0).unwrap();
        assert_eq!(
            whole,
            Completeness { possible: 514, listed: 514, finest_listed: Some(2.0), coarsest_missing: None }
        );

        let mut holed: Vec<(Miller, f64)> =
            all.into_iter().filter(|(hkl, _)| ![[-1, 2, 2], [4, 0, 0]].contains(hkl)).collect();
        holed.extend([([0; 3], 5.0), ([0, 0, 10], 5.0), ([0, 0, 1], 3.0), ([MAX_INDEX, 0, 0], 1.0)]);
        let holed = list(holed, Vec::new()).completeness(cell, 2.0).unwrap();
        assert_eq!((holed.possible, holed.listed), (514, 512));
        assert!(near(holed.coarsest_missing, 10.0 / 3.0) && near(holed.finest_listed, 1e-5));
    }

    #[test]
    fn absences_are_neither_missing_nor_listed() {
        let centring = group(&["x+1/2,y+1/2,z+1/2"]);
        let list = list(vec![([1, 1, 0], 1.0), ([9, 0, 0], 1.0)], centring.clone());
        let cell = [10.0, 10.0, 10.0, 90.0, 90.0, 90.0];
        let found = list.completeness(cell, 7.0).unwrap();
        // Up to 7 Å there are 100 and 110; the body centring leaves the twelve of 110, of which one is listed.
        assert_eq!((found.possible, found.listed), (12, 1));
        assert!(near(found.finest_listed, 50.0_f64.sqrt()) && near(found.coarsest_missing, 50.0_f64.sqrt()));
        let both = expand_to_p1(&list.list, &centring).unwrap();
        assert_eq!(both, [([-1, -1, 0], 1.0), ([1, 1, 0], 1.0)]);
    }

    #[test]
    fn impossible_cells_and_limits_are_refused() {
        let fine = [10.0, 10.0, 10.0, 90.0, 90.0, 90.0];
        let empty = Reflections::default();
        for (cell, d_min, word) in [
            ([0.0, 10.0, 10.0, 90.0, 90.0, 90.0], 2.0, "positive"),
            ([10.0, 10.0, f64::NAN, 90.0, 90.0, 90.0], 2.0, "positive"),
            ([10.0, 10.0, 10.0, 90.0, 90.0, 180.0], 2.0, "volume"),
            ([10.0, 10.0, 10.0, 40.0, 40.0, 100.0], 2.0, "volume"),
            ([1e-200, 10.0, 10.0, 90.0, 90.0, 90.0], 2.0, "range"),
            (fine, 0.0, "resolution limit 0"),
            (fine, f64::NAN, "resolution limit NaN"),
            (fine, 1e-3, "too fine"),
            (fine, 1e-300, "too fine"),
        ] {
            let message = empty.completeness(cell, d_min).unwrap_err().to_string();
            assert!(message.contains(word), "{message} lacks {word}");
        }
    }
}
