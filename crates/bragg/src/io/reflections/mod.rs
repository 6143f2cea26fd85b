//! Structure-factor amplitudes from a file of whichever format its name and content tell.

mod list;

pub use list::{List, Report};

use crate::error::{Error, Result};
use crate::io::{cif, crystfel, fdump, gzip, hkl, mtz, read_bytes, refln_cif, shelx};
use crate::reflections::{Observation, Reflections};
use std::path::Path;

/// The formats that structure factors are read from. All but [`Self::Fdump`] may be gzipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReflectionFormat {
    /// Lines `h k l F`.
    Text,
    /// The same as nanoBragg reads it.
    NanoBraggText,
    /// MTZ.
    Mtz,
    /// nanoBragg's cache.
    Fdump,
    /// CIF with `_refln`: structure-factor files of the PDB, `.fcf` of small molecules.
    Cif,
    /// CrystFEL's reflection list, version 2.0.
    CrystFel,
    /// SHELX, HKLF 4.
    Shelx,
}

/// What a file holds that amplitudes can be had from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Atoms: [`coordinates`](crate::io::coordinates).
    Coordinates,
    /// Reflections in a format.
    Reflections(ReflectionFormat),
}

impl Content {
    /// What a file holds, by its name and, where that leaves it open, by its content:
    ///
    /// - `.mtz` and `Fdump.bin` are what they are called, `.pdb` has coordinates.
    /// - `.cif`, `.mmcif`, `.fcf` and `.ent` have reflections if there is a `_refln.index_h` in them, else coordinates.
    /// - `.hkl`, `.txt` and `.dat` are CrystFEL's if they begin with its first line; SHELX's if every line has its fixed columns with an
    ///   uncertainty and the list ends with the line of zeros (or has columns that touch); else lines `h k l F`.
    ///
    /// Each may have `.gz` behind it, save `Fdump.bin`.
    ///
    /// # Errors
    /// The name has another ending, or the file cannot be read.
    pub fn of(path: &Path) -> Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        if name == "fdump.bin" {
            return Ok(Self::Reflections(ReflectionFormat::Fdump));
        }
        let plain = name.strip_suffix(".gz").unwrap_or(&name);
        let ends = |endings: &[&str]| endings.iter().any(|ending| plain.ends_with(ending));
        if ends(&[".mtz"]) {
            Ok(Self::Reflections(ReflectionFormat::Mtz))
        } else if ends(&[".pdb"]) {
            Ok(Self::Coordinates)
        } else if ends(&[".cif", ".mmcif", ".fcf", ".ent"]) {
            let text = content(path)?;
            let has_reflections = cif::is_cif(&text) && refln_cif::has_reflections(&text);
            Ok(if has_reflections { Self::Reflections(ReflectionFormat::Cif) } else { Self::Coordinates })
        } else if ends(&[".hkl", ".txt", ".dat"]) {
            Ok(Self::Reflections(ReflectionFormat::of_text(&content(path)?)))
        } else {
            let allowed = "structure factors are read from .mtz, .cif, .ent, .fcf (each also with .gz), Fdump.bin, or lists named .hkl, \
                           .txt or .dat (h k l F, CrystFEL, SHELX); give the format where the name does not tell";
            Err(Error::file(path, None, allowed))
        }
    }
}

/// The unpacked text of a file.
fn content(path: &Path) -> Result<String> {
    let bytes = gzip::unpacked(read_bytes(path)?.into()).map_err(|what| Error::file(path, None, what))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl ReflectionFormat {
    /// The format that a file's name and content stand for, as [`Content::of`] says.
    ///
    /// # Errors
    /// The name has another ending, the file cannot be read, or it holds coordinates.
    pub fn from_path(path: &Path) -> Result<Self> {
        match Content::of(path)? {
            Content::Reflections(format) => Ok(format),
            Content::Coordinates => {
                Err(Error::file(path, None, "it holds coordinates, not reflections (or give the format, if it does)"))
            }
        }
    }

    /// The format of a list in a file whose name only says that it is text.
    fn of_text(text: &str) -> Self {
        if crystfel::is_crystfel(text.as_bytes()) {
            Self::CrystFel
        } else if shelx::is_shelx(text) {
            Self::Shelx
        } else {
            Self::Text
        }
    }
}

/// What a reader needs to know that the file may not tell.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ReadOptions<'a> {
    /// The column by its label, in MTZ ([`mtz::Mtz::reflections`]) and CIF files ([`refln_cif::parse`]).
    pub column: Option<&'a str>,
    /// Unit cell a, b, c (Å), α, β, γ (deg), for files that have none (CrystFEL, SHELX, text).
    pub cell: Option<[f64; 6]>,
    /// The space group by any usual spelling, for files that do not tell it (CrystFEL, SHELX, text that lists an asymmetric unit), or
    /// instead of theirs.
    pub space_group: Option<&'a str>,
}

/// Reads amplitudes in P1 from a file that says all that is needed: as [`read_with`], without its report.
///
/// # Errors
/// As [`read_with`].
pub fn read_reflections(path: &Path, format: ReflectionFormat, column: Option<&str>) -> Result<Reflections> {
    read_with(path, format, &ReadOptions { column, ..ReadOptions::default() }).map(|(reflections, _)| reflections)
}

/// Reads amplitudes in P1, with Friedel mates and without systematic absences, and reports what was done for that
/// ([`List::in_p1`]). Text `h k l F` is taken to be P1 already, and stays as it is unless a space group is given.
///
/// # Errors
/// A column where there are none, or symmetry for a cache; what the format's reader refuses; a file without symmetry when none is
/// given.
pub fn read_with(path: &Path, format: ReflectionFormat, options: &ReadOptions) -> Result<(Reflections, Report)> {
    use ReflectionFormat as Format;
    if let (Some(column), false) = (options.column, matches!(format, Format::Mtz | Format::Cif)) {
        let what = format!("only MTZ and CIF files have column labels, but column {column} was asked for");
        return Err(Error::file(path, None, what));
    }
    if let (Some(group), Format::Fdump | Format::NanoBraggText) = (options.space_group, format) {
        let what =
            format!("what nanoBragg reads lists every reflection; the space group {group} cannot be applied to it");
        return Err(Error::file(path, None, what));
    }
    let text = || gzip::unpacked(read_bytes(path)?.into()).map_err(|what| Error::file(path, None, what));
    let list = match format {
        Format::Mtz => mtz::read(path)?.list(options.column)?,
        Format::Cif => refln_cif::parse(&read_bytes(path)?, path, options.column)?,
        Format::CrystFel => crystfel::parse(&read_bytes(path)?, path)?,
        Format::Shelx => shelx::parse(&read_bytes(path)?, path)?,
        Format::Text => {
            let reflections = hkl::parse(&text()?, path)?;
            if options.space_group.is_none() {
                return Ok((Reflections { cell: options.cell, ..reflections }, Report::default()));
            }
            let observation = |(hkl, value)| Observation { hkl, value, sigma: None };
            let observations = reflections.list.into_iter().map(observation).collect();
            List { observations, source: reflections.source, ..List::default() }
        }
        Format::NanoBraggText => {
            let (reflections, note) = hkl::parse_nanobragg(&text()?, path)?;
            return Ok((reflections, Report { notes: note.into_iter().collect(), ..Report::default() }));
        }
        Format::Fdump => {
            let reflections = fdump::read(path)?.to_reflections();
            return Ok((Reflections { source: path.to_owned(), ..reflections }, Report::default()));
        }
    };
    list.in_p1(options.cell, options.space_group)
}
