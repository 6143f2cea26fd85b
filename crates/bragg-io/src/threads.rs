//! How many threads work.

use crate::description::Description;
use bragg::scene::Scene;

/// Samples that are worth a thread: fewer take less time than it takes a thread to start.
const SAMPLES: f64 = 3e5;
/// What a pixel takes besides its samples (memory, statistics, its bytes in the files), in samples.
const SAMPLES_OF_A_PIXEL: f64 = 10.0;

/// As many as were asked for; otherwise as many as the processors that the system lets this process have: those of its affinity
/// mask, or fewer where its control group has a quota.
pub fn allowed(asked: Option<usize>) -> usize {
    asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// How many of the threads allowed a description has work for: all where it names reflections to read.
pub fn for_reading(allowed: usize, description: &Description) -> usize {
    if description.get("crystal.structure_factors.file").is_some() { allowed } else { 1 }
}

/// How many of the threads allowed a scene has work for.
pub fn for_rendering(allowed: usize, scene: &Scene) -> usize {
    let width = |[from, to]: [usize; 2]| to.saturating_sub(from) as f64;
    let pixels: f64 = scene.panels.iter().map(|panel| width(panel.window.fast) * width(panel.window.slow)).sum();
    let samples = pixels * (scene.n_steps() as f64 * scene.n_layers() as f64 + SAMPLES_OF_A_PIXEL);
    allowed.min((samples / SAMPLES).ceil() as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::{resolve, toml};
    use std::path::Path;

    fn description(lines: &str) -> Description {
        let text = format!(
            "crystal.cell.a = 100\ncrystal.n_cells = 5\ncrystal.structure_factors.default = 100\nbeam.wavelength = 1\n\
             detector.distance = 100\ndetector.pixel_size = 0.1\nsampling.oversample = 1\n{lines}\n"
        );
        toml::parse(&text, Path::new("x.toml")).unwrap()
    }

    fn rendering(allowed: usize, lines: &str) -> usize {
        for_rendering(allowed, &Scene::new(&resolve(description(lines)).unwrap().experiment))
    }

    #[test]
    fn as_many_as_asked_for_or_as_the_process_may_use() {
        assert_eq!(allowed(Some(3)), 3);
        assert_eq!(allowed(None), std::thread::available_parallelism().unwrap().get());
    }

    #[test]
    fn never_more_than_there_is_work() {
        let small = "detector.pixels = [128, 128]";
        assert_eq!(rendering(64, small), 1);
        let domains = "crystal.mosaic.eta = 1\ncrystal.mosaic.domains = 1000";
        assert_eq!(rendering(8, &format!("{small}\n{domains}")), 8);
        assert_eq!(rendering(1000, &format!("{small}\n{domains}")), 56, "16384 · 1010 samples");
        assert_eq!(rendering(1000, &format!("{small}\n{domains}\ndetector.roi = [0, 9, 0, 9]")), 1, "a small window");
        assert_eq!(rendering(8, "detector.pixels = [4096, 4096]"), 8);
        assert_eq!(for_reading(8, &description(small)), 1);
        assert_eq!(for_reading(8, &description("crystal.structure_factors.file = \"f.mtz\"")), 8);
    }
}
