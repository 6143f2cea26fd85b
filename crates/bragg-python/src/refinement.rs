//! Refinement, and how far two images agree.

use crate::derivatives::parsed;
use crate::errors::exception;
use crate::experiment::{Experiment, thread_number};
use crate::images::{Pixels, image_of, into_array, pixels_of};
use crate::values::region;
use crate::work::{Iterations, Report, Watch, run};
use bragg::experiment::{Response, Roi};
use bragg::gradient::{Parameter, parse_list};
use bragg::image::{Image, PanelImage};
use bragg::refine::{
    Ended, Experiments, Iteration, LargeStop, Loss, Observed, Outcome, Priors, Refined, Restraint, Selection, Settings,
    Start, State, Stop,
};
use bragg_compare::metrics::{Settings as Comparing, compare as compared};
use bragg_io::description::refined::check_describable;
use bragg_io::threads;
use numpy::PyReadonlyArrayDyn;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// How to refine, from a dictionary.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Choices {
    free: String,
    each: String,
    loss: String,
    read_noise: f64,
    start: String,
    reach: Option<f64>,
    iterations: Option<i64>,
    gain: Option<f64>,
    adc_offset: Option<f64>,
    max_counts: Option<f64>,
    roi: Option<[i64; 4]>,
    shoeboxes: Option<i64>,
    threads: Option<i64>,
    restraints: BTreeMap<String, (f64, f64)>,
    bounds: BTreeMap<String, (f64, f64)>,
}

impl Choices {
    fn loss(&self) -> PyResult<Loss> {
        let Self { read_noise, .. } = *self;
        match self.loss.as_str() {
            "gauss" if read_noise.is_finite() && read_noise >= 0.0 => Ok(Loss::Gauss { read_noise }),
            _ if read_noise != 0.0 => Err(refuse(format!(
                "read_noise: is {read_noise}; it must be a number, at least 0, with loss=\"gauss\""
            ))),
            "poisson" => Ok(Loss::Poisson),
            "least-squares" => Ok(Loss::LeastSquares),
            "square-root" => Ok(Loss::SquareRoot),
            other => {
                let words = "\"poisson\", \"gauss\", \"least-squares\" or \"square-root\"";
                Err(refuse(format!("loss: is {other:?}; it must be {words}")))
            }
        }
    }

    fn start(&self, experiments: &[bragg::experiment::Experiment]) -> PyResult<Start> {
        match self.start.as_str() {
            "here" => Ok(Start::Here),
            "ladder" => Ok(Start::ladder(experiments)),
            "blurred" => Ok(Start::blurred()),
            "search" => match self.reach.unwrap_or(Start::REACH) {
                reach if reach.is_finite() && reach > 0.0 => Ok(Start::search(reach)),
                reach => Err(refuse(format!("reach: is {reach}; it must be a number of degrees above 0"))),
            },
            other => {
                let words = "\"here\", \"ladder\", \"blurred\" or \"search\"";
                Err(refuse(format!("start: is {other:?}; it must be {words}")))
            }
        }
    }

    fn selection(&self, mask: Option<Vec<Arc<[bool]>>>) -> PyResult<Selection> {
        Ok(Selection { roi: self.roi.map(region).transpose()?, mask })
    }

    /// What the detector made of photons: as the experiment says, unless it is said here.
    fn response(&self, mut response: Response) -> PyResult<Response> {
        response.gain = self.gain.unwrap_or(response.gain);
        response.adc_offset = self.adc_offset.unwrap_or(response.adc_offset);
        response.saturation = self.max_counts.or(response.saturation);
        let Response { gain, adc_offset, .. } = response;
        if !(gain.is_finite() && gain > 0.0 && adc_offset.is_finite()) {
            let what = format!("gain: is {gain} with adc_offset {adc_offset}; it must be above 0, and both numbers");
            return Err(refuse(what));
        }
        Ok(response)
    }

    /// Bounds of the parameters' nature and of the user, and restraints. An image's own parameters are all meant by their plain name.
    fn priors(&self, model: &Experiments) -> PyResult<Priors> {
        let names = model.names();
        let places = |what: &str, name: &str| -> PyResult<Vec<usize>> {
            let name = parsed(&[name.to_owned()])?[0].name();
            let of_image = format!("{name} of image ");
            let found: Vec<usize> =
                (0..names.len()).filter(|&i| names[i] == name || names[i].starts_with(&of_image)).collect();
            let none =
                || refuse(format!("{what}: names {name}, which is not refined; refined are {}", names.join(", ")));
            if found.is_empty() { Err(none()) } else { Ok(found) }
        };
        let mut priors = Priors { restraints: Vec::new(), bounds: model.bounds() };
        for (name, &(value, sigma)) in &self.restraints {
            if !(value.is_finite() && sigma.is_finite() && sigma > 0.0) {
                return Err(refuse(format!("restraints: {name} has ({value}, {sigma}); it must have (value, sigma)")));
            }
            let found = places("restraints", name)?;
            priors.restraints.extend(found.into_iter().map(|parameter| Restraint { parameter, value, sigma }));
        }
        for (name, &(low, high)) in &self.bounds {
            for place in places("bounds", name)? {
                let [lowest, highest] = priors.bounds[place];
                priors.bounds[place] = [low.max(lowest), high.min(highest)];
            }
        }
        Ok(priors)
    }
}

