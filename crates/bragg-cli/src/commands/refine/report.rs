//! What `bragg refine` found: a table, files, and what the user should know.

use super::arguments::Refine;
use super::input::Task;
use crate::images;
use crate::interrupt::Signals;
use crate::messages::{self, Messages};
use anyhow::Result;
use bragg::image::{Image, Recording};
use bragg::refine::{Ended, Loss, Outcome, Refined, poisson_log_probability};
use bragg_io::description::print::to_toml;
use bragg_io::description::refined::{describe, describe_reflections};
use bragg_io::formats::png::{Limit, Scale, Style};
use bragg_io::formats::{self, WriteOptions, atomic, hkl};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The files to write, one for each image where images have parameters of their own.
fn numbered(path: &Path, i: usize, n: usize) -> PathBuf {
    if n < 2 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}_{}{extension}", i + 1))
}

fn experiment_path(arguments: &Refine) -> PathBuf {
    let stem = arguments.experiment.file_stem().unwrap_or_default().to_string_lossy();
    arguments.output.clone().unwrap_or_else(|| format!("{stem}_refined.toml").into())
}

fn experiment_files(arguments: &Refine, task: &Task) -> Vec<PathBuf> {
    let path = experiment_path(arguments);
    let apart = !arguments.each.trim().is_empty() || !arguments.also.is_empty();
    let n = if apart { task.descriptions.len() } else { 1 };
    (0..n).map(|i| numbered(&path, i, n)).collect()
}

/// Where refined reflections go.
fn reflection_file(arguments: &Refine, task: &Task) -> Option<PathBuf> {
    task.has_reflections().then(|| experiment_path(arguments).with_extension("hkl"))
}

fn residual_files(arguments: &Refine, task: &Task) -> Vec<PathBuf> {
    let n = task.descriptions.len();
    arguments.residual.iter().flat_map(|path| (0..n).map(move |i| numbered(path, i, n))).collect()
}

/// Checks, before the work, that every file can be written.
pub(super) fn check_outputs(arguments: &Refine, task: &Task) -> Result<()> {
    let mut outputs = experiment_files(arguments, task);
    outputs.extend(arguments.json.clone());
    outputs.extend(arguments.checkpoint.clone());
    outputs.extend(reflection_file(arguments, task));
    for path in &outputs {
        atomic::check(path)?;
    }
    let residuals = residual_files(arguments, task);
    for (path, experiment) in residuals.iter().zip(&task.start.experiments) {
        let sizes: Vec<_> = experiment.detector.panels.iter().map(|panel| (panel.n_fast, panel.n_slow)).collect();
        formats::check_output(path, &sizes)?;
    }
    outputs.extend(residuals);
    let mut inputs: Vec<&Path> = task.inputs.iter().map(PathBuf::as_path).collect();
    inputs.extend(task.descriptions.iter().flat_map(images::input_files));
    Ok(images::check_apart(&outputs, &inputs)?)
}

