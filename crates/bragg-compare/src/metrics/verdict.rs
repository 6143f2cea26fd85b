//! Whether two images agree.

use super::Metrics;

/// What is asked of two images that agree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// The least correlation.
    pub min_correlation: f64,
    /// The most that the ratio of the sums may be off 1.
    pub max_sum_deviation: f64,
    /// The most that a matched peak may be shifted (pixels); every peak must then have a partner.
    pub max_peak_shift: Option<f64>,
    /// The largest relative difference of a pixel.
    pub max_rel: Option<f64>,
}

/// Thresholds by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Two programs that compute the same: correlation 0.999, sums within 3 ‰.
    #[default]
    Seed,
    /// Ports that should differ by rounding alone: correlation 0.9999, sums within 3 ‰.
    Strict,
    /// Settings with random parts or approximations: correlation 0.98, sums within 10 %.
    Complex,
}

impl Profile {
    /// Every profile and its name.
    pub const ALL: [(&'static str, Self); 3] =
        [("seed", Self::Seed), ("strict", Self::Strict), ("complex", Self::Complex)];

    /// What it asks.
    pub fn thresholds(self) -> Thresholds {
        let (min_correlation, max_sum_deviation) = match self {
            Self::Seed => (0.999, 3e-3),
            Self::Strict => (0.9999, 3e-3),
            Self::Complex => (0.98, 0.1),
        };
        Thresholds { min_correlation, max_sum_deviation, max_peak_shift: None, max_rel: None }
    }
}

/// One threshold and what was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Check {
    /// The threshold, as in files.
    pub threshold: &'static str,
    /// What it asks.
    pub limit: f64,
    /// Whether the limit is the most or the least.
    pub is_most: bool,
    /// What is measured, as in files.
    pub measured: &'static str,
    /// What was measured; none where it is not defined.
    pub value: Option<f64>,
    /// Whether it is met.
    pub passed: bool,
}

/// Every threshold with what was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// One for each threshold.
    pub checks: Vec<Check>,
}

impl Verdict {
    /// Judges the numbers. A number that is not defined, such as the correlation of a constant image, meets its threshold only where no
    /// pixel differs at all.
    pub fn new(metrics: &Metrics, thresholds: &Thresholds) -> Self {
        let identical = metrics.n_different == Some(0.0);
        let most = |threshold, limit: f64, measured, value: Option<f64>| {
            let passed = value.map_or(identical, |value| value <= limit);
            Check { threshold, limit, is_most: true, measured, value, passed }
        };
        let correlation = metrics.correlation;
        let deviation = metrics.sum_ratio.map(|ratio| (ratio - 1.0).abs());
        let mut checks = vec![
            Check {
                threshold: "min_correlation",
                limit: thresholds.min_correlation,
                is_most: false,
                measured: "correlation",
                value: correlation,
                passed: correlation.map_or(identical, |value| value >= thresholds.min_correlation),
            },
            most("max_sum_deviation", thresholds.max_sum_deviation, "|sum_ratio − 1|", deviation),
            most("max_nonfinite_mismatch", 0.0, "n_nonfinite_mismatch", metrics.n_nonfinite_mismatch),
        ];
        if let Some(limit) = thresholds.max_peak_shift {
            let no_peaks = metrics.peaks_reference == Some(0.0) && metrics.peaks_extra == Some(0.0);
            let shift = if no_peaks { Some(0.0) } else { metrics.peak_shift_max };
            checks.push(most("max_peak_shift", limit, "peak_shift_max", shift));
            checks.push(most("max_peaks_missing", 0.0, "peaks_missing", metrics.peaks_missing));
        }
        if let Some(limit) = thresholds.max_rel {
            checks.push(most("max_rel", limit, "max_rel", metrics.max_rel));
        }
        Self { checks }
    }

    /// Whether every threshold is met.
    pub fn agrees(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::tests::{image, spots};
    use crate::metrics::{Settings, compare};
    use bragg::image::Image;

    fn failed(reference: &Image<f64>, candidate: &Image<f64>, thresholds: &Thresholds) -> Vec<&'static str> {
        let metrics = compare(reference, candidate, &Settings::default()).unwrap().metrics;
        let checks = Verdict::new(&metrics, thresholds).checks;
        checks.iter().filter(|check| !check.passed).map(|check| check.threshold).collect()
    }

    #[test]
    fn planted_faults_fail_by_the_threshold_that_is_for_them() {
        let a = spots(0.0);
        let seed = Profile::Seed.thresholds();
        let all = Thresholds { max_peak_shift: Some(0.1), max_rel: Some(1e-3), ..seed };
        assert!(failed(&a, &a, &all).is_empty());
        assert_eq!(failed(&a, &a.map(|x| 1.004 * x), &seed), ["max_sum_deviation"]);
        assert!(failed(&a, &a.map(|x| 1.0005 * x), &all).is_empty());
        let shifted = failed(&a, &spots(0.5), &all);
        assert!(shifted.contains(&"min_correlation") && shifted.contains(&"max_peak_shift"), "{shifted:?}");
        let with = |value: f64| {
            let mut image = a.clone();
            image.panels[0].pixels_mut()[5 * 40 + 33] = value;
            image
        };
        let hot = failed(&a, &with(1e5), &seed);
        assert!(hot.contains(&"min_correlation") && hot.contains(&"max_sum_deviation"), "{hot:?}");
        assert_eq!(failed(&a, &with(f64::NAN), &seed), ["max_nonfinite_mismatch"]);
        assert_eq!(failed(&with(f64::NAN), &with(f64::NAN), &seed), [""; 0]);
    }

    #[test]
    fn constant_images_agree_only_where_they_are_identical() {
        let seed = Profile::Seed.thresholds();
        let (zero, one) = (image(2, &[0.0; 4]), image(2, &[1.0; 4]));
        assert!(failed(&zero, &zero, &seed).is_empty());
        assert_eq!(failed(&zero, &one, &seed), ["min_correlation", "max_sum_deviation"]);
        assert_eq!(failed(&one, &one.map(|x| x + 1e-6), &seed), ["min_correlation"]);
        let nothing = image(2, &[f64::NAN; 4]);
        assert_eq!(failed(&one, &nothing, &seed).len(), 3);
    }

    #[test]
    fn profiles_are_what_the_documentation_says() {
        let limits = Profile::ALL.map(|(_, p)| (p.thresholds().min_correlation, p.thresholds().max_sum_deviation));
        assert_eq!(limits, [(0.999, 3e-3), (0.9999, 3e-3), (0.98, 0.1)]);
    }
}
