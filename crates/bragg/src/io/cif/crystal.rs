//! The unit cell and the symmetry of a CIF block, by the names that their tags have with `_` for `.`.

use super::{Block, Column, Refusal};
use crate::experiment::UnitCell;
use crate::io::numbers::cif_number;
use crate::symmetry::{MAX_OPERATORS, Operator, SpaceGroup, check_group};

const OPERATORS: [&str; 4] = [
    "_space_group_symop_operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
    "_symmetry_equiv_operation_xyz",
    "_pdbx_symmetry_equiv_pos_as_xyz",
];
const NAMES: [&str; 3] = ["_symmetry_space_group_name_h-m", "_space_group_name_h-m_alt", "_space_group_name_h-m_full"];
const HALL: [&str; 2] = ["_space_group_name_hall", "_symmetry_space_group_name_hall"];
const NUMBERS: [&str; 2] = ["_space_group_it_number", "_symmetry_int_tables_number"];

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

/// The space group as the block names it, in a way that [`SpaceGroup::parse`] reads.
pub(crate) fn space_group_name(block: &Block) -> Option<String> {
    let known = |tags: &[&str]| tags.iter().find_map(|tag| block.item(tag)?.known());
    known(&NAMES)
        .map(str::to_owned)
        .or_else(|| known(&HALL).map(|hall| format!("Hall: {hall}")))
        .or_else(|| known(&NUMBERS).map(str::to_owned))
}

/// The operators that the block lists, or those of the space group that it names; `None` where it does neither.
pub(crate) fn operators(block: &Block, cell: Option<&UnitCell>) -> Result<Option<Vec<Operator>>, Refusal> {
    let listed = listed_operators(block)?;
    if listed.is_empty() {
        let named = space_group_name(block).map(|name| named_operators(&name, cell));
        return named.transpose().map_err(|what| (None, what));
    }
    check_group(&listed).map_err(|what| (None, what))?;
    // A group in a cell that the International Tables do not list cannot be held against the cell.
    if let (Some(cell), Ok(group)) = (cell, SpaceGroup::from_operators(&listed)) {
        group.fits(cell.parameters()).map_err(|what| (None, what))?;
    }
    Ok(Some(listed))
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
