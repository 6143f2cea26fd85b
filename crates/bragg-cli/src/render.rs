//! Which kernel runs, on how many threads.

use anyhow::{Context, Result, bail};
use bragg::image::Image;
use bragg::kernel::cpu::{self, Level};
use bragg::kernel::{Monitor, reference};
use bragg::scene::Scene;

/// The environment variable that chooses a kernel, for tests and comparisons.
const KERNEL: &str = "BRAGG_CPU";

/// The image of a scene, on so many threads, or on as many as the machine gives.
///
/// # Errors
/// The image does not fit into memory, the monitor stopped it, or `BRAGG_CPU` names no kernel of this machine.
pub(crate) fn render(scene: &Scene, threads: Option<usize>, monitor: &dyn Monitor) -> Result<Image<f32>> {
    let Some(level) = chosen_level()? else { return Ok(reference::render(scene)?) };
    let work = || cpu::render_at(scene, level, monitor);
    let image = match threads {
        None => work(),
        Some(n) => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build();
            pool.with_context(|| format!("cannot start {n} threads"))?.install(work)
        }
    };
    Ok(image?)
}

/// The instructions to use; `None` for the reference kernel.
fn chosen_level() -> Result<Option<Level>> {
    let Ok(name) = std::env::var(KERNEL) else { return Ok(Some(Level::best())) };
    if name == "reference" {
        return Ok(None);
    }
    let levels = Level::available();
    match levels.iter().find(|level| level.name() == name) {
        Some(level) => Ok(Some(*level)),
        None => {
            let known: Vec<_> = levels.iter().map(|level| level.name()).collect();
            bail!("{KERNEL} is {name}; this machine has the kernels reference, {}", known.join(", "))
        }
    }
}
