//! `bragg refine`: from an experiment file and images to the experiment that explains them.

pub(crate) mod arguments;
mod checkpoint;
mod input;
mod report;
mod watch;

use crate::interrupt::Signals;
use crate::long_jobs;
use crate::messages::Messages;
use crate::render::on_threads;
use arguments::Refine;
use bragg::Error;
use bragg::refine::{Outcome, refine_from};
use bragg::scene::Scene;
use bragg_io::threads;
use checkpoint::Checkpoint;
use input::Task;
use std::path::Path;
use std::time::Instant;
use watch::Watch;

pub(crate) fn run(arguments: &Refine) -> anyhow::Result<()> {
    let messages = Messages { quiet: arguments.quiet };
    let n_threads = threads::allowed(arguments.threads.map(usize::from));
    let start = Instant::now();
    let task = on_threads(n_threads, || input::task(arguments, messages))??;
    report::check_outputs(arguments, &task)?;
    let mut work = 1;
    if let Some(first) = task.start.experiments.first() {
        let mut scene = Scene::watched(first, &Signals)?;
        work = threads::for_rendering(n_threads, &scene);
        // one iteration
        let times = long_jobs::WITH_DERIVATIVES * task.start.experiments.len() as f64;
        long_jobs::check(first, &mut scene, (times, work), arguments.yes, messages)?;
    }
    let outcome = on_threads(work, || solve(arguments, &task, messages))??;
    report::write(arguments, &task, &outcome, start.elapsed().as_secs_f64(), messages)
}

fn solve(arguments: &Refine, task: &Task, messages: Messages) -> anyhow::Result<Outcome> {
    let watch = Watch::new(task.model.names(), messages.quiet);
    let checkpoint = arguments.checkpoint.as_deref().map(|path| (path, checkpoint::digest(task)));
    let mut position = None;
    if let Some((path, digest)) = checkpoint.as_ref().filter(|(path, _)| path.exists()) {
        let checkpoint = Checkpoint::read(path)?;
        let (n_stages, n_iterations) = (checkpoint.stage, checkpoint.iteration);
        position = Some(checkpoint.position(path, task, digest)?);
        messages.note(format_args!(
            "going on from {} after {n_stages} stages of the start and {n_iterations} iterations",
            path.display()
        ));
    }
    let mut failed: Option<anyhow::Error> = None;
    let start = task.start.clone();
    let outcome = refine_from(&task.model, start, position, &task.settings, &watch, &mut |iteration, _, position| {
        watch.iteration(iteration);
        if let Some((path, digest)) = checkpoint.as_ref().filter(|_| failed.is_none()) {
            failed = Checkpoint::of(task, digest, iteration, &position()).write(path).err();
        }
    });
    drop(watch);
    match failed {
        Some(error) => Err(error),
        None => Ok(outcome.map_err(|error| as_flag(error, arguments))?),
    }
}

/// The error with the flag that a setting of the library has here.
fn as_flag(error: Error, arguments: &Refine) -> Error {
    match error {
        Error::Setting { key, given_in, what } if key == "start" => {
            Error::Setting { key: "--start".to_owned(), given_in, what }
        }
        Error::Setting { key, what, .. } if key == "checkpoint" => {
            Error::file(arguments.checkpoint.as_deref().unwrap_or(Path::new("")), None, what)
        }
        other => other,
    }
}
