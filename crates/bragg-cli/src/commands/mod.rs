//! One module per command.

pub(crate) mod bench;
pub(crate) mod compare;
pub(crate) mod gradient;
pub(crate) mod nanobragg;
pub(crate) mod noise;
pub(crate) mod orient;
pub(crate) mod reference;
pub(crate) mod refine;
pub(crate) mod sf;
pub(crate) mod show;
pub(crate) mod simulate;
