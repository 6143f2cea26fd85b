//! Rotation vectors of mosaic domains: few that stand for a whole distribution.
//!
//! Independent random vectors have a mean and a covariance of their own: an image of twelve domains is that of a crystal in a slightly
//! other orientation with slightly other mosaicity. These have the mean 0 and, from five on, the distribution's covariance, exactly,
//! and fill its volume evenly:
//!
//! - Vectors come in pairs v and −v; an odd number has three whose sum is 0.
//! - Of m pairs, the i-th has the length of the quantile (i + ½)/m, and a direction on the half-sphere by two coordinates of a
//!   Kronecker sequence, whose fractional parts fill the unit square evenly whatever their number.
//! - A random shift of that sequence and a random rotation of the whole make each set another one.
//! - The symmetric matrix next to 1 that makes the covariance right is applied to all. Lengths stay within the bound of the
//!   distribution.

use super::keyed::uniform_rotation;
use crate::error::{Result, reserved};
use crate::math::{Mat3, Vec3};
use crate::monitor::{Monitor, watched};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::{FRAC_2_PI, SQRT_2, TAU};

/// An isotropic distribution of vectors, by their lengths.
#[derive(Debug, Clone, Copy)]
pub struct Lengths {
    /// The length that a fraction (0 to 1) of the vectors does not exceed.
    quantile: fn(f64) -> f64,
    /// The rms component along each axis.
    rms: f64,
    /// The largest length.
    longest: f64,
}

/// The rms component along each axis of vectors of a cap of half-width 1: √(½·B(½, 5/3)/3), since the mean of (1 − r²)^⅔ over r
/// between −1 and 1 is ½·B(½, 5/3), and a third of the mean squared length belongs to each axis.
pub const CAP_RMS: f64 = 0.496_378_269_662_677_1;

impl Lengths {
    /// Gaussian components of variance 1.
    pub const GAUSSIAN: Self = Self { quantile: maxwell_quantile, rms: 1.0, longest: f64::INFINITY };
    /// nanoBragg's cap of half-width 1: lengths (1 − r²)^⅓ with r uniform between −1 and 1.
    pub const CAP: Self = Self { quantile: cap_quantile, rms: CAP_RMS, longest: 1.0 };
}

/// 1 − √(1 − l³) of the lengths are below l.
fn cap_quantile(fraction: f64) -> f64 {
    let r = 1.0 - fraction;
    (1.0 - r * r).cbrt()
}

/// The quantile of the length of vectors with Gaussian components of variance 1 (Maxwell's distribution), by Newton's iteration from
/// the steepest point, which it does not pass.
fn maxwell_quantile(fraction: f64) -> f64 {
    const MOST: usize = 200;
    let mut x = SQRT_2;
    for _ in 0..MOST {
        let density = FRAC_2_PI.sqrt() * x * x * (-0.5 * x * x).exp();
        let step = (fraction - maxwell_fraction(x)) / density;
        // rounding where all but nothing is beyond
        if !step.is_finite() || step.abs() < 1e-14 * x {
            break;
        }
        x += step;
    }
    x
}

/// The fraction of lengths below x: √(2/π)·e^(−x²/2)·Σ x^(2k+3)/(3·5·…·(2k + 3)), all of whose terms are positive.
fn maxwell_fraction(x: f64) -> f64 {
    let square = x * x;
    let mut term = square * x / 3.0;
    let mut sum = term;
    let mut odd = 5.0;
    while term > 1e-17 * sum {
        term *= square / odd;
        sum += term;
        odd += 2.0;
    }
    FRAC_2_PI.sqrt() * (-0.5 * square).exp() * sum
}

