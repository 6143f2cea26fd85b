//! The kernel to use: tiles of pixels side by side, strips of them in parallel. The result does not depend on the number of threads.

pub(super) mod amplitudes;
pub(super) mod culling;
pub(super) mod distances;
pub(super) mod elementary;
pub(super) mod gradient;
pub(super) mod level;
pub mod peak;
mod round;
pub(super) mod sample;
pub(super) mod spots;
mod square;
mod square_fast;
pub(super) mod tile;
mod tricubic;

pub use level::Level;

use super::{Monitor, Sample, dark, reference};
use crate::error::{Error, Result};
use crate::image::Image;
use crate::monitor::watched;
use crate::physics::polarization::PolarizationFrame;
use crate::scene::{Orientation, PanelTable, Physics, Precision, Profile, Scene, Window};
use amplitudes::Amplitudes;
use rayon::prelude::*;
use std::ops::Range;
use tile::Tile;

/// A scene with what is worth computing once.
struct Prepared<'a> {
    scene: &'a Scene,
    amplitudes: Amplitudes,
    lattice: Lattice,
    /// What the sums over orientations leave out of F²·L².
    factor: f64,
    /// The polarisation frame of each source.
    frames: Vec<Option<PolarizationFrame>>,
    monitor: &'a dyn Monitor,
}

/// Orientations of a sum between two looks at the monitor: some milliseconds for a tile. Whole groups of all that go together.
const ORIENTATIONS: usize = 4096;

impl<'a> Prepared<'a> {
    fn new(scene: &'a Scene, monitor: &'a dyn Monitor) -> Result<Self> {
        let frame = |incident| scene.polarization.map(|table| PolarizationFrame::new(incident, table.e_vector));
        let (amplitudes, lattice) = (Amplitudes::new(&scene.hkl)?, Lattice::new(scene));
        Ok(Self {
            scene,
            factor: amplitudes.factor()
                * lattice.factor()
                * if matches!(lattice, Lattice::SquareFast(_)) { amplitudes.unit() } else { 1.0 },
            amplitudes,
            lattice,
            frames: scene.sources.iter().map(|source| frame(source.incident)).collect(),
            monitor,
        })
    }

    /// Parts of the orientations until the monitor stops the work.
    fn orientations(&self) -> impl Iterator<Item = &'a [Orientation]> {
        watched(self.scene.orientations.chunks(ORIENTATIONS), 1, self.monitor)
    }
}

/// The shape of the crystal, with what does not depend on the pixel.
enum Lattice {
    /// Cells along each axis.
    Square([f64; 3]),
    /// Cells along each axis, for mixed precision.
    SquareFast([f64; 3]),
    Round(round::Sphere),
    Gauss(spots::Spot),
    Tophat(spots::Spot),
}

impl Lattice {
    /// Mixed precision is for the shape whose sines take most of the time; the others are as fast without it.
    fn new(scene: &Scene) -> Self {
        let domain = &scene.domain;
        let n_cells: f64 = domain.n_cells.iter().product();
        match domain.profile {
            Profile::Square if scene.precision == Precision::Fast && n_cells <= square_fast::MOST_CELLS => {
                Self::SquareFast(domain.n_cells)
            }
            Profile::Square => Self::Square(domain.n_cells),
            Profile::Round => Self::Round(round::Sphere::new(domain)),
            Profile::Gauss { width } => Self::Gauss(spots::Spot::new(scene, 2.0 / width)),
            Profile::Tophat { width } => Self::Tophat(spots::Spot::new(scene, 1.0 / width)),
        }
    }

    /// Whether orientations that do not matter to a pixel are looked for.
    fn culls(&self) -> bool {
        matches!(self, Self::Gauss(spot) | Self::Tophat(spot) if spot.culls())
    }

    /// What the inner loops leave out of L².
    fn factor(&self) -> f64 {
        match self {
            Self::Square(_) => 1.0,
            Self::SquareFast([a, b, c]) => (a * b * c) * (a * b * c),
            Self::Round(sphere) => sphere.peak,
            Self::Gauss(spot) | Self::Tophat(spot) => spot.peak,
        }
    }
}

/// The image of a scene, in the current rayon thread pool.
///
/// # Errors
/// The image does not fit into memory, or the monitor stopped it.
pub(super) fn render<T: Sample>(scene: &Scene, level: Level, monitor: &dyn Monitor) -> Result<Image<T>> {
    let mut image = dark(scene)?;
    let prepared = Prepared::new(scene, monitor)?;
    for (panel, pixels) in scene.panels.iter().zip(&mut image.panels) {
        let size = prepared.strip_size(panel);
        pixels.pixels_mut().par_chunks_mut(size).enumerate().try_for_each_init(
            || Tile::new(&prepared),
            |tile, (i_strip, strip)| {
                monitor.check()?;
                let mut strip = Strip { prepared: &prepared, panel, level, first: i_strip * size, pixels: strip };
                strip.render(tile);
                monitor.check()?;
                monitor.advance(strip.pixels.len());
                Ok::<_, Error>(())
            },
        )?;
    }
    Ok(image)
}

