//! An experiment: what was given, and what that means.

use crate::errors::{exception, exception_of_words, unknown_key};
use crate::images::{Pixels, into_array, into_arrays, pixels_of};
use crate::reflections::Reflections;
use crate::values::{anchor, insert_all, origin, text_source, to_dict, to_python};
use crate::work::{Progress, Report, Watch, run};
use bragg::experiment::{Crystal, Experiment as Complete, UnitCell};
use bragg::gradient::Parameter;
use bragg::image::Recording;
use bragg::kernel::{self, Sample, Unwatched};
use bragg::response::{flag_masked, record_watched};
use bragg::scene::Scene;
use bragg_io::cache::Cache;
use bragg_io::description::keys::{self, SUPERSEDED, is_under};
use bragg_io::description::nanobragg::describe_words;
use bragg_io::description::refined;
use bragg_io::description::refined::{describe, forget_reflections};
use bragg_io::description::{self, Description, Entry, Known, Listed, Origin, Resolved};
use bragg_io::{numbers, threads};
use numpy::Element;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use std::borrow::Cow;
use std::ffi::OsString;
use std::iter;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// The most threads that may be asked for.
const MOST_THREADS: usize = 1024;
/// Orientations whose tables take so long to make that Python goes on meanwhile.
const MANY_ORIENTATIONS: usize = 100_000;
/// Keys of structure factors that do not change which reflections there are.
const NOT_OF_THE_LIST: [&str; 4] = [
    "crystal.structure_factors.default",
    "crystal.structure_factors.interpolation",
    "crystal.structure_factors.scale",
    "crystal.structure_factors.b_factor",
];
/// Keys that name where reflections come from.
const SOURCES: [&str; 2] = ["crystal.structure_factors.file", "crystal.structure_factors.synthetic"];

/// What an experiment is made of; never changed.
pub(crate) struct State {
    /// What was given.
    pub(crate) given: Description,
    /// The reflections, read or given.
    listed: Option<Listed>,
    /// Whether they were given, not read.
    in_memory: bool,
    /// What follows.
    pub(crate) resolved: Resolved,
    /// What was said when it was described.
    notices: Vec<String>,
}

/// A complete experiment.
#[pyclass(frozen, module = "bragg._bragg")]
pub(crate) struct Experiment {
    pub(crate) state: Arc<State>,
    /// The kernel's tables once they are made. Locked only by who has the interpreter's lock, and not while that is let go, so that
    /// no other thread holds it when Python forks.
    scene: Mutex<Option<Arc<Scene>>>,
}

/// Name, TOML value and origin of a number or text that was given.
type Given = (String, String, String);

/// What an experiment is made of before it is completed.
struct Parts {
    given: Description,
    /// The reflections that are known, and whether they hold for other experiments, too.
    known: Option<Listed>,
    in_memory: bool,
    notices: Vec<String>,
    /// Whether the user was told what there is to say of the reflections.
    user_was_told: bool,
}

impl Parts {
    fn of(given: Description) -> Self {
        Self { given, known: None, in_memory: false, notices: Vec::new(), user_was_told: false }
    }

    fn complete(self, watch: &Watch) -> bragg::Result<State> {
        let Self { given, known, in_memory, mut notices, user_was_told } = self;
        let cache = Cache::of_user(true);
        let reflections = known.as_ref().map(|known| Arc::clone(&known.reflections));
        let user_was_told = user_was_told && known.is_some();
        let facts =
            Known { cache: cache.as_ref(), reflections, user_was_told, monitor: Some(watch), ..Known::default() };
        let (resolved, listed) = description::resolve_knowing(given.clone(), facts)?;
        notices.extend(resolved.notices.iter().chain(&resolved.long_job).map(ToString::to_string));
        Ok(State { given, listed: known.or(listed), in_memory, resolved, notices })
    }

