//! The unit cell and the symmetry of a CIF block, by the names that their tags have with `_` for `.`.

use super::{Block, Column, Refusal};
use crate::experiment::UnitCell;
use crate::io::numbers::cif_number;
use crate::symmetry::{MAX_OPERATORS, Operator, SpaceGroup, check_cell, check_group};

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

/// The unit cell; `None` where the block has none.
pub(crate) fn unit_cell(block: &Block) -> Result<Option<UnitCell>, Refusal> {
    let tags = ["length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma"];
    let values =
        tags.map(|tag| block.item(&format!("_cell_{tag}")).and_then(|value| Some((value.line, value.known()?))));
    if values.iter().all(Option::is_none) {
        return Ok(None);
    }
    let mut parameters = [0.0; 6];
    for ((parameter, tag), value) in parameters.iter_mut().zip(tags).zip(values) {
        let (line, text) = value.ok_or_else(|| (None, format!("its unit cell lacks _cell.{tag}")))?;
        *parameter = cif_number(text, "the cell parameter").map_err(|what| (Some(line), what))?;
    }
    cell(parameters).map(Some).map_err(|what| (None, what))
}

/// A unit cell that is not the mark for none (edges of 1 Å).
pub(crate) fn cell(parameters: [f64; 6]) -> Result<UnitCell, String> {
    if parameters[..3].iter().all(|edge| *edge <= 1.0) {
        return Err("the unit cell of 1 Å stands for no crystal; structure factors need the crystal's cell".into());
    }
    UnitCell::new(parameters)
}

/// What the block calls its space group, each name such that [`SpaceGroup::parse`] reads it, with whether it is a Hall symbol.
fn names(block: &Block) -> Vec<(bool, String)> {
    let known = NAMES.iter().filter_map(|(tag, prefix)| Some((*prefix, block.item(tag)?.known()?)));
    known.map(|(prefix, name)| (!prefix.is_empty(), format!("{prefix}{name}"))).collect()
}

/// The space group as the block names it, by Hermann and Mauguin where it does.
pub(crate) fn space_group_name(block: &Block) -> Option<String> {
    let mut names = names(block);
    names.sort_by_key(|(is_hall, _)| *is_hall);
    names.into_iter().next().map(|(_, name)| name)
}

/// The operators that the block lists, or those of the space group that it names; `None` where it does neither.
pub(crate) fn operators(block: &Block, cell: Option<&UnitCell>) -> Result<Option<Vec<Operator>>, Refusal> {
    let listed = listed_operators(block)?;
    if listed.is_empty() {
        return operators_by_name(&names(block), cell).transpose().map_err(|what| (None, what));
    }
    check_group(&listed).map_err(|what| (None, what))?;
    cell.map_or(Ok(()), |cell| check_cell(&listed, cell.parameters())).map_err(|what| (None, what))?;
    Ok(Some(listed))
}

/// The operators of the first name that is one; if none is, what is wrong with the first of Hermann and Mauguin's.
fn operators_by_name(names: &[(bool, String)], cell: Option<&UnitCell>) -> Option<Result<Vec<Operator>, String>> {
    let tried: Vec<_> = names.iter().map(|(is_hall, name)| (is_hall, named_operators(name, cell))).collect();
    let found = tried.iter().find(|(_, result)| result.is_ok());
    let found = found.or_else(|| tried.iter().find(|(is_hall, _)| !**is_hall)).or(tried.first());
    found.map(|(_, result)| result.clone())
}

fn listed_operators(block: &Block) -> Result<Vec<Operator>, Refusal> {
    let parsed = |line: usize, text: &str| text.parse().map_err(|what| (Some(line), what));
    let Some((table, tag)) = OPERATORS.iter().find_map(|tag| Some((block.loop_with(tag)?, *tag))) else {
        let single =
            OPERATORS.iter().find_map(|tag| block.item(tag).and_then(|value| Some((value.line, value.known()?))));
        return single.into_iter().map(|(line, text)| parsed(line, text)).collect();
    };
    if table.rows().len() > MAX_OPERATORS {
        return Err((None, format!("it lists {} symmetry operators; no space group has so many", table.rows().len())));
    }
    let column = Column::of(table, tag);
    let line = |row: &[super::Value]| row.first().map_or(0, |value| value.line);
    table.rows().map(|row| parsed(line(row), column.known(row).unwrap_or_default())).collect()
}

/// The operators of the space group that a file names, in the setting that its cell fits.
pub(crate) fn named_operators(name: &str, cell: Option<&UnitCell>) -> Result<Vec<Operator>, String> {
    let group = match cell {
        Some(cell) => SpaceGroup::parse_for_cell(name, cell.parameters()),
        None => SpaceGroup::parse(name),
    };
    group.map(|group| group.operators)
}
