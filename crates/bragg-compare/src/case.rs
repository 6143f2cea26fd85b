//! One comparison: what it asks, and carrying it out.

use super::bundle::Bundle;
use super::process::{Execution, Program};
use super::status::Status;
use super::words::{self, Arguments};
use super::{environment, load, notes, pictures, record, report, summary};
use crate::Host;
use crate::metrics::{Comparison, Settings, Thresholds, Verdict, compare, sizes};
use bragg::image::Image;
use bragg::{Error, Result};
use std::path::PathBuf;
use std::time::Duration;

/// Where an image comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    /// From the drop-in of the program that compares.
    Host,
    /// From a program, by the words that stand before the arguments.
    Program(Vec<String>),
    /// From a file.
    Image(PathBuf),
}

/// What is compared, and how.
#[derive(Debug, Clone)]
pub struct Case {
    pub(super) reference: Source,
    pub(super) candidate: Source,
    /// What programs are given; none where both sides are files.
    pub(super) arguments: Option<Arguments>,
    /// What the candidate is given besides.
    pub(super) candidate_args: Vec<String>,
    /// The size of images that do not say theirs, as the user gave it.
    pub(super) size: Option<(usize, usize)>,
    /// Without the mask, which is a file.
    pub(super) settings: Settings,
    pub(super) mask: Option<PathBuf>,
    pub(super) thresholds: Thresholds,
    pub(super) timeout: Duration,
    pub(super) repeat: usize,
    pub(super) threads: Option<u16>,
}

/// The reference or the candidate, and what became of it.
#[derive(Debug, Clone)]
pub(super) struct Side {
    /// `reference` or `candidate`.
    pub(super) name: &'static str,
    /// The exact command; none where the image is a file.
    pub(super) command: Option<Vec<String>>,
    /// What is set for it besides our own environment.
    pub(super) environment: Vec<(String, String)>,
    /// The file that was given, where it is one.
    pub(super) file: Option<PathBuf>,
    pub(super) executions: Vec<Execution>,
    /// The image in the bundle.
    pub(super) image: Option<PathBuf>,
    /// The digest of each run's image.
    pub(super) digests: Vec<String>,
    /// What went wrong, in a sentence.
    pub(super) failure: Option<String>,
    /// What the image holds, where it can be read.
    pub(super) content: Option<load::Content>,
}

/// How a comparison ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// How, in a word.
    pub status: Status,
    /// Why, in a sentence.
    pub message: String,
    /// What may explain it, in sentences.
    pub(super) notes: Vec<String>,
    pub(super) sides: [Side; 2],
    /// Numbers of pixels (fast, slow) of each panel, of both images.
    pub(super) shapes: Option<[Vec<(usize, usize)>; 2]>,
    pub(super) comparison: Option<Comparison>,
    pub(super) verdict: Option<Verdict>,
    /// Pictures in the bundle, each with its title.
    pub(super) pictures: Vec<(&'static str, &'static str)>,
}

impl Outcome {
    /// What a person at the terminal is told of it, with the folder of the bundle.
    #[must_use]
    pub fn lines(&self, bundle: &Bundle) -> String {
        summary::lines(self, bundle.folder())
    }

    /// Everything that was measured, as in `metrics.json`.
    #[must_use]
    pub fn to_json(&self, case: &Case) -> serde_json::Value {
        record::metrics(case, self)
    }
}

impl Side {
    fn new(name: &'static str, source: &Source, case: &Case, host: &Host<'_>) -> Self {
        let mut arguments = case.arguments.as_ref().map(|arguments| arguments.words.clone()).unwrap_or_default();
        if name == "candidate" {
            arguments.extend_from_slice(&case.candidate_args);
        }
        let mut side = Self {
            name,
            command: None,
            environment: Vec::new(),
            file: None,
            executions: Vec::new(),
            image: None,
            digests: Vec::new(),
            failure: None,
            content: None,
        };
        match source {
            Source::Image(path) => side.file = Some(path.clone()),
            Source::Program(words) => {
                side.command = Some(words.iter().cloned().chain(arguments).collect());
                side.environment =
                    case.threads.map(|n| ("OMP_NUM_THREADS".to_owned(), n.to_string())).into_iter().collect();
            }
            Source::Host => {
                arguments.extend(case.threads.iter().flat_map(|n| ["-threads".to_owned(), n.to_string()]));
                let drop_in = [host.program.to_string_lossy().into_owned(), "nanobragg".to_owned()];
                side.command = Some(drop_in.into_iter().chain(arguments).collect());
            }
        }
        side
    }

