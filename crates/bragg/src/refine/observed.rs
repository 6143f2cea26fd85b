//! Recorded images, and which of their pixels are used.

use super::loss::Loss;
use crate::error::{Error, Result};
use crate::experiment::{Experiment, Roi};
use crate::image::{Image, Recording};
use crate::kernel::{self, Monitor};
use crate::scene::Scene;
use std::path::Path;
use std::sync::Arc;

/// Which pixels are left out besides those that the experiment masks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    /// Only pixels in here.
    pub roi: Option<Roi>,
    /// Pixels of each panel that may be used, fast axis first.
    pub mask: Option<Vec<Arc<[bool]>>>,
}

/// Pixels that were left out, by reason; each is counted once, under the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// By a mask, a region or the experiment's own mask.
    pub masked: usize,
    /// Negative counts, as detectors write for gaps and dead pixels.
    pub flagged: usize,
    /// Infinite, or not a number.
    pub not_numbers: usize,
    /// Above the largest count.
    pub saturated: usize,
}

/// The photons of a recorded image.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// Photons of each panel, fast axis first; meaningless where a pixel is not used.
    pub photons: Vec<Vec<f64>>,
    /// Which are used.
    pub used: Vec<Arc<[bool]>>,
    /// How many are not, and why.
    pub left_out: LeftOut,
}

enum Pixel {
    Photons(f64),
    Flagged,
    NotANumber,
    Saturated,
}

impl Observed {
    /// The used pixels of an image that was recorded with the detector of `experiment`, whose response says what a photon is worth and
    /// which counts are saturated; `path` is for messages.
    ///
    /// # Errors
    /// The image has another size, no pixel is left, or a pixel has less than no photons where the loss cannot have that.
    pub fn new(
        recording: &Recording,
        experiment: &Experiment,
        selection: &Selection,
        loss: Loss,
        path: &Path,
    ) -> Result<Self> {
        let panels = &experiment.detector.panels;
        let sizes: Vec<_> = panels.iter().map(|panel| (panel.n_fast, panel.n_slow)).collect();
        if sizes != recording.panel_sizes() {
            let what = format!(
                "has panels of {:?} pixels (fast, slow), but the experiment's detector has {sizes:?}",
                recording.panel_sizes()
            );
            return Err(Error::file(path, None, what));
        }
        let allowed = allowed(experiment, selection).map_err(|what| Error::file(path, None, what))?;
        let (response, highest) = (experiment.response, experiment.response.highest());
        let photons = |counts: f64| {
            if !counts.is_finite() {
                Pixel::NotANumber
            } else if highest.is_some_and(|highest| counts > highest) {
                Pixel::Saturated
            } else {
                Pixel::Photons(response.photons(counts))
            }
        };
        let flagged = |count: i32| if count < 0 { Pixel::Flagged } else { photons(f64::from(count)) };
        let observed = match recording {
            Recording::Photons(image) => Self::select(image, &allowed, |&pixel| photons(f64::from(pixel))),
            Recording::Counts(image) => Self::select(image, &allowed, |&count| flagged(count)),
        };
        observed.check(loss, path)?;
        Ok(observed)
    }

    fn select<T>(image: &Image<T>, allowed: &[Vec<bool>], pixel: impl Fn(&T) -> Pixel) -> Self {
        let mut left_out = LeftOut::default();
        let (mut photons, mut used) = (Vec::new(), Vec::new());
        for (panel, allowed) in image.panels.iter().zip(allowed) {
            let mut take = |(value, allowed): (&T, &bool)| {
                let reason = match (allowed, pixel(value)) {
                    (true, Pixel::Photons(photons)) => return (photons, true),
                    (false, _) => &mut left_out.masked,
                    (_, Pixel::Flagged) => &mut left_out.flagged,
                    (_, Pixel::NotANumber) => &mut left_out.not_numbers,
                    (_, Pixel::Saturated) => &mut left_out.saturated,
                };
                *reason += 1;
                (0.0, false)
            };
            let (values, flags): (Vec<f64>, Vec<bool>) = panel.pixels().iter().zip(allowed).map(&mut take).unzip();
            photons.push(values);
            used.push(flags.into());
        }
        Self { photons, used, left_out }
    }

    fn check(&self, loss: Loss, path: &Path) -> Result<()> {
        let LeftOut { masked, flagged, not_numbers, saturated } = self.left_out;
        if self.n_used() == 0 {
            let what = format!(
                "has no pixel to refine against: {masked} are masked or outside the region, {flagged} are flagged by negative counts, \
                 {not_numbers} are not numbers, {saturated} are saturated"
            );
            return Err(Error::file(path, None, what));
        }
        let pixels = self.photons.iter().flatten().zip(self.used.iter().flat_map(|used| used.iter()));
        let n_negative = pixels.filter(|(photons, used)| **used && **photons < 0.0).count();
        if n_negative > 0 && !loss.admits_negative() {
            let what = format!(
                "has {n_negative} pixels with less than 0 photons, which no count of photons gives; say what the detector adds \
                 (`adc_offset`, `gain`), mask them (`mask`), or use `loss` gauss with `read_noise`"
            );
            return Err(Error::file(path, None, what));
        }
        Ok(())
    }

    /// Number of used pixels.
    #[must_use]
    pub fn n_used(&self) -> usize {
        self.used.iter().map(|used| used.iter().filter(|&&used| used).count()).sum()
    }

    /// The experiment with every pixel masked that is not used, so that no work goes into them.
    #[must_use]
    pub fn masking(&self, mut experiment: Experiment) -> Experiment {
        for (panel, used) in experiment.detector.panels.iter_mut().zip(&self.used) {
            panel.mask = Some(used.clone());
        }
        experiment
    }

