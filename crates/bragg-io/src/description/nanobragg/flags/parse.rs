//! From the words of the command line to [`Options`], by the rules of nanoBragg as far as they are sane.
//!
//! Options begin with one or two dashes and are recognised by the longest name in the table that fits; of an option given
//! twice the last one counts. Numbers are read by the rules of C's `atof` and `atoi`. Other than nanoBragg, which ignores what it does not
//! understand: an unknown option, a word that belongs to no option (both unless `-ignore_unknown` is given), a missing value and a value
//! that does not begin with a number are errors.

use std::ffi::OsString;
use std::fmt;

use crate::description::nanobragg::{Chosen, Options};

use super::defs::flags;
use super::flag::{Action, Flag, HelpLength};
use super::value::{Words, looks_like_option};

/// What the user asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Invocation {
    /// The help.
    Help(HelpLength),
    /// The version.
    Version,
    /// An image, and what the user should be told about the options.
    Run(Box<Options>, Vec<Notice>),
}

/// Something about an option that is no error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The options meant, as they were spelled.
    pub flags: Vec<String>,
    /// What is to be said.
    pub what: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.flags.join(", "), self.what)
    }
}

/// Why a command line is not accepted, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

/// Reads the words after the program's name.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Invocation, Refusal> {
    let words: Vec<OsString> = words.into_iter().collect();
    let ignores_unknown = words.iter().any(|word| one_dash(&word.to_string_lossy()) == Some(IGNORE_UNKNOWN));
    let mut words = Words::new(&words);
    let mut options = Options::default();
    let mut without_effect = WithoutEffect::default();
    let mut previous = None;
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        refuse_assignment(&text)?;
        let Some(flag) = find(&text) else {
            if !ignores_unknown {
                return Err(unrecognised(&text, previous));
            }
            without_effect.ignored.push(text.into_owned());
            previous = None;
            continue;
        };
        let spelled = text.into_owned();
        words.begin(flag, &spelled);
        match &flag.action {
            Action::Help(length) => return Ok(Invocation::Help(*length)),
            Action::Version => return Ok(Invocation::Version),
            Action::Unused(has_value) => {
                if *has_value {
                    words.next_if_value();
                }
                if !without_effect.unused.contains(&spelled) {
                    without_effect.unused.push(spelled.clone());
                }
            }
            Action::Dead(meant) => {
                words.next_if_value();
                without_effect.dead.push((spelled.clone(), meant));
            }
            action => apply(action, &mut options, &mut words)?,
        }
        record(flag, &spelled, &mut options);
        previous = Some(flag);
    }
    let mut notices = words.notices;
    notices.extend(without_effect.notices());
    notices.extend(axis_as_angle(&options));
    Ok(Invocation::Run(Box::new(options), notices))
}

/// The option that makes unknown words no error.
const IGNORE_UNKNOWN: &str = "-ignore_unknown";

