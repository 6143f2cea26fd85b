//! How far a refinement is, so that one that was cut off can go on as if it had not been.
//!
//! What is kept are the moves from the start: made again, they lead to the same experiments, bit for bit, which no description of the
//! experiments would.

use super::experiments::{Experiments, State};
use super::lbfgs::LargeReached;
use super::levenberg::{Iteration, Reached};
use super::model::Model as _;
use super::search;
use crate::error::{Error, Result};
use crate::math::Vec3;

/// A move through the space of the parameters.
#[derive(Debug, Clone, PartialEq)]
pub enum Move {
    /// All crystals turned by a rotation vector (deg).
    Turn([f64; 3]),
    /// The parameters changed by so much.
    Step(Vec<f64>),
}

/// How far a refinement is.
#[derive(Debug, Clone, PartialEq)]
pub struct Position {
    /// Stages of the start that are done.
    pub stage: usize,
    /// From the start of the refinement to where the stage began.
    pub before: Vec<Move>,
    /// How far the stage is.
    pub within: Within,
}

/// How far a stage, or the fit after all of them, is.
#[derive(Debug, Clone, PartialEq)]
pub enum Within {
    /// Of a fit by least squares.
    Small(Reached),
    /// Of one of many reflections, with the iterations that were told.
    Large(LargeReached, Vec<Iteration>),
}

impl Position {
    /// The iterations that are done of the stage.
    #[must_use]
    pub fn n_iterations(&self) -> usize {
        let iterations = match &self.within {
            Within::Small(reached) => &reached.iterations,
            Within::Large(_, iterations) => iterations,
        };
        iterations.len().saturating_sub(1)
    }
}

/// Where moves lead from a start.
pub(super) fn moved(model: &Experiments, start: State, moves: &[Move]) -> Result<State> {
    moves.iter().try_fold(start, |state, one| match one {
        Move::Turn(turn) => Ok(search::turned(model, &state, Vec3(*turn))),
        Move::Step(step) => model.shifted(&state, step)?.ok_or_else(lost),
    })
}

/// What is said where a position is not one of this refinement.
pub(super) fn lost() -> Error {
    Error::setting("checkpoint", "is not of this refinement: its steps lead nowhere")
}
