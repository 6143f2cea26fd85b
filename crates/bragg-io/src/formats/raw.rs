//! Bare little-endian 32-bit floats, fast axis first, with nothing to say how many: nanoBragg's float image (`.bin`).

use std::io::{self, Write};
use std::path::Path;

use super::pixels::{self, Panel};
use bragg::error::{Error, Result};
use bragg::image::{PanelImage, Recording};

/// Writes the pixels (photons), fast axis first.
pub fn write(w: &mut dyn Write, panel: &PanelImage<f32>) -> io::Result<()> {
    pixels::write(w, panel.pixels())
}

/// Writes the first panel of a recording, counts as floats.
pub fn write_recording(w: &mut dyn Write, recording: &Recording) -> io::Result<()> {
    match Panel::first(recording)? {
        Panel::Photons(panel) => write(w, panel),
        panel => pixels::write_made(w, panel.len(), |range, out| panel.floats(range, out)),
    }
}

/// Reads pixels of the given (fast, slow) size; without one the image is taken for a square.
pub fn parse(bytes: &[u8], path: &Path, size: Option<(usize, usize)>) -> Result<PanelImage<f32>> {
    let complaint = |what: String| Error::file(path, None, what);
    if bytes.is_empty() || !bytes.len().is_multiple_of(4) {
        let length = bytes.len();
        return Err(complaint(format!("{length} bytes are not an image of 32-bit floats, which take 4 bytes each.")));
    }
    let n = bytes.len() / 4;
    let (n_fast, n_slow) = match size {
        Some(size) => size,
        None if n.isqrt() * n.isqrt() == n => (n.isqrt(), n.isqrt()),
        None => {
            return Err(complaint(format!(
                "the file holds {n} pixels, which do not make a square, and does not say its size; \
                 give the numbers of fast and slow pixels."
            )));
        }
    };
    PanelImage::new(n_fast, n_slow, pixels::read(bytes, f32::from_le_bytes)).ok_or_else(|| {
        complaint(format!("the file holds {n} pixels, but {n_fast} × {n_slow} were asked for; give the right size."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_little_endian_floats() {
        let panel = PanelImage::new(2, 1, vec![1.0, -0.5]).unwrap();
        let mut bytes = Vec::new();
        write(&mut bytes, &panel).unwrap();
        // IEEE 754 binary32: 1 = 3F800000, −½ = BF000000.
        assert_eq!(bytes, [0, 0, 0x80, 0x3F, 0, 0, 0, 0xBF]);
        assert_eq!(parse(&bytes, Path::new("a.bin"), Some((2, 1))).unwrap(), panel);
    }

    #[test]
    fn a_square_needs_no_size_and_another_shape_does() {
        let square: Vec<u8> = (0..9u8).flat_map(|i| f32::from(i).to_le_bytes()).collect();
        let panel = parse(&square, Path::new("a.bin"), None).unwrap();
        assert_eq!((panel.n_fast(), panel.n_slow(), panel.pixels()[5]), (3, 3, 5.0));
        let message = parse(&square[..24], Path::new("a.bin"), None).unwrap_err().to_string();
        assert!(message.starts_with("a.bin: the file holds 6 pixels"), "{message}");
        assert_eq!(parse(&square[..24], Path::new("a.bin"), Some((2, 3))).unwrap().n_slow(), 3);
    }

    #[test]
    fn wrong_sizes_are_refused() {
        let bytes = [0; 16];
        for size in [(3, 1), (0, 0), (usize::MAX, 2), (usize::MAX, usize::MAX)] {
            assert!(parse(&bytes, Path::new("a.bin"), Some(size)).is_err(), "{size:?}");
        }
        for n in [0, 1, 2, 3, 5, 15] {
            assert!(parse(&bytes[..n], Path::new("a.bin"), None).is_err(), "{n}");
        }
    }
}
