//! Grey TIFF images, uncompressed: photons as 32-bit floats, counts as 32-bit signed integers, so that either comes
//! back as it was.

use std::io::{self, Cursor, Seek, Write};
use std::path::Path;

use ::tiff::ColorType;
use ::tiff::decoder::{Decoder, DecodingResult, Limits};
use ::tiff::encoder::{TiffEncoder, colortype};

use super::pixels::{self, Panel};
use crate::error::{Error, Result};
use crate::image::{Image, PanelImage, Recording};

/// Writes the first panel. The encoder goes back to fill in offsets.
pub fn write(w: impl Write + Seek, recording: &Recording) -> io::Result<()> {
    let panel = Panel::first(recording)?;
    let (n_fast, n_slow) = panel.size();
    let (Ok(width), Ok(height)) = (u32::try_from(n_fast), u32::try_from(n_slow)) else {
        return Err(io::Error::other("the image is too large for a TIFF file"));
    };
    let mut encoder = TiffEncoder::new(w).map_err(plain)?;
    match panel {
        Panel::Photons(panel) => encoder.write_image::<colortype::Gray32Float>(width, height, panel.pixels()),
        Panel::Counts(panel) => encoder.write_image::<colortype::GrayI32>(width, height, panel.pixels()),
    }
    .map_err(plain)
}

/// What the system said, without the encoder's words around it.
fn plain(error: ::tiff::TiffError) -> io::Error {
    match error {
        ::tiff::TiffError::IoError(error) => error,
        other => io::Error::other(other),
    }
}

/// Reads an uncompressed grey image: floating-point numbers are photons, integers counts.
pub fn parse(bytes: &[u8], path: &Path) -> Result<Recording> {
    let complaint = |what: String| Error::file(path, None, what);
    let unreadable =
        |error: ::tiff::TiffError| Error::file(path, None, format!("this TIFF image cannot be read: {error}."));
    // An uncompressed image is smaller than its file, so that a header cannot ask for more.
    let mut limits = Limits::default();
    limits.decoding_buffer_size = bytes.len();
    limits.intermediate_buffer_size = bytes.len();
    limits.ifd_value_size = bytes.len();
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(unreadable)?.with_limits(limits);
    let (width, height) = decoder.dimensions().map_err(unreadable)?;
    match decoder.colortype().map_err(unreadable)? {
        ColorType::Gray(8 | 16 | 32 | 64) => {}
        other => return Err(complaint(format!("a grey image is needed, but the TIFF's pixels are {other:?}."))),
    }
    if width == 0 || height == 0 || pixels::n_bytes(width as usize, height as usize, 1).is_none_or(|n| n > bytes.len())
    {
        return Err(complaint(format!(
            "the TIFF says {width} × {height} pixels, more than the file's {} bytes hold uncompressed.",
            bytes.len()
        )));
    }
    let size = (width as usize, height as usize);
    let pixels = decoder.read_image().map_err(unreadable)?;
    recording(pixels, size).ok_or_else(|| {
        complaint(
            "the TIFF's pixels cannot be used: they must be numbers that fit 32 bits, as many as its size says.".into(),
        )
    })
}

fn recording(pixels: DecodingResult, (n_fast, n_slow): (usize, usize)) -> Option<Recording> {
    fn counts<T: Copy + TryInto<i32>>(values: &[T]) -> Option<Vec<i32>> {
        values.iter().map(|&value| value.try_into().ok()).collect()
    }
    let photons = match pixels {
        DecodingResult::F32(photons) => Ok(photons),
        DecodingResult::F64(photons) => Ok(photons.iter().map(|&value| value as f32).collect()),
        DecodingResult::U8(values) => Err(counts(&values)),
        DecodingResult::U16(values) => Err(counts(&values)),
        DecodingResult::U32(values) => Err(counts(&values)),
        DecodingResult::U64(values) => Err(counts(&values)),
        DecodingResult::I8(values) => Err(counts(&values)),
        DecodingResult::I16(values) => Err(counts(&values)),
        DecodingResult::I32(values) => Err(Some(values)),
        DecodingResult::I64(values) => Err(counts(&values)),
        _ => return None,
    };
    match photons {
        Ok(photons) => Some(Recording::Photons(Image { panels: vec![PanelImage::new(n_fast, n_slow, photons)?] })),
        Err(counts) => Some(Recording::Counts(Image { panels: vec![PanelImage::new(n_fast, n_slow, counts?)?] })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_bytes(bytes: &[u8]) -> Result<Recording> {
        parse(bytes, Path::new("a.tif"))
    }

    fn written(recording: &Recording) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        write(&mut file, recording).unwrap();
        file.into_inner()
    }

    /// A little-endian image of 2 × 1 16-bit pixels in one strip, made by hand from the TIFF 6.0 specification.
    fn by_hand(width: u32, bits: u16) -> Vec<u8> {
        let mut bytes = b"II*\0\x08\0\0\0\x09\0".to_vec();
        let data_at = 10 + 9 * 12 + 4;
        let tags: [(u16, u16, u32); 9] = [
            (256, 4, width),
            (257, 4, 1),
            (258, 3, bits.into()),
            (259, 3, 1),
            (262, 3, 1),
            (273, 4, data_at),
            (277, 3, 1),
            (278, 4, 1),
            (279, 4, 4),
        ];
        for (tag, kind, value) in tags {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(1u32.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend([0, 0, 0, 0, 0x01, 0x02, 0xFE, 0xFF]);
        bytes
    }

    #[test]
    fn photons_and_counts_come_back() {
        let photons = PanelImage::new(3, 2, vec![0.0, -1.5, 1e-20, 3e38, 5.0, f32::INFINITY]).unwrap();
        let photons = Recording::Photons(Image { panels: vec![photons] });
        assert_eq!(parse_bytes(&written(&photons)).unwrap(), photons);
        let counts = PanelImage::new(2, 3, vec![0, -1, i32::MAX, i32::MIN, 16_777_217, 7]).unwrap();
        let counts = Recording::Counts(Image { panels: vec![counts] });
        assert_eq!(parse_bytes(&written(&counts)).unwrap(), counts);
    }

    #[test]
    fn a_16_bit_image_made_by_hand_is_read() {
        let expected = PanelImage::new(2, 1, vec![0x0201, 0xFFFE]).unwrap();
        assert_eq!(parse_bytes(&by_hand(2, 16)).unwrap(), Recording::Counts(Image { panels: vec![expected] }));
    }

    #[test]
    fn cuts_and_lies_are_refused_without_a_panic() {
        let counts = PanelImage::new(2, 3, vec![0, -1, i32::MAX, i32::MIN, 16_777_217, 7]).unwrap();
        let whole = written(&Recording::Counts(Image { panels: vec![counts] }));
        for n in 0..whole.len() {
            let _ = parse_bytes(&whole[..n]);
        }
        let by_hand_whole = by_hand(2, 16);
        for n in 0..by_hand_whole.len() {
            assert!(parse_bytes(&by_hand_whole[..n]).is_err(), "{n}");
        }
        for (width, bits) in [(u32::MAX, 16), (1 << 30, 8), (0, 16), (2, 0), (2, 7), (2, u16::MAX)] {
            assert!(parse_bytes(&by_hand(width, bits)).is_err(), "{width} {bits}");
        }
    }
}
