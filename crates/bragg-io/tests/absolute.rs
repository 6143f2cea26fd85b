//! Photons on an absolute scale: how many mosaic blocks and how much water there are, and Darwin's formula.

use bragg::image::Image;
use bragg::kernel::{self, Unwatched};
use bragg::scene::Scene;
use bragg::units::THOMSON_R_E_SQUARED;
use bragg_io::description::{Description, Origin, Resolved, resolve, starting_point, toml};
use std::path::Path;

const LYSOZYME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/lysozyme.mtz");
const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/1a8o.pdb");

/// A block of 500 × 1200 × 350 Å, 2.1e8 Å³ = 2.1e-4 µm³, in an 11 × 11 detector whose middle pixel is on the beam.
const CRYSTAL: &str = "crystal.cell = [50, 60, 70]\ncrystal.n_cells = [10, 20, 5]\ncrystal.structure_factors.default = 100\n\
     beam.wavelength = 1.0\nsampling.oversample = 1\n\
     [detector]\npixels = [11, 11]\npixel_size = 0.5\ndistance = 100\n";

fn resolved(lines: &str) -> Resolved {
    resolve(toml::parse(&format!("{lines}\n{CRYSTAL}"), Path::new("x.toml")).unwrap()).unwrap()
}

fn render(resolved: &Resolved) -> Image<f64> {
    kernel::render(&Scene::new(&resolved.experiment), &Unwatched).unwrap()
}

fn pixels(lines: &str) -> Vec<f64> {
    render(&resolved(lines)).panels[0].pixels().to_vec()
}

fn assert_ratio(a: &[f64], b: &[f64], expected: f64) {
    assert!(b.iter().sum::<f64>() > 0.0);
    for (a, b) in a.iter().zip(b) {
        assert!((a - expected * b).abs() <= 1e-12 * a.abs(), "{a} and {b}, {expected}");
    }
}

#[test]
fn blocks_fill_what_the_beam_illuminates() {
    let n_blocks = |lines: &str| resolved(lines).experiment.crystal.n_blocks;
    let near = |lines: &str, expected: f64| {
        let n = n_blocks(lines);
        assert!((n / expected - 1.0).abs() < 1e-12, "{lines}: {n} and not {expected}");
    };
    near("", 1.0);
    near("crystal.n_blocks = 12.5", 12.5);
    near("crystal.extent = \"30 um\"", 27_000.0 / 2.1e-4);
    near("crystal.extent = [0.03, \"40 um\", \"0.2 mm\"]\nbeam.size = \"20 um\"", 20.0 * 20.0 * 200.0 / 2.1e-4);
    near("crystal.extent = [0.01, \"40 um\", \"0.2 mm\"]\nbeam.size = \"20 um\"", 10.0 * 20.0 * 200.0 / 2.1e-4);
    // the beam is 0.1 mm wide unless it is given
    near("crystal.extent = 0.2", 100.0 * 100.0 * 200.0 / 2.1e-4);
    let sphere = "crystal.extent_shape = \"sphere\"\ncrystal.extent = \"30 um\"";
    near(sphere, std::f64::consts::PI / 6.0 * 27_000.0 / 2.1e-4);
    // a square of half the diameter through the middle: 8·∫∫√(1 − x² − y²) over [0, ½]², times r³
    let cut = n_blocks(&format!("{sphere}\nbeam.size = \"15 um\""));
    assert!((cut / (BALL_IN_PRISM * 15.0_f64.powi(3) / 2.1e-4) - 1.0).abs() < 1e-7, "{cut}");
    // blocks by their size: 500.5 Å are 11 cells of 50 Å, 21 of 60 Å and 8 of 70 Å take what is given
    let by_size = resolve(
        toml::parse(
            &format!("crystal.extent = \"30 um\"\n{CRYSTAL}")
                .replace("n_cells = [10, 20, 5]", "domain_size = [\"50.05 nm\", \"126 nm\", \"56 nm\"]"),
            Path::new("x.toml"),
        )
        .unwrap(),
    )
    .unwrap();
    assert_eq!(by_size.experiment.crystal.n_cells, [11.0, 21.0, 8.0]);
    let expected = 2.7e16 / (550.0 * 1260.0 * 560.0);
    assert!((by_size.experiment.crystal.n_blocks / expected - 1.0).abs() < 1e-12);
}

