//! The unit cell and the symmetry of a CIF block, by the names that their tags have with `_` for `.`.

use super::{Block, Column, Refusal};
use crate::formats::numbers::cif_number;
use bragg::experiment::UnitCell;
use bragg::symmetry::{MAX_OPERATORS, Operator, SpaceGroup, check_cell, check_group};
use std::collections::HashSet;

const OPERATORS: [&str; 6] = [
    "_space_group_symop_operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
    "_symmetry_equiv_operation_xyz",
    "_symmetry_equiv_pos_xyz",
    "_pdbx_symmetry_equiv_pos_as_xyz",
    "_symmetry_pos_as_xyz",
];
/// Where the space group may be named, and what to put before the name: a Hall symbol leaves nothing open.
const NAMES: [(&str, &str); 11] = [
    ("_space_group_name_hall", "Hall:"),
    ("_symmetry_space_group_name_hall", "Hall:"),
    ("_symmetry_space_group_name_h-m", ""),
    ("_space_group_name_h-m_alt", ""),
    ("_space_group_name_h-m_full", ""),
    ("_symmetry_pdbx_full_space_group_name_h-m", ""),
    ("_space_group_name_h-m", ""),
    ("_space_group_name_h-m_ref", ""),
    ("_symmetry_int_tables_number", ""),
    ("_space_group_it_number", ""),
    ("_space_group_int_tables_number", ""),
];

/// The unit cell; `None` where the block has none, or one of 1 Å or less, which stands for none. Angles that are not there at all are
/// right ones, as the dictionary of core CIF has it.
pub(crate) fn unit_cell(block: &Block) -> Result<Option<UnitCell>, Refusal> {
    let tags = ["length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma"];
    let items = tags.map(|tag| block.item(&format!("_cell_{tag}")));
    let values = items.map(|item| item.and_then(|value| Some((value.line, value.known()?))));
    if values.iter().all(Option::is_none) {
        return Ok(None);
    }
    let mut parameters = [90.0; 6];
    for (i, (parameter, tag)) in parameters.iter_mut().zip(tags).enumerate() {
        if i >= 3 && items[i].is_none() {
            continue;
        }
        let (line, text) = values[i].ok_or_else(|| (None, format!("its unit cell lacks _cell.{tag}")))?;
        *parameter = cif_number(text, "the cell parameter").map_err(|what| (Some(line), what))?;
    }
    cell(parameters).map_err(|what| (None, what))
}

