//! Numbers with units: `"100 mm"`, `"12.4 keV"`, `"0.5 deg"`, `"1 %"`.

/// The unit in which a key's bare numbers are, and in which its values are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Millimetres.
    Mm,
    /// Ångström.
    Angstrom,
    /// Degrees.
    Deg,
    /// Milliradians.
    Mrad,
    /// Electronvolts.
    Ev,
    /// Seconds.
    Second,
    /// A fraction of one.
    Fraction,
}

impl Unit {
    /// The unit as it is written behind a number; empty for a fraction.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Mm => "mm",
            Self::Angstrom => "Å",
            Self::Deg => "deg",
            Self::Mrad => "mrad",
            Self::Ev => "eV",
            Self::Second => "s",
            Self::Fraction => "",
        }
    }

    /// What is measured and the units that may be written, for messages.
    pub fn allowed(self) -> &'static str {
        match self {
            Self::Mm => "a length: a number of mm, or text with a unit such as \"100 mm\", \"75 um\" or \"0.1 m\"",
            Self::Angstrom => "a length: a number of Å, or text with a unit such as \"1.2 A\" or \"0.12 nm\"",
            Self::Deg => "an angle: a number of degrees, or text with a unit such as \"0.5 deg\" or \"1.2 mrad\"",
            Self::Mrad => "an angle: a number of mrad, or text with a unit such as \"1.2 mrad\" or \"0.05 deg\"",
            Self::Ev => "an energy: a number of eV, or text with a unit such as \"12.4 keV\"",
            Self::Second => "a time: a number of seconds, or text with a unit such as \"10 ms\"",
            Self::Fraction => "a fraction of one, or text in percent such as \"1 %\"",
        }
    }

    fn dimension(self) -> Dimension {
        match self {
            Self::Mm => Dimension::Length(-3),
            Self::Angstrom => Dimension::Length(-10),
            Self::Deg => Dimension::Degrees,
            Self::Mrad => Dimension::Radians(-3),
            Self::Ev => Dimension::Energy(0),
            Self::Second => Dimension::Time(0),
            Self::Fraction => Dimension::Fraction(0),
        }
    }
}

impl Unit {
    /// Other units in which people give the same, those first that they take for granted most.
    pub(super) fn others(self) -> &'static [&'static str] {
        match self {
            Self::Mm => &["um", "m", "nm", "cm", "A", "pm"],
            Self::Angstrom => &["nm", "pm", "m"],
            Self::Deg => &["mrad", "rad"],
            Self::Mrad => &["urad", "rad", "deg"],
            Self::Ev => &["keV"],
            Self::Second => &["ms", "us", "fs"],
            Self::Fraction => &["%"],
        }
    }
}

/// What a unit measures, and its size as a power of ten of m, rad, eV, s or 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dimension {
    Length(i32),
    Radians(i32),
    Degrees,
    Energy(i32),
    Time(i32),
    Fraction(i32),
}

/// Every unit that may be written; the micro sign and the Greek letter, the Å of Unicode twice.
const UNITS: &[(&[&str], Dimension)] = &[
    (&["m"], Dimension::Length(0)),
    (&["cm"], Dimension::Length(-2)),
    (&["mm"], Dimension::Length(-3)),
    (&["um", "µm", "μm", "micron", "microns"], Dimension::Length(-6)),
    (&["nm"], Dimension::Length(-9)),
    (&["A", "Å", "\u{212b}", "angstrom"], Dimension::Length(-10)),
    (&["pm"], Dimension::Length(-12)),
    (&["deg", "°", "degree", "degrees"], Dimension::Degrees),
    (&["rad"], Dimension::Radians(0)),
    (&["mrad"], Dimension::Radians(-3)),
    (&["urad", "µrad", "μrad"], Dimension::Radians(-6)),
    (&["eV"], Dimension::Energy(0)),
    (&["keV"], Dimension::Energy(3)),
    (&["s"], Dimension::Time(0)),
    (&["ms"], Dimension::Time(-3)),
    (&["us", "µs", "μs"], Dimension::Time(-6)),
    (&["fs"], Dimension::Time(-15)),
    (&["%"], Dimension::Fraction(-2)),
];

/// The number and the unit's name in a text; `None` when it does not begin with a number.
fn split(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c))).unwrap_or(text.len());
    // the e of "1eV" looks like an exponent until it is tried
    (1..=end).rev().find_map(|length| {
        let number: f64 = text.get(..length)?.parse().ok()?;
        Some((number, text.get(length..)?.trim()))
    })
}

fn scaled(number: f64, exponent: i32) -> f64 {
    // dividing by an exact power of ten rounds correctly where multiplying by its inverse would not
    if exponent >= 0 { number * 10f64.powi(exponent) } else { number / 10f64.powi(-exponent) }
}