/// Writes everything and prints the table.
pub(super) fn write(
    arguments: &Refine,
    task: &Task,
    outcome: &Outcome,
    seconds: f64,
    messages: Messages,
) -> Result<()> {
    warn(outcome, messages);
    let parameters = task.model.of_image();
    let mut written = Vec::new();
    let reflections = reflection_file(arguments, task);
    let first = outcome.state.experiments.first();
    if let (Some(path), Some(grid)) = (&reflections, first.and_then(|first| first.structure_factors.grid.as_ref())) {
        atomic::write(path, |w| hkl::write(&grid.to_reflections().list, w))?;
    }
    let described = task.descriptions.iter().zip(&outcome.state.experiments);
    for (path, (before, experiment)) in experiment_files(arguments, task).into_iter().zip(described) {
        let mut description = describe(before, experiment, &parameters)?;
        if let Some(name) = reflections.as_deref().and_then(Path::file_name) {
            describe_reflections(&mut description, experiment, Path::new(name))?;
        }
        let text = to_toml(&description);
        atomic::write(&path, |w| w.write_all(text.as_bytes()))?;
        written.push(path);
    }
    written.extend(reflections);
    let modelled = task.model.modelled(&outcome.state, &Signals)?;
    if let Some(path) = &arguments.json {
        let text = serde_json::to_vec_pretty(&as_json(task, outcome, &modelled, seconds))?;
        atomic::write(path, |w| w.write_all(&text).and_then(|()| w.write_all(b"\n")))?;
        written.push(path.clone());
    }
    for (i, path) in residual_files(arguments, task).into_iter().enumerate() {
        let picture =
            Style { scale: Scale::Linear, low: Limit::Value(-5.0), high: Limit::Value(5.0), ..Style::default() };
        let options = WriteOptions { picture, pgm_scale: None };
        formats::write_recording(&path, &residual(task, i, &modelled[i]), &task.metadata[i], &options)?;
        written.push(path);
    }
    let names: Vec<_> = written.iter().map(|path| path.display().to_string()).collect();
    messages.done(format_args!("wrote {}", names.join(", ")));
    messages::print(table(outcome, seconds).as_bytes())
}

/// Parameters that a warning names, at most.
const NAMED: usize = 10;

fn warn(outcome: &Outcome, messages: Messages) {
    for set in &outcome.degenerate {
        match &set[..] {
            [one] => messages
                .warning(format_args!("{one} has no effect on the image at the end: the data do not say its value")),
            many => messages.warning(format_args!(
                "{} cannot be told apart: they can change together without any effect; hold or restrain one of them",
                many.join(", ")
            )),
        }
    }
    for (a, b, r) in &outcome.correlated {
        messages.note(format_args!("{a} and {b} are correlated by {r:.3}"));
    }
    if !outcome.unseen.is_empty() {
        let names: Vec<&str> = outcome.unseen.iter().take(NAMED).map(String::as_str).collect();
        let more = outcome.unseen.len() - names.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        messages.warning(format_args!(
            "{}{more} have next to no effect on the pixels that are used; they stay as they were",
            names.join(", ")
        ));
    }
    if !outcome.undetermined.is_empty() {
        messages.warning(format_args!(
            "the data hardly tell {}: see the e.s.d.; nothing is known by such a fit",
            outcome.undetermined.join(", ")
        ));
    }
    let at_bound: Vec<&Refined> = outcome.parameters.iter().filter(|parameter| parameter.at_bound).collect();
    for parameter in at_bound.iter().take(NAMED) {
        messages.warning(format_args!("{} ended at its bound {}", parameter.name, parameter.value));
    }
    if at_bound.len() > NAMED {
        messages.warning(format_args!("{} more ended at their bounds", at_bound.len() - NAMED));
    }
    outcome.doubts.iter().for_each(|doubt| messages.warning(doubt));
    match outcome.ended {
        Ended::Converged => {}
        Ended::Implausible => {
            messages
                .warning("no step lowers the loss any further, but this is no answer: start from elsewhere (--start)");
        }
        Ended::Stalled => messages.warning(
            "no step lowers the loss any further, although one is expected to; the start may be too far away (--start)",
        ),
        Ended::Iterations => messages.warning("the iterations ran out before the fit converged (--iterations)"),
    }
}

fn ended(ended: Ended) -> &'static str {
    match ended {
        Ended::Converged => "converged",
        Ended::Implausible => "implausible",
        Ended::Stalled => "stalled",
        Ended::Iterations => "out of iterations",
    }
}

/// Rows of the table, at most; reflections beyond are counted.
const ROWS: usize = 100;

