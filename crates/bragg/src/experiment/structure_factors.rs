//! The structure-factor amplitudes of the unit cell.

use crate::reflections::AmplitudeGrid;
use std::sync::Arc;

/// How |F| is read between the points of the reciprocal lattice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// That of the nearest reflection.
    Nearest,
    /// Cubic through 4 × 4 × 4 reflections (for crystals of one or two cells).
    Tricubic,
}

/// The structure-factor amplitudes of the unit cell.
#[derive(Debug, Clone)]
pub struct StructureFactors {
    /// The amplitudes that are known.
    pub grid: Option<Arc<AmplitudeGrid>>,
    /// |F| (electrons) of every reflection that is not in the grid.
    pub default_f: f64,
    /// How they are read between reflections.
    pub interpolation: Interpolation,
}
