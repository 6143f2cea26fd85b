//! One term of the scattering per file: pure functions over [`crate::real::Real`] numbers, each with its equation and source.
//!
//! The reference kernel, the fast kernels and the derivatives all call these; each term is written once.

pub mod absorption;
pub mod interpolation;
pub mod lattice;
pub mod polarization;
pub mod scattering;
pub mod solid_angle;
