//! The formats by the extensions of their files, and one way in and out for all of them.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::bounded::read_bytes;
use super::metadata::Metadata;
use super::packed::{is_packed_name, unpacked, without_packing};
use super::pixels::{Integers, Panel};
use super::{atomic, cbf, npy, pgm, png, raw, smv, tiff};
use bragg::error::{Error, Result};
use bragg::image::{Image, Recording};

/// A format of image files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// SMV, 16-bit counts.
    Smv,
    /// miniCBF, 32-bit counts, compressed.
    Cbf,
    /// NumPy array: photons as 32-bit floats, counts as 32-bit integers; the only one for several panels.
    Npy,
    /// Bare 32-bit floats.
    Raw,
    /// 8-bit grey levels.
    Pgm,
    /// A picture to look at.
    Png,
    /// TIFF: photons as 32-bit floats, counts as 32-bit integers.
    Tiff,
}

impl Format {
    /// Extensions and what they stand for.
    pub const EXTENSIONS: [(&'static str, Self); 8] = [
        ("img", Self::Smv),
        ("cbf", Self::Cbf),
        ("npy", Self::Npy),
        ("bin", Self::Raw),
        ("pgm", Self::Pgm),
        ("png", Self::Png),
        ("tif", Self::Tiff),
        ("tiff", Self::Tiff),
    ];

    /// The format that a file's extension, in upper or lower case, stands for.
    pub fn from_path(path: &Path) -> Result<Self> {
        let extension =
            path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
        let known = Self::EXTENSIONS.iter().find(|(known, _)| *known == extension);
        known.map(|(_, format)| *format).ok_or_else(|| {
            let given =
                if extension.is_empty() { "no extension".to_owned() } else { format!("the extension .{extension}") };
            let known = Self::EXTENSIONS.map(|(extension, _)| format!(".{extension}")).join(", ");
            Error::file(path, None, format!("the name has {given}, which says no image format; use one of {known}."))
        })
    }

    /// The format of an image to read: by its first bytes, where they tell, else by its name, which may end in the extension of a
    /// compression ([`without_packing`]). Bare floats are known by name alone.
    ///
    /// # Errors
    /// Neither tells.
    pub fn of_image(path: &Path, bytes: &[u8]) -> Result<Self> {
        let by_name = Self::from_path(without_packing(path));
        match Self::of_first_bytes(bytes) {
            Some(format) if !matches!(by_name, Ok(Self::Raw)) => Ok(format),
            _ => by_name,
        }
    }

    fn of_first_bytes(bytes: &[u8]) -> Option<Self> {
        const FIRST: [(&[u8], Format); 6] = [
            (b"\x93NUMPY", Format::Npy),
            (b"###CBF", Format::Cbf),
            (b"II*\0", Format::Tiff),
            (b"MM\0*", Format::Tiff),
            (b"\x89PNG\r\n", Format::Png),
            (b"{\nHEADER_BYTES", Format::Smv),
        ];
        FIRST.iter().find(|(first, _)| bytes.starts_with(first)).map(|(_, format)| *format)
    }

    /// Whether one file takes several panels.
    pub fn takes_several_panels(self) -> bool {
        matches!(self, Self::Npy | Self::Png)
    }
}

/// What the writers leave open.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WriteOptions {
    /// How a picture (`.png`) looks.
    pub picture: png::Style,
    /// Grey levels per photon of a grey map (`.pgm`); [`pgm::automatic_scale`] where none is given.
    pub pgm_scale: Option<f64>,
}

/// What there is to say about a file that was written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Written {
    /// Pixels that are brighter than the largest count of the detector or the format, or photons below its lowest number.
    pub n_clipped: usize,
    /// What the format could not express, as sentences.
    pub notes: Vec<String>,
}

/// Writes a recording in the format of the file's extension. Integer formats round photons to the nearest integer; readers find what is
/// brighter than the largest count, or masked, to be no count. Several panels need `.npy`; a picture shows them side by side.
pub fn write_recording(
    path: &Path,
    recording: &Recording,
    metadata: &Metadata,
    options: &WriteOptions,
) -> Result<Written> {
    let format = Format::from_path(path)?;
    let sizes = recording.panel_sizes();
    check_panels(path, format, &sizes)?;
    let mut written = Written::default();
    let flagged = match format {
        Format::Smv | Format::Cbf => metadata.flagged(recording),
        _ => Cow::Borrowed(recording),
    };
    let panel = || Panel::first(&flagged).map_err(|error| Error::io("write", path, error));
    match format {
        Format::Smv => written = write_smv(path, panel()?, metadata)?,
        Format::Cbf => {
            let panel = panel()?;
            let cutoff = cbf::cutoff(metadata);
            // counts that are too high stay: they say so by themselves
            let integers = match panel {
                Panel::Photons(_) => Integers { highest: cutoff, brighter: cutoff + 1, ..Integers::plain(panel) },
                Panel::Counts(_) => Integers::plain(panel),
            };
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            written.notes = header_notes(path, metadata);
            atomic::write(path, |w| {
                written.n_clipped = cbf::write_integers(w, integers, metadata, &name)?;
                Ok(())
            })?;
        }
        Format::Npy => atomic::write(path, |w| npy::write(w, recording))?,
        Format::Raw => atomic::write(path, |w| raw::write_recording(w, recording))?,
        Format::Pgm => {
            let panel = panel()?;
            let scale = options.pgm_scale.unwrap_or_else(|| pgm::panel_scale(panel));
            atomic::write(path, |w| pgm::write_panel(w, panel, scale, false))?;
        }
        Format::Png => {
            options.picture.check(&sizes)?;
            let has_rings = options.picture.resolution_rings.is_empty() || png::can_draw_rings(recording, metadata);
            written.notes.extend((!has_rings).then(|| without_rings(path)));
            atomic::write(path, |w| png::write(w, recording, metadata, &options.picture))?;
        }
        Format::Tiff => atomic::write_seekable(path, |w| tiff::write(w, recording))?,
    }
    Ok(written)
}

