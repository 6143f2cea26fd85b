//! Reads an image and writes it in other formats: `show_image show IN -o OUT [-o OUT …]`, as `bragg show` does.
//!
//! Where IN does not say its geometry, a detector of 0.1 mm pixels at 100 mm is assumed, centred on the beam at 1 Å.

use std::path::{Path, PathBuf};

use bragg::io::{Metadata, WriteOptions, png, read, write_recording};

fn main() -> bragg::Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let is_word = |path: &&PathBuf| *path != Path::new("show") && *path != Path::new("-o");
    let mut files = arguments.iter().filter(is_word);
    let Some(input) = files.next() else {
        return Err(bragg::Error::setting("show_image", "give an image to read, and -o FILE for each to write."));
    };
    let (recording, header) = read(input, None)?;
    let size = recording.panel_sizes().first().copied().unwrap_or_default();
    let metadata = header.unwrap_or_else(|| Metadata::new(1.0, 100.0, (size.0 as f64 / 2.0, size.1 as f64 / 2.0), 0.1));
    let picture =
        png::Style { resolution_rings: png::even_rings(&metadata, size), beam_cross: true, ..Default::default() };
    let options = WriteOptions { picture, pgm_scale: None };
    files.try_for_each(|output| write_recording(output, &recording, &metadata, &options).map(drop))
}
