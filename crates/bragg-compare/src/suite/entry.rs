//! A suite's file: cases, and keys at its top that hold for all of them.

use crate::case::{Case, Source};
use crate::metrics::{Metrics, Profile, Thresholds};
use crate::request::{LONGEST, Request, program};
use crate::words;
use bragg::{Error, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::{Table, Value};

/// What a case should come to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expected {
    Agreement,
    /// A known difference, with the least and the most that metrics may be.
    Difference {
        reason: String,
        bounds: BTreeMap<String, [f64; 2]>,
    },
}

/// A case of a suite.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) expected: Expected,
    keys: Keys,
}

/// The keys of a case as they are written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    name: String,
    args: String,
    /// Folder of the files that the arguments name, seen from the suite.
    inputs: Option<PathBuf>,
    /// A stored image; `{name}` is the case's name.
    reference_image: Option<String>,
    reference: Option<String>,
    candidate: Option<String>,
    candidate_args: Option<String>,
    profile: Option<Profile>,
    min_correlation: Option<f64>,
    max_sum_deviation: Option<f64>,
    max_peak_shift: Option<f64>,
    max_rel: Option<f64>,
    roi: Option<[usize; 4]>,
    mask: Option<PathBuf>,
    size: Option<[usize; 2]>,
    timeout: Option<f64>,
    repeat: Option<u16>,
    expect: Option<Expect>,
    reason: Option<String>,
    bounds: Option<BTreeMap<String, [f64; 2]>>,
    /// For the reader of the suite.
    #[serde(rename = "note")]
    _note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expect {
    Agrees,
    Differs,
}

/// Reads a suite: its name and its cases.
///
/// # Errors
/// The file cannot be read, or says what cannot be used.
pub(super) fn read(file: &Path) -> Result<(String, Vec<Entry>)> {
    let text = std::fs::read_to_string(file).map_err(|error| Error::io("read", file, error))?;
    parse(&text, file)
}

