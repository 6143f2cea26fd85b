//! Coordinates of atoms from PDB, mmCIF and core CIF files, plain or compressed.
//!
//! Own readers of the few records that structure factors need: the crate `pdbtbx` (0.12) panics on unknown space groups and
//! missing values, and skips `_atom_site_anisotrop` and lists of symmetry operators.

mod atom_site;
mod copies;
mod displacements;
mod elements;
mod frame;
mod mmcif;
mod pdb;

pub(crate) use pdb::is_pdb;

use crate::formats::cif;
use crate::formats::numbers::cif_number;
use crate::formats::read_bytes;
use crate::formats::text::text;
use bragg::error::{Error, Result};
use bragg::structure::{Atom, Displacement, Model};
use std::path::Path;

/// The B that an atom may have (Å²): the largest that a PDB file can state, and no more than rounding below zero.
const B_RANGE: std::ops::RangeInclusive<f64> = -20.0..=1000.0;

/// The most atoms, non-crystallographic copies included: 1 GiB of them.
const MAX_ATOMS: usize = 10_000_000;

/// Coordinates beyond this (Å) are damage.
const MAX_COORDINATE: f64 = 1e5;

/// What is given beside a file of coordinates.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Given<'a> {
    /// The space group, in any spelling, instead of what the file says of symmetry.
    pub space_group: Option<&'a str>,
    /// The unit cell a, b, c (Å), α, β, γ (deg), where the file has none.
    pub cell: Option<[f64; 6]>,
}

/// Reads a file of coordinates, PDB or mmCIF by its content, compressed or not, with all its models.
///
/// # Errors
/// As [`parse`], and what the operating system refuses.
pub fn read(path: &Path) -> Result<Model> {
    parse(&read_bytes(path)?, path)
}

/// Reads the bytes of a file of coordinates; `path` is for messages.
///
/// # Errors
/// As [`parse_with`].
pub fn parse(bytes: &[u8], path: &Path) -> Result<Model> {
    parse_with(bytes, path, &Given::default())
}

/// As [`parse`], with what is given beside the file.
///
/// # Errors
/// A file that is cut off, has no atoms or no unit cell, whose values are no finite numbers, whose elements are not known, or
/// whose symmetry is neither listed nor known by name; a space group that is not known or does not fit the cell.
pub fn parse_with(bytes: &[u8], path: &Path, given: &Given) -> Result<Model> {
    let text = text(bytes).map_err(|what| Error::file(path, None, what))?;
    let is_cif = cif::is_cif(&text);
    let model = if is_cif { mmcif::parse(&text, path, given) } else { pdb::parse(&text, path, given) }?;
    if model.atoms.is_empty() {
        let what = "there are no atoms in it; give a PDB file (ATOM and HETATM records) or an mmCIF file (_atom_site)";
        return Err(Error::file(path, None, what));
    }
    Ok(model)
}

/// A coordinate (Å).
fn coordinate(text: &str) -> std::result::Result<f64, String> {
    let value = cif_number(text, "the coordinate")?;
    if value.abs() <= MAX_COORDINATE {
        Ok(value)
    } else {
        Err(format!("the coordinate {value} is beyond {MAX_COORDINATE} Å"))
    }
}

fn occupancy(text: &str) -> std::result::Result<f64, String> {
    let value = cif_number(text, "the occupancy")?;
    // Some programs' rounding leaves a little more than 1; more than a few atoms at one place is damage.
    if (0.0..=10.0).contains(&value) { Ok(value) } else { Err(format!("the occupancy {value} is not between 0 and 1")) }
}

/// Occupancies that are all zero were never filled in, and are taken as 1.
fn occupancies(atoms: &mut [Atom], notes: &mut Vec<String>) {
    if !atoms.is_empty() && atoms.iter().all(|atom| atom.occupancy == 0.0) {
        atoms.iter_mut().for_each(|atom| atom.occupancy = 1.0);
        notes.push("every occupancy is 0, so that nothing would scatter: they are taken as 1".to_owned());
    }
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

#[cfg(test)]
mod tests;