/// Consecutive pixels of a panel, row after row, that one thread takes at a time.
struct Strip<'a, T> {
    prepared: &'a Prepared<'a>,
    panel: &'a PanelTable,
    level: Level,
    /// Place of the first pixel in the panel.
    first: usize,
    pixels: &'a mut [T],
}

impl Prepared<'_> {
    /// Pixels that a thread takes at a time: some tiles, or fewer where that leaves threads without work; rows of groups where pixels
    /// go in groups.
    fn strip_size(&self, panel: &PanelTable) -> usize {
        if self.lattice.culls() {
            return GROUP_EDGE * panel.n_fast.max(1);
        }
        let n_pixels = panel.n_fast * panel.n_slow;
        let share = n_pixels / (8 * rayon::current_num_threads());
        share.next_multiple_of(16).clamp(16, 16 * tile::TILE)
    }

    /// Factors on the running sum tie each term to the one before: nothing can be taken side by side.
    fn is_sequential(&self) -> bool {
        self.scene.running_factors.any() && self.scene.physics == Physics::NanoBragg
    }
}

/// Rows and columns of a group of pixels.
const GROUP_EDGE: usize = 4;
const _: () = assert!(GROUP_EDGE * GROUP_EDGE == culling::GROUP);

impl<T: Sample> Strip<'_, T> {
    fn render(&mut self, tile: &mut Tile) {
        let Window { fast, slow } = self.panel.window;
        let n_fast = self.panel.n_fast;
        let end = self.first + self.pixels.len();
        let rows = (self.first / n_fast).max(slow[0])..end.div_ceil(n_fast).min(slow[1]);
        if self.prepared.lattice.culls() {
            self.render_groups(rows, tile);
        } else {
            for row in rows {
                let in_row = |place: usize| place.saturating_sub(row * n_fast).min(n_fast);
                let columns = in_row(self.first).max(fast[0])..in_row(end).min(fast[1]);
                self.render_row(row, columns, tile);
            }
        }
        self.flush(tile);
    }

    /// Takes the groups that have live pixels in the rows, none of which may lie in two rows of groups. Groups are whole and lie on
    /// multiples of their edge, whatever of them is live, so that what is left out of a pixel does not depend on the window.
    fn render_groups(&mut self, rows: Range<usize>, tile: &mut Tile) {
        let panel = self.panel;
        let columns = panel.window.fast;
        let first_row = rows.start - rows.start % GROUP_EDGE;
        for first in (columns[0] - columns[0] % GROUP_EDGE..columns[1]).step_by(GROUP_EDGE) {
            let part = first.max(columns[0])..(first + GROUP_EDGE).min(columns[1]);
            if rows.clone().all(|row| panel.find(part.clone(), row, true).is_none()) {
                continue;
            }
            for row in first_row..first_row + GROUP_EDGE {
                let wanted = if rows.contains(&row) { part.clone() } else { 0..0 };
                tile.push_around(first, row, GROUP_EDGE, wanted);
            }
            if tile.room() < culling::GROUP {
                self.flush(tile);
            }
        }
    }

    /// Takes the live pixels of a row.
    fn render_row(&mut self, slow: usize, columns: Range<usize>, tile: &mut Tile) {
        let mut next = columns.start;
        while let Some(start) = self.panel.find(next..columns.end, slow, true) {
            let most = columns.end.min(start + tile.room());
            next = self.panel.find(start..most, slow, false).unwrap_or(most);
            tile.push(start, slow, next - start);
            if tile.room() == 0 {
                self.flush(tile);
            }
        }
    }

    /// Computes the pixels of the tile and puts them in their places.
    fn flush(&mut self, tile: &mut Tile) {
        if tile.is_empty() {
            return;
        }
        let Self { prepared, panel, level, .. } = *self;
        let is_sequential = prepared.is_sequential();
        if !is_sequential {
            level.render(prepared, panel, tile);
        }
        for (fast, slow, photons) in tile.drain() {
            let start = slow * panel.n_fast + fast - self.first;
            let pixels = &mut self.pixels[start..start + photons.len()];
            let is_plain = panel.mask.is_none() && prepared.scene.plane == [0.0; 3];
            if is_plain && !is_sequential {
                pixels.iter_mut().zip(photons).for_each(|(pixel, &photons)| *pixel = T::from_f64(photons));
                continue;
            }
            for (i, (pixel, &photons)) in pixels.iter_mut().zip(photons).enumerate() {
                // whole groups are computed
                if panel.is_live(fast + i, slow) {
                    *pixel = T::from_f64(if is_sequential {
                        reference::pixel(prepared.scene, panel, fast + i, slow, prepared.monitor)
                    } else {
                        photons + reference::plane(prepared.scene, panel, fast + i, slow)
                    });
                }
            }
        }
    }
}
