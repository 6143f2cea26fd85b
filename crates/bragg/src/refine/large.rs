//! Refinement of more parameters than an information matrix is made for: the intensities of reflections, with a few others beside them.

use super::experiments::{Experiments, MANY_REFLECTIONS, State, block_sums, check_number, no_effect};
use super::lbfgs::{LargeReached, minimise_large_from};
use super::levenberg::Iteration;
use super::model::Model;
use super::normal::Sums;
use super::observed::Observed;
use super::position::{Position, Within};
use super::run::{Outcome, Refined, Settings, Watch};
use super::starts::Start;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::gradient::{Parameter, gradient, jacobian_blocks};
use crate::image::Image;
use crate::kernel::Block;
use crate::kernel::{self, Monitor};
use crate::scene::Scene;

/// Whether there are so many reflections that they need it.
pub(super) fn is_large(model: &Experiments) -> bool {
    model.of_image().iter().filter(|parameter| is_intensity(parameter)).count() > MANY_REFLECTIONS
}

fn is_intensity(parameter: &Parameter) -> bool {
    matches!(parameter, Parameter::Intensity(_))
}

struct Large<'a> {
    model: &'a Experiments,
    start: &'a State,
    /// The parameters at the start.
    first: Vec<f64>,
    settings: &'a Settings,
    /// Places of the parameters that the data say something about.
    live: Vec<usize>,
    monitor: &'a dyn Monitor,
}

/// Refines by L-BFGS; parameters that the data say nothing about stay as they are.
pub(super) fn refine(
    model: &Experiments,
    start: &State,
    from: Option<(LargeReached, Vec<Iteration>)>,
    settings: &Settings,
    monitor: &dyn Monitor,
    watch: &mut Watch,
) -> Result<Outcome> {
    if settings.start != Start::Here && !settings.start.stages().is_empty() {
        let what = "looks for a cell and an orientation, for which so many reflections are no help; find those first, without f2, and \
                    refine reflections from there";
        return Err(Error::setting("start", what));
    }
    let first = model.values(start);
    let mut large = Large { model, start, first, settings, live: (0..model.layout().len()).collect(), monitor };
    let information = large.information(start)?;
    let (loss, slopes) = large.loss_and_gradient(start)?;
    large.check_finite(loss, slopes.iter().zip(&information).map(|(slope, information)| slope + information))?;
    large.live = large.told(&information, loss)?;
    let scale: Vec<f64> = large.live.iter().map(|&place| information[place].sqrt().recip()).collect();
    let all = |place: usize| settings.priors.bounds.get(place).copied().unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
    let bounds: Vec<[f64; 2]> = large.live.iter().map(|&place| all(place)).collect();
    let first: Vec<f64> = large.live.iter().map(|&place| large.first[place]).collect();
    let (reached, mut iterations) = from.map_or((None, Vec::new()), |(reached, done)| (Some(reached), done));
    let fit = minimise_large_from(
        &first,
        reached,
        &scale,
        &bounds,
        settings.large,
        |values| match large.state(values)? {
            Some(state) => large.loss_and_gradient(&state),
            None => Ok((f64::INFINITY, vec![0.0; values.len()])),
        },
        &mut |loss, values, reached| {
            let iteration = Iteration {
                stage: 0,
                number: iterations.len(),
                loss,
                predicted_fall: 0.0,
                damping: 0.0,
                taken: true,
                values: Vec::new(),
            };
            iterations.push(iteration.clone());
            if let Ok(Some(state)) = large.state(values) {
                let within = || Within::Large(reached(), iterations.clone());
                watch(&iteration, &state, &|| Position { stage: 0, before: Vec::new(), within: within() });
            }
        },
    )?;
    let state = large.state(&fit.values)?.unwrap_or_else(|| start.clone());
    let information = large.information(&state)?;
    Ok(Outcome {
        iterations,
        ended: fit.ended,
        loss: fit.loss,
        ..large.outcome(state, &information, fit.loss, &bounds)
    })
}

