//! What the command line of `bragg refine` asks for.

use super::arguments::{LossName, Refine, StartName};
use crate::interrupt::Signals;
use crate::messages::Messages;
use anyhow::Result;
use bragg::Error;
use bragg::experiment::{Experiment, Response, Roi};
use bragg::gradient::{Parameter, parse_list};
use bragg::image::{PanelImage, Recording};
use bragg::refine::{
    Experiments, LargeStop, LeftOut, Loss, Observed, Priors, Restraint, Selection, Settings, Start, State, Stop,
};
use bragg_io::description::refined::check_describable;
use bragg_io::description::{self, Description, Known, Origin, Resolved, resolve_knowing};
use bragg_io::formats::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is to be done.
pub(super) struct Task {
    pub(super) model: Experiments,
    pub(super) start: State,
    pub(super) settings: Settings,
    pub(super) loss: Loss,
    /// Of each image.
    pub(super) descriptions: Vec<Description>,
    pub(super) metadata: Vec<Metadata>,
    /// Every file that is read.
    pub(super) inputs: Vec<PathBuf>,
}

impl Task {
    /// Whether amplitudes of reflections are refined.
    pub(super) fn has_reflections(&self) -> bool {
        self.model.of_image().iter().any(|parameter| matches!(parameter, Parameter::Intensity(_)))
    }
}

/// An image with the experiment it starts from.
struct Pair {
    experiment: PathBuf,
    image: PathBuf,
}

pub(super) fn task(arguments: &Refine, messages: Messages) -> Result<Task> {
    let loss = loss(arguments)?;
    let mut pairs: Vec<Pair> = Vec::new();
    let pair = |experiment: &Path, image: &Path| Pair { experiment: experiment.to_owned(), image: image.to_owned() };
    pairs.extend(arguments.images.iter().map(|image| pair(&arguments.experiment, image)));
    pairs.extend(arguments.also.chunks_exact(2).map(|also| pair(&also[0], &also[1])));
    let resolved = pairs.iter().map(|pair| resolved(&pair.experiment, arguments)).collect::<Result<Vec<_>>>()?;
    if let Some(first) = resolved.first() {
        first.notices.iter().chain(&first.choice).for_each(|notice| messages.note(notice));
    }
    let selection = selection(arguments, &resolved)?;
    let mut images = Vec::new();
    for (pair, resolved) in pairs.iter().zip(&resolved) {
        images.push(observed(arguments, pair, resolved, &selection, loss, messages)?);
    }
    let experiments: Vec<Experiment> = resolved.iter().map(|resolved| resolved.experiment.clone()).collect();
    let (shared, own) = match experiments.first() {
        Some(first) => (parse_list(&arguments.free, first)?, parse_list(&arguments.each, first)?),
        None => (Vec::new(), Vec::new()),
    };
    let model = Experiments::new(images, shared, own, loss)?;
    for resolved in &resolved {
        check_describable(&resolved.description, &resolved.experiment, &model)?;
    }
    let start = model.start(experiments)?;
    let settings = Settings {
        start: start_of(arguments, &start),
        stop: Stop { iterations: arguments.iterations.unwrap_or(Stop::default().iterations), ..Stop::default() },
        large: LargeStop {
            iterations: arguments.iterations.unwrap_or(LargeStop::default().iterations),
            ..LargeStop::default()
        },
        priors: priors(arguments, &model)?,
    };
    let inputs = pairs.iter().flat_map(|pair| [pair.experiment.clone(), pair.image.clone()]);
    Ok(Task {
        inputs: inputs.chain(arguments.mask.clone()).collect(),
        metadata: resolved.iter().map(Resolved::metadata).collect(),
        descriptions: resolved.into_iter().map(|resolved| resolved.description).collect(),
        model,
        start,
        settings,
        loss,
    })
}

fn loss(arguments: &Refine) -> Result<Loss> {
    let read_noise = arguments.read_noise;
    if !(read_noise.is_finite() && read_noise >= 0.0) {
        return Err(Error::setting("--read-noise", format!("is {read_noise}; it must be a number, at least 0")).into());
    }
    if read_noise > 0.0 && arguments.loss != LossName::Gauss {
        return Err(Error::setting("--read-noise", "has an effect with --loss gauss only").into());
    }
    Ok(match arguments.loss {
        LossName::Poisson => Loss::Poisson,
        LossName::Gauss => Loss::Gauss { read_noise },
        LossName::LeastSquares => Loss::LeastSquares,
        LossName::SquareRoot => Loss::SquareRoot,
    })
}

fn resolved(path: &Path, arguments: &Refine) -> Result<Resolved> {
    let mut description = description::toml::read(path)?;
    for setting in &arguments.set {
        let (name, text) = setting.split_once('=').ok_or_else(|| {
            Error::setting("--set", format!("is {setting:?}; it must be KEY=VALUE, as detector.distance=100"))
        })?;
        description.set(name.trim(), text.trim(), Origin::Set)?;
    }
    if let Ok(here) = std::env::current_dir() {
        description.relative_to(&here);
    }
    let known = Known { monitor: Some(&Signals), ..Known::default() };
    Ok(resolve_knowing(description, known)?.0)
}

