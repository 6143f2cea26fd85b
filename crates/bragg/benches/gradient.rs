//! Times derivatives beside the image itself on one thread: `cargo bench --package bragg --bench gradient`.

#[path = "../tests/common/mod.rs"]
mod common;

use bragg::experiment::{Experiment, Shape};
use bragg::gradient::{Parameter, tangent};
use bragg::image::Image;
use bragg::kernel::{self, Backend, Unwatched, cpu::Level};
use bragg::scene::{Scene, SceneTangent};
use divan::Bencher;
use divan::counter::ItemsCount;

const SHAPES: [Shape; 3] = [Shape::Square, Shape::Round, Shape::Gauss];

fn main() {
    divan::main();
}

/// 256 × 256 pixels, one source, 25 domains × 4 spindle steps, every reflection alike.
fn experiment(shape: Shape) -> Experiment {
    let mut experiment = common::experiment();
    let panel = &mut experiment.detector.panels[0];
    (panel.n_fast, panel.n_slow, panel.pixel_size) = (256, 256, 0.085);
    experiment.crystal.shape = shape;
    experiment.crystal.mosaic.n_domains = 25;
    experiment.scan.n_steps = 4;
    experiment.beam.sources.truncate(1);
    experiment.beam.sources[0].weight = 1.0;
    experiment.sampling.oversample = 1;
    experiment.structure_factors.grid = None;
    experiment
}

fn pool() -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("the system gives a thread")
}

fn steps(scene: &Scene) -> ItemsCount {
    ItemsCount::new(256 * 256 * scene.n_steps())
}

#[divan::bench(args = SHAPES)]
fn image(bencher: Bencher, shape: Shape) {
    let (scene, pool) = (Scene::new(&experiment(shape)), pool());
    bencher.counter(steps(&scene)).bench(|| -> Image<f64> {
        pool.install(|| kernel::render(&scene, &Unwatched)).expect("the image fits into memory")
    });
}

/// With respect to everything but |F| of single reflections.
#[divan::bench(args = SHAPES)]
fn reverse(bencher: Bencher, shape: Shape) {
    let (scene, pool) = (Scene::new(&experiment(shape)), pool());
    let weights: Image<f64> = kernel::render(&scene, &Unwatched).expect("the image fits into memory");
    bencher.counter(steps(&scene)).bench(|| {
        pool.install(|| Backend::Cpu(Level::best()).pullback(&scene, &weights, false, &Unwatched))
            .expect("the shape is smooth")
    });
}

#[divan::bench(args = SHAPES)]
fn jacobian_of_twelve(bencher: Bencher, shape: Shape) {
    let experiment = experiment(shape);
    let names = [
        "crystal.cell.a",
        "crystal.cell.b",
        "crystal.cell.c",
        "crystal.cell.alpha",
        "crystal.cell.beta",
        "crystal.cell.gamma",
        "crystal.orientation.x",
        "crystal.orientation.y",
        "crystal.orientation.z",
        "crystal.scale",
        "detector.distance",
        "crystal.mosaic.eta",
    ];
    let tangents: Vec<SceneTangent> = names
        .into_iter()
        .map(|name| tangent(&experiment, &Parameter::parse(name).expect("a name")).expect("a smooth parameter"))
        .collect();
    let (scene, pool) = (Scene::new(&experiment), pool());
    bencher.counter(steps(&scene)).bench(|| {
        pool.install(|| {
            Backend::Cpu(Level::best()).pushforward(&scene, &tangents, &Unwatched, |block| block.photons[0])
        })
        .expect("the shape is smooth")
    });
}
