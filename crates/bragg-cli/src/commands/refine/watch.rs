//! The line that shows how a refinement goes.

use crate::interrupt;
use bragg::kernel::Monitor;
use bragg::refine::Iteration;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal as _;
use std::time::Duration;

/// Parameters that fit on the line.
const SHOWN: usize = 4;

/// Shows the current values on a terminal, and stops the work on Ctrl-C.
pub(super) struct Watch {
    bar: ProgressBar,
    names: Vec<String>,
}

impl Watch {
    pub(super) fn new(names: Vec<String>, quiet: bool) -> Self {
        let bar =
            if quiet || !std::io::stderr().is_terminal() { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, names }
    }

    pub(super) fn iteration(&self, iteration: &Iteration) {
        let last = |name: &str| name.rsplit_once('.').map_or(name, |(_, last)| last).to_owned();
        let values = self.names.iter().zip(&iteration.values).take(SHOWN);
        let values: Vec<_> = values.map(|(name, value)| format!("{} {value:.6}", last(name))).collect();
        let more = if self.names.len() > SHOWN { ", …" } else { "" };
        let (number, loss) = (iteration.number, iteration.loss);
        let values = if values.is_empty() { String::new() } else { format!("; {}{more}", values.join(", ")) };
        self.bar.set_message(format!("iteration {number}: loss {loss:.6e}{values}"));
    }
}

impl Monitor for Watch {
    fn advance(&self, _pixels: usize) {}

    fn cancelled(&self) -> bool {
        interrupt::requested()
    }
}

/// Leaves the terminal as it was.
impl Drop for Watch {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
