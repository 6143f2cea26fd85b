//! SMV images (`.img`): a header of `KEY=value;` lines in braces, then pixels, of 16 bits where they are written.
//!
//! Two headers are written: nanoBragg's own ([`NanoBraggHeader`]), for the drop-in, and one from which dxtbx reads the
//! right geometry ([`header`]). dxtbx also wants the file's name to carry an image number (`sim_001.img`).

mod nanobragg;

use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

pub use nanobragg::NanoBraggHeader;

use super::c_format::{leading_number, significant};
use super::metadata::Metadata;
use super::pixels::{self, Integers, NO_VALUE, Panel};
use bragg::error::{Error, Result};
use bragg::image::{Image, PanelImage, Recording};

/// Headers are padded to a multiple of this (bytes).
const BLOCK: usize = 512;
/// Rotation (deg) written for a still. dxtbx turns the spindle round where the range is not above 0: this is above 0, and 0 in radians.
const STILL: f64 = 1e-322;
/// What is less than this (deg) is a still: 1e-8 is what we wrote before.
const LEAST_ROTATION: f64 = 2e-8;
/// Counts of a pixel without photons, where nothing else is said: dxtbx and others take 0 for a pixel without a value.
const PEDESTAL: f64 = 40.0;
/// The largest count, below the largest number of 16 bits, which is what pixels have that are too bright.
const HIGHEST: f64 = u16::MAX as f64 - 1.0;

/// The header of an SMV image.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    text: String,
    n_bytes: usize,
}

