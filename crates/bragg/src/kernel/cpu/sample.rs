//! A sample of each pixel of a tile: where it lies in the sensor, and the factors and scattering vectors that follow.

use super::elementary::{dot, exp_negative, inverse_norm, multiply_add, reciprocal, rough_inverse_norm};
use super::tile::{BRIGHT, DARK, Lane};
use crate::kernel::geometry::{layer_origin, sample_point, sensor_with_depth};
use crate::physics::absorption::{SERIES, SERIES_UP_TO, layer_capture};
use crate::physics::polarization::PolarizationFrame;
use crate::scene::{PanelTable, Scene, SensorTable, Source};

/// What is known of the current sample of each pixel.
pub(in crate::kernel) struct Sample {
    /// Unit vector from the crystal.
    pub(in crate::kernel) direction: [Lane; 3],
    pub(in crate::kernel) solid_angle: Lane,
    pub(in crate::kernel) capture: Lane,
    /// How far (m) below the layer's front it lies.
    pub(in crate::kernel) within: Lane,
    /// The polarisation factor for the current source, or the product of all factors; scratch until then.
    pub(in crate::kernel) factor: Lane,
    /// Scattering vector of the current source.
    pub(in crate::kernel) q: [Lane; 3],
}

impl Sample {
    pub(in crate::kernel) fn new() -> Self {
        Self { direction: [DARK; 3], solid_angle: DARK, capture: BRIGHT, within: DARK, factor: DARK, q: [DARK; 3] }
    }

    /// Where the sample `i_sub` in a `layer` lies (as [`sample_point`] has it), and the factors that follow from that. `places`: the middle of
    /// the first sub-pixel of each pixel along fast and slow, in sub-pixels.
    #[inline(always)]
    pub(in crate::kernel) fn locate<const FMA: bool>(
        &mut self,
        scene: &Scene,
        panel: &PanelTable,
        layer: usize,
        i_sub: usize,
        [place_fast, place_slow]: [&[f64]; 2],
    ) {
        let n = place_fast.len();
        let sub_pixel = panel.pixel_size / scene.oversample as f64;
        let (sub_fast, sub_slow) = ((i_sub % scene.oversample) as f64, (i_sub / scene.oversample) as f64);
        let at = |place: f64, sub: f64| sub_pixel * (place + sub);
        if scene.sphere.is_some() {
            for i in 0..n {
                let (fast, slow) = (at(place_fast[i], sub_fast), at(place_slow[i], sub_slow));
                let point = sample_point(scene, panel, layer, fast, slow);
                (0..3).for_each(|axis| self.direction[axis][i] = point.direction[axis]);
                (self.solid_angle[i], self.capture[i]) = (point.solid_angle, point.capture);
            }
            return;
        }
        let (origin, depth) = layer_origin(scene, panel, layer);
        let (fast_axis, slow_axis) = (panel.fast_axis, panel.slow_axis);
        let area = panel.pixel_size * panel.pixel_size;
        let [x, y, z] = self.direction.each_mut().map(|axis| &mut axis[..n]);
        let (square, inverse) = (&mut self.factor[..n], &mut self.solid_angle[..n]);
        for i in 0..n {
            let (fast, slow) = (at(place_fast[i], sub_fast), at(place_slow[i], sub_slow));
            let component = |axis: usize| {
                multiply_add::<FMA>(slow_axis[axis], slow, multiply_add::<FMA>(fast_axis[axis], fast, origin[axis]))
            };
            (x[i], y[i], z[i]) = (component(0), component(1), component(2));
            square[i] = multiply_add::<FMA>(z[i], z[i], multiply_add::<FMA>(y[i], y[i], x[i] * x[i]));
        }
        let within = &mut self.within[..n];
        let mut close_distance = panel.close_distance;
        if let Some(sensor) = sensor_with_depth(scene) {
            close_distance += depth;
            sink::<FMA>(&sensor, panel, [x, y, z], square, within);
        }
        for i in 0..n {
            inverse[i] = rough_inverse_norm::<FMA>(square[i]);
        }
        let solid_angle = inverse;
        for i in 0..n {
            let inverse = inverse_norm::<FMA>(square[i], solid_angle[i]);
            (x[i], y[i], z[i]) = (x[i] * inverse, y[i] * inverse, z[i] * inverse);
            let close = close_distance + within[i];
            solid_angle[i] = inverse * inverse * if scene.point_pixels { 1.0 } else { area * close * inverse };
        }
        if let Some(sensor) = scene.sensor {
            let far = (layer + 1) as f64 * sensor.layer_thickness;
            self.capture::<FMA>(panel, [depth, far], sensor.attenuation, n);
        }
    }

    /// What a layer captures between two depths: [`layer_capture`].
    #[inline(always)]
    fn capture<const FMA: bool>(&mut self, panel: &PanelTable, depths: [f64; 2], attenuation: f64, n: usize) {
        let [near, far] = depths.map(|depth| depth * attenuation);
        let [x, y, z] = self.direction.each_ref().map(|axis| &axis[..n]);
        let (path, capture) = (&mut self.factor[..n], &mut self.capture[..n]);
        let normal = panel.normal;
        for i in 0..n {
            path[i] = reciprocal::<FMA>(dot::<FMA>([x[i], y[i], z[i]], normal.0));
        }
        if near == 0.0 {
            capture.fill(1.0);
        } else {
            for i in 0..n {
                capture[i] = exp_negative::<FMA>(-near * path[i]);
            }
        }
        for i in 0..n {
            capture[i] -= exp_negative::<FMA>(-far * path[i]);
        }
        // A sensor seen edge-on or from behind, which only a normal of its own can make.
        if path.iter().fold(false, |any, &path| any | (path <= 0.0)) {
            for i in (0..n).filter(|&i| path[i] <= 0.0) {
                let obliquity = dot::<FMA>([x[i], y[i], z[i]], normal.0);
                capture[i] = layer_capture(depths[0], depths[1], attenuation, obliquity);
            }
        }
    }

