//! Orientations of crystals.

use crate::errors::exception;
use crate::values::origin;
use crate::work::run;
use bragg::Error;
use bragg::experiment::UnitCell;
use bragg::math::{Mat3, Vec3};
use bragg::random::keyed::{Purpose, stream, uniform_rotation};
use bragg_io::description::{Description, resolve_cell};
use numpy::{PyArray1, PyArray3, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::path::PathBuf;

/// The cell (Å, deg) that a file of coordinates or structure factors has.
#[pyfunction]
pub(crate) fn cell_of_file(py: Python<'_>, path: PathBuf) -> PyResult<[f64; 6]> {
    let mut description = Description::new();
    description.insert("crystal.structure_factors.file", path.clone(), origin()).map_err(exception)?;
    let cell = run(py, 1, None, move |_| resolve_cell(description))?.map_err(exception)?;
    let none = || exception(Error::file(&path, None, "there is no unit cell in it; give cell as numbers"));
    Ok(cell.ok_or_else(none)?.parameters())
}

/// Matrices of `count` orientations, one after the other: A (1/Å, columns a*, b*, c*) of a cell, or else U. They are drawn by chance
/// with a seed; without one they are turned by angles (deg) about lab x, then y, then z.
#[pyfunction]
#[pyo3(signature = (count, cell, seed, misset))]
pub(crate) fn orientations(
    py: Python<'_>,
    count: usize,
    cell: Option<[f64; 6]>,
    seed: Option<u64>,
    misset: [f64; 3],
) -> PyResult<Bound<'_, PyArray3<f64>>> {
    let cell = cell.map(UnitCell::new).transpose();
    let cell = cell.map_err(|error| PyValueError::new_err(format!("cell: {}", error.into_what())))?;
    let axes = cell.map(|cell| cell.basis());
    let turned = Mat3::from_rows(Mat3::IDENTITY.0.map(|axis| axis.rotated_xyz(misset.map(f64::to_radians))));
    let misset = turned.transposed();
    let matrices: Vec<f64> = py.detach(|| {
        let rotation =
            |i: usize| seed.map_or(misset, |seed| uniform_rotation(&mut stream(seed, i as u64, Purpose::Orientation)));
        let matrix = |i: usize| match axes {
            None => rotation(i).0,
            Some(axes) => {
                let rotation = rotation(i);
                Mat3::from_rows(axes.0.map(|row| rotation.apply(row))).reciprocal_rows().transposed().0
            }
        };
        (0..count).flat_map(matrix).flat_map(|Vec3(row)| row).collect()
    });
    PyArray1::from_vec(py, matrices).reshape([count, 3, 3])
}