impl Header {
    /// Finds the header at the start of an image: as long as its `HEADER_BYTES` says, 512 bytes where it does not.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self> {
        let complaint = |what: String| Error::file(path, None, what);
        if bytes.first() != Some(&b'{') {
            return Err(complaint("this is not an SMV image: it does not begin with an opening brace.".to_owned()));
        }
        let start = Self { text: text(&bytes[..bytes.len().min(BLOCK)]), n_bytes: BLOCK };
        let n_bytes = match start.number("HEADER_BYTES") {
            None => BLOCK,
            Some(n) => whole(n).filter(|&n| n > 0).ok_or_else(|| {
                complaint(format!(
                    "HEADER_BYTES is {n} in the SMV header; it must be a whole number above 0, usually 512."
                ))
            })?,
        };
        let header = bytes.get(..n_bytes).ok_or_else(|| {
            complaint(format!(
                "the SMV header takes {n_bytes} bytes, but the file has {}; is it cut short?",
                bytes.len()
            ))
        })?;
        Ok(Self { text: text(header), n_bytes })
    }

    /// Length of the header (bytes), where the pixels begin.
    pub fn n_bytes(&self) -> usize {
        self.n_bytes
    }

    /// The number at `key` by nanoBragg's loose rule: the key's letters are looked for where they last occur, and the
    /// value is what follows the next equals sign. `DISTANCE` so reads a later `CLOSE_DISTANCE` line.
    pub fn number(&self, key: &str) -> Option<f64> {
        let after_key = &self.text[self.text.rfind(key)? + key.len()..];
        leading_number(after_key.split_once('=')?.1)
    }

    /// The text at exactly this key, without blanks; the last one where it occurs more than once.
    pub fn exact(&self, key: &str) -> Option<&str> {
        let lines = self.text.split(['\n', ';']).filter_map(|line| line.split_once('='));
        lines.filter(|(name, _)| name.trim() == key).map(|(_, value)| value.trim()).next_back()
    }

    /// The number at exactly this key.
    pub fn exact_number(&self, key: &str) -> Option<f64> {
        self.exact(key).and_then(leading_number)
    }

    /// The byte order the header names.
    fn is_big_endian(&self) -> Option<bool> {
        self.exact("BYTE_ORDER").map(|order| order.contains("big"))
    }

    fn size(&self, path: &Path) -> Result<(usize, usize)> {
        let size = |key: &str| {
            self.exact_number(key).and_then(whole).filter(|&n| n > 0).ok_or_else(|| {
                Error::file(path, None, format!("the SMV header gives no usable {key}; it must be a number of pixels."))
            })
        };
        Ok((size("SIZE1")?, size("SIZE2")?))
    }

    /// The pixels, of N bytes each, by what makes them of bytes of little-endian and of big-endian order.
    fn panel<T: Copy, const N: usize>(
        &self,
        bytes: &[u8],
        path: &Path,
        [from_le_bytes, from_be_bytes]: [fn([u8; N]) -> T; 2],
    ) -> Result<PanelImage<T>> {
        let (n_fast, n_slow) = self.size(path)?;
        let from_bytes = if self.is_big_endian() == Some(true) { from_be_bytes } else { from_le_bytes };
        let data = bytes.get(self.n_bytes..).unwrap_or_default();
        let pixels = pixels::n_bytes(n_fast, n_slow, N).and_then(|n| data.get(..n));
        pixels.and_then(|pixels| PanelImage::new(n_fast, n_slow, pixels::read(pixels, from_bytes))).ok_or_else(|| {
            let (there, bits) = (data.len(), 8 * N);
            Error::file(
                path,
                None,
                format!(
                    "the SMV header says {n_fast} × {n_slow} {bits}-bit pixels, but {there} bytes follow; is it cut short?"
                ),
            )
        })
    }

    /// What the header says about the experiment, where it says enough: the beam centre from nanoBragg's `DENZO_` keys
    /// where they are, otherwise from `BEAM_CENTER_X` (slow) and `BEAM_CENTER_Y` (fast), as ADSC detectors and
    /// [`header`] mean them.
    pub fn metadata(&self) -> Option<Metadata> {
        let number = |key| self.exact_number(key).filter(|value| value.is_finite());
        let pixel_size = number("PIXEL_SIZE").filter(|&size| size > 0.0)?;
        let slow = number("DENZO_X_BEAM").or_else(|| number("BEAM_CENTER_X"))?;
        let fast = number("DENZO_Y_BEAM").or_else(|| number("BEAM_CENTER_Y"))?;
        let beam_center = (fast / pixel_size, slow / pixel_size);
        let distance = number("DISTANCE")?;
        let two_theta = number("TWOTHETA").unwrap_or(0.0);
        let close_distance = number("CLOSE_DISTANCE").filter(|&close| close != distance);
        Some(Metadata {
            close_distance,
            phi_start: number("OSC_START").or_else(|| number("PHI")).unwrap_or(0.0),
            oscillation_width: number("OSC_RANGE").filter(|width| width.abs() > LEAST_ROTATION).unwrap_or(0.0),
            exposure_time: number("TIME").unwrap_or(1.0),
            two_theta,
            saturation: number("CCD_IMAGE_SATURATION").map(|most| most.min(HIGHEST)),
            // where it is not said the counts stay as they are
            adc_offset: number("IMAGE_PEDESTAL").or_else(|| number("ADC_OFFSET")).or(Some(0.0)),
            gain: number("GAIN").unwrap_or(1.0),
            tilted: two_theta != 0.0 || close_distance.is_some(),
            ..Metadata::new(number("WAVELENGTH")?, distance, beam_center, pixel_size)
        })
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A number that counts something.
fn whole(number: f64) -> Option<usize> {
    // Up to 2⁵³ every whole number is exact; and no file is larger.
    (number.fract() == 0.0 && (0.0..9e15).contains(&number)).then_some(number as usize)
}

/// Reads the pixels in the byte order the header names (little-endian where it names none): 16-bit counts, or what d*TREK's `Data_type`
/// says they are, up to 32 bits; floating-point numbers are photons. Where there is an IMAGE_PEDESTAL, pixels of 0 have no value and become −1.
pub fn parse(bytes: &[u8], path: &Path) -> Result<(Recording, Option<Metadata>)> {
    let header = Header::parse(bytes, path)?;
    let complaint = |what: String| Error::file(path, None, what);
    if let Some(packing) = header.exact("COMPRESSION").filter(|packing| !packing.eq_ignore_ascii_case("none")) {
        let packing = packing.escape_debug();
        return Err(complaint(format!("SMV pixels with COMPRESSION={packing} are not read, only those without.")));
    }
    let kind = header.exact("Data_type").or_else(|| header.exact("TYPE")).unwrap_or("unsigned_short");
    let words = kind.replace('_', " ").to_ascii_lowercase();
    let words = words.strip_suffix(" int").unwrap_or(&words);
    // with a pedestal no pixel that has a value is 0
    let has_flags = header.exact_number("IMAGE_PEDESTAL").is_some_and(|pedestal| pedestal > 0.0);
    let flagged = |&count: &i32| if has_flags && count == 0 { NO_VALUE } else { count };
    let integers = |panel: PanelImage<i32>| Recording::Counts(Image { panels: vec![panel.map(flagged)] });
    let recording = match words {
        "unsigned short" => {
            integers(header.panel(bytes, path, [u16::from_le_bytes, u16::from_be_bytes])?.map(|&x| x.into()))
        }
        "short" => integers(header.panel(bytes, path, [i16::from_le_bytes, i16::from_be_bytes])?.map(|&x| x.into())),
        "long" => integers(header.panel(bytes, path, [i32::from_le_bytes, i32::from_be_bytes])?),
        "unsigned char" => {
            integers(header.panel(bytes, path, [u8::from_le_bytes, u8::from_be_bytes])?.map(|&x| x.into()))
        }
        "signed char" | "char" => {
            integers(header.panel(bytes, path, [i8::from_le_bytes, i8::from_be_bytes])?.map(|&x| x.into()))
        }
        "unsigned long" => {
            let panel = header.panel(bytes, path, [u32::from_le_bytes, u32::from_be_bytes])?;
            if let Some(value) = panel.pixels().iter().find(|value| pixels::count(**value).is_none()) {
                return Err(complaint(format!(
                    "the pixel value {value} does not fit the 32-bit counts that are read."
                )));
            }
            integers(panel.map(|&value| pixels::count(value).unwrap_or_default()))
        }
        "float ieee" | "float" => {
            let panel = header.panel(bytes, path, [f32::from_le_bytes, f32::from_be_bytes])?;
            Recording::Photons(Image { panels: vec![panel] })
        }
        _ => {
            let kind = kind.escape_debug();
            return Err(complaint(format!(
                "SMV pixels of type '{kind}' are not read, only unsigned_short and d*TREK's signed and unsigned char, short int and \
                 long int, and float IEEE."
            )));
        }
    };
    Ok((recording, header.metadata()))
}

/// Reads the pixels of a mask for a detector of `size` (fast, slow) as nanoBragg does, in this machine's byte order,
/// and refuses an image of another order or size.
pub fn parse_mask(bytes: &[u8], path: &Path, size: (usize, usize)) -> Result<PanelImage<u16>> {
    let header = Header::parse(bytes, path)?;
    if header.is_big_endian().is_some_and(|big| big != cfg!(target_endian = "big")) {
        return Err(Error::file(
            path,
            None,
            "the mask's BYTE_ORDER is not this machine's, which nanoBragg would misread; write it in the other order.",
        ));
    }
    let mask_size = header.size(path)?;
    if mask_size != size {
        let ((fast, slow), (n_fast, n_slow)) = (mask_size, size);
        return Err(Error::file(
            path,
            None,
            format!(
                "the mask has {fast} × {slow} pixels, but the detector has {n_fast} × {n_slow}; they must be the same."
            ),
        ));
    }
    header.panel(bytes, path, [u16::from_ne_bytes; 2])
}

/// Writes a header from [`header`] or [`NanoBraggHeader::to_bytes`] and the pixels, little-endian.
pub fn write(w: &mut dyn Write, header: &[u8], panel: &PanelImage<u16>) -> io::Result<()> {
    w.write_all(header)?;
    pixels::write(w, panel.pixels())
}

/// Writes a header and `n` pixels, little-endian, that `counts` puts into stretches of the image: while some are written, other
/// threads make the next.
pub fn write_made(
    w: &mut dyn Write,
    header: &[u8],
    n: usize,
    counts: impl Fn(Range<usize>, &mut [u16]) + Sync,
) -> io::Result<()> {
    w.write_all(header)?;
    pixels::write_made(w, n, counts)
}

/// Writes an image of counts that can only be drawn in their order.
pub fn write_drawn(
    w: &mut dyn Write,
    header: &[u8],
    n: usize,
    counts: impl FnMut(Range<usize>, &mut [u16]),
) -> io::Result<()> {
    w.write_all(header)?;
    pixels::write_drawn(w, n, counts)
}

/// Counts to add to those of a recording: [`PEDESTAL`], unless something was said of it.
fn pedestal(metadata: &Metadata) -> f64 {
    if metadata.adc_offset.is_none() { PEDESTAL } else { 0.0 }
}

/// The largest count that an image has.
fn highest(metadata: &Metadata) -> f64 {
    metadata.saturation.map_or(HIGHEST, |most| (most.floor() + pedestal(metadata)).clamp(1.0, HIGHEST))
}

/// A panel's pixels as an image with [`header`] has them: pixels without a value are 0, those too bright for a count 65535.
pub(super) fn integers<'a>(panel: Panel<'a>, metadata: &Metadata) -> Integers<'a> {
    let (offset, highest) = (pedestal(metadata) as i32, highest(metadata) as i32);
    Integers { panel, low: 0, offset, highest, brighter: u16::MAX.into() }
}

