//! Reflections from structure-factor files of the PDB (mmCIF, category `_refln`; <https://mmcif.wwpdb.org>) and from CIF files of small
//! molecules that list them under the same names (`.fcf` of SHELXL).

mod sets;

use crate::formats::cif::crystal::{operators, unit_cell};
use crate::formats::cif::{self, Block, Column, Loop, Refusal, Value};
use crate::formats::numbers::{cif_number, index, summable};
use crate::formats::reflections::{List, Report};
use crate::formats::text::text;
use bragg::error::{Error, Result};
use bragg::experiment::UnitCell;
use bragg::miller::Miller;
use bragg::reflections::Observation;
use bragg::symmetry::Operator;
use std::borrow::Cow;
use std::path::Path;

/// A file with more data blocks is damaged or no structure-factor file.
const MAX_BLOCKS: usize = 1000;

/// A column of values, or two for Friedel mates, by their names behind `_refln_` in lower case.
struct Kind {
    values: &'static [&'static str],
    /// Their standard uncertainties.
    sigmas: &'static [&'static str],
    are_intensities: bool,
    /// Whether the status of a reflection says something of it.
    measured: bool,
    /// Whether it is taken without being asked for.
    obvious: bool,
}

const fn kind(values: &'static [&'static str], sigmas: &'static [&'static str], are_intensities: bool) -> Kind {
    Kind { values, sigmas, are_intensities, measured: true, obvious: true }
}

const fn calculated(values: &'static [&'static str], are_intensities: bool, obvious: bool) -> Kind {
    Kind { values, sigmas: &[], are_intensities, measured: false, obvious }
}

/// In order of preference: as measured, amplitudes before intensities, means before pairs; then as calculated. Map coefficients are
/// never taken unasked.
const KINDS: [Kind; 12] = [
    kind(&["f_meas_au"], &["f_meas_sigma_au"], false),
    kind(&["f_meas"], &["f_meas_sigma"], false),
    kind(&["intensity_meas"], &["intensity_sigma"], true),
    kind(&["f_squared_meas"], &["f_squared_sigma"], true),
    kind(&["pdbx_f_plus", "pdbx_f_minus"], &["pdbx_f_plus_sigma", "pdbx_f_minus_sigma"], false),
    kind(&["pdbx_i_plus", "pdbx_i_minus"], &["pdbx_i_plus_sigma", "pdbx_i_minus_sigma"], true),
    calculated(&["f_calc_au"], false, true),
    calculated(&["f_calc"], false, true),
    calculated(&["f_squared_calc"], true, true),
    calculated(&["pdbx_f_calc_with_solvent"], false, false),
    calculated(&["pdbx_fwt"], false, false),
    calculated(&["pdbx_delfwt"], false, false),
];

/// Codes of `_refln.status` for what is not to be used: unreliable, systematically absent.
const UNUSABLE: [&str; 2] = ["x", "-"];

/// Reads the bytes of a structure-factor file, compressed or not; `path` is for messages.
///
/// The first of several data blocks with measured values is taken, else the first with calculated ones. `column` chooses another column
/// by its name (`F_meas_au`, `_refln.pdbx_I_plus`), in the first block that has values in it or, as `r1abcBsf/F_meas_au`, in the one of
/// that name. Either of a Friedel pair stands for both. Reflections that the status marks as unreliable (x) or absent (-) are left out
/// of measured columns. Several crystals, wavelengths or scale groups in a loop are data sets of their own: the first is taken, or the one
/// that is named in brackets behind the column, `F_meas_au[crystal_id=1,wavelength_id=2]`.
///
/// # Errors
/// A file that is no such CIF, is cut off, or has no such column; values that are not indices or finite numbers; symmetry that does not
/// fit the cell.
pub fn parse(bytes: &[u8], path: &Path, column: Option<&str>) -> Result<List> {
    let refuse = |(line, what): Refusal| Error::file(path, line, what);
    let text = text(bytes).map_err(|what| refuse((None, what)))?;
    if !cif::is_cif(&text) {
        return Err(refuse((None, "it is not a CIF file: it does not begin with data_".into())));
    }
    let blocks = cif::parse_blocks(&text, MAX_BLOCKS).map_err(|(line, what)| refuse((Some(line), what)))?;
    let list = read(&blocks, column).map_err(refuse)?;
    Ok(List { source: path.to_owned(), ..list })
}

