//! Synthetic structure factors: the amplitudes of a crystal whose atoms lie anywhere.

use super::Element;
use super::refused;
use crate::experiment::UnitCell;
use crate::miller::{MAX_INDEX, Miller};
use crate::monitor::{Monitor, watched};
use crate::reflections::wilson::draw;
use crate::reflections::{PointGroup, Reflections, Sphere};
use crate::symmetry::{MAX_EXPANDED, SpaceGroup, is_absent};

/// What scatters in the unit cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// The elements with the number of their atoms in the unit cell.
    pub atoms: Vec<(Element, f64)>,
    /// The B (Å²) of all atoms.
    pub b: f64,
}

/// The atoms of the average residue of a protein with its hydrogen atoms, 110 Da (the composition C₅H₇.₈N₁.₃₅O₁.₅S₀.₀₄ of the PDB's
/// average; Matthews, J. Mol. Biol. 33 (1968) 491-497, has the mass).
const RESIDUE: [(&str, f64); 5] = [("C", 5.0), ("H", 7.8), ("N", 1.35), ("O", 1.5), ("S", 0.04)];
/// The volume of the crystal for each residue (Å³): 110 Da at 2.4 Å³/Da, the most frequent V_M (Matthews, 1968).
const VOLUME_PER_RESIDUE: f64 = 264.0;

impl Content {
    /// What a crystal of protein that fills the cell as usual has in it: Σf² is 1.36 e²/Å³ at s = 0. The solvent is taken to be empty.
    ///
    /// # Errors
    /// A B that is not a number between 0 and 1000 Å².
    pub fn protein(cell: &UnitCell, b: f64) -> crate::Result<Self> {
        let residues = cell.basis().determinant() / VOLUME_PER_RESIDUE;
        let atom = |(symbol, n): (&str, f64)| Ok::<_, crate::Error>((symbol.parse()?, n * residues));
        Self::new(RESIDUE.into_iter().map(atom).collect::<crate::Result<_>>()?, b)
    }

    /// The given numbers of atoms in the unit cell.
    ///
    /// # Errors
    /// A number of atoms that is negative or not finite, or a B that is not between 0 and 1000 Å².
    pub fn new(atoms: Vec<(Element, f64)>, b: f64) -> crate::Result<Self> {
        if let Some((element, n)) = atoms.iter().find(|(_, n)| !(n.is_finite() && *n >= 0.0)) {
            return Err(refused(format!("the number of atoms of {element} is {n}; it must be 0 or more")));
        }
        if !(0.0..=1000.0).contains(&b) {
            return Err(refused(format!("a B of {b} Å² is not between 0 and 1000")));
        }
        Ok(Self { atoms, b })
    }

    /// Σ n·f²·exp(−B s²/2) at s² = 1/d² (1/Å²): the mean intensity of a general reflection (Wilson, Nature 150 (1942) 152), in squared
    /// electrons.
    #[must_use]
    pub fn mean_intensity(&self, inverse_d_squared: f64) -> f64 {
        let atoms = self.atoms.iter().map(|(element, n)| n * element.form_factor().at(inverse_d_squared).powi(2));
        atoms.sum::<f64>() * (-0.5 * self.b * inverse_d_squared).exp()
    }
}