/// A header for `size` (fast, slow) pixels from which dxtbx (its ADSC reader) takes the right geometry: no
/// `BEAMLINE=fake`, the beam centre in mm from the corner with X along slow, and gain and pedestal said and not
/// guessed.
pub fn header(size: (usize, usize), metadata: &Metadata) -> Vec<u8> {
    let (beam_fast, beam_slow) = metadata.beam_center;
    let (osc_start, osc_range) = metadata.forward_oscillation();
    let osc_range = if osc_range > 0.0 { osc_range } else { STILL };
    let mut numbers = vec![
        ("PIXEL_SIZE", metadata.pixel_size),
        ("DISTANCE", metadata.distance),
        ("WAVELENGTH", metadata.wavelength),
        ("BEAM_CENTER_X", beam_slow * metadata.pixel_size),
        ("BEAM_CENTER_Y", beam_fast * metadata.pixel_size),
        ("PHI", osc_start),
        ("OSC_START", osc_start),
        ("OSC_RANGE", osc_range),
        ("TIME", metadata.exposure_time),
        ("TWOTHETA", metadata.two_theta),
        ("IMAGE_PEDESTAL", metadata.adc_offset.unwrap_or(PEDESTAL)),
        ("GAIN", metadata.gain),
    ];
    numbers.push(("CCD_IMAGE_SATURATION", highest(metadata)));
    numbers.extend(metadata.close_distance.map(|close| ("CLOSE_DISTANCE", close)));
    let mut lines =
        format!("DIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\nSIZE1={};\nSIZE2={};\n", size.0, size.1);
    for (key, value) in numbers {
        lines += &format!("{key}={};\n", significant(value, 12));
    }
    padded(&lines)
}