    /// The image in the bundle, where there is one, whose content is noted; `asked` is the size that it should have.
    fn read(&mut self, case: &Case, asked: Option<(usize, usize)>) -> Option<bragg::Result<Image<f64>>> {
        let image = load::image(self.image.as_ref()?, case.size, asked);
        self.content = image.as_ref().ok().map(load::content);
        Some(image)
    }

    /// The median of the wall-clock times (s).
    pub(super) fn seconds(&self) -> Option<f64> {
        let mut seconds: Vec<f64> = self.executions.iter().map(|execution| execution.seconds).collect();
        seconds.sort_unstable_by(f64::total_cmp);
        seconds.get(seconds.len() / 2).copied()
    }

    /// The most memory of all runs (bytes).
    pub(super) fn peak_bytes(&self) -> Option<u64> {
        self.executions.iter().filter_map(|execution| execution.peak_bytes).max()
    }

    /// Whether every run made the same bytes; none where there was one run.
    pub(super) fn is_repeatable(&self) -> Option<bool> {
        (self.digests.len() > 1).then(|| self.digests.windows(2).all(|pair| pair[0] == pair[1]))
    }
}

/// Carries a comparison out and leaves its bundle.
///
/// # Errors
/// The bundle cannot be written; or interrupted.
pub fn carry_out(case: &Case, bundle: &Bundle, host: &Host<'_>) -> Result<Outcome> {
    let sides =
        [Side::new("reference", &case.reference, case, host), Side::new("candidate", &case.candidate, case, host)];
    let mut outcome = Outcome {
        status: Status::Agree,
        message: String::new(),
        notes: Vec::new(),
        sides,
        shapes: None,
        comparison: None,
        verdict: None,
        pictures: Vec::new(),
    };
    bundle.write("commands.txt", record::commands(&outcome.sides, case.repeat, bundle, host).as_bytes())?;
    let inputs = case.arguments.as_ref().map(|arguments| arguments.inputs.as_slice()).unwrap_or_default();
    let mut digests = bundle.keep_inputs(inputs.iter().chain(&case.mask))?;
    run(case, bundle, &mut outcome.sides, host)?;
    for side in &mut outcome.sides {
        collect(side, bundle)?;
        digests.extend(side.image.iter().zip(side.digests.first()).map(|(path, digest)| {
            (digest.clone(), path.file_name().unwrap_or_default().to_string_lossy().into_owned())
        }));
    }
    let lines: String = digests.iter().map(|(digest, name)| format!("{digest}  {name}\n")).collect();
    bundle.write("inputs.sha256", lines.as_bytes())?;
    // once more, with the times
    bundle.write("commands.txt", record::commands(&outcome.sides, case.repeat, bundle, host).as_bytes())?;
    let images = judge(case, &mut outcome, host);
    outcome.notes = notes::explanations(case, &outcome);
    if let Some([reference, candidate]) = &images {
        outcome.pictures = pictures::draw(reference, candidate, case, &outcome, bundle)?;
    }
    bundle.write_json("metrics.json", &record::metrics(case, &outcome))?;
    bundle.write_json("env.json", &environment::describe(case, &outcome.sides, host))?;
    bundle.write("summary.md", summary::page(&outcome).as_bytes())?;
    bundle.write("report.html", report::page(&outcome, bundle)?.as_bytes())?;
    Ok(outcome)
}

