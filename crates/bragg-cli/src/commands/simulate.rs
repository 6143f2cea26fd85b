//! `bragg simulate`: from an experiment file to images.

use crate::arguments::Simulate;
use crate::interrupt::Signals;
use crate::messages::{self, Messages};
use crate::progress::Progress;
use crate::render::{on_threads, render};
use crate::{images, long_jobs};
use bragg::Error;
use bragg::image::{Moments, Recording};
use bragg::response;
use bragg::scene::Scene;
use bragg_io::cache::Cache;
use bragg_io::description::{self, Description, Known, Notice, Origin, Resolved, Value};
use bragg_io::formats::reflections::Content;
use bragg_io::formats::{self, WriteOptions};
use bragg_io::{numbers, threads};
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(crate) fn run(arguments: &Simulate) -> anyhow::Result<()> {
    let messages = Messages { quiet: arguments.quiet };
    let n_threads = threads::allowed(arguments.threads.map(usize::from));
    let subject = Subject::of(arguments)?;
    let (description, chosen) = describe(&subject, arguments)?;
    let n_readers = threads::for_reading(n_threads, &description);
    let cache = Cache::of_user(!arguments.no_cache);
    let known = Known {
        cache: cache.as_ref(),
        without_amplitudes: arguments.print_experiment,
        monitor: Some(&Signals),
        ..Known::default()
    };
    let (mut resolved, _) = on_threads(n_readers, || description::resolve_knowing(description, known))??;
    resolved.notices.splice(0..0, chosen);
    if arguments.print_experiment {
        resolved.notices.iter().chain(&resolved.long_job).for_each(|notice| messages.note(notice));
        return print(resolved);
    }
    let outputs = outputs(&subject, &resolved)?;
    let mut scene = Scene::watched(&resolved.experiment, &Signals)?;
    let n_workers = threads::for_rendering(n_threads, &scene);
    long_jobs::check(&resolved.experiment, &mut scene, (1.0, n_workers), arguments.yes, messages)?;
    resolved.notices.iter().chain(&resolved.choice).for_each(|notice| messages.note(notice));
    let start = Instant::now();
    on_threads(n_workers, || simulate(&resolved, &scene, &outputs, messages, start))?
}

/// What there is to simulate.
enum Subject<'a> {
    /// An experiment file, perhaps with another crystal in it.
    Experiment(&'a Path, Option<&'a Path>),
    /// A crystal alone.
    Crystal(&'a Path),
}

impl<'a> Subject<'a> {
    fn of(arguments: &'a Simulate) -> bragg::Result<Self> {
        match (arguments.experiment.as_deref(), arguments.pdb.as_deref()) {
            (Some(crystal), None) if is_crystal(crystal) => Ok(Self::Crystal(crystal)),
            (Some(experiment), crystal) => Ok(Self::Experiment(experiment, crystal)),
            (None, Some(crystal)) => Ok(Self::Crystal(crystal)),
            (None, None) => Err(Error::setting("--pdb", "is missing, and so is an experiment file")),
        }
    }

    fn path(&self) -> &'a Path {
        match self {
            Self::Experiment(path, _) | Self::Crystal(path) => path,
        }
    }
}

/// Whether a file is that of a crystal and not of an experiment: by its name, or by what is in it.
fn is_crystal(path: &Path) -> bool {
    let name = formats::without_packing(path).file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let is_named = [".pdb", ".ent", ".cif", ".mmcif", ".mtz"].iter().any(|ending| name.ends_with(ending));
    is_named || (!name.ends_with(".toml") && Content::is_recognised(path))
}

/// What the file and the command line say, and what was chosen beyond that.
fn describe(subject: &Subject, arguments: &Simulate) -> bragg::Result<(Description, Option<Notice>)> {
    let settings = settings(arguments)?;
    match subject {
        Subject::Experiment(path, crystal) => {
            let mut description = description::toml::read(path)?;
            if let Some(crystal) = crystal {
                let mut layer = Description::new();
                let origin = Origin::Flag("--pdb".to_owned());
                layer.insert("crystal.structure_factors.file", crystal.to_path_buf(), origin)?;
                description.merge(layer);
            }
            description.merge(settings);
            Ok((description, None))
        }
        Subject::Crystal(path) => {
            let origin = Origin::Flag("--pdb".to_owned());
            let (description, Notice(chosen)) = description::starting_point(path, origin, settings)?;
            let notice = format!("{chosen}; --print-experiment shows every value, --set changes it");
            Ok((description, Some(Notice(notice))))
        }
    }
}

/// What an experiment file and `--set` say.
pub(crate) fn describe_with(experiment: &Path, settings: &[String]) -> bragg::Result<Description> {
    let mut description = description::toml::read(experiment)?;
    set(&mut description, settings)?;
    Ok(description)
}

/// What `--set` says.
fn set(description: &mut Description, settings: &[String]) -> bragg::Result<()> {
    for setting in settings {
        let (name, text) = setting.split_once('=').ok_or_else(|| {
            Error::setting("--set", format!("is {setting:?}; it must be KEY=VALUE, as detector.distance=100"))
        })?;
        description.set(name.trim(), text.trim(), Origin::Set)?;
    }
    Ok(())
}

