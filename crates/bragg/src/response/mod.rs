//! From expected photons to the counts that a detector records: a linear part, which has a transpose, and one that draws random numbers.

mod counting;
pub mod nanobragg;
mod squares;

pub use counting::{NO_VALUE, flag_masked, record, record_watched};
pub use squares::Squares;
