//! The photons of one sample of each pixel of a tile, from one source, and how they change with everything but the single orientations:
//! the factors of [`crate::physics`] and their derivatives.

#![expect(clippy::needless_range_loop, reason = "one index into many arrays is how these loops read best")]

use super::Prepared;
use super::lanes::{
    ATTENUATION, BACKGROUND, CLOSE_DISTANCE, ELECTRIC, FACTORS, FAST, INCIDENT, KAHN, LN_F, MAGNETIC, NORMAL, POINT,
    SCALE, SHAPE, SLOW, SPHERE, THICKNESS, TURN, WAVELENGTH, WEIGHT, Which,
};
use super::tile::Tile;
use crate::kernel::cpu::elementary::{dot, exp_negative, multiply_add};
use crate::kernel::cpu::level::Work;
use crate::kernel::cpu::tile::{DARK, Lane};
use crate::kernel::geometry::{is_round, layer_origin, on_sphere, sensor_with_depth};
use crate::math::Vec3;
use crate::numbers::Numbers;
use crate::physics::absorption::mean_fraction;
use crate::real::{Dual, Real};
use crate::scene::{PanelTable, Scene, SensorTable, Sphere};

/// The factors and scattering vectors of a sample, from one source. NaN is put for factors beyond d_min.
pub(super) struct FindSample<'a> {
    pub(super) prepared: &'a Prepared<'a>,
    pub(super) which: Which,
    pub(super) i_sub: usize,
    pub(super) tile: &'a mut Tile,
}

impl Work for FindSample<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { prepared, which, i_sub, tile } = self;
        let (scene, n) = (prepared.scene, tile.n_filled.min(DARK.len()));
        let (source, frame) = (&scene.sources[which.source], prepared.frames[which.source].as_ref());
        let middles = tile.middles.each_ref().map(|lane| &lane[..n]);
        if which.source == 0 {
            tile.sample.locate::<FMA>(scene, &scene.panels[which.panel], which.layer, i_sub, middles);
        }
        tile.sample.polarize::<FMA>(scene, source, frame, n);
        let mut background = DARK;
        tile.sample.weigh(source.weight, &mut background, n);
        tile.pulled.product = tile.sample.factor;
        tile.sample.scatter::<FMA>(scene, source, f64::NAN, n);
        let Scales { per_sample, scale, .. } = prepared.scales;
        let Tile { sample, pulled, weight, weighted, cotangent, .. } = tile;
        for i in 0..n {
            let factor = if sample.factor[i].is_nan() { 0.0 } else { sample.factor[i] };
            pulled.by_sum[i] = per_sample * scale * factor;
            weight[i] = cotangent[i] * pulled.by_sum[i];
            for axis in 0..3 {
                weighted[axis][i] = weight[i] * sample.q[axis][i];
            }
        }
    }
}

/// What is the same for all samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scales {
    /// Bragg photons of a sample for scale 1, and the scale.
    pub(super) per_sample: f64,
    pub(super) scale: f64,
    pub(super) background_per_sample: f64,
    pub(super) background: f64,
}

/// What the derivatives of a sample are made from.
pub(super) struct Pulled {
    /// Source weight · solid angle · capture · polarisation.
    product: Lane,
    /// Scale·Σ F²L² + background.
    emitted: Lane,
    /// Bragg photons for Σ F²·L² = 1, which derivatives of that sum are multiplied by.
    pub(super) by_sum: Lane,
    polarization: Lane,
    by_direction: [Lane; 3],
    inverse_distance: Lane,
    captured: [Lane; 3],
}

impl Pulled {
    pub(super) fn new() -> Self {
        Self {
            product: DARK,
            emitted: DARK,
            by_sum: DARK,
            polarization: DARK,
            by_direction: [DARK; 3],
            inverse_distance: DARK,
            captured: [DARK; 3],
        }
    }
}

/// Derivatives of the photons of a sample, (scale·Σ F²L² + background)·weight·solid angle·capture·polarisation, put into the lanes of
/// the tile. The sum over orientations is 0 beyond d_min.
pub(super) struct PullBack<'a> {
    pub(super) prepared: &'a Prepared<'a>,
    pub(super) which: Which,
    pub(super) i_sub: usize,
    pub(super) tile: &'a mut Tile,
}

