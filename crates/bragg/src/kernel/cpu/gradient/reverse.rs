//! The reverse sweep: how a sum over pixels changes with every number of a scene.

use super::blocks::{BlockRange, blocks};
use super::lanes::{self, N_LANES, PerLane};
use super::sample::PullBack;
use super::tile::{PIXELS, Products, Purpose, SumOrientations, Tile};
use super::{FEWEST, FrameChange, Needs, Prepared, frame_along};
use crate::error::{Result, repeated, reserved};
use crate::image::Image;
use crate::kernel::Monitor;
use crate::kernel::cpu::elementary::multiply_add;
use crate::kernel::cpu::level::{Level, Work};
use crate::math::Vec3;
use crate::physics::polarization::PolarizationFrame;
use crate::reflections::AmplitudeGrid;
use crate::scene::{Scene, SceneTangent};
use rayon::prelude::*;
use std::sync::Arc;

/// How the derivative of a sum over pixels, Σ cotangent·photons, depends on every number of the scene; with `amplitudes` on |F|
/// of every reflection as well.
///
/// # Errors
/// Something does not fit into memory, or the monitor stopped it.
pub(in crate::kernel) fn reverse(
    scene: &Scene,
    level: Level,
    cotangent: &Image<f64>,
    amplitudes: bool,
    monitor: &dyn Monitor,
) -> Result<SceneTangent> {
    let prepared = Prepared::new(scene, level, Needs { shape: true, turn: false, factors: true }, monitor)?;
    let n_amplitudes = match &scene.hkl.grid {
        Some(grid) if amplitudes => grid.amplitudes.len() + 1,
        _ => 0,
    };
    let blocks = blocks(scene);
    let zeros = scene.without_amplitudes().zeros()?;
    let mut total = Sums::new(&zeros, n_amplitudes)?;
    // Blocks are added in their order, some at a time, so that their sums need not be kept all at once.
    for round in blocks.chunks((MEMORY / total.n_bytes()).clamp(1, if n_amplitudes > 0 { 8 } else { 64 })) {
        let sums: Result<Vec<Sums>> = round
            .par_iter()
            .with_min_len(if n_amplitudes > 0 { 1 } else { FEWEST })
            .map_init(
                || Tile::new(&prepared, 0),
                |tile, block| {
                    monitor.check()?;
                    let mut sums = Sums::new(&zeros, n_amplitudes)?;
                    sums.add_block(&prepared, block, cotangent, tile)?;
                    monitor.check()?;
                    monitor.advance(block.n_pixels());
                    Ok(sums)
                },
            )
            .collect();
        sums?.iter().for_each(|sums| total.add(sums));
    }
    Ok(total.finish(&prepared))
}

/// What the sums of blocks take at the same time, as far as there is more than one.
const MEMORY: usize = 1 << 29;

/// The setting that most orientations come from.
const DOMAINS: &str = "crystal.mosaic.domains";

/// Sums over pixels.
struct Sums {
    tangent: SceneTangent,
    /// The cotangents of each source's polarisation frame.
    frames: Vec<PolarizationFrame>,
    /// The cotangents of |F| on the grid, and of that elsewhere; empty where not asked for.
    amplitudes: Vec<f64>,
}

const NO_FRAME: PolarizationFrame =
    PolarizationFrame { electric: Vec3([0.0; 3]), magnetic: Vec3([0.0; 3]), axial: 0.0 };

impl Sums {
    fn new(zeros: &SceneTangent, n_amplitudes: usize) -> Result<Self> {
        let n_sources = zeros.sources.len();
        Ok(Self {
            tangent: zeros.zeros()?,
            frames: repeated(NO_FRAME, n_sources, "derivatives of sources", "beam.divergence")?,
            amplitudes: repeated(0.0, n_amplitudes, "derivatives", "crystal.structure_factors.file")?,
        })
    }

    fn n_bytes(&self) -> usize {
        let SceneTangent { sources, orientations, panels, .. } = &self.tangent;
        size_of_val(&sources[..])
            + size_of_val(&orientations[..])
            + size_of_val(&panels[..])
            + size_of_val(&self.frames[..])
            + size_of_val(&self.amplitudes[..])
            + 1
    }

    fn add_block(
        &mut self,
        prepared: &Prepared,
        block: &BlockRange,
        cotangent: &Image<f64>,
        tile: &mut Tile,
    ) -> Result<()> {
        let scene = prepared.scene;
        let panel = &scene.panels[block.panel];
        let Some(weights) = cotangent.panels.get(block.panel).map(|panel| panel.pixels()) else {
            return Ok(());
        };
        let weight = |[fast, slow]: [usize; 2]| weights.get(slow * panel.n_fast + fast).copied().unwrap_or(0.0);
        let pixels: Vec<[usize; 2]> = block.pixels(panel).filter(|&pixel| weight(pixel) != 0.0).collect();
        if pixels.is_empty() {
            return Ok(());
        }
        let mut totals =
            repeated([0.0; N_LANES], prepared.n_places(), "sources times layers", "detector.sensor.layers")?;
        let mut products = std::mem::take(&mut tile.products);
        products.clear();
        if products.capacity() < scene.orientations.len() {
            products = reserved(scene.orientations.len(), "sums over orientations", DOMAINS)?;
        }
        products.resize(scene.orientations.len(), Products::NONE);
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
                let purpose = Purpose::Reverse { orientations: &mut products, amplitudes };
                prepared.level.run(SumOrientations { prepared, tile, purpose });
                prepared.level.run(PullBack { prepared, which, i_sub, tile });
                prepared.level.run(Total { tile, totals: &mut totals[prepared.place(which)] });
            });
        }
        for (sum, products) in self.tangent.orientations.iter_mut().zip(&products) {
            products.add_to(sum);
        }
        tile.products = products;
        for (which, totals) in prepared.places(block.panel).zip(&totals) {
            lanes::add_cotangent(scene, totals, which, &mut self.tangent, &mut self.frames[which.source]);
        }
        Ok(())
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
                if let Some(polarization) = &mut self.tangent.polarization {
                    polarization.e_vector.0[axis] += along(FrameChange { incident: Vec3::default(), e_vector: unit });
                }
            }
        }
        if let Some(grid) = &scene.hkl.grid {
            self.tangent.hkl.default_f = self.amplitudes.pop().unwrap_or(0.0);
            let AmplitudeGrid { min, max, .. } = **grid;
            let amplitudes = self.amplitudes;
            self.tangent.hkl.grid = (!amplitudes.is_empty()).then(|| Arc::new(AmplitudeGrid { min, max, amplitudes }));
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
