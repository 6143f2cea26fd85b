//! Physical constants, with unit and source.
//!
//! The first group are the reference program's values to the digit, so that images agree; the newer CODATA values differ
//! from them by less than 1 part in 10⁵.

/// Thomson scattering cross-section of one electron per steradian, r_e² (m²); nanoBragg's value.
pub const THOMSON_R_E_SQUARED: f64 = 7.94079248018965e-30;
/// Avogadro's number (1/mol); nanoBragg's value (CODATA 2006).
pub const AVOGADRO: f64 = 6.02214179e23;
/// Photon energy times wavelength, hc (eV·Å); nanoBragg's value.
pub const EV_ANGSTROM: f64 = 12398.42;
/// Fluence at which r_e²·fluence = 1 (photons/m²): an image in units of electron² sr; nanoBragg's default.
pub const UNIT_FLUENCE: f64 = 125932015286227086360700780544.0;
/// Metres per Å.
pub const METER_PER_ANGSTROM: f64 = 1e-10;
/// Metres per millimetre.
pub const METER_PER_MM: f64 = 1e-3;
