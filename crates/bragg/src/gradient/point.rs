//! Experiments with other values of their parameters, and the derivatives there.

use super::parameter::Parameter;
use super::shift::shift_all;
use super::tangents::changes_amplitudes;
use super::{Block, Derivatives, check_cotangent, whole_images};
use crate::error::{Error, Result};
use crate::experiment::{Experiment, StructureFactors};
use crate::image::Image;
use crate::kernel::{Backend, Monitor};
use crate::real::Dual;
use crate::scene::{Scene, SceneTangent};
use std::sync::Arc;

/// An experiment whose parameters have other values: a point in the space that an optimiser moves in.
///
/// Small rotations are vectors from where the experiment stands, so that an image is a function of the values alone, whichever way
/// an optimiser came to them. Derivatives are those of this function.
#[derive(Debug, Clone)]
pub struct Point<'a> {
    base: &'a Experiment,
    parameters: &'a [Parameter],
    deltas: Vec<f64>,
    there: Experiment,
}

/// The derivatives of a sum over pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradient {
    /// With respect to each parameter, per unit of it.
    pub by_parameter: Vec<f64>,
    /// With respect to |F| (electrons) of each place of the experiment's grid, scale and B factor apart, where it was asked for.
    pub by_amplitude: Vec<f64>,
}

impl<'a> Point<'a> {
    /// The point where the parameters have the values of the experiment.
    ///
    /// # Errors
    /// The image has no useful derivative with respect to a parameter.
    pub fn here(base: &'a Experiment, parameters: &'a [Parameter]) -> Result<Self> {
        parameters.iter().try_for_each(|parameter| parameter.check(base))?;
        Ok(Self { base, parameters, deltas: vec![0.0; parameters.len()], there: base.clone() })
    }

    /// The point where the parameters have other values.
    ///
    /// # Errors
    /// The image has no useful derivative with respect to a parameter, or as [`Self::of`].
    pub fn new(base: &'a Experiment, parameters: &'a [Parameter], values: &[f64]) -> Result<Self> {
        parameters.iter().try_for_each(|parameter| parameter.check(base))?;
        Self::of(base, parameters, values)
    }

    /// The point where the parameters have other values, for the image alone: derivatives may be useless there.
    ///
    /// # Errors
    /// The experiment does not have a parameter, a value is outside the parameter's bounds, or the cell has no volume.
    pub fn of(base: &'a Experiment, parameters: &'a [Parameter], values: &[f64]) -> Result<Self> {
        let delta = |(parameter, &value): (&Parameter, &f64)| {
            let [low, high] = parameter.bounds();
            if !(value.is_finite() && (low..=high).contains(&value)) {
                let what = format!("is {value}; it must be a number{}", within(low, high));
                return Err(Error::setting(parameter.name(), what));
            }
            Ok(value - parameter.value(base)?)
        };
        if values.len() != parameters.len() {
            let what = format!("are {} for {} parameters", values.len(), parameters.len());
            return Err(Error::setting("values", what));
        }
        let deltas: Vec<f64> = parameters.iter().zip(values).map(delta).collect::<Result<_>>()?;
        let mut there = base.clone();
        shift_all(&mut there, parameters, &deltas);
        let volume = there.crystal.real_space.determinant();
        if volume.is_finite() && volume != 0.0 {
            return Ok(Self { base, parameters, deltas, there });
        }
        let cell = parameters.iter().filter(|p| matches!(p, Parameter::Cell(_) | Parameter::RealSpace(..)));
        let names: Vec<_> = cell.map(Parameter::name).collect();
        Err(Error::setting(names.join(", "), "make no cell: it has no volume"))
    }

    /// The experiment with these values of its parameters.
    pub fn experiment(&self) -> &Experiment {
        &self.there
    }

    /// How the scene changes along a direction in the space of the values.
    ///
    /// # Errors
    /// Its tables do not fit into memory, or the monitor stopped it.
    pub fn tangent(&self, direction: &[f64], monitor: &dyn Monitor) -> Result<SceneTangent> {
        // a grid of amplitudes is large, and most parameters leave it as it is
        let moves = |(parameter, &by): (&Parameter, &f64)| by != 0.0 && changes_amplitudes(&self.there, parameter);
        let mut moving = if self.parameters.iter().zip(direction).any(moves) {
            self.base.constant()
        } else {
            let structure_factors = StructureFactors { grid: None, ..self.base.structure_factors.clone() };
            Experiment { structure_factors, ..self.base.clone() }.constant()
        };
        let deltas = self.deltas.iter().zip(direction).map(|(&value, &derivative)| Dual { value, derivative });
        shift_all(&mut moving, self.parameters, &deltas.collect::<Vec<_>>());
        Ok(Scene::watched(&moving, monitor)?.tangent())
    }

    fn tangent_of(&self, i: usize, monitor: &dyn Monitor) -> Result<SceneTangent> {
        let mut direction = vec![0.0; self.parameters.len()];
        direction[i] = 1.0;
        self.tangent(&direction, monitor)
    }

    /// How the scene changes with each parameter, per unit of the parameter.
    ///
    /// # Errors
    /// Its tables do not fit into memory, or the monitor stopped it.
    pub fn tangents(&self, monitor: &dyn Monitor) -> Result<Vec<SceneTangent>> {
        (0..self.parameters.len()).map(|i| self.tangent_of(i, monitor)).collect()
    }

