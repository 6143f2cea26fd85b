//! The options of nanoBragg's command line as they were typed: nothing converted, completed or checked beyond its type.

use bragg::experiment::{MosaicFrame, Precision, SamplingDepth, Shape};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Everything a nanoBragg command line can say. `None` (or `false`) is an option that was not given; of an option given
/// twice the last one counts. Values are in the unit in which they are typed, which the field's name ends with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// The crystal: cell, orientation, size, shape, mosaic spread.
    pub crystal: CrystalOptions,
    /// The structure factors.
    pub reflections: ReflectionOptions,
    /// The beam: wavelength, intensity, polarisation.
    pub beam: BeamOptions,
    /// How the beam is divided into sources: divergence, spectrum, or a file.
    pub sources: SourceOptions,
    /// The spindle rotation during the exposure.
    pub scan: ScanOptions,
    /// The detector's pixels and its place.
    pub detector: DetectorOptions,
    /// Convention, pivot, axes and rotations.
    pub geometry: GeometryOptions,
    /// The sensor: absorption, thickness, shape.
    pub sensor: SensorOptions,
    /// How finely, where and by which rules the image is sampled.
    pub sampling: SamplingOptions,
    /// Background and noise.
    pub noise: NoiseOptions,
    /// The files written and their scales.
    pub output: OutputOptions,
    /// Seeds of the three random streams.
    pub seeds: SeedOptions,
    /// The run itself: threads and messages.
    pub run: RunOptions,
    /// How each option was spelled when it was last given; see [`Options::spelling`].
    pub spellings: BTreeMap<&'static str, String>,
}

impl Options {
    /// The option `name` (its first name in the table, such as `-lambda`) as the user spelled it, for messages; `name`
    /// itself where it was not given. An option that stands for several (`-N` for `-Na`, `-Nb`, `-Nc`) is
    /// found under each of them too.
    pub fn spelling<'a>(&'a self, name: &'a str) -> &'a str {
        self.spellings.get(name).map_or(name, String::as_str)
    }
}

/// A value that several options can set, with the one that did it last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen<T> {
    /// What was chosen.
    pub value: T,
    /// The option that chose it, as it was spelled.
    pub flag: String,
}

/// The crystal.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CrystalOptions {
    /// `-cell`.
    pub cell: Option<CellOptions>,
    /// `-mat`: file with a*, b*, c* as columns (1/Å times λ).
    pub mat: Option<PathBuf>,
    /// `-misset`.
    pub misset: Option<Misset>,
    /// `-Na`, or `-N`: unit cells along a.
    pub n_a: Option<i64>,
    /// `-Nb`, or `-N`: unit cells along b.
    pub n_b: Option<i64>,
    /// `-Nc`, or `-N`: unit cells along c.
    pub n_c: Option<i64>,
    /// `-sample_x`, or `-samplesize`: thickness, divided into cells along a (mm).
    pub sample_x_mm: Option<f64>,
    /// `-sample_y`, or `-samplesize`: width, divided into cells along b (mm).
    pub sample_y_mm: Option<f64>,
    /// `-sample_z`, or `-samplesize`: height, divided into cells along c (mm).
    pub sample_z_mm: Option<f64>,
    /// `-square_xtal`, `-round_xtal`, `-gauss_xtal`, `-tophat_spots`: the last one given. Gaussian and top-hat
    /// spots are nanoBragg's unless the physics is correct.
    pub shape: Option<Shape>,
    /// `-fudge`: factor on the argument of the round, gauss and tophat shapes.
    pub fudge: Option<f64>,
    /// `-mosaic`: mosaic spread, the half-angle of the cap (deg).
    pub mosaic_spread_deg: Option<f64>,
    /// `-mosaic_dom`: number of mosaic domains.
    pub mosaic_domains: Option<i64>,
    /// `-mosaic_frame`.
    pub mosaic_frame: Option<MosaicFrame>,
}

