//! nanoBragg's structure-factor cache, `Fdump.bin`.
//!
//! The text `h_min h_max k_min k_max l_min l_max`, a newline, a form feed; then (n_h + 1)(n_k + 1)(n_l + 1) doubles, h
//! slowest, l fastest, n = max − min + 1: each extent is one longer than its range. What stands in the extra places is
//! written as zero and never looked at. The doubles are in the order of the machine, here always little-endian, as on every
//! machine in use.

use crate::formats::packed::{is_packed_name, unpacked};
use crate::formats::read_bytes;
use bragg::error::{Error, Result};
use bragg::reflections::AmplitudeGrid;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

/// Six signed 32-bit numbers, five blanks, newline and form feed need 73 bytes; some room for further blanks.
const MAX_HEADER: usize = 128;

/// Reads a cache file, which is compressed if its name says so.
///
/// # Errors
/// As [`parse`], and what the operating system refuses.
pub fn read(path: &Path) -> Result<AmplitudeGrid> {
    if is_packed_name(path) {
        let bytes = unpacked(read_bytes(path)?.into()).map_err(|what| Error::file(path, None, what))?;
        return parse(&mut &bytes[..], bytes.len() as u64, path);
    }
    let file = File::open(path).map_err(|source| Error::io("read", path, source))?;
    let length = file.metadata().map_err(|source| Error::io("read", path, source))?.len();
    parse(&mut BufReader::new(file), length, path)
}

/// Reads a cache of `length` bytes; `path` is for messages. Nothing is allocated before the length agrees with the
/// extents that the first line states. The amplitudes may have either sign.
///
/// # Errors
/// Anything but a whole cache with finite amplitudes.
pub fn parse(input: &mut dyn Read, length: u64, path: &Path) -> Result<AmplitudeGrid> {
    let refuse = |what: String| {
        let advice = "Remove it, or make it anew from the structure factors";
        Error::file(path, None, format!("this structure-factor cache cannot be used: {what}. {advice}"))
    };
    let header = read_header(input, path)?.ok_or_else(|| {
        refuse("it does not begin with `h_min h_max k_min k_max l_min l_max`, a newline and a form feed".into())
    })?;
    let extents = AmplitudeGrid::extents(header.min, header.max).map_err(|error| refuse(error.into()))?;
    let padded: u64 = extents.iter().map(|&n| n as u64 + 1).product();
    let expected = header.length + 8 * padded;
    if length != expected {
        let [h, k, l] = [0, 1, 2].map(|axis| format!("{} to {}", header.min[axis], header.max[axis]));
        return Err(refuse(format!("indices h {h}, k {k}, l {l} need {expected} bytes, but it has {length}")));
    }
    let [n_h, n_k, n_l] = extents;
    let mut amplitudes = Vec::with_capacity(n_h * n_k * n_l);
    let mut row = vec![0; 8 * (n_l + 1)];
    for h in 0..n_h {
        for k in 0..=n_k {
            input.read_exact(&mut row).map_err(|source| Error::io("read", path, source))?;
            if k == n_k {
                continue;
            }
            for (l, value) in
                row.as_chunks::<8>().0.iter().take(n_l).map(|bytes| f64::from_le_bytes(*bytes)).enumerate()
            {
                if !value.is_finite() {
                    let hkl = [h, k, l].map(|offset| offset as i64);
                    let at = [0, 1, 2].map(|axis| i64::from(header.min[axis]) + hkl[axis]);
                    return Err(refuse(format!("the amplitude of {} {} {} is {value}", at[0], at[1], at[2])));
                }
                amplitudes.push(value);
            }
        }
    }
    Ok(AmplitudeGrid { min: header.min, max: header.max, amplitudes })
}

/// Writes a cache.
///
/// # Errors
/// What the operating system refuses; amplitudes that do not fill the grid (`InvalidInput`).
pub fn write(grid: &AmplitudeGrid, out: &mut dyn Write) -> io::Result<()> {
    let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidInput, what);
    let [n_h, n_k, n_l] = AmplitudeGrid::extents(grid.min, grid.max).map_err(|error| invalid(error.into()))?;
    if grid.amplitudes.len() != n_h * n_k * n_l {
        return Err(invalid(format!("{} amplitudes do not fill {n_h} x {n_k} x {n_l} indices", grid.amplitudes.len())));
    }
    let (min, max) = (grid.min, grid.max);
    write!(out, "{} {} {} {} {} {}\n\x0c", min[0], max[0], min[1], max[1], min[2], max[2])?;
    let padding = vec![0; 8 * (n_l + 1)];
    let mut bytes = padding.clone();
    for layer in grid.amplitudes.chunks_exact(n_k * n_l) {
        for row in layer.chunks_exact(n_l) {
            for (slot, value) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(row) {
                *slot = value.to_le_bytes();
            }
            out.write_all(&bytes)?;
        }
        out.write_all(&padding)?;
    }
    for _ in 0..=n_k {
        out.write_all(&padding)?;
    }
    Ok(())
}

struct Header {
    min: [i32; 3],
    max: [i32; 3],
    length: u64,
}

