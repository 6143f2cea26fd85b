//! Images to NumPy arrays and back, and their files.

use crate::errors::exception;
use crate::experiment::Experiment;
use crate::values::insert_all;
use crate::work::run;
use bragg::error::Error;
use bragg::image::{Image, PanelImage, Recording};
use bragg::response::record_watched;
use bragg_io::description::{Description, resolve_picture, resolve_response};
use bragg_io::formats::{self, Metadata, WriteOptions, png};
use bragg_io::threads;
use numpy::{Element, PyArray1, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use std::path::{Path, PathBuf};

/// An array of pixels: expected photons or counts, slow × fast or panels × slow × fast.
#[derive(FromPyObject)]
pub(crate) enum Pixels<'py> {
    /// Photons.
    Photons(PyReadonlyArrayDyn<'py, f32>),
    /// Counts.
    Counts(PyReadonlyArrayDyn<'py, i32>),
    /// Anything else, which is refused.
    Other(Bound<'py, PyAny>),
}

/// The pixels of an array, copied; `what` the caller calls it, in errors.
pub(crate) fn pixels_of(what: &str, array: Pixels<'_>) -> PyResult<Recording> {
    match array {
        Pixels::Photons(array) => image_of(what, &array).map(Recording::Photons),
        Pixels::Counts(array) => image_of(what, &array).map(Recording::Counts),
        Pixels::Other(other) => {
            let what = format!("{what}: is of type {}; it must be an array of float32 or int32", other.get_type());
            Err(PyTypeError::new_err(what))
        }
    }
}

/// The pixels of an array, copied; `what` the caller calls it, in errors.
pub(crate) fn image_of<T: Element + Copy>(what: &str, array: &PyReadonlyArrayDyn<'_, T>) -> PyResult<Image<T>> {
    let shape = array.shape();
    let &[.., n_slow, n_fast] = shape else { return Err(bad_shape(what, shape)) };
    if !(2..=3).contains(&shape.len()) || shape.contains(&0) {
        return Err(bad_shape(what, shape));
    }
    let pixels = array.as_slice().map_err(|_| PyValueError::new_err(format!("{what}: is not contiguous in memory")))?;
    let panels = pixels.chunks_exact(n_slow * n_fast).map(|panel| PanelImage::new(n_fast, n_slow, panel.to_vec()));
    panels.collect::<Option<_>>().map(|panels| Image { panels }).ok_or_else(|| bad_shape(what, shape))
}

pub(crate) fn bad_shape(what: &str, shape: &[usize]) -> PyErr {
    let allowed = "it must be (slow, fast) or (panels, slow, fast), with at least one pixel";
    PyValueError::new_err(format!("{what}: has the shape {shape:?}; {allowed}"))
}

/// An array for each panel, which owns the pixels where they are.
pub(crate) fn into_arrays<T: Element>(py: Python<'_>, image: Image<T>) -> PyResult<Bound<'_, PyList>> {
    let arrays = image.panels.into_iter().map(|panel| {
        let shape = [panel.n_slow(), panel.n_fast()];
        PyArray1::from_vec(py, panel.into_pixels()).reshape(shape)
    });
    PyList::new(py, arrays.collect::<PyResult<Vec<_>>>()?)
}

/// One array: of one panel slow × fast, which owns the pixels where they are; of several panels × slow × fast.
pub(crate) fn into_array<T: Element + Copy>(py: Python<'_>, image: Image<T>) -> PyResult<Bound<'_, PyAny>> {
    let sizes: Vec<_> = image.panels.iter().map(|panel| (panel.n_slow(), panel.n_fast())).collect();
    let (Some(&(n_slow, n_fast)), n_panels) = (sizes.first(), sizes.len()) else {
        return Err(bad_shape("image", &[0]));
    };
    if n_panels == 1 {
        return into_arrays(py, image)?.get_item(0);
    }
    if sizes.iter().any(|&size| size != (n_slow, n_fast)) {
        let what = "the panels differ in size, which an array cannot hold; simulate_panels gives one for each";
        return Err(PyValueError::new_err(what));
    }
    let mut pixels = Vec::new();
    let too_large = |_| {
        PyValueError::new_err(format!(
            "an image of {n_panels} panels of {n_fast} x {n_slow} pixels does not fit into memory"
        ))
    };
    pixels.try_reserve_exact(n_panels * n_slow * n_fast).map_err(too_large)?;
    // panel after panel, so that there is never more than one of them twice
    image.panels.into_iter().for_each(|panel| pixels.extend_from_slice(panel.pixels()));
    Ok(PyArray1::from_vec(py, pixels).reshape([n_panels, n_slow, n_fast])?.into_any())
}

/// The array of a recording: float32 of photons, int32 of counts.
pub(crate) fn recording_into_array(py: Python<'_>, recording: Recording) -> PyResult<Bound<'_, PyAny>> {
    match recording {
        Recording::Photons(image) => into_array(py, image),
        Recording::Counts(image) => into_array(py, image),
    }
}

/// What a detector records of expected photons by the keys of `[noise]`.
#[pyfunction]
pub(crate) fn noise<'py>(
    py: Python<'py>,
    image: Pixels<'py>,
    values: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    let mut description = Description::new();
    insert_all(&mut description, values)?;
    let response = resolve_response(description).map_err(exception)?;
    let photons = pixels_of("image", image)?.to_f32();
    let recording = run(py, threads::allowed(None), None, move |watch| record_watched(photons, &response, watch))?;
    let recording = recording.map_err(exception)?;
    recording_into_array(py, recording)
}

/// Reads an image file, and returns what of it was left unread, too. `size` is fast and slow.
#[pyfunction]
#[pyo3(signature = (path, size = None))]
pub(crate) fn read(
    py: Python<'_>,
    path: PathBuf,
    size: Option<(usize, usize)>,
) -> PyResult<(Bound<'_, PyAny>, Vec<String>)> {
    let opened = run(py, threads::allowed(None), None, move |_| formats::read(&path, size))?.map_err(exception)?;
    Ok((recording_into_array(py, opened.recording)?, opened.notes))
}

/// Writes an image file, and returns what its format could not express and whether the geometry in it is made up.
#[pyfunction]
#[pyo3(signature = (path, image, experiment = None, values = None))]
pub(crate) fn write(
    py: Python<'_>,
    path: PathBuf,
    image: Pixels<'_>,
    experiment: Option<&Experiment>,
    values: Option<&Bound<'_, PyDict>>,
) -> PyResult<(Vec<String>, usize)> {
    let (recording, metadata) = described(pixels_of("image", image)?, experiment)?;
    let options = WriteOptions { picture: style(experiment, values)?, pgm_scale: None };
    let work = move || -> bragg::Result<_> {
        formats::check_output(&path, &recording.panel_sizes())?;
        formats::write_recording(&path, &recording, &metadata, &options)
    };
    let written = run(py, threads::allowed(None), None, move |_| work())?.map_err(exception)?;
    Ok((written.notes, written.n_clipped))
}

/// The bytes of a picture (PNG) of an image.
#[pyfunction]
#[pyo3(signature = (image, experiment = None, values = None))]
pub(crate) fn picture<'py>(
    py: Python<'py>,
    image: Pixels<'py>,
    experiment: Option<&Experiment>,
    values: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let style = style(experiment, values)?;
    let (recording, metadata, style) = shown(image, experiment, style)?;
    let work = move || -> bragg::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        png::write(&mut bytes, &recording, &metadata, &style)
            .map_err(|e| Error::io("write", Path::new("the picture"), e))?;
        Ok(bytes)
    };
    let bytes = run(py, threads::allowed(None), None, move |_| work())?.map_err(exception)?;
    Ok(PyBytes::new(py, &bytes))
}

/// What is shown and how: an image, or the pixels of the region of interest that somebody has cut out of one already.
fn shown(
    image: Pixels<'_>,
    experiment: Option<&Experiment>,
    style: png::Style,
) -> PyResult<(Recording, Metadata, png::Style)> {
    let recording = pixels_of("image", image)?;
    let sizes = recording.panel_sizes();
    if let (Some([fast0, fast1, slow0, slow1]), Some(experiment)) = (style.roi, experiment)
        && sizes[..] == [((fast1 + 1).saturating_sub(fast0), (slow1 + 1).saturating_sub(slow0))]
        && sizes != panel_sizes(experiment)
    {
        style.check(&panel_sizes(experiment)).map_err(exception)?;
        let (style, metadata) = style.of_cut(&experiment.state.resolved.metadata());
        return Ok((recording, metadata, style));
    }
    let (recording, metadata) = described(recording, experiment)?;
    style.check(&sizes).map_err(exception)?;
    Ok((recording, metadata, style))
}

/// Pixels (fast, slow) of the panels of an experiment.
fn panel_sizes(experiment: &Experiment) -> Vec<(usize, usize)> {
    let panels = &experiment.state.resolved.experiment.detector.panels;
    panels.iter().map(|panel| (panel.n_fast, panel.n_slow)).collect()
}

/// A recording, and what a header can say of it.
fn described(recording: Recording, experiment: Option<&Experiment>) -> PyResult<(Recording, Metadata)> {
    let sizes = recording.panel_sizes();
    let Some(experiment) = experiment else {
        let (fast, slow) = sizes.first().copied().unwrap_or_default();
        return Ok((recording, Metadata::new(1.0, 100.0, (fast as f64 / 2.0, slow as f64 / 2.0), 0.1)));
    };
    let theirs = panel_sizes(experiment);
    if theirs != sizes {
        let what = format!(
            "image: has panels of {sizes:?} pixels (fast, slow), but the experiment's detector has {theirs:?}; of a part of the image \
             say which (roi)"
        );
        return Err(PyValueError::new_err(what));
    }
    Ok((recording, experiment.state.resolved.metadata()))
}

/// How pictures look: as the experiment says, but for some values.
fn style(experiment: Option<&Experiment>, values: Option<&Bound<'_, PyDict>>) -> PyResult<png::Style> {
    let mut description = Description::new();
    let given = experiment.map(|experiment| experiment.state.given.iter());
    for (name, entry) in given.into_iter().flatten().filter(|(name, _)| name.starts_with("output.png.")) {
        description.insert(name, entry.value.clone(), entry.origin.clone()).map_err(exception)?;
    }
    if let Some(values) = values {
        let mut later = Description::new();
        insert_all(&mut later, values)?;
        description.merge(later);
    }
    resolve_picture(description).map_err(exception)
}
