//! PDB files (wwPDB format 3.3, <https://www.wwpdb.org/documentation/file-format>), and what programs make of the format.

mod symmetry;

use super::copies::{self, Motion};
use super::elements::{self, Scatterer, Tally};
use super::frame::Frame;
use super::{Given, checked, coordinate, displacements, occupancies, occupancy};
use crate::formats::cif::crystal::{cell, named_operators};
use crate::formats::numbers::number;
use bragg::error::{Error, Result};
use bragg::experiment::UnitCell;
use bragg::math::Vec3;
use bragg::structure::{Atom, Displacement, Model};
use std::path::Path;

/// An atom with its Cartesian position (Å), which becomes fractional when the cell is known.
type Placed = (Atom, Vec3);

#[derive(Default)]
struct Records {
    atoms: Vec<Placed>,
    /// Whether the file says each atom's displacement.
    has_displacement: Vec<bool>,
    tally: Tally,
    /// Whether the last atom was left out, so that its anisotropic displacement is, too.
    skipped: bool,
    begins_in_first_column: bool,
    /// The cell of the first CRYST1 record, `None` in it for the mark of no crystal, and the record's line.
    cell: Option<(Option<UnitCell>, usize)>,
    space_group: String,
    n_other_cells: usize,
    /// The rows of REMARK 290; `None` where one cannot be read.
    symmetry: Vec<Option<[f64; 4]>>,
    /// The rows of SCALE records.
    scale: [Option<[f64; 4]>; 3],
    /// The rows of MTRIX records, and whether the file has the copy's atoms.
    copies: Vec<([f64; 4], bool)>,
    n_models: i32,
}

/// Whether the text has a record by which PDB files are known.
pub(crate) fn is_pdb(text: &str) -> bool {
    text.lines().any(|line| {
        line.starts_with("CRYST1") || (is_atom(line) && position(line).iter().all(std::result::Result::is_ok))
    })
}

pub(super) fn parse(text: &str, path: &Path, given: &Given) -> Result<Model> {
    let mut notes = Vec::new();
    let mut records = Records { begins_in_first_column: begins_in_first_column(text), ..Records::default() };
    let mut lines = text.lines().zip(1..);
    for (line, i) in lines.by_ref() {
        if columns(line, 1, 6).trim_end() == "END" {
            break;
        }
        records.take(line, i).map_err(|what| Error::file(path, i, what))?;
    }
    if let Some((_, i)) = lines.find(|(line, _)| is_atom(line)) {
        notes.push(format!("what stands behind the END record is not read: there are more atoms from line {i} on"));
    }
    let refuse = |what: String| Error::file(path, None, what);
    if records.atoms.is_empty() {
        return Err(refuse("there are no ATOM or HETATM records in it, and it is not mmCIF either".into()));
    }
    let cell = records.unit_cell(path, given)?;
    if records.n_other_cells > 0 {
        notes.push("it has CRYST1 records that differ: the first is used, with all atoms".to_owned());
    }
    let scale = match records.scale {
        [Some(x), Some(y), Some(z)] if records.has_own_cell() => Some([x, y, z]),
        _ => None,
    };
    let frame = scale.map_or(Frame::of_cell(&cell), |rows| Frame::stated(&cell, &rows, "SCALE records", &mut notes));
    let (space_group, symmetry) = match given.space_group {
        Some(name) => (name.to_owned(), named_operators(name, Some(&cell)).map_err(refuse)?),
        None => {
            let symmetry = symmetry::operators(&records.space_group, &records.symmetry, &cell, &frame, &mut notes);
            (records.space_group.clone(), symmetry.map_err(refuse)?)
        }
    };
    let motions = records.motions().map_err(refuse)?;
    let placed = |(atom, position): &Placed| Atom { position: frame.fractional(*position).0, ..*atom };
    let mut atoms: Vec<Atom> = records.atoms.iter().map(placed).collect();
    records.tally.notes(&mut notes);
    occupancies(&mut atoms, &mut notes);
    displacements::complete(&mut atoms, &records.has_displacement, true, &mut notes);
    copies::add(&mut atoms, &frame, &motions).map_err(refuse)?;
    frame.turn_displacements(&mut atoms);
    Ok(Model { atoms, cell, space_group, symmetry, notes, source: path.to_owned() })
}

