//! mmCIF files (<https://mmcif.wwpdb.org>) and the core CIF of small molecules (<https://www.iucr.org/resources/cif>), by the names
//! that their tags have with `_` for `.`.

use super::copies::{self, Motion};
use super::frame::Frame;
use super::{Given, atom_site};
use crate::formats::cif::crystal::{named_operators, operators, space_group_name, unit_cell};
use crate::formats::cif::{self, Block, Column, Refusal};
use crate::formats::numbers::cif_number;
use bragg::error::{Error, Result};
use bragg::experiment::UnitCell;
use bragg::math::{Mat3, Vec3};
use bragg::structure::Model;
use bragg::symmetry::Operator;
use std::path::Path;

/// Data blocks at most.
const MAX_BLOCKS: usize = 1000;

pub(super) fn parse(text: &str, path: &Path, given: &Given) -> Result<Model> {
    let blocks = cif::parse_blocks(text, MAX_BLOCKS).map_err(|(line, what)| Error::file(path, line, what))?;
    // journals put a block with the text before the structures
    let with_atoms = || blocks.iter().filter(|block| block.has_atoms());
    let block = with_atoms().next().or(blocks.last());
    let block = block.ok_or_else(|| Error::file(path, None, "it has no data block"))?;
    let mut model = model(block, path, given).map_err(|(line, what)| Error::file(path, line, what))?;
    let n = with_atoms().count();
    if n > 1 {
        model.notes.push(format!("of {n} data blocks with atoms the first, {}, is read", block.name));
    }
    Ok(model)
}

fn model(block: &Block, path: &Path, given: &Given) -> std::result::Result<Model, Refusal> {
    let mut notes = Vec::new();
    let own_cell = unit_cell(block)?;
    let given_cell = given.cell.map(UnitCell::new).transpose().map_err(|error| (None, error.into()))?;
    let no_cell = "it has no unit cell (_cell.length_a, …), or one of 1 Å, which stands for no crystal; give the crystal's as crystal.cell";
    let cell = own_cell.or(given_cell).ok_or_else(|| (None, no_cell.to_owned()))?;
    let (space_group, symmetry) = match given.space_group {
        Some(name) => (name.to_owned(), named_operators(name, Some(&cell)).map_err(|what| (None, what))?),
        None => {
            let listed = operators(block, Some(&cell), &mut notes)?;
            let none = "it names no space group (_symmetry.space_group_name_H-M) and lists no operators: it is taken to be P 1 \
                        (crystal.space_group gives another)";
            let symmetry = listed.unwrap_or_else(|| {
                notes.push(none.to_owned());
                vec![Operator::IDENTITY]
            });
            (space_group_name(block).unwrap_or_default(), symmetry)
        }
    };
    let frame = match own_cell.filter(|_| atom_site::is_cartesian(block)).and_then(|_| frame_rows(block)) {
        Some(rows) => Frame::stated(&cell, &rows, "matrix of _atom_sites", &mut notes),
        None => Frame::of_cell(&cell),
    };
    let mut atoms = atom_site::read(block, &cell, &frame, &symmetry, &mut notes)?;
    copies::add(&mut atoms, &frame, &motions(block)?).map_err(|what| (None, what))?;
    frame.turn_displacements(&mut atoms);
    Ok(Model { atoms, cell, space_group, symmetry, notes, source: path.to_owned() })
}

/// The rows of (M | t) that make Cartesian coordinates fractional, where the block states them, or the matrix of the other way.
fn frame_rows(block: &Block) -> Option<[[f64; 4]; 3]> {
    let number = |tag: String| cif_number(block.item(&tag)?.known()?, "").ok();
    let stated = |way: &str| -> Option<[[f64; 4]; 3]> {
        let mut rows = [[0.0; 4]; 3];
        for (i, row) in (1..).zip(&mut rows) {
            for (j, entry) in (1..).zip(&mut row[..3]) {
                let of_mmcif = || number(format!("_atom_sites_{way}_transf_matrix[{i}][{j}]"));
                *entry = of_mmcif().or_else(|| number(format!("_atom_sites_{way}_tran_matrix_{i}{j}")))?;
            }
            let of_mmcif = number(format!("_atom_sites_{way}_transf_vector[{i}]"));
            row[3] = of_mmcif.or_else(|| number(format!("_atom_sites_{way}_tran_vector_{i}"))).unwrap_or(0.0);
        }
        Some(rows)
    };
    if let Some(rows) = stated("fract") {
        return Some(rows);
    }
    // x = M·x' + t, so x' = M⁻¹·x − M⁻¹·t
    let rows = stated("cartn")?;
    let inverse = Mat3::from_rows(rows.map(|[x, y, z, _]| Vec3::new(x, y, z))).reciprocal_rows().transposed();
    let shift = inverse.apply(Vec3(rows.map(|row| row[3])));
    let found: [[f64; 4]; 3] = std::array::from_fn(|i| [inverse.0[i][0], inverse.0[i][1], inverse.0[i][2], -shift[i]]);
    found.iter().flatten().all(|value| value.is_finite()).then_some(found)
}

/// The motions of `_struct_ncs_oper` whose copies are not among the atoms.
fn motions(block: &Block) -> std::result::Result<Vec<Motion>, Refusal> {
    let tag = |tag: &str| format!("_struct_ncs_oper_{tag}");
    let entry = |i: usize, j: usize| {
        if j < 3 { tag(&format!("matrix[{}][{}]", i + 1, j + 1)) } else { tag(&format!("vector[{}]", i + 1)) }
    };
    let code = tag("code");
    let mut found = Vec::new();
    let mut take = |line: Option<usize>, known: &dyn Fn(&str) -> Option<String>| -> std::result::Result<(), Refusal> {
        if known(&code).is_none_or(|code| !code.eq_ignore_ascii_case("generate")) {
            return Ok(());
        }
        let mut motion = [[0.0; 4]; 3];
        for (i, row) in motion.iter_mut().enumerate() {
            for (j, value) in row.iter_mut().enumerate() {
                let text = known(&entry(i, j)).unwrap_or_default();
                *value =
                    cif_number(&text, "the entry of the non-crystallographic operator").map_err(|what| (line, what))?;
            }
        }
        found.push(motion);
        Ok(())
    };
    if let Some(table) = block.table("_struct_ncs_oper_", &["code"]) {
        for row in table.rows() {
            let line = row.first().map(|value| value.line);
            take(line, &|tag| Column::of(&table, tag).known(row).map(str::to_owned))?;
        }
    }
    Ok(found)
}
