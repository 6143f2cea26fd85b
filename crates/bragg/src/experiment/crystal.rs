//! The crystal: its cell and orientation, its shape and its mosaic domains.

use super::UnitCell;
use crate::math::{Mat3, Vec3};
use crate::numbers::{Numbers, numbers};
use crate::random::Generator;
use crate::random::rotations::CAP_RMS;
use crate::real::Real;

/// The shape of the crystal (of each mosaic domain), which sets the shape of its spots. Whatever it is, ∫L² over a reciprocal cell is
/// the number of cells, as it must be (Parseval's theorem); but not so for nanoBragg's two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A parallelepiped of whole unit cells: the interference function of a grating along each axis.
    Square,
    /// A sphere, or an ellipsoid: its diameters are the block's edges.
    Round,
    /// Gaussian spots whose width along each index is that of the block: L = N·exp(−fudge·(π/2)·Σ(N_i·δ_i)²).
    Gauss,
    /// Gaussian spots that are round in reciprocal space, as wide as a block of this volume makes them:
    /// L = N·exp(−fudge·(π/2)·V^⅔·|Δq|²), V the volume of the block.
    GaussStar,
    /// Spots of constant height where fudge·Σ(N_i·δ_i)² < (3/4π)^⅔.
    Tophat,
    /// nanoBragg's Gaussian spots, 1/(N_a·N_b·N_c) wide in 1/Å whatever the cell: L = N·exp(−fudge·N²·|Δq|²/0.63).
    GaussNanobragg,
    /// nanoBragg's top-hat spots, where fudge·N²·|Δq|² < 0.3969.
    TophatNanobragg,
}

impl Shape {
    /// All of them, by the names that `crystal.shape` has for them.
    pub const ALL: [(&'static str, Self); 7] = [
        ("square", Self::Square),
        ("round", Self::Round),
        ("gauss", Self::Gauss),
        ("gauss-star", Self::GaussStar),
        ("tophat", Self::Tophat),
        ("gauss-nanobragg", Self::GaussNanobragg),
        ("tophat-nanobragg", Self::TophatNanobragg),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, shape)| *shape == self).map_or("", |(name, _)| name)
    }

    /// The shape of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(of, _)| *of == name).map(|(_, shape)| shape)
    }

    /// Whether its spots end at once, so that images have no useful derivative.
    pub fn is_tophat(self) -> bool {
        matches!(self, Self::Tophat | Self::TophatNanobragg)
    }
}

/// How the orientations of mosaic domains spread about their mean, alike in all directions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MosaicSpread<R = f64> {
    /// Rotation vectors have a Gaussian distribution.
    Gaussian {
        /// Standard deviation (deg) of the rotation about each axis.
        eta: R,
    },
    /// nanoBragg's distribution: axes uniform on the sphere, angles half_width·(1 − r²)^⅓ with r uniform between −1 and 1.
    Cap {
        /// The largest angle (deg).
        half_width: R,
    },
}

impl<R: Copy> Numbers for MosaicSpread<R> {
    type Number = R;
    type Of<S: Copy> = MosaicSpread<S>;

    fn map<S: Copy>(&self, f: &mut impl FnMut(R) -> S) -> MosaicSpread<S> {
        self.with_width(f(self.width()))
    }

    fn zip<S: Copy + Default, T: Copy>(
        &self,
        other: &MosaicSpread<S>,
        f: &mut impl FnMut(R, S) -> T,
    ) -> MosaicSpread<T> {
        self.with_width(f(self.width(), other.width()))
    }
}

impl<R: Copy> MosaicSpread<R> {
    /// Its width (deg): eta or half_width.
    pub fn width(self) -> R {
        match self {
            Self::Gaussian { eta } => eta,
            Self::Cap { half_width } => half_width,
        }
    }

    /// This distribution with another width (deg).
    #[must_use]
    pub fn with_width<S>(self, width: S) -> MosaicSpread<S> {
        match self {
            Self::Gaussian { .. } => MosaicSpread::Gaussian { eta: width },
            Self::Cap { .. } => MosaicSpread::Cap { half_width: width },
        }
    }
}

