//! The table of keys: every name of an experiment file, what its values are, its default and its meaning. Type checking, units,
//! defaults, the unknown-key message and the reference in docs/ come from it.
// tidy: long because it is one table

use self::Count::{Any, Exactly, One, OneOr};
use self::Default::{Absent, Automatic, Required, Toml};
use self::Kind::{Amount, Bool, In, InOr, Integer, Number, OneOf, Path, PixelPosition, Text};
use super::quantity::Unit;
use crate::formats::png;
use crate::formats::reflections::{Content, ReflectionFormat};
use bragg::experiment::Shape;

/// What kind of value a key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A quantity; bare numbers are in this unit.
    In(Unit),
    /// A quantity, or this word.
    InOr(Unit, &'static str),
    /// A plain number.
    Number,
    /// A plain number that is usually whole; whole ones are kept so.
    Amount,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Bool,
    /// Any text.
    Text,
    /// A file.
    Path,
    /// One of these names.
    OneOf(&'static [&'static str]),
    /// A position on the detector: bare numbers are pixels, lengths may be given with a unit.
    PixelPosition,
}

/// How many values a key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// One.
    One,
    /// A list of this length.
    Exactly(usize),
    /// One value that stands for all, or a list of this length.
    OneOr(usize),
    /// A list of any length, or one value.
    Any,
}

