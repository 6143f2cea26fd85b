//! Access to a description that fills in defaults as values are asked for.

use crate::description::keys::{self, ALTERNATIVES, Count, Default, EXCLUSIVE, is_under};
use crate::description::{Description, Entry, Notice, Origin, Value};
use bragg::error::{Error, Result};
use bragg::math::Vec3;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A description while it is completed.
pub(super) struct Resolver {
    pub(super) description: Description,
    pub(super) notices: Vec<Notice>,
    /// Exposure time (s), where it was given.
    pub(super) exposure: Option<f64>,
    /// What was chosen of the sampling.
    pub(super) chosen: Vec<String>,
    /// The names that were asked for.
    used: BTreeSet<String>,
}

impl Resolver {
    pub(super) fn new(description: Description) -> Self {
        Self { description, notices: Vec::new(), exposure: None, chosen: Vec::new(), used: BTreeSet::new() }
    }

    /// Refuses two ways to say the same thing.
    pub(super) fn refuse_contradictions(&self) -> Result<()> {
        for group in ALTERNATIVES.iter().chain(EXCLUSIVE) {
            let mut ways = group.iter().filter_map(|way| {
                self.description.iter().find(|(name, _)| way.iter().any(|prefix| is_under(name, prefix)))
            });
            if let (Some((first, first_entry)), Some((second, entry))) = (ways.next(), ways.next()) {
                let what = format!("contradicts {first} ({}); give only one of them", first_entry.origin);
                return Err(entry.origin.error(second, what));
            }
        }
        Ok(())
    }

    pub(super) fn notice(&mut self, text: impl Into<String>) {
        self.notices.push(Notice(text.into()));
    }

    /// Counts a name as used although its value is not asked for.
    pub(super) fn mark_used(&mut self, name: &str) {
        self.used.insert(name.to_owned());
    }

    /// Says which values were not used.
    pub(super) fn notice_unused(&mut self) {
        for (name, entry) in self.description.iter().filter(|(name, _)| !self.used.contains(*name)) {
            self.notices.push(Notice(format!("{name} ({}) has no effect beside the other values", entry.origin)));
        }
    }

    /// Whether the name has a value.
    pub(super) fn has(&self, name: &str) -> bool {
        self.description.get(name).is_some()
    }

    /// A complaint about the value of a name, with its origin.
    pub(super) fn error(&self, name: &str, what: impl Into<String>) -> Error {
        match self.description.get(name) {
            Some(entry) => entry.origin.error(name, what),
            None => Error::setting(name, what),
        }
    }

    /// Where the value of a name came from, for messages.
    pub(super) fn origin(&self, name: &str) -> String {
        self.description.get(name).map_or_else(String::new, |entry| entry.origin.to_string())
    }

    /// Gives a value that was computed to a name that has none.
    pub(super) fn automatic(&mut self, name: &str, value: impl Into<Value>, why: impl Into<String>) -> Result<()> {
        if self.has(name) { Ok(()) } else { self.description.insert(name, value, Origin::Automatic(why.into())) }
    }

    /// The value of a name, the default one when none was given.
    pub(super) fn entry(&mut self, name: &str) -> Result<&Entry> {
        self.mark_used(name);
        if !self.has(name) {
            let key = keys::find(name).ok_or_else(|| Error::setting(name, keys::unknown(name)))?;
            match key.default {
                Default::Toml(text) => {
                    let value = Description::parse_value(key, text).map_err(|what| Error::setting(name, what))?;
                    self.description.insert(name, value, Origin::Default)?;
                }
                Default::Required(what) | Default::Absent(what) => {
                    return Err(Error::setting(name, format!("is missing: {what}. It is {}", key.allowed_text())));
                }
                Default::Automatic(what) => {
                    let what = format!("is missing, and so is {what}. It is {}", key.allowed_text());
                    return Err(Error::setting(name, what));
                }
            }
        }
        self.description.get(name).ok_or_else(|| Error::setting(name, "is missing"))
    }

    fn read<T>(&mut self, name: &str, get: impl Fn(&Value) -> Option<T>) -> Result<T> {
        let found = get(&self.entry(name)?.value);
        // the table of keys has checked the kind, so this is for a key read as another kind than the table's
        found.ok_or_else(|| self.error(name, "has a value of another kind than is read"))
    }

    pub(super) fn number(&mut self, name: &str) -> Result<f64> {
        self.read(name, Value::number)
    }

    /// The number of a name when it has a value; no default.
    pub(super) fn given_number(&mut self, name: &str) -> Result<Option<f64>> {
        if self.has(name) { self.number(name).map(Some) } else { Ok(None) }
    }

    pub(super) fn array<const N: usize>(&mut self, name: &str) -> Result<[f64; N]> {
        self.read(name, |value| value.numbers()?.try_into().ok())
    }

    pub(super) fn vector(&mut self, name: &str) -> Result<Vec3> {
        self.array(name).map(Vec3)
    }

    /// A direction, scaled to length 1.
    pub(super) fn direction(&mut self, name: &str) -> Result<Vec3> {
        let vector = self.vector(name)?;
        let unit = vector.unit();
        if unit.is_finite() && (unit.norm() - 1.0).abs() < 1e-9 {
            Ok(unit)
        } else {
            Err(self.error(name, format!("is {:?}; a direction needs a length that is not 0", vector.0)))
        }
    }

    pub(super) fn count(&mut self, name: &str) -> Result<usize> {
        self.read(name, |value| usize::try_from(value.integer()?).ok())
    }

    pub(super) fn counts<const N: usize>(&mut self, name: &str) -> Result<[usize; N]> {
        self.read(name, |value| {
            let counts: Option<Vec<_>> = value.list()?.iter().map(|n| usize::try_from(n.integer()?).ok()).collect();
            counts?.try_into().ok()
        })
    }

    pub(super) fn seed(&mut self, name: &str) -> Result<u64> {
        self.read(name, |value| u64::try_from(value.integer()?).ok())
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<bool> {
        self.read(name, Value::bool)
    }

    pub(super) fn text(&mut self, name: &str) -> Result<String> {
        self.read(name, |value| value.text().map(str::to_owned))
    }

    /// The file of a name, when it has one.
    pub(super) fn path(&mut self, name: &str) -> Option<PathBuf> {
        self.mark_used(name);
        self.description.get(name)?.value.path().map(PathBuf::from)
    }

    /// Whether samples are combined as the reference program does.
    pub(super) fn is_nanobragg(&mut self) -> Result<bool> {
        Ok(self.text("sampling.physics")? == "nanobragg")
    }

    /// The three names of a list that holds one value for each axis.
    pub(super) fn each_of_three(&mut self, name: &str) -> Result<[f64; 3]> {
        debug_assert!(matches!(keys::find(name).map(|key| key.count), Some(Count::Exactly(3) | Count::OneOr(3))));
        self.array(name)
    }
}
