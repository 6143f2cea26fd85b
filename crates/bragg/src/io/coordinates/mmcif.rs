//! mmCIF files (<https://mmcif.wwpdb.org>) and the core CIF of small molecules (<https://www.iucr.org/resources/cif>), by the names
//! that their tags have with `_` for `.`.

use super::atom_site;
use super::copies::{self, Motion};
use crate::error::{Error, Result};
use crate::io::cif::crystal::{named_operators, operators, space_group_name, unit_cell};
use crate::io::cif::{self, Block, Column, Refusal};
use crate::io::numbers::cif_number;
use crate::structure::Model;
use std::path::Path;

/// Data blocks at most.
const MAX_BLOCKS: usize = 1000;

pub(super) fn parse(text: &str, path: &Path, space_group: Option<&str>) -> Result<Model> {
    let blocks = cif::parse_blocks(text, MAX_BLOCKS).map_err(|(line, what)| Error::file(path, line, what))?;
    // journals put a block with the text before the structures
    let block = blocks.iter().find(|block| block.has_atoms()).or(blocks.last());
    let block = block.ok_or_else(|| Error::file(path, None, "there is no data block in it"))?;
    model(block, path, space_group).map_err(|(line, what)| Error::file(path, line, what))
}

fn model(block: &Block, path: &Path, given: Option<&str>) -> std::result::Result<Model, Refusal> {
    let cell = unit_cell(block)?.ok_or_else(|| (None, "it has no unit cell (_cell.length_a, …)".to_owned()))?;
    let (space_group, symmetry) = match given {
        Some(name) => (name.to_owned(), Some(named_operators(name, Some(&cell)).map_err(|what| (None, what))?)),
        None => (space_group_name(block).unwrap_or_default(), operators(block, Some(&cell))?),
    };
    let none = "it names no space group (_symmetry.space_group_name_H-M) and lists no operators";
    let symmetry = symmetry.ok_or_else(|| (None, none.to_owned()))?;
    let mut atoms = atom_site::read(block, &cell, &symmetry)?;
    copies::add(&mut atoms, &cell, &motions(block)?).map_err(|what| (None, what))?;
    Ok(Model { atoms, cell, space_group, symmetry, source: path.to_owned() })
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
    if let Some(table) = block.loop_with(&code) {
        for row in table.values.chunks_exact(table.tags.len()) {
            let line = row.first().map(|value| value.line);
            take(line, &|tag| Column::of(table, tag).known(row).map(str::to_owned))?;
        }
    } else if let Some(value) = block.item(&code) {
        take(Some(value.line), &|tag| block.item(tag)?.known().map(str::to_owned))?;
    }
    Ok(found)
}
