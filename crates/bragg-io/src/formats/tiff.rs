//! Grey TIFF images: photons as 32-bit floats, counts as 32-bit signed integers, uncompressed, so that either comes back as it was.
//! Compressed ones are read.

use std::io::{self, Cursor, Seek, Write};
use std::path::Path;

use ::tiff::ColorType;
use ::tiff::decoder::{Decoder, DecodingResult, Limits};
use ::tiff::encoder::{TiffEncoder, colortype};

use super::pixels::{self, Panel};
use bragg::error::{Error, Result};
use bragg::image::{Image, PanelImage, Recording};

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

/// The most that a page may unpack to: 1 GiB, and so many times the file, which no compression of TIFF exceeds.
const MAX_UNPACKED: (usize, usize) = (1 << 30, 4096);

/// Reads a grey image, uncompressed or with LZW, deflate or PackBits: floating-point numbers are photons, integers counts. Says whether there
/// are more pages.
pub fn parse(bytes: &[u8], path: &Path) -> Result<(Recording, bool)> {
    let complaint = |what: String| Error::file(path, None, what);
    let unreadable =
        |error: ::tiff::TiffError| Error::file(path, None, format!("this TIFF image cannot be read: {error}."));
    // so that a header cannot ask for more than its file may hold
    let most = bytes.len().saturating_mul(MAX_UNPACKED.1).min(MAX_UNPACKED.0);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = most;
    limits.intermediate_buffer_size = most;
    limits.ifd_value_size = bytes.len();
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(unreadable)?.with_limits(limits);
    let (width, height) = decoder.dimensions().map_err(unreadable)?;
    let width_of_pixel = match decoder.colortype().map_err(unreadable)? {
        ColorType::Gray(bits @ (8 | 16 | 32 | 64)) => usize::from(bits) / 8,
        other => return Err(complaint(format!("a grey image is needed, but the TIFF's pixels are {other:?}."))),
    };
    let size = (width as usize, height as usize);
    if pixels::n_bytes(size.0, size.1, width_of_pixel).is_none_or(|n| n == 0 || n > most) {
        let n = bytes.len();
        return Err(complaint(format!("the TIFF says {width} × {height} pixels, more than its {n} bytes may hold.")));
    }
    let pixels = decoder.read_image().map_err(unreadable)?;
    let recording = recording(pixels, size).ok_or_else(|| {
        complaint(
            "the TIFF's pixels cannot be used: they must be numbers that fit 32 bits, as many as its size says.".into(),
        )
    })?;
    Ok((recording, decoder.more_images()))
}

fn recording(pixels: DecodingResult, (n_fast, n_slow): (usize, usize)) -> Option<Recording> {
    fn counts<T: Copy + Into<i128>>(values: &[T]) -> Option<Vec<i32>> {
        values.iter().map(|&value| pixels::count(value)).collect()
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
        parse(bytes, Path::new("a.tif")).map(|(recording, _)| recording)
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

    /// A copy of [`written`] counts as another encoder writes them.
    fn compressed(compression: ::tiff::encoder::Compression, n_pages: usize) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut file).unwrap().with_compression(compression);
        for page in 0..n_pages as i32 {
            let pixels: Vec<i32> = (0..3000).map(|i| if i % 7 == 0 { i * i - 1_000_000 * page } else { -1 }).collect();
            encoder.write_image::<colortype::GrayI32>(60, 50, &pixels).unwrap();
        }
        file.into_inner()
    }

    #[test]
    fn compressed_images_are_read_and_further_pages_told() {
        use ::tiff::encoder::{Compression, DeflateLevel};
        let expected: Vec<i32> = (0..3000).map(|i| if i % 7 == 0 { i * i } else { -1 }).collect();
        let expected = Recording::Counts(Image { panels: vec![PanelImage::new(60, 50, expected).unwrap()] });
        let deflate = Compression::Deflate(DeflateLevel::default());
        for compression in [Compression::Lzw, deflate, Compression::Packbits] {
            for n_pages in [1, 2] {
                let bytes = compressed(compression, n_pages);
                assert!(n_pages > 1 || bytes.len() < 12_000, "{} bytes", bytes.len());
                assert_eq!(parse(&bytes, Path::new("a.tif")).unwrap(), (expected.clone(), n_pages > 1));
                (0..bytes.len()).step_by(50).for_each(|n| drop(parse_bytes(&bytes[..n])));
            }
        }
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
