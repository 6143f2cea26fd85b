//! Atoms in a unit cell, and the structure factors that follow from them.
//!
//! F(h) = Σ_atoms Σ_operators q·f(s)·T(h)·exp(2πi h·x) over the whole cell (International Tables B, 2010, section 1.2): the
//! sign of the exponent is crystallography's, and F is in electrons. Occupancies q are taken as files of macromolecules
//! give them: an atom on a special position counts once for each operator.

pub mod anomalous;
pub mod direct;
pub mod fft;
mod form_factors;
mod operators;
pub mod solvent;
pub mod wilson;

pub use form_factors::{Element, FormFactor};
pub use operators::operators_from_cartesian;
pub use solvent::Solvent;

use crate::experiment::UnitCell;
use crate::math::{Mat3, Vec3};
use crate::miller::Miller;
use crate::monitor::Monitor;
use crate::symmetry::Operator;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A complex structure factor (electrons).
pub use rustfft::num_complex::Complex64;

/// How an atom is smeared out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Displacement {
    /// B = 8π²⟨u²⟩ (Å²).
    Isotropic(f64),
    /// U11, U22, U33, U12, U13, U23 in the Cartesian frame of the coordinates (Å²).
    Anisotropic([f64; 6]),
}

impl Displacement {
    /// 8π²U as a matrix (Å²): B times the identity where it is isotropic.
    #[must_use]
    pub fn b_matrix(&self) -> Mat3 {
        let rows = |[b11, b22, b33, b12, b13, b23]: [f64; 6]| {
            Mat3::from_rows([Vec3::new(b11, b12, b13), Vec3::new(b12, b22, b23), Vec3::new(b13, b23, b33)])
        };
        match *self {
            Self::Isotropic(b) => rows([b, b, b, 0.0, 0.0, 0.0]),
            Self::Anisotropic(u) => rows(u.map(|u| 8.0 * std::f64::consts::PI.powi(2) * u)),
        }
    }

    /// T of a scattering vector (1/Å): exp(−B s²/4), or exp(−2π² sᵀUs).
    #[must_use]
    pub fn factor(&self, scattering_vector: Vec3) -> f64 {
        (-0.25 * scattering_vector.dot(self.b_matrix().apply(scattering_vector))).exp()
    }
}

/// An atom of the asymmetric unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Atom {
    /// What scatters.
    pub element: Element,
    /// Position in fractions of the cell edges.
    pub position: [f64; 3],
    /// The part of the cells that have it (alternate conformers share what there is).
    pub occupancy: f64,
    /// Its displacement.
    pub displacement: Displacement,
    /// The number of the model that it belongs to, as the file counts.
    pub model: i32,
}

/// The content of a crystal.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The atoms of the asymmetric unit.
    pub atoms: Vec<Atom>,
    /// The unit cell.
    pub cell: UnitCell,
    /// The space group as the file names it; may be empty where it lists operators.
    pub space_group: String,
    /// The operators of the space group, the identity among them.
    pub symmetry: Vec<Operator>,
    /// What its reader took for granted or left out, in sentences.
    pub notes: Vec<String>,
    /// The file it came from.
    pub source: PathBuf,
}

/// What to take from a file with several models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ModelChoice {
    /// The first model of the file.
    #[default]
    First,
    /// All, each with the same part of the crystal.
    Averaged,
}

impl Model {
    /// This model with the atoms of the choice alone; for an average their occupancies are divided by the number of models.
    #[must_use]
    pub fn choose(mut self, choice: ModelChoice) -> Self {
        match choice {
            ModelChoice::First => {
                let first = self.atoms.first().map(|atom| atom.model);
                self.atoms.retain(|atom| Some(atom.model) == first);
            }
            ModelChoice::Averaged => {
                let mut numbers: Vec<i32> = self.atoms.iter().map(|atom| atom.model).collect();
                numbers.sort_unstable();
                numbers.dedup();
                self.atoms.iter_mut().for_each(|atom| atom.occupancy /= numbers.len() as f64);
            }
        }
        self
    }
}

/// The largest and the smallest estimate of [`Model::expected_resolution`] (Å).
const EXPECTED_RESOLUTION: std::ops::RangeInclusive<f64> = 0.8..=5.0;
/// B of the atoms (Å²) by which that is estimated where all are zero, in a cell of more than so many cubic ångströms: a macromolecule's.
const UNKNOWN_B: (f64, f64) = (20.0, 1e4);

