//! Reading the values of one option.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::description::nanobragg::{CellOptions, Misset};
use crate::formats::c_format::{split_integer, split_number};

use super::flag::{Flag, Set};
use super::parse::{Notice, Refusal, find, one_dash};

/// Whether `word` is meant as an option and cannot be a value: dashes and a letter, or the name of an option
/// (`-4stol`). A negative number is a value.
pub(super) fn looks_like_option(word: &str) -> bool {
    let body = word.trim_start_matches('-');
    let is_dashed = body.len() < word.len() && body.starts_with(char::is_alphabetic);
    is_dashed && !is_infinity_or_nan(word) || find(word).is_some()
}

fn is_infinity_or_nan(word: &str) -> bool {
    word.parse().is_ok_and(|x: f64| !x.is_finite())
}

/// The words of the command line that are still to be read, and the option whose turn it is.
pub(super) struct Words<'a> {
    rest: std::slice::Iter<'a, OsString>,
    /// The option as messages call it.
    spelled: String,
    /// Its unit in brackets, with a space before it; or nothing.
    unit: String,
    /// Its values as the help shows them.
    value: &'static str,
    /// Values of which only the beginning was read.
    pub(super) notices: Vec<Notice>,
}

impl<'a> Words<'a> {
    pub(super) fn new(words: &'a [OsString]) -> Self {
        Self { rest: words.iter(), spelled: String::new(), unit: String::new(), value: "", notices: Vec::new() }
    }

    /// Begins with the values of `flag`.
    pub(super) fn begin(&mut self, flag: &'static Flag, spelled: &str) {
        let word = one_dash(spelled).unwrap_or(spelled);
        let is_a_name = flag.names.iter().any(|name| name.text() == word);
        self.spelled = if is_a_name { spelled.to_owned() } else { format!("{spelled} (read as {})", stem(flag, word)) };
        self.unit = if flag.unit.is_empty() { String::new() } else { format!(" ({})", flag.unit) };
        self.value = flag.value;
    }

