//! The command line.

use crate::commands::bench::cases;
use crate::commands::compare::arguments::{AFTER_HELP as COMPARE, Compare};
use crate::commands::refine::arguments::{AFTER_HELP as REFINE, Refine};
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

const STATUS: &str = "\
Exit status: 0 when all went well; 2 when the input, an option or a file cannot be used; 130 when interrupted (by Ctrl-C or another signal), \
then no partial file is left; 1 for a fault of the program itself.";

const SIMULATE: &str = "\
Examples:
  bragg simulate --pdb 1a8o.pdb                        writes 1a8o.png and 1a8o.cbf here; chooses everything else
  bragg simulate lysozyme.toml                         writes lysozyme.png here
  bragg simulate lysozyme.toml -o a.cbf -o a.png       writes these
  bragg simulate lysozyme.toml --set detector.distance=200 --set crystal.mosaic.eta=\"2 mrad\"

docs/experiment-file.md lists every key of an experiment file.";

const SF: &str = "\
Examples:
  bragg sf 1a8o.pdb --dmin 1.8 -o P1.hkl                 for nanoBragg -hkl P1.hkl
  bragg sf data.mtz --fill wilson -o Fdump.bin           measured amplitudes, gaps filled in
  bragg sf 1a8o.pdb --hkl-format crystfel -o 1a8o.hkl    for CrystFEL's pattern_sim and compare_hkl
  bragg sf --wilson --cell 78 78 37 90 90 90 --space-group P43212 --dmin 2 -o made_up.mtz

Amplitudes are those in P1; docs/structure-factors.md says what is computed.";

const ORIENT: &str = "\
Examples:
  bragg orient 1a8o.pdb --misset 10 20 30
  bragg orient --cell 78 78 37 90 90 90 --random --seed 7 --count 100 --wavelength 1 -o A.mat

Prints lines of an experiment file: A = U·B in the laboratory frame of dxtbx, whose default orientation has a along x and b in \
the xy plane. Number 0 of a seed is what crystal.orientation = \"random\" draws.";

const GRADIENT: &str = "\
Examples:
  bragg gradient lysozyme.toml --list
  bragg gradient lysozyme.toml --param cell,orientation -o derivatives.npy
  bragg gradient lysozyme.toml --param crystal.cell.a -o d.png

docs/gradients.md has the formula and the range of validity of each derivative.";

const BENCH: &str = "\
Takes about a minute; use an idle machine. docs/benchmarks.md says how to read the table. The exit status is 1 when an image \
deviates from the reference kernel's by more than rounding and the chosen approximations explain.";

/// Absolute X-ray diffraction images from crystals.
#[derive(Debug, Parser)]
#[command(name = "bragg", version, after_help = STATUS)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Simulate the image of an experiment file.
    #[command(after_help = SIMULATE)]
    Simulate(Simulate),
    /// Structure factors from coordinates or reflections, in the formats that programs read.
    #[command(after_help = SF)]
    Sf(Sf),
    /// Orientation matrices from a cell, by angles or by chance.
    #[command(after_help = ORIENT)]
    Orient(Orient),
    /// Derivatives of the image of an experiment with respect to its parameters.
    #[command(after_help = GRADIENT)]
    Gradient(Gradient),
    /// Make a picture of an image, or write it in another format.
    Show(Show),
    /// Refine an experiment's parameters against images.
    #[command(after_help = REFINE)]
    Refine(Box<Refine>),
    /// Add Poisson noise to an image without noise.
    Noise(Noise),
    /// Take nanoBragg's options and do what it does (the same when called by the name nanoBragg).
    #[command(disable_help_flag = true)]
    Nanobragg {
        /// nanoBragg's options; -h lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
    /// Time the simulation on this machine, and check the images that it makes.
    #[command(after_help = BENCH)]
    Bench(Bench),
    /// Run two programs on the same nanoBragg arguments, and leave evidence of how far their images agree.
    #[command(after_help = COMPARE)]
    Compare(Box<Compare>),
    /// Print a page of docs/.
    #[command(hide = true)]
    Reference {
        /// Which one.
        page: Page,
    },
}