    /// The derivatives of Σ cotangent·photons over all pixels, by one sweep over the image; with `amplitudes` also those with respect
    /// to |F| of every reflection of the grid.
    ///
    /// # Errors
    /// The cotangent is of another detector, something does not fit into memory, or the monitor stopped it.
    pub fn gradient(&self, cotangent: &Image<f64>, amplitudes: bool, monitor: &dyn Monitor) -> Result<Gradient> {
        check_cotangent(self.base, cotangent)?;
        let scene = Scene::watched(&self.there, monitor)?;
        let reads = |p: &Parameter| *p == Parameter::DefaultAmplitude || changes_amplitudes(&self.there, p);
        let sweep_amplitudes = scene.hkl.grid.is_some() && (amplitudes || self.parameters.iter().any(reads));
        let swept = Backend::of(&scene)?.pullback(&scene, cotangent, sweep_amplitudes, monitor)?;
        // each reflection moves its own amplitude alone, so one tangent has them all
        let is_intensity = |p: &Parameter| matches!(p, Parameter::Intensity(_));
        let intensities: Vec<f64> = self.parameters.iter().map(|p| f64::from(is_intensity(p))).collect();
        let has_intensities = self.parameters.iter().any(is_intensity);
        let by_intensity = if has_intensities { Some(self.tangent(&intensities, monitor)?) } else { None };
        let by_intensity = by_intensity.as_ref().map_or(&[][..], |tangent| tangent.hkl.amplitudes());
        let grid = scene.hkl.grid.as_ref();
        let derivative = |(i, parameter): (usize, &Parameter)| match parameter {
            Parameter::Intensity(hkl) => {
                let place = grid.and_then(|grid| grid.position(*hkl));
                let product = place.and_then(|i| Some(swept.hkl.amplitudes().get(i)? * by_intensity.get(i)?));
                Ok(product.unwrap_or(0.0))
            }
            _ => Ok(self.tangent_of(i, monitor)?.dot(&swept)),
        };
        let by_parameter = self.parameters.iter().enumerate().map(derivative).collect::<Result<_>>()?;
        let by_amplitude = if amplitudes {
            let by = by_amplitude(&self.there, monitor)?;
            swept.hkl.amplitudes().iter().zip(by).map(|(swept, by)| swept * by).collect()
        } else {
            Vec::new()
        };
        Ok(Gradient { by_parameter, by_amplitude })
    }

    /// The photons of every pixel and their derivatives, as [`super::jacobian_blocks`].
    ///
    /// # Errors
    /// Something does not fit into memory, or the monitor stopped it.
    pub fn jacobian_blocks<A: Send>(
        &self,
        monitor: &dyn Monitor,
        visit: impl Fn(&Block) -> A + Sync,
    ) -> Result<Vec<A>> {
        let scene = Scene::watched(&self.there, monitor)?;
        Backend::of(&scene)?.pushforward(&scene, &self.tangents(monitor)?, monitor, visit)
    }

    /// The image and its derivatives, as [`super::derivative_images`].
    ///
    /// # Errors
    /// The images do not fit into memory, or the monitor stopped it.
    pub fn derivative_images(&self, monitor: &dyn Monitor) -> Result<Derivatives> {
        whole_images(&self.there, &self.tangents(monitor)?, monitor)
    }

    /// The derivative of the image along a direction in the space of the values.
    ///
    /// # Errors
    /// The direction has not one number for each parameter, the images do not fit into memory, or the monitor stopped it.
    pub fn jvp(&self, direction: &[f64], monitor: &dyn Monitor) -> Result<Image<f64>> {
        if direction.len() != self.parameters.len() {
            let what = format!("has {} numbers for {} parameters", direction.len(), self.parameters.len());
            return Err(Error::setting("direction", what));
        }
        let Derivatives { image, mut derivatives } =
            whole_images(&self.there, &[self.tangent(direction, monitor)?], monitor)?;
        Ok(derivatives.pop().unwrap_or(image))
    }
}

/// How the scene's amplitude of each place of the grid changes with the experiment's.
fn by_amplitude(experiment: &Experiment, monitor: &dyn Monitor) -> Result<Vec<f64>> {
    let mut moving: Experiment<Dual> = experiment.constant();
    if let Some(grid) = &mut moving.structure_factors.grid {
        Arc::make_mut(grid).amplitudes.iter_mut().for_each(|amplitude| amplitude.derivative = 1.0);
    }
    Ok(Scene::watched(&moving, monitor)?.hkl.amplitudes().iter().map(|amplitude| amplitude.derivative).collect())
}

/// The bounds in words.
fn within(low: f64, high: f64) -> String {
    match (low > f64::NEG_INFINITY, high < f64::INFINITY) {
        (false, false) => String::new(),
        (true, false) if low == f64::MIN_POSITIVE => ", greater than 0".to_owned(),
        (true, false) => format!(", at least {low}"),
        (_, true) if low == f64::MIN_POSITIVE => format!(", greater than 0 and at most {high}"),
        (_, true) => format!(" from {low} to {high}"),
    }
}
