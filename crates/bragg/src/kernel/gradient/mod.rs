//! Exact derivatives of an image: a reverse sweep for what one sum over pixels depends on, and a forward one for what each pixel does.
//!
//! Both find, for each term F²·L² of the sum, its derivatives with respect to the indices h, k, l (`terms`), and add up
//! over the orientations how the sum changes with the scattering vector, the shape and the orientations (`tile`). What follows from
//! the scattering vector and the factors of a sample is found once a sample (`sample`). Nothing is kept of a step, so that memory
//! does not grow with their number.
//!
//! The derivatives are of correct physics in double precision; nothing is culled. With |F| of the nearest reflection they are those
//! within a cell of the index grid: the jumps between cells have none.

mod blocks;
mod interpolation;
mod sample;
mod shape;
mod terms;
mod tile;

use super::Monitor;
use super::cpu::Level;
use super::cpu::amplitudes::Amplitudes;
use crate::error::{Error, Result};
use crate::image::Image;
use crate::math::Vec3;
use crate::physics::polarization::PolarizationFrame;
use crate::real::{Dual, Real};
use crate::scene::{PanelTangent, Physics, Scene, SceneTangent, Source, SourceTangent};
use blocks::{BlockRange, blocks};
use rayon::prelude::*;
use sample::{Cotangent, Lattices, Place, Scales, pull_back};
use shape::PerLane;
use terms::Lattice;
use tile::{PIXELS, Purpose, SumOrientations, Tile};

/// A scene with what is worth computing once.
struct Prepared<'a> {
    scene: &'a Scene,
    amplitudes: Amplitudes,
    lattice: Lattice,
    /// The polarisation frame of each source.
    frames: Vec<Option<PolarizationFrame>>,
    scales: Scales,
    /// Whether derivatives with respect to the shape are asked for.
    by_shape: bool,
    level: Level,
}

impl<'a> Prepared<'a> {
    fn new(scene: &'a Scene, by_shape: bool) -> Result<Self> {
        if scene.physics != Physics::Correct {
            let what = "is \"nanobragg\", whose factors of the first samples have no derivatives; choose \"correct\"";
            return Err(Error::setting("sampling.physics", what));
        }
        let Some(lattice) = Lattice::new(&scene.domain) else {
            let what = "is \"tophat\": its spots have edges, so that images have no useful derivative; choose gauss, round or square";
            return Err(Error::setting("crystal.shape", what));
        };
        let amplitudes = Amplitudes::new(&scene.hkl)?;
        let n_samples = (scene.oversample * scene.oversample * scene.sources.len()) as f64;
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
            by_shape,
            level: Level::best(),
        })
    }

    /// Calls `visit` for each sample of the tile's pixels and each source, with the factors and scattering vectors found.
    fn for_each_sample(
        &self,
        block: &BlockRange,
        tile: &mut Tile,
        mut visit: impl FnMut(&mut Tile, usize, usize, usize),
    ) {
        let scene = self.scene;
        let panel = &scene.panels[block.panel];
        for layer in 0..scene.n_layers() {
            for i_sub in 0..scene.oversample * scene.oversample {
                for (i_source, frame) in self.frames.iter().enumerate() {
                    self.level.run(tile::FindSample {
                        scene,
                        panel,
                        layer,
                        i_sub,
                        i_source,
                        frame: frame.as_ref(),
                        tile,
                    });
                    visit(tile, layer, i_sub, i_source);
                }
            }
        }
    }

    /// Where a pixel's sample lies.
    fn place(&self, block: &BlockRange, tile: &Tile, i: usize, layer: usize, i_sub: usize) -> Place {
        let oversample = self.scene.oversample;
        let sub_pixel = self.scene.panels[block.panel].pixel_size / oversample as f64;
        let [fast, slow] = [0, 1].map(|axis| tile.middles[axis][i]);
        Place {
            layer,
            fast: sub_pixel * (fast + (i_sub % oversample) as f64),
            slow: sub_pixel * (slow + (i_sub / oversample) as f64),
        }
    }

    /// The derivatives of a pixel's sample; the sum over orientations is 0 beyond d_min.
    fn pull_back(&self, block: &BlockRange, tile: &Tile, i: usize, place: Place, i_source: usize) -> Cotangent {
        let is_seen = !tile.sample.factor[i].is_nan();
        let lattices = if is_seen {
            Lattices { sum: tile.sum[i], by_q: Vec3(tile.by_q.each_ref().map(|lane| lane[i])) }
        } else {
            Lattices { sum: 0.0, by_q: Vec3::default() }
        };
        let (source, frame) = (&self.scene.sources[i_source], self.frames[i_source].as_ref());
        let mut cotangent =
            pull_back(self.scene, &self.scene.panels[block.panel], place, source, frame, lattices, self.scales);
        if !is_seen {
            cotangent.by_sum = 0.0;
        }
        cotangent
    }
}

