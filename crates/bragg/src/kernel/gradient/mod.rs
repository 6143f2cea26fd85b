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
mod grating;
mod interpolation;
mod lanes;
mod sample;
mod shape;
mod terms;
mod tile;

use super::Monitor;
use super::cpu::Level;
use super::cpu::amplitudes::Amplitudes;
use super::cpu::elementary::multiply_add;
use super::cpu::level::Work;
use super::cpu::spots::Spot;
use crate::error::{Error, Result};
use crate::image::Image;
use crate::math::{Mat3, Vec3};
use crate::physics::polarization::PolarizationFrame;
use crate::real::{Dual, Real};
use crate::scene::{PanelTangent, Physics, Scene, SceneTangent, Shape, Source, SourceTangent};
use blocks::{BlockRange, blocks};
use lanes::{BACKGROUND, N_LANES, PerLane, SCALE, Which};
use rayon::prelude::*;
use sample::{FindSample, PullBack, Scales};
use terms::Lattice;
use tile::{Change, PIXELS, Purpose, SumOrientations, Tile};

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
}

impl<'a> Prepared<'a> {
    fn new(scene: &'a Scene, needs: Needs) -> Result<Self> {
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
        let spot = (scene.domain.shape == Shape::Gauss).then(|| Spot::new(scene));
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
            level: Level::best(),
        })
    }

    /// Calls `visit` for each sample of the tile's pixels and each source, with the factors and scattering vectors found; with the
    /// number of the sub-pixel.
    fn for_each_sample(&self, panel: usize, tile: &mut Tile, mut visit: impl FnMut(&mut Tile, Which, usize)) {
        let scene = self.scene;
        for layer in 0..scene.n_layers() {
            for i_sub in 0..scene.oversample * scene.oversample {
                for source in 0..scene.sources.len() {
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

/// How the derivative of a sum over pixels, Σ cotangent·photons, depends on every number of the scene; with `amplitudes` on |F|
/// of every reflection as well.
///
/// # Errors
/// The scene has no derivatives (top-hat spots, nanoBragg's physics), something does not fit into memory, or the monitor stopped it.
pub fn reverse(scene: &Scene, cotangent: &Image<f64>, amplitudes: bool, monitor: &dyn Monitor) -> Result<SceneTangent> {
    let prepared = Prepared::new(scene, Needs { shape: true, turn: false, factors: true })?;
    let n_places = scene.hkl.grid.as_ref().map_or(0, |grid| grid.amplitudes.len()) + 1;
    let n_amplitudes = if amplitudes && scene.hkl.grid.is_some() { n_places } else { 0 };
    let blocks = blocks(scene);
    let mut total = Sums::new(scene, n_amplitudes);
    // Blocks are added in their order, some at a time, so that their sums need not be kept all at once.
    for round in blocks.chunks(if n_amplitudes > 0 { 8 } else { 64 }) {
        let sums: Result<Vec<Sums>> = round
            .par_iter()
            .with_min_len(if n_amplitudes > 0 { 1 } else { FEWEST })
            .map_init(
                || Tile::new(&prepared, 0),
                |tile, block| {
                    if monitor.cancelled() {
                        return Err(Error::Interrupted);
                    }
                    let mut sums = Sums::new(scene, n_amplitudes);
                    sums.add_block(&prepared, block, cotangent, tile);
                    monitor.advance(block.n_pixels());
                    Ok(sums)
                },
            )
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
    /// Of |F| on the grid, and elsewhere; empty where not asked for.
    amplitudes: Vec<f64>,
}

const NO_FRAME: PolarizationFrame =
    PolarizationFrame { electric: Vec3([0.0; 3]), magnetic: Vec3([0.0; 3]), axial: 0.0 };

impl Sums {
    fn new(scene: &Scene, n_amplitudes: usize) -> Self {
        Self {
            tangent: SceneTangent {
                sources: vec![SourceTangent::default(); scene.sources.len()],
                orientations: vec![Mat3::default(); scene.orientations.len()],
                panels: vec![PanelTangent::default(); scene.panels.len()],
                ..SceneTangent::default()
            },
            frames: vec![NO_FRAME; scene.sources.len()],
            amplitudes: vec![0.0; n_amplitudes],
        }
    }

    fn add_block(&mut self, prepared: &Prepared, block: &BlockRange, cotangent: &Image<f64>, tile: &mut Tile) {
        let scene = prepared.scene;
        let panel = &scene.panels[block.panel];
        let Some(weights) = cotangent.panels.get(block.panel).map(|panel| panel.pixels()) else { return };
        let weight = |[fast, slow]: [usize; 2]| weights.get(slow * panel.n_fast + fast).copied().unwrap_or(0.0);
        let pixels: Vec<[usize; 2]> = block.pixels(panel).filter(|&pixel| weight(pixel) != 0.0).collect();
        let mut totals = vec![[0.0; N_LANES]; prepared.n_places()];
        for pixels in pixels.chunks(PIXELS) {
            tile.take(pixels.iter().copied(), scene.oversample);
            tile.cotangent[pixels.len()..].fill(0.0);
            for (out, &[fast, slow]) in tile.cotangent.iter_mut().zip(pixels) {
                let (w, [x, y]) = (weight([fast, slow]), panel.from_middle(fast, slow));
                *out = w;
                self.tangent.plane.iter_mut().zip([w, w * x, w * y]).for_each(|(sum, term)| *sum += term);
            }
            prepared.for_each_sample(block.panel, tile, |tile, which, i_sub| {
                let amplitudes = (!self.amplitudes.is_empty()).then_some(&mut self.amplitudes[..]);
                let purpose = Purpose::Reverse { orientations: &mut self.tangent.orientations, amplitudes };
                prepared.level.run(SumOrientations { prepared, tile, purpose });
                prepared.level.run(PullBack { prepared, which, i_sub, tile });
                prepared.level.run(Total { tile, totals: &mut totals[prepared.place(which)] });
            });
        }
        for (which, totals) in prepared.places(block.panel).zip(&totals) {
            lanes::add_cotangent(scene, totals, which, &mut self.tangent, &mut self.frames[which.source]);
        }
    }

    fn add(&mut self, other: &Self) {
        self.tangent.add(&other.tangent);
        for (frame, other) in self.frames.iter_mut().zip(&other.frames) {
            frame.electric = frame.electric + other.electric;
            frame.magnetic = frame.magnetic + other.magnetic;
        }
        self.amplitudes.iter_mut().zip(&other.amplitudes).for_each(|(sum, term)| *sum += term);
    }

    /// Takes what was kept apart back to the scene.
    fn finish(mut self, prepared: &Prepared) -> SceneTangent {
        let scene = prepared.scene;
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
        }
        self.tangent
    }
}

/// Adds the sums over the tile's pixels of cotangent times derivative.
struct Total<'a> {
    tile: &'a Tile,
    totals: &'a mut PerLane,
}

impl Work for Total<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        const WIDTH: usize = 8;
        let n = self.tile.n_filled;
        let (weights, _) = self.tile.cotangent[..n].as_chunks::<WIDTH>();
        for (total, lane) in self.totals.iter_mut().zip(&self.tile.lanes) {
            let mut sums = [0.0; WIDTH];
            for (weights, derivatives) in weights.iter().zip(lane[..n].as_chunks::<WIDTH>().0) {
                for j in 0..WIDTH {
                    sums[j] = multiply_add::<FMA>(weights[j], derivatives[j], sums[j]);
                }
            }
            *total += sums.iter().sum::<f64>();
        }
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
    /// The matrix that all orientations are turned by, if they are turned alike.
    turn: Option<Mat3>,
    /// The place of its lane among [`Tile::changes`].
    change: Option<usize>,
}

impl<'a> Along<'a> {
    fn new(scene: &Scene, tangent: &'a SceneTangent) -> Self {
        let frame = |(i, source): (usize, &Source)| {
            let incident = tangent.sources.get(i).map_or_else(Vec3::default, |source| source.incident);
            frame_along(scene, source, FrameChange { incident, e_vector: tangent.e_vector })
        };
        let frames = scene.sources.iter().enumerate().map(frame).collect();
        Self { frames, turn: common_turn(scene, tangent), change: None, tangent }
    }

    /// What is to be found term by term, if anything.
    fn change(&self, scene: &Scene) -> Option<Change<'a>> {
        let tangent = self.tangent;
        let orientations = if self.turn.is_some() { &[] } else { &tangent.orientations[..] };
        let has_amplitudes = !tangent.amplitudes.is_empty() || tangent.default_f != 0.0;
        let amplitudes = (scene.hkl.grid.is_some() && has_amplitudes).then_some(tangent);
        (!orientations.is_empty() || amplitudes.is_some()).then_some(Change { orientations, amplitudes })
    }
}

/// The matrix C with which every orientation A changes by C·A, if there is one.
fn common_turn(scene: &Scene, tangent: &SceneTangent) -> Option<Mat3> {
    /// Of the largest change: what rounding makes of equal numbers.
    const ROUNDING: f64 = 1e-13;
    let (first, change) = (scene.orientations.first()?, tangent.orientations.first()?);
    let reciprocal = first.reciprocal_rows();
    let turn = Mat3(change.0.map(|row| Vec3(reciprocal.0.map(|other| row.dot(other)))));
    let largest = tangent.orientations.iter().flat_map(|rows| rows.0).flat_map(|row| row.0).fold(0.0, largest_size);
    let is_turned = |(rows, change): (&Mat3, &Mat3)| {
        let expected = turn.0.map(|by| rows.0[0] * by[0] + rows.0[1] * by[1] + rows.0[2] * by[2]);
        let off = expected.iter().zip(change.0).flat_map(|(a, b)| (*a - b).0).fold(0.0, largest_size);
        off <= ROUNDING * largest
    };
    scene.orientations.iter().zip(&tangent.orientations).all(is_turned).then_some(turn)
}

fn largest_size(largest: f64, x: f64) -> f64 {
    largest.max(x.abs())
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
    let mut along: Vec<Along> = tangents.iter().map(|tangent| Along::new(scene, tangent)).collect();
    let mut changes = Vec::new();
    for along in &mut along {
        if let Some(change) = along.change(scene) {
            along.change = Some(changes.len());
            changes.push(change);
        }
    }
    let needs = Needs {
        shape: tangents.iter().any(SceneTangent::changes_shape),
        turn: along.iter().any(|along| along.turn.is_some()),
        factors: tangents.iter().any(SceneTangent::changes_factors),
    };
    let prepared = Prepared::new(scene, needs)?;
    blocks(scene)
        .par_iter()
        .with_min_len(FEWEST)
        .map_init(
            || Tile::new(&prepared, changes.len()),
            |tile, block| {
                if monitor.cancelled() {
                    return Err(Error::Interrupted);
                }
                let found = differentiate(&prepared, block, &along, &changes, tile);
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
    changes: &[Change],
    tile: &mut Tile,
) -> Found {
    let scene = prepared.scene;
    let panel = &scene.panels[block.panel];
    let pixels: Vec<[usize; 2]> = block.pixels(panel).collect();
    let mut photons = vec![0.0; pixels.len()];
    let mut derivatives = vec![vec![0.0; pixels.len()]; along.len()];
    let coefficients = |which: Which| {
        let of_tangent = |along: &Along| {
            let frame = along.frames[which.source].as_ref();
            let lanes = lanes::along(scene, along.tangent, which, frame, along.turn.as_ref());
            lanes.into_iter().enumerate().filter(|(_, factor)| *factor != 0.0).collect()
        };
        along.iter().map(of_tangent).collect()
    };
    let coefficients: Vec<Vec<Vec<(usize, f64)>>> = prepared.places(block.panel).map(coefficients).collect();
    for (i_tile, chunk) in pixels.chunks(PIXELS).enumerate() {
        let range = i_tile * PIXELS..i_tile * PIXELS + chunk.len();
        tile.take(chunk.iter().copied(), scene.oversample);
        let add_plane = |plane: [f64; 3], out: &mut [f64]| {
            if plane != [0.0; 3] {
                for (out, &[fast, slow]) in out.iter_mut().zip(chunk) {
                    let [x, y] = panel.from_middle(fast, slow);
                    *out += plane[0] + plane[1] * x + plane[2] * y;
                }
            }
        };
        add_plane(scene.plane, &mut photons[range.clone()]);
        for (along, derivatives) in along.iter().zip(&mut derivatives) {
            add_plane(along.tangent.plane, &mut derivatives[range.clone()]);
        }
        prepared.for_each_sample(block.panel, tile, |tile, which, i_sub| {
            let purpose = Purpose::Forward { by_turn: prepared.needs.turn, changes };
            prepared.level.run(SumOrientations { prepared, tile, purpose });
            prepared.level.run(PullBack { prepared, which, i_sub, tile });
            let photons = &mut photons[range.clone()];
            prepared.level.run(Combine {
                tile,
                factors: &[(SCALE, scene.scale), (BACKGROUND, scene.background)],
                change: None,
                out: photons,
            });
            let coefficients = &coefficients[prepared.place(which)];
            for ((along, factors), derivatives) in along.iter().zip(coefficients).zip(&mut derivatives) {
                prepared.level.run(Combine {
                    tile,
                    factors,
                    change: along.change,
                    out: &mut derivatives[range.clone()],
                });
            }
        });
    }
    let places = pixels.iter().map(|[fast, slow]| slow * panel.n_fast + fast).collect();
    Found { places, photons, derivatives }
}

/// Adds lanes of a tile times factors, and a change of its sum.
struct Combine<'a> {
    tile: &'a Tile,
    factors: &'a [(usize, f64)],
    change: Option<usize>,
    out: &'a mut [f64],
}

impl Work for Combine<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let n = self.out.len();
        for &(lane, factor) in self.factors {
            let lane = &self.tile.lanes[lane][..n];
            for i in 0..n {
                self.out[i] = multiply_add::<FMA>(factor, lane[i], self.out[i]);
            }
        }
        if let Some(change) = self.change {
            let (change, by_sum) = (&self.tile.changes[change][..n], &self.tile.pulled.by_sum[..n]);
            for i in 0..n {
                self.out[i] = multiply_add::<FMA>(change[i], by_sum[i], self.out[i]);
            }
        }
    }
}
