//! The command line of `bragg compare`.

use bragg_compare::metrics::Profile;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What stands below the options in the help.
pub(crate) const AFTER_HELP: &str = "\
Examples:
  bragg compare --reference ./nanoBragg -- -mat a.mat -default_F 100 -lambda 1 -distance 100 -detpixels 512
  bragg compare --reference \"python -m nanobrag_torch\" --profile strict -- -cell 100 100 100 90 90 90 …
  bragg compare --images measured.cbf simulated.cbf --roi 100 199 300 399
  bragg compare --suite tests/golden/suite.toml

Exit status: 0 the images agree; 1 the command line cannot be used; 2 a program failed (missing, crashed, out of time, left no \
image); 3 below a threshold; 4 the shapes differ; 5 a file cannot be read or written; 130 interrupted. \
docs/compare.md says what the bundle holds and what every metric is.";

#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// The reference program, a command line such as "./nanoBragg" or "python -m simulator"; the environment variable
    /// NB_C_BIN where this is not given.
    #[arg(long, value_name = "CMD")]
    pub(crate) reference: Option<String>,
    /// The candidate; the environment variable NB_PY_BIN where this is not given, or else bragg nanobragg itself.
    #[arg(long, value_name = "CMD")]
    pub(crate) candidate: Option<String>,
    /// Compare two images, a reference and a candidate, instead of running programs: .img, .cbf, .npy, .bin, .f32,
    /// .pgm or .tif.
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with_all = ["reference", "candidate", "suite", "args"])]
    pub(crate) images: Option<Vec<PathBuf>>,
    /// Carry out every case of a suite.
    #[arg(long, value_name = "FILE.toml", conflicts_with = "args")]
    pub(crate) suite: Option<PathBuf>,
    /// Only these cases of the suite.
    #[arg(long, value_name = "NAME", num_args = 1.., requires = "suite")]
    pub(crate) case: Vec<String>,
    /// Cases of the suite at the same time; as many as the system gives this process threads when not given.
    #[arg(long, value_name = "N", requires = "suite", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Print the result as JSON: metrics.json, or suite.json.
    #[arg(long)]
    pub(crate) json: bool,
    /// The folder to leave the bundle in, which must not be there or be empty; comparisons/<UTC stamp>-<hash of the
    /// arguments> when not given.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) outdir: Option<PathBuf>,
    /// Thresholds by name: seed (correlation 0.999, sums within 3e-3), strict (0.9999, 3e-3), complex (0.98, 0.1).
    #[arg(long, value_enum)]
    pub(crate) profile: Option<ProfileName>,
    /// The least correlation.
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) min_correlation: Option<f64>,
    /// The most that the ratio of the sums may be off 1.
    #[arg(long, value_name = "X")]
    pub(crate) max_sum_deviation: Option<f64>,
    /// The most that a peak may be shifted (pixels); every peak must then have a partner.
    #[arg(long, value_name = "X")]
    pub(crate) max_peak_shift: Option<f64>,
    /// The largest relative difference of a pixel.
    #[arg(long, value_name = "X")]
    pub(crate) max_rel: Option<f64>,
    /// Compare only these pixels, the last ones included: first and last along fast, first and last along slow.
    #[arg(long, num_args = 4, value_names = ["FAST", "FAST", "SLOW", "SLOW"])]
    pub(crate) roi: Option<Vec<usize>>,
    /// Leave out the pixels that are 0, negative or no number in this image.
    #[arg(long, value_name = "FILE")]
    pub(crate) mask: Option<PathBuf>,
    /// Pixels along fast and slow of images that do not say them; those of the arguments, or a square, when not given.
    #[arg(long, num_args = 2, value_names = ["FAST", "SLOW"])]
    pub(crate) size: Option<Vec<usize>>,
    /// Relative difference beyond which pixels are counted.
    #[arg(long, value_name = "X", default_value_t = 1e-3)]
    pub(crate) rel_tolerance: f64,
    /// Relative differences are of the reference's pixel or of this fraction of its brightest, whichever is more.
    #[arg(long, value_name = "X", default_value_t = 1e-9)]
    pub(crate) rel_floor: f64,
    /// Number of the strongest peaks to match.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) peaks: usize,
    /// The largest distance of matched peaks (pixels).
    #[arg(long, value_name = "X", default_value_t = 3.0)]
    pub(crate) gate: f64,
    /// Run each program so often, by turns, for the times.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) repeat: u16,
    /// Seconds that a program may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 600.0)]
    pub(crate) timeout: f64,
    /// Threads of each program: -threads for ourselves, OMP_NUM_THREADS for others.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Print nothing but errors and, with --json, the result.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// The nanoBragg arguments that both programs are given.
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) args: Vec<String>,
}

/// [`Profile`] on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProfileName {
    Seed,
    Strict,
    Complex,
}

impl From<ProfileName> for Profile {
    fn from(name: ProfileName) -> Self {
        match name {
            ProfileName::Seed => Self::Seed,
            ProfileName::Strict => Self::Strict,
            ProfileName::Complex => Self::Complex,
        }
    }
}