/// 8·∫∫√(1 − x² − y²) over [0, ½]², by a midpoint sum over 1500² points.
const BALL_IN_PRISM: f64 = 1.821_931_70;

#[test]
fn what_is_cut_or_too_small_is_told() {
    let said = |lines: &str, what: &str| {
        let notices = resolved(lines).notices;
        assert!(notices.iter().any(|notice| notice.0.contains(what)), "{what}: {notices:?}");
    };
    said("crystal.extent = [0.2, 0.05, 0.05]", "illuminates 50.000 % of the crystal");
    said("crystal.extent = \"0.05 um\"", "0.595 of one coherent block");
    let whole = resolved("crystal.extent = [0.1, 0.05, 3]").notices;
    assert!(whole.iter().all(|notice| !notice.0.contains("illuminates")), "{whole:?}");
    let refused = |lines: &str, parts: &[&str]| {
        let description = toml::parse(&format!("{lines}\n{CRYSTAL}"), Path::new("x.toml"));
        let message = description.and_then(resolve).unwrap_err().to_string();
        assert!(parts.iter().all(|part| message.contains(part)) && !message.contains('\n'), "{message}");
    };
    refused("crystal.size = \"30 um\"", &["crystal.size (x.toml:1)", "crystal.domain_size now", "crystal.extent"]);
    refused("crystal.extent = 0.03\ncrystal.n_blocks = 5", &["contradicts", "crystal.extent", "crystal.n_blocks"]);
    refused("crystal.extent_shape = \"sphere\"", &["crystal.extent_shape (x.toml:1)", "without crystal.extent"]);
    refused("crystal.extent = [0.1, 0.1, \"1e300 m\"]", &["crystal.extent (x.toml:1)", "from 0.0000001 to 1000"]);
    refused("background.water = 1\nbackground.water_volume = 1", &["background.water", "contradicts"]);
    refused("background.water = 1e308\nbeam.size = \"1 m\"", &["background.water (x.toml:1)"]);
}

#[test]
fn photons_are_as_many_as_blocks_exposure_and_flux() {
    let image = |size: f64, flux: f64, exposure: f64| {
        pixels(&format!("crystal.extent = {size}\nbeam.flux = {flux:e}\nbeam.exposure = {exposure}\nbeam.size = 0.08"))
    };
    let base = image(0.02, 1e12, 0.1);
    assert_ratio(&image(0.04, 1e12, 0.1), &base, 8.0);
    assert_ratio(&image(0.02, 3e12, 0.1), &base, 3.0);
    assert_ratio(&image(0.02, 1e12, 0.5), &base, 5.0);
    // clipped to 0.08 across: 0.16·0.08² against 0.02³
    assert_ratio(&image(0.16, 1e12, 0.1), &base, 128.0);
    assert_ratio(&pixels("crystal.n_blocks = 7"), &pixels(""), 7.0);
    assert_ratio(&pixels("crystal.n_blocks = 7\ncrystal.scale = 0.5"), &pixels(""), 3.5);
}

