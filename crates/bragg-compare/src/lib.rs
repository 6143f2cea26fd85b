//! Evidence that two simulators make the same image: both are run, their images are compared, and a
//! folder is left that says all of it.
//!
//! [`metrics`] compares two images: correlation, sums, the largest differences and the brightest
//! peaks, with a verdict by limits that the caller sets. A [`Request`] says what is to be run or read;
//! it makes a [`Case`], which [`carry_out`] carries out and leaves in a [`Bundle`] with a report,
//! pictures, and a script that does it again. A [`Suite`] is many cases.
//!
//! Errors name the settings of this library (`reference`, `timeout`). The caller, who implements
//! [`Host`], says them in the words of its user.

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
