//! The atoms of a CIF file: `_atom_site`, `_atom_site_anisotrop` (mmCIF) and `_atom_site_aniso` (core CIF).

use super::{checked, coordinate, occupancy};
use crate::experiment::UnitCell;
use crate::io::cif::{Block, Column, Loop, Refusal, Value};
use crate::io::numbers::cif_number;
use crate::math::{Mat3, Vec3};
use crate::structure::{Atom, Displacement, Element};
use crate::symmetry::Operator;
use std::collections::HashMap;
use std::f64::consts::PI;

/// An atom of a small molecule nearer than this (Å) to its own image is on a special position.
const SPECIAL_POSITION: f64 = 0.05;

/// The atoms of the file, whose occupancies are as [`Model`](crate::structure::Model) has them.
pub(super) fn read(block: &Block, cell: &UnitCell, symmetry: &[Operator]) -> std::result::Result<Vec<Atom>, Refusal> {
    let table = block.loop_with("_atom_site_type_symbol").or_else(|| block.loop_with("_atom_site_label"));
    let table =
        table.ok_or_else(|| (None, "there are no atoms in it (a loop of _atom_site with type_symbol)".to_owned()))?;
    let anisotropic = anisotropic(block, cell)?;
    let rows = AtomRows::of(table, cell);
    let mut atoms = Vec::with_capacity(table.values.len() / table.tags.len());
    for row in table.values.chunks_exact(table.tags.len()) {
        let line = row.first().map(|value| value.line);
        if rows.flag.known(row).is_some_and(|flag| flag.eq_ignore_ascii_case("dum")) {
            continue;
        }
        let mut atom = rows.atom(row).map_err(|what| (line, what))?;
        let is_isotropic = rows.kind.known(row).is_some_and(|kind| !kind.to_ascii_lowercase().ends_with("ani"));
        if let Some(displacement) = rows.id.known(row).and_then(|id| anisotropic.get(id)).filter(|_| !is_isotropic) {
            atom.displacement = *displacement;
        }
        if rows.is_core {
            let order = match rows.order.known(row) {
                Some(text) => cif_number(text, "the order of the site symmetry").map_err(|what| (line, what))?,
                None => site_symmetry_order(atom.position, cell, symmetry),
            };
            atom.occupancy /= order.clamp(1.0, symmetry.len().max(1) as f64);
        }
        atoms.push(atom);
    }
    Ok(atoms)
}

/// The number of operators that leave a position where it is: core CIF counts an atom there once,
/// [`Model`](crate::structure::Model) once for each.
fn site_symmetry_order(position: [f64; 3], cell: &UnitCell, symmetry: &[Operator]) -> f64 {
    let cartesian_from_fractional = cell.basis().transposed();
    let stays = |operator: &&Operator| {
        let shift: [f64; 3] = std::array::from_fn(|i| {
            let moved = Vec3(operator.rotation[i].map(f64::from)).dot(Vec3(position))
                + f64::from(operator.translation[i]) / f64::from(Operator::DENOMINATOR);
            (moved - position[i]) - (moved - position[i]).round()
        });
        cartesian_from_fractional.apply(Vec3(shift)).norm() < SPECIAL_POSITION
    };
    symmetry.iter().filter(stays).count() as f64
}

/// The columns of `_atom_site` that are read.
struct AtomRows {
    fractional_from_cartesian: Mat3,
    /// Whether the file is core CIF, which has fractional coordinates alone.
    is_core: bool,
    id: Column,
    label: Column,
    element: Column,
    cartesian: [Column; 3],
    fractional: [Column; 3],
    occupancy: Column,
    b: Column,
    u: Column,
    kind: Column,
    flag: Column,
    order: Column,
    model: Column,
}

impl AtomRows {
    fn of(table: &Loop, cell: &UnitCell) -> Self {
        let column = |tag: &str| Column::of(table, &format!("_atom_site_{tag}"));
        let cartesian = ["cartn_x", "cartn_y", "cartn_z"].map(column);
        let (id, label) = (column("id"), column("label"));
        Self {
            fractional_from_cartesian: cell.basis().reciprocal_rows(),
            is_core: cartesian[0].is_nowhere(),
            id: if id.is_nowhere() { label } else { id },
            label,
            element: column("type_symbol"),
            cartesian,
            fractional: ["fract_x", "fract_y", "fract_z"].map(column),
            occupancy: column("occupancy"),
            b: column("b_iso_or_equiv"),
            u: column("u_iso_or_equiv"),
            kind: ["adp_type", "thermal_displace_type"]
                .map(column)
                .into_iter()
                .find(|c| !c.is_nowhere())
                .unwrap_or(Column::NONE),
            flag: column("calc_flag"),
            order: column("site_symmetry_order"),
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
            (Some(b), _) => cif_number(b, "B")?,
            (None, Some(u)) => 8.0 * PI.powi(2) * cif_number(u, "U")?,
            (None, None) => 0.0,
        };
        let element = match (self.element.known(row), self.label.known(row)) {
            (None, Some(label)) => element_of_label(label)?,
            (symbol, _) => symbol.unwrap_or_default().parse()?,
        };
        Ok(Atom {
            element,
            position: position.0,
            occupancy: self.occupancy.known(row).map_or(Ok(1.0), occupancy)?,
            displacement: checked(Displacement::Isotropic(b))?,
            model: self.model.known(row).map_or(Ok(1.0), |text| cif_number(text, "the model number"))? as i32,
        })
    }
}

