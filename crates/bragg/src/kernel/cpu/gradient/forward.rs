//! The forward sweep: how the photons of each pixel change along tangents of a scene.

use super::blocks::{BlockRange, blocks};
use super::lanes::{self, BACKGROUND, SCALE, Which};
use super::sample::PullBack;
use super::tile::{Change, PIXELS, Purpose, SumOrientations, Tile};
use super::{FEWEST, FrameChange, Needs, Prepared, frame_along};
use crate::error::Result;
use crate::kernel::cpu::elementary::multiply_add;
use crate::kernel::cpu::level::{Level, Work};
use crate::kernel::{Block, Monitor};
use crate::math::{Mat3, Vec3};
use crate::monitor::watched;
use crate::physics::polarization::PolarizationFrame;
use crate::scene::{PanelTable, Scene, SceneTangent, Source};
use rayon::prelude::*;

/// Lanes that count, and what for.
type Factors = Vec<(usize, f64)>;

/// A tangent with what follows from it once.
struct Along<'a> {
    tangent: &'a SceneTangent,
    /// How the polarisation frame of each source changes.
    frames: Vec<Option<PolarizationFrame>>,
    /// The matrix that all orientations are turned by, if they are turned alike.
    turn: Option<Mat3>,
    /// The place of its lane among [`Tile::changes`].
    change: Option<usize>,
}

impl<'a> Along<'a> {
    fn new(scene: &Scene, tangent: &'a SceneTangent) -> Self {
        let e_vector = tangent.polarization.map_or_else(Vec3::default, |table| table.e_vector);
        let frame = |(i, source): (usize, &Source)| {
            let incident = tangent.sources.get(i).map_or_else(Vec3::default, |source| source.incident);
            frame_along(scene, source, FrameChange { incident, e_vector })
        };
        let frames = scene.sources.iter().enumerate().map(frame).collect();
        Self { frames, turn: common_turn(scene, tangent), change: None, tangent }
    }

    /// What the lanes count for at a sample.
    fn factors(&self, scene: &Scene, which: Which) -> Factors {
        let frame = self.frames[which.source].as_ref();
        let factors = lanes::along(scene, self.tangent, which, frame, self.turn.as_ref());
        factors.into_iter().enumerate().filter(|(_, factor)| *factor != 0.0).collect()
    }

    /// What is to be found term by term, if anything.
    fn change(&self, scene: &Scene) -> Option<Change<'a>> {
        let tangent = self.tangent;
        let orientations = if self.turn.is_some() { &[] } else { &tangent.orientations[..] };
        let has_amplitudes = tangent.hkl.grid.is_some() || tangent.hkl.default_f != 0.0;
        let amplitudes = (scene.hkl.grid.is_some() && has_amplitudes).then_some(&tangent.hkl);
        (!orientations.is_empty() || amplitudes.is_some()).then_some(Change { orientations, amplitudes })
    }
}

/// The matrix C with which every orientation A changes by C·A, if there is one.
fn common_turn(scene: &Scene, tangent: &SceneTangent) -> Option<Mat3> {
    /// What rounding makes of equal numbers, as a fraction of the largest change.
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
/// Something does not fit into memory, or the monitor stopped it.
pub(in crate::kernel) fn map_blocks<A: Send>(
    scene: &Scene,
    level: Level,
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
    let prepared = Prepared::new(scene, level, needs, monitor)?;
    blocks(scene)
        .par_iter()
        .with_min_len(FEWEST)
        .map_init(
            || Tile::new(&prepared, changes.len()),
            |tile, block| {
                monitor.check()?;
                let found = differentiate(&prepared, block, &along, &changes, tile);
                monitor.check()?;
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
    let coefficients: Vec<Vec<Factors>> = watched(prepared.places(block.panel), 64, prepared.monitor)
        .map(|which| along.iter().map(|along| along.factors(scene, which)).collect())
        .collect();
    for (i_tile, chunk) in pixels.chunks(PIXELS).enumerate() {
        let range = i_tile * PIXELS..i_tile * PIXELS + chunk.len();
        tile.take(chunk.iter().copied(), scene.oversample);
        add_plane(scene.plane, panel, chunk, &mut photons[range.clone()]);
        for (along, derivatives) in along.iter().zip(&mut derivatives) {
            add_plane(along.tangent.plane, panel, chunk, &mut derivatives[range.clone()]);
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

/// Adds a plane over a panel's pixels, counted from its middle.
fn add_plane([offset, by_fast, by_slow]: [f64; 3], panel: &PanelTable, pixels: &[[usize; 2]], out: &mut [f64]) {
    if [offset, by_fast, by_slow] == [0.0; 3] {
        return;
    }
    for (out, &[fast, slow]) in out.iter_mut().zip(pixels) {
        let [x, y] = panel.from_middle(fast, slow);
        *out += offset + by_fast * x + by_slow * y;
    }
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
            for (out, derivative) in self.out.iter_mut().zip(&self.tile.lanes[lane][..n]) {
                *out = multiply_add::<FMA>(factor, *derivative, *out);
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
