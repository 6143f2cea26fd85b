//! How far an image of some mosaic domains is from that of very many: the table in docs/mosaicity.md.
//! `cargo run --release --package bragg-io --example mosaic_domains [domains of the converged image]`.
//!
//! Compared are bragg's domains with independent random ones of which the first is not turned, as nanoBragg draws them.

#![expect(clippy::disallowed_methods, reason = "a program has arguments and prints")]
#![allow(clippy::print_stdout, reason = "an example prints its results")]

use bragg::experiment::Experiment;
use bragg::image::Image;
use bragg::kernel::{self, Unwatched};
use bragg::math::{Mat3, Vec3};
use bragg::random::keyed::{Purpose, stream};
use bragg::scene::Scene;
use bragg_io::description::{resolve, toml};
use rand_distr::{Distribution, StandardNormal};
use std::collections::BTreeMap;
use std::path::Path;

/// A still of a crystal whose spots are widened by mosaicity twice as much as by the size of its domains.
const EXPERIMENT: &str = "\
crystal.cell = [78, 78, 38]
crystal.misset = [10, 20, 30]
crystal.n_cells = [10, 10, 20]
crystal.shape = \"round\"
crystal.structure_factors.default = 100
crystal.mosaic.eta = 0.2
beam.wavelength = 1
beam.fluence = 1e24
detector.distance = 150
detector.pixels = [300, 300]
detector.pixel_size = 0.1
detector.beam_center = [-100, -60]
sampling.oversample = 1
";
const NUMBERS: [usize; 12] = [1, 2, 3, 4, 6, 10, 15, 20, 50, 100, 300, 1000];
/// Sets of domains over which errors are averaged.
const SETS: u64 = 20;

fn main() -> bragg::Result<()> {
    let converged = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let mut experiment = resolve(toml::parse(EXPERIMENT, Path::new("mosaic_domains.toml"))?)?.experiment;
    let reflections = reflections(&experiment);
    experiment.crystal.mosaic.n_domains = converged;
    let expected = render(&Scene::new(&experiment))?;
    println!("rms error of pixels, and error of integrated spots, in % of those of {converged} domains\n");
    println!("| domains | independent: pixels | spots | balanced: pixels | spots |\n|---|---|---|---|---|");
    for n_domains in NUMBERS {
        experiment.crystal.mosaic.n_domains = n_domains;
        let mut sums = [0.0; 4];
        for frame in 0..SETS {
            experiment.scan.frame = frame;
            let balanced = Scene::new(&experiment);
            let independent = Scene { orientations: independent(&experiment, n_domains, frame), ..balanced.clone() };
            for (scene, sums) in [independent, balanced].iter().zip(sums.chunks_mut(2)) {
                let [pixels, spots] = errors(&render(scene)?, &expected, &reflections);
                sums[0] += pixels * pixels / SETS as f64;
                sums[1] += spots * spots / SETS as f64;
            }
        }
        let percent = sums.map(|sum| format!("{:.3}", 100.0 * sum.sqrt()));
        println!("| {n_domains} | {} |", percent.join(" | "));
    }
    Ok(())
}

/// Orientations turned by vectors with Gaussian components; the first is not turned.
fn independent(experiment: &Experiment, n_domains: usize, frame: u64) -> Vec<Mat3> {
    let mut random = stream(1, frame, Purpose::Mosaic);
    let eta = experiment.crystal.mosaic.spread.width().to_radians();
    let crystal = experiment.crystal.real_space;
    let turned = |_| {
        let vector = Vec3([0; 3].map(|_| StandardNormal.sample(&mut random))) * eta;
        let rotation = Mat3::rotation_by(vector);
        Mat3(crystal.0.map(|edge| rotation.apply(edge)))
    };
    std::iter::once(crystal).chain((1..n_domains).map(turned)).collect()
}

fn render(scene: &Scene) -> bragg::Result<Vec<f64>> {
    let image: Image<f64> = kernel::render(scene, &Unwatched)?;
    Ok(image.pixels().copied().collect())
}

/// The reflection that each pixel is nearest to.
fn reflections(experiment: &Experiment) -> Vec<[i64; 3]> {
    let panel = &experiment.detector.panels[0];
    let pixels = (0..panel.n_slow).flat_map(|slow| (0..panel.n_fast).map(move |fast| [fast as f64, slow as f64]));
    let nearest = |[fast, slow]: [f64; 2]| {
        let direction = panel.position(fast + 0.5, slow + 0.5).unit();
        let q = (direction - experiment.beam.propagation()) * (1.0 / experiment.beam.wavelength);
        experiment.crystal.real_space.apply(q).0.map(|index| index.round() as i64)
    };
    pixels.map(nearest).collect()
}

/// The rms difference of pixels over the rms pixel, and the sum of the differences of spots over the sum of spots.
fn errors(found: &[f64], expected: &[f64], reflections: &[[i64; 3]]) -> [f64; 2] {
    let squares = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>();
    let off = squares(&mut found.iter().zip(expected).map(|(found, expected)| found - expected));
    let mut spots: BTreeMap<[i64; 3], [f64; 2]> = BTreeMap::new();
    for ((found, expected), hkl) in found.iter().zip(expected).zip(reflections) {
        let [a, b] = spots.entry(*hkl).or_default();
        (*a, *b) = (*a + found, *b + expected);
    }
    let differences: f64 = spots.values().map(|[found, expected]| (found - expected).abs()).sum();
    let all: f64 = spots.values().map(|[_, expected]| expected).sum();
    [(off / squares(&mut expected.iter().copied())).sqrt(), differences / all]
}