fn frame(scene: &Scene, source: &Source) -> Option<PolarizationFrame> {
    scene.polarization.map(|table| PolarizationFrame::new(source.incident, table.e_vector))
}

/// How the derivative of a sum over pixels, Σ cotangent·photons, depends on every number of the scene; with `amplitudes` on |F|
/// of every reflection as well.
///
/// # Errors
/// The scene has no derivatives (top-hat spots, nanoBragg's physics), something does not fit into memory, or the monitor stopped it.
pub fn reverse(scene: &Scene, cotangent: &Image<f64>, amplitudes: bool, monitor: &dyn Monitor) -> Result<SceneTangent> {
    let prepared = Prepared::new(scene, true)?;
    let n_places = scene.hkl.grid.as_ref().map_or(0, |grid| grid.amplitudes.len()) + 1;
    let blocks = blocks(scene);
    let mut total = Sums::new(scene, if amplitudes { n_places } else { 0 });
    // Blocks are added in their order, some at a time, so that their sums need not be kept all at once.
    for round in blocks.chunks(if amplitudes { 8 } else { 64 }) {
        let sums: Result<Vec<Sums>> = round
            .par_iter()
            .map(|block| {
                if monitor.cancelled() {
                    return Err(Error::Interrupted);
                }
                let mut sums = Sums::new(scene, if amplitudes { n_places } else { 0 });
                sums.add_block(&prepared, block, cotangent);
                monitor.advance(block.n_pixels());
                Ok(sums)
            })
            .collect();
        sums?.iter().for_each(|sums| total.add(sums));
    }
    Ok(total.finish(&prepared))
}

/// Sums over pixels.
struct Sums {
    tangent: SceneTangent,
    /// Of each source: of the polarisation frame's vectors.
    frames: Vec<PolarizationFrame>,
    by_shape: PerLane,
    /// Of |F| on the grid, and elsewhere; empty where not asked for.
    amplitudes: Vec<f64>,
    /// Where all |F| are alike: of the logarithm of F.
    ln_default_f: f64,
}

const NO_FRAME: PolarizationFrame =
    PolarizationFrame { electric: Vec3([0.0; 3]), magnetic: Vec3([0.0; 3]), axial: 0.0 };

impl Sums {
    fn new(scene: &Scene, n_amplitudes: usize) -> Self {
        Self {
            tangent: SceneTangent {
                sources: vec![SourceTangent::default(); scene.sources.len()],
                orientations: vec![crate::math::Mat3::default(); scene.orientations.len()],
                panels: vec![PanelTangent::default(); scene.panels.len()],
                ..SceneTangent::default()
            },
            frames: vec![NO_FRAME; scene.sources.len()],
            by_shape: [0.0; 10],
            amplitudes: vec![0.0; n_amplitudes],
            ln_default_f: 0.0,
        }
    }

    fn add_block(&mut self, prepared: &Prepared, block: &BlockRange, cotangent: &Image<f64>) {
        let scene = prepared.scene;
        let panel = &scene.panels[block.panel];
        let Some(weights) = cotangent.panels.get(block.panel).map(|panel| panel.pixels()) else { return };
        let weight = |[fast, slow]: [usize; 2]| weights.get(slow * panel.n_fast + fast).copied().unwrap_or(0.0);
        let pixels: Vec<[usize; 2]> = block.pixels(panel).filter(|&pixel| weight(pixel) != 0.0).collect();
        let mut tile = Tile::new(prepared, 0);
        for pixels in pixels.chunks(PIXELS) {
            tile.take(pixels.iter().copied(), scene.oversample);
            for &[fast, slow] in pixels {
                let (w, [x, y]) = (weight([fast, slow]), panel.from_middle(fast, slow));
                self.tangent.plane.iter_mut().zip([w, w * x, w * y]).for_each(|(sum, term)| *sum += term);
            }
            prepared.for_each_sample(block, &mut tile, |tile, layer, i_sub, i_source| {
                let n = tile.n;
                let k = prepared.scales.per_sample * prepared.scales.scale;
                for (i, &pixel) in pixels.iter().enumerate() {
                    let factor = tile.sample.factor[i];
                    tile.weight[i] = if factor.is_nan() { 0.0 } else { weight(pixel) * k * factor };
                }
                tile.weight[n..tile.n_filled].fill(0.0);
                let is_table = scene.hkl.grid.is_some();
                let amplitudes = (!self.amplitudes.is_empty() && is_table).then_some(&mut self.amplitudes[..]);
                let purpose = Purpose::Reverse { orientations: &mut self.tangent.orientations, amplitudes };
                prepared.level.run(SumOrientations { prepared, tile, purpose });
                for (i, &pixel) in pixels.iter().enumerate() {
                    let place = prepared.place(block, tile, i, layer, i_sub);
                    let cotangent = prepared.pull_back(block, tile, i, place, i_source);
                    let (where_, which) = ((scene, panel, place), (block.panel, i_source));
                    cotangent.add_to(weight(pixel), where_, which, &mut self.tangent, &mut self.frames[i_source]);
                    let lanes = tile.by_shape.at(i);
                    self.by_shape.iter_mut().zip(lanes).for_each(|(sum, lane)| *sum += tile.weight[i] * lane);
                    self.ln_default_f += tile.weight[i] * 2.0 * tile.sum[i];
                }
            });
        }
    }

