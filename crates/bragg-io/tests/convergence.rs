//! What is sampled by choice: integrated spots are those of much finer sampling.

use bragg::experiment::Experiment;
use bragg::kernel::{self, Unwatched};
use bragg::math::Vec3;
use bragg::scene::Scene;
use bragg_io::description::{Resolved, resolve, toml};
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

const BASE: &str = "\
crystal.cell = [60, 70, 80, 85, 95, 100]
crystal.misset = [10, 25, 40]
crystal.n_cells = [15, 14, 12]
crystal.structure_factors.default = 100
beam.wavelength = 1
beam.fluence = 1e24
detector.distance = 120
detector.pixels = [200, 200]
detector.pixel_size = 0.1
detector.beam_center = [-300, -180]
";

/// Much of a detector, for spots of which few meet the sphere at a time.
const WIDE: &str = "detector.pixels = [400, 400]\ndetector.beam_center = [-160, -120]\n";

/// Less of it, for mosaic crystals, of which most spots meet the sphere, each in many orientations.
const MOSAIC: &str = "detector.pixels = [260, 260]\ndetector.beam_center = [-160, -120]\n";

fn resolved(text: &str) -> Resolved {
    let base = if text.contains("detector.pixels") {
        BASE.replace("detector.pixels = [200, 200]\n", "").replace("detector.beam_center = [-300, -180]\n", "")
    } else {
        BASE.to_owned()
    };
    resolve(toml::parse(&format!("{base}{text}"), Path::new("test.toml")).unwrap()).unwrap()
}

/// Where reflections meet the detector: fast and slow in pixels, of those that come near the Ewald sphere.
fn positions(e: &Experiment) -> Vec<[f64; 2]> {
    let incident = e.beam.propagation();
    let panel = &e.detector.panels[0];
    let middle = (e.scan.start + 0.5 * e.scan.range).to_radians();
    let rows = e.crystal.reciprocal().0.map(|row| row.rotated(e.scan.axis, middle));
    let mut found = Vec::new();
    let range = -35..=35;
    for h in range.clone() {
        for k in range.clone() {
            for l in range.clone() {
                let q = rows[0] * f64::from(h) + rows[1] * f64::from(k) + rows[2] * f64::from(l);
                let ray: Vec3 = q * e.beam.wavelength + incident;
                let off = (ray.norm() - 1.0).abs() / e.beam.wavelength;
                if let Some([fast, slow]) = panel.intersection(ray.unit())
                    && off < 0.006
                    && (6.0..panel.n_fast as f64 - 6.0).contains(&fast)
                    && (6.0..panel.n_slow as f64 - 6.0).contains(&slow)
                {
                    found.push([fast, slow]);
                }
            }
        }
    }
    found
}

/// Half the edge of the box about a spot (pixels).
const BOX: usize = 5;

/// Photons in boxes about the spots; pixels beyond them are masked, and not computed.
fn spots(e: &Experiment, positions: &[[f64; 2]]) -> Vec<f64> {
    let boxes: Vec<_> =
        positions.iter().map(|position| position.map(|centre| centre as usize - BOX..=centre as usize + BOX)).collect();
    let mut e = e.clone();
    let [n_fast, n_slow] = [e.detector.panels[0].n_fast, e.detector.panels[0].n_slow];
    let mut is_near = vec![false; n_fast * n_slow];
    for [fast, slow] in boxes.iter().cloned() {
        slow.for_each(|slow| is_near[slow * n_fast..][fast.clone()].fill(true));
    }
    e.detector.panels[0].mask = Some(Arc::from(is_near));
    let image = kernel::render::<f64>(&Scene::new(&e), &Unwatched).unwrap();
    let pixels = image.panels[0].pixels();
    let row = |slow: usize, fast: &RangeInclusive<usize>| pixels[slow * n_fast..][fast.clone()].iter().sum::<f64>();
    boxes.into_iter().map(|[fast, slow]| slow.map(|slow| row(slow, &fast)).sum()).collect()
}

