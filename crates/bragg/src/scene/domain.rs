//! The lattice factor of a mosaic domain, and how it measures distances.

use crate::experiment::{Crystal, Physics, Shape};
use crate::math::{Mat3, Vec3};
use crate::numbers::numbers;
use crate::physics::lattice::{
    GAUSS_WIDTH, GAUSS_WIDTH_NANOBRAGG, ROUND_PEAK, TOPHAT_WIDTH, TOPHAT_WIDTH_NANOBRAGG, round_peak,
};
use crate::real::Real;

/// Which lattice factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Profile {
    /// Gratings along the axes.
    Square,
    /// A sphere's form factor.
    Round,
    /// A Gaussian of ρ.
    Gauss {
        /// ρ²·fudge at which the amplitude is 1/e.
        width: f64,
    },
    /// Constant up to some ρ.
    Tophat {
        /// ρ²·fudge where it ends.
        width: f64,
    },
}

/// The shape of a mosaic domain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Domain<R = f64> {
    /// Which lattice factor.
    pub profile: Profile,
    /// Na, Nb, Nc.
    pub n_cells: [R; 3],
    /// The amplitude at the centre of a spot.
    pub peak: R,
    /// Scale of the squared argument of the round, Gaussian and top-hat profiles.
    pub fudge: R,
    /// Rows m that Gaussian and top-hat profiles measure with: ρ = stretch·|δ₁m₁ + δ₂m₂ + δ₃m₃|. Unrotated, for only lengths matter.
    pub metric: Mat3<R>,
    /// What lengths by the rows are multiplied with.
    pub stretch: R,
}
numbers!(Domain { profile: other, n_cells: part, peak: number, fudge: number, metric: part, stretch: number });

impl<R: Real> Domain<R> {
    /// The lattice factor of a crystal's blocks.
    pub(super) fn new(crystal: &Crystal<R>, physics: Physics) -> Self {
        let (zero, one) = (R::constant(0.0), R::constant(1.0));
        let n_cells = crystal.n_cells;
        let [a, b, c] = n_cells;
        let gauss = |width| Profile::Gauss { width };
        let tophat = |width| Profile::Tophat { width };
        let (in_indices, in_space) =
            (|| Mat3([Vec3([a, zero, zero]), Vec3([zero, b, zero]), Vec3([zero, zero, c])]), || crystal.reciprocal());
        let (profile, metric, stretch) = match crystal.shape {
            Shape::Square => (Profile::Square, in_space(), one),
            Shape::Round => (Profile::Round, in_space(), one),
            Shape::Gauss => (gauss(GAUSS_WIDTH), in_indices(), one),
            Shape::GaussStar => (gauss(GAUSS_WIDTH), in_space(), cube_root(a * b * c * volume(crystal))),
            Shape::Tophat => (tophat(TOPHAT_WIDTH), in_indices(), one),
            Shape::GaussNanobragg => (gauss(GAUSS_WIDTH_NANOBRAGG), in_space(), a * b * c),
            Shape::TophatNanobragg => (tophat(TOPHAT_WIDTH_NANOBRAGG), in_space(), a * b * c),
        };
        let peak = match (crystal.shape, physics) {
            (Shape::Round, Physics::Correct) => round_peak(n_cells, crystal.fudge),
            (Shape::Round, Physics::NanoBragg) => a * b * c * R::constant(ROUND_PEAK),
            _ => a * b * c,
        };
        Self { profile, n_cells, peak, fudge: crystal.fudge, metric, stretch }
    }
}

/// The volume of the cell (Å³), whichever hand it has.
fn volume<R: Real>(crystal: &Crystal<R>) -> R {
    let determinant = crystal.real_space.determinant();
    if determinant.value() < 0.0 { -determinant } else { determinant }
}

/// ∛x for x > 0: a step of Newton's from the root of the value brings in the derivative.
fn cube_root<R: Real>(x: R) -> R {
    let root = x.value().cbrt();
    R::constant(root) + (x - R::constant(root * root * root)) * R::constant(1.0 / (3.0 * root * root))
}
