//! The sum over orientations for a tile, with its derivatives.

use super::Prepared;
use super::interpolation::Interpolation;
use super::terms::{ByShape, Terms};
use crate::kernel::cpu::elementary::multiply_add;
use crate::kernel::cpu::level::Work;
use crate::kernel::cpu::sample::Sample;
use crate::kernel::cpu::tile::{DARK, Lane};
use crate::math::{Mat3, Vec3};
use crate::physics::polarization::PolarizationFrame;
use crate::scene::{HklGrid, PanelTable, Scene, SceneTangent};

/// The most pixels of a tile.
pub(super) const PIXELS: usize = 128;
/// Whole vectors.
const VECTOR: usize = 16;

/// Pixels that go through the sum together, arrays side by side.
pub(super) struct Tile {
    /// Pixels, and numbers that are computed: whole vectors, the last pixel repeated.
    pub(super) n: usize,
    pub(super) n_filled: usize,
    /// Fast and slow of each pixel.
    pub(super) places: [Lane; 2],
    /// The middle of the first sub-pixel, in sub-pixels.
    pub(super) middles: [Lane; 2],
    pub(super) sample: Sample,
    /// Of the current sample and source: Σ F²·L², its derivative with respect to q, those with respect to the shape.
    pub(super) sum: Lane,
    pub(super) by_q: [Lane; 3],
    pub(super) by_shape: ByShape,
    /// Along each tangent that changes orientations or amplitudes: how the sum changes.
    pub(super) changes: Vec<Lane>,
    /// In a reverse sweep: what a derivative of the sum counts for.
    pub(super) weight: Lane,
    weighted: [Lane; 3],
    terms: Terms,
}

/// What is made of the terms besides their sum.
pub(super) enum Purpose<'a> {
    /// Sums over pixels for each orientation, and for |F| of each reflection where asked for (the last is the default).
    Reverse { orientations: &'a mut [Mat3], amplitudes: Option<&'a mut [f64]> },
    /// Derivatives of each pixel along tangents.
    Forward { tangents: &'a [&'a SceneTangent] },
}

impl Tile {
    pub(super) fn new(prepared: &Prepared, n_changes: usize) -> Box<Self> {
        let grid = prepared.scene.hkl.grid.as_ref().filter(|_| prepared.scene.hkl.is_tricubic());
        Box::new(Self {
            n: 0,
            n_filled: 0,
            places: [DARK; 2],
            middles: [DARK; 2],
            sample: Sample::new(),
            sum: DARK,
            by_q: [DARK; 3],
            by_shape: ByShape::new(),
            changes: vec![DARK; n_changes],
            weight: DARK,
            weighted: [DARK; 3],
            terms: Terms::new(&prepared.amplitudes, grid.map(Interpolation::new)),
        })
    }

    /// Takes pixels, at least one and [`PIXELS`] at most.
    pub(super) fn take(&mut self, pixels: impl Iterator<Item = [usize; 2]>, oversample: usize) {
        self.n = 0;
        for pixel in pixels {
            for (lane, place) in self.places.iter_mut().zip(pixel) {
                lane[self.n] = place as f64;
            }
            self.n += 1;
        }
        self.n_filled = self.n.next_multiple_of(VECTOR);
        for (lane, middles) in self.places.iter_mut().zip(&mut self.middles) {
            let last = lane[self.n - 1];
            lane[self.n..self.n_filled].fill(last);
            for i in 0..self.n_filled {
                middles[i] = lane[i] * oversample as f64 + 0.5;
            }
        }
    }

