//! Times the kernel's parts on one thread: `cargo bench --package bragg --bench kernel`. `bragg bench` times whole images.

#[path = "../tests/common/mod.rs"]
mod common;

use bragg::experiment::{Experiment, Interpolation, SamplingDepth, Sensor, Shape};
use bragg::image::Image;
use bragg::kernel::{self, Backend, Unwatched, cpu::Level};
use bragg::reflections::{AmplitudeGrid, Reflections};
use bragg::scene::Scene;
use divan::Bencher;
use divan::counter::ItemsCount;
use std::sync::Arc;

const SHAPES: [Shape; 4] = [Shape::Square, Shape::Round, Shape::Gauss, Shape::Tophat];

fn main() {
    divan::main();
}

/// 128 × 32 pixels of the crystal that the tests look at, every reflection alike.
fn experiment() -> Experiment {
    let mut experiment = common::experiment();
    let panel = &mut experiment.detector.panels[0];
    (panel.n_fast, panel.n_slow, panel.pixel_size) = (128, 32, 0.17);
    experiment.sampling.oversample = 1;
    experiment.structure_factors.grid = None;
    experiment
}

/// Times the image of an experiment; an item is a step.
fn time(bencher: Bencher, experiment: &Experiment, level: Level) {
    let scene = Scene::new(experiment);
    let n_pixels: usize = scene.panels.iter().map(|panel| panel.n_fast * panel.n_slow).sum();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("the system gives a thread");
    bencher.counter(ItemsCount::new(n_pixels * scene.n_steps() * scene.n_layers())).bench(|| -> Image<f32> {
        pool.install(|| Backend::Cpu(level).render(&scene, &Unwatched)).expect("the image fits into memory")
    });
}

fn levels() -> impl Iterator<Item = &'static str> {
    Level::available().into_iter().map(Level::name)
}

fn level(name: &str) -> Level {
    Level::available().into_iter().find(|level| level.name() == name).unwrap_or_else(Level::best)
}

#[divan::bench(args = levels())]
fn square(bencher: Bencher, name: &str) {
    time(bencher, &experiment(), level(name));
}

#[divan::bench(args = SHAPES)]
fn shape(bencher: Bencher, shape: Shape) {
    time(
        bencher,
        &Experiment { crystal: bragg::experiment::Crystal { shape, ..experiment().crystal }, ..experiment() },
        Level::best(),
    );
}

#[divan::bench(args = [Interpolation::Nearest, Interpolation::Tricubic])]
fn table(bencher: Bencher, interpolation: Interpolation) {
    let mut experiment = experiment();
    experiment.structure_factors = common::experiment().structure_factors;
    experiment.structure_factors.interpolation = interpolation;
    time(bencher, &experiment, Level::best());
}

#[divan::bench]
fn thick_sensor(bencher: Bencher) {
    let mut experiment = experiment();
    experiment.detector.sensor =
        Some(Sensor { n_layers: 4, layer_thickness: 0.1, attenuation: 2.0, sampling_depth: SamplingDepth::Mean });
    time(bencher, &experiment, Level::best());
}

/// One orientation: what a pixel costs by itself.
#[divan::bench]
fn one_step(bencher: Bencher) {
    let mut experiment = experiment();
    experiment.beam.sources.truncate(1);
    experiment.scan.n_steps = 1;
    experiment.crystal.mosaic.n_domains = 1;
    time(bencher, &experiment, Level::best());
}

#[divan::bench]
fn reference_kernel(bencher: Bencher) {
    let scene = Scene::new(&experiment());
    let steps = 128 * 32 * scene.n_steps();
    bencher
        .counter(ItemsCount::new(steps))
        .bench(|| -> Image<f64> { Backend::Reference.render(&scene, &Unwatched).expect("the image fits into memory") });
}

/// Some 10 MB of amplitudes.
fn many_reflections() -> Reflections {
    let axis = -55..55i32;
    let list = axis.clone().flat_map(|h| {
        let axis = axis.clone();
        axis.clone()
            .flat_map(move |k| axis.clone().map(move |l| ([h, k, l], f64::from((h * 7 + k * 13 + l * 29) & 63))))
    });
    Reflections { list: list.collect(), ..Reflections::default() }
}

/// From a list of reflections to a grid.
#[divan::bench]
fn grid_of_reflections(bencher: Bencher) {
    let reflections = many_reflections();
    bencher
        .counter(ItemsCount::new(reflections.list.len()))
        .bench(|| AmplitudeGrid::from_reflections(&reflections, 0.0).expect("the grid is small"));
}

/// From a grid to the kernel's table: an image of one pixel, which is next to nothing.
#[divan::bench]
fn table_of_grid(bencher: Bencher) {
    let grid = AmplitudeGrid::from_reflections(&many_reflections(), 0.0).expect("the grid is small");
    let mut experiment = experiment();
    let panel = &mut experiment.detector.panels[0];
    (panel.n_fast, panel.n_slow) = (1, 1);
    let n_points = grid.amplitudes.len();
    experiment.structure_factors.grid = Some(Arc::new(grid));
    let scene = Scene::new(&experiment);
    bencher
        .counter(ItemsCount::new(n_points))
        .bench(|| -> Image<f32> { kernel::render(&scene, &Unwatched).expect("the image fits into memory") });
}
