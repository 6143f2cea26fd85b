//! Merged intensities of XDS and XSCALE (`XDS_ASCII.HKL`; Kabsch, Acta Cryst. D66 (2010) 125-132; the format is described at
//! <https://xds.mr.mpg.de>): a header of lines that begin with `!`, then one line for each reflection.

use crate::formats::numbers::{excerpt, index, number, summable};
use crate::formats::reflections::List;
use crate::formats::text::text;
use bragg::error::{Error, Result};
use bragg::experiment::UnitCell;
use bragg::reflections::Observation;
use bragg::symmetry::SpaceGroup;
use std::path::Path;

const START: &str = "!FORMAT=XDS_ASCII";
const END: &str = "!END_OF_DATA";

/// The first line of what XDS integrates.
const INTEGRATED: &str = "!OUTPUT_FILE=INTEGRATE.HKL";

/// Whether the text begins as such a list does, or one of XDS that is not merged.
pub(crate) fn is_xds_ascii(text: &str) -> bool {
    text.starts_with(START) || text.starts_with(INTEGRATED)
}

/// Reads the bytes of a merged list, compressed or not; `path` is for messages. Reflections with a negative σ, which XDS marks as outliers,
/// are left out. The space group of the number is taken in its reference setting.
///
/// # Errors
/// A file that is no such list, is cut off or is not merged; a line that is no reflection, by its number.
pub fn parse(bytes: &[u8], path: &Path) -> Result<List> {
    let refuse = |line: Option<usize>, what: String| Error::file(path, line, what);
    let text = text(bytes).map_err(|what| refuse(None, what))?;
    let first = text.lines().next().unwrap_or_default();
    if !is_xds_ascii(first) {
        return Err(refuse(Some(1), format!("`{}` does not begin with {START}", excerpt(first))));
    }
    if !value(first, "MERGE").is_some_and(|merged| merged.eq_ignore_ascii_case("TRUE")) {
        let what = "it is a list of XDS and not merged (MERGE=TRUE): merge it with XSCALE, or convert it with XDSCONV, or with \
                    `gemmi xds2mtz` and a program that merges";
        return Err(refuse(Some(1), what.into()));
    }
    let mut header = Header::default();
    let mut list = List { are_intensities: true, source: path.to_owned(), has_space_group: true, ..List::default() };
    let mut ended = false;
    for (line, i) in text.lines().zip(1..) {
        if line.starts_with(END) {
            ended = true;
            break;
        }
        if let Some(record) = line.strip_prefix('!') {
            header.take(record).map_err(|what| refuse(Some(i), what))?;
        } else if !line.trim().is_empty() {
            let (observation, is_outlier) = header.observation(line).map_err(|what| {
                refuse(Some(i), format!("`{}` cannot be read as a reflection of XDS_ASCII: {what}", excerpt(line)))
            })?;
            list.report.n_marked += usize::from(is_outlier);
            list.observations.extend(Some(observation).filter(|_| !is_outlier));
        }
    }
    if !ended {
        return Err(refuse(None, format!("it has no line {END}; it is cut off")));
    }
    list.cell = header.cell;
    if let Some(number) = header.space_group {
        let group = match header.cell {
            Some(cell) => SpaceGroup::parse_for_cell(&number, cell),
            None => SpaceGroup::parse(&number),
        };
        list.symmetry = group.map_err(|error| refuse(None, error.into()))?.operators;
    }
    Ok(list)
}

/// The value of a key in a line of `KEY=value` words.
fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let (_, after) = line.split_once(&format!("{key}="))?;
    after.split_ascii_whitespace().next()
}

/// What the header says. The columns are counted from 1; by default they are those of XSCALE.
struct Header {
    cell: Option<[f64; 6]>,
    space_group: Option<String>,
    indices: [usize; 3],
    intensity: usize,
    sigma: usize,
}

impl Default for Header {
    fn default() -> Self {
        Self { cell: None, space_group: None, indices: [1, 2, 3], intensity: 4, sigma: 5 }
    }
}