/// Columns from `first` to `last`, counted from 1 as the format's description does; what a short line lacks is blank.
fn columns(line: &str, first: usize, last: usize) -> &str {
    line.get(first - 1..last.min(line.len())).unwrap_or_default()
}

/// Whether it is an ATOM or HETATM record; serial numbers of more than five digits may begin in column 6.
fn is_atom(line: &str) -> bool {
    let continues = |c: char| c == ' ' || c.is_ascii_digit();
    line.starts_with("HETATM") || line.strip_prefix("ATOM").is_some_and(|rest| rest.starts_with(continues))
}

impl Records {
    fn take(&mut self, line: &str, i: usize) -> std::result::Result<(), String> {
        if is_atom(line) {
            return self.atom(line);
        }
        match columns(line, 1, 6).trim_end() {
            "ANISOU" => self.anisotropic(line)?,
            // how models are numbered is no matter
            "MODEL" => self.n_models += 1,
            "CRYST1" => {
                let at = [(7, 15), (16, 24), (25, 33), (34, 40), (41, 47), (48, 54)];
                let mut parameters = [0.0; 6];
                for (parameter, (first, last)) in parameters.iter_mut().zip(at) {
                    *parameter = number(columns(line, first, last), "the cell parameter")?;
                }
                let cell = cell(parameters)?;
                let space_group = columns(line, 56, 66).trim();
                match &self.cell {
                    None => (self.cell, self.space_group) = (Some((cell, i)), space_group.to_owned()),
                    Some((first, _)) => {
                        self.n_other_cells += usize::from(*first != cell || self.space_group != space_group);
                    }
                }
            }
            record @ ("SCALE1" | "SCALE2" | "SCALE3") => {
                let row = usize::from(record.as_bytes()[5] - b'1');
                self.scale[row] = matrix_row(line).ok();
            }
            "REMARK" if columns(line, 8, 10) == "290" && columns(line, 14, 18) == "SMTRY" => {
                let words = columns(line, 24, 80).split_ascii_whitespace();
                let row: Vec<f64> = words.map_while(|word| number(word, "").ok()).take(4).collect();
                self.symmetry.push(row.try_into().ok());
            }
            "MTRIX1" | "MTRIX2" | "MTRIX3" => self.copies.push((matrix_row(line)?, columns(line, 60, 60) == "1")),
            _ => {}
        }
        Ok(())
    }

    fn atom(&mut self, line: &str) -> std::result::Result<(), String> {
        if !line.is_ascii() {
            return Err("the atom's record has characters that are not ASCII, so its columns cannot be told".into());
        }
        let [x, y, z] = position(line);
        let q = columns(line, 55, 60);
        let b = columns(line, 61, 66);
        let scatterer = scatterer(line, self.begins_in_first_column)?;
        let (occupancy, has_b) = (if q.trim().is_empty() { 1.0 } else { occupancy(q)? }, !b.trim().is_empty());
        let displacement = checked(Displacement::Isotropic(if has_b { number(b, "B")? } else { 0.0 }))?;
        let position = Vec3::new(x?, y?, z?);
        let element = self.tally.taken(scatterer);
        self.skipped = element.is_none();
        if let Some(element) = element {
            let atom = Atom { element, position: [0.0; 3], occupancy, displacement, model: self.n_models.max(1) };
            self.atoms.push((atom, position));
            self.has_displacement.push(has_b);
        }
        Ok(())
    }

