//! Derivatives of images, and images of an experiment whose parameters have other values.

use crate::errors::exception;
use crate::experiment::Experiment;
use crate::images::{Pixels, bad_shape, image_of, into_array, pixels_of};
use crate::values::region;
use crate::work::{Progress, Report, run};
use bragg::experiment::{Experiment as Complete, Roi};
use bragg::gradient::{Parameter, Point, TABLE, parse_list, parse_one};
use bragg::image::{Image, PanelImage};
use bragg::kernel::{self, Block, Sample, Unwatched};
use bragg::refine::{Loss, Observed, Selection};
use bragg::scene::Scene;
use bragg_io::{numbers, threads};
use numpy::{Element, IntoPyArray, PyArray1, PyArrayMethods, PyReadonlyArray1, PyReadonlyArrayDyn};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A parameter: its name, value, unit, meaning, and why it has no derivative.
type Listed = (String, Option<f64>, &'static str, &'static str, Option<String>);
/// Derivatives with respect to parameters, and to amplitudes where they were asked for.
type Gradient<'py> = (Vec<f64>, Option<Bound<'py, PyArray1<f64>>>);
/// Values of parameters; none for those of the experiment.
type Values = Option<Vec<f64>>;

/// Every parameter that the experiment has a derivative with respect to; with `refused` the others, too.
#[pyfunction]
pub(crate) fn parameters(experiment: &Experiment, refused: bool) -> Vec<Listed> {
    let complete = &experiment.state.resolved.experiment;
    let row = |parameter: Parameter| {
        let why = parameter.check(complete).err().map(|error| error.to_string());
        (parameter.name(), parameter.value(complete).ok(), parameter.unit(), parameter.meaning(), why)
    };
    let mut all: Vec<Listed> = Parameter::of(complete).into_iter().map(row).collect();
    if refused {
        let others = TABLE.iter().map(|row| row.parameter).filter(|p| !matches!(p, Parameter::Intensity(_)));
        all.extend(others.map(row).filter(|(.., why)| why.is_some()));
    }
    all
}

/// The names of the parameters that a list of names and groups, separated by commas, stands for.
#[pyfunction]
pub(crate) fn parameter_names(experiment: &Experiment, text: &str) -> PyResult<Vec<String>> {
    let parameters = parse_list(text, &experiment.state.resolved.experiment).map_err(exception)?;
    Ok(parameters.iter().map(Parameter::name).collect())
}

/// The names, as [`parameters`] has them, of single parameters, which groups of one are, too.
#[pyfunction]
pub(crate) fn single_parameters(experiment: &Experiment, names: Vec<String>) -> PyResult<Vec<String>> {
    let complete = &experiment.state.resolved.experiment;
    let name = |name: &String| parse_one(name, complete).map(|parameter| parameter.name());
    names.iter().map(name).collect::<bragg::Result<_>>().map_err(exception)
}

/// Whether a name is one of a parameter and no key of experiments.
#[pyfunction]
pub(crate) fn is_parameter_alone(name: &str) -> bool {
    bragg_io::description::keys::find(name).is_none() && Parameter::parse(name).is_ok()
}

/// The values of parameters.
#[pyfunction]
pub(crate) fn parameter_values(experiment: &Experiment, names: Vec<String>) -> PyResult<Vec<f64>> {
    let value = |parameter: Parameter| parameter.value(&experiment.state.resolved.experiment);
    parsed(&names)?.into_iter().map(value).collect::<bragg::Result<_>>().map_err(exception)
}

/// The lowest and the highest value that each parameter may have.
#[pyfunction]
pub(crate) fn parameter_bounds(names: Vec<String>) -> PyResult<Vec<[f64; 2]>> {
    Ok(parsed(&names)?.iter().map(Parameter::bounds).collect())
}

/// The experiment where parameters have other values.
#[pyfunction]
pub(crate) fn moved(experiment: &Experiment, names: Vec<String>, values: Vec<f64>) -> PyResult<Experiment> {
    let parameters = parsed(&names)?;
    let base = &experiment.state.resolved.experiment;
    let point = Point::of(base, &parameters, &values).map_err(exception)?;
    experiment.with_complete(point.experiment().clone(), &parameters).map_err(exception)
}

