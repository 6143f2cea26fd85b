//! Jobs that take long are begun only by who wants them to.

use crate::interrupt;
use crate::messages::Messages;
use crate::render::{on_threads, render};
use anyhow::Result;
use bragg::Error;
use bragg::experiment::Experiment;
use bragg::experiment::work::{Work, seconds_per_term};
use bragg::monitor::Monitor;
use bragg::scene::{Scene, Window};
use std::time::{Duration, Instant};

/// Jobs that take longer (s) are not begun without `--yes`.
const LONG: f64 = 3600.0;
/// Of jobs that take longer (s) it is said how long.
const WORTH_A_WORD: f64 = 60.0;
/// What an image with its derivatives takes, in images.
pub(crate) const WITH_DERIVATIVES: f64 = 3.0;
/// What measuring should take (s), and what it may take.
const MEASURING: f64 = 1.0;
const PATIENCE: Duration = Duration::from_secs(10);
/// Rows of the pixels that are measured, and the fewest (a tile of the kernel, which takes its time whole) and the most of them in a row.
const ROWS: usize = 4;
const COLUMNS: [f64; 2] = [64.0, 4096.0];

/// Refuses an image that takes longer than [`LONG`], or `times` as long in all, unless `yes`; then says how long.
///
/// # Errors
/// It takes too long, or a signal came.
pub(crate) fn check(
    experiment: &Experiment,
    scene: &mut Scene,
    (times, n_threads): (f64, usize),
    yes: bool,
    messages: Messages,
) -> Result<()> {
    let work = Work::of(experiment);
    let stated = seconds_per_term(experiment.crystal.shape, experiment.sampling.precision);
    let seconds = |per_term: f64| work.terms() * per_term * times / n_threads as f64;
    if seconds(stated) <= WORTH_A_WORD {
        return Ok(());
    }
    let seconds = seconds(measured(scene, stated)?.unwrap_or(stated));
    let threads = if n_threads == 1 { "one thread".to_owned() } else { format!("{n_threads} threads") };
    if seconds <= LONG {
        if seconds > WORTH_A_WORD {
            messages.note(format_args!("this takes about {} on {threads}", duration(seconds)));
        }
        return Ok(());
    }
    let job = format!("about {} on {threads}: {work}", duration(seconds));
    if yes {
        messages.note(format_args!("this takes {job}"));
        return Ok(());
    }
    let what = format!("is missing for a job of {job}. {}", shorter(experiment, &work));
    Err(Error::setting("--yes", what).into())
}

/// Seconds that a thread takes for a term of this scene, by a few of its pixels; `None` where even they take too long.
fn measured(scene: &mut Scene, stated: f64) -> Result<Option<f64>> {
    let windows: Vec<_> = scene.panels.iter().map(|panel| panel.window).collect();
    let of_a_pixel = scene.n_steps() as f64 * scene.n_layers() as f64;
    let columns = (MEASURING / (stated * of_a_pixel * ROWS as f64)).clamp(COLUMNS[0], COLUMNS[1]) as usize;
    let largest = (0..windows.len()).max_by_key(|&i| area(&windows[i])).unwrap_or_default();
    let part = windows.get(largest).map_or(NOTHING, |window| middle(window, columns));
    let mut time = |window: Window| {
        scene.panels.iter_mut().enumerate().for_each(|(i, panel)| {
            panel.window = if i == largest { window } else { NOTHING };
        });
        let patient = Patient(Instant::now());
        match on_threads(1, || render(scene, &patient))? {
            Ok(_) => Ok(Some(patient.0.elapsed().as_secs_f64())),
            Err(error) if interrupt::requested() => Err(error),
            Err(error) => match error.downcast_ref() {
                Some(Error::Interrupted) => Ok(None),
                _ => Err(error),
            },
        }
    };
    let times = time(NOTHING).and_then(|tables| Ok((tables, time(part)?)));
    scene.panels.iter_mut().zip(windows).for_each(|(panel, window)| panel.window = window);
    let (Some(tables), Some(all)) = times? else { return Ok(None) };
    Ok(Some((all - tables).max(0.0) / (area(&part) as f64 * of_a_pixel)))
}

const NOTHING: Window = Window { fast: [0; 2], slow: [0; 2] };

fn area(window: &Window) -> usize {
    [window.fast, window.slow].iter().map(|[first, end]| end.saturating_sub(*first)).product()
}

/// A few rows about the middle, from there on along fast.
fn middle(window: &Window, columns: usize) -> Window {
    let part = |[first, end]: [usize; 2], most: usize| {
        let n = most.min(end.saturating_sub(first));
        let from = (first + end.saturating_sub(first) / 2).min(end - n);
        [from, from + n]
    };
    Window { fast: part(window.fast, columns), slow: part(window.slow, ROWS) }
}

/// Stops work that takes too long.
struct Patient(Instant);

impl Monitor for Patient {
    fn advance(&self, _pixels: usize) {}

    fn cancelled(&self) -> bool {
        interrupt::requested() || self.0.elapsed() > PATIENCE
    }
}

/// What would take less time.
fn shorter(experiment: &Experiment, work: &Work) -> String {
    let mut ways = Vec::new();
    if work.oversample > 1.0 {
        let crystal = &experiment.crystal;
        let edges = crystal.edges();
        let longest = (0..3).map(|i| crystal.n_cells[i] * edges[i]).fold(0.0, f64::max);
        ways.push(format!(
            "a smaller sampling.oversample ({}), which smaller mosaic blocks need (crystal.n_cells = [{}] is {:.3} µm; the whole crystal is \
             crystal.extent)",
            work.oversample,
            crystal.n_cells.map(|n| n.to_string()).join(", "),
            longest * 1e-4
        ));
    }
    for (n, what) in [
        (work.n_steps, "scan.steps"),
        (work.n_domains, "crystal.mosaic.domains"),
        (work.n_sources, "sources of the beam"),
        (work.n_layers, "detector.sensor.layers"),
    ] {
        if n > 1.0 {
            ways.push(format!("fewer {what} ({n})"));
        }
    }
    ways.push("a part of the detector (detector.roi)".to_owned());
    format!("It would be shorter with {}", ways.join(", "))
}

/// A time in the unit that suits it.
fn duration(seconds: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(60.0, "minutes"), (3600.0, "hours"), (86_400.0, "days"), (31_557_600.0, "years")];
    let (unit, name) = UNITS.into_iter().rfind(|(unit, _)| seconds >= 2.0 * unit).unwrap_or(UNITS[0]);
    let n = seconds / unit;
    if unit == 60.0 && n < 1.5 {
        return "a minute".to_owned();
    }
    if n < 1e6 { format!("{n:.0} {name}") } else { format!("{n:.0e} {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_units_that_suit_them() {
        let times = [65.0, 90.0, 5400.0, 7200.0, 651_600.0, 1e9, 3.2e15].map(duration);
        assert_eq!(times, ["a minute", "2 minutes", "90 minutes", "2 hours", "8 days", "32 years", "1e8 years"]);
    }

    #[test]
    fn the_part_lies_within_the_window() {
        let window = Window { fast: [10, 100], slow: [7, 20] };
        assert_eq!(middle(&window, 20), Window { fast: [55, 75], slow: [13, 17] });
        assert_eq!(middle(&window, 60), Window { fast: [40, 100], slow: [13, 17] });
        assert_eq!(middle(&window, 1000), Window { fast: [10, 100], slow: [13, 17] });
        let thin = Window { fast: [3, 4], slow: [0, 2] };
        assert_eq!((middle(&thin, 8), area(&thin)), (thin, 2));
    }
}