fn refuse(what: String) -> PyErr {
    PyValueError::new_err(what)
}

fn from_zero(what: &str, n: i64) -> PyResult<usize> {
    usize::try_from(n).map_err(|_| refuse(format!("{what}: is {n}; it must be a whole number, at least 0")))
}

/// Refines parameters of an experiment against images, and returns what was found by name.
#[pyfunction]
#[pyo3(signature = (experiment, images, choices, mask = None, progress = None))]
pub(crate) fn refine<'py>(
    py: Python<'py>,
    experiment: &Experiment,
    images: Vec<Pixels<'py>>,
    choices: Choices,
    mask: Option<PyReadonlyArrayDyn<'py, f64>>,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let resolved = &experiment.state.resolved;
    let response = choices.response(resolved.experiment.response)?;
    let complete = &bragg::experiment::Experiment { response, ..resolved.experiment.clone() };
    let loss = choices.loss()?;
    let shoeboxes = choices.shoeboxes.map(|n| from_zero("shoeboxes", n)).transpose()?;
    let iterations = choices.iterations.map(|n| from_zero("iterations", n)).transpose()?;
    let selection = choices.selection(mask.map(|mask| mask_of(&mask)).transpose()?)?;
    let observed = images.into_iter().enumerate().map(|(i, image)| {
        let what = format!("data {}", i + 1);
        let recording = pixels_of(&what, image)?;
        Observed::new(&recording, complete, &selection, loss, Path::new(&what)).map_err(exception)
    });
    let mut observed = observed.collect::<PyResult<Vec<_>>>()?;
    let n_threads = threads::allowed(choices.threads.map(thread_number).transpose()?);
    if let Some(reach) = shoeboxes {
        observed = near_bright(py, n_threads, observed, complete, reach)?;
    }
    let n_images = observed.len();
    let shared = parse_list(&choices.free, complete).map_err(exception)?;
    let own = parse_list(&choices.each, complete).map_err(exception)?;
    let model = Experiments::new(observed, shared, own, loss).map_err(exception)?;
    check_describable(&resolved.description, complete, &model).map_err(exception)?;
    let start = model.start(vec![complete.clone(); n_images]).map_err(exception)?;
    let settings = Settings {
        start: choices.start(&start.experiments)?,
        stop: iterations.map_or_else(Stop::default, |iterations| Stop { iterations, ..Stop::default() }),
        large: iterations
            .map_or_else(LargeStop::default, |iterations| LargeStop { iterations, ..LargeStop::default() }),
        priors: choices.priors(&model)?,
    };
    let untold = Arc::<Mutex<Vec<_>>>::default();
    let progress = progress.map(|callback| Iterations { callback, untold: Arc::clone(&untold) });
    let worker = model.clone();
    let work = move |watch: &Watch| -> bragg::Result<_> {
        let mut tell = |iteration: &Iteration, _: &State| {
            let told = (iteration.stage, iteration.number, iteration.loss);
            untold.lock().unwrap_or_else(PoisonError::into_inner).push(told);
        };
        let outcome = bragg::refine::refine(&worker, start, &settings, watch, &mut tell)?;
        let modelled = worker.modelled(&outcome.state, watch)?;
        Ok((outcome, modelled))
    };
    let progress = progress.as_ref().map(|progress| progress as &dyn Report);
    let (outcome, modelled) = run(py, n_threads, progress, work)?.map_err(exception)?;
    let found = as_dict(py, &outcome)?;
    let of_image = model.of_image();
    let experiments = outcome.state.experiments.iter().map(|refined| unmasked(experiment, refined, &of_image));
    found.set_item("experiments", experiments.collect::<PyResult<Vec<_>>>()?)?;
    let residuals = model.images().iter().zip(&modelled).map(|(data, image)| into_array(py, residual(data, image)));
    found.set_item("residuals", residuals.collect::<PyResult<Vec<_>>>()?)?;
    Ok(found)
}

/// The data with only the pixels near bright ones, of the data or of the experiment's image.
fn near_bright(
    py: Python<'_>,
    n_threads: usize,
    mut observed: Vec<Observed>,
    experiment: &bragg::experiment::Experiment,
    reach: usize,
) -> PyResult<Vec<Observed>> {
    let experiment = experiment.clone();
    let work = move |watch: &Watch| -> bragg::Result<_> {
        for image in &mut observed {
            image.keep_near_bright(&experiment, reach, watch)?;
        }
        Ok(observed)
    };
    let observed = run(py, n_threads, None, work)?.map_err(exception)?;
    match observed.iter().position(|image| image.n_used() == 0) {
        None => Ok(observed),
        Some(i) => {
            let nothing = "has no bright pixel, nor has the model at the start, so that shoeboxes leave nothing";
            Err(refuse(format!("data {}: {nothing}", i + 1)))
        }
    }
}