/// A pixel of 0.5 mm at 100 mm on the axis: r_e²·2.57²·molecules·fluence·2.5e-5 sr, where fluence times volume is photons times thickness.
#[test]
fn water_is_a_layer_across_the_beam() {
    let image = |thickness: f64, rest: &str| {
        pixels(&format!(
            "background.water = {thickness}\nbeam.flux = 1e12\nbeam.exposure = 0.1\ncrystal.scale = 0\n{rest}"
        ))
    };
    let base = image(0.2, "beam.size = 0.05");
    let molecules = 6.022_140_76e29 / 18.0;
    let expected = THOMSON_R_E_SQUARED * 2.57 * 2.57 * molecules * 1e11 * 2e-4 * 2.5e-5;
    let middle = base[5 * 11 + 5];
    assert!((middle / expected - 1.0).abs() < 1e-6, "{middle} and not {expected}");
    assert_ratio(&image(0.6, "beam.size = 0.05"), &base, 3.0);
    for rest in
        ["beam.size = 0.05\ncrystal.extent = 0.04", "beam.size = 0.1", "beam.size = 0.05\ncrystal.n_blocks = 1e9"]
    {
        assert_ratio(&image(0.2, rest), &base, 1.0);
    }
    assert_ratio(&pixels("crystal.scale = 0\nbackground.water_volume = 5e-4\nbeam.fluence = 4e19"), &base, 1.0);
}

/// On the axis all cells scatter in phase: r_e²·fluence·F²·(10·20·5)²·Ω, Ω = (0.5/100)², without the reflections that come near.
#[test]
fn the_beam_itself_has_no_photons_of_the_crystal_unless_they_are_asked_for() {
    let middle = |lines: &str| pixels(&format!("beam.fluence = 1e20\n{lines}"))[5 * 11 + 5];
    let expected = THOMSON_R_E_SQUARED * 1e20 * 100.0 * 100.0 * 1e6 * 2.5e-5;
    let with = middle("crystal.structure_factors.include_f000 = true");
    assert!((with / expected - 1.0).abs() < 1e-6, "{with} and not {expected}");
    assert_eq!(middle(""), 0.0);
    // so it is beside a list, whether that has it or not
    let directory = tempfile::tempdir().unwrap();
    for (list, f000) in [("0 0 0 200\n1 1 1 5\n", 200.0), ("3 3 3 5\n4 4 4 5\n", 100.0)] {
        let path = directory.path().join("f.hkl");
        std::fs::write(&path, list).unwrap();
        let file = format!("crystal.structure_factors.file = {:?}", path.to_str().unwrap());
        assert_eq!(middle(&file), 0.0, "{list}");
        let with = middle(&format!("{file}\ncrystal.structure_factors.include_f000 = true"));
        assert!((with / (expected * (f000 / 100.0_f64).powi(2)) - 1.0).abs() < 1e-6, "{list}: {with}");
    }
}

/// Photons in a shell over those of Darwin's formula averaged over all orientations:
/// fluence·r_e²·V·λ³/v² · Σ F²·P/(4 sin θ), over every reflection of the shell, P = (1 + cos²2θ)/2 (the mean around the beam);
/// V the crystal's volume, v that of the cell.
fn over_darwin(resolved: &Resolved, shells: &[(f64, f64)], volume: f64) -> Vec<f64> {
    let experiment = &resolved.experiment;
    let panel = &experiment.detector.panels[0];
    let wavelength = experiment.beam.wavelength;
    let image = render(resolved);
    let spacing = |fast: usize, slow: usize| {
        let to = panel.position(fast as f64 + 0.5, slow as f64 + 0.5).unit();
        1.0 / ((to - experiment.beam.propagation()).norm() / wavelength)
    };
    let reciprocal = experiment.crystal.reciprocal().0;
    let cell_volume = experiment.crystal.real_space.determinant().abs();
    let list = experiment.structure_factors.grid.as_ref().unwrap().to_reflections().list;
    let scale =
        experiment.beam.fluence * THOMSON_R_E_SQUARED * volume * wavelength.powi(3) / (cell_volume * cell_volume);
    let within = |d: f64, (high, low): (f64, f64)| d > low && d <= high;
    let ratio = |&shell: &(f64, f64)| {
        let seen: f64 = (0..panel.n_fast * panel.n_slow)
            .filter(|i| within(spacing(i % panel.n_fast, i / panel.n_fast), shell))
            .map(|i| image.panels[0].pixels()[i])
            .sum();
        let expected: f64 = list
            .iter()
            .filter_map(|&([h, k, l], f)| {
                let [a, b, c] = reciprocal;
                let d = 1.0 / (a * f64::from(h) + b * f64::from(k) + c * f64::from(l)).norm();
                let sine = wavelength / (2.0 * d);
                let cosine = 1.0 - 2.0 * sine * sine;
                within(d, shell).then(|| f * f * (1.0 + cosine * cosine) / 2.0 / (4.0 * sine))
            })
            .sum();
        seen / (scale * expected)
    };
    shells.iter().map(ratio).collect()
}

