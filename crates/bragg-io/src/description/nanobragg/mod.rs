//! The drop-in for nanoBragg: what its command line says ([`Options`]) and what that means ([`describe`]).

mod beam;
mod crystal;
pub mod flags;
mod geometry;
mod headers;
mod options;
mod quirks;
mod words;

pub use options::{
    BeamOptions, CellOptions, Chosen, Convention, CrystalOptions, DetectorOptions, GeometryOptions, Misset,
    NoiseOptions, Options, OutputOptions, PhysicsChoice, Pivot, PolarOption, ReflectionOptions, RunOptions,
    SamplingOptions, ScanOptions, SeedOptions, SensorOptions, SourceOptions, SourceWavelength, SourceWeights,
    WavelengthOption,
};
pub use words::{Unusable, clock_seed, describe_words, in_flags};

use super::{Description, Notice, Origin, Value};
use crate::formats::smv::NanoBraggHeader;
use beam::{Asked, DEGREES, MILLIRADIANS};
use bragg::error::{Error, Result};
use bragg::experiment::beam::Ticks;
use bragg::experiment::{MosaicFrame, Precision, SamplingDepth, Shape};
use bragg::math::Vec3;
use bragg::units::METER_PER_ANGSTROM;
use crystal::CrystalSettings;
use geometry::Geometry;
use std::path::{Path, PathBuf};

/// The structure-factor cache when `-dump` names no other.
pub const DEFAULT_DUMP: &str = "Fdump.bin";

/// A command line, understood.
#[derive(Debug, Clone)]
pub struct DropIn {
    /// The experiment that it describes.
    pub description: Description,
    /// The header of its SMV images.
    pub header: NanoBraggHeader,
    /// Quirks that change the image, and warnings.
    pub notices: Vec<Notice>,
    /// Angles (deg) about lab x, y and z of a misset drawn at random.
    pub random_misset: Option<[f64; 3]>,
}

/// The structure-factor cache of a command line.
pub fn dump_path(options: &Options) -> PathBuf {
    options.reflections.dump.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_DUMP))
}

/// Understands a command line: reads the headers, the matrix and the source file that it names, fills in what was left out by the
/// reference program's rules, and describes the experiment. `clock_seed` stands in for a `-misset_seed` that was not given.
///
/// # Errors
/// A value cannot be used, or a file cannot be read.
pub fn describe(options: &Options, clock_seed: u32) -> Result<DropIn> {
    let options = &headers::with_headers(options)?;
    let correct = options.sampling.physics == Some(PhysicsChoice::Correct);
    let geometry = Geometry::new(options, correct)?;
    let wavelength = beam::wavelength(options)?;
    let matrix = options.crystal.mat.as_deref().map(read_matrix).transpose()?;
    let misset_seed = options.seeds.misset_seed.map_or(clock_seed, SeedOptions::state);
    let crystal = CrystalSettings::new(options, matrix, wavelength, misset_seed, correct)?;
    let ticks = |flag, asked: std::result::Result<Ticks, String>| {
        asked.map_err(|what| Error::setting(options.spelling(flag), what))
    };
    let scan_flag = if options.scan.phisteps.is_some() { "-phisteps" } else { "-phistep" };
    let sweep = ticks(scan_flag, asked_sweep(options).along(1.0))?;
    let layers = ticks("-detector_thicksteps", asked_layers(options).through(correct))?;
    let needed = needed_oversampling(&crystal, wavelength, &geometry);
    check_numbers(options, correct)?;
    if !correct {
        refuse_black_images(options, &layers)?;
    }
    let mut notices = quirks::warnings(options, &geometry, &crystal, needed, misset_seed);
    let dump = dump_path(options);
    if options.reflections.hkl.is_none() && dump.exists() {
        notices.push(Notice(format!("the structure factors are those of {}, since there is no -hkl", dump.display())));
    }
    if !correct {
        let righted = Geometry::new(options, true)?;
        notices.extend(quirks::quirks(options, &geometry, &righted, &layers, &sweep));
    }
    let mut writer = Writer { options, description: Description::new() };
    writer.crystal(&crystal, correct)?;
    writer.structure_factors()?;
    writer.beam(&geometry, wavelength, correct)?;
    writer.detector(&geometry)?;
    writer.sensor(&layers)?;
    writer.scan(&geometry, &sweep)?;
    writer.sampling(correct, needed)?;
    Ok(DropIn {
        description: writer.description,
        header: header(&geometry, wavelength, options, &sweep),
        notices,
        random_misset: crystal.random_misset,
    })
}

