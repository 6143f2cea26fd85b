//! Refinement: the parameters of an experiment that explain recorded images best.
//!
//! Beside the road from a description to an image: it uses all of it, and nothing uses it.

mod coarse;
mod experiments;
mod large;
mod lbfgs;
mod levenberg;
mod loss;
mod matrix;
mod model;
mod normal;
mod observed;
mod plausible;
mod position;
mod priors;
mod run;
mod search;
mod solve;
mod starts;

pub use coarse::{Coarse, Coarseness};
pub use experiments::{Experiments, State};
pub use lbfgs::{LargeFit, LargeReached, LargeStop, LargeWatch, minimise_large, minimise_large_from};
pub use levenberg::{Ended, Fit, Iteration, Reached, Stop, minimise, minimise_from};
pub use loss::{DARKEST, Loss, PixelLoss, half_deviance, poisson_log_probability};
pub use model::Model;
pub use normal::{Layout, Normal, Sums};
pub use observed::{LeftOut, Observed, Selection, near_bright};
pub use position::{Move, Position, Within};
pub use priors::{Priors, Restraint};
pub use run::{Outcome, Refined, Settings, Watch, refine, refine_from};
pub use solve::Uncertainty;
pub use starts::Start;