    fn add(&mut self, other: &Self) {
        self.tangent.add(&other.tangent);
        for (frame, other) in self.frames.iter_mut().zip(&other.frames) {
            frame.electric = frame.electric + other.electric;
            frame.magnetic = frame.magnetic + other.magnetic;
        }
        self.by_shape.iter_mut().zip(other.by_shape).for_each(|(sum, term)| *sum += term);
        self.amplitudes.iter_mut().zip(&other.amplitudes).for_each(|(sum, term)| *sum += term);
        self.ln_default_f += other.ln_default_f;
    }

    /// Takes what was kept apart back to the scene.
    fn finish(mut self, prepared: &Prepared) -> SceneTangent {
        let scene = prepared.scene;
        self.tangent.add(&shape::cotangent(&scene.domain, &self.by_shape));
        for (i_source, frame) in self.frames.iter().enumerate() {
            for axis in 0..3 {
                let along = |change: FrameChange| {
                    frame_along(scene, &scene.sources[i_source], change)
                        .map_or(0.0, |d| frame.electric.dot(d.electric) + frame.magnetic.dot(d.magnetic))
                };
                let mut unit = Vec3::default();
                unit.0[axis] = 1.0;
                self.tangent.sources[i_source].incident.0[axis] +=
                    along(FrameChange { incident: unit, e_vector: Vec3::default() });
                self.tangent.e_vector.0[axis] += along(FrameChange { incident: Vec3::default(), e_vector: unit });
            }
        }
        if scene.hkl.grid.is_some() {
            self.tangent.default_f = self.amplitudes.pop().unwrap_or(0.0);
            self.tangent.amplitudes = self.amplitudes;
        } else if scene.hkl.default_f != 0.0 {
            self.tangent.default_f = self.ln_default_f / scene.hkl.default_f;
        }
        self.tangent
    }
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

/// Some pixels of a panel, with the derivatives of their photons.
#[derive(Debug)]
pub struct Block<'a> {
    /// The panel's number.
    pub panel: usize,
    /// Where each pixel stands in the panel, fast axis first.
    pub places: &'a [usize],
    /// Photons of each pixel.
    pub photons: &'a [f64],
    /// Their derivatives along each tangent, by tangent and pixel.
    pub derivatives: &'a [Vec<f64>],
}

/// A tangent with what follows from it once.
struct Along<'a> {
    tangent: &'a SceneTangent,
    /// Of each source.
    frames: Vec<Option<PolarizationFrame>>,
    by_shape: PerLane,
    has_shape: bool,
    /// The place of its lane among [`Tile::changes`].
    change: Option<usize>,
}

