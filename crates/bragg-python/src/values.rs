//! Values of an experiment to Python and back.

use crate::errors::{exception, unknown_key};
use bragg::experiment::Roi;
use bragg_io::description::keys::{self, MAX_PANELS};
use bragg_io::description::{Description, Origin, Value};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};
use std::path::Path;

/// How deep lists may lie in lists: a matrix is a list of rows.
const MAX_DEPTH: usize = 3;
/// How long a list may be: far longer than any that means something, and soon read.
const MAX_LENGTH: usize = 100_000;

/// Where values that a Python program gives come from.
pub(crate) fn origin() -> Origin {
    Origin::Program("Python".to_owned())
}

/// The pixels that four numbers name: first and last along fast, first and last along slow, ends included.
pub(crate) fn region(roi: [i64; 4]) -> PyResult<Roi> {
    let place = |i: i64| usize::try_from(i).ok();
    match roi.map(place) {
        [Some(fast0), Some(fast1), Some(slow0), Some(slow1)] if fast0 <= fast1 && slow0 <= slow1 => {
            Ok(Roi { fast: [fast0, fast1], slow: [slow0, slow1] })
        }
        _ => {
            let allowed = "it must be the first and last pixel along fast, then along slow, counted from 0";
            Err(PyValueError::new_err(format!("roi: is {roi:?}; {allowed}")))
        }
    }
}

/// Gives the values of a dictionary to the names in it. A dictionary within it is a table, a list of dictionaries a list of tables;
/// `None` is no value.
pub(crate) fn insert_all(description: &mut Description, values: &Bound<'_, PyDict>) -> PyResult<()> {
    insert_table(description, "", values)
}

fn insert_table(description: &mut Description, table: &str, values: &Bound<'_, PyDict>) -> PyResult<()> {
    for (key, value) in values.iter() {
        let key: String = key.extract()?;
        let name = if table.is_empty() { key } else { format!("{table}.{key}") };
        if name != "crystal.cell" && keys::find(&name).is_none() && !is_table_or_list(&name) {
            return Err(unknown_key(&name));
        }
        insert(description, &name, &value)?;
    }
    Ok(())
}

fn is_table_or_list(name: &str) -> bool {
    keys::is_table(name) || keys::is_table(&format!("{name}[0]"))
}

fn insert(description: &mut Description, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
    if value.is_none() {
        return Ok(());
    }
    let is_table = keys::is_table(name);
    if let Ok(table) = value.cast::<PyDict>()
        && is_table
    {
        return insert_table(description, name, table);
    }
    if keys::is_table(&format!("{name}[0]")) {
        return insert_list(description, name, value);
    }
    if is_table && name != "crystal.cell" {
        let what = format!("{name} is a table: give a dictionary of its keys, or single keys as {name}.NAME");
        return Err(PyTypeError::new_err(what));
    }
    let value = from_python(name, value, 0)?;
    description.insert(name, value, origin()).map_err(exception)
}

fn insert_list(description: &mut Description, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let wanted = || PyTypeError::new_err(format!("{name} is a list of tables: give a list of dictionaries"));
    for (i, entry) in value.try_iter().map_err(|_| wanted())?.enumerate() {
        if i == MAX_PANELS {
            return Err(PyValueError::new_err(format!("{name} has more than {MAX_PANELS} entries")));
        }
        insert_table(description, &format!("{name}[{i}]"), entry?.cast::<PyDict>().map_err(|_| wanted())?)?;
    }
    Ok(())
}

fn from_python(name: &str, value: &Bound<'_, PyAny>, depth: usize) -> PyResult<Value> {
    let refuse = |what: String| {
        let allowed = keys::find(name).map_or_else(|| "a list of numbers".to_owned(), |key| key.allowed_text());
        PyTypeError::new_err(format!("{name} (Python): {what}; it must be {allowed}"))
    };
    if depth > MAX_DEPTH {
        return Err(refuse("has lists within lists within lists".to_owned()));
    }
    if let Ok(yes) = value.cast::<PyBool>() {
        return Ok(Value::Bool(yes.is_true()));
    }
    if value.is_instance_of::<PyInt>() {
        return match value.extract() {
            Ok(n) => Ok(Value::Integer(n)),
            Err(_) => Err(PyValueError::new_err(format!("{name} (Python): whole numbers have at most 63 bits"))),
        };
    }
    if let Ok(x) = value.cast::<PyFloat>() {
        return Ok(Value::Number(x.value()));
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Value::Text(text.to_str()?.to_owned()));
    }
    if value.hasattr("__fspath__")? {
        return Ok(Value::Path(value.extract()?));
    }
    // arrays and their numbers: of NumPy, PyTorch, …
    if value.hasattr("tolist")? {
        return from_python(name, &value.call_method0("tolist")?, depth + 1);
    }
    if value.hasattr("__float__")? {
        return Ok(Value::Number(value.extract()?));
    }
    let of_type = || {
        format!(
            "is of type {}",
            value.get_type().fully_qualified_name().map_or_else(|_| "?".to_owned(), |n| n.to_string())
        )
    };
    if value.is_instance_of::<PyDict>() {
        return Err(refuse(of_type()));
    }
    let (Ok(length), Ok(items)) = (value.len(), value.try_iter()) else { return Err(refuse(of_type())) };
    if length > MAX_LENGTH {
        return Err(PyValueError::new_err(format!(
            "{name} (Python): has {length} values; at most {MAX_LENGTH} are taken"
        )));
    }
    items.map(|item| from_python(name, &item?, depth + 1)).collect::<PyResult<_>>().map(Value::List)
}

/// A value as Python has it.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Bool(yes) => PyBool::new(py, *yes).to_owned().into_any(),
        Value::Integer(n) => n.into_pyobject(py)?.into_any(),
        Value::Number(x) => PyFloat::new(py, *x).into_any(),
        Value::Length(_) => PyString::new(py, value.to_string().trim_matches('"')).into_any(),
        Value::Text(text) => PyString::new(py, text).into_any(),
        Value::Path(path) => path.as_os_str().into_pyobject(py)?.into_any(),
        Value::List(list) => {
            let items: Vec<_> = list.iter().map(|value| to_python(py, value)).collect::<PyResult<_>>()?;
            PyList::new(py, items)?.into_any()
        }
    })
}

/// The values of a description by their dotted names.
pub(crate) fn to_dict<'py>(py: Python<'py>, description: &Description) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, entry) in description.iter() {
        dict.set_item(name, to_python(py, &entry.value)?)?;
    }
    Ok(dict)
}

/// Makes file names hold wherever the program goes.
pub(crate) fn anchor(description: &mut Description) {
    if let Ok(here) = std::env::current_dir() {
        description.relative_to(&here);
    }
}

/// What a text without a file is called in messages.
pub(crate) fn text_source() -> &'static Path {
    Path::new("TOML text")
}
