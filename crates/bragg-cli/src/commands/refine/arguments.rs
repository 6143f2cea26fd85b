//! The command line of `bragg refine`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What stands below the options in the help.
pub(crate) const AFTER_HELP: &str = "\
Examples:
  bragg refine start.toml still.cbf --free cell,orientation,scale -o refined.toml
  bragg refine start.toml still.cbf --free cell,orientation,scale,background --start ladder --shoeboxes 3
  bragg refine refined.toml still.cbf --free f2
  bragg refine start.toml a.img b.img --free cell,detector.distance --each orientation,scale --loss gauss --read-noise 3

docs/refinement.md says what is minimised, how starts are found and what the table means.";

/// Refine an experiment's parameters against images.
#[derive(Debug, Args)]
pub(crate) struct Refine {
    /// The experiment file to start from.
    #[arg(value_name = "EXPERIMENT.toml")]
    pub(crate) experiment: PathBuf,
    /// Images recorded with its detector: .img, .cbf, .npy, .bin, .pgm or .tif.
    #[arg(value_name = "IMAGE", required = true)]
    pub(crate) images: Vec<PathBuf>,
    /// Parameters that all images share, and groups (cell, orientation, matrix, scale, detector, f2 for all reflections, …), separated by
    /// commas; `bragg gradient --list` names all.
    #[arg(long, value_name = "NAMES", default_value = "")]
    pub(crate) free: String,
    /// Parameters that each image has of its own.
    #[arg(long, value_name = "NAMES", default_value = "")]
    pub(crate) each: String,
    /// Another image with an experiment file of its own (another start of its own parameters); may be repeated.
    #[arg(long, num_args = 2, value_names = ["EXPERIMENT.toml", "IMAGE"], action = clap::ArgAction::Append)]
    pub(crate) also: Vec<PathBuf>,
    /// Give a key of every experiment file another value; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Use only pixels where this image is not 0.
    #[arg(long, value_name = "IMAGE")]
    pub(crate) mask: Option<PathBuf>,
    /// Use only pixels from FAST0 to FAST1 and SLOW0 to SLOW1, ends included.
    #[arg(long, num_args = 4, value_names = ["FAST0", "FAST1", "SLOW0", "SLOW1"])]
    pub(crate) roi: Option<Vec<usize>>,
    /// Use only pixels within N of a bright one, in the image or in the model at the start.
    #[arg(long, value_name = "N")]
    pub(crate) shoeboxes: Option<usize>,
    /// What is minimised.
    #[arg(long, value_enum, default_value_t = LossName::Poisson)]
    pub(crate) loss: LossName,
    /// Standard deviation (photons) that reading adds to a pixel; with --loss gauss.
    #[arg(long, value_name = "SIGMA", default_value_t = 0.0)]
    pub(crate) read_noise: f64,
    /// Counts of a pixel without photons; what the image's header says when not given.
    #[arg(long, value_name = "COUNTS", allow_negative_numbers = true)]
    pub(crate) adc: Option<f64>,
    /// Counts per photon; what the image's header says when not given.
    #[arg(long)]
    pub(crate) gain: Option<f64>,
    /// Leave out pixels with more counts: they are saturated. What the image's header says when not given.
    #[arg(long, value_name = "COUNTS")]
    pub(crate) max_counts: Option<f64>,
    /// What is known of a parameter: name=value±sigma (or value+-sigma); may be repeated.
    #[arg(long, value_name = "NAME=VALUE±SIGMA")]
    pub(crate) restrain: Vec<String>,
    /// Lowest and highest value of a parameter: name=low:high; may be repeated.
    #[arg(long, value_name = "NAME=LOW:HIGH", allow_negative_numbers = true)]
    pub(crate) bounds: Vec<String>,
    /// How the neighbourhood of the answer is found: here (it is close already), ladder (low resolution first), blurred (blurred images first),
    /// search (orientations tried on blurred images).
    #[arg(long, value_enum, default_value_t = StartName::Here)]
    pub(crate) start: StartName,
    /// Largest angle (deg) of --start search.
    #[arg(long, value_name = "DEG", default_value_t = bragg::refine::Start::REACH)]
    pub(crate) reach: f64,
    /// Iterations at most: 50, or 300 with more than 50 reflections, which L-BFGS refines.
    #[arg(long, value_name = "N")]
    pub(crate) iterations: Option<usize>,
    /// Write the state here after every iteration, and go on from there when the file exists.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// The refined experiment; EXPERIMENT_refined.toml here when not given. Several images with parameters of their own get a
    /// number each before the extension. Refined reflections are beside it, as FILE.hkl.
    #[arg(short, long, value_name = "FILE.toml")]
    pub(crate) output: Option<PathBuf>,
    /// Everything that was found, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// What the model leaves unexplained, in standard deviations of each pixel: an image or a picture. Several images get a number each.
    #[arg(long, value_name = "FILE")]
    pub(crate) residual: Option<PathBuf>,
    /// Threads to compute with, at most.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Begin even what takes more than an hour.
    #[arg(long)]
    pub(crate) yes: bool,
    /// No notes, no progress; only the table and errors.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// Losses by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LossName {
    /// Photons are counted: the Poisson likelihood.
    Poisson,
    /// Photons are counted and read with noise: normal with the model's variance and --read-noise.
    Gauss,
    /// Unweighted squares.
    LeastSquares,
    /// Squares of differences of square roots.
    SquareRoot,
}

/// Starts by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StartName {
    /// The experiment is close already.
    Here,
    /// Low resolution first.
    Ladder,
    /// Blurred images first.
    Blurred,
    /// Orientations tried on blurred images, then as blurred.
    Search,
}