    fn into_experiment(mut self, py: Python<'_>) -> PyResult<Experiment> {
        anchor(&mut self.given);
        if self.in_memory
            && let Some(name) = SOURCES.iter().find(|name| self.given.get(name).is_some())
        {
            let what = format!("{name}: contradicts the reflections that are given; give only one of them");
            return Err(PyValueError::new_err(what));
        }
        let reads = self.known.is_none();
        let n_threads = if reads { threads::for_reading(threads::allowed(None), &self.given) } else { 1 };
        let state = run(py, n_threads, None, move |watch| self.complete(watch))?.map_err(exception)?;
        Ok(Experiment { state: Arc::new(state), scene: Mutex::new(None) })
    }
}

/// Reflections that were given, which nothing changes.
fn in_memory(reflections: &Reflections) -> Option<Listed> {
    Some(Listed { reflections: reflections.list(), is_plain: true })
}

#[pymethods]
impl Experiment {
    #[new]
    #[pyo3(signature = (values, reflections = None))]
    fn new(py: Python<'_>, values: &Bound<'_, PyDict>, reflections: Option<&Reflections>) -> PyResult<Self> {
        let mut parts = Parts::of(Description::new());
        insert_all(&mut parts.given, values)?;
        if let Some(reflections) = reflections {
            (parts.known, parts.in_memory) = (in_memory(reflections), true);
        }
        parts.into_experiment(py)
    }

    #[staticmethod]
    fn from_file(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        Parts::of(description::toml::read(&path).map_err(exception)?).into_experiment(py)
    }

    #[staticmethod]
    fn from_text(py: Python<'_>, text: &str) -> PyResult<Self> {
        Parts::of(description::toml::parse(text, text_source()).map_err(exception)?).into_experiment(py)
    }

    #[staticmethod]
    fn from_crystal(py: Python<'_>, path: PathBuf, values: &Bound<'_, PyDict>) -> PyResult<Self> {
        let mut given = Description::new();
        insert_all(&mut given, values)?;
        let described = run(py, 1, None, move |_| description::starting_point(&path, origin(), given))?;
        // the notice is for the command line, where nobody asked for a starting point by name
        let (given, _) = described.map_err(exception)?;
        Parts::of(given).into_experiment(py)
    }

    #[staticmethod]
    fn from_nanobragg_args(py: Python<'_>, words: Vec<OsString>) -> PyResult<Self> {
        let described = py.detach(|| describe_words(words.into_iter()));
        let (given, notices) = described.map_err(exception_of_words)?;
        Parts { notices, ..Parts::of(given) }.into_experiment(py)
    }

    /// What `state` gave.
    #[staticmethod]
    fn from_state(
        py: Python<'_>,
        entries: Vec<Given>,
        reflections: Option<(Py<Reflections>, bool)>,
        in_memory: bool,
    ) -> PyResult<Self> {
        let mut parts = Parts::of(Description::new());
        for (name, text, origin) in entries {
            parts.given.set(&name, &text, Origin::Program(origin)).map_err(exception)?;
        }
        let known = reflections.map(|(list, is_plain)| Listed { reflections: list.get().list(), is_plain });
        Parts { known, in_memory, user_was_told: true, ..parts }.into_experiment(py)
    }

    /// Everything that makes this experiment again: name, TOML value and origin of what was given, the reflections and whether they
    /// hold for other experiments, and whether they were given.
    fn state(&self) -> (Vec<Given>, Option<(Reflections, bool)>, bool) {
        let entry =
            |(name, entry): (&str, &Entry)| (name.to_owned(), entry.value.to_string(), entry.origin.to_string());
        let State { given, listed, in_memory, .. } = &*self.state;
        let listed = listed.clone().map(|listed| (Reflections::new(listed.reflections), listed.is_plain));
        (given.iter().map(entry).collect(), listed, *in_memory)
    }