    /// The polarisation factors for a source; 1 without polarisation. [`crate::physics::polarization::polarization_factor`].
    #[inline(always)]
    pub(in crate::kernel) fn polarize<const FMA: bool>(
        &mut self,
        scene: &Scene,
        source: &Source,
        frame: Option<&PolarizationFrame>,
        n: usize,
    ) {
        let factor = &mut self.factor[..n];
        let (Some(table), Some(frame)) = (scene.polarization, frame) else { return factor.fill(1.0) };
        let [x, y, z] = self.direction.each_ref().map(|axis| &axis[..n]);
        let half_kahn = -0.5 * table.kahn_factor;
        for i in 0..n {
            let direction = [x[i], y[i], z[i]];
            let cosine = dot::<FMA>(direction, source.incident.0);
            let electric = dot::<FMA>(direction, frame.electric.0);
            let magnetic = dot::<FMA>(direction, frame.magnetic.0);
            let square = cosine * cosine;
            let anisotropy = multiply_add::<FMA>(electric, electric, -(magnetic * magnetic))
                + multiply_add::<FMA>(-frame.axial, square, frame.axial);
            factor[i] = multiply_add::<FMA>(half_kahn, anisotropy, multiply_add::<FMA>(0.5, square, 0.5));
        }
    }

    /// Multiplies the polarisation by the other factors, and adds the product to the background.
    #[inline(always)]
    pub(in crate::kernel) fn weigh(&mut self, weight: f64, background: &mut Lane, n: usize) {
        let (factor, background) = (&mut self.factor[..n], &mut background[..n]);
        let (solid_angle, capture) = (&self.solid_angle[..n], &self.capture[..n]);
        for i in 0..n {
            factor[i] *= weight * solid_angle[i] * capture[i];
            background[i] += factor[i];
        }
    }

    /// The scattering vectors for a source ([`crate::physics::scattering::scattering_vector`]); whether any is within d_min. Beyond it the
    /// factor becomes `beyond`.
    #[inline(always)]
    pub(in crate::kernel) fn scatter<const FMA: bool>(
        &mut self,
        scene: &Scene,
        source: &Source,
        beyond: f64,
        n: usize,
    ) -> bool {
        let inverse = 1.0 / source.wavelength;
        for axis in 0..3 {
            let (direction, q) = (&self.direction[axis][..n], &mut self.q[axis][..n]);
            for i in 0..n {
                q[i] = (direction[i] - source.incident[axis]) * inverse;
            }
        }
        if scene.d_min <= 0.0 {
            return true;
        }
        let [x, y, z] = self.q.each_ref().map(|axis| &axis[..n]);
        let factor = &mut self.factor[..n];
        let mut any = false;
        for i in 0..n {
            let square = multiply_add::<FMA>(z[i], z[i], multiply_add::<FMA>(y[i], y[i], x[i] * x[i]));
            let is_too_fine = scene.d_min > 1.0 / square.sqrt();
            any |= !is_too_fine;
            if is_too_fine {
                factor[i] = beyond;
            }
        }
        any
    }
}

/// Moves points of a layer's front to the mean depth of the photons that are absorbed behind them:
/// [`crate::physics::absorption::mean_depth`]. `square`: those of the distances; `within`: the depths.
#[inline(always)]
fn sink<const FMA: bool>(
    sensor: &SensorTable,
    panel: &PanelTable,
    [x, y, z]: [&mut [f64]; 3],
    square: &mut [f64],
    within: &mut [f64],
) {
    let n = square.len();
    let ([x, y, z], within) = ([&mut x[..n], &mut y[..n], &mut z[..n]], &mut within[..n]);
    let (thickness, lengths, normal) =
        (sensor.layer_thickness, sensor.layer_thickness * sensor.attenuation, panel.normal);
    for i in 0..n {
        let height = dot::<FMA>([x[i], y[i], z[i]], normal.0);
        let path = lengths * square[i].sqrt() / height;
        let rest = exp_negative::<FMA>(-path);
        let whole = 1.0 / path - rest / (1.0 - rest);
        let (mut series, path_squared) = (SERIES[6], path * path);
        for k in (0..6).rev() {
            series = multiply_add::<FMA>(series, path_squared, SERIES[k]);
        }
        let series = multiply_add::<FMA>(series, path, 0.5);
        let fraction = if path >= SERIES_UP_TO { whole } else { series };
        within[i] = if height > 0.0 { thickness * fraction } else { 0.0 };
    }
    for i in 0..n {
        let sunk = |front: f64, normal: f64| multiply_add::<FMA>(normal, within[i], front);
        (x[i], y[i], z[i]) = (sunk(x[i], normal[0]), sunk(y[i], normal[1]), sunk(z[i], normal[2]));
        square[i] = multiply_add::<FMA>(z[i], z[i], multiply_add::<FMA>(y[i], y[i], x[i] * x[i]));
    }
}
