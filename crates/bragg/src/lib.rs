//! Absolute X-ray diffraction images from crystals: the engine, from an [`experiment::Experiment`] to photons, counts, their
//! derivatives and their refinement.
//!
//! It opens no file, prints nothing and reads no environment; `bragg-io` reads and writes files and what a user wrote. The road from
//! there to an image is described in ARCHITECTURE.md.

pub mod error;
pub mod experiment;
pub mod gradient;
pub mod image;
pub mod kernel;
pub mod math;
pub mod miller;
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