impl Work for PullBack<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(mut self) {
        self.linear();
        if self.prepared.needs.factors {
            self.scattering::<FMA>();
            self.polarization::<FMA>();
            self.capture::<FMA>();
            self.position::<FMA>();
        }
    }
}

impl PullBack<'_> {
    /// With respect to what is linear, and through the sums over orientations.
    #[inline(always)]
    fn linear(&mut self) {
        let Prepared { scales, needs, .. } = self.prepared;
        let Scales { per_sample, scale, background_per_sample, background } = *scales;
        let n = self.tile.n_filled.min(DARK.len());
        let Tile { sample, sums, pulled, lanes, by_turn, .. } = &mut *self.tile;
        let sum = &mut sums.sum[..n];
        for i in 0..n {
            let seen = if sample.factor[i].is_nan() { 0.0 } else { sum[i] };
            pulled.emitted[i] = per_sample * scale * seen + background_per_sample * background;
            lanes[SCALE][i] = per_sample * seen * pulled.product[i];
            lanes[BACKGROUND][i] = background_per_sample * pulled.product[i];
            lanes[LN_F][i] = 2.0 * pulled.by_sum[i] * seen;
        }
        if needs.shape {
            for (lane, by_shape) in lanes[SHAPE..TURN].iter_mut().zip(&sums.by_shape) {
                for i in 0..n {
                    lane[i] = pulled.by_sum[i] * by_shape[i];
                }
            }
        }
        if needs.turn {
            for (lane, by_turn) in lanes[TURN..FACTORS].iter_mut().zip(by_turn) {
                for i in 0..n {
                    lane[i] = pulled.by_sum[i] * by_turn[i];
                }
            }
        }
    }

    /// Through the scattering vector (d − i)/λ.
    #[inline(always)]
    fn scattering<const FMA: bool>(&mut self) {
        let inverse = 1.0 / self.prepared.scene.sources[self.which.source].wavelength;
        let n = self.tile.n_filled.min(DARK.len());
        let Tile { sample, sums, pulled, lanes, .. } = &mut *self.tile;
        for i in 0..n {
            let k = pulled.by_sum[i] * inverse;
            let by_q = [sums.by_q[0][i] * k, sums.by_q[1][i] * k, sums.by_q[2][i] * k];
            lanes[WAVELENGTH][i] = -dot::<FMA>(by_q, [sample.q[0][i], sample.q[1][i], sample.q[2][i]]);
            for axis in 0..3 {
                pulled.by_direction[axis][i] = by_q[axis];
                lanes[INCIDENT + axis][i] = -by_q[axis];
            }
        }
    }

    /// Kahn's factor: see [`crate::physics::polarization::polarization_factor`].
    #[inline(always)]
    fn polarization<const FMA: bool>(&mut self) {
        let scene = self.prepared.scene;
        let source = &scene.sources[self.which.source];
        let n = self.tile.n_filled.min(DARK.len());
        let Tile { sample, pulled, lanes, .. } = &mut *self.tile;
        let frame = &self.prepared.frames[self.which.source];
        let (Some(table), Some(frame)) = (&scene.polarization, frame) else {
            pulled.polarization[..n].fill(1.0);
            return;
        };
        let kahn = table.kahn_factor;
        for i in 0..n {
            let direction = [sample.direction[0][i], sample.direction[1][i], sample.direction[2][i]];
            let cosine = dot::<FMA>(direction, source.incident.0);
            let along = dot::<FMA>(direction, frame.electric.0);
            let across = dot::<FMA>(direction, frame.magnetic.0);
            let square = cosine * cosine;
            let anisotropy = along * along - across * across + frame.axial * (1.0 - square);
            pulled.polarization[i] = 0.5 * (1.0 + square - kahn * anisotropy);
            let rest = pulled.emitted[i] * source.weight * sample.solid_angle[i] * sample.capture[i];
            let by_cosine = rest * cosine * (1.0 + kahn * frame.axial);
            let (by_along, by_across) = (-rest * kahn * along, rest * kahn * across);
            lanes[KAHN][i] = -0.5 * anisotropy * rest;
            for axis in 0..3 {
                let across_beam = multiply_add::<FMA>(frame.electric[axis], by_along, frame.magnetic[axis] * by_across);
                pulled.by_direction[axis][i] += multiply_add::<FMA>(source.incident[axis], by_cosine, across_beam);
                lanes[INCIDENT + axis][i] += direction[axis] * by_cosine;
                lanes[ELECTRIC + axis][i] = direction[axis] * by_along;
                lanes[MAGNETIC + axis][i] = direction[axis] * by_across;
            }
        }
    }

    /// What the layer captures: see [`crate::physics::absorption::layer_capture`].
    #[inline(always)]
    fn capture<const FMA: bool>(&mut self) {
        let scene = self.prepared.scene;
        let Some(sensor) = scene.sensor else { return };
        let (normal, layer) = (scene.panels[self.which.panel].normal, self.which.layer as f64);
        let weight = scene.sources[self.which.source].weight;
        let n = self.tile.n_filled.min(DARK.len());
        let Tile { sample, pulled, lanes, .. } = &mut *self.tile;
        let [first, second, third] = &mut pulled.captured;
        let mut is_behind = false;
        let is_round = is_round(scene);
        for i in 0..n {
            let direction = [sample.direction[0][i], sample.direction[1][i], sample.direction[2][i]];
            let obliquity = if is_round { 1.0 } else { dot::<FMA>(direction, normal.0) };
            is_behind |= obliquity <= 0.0;
            [first[i], second[i], third[i]] = captured(layer, &sensor, obliquity, exp_negative::<FMA>);
        }
        // A sensor seen edge-on or from behind, which only a normal of its own can make.
        if is_behind {
            for i in 0..n {
                let obliquity = (0..3).map(|axis| sample.direction[axis][i] * normal[axis]).sum();
                [first[i], second[i], third[i]] = captured(layer, &sensor, obliquity, f64::exp);
            }
        }
        for i in 0..n {
            let rest = pulled.emitted[i] * weight * sample.solid_angle[i] * pulled.polarization[i];
            let by_obliquity = if is_round { 0.0 } else { rest * first[i] };
            lanes[ATTENUATION][i] = rest * second[i];
            lanes[THICKNESS][i] = rest * third[i];
            for axis in 0..3 {
                pulled.by_direction[axis][i] += normal[axis] * by_obliquity;
                lanes[NORMAL + axis][i] = sample.direction[axis][i] * by_obliquity;
            }
        }
    }

    /// Where the sample lies, and its solid angle.
    #[inline(always)]
    fn position<const FMA: bool>(&mut self) {
        let scene = self.prepared.scene;
        let n = self.tile.n_filled.min(DARK.len());
        let place = Place::new(scene, self.which, self.i_sub);
        let Tile { sample, pulled, middles, .. } = &mut *self.tile;
        for i in 0..n {
            let direction = [sample.direction[0][i], sample.direction[1][i], sample.direction[2][i]];
            let [fast, slow] = place.of(middles[0][i], middles[1][i]);
            let deeper = sample.within[i] * dot::<FMA>(place.panel.normal.0, direction);
            pulled.inverse_distance[i] = 1.0 / (dot::<FMA>(place.flat::<FMA>(fast, slow), direction) + deeper);
        }
        if let Some(sphere) = &scene.sphere {
            for i in 0..n {
                let [fast, slow] = place.of(middles[0][i], middles[1][i]);
                let position = on_sphere(sphere, place.panel, Vec3(place.flat::<FMA>(fast, slow)));
                pulled.inverse_distance[i] = 1.0 / position.norm();
            }
        }
        self.solid_angle::<FMA>(&place);
        if let Some(sensor) = sensor_with_depth(scene) {
            self.depth::<FMA>(&place, &sensor);
        }
        let Tile { lanes, middles, .. } = &mut *self.tile;
        if let Some(sphere) = &scene.sphere {
            for i in 0..n {
                let [fast, slow] = place.of(middles[0][i], middles[1][i]);
                let by_position = Vec3([0, 1, 2].map(|axis| lanes[POINT + axis][i]));
                let flat = Vec3(place.flat::<FMA>(fast, slow));
                let (by_point, by_sphere) = from_sphere(sphere, place.panel, flat, by_position);
                (0..3).for_each(|axis| lanes[POINT + axis][i] = by_point[axis]);
                lanes[SPHERE..].iter_mut().zip(by_sphere).for_each(|(lane, by)| lane[i] = by);
            }
        }
        for i in 0..n {
            let [fast, slow] = place.of(middles[0][i], middles[1][i]);
            for axis in 0..3 {
                lanes[FAST + axis][i] = lanes[POINT + axis][i] * fast;
                lanes[SLOW + axis][i] = lanes[POINT + axis][i] * slow;
            }
        }
    }

    /// From the point where the photons are caught back to that of the layer's front, to the normal along which it lies deeper, and to the
    /// sensor: see [`crate::physics::absorption::mean_depth`].
    #[inline(always)]
    fn depth<const FMA: bool>(&mut self, place: &Place, sensor: &SensorTable) {
        let (layer, normal) = (self.which.layer as f64, place.panel.normal);
        let thickness = sensor.layer_thickness;
        let n = self.tile.n_filled.min(DARK.len());
        let Tile { sample, lanes, middles, .. } = &mut *self.tile;
        for i in 0..n {
            let [fast, slow] = place.of(middles[0][i], middles[1][i]);
            let front = place.flat::<FMA>(fast, slow);
            let inverse = 1.0 / dot::<FMA>(front, front).sqrt();
            let front = front.map(|component| component * inverse);
            let obliquity = dot::<FMA>(front, normal.0);
            let by_close_distance = lanes[CLOSE_DISTANCE][i];
            lanes[THICKNESS][i] += by_close_distance * layer;
            if obliquity <= 0.0 {
                continue;
            }
            let path = thickness * sensor.attenuation / obliquity;
            let [fraction, slope] = mean_fraction_and_slope(path);
            let by_point = [lanes[POINT][i], lanes[POINT + 1][i], lanes[POINT + 2][i]];
            let by_within = dot::<FMA>(by_point, normal.0) + by_close_distance;
            lanes[THICKNESS][i] += by_within * (fraction + path * slope);
            lanes[ATTENUATION][i] += by_within * slope * thickness * thickness / obliquity;
            let by_obliquity = -by_within * slope * thickness * path / obliquity;
            for axis in 0..3 {
                lanes[NORMAL + axis][i] += by_point[axis] * sample.within[i] + by_obliquity * front[axis];
                lanes[POINT + axis][i] += by_obliquity * inverse * (normal[axis] - obliquity * front[axis]);
            }
        }
    }

    /// With respect to the point where the photons are caught, by its direction and by its solid angle.
    #[inline(always)]
    fn solid_angle<const FMA: bool>(&mut self, place: &Place) {
        let scene = self.prepared.scene;
        let weight = scene.sources[self.which.source].weight;
        let n = self.tile.n_filled.min(DARK.len());
        let Tile { sample, pulled, lanes, .. } = &mut *self.tile;
        let edge = place.panel.pixel_size;
        let (power, area) = if scene.point_pixels { (-2.0, 0.0) } else { (-3.0, edge * edge) };
        for i in 0..n {
            let inverse = pulled.inverse_distance[i];
            let rest = pulled.emitted[i] * sample.capture[i] * pulled.polarization[i];
            lanes[WEIGHT][i] = rest * sample.solid_angle[i];
            lanes[CLOSE_DISTANCE][i] = rest * weight * area * inverse * inverse * inverse;
            let by_distance = rest * weight * sample.solid_angle[i] * power * inverse;
            let direction = [sample.direction[0][i], sample.direction[1][i], sample.direction[2][i]];
            let by_direction = [pulled.by_direction[0][i], pulled.by_direction[1][i], pulled.by_direction[2][i]];
            let along = by_distance - dot::<FMA>(direction, by_direction) * inverse;
            for axis in 0..3 {
                lanes[POINT + axis][i] = multiply_add::<FMA>(by_direction[axis], inverse, direction[axis] * along);
            }
        }
    }
}

