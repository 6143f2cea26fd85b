//! The incident beam: a list of point sources with one wavelength each.

use crate::math::Vec3;

/// One direction and wavelength of the incident beam.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Source {
    /// Unit vector from the sample to the source (dxtbx's beam direction).
    pub direction: Vec3,
    /// Wavelength (Å).
    pub wavelength: f64,
    /// Relative intensity; the mean over all sources is 1.
    pub weight: f64,
}

/// The polarisation of the incident beam.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Polarization {
    /// Kahn's factor K: 1 fully polarised along [`Self::e_vector`], 0 unpolarised, −1 polarised across it. dxtbx's
    /// polarisation fraction is (1 + K)/2.
    pub kahn_factor: f64,
    /// Direction of the electric field: unit vector.
    pub e_vector: Vec3,
}

/// The incident beam.
#[derive(Debug, Clone, PartialEq)]
pub struct Beam {
    /// Unit vector from the sample to the nominal source (dxtbx's beam direction).
    pub direction: Vec3,
    /// Nominal wavelength (Å).
    pub wavelength: f64,
    /// Photons per m² on the sample.
    pub fluence: f64,
    /// The polarisation; `None` leaves the polarisation factor out.
    pub polarization: Option<Polarization>,
    /// What the beam consists of; at least one.
    pub sources: Vec<Source>,
}

impl Beam {
    /// Unit vector of propagation: from the source through the sample.
    pub fn propagation(&self) -> Vec3 {
        -self.direction
    }
}
