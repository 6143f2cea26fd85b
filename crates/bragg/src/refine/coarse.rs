//! A coarser look at the same images, from which a fit finds its way from further away: pixels summed in squares and blurred, and only as
//! far from the beam as a resolution limit. Blurred spots still overlap with blurred spots some widths away, and at low resolution
//! a wrong cell or orientation moves no spot as far as its neighbour.

use super::experiments::{Experiments, State};
use super::loss::Loss;
use super::model::Model;
use super::normal::{Layout, Normal, Sums};
use super::observed::Observed;
use crate::error::Result;
use crate::experiment::Experiment;
use crate::gradient::jacobian_blocks;
use crate::kernel::Block;
use crate::kernel::{self, Monitor};
use crate::response::Squares;
use crate::scene::Scene;
use std::sync::Arc;

/// How coarse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coarseness {
    /// Standard deviation of the blur (pixels); 0 for none.
    pub blur: f64,
    /// Finest spacing (Å) that is looked at; 0 for all.
    pub d_min: f64,
}

/// [`Experiments`] seen coarsely.
#[derive(Debug, Clone)]
pub struct Coarse<'a> {
    fine: &'a Experiments,
    loss: Loss,
    images: Vec<CoarseImage>,
}

/// The squares of an image: of each panel one after another.
#[derive(Debug, Clone)]
struct CoarseImage {
    squares: Squares,
    observed: Vec<Vec<f64>>,
    /// The squares that are looked at.
    used: Vec<Vec<bool>>,
    /// The pixels that matter to them.
    lit: Vec<Arc<[bool]>>,
}

impl<'a> Coarse<'a> {
    /// The images of a model seen coarsely, `state` saying where the detector is.
    #[must_use]
    pub fn new(fine: &'a Experiments, state: &State, loss: Loss, coarseness: Coarseness) -> Self {
        let images = fine.images().iter().zip(&state.experiments);
        let images = images.map(|(image, experiment)| CoarseImage::new(image, experiment, coarseness)).collect();
        Self { fine, loss, images }
    }

    fn of_image(&self, image: &CoarseImage, modelled: &[Vec<f64>], sums: &mut Sums, slopes: &mut [Vec<[f64; 2]>]) {
        for (i_panel, modelled) in modelled.iter().enumerate() {
            for (square, &modelled) in modelled.iter().enumerate() {
                if image.used[i_panel][square] {
                    let pixel = self.loss.of(image.observed[i_panel][square], modelled);
                    sums.loss += pixel.value;
                    sums.n_pixels += 1;
                    slopes[i_panel][square] = [pixel.slope, pixel.information];
                }
            }
        }
    }

    fn image_sums(&self, i_image: usize, experiment: &Experiment, monitor: &dyn Monitor) -> Result<Sums> {
        let image = &self.images[i_image];
        let parameters = self.fine.of_image();
        let n = parameters.len();
        let visit = |block: &Block<'_>| image.squares_of(block);
        let blocks = jacobian_blocks(&image.masking(experiment), &parameters, monitor, visit)?;
        // photons, then each derivative
        let mut all: Vec<Vec<Vec<f64>>> = (0..=n).map(|_| image.squares.dark()).collect();
        for (i_panel, runs) in blocks {
            for (square, values) in runs {
                all.iter_mut().zip(values).for_each(|(image, value)| image[i_panel][square] += value);
            }
        }
        all.iter_mut().for_each(|sums| image.squares.blur(sums));
        let mut sums = Sums::none(n);
        let mut slopes: Vec<Vec<[f64; 2]>> = all[0].iter().map(|panel| vec![[0.0; 2]; panel.len()]).collect();
        self.of_image(image, &all[0], &mut sums, &mut slopes);
        for (i_panel, slopes) in slopes.iter().enumerate() {
            let (slopes, information): (Vec<f64>, Vec<f64>) = slopes.iter().map(|[s, i]| (*s, *i)).unzip();
            let rows: Vec<&[f64]> = all[1..].iter().map(|derivative| derivative[i_panel].as_slice()).collect();
            sums.add(&slopes, &information, &rows);
        }
        Ok(sums)
    }

    /// How alike data and model are: the correlation coefficient of the square roots of their squares' photons, over all images.
    ///
    /// # Errors
    /// The image cannot be computed, or the monitor stops it.
    pub fn correlation(&self, state: &State, monitor: &dyn Monitor) -> Result<f64> {
        let (mut n, mut sums, mut squares, mut product) = (0.0, [0.0; 2], [0.0; 2], 0.0);
        for (image, experiment) in self.images.iter().zip(&state.experiments) {
            let modelled = image.modelled(experiment, monitor)?;
            for (i_panel, modelled) in modelled.iter().enumerate() {
                let squares_used = image.used[i_panel].iter().enumerate().filter(|(_, used)| **used);
                for (square, _) in squares_used {
                    let pair = [image.observed[i_panel][square], modelled[square]].map(|x| x.max(0.0).sqrt());
                    n += 1.0;
                    product += pair[0] * pair[1];
                    for i in 0..2 {
                        sums[i] += pair[i];
                        squares[i] += pair[i] * pair[i];
                    }
                }
            }
        }
        let spread = [0, 1].map(|i| squares[i] - sums[i] * sums[i] / n);
        let r = (product - sums[0] * sums[1] / n) / (spread[0] * spread[1]).sqrt();
        Ok(if r.is_finite() { r } else { 0.0 })
    }
}

