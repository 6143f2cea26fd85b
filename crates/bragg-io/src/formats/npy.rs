//! NumPy arrays (`.npy`, format versions 1 to 3; numpy.lib.format): one panel as (slow, fast), several equal ones as
//! (panel, slow, fast).
//!
//! The header is one line with three keys, so it is read here: the npyz crate would bring twenty others and a C
//! compiler for it, and trusts the header's sizes.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;

use super::pixels;
use bragg::error::{Error, Result};
use bragg::image::{Image, PanelImage, Recording};

const MAGIC: &[u8] = b"\x93NUMPY";
/// The pixels of a file begin at a multiple of this.
const ALIGNMENT: usize = 64;

/// Writes photons as `<f4` and counts as `<i4`. The panels must have one size.
pub fn write(w: &mut dyn Write, recording: &Recording) -> io::Result<()> {
    let sizes = recording.panel_sizes();
    let Some(&(n_fast, n_slow)) = sizes.first() else {
        return Err(io::Error::other("an image without panels cannot be written"));
    };
    if let Some((i_panel, (fast, slow))) = sizes.iter().enumerate().find(|(_, size)| **size != (n_fast, n_slow)) {
        return Err(io::Error::other(format!(
            "a .npy array needs panels of one size, but panel 0 has {n_fast} × {n_slow} pixels and panel {i_panel} has \
             {fast} × {slow}"
        )));
    }
    let shape = match sizes.len() {
        1 => format!("({n_slow}, {n_fast})"),
        n_panels => format!("({n_panels}, {n_slow}, {n_fast})"),
    };
    match recording {
        Recording::Photons(image) => {
            w.write_all(&header("<f4", &shape))?;
            image.panels.iter().try_for_each(|panel| pixels::write(w, panel.pixels()))
        }
        Recording::Counts(image) => {
            w.write_all(&header("<i4", &shape))?;
            image.panels.iter().try_for_each(|panel| pixels::write(w, panel.pixels()))
        }
    }
}

fn header(descr: &str, shape: &str) -> Vec<u8> {
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let fixed = MAGIC.len() + 2 + 2; // the magic, the version and the length
    let padding = (fixed + text.len() + 1).next_multiple_of(ALIGNMENT) - (fixed + text.len() + 1);
    text.extend(std::iter::repeat_n(' ', padding));
    text.push('\n');
    // Three numbers cannot make the text longer than its 16-bit length can say.
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    [MAGIC, &[1, 0], &length.to_le_bytes(), text.as_bytes()].concat()
}

/// Reads an array of 2 or 3 dimensions. Floating-point numbers (`f4`, `f8`) are photons; integers and booleans are
/// counts, and must fit 32 bits, save the flags 2³² − 1 and 2³² − 2 of gaps and bad pixels, which become −1 and −2.
pub fn parse(bytes: &[u8], path: &Path) -> Result<Recording> {
    Array::parse(bytes).and_then(Array::into_recording).map_err(|what| Error::file(path, None, what))
}

/// An array as the file has it.
struct Array<'a> {
    big_endian: bool,
    /// Kind and width of the numbers: `f4`.
    element: String,
    fortran_order: bool,
    shape: Vec<usize>,
    data: &'a [u8],
}

impl<'a> Array<'a> {
    fn parse(bytes: &'a [u8]) -> std::result::Result<Self, String> {
        const CUT: &str = "the array's header is cut short.";
        let rest = bytes.strip_prefix(MAGIC).ok_or("this is not a NumPy array: it does not begin with \\x93NUMPY.")?;
        let (length, rest) = match rest {
            [1, _, a, b, rest @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), rest),
            [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
            [major @ (0 | 4..), minor, ..] => {
                return Err(format!("version {major}.{minor} of the .npy format is not read."));
            }
            _ => return Err(CUT.to_owned()),
        };
        let (text, data) = rest.split_at_checked(length).ok_or(CUT)?;
        let text = std::str::from_utf8(text).map_err(|_| "the array's header is not text.")?;

        let unusable = |key: &str| format!("the array's header has no usable '{key}': {}", text.trim().escape_debug());
        let descr = value(text, "descr").and_then(quoted).ok_or_else(|| unusable("descr"))?;
        let fortran_order = match value(text, "fortran_order") {
            Some(order) if order.starts_with("True") => true,
            Some(order) if order.starts_with("False") => false,
            _ => return Err(unusable("fortran_order")),
        };
        let shape = value(text, "shape").and_then(numbers).ok_or_else(|| unusable("shape"))?;
        let element = descr.trim_start_matches(['<', '>', '|', '=']).to_owned();
        Ok(Self { big_endian: descr.starts_with('>'), element, fortran_order, shape, data })
    }

