//! Merged reflections from MTZ files (CCP4, <https://www.ccp4.ac.uk/html/mtzformat.html>), either byte order, with the
//! 64-bit header position of large files, plain or gzipped.

mod columns;
mod header;

use crate::error::{Error, Result};
use crate::reflections::{MAX_INDEX, Miller, ReciprocalMetric, Reflections};
use crate::symmetry::{Operator, check_group, expand_to_p1, is_absent};
use columns::Choice;
use header::{ByteOrder, Header};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The most that a gzipped file may unpack to: 1 GiB, some ten million merged reflections.
const MAX_UNPACKED: u64 = 1 << 30;

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
    /// Its operators; those of P 1 when the file says P 1 without listing them.
    pub symmetry: Vec<Operator>,
    /// The number of rows.
    pub n_reflections: usize,
    path: PathBuf,
    dataset_cells: Vec<(i32, [f64; 6])>,
    missing: Option<f32>,
    byte_order: ByteOrder,
    table: Vec<u8>,
}

/// Reads an MTZ file, gzipped or not.
///
/// # Errors
/// As [`parse`], and what the operating system refuses.
pub fn read(path: &Path) -> Result<Mtz> {
    parse(std::fs::read(path).map_err(|source| Error::io("read", path, source))?, path)
}

/// Reads the bytes of an MTZ file, gzipped or not; `path` is for messages.
///
/// # Errors
/// A file that is not MTZ, is cut off or contradicts itself.
pub fn parse(bytes: Vec<u8>, path: &Path) -> Result<Mtz> {
    let refuse = |what: String| Error::file(path, None, what);
    let mut bytes = if bytes.starts_with(&[0x1f, 0x8b]) { unpack(&bytes).map_err(refuse)? } else { bytes };
    let (byte_order, header, table) = Header::read(&bytes).map_err(refuse)?;
    let symmetry = if header.symmetry.is_empty() && header.space_group_number.unwrap_or(1) == 1 {
        vec![Operator::IDENTITY]
    } else if header.symmetry.is_empty() {
        let name = &header.space_group_name;
        return Err(refuse(format!("its space group is {name}, but it lists no symmetry operators (SYMM records)")));
    } else {
        header.symmetry
    };
    check_group(&symmetry).map_err(refuse)?;
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
        byte_order,
        table: bytes,
    })
}

fn unpack(bytes: &[u8]) -> std::result::Result<Vec<u8>, String> {
    let mut unpacked = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes)
        .take(MAX_UNPACKED + 1)
        .read_to_end(&mut unpacked)
        .map_err(|error| format!("it cannot be unpacked as gzip ({error}); it may be damaged or cut off"))?;
    if unpacked.len() as u64 > MAX_UNPACKED {
        return Err(format!("it unpacks to more than {MAX_UNPACKED} bytes; unpack it with gunzip and give the result"));
    }
    Ok(unpacked)
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
        let refuse = |what: String| Error::file(&self.path, None, what);
        if self.columns.iter().any(|column| column.kind == 'B') {
            return Err(refuse(
                "it holds unmerged observations (it has a batch column); merge them first, for example with aimless or \
                 dials.merge"
                    .into(),
            ));
        }
        let choice = columns::choose(&self.columns, column).map_err(refuse)?;
        let list = self.measured(&choice).map_err(refuse)?;
        if list.is_empty() {
            let label = &self.columns[choice.plus].label;
            return Err(refuse(format!("the column {label} has no value for any reflection")));
        }
        let dataset = self.columns[choice.plus].dataset;
        let own_cell = self.dataset_cells.iter().find(|(number, _)| *number == dataset).map(|(_, cell)| *cell);
        Ok(Reflections {
            list: expand_to_p1(&list, &self.symmetry).map_err(refuse)?,
            cell: own_cell.or(self.cell),
            symmetry: self.symmetry.clone(),
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

    /// The reflections as they stand in the file, each of a pair as a reflection of its own.
    fn measured(&self, choice: &Choice) -> std::result::Result<Vec<(Miller, f64)>, String> {
        let indices = self.index_columns()?;
        let mut list = Vec::with_capacity(self.n_reflections);
        for row in self.rows() {
            let hkl = self.miller(row, indices)?;
            // F(+) last: where symmetry makes the two one (centric reflections), it wins.
            if let Some(minus) = choice.minus
                && let Some(amplitude) = self.amplitude(row, minus, choice, hkl)?
            {
                list.push((hkl.map(|index| -index), amplitude));
            }
            if let Some(amplitude) = self.amplitude(row, choice.plus, choice, hkl)? {
                list.push((hkl, amplitude));
            }
        }
        Ok(list)
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

    fn amplitude(
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
        } else if choice.intensity {
            Ok(Some(value.max(0.0).sqrt()))
        } else if value < 0.0 {
            refuse("an amplitude cannot be negative")
        } else {
            Ok(Some(value))
        }
    }
}
