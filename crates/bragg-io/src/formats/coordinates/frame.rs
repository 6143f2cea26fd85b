//! The Cartesian frame that a file's coordinates are in.

use bragg::experiment::UnitCell;
use bragg::math::{Mat3, Vec3};
use bragg::structure::{Atom, Displacement};

/// Edges may be off by so much between the cell and a matrix of the same frame.
const EDGE_TOLERANCE: f64 = 0.03;
/// An edge that is off by more is worth a note.
const EDGE_WORTH_A_NOTE: f64 = 2e-3;
/// Off the diagonal, a matrix of six decimals times an edge of 500 Å is off by 3e-4.
const AXIS_TOLERANCE: f64 = 2e-3;
/// Shifts of less (fractions of the cell) are rounding.
const SHIFT_TOLERANCE: f64 = 1e-4;
/// The volumes of the cell and of a matrix that belongs to it differ by no more.
const VOLUME_TOLERANCE: f64 = 0.05;

/// A change from Cartesian coordinates (Å) to fractional ones, x' = M·x + t.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    fractional_from_cartesian: Mat3,
    cartesian_from_fractional: Mat3,
    shift: Vec3,
    /// Takes Cartesian coordinates of the file to those of the cell ([`UnitCell::basis`]), but for the shift; `None` where they are the same.
    cell_from_file: Option<Mat3>,
}

impl Frame {
    /// The usual frame of a cell: a along x, b in the xy plane.
    pub(super) fn of_cell(cell: &UnitCell) -> Self {
        Self {
            fractional_from_cartesian: cell.basis().reciprocal_rows(),
            cartesian_from_fractional: cell.basis().transposed(),
            shift: Vec3::default(),
            cell_from_file: None,
        }
    }

    /// The frame that a file states as rows of (M | t), under the name of its records. A matrix that has the axes of the usual frame and
    /// but another rounding of the edges gives way to the cell; so does one that does not belong to the cell. Either is noted.
    pub(super) fn stated(cell: &UnitCell, rows: &[[f64; 4]; 3], name: &str, notes: &mut Vec<String>) -> Self {
        let usual = Self::of_cell(cell);
        let matrix = Mat3::from_rows(rows.map(|[x, y, z, _]| Vec3::new(x, y, z)));
        let shift = Vec3(rows.map(|row| row[3]));
        let relative = matrix * usual.cartesian_from_fractional;
        let volume = relative.determinant().abs();
        if !((volume - 1.0).abs() < VOLUME_TOLERANCE && shift.is_finite()) {
            notes.push(format!(
                "its {name} does not belong to its unit cell (the volumes differ by a factor of {volume:.3}) and is not used: the \
                 coordinates are taken to have a along x and b in the xy plane"
            ));
            return usual;
        }
        let entries = || (0..3).flat_map(|i| (0..3).map(move |j| (i, j)));
        let off = |i: usize, j: usize| (relative.0[i][j] - f64::from(u8::from(i == j))).abs();
        let is_usual = entries().all(|(i, j)| off(i, j) < if i == j { EDGE_TOLERANCE } else { AXIS_TOLERANCE });
        let is_shifted = shift.0.iter().any(|t| t.abs() > SHIFT_TOLERANCE);
        if is_usual {
            let worst = (0..3).map(|i| off(i, i)).fold(0.0, f64::max);
            if worst > EDGE_WORTH_A_NOTE {
                let percent = 100.0 * worst;
                notes.push(format!(
                    "its {name} belongs to edges that differ by {percent:.1} % from the unit cell's, which are used"
                ));
            }
            if is_shifted {
                notes
                    .push(format!("its coordinates have another origin than the unit cell ({name}): they are shifted"));
                return Self { shift, ..usual };
            }
            return usual;
        }
        notes.push(format!(
            "its coordinates are in a Cartesian frame of their own ({name}), by which they are made fractional"
        ));
        Self {
            fractional_from_cartesian: matrix,
            cartesian_from_fractional: matrix.reciprocal_rows().transposed(),
            shift,
            cell_from_file: Some(usual.cartesian_from_fractional * matrix),
        }
    }

    pub(super) fn fractional(&self, cartesian: Vec3) -> Vec3 {
        self.fractional_from_cartesian.apply(cartesian) + self.shift
    }

    pub(super) fn cartesian(&self, fractional: Vec3) -> Vec3 {
        self.cartesian_from_fractional.apply(fractional - self.shift)
    }

    /// Turns the displacements from the file's frame into the cell's.
    pub(super) fn turn_displacements(&self, atoms: &mut [Atom]) {
        let Some(turn) = &self.cell_from_file else { return };
        atoms.iter_mut().for_each(|atom| atom.displacement = turned(&atom.displacement, turn));
    }

    /// An operator x' = R·x + t of the file's frame in the cell's.
    pub(super) fn operator_in_cell(&self, rows: &[[f64; 4]; 3], cell: &UnitCell) -> [[f64; 4]; 3] {
        let origin = cell.basis().transposed().apply(self.shift);
        let rotation = Mat3::from_rows(rows.map(|[x, y, z, _]| Vec3::new(x, y, z)));
        let turn = self.cell_from_file.unwrap_or(Mat3::from_rows([
            Vec3::new(1.0, 0.0, 0.0),
            Vec3::new(0.0, 1.0, 0.0),
            Vec3::new(0.0, 0.0, 1.0),
        ]));
        let rotation = turn * rotation * turn.reciprocal_rows().transposed();
        let shift = turn.apply(Vec3(rows.map(|row| row[3]))) + origin - rotation.apply(origin);
        std::array::from_fn(|i| [rotation.0[i][0], rotation.0[i][1], rotation.0[i][2], shift[i]])
    }
}

/// R·U·Rᵀ.
pub(super) fn turned(displacement: &Displacement, rotation: &Mat3) -> Displacement {
    let Displacement::Anisotropic([u11, u22, u33, u12, u13, u23]) = *displacement else { return *displacement };
    let rows = [Vec3::new(u11, u12, u13), Vec3::new(u12, u22, u23), Vec3::new(u13, u23, u33)];
    let m = (*rotation * Mat3::from_rows(rows) * rotation.transposed()).0.map(|row| row.0);
    Displacement::Anisotropic([m[0][0], m[1][1], m[2][2], m[0][1], m[0][2], m[1][2]])
}
