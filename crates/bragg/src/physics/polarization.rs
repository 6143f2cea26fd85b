//! The polarisation factor.

use crate::math::Vec3;
use crate::real::Real;

/// The directions across a beam that its polarisation is measured in.
#[derive(Debug, Clone, Copy)]
pub struct PolarizationFrame<R = f64> {
    /// The electric field across the beam; 0 for a beam along the field.
    pub electric: Vec3<R>,
    /// The magnetic field; 0 for a beam along the electric field.
    pub magnetic: Vec3<R>,
    /// 1 for a beam along the field, which leaves no azimuth to measure (ψ counts as 0, as nanoBragg has it); 0 otherwise.
    pub axial: R,
}

impl<R: Real> PolarizationFrame<R> {
    /// The frame of a beam along the unit vector `incident` whose field is as near to `e_vector` as it can be.
    pub fn new(incident: Vec3<R>, e_vector: Vec3<R>) -> Self {
        let zero = R::constant(0.0);
        let magnetic = e_vector.cross(incident);
        if magnetic.norm().value() == 0.0 {
            let none = Vec3::new(zero, zero, zero);
            return Self { electric: none, magnetic: none, axial: R::constant(1.0) };
        }
        let magnetic = magnetic.unit();
        Self { electric: incident.cross(magnetic).unit(), magnetic, axial: zero }
    }
}

/// Kahn's polarisation factor (Kahn et al., J. Appl. Cryst. 15 (1982) 330): ½·(1 + cos²2θ − K·cos 2ψ·sin²2θ), ψ the azimuth of the
/// diffracted beam from the electric field. `incident` and `diffracted` are unit vectors. With E across the beam and B = i × E,
/// cos 2ψ·sin²2θ = (d·E)² − (d·B)², so no angle is needed.
#[inline(always)]
pub fn polarization_factor<R: Real>(
    incident: Vec3<R>,
    diffracted: Vec3<R>,
    frame: &PolarizationFrame<R>,
    kahn_factor: R,
) -> R {
    let one = R::constant(1.0);
    let cos_two_theta = incident.dot(diffracted);
    let cos_squared = cos_two_theta * cos_two_theta;
    let along = diffracted.dot(frame.electric);
    let across = diffracted.dot(frame.magnetic);
    let anisotropy = along * along - across * across + frame.axial * (one - cos_squared);
    R::constant(0.5) * (one + cos_squared - kahn_factor * anisotropy)
}

#[cfg(test)]
mod tests {
    use super::*;

    const I: Vec3 = Vec3([0.0, 0.0, 1.0]);
    const E: Vec3 = Vec3([1.0, 0.0, 0.3]);

    fn factor(diffracted: Vec3, e_vector: Vec3, kahn_factor: f64) -> f64 {
        polarization_factor(I, diffracted, &PolarizationFrame::new(I, e_vector), kahn_factor)
    }

    #[test]
    fn a_dipole_does_not_radiate_along_its_field() {
        assert!(factor(Vec3::new(1.0, 0.0, 0.0), E, 1.0).abs() < 1e-15);
        assert!((factor(Vec3::new(0.0, 1.0, 0.0), E, 1.0) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn unpolarised_light_scatters_as_one_plus_cosine_squared() {
        for two_theta in [0.0f64, 0.3, 1.0, 2.0] {
            let d = Vec3::new(two_theta.sin() * 0.6, two_theta.sin() * 0.8, two_theta.cos());
            assert!((factor(d, E, 0.0) - 0.5 * (1.0 + two_theta.cos().powi(2))).abs() < 1e-15);
        }
    }

    #[test]
    fn a_beam_along_the_field_has_no_azimuth() {
        let d = Vec3::new(0.6, 0.0, 0.8);
        assert!((factor(d, I, 0.0) - 0.5 * (1.0 + 0.64)).abs() < 1e-15);
        assert!((factor(d, I, 0.5) - 0.5 * (1.64 - 0.5 * 0.36)).abs() < 1e-15);
    }

    #[test]
    fn it_is_kahns_formula_with_the_azimuth() {
        let (two_theta, psi, k) = (0.8f64, 0.4f64, 0.7);
        let d = Vec3::new(two_theta.sin() * psi.cos(), two_theta.sin() * psi.sin(), two_theta.cos());
        let (c2, s2) = (two_theta.cos().powi(2), two_theta.sin().powi(2));
        let expected = 0.5 * (1.0 + c2 - k * (2.0 * psi).cos() * s2);
        assert!((factor(d, E, k) - expected).abs() < 1e-15);
    }
}
