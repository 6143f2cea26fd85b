//! From a [`Scene`] to an [`Image`].
//!
//! A [`Backend`] makes images and their derivatives. The reference kernel is the yardstick, plain and slow; [`cpu`] is the one to use. Both
//! write the same pixels.

mod backend;
pub mod cpu;
mod fault;
mod geometry;
mod reference;

pub use crate::monitor::{Monitor, Unwatched};
pub use backend::{Backend, Block, Why, render, render_as_is};
pub use fault::{Fault, fault, n_no_numbers};

use crate::error::{Error, Result};
use crate::image::{Image, PanelImage};
use crate::scene::Scene;

/// A number type that images are stored in.
pub trait Sample: Copy + Default + Send + Sync {
    /// The nearest number of this type.
    fn from_f64(value: f64) -> Self;

    /// Whether it is a finite number.
    fn is_number(self) -> bool;
}

impl Sample for f32 {
    fn from_f64(value: f64) -> Self {
        value as f32
    }

    fn is_number(self) -> bool {
        self.is_finite()
    }
}

impl Sample for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }

    fn is_number(self) -> bool {
        self.is_finite()
    }
}

/// A dark image of the scene's panels.
fn dark<T: Sample, R>(scene: &Scene<R>) -> Result<Image<T>> {
    let panels = scene.panels.iter().map(|panel| {
        let too_large = || {
            Error::setting(
                "detector.pixels",
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
