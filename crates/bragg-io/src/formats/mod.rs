//! Files in and out, one format per module. Readers take the bytes and the file's name (for messages); writers go
//! through [`atomic`], so that a failed run leaves no partial file.

pub mod atomic;
pub(crate) mod binary_cif;
pub(crate) mod bounded;
pub mod c_format;
pub mod cbf;
pub(crate) mod cif;
pub mod coordinates;
pub mod crystfel;
pub mod fdump;
mod format;
pub mod hkl;
pub mod metadata;
pub mod mosflm_matrix;
pub mod mtz;
pub mod npy;
pub(crate) mod numbers;
pub(crate) mod packed;
pub mod pgm;
mod pixels;
pub mod png;
pub mod raw;
pub mod reflections;
pub mod refln_cif;
pub mod shelx;
pub mod smv;
pub mod source_file;
pub(crate) mod text;
pub mod tiff;
pub mod xds_ascii;

pub(crate) use bounded::read_bytes;
pub use format::{Format, Opened, WriteOptions, Written, check_output, is_live, parse, read, write_recording};
pub use metadata::{Metadata, Placement, Sensor};
pub use packed::without_packing;
