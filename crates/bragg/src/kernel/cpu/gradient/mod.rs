//! Exact derivatives of an image: a reverse sweep for what one sum over pixels depends on, and a forward one for what each pixel does.
//!
//! Both find, for each term F²·L² of the sum, its derivatives with respect to the indices h, k, l (`terms`), and add up
//! over the orientations how the sum changes with the scattering vector, the shape and the orientations (`tile`). What follows from
//! the scattering vector and the factors of a sample is found once a sample (`sample`). Nothing is kept of a step, so that memory
//! does not grow with their number.
//!
//! The derivatives are of correct physics in double precision. Of Gaussian spots what an image may lack is left out squared: the fraction
//! of a pixel that is [`Scene::culling`]. With |F| of the nearest reflection they are those within a cell of the index grid: the jumps
//! between cells have none.

mod blocks;
mod forward;
mod grating;
mod interpolation;
mod lanes;
mod reverse;
mod sample;
mod shape;
mod terms;
mod tile;

use super::Level;
use super::amplitudes::Amplitudes;
use super::spots::Spot;
use crate::error::{Error, Result};
use crate::math::Vec3;
use crate::monitor::Monitor;
use crate::physics::polarization::PolarizationFrame;
use crate::real::{Dual, Real};
use crate::scene::{Profile, Scene, Source};
pub(in crate::kernel) use forward::map_blocks;
use lanes::Which;
pub(in crate::kernel) use reverse::reverse;
use sample::{FindSample, Scales};
use terms::Lattice;
use tile::Tile;

/// Which derivatives are asked for.
#[derive(Debug, Clone, Copy)]
struct Needs {
    /// With respect to the shape of the crystal.
    shape: bool,
    /// A common turn of the orientations.
    turn: bool,
    /// The scattering vector and the factors.
    factors: bool,
}

/// Blocks that a thread takes at least, to make a tile of its own worth while.
const FEWEST: usize = 4;

/// What leaves out the terms that do not matter.
struct Culling {
    spot: Spot,
    /// See [`Spot::slack`].
    slack: f64,
}

/// A scene with what is worth computing once.
struct Prepared<'a> {
    scene: &'a Scene,
    amplitudes: Amplitudes,
    lattice: Lattice,
    culling: Option<Culling>,
    /// The polarisation frame of each source.
    frames: Vec<Option<PolarizationFrame>>,
    scales: Scales,
    needs: Needs,
    level: Level,
    monitor: &'a dyn Monitor,
}

/// Orientations of a sum between two looks at the monitor: some milliseconds for a tile.
const ORIENTATIONS: usize = 4096;

impl<'a> Prepared<'a> {
    fn new(scene: &'a Scene, level: Level, needs: Needs, monitor: &'a dyn Monitor) -> Result<Self> {
        let Some(lattice) = Lattice::new(&scene.domain) else {
            let what = "is a top hat: its spots have edges, so that images have no useful derivative; choose gauss, round or square";
            return Err(Error::setting("crystal.shape", what));
        };
        let amplitudes = Amplitudes::new(&scene.hkl)?;
        let n_samples = (scene.oversample * scene.oversample * scene.sources.len()) as f64;
        let spot = match scene.domain.profile {
            Profile::Gauss { width } => Some(Spot::new(scene, 2.0 / width)),
            _ => None,
        };
        // The square of the fraction that an image may lack: derivatives are orders of magnitude larger than their terms.
        let culling = spot.and_then(|spot| spot.slack.map(|slack| Culling { slack: slack - scene.culling.ln(), spot }));
        Ok(Self {
            scales: Scales {
                per_sample: amplitudes.factor() * lattice.factor(&scene.domain) / scene.n_steps() as f64,
                scale: scene.scale,
                background_per_sample: 1.0 / n_samples,
                background: scene.background,
            },
            frames: scene.sources.iter().map(|source| frame(scene, source)).collect(),
            scene,
            amplitudes,
            lattice,
            culling,
            needs,
            level,
            monitor,
        })
    }

    /// Calls `visit` for each sample of the tile's pixels and each source, with the factors and scattering vectors found; with the
    /// number of the sub-pixel. Ends early where the monitor stops the work.
    fn for_each_sample(&self, panel: usize, tile: &mut Tile, mut visit: impl FnMut(&mut Tile, Which, usize)) {
        let scene = self.scene;
        for layer in 0..scene.n_layers() {
            for i_sub in 0..scene.oversample * scene.oversample {
                for source in 0..scene.sources.len() {
                    if self.monitor.cancelled() {
                        return;
                    }
                    let which = Which { panel, layer, source };
                    self.level.run(FindSample { prepared: self, which, i_sub, tile });
                    visit(tile, which, i_sub);
                }
            }
        }
    }

    /// The number of a sample's layer and source among all of them.
    fn place(&self, which: Which) -> usize {
        which.layer * self.scene.sources.len() + which.source
    }

    /// Layers times sources.
    fn n_places(&self) -> usize {
        self.scene.n_layers() * self.scene.sources.len()
    }

    /// All layers and sources for a panel, in the order of [`Self::place`].
    fn places(&self, panel: usize) -> impl Iterator<Item = Which> {
        let n_sources = self.scene.sources.len();
        (0..self.n_places()).map(move |i| Which { panel, layer: i / n_sources, source: i % n_sources })
    }
}

fn frame(scene: &Scene, source: &Source) -> Option<PolarizationFrame> {
    scene.polarization.map(|table| PolarizationFrame::new(source.incident, table.e_vector))
}

/// Changes of what a polarisation frame is made from.
#[derive(Debug, Clone, Copy)]
struct FrameChange {
    incident: Vec3,
    e_vector: Vec3,
}

/// How the polarisation frame of a source changes.
fn frame_along(scene: &Scene, source: &Source, change: FrameChange) -> Option<PolarizationFrame> {
    let table = scene.polarization?;
    let dual = |v: Vec3, d: Vec3| Vec3(std::array::from_fn(|i| Dual { value: v[i], derivative: d[i] }));
    let frame = PolarizationFrame::new(dual(source.incident, change.incident), dual(table.e_vector, change.e_vector));
    let derivative = |v: Vec3<Dual>| Vec3(v.0.map(|x| x.derivative));
    Some(PolarizationFrame {
        electric: derivative(frame.electric),
        magnetic: derivative(frame.magnetic),
        axial: frame.axial.value(),
    })
}
