//! The atoms of a CIF file: `_atom_site`, with the displacements of `_atom_site_anisotrop` (mmCIF) and `_atom_site_aniso` (core CIF).

mod anisotropic;

use super::elements::{self, Scatterer, Tally};
use super::frame::Frame;
use super::{checked, coordinate, displacements, occupancies, occupancy};
use crate::formats::cif::{Block, Column, Loop, Refusal, Value};
use crate::formats::numbers::cif_number;
use anisotropic::Anisotropic;
use bragg::experiment::UnitCell;
use bragg::math::Vec3;
use bragg::structure::{Atom, Displacement, Element};
use bragg::symmetry::Operator;
use std::collections::{BTreeSet, HashMap};
use std::f64::consts::PI;

/// An atom of a small molecule nearer than this (Å) to its own image is on a special position.
const SPECIAL_POSITION: f64 = 0.05;

const CATEGORY: &str = "_atom_site_";

/// Whether positions are Cartesian, as macromolecules have them.
pub(super) fn is_cartesian(block: &Block) -> bool {
    block.table(CATEGORY, &["cartn_x"]).is_some()
}

/// The atoms of the file, whose occupancies are as [`Model`](bragg::structure::Model) has them.
pub(super) fn read(
    block: &Block,
    cell: &UnitCell,
    frame: &Frame,
    symmetry: &[Operator],
    notes: &mut Vec<String>,
) -> std::result::Result<Vec<Atom>, Refusal> {
    let table = block.table(CATEGORY, &["cartn_x", "fract_x", "type_symbol", "label"]);
    let none = || (None, "there are no atoms in it (_atom_site with Cartn_x or fract_x, …)".to_owned());
    let table = table.ok_or_else(none)?;
    let formula = block.item("_chemical_formula_sum").and_then(Value::known).map(elements::of_formula);
    let rows = AtomRows::of(&table, frame, formula.unwrap_or_default());
    let mut anisotropic = Anisotropic::read(block, cell)?;
    let (mut atoms, mut is_known) = (Vec::with_capacity(table.rows().len()), Vec::new());
    let (mut tally, mut models) = (Tally::default(), HashMap::new());
    for row in table.rows() {
        let line = row.first().map(|value| value.line);
        if rows.flag.known(row).is_some_and(|flag| flag.eq_ignore_ascii_case("dum")) {
            continue;
        }
        let at = |what: String| (line, what);
        let Some(element) = tally.taken(rows.scatterer(row).map_err(at)?) else { continue };
        let (mut atom, mut has_displacement) = rows.atom(row, element).map_err(at)?;
        let n_models = models.len() as i32;
        atom.model = *models.entry(rows.model.known(row).unwrap_or("1")).or_insert(n_models + 1);
        let of_row = anisotropic.of_row(row, rows.id.known(row)).map_err(at)?;
        if let Some(displacement) = of_row.filter(|_| !rows.is_isotropic(row)) {
            (atom.displacement, has_displacement) = (displacement, true);
        }
        if rows.is_core {
            let order = match rows.order.known(row) {
                Some(text) => cif_number(text, "the order of the site symmetry").map_err(at)?,
                None => site_symmetry_order(atom.position, cell, symmetry),
            };
            atom.occupancy /= order.clamp(1.0, symmetry.len().max(1) as f64);
        }
        atoms.push(atom);
        is_known.push(has_displacement);
    }
    tally.notes(notes);
    anisotropic.notes(notes);
    occupancies(&mut atoms, notes);
    displacements::complete(&mut atoms, &is_known, !rows.is_core, notes);
    Ok(atoms)
}

/// The number of operators that leave a position where it is: core CIF counts an atom there once,
/// [`Model`](bragg::structure::Model) once for each.
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
    frame: Frame,
    formula: BTreeSet<Element>,
    /// Whether the file is core CIF, which has fractional coordinates alone.
    is_core: bool,
    id: Column,
    label: Column,
    /// Where the names of atoms and residues stand in mmCIF.
    names: [Column; 2],
    residues: [Column; 2],
    element: Column,
    cartesian: [Column; 3],
    fractional: [Column; 3],
    occupancy: Column,
    b: [Column; 2],
    u: [Column; 2],
    kinds: [Column; 2],
    flag: Column,
    order: Column,
    model: Column,
}