/// The numbers of `-cell`; trailing ones may be missing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CellOptions {
    /// Edge a (Å).
    pub a_angstrom: f64,
    /// Edge b (Å); as a where missing.
    pub b_angstrom: Option<f64>,
    /// Edge c (Å); as a where missing.
    pub c_angstrom: Option<f64>,
    /// Angle α (deg); 90 where missing.
    pub alpha_deg: Option<f64>,
    /// Angle β (deg); 90 where missing.
    pub beta_deg: Option<f64>,
    /// Angle γ (deg); 90 where missing.
    pub gamma_deg: Option<f64>,
}

/// `-misset`: the rotation of the reciprocal cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Misset {
    /// Rotations about lab x, then y, then z (deg).
    AnglesDeg([f64; 3]),
    /// A random rotation, drawn with `-misset_seed`.
    Random,
}

/// The structure factors.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReflectionOptions {
    /// `-hkl`: text file, `h k l F` per line.
    pub hkl: Option<PathBuf>,
    /// `-default_F`: amplitude of every reflection not in the file (electrons).
    pub default_f: Option<f64>,
    /// `-dump`: the structure-factor cache.
    pub dump: Option<PathBuf>,
    /// `-interpolate` (true) or `-nointerpolate` (false), the last one given. Gaussian and top-hat
    /// spots are nanoBragg's unless the physics is correct.
    pub interpolate: Option<bool>,
}

/// The beam.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BeamOptions {
    /// `-lambda` or `-energy`, the last one given. Gaussian and top-hat
    /// spots are nanoBragg's unless the physics is correct.
    pub wavelength: Option<WavelengthOption>,
    /// `-fluence` (photons/m²).
    pub fluence_per_m2: Option<f64>,
    /// `-flux` (photons/s).
    pub flux_per_s: Option<f64>,
    /// `-exposure` (s).
    pub exposure_s: Option<f64>,
    /// `-beamsize`: edge of the square beam (mm).
    pub beamsize_mm: Option<f64>,
    /// `-polar` or `-nopolar`, the last one given. Gaussian and top-hat
    /// spots are nanoBragg's unless the physics is correct.
    pub polar: Option<PolarOption>,
    /// The Kahn factor of the last `-polar`, whether a `-nopolar` came after it or not.
    pub kahn_factor: Option<f64>,
}

/// How the wavelength was given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WavelengthOption {
    /// `-lambda`, `-wave` (Å).
    Angstrom(f64),
    /// `-energy`: photon energy (eV).
    ElectronVolt(f64),
}

/// How the polarisation was given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PolarOption {
    /// `-polar`: Kahn factor, from -1 to 1.
    Kahn(f64),
    /// `-nopolar`: no polarisation correction.
    Off,
}

/// How the beam is divided into sources.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SourceOptions {
    /// `-dispersion`: full relative width of the spectrum (%).
    pub dispersion_percent: Option<f64>,
    /// `-dispsteps`: number of wavelengths.
    pub dispersion_steps: Option<i64>,
    /// `-hdivrange`, or `-divergence`: full horizontal divergence (mrad).
    pub hdivrange_mrad: Option<f64>,
    /// `-vdivrange`, or `-divergence`: full vertical divergence (mrad).
    pub vdivrange_mrad: Option<f64>,
    /// `-hdivstep`: horizontal distance between sources (mrad).
    pub hdivstep_mrad: Option<f64>,
    /// `-vdivstep`: vertical distance between sources (mrad).
    pub vdivstep_mrad: Option<f64>,
    /// `-hdivsteps`, or `-divsteps`: number of horizontal steps.
    pub hdivsteps: Option<i64>,
    /// `-vdivsteps`, or `-divsteps`: number of vertical steps.
    pub vdivsteps: Option<i64>,
    /// `-round_div` (true) or `-square_div` (false), the last one given. Gaussian and top-hat
    /// spots are nanoBragg's unless the physics is correct.
    pub round_div: Option<bool>,
    /// `-sourcefile`.
    pub sourcefile: Option<PathBuf>,
    /// `-source_weights`.
    pub weights: Option<SourceWeights>,
    /// `-source_wavelength`.
    pub wavelength: Option<SourceWavelength>,
}