    #[inline(always)]
    fn sum_orientations<const FMA: bool>(&mut self, prepared: &Prepared, mut purpose: Purpose) {
        let n = self.n_filled;
        let q = &self.sample.q;
        self.sum[..n].fill(0.0);
        self.by_q.iter_mut().for_each(|lane| lane[..n].fill(0.0));
        self.by_shape.clear(n);
        self.changes.iter_mut().for_each(|lane| lane[..n].fill(0.0));
        for (i_orientation, orientation) in prepared.scene.orientations.iter().enumerate() {
            let by_shape = prepared.by_shape.then_some(&mut self.by_shape);
            let terms = &mut self.terms;
            if !terms.find::<FMA>(&prepared.lattice, orientation, &prepared.amplitudes, q, by_shape, n) {
                continue;
            }
            let (sum, values) = (&mut self.sum[..n], &terms.values[..n]);
            for i in 0..n {
                sum[i] += values[i];
            }
            add_by_q::<FMA>(&mut self.by_q, orientation, &terms.slopes, n);
            match &mut purpose {
                Purpose::Reverse { orientations, amplitudes } => {
                    for (weighted, slopes) in self.weighted.iter_mut().zip(&terms.slopes) {
                        let (weighted, slopes, weight) = (&mut weighted[..n], &slopes[..n], &self.weight[..n]);
                        for i in 0..n {
                            weighted[i] = weight[i] * slopes[i];
                        }
                    }
                    let rows = &mut orientations[i_orientation].0;
                    for (row, weighted) in rows.iter_mut().zip(&self.weighted) {
                        *row = *row + products::<FMA>(&weighted[..n], q);
                    }
                    if let Some(by_amplitude) = amplitudes {
                        scatter(terms, &prepared.scene.hkl, &self.weight[..self.n], by_amplitude);
                    }
                }
                Purpose::Forward { tangents } => {
                    for (tangent, change) in tangents.iter().zip(&mut self.changes) {
                        if let Some(turned) = tangent.orientations.get(i_orientation) {
                            add_turned::<FMA>(turned, q, &terms.slopes, &mut change[..n]);
                        }
                        let is_table = prepared.scene.hkl.grid.is_some();
                        if is_table && (!tangent.amplitudes.is_empty() || tangent.default_f != 0.0) {
                            add_amplitudes(terms, &prepared.scene.hkl, tangent, &mut change[..self.n]);
                        }
                    }
                }
            }
        }
    }
}

/// Adds Aᵀ·(dT/dh): how the terms change with the scattering vector.
#[inline(always)]
fn add_by_q<const FMA: bool>(by_q: &mut [Lane; 3], orientation: &Mat3, slopes: &[Lane; 3], n: usize) {
    let [u, v, w] = slopes.each_ref().map(|lane| &lane[..n]);
    let [a, b, c] = orientation.0;
    for (axis, lane) in by_q.iter_mut().enumerate() {
        let lane = &mut lane[..n];
        let (a, b, c) = (a[axis], b[axis], c[axis]);
        for i in 0..n {
            let two = multiply_add::<FMA>(a, u[i], multiply_add::<FMA>(b, v[i], lane[i]));
            lane[i] = multiply_add::<FMA>(c, w[i], two);
        }
    }
}

/// Adds dT/dh·(dA·q).
#[inline(always)]
fn add_turned<const FMA: bool>(turned: &Mat3, q: &[Lane; 3], slopes: &[Lane; 3], change: &mut [f64]) {
    let n = change.len();
    let [x, y, z] = q.each_ref().map(|lane| &lane[..n]);
    let [u, v, w] = slopes.each_ref().map(|lane| &lane[..n]);
    let [Vec3([ax, ay, az]), Vec3([bx, by, bz]), Vec3([cx, cy, cz])] = turned.0;
    for i in 0..n {
        let a = multiply_add::<FMA>(az, z[i], multiply_add::<FMA>(ay, y[i], ax * x[i]));
        let b = multiply_add::<FMA>(bz, z[i], multiply_add::<FMA>(by, y[i], bx * x[i]));
        let c = multiply_add::<FMA>(cz, z[i], multiply_add::<FMA>(cy, y[i], cx * x[i]));
        change[i] += multiply_add::<FMA>(c, w[i], multiply_add::<FMA>(b, v[i], a * u[i]));
    }
}

