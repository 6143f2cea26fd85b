//! Our errors as Python's.

use bragg::Error;
use bragg::error::printable;
use bragg_io::description::nanobragg::Unusable;
use pyo3::exceptions::{PyKeyError, PyKeyboardInterrupt, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

/// The exception for an error of the library, with its message.
pub(crate) fn exception(error: Error) -> PyErr {
    // names of files may hold anything
    let text = printable(&error.to_string()).into_owned();
    match error {
        Error::Io { ref reason, .. } => match reason.raw_os_error() {
            // with a number, Python makes it a FileNotFoundError, PermissionError, …
            Some(number) => PyOSError::new_err((number, text)),
            None => PyOSError::new_err(text),
        },
        Error::Interrupted => PyKeyboardInterrupt::new_err(text),
        _ => PyValueError::new_err(text),
    }
}

/// The exception for words of nanoBragg's command line.
pub(crate) fn exception_of_words(error: Unusable) -> PyErr {
    match error {
        Unusable::Content(error) => exception(error),
        Unusable::Words(text) => PyValueError::new_err(text),
    }
}

/// There is no such key.
pub(crate) fn unknown_key(name: &str) -> PyErr {
    PyKeyError::new_err(format!("{name}: {}", bragg_io::description::keys::unknown(name)))
}

/// The system gives no threads.
pub(crate) fn no_threads(reason: impl std::fmt::Display) -> PyErr {
    PyRuntimeError::new_err(format!("the system gives no threads: {reason}"))
}
