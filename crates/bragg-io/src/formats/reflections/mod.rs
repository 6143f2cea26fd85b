//! Structure-factor amplitudes from a file of whichever format its name and content tell.

mod list;

pub use list::{List, Report};

use crate::formats::refln_cif::{self, Holds};
use crate::formats::{cif, coordinates, crystfel, fdump, hkl, mtz, packed, read_bytes, shelx, text, xds_ascii};
use bragg::error::{Error, Result};
use bragg::reflections::{Observation, Reflections};
use std::path::Path;

/// The formats that structure factors are read from. All may be compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReflectionFormat {
    /// Lines `h k l F`.
    Text,
    /// Text in columns h, k, l, F, as nanoBragg reads it.
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
    /// XDS and XSCALE, merged.
    XdsAscii,
}

/// What a file holds that amplitudes can be had from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Atoms: [`coordinates`].
    Coordinates,
    /// Reflections in a format.
    Reflections(ReflectionFormat),
}

impl Content {
    /// What a file holds, by its content and, where that leaves it open, by its name:
    ///
    /// - MTZ, CIF, PDB, CrystFEL's and XDS's lists and SHELX's fixed columns are known by what is in them. CIF has reflections if it lists
    ///   them (`_refln.index_h`); with atoms in it as well, only if it says their symmetry.
    /// - `Fdump.bin` is what it is called, and `.hkl`, `.txt` and `.dat` are lines `h k l F` if nothing else; so is a file of another name
    ///   whose first line begins with four numbers.
    ///
    /// Each may be compressed.
    ///
    /// # Errors
    /// Neither content nor name tell, or the file cannot be read.
    pub fn of(path: &Path) -> Result<Self> {
        Self::with_notes(path).map(|(content, _)| content)
    }

    /// As [`Self::of`], with what else there is to know, in sentences.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn with_notes(path: &Path) -> Result<(Self, Vec<String>)> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        if packed::without_packing(Path::new(&name)) == Path::new("fdump.bin") {
            return Ok((Self::Reflections(ReflectionFormat::Fdump), Vec::new()));
        }
        let bytes = packed::unpacked(read_bytes(path)?.into()).map_err(|what| Error::file(path, None, what))?;
        let mut notes = Vec::new();
        if let Some(content) = Self::recognised(&bytes, &mut notes) {
            return Ok((content, notes));
        }
        let plain = packed::without_packing(Path::new(&name)).to_string_lossy().into_owned();
        let ends = |endings: &[&str]| endings.iter().any(|ending| plain.ends_with(ending));
        let first = bytes.split(|&byte| matches!(byte, b'\n' | b'\r')).find(|line| !line.trim_ascii().is_empty());
        let has_numbers = |line: &[u8]| {
            let words =
                String::from_utf8_lossy(line).split_ascii_whitespace().take(4).map(str::to_owned).collect::<Vec<_>>();
            words.len() == 4 && words.iter().all(|word| word.parse::<f64>().is_ok())
        };
        let content = if ends(&[".mtz"]) {
            Self::Reflections(ReflectionFormat::Mtz)
        } else if ends(&[".pdb", ".ent", ".cif", ".mmcif", ".mcif", ".fcf"]) {
            // whose reader says what is wrong
            Self::Coordinates
        } else if ends(&[".hkl", ".txt", ".dat"]) || first.is_some_and(has_numbers) {
            Self::Reflections(ReflectionFormat::Text)
        } else {
            let allowed = "neither its content nor its name tell what it is: structure factors are read from coordinates (PDB, mmCIF), MTZ, \
                           CIF, lists of CrystFEL, XDS and SHELX, lines h k l F (.hkl, .txt or .dat) and Fdump.bin; \
                           crystal.structure_factors.format names the format";
            return Err(Error::file(path, None, allowed));
        };
        Ok((content, notes))
    }

    /// What unpacked bytes are beyond doubt.
    fn recognised(bytes: &[u8], notes: &mut Vec<String>) -> Option<Self> {
        if bytes.starts_with(b"MTZ ") {
            return Some(Self::Reflections(ReflectionFormat::Mtz));
        }
        let text = text::text(bytes).ok()?;
        if cif::is_cif(&text) {
            return Some(Self::of_cif(&text, notes));
        }
        let format = if crystfel::is_crystfel(&text) {
            ReflectionFormat::CrystFel
        } else if xds_ascii::is_xds_ascii(&text) {
            ReflectionFormat::XdsAscii
        } else if coordinates::is_pdb(&text) {
            return Some(Self::Coordinates);
        } else if shelx::is_shelx(&text) {
            ReflectionFormat::Shelx
        } else {
            return None;
        };
        Some(Self::Reflections(format))
    }

    fn of_cif(text: &str, notes: &mut Vec<String>) -> Self {
        match refln_cif::holds(text) {
            Holds::Atoms => Self::Coordinates,
            Holds::Reflections => Self::Reflections(ReflectionFormat::Cif),
            Holds::Both => {
                notes.push(
                    "it holds reflections and atoms: the reflections are read (crystal.structure_factors.format = \"coordinates\" \
                     reads the atoms)"
                        .to_owned(),
                );
                Self::Reflections(ReflectionFormat::Cif)
            }
            Holds::AtomsAndIncomplete => {
                notes.push(
                    "it holds atoms, and reflections of which it does not say the symmetry: the atoms are read \
                     (crystal.structure_factors.format = \"cif\" reads the reflections)"
                        .to_owned(),
                );
                Self::Coordinates
            }
        }
    }

    /// Whether a file is CIF that lists reflections, whatever else is in it.
    pub(crate) fn is_cif_with_reflections(path: &Path) -> bool {
        let text = read_bytes(path).ok().and_then(|bytes| text::text(&bytes).ok()).filter(|text| cif::is_cif(text));
        text.is_some_and(|text| refln_cif::holds(&text) != Holds::Atoms)
    }

    /// Whether a file's content is that of a crystal beyond doubt: coordinates, or reflections with a mark of their format.
    #[must_use]
    pub fn is_recognised(path: &Path) -> bool {
        let Ok(bytes) = read_bytes(path) else { return false };
        packed::unpacked(bytes.into()).is_ok_and(|bytes| Self::recognised(&bytes, &mut Vec::new()).is_some())
    }
}

