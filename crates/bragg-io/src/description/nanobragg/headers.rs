//! What the headers of `-mask` and `-img` say where the command line does not.

use super::options::{Options, WavelengthOption};
use crate::formats::smv::Header;
use bragg::error::{Error, Result};
use std::io::Read as _;
use std::path::Path;

/// The pixel (mm) of a detector of which nothing is said.
const DEFAULT_PIXEL: f64 = 0.1;

/// The options with what the headers of the mask and then of the image add to them.
pub(super) fn with_headers(options: &Options) -> Result<Options> {
    let mut filled = options.clone();
    let mask = options.detector.mask.as_deref().map(read).transpose()?;
    let image = options.detector.img.as_deref().map(read).transpose()?;
    let either = |key: &str| {
        image.as_ref().and_then(|image| image.number(key)).or_else(|| mask.as_ref().and_then(|mask| mask.number(key)))
    };
    let detector = &mut filled.detector;
    for (option, key) in [
        (&mut detector.pixel_mm, "PIXEL_SIZE"),
        (&mut detector.distance_mm, "DISTANCE"),
        (&mut detector.close_distance_mm, "CLOSE_DISTANCE"),
        (&mut detector.xbeam_mm, "BEAM_CENTER_X"),
        (&mut detector.orgx_pixels, "ORGX"),
        (&mut detector.orgy_pixels, "ORGY"),
        (&mut filled.scan.phi_deg, "PHI"),
        (&mut filled.scan.osc_deg, "OSC_RANGE"),
    ] {
        *option = option.or_else(|| either(key));
    }
    // Pixel counts win over sizes, whoever gives them.
    for (pixels, key) in [(&mut detector.detpixels_fast, "SIZE1"), (&mut detector.detpixels_slow, "SIZE2")] {
        *pixels = pixels.or_else(|| either(key).map(|n| n as i64));
    }
    // The mask's beam centre counts from the other edge, by its own pixels.
    let of_image = image.as_ref().and_then(|image| image.number("BEAM_CENTER_Y"));
    let of_mask = mask.as_ref().and_then(|mask| {
        let pixel = mask.number("PIXEL_SIZE").unwrap_or(DEFAULT_PIXEL);
        Some(mask.number("SIZE2")? * pixel - mask.number("BEAM_CENTER_Y")?)
    });
    detector.ybeam_mm = detector.ybeam_mm.or(of_image).or(of_mask);
    filled.beam.wavelength = filled.beam.wavelength.or_else(|| either("WAVELENGTH").map(WavelengthOption::Angstrom));
    Ok(filled)
}

fn read(path: &Path) -> Result<Header> {
    const ENOUGH: u64 = 1 << 20;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).and_then(|file| file.take(ENOUGH).read_to_end(&mut bytes));
    file.map_err(|reason| Error::io("read", path, reason))?;
    Header::parse(&bytes, path)
}
