//! The sum over orientations for a tile, with its derivatives.

use super::interpolation::Interpolation;
use super::lanes::N_LANES;
use super::sample::Pulled;
use super::terms::{Sums, Terms};
use super::{Culling, ORIENTATIONS, Prepared};
use crate::kernel::cpu::culling::{GROUP, Groups};
use crate::kernel::cpu::distances::Distances;
use crate::kernel::cpu::elementary::{dot, multiply_add};
use crate::kernel::cpu::level::Work;
use crate::kernel::cpu::sample::Sample;
use crate::kernel::cpu::tile::{DARK, Lane};
use crate::math::Mat3;
use crate::monitor::watched;
use crate::scene::HklGrid;
use std::ops::Range;

/// The most pixels of a tile.
pub(super) const PIXELS: usize = 128;

/// Pixels that go through the sum together, arrays side by side.
pub(super) struct Tile {
    /// Pixels, and numbers that are computed: whole vectors, the last pixel repeated.
    pub(super) n: usize,
    pub(super) n_filled: usize,
    /// Fast and slow of each pixel.
    places: [Lane; 2],
    /// The middle of the first sub-pixel, in sub-pixels.
    pub(super) middles: [Lane; 2],
    pub(super) sample: Sample,
    /// Over the orientations, of the current sample and source.
    pub(super) sums: Sums,
    /// Sums of (dT/dh)ᵢ·hⱼ, where they are asked for.
    pub(super) by_turn: [Lane; 9],
    /// In a reverse sweep: what a derivative of a pixel's photons counts for, 0 beyond the last pixel; one of the current sum; and that
    /// times the scattering vector.
    pub(super) cotangent: Lane,
    pub(super) weight: Lane,
    pub(super) weighted: [Lane; 3],
    /// And the sums of products of each orientation.
    pub(super) products: Vec<Products>,
    terms: Terms,
    groups: Groups,
    /// Along each tangent with changes of its own: how the sum changes.
    pub(super) changes: Vec<Lane>,
    /// Derivatives of the photons of the current sample: see [`super::lanes`].
    pub(super) lanes: [Lane; N_LANES],
    pub(super) pulled: Pulled,
}

/// What is made of the terms besides their sums.
pub(super) enum Purpose<'a> {
    /// Sums over pixels for each orientation, and for |F| of each reflection where asked for (the last is the default).
    Reverse { orientations: &'a mut [Products], amplitudes: Option<&'a mut [f64]> },
    /// Derivatives of each pixel: `by_turn` of the tile if any tangent turns all orientations alike; along tangents that change
    /// orientations one by one, or amplitudes.
    Forward { by_turn: bool, changes: &'a [Change<'a>] },
}

