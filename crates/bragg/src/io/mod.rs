//! Files in and out, one format per module. Readers take the bytes and the file's name (for messages); writers go
//! through [`atomic`], so that a failed run leaves no partial file.

pub mod atomic;
pub mod c_format;
pub mod cbf;
mod format;
pub mod metadata;
pub mod npy;
pub mod pgm;
mod pixels;
pub mod png;
pub mod raw;
pub mod smv;
pub mod tiff;

pub use format::{Format, WriteOptions, Written, parse, read, write_recording};
pub use metadata::{Metadata, Sensor};
