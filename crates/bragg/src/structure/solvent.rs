//! Flat bulk solvent (Jiang & Brünger, J. Mol. Biol. 243 (1994) 100-115).
//!
//! F(h) = k·exp(−B s²/4)·F_mask(h), where the mask is 1 in the solvent. A point is solvent where it is farther from every atom than
//! its radius and the probe's together; what is within the shrink radius of that becomes solvent too. Hydrogens take no part, nor do
//! atoms of no occupancy.
//!
//! The grid is one that the space group maps onto itself, and holds the whole cell.

use super::fft::density::{Density, rows_within, wrapped};
use super::fft::transform::Transform;
use super::operators::moved;
use super::refused;
use super::{Complex64, Element, Model, fft};
use crate::math::{Mat3, Vec3};
use crate::miller::Miller;
use crate::monitor::{Monitor, watched};
use crate::reflections::ReciprocalMetric;
use crate::symmetry::{Operator, is_absent};
use rayon::prelude::*;

/// The parameters of the bulk solvent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Solvent {
    /// k, the density of the solvent (electrons/Å³).
    pub k: f64,
    /// B, how smooth its border is (Å²).
    pub b: f64,
    /// The radius of the probe (Å).
    pub probe_radius: f64,
    /// The shrink radius (Å).
    pub shrink_radius: f64,
    /// The radii of the atoms.
    pub radii: Radii,
}

/// The radii of atoms (Å).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Radii {
    /// Van der Waals radii: those of cctbx and gemmi, which are Bondi's (J. Phys. Chem. 68 (1964) 441-451) and those of Mantina et
    /// al. (J. Phys. Chem. A 113 (2009) 5806-5812) where they have one, and about the size of the metal's atom elsewhere.
    VanDerWaals,
    /// One for all atoms (Å).
    Constant(f64),
}

impl Default for Solvent {
    /// Water with k = 0.35 electrons/Å³ and B = 46 Å² (Fokine & Urzhumtsev, Acta Cryst. D58 (2002) 1387-1392), van der Waals
    /// radii, a probe of 1.0 Å and a shrink radius of 1.1 Å (Jiang & Brünger).
    fn default() -> Self {
        Self { k: 0.35, b: 46.0, probe_radius: 1.0, shrink_radius: 1.1, radii: Radii::VanDerWaals }
    }
}

/// The coarsest grid (Å). A coarser one tells less of where the border runs than the border's own uncertainty.
const COARSEST_STEP: f64 = 0.5;

/// Grid points per limit of resolution.
const POINTS_PER_RESOLUTION: f64 = 3.0;

/// Reflections whose exp(−B s²/4) is smaller get no solvent.
const NEGLIGIBLE: f64 = 1e-4;

/// A cell whose grid would have more points gets a coarser one.
const MANY_POINTS: f64 = (1 << 26) as f64;

/// Bulk solvent's part of the structure factors to `d_min` (Å) in P1 (electrons): the same list as
/// [`fft::structure_factors`] gives.
///
/// # Errors
/// As [`fft::structure_factors`], and parameters that are negative or no numbers.
pub fn structure_factors(
    model: &Model,
    solvent: &Solvent,
    d_min: f64,
    monitor: &dyn Monitor,
) -> crate::Result<Vec<(Miller, Complex64)>> {
    check(solvent)?;
    fft::grid_size(model, d_min)?;
    let metric = ReciprocalMetric::from_cell(model.cell.parameters())?;
    let operators = if model.symmetry.is_empty() { &[Operator::IDENTITY][..] } else { &model.symmetry };
    let finest = (solvent.b / (-4.0 * NEGLIGIBLE.ln())).max(0.0).sqrt().max(d_min);
    let size = mask_size(model, operators, finest)?;
    let mut density = Density::new(&model.cell, size)?;
    let mask = mask(model, solvent, operators, &density, monitor)?;
    density.values.par_iter_mut().zip(mask).for_each(|(value, is_solvent)| *value = f64::from(is_solvent));
    let transform = Transform::of(density, monitor)?;
    let limit = (1.0 + 1e-9) / (finest * finest);
    let value = |hkl: Miller| {
        let inverse_d_squared = metric.inverse_d_squared(hkl);
        if inverse_d_squared > limit || monitor.cancelled() || is_absent(hkl, operators) {
            return Complex64::default();
        }
        transform.at(hkl) * (solvent.k * (-0.25 * solvent.b * inverse_d_squared).exp())
    };
    let list = fft::within(model, d_min, &metric, monitor).into_par_iter().map(|hkl| (hkl, value(hkl))).collect();
    monitor.check()?;
    Ok(list)
}

