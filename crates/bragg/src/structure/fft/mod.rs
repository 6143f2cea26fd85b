//! Structure factors by fast Fourier transform of the electron density (Ten Eyck, Acta Cryst. A33 (1977) 486-492).
//!
//! The density of the asymmetric unit alone, in a P1 cell, is transformed; the space group follows exactly in reciprocal
//! space, F(h) = Σ exp(2πi h·t) F₁(hR) over its operators, so that the grid need not suit the group. All displacements are
//! enlarged by a common B, which is taken out again at the end, until the density is smooth enough for the grid.

pub(super) mod density;
pub(super) mod transform;

use super::refused;
use super::{Complex64, Dispersion, Model};
use crate::experiment::UnitCell;
use crate::math::Vec3;
use crate::miller::Miller;
use crate::monitor::{Monitor, watched};
use crate::reflections::ReciprocalMetric;
use crate::symmetry::{Operator, is_absent};
use density::Density;
use rayon::prelude::*;
use std::f64::consts::TAU;
use transform::Transform;

/// The most points that a grid may have: 2²⁷, 1 GiB of density.
pub const MAX_GRID_POINTS: usize = 1 << 27;

/// The most points of a grid that nobody asked for by its limit of resolution: 2²⁶, some ten seconds and a gigabyte.
const USUAL_GRID_POINTS: usize = 1 << 26;

/// Grid points per d_min. The nearest false reflection then lies at twice the limit of resolution.
const POINTS_PER_RESOLUTION: f64 = 3.0;

/// The smallest B of the sharpest atom with the common one, in units of d_min². At the limit of resolution, 1/d, where the
/// nearest false reflection is at 2/d, that one weighs exp(−B·(4 − 1)/(4 d²)) = 1e-4.
const SHARPEST: f64 = 12.3;

/// All reflections of the crystal to a resolution of `d_min` (Å) in P1: sorted by h, k, l, both Friedel mates, 0 0 0
/// included, systematic absences exactly zero.
///
/// # Errors
/// `d_min` is not a positive number or too fine for the cell (a grid of more than
/// [`MAX_GRID_POINTS`]), or the monitor stopped the work.
pub fn structure_factors(
    model: &Model,
    dispersion: &Dispersion,
    d_min: f64,
    monitor: &dyn Monitor,
) -> crate::Result<Vec<(Miller, Complex64)>> {
    let metric = ReciprocalMetric::from_cell(model.cell.parameters())?;
    let size = grid_size(model, d_min)?;
    let sharpest = model.atoms.iter().map(|atom| density::smallest_b(&atom.displacement)).fold(f64::INFINITY, f64::min);
    let common_b = if sharpest.is_finite() { (SHARPEST * d_min * d_min - sharpest).max(0.0) } else { 0.0 };
    // What is left out at the rim of an atom grows with exp(B s²/4) when the common B is taken out.
    let range = 11.5 + 0.25 * common_b / (d_min * d_min);
    let transformed = |coefficients: &dyn Fn(&super::Atom) -> (super::FormFactor, bool)| {
        let mut density = Density::new(&model.cell, size)?;
        for atom in watched(model.atoms.iter(), 1, monitor) {
            let (form_factor, constant_only) = coefficients(atom);
            density.add(atom, &form_factor, constant_only, common_b, range, monitor);
        }
        Transform::of(density, monitor)
    };
    let correction = |atom: &super::Atom| dispersion.get(&atom.element).copied().unwrap_or_default();
    let real = transformed(&|atom| {
        let mut form_factor = atom.element.form_factor();
        form_factor.c += correction(atom).re;
        (form_factor, false)
    })?;
    let imaginary = if model.atoms.iter().any(|atom| correction(atom).im != 0.0) {
        let constant = |c| super::FormFactor { a: [0.0; 4], b: [0.0; 4], c };
        Some(transformed(&|atom| (constant(correction(atom).im), true))?)
    } else {
        None
    };
    let of_p1 = |hkl: Miller| {
        let second = imaginary.as_ref().map_or_else(Complex64::default, |imaginary| imaginary.at(hkl));
        real.at(hkl) + Complex64::I * second
    };
    let operators = if model.symmetry.is_empty() { &[Operator::IDENTITY][..] } else { &model.symmetry };
    let value = |hkl: Miller| {
        if monitor.cancelled() || is_absent(hkl, operators) {
            return Complex64::default();
        }
        let sharpened = (0.25 * common_b * metric.inverse_d_squared(hkl)).exp();
        let sum: Complex64 = operators
            .iter()
            .map(|operator| of_p1(operator.apply_to_miller(hkl)) * Complex64::cis(translation_phase(operator, hkl)))
            .sum();
        sum * sharpened
    };
    let list = within(model, d_min, &metric, monitor).into_par_iter().map(|hkl| (hkl, value(hkl))).collect();
    monitor.check()?;
    Ok(list)
}

