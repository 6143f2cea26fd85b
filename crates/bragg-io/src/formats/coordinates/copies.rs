//! Non-crystallographic copies that a file describes by operators and leaves to its reader: virus shells, mostly.

use super::MAX_ATOMS;
use super::frame::{Frame, turned};
use bragg::math::{Mat3, Vec3};
use bragg::structure::Atom;

/// A motion of Cartesian coordinates x' = R·x + t (Å): the rows of (R | t).
pub(super) type Motion = [[f64; 4]; 3];

/// How far R·Rᵀ may be off the identity: matrices have six decimals, and old ones fewer.
const ROTATION_TOLERANCE: f64 = 0.01;

fn rotation(motion: &Motion) -> Mat3 {
    Mat3::from_rows(motion.map(|[x, y, z, _]| Vec3::new(x, y, z)))
}

/// Whether it leaves everything where it is.
fn is_identity(motion: &Motion) -> bool {
    (0..3).all(|i| (0..4).all(|j| (motion[i][j] - f64::from(u8::from(i == j))).abs() < 1e-4))
}

/// Adds the copies of all atoms that the motions of a file's Cartesian frame make.
///
/// # Errors
/// A matrix that is no rotation, or too many atoms.
pub(super) fn add(atoms: &mut Vec<Atom>, frame: &Frame, motions: &[Motion]) -> Result<(), String> {
    let n_given = atoms.len();
    let n_all = motions.len().saturating_add(1).saturating_mul(n_given);
    if n_all > MAX_ATOMS {
        return Err(format!(
            "with its {} non-crystallographic copies it has {n_all} atoms; at most {MAX_ATOMS} are read",
            motions.len()
        ));
    }
    for motion in motions.iter().filter(|motion| !is_identity(motion)) {
        let rotation = rotation(motion);
        let square = rotation * rotation.transposed();
        let off = (0..3).flat_map(|i| (0..3).map(move |j| (i, j)));
        let off = off.map(|(i, j)| (square.0[i].0[j] - f64::from(u8::from(i == j))).abs()).fold(0.0, f64::max);
        if !(off < ROTATION_TOLERANCE && rotation.determinant() > 0.0) {
            return Err(format!(
                "the operator of non-crystallographic symmetry with the rows {motion:?} is no rotation"
            ));
        }
        let shift = Vec3(motion.map(|row| row[3]));
        for i in 0..n_given {
            let atom = atoms[i];
            let moved = rotation.apply(frame.cartesian(Vec3(atom.position))) + shift;
            let displacement = turned(&atom.displacement, &rotation);
            atoms.push(Atom { position: frame.fractional(moved).0, displacement, ..atom });
        }
    }
    Ok(())
}