/// [`mean_fraction`] and its slope.
fn mean_fraction_and_slope(x: f64) -> [f64; 2] {
    let Dual { value, derivative } = mean_fraction(Dual::variable(x));
    [value, derivative]
}

/// Where samples of a panel's layer lie.
struct Place<'a> {
    panel: &'a PanelTable,
    origin: [f64; 3],
    /// Metres.
    sub_pixel: f64,
    /// The number of the sub-pixel along fast and slow.
    number: [f64; 2],
}

impl<'a> Place<'a> {
    fn new(scene: &'a Scene, which: Which, i_sub: usize) -> Self {
        let panel = &scene.panels[which.panel];
        let (origin, _) = layer_origin(scene, panel, which.layer);
        let sub_pixel = panel.pixel_size / scene.oversample as f64;
        let number = [(i_sub % scene.oversample) as f64, (i_sub / scene.oversample) as f64];
        Self { panel, origin: origin.0, sub_pixel, number }
    }

    /// Metres along fast and slow, from those of the first sub-pixel in sub-pixels.
    #[inline(always)]
    fn of(&self, fast: f64, slow: f64) -> [f64; 2] {
        [self.sub_pixel * (fast + self.number[0]), self.sub_pixel * (slow + self.number[1])]
    }

    /// The point of the flat panel.
    #[inline(always)]
    fn flat<const FMA: bool>(&self, fast: f64, slow: f64) -> [f64; 3] {
        let component = |axis: usize| {
            let along = multiply_add::<FMA>(self.panel.fast_axis[axis], fast, self.origin[axis]);
            multiply_add::<FMA>(self.panel.slow_axis[axis], slow, along)
        };
        [component(0), component(1), component(2)]
    }
}

