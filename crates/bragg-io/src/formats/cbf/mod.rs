//! miniCBF images (`.cbf`): a short text header, then 32-bit counts in the byte-offset compression, as Pilatus and
//! Eiger detectors write them.
//!
//! Pixels without a value are −1, and pixels too bright for a count one more than `Count_cutoff`, the largest that dxtbx trusts.
//!
//! The header convention is `GENERIC_MINI`, which dxtbx reads for any image size; dxtbx, fabio, CBFlib, XDS and
//! CrystFEL all read this layout. dxtbx also wants the file's name to carry an image number (`sim_00001.cbf`).

mod byte_offset;

use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest, Md5};

use byte_offset::compress_after;
pub use byte_offset::{compress, decompress};

use super::c_format::{leading_number, significant};
use super::metadata::{Metadata, Sensor};
use super::pixels::{self, Integers, Panel};
use bragg::error::{Error, Result};
use bragg::image::{Image, PanelImage};

/// What separates the text from the compressed pixels.
const START_OF_DATA: &[u8] = &[0x0C, 0x1A, 0x04, 0xD5];
/// Zeros after the pixels.
const PADDING: usize = 4095;
/// Pixels turned into integers at a time.
const STRETCH: usize = 1 << 12;
/// The text before the pixels is looked for in this many bytes of a file.
const LONGEST_HEADER: usize = 1 << 20;

/// Writes counts and their header; `name` (usually the file's, without its extension) becomes the data block's.
pub fn write(w: &mut dyn Write, panel: &PanelImage<i32>, metadata: &Metadata, name: &str) -> io::Result<()> {
    write_integers(w, Integers::plain(Panel::Counts(panel)), metadata, name).map(|_| ())
}

/// Writes a CBF file of integers that are made of a panel's pixels; returns how many pixels had to be cut.
///
/// The header has the length and the checksum of what follows: the pixels are compressed twice, so that no more than a few pieces of
/// them are ever kept.
pub(super) fn write_integers(
    w: &mut dyn Write,
    integers: Integers<'_>,
    metadata: &Metadata,
    name: &str,
) -> io::Result<usize> {
    let n_pixels = integers.panel.len();
    let n_clipped = AtomicUsize::new(0);
    let (mut n_bytes, mut digest) = (0, Md5::new());
    let count = |range: Range<usize>, bytes: &mut Vec<u8>| {
        n_clipped.fetch_add(compressed(integers, range, bytes), Relaxed);
    };
    pixels::in_pieces(n_pixels, count, |bytes| {
        n_bytes += bytes.len();
        digest.update(bytes);
        Ok(())
    })?;
    w.write_all(header(integers.panel.size(), (n_bytes, &base64(digest)), metadata, name).as_bytes())?;
    w.write_all(START_OF_DATA)?;
    let make = |range: Range<usize>, bytes: &mut Vec<u8>| {
        compressed(integers, range, bytes);
    };
    pixels::in_pieces(n_pixels, make, |bytes| w.write_all(bytes))?;
    w.write_all(&[0; PADDING])?;
    w.write_all(b"\r\n--CIF-BINARY-FORMAT-SECTION----\r\n;\r\n")?;
    Ok(n_clipped.into_inner())
}

/// Compresses some pixels; returns how many had to be cut.
fn compressed(integers: Integers<'_>, range: Range<usize>, bytes: &mut Vec<u8>) -> usize {
    let (mut stretch, mut previous, mut n_clipped) = ([0; STRETCH], [0], 0);
    if let Some(before) = range.start.checked_sub(1) {
        integers.fill(before..range.start, &mut previous, |count| count);
    }
    let mut previous = previous[0];
    bytes.clear();
    for from in range.clone().step_by(STRETCH) {
        let to = range.end.min(from + STRETCH);
        let stretch = &mut stretch[..to - from];
        n_clipped += integers.fill(from..to, stretch, |count| count);
        compress_after(previous, stretch, bytes);
        previous = stretch.last().copied().unwrap_or(previous);
    }
    n_clipped
}

