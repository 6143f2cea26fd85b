//! `bragg refine`: from an experiment file and images to the experiment that explains them.

pub(crate) mod arguments;
mod checkpoint;
mod input;
mod report;
mod watch;

use crate::messages::Messages;
use crate::render::on_threads;
use crate::{interrupt, threads};
use arguments::Refine;
use bragg::Error;
use bragg::refine::{Model as _, Outcome, State, refine};
use bragg::scene::Scene;
use checkpoint::Checkpoint;
use input::Task;
use std::time::Instant;
use watch::Watch;

pub(crate) fn run(arguments: &Refine) -> anyhow::Result<()> {
    let messages = Messages { quiet: arguments.quiet };
    let n_threads = threads::allowed(arguments.threads.map(usize::from));
    interrupt::watch();
    let start = Instant::now();
    let task = on_threads(n_threads, || input::task(arguments, messages))??;
    report::check_outputs(arguments, &task)?;
    let work = task
        .start
        .experiments
        .first()
        .map_or(1, |experiment| threads::for_rendering(n_threads, &Scene::new(experiment)));
    let outcome = on_threads(work, || solve(arguments, &task, messages))??;
    report::write(arguments, &task, &outcome, start.elapsed().as_secs_f64(), messages)
}

fn solve(arguments: &Refine, task: &Task, messages: Messages) -> anyhow::Result<Outcome> {
    let watch = Watch::new(task.model.names(), messages.quiet);
    let mut state = task.start.clone();
    let mut settings = task.settings.clone();
    let mut n_stages = 0;
    if let Some(path) = arguments.checkpoint.as_deref().filter(|path| path.exists()) {
        let checkpoint = Checkpoint::read(path)?;
        n_stages = checkpoint.stage;
        settings.start = settings.start.after(n_stages);
        messages.note(format_args!(
            "going on from {} after {n_stages} stages of the start and {} iterations",
            path.display(),
            checkpoint.iteration
        ));
        state = checkpoint.state(path, task)?;
    }
    let mut failed = None;
    let outcome = refine(&task.model, state, &settings, &watch, &mut |iteration, state: &State| {
        watch.iteration(iteration);
        if let Some(path) = &arguments.checkpoint {
            let checkpoint = Checkpoint::of(task, n_stages, iteration, state);
            failed = failed.take().or(checkpoint.and_then(|checkpoint| checkpoint.write(path)).err());
        }
    });
    drop(watch);
    if let Some(error) = failed {
        return Err(error);
    }
    let mut outcome = outcome.map_err(as_flag)?;
    // of the whole refinement, not of what came after a checkpoint
    for (parameter, start) in outcome.parameters.iter_mut().zip(task.model.values(&task.start)) {
        parameter.start = start;
    }
    Ok(outcome)
}

/// The error with the flag that a setting of the library has here.
fn as_flag(error: Error) -> Error {
    match error {
        Error::Setting { key, given_in, what } if key == "start" => {
            Error::Setting { key: "--start".to_owned(), given_in, what }
        }
        other => other,
    }
}
