//! The orientations that the crystal takes: spindle steps times mosaic domains.

use crate::experiment::{Crystal, Mosaic, Scan};
use crate::math::{Mat3, Vec3};
use crate::random::Generator;
use crate::random::keyed::{self, Purpose};
use crate::random::nanobragg::Random;
use crate::real::Real;

/// Rows a, b, c (Å) of the crystal as it is turned: h, k, l = rows · q.
pub type Orientation<R = f64> = Mat3<R>;

/// The orientations, spindle steps outside, mosaic domains inside: each is the crystal turned about the spindle, then by the
/// domain's own rotation.
pub(super) fn orientations<R: Real>(crystal: &Crystal<R>, scan: &Scan<R>) -> Vec<Orientation<R>> {
    let domains = domain_rotations(&crystal.mosaic);
    let axis = Vec3::constant(scan.axis);
    let mut orientations = Vec::with_capacity(scan.n_steps * domains.len());
    for i_step in 0..scan.n_steps {
        let phi = (scan.first + scan.step * R::constant(i_step as f64)) * R::constant(1f64.to_radians());
        let turn = |row: Vec3<R>| if phi.is_fixed_at(0.0) { row } else { row.rotated(axis, phi) };
        let turned = crystal.real_space.0.map(turn);
        orientations.extend(domains.iter().map(|domain| Mat3::from_rows(turned.map(|row| rotated(domain, row)))));
    }
    orientations
}

fn rotated<R: Real>(rotation: &Option<Mat3<R>>, row: Vec3<R>) -> Vec3<R> {
    rotation.map_or(row, |rotation| rotation.apply(row))
}

/// The rotation of each domain; the first is unrotated (its deviates are drawn all the same).
fn domain_rotations<R: Real>(mosaic: &Mosaic<R>) -> Vec<Option<Mat3<R>>> {
    if mosaic.spread.value() <= 0.0 {
        return vec![None; mosaic.n_domains];
    }
    let cap = mosaic.spread * R::constant(1f64.to_radians());
    let mut rotations: Vec<Option<Mat3<R>>> = match mosaic.generator {
        Generator::NanoBragg => {
            let mut random = Random::new(u32::try_from(mosaic.seed).unwrap_or(u32::MAX));
            (0..mosaic.n_domains).map(|_| Some(random.rotation_within_cap(cap))).collect()
        }
        Generator::Keyed => {
            let mut random = keyed::stream(mosaic.seed, 0, Purpose::Mosaic);
            (0..mosaic.n_domains).map(|_| Some(keyed::rotation_within_cap(&mut random, cap))).collect()
        }
    };
    if let Some(first) = rotations.first_mut() {
        *first = None;
    }
    rotations
}
