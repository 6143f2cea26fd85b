//! The reference program's random numbers, so that the same seed gives the same domains and the same noise.
//!
//! Uniform deviates: Park and Miller's minimal standard generator (Commun. ACM 31 (1988) 1192) behind a Bays–Durham shuffle of 32
//! entries, returned as 32-bit floats. Poisson deviates: multiplied uniforms below a mean of 12, rejection against a Lorentzian above
//! (Press et al., Numerical Recipes, 2nd ed. 1992, 7.1–7.3). Where arithmetic is 32-bit there, it is 32-bit here.

use crate::math::{Mat3, Vec3};
use crate::real::Real;
use std::f64::consts::PI;

const MODULUS: i64 = 2_147_483_647;
const MULTIPLIER: i64 = 16_807;
const TABLE: usize = 32;
const DIVISOR: i64 = 1 + (MODULUS - 1) / TABLE as i64;
/// Tries at a deviate, each of which succeeds with a chance of a fifth at least. No deviate needs so many: so no loop depends on what
/// numbers do in comparisons.
const MOST: usize = 10_000;

/// A stream of deviates.
#[derive(Debug, Clone)]
pub struct Random {
    state: i64,
    table: [i64; TABLE],
    last: i64,
    spare_gaussian: Option<f32>,
}

impl Random {
    /// The stream of a seed; seeds are positive, 0 counts as 1.
    pub fn new(seed: u32) -> Self {
        let mut random =
            Self { state: i64::from(seed).clamp(1, MODULUS - 1), table: [0; TABLE], last: 0, spare_gaussian: None };
        for _ in 0..8 {
            random.step();
        }
        for i in (0..TABLE).rev() {
            random.table[i] = random.step();
        }
        random.last = random.table[0];
        random
    }

    fn step(&mut self) -> i64 {
        self.state = self.state * MULTIPLIER % MODULUS;
        self.state
    }

    /// A uniform deviate in (0, 1 − 1.2e-7].
    pub fn uniform(&mut self) -> f32 {
        let next = self.step();
        let entry = &mut self.table[(self.last / DIVISOR) as usize];
        self.last = std::mem::replace(entry, next);
        ((1.0 / MODULUS as f64 * self.last as f64) as f32).min((1.0 - 1.2e-7) as f32)
    }

    /// A rotation by up to `cap` (radians) about an axis uniform on the sphere; the angle is cap·(1 − r²)^⅓ with r uniform in
    /// (−1, 1), in 32-bit arithmetic.
    pub fn rotation_within_cap<R: Real>(&mut self, cap: R) -> Mat3<R> {
        let [r1, r2, r3] = std::array::from_fn(|_| 2.0 * f64::from(self.uniform()) - 1.0);
        let part = ((1.0 - r3 * r3) as f32).powf((1.0 / 3.0) as f32);
        let rounded = f64::from(cap.value() as f32 * part);
        // the rounded angle, whatever of the cap is more than its value in double precision
        let angle = R::constant(rounded) + (cap - R::constant(cap.value())) * R::constant(f64::from(part));
        let across = (1.0 - r2 * r2).sqrt();
        let axis = Vec3::new(across * (PI * r1).sin(), across * (PI * r1).cos(), r2);
        Mat3::rotation(Vec3::constant(axis), angle)
    }

    fn gaussian(&mut self) -> f32 {
        if let Some(spare) = self.spare_gaussian.take() {
            return spare;
        }
        for _ in 0..MOST {
            let v1 = (2.0 * f64::from(self.uniform()) - 1.0) as f32;
            let v2 = (2.0 * f64::from(self.uniform()) - 1.0) as f32;
            let square = v1 * v1 + v2 * v2;
            if square > 0.0 && square < 1.0 {
                let factor = (-2.0 * f64::from(square).ln() / f64::from(square)).sqrt() as f32;
                self.spare_gaussian = Some(v1 * factor);
                return v2 * factor;
            }
        }
        0.0
    }

    /// A Poisson deviate; above a mean of 10⁶ a Gaussian one. Where the mean is no number, it is none, either: comparisons with it fail, so
    /// that the first try ends the rejection.
    pub fn poisson(&mut self, mean: f32) -> f32 {
        if mean.is_nan() {
            self.uniform();
            self.uniform();
            return f32::NAN;
        }
        if f64::from(mean) > 1e6 {
            return (f64::from(mean) + f64::from(mean).sqrt() * f64::from(self.gaussian())) as f32;
        }
        if mean < 12.0 {
            let threshold = (-f64::from(mean)).exp() as f32;
            let mut product = self.uniform();
            for count in 0..MOST {
                if product <= threshold {
                    return count as f32;
                }
                product *= self.uniform();
            }
            return mean;
        }
        self.poisson_by_rejection(mean)
    }

