//! Exact derivatives of images with respect to the parameters of experiments, by name.
//!
//! A [`Parameter`] says how an experiment moves ([`shift_all`]); dual numbers through the same code give the change of the scene
//! ([`tangent()`]); [`crate::kernel::Backend`] takes it to the pixels. `docs/gradients.md` has formulas and ranges of validity.

mod names;
mod parameter;
mod point;
mod shift;
mod state;
mod tangents;

pub use crate::kernel::Block;
pub use names::{Row, TABLE};
pub use parameter::{Axis, CellNumbers, CrystalSystem, PanelAxis, Parameter, Range};
pub use point::{Gradient, Point};
pub use shift::shift_all;
pub use state::{GROUPS, parse_list, parse_one};
pub use tangents::{combination, tangent};

use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::image::{Image, PanelImage};
use crate::kernel::{Backend, Monitor};
use crate::scene::{Scene, SceneTangent};
use std::sync::{Mutex, PoisonError};

/// The derivatives of Σ cotangent·photons over all pixels with respect to each parameter, by one sweep over the image whatever their
/// number.
///
/// # Errors
/// The image has no useful derivative with respect to a parameter, the cotangent is of another detector, something does not fit into
/// memory, or the monitor stopped it.
pub fn gradient(
    experiment: &Experiment,
    parameters: &[Parameter],
    cotangent: &Image<f64>,
    monitor: &dyn Monitor,
) -> Result<Vec<f64>> {
    Ok(Point::here(experiment, parameters)?.gradient(cotangent, false, monitor)?.by_parameter)
}

/// How the scene changes with each parameter, per unit of the parameter.
///
/// # Errors
/// The image has no useful derivative with respect to a parameter.
pub fn tangents(experiment: &Experiment, parameters: &[Parameter]) -> Result<Vec<SceneTangent>> {
    parameters.iter().map(|parameter| tangent(experiment, parameter)).collect()
}

/// The photons of every pixel and their derivatives with respect to each parameter, some pixels at a time and in parallel; what
/// `visit` makes of the blocks comes in their order, whatever the number of threads.
///
/// # Errors
/// The image has no useful derivative with respect to a parameter, something does not fit into memory, or the monitor stopped it.
pub fn jacobian_blocks<A: Send>(
    experiment: &Experiment,
    parameters: &[Parameter],
    monitor: &dyn Monitor,
    visit: impl Fn(&Block) -> A + Sync,
) -> Result<Vec<A>> {
    let scene = Scene::watched(experiment, monitor)?;
    let tangent = |parameter| Point::here(experiment, std::slice::from_ref(parameter))?.tangent(&[1.0], monitor);
    let tangents = parameters.iter().map(tangent).collect::<Result<Vec<_>>>()?;
    Backend::of(&scene)?.pushforward(&scene, &tangents, monitor, visit)
}

/// An image and its derivatives.
#[derive(Debug, Clone, PartialEq)]
pub struct Derivatives {
    /// Photons.
    pub image: Image<f64>,
    /// Their derivatives, by parameter, per unit of the parameter.
    pub derivatives: Vec<Image<f64>>,
}

/// The image and its derivative with respect to each parameter, as whole images.
///
/// # Errors
/// The image has no useful derivative with respect to a parameter, the images do not fit into memory, or the monitor stopped it.
pub fn derivative_images(
    experiment: &Experiment,
    parameters: &[Parameter],
    monitor: &dyn Monitor,
) -> Result<Derivatives> {
    Point::here(experiment, parameters)?.derivative_images(monitor)
}

/// The derivative of the image along a `direction` in the space of the parameters' values: Σ direction·∂photons/∂parameter.
///
/// # Errors
/// The image has no useful derivative with respect to a parameter, the direction has not one number for each, the images do not fit
/// into memory, or the monitor stopped it.
pub fn jvp(
    experiment: &Experiment,
    parameters: &[Parameter],
    direction: &[f64],
    monitor: &dyn Monitor,
) -> Result<Image<f64>> {
    Point::here(experiment, parameters)?.jvp(direction, monitor)
}

fn whole_images(experiment: &Experiment, tangents: &[SceneTangent], monitor: &dyn Monitor) -> Result<Derivatives> {
    let images = (0..=tangents.len()).map(|_| blank(experiment)).collect::<Result<Vec<_>>>()?;
    let images = Mutex::new(images);
    let scene = Scene::watched(experiment, monitor)?;
    Backend::of(&scene)?.pushforward(&scene, tangents, monitor, |block| {
        let mut images = images.lock().unwrap_or_else(PoisonError::into_inner);
        let columns = std::iter::once(block.photons).chain(block.derivatives.iter().map(Vec::as_slice));
        for (image, values) in images.iter_mut().zip(columns) {
            let pixels = image.panels[block.panel].pixels_mut();
            block.places.iter().zip(values).for_each(|(&place, &value)| pixels[place] = value);
        }
    })?;
    let mut images = images.into_inner().unwrap_or_else(PoisonError::into_inner);
    let derivatives = images.split_off(1);
    let image = images.pop().unwrap_or(Image { panels: Vec::new() });
    Ok(Derivatives { image, derivatives })
}

/// An image of zeros.
fn blank(experiment: &Experiment) -> Result<Image<f64>> {
    let too_large = || {
        Error::setting("detector.pixels", "an image of this many pixels for each parameter does not fit into memory")
    };
    let panels = experiment.detector.panels.iter().map(|panel| {
        let n = panel.n_fast.checked_mul(panel.n_slow).ok_or_else(too_large)?;
        let mut pixels = Vec::new();
        pixels.try_reserve_exact(n).map_err(|_| too_large())?;
        pixels.resize(n, 0.0);
        PanelImage::new(panel.n_fast, panel.n_slow, pixels).ok_or_else(too_large)
    });
    Ok(Image { panels: panels.collect::<Result<_>>()? })
}

fn check_cotangent(experiment: &Experiment, cotangent: &Image<f64>) -> Result<()> {
    let expected: Vec<_> = experiment.detector.panels.iter().map(|panel| (panel.n_fast, panel.n_slow)).collect();
    let given: Vec<_> = cotangent.panels.iter().map(|panel| (panel.n_fast(), panel.n_slow())).collect();
    if expected == given {
        return Ok(());
    }
    let what = format!("has panels of {given:?} pixels (fast, slow); those of the detector are {expected:?}");
    Err(Error::setting("cotangent", what))
}
