//! mmCIF files (<https://mmcif.wwpdb.org>), by the names that their tags have with `_` for `.`.

use super::cif::{self, Block, Loop, Value};
use super::{cell, checked, coordinate, named_operators, number, occupancy};
use crate::error::{Error, Result};
use crate::experiment::UnitCell;
use crate::math::Vec3;
use crate::structure::{Atom, Displacement, Model};
use crate::symmetry::{MAX_OPERATORS, Operator, check_group};
use std::collections::HashMap;
use std::path::Path;

type Refusal = (Option<usize>, String);

const OPERATORS: [&str; 4] = [
    "_space_group_symop_operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
    "_symmetry_equiv_operation_xyz",
    "_pdbx_symmetry_equiv_pos_as_xyz",
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
    let names = ["_symmetry_space_group_name_h-m", "_space_group_name_h-m_alt", "_space_group_name_h-m_full"];
    let named = given.or_else(|| names.iter().find_map(|tag| block.item(tag)?.known()));
    let space_group = named.unwrap_or_default().to_owned();
    let symmetry = match given {
        Some(name) => named_operators(name, &cell).map_err(|what| (None, what))?,
        None => operators(block, &space_group, &cell)?,
    };
    let atoms = atoms(block, &cell)?;
    Ok(Model { atoms, cell, space_group, symmetry, source: path.to_owned() })
}

/// The operators that the file lists, or those of its space group.
fn operators(block: &Block, space_group: &str, cell: &UnitCell) -> std::result::Result<Vec<Operator>, Refusal> {
    let Some((listed, tag)) = OPERATORS.iter().find_map(|tag| Some((block.loop_with(tag)?, *tag))) else {
        return named_operators(space_group, cell).map_err(|what| (None, what));
    };
    let column = Column::of(listed, tag);
    let rows = listed.values.chunks_exact(listed.tags.len());
    if rows.len() > MAX_OPERATORS {
        return Err((None, format!("it lists {} symmetry operators; no space group has so many", rows.len())));
    }
    let operators: std::result::Result<Vec<Operator>, Refusal> = rows
        .map(|row| {
            column.known(row).unwrap_or_default().parse().map_err(|what| (row.first().map(|value| value.line), what))
        })
        .collect();
    let operators = operators?;
    check_group(&operators).map_err(|what| (None, what))?;
    Ok(operators)
}

/// Where a row has a value, if anywhere.
#[derive(Clone, Copy)]
struct Column(Option<usize>);

impl Column {
    fn of(table: &Loop, tag: &str) -> Self {
        Self(table.column(tag))
    }

    fn known<'a>(self, row: &[Value<'a>]) -> Option<&'a str> {
        row.get(self.0?)?.known()
    }
}

fn atoms(block: &Block, cell: &UnitCell) -> std::result::Result<Vec<Atom>, Refusal> {
    let table = block.loop_with("_atom_site_type_symbol");
    let table =
        table.ok_or_else(|| (None, "there are no atoms in it (a loop of _atom_site with type_symbol)".to_owned()))?;
    let anisotropic = anisotropic(block)?;
    let rows = AtomRows::of(table, cell);
    let mut atoms = Vec::with_capacity(table.values.len() / table.tags.len());
    for row in table.values.chunks_exact(table.tags.len()) {
        let line = row.first().map(|value| value.line);
        let mut atom = rows.atom(row).map_err(|what| (line, what))?;
        if let Some(displacement) = rows.id.known(row).and_then(|id| anisotropic.get(id)) {
            atom.displacement = *displacement;
        }
        atoms.push(atom);
    }
    Ok(atoms)
}

/// The columns of `_atom_site` that are read.
struct AtomRows {
    fractional_from_cartesian: crate::math::Mat3,
    id: Column,
    element: Column,
    cartesian: [Column; 3],
    fractional: [Column; 3],
    occupancy: Column,
    b: Column,
    u: Column,
    model: Column,
}

impl AtomRows {
    fn of(table: &Loop, cell: &UnitCell) -> Self {
        let column = |tag: &str| Column::of(table, &format!("_atom_site_{tag}"));
        Self {
            fractional_from_cartesian: cell.basis().reciprocal_rows(),
            id: column("id"),
            element: column("type_symbol"),
            cartesian: ["cartn_x", "cartn_y", "cartn_z"].map(column),
            fractional: ["fract_x", "fract_y", "fract_z"].map(column),
            occupancy: column("occupancy"),
            b: column("b_iso_or_equiv"),
            u: column("u_iso_or_equiv"),
            model: column("pdbx_pdb_model_num"),
        }
    }

    fn atom(&self, row: &[Value]) -> std::result::Result<Atom, String> {
        let vector = |columns: [Column; 3]| -> std::result::Result<Option<Vec3>, String> {
            let [Some(x), Some(y), Some(z)] = columns.map(|column| column.known(row)) else { return Ok(None) };
            Ok(Some(Vec3::new(coordinate(x)?, coordinate(y)?, coordinate(z)?)))
        };
        let position = match vector(self.cartesian)? {
            Some(cartesian) => self.fractional_from_cartesian.apply(cartesian),
            None => vector(self.fractional)?.ok_or("the atom has no position (Cartn_x, y, z or fract_x, y, z)")?,
        };
        let b = match (self.b.known(row), self.u.known(row)) {
            (Some(b), _) => number(b, "B")?,
            (None, Some(u)) => 8.0 * std::f64::consts::PI.powi(2) * number(u, "U")?,
            (None, None) => 0.0,
        };
        Ok(Atom {
            element: self.element.known(row).unwrap_or_default().parse()?,
            position: position.0,
            occupancy: self.occupancy.known(row).map_or(Ok(1.0), occupancy)?,
            displacement: checked(Displacement::Isotropic(b))?,
            model: self.model.known(row).map_or(Ok(1.0), |text| number(text, "the model number"))? as i32,
        })
    }
}

/// The anisotropic displacements by the atom's id. All zero stands for none.
fn anisotropic<'a>(block: &Block<'a>) -> std::result::Result<HashMap<&'a str, Displacement>, Refusal> {
    let mut found = HashMap::new();
    let Some(table) = block.loop_with("_atom_site_anisotrop_id") else { return Ok(found) };
    let id = Column::of(table, "_atom_site_anisotrop_id");
    let columns = ["[1][1]", "[2][2]", "[3][3]", "[1][2]", "[1][3]", "[2][3]"]
        .map(|entry| Column::of(table, &format!("_atom_site_anisotrop_u{entry}")));
    for row in table.values.chunks_exact(table.tags.len()) {
        let at = |what: String| (row.first().map(|value| value.line), what);
        let Some(id) = id.known(row) else { continue };
        let mut u = [0.0; 6];
        for (value, column) in u.iter_mut().zip(columns) {
            let text = column.known(row).ok_or_else(|| at("an anisotropic displacement lacks a U[i][j]".into()))?;
            *value = number(text, "the displacement").map_err(at)?;
        }
        if u.iter().any(|&value| value != 0.0) {
            found.insert(id, checked(Displacement::Anisotropic(u)).map_err(at)?);
        }
    }
    Ok(found)
}
