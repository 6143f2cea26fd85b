//! Amplitudes by Wilson's statistics.
//!
//! The intensity of a reflection whose many atoms lie anywhere has the distribution exp(−I/Σ)/Σ; a centric one, whose phase has but
//! two values, has exp(−I/2Σ)/√(2πΣI) (Wilson, Acta Cryst. 2 (1949) 318-321). The mean Σ is ε times the sum of the squared form
//! factors, ε being the number of rotations that leave the reflection in place (International Tables B, 2010, section 2.1.3).

use super::PointGroup;
use super::refused;
use crate::miller::{MAX_INDEX, Miller};
use crate::random::keyed::{Purpose, stream};
use rand::RngExt;
use std::f64::consts::TAU;

/// Reflections in a shell of resolution, at least.
const PER_SHELL: usize = 40;
/// Shells at most.
const MAX_SHELLS: usize = 40;

/// An amplitude for a reflection that stands for its equivalents ([`PointGroup::representative`]), of which the mean intensity `mean`
/// is known. The same seed and reflection give the same part of the mean, whatever else is drawn.
#[must_use]
pub fn draw(seed: u64, representative: Miller, mean: f64, is_centric: bool) -> f64 {
    let place = |index: i32| u64::from((index.clamp(-MAX_INDEX, MAX_INDEX) + MAX_INDEX).unsigned_abs());
    let [h, k, l] = representative.map(place);
    let mut random = stream(seed, h | k << 21 | l << 42, Purpose::Amplitudes);
    let (u, v): (f64, f64) = (random.random(), random.random());
    let exponential = -(1.0 - u).ln();
    // A normal deviate is √(2E)·cos(2πv) with E exponential (Box & Muller, Ann. Math. Stat. 29 (1958) 610-611).
    let normal_squared = 2.0 * exponential * (TAU * v).cos().powi(2);
    (mean * if is_centric { normal_squared } else { exponential }).sqrt()
}

/// The mean intensity of a general reflection at any resolution, from those that are known.
#[derive(Debug, Clone, PartialEq)]
pub struct MeanIntensity {
    /// 1/d² (1/Å²) and ln⟨I/ε⟩ of shells of resolution, the coarsest first.
    shells: Vec<(f64, f64)>,
    /// The slope of a line through them.
    slope: f64,
}

impl MeanIntensity {
    /// From reflections with their 1/d² (1/Å²) and amplitude, each equivalent once, without systematic absences.
    ///
    /// # Errors
    /// There are too few of them.
    pub fn of(mut known: Vec<(Miller, f64, f64)>, group: &PointGroup) -> crate::Result<Self> {
        if known.len() < PER_SHELL {
            return Err(refused(format!(
                "{} reflections are too few to tell the mean intensity; it takes {PER_SHELL}",
                known.len()
            )));
        }
        known.sort_by(|one, other| one.1.total_cmp(&other.1).then(one.0.cmp(&other.0)));
        let per_shell = known.len().div_ceil((known.len() / PER_SHELL).clamp(1, MAX_SHELLS));
        let shells: Vec<(f64, f64)> = known
            .chunks(per_shell)
            .map(|shell| {
                let n = shell.len() as f64;
                let intensity = |(hkl, _, f): &(Miller, f64, f64)| f * f / group.epsilon(*hkl).max(1) as f64;
                (shell.iter().map(|one| one.1).sum::<f64>() / n, shell.iter().map(intensity).sum::<f64>() / n)
            })
            .filter(|(_, mean)| *mean > 0.0)
            .map(|(s2, mean)| (s2, mean.ln()))
            .collect();
        if shells.is_empty() {
            return Err(refused("all amplitudes are zero, so that there is no mean intensity"));
        }
        let n = shells.len() as f64;
        let (x, y) = shells.iter().fold((0.0, 0.0), |sum, shell| (sum.0 + shell.0 / n, sum.1 + shell.1 / n));
        let (xy, xx) = shells.iter().fold((0.0, 0.0), |sum, shell| {
            let dx = shell.0 - x;
            (sum.0 + dx * (shell.1 - y), sum.1 + dx * dx)
        });
        // Intensities fall off; where a few shells say otherwise, they are kept level.
        let slope = if xx > 0.0 { (xy / xx).min(0.0) } else { 0.0 };
        Ok(Self { shells, slope })
    }

