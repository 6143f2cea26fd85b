//! A counter-based generator: the stream of (seed, image, purpose) is the same whatever else was drawn before.

use crate::math::{Mat3, Vec3};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::f64::consts::TAU;

/// What the numbers are for; each purpose has its own stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The crystal's orientation.
    Orientation = 1,
    /// The orientations of mosaic domains.
    Mosaic = 2,
    /// Photon counting noise.
    Noise = 3,
    /// Structure-factor amplitudes.
    Amplitudes = 4,
}

/// The stream of a seed, an image number and a purpose.
pub fn stream(seed: u64, image: u64, purpose: Purpose) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&image.to_le_bytes());
    key[16] = purpose as u8;
    ChaCha8Rng::from_seed(key)
}

/// A rotation uniform over all rotations: a unit quaternion uniform on its sphere (Shoemake, Graphics Gems III (1992) 124).
pub fn uniform_rotation(random: &mut ChaCha8Rng) -> Mat3 {
    let (u, v, w): (f64, f64, f64) = (random.random(), random.random(), random.random());
    let (s1, c1) = (TAU * v).sin_cos();
    let (s2, c2) = (TAU * w).sin_cos();
    let (inner, outer) = ((1.0 - u).sqrt(), u.sqrt());
    let [x, y, z, r] = [inner * s1, inner * c1, outer * s2, outer * c2];
    Mat3::from_rows([
        Vec3::new(1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - r * z), 2.0 * (x * z + r * y)),
        Vec3::new(2.0 * (x * y + r * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - r * x)),
        Vec3::new(2.0 * (x * z - r * y), 2.0 * (y * z + r * x), 1.0 - 2.0 * (x * x + y * y)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_depend_on_every_part_of_the_key() {
        let first = |seed, image, purpose| stream(seed, image, purpose).random::<u64>();
        let reference = first(1, 0, Purpose::Noise);
        assert_eq!(reference, first(1, 0, Purpose::Noise));
        assert_ne!(reference, first(2, 0, Purpose::Noise));
        assert_ne!(reference, first(1, 1, Purpose::Noise));
        assert_ne!(reference, first(1, 0, Purpose::Mosaic));
    }

    #[test]
    fn uniform_rotations_have_the_haar_mean_trace() {
        let mut random = stream(11, 0, Purpose::Orientation);
        let n = 20_000;
        let mut mean_square = 0.0;
        for _ in 0..n {
            let rotation = uniform_rotation(&mut random);
            assert!((rotation.determinant() - 1.0).abs() < 1e-12);
            let trace = rotation.0[0][0] + rotation.0[1][1] + rotation.0[2][2];
            mean_square += trace * trace / f64::from(n);
        }
        assert!((mean_square - 1.0).abs() < 0.05, "the mean square of the character of SO(3) is 1, not {mean_square}");
    }
}