fn read(blocks: &[Block], column: Option<&str>) -> std::result::Result<List, Refusal> {
    let request = Request::of(column).map_err(|what| (None, what))?;
    let (block, table, kind) = choose(blocks, &request).map_err(|what| (None, what))?;
    let mut report = Report::default();
    let (cell, symmetry) = crystal_of(blocks, block, &mut report.notes)?;
    let with_reflections = tables(blocks).count();
    if with_reflections > 1 {
        let name = block.name;
        report.notes.push(format!(
            "of {with_reflections} blocks with reflections the block {name} is read; name another before its column: \
             BLOCK/{}",
            kind.values.join(" or BLOCK/")
        ));
    }
    let rows = sets::rows_of_one(&table, kind, &request.set, &mut report.notes).map_err(|what| (None, what))?;
    let observations = observations(&table, &rows, kind, &mut report)?;
    Ok(List {
        observations,
        are_intensities: kind.are_intensities,
        cell: cell.map(|cell| cell.parameters()),
        symmetry: symmetry.unwrap_or_default(),
        has_space_group: true,
        report,
        ..List::default()
    })
}

/// The cell and the operators of a block. The other blocks of a file may leave out what the first says of the crystal.
fn crystal_of(
    blocks: &[Block],
    block: &Block,
    notes: &mut Vec<String>,
) -> std::result::Result<(Option<UnitCell>, Option<Vec<Operator>>), Refusal> {
    let mut cell = unit_cell(block)?;
    if let (None, Some(first)) = (cell, blocks.first()) {
        cell = unit_cell(first)?;
    }
    let mut symmetry = operators(block, cell.as_ref(), notes)?;
    if let (None, Some(first)) = (&symmetry, blocks.first()) {
        symmetry = operators(first, cell.as_ref(), notes)?;
    }
    Ok((cell, symmetry))
}

/// What a text in CIF is better read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Atoms,
    Reflections,
    /// Atoms and reflections with the symmetry by which they are complete.
    Both,
    /// Atoms, and reflections of which nothing tells the symmetry.
    AtomsAndIncomplete,
}

/// What a text in CIF holds. What is no CIF after all holds atoms, whose reader says what is wrong.
pub(crate) fn holds(text: &str) -> Holds {
    let lower = text.to_ascii_lowercase();
    let has = |tags: &[&str]| tags.iter().any(|tag| lower.contains(tag));
    let reflections = has(&["_refln.index_h", "_refln_index_h", "_diffrn_refln.index_h", "_diffrn_refln_index_h"]);
    if !reflections {
        return Holds::Atoms;
    }
    if !has(&["_atom_site.", "_atom_site_"]) {
        return Holds::Reflections;
    }
    let Ok(blocks) = cif::parse_blocks(text, MAX_BLOCKS) else { return Holds::Reflections };
    let has_atoms = blocks.iter().any(Block::has_atoms);
    let with_reflections = tables(&blocks).next();
    match with_reflections {
        None if has_atoms => Holds::Atoms,
        Some((block, _)) if has_atoms => match crystal_of(&blocks, block, &mut Vec::new()) {
            Ok((_, Some(_))) => Holds::Both,
            _ => Holds::AtomsAndIncomplete,
        },
        _ => Holds::Reflections,
    }
}

/// A column that is asked for: `BLOCK/COLUMN[crystal_id=1,wavelength_id=2]`, block and brackets as needed.
struct Request<'a> {
    block: Option<&'a str>,
    column: Option<&'a str>,
    set: sets::Asked<'a>,
}

impl<'a> Request<'a> {
    fn of(text: Option<&'a str>) -> std::result::Result<Self, String> {
        let Some(text) = text else { return Ok(Self { block: None, column: None, set: Vec::new() }) };
        let (text, set) = sets::split(text)?;
        let (block, column) = text.split_once('/').map_or((None, text), |(block, column)| (Some(block), column));
        Ok(Self { block, column: Some(column.trim()).filter(|column| !column.is_empty()), set })
    }
}

/// The blocks with reflections, and these.
fn tables<'b, 't>(blocks: &'b [Block<'t>]) -> impl Iterator<Item = (&'b Block<'t>, Cow<'b, Loop<'t>>)> {
    blocks.iter().filter_map(|block| Some((block, block.table("_refln_", &["index_h"])?)))
}

