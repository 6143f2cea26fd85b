//! The strongest peaks of both images, matched.

use pathfinding::kuhn_munkres::kuhn_munkres;
use pathfinding::matrix::Matrix;

use super::Settings;
use super::pairs::{Pairs, Window};

/// A local maximum: a positive pixel that none of its eight neighbours exceeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// The panel.
    pub panel: usize,
    /// Where it is along fast and slow (pixels): the centroid of its 3 × 3 pixels above the lowest of them.
    pub at: (f64, f64),
    /// Its highest pixel.
    pub height: f64,
    /// The sum of its 3 × 3 pixels.
    pub intensity: f64,
}

/// A peak of the reference and the candidate's that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeakPair {
    /// The reference's.
    pub reference: Peak,
    /// The candidate's; none within the gate.
    pub candidate: Option<Peak>,
}

impl PeakPair {
    /// The distance of the two (pixels).
    pub fn shift(&self) -> Option<f64> {
        self.candidate.map(|candidate| distance(&self.reference, &candidate))
    }

    /// The difference of their intensities over the reference's.
    pub fn intensity_error(&self) -> Option<f64> {
        self.candidate.map(|candidate| (candidate.intensity - self.reference.intensity) / self.reference.intensity)
    }
}

/// The peaks as they were matched.
pub(super) struct Matched {
    /// The strongest of the reference.
    pub(super) pairs: Vec<PeakPair>,
    /// How many of the candidate's strongest have no partner.
    pub(super) n_extra: usize,
}

/// Matches the strongest peaks of either image with the strongest twice as many of the other, so that one that is just too weak to be
/// among them is not missed. Of all ways to pair peaks within the gate, the one with the least sum of squared distances, where a peak
/// without partner counts as the gate: H. W. Kuhn, Naval Res. Logist. Quart. 2 (1955), 83.
pub(super) fn matched(pairs: &Pairs<'_>, settings: &Settings) -> Matched {
    let n = settings.n_peaks;
    let [reference, candidate] = [|pair: (f64, f64)| pair.0, |pair: (f64, f64)| pair.1].map(|value| {
        let mut peaks: Vec<Peak> = pairs.windows.iter().flat_map(|window| in_window(window, value)).collect();
        peaks.sort_by(|a, b| b.height.total_cmp(&a.height));
        peaks.truncate(2 * n);
        peaks
    });
    let partners = partners(&reference, &candidate, settings.gate);
    let pairs = reference.iter().zip(&partners).take(n).map(|(&reference, partner)| PeakPair {
        reference,
        candidate: partner.and_then(|i| candidate.get(i).copied()),
    });
    let strongest = 0..n.min(candidate.len());
    let n_extra = strongest.filter(|i| !partners.contains(&Some(*i))).count();
    Matched { pairs: pairs.collect(), n_extra }
}

/// The peaks of one of the images: those whose 3 × 3 pixels all take part. Of equal neighbours the first is the peak.
fn in_window(window: &Window<'_>, value: impl Fn((f64, f64)) -> f64) -> Vec<Peak> {
    let (n_fast, n_slow) = window.size;
    let mut peaks = Vec::new();
    for slow in 1..n_slow.saturating_sub(1) {
        for fast in 1..n_fast.saturating_sub(1) {
            let Some(height) = window.finite_at(fast, slow).map(&value).filter(|height| *height > 0.0) else {
                continue;
            };
            let mut box_of_nine = [0.0; 9];
            let is_peak = box_of_nine.iter_mut().enumerate().all(|(i, pixel)| {
                let Some(pair) = window.finite_at(fast + i % 3 - 1, slow + i / 3 - 1) else { return false };
                *pixel = value(pair);
                if i < 4 { *pixel < height } else { *pixel <= height }
            });
            if is_peak {
                let place = (window.start.0 + fast, window.start.1 + slow);
                peaks.push(peak(window.i_panel, place, height, &box_of_nine));
            }
        }
    }
    peaks
}

fn peak(panel: usize, (fast, slow): (usize, usize), height: f64, box_of_nine: &[f64; 9]) -> Peak {
    let lowest = box_of_nine.iter().copied().fold(f64::INFINITY, f64::min);
    let above: f64 = box_of_nine.iter().map(|pixel| pixel - lowest).sum();
    let centroid = |offset: fn(usize) -> usize| {
        let moment: f64 =
            box_of_nine.iter().enumerate().map(|(i, pixel)| (pixel - lowest) * (offset(i) as f64 - 1.0)).sum();
        if above > 0.0 { moment / above } else { 0.0 }
    };
    let at = (fast as f64 + centroid(|i| i % 3), slow as f64 + centroid(|i| i / 3));
    Peak { panel, at, height, intensity: box_of_nine.iter().sum() }
}

