//! Random numbers: reproducible, and independent of how the work is divided.

pub mod keyed;
pub mod nanobragg;
pub mod rotations;

/// Which random numbers the mosaic domains are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generator {
    /// A counter-based generator keyed by seed, image and purpose ([`keyed`]).
    Keyed,
    /// The reference program's ([`nanobragg`]), for the same domains from the same seed.
    NanoBragg,
}