    fn into_recording(self) -> std::result::Result<Recording, String> {
        Ok(match self.element.as_str() {
            "f4" => Recording::Photons(self.panels(self.values(f32::from_le_bytes, f32::from_be_bytes)?)?),
            "f8" => {
                let photons = self.values(f64::from_le_bytes, f64::from_be_bytes)?;
                Recording::Photons(self.panels(photons.into_iter().map(|value| value as f32).collect())?)
            }
            "i1" => self.counts(self.values(i8::from_le_bytes, i8::from_be_bytes)?)?,
            "u1" | "b1" => self.counts(self.values(u8::from_le_bytes, u8::from_be_bytes)?)?,
            "i2" => self.counts(self.values(i16::from_le_bytes, i16::from_be_bytes)?)?,
            "u2" => self.counts(self.values(u16::from_le_bytes, u16::from_be_bytes)?)?,
            "i4" => self.counts(self.values(i32::from_le_bytes, i32::from_be_bytes)?)?,
            "u4" => self.counts(self.values(u32::from_le_bytes, u32::from_be_bytes)?)?,
            "i8" => self.counts(self.values(i64::from_le_bytes, i64::from_be_bytes)?)?,
            "u8" => self.counts(self.values(u64::from_le_bytes, u64::from_be_bytes)?)?,
            other => {
                let other = other.escape_debug();
                return Err(format!("arrays of '{other}' are not read; use f4, f8, or integers (i1 to i8, u1 to u8)."));
            }
        })
    }

    /// Numbers of panels, slow and fast pixels.
    fn size(&self) -> std::result::Result<(usize, usize, usize), String> {
        match self.shape[..] {
            [n_slow, n_fast] => Ok((1, n_slow, n_fast)),
            [n_panels, n_slow, n_fast] => Ok((n_panels, n_slow, n_fast)),
            _ => Err(format!(
                "an image needs 2 dimensions (slow, fast) or 3 (panel, slow, fast), but the array has {}.",
                self.shape.len()
            )),
        }
    }

    /// All numbers in the order of the file, which must hold as many as its header says.
    fn values<T, const N: usize>(
        &self,
        from_le_bytes: fn([u8; N]) -> T,
        from_be_bytes: fn([u8; N]) -> T,
    ) -> std::result::Result<Vec<T>, String> {
        let (n_panels, n_slow, n_fast) = self.size()?;
        let length = pixels::n_bytes(n_fast, n_slow, N).and_then(|n| n.checked_mul(n_panels));
        let data = length.filter(|&n| n > 0).and_then(|n| self.data.get(..n)).ok_or_else(|| {
            let (shape, there) = (&self.shape, self.data.len());
            format!("the array says its shape is {shape:?}, but {there} bytes follow; is the file cut short?")
        })?;
        Ok(pixels::read(data, if self.big_endian { from_be_bytes } else { from_le_bytes }))
    }

    fn counts<T: Copy + Display + Into<i128>>(&self, values: Vec<T>) -> std::result::Result<Recording, String> {
        let count = |&value: &T| {
            pixels::count(value)
                .ok_or_else(|| format!("the pixel value {value} does not fit the 32-bit counts that are read."))
        };
        let counts = values.iter().map(count).collect::<std::result::Result<Vec<i32>, _>>()?;
        Ok(Recording::Counts(self.panels(counts)?))
    }

