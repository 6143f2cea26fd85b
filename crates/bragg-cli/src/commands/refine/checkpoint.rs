//! A refinement that was cut off goes on from its checkpoint.

use super::input::Task;
use anyhow::Result;
use bragg::Error;
use bragg::description::print::to_toml;
use bragg::description::{self, resolve};
use bragg::io::atomic;
use bragg::refine::{Iteration, State, describe};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The state after an iteration.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// Iterations that were done.
    pub(super) iteration: usize,
    /// The parameters, to recognise the task by.
    names: Vec<String>,
    /// How far each has moved.
    shifts: Vec<f64>,
    /// The experiment of each image, as TOML.
    experiments: Vec<String>,
}

impl Checkpoint {
    pub(super) fn of(task: &Task, iteration: &Iteration, state: &State) -> Result<Self> {
        let described = task.descriptions.iter().zip(&state.experiments);
        let parameters = task.model.of_image();
        let experiments =
            described.map(|(before, experiment)| Ok(to_toml(&describe(before, experiment, &parameters)?)));
        Ok(Self {
            iteration: iteration.number,
            names: task.model.names(),
            shifts: state.shifts.clone(),
            experiments: experiments.collect::<Result<_>>()?,
        })
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_vec(self)?;
        Ok(atomic::write(path, |w| w.write_all(&text))?)
    }

    pub(super) fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|error| Error::io("read", path, error))?;
        let unreadable = |error| Error::file(path, None, format!("is no checkpoint of bragg refine: {error}"));
        Ok(serde_json::from_slice(&bytes).map_err(unreadable)?)
    }

    /// The state to go on from.
    pub(super) fn state(self, path: &Path, task: &Task) -> Result<State> {
        if self.names != task.model.names() || self.experiments.len() != task.descriptions.len() {
            let what = format!(
                "is of another refinement, of {} in {} images; remove it to start anew",
                self.names.join(", "),
                self.experiments.len()
            );
            return Err(Error::file(path, None, what).into());
        }
        let experiment = |text: &String| Ok(resolve(description::toml::parse(text, path)?)?.experiment);
        let experiments = self.experiments.iter().map(experiment).collect::<Result<_>>()?;
        let mut state = task.model.start(experiments)?;
        if self.shifts.len() != state.shifts.len() {
            return Err(Error::file(path, None, "is damaged: not every parameter has a shift").into());
        }
        state.shifts = self.shifts;
        Ok(state)
    }
}