/// A tangent whose effect is found term by term.
pub(super) struct Change<'a> {
    /// The change of each orientation; empty where they do not change or are turned alike.
    pub(super) orientations: &'a [Mat3],
    /// Whose amplitudes change.
    pub(super) amplitudes: Option<&'a HklGrid>,
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
            sums: Sums::new(),
            by_turn: [DARK; 9],
            cotangent: DARK,
            weight: DARK,
            weighted: [DARK; 3],
            products: Vec::new(),
            terms: Terms::new(&prepared.amplitudes, grid.map(Interpolation::new)),
            groups: Groups::new(),
            changes: vec![DARK; n_changes],
            lanes: [DARK; N_LANES],
            pulled: Pulled::new(),
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
        self.n_filled = self.n.next_multiple_of(GROUP);
        for (lane, middles) in self.places.iter_mut().zip(&mut self.middles) {
            let last = lane[self.n - 1];
            lane[self.n..self.n_filled].fill(last);
            for i in 0..self.n_filled {
                middles[i] = lane[i] * oversample as f64 + 0.5;
            }
        }
    }

    #[inline(always)]
    fn sum_orientations<const FMA: bool, const BY_SHAPE: bool>(&mut self, prepared: &Prepared, mut purpose: Purpose) {
        let (n, amplitudes) = (self.n_filled, &prepared.amplitudes);
        self.sums.clear(n);
        self.by_turn.iter_mut().chain(&mut self.changes).for_each(|lane| lane[..n].fill(0.0));
        if let Some(culling) = &prepared.culling {
            self.groups.gather::<false>(&culling.spot, culling.slack, &self.sample.q, n);
        }
        let orientations = prepared.scene.orientations.iter().enumerate();
        for (i_orientation, orientation) in watched(orientations, ORIENTATIONS, prepared.monitor) {
            let mut reached = match &prepared.culling {
                Some(Culling { spot, slack }) => {
                    self.groups.reached::<FMA, false>(spot, orientation, amplitudes, *slack)
                }
                None => (1 << (n / GROUP)) - 1,
            };
            while reached != 0 {
                let first = reached.trailing_zeros();
                let end = first + (reached >> first).trailing_ones();
                reached &= u32::MAX << end;
                let range = first as usize * GROUP..end as usize * GROUP;
                let (terms, q) = (&mut self.terms, &self.sample.q);
                if terms.add::<FMA, BY_SHAPE>(prepared, orientation, q, &mut self.sums, range.clone()) {
                    self.use_terms::<FMA>(prepared, i_orientation, &mut purpose, range);
                }
            }
        }
        if BY_SHAPE {
            self.sums.finish(&prepared.lattice, n);
        }
    }

    /// Makes of the terms of an orientation what is wanted besides their sums.
    #[inline(always)]
    fn use_terms<const FMA: bool>(
        &mut self,
        prepared: &Prepared,
        i_orientation: usize,
        purpose: &mut Purpose,
        range: Range<usize>,
    ) {
        let (hkl, terms, q) = (&prepared.scene.hkl, &self.terms, &self.sample.q);
        match purpose {
            Purpose::Reverse { orientations, amplitudes } => {
                add_products::<FMA>(&terms.slopes, &self.weighted, &mut orientations[i_orientation], &range);
                if let Some(by_amplitude) = amplitudes {
                    scatter(terms, hkl, &self.weight, by_amplitude, range);
                }
            }
            Purpose::Forward { by_turn, changes } => {
                if *by_turn {
                    add_by_turn::<FMA>(&terms.slopes, &terms.distances, &mut self.by_turn, range.clone());
                }
                for (tangent, change) in changes.iter().zip(&mut self.changes) {
                    if let Some(turned) = tangent.orientations.get(i_orientation) {
                        add_turned::<FMA>(turned, q, &terms.slopes, change, range.clone());
                    }
                    if let Some(tangent) = tangent.amplitudes {
                        add_amplitudes(terms, hkl, tangent, change, range.clone());
                    }
                }
            }
        }
    }
}

/// Adds (dT/dh)ᵢ·hⱼ.
#[inline(always)]
fn add_by_turn<const FMA: bool>(slopes: &[Lane; 3], indices: &Distances, by_turn: &mut [Lane; 9], range: Range<usize>) {
    let Distances { delta, nearest } = indices;
    assert!(range.end <= DARK.len());
    for i in range {
        let (h, k, l) = (nearest[0][i] + delta[0][i], nearest[1][i] + delta[1][i], nearest[2][i] + delta[2][i]);
        for row in 0..3 {
            let slope = slopes[row][i];
            by_turn[3 * row][i] = multiply_add::<FMA>(slope, h, by_turn[3 * row][i]);
            by_turn[3 * row + 1][i] = multiply_add::<FMA>(slope, k, by_turn[3 * row + 1][i]);
            by_turn[3 * row + 2][i] = multiply_add::<FMA>(slope, l, by_turn[3 * row + 2][i]);
        }
    }
}

/// Adds dT/dh·(dA·q).
#[inline(always)]
fn add_turned<const FMA: bool>(
    turned: &Mat3,
    q: &[Lane; 3],
    slopes: &[Lane; 3],
    change: &mut Lane,
    range: Range<usize>,
) {
    let (a, b, c) = (turned.0[0].0, turned.0[1].0, turned.0[2].0);
    assert!(range.end <= DARK.len());
    for i in range {
        let q = [q[0][i], q[1][i], q[2][i]];
        let along = multiply_add::<FMA>(dot::<FMA>(a, q), slopes[0][i], change[i]);
        let along = multiply_add::<FMA>(dot::<FMA>(b, q), slopes[1][i], along);
        change[i] = multiply_add::<FMA>(dot::<FMA>(c, q), slopes[2][i], along);
    }
}

/// A range of a lane in groups.
#[inline(always)]
fn groups<'a>(lane: &'a Lane, range: &Range<usize>) -> &'a [[f64; GROUP]] {
    lane[range.start..range.end].as_chunks::<GROUP>().0
}

/// Numbers of a vector, at least.
const WIDTH: usize = GROUP / 2;

/// Sums over pixels of dT/dh ⊗ (weight·q) for an orientation, row by row, which are still to be added up: to do so for every tile would
/// take longer than all else that is done with them.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Products([[f64; WIDTH]; 9]);

