//! The structure-factor amplitudes of the unit cell.

use crate::numbers::numbers;
use crate::real::Real;
use crate::reflections::AmplitudeGrid;
use std::sync::Arc;

/// How |F| is read between the points of the reciprocal lattice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// |F| of the nearest reflection.
    Nearest,
    /// Cubic through 4 × 4 × 4 reflections (for crystals of one or two cells).
    Tricubic,
}

/// The structure-factor amplitudes of the unit cell.
#[derive(Debug, Clone)]
pub struct StructureFactors<R = f64> {
    /// The amplitudes that are known.
    pub grid: Option<Arc<AmplitudeGrid<R>>>,
    /// |F| (electrons) of every reflection that is not in the grid.
    pub default_f: R,
    /// Whether F(0,0,0) scatters, onto the beam itself. Where it does not, a grid beside a `default_f` other than 0 must hold its place.
    pub include_f000: bool,
    /// Multiplies every |F|.
    pub scale: R,
    /// B (Å²): those of the grid are weakened by exp(−B/(4 d²)), d the spacing.
    pub b_factor: R,
    /// How they are read between reflections.
    pub interpolation: Interpolation,
}
numbers!(StructureFactors {
    grid: part,
    default_f: number,
    include_f000: other,
    scale: number,
    b_factor: number,
    interpolation: other,
});

impl<R: Real> StructureFactors<R> {
    /// The amplitude `f` (electrons) for every reflection but F(0,0,0), which does not scatter.
    pub fn uniform(f: R) -> Self {
        Self {
            grid: None,
            default_f: f,
            include_f000: false,
            scale: R::constant(1.0),
            b_factor: R::constant(0.0),
            interpolation: Interpolation::Nearest,
        }
    }

    /// Known amplitudes, and 0 for every reflection beyond them. That of the nearest reflection counts; F(0,0,0) does not scatter.
    pub fn of_grid(grid: AmplitudeGrid<R>) -> Self {
        Self { grid: Some(Arc::new(grid)), ..Self::uniform(R::constant(0.0)) }
    }
}
