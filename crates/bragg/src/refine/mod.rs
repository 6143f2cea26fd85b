//! Refinement: the parameters of an experiment that explain recorded images best.
//!
//! Beside the road from a description to an image: it uses all of it, and nothing uses it.

mod coarse;
mod describe;
mod experiments;
mod large;
mod lbfgs;
mod levenberg;
mod loss;
mod matrix;
mod model;
mod normal;
mod observed;
mod priors;
mod run;
mod search;
mod solve;
mod starts;

pub use coarse::{Coarse, Coarseness};
pub use describe::{check_describable, describe, describe_reflections, forget_reflections, is_refined};
pub use experiments::{Experiments, State};
pub use lbfgs::{LargeFit, LargeStop, minimise_large};
pub use levenberg::{Ended, Fit, Iteration, Stop, minimise};
pub use loss::{DARKEST, Loss, PixelLoss, half_deviance, poisson_log_probability};
pub use model::Model;
pub use normal::{Layout, Normal, Sums};
pub use observed::{LeftOut, Observed, Selection, near_bright};
pub use priors::{Priors, Restraint};
pub use run::{Outcome, Refined, Settings, refine};
pub use solve::Uncertainty;
pub use starts::Start;