/// The options of the command line.
fn settings(arguments: &Simulate) -> bragg::Result<Description> {
    let mut description = Description::new();
    set(&mut description, &arguments.set)?;
    if !arguments.output.is_empty() {
        let files = arguments.output.iter().cloned().map(Value::Path).collect();
        description.insert("output.files", Value::List(files), Origin::Flag("-o".to_owned()))?;
    }
    for (name, value, option) in [
        ("sampling.precision", &arguments.precision, "--precision"),
        ("output.png.scale", &arguments.png_scale, "--png-scale"),
    ] {
        if let Some(value) = value.as_deref() {
            description.insert(name, value, Origin::Flag(option.to_owned()))?;
        }
    }
    Ok(description)
}

/// Prints the complete experiment, with file names that hold wherever the text is kept.
fn print(mut resolved: Resolved) -> anyhow::Result<()> {
    if let Ok(here) = std::env::current_dir() {
        resolved.description.relative_to(&here);
    }
    let text = description::print::to_toml(&resolved.description);
    messages::print(text.as_bytes())
}

/// The files to write, which can be written as far as can be told now.
fn outputs(subject: &Subject, resolved: &Resolved) -> bragg::Result<Vec<PathBuf>> {
    let mut outputs = resolved.output.files.clone();
    if outputs.is_empty() {
        let picture = images::default_output(subject.path());
        let image = picture.with_extension("cbf");
        outputs.push(picture);
        outputs.extend(matches!(subject, Subject::Crystal(_)).then_some(image));
    }
    let panels = &resolved.experiment.detector.panels;
    let sizes: Vec<_> = panels.iter().map(|panel| (panel.n_fast, panel.n_slow)).collect();
    let mut inputs: Vec<_> = images::input_files(&resolved.description).collect();
    inputs.push(subject.path());
    images::check_outputs(&outputs, &sizes, &inputs)?;
    Ok(outputs)
}

fn simulate(
    resolved: &Resolved,
    scene: &Scene,
    outputs: &[PathBuf],
    messages: Messages,
    start: Instant,
) -> anyhow::Result<()> {
    let n_pixels = scene.panels.iter().map(|panel| panel.n_fast as u64 * panel.n_slow as u64).sum();
    let image = {
        let progress = Progress::new(n_pixels, messages.quiet);
        render(scene, &progress)?
    };
    let seconds = start.elapsed().as_secs_f64();
    let moments: Moments = image.panels.iter().map(|panel| Moments::of_all(panel.pixels())).sum();
    // one pixel that is no number is enough
    if !moments.sum.is_finite() {
        numbers::check(scene, &image, &resolved.description)?;
    }
    summarise(scene, &moments, seconds, messages);
    let mut recording = response::record_watched(image, &resolved.experiment.response, &Signals)?;
    check_recording(resolved, &recording, messages)?;
    if let Recording::Counts(counts) = &mut recording {
        response::flag_masked(counts, &resolved.experiment.detector);
    }
    let options = WriteOptions { picture: resolved.output.picture.clone(), pgm_scale: None };
    images::write(outputs, &recording, &resolved.metadata(), &options, messages)
}

/// Refuses a recording in which the detector makes no number of photons; says how many pixels are saturated.
fn check_recording(resolved: &Resolved, recording: &Recording, messages: Messages) -> bragg::Result<()> {
    let response = &resolved.experiment.response;
    if let Recording::Photons(counts) = recording
        && counts.pixels().any(|count| count.is_infinite())
    {
        let keys = ["noise.gain", "noise.adc_offset"];
        let (key, entry, _) = resolved
            .description
            .most_extreme(&keys)
            .ok_or_else(|| Error::setting(keys[0], "makes counts that are too large for single precision"))?;
        return Err(entry.origin.error(key, "makes counts that are too large for single precision"));
    }
    let Some(highest) = response.highest() else { return Ok(()) };
    let n = match recording {
        Recording::Counts(counts) => counts.pixels().filter(|&&count| f64::from(count) > highest).count(),
        Recording::Photons(_) if response.saturation.is_none() => 0,
        Recording::Photons(counts) => counts.pixels().filter(|&&count| f64::from(count) > highest).count(),
    };
    if n > 0 {
        messages.warning(format_args!(
            "{n} pixels have more than {highest} counts and are recorded as saturated, {}",
            highest + 1.0
        ));
    }
    Ok(())
}

fn summarise(scene: &Scene, moments: &Moments, seconds: f64, messages: Messages) {
    let sizes: Vec<_> = scene.panels.iter().map(|panel| format!("{} × {}", panel.n_fast, panel.n_slow)).collect();
    let size = match &sizes[..] {
        [size] => size.clone(),
        [first, ..] if sizes.iter().all(|size| size == first) => format!("{} panels of {first}", sizes.len()),
        _ => format!("{} panels", sizes.len()),
    };
    let Moments { sum: total, max, .. } = moments;
    messages.done(format_args!(
        "{size} pixels, each the sum of {} samples, in {seconds:.2} s: {total:.4e} photons, {max:.4e} in the brightest pixel",
        scene.n_steps().saturating_mul(scene.n_layers())
    ));
}
