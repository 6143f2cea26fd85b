//! F² laid out for the inner loop.

use super::distances::Distances;
use super::elementary::{multiply_add, to_index};
use super::tile::{BRIGHT, Lane, TILE};
use super::tricubic;
use crate::error::{Error, Result};
use crate::reflections::AmplitudeGrid;
use crate::scene::HklGrid;
use std::ops::Range;

/// F² over reciprocal space.
pub(in crate::kernel) enum Amplitudes {
    /// One F² for every reflection.
    Uniform(f64),
    /// F² of the nearest reflection.
    Nearest(Table),
    /// |F| interpolated where the grid surrounds the point, the nearest reflection's elsewhere.
    Tricubic(Table, tricubic::Table),
}

/// F² of every reflection of the grid, with a border of the default one reflection wide.
pub(in crate::kernel) struct Table {
    squares: Vec<f64>,
    /// First and last index along each axis, border included.
    low: [f64; 3],
    high: [f64; 3],
    /// Reflections along k and l, border included.
    extent: [f64; 2],
    /// The position of the reflection 0 0 0.
    origin: f64,
    /// The largest F².
    largest: f64,
}

impl Amplitudes {
    pub(in crate::kernel) fn new(hkl: &HklGrid) -> Result<Self> {
        Ok(match &hkl.grid {
            None => Self::Uniform(hkl.default_f * hkl.default_f),
            Some(grid) if hkl.is_tricubic() => {
                Self::Tricubic(Table::new(grid, hkl.default_f)?, tricubic::Table::new(grid))
            }
            Some(grid) => Self::Nearest(Table::new(grid, hkl.default_f)?),
        })
    }
}

/// Places of a table that 32 bits can tell apart.
const MOST_PLACES: usize = 1 << 31;

/// What a look-up hands on.
pub(in crate::kernel) struct Lookup {
    index: [u32; TILE],
    /// Only for [`Amplitudes::Tricubic`].
    tricubic: Option<Box<tricubic::Scratch>>,
    /// F².
    pub(in crate::kernel) squares: Lane,
}

impl Lookup {
    pub(in crate::kernel) fn new(amplitudes: &Amplitudes) -> Self {
        let tricubic = matches!(amplitudes, Amplitudes::Tricubic(..)).then(|| Box::new(tricubic::Scratch::new()));
        Self { index: [0; TILE], tricubic, squares: BRIGHT }
    }
}

impl Amplitudes {
    /// What the inner loops leave out of F².
    pub(in crate::kernel) fn factor(&self) -> f64 {
        if let Self::Uniform(square) = self { *square } else { 1.0 }
    }

    /// A number as large as the largest F² of a reflection, for arithmetic of a small range; 1 where all are alike.
    pub(in crate::kernel) fn unit(&self) -> f64 {
        match self {
            Self::Nearest(table) | Self::Tricubic(table, _) if table.largest > 0.0 => table.largest,
            _ => 1.0,
        }
    }

    /// No F² is larger, [`Self::factor`] left out.
    pub(in crate::kernel) fn largest(&self) -> f64 {
        match self {
            Self::Uniform(_) => 1.0,
            Self::Nearest(table) => table.largest,
            Self::Tricubic(..) => f64::INFINITY,
        }
    }

    /// F² near a reflection (whole numbers), [`Self::factor`] left out; 0, the least that it can be, where that is not known.
    pub(in crate::kernel) fn nearest(&self, hkl: [f64; 3]) -> f64 {
        match self {
            Self::Uniform(_) => 1.0,
            Self::Nearest(table) => table.nearest(hkl),
            Self::Tricubic(..) => 0.0,
        }
    }

    /// F² of the first `n` points; whether any is not 0. [`Self::Uniform`] leaves them as they are.
    #[inline(always)]
    pub(in crate::kernel) fn look_up<const FMA: bool>(
        &self,
        distances: &Distances,
        lookup: &mut Lookup,
        n: usize,
    ) -> bool {
        match self {
            Self::Uniform(_) => return true,
            Self::Nearest(table) => table.look_up::<FMA>(&distances.nearest, lookup, 0..n),
            Self::Tricubic(table, between) => {
                table.look_up::<FMA>(&distances.nearest, lookup, 0..n);
                if let Some(scratch) = &mut lookup.tricubic {
                    between.interpolate::<FMA>(distances, scratch, &mut lookup.squares[..n]);
                }
            }
        }
        lookup.squares[..n].iter().fold(false, |any, &square| any | (square != 0.0))
    }
}