impl Products {
    pub(super) const NONE: Self = Self([[0.0; WIDTH]; 9]);

    pub(super) fn add_to(&self, total: &mut Mat3) {
        for (i, sums) in self.0.iter().enumerate() {
            total.0[i / 3].0[i % 3] += sums.iter().sum::<f64>();
        }
    }
}

/// Adds to the products of an orientation. Places of a group are summed side by side: a shorter inner loop would not become vectors.
#[inline(always)]
fn add_products<const FMA: bool>(slopes: &[Lane; 3], weighted: &[Lane; 3], out: &mut Products, range: &Range<usize>) {
    let u = groups(&slopes[0], range);
    let n = u.len();
    let (v, w) = (&groups(&slopes[1], range)[..n], &groups(&slopes[2], range)[..n]);
    let (x, y, z) =
        (&groups(&weighted[0], range)[..n], &groups(&weighted[1], range)[..n], &groups(&weighted[2], range)[..n]);
    let mut sums = [[0.0; GROUP]; 9];
    for i in 0..n {
        let (u, v, w, x, y, z) = (&u[i], &v[i], &w[i], &x[i], &y[i], &z[i]);
        for j in 0..GROUP {
            sums[0][j] = multiply_add::<FMA>(u[j], x[j], sums[0][j]);
            sums[1][j] = multiply_add::<FMA>(u[j], y[j], sums[1][j]);
            sums[2][j] = multiply_add::<FMA>(u[j], z[j], sums[2][j]);
            sums[3][j] = multiply_add::<FMA>(v[j], x[j], sums[3][j]);
            sums[4][j] = multiply_add::<FMA>(v[j], y[j], sums[4][j]);
            sums[5][j] = multiply_add::<FMA>(v[j], z[j], sums[5][j]);
            sums[6][j] = multiply_add::<FMA>(w[j], x[j], sums[6][j]);
            sums[7][j] = multiply_add::<FMA>(w[j], y[j], sums[7][j]);
            sums[8][j] = multiply_add::<FMA>(w[j], z[j], sums[8][j]);
        }
    }
    for (out, sums) in out.0.iter_mut().zip(&sums) {
        for j in 0..WIDTH {
            out[j] += sums[j] + sums[j + WIDTH];
        }
    }
}

/// Where |F| of the nearest reflection of a point stands in the grid; one past the end where it does not.
fn place(terms: &Terms, hkl: &HklGrid, i: usize) -> usize {
    let Some(grid) = &hkl.grid else { return 0 };
    let nearest = terms.distances.nearest.each_ref().map(|lane| lane[i] as i32);
    grid.position(nearest).unwrap_or(grid.amplitudes.len())
}

/// Adds how the weighted terms change with |F|.
fn scatter(terms: &Terms, hkl: &HklGrid, weight: &Lane, by_amplitude: &mut [f64], range: Range<usize>) {
    for i in range.filter(|&i| weight[i] != 0.0) {
        let weight = weight[i] * terms.lattice[i];
        if terms.interpolation.as_ref().is_some_and(|interpolation| interpolation.scatter(i, weight, by_amplitude)) {
            continue;
        }
        let place = place(terms, hkl, i);
        let amplitude = hkl.grid.as_ref().and_then(|grid| grid.amplitudes.get(place)).unwrap_or(&hkl.default_f);
        by_amplitude[place] += 2.0 * amplitude * weight;
    }
}

/// Adds how the terms change with |F| along a tangent.
fn add_amplitudes(terms: &Terms, hkl: &HklGrid, tangent: &HklGrid, change: &mut Lane, range: Range<usize>) {
    for i in range {
        let interpolation = terms.interpolation.as_ref().filter(|_| tangent.grid.is_some());
        let by_square = interpolation.and_then(|interpolation| interpolation.change(i, tangent.amplitudes()));
        let by_square = by_square.unwrap_or_else(|| {
            let place = place(terms, hkl, i);
            match hkl.grid.as_ref().and_then(|grid| grid.amplitudes.get(place)) {
                Some(amplitude) => 2.0 * amplitude * tangent.amplitudes().get(place).copied().unwrap_or(0.0),
                None => 2.0 * hkl.default_f * tangent.default_f,
            }
        });
        change[i] += by_square * terms.lattice[i];
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
        if self.prepared.needs.shape {
            self.tile.sum_orientations::<FMA, true>(self.prepared, self.purpose);
        } else {
            self.tile.sum_orientations::<FMA, false>(self.prepared, self.purpose);
        }
    }
}
