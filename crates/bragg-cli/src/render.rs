//! Which kernel runs, on how many threads.

pub(crate) use crate::threads::on_threads;

use anyhow::Result;
use bragg::image::Image;
use bragg::kernel::{Backend, Monitor, cpu::Level};
use bragg::scene::Scene;

/// The environment variable that chooses a kernel, for tests and comparisons.
pub(crate) const KERNEL: &str = "BRAGG_CPU";

/// The image of a scene, by the backend that it asks for or the one that `BRAGG_CPU` names.
pub(crate) fn render(scene: &Scene, monitor: &dyn Monitor) -> Result<Image<f32>> {
    Ok(backend(scene)?.render(scene, monitor)?)
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
