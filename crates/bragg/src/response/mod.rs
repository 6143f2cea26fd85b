//! From expected photons to the counts that a detector records.

pub mod nanobragg;
