//! A tile: up to [`TILE`] pixels that go through the sum together, arrays side by side.

#![expect(clippy::needless_range_loop, reason = "one index into many arrays is how these loops read best")]

use super::amplitudes::Amplitudes;
use super::elementary::multiply_add;
use super::level::Level;
use super::sample::Sample;
use super::{Lattice, Prepared, round, spots, square, square_fast};
use crate::kernel::reference;
use crate::math::Vec3;
use crate::scene::{PanelTable, Physics};
use std::ops::{Deref, DerefMut, Range};

/// The most pixels of a tile: its arrays stay in the first-level cache.
pub(in crate::kernel) const TILE: usize = 256;

/// Numbers that begin with a cache line: a vector that lay across two of them would take twice as long to load.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(in crate::kernel) struct Aligned<T>(pub(super) T);

/// One number for each pixel of a tile, and a cache line: were lanes that follow one another half a page apart, a processor would take
/// what is stored in one for what is loaded from another.
pub(in crate::kernel) type Lane = Aligned<[f64; TILE + 8]>;

pub(in crate::kernel) const DARK: Lane = Aligned([0.0; TILE + 8]);
pub(in crate::kernel) const BRIGHT: Lane = Aligned([1.0; TILE + 8]);

impl<T> Deref for Aligned<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Aligned<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// Pixels of the tile that follow one another in a row of the image.
#[derive(Debug, Clone, Copy)]
struct Run {
    fast: usize,
    slow: usize,
    /// Where they are in the tile.
    first: usize,
    n: usize,
}

/// The pixels of a tile and everything that is known of them.
pub(super) struct Tile {
    /// Number of pixels; the rest of the arrays is not read.
    n: usize,
    /// The pixels that are wanted.
    runs: Vec<Run>,
    /// Where each pixel lies in the image; while it is computed, the middle of its first sub-pixel in sub-pixels.
    fast: Lane,
    slow: Lane,
    /// Photons: the result.
    photons: Lane,
    sample: Sample,
    /// The sum over orientations, of the current source.
    sum: Lane,
    terms: Terms,
    /// nanoBragg's factors: those of the first samples.
    first_solid_angle: Lane,
    first_polarization: Lane,
}

/// How a term is found: the shape of the crystal, and what its loops hand on.
enum Terms {
    Square([f64; 3], Box<square::Scratch>),
    SquareFast([f64; 3], Box<square_fast::Scratch>),
    Round(round::Sphere, Box<round::Scratch>),
    Gauss(spots::Spot, Box<spots::Scratch>),
    Tophat(spots::Spot, Box<spots::Scratch>),
}

impl Terms {
    fn new(lattice: &Lattice, amplitudes: &Amplitudes) -> Self {
        match *lattice {
            Lattice::Square(n_cells) => Self::Square(n_cells, Box::new(square::Scratch::new(amplitudes))),
            Lattice::SquareFast(n_cells) => Self::SquareFast(n_cells, Box::new(square_fast::Scratch::new(amplitudes))),
            Lattice::Round(sphere) => Self::Round(sphere, Box::new(round::Scratch::new(amplitudes))),
            Lattice::Gauss(spot) => Self::Gauss(spot, Box::new(spots::Scratch::new(amplitudes))),
            Lattice::Tophat(spot) => Self::Tophat(spot, Box::new(spots::Scratch::new(amplitudes))),
        }
    }
}

