//! The table of keys, for the keywords of the Python classes.

use crate::values::{insert_all, to_dict};
use bragg_io::description::Description;
use bragg_io::description::keys::{Count, Default, KEYS, Key, Kind};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The version of the program.
#[pyfunction]
pub(crate) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The values by dotted name, each in its key's unit, once they are found to be ones that their keys allow.
#[pyfunction]
pub(crate) fn check<'py>(values: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
    let mut description = Description::new();
    insert_all(&mut description, values)?;
    to_dict(values.py(), &description)
}

/// Every key: name, kind (`number`, `integer`, …), unit, how many (0 for any number, negative for one or so many), the words that
/// are allowed, what holds when it is not given, what values are allowed, and its meaning.
#[pyfunction]
pub(crate) fn keys(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    KEYS.iter().map(|key| row(py, key)).collect()
}

fn row<'py>(py: Python<'py>, key: &Key) -> PyResult<Bound<'py, PyDict>> {
    let (kind, unit, words): (_, _, Vec<&str>) = match key.kind {
        Kind::In(unit) => ("quantity", unit.symbol(), vec![]),
        Kind::InOr(unit, word) => ("quantity", unit.symbol(), vec![word]),
        Kind::Number | Kind::Amount => ("number", "", vec![]),
        Kind::Integer => ("integer", "", vec![]),
        Kind::Bool => ("bool", "", vec![]),
        Kind::Text => ("text", "", vec![]),
        Kind::Path => ("path", "", vec![]),
        Kind::OneOf(names) => ("word", "", names.to_vec()),
        Kind::PixelPosition => ("quantity", "pixels", vec![]),
    };
    let count = match key.count {
        Count::One => 1,
        Count::Exactly(n) => n as i64,
        Count::OneOr(n) => -(n as i64),
        Count::Any => 0,
    };
    let default = match key.default {
        Default::Toml(value) => value.to_owned(),
        Default::Automatic(how) => format!("automatic: {how}"),
        Default::Absent(what) => what.to_owned(),
        Default::Required(what) => format!("an error: {what}"),
    };
    let row = PyDict::new(py);
    row.set_item("name", key.name)?;
    row.set_item("kind", kind)?;
    row.set_item("unit", unit)?;
    row.set_item("count", count)?;
    row.set_item("words", words)?;
    row.set_item("default", default)?;
    row.set_item("allowed", key.allowed_text())?;
    row.set_item("help", key.help)?;
    Ok(row)
}