/// Words that change nothing.
#[derive(Default)]
struct WithoutEffect {
    /// Options that nanoBragg reads and does not use.
    unused: Vec<String>,
    /// Words of its examples that it does not know, and what is meant.
    dead: Vec<(String, &'static str)>,
    /// What nobody knows.
    ignored: Vec<String>,
}

impl WithoutEffect {
    fn notices(self) -> Vec<Notice> {
        let mut notices = Vec::new();
        if !self.unused.is_empty() {
            notices.push(Notice { flags: self.unused, what: "read and not used, as in nanoBragg".to_owned() });
        }
        for (spelled, meant) in self.dead {
            let what = format!("nanoBragg has no such option and ignores it, and so does this program; {meant}");
            notices.push(Notice { flags: vec![spelled], what });
        }
        if !self.ignored.is_empty() {
            let what = format!("unknown and ignored, because of {IGNORE_UNKNOWN}");
            notices.push(Notice { flags: self.ignored, what });
        }
        notices
    }
}

/// Reads the values of an option and puts them where they go.
fn apply(action: &Action, options: &mut Options, words: &mut Words<'_>) -> Result<(), Refusal> {
    match action {
        Action::Switch(set) => set(options),
        Action::Number(set) => set(options, words.number()?),
        Action::NumberOrInfinity(set) => set(options, words.number_or_infinity()?),
        Action::Integer(set) => set(options, words.integer()?),
        Action::Positive(set) => set(options, words.positive()?),
        Action::File(set) => set(options, words.file()?),
        Action::Choice(choices) => words.choice(choices)?(options),
        Action::Vector(set) => set(options, words.numbers()?),
        Action::TwoIntegers(set) => set(options, words.integers()?),
        Action::FourIntegers(set) => set(options, words.integers()?),
        Action::Cell(set) => set(options, words.cell()?),
        Action::Misset(set) => set(options, words.misset()?),
        Action::Unused(_) | Action::Dead(_) | Action::Help(_) | Action::Version => {}
    }
    Ok(())
}

/// Notes how the option was spelled, and the pivot and convention that it sets besides its value.
fn record(flag: &'static Flag, spelled: &str, options: &mut Options) {
    for name in flag.stands_for.iter().copied().chain([flag.name()]) {
        options.spellings.insert(name, spelled.to_owned());
    }
    if let Some(value) = flag.pivot {
        options.geometry.last_pivot = Some(Chosen { value, flag: spelled.to_owned() });
    }
    if let Some(value) = flag.convention {
        options.geometry.convention = Some(Chosen { value, flag: spelled.to_owned() });
    }
}

/// What is said where the first number of an axis counts as an angle.
fn axis_as_angle(options: &Options) -> Option<Notice> {
    let geometry = &options.geometry;
    let [x, ..] = geometry.twotheta_axis.filter(|_| geometry.twotheta_axis_is_last)?;
    (x != geometry.twotheta_deg.unwrap_or(0.0)).then(|| Notice {
        flags: vec![options.spelling("-twotheta_axis").to_owned()],
        what: format!("its first number, {x}, is also taken as the 2θ angle, as in nanoBragg; give -twotheta after it"),
    })
}

/// Refuses `-option=value`.
fn refuse_assignment(text: &str) -> Result<(), Refusal> {
    match text.split_once('=') {
        Some((name, value)) if find(name).is_some() => {
            Err(Refusal(format!("{text}: a value is a word of its own: {name} {value}")))
        }
        _ => Ok(()),
    }
}

/// What is said of a word that is no option; `previous` is the option before it.
fn unrecognised(text: &str, previous: Option<&Flag>) -> Refusal {
    let nearest = nearest(text);
    let advice = nearest.map_or_else(|| "-h lists the options".to_owned(), |name| format!("did you mean {name}?"));
    if looks_like_option(text) {
        return Refusal(format!("unknown option {text}; {advice}"));
    }
    let after = previous.map_or(String::new(), |flag| format!(" ({} takes {})", flag.name(), capacity(flag)));
    let advice =
        nearest.filter(|name| name.trim_start_matches('-') == text).map(|name| format!("; did you mean {name}?"));
    Refusal(format!("'{text}' is neither an option nor a value of one{after}{}", advice.unwrap_or_default()))
}

/// The row whose longest name fits `word`, which has one dash or two.
pub(super) fn find(word: &str) -> Option<&'static Flag> {
    let word = one_dash(word)?;
    let names = flags().flat_map(|flag| flag.names.iter().map(move |name| (name, flag)));
    let fitting = names.filter(|(name, _)| name.fits(word));
    fitting.max_by_key(|(name, _)| name.text().len()).map(|(_, flag)| flag)
}

/// `word` with one dash where it begins with one or two, and nothing where it does not.
pub(super) fn one_dash(word: &str) -> Option<&str> {
    word.strip_prefix('-').map(|rest| if rest.starts_with('-') { rest } else { word })
}

/// The known name nearest to `word`, where one is near enough to be meant.
fn nearest(word: &str) -> Option<&'static str> {
    let typed = word.trim_start_matches('-').to_lowercase();
    let n_typed = typed.chars().count();
    let names = flags().flat_map(|flag| flag.names).map(|name| name.text());
    let candidates = names.filter_map(|name| {
        let body = name.trim_start_matches('-').to_lowercase();
        let n_body = body.chars().count();
        let start: String = typed.chars().take(n_body).collect();
        let whole = strsim::damerau_levenshtein(&typed, &body);
        let stem = if n_body >= 4 { strsim::damerau_levenshtein(&start, &body) } else { whole };
        let distance = whole.min(stem);
        let allowed = (n_typed.min(n_body) / 3).max(1);
        let is_near = distance <= allowed && distance < n_typed;
        is_near.then_some(((distance, whole, !typed.starts_with(&body)), name))
    });
    candidates.min_by_key(|(key, _)| *key).map(|(_, name)| name)
}

/// How many values an option takes, in words.
fn capacity(flag: &Flag) -> &'static str {
    match flag.action {
        Action::Switch(_) | Action::Unused(false) | Action::Help(_) | Action::Version => "no value",
        Action::Vector(_) | Action::Misset(_) => "three values",
        Action::TwoIntegers(_) => "two values",
        Action::FourIntegers(_) => "four values",
        Action::Cell(_) => "at most six values",
        _ => "one value",
    }
}
