//! Structure-factor amplitudes from a file of whichever format its name tells.

use crate::error::{Error, Result};
use crate::io::{hkl, mtz};
use crate::reflections::Reflections;
use std::path::Path;

/// Reads amplitudes in P1 from an MTZ file (`.mtz`, `.mtz.gz`), where `column` chooses the column by its label (see
/// [`mtz::Mtz::reflections`]), or from `h k l F` text (`.hkl`, `.txt`, `.dat`), which has no labels.
///
/// # Errors
/// A name with another ending, a column where there are none, and what the format's reader refuses.
pub fn read_reflections(path: &Path, column: Option<&str>) -> Result<Reflections> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if ends(&[".mtz", ".mtz.gz"]) {
        return mtz::read(path)?.reflections(column);
    }
    if !ends(&[".hkl", ".txt", ".dat"]) {
        let allowed = "structure factors are read from .mtz, .mtz.gz, or h k l F text named .hkl, .txt or .dat";
        let hint = if ends(&[".bin"]) {
            "; a .bin file is nanoBragg's structure-factor cache, which is given with -dump"
        } else {
            ""
        };
        return Err(Error::file(path, None, format!("{allowed}{hint}")));
    }
    if let Some(column) = column {
        return Err(Error::file(
            path,
            None,
            format!("h k l F text has no column labels, but column {column} was asked for"),
        ));
    }
    hkl::parse(&std::fs::read(path).map_err(|source| Error::io("read", path, source))?, path)
}