const SHELLS: [(f64, f64); 2] = [(6.0, 2.0), (2.0, 1.6)];

/// Ten degrees of tetragonal lysozyme, a crystal of 30 µm in a beam of 50 µm, blocks of two sizes. The photons are those of Darwin's
/// formula, as far as some 6000 reflections a shell are like all of them (3 % by their intensities' distribution).
#[test]
fn a_rotating_protein_scatters_what_darwin_says() {
    let with_cells = |n_cells: &str, oversample: usize, steps: usize| {
        let text = format!(
            "crystal.structure_factors.file = {LYSOZYME:?}\ncrystal.misset = [-8, 11, 33]\ncrystal.n_cells = {n_cells}\n\
             crystal.extent = \"30 um\"\nbeam.wavelength = 1.0\nbeam.flux = 1e12\nbeam.exposure = 1\nbeam.size = \"50 um\"\n\
             scan.range = 10\nscan.steps = {steps}\nsampling.oversample = {oversample}\n\
             [detector]\npixels = [200, 200]\npixel_size = 0.75\ndistance = 100\n"
        );
        let resolved = resolve(toml::parse(&text, Path::new("x.toml")).unwrap()).unwrap();
        over_darwin(&resolved, &SHELLS, 2.7e16)
    };
    let (small, large) = (with_cells("[6, 6, 12]", 4, 80), with_cells("[12, 12, 24]", 6, 160));
    for (small, large) in small.into_iter().zip(large) {
        assert!((small - 1.0).abs() < 0.05 && (large - 1.0).abs() < 0.05, "{small} {large}");
        assert!((small / large - 1.0).abs() < 0.03, "blocks of 0.05 µm {small}, of 0.1 µm {large}");
    }
}

/// The settings of somebody who knows his beamline, and no more, around a crystal from a file.
#[test]
fn a_crystal_alone_in_a_known_beam_scatters_what_darwin_says() {
    let mut given = Description::new();
    for (name, text) in [
        ("beam.flux", "1e12"),
        ("beam.exposure", "0.01"),
        ("beam.size", "0.02"),
        ("scan.range", "4"),
        ("crystal.n_cells", "[12, 12, 6]"),
        ("crystal.mosaic.domains", "4"),
        ("detector.pixels", "[200, 200]"),
        ("detector.pixel_size", "0.75 mm"),
        ("detector.distance", "100"),
        ("background.water", "0"),
        ("sampling.oversample", "4"),
    ] {
        given.set(name, text, Origin::Set).unwrap();
    }
    let (description, notice) = starting_point(Path::new(MODEL), Origin::Set, given).unwrap();
    assert!(
        notice.0.contains("a rotation by 4° of a crystal of 50 µm in a beam of 20 µm with 1.0e10 photons"),
        "{notice}"
    );
    let resolved = resolve(description).unwrap();
    // 10¹² /s for 0.01 s in a square of 20 µm; 20 × 20 × 50 µm³ of the crystal
    assert!((resolved.experiment.beam.fluence / 2.5e19 - 1.0).abs() < 1e-12);
    let ratios = over_darwin(&resolved, &SHELLS, 2e16);
    assert!(ratios.iter().all(|ratio| (ratio - 1.0).abs() < 0.1), "{ratios:?}");
}
