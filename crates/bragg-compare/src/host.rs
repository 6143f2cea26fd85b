//! The program that compares.

use bragg::Error;
use bragg::monitor::Monitor;
use std::path::PathBuf;

/// What a comparison needs to know of the program that asks for it.
#[derive(Debug, Clone)]
pub struct Host<'a> {
    /// Its file, which is run as `FILE nanobragg …` where it is a candidate itself.
    pub program: PathBuf,
    /// Asked whether to stop.
    pub monitor: &'a dyn Monitor,
    /// Says an error, which names settings of this library, in the words of the program's user.
    pub in_its_words: fn(Error) -> Error,
}