/// Sums of photons and derivatives over stretches of one block's pixels that lie in one square.
type Runs = Vec<(usize, Vec<f64>)>;

impl CoarseImage {
    fn new(image: &Observed, experiment: &Experiment, coarseness: Coarseness) -> Self {
        let panels = experiment.detector.panels.iter().map(|panel| [panel.n_fast, panel.n_slow]);
        let squares = Squares::new(panels, coarseness.blur);
        let of_used = |value: &dyn Fn(usize, usize) -> f64| {
            squares.apply(|i_panel, place| if image.used[i_panel][place] { value(i_panel, place) } else { 0.0 })
        };
        let observed = of_used(&|i_panel, place| image.photons[i_panel][place]);
        let lit = of_used(&|_, _| 1.0);
        let within = |i_panel: usize, square: usize| {
            let [fast, slow] = squares.middle(i_panel, square);
            let position = experiment.detector.panels[i_panel].position(fast, slow);
            let s = (position.unit() - experiment.beam.propagation()).norm() / experiment.beam.wavelength;
            s * coarseness.d_min <= 1.0
        };
        let used: Vec<Vec<bool>> = lit
            .iter()
            .enumerate()
            .map(|(i_panel, lit)| lit.iter().enumerate().map(|(s, &lit)| lit > 0.0 && within(i_panel, s)).collect())
            .collect();
        // the pixels whose light reaches a square that is looked at
        let looked_at = used.iter().map(|used| used.iter().map(|&used| f64::from(u8::from(used))).collect()).collect();
        let reached = squares.transpose(looked_at);
        let lit = image.used.iter().zip(&reached);
        let lit = lit
            .map(|(used, reached)| used.iter().zip(reached).map(|(&used, &reached)| used && reached > 0.0).collect());
        Self { observed, used, lit: lit.collect(), squares }
    }

    /// The experiment with every pixel masked that does not matter.
    fn masking(&self, experiment: &Experiment) -> Experiment {
        let mut experiment = experiment.clone();
        for (panel, lit) in experiment.detector.panels.iter_mut().zip(&self.lit) {
            panel.mask = Some(lit.clone());
        }
        experiment
    }

    fn squares_of(&self, block: &Block<'_>) -> (usize, Runs) {
        let mut runs: Runs = Vec::new();
        for (i, &place) in block.places.iter().enumerate() {
            let square = self.squares.square(block.panel, place);
            if runs.last().is_none_or(|(last, _)| *last != square) {
                runs.push((square, vec![0.0; block.derivatives.len() + 1]));
            }
            if let Some((_, values)) = runs.last_mut() {
                values[0] += block.photons[i];
                values[1..].iter_mut().zip(block.derivatives).for_each(|(value, derivative)| *value += derivative[i]);
            }
        }
        (block.panel, runs)
    }

    fn modelled(&self, experiment: &Experiment, monitor: &dyn Monitor) -> Result<Vec<Vec<f64>>> {
        let image = kernel::render_as_is::<f64>(&Scene::watched(&self.masking(experiment), monitor)?, monitor)?;
        Ok(self.squares.apply(|i_panel, place| image.panels[i_panel].pixels()[place]))
    }
}

impl Model for Coarse<'_> {
    type State = State;

    fn layout(&self) -> &Layout {
        self.fine.layout()
    }

    fn values(&self, state: &State) -> Vec<f64> {
        self.fine.values(state)
    }

    fn shifted(&self, state: &State, step: &[f64]) -> Result<Option<State>> {
        self.fine.shifted(state, step)
    }

    fn loss(&self, state: &State, monitor: &dyn Monitor) -> Result<f64> {
        let mut sums = Sums::none(0);
        for (image, experiment) in self.images.iter().zip(&state.experiments) {
            let modelled = image.modelled(experiment, monitor)?;
            let mut slopes: Vec<Vec<[f64; 2]>> = modelled.iter().map(|panel| vec![[0.0; 2]; panel.len()]).collect();
            self.of_image(image, &modelled, &mut sums, &mut slopes);
        }
        Ok(sums.loss)
    }

    fn normal(&self, state: &State, monitor: &dyn Monitor) -> Result<Normal> {
        let images = state.experiments.iter().enumerate();
        let sums: Vec<Sums> =
            images.map(|(i, experiment)| self.image_sums(i, experiment, monitor)).collect::<Result<_>>()?;
        Ok(Normal::new(self.layout(), &sums))
    }

    fn unit(&self, normal: &Normal) -> f64 {
        if self.loss.is_likelihood() {
            return 1.0;
        }
        2.0 * normal.loss / normal.n_pixels.saturating_sub(self.layout().len()).max(1) as f64
    }
}
