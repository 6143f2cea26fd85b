//! The reflections there are up to a limit of resolution.

use super::refused;
use super::{AmplitudeGrid, ReciprocalMetric};
use crate::miller::Miller;
use std::ops::RangeInclusive;

/// The reflections of a unit cell up to a limit of resolution, systematic absences among them.
#[derive(Debug, Clone, Copy)]
pub struct Sphere {
    metric: ReciprocalMetric,
    last: Miller,
    /// 1/d² at the limit (1/Å²).
    limit: f64,
}

impl Sphere {
    /// Up to the resolution `d_min` (Å) for a unit cell a, b, c (Å), α, β, γ (deg).
    ///
    /// # Errors
    /// The cell or `d_min` cannot be used, or the indices up to `d_min` span more than
    /// [`AmplitudeGrid::MAX_POINTS`].
    pub fn new(cell: [f64; 6], d_min: f64) -> crate::Result<Self> {
        let metric = ReciprocalMetric::from_cell(cell)?;
        if !(d_min.is_finite() && d_min > 0.0) {
            return Err(refused(format!("the resolution limit {d_min} Å must be a positive number")));
        }
        // |h| = |a·s| <= a/d for a scattering vector s of length 1/d. The margin is for rounding.
        let last =
            [cell[0], cell[1], cell[2]].map(|edge| (edge / d_min * (1.0 + 1e-9)).min(f64::from(i32::MAX - 1)) as i32);
        AmplitudeGrid::extents(last.map(|n| -n), last).map_err(|e| {
            refused(format!("a resolution limit of {d_min} Å is too fine for the unit cell: {}", e.into_what()))
        })?;
        Ok(Self { metric, last, limit: (1.0 + 1e-9) / (d_min * d_min) })
    }

    /// The metric of the cell.
    #[must_use]
    pub fn metric(&self) -> &ReciprocalMetric {
        &self.metric
    }

    /// The largest indices there can be.
    #[must_use]
    pub fn last(&self) -> Miller {
        self.last
    }

    /// The values of h of half of the reflections: one of each Friedel pair.
    #[must_use]
    pub fn layers(&self) -> RangeInclusive<i32> {
        0..=self.last[0]
    }

    /// The reflections of one h ≥ 0, one of each Friedel pair, without 0 0 0, each with its 1/d² (1/Å²).
    pub fn layer(&self, h: i32) -> impl Iterator<Item = (Miller, f64)> + '_ {
        let [_, last_k, last_l] = self.last;
        (if h == 0 { 0 } else { -last_k }..=last_k).flat_map(move |k| {
            (if h == 0 && k == 0 { 1 } else { -last_l }..=last_l).filter_map(move |l| {
                let inverse_d_squared = self.metric.inverse_d_squared([h, k, l]);
                (inverse_d_squared <= self.limit).then_some(([h, k, l], inverse_d_squared))
            })
        })
    }

    /// One of each Friedel pair, without 0 0 0, each with its 1/d² (1/Å²).
    pub fn half(&self) -> impl Iterator<Item = (Miller, f64)> + '_ {
        self.layers().flat_map(|h| self.layer(h))
    }
}