fn selection(arguments: &Refine, resolved: &[Resolved]) -> Result<Selection> {
    if let Some(gain) = arguments.gain.filter(|gain| !(gain.is_finite() && *gain > 0.0)) {
        return Err(Error::setting("--gain", format!("is {gain}; it must be a number, greater than 0")).into());
    }
    if !(arguments.reach.is_finite() && arguments.reach >= 0.0) {
        let what = format!("is {}; it must be an angle in degrees, not negative", arguments.reach);
        return Err(Error::setting("--reach", what).into());
    }
    if let Some(most) = arguments.max_counts.filter(|most| most.is_nan()) {
        return Err(Error::setting("--max-counts", format!("is {most}; it must be a number")).into());
    }
    if let Some(adc) = arguments.adc.filter(|adc| !adc.is_finite()) {
        return Err(Error::setting("--adc", format!("is {adc}; it must be a number")).into());
    }
    let roi = match arguments.roi.as_deref() {
        Some(&[fast0, fast1, slow0, slow1]) if fast0 <= fast1 && slow0 <= slow1 => {
            Some(Roi { fast: [fast0, fast1], slow: [slow0, slow1] })
        }
        Some(given) => {
            let what = format!("is {given:?}; it must be the first and last pixel along fast, then along slow");
            return Err(Error::setting("--roi", what).into());
        }
        None => None,
    };
    let mask = match (&arguments.mask, resolved.first()) {
        (Some(path), Some(resolved)) => Some(mask(path, &resolved.experiment)?),
        _ => None,
    };
    Ok(Selection { roi, mask })
}

fn first_size(experiment: &Experiment) -> Option<(usize, usize)> {
    experiment.detector.panels.first().map(|panel| (panel.n_fast, panel.n_slow))
}

fn mask(path: &Path, experiment: &Experiment) -> Result<Vec<Arc<[bool]>>> {
    let formats::Opened { recording, metadata, .. } = formats::read(path, first_size(experiment))?;
    let pedestal = metadata.and_then(|metadata| metadata.adc_offset).unwrap_or(0.0);
    Ok(match recording {
        Recording::Photons(image) => {
            image.panels.iter().map(|p| p.pixels().iter().map(|&x| x != 0.0).collect()).collect()
        }
        Recording::Counts(image) => {
            let live =
                |panel: &PanelImage<i32>| panel.pixels().iter().map(|&x| formats::is_live(x, pedestal)).collect();
            image.panels.iter().map(live).collect()
        }
    })
}

fn observed(
    arguments: &Refine,
    pair: &Pair,
    resolved: &Resolved,
    selection: &Selection,
    loss: Loss,
    messages: Messages,
) -> Result<Observed> {
    let size = first_size(&resolved.experiment);
    let formats::Opened { recording, metadata: header, notes } = formats::read(&pair.image, size)?;
    notes.iter().for_each(|note| messages.note(format_args!("{}: {note}", pair.image.display())));
    let mut experiment = resolved.experiment.clone();
    experiment.response = response(arguments, pair, resolved, header.as_ref(), messages);
    let mut observed = Observed::new(&recording, &experiment, selection, loss, &pair.image)?;
    if experiment.response.highest().is_none() {
        warn_of_ceiling(&recording, &pair.image, messages);
    }
    let LeftOut { flagged, not_numbers, saturated, .. } = observed.left_out;
    let path = pair.image.display();
    for (n, what) in
        [(flagged, "are flagged by negative counts"), (not_numbers, "are not numbers"), (saturated, "are saturated")]
    {
        if n > 0 {
            messages.warning(format_args!("{path}: {n} pixels {what} and are left out"));
        }
    }
    if let Some(reach) = arguments.shoeboxes {
        observed.keep_near_bright(&experiment, reach, &Signals)?;
        let n = observed.n_used();
        if n == 0 {
            let what = "has no bright pixel, nor has the model at the start: --shoeboxes leaves nothing";
            return Err(Error::file(&pair.image, None, what).into());
        }
        messages.note(format_args!("{path}: {n} pixels near bright ones are used"));
    }
    Ok(observed)
}

