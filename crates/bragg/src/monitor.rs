//! Watching work that takes long, and stopping it.

use crate::error::{Error, Result};
use std::fmt;

/// Watches work, and may stop it. It is asked at least ten times a second, in all of the library's work but that of reading and writing
/// files.
pub trait Monitor: Sync {
    /// `pixels` more pixels are done.
    fn advance(&self, pixels: usize);

    /// Whether to stop; once it is so, it stays so.
    fn cancelled(&self) -> bool;

    /// The error of work that is to stop.
    ///
    /// # Errors
    /// [`Error::Interrupted`] when it is to stop.
    fn check(&self) -> Result<()> {
        if self.cancelled() { Err(Error::Interrupted) } else { Ok(()) }
    }
}

impl fmt::Debug for dyn Monitor + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("cancelled", &self.cancelled()).finish()
    }
}

/// A [`Monitor`] that neither looks nor stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Monitor for Unwatched {
    fn advance(&self, _pixels: usize) {}
    fn cancelled(&self) -> bool {
        false
    }
}

/// Items until a monitor stops the work, which is asked before the first and then before every `every`-th: what is made of them is to be
/// thrown away where it did.
pub(crate) fn watched<I: Iterator>(items: I, every: usize, monitor: &dyn Monitor) -> Watched<'_, I> {
    Watched { items, every, left: 0, monitor }
}

pub(crate) struct Watched<'a, I> {
    items: I,
    every: usize,
    left: usize,
    monitor: &'a dyn Monitor,
}

impl<I: Iterator> Iterator for Watched<'_, I> {
    type Item = I::Item;

    #[inline]
    fn next(&mut self) -> Option<I::Item> {
        if self.left == 0 {
            if self.monitor.cancelled() {
                return None;
            }
            self.left = self.every;
        }
        self.left -= 1;
        self.items.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    /// Stops when it is asked for the n-th time.
    struct Impatient(AtomicUsize);

    impl Monitor for Impatient {
        fn advance(&self, _pixels: usize) {}
        fn cancelled(&self) -> bool {
            self.0.fetch_update(Relaxed, Relaxed, |n| Some(n.saturating_sub(1))).unwrap_or_default() <= 1
        }
    }

    #[test]
    fn items_end_where_the_monitor_says() {
        let taken = |n: usize| watched(0..100, 10, &Impatient(AtomicUsize::new(n))).count();
        assert_eq!([taken(1), taken(2), taken(4), taken(50)], [0, 10, 30, 100]);
        assert!(Unwatched.check().is_ok() && Impatient(AtomicUsize::new(1)).check().is_err());
    }
}