    #[pyo3(signature = (values, reflections = None))]
    fn replace(&self, py: Python<'_>, values: &Bound<'_, PyDict>, reflections: Option<&Reflections>) -> PyResult<Self> {
        let old = &self.state;
        let mut given = old.given.clone();
        for (name, value) in values.iter() {
            if value.is_none() {
                forget(&mut given, &name.extract::<String>()?)?;
            }
        }
        let mut later = Description::new();
        insert_all(&mut later, values)?;
        keep_cell_of_file(&mut given, &later, &old.resolved.description);
        given.merge(later);
        let (known, in_memory) = match reflections {
            Some(reflections) => {
                SOURCES.iter().for_each(|name| drop(given.remove(name)));
                (in_memory(reflections), true)
            }
            None => match &old.listed {
                Some(listed) if listed.is_plain && is_same_list(&given, &old.given) => {
                    (Some(listed.clone()), old.in_memory)
                }
                _ => (None, false),
            },
        };
        Parts { given, known, in_memory, notices: Vec::new(), user_was_told: true }.into_experiment(py)
    }

    /// This experiment with a window of pixels that are computed; the others stay 0.
    fn window(&self, py: Python<'_>, roi: [i64; 4]) -> PyResult<Self> {
        let mut given = self.state.given.clone();
        let of_panels = (0..given.n_panels()).map(|i| format!("detector.panel[{i}].roi"));
        for name in iter::once("detector.roi".to_owned()).chain(of_panels) {
            // the caller's argument
            given.insert(&name, roi, Origin::Flag("roi".to_owned())).map_err(exception)?;
        }
        let (known, in_memory) = (self.state.listed.clone(), self.state.in_memory);
        Parts { given, known, in_memory, notices: Vec::new(), user_was_told: true }.into_experiment(py)
    }

    /// The value of a name, whatever way it was given; of a table, those in it.
    fn get<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        if let Some(entry) = self.entry(name) {
            return to_python(py, &entry.value);
        }
        if keys::find(name).is_some() {
            return Ok(py.None().into_bound(py));
        }
        let is_list = keys::is_table(&format!("{name}[0]"));
        if !is_list && !keys::is_table(name) {
            return Err(unknown_key(name));
        }
        if is_list {
            let n_panels = self.state.resolved.experiment.detector.panels.len();
            let tables = (0..n_panels).map(|i| self.table(py, &format!("{name}[{i}]")));
            return Ok(PyList::new(py, tables.collect::<PyResult<Vec<_>>>()?)?.into_any());
        }
        Ok(self.table(py, name)?.into_any())
    }

    fn origin(&self, name: &str) -> PyResult<Option<String>> {
        let entry = self.entry(name);
        if entry.is_none() && keys::find(name).is_none() {
            return Err(unknown_key(name));
        }
        Ok(entry.map(|entry| entry.origin.to_string()))
    }

    /// Whether the name was used for what the experiment has: given, a default or chosen.
    fn says(&self, name: &str) -> bool {
        self.state.resolved.description.get(name).is_some()
    }

    /// Whether a refinement or a shift gave the value, in place of what the user had said.
    fn is_refined(&self, name: &str) -> bool {
        refined::is_refined(&self.state.resolved.description, name)
    }

    fn given<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        to_dict(py, &self.state.given)
    }

    fn complete<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        to_dict(py, &self.state.resolved.description)
    }

    fn to_toml(&self) -> String {
        description::print::to_toml(&self.state.resolved.description)
    }

    #[getter]
    fn reflections(&self) -> Option<Reflections> {
        self.state.listed.clone().map(|listed| Reflections::new(listed.reflections))
    }

    #[getter]
    fn in_memory(&self) -> bool {
        self.state.in_memory
    }

    #[getter]
    fn notices(&self) -> Vec<String> {
        self.state.notices.clone()
    }

    #[getter]
    fn cell(&self) -> (f64, f64, f64, f64, f64, f64) {
        UnitCell::from_basis(&self.state.resolved.experiment.crystal.real_space).parameters().into()
    }

    /// Slow and fast pixels of each panel.
    #[getter]
    fn panel_sizes(&self) -> Vec<(usize, usize)> {
        self.state.resolved.experiment.detector.panels.iter().map(|panel| (panel.n_slow, panel.n_fast)).collect()
    }

    /// Terms in a pixel's sum.
    #[getter]
    fn n_steps(&self, py: Python<'_>) -> PyResult<usize> {
        let scene = self.scene(py)?;
        Ok(scene.n_steps().saturating_mul(scene.n_layers()))
    }

    #[pyo3(signature = (threads = None, progress = None, double = false, as_list = false))]
    fn simulate<'py>(
        &self,
        py: Python<'py>,
        threads: Option<i64>,
        progress: Option<Bound<'py, PyAny>>,
        double: bool,
        as_list: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let n_threads = threads.map(thread_number).transpose()?;
        let render = if double { Self::render::<f64> } else { Self::render::<f32> };
        render(self, py, n_threads, progress, as_list)
    }

    /// What the detector of the experiment records of expected photons.
    fn record<'py>(&self, py: Python<'py>, image: Pixels<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (photons, response) = (pixels_of("image", image)?.to_f32(), self.state.resolved.experiment.response);
        let recording = run(py, threads::allowed(None), None, move |watch| record_watched(photons, &response, watch))?;
        let mut recording = recording.map_err(exception)?;
        if let Recording::Counts(counts) = &mut recording {
            flag_masked(counts, &self.state.resolved.experiment.detector);
        }
        crate::images::recording_into_array(py, recording)
    }
}