/// What the detector made of photons: by the options, else by what the image states, else by the experiment. Where the one that is taken
/// contradicts another, it is told.
fn response(
    arguments: &Refine,
    pair: &Pair,
    resolved: &Resolved,
    header: Option<&Metadata>,
    messages: Messages,
) -> Response {
    let mut response = resolved.experiment.response;
    let image = pair.image.display();
    let stated = header.map(|header| (header.gain, header.adc_offset.unwrap_or(0.0)));
    // headers that say nothing of it have these
    let gain = stated.map(|(gain, _)| gain).filter(|&gain| gain != 1.0);
    let offset = stated.map(|(_, offset)| offset).filter(|&offset| offset != 0.0);
    for (number, key, option, given, stated) in [
        (&mut response.gain, "noise.gain", "--gain", arguments.gain, gain),
        (&mut response.adc_offset, "noise.adc_offset", "--adc", arguments.adc, offset),
    ] {
        let entry = resolved.description.get(key);
        let described = entry.filter(|entry| !matches!(entry.origin, Origin::Default | Origin::Automatic(_)));
        let sources = [
            given.map(|value| (value, option.to_owned())),
            stated.map(|value| (value, "its header".to_owned())),
            described.map(|entry| (*number, format!("{key} ({})", entry.origin))),
        ];
        let mut known = sources.into_iter().flatten();
        let Some((value, source)) = known.next() else { continue };
        for (other, what) in known.filter(|(other, _)| *other != value) {
            messages.warning(format_args!("{image}: {source} says {value}, but {what} says {other}; {value} is taken"));
        }
        *number = value;
    }
    if (response.gain, response.adc_offset) != (1.0, 0.0) {
        let Response { gain, adc_offset, .. } = response;
        messages.note(format_args!("{image}: a pixel without photons has {adc_offset} counts, and a photon {gain}"));
    }
    let stated = header.and_then(|header| header.saturation);
    response.saturation = arguments.max_counts.or(stated).or(response.saturation);
    response
}

/// Counts that so many pixels share are suspect where there are none higher.
const CEILING: (usize, f64) = (3, 50.0);

/// Warns where the brightest pixels look cut off.
fn warn_of_ceiling(recording: &Recording, path: &Path, messages: Messages) {
    let Recording::Counts(image) = recording else { return };
    let Some(&most) = image.pixels().max() else { return };
    let n = image.pixels().filter(|count| **count == most).count();
    if n >= CEILING.0 && f64::from(most) >= CEILING.1 {
        messages.warning(format_args!(
            "{}: {n} pixels have the highest count, {most}; if they are saturated, leave them out by --max-counts {}",
            path.display(),
            most - 1
        ));
    }
}

fn priors(arguments: &Refine, model: &Experiments) -> Result<Priors> {
    let names = model.names();
    // an image's own parameters are all meant by their plain name
    let places = |option: &'static str, name: &str| -> Result<Vec<usize>> {
        let is =
            |known: &str| known == name || known.strip_prefix(name).is_some_and(|rest| rest.starts_with(" of image "));
        let places: Vec<usize> = (0..names.len()).filter(|&i| is(&names[i])).collect();
        if places.is_empty() {
            let what = format!("names {name}, which is not refined; refined are {}", names.join(", "));
            return Err(Error::setting(option, what).into());
        }
        Ok(places)
    };
    let mut priors = Priors { restraints: Vec::new(), bounds: model.bounds() };
    for text in &arguments.restrain {
        let (name, value, sigma) = restraint(text).ok_or_else(|| {
            Error::setting("--restrain", format!("is {text:?}; it must be name=value±sigma, as crystal.cell.a=70±0.1"))
        })?;
        let places = places("--restrain", name)?;
        priors.restraints.extend(places.into_iter().map(|parameter| Restraint { parameter, value, sigma }));
    }
    for text in &arguments.bounds {
        let (name, bounds) = bounds(text).ok_or_else(|| {
            Error::setting("--bounds", format!("is {text:?}; it must be name=low:high, as crystal.scale=0.1:10"))
        })?;
        for place in places("--bounds", name)? {
            let [low, high] = priors.bounds[place];
            priors.bounds[place] = [bounds[0].max(low), bounds[1].min(high)];
        }
    }
    Ok(priors)
}

fn restraint(text: &str) -> Option<(&str, f64, f64)> {
    let (name, rest) = text.split_once('=')?;
    let (value, sigma) = rest.split_once('±').or_else(|| rest.split_once("+-"))?;
    let (value, sigma): (f64, f64) = (value.trim().parse().ok()?, sigma.trim().parse().ok()?);
    (value.is_finite() && sigma.is_finite() && sigma > 0.0).then_some((name.trim(), value, sigma))
}

fn bounds(text: &str) -> Option<(&str, [f64; 2])> {
    let (name, rest) = text.split_once('=')?;
    let (low, high) = rest.split_once(':')?;
    let number = |text: &str, none: f64| if text.trim().is_empty() { Some(none) } else { text.trim().parse().ok() };
    let (low, high) = (number(low, f64::NEG_INFINITY)?, number(high, f64::INFINITY)?);
    (low < high).then_some((name.trim(), [low, high]))
}

fn start_of(arguments: &Refine, state: &State) -> Start {
    match arguments.start {
        StartName::Here => Start::Here,
        StartName::Ladder => Start::ladder(&state.experiments),
        StartName::Blurred => Start::blurred(),
        StartName::Search => Start::search(arguments.reach),
    }
}