/// The block, its reflections, and the columns in it.
fn choose<'b, 't>(
    blocks: &'b [Block<'t>],
    request: &Request,
) -> std::result::Result<(&'b Block<'t>, Cow<'b, Loop<'t>>, &'static Kind), String> {
    let in_block =
        || tables(blocks).filter(|(block, _)| request.block.is_none_or(|name| block.name.eq_ignore_ascii_case(name)));
    if tables(blocks).next().is_none() {
        return Err(if blocks.iter().any(|block| block.table("_diffrn_refln_", &["index_h"]).is_some()) {
            "it holds unmerged observations (_diffrn_refln) alone: merge them, for example with XSCALE or aimless, or give a file with \
             merged reflections (_refln)"
        } else if blocks.iter().any(|block| block.table("_atom_site_", &["cartn_x", "fract_x", "type_symbol"]).is_some()) {
            "it holds coordinates, not reflections (_refln)"
        } else {
            "it has no reflections (_refln.index_h, …)"
        }
        .into());
    }
    let listing = || listing(in_block().map(|(_, table)| table));
    let place = request.block.map(|name| format!(" in a block {name}")).unwrap_or_default();
    let Some(label) = request.column else {
        let of = |kind: &'static Kind| {
            in_block().find(|(_, table)| has_values(table, kind)).map(|(block, table)| (block, table, kind))
        };
        let obvious = |measured: bool| KINDS.iter().filter(move |kind| kind.obvious && kind.measured == measured);
        let in_first = in_block().find_map(|(block, table)| {
            let kind = obvious(true).find(|kind| has_values(&table, kind))?;
            Some((block, table, kind))
        });
        return in_first
            .or_else(|| obvious(false).find_map(of))
            .ok_or_else(|| format!("no column{place} is plainly the amplitudes or intensities; {}", listing()));
    };
    let lower = label.to_ascii_lowercase().replace('.', "_");
    let name = lower.strip_prefix("_refln_").unwrap_or(&lower);
    let kind = KINDS.iter().find(|kind| kind.values.contains(&name)).ok_or_else(|| {
        let names: Vec<&str> = KINDS.iter().flat_map(|kind| kind.values).copied().collect();
        format!("`{label}` is not a column of amplitudes or intensities; those that are read: {}", names.join(", "))
    })?;
    in_block()
        .find(|(_, table)| has_values(table, kind))
        .map(|(block, table)| (block, table, kind))
        .ok_or_else(|| format!("it has no values of {label}{place}; {}", listing()))
}

fn columns<const N: usize>(table: &Loop, names: [&str; N]) -> [Column; N] {
    names.map(|name| Column::of(table, &format!("_refln_{name}")))
}

fn has_values(table: &Loop, kind: &Kind) -> bool {
    let columns: Vec<Column> = kind.values.iter().flat_map(|name| columns(table, [name])).collect();
    table.rows().any(|row| columns.iter().any(|column| column.known(row).is_some()))
}

/// The columns that there are, for messages.
fn listing<'b, 't: 'b>(tables: impl Iterator<Item = Cow<'b, Loop<'t>>>) -> String {
    let mut tags: Vec<String> = tables.flat_map(|table| table.into_owned().tags).collect();
    tags.iter_mut().for_each(|tag| *tag = tag.strip_prefix("_refln_").unwrap_or(tag).to_owned());
    tags.sort_unstable();
    tags.dedup();
    tags.truncate(60);
    format!("its columns are {}", tags.join(", "))
}

fn observations(
    table: &Loop,
    rows: &[&[Value]],
    kind: &Kind,
    report: &mut Report,
) -> std::result::Result<Vec<Observation>, Refusal> {
    let indices = columns(table, ["index_h", "index_k", "index_l"]);
    let status = columns(table, ["status", "observed_status"]);
    let values: Vec<(Column, Option<Column>)> = kind
        .values
        .iter()
        .enumerate()
        .flat_map(|(i, name)| {
            let sigma = kind.sigmas.get(i).map(|name| Column::of(table, &format!("_refln_{name}")));
            columns(table, [name]).map(|column| (column, sigma))
        })
        .collect();
    let mut observations = Vec::with_capacity(rows.len());
    for row in rows {
        let at = |what: String| (row.first().map(|value| value.line), what);
        let hkl = miller(row, indices).map_err(at)?;
        let marked = status.iter().any(|column| column.known(row).is_some_and(|code| UNUSABLE.contains(&code)));
        if kind.measured && marked {
            report.n_marked += 1;
            continue;
        }
        let before = observations.len();
        for ((value, sigma), sign) in values.iter().zip([1, -1]) {
            let Some(text) = value.known(row) else { continue };
            let value = observed(text, kind.are_intensities).map_err(at)?;
            // An uncertainty that cannot be read is none: it is but a weight.
            let sigma = sigma.and_then(|column| cif_number(column.known(row)?, "").ok());
            observations.push(Observation { hkl: hkl.map(|index| sign * index), value, sigma });
        }
        report.n_without_value += usize::from(observations.len() == before);
    }
    Ok(observations)
}

fn miller(row: &[Value], columns: [Column; 3]) -> std::result::Result<Miller, String> {
    let mut hkl = [0; 3];
    for ((place, column), name) in hkl.iter_mut().zip(columns).zip(["h", "k", "l"]) {
        *place = index(column.known(row).ok_or_else(|| format!("a reflection has no index {name}"))?)?;
    }
    Ok(hkl)
}

fn observed(text: &str, is_intensity: bool) -> std::result::Result<f64, String> {
    let what = if is_intensity { "the intensity" } else { "the amplitude" };
    let value = summable(cif_number(text, what)?, what)?;
    if value < 0.0 && !is_intensity {
        return Err(format!("the amplitude {value} is negative; |F| must be 0 or more"));
    }
    Ok(value)
}

#[cfg(test)]
mod tests;