/// The value of a text such as `"100 mm"` in `unit`.
///
/// # Errors
/// What is wrong with the text, to stand behind "is … ;".
pub fn parse(text: &str, unit: Unit) -> Result<f64, String> {
    let refuse = |why: String| Err(format!("\"{text}\", which {why}; it must be {}", unit.allowed()));
    let Some((number, name)) = split(text) else {
        return refuse("does not begin with a number".to_owned());
    };
    if name.is_empty() && unit != Unit::Fraction {
        return refuse("has no unit".to_owned());
    }
    let found = if name.is_empty() {
        Dimension::Fraction(0)
    } else {
        match UNITS.iter().find(|(names, _)| names.contains(&name)) {
            Some(&(_, dimension)) => dimension,
            None => return refuse(format!("has the unknown unit {name}")),
        }
    };
    use Dimension::{Degrees, Energy, Fraction, Length, Radians, Time};
    match (found, unit.dimension()) {
        (Length(from), Length(to))
        | (Energy(from), Energy(to))
        | (Time(from), Time(to))
        | (Radians(from), Radians(to)) => Ok(scaled(number, from - to)),
        (Fraction(from), Fraction(to)) => Ok(scaled(number, from - to)),
        (Degrees, Degrees) => Ok(number),
        (Degrees, Radians(to)) => Ok(scaled(number.to_radians(), -to)),
        (Radians(from), Degrees) => Ok(scaled(number, from).to_degrees()),
        _ => refuse("measures something else".to_owned()),
    }
}

/// The number in a text that gives pixels (`"12.5 px"`); `None` when it is not in pixels.
pub fn parse_pixels(text: &str) -> Option<f64> {
    let (number, name) = split(text)?;
    ["px", "pixel", "pixels"].contains(&name).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_converted_with_correct_rounding() {
        assert_eq!(parse("100 mm", Unit::Mm), Ok(100.0));
        assert_eq!(parse("172 um", Unit::Mm), Ok(0.172));
        assert_eq!(parse("172µm", Unit::Mm), Ok(0.172));
        assert_eq!(parse("172 μm", Unit::Mm), Ok(0.172));
        assert_eq!(parse("88.5 um", Unit::Mm), Ok(0.0885));
        assert_eq!(parse("0.1m", Unit::Mm), Ok(100.0));
        assert_eq!(parse("0.97 Å", Unit::Angstrom), Ok(0.97));
        assert_eq!(parse("0.097 nm", Unit::Angstrom), Ok(0.97));
        assert_eq!(parse("9.7e-11 m", Unit::Angstrom), Ok(0.97));
        assert_eq!(parse("12.4 keV", Unit::Ev), Ok(12400.0));
        assert_eq!(parse("1eV", Unit::Ev), Ok(1.0));
        assert_eq!(parse("1 %", Unit::Fraction), Ok(0.01));
        assert_eq!(parse("0.01", Unit::Fraction), Ok(0.01));
        assert_eq!(parse("10 ms", Unit::Second), Ok(0.01));
        assert_eq!(parse("-0.5 deg", Unit::Deg), Ok(-0.5));
        assert!((parse("1.2 mrad", Unit::Deg).unwrap() - 0.068_754_935_415_698_79).abs() < 1e-16);
        assert!((parse("0.5 deg", Unit::Mrad).unwrap() - 8.726_646_259_971_648).abs() < 1e-14);
        assert_eq!(parse("300 urad", Unit::Mrad), Ok(0.3));
        assert_eq!(parse_pixels("12.5 px"), Some(12.5));
        assert_eq!(parse_pixels("12.5 mm"), None);
    }

    #[test]
    fn every_other_unit_is_one_of_the_same() {
        for unit in [Unit::Mm, Unit::Angstrom, Unit::Deg, Unit::Mrad, Unit::Ev, Unit::Second, Unit::Fraction] {
            assert!(unit.others().iter().all(|other| parse(&format!("1 {other}"), unit).is_ok()));
        }
    }

    #[test]
    fn what_is_not_a_quantity_is_refused_with_what_is_allowed() {
        for (text, unit, why) in [
            ("far", Unit::Mm, "does not begin with a number"),
            ("", Unit::Mm, "does not begin with a number"),
            ("100", Unit::Mm, "has no unit"),
            ("100 furlongs", Unit::Mm, "unknown unit furlongs"),
            ("12 keV", Unit::Mm, "measures something else"),
            ("nan mm", Unit::Mm, "does not begin with a number"),
            ("5 %", Unit::Deg, "measures something else"),
            ("1 MM", Unit::Mm, "unknown unit MM"),
        ] {
            let message = parse(text, unit).unwrap_err();
            assert!(message.contains(why) && message.contains(unit.allowed()), "{message}");
        }
    }
}
