//! The values of a description and how they are checked against the table of keys.

use super::keys::{Allowed, Count, Default, Key, Kind};
use super::quantity;
use super::quantity::Unit;
use bragg::error::is_obeyed;
use std::fmt;
use std::path::{Path, PathBuf};

/// One value, in the unit that the table of keys gives for its key.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A length (mm) where the key's own unit is pixels.
    Length(f64),
    /// A text or a name.
    Text(String),
    /// A file.
    Path(PathBuf),
    /// Several values.
    List(Vec<Value>),
}

impl Value {
    /// The number, of a whole number too.
    pub fn number(&self) -> Option<f64> {
        match *self {
            Self::Number(x) => Some(x),
            Self::Integer(n) => Some(n as f64),
            _ => None,
        }
    }

    /// The whole number.
    pub fn integer(&self) -> Option<i64> {
        if let Self::Integer(n) = *self { Some(n) } else { None }
    }

    /// Yes or no.
    pub fn bool(&self) -> Option<bool> {
        if let Self::Bool(yes) = *self { Some(yes) } else { None }
    }

    /// The text.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The file.
    pub fn path(&self) -> Option<&Path> {
        if let Self::Path(path) = self { Some(path) } else { None }
    }

    /// The values of a list.
    pub fn list(&self) -> Option<&[Value]> {
        if let Self::List(list) = self { Some(list) } else { None }
    }

    /// How many powers of ten its number, or the furthest of its numbers, is from the size of another; 0 where it has none.
    pub(super) fn decades_from(&self, usual: f64) -> f64 {
        let of_number = |x: f64| if x == 0.0 { 0.0 } else { (x.abs().log10() - usual.abs().log10()).abs() };
        match self {
            Self::List(list) => list.iter().map(|value| value.decades_from(usual)).fold(0.0, f64::max),
            Self::Length(mm) => of_number(*mm),
            plain => plain.number().map_or(0.0, of_number),
        }
    }

    /// The numbers of a list.
    pub fn numbers(&self) -> Option<Vec<f64>> {
        self.list()?.iter().map(Value::number).collect()
    }
}

/// As TOML.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(yes) => write!(f, "{yes}"),
            Self::Integer(n) => write!(f, "{n}"),
            // the shortest text that reads back as the same number, always with a point or an exponent
            Self::Number(x) => write!(f, "{x:?}"),
            Self::Length(x) => write!(f, "\"{x:?} mm\""),
            Self::Text(text) => quoted(f, text),
            Self::Path(path) => quoted(f, &path.to_string_lossy()),
            Self::List(list) => {
                f.write_str("[")?;
                for (i, value) in list.iter().enumerate() {
                    write!(f, "{}{value}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
        }
    }
}

/// A TOML basic string.
fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            c if is_obeyed(c) => write!(f, "\\u{:04X}", c as u32)?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

impl Key {
    /// The default where it is a number other than 0.
    pub(super) fn usual(&self) -> Option<f64> {
        let Default::Toml(text) = self.default else { return None };
        text.parse().ok().filter(|usual: &f64| *usual != 0.0)
    }

    /// What to ask of a number without a unit that is far from what is usual, where it would be usual in another unit.
    pub(super) fn question(&self, value: &Value) -> Option<String> {
        let (Kind::In(unit) | Kind::InOr(unit, _), Some((low, high))) = (self.kind, self.usually) else { return None };
        let numbers = match value {
            Value::List(list) if self.count != Count::One => list.iter().filter_map(Value::number).collect(),
            one => Vec::from_iter(one.number()),
        };
        let is_usual = |x: f64| (low..=high).contains(&x.abs());
        let x = numbers.into_iter().find(|&x| x.is_finite() && x != 0.0 && !is_usual(x))?;
        let in_units = unit.others().iter().map(|other| format!("{} {other}", short(x)));
        let meant = in_units.into_iter().find(|text| quantity::parse(text, unit).is_ok_and(is_usual))?;
        let (given, symbol) = (short(x), unit.symbol());
        let written =
            if unit == Unit::Fraction { format!("{} %", short(x * 100.0)) } else { format!("{given} {symbol}") };
        let [given, high] = [given, short(high)].map(|number| format!("{number} {symbol}").trim_end().to_owned());
        Some(format!(
            "is {given}; was \"{meant}\" meant? Usual is {} to {high}. To have it so, write \"{written}\"",
            short(low)
        ))
    }

    /// The value as text that stands for itself, whatever is usual.
    pub(super) fn printed(&self, value: &Value) -> String {
        let (Kind::In(unit) | Kind::InOr(unit, _), true) = (self.kind, self.question(value).is_some()) else {
            return value.to_string();
        };
        let with_unit = |value: &Value| match value {
            Value::Number(x) => Value::Text(format!("{x:?} {}", unit.symbol()).trim_end().to_owned()),
            other => other.clone(),
        };
        match value {
            Value::List(list) => Value::List(list.iter().map(with_unit).collect()),
            one => with_unit(one),
        }
        .to_string()
    }

