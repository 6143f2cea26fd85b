//! The extension module `bragg._bragg` of the Python package `bragg`: values, errors and arrays carried across, and the work done in
//! threads of our own while Python goes on. What things mean is said in the library.

mod derivatives;
mod errors;
mod experiment;
mod images;
mod orientation;
mod refinement;
mod reflections;
mod tables;
mod values;
mod work;

use pyo3::prelude::*;

/// The compiled part of the package `bragg`, which is where its documentation is.
#[pymodule]
mod _bragg {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::derivatives::{
        gradient, image_at, is_parameter_alone, jacobian, jvp, moved, parameter_bounds, parameter_names,
        parameter_values, parameters, single_parameters, used_pixels,
    };
    #[pymodule_export]
    use super::experiment::Experiment;
    #[pymodule_export]
    use super::images::{noise, picture, read, write};
    #[pymodule_export]
    use super::orientation::{cell_of_file, orientations};
    #[pymodule_export]
    use super::refinement::{compare, refine};
    #[pymodule_export]
    use super::reflections::Reflections;
    #[pymodule_export]
    use super::run_cli;
    #[pymodule_export]
    use super::tables::{check, keys, version};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let leave = wrap_pyfunction!(super::work::keep_threads_away, module)?;
        module.py().import("atexit")?.call_method1("register", (leave,)).map(drop)
    }
}

/// Runs the program on the words of its command line, the first of which is its name (`bragg` or `nanoBragg`), and returns the
/// exit status.
#[pyfunction]
fn run_cli(py: Python<'_>, words: Vec<std::ffi::OsString>) -> u8 {
    py.detach(|| bragg_cli::main(words))
}