impl Tile {
    pub(super) fn new(prepared: &Prepared) -> Box<Self> {
        Box::new(Self {
            n: 0,
            runs: Vec::new(),
            fast: DARK,
            slow: DARK,
            photons: DARK,
            sample: Sample::new(),
            sum: DARK,
            terms: Terms::new(&prepared.lattice, &prepared.amplitudes),
            first_solid_angle: DARK,
            first_polarization: DARK,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// Pixels that still fit.
    pub(super) fn room(&self) -> usize {
        TILE - self.n
    }

    /// Adds so many pixels of a row, for which there is room.
    pub(super) fn push(&mut self, fast: usize, slow: usize, n: usize) {
        self.push_around(fast, slow, n, fast..fast + n);
    }

    /// Adds so many pixels of a row, for which there is room, where only some of them are wanted.
    pub(super) fn push_around(&mut self, fast: usize, slow: usize, n: usize, wanted: Range<usize>) {
        let first = self.n;
        for (i, place) in self.fast[first..first + n].iter_mut().enumerate() {
            *place = (fast + i) as f64;
        }
        self.slow[first..first + n].fill(slow as f64);
        if !wanted.is_empty() {
            let first = first + (wanted.start - fast);
            self.runs.push(Run { fast: wanted.start, slow, first, n: wanted.len() });
        }
        self.n += n;
    }

    /// The wanted pixels: fast and slow of the first of a run, and the photons of the run. The tile is empty afterwards.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (usize, usize, &[f64])> {
        self.n = 0;
        let photons = &self.photons;
        self.runs.drain(..).map(|run| (run.fast, run.slow, &photons[run.first..run.first + run.n]))
    }

    /// Computes the photons of the tile's pixels.
    #[inline(always)]
    pub(super) fn render<const FMA: bool>(&mut self, prepared: &Prepared, panel: &PanelTable, level: Level) {
        self.fill_up();
        let steps = prepared.scene.oversample as f64;
        for place in [&mut self.fast, &mut self.slow] {
            place[..self.n].iter_mut().for_each(|place| *place = *place * steps + 0.5);
        }
        match prepared.scene.physics {
            Physics::Correct => self.render_correct::<FMA>(prepared, panel, level),
            Physics::NanoBragg => self.render_nanobragg::<FMA>(prepared, panel, level),
        }
    }

    /// Repeats the last pixel until the tile is whole vectors, which leaves no scalar loop over the rest.
    #[inline(always)]
    fn fill_up(&mut self) {
        const VECTORS: usize = 16;
        let n = self.n.next_multiple_of(VECTORS);
        if let Some(last) = self.n.checked_sub(1) {
            let (fast, slow) = (self.fast[last], self.slow[last]);
            self.fast[self.n..n].fill(fast);
            self.slow[self.n..n].fill(slow);
        }
        self.n = n;
    }

    /// Every factor at every sample.
    #[inline(always)]
    fn render_correct<const FMA: bool>(&mut self, prepared: &Prepared, panel: &PanelTable, level: Level) {
        let (scene, n) = (prepared.scene, self.n);
        let mut background = DARK;
        self.photons = DARK;
        for layer in 0..scene.n_layers() {
            for i_sub in 0..scene.oversample * scene.oversample {
                let places = [&self.fast[..n], &self.slow[..n]];
                self.sample.locate::<FMA>(scene, panel, layer, i_sub, places);
                for (source, frame) in scene.sources.iter().zip(&prepared.frames) {
                    if prepared.monitor.cancelled() {
                        return;
                    }
                    self.sample.polarize::<FMA>(scene, source, frame.as_ref(), n);
                    self.sample.weigh(source.weight, &mut background, n);
                    if self.sample.scatter::<FMA>(scene, source, 0.0, n) {
                        level.sum_orientations(prepared, self);
                        let (factor, sum, photons) = (&self.sample.factor[..n], &self.sum[..n], &mut self.photons[..n]);
                        for i in 0..n {
                            photons[i] = multiply_add::<FMA>(factor[i], sum[i], photons[i]);
                        }
                    }
                }
            }
        }
        let scale = prepared.factor * scene.scale / scene.n_steps() as f64;
        let background_scale = scene.background / (scene.oversample * scene.oversample * scene.sources.len()) as f64;
        let (photons, background) = (&mut self.photons[..n], &background[..n]);
        for i in 0..n {
            photons[i] = photons[i] * scale + background[i] * background_scale;
        }
    }

    /// The factors of the first samples on the sum of all.
    #[inline(always)]
    fn render_nanobragg<const FMA: bool>(&mut self, prepared: &Prepared, panel: &PanelTable, level: Level) {
        /// A polarisation that is not known yet: the first sample within d_min sets it.
        const UNKNOWN: f64 = -1.0;
        let (scene, n) = (prepared.scene, self.n);
        let mut all_known = scene.polarization.is_none();
        let mut capture = DARK;
        self.photons[..n].fill(scene.background);
        self.first_polarization[..n].fill(if all_known { 1.0 } else { UNKNOWN });
        for layer in 0..scene.n_layers() {
            for i_sub in 0..scene.oversample * scene.oversample {
                let places = [&self.fast[..n], &self.slow[..n]];
                self.sample.locate::<FMA>(scene, panel, layer, i_sub, places);
                if i_sub == 0 {
                    capture = self.sample.capture;
                    if layer == 0 {
                        self.first_solid_angle = self.sample.solid_angle;
                    }
                }
                for (source, frame) in scene.sources.iter().zip(&prepared.frames) {
                    if prepared.monitor.cancelled() {
                        return;
                    }
                    if all_known {
                        self.sample.factor[..n].fill(1.0);
                    } else {
                        self.sample.polarize::<FMA>(scene, source, frame.as_ref(), n);
                    }
                    let scatters = self.sample.scatter::<FMA>(scene, source, f64::NAN, n);
                    let factor = &self.sample.factor[..n];
                    if !all_known {
                        for i in 0..n {
                            if self.first_polarization[i] == UNKNOWN && !factor[i].is_nan() {
                                self.first_polarization[i] = factor[i];
                            }
                        }
                        all_known = self.first_polarization[..n].iter().all(|&p| p != UNKNOWN);
                    }
                    if scatters {
                        let weight = source.weight * prepared.factor;
                        level.sum_orientations(prepared, self);
                        let (factor, sum) = (&self.sample.factor[..n], &self.sum[..n]);
                        for (i, photons) in self.photons[..n].iter_mut().enumerate() {
                            let seen = if factor[i].is_nan() { 0.0 } else { weight };
                            *photons = multiply_add::<FMA>(seen, sum[i], *photons);
                        }
                    }
                }
            }
        }
        let scale = scene.scale / scene.n_steps() as f64;
        for i in 0..n {
            let polarization = self.first_polarization[i].max(0.0);
            self.photons[i] *= scale * self.first_solid_angle[i] * polarization * capture[i];
        }
    }

    /// Σ F²·L² over the orientations, [`Prepared::factor`] left out.
    #[inline(always)]
    pub(super) fn sum_orientations<const FMA: bool>(&mut self, prepared: &Prepared) {
        let amplitudes = &prepared.amplitudes;
        let q = &self.sample.q;
        let sum = &mut self.sum[..self.n];
        sum.fill(0.0);
        match &mut self.terms {
            Terms::Gauss(spot, scratch) => scratch.begin::<false>(spot, q, sum.len()),
            Terms::Tophat(spot, scratch) => scratch.begin::<true>(spot, q, sum.len()),
            Terms::Square(..) | Terms::SquareFast(..) | Terms::Round(..) => {}
        }
        for orientations in prepared.orientations() {
            match &mut self.terms {
                Terms::Square(n_cells, scratch) => {
                    square::add::<FMA>(*n_cells, orientations, amplitudes, q, scratch, sum);
                }
                Terms::SquareFast(n_cells, scratch) => {
                    square_fast::add::<FMA>(*n_cells, orientations, amplitudes, q, scratch, sum);
                }
                Terms::Round(sphere, scratch) => round::add::<FMA>(sphere, orientations, amplitudes, q, scratch, sum),
                Terms::Gauss(spot, scratch) => {
                    spots::add::<FMA, false>(spot, orientations, amplitudes, q, scratch, sum);
                }
                Terms::Tophat(spot, scratch) => {
                    spots::add::<FMA, true>(spot, orientations, amplitudes, q, scratch, sum);
                }
            }
        }
        if sum.iter().fold(false, |any, sum| any | !sum.is_finite()) {
            self.mend(prepared);
        }
    }

    /// Sums again, by the formulas, where a point lies exactly on a reflection (0/0 in the loops) or a number was too large for them.
    fn mend(&mut self, prepared: &Prepared) {
        let [x, y, z] = &self.sample.q;
        for (i, sum) in self.sum[..self.n].iter_mut().enumerate().filter(|(_, sum)| !sum.is_finite()) {
            let q = Vec3::new(x[i], y[i], z[i]);
            let orientations = prepared.orientations().flatten();
            let terms = orientations.map(|orientation| reference::term(prepared.scene, orientation, q));
            *sum = if prepared.factor == 0.0 { 0.0 } else { terms.sum::<f64>() / prepared.factor };
        }
    }
}