/// What was said of the spindle.
fn asked_sweep(options: &Options) -> Asked {
    let scan = &options.scan;
    Asked { n: scan.phisteps, range: scan.osc_deg, step: scan.phistep_deg, unit: DEGREES }
}

/// What was said of the layers of the sensor (µm).
fn asked_layers(options: &Options) -> Asked {
    let sensor = &options.sensor;
    Asked { n: sensor.thicksteps, range: sensor.thick_um, step: None, unit: 1.0 }
}

/// What was said of the horizontal and the vertical divergence (mrad).
fn asked_divergence(options: &Options) -> [Asked; 2] {
    let sources = &options.sources;
    let mrad = |n, range, step| Asked { n, range, step, unit: MILLIRADIANS };
    [
        mrad(sources.hdivsteps, sources.hdivrange_mrad, sources.hdivstep_mrad),
        mrad(sources.vdivsteps, sources.vdivrange_mrad, sources.vdivstep_mrad),
    ]
}

/// What was said of the spectrum (fractions), whose width counts as given.
fn asked_dispersion(options: &Options) -> Asked {
    let width = options.sources.dispersion_percent.unwrap_or(0.0) / 100.0;
    Asked { n: options.sources.dispersion_steps, range: Some(width), step: None, unit: 1.0 }
}

/// Numbers that would be refused further on, said of the flag in the unit in which it is typed.
fn check_numbers(options: &Options, correct: bool) -> Result<()> {
    let not_negative: fn(f64) -> bool = |x| x >= 0.0;
    let kahn = beam::kahn_factor(options, correct);
    let checks = [
        ("-mosaic", options.crystal.mosaic_spread_deg, not_negative, "an angle of 0 degrees or more"),
        ("-fudge", options.crystal.fudge, |x| x > 0.0, "a number above 0"),
        ("-dmin", options.sampling.dmin_angstrom, not_negative, "a spacing of 0 Å or more"),
        ("-polar", kahn, |x| (-1.0..=1.0).contains(&x), "a number from -1 to 1"),
        ("-culling", options.sampling.culling, |x| (0.0..=0.01).contains(&x), "a fraction from 0 to 0.01"),
        ("-dispersion", options.sources.dispersion_percent, |x| x <= 190.0, "at most 190 %"),
        ("-detector_abs", options.sensor.abs_um, not_negative, "a depth of 0 µm or more, or inf"),
        ("-water", options.noise.water_um, not_negative, "a thickness of 0 µm or more"),
    ];
    for (flag, value, allowed, text) in checks {
        if let Some(value) = value.filter(|&value| !allowed(value)) {
            return Err(Error::setting(options.spelling(flag), format!("{value} given; it must be {text}")));
        }
    }
    Ok(())
}

/// Refuses the options with which the reference program makes a black image, whatever else is asked for.
fn refuse_black_images(options: &Options, layers: &Ticks) -> Result<()> {
    let sensor = &options.sensor;
    let is_off = sensor.abs_um.is_some_and(|depth| depth == 0.0 || depth.is_infinite());
    if is_off && sensor.thick_is_last && layers.range > 0.0 {
        let thick = options.spelling("-detector_thick");
        let what = format!(
            "0 or inf before {thick} makes nanoBragg's image black; give it behind {thick}, or -physics correct, and every photon is \
             counted"
        );
        return Err(Error::setting(options.spelling("-detector_abs"), what));
    }
    if options.sampling.oversample_thick && attenuation_depth(options, layers).is_none() {
        let what = "makes nanoBragg's image black where there is no sensor; leave it out, or describe the sensor with -detector_thick \
                    and -detector_abs, or give -physics correct";
        return Err(Error::setting(options.spelling("-oversample_thick"), what));
    }
    Ok(())
}

/// The depth of attenuation (µm): the thickness unless it is given; none where it is 0 or infinite, or there is no thickness.
fn attenuation_depth(options: &Options, layers: &Ticks) -> Option<f64> {
    let depth = options.sensor.abs_um.unwrap_or(layers.range);
    (layers.range > 0.0 && depth > 0.0 && depth.is_finite()).then_some(depth)
}

fn read_matrix(path: &Path) -> Result<[f64; 9]> {
    let [x, y, z] = crate::formats::mosflm_matrix::read(path)?.0.map(|row| row.0);
    Ok([x[0], x[1], x[2], y[0], y[1], y[2], z[0], z[1], z[2]])
}