impl Header {
    fn take(&mut self, record: &str) -> std::result::Result<(), String> {
        let Some((key, rest)) = record.split_once('=') else { return Ok(()) };
        let column = || match rest.trim().parse() {
            Ok(column @ 1..=100) => Ok(column),
            _ => Err(format!("`{}` is not the number of a column", excerpt(record))),
        };
        match key.trim() {
            "SPACE_GROUP_NUMBER" if rest.trim() != "0" => self.space_group = Some(rest.trim().to_owned()),
            "UNIT_CELL_CONSTANTS" => {
                let words: Vec<f64> = rest
                    .split_ascii_whitespace()
                    .map(|word| number(word, "the cell parameter"))
                    .collect::<std::result::Result<_, _>>()?;
                let cell: [f64; 6] = words.try_into().map_err(|_| "the unit cell is not six numbers".to_owned())?;
                UnitCell::new(cell)?;
                self.cell = Some(cell);
            }
            "ITEM_H" => self.indices[0] = column()?,
            "ITEM_K" => self.indices[1] = column()?,
            "ITEM_L" => self.indices[2] = column()?,
            "ITEM_IOBS" => self.intensity = column()?,
            "ITEM_SIGMA(IOBS)" => self.sigma = column()?,
            _ => {}
        }
        Ok(())
    }

    /// A reflection, and whether it is marked as an outlier.
    fn observation(&self, line: &str) -> std::result::Result<(Observation, bool), String> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let word = |column: usize| words.get(column - 1).copied().ok_or("there are too few columns".to_owned());
        let [h, k, l] = self.indices;
        let hkl = [index(word(h)?)?, index(word(k)?)?, index(word(l)?)?];
        let value = summable(number(word(self.intensity)?, "the intensity")?, "the intensity")?;
        let sigma = number(word(self.sigma)?, "σ")?;
        Ok((Observation { hkl, value, sigma: Some(sigma) }, sigma < 0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "\
!FORMAT=XDS_ASCII    MERGE=TRUE     FRIEDEL'S_LAW=FALSE
!OUTPUT_FILE=merged.ahkl
!SPACE_GROUP_NUMBER=    5
!UNIT_CELL_CONSTANTS=    80.00     50.00     60.00  90.000  95.000  90.000
!NUMBER_OF_ITEMS_IN_EACH_DATA_RECORD=5
!ITEM_H=1
!ITEM_K=2
!ITEM_L=3
!ITEM_IOBS=5
!ITEM_SIGMA(IOBS)=4
!END_OF_HEADER
  1  1  3  1.0E+00  1.000E+02
  2  0  0  1.0E+00 -2.500E+01
  1  2  3  1.0E+00  5.000E+01
  3  1  1 -1.0E+00  9.000E+02
!END_OF_DATA
";

    fn list(text: &str) -> Result<List> {
        parse(text.as_bytes(), Path::new("m.HKL"))
    }

    #[test]
    fn a_merged_list_is_read_by_its_header() {
        let (reflections, report) = list(LIST).unwrap().in_p1(None, None).unwrap();
        let of = |hkl| reflections.list.iter().find(|one| one.0 == hkl).map(|one| one.1);
        // 1 2 3 is absent in C 1 2 1, and 3 1 1 an outlier
        assert_eq!([of([1, 1, 3]), of([-1, 1, -3]), of([2, 0, 0])], [Some(10.0), Some(10.0), Some(0.0)]);
        assert_eq!((reflections.list.len(), reflections.symmetry.len()), (4 + 2, 4));
        assert_eq!(reflections.cell, Some([80.0, 50.0, 60.0, 90.0, 95.0, 90.0]));
        assert_eq!((report.n_listed, report.n_marked, report.n_absent, report.n_negative), (4, 1, 1, 1));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (text, words) in [
            (LIST.replace("MERGE=TRUE", "MERGE=FALSE"), ["HKL:1:", "xds2mtz"]),
            (LIST.replace("    MERGE=TRUE", ""), ["HKL:1:", "not merged"]),
            (LIST.replace("!FORMAT", "FORMAT"), ["HKL:1:", "!FORMAT=XDS_ASCII"]),
            (LIST.replace("1.000E+02", "nan"), ["HKL:12:", "`nan`"]),
            (LIST.replace("  1.0E+00  1.000E+02", "  1"), ["HKL:12:", "too few columns"]),
            (LIST.replace("IOBS=5", "IOBS=0"), ["HKL:9:", "column"]),
            (LIST.replace("NUMBER=    5", "NUMBER=  999"), ["HKL: ", "`999`"]),
            (LIST.replace("80.00 ", "      "), ["HKL:4:", "six numbers"]),
            (LIST.replace(" 95.000", " 190.00"), ["HKL:4:", "190"]),
            (LIST.replace("!END_OF_DATA", ""), ["HKL: ", "cut off"]),
            (String::new(), ["HKL:1:", "does not begin"]),
        ] {
            let message = list(&text).unwrap_err().to_string();
            for word in words {
                assert!(message.contains(word), "{message} lacks {word}");
            }
        }
    }
}
