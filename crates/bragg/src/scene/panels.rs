//! The panels of the detector.

use crate::error::{Error, Result};
use crate::experiment::{Panel, Roi};
use crate::math::Vec3;
use crate::numbers::numbers;
use crate::real::Real;
use crate::units::METER_PER_MM;
use std::ops::Range;
use std::sync::Arc;

/// The pixels of a panel that are computed: half-open ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First pixel, and one past the last, along the fast axis.
    pub fast: [usize; 2],
    /// First pixel, and one past the last, along the slow axis.
    pub slow: [usize; 2],
}

/// A flat panel.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelTable<R = f64> {
    /// Corner of the first pixel (m).
    pub origin: Vec3<R>,
    /// Unit vector of the fast axis.
    pub fast_axis: Vec3<R>,
    /// Unit vector of the slow axis.
    pub slow_axis: Vec3<R>,
    /// Unit vector across the plane, away from the sample.
    pub normal: Vec3<R>,
    /// Edge of a pixel (m).
    pub pixel_size: f64,
    /// Distance of the plane (m).
    pub close_distance: R,
    /// Pixels along the fast axis.
    pub n_fast: usize,
    /// Pixels along the slow axis.
    pub n_slow: usize,
    /// The pixels to compute.
    pub window: Window,
    /// One flag a pixel; `false` is skipped.
    pub mask: Option<Arc<[bool]>>,
}
numbers!(PanelTable {
    origin: part,
    fast_axis: part,
    slow_axis: part,
    normal: part,
    pixel_size: other,
    close_distance: number,
    n_fast: other,
    n_slow: other,
    window: other,
    mask: other,
});

impl<R: Real> PanelTable<R> {
    pub(super) fn new(panel: &Panel<R>) -> Self {
        let per_mm = R::constant(METER_PER_MM);
        let all = Roi { fast: [0, panel.n_fast.saturating_sub(1)], slow: [0, panel.n_slow.saturating_sub(1)] };
        let roi = panel.roi.unwrap_or(all);
        let half_open = |[first, last]: [usize; 2], n: usize| [first.min(n), last.saturating_add(1).min(n)];
        Self {
            origin: panel.origin * per_mm,
            fast_axis: panel.fast_axis,
            slow_axis: panel.slow_axis,
            normal: panel.normal,
            pixel_size: panel.pixel_size * METER_PER_MM,
            close_distance: panel.close_distance() * per_mm,
            n_fast: panel.n_fast,
            n_slow: panel.n_slow,
            window: Window { fast: half_open(roi.fast, panel.n_fast), slow: half_open(roi.slow, panel.n_slow) },
            mask: panel.mask.clone(),
        }
    }
}

impl<R> PanelTable<R> {
    /// Refuses a window that reaches beyond the panel, and a mask of another number of pixels.
    pub(super) fn check(&self) -> Result<()> {
        let Self { n_fast, n_slow, window: Window { fast, slow }, .. } = self;
        if fast[1] > *n_fast || slow[1] > *n_slow {
            let what = format!("ends before pixel {} {}; the panel has {n_fast} × {n_slow}", fast[1], slow[1]);
            return Err(Error::setting("detector.roi", what));
        }
        match &self.mask {
            Some(mask) if n_fast.checked_mul(*n_slow) != Some(mask.len()) => {
                let what = format!("has {} flags, but the panel has {n_fast} × {n_slow} pixels", mask.len());
                Err(Error::setting("detector.mask", what))
            }
            _ => Ok(()),
        }
    }

    /// The first of the `fast` pixels of a row that is computed, or with `live` false is not.
    pub fn find(&self, mut fast: Range<usize>, slow: usize, live: bool) -> Option<usize> {
        match &self.mask {
            Some(mask) => fast.find(|fast| mask[slow * self.n_fast + fast] == live),
            None => (live && !fast.is_empty()).then_some(fast.start),
        }
    }

    /// The places of the pixels of a row that are computed, fast axis first.
    pub fn live_places(&self, slow: usize) -> impl Iterator<Item = usize> {
        let [first, end] = self.window.fast;
        (first..end).filter(move |&fast| self.is_live(fast, slow)).map(move |fast| slow * self.n_fast + fast)
    }

    /// How far a pixel lies from the middle of the panel along fast and slow, in pixels.
    pub fn from_middle(&self, fast: usize, slow: usize) -> [f64; 2] {
        [(fast, self.n_fast), (slow, self.n_slow)].map(|(i, n)| i as f64 - (n as f64 - 1.0) / 2.0)
    }

    /// Whether a pixel is computed.
    #[inline]
    pub fn is_live(&self, fast: usize, slow: usize) -> bool {
        self.mask.as_ref().is_none_or(|mask| mask[slow * self.n_fast + fast])
    }
}