/// Amplitudes (electrons) drawn by Wilson's statistics ([`crate::reflections::wilson`]) for all reflections up to the resolution
/// `d_min` (Å), in P1, sorted by h, k, l, without 0 0 0. The seed and the reflection decide, so that a finer limit only adds
/// reflections. Equivalent reflections and Friedel mates have the same amplitude; systematic absences are listed as exactly zero. A
/// centred lattice puts n times the intensity into one of n reflections.
///
/// # Errors
/// The cell does not fit the space group, `d_min` cannot be used, or the monitor stopped the work.
pub fn amplitudes(
    cell: &UnitCell,
    group: &SpaceGroup,
    d_min: f64,
    content: &Content,
    seed: u64,
    monitor: &dyn Monitor,
) -> crate::Result<Reflections> {
    let parameters = cell.parameters();
    group.fits(parameters)?;
    let sphere = Sphere::new(parameters, d_min)?;
    let [h, k, l] = sphere.last().map(|last| 2.0 * f64::from(last) + 1.0);
    if h * k * l > MAX_EXPANDED as f64 || sphere.last().iter().any(|&last| last > MAX_INDEX) {
        return Err(refused(format!(
            "a resolution limit of {d_min} Å gives too many reflections (more than {MAX_EXPANDED} indices)"
        )));
    }
    let point_group = PointGroup::new(&group.operators);
    let identity = crate::symmetry::Operator::IDENTITY.rotation;
    let centring = group.operators.iter().filter(|operator| operator.rotation == identity).count();
    let amplitude = |hkl: Miller| {
        if is_absent(hkl, &group.operators) {
            return 0.0;
        }
        // From the representative, so that rounding is the same for all equivalents.
        let representative = point_group.representative(hkl);
        let general = content.mean_intensity(sphere.metric().inverse_d_squared(representative));
        let mean = general * (point_group.epsilon(hkl) * centring) as f64;
        draw(seed, representative, mean, point_group.is_centric(hkl))
    };
    let mut list: Vec<(Miller, f64)> = Vec::new();
    for (hkl, _) in watched(sphere.half(), 4096, monitor) {
        let amplitude = amplitude(hkl);
        list.extend([(hkl, amplitude), (hkl.map(|index| -index), amplitude)]);
    }
    monitor.check()?;
    list.sort_unstable_by_key(|(hkl, _)| *hkl);
    Ok(Reflections { list, cell: Some(parameters), symmetry: group.operators.clone(), ..Reflections::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Unwatched;
    use std::collections::HashMap;

    fn made(name: &str, cell: [f64; 6], d_min: f64, b: f64, seed: u64) -> (Reflections, SpaceGroup, Content) {
        let cell = UnitCell::new(cell).unwrap();
        let group = SpaceGroup::parse(name).unwrap();
        let content = Content::protein(&cell, b).unwrap();
        (amplitudes(&cell, &group, d_min, &content, seed, &Unwatched).unwrap(), group, content)
    }

    #[test]
    fn the_mean_is_that_of_the_content() {
        let (list, group, content) = made("P 1", [60.0, 70.0, 80.0, 80.0, 95.0, 100.0], 3.0, 20.0, 1);
        // 1.36 e²/Å³: (5·36 + 7.8 + 1.35·49 + 1.5·64 + 0.04·256)/264.
        let volume = UnitCell::new(list.cell.unwrap()).unwrap().basis().determinant();
        assert!((content.mean_intensity(0.0) / volume - 1.36).abs() < 0.01);
        let sphere = Sphere::new(list.cell.unwrap(), 3.0).unwrap();
        let (mut n, mut ratio) = ([0.0; 2], [0.0; 2]);
        for (hkl, f) in &list.list {
            let s2 = sphere.metric().inverse_d_squared(*hkl);
            let shell = usize::from(s2 > 0.07);
            n[shell] += 1.0;
            ratio[shell] += f * f / content.mean_intensity(s2);
        }
        assert!(ratio.iter().zip(n).all(|(ratio, n)| (ratio / n - 1.0).abs() < 0.03), "{ratio:?} {n:?}");
        assert_eq!(group.operators.len(), 1);
        assert!(list.list.len() as u64 == list.completeness(list.cell.unwrap(), 3.0).unwrap().possible);
    }

    #[test]
    fn a_b_factor_bends_the_wilson_plot() {
        let cell = UnitCell::new([50.0, 60.0, 70.0, 90.0, 90.0, 90.0]).unwrap();
        let at = |b, s2| Content::protein(&cell, b).unwrap().mean_intensity(s2);
        assert!((at(30.0, 0.1) / at(10.0, 0.1) - (-1.0_f64).exp()).abs() < 1e-12);
    }

    #[test]
    fn symmetry_absences_and_multiplicities_are_the_groups() {
        for (name, cell) in [
            ("P 43 21 2", [60.0, 60.0, 90.0, 90.0, 90.0, 90.0]),
            ("C 1 2 1", [80.0, 40.0, 50.0, 90.0, 100.0, 90.0]),
            ("R 3 2:H", [70.0, 70.0, 90.0, 90.0, 90.0, 120.0]),
            ("F d -3 m:2", [90.0, 90.0, 90.0, 90.0, 90.0, 90.0]),
        ] {
            let (list, group, content) = made(name, cell, 4.5, 15.0, 9);
            let point_group = PointGroup::new(&group.operators);
            let all: HashMap<Miller, f64> = list.list.iter().copied().collect();
            let sphere = Sphere::new(cell, 4.5).unwrap();
            let (mut n, mut sum) = (0.0, 0.0);
            for (hkl, f) in &list.list {
                assert_eq!(group.is_absent(*hkl), *f == 0.0, "{name} {hkl:?}");
                assert_eq!(all[&hkl.map(|index| -index)], *f);
                assert!(group.operators.iter().all(|operator| all[&operator.apply_to_miller(*hkl)] == *f));
                if point_group.epsilon(*hkl) == 1 {
                    n += 1.0;
                    sum += f * f / content.mean_intensity(sphere.metric().inverse_d_squared(*hkl));
                }
            }
            // Whatever the lattice, the atoms scatter the same into general directions on the whole.
            assert!((sum / n - 1.0).abs() < 0.25, "{name}: {}", sum / n);
        }
    }

    #[test]
    fn the_seed_decides_and_finer_limits_only_add() {
        let cell = [40.0, 50.0, 60.0, 90.0, 90.0, 90.0];
        let [coarse, fine, other] =
            [(4.0, 1), (3.0, 1), (4.0, 2)].map(|(d_min, seed)| made("P 21 21 21", cell, d_min, 20.0, seed).0);
        let fine: HashMap<Miller, f64> = fine.list.into_iter().collect();
        assert!(coarse.list.iter().all(|(hkl, f)| fine[hkl] == *f) && fine.len() > coarse.list.len());
        assert_ne!(coarse, other);
    }

    #[test]
    fn impossible_crystals_are_refused() {
        let cell = UnitCell::new([40.0, 50.0, 60.0, 90.0, 90.0, 90.0]).unwrap();
        let content = Content::protein(&cell, 20.0).unwrap();
        let refusal = |name: &str, d_min| {
            amplitudes(&cell, &name.parse().unwrap(), d_min, &content, 1, &Unwatched).unwrap_err().to_string()
        };
        assert!(refusal("P 4", 3.0).contains("does not fit"));
        assert!(refusal("P 1", f64::NAN).contains("resolution"));
        assert!(refusal("P 1", 0.18).contains("too many"));
        assert!(Content::protein(&cell, f64::NAN).unwrap_err().to_string().contains("B of NaN"));
        assert!(Content::new(vec![("C".parse().unwrap(), -1.0)], 20.0).unwrap_err().to_string().contains("of C is -1"));
    }
}
