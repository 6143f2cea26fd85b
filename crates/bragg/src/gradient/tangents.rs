//! How a scene changes with the parameters of its experiment: the chain rule outside the sum over samples.
//!
//! Dual numbers go through the very code that moves experiments ([`super::shift_all`]) and makes scenes
//! ([`crate::scene::Scene::new`]), so no derivative is written by hand here.

use super::parameter::Parameter;
use super::point::Point;
use crate::error::Result;
use crate::experiment::Experiment;
use crate::monitor::Unwatched;
use crate::scene::SceneTangent;

/// How the scene of an experiment changes with a parameter, per unit of the parameter.
///
/// # Errors
/// The image has no useful derivative with respect to it ([`Parameter::check`]).
pub fn tangent(experiment: &Experiment, parameter: &Parameter) -> Result<SceneTangent> {
    combination(experiment, &[*parameter], &[1.0])
}

/// How it changes with several parameters at once, along a direction in the space of their values.
///
/// # Errors
/// The image has no useful derivative with respect to one of them.
pub fn combination(experiment: &Experiment, parameters: &[Parameter], direction: &[f64]) -> Result<SceneTangent> {
    Point::here(experiment, parameters)?.tangent(direction, &Unwatched)
}

/// Whether a parameter changes the amplitudes of the grid.
pub(super) fn changes_amplitudes(experiment: &Experiment, parameter: &Parameter) -> bool {
    match parameter {
        Parameter::AmplitudeScale | Parameter::AmplitudeLogScale | Parameter::BFactor | Parameter::Intensity(_) => true,
        // the thermal factor depends on the spacing
        Parameter::Cell(_) | Parameter::RealSpace(..) => experiment.structure_factors.b_factor != 0.0,
        _ => false,
    }
}
