//! The table of nanoBragg's options. The parser, the help and `docs/nanobragg-options.md` are made from it.
// tidy: long because an option is looked for in one place

use crate::description::nanobragg::{
    Chosen, Convention, PhysicsChoice, Pivot, PolarOption, SourceWavelength, SourceWeights, WavelengthOption,
};
use bragg::experiment::{MosaicFrame, Precision, SamplingDepth, Shape};

use super::flag::Name::{Exact, Stem};
use super::flag::{Action, Flag, Group, HelpLength, IS_DEFAULT};

/// What a row does not say.
const ROW: Flag = Flag {
    names: &[],
    value: "",
    unit: "",
    default: "",
    help: "",
    doc: "",
    stands_for: &[],
    pivot: None,
    convention: None,
    action: Action::Unused(false),
};

/// Every option, in the order of the help.
pub(crate) static GROUPS: &[Group] = &[
    Group { title: "Crystal", flags: CRYSTAL },
    Group { title: "Structure factors", flags: REFLECTIONS },
    Group { title: "Beam", flags: BEAM },
    Group { title: "Sources: divergence and spectrum", flags: SOURCES },
    Group { title: "Rotation", flags: SCAN },
    Group { title: "Detector", flags: DETECTOR },
    Group { title: "Conventions, axes and pivot", flags: GEOMETRY },
    Group { title: "Sensor", flags: SENSOR },
    Group { title: "Sampling", flags: SAMPLING },
    Group { title: "Background and noise", flags: NOISE },
    Group { title: "Output", flags: OUTPUT },
    Group { title: "Running", flags: RUN },
    Group { title: "Read and not used", flags: UNUSED },
];

/// Every option in turn.
pub(crate) fn flags() -> impl Iterator<Item = &'static Flag> {
    GROUPS.iter().flat_map(|group| group.flags)
}