/// A unit cell; `None` for edges of 1 Å or less, the mark for none.
pub(crate) fn cell(parameters: [f64; 6]) -> Result<Option<UnitCell>, String> {
    if parameters[..3].iter().all(|edge| *edge <= 1.0) { Ok(None) } else { Ok(Some(UnitCell::new(parameters)?)) }
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

/// The operators that the block lists, or those of the space group that it names; `None` where it does neither. What else there is to
/// know goes to the notes.
pub(crate) fn operators(
    block: &Block,
    cell: Option<&UnitCell>,
    notes: &mut Vec<String>,
) -> Result<Option<Vec<Operator>>, Refusal> {
    let names = names(block);
    let listed = listed_operators(block)?;
    if listed.is_empty() {
        return operators_by_name(&names, cell).transpose().map_err(|what| (None, what));
    }
    let named = operators_by_name(&names, cell).and_then(Result::ok);
    group_of(listed, named, cell, notes).map(Some).map_err(|what| (None, what))
}

/// The space group of the operators that a file lists. One that is listed twice is taken once, and the identity is there even if it is not
/// listed; where they still are no group, they may be some of the named one's.
fn group_of(
    listed: Vec<Operator>,
    named: Option<Vec<Operator>>,
    cell: Option<&UnitCell>,
    notes: &mut Vec<String>,
) -> Result<Vec<Operator>, String> {
    let n_listed = listed.len();
    let unique = each_once(&listed);
    let fits = |operators: &[Operator]| cell.map_or(Ok(()), |cell| check_cell(operators, cell.parameters()));
    let refused = match check_group(&unique) {
        Ok(()) => {
            fits(&unique)?;
            let has_identity = listed.contains(&Operator::IDENTITY);
            if !has_identity {
                notes.push("its symmetry operators lack the identity x,y,z, which is added".to_owned());
            }
            if unique.len() < n_listed + usize::from(!has_identity) {
                notes.push("it lists symmetry operators more than once: each is taken once".to_owned());
            }
            note_other_name(&unique, named.as_deref(), notes);
            return Ok(unique);
        }
        Err(refused) => refused,
    };
    let named = named.filter(|named| unique.iter().all(|operator| named.contains(operator)) && fits(named).is_ok());
    let named = named.ok_or_else(|| format!("{refused}. crystal.space_group gives the space group"))?;
    notes.push(format!(
        "it lists {} of the {} symmetry operators of the space group that it names: all of them are used",
        unique.len(),
        named.len()
    ));
    Ok(named)
}

/// Operators that a file lists, each once, and the identity before them.
pub(crate) fn each_once(listed: &[Operator]) -> Vec<Operator> {
    let mut seen = HashSet::new();
    let all = [Operator::IDENTITY].into_iter().chain(listed.iter().copied());
    all.filter(|operator| seen.insert(operator.after(&Operator::IDENTITY))).collect()
}

/// Says so where the operators are those of another space group than the file names.
fn note_other_name(listed: &[Operator], named: Option<&[Operator]>, notes: &mut Vec<String>) {
    let Some(named) = named.filter(|named| named.len() != listed.len() || named.iter().any(|o| !listed.contains(o)))
    else {
        return;
    };
    let [listed, named] = [listed, named].map(SpaceGroup::from_operators);
    if let (Ok(listed), Ok(named)) = (listed, named)
        && listed.number != named.number
    {
        notes.push(format!(
            "its symmetry operators make up {listed}, but it names {named}: the operators are used (crystal.space_group gives another)"
        ));
    }
}

/// The operators of the first name that is one; if none is, what is wrong with the first of Hermann and Mauguin's.
fn operators_by_name(names: &[(bool, String)], cell: Option<&UnitCell>) -> Option<Result<Vec<Operator>, String>> {
    let tried: Vec<_> = names.iter().map(|(is_hall, name)| (is_hall, named_operators(name, cell))).collect();
    let found = tried.iter().find(|(_, result)| result.is_ok());
    let found = found.or_else(|| tried.iter().find(|(is_hall, _)| !**is_hall)).or(tried.first());
    found.map(|(_, result)| result.clone())
}

fn listed_operators(block: &Block) -> Result<Vec<Operator>, Refusal> {
    let Some((table, tag)) = OPERATORS.iter().find_map(|tag| Some((block.table(tag, &[""])?, *tag))) else {
        return Ok(Vec::new());
    };
    // some list each twice
    if table.rows().len() > 4 * MAX_OPERATORS {
        return Err((None, format!("it lists {} symmetry operators; no space group has so many", table.rows().len())));
    }
    let column = Column::of(&table, tag);
    let line = |row: &[super::Value]| row.first().map_or(0, |value| value.line);
    let known = table.rows().filter_map(|row| Some((line(row), column.known(row)?)));
    known.map(|(line, text)| text.parse().map_err(|what| (Some(line), what))).collect()
}

/// The operators of the space group that a file names, in the setting that its cell fits.
pub(crate) fn named_operators(name: &str, cell: Option<&UnitCell>) -> Result<Vec<Operator>, String> {
    let group = match cell {
        Some(cell) => SpaceGroup::parse_for_cell(name, cell.parameters()),
        None => SpaceGroup::parse(name),
    };
    group
        .map(|group| group.operators)
        .map_err(|error| format!("{}. crystal.space_group gives another", error.into_what()))
}
