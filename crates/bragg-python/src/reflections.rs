//! Lists of amplitudes.

use crate::errors::exception;
use crate::work::{Watch, run};
use bragg::error::Error;
use bragg::miller::{MAX_INDEX, Miller};
use bragg::monitor::Monitor as _;
use bragg::reflections::Reflections as List;
use bragg::structure::solvent::Solvent;
use bragg::structure::{ModelChoice, anomalous, f_calc};
use bragg::symmetry::{Operator, SpaceGroup, expand_to_p1};
use bragg_io::formats::{coordinates, mtz};
use bragg_io::threads;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyType;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The arguments of [`Reflections::from_arrays`].
type Remade<'py> = (
    Bound<'py, PyArray2<i64>>,
    Bound<'py, PyArray1<f64>>,
    Option<[f64; 6]>,
    Option<String>,
    Vec<String>,
    PathBuf,
    bool,
);

/// Amplitudes of reflections in P1.
#[pyclass(frozen, module = "bragg._bragg")]
pub(crate) struct Reflections(Arc<List>);

impl Reflections {
    pub(crate) fn new(list: Arc<List>) -> Self {
        Self(list)
    }

    pub(crate) fn list(&self) -> Arc<List> {
        Arc::clone(&self.0)
    }

    fn made_by(py: Python<'_>, work: impl FnOnce(&Watch) -> bragg::Result<List> + Send + 'static) -> PyResult<Self> {
        run(py, threads::allowed(None), None, work)?.map(|list| Self(Arc::new(list))).map_err(exception)
    }
}

/// The triplets and space groups that say which symmetry a list has.
fn operators(space_group: Option<&str>, triplets: &[String], cell: Option<[f64; 6]>) -> PyResult<Vec<Operator>> {
    let refuse = |what: String| PyValueError::new_err(format!("space_group: {what}"));
    match (space_group, cell) {
        (Some(name), Some(cell)) => {
            Ok(SpaceGroup::parse_for_cell(name, cell).map_err(|error| refuse(error.into()))?.operators)
        }
        (Some(name), None) => Ok(SpaceGroup::parse(name).map_err(|error| refuse(error.into()))?.operators),
        (None, _) => {
            let parsed =
                triplets.iter().map(|triplet| triplet.parse::<Operator>().map_err(|what| refuse(what.to_string())));
            parsed.collect()
        }
    }
}

#[pymethods]
impl Reflections {
    /// From arrays. With `expand`, the symmetry's mates of what is listed are listed, too.
    #[new]
    #[pyo3(signature = (hkl, amplitudes, cell = None, space_group = None, operators = Vec::new(), source = PathBuf::new(), expand = true))]
    #[expect(clippy::too_many_arguments, reason = "they have names in Python")]
    fn from_arrays(
        py: Python<'_>,
        hkl: PyReadonlyArray2<'_, i64>,
        amplitudes: PyReadonlyArray1<'_, f64>,
        cell: Option<[f64; 6]>,
        space_group: Option<&str>,
        operators: Vec<String>,
        source: PathBuf,
        expand: bool,
    ) -> PyResult<Self> {
        let symmetry = self::operators(space_group, &operators, cell)?;
        let list = rows(&hkl, &amplitudes)?;
        Self::made_by(py, move |_| {
            let refuse = |what: String| Error::setting("hkl", what);
            let list = if expand && !symmetry.is_empty() {
                expand_to_p1(&list, &symmetry).map_err(|error| refuse(error.into()))?
            } else {
                list
            };
            Ok(List { list, cell, symmetry, source })
        })
    }

    /// From the bytes of an MTZ file.
    #[staticmethod]
    #[pyo3(signature = (bytes, name, column = None))]
    fn from_mtz(py: Python<'_>, bytes: Vec<u8>, name: PathBuf, column: Option<String>) -> PyResult<Self> {
        Self::made_by(py, move |_| mtz::parse(bytes, &name)?.reflections(column.as_deref()))
    }

    /// From the bytes of a coordinate file (PDB or mmCIF), to a resolution of `d_min` (Å), with or without bulk solvent, and with
    /// dispersion at an energy (eV).
    #[staticmethod]
    #[pyo3(signature = (bytes, name, d_min, solvent, energy = None))]
    fn from_coordinates(
        py: Python<'_>,
        bytes: Vec<u8>,
        name: PathBuf,
        d_min: f64,
        solvent: bool,
        energy: Option<f64>,
    ) -> PyResult<Self> {
        Self::made_by(py, move |watch| calculated(&bytes, &name, d_min, solvent, energy, watch))
    }

