//! `bragg compare --suite`: many comparisons at once, with one table.

use super::arguments::Compare;
use super::status::Status;
use anyhow::Result;

pub(super) fn run(_: &Compare) -> Result<Status> {
    Ok(Status::Usage)
}
