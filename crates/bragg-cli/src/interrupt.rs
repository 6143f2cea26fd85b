//! Ctrl-C, and the end of a batch job: one handler for the whole program, from its first line.
//!
//! The first signal sets a flag that the work looks at, so that it ends where it is clean. Work that does not look, such as the reading of
//! a large file or the opening of a pipe that nobody reads, has [`GRACE`]; then, or with a second signal, the handler ends the program itself.
//! Either way no temporary file is left.

use crate::{exit, messages};
use bragg::monitor::Monitor;
use bragg_io::formats::atomic::{self, Written};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long the work has to end by itself.
const GRACE: Duration = Duration::from_secs(1);
/// How long a last message may take: standard error may be a pipe that is full.
const LAST_WORDS: Duration = Duration::from_millis(300);

static REQUESTED: AtomicBool = AtomicBool::new(false);
static IS_TOLD: AtomicBool = AtomicBool::new(false);

/// From now on, signals end the program as this module says.
#[cfg(unix)]
pub(crate) fn watch() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ};
    use signal_hook::iterator;
    // batch systems announce the end of a job by the last three
    let ending = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU, SIGUSR1, SIGUSR2];
    // a terminal that is closed does not matter to a program that was started by nohup
    let ending = ending.into_iter().filter(|signal| *signal != SIGHUP || !is_ignored(SIGHUP));
    // who has this one handled is told by the write itself that the file has become too large
    let all = ending.chain([SIGXFSZ]);
    // without a handler, a signal ends the program as always
    let Ok(mut signals) = iterator::Signals::new(all) else { return };
    let _ = thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever().filter(|signal| *signal != SIGXFSZ) {
            on_signal(signal == SIGQUIT);
        }
    });
}

/// Whether the program was started with the signal ignored.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// From now on, Ctrl-C ends the program as this module says.
#[cfg(not(unix))]
pub(crate) fn watch() {
    // without a handler, it ends the program as always
    let _ = ctrlc::set_handler(|| on_signal(false));
}

fn on_signal(at_once: bool) {
    if at_once || REQUESTED.swap(true, Relaxed) {
        end();
    }
    let _ = thread::Builder::new().name("end".to_owned()).spawn(|| {
        thread::sleep(GRACE);
        end();
    });
}

/// Whether to stop.
pub(crate) fn requested() -> bool {
    REQUESTED.load(Relaxed)
}

/// Stops work when a signal came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signals;

impl Monitor for Signals {
    fn advance(&self, _pixels: usize) {}

    fn cancelled(&self) -> bool {
        requested()
    }
}

/// Ends the program, whatever it is doing.
fn end() -> ! {
    atomic::abandon();
    bragg_compare::end_programs();
    let (sender, receiver) = mpsc::channel();
    let _ = thread::Builder::new().name("last words".to_owned()).spawn(move || {
        tell(&last_words());
        sender.send(())
    });
    let _ = receiver.recv_timeout(LAST_WORDS);
    std::process::exit(exit::INTERRUPTED.into());
}

/// Says how the program was interrupted, once.
pub(crate) fn tell(text: &str) {
    if !IS_TOLD.swap(true, Relaxed) {
        messages::error(text);
    }
}

/// What is said of an interruption: which files are there.
pub(crate) fn last_words() -> String {
    let Written { first, n } = atomic::written();
    let names: Vec<_> = first.iter().map(|path| path.display().to_string()).collect();
    match n - first.len() as u64 {
        0 if n == 0 => "interrupted; no file was written".to_owned(),
        0 if n == 1 => format!("interrupted; before that, {} was written whole", names.join(", ")),
        0 => format!("interrupted; before that, {} were written whole", names.join(", ")),
        more => format!("interrupted; before that, {} and {more} more were written whole", names.join(", ")),
    }
}