/// Deviations from the finer experiment: of all spots, Σ|Δ|/Σ; and of those above a tenth of the brightest, rms.
fn deviations(coarse: &Experiment, fine: &Experiment) -> [f64; 2] {
    let positions = positions(fine);
    let (coarse, fine) = (spots(coarse, &positions), spots(fine, &positions));
    let of_all =
        coarse.iter().zip(&fine).map(|(coarse, fine)| (coarse - fine).abs()).sum::<f64>() / fine.iter().sum::<f64>();
    let brightest = fine.iter().copied().fold(0.0, f64::max);
    let pairs: Vec<_> = coarse.iter().zip(&fine).filter(|(_, fine)| **fine > 0.1 * brightest).collect();
    assert!(pairs.len() > 20, "{} spots", pairs.len());
    let off: Vec<f64> = pairs.iter().map(|(coarse, fine)| (*coarse / *fine - 1.0).abs()).collect();
    let rms = (off.iter().map(|x| x * x).sum::<f64>() / off.len() as f64).sqrt();
    [of_all, rms]
}

/// The keys that are made finer by a factor, where they count more than 1.
const KEYS: [&str; 5] = [
    "scan.steps",
    "crystal.mosaic.domains",
    "beam.divergence.horizontal_steps",
    "beam.divergence.vertical_steps",
    "beam.dispersion.steps",
];

fn check(text: &str, finer: i64, allowed: [f64; 2]) {
    let chosen = resolved(text);
    let mut fine = text.to_owned();
    let mut numbers = Vec::new();
    for key in KEYS {
        let Some(n) = chosen.description.get(key).and_then(|entry| entry.value.integer()) else { continue };
        numbers.push(format!("{key} {n}"));
        let n = if n > 1 { n * finer } else { n };
        fine += &format!("{key} = {n}\n");
    }
    let fine = resolved(&fine).experiment;
    let [of_all, rms] = deviations(&chosen.experiment, &fine);
    assert!(of_all < allowed[0] && rms < allowed[1], "{text}: {numbers:?}: {of_all}, rms {rms}");
}

#[test]
fn steps_of_the_spindle_are_fine_enough() {
    for (shape, range) in
        [("gauss", 0.5), ("gauss", 0.1), ("gauss", 0.03), ("square", 0.5), ("round", 0.1), ("gauss-star", 0.5)]
    {
        check(&format!("{WIDE}crystal.shape = \"{shape}\"\nscan.range = {range}\n"), 8, [0.01, 0.02]);
    }
    // edges are met by chance, across the steps as between sub-pixels
    check(&format!("{WIDE}crystal.shape = \"tophat\"\nscan.range = 0.1\n"), 8, [0.06, 0.08]);
}

#[test]
fn mosaic_domains_are_many_enough() {
    for (text, finer) in [
        ("crystal.mosaic.eta = 0.1\n", 5),
        ("crystal.mosaic.eta = 0.2\n", 4),
        ("crystal.mosaic.half_width = 0.2\n", 4),
        ("crystal.mosaic.eta = 0.1\nscan.range = 0.5\n", 2),
        ("crystal.mosaic.eta = 0.05\nscan.range = 0.05\n", 4),
    ] {
        check(&format!("{MOSAIC}crystal.shape = \"gauss\"\n{text}"), finer, [0.02, 0.04]);
    }
}

#[test]
fn sources_are_many_enough() {
    for (text, finer) in [
        ("beam.dispersion.range = \"0.5 %\"\n", 8),
        ("beam.dispersion.range = \"3 %\"\n", 8),
        ("beam.divergence.horizontal_range = 1\n", 8),
        (
            "beam.divergence.horizontal_range = 1\nbeam.divergence.vertical_range = 1\nbeam.divergence.round = false\n",
            4,
        ),
        ("beam.divergence.horizontal_range = 1\nbeam.dispersion.range = \"0.5 %\"\n", 4),
        ("beam.divergence.horizontal_range = 0.5\nbeam.dispersion.range = \"0.3 %\"\nscan.range = 0.2\n", 3),
        ("crystal.mosaic.eta = 0.05\nbeam.dispersion.range = \"0.5 %\"\nscan.range = 0.1\n", 2),
    ] {
        let detector = if text.contains("mosaic") { MOSAIC } else { WIDE };
        check(&format!("{detector}crystal.shape = \"gauss\"\n{text}"), finer, [0.02, 0.03]);
    }
}

