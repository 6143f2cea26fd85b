//! Structure-factor amplitudes from a file of whichever format its name tells.

use crate::error::{Error, Result};
use crate::io::{fdump, hkl, mtz, read_bytes};
use crate::reflections::Reflections;
use std::path::Path;

/// The formats that structure factors are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReflectionFormat {
    /// Lines `h k l F`.
    Text,
    /// The same as nanoBragg reads it.
    NanoBraggText,
    /// MTZ, gzipped or not.
    Mtz,
    /// nanoBragg's cache.
    Fdump,
}

impl ReflectionFormat {
    /// The format that a file's name stands for.
    ///
    /// # Errors
    /// The name has another ending.
    pub fn from_path(path: &Path) -> Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        if ends(&[".mtz", ".mtz.gz"]) {
            Ok(Self::Mtz)
        } else if ends(&[".hkl", ".txt", ".dat"]) {
            Ok(Self::Text)
        } else if name == "fdump.bin" {
            Ok(Self::Fdump)
        } else {
            let allowed = "structure factors are read from .mtz, .mtz.gz, Fdump.bin, or h k l F text named .hkl, .txt or .dat; \
                           give the format where the name does not tell";
            Err(Error::file(path, None, allowed))
        }
    }
}

/// Reads amplitudes in P1. In MTZ files `column` chooses the column by its label (see [`mtz::Mtz::reflections`]); the other formats
/// have no labels.
///
/// # Errors
/// A column where there are none, and what the format's reader refuses.
pub fn read_reflections(path: &Path, format: ReflectionFormat, column: Option<&str>) -> Result<Reflections> {
    if let (Some(column), false) = (column, format == ReflectionFormat::Mtz) {
        let what = format!("only MTZ files have column labels, but column {column} was asked for");
        return Err(Error::file(path, None, what));
    }
    match format {
        ReflectionFormat::Mtz => mtz::read(path)?.reflections(column),
        ReflectionFormat::Text => hkl::parse(&read_bytes(path)?, path),
        ReflectionFormat::NanoBraggText => hkl::parse_nanobragg(&read_bytes(path)?, path),
        ReflectionFormat::Fdump => Ok(Reflections { source: path.to_owned(), ..fdump::read(path)?.to_reflections() }),
    }
}