/// The image where parameters have other values.
#[pyfunction]
#[pyo3(signature = (experiment, names, values, threads = None, double = false, amplitudes = None))]
pub(crate) fn image_at<'py>(
    py: Python<'py>,
    experiment: &Experiment,
    names: Vec<String>,
    values: Vec<f64>,
    threads: Option<i64>,
    double: bool,
    amplitudes: Option<PyReadonlyArray1<'py, f64>>,
) -> PyResult<Bound<'py, PyAny>> {
    let parameters = parsed(&names)?;
    let base = with_amplitudes(experiment, amplitudes.as_ref())?;
    let scene = py.detach(|| Scene::watched(Point::of(&base, &parameters, &values)?.experiment(), &Unwatched));
    let scene = scene.map_err(exception)?;
    let n_threads = n_threads(threads, &scene)?;
    let rendered = if double { rendered::<f64> } else { rendered::<f32> };
    rendered(py, experiment, scene, n_threads)
}

/// Which pixels of an image take part in a fit: those that the experiment computes, within the region, that are numbers and not flagged
/// by a negative count.
#[pyfunction]
#[pyo3(signature = (experiment, data, roi = None))]
pub(crate) fn used_pixels<'py>(
    py: Python<'py>,
    experiment: &Experiment,
    data: Pixels<'py>,
    roi: Option<[i64; 4]>,
) -> PyResult<Bound<'py, PyAny>> {
    let complete = &experiment.state.resolved.experiment;
    let roi = roi.map(region).transpose()?;
    Window::of(complete, roi)?;
    let recording = pixels_of("data", data)?;
    let selection = Selection { roi, mask: None };
    let observed = Observed::new(&recording, complete, &selection, Loss::LeastSquares, Path::new("data"));
    let used = observed.map_err(exception)?.used;
    let panels = complete.detector.panels.iter().zip(used);
    let panels = panels.map(|(panel, used)| PanelImage::new(panel.n_fast, panel.n_slow, used.to_vec()));
    let panels = panels.collect::<Option<_>>().ok_or_else(|| bad_shape("data", &[0]))?;
    into_array(py, Image { panels })
}

fn rendered<'py, T: Sample + Element + 'static>(
    py: Python<'py>,
    experiment: &Experiment,
    scene: Scene,
    n_threads: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let state = Arc::clone(&experiment.state);
    let image = run(py, n_threads, None, move |watch| {
        let image = kernel::render_as_is::<T>(&scene, watch)?;
        numbers::check(&scene, &image, &state.resolved.description).map(|()| image)
    })?;
    into_array(py, image.map_err(exception)?)
}

/// The derivatives of Σ cotangent·photons with respect to each parameter, and with `amplitudes` to each listed |F|.
#[pyfunction]
#[pyo3(signature = (experiment, names, cotangent, values = None, amplitudes = false, threads = None, at_amplitudes = None))]
#[expect(clippy::too_many_arguments, reason = "they have names in Python")]
pub(crate) fn gradient<'py>(
    py: Python<'py>,
    experiment: &Experiment,
    names: Vec<String>,
    cotangent: Vec<PyReadonlyArrayDyn<'py, f64>>,
    values: Values,
    amplitudes: bool,
    threads: Option<i64>,
    at_amplitudes: Option<PyReadonlyArray1<'py, f64>>,
) -> PyResult<Gradient<'py>> {
    let parameters = parsed(&names)?;
    let panels =
        cotangent.iter().map(|panels| Ok(image_of("cotangent", panels)?.panels)).collect::<PyResult<Vec<_>>>()?;
    let cotangent = Image { panels: panels.into_iter().flatten().collect() };
    let base = with_amplitudes(experiment, at_amplitudes.as_ref())?;
    let list = experiment.reflections_listed();
    if amplitudes && list.is_none() {
        return Err(PyValueError::new_err("amplitudes: the experiment has no list of reflections, only a default"));
    }
    let n_threads = n_threads(threads, &*experiment.scene(py)?)?;
    let work = move |watch: &crate::work::Watch| -> bragg::Result<_> {
        let point = point(&base, &parameters, values.as_deref())?;
        let found = point.gradient(&cotangent, amplitudes, watch)?;
        let of_list = list.filter(|_| amplitudes).map(|list| {
            let grid = point.experiment().structure_factors.grid.as_ref();
            let place = |hkl| grid.and_then(|grid| found.by_amplitude.get(grid.position(hkl)?).copied());
            list.list.iter().map(|&(hkl, _)| place(hkl).unwrap_or(0.0)).collect::<Vec<f64>>()
        });
        Ok((found.by_parameter, of_list))
    };
    let (by_parameter, by_amplitude) = run(py, n_threads, None, work)?.map_err(exception)?;
    Ok((by_parameter, by_amplitude.map(|list| list.into_pyarray(py))))
}