/// What becomes of the weights of a source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceWeights {
    /// Sources count by their weights, normalised to mean 1.
    Apply,
    /// Every source counts the same.
    Ignore,
}

/// Which wavelength the sources of a file have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceWavelength {
    /// Each its own, from the file's fifth column where it has one.
    File,
    /// All that of `-lambda` or `-energy`.
    Lambda,
}

/// The spindle rotation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScanOptions {
    /// `-phi`: start (deg).
    pub phi_deg: Option<f64>,
    /// `-osc`: range (deg).
    pub osc_deg: Option<f64>,
    /// `-phistep`: step (deg).
    pub phistep_deg: Option<f64>,
    /// `-phisteps`: number of steps.
    pub phisteps: Option<i64>,
}

/// The detector's pixels and its place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DetectorOptions {
    /// `-pixel`: edge of a pixel (mm).
    pub pixel_mm: Option<f64>,
    /// `-detpixels_x`, or `-detpixels`: pixels along the fast axis; wins over `detsize_fast_mm` whatever the order.
    pub detpixels_fast: Option<i64>,
    /// `-detpixels_y`, or `-detpixels`: pixels along the slow axis; wins over `detsize_slow_mm` whatever the order.
    pub detpixels_slow: Option<i64>,
    /// `-detsize_f`, or `-detsize`: size along the fast axis (mm).
    pub detsize_fast_mm: Option<f64>,
    /// `-detsize_s`, or `-detsize`: size along the slow axis (mm).
    pub detsize_slow_mm: Option<f64>,
    /// `-distance`: from the sample to the beam spot (mm).
    pub distance_mm: Option<f64>,
    /// `-close_distance`: from the sample to the nearest point of the detector's plane (mm).
    pub close_distance_mm: Option<f64>,
    /// `-Xbeam`: beam centre in the convention's own axes (mm).
    pub xbeam_mm: Option<f64>,
    /// `-Ybeam`: beam centre in the convention's own axes (mm).
    pub ybeam_mm: Option<f64>,
    /// `-Xclose`: nearest point of the plane (mm).
    pub xclose_mm: Option<f64>,
    /// `-Yclose`: nearest point of the plane (mm).
    pub yclose_mm: Option<f64>,
    /// `-ORGX`: nearest point as XDS counts it, along the fast axis (pixels).
    pub orgx_pixels: Option<f64>,
    /// `-ORGY`: nearest point as XDS counts it, along the slow axis (pixels).
    pub orgy_pixels: Option<f64>,
    /// `-mask`: SMV image; its zero pixels are skipped and its header sets the geometry.
    pub mask: Option<PathBuf>,
    /// `-img`: SMV image; its header sets the geometry, after that of the mask.
    pub img: Option<PathBuf>,
}