impl Model {
    /// The resolution (Å) to which a crystal of such atoms usually diffracts, from their mean B: √(B/8), where the mean intensity is
    /// down by exp(−B/(2d²)) = e⁻⁴ against atoms at rest. Between 0.8 and 5 Å. Where every B is zero, it was not known: 0.8 Å, or that of
    /// B = 20 Å² in cells of more than 10⁴ Å³, which hold macromolecules.
    #[must_use]
    pub fn expected_resolution(&self) -> f64 {
        let trace = |displacement: &Displacement| (0..3).map(|i| displacement.b_matrix().0[i][i]).sum::<f64>() / 3.0;
        let mean =
            self.atoms.iter().map(|atom| trace(&atom.displacement)).sum::<f64>() / self.atoms.len().max(1) as f64;
        let is_large = self.cell.basis().determinant() > UNKNOWN_B.1;
        let mean = if mean == 0.0 && is_large { UNKNOWN_B.0 } else { mean };
        (mean.max(0.0) / 8.0).sqrt().clamp(*EXPECTED_RESOLUTION.start(), *EXPECTED_RESOLUTION.end())
    }
}

/// Dispersion corrections f' + i·f'' of elements at one wavelength (electrons); none for elements that are not in it.
pub type Dispersion = BTreeMap<Element, Complex64>;

/// F of the crystal to a resolution of `d_min` (Å) in P1, atoms and bulk solvent together (electrons): sorted by h, k, l, both
/// Friedel mates, systematic absences zero. F(000) is the number of the cell's electrons, Σ q·(Z + f' + i·f'') and those of the
/// solvent, as the Gaussians of form factors have it to within 0.06 for each atom only.
///
/// # Errors
/// As [`fft::structure_factors`] and [`solvent::structure_factors`].
pub fn f_calc(
    model: &Model,
    dispersion: &Dispersion,
    solvent: Option<&Solvent>,
    d_min: f64,
    monitor: &dyn Monitor,
) -> crate::Result<Vec<(Miller, Complex64)>> {
    let mut list = fft::structure_factors(model, dispersion, d_min, monitor)?;
    if let Some((_, forward)) = list.iter_mut().find(|(hkl, _)| *hkl == [0; 3]) {
        *forward = electrons(model, dispersion);
    }
    if let Some(solvent) = solvent {
        let of_solvent = solvent::structure_factors(model, solvent, d_min, monitor)?;
        for ((_, f), (_, more)) in list.iter_mut().zip(of_solvent) {
            *f += more;
        }
    }
    Ok(list)
}

/// A refusal of a model, or of what is asked of it.
fn refused(what: impl Into<String>) -> crate::Error {
    crate::Error::setting("crystal.structure_factors", what)
}

/// Σ q·(Z + f' + i·f'') over the cell.
fn electrons(model: &Model, dispersion: &Dispersion) -> Complex64 {
    let of_atom = |atom: &Atom| {
        let correction = dispersion.get(&atom.element).copied().unwrap_or_default();
        (correction + f64::from(atom.element.atomic_number())) * atom.occupancy
    };
    model.atoms.iter().map(of_atom).sum::<Complex64>() * model.symmetry.len().max(1) as f64
}