/// The sums of the products with x, y and z.
#[inline(always)]
fn products<const FMA: bool>(weighted: &[f64], [x, y, z]: &[Lane; 3]) -> Vec3 {
    const WIDTH: usize = 8;
    let n = weighted.len();
    let (weighted, _) = weighted.as_chunks::<WIDTH>();
    let [x, y, z] = [x, y, z].map(|lane| lane[..n].as_chunks::<WIDTH>().0);
    let (mut along_x, mut along_y, mut along_z) = ([0.0; WIDTH], [0.0; WIDTH], [0.0; WIDTH]);
    for (((w, x), y), z) in weighted.iter().zip(x).zip(y).zip(z) {
        for j in 0..WIDTH {
            along_x[j] = multiply_add::<FMA>(w[j], x[j], along_x[j]);
            along_y[j] = multiply_add::<FMA>(w[j], y[j], along_y[j]);
            along_z[j] = multiply_add::<FMA>(w[j], z[j], along_z[j]);
        }
    }
    Vec3([along_x, along_y, along_z].map(|sums| sums.iter().sum()))
}

/// Where |F| of the nearest reflection of a point stands in the grid; one past the end where it does not.
fn place(terms: &Terms, hkl: &HklGrid, i: usize) -> usize {
    let Some(grid) = &hkl.grid else { return 0 };
    let nearest = terms.distances.nearest.each_ref().map(|lane| lane[i] as i32);
    grid.position(nearest).unwrap_or(grid.amplitudes.len())
}

/// Adds how the weighted terms change with |F|.
fn scatter(terms: &Terms, hkl: &HklGrid, weight: &[f64], by_amplitude: &mut [f64]) {
    for (i, &weight) in weight.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
        let weight = weight * terms.lattice[i];
        if terms.interpolation.as_ref().is_some_and(|interpolation| interpolation.scatter(i, weight, by_amplitude)) {
            continue;
        }
        let place = place(terms, hkl, i);
        let amplitude = hkl.grid.as_ref().and_then(|grid| grid.amplitudes.get(place)).unwrap_or(&hkl.default_f);
        by_amplitude[place] += 2.0 * amplitude * weight;
    }
}

/// Adds how the terms change with |F| along a tangent.
fn add_amplitudes(terms: &Terms, hkl: &HklGrid, tangent: &SceneTangent, change: &mut [f64]) {
    for (i, change) in change.iter_mut().enumerate() {
        let interpolation = terms.interpolation.as_ref().filter(|_| !tangent.amplitudes.is_empty());
        let by_square = interpolation.and_then(|interpolation| interpolation.change(i, &tangent.amplitudes));
        let by_square = by_square.unwrap_or_else(|| {
            let place = place(terms, hkl, i);
            match hkl.grid.as_ref().and_then(|grid| grid.amplitudes.get(place)) {
                Some(amplitude) => 2.0 * amplitude * tangent.amplitudes.get(place).copied().unwrap_or(0.0),
                None => 2.0 * hkl.default_f * tangent.default_f,
            }
        });
        *change += by_square * terms.lattice[i];
    }
}

/// Sums over the orientations: a call of its own, compiled for every level.
pub(super) struct SumOrientations<'a> {
    pub(super) prepared: &'a Prepared<'a>,
    pub(super) tile: &'a mut Tile,
    pub(super) purpose: Purpose<'a>,
}

impl Work for SumOrientations<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        self.tile.sum_orientations::<FMA>(self.prepared, self.purpose);
    }
}

/// The factors and scattering vectors of a sample, from one source: a call of its own, likewise. NaN is put for factors beyond d_min.
pub(super) struct FindSample<'a> {
    pub(super) scene: &'a Scene,
    pub(super) panel: &'a PanelTable,
    pub(super) layer: usize,
    pub(super) i_sub: usize,
    pub(super) i_source: usize,
    pub(super) frame: Option<&'a PolarizationFrame>,
    pub(super) tile: &'a mut Tile,
}

impl Work for FindSample<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { scene, panel, layer, i_sub, i_source, frame, tile } = self;
        let (n, source) = (tile.n_filled, &scene.sources[i_source]);
        let middles = tile.middles.each_ref().map(|lane| &lane[..n]);
        if i_source == 0 {
            tile.sample.locate::<FMA>(scene, panel, layer, i_sub, middles);
        }
        tile.sample.polarize::<FMA>(scene, source, frame, n);
        let mut background = DARK;
        tile.sample.weigh(source.weight, &mut background, n);
        tile.sample.scatter::<FMA>(scene, source, f64::NAN, n);
    }
}
