//! Reflections as SHELX reads them with HKLF 4 (SHELXL manual, <http://shelx.uni-goettingen.de>): lines of FORMAT(3I4,2F8.2,I4) with h, k,
//! l, F², σ(F²) and a batch number, up to a line with h = k = l = 0. They say neither cell nor symmetry.

use crate::formats::numbers::{excerpt, number, summable};
use crate::formats::reflections::List;
use crate::formats::text::text;
use bragg::error::{Error, Result};
use bragg::miller::{MAX_INDEX, Miller};
use bragg::reflections::Observation;
use std::collections::BTreeSet;
use std::path::Path;

/// A line: the observation and the number of its batch.
type Record = (Observation, i32);

/// Whether the text is such a list rather than free columns: every line up to the one of zeros has an intensity and an uncertainty in
/// the format's places. Without that line, at the end of the text, the columns touch or end where the format's do.
pub(crate) fn is_shelx(text: &str) -> bool {
    let (mut n_records, mut touching, mut in_place) = (0, false, true);
    for line in text.lines() {
        let Ok((observation, _)) = record(line) else { return false };
        if observation.hkl == [0; 3] {
            return n_records > 0;
        }
        if column(line, 20, 28).is_none_or(str::is_empty) {
            return false;
        }
        n_records += 1;
        touching |= line.split_ascii_whitespace().count() < 5;
        in_place &= is_in_place(line);
    }
    n_records > 0 && (touching || in_place)
}

/// Whether the columns end in the format's places: indices in 4, 8 and 12, F² and σ with a point in 20 and 28, the batch in 32.
fn is_in_place(line: &str) -> bool {
    let line = line.trim_end();
    let ends = [4, 8, 12, 20, 28].iter().all(|end| line.as_bytes().get(end - 1).is_some_and(u8::is_ascii_digit));
    let has_points =
        [(12, 20), (20, 28)].iter().all(|(first, end)| column(line, *first, *end).is_some_and(|x| x.contains('.')));
    ends && has_points && matches!(line.len(), 28 | 32)
}

/// Reads the bytes of such a file, compressed or not; `path` is for messages. What stands behind the line of zeros is skipped. All batches
/// are taken to be on one scale.
///
/// # Errors
/// A line that does not have the format, by its number; negative batch numbers, which mark reflections of twins that overlap (HKLF 5).
pub fn parse(bytes: &[u8], path: &Path) -> Result<List> {
    let text = text(bytes).map_err(|what| Error::file(path, None, what))?;
    let mut list = List { are_intensities: true, source: path.to_owned(), ..List::default() };
    let (mut batches, mut ended) = (BTreeSet::new(), false);
    for (line, i) in text.lines().zip(1..) {
        let (observation, batch) = record(line).map_err(|what| {
            let shown = excerpt(line);
            Error::file(path, i, format!("`{shown}` cannot be read in the format 3I4,2F8.2,I4 of SHELX: {what}"))
        })?;
        if observation.hkl == [0; 3] {
            ended = true;
            break;
        }
        if batch < 0 {
            let what = format!(
                "the batch number {batch} marks overlapping reflections of a twin (HKLF 5); only single reflections (HKLF 4) are read"
            );
            return Err(Error::file(path, i, what));
        }
        batches.insert(batch.max(1));
        list.observations.push(observation);
    }
    if batches.len() > 1 {
        list.report.notes.push(format!("its {} batches are taken to be on one scale", batches.len()));
    }
    if !ended {
        list.report.notes.push(
            "its columns are SHELX's, and it is read as F² (HKLF 4) although it does not end with a line of zeros; \
             crystal.structure_factors.format = \"text\" reads F"
                .to_owned(),
        );
    }
    Ok(list)
}

/// What stands between two columns, counted from 0, without blanks around it; `None` where that is no text by itself.
fn column(line: &str, first: usize, end: usize) -> Option<&str> {
    line.get(first.min(line.len())..end.min(line.len())).map(str::trim)
}

fn record(line: &str) -> std::result::Result<Record, String> {
    let line = line.trim_end();
    let field = |first: usize, end: usize| {
        column(line, first, end).filter(|text| text.is_ascii()).ok_or("it has characters that are not ASCII".to_owned())
    };
    let mut hkl: Miller = [0; 3];
    for (place, first) in hkl.iter_mut().zip([0, 4, 8]) {
        *place = whole(field(first, first + 4)?, "the index")?;
    }
    if let Some(index) = hkl.iter().find(|index| index.abs() > MAX_INDEX) {
        return Err(format!("the index {index} is beyond ±{MAX_INDEX}"));
    }
    let value = summable(real(field(12, 20)?, "F²")?, "F²")?;
    let sigma = real(field(20, 28)?, "σ")?;
    let batch = whole(field(28, 32)?, "the batch number")?;
    Ok((Observation { hkl, value, sigma: Some(sigma) }, batch))
}

/// A whole number; blanks are zero, as in Fortran.
fn whole(text: &str, what: &str) -> std::result::Result<i32, String> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| format!("{what} `{text}` is not a whole number"))
}