/// A whole header from its lines after `HEADER_BYTES`: closed by a brace and a form feed, as nanoBragg does, and filled
/// with blanks.
fn padded(lines: &str) -> Vec<u8> {
    let header = |n_bytes: usize| format!("{{\nHEADER_BYTES={n_bytes};\n{lines}}}\x0c").into_bytes();
    let n_bytes = header(BLOCK).len().next_multiple_of(BLOCK);
    let mut bytes = header(n_bytes);
    bytes.resize(bytes.len().next_multiple_of(BLOCK), b' ');
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "a.img";

    fn counts(bytes: &[u8]) -> Vec<i32> {
        let Recording::Counts(image) = parse(bytes, Path::new(PATH)).unwrap().0 else { panic!("photons") };
        image.panels[0].pixels().to_vec()
    }

    fn image(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = header.as_bytes().to_vec();
        bytes.resize(512, b' ');
        bytes.extend(data);
        bytes
    }

    #[test]
    fn a_key_is_found_where_its_letters_last_occur() {
        let text =
            "{\nHEADER_BYTES=512;\nDISTANCE=100;\nXDS_ORGX=49.5;\nCLOSE_DISTANCE=98.5;\nPHI = 12 deg;\nNOTE=none;\n}";
        let header = Header::parse(&image(text, &[]), Path::new(PATH)).unwrap();
        assert_eq!(header.number("DISTANCE"), Some(98.5));
        assert_eq!(header.number("CLOSE_DISTANCE"), Some(98.5));
        assert_eq!(header.number("ORGX"), Some(49.5));
        assert_eq!(header.number("PHI"), Some(12.0));
        assert_eq!(header.number("NOTE"), None);
        assert_eq!(header.number("WAVELENGTH"), None);
        assert_eq!(header.exact_number("DISTANCE"), Some(100.0));
        assert_eq!(header.exact_number("ORGX"), None);
        assert_eq!(header.exact("NOTE"), Some("none"));
    }

    #[test]
    fn both_byte_orders_are_read_and_a_mask_only_in_the_machines() {
        let text = |order: &str| {
            format!("{{\nHEADER_BYTES=512;\nBYTE_ORDER={order};\nTYPE=unsigned_short;\nSIZE1=3;\nSIZE2=1;\n}}")
        };
        let data = [1, 0, 0, 1, 0xFF, 0xFE];
        let (little, big) = (image(&text("little_endian"), &data), image(&text("big_endian"), &data));
        assert_eq!(counts(&little), [1, 256, 0xFEFF]);
        assert_eq!(counts(&big), [256, 1, 0xFFFE]);
        let (own, other) = if cfg!(target_endian = "big") { (&big, &little) } else { (&little, &big) };
        assert_eq!(parse_mask(own, Path::new(PATH), (3, 1)).unwrap().pixels()[0].to_ne_bytes(), [1, 0]);
        assert!(parse_mask(other, Path::new(PATH), (3, 1)).unwrap_err().to_string().contains("BYTE_ORDER"));
        let message = parse_mask(own, Path::new(PATH), (1, 3)).unwrap_err().to_string();
        assert_eq!(message, "a.img: the mask has 3 × 1 pixels, but the detector has 1 × 3; they must be the same.");
    }

    #[test]
    fn a_written_image_comes_back() {
        let mut metadata = Metadata::new(0.9795, 123.456, (217.25, 98.5), 0.172);
        (metadata.phi_start, metadata.oscillation_width, metadata.exposure_time) = (10.0, 0.25, 0.1);
        (metadata.adc_offset, metadata.gain, metadata.saturation) = (Some(40.0), 1.8, Some(60000.0));
        let panel = PanelImage::new(3, 2, vec![0, 1, 255, 256, 40000, 65535]).unwrap();
        let mut bytes = Vec::new();
        write(&mut bytes, &header((3, 2), &metadata), &panel).unwrap();
        assert!(bytes.starts_with(b"{\nHEADER_BYTES=512;\n"));
        assert_eq!(bytes.len(), 512 + 12);
        let mut read = parse(&bytes, Path::new(PATH)).unwrap().1.unwrap();
        assert_eq!(counts(&bytes), [NO_VALUE, 1, 255, 256, 40000, 65535]);
        assert!((read.beam_center.0 - 217.25).abs() < 1e-9 && (read.beam_center.1 - 98.5).abs() < 1e-9);
        read.beam_center = metadata.beam_center;
        assert_eq!(read, metadata);
        for n in 0..bytes.len() {
            assert!(parse(&bytes[..n], Path::new(PATH)).is_err(), "{n}");
            assert!(parse_mask(&bytes[..n], Path::new(PATH), (3, 2)).is_err(), "{n}");
        }
    }

    #[test]
    fn dxtbx_finds_the_keys_of_its_adsc_reader() {
        let metadata = Metadata::new(1.0, 100.0, (10.0, 20.0), 0.1);
        let bytes = header((30, 40), &metadata);
        let header = Header::parse(&bytes, Path::new(PATH)).unwrap();
        for key in
            ["DISTANCE", "WAVELENGTH", "PIXEL_SIZE", "OSC_START", "SIZE1", "SIZE2", "TIME", "IMAGE_PEDESTAL", "GAIN"]
        {
            assert!(header.exact_number(key).is_some(), "{key}");
        }
        assert_eq!(header.exact("BEAMLINE"), None);
        // X is along slow (20 pixels of 0.1 mm), Y along fast.
        assert_eq!((header.exact("BEAM_CENTER_X"), header.exact("BEAM_CENTER_Y")), (Some("2"), Some("1")));
        assert!(header.exact_number("OSC_RANGE").unwrap() > 0.0);
        assert_eq!(header.exact_number("OSC_RANGE").unwrap().to_radians(), 0.0);
        assert_eq!(header.metadata().unwrap().oscillation_width, 0.0);
        // One '=' in every line but the first and the last, as dxtbx and fabio split them.
        let text = String::from_utf8(bytes).unwrap();
        let (lines, _) = text.trim_start_matches("{\n").split_once("}\x0c").unwrap();
        assert!(lines.lines().all(|line| line.matches('=').count() == 1 && line.ends_with(';')), "{lines}");
    }

    #[test]
    fn numbers_of_d_trek_of_every_type_are_read() {
        let image = |kind: &str, order: &str, data: &[u8]| {
            image(
                &format!("{{\nHEADER_BYTES= 512;\nBYTE_ORDER={order};\nData_type={kind};\nSIZE1=2;\nSIZE2=1;\n}}"),
                data,
            )
        };
        for (kind, data, expected) in [
            ("long int", &[0xFE, 0xFF, 0xFF, 0xFF, 0, 0, 1, 0][..], [-2, 65536]),
            ("unsigned long int", &[0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 1, 0], [-1, 65536]),
            ("short int", &[0xFE, 0xFF, 1, 0], [-2, 1]),
            ("unsigned short int", &[0xFE, 0xFF, 1, 0], [65534, 1]),
            ("signed char", &[0xFE, 1], [-2, 1]),
            ("unsigned char", &[0xFE, 1], [254, 1]),
        ] {
            assert_eq!(counts(&image(kind, "little_endian", data)), expected, "{kind}");
        }
        assert_eq!(counts(&image("long int", "big_endian", &[0xFF, 0xFF, 0xFF, 0xFE, 0, 1, 0, 0])), [-2, 65536]);
        // IEEE 754: 1.5 is 3FC00000, -2 is C0000000
        let floats = image("float IEEE", "big_endian", &[0x3F, 0xC0, 0, 0, 0xC0, 0, 0, 0]);
        let Recording::Photons(floats) = parse(&floats, Path::new(PATH)).unwrap().0 else { panic!("counts") };
        assert_eq!(floats.panels[0].pixels(), [1.5, -2.0]);
        let large = image("unsigned long int", "little_endian", &[0, 0, 0, 0x80, 0, 0, 0, 0]);
        assert!(parse(&large, Path::new(PATH)).unwrap_err().to_string().contains("2147483648 does not fit"));
    }

    #[test]
    fn lies_are_refused() {
        let with = |lines: &str| image(&format!("{{\n{lines}}}"), &[0; 8]);
        for lie in [
            "HEADER_BYTES=99999999999;\nSIZE1=1;\nSIZE2=1;\n",
            "HEADER_BYTES=-512;\nSIZE1=1;\nSIZE2=1;\n",
            "HEADER_BYTES=nan;\nSIZE1=4294967296;\nSIZE2=4294967296;\n",
            "SIZE1=1e15;\nSIZE2=1e15;\n",
            "SIZE1=0;\nSIZE2=4;\n",
            "SIZE1=2.5;\nSIZE2=1;\n",
            "SIZE1=5;\nSIZE2=1;\n",
            "SIZE1=2;\n",
            "TYPE=unsigned_long;\nSIZE1=3;\nSIZE2=1;\n",
            "TYPE=double;\nSIZE1=1;\nSIZE2=1;\n",
            "COMPRESSION=RAXIS;\nSIZE1=1;\nSIZE2=1;\n",
        ] {
            let message = parse(&with(lie), Path::new(PATH)).unwrap_err().to_string();
            assert!(message.starts_with("a.img: "), "{message}");
        }
        assert!(parse(b"", Path::new(PATH)).is_err());
        assert!(parse(&with("SIZE1=4;\nSIZE2=1;\n"), Path::new(PATH)).is_ok());
    }
}
