//! The numbers that say how far two images agree.

use super::pairs::{Pair, Pairs, sum};
use super::peaks::{Matched, PeakPair};
use super::{Comparison, Settings};

/// A number with its name and meaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// The name, as in files.
    pub name: &'static str,
    /// What it is.
    pub meaning: &'static str,
    /// Its value; none where it is not defined.
    pub value: Option<f64>,
}

/// A pixel, and what both images have there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// The panel.
    pub panel: usize,
    /// The pixel along fast.
    pub fast: usize,
    /// The pixel along slow.
    pub slow: usize,
    /// The reference's value.
    pub reference: f64,
    /// The candidate's value.
    pub candidate: f64,
}

/// One table for the fields, their names in files and their meaning.
macro_rules! metrics {
    ($($name:ident: $meaning:literal,)*) => {
        /// The numbers; none where one is not defined. Those that count are whole. r is the reference's pixel, c the candidate's.
        #[derive(Debug, Clone, Copy, PartialEq, Default)]
        pub struct Metrics {
            $(#[doc = $meaning] pub $name: Option<f64>,)*
        }

        impl Metrics {
            /// All of them, in the order of reports.
            pub fn list(&self) -> Vec<Metric> {
                vec![$(Metric { name: stringify!($name), meaning: $meaning, value: self.$name },)*]
            }
        }
    };
}

metrics! {
    correlation: "Pearson's correlation of r and c",
    sum_ratio: "Σc / Σr",
    reference_sum: "Σr",
    candidate_sum: "Σc",
    mse: "mean of (c − r)²",
    rmse: "square root of the mean of (c − r)²",
    max_abs: "largest |c − r|",
    max_rel: "largest |c − r| / max(|r|, floor)",
    median_rel: "median of the relative differences",
    p99_rel: "99th percentile of the relative differences",
    n_beyond_rel: "pixels whose relative difference exceeds the tolerance",
    fraction_beyond_rel: "part of the compared pixels whose relative difference exceeds the tolerance",
    n_different: "pixels that differ at all",
    zero_agreement: "part of the compared pixels that are zero in both images or in neither",
    n_zero_mismatch: "pixels that are zero in one image only",
    ssim: "mean structural similarity, Gaussian window of 11 × 11 pixels",
    centroid_shift: "distance of the intensity-weighted centroids (pixels)",
    centroid_shift_fast: "shift of the centroid along fast (pixels)",
    centroid_shift_slow: "shift of the centroid along slow (pixels)",
    peaks_reference: "strongest peaks of the reference that were looked for",
    peaks_matched: "those with a peak of the candidate within the gate",
    peaks_missing: "those without",
    peaks_extra: "the candidate's strongest peaks without one of the reference",
    peak_shift_mean: "mean distance of matched peaks (pixels)",
    peak_shift_max: "largest distance of matched peaks (pixels)",
    peak_intensity_error_median: "median of the relative intensity errors of matched peaks",
    peak_intensity_error_max: "largest relative intensity error of matched peaks",
    n_pixels: "pixels within region of interest and mask",
    n_compared: "those that are finite in both images, of which all other numbers are made",
    reference_nan: "pixels of the reference that are no numbers",
    candidate_nan: "pixels of the candidate that are no numbers",
    reference_inf: "infinite pixels of the reference",
    candidate_inf: "infinite pixels of the candidate",
    n_nonfinite_mismatch: "pixels that are not finite in one image, or not in the same way in both",
}

impl Metrics {
    /// The value of a metric by its name in files; `None` where no metric has the name.
    pub fn get(&self, name: &str) -> Option<Option<f64>> {
        self.list().into_iter().find(|metric| metric.name == name).map(|metric| metric.value)
    }
}

/// Makes the numbers.
pub(super) fn comparison(pairs: &Pairs<'_>, settings: &Settings, peaks: Matched, ssim: Option<f64>) -> Comparison {
    let finite = &pairs.finite;
    let count = |n: usize| Some(n as f64);
    let n = finite.len() as f64;
    let some = (!finite.is_empty()).then_some(n);
    let [sum_r, sum_c] = [sum(finite.iter().map(|p| p.reference)), sum(finite.iter().map(|p| p.candidate))];
    let mse = some.map(|n| sum(finite.iter().map(|p| (p.candidate - p.reference).powi(2))) / n);
    let absolute = |p: &Pair| (p.candidate - p.reference).abs();
    let max_abs_at = farthest(finite, absolute);
    let brightest = finite.iter().map(|p| p.reference.abs()).fold(0.0, f64::max);
    let floor = settings.rel_floor * brightest;
    let relative = |p: &Pair| absolute(p) / p.reference.abs().max(floor);
    // without any signal in the reference there is nothing to be relative to
    let has_relative = floor > 0.0;
    let mut relatives: Vec<f64> = if has_relative { finite.iter().map(relative).collect() } else { Vec::new() };
    let n_beyond = relatives.iter().filter(|&&rel| rel > settings.rel_tolerance).count();
    let [median_rel, p99_rel] = [0.5, 0.99].map(|part| quantile(&mut relatives, part));
    let max_rel_at = if has_relative { farthest(finite, relative) } else { None };
    let zero_mismatch = finite.iter().filter(|p| (p.reference == 0.0) != (p.candidate == 0.0)).count();
    let different = finite.iter().filter(|p| p.reference != p.candidate).count();
    let [shift_fast, shift_slow] = [|p: &Pair| p.fast as f64, |p: &Pair| p.slow as f64].map(|along| {
        let centroid = |value: fn(&Pair) -> f64, total: f64| {
            (total > 0.0).then(|| sum(finite.iter().map(|p| value(p) * along(p))) / total)
        };
        Some(centroid(|p| p.candidate, sum_c)? - centroid(|p| p.reference, sum_r)?)
    });
    let metrics = Metrics {
        correlation: correlation(finite, sum_r / n, sum_c / n),
        sum_ratio: (sum_r != 0.0).then(|| sum_c / sum_r),
        reference_sum: Some(sum_r),
        candidate_sum: Some(sum_c),
        mse,
        rmse: mse.map(f64::sqrt),
        max_abs: some.map(|_| max_abs_at.map_or(0.0, |(largest, _)| largest)),
        max_rel: has_relative.then(|| max_rel_at.map_or(0.0, |(largest, _)| largest)),
        median_rel,
        p99_rel,
        n_beyond_rel: has_relative.then_some(n_beyond as f64),
        fraction_beyond_rel: has_relative.then(|| n_beyond as f64 / n),
        n_different: count(different + pairs.n_nonfinite_mismatch),
        zero_agreement: some.map(|n| 1.0 - zero_mismatch as f64 / n),
        n_zero_mismatch: count(zero_mismatch),
        ssim,
        centroid_shift: shift_fast.zip(shift_slow).map(|(fast, slow)| fast.hypot(slow)),
        centroid_shift_fast: shift_fast,
        centroid_shift_slow: shift_slow,
        n_pixels: count(pairs.n_pixels),
        n_compared: count(finite.len()),
        reference_nan: count(pairs.nan[0]),
        candidate_nan: count(pairs.nan[1]),
        reference_inf: count(pairs.infinite[0]),
        candidate_inf: count(pairs.infinite[1]),
        n_nonfinite_mismatch: count(pairs.n_nonfinite_mismatch),
        ..of_peaks(&peaks)
    };
    let place = |found: Option<(f64, Place)>| found.map(|(_, place)| place);
    Comparison { metrics, max_abs_at: place(max_abs_at), max_rel_at: place(max_rel_at), peaks: peaks.pairs }
}

/// The first of the pixels that differ most by a measure, and how much; `None` where none differs.
fn farthest(finite: &[Pair], measure: impl Fn(&Pair) -> f64) -> Option<(f64, Place)> {
    let mut worst: Option<(f64, &Pair)> = None;
    for pair in finite {
        let far = measure(pair);
        if far > worst.map_or(0.0, |(most, _)| most) {
            worst = Some((far, pair));
        }
    }
    worst.map(|(far, &Pair { panel, fast, slow, reference, candidate })| {
        (far, Place { panel, fast, slow, reference, candidate })
    })
}

/// Σ(r − r̄)(c − c̄) / √(Σ(r − r̄)² Σ(c − c̄)²); `None` where one image is constant.
fn correlation(finite: &[Pair], mean_r: f64, mean_c: f64) -> Option<f64> {
    let deviations = || finite.iter().map(|p| (p.reference - mean_r, p.candidate - mean_c));
    let (rr, cc) = (sum(deviations().map(|(r, _)| r * r)), sum(deviations().map(|(_, c)| c * c)));
    let rc = sum(deviations().map(|(r, c)| r * c));
    let constant = |value: fn(&Pair) -> f64| finite.iter().all(|p| value(p) == finite.first().map_or(0.0, value));
    let defined = rr > 0.0 && cc > 0.0 && !constant(|p| p.reference) && !constant(|p| p.candidate);
    defined.then(|| (rc / (rr * cc).sqrt()).clamp(-1.0, 1.0))
}

/// The value below which a part of the values lies, interpolated linearly between neighbours (Hyndman & Fan's seventh, numpy's
/// default). The values are reordered.
fn quantile(values: &mut [f64], part: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let place = part * last as f64;
    let below = (place.floor() as usize).min(last);
    let (_, &mut low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let high = above.iter().copied().fold(f64::INFINITY, f64::min);
    Some(if above.is_empty() { low } else { low + (high - low) * (place - below as f64) })
}

fn of_peaks(matched: &Matched) -> Metrics {
    let peaks = &matched.pairs;
    let shifts: Vec<f64> = peaks.iter().filter_map(PeakPair::shift).collect();
    let mut errors: Vec<f64> = peaks.iter().filter_map(PeakPair::intensity_error).map(f64::abs).collect();
    let largest = |values: &[f64]| values.iter().copied().reduce(f64::max);
    Metrics {
        peaks_reference: Some(peaks.len() as f64),
        peaks_matched: Some(shifts.len() as f64),
        peaks_missing: Some((peaks.len() - shifts.len()) as f64),
        peaks_extra: Some(matched.n_extra as f64),
        peak_shift_mean: (!shifts.is_empty()).then(|| shifts.iter().sum::<f64>() / shifts.len() as f64),
        peak_shift_max: largest(&shifts),
        peak_intensity_error_max: largest(&errors),
        peak_intensity_error_median: quantile(&mut errors, 0.5),
        ..Metrics::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::compare;
    use crate::metrics::tests::image;

    #[test]
    fn numbers_that_can_be_worked_out_by_hand() {
        let (a, b) = (image(2, &[1.0, 2.0, 3.0, 0.0]), image(2, &[1.0, 2.5, 3.0, 0.5]));
        let settings = Settings { rel_floor: 0.1, rel_tolerance: 0.25, ..Settings::default() };
        let found = compare(&a, &b, &settings).unwrap();
        let m = found.metrics;
        // deviations from 1.5 and 1.75: −½ ½ 3/2 −3/2 and −¾ ¾ 5/4 −5/4; Σrr = 5, Σcc = 4.25, Σrc = 4.5
        assert!((m.correlation.unwrap() - 4.5 / (5.0_f64 * 4.25).sqrt()).abs() < 1e-15);
        assert_eq!((m.reference_sum, m.candidate_sum, m.sum_ratio), (Some(6.0), Some(7.0), Some(7.0 / 6.0)));
        assert_eq!((m.mse, m.max_abs), (Some(0.125), Some(0.5)));
        let place = found.max_abs_at.unwrap();
        assert_eq!((place.fast, place.slow, place.reference, place.candidate), (1, 0, 2.0, 2.5));
        // relative to 1, 2, 3 and the floor 0.3: 0 ¼ 0 5/3
        assert!((m.max_rel.unwrap() - 5.0 / 3.0).abs() < 1e-15);
        assert_eq!((found.max_rel_at.unwrap().fast, found.max_rel_at.unwrap().slow), (1, 1));
        assert_eq!((m.median_rel, m.n_beyond_rel, m.fraction_beyond_rel), (Some(0.125), Some(1.0), Some(0.25)));
        // numpy.percentile([0, 0, 0.25, 5/3], 99): 0.97 of the way from ¼ to 5/3
        assert!((m.p99_rel.unwrap() - (0.25 + 0.97 * (5.0 / 3.0 - 0.25))).abs() < 1e-15);
        assert_eq!((m.zero_agreement, m.n_zero_mismatch, m.n_different), (Some(0.75), Some(1.0), Some(2.0)));
        // fast: (2 + 0)/6 → (2.5 + 0.5)/7; slow: 3/6 → 3.5/7
        assert!((m.centroid_shift_fast.unwrap() - (3.0 / 7.0 - 1.0 / 3.0)).abs() < 1e-15);
        assert_eq!(m.centroid_shift_slow, Some(0.0));
    }

    #[test]
    fn what_is_no_number_is_counted_and_left_out() {
        let a = image(3, &[1.0, f64::NAN, 2.0, f64::INFINITY, 3.0, f64::INFINITY]);
        let b = image(3, &[1.0, f64::NAN, f64::NAN, f64::INFINITY, 3.0, f64::NEG_INFINITY]);
        let m = compare(&a, &b, &Settings::default()).unwrap().metrics;
        assert_eq!((m.reference_nan, m.candidate_nan), (Some(1.0), Some(2.0)));
        assert_eq!((m.reference_inf, m.candidate_inf), (Some(2.0), Some(2.0)));
        assert_eq!((m.n_nonfinite_mismatch, m.n_compared, m.n_pixels), (Some(2.0), Some(2.0), Some(6.0)));
        assert_eq!((m.sum_ratio, m.max_abs, m.n_different), (Some(1.0), Some(0.0), Some(2.0)));
    }

    #[test]
    fn what_is_not_defined_has_no_value() {
        let (zero, one) = (image(2, &[0.0; 4]), image(2, &[1.0; 4]));
        let m = compare(&zero, &one, &Settings::default()).unwrap().metrics;
        assert_eq!((m.correlation, m.sum_ratio, m.max_rel, m.median_rel), (None, None, None, None));
        assert_eq!((m.centroid_shift, m.max_abs, m.zero_agreement), (None, Some(1.0), Some(0.0)));
        let nothing = image(2, &[f64::NAN; 4]);
        let m = compare(&nothing, &nothing, &Settings::default()).unwrap().metrics;
        assert_eq!((m.correlation, m.mse, m.max_abs, m.n_compared), (None, None, None, Some(0.0)));
        // a constant that is not exact in binary has rounding for deviations, which is no correlation
        let tenth = image(10, &[0.1; 1000]);
        assert_eq!(compare(&tenth, &tenth, &Settings::default()).unwrap().metrics.correlation, None);
    }

    #[test]
    fn metrics_are_found_by_name() {
        let m = Metrics { ssim: Some(0.5), ..Metrics::default() };
        assert_eq!((m.get("ssim"), m.get("rmse"), m.get("rms")), (Some(Some(0.5)), Some(None), None));
    }
}
