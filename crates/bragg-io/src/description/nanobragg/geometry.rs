//! Where the detector stands: the reference program's conventions, beam centres, pivots and rotations.

use super::beam::kahn_factor;
use super::options::{Convention, Options, Pivot};
use bragg::error::{Error, Result};
use bragg::math::Vec3;

const MM_PER_METER: f64 = 1000.0;
const X: Vec3 = Vec3([1.0, 0.0, 0.0]);
const Y: Vec3 = Vec3([0.0, 1.0, 0.0]);
const Z: Vec3 = Vec3([0.0, 0.0, 1.0]);

/// The axes of a convention: unit vectors in its laboratory frame, but for the 2θ axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Axes {
    /// Propagation of the beam.
    pub(super) beam: Vec3,
    /// Fast axis of the detector before it is turned.
    pub(super) fast: Vec3,
    /// Slow axis.
    pub(super) slow: Vec3,
    /// Normal, away from the sample.
    pub(super) normal: Vec3,
    /// The axis that the detector's 2θ turns about; the reference program uses it at its own length.
    pub(super) two_theta: Vec3,
    /// Electric field of the beam.
    pub(super) e_vector: Vec3,
    /// The spindle.
    pub(super) spindle: Vec3,
}

/// The detector as it stands. Lengths in m.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Geometry {
    pub(super) convention: Convention,
    /// The axes, detector unturned.
    pub(super) axes: Axes,
    pub(super) pixel: f64,
    pub(super) n_fast: usize,
    pub(super) n_slow: usize,
    /// Lengths of the detector along fast and slow, which need be no multiples of the pixel.
    pub(super) size: [f64; 2],
    /// Corner of the first pixel.
    pub(super) origin: Vec3,
    /// The detector's axes as turned; of other lengths than 1 where the 2θ axis is.
    pub(super) fast: Vec3,
    pub(super) slow: Vec3,
    pub(super) normal: Vec3,
    /// Nearest point of the plane: its distance and its fast and slow coordinates.
    pub(super) close_distance: f64,
    pub(super) close: [f64; 2],
    /// Distance along the beam, and the fast and slow coordinates of the beam's spot.
    pub(super) distance: f64,
    pub(super) spot: [f64; 2],
    /// The beam centre in the convention's own axes, as given or as it defaults.
    pub(super) beam_center: [f64; 2],
    /// 2θ of the detector (rad).
    pub(super) two_theta: f64,
    /// The pivot that was used.
    pub(super) pivot: Pivot,
    /// Whether a normal of another length than 1 was replaced by fast × slow.
    pub(super) normal_replaced: bool,
}

impl Axes {
    fn of(convention: Convention, options: &Options) -> Self {
        let mosflm = Self { beam: X, fast: Z, slow: -Y, normal: X, two_theta: -Z, e_vector: Z, spindle: Z };
        let xds = Self { beam: Z, fast: X, slow: Y, normal: Z, two_theta: X, e_vector: X, spindle: X };
        let given = |vector: Option<[f64; 3]>, default: Vec3| vector.map_or(default, Vec3);
        let geometry = &options.geometry;
        match convention {
            Convention::Mosflm | Convention::Denzo => mosflm,
            Convention::Adxv => Self { slow: -Y, two_theta: -X, ..xds },
            Convention::Xds => xds,
            Convention::Dials => Self { two_theta: Y, e_vector: Y, spindle: Y, ..xds },
            Convention::Custom => Self {
                beam: given(geometry.beam_vector, X),
                fast: given(geometry.fdet_vector, Z),
                slow: given(geometry.sdet_vector, -Y),
                normal: given(geometry.odet_vector, X),
                two_theta: given(geometry.twotheta_axis, Y),
                e_vector: given(geometry.polar_vector, Z),
                spindle: given(geometry.spindle_axis, Z),
            },
        }
    }