static CRYSTAL: &[Flag] = &[
    Flag {
        names: &[Stem("-cell")],
        value: "a b c α β γ",
        unit: "Å, deg",
        help: "unit cell",
        doc: "One to six numbers: b and c default to a, the angles to 90. Given together with -mat, the matrix says how \
              the crystal lies and the cell how long its edges are.",
        action: Action::Cell(|o, cell| o.crystal.cell = Some(cell)),
        ..ROW
    },
    Flag {
        names: &[Stem("-mat")],
        value: "FILE",
        help: "orientation matrix, as written by MOSFLM",
        doc: "Text with nine numbers: a*, b* and c* as columns, in 1/Å times the wavelength, so that -lambda must be \
              that of the file.",
        action: Action::File(|o, path| o.crystal.mat = Some(path)),
        ..ROW
    },
    Flag {
        names: &[Stem("-misset")],
        value: "x y z | random",
        unit: "deg",
        help: "rotate the crystal",
        doc: "Rotations of the reciprocal cell about lab x, then y, then z; or a random orientation, drawn with \
              -misset_seed.",
        action: Action::Misset(|o, misset| o.crystal.misset = Some(misset)),
        ..ROW
    },
    Flag {
        names: &[Stem("-misset_seed")],
        value: "n",
        default: "the clock",
        help: "seed of -misset random",
        doc: "It is only that: nanoBragg reads the option as -misset too, the drop-in does not. 0 or less is 1.",
        action: Action::Integer(|o, n| o.seeds.misset_seed = Some(n)),
        ..ROW
    },
    Flag {
        names: &[Exact("-N")],
        value: "n",
        default: "1",
        help: "unit cells along each axis",
        doc: "0 or less is 1.",
        stands_for: &["-Na", "-Nb", "-Nc"],
        action: Action::Integer(|o, n| {
            (o.crystal.n_a, o.crystal.n_b, o.crystal.n_c) = (Some(n), Some(n), Some(n));
        }),
        ..ROW
    },
    Flag {
        names: &[Stem("-Na")],
        value: "n",
        default: "1",
        help: "unit cells along a",
        action: Action::Integer(|o, n| o.crystal.n_a = Some(n)),
        ..ROW
    },
    Flag {
        names: &[Stem("-Nb")],
        value: "n",
        default: "1",
        help: "unit cells along b",
        action: Action::Integer(|o, n| o.crystal.n_b = Some(n)),
        ..ROW
    },
    Flag {
        names: &[Stem("-Nc")],
        value: "n",
        default: "1",
        help: "unit cells along c",
        action: Action::Integer(|o, n| o.crystal.n_c = Some(n)),
        ..ROW
    },
    Flag {
        names: &[Stem("-samplesize"), Stem("-sample_size"), Stem("-xtalsize"), Stem("-xtal_size")],
        value: "x",
        unit: "mm",
        default: "as -N says",
        help: "size of the crystal in all three directions",
        doc: "The number of unit cells along an axis is the size divided by the cell edge, rounded up; it replaces that \
              of -N.",
        stands_for: &["-sample_x", "-sample_y", "-sample_z"],
        action: Action::Number(|o, x| {
            let crystal = &mut o.crystal;
            (crystal.sample_x_mm, crystal.sample_y_mm, crystal.sample_z_mm) = (Some(x), Some(x), Some(x));
        }),
        ..ROW
    },
    Flag {
        names: &[Stem("-sample_x"), Stem("-sample_thick"), Stem("-xtal_x"), Stem("-xtal_thick")],
        value: "x",
        unit: "mm",
        default: "as -Na says",
        help: "thickness of the crystal",
        doc: "Divided into unit cells along a.",
        action: Action::Number(|o, x| o.crystal.sample_x_mm = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-sample_y"), Stem("-sample_width"), Stem("-xtal_y"), Stem("-xtal_width"), Stem("-width")],
        value: "x",
        unit: "mm",
        default: "as -Nb says",
        help: "width of the crystal",
        doc: "Divided into unit cells along b. What is wider than the beam (-beamsize) is not illuminated and is cut off.",
        action: Action::Number(|o, x| o.crystal.sample_y_mm = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-sample_z"), Stem("-sample_height"), Stem("-xtal_z"), Stem("-xtal_height"), Stem("-height")],
        value: "x",
        unit: "mm",
        default: "as -Nc says",
        help: "height of the crystal",
        doc: "Divided into unit cells along c. What is higher than the beam (-beamsize) is not illuminated and is cut off.",
        action: Action::Number(|o, x| o.crystal.sample_z_mm = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-square_xtal")],
        default: IS_DEFAULT,
        help: "crystal is a parallelepiped",
        doc: "Spots have the fringes of the finite lattice, sin(πNh)/sin(πh) along each axis.",
        action: Action::Switch(|o| o.crystal.shape = Some(Shape::Square)),
        ..ROW
    },
    Flag {
        names: &[Stem("-round_xtal")],
        help: "crystal is a sphere",
        doc: "With -physics correct the tails of its spots that end between two reflections are made up for.",
        action: Action::Switch(|o| o.crystal.shape = Some(Shape::Round)),
        ..ROW
    },
    Flag {
        names: &[Stem("-gauss_xtal")],
        help: "spots are Gaussian",
        doc: "1/(Na·Nb·Nc) wide in 1/Å, as in nanoBragg; with -physics correct as wide along each index as the block makes them.",
        action: Action::Switch(|o| o.crystal.shape = Some(Shape::Gauss)),
        ..ROW
    },
    Flag {
        names: &[Stem("-tophat_spots"), Stem("-binary_spots")],
        help: "spots are full inside a sharp edge and nothing outside",
        doc: "Their width is that of -gauss_xtal.",
        action: Action::Switch(|o| o.crystal.shape = Some(Shape::Tophat)),
        ..ROW
    },
    Flag {
        names: &[Stem("-fudge")],
        value: "x",
        default: "1",
        help: "factor on the squared argument of the round, gauss and tophat shapes",
        doc: "Larger makes the spots smaller.",
        action: Action::Number(|o, x| o.crystal.fudge = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Exact("-mosaic"), Stem("-mosaici"), Stem("-mosaic_spr")],
        value: "x",
        unit: "deg",
        default: "0",
        help: "mosaic spread",
        doc: "Mosaic domains are rotated about random axes by up to this angle.",
        action: Action::Number(|o, x| o.crystal.mosaic_spread_deg = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-mosaic_dom")],
        value: "n",
        default: "10 with a spread, otherwise 1",
        help: "number of mosaic domains",
        doc: "The first domain is not rotated. 0 or less is the default.",
        action: Action::Integer(|o, n| o.crystal.mosaic_domains = Some(n)),
        ..ROW
    },
    Flag {
        names: &[Stem("-mosaic_seed")],
        value: "n",
        default: "12345678",
        help: "seed of the mosaic domains",
        doc: "0 or less is 1.",
        action: Action::Integer(|o, n| o.seeds.mosaic_seed = Some(n)),
        ..ROW
    },
    Flag {
        names: &[Exact("-mosaic_frame")],
        value: "crystal | laboratory",
        default: "laboratory with -physics nanobragg, otherwise crystal",
        help: "what mosaic domains are fixed to while the crystal turns",
        doc: "In nanoBragg they stay in the laboratory. This option is not in nanoBragg.",
        action: Action::Choice(&[
            ("crystal", |o| o.crystal.mosaic_frame = Some(MosaicFrame::Crystal)),
            ("laboratory", |o| o.crystal.mosaic_frame = Some(MosaicFrame::Laboratory)),
        ]),
        ..ROW
    },
];

static REFLECTIONS: &[Flag] = &[
    Flag {
        names: &[Stem("-hkl")],
        value: "FILE",
        help: "structure factors",
        doc: "Text with `h k l F` on each line, F in electrons; reading ends at the first word that is no number. Nothing is \
              generated by symmetry: each reflection that should be seen stands in the file, both of a Friedel pair \
              included.",
        action: Action::File(|o, path| o.reflections.hkl = Some(path)),
        ..ROW
    },
    Flag {
        names: &[Stem("-default_F")],
        value: "F",
        unit: "electrons",
        default: "0",
        help: "amplitude of every reflection that is not in the file",
        action: Action::Number(|o, x| o.reflections.default_f = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-dump")],
        value: "FILE",
        default: "Fdump.bin",
        help: "structure-factor cache",
        doc: "Written whenever -hkl is given, and read whenever -hkl is absent and the file is there.",
        action: Action::File(|o, path| o.reflections.dump = Some(path)),
        ..ROW
    },
    Flag {
        names: &[Stem("-interpolate")],
        default: "on where -Na, -Nb or -Nc is 2 or less",
        help: "interpolate structure factors between the reflections",
        doc: "Tricubic, over 4 × 4 × 4 reflections; where these are not all in the file, the nearest reflection is taken.",
        action: Action::Switch(|o| o.reflections.interpolate = Some(true)),
        ..ROW
    },
    Flag {
        names: &[Stem("-nointerpolate")],
        help: "take the structure factor of the nearest reflection",
        action: Action::Switch(|o| o.reflections.interpolate = Some(false)),
        ..ROW
    },
];

static BEAM: &[Flag] = &[
    Flag {
        names: &[Stem("-lambda"), Stem("-wave")],
        value: "λ",
        unit: "Å",
        default: "1.0",
        help: "wavelength",
        doc: "The last of -lambda and -energy counts.",
        action: Action::Number(|o, x| o.beam.wavelength = Some(WavelengthOption::Angstrom(x))),
        ..ROW
    },
    Flag {
        names: &[Stem("-energy")],
        value: "E",
        unit: "eV",
        help: "photon energy, instead of the wavelength",
        doc: "The last of -lambda and -energy counts.",
        action: Action::Number(|o, x| o.beam.wavelength = Some(WavelengthOption::ElectronVolt(x))),
        ..ROW
    },
    Flag {
        names: &[Stem("-fluence")],
        value: "x",
        unit: "photons/m²",
        default: "1.25932e29",
        help: "photons that pass through each unit of area during the exposure",
        doc: "The default makes the image one of electrons² times steradian. A -flux other than 0 takes its place.",
        action: Action::Number(|o, x| o.beam.fluence_per_m2 = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-flux")],
        value: "x",
        unit: "photons/s",
        default: "0, that is: as -fluence says",
        help: "photons per second in the whole beam",
        doc: "The fluence is flux × exposure / beamsize².",
        action: Action::Number(|o, x| o.beam.flux_per_s = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-exposure")],
        value: "t",
        unit: "s",
        default: "1",
        help: "exposure time, with -flux",
        action: Action::Number(|o, x| o.beam.exposure_s = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-beamsize")],
        value: "x",
        unit: "mm",
        default: "0.1",
        help: "edge of the square beam",
        doc: "It makes a flux a fluence, and cuts the crystal to what the beam hits.",
        action: Action::Number(|o, x| o.beam.beamsize_mm = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Exact("-polar")],
        value: "K",
        default: "0",
        help: "Kahn polarisation factor",
        doc: "0 is an unpolarised beam, 1 one polarised along the convention's polarisation axis.",
        action: Action::Number(|o, x| {
            o.beam.polar = Some(PolarOption::Kahn(x));
            o.beam.kahn_factor = Some(x);
        }),
        ..ROW
    },
    Flag {
        names: &[Stem("-nopolar")],
        help: "no polarisation factor",
        doc: "The last of -polar and -nopolar counts; but with -physics nanobragg -oversample_polar computes the factor all the \
              same, as in nanoBragg.",
        action: Action::Switch(|o| o.beam.polar = Some(PolarOption::Off)),
        ..ROW
    },
];

static SOURCES: &[Flag] = &[
    Flag {
        names: &[Stem("-dispersion")],
        value: "x",
        unit: "%",
        default: "0",
        help: "full width of the spectrum, relative to the wavelength",
        action: Action::Number(|o, x| o.sources.dispersion_percent = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-dispsteps")],
        value: "n",
        default: "2 with a dispersion, otherwise 1",
        help: "number of wavelengths, over the width of the spectrum",
        action: Action::Integer(|o, n| o.sources.dispersion_steps = Some(n)),
        ..ROW
    },
    Flag {
        names: &[Stem("-divergence")],
        value: "x",
        unit: "mrad",
        default: "0",
        help: "full divergence, horizontal and vertical",
        stands_for: &["-hdivrange", "-vdivrange"],
        action: Action::Number(|o, x| {
            (o.sources.hdivrange_mrad, o.sources.vdivrange_mrad) = (Some(x), Some(x));
        }),
        ..ROW
    },
    Flag {
        names: &[Stem("-hdivrange")],
        value: "x",
        unit: "mrad",
        default: "0",
        help: "full horizontal divergence",
        action: Action::Number(|o, x| o.sources.hdivrange_mrad = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-vdivrange")],
        value: "x",
        unit: "mrad",
        default: "0",
        help: "full vertical divergence",
        action: Action::Number(|o, x| o.sources.vdivrange_mrad = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Exact("-hdivstep")],
        value: "x",
        unit: "mrad",
        default: "from range and number",
        help: "horizontal distance between sources",
        action: Action::Number(|o, x| o.sources.hdivstep_mrad = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Exact("-vdivstep")],
        value: "x",
        unit: "mrad",
        default: "from range and number",
        help: "vertical distance between sources",
        action: Action::Number(|o, x| o.sources.vdivstep_mrad = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-hdivsteps")],
        value: "n",
        default: "2 with a range, otherwise 1",
        help: "number of sources side by side",
        doc: "What is missing of range, step and number follows from the others. A number or step of 0 or less counts as \
              missing, and so does a range below 0.",
        action: Action::Integer(|o, n| o.sources.hdivsteps = Some(n)),
        ..ROW
    },
    Flag {
        names: &[Stem("-vdivsteps")],
        value: "n",
        default: "2 with a range, otherwise 1",
        help: "number of sources one above the other",
        doc: "What is missing of range, step and number follows from the others. A number or step of 0 or less counts as \
              missing, and so does a range below 0.",
        action: Action::Integer(|o, n| o.sources.vdivsteps = Some(n)),
        ..ROW
    },
    Flag {
        names: &[Stem("-divsteps")],
        value: "n",
        default: "2 with a range, otherwise 1",
        help: "number of sources in either direction",
        stands_for: &["-hdivsteps", "-vdivsteps"],
        action: Action::Integer(|o, n| (o.sources.hdivsteps, o.sources.vdivsteps) = (Some(n), Some(n))),
        ..ROW
    },
    Flag {
        names: &[Stem("-round_div")],
        default: IS_DEFAULT,
        help: "leave out the corners of the grid of sources",
        action: Action::Switch(|o| o.sources.round_div = Some(true)),
        ..ROW
    },
    Flag {
        names: &[Stem("-square_div")],
        help: "keep the corners of the grid of sources",
        action: Action::Switch(|o| o.sources.round_div = Some(false)),
        ..ROW
    },
    Flag {
        names: &[Stem("-sourcefile")],
        value: "FILE",
        help: "read the sources from a file",
        doc: "Text with up to five columns per source: position x y z as seen from the sample, weight, and wavelength \
              in metres. Between them stand blanks, tabs, `,`, `;`, `:` or `!`; a sixth column is not read. Missing ones are the \
              direction of the beam, 1 and that of -lambda. It takes the place of the divergence and dispersion options.",
        action: Action::File(|o, path| o.sources.sourcefile = Some(path)),
        ..ROW
    },
    Flag {
        names: &[Exact("-source_weights")],
        value: "apply | ignore",
        default: "ignore with -physics nanobragg, otherwise apply",
        help: "what to do with the weights of a source file",
        doc: "nanoBragg reads them and does not use them. Applied, they are normalised to mean 1. This option is not \
              in nanoBragg.",
        action: Action::Choice(&[
            ("apply", |o| o.sources.weights = Some(SourceWeights::Apply)),
            ("ignore", |o| o.sources.weights = Some(SourceWeights::Ignore)),
        ]),
        ..ROW
    },
    Flag {
        names: &[Exact("-source_wavelength")],
        value: "file | lambda",
        default: "file",
        help: "which wavelength the sources of a file have",
        doc: "Each its own from the file's fifth column, or all that of -lambda. This option is not in nanoBragg.",
        action: Action::Choice(&[
            ("file", |o| o.sources.wavelength = Some(SourceWavelength::File)),
            ("lambda", |o| o.sources.wavelength = Some(SourceWavelength::Lambda)),
        ]),
        ..ROW
    },
];

static SCAN: &[Flag] = &[
    Flag {
        names: &[Exact("-phi")],
        value: "φ",
        unit: "deg",
        default: "0",
        help: "spindle angle at the start",
        action: Action::Number(|o, x| o.scan.phi_deg = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-osc")],
        value: "x",
        unit: "deg",
        default: "0",
        help: "range of the rotation",
        action: Action::Number(|o, x| o.scan.osc_deg = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Exact("-phistep")],
        value: "x",
        unit: "deg",
        default: "range / number",
        help: "step of the rotation",
        action: Action::Number(|o, x| o.scan.phistep_deg = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-phisteps")],
        value: "n",
        default: "2 with a range, otherwise 1",
        help: "number of steps of the rotation",
        doc: "What is missing of range, step and number follows from the others. A number or range below 0 counts as missing, and so \
              does a step of 0 or less, but for a step of 0 beside range and number. The last step starts one step before \
              the end of the range.",
        action: Action::Integer(|o, n| o.scan.phisteps = Some(n)),
        ..ROW
    },
];

static DETECTOR: &[Flag] = &[
    Flag {
        names: &[Stem("-distance")],
        value: "x",
        unit: "mm",
        default: "100",
        help: "from the sample to the beam spot on the detector",
        pivot: Some(Pivot::Beam),
        action: Action::Number(|o, x| o.detector.distance_mm = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-close_distance")],
        value: "x",
        unit: "mm",
        default: "from the distance",
        help: "from the sample to the nearest point of the detector's plane",
        pivot: Some(Pivot::Sample),
        action: Action::Number(|o, x| o.detector.close_distance_mm = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-pixel")],
        value: "x",
        unit: "mm",
        default: "0.1",
        help: "edge of a pixel",
        action: Action::Number(|o, x| o.detector.pixel_mm = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Exact("-detpixels")],
        value: "n",
        default: "from -detsize",
        help: "pixels along each side of the detector",
        doc: "Wins over -detsize, whatever the order.",
        stands_for: &["-detpixels_x", "-detpixels_y"],
        action: Action::Integer(|o, n| {
            (o.detector.detpixels_fast, o.detector.detpixels_slow) = (Some(n), Some(n));
        }),
        ..ROW
    },
    Flag {
        names: &[Stem("-detpixels_x"), Stem("-detpixels_f")],
        value: "n",
        default: "from -detsize",
        help: "pixels along the fast axis",
        action: Action::Integer(|o, n| o.detector.detpixels_fast = Some(n)),
        ..ROW
    },
    Flag {
        names: &[Stem("-detpixels_y"), Stem("-detpixels_s")],
        value: "n",
        default: "from -detsize",
        help: "pixels along the slow axis",
        action: Action::Integer(|o, n| o.detector.detpixels_slow = Some(n)),
        ..ROW
    },
    Flag {
        names: &[Exact("-detsize")],
        value: "x",
        unit: "mm",
        default: "102.4",
        help: "length of each side of the detector",
        doc: "The detector has as many pixels as come nearest, but its middle is that of the length given.",
        stands_for: &["-detsize_f", "-detsize_s"],
        action: Action::Number(|o, x| {
            (o.detector.detsize_fast_mm, o.detector.detsize_slow_mm) = (Some(x), Some(x));
        }),
        ..ROW
    },
    Flag {
        names: &[Stem("-detsize_f")],
        value: "x",
        unit: "mm",
        default: "102.4",
        help: "size along the fast axis",
        action: Action::Number(|o, x| o.detector.detsize_fast_mm = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-detsize_s")],
        value: "x",
        unit: "mm",
        default: "102.4",
        help: "size along the slow axis",
        action: Action::Number(|o, x| o.detector.detsize_slow_mm = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-Xbeam")],
        value: "x",
        unit: "mm",
        default: "the centre",
        help: "beam centre X, as the convention counts it",
        pivot: Some(Pivot::Beam),
        action: Action::Number(|o, x| o.detector.xbeam_mm = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-Ybeam")],
        value: "y",
        unit: "mm",
        default: "the centre",
        help: "beam centre Y, as the convention counts it",
        pivot: Some(Pivot::Beam),
        action: Action::Number(|o, x| o.detector.ybeam_mm = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-Xclose")],
        value: "x",
        unit: "mm",
        default: "the centre",
        help: "nearest point of the detector's plane, X",
        doc: "Used as the beam centre of the conventions xds, dials and custom where -Xbeam is not given.",
        pivot: Some(Pivot::Sample),
        action: Action::Number(|o, x| o.detector.xclose_mm = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-Yclose")],
        value: "y",
        unit: "mm",
        default: "the centre",
        help: "nearest point of the detector's plane, Y",
        doc: "Used as the beam centre of the conventions xds, dials and custom where -Ybeam is not given.",
        pivot: Some(Pivot::Sample),
        action: Action::Number(|o, x| o.detector.yclose_mm = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-ORGX")],
        value: "x",
        unit: "pixels",
        default: "the centre",
        help: "nearest point of the detector's plane, as XDS counts it, fast",
        doc: "The centre of the first pixel is 1.",
        pivot: Some(Pivot::Sample),
        action: Action::Number(|o, x| o.detector.orgx_pixels = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-ORGY")],
        value: "y",
        unit: "pixels",
        default: "the centre",
        help: "nearest point of the detector's plane, as XDS counts it, slow",
        doc: "The centre of the first pixel is 1.",
        pivot: Some(Pivot::Sample),
        action: Action::Number(|o, x| o.detector.orgy_pixels = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-mask")],
        value: "FILE",
        help: "SMV image: pixels that are 0 in it are skipped, and its header sets the geometry",
        doc: "The header gives size, pixel, distances, wavelength, beam centre and rotation; options given override it, \
              and so does the header of -img.",
        action: Action::File(|o, path| o.detector.mask = Some(path)),
        ..ROW
    },
    Flag {
        names: &[Stem("-img")],
        value: "FILE",
        help: "SMV image whose header sets the geometry",
        doc: "The header gives size, pixel, distances, wavelength, beam centre and rotation; options given override it.",
        action: Action::File(|o, path| o.detector.img = Some(path)),
        ..ROW
    },
];

static GEOMETRY: &[Flag] = &[
    Flag {
        names: &[Stem("-mosflm")],
        default: IS_DEFAULT,
        help: "axes and beam centre of MOSFLM",
        doc: "Beam +x, fast +z, slow -y, spindle +z; pivot beam.",
        pivot: Some(Pivot::Beam),
        convention: Some(Convention::Mosflm),
        action: Action::Switch(|_| ()),
        ..ROW
    },
    Flag {
        names: &[Stem("-xds")],
        help: "axes and beam centre of XDS",
        doc: "Beam +z, fast +x, slow +y, spindle +x; pivot sample.",
        pivot: Some(Pivot::Sample),
        convention: Some(Convention::Xds),
        action: Action::Switch(|_| ()),
        ..ROW
    },
    Flag {
        names: &[Stem("-adxv")],
        help: "axes and beam centre of ADXV",
        doc: "Beam +z, fast +x, slow -y, spindle +x; pivot beam.",
        pivot: Some(Pivot::Beam),
        convention: Some(Convention::Adxv),
        action: Action::Switch(|_| ()),
        ..ROW
    },
    Flag {
        names: &[Stem("-denzo")],
        help: "axes and beam centre of DENZO",
        doc: "Those of MOSFLM, with the beam centre half a pixel away.",
        pivot: Some(Pivot::Beam),
        convention: Some(Convention::Denzo),
        action: Action::Switch(|_| ()),
        ..ROW
    },
    Flag {
        names: &[Stem("-dials")],
        help: "axes and beam centre of DIALS",
        doc: "Beam +z, fast +x, slow +y, spindle +y; pivot sample.",
        pivot: Some(Pivot::Beam),
        convention: Some(Convention::Dials),
        action: Action::Switch(|_| ()),
        ..ROW
    },
    Flag {
        names: &[Stem("-pivot")],
        value: "sample | beam",
        default: "the convention's",
        help: "what stays in place when the detector is rotated",
        doc: "With -physics nanobragg only the convention custom keeps it, as in nanoBragg.",
        action: Action::Choice(&[
            ("sample", |o| {
                o.geometry.pivot = Some(Pivot::Sample);
                o.geometry.last_pivot = Some(Chosen { value: Pivot::Sample, flag: "-pivot".to_owned() });
            }),
            ("beam", |o| {
                o.geometry.pivot = Some(Pivot::Beam);
                o.geometry.last_pivot = Some(Chosen { value: Pivot::Beam, flag: "-pivot".to_owned() });
            }),
        ]),
        ..ROW
    },
    Flag {
        names: &[Stem("-fdet_vector")],
        value: "x y z",
        default: "the convention's",
        help: "direction of the fast axis",
        convention: Some(Convention::Custom),
        action: Action::Vector(|o, v| o.geometry.fdet_vector = Some(v)),
        ..ROW
    },
    Flag {
        names: &[Stem("-sdet_vector")],
        value: "x y z",
        default: "the convention's",
        help: "direction of the slow axis",
        convention: Some(Convention::Custom),
        action: Action::Vector(|o, v| o.geometry.sdet_vector = Some(v)),
        ..ROW
    },
    Flag {
        names: &[Stem("-odet_vector")],
        value: "x y z",
        default: "the convention's",
        help: "normal of the detector, away from the sample",
        doc: "Where it is not of length 1, fast × slow takes its place.",
        convention: Some(Convention::Custom),
        action: Action::Vector(|o, v| o.geometry.odet_vector = Some(v)),
        ..ROW
    },
    Flag {
        names: &[Stem("-beam_vector")],
        value: "x y z",
        default: "the convention's",
        help: "direction in which the beam travels",
        convention: Some(Convention::Custom),
        action: Action::Vector(|o, v| o.geometry.beam_vector = Some(v)),
        ..ROW
    },
    Flag {
        names: &[Stem("-polar_vector")],
        value: "x y z",
        default: "the convention's",
        help: "direction of the electric field",
        doc: "It may lie along the beam only where there is no polarisation: with -polar 0 or -nopolar.",
        convention: Some(Convention::Custom),
        action: Action::Vector(|o, v| o.geometry.polar_vector = Some(v)),
        ..ROW
    },
    Flag {
        names: &[Stem("-spindle_axis")],
        value: "x y z",
        default: "the convention's",
        help: "axis of the rotation of the crystal",
        convention: Some(Convention::Custom),
        action: Action::Vector(|o, v| o.geometry.spindle_axis = Some(v)),
        ..ROW
    },
    Flag {
        names: &[Stem("-twotheta_axis")],
        value: "x y z",
        default: "the convention's",
        help: "axis about which -twotheta turns the detector",
        doc: "As in nanoBragg, its first number is also taken as the angle; give -twotheta after it. With -physics nanobragg the \
              axis is used at its own length, as in nanoBragg.",
        pivot: Some(Pivot::Sample),
        convention: Some(Convention::Custom),
        action: Action::Vector(|o, v| {
            o.geometry.twotheta_axis = Some(v);
            o.geometry.twotheta_axis_is_last = true;
        }),
        ..ROW
    },
    Flag {
        names: &[Stem("-pix0_vector")],
        value: "x y z",
        unit: "m",
        default: "from distance and beam centre",
        help: "corner of the first pixel",
        doc: "With -physics nanobragg the pivot overwrites it, as in nanoBragg.",
        convention: Some(Convention::Custom),
        action: Action::Vector(|o, v| o.geometry.pix0_vector_m = Some(v)),
        ..ROW
    },
    Flag {
        names: &[Stem("-detector_rotx")],
        value: "x",
        unit: "deg",
        default: "0",
        help: "rotate the detector about lab x",
        action: Action::Number(|o, x| o.geometry.detector_rotx_deg = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-detector_roty")],
        value: "x",
        unit: "deg",
        default: "0",
        help: "rotate the detector about lab y, after x",
        action: Action::Number(|o, x| o.geometry.detector_roty_deg = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-detector_rotz")],
        value: "x",
        unit: "deg",
        default: "0",
        help: "rotate the detector about lab z, after x and y",
        action: Action::Number(|o, x| o.geometry.detector_rotz_deg = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-twotheta")],
        value: "2θ",
        unit: "deg",
        default: "0",
        help: "turn the detector about the 2θ axis, after the other rotations",
        pivot: Some(Pivot::Sample),
        action: Action::Number(|o, x| {
            o.geometry.twotheta_deg = Some(x);
            o.geometry.twotheta_axis_is_last = false;
        }),
        ..ROW
    },
];

static SENSOR: &[Flag] = &[
    Flag {
        names: &[Stem("-detector_abs")],
        value: "x | inf",
        unit: "µm",
        default: "inf",
        help: "attenuation depth of the sensor",
        doc: "0 or inf: every photon is counted; give it after the thickness. A thickness without a depth makes the two equal.",
        action: Action::NumberOrInfinity(|o, x| {
            o.sensor.abs_um = Some(x);
            o.sensor.thick_is_last = false;
        }),
        ..ROW
    },
    Flag {
        names: &[Exact("-detector_thick")],
        value: "x",
        unit: "µm",
        default: "0",
        help: "thickness of the sensor",
        action: Action::Number(|o, x| {
            o.sensor.thick_um = Some(x);
            o.sensor.thick_is_last = true;
        }),
        ..ROW
    },
    Flag {
        names: &[Stem("-detector_thicksteps"), Stem("-thicksteps")],
        value: "n",
        default: "2 with a thickness, otherwise 1",
        help: "layers into which the sensor is divided",
        doc: "With -physics nanobragg n layers are each 1/(n-1) of the thickness, as in nanoBragg.",
        action: Action::Integer(|o, n| o.sensor.thicksteps = Some(n)),
        ..ROW
    },
    Flag {
        names: &[Exact("-layer_depth")],
        value: "entrance | mean",
        default: "entrance with -physics nanobragg, otherwise mean",
        help: "where layers of the sensor are sampled",
        doc: "At their front, as in nanoBragg, or at the mean depth of the photons that they absorb. This option is not in nanoBragg.",
        action: Action::Choice(&[
            ("entrance", |o| o.sensor.layer_depth = Some(SamplingDepth::Entrance)),
            ("mean", |o| o.sensor.layer_depth = Some(SamplingDepth::Mean)),
        ]),
        ..ROW
    },
    Flag {
        names: &[Stem("-curved_det")],
        help: "bend the detector into a sphere about the sample",
        action: Action::Switch(|o| o.sensor.curved = true),
        ..ROW
    },
    Flag {
        names: &[Stem("-point_pixel")],
        help: "leave the obliquity out of the solid angle",
        action: Action::Switch(|o| o.sensor.point_pixel = true),
        ..ROW
    },
];

static SAMPLING: &[Flag] = &[
    Flag {
        names: &[Stem("-oversample")],
        value: "n",
        default: "automatic: 3 per width of a spot",
        help: "sub-pixels along each side of a pixel",
        doc: "0 or less is automatic.",
        action: Action::Integer(|o, n| o.sampling.oversample = Some(n)),
        ..ROW
    },
    Flag {
        names: &[Stem("-oversample_thick")],
        help: "absorption of each sub-pixel and layer",
        doc: "With -physics nanobragg the factor multiplies the running sum after every term, as in nanoBragg, and needs a sensor; \
              -physics correct always takes each sub-pixel's own.",
        action: Action::Switch(|o| o.sampling.oversample_thick = true),
        ..ROW
    },
    Flag {
        names: &[Stem("-oversample_polar")],
        help: "polarisation factor of each sub-pixel and source",
        doc: "With -physics nanobragg the factor multiplies the running sum after every term, as in nanoBragg; -physics \
              correct always takes each sub-pixel's own.",
        action: Action::Switch(|o| o.sampling.oversample_polar = true),
        ..ROW
    },
    Flag {
        names: &[Stem("-oversample_omega")],
        help: "solid angle of each sub-pixel",
        doc: "With -physics nanobragg the factor multiplies the running sum after every term, as in nanoBragg; -physics \
              correct always takes each sub-pixel's own.",
        action: Action::Switch(|o| o.sampling.oversample_omega = true),
        ..ROW
    },
    Flag {
        names: &[Stem("-dmin")],
        value: "d",
        unit: "Å",
        default: "0",
        help: "skip everything of finer spacing than this",
        action: Action::Number(|o, x| o.sampling.dmin_angstrom = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-roi")],
        value: "x0 x1 y0 y1",
        unit: "pixels",
        default: "all",
        help: "only these pixels, the last ones included",
        doc: "Counted from 0, fast then slow; a negative limit is the edge. A window beyond the detector is cut to it; the other \
              pixels are 0, and all of them where the window is empty.",
        action: Action::FourIntegers(|o, n| o.sampling.roi = Some(n)),
        ..ROW
    },
    Flag {
        names: &[Exact("-physics")],
        value: "nanobragg | correct",
        default: "nanobragg",
        help: "nanoBragg's image, or the right one where they differ",
        doc: "A run whose image differs says so on standard error. This option is not in nanoBragg.",
        action: Action::Choice(&[
            ("nanobragg", |o| o.sampling.physics = Some(PhysicsChoice::NanoBragg)),
            ("correct", |o| o.sampling.physics = Some(PhysicsChoice::Correct)),
        ]),
        ..ROW
    },
    Flag {
        names: &[Exact("-precision")],
        value: "double | fast",
        default: "double",
        help: "double precision, or mixed for speed",
        doc: "With fast the error of a pixel is below 1e-5 of its value: enough for pictures, training data and planning. This \
              option is not in nanoBragg.",
        action: Action::Choice(&[
            ("double", |o| o.sampling.precision = Some(Precision::Double)),
            ("fast", |o| o.sampling.precision = Some(Precision::Fast)),
        ]),
        ..ROW
    },
    Flag {
        names: &[Exact("-culling")],
        value: "x",
        default: "1e-7",
        help: "fraction of a pixel that may be left out for speed",
        doc: "Orientations and sources whose spots do not reach a pixel are skipped, as long as no more than this fraction of its \
              value is left out; from 0, which skips nothing, to 0.01. This option is not in nanoBragg.",
        action: Action::Number(|o, x| o.sampling.culling = Some(x)),
        ..ROW
    },
];

static NOISE: &[Flag] = &[
    Flag {
        names: &[Stem("-water")],
        value: "x",
        unit: "µm",
        default: "0",
        help: "water in the beam, a uniform background",
        action: Action::Number(|o, x| o.noise.water_um = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-adc")],
        value: "x",
        default: "40",
        help: "offset added to every pixel of the integer images",
        action: Action::Number(|o, x| o.noise.adc = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-nonoise")],
        help: "make no noise image",
        doc: "The last of -noisefile and -nonoise counts.",
        action: Action::Switch(|o| o.noise.noise = Some(false)),
        ..ROW
    },
    Flag {
        names: &[Stem("-seed")],
        value: "n",
        default: "the clock",
        help: "seed of the noise",
        doc: "0 or less is 1.",
        action: Action::Integer(|o, n| o.seeds.seed = Some(n)),
        ..ROW
    },
];

static OUTPUT: &[Flag] = &[
    Flag {
        names: &[Stem("-floatfile"), Stem("-floatimage")],
        value: "FILE",
        default: "floatimage.bin",
        help: "image in photons: raw 32-bit floats, fast axis first",
        action: Action::File(|o, path| o.output.floatfile = Some(path)),
        ..ROW
    },
    Flag {
        names: &[Stem("-intfile"), Stem("-intimage")],
        value: "FILE",
        default: "intimage.img",
        help: "image scaled to 16-bit integers, without noise, as SMV",
        action: Action::File(|o, path| o.output.intfile = Some(path)),
        ..ROW
    },
    Flag {
        names: &[Stem("-scale")],
        value: "x",
        default: "0, that is: the brightest pixel becomes 55000",
        help: "factor from photons to the integer image",
        action: Action::Number(|o, x| o.output.scale = Some(x)),
        ..ROW
    },
    Flag {
        names: &[Stem("-noisefile"), Stem("-noiseimage")],
        value: "FILE",
        default: "noiseimage.img",
        help: "image of photons counted, with their noise, as SMV",
        action: Action::File(|o, path| {
            o.output.noisefile = Some(path);
            o.noise.noise = Some(true);
        }),
        ..ROW
    },
    Flag {
        names: &[Stem("-pgmfile"), Stem("-pgmimage")],
        value: "FILE",
        default: "image.pgm",
        help: "picture in grey, as PGM",
        action: Action::File(|o, path| {
            o.output.pgmfile = Some(path);
            o.output.pgm = Some(true);
        }),
        ..ROW
    },
    Flag {
        names: &[Stem("-pgmscale")],
        value: "x",
        default: "0, that is: 5 times the rmsd becomes 250",
        help: "factor from photons to the grey of the picture",
        action: Action::Number(|o, x| {
            o.output.pgmscale = Some(x);
            o.output.pgm = Some(true);
        }),
        ..ROW
    },
    Flag {
        names: &[Stem("-nopgm")],
        help: "make no picture",
        doc: "The last of -pgmfile, -pgmscale and -nopgm counts.",
        action: Action::Switch(|o| o.output.pgm = Some(false)),
        ..ROW
    },
    Flag {
        names: &[Stem("-printout")],
        help: "print position, angle, spacing and photons of every pixel",
        action: Action::Switch(|o| o.output.printout = true),
        ..ROW
    },
    Flag {
        names: &[Stem("-printout_pixel")],
        value: "fast slow",
        unit: "pixels",
        help: "print those of this pixel only",
        doc: "Counted from 0.",
        action: Action::TwoIntegers(|o, n| o.output.printout_pixel = Some(n)),
        ..ROW
    },
];

static RUN: &[Flag] = &[
    Flag {
        names: &[Stem("-progress")],
        default: "on a terminal",
        help: "show the progress of the run",
        action: Action::Switch(|o| o.run.progress = Some(true)),
        ..ROW
    },
    Flag {
        names: &[Stem("-noprogress")],
        help: "do not show the progress of the run",
        action: Action::Switch(|o| o.run.progress = Some(false)),
        ..ROW
    },
    Flag {
        names: &[Exact("-quiet")],
        help: "no notes on standard error",
        doc: "This option is not in nanoBragg.",
        action: Action::Switch(|o| o.run.quiet = true),
        ..ROW
    },
    Flag {
        names: &[Exact("-threads")],
        value: "n",
        default: "as many as the system allows this process",
        help: "number of threads, at most",
        doc: "No more are started than there is work for, and the image does not depend on them. This option is not in \
              nanoBragg.",
        action: Action::Positive(|o, n| o.run.threads = Some(usize::try_from(n).unwrap_or(usize::MAX))),
        ..ROW
    },
    Flag {
        names: &[Exact("-print_experiment")],
        help: "print the experiment that the options describe, as TOML, and stop",
        doc: "This option is not in nanoBragg.",
        action: Action::Switch(|o| o.run.print_experiment = true),
        ..ROW
    },
    Flag {
        names: &[Exact("-ignore_unknown")],
        help: "ignore words that are no options, with a note, as nanoBragg does without one",
        doc: "Wherever it stands, it holds for the whole command line. This option is not in nanoBragg.",
        action: Action::Switch(|o| o.run.ignore_unknown = true),
        ..ROW
    },
    Flag {
        names: &[Exact("-h")],
        help: "print a line for each option and stop",
        action: Action::Help(HelpLength::Short),
        ..ROW
    },
    Flag {
        names: &[Exact("-help")],
        help: "print all there is to say about each option and stop",
        action: Action::Help(HelpLength::Long),
        ..ROW
    },
    Flag { names: &[Exact("-version")], help: "print the version and stop", action: Action::Version, ..ROW },
];

static UNUSED: &[Flag] = &[
    Flag { names: &[Stem("-stol")], value: "FILE", help: UNUSED_HELP, action: Action::Unused(true), ..ROW },
    Flag { names: &[Stem("-4stol")], value: "FILE", help: UNUSED_HELP, action: Action::Unused(true), ..ROW },
    Flag { names: &[Stem("-Q")], value: "FILE", help: UNUSED_HELP, action: Action::Unused(true), ..ROW },
    Flag { names: &[Stem("-stolout")], value: "FILE", help: UNUSED_HELP, action: Action::Unused(true), ..ROW },
    Flag { names: &[Stem("-coherent")], help: UNUSED_HELP, ..ROW },
    Flag { names: &[Stem("-density")], value: "x", help: UNUSED_HELP, action: Action::Unused(true), ..ROW },
    Flag { names: &[Stem("-sample_den")], value: "x", help: UNUSED_HELP, action: Action::Unused(true), ..ROW },
    Flag { names: &[Stem("-MW")], value: "x", help: UNUSED_HELP, action: Action::Unused(true), ..ROW },
    Flag { names: &[Stem("-molec")], value: "x", help: UNUSED_HELP, action: Action::Unused(true), ..ROW },
    Flag {
        names: &[Exact("-dispstep")],
        value: "x",
        help: DEAD_HELP,
        doc: "-dispsteps is the number of wavelengths.",
        action: Action::Dead("-dispsteps is the number of wavelengths"),
        ..ROW
    },
    Flag {
        names: &[Exact("-hdiv")],
        value: "x",
        help: DEAD_HELP,
        doc: "-hdivrange is the horizontal divergence.",
        action: Action::Dead("-hdivrange is the horizontal divergence"),
        ..ROW
    },
    Flag {
        names: &[Exact("-vdiv")],
        value: "x",
        help: DEAD_HELP,
        doc: "-vdivrange is the vertical divergence.",
        action: Action::Dead("-vdivrange is the vertical divergence"),
        ..ROW
    },
];

const UNUSED_HELP: &str = "no effect";
const DEAD_HELP: &str = "no effect: a word of nanoBragg's own examples that it does not know";