/// The derivative of the image along a direction in the space of the parameters.
#[pyfunction]
#[pyo3(signature = (experiment, names, direction, values = None, threads = None))]
pub(crate) fn jvp<'py>(
    py: Python<'py>,
    experiment: &Experiment,
    names: Vec<String>,
    direction: Vec<f64>,
    values: Values,
    threads: Option<i64>,
) -> PyResult<Bound<'py, PyAny>> {
    let parameters = parsed(&names)?;
    let base = experiment.state.resolved.experiment.clone();
    let n_threads = n_threads(threads, &*experiment.scene(py)?)?;
    let work = move |watch: &crate::work::Watch| point(&base, &parameters, values.as_deref())?.jvp(&direction, watch);
    into_array(py, run(py, n_threads, None, work)?.map_err(exception)?)
}

/// Photons, and their derivatives by parameter, panel, slow and fast: of all pixels, or those of the window alone.
#[pyfunction]
#[pyo3(signature = (experiment, names, values = None, roi = None, threads = None, progress = None))]
pub(crate) fn jacobian<'py>(
    py: Python<'py>,
    experiment: &Experiment,
    names: Vec<String>,
    values: Values,
    roi: Option<[i64; 4]>,
    threads: Option<i64>,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let parameters = parsed(&names)?;
    let n = parameters.len();
    let base = experiment.state.resolved.experiment.clone();
    let shape = Window::of(&base, roi.map(region).transpose()?)?;
    let n_threads = n_threads(threads, &*experiment.scene(py)?)?;
    let n_pixels = base.detector.panels.iter().map(|panel| panel.n_fast * panel.n_slow).sum();
    let progress = progress.map(|callback| Progress { callback, n_pixels });
    let [photons, columns] = [blank(shape.len())?, blank(n * shape.len())?];
    let work = move |watch: &crate::work::Watch| -> bragg::Result<_> {
        let point = point(&base, &parameters, values.as_deref())?;
        let filled = Mutex::new((photons, columns));
        point.jacobian_blocks(watch, |block| {
            let (photons, columns) = &mut *filled.lock().unwrap_or_else(PoisonError::into_inner);
            shape.copy(block, photons, columns);
        })?;
        Ok(filled.into_inner().unwrap_or_else(PoisonError::into_inner))
    };
    let (photons, columns) =
        run(py, n_threads, progress.as_ref().map(|progress| progress as &dyn Report), work)?.map_err(exception)?;
    let Window { n_panels, n_slow, n_fast, .. } = shape;
    let photons = PyArray1::from_vec(py, photons).reshape([n_panels, n_slow, n_fast])?;
    let columns = PyArray1::from_vec(py, columns).reshape([n, n_panels, n_slow, n_fast])?;
    Ok((photons.into_any(), columns.into_any()))
}

/// The pixels of each panel that an array holds.
#[derive(Clone, Copy)]
struct Window {
    n_panels: usize,
    n_fast: usize,
    n_slow: usize,
    /// The first pixel along fast and slow.
    first: [usize; 2],
    /// Pixels of a row of the panel.
    width: usize,
}

