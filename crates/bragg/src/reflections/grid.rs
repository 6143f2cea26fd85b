//! Amplitudes on a grid.

use super::Reflections;
use crate::error::{Error, Result};
use crate::miller::Miller;
use crate::numbers::numbers;

/// Amplitudes on a dense grid of indices, `l` fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct AmplitudeGrid<R = f64> {
    /// Smallest h, k, l.
    pub min: Miller,
    /// Largest h, k, l (inclusive).
    pub max: Miller,
    /// |F| (electrons) of (h, k, l) at `((h - min_h) * n_k + (k - min_k)) * n_l + (l - min_l)`, n = max − min + 1.
    pub amplitudes: Vec<R>,
}
numbers!(AmplitudeGrid { min: other, max: other, amplitudes: list });

impl AmplitudeGrid {
    /// The largest number of grid points that a grid may have: 2²⁸, 2 GiB.
    pub const MAX_POINTS: usize = 1 << 28;

    /// The number of grid points along h, k, l between two corners.
    ///
    /// # Errors
    /// There are more than [`Self::MAX_POINTS`], or the corners are in the wrong order.
    pub fn extents(min: Miller, max: Miller) -> Result<[usize; 3]> {
        let refuse = |what: String| Error::setting("crystal.structure_factors.file", what);
        let mut extents = [0; 3];
        let mut points: usize = 1;
        for axis in 0..3 {
            let extent = i64::from(max[axis]) - i64::from(min[axis]) + 1;
            extents[axis] = usize::try_from(extent).ok().filter(|&n| n > 0).ok_or_else(|| {
                refuse(format!("the largest index {} is below the smallest {}", max[axis], min[axis]))
            })?;
            points = points.checked_mul(extents[axis]).filter(|&n| n <= Self::MAX_POINTS).ok_or_else(|| {
                refuse(format!("indices from {min:?} to {max:?} need a grid of more than {} points", Self::MAX_POINTS))
            })?;
        }
        Ok(extents)
    }

    /// The amplitudes of a list on the smallest grid that holds it, `default` where the list has none.
    ///
    /// # Errors
    /// The list is empty or its indices span more than [`Self::MAX_POINTS`].
    pub fn from_reflections(reflections: &Reflections, default: f64) -> Result<Self> {
        let first = reflections
            .list
            .first()
            .ok_or_else(|| Error::file(&reflections.source, None, "there are no reflections in it"))?
            .0;
        let (mut min, mut max) = (first, first);
        for (hkl, _) in &reflections.list {
            for axis in 0..3 {
                min[axis] = min[axis].min(hkl[axis]);
                max[axis] = max[axis].max(hkl[axis]);
            }
        }
        let [n_h, n_k, n_l] =
            Self::extents(min, max).map_err(|e| Error::file(&reflections.source, None, e.into_what()))?;
        let n_points = n_h * n_k * n_l;
        let mut amplitudes = Vec::new();
        amplitudes.try_reserve_exact(n_points).map_err(|_| {
            let what = format!(
                "indices from {min:?} to {max:?} need a grid of {n_points} points, which does not fit into memory"
            );
            Error::file(&reflections.source, None, what)
        })?;
        amplitudes.resize(n_points, default);
        let mut grid = Self { min, max, amplitudes };
        for &(hkl, amplitude) in &reflections.list {
            if let Some(i) = grid.position(hkl) {
                grid.amplitudes[i] = amplitude;
            }
        }
        Ok(grid)
    }

    /// Every point of the grid as a list.
    pub fn to_reflections(&self) -> Reflections {
        let range = |axis: usize| self.min[axis]..=self.max[axis];
        let indices = range(0).flat_map(|h| range(1).flat_map(move |k| range(2).map(move |l| [h, k, l])));
        Reflections { list: indices.zip(self.amplitudes.iter().copied()).collect(), ..Reflections::default() }
    }
}

impl<R> AmplitudeGrid<R> {
    /// Refuses a list that is not as long as the indices ask for.
    ///
    /// # Errors
    /// It is not, or as [`AmplitudeGrid::extents`].
    pub fn check(&self) -> Result<()> {
        let Self { min, max, amplitudes } = self;
        let n_points: usize = AmplitudeGrid::extents(*min, *max)?.iter().product();
        if n_points == amplitudes.len() {
            return Ok(());
        }
        let n = amplitudes.len();
        let what = format!("has a grid of {n} amplitudes; indices from {min:?} to {max:?} need {n_points}");
        Err(Error::setting("crystal.structure_factors.file", what))
    }

    /// The position of a reflection in [`Self::amplitudes`]; `None` outside the grid.
    pub fn position(&self, hkl: Miller) -> Option<usize> {
        if (0..3).any(|axis| hkl[axis] < self.min[axis] || hkl[axis] > self.max[axis]) {
            return None;
        }
        let offset = |axis: usize| (i64::from(hkl[axis]) - i64::from(self.min[axis])) as usize;
        let extent = |axis: usize| (i64::from(self.max[axis]) - i64::from(self.min[axis])) as usize + 1;
        Some((offset(0) * extent(1) + offset(1)) * extent(2) + offset(2))
    }
}