fn check(solvent: &Solvent) -> crate::Result<()> {
    let radius = if let Radii::Constant(radius) = solvent.radii { radius } else { 0.0 };
    for (name, value, most, unit) in [
        ("density k", solvent.k, 10.0, "electrons/Å³"),
        ("B", solvent.b, 1000.0, "Å²"),
        ("probe radius", solvent.probe_radius, 10.0, "Å"),
        ("shrink radius", solvent.shrink_radius, 10.0, "Å"),
        ("radius of atoms", radius, 10.0, "Å"),
    ] {
        if !(0.0..=most).contains(&value) {
            return Err(refused(format!(
                "the bulk solvent's {name} is {value} {unit}; it must be between 0 and {most} {unit}"
            )));
        }
    }
    Ok(())
}

/// The points of a grid that the operators map onto itself, fine enough for a resolution.
fn mask_size(model: &Model, operators: &[Operator], d_min: f64) -> crate::Result<[usize; 3]> {
    let step = (d_min / POINTS_PER_RESOLUTION).min(COARSEST_STEP);
    let step = step.max((model.cell.basis().determinant() / MANY_POINTS).cbrt()).min(0.4 * d_min);
    let mut least = model.cell.edges.map(|edge| (edge / step).ceil().max(4.0));
    let mut unit = [2_i32; 3];
    for operator in operators {
        for (unit, shift) in unit.iter_mut().zip(operator.translation) {
            let part = Operator::DENOMINATOR / divisor(shift.rem_euclid(Operator::DENOMINATOR), Operator::DENOMINATOR);
            *unit *= part / divisor(*unit, part);
        }
    }
    // Axes that an operator mixes have as many points.
    for _ in 0..2 {
        for (i, j) in [(0, 1), (1, 2), (0, 2)] {
            if operators.iter().any(|operator| operator.rotation[i][j] != 0 || operator.rotation[j][i] != 0) {
                let both = unit[i] / divisor(unit[i], unit[j]) * unit[j];
                (unit[i], unit[j]) = (both, both);
                let more = least[i].max(least[j]);
                (least[i], least[j]) = (more, more);
            }
        }
    }
    let mut size = [0; 3];
    for i in 0..3 {
        let (least, unit) = (least[i], unit[i] as usize);
        let found = (least < fft::MAX_GRID_POINTS as f64)
            .then(|| (least as usize..).find(|&n| n.is_multiple_of(unit) && fft::is_smooth(n)));
        size[i] = found.flatten().ok_or_else(too_large)?;
    }
    let points = size.iter().try_fold(1_usize, |product, &n| product.checked_mul(n));
    points.filter(|&n| n <= fft::MAX_GRID_POINTS).map(|_| size).ok_or_else(too_large)
}

fn too_large() -> crate::Error {
    let most = fft::MAX_GRID_POINTS;
    refused(format!("the unit cell is too large for a mask of the bulk solvent: more than {most} points"))
}

