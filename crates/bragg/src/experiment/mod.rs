//! The complete, validated description of a measurement, in field units (Å, mm, degrees) and the vocabulary of dxtbx.
//!
//! All vectors are in one laboratory frame, which the caller chooses: nothing here depends on how it lies. [`crate::scene`]
//! turns an experiment into the kernel's tables.

use crate::numbers::{Numbers, numbers};
use crate::real::Real;

pub mod beam;
mod check;
pub mod coverage;
pub mod crystal;
pub mod detector;
pub mod extent;
pub mod reach;
pub mod response;
pub mod sampling;
pub mod scan;
pub mod sensor_material;
pub mod smearing;
pub mod structure_factors;
pub mod unit_cell;
pub mod work;

pub use beam::{Beam, Polarization, Source};
pub use crystal::{Crystal, Mosaic, MosaicFrame, MosaicSpread, Shape};
pub use detector::{Arm, Curvature, Detector, Panel, Roi, SamplingDepth, Sensor};
pub use extent::ExtentShape;
pub use response::Response;
pub use sampling::{BackendChoice, Physics, Precision, RunningFactors, Sampling};
pub use scan::Scan;
pub use structure_factors::{Interpolation, StructureFactors};
pub use unit_cell::UnitCell;

/// Everything that an image and its recording depend on. [`Experiment::new`] makes a small one of few numbers.
#[derive(Debug, Clone)]
pub struct Experiment<R = f64> {
    /// The crystal.
    pub crystal: Crystal<R>,
    /// The structure-factor amplitudes of its unit cell.
    pub structure_factors: StructureFactors<R>,
    /// The incident beam.
    pub beam: Beam<R>,
    /// The detector.
    pub detector: Detector<R>,
    /// The rotation of the crystal during the exposure.
    pub scan: Scan<R>,
    /// How finely everything is sampled, and which physics combines the samples.
    pub sampling: Sampling,
    /// Volume of water (mm³) in the beam that adds a uniform background; 0 for none.
    pub water_volume: R,
    /// Photons in every pixel besides: those in the middle of a panel, and how many more there are from pixel to pixel along fast and slow.
    pub background_plane: [R; 3],
    /// What the detector makes of the photons.
    pub response: Response,
}
numbers!(Experiment {
    crystal: part,
    structure_factors: part,
    beam: part,
    detector: part,
    scan: part,
    sampling: other,
    water_volume: number,
    background_plane: part,
    response: other,
});

impl Experiment {
    /// This experiment in another number type, each of whose numbers is a constant.
    #[must_use]
    pub fn constant<R: Real>(&self) -> Experiment<R> {
        self.map(&mut R::constant)
    }
}