impl Large<'_> {
    fn n_pixels(&self) -> usize {
        self.model.images().iter().map(Observed::n_used).sum()
    }

    /// Loss of half the square of one standard uncertainty.
    fn unit(&self, loss: f64) -> f64 {
        if self.model.loss.is_likelihood() {
            return 1.0;
        }
        2.0 * loss / self.n_pixels().saturating_sub(self.live.len()).max(1) as f64
    }

    /// The live parameters of an image, with their places among all.
    fn of_image(&self, i_image: usize) -> Vec<(usize, Parameter)> {
        let all = self.model.layout().of_image(i_image).zip(self.model.of_image());
        // `live` is in order
        all.filter(|(place, _)| self.live.binary_search(place).is_ok()).collect()
    }

    fn state(&self, values: &[f64]) -> Result<Option<State>> {
        let mut step = vec![0.0; self.first.len()];
        self.live.iter().zip(values).for_each(|(&place, value)| step[place] = value - self.first[place]);
        self.model.shifted(self.start, &step)
    }

    /// Of the live parameters, in their order.
    fn loss_and_gradient(&self, state: &State) -> Result<(f64, Vec<f64>)> {
        let values = self.model.values(state);
        let mut loss = self.settings.priors.loss(&values);
        let mut slopes = vec![0.0; self.first.len()];
        for restraint in &self.settings.priors.restraints {
            let i = restraint.parameter;
            slopes[i] += (values[i] - restraint.value) / (restraint.sigma * restraint.sigma);
        }
        for (i, (image, experiment)) in self.model.images().iter().zip(&state.experiments).enumerate() {
            let mut cotangent = kernel::render_as_is::<f64>(&Scene::watched(experiment, self.monitor)?, self.monitor)?;
            image.for_each_pixel(&mut cotangent, |photons, modelled| {
                let Some(photons) = photons else { return 0.0 };
                let pixel = self.model.loss.of(photons, modelled);
                loss += pixel.value;
                pixel.slope
            });
            self.add_gradient(i, experiment, &cotangent, |_| true, &mut slopes)?;
        }
        Ok((loss, self.live.iter().map(|&place| slopes[place]).collect()))
    }

    fn add_gradient(
        &self,
        i_image: usize,
        experiment: &Experiment,
        cotangent: &Image<f64>,
        take: impl Fn(&Parameter) -> bool,
        sums: &mut [f64],
    ) -> Result<()> {
        let (places, parameters): (Vec<usize>, Vec<Parameter>) =
            self.of_image(i_image).into_iter().filter(|(_, parameter)| take(parameter)).unzip();
        let slopes = gradient(experiment, &parameters, cotangent, self.monitor)?;
        places.into_iter().zip(slopes).for_each(|(place, slope)| sums[place] += slope);
        Ok(())
    }

    /// The information on each parameter were all others known. Of a reflection that shares pixels with others it is a little more than
    /// that: each pixel counts as if all its Bragg photons were its own.
    fn information(&self, state: &State) -> Result<Vec<f64>> {
        let values = self.model.values(state);
        let mut information = vec![0.0; values.len()];
        for restraint in &self.settings.priors.restraints {
            information[restraint.parameter] += 1.0 / (restraint.sigma * restraint.sigma);
        }
        for (i, (image, experiment)) in self.model.images().iter().zip(&state.experiments).enumerate() {
            let mut cotangent = kernel::render::<f64>(&Scene::watched(experiment, self.monitor)?, self.monitor)?;
            let mut without = experiment.clone();
            without.crystal.scale = 0.0;
            let background = kernel::render::<f64>(&Scene::watched(&without, self.monitor)?, self.monitor)?;
            let mut background = background.pixels();
            image.for_each_pixel(&mut cotangent, |photons, modelled| {
                let bragg = modelled - background.next().copied().unwrap_or(0.0);
                photons.map_or(0.0, |photons| bragg * self.model.loss.of(photons, modelled).information)
            });
            let mut sums = vec![0.0; values.len()];
            self.add_gradient(i, experiment, &cotangent, is_intensity, &mut sums)?;
            for (place, parameter) in self.of_image(i) {
                if is_intensity(&parameter) {
                    information[place] += sums[place] / values[place];
                }
            }
            let others: Vec<_> = self.of_image(i).into_iter().filter(|(_, p)| !is_intensity(p)).collect();
            let parameters: Vec<Parameter> = others.iter().map(|(_, parameter)| *parameter).collect();
            let visit = |block: &Block<'_>| block_sums(block, image, self.model.loss, parameters.len());
            let mut sums = Sums::none(parameters.len());
            jacobian_blocks(experiment, &parameters, self.monitor, visit)?.iter().for_each(|block| sums.merge(block));
            for (k, (place, _)) in others.iter().enumerate() {
                information[*place] += sums.information[k * (k + 3) / 2];
            }
        }
        Ok(information)
    }

    /// The names of parameters whose derivatives are not finite make an error.
    fn check_finite(&self, loss: f64, derivatives: impl Iterator<Item = f64>) -> Result<()> {
        let names = self.model.names();
        let culprits: Vec<&str> =
            names.iter().zip(derivatives).filter(|(_, x)| !x.is_finite()).map(|(name, _)| name.as_str()).collect();
        if loss.is_finite() && culprits.is_empty() {
            return Ok(());
        }
        let culprit = match &culprits[..] {
            [] => "the image".to_owned(),
            few if few.len() <= 3 => few.join(", "),
            many => format!("{} and {} others", many[..2].join(", "), many.len() - 2),
        };
        Err(Error::setting(culprit, "makes photons or derivatives that are not finite at the start"))
    }

    /// Places of the reflections whose intensities the data tell to better than the mean of all, and of all other parameters.
    fn told(&self, information: &[f64], loss: f64) -> Result<Vec<usize>> {
        let parameters = self.of_image(0);
        let intensities: Vec<usize> =
            parameters.iter().filter(|(_, parameter)| is_intensity(parameter)).map(|(place, _)| *place).collect();
        let mean = intensities.iter().map(|&place| self.first[place]).sum::<f64>() / intensities.len() as f64;
        let enough = self.unit(loss) / (mean * mean);
        let told: Vec<usize> = intensities.iter().copied().filter(|&place| information[place] > enough).collect();
        if told.is_empty() {
            let n_pixels = self.n_pixels();
            let what = if intensities.iter().all(|&place| information[place] == 0.0) {
                format!("have no effect on any of the {n_pixels} pixels that are used")
            } else {
                format!(
                    "hardly show in the {n_pixels} pixels that are used: none is known to better than the mean intensity of all; use more \
                     pixels or brighter images, or free the scale instead"
                )
            };
            return Err(Error::setting(format!("{} reflections", intensities.len()), what));
        }
        let names = self.model.names();
        let others: Vec<usize> = (0..names.len()).filter(|place| intensities.binary_search(place).is_err()).collect();
        let idle: Vec<&str> =
            others.iter().filter(|&&place| information[place] == 0.0).map(|&place| names[place].as_str()).collect();
        if !idle.is_empty() {
            return Err(no_effect(&idle, self.n_pixels()));
        }
        let mut live: Vec<usize> = told.into_iter().chain(others).collect();
        live.sort_unstable();
        let of_live: Vec<String> = live.iter().map(|&place| names[place].clone()).collect();
        check_number(&of_live, live.len(), self.n_pixels())?;
        Ok(live)
    }

    fn outcome(&self, state: State, information: &[f64], loss: f64, bounds: &[[f64; 2]]) -> Outcome {
        let (names, units, values) = (self.model.names(), self.model.units(), self.model.values(&state));
        let unit = self.unit(loss);
        let refined = |i: usize| {
            let place = self.live.binary_search(&i).ok();
            let at_bound = place.is_some_and(|k| !(bounds[k][0] < values[i] && values[i] < bounds[k][1]));
            let esd = if place.is_some() { (unit / information[i]).sqrt() } else { f64::INFINITY };
            let (name, unit) = (names[i].clone(), units[i].clone());
            Refined {
                name,
                unit,
                start: self.first[i],
                value: values[i],
                esd: if at_bound { 0.0 } else { esd },
                at_bound,
            }
        };
        let idle = (0..names.len()).filter(|place| self.live.binary_search(place).is_err());
        Outcome {
            parameters: (0..names.len()).map(refined).collect(),
            correlated: Vec::new(),
            correlation: Vec::new(),
            degenerate: self.scales(&state).map(|name| vec![name, "all reflections".to_owned()]).collect(),
            undetermined: Vec::new(),
            unseen: idle.map(|i| names[i].clone()).collect(),
            iterations: Vec::new(),
            ended: super::levenberg::Ended::Converged,
            doubts: Vec::new(),
            n_pixels: self.n_pixels(),
            loss,
            unit,
            state,
        }
    }

    /// Scales that do what all reflections together do, where all are free and none is known besides.
    fn scales<'a>(&'a self, state: &'a State) -> impl Iterator<Item = String> + 'a {
        let grid = state.experiments.first().and_then(|experiment| experiment.structure_factors.grid.as_deref());
        let n_grid = grid.map_or(0, |grid| grid.amplitudes.iter().filter(|amplitude| **amplitude > 0.0).count());
        let parameters = self.of_image(0);
        let n_live = parameters.iter().filter(|(_, parameter)| is_intensity(parameter)).count();
        let n_free = self.model.of_image().iter().filter(|parameter| is_intensity(parameter)).count();
        let restrained = |place: usize| self.settings.priors.restraints.iter().any(|r| r.parameter == place);
        let is_scale = |parameter: &Parameter| {
            matches!(
                parameter,
                Parameter::CrystalScale | Parameter::AmplitudeScale | Parameter::AmplitudeLogScale | Parameter::Fluence
            )
        };
        let all = n_live > 0 && n_free >= n_grid && self.model.images().len() == 1;
        parameters
            .into_iter()
            .filter(move |(place, parameter)| all && is_scale(parameter) && !restrained(*place))
            .map(|(_, parameter)| parameter.name())
    }
}