/// The greatest common divisor; that of 0 and n is n.
fn divisor(a: i32, b: i32) -> i32 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// 1 for each point of the grid in the solvent, 0 elsewhere.
fn mask(
    model: &Model,
    solvent: &Solvent,
    operators: &[Operator],
    density: &Density,
    monitor: &dyn Monitor,
) -> crate::Result<Vec<u8>> {
    let size = density.size;
    let form = density.steps * density.steps.transposed();
    let n_points: usize = size.iter().product();
    let mut outside = Vec::new();
    let mut shrunk = Vec::new();
    for mask in [&mut outside, &mut shrunk] {
        mask.try_reserve_exact(n_points)
            .map_err(|_| refused(format!("a solvent mask of {n_points} points does not fit into memory")))?;
    }
    outside.resize(n_points, 1_u8);
    for atom in model.atoms.iter().filter(|atom| atom.occupancy > 0.0 && atom.element.atomic_number() > 1) {
        let radius = solvent.probe_radius + solvent.radii.of(atom.element);
        for operator in watched(operators.iter(), 1, monitor) {
            rows_within(&form, size, moved(operator, atom.position), within(radius), monitor, |start, range, _| {
                clear(&mut outside[start..start + size[2]], range);
            });
        }
    }
    shrunk.extend_from_slice(&outside);
    let offsets = offsets(&form, solvent.shrink_radius, size);
    shrunk.par_chunks_mut(size[2]).enumerate().for_each(|(row, target)| {
        let (i, j) = ((row / size[1]) as i64, (row % size[1]) as i64);
        for &([di, dj], shift) in watched(offsets.iter(), 256, monitor) {
            let start = (wrapped(i + di, size[0]) * size[1] + wrapped(j + dj, size[1])) * size[2];
            let (head, tail) = outside[start..start + size[2]].split_at(shift);
            let (first, last) = target.split_at_mut(size[2] - shift);
            first.iter_mut().zip(tail).for_each(|(point, from)| *point |= from);
            last.iter_mut().zip(head).for_each(|(point, from)| *point |= from);
        }
    });
    Ok(shrunk)
}

/// The square of a radius, and what makes rounding treat points alike that symmetry says are.
fn within(radius: f64) -> f64 {
    radius * radius * (1.0 + 1e-9)
}

/// Clears a range of a periodic row.
fn clear(row: &mut [u8], range: std::ops::RangeInclusive<i64>) {
    let (first, last) = (*range.start(), *range.end());
    if last < first {
        return;
    }
    let n = (last - first + 1).min(row.len() as i64) as usize;
    let start = wrapped(first, row.len());
    let to_end = n.min(row.len() - start);
    row[start..start + to_end].fill(0);
    row[..n - to_end].fill(0);
}

/// The points of the grid within a radius of one of them, itself left out: steps along a and b, and along c within a cell.
fn offsets(form: &Mat3, radius: f64, size: [usize; 3]) -> Vec<([i64; 2], usize)> {
    // A form's bounds: |u_i| ≤ r·|i-th reciprocal vector of the steps|.
    let inverse = form.reciprocal_rows();
    let bound = |i: usize| ((within(radius) * inverse.0[i].0[i]).sqrt() as i64).min(size[i] as i64);
    let mut found = Vec::new();
    for i in -bound(0)..=bound(0) {
        for j in -bound(1)..=bound(1) {
            for k in -bound(2)..=bound(2) {
                let u = Vec3::new(i as f64, j as f64, k as f64);
                if (i, j, k) != (0, 0, 0) && u.dot(form.apply(u)) <= within(radius) {
                    found.push(([i, j], wrapped(k, size[2])));
                }
            }
        }
    }
    found
}

impl Radii {
    /// The radius of an element's atoms (Å).
    #[must_use]
    pub fn of(self, element: Element) -> f64 {
        match self {
            Self::VanDerWaals => VAN_DER_WAALS[usize::from(element.atomic_number()) - 1],
            Self::Constant(radius) => radius,
        }
    }
}

