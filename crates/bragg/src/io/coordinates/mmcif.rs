//! mmCIF files (<https://mmcif.wwpdb.org>) and the core CIF of small molecules (<https://www.iucr.org/resources/cif>), by the names
//! that their tags have with `_` for `.`.

use super::atom_site::{self, Column};
use super::cif::{self, Block};
use super::copies::{self, Motion};
use super::{cell, named_operators, number};
use crate::error::{Error, Result};
use crate::experiment::UnitCell;
use crate::structure::Model;
use crate::symmetry::{MAX_OPERATORS, Operator, check_cell, check_group};
use std::path::Path;

/// A line where there is one, and what is wrong.
pub(super) type Refusal = (Option<usize>, String);

const OPERATORS: [&str; 4] = [
    "_space_group_symop_operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
    "_symmetry_equiv_operation_xyz",
    "_pdbx_symmetry_equiv_pos_as_xyz",
];

/// Where the space group may be named, and what to put before the name: a Hall symbol leaves nothing open.
const NAMES: [(&str, &str); 9] = [
    ("_space_group_name_hall", "Hall:"),
    ("_symmetry_space_group_name_hall", "Hall:"),
    ("_symmetry_space_group_name_h-m", ""),
    ("_space_group_name_h-m_alt", ""),
    ("_space_group_name_h-m_full", ""),
    ("_symmetry_pdbx_full_space_group_name_h-m", ""),
    ("_space_group_name_h-m", ""),
    ("_symmetry_int_tables_number", ""),
    ("_space_group_it_number", ""),
];

pub(super) fn parse(text: &str, path: &Path, space_group: Option<&str>) -> Result<Model> {
    let block = cif::parse(text).map_err(|(line, what)| Error::file(path, line, what))?;
    model(&block, path, space_group).map_err(|(line, what)| Error::file(path, line, what))
}

fn model(block: &Block, path: &Path, given: Option<&str>) -> std::result::Result<Model, Refusal> {
    let mut parameters = [0.0; 6];
    let tags = ["length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma"];
    for (parameter, tag) in parameters.iter_mut().zip(tags) {
        let value = block.item(&format!("_cell_{tag}"));
        let known = value.and_then(|value| Some((value.line, value.known()?)));
        let (line, text) = known.ok_or_else(|| (None, format!("it has no unit cell (_cell.{tag})")))?;
        *parameter = number(text, "the cell parameter").map_err(|what| (Some(line), what))?;
    }
    let cell = cell(parameters).map_err(|what| (None, what))?;
    let named = NAMES.iter().filter_map(|(tag, prefix)| Some((*prefix, block.item(tag)?.known()?)));
    let names: Vec<(&str, &str)> = given.map_or_else(|| named.collect(), |given| vec![("", given)]);
    let listed = if given.is_none() { listed_operators(block, &cell)? } else { None };
    let symmetry = match listed {
        Some(operators) => operators,
        None => operators_by_name(&names, &cell).map_err(|what| (None, what))?,
    };
    let plain = names.iter().find(|(prefix, _)| prefix.is_empty()).or(names.first());
    let space_group = plain.map_or(String::new(), |(_, name)| (*name).to_owned());
    let mut atoms = atom_site::read(block, &cell, &symmetry)?;
    copies::add(&mut atoms, &cell, &motions(block)?).map_err(|what| (None, what))?;
    Ok(Model { atoms, cell, space_group, symmetry, source: path.to_owned() })
}

/// The operators of the first name that is one; if none is, what is wrong with the first of Hermann and Mauguin's.
fn operators_by_name(names: &[(&str, &str)], cell: &UnitCell) -> std::result::Result<Vec<Operator>, String> {
    let tried: Vec<_> =
        names.iter().map(|(prefix, name)| (prefix, named_operators(&format!("{prefix}{name}"), cell))).collect();
    if let Some((_, Ok(operators))) = tried.iter().find(|(_, result)| result.is_ok()) {
        return Ok(operators.clone());
    }
    let plain = tried.iter().find(|(prefix, _)| prefix.is_empty()).or(tried.first());
    match plain {
        Some((_, result)) => result.clone(),
        None => Err("it names no space group (_symmetry.space_group_name_H-M) and lists no operators".into()),
    }
}

/// The operators that the file lists.
fn listed_operators(block: &Block, cell: &UnitCell) -> std::result::Result<Option<Vec<Operator>>, Refusal> {
    let mut triplets = Vec::new();
    for tag in OPERATORS {
        if let Some(table) = block.loop_with(tag) {
            let column = Column::of(table, tag);
            triplets = table
                .values
                .chunks_exact(table.tags.len())
                .map(|row| (row.first().map(|value| value.line), column.known(row).unwrap_or_default()))
                .collect();
        } else if let Some(value) = block.item(tag) {
            triplets = value.known().map(|text| (Some(value.line), text)).into_iter().collect();
        }
        if !triplets.is_empty() {
            break;
        }
    }
    if triplets.is_empty() {
        return Ok(None);
    }
    if triplets.len() > MAX_OPERATORS {
        return Err((None, format!("it lists {} symmetry operators; no space group has so many", triplets.len())));
    }
    let operators: std::result::Result<Vec<Operator>, Refusal> =
        triplets.into_iter().map(|(line, text)| text.parse().map_err(|what| (line, what))).collect();
    let operators = operators?;
    check_group(&operators).and_then(|()| check_cell(&operators, cell.parameters())).map_err(|what| (None, what))?;
    Ok(Some(operators))
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
                    number(&text, "the entry of the non-crystallographic operator").map_err(|what| (line, what))?;
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