/// The text before the pixels, which take so many bytes and have this checksum.
fn header(
    (n_fast, n_slow): (usize, usize),
    (n_bytes, checksum): (usize, &str),
    metadata: &Metadata,
    name: &str,
) -> String {
    let lines = [
        "###CBF: VERSION 1.5".to_owned(),
        String::new(),
        format!("data_{}", block_name(name)),
        String::new(),
        "_array_data.header_convention \"GENERIC_MINI\"".to_owned(),
        "_array_data.header_contents".to_owned(),
        ";".to_owned(),
        contents(metadata).join("\r\n"),
        ";".to_owned(),
        String::new(),
        "_array_data.data".to_owned(),
        ";".to_owned(),
        "--CIF-BINARY-FORMAT-SECTION--".to_owned(),
        "Content-Type: application/octet-stream;".to_owned(),
        "     conversions=\"x-CBF_BYTE_OFFSET\"".to_owned(),
        "Content-Transfer-Encoding: BINARY".to_owned(),
        format!("X-Binary-Size: {n_bytes}"),
        "X-Binary-ID: 1".to_owned(),
        "X-Binary-Element-Type: \"signed 32-bit integer\"".to_owned(),
        "X-Binary-Element-Byte-Order: LITTLE_ENDIAN".to_owned(),
        format!("Content-MD5: {checksum}"),
        format!("X-Binary-Number-of-Elements: {}", n_fast * n_slow),
        format!("X-Binary-Size-Fastest-Dimension: {n_fast}"),
        format!("X-Binary-Size-Second-Dimension: {n_slow}"),
        format!("X-Binary-Size-Padding: {PADDING}"),
        String::new(),
        String::new(),
    ];
    lines.join("\r\n")
}

fn base64(digest: Md5) -> String {
    BASE64.encode(digest.finalize())
}

/// A name as CIF allows for a data block.
fn block_name(name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_ascii_graphic() { c } else { '_' }).take(64).collect();
    if name.is_empty() { "image".to_owned() } else { name }
}

/// The largest count that is one: below the largest number, which is what pixels have that are too bright for it.
pub(super) fn cutoff(metadata: &Metadata) -> i32 {
    // `as` stops at the largest i32
    metadata.saturation.map_or(i32::MAX, |most| most as i32).clamp(0, i32::MAX - 1)
}

/// The header lines, in metres as the format has them.
fn contents(metadata: &Metadata) -> Vec<String> {
    let number = |value: f64| significant(value, 12);
    let meters = |mm: f64| significant(mm * 1e-3, 12);
    let (start, width) = metadata.forward_oscillation();
    let (fast, slow) = metadata.beam_center;
    let mut lines = vec!["# Detector: simulated".to_owned()];
    let pixel = meters(metadata.pixel_size);
    lines.push(format!("# Pixel_size {pixel} m x {pixel} m"));
    lines.extend(metadata.sensor.as_ref().map(|sensor| {
        let material = if sensor.material == "Si" { "Silicon" } else { &sensor.material };
        format!("# {material} sensor, thickness {} m", meters(sensor.thickness))
    }));
    lines.push(format!("# Exposure_time {} s", number(metadata.exposure_time)));
    lines.push(format!("# Exposure_period {} s", number(metadata.exposure_time)));
    lines.push(format!("# Count_cutoff {} counts", cutoff(metadata)));
    lines.push(format!("# Gain {} counts/photon", number(metadata.gain)));
    lines.push(format!("# Pedestal {} counts", number(metadata.adc_offset.unwrap_or(0.0))));
    lines.push(format!("# Wavelength {} A", number(metadata.wavelength)));
    lines.push(format!("# Detector_distance {} m", meters(metadata.distance)));
    lines.push(format!("# Beam_xy ({}, {}) pixels", number(fast), number(slow)));
    lines.extend(metadata.flux.map(|flux| format!("# Flux {}", number(flux))));
    lines.push(format!("# Start_angle {} deg.", number(start)));
    lines.push(format!("# Angle_increment {} deg.", number(width)));
    lines.push(format!("# Detector_2theta {} deg.", number(metadata.two_theta)));
    lines
}