/// `n` vectors of a distribution with mean 0. From five on their covariance is the distribution's; three and four lie in a plane, two
/// on a line, with the right mean square. One is 0.
///
/// # Errors
/// They do not fit into memory, or the monitor stopped it.
pub fn rotation_vectors(
    n: usize,
    lengths: &Lengths,
    random: &mut ChaCha8Rng,
    monitor: &dyn Monitor,
) -> Result<Vec<Vec3>> {
    let turn = uniform_rotation(random);
    let [a, b, _] = turn.0.map(|row| row * (3.0_f64.sqrt() * lengths.rms));
    Ok(match n {
        0 => Vec::new(),
        1 => vec![Vec3::default()],
        2 => vec![a, -a],
        3 => {
            let across = b * (0.75_f64.sqrt());
            vec![a, across - a * 0.5, -across - a * 0.5]
        }
        4 => vec![a, -a, b, -b],
        _ => {
            let mut all = reserved(n, "rotations", "crystal.mosaic.domains")?;
            let mut set = Set::new(n, lengths, random, monitor);
            monitor.check()?;
            set.balance(lengths, monitor);
            monitor.check()?;
            all.extend(set.all().map(|v| turn.apply(v)));
            all
        }
    })
}

/// Vectors between two looks at the monitor: some milliseconds.
const EVERY: usize = 1024;

/// Vectors while they are balanced: v of each pair v, −v, or all where their number is odd.
struct Set {
    vectors: Vec<Vec3>,
    in_pairs: bool,
}

impl Set {
    fn new(n: usize, lengths: &Lengths, random: &mut ChaCha8Rng, monitor: &dyn Monitor) -> Self {
        /// 1/ρ and 1/ρ² of the real root of ρ³ = ρ + 1, as the golden ratio's for one coordinate.
        const STEP: [f64; 2] = [0.754_877_666_246_692_8, 0.569_840_290_998_053_3];
        let n_slots = n / 2;
        let shift: [f64; 2] = [random.random(), random.random()];
        let slot = |i: usize| {
            let length = (lengths.quantile)((i as f64 + 0.5) / n_slots as f64);
            let [z, turn] = [0, 1].map(|axis| (i as f64).mul_add(STEP[axis], shift[axis]).fract());
            let (across, (sin, cos)) = ((1.0 - z * z).sqrt(), (TAU * turn).sin_cos());
            Vec3::new(across * cos, across * sin, z) * length
        };
        let mut halves: Vec<Vec3> = watched(0..n_slots, EVERY, monitor).map(slot).collect();
        if n.is_multiple_of(2) || halves.len() < n_slots {
            return Self { vectors: halves, in_pairs: true };
        }
        let first = halves.remove(n_slots / 2);
        // two more at 120 degrees, in the plane that the vertical and the first span
        let up = Vec3::new(-first[0] * first[2], -first[1] * first[2], first[0].mul_add(first[0], first[1] * first[1]));
        let up = if up.norm() > 0.0 { up.unit() } else { Vec3::new(1.0, 0.0, 0.0) };
        let (along, across) = (first * -0.5, up * (0.75_f64.sqrt() * first.norm()));
        let vectors = [first, along + across, along - across].into_iter().chain(halves.iter().flat_map(|&v| [v, -v]));
        Self { vectors: vectors.collect(), in_pairs: false }
    }

    /// All vectors; those of a pair follow one another.
    fn all(self) -> impl Iterator<Item = Vec3> {
        let n = if self.in_pairs { 2 } else { 1 };
        self.vectors.into_iter().flat_map(move |v| [v, -v].into_iter().take(n))
    }

    /// Makes the mean 0 and the covariance that of the distribution. Vectors that this makes too long are cut, and the others take over
    /// what is missing, until nothing is to be cut.
    fn balance(&mut self, lengths: &Lengths, monitor: &dyn Monitor) {
        const MOST: usize = 1000;
        const TOO_LONG: f64 = 1e-12;
        let per = 1.0 / self.vectors.len() as f64;
        for _ in 0..MOST {
            if !self.in_pairs {
                let mean = watched(self.vectors.iter(), EVERY, monitor).fold(Vec3::default(), |sum, v| sum + *v * per);
                self.vectors.iter_mut().for_each(|v| *v = *v - mean);
            }
            let mut covariance = [Vec3::default(); 3];
            for v in watched(self.vectors.iter(), EVERY, monitor) {
                (0..3).for_each(|i| covariance[i] = covariance[i] + *v * (v[i] * per));
            }
            let matrix = Mat3(inverse_root(&Mat3(covariance)).0.map(|row| row * lengths.rms));
            let mut longest = 0.0_f64;
            for v in watched(self.vectors.iter_mut(), EVERY, monitor) {
                *v = matrix.apply(*v);
                let length = v.norm();
                longest = longest.max(length);
                if length > lengths.longest {
                    *v = *v * (lengths.longest / length);
                }
            }
            if longest <= lengths.longest * (1.0 + TOO_LONG) || monitor.cancelled() {
                break;
            }
        }
    }
}