impl ReflectionFormat {
    /// The format that a file's content and name stand for, as [`Content::of`] says.
    ///
    /// # Errors
    /// Neither tell, the file cannot be read, or it holds coordinates.
    pub fn from_path(path: &Path) -> Result<Self> {
        match Content::of(path)? {
            Content::Reflections(format) => Ok(format),
            Content::Coordinates => {
                Err(Error::file(path, None, "it holds coordinates, not reflections (or give the format, if it does)"))
            }
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
    let text = || text::text(&read_bytes(path)?).map_err(|what| Error::file(path, None, what));
    let list = match format {
        Format::Mtz => mtz::read(path)?.list(options.column)?,
        Format::Cif => refln_cif::parse(&read_bytes(path)?, path, options.column)?,
        Format::CrystFel => crystfel::parse(&read_bytes(path)?, path)?,
        Format::Shelx => shelx::parse(&read_bytes(path)?, path)?,
        Format::XdsAscii => xds_ascii::parse(&read_bytes(path)?, path)?,
        Format::Text => {
            let reflections = hkl::parse(text()?.as_bytes(), path)?;
            if options.space_group.is_none() {
                return Ok((Reflections { cell: options.cell, ..reflections }, Report::default()));
            }
            let observation = |(hkl, value)| Observation { hkl, value, sigma: None };
            let observations = reflections.list.into_iter().map(observation).collect();
            List { observations, source: reflections.source, ..List::default() }
        }
        Format::NanoBraggText => {
            let bytes = packed::unpacked(read_bytes(path)?.into()).map_err(|what| Error::file(path, None, what))?;
            let (reflections, note) = hkl::parse_nanobragg(&bytes, path)?;
            return Ok((reflections, Report { notes: note.into_iter().collect(), ..Report::default() }));
        }
        Format::Fdump => {
            let reflections = fdump::read(path)?.to_reflections();
            return Ok((Reflections { source: path.to_owned(), ..reflections }, Report::default()));
        }
    };
    list.in_p1(options.cell, options.space_group)
}