/// A number in a place of FORMAT F8.2: without a decimal point, the last two digits stand behind it; blanks are zero.
fn real(text: &str, what: &str) -> std::result::Result<f64, String> {
    if text.is_empty() {
        return Ok(0.0);
    }
    let value = number(text, what)?;
    let is_whole = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-'));
    Ok(if is_whole { value / 100.0 } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "
   1   2   3  100.00   10.00   1
  -1  -2  -3   64.00    8.00   1
   0   0   2  -25.00    5.00   2
 -10 -12 -1412345.67  100.00   2
   2   1   0    4900     500
   0   0   0    0.00    0.00   0
_exptl_absorpt_process_details 'sadabs'
";

    fn text() -> &'static str {
        LIST.trim_start_matches('\n')
    }

    fn list(text: &str) -> Result<List> {
        parse(text.as_bytes(), Path::new("shelx.hkl"))
    }

    #[test]
    fn fixed_columns_are_read_up_to_the_line_of_zeros() {
        let (reflections, report) = list(text()).unwrap().in_p1(None, Some("P 1")).unwrap();
        let of = |hkl| reflections.list.iter().find(|one| one.0 == hkl).map(|one| one.1);
        assert_eq!([of([1, 2, 3]), of([-1, -2, -3]), of([0, 0, -2])], [10.0, 8.0, 0.0].map(Some));
        assert_eq!(of([-10, -12, -14]), Some(12345.67_f64.sqrt()));
        assert_eq!(of([2, 1, 0]), Some(7.0), "two decimals are implied");
        assert_eq!((reflections.list.len(), report.n_negative, report.n_listed), (8, 1, 5));
        assert!(report.notes.len() == 1 && report.notes[0].contains("2 batches"), "{report:?}");
    }

    #[test]
    fn the_symmetry_must_be_given() {
        let message = list(text()).unwrap().in_p1(None, None).unwrap_err().to_string();
        assert!(message.contains("give the space group"), "{message}");
        let cell = [10.0, 11.0, 12.0, 90.0, 90.0, 90.0];
        let (reflections, report) = list(text()).unwrap().in_p1(Some(cell), Some("P -1")).unwrap();
        // Weights 1/100 and 1/64: (100/100 + 64/64)/(1/100 + 1/64).
        let of = reflections.list.iter().find(|one| one.0 == [1, 2, 3]).unwrap().1;
        assert!((of * of - 2.0 / (1.0 / 100.0 + 1.0 / 64.0)).abs() < 1e-9);
        assert_eq!((report.n_averaged, reflections.cell), (1, Some(cell)));
        let message = list(text()).unwrap().in_p1(Some(cell), Some("P 4")).unwrap_err().to_string();
        assert!(message.contains("does not fit"), "{message}");
    }

    #[test]
    fn the_format_is_told_from_free_columns() {
        assert!(is_shelx(text()));
        assert!(is_shelx("   1   2   312345.67  100.00\n"), "columns that touch");
        for without_end in ["   1   2   3  100.00   10.00\n", "   1  -2   3  100.00   10.00   1"] {
            assert!(is_shelx(without_end));
            let (reflections, report) = list(without_end).unwrap().in_p1(None, Some("P 1")).unwrap();
            assert!(reflections.list.iter().all(|(_, f)| *f == 10.0));
            assert!(report.notes[0].contains("read as F²") && report.notes[0].contains("\"text\""), "{report:?}");
        }
        for free in [
            "    1    2    3  100.00   10.00\n",
            "   1   2   3     100      10\n",
            "1 2 3 100.0 10.0\n0 0 0 0 0\n",
            "   1   2   3   23.00\n   0   0   0    0.00\n",
            "# comment\n   1   2   3  100.00   10.00   1\n   0   0   0    0.00    0.00\n",
            "",
        ] {
            assert!(!is_shelx(free), "{free}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (text, words) in [
            (text().replace("  100.00   10", "     nan   10"), ["hkl:1:", "`nan`"]),
            (text().replace("  100.00   10", "   1e+99   10"), ["hkl:1:", "beyond"]),
            (text().replace("   1   2   3", "   1 2.5   3"), ["hkl:1:", "`2.5`"]),
            (text().replace("   1   2   3", "   1   é   3"), ["hkl:1:", "3I4,2F8.2,I4"]),
            (text().replace("5.00   2", "5.00  -2"), ["hkl:3:", "HKLF 5"]),
            ("1 2 3 100.0 10.0\n".to_owned(), ["hkl:1:", "3I4,2F8.2,I4"]),
            ("   0   0   0    0.00    0.00\n".to_owned(), ["hkl: ", "no observed reflections"]),
            (String::new(), ["hkl: ", "no observed reflections"]),
        ] {
            let message = list(&text).and_then(|list| list.in_p1(None, Some("P 1"))).unwrap_err().to_string();
            for word in words {
                assert!(message.contains(word), "{message} lacks {word}");
            }
        }
    }
}
