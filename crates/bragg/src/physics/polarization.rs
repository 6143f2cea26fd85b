//! The polarisation factor.

use crate::math::Vec3;
use crate::real::Real;

/// Kahn's polarisation factor (Kahn et al., J. Appl. Cryst. 15 (1982) 330): ½·(1 + cos²2θ − K·cos 2ψ·sin²2θ), ψ the azimuth of the
/// diffracted beam from the electric field. `incident` and `diffracted` are unit vectors, `e_vector` need not be across the beam.
/// With E' the field across the beam and B = i × E', cos 2ψ·sin²2θ = (d·E')² − (d·B)², so no angle is needed. A beam along
/// `e_vector` has no such field; ψ counts as 0 then, as nanoBragg has it.
#[inline(always)]
pub fn polarization_factor<R: Real>(incident: Vec3<R>, diffracted: Vec3<R>, e_vector: Vec3<R>, kahn_factor: R) -> R {
    let one = R::constant(1.0);
    let cos_two_theta = incident.dot(diffracted);
    let magnetic = e_vector.cross(incident);
    let anisotropy = if magnetic.norm().value() == 0.0 {
        one - cos_two_theta * cos_two_theta
    } else {
        let magnetic = magnetic.unit();
        let electric = incident.cross(magnetic).unit();
        let (along, across) = (diffracted.dot(electric), diffracted.dot(magnetic));
        along * along - across * across
    };
    R::constant(0.5) * (one + cos_two_theta * cos_two_theta - kahn_factor * anisotropy)
}

#[cfg(test)]
mod tests {
    use super::*;

    const I: Vec3 = Vec3([0.0, 0.0, 1.0]);
    const E: Vec3 = Vec3([1.0, 0.0, 0.3]);

    #[test]
    fn a_dipole_does_not_radiate_along_its_field() {
        assert!(polarization_factor(I, Vec3::new(1.0, 0.0, 0.0), E, 1.0).abs() < 1e-15);
        assert!((polarization_factor(I, Vec3::new(0.0, 1.0, 0.0), E, 1.0) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn unpolarised_light_scatters_as_one_plus_cosine_squared() {
        for two_theta in [0.0f64, 0.3, 1.0, 2.0] {
            let d = Vec3::new(two_theta.sin() * 0.6, two_theta.sin() * 0.8, two_theta.cos());
            let expected = 0.5 * (1.0 + two_theta.cos().powi(2));
            assert!((polarization_factor(I, d, E, 0.0) - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn a_beam_along_the_field_has_no_azimuth() {
        let d = Vec3::new(0.6, 0.0, 0.8);
        assert!((polarization_factor(I, d, I, 0.0) - 0.5 * (1.0 + 0.64)).abs() < 1e-15);
        assert!((polarization_factor(I, d, I, 0.5) - 0.5 * (1.64 - 0.5 * 0.36)).abs() < 1e-15);
    }

    #[test]
    fn it_is_kahns_formula_with_the_azimuth() {
        let (two_theta, psi, k) = (0.8f64, 0.4f64, 0.7);
        let d = Vec3::new(two_theta.sin() * psi.cos(), two_theta.sin() * psi.sin(), two_theta.cos());
        let (c2, s2) = (two_theta.cos().powi(2), two_theta.sin().powi(2));
        let expected = 0.5 * (1.0 + c2 - k * (2.0 * psi).cos() * s2);
        assert!((polarization_factor(I, d, E, k) - expected).abs() < 1e-15);
    }
}