    #[getter]
    fn hkl<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<i32>>> {
        let indices: Vec<i32> = self.0.list.iter().flat_map(|(hkl, _)| *hkl).collect();
        indices.into_pyarray(py).reshape([self.0.list.len(), 3])
    }

    #[getter]
    fn amplitudes<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.0.list.iter().map(|(_, amplitude)| *amplitude).collect::<Vec<_>>().into_pyarray(py)
    }

    #[getter]
    fn cell(&self) -> Option<[f64; 6]> {
        self.0.cell
    }

    #[getter]
    fn operators(&self) -> Vec<String> {
        self.0.symmetry.iter().map(ToString::to_string).collect()
    }

    #[getter]
    fn source(&self) -> PathBuf {
        self.0.source.clone()
    }

    /// What makes the same list again.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyType>, Remade<'py>)> {
        let indices: Vec<i64> = self.0.list.iter().flat_map(|(hkl, _)| hkl.map(i64::from)).collect();
        let hkl = indices.into_pyarray(py).reshape([self.0.list.len(), 3])?;
        let List { cell, source, .. } = &*self.0;
        let remade = (hkl, self.amplitudes(py), *cell, None, self.operators(), source.clone(), false);
        Ok((py.get_type::<Self>(), remade))
    }

    fn __len__(&self) -> usize {
        self.0.list.len()
    }
}

/// The rows of the arrays, checked.
fn rows(hkl: &PyReadonlyArray2<'_, i64>, amplitudes: &PyReadonlyArray1<'_, f64>) -> PyResult<Vec<(Miller, f64)>> {
    let (hkl, amplitudes) = (hkl.as_array(), amplitudes.as_array());
    let (n, columns) = hkl.dim();
    if columns != 3 || n != amplitudes.len() {
        let what = format!(
            "hkl has the shape ({n}, {columns}) and amplitudes ({}); (n, 3) and (n) are needed",
            amplitudes.len()
        );
        return Err(PyValueError::new_err(what));
    }
    if n == 0 {
        return Err(PyValueError::new_err("hkl has no reflections; at least one is needed"));
    }
    let row = |(i, (row, &amplitude)): (usize, (numpy::ndarray::ArrayView1<'_, i64>, &f64))| {
        let mut indices = [0; 3];
        for (index, &given) in indices.iter_mut().zip(row) {
            let fits = i32::try_from(given).ok().filter(|index| index.abs() <= MAX_INDEX);
            *index = fits.ok_or_else(|| {
                PyValueError::new_err(format!(
                    "hkl[{i}] has the index {given}; at most {MAX_INDEX} are allowed either way"
                ))
            })?;
        }
        if !(amplitude.is_finite() && amplitude >= 0.0) {
            let what = format!("amplitudes[{i}] is {amplitude}; |F| must be a finite number, not negative");
            return Err(PyValueError::new_err(what));
        }
        Ok((indices, amplitude))
    };
    hkl.outer_iter().zip(amplitudes).enumerate().map(row).collect()
}

fn calculated(
    bytes: &[u8],
    name: &Path,
    d_min: f64,
    solvent: bool,
    energy: Option<f64>,
    watch: &Watch,
) -> bragg::Result<List> {
    let model = coordinates::parse(bytes, name)?.choose(ModelChoice::First);
    let elements: BTreeSet<_> = model.atoms.iter().map(|atom| atom.element).collect();
    let dispersion = energy.map(|energy| anomalous::dispersion(elements.into_iter(), energy)).transpose();
    let dispersion = dispersion.map_err(|what| Error::setting("energy", what))?.unwrap_or_default();
    let solvent = solvent.then(Solvent::default);
    let factors = f_calc(&model, &dispersion, solvent.as_ref(), d_min, watch);
    watch.check()?;
    let factors = factors.map_err(|what| Error::setting("d_min", what))?;
    let list = factors.into_iter().map(|(hkl, f)| (hkl, f.norm())).collect();
    Ok(List { list, cell: Some(model.cell.parameters()), symmetry: model.symmetry, source: name.to_owned() })
}