/// Runs the programs by turns, so that a machine that slows down slows both, and keeps what they print.
fn run(case: &Case, bundle: &Bundle, sides: &mut [Side; 2], host: &Host<'_>) -> Result<()> {
    for i in 0..case.repeat {
        for side in sides.iter_mut().filter(|side| side.failure.is_none()) {
            let Some(command) = &side.command else { continue };
            let folder = bundle.scratch(side.name)?;
            let program =
                Program { words: command, folder: &folder, environment: &side.environment, timeout: case.timeout };
            let execution = program.run(host.monitor);
            let image = folder.join(words::FLOAT_IMAGE);
            let complaint = execution.ended.complaint(case.timeout);
            // what a program left before it failed is worth keeping, too
            if image.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
                let kept = bundle.path(&format!("{}.bin", side.name));
                bundle.take(&image, &kept)?;
                side.digests.push(super::bundle::sha256(&kept)?);
                side.image = Some(kept);
            } else if complaint.is_none() {
                side.failure = Some(format!("the {} left no image: there is no {}", side.name, words::FLOAT_IMAGE));
            }
            if let Some(complaint) = complaint {
                side.failure = Some(format!("the {} {complaint}", side.name));
            }
            if i == 0 || side.failure.is_some() {
                bundle.write(&format!("{}.stdout.txt", side.name), &execution.stdout.text())?;
                bundle.write(&format!("{}.stderr.txt", side.name), &execution.stderr.text())?;
            }
            side.executions.push(execution);
            bundle.clear_scratch();
            host.monitor.check()?;
        }
    }
    Ok(())
}

/// Copies a side's image that is a file.
fn collect(side: &mut Side, bundle: &Bundle) -> Result<()> {
    let Some(file) = &side.file else { return Ok(()) };
    let extension = file.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let extension = if extension == "f32" { "bin" } else { &extension };
    let kept = bundle.path(&format!("{}.{extension}", side.name));
    match std::fs::copy(file, &kept) {
        Ok(_) => {
            side.digests.push(super::bundle::sha256(&kept)?);
            side.image = Some(kept);
        }
        Err(error) => side.failure = Some(Error::io("read", file, error).to_string()),
    }
    Ok(())
}

/// Compares the images and says how it went; the images where they have the same shape.
fn judge(case: &Case, outcome: &mut Outcome, host: &Host<'_>) -> Option<[Image<f64>; 2]> {
    let mut end = |status: Status, message: String| {
        (outcome.status, outcome.message) = (status, message);
        None
    };
    let of_program = |side: &Side| if side.command.is_some() { Status::ProgramFailed } else { Status::InputOutput };
    let asked = case.arguments.as_ref().and_then(|arguments| words::size(&arguments.words));
    let read: Vec<_> = outcome.sides.iter_mut().filter_map(|side| side.read(case, asked)).collect();
    if let Some(side) = outcome.sides.iter().find(|side| side.failure.is_some()) {
        return end(of_program(side), side.failure.clone().unwrap_or_default());
    }
    let mut images = Vec::new();
    for (image, side) in read.into_iter().zip(&outcome.sides) {
        match image {
            Ok(image) => images.push(image),
            Err(error) => return end(of_program(side), format!("the {}'s image cannot be read: {error}", side.name)),
        }
    }
    let Ok([reference, candidate]) = <[Image<f64>; 2]>::try_from(images) else {
        return end(Status::InputOutput, "there are not two images to compare".to_owned());
    };
    let shapes = [sizes(&reference), sizes(&candidate)];
    outcome.shapes = Some(shapes.clone());
    if shapes[0] != shapes[1] {
        let [reference, candidate] = shapes.map(|sizes| load::shape(&sizes));
        let message = format!("the reference has {reference} pixels (fast × slow), the candidate {candidate}");
        return end(Status::ShapesDiffer, message);
    }
    let mask = case.mask.as_ref().map(|path| load::mask(path, case.size, &shapes[0])).transpose();
    let settings = mask.map(|mask| Settings { mask, ..case.settings.clone() });
    let comparison = match settings.and_then(|settings| compare(&reference, &candidate, &settings)) {
        Ok(comparison) => comparison,
        Err(error) => {
            let status = if matches!(error, Error::Setting { .. }) { Status::Usage } else { Status::InputOutput };
            return end(status, (host.in_its_words)(error).to_string());
        }
    };
    let verdict = Verdict::new(&comparison.metrics, &case.thresholds);
    outcome.status = if verdict.agrees() { Status::Agree } else { Status::BelowThreshold };
    outcome.message = summary::sentence(&verdict);
    (outcome.comparison, outcome.verdict) = (Some(comparison), Some(verdict));
    Some([reference, candidate])
}
