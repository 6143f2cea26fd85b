//! What a user wrote: every value optional, in field units, knowing where it came from. [`resolve::resolve`] completes it and makes
//! the experiment.

mod inferred;
pub mod keys;
mod metadata;
pub mod nanobragg;
pub mod presets;
pub mod print;
pub mod quantity;
pub mod reference;
pub mod refined;
pub mod resolve;
mod starting_point;
pub mod toml;
pub mod value;

pub use metadata::metadata;
pub use resolve::{
    Amplitudes, Known, Listed, Output, Resolved, resolve, resolve_amplitudes, resolve_cell, resolve_knowing,
    resolve_picture, resolve_response, resolve_with,
};
pub use starting_point::starting_point;
pub use value::Value;

use bragg::error::{Error, Result};
use keys::{ALTERNATIVES, Key, SUPERSEDED, is_under};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The table of defaults.
    Default,
    /// Computed from other values; the text says how.
    Automatic(String),
    /// A line of a file, from 1.
    File {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// `--set`.
    Set,
    /// A flag of the command line, as it was written (`-distance`).
    Flag(String),
    /// A program that uses the library, by name (`Python`).
    Program(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Automatic(why) => write!(f, "automatic: {why}"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Set => f.write_str("--set"),
            Self::Flag(flag) => f.write_str(flag),
            Self::Program(name) => f.write_str(name),
        }
    }
}

impl Origin {
    /// A complaint about the value of `key` that came from here.
    pub fn error(&self, key: &str, what: impl Into<String>) -> Error {
        let (key, given_in) = match self {
            Self::Flag(flag) => (flag.clone(), String::new()),
            origin => (key.to_owned(), origin.to_string()),
        };
        Error::Setting { key, given_in, what: what.into() }
    }
}

/// Something that the user should know about the experiment although nothing is wrong: one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice(pub String);

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The value, in the unit that [`keys::KEYS`] gives.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
}

/// What is known about an experiment: values by dotted name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Description {
    entries: BTreeMap<String, Entry>,
}

impl Description {
    /// An empty description.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// All names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    /// Gives a value to a name; later values win over earlier ones. `crystal.cell` takes up to six numbers.
    ///
    /// # Errors
    /// There is no such key, the value is none that the key allows, or a number that somebody wrote without its unit is so far from what is
    /// usual that another unit must be meant.
    pub fn insert(&mut self, name: &str, value: impl Into<Value>, origin: Origin) -> Result<()> {
        let value = value.into();
        if name == "crystal.cell" {
            return self.insert_cell(value, &origin);
        }
        let key = keys::find(name).ok_or_else(|| origin.error(name, keys::unknown(name)))?;
        let is_written = matches!(origin, Origin::File { .. } | Origin::Set | Origin::Program(_));
        if let Some(question) = key.question(&value).filter(|_| is_written) {
            return Err(origin.error(name, question));
        }
        let value = key.admit(value).map_err(|what| origin.error(name, what))?;
        self.entries.insert(name.to_owned(), Entry { value, origin });
        Ok(())
    }

    fn insert_cell(&mut self, value: Value, origin: &Origin) -> Result<()> {
        const NAMES: [&str; 6] = ["a", "b", "c", "alpha", "beta", "gamma"];
        let list = match value {
            Value::List(list) => list,
            one => vec![one],
        };
        if list.is_empty() || list.len() > NAMES.len() {
            let what = format!("has {} values; it must be a list of a, b, c (Å), alpha, beta, gamma (deg)", list.len());
            return Err(origin.error("crystal.cell", what));
        }
        for (name, value) in NAMES.into_iter().zip(list) {
            self.insert(&format!("crystal.cell.{name}"), value, origin.clone())?;
        }
        Ok(())
    }

    /// Gives a value, written as in TOML, to a name (`--set name=text`); what is no TOML value is taken as text. Other ways to say the
    /// same thing are forgotten, as in [`Self::merge`].
    ///
    /// # Errors
    /// There is no such key, or the value is none that the key allows.
    pub fn set(&mut self, name: &str, text: &str, origin: Origin) -> Result<()> {
        let mut later = Self::new();
        toml::insert_text(&mut later, name, text, &origin)?;
        self.merge(later);
        Ok(())
    }

    /// The value of a key from its TOML text.
    pub(crate) fn parse_value(key: &Key, text: &str) -> std::result::Result<Value, String> {
        key.admit(toml::value_of_text(text))
    }

