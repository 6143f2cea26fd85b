//! The orientations that the crystal takes: spindle steps times mosaic domains.

use crate::experiment::{Crystal, Mosaic, MosaicFrame, MosaicSpread, Scan};
use crate::math::{Mat3, Vec3};
use crate::random::Generator;
use crate::random::keyed::{self, Purpose};
use crate::random::nanobragg::Random;
use crate::random::rotations::{Lengths, rotation_vectors};
use crate::real::Real;

/// Rows a, b, c (Å) of the crystal as it is turned: h, k, l = rows · q.
pub type Orientation<R = f64> = Mat3<R>;

/// The orientations, spindle steps outside, mosaic domains inside: R_φ·R_domain·A where the domains turn with the crystal, R_domain·R_φ·A
/// where they stay in the laboratory.
pub(super) fn orientations<R: Real>(crystal: &Crystal<R>, scan: &Scan<R>) -> Vec<Orientation<R>> {
    let domains = domain_rotations(&crystal.mosaic, scan.frame);
    let axis = Vec3::constant(scan.axis);
    let mut orientations = Vec::with_capacity(scan.n_steps * domains.len());
    for i_step in 0..scan.n_steps {
        let phi = (scan.first + scan.step * R::constant(i_step as f64)) * R::constant(1f64.to_radians());
        let turned = |row: Vec3<R>| if phi.is_fixed_at(0.0) { row } else { row.rotated(axis, phi) };
        orientations.extend(domains.iter().map(|domain| {
            Mat3::from_rows(crystal.real_space.0.map(|row| match crystal.mosaic.frame {
                MosaicFrame::Crystal => turned(rotated(domain, row)),
                MosaicFrame::Laboratory => rotated(domain, turned(row)),
            }))
        }));
    }
    orientations
}

fn rotated<R: Real>(rotation: &Option<Mat3<R>>, row: Vec3<R>) -> Vec3<R> {
    rotation.map_or(row, |rotation| rotation.apply(row))
}

/// The rotation of each domain; `None` for one that is not turned.
fn domain_rotations<R: Real>(mosaic: &Mosaic<R>, frame: u64) -> Vec<Option<Mat3<R>>> {
    let width = mosaic.spread.width() * R::constant(1f64.to_radians());
    if width.value() <= 0.0 {
        return vec![None; mosaic.n_domains];
    }
    match mosaic.generator {
        Generator::NanoBragg => {
            let mut random = Random::new(u32::try_from(mosaic.seed).unwrap_or(u32::MAX));
            let mut rotations: Vec<_> =
                (0..mosaic.n_domains).map(|_| Some(random.rotation_within_cap(width))).collect();
            // the first is not turned; its deviates are drawn all the same
            if let Some(first) = rotations.first_mut() {
                *first = None;
            }
            rotations
        }
        Generator::Keyed => {
            let lengths = match mosaic.spread {
                MosaicSpread::Gaussian { .. } => Lengths::GAUSSIAN,
                MosaicSpread::Cap { .. } => Lengths::CAP,
            };
            let mut random = keyed::stream(mosaic.seed, frame, Purpose::Mosaic);
            let vectors = rotation_vectors(mosaic.n_domains, &lengths, &mut random);
            vectors.into_iter().map(|vector| Some(Mat3::rotation_by(Vec3::constant(vector) * width))).collect()
        }
    }
}