/// Photons and their derivatives along tangents of the scene, some pixels at a time and in parallel; masked pixels and those outside the window
/// are left out. What `visit` makes of the blocks comes in their order, whatever the number of threads.
///
/// # Errors
/// The scene has no derivatives (top-hat spots, nanoBragg's physics), something does not fit into memory, or the monitor stopped it.
pub fn map_blocks<A: Send>(
    scene: &Scene,
    tangents: &[SceneTangent],
    monitor: &dyn Monitor,
    visit: impl Fn(&Block) -> A + Sync,
) -> Result<Vec<A>> {
    let by_shape =
        |t: &SceneTangent| t.n_cells != [0.0; 3] || t.fudge != 0.0 || t.reciprocal != crate::math::Mat3::default();
    let prepared = Prepared::new(scene, tangents.iter().any(by_shape))?;
    let is_change = |t: &SceneTangent| {
        let has_amplitudes = scene.hkl.grid.is_some() && (!t.amplitudes.is_empty() || t.default_f != 0.0);
        !t.orientations.is_empty() || has_amplitudes
    };
    let changing: Vec<&SceneTangent> = tangents.iter().filter(|tangent| is_change(tangent)).collect();
    let mut n_changes = 0;
    let along: Vec<Along> = tangents
        .iter()
        .map(|tangent| Along {
            frames: scene
                .sources
                .iter()
                .enumerate()
                .map(|(i, source)| {
                    let incident = tangent.sources.get(i).map_or_else(Vec3::default, |source| source.incident);
                    frame_along(scene, source, FrameChange { incident, e_vector: tangent.e_vector })
                })
                .collect(),
            by_shape: shape::along(&scene.domain, tangent),
            has_shape: by_shape(tangent),
            change: is_change(tangent).then(|| {
                n_changes += 1;
                n_changes - 1
            }),
            tangent,
        })
        .collect();
    blocks(scene)
        .par_iter()
        .map_init(
            || Tile::new(&prepared, n_changes),
            |tile, block| {
                if monitor.cancelled() {
                    return Err(Error::Interrupted);
                }
                let found = differentiate(&prepared, block, &along, &changing, tile);
                let result = visit(&Block {
                    panel: block.panel,
                    places: &found.places,
                    photons: &found.photons,
                    derivatives: &found.derivatives,
                });
                monitor.advance(block.n_pixels());
                Ok(result)
            },
        )
        .collect()
}

/// What a [`Block`] shows.
struct Found {
    places: Vec<usize>,
    photons: Vec<f64>,
    derivatives: Vec<Vec<f64>>,
}

/// Photons and derivatives of the pixels of a block.
fn differentiate(
    prepared: &Prepared,
    block: &BlockRange,
    along: &[Along],
    changing: &[&SceneTangent],
    tile: &mut Tile,
) -> Found {
    let scene = prepared.scene;
    let panel = &scene.panels[block.panel];
    let pixels: Vec<[usize; 2]> = block.pixels(panel).collect();
    let mut photons = vec![0.0; pixels.len()];
    let mut derivatives = vec![vec![0.0; pixels.len()]; along.len()];
    for (i_tile, chunk) in pixels.chunks(PIXELS).enumerate() {
        let first = i_tile * PIXELS;
        tile.take(chunk.iter().copied(), scene.oversample);
        for (i, &[fast, slow]) in chunk.iter().enumerate() {
            let plane = |[offset, by_fast, by_slow]: [f64; 3]| {
                let [x, y] = panel.from_middle(fast, slow);
                offset + by_fast * x + by_slow * y
            };
            photons[first + i] += plane(scene.plane);
            for (along, derivatives) in along.iter().zip(&mut derivatives) {
                derivatives[first + i] += plane(along.tangent.plane);
            }
        }
        prepared.for_each_sample(block, tile, |tile, layer, i_sub, i_source| {
            prepared.level.run(SumOrientations { prepared, tile, purpose: Purpose::Forward { tangents: changing } });
            for i in 0..chunk.len() {
                let place = prepared.place(block, tile, i, layer, i_sub);
                let cotangent = prepared.pull_back(block, tile, i, place, i_source);
                let lanes = tile.by_shape.at(i);
                photons[first + i] += cotangent.by_scale * scene.scale + cotangent.by_background * scene.background;
                for (along, derivatives) in along.iter().zip(&mut derivatives) {
                    let (where_, which) = ((scene, panel, place), (block.panel, i_source));
                    let mut change = along.change.map_or(0.0, |i_change| tile.changes[i_change][i]);
                    if along.has_shape {
                        change += along.by_shape.iter().zip(lanes).map(|(a, b)| a * b).sum::<f64>();
                    }
                    if scene.hkl.grid.is_none() && scene.hkl.default_f != 0.0 {
                        change += 2.0 * along.tangent.default_f / scene.hkl.default_f * tile.sum[i];
                    }
                    derivatives[first + i] += cotangent.by_sum * change
                        + cotangent.dot(where_, which, along.tangent, along.frames[i_source].as_ref());
                }
            }
        });
    }
    let places = pixels.iter().map(|[fast, slow]| slow * panel.n_fast + fast).collect();
    Found { places, photons, derivatives }
}