/// Reads a CBF image of byte-offset integers that fit 32 bits, with or without a checksum and padding. Several arrays, and the layers of
/// one of three dimensions, are panels.
pub fn parse(bytes: &[u8], path: &Path) -> Result<(Image<i32>, Option<Metadata>)> {
    let complaint = |what: String| Error::file(path, None, what);
    let (mut panels, mut rest, mut header) = (Vec::new(), bytes, None);
    while let Some(at) = rest[..rest.len().min(LONGEST_HEADER)].windows(4).position(|four| four == START_OF_DATA) {
        let text = String::from_utf8_lossy(&rest[..at]);
        let data = &rest[at + START_OF_DATA.len()..];
        if header.is_some() && !text.contains("X-Binary-Size:") {
            // whatever follows the pixels
            break;
        }
        let section = Section::parse(&text).map_err(complaint)?;
        rest = section.read(data, &mut panels).map_err(complaint)?;
        header.get_or_insert_with(|| metadata(&text));
    }
    match header {
        Some(metadata) => Ok((Image { panels }, metadata)),
        None => {
            Err(complaint("this is no CBF image, or it is cut short: no pixels begin (bytes 0C 1A 04 D5).".to_owned()))
        }
    }
}

/// An array by the lines before its pixels.
struct Section<'a> {
    n_fast: usize,
    n_slow: usize,
    n_layers: usize,
    /// Bytes of the compressed pixels.
    size: usize,
    checksum: Option<&'a str>,
}

impl<'a> Section<'a> {
    /// From the text before the pixels.
    fn parse(text: &'a str) -> std::result::Result<Self, String> {
        let binary = text.rfind("--CIF-BINARY-FORMAT-SECTION--").map_or("", |at| &text[at..]);
        check_kind(binary)?;
        let number = |key: &str| {
            let value = binary_value(binary, key).and_then(|value| value.parse::<usize>().ok());
            value.ok_or_else(|| format!("the CBF header gives no usable {key}; it must be a whole number."))
        };
        Ok(Self {
            n_fast: number("X-Binary-Size-Fastest-Dimension")?,
            n_slow: number("X-Binary-Size-Second-Dimension")?,
            n_layers: number("X-Binary-Size-Third-Dimension").unwrap_or(1),
            size: number("X-Binary-Size")?,
            checksum: binary_value(binary, "Content-MD5"),
        })
    }

    /// Adds the panels of the pixels that the data begin with; what follows these.
    fn read<'b>(&self, data: &'b [u8], panels: &mut Vec<PanelImage<i32>>) -> std::result::Result<&'b [u8], String> {
        let Self { n_fast, n_slow, n_layers, size, checksum } = *self;
        let (pixels, rest) = data.split_at_checked(size).ok_or_else(|| {
            let there = data.len();
            format!("the CBF header says {size} bytes of pixels, but {there} follow; is the file cut short?")
        })?;
        // A pixel takes a byte at least, which bounds what is reserved for them.
        let n = n_fast.checked_mul(n_slow).and_then(|n| n.checked_mul(n_layers)).filter(|n| (1..=size).contains(n));
        let n = n.ok_or_else(|| {
            let layers = if n_layers == 1 { String::new() } else { format!(" × {n_layers}") };
            format!(
                "the CBF header says {n_fast} × {n_slow}{layers} pixels, which {size} compressed bytes cannot hold."
            )
        })?;
        if let Some(expected) = checksum.filter(|expected| *expected != base64(Md5::new_with_prefix(pixels))) {
            let expected = expected.escape_debug();
            return Err(format!("the CBF's pixels are damaged: their checksum is not {expected} (Content-MD5)."));
        }
        let pixels = decompress(pixels, n)?;
        if n_layers == 1 {
            panels.extend(PanelImage::new(n_fast, n_slow, pixels));
        } else {
            let layers = pixels.chunks_exact(n_fast * n_slow);
            panels.extend(layers.filter_map(|layer| PanelImage::new(n_fast, n_slow, layer.to_vec())));
        }
        Ok(rest)
    }
}