impl Window {
    fn of(experiment: &Complete, roi: Option<Roi>) -> PyResult<Self> {
        let panels = &experiment.detector.panels;
        let Some(panel) = panels.first() else { return Err(bad_shape("detector", &[0])) };
        if panels.iter().any(|other| (other.n_fast, other.n_slow) != (panel.n_fast, panel.n_slow)) {
            let what =
                "the panels differ in size, which an array cannot hold; take the gradient or one panel at a time";
            return Err(PyValueError::new_err(what));
        }
        let whole = Roi { fast: [0, panel.n_fast - 1], slow: [0, panel.n_slow - 1] };
        let Roi { fast: [fast0, fast1], slow: [slow0, slow1] } = roi.unwrap_or(whole);
        if fast1 >= panel.n_fast || slow1 >= panel.n_slow {
            let what = format!(
                "roi: is [{fast0}, {fast1}, {slow0}, {slow1}], but the panels have {} x {} pixels",
                panel.n_fast, panel.n_slow
            );
            return Err(PyValueError::new_err(what));
        }
        let (n_fast, n_slow) = (fast1 - fast0 + 1, slow1 - slow0 + 1);
        Ok(Self { n_panels: panels.len(), n_fast, n_slow, first: [fast0, slow0], width: panel.n_fast })
    }

    fn len(&self) -> usize {
        self.n_panels * self.n_slow * self.n_fast
    }

    fn copy(&self, block: &Block<'_>, photons: &mut [f64], columns: &mut [f64]) {
        for (i, &place) in block.places.iter().enumerate() {
            let fast = (place % self.width).wrapping_sub(self.first[0]);
            let slow = (place / self.width).wrapping_sub(self.first[1]);
            if fast < self.n_fast && slow < self.n_slow {
                let to = (block.panel * self.n_slow + slow) * self.n_fast + fast;
                photons[to] = block.photons[i];
                let of_pixel = columns.iter_mut().skip(to).step_by(self.len());
                of_pixel.zip(block.derivatives).for_each(|(column, derivatives)| *column = derivatives[i]);
            }
        }
    }
}

/// The experiment with other amplitudes of its list of reflections.
fn with_amplitudes(experiment: &Experiment, amplitudes: Option<&PyReadonlyArray1<'_, f64>>) -> PyResult<Complete> {
    let mut base = experiment.state.resolved.experiment.clone();
    let Some(amplitudes) = amplitudes else { return Ok(base) };
    let refuse = |what: String| PyValueError::new_err(format!("amplitudes: {what}"));
    let amplitudes = amplitudes.as_slice().map_err(|_| refuse("are not contiguous in memory".to_owned()))?;
    let (Some(list), Some(grid)) = (experiment.reflections_listed(), &mut base.structure_factors.grid) else {
        return Err(refuse("the experiment has no list of reflections, only a default".to_owned()));
    };
    if amplitudes.len() != list.list.len() {
        let what = format!("are {}, but the experiment has {} reflections", amplitudes.len(), list.list.len());
        return Err(refuse(what));
    }
    let mut pairs = list.list.iter().zip(amplitudes);
    if let Some(([h, k, l], amplitude)) = pairs.find_map(|((hkl, _), f)| (!f.is_finite()).then_some((hkl, f))) {
        return Err(refuse(format!("that of {h}, {k}, {l} is {amplitude}; it must be a finite number")));
    }
    let grid = Arc::make_mut(grid);
    for (&(hkl, _), &amplitude) in list.list.iter().zip(amplitudes) {
        if let Some(place) = grid.position(hkl) {
            grid.amplitudes[place] = amplitude;
        }
    }
    Ok(base)
}

fn point<'a>(base: &'a Complete, parameters: &'a [Parameter], values: Option<&[f64]>) -> bragg::Result<Point<'a>> {
    match values {
        Some(values) => Point::new(base, parameters, values),
        None => Point::here(base, parameters),
    }
}

pub(crate) fn parsed(names: &[String]) -> PyResult<Vec<Parameter>> {
    names.iter().map(|name| Parameter::parse(name)).collect::<bragg::Result<_>>().map_err(exception)
}

fn n_threads(asked: Option<i64>, scene: &Scene) -> PyResult<usize> {
    let asked = asked.map(crate::experiment::thread_number).transpose()?;
    // asking the system takes as long as a small image
    let is_small = threads::for_rendering(usize::MAX, scene) == 1;
    Ok(if is_small { 1 } else { threads::allowed(asked) })
}

fn blank(n: usize) -> PyResult<Vec<f64>> {
    let mut numbers = Vec::new();
    numbers.try_reserve_exact(n).map_err(|_| {
        PyValueError::new_err(format!(
            "an array of {n} numbers for all parameters and pixels does not fit into memory; take jacobian_blocks"
        ))
    })?;
    numbers.resize(n, 0.0);
    Ok(numbers)
}