fn parse(text: &str, file: &Path) -> Result<(String, Vec<Entry>)> {
    let mut table: Table = toml::from_str(text).map_err(|error: toml::de::Error| {
        let line = error.span().map(|span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        Error::file(file, line, one_line(error.message()))
    })?;
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = match table.remove("suite") {
        None => stem,
        Some(Value::String(name)) => name,
        Some(other) => {
            return Err(Error::file(file, None, format!("suite is {other}; it must be the suite's name, a text")));
        }
    };
    let cases = match table.remove("case") {
        Some(Value::Array(cases)) if !cases.is_empty() => cases,
        _ => return Err(Error::file(file, None, "has no cases; each is a table [[case]] with name and args")),
    };
    let mut entries: Vec<Entry> = Vec::new();
    for (i, case) in cases.into_iter().enumerate() {
        let Value::Table(own) = case else {
            return Err(Error::file(file, None, format!("case {} is no table; begin each with [[case]]", i + 1)));
        };
        let mut keys = table.clone();
        keys.extend(own);
        let entry = entry(keys, i + 1, file)?;
        if entries.iter().any(|other| other.name == entry.name) {
            return Err(Error::file(
                file,
                None,
                format!("has two cases {:?}; each needs a name of its own", entry.name),
            ));
        }
        entries.push(entry);
    }
    Ok((name, entries))
}

fn entry(keys: Table, number: usize, file: &Path) -> Result<Entry> {
    let called = keys
        .get("name")
        .and_then(Value::as_str)
        .map_or_else(|| format!("case {number}"), |name| format!("case {name:?}"));
    let complaint = |what: String| Error::file(file, None, format!("{called}: {what}"));
    let keys: Keys =
        Value::Table(keys).try_into().map_err(|error: toml::de::Error| complaint(one_line(error.message())))?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if keys.name.is_empty() || keys.name.starts_with('.') || !keys.name.chars().all(fits) {
        return Err(complaint(
            "the name must be made of letters, digits, _, - and ., since a folder is called so".to_owned(),
        ));
    }
    let bounds = keys.bounds.clone().unwrap_or_default();
    if let Some(unknown) = bounds.keys().find(|name| Metrics::default().get(name).is_none()) {
        let known: Vec<_> = Metrics::default().list().iter().map(|metric| metric.name).collect();
        return Err(complaint(format!("bounds has no metric {unknown:?}; the metrics are {}", known.join(", "))));
    }
    let reason = keys.reason.clone().unwrap_or_default();
    let expected = match keys.expect.unwrap_or(Expect::Agrees) {
        Expect::Differs if reason.trim().is_empty() || bounds.is_empty() => {
            let what = "expect = \"differs\" needs a reason and bounds, such as bounds = { sum_ratio = [1.9, 2.1] }";
            return Err(complaint(what.to_owned()));
        }
        Expect::Differs => Expected::Difference { reason, bounds },
        Expect::Agrees if keys.reason.is_some() || keys.bounds.is_some() => {
            return Err(complaint("reason and bounds are for expect = \"differs\"".to_owned()));
        }
        Expect::Agrees => Expected::Agreement,
    };
    if keys.timeout.is_some_and(|timeout| timeout.is_nan() || timeout <= 0.0) || keys.repeat == Some(0) {
        return Err(complaint("timeout and repeat must be positive".to_owned()));
    }
    Ok(Entry { name: keys.name.clone(), expected, keys })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Entry {
    /// What the case and the request, which goes before it, ask for.
    ///
    /// # Errors
    /// There is no reference, a command cannot be taken apart, or an input is not there.
    pub(super) fn case(&self, request: &Request, file: &Path) -> Result<Case> {
        let keys = &self.keys;
        let folder = file.parent().unwrap_or(Path::new(""));
        let mut case = request.with_sides([self.reference(request, folder)?, self.candidate(request)?]);
        let complaint = |what: &str| Error::file(file, None, format!("case {:?}: {what}", self.name));
        let split =
            |text: &str| shlex::split(text).ok_or_else(|| complaint("args have a quotation mark without a partner"));
        let inputs = folder.join(keys.inputs.as_deref().unwrap_or(Path::new("")));
        case.arguments = Some(words::resolve(&split(&keys.args)?, &inputs)?);
        case.candidate_args = keys.candidate_args.as_deref().map(split).transpose()?.unwrap_or_default();
        case.thresholds = self.thresholds(request);
        case.settings.roi = case.settings.roi.or(keys.roi);
        case.mask = case.mask.or_else(|| keys.mask.as_ref().map(|mask| folder.join(mask)));
        case.size = case.size.or(keys.size.map(|[fast, slow]| (fast, slow)));
        if let Some(timeout) = keys.timeout {
            case.timeout = Duration::try_from_secs_f64(timeout).unwrap_or(case.timeout).min(LONGEST);
        }
        if let Some(repeat) = keys.repeat.filter(|_| request.repeat == 1) {
            case.repeat = repeat.into();
        }
        Ok(case)
    }

    fn reference(&self, request: &Request, folder: &Path) -> Result<Source> {
        if let (None, Some(image)) = (&request.reference, &self.keys.reference_image) {
            return Ok(Source::Image(folder.join(image.replace("{name}", &self.name))));
        }
        let given = request.reference.as_deref().or(self.keys.reference.as_deref());
        let what =
            "is missing; give reference_image or reference in the suite, or `reference` for all cases, or set NB_C_BIN";
        let setting = format!("reference of case {:?}", self.name);
        program(&setting, given, "NB_C_BIN")?.ok_or_else(|| Error::setting(setting, what))
    }

    fn candidate(&self, request: &Request) -> Result<Source> {
        match (&request.candidate, &self.keys.candidate) {
            (None, Some(command)) => Ok(Source::Program(words::command("candidate", command)?)),
            _ => request.candidate(),
        }
    }

    fn thresholds(&self, request: &Request) -> Thresholds {
        let keys = &self.keys;
        if let Some(profile) = request.profile {
            return request.thresholds(profile.thresholds());
        }
        let profile = keys.profile.unwrap_or_default().thresholds();
        let own = Thresholds {
            min_correlation: keys.min_correlation.unwrap_or(profile.min_correlation),
            max_sum_deviation: keys.max_sum_deviation.unwrap_or(profile.max_sum_deviation),
            max_peak_shift: keys.max_peak_shift,
            max_rel: keys.max_rel,
        };
        request.thresholds(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(text: &str) -> String {
        parse(text, Path::new("s.toml")).unwrap_err().to_string()
    }

    #[test]
    fn a_case_takes_three_lines_and_the_keys_at_the_top_hold_for_all() {
        let text = "suite = \"s\"\nprofile = \"strict\"\nreference_image = \"{name}.f32\"\n[[case]]\nname = \"a\"\nargs = \"-N 5\"\n\
                    [[case]]\nname = \"b\"\nargs = \"-N 6\"\nprofile = \"complex\"\n";
        let (name, entries) = parse(text, Path::new("s.toml")).unwrap();
        assert_eq!((name.as_str(), entries.len()), ("s", 2));
        assert_eq!(entries[0].keys.profile, Some(Profile::Strict));
        assert_eq!(entries[1].keys.profile, Some(Profile::Complex));
        assert_eq!(entries[0].expected, Expected::Agreement);
    }

    #[test]
    fn what_a_suite_may_not_say_is_named() {
        let case = "[[case]]\nname = \"a\"\nargs = \"\"\n";
        for (text, expected) in [
            ("", "has no cases"),
            ("case = 3", "has no cases"),
            ("[[case]]\nname = \"a\"\n", "missing field `args`"),
            (&format!("{case}colour = 1\n"), "case \"a\": unknown field `colour`"),
            (&format!("{case}{case}"), "two cases \"a\""),
            ("[[case]]\nname = \"../a\"\nargs = \"\"\n", "letters, digits"),
            (&format!("{case}expect = \"differs\"\nreason = \"x\"\n"), "needs a reason and bounds"),
            (
                &format!("{case}expect = \"differs\"\nreason = \"x\"\nbounds = {{ sum = [0, 1] }}\n"),
                "no metric \"sum\"",
            ),
            (&format!("{case}reason = \"x\"\n"), "for expect = \"differs\""),
            (&format!("{case}repeat = 0\n"), "must be positive"),
            ("[[case]\n", "s.toml:1"),
        ] {
            assert!(complaint(text).contains(expected), "{text}: {}", complaint(text));
        }
    }
}
