//! The command line.

use crate::commands::bench::cases;
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

const STATUS: &str = "\
Exit status: 0 when all went well; 2 when the input, an option or a file cannot be used; 130 when interrupted (Ctrl-C), \
then no partial file is left; 1 for a fault of the program itself.";

const SIMULATE: &str = "\
Examples:
  bragg simulate lysozyme.toml                         writes lysozyme.png here
  bragg simulate lysozyme.toml -o a.cbf -o a.png       writes these
  bragg simulate lysozyme.toml --set detector.distance=200 --set crystal.mosaic_spread=\"2 mrad\"

docs/experiment-file.md lists every key of an experiment file.";

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
    /// Derivatives of the image of an experiment with respect to its parameters.
    #[command(after_help = GRADIENT)]
    Gradient(Gradient),
    /// Make a picture of an image, or write it in another format.
    Show(Show),
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
    /// The experiment file (TOML).
    #[arg(value_name = "EXPERIMENT.toml")]
    pub(crate) experiment: PathBuf,
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
    /// No notes, no progress, no summary; only errors.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// How a picture spreads intensities: log, sqrt or linear (output.png.scale).
    #[arg(long, value_name = "SCALE")]
    pub(crate) png_scale: Option<String>,
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
    /// Where the derivatives go, in photons per unit of the parameter: an .npy file takes all, parameter by parameter; of
    /// .png (red above 0, blue below), .tif and .bin there is one for each parameter, its name before the extension.
    #[arg(short, long, value_name = "FILE", required_unless_present = "list")]
    pub(crate) output: Option<PathBuf>,
    /// Threads to compute with, at most; as many as the system allows this process when not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// No notes, no progress, no summary; only errors.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// An image to read.
#[derive(Debug, Args)]
pub(crate) struct Input {
    /// The image: .img, .cbf, .npy, .bin, .pgm or .tif.
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
    /// The dose: expected photons are multiplied by this before they are counted.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, allow_negative_numbers = true)]
    pub(crate) scale: f64,
    /// Counts per photon.
    #[arg(long, default_value = "1", allow_negative_numbers = true)]
    pub(crate) gain: String,
    /// Counts added to every pixel.
    #[arg(long, value_name = "COUNTS", default_value = "0", allow_negative_numbers = true)]
    pub(crate) adc: String,
    /// Largest count; that of the file format when not given.
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
