//! A refinement that was cut off goes on from its checkpoint, and ends where it would have ended.

use super::input::Task;
use anyhow::Result;
use bragg::Error;
use bragg::experiment::Experiment;
use bragg::refine::{Iteration, LargeReached, Move, Position, Reached, State, Within};
use bragg_io::formats::atomic;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt::{self, Write as _};
use std::path::Path;

/// Raised whenever a checkpoint means something else, or the fit goes another way.
const VERSION: u32 = 2;

/// The state after an iteration.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    version: u32,
    /// Stages of the start that were done.
    pub(super) stage: usize,
    /// Iterations of the stage after them that were done.
    pub(super) iteration: usize,
    /// The parameters, for people and to recognise the task by.
    names: Vec<String>,
    /// The images, the experiments and the settings, by a digest.
    task: String,
    /// The loss, for people.
    loss: Numbers,
    /// The parameters, for people.
    values: Numbers,
    before: Vec<SavedMove>,
    within: SavedWithin,
}

/// Numbers as text, each so that it is read back to the last bit, whatever it is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Numbers(String);

impl Numbers {
    fn of(numbers: &[f64]) -> Self {
        let mut text = String::new();
        for (i, number) in numbers.iter().enumerate() {
            // writing to a String cannot fail
            let _ = write!(text, "{}{number:?}", if i == 0 { "" } else { " " });
        }
        Self(text)
    }

    fn read(&self) -> Option<Vec<f64>> {
        self.0.split_whitespace().map(|word| word.parse().ok()).collect()
    }

