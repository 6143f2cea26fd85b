//! Experiments as a model: one for each image, with parameters that all share and parameters of each image's own.

use super::loss::Loss;
use super::model::Model;
use super::normal::{Layout, Normal, Sums};
use super::observed::Observed;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::gradient::{Axis, Parameter, jacobian_blocks, shift_all};
use crate::image::Image;
use crate::kernel::Block;
use crate::kernel::{self, Monitor};
use crate::math::Vec3;
use crate::scene::Scene;
use std::collections::HashSet;

/// What is refined against which images.
#[derive(Debug, Clone)]
pub struct Experiments {
    images: Vec<Observed>,
    shared: Vec<Parameter>,
    own: Vec<Parameter>,
    layout: Layout,
    pub(super) loss: Loss,
}

/// The experiments at a point.
#[derive(Debug, Clone)]
pub struct State {
    /// One for each image.
    pub experiments: Vec<Experiment>,
    /// How far each parameter is from where it started, in its unit; of the rotations of one thing, the vector of the whole rotation.
    pub shifts: Vec<f64>,
}

impl Experiments {
    /// A model of `images` with parameters that all images share and others that each has of its own.
    ///
    /// # Errors
    /// There is no image or no parameter, one is named twice, or there are more parameters than pixels.
    pub fn new(images: Vec<Observed>, shared: Vec<Parameter>, own: Vec<Parameter>, loss: Loss) -> Result<Self> {
        let names: Vec<String> = shared.iter().chain(&own).map(|parameter| parameter.name()).collect();
        if images.is_empty() || names.is_empty() {
            return Err(Error::setting("free", "names no parameter to refine, or there is no image to refine against"));
        }
        let mut seen = HashSet::new();
        if let Some(name) = names.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(Error::setting(name, "is to be refined twice; free it once, shared or for each image"));
        }
        if let Some(reflection) = own.iter().find(|parameter| matches!(parameter, Parameter::Intensity(_))) {
            let what = "belongs to the crystal, which is the same in all images; free it for all of them (`free`)";
            return Err(Error::setting(reflection.name(), what));
        }
        let layout = Layout { n_shared: shared.len(), n_own: vec![own.len(); images.len()] };
        let n_pixels: usize = images.iter().map(Observed::n_used).sum();
        let is_reflection = |parameter: &&Parameter| matches!(parameter, Parameter::Intensity(_));
        let n_reflections = shared.iter().filter(is_reflection).count();
        // of many reflections only those are refined that the pixels show: checked when these are known
        let n_certain = layout.len() - if n_reflections > MANY_REFLECTIONS { n_reflections } else { 0 };
        check_number(&names, n_certain, n_pixels)?;
        Ok(Self { images, shared, own, layout, loss })
    }

    /// The state to start from: each image's experiment, with all pixels masked that are not used.
    ///
    /// # Errors
    /// There are more or fewer experiments than images.
    pub fn start(&self, experiments: Vec<Experiment>) -> Result<State> {
        if experiments.len() != self.images.len() {
            let what = format!("{} experiments are given for {} images", experiments.len(), self.images.len());
            return Err(Error::setting("EXPERIMENT", what));
        }
        let experiments = experiments.into_iter().zip(&self.images).map(|(e, image)| image.masking(e)).collect();
        Ok(State { experiments, shifts: vec![0.0; self.layout.len()] })
    }

    /// The name of each parameter, with the number of the image where it is an image's own.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let own = (0..self.images.len())
            .flat_map(|i| self.own.iter().map(move |p| format!("{} of image {}", p.name(), i + 1)));
        self.shared.iter().map(Parameter::name).chain(own).collect()
    }

    /// The unit of each parameter.
    #[must_use]
    pub fn units(&self) -> Vec<String> {
        let own = (0..self.images.len()).flat_map(|_| self.own.iter());
        self.shared.iter().chain(own).map(|parameter| parameter.unit().to_string()).collect()
    }

    /// The lowest and the highest value that each parameter may have.
    #[must_use]
    pub fn bounds(&self) -> Vec<[f64; 2]> {
        let own = (0..self.images.len()).flat_map(|_| self.own.iter());
        self.shared.iter().chain(own).map(Parameter::bounds).collect()
    }

    /// The images.
    #[must_use]
    pub fn images(&self) -> &[Observed] {
        &self.images
    }

    /// The parameters of an image, in the order of [`Layout::of_image`].
    #[must_use]
    pub fn of_image(&self) -> Vec<Parameter> {
        self.shared.iter().chain(&self.own).copied().collect()
    }

    /// Where the angles about x, y and z of each rotation stand among the parameters.
    fn turns(&self) -> Vec<[Option<usize>; 3]> {
        let shared = self.shared.iter().enumerate().map(|(place, parameter)| (None, place, parameter));
        let own = (0..self.images.len())
            .flat_map(|i| self.layout.own(i).zip(&self.own).map(move |(place, parameter)| (Some(i), place, parameter)));
        let (mut things, mut found) = (Vec::new(), Vec::new());
        for (image, place, parameter) in shared.chain(own) {
            let Some((turned, axis)) = turned(parameter) else { continue };
            let i = things.iter().position(|thing| *thing == (image, turned)).unwrap_or_else(|| {
                things.push((image, turned));
                found.push([None; 3]);
                found.len() - 1
            });
            found[i][axis as usize] = Some(place);
        }
        found
    }

    /// The modelled photons of each image.
    ///
    /// # Errors
    /// They do not fit into memory, or the monitor stops it.
    pub fn modelled(&self, state: &State, monitor: &dyn Monitor) -> Result<Vec<Image<f64>>> {
        state
            .experiments
            .iter()
            .map(|experiment| kernel::render_as_is(&Scene::watched(experiment, monitor)?, monitor))
            .collect()
    }

    fn image_sums(&self, image: &Observed, experiment: &Experiment, monitor: &dyn Monitor) -> Result<Sums> {
        let parameters = self.of_image();
        let visit = |block: &Block<'_>| block_sums(block, image, self.loss, parameters.len());
        let blocks = jacobian_blocks(experiment, &parameters, monitor, visit)?;
        let mut sums = Sums::none(parameters.len());
        blocks.iter().for_each(|block| sums.merge(block));
        Ok(sums)
    }
}