/// The reciprocal basis a*, b*, c* (1/Å) by rows, so that s = h·a* + k·b* + l·c*.
fn reciprocal_basis(cell: &UnitCell) -> Mat3 {
    cell.basis().reciprocal_rows()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::monitor::Unwatched;

    /// A made-up crystal: `n` atoms of several elements, half of them anisotropic, scattered over the cell.
    pub(crate) fn made_up(n: usize, cell: [f64; 6], symmetry: &[&str]) -> Model {
        let mut state = 12_345_u64;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let elements = ["C", "N", "O", "S", "H", "Zn"].map(|symbol| symbol.parse::<Element>().unwrap());
        let atoms = (0..n)
            .map(|i| Atom {
                element: elements[i % elements.len()],
                position: [random() * 3.0 - 1.0, random(), random()],
                occupancy: 0.3 + 0.7 * random(),
                displacement: if i % 2 == 0 {
                    Displacement::Isotropic(3.0 + 40.0 * random())
                } else {
                    let small = |x: f64| 0.04 * (x - 0.5);
                    Displacement::Anisotropic([
                        0.1 + 0.3 * random(),
                        0.1 + 0.3 * random(),
                        0.1 + 0.3 * random(),
                        small(random()),
                        small(random()),
                        small(random()),
                    ])
                },
                model: 1,
            })
            .collect();
        let symmetry: Vec<Operator> = symmetry.iter().map(|triplet| triplet.parse().unwrap()).collect();
        crate::symmetry::check_group(&symmetry).unwrap();
        let cell = UnitCell::new(cell).unwrap();
        Model { atoms, cell, space_group: String::new(), symmetry, notes: Vec::new(), source: PathBuf::new() }
    }

    #[test]
    fn models_are_chosen_or_averaged() {
        let mut model = made_up(4, [10.0, 10.0, 10.0, 90.0, 90.0, 90.0], &["x,y,z"]);
        model.atoms[2].model = 2;
        model.atoms[3].model = 2;
        let occupancies = |model: &Model| -> Vec<f64> { model.atoms.iter().map(|atom| atom.occupancy).collect() };
        let all = occupancies(&model);
        assert_eq!(occupancies(&model.clone().choose(ModelChoice::First)), all[..2]);
        let half: Vec<f64> = all.iter().map(|q| q / 2.0).collect();
        assert_eq!(occupancies(&model.choose(ModelChoice::Averaged)), half);
    }

    #[test]
    fn isotropic_and_anisotropic_agree_where_they_are_the_same() {
        let s = Vec3::new(0.1, -0.2, 0.15);
        let u = 20.0 / (8.0 * std::f64::consts::PI.powi(2));
        let isotropic = Displacement::Isotropic(20.0).factor(s);
        assert!((isotropic - (-20.0 * 0.0725 / 4.0_f64).exp()).abs() < 1e-15);
        assert!((Displacement::Anisotropic([u, u, u, 0.0, 0.0, 0.0]).factor(s) - isotropic).abs() < 1e-15);
    }

    #[test]
    fn forward_scattering_is_the_number_of_electrons_to_the_last() {
        let model = made_up(12, [20.0, 21.0, 22.0, 90.0, 100.0, 90.0], &["x,y,z", "-x,y+1/2,-z"]);
        let dispersion = Dispersion::from([("Zn".parse().unwrap(), Complex64::new(-2.0, 0.5))]);
        let solvent = Solvent::default();
        let find = |list: &[(Miller, Complex64)]| list.iter().find(|(hkl, _)| *hkl == [0; 3]).unwrap().1;
        let zinc: f64 =
            model.atoms.iter().filter(|atom| atom.element.symbol() == "Zn").map(|atom| atom.occupancy).sum();
        let z = |atom: &Atom| f64::from(atom.element.atomic_number()) * atom.occupancy;
        let electrons = 2.0 * model.atoms.iter().map(z).sum::<f64>();
        let dry = find(&f_calc(&model, &dispersion, None, 3.0, &Unwatched).unwrap());
        assert!((dry - Complex64::new(electrons - 4.0 * zinc, zinc)).norm() < 1e-9);
        let wet = find(&f_calc(&model, &dispersion, Some(&solvent), 3.0, &Unwatched).unwrap());
        let alone = find(&solvent::structure_factors(&model, &solvent, 3.0, &Unwatched).unwrap());
        let volume = model.cell.basis().determinant();
        assert!((wet - dry - alone).norm() < 1e-9 && alone.re > 0.0 && alone.re < solvent.k * volume);
    }

    #[test]
    fn all_other_reflections_are_the_sum_of_atoms_and_solvent() {
        let model = made_up(12, [12.0, 21.0, 22.0, 90.0, 100.0, 90.0], &["x,y,z", "-x,y+1/2,-z"]);
        let solvent = Solvent::default();
        let total = f_calc(&model, &Dispersion::new(), Some(&solvent), 2.5, &Unwatched).unwrap();
        let hkls: Vec<Miller> = total.iter().map(|(hkl, _)| *hkl).collect();
        let atoms = direct::structure_factors(&model, &Dispersion::new(), &hkls);
        let of_solvent = solvent::structure_factors(&model, &solvent, 2.5, &Unwatched).unwrap();
        for (((hkl, total), atoms), (same, more)) in total.iter().zip(atoms).zip(of_solvent) {
            assert!(*hkl == same && (*hkl == [0; 3] || (total - atoms - more).norm() < 0.1), "{hkl:?}");
        }
    }
}
