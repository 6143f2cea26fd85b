//! Structure factors as text, `h k l F` on each line.
//!
//! Two readings: [`parse`] for this program's own interface, which refuses what is doubtful, and [`parse_nanobragg`] for
//! the drop-in, which takes what nanoBragg takes. Neither applies symmetry: the list is P1 with both Friedel mates, 0 0 0
//! included where it matters.

use crate::formats::numbers::{excerpt, index, index_in_range, number};
use bragg::error::{Error, Result};
use bragg::miller::Miller;
use bragg::reflections::Reflections;
use std::io::{self, Write};
use std::path::Path;

/// Reads `h k l F` lines: whole indices (`3` or `3.0`), F (electrons) not negative; further columns, blank lines and
/// comments from `#` to the end of the line are skipped.
///
/// # Errors
/// A line that says anything else, by its number; a file without reflections.
pub fn parse(bytes: &[u8], path: &Path) -> Result<Reflections> {
    let mut list = Vec::new();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for (i, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        let content = line.split(|&byte| byte == b'#').next().unwrap_or_default();
        if content.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let entry = std::str::from_utf8(content).map_err(|_| "it is not text".to_owned()).and_then(record);
        list.push(entry.map_err(|what| {
            let shown = excerpt(&String::from_utf8_lossy(content));
            Error::file(path, i + 1, format!("`{shown}` cannot be read as h k l F: {what}"))
        })?);
    }
    if list.is_empty() {
        return Err(Error::file(path, None, "there are no reflections in it; each line should read h k l F"));
    }
    Ok(Reflections { list, source: path.to_owned(), ..Reflections::default() })
}

fn record(line: &str) -> std::result::Result<(Miller, f64), String> {
    let columns: Vec<&str> = line.split_ascii_whitespace().take(4).collect();
    let &[h, k, l, amplitude] = columns.as_slice() else { return Err("there are fewer than four columns".to_owned()) };
    let hkl = [index(h)?, index(k)?, index(l)?];
    let value = number(amplitude, "the amplitude")?;
    if value < 0.0 {
        return Err(format!("the amplitude {amplitude} is negative; |F| must be 0 or more"));
    }
    Ok((hkl, value))
}

/// Reads `h k l F` lines as nanoBragg does: four numbers from each line, further ones are skipped, indices that are not whole go to the
/// nearest (halves down, as everywhere in that program), F (electrons) of either sign. Reading ends at the first word that is no number, or
/// with the last whole line; where the file goes on behind that, a sentence says so. Blank lines, and lines before the list that begin
/// with `#`, are skipped.
///
/// # Errors
/// A list that does not begin with four numbers, or has fewer in a line but the last; numbers that are not finite, indices out of range.
pub fn parse_nanobragg(bytes: &[u8], path: &Path) -> Result<(Reflections, Option<String>)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()).peekable();
    while lines.next_if(|(line, _)| line.trim_start().starts_with('#')).is_some() {}
    let mut list = Vec::new();
    let mut note = None;
    while let Some((line, number)) = lines.next() {
        let refuse =
            |what: &str| Error::file(path, number, format!("`{}` cannot be read as h k l F: {what}", excerpt(line)));
        let mut words = line.split_ascii_whitespace();
        let numbers: Vec<&str> = words.by_ref().take_while(|word| word.parse::<f64>().is_ok()).collect();
        let end = line.split_ascii_whitespace().nth(numbers.len());
        if let &[h, k, l, amplitude, ..] = numbers.as_slice() {
            list.push(nanobragg_record([h, k, l, amplitude]).map_err(|what| refuse(&what))?);
        } else if list.is_empty() {
            return Err(refuse("the list must begin with four numbers"));
        } else if end.is_none() && lines.peek().is_some() {
            return Err(refuse("there are fewer than four columns"));
        }
        if let Some(word) = end.or((numbers.len() < 4).then_some(line)) {
            let rest = lines.count();
            let also = if rest > 0 { format!(" and neither are the {rest} lines behind it") } else { String::new() };
            let word = excerpt(word);
            note = Some(format!("reading ends at `{word}` in line {number}, which is not read{also}, as in nanoBragg"));
            break;
        }
    }
    if list.is_empty() {
        return Err(Error::file(path, None, "there are no reflections in it; each line should read h k l F"));
    }
    Ok((Reflections { list, source: path.to_owned(), ..Reflections::default() }, note))
}

/// A reflection of nanoBragg's list.
fn nanobragg_record([h, k, l, amplitude]: [&str; 4]) -> std::result::Result<(Miller, f64), String> {
    let nearest = |text: &str| index_in_range((number(text, "an index")? - 0.5).ceil(), text);
    Ok(([nearest(h)?, nearest(k)?, nearest(l)?], number(amplitude, "the amplitude")?))
}