    /// The anisotropic displacement of the atom just read. All zero stands for none.
    fn anisotropic(&mut self, line: &str) -> std::result::Result<(), String> {
        if self.skipped {
            return Ok(());
        }
        let (atom, _) = self.atoms.last_mut().ok_or("an ANISOU record without an atom before it")?;
        let mut u = [0.0; 6];
        for (i, value) in u.iter_mut().enumerate() {
            *value = number(columns(line, 29 + 7 * i, 35 + 7 * i), "the displacement")? * 1e-4;
        }
        if u.iter().any(|&value| value != 0.0) {
            atom.displacement = checked(Displacement::Anisotropic(u))?;
            if let Some(known) = self.has_displacement.last_mut() {
                *known = true;
            }
        }
        Ok(())
    }

    fn has_own_cell(&self) -> bool {
        matches!(self.cell, Some((Some(_), _)))
    }

    /// The file's cell, else the one that is given beside it.
    fn unit_cell(&self, path: &Path, given: &Given) -> Result<UnitCell> {
        if let Some((Some(cell), _)) = &self.cell {
            return Ok(*cell);
        }
        if let Some(cell) = given.cell {
            return UnitCell::new(cell).map_err(|what| Error::file(path, None, what));
        }
        Err(match &self.cell {
            Some((_, line)) => Error::file(
                path,
                *line,
                "a unit cell of 1 Å or 0 (CRYST1) stands for no crystal, as of models by NMR, microscopy or prediction; give the \
                 crystal's as crystal.cell",
            ),
            None => Error::file(path, None, "it has no unit cell (CRYST1 record); give the crystal's as crystal.cell"),
        })
    }

    /// The non-crystallographic copies that are left to be made.
    fn motions(&self) -> std::result::Result<Vec<Motion>, String> {
        let (triples, rest) = self.copies.as_chunks::<3>();
        if !rest.is_empty() {
            return Err("its non-crystallographic operators (MTRIX records) are not complete".into());
        }
        let to_make = triples.iter().filter(|rows| rows.iter().any(|(_, is_given)| !is_given));
        Ok(to_make.map(|rows| rows.map(|(row, _)| row)).collect())
    }
}

/// The four numbers of a SCALE or MTRIX record.
fn matrix_row(line: &str) -> std::result::Result<[f64; 4], String> {
    let mut row = [0.0; 4];
    for (entry, (first, last)) in row.iter_mut().zip([(11, 20), (21, 30), (31, 40), (46, 55)]) {
        *entry = number(columns(line, first, last), "the entry of the non-crystallographic operator")?;
    }
    Ok(row)
}

fn position(line: &str) -> [std::result::Result<f64, String>; 3] {
    [(31, 38), (39, 46), (47, 54)].map(|(first, last)| coordinate(columns(line, first, last)))
}

/// The name of the residue, of three letters or, in column 21, four.
fn residue(line: &str) -> &str {
    columns(line, 18, 21).trim()
}

/// What columns 77 and 78 say. Digits there are the end of what old files have in columns 73 to 80: their name and the number of the line.
fn stated(line: &str) -> Option<&str> {
    let stated = columns(line, 77, 78).trim();
    (!stated.is_empty() && stated.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some(stated)
}

/// The element in columns 77 and 78, or else as the atom's name has it.
fn scatterer(line: &str, begins_in_first_column: bool) -> std::result::Result<Scatterer, String> {
    let residue = residue(line);
    let symbol = stated(line).map(elements::of_symbol);
    if let Some(Ok(found)) = &symbol
        && elements::may_be_in(residue, *found)
    {
        return Ok(*found);
    }
    let by_name = elements::of_name(columns(line, 13, 16), residue, begins_in_first_column);
    match symbol {
        // what is no symbol may be the end of some other name there, unless the atom's name says no element either
        Some(Err(what)) => by_name.map_err(|_| what),
        _ => by_name,
    }
}

/// Whether names begin in column 13 whatever the element, as programs write that follow their motion: a name of up to three letters there
/// in a residue that has elements of one letter alone.
fn begins_in_first_column(text: &str) -> bool {
    text.lines().filter(|line| is_atom(line) && line.is_ascii() && stated(line).is_none()).any(|line| {
        let name = columns(line, 13, 16);
        let is_short = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.trim().len() < 4;
        is_short && elements::is_standard(residue(line)) && !name.starts_with("SE")
    })
}
