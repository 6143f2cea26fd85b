//! The symmetry of a PDB file: CRYST1 names a space group, and REMARK 290 lists operators, which may be left from another file.

use super::super::frame::Frame;
use crate::formats::cif::crystal::named_operators;
use bragg::experiment::UnitCell;
use bragg::structure::operators_from_cartesian;
use bragg::symmetry::{MAX_OPERATORS, Operator, SpaceGroup, check_cell, check_group};

/// Translations of operators that are compared with those of a named space group may be off by so much (fractions of the cell), as where
/// the edges were refined later.
const LOOSE: f64 = 0.02;
/// The tolerance of operators that nothing else tells.
const STRICT: f64 = 4e-3;

/// The operators: those of the name in CRYST1, unless it is none, or has mirrors or a centre of symmetry, which crystals of proteins and
/// nucleic acids cannot have, where the listed ones have none; without a name P 1.
pub(super) fn operators(
    name: &str,
    rows: &[Option<[f64; 4]>],
    cell: &UnitCell,
    frame: &Frame,
    notes: &mut Vec<String>,
) -> Result<Vec<Operator>, String> {
    let named = if name.is_empty() { None } else { Some(named_operators(name, Some(cell))) };
    if rows.is_empty() {
        return named.unwrap_or_else(|| {
            let what = "it names no space group (CRYST1): it is taken to be P 1 (crystal.space_group gives another)";
            notes.push(what.to_owned());
            Ok(vec![Operator::IDENTITY])
        });
    }
    let strict = listed(rows, cell, frame, STRICT);
    let named = match named {
        Some(Ok(named)) => named,
        Some(Err(refused)) => return of_remark(strict.map_err(|_| refused), notes),
        None => {
            let unusable = |what| {
                format!(
                    "CRYST1 names no space group, and REMARK 290 cannot be used: {what}. crystal.space_group gives it"
                )
            };
            return of_remark(strict.map_err(unusable), notes);
        }
    };
    let agrees = |list: &[Operator]| list.len() == named.len() && list.iter().all(|operator| named.contains(operator));
    if listed(rows, cell, frame, LOOSE).is_ok_and(|list| agrees(&list)) {
        return Ok(named);
    }
    let is_chiral = |list: &[Operator]| list.iter().all(|operator| operator.determinant() > 0);
    match strict {
        Ok(list) if is_chiral(&list) && !is_chiral(&named) => {
            notes.push(format!(
                "the space group is taken from REMARK 290, {}: {name} of CRYST1 has mirrors or a centre of symmetry, which chiral molecules \
                 cannot have (crystal.space_group gives another)",
                in_words(&list)
            ));
            Ok(list)
        }
        Ok(list) => {
            notes.push(format!(
                "its REMARK 290 lists the symmetry of {}, but CRYST1 names {name}, which is used (crystal.space_group gives another)",
                in_words(&list)
            ));
            Ok(named)
        }
        Err(what) => {
            notes.push(format!("its REMARK 290 cannot be used, and {name} of CRYST1 is ({what})"));
            Ok(named)
        }
    }
}

/// The listed operators where CRYST1 has no name that can be used.
fn of_remark(listed: Result<Vec<Operator>, String>, notes: &mut Vec<String>) -> Result<Vec<Operator>, String> {
    let listed = listed?;
    let group = in_words(&listed);
    notes.push(format!("the space group is taken from REMARK 290, {group}: CRYST1 names none that can be used"));
    Ok(listed)
}

fn in_words(operators: &[Operator]) -> String {
    SpaceGroup::from_operators(operators).map_or_else(|_| format!("{} operators", operators.len()), |group| group.name)
}

/// The operators that are listed as Cartesian matrices, if they are a group that the cell fits.
fn listed(rows: &[Option<[f64; 4]>], cell: &UnitCell, frame: &Frame, tolerance: f64) -> Result<Vec<Operator>, String> {
    let incomplete = "its symmetry operators (REMARK 290) are not complete, or too many";
    let rows: Vec<[f64; 4]> = rows.iter().copied().collect::<Option<_>>().ok_or(incomplete)?;
    let (triples, rest) = rows.as_chunks::<3>();
    if !rest.is_empty() || triples.len() > MAX_OPERATORS {
        return Err(incomplete.into());
    }
    let in_cell = triples.iter().map(|rows| frame.operator_in_cell(rows, cell));
    let operators: Vec<Operator> =
        in_cell.map(|rows| operators_from_cartesian(cell, &rows, tolerance)).collect::<Result<_, _>>()?;
    check_group(&operators)?;
    check_cell(&operators, cell.parameters())?;
    Ok(operators)
}
