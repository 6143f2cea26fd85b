//! Merged reflections from MTZ files (CCP4, <https://www.ccp4.ac.uk/html/mtzformat.html>), either byte order, with the
//! 64-bit header position of large files, plain or compressed.

mod columns;
mod header;
mod write;

pub use write::{StructureFactors, Values, write};

use crate::formats::packed::unpacked;
use crate::formats::read_bytes;
use crate::formats::reflections::{List, Report};
use bragg::error::{Error, Result};
use bragg::miller::{MAX_INDEX, Miller};
use bragg::reflections::{Observation, PointGroup, ReciprocalMetric, Reflections};
use bragg::symmetry::{Operator, is_absent};
use columns::Choice;
use header::{ByteOrder, Header};
use std::path::{Path, PathBuf};

/// A column of an MTZ file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its label, such as `FP`.
    pub label: String,
    /// Its type letter: H index, F amplitude, J intensity, G and K the same for one of a Friedel pair, Q, L and M their
    /// standard uncertainties, P phase, …
    pub kind: char,
    /// The number of the data set that it belongs to.
    pub dataset: i32,
}

/// What the header of an MTZ file says, and its table.
#[derive(Debug, Clone)]
pub struct Mtz {
    /// The title; may be empty.
    pub title: String,
    /// All columns in order.
    pub columns: Vec<Column>,
    /// Unit cell a, b, c (Å), α, β, γ (deg).
    pub cell: Option<[f64; 6]>,
    /// The space group's name as the file writes it (`P 43 21 2`); may be empty.
    pub space_group_name: String,
    /// The space group's number in the International Tables.
    pub space_group_number: Option<i32>,
    /// Its operators: those that the file lists, else those of the group that it names, in the setting that the cell fits.
    pub symmetry: Vec<Operator>,
    /// The number of rows.
    pub n_reflections: usize,
    path: PathBuf,
    dataset_cells: Vec<(i32, [f64; 6])>,
    missing: Option<f32>,
    has_no_symmetry: bool,
    byte_order: ByteOrder,
    table: Vec<u8>,
}

/// Reads an MTZ file, compressed or not.
///
/// # Errors
/// As [`parse`], and what the operating system refuses.
pub fn read(path: &Path) -> Result<Mtz> {
    parse(read_bytes(path)?, path)
}

/// Reads the bytes of an MTZ file, compressed or not; `path` is for messages.
///
/// # Errors
/// A file that is not MTZ, is cut off or contradicts itself.
pub fn parse(bytes: Vec<u8>, path: &Path) -> Result<Mtz> {
    let refuse = |what: String| Error::file(path, None, what);
    let mut bytes = unpacked(bytes.into()).map_err(refuse)?.into_owned();
    let (byte_order, header, table) = Header::read(&bytes).map_err(refuse)?;
    let symmetry = header.operators().map_err(refuse)?;
    let has_no_symmetry = header.has_no_symmetry();
    bytes.truncate(table.end);
    bytes.drain(..table.start);
    Ok(Mtz {
        title: header.title,
        columns: header.columns,
        cell: header.cell,
        space_group_name: header.space_group_name,
        space_group_number: header.space_group_number,
        symmetry,
        n_reflections: header.n_reflections,
        path: path.to_owned(),
        dataset_cells: header.dataset_cells,
        missing: header.missing,
        has_no_symmetry,
        byte_order,
        table: bytes,
    })
}

impl Mtz {
    /// The amplitudes of one column, in P1 with Friedel mates and without systematic absences.
    ///
    /// `column` is a label: of amplitudes (type F, as they are), of intensities (type J: F = √max(I, 0)), or of either one of
    /// a Friedel pair (types G and K, the same), which stands for both: F(+) goes to hkl and its rotated mates, F(−) to
    /// −h −k −l and its own, and where only one was measured it is used for both. Without a label the obvious column is
    /// taken: an amplitude under a usual name (never a map coefficient), else the mean intensity, else the anomalous pair.
    ///
    /// # Errors
    /// There is no such column or no obvious one (the message lists them); unmerged data; values that are not indices or
    /// amplitudes.
    pub fn reflections(&self, column: Option<&str>) -> Result<Reflections> {
        self.list(column)?.in_p1(None, None).map(|(reflections, _)| reflections)
    }

