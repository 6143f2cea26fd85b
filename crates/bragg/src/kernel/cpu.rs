//! The kernel to use: rows of pixels in parallel. The result does not depend on the number of threads.

use super::{Monitor, Sample, dark, reference};
use crate::error::{Error, Result};
use crate::image::Image;
use crate::scene::Scene;
use rayon::prelude::*;

/// The image of a scene, in the current rayon thread pool.
///
/// # Errors
/// The image does not fit into memory, or the monitor stopped it.
pub fn render<T: Sample>(scene: &Scene, monitor: &dyn Monitor) -> Result<Image<T>> {
    let mut image = dark(scene)?;
    for (panel, pixels) in scene.panels.iter().zip(&mut image.panels) {
        let [first, last] = panel.window.slow;
        pixels.pixels_mut().par_chunks_mut(panel.n_fast.max(1)).enumerate().take(last).skip(first).try_for_each(
            |(slow, row)| {
                if monitor.cancelled() {
                    return Err(Error::Interrupted);
                }
                let [left, right] = panel.window.fast;
                for (fast, pixel) in row.iter_mut().enumerate().take(right).skip(left) {
                    if panel.is_live(fast, slow) {
                        *pixel = T::from_f64(reference::pixel(scene, panel, fast, slow));
                    }
                }
                monitor.advance(right - left);
                Ok(())
            },
        )?;
    }
    Ok(image)
}