/// Convention, pivot, axes and rotations.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GeometryOptions {
    /// The convention: `-mosflm`, `-xds`, …, or CUSTOM by any axis option; the last one given. Gaussian and top-hat
    /// spots are nanoBragg's unless the physics is correct.
    pub convention: Option<Chosen<Convention>>,
    /// The pivot that was set last, by `-pivot` or by an option that implies one (`-distance`: beam;
    /// `-close_distance`: sample; …).
    pub last_pivot: Option<Chosen<Pivot>>,
    /// `-pivot` itself.
    pub pivot: Option<Pivot>,
    /// `-fdet_vector`: direction of the fast axis, lab frame.
    pub fdet_vector: Option<[f64; 3]>,
    /// `-sdet_vector`: direction of the slow axis, lab frame.
    pub sdet_vector: Option<[f64; 3]>,
    /// `-odet_vector`: normal of the detector, away from the sample, lab frame.
    pub odet_vector: Option<[f64; 3]>,
    /// `-beam_vector`: direction in which the beam travels, lab frame.
    pub beam_vector: Option<[f64; 3]>,
    /// `-polar_vector`: direction of the electric field, lab frame.
    pub polar_vector: Option<[f64; 3]>,
    /// `-spindle_axis`, lab frame.
    pub spindle_axis: Option<[f64; 3]>,
    /// `-twotheta_axis`, lab frame.
    pub twotheta_axis: Option<[f64; 3]>,
    /// `-pix0_vector`: corner of the first pixel, lab frame (m).
    pub pix0_vector_m: Option<[f64; 3]>,
    /// `-detector_rotx`: rotation about lab x (deg).
    pub detector_rotx_deg: Option<f64>,
    /// `-detector_roty`: rotation about lab y, after that about x (deg).
    pub detector_roty_deg: Option<f64>,
    /// `-detector_rotz`: rotation about lab z, after the other two (deg).
    pub detector_rotz_deg: Option<f64>,
    /// `-twotheta` itself (deg); see [`GeometryOptions::nanobragg_twotheta_deg`].
    pub twotheta_deg: Option<f64>,
    /// Whether a `-twotheta_axis` was given after the last `-twotheta`, or without one.
    pub twotheta_axis_is_last: bool,
}

impl GeometryOptions {
    /// The 2θ angle (deg) as nanoBragg reads it: a `-twotheta_axis` is also a `-twotheta` of its first number, until a later
    /// `-twotheta`.
    pub fn nanobragg_twotheta_deg(&self) -> Option<f64> {
        match self.twotheta_axis {
            Some([x, _, _]) if self.twotheta_axis_is_last => Some(x),
            _ => self.twotheta_deg,
        }
    }
}

/// Whose axes and beam centre are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// `-mosflm`, the default.
    Mosflm,
    /// `-xds`.
    Xds,
    /// `-adxv`.
    Adxv,
    /// `-denzo`.
    Denzo,
    /// `-dials`.
    Dials,
    /// Axes given one by one.
    Custom,
}

/// What stays where it is when the detector is rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pivot {
    /// The detector turns about the sample, and the nearest point of its plane stays what it is.
    Sample,
    /// The detector turns about the beam spot, which stays what it is.
    Beam,
}

/// The sensor.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SensorOptions {
    /// `-detector_abs`: attenuation depth (µm); 0 or infinity: no absorption.
    pub abs_um: Option<f64>,
    /// `-detector_thick`: thickness (µm).
    pub thick_um: Option<f64>,
    /// Whether the thickness was given after the last `-detector_abs`.
    pub thick_is_last: bool,
    /// `-detector_thicksteps`, `-thicksteps`: number of layers.
    pub thicksteps: Option<i64>,
    /// `-layer_depth`.
    pub layer_depth: Option<SamplingDepth>,
    /// `-curved_det`: pixels on a sphere about the sample.
    pub curved: bool,
    /// `-point_pixel`: no obliquity in the solid angle.
    pub point_pixel: bool,
}

/// How finely, where and by which rules the image is sampled.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SamplingOptions {
    /// `-oversample`: sub-pixels per axis.
    pub oversample: Option<i64>,
    /// `-oversample_thick`.
    pub oversample_thick: bool,
    /// `-oversample_polar`.
    pub oversample_polar: bool,
    /// `-oversample_omega`.
    pub oversample_omega: bool,
    /// `-dmin`: samples of finer spacing are skipped (Å).
    pub dmin_angstrom: Option<f64>,
    /// `-roi`: first and last fast pixel, first and last slow pixel, inclusive, from 0.
    pub roi: Option<[i64; 4]>,
    /// `-physics`.
    pub physics: Option<PhysicsChoice>,
    /// `-precision`: the arithmetic of the inner sum.
    pub precision: Option<Precision>,
    /// `-culling`: largest fraction of a pixel's value that may be left out.
    pub culling: Option<f64>,
}

