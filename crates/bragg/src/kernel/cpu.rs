//! The kernel to use: tiles of pixels side by side, bands of rows in parallel. The result does not depend on the number of threads.

mod amplitudes;
mod distances;
mod elementary;
mod level;
pub mod peak;
mod round;
mod spots;
mod square;
mod tile;

pub use level::Level;

use super::{Monitor, Sample, dark, reference};
use crate::error::{Error, Result};
use crate::image::Image;
use crate::physics::polarization::PolarizationFrame;
use crate::scene::{Domain, PanelTable, Physics, Scene, Shape};
use amplitudes::Amplitudes;
use rayon::prelude::*;
use tile::Tile;

/// A scene with what is worth computing once.
struct Prepared<'a> {
    scene: &'a Scene,
    amplitudes: Amplitudes,
    lattice: Lattice,
    /// The polarisation frame of each source.
    frames: Vec<Option<PolarizationFrame>>,
}

impl<'a> Prepared<'a> {
    fn new(scene: &'a Scene) -> Result<Self> {
        let frame = |incident| scene.polarization.map(|table| PolarizationFrame::new(incident, table.e_vector));
        Ok(Self {
            scene,
            amplitudes: Amplitudes::new(&scene.hkl)?,
            lattice: Lattice::new(&scene.domain),
            frames: scene.sources.iter().map(|source| frame(source.incident)).collect(),
        })
    }
}

/// The shape of the crystal, with what does not depend on the pixel.
enum Lattice {
    /// Cells along each axis.
    Square([f64; 3]),
    Round(round::Sphere),
    Gauss(spots::Spot),
    Tophat(spots::Spot),
}

impl Lattice {
    fn new(domain: &Domain) -> Self {
        match domain.shape {
            Shape::Square => Self::Square(domain.n_cells),
            Shape::Round => Self::Round(round::Sphere::new(domain)),
            Shape::Gauss => Self::Gauss(spots::Spot::new(domain)),
            Shape::Tophat => Self::Tophat(spots::Spot::new(domain)),
        }
    }

    /// What the inner loops leave out of L².
    fn factor(&self) -> f64 {
        match self {
            Self::Square(_) => 1.0,
            Self::Round(sphere) => sphere.peak,
            Self::Gauss(spot) | Self::Tophat(spot) => spot.peak,
        }
    }
}

/// The image of a scene, in the current rayon thread pool, with the fastest instructions of the processor.
///
/// # Errors
/// The image does not fit into memory, or the monitor stopped it.
pub fn render<T: Sample>(scene: &Scene, monitor: &dyn Monitor) -> Result<Image<T>> {
    render_at(scene, Level::best(), monitor)
}

/// The same with chosen instructions.
///
/// # Errors
/// The image does not fit into memory, or the monitor stopped it.
pub fn render_at<T: Sample>(scene: &Scene, level: Level, monitor: &dyn Monitor) -> Result<Image<T>> {
    let mut image = dark(scene)?;
    let prepared = Prepared::new(scene)?;
    for (panel, pixels) in scene.panels.iter().zip(&mut image.panels) {
        let rows = rows_per_band(panel);
        pixels.pixels_mut().par_chunks_mut(panel.n_fast.max(1) * rows).enumerate().try_for_each_init(
            Tile::new,
            |tile, (i_band, band)| {
                if monitor.cancelled() {
                    return Err(Error::Interrupted);
                }
                render_band(&prepared, panel, level, i_band * rows, band, tile);
                monitor.advance(band.len());
                Ok(())
            },
        )?;
    }
    Ok(image)
}

/// Rows that one thread takes at a time: enough pixels to fill a few tiles.
fn rows_per_band(panel: &PanelTable) -> usize {
    (4 * tile::TILE).div_ceil(panel.n_fast.max(1))
}

/// Computes the rows from `first_row` on.
fn render_band<T: Sample>(
    prepared: &Prepared,
    panel: &PanelTable,
    level: Level,
    first_row: usize,
    band: &mut [T],
    tile: &mut Tile,
) {
    let window = panel.window;
    let n_rows = band.len() / panel.n_fast.max(1);
    let rows = window.slow[0].max(first_row)..window.slow[1].min(first_row + n_rows);
    let place = |fast: usize, slow: usize| (slow - first_row) * panel.n_fast + fast;
    // Factors on the running sum tie each term to the one before: nothing can be taken side by side.
    let is_sequential = prepared.scene.running_factors.any() && prepared.scene.physics == Physics::NanoBragg;
    let mut flush = |tile: &mut Tile| {
        if !is_sequential {
            level.render(prepared, panel, tile);
        }
        for (fast, slow, photons) in tile.drain() {
            let photons = if is_sequential { reference::pixel(prepared.scene, panel, fast, slow) } else { photons };
            band[place(fast, slow)] = T::from_f64(photons);
        }
    };
    for slow in rows {
        for fast in window.fast[0]..window.fast[1] {
            if panel.is_live(fast, slow) && tile.push(fast, slow) {
                flush(tile);
            }
        }
    }
    if !tile.is_empty() {
        flush(tile);
    }
}