fn distance(a: &Peak, b: &Peak) -> f64 {
    (a.at.0 - b.at.0).hypot(a.at.1 - b.at.1)
}

/// The partner of each peak of `a` among those of `b`.
fn partners(a: &[Peak], b: &[Peak], gate: f64) -> Vec<Option<usize>> {
    /// What a partner at no distance is worth: distances are told apart to 1e-12 of the squared gate.
    const WORTH: f64 = 1e12;
    if a.is_empty() || b.is_empty() {
        return vec![None; a.len()];
    }
    // Behind the peaks of `b` each peak of `a` may stay alone, which is worth nothing; one beyond the gate is worth less.
    let n_columns = b.len() + a.len();
    let worth = |i: usize| {
        let (row, column) = (&a[i / n_columns], i % n_columns);
        let Some(other) = b.get(column) else { return 0 };
        let distance = distance(row, other);
        let near = row.panel == other.panel && distance <= gate;
        if near { 1 + (WORTH * (1.0 - (distance / gate).powi(2))).round() as i64 } else { -1 }
    };
    let weights = Matrix::from_vec(a.len(), n_columns, (0..a.len() * n_columns).map(worth).collect());
    let columns = weights.map(|weights| kuhn_munkres(&weights).1).unwrap_or_default();
    let mut partners: Vec<_> = columns.into_iter().map(|column| (column < b.len()).then_some(column)).collect();
    partners.resize(a.len(), None);
    partners
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::compare;
    use crate::metrics::tests::{image, spots};

    fn at(x: f64, y: f64) -> Peak {
        Peak { panel: 0, at: (x, y), height: 1.0, intensity: 1.0 }
    }

    #[test]
    fn the_assignment_is_the_best_of_all_and_not_the_nearest_first() {
        // the nearest first: 0.16 + 8.41 square pixels; the best of all: 1.96 + 3.61
        let (a, b) = ([at(0.0, 0.0), at(1.0, 0.0)], [at(1.4, 0.0), at(2.9, 0.0)]);
        assert_eq!(partners(&a, &b, 3.0), [Some(0), Some(1)]);
        assert_eq!(partners(&a, &b, 1.0), [None, Some(0)]);
        assert_eq!(partners(&a, &[], 1.0), [None, None]);
        let elsewhere = Peak { panel: 1, ..at(0.0, 0.0) };
        assert_eq!(partners(&a, &[elsewhere], 1.0), [None, None]);
    }

    #[test]
    fn peaks_are_where_they_were_put() {
        // symmetric about its pixel, so that the centroid is the middle: 4 + 4·2 + 4·1 above nothing
        let pixels =
            [0., 0., 0., 0., 0., 0., 1., 2., 1., 0., 0., 2., 4., 2., 0., 0., 1., 2., 1., 0., 0., 0., 0., 0., 0.];
        let found = compare(&image(5, &pixels), &image(5, &pixels), &Settings::default()).unwrap();
        let [PeakPair { reference, candidate }] = found.peaks[..] else { panic!("{:?}", found.peaks) };
        assert_eq!((reference.at, reference.height, reference.intensity), ((2.0, 2.0), 4.0, 16.0));
        assert_eq!(candidate, Some(reference));
    }

    #[test]
    fn a_shift_shows_in_every_peak_and_a_missing_one_is_counted() {
        let found = compare(&spots(0.0), &spots(0.25), &Settings::default()).unwrap();
        assert_eq!(found.peaks.len(), 4);
        assert!(found.peaks.iter().all(|pair| (0.05..0.4).contains(&pair.shift().unwrap())));
        let mut fewer = spots(0.0);
        let pixels = fewer.panels[0].pixels_mut();
        (0..pixels.len()).filter(|i| i / 40 < 18 && i % 40 > 14).for_each(|i| pixels[i] = 5.0);
        let m = compare(&spots(0.0), &fewer, &Settings::default()).unwrap().metrics;
        assert_eq!((m.peaks_matched, m.peaks_missing), (Some(3.0), Some(1.0)));
    }

    #[test]
    fn flat_images_have_no_crowd_of_peaks() {
        let flat = image(30, &[3.0; 900]);
        assert!(compare(&flat, &flat, &Settings::default()).unwrap().peaks.is_empty());
    }
}