/// 2π h·t.
fn translation_phase(operator: &Operator, hkl: Miller) -> f64 {
    TAU * Vec3(hkl.map(f64::from)).dot(Vec3(operator.translation.map(f64::from))) / f64::from(Operator::DENOMINATOR)
}

/// The reflections to a resolution, sorted. The grid's size has been checked before.
pub(super) fn within(model: &Model, d_min: f64, metric: &ReciprocalMetric, monitor: &dyn Monitor) -> Vec<Miller> {
    let [last_h, last_k, last_l] = model.cell.edges.map(|edge| (edge / d_min * (1.0 + 1e-9)) as i32);
    let limit = (1.0 + 1e-9) / (d_min * d_min);
    let layer = |h: i32| {
        let indices = (-last_k..=last_k).flat_map(move |k| (-last_l..=last_l).map(move |l| [h, k, l]));
        let indices = watched(indices, 4096, monitor);
        indices.filter(|&hkl| metric.inverse_d_squared(hkl) <= limit).collect::<Vec<_>>()
    };
    let layers: Vec<Vec<Miller>> = (-last_h..=last_h).into_par_iter().map(layer).collect();
    layers.concat()
}

/// The points along a, b, c: enough for the resolution, and products of 2, 3 and 5, the last one even.
pub(super) fn grid_size(model: &Model, d_min: f64) -> crate::Result<[usize; 3]> {
    if !(d_min.is_finite() && d_min > 0.0) {
        return Err(refused(format!("the resolution limit {d_min} Å must be a positive number")));
    }
    grid_within(&model.cell, d_min, MAX_GRID_POINTS).ok_or_else(|| {
        let finest = finest_within(&model.cell, MAX_GRID_POINTS);
        refused(format!(
            "a resolution limit of {d_min} Å is too fine for the unit cell: it needs a density grid of more than \
             {MAX_GRID_POINTS} points; {finest} Å or more is possible"
        ))
    })
}

/// The points along a, b, c for a resolution; `None` where they are more than so many.
fn grid_within(cell: &UnitCell, d_min: f64, most: usize) -> Option<[usize; 3]> {
    let mut size = [0; 3];
    for (points, edge) in size.iter_mut().zip(cell.edges) {
        let least = (POINTS_PER_RESOLUTION * edge / d_min).ceil().max(4.0);
        if least > most as f64 {
            return None;
        }
        *points = (least as usize..).find(|&n| n % 2 == 0 && is_smooth(n))?;
    }
    let points = size.iter().try_fold(1_usize, |product, &n| product.checked_mul(n));
    points.filter(|&n| n <= most).map(|_| size)
}

/// The finest limit of resolution (Å) that is chosen for a cell where nobody asks for one, in hundredths.
#[must_use]
pub fn finest_d_min(cell: &UnitCell) -> f64 {
    finest_within(cell, USUAL_GRID_POINTS)
}

/// The finest limit of resolution (Å), in hundredths, whose grid has no more than so many points.
fn finest_within(cell: &UnitCell, most: usize) -> f64 {
    let volume = cell.edges.iter().product::<f64>();
    let start = POINTS_PER_RESOLUTION * (volume / most as f64).cbrt();
    let hundredths = (0..1_000_000).map(|i| ((100.0 * start).floor().max(1.0) + f64::from(i)) / 100.0);
    hundredths.into_iter().find(|&d_min| grid_within(cell, d_min, most).is_some()).unwrap_or(start)
}