fn table(outcome: &Outcome, seconds: f64) -> String {
    let is_reflection = |parameter: &&Refined| parameter.name.starts_with("crystal.structure_factors.f2[");
    let (n, n_reflections) = (outcome.parameters.len(), outcome.parameters.iter().filter(is_reflection).count());
    let shown = outcome.parameters.iter().filter(|parameter| n <= ROWS || !is_reflection(parameter));
    let width = shown.clone().map(|parameter| parameter.name.chars().count()).max().unwrap_or(0).max(9);
    let mut text = format!("{:width$}  {:>16}  {:>14}  {:>10}  unit\n", "parameter", "value", "shift", "e.s.d.");
    for Refined { name, unit, start, value, esd, .. } in shown {
        // writing to a String cannot fail
        let _ = writeln!(text, "{name:width$}  {value:>16.8}  {:>14.8}  {esd:>10.2e}  {unit}", value - start);
    }
    if n > ROWS && n_reflections > 0 {
        let n_refined = n_reflections - outcome.unseen.len();
        let _ = writeln!(text, "{n_refined} of {n_reflections} reflections refined (--json has all)");
    }
    let _ = writeln!(
        text,
        "{} after {} iterations and {seconds:.2} s: loss {:.8e} over {} pixels",
        ended(outcome.ended),
        outcome.iterations.len() - 1,
        outcome.loss,
        outcome.n_pixels
    );
    text
}

fn number(x: f64) -> Value {
    if x.is_finite() { json!(x) } else { Value::Null }
}

fn as_json(task: &Task, outcome: &Outcome, modelled: &[Image<f64>], seconds: f64) -> Value {
    let parameter = |p: &Refined| {
        json!({
            "name": p.name, "unit": p.unit, "start": number(p.start), "value": number(p.value),
            "shift": number(p.value - p.start), "esd": number(p.esd), "at_bound": p.at_bound,
        })
    };
    let iteration = |i: &bragg::refine::Iteration| json!({ "number": i.number, "loss": number(i.loss), "damping": i.damping, "taken": i.taken, "values": i.values });
    let likelihood = (task.loss == Loss::Poisson).then(|| log_likelihood(task, modelled));
    json!({
        "ended": ended(outcome.ended),
        "doubts": outcome.doubts,
        "seconds": seconds,
        "pixels": outcome.n_pixels,
        "loss": number(outcome.loss),
        "log_likelihood": likelihood.map(number),
        "parameters": outcome.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "correlated": outcome.correlated.iter().map(|(a, b, r)| json!([a, b, r])).collect::<Vec<_>>(),
        "degenerate": outcome.degenerate,
        "unseen": outcome.unseen,
        "undetermined": outcome.undetermined,
        "iterations": outcome.iterations.iter().map(iteration).collect::<Vec<_>>(),
    })
}

/// Each used pixel of an image: its place, observed and modelled photons.
fn pixels<'a>(task: &'a Task, i: usize, modelled: &'a Image<f64>) -> impl Iterator<Item = Option<(f64, f64)>> + 'a {
    let image = &task.model.images()[i];
    image.photons.iter().zip(&image.used).zip(&modelled.panels).flat_map(|((photons, used), panel)| {
        let pixels = photons.iter().zip(used.iter()).zip(panel.pixels());
        pixels.map(|((&observed, &used), &modelled)| used.then_some((observed, modelled)))
    })
}

fn log_likelihood(task: &Task, modelled: &[Image<f64>]) -> f64 {
    let image = |(i, modelled): (usize, &Image<f64>)| -> f64 {
        pixels(task, i, modelled)
            .flatten()
            .map(|(observed, modelled)| poisson_log_probability(observed, modelled))
            .sum()
    };
    modelled.iter().enumerate().map(image).sum()
}

/// (observed − modelled)/σ; 0 where a pixel is not used.
fn residual(task: &Task, i: usize, modelled: &Image<f64>) -> Recording {
    let mut residuals = pixels(task, i, modelled).map(|pixel| {
        let Some((observed, modelled)) = pixel else { return 0.0 };
        (observed - modelled) * task.loss.of(observed, modelled).information.sqrt()
    });
    Recording::Photons(modelled.map(|_| residuals.next().unwrap_or(0.0) as f32))
}
