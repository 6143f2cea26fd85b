//! A refinement that was cut off goes on from its checkpoint.

use super::input::Task;
use anyhow::Result;
use bragg::Error;
use bragg::description::print::to_toml;
use bragg::description::{self, resolve};
use bragg::experiment::Experiment;
use bragg::io::atomic;
use bragg::refine::{Iteration, State, describe};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// The state after an iteration.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// Stages of the start that were done.
    pub(super) stage: usize,
    /// Iterations of the stage after them that were done.
    pub(super) iteration: usize,
    /// The parameters, to recognise the task by.
    names: Vec<String>,
    /// How far each has moved.
    shifts: Vec<f64>,
    /// The experiment of each image, as TOML.
    experiments: Vec<String>,
    /// The amplitudes of the grid, where they are refined.
    amplitudes: Option<Vec<f64>>,
}

impl Checkpoint {
    /// Of an iteration of a refinement that had gone on after `n_stages` stages.
    pub(super) fn of(task: &Task, n_stages: usize, iteration: &Iteration, state: &State) -> Result<Self> {
        let described = task.descriptions.iter().zip(&state.experiments);
        let parameters = task.model.of_image();
        let experiments =
            described.map(|(before, experiment)| Ok(to_toml(&describe(before, experiment, &parameters)?)));
        let grid = state.experiments.first().and_then(|experiment| experiment.structure_factors.grid.as_ref());
        let amplitudes = grid.filter(|_| task.has_reflections()).map(|grid| grid.amplitudes.clone());
        Ok(Self {
            amplitudes,
            stage: n_stages + iteration.stage,
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
        let damaged = |what: &str| Error::file(path, None, format!("is damaged: {what}"));
        let experiment = |text: &String| -> Result<Experiment> {
            let mut experiment = resolve(description::toml::parse(text, path)?)?.experiment;
            if let (Some(grid), Some(amplitudes)) = (&mut experiment.structure_factors.grid, &self.amplitudes) {
                if grid.amplitudes.len() != amplitudes.len() {
                    return Err(damaged("its reflections are not those of the experiment").into());
                }
                Arc::make_mut(grid).amplitudes.clone_from(amplitudes);
            }
            Ok(experiment)
        };
        let experiments = self.experiments.iter().map(experiment).collect::<Result<_>>()?;
        let mut state = task.model.start(experiments)?;
        if self.shifts.len() != state.shifts.len() {
            return Err(damaged("not every parameter has a shift").into());
        }
        state.shifts = self.shifts;
        Ok(state)
    }
}
