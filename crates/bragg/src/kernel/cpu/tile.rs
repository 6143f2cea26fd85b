//! A tile: up to 128 pixels that go through the sum together, arrays side by side.

#![expect(clippy::needless_range_loop, reason = "one index into many arrays is how these loops read best")]

use super::elementary::{exp_negative, multiply_add};
use super::level::Level;
use super::{Lattice, Prepared, round, spots, square};
use crate::kernel::geometry::sample_point;
use crate::kernel::reference;
use crate::math::Vec3;
use crate::physics::polarization::{PolarizationFrame, polarization_factor};
use crate::scene::{PanelTable, Physics, Source};

/// The most pixels of a tile: its arrays stay in the first-level cache.
pub(super) const TILE: usize = 128;

/// One number for each pixel of a tile.
pub(super) type Lane = [f64; TILE];

const DARK: Lane = [0.0; TILE];

/// The pixels of a tile and everything that is known of them.
pub(super) struct Tile {
    /// Number of pixels; the rest of the arrays is not read.
    n: usize,
    /// Where each pixel lies in the image.
    fast: [u32; TILE],
    slow: [u32; TILE],
    /// Photons: the result.
    photons: Lane,
    /// Of the current sample: unit vector, solid angle, capture.
    direction: [Lane; 3],
    solid_angle: Lane,
    capture: Lane,
    /// Of the current source: polarisation (or 0 for a sample beyond d_min), scattering vector, sum over orientations.
    polarization: Lane,
    q: [Lane; 3],
    sum: Lane,
    /// Of the current orientations.
    square: square::Scratch,
    round: round::Scratch,
    spots: spots::Scratch,
    /// nanoBragg's factors: those of the first samples.
    first_solid_angle: Lane,
    first_polarization: Lane,
}