/// What small rotations about three axes turn, as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turned {
    Crystal,
    Beam,
    Detector,
    Panel(usize),
}

fn turned(parameter: &Parameter) -> Option<(Turned, Axis)> {
    match *parameter {
        Parameter::Orientation(axis) => Some((Turned::Crystal, axis)),
        Parameter::BeamDirection(axis) => Some((Turned::Beam, axis)),
        Parameter::DetectorRotation(axis) => Some((Turned::Detector, axis)),
        Parameter::PanelRotation(panel, axis) => Some((Turned::Panel(panel), axis)),
        _ => None,
    }
}

fn is_turn(parameter: &Parameter) -> bool {
    turned(parameter).is_some() || *parameter == Parameter::PolarizationAngle
}

/// Reflections of which there are more are refined by L-BFGS.
pub(super) const MANY_REFLECTIONS: usize = 50;

/// Refuses more parameters than pixels.
pub(super) fn check_number(names: &[String], n: usize, n_pixels: usize) -> Result<()> {
    if n <= n_pixels {
        return Ok(());
    }
    let what = format!("are {n} parameters to refine against {n_pixels} pixels; free fewer, or leave out fewer pixels");
    Err(Error::setting(some(names), what))
}

/// What is said of parameters without effect.
pub(super) fn no_effect(names: &[&str], n_pixels: usize) -> Error {
    let (has, its, it) = if names.len() == 1 { ("has", "its value", "it") } else { ("have", "their values", "them") };
    let what = format!(
        "{has} no effect on any of the {n_pixels} pixels that are used, so that they cannot say {its}; do not free {it}, or start elsewhere"
    );
    Error::setting(some(names), what)
}

