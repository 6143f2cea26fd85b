//! Chores of the project: `cargo xtask ci | tidy | docs`.

fn main() {}