    /// The observations of one column as they stand in the file, each of a Friedel pair by itself; `column` as in
    /// [`Self::reflections`].
    ///
    /// # Errors
    /// As [`Self::reflections`].
    pub fn list(&self, column: Option<&str>) -> Result<List> {
        let refuse = |what: String| Error::file(&self.path, None, what);
        if self.columns.iter().any(|column| column.kind == 'B') {
            return Err(refuse(
                "it holds unmerged observations (it has a batch column); merge them first, for example with aimless or \
                 dials.merge"
                    .into(),
            ));
        }
        let choice = columns::choose(&self.columns, column).map_err(refuse)?;
        let (observations, n_without_value) = self.measured(&choice).map_err(refuse)?;
        if observations.is_empty() {
            let label = &self.columns[choice.plus].label;
            return Err(refuse(format!("the column {label} has no value for any reflection")));
        }
        let dataset = self.columns[choice.plus].dataset;
        let own_cell = self.dataset_cells.iter().find(|(number, _)| *number == dataset).map(|(_, cell)| *cell);
        Ok(List {
            observations,
            are_intensities: choice.intensity,
            cell: own_cell.or(self.cell),
            symmetry: self.symmetry.clone(),
            has_space_group: true,
            assumption: self.has_no_symmetry.then(|| {
                "it names no space group and lists no operators: it is taken to be P 1 (crystal.space_group gives another)".to_owned()
            }),
            report: Report { n_without_value, ..Report::default() },
            source: self.path.clone(),
        })
    }

    /// The coarsest and finest resolution of the rows, systematic absences and 0 0 0 left out (Å); `None` without a cell or
    /// such rows.
    #[must_use]
    pub fn resolution_range(&self) -> Option<(f64, f64)> {
        let metric = ReciprocalMetric::from_cell(self.cell?).ok()?;
        let hkl = self.index_columns().ok()?;
        let mut range: Option<(f64, f64)> = None;
        for row in self.rows() {
            let Ok(hkl) = self.miller(row, hkl) else { continue };
            if hkl == [0; 3] || is_absent(hkl, &self.symmetry) {
                continue;
            }
            let d = metric.resolution(hkl);
            range = Some(range.map_or((d, d), |(coarsest, finest)| (coarsest.max(d), finest.min(d))));
        }
        range
    }

    /// The reflections as they stand in the file, each of a pair as a reflection of its own, and the number of those without a value.
    fn measured(&self, choice: &Choice) -> std::result::Result<(Vec<Observation>, usize), String> {
        let indices = self.index_columns()?;
        let group = PointGroup::new(&self.symmetry);
        let mut list = Vec::with_capacity(self.n_reflections);
        let mut n_without_value = 0;
        for row in self.rows() {
            let hkl = self.miller(row, indices)?;
            let plus = self.value_of(row, choice.plus, choice, hkl)?;
            let minus = match choice.minus {
                // Where symmetry makes the two one, F(+) is it.
                Some(column) if plus.is_none() || !group.is_centric(hkl) => self.value_of(row, column, choice, hkl)?,
                _ => None,
            };
            let observation = |hkl, value| Observation { hkl, value, sigma: None };
            list.extend(plus.map(|value| observation(hkl, value)));
            list.extend(minus.map(|value| observation(hkl.map(|index| -index), value)));
            n_without_value += usize::from(plus.is_none() && minus.is_none());
        }
        Ok((list, n_without_value))
    }

    fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.table.chunks_exact(4 * self.columns.len())
    }

    fn value(&self, row: &[u8], column: usize) -> Option<f32> {
        let value = self.byte_order.f32(row.get(4 * column..)?.first_chunk()?);
        (!value.is_nan() && self.missing != Some(value)).then_some(value)
    }

    /// The places of the columns of h, k, l: the first three of type H.
    fn index_columns(&self) -> std::result::Result<[usize; 3], String> {
        let mut found = self.columns.iter().enumerate().filter(|(_, column)| column.kind == 'H').map(|(i, _)| i);
        match (found.next(), found.next(), found.next()) {
            (Some(h), Some(k), Some(l)) => Ok([h, k, l]),
            _ => Err("it has no three columns of type H for the indices".into()),
        }
    }

    fn miller(&self, row: &[u8], columns: [usize; 3]) -> std::result::Result<Miller, String> {
        let mut hkl = [0; 3];
        for (index, column) in hkl.iter_mut().zip(columns) {
            let given = self.value(row, column);
            *index = given.filter(|value| value.fract() == 0.0 && value.abs() <= MAX_INDEX as f32).ok_or_else(|| {
                let given = given.map_or("missing".to_owned(), |value| value.to_string());
                let label = &self.columns[column].label;
                format!("the index {label} of a reflection is {given}; it must be a whole number up to ±{MAX_INDEX}")
            })? as i32;
        }
        Ok(hkl)
    }

    fn value_of(
        &self,
        row: &[u8],
        column: usize,
        choice: &Choice,
        hkl: Miller,
    ) -> std::result::Result<Option<f64>, String> {
        let Some(value) = self.value(row, column).map(f64::from) else { return Ok(None) };
        let refuse = |what: &str| {
            let label = &self.columns[column].label;
            Err(format!("{label} of reflection {} {} {} is {value}; {what}", hkl[0], hkl[1], hkl[2]))
        };
        if value.is_infinite() {
            refuse("it must be finite")
        } else if value < 0.0 && !choice.intensity {
            refuse("an amplitude cannot be negative")
        } else {
            Ok(Some(value))
        }
    }
}
