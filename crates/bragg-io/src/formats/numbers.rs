//! Numbers in text files.

use bragg::miller::MAX_INDEX;

/// Intensities and amplitudes beyond this are damage; sums of those below stay finite.
const LARGEST: f64 = 1e60;

/// The start of a text, fit for a message.
pub(crate) fn excerpt(text: &str) -> String {
    let text: String = text.trim().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().count() <= 60 { text } else { text.chars().take(57).chain("...".chars()).collect() }
}

/// A finite number; `what` completes "… `abc` is not a finite number".
pub(crate) fn number(text: &str, what: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(format!("{what} `{}` is not a finite number", excerpt(text))),
    }
}

/// A number without the uncertainty that CIF puts behind it in brackets.
pub(crate) fn cif_number(text: &str, what: &str) -> Result<f64, String> {
    number(text.split('(').next().unwrap_or_default(), what)
        .map_err(|_| format!("{what} `{}` is not a finite number", excerpt(text)))
}

/// A finite number that sums can be made of.
pub(crate) fn summable(value: f64, what: &str) -> Result<f64, String> {
    if value.abs() <= LARGEST { Ok(value) } else { Err(format!("{what} {value} is beyond ±{LARGEST:e}")) }
}

/// A Miller index: a whole number (`3` or `3.0`) up to ±[`MAX_INDEX`].
pub(crate) fn index(text: &str) -> Result<i32, String> {
    let value = number(text, "the index")?;
    if value.fract() != 0.0 {
        return Err(format!("the index {} is not a whole number", excerpt(text)));
    }
    index_in_range(value, text)
}

/// A whole number as an index up to ±[`MAX_INDEX`].
pub(crate) fn index_in_range(value: f64, text: &str) -> Result<i32, String> {
    if value.abs() <= f64::from(MAX_INDEX) {
        Ok(value as i32)
    } else {
        Err(format!("the index {} is beyond ±{MAX_INDEX}", excerpt(text)))
    }
}
