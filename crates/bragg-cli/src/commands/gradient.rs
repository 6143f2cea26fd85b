//! `bragg gradient`: derivatives of an experiment's image.

use super::simulate::describe_with;
use crate::arguments::Gradient;
use crate::interrupt::Signals;
use crate::messages::{self, Messages};
use crate::progress::Progress;
use crate::render::on_threads;
use crate::{images, long_jobs};
use bragg::Error;
use bragg::experiment::Experiment;
use bragg::gradient::{Derivatives, GROUPS, Parameter, derivative_images, parse_list};
use bragg::image::{Image, Recording};
use bragg::kernel::n_no_numbers;
use bragg::scene::Scene;
use bragg_io::description::{self, Known, Resolved};
use bragg_io::formats::png::{Binning, ColorMap, Limit, Scale, Style};
use bragg_io::formats::{Format, WriteOptions};
use bragg_io::{numbers, threads};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(crate) fn run(arguments: &Gradient) -> anyhow::Result<()> {
    let messages = Messages { quiet: arguments.quiet };
    let n_threads = threads::allowed(arguments.threads.map(usize::from));
    let description = describe_with(&arguments.experiment, &arguments.set)?;
    let n_readers = threads::for_reading(n_threads, &description);
    let known = Known { monitor: Some(&Signals), ..Known::default() };
    let (resolved, _) = on_threads(n_readers, || description::resolve_knowing(description, known))??;
    if arguments.list {
        return messages::print(list(&resolved.experiment).as_bytes());
    }
    let parameters = parse_list(&arguments.param.join(","), &resolved.experiment)?;
    if parameters.is_empty() {
        let what = "is missing: name parameters or groups, as --param cell,detector.distance (--list lists them)";
        return Err(Error::setting("--param", what).into());
    }
    let output = arguments.output.as_deref().unwrap_or(Path::new("gradient.npy"));
    let files = files(arguments, &resolved, output, &parameters)?;
    let experiment = &resolved.experiment;
    let mut scene = Scene::watched(experiment, &Signals)?;
    let n_workers = threads::for_rendering(n_threads, &scene);
    long_jobs::check(experiment, &mut scene, (long_jobs::WITH_DERIVATIVES, n_workers), arguments.yes, messages)?;
    drop(scene);
    resolved.notices.iter().chain(&resolved.choice).for_each(|notice| messages.note(notice));
    on_threads(n_workers, || differentiate(&resolved, &parameters, &files, messages))?
}

/// Every parameter of an experiment and every group.
fn list(experiment: &Experiment) -> String {
    let mut text = String::new();
    for parameter in Parameter::of(experiment) {
        let value = parameter.value(experiment).map(number).unwrap_or_default();
        // writing to a String cannot fail
        let _ = writeln!(text, "{:40} {value:>16} {:12} {}", parameter.name(), parameter.unit(), parameter.meaning());
    }
    if experiment.structure_factors.grid.is_some() {
        let reflection = Parameter::Intensity([1, 2, 3]);
        let _ =
            writeln!(text, "{:40} {:>16} {:12} {}", reflection.name(), "…", reflection.unit(), reflection.meaning());
    }
    let _ = writeln!(text, "\nGroups:");
    for (name, meaning) in GROUPS {
        let _ = writeln!(text, "{name:40} {meaning}");
    }
    text
}

/// Six digits behind the point; very large and very small numbers by powers of ten.
fn number(value: f64) -> String {
    if value == 0.0 || (1e-4..1e6).contains(&value.abs()) { format!("{value:.6}") } else { format!("{value:.6e}") }
}

