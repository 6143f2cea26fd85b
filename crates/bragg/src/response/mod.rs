//! From expected photons to the counts that a detector records.

mod counting;
pub mod nanobragg;

pub use counting::{NO_VALUE, flag_masked, record, record_watched};