pub(super) fn is_smooth(mut n: usize) -> bool {
    for prime in [2, 3, 5] {
        while n.is_multiple_of(prime) {
            n /= prime;
        }
    }
    n == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Unwatched;
    use crate::structure::direct;
    use crate::structure::tests::made_up;

    /// Σ|F − F'| / Σ|F'| of the two ways, phases included.
    fn disagreement(model: &Model, dispersion: &Dispersion, d_min: f64) -> f64 {
        let list = structure_factors(model, dispersion, d_min, &Unwatched).unwrap();
        let hkls: Vec<Miller> = list.iter().map(|&(hkl, _)| hkl).collect();
        let expected = direct::structure_factors(model, dispersion, &hkls);
        let off: f64 = list.iter().zip(&expected).map(|((_, f), expected)| (f - expected).norm()).sum();
        off / expected.iter().map(|f| f.norm()).sum::<f64>()
    }

    #[test]
    fn both_ways_agree_for_triclinic_hexagonal_and_centred_crystals() {
        let p1: &[&str] = &["x,y,z"];
        let p31 = &["x,y,z", "-y,x-y,z+1/3", "-x+y,-x,z+2/3"];
        let c2 = &["x,y,z", "-x,y,-z", "x+1/2,y+1/2,z", "-x+1/2,y+1/2,-z"];
        for (cell, symmetry) in [
            ([11.3, 12.7, 17.9, 71.0, 83.0, 104.0], p1),
            ([16.0, 16.0, 13.0, 90.0, 90.0, 120.0], p31),
            ([21.3, 12.7, 18.1, 90.0, 112.5, 90.0], c2),
        ] {
            let model = made_up(24, cell, symmetry);
            let off = disagreement(&model, &Dispersion::new(), 2.0);
            assert!(off < 1e-3, "{symmetry:?}: {off}");
        }
    }

    #[test]
    fn dispersion_is_the_same_both_ways() {
        let model = made_up(18, [11.3, 12.7, 14.9, 71.0, 83.0, 104.0], &["x,y,z", "-x,-y,-z"]);
        let corrections = Dispersion::from([
            ("Zn".parse().unwrap(), Complex64::new(-5.0, 3.5)),
            ("S".parse().unwrap(), Complex64::new(0.3, 0.6)),
        ]);
        let off = disagreement(&model, &corrections, 2.5);
        assert!(off < 1e-3, "{off}");
    }

    #[test]
    fn atoms_with_a_displacement_that_cannot_be_are_treated_alike() {
        let mut model = made_up(6, [11.3, 12.7, 14.9, 90.0, 90.0, 90.0], &["x,y,z"]);
        model.atoms[0].displacement = super::super::Displacement::Isotropic(-3.0);
        model.atoms[1].displacement = super::super::Displacement::Anisotropic([0.1, 0.1, 0.1, 0.15, 0.0, 0.0]);
        assert!(disagreement(&model, &Dispersion::new(), 1.5) < 2e-3);
    }

    #[test]
    fn the_list_is_complete_and_absences_are_zero() {
        let model = made_up(5, [9.0, 10.0, 11.0, 90.0, 100.0, 90.0], &["x,y,z", "-x,y+1/2,-z"]);
        let list = structure_factors(&model, &Dispersion::new(), 2.0, &Unwatched).unwrap();
        let reflections = crate::reflections::Reflections {
            list: list.iter().map(|&(hkl, f)| (hkl, f.norm())).collect(),
            ..Default::default()
        };
        let counted = reflections.completeness(model.cell.parameters(), 2.0).unwrap();
        assert_eq!((counted.possible, counted.coarsest_missing), (counted.listed, None));
        assert_eq!(list.len() as u64, counted.possible + 1);
        assert!(list.is_sorted_by_key(|&(hkl, _)| hkl));
        let absent = list.iter().find(|(hkl, _)| *hkl == [0, 3, 0]).unwrap();
        assert_eq!(absent.1, Complex64::default());
    }

    #[test]
    fn impossible_limits_are_refused() {
        let model = made_up(1, [50.0, 60.0, 70.0, 90.0, 90.0, 90.0], &["x,y,z"]);
        for (d_min, word) in [(0.0, "positive"), (f64::NAN, "positive"), (0.01, "too fine"), (1e-300, "too fine")] {
            let message = structure_factors(&model, &Dispersion::new(), d_min, &Unwatched).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }
}