/// The files to write: one for all, or one for each parameter.
fn files(
    arguments: &Gradient,
    resolved: &Resolved,
    output: &Path,
    parameters: &[Parameter],
) -> bragg::Result<Vec<PathBuf>> {
    let panels = resolved.experiment.detector.panels.iter().map(|panel| (panel.n_fast, panel.n_slow));
    let mut sizes: Vec<_> = panels.collect();
    let files = match Format::from_path(output)? {
        Format::Npy => {
            sizes = sizes.repeat(parameters.len());
            vec![output.to_owned()]
        }
        Format::Png | Format::Tiff | Format::Raw => {
            let extension = output.extension().unwrap_or_default().to_string_lossy();
            let stem = output.file_stem().unwrap_or_default().to_string_lossy();
            let name = |parameter: &Parameter| output.with_file_name(format!("{stem}.{parameter}.{extension}"));
            parameters.iter().map(name).collect()
        }
        Format::Smv | Format::Cbf | Format::Pgm => {
            let what =
                "the format holds counts, but derivatives have fractions and signs; use .npy, .tif, .bin or .png";
            return Err(Error::file(output, None, what));
        }
    };
    let mut inputs: Vec<_> = images::input_files(&resolved.description).collect();
    inputs.push(&arguments.experiment);
    images::check_outputs(&files, &sizes, &inputs)?;
    Ok(files)
}

fn differentiate(
    resolved: &Resolved,
    parameters: &[Parameter],
    files: &[PathBuf],
    messages: Messages,
) -> anyhow::Result<()> {
    let start = Instant::now();
    let experiment = &resolved.experiment;
    let n_pixels = experiment.detector.panels.iter().map(|panel| panel.n_fast as u64 * panel.n_slow as u64).sum();
    let Derivatives { image, derivatives } = {
        let progress = Progress::new(n_pixels, messages.quiet);
        derivative_images(experiment, parameters, &progress)?
    };
    if n_no_numbers(&image) > 0 {
        numbers::check(&Scene::watched(experiment, &Signals)?, &image, &resolved.description)?;
    }
    drop(image);
    let seconds = start.elapsed().as_secs_f64();
    messages.done(format_args!("{} derivatives of {n_pixels} pixels in {seconds:.2} s", parameters.len()));
    for (parameter, image) in parameters.iter().zip(&derivatives) {
        if image.pixels().all(|&derivative| derivative == 0.0) {
            messages.warning(format_args!("{parameter} changes nothing in this image"));
        }
    }
    let metadata = resolved.metadata();
    // the image is one of counts
    let gain = experiment.response.gain;
    let single = |image: Image<f64>| image.map(|&derivative| (derivative * gain) as f32);
    let images: Vec<Image<f32>> = if files.len() == parameters.len() {
        derivatives.into_iter().map(single).collect()
    } else {
        vec![Image { panels: derivatives.into_iter().flat_map(|image| single(image).panels).collect() }]
    };
    for (i, image) in images.iter().enumerate() {
        let n = n_no_numbers(image);
        if n > 0 {
            let of = if images.len() == parameters.len() { parameters[i].name() } else { "the parameters".to_owned() };
            messages.warning(format_args!(
                "{n} derivatives with respect to {of} are no numbers, or too large for single precision"
            ));
        }
    }
    for (file, image) in files.iter().zip(images) {
        let options = WriteOptions { picture: picture(&image), pgm_scale: None };
        images::write(std::slice::from_ref(file), &Recording::Photons(image), &metadata, &options, messages)?;
    }
    Ok(())
}

/// A picture on which 0 is in the middle of the colours and all but the brightest ten thousandth of the pixels is within them.
fn picture(image: &Image<f32>) -> Style {
    let mut sizes: Vec<f32> = image.pixels().map(|derivative| derivative.abs()).collect();
    let place = (sizes.len().saturating_sub(1) as f64 * 0.9999) as usize;
    let top = if sizes.is_empty() { 0.0 } else { f64::from(*sizes.select_nth_unstable_by(place, f32::total_cmp).1) };
    let top = if top > 0.0 { top } else { 1.0 };
    Style {
        scale: Scale::Linear,
        low: Limit::Value(-top),
        high: Limit::Value(top),
        color_map: ColorMap::BlueRed,
        binning: Binning::Mean,
        ..Style::default()
    }
}
