//! Absolute X-ray diffraction images from crystals.
//!
//! The road from what a user wrote to an image is described in ARCHITECTURE.md.

pub mod description;
pub mod error;
pub mod experiment;
pub mod image;
pub mod io;
pub mod math;
pub mod random;
pub mod real;
pub mod reflections;
pub mod symmetry;
pub mod units;

pub use error::{Error, Result};
