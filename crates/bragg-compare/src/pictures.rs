//! `reference.png`, `candidate.png`, `difference.png` and `profile.png`.

use super::bundle::Bundle;
use super::case::{Case, Outcome};
use crate::metrics::Place;
use bragg::Result;
use bragg::image::{Image, PanelImage};
use bragg_io::formats::atomic;
use bragg_io::formats::png::Scale;
use bragg_io::formats::png::figure::{Axis, Curve, Shades, curves, maps};

const REFERENCE_COLOR: [u8; 3] = [30, 90, 200];
const CANDIDATE_COLOR: [u8; 3] = [220, 100, 0];
const DIFFERENCE_COLOR: [u8; 3] = [160, 0, 60];
/// Pixels that the profile shows on either side of the worst one.
const AROUND: usize = 30;

/// Draws both images with the contrast of the reference, their difference, and a line through the worst pixel. The names of the files,
/// each with its title.
///
/// # Errors
/// A file cannot be written.
pub(super) fn draw(
    reference: &Image<f64>,
    candidate: &Image<f64>,
    case: &Case,
    outcome: &Outcome,
    bundle: &Bundle,
) -> Result<Vec<(&'static str, &'static str)>> {
    let [model, other] = [reference, candidate].map(|image| image.map(|&value| value as f32));
    let difference = difference(reference, candidate).map(|&value| value as f32);
    let alike = [("log", Shades::Like(&model, Scale::Log)), ("linear", Shades::Like(&model, Scale::Linear))];
    let signed = [("log", Shades::Differences(Scale::Log)), ("linear", Shades::Differences(Scale::Linear))];
    let mut drawn = Vec::new();
    for (file, title, image, shades) in [
        ("reference.png", "Reference", &model, &alike),
        ("candidate.png", "Candidate", &other, &alike),
        ("difference.png", "Candidate − reference", &difference, &signed),
    ] {
        atomic::write(&bundle.path(file), |w| maps(w, title, image, shades))?;
        drawn.push((file, title));
    }
    if let Some(place) = worst(reference, case, outcome) {
        profile(reference, candidate, place, bundle)?;
        drawn.push(("profile.png", "A line through the worst pixel"));
    }
    Ok(drawn)
}

fn difference(reference: &Image<f64>, candidate: &Image<f64>) -> Image<f64> {
    let panels = reference.panels.iter().zip(&candidate.panels);
    let panels = panels.filter_map(|(a, b)| {
        let pixels = a.pixels().iter().zip(b.pixels()).map(|(a, b)| b - a).collect();
        PanelImage::new(a.n_fast(), a.n_slow(), pixels)
    });
    Image { panels: panels.collect() }
}

/// The pixel that differs most, or the brightest where none differs.
fn worst(reference: &Image<f64>, case: &Case, outcome: &Outcome) -> Option<(usize, usize, usize)> {
    let Some(Place { panel, fast, slow, .. }) = outcome.comparison.as_ref()?.max_abs_at else {
        let (panel, image) = reference.panels.iter().enumerate().next()?;
        let first = case.settings.roi.map_or(0, |[_, _, slow, _]| slow * image.n_fast());
        let finite = image.pixels().iter().enumerate().skip(first).filter(|(_, value)| value.is_finite());
        let (i, _) = finite.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        return Some((panel, i % image.n_fast(), i / image.n_fast()));
    };
    Some((panel, fast, slow))
}

fn profile(
    reference: &Image<f64>,
    candidate: &Image<f64>,
    (panel, fast, slow): (usize, usize, usize),
    bundle: &Bundle,
) -> Result<()> {
    let first = fast.saturating_sub(AROUND);
    let row = |image: &Image<f64>| {
        let panel = image.panels.get(panel)?;
        let row = panel.pixels().chunks(panel.n_fast().max(1)).nth(slow)?;
        row.get(first..row.len().min(fast + AROUND + 1)).map(<[f64]>::to_vec)
    };
    let (Some(a), Some(b)) = (row(reference), row(candidate)) else { return Ok(()) };
    let difference: Vec<f64> = a.iter().zip(&b).map(|(a, b)| b - a).collect();
    let both = [
        Curve { label: "reference", color: REFERENCE_COLOR, values: &a },
        Curve { label: "candidate", color: CANDIDATE_COLOR, values: &b },
    ];
    let less = [Curve { label: "candidate − reference", color: DIFFERENCE_COLOR, values: &difference }];
    let title = format!("Along fast through the worst pixel: fast {fast}, slow {slow}, panel {panel}");
    let axis = Axis { label: "fast (pixels)", first, mark: Some(fast) };
    atomic::write(&bundle.path("profile.png"), |w| curves(w, &title, axis, &[&both, &less]))
}
