//! Ctrl-C (and the end of a batch job): a flag that the work looks at, so that no partial file is left.

use crate::exit;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

static REQUESTED: AtomicBool = AtomicBool::new(false);
static WRITING: AtomicBool = AtomicBool::new(false);

/// From now on, a signal only sets the flag; a second one ends the program at once unless files are being written.
pub(crate) fn watch() {
    // without a handler, a signal ends the program as always
    let _ = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Relaxed) && !WRITING.load(Relaxed) {
            std::process::exit(exit::INTERRUPTED.into());
        }
    });
}

/// Whether to stop.
pub(crate) fn requested() -> bool {
    REQUESTED.load(Relaxed)
}

/// From now on, temporary files may be there.
pub(crate) fn writing_begins() {
    WRITING.store(true, Relaxed);
}
