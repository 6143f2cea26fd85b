//! Words of nanoBragg's command line as experiments, and what the library says in the words of that command line.

use super::flags::{self, Invocation, Missing, Refusal};
use super::{describe, dump_path};
use crate::description::Description;
use bragg::Error;
use std::ffi::OsString;
use std::fmt;
use std::fmt::Display;
use std::time::{SystemTime, UNIX_EPOCH};

/// Why words describe no experiment.
#[derive(Debug)]
pub enum Unusable {
    /// They cannot be understood, or lack what nothing can be made without; the text says what.
    Words(String),
    /// A value or a file cannot be used.
    Content(Error),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(text) => f.write_str(text),
            Self::Content(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Unusable {}

impl From<Refusal> for Unusable {
    fn from(refusal: Refusal) -> Self {
        Self::Words(refusal.0)
    }
}

impl From<Error> for Unusable {
    fn from(error: Error) -> Self {
        Self::Content(error)
    }
}

/// The experiment that the words of nanoBragg's command line describe, and what the user should know about it. Files are looked for
/// where the program runs; what is said of outputs does not count.
///
/// # Errors
/// The words cannot be understood, or do not describe an experiment.
pub fn describe_words(words: impl Iterator<Item = OsString>) -> Result<(Description, Vec<String>), Unusable> {
    let Invocation::Run(options, notices) = flags::parse(words)? else {
        return Err(Error::setting("-h or -version", "is given, which describes no experiment").into());
    };
    let has_cache = options.reflections.hkl.is_none() && dump_path(&options).exists();
    if let Some(missing) = Missing::from(&options, has_cache) {
        return Err(Unusable::Words(missing.usage("nanoBragg").trim_end().to_owned()));
    }
    let drop_in = describe(&options, clock_seed())?;
    let notices = notices.iter().map(ToString::to_string).chain(drop_in.notices.iter().map(in_flags)).collect();
    Ok((drop_in.description, notices))
}

/// A seed from the clock: seconds since 1970.
#[must_use]
pub fn clock_seed() -> u32 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| u32::try_from(since.as_secs()).unwrap_or(u32::MAX))
}

/// Keys of the library, and the flags for them.
const FLAGS: [(&str, &str); 7] = [
    ("detector.panel[0].fast_axis", "-fdet_vector"),
    ("detector.panel[0].slow_axis", "-sdet_vector"),
    ("crystal.structure_factors.default", "-default_F"),
    ("beam.source_weights", "-source_weights apply|ignore"),
    ("beam.source_wavelength", "-source_wavelength file|lambda"),
    ("beam.wavelength", "-lambda"),
    ("scan.steps", "-phisteps"),
];

/// A text that names keys of the library, with the flags for them instead.
pub fn in_flags(text: &impl Display) -> String {
    FLAGS.iter().fold(text.to_string(), |text, (key, flag)| text.replace(key, flag))
}