    fn panels<T: Copy>(&self, values: Vec<T>) -> std::result::Result<Image<T>, String> {
        let (n_panels, n_slow, n_fast) = self.size()?;
        let panel = |i_panel: usize| {
            let pixels = if self.fortran_order {
                let at = |i_slow: usize, i_fast: usize| i_panel + n_panels * (i_slow + n_slow * i_fast);
                (0..n_slow * n_fast).map(|i| values[at(i / n_fast, i % n_fast)]).collect()
            } else {
                values[i_panel * n_slow * n_fast..][..n_slow * n_fast].to_vec()
            };
            PanelImage::new(n_fast, n_slow, pixels)
        };
        let panels = (0..n_panels).map(panel).collect::<Option<_>>();
        panels.map(|panels| Image { panels }).ok_or_else(|| "the array has no pixels.".to_owned())
    }
}

/// What follows a key of the header's dictionary.
fn value<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let after = ['\'', '"'].iter().find_map(|quote| header.split_once(&format!("{quote}{key}{quote}")))?.1;
    Some(after.trim_start().strip_prefix(':')?.trim_start())
}

/// The text in quotes that a text begins with.
fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    text[1..].split_once(quote).map(|(inside, _)| inside)
}

/// The whole numbers in parentheses that a text begins with.
fn numbers(text: &str) -> Option<Vec<usize>> {
    let (inside, _) = text.strip_prefix('(')?.split_once(')')?;
    let inside = inside.trim().trim_end_matches(',');
    if inside.is_empty() {
        return Some(Vec::new());
    }
    // Python 2 wrote long integers as 12L.
    inside.split(',').map(|number| number.trim().trim_end_matches('L').parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "a.npy";

    fn parse_bytes(bytes: &[u8]) -> Result<Recording> {
        parse(bytes, Path::new(PATH))
    }

    /// A version-1 file of one byte of header length, made by hand.
    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        [b"\x93NUMPY\x01\x00", &[header.len() as u8, 0][..], header.as_bytes(), data].concat()
    }

    fn panel<T>(n_fast: usize, n_slow: usize, pixels: Vec<T>) -> PanelImage<T> {
        PanelImage::new(n_fast, n_slow, pixels).unwrap()
    }

    #[test]
    fn the_header_is_the_one_numpy_describes() {
        let recording = Recording::Photons(Image { panels: vec![panel(3, 2, vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0])] });
        let mut bytes = Vec::new();
        write(&mut bytes, &recording).unwrap();
        assert!(
            bytes
                .starts_with(b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }  ")
        );
        assert_eq!(bytes[127], b'\n');
        assert_eq!(bytes.len(), 128 + 24);
        assert_eq!(bytes[128 + 4..128 + 8], 1f32.to_le_bytes());
        assert_eq!(parse_bytes(&bytes).unwrap(), recording);
    }

    #[test]
    fn several_panels_come_back() {
        let panels = vec![panel(2, 2, vec![1, -2, i32::MAX, i32::MIN]), panel(2, 2, vec![5, 6, 7, 8])];
        let recording = Recording::Counts(Image { panels });
        let mut bytes = Vec::new();
        write(&mut bytes, &recording).unwrap();
        assert!(bytes[..128].windows(9).any(|text| text == b"(2, 2, 2)"));
        assert_eq!(parse_bytes(&bytes).unwrap(), recording);
        for n in 0..bytes.len() {
            assert!(parse_bytes(&bytes[..n]).is_err(), "{n}");
        }
    }

    #[test]
    fn panels_of_different_sizes_are_refused() {
        let image = Image { panels: vec![panel(2, 1, vec![0, 0]), panel(1, 2, vec![0, 0])] };
        assert!(write(&mut Vec::new(), &Recording::Counts(image)).is_err());
        assert!(write(&mut Vec::new(), &Recording::Counts(Image { panels: vec![] })).is_err());
    }

    #[test]
    fn other_types_orders_and_spellings_are_read() {
        let counts = |bytes: &[u8]| match parse_bytes(bytes).unwrap() {
            Recording::Counts(image) => image.pixels().copied().collect::<Vec<i32>>(),
            Recording::Photons(_) => panic!("photons"),
        };
        let big = file("{\"descr\": \">u2\", \"fortran_order\": False, \"shape\": (1, 2)}", &[1, 2, 0xFF, 0xFE]);
        assert_eq!(counts(&big), [258, 65534]);
        let bytes = file("{'descr':'|i1','fortran_order':False,'shape':(2L,1L,)}\n", &[0xFF, 3, 99]);
        assert_eq!(counts(&bytes), [-1, 3]);
        // Columns 1 3 5 and 2 4 6 one after the other: rows are 1 2, 3 4, 5 6.
        let fortran = file("{'shape': (3, 2), 'fortran_order': True, 'descr': '|u1'}", &[1, 3, 5, 2, 4, 6]);
        assert_eq!(counts(&fortran), [1, 2, 3, 4, 5, 6]);
        // 2 panels of 1 × 2; the first index runs fastest.
        let fortran = file("{'shape': (2, 1, 2), 'fortran_order': True, 'descr': '|u1'}", &[1, 3, 2, 4]);
        assert_eq!(counts(&fortran), [1, 2, 3, 4]);
        let doubles = file("{'shape': (1, 1), 'fortran_order': False, 'descr': '<f8'}", &0.1f64.to_le_bytes());
        assert_eq!(parse_bytes(&doubles).unwrap(), Recording::Photons(Image { panels: vec![panel(1, 1, vec![0.1])] }));
        let mut version_2 = b"\x93NUMPY\x02\x00".to_vec();
        let header = "{'descr': '<i8', 'fortran_order': False, 'shape': (1, 1), }\n";
        version_2.extend((header.len() as u32).to_le_bytes());
        version_2.extend(header.as_bytes());
        version_2.extend((-5i64).to_le_bytes());
        assert_eq!(counts(&version_2), [-5]);
    }

    #[test]
    fn the_largest_numbers_without_sign_are_flags() {
        let read = |descr: &str, values: &[u8]| {
            let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (1, 3)}}");
            parse_bytes(&file(&header, values))
                .map(|recording| recording.to_f32().pixels().copied().collect::<Vec<f32>>())
        };
        let of_32_bits: Vec<u8> = [u32::MAX, u32::MAX - 1, 7].into_iter().flat_map(u32::to_le_bytes).collect();
        assert_eq!(read("<u4", &of_32_bits).unwrap(), [-1.0, -2.0, 7.0]);
        let of_64_bits = |values: [i64; 3]| values.into_iter().flat_map(i64::to_be_bytes).collect::<Vec<u8>>();
        assert_eq!(read(">u8", &of_64_bits([-1, -2, 7])).unwrap(), [-1.0, -2.0, 7.0]);
        assert_eq!(read(">i8", &of_64_bits([-1, 0xFFFF_FFFF, 7])).unwrap(), [-1.0, -1.0, 7.0]);
        assert!(
            read(">i8", &of_64_bits([0, 0xFFFF_FFFD, 7])).unwrap_err().to_string().contains("4294967293 does not fit")
        );
    }

    #[test]
    fn what_is_no_image_is_refused() {
        let refused = [
            ("{'descr': '<i8', 'fortran_order': False, 'shape': (1, 1)}", "9223372036854775807 does not fit"),
            ("{'descr': '<c8', 'fortran_order': False, 'shape': (1, 1)}", "'c8' are not read"),
            ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 1)}", "usable 'descr'"),
            ("{'descr': '<f4', 'fortran_order': 0, 'shape': (1, 1)}", "usable 'fortran_order'"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 1)}", "usable 'shape'"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "has 1."),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", "has 0."),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808, 4)}", "cut short"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4)}", "cut short"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 18446744073709551615)}", "cut short"),
            ("{'descr': 'å', 'fortran_order': False, 'shape': (1, 1)}", "are not read"),
        ];
        for (header, expected) in refused {
            let message = parse_bytes(&file(header, &i64::MAX.to_le_bytes())).unwrap_err().to_string();
            assert!(message.starts_with(PATH) && message.contains(expected), "{header}: {message}");
        }
        assert!(parse_bytes(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{").unwrap_err().to_string().contains("cut short"));
        assert!(parse_bytes(b"\x93NUMPY\x09\x00\x00\x00").unwrap_err().to_string().contains("version 9.0"));
    }
}