/// Whose way of combining the factors of the intensity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhysicsChoice {
    /// nanoBragg's, with its quirks: the same image for the same arguments.
    NanoBragg,
    /// What is right.
    Correct,
}

/// Background and noise.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NoiseOptions {
    /// `-water`: thickness of water in the beam (µm).
    pub water_um: Option<f64>,
    /// `-adc`: offset added to every pixel of the integer images (counts).
    pub adc: Option<f64>,
    /// `-noisefile` (true) or `-nonoise` (false), the last one given: whether the noise image is made.
    pub noise: Option<bool>,
}

/// The files written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OutputOptions {
    /// `-floatfile`: raw 32-bit floats.
    pub floatfile: Option<PathBuf>,
    /// `-intfile`: SMV image, scaled.
    pub intfile: Option<PathBuf>,
    /// `-scale`: counts per photon of the integer image; 0: automatic.
    pub scale: Option<f64>,
    /// `-noisefile`: SMV image of counts with noise.
    pub noisefile: Option<PathBuf>,
    /// `-pgmfile`: a picture to look at.
    pub pgmfile: Option<PathBuf>,
    /// `-pgmscale`: grey levels per photon; 0: automatic.
    pub pgmscale: Option<f64>,
    /// `-pgmfile`, `-pgmscale` (true) or `-nopgm` (false), the last one given: whether the picture is made.
    pub pgm: Option<bool>,
    /// `-printout`: print the intermediate values of every pixel.
    pub printout: bool,
    /// `-printout_pixel`: print those of this fast and slow pixel only, from 0.
    pub printout_pixel: Option<[i64; 2]>,
}

/// Seeds of the three random streams; [`SeedOptions::state`] says what they mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeedOptions {
    /// `-seed`: noise.
    pub seed: Option<i64>,
    /// `-mosaic_seed`: mosaic domains.
    pub mosaic_seed: Option<i64>,
    /// `-misset_seed`: random orientation.
    pub misset_seed: Option<i64>,
}

impl SeedOptions {
    /// The state in which the generator starts with a seed: the seed, or 1 for one of 0 or less.
    pub fn state(seed: i64) -> u32 {
        u32::try_from(seed.max(1)).unwrap_or(u32::MAX)
    }
}

/// The run itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// `-threads`, at least 1.
    pub threads: Option<usize>,
    /// `-quiet`: no messages but errors.
    pub quiet: bool,
    /// `-progress` (true) or `-noprogress` (false), the last one given. Gaussian and top-hat
    /// spots are nanoBragg's unless the physics is correct.
    pub progress: Option<bool>,
    /// `-print_experiment`: print the resolved experiment and stop.
    pub print_experiment: bool,
    /// `-ignore_unknown`: words that are no options are ignored.
    pub ignore_unknown: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_was_not_given_is_called_by_its_first_name() {
        let mut options = Options::default();
        options.spellings.insert("-lambda", "--wavelength".to_owned());
        assert_eq!(options.spelling("-lambda"), "--wavelength");
        assert_eq!(options.spelling("-distance"), "-distance");
    }

    #[test]
    fn the_first_number_of_the_axis_is_the_angle_until_a_later_one() {
        let axis = GeometryOptions {
            twotheta_axis: Some([0.5, 1.0, 0.0]),
            twotheta_deg: Some(12.0),
            twotheta_axis_is_last: true,
            ..Default::default()
        };
        assert_eq!(axis.nanobragg_twotheta_deg(), Some(0.5));
        let angle = GeometryOptions { twotheta_axis_is_last: false, ..axis };
        assert_eq!(angle.nanobragg_twotheta_deg(), Some(12.0));
        assert_eq!(GeometryOptions::default().nanobragg_twotheta_deg(), None);
    }
}