/// Reads up to and with the form feed; `None` when what stands there is not the header.
fn read_header(input: &mut dyn Read, path: &Path) -> Result<Option<Header>> {
    let mut text = Vec::with_capacity(MAX_HEADER);
    let mut byte = [0];
    while !text.ends_with(b"\n\x0c") {
        let count = input.read(&mut byte).map_err(|source| Error::io("read", path, source))?;
        if count == 0 || text.len() == MAX_HEADER {
            return Ok(None);
        }
        text.push(byte[0]);
    }
    let numbers: Option<Vec<i32>> = std::str::from_utf8(&text)
        .ok()
        .and_then(|text| text.split_ascii_whitespace().map(|word| word.parse().ok()).collect());
    Ok(match numbers.as_deref() {
        Some(&[h_min, h_max, k_min, k_max, l_min, l_max]) => {
            Some(Header { min: [h_min, k_min, l_min], max: [h_max, k_max, l_max], length: text.len() as u64 })
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_bytes(bytes: &[u8]) -> Result<AmplitudeGrid> {
        parse(&mut &bytes[..], bytes.len() as u64, Path::new("Fdump.bin"))
    }

    /// h −1…0, k 2…4, l 7…7, amplitude 100h + 10k + l; written out slot by slot from the description of the format, with
    /// rubbish in the padding.
    fn by_hand() -> (Vec<u8>, AmplitudeGrid) {
        let mut bytes = b"-1 0 2 4 7 7\n\x0c".to_vec();
        let mut amplitudes = Vec::new();
        for h in -1..=1 {
            for k in 2..=5 {
                for l in 7..=8 {
                    let value = f64::from(100 * h + 10 * k + l);
                    let used = h <= 0 && k <= 4 && l <= 7;
                    bytes.extend(if used { value } else { f64::NAN }.to_le_bytes());
                    amplitudes.extend(used.then_some(value));
                }
            }
        }
        (bytes, AmplitudeGrid { min: [-1, 2, 7], max: [0, 4, 7], amplitudes })
    }

    #[test]
    fn the_layout_is_that_of_the_description() {
        let (bytes, grid) = by_hand();
        assert_eq!(bytes.len(), 14 + 8 * 3 * 4 * 2);
        let read = parse_bytes(&bytes).unwrap();
        assert_eq!(read, grid);
        assert_eq!(read.position([0, 3, 7]).map(|i| read.amplitudes[i]), Some(37.0));
    }

    #[test]
    fn what_is_written_has_zero_padding_and_is_read_again() {
        let (mut bytes, grid) = by_hand();
        let header = bytes.len() - 8 * 24;
        for slot in bytes[header..].as_chunks_mut::<8>().0 {
            if f64::from_le_bytes(*slot).is_nan() {
                *slot = [0; 8];
            }
        }
        let mut written = Vec::new();
        write(&grid, &mut written).unwrap();
        assert_eq!(written, bytes);
        assert_eq!(parse_bytes(&written).unwrap(), grid);
    }

    #[test]
    fn damaged_files_are_refused_with_what_was_expected() {
        let (bytes, _) = by_hand();
        let mut not_finite = bytes.clone();
        not_finite[14 + 8 * 2..][..8].copy_from_slice(&f64::INFINITY.to_le_bytes());
        let replaced = |header: &[u8]| [header, &bytes[14..]].concat();
        for (damaged, word) in [
            (bytes[..bytes.len() - 1].to_vec(), "need 206 bytes, but it has 205"),
            ([&bytes[..], b"x"].concat(), "need 206 bytes, but it has 207"),
            (not_finite, "-1 3 7 is inf"),
            (replaced(b"-1 0 2 4 7 6\n\x0c"), "largest index 6 is below the smallest 7"),
            (replaced(b"-1 0 2 4 7 8\n\x0c"), "need 302 bytes, but it has 206"),
            (replaced(b"-2147483648 2147483647 0 0 0 0\n\x0c"), "grid of more than"),
            (replaced(b"0 500 0 500 0 500\n\x0c"), "need 1012048083 bytes"),
            (replaced(b"-1 0 2 4 7 99999999999\n\x0c"), "does not begin"),
            (replaced(b"-1 0 2 4 7\n\x0c"), "does not begin"),
            (replaced(b"-1 0 2 4 7 7\n"), "does not begin"),
            (vec![b' '; 100_000], "does not begin"),
            (Vec::new(), "does not begin"),
        ] {
            let message = parse_bytes(&damaged).unwrap_err().to_string();
            assert!(message.starts_with("Fdump.bin: ") && message.contains(word), "{message} lacks {word}");
        }
    }

    #[test]
    fn no_prefix_and_no_flipped_bit_makes_it_panic() {
        let (bytes, grid) = by_hand();
        for length in 0..bytes.len() {
            assert!(parse_bytes(&bytes[..length]).is_err());
        }
        // A file that shrinks while it is read, up to the last slot in use.
        for length in 0..14 + 8 * 13 {
            assert!(parse(&mut &bytes[..length], bytes.len() as u64, Path::new("Fdump.bin")).is_err());
        }
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(read) = parse_bytes(&flipped) {
                assert_eq!(read.amplitudes.len(), grid.amplitudes.len());
            }
        }
    }

    #[test]
    fn a_grid_that_is_not_filled_is_not_written() {
        let (_, mut grid) = by_hand();
        grid.amplitudes.pop();
        assert_eq!(write(&grid, &mut Vec::new()).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