impl AtomRows {
    fn of(table: &Loop, frame: &Frame, formula: BTreeSet<Element>) -> Self {
        let column = |tag: &str| Column::of(table, &format!("{CATEGORY}{tag}"));
        let cartesian = ["cartn_x", "cartn_y", "cartn_z"].map(column);
        let (id, label) = (column("id"), column("label"));
        Self {
            frame: *frame,
            formula,
            is_core: cartesian[0].is_nowhere(),
            id: if id.is_nowhere() { label } else { id },
            label,
            names: ["label_atom_id", "auth_atom_id"].map(column),
            residues: ["label_comp_id", "auth_comp_id"].map(column),
            element: column("type_symbol"),
            cartesian,
            fractional: ["fract_x", "fract_y", "fract_z"].map(column),
            occupancy: column("occupancy"),
            b: ["b_iso_or_equiv", "b_equiv_geom_mean"].map(column),
            u: ["u_iso_or_equiv", "u_equiv_geom_mean"].map(column),
            kinds: ["adp_type", "thermal_displace_type"].map(column),
            flag: column("calc_flag"),
            order: column("site_symmetry_order"),
            model: column("pdbx_pdb_model_num"),
        }
    }

    /// Whether the row says that its displacement is isotropic: `Uiso`, `Biso`, `Uovl`, `iso` and the like. Whatever else it says (`Uani`,
    /// `Uij`, `aniso`, `Ueq`, `Umpe`), an atom has the anisotropic displacement that the file lists for it.
    fn is_isotropic(&self, row: &[Value]) -> bool {
        let kind = self.kinds.iter().find_map(|column| column.known(row)).unwrap_or_default().to_ascii_lowercase();
        let kind = kind.strip_prefix(['u', 'b']).unwrap_or(&kind);
        kind.starts_with("iso") || kind == "ovl"
    }

    fn scatterer(&self, row: &[Value]) -> std::result::Result<Scatterer, String> {
        if let Some(symbol) = self.element.known(row) {
            // `C1` is the label again; `Cval`, `O_w`, `Fe(III)`: the symbol and a word on it
            return elements::of_symbol(symbol).or_else(|what| {
                if self.is_core { elements::of_label(symbol, &self.formula).map_err(|_| what) } else { Err(what) }
            });
        }
        if let Some(label) = self.label.known(row) {
            return elements::of_label(label, &self.formula);
        }
        let first = |columns: &[Column; 2]| columns.iter().find_map(|column| column.known(row)).map(str::to_owned);
        match first(&self.names) {
            Some(name) => elements::of_name(&name, &first(&self.residues).unwrap_or_default(), true),
            None => Err("the atom has neither an element (type_symbol) nor a label".to_owned()),
        }
    }

    /// The atom, and whether the row says its displacement.
    fn atom(&self, row: &[Value], element: Element) -> std::result::Result<(Atom, bool), String> {
        let vector = |columns: [Column; 3]| -> std::result::Result<Option<Vec3>, String> {
            let [Some(x), Some(y), Some(z)] = columns.map(|column| column.known(row)) else { return Ok(None) };
            Ok(Some(Vec3::new(coordinate(x)?, coordinate(y)?, coordinate(z)?)))
        };
        let position = match vector(self.cartesian)? {
            Some(cartesian) => self.frame.fractional(cartesian),
            None => vector(self.fractional)?.ok_or("the atom has no position (Cartn_x, y, z or fract_x, y, z)")?,
        };
        let first = |columns: [Column; 2]| columns.into_iter().find_map(|column| column.known(row));
        let b = match (first(self.b), first(self.u)) {
            (Some(b), _) => Some(cif_number(b, "B")?),
            (None, Some(u)) => Some(8.0 * PI.powi(2) * cif_number(u, "U")?),
            (None, None) => None,
        };
        let atom = Atom {
            element,
            position: position.0,
            occupancy: self.occupancy.known(row).map_or(Ok(1.0), occupancy)?,
            displacement: checked(Displacement::Isotropic(b.unwrap_or(0.0)))?,
            model: 1,
        };
        Ok((atom, b.is_some()))
    }
}
