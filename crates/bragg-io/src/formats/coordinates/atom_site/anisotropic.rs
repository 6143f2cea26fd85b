//! Anisotropic displacements of CIF files, in a loop of their own or among the atoms.

use super::super::checked;
use crate::formats::cif::{Block, Column, Loop, Refusal, Value};
use crate::formats::numbers::cif_number;
use bragg::experiment::UnitCell;
use bragg::math::{Mat3, Vec3};
use bragg::structure::Displacement;
use std::collections::HashMap;
use std::f64::consts::PI;

/// How the six numbers of a tensor are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tensor {
    /// U (Å²).
    U,
    /// 8π²U (Å²).
    B,
    /// βᵢⱼ = 2π² Uᵢⱼ aᵢ* aⱼ*, of exp(−Σ βᵢⱼ hᵢ hⱼ) (Trueblood et al., Acta Cryst. A52 (1996) 770-781).
    Beta,
}

/// The columns of the tensors in a loop, each the 11, 22, 33, 12, 13 and 23 of one kind.
struct Columns {
    tensors: Vec<(Tensor, [Column; 6])>,
    /// Whether the tensors are those of core CIF, along the reciprocal edges; else Cartesian.
    is_core: bool,
}

impl Columns {
    /// The columns by every way to write their names. Of a loop that has several kinds, each row has one of them.
    fn of(table: &Loop, core: &str, macromolecular: &str) -> Vec<Self> {
        const KINDS: [(Tensor, &str); 3] = [(Tensor::U, "u"), (Tensor::B, "b"), (Tensor::Beta, "beta")];
        const PLACES: [[u8; 2]; 6] = [[1, 1], [2, 2], [3, 3], [1, 2], [1, 3], [2, 3]];
        let with = |is_core: bool| {
            let name = |kind: &str, [i, j]: [u8; 2]| {
                if is_core { format!("{core}{kind}_{i}{j}") } else { format!("{macromolecular}{kind}[{i}][{j}]") }
            };
            let columns = |kind: &str| PLACES.map(|place| Column::of(table, &name(kind, place)));
            let found = KINDS.map(|(tensor, kind)| (tensor, columns(kind))).into_iter();
            Self { tensors: found.filter(|(_, columns)| !columns.iter().all(|c| c.is_nowhere())).collect(), is_core }
        };
        [with(true), with(false)].into_iter().filter(|columns| !columns.tensors.is_empty()).collect()
    }

    /// The Cartesian U of a row; all zero stands for none.
    fn displacement(&self, row: &[Value], cell: &UnitCell) -> Result<Option<Displacement>, String> {
        let known = |(_, columns): &&(Tensor, [Column; 6])| columns.iter().any(|column| column.known(row).is_some());
        let Some((tensor, columns)) = self.tensors.iter().find(known) else { return Ok(None) };
        let mut values = [0.0; 6];
        for (value, column) in values.iter_mut().zip(columns) {
            let text = column.known(row).ok_or("an anisotropic displacement lacks one of its six numbers")?;
            *value = cif_number(text, "the displacement")?;
        }
        if values.iter().all(|&value| value == 0.0) {
            return Ok(None);
        }
        let [a, b, c] = cell.basis().reciprocal_rows().0.map(Vec3::norm);
        let u = match tensor {
            Tensor::U => values,
            Tensor::B => values.map(|value| value / (8.0 * PI * PI)),
            Tensor::Beta => {
                let edges = [a * a, b * b, c * c, a * b, a * c, b * c];
                std::array::from_fn(|i| values[i] / (2.0 * PI * PI * edges[i]))
            }
        };
        let is_cartesian = !self.is_core && *tensor != Tensor::Beta;
        checked(Displacement::Anisotropic(if is_cartesian { u } else { cartesian(u, cell) })).map(Some)
    }
}

/// The anisotropic displacements of a block.
pub(super) struct Anisotropic {
    cell: UnitCell,
    /// By the atom's id or label, with whether an atom took it.
    listed: HashMap<String, (Displacement, bool)>,
    /// The columns among the atoms themselves.
    in_atoms: Vec<Columns>,
}

impl Anisotropic {
    pub(super) fn read(block: &Block, cell: &UnitCell) -> Result<Self, Refusal> {
        let mut listed = HashMap::new();
        for (category, id) in [("_atom_site_anisotrop_", "id"), ("_atom_site_aniso_", "label")] {
            let Some(table) = block.table(category, &[id]) else { continue };
            let id = Column::of(&table, &format!("{category}{id}"));
            let columns = Columns::of(&table, category, category);
            for row in table.rows() {
                let at = |what: String| (row.first().map(|value| value.line), what);
                let Some(id) = id.known(row) else { continue };
                for columns in &columns {
                    if let Some(displacement) = columns.displacement(row, cell).map_err(at)? {
                        listed.insert(id.to_owned(), (displacement, false));
                    }
                }
            }
        }
        let in_atoms = block.table("_atom_site_", &["cartn_x", "fract_x"]);
        let in_atoms = in_atoms.map(|table| Columns::of(&table, "_atom_site_aniso_", "_atom_site_aniso_"));
        Ok(Self { cell: *cell, listed, in_atoms: in_atoms.unwrap_or_default() })
    }

    /// The displacement of an atom by its row and its id or label.
    pub(super) fn of_row(&mut self, row: &[Value], id: Option<&str>) -> Result<Option<Displacement>, String> {
        if let Some((displacement, is_taken)) = id.and_then(|id| self.listed.get_mut(id)) {
            *is_taken = true;
            return Ok(Some(*displacement));
        }
        for columns in &self.in_atoms {
            if let Some(displacement) = columns.displacement(row, &self.cell)? {
                return Ok(Some(displacement));
            }
        }
        Ok(None)
    }

    pub(super) fn notes(&self, notes: &mut Vec<String>) {
        let left = self.listed.values().filter(|(_, is_taken)| !is_taken).count();
        if left > 0 {
            notes.push(format!("{left} anisotropic displacements belong to no atom by their label"));
        }
    }
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