/// How what a layer captures changes with the obliquity, the attenuation and the thickness.
#[inline(always)]
fn captured(layer: f64, sensor: &SensorTable, obliquity: f64, exp: impl Fn(f64) -> f64) -> [f64; 3] {
    let inverse = 1.0 / obliquity;
    let path = sensor.attenuation * inverse;
    let (near, far) = (layer * sensor.layer_thickness, (layer + 1.0) * sensor.layer_thickness);
    let (before, after) = (exp(-near * path), exp(-far * path));
    // with respect to attenuation/obliquity
    let by_path = far * after - near * before;
    [-by_path * path * inverse, by_path * inverse, path * ((layer + 1.0) * after - layer * before)]
}

/// From the point on the sphere back to that on the plane, and to the sphere itself: the lanes from [`SPHERE`] on.
fn from_sphere(sphere: &Sphere, panel: &PanelTable, flat: Vec3, by_position: Vec3) -> (Vec3, [f64; 10]) {
    let still = sphere.map(&mut Dual::constant);
    let axes = PanelTable { mask: None, ..panel.clone() }.map(&mut Dual::constant);
    let flat = flat.map(&mut Dual::constant);
    let along = |position: Vec3<Dual>| (0..3).map(|i| position[i].derivative * by_position[i]).sum::<f64>();
    let each = |change: &dyn Fn(usize) -> Vec3<Dual>| Vec3(std::array::from_fn(|i| along(change(i))));
    let vary = |v: Vec3<Dual>, i: usize| {
        let mut v = v;
        v.0[i].derivative = 1.0;
        v
    };
    let by_flat = each(&|i| on_sphere(&still, &axes, vary(flat, i)));
    let beam = each(&|i| on_sphere(&Sphere { beam: vary(still.beam, i), ..still }, &axes, flat));
    let radius = along(on_sphere(&Sphere { radius: Dual::variable(sphere.radius), ..still }, &axes, flat));
    let mut axes_of_arcs = [Vec3::default(); 2];
    if sphere.nanobragg {
        axes_of_arcs = [
            each(&|i| on_sphere(&still, &PanelTable { fast_axis: vary(axes.fast_axis, i), ..axes.clone() }, flat)),
            each(&|i| on_sphere(&still, &PanelTable { slow_axis: vary(axes.slow_axis, i), ..axes.clone() }, flat)),
        ];
    }
    let [fast_axis, slow_axis] = axes_of_arcs;
    let mut lanes = [beam, fast_axis, slow_axis].into_iter().flat_map(|v| v.0);
    (by_flat, std::array::from_fn(|i| if i == 0 { radius } else { lanes.next().unwrap_or_default() }))
}