impl Experiment {
    /// A value and where it came from. What became another value (a flux a fluence) is only there as it was given; what was said in
    /// another way is inferred.
    fn entry(&self, name: &str) -> Option<Cow<'_, Entry>> {
        let State { resolved, given, .. } = &*self.state;
        let said = resolved.description.get(name).or_else(|| given.get(name)).map(Cow::Borrowed);
        said.or_else(|| resolved.inferred(name).map(Cow::Owned))
    }

    /// The values of a table; where it was not used, those that say the same.
    fn table<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (key, entry) in self.state.resolved.description.iter().filter(|(key, _)| is_under(key, name)) {
            dict.set_item(key[name.len()..].trim_start_matches('.'), to_python(py, &entry.value)?)?;
        }
        if !dict.is_empty() {
            return Ok(dict);
        }
        let pattern = keys::split_index(name).map_or_else(|| name.to_owned(), |(_, pattern)| pattern);
        for key in keys::KEYS.iter().filter(|key| is_under(key.name, &pattern)) {
            let last = key.name[pattern.len()..].trim_start_matches('.');
            if let Some(entry) = self.state.resolved.inferred(&format!("{name}.{last}")) {
                dict.set_item(last, to_python(py, &entry.value)?)?;
            }
        }
        Ok(dict)
    }

    /// This object with another complete experiment, in which `parameters` have moved.
    pub(crate) fn with_complete(&self, experiment: Complete, parameters: &[Parameter]) -> bragg::Result<Self> {
        let State { listed, in_memory, resolved, notices, .. } = &*self.state;
        let mut description = describe(&resolved.description, &experiment, parameters)?;
        let (mut listed, mut in_memory) = (listed.clone(), *in_memory);
        let moved = parameters.iter().any(|parameter| matches!(parameter, Parameter::Intensity(_)));
        if let Some(grid) = experiment.structure_factors.grid.as_deref().filter(|_| moved) {
            forget_reflections(&mut description, &experiment)?;
            listed = Some(Listed { reflections: Arc::new(grid.to_reflections()), is_plain: true });
            in_memory = true;
        }
        let resolved = Resolved { experiment, description: description.clone(), ..resolved.clone() };
        let state = State { given: description, listed, in_memory, resolved, notices: notices.clone() };
        Ok(Self { state: Arc::new(state), scene: Mutex::new(None) })
    }

    /// The reflections, where they are listed.
    pub(crate) fn reflections_listed(&self) -> Option<Arc<bragg::reflections::Reflections>> {
        self.state.listed.as_ref().map(|listed| Arc::clone(&listed.reflections))
    }

    pub(crate) fn scene(&self, py: Python<'_>) -> PyResult<Arc<Scene>> {
        if let Some(scene) = self.scene.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Ok(scene);
        }
        let state = Arc::clone(&self.state);
        let Crystal { mosaic, .. } = &state.resolved.experiment.crystal;
        let is_small = mosaic.n_domains.saturating_mul(state.resolved.experiment.scan.n_steps) < MANY_ORIENTATIONS;
        let scene = if is_small {
            py.detach(|| Scene::watched(&state.resolved.experiment, &Unwatched))
        } else {
            run(py, 1, None, move |watch| Scene::watched(&state.resolved.experiment, watch))?
        };
        let scene = Arc::new(scene.map_err(exception)?);
        *self.scene.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&scene));
        Ok(scene)
    }

    fn render<'py, T: Sample + Element + 'static>(
        &self,
        py: Python<'py>,
        n_threads: Option<usize>,
        progress: Option<Bound<'py, PyAny>>,
        as_list: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let scene = self.scene(py)?;
        // asking the system takes as long as a small image
        let is_small = threads::for_rendering(usize::MAX, &scene) == 1;
        let n_threads = if is_small { 1 } else { threads::allowed(n_threads) };
        let n_pixels = scene.panels.iter().map(|panel| panel.n_fast * panel.n_slow).sum();
        let progress = progress.map(|callback| Progress { callback, n_pixels });
        let state = Arc::clone(&self.state);
        let image = run(py, n_threads, progress.as_ref().map(|progress| progress as &dyn Report), move |watch| {
            let image = kernel::render_as_is::<T>(&scene, watch)?;
            numbers::check(&scene, &image, &state.resolved.description).map(|()| image)
        })?;
        let image = image.map_err(exception)?;
        if as_list { Ok(into_arrays(py, image)?.into_any()) } else { into_array(py, image) }
    }
}