fn write_smv(path: &Path, panel: Panel<'_>, metadata: &Metadata) -> Result<Written> {
    let integers = smv::integers(panel, metadata);
    let n_clipped = AtomicUsize::new(0);
    let counts = |range: Range<usize>, out: &mut [u16]| {
        n_clipped.fetch_add(integers.fill(range, out, |count| count as u16), Relaxed);
    };
    let header = smv::header(panel.size(), metadata);
    atomic::write(path, |w| smv::write_made(w, &header, panel.len(), counts))?;
    let mut notes = header_notes(path, metadata);
    if metadata.adc_offset == Some(0.0) {
        notes.push(format!(
            "{} has no pedestal (noise.adc_offset is 0): readers may take its pixels of 0 for masked, and saturated ones for measured",
            path.display()
        ));
    }
    Ok(Written { n_clipped: n_clipped.into_inner(), notes })
}

/// Checks, before there is anything to write, whether an image with panels of these sizes (fast, slow) can be written to a file:
/// its extension, the number of panels, the folder and its permissions.
pub fn check_output(path: &Path, sizes: &[(usize, usize)]) -> Result<()> {
    check_panels(path, Format::from_path(path)?, sizes)?;
    atomic::check(path)
}

fn check_panels(path: &Path, format: Format, sizes: &[(usize, usize)]) -> Result<()> {
    if sizes.iter().any(|&(n_fast, n_slow)| n_fast == 0 || n_slow == 0) || sizes.is_empty() {
        return Err(Error::file(path, None, "there are no pixels to write."));
    }
    match sizes.len() {
        n if n > 1 && !format.takes_several_panels() => {
            let what =
                format!("the image has {n} panels, and this format takes one; write a .npy file (panel, slow, fast).");
            Err(Error::file(path, None, what))
        }
        n if n > 1 && format == Format::Npy && sizes.iter().any(|size| *size != sizes[0]) => {
            let what =
                "the panels differ in size, which an array cannot hold; write each detector of equal panels apart.";
            Err(Error::file(path, None, what))
        }
        _ => Ok(()),
    }
}

fn without_rings(path: &Path) -> String {
    format!("{} has no resolution rings: they are circles only on one flat panel normal to the beam.", path.display())
}

fn header_notes(path: &Path, metadata: &Metadata) -> Vec<String> {
    let what = match (metadata.is_normal_to_beam(), metadata.unusual_axes) {
        (false, _) => "that the beam does not meet the detector at a right angle",
        (_, true) => "how the axes of this detector or its spindle lie",
        _ => return Vec::new(),
    };
    let path = path.display();
    vec![format!("the header of {path} cannot say {what}: programs that take the geometry from it will be wrong")]
}

/// Whether a pixel of a mask means that the detector's pixel is used: it is above the counts of no photon, `pedestal`. Negative numbers are
/// flags in images with a pedestal, and numbers as others are in those without.
pub fn is_live(count: i32, pedestal: f64) -> bool {
    f64::from(count) != pedestal && (pedestal <= 0.0 || count >= 0)
}

/// An image that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// Its pixels.
    pub recording: Recording,
    /// What its header says about the experiment, where it has one.
    pub metadata: Option<Metadata>,
    /// What of the file was left unread, in sentences.
    pub notes: Vec<String>,
}

/// Reads an image, compressed or not, in the format that its first bytes or its name tell ([`Format::of_image`]). `size` (fast, slow) is for
/// bare floats, which do not say theirs.
pub fn read(path: &Path, size: Option<(usize, usize)>) -> Result<Opened> {
    let bytes = read_bytes(path)?;
    let is_raw = matches!(Format::from_path(without_packing(path)), Ok(Format::Raw));
    // bare floats may begin with any bytes
    let bytes = if is_raw && !is_packed_name(path) {
        bytes
    } else {
        unpacked(bytes.into()).map_err(|what| Error::file(path, None, what))?.into_owned()
    };
    parse(Format::of_image(path, &bytes)?, &bytes, path, size)
}

/// Reads an image of a given format from its bytes; `path` is for messages.
pub fn parse(format: Format, bytes: &[u8], path: &Path, size: Option<(usize, usize)>) -> Result<Opened> {
    let mut notes = Vec::new();
    let (recording, metadata) = match format {
        Format::Smv => smv::parse(bytes, path)?,
        Format::Cbf => {
            let (image, metadata) = cbf::parse(bytes, path)?;
            (Recording::Counts(image), metadata)
        }
        Format::Npy => (npy::parse(bytes, path)?, None),
        Format::Raw => (Recording::Photons(Image { panels: vec![raw::parse(bytes, path, size)?] }), None),
        Format::Pgm => {
            let counts = pgm::parse(bytes, path)?.map(|&count| count.into());
            (Recording::Counts(Image { panels: vec![counts] }), None)
        }
        Format::Tiff => {
            let (recording, has_more) = tiff::parse(bytes, path)?;
            if has_more {
                notes.push("it has more than one page: the first is read".to_owned());
            }
            (recording, None)
        }
        Format::Png => {
            let what =
                "a picture (.png) holds no data that could be read; give the .npy, .cbf or .img file it was made from.";
            return Err(Error::file(path, None, what));
        }
    };
    Ok(Opened { recording, metadata, notes })
}