    /// ⟨I/ε⟩ at 1/d² (1/Å²): its logarithm is interpolated in 1/d² between the shells; coarser than the first it stays, finer than the
    /// last it goes on along the slope of all (the Wilson plot).
    #[must_use]
    pub fn at(&self, inverse_d_squared: f64) -> f64 {
        let after = self.shells.partition_point(|(s2, _)| *s2 <= inverse_d_squared);
        let ln = match (after.checked_sub(1).and_then(|i| self.shells.get(i)), self.shells.get(after)) {
            (Some(a), Some(b)) => a.1 + (b.1 - a.1) * (inverse_d_squared - a.0) / (b.0 - a.0),
            (Some(last), None) => last.1 + self.slope * (inverse_d_squared - last.0),
            (None, Some(first)) => first.1,
            (None, None) => f64::NEG_INFINITY,
        };
        ln.exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::{FRAC_2_PI, FRAC_PI_4};

    /// ⟨I⟩, ⟨I²⟩/⟨I⟩² and ⟨F⟩²/⟨I⟩ of many draws.
    fn moments(seed: u64, is_centric: bool) -> [f64; 3] {
        let n = 60_000;
        let draws: Vec<f64> = (0..n).map(|i| draw(seed, [i % 40, i / 40 % 50, i / 2000], 7.0, is_centric)).collect();
        let mean = |f: fn(f64) -> f64| draws.iter().map(|x| f(*x)).sum::<f64>() / f64::from(n);
        let intensity = mean(|f| f * f);
        [intensity, mean(|f| f.powi(4)) / intensity.powi(2), mean(|f| f).powi(2) / intensity]
    }

    #[test]
    fn the_moments_are_wilsons() {
        // International Tables B, 2010, table 2.1.5.1: 2 and π/4 for acentric, 3 and 2/π for centric reflections.
        for (is_centric, fourth, ratio) in [(false, 2.0, FRAC_PI_4), (true, 3.0, FRAC_2_PI)] {
            let [mean, found_fourth, found_ratio] = moments(3, is_centric);
            assert!((mean - 7.0).abs() < 0.15, "{mean}");
            assert!((found_fourth / fourth - 1.0).abs() < 0.04, "{found_fourth}");
            assert!((found_ratio / ratio - 1.0).abs() < 0.01, "{found_ratio}");
        }
    }

    #[test]
    fn the_cumulative_distributions_are_wilsons() {
        // P(I < z⟨I⟩) at z = 0.5: 1 − exp(−0.5) and erf(0.5) (Howells, Phillips & Rogers, Acta Cryst. 3 (1950) 210-214).
        for (is_centric, expected) in [(false, 0.3935), (true, 0.5205)] {
            let n = 40_000;
            let below = (0..n).filter(|i| draw(1, [*i % 200, i / 200, -5], 2.0, is_centric).powi(2) < 1.0).count();
            assert!((below as f64 / f64::from(n) - expected).abs() < 0.01);
        }
    }

    #[test]
    fn seed_and_reflection_decide() {
        let one = draw(1, [1, 2, 3], 5.0, false);
        assert_eq!(one, draw(1, [1, 2, 3], 5.0, false));
        assert_eq!(2.0 * one, draw(1, [1, 2, 3], 20.0, false));
        for other in [draw(2, [1, 2, 3], 5.0, false), draw(1, [-1, 2, 3], 5.0, false), draw(1, [2, 1, 3], 5.0, false)] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn the_mean_intensity_follows_the_known_ones() {
        let group = PointGroup::new(&[]);
        let known: Vec<(Miller, f64, f64)> = (0..2000)
            .map(|i| {
                let s2 = f64::from(i) * 1e-4;
                ([i, 0, 0], s2, (1000.0 * (-10.0 * s2).exp()).sqrt())
            })
            .collect();
        let mean = MeanIntensity::of(known.clone(), &group).unwrap();
        for s2 in [0.005, 0.02, 0.1111, 0.19, 0.25, 0.4] {
            assert!((mean.at(s2) / (1000.0 * (-10.0 * s2).exp()) - 1.0).abs() < 0.01, "{s2}: {}", mean.at(s2));
        }
        assert!(MeanIntensity::of(known[..20].to_vec(), &group).unwrap_err().to_string().contains("too few"));
        let dark = known.into_iter().map(|(hkl, s2, _)| (hkl, s2, 0.0)).collect();
        assert!(MeanIntensity::of(dark, &group).unwrap_err().to_string().contains("zero"));
    }
}
