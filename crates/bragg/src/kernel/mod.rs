//! From a [`Scene`] to an [`Image`].
//!
//! [`mod@reference`] is the yardstick, plain and slow; [`cpu`] is the one to use. Both write the same pixels.

pub mod cpu;
mod geometry;
pub mod gradient;
pub mod reference;

use crate::error::{Error, Result};
use crate::image::{Image, PanelImage};
use crate::scene::Scene;

/// Watches a simulation, and may stop it.
pub trait Monitor: Sync {
    /// `pixels` more pixels are done.
    fn advance(&self, pixels: usize);
    /// Whether to stop; asked often.
    fn cancelled(&self) -> bool;
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

/// A number type that images are stored in.
pub trait Sample: Copy + Default + Send {
    /// The nearest number of this type.
    fn from_f64(value: f64) -> Self;
}

impl Sample for f32 {
    fn from_f64(value: f64) -> Self {
        value as f32
    }
}

impl Sample for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
}

/// A dark image of the scene's panels.
fn dark<T: Sample, R>(scene: &Scene<R>) -> Result<Image<T>> {
    let panels = scene.panels.iter().map(|panel| {
        let too_large = || {
            Error::setting(
                "detector",
                format!("an image of {} x {} pixels does not fit into memory", panel.n_fast, panel.n_slow),
            )
        };
        let n = panel.n_fast.checked_mul(panel.n_slow).ok_or_else(too_large)?;
        // `vec!` would end the program where there is no room. It takes memory that the system gives as zeros, page by page when a
        // thread first writes there.
        let mut room: Vec<T> = Vec::new();
        room.try_reserve_exact(n).map_err(|_| too_large())?;
        drop(std::hint::black_box(room));
        PanelImage::new(panel.n_fast, panel.n_slow, vec![T::default(); n]).ok_or_else(too_large)
    });
    Ok(Image { panels: panels.collect::<Result<_>>()? })
}
