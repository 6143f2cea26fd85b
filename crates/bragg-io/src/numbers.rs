//! Pixels that are no numbers: what makes them so.

use crate::description::Description;
use bragg::Error;
use bragg::image::Image;
use bragg::kernel::{Fault, Sample, fault};
use bragg::scene::Scene;

/// Values that differ by fewer powers of ten from what is usual are no culprits.
const ORDINARY: f64 = 3.0;

/// Refuses an image with pixels that are no numbers, by the setting that makes them so.
///
/// # Errors
/// There are such pixels.
pub fn check<T: Sample>(scene: &Scene, image: &Image<T>, description: &Description) -> bragg::Result<()> {
    fault(scene, image).map_or(Ok(()), |fault| Err(explain(&fault, image, description)))
}

/// What is said of pixels that are no numbers.
pub fn explain<T>(fault: &Fault, image: &Image<T>, description: &Description) -> Error {
    let Fault { n, first: [panel, fast, slow], what, keys } = fault;
    let all: usize = image.panels.iter().map(|panel| panel.pixels().len()).sum();
    let panel = if image.panels.len() > 1 { format!("of panel {panel} ") } else { String::new() };
    let pixels = format!(
        "{n} of {all} pixels are no numbers: {what} is none at the first of them, {fast} {slow} {panel}(fast, slow)"
    );
    match description.most_extreme(keys) {
        Some((name, entry, decades)) if decades > ORDINARY => {
            let what = format!("is {}, which is beyond what can be computed with: {pixels}", entry.value);
            entry.origin.error(name, what)
        }
        _ => Error::setting(keys.join(", "), format!("make what cannot be computed with: {pixels}")),
    }
}
