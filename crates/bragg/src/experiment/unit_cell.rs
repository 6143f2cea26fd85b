//! Unit cells and the bases they are drawn in.

use crate::error::{Error, Result};
use crate::math::{Mat3, Vec3};
use crate::real::Real;

/// A unit cell: edges (Å) and angles (deg).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnitCell<R = f64> {
    /// Lengths of a, b, c (Å).
    pub edges: [R; 3],
    /// Angles α (b, c), β (a, c), γ (a, b) (deg).
    pub angles: [R; 3],
}

impl UnitCell {
    /// A cell from a, b, c (Å), α, β, γ (deg).
    ///
    /// # Errors
    /// An edge or an angle cannot be, or the angles do not close.
    pub fn new([a, b, c, alpha, beta, gamma]: [f64; 6]) -> Result<Self> {
        let refuse = |what: String| Err(Error::setting("crystal.cell", what));
        let cell = Self { edges: [a, b, c], angles: [alpha, beta, gamma] };
        for (name, edge) in ["a", "b", "c"].into_iter().zip(cell.edges) {
            if !(edge.is_finite() && edge > 0.0) {
                return refuse(format!("cell edge {name} is {edge}; it must be a positive length in Å"));
            }
        }
        for (name, angle) in ["alpha", "beta", "gamma"].into_iter().zip(cell.angles) {
            if !(angle > 0.0 && angle < 180.0) {
                return refuse(format!("cell angle {name} is {angle}; it must lie between 0 and 180 degrees"));
            }
        }
        let (sum, largest) = (alpha + beta + gamma, alpha.max(beta).max(gamma));
        if sum >= 360.0 || 2.0 * largest >= sum {
            return refuse(format!(
                "no cell has the angles {alpha}, {beta}, {gamma}: each must be smaller than the other two together, and all \
                 three together smaller than 360 degrees"
            ));
        }
        Ok(cell)
    }

    /// a, b, c (Å), α, β, γ (deg).
    pub fn parameters(&self) -> [f64; 6] {
        let ([a, b, c], [alpha, beta, gamma]) = (self.edges, self.angles);
        [a, b, c, alpha, beta, gamma]
    }

    /// The cell of a basis with rows a, b, c (Å).
    pub fn from_basis(real_space: &Mat3) -> Self {
        let [a, b, c] = real_space.0;
        let angle = |u: Vec3, v: Vec3| (u.dot(v) / (u.norm() * v.norm())).clamp(-1.0, 1.0).acos().to_degrees();
        Self { edges: [a.norm(), b.norm(), c.norm()], angles: [angle(b, c), angle(a, c), angle(a, b)] }
    }
}

impl<R: Real> UnitCell<R> {
    /// The basis a, b, c (Å) by rows in the crystal's Cartesian frame: a along x, b in the xy plane (the convention of the PDB and
    /// of dxtbx; International Tables B, 3.3.1).
    pub fn basis(&self) -> Mat3<R> {
        let zero = R::constant(0.0);
        let [a, b, c] = self.edges;
        let [(sin_alpha, cos_alpha), (_, cos_beta), (sin_gamma, cos_gamma)] = self.angles.map(exact_sin_cos);
        let c_y = (cos_alpha - cos_beta * cos_gamma) / sin_gamma;
        let c_z = (sin_alpha * sin_alpha - cos_beta * cos_beta - cos_gamma * cos_gamma
            + R::constant(2.0) * cos_alpha * cos_beta * cos_gamma)
            .sqrt()
            / sin_gamma;
        Mat3::from_rows([
            Vec3::new(a, zero, zero),
            Vec3::new(b * cos_gamma, b * sin_gamma, zero),
            Vec3::new(c * cos_beta, c * c_y, c * c_z),
        ])
    }
}

/// Sine and cosine of an angle in degrees, exact at 90.
fn exact_sin_cos<R: Real>(degrees: R) -> (R, R) {
    if degrees.is_fixed_at(90.0) {
        return (R::constant(1.0), R::constant(0.0));
    }
    let radians = degrees * R::constant(1f64.to_radians());
    (radians.sin(), radians.cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_basis_has_the_cell_it_was_made_from() {
        let cell = UnitCell::new([70.0, 80.0, 90.0, 75.0, 85.0, 95.0]).unwrap();
        let again = UnitCell::from_basis(&cell.basis());
        for (x, y) in cell.parameters().into_iter().zip(again.parameters()) {
            assert!((x - y).abs() < 1e-12);
        }
        assert!(cell.basis().determinant() > 0.0);
    }

    #[test]
    fn impossible_cells_are_refused_by_name() {
        let refused = |parameters: [f64; 6]| UnitCell::new(parameters).unwrap_err().to_string();
        assert!(refused([0.0, 1.0, 1.0, 90.0, 90.0, 90.0]).contains("cell edge a is 0"));
        assert!(refused([1.0, f64::NAN, 1.0, 90.0, 90.0, 90.0]).contains("cell edge b"));
        assert!(refused([1.0, 1.0, 1.0, 90.0, 180.0, 90.0]).contains("beta is 180"));
        assert!(refused([1.0, 1.0, 1.0, 30.0, 30.0, 60.0]).contains("no cell has the angles"));
        assert!(refused([1.0, 1.0, 1.0, 130.0, 120.0, 110.0]).contains("no cell has the angles"));
    }
}
