//! One command per module.

pub(crate) mod nanobragg;