/// Names as a list, of which the end is left out where it is long.
fn some(names: &[impl AsRef<str>]) -> String {
    const MOST: usize = 20;
    let shown: Vec<&str> = names.iter().take(MOST).map(AsRef::as_ref).collect();
    let more = if names.len() > MOST { format!(" and {} more", names.len() - MOST) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

pub(super) fn block_sums(block: &Block<'_>, image: &Observed, loss: Loss, n_parameters: usize) -> Sums {
    let mut sums = Sums::none(n_parameters);
    let n = block.places.len();
    let (mut slopes, mut information) = (vec![0.0; n], vec![0.0; n]);
    let (photons, used) = (&image.photons[block.panel], &image.used[block.panel]);
    for (i, (&place, &modelled)) in block.places.iter().zip(block.photons).enumerate() {
        if used[place] {
            let pixel = loss.of(photons[place], modelled);
            sums.loss += pixel.value;
            sums.n_pixels += 1;
            slopes[i] = pixel.slope;
            information[i] = pixel.information;
        }
    }
    sums.add(&slopes, &information, block.derivatives);
    sums
}

impl Model for Experiments {
    type State = State;

    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn values(&self, state: &State) -> Vec<f64> {
        // small rotations are counted from where they started; every other value is the experiment's
        let value = |parameter: &Parameter, i_image: usize, place: usize| {
            if is_turn(parameter) {
                return state.shifts[place];
            }
            parameter.value(&state.experiments[i_image]).unwrap_or(f64::NAN)
        };
        let shared = self.shared.iter().enumerate().map(|(place, parameter)| value(parameter, 0, place));
        let own = (0..self.images.len()).flat_map(|i| {
            self.own.iter().zip(self.layout.own(i)).map(move |(parameter, place)| value(parameter, i, place))
        });
        shared.chain(own).collect()
    }

    fn shifted(&self, state: &State, step: &[f64]) -> Result<Option<State>> {
        let parameters = self.of_image();
        let mut there = state.clone();
        there.shifts.iter_mut().zip(step).for_each(|(shift, step)| *shift += step);
        for places in self.turns() {
            let vector = |of: &[f64]| Vec3(places.map(|place| place.map_or(0.0, |place| of[place].to_radians())));
            let whole = vector(&state.shifts).then_by(vector(step));
            for (place, angle) in places.into_iter().zip(whole.0) {
                place.into_iter().for_each(|place| there.shifts[place] = angle.to_degrees());
            }
        }
        for (i, experiment) in there.experiments.iter_mut().enumerate() {
            let step: Vec<f64> = self.layout.of_image(i).map(|place| step[place]).collect();
            shift_all(experiment, &parameters, &step);
            if experiment.check().is_err() {
                return Ok(None);
            }
        }
        Ok(Some(there))
    }

    fn loss(&self, state: &State, monitor: &dyn Monitor) -> Result<f64> {
        let mut total = 0.0;
        for (image, modelled) in self.images.iter().zip(self.modelled(state, monitor)?) {
            for ((photons, used), panel) in image.photons.iter().zip(&image.used).zip(&modelled.panels) {
                let pixels = photons.iter().zip(used.iter()).zip(panel.pixels());
                let pixels = pixels.filter(|((_, used), _)| **used);
                total += pixels.map(|((photons, _), modelled)| self.loss.of(*photons, *modelled).value).sum::<f64>();
            }
        }
        Ok(total)
    }

    fn normal(&self, state: &State, monitor: &dyn Monitor) -> Result<Normal> {
        let images = self.images.iter().zip(&state.experiments);
        let sums: Vec<Sums> =
            images.map(|(image, experiment)| self.image_sums(image, experiment, monitor)).collect::<Result<_>>()?;
        Ok(Normal::new(&self.layout, &sums))
    }

    fn check_start(&self, normal: &Normal) -> Result<()> {
        let names = self.names();
        let information = normal.diagonal();
        if !normal.is_finite() {
            let culprits = names.iter().zip(&information).filter(|(_, x)| !x.is_finite());
            let culprits: Vec<_> = culprits.map(|(name, _)| name.as_str()).collect();
            let culprit = if culprits.is_empty() { "the image".to_owned() } else { culprits.join(", ") };
            return Err(Error::setting(culprit, "makes photons or derivatives that are not finite at the start"));
        }
        let idle = names.iter().zip(&information).filter(|(_, x)| **x == 0.0);
        let idle: Vec<_> = idle.map(|(name, _)| name.as_str()).collect();
        if idle.is_empty() { Ok(()) } else { Err(no_effect(&idle, normal.n_pixels)) }
    }

    fn unit(&self, normal: &Normal) -> f64 {
        if self.loss.is_likelihood() {
            return 1.0;
        }
        2.0 * normal.loss / normal.n_pixels.saturating_sub(self.layout.len()).max(1) as f64
    }
}
