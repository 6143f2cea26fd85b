//! Small changes of a scene's tables, and how an image depends on each number in them.

use super::{HklGrid, Scene};
use crate::error::{Result, reserved};
use crate::numbers::Numbers;
use crate::real::Dual;

/// A scene whose numbers are changes: either how the scene changes with a parameter (a tangent), or how a sum over pixels changes with
/// the scene (a cotangent). [`Scene::dot`] of one of each is the derivative of the sum with respect to the parameter. Empty lists and
/// missing tables stand for zeros.
pub type SceneTangent = Scene;

/// Whether a part is 0 in every number.
pub(crate) fn is_still<N: Numbers<Number = f64>>(part: &N) -> bool {
    let mut still = true;
    part.map(&mut |x| still &= x == 0.0);
    still
}

impl Scene {
    /// This scene without the list of amplitudes.
    pub(crate) fn without_amplitudes(&self) -> Self {
        Self { hkl: HklGrid { grid: None, ..self.hkl.clone() }, ..self.clone() }
    }

    /// The tangent that is 0 in every number.
    ///
    /// # Errors
    /// It does not fit into memory.
    pub fn zeros(&self) -> Result<SceneTangent> {
        // where there is no room for the long lists, collecting them would end the program
        drop(reserved::<super::Source>(self.sources.len(), "derivatives of sources", "beam.divergence")?);
        drop(reserved::<super::Orientation>(
            self.orientations.len(),
            "derivatives of orientations",
            "crystal.mosaic.domains",
        )?);
        Ok(self.map(&mut |_| 0.0))
    }

    /// Adds every number of another tangent of the same scene.
    pub fn add(&mut self, other: &Self) {
        *self = self.zip(other, &mut |a, b| a + b);
    }

    /// The sum of the products of all numbers.
    #[must_use]
    pub fn dot(&self, other: &Self) -> f64 {
        let mut sum = 0.0;
        self.zip(other, &mut |a, b: f64| sum += a * b);
        sum
    }

    /// The scene in dual numbers whose derivatives are those of the `tangent`.
    #[must_use]
    pub fn dual(&self, tangent: &SceneTangent) -> Scene<Dual> {
        self.zip(tangent, &mut |value, derivative| Dual { value, derivative })
    }

    /// Whether this tangent changes the shape of the crystal's blocks.
    pub(crate) fn changes_shape(&self) -> bool {
        !is_still(&self.domain)
    }

    /// Whether this tangent changes sources, detector or polarisation.
    pub(crate) fn changes_factors(&self) -> bool {
        !(is_still(&self.sources)
            && is_still(&self.panels)
            && is_still(&self.polarization)
            && is_still(&self.sensor)
            && is_still(&self.sphere))
    }
}

impl Scene<Dual> {
    /// How the scene changes: the derivatives of all its numbers, without lists in which nothing moves.
    #[must_use]
    pub fn tangent(&self) -> SceneTangent {
        /// The list; empty where nothing moves.
        fn moving<T: Numbers<Number = f64>>(list: Vec<T>) -> Vec<T> {
            if is_still(&list) { Vec::new() } else { list }
        }
        let all = self.map(&mut |x| x.derivative);
        SceneTangent {
            sources: moving(all.sources),
            orientations: moving(all.orientations),
            panels: moving(all.panels),
            hkl: HklGrid { grid: all.hkl.grid.filter(|grid| !is_still(&**grid)), ..all.hkl },
            ..all
        }
    }
}