    /// Adds a later layer: its values win, and where it says a thing in another way (an energy instead of a wavelength), the earlier
    /// way is forgotten.
    pub fn merge(&mut self, later: Self) {
        // two ways on one command line contradict each other, whichever comes last
        let is_set = |entry: &Entry| entry.origin == Origin::Set;
        let sets = later.entries.values().any(is_set);
        for group in ALTERNATIVES {
            let said = |way: &[&str]| later.entries.keys().any(|name| way.iter().any(|prefix| is_under(name, prefix)));
            if !group.iter().any(|way| said(way)) {
                continue;
            }
            for way in group.iter().filter(|way| !said(way)) {
                self.entries
                    .retain(|name, entry| !way.iter().any(|prefix| is_under(name, prefix)) || (sets && is_set(entry)));
            }
        }
        for (way, superseded) in SUPERSEDED {
            if way.iter().any(|prefix| later.entries.keys().any(|name| is_under(name, prefix))) {
                self.entries.retain(|name, _| !superseded.iter().any(|prefix| is_under(name, prefix)));
            }
        }
        self.entries.extend(later.entries);
    }

    /// Makes relative file names relative to a directory.
    pub fn relative_to(&mut self, directory: &Path) {
        let join = |path: &mut PathBuf| *path = directory.join(&path);
        for entry in self.entries.values_mut() {
            match &mut entry.value {
                Value::Path(path) => join(path),
                Value::List(list) => list.iter_mut().for_each(|value| {
                    if let Value::Path(path) = value {
                        join(path);
                    }
                }),
                _ => {}
            }
        }
    }

    /// The value under some names that is furthest, in powers of ten, from its default or else from 1; with its name, and how far
    /// that is.
    pub fn most_extreme(&self, names: &[&str]) -> Option<(&str, &Entry, f64)> {
        let is_asked = |name: &str| names.iter().any(|prefix| is_under(name, prefix)) && !name.ends_with("seed");
        let under = self.iter().filter(|(name, _)| is_asked(name));
        let extreme = under.map(|(name, entry)| {
            let usual = keys::find(name).and_then(Key::usual).unwrap_or(1.0);
            (name, entry, entry.value.decades_from(usual))
        });
        extreme.max_by(|a, b| a.2.total_cmp(&b.2))
    }

    /// Forgets a name.
    pub fn remove(&mut self, name: &str) -> Option<Entry> {
        self.entries.remove(name)
    }

    /// The number of entries in `detector.panel`.
    pub fn n_panels(&self) -> usize {
        let indices = self.entries.keys().filter(|name| is_under(name, "detector.panel"));
        indices.filter_map(|name| keys::split_index(name)).map(|(index, _)| index + 1).max().unwrap_or(0)
    }
}

