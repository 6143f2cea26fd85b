//! The orientations that the crystal takes: spindle steps times mosaic domains.

use crate::experiment::{Crystal, Mosaic, Scan};
use crate::math::{Mat3, Vec3};
use crate::random::Generator;
use crate::random::keyed::{self, Purpose};
use crate::random::nanobragg::Random;

/// Rows a, b, c (Å) of the crystal as it is turned: h, k, l = rows · q.
pub type Orientation<R = f64> = Mat3<R>;

/// The orientations, spindle steps outside, mosaic domains inside: each is the crystal turned about the spindle, then by the
/// domain's own rotation.
pub(super) fn orientations(crystal: &Crystal, scan: &Scan) -> Vec<Orientation> {
    let domains = domain_rotations(&crystal.mosaic);
    let mut orientations = Vec::with_capacity(scan.n_steps * domains.len());
    for i_step in 0..scan.n_steps {
        let phi = (scan.first + scan.step * i_step as f64).to_radians();
        let turned = crystal.real_space.0.map(|row| if phi == 0.0 { row } else { row.rotated(scan.axis, phi) });
        orientations.extend(domains.iter().map(|domain| Mat3::from_rows(turned.map(|row| rotated(domain, row)))));
    }
    orientations
}

fn rotated(rotation: &Option<Mat3>, row: Vec3) -> Vec3 {
    rotation.map_or(row, |rotation| rotation.apply(row))
}

/// The rotation of each domain; the first is unrotated (its deviates are drawn all the same).
fn domain_rotations(mosaic: &Mosaic) -> Vec<Option<Mat3>> {
    if mosaic.spread <= 0.0 {
        return vec![None; mosaic.n_domains];
    }
    let cap = mosaic.spread.to_radians();
    let mut rotations: Vec<Option<Mat3>> = match mosaic.generator {
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