/// What holds when the user gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// This value, as TOML.
    Toml(&'static str),
    /// A value computed from others; the text says how.
    Automatic(&'static str),
    /// Nothing; the text says what that means.
    Absent(&'static str),
    /// An error; the text says when.
    Required(&'static str),
}

/// Which numbers a key allows; in a list, each of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Allowed {
    /// Every finite number.
    Any,
    /// Above 0.
    Positive,
    /// 0 or above.
    NonNegative,
    /// Everything but 0.
    NonZero,
    /// These bounds included.
    Between(f64, f64),
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The dotted name; `[]` stands for the index in a list of tables.
    pub name: &'static str,
    /// What kind of value it has.
    pub kind: Kind,
    /// How many.
    pub count: Count,
    /// What holds when the user gives nothing.
    pub default: Default,
    /// Which numbers are allowed.
    pub allowed: Allowed,
    /// The smallest and the largest number (but for signs) that is usual; outside, numbers without a unit are asked about. A few decades
    /// around what is built and measured.
    pub usually: Option<(f64, f64)>,
    /// One line for people.
    pub help: &'static str,
}

const fn key(name: &'static str, kind: Kind, count: Count, default: Default, help: &'static str) -> Key {
    Key { name, kind, count, default, allowed: Allowed::Any, usually: None, help }
}

impl Key {
    const fn allow(mut self, allowed: Allowed) -> Self {
        self.allowed = allowed;
        self
    }

    const fn positive(self) -> Self {
        self.allow(Allowed::Positive)
    }

    const fn usually(mut self, low: f64, high: f64) -> Self {
        self.usually = Some((low, high));
        self
    }

    const fn non_negative(self) -> Self {
        self.allow(Allowed::NonNegative)
    }
}

const MM: Kind = In(Unit::Mm);
const ANGSTROM: Kind = In(Unit::Angstrom);
const DEG: Kind = In(Unit::Deg);
const MRAD: Kind = In(Unit::Mrad);
const FRACTION: Kind = In(Unit::Fraction);
/// The largest number of something that is counted: it fits every integer type it is turned into.
const MOST: f64 = 2_147_483_647.0;
const COUNTED: Allowed = Allowed::Between(1.0, MOST);
/// From an atom to a metre (mm).
const SIZE: Allowed = Allowed::Between(1e-7, 1000.0);
const TICKS: Default =
    Automatic("range / step (one more from end to end), or so many that integrated spots are right within 2 %");
const TICK_STEP: Default = Automatic("range / steps; range / (steps − 1) from end to end");
const TICK_SAMPLE: Default = Automatic("midpoint; ends with physics = \"nanobragg\"");

/// The formats of structure factors by their names; `None` for the one that name and content tell.
pub const FORMATS: [(&str, Option<Content>); 10] = [
    ("auto", None),
    ("text", Some(Content::Reflections(ReflectionFormat::Text))),
    ("nanobragg-text", Some(Content::Reflections(ReflectionFormat::NanoBraggText))),
    ("mtz", Some(Content::Reflections(ReflectionFormat::Mtz))),
    ("fdump", Some(Content::Reflections(ReflectionFormat::Fdump))),
    ("cif", Some(Content::Reflections(ReflectionFormat::Cif))),
    ("crystfel", Some(Content::Reflections(ReflectionFormat::CrystFel))),
    ("shelx", Some(Content::Reflections(ReflectionFormat::Shelx))),
    ("xds", Some(Content::Reflections(ReflectionFormat::XdsAscii))),
    ("coordinates", Some(Content::Coordinates)),
];
const FORMAT_NAMES: &[&str] = &names(&FORMATS);
const SCALES: &[&str] = &names(&png::Scale::ALL);
const SHAPES: &[&str] = &names(&Shape::ALL);
const COLOR_MAPS: &[&str] = &names(&png::ColorMap::ALL);
const BINNINGS: &[&str] = &names(&png::Binning::ALL);

const fn names<T, const N: usize>(all: &[(&'static str, T); N]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut i = 0;
    while i < N {
        names[i] = all[i].0;
        i += 1;
    }
    names
}

/// The detectors that [`super::presets`] knows.
pub const PRESETS: &[&str] = &["pilatus3-6m", "eiger2-16m", "eiger2-4m", "jungfrau-4m", "rayonix-mx340", "adsc-q315r"];

/// Every key, table after table, in the order in which they are printed.
// one row, one or two lines
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key("crystal.misset", DEG, Exactly(3), Toml("[0.0, 0.0, 0.0]"),
        "orientation: the crystal is turned from its default orientation (a along x, b in the xy plane) about lab x, then y, then z"),
    key("crystal.u_matrix", Number, Exactly(9), Absent("misset is used"),
        "orientation: the rotation U by rows, A = U·B, with dxtbx's B (a along x, b in the xy plane)"),
    key("crystal.a_matrix", Number, Exactly(9), Absent("misset is used"),
        "cell and orientation: A by rows, columns a*, b*, c* in 1/Å, laboratory frame"),
    key("crystal.real_space_a", ANGSTROM, Exactly(3), Absent("misset is used"),
        "cell and orientation: the edge a in the laboratory frame, with real_space_b and real_space_c (dxtbx)"),
    key("crystal.real_space_b", ANGSTROM, Exactly(3), Absent("misset is used"), "the edge b in the laboratory frame"),
    key("crystal.real_space_c", ANGSTROM, Exactly(3), Absent("misset is used"), "the edge c in the laboratory frame"),
    key("crystal.mosflm_matrix", Path, One, Absent("misset is used"),
        "cell and orientation: a MOSFLM matrix file, A times wavelength in MOSFLM's frame"),
    key("crystal.orientation", OneOf(&["random"]), One, Absent("misset is used"),
        "orientation: \"random\" draws one uniformly from all orientations"),
    key("crystal.orientation_seed", Integer, One, Toml("1"), "seed of the random orientation").non_negative(),
    key("crystal.n_cells", Amount, OneOr(3), Required("n_cells or domain_size must be given"),
        "number of unit cells along a, b and c of one mosaic block, which scatters coherently; between whole numbers, which a refinement goes through, the square shape is sin²(πNδ)/sin²(πδ) with δ ≤ ½ from the nearest reflection").allow(COUNTED),
    key("crystal.domain_size", MM, OneOr(3), Absent("n_cells is used"),
        "edge of one mosaic block along a, b and c; n_cells is then domain_size / edge, rounded up").allow(SIZE).usually(1e-6, 0.1),
    key("crystal.extent", MM, OneOr(3), Absent("n_blocks is used"),
        "real size of the crystal: one number, or three, two across the beam (x and y where the beam runs along z) and one along it; what of it lies in the beam (beam.size) is n_blocks mosaic blocks").allow(SIZE).usually(1e-5, 10.0),
    key("crystal.extent_shape", OneOf(&["box", "sphere"]), One, Absent("box, when an extent is given"),
        "shape of the crystal with this extent: a box, or a sphere of this diameter (an ellipsoid with three)"),
    key("crystal.n_blocks", Number, One, Automatic("illuminated volume of extent / volume of n_cells cells; 1 without an extent"),
        "number of mosaic blocks in the beam, whose photons add up").positive(),
    key("crystal.shape", OneOf(SHAPES), One, Toml("\"square\""),
        "shape of the crystal (of each mosaic block), which sets that of its spots: a parallelepiped; a sphere; Gaussian spots as wide along each index as the block is, or round in reciprocal space (\"gauss-star\"); top-hat spots; nanoBragg's Gaussian and top-hat spots, whose width does not know the cell and whose photons are wrong"),
    key("crystal.fudge", Number, One, Toml("1.0"), "multiplies the squared argument of the shapes other than square; photons are right at 1 and go as fudge^(−3/2)").positive(),
    key("crystal.scale", Number, One, Toml("1.0"), "multiplies all Bragg scattering, besides n_blocks").non_negative(),
    key("crystal.space_group", Text, One, Absent("that of the file; a list without one is P1"),
        "space group by any usual spelling (\"P 43 21 2\", 96, \"P 21/c\", \"R 3 2:H\"), instead of what the file says: the list is expanded by it to P1"),
    key("crystal.mosaic.distribution", OneOf(&["gaussian", "cap"]), One, Automatic("cap with a half_width, otherwise gaussian"),
        "how the orientations of mosaic domains spread: rotation vectors with a Gaussian distribution, or nanoBragg's cap (angles half_width · (1 − r²)^⅓, r uniform, about axes uniform on the sphere)"),
    key("crystal.mosaic.eta", DEG, One, Automatic("0 without a half_width"),
        "mosaicity, of a Gaussian: standard deviation of a domain's rotation about each axis").allow(Allowed::Between(0.0, 60.0)).usually(1e-6, 20.0),
    key("crystal.mosaic.half_width", DEG, One, Absent("eta is used"),
        "mosaicity, of a cap: largest angle by which a domain is turned; the standard deviation about each axis is 0.496 of it").allow(Allowed::Between(0.0, 180.0)).usually(1e-6, 100.0),
    key("crystal.mosaic.domains", Integer, One, Automatic("1 without mosaicity; with it so many that integrated spots are right within 2 %"), "number of mosaic domains").allow(COUNTED),
    key("crystal.mosaic.seed", Integer, One, Toml("12345678"), "seed of the mosaic domains; each scan.frame has domains of its own").non_negative(),
    key("crystal.mosaic.generator", OneOf(&["keyed", "nanobragg"]), One, Toml("\"keyed\""),
        "random numbers of the mosaic domains: our own, or nanoBragg's for the same domains of a cap from the same seed, whatever the frame"),
    key("crystal.mosaic.frame", OneOf(&["crystal", "laboratory"]), One, Automatic("crystal; laboratory with physics = \"nanobragg\""),
        "whether domains turn with the crystal, or stay in the laboratory while it turns, as in nanoBragg"),
    key("crystal.cell.a", ANGSTROM, One, Automatic("that of the file of structure factors or coordinates"), "edge a").positive().usually(1.0, 5000.0),
    key("crystal.cell.b", ANGSTROM, One, Automatic("that of the file of structure factors or coordinates, or as a"), "edge b").positive().usually(1.0, 5000.0),
    key("crystal.cell.c", ANGSTROM, One, Automatic("that of the file of structure factors or coordinates, or as a"), "edge c").positive().usually(1.0, 5000.0),
    key("crystal.cell.alpha", DEG, One, Toml("90.0"), "angle between b and c; that of the file of structure factors or coordinates, where there is one")
        .allow(Allowed::Between(0.0, 180.0)).usually(10.0, 180.0),
    key("crystal.cell.beta", DEG, One, Toml("90.0"), "angle between a and c; likewise").allow(Allowed::Between(0.0, 180.0)).usually(10.0, 180.0),
    key("crystal.cell.gamma", DEG, One, Toml("90.0"), "angle between a and b; likewise").allow(Allowed::Between(0.0, 180.0)).usually(10.0, 180.0),
    key("crystal.structure_factors.file", Path, One, Absent("every reflection has the default amplitude"),
        "structure factors (MTZ, CIF, CrystFEL, XDS, SHELX, lines h k l F), or coordinates (PDB, CIF) to compute them from; also compressed"),
    key("crystal.structure_factors.format", OneOf(FORMAT_NAMES), One, Toml("\"auto\""),
        "format of the file: by its content and name, lines h k l F, the same as nanoBragg reads it, MTZ, nanoBragg's cache Fdump.bin, CIF with _refln, CrystFEL's list, SHELX's HKLF 4, XDS_ASCII, or coordinates"),
    key("crystal.structure_factors.column", Text, One, Absent("the obvious column"), "label of the MTZ or CIF column with F or I; of CIF also BLOCK/COLUMN[crystal_id=1,wavelength_id=1]"),
    key("crystal.structure_factors.d_min", ANGSTROM, One,
        Automatic("of coordinates: what the detector reaches (or sampling.d_min) and half a reciprocal cell more, two and a half for interpolation"),
        "finest spacing of what is calculated or filled in; reflections of a file beyond it are left out").positive().usually(0.3, 200.0),
    key("crystal.structure_factors.models", OneOf(&["first", "all"]), One, Toml("\"first\""),
        "which models of coordinates scatter: the first, or all, each with the same share of the crystal"),
    key("crystal.structure_factors.solvent", Bool, One, Toml("true"), "whether bulk solvent fills the cell between the atoms of coordinates"),
    key("crystal.structure_factors.k_sol", Number, One, Toml("0.35"), "density of the bulk solvent, electrons/Å³").allow(Allowed::Between(0.0, 10.0)),
    key("crystal.structure_factors.b_sol", Number, One, Toml("46.0"), "B of the bulk solvent's boundary, Å²").allow(Allowed::Between(0.0, 1000.0)),
    key("crystal.structure_factors.anomalous", Bool, One, Toml("true"),
        "whether atoms of coordinates have dispersion corrections f′ and f″, at the mean energy of the beam's sources"),
    key("crystal.structure_factors.fill", OneOf(&["none", "constant", "coordinates", "wilson"]), One, Toml("\"none\""),
        "what the reflections to d_min get that a file of structure factors lacks: nothing, fill_amplitude, F_calc of fill_file on the file's scale, or amplitudes by Wilson's statistics"),
    key("crystal.structure_factors.fill_file", Path, One, Absent("only fill = \"coordinates\" needs it"), "coordinates to fill in from"),
    key("crystal.structure_factors.fill_amplitude", Number, One, Required("fill = \"constant\" needs it"),
        "amplitude |F| in electrons of reflections that are filled in").non_negative(),
    key("crystal.structure_factors.synthetic", OneOf(&["wilson"]), One, Absent("the file is used"),
        "amplitudes by chance instead of a file: \"wilson\" draws those of a protein that fills the cell"),
    key("crystal.structure_factors.wilson_b", Number, One, Toml("20.0"), "B of the synthetic amplitudes, Å²").non_negative(),
    key("crystal.structure_factors.seed", Integer, One, Toml("1"), "seed of amplitudes by Wilson's statistics").non_negative(),
    key("crystal.structure_factors.default", Number, One, Toml("0.0"),
        "amplitude |F| in electrons of every reflection that the file does not have"),
    key("crystal.structure_factors.include_f000", Bool, One, Toml("false"),
        "whether F(0,0,0) scatters, whose photons fall onto the beam itself, where a beamstop stands"),
    key("crystal.structure_factors.scale", Number, One, Toml("1.0"), "multiplies every amplitude |F|").positive(),
    key("crystal.structure_factors.b_factor", Number, One, Toml("0.0"),
        "B in Å²: amplitudes of the file are multiplied by exp(−B/(4 d²)), d the spacing"),
    key("crystal.structure_factors.interpolation", OneOf(&["nearest", "tricubic", "auto"]), One,
        Automatic("tricubic when reflections are loaded and any of n_cells is 1 or 2, nearest otherwise"),
        "how |F| is read between reflections"),
    key("beam.wavelength", ANGSTROM, One, Required("wavelength or energy must be given"), "wavelength").positive().usually(0.2, 20.0),
    key("beam.energy", In(Unit::Ev), One, Absent("wavelength is used"), "photon energy, instead of the wavelength").positive().usually(500.0, 200_000.0),
    key("beam.direction", Number, Exactly(3), Toml("[0.0, 0.0, 1.0]"), "direction from the sample to the source (dxtbx)"),
    key("beam.polarization", OneOf(&["kahn", "none"]), One, Toml("\"kahn\""),
        "the polarisation factor (Kahn et al. 1982), or none"),
    key("beam.polarization_fraction", Number, One, Toml("0.999"), "fraction of the intensity polarised across polarization_normal (dxtbx)")
        .allow(Allowed::Between(0.0, 1.0)),
    key("beam.kahn_factor", Number, One, Absent("polarization_fraction is used"),
        "Kahn's polarisation factor, 2·polarization_fraction − 1, instead of the fraction").allow(Allowed::Between(-1.0, 1.0)),
    key("beam.polarization_normal", Number, Exactly(3), Toml("[0.0, 1.0, 0.0]"), "normal of the plane of polarisation (dxtbx)"),
    key("beam.polarization_vector", Number, Exactly(3), Absent("polarization_normal is used"),
        "direction of the electric field, instead of the normal"),
    key("beam.fluence", Number, One, Toml("1e20"),
        "photons per m² on the sample; the default is 10¹² photons in a square of 0.1 mm").non_negative(),
    key("beam.flux", Number, One, Absent("fluence is used"), "photons per second; fluence is then flux · exposure / size²").positive(),
    key("beam.exposure", In(Unit::Second), One, Absent("1 s"),
        "exposure time: with flux it gives the fluence, headers have it, and counters of presets count so many photons a second").positive().usually(1e-16, 3600.0),
    key("beam.size", MM, One, Toml("0.1"), "edge of the square beam: what of the crystal and the water lies in it scatters").allow(SIZE).usually(1e-5, 10.0),
    key("beam.source_file", Path, One, Absent("the sources are generated"),
        "list of sources, one per line: x y z (laboratory frame, from the sample), weight, wavelength in m"),
    key("beam.source_weights", OneOf(&["apply", "ignore"]), One, Toml("\"apply\""),
        "whether the weights of the source file count (normalised to mean 1) or all sources are alike"),
    key("beam.source_wavelength", OneOf(&["file", "beam"]), One, Toml("\"file\""),
        "whether the source file's wavelengths are used, or the beam's for all"),
    key("beam.divergence.horizontal_range", MRAD, One, Toml("0.0"), "full range of directions along the polarisation").non_negative().usually(1e-4, 100.0),
    key("beam.divergence.horizontal_step", MRAD, One, TICK_STEP, "angle between directions").non_negative().usually(1e-6, 100.0),
    key("beam.divergence.horizontal_steps", Integer, One, TICKS, "number of directions").allow(COUNTED),
    key("beam.divergence.vertical_range", MRAD, One, Toml("0.0"), "full range of directions across the polarisation").non_negative().usually(1e-4, 100.0),
    key("beam.divergence.vertical_step", MRAD, One, TICK_STEP, "angle between directions").non_negative().usually(1e-6, 100.0),
    key("beam.divergence.vertical_steps", Integer, One, TICKS, "number of directions").allow(COUNTED),
    key("beam.divergence.sample", OneOf(&["midpoint", "ends"]), One, TICK_SAMPLE, "whether directions are those in the middles of equal parts of the range, or reach its ends, as in nanoBragg, and stand for a wider one"),
    key("beam.divergence.round", Bool, One, Toml("true"), "whether the corners of the range are left out"),
    key("beam.dispersion.range", FRACTION, One, Toml("0.0"), "full width of the spectrum as a fraction of the wavelength").allow(Allowed::Between(0.0, 1.9)).usually(1e-7, 0.5),
    key("beam.dispersion.step", FRACTION, One, TICK_STEP, "distance between wavelengths as a fraction of the wavelength").non_negative().usually(1e-9, 0.5),
    key("beam.dispersion.steps", Integer, One, TICKS, "number of wavelengths").allow(COUNTED),
    key("beam.dispersion.sample", OneOf(&["midpoint", "ends"]), One, TICK_SAMPLE, "the same of wavelengths"),
    key("detector.preset", OneOf(PRESETS), One, Absent("the detector is described by numbers"),
        "a known detector: sets pixels, pixel_size, sensor and the largest count where they are not given"),
    key("detector.distance", MM, One, Required("distance or a list of panels must be given"),
        "distance along the beam from the sample to the detector; negative puts it before the sample").allow(Allowed::NonZero).usually(5.0, 50_000.0),
    key("detector.beam_center", PixelPosition, Exactly(2), Automatic("the centre of the detector"),
        "where the beam meets the detector, fast and slow, from the outer corner of the first pixel"),
    key("detector.pixels", Integer, Exactly(2), Required("pixels or a preset must be given"), "number of pixels along fast and slow").allow(COUNTED),
    key("detector.pixel_size", MM, One, Required("pixel_size or a preset must be given"), "edge of a pixel").positive().usually(0.001, 10.0),
    key("detector.fast_axis", Number, Exactly(3), Toml("[1.0, 0.0, 0.0]"), "direction of rows, before the detector is turned"),
    key("detector.slow_axis", Number, Exactly(3), Toml("[0.0, -1.0, 0.0]"), "direction of columns, before the detector is turned"),
    key("detector.tilt", DEG, Exactly(3), Toml("[0.0, 0.0, 0.0]"), "turns the detector about lab x, then y, then z"),
    key("detector.two_theta", DEG, One, Toml("0.0"), "then turns it about two_theta_axis"),
    key("detector.two_theta_axis", Number, Exactly(3), Toml("[1.0, 0.0, 0.0]"), "axis of two_theta"),
    key("detector.pivot", OneOf(&["sample", "beam"]), One, Toml("\"sample\""),
        "what the detector is turned about: the sample (distance and beam_center are those before turning) or the beam spot (they still hold after turning)"),
    key("detector.curvature", OneOf(&["flat", "sphere", "nanobragg-sphere"]), One, Toml("\"flat\""),
        "whether pixels lie in the plane or on a sphere of radius distance around the sample"),
    key("detector.point_pixels", Bool, One, Toml("false"), "every pixel subtends 1/R² whatever its size and obliquity"),
    key("detector.roi", Integer, Exactly(4), Absent("all pixels"),
        "pixels to compute: first and last along fast, first and last along slow, ends included; the others stay 0").allow(Allowed::Between(0.0, MOST)),
    key("detector.mask_format", OneOf(&["auto", "nanobragg"]), One, Toml("\"auto\""),
        "format of the mask: by its name, or SMV of 16-bit samples as nanoBragg reads it, whatever its name and type"),
    key("detector.mask", Path, One, Absent("no pixel is masked"), "image (.img, .npy or another that is read) whose zero pixels are skipped; several panels need .npy"),
    key("detector.sensor.material", OneOf(super::presets::MATERIALS), One, Absent("attenuation_length is used"),
        "what the sensor is made of: sets the attenuation length at the beam's wavelength"),
    key("detector.sensor.thickness", MM, One, Automatic("layers · layer_thickness"), "thickness of the sensor; 0 counts every photon on the surface").non_negative().usually(1e-3, 20.0),
    key("detector.sensor.attenuation_length", MM, One, Automatic("that of the material at the beam's wavelength"),
        "depth at which 1/e of the photons remain").positive().usually(1e-5, 200.0),
    key("detector.sensor.layers", Integer, One, Toml("1"), "number of sub-layers in which absorption is sampled").allow(Allowed::Between(1.0, 10_000.0)),
    key("detector.sensor.layer_thickness", MM, One, Automatic("thickness / layers"), "thickness of a sub-layer").non_negative().usually(1e-5, 20.0),
    key("detector.sensor.sampling_depth", OneOf(&["mean", "entrance"]), One, Automatic("mean; entrance with physics = \"nanobragg\""),
        "where a sub-layer is sampled: at the mean depth of the photons that it absorbs, or at its front, as in nanoBragg"),
    key("detector.panel[].name", Text, One, Automatic("panel and its number"), "name of the panel"),
    key("detector.panel[].origin", MM, Exactly(3), Required("every panel needs an origin"), "corner of the first pixel, laboratory frame"),
    key("detector.panel[].fast_axis", Number, Exactly(3), Required("every panel needs a fast_axis"), "direction of rows"),
    key("detector.panel[].slow_axis", Number, Exactly(3), Required("every panel needs a slow_axis"), "direction of columns"),
    key("detector.panel[].normal", Number, Exactly(3), Automatic("across both axes, away from the sample"), "direction in which depth in the sensor is measured"),
    key("detector.panel[].pixels", Integer, Exactly(2), Automatic("detector.pixels"), "number of pixels along fast and slow").allow(COUNTED),
    key("detector.panel[].pixel_size", MM, One, Automatic("detector.pixel_size"), "edge of a pixel").positive().usually(0.001, 10.0),
    key("detector.panel[].roi", Integer, Exactly(4), Automatic("detector.roi, or all pixels"), "pixels to compute, as detector.roi").allow(Allowed::Between(0.0, MOST)),
    key("scan.axis", Number, Exactly(3), Toml("[1.0, 0.0, 0.0]"), "axis about which the crystal turns during the exposure"),
    key("scan.start", DEG, One, Toml("0.0"), "angle at the start of the exposure"),
    key("scan.range", DEG, One, Automatic("steps · step, or 0"), "angle by which the crystal turns"),
    key("scan.steps", Integer, One, Automatic("so many that integrated spots are right within 2 %"), "number of angles that are sampled").allow(COUNTED),
    key("scan.step", DEG, One, Automatic("range / steps"), "angle between samples"),
    key("scan.frame", Integer, One, Toml("0"), "number of the image in its series: mosaic domains and noise have random numbers of their own for each").non_negative(),
    key("scan.sample", OneOf(&["midpoint", "start"]), One, Toml("\"midpoint\""), "whether each step is sampled in its middle or at its start"),
    key("sampling.oversample", Integer, One, Automatic("3 samples across the narrowest spot, at least 1"),
        "sub-pixels along each axis of a pixel").allow(Allowed::Between(1.0, 10_000.0)),
    key("sampling.d_min", ANGSTROM, One, Toml("0.0"), "Bragg scattering of finer spacing is left out; 0 keeps everything").non_negative().usually(0.3, 1000.0),
    key("sampling.physics", OneOf(&["correct", "nanobragg"]), One, Toml("\"correct\""),
        "how samples are combined: every factor at every sample, or as nanoBragg does"),
    key("sampling.oversample_thick", Bool, One, Toml("false"), "nanoBragg's -oversample_thick; only with physics = \"nanobragg\""),
    key("sampling.oversample_polar", Bool, One, Toml("false"), "nanoBragg's -oversample_polar; likewise"),
    key("sampling.oversample_omega", Bool, One, Toml("false"), "nanoBragg's -oversample_omega; likewise"),
    key("sampling.backend", OneOf(&["auto", "cpu", "reference"]), One, Toml("\"auto\""),
        "kernel that sums: the fastest that can make the image, the processor's, or the plain and slow one that the others are compared with"),
    key("sampling.precision", OneOf(&["double", "fast"]), One, Toml("\"double\""),
        "arithmetic: double precision, or mixed with an error below 1e-5 of a pixel's value, for pictures, training data and planning; shape = \"square\" gains by it, other shapes stay double"),
    key("sampling.culling", Number, One, Toml("1e-7"),
        "largest fraction of a pixel's value that may be left out by skipping orientations whose Gaussian or top-hat spots do not reach it; 0 skips none")
        .allow(Allowed::Between(0.0, 0.01)),
    key("background.water", MM, One, Absent("water_volume is used"), "thickness of a layer of water across the beam").non_negative().usually(1e-5, 20.0),
    key("background.water_volume", Number, One, Automatic("water · beam.size², or 0"), "volume of water in the beam, mm³").non_negative(),
    key("background.offset", Number, One, Toml("0.0"), "photons in every pixel besides, in the middle of each panel"),
    key("background.slope_fast", Number, One, Toml("0.0"), "how many more of them there are from pixel to pixel along fast"),
    key("background.slope_slow", Number, One, Toml("0.0"), "how many more of them there are from pixel to pixel along slow"),
    key("noise.poisson", Bool, One, Automatic("true when a seed is given"), "whether photons are counted with Poisson noise"),
    key("noise.seed", Integer, One, Automatic("1, when there is noise"), "seed of the noise").non_negative(),
    key("noise.adc_offset", Number, One, Absent("0; 40 in SMV images, whose readers take 0 for no value"), "counts added to every pixel").non_negative(),
    key("noise.gain", Number, One, Toml("1.0"), "counts per photon").positive(),
    key("noise.saturation", Number, One, Absent("that of the preset or the file format"),
        "largest count; brighter pixels are recorded as one more, which readers do not take for measured").positive(),
    key("output.files", Path, Any, Toml("[]"), "images to write; the extension names the format: .img, .cbf, .npy, .bin, .pgm, .png, .tif"),
    key("output.png.scale", OneOf(SCALES), One, Toml("\"log\""), "how intensities are spread over the levels of grey"),
    key("output.png.percentiles", Number, Exactly(2), Toml("[1.0, 99.995]"), "the first and the last level are the intensities that so many percent of the pixels do not exceed")
        .allow(Allowed::Between(0.0, 100.0)),
    key("output.png.range", Number, Exactly(2), Absent("percentiles is used"), "intensities of the first and the last level, to compare pictures"),
    key("output.png.color_map", OneOf(COLOR_MAPS), One, Toml("\"inverted-grey\""), "colours of the levels"),
    key("output.png.rings", InOr(Unit::Angstrom, "auto"), Any, Toml("[]"), "resolutions at which rings are drawn; \"auto\" finds round numbers").positive(),
    key("output.png.beam_cross", Bool, One, Toml("false"), "whether the beam centre is marked"),
    key("output.png.max_width", Integer, One, Toml("2048"), "largest width and height in dots; larger images are binned").allow(COUNTED),
    key("output.png.panel", Integer, One, Absent("all panels are shown"), "the panel that is shown, from 0").non_negative(),
    key("output.png.roi", Integer, Exactly(4), Absent("all pixels are shown"), "the pixels that are shown: first and last along fast, then along slow; of several panels also say which").allow(Allowed::Between(0.0, MOST)),
    key("output.png.zoom", Integer, One, Absent("1; with a roi as many as make it some 600 dots wide"), "how many dots a pixel is wide, as far as max_width allows").allow(COUNTED),
    key("output.png.binning", OneOf(BINNINGS), One, Toml("\"max\""), "what pixels that are binned leave: the highest, so that spots stay, or the mean"),
];

/// Groups of ways to say the same thing. Giving two of a group is an error; of two layers, the later one's way holds.
pub const ALTERNATIVES: &[&[&[&str]]] = &[
    &[&["beam.wavelength"], &["beam.energy"]],
    &[&["beam.fluence"], &["beam.flux"]],
    &[&["beam.polarization_fraction"], &["beam.kahn_factor"]],
    &[&["beam.polarization_normal"], &["beam.polarization_vector"]],
    &[&["beam.source_file"], &["beam.divergence", "beam.dispersion"]],
    &[&["crystal.n_cells"], &["crystal.domain_size"]],
    &[&["crystal.n_blocks"], &["crystal.extent", "crystal.extent_shape"]],
    &[&["background.water"], &["background.water_volume"]],
    &[&["crystal.mosaic.eta"], &["crystal.mosaic.half_width"]],
    &[&["crystal.structure_factors.file"], &["crystal.structure_factors.synthetic"]],
    &[&["output.png.percentiles"], &["output.png.range"]],
    &[
        &["crystal.misset"],
        &["crystal.u_matrix"],
        &["crystal.a_matrix"],
        &["crystal.real_space_a", "crystal.real_space_b", "crystal.real_space_c"],
        &["crystal.mosflm_matrix"],
        &["crystal.orientation"],
    ],
];

/// What has cell and orientation in it.
pub(super) const MATRICES: &[&str] = &[
    "crystal.a_matrix",
    "crystal.real_space_a",
    "crystal.real_space_b",
    "crystal.real_space_c",
    "crystal.mosflm_matrix",
];

/// Groups of which only one may be given, as with [`ALTERNATIVES`], but that do not stand for each other: no layer replaces another's.
pub const EXCLUSIVE: &[&[&[&str]]] = &[
    &[&["crystal.cell"], MATRICES],
    &[
        &["detector.panel"],
        &[
            "detector.beam_center",
            "detector.fast_axis",
            "detector.slow_axis",
            "detector.tilt",
            "detector.two_theta",
            "detector.two_theta_axis",
            "detector.pivot",
        ],
    ],
];

/// What a later layer gives, and what it makes earlier layers forget: a matrix has the cell in it, a width says which distribution it is
/// the width of.
pub const SUPERSEDED: &[(&[&str], &[&str])] = &[
    (MATRICES, &["crystal.cell"]),
    (&["crystal.mosaic.eta", "crystal.mosaic.half_width"], &["crystal.mosaic.distribution"]),
];

/// A key of earlier versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renamed {
    /// Its name.
    pub old: &'static str,
    /// The key that took its place.
    pub new: &'static str,
    /// What else changed; empty where nothing did.
    pub change: &'static str,
}

/// Keys that have another name now. The old ones are refused, since values may mean something else.
#[rustfmt::skip] // a table
pub const RENAMED: &[Renamed] = &[
    Renamed { old: "crystal.mosaic_spread", new: "crystal.mosaic.half_width",
        change: "the largest angle by which a domain is turned; crystal.mosaic.eta is the standard deviation about each axis that other programs mean" },
    Renamed { old: "crystal.size", new: "crystal.domain_size",
        change: "the edge of one mosaic block; the size of the whole crystal is crystal.extent" },
    Renamed { old: "crystal.mosaic_domains", new: "crystal.mosaic.domains", change: "" },
    Renamed { old: "crystal.mosaic_seed", new: "crystal.mosaic.seed", change: "" },
    Renamed { old: "crystal.mosaic_generator", new: "crystal.mosaic.generator", change: "" },
];

/// Whether `name` is the key or lies in the table or list of tables called `prefix`.
pub fn is_under(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The largest number of entries in a list of tables.
pub const MAX_PANELS: usize = 10_000;

/// The index and the pattern (`detector.panel[].origin`) of a name within a list of tables.
pub fn split_index(name: &str) -> Option<(usize, String)> {
    let (list, rest) = name.split_once('[')?;
    let (index, rest) = rest.split_once(']')?;
    let index = index.parse().ok().filter(|&i| i < MAX_PANELS)?;
    Some((index, format!("{list}[]{rest}")))
}

/// The row of a name; names within lists of tables have their index in brackets.
pub fn find(name: &str) -> Option<&'static Key> {
    let pattern = split_index(name).map_or_else(|| name.to_owned(), |(_, pattern)| pattern);
    if name.contains("[]") {
        return None;
    }
    KEYS.iter().find(|key| key.name == pattern)
}

/// Whether a name is that of a table.
pub fn is_table(name: &str) -> bool {
    let pattern = split_index(name).map_or_else(|| name.to_owned(), |(_, pattern)| pattern);
    KEYS.iter().any(|key| key.name.strip_prefix(&pattern).is_some_and(|rest| rest.starts_with('.')))
}

/// What to say of a name that no key has.
pub fn unknown(name: &str) -> String {
    let pattern = split_index(name).map_or_else(|| name.to_owned(), |(_, pattern)| pattern);
    if let Some(Renamed { new, change, .. }) = RENAMED.iter().find(|renamed| renamed.old == pattern) {
        let change = if change.is_empty() { String::new() } else { format!(": {change}") };
        return format!("is called {new} now{change}");
    }
    let nearness = |known: &str| {
        let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
        // a right name in the wrong table is as good a guess as a misspelt one
        strsim::jaro_winkler(&pattern, known).max(0.97 * strsim::jaro_winkler(&last(&pattern), &last(known)))
    };
    let nearest = KEYS.iter().map(|key| (nearness(key.name), key.name)).max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((nearness, known)) if nearness > 0.8 => format!("there is no such key; the nearest is {known}"),
        _ => "there is no such key; docs/experiment-file.md lists them all".to_owned(),
    }
}

impl Key {
    /// What values are allowed, to stand behind "it must be".
    pub fn allowed_text(&self) -> String {
        let one = match self.kind {
            In(unit) => unit.allowed().to_owned(),
            InOr(unit, word) => format!("{}, or \"{word}\"", unit.allowed()),
            Number | Amount => "a number".to_owned(),
            Integer => "a whole number".to_owned(),
            Bool => "true or false".to_owned(),
            Text => "text in quotes".to_owned(),
            Path => "the name of a file".to_owned(),
            OneOf(names) => {
                format!("one of {}", names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", "))
            }
            PixelPosition => "a number of pixels or a length such as \"85.3 mm\"".to_owned(),
        };
        let range = match (self.allowed, self.kind) {
            (Allowed::Any, _) => String::new(),
            (Allowed::Positive, _) => ", greater than 0".to_owned(),
            (Allowed::NonNegative, _) => ", not negative".to_owned(),
            (Allowed::NonZero, _) => ", not 0".to_owned(),
            (Allowed::Between(low, high), _) => format!(", from {low} to {high}"),
        };
        match self.count {
            One => format!("{one}{range}"),
            Exactly(n) => format!("a list of {n}, each {one}{range}"),
            OneOr(n) => format!("{one}{range}, or a list of {n}"),
            Any => format!("a list, each {one}{range}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::Description;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_tables_are_together() {
        let names: BTreeSet<_> = KEYS.iter().map(|key| key.name).collect();
        assert_eq!(names.len(), KEYS.len());
        let table = |key: &Key| key.name.rsplit_once('.').map(|(table, _)| table);
        let mut tables: Vec<_> = KEYS.iter().map(table).collect();
        tables.dedup();
        assert_eq!(tables.len(), tables.iter().collect::<BTreeSet<_>>().len());
    }

    #[test]
    fn every_default_is_a_value_of_its_key() {
        for key in KEYS {
            if let Toml(text) = key.default {
                Description::parse_value(key, text).unwrap_or_else(|e| panic!("{}: {e}", key.name));
            }
        }
    }

    #[test]
    fn every_alternative_is_a_key_or_a_table() {
        for prefix in ALTERNATIVES.iter().chain(EXCLUSIVE).flat_map(|group| group.iter()).flat_map(|keys| keys.iter()) {
            assert!(KEYS.iter().any(|key| is_under(key.name, prefix)), "{prefix}");
        }
    }

    #[test]
    fn misspelt_keys_are_told_the_nearest_name() {
        assert!(unknown("detector.distanse").contains("the nearest is detector.distance"));
        assert!(unknown("detector.panel[3].orign").contains("the nearest is detector.panel[].origin"));
        assert!(unknown("beam.half_width").contains("the nearest is crystal.mosaic.half_width"));
        assert!(unknown("zzz").contains("docs/experiment-file.md"));
    }

    #[test]
    fn renamed_keys_are_refused_with_the_new_name() {
        for Renamed { old, new, .. } in RENAMED {
            assert!(find(old).is_none() && find(new).is_some(), "{old} {new}");
            assert!(unknown(old).starts_with(&format!("is called {new} now")), "{}", unknown(old));
        }
        assert!(unknown("crystal.mosaic_spread").contains("standard deviation"));
    }

    #[test]
    fn names_in_lists_of_tables_are_found_by_index() {
        assert_eq!(find("detector.panel[12].origin").unwrap().name, "detector.panel[].origin");
        assert!(find("detector.panel[].origin").is_none());
        assert!(find("detector.panel[99999999].origin").is_none());
        assert!(find("detector.panel[-1].origin").is_none());
        assert!(is_table("detector") && is_table("detector.panel[0]") && !is_table("detector.distance"));
    }
}