/// Sub-pixels that give three samples across the narrowest spot.
fn needed_oversampling(crystal: &CrystalSettings, wavelength: f64, geometry: &Geometry) -> i64 {
    let longest =
        (0..3).map(|i| f64::from(crystal.n_cells[i]) * (crystal.edges[i] * METER_PER_ANGSTROM)).fold(0.0, f64::max);
    let pixel = wavelength * METER_PER_ANGSTROM * geometry.distance / geometry.pixel;
    (3.0 * longest / pixel).ceil().clamp(1.0, 1e6) as i64
}

fn header(geometry: &Geometry, wavelength: f64, options: &Options, sweep: &Ticks) -> NanoBraggHeader {
    let mm = |meters: f64| meters * 1000.0;
    let [fast, slow] = geometry.spot;
    let half = geometry.pixel / 2.0;
    let [_, slow_size] = geometry.size;
    let org = |close: f64| close / geometry.pixel + 0.5;
    let origin = geometry.origin;
    NanoBraggHeader {
        size: (geometry.n_fast, geometry.n_slow),
        pixel_size: mm(geometry.pixel),
        distance: mm(geometry.distance),
        wavelength,
        beam_center: (mm(geometry.beam_center[0]), mm(geometry.beam_center[1])),
        adxv_center: (mm(fast), mm(slow_size - slow)),
        mosflm_center: (mm(slow - half), mm(fast - half)),
        denzo_beam: (mm(slow), mm(fast)),
        dials_origin: [mm(origin[2]), mm(origin[1]), mm(-origin[0])],
        xds_org: (org(geometry.close[0]), org(geometry.close[1])),
        close_distance: mm(geometry.close_distance),
        phi: options.scan.phi_deg.unwrap_or(0.0),
        osc_range: sweep.range,
        two_theta: geometry.two_theta.to_degrees(),
    }
}

/// The window of a `-roi`: first and last pixel along fast, then along slow, cut to the detector, a negative limit its edge. `None` where it
/// holds no pixel.
fn window(roi: [i64; 4], geometry: &Geometry) -> Option<[i64; 4]> {
    let along = |first: i64, last: i64, n: usize| {
        let edge = n as i64 - 1;
        (first.max(0), if last < 0 { edge } else { last.min(edge) })
    };
    let (fast, slow) = (along(roi[0], roi[1], geometry.n_fast), along(roi[2], roi[3], geometry.n_slow));
    (fast.0 <= fast.1 && slow.0 <= slow.1).then_some([fast.0, fast.1, slow.0, slow.1])
}

/// A window without a pixel.
const EMPTY_WINDOW: [i64; 4] = [1, 0, 1, 0];

/// Writes the description, each value with the flag that it came from.
struct Writer<'a> {
    options: &'a Options,
    description: Description,
}