/// A refined experiment with the masks that it had before.
fn unmasked(
    before: &Experiment,
    refined: &bragg::experiment::Experiment,
    parameters: &[Parameter],
) -> PyResult<Experiment> {
    let mut refined = refined.clone();
    let panels = &before.state.resolved.experiment.detector.panels;
    for (panel, before) in refined.detector.panels.iter_mut().zip(panels) {
        panel.mask.clone_from(&before.mask);
    }
    before.with_complete(refined, parameters).map_err(exception)
}

fn as_dict<'py>(py: Python<'py>, outcome: &Outcome) -> PyResult<Bound<'py, PyDict>> {
    let found = PyDict::new(py);
    let parameter = |p: &Refined| (p.name.clone(), p.unit.clone(), p.start, p.value, p.esd, p.at_bound);
    found.set_item("parameters", outcome.parameters.iter().map(parameter).collect::<Vec<_>>())?;
    found.set_item("losses", outcome.iterations.iter().map(|iteration| iteration.loss).collect::<Vec<_>>())?;
    let ended = match outcome.ended {
        Ended::Converged => "converged",
        Ended::Implausible => "implausible",
        Ended::Stalled => "stalled",
        Ended::Iterations => "out of iterations",
    };
    found.set_item("ended", ended)?;
    found.set_item("doubts", outcome.doubts.clone())?;
    found.set_item("correlated", outcome.correlated.clone())?;
    found.set_item("correlation", outcome.correlation.clone())?;
    found.set_item("degenerate", outcome.degenerate.clone())?;
    found.set_item("unseen", outcome.unseen.clone())?;
    found.set_item("undetermined", outcome.undetermined.clone())?;
    found.set_item("n_pixels", outcome.n_pixels)?;
    Ok(found)
}

/// What the photons have more than the model, where pixels were used.
fn residual(observed: &Observed, modelled: &Image<f64>) -> Image<f64> {
    let mut residual = modelled.clone();
    for (i, panel) in residual.panels.iter_mut().enumerate() {
        let data = observed.photons[i].iter().zip(observed.used[i].iter());
        let pixels = panel.pixels_mut().iter_mut().zip(data);
        pixels.for_each(|(pixel, (photons, used))| *pixel = if *used { photons - *pixel } else { f64::NAN });
    }
    residual
}

fn mask_of(mask: &PyReadonlyArrayDyn<'_, f64>) -> PyResult<Vec<Arc<[bool]>>> {
    Ok(image_of("mask", mask)?.panels.iter().map(|panel| panel.pixels().iter().map(|&x| x != 0.0).collect()).collect())
}

/// The metrics of two images: name, value and meaning.
#[pyfunction]
#[pyo3(signature = (reference, candidate, roi = None, mask = None))]
pub(crate) fn compare<'py>(
    py: Python<'py>,
    reference: PyReadonlyArrayDyn<'py, f64>,
    candidate: PyReadonlyArrayDyn<'py, f64>,
    roi: Option<[i64; 4]>,
    mask: Option<PyReadonlyArrayDyn<'py, f64>>,
) -> PyResult<Vec<(&'static str, Option<f64>, &'static str)>> {
    let [reference, candidate] = [image_of("reference", &reference)?, image_of("candidate", &candidate)?];
    let mask = mask.map(|mask| image_of("mask", &mask)).transpose()?;
    let is_part = |panel: &PanelImage<f64>| {
        let pixels = panel.pixels().iter().map(|&x| x != 0.0).collect();
        PanelImage::new(panel.n_fast(), panel.n_slow(), pixels)
    };
    let mask = mask.and_then(|mask| Some(Image { panels: mask.panels.iter().map(is_part).collect::<Option<_>>()? }));
    let roi = roi.map(region).transpose()?;
    if let Some(Roi { fast, slow }) = roi
        && let Some(panel) =
            reference.panels.iter().find(|panel| fast[1] >= panel.n_fast() || slow[1] >= panel.n_slow())
    {
        let size = format!("the images have {} x {} pixels", panel.n_fast(), panel.n_slow());
        return Err(refuse(format!("roi: reaches to {}, {} along fast and slow, but {size}", fast[1], slow[1])));
    }
    let roi = roi.map(|Roi { fast, slow }| [fast[0], fast[1], slow[0], slow[1]]);
    let settings = Comparing { roi, mask, ..Comparing::default() };
    let work = move |_: &Watch| compared(&reference, &candidate, &settings);
    let found = run(py, threads::allowed(None), None, work)?.map_err(exception)?;
    Ok(found.metrics.list().into_iter().map(|metric| (metric.name, metric.value, metric.meaning)).collect())
}
