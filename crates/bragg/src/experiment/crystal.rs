//! The crystal: its cell and orientation, its shape and its mosaic domains.

use crate::math::{Mat3, Vec3};
use crate::random::Generator;
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

/// The mosaic domains: copies of the crystal in slightly different orientations, added in intensity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mosaic<R = f64> {
    /// Largest angle (deg) by which a domain is turned.
    pub spread: R,
    /// Number of domains.
    pub n_domains: usize,
    /// Seed of the domains' orientations.
    pub seed: u64,
    /// The random numbers they are drawn from.
    pub generator: Generator,
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
    /// Multiplies all Bragg scattering.
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
