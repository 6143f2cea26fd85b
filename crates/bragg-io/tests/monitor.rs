//! Whoever asks for an end gets one, within a pixel of days, tables of millions and structure factors.

use bragg::experiment::{Experiment, Response};
use bragg::gradient::{derivative_images, gradient, parse_list};
use bragg::image::{Image, PanelImage};
use bragg::kernel::{self, Backend, Monitor};
use bragg::response::record_watched;
use bragg::scene::Scene;
use bragg::structure::{Dispersion, Solvent, direct, f_calc};
use bragg::{Error, Result};
use bragg_io::description::{Description, Known, Origin, resolve_amplitudes, resolve_knowing, toml};
use bragg_io::formats::coordinates;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Stops the work when it is asked for the n-th time.
struct Impatient {
    left: AtomicUsize,
}

impl Impatient {
    fn new(n: usize) -> Self {
        Self { left: AtomicUsize::new(n) }
    }
}

impl Monitor for Impatient {
    fn advance(&self, _pixels: usize) {}

    fn cancelled(&self) -> bool {
        self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_err()
    }
}

/// Work that would take hours ends, whenever it is asked to.
fn ends<T>(what: &str, times: &[usize], work: impl Fn(&dyn Monitor) -> Result<T>) {
    for &n in times {
        let outcome = work(&Impatient::new(n));
        assert!(matches!(outcome, Err(Error::Interrupted)), "{what}: not ended when asked for the {n}th time");
    }
}

const TIMES: [usize; 5] = [0, 1, 3, 20, 200];

/// One pixel.
const PIXEL: &str = "\
[crystal]\ncell = [60, 70, 80, 75, 85, 95]\nmisset = [5, 3, 2]\nn_cells = 5\nmosaic.half_width = 1\nstructure_factors.default = 100\n\
[beam]\nwavelength = 1.0\nfluence = 1e27\n[detector]\npixels = [1, 1]\npixel_size = 0.3\ndistance = 100\nbeam_center = [80, 40]\n";

fn experiment(lines: &str) -> Experiment {
    let description = toml::parse(&format!("{PIXEL}{lines}"), Path::new("pixel.toml")).unwrap();
    resolve_knowing(description, Known::default()).unwrap().0.experiment
}

/// The same with other settings.
fn described(settings: &[(&str, &str)]) -> Experiment {
    let mut description = toml::parse(PIXEL, Path::new("pixel.toml")).unwrap();
    for (name, value) in settings {
        description.set(name, value, Origin::Set).unwrap();
    }
    resolve_knowing(description, Known::default()).unwrap().0.experiment
}

#[test]
fn a_pixel_of_days() {
    const SUB_PIXELS: &str = "[sampling]\noversample = 10000\n";
    const SOURCES: &str = "[sampling]\noversample = 300\n[beam.divergence]\nhorizontal_range = 1\nhorizontal_steps = 300\nvertical_range = 1\n\
                           vertical_steps = 300\n";
    for (what, lines) in [("sub-pixels", SUB_PIXELS), ("sources", SOURCES)] {
        let scene = Scene::new(&experiment(lines));
        ends(what, &TIMES, |monitor| kernel::render::<f32>(&scene, monitor));
        ends(what, &TIMES, |monitor| Backend::Reference.render::<f32>(&scene, monitor));
    }
    let beyond = Scene::new(&experiment(&format!("{SUB_PIXELS}d_min = 50\n")));
    ends("beyond d_min", &TIMES, |monitor| kernel::render::<f32>(&beyond, monitor));
    let layers =
        "[sampling]\noversample = 2000\n[detector.sensor]\nmaterial = \"Si\"\nthickness = 0.3\nlayers = 10000\n";
    let layers = Scene::new(&experiment(layers));
    ends("layers", &TIMES, |monitor| kernel::render::<f32>(&layers, monitor));
}