impl Writer<'_> {
    fn put(&mut self, key: &str, value: impl Into<Value>, flag: &str) -> Result<()> {
        let origin = match self.options.spellings.get(flag) {
            Some(spelling) => Origin::Flag(spelling.clone()),
            None => Origin::Automatic(format!("nanoBragg, {flag}")),
        };
        self.description.insert(key, value, origin)
    }

    fn crystal(&mut self, crystal: &CrystalSettings, correct: bool) -> Result<()> {
        let source = if self.options.crystal.mat.is_some() { "-mat" } else { "-cell" };
        let axes = ["crystal.real_space_a", "crystal.real_space_b", "crystal.real_space_c"];
        for (key, row) in axes.into_iter().zip(crystal.real_space.0) {
            self.put(key, row.0, source)?;
        }
        self.put("crystal.n_cells", crystal.n_cells.map(i64::from), "-N")?;
        let asked = self.options.crystal.shape.unwrap_or(Shape::Square);
        let flag = quirks::shape_flag(asked);
        let shape = match asked {
            Shape::Gauss if !correct => Shape::GaussNanobragg,
            Shape::Tophat if !correct => Shape::TophatNanobragg,
            other => other,
        };
        self.put("crystal.shape", shape.name(), flag)?;
        if crystal.fudge == self.options.crystal.fudge.unwrap_or(1.0) {
            self.put("crystal.fudge", crystal.fudge, "-fudge")?;
        } else {
            let why = "-fudge times the square of true over nominal volume: nanoBragg's a*, b*, c* use the nominal one";
            self.description.insert("crystal.fudge", crystal.fudge, Origin::Automatic(why.to_owned()))?;
        }
        let spread = self.options.crystal.mosaic_spread_deg.unwrap_or(0.0);
        self.put("crystal.mosaic.half_width", spread, "-mosaic")?;
        if spread > 0.0 {
            let n_domains = self.options.crystal.mosaic_domains.filter(|&n| n > 0);
            self.put("crystal.mosaic.domains", n_domains.unwrap_or(10), "-mosaic_dom")?;
            let seed = SeedOptions::state(self.options.seeds.mosaic_seed.unwrap_or(12_345_678));
            self.put("crystal.mosaic.seed", i64::from(seed), "-mosaic_seed")?;
            self.put("crystal.mosaic.generator", "nanobragg", "-mosaic_seed")?;
        }
        if let Some(frame) = self.options.crystal.mosaic_frame {
            let name = if frame == MosaicFrame::Laboratory { "laboratory" } else { "crystal" };
            self.put("crystal.mosaic.frame", name, "-mosaic_frame")?;
        }
        Ok(())
    }

    fn structure_factors(&mut self) -> Result<()> {
        let reflections = &self.options.reflections;
        let dump = dump_path(self.options);
        let loaded = if let Some(hkl) = &reflections.hkl {
            self.put("crystal.structure_factors.file", hkl.clone(), "-hkl")?;
            self.put("crystal.structure_factors.format", "nanobragg-text", "-hkl")?;
            true
        } else if dump.exists() {
            self.put("crystal.structure_factors.file", dump, "-dump")?;
            self.put("crystal.structure_factors.format", "fdump", "-dump")?;
            true
        } else {
            false
        };
        self.put("crystal.structure_factors.include_f000", true, "-hkl")?;
        self.put("crystal.structure_factors.default", reflections.default_f.unwrap_or(0.0), "-default_F")?;
        if loaded {
            let crystal = &self.options.crystal;
            let is_small = [crystal.n_a, crystal.n_b, crystal.n_c].iter().any(|n| n.unwrap_or(1) <= 2);
            let name = if reflections.interpolate.unwrap_or(is_small) { "tricubic" } else { "nearest" };
            self.put("crystal.structure_factors.interpolation", name, "-interpolate")?;
        }
        Ok(())
    }

    fn beam(&mut self, geometry: &Geometry, wavelength: f64, correct: bool) -> Result<()> {
        self.put("beam.wavelength", wavelength, "-lambda")?;
        self.put("beam.direction", (-geometry.axes.beam).0, "-beam_vector")?;
        self.put("beam.polarization_vector", geometry.axes.e_vector.0, "-polar_vector")?;
        match beam::kahn_factor(self.options, correct) {
            Some(factor) => self.put("beam.kahn_factor", factor, "-polar")?,
            None => self.put("beam.polarization", "none", "-nopolar")?,
        }
        self.put("beam.fluence", beam::fluence(self.options)?, "-fluence")?;
        let sources = &self.options.sources;
        let Some(file) = &sources.sourcefile else { return self.spread() };
        self.put("beam.source_file", file.clone(), "-sourcefile")?;
        let weights = match (sources.weights, correct) {
            (Some(SourceWeights::Apply), _) | (None, true) => "apply",
            _ => "ignore",
        };
        self.put("beam.source_weights", weights, "-source_weights")?;
        let used = if sources.wavelength == Some(SourceWavelength::Lambda) { "beam" } else { "file" };
        self.put("beam.source_wavelength", used, "-source_wavelength")
    }

    /// Divergence (mrad) and dispersion; a radian is what a count of directions alone spans.
    fn spread(&mut self) -> Result<()> {
        let [horizontal, vertical] = asked_divergence(self.options).map(|asked| asked.across(MILLIRADIANS));
        self.ticks("beam.divergence.horizontal_", "-hdivrange", horizontal)?;
        self.ticks("beam.divergence.vertical_", "-vdivrange", vertical)?;
        self.ticks("beam.dispersion.", "-dispersion", asked_dispersion(self.options).across(1.0))?;
        // the options name the outermost points, whichever physics there is
        self.put("beam.divergence.sample", "ends", "-hdivrange")?;
        self.put("beam.dispersion.sample", "ends", "-dispersion")?;
        self.put("beam.divergence.round", self.options.sources.round_div.unwrap_or(true), "-round_div")
    }

    fn ticks(&mut self, prefix: &str, flag: &str, ticks: std::result::Result<Ticks, String>) -> Result<()> {
        let ticks = ticks.map_err(|what| Error::setting(self.options.spelling(flag), what))?;
        self.put(&format!("{prefix}range"), ticks.range, flag)?;
        if ticks.range > 0.0 {
            self.put(&format!("{prefix}step"), ticks.step, flag)?;
            self.put(&format!("{prefix}steps"), ticks.n_steps as i64, flag)?;
        }
        Ok(())
    }

    fn detector(&mut self, geometry: &Geometry) -> Result<()> {
        const MM_PER_METER: f64 = 1000.0;
        let mm = |v: Vec3| (v * MM_PER_METER).0;
        self.put("detector.panel[0].origin", mm(geometry.origin), "-distance")?;
        self.put("detector.panel[0].fast_axis", geometry.fast.0, "-fdet_vector")?;
        self.put("detector.panel[0].slow_axis", geometry.slow.0, "-sdet_vector")?;
        self.put("detector.panel[0].normal", geometry.normal.0, "-odet_vector")?;
        self.put("detector.panel[0].pixels", [geometry.n_fast as i64, geometry.n_slow as i64], "-detpixels")?;
        self.put("detector.panel[0].pixel_size", geometry.pixel * MM_PER_METER, "-pixel")?;
        self.put("detector.distance", geometry.distance * MM_PER_METER, "-distance")?;
        if let Some(roi) = self.options.sampling.roi {
            self.put("detector.panel[0].roi", window(roi, geometry).unwrap_or(EMPTY_WINDOW), "-roi")?;
        }
        if let Some(mask) = &self.options.detector.mask {
            self.put("detector.mask", mask.clone(), "-mask")?;
            self.put("detector.mask_format", "nanobragg", "-mask")?;
        }
        if self.options.sensor.curved {
            self.put("detector.curvature", "nanobragg-sphere", "-curved_det")?;
        }
        self.put("detector.point_pixels", self.options.sensor.point_pixel, "-point_pixel")
    }

    /// Layers of `layers.step` µm; a depth of attenuation of 0 or infinity leaves the sensor out.
    fn sensor(&mut self, layers: &Ticks) -> Result<()> {
        const MM_PER_UM: f64 = 1e-3;
        let Some(depth) = attenuation_depth(self.options, layers) else { return Ok(()) };
        self.put("detector.sensor.layers", layers.n_steps as i64, "-detector_thicksteps")?;
        self.put("detector.sensor.layer_thickness", layers.step * MM_PER_UM, "-detector_thick")?;
        self.put("detector.sensor.attenuation_length", depth * MM_PER_UM, "-detector_abs")?;
        if let Some(depth) = self.options.sensor.layer_depth {
            let name = if depth == SamplingDepth::Entrance { "entrance" } else { "mean" };
            self.put("detector.sensor.sampling_depth", name, "-layer_depth")?;
        }
        Ok(())
    }

    fn scan(&mut self, geometry: &Geometry, sweep: &Ticks) -> Result<()> {
        self.put("scan.axis", geometry.axes.spindle.0, "-spindle_axis")?;
        self.put("scan.start", self.options.scan.phi_deg.unwrap_or(0.0), "-phi")?;
        self.put("scan.sample", "start", "-phi")?;
        if sweep.n_steps > 1 || self.options.scan.osc_deg.is_some_and(|range| range > 0.0) {
            self.put("scan.steps", sweep.n_steps as i64, "-phisteps")?;
            self.put("scan.step", sweep.step, "-phistep")?;
            self.put("scan.range", sweep.range, "-osc")?;
        }
        Ok(())
    }

    fn sampling(&mut self, correct: bool, needed: i64) -> Result<()> {
        let sampling = &self.options.sampling;
        let oversample = sampling.oversample.filter(|&n| n > 0).unwrap_or(needed);
        self.put("sampling.oversample", oversample, "-oversample")?;
        self.put("sampling.d_min", sampling.dmin_angstrom.unwrap_or(0.0), "-dmin")?;
        self.put("sampling.physics", if correct { "correct" } else { "nanobragg" }, "-physics")?;
        if !correct {
            self.put("sampling.oversample_thick", sampling.oversample_thick, "-oversample_thick")?;
            self.put("sampling.oversample_polar", sampling.oversample_polar, "-oversample_polar")?;
            self.put("sampling.oversample_omega", sampling.oversample_omega, "-oversample_omega")?;
        }
        if let Some(precision) = sampling.precision {
            let name = if precision == Precision::Fast { "fast" } else { "double" };
            self.put("sampling.precision", name, "-precision")?;
        }
        if let Some(culling) = sampling.culling {
            self.put("sampling.culling", culling, "-culling")?;
        }
        const MM_PER_UM: f64 = 1e-3;
        let edge = self.options.noise.water_um.unwrap_or(0.0) * MM_PER_UM;
        self.put("background.water_volume", edge * edge * edge, "-water")
    }
}