/// Refuses what the decompression would misread.
fn check_kind(binary: &str) -> std::result::Result<(), String> {
    let lower = binary.to_ascii_lowercase();
    if !lower.contains("x-cbf_byte_offset") {
        let found = ["x-cbf_packed", "x-cbf_canonical", "x-cbf_none", "x-cbf_predictor"]
            .iter()
            .find(|kind| lower.contains(*kind));
        let found = found.map_or("compressed in no way that is known".to_owned(), |kind| {
            format!("x-{}", kind[2..].to_ascii_uppercase())
        });
        return Err(format!(
            "the CBF's pixels are {found}; only the byte-offset compression (x-CBF_BYTE_OFFSET) is read. CBFlib's cif2cbf \
             -c byte_offset converts it."
        ));
    }
    if let Some(order) = binary_value(binary, "X-Binary-Element-Byte-Order").filter(|order| *order != "LITTLE_ENDIAN") {
        return Err(format!("the CBF's byte order is {}; only LITTLE_ENDIAN is read.", order.escape_debug()));
    }
    match binary_value(binary, "X-Binary-Element-Type") {
        Some(kind) if !kind.contains("integer") => {
            Err(format!("the CBF's pixels are '{}'; only integers are read.", kind.escape_debug()))
        }
        _ => Ok(()),
    }
}

/// The value of a `Key: value` line of the binary section, without quotes.
fn binary_value<'a>(binary: &'a str, key: &str) -> Option<&'a str> {
    let lines = binary.lines().filter_map(|line| line.split_once(':'));
    lines.filter(|(name, _)| name.trim() == key).map(|(_, value)| value.trim().trim_matches('"')).next()
}

