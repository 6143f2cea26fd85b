//! Absolute X-ray diffraction images from crystals.
//!
//! The road from what a user wrote to an image is described in ARCHITECTURE.md.

pub mod compare;
pub mod description;
pub mod error;
pub mod experiment;
pub mod gradient;
pub mod image;
pub mod io;
pub mod kernel;
pub mod math;
pub mod monitor;
pub mod numbers;
pub mod physics;
pub mod random;
pub mod real;
pub mod refine;
pub mod reflections;
pub mod response;
pub mod scene;
pub mod structure;
pub mod symmetry;
pub mod units;

pub use error::{Error, Result};
