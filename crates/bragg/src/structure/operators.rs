//! Operators applied to positions, and from Cartesian matrices.

use super::refused;
use crate::experiment::UnitCell;
use crate::math::{Mat3, Vec3};
use crate::symmetry::Operator;

/// An operator of the crystal from its Cartesian matrix and translation (Å), as REMARK 290 of PDB files has it. The translation may be
/// off a multiple of 1/24 of the cell by the tolerance, in fractions of the cell.
///
/// # Errors
/// A matrix that is not a symmetry of the cell's lattice.
pub fn operators_from_cartesian(cell: &UnitCell, rows: &[[f64; 4]; 3], tolerance: f64) -> crate::Result<Operator> {
    let cartesian_from_fractional = cell.basis().transposed();
    let fractional_from_cartesian = cell.basis().reciprocal_rows();
    let rotation = Mat3::from_rows(rows.map(|[x, y, z, _]| Vec3::new(x, y, z)));
    let fractional = fractional_from_cartesian * rotation * cartesian_from_fractional;
    let shift = fractional_from_cartesian.apply(Vec3(rows.map(|row| row[3])));
    let mut operator = Operator { rotation: [[0; 3]; 3], translation: [0; 3] };
    let shown = || format!("the operator with the Cartesian rows {rows:?}");
    for i in 0..3 {
        for j in 0..3 {
            let nearest = fractional.0[i][j].round();
            if !((fractional.0[i][j] - nearest).abs() < 0.02 && nearest.abs() <= 2.0) {
                return Err(refused(format!("{} is not a symmetry of the unit cell's lattice", shown())));
            }
            operator.rotation[i][j] = nearest as i32;
        }
        let scaled = shift[i] * f64::from(Operator::DENOMINATOR);
        if !((scaled - scaled.round()).abs() < tolerance * f64::from(Operator::DENOMINATOR) && scaled.abs() < 1e4) {
            return Err(refused(format!("{} has a translation that is no multiple of 1/24 of the unit cell", shown())));
        }
        operator.translation[i] = (scaled.round() as i32).rem_euclid(Operator::DENOMINATOR);
    }
    Ok(operator)
}

/// R·x + t, not reduced to one cell.
pub(super) fn moved(operator: &Operator, position: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| {
        let rotated = Vec3(operator.rotation[i].map(f64::from)).dot(Vec3(position));
        rotated + f64::from(operator.translation[i]) / f64::from(Operator::DENOMINATOR)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_three_fold_screw_axis_of_a_hexagonal_cell() {
        let cell = UnitCell::new([50.0, 50.0, 90.0, 90.0, 90.0, 120.0]).unwrap();
        let half_root_3 = 0.866025;
        let rows = [[-0.5, -half_root_3, 0.0, 0.0], [half_root_3, -0.5, 0.0, 0.0], [0.0, 0.0, 1.0, 30.0]];
        assert_eq!(operators_from_cartesian(&cell, &rows, 4e-3).unwrap(), "-y,x-y,z+1/3".parse().unwrap());
        let mut wrong = rows;
        wrong[2][3] = 17.0;
        assert!(operators_from_cartesian(&cell, &wrong, 4e-3).unwrap_err().to_string().contains("1/24"));
        wrong[0][0] = f64::NAN;
        assert!(operators_from_cartesian(&cell, &wrong, 4e-3).unwrap_err().to_string().contains("lattice"));
    }
}
