//! Structure factors from files.

use super::text::read_text;
use crate::error::{Error, Result};
use crate::reflections::Reflections;
use std::path::Path;

/// Reads `h k l F` lines.
///
/// # Errors
/// The file cannot be read or has a line that is no reflection.
pub fn read_reflections(path: &Path, _column: Option<&str>) -> Result<Reflections> {
    let mut reflections = Reflections { source: path.to_owned(), ..Reflections::default() };
    for (i, line) in read_text(path, 1 << 30)?.lines().enumerate() {
        let refuse = || Error::file(path, i + 1, "is not h k l F");
        let words: Vec<_> = line.split_whitespace().collect();
        if let Some(cell) = line.strip_prefix("#cell") {
            let numbers: Vec<f64> = cell.split_whitespace().filter_map(|word| word.parse().ok()).collect();
            reflections.cell = Some(numbers.try_into().map_err(|_| refuse())?);
        } else if let [h, k, l, f] = words[..] {
            let index = |word: &str| word.parse().map_err(|_| refuse());
            let amplitude = f.parse().map_err(|_| refuse())?;
            reflections.list.push(([index(h)?, index(k)?, index(l)?], amplitude));
        } else {
            return Err(refuse());
        }
    }
    Ok(reflections)
}
