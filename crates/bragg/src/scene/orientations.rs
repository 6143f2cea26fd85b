//! The orientations that the crystal takes: spindle steps times mosaic domains.

use crate::error::{Result, repeated, reserved};
use crate::experiment::{Crystal, Mosaic, MosaicFrame, MosaicSpread, Scan};
use crate::math::{Mat3, Vec3};
use crate::monitor::{Monitor, watched};
use crate::random::Generator;
use crate::random::keyed::{self, Purpose};
use crate::random::nanobragg::Random;
use crate::random::rotations::{Lengths, rotation_vectors};
use crate::real::Real;

/// Rows a, b, c (Å) of the crystal as it is turned: h, k, l = rows · q.
pub type Orientation<R = f64> = Mat3<R>;

/// The orientations, spindle steps outside, mosaic domains inside: R_φ·R_domain·A where the domains turn with the crystal, R_domain·R_φ·A
/// where they stay in the laboratory.
///
/// # Errors
/// They do not fit into memory, or the monitor stops it.
pub(super) fn orientations<R: Real>(
    crystal: &Crystal<R>,
    scan: &Scan<R>,
    monitor: &dyn Monitor,
) -> Result<Vec<Orientation<R>>> {
    let domains = domain_rotations(&crystal.mosaic, scan.frame, monitor)?;
    let axis = Vec3::constant(scan.axis);
    let key = if domains.len() >= scan.n_steps { DOMAINS } else { "scan.steps" };
    let mut orientations = reserved(scan.n_steps.saturating_mul(domains.len()), "orientations", key)?;
    for i_step in 0..scan.n_steps {
        let phi = (scan.first + scan.step * R::constant(i_step as f64)) * R::constant(1f64.to_radians());
        let turned = |row: Vec3<R>| if phi.is_fixed_at(0.0) { row } else { row.rotated(axis, phi) };
        let domains = watched(domains.iter(), EVERY, monitor);
        orientations.extend(domains.map(|domain| {
            Mat3::from_rows(crystal.real_space.0.map(|row| match crystal.mosaic.frame {
                MosaicFrame::Crystal => turned(rotated(domain, row)),
                MosaicFrame::Laboratory => rotated(domain, turned(row)),
            }))
        }));
        monitor.check()?;
    }
    Ok(orientations)
}

const DOMAINS: &str = "crystal.mosaic.domains";
/// Matrices between two looks at the monitor.
const EVERY: usize = 4096;

fn rotated<R: Real>(rotation: &Option<Mat3<R>>, row: Vec3<R>) -> Vec3<R> {
    rotation.map_or(row, |rotation| rotation.apply(row))
}

/// The rotation of each domain; `None` for one that is not turned.
fn domain_rotations<R: Real>(mosaic: &Mosaic<R>, frame: u64, monitor: &dyn Monitor) -> Result<Vec<Option<Mat3<R>>>> {
    let width = mosaic.spread.width() * R::constant(1f64.to_radians());
    if width.value() <= 0.0 {
        return repeated(None, mosaic.n_domains, "orientations", DOMAINS);
    }
    let mut rotations: Vec<Option<Mat3<R>>> = reserved(mosaic.n_domains, "orientations", DOMAINS)?;
    match mosaic.generator {
        Generator::NanoBragg => {
            let mut random = Random::new(u32::try_from(mosaic.seed).unwrap_or(u32::MAX));
            let domains = watched(0..mosaic.n_domains, EVERY, monitor);
            rotations.extend(domains.map(|_| Some(random.rotation_within_cap(width))));
            // the first is not turned; its deviates are drawn all the same
            if let Some(first) = rotations.first_mut() {
                *first = None;
            }
        }
        Generator::Keyed => {
            let lengths = match mosaic.spread {
                MosaicSpread::Gaussian { .. } => Lengths::GAUSSIAN,
                MosaicSpread::Cap { .. } => Lengths::CAP,
            };
            let mut random = keyed::stream(mosaic.seed, frame, Purpose::Mosaic);
            let vectors = rotation_vectors(mosaic.n_domains, &lengths, &mut random, monitor)?;
            let vectors = watched(vectors.into_iter(), EVERY, monitor);
            rotations.extend(vectors.map(|vector| Some(Mat3::rotation_by(Vec3::constant(vector) * width))));
        }
    }
    monitor.check()?;
    Ok(rotations)
}