impl From<f64> for Value {
    fn from(x: f64) -> Self {
        Self::Number(x)
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Integer(n)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<PathBuf> for Value {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl<T: Into<Value> + Copy> From<&[T]> for Value {
    fn from(list: &[T]) -> Self {
        Self::List(list.iter().map(|&value| value.into()).collect())
    }
}

impl<T: Into<Value>, const N: usize> From<[T; N]> for Value {
    fn from(list: [T; N]) -> Self {
        Self::List(list.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(description: &Description, name: &str) -> String {
        description.get(name).map_or_else(|| "nothing".to_owned(), |entry| entry.value.to_string())
    }

    #[test]
    fn text_values_are_toml_or_bare_words() {
        let mut d = Description::new();
        for (name, text) in [
            ("detector.distance", "150"),
            ("beam.wavelength", "0.1 nm"),
            ("crystal.shape", "gauss"),
            ("detector.panel[0].origin", "[1, 2, 3]"),
            ("detector.mask", "bad pixels.img"),
            ("crystal.cell", "[70, 80]"),
            ("crystal.n_cells", "5"),
            ("detector.panel[1].pixels", "[3, 4]"),
        ] {
            d.set(name, text, Origin::Set).unwrap();
        }
        assert_eq!(value(&d, "detector.distance"), "150.0");
        assert_eq!(value(&d, "beam.wavelength"), "1.0");
        assert_eq!(value(&d, "crystal.shape"), "\"gauss\"");
        assert_eq!(value(&d, "detector.panel[0].origin"), "[1.0, 2.0, 3.0]");
        assert_eq!(value(&d, "detector.mask"), "\"bad pixels.img\"");
        assert_eq!(value(&d, "crystal.cell.b"), "80.0");
        assert_eq!(value(&d, "crystal.cell.c"), "nothing");
        assert_eq!(value(&d, "crystal.n_cells"), "[5, 5, 5]");
        d.set("detector.beam_center", "[\"85.3 mm\", 12]", Origin::Set).unwrap();
        assert_eq!(value(&d, "detector.beam_center"), "[\"85.3 mm\", 12.0]");
    }

    #[test]
    fn later_layers_win_and_replace_other_ways_to_say_the_same() {
        let mut d = Description::new();
        for (name, value) in [("beam.energy", 12000.0), ("beam.flux", 1e12), ("beam.exposure", 0.1)] {
            d.insert(name, value, Origin::Flag("earlier".to_owned())).unwrap();
        }
        d.insert("crystal.misset", [1.0, 2.0, 3.0], Origin::Flag("earlier".to_owned())).unwrap();
        d.set("beam.wavelength", "1.2", Origin::Flag("layer 1".to_owned())).unwrap();
        d.set("beam.flux", "2e12", Origin::Flag("layer 2".to_owned())).unwrap();
        d.set("crystal.orientation", "random", Origin::Flag("layer 3".to_owned())).unwrap();
        d.insert("crystal.cell", 70.0, Origin::Flag("layer 4".to_owned())).unwrap();
        assert_eq!(value(&d, "beam.energy"), "nothing");
        assert_eq!(value(&d, "beam.wavelength"), "1.2");
        assert_eq!(value(&d, "beam.flux"), "2000000000000.0");
        assert_eq!(value(&d, "beam.exposure"), "0.1");
        assert_eq!(value(&d, "crystal.misset"), "nothing");
        d.set("crystal.a_matrix", "[1, 0, 0, 0, 1, 0, 0, 0, 1]", Origin::Flag("layer 5".to_owned())).unwrap();
        assert_eq!(value(&d, "crystal.cell.a"), "nothing");
        assert_eq!(value(&d, "crystal.orientation"), "nothing");
        // a cell edge alone does not say how the crystal lies: that is left to the error about contradictions
        d.set("crystal.cell.a", "71", Origin::Flag("layer 6".to_owned())).unwrap();
        assert_ne!(value(&d, "crystal.a_matrix"), "nothing");
    }

    /// Numbers a factor of some hundred to a million off, as people give them who think in another unit.
    #[test]
    fn numbers_in_another_unit_are_asked_about() {
        for (name, text, meant) in [
            ("beam.energy", "12.7", "12.7 keV"),
            ("beam.energy", "8", "8 keV"),
            ("beam.wavelength", "0.1", "0.1 nm"),
            ("beam.wavelength", "97.6", "97.6 pm"),
            ("beam.wavelength", "1e-10", "1e-10 m"),
            ("beam.exposure", "5000", "5000 ms"),
            ("beam.size", "50", "50 um"),
            ("beam.size", "2e-5", ""),
            ("beam.divergence.horizontal_range", "300", "300 urad"),
            ("beam.dispersion.range", "4", "4 %"),
            ("detector.distance", "0.15", "0.15 m"),
            ("detector.distance", "-0.15", "-0.15 m"),
            ("detector.distance", "150000", "150000 um"),
            ("detector.pixel_size", "75", "75 um"),
            ("detector.pixel_size", "7.5e-5", "7.5e-5 m"),
            ("detector.panel[2].pixel_size", "172", "172 um"),
            ("detector.sensor.thickness", "320", "320 um"),
            ("detector.sensor.attenuation_length", "250", "250 um"),
            ("background.water", "200", "200 um"),
            ("crystal.extent", "30", "30 um"),
            ("crystal.extent", "[0.03, 0.03, 40]", "40 um"),
            ("crystal.domain_size", "0.2", "0.2 um"),
            ("crystal.cell", "[0.79, 0.79, 0.38]", "0.79 nm"),
            ("crystal.cell", "[7900]", "7900 pm"),
            ("crystal.cell.alpha", "1.5708", "1.5708 rad"),
            ("crystal.structure_factors.d_min", "0.18", "0.18 nm"),
            ("sampling.d_min", "1.8e-10", "1.8e-10 m"),
            ("sampling.d_min", "0", ""),
            ("detector.distance", "100", ""),
            ("detector.distance", "1e300", ""),
        ] {
            for origin in [Origin::Set, Origin::Program("Python".to_owned())] {
                let outcome = Description::new().set(name, text, origin);
                match outcome {
                    Ok(()) => assert_eq!(meant, "", "{name} = {text}"),
                    Err(error) => {
                        let message = error.to_string();
                        assert!(
                            message.contains(&format!("was \"{meant}\" meant? Usual is ")),
                            "{name} = {text}: {message}"
                        );
                        assert!(!message.contains('\n'));
                    }
                }
            }
        }
        let message = Description::new().set("beam.energy", "12.7", Origin::Set).unwrap_err().to_string();
        let expected = "beam.energy (--set): is 12.7 eV; was \"12.7 keV\" meant? Usual is 500 to 200000 eV. To have it so, write \"12.7 eV\"";
        assert_eq!(message, expected);
    }

    /// So does what comes from a program's own numbers.
    #[test]
    fn numbers_that_are_written_with_their_unit_stand() {
        let mut d = Description::new();
        d.set("beam.energy", "12.7 eV", Origin::Set).unwrap();
        d.set("beam.dispersion.range", "90 %", Origin::Set).unwrap();
        d.set("crystal.extent", "[\"0.03 mm\", 0.03, \"40 mm\"]", Origin::Set).unwrap();
        d.insert("detector.distance", 0.15, Origin::Flag("-distance".to_owned())).unwrap();
        d.insert("detector.pixel_size", 75.0, Origin::Automatic("somehow".to_owned())).unwrap();
        let text = print::to_toml(&d);
        assert!(text.contains("energy = \"12.7 eV\"") && text.contains("distance = \"0.15 mm\""), "{text}");
        let again = toml::parse(&text, Path::new("again.toml")).unwrap();
        let values = |d: &Description| d.iter().map(|(name, e)| format!("{name}={}", e.value)).collect::<Vec<_>>();
        assert_eq!(values(&again), values(&d));
    }

    #[test]
    fn refused_values_name_key_origin_and_what_is_allowed() {
        let refused = |name: &str, text: &str| {
            Description::new().set(name, text, Origin::Set).expect_err("must be refused").to_string()
        };
        for (name, text, parts) in [
            ("detector.distance", "0", ["detector.distance (--set)", "is 0.0; it must be", "not 0"]),
            ("detector.distance", "nan", ["detector.distance (--set)", "is NaN; it must be", "mm"]),
            ("detector.distance", "inf", ["detector.distance (--set)", "is inf; it must be", "mm"]),
            ("detector.distance", "[1, 2]", ["detector.distance (--set)", "is the list [1, 2]", "mm"]),
            ("detector.pixels", "[0, 5]", ["detector.pixels (--set)", "is 0", "from 1"]),
            ("detector.pixels", "[5.5, 5]", ["detector.pixels (--set)", "is 5.5", "whole number"]),
            ("detector.pixels", "7", ["detector.pixels (--set)", "is 7", "list of 2"]),
            (
                "detector.pixels",
                "[9223372036854775807, 5]",
                ["detector.pixels (--set)", "is 9223372036854775807", "from 1"],
            ),
            ("crystal.shape", "cubic", ["crystal.shape (--set)", "is \"cubic\"", "\"tophat\""]),
            ("crystal.misset", "[1, 2, 3", ["crystal.misset (--set)", "is \"[1, 2, 3\"", "list of 3"]),
            ("crystal.cell", "[1, 2, 3, 4, 5, 6, 7]", ["crystal.cell (--set)", "7 values", "gamma"]),
            ("noise.poisson", "1", ["noise.poisson (--set)", "is 1", "true or false"]),
            ("beam.wavelength", "12 keV", ["beam.wavelength (--set)", "measures something else", "Å"]),
            ("detector.distanse", "1", ["detector.distanse (--set)", "no such key", "detector.distance"]),
            ("detector", "1", ["detector (--set)", "table", "detector."]),
        ] {
            let message = refused(name, text);
            assert!(parts.iter().all(|part| message.contains(part)), "{message}");
            assert!(!message.contains('\n'));
        }
        let flag = Description::new().insert("detector.distance", 0.0, Origin::Flag("-distance".to_owned()));
        assert!(flag.unwrap_err().to_string().starts_with("-distance: is 0.0"));
    }
}