/// The inverse square root of a symmetric, positive matrix (Denman and Beavers, Appl. Math. Comput. 2 (1976) 63).
fn inverse_root(matrix: &Mat3) -> Mat3 {
    const MOST: usize = 100;
    let inverse = |matrix: &Mat3| matrix.reciprocal_rows().transposed();
    let mean = |a: &Mat3, b: &Mat3| Mat3([0, 1, 2].map(|i| (a.0[i] + b.0[i]) * 0.5));
    let (mut root, mut inverse_root) = (*matrix, Mat3::IDENTITY);
    for _ in 0..MOST {
        let next = mean(&inverse_root, &inverse(&root));
        root = mean(&root, &inverse(&inverse_root));
        let change = (0..3).map(|i| (next.0[i] - inverse_root.0[i]).norm()).fold(0.0, f64::max);
        let size = next.0.iter().map(|row| row.norm()).fold(0.0, f64::max);
        inverse_root = next;
        if change <= 1e-15 * size {
            break;
        }
    }
    inverse_root
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Unwatched;
    use crate::random::keyed::{Purpose, stream};

    const BOTH: [Lengths; 2] = [Lengths::GAUSSIAN, Lengths::CAP];

    fn set(n: usize, lengths: &Lengths, seed: u64) -> Vec<Vec3> {
        rotation_vectors(n, lengths, &mut stream(seed, 0, Purpose::Mosaic), &Unwatched).unwrap()
    }

    fn covariance(vectors: &[Vec3]) -> [[f64; 3]; 3] {
        let mean = |i: usize, j: usize| vectors.iter().map(|v| v[i] * v[j]).sum::<f64>() / vectors.len() as f64;
        [0, 1, 2].map(|i| [0, 1, 2].map(|j| mean(i, j)))
    }

    fn size(v: Vec3) -> f64 {
        v.norm()
    }

    #[test]
    fn the_mean_is_zero_and_the_covariance_right() {
        for lengths in BOTH {
            let variance = lengths.rms * lengths.rms;
            for n in (2..=40).chain([101, 1000]) {
                for seed in 0..20 {
                    let vectors = set(n, &lengths, seed);
                    assert_eq!(vectors.len(), n);
                    let sum = vectors.iter().fold(Vec3::default(), |sum, v| sum + *v);
                    assert!(size(sum) < 1e-11, "{n}: {sum:?}");
                    let found = covariance(&vectors);
                    let trace: f64 = (0..3).map(|i| found[i][i]).sum();
                    assert!((trace / (3.0 * variance) - 1.0).abs() < 1e-10, "{n}: {trace}");
                    if n >= 5 {
                        for i in 0..3 {
                            for j in 0..3 {
                                let expected = if i == j { variance } else { 0.0 };
                                assert!((found[i][j] - expected).abs() < 1e-10, "{n} {seed}: {found:?}");
                            }
                        }
                    }
                    assert!(vectors.iter().all(|v| size(*v) <= lengths.longest * (1.0 + 1e-12)), "{n} {seed}");
                    assert!(vectors.iter().all(|v| size(*v) > 0.0), "{n} {seed}: one is not turned");
                }
            }
            assert_eq!(set(1, &lengths, 3), [Vec3::default()]);
            assert_eq!(set(0, &lengths, 3), []);
        }
    }

    #[test]
    fn even_numbers_come_in_opposite_pairs() {
        for lengths in BOTH {
            for n in [2, 4, 6, 10, 64] {
                assert!(set(n, &lengths, 8).chunks(2).all(|pair| pair[0] == -pair[1]), "{n}");
            }
        }
    }

    #[test]
    fn seeds_make_other_sets() {
        for n in [2, 3, 4, 5, 12] {
            let [a, b] = [1, 2].map(|seed| set(n, &Lengths::GAUSSIAN, seed));
            assert_eq!(a, set(n, &Lengths::GAUSSIAN, 1));
            assert!(a.iter().zip(&b).all(|(a, b)| size(*a - *b) > 1e-3), "{n}");
        }
    }

    /// Over all seeds, four domains have no direction of their own.
    #[test]
    fn few_vectors_are_isotropic_on_average() {
        for n in [2, 3, 4] {
            let all: Vec<Vec3> = (0..4000).flat_map(|seed| set(n, &Lengths::GAUSSIAN, seed)).collect();
            let found = covariance(&all);
            for i in 0..3 {
                for j in 0..3 {
                    let expected = if i == j { 1.0 } else { 0.0 };
                    assert!((found[i][j] - expected).abs() < 0.07, "{n}: {found:?}");
                }
            }
        }
    }

    /// The largest difference of the distribution of components along an axis from what it must be.
    fn off(vectors: &[Vec3], axis: Vec3, fraction_below: impl Fn(f64) -> f64) -> f64 {
        let mut along: Vec<f64> = vectors.iter().map(|v| v.dot(axis)).collect();
        along.sort_unstable_by(f64::total_cmp);
        let n = along.len() as f64;
        along.iter().enumerate().map(|(i, x)| (fraction_below(*x) - (i as f64 + 0.5) / n).abs()).fold(0.0, f64::max)
    }

    /// Φ(x) = ½ + φ(x)·(x + x³/3 + x⁵/15 + …).
    fn normal_fraction(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for k in 1..200 {
            term *= x * x / f64::from(2 * k + 1);
            sum += term;
        }
        0.5 + (-0.5 * x * x).exp() / TAU.sqrt() * sum
    }

    #[test]
    fn components_have_the_distribution_along_any_axis() {
        let axes = [Vec3::new(0.0, 0.0, 1.0), Vec3::new(0.6, 0.0, -0.8), Vec3::new(1.0, 2.0, 2.0) * (1.0 / 3.0)];
        for axis in axes {
            // 1000 independent ones would be off by 0.03
            assert!(off(&set(1000, &Lengths::GAUSSIAN, 4), axis, normal_fraction) < 0.012);
            // three of four lengths of a cap are below (1 − 1/16)^⅓
            let lengths: Vec<f64> = set(1000, &Lengths::CAP, 4).into_iter().map(size).collect();
            let below = lengths.iter().filter(|&&length| length < (15.0f64 / 16.0).cbrt()).count();
            assert!((740..=760).contains(&below), "{below}");
        }
    }

    #[test]
    fn quantiles_of_lengths() {
        // P(|v| < 1.5381722544550522) = ½ for Maxwell's distribution (tables)
        assert!((maxwell_quantile(0.5) - 1.538_172_254_455_05).abs() < 1e-12);
        // chi-squared tables, three degrees of freedom: 0.352, 7.815, 16.266
        for (fraction, square) in [(0.05, 0.351_846_3), (0.95, 7.814_728), (0.999, 16.266_236)] {
            assert!((maxwell_quantile(fraction).powi(2) - square).abs() < 1e-5, "{fraction}");
        }
        for fraction in [1e-9, 1e-4, 0.3, 0.9999, 1.0 - 1e-9] {
            let found = maxwell_fraction(maxwell_quantile(fraction));
            assert!((found - fraction).abs() < 1e-14 + 1e-12 * fraction, "{fraction}: {found}");
        }
        assert_eq!((cap_quantile(0.0), cap_quantile(1.0)), (0.0, 1.0));
        // the second moment, by the midpoint rule
        let n = 100_000;
        for lengths in BOTH {
            let squares = (0..n).map(|i| (lengths.quantile)((f64::from(i) + 0.5) / f64::from(n)).powi(2));
            let mean = squares.sum::<f64>() / f64::from(n);
            assert!((mean / (3.0 * lengths.rms * lengths.rms) - 1.0).abs() < 1e-4, "{mean}");
        }
    }
}