impl Amplitudes {
    /// [`Self::look_up`] of the nearest reflections alone, for a range of the points.
    #[inline(always)]
    pub(in crate::kernel) fn look_up_nearest<const FMA: bool>(
        &self,
        distances: &Distances,
        lookup: &mut Lookup,
        range: Range<usize>,
    ) -> bool {
        let (Self::Nearest(table) | Self::Tricubic(table, _)) = self else { return true };
        table.look_up::<FMA>(&distances.nearest, lookup, range.clone());
        lookup.squares[range].iter().fold(false, |any, &square| any | (square != 0.0))
    }
}

impl Table {
    fn new(grid: &AmplitudeGrid, default_f: f64) -> Result<Self> {
        let low: [f64; 3] = std::array::from_fn(|i| f64::from(grid.min[i]) - 1.0);
        let high: [f64; 3] = std::array::from_fn(|i| f64::from(grid.max[i]) + 1.0);
        let [n_h, n_k, n_l]: [usize; 3] = std::array::from_fn(|i| (high[i] - low[i]) as usize + 1);
        let n_points = n_h * n_k * n_l;
        let mut squares = Vec::new();
        // A power of two: an index can then be masked instead of tested.
        let n_places = n_points.next_power_of_two();
        let too_large = || {
            let what = format!("a table of {n_points} reflections, border included, is too large");
            Error::setting("crystal.structure_factors.file", what)
        };
        if n_places > MOST_PLACES {
            return Err(too_large());
        }
        squares.try_reserve_exact(n_places).map_err(|_| too_large())?;
        squares.resize(n_places, default_f * default_f);
        let rows = grid.amplitudes.chunks_exact(n_l - 2);
        for (i, row) in rows.enumerate() {
            let (i_h, i_k) = (i / (n_k - 2) + 1, i % (n_k - 2) + 1);
            let start = (i_h * n_k + i_k) * n_l + 1;
            squares[start..start + n_l - 2].iter_mut().zip(row).for_each(|(square, f)| *square = f * f);
        }
        let extent = [n_k as f64, n_l as f64];
        let origin = -((low[0] * extent[0] + low[1]) * extent[1] + low[2]);
        let largest = squares.iter().copied().fold(0.0, f64::max);
        Ok(Self { squares, low, high, extent, origin, largest })
    }

    /// F² of a reflection.
    fn nearest(&self, hkl: [f64; 3]) -> f64 {
        let [h, k, l] = [0, 1, 2].map(|axis| clamp(hkl[axis], self.low[axis], self.high[axis]));
        let place = (h * self.extent[0] + k) * self.extent[1] + l + self.origin;
        self.squares.get(place as usize).copied().unwrap_or(0.0)
    }

    /// F² of the nearest reflections.
    #[inline(always)]
    fn look_up<const FMA: bool>(&self, nearest: &[Lane; 3], lookup: &mut Lookup, range: Range<usize>) {
        let n = range.len();
        let [h, k, l] = nearest.each_ref().map(|axis| &axis[range.clone()]);
        let (index, squares) = (&mut lookup.index[range.clone()], &mut lookup.squares[range]);
        let inside = |x: f64, axis: usize| clamp(x, self.low[axis], self.high[axis]);
        for i in 0..n {
            let row = multiply_add::<FMA>(inside(h[i], 0), self.extent[0], inside(k[i], 1));
            index[i] = to_index(multiply_add::<FMA>(row, self.extent[1], inside(l[i], 2)) + self.origin);
        }
        let table = &self.squares[..];
        let last = table.len().wrapping_sub(1);
        if last >= table.len() {
            return;
        }
        for (square, &index) in squares.iter_mut().zip(&*index) {
            *square = table[index as usize & last];
        }
    }
}

/// x between two bounds; the lower one for NaN.
#[inline(always)]
fn clamp(x: f64, low: f64, high: f64) -> f64 {
    let x = if x > low { x } else { low };
    if x < high { x } else { high }
}
