//! Images in and out, for every command.

use crate::arguments::Input;
use crate::interrupt::{self, Signals};
use crate::messages::Messages;
use bragg::Error;
use bragg::image::Recording;
use bragg_io::cache::Cache;
use bragg_io::description::{self, Description, Known};
use bragg_io::formats::atomic::{self, Place};
use bragg_io::formats::{self, Format, Metadata, WriteOptions};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// An image that was read.
pub(crate) struct Opened {
    pub(crate) recording: Recording,
    /// Its geometry; made up where [`Self::is_known`] is false.
    pub(crate) metadata: Metadata,
    pub(crate) is_known: bool,
}

/// Reads an image and its geometry.
pub(crate) fn open(input: &Input) -> anyhow::Result<Opened> {
    let size = input.size.as_deref().and_then(|size| Some((*size.first()?, *size.get(1)?)));
    let formats::Opened { recording, metadata: header, notes } = formats::read(&input.image, size)?;
    let messages = Messages { quiet: input.quiet };
    notes.iter().for_each(|note| messages.note(format_args!("{}: {note}", input.image.display())));
    let from_experiment = input.experiment.as_deref().map(|path| geometry(path, &recording)).transpose()?;
    let known = from_experiment.or(header);
    let is_known = known.is_some();
    let (fast, slow) = recording.panel_sizes().first().copied().unwrap_or_default();
    let made_up = || Metadata::new(1.0, 100.0, (fast as f64 / 2.0, slow as f64 / 2.0), 0.1);
    Ok(Opened { recording, metadata: known.unwrap_or_else(made_up), is_known })
}

fn geometry(path: &Path, recording: &Recording) -> bragg::Result<Metadata> {
    let cache = Cache::of_user(true);
    let known = Known { cache: cache.as_ref(), monitor: Some(&Signals), ..Known::default() };
    let (resolved, _) = description::resolve_knowing(description::toml::read(path)?, known)?;
    let sizes: Vec<_> = resolved.experiment.detector.panels.iter().map(|panel| (panel.n_fast, panel.n_slow)).collect();
    if sizes != recording.panel_sizes() {
        let what = format!(
            "its detector has panels of {sizes:?} pixels (fast, slow), but the image has {:?}; it is of another experiment",
            recording.panel_sizes()
        );
        return Err(Error::file(path, None, what));
    }
    Ok(resolved.metadata())
}

/// The picture that stands for no named output: in the current folder, named as `path`.
pub(crate) fn default_output(path: &Path) -> PathBuf {
    Path::new(stem(path)).with_extension("png")
}

/// A file's name without its extension, nor that of a compression behind it.
fn stem(path: &Path) -> &OsStr {
    formats::without_packing(path).file_stem().unwrap_or_default()
}

/// Checks, before the work, that every file can be written and that none is an input or named twice.
pub(crate) fn check_outputs(outputs: &[PathBuf], sizes: &[(usize, usize)], inputs: &[&Path]) -> bragg::Result<()> {
    for output in outputs {
        formats::check_output(output, sizes)?;
    }
    check_apart(outputs, inputs)
}

/// Checks that no output is an input or named twice, whatever the spelling.
pub(crate) fn check_apart(outputs: &[PathBuf], inputs: &[&Path]) -> bragg::Result<()> {
    let inputs: HashMap<Place, &Path> =
        inputs.iter().filter_map(|input| Some((atomic::place(input)?, *input))).collect();
    let mut places: HashMap<Place, &Path> = HashMap::new();
    for output in outputs {
        let Some(place) = atomic::place(output) else { continue };
        if let Some(input) = inputs.get(&place) {
            let what = format!("would overwrite the input {}; give the output another name", input.display());
            return Err(Error::file(output, None, what));
        }
        if let Some(other) = places.insert(place, output) {
            let also = if other == output { String::new() } else { format!(", as {} too", other.display()) };
            return Err(Error::file(output, None, format!("is to be written twice{also}; name each output once")));
        }
    }
    Ok(())
}

/// The values of an experiment that name files to read.
pub(crate) fn input_files(description: &Description) -> impl Iterator<Item = &Path> {
    let inputs = description.iter().filter(|(name, _)| *name != "output.files");
    inputs.filter_map(|(_, entry)| entry.value.path())
}

/// Writes a recording to every file and says what the formats could not express.
pub(crate) fn write(
    outputs: &[PathBuf],
    recording: &Recording,
    metadata: &Metadata,
    options: &WriteOptions,
    messages: Messages,
) -> anyhow::Result<()> {
    for output in outputs {
        if interrupt::requested() {
            return Err(Error::Interrupted.into());
        }
        let written = formats::write_recording(output, recording, metadata, options)?;
        written.notes.iter().for_each(|note| messages.warning(note));
        if written.n_clipped > 0 {
            let path = output.display();
            messages.warning(format_args!(
                "{path}: {} pixels are beyond the counts of the detector or the format, and are marked as saturated",
                written.n_clipped
            ));
        }
    }
    let names: Vec<_> = outputs.iter().map(|path| path.display().to_string()).collect();
    messages.done(format_args!("wrote {}", names.join(", ")));
    Ok(())
}

/// Warns of headers with a made-up geometry.
pub(crate) fn warn_of_geometry(opened: &Opened, input: &Path, outputs: &[PathBuf], messages: Messages) {
    let has_header = |path: &&PathBuf| matches!(Format::from_path(path), Ok(Format::Smv | Format::Cbf));
    if let Some(output) = outputs.iter().find(has_header).filter(|_| !opened.is_known) {
        messages.warning(format_args!(
            "{} does not say its geometry: the header of {} has 1 Å, 100 mm and pixels of 0.1 mm; --experiment names the \
             right one",
            input.display(),
            output.display()
        ));
    }
}
