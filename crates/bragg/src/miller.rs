//! Indices of reflections.

/// Miller indices h, k, l.
pub type Miller = [i32; 3];

/// The largest index, either way, that readers accept: far beyond any crystal, and far from overflow in what is computed
/// from it.
pub const MAX_INDEX: i32 = 1_000_000;