impl Tile {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self {
            n: 0,
            fast: [0; TILE],
            slow: [0; TILE],
            photons: DARK,
            direction: [DARK; 3],
            solid_angle: DARK,
            capture: DARK,
            polarization: DARK,
            q: [DARK; 3],
            sum: DARK,
            square: square::Scratch::new(),
            round: round::Scratch::new(),
            spots: spots::Scratch::new(),
            first_solid_angle: DARK,
            first_polarization: DARK,
        })
    }

    /// Adds a pixel; whether the tile is full then.
    pub(super) fn push(&mut self, fast: usize, slow: usize) -> bool {
        (self.fast[self.n], self.slow[self.n]) = (fast as u32, slow as u32);
        self.n += 1;
        self.n == TILE
    }

    pub(super) fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// The pixels with their photons; the tile is empty afterwards.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
        let n = std::mem::take(&mut self.n);
        (0..n).map(|i| (self.fast[i] as usize, self.slow[i] as usize, self.photons[i]))
    }

    /// Computes the photons of the tile's pixels.
    #[inline(always)]
    pub(super) fn render<const FMA: bool>(&mut self, prepared: &Prepared, panel: &PanelTable, level: Level) {
        let n = self.n;
        self.fill_up();
        match prepared.scene.physics {
            Physics::Correct => self.render_correct::<FMA>(prepared, panel, level),
            Physics::NanoBragg => self.render_nanobragg::<FMA>(prepared, panel, level),
        }
        self.n = n;
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
                self.locate::<FMA>(prepared, panel, layer, i_sub);
                for (source, frame) in scene.sources.iter().zip(&prepared.frames) {
                    self.polarize(prepared, source, frame.as_ref());
                    for i in 0..n {
                        self.polarization[i] *= source.weight * self.solid_angle[i] * self.capture[i];
                        background[i] += self.polarization[i];
                    }
                    if self.scatter(prepared, source) {
                        level.sum_orientations(prepared, self);
                        for i in 0..n {
                            self.photons[i] = multiply_add::<FMA>(self.polarization[i], self.sum[i], self.photons[i]);
                        }
                    }
                }
            }
        }
        let scale = scene.scale / scene.n_steps() as f64;
        let background_scale = scene.background / (scene.oversample * scene.oversample * scene.sources.len()) as f64;
        for i in 0..n {
            self.photons[i] = self.photons[i] * scale + background[i] * background_scale;
        }
    }

    /// The factors of the first samples on the sum of all.
    #[inline(always)]
    fn render_nanobragg<const FMA: bool>(&mut self, prepared: &Prepared, panel: &PanelTable, level: Level) {
        const UNKNOWN: f64 = -1.0;
        let (scene, n) = (prepared.scene, self.n);
        let mut capture = DARK;
        let mut all_known = scene.polarization.is_none();
        self.photons[..n].fill(scene.background);
        self.first_polarization[..n].fill(if all_known { 1.0 } else { UNKNOWN });
        for layer in 0..scene.n_layers() {
            for i_sub in 0..scene.oversample * scene.oversample {
                self.locate::<FMA>(prepared, panel, layer, i_sub);
                if i_sub == 0 {
                    capture = self.capture;
                    if layer == 0 {
                        self.first_solid_angle = self.solid_angle;
                    }
                }
                for (source, frame) in scene.sources.iter().zip(&prepared.frames) {
                    if all_known {
                        self.polarization[..n].fill(1.0);
                    } else {
                        self.polarize(prepared, source, frame.as_ref());
                    }
                    // What is beyond d_min becomes 0 here.
                    let scatters = self.scatter(prepared, source);
                    if !all_known {
                        for i in 0..n {
                            if self.first_polarization[i] == UNKNOWN && self.is_scattering(prepared, i) {
                                self.first_polarization[i] = self.polarization[i];
                            }
                        }
                        all_known = self.first_polarization[..n].iter().all(|&p| p != UNKNOWN);
                    }
                    if scatters {
                        level.sum_orientations(prepared, self);
                        for i in 0..n {
                            let seen = if self.is_scattering(prepared, i) { source.weight } else { 0.0 };
                            self.photons[i] = multiply_add::<FMA>(seen, self.sum[i], self.photons[i]);
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

    /// Where the sample lies, and the factors that follow from that.
    #[inline(always)]
    fn locate<const FMA: bool>(&mut self, prepared: &Prepared, panel: &PanelTable, layer: usize, i_sub: usize) {
        let (scene, n) = (prepared.scene, self.n);
        let steps = scene.oversample;
        let sub_pixel = panel.pixel_size / steps as f64;
        let at = |pixel: u32, i: usize| sub_pixel * (f64::from(pixel) * steps as f64 + i as f64 + 0.5);
        if scene.sphere.is_some() {
            for i in 0..n {
                let (fast, slow) = (at(self.fast[i], i_sub % steps), at(self.slow[i], i_sub / steps));
                let point = sample_point(scene, panel, layer, fast, slow);
                (0..3).for_each(|axis| self.direction[axis][i] = point.direction[axis]);
                (self.solid_angle[i], self.capture[i]) = (point.solid_angle, point.capture);
            }
            return;
        }
        let depth = scene.sensor.map_or(0.0, |sensor| layer as f64 * sensor.layer_thickness);
        let in_depth = panel.normal * depth;
        let area = panel.pixel_size * panel.pixel_size * panel.close_distance;
        let (pixel_fast, pixel_slow) = (&self.fast[..n], &self.slow[..n]);
        let [x, y, z] = self.direction.each_mut().map(|axis| &mut axis[..n]);
        let solid_angle = &mut self.solid_angle[..n];
        for i in 0..n {
            let (fast, slow) = (at(pixel_fast[i], i_sub % steps), at(pixel_slow[i], i_sub / steps));
            let component = |axis: usize| {
                panel.origin[axis] + panel.fast_axis[axis] * fast + panel.slow_axis[axis] * slow + in_depth[axis]
            };
            let [px, py, pz] = [component(0), component(1), component(2)];
            let square = multiply_add::<FMA>(pz, pz, multiply_add::<FMA>(py, py, px * px));
            let inverse = 1.0 / square.sqrt();
            (x[i], y[i], z[i]) = (px * inverse, py * inverse, pz * inverse);
            solid_angle[i] = inverse * inverse * if scene.point_pixels { 1.0 } else { area * inverse };
        }
        let capture = &mut self.capture[..n];
        let Some(sensor) = scene.sensor else { return capture.fill(1.0) };
        let far = (layer + 1) as f64 * sensor.layer_thickness;
        let (near, far) = (-depth * sensor.attenuation, -far * sensor.attenuation);
        let normal = panel.normal;
        for i in 0..n {
            let obliquity =
                multiply_add::<FMA>(z[i], normal[2], multiply_add::<FMA>(y[i], normal[1], x[i] * normal[0]));
            let path = 1.0 / obliquity;
            capture[i] = exp_negative::<FMA>(near * path) - exp_negative::<FMA>(far * path);
        }
    }

    /// The polarisation factor of each pixel; 1 without.
    #[inline(always)]
    fn polarize(&mut self, prepared: &Prepared, source: &Source, frame: Option<&PolarizationFrame>) {
        let n = self.n;
        let polarization = &mut self.polarization[..n];
        let (Some(table), Some(frame)) = (prepared.scene.polarization, frame) else { return polarization.fill(1.0) };
        let [x, y, z] = self.direction.each_ref().map(|axis| &axis[..n]);
        for i in 0..n {
            let diffracted = Vec3::new(x[i], y[i], z[i]);
            polarization[i] = polarization_factor(source.incident, diffracted, frame, table.kahn_factor);
        }
    }

    /// The scattering vectors; whether any is within d_min.
    #[inline(always)]
    fn scatter(&mut self, prepared: &Prepared, source: &Source) -> bool {
        let n = self.n;
        let inverse = 1.0 / source.wavelength;
        for axis in 0..3 {
            let (direction, q) = (&self.direction[axis][..n], &mut self.q[axis][..n]);
            for i in 0..n {
                q[i] = (direction[i] - source.incident[axis]) * inverse;
            }
        }
        if prepared.scene.d_min <= 0.0 {
            return true;
        }
        let mut any = false;
        for i in 0..n {
            let scatters = self.is_scattering(prepared, i);
            any |= scatters;
            if !scatters && prepared.scene.physics == Physics::Correct {
                self.polarization[i] = 0.0;
            }
        }
        any
    }

    /// Whether a pixel's scattering vector is within d_min.
    #[inline(always)]
    fn is_scattering(&self, prepared: &Prepared, i: usize) -> bool {
        let d_min = prepared.scene.d_min;
        d_min <= 0.0 || d_min <= 1.0 / Vec3::new(self.q[0][i], self.q[1][i], self.q[2][i]).norm()
    }

    /// Σ F²·L² over the orientations.
    #[inline(always)]
    pub(super) fn sum_orientations<const FMA: bool>(&mut self, prepared: &Prepared) {
        let Prepared { scene, amplitudes, lattice, .. } = prepared;
        let (q, orientations) = (&self.q, &scene.orientations);
        let sum = &mut self.sum[..self.n];
        sum.fill(0.0);
        match lattice {
            Lattice::Square(n_cells) => {
                square::add::<FMA>(*n_cells, orientations, amplitudes, q, &mut self.square, sum);
            }
            Lattice::Round(sphere) => round::add::<FMA>(sphere, orientations, amplitudes, q, &mut self.round, sum),
            Lattice::Gauss(spot) => {
                spots::add::<FMA, false>(spot, orientations, amplitudes, q, &mut self.spots, sum);
            }
            Lattice::Tophat(spot) => {
                spots::add::<FMA, true>(spot, orientations, amplitudes, q, &mut self.spots, sum);
            }
        }
        let factor = lattice.factor() * amplitudes.factor();
        sum.iter_mut().for_each(|sum| *sum *= factor);
        if sum.iter().fold(false, |any, sum| any | !sum.is_finite()) {
            for (i, sum) in sum.iter_mut().enumerate().filter(|(_, sum)| !sum.is_finite()) {
                let q = Vec3::new(q[0][i], q[1][i], q[2][i]);
                *sum = orientations.iter().map(|orientation| reference::term(scene, orientation, q)).sum();
            }
        }
    }
}