/// Whether a description names the same list of reflections as an earlier one. A list may have taken the cell that was given for its
/// own.
fn is_same_list(later: &Description, earlier: &Description) -> bool {
    let tables = ["crystal.structure_factors", "crystal.space_group"];
    let values = |given: &Description| -> Vec<_> {
        let of_list = |name: &str| tables.iter().any(|table| is_under(name, table)) && !NOT_OF_THE_LIST.contains(&name);
        given
            .iter()
            .filter(|(name, _)| of_list(name))
            .map(|(name, entry)| (name.to_owned(), entry.value.clone()))
            .collect()
    };
    values(later) == values(earlier) && (has_cell(later) || !has_cell(earlier))
}

/// Whether a cell is given.
fn has_cell(given: &Description) -> bool {
    SUPERSEDED.iter().any(|(matrices, cells)| {
        let mut names = matrices.iter().chain(*cells);
        names.any(|name| given.iter().any(|(known, _)| is_under(known, name)))
    })
}

/// Where the whole cell came from a file and a part of it is to be another, what is left of it is the file's still.
fn keep_cell_of_file(given: &mut Description, later: &Description, complete: &Description) {
    let cell = |of: &Description| -> Vec<_> {
        let entries = of.iter().filter(|(name, _)| is_under(name, "crystal.cell"));
        entries.map(|(name, entry)| (name.to_owned(), entry.clone())).collect()
    };
    if cell(given).is_empty() && !cell(later).is_empty() {
        for (name, entry) in cell(complete) {
            // it was one before, so it is allowed
            drop(given.insert(&name, entry.value, entry.origin));
        }
    }
}

/// Takes back what was given to a name or the names of a table.
fn forget(given: &mut Description, name: &str) -> PyResult<()> {
    if keys::find(name).is_none() && !keys::is_table(name) && !keys::is_table(&format!("{name}[0]")) {
        return Err(unknown_key(name));
    }
    let names: Vec<String> = given.iter().map(|(name, _)| name.to_owned()).collect();
    names.iter().filter(|known| is_under(known, name)).for_each(|known| drop(given.remove(known)));
    Ok(())
}

/// A number of threads that may be asked for.
pub(crate) fn thread_number(n: i64) -> PyResult<usize> {
    let allowed = usize::try_from(n).ok().filter(|n| (1..=MOST_THREADS).contains(n));
    allowed.ok_or_else(|| PyValueError::new_err(format!("threads: is {n}; it must be from 1 to {MOST_THREADS}")))
}
