//! What was done and measured, for programs: `commands.txt` and `metrics.json`.

use super::bundle::{Bundle, stamp};
use super::case::{Case, Outcome, Side};
use super::words::shell;
use crate::Host;
use crate::metrics::{Check, Peak, PeakPair, Place};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// The version of the schema of `metrics.json` and `suite.json`.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// The commands in the order in which they run, as a shell takes them.
pub(super) fn commands(sides: &[Side; 2], repeat: usize, bundle: &Bundle, host: &Host<'_>) -> String {
    let mut text = String::from("# As they ran, in this order. Each one makes floatimage.bin in its folder.\n");
    // writing to a string does not fail
    if repeat > 1 {
        let _ = writeln!(text, "# Both ran {repeat} times, by turns.");
    }
    for side in sides {
        let _ = writeln!(text, "\n# {}", side.name);
        if let Some(command) = &side.command {
            let folder = shell(&[bundle.scratch_path(side.name).to_string_lossy().into_owned()]);
            let environment: String = side.environment.iter().map(|(name, value)| format!("{name}={value} ")).collect();
            let _ = writeln!(text, "mkdir -p {folder} && cd {folder} && {environment}{}", shell(command));
            for execution in &side.executions {
                let (started, seconds) = (stamp(execution.started), execution.seconds);
                let _ = writeln!(text, "# started {started}, took {seconds:.3} s");
            }
        } else if let Some(file) = &side.file {
            let _ = writeln!(text, "# the stored image {}", file.display());
        }
    }
    let images: Vec<_> = sides.iter().map(|side| compared_again(side, bundle)).collect();
    let ours = host.program.to_string_lossy().into_owned();
    let _ = writeln!(text, "\n# both images once more\n{} compare --images {}", shell(&[ours]), images.join(" "));
    text
}

/// Where the image will be in the bundle.
fn compared_again(side: &Side, bundle: &Bundle) -> String {
    let extension = side.file.as_ref().and_then(|file| file.extension()).filter(|extension| *extension != "f32");
    let extension = extension.map_or_else(|| "bin".into(), |extension| extension.to_string_lossy().to_lowercase());
    shell(&[bundle.path(&format!("{}.{extension}", side.name)).to_string_lossy().into_owned()])
}

/// Everything that was measured.
pub(super) fn metrics(case: &Case, outcome: &Outcome) -> Value {
    let comparison = outcome.comparison.as_ref();
    let values = comparison.map(|comparison| {
        let list = comparison.metrics.list();
        list.into_iter().map(|metric| (metric.name.to_owned(), json!(metric.value))).collect::<Map<_, _>>()
    });
    let checks = outcome.verdict.as_ref().map(|verdict| verdict.checks.iter().map(check).collect::<Vec<_>>());
    let [reference, candidate] = &outcome.sides;
    let ratio = |a: Option<f64>, b: Option<f64>| a.zip(b).filter(|(_, b)| *b > 0.0).map(|(a, b)| a / b);
    let bytes = |side: &Side| side.peak_bytes().map(|bytes| bytes as f64);
    let settings = &case.settings;
    json!({
        "schema": "bragg compare",
        "schema_version": SCHEMA_VERSION,
        "status": outcome.status,
        "exit_status": outcome.status.code(),
        "message": outcome.message,
        "notes": outcome.notes,
        "checks": checks,
        "metrics": values,
        "max_abs_at": comparison.and_then(|c| c.max_abs_at).map(place),
        "max_rel_at": comparison.and_then(|c| c.max_rel_at).map(place),
        "peaks": comparison.map(|c| c.peaks.iter().map(pair).collect::<Vec<_>>()),
        "shapes": outcome.shapes.as_ref().map(|[reference, candidate]| json!({
            "reference": reference,
            "candidate": candidate,
        })),
        "runs": {
            "reference": run(reference),
            "candidate": run(candidate),
            "time_ratio": ratio(candidate.seconds(), reference.seconds()),
            "memory_ratio": ratio(bytes(candidate), bytes(reference)),
        },
        "settings": {
            "roi": settings.roi,
            "mask": case.mask,
            "rel_tolerance": settings.rel_tolerance,
            "rel_floor": settings.rel_floor,
            "peaks": settings.n_peaks,
            "gate": settings.gate,
            "repeat": case.repeat,
            "threads": case.threads,
            "timeout_seconds": case.timeout.as_secs_f64(),
        },
    })
}

/// A threshold and what was measured.
pub(super) fn check(check: &Check) -> Value {
    json!({
        "threshold": check.threshold,
        "limit": check.limit,
        "kind": if check.is_most { "most" } else { "least" },
        "measured": check.measured,
        "value": check.value,
        "passed": check.passed,
    })
}

fn place(place: Place) -> Value {
    let Place { panel, fast, slow, reference, candidate } = place;
    json!({ "panel": panel, "fast": fast, "slow": slow, "reference": reference, "candidate": candidate })
}

fn pair(pair: &PeakPair) -> Value {
    let peak = |peak: &Peak| {
        json!({
            "panel": peak.panel,
            "fast": peak.at.0,
            "slow": peak.at.1,
            "height": peak.height,
            "intensity": peak.intensity,
        })
    };
    json!({
        "reference": peak(&pair.reference),
        "candidate": pair.candidate.as_ref().map(peak),
        "shift": pair.shift(),
        "intensity_error": pair.intensity_error(),
    })
}

fn run(side: &Side) -> Value {
    json!({
        "command": side.command.as_ref().map(|command| shell(command)),
        "environment": side.environment.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>(),
        "image": side.file,
        "sha256": side.digests.first(),
        "repeatable": side.is_repeatable(),
        "failure": side.failure,
        "max": side.content.and_then(|content| content.max),
        "n_nonzero": side.content.map(|content| content.n_nonzero),
        "started": side.executions.iter().map(|execution| stamp(execution.started)).collect::<Vec<_>>(),
        "ended": side.executions.iter().map(|execution| &execution.ended).collect::<Vec<_>>(),
        "seconds": side.executions.iter().map(|execution| execution.seconds).collect::<Vec<_>>(),
        "seconds_median": side.seconds(),
        "peak_memory_bytes": side.peak_bytes(),
        "peak_memory_bytes_of_runs": side.executions.iter().map(|execution| execution.peak_bytes).collect::<Vec<_>>(),
        "stdout_bytes": side.executions.first().map(|execution| execution.stdout.n_bytes()),
        "stderr_bytes": side.executions.first().map(|execution| execution.stderr.n_bytes()),
    })
}
