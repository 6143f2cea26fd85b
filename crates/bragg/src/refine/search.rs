//! Trying orientations.

use super::coarse::{Coarse, Coarseness};
use super::experiments::{Experiments, State};
use super::loss::Loss;
use super::model::Model;
use crate::error::Result;
use crate::gradient::Parameter;
use crate::kernel::Monitor;
use crate::math::{Mat3, Vec3};

/// Orientations that are tried at most.
const MOST: usize = 4000;

/// The rotation vector (deg), of up to `reach` about any axis, that turns the state to where its coarse images are most like the data. The steps are so small
/// that a spot at the edge of what is looked at moves by less than its blurred width from one to the next.
///
/// # Errors
/// The images cannot be computed, or the monitor stops it.
pub(super) fn orientation(
    model: &Experiments,
    start: &State,
    reach: f64,
    coarseness: Coarseness,
    monitor: &dyn Monitor,
) -> Result<Option<Vec3>> {
    let coarse = Coarse::new(model, start, Loss::SquareRoot, coarseness);
    let step = step_size(start, coarseness).max(reach / (MOST as f64 * 3.0 / 4.0 / std::f64::consts::PI).cbrt());
    let n = (reach / step).ceil() as i32;
    let mut best = (coarse.correlation(start, monitor)?, None);
    for x in -n..=n {
        for y in -n..=n {
            for z in -n..=n {
                let turn = Vec3::new(f64::from(x), f64::from(y), f64::from(z)) * step;
                if turn.norm() > reach || turn.norm() == 0.0 {
                    continue;
                }
                let alike = coarse.correlation(&turned(model, start, turn), monitor)?;
                if alike > best.0 {
                    best = (alike, Some(turn));
                }
            }
        }
    }
    Ok(best.1)
}

/// Degrees by which a turn moves a spot at the edge of what is looked at by the blur's width.
fn step_size(state: &State, coarseness: Coarseness) -> f64 {
    let Some(panel) = state.experiments.first().and_then(|experiment| experiment.detector.panels.first()) else {
        return 1.0;
    };
    let width = 2.0 * coarseness.blur.max(1.0) * panel.pixel_size;
    (width / panel.close_distance().abs().max(panel.pixel_size)).atan().to_degrees()
}

/// The crystals of all images turned by a rotation vector (deg).
pub(super) fn turned(model: &Experiments, start: &State, turn: Vec3) -> State {
    let mut state = start.clone();
    let rotation = Mat3::rotation(turn.unit(), turn.norm().to_radians());
    for experiment in &mut state.experiments {
        experiment.crystal.real_space = Mat3::from_rows(experiment.crystal.real_space.0.map(|row| rotation.apply(row)));
    }
    for i_image in 0..state.experiments.len() {
        for (place, parameter) in model.layout().of_image(i_image).zip(model.of_image()) {
            if let Parameter::Orientation(axis) = parameter
                && (i_image == 0 || place >= model.layout().n_shared)
            {
                state.shifts[place] += turn[axis as usize];
            }
        }
    }
    state
}