    /// The value as this key keeps it, from one as it was written.
    ///
    /// # Errors
    /// A sentence saying what was given and what is allowed.
    pub fn admit(&self, value: Value) -> Result<Value, String> {
        let wanted = || self.allowed_text();
        match self.count {
            Count::One => match value {
                Value::List(_) => Err(format!("is the list {value}; it must be {}", wanted())),
                one => self.admit_one(one),
            },
            Count::Exactly(n) => {
                let Value::List(list) = value else {
                    return Err(format!("is {value}; it must be {}", wanted()));
                };
                let list = flattened(list);
                if list.len() != n {
                    return Err(format!("has {} values; it must be {}", list.len(), wanted()));
                }
                self.admit_all(list)
            }
            Count::OneOr(n) => match value {
                Value::List(list) if list.len() == n => self.admit_all(list),
                Value::List(list) => Err(format!("has {} values; it must be {}", list.len(), wanted())),
                one => self.admit_all(vec![one; n]),
            },
            Count::Any => match value {
                Value::List(list) => self.admit_all(list),
                one => self.admit_all(vec![one]),
            },
        }
    }

    fn admit_all(&self, list: Vec<Value>) -> Result<Value, String> {
        list.into_iter().map(|value| self.admit_one(value)).collect::<Result<_, _>>().map(Value::List)
    }

    fn admit_one(&self, value: Value) -> Result<Value, String> {
        let wrong = |value: &Value| format!("is {value}; it must be {}", self.allowed_text());
        let admitted = match (self.kind, value) {
            (Kind::InOr(_, word), Value::Text(text)) if text == word => Value::Text(text),
            (Kind::In(unit) | Kind::InOr(unit, _), Value::Text(text)) => {
                Value::Number(quantity::parse(&text, unit).map_err(|e| format!("is {e}"))?)
            }
            (Kind::PixelPosition, Value::Text(text)) => match quantity::parse_pixels(&text) {
                Some(pixels) => Value::Number(pixels),
                None => Value::Length(
                    quantity::parse(&text, Unit::Mm).map_err(|e| format!("is {e}; bare numbers are pixels"))?,
                ),
            },
            (Kind::PixelPosition, Value::Length(mm)) => Value::Length(mm),
            (
                Kind::In(_) | Kind::InOr(..) | Kind::Number | Kind::PixelPosition,
                ref number @ (Value::Number(_) | Value::Integer(_)),
            ) => Value::Number(number.number().unwrap_or(f64::NAN)),
            (Kind::Integer | Kind::Amount, Value::Integer(n)) => Value::Integer(n),
            (Kind::Amount, Value::Number(x)) => Value::Number(x),
            (Kind::Bool, Value::Bool(yes)) => Value::Bool(yes),
            (Kind::Text, Value::Text(text)) => Value::Text(text),
            // the number of a space group
            (Kind::Text, Value::Integer(n)) => Value::Text(n.to_string()),
            (Kind::Path, Value::Text(text)) if !text.is_empty() => Value::Path(PathBuf::from(text)),
            (Kind::Path, Value::Path(path)) => Value::Path(path),
            (Kind::OneOf(names), Value::Text(text)) => {
                if !names.contains(&text.as_str()) {
                    return Err(wrong(&Value::Text(text)));
                }
                Value::Text(text)
            }
            (_, other) => return Err(wrong(&other)),
        };
        self.check_range(&admitted).map(|()| admitted)
    }

    fn check_range(&self, value: &Value) -> Result<(), String> {
        let number = match value {
            Value::Number(x) | Value::Length(x) => *x,
            Value::Integer(n) => *n as f64,
            _ => return Ok(()),
        };
        let inside = match self.allowed {
            Allowed::Any => true,
            Allowed::Positive => number > 0.0,
            Allowed::NonNegative => number >= 0.0,
            Allowed::NonZero => number != 0.0,
            Allowed::Between(low, high) => (low..=high).contains(&number),
        };
        if number.is_finite() && inside {
            Ok(())
        } else {
            Err(format!("is {value}; it must be {}", self.allowed_text()))
        }
    }
}

/// A number as people write it.
fn short(x: f64) -> String {
    if x.fract() == 0.0 && x.abs() < 1e7 { format!("{x:.0}") } else { format!("{x:?}") }
}

/// A matrix written as a list of rows is the list of its elements.
fn flattened(list: Vec<Value>) -> Vec<Value> {
    list.into_iter().flat_map(|value| if let Value::List(row) = value { row } else { vec![value] }).collect()
}
