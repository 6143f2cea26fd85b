//! Exact derivatives of images with respect to the parameters of experiments, by name.
//!
//! A [`Parameter`] says how an experiment moves ([`shift_all`]); dual numbers through the same code give the change of the scene
//! ([`tangent`]).

mod names;
mod parameter;
mod shift;
mod state;
mod tangents;

pub use names::{Row, TABLE};
pub use parameter::{Axis, CellNumbers, CrystalSystem, PanelAxis, Parameter, Range};
pub use shift::shift_all;
pub use state::{GROUPS, parse_list};
pub use tangents::{combination, tangent};
