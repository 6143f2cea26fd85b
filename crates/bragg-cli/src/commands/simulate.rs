//! `bragg simulate`: from an experiment file to images.

use crate::arguments::Simulate;
use crate::messages::{self, Messages};
use crate::progress::Progress;
use crate::render::{on_threads, render};
use crate::{images, interrupt};
use bragg::Error;
use bragg::description::{self, Description, Origin, Resolved, Value};
use bragg::image::Image;
use bragg::io::WriteOptions;
use bragg::response;
use bragg::scene::Scene;
use std::path::PathBuf;
use std::time::Instant;

pub(crate) fn run(arguments: &Simulate) -> anyhow::Result<()> {
    let messages = Messages { quiet: arguments.quiet };
    on_threads(arguments.threads.map_or(0, usize::from), || {
        let resolved = description::resolve(describe(arguments)?)?;
        if arguments.print_experiment {
            resolved.notices.iter().for_each(|notice| messages.note(notice));
            return print(resolved);
        }
        let outputs = outputs(arguments, &resolved)?;
        resolved.notices.iter().for_each(|notice| messages.note(notice));
        simulate(&resolved, &outputs, messages)
    })?
}

/// What the file and the command line say.
fn describe(arguments: &Simulate) -> bragg::Result<Description> {
    let mut description = description::toml::read(&arguments.experiment)?;
    for setting in &arguments.set {
        let (name, text) = setting.split_once('=').ok_or_else(|| {
            Error::setting("--set", format!("is {setting:?}; it must be KEY=VALUE, as detector.distance=100"))
        })?;
        description.set(name.trim(), text.trim(), Origin::Set)?;
    }
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

fn simulate(resolved: &Resolved, outputs: &[PathBuf], messages: Messages) -> anyhow::Result<()> {
    interrupt::watch();
    let start = Instant::now();
    let scene = Scene::new(&resolved.experiment);
    let n_pixels = scene.panels.iter().map(|panel| panel.n_fast as u64 * panel.n_slow as u64).sum();
    let image = {
        let progress = Progress::new(n_pixels, messages.quiet);
        render(&scene, &progress)?
    };
    let seconds = start.elapsed().as_secs_f64();
    let recording = response::record(&image, &resolved.noise);
    summarise(&scene, &image, seconds, messages);
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
    let (max, total) = image.pixels().fold((0f32, 0f64), |(max, sum), &x| (max.max(x), sum + f64::from(x)));
    messages.done(format_args!(
        "{size} pixels, each the sum of {} samples, in {seconds:.2} s: {total:.4e} photons, {max:.4e} in the brightest pixel",
        scene.n_steps() * scene.n_layers()
    ));
}
