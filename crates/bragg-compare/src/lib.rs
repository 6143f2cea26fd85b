//! Evidence that two simulators make the same image: both are run, their images compared, and a folder left that says all of it.
//!
//! [`metrics`] compare two images. A [`Request`] makes a [`Case`] of programs or files, which [`carry_out`] carries out and leaves in a
//! [`Bundle`]; a [`Suite`] is many of them. Errors name settings of this library (`reference`, `timeout`); who calls it, the [`Host`], says
//! them in the words of its user.

mod bundle;
mod case;
mod environment;
mod host;
mod load;
pub mod metrics;
mod notes;
mod pictures;
mod process;
mod python;
mod record;
mod report;
mod request;
mod status;
mod suite;
mod summary;
mod words;

pub use bundle::Bundle;
pub use case::{Case, Outcome, carry_out};
pub use host::Host;
pub use process::end_all as end_programs;
pub use request::Request;
pub use status::Status;
pub use suite::{Finished, Suite};
