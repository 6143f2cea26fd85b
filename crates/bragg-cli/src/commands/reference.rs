//! `bragg reference`: the pages of docs/ that follow from tables in the program.

use crate::arguments::Page;
use std::io::Write as _;

pub(crate) fn run(page: Page) -> anyhow::Result<()> {
    let text = match page {
        Page::Experiment => bragg_io::description::reference::markdown(),
        Page::Nanobragg => bragg_io::description::nanobragg::flags::page(),
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