    /// The axes as unit vectors; a normal that was not of length 1 becomes fast × slow. Also whether it did. The 2θ axis keeps its length
    /// unless physics is `correct`.
    fn normalised(self, options: &Options, correct: bool) -> Result<(Self, bool)> {
        let unit = |vector: Vec3, name: &'static str| {
            let unit = vector.unit();
            if unit.is_finite() {
                return Ok(unit);
            }
            Err(Error::setting(options.spelling(name), format!("the vector {:?} has no direction", vector.0)))
        };
        let (fast, slow) = (unit(self.fast, "-fdet_vector")?, unit(self.slow, "-sdet_vector")?);
        let replaced = self.normal.norm() != 1.0;
        let normal = if replaced { fast.cross(slow).unit() } else { self.normal };
        if !normal.is_finite() {
            return Err(Error::setting(
                options.spelling("-sdet_vector"),
                "the slow axis of the detector lies along its fast axis; give -fdet_vector and -sdet_vector across each other",
            ));
        }
        let axes = Self {
            beam: unit(self.beam, "-beam_vector")?,
            fast,
            slow,
            normal,
            two_theta: match unit(self.two_theta, "-twotheta_axis") {
                Ok(axis) if correct => axis,
                Ok(_) => self.two_theta,
                Err(_) if options.geometry.nanobragg_twotheta_deg().unwrap_or(0.0) == 0.0 => Z,
                Err(error) => return Err(error),
            },
            e_vector: unit(self.e_vector, "-polar_vector")?,
            spindle: unit(self.spindle, "-spindle_axis")?,
        };
        let is_polarised = kahn_factor(options, correct).is_some_and(|factor| factor != 0.0);
        if is_polarised && !axes.beam.cross(axes.e_vector).unit().is_finite() {
            return Err(Error::setting(
                options.spelling("-polar_vector"),
                "the electric field lies along the beam; give a vector across it, or no polarisation (-polar 0)",
            ));
        }
        Ok((axes, replaced))
    }
}

impl Geometry {
    /// The detector of a command line. `correct` lets an explicit `-pivot` and a `-pix0_vector` count.
    pub(super) fn new(options: &Options, correct: bool) -> Result<Self> {
        let detector = &options.detector;
        let pixel = positive(options, "-pixel", detector.pixel_mm, 0.1)? / MM_PER_METER;
        let along = |flag, count: Option<i64>, size_flag, size: Option<f64>| -> Result<(usize, f64)> {
            if let Some(n) = count {
                let n = whole_pixels(options, flag, n as f64)?;
                return Ok((n, pixel * n as f64));
            }
            let size = positive(options, size_flag, size, 102.4)? / MM_PER_METER;
            Ok((whole_pixels(options, size_flag, (size / pixel - 0.5).ceil())?, size))
        };
        let (n_fast, fast) = along("-detpixels_x", detector.detpixels_fast, "-detsize_f", detector.detsize_fast_mm)?;
        let (n_slow, slow) = along("-detpixels_y", detector.detpixels_slow, "-detsize_s", detector.detsize_slow_mm)?;
        let size = [fast, slow];

        let convention = options.geometry.convention.as_ref().map_or(Convention::Mosflm, |chosen| chosen.value);
        let (axes, normal_replaced) = Axes::of(convention, options).normalised(options, correct)?;
        let near = [
            detector.orgx_pixels.map_or(size[0] / 2.0, |org| (org - 0.5) * pixel),
            detector.orgy_pixels.map_or(size[1] / 2.0, |org| (org - 0.5) * pixel),
        ];
        let (beam_center, spot) = beam_spot(options, convention, size, pixel, near);
        let near = if convention == Convention::Custom { beam_center } else { near };

        let mut geometry = Self {
            convention,
            axes,
            pixel,
            n_fast,
            n_slow,
            size,
            origin: Vec3::new(0.0, 0.0, 0.0),
            fast: axes.fast,
            slow: axes.slow,
            normal: axes.normal,
            close_distance: 0.0,
            close: near,
            distance: 0.0,
            spot,
            beam_center,
            two_theta: options.geometry.nanobragg_twotheta_deg().unwrap_or(0.0).to_radians(),
            pivot: pivot(options, convention, correct),
            normal_replaced,
        };
        geometry.place(options, correct)?;
        Ok(geometry)
    }

