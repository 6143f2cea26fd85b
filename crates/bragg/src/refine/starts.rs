//! Ways to the neighbourhood of an answer.

use super::coarse::Coarseness;
use crate::experiment::Experiment;
use crate::math::Vec3;

/// How the neighbourhood of the answer is found.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// It is here already.
    Here,
    /// By fits to ever less coarse images, from the coarsest on.
    Coarse(Vec<Coarseness>),
    /// By trying orientations up to so many degrees away on coarse images, and then as [`Start::Coarse`].
    Search {
        /// Largest angle (deg).
        reach: f64,
        /// The coarse images; the first is the one that orientations are tried on.
        stages: Vec<Coarseness>,
    },
}

/// Blurs (pixels) of the stages, widest first.
const BLURS: [f64; 3] = [6.0, 3.0, 1.5];
/// Resolution limits of the stages, in multiples of the finest spacing on the detector.
const RUNGS: [f64; 6] = [7.0, 4.7, 3.3, 2.3, 1.8, 1.4];

impl Start {
    /// The reach (deg) of [`Self::search`] where nobody says it.
    pub const REACH: f64 = 1.0;

    /// Low resolution first, then ever finer spacings, up to the finest that the detectors of `experiments` reach.
    #[must_use]
    pub fn ladder(experiments: &[Experiment]) -> Self {
        let finest = experiments.iter().map(finest_spacing).fold(f64::INFINITY, f64::min);
        Self::Coarse(RUNGS.map(|rung| Coarseness { blur: 0.0, d_min: rung * finest }).to_vec())
    }

    /// Blurred images first, then ever sharper ones.
    #[must_use]
    pub fn blurred() -> Self {
        Self::Coarse(blurred())
    }

    /// Orientations up to `reach` degrees away, tried on blurred images, and then as [`Self::blurred`].
    #[must_use]
    pub fn search(reach: f64) -> Self {
        Self::Search { reach, stages: blurred() }
    }

    /// The coarse images, from the coarsest on.
    #[must_use]
    pub fn stages(&self) -> &[Coarseness] {
        match self {
            Self::Here => &[],
            Self::Coarse(stages) | Self::Search { stages, .. } => stages,
        }
    }
}

fn blurred() -> Vec<Coarseness> {
    BLURS.map(|blur| Coarseness { blur, d_min: 0.0 }).to_vec()
}

/// The finest spacing (Å) at a corner of the detector.
fn finest_spacing(experiment: &Experiment) -> f64 {
    let beam = &experiment.beam;
    let corners = experiment.detector.panels.iter().flat_map(|panel| {
        let (fast, slow) = (panel.n_fast as f64, panel.n_slow as f64);
        [(0.0, 0.0), (fast, 0.0), (0.0, slow), (fast, slow)].map(|(fast, slow)| panel.position(fast, slow))
    });
    let spacing = |corner: Vec3| beam.wavelength / (corner.unit() - beam.propagation()).norm();
    corners.map(spacing).fold(f64::INFINITY, f64::min)
}
