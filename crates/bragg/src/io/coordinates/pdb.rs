//! PDB files (wwPDB format 3.3, <https://www.wwpdb.org/documentation/file-format>).

use super::copies::{self, Motion};
use super::{checked, coordinate, occupancy};
use crate::error::{Error, Result};
use crate::experiment::UnitCell;
use crate::io::cif::crystal::{cell, named_operators};
use crate::io::numbers::number;
use crate::math::Vec3;
use crate::structure::{Atom, Displacement, Element, Model, operators_from_cartesian};
use crate::symmetry::{MAX_OPERATORS, Operator, check_cell, check_group};
use std::path::Path;

/// An atom with its Cartesian position (Å), which becomes fractional when the cell is known.
type Placed = (Atom, Vec3);

#[derive(Default)]
struct Records {
    atoms: Vec<Placed>,
    cell: Option<UnitCell>,
    space_group: String,
    /// The rows of REMARK 290.
    symmetry: Vec<[f64; 4]>,
    /// The rows of MTRIX records, and whether the file has the copy's atoms.
    copies: Vec<([f64; 4], bool)>,
    model: i32,
}

pub(super) fn parse(text: &str, path: &Path, space_group: Option<&str>) -> Result<Model> {
    let mut records = Records { model: 1, ..Records::default() };
    for (i, line) in text.lines().enumerate() {
        records.take(line).map_err(|what| Error::file(path, i + 1, what))?;
    }
    let refuse = |what: String| Error::file(path, None, what);
    if records.atoms.is_empty() {
        return Err(refuse("there are no ATOM or HETATM records in it, and it is not mmCIF either".into()));
    }
    let cell = records.cell.ok_or_else(|| refuse("it has no unit cell (CRYST1 record)".into()))?;
    if let Some(name) = space_group {
        records.space_group = name.to_owned();
        records.symmetry.clear();
    }
    let symmetry = records.operators(&cell).map_err(refuse)?;
    let fractional_from_cartesian = cell.basis().reciprocal_rows();
    let placed = |(atom, position): Placed| Atom { position: fractional_from_cartesian.apply(position).0, ..atom };
    let motions = records.motions().map_err(refuse)?;
    let mut atoms = records.atoms.into_iter().map(placed).collect();
    copies::add(&mut atoms, &cell, &motions).map_err(refuse)?;
    Ok(Model { atoms, cell, space_group: records.space_group, symmetry, source: path.to_owned() })
}

/// Columns from `first` to `last`, counted from 1 as the format's description does; what a short line lacks is blank.
fn columns(line: &str, first: usize, last: usize) -> &str {
    line.get(first - 1..last.min(line.len())).unwrap_or_default()
}

impl Records {
    fn take(&mut self, line: &str) -> std::result::Result<(), String> {
        match columns(line, 1, 6).trim_end() {
            "ATOM" | "HETATM" => self.atoms.push(atom(line, self.model)?),
            "ANISOU" => self.anisotropic(line)?,
            "MODEL" => self.model = number(columns(line, 7, 20), "the model number")? as i32,
            "CRYST1" => {
                let at = [(7, 15), (16, 24), (25, 33), (34, 40), (41, 47), (48, 54)];
                let mut parameters = [0.0; 6];
                for (parameter, (first, last)) in parameters.iter_mut().zip(at) {
                    *parameter = number(columns(line, first, last), "the cell parameter")?;
                }
                self.cell = Some(cell(parameters)?);
                self.space_group = columns(line, 56, 66).trim().to_owned();
            }
            "REMARK" if columns(line, 8, 10) == "290" && columns(line, 14, 18) == "SMTRY" => {
                let mut row = [0.0; 4];
                let mut words = columns(line, 24, 80).split_ascii_whitespace();
                for entry in &mut row {
                    *entry = number(words.next().unwrap_or_default(), "the entry of the symmetry operator")?;
                }
                self.symmetry.push(row);
            }
            "MTRIX1" | "MTRIX2" | "MTRIX3" => {
                let mut row = [0.0; 4];
                for (entry, (first, last)) in row.iter_mut().zip([(11, 20), (21, 30), (31, 40), (46, 55)]) {
                    *entry = number(columns(line, first, last), "the entry of the non-crystallographic operator")?;
                }
                self.copies.push((row, columns(line, 60, 60) == "1"));
            }
            _ => {}
        }
        Ok(())
    }

    /// The anisotropic displacement of the atom just read. All zero stands for none.
    fn anisotropic(&mut self, line: &str) -> std::result::Result<(), String> {
        let (atom, _) = self.atoms.last_mut().ok_or("an ANISOU record without an atom before it")?;
        let mut u = [0.0; 6];
        for (i, value) in u.iter_mut().enumerate() {
            *value = number(columns(line, 29 + 7 * i, 35 + 7 * i), "the displacement")? * 1e-4;
        }
        if u.iter().any(|&value| value != 0.0) {
            atom.displacement = checked(Displacement::Anisotropic(u))?;
        }
        Ok(())
    }

    /// The operators that the file lists, or those of its space group.
    fn operators(&self, cell: &UnitCell) -> std::result::Result<Vec<Operator>, String> {
        if self.symmetry.is_empty() {
            return named_operators(&self.space_group, Some(cell));
        }
        let (triples, rest) = self.symmetry.as_chunks::<3>();
        if !rest.is_empty() || triples.len() > MAX_OPERATORS {
            return Err("its symmetry operators (REMARK 290) are not complete, or too many".into());
        }
        let operators: std::result::Result<Vec<_>, _> =
            triples.iter().map(|rows| operators_from_cartesian(cell, rows)).collect();
        let operators = operators?;
        check_group(&operators)?;
        check_cell(&operators, cell.parameters())?;
        Ok(operators)
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

fn atom(line: &str, model: i32) -> std::result::Result<Placed, String> {
    if !line.is_ascii() {
        return Err("the atom's record has characters that are not ASCII, so its columns cannot be told".into());
    }
    let position = [(31, 38), (39, 46), (47, 54)].map(|(first, last)| coordinate(columns(line, first, last)));
    let [x, y, z] = position;
    let q = columns(line, 55, 60);
    let b = columns(line, 61, 66);
    let atom = Atom {
        element: element(line)?,
        position: [0.0; 3],
        occupancy: if q.trim().is_empty() { 1.0 } else { occupancy(q)? },
        displacement: checked(Displacement::Isotropic(if b.trim().is_empty() { 0.0 } else { number(b, "B")? }))?,
        model,
    };
    Ok((atom, Vec3::new(x?, y?, z?)))
}

/// The element in columns 77 and 78; where they are blank, from the atom's name, whose element ends in column 14.
fn element(line: &str) -> std::result::Result<Element, String> {
    let stated = columns(line, 77, 78).trim();
    if !stated.is_empty() {
        return stated.parse();
    }
    let name = columns(line, 13, 16);
    let symbol = columns(line, 13, 14).trim_matches(|c: char| !c.is_ascii_alphabetic());
    // A name of four letters such as HG11 begins in column 13.
    let long_hydrogen = name.starts_with('H') && name.trim().len() == 4;
    let symbol = if long_hydrogen { "H" } else { symbol };
    symbol.parse().map_err(|what| format!("columns 77-78 name no element, and of the atom's name, {what}"))
}