    /// Puts into each pixel of an image what a function makes of its recorded photons, `None` where they are not used, and of what is there.
    pub(super) fn for_each_pixel(&self, image: &mut Image<f64>, mut change: impl FnMut(Option<f64>, f64) -> f64) {
        for ((photons, used), panel) in self.photons.iter().zip(&self.used).zip(&mut image.panels) {
            for ((&photons, &used), pixel) in photons.iter().zip(used.iter()).zip(panel.pixels_mut()) {
                *pixel = change(used.then_some(photons), *pixel);
            }
        }
    }

    /// Keeps only pixels within `reach` of a bright one, in the data or in the image of `experiment` ([`near_bright`]).
    ///
    /// # Errors
    /// The image cannot be computed, or the monitor stops it.
    pub fn keep_near_bright(&mut self, experiment: &Experiment, reach: usize, monitor: &dyn Monitor) -> Result<()> {
        let model = kernel::render::<f64>(&Scene::watched(&self.masking(experiment.clone()), monitor)?, monitor)?;
        let widths: Vec<usize> = experiment.detector.panels.iter().map(|panel| panel.n_fast).collect();
        let near = |i: usize, photons: &[f64]| near_bright(photons, &self.used[i], widths[i], reach);
        let panels = model.panels.iter().enumerate();
        let boxes: Vec<_> = panels.map(|(i, panel)| [near(i, &self.photons[i]), near(i, panel.pixels())]).collect();
        self.retain(&widths, |i, fast, slow| boxes[i].iter().any(|near| near[slow * widths[i] + fast]));
        Ok(())
    }

    /// Keeps only pixels that `keep` names, by panel, fast and slow.
    pub fn retain(&mut self, n_fast: &[usize], keep: impl Fn(usize, usize, usize) -> bool) {
        for (i_panel, (used, n_fast)) in self.used.iter_mut().zip(n_fast).enumerate() {
            let flags = used.iter().enumerate();
            *used = flags.map(|(place, &used)| used && keep(i_panel, place % n_fast, place / n_fast)).collect();
        }
    }
}

/// What regions and masks leave of each panel.
fn allowed(experiment: &Experiment, selection: &Selection) -> std::result::Result<Vec<Vec<bool>>, String> {
    let within = |roi: &Option<Roi>, fast: usize, slow: usize| {
        roi.is_none_or(|roi| (roi.fast[0]..=roi.fast[1]).contains(&fast) && (roi.slow[0]..=roi.slow[1]).contains(&slow))
    };
    let panels = &experiment.detector.panels;
    if let Some(Roi { fast, slow }) = selection.roi
        && !panels.iter().any(|panel| fast[1] < panel.n_fast && slow[1] < panel.n_slow)
    {
        let sizes: Vec<_> = panels.iter().map(|panel| (panel.n_fast, panel.n_slow)).collect();
        return Err(format!(
            "has panels of {sizes:?} pixels (fast, slow), of which the region goes to pixel {}, {}",
            fast[1], slow[1]
        ));
    }
    let mut all = Vec::new();
    for (i, panel) in panels.iter().enumerate() {
        let n = panel.n_fast.saturating_mul(panel.n_slow);
        let theirs = selection.mask.as_ref().map(|mask| mask.get(i).filter(|mask| mask.len() == n));
        if theirs == Some(None) {
            return Err(format!(
                "and its mask differ in size: panel {i} has {} × {} pixels",
                panel.n_fast, panel.n_slow
            ));
        }
        let open = |mask: Option<&Arc<[bool]>>, place: usize| mask.is_none_or(|mask| mask.get(place) == Some(&true));
        let is_allowed = |place: usize| {
            let (fast, slow) = (place % panel.n_fast, place / panel.n_fast);
            within(&panel.roi, fast, slow)
                && within(&selection.roi, fast, slow)
                && open(panel.mask.as_ref(), place)
                && open(theirs.flatten(), place)
        };
        all.push((0..n).map(is_allowed).collect());
    }
    Ok(all)
}

/// Bright pixels have this many standard deviations more than the median pixel.
const BRIGHT: f64 = 6.0;
/// Median of the absolute deviations of a normal distribution, in its standard deviations.
const MEDIAN_DEVIATION: f64 = 0.674_489_75;

/// Pixels within `reach` (along fast and slow) of a bright one. What counts as bright follows from the median and the median deviation of
/// the used pixels, which few bright ones do not move.
#[must_use]
pub fn near_bright(photons: &[f64], used: &[bool], n_fast: usize, reach: usize) -> Vec<bool> {
    let mut values: Vec<f64> = photons.iter().zip(used).filter(|(_, used)| **used).map(|(x, _)| *x).collect();
    let mut near = vec![false; photons.len()];
    if values.is_empty() || n_fast == 0 {
        return near;
    }
    let median = |values: &mut Vec<f64>| {
        let middle = values.len() / 2;
        *values.select_nth_unstable_by(middle, f64::total_cmp).1
    };
    let middle = median(&mut values);
    values.iter_mut().for_each(|x| *x = (*x - middle).abs());
    let deviation = (median(&mut values) / MEDIAN_DEVIATION).max(middle.max(0.0).sqrt()).max(0.5);
    let n_slow = photons.len() / n_fast;
    for place in (0..photons.len()).filter(|&place| used[place] && photons[place] > middle + BRIGHT * deviation) {
        let (fast, slow) = (place % n_fast, place / n_fast);
        for slow in slow.saturating_sub(reach)..(slow.saturating_add(reach).saturating_add(1)).min(n_slow) {
            let row = slow * n_fast;
            let end = fast.saturating_add(reach).saturating_add(1).min(n_fast);
            near[row + fast.saturating_sub(reach)..row + end].fill(true);
        }
    }
    near
}
