//! One term of the scattering per file: pure functions over [`crate::real::Real`] numbers, each with its equation and source.
//!
//! The reference kernel calls these, and in dual numbers they are their own derivatives. The fast kernels
//! state some of them again over arrays, each with a pointer to its formula here.

pub mod absorption;
pub mod interpolation;
pub mod lattice;
pub mod polarization;
pub mod scattering;
pub mod solid_angle;
