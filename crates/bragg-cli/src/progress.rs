//! The progress bar.

use crate::interrupt;
use bragg::kernel::Monitor;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use std::io::IsTerminal as _;
use std::time::Duration;

/// Shows the progress of a simulation on a terminal, and stops it on Ctrl-C.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new(n_pixels: u64, quiet: bool) -> Self {
        if quiet || !std::io::stderr().is_terminal() {
            return Self { bar: ProgressBar::hidden() };
        }
        let bar = ProgressBar::new(n_pixels);
        let template = "{bar:40} {percent:>3} %  {human_pos} of {human_len}, {rate}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─").with_key("rate", rate));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar }
    }
}

fn rate(state: &ProgressState, text: &mut dyn std::fmt::Write) {
    // a text that cannot be written is one that nobody sees
    let _ = write!(text, "{:.0} pixels/s", state.per_sec());
}

impl Monitor for Progress {
    fn advance(&self, pixels: usize) {
        self.bar.inc(pixels as u64);
    }

    fn cancelled(&self) -> bool {
        interrupt::requested()
    }
}

/// Leaves the terminal as it was.
impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