/// What the `# key value` lines say about the experiment, where they say enough.
fn metadata(text: &str) -> Option<Metadata> {
    let line = |key: &str| {
        let lines = text.lines().filter_map(|line| line.trim().strip_prefix('#'));
        let mut values = lines.filter_map(|line| line.trim_start().strip_prefix(key));
        values.find_map(|rest| rest.strip_prefix([' ', ':', '=']))
    };
    let number = |key: &str| {
        let value = leading_number(line(key)?.trim_start_matches([' ', ':', '=', '(']));
        value.filter(|value| value.is_finite())
    };
    let (pixel_fast, pixel_slow) = line("Pixel_size")?.split_once('x')?;
    let pixel_size = leading_number(pixel_fast)?;
    let (fast, slow) = line("Beam_xy")?.trim_start_matches([' ', ':', '(']).split_once(',')?;
    let beam_center = (leading_number(fast)?, leading_number(slow)?);
    if leading_number(pixel_slow)? != pixel_size || pixel_size <= 0.0 {
        return None;
    }
    let sensor = |name: &str, material: &str| {
        let (_, thickness) = line(name)?.split_once("thickness")?;
        let thickness = leading_number(thickness)? * 1e3;
        Some(Sensor { material: material.to_owned(), thickness })
    };
    let two_theta = number("Detector_2theta").unwrap_or(0.0);
    let cutoff = number("Count_cutoff").filter(|&cutoff| cutoff < f64::from(i32::MAX) - 1.0);
    Some(Metadata {
        phi_start: number("Start_angle").unwrap_or(0.0),
        oscillation_width: number("Angle_increment").unwrap_or(0.0),
        exposure_time: number("Exposure_time").or_else(|| number("Exposure_period")).unwrap_or(1.0),
        two_theta,
        sensor: sensor("Silicon", "Si").or_else(|| sensor("CdTe", "CdTe")).or_else(|| sensor("GaAs", "GaAs")),
        flux: number("Flux"),
        saturation: cutoff,
        gain: number("Gain").filter(|&gain| gain > 0.0).unwrap_or(1.0),
        adc_offset: number("Pedestal").filter(|&pedestal| pedestal != 0.0),
        tilted: two_theta != 0.0,
        ..Metadata::new(number("Wavelength")?, number("Detector_distance")? * 1e3, beam_center, pixel_size * 1e3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "a.cbf";

    fn example() -> (PanelImage<i32>, Metadata, Vec<u8>) {
        let panel = PanelImage::new(3, 2, vec![0, -1, 1_000_000, i32::MAX, i32::MIN, 7]).unwrap();
        let mut metadata = Metadata::new(0.9795, 123.456, (217.25, 98.5), 0.172);
        (metadata.phi_start, metadata.oscillation_width, metadata.exposure_time) = (10.0, 0.25, 0.1);
        metadata.sensor = Some(Sensor { material: "Si".to_owned(), thickness: 0.32 });
        (metadata.flux, metadata.saturation) = (Some(1.5e12), Some(1_048_575.0));
        (metadata.gain, metadata.adc_offset) = (2.5, Some(10.0));
        let mut bytes = Vec::new();
        write(&mut bytes, &panel, &metadata, "sim 0001").unwrap();
        (panel, metadata, bytes)
    }

    #[test]
    fn a_written_image_comes_back_and_no_part_of_it_does() {
        let (panel, metadata, bytes) = example();
        let (pixels, read) = parse(&bytes, Path::new(PATH)).unwrap();
        assert_eq!(pixels.panels, [panel]);
        let read = read.unwrap();
        assert!(
            (read.distance - metadata.distance).abs() < 1e-9 && (read.pixel_size - metadata.pixel_size).abs() < 1e-9
        );
        let rounded = Metadata { distance: metadata.distance, pixel_size: metadata.pixel_size, ..read };
        assert_eq!(rounded, metadata);
        let end_of_data = bytes.len() - PADDING - b"\r\n--CIF-BINARY-FORMAT-SECTION----\r\n;\r\n".len();
        for n in 0..end_of_data {
            assert!(parse(&bytes[..n], Path::new(PATH)).is_err(), "{n}");
        }
        assert!(parse(&bytes[..end_of_data], Path::new(PATH)).is_ok());
    }

    #[test]
    fn dxtbx_finds_the_lines_it_needs() {
        let (_, _, bytes) = example();
        let text = String::from_utf8_lossy(&bytes);
        for line in [
            "data_sim_0001\r\n",
            "_array_data.header_convention \"GENERIC_MINI\"\r\n",
            "# Pixel_size 0.000172 m x 0.000172 m\r\n",
            "# Silicon sensor, thickness 0.00032 m\r\n",
            "# Exposure_period 0.1 s\r\n",
            "# Count_cutoff 1048575 counts\r\n",
            "# Gain 2.5 counts/photon\r\n",
            "# Pedestal 10 counts\r\n",
            "# Wavelength 0.9795 A\r\n",
            "# Detector_distance 0.123456 m\r\n",
            "# Beam_xy (217.25, 98.5) pixels\r\n",
            "# Start_angle 10 deg.\r\n",
            "# Angle_increment 0.25 deg.\r\n",
        ] {
            assert!(text.contains(line), "{line}");
        }
        assert!(text.lines().filter(|line| line.starts_with("X-")).all(|line| line.matches(':').count() == 1));
    }

    #[test]
    fn a_pilatus_header_is_read() {
        let (_, _, bytes) = example();
        let at = bytes.windows(4).position(|four| four == START_OF_DATA).unwrap();
        let text = String::from_utf8_lossy(&bytes[..at]).into_owned();
        let (before, rest) = text.split_once("# Detector").unwrap();
        let (_, after) = rest.split_once("\r\n;\r\n").unwrap();
        let pilatus = "# Detector: PILATUS 6M, S/N 60-0001\n# 2011-06-01T12:00:00.000\n\
                       # Pixel_size 172e-6 m x 172e-6 m\n# CdTe sensor, thickness 0.001000 m\n# Exposure_time = 0.0970 s\n# Exposure_period = 0.1000 s\n\
                       # Wavelength 1.5418 A\n# Detector_distance 0.200 m\n# Beam_xy (1.5, 2.5) pixels\n\
                       # Start_angle -3.5000 deg.\n# Angle_increment 0.1000 deg.";
        let bytes = [format!("{before}{pilatus}\r\n;\r\n{after}").as_bytes(), &bytes[at..]].concat();
        let metadata = parse(&bytes, Path::new(PATH)).unwrap().1.unwrap();
        assert!((metadata.pixel_size - 0.172).abs() < 1e-12 && (metadata.distance - 200.0).abs() < 1e-12);
        assert_eq!(metadata.sensor, Some(Sensor { material: "CdTe".to_owned(), thickness: 1.0 }));
        assert_eq!((metadata.exposure_time, metadata.phi_start, metadata.beam_center), (0.097, -3.5, (1.5, 2.5)));
        assert_eq!((metadata.saturation, metadata.flux), (None, None));
    }

    #[test]
    fn layers_and_further_arrays_are_panels() {
        let (panel, _, bytes) = example();
        let twice = [&bytes[..], &bytes[..]].concat();
        let (image, metadata) = parse(&twice, Path::new(PATH)).unwrap();
        assert!(image.panels == [panel.clone(), panel] && metadata.is_some());
        let layered =
            String::from_utf8_lossy(&bytes[..bytes.windows(4).position(|four| four == START_OF_DATA).unwrap()])
                .replace("Fastest-Dimension: 3", "Fastest-Dimension: 1")
                .replace("Second-Dimension: 2", "Second-Dimension: 2\r\nX-Binary-Size-Third-Dimension: 3");
        let bytes =
            [layered.as_bytes(), &bytes[layered.len() - "\r\nX-Binary-Size-Third-Dimension: 3".len()..]].concat();
        let (image, _) = parse(&bytes, Path::new(PATH)).unwrap();
        let pixels: Vec<&[i32]> = image.panels.iter().map(PanelImage::pixels).collect();
        assert_eq!(pixels, [&[0, -1][..], &[1_000_000, i32::MAX], &[i32::MIN, 7]]);
    }

    #[test]
    fn lies_and_damage_are_refused() {
        let (_, _, bytes) = example();
        let at = bytes.windows(4).position(|four| four == START_OF_DATA).unwrap();
        let with = |from: &str, to: &str| {
            let text = String::from_utf8_lossy(&bytes[..at]);
            assert!(text.contains(from), "{from}");
            let bytes = [text.replace(from, to).as_bytes(), &bytes[at..]].concat();
            parse(&bytes, Path::new(PATH)).unwrap_err().to_string()
        };
        assert!(with("Fastest-Dimension: 3", "Fastest-Dimension: 99999999999999").contains("cannot hold"));
        assert!(with("Fastest-Dimension: 3", "Fastest-Dimension: 18446744073709551615").contains("cannot hold"));
        assert!(with("Fastest-Dimension: 3", "Fastest-Dimension: 0").contains("cannot hold"));
        assert!(with("Fastest-Dimension: 3", "Fastest-Dimension: 4").contains("6 of its 8 pixels"));
        assert!(with("Second-Dimension: 2", "Second-Dimension: -2").contains("X-Binary-Size-Second-Dimension"));
        assert!(with("X-Binary-Size: ", "X-Binary-Size: 999999").contains("cut short"));
        let packed = with("BYTE_OFFSET", "PACKED");
        assert!(packed.contains("are x-CBF_PACKED; only") && packed.contains("cif2cbf -c byte_offset"), "{packed}");
        assert!(with("LITTLE_ENDIAN", "BIG_ENDIAN").contains("LITTLE_ENDIAN"));
        assert!(with("signed 32-bit integer", "signed 32-bit real IEEE").contains("integers"));

        let mut damaged = bytes.clone();
        damaged[at + 4] ^= 1;
        assert!(parse(&damaged, Path::new(PATH)).unwrap_err().to_string().contains("damaged"));
    }
}