impl<R: Real> MosaicSpread<R> {
    /// The standard deviation (deg) of the rotation about each axis.
    pub fn rms_per_axis(self) -> R {
        match self {
            Self::Gaussian { eta } => eta,
            Self::Cap { half_width } => half_width * R::constant(CAP_RMS),
        }
    }
}

/// What the rotations of mosaic domains are fixed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MosaicFrame {
    /// They turn with the crystal: R_φ·R_domain·A for the spindle's rotation R_φ.
    Crystal,
    /// They stay in the laboratory, R_domain·R_φ·A, as in nanoBragg.
    Laboratory,
}

/// The mosaic domains: copies of the crystal in slightly different orientations, added in intensity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mosaic<R = f64> {
    /// How their orientations spread.
    pub spread: MosaicSpread<R>,
    /// Number of domains.
    pub n_domains: usize,
    /// Seed of the domains' orientations.
    pub seed: u64,
    /// The random numbers they are drawn from.
    pub generator: Generator,
    /// What their rotations, whose axes are those of the laboratory at spindle angle 0, are fixed to.
    pub frame: MosaicFrame,
}
numbers!(Mosaic { spread: part, n_domains: other, seed: other, generator: other, frame: other });

/// A crystal in the laboratory frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crystal<R = f64> {
    /// Rows a, b, c (Å) in the laboratory frame, at spindle angle 0.
    pub real_space: Mat3<R>,
    /// Number of unit cells along a, b and c: at least 1, usually whole.
    pub n_cells: [R; 3],
    /// The shape of each domain.
    pub shape: Shape,
    /// Multiplies the squared argument of the round, Gaussian and top-hat shapes; 1 conserves the integrated intensity of the
    /// parallelepiped, which falls as fudge^(−3/2).
    pub fudge: R,
    /// The mosaic domains.
    pub mosaic: Mosaic<R>,
    /// Number of mosaic blocks in the beam, whose photons add up. It was counted once: it stays when cell or number of cells move.
    pub n_blocks: f64,
    /// Multiplies all Bragg scattering besides.
    pub scale: R,
}
numbers!(Crystal {
    real_space: part,
    n_cells: part,
    shape: other,
    fudge: number,
    mosaic: part,
    n_blocks: other,
    scale: number,
});

impl<R: Real> Mosaic<R> {
    /// One domain, which is not turned: a perfect block.
    pub fn none() -> Self {
        Self::new(MosaicSpread::Gaussian { eta: R::constant(0.0) }, 1)
    }

    /// So many domains of a distribution, which turn with the crystal; their seed is the default one of an experiment file.
    pub fn new(spread: MosaicSpread<R>, n_domains: usize) -> Self {
        Self { spread, n_domains, seed: 12_345_678, generator: Generator::Keyed, frame: MosaicFrame::Crystal }
    }
}

impl<R: Real> Crystal<R> {
    /// One perfect block of `n_cells` along a, b and c, cut along its axes, with a along x and b in the xy plane
    /// ([`UnitCell::basis`]).
    pub fn new(cell: &UnitCell<R>, n_cells: [R; 3]) -> Self {
        let one = R::constant(1.0);
        Self {
            real_space: cell.basis(),
            n_cells,
            shape: Shape::Square,
            fudge: one,
            mosaic: Mosaic::none(),
            n_blocks: 1.0,
            scale: one,
        }
    }

    /// This crystal turned right-handedly by `angle` (deg) about a unit `axis` of the laboratory.
    #[must_use]
    pub fn rotated(self, axis: Vec3<R>, angle: R) -> Self {
        let angle = angle * R::constant(1f64.to_radians());
        Self { real_space: Mat3(self.real_space.0.map(|row| row.rotated(axis, angle))), ..self }
    }

    /// The reciprocal basis a*, b*, c* (1/Å) by rows.
    pub fn reciprocal(&self) -> Mat3<R> {
        self.real_space.reciprocal_rows()
    }

    /// Lengths of a, b, c (Å).
    pub fn edges(&self) -> [R; 3] {
        self.real_space.0.map(Vec3::norm)
    }
}
