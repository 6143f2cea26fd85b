//! The layout of an MTZ file and the records of its header.

use super::Column;
use crate::formats::cif::crystal::each_once;
use bragg::reflections::ReciprocalMetric;
use bragg::symmetry::{MAX_OPERATORS, Operator, SpaceGroup, check_group};
use std::ops::Range;

/// The table begins at word 21 of four bytes.
const TABLE_START: usize = 80;

/// Header records are lines of this many bytes without line ends.
const RECORD: usize = 80;

/// More columns than any program writes; a limit for damaged files.
const MAX_COLUMNS: usize = 10_000;

/// The byte order of the numbers in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    pub(super) fn f32(self, bytes: &[u8; 4]) -> f32 {
        match self {
            Self::Little => f32::from_le_bytes(*bytes),
            Self::Big => f32::from_be_bytes(*bytes),
        }
    }

    fn i32(self, bytes: &[u8; 4]) -> i32 {
        match self {
            Self::Little => i32::from_le_bytes(*bytes),
            Self::Big => i32::from_be_bytes(*bytes),
        }
    }

    fn i64(self, bytes: &[u8; 8]) -> i64 {
        match self {
            Self::Little => i64::from_le_bytes(*bytes),
            Self::Big => i64::from_be_bytes(*bytes),
        }
    }

    /// From the machine stamp: half-bytes for the format of reals, complex numbers, integers and characters, 1 for
    /// big-endian IEEE and 4 for little-endian. Some writers leave it zero; then the order is the one that gives the header
    /// a place in the file.
    fn of_file(bytes: &[u8]) -> Result<Self, String> {
        let stamp = bytes.get(8..12).ok_or_else(cut_off)?;
        match (stamp[0] >> 4, stamp[1] >> 4) {
            (1, 1) => Ok(Self::Big),
            (4, 4) => Ok(Self::Little),
            (0, 0) => [Self::Little, Self::Big]
                .into_iter()
                .find(|order| order.header_start(bytes).is_ok_and(|at| bytes[at..].starts_with(b"VERS")))
                .ok_or_else(|| "it has no machine stamp, and its header is in neither byte order's place".into()),
            (real, integer) => Err(format!(
                "its machine stamp gives number formats {real} and {integer}; only 1 (big-endian) and 4 (little-endian) \
                 are read. Convert it with a CCP4 program on a machine that reads it"
            )),
        }
    }

    /// Where the header is: the second word of the file, or, when that is −1, words four and five as one 64-bit number;
    /// counted in words from 1.
    fn header_start(self, bytes: &[u8]) -> Result<usize, String> {
        let word =
            bytes.get(4..).and_then(<[u8]>::first_chunk).map(|word| i64::from(self.i32(word))).ok_or_else(cut_off)?;
        let word = match word {
            -1 => bytes.get(12..).and_then(<[u8]>::first_chunk).map(|word| self.i64(word)).ok_or_else(cut_off)?,
            _ => word,
        };
        word.checked_sub(1)
            .and_then(|words| words.checked_mul(4))
            .and_then(|at| usize::try_from(at).ok())
            .filter(|at| (TABLE_START..bytes.len()).contains(at))
            .ok_or_else(|| {
                let length = bytes.len();
                format!("its header should begin at word {word}, but it has {length} bytes; it is cut off or damaged")
            })
    }
}

fn cut_off() -> String {
    "it ends before the MTZ header; it is cut off".into()
}

/// What the header records say.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) title: String,
    pub(super) columns: Vec<Column>,
    pub(super) n_reflections: usize,
    pub(super) cell: Option<[f64; 6]>,
    pub(super) dataset_cells: Vec<(i32, [f64; 6])>,
    pub(super) space_group_name: String,
    pub(super) space_group_number: Option<i32>,
    pub(super) symmetry: Vec<Operator>,
    /// The number that stands for a missing value, beside NaN.
    pub(super) missing: Option<f32>,
    n_columns: usize,
    has_size: bool,
    n_operators: Option<usize>,
}

impl Header {
    /// The byte order, the header and the place of the table in the file.
    pub(super) fn read(bytes: &[u8]) -> Result<(ByteOrder, Self, Range<usize>), String> {
        if !bytes.starts_with(b"MTZ ") {
            return Err("it is not an MTZ file: it does not begin with `MTZ `".into());
        }
        let order = ByteOrder::of_file(bytes)?;
        let start = order.header_start(bytes)?;
        let mut header = Self::default();
        let mut records = bytes[start..].chunks(RECORD).map(String::from_utf8_lossy);
        loop {
            let record = records.next().ok_or("its header has no END record; it is cut off")?;
            if record.split_whitespace().next() == Some("END") {
                break;
            }
            header
                .take(&record)
                .map_err(|what| format!("its header record `{}` cannot be used: {what}", record.trim()))?;
        }
        header.check()?;
        let end = header
            .n_reflections
            .checked_mul(4 * header.n_columns)
            .and_then(|size| size.checked_add(TABLE_START))
            .filter(|&end| end <= start && start - end < 4 * header.n_columns)
            .ok_or_else(|| {
                let (rows, columns) = (header.n_reflections, header.n_columns);
                let held = (start - TABLE_START) / (4 * columns);
                format!("its header states {rows} reflections in {columns} columns, but it holds {held}; it is damaged")
            })?;
        Ok((order, header, TABLE_START..end))
    }