    fn exactly<const N: usize>(&self) -> Option<[f64; N]> {
        self.read()?.try_into().ok()
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedMove {
    Turn(Numbers),
    Step(Numbers),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedWithin {
    Small {
        steps: Vec<Numbers>,
        /// Damping and growth.
        damping: Numbers,
        weights: Numbers,
        iterations: Vec<SavedIteration>,
    },
    Large {
        x: Numbers,
        gradient: Numbers,
        losses: Numbers,
        /// Steps, changes of the gradient, and 1/product.
        pairs: Vec<[Numbers; 3]>,
        iterations: Vec<SavedIteration>,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedIteration {
    taken: bool,
    /// Loss, predicted fall and damping.
    numbers: Numbers,
    values: Numbers,
}

impl Checkpoint {
    /// Of an iteration of a refinement.
    pub(super) fn of(task: &Task, digest: &str, iteration: &Iteration, position: &Position) -> Self {
        let step = |one: &Move| match one {
            Move::Turn(turn) => SavedMove::Turn(Numbers::of(turn)),
            Move::Step(step) => SavedMove::Step(Numbers::of(step)),
        };
        let within = match &position.within {
            Within::Small(reached) => SavedWithin::Small {
                steps: reached.steps.iter().map(|step| Numbers::of(step)).collect(),
                damping: Numbers::of(&[reached.damping, reached.growth]),
                weights: Numbers::of(&reached.weights),
                iterations: reached.iterations.iter().map(saved).collect(),
            },
            Within::Large(reached, iterations) => SavedWithin::Large {
                x: Numbers::of(&reached.x),
                gradient: Numbers::of(&reached.gradient),
                losses: Numbers::of(&reached.losses),
                pairs: reached.pairs.iter().map(|(s, y, rho)| [&s[..], y, &[*rho]].map(Numbers::of)).collect(),
                iterations: iterations.iter().map(saved).collect(),
            },
        };
        Self {
            version: VERSION,
            stage: position.stage,
            iteration: position.n_iterations(),
            names: task.model.names(),
            task: digest.to_owned(),
            loss: Numbers::of(&[iteration.loss]),
            values: Numbers::of(&iteration.values),
            before: position.before.iter().map(step).collect(),
            within,
        }
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_vec(self)?;
        Ok(atomic::write(path, |w| w.write_all(&text))?)
    }

    /// # Errors
    /// The file cannot be read, or is no checkpoint of this version.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|error| Error::io("read", path, error))?;
        let unreadable = |error| Error::file(path, None, format!("is no checkpoint of bragg refine: {error}"));
        let any: serde_json::Value = serde_json::from_slice(&bytes).map_err(unreadable)?;
        let is_checkpoint = ["names", "stage", "iteration"].iter().all(|key| any.get(key).is_some());
        if is_checkpoint && any.get("version").and_then(serde_json::Value::as_u64) != Some(VERSION.into()) {
            let what =
                "is a checkpoint of another version of bragg, which fits in another way; remove it to start anew";
            return Err(Error::file(path, None, what).into());
        }
        Ok(serde_json::from_value(any).map_err(unreadable)?)
    }

    /// The position to go on from.
    ///
    /// # Errors
    /// It is of another task, or damaged.
    pub(super) fn position(self, path: &Path, task: &Task, digest: &str) -> Result<Position> {
        if self.names != task.model.names() {
            let what = format!("is of another refinement, of {}; remove it to start anew", self.names.join(", "));
            return Err(Error::file(path, None, what).into());
        }
        if self.task != digest {
            let what = "is of another refinement: the experiment, the images or what is asked for have changed; remove it to start anew";
            return Err(Error::file(path, None, what).into());
        }
        let stage = self.stage;
        let position = || {
            let before = self.before.iter().map(|one| {
                Some(match one {
                    SavedMove::Turn(turn) => Move::Turn(turn.exactly()?),
                    SavedMove::Step(step) => Move::Step(step.read().filter(|step| step.len() == self.names.len())?),
                })
            });
            Some(Position { stage, before: before.collect::<Option<_>>()?, within: within(&self.within, &self.names)? })
        };
        Ok(position().ok_or_else(|| Error::file(path, None, "is damaged; remove it to start anew"))?)
    }
}

fn saved(iteration: &Iteration) -> SavedIteration {
    let Iteration { loss, predicted_fall, damping, taken, values, .. } = iteration;
    SavedIteration {
        taken: *taken,
        numbers: Numbers::of(&[*loss, *predicted_fall, *damping]),
        values: Numbers::of(values),
    }
}

fn iterations(saved: &[SavedIteration]) -> Option<Vec<Iteration>> {
    let iteration = |(number, SavedIteration { taken, numbers, values }): (usize, &SavedIteration)| {
        let [loss, predicted_fall, damping] = numbers.exactly()?;
        Some(Iteration { stage: 0, number, loss, predicted_fall, damping, taken: *taken, values: values.read()? })
    };
    let all: Vec<Iteration> = saved.iter().enumerate().map(iteration).collect::<Option<_>>()?;
    (!all.is_empty()).then_some(all)
}

fn within(saved: &SavedWithin, names: &[String]) -> Option<Within> {
    let of_all = |numbers: &Numbers| numbers.read().filter(|numbers| numbers.len() == names.len());
    Some(match saved {
        SavedWithin::Small { steps, damping, weights, iterations: done } => {
            let [damping, growth] = damping.exactly()?;
            let steps = steps.iter().map(of_all).collect::<Option<_>>()?;
            Within::Small(Reached { steps, damping, growth, weights: of_all(weights)?, iterations: iterations(done)? })
        }
        SavedWithin::Large { x, gradient, losses, pairs, iterations: done } => {
            let pair = |[s, y, rho]: &[Numbers; 3]| {
                let [rho] = rho.exactly()?;
                Some((s.read()?, y.read()?, rho))
            };
            let pairs = pairs.iter().map(pair).collect::<Option<_>>()?;
            let reached = LargeReached { x: x.read()?, gradient: gradient.read()?, losses: losses.read()?, pairs };
            Within::Large(reached, iterations(done)?)
        }
    })
}

/// A digest of all that decides where the fit goes: the start, the images and the settings, the numbers of iterations left out.
pub(super) fn digest(task: &Task) -> String {
    struct Digest(Sha256);
    impl fmt::Write for Digest {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.update(text);
            Ok(())
        }
    }
    let mut digest = Digest(Sha256::new());
    let settings = &task.settings;
    // writing to a digest cannot fail
    let _ = write!(digest, "{:?} {:?} {:?} {:?}", task.model.names(), task.loss, settings.start, settings.priors);
    let State { experiments, .. } = &task.start;
    for experiment in experiments {
        let mut plain: Experiment = experiment.clone();
        plain.detector.panels.iter_mut().for_each(|panel| panel.mask = None);
        let _ = write!(digest, "{plain:?}");
    }
    for image in task.model.images() {
        for (photons, used) in image.photons.iter().zip(&image.used) {
            for (photons, used) in photons.iter().zip(used.iter()) {
                digest.0.update(if *used { photons.to_le_bytes() } else { f64::NAN.to_le_bytes() });
            }
        }
    }
    digest.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
