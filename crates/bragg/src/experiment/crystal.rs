//! The crystal: its cell and orientation, its shape and its mosaic domains.

use crate::math::{Mat3, Vec3};
use crate::random::Generator;
use crate::random::rotations::CAP_RMS;
use crate::real::Real;

/// The shape of the crystal (of each mosaic domain), which sets the shape of its spots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A parallelepiped of whole unit cells: the interference function of a grating along each axis.
    Square,
    /// A sphere.
    Round,
    /// Gaussian spots of the same volume.
    Gauss,
    /// Spots of constant height inside a sphere of reciprocal space.
    Tophat,
}

/// How the orientations of mosaic domains spread about their mean. The same in all directions.
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

impl<R: Real> MosaicSpread<R> {
    /// Its width (deg): eta or half_width.
    pub fn width(self) -> R {
        match self {
            Self::Gaussian { eta } => eta,
            Self::Cap { half_width } => half_width,
        }
    }

    /// The same distribution of another width (deg).
    #[must_use]
    pub fn with_width<S>(self, width: S) -> MosaicSpread<S> {
        match self {
            Self::Gaussian { .. } => MosaicSpread::Gaussian { eta: width },
            Self::Cap { .. } => MosaicSpread::Cap { half_width: width },
        }
    }

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

/// A crystal in the laboratory frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crystal<R = f64> {
    /// Rows a, b, c (Å) in the laboratory frame, at spindle angle 0.
    pub real_space: Mat3<R>,
    /// Number of unit cells along a, b and c: at least 1, usually whole.
    pub n_cells: [R; 3],
    /// The shape of each domain.
    pub shape: Shape,
    /// Scales the argument of the round, Gaussian and top-hat shapes; 1 conserves the integrated intensity of the parallelepiped.
    pub fudge: R,
    /// The mosaic domains.
    pub mosaic: Mosaic<R>,
    /// Number of mosaic blocks in the beam, whose photons add up. It was counted once: it stays when cell or number of cells move.
    pub n_blocks: f64,
    /// Multiplies all Bragg scattering besides.
    pub scale: R,
}

impl<R: Real> Crystal<R> {
    /// The reciprocal basis a*, b*, c* (1/Å) by rows.
    pub fn reciprocal(&self) -> Mat3<R> {
        self.real_space.reciprocal_rows()
    }

    /// Lengths of a, b, c (Å).
    pub fn edges(&self) -> [R; 3] {
        self.real_space.0.map(Vec3::norm)
    }
}