/// Writes `h k l F` lines in the order of the list, F with as many digits as give the same number again.
///
/// # Errors
/// What the operating system refuses.
pub fn write(list: &[(Miller, f64)], out: &mut dyn Write) -> io::Result<()> {
    list.iter().try_for_each(|([h, k, l], amplitude)| writeln!(out, "{h} {k} {l} {amplitude}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: &[u8], parse: impl Fn(&[u8], &Path) -> Result<Reflections>) -> String {
        parse(bytes, Path::new("p1.hkl")).unwrap_err().to_string()
    }

    #[test]
    fn comments_blank_lines_and_further_columns_are_skipped() {
        let text = b"# made up \xe5\n\n  23  15  -1   23.00\r\n-3.0 0 +4 1e2 0.5 FP # why\n\t\n0 0 0 0";
        let read = parse(text, Path::new("p1.hkl")).unwrap();
        assert_eq!(read.list, [([23, 15, -1], 23.0), ([-3, 0, 4], 100.0), ([0, 0, 0], 0.0)]);
        assert_eq!(read.source, Path::new("p1.hkl"));
        assert!(read.cell.is_none() && read.symmetry.is_empty());
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let list = vec![([-3, 0, 12], 0.1), ([0, 0, 0], 1e-7), ([1, 2, 3], 123_456.789), ([1, 2, 4], 1.0 / 3.0)];
        let mut written = Vec::new();
        write(&list, &mut written).unwrap();
        assert_eq!(parse(&written, Path::new("p1.hkl")).unwrap().list, list);
        assert!(written.starts_with(b"-3 0 12 0.1\n"));
    }

    #[test]
    fn a_malformed_line_is_named() {
        for (text, words) in [
            (&b"1 2 3 4\n\n1 2 3\n"[..], ["p1.hkl:3:", "`1 2 3`", "four columns"]),
            (b"1 2 3 4\nh k l F", ["p1.hkl:2:", "`h`", "finite number"]),
            (b"1 2 3.5 4", ["p1.hkl:1:", "3.5", "whole"]),
            (b"1 2 3 -4", ["p1.hkl:1:", "-4", "negative"]),
            (b"1 2 3 nan", ["p1.hkl:1:", "nan", "finite"]),
            (b"1 2 3 inf", ["p1.hkl:1:", "inf", "finite"]),
            (b"nan 2 3 4", ["p1.hkl:1:", "nan", "finite"]),
            (b"1 2 3000000000 4", ["p1.hkl:1:", "3000000000", "1000000"]),
            (b"1,2,3,4", ["p1.hkl:1:", "`1,2,3,4`", "four columns"]),
            (b"1 2 3 4\n1 2 \xff 4", ["p1.hkl:2:", "cannot be read", "not text"]),
            (b"# nothing\n", ["p1.hkl: ", "no reflections", "h k l F"]),
            (b"", ["p1.hkl: ", "no reflections", "h k l F"]),
        ] {
            let message = message(text, parse);
            for word in words {
                assert!(message.contains(word), "{message} lacks {word}");
            }
        }
    }

    #[test]
    fn a_binary_file_gives_a_short_message() {
        let message = message(&[7; 5000], parse);
        assert!(message.len() < 400 && !message.contains('\u{7}'), "{message}");
    }

    fn nanobragg(text: &str) -> Result<(Vec<(Miller, f64)>, String)> {
        let (read, note) = parse_nanobragg(text.as_bytes(), Path::new("p1.hkl"))?;
        Ok((read.list, note.unwrap_or_default()))
    }

    #[test]
    fn the_drop_in_rounds_indices_and_keeps_signs() {
        let read = nanobragg("# made up\n0.9 -1.2 2.5 -7\n\n-0.5 3 4 5 6 7\n").unwrap();
        assert_eq!(read, (vec![([1, -1, 2], -7.0), ([-1, 3, 4], 5.0)], String::new()));
    }

    #[test]
    fn the_drop_in_reads_up_to_the_first_word_that_is_no_number() {
        let first = vec![([1, 2, 3], 4.0)];
        for (text, said) in [
            ("1 2 3 4\nend of list\n", "at `end` in line 2, which is not read, as in nanoBragg"),
            (
                "1 2 3 4\n\n# more\n5 6 7 8\n5 6 7 9",
                "at `#` in line 3, which is not read and neither are the 2 lines behind it",
            ),
            ("1 2 3 4 FP\n5 6 7 8", "at `FP` in line 1"),
            ("1 2 3 4\n5 6 x 8", "at `x` in line 2"),
            ("1 2 3 4\n5 6 7", "at `5 6 7` in line 2, which is not read, as"),
            ("1 2 3 4\n5 \u{fffd} 7 8", "in line 2"),
        ] {
            let (list, note) = nanobragg(text).unwrap();
            assert_eq!(list, first, "{text}");
            assert!(note.contains(said), "{note}");
        }
        assert_eq!(nanobragg("1 2 3 4\n").unwrap(), (first, String::new()));
    }

    #[test]
    fn the_drop_in_refuses_what_is_no_list() {
        for (text, word) in [
            ("h k l F\n1 2 3 4", "p1.hkl:1: `h k l F`"),
            ("1 2 3", ":1:"),
            ("1 2 3 4\n1 2 3\n5 6 7 8", ":2: `1 2 3` cannot be read as h k l F: there are fewer"),
            ("1 2 3 nan", "nan"),
            ("1e9 0 0 1", "1e9"),
            ("", "no reflections"),
            ("# nothing\n", "no reflections"),
        ] {
            let message = nanobragg(text).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }
}
