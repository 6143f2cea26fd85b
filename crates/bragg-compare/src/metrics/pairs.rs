//! The pixels that take part, in pairs.

use super::Settings;
use bragg::image::{Image, PanelImage};

/// A panel's part within the region of interest.
pub(super) struct Window<'a> {
    pub(super) i_panel: usize,
    pub(super) reference: &'a PanelImage<f64>,
    pub(super) candidate: &'a PanelImage<f64>,
    mask: Option<&'a PanelImage<bool>>,
    /// First pixel along fast and slow.
    pub(super) start: (usize, usize),
    /// Numbers of pixels along fast and slow.
    pub(super) size: (usize, usize),
}

/// A pixel that takes part and is finite in both images.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) panel: usize,
    pub(super) fast: usize,
    pub(super) slow: usize,
    pub(super) reference: f64,
    pub(super) candidate: f64,
}

impl Window<'_> {
    /// The values of both images at a pixel, counted from the window's first; `None` where it takes no part.
    pub(super) fn at(&self, fast: usize, slow: usize) -> Option<(f64, f64)> {
        let i = (self.start.1 + slow) * self.reference.n_fast() + self.start.0 + fast;
        let takes_part = self.mask.is_none_or(|mask| mask.pixels().get(i).is_some_and(|takes_part| *takes_part));
        let pair = (*self.reference.pixels().get(i)?, *self.candidate.pixels().get(i)?);
        takes_part.then_some(pair)
    }

    /// As [`Self::at`], where both values are finite.
    pub(super) fn finite_at(&self, fast: usize, slow: usize) -> Option<(f64, f64)> {
        self.at(fast, slow).filter(|(reference, candidate)| reference.is_finite() && candidate.is_finite())
    }
}

/// Two images within region of interest and mask.
pub(super) struct Pairs<'a> {
    pub(super) windows: Vec<Window<'a>>,
    /// Pixels that take part.
    pub(super) n_pixels: usize,
    /// Those that are finite in both images, in the order of the file.
    pub(super) finite: Vec<Pair>,
    /// Pixels that are no numbers: in the reference, in the candidate.
    pub(super) nan: [usize; 2],
    /// Infinite pixels: in the reference, in the candidate.
    pub(super) infinite: [usize; 2],
    /// Pixels that are not finite in either image, or in both in another way.
    pub(super) n_nonfinite_mismatch: usize,
}

impl<'a> Pairs<'a> {
    /// Images and mask are of the same shape.
    pub(super) fn new(reference: &'a Image<f64>, candidate: &'a Image<f64>, settings: &'a Settings) -> Self {
        let panels = reference.panels.iter().zip(&candidate.panels).enumerate();
        let windows = panels.map(|(i_panel, (reference, candidate))| {
            let [fast_0, fast_1, slow_0, slow_1] = settings.roi.unwrap_or([0, usize::MAX, 0, usize::MAX]);
            let span = |first: usize, last: usize, n: usize| {
                let end = last.saturating_add(1).min(n);
                (first.min(end), end.saturating_sub(first))
            };
            let (fast, n_fast) = span(fast_0, fast_1, reference.n_fast());
            let (slow, n_slow) = span(slow_0, slow_1, reference.n_slow());
            let mask = settings.mask.as_ref().and_then(|mask| mask.panels.get(i_panel));
            Window { i_panel, reference, candidate, mask, start: (fast, slow), size: (n_fast, n_slow) }
        });
        let mut pairs = Self {
            windows: windows.collect(),
            n_pixels: 0,
            finite: Vec::new(),
            nan: [0; 2],
            infinite: [0; 2],
            n_nonfinite_mismatch: 0,
        };
        pairs.collect();
        pairs
    }

    fn collect(&mut self) {
        for window in &self.windows {
            for slow in 0..window.size.1 {
                for fast in 0..window.size.0 {
                    let Some((reference, candidate)) = window.at(fast, slow) else { continue };
                    self.n_pixels += 1;
                    if reference.is_finite() && candidate.is_finite() {
                        let (panel, fast, slow) = (window.i_panel, window.start.0 + fast, window.start.1 + slow);
                        self.finite.push(Pair { panel, fast, slow, reference, candidate });
                        continue;
                    }
                    for (i, value) in [reference, candidate].into_iter().enumerate() {
                        self.nan[i] += usize::from(value.is_nan());
                        self.infinite[i] += usize::from(value.is_infinite());
                    }
                    let alike = reference == candidate || (reference.is_nan() && candidate.is_nan());
                    self.n_nonfinite_mismatch += usize::from(!alike);
                }
            }
        }
    }
}

/// A sum whose error does not grow with the number of terms. A. Neumaier, Z. Angew. Math. Mech. 54 (1974), 39.
pub(super) fn sum(terms: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for term in terms {
        let next = sum + term;
        lost += if sum.abs() >= term.abs() { (sum - next) + term } else { (term - next) + sum };
        sum = next;
    }
    sum + lost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_terms_are_not_lost_beside_large_ones() {
        assert_eq!(sum([1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum(std::iter::repeat_n(0.1, 1_000_000)), 100_000.0);
    }
}
