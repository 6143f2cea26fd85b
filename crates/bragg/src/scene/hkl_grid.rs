//! |F| over the reciprocal lattice.

use crate::experiment::{Interpolation, StructureFactors};
use crate::math::{Mat3, Vec3};
use crate::numbers::numbers;
use crate::physics::interpolation::tricubic;
use crate::physics::scattering::thermal_factor;
use crate::real::Real;
use crate::reflections::AmplitudeGrid;
use std::sync::Arc;

/// |F| (electrons) at any point of reciprocal space.
#[derive(Debug, Clone, PartialEq)]
pub struct HklGrid<R = f64> {
    /// The amplitudes that are known.
    pub grid: Option<Arc<AmplitudeGrid<R>>>,
    /// |F| everywhere else.
    pub default_f: R,
    /// How amplitudes are read between reflections.
    pub interpolation: Interpolation,
}
numbers!(HklGrid { grid: part, default_f: number, interpolation: other });

impl<R> HklGrid<R> {
    /// The amplitudes that are known, in the order of the grid; none without one.
    pub fn amplitudes(&self) -> &[R] {
        self.grid.as_ref().map_or(&[], |grid| &grid.amplitudes)
    }
}

impl<R: Real> HklGrid<R> {
    /// The amplitudes scaled and weakened; `reciprocal` has rows a*, b*, c* (1/Å).
    pub(super) fn new(structure_factors: &StructureFactors<R>, reciprocal: &Mat3<R>) -> Self {
        let StructureFactors { grid, default_f, include_f000, scale, b_factor, interpolation } = structure_factors;
        let as_they_are = scale.is_fixed_at(1.0) && b_factor.is_fixed_at(0.0);
        let grid = grid.as_ref().map(|grid| {
            if as_they_are { Arc::clone(grid) } else { Arc::new(scaled(grid, *scale, *b_factor, reciprocal)) }
        });
        let default_f = *default_f * *scale;
        let grid = if *include_f000 { grid } else { without_f000(grid, default_f) };
        Self { grid, default_f, interpolation: *interpolation }
    }

    /// Whether amplitudes are interpolated where the grid allows it.
    pub fn is_tricubic(&self) -> bool {
        self.interpolation == Interpolation::Tricubic
    }

    /// |F| at fractional indices `hkl`, of which `nearest` is the nearest reflection (all whole numbers).
    pub fn amplitude(&self, hkl: [R; 3], nearest: [f64; 3]) -> R {
        let Some(grid) = &self.grid else { return self.default_f };
        if self.is_tricubic()
            && (0..3).all(|i| {
                hkl[i].value() >= f64::from(grid.min[i]) + 2.0 && hkl[i].value() <= f64::from(grid.max[i]) - 2.0
            })
        {
            return interpolated(grid, hkl);
        }
        grid.position(nearest.map(|index| index as i32)).map_or(self.default_f, |i| grid.amplitudes[i])
    }
}

/// The grid with F(0,0,0) = 0. Where all amplitudes are alike, it has this one point.
fn without_f000<R: Real>(grid: Option<Arc<AmplitudeGrid<R>>>, default_f: R) -> Option<Arc<AmplitudeGrid<R>>> {
    let zero = R::constant(0.0);
    let Some(mut grid) = grid else {
        let point = AmplitudeGrid { min: [0; 3], max: [0; 3], amplitudes: vec![zero] };
        return (default_f.value() != 0.0).then(|| Arc::new(point));
    };
    if let Some(i) = grid.position([0; 3])
        && !grid.amplitudes[i].is_fixed_at(0.0)
    {
        Arc::make_mut(&mut grid).amplitudes[i] = zero;
    }
    Some(grid)
}

/// The amplitudes of a grid times `scale` and the thermal factor.
fn scaled<R: Real>(grid: &AmplitudeGrid<R>, scale: R, b_factor: R, reciprocal: &Mat3<R>) -> AmplitudeGrid<R> {
    let [a, b, c] = reciprocal.0;
    let range = |axis: usize| grid.min[axis]..=grid.max[axis];
    let index = |i: i32| R::constant(f64::from(i));
    let points = range(0).flat_map(|h| range(1).flat_map(move |k| range(2).map(move |l| [h, k, l].map(index))));
    let amplitudes = grid.amplitudes.iter().zip(points).map(|(&amplitude, [h, k, l])| {
        let s: Vec3<R> = a * h + b * k + c * l;
        amplitude * scale * thermal_factor(b_factor, s.dot(s))
    });
    AmplitudeGrid { min: grid.min, max: grid.max, amplitudes: amplitudes.collect() }
}

/// The tricubic value at a point at least two reflections inside the grid.
fn interpolated<R: Real>(grid: &AmplitudeGrid<R>, hkl: [R; 3]) -> R {
    let base = hkl.map(|index| index.value().floor());
    let corner: [usize; 3] = std::array::from_fn(|i| (base[i] as i64 - 1 - i64::from(grid.min[i])) as usize);
    let extent = |i: usize| (i64::from(grid.max[i]) - i64::from(grid.min[i]) + 1) as usize;
    let (n_k, n_l) = (extent(1), extent(2));
    let values = std::array::from_fn(|i| {
        std::array::from_fn(|j| {
            let row = ((corner[0] + i) * n_k + corner[1] + j) * n_l + corner[2];
            std::array::from_fn(|k| grid.amplitudes[row + k])
        })
    });
    tricubic(&values, std::array::from_fn(|i| hkl[i] - R::constant(base[i])))
}