    /// The next word, whatever it is.
    pub(super) fn next(&mut self) -> Option<&'a OsStr> {
        self.rest.next().map(OsString::as_os_str)
    }

    /// The next word, unless it is an option.
    pub(super) fn next_if_value(&mut self) -> Option<&'a OsStr> {
        let word = self.rest.as_slice().first().filter(|word| !looks_like_option(&word.to_string_lossy()))?;
        self.rest.next();
        Some(word)
    }

    /// The value that must stand here; `n_before` of the `n` values that are `needed` have been read.
    fn required(&mut self, needed: &str, n_before: usize, n: usize) -> Result<&'a OsStr, Refusal> {
        if let Some(word) = self.next_if_value() {
            return Ok(word);
        }
        let Self { spelled, unit, .. } = &*self;
        let found = match (n_before, self.rest.as_slice().first().map(|word| word.to_string_lossy())) {
            (0, None) => String::new(),
            (0, Some(next)) if find(&next).is_some() => format!(", but the next word is the option {next}"),
            (0, Some(next)) => format!(", but the next word, {next}, begins like an option"),
            (1, _) if n > 1 => ", but only 1 was given".to_owned(),
            (given, _) => format!(", but only {given} were given"),
        };
        Err(Refusal(format!("{spelled} needs {needed}{unit}{found}")))
    }

    fn malformed(&self, needed: &str, word: &str) -> Refusal {
        Refusal(format!("{} needs {needed}{}, but '{word}' was given", self.spelled, self.unit))
    }

    /// Says that only the beginning of a value counts, as in nanoBragg, which reads values by C's `atof` and `atoi`.
    fn note_rest(&mut self, word: &str, read: impl std::fmt::Display) {
        let what = format!("'{word}' is read as {read}, as in nanoBragg; what follows the number does not count");
        self.notices.push(Notice { flags: vec![self.spelled.clone()], what });
    }

    fn read_number(&mut self, word: &OsStr) -> Result<f64, Refusal> {
        let text = word.to_string_lossy();
        match split_number(&text) {
            Some((x, rest)) if x.is_finite() => {
                if !rest.trim().is_empty() {
                    self.note_rest(&text, x);
                }
                Ok(x)
            }
            None if !is_infinity_or_nan(&text) => Err(self.malformed("a number", &text)),
            _ => Err(self.malformed("a finite number", &text)),
        }
    }

    fn read_integer(&mut self, word: &OsStr) -> Result<i64, Refusal> {
        let text = word.to_string_lossy();
        let Some((n, rest)) = split_integer(&text) else { return Err(self.malformed("a whole number", &text)) };
        // 1.0 is as whole as 1
        let is_whole = rest.strip_prefix('.').unwrap_or(rest).trim_end().bytes().all(|digit| digit == b'0');
        if !is_whole {
            self.note_rest(&text, n);
        }
        Ok(n)
    }

    pub(super) fn number(&mut self) -> Result<f64, Refusal> {
        let word = self.required("a value", 0, 1)?;
        self.read_number(word)
    }

    pub(super) fn number_or_infinity(&mut self) -> Result<f64, Refusal> {
        let word = self.required("a value", 0, 1)?;
        let text = word.to_string_lossy();
        if ["inf", "+inf", "infinity", "+infinity"].contains(&text.to_lowercase().as_str()) {
            return Ok(f64::INFINITY);
        }
        if is_infinity_or_nan(&text) {
            return Err(self.malformed("a number or inf", &text));
        }
        self.read_number(word).map_err(|_| self.malformed("a number or inf", &text))
    }

    pub(super) fn integer(&mut self) -> Result<i64, Refusal> {
        let word = self.required("a whole number", 0, 1)?;
        self.read_integer(word)
    }

    pub(super) fn positive(&mut self) -> Result<u64, Refusal> {
        let needed = "a whole number, 1 or more";
        let text = self.required(needed, 0, 1)?.to_string_lossy();
        text.parse().ok().filter(|n| *n > 0).ok_or_else(|| self.malformed(needed, &text))
    }

    pub(super) fn file(&mut self) -> Result<PathBuf, Refusal> {
        let word = self.required("the name of a file", 0, 1)?;
        if word.is_empty() { Err(self.malformed("the name of a file", "")) } else { Ok(PathBuf::from(word)) }
    }

    pub(super) fn choice(&mut self, choices: &[(&str, Set)]) -> Result<Set, Refusal> {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let needed = names.join(" or ");
        let text = self.required(&needed, 0, 1)?.to_string_lossy();
        let chosen = choices.iter().find(|(name, _)| text.eq_ignore_ascii_case(name));
        chosen.map(|(_, set)| *set).ok_or_else(|| self.malformed(&needed, &text))
    }

    pub(super) fn numbers<const N: usize>(&mut self) -> Result<[f64; N], Refusal> {
        let needed = format!("{N} numbers {}", self.value);
        let mut numbers = [0.0; N];
        for (i, number) in numbers.iter_mut().enumerate() {
            let word = self.required(&needed, i, N)?;
            *number = self.read_number(word)?;
        }
        Ok(numbers)
    }

    pub(super) fn integers<const N: usize>(&mut self) -> Result<[i64; N], Refusal> {
        let needed = format!("{N} whole numbers {}", self.value);
        let mut numbers = [0; N];
        for (i, number) in numbers.iter_mut().enumerate() {
            let word = self.required(&needed, i, N)?;
            *number = self.read_integer(word)?;
        }
        Ok(numbers)
    }

    pub(super) fn cell(&mut self) -> Result<CellOptions, Refusal> {
        let first = self.required("1 to 6 numbers a b c α β γ", 0, 6)?;
        let a_angstrom = self.read_number(first)?;
        let mut others = [None; 5];
        for other in &mut others {
            // a negative number ends the cell, too
            let begins_with_dash = |word: &OsString| word.to_string_lossy().starts_with('-');
            if self.rest.as_slice().first().is_some_and(begins_with_dash) {
                break;
            }
            let Some(word) = self.next_if_value() else { break };
            *other = Some(self.read_number(word)?);
        }
        let [b_angstrom, c_angstrom, alpha_deg, beta_deg, gamma_deg] = others;
        Ok(CellOptions { a_angstrom, b_angstrom, c_angstrom, alpha_deg, beta_deg, gamma_deg })
    }

    pub(super) fn misset(&mut self) -> Result<Misset, Refusal> {
        let needed = "3 angles x y z or the word random";
        if self.rest.as_slice().first().is_some_and(|word| word.eq_ignore_ascii_case("random")) {
            self.rest.next();
            return Ok(Misset::Random);
        }
        let mut angles = [0.0; 3];
        for (i, angle) in angles.iter_mut().enumerate() {
            let word = self.required(needed, i, 3)?;
            *angle = self.read_number(word)?;
        }
        Ok(Misset::AnglesDeg(angles))
    }
}

/// The longest name of `flag` that fits `word`.
fn stem(flag: &'static Flag, word: &str) -> &'static str {
    let fitting = flag.names.iter().filter(|name| name.fits(word)).map(|name| name.text());
    fitting.max_by_key(|text| text.len()).unwrap_or(flag.name())
}
