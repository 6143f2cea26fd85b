//! The program `bragg`; called by the name `nanoBragg` it is the drop-in.

fn main() {}
