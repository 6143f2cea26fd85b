//! Which kernel runs, on how many threads.

use anyhow::{Context as _, Result};
use bragg::image::Image;
use bragg::kernel::{Backend, Monitor, cpu::Level};
use bragg::scene::Scene;
use bragg_io::threads::allowed;
use rayon::ThreadPoolBuilder;

/// The environment variable that chooses a kernel, for tests and comparisons.
pub(crate) const KERNEL: &str = "BRAGG_CPU";

/// The image of a scene, by the backend that it asks for or the one that `BRAGG_CPU` names. Pixels may be no numbers: callers know which
/// setting makes them so.
pub(crate) fn render(scene: &Scene, monitor: &dyn Monitor) -> Result<Image<f32>> {
    Ok(backend(scene)?.render_as_is(scene, monitor)?)
}

/// The backend for a scene: the one that it asks for, unless `BRAGG_CPU` names one.
pub(crate) fn backend(scene: &Scene) -> Result<Backend> {
    if std::env::var(KERNEL).is_err() {
        return Ok(Backend::of(scene).map_err(bragg::Error::from)?);
    }
    Ok(chosen_level()?.map_or(Backend::Reference, Backend::Cpu))
}

/// The instructions to use; `None` for the reference kernel.
pub(crate) fn chosen_level() -> Result<Option<Level>> {
    let Ok(name) = std::env::var(KERNEL) else { return Ok(Some(Level::best())) };
    if name == "reference" {
        return Ok(None);
    }
    let levels = Level::available();
    match levels.iter().find(|level| level.name() == name) {
        Some(level) => Ok(Some(*level)),
        None => {
            let known: Vec<_> = levels.iter().map(|level| level.name()).collect();
            let what = format!("is {name}; this machine has the kernels reference, {}", known.join(", "));
            Err(bragg::Error::setting(KERNEL, what).into())
        }
    }
}

/// Does `work` on so many threads; 0 for as many as are allowed.
pub(crate) fn on_threads<T: Send>(n_threads: usize, work: impl FnOnce() -> T + Send) -> Result<T> {
    let n_threads = if n_threads > 0 { n_threads } else { allowed(None) };
    let builder = ThreadPoolBuilder::new().num_threads(n_threads);
    let no_threads = "the system gives no threads";
    if n_threads > 1 {
        return Ok(builder.build().context(no_threads)?.install(work));
    }
    // This thread alone, without waiting for another to start. It stays in its pool of one until it ends.
    if rayon::current_thread_index().is_none() {
        std::mem::forget(builder.use_current_thread().build().context(no_threads)?);
    }
    Ok(work())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_on_that_many() {
        for n in [1, 2, 1, 5, 1] {
            assert_eq!(on_threads(n, rayon::current_num_threads).unwrap(), n);
        }
        assert_eq!(on_threads(0, rayon::current_num_threads).unwrap(), allowed(None));
        assert_eq!(on_threads(1, || on_threads(3, rayon::current_num_threads).unwrap()).unwrap(), 3);
    }
}
