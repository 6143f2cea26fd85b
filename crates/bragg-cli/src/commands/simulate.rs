//! `bragg simulate`: from an experiment file to images.

use crate::arguments::Simulate;
use crate::messages::{self, Messages};
use crate::progress::Progress;
use crate::render::{on_threads, render};
use crate::{images, interrupt, threads};
use bragg::Error;
use bragg::description::{self, Description, Origin, Resolved, Value};
use bragg::image::{Image, Moments};
use bragg::io::WriteOptions;
use bragg::response;
use bragg::scene::Scene;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(crate) fn run(arguments: &Simulate) -> anyhow::Result<()> {
    let messages = Messages { quiet: arguments.quiet };
    let n_threads = threads::allowed(arguments.threads.map(usize::from));
    let description = describe(arguments)?;
    let n_readers = threads::for_reading(n_threads, &description);
    let resolved = on_threads(n_readers, || description::resolve(description))??;
    if arguments.print_experiment {
        resolved.notices.iter().for_each(|notice| messages.note(notice));
        return print(resolved);
    }
    let outputs = outputs(arguments, &resolved)?;
    resolved.notices.iter().for_each(|notice| messages.note(notice));
    interrupt::watch();
    let start = Instant::now();
    let scene = Scene::new(&resolved.experiment);
    on_threads(threads::for_rendering(n_threads, &scene), || simulate(&resolved, &scene, &outputs, messages, start))?
}

/// What an experiment file and `--set` say.
pub(crate) fn describe_with(experiment: &Path, settings: &[String]) -> bragg::Result<Description> {
    let mut description = description::toml::read(experiment)?;
    for setting in settings {
        let (name, text) = setting.split_once('=').ok_or_else(|| {
            Error::setting("--set", format!("is {setting:?}; it must be KEY=VALUE, as detector.distance=100"))
        })?;
        description.set(name.trim(), text.trim(), Origin::Set)?;
    }
    Ok(description)
}

/// What the file and the command line say.
fn describe(arguments: &Simulate) -> bragg::Result<Description> {
    let mut description = describe_with(&arguments.experiment, &arguments.set)?;
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
fn outputs(arguments: &Simulate, resolved: &Resolved) -> bragg::Result<Vec<PathBuf>> {
    let mut outputs = resolved.output.files.clone();
    if outputs.is_empty() {
        outputs.push(images::default_output(&arguments.experiment));
    }
    let panels = &resolved.experiment.detector.panels;
    let sizes: Vec<_> = panels.iter().map(|panel| (panel.n_fast, panel.n_slow)).collect();
    let mut inputs: Vec<_> = images::input_files(&resolved.description).collect();
    inputs.push(&arguments.experiment);
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
    summarise(scene, &image, seconds, messages);
    let recording = response::record(image, &resolved.noise);
    let options = WriteOptions { picture: resolved.output.picture.clone(), pgm_scale: None };
    images::write(outputs, &recording, &resolved.metadata(), &options, messages)
}

fn summarise(scene: &Scene, image: &Image<f32>, seconds: f64, messages: Messages) {
    let sizes: Vec<_> = scene.panels.iter().map(|panel| format!("{} × {}", panel.n_fast, panel.n_slow)).collect();
    let size = match &sizes[..] {
        [size] => size.clone(),
        [first, ..] if sizes.iter().all(|size| size == first) => format!("{} panels of {first}", sizes.len()),
        _ => format!("{} panels", sizes.len()),
    };
    let Moments { sum: total, max, .. } = image.panels.iter().map(|panel| Moments::of_all(panel.pixels())).sum();
    messages.done(format_args!(
        "{size} pixels, each the sum of {} samples, in {seconds:.2} s: {total:.4e} photons, {max:.4e} in the brightest pixel",
        scene.n_steps() * scene.n_layers()
    ));
}
