//! Lists of X-ray sources: lines `x y z weight wavelength`, columns after any missing from the right. Between columns stand blanks, tabs,
//! `,`, `;`, `:` or `!`; what stands behind the fifth is not read.

use super::bounded::read_text;
use bragg::error::{Error, Result};
use bragg::experiment::beam::SourceLine;
use bragg::units::METER_PER_ANGSTROM;
use std::path::Path;

const MAX_BYTES: u64 = 256 << 20;

/// The sources of a file. `#` begins a comment; blank lines are skipped.
///
/// # Errors
/// The file cannot be read, has no sources, or has a line that is none.
pub fn read(path: &Path) -> Result<Vec<SourceLine>> {
    let text = read_text(path, MAX_BYTES)?;
    let mut sources = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let content = line.split('#').next().unwrap_or_default();
        if !content.trim().is_empty() {
            sources.push(source(content, i + 1).map_err(|what| Error::file(path, i + 1, what))?);
        }
    }
    if sources.is_empty() {
        return Err(Error::file(path, None, "there are no sources in it; each line is x y z weight wavelength(m)"));
    }
    Ok(sources)
}

/// What stands between columns, besides blanks.
const SEPARATORS: [char; 4] = [',', ';', ':', '!'];

fn source(content: &str, line: usize) -> std::result::Result<SourceLine, String> {
    let mut columns = [None; 5];
    let words = content.split(|c: char| c.is_whitespace() || SEPARATORS.contains(&c)).filter(|word| !word.is_empty());
    for (column, word) in columns.iter_mut().zip(words) {
        let number: f64 =
            word.parse().map_err(|_| format!("{word:?} is not a number; a source is x y z weight wavelength(m)"))?;
        if !number.is_finite() {
            return Err(format!("{word} is not a finite number"));
        }
        *column = Some(number);
    }
    let [x, y, z, weight, wavelength] = columns;
    // beyond a micrometre the number can only have been meant in Å
    if let Some(meters) = wavelength.filter(|&meters| meters <= 0.0 || meters > 1e-6) {
        return Err(format!("the wavelength is {meters} m; it must be in metres and positive (1 Å is 1e-10)"));
    }
    Ok(SourceLine {
        line,
        position: [x, y, z],
        weight,
        wavelength: wavelength.map(|meters| meters / METER_PER_ANGSTROM),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> std::result::Result<Vec<SourceLine>, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sources.txt");
        std::fs::write(&path, text).unwrap();
        read(&path).map_err(|e| e.to_string())
    }

    #[test]
    fn columns_may_be_missing_from_the_right() {
        let sources = with("# x y z w m\n-10 0 1 2 9.5e-11\n\n0 0 10 # centre\n").unwrap();
        assert_eq!(sources.len(), 2);
        assert_eq!(sources[0].line, 2);
        assert_eq!(sources[0].position, [Some(-10.0), Some(0.0), Some(1.0)]);
        assert_eq!(sources[0].weight, Some(2.0));
        assert!((sources[0].wavelength.unwrap() - 0.95).abs() < 1e-15);
        assert_eq!(sources[1].line, 4);
        assert_eq!((sources[1].weight, sources[1].wavelength), (None, None));
    }

    #[test]
    fn columns_are_separated_in_many_ways_and_a_sixth_is_not_read() {
        for text in [
            "-10 0 1 2 9.5e-11 7",
            "-10,0,1,2,9.5e-11",
            "-10; 0\t1: 2!9.5e-11 main line",
            " -10 , 0 , 1 ; 2 : 9.5e-11 !",
        ] {
            let sources = with(text).unwrap();
            assert_eq!(sources[0].position, [Some(-10.0), Some(0.0), Some(1.0)], "{text}");
            assert_eq!(sources[0].weight, Some(2.0));
            assert!((sources[0].wavelength.unwrap() - 0.95).abs() < 1e-15);
        }
    }

    #[test]
    fn what_is_no_source_is_refused_with_its_line() {
        for (text, part) in [
            ("", "no sources"),
            ("# only\n", "no sources"),
            ("1 2 3\n1 2 x", "sources.txt:2: \"x\" is not a number"),
            ("1 2 inf", "not a finite number"),
            ("1 2 3 1 0.97", "wavelength is 0.97 m"),
            ("1 2 3 1 0", "wavelength is 0 m"),
        ] {
            let message = with(text).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
    }
}
