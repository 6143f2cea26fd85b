//! Work in threads of our own, while Python goes on.
//!
//! Every piece of work runs in a rayon pool that belongs to this process; the thread that called waits without the interpreter's lock,
//! and looks for signals. Rayon's global pool is never used: after a fork the child would wait for threads that it does not have.

use crate::errors::no_threads;
use bragg::kernel::Monitor;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

/// How often the thread that waits looks for signals and reports progress.
const PATIENCE: Duration = Duration::from_millis(30);
/// Pools of one thread that are kept for later.
const MOST_IDLE: usize = 64;

/// The pools of a process.
struct Pools {
    process: u32,
    /// Pools of one thread that nobody works in: calls from several Python threads get one each.
    idle: Vec<Arc<ThreadPool>>,
    /// The pool of several threads, which calls share, and their number.
    shared: Option<(usize, Arc<ThreadPool>)>,
}

/// Locked only by who has the interpreter's lock, and never while that is let go: so no other thread can hold it when Python forks.
static POOLS: Mutex<Pools> = Mutex::new(Pools { process: 0, idle: Vec::new(), shared: None });

/// Does something with the pools of this process.
fn with_pools<T>(_py: Python<'_>, f: impl FnOnce(&mut Pools) -> T) -> T {
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if pools.process != process {
        // Those of the process that this one was forked from: their threads are not here, and to end them would be to wait for them.
        let fresh = Pools { process, idle: Vec::new(), shared: None };
        std::mem::forget(std::mem::replace(&mut *pools, fresh));
    }
    f(&mut pools)
}

fn build(n_threads: usize) -> PyResult<Arc<ThreadPool>> {
    let builder = ThreadPoolBuilder::new().num_threads(n_threads).thread_name(|i| format!("bragg-{i}"));
    builder.build().map(Arc::new).map_err(no_threads)
}

/// A pool while it is used.
struct Lent {
    pool: Arc<ThreadPool>,
    is_alone: bool,
}

impl Lent {
    fn of(py: Python<'_>, n_threads: usize) -> PyResult<Self> {
        with_pools(py, |pools| {
            if n_threads <= 1 {
                let pool = pools.idle.pop().map_or_else(|| build(1), Ok)?;
                return Ok(Self { pool, is_alone: true });
            }
            if let Some((n, pool)) = &pools.shared
                && *n == n_threads
            {
                return Ok(Self { pool: Arc::clone(pool), is_alone: false });
            }
            let pool = build(n_threads)?;
            pools.shared = Some((n_threads, Arc::clone(&pool)));
            Ok(Self { pool, is_alone: false })
        })
    }

    fn give_back(self, py: Python<'_>) {
        with_pools(py, |pools| {
            if self.is_alone && pools.idle.len() < MOST_IDLE {
                pools.idle.push(self.pool);
            }
        });
    }
}

/// The thread that ends the interpreter, once it does.
static ENDING: OnceLock<ThreadId> = OnceLock::new();

/// Threads that wait for work.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// A thread among [`WAITING`].
struct Waiting;

impl Waiting {
    fn new() -> Self {
        WAITING.fetch_add(1, Relaxed);
        Self
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Relaxed);
    }
}

/// Keeps the threads that wait for work from coming back to an interpreter that is gone, which would end them in the middle of our
/// code: they wait on until the process ends. To be called when the interpreter is about to end.
#[pyfunction]
pub(crate) fn keep_threads_away(py: Python<'_>) {
    let _ = ENDING.set(std::thread::current().id());
    if WAITING.load(Relaxed) > 0 {
        // who waits for the interpreter's lock now gets it once more, and is kept at its next wait
        py.detach(|| std::thread::sleep(2 * PATIENCE));
    }
}

fn stay_if_interpreter_ends() {
    if ENDING.get().is_some_and(|thread| *thread != std::thread::current().id()) {
        loop {
            std::thread::park();
        }
    }
}

/// How far a piece of work is, and whether it is to stop.
#[derive(Default)]
pub(crate) struct Watch {
    done: AtomicUsize,
    cancelled: AtomicBool,
}

impl Monitor for Watch {
    fn advance(&self, pixels: usize) {
        self.done.fetch_add(pixels, Relaxed);
    }

    fn cancelled(&self) -> bool {
        self.cancelled.load(Relaxed)
    }
}

/// What is told how far the work is, from the thread that waits.
pub(crate) trait Report {
    fn report(&self, watch: &Watch) -> PyResult<()>;
}

/// Tells of pixels.
pub(crate) struct Progress<'py> {
    /// Called with the pixels that are done and all pixels.
    pub(crate) callback: Bound<'py, PyAny>,
    /// The number of all pixels.
    pub(crate) n_pixels: usize,
}

impl Report for Progress<'_> {
    fn report(&self, watch: &Watch) -> PyResult<()> {
        self.callback.call1((watch.done.load(Relaxed), self.n_pixels)).map(drop)
    }
}

/// What there is to tell of an iteration: its stage, number and loss.
pub(crate) type Told = (usize, usize, f64);

/// Tells of iterations, each once.
pub(crate) struct Iterations<'py> {
    /// Called with stage, number and loss.
    pub(crate) callback: Bound<'py, PyAny>,
    /// Those that were not told yet.
    pub(crate) untold: Arc<Mutex<Vec<Told>>>,
}

impl Report for Iterations<'_> {
    fn report(&self, _watch: &Watch) -> PyResult<()> {
        let untold = std::mem::take(&mut *self.untold.lock().unwrap_or_else(PoisonError::into_inner));
        untold.into_iter().try_for_each(|told| self.callback.call1(told).map(drop))
    }
}

/// Does `work` on so many threads. A signal (Ctrl-C) or an exception from the callback stops it and comes back as the error.
pub(crate) fn run<T: Send + 'static>(
    py: Python<'_>,
    n_threads: usize,
    progress: Option<&dyn Report>,
    work: impl FnOnce(&Watch) -> T + Send + 'static,
) -> PyResult<T> {
    let lent = Lent::of(py, n_threads)?;
    let watch = Arc::new(Watch::default());
    let (sender, mut receiver) = sync_channel(1);
    let worker = Arc::clone(&watch);
    lent.pool.spawn(move || {
        // a panic would end the process here; it goes on in the thread that waits
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&worker)));
        // nobody waits only when the interpreter has ended
        let _ = sender.send(outcome);
    });
    let mut stopped_by = None;
    let waiting = Waiting::new();
    let outcome = loop {
        let waited;
        (receiver, waited) = py.detach(move || {
            let waited = receiver.recv_timeout(PATIENCE);
            stay_if_interpreter_ends();
            (receiver, waited)
        });
        match waited {
            Ok(outcome) => break outcome,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(no_threads("one ended without a result")),
        }
        if stopped_by.is_none()
            && let Err(error) = look_up(py, progress, &watch)
        {
            stopped_by = Some(error);
            watch.cancelled.store(true, Relaxed);
        }
    };
    drop(waiting);
    lent.give_back(py);
    if let Some(error) = stopped_by {
        return Err(error);
    }
    let result = outcome.unwrap_or_else(|panic| resume_unwind(panic));
    if let Some(progress) = progress {
        progress.report(&watch)?;
    }
    Ok(result)
}

fn look_up(py: Python<'_>, progress: Option<&dyn Report>, watch: &Watch) -> PyResult<()> {
    py.check_signals()?;
    progress.map_or(Ok(()), |progress| progress.report(watch))
}