    /// The reference's recipe, in its order: distances, origin about the pivot, rotation, and back to near point and spot.
    fn place(&mut self, options: &Options, correct: bool) -> Result<()> {
        let given = &options.geometry;
        let turns = [given.detector_rotx_deg, given.detector_roty_deg, given.detector_rotz_deg]
            .map(|angle| angle.unwrap_or(0.0).to_radians());
        let (axis, two_theta) = (self.axes.two_theta, self.two_theta);
        let turned = |v: Vec3| v.rotated_xyz(turns).rotated(axis, two_theta);
        let obliquity = self.axes.beam.dot(self.axes.normal.rotated_xyz(turns));
        let distance = nonzero(options, "-distance", options.detector.distance_mm, 100.0)? / MM_PER_METER;
        let close_distance = match options.detector.close_distance_mm {
            Some(_) => nonzero(options, "-close_distance", options.detector.close_distance_mm, 100.0)? / MM_PER_METER,
            None => (obliquity * distance).abs(),
        };
        let distance = close_distance / obliquity;
        if !distance.is_finite() || obliquity.abs() < 1e-9 {
            return Err(Error::setting(
                "-detector_rotx",
                "the detector's plane lies along the beam, so the beam never meets it; change -detector_rotx, -detector_roty, \
                 -detector_rotz or the detector's axes",
            ));
        }
        let about_sample =
            turned(self.axes.normal * close_distance - self.axes.fast * self.close[0] - self.axes.slow * self.close[1]);
        (self.fast, self.slow, self.normal) =
            (turned(self.axes.fast), turned(self.axes.slow), turned(self.axes.normal));
        self.origin = match (self.pivot, given.pix0_vector_m) {
            (_, Some(origin)) if correct && self.convention == Convention::Custom => Vec3(origin),
            (Pivot::Sample, _) => about_sample,
            (Pivot::Beam, _) => self.axes.beam * distance - self.fast * self.spot[0] - self.slow * self.spot[1],
        };
        self.close = [-self.origin.dot(self.fast), -self.origin.dot(self.slow)];
        self.close_distance = self.origin.dot(self.normal);
        self.distance = self.close_distance / obliquity;
        let spot = self.axes.beam * self.distance - self.origin;
        self.spot = [self.fast.dot(spot), self.slow.dot(spot)];
        Ok(())
    }
}

/// The beam centre in the convention's own axes, and the fast and slow coordinates it stands for (m).
fn beam_spot(
    options: &Options,
    convention: Convention,
    [size_fast, size_slow]: [f64; 2],
    pixel: f64,
    near: [f64; 2],
) -> ([f64; 2], [f64; 2]) {
    let detector = &options.detector;
    let meters = |value: Option<f64>, default: f64| value.map_or(default, |mm| mm / MM_PER_METER);
    let near = [meters(detector.xclose_mm, near[0]), meters(detector.yclose_mm, near[1])];
    let default = match convention {
        Convention::Adxv => [(size_fast + pixel) / 2.0, (size_slow - pixel) / 2.0],
        Convention::Mosflm | Convention::Denzo => [(size_slow + pixel) / 2.0, (size_fast + pixel) / 2.0],
        Convention::Xds | Convention::Dials | Convention::Custom => near,
    };
    let [x, y] = [meters(detector.xbeam_mm, default[0]), meters(detector.ybeam_mm, default[1])];
    let spot = match convention {
        Convention::Adxv => [x, size_slow - y],
        Convention::Mosflm => [y + 0.5 * pixel, x + 0.5 * pixel],
        Convention::Denzo => [y, x],
        Convention::Xds | Convention::Dials | Convention::Custom => [x, y],
    };
    ([x, y], spot)
}

/// The pivot of a convention: only CUSTOM keeps what the options set, conventions among them. With correct physics an explicit `-pivot` wins.
fn pivot(options: &Options, convention: Convention, correct: bool) -> Pivot {
    if let (true, Some(pivot)) = (correct, options.geometry.pivot) {
        return pivot;
    }
    match convention {
        Convention::Adxv | Convention::Mosflm | Convention::Denzo => Pivot::Beam,
        Convention::Xds | Convention::Dials => Pivot::Sample,
        Convention::Custom => options.geometry.last_pivot.as_ref().map_or(Pivot::Beam, |chosen| chosen.value),
    }
}

/// The value of an option that must be above 0.
pub(super) fn positive(options: &Options, flag: &'static str, value: Option<f64>, default: f64) -> Result<f64> {
    let value = value.unwrap_or(default);
    if value > 0.0 && value.is_finite() {
        return Ok(value);
    }
    Err(Error::setting(options.spelling(flag), format!("{value} given; it must be above 0")))
}

fn nonzero(options: &Options, flag: &'static str, value: Option<f64>, default: f64) -> Result<f64> {
    let value = value.unwrap_or(default);
    if value != 0.0 && value.is_finite() {
        return Ok(value);
    }
    Err(Error::setting(options.spelling(flag), format!("{value} given; the detector cannot stand at the sample")))
}

/// The most pixels along an axis.
const MAX_PIXELS: f64 = 65_535.0;

fn whole_pixels(options: &Options, flag: &'static str, n: f64) -> Result<usize> {
    if (1.0..=MAX_PIXELS).contains(&n) {
        return Ok(n as usize);
    }
    Err(Error::setting(
        options.spelling(flag),
        format!("this makes {n} pixels along an axis; a detector has from 1 to {MAX_PIXELS}"),
    ))
}