    fn poisson_by_rejection(&mut self, mean: f32) -> f32 {
        let width = (2.0 * f64::from(mean)).sqrt() as f32;
        let log_mean = f64::from(mean).ln() as f32;
        let offset = mean * log_mean - ln_gamma(mean + 1.0);
        for _ in 0..MOST {
            let lorentzian = (PI * f64::from(self.uniform())).tan() as f32;
            let count = width * lorentzian + mean;
            if count < 0.0 {
                continue;
            }
            let count = count.floor();
            let log_ratio = count * log_mean - ln_gamma(count + 1.0) - offset;
            let ratio = 0.9 * (1.0 + f64::from(lorentzian * lorentzian)) * f64::from(log_ratio).exp();
            if self.uniform() <= ratio as f32 {
                return count;
            }
        }
        mean
    }
}

/// ln Γ(x), x > 0 (Lanczos, SIAM J. Numer. Anal. 1 (1964) 86; six coefficients, error below 2e-10).
fn ln_gamma(x: f32) -> f32 {
    const COEFFICIENTS: [f64; 6] = [
        76.18009172947146,
        -86.50532032941677,
        24.01409824083091,
        -1.231739572450155,
        0.1208650973866179e-2,
        -0.5395239384953e-5,
    ];
    let x = f64::from(x);
    let base = x + 5.5;
    let mut series = 1.000000000190015;
    for (i, coefficient) in COEFFICIENTS.into_iter().enumerate() {
        series += coefficient / (x + (i + 1) as f64);
    }
    ((x + 0.5) * base.ln() - base + (2.5066282746310005 * series / x).ln()) as f32
}

/// The angles (radians) about lab x, y and z that [`Vec3::rotated_xyz`] needs to turn as `rotation` does.
pub fn xyz_angles(rotation: &Mat3) -> [f64; 3] {
    let [x, y, z] = rotation.transposed().0;
    let (zx, zy, zz) = (x[2], y[2], z[2]);
    [zy.atan2(zz), (-zx).atan2((zy * zy + zz * zz).sqrt()), x[1].atan2(x[0])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimal_standard_generator_passes_its_authors_check() {
        let mut random = Random::new(1);
        random.state = 1;
        for _ in 0..10_000 {
            random.step();
        }
        assert_eq!(random.state, 1_043_618_065);
    }

    #[test]
    fn ln_gamma_knows_factorials() {
        let mut factorial: f64 = 1.0;
        for n in 1..20 {
            factorial *= f64::from(n);
            assert!((f64::from(ln_gamma(n as f32 + 1.0)) - factorial.ln()).abs() < 1e-5 * factorial.ln().max(1.0));
        }
    }

    #[test]
    fn poisson_deviates_have_equal_mean_and_variance() {
        for mean in [0.3f32, 5.0, 11.9, 12.1, 400.0, 3e6] {
            let mut random = Random::new(7);
            let n = 20_000;
            let draws: Vec<f64> = (0..n).map(|_| f64::from(random.poisson(mean))).collect();
            let average = draws.iter().sum::<f64>() / f64::from(n);
            let variance = draws.iter().map(|x| (x - average).powi(2)).sum::<f64>() / f64::from(n - 1);
            let mean = f64::from(mean);
            assert!((average - mean).abs() < 5.0 * (mean / f64::from(n)).sqrt(), "{mean}: {average}");
            assert!((variance / mean - 1.0).abs() < 0.06, "{mean}: {variance}");
        }
    }

    #[test]
    fn every_mean_has_a_deviate_in_the_end() {
        let mut random = Random::new(5);
        for bits in (0..=u32::MAX).step_by(50_021) {
            let mean = f32::from_bits(bits);
            assert_eq!(random.poisson(mean).is_nan(), mean.is_nan(), "{mean}");
        }
        for mean in
            [f32::INFINITY, f32::MAX, 1e6, 12.0f32.next_down(), 12.0, 0.0, -0.0, -3.0, f32::MIN, f32::NEG_INFINITY]
        {
            let deviate = random.poisson(mean);
            assert!(mean > 0.0 || deviate == 0.0, "{mean}: {deviate}");
        }
        // what comes behind a pixel that is no number does not depend on it
        let mut other = random.clone();
        assert!(random.poisson(f32::NAN).is_nan());
        other.uniform();
        other.uniform();
        assert_eq!(random.poisson(7.0), other.poisson(7.0));
    }

    #[test]
    fn rotations_stay_within_the_cap_and_angles_give_them_back() {
        let mut random = Random::new(3);
        for _ in 0..100 {
            let rotation = random.rotation_within_cap(0.02);
            let trace = rotation.0[0][0] + rotation.0[1][1] + rotation.0[2][2];
            assert!(((trace - 1.0) / 2.0).clamp(-1.0, 1.0).acos() <= 0.02 * (1.0 + 1e-6));
            let angles = xyz_angles(&rotation);
            let v = Vec3::new(0.1, -0.5, 0.8);
            assert!((v.rotated_xyz(angles) - rotation.apply(v)).norm() < 1e-14);
        }
    }
}