/// H to Cf (Å).
#[rustfmt::skip]
const VAN_DER_WAALS: [f64; 98] = [
    1.20, 1.40, 1.82, 1.53, 1.92, 1.70, 1.55, 1.52, 1.47, 1.54, 2.27, 1.73, 1.84, 2.10, 1.80, 1.80, 1.75, 1.88, 2.75, 2.31,
    2.11, 1.95, 1.06, 1.13, 1.19, 1.26, 1.13, 1.63, 1.40, 1.39, 1.87, 2.11, 1.85, 1.90, 1.85, 2.02, 3.03, 2.49, 1.61, 1.42,
    1.33, 1.75, 2.00, 1.20, 1.22, 1.63, 1.72, 1.58, 1.93, 2.17, 2.06, 2.06, 1.98, 2.16, 3.43, 2.68, 1.83, 1.86, 1.62, 1.79,
    1.76, 1.74, 1.96, 1.69, 1.66, 1.63, 1.61, 1.59, 1.57, 1.54, 1.53, 1.40, 1.22, 1.26, 1.30, 1.58, 1.22, 1.75, 1.66, 1.55,
    1.96, 2.02, 2.07, 1.97, 2.02, 2.20, 3.48, 2.83, 2.12, 1.84, 1.60, 1.86, 1.71, 1.67, 1.66, 1.65, 1.64, 1.63,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::UnitCell;
    use crate::monitor::Unwatched;
    use crate::structure::tests::made_up;
    use crate::structure::{Atom, Displacement};

    fn one_atom(edges: [f64; 3], position: [f64; 3]) -> Model {
        let [a, b, c] = edges;
        let atom = Atom {
            element: "S".parse().unwrap(),
            position,
            occupancy: 0.4,
            displacement: Displacement::Isotropic(20.0),
            model: 1,
        };
        let cell = UnitCell::new([a, b, c, 85.0, 95.0, 100.0]).unwrap();
        let (space_group, source) = (String::new(), std::path::PathBuf::new());
        Model { atoms: vec![atom], cell, space_group, symmetry: vec![Operator::IDENTITY], notes: Vec::new(), source }
    }

    #[test]
    fn a_lone_atom_leaves_a_ball_out() {
        // The transform of a ball is 4 pi R^3 (sin x - x cos x)/x^3, x = 2 pi s R, with R = r + probe.
        let position = [0.3, 0.1, 0.85];
        let model = one_atom([24.0, 27.0, 30.0], position);
        let solvent =
            Solvent { probe_radius: 1.2, shrink_radius: 0.0, radii: Radii::Constant(2.0), ..Solvent::default() };
        let list = structure_factors(&model, &solvent, 3.0, &Unwatched).unwrap();
        let metric = ReciprocalMetric::from_cell(model.cell.parameters()).unwrap();
        let radius: f64 = 3.2;
        let volume = 4.0 / 3.0 * std::f64::consts::PI * radius.powi(3);
        let mut off = (0.0, 0.0);
        for (hkl, f) in list {
            let s2 = metric.inverse_d_squared(hkl);
            let x = std::f64::consts::TAU * s2.sqrt() * radius;
            let ball = if x == 0.0 { volume } else { volume * 3.0 * (x.sin() - x * x.cos()) / x.powi(3) };
            let phase = std::f64::consts::TAU * Vec3(hkl.map(f64::from)).dot(Vec3(position));
            let all = if hkl == [0; 3] { model.cell.basis().determinant() } else { 0.0 };
            let expected = (all - Complex64::cis(phase) * ball) * (0.35 * (-46.0 * s2 / 4.0).exp());
            if hkl == [0; 3] {
                assert!((f - expected).norm() < 0.03 * 0.35 * volume, "{f} {expected}");
            } else {
                off = (off.0 + (f - expected).norm(), off.1 + expected.norm());
            }
        }
        assert!(off.0 / off.1 < 0.1, "{}", off.0 / off.1);
    }

    #[test]
    fn shrinking_gives_back_what_the_probe_has_taken() {
        // A ball of r + probe, its border moved inward: to r + probe - shrink, or a little less where the grid has no step so long.
        let model = one_atom([24.0, 27.0, 30.0], [0.3, 0.1, 0.85]);
        let radius = |probe_radius: f64, shrink_radius: f64| {
            let solvent = Solvent { probe_radius, shrink_radius, radii: Radii::Constant(2.0), ..Solvent::default() };
            let list = structure_factors(&model, &solvent, 3.0, &Unwatched).unwrap();
            let electrons = list.iter().find(|(hkl, _)| *hkl == [0; 3]).unwrap().1.re;
            ((model.cell.basis().determinant() - electrons / 0.35) * 3.0 / (4.0 * std::f64::consts::PI)).cbrt()
        };
        assert!((3.15..3.5).contains(&radius(2.3, 1.1)), "{}", radius(2.3, 1.1));
        assert!((radius(1.2, 0.0) - 3.2).abs() < 0.05 && radius(1.0, 1.1) > 1.85);
    }

    #[test]
    fn the_solvent_has_the_symmetry_of_the_crystal() {
        let p31: &[&str] = &["x,y,z", "-y,x-y,z+1/3", "-x+y,-x,z+2/3"];
        let c2: &[&str] = &["x,y,z", "-x,y,-z", "x+1/2,y+1/2,z", "-x+1/2,y+1/2,-z"];
        for (cell, symmetry) in
            [([22.3, 22.3, 17.0, 90.0, 90.0, 120.0], p31), ([21.3, 19.7, 25.1, 90.0, 112.5, 90.0], c2)]
        {
            let model = made_up(9, cell, symmetry);
            let list = structure_factors(&model, &Solvent::default(), 3.0, &Unwatched).unwrap();
            let largest = list.iter().filter(|(hkl, _)| *hkl != [0; 3]).map(|(_, f)| f.norm()).fold(0.0, f64::max);
            assert!(largest > 10.0);
            for (hkl, f) in &list {
                for operator in &model.symmetry {
                    let mate = operator.apply_to_miller(*hkl);
                    let of_mate = list[list.binary_search_by_key(&mate, |(hkl, _)| *hkl).unwrap()].1;
                    assert!((of_mate - f * Complex64::cis(operator.phase_shift(*hkl))).norm() < 1e-6 * largest);
                }
                if is_absent(*hkl, &model.symmetry) {
                    assert_eq!(*f, Complex64::default());
                }
            }
        }
    }

    #[test]
    fn hydrogens_and_atoms_that_are_not_there_take_no_part() {
        let mut model = one_atom([24.0, 27.0, 30.0], [0.3, 0.1, 0.85]);
        let forward = |model: &Model| {
            let list = structure_factors(model, &Solvent::default(), 4.0, &Unwatched).unwrap();
            list.iter().find(|(hkl, _)| *hkl == [0; 3]).unwrap().1.re
        };
        let with = forward(&model);
        let empty = 0.35 * model.cell.basis().determinant();
        assert!(with < empty - 1.0);
        model.atoms[0].occupancy = 0.0;
        assert!((forward(&model) - empty).abs() < 1e-6 * empty);
        model.atoms[0] = Atom { occupancy: 1.0, element: "H".parse().unwrap(), ..model.atoms[0] };
        assert!((forward(&model) - empty).abs() < 1e-6 * empty);
    }

    #[test]
    fn beyond_what_a_large_b_leaves_there_is_no_solvent() {
        let model = one_atom([14.0, 15.0, 16.0], [0.3, 0.1, 0.85]);
        let metric = ReciprocalMetric::from_cell(model.cell.parameters()).unwrap();
        let list = structure_factors(&model, &Solvent { b: 200.0, ..Solvent::default() }, 1.5, &Unwatched).unwrap();
        // exp(-200/(4 d^2)) = 1e-4 at 2.33 A
        for (hkl, f) in list {
            assert!(metric.resolution(hkl) > 2.32 || f == Complex64::default(), "{hkl:?}");
        }
    }

    #[test]
    fn impossible_parameters_are_refused() {
        let model = one_atom([14.0, 15.0, 16.0], [0.3, 0.1, 0.85]);
        let good = Solvent::default();
        for (solvent, d_min, word) in [
            (Solvent { k: -0.1, ..good }, 3.0, "density k is -0.1"),
            (Solvent { b: f64::NAN, ..good }, 3.0, "B is NaN"),
            (Solvent { probe_radius: 1e9, ..good }, 3.0, "probe radius"),
            (Solvent { shrink_radius: -1.0, ..good }, 3.0, "shrink radius"),
            (Solvent { radii: Radii::Constant(f64::INFINITY), ..good }, 3.0, "radius of atoms"),
            (good, 0.0, "positive"),
            (good, 1e-9, "too fine"),
        ] {
            let message = structure_factors(&model, &solvent, d_min, &Unwatched).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }
}
