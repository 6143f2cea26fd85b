//! Coordinates of atoms from PDB, mmCIF and core CIF files, plain or gzipped.
//!
//! Own readers of the few records that structure factors need: the crate `pdbtbx` (0.12) panics on unknown space groups and
//! missing values, and skips `_atom_site_anisotrop` and lists of symmetry operators.

mod atom_site;
mod cif;
mod copies;
mod mmcif;
mod pdb;

use crate::error::{Error, Result};
use crate::experiment::UnitCell;
use crate::io::read_bytes;
use crate::structure::{Displacement, Model};
use crate::symmetry::{Operator, SpaceGroup};
use std::io::Read;
use std::path::Path;

/// The most that a gzipped file may unpack to: 1 GiB, more than ten million atoms.
const MAX_UNPACKED: u64 = 1 << 30;

/// The B that an atom may have (Å²): the largest that a PDB file can state, and no more than rounding below zero.
const B_RANGE: std::ops::RangeInclusive<f64> = -20.0..=1000.0;

/// The most atoms, non-crystallographic copies included: 1 GiB of them.
const MAX_ATOMS: usize = 10_000_000;

/// Coordinates beyond this (Å) are damage.
const MAX_COORDINATE: f64 = 1e5;

/// Reads a file of coordinates, PDB or mmCIF by its content, gzipped or not, with all its models.
///
/// # Errors
/// As [`parse`], and what the operating system refuses.
pub fn read(path: &Path) -> Result<Model> {
    parse(&read_bytes(path)?, path)
}

/// Reads the bytes of a file of coordinates; `path` is for messages.
///
/// # Errors
/// A file that is cut off, has no atoms or no unit cell, whose values are no finite numbers, whose elements are not known, or
/// whose symmetry is neither listed nor known by name.
pub fn parse(bytes: &[u8], path: &Path) -> Result<Model> {
    parse_in(bytes, path, None)
}

/// As [`parse`], in a space group (any spelling) instead of what the file says of symmetry.
///
/// # Errors
/// As [`parse`], and a space group that is not known or does not fit the cell.
pub fn parse_in(bytes: &[u8], path: &Path, space_group: Option<&str>) -> Result<Model> {
    let unpacked;
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        unpacked = unpack(bytes).map_err(|what| Error::file(path, None, what))?;
        &unpacked
    } else {
        bytes
    };
    // Names and titles may be in any encoding; what is read of a file is ASCII.
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let is_cif =
        lines.next().is_some_and(|line| line.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data_")));
    let model = if is_cif { mmcif::parse(&text, path, space_group) } else { pdb::parse(&text, path, space_group) }?;
    if model.atoms.is_empty() {
        let what = "there are no atoms in it; give a PDB file (ATOM and HETATM records) or an mmCIF file (_atom_site)";
        return Err(Error::file(path, None, what));
    }
    Ok(model)
}

/// Whether a file, gzipped or not, has atoms in it, as far as its tags tell: an mmCIF file may hold reflections instead.
#[must_use]
pub fn has_atoms(bytes: &[u8]) -> bool {
    let unpacked;
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        unpacked = unpack(bytes).unwrap_or_default();
        &unpacked
    } else {
        bytes
    };
    let begins = |line: &[u8], tag: &[u8]| line.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    let mut lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_start);
    lines.any(|line| [&b"_atom_site"[..], b"ATOM  ", b"HETATM"].iter().any(|tag| begins(line, tag)))
}

/// The operators of the space group that a file names, in the setting that its cell fits.
fn named_operators(name: &str, cell: &UnitCell) -> std::result::Result<Vec<Operator>, String> {
    let ([a, b, c], [alpha, beta, gamma]) = (cell.edges, cell.angles);
    Ok(SpaceGroup::parse_for_cell(name, [a, b, c, alpha, beta, gamma])?.operators)
}

fn unpack(bytes: &[u8]) -> std::result::Result<Vec<u8>, String> {
    let mut unpacked = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes)
        .take(MAX_UNPACKED + 1)
        .read_to_end(&mut unpacked)
        .map_err(|error| format!("it cannot be unpacked as gzip ({error}); it may be damaged or cut off"))?;
    if unpacked.len() as u64 > MAX_UNPACKED {
        return Err(format!("it unpacks to more than {MAX_UNPACKED} bytes, the most that is read"));
    }
    Ok(unpacked)
}

/// A finite number; CIF's uncertainty in brackets is skipped.
fn number(text: &str, what: &str) -> std::result::Result<f64, String> {
    let digits = text.trim().split('(').next().unwrap_or_default();
    let shown = || text.trim().chars().take(20).collect::<String>();
    match digits.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(format!("{what} `{}` is not a finite number", shown())),
    }
}

/// A coordinate (Å).
fn coordinate(text: &str) -> std::result::Result<f64, String> {
    let value = number(text, "the coordinate")?;
    if value.abs() <= MAX_COORDINATE {
        Ok(value)
    } else {
        Err(format!("the coordinate {value} is beyond {MAX_COORDINATE} Å"))
    }
}

fn occupancy(text: &str) -> std::result::Result<f64, String> {
    let value = number(text, "the occupancy")?;
    // Some programs' rounding leaves a little more than 1; more than a few atoms at one place is damage.
    if (0.0..=10.0).contains(&value) { Ok(value) } else { Err(format!("the occupancy {value} is not between 0 and 1")) }
}

/// A displacement within [`B_RANGE`].
fn checked(displacement: Displacement) -> std::result::Result<Displacement, String> {
    let diagonal = displacement.b_matrix();
    match (0..3).map(|i| diagonal.0[i][i]).find(|b| !B_RANGE.contains(b)) {
        Some(b) => {
            let (least, most) = (B_RANGE.start(), B_RANGE.end());
            Err(format!("a B of {b:.2} Å² (8π²U) is not between {least} and {most}"))
        }
        None if (0..3).any(|i| (0..3).any(|j| diagonal.0[i][j].abs() > *B_RANGE.end())) => {
            Err("the anisotropic displacement is too large".into())
        }
        None => Ok(displacement),
    }
}

/// A unit cell that is not the mark for none (edges of 1 Å).
fn cell(parameters: [f64; 6]) -> std::result::Result<crate::experiment::UnitCell, String> {
    if parameters[..3].iter().all(|edge| *edge <= 1.0) {
        return Err("the unit cell of 1 Å stands for no crystal; structure factors need the crystal's cell".into());
    }
    crate::experiment::UnitCell::new(parameters)
}

#[cfg(test)]
mod tests;
