//! Portable grey maps of 8 bits (`.pgm`, magic `P5`), as nanoBragg writes them for a quick look.

use std::io::{self, Write};
use std::path::Path;

use super::c_format::G;
use super::pixels::{self, Panel};
use bragg::error::{Error, Result};
use bragg::image::{Moments, PanelImage};

/// The scale (grey levels per photon) nanoBragg chooses: 250 grey levels for five standard deviations of the image. An
/// image without contrast has scale 1. (Where it renders a window or masks pixels, it leaves some of them out of the
/// mean.)
pub fn automatic_scale(photons: &[f32]) -> f64 {
    scale_of(&Moments::of_all(photons))
}

pub(super) fn panel_scale(panel: Panel<'_>) -> f64 {
    scale_of(&match panel {
        Panel::Photons(panel) => Moments::of_all(panel.pixels()),
        Panel::Counts(panel) => Moments::of_all(panel.pixels()),
    })
}

fn scale_of(moments: &Moments) -> f64 {
    let rmsd = (moments.squared_deviations / (moments.n as f64 - 1.0)).sqrt();
    if rmsd > 0.0 && rmsd.is_finite() { 250.0 / (5.0 * rmsd) } else { 1.0 }
}

/// The grey level of a pixel: `photons · scale`, truncated, and cut to 0 … 255.
fn grey_level(photons: f32, scale: f64) -> u8 {
    (f64::from(photons) * scale) as u8
}

/// Writes grey levels; `scale` is only recorded, in a comment.
pub fn write(w: &mut dyn Write, grey_levels: &PanelImage<u8>, scale: f64) -> io::Result<()> {
    write_header(w, (grey_levels.n_fast(), grey_levels.n_slow()), Some(scale))?;
    w.write_all(grey_levels.pixels())
}

/// Writes the grey levels of photons: `photons · scale`, truncated, and cut to 0 … 255.
pub fn write_scaled(w: &mut dyn Write, photons: &PanelImage<f32>, scale: f64) -> io::Result<()> {
    write_panel(w, Panel::Photons(photons), scale, true)
}

/// Writes grey levels, and the scale in a comment, with which fabio (2026.6) does not read them.
pub(super) fn write_panel(w: &mut dyn Write, panel: Panel<'_>, scale: f64, with_comment: bool) -> io::Result<()> {
    write_header(w, panel.size(), with_comment.then_some(scale))?;
    pixels::write_made(w, panel.len(), |range, levels: &mut [u8]| match panel {
        Panel::Photons(panel) => {
            levels.iter_mut().zip(&panel.pixels()[range]).for_each(|(level, &x)| *level = grey_level(x, scale));
        }
        Panel::Counts(panel) => {
            levels.iter_mut().zip(&panel.pixels()[range]).for_each(|(level, &x)| *level = grey_level(x as f32, scale));
        }
    })
}

fn write_header(w: &mut dyn Write, (n_fast, n_slow): (usize, usize), scale: Option<f64>) -> io::Result<()> {
    let comment = scale.map(|scale| format!("# pixels scaled by {}\n", G(scale))).unwrap_or_default();
    write!(w, "P5\n{n_fast} {n_slow}\n{comment}255\n")
}

/// Reads the grey levels of an 8-bit binary grey map. Whatever scale made them is not undone.
pub fn parse(bytes: &[u8], path: &Path) -> Result<PanelImage<u8>> {
    let complaint = |what: &str| Error::file(path, None, what);
    let Some(rest) = bytes.strip_prefix(b"P5") else {
        return Err(complaint("this is not a binary grey map: it does not begin with P5."));
    };
    let mut words = Words { rest };
    let mut number = |name: &str| {
        words.next_number().ok_or_else(|| complaint(&format!("the header of the grey map gives no usable {name}.")))
    };
    let (n_fast, n_slow, highest) = (number("width")?, number("height")?, number("highest grey level")?);
    if !(1..=255).contains(&highest) {
        return Err(complaint(&format!(
            "the grey map's highest level is {highest}; only 8-bit maps (1 to 255) are read."
        )));
    }
    // Exactly one blank separates the header from the pixels.
    let data = words.rest.get(1..).unwrap_or_default();
    match pixels::n_bytes(n_fast, n_slow, 1) {
        Some(n) if n > 0 && n <= data.len() => PanelImage::new(n_fast, n_slow, data[..n].to_vec()),
        _ => None,
    }
    .ok_or_else(|| {
        let there = data.len();
        complaint(&format!(
            "the grey map says {n_fast} × {n_slow} pixels, but {there} bytes follow; is the file cut short?"
        ))
    })
}