/// From end to end there are two points at least, however narrow the range.
#[test]
fn narrow_ranges_from_end_to_end_have_their_ends() {
    let e = resolved("beam.dispersion.range = 1e-7\nbeam.dispersion.sample = \"ends\"\n").experiment;
    assert_eq!(e.beam.sources.len(), 2);
}

/// Where a crystal is turned by far more than a spot is wide there are far more steps, and where it is not, one.
#[test]
fn numbers_follow_what_they_sample() {
    let steps = |text: &str| resolved(text).experiment.scan.n_steps;
    assert_eq!(steps(""), 1);
    assert_eq!(steps("scan.range = 1e-4\n"), 1);
    let half = steps("scan.range = 0.5\n");
    assert!((1.8..2.2).contains(&(steps("scan.range = 1\n") as f64 / half as f64)));
    // mosaicity smears what steps would leave out
    assert!(steps("scan.range = 0.5\ncrystal.mosaic.eta = 0.2\n") < half);
    let domains = |text: &str| resolved(text).experiment.crystal.mosaic.n_domains;
    assert_eq!(domains(""), 1);
    assert!(domains("crystal.mosaic.eta = 0.2\n") > 3 * domains("crystal.mosaic.eta = 0.1\n"));
    // a rotation through the whole spot does what many domains would do
    assert!(domains("crystal.mosaic.eta = 0.1\nscan.range = 2\n") < domains("crystal.mosaic.eta = 0.1\n") / 4);
}

#[test]
fn what_is_too_coarse_is_told_with_its_error() {
    let notes = |text: &str| resolved(text).notices.into_iter().map(|notice| notice.0).collect::<Vec<_>>().join("\n");
    for (text, key) in [
        ("scan.range = 0.5\nscan.step = 0.25\n", "scan.step is 0.25 (test.toml"),
        ("beam.dispersion.range = 0.03\nbeam.dispersion.step = 0.015\n", "beam.dispersion.step is 0.015 (test.toml"),
        ("scan.range = 0.5\nscan.steps = 2\n", "scan.steps is 2"),
        ("crystal.mosaic.eta = 0.3\ncrystal.mosaic.domains = 10\n", "crystal.mosaic.domains is 10"),
        ("beam.dispersion.range = \"3 %\"\nbeam.dispersion.steps = 3\n", "beam.dispersion.steps is 3"),
    ] {
        let told = notes(text);
        assert!(told.contains(key) && told.contains("integrated spots are off by"), "{text}: {told}");
    }
    for text in ["scan.range = 0.5\nscan.steps = 200\n", "scan.range = 0.5\n", "crystal.mosaic.eta = 0.1\n"] {
        assert!(!notes(text).contains("integrated spots are off"), "{text}: {}", notes(text));
    }
}

#[test]
fn the_choice_and_its_cost_are_told_once() {
    let choice = |text: &str| resolved(text).choice.map(|notice| notice.0);
    assert_eq!(choice("sampling.oversample = 1\n"), None);
    let told = choice("scan.range = 0.5\ncrystal.mosaic.eta = 0.1\n").unwrap();
    let chosen = resolved("scan.range = 0.5\ncrystal.mosaic.eta = 0.1\n").experiment;
    let terms = 200.0 * 200.0 * 9.0 * (chosen.scan.n_steps * chosen.crystal.mosaic.n_domains) as f64;
    for part in [
        format!("{} spindle steps", chosen.scan.n_steps),
        format!("{} mosaic domains", chosen.crystal.mosaic.n_domains),
        format!("{terms:.1e} terms"),
    ] {
        assert!(told.contains(&part), "{told}: no {part}");
    }
}

#[test]
fn nanobraggs_physics_has_nanobraggs_numbers() {
    let e = resolved("sampling.physics = \"nanobragg\"\ncrystal.mosaic.eta = 0.3\nscan.range = 1\n").experiment;
    assert_eq!((e.scan.n_steps, e.crystal.mosaic.n_domains), (1, 10));
}
