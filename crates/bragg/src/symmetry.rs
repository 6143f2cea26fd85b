//! Space-group operators as files list them.

/// A symmetry operator x' = R·x + t in fractional coordinates (International Tables A).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operator {
    /// The rotation part R, row by row.
    pub rotation: [[i32; 3]; 3],
    /// The translation part t, in units of 1/24 of the cell edges.
    pub translation: [i32; 3],
}