/// The blank-separated words of a header, without its comments.
struct Words<'a> {
    rest: &'a [u8],
}

impl Words<'_> {
    fn next_number(&mut self) -> Option<usize> {
        loop {
            match self.rest.first()? {
                b'#' => {
                    let end = self.rest.iter().position(|&byte| byte == b'\n')?;
                    self.rest = &self.rest[end..];
                }
                byte if byte.is_ascii_whitespace() => self.rest = &self.rest[1..],
                _ => break,
            }
        }
        let n_digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at(n_digits);
        self.rest = rest;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "a.pgm";

    #[test]
    fn the_file_is_what_netpbm_describes_with_nanobraggs_comment() {
        let panel = PanelImage::new(3, 2, vec![0, 1, 2, 10, 35, 255]).unwrap();
        let mut bytes = Vec::new();
        write(&mut bytes, &panel, 3.853_088).unwrap();
        assert_eq!(bytes, b"P5\n3 2\n# pixels scaled by 3.85309\n255\n\x00\x01\x02\x0a\x23\xff");
        assert_eq!(parse(&bytes, Path::new(PATH)).unwrap(), panel);
    }

    #[test]
    fn other_layouts_of_the_header_are_read() {
        let panel = parse(b"P5 # made by hand\n2\t1\r\n# more\n15 #", Path::new(PATH)).unwrap_err();
        assert!(panel.to_string().contains("cut short"), "{panel}");
        let panel = parse(b"P5 # made by hand\n2\t1\r\n# more\n15\n#\n", Path::new(PATH)).unwrap();
        assert_eq!(panel.pixels(), b"#\n");
    }

    #[test]
    fn levels_are_truncated_and_cut() {
        let photons = PanelImage::new(7, 1, vec![0.0, 0.99, 1.0, 127.9, 128.0, -3.0, f32::NAN]).unwrap();
        let mut bytes = Vec::new();
        write_scaled(&mut bytes, &photons, 2.0).unwrap();
        assert_eq!(bytes, b"P5\n7 1\n# pixels scaled by 2\n255\n\x00\x01\x02\xff\xff\x00\x00");
        bytes.clear();
        write_panel(&mut bytes, Panel::Photons(&photons), 2.0, false).unwrap();
        assert_eq!(bytes, b"P5\n7 1\n255\n\x00\x01\x02\xff\xff\x00\x00");
        // Values 1 and 3: mean 2, rmsd √2.
        assert!((automatic_scale(&[1.0, 3.0]) - 50.0 / 2f64.sqrt()).abs() < 1e-12);
        for flat in [&[][..], &[1.0], &[0.0, 0.0]] {
            assert_eq!(automatic_scale(flat), 1.0);
        }
    }

    #[test]
    fn lies_and_cuts_are_refused() {
        let whole = b"P5\n3 2\n# pixels scaled by 1\n255\n\x00\x01\x02\x0a\x23\xff";
        for n in 0..whole.len() {
            assert!(parse(&whole[..n], Path::new(PATH)).is_err(), "{n}");
        }
        for lie in
            ["P5 99999999999 99999999999 255 ab", "P5 0 0 255 ", "P5 1 1 65535 ab", "P5 -1 1 255 ab", "P2 1 1 255 1"]
        {
            assert!(parse(lie.as_bytes(), Path::new(PATH)).is_err(), "{lie}");
        }
    }
}
