//! What can be fitted.

use super::normal::{Layout, Normal};
use crate::error::Result;
use crate::kernel::Monitor;

/// Something with parameters that explains data more or less well.
pub trait Model {
    /// A point in the space of the parameters.
    type State: Clone;

    /// Which parameters there are.
    fn layout(&self) -> &Layout;

    /// The parameters at a point.
    fn values(&self, state: &Self::State) -> Vec<f64>;

    /// Another point, a step away; `None` where there is none (a cell without volume).
    ///
    /// # Errors
    /// A parameter cannot be shifted at all.
    fn shifted(&self, state: &Self::State, step: &[f64]) -> Result<Option<Self::State>>;

    /// The loss at a point.
    ///
    /// # Errors
    /// It cannot be computed, or the monitor stops it.
    fn loss(&self, state: &Self::State, monitor: &dyn Monitor) -> Result<f64>;

    /// The loss, its gradient and the information on the parameters.
    ///
    /// # Errors
    /// It cannot be computed, or the monitor stops it.
    fn normal(&self, state: &Self::State, monitor: &dyn Monitor) -> Result<Normal>;

    /// Refuses a start, by its normal equations with restraints, from which a fit cannot end well.
    ///
    /// # Errors
    /// A sentence naming the parameter.
    fn check_start(&self, _normal: &Normal) -> Result<()> {
        Ok(())
    }

    /// The loss of half the square of one standard uncertainty: 1 for likelihoods; for unweighted squares the variance of a residual.
    fn unit(&self, _normal: &Normal) -> f64 {
        1.0
    }
}