#[test]
fn orientations_without_number() {
    let mut many = experiment("[sampling]\noversample = 5000\n");
    many.crystal.mosaic.n_domains = 100_000;
    for shape in ["square", "round", "gauss", "tophat"] {
        for (physics, precision) in [("correct", "double"), ("nanobragg", "double"), ("correct", "fast")] {
            let of_shape = format!("{shape}, {physics}, {precision}");
            let mut one = described(&[
                ("crystal.shape", shape),
                ("sampling.physics", physics),
                ("sampling.precision", precision),
                ("sampling.oversample", "1"),
            ]);
            one.crystal.mosaic = many.crystal.mosaic;
            one.sampling.oversample = many.sampling.oversample;
            let scene = Scene::new(&one);
            ends(&of_shape, &TIMES, |monitor| kernel::render::<f32>(&scene, monitor));
            if physics == "correct" && shape != "tophat" {
                let parameters = parse_list("cell,orientation,scale", &one).unwrap();
                ends(&of_shape, &TIMES, |monitor| derivative_images(&one, &parameters, monitor));
                let cotangent = Image { panels: vec![PanelImage::new(1, 1, vec![1.0]).unwrap()] };
                ends(&of_shape, &TIMES, |monitor| gradient(&one, &parameters, &cotangent, monitor));
            }
        }
    }
    many.sampling.physics = bragg::experiment::Physics::NanoBragg;
    many.sampling.running_factors.capture = true;
    ends("running factors", &TIMES, |monitor| kernel::render::<f32>(&Scene::new(&many), monitor));
    // a point on no reflection at all is summed again, plainly
    let mut strange = Scene::new(&many);
    strange.domain.n_cells = [f64::INFINITY; 3];
    strange.running_factors = bragg::experiment::RunningFactors::default();
    ends("no numbers", &TIMES, |monitor| kernel::render::<f32>(&strange, monitor));
}

#[test]
fn tables_of_millions() {
    let mut many = experiment("[sampling]\noversample = 1\n");
    many.crystal.mosaic.n_domains = 1_000_000;
    ends("domains", &[0, 1, 20, 200], |monitor| Scene::watched(&many, monitor));
    many.crystal.mosaic.n_domains = 1;
    many.scan.n_steps = 1_000_000;
    ends("steps", &[0, 1, 20, 200], |monitor| Scene::watched(&many, monitor));
}

const MODEL_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/1a8o.pdb");
const MODEL: &str = include_str!("../../../examples/1a8o.pdb");

#[test]
fn structure_factors() {
    let model = coordinates::parse(MODEL.as_bytes(), Path::new("1a8o.pdb")).unwrap();
    let none = Dispersion::new();
    let stopped = |n: usize, solvent: Option<&Solvent>| {
        f_calc(&model, &none, solvent, 2.0, &Impatient::new(n))
            .map_err(|error| assert!(error.to_string().contains("interrupted"), "{error}"))
    };
    // within the density, the transform, the list, the mask
    let mut n = 0;
    let mut n_stopped = 0;
    while stopped(n, Some(&Solvent::default())).is_err() {
        n_stopped += 1;
        n += 1 + n / 3;
    }
    assert!(n_stopped > 15, "asked {n} times only");
    ends("directly", &TIMES, |monitor| {
        let hkls: Vec<_> = (0..100_000).map(|i| [i % 30, i / 30 % 30, i / 900]).collect();
        direct::structure_factors_watched(&model, &none, &hkls, monitor)
    });
}

#[test]
fn descriptions() {
    let made_up = |monitor: &dyn Monitor| {
        let mut description = Description::new();
        for (name, text) in [
            ("crystal.structure_factors.synthetic", "wilson"),
            ("crystal.cell", "[200, 200, 200]"),
            ("crystal.structure_factors.d_min", "1.0"),
        ] {
            description.set(name, text, Origin::Set).unwrap();
        }
        resolve_amplitudes(description, &Known { monitor: Some(monitor), ..Known::default() })
    };
    ends("Wilson", &[0, 1, 20, 200], made_up);
    let of_model = |monitor: &dyn Monitor| {
        let mut description = toml::parse(PIXEL, Path::new("pixel.toml")).unwrap();
        description.set("crystal.structure_factors.file", MODEL_FILE, Origin::Set).unwrap();
        resolve_knowing(description, Known { monitor: Some(monitor), ..Known::default() }).map(|(resolved, _)| resolved)
    };
    ends("F_calc", &[0, 1, 3, 20, 200], of_model);
}

#[test]
fn noise() {
    let image = || Image { panels: vec![PanelImage::new(10_000, 100, vec![5.0_f32; 1_000_000]).unwrap()] };
    for noise in
        [Response { poisson_seed: Some(1), ..Response::default() }, Response { gain: 2.0, ..Response::default() }]
    {
        ends("noise", &[0, 1, 20, 100], |monitor| record_watched(image(), &noise, monitor));
    }
}
