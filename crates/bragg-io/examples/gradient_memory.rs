//! Time and peak memory of the gradient of a 2048 × 2048 image with 1000 steps a pixel, with respect to every number of the scene:
//! `cargo run --release --package bragg-io --example gradient_memory [edge in pixels] [mosaic domains]` (Linux).

#![expect(clippy::disallowed_methods, reason = "a program has arguments and prints")]
#![allow(clippy::print_stdout, reason = "an example prints its results")]

use bragg::image::Image;
use bragg::kernel::{self, Backend, Unwatched, cpu::Level};
use bragg::scene::Scene;
use bragg_io::description::{resolve, toml};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: usize| arguments.next().map_or(Ok(default), |text| text.parse());
    let (edge, domains) = (number(2048)?, number(1000)?);
    let text = format!(
        "crystal.cell = [79, 79, 38, 90, 90, 90]
         crystal.n_cells = [8, 8, 8]
         crystal.mosaic.eta = 0.15
         crystal.mosaic.domains = {domains}
         crystal.structure_factors.default = 100
         beam.wavelength = 1
         beam.fluence = 1e24
         detector.distance = 150
         detector.pixels = [{edge}, {edge}]
         detector.pixel_size = {}",
        204.8 / edge as f64
    );
    let scene = Scene::new(&resolve(toml::parse(&text, Path::new("gradient_memory.toml"))?)?.experiment);
    let started = Instant::now();
    let image: Image<f64> = kernel::render(&scene, &Unwatched)?;
    let forward = started.elapsed().as_secs_f64();
    println!("image:    {forward:.2} s, peak memory {}", peak_memory()?);
    let started = Instant::now();
    let cotangent = Backend::Cpu(Level::best()).pullback(&scene, &image, false, &Unwatched)?;
    let reverse = started.elapsed().as_secs_f64();
    println!("gradient: {reverse:.2} s ({:.1} images), peak memory {}", reverse / forward, peak_memory()?);
    println!("by the scale: {:e}", cotangent.scale);
    Ok(())
}

fn peak_memory() -> Result<String, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).ok_or("the system does not say")?;
    Ok(line.trim_start_matches("VmHWM:").trim().to_owned())
}
