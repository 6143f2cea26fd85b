//! Direct summation: the formula written down, one term for each atom, operator and reflection. The yardstick of
//! [`fft`](super::fft); slow for anything but small models.

use super::operators::moved;
use super::{Complex64, Dispersion, Model, reciprocal_basis};
use crate::error::Result;
use crate::math::Vec3;
use crate::miller::Miller;
use crate::monitor::{Monitor, Unwatched, watched};
use std::f64::consts::TAU;

/// F of each reflection (electrons), with the dispersion corrections that are given.
#[must_use]
pub fn structure_factors(model: &Model, dispersion: &Dispersion, reflections: &[Miller]) -> Vec<Complex64> {
    reflections.iter().map(|&hkl| structure_factor(model, dispersion, hkl, &Unwatched)).collect()
}

/// F of each reflection as [`structure_factors`] has it; the monitor may stop the work.
///
/// # Errors
/// The monitor stopped it.
pub fn structure_factors_watched(
    model: &Model,
    dispersion: &Dispersion,
    reflections: &[Miller],
    monitor: &dyn Monitor,
) -> Result<Vec<Complex64>> {
    let factors = watched(reflections.iter(), 1, monitor);
    let factors = factors.map(|&hkl| structure_factor(model, dispersion, hkl, monitor)).collect();
    monitor.check()?;
    Ok(factors)
}

/// Atoms between two looks at the monitor.
const ATOMS: usize = 256;

fn structure_factor(model: &Model, dispersion: &Dispersion, hkl: Miller, monitor: &dyn Monitor) -> Complex64 {
    let cartesian_from_miller = reciprocal_basis(&model.cell).transposed();
    let s = cartesian_from_miller.apply(Vec3(hkl.map(f64::from)));
    let inverse_d_squared = s.dot(s);
    let mut sum = Complex64::new(0.0, 0.0);
    for atom in watched(model.atoms.iter(), ATOMS, monitor) {
        let corrections = dispersion.get(&atom.element).copied().unwrap_or_default();
        let f = Complex64::from(atom.element.form_factor().at(inverse_d_squared)) + corrections;
        for operator in &model.symmetry {
            let [x, y, z] = moved(operator, atom.position);
            // The copy's ellipsoid is turned with it: sᵀ(RURᵀ)s is the first atom's ellipsoid seen along hR.
            let seen = cartesian_from_miller.apply(Vec3(operator.apply_to_miller(hkl).map(f64::from)));
            let phase = TAU * Vec3(hkl.map(f64::from)).dot(Vec3::new(x, y, z));
            sum += f * atom.occupancy * atom.displacement.factor(seen) * Complex64::cis(phase);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::structure::tests::made_up;

    #[test]
    fn forward_scattering_is_all_electrons_of_the_cell() {
        let model = made_up(12, [20.0, 21.0, 22.0, 90.0, 100.0, 90.0], &["x,y,z", "-x,y+1/2,-z"]);
        let electrons: f64 =
            model.atoms.iter().map(|atom| 2.0 * atom.occupancy * f64::from(atom.element.atomic_number())).sum();
        let [f000] = structure_factors(&model, &Dispersion::new(), &[[0; 3]])[..] else { unreachable!() };
        assert!((f000.re / electrons - 1.0).abs() < 1e-3 && f000.im.abs() < 1e-9, "{f000} {electrons}");
    }

    #[test]
    fn screw_axes_make_absences_and_mates_have_the_phases_of_international_tables() {
        let model = made_up(7, [12.0, 15.0, 17.0, 90.0, 108.0, 90.0], &["x,y,z", "-x,y+1/2,-z"]);
        let none = Dispersion::new();
        let hkls = [[0, 3, 0], [1, 2, -3], [-1, 2, 3], [-1, -2, 3], [2, 1, 1], [-2, 1, -1]];
        let f = structure_factors(&model, &none, &hkls);
        assert!(f[0].norm() < 1e-9, "0 3 0 is absent: {}", f[0]);
        assert!((f[1] - f[2]).norm() < 1e-9, "k even: the same phase");
        assert!((f[1].conj() - f[3]).norm() < 1e-9, "Friedel's law");
        assert!((f[4] + f[5]).norm() < 1e-9, "k odd: π apart");
    }

    #[test]
    fn an_absorbing_atom_breaks_the_law_of_friedel() {
        let model = made_up(6, [12.0, 15.0, 17.0, 80.0, 108.0, 95.0], &["x,y,z"]);
        let zinc = "Zn".parse().unwrap();
        let with = Dispersion::from([(zinc, Complex64::new(-3.0, 2.5))]);
        let hkls = [[1, 2, 3], [-1, -2, -3]];
        let (plain, f) =
            (structure_factors(&model, &Dispersion::new(), &hkls), structure_factors(&model, &with, &hkls));
        // One zinc atom: the change is (f' + i f'')·q·T·exp(±2πi h·x), and the two add up to 2(f' + i f'')·q·T·cos.
        let atom = model.atoms[5];
        let s = reciprocal_basis(&model.cell).transposed().apply(Vec3::new(1.0, 2.0, 3.0));
        let phase = TAU * (atom.position[0] + 2.0 * atom.position[1] + 3.0 * atom.position[2]);
        let size = atom.occupancy * atom.displacement.factor(s);
        let both = (f[0] - plain[0]) + (f[1] - plain[1]);
        assert!((both - Complex64::new(-3.0, 2.5) * (2.0 * size * phase.cos())).norm() < 1e-9);
        assert!((f[0].norm() - f[1].norm()).abs() > 1e-3);
    }
}
