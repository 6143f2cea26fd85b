//! Files in and out, one format per module. Readers take the bytes and the file's name (for messages); writers go through
//! [`atomic`], so that a failed run leaves no partial file.

pub mod fdump;
pub mod hkl;
pub mod mosflm_matrix;
pub mod mtz;
pub mod reflections;
pub mod source_file;
pub(crate) mod text;
