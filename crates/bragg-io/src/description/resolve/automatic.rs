//! How finely that is sampled which nobody said how finely to sample.

use super::amplitudes::D_MIN;
use super::resolver::Resolver;
use crate::description::{Notice, Origin};
use bragg::error::Result;
use bragg::experiment::beam::TickSample;
use bragg::experiment::reach::finest_resolution;
use bragg::experiment::smearing::{Smearing, Sweep};
use bragg::experiment::work::Work;
use bragg::experiment::{Beam, Crystal, Detector, Experiment};
use bragg::reflections::Reflections;

pub(super) const DOMAINS: &str = "crystal.mosaic.domains";
const STEPS: &str = "scan.steps";
/// What integrated spots may be off by without a word.
const WORTH_A_NOTE: f64 = 0.03;

/// The keys of number and distance of the points of a range, and what they are.
fn keys(sweep: Sweep) -> [&'static str; 3] {
    match sweep {
        Sweep::Horizontal => {
            ["beam.divergence.horizontal_steps", "beam.divergence.horizontal_step", "directions along the field"]
        }
        Sweep::Vertical => {
            ["beam.divergence.vertical_steps", "beam.divergence.vertical_step", "directions across the field"]
        }
        Sweep::Dispersion => ["beam.dispersion.steps", "beam.dispersion.step", "wavelengths"],
        Sweep::Spindle => [STEPS, "scan.step", "spindle steps"],
    }
}

impl Resolver {
    /// Chooses the numbers of mosaic domains, sources and spindle steps that were not given, by what smears a spot; says what those that were
    /// given leave to be desired. nanoBragg's physics has nanoBragg's numbers.
    pub(super) fn choose_samples(
        &mut self,
        crystal: &mut Crystal,
        beam: &mut Beam,
        detector: &Detector,
        list: Option<&Reflections>,
    ) -> Result<()> {
        let range = self.scan_range()?;
        if self.is_nanobragg()? {
            return self.automatic(STEPS, 1, "as in nanoBragg");
        }
        let resolution = self.resolution(crystal, beam, detector, list)?;
        let smearing = Smearing::new(crystal, beam, range, resolution);
        let down_to = format!("integrated spots right within 2 % down to {resolution:.3} Å");
        if crystal.mosaic.spread.width() > 0.0 {
            let needed = smearing.domains();
            if !self.has(DOMAINS) {
                self.automatic(DOMAINS, needed as i64, down_to.as_str())?;
                self.chosen.push(format!("{needed} mosaic domains"));
            }
            crystal.mosaic.n_domains = self.count(DOMAINS)?;
            self.remark(DOMAINS, needed, smearing.domain_error(crystal.mosaic.n_domains));
        }
        let smearing = smearing.with_domains(crystal.mosaic.n_domains);
        for sweep in Sweep::ALL.into_iter().filter(|&sweep| smearing.has(sweep)) {
            let [steps_key, step_key, points] = keys(sweep);
            // from end to end there is a point at either
            let from_ends = beam.spread.is_some_and(|spread| match sweep {
                Sweep::Horizontal => spread.horizontal.sample == TickSample::Ends,
                Sweep::Vertical => spread.vertical.sample == TickSample::Ends,
                Sweep::Dispersion => spread.dispersion.sample == TickSample::Ends,
                Sweep::Spindle => false,
            });
            let needed = smearing.steps(sweep).max(if from_ends { 2 } else { 1 });
            if !self.has(steps_key) && !self.has(step_key) {
                self.automatic(steps_key, needed as i64, down_to.as_str())?;
                if needed > 1 {
                    self.chosen.push(format!("{needed} {points}"));
                }
            }
            if self.has(steps_key) {
                let n = self.count(steps_key)?;
                let key = if self.is_given(steps_key) || !self.has(step_key) { steps_key } else { step_key };
                self.remark(key, needed, smearing.error(sweep, n));
            }
        }
        self.automatic(STEPS, 1, if range == 0.0 { "a still" } else { "one step of scan.step" })?;
        if let Some(spread) = beam.spread {
            let (sources, spread) = self.generated_sources(beam.direction, spread.e_vector, beam.wavelength)?;
            (beam.sources, beam.spread) = (sources, spread);
        }
        Ok(())
    }

    /// The finest spacing (Å) that matters: what the detector sees, `sampling.d_min`, and as far as there are amplitudes.
    fn resolution(
        &mut self,
        crystal: &Crystal,
        beam: &Beam,
        detector: &Detector,
        list: Option<&Reflections>,
    ) -> Result<f64> {
        let finest = finest_resolution(detector, beam).max(self.number("sampling.d_min")?);
        // amplitudes of models are computed as far as the detector sees
        let is_limited = !self.has(D_MIN) && self.number("crystal.structure_factors.default")? == 0.0;
        let Some(list) = list.filter(|_| is_limited) else { return Ok(finest) };
        let [a, b, c] = crystal.reciprocal().0;
        let length = |[h, k, l]: [i32; 3]| (a * f64::from(h) + b * f64::from(k) + c * f64::from(l)).norm();
        let longest = list.list.iter().filter(|(_, f)| *f != 0.0).map(|(hkl, _)| length(*hkl)).fold(0.0, f64::max);
        Ok(if longest > 0.0 { finest.max(1.0 / longest) } else { finest })
    }

    /// Says what a number leaves to be desired.
    pub(super) fn remark(&mut self, key: &str, needed: usize, error: f64) {
        let Some(entry) = self.description.get(key).filter(|_| error > WORTH_A_NOTE) else { return };
        let value = &entry.value;
        let percent = format!("integrated spots are off by up to about {:.0} %", 100.0 * error);
        let steps = if key.ends_with("step") { " steps" } else { "" };
        self.notice(if self.is_given(key) {
            format!("{key} is {value} ({}): {percent}; {needed}{steps} make it 2 %", entry.origin)
        } else {
            format!("{key} is {value}, as many as are taken without being asked for: {percent}")
        });
    }

    /// Whether somebody gave a value to a name.
    fn is_given(&self, name: &str) -> bool {
        let entry = self.description.get(name);
        entry.is_some_and(|entry| !matches!(entry.origin, Origin::Automatic(_) | Origin::Default))
    }

    /// What was chosen, and what it costs.
    pub(super) fn choice(&mut self, experiment: &Experiment) -> Option<Notice> {
        let chosen = std::mem::take(&mut self.chosen);
        (!chosen.is_empty())
            .then(|| Notice(format!("sampling: {}: {:.1e} terms", chosen.join(", "), Work::of(experiment).terms())))
    }
}
