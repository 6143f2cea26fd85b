//! What a user wrote, before it is completed: everything optional, in the units in which it was written.

pub mod nanobragg;