    /// Whether neither operators nor a space group are there.
    pub(super) fn has_no_symmetry(&self) -> bool {
        self.symmetry.is_empty() && self.space_group_name.trim().is_empty() && self.space_group_number.is_none()
    }

    /// The operators that are listed, else those of the space group that is named, in the setting that the cell fits.
    pub(super) fn operators(&self) -> Result<Vec<Operator>, String> {
        if !self.symmetry.is_empty() {
            let symmetry = each_once(&self.symmetry);
            check_group(&symmetry)?;
            return Ok(symmetry);
        }
        let number = self.space_group_number.filter(|number| *number != 0);
        let name = match (self.space_group_name.trim(), number) {
            ("", None) => return Ok(vec![Operator::IDENTITY]),
            ("", Some(number)) => number.to_string(),
            (name, _) => name.to_owned(),
        };
        let group = match self.cell {
            Some(cell) => SpaceGroup::parse_for_cell(&name, cell),
            None => SpaceGroup::parse(&name),
        };
        let group = group
            .map_err(|error| format!("it lists no symmetry operators (SYMM records), and {}", error.into_what()))?;
        match number {
            // Beyond 1000, CCP4 numbers other settings.
            Some(number) if number % 1000 != i32::from(group.number) => Err(format!(
                "it lists no symmetry operators (SYMM records), and its space group's name {name} does not agree with its number {number}"
            )),
            _ => Ok(group.operators),
        }
    }

    fn check(&self) -> Result<(), String> {
        if !self.has_size {
            return Err("its header has no NCOL record".into());
        }
        if self.columns.len() != self.n_columns {
            let (stated, listed) = (self.n_columns, self.columns.len());
            return Err(format!("its header states {stated} columns but describes {listed}"));
        }
        if self.columns.is_empty() {
            return Err("it has no columns".into());
        }
        match self.n_operators {
            Some(stated) if stated != self.symmetry.len() && !self.symmetry.is_empty() => {
                let listed = self.symmetry.len();
                Err(format!("its header states {stated} symmetry operators (SYMINF) but lists {listed} (SYMM)"))
            }
            _ => Ok(()),
        }
    }

    /// Takes one record in. Keywords are told by their first four letters; unknown ones are skipped.
    fn take(&mut self, record: &str) -> Result<(), String> {
        let record = record.trim();
        let (keyword, rest) = record.split_once(char::is_whitespace).unwrap_or((record, ""));
        let words: Vec<&str> = rest.split_whitespace().collect();
        let keyword = keyword.get(..4).unwrap_or(keyword);
        match keyword.to_ascii_uppercase().as_str() {
            "TITL" => self.title = rest.trim().to_owned(),
            "NCOL" => {
                self.n_columns = word(&words, 0)?;
                self.n_reflections = word(&words, 1)?;
                self.has_size = true;
                if self.n_columns > MAX_COLUMNS {
                    return Err(format!("more than {MAX_COLUMNS} columns"));
                }
            }
            "CELL" => self.cell = cell(&words)?,
            "DCEL" => {
                if let Some(cell) = cell(words.get(1..).unwrap_or_default())? {
                    self.dataset_cells.push((word(&words, 0)?, cell));
                }
            }
            "SYMI" => {
                self.n_operators = Some(word(&words, 0)?);
                self.space_group_number = word(&words, 3).ok().filter(|&number| number > 0);
                self.space_group_name = quoted(rest).unwrap_or_default().to_owned();
            }
            "SYMM" => {
                if self.symmetry.len() >= MAX_OPERATORS {
                    return Err(format!("no space group has more than {MAX_OPERATORS} operators"));
                }
                self.symmetry.push(rest.parse()?);
            }
            "VALM" if !rest.trim().eq_ignore_ascii_case("nan") && !rest.trim().is_empty() => {
                self.missing = Some(word(&words, 0)?);
            }
            "COLU" => {
                let kind: char = word(&words, 1)?;
                self.columns.push(Column { label: word(&words, 0)?, kind, dataset: word(&words, 4).unwrap_or(0) });
            }
            _ => {}
        }
        Ok(())
    }
}

fn word<T: std::str::FromStr>(words: &[&str], i: usize) -> Result<T, String> {
    let text = words.get(i).ok_or("it is too short")?;
    text.parse().map_err(|_| format!("`{text}` is not what should stand there"))
}

/// Six numbers that make a unit cell; `None` where they are all zero, as programs write that have none.
fn cell(words: &[&str]) -> Result<Option<[f64; 6]>, String> {
    let mut cell = [0.0; 6];
    for (i, value) in cell.iter_mut().enumerate() {
        *value = word(words, i)?;
    }
    if cell[..3] == [0.0; 3] {
        return Ok(None);
    }
    ReciprocalMetric::from_cell(cell)?;
    Ok(Some(cell))
}

/// What stands between the first pair of quotes.
fn quoted(text: &str) -> Option<&str> {
    Some(text.split_once('\'')?.1.split_once('\'')?.0.trim())
}