/// Pages of docs/ that follow from tables in the program.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Page {
    Experiment,
    Nanobragg,
}

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// The experiment file (TOML). Coordinates or an MTZ file here are as with --pdb.
    #[arg(value_name = "EXPERIMENT.toml", required_unless_present = "pdb")]
    pub(crate) experiment: Option<PathBuf>,
    /// The crystal: coordinates (PDB or mmCIF), or structure factors, plain or compressed. Without an experiment file
    /// everything else is chosen for it.
    #[arg(long, value_name = "FILE")]
    pub(crate) pdb: Option<PathBuf>,
    /// Give a key another value than the file does; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Image to write, instead of output.files; may be repeated. The extension says the format: .img (SMV), .cbf, .npy,
    /// .bin (32-bit floats), .pgm, .png (a picture), .tif. Without any, a .png named as the experiment file is written
    /// to the current folder.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,
    /// Print the complete experiment, with the origin of every value, and stop.
    #[arg(long)]
    pub(crate) print_experiment: bool,
    /// Threads to compute with, at most; as many as the system allows this process when not given. No more are started
    /// than there is work for, and the image does not depend on them.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Arithmetic: double, or fast, which is mixed precision with an error below 1e-5 of a pixel's value
    /// (sampling.precision).
    #[arg(long, value_name = "PRECISION")]
    pub(crate) precision: Option<String>,
    /// Neither use nor keep structure factors of coordinates from one run to the next (in $BRAGG_CACHE, or the folder bragg
    /// of the system's caches; at most 1 GiB).
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// Begin even what takes more than an hour.
    #[arg(long)]
    pub(crate) yes: bool,
    /// No notes, no progress, no summary; only errors.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// How a picture spreads intensities: log, sqrt or linear (output.png.scale).
    #[arg(long, value_name = "SCALE")]
    pub(crate) png_scale: Option<String>,
}

/// What `bragg sf` writes into `.hkl` files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HklFormat {
    /// Lines h k l F.
    Text,
    /// CrystFEL's list, version 2.0.
    Crystfel,
}