/// The element that a label such as `C12A`, `Fe1` or `Ow2` begins with.
fn element_of_label(label: &str) -> std::result::Result<Element, String> {
    let letters = label.find(|c: char| !c.is_ascii_alphabetic()).map_or(label, |end| &label[..end]);
    let first = letters.get(..1).unwrap_or_default();
    letters
        .parse()
        .or_else(|_| first.parse())
        .map_err(|what: String| format!("no type_symbol is given, and of the label, {what}"))
}

/// The anisotropic displacements by the atom's id or label. All zero stands for none.
fn anisotropic<'a>(block: &Block<'a>, cell: &UnitCell) -> std::result::Result<HashMap<&'a str, Displacement>, Refusal> {
    const PLAIN: [&str; 6] = ["11", "22", "33", "12", "13", "23"];
    let mut found = HashMap::new();
    let macromolecular = block.loop_with("_atom_site_anisotrop_id").map(|table| (table, "_atom_site_anisotrop_id"));
    let core = || block.loop_with("_atom_site_aniso_label").map(|table| (table, "_atom_site_aniso_label"));
    let Some((table, id_tag)) = macromolecular.or_else(core) else { return Ok(found) };
    let is_core = id_tag.ends_with("label");
    let id = Column::of(table, id_tag);
    let columns = |letter: char| {
        PLAIN.map(|ij| {
            let (i, j) = ij.split_at(1);
            let tag = if is_core { format!("aniso_{letter}_{ij}") } else { format!("anisotrop_{letter}[{i}][{j}]") };
            Column::of(table, &format!("_atom_site_{tag}"))
        })
    };
    let (as_u, as_b) = (columns('u'), columns('b'));
    let (columns, scale) =
        if as_u[0].is_nowhere() && !as_b[0].is_nowhere() { (as_b, 1.0 / (8.0 * PI * PI)) } else { (as_u, 1.0) };
    for row in table.values.chunks_exact(table.tags.len()) {
        let at = |what: String| (row.first().map(|value| value.line), what);
        let Some(id) = id.known(row) else { continue };
        if columns.iter().all(|column| column.known(row).is_none()) {
            continue;
        }
        let mut u = [0.0; 6];
        for (value, column) in u.iter_mut().zip(columns) {
            let text = column.known(row).ok_or_else(|| at("an anisotropic displacement lacks a U[i][j]".into()))?;
            *value = cif_number(text, "the displacement").map_err(at)? * scale;
        }
        if u.iter().any(|&value| value != 0.0) {
            let u = if is_core { cartesian(u, cell) } else { u };
            found.insert(id, checked(Displacement::Anisotropic(u)).map_err(at)?);
        }
    }
    Ok(found)
}

/// U of core CIF, in exp(−2π² Σ hᵢ aᵢ* Uᵢⱼ aⱼ* hⱼ), as a Cartesian tensor: (A·N)·U·(A·N)ᵀ with N the lengths a*, b*, c* and A the cell's
/// edges as columns (Grosse-Kunstleve & Adams, J. Appl. Cryst. 35 (2002) 477-480).
fn cartesian([u11, u22, u33, u12, u13, u23]: [f64; 6], cell: &UnitCell) -> [f64; 6] {
    let lengths = cell.basis().reciprocal_rows().0.map(Vec3::norm);
    let edges = cell.basis().0;
    let scaled = Mat3::from_rows([edges[0] * lengths[0], edges[1] * lengths[1], edges[2] * lengths[2]]);
    let u = Mat3::from_rows([Vec3::new(u11, u12, u13), Vec3::new(u12, u22, u23), Vec3::new(u13, u23, u33)]);
    let m = (scaled.transposed() * u * scaled).0.map(|row| row.0);
    [m[0][0], m[1][1], m[2][2], m[0][1], m[0][2], m[1][2]]
}
