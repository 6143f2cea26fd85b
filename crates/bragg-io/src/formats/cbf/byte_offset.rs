//! The byte-offset compression of CBF files (Bernstein & Hammersley, International Tables G, 2.3 and 5.6): each pixel
//! as its difference from the one before, in 1 byte where it fits, otherwise after an escape in 2, 4 or 8,
//! little-endian.
//!
//! The escape of each width is its most negative number, which therefore never stands for a difference.

use super::super::pixels::count;

/// Pixels that are looked at together: mostly, all their differences fit a byte.
const RUN: usize = 32;

/// Compresses counts.
pub fn compress(pixels: &[i32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(pixels.len() + pixels.len() / 8 + 8);
    compress_after(0, pixels, &mut bytes);
    bytes
}

/// Compresses counts that follow the count `previous` (0 before the first) to the end of `bytes`.
pub(super) fn compress_after(mut previous: i32, pixels: &[i32], bytes: &mut Vec<u8>) {
    for run in pixels.chunks(RUN) {
        let (mut differences, mut are_small, mut before) = ([0; RUN], true, previous);
        for (byte, &pixel) in differences.iter_mut().zip(run) {
            // one that does not fit is not small either
            let difference = pixel.saturating_sub(before);
            are_small &= (difference > i32::from(i8::MIN)) & (difference <= i32::from(i8::MAX));
            *byte = difference as u8;
            before = pixel;
        }
        if are_small {
            bytes.extend_from_slice(&differences[..run.len()]);
        } else {
            compress_run(previous, run, bytes);
        }
        previous = before;
    }
}

fn compress_run(mut previous: i32, pixels: &[i32], bytes: &mut Vec<u8>) {
    for &pixel in pixels {
        let difference = i64::from(pixel) - i64::from(previous);
        previous = pixel;
        if let Some(byte) = i8::try_from(difference).ok().filter(|&byte| byte != i8::MIN) {
            bytes.push(byte as u8);
            continue;
        }
        bytes.extend(i8::MIN.to_le_bytes());
        if let Some(word) = i16::try_from(difference).ok().filter(|&word| word != i16::MIN) {
            bytes.extend(word.to_le_bytes());
            continue;
        }
        bytes.extend(i16::MIN.to_le_bytes());
        if let Some(long) = i32::try_from(difference).ok().filter(|&long| long != i32::MIN) {
            bytes.extend(long.to_le_bytes());
            continue;
        }
        bytes.extend(i32::MIN.to_le_bytes());
        bytes.extend(difference.to_le_bytes());
    }
}

/// Decompresses `n` counts; an error says, as a sentence, why they are not there.
pub fn decompress(bytes: &[u8], n: usize) -> Result<Vec<i32>, String> {
    // A pixel takes a byte at least.
    let mut pixels = Vec::with_capacity(n.min(bytes.len()));
    let mut rest = bytes;
    let mut value = 0i64;
    while pixels.len() < n {
        let difference = next_difference(&mut rest).ok_or_else(|| {
            format!("the compressed pixels end after {} of its {n} pixels; is the file damaged?", pixels.len())
        })?;
        value = value.wrapping_add(difference);
        pixels.push(count(value).ok_or_else(|| {
            format!("pixel {} is {value}, which does not fit the 32-bit counts that are read.", pixels.len())
        })?);
    }
    Ok(pixels)
}

fn next_difference(rest: &mut &[u8]) -> Option<i64> {
    let byte = i8::from_le_bytes(take(rest)?);
    if byte != i8::MIN {
        return Some(byte.into());
    }
    let word = i16::from_le_bytes(take(rest)?);
    if word != i16::MIN {
        return Some(word.into());
    }
    let long = i32::from_le_bytes(take(rest)?);
    if long != i32::MIN {
        return Some(long.into());
    }
    take(rest).map(i64::from_le_bytes)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_made_by_hand_from_the_definition() {
        let vectors: [(&[i32], &[u8]); 9] = [
            (&[], &[]),
            (&[0, 1, 0, -1], &[0, 1, 0xFF, 0xFF]),
            (&[127, 0], &[127, 0x81]),
            // −128 is the escape, so that it takes two more bytes.
            (&[128, 0], &[0x80, 0x80, 0x00, 0x80, 0x80, 0xFF]),
            (&[32767, 0], &[0x80, 0xFF, 0x7F, 0x80, 0x01, 0x80]),
            (&[32768, 0], &[0x80, 0x00, 0x80, 0x00, 0x80, 0x00, 0x00, 0x80, 0x00, 0x80, 0x00, 0x80, 0xFF, 0xFF]),
            (&[1_000_000], &[0x80, 0x00, 0x80, 0x40, 0x42, 0x0F, 0x00]),
            (&[i32::MIN], &[0x80, 0, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0x80, 0xFF, 0xFF, 0xFF, 0xFF]),
            // From 2³¹ − 1 to −2³¹ it is −(2³² − 1).
            (
                &[i32::MAX, i32::MIN],
                &[
                    0x80, 0, 0x80, 0xFF, 0xFF, 0xFF, 0x7F, 0x80, 0, 0x80, 0, 0, 0, 0x80, 1, 0, 0, 0, 0xFF, 0xFF, 0xFF,
                    0xFF,
                ],
            ),
        ];
        for (pixels, bytes) in vectors {
            assert_eq!(compress(pixels), bytes, "{pixels:?}");
            assert_eq!(decompress(bytes, pixels.len()).unwrap(), pixels);
            for n in 0..bytes.len() {
                assert!(decompress(&bytes[..n], pixels.len()).is_err(), "{pixels:?} cut to {n}");
            }
        }
    }

    #[test]
    fn runs_of_small_differences_and_of_others_come_back() {
        // steps of all widths, alone among small ones at every place of a run
        let steps = [128, -128, -129, 32_767, 32_768, -32_768, 2_000_000_000, -2_000_000_000];
        let mut pixels: Vec<i32> = Vec::new();
        for (i, step) in (0..40).flat_map(|_| steps).enumerate() {
            let last = pixels.last().copied().unwrap_or(0);
            pixels.extend((0..i as i32 % 37).map(|i| last.wrapping_add(i % 2 * 127)));
            pixels.push(last.wrapping_add(step));
        }
        let bytes = compress(&pixels);
        assert_eq!(decompress(&bytes, pixels.len()).unwrap(), pixels);
        let one_by_one = pixels.iter().enumerate().fold(Vec::new(), |mut bytes, (i, &pixel)| {
            compress_run(if i > 0 { pixels[i - 1] } else { 0 }, &[pixel], &mut bytes);
            bytes
        });
        assert!(bytes == one_by_one);
    }

    #[test]
    fn longer_forms_than_needed_are_read() {
        assert_eq!(decompress(&[0x80, 5, 0, 0x80, 0, 0x80, 1, 0, 0, 0], 2).unwrap(), [5, 6]);
    }

    #[test]
    fn sums_beyond_32_bits_are_refused() {
        let too_large = [0x80, 0, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0];
        assert!(decompress(&too_large, 1).unwrap_err().contains("2147483648"));
        let largest = [0x80, 0, 0x80, 0, 0, 0, 0x80, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F];
        assert!(decompress(&[largest, largest].concat(), 2).is_err());
        assert!(decompress(&[], usize::MAX).is_err());
    }
}