#[derive(Debug, Args)]
pub(crate) struct Sf {
    /// Coordinates (PDB or mmCIF), or structure factors of any kind that is read; plain or compressed.
    #[arg(value_name = "INPUT", required_unless_present = "wilson")]
    pub(crate) input: Option<PathBuf>,
    /// File to write; may be repeated. The extension says the format: .hkl (lines h k l F, or as --hkl-format says), .mtz,
    /// .bin (nanoBragg's Fdump.bin). Lines h k l F and MTZ have as many digits as the amplitudes have.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,
    /// What a .hkl or .txt file holds: text is lines h k l F of all reflections in P1, crystfel CrystFEL's list of
    /// intensities, merged by symmetry.
    #[arg(long, value_name = "NAME", default_value = "text")]
    pub(crate) hkl_format: HklFormat,
    /// Finest spacing (Å). Without it: of coordinates as far as such atoms scatter, of reflections all.
    #[arg(long = "dmin", value_name = "D", allow_negative_numbers = true)]
    pub(crate) d_min: Option<String>,
    /// Wavelength (Å) at which f' and f'' are taken; without it or --energy there are none.
    #[arg(long, value_name = "L", allow_negative_numbers = true)]
    pub(crate) wavelength: Option<String>,
    /// Photon energy (eV, or with a unit) instead of the wavelength.
    #[arg(long, value_name = "E", conflicts_with = "wavelength", allow_negative_numbers = true)]
    pub(crate) energy: Option<String>,
    /// Leave the bulk solvent out.
    #[arg(long)]
    pub(crate) no_solvent: bool,
    /// Density of the bulk solvent (electrons/Å³).
    #[arg(long, value_name = "K", allow_negative_numbers = true)]
    pub(crate) k_sol: Option<String>,
    /// B of the bulk solvent's boundary (Å²).
    #[arg(long, value_name = "B", allow_negative_numbers = true)]
    pub(crate) b_sol: Option<String>,
    /// Which models of coordinates scatter: first or all.
    #[arg(long, value_name = "first|all")]
    pub(crate) models: Option<String>,
    /// Space group by any spelling, instead of what the file says.
    #[arg(long, value_name = "NAME")]
    pub(crate) space_group: Option<String>,
    /// Unit cell (Å, degrees), for files without one (coordinates, too) and for --wilson: a, or a b c, or all six.
    #[arg(long, num_args = 1..=6, value_names = ["A", "B", "C", "ALPHA", "BETA", "GAMMA"], allow_negative_numbers = true)]
    pub(crate) cell: Option<Vec<f64>>,
    /// What reflections to --dmin get that the file lacks: none, constant, coordinates or wilson.
    #[arg(long, value_name = "HOW")]
    pub(crate) fill: Option<String>,
    /// Coordinates to fill in from.
    #[arg(long, value_name = "FILE")]
    pub(crate) fill_file: Option<PathBuf>,
    /// Amplitude (electrons) of --fill constant.
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    pub(crate) fill_amplitude: Option<String>,
    /// Make amplitudes up by Wilson's statistics.
    #[arg(long, conflicts_with = "input")]
    pub(crate) wilson: bool,
    /// B of made-up amplitudes (Å²).
    #[arg(long, value_name = "B", allow_negative_numbers = true)]
    pub(crate) b_factor: Option<String>,
    /// Seed of amplitudes by Wilson's statistics.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) seed: Option<String>,
    /// Label of the MTZ or CIF column with F or I; of CIF also BLOCK/COLUMN[crystal_id=1,wavelength_id=1].
    #[arg(long, value_name = "LABEL")]
    pub(crate) column: Option<String>,
    /// Format of the input, where its name and content do not tell (crystal.structure_factors.format).
    #[arg(long, value_name = "NAME")]
    pub(crate) format: Option<String>,
    /// Neither use nor keep structure factors of coordinates from one run to the next.
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// No notes; only the table and errors.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Orient {
    /// Coordinates or structure factors, for their cell.
    #[arg(value_name = "INPUT", required_unless_present = "cell")]
    pub(crate) input: Option<PathBuf>,
    /// Unit cell (Å, degrees) instead of a file's: a, or a b c, or all six.
    #[arg(long, num_args = 1..=6, value_names = ["A", "B", "C", "ALPHA", "BETA", "GAMMA"], allow_negative_numbers = true)]
    pub(crate) cell: Option<Vec<f64>>,
    /// Turn the crystal from its default orientation by these angles (degrees) about lab x, then y, then z.
    #[arg(long, num_args = 3, value_names = ["X", "Y", "Z"], allow_negative_numbers = true)]
    pub(crate) misset: Option<Vec<f64>>,
    /// Draw orientations uniformly from all there are.
    #[arg(long, conflicts_with = "misset")]
    pub(crate) random: bool,
    /// Seed of random orientations.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "random")]
    pub(crate) seed: u64,
    /// How many orientations.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "random", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) count: u32,
    /// MOSFLM matrix file to write (.mat); several are numbered.
    #[arg(short, long, value_name = "FILE.mat")]
    pub(crate) output: Option<PathBuf>,
    /// Wavelength (Å) that a MOSFLM matrix is multiplied by.
    #[arg(long, value_name = "L", allow_negative_numbers = true)]
    pub(crate) wavelength: Option<String>,
    /// Photon energy (eV, or with a unit) instead of the wavelength.
    #[arg(long, value_name = "E", conflicts_with = "wavelength", allow_negative_numbers = true)]
    pub(crate) energy: Option<String>,
    /// Do not say what was written.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Gradient {
    /// The experiment file (TOML).
    #[arg(value_name = "EXPERIMENT.toml")]
    pub(crate) experiment: PathBuf,
    /// Parameters and groups of parameters, separated by commas; may be repeated.
    #[arg(long, value_name = "NAME,…")]
    pub(crate) param: Vec<String>,
    /// List the parameters of the experiment, with values and units, and the groups, and stop.
    #[arg(long)]
    pub(crate) list: bool,
    /// Give a key another value than the file does; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Where the derivatives go, in counts (photons times noise.gain) per unit of the parameter: an .npy file takes all, parameter by parameter; of
    /// .png (red above 0, blue below), .tif and .bin there is one for each parameter, its name before the extension.
    #[arg(short, long, value_name = "FILE", required_unless_present = "list")]
    pub(crate) output: Option<PathBuf>,
    /// Threads to compute with, at most; as many as the system allows this process when not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Begin even what takes more than an hour.
    #[arg(long)]
    pub(crate) yes: bool,
    /// No notes, no progress, no summary; only errors.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// An image to read.
#[derive(Debug, Args)]
pub(crate) struct Input {
    /// The image: .img, .cbf, .npy, .bin, .pgm or .tif, also with .gz, .bz2, .xz or .zst behind it.
    #[arg(value_name = "IMAGE")]
    pub(crate) image: PathBuf,
    /// Pixels along fast and slow; only .bin needs it.
    #[arg(long, num_args = 2, value_names = ["FAST", "SLOW"])]
    pub(crate) size: Option<Vec<usize>>,
    /// Take the geometry from this experiment file; for images that do not say theirs.
    #[arg(long, value_name = "EXPERIMENT.toml")]
    pub(crate) experiment: Option<PathBuf>,
    /// No notes; only errors.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    #[command(flatten)]
    pub(crate) input: Input,
    /// What to write; may be repeated. The extension says the format. Without any, a .png named as the image is
    /// written to the current folder.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,
    /// How intensities are spread: log, sqrt or linear.
    #[arg(long)]
    pub(crate) scale: Option<String>,
    /// Colours: inverted-grey, grey, viridis, inferno, magma, ice or blue-red.
    #[arg(long)]
    pub(crate) colors: Option<String>,
    /// Resolution rings: auto, or resolutions in Å.
    #[arg(long, value_name = "auto|D,D,…", allow_negative_numbers = true)]
    pub(crate) rings: Option<String>,
    /// Mark where the beam meets the detector.
    #[arg(long)]
    pub(crate) beam: bool,
    /// Intensities of the first and the last level, to compare pictures.
    #[arg(long, num_args = 2, value_names = ["LOW", "HIGH"], allow_negative_numbers = true)]
    pub(crate) range: Option<Vec<String>>,
    /// Largest width and height in dots; larger images are binned.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) max_width: Option<String>,
    /// Of a picture show only these pixels, enlarged: first and last along fast, first and last along slow.
    #[arg(long, num_args = 4, value_names = ["FAST", "FAST", "SLOW", "SLOW"], allow_negative_numbers = true)]
    pub(crate) roi: Option<Vec<String>>,
    /// Of a picture show only this panel, counted from 0.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) panel: Option<String>,
    /// Dots along either edge of a pixel; of a part of the image as many as make it some 600 dots wide when not given.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) zoom: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Noise {
    #[command(flatten)]
    pub(crate) input: Input,
    /// Image to write; may be repeated. The extension says the format.
    #[arg(short, long, value_name = "FILE", required = true)]
    pub(crate) output: Vec<PathBuf>,
    /// Seed of the noise: the same seed gives the same noise.
    #[arg(long, default_value = "1", allow_negative_numbers = true)]
    pub(crate) seed: String,
    /// Number of the image in its series: each has noise of its own.
    #[arg(long, value_name = "N", default_value = "0", allow_negative_numbers = true)]
    pub(crate) frame: String,
    /// The dose: expected photons are multiplied by this before they are counted.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, allow_negative_numbers = true)]
    pub(crate) scale: f64,
    /// Counts per photon.
    #[arg(long, default_value = "1", allow_negative_numbers = true)]
    pub(crate) gain: String,
    /// Counts added to every pixel; when not given 0, and 40 in SMV images.
    #[arg(long, value_name = "COUNTS", allow_negative_numbers = true)]
    pub(crate) adc: Option<String>,
    /// Largest count; brighter pixels get one more. That of the input or the file format when not given.
    #[arg(long, value_name = "COUNTS", allow_negative_numbers = true)]
    pub(crate) saturation: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Print one JSON object instead of tables.
    #[arg(long)]
    pub(crate) json: bool,
    /// Threads to compare one thread with; all that the system allows when not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Smaller images: some ten seconds, less exact.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only these cases.
    #[arg(long, value_name = "NAME", num_args = 1.., value_parser = PossibleValuesParser::new(cases::names()))]
    pub(crate) case: Vec<String>,
}
