//! Descriptions to experiments: geometry, units, defaults and refusals, by the definitions.

use bragg::experiment::{Interpolation, Panel, Precision};
use bragg::math::{Mat3, Vec3};
use bragg::scene::Scene;
use bragg_io::description::{Resolved, resolve, toml};
use std::path::Path;

const CRYSTAL: &str = "
crystal.cell.a = 100
crystal.n_cells = 5
crystal.structure_factors.default = 100
";
const BEAM: &str = "beam.wavelength = 1\n";
const DETECTOR: &str = "
detector.distance = 100
detector.pixels = [100, 200]
detector.pixel_size = 0.1
";

fn try_resolved(text: &str) -> Result<Resolved, String> {
    toml::parse(text, Path::new("x.toml")).and_then(resolve).map_err(|e| e.to_string())
}

fn resolved(text: &str) -> Resolved {
    try_resolved(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// The experiment of the usual crystal and beam with other lines for the detector.
fn panel(lines: &str) -> Panel {
    resolved(&format!("{CRYSTAL}{BEAM}{lines}")).experiment.detector.panels.remove(0)
}

fn basis(lines: &str) -> Mat3 {
    let text = format!("crystal.n_cells = 5\ncrystal.structure_factors.default = 1\n{BEAM}{DETECTOR}{lines}");
    resolved(&text).experiment.crystal.real_space
}

fn assert_close(a: Vec3, b: Vec3) {
    assert!((a - b).norm() <= 1e-12 * (1.0 + b.norm()), "{a:?} is not {b:?}");
}

fn value(resolved: &Resolved, name: &str) -> String {
    resolved.description.get(name).map_or_else(|| "nothing".to_owned(), |entry| entry.value.to_string())
}

#[test]
fn a_detector_stands_across_the_beam() {
    let panel = panel(DETECTOR);
    assert_close(panel.origin, Vec3::new(-5.0, 10.0, -100.0));
    assert_close(panel.normal, Vec3::new(0.0, 0.0, -1.0));
    let [fast, slow] = panel.intersection(Vec3::new(0.0, 0.0, -1.0)).unwrap();
    assert!((fast - 50.0).abs() < 1e-12 && (slow - 100.0).abs() < 1e-12);
}

#[test]
fn beam_centres_are_pixels_or_lengths() {
    for center in ["[30, 40]", "[\"3 mm\", \"4000 um\"]", "[\"30 px\", \"0.4 cm\"]"] {
        let panel = panel(&format!("{DETECTOR}detector.beam_center = {center}"));
        assert_close(panel.origin, Vec3::new(-3.0, 4.0, -100.0));
    }
}

#[test]
fn the_pivot_is_what_stays() {
    let turned = format!("{DETECTOR}detector.two_theta = 30\ndetector.two_theta_axis = [0, 2, 0]\n");
    let at_sample = panel(&turned);
    let y = Vec3::new(0.0, 1.0, 0.0);
    assert_close(at_sample.origin, Vec3::new(-5.0, 10.0, -100.0).rotated(y, 30f64.to_radians()));
    assert!((at_sample.close_distance() - 100.0).abs() < 1e-12);
    let at_beam = panel(&format!("{turned}detector.pivot = \"beam\"\ndetector.tilt = [1, 2, 3]\n"));
    let propagation = Vec3::new(0.0, 0.0, -1.0);
    let [fast, slow] = at_beam.intersection(propagation).unwrap();
    assert_close(at_beam.position(fast, slow), propagation * 100.0);
    assert!((fast - 50.0).abs() < 1e-11 && (slow - 100.0).abs() < 1e-11);
    let tilted = Vec3::new(1.0, 0.0, 0.0).rotated_xyz([1.0, 2.0, 3.0].map(f64::to_radians));
    assert_close(at_beam.fast_axis, tilted.rotated(y, 30f64.to_radians()));
}

#[test]
fn a_detector_before_the_sample_has_its_normal_away_from_it() {
    let panel = panel(&DETECTOR.replace("= 100\n", "= -100\n"));
    assert_close(panel.origin, Vec3::new(-5.0, 10.0, 100.0));
    assert_close(panel.normal, Vec3::new(0.0, 0.0, 1.0));
    assert!(panel.close_distance() > 0.0);
}

#[test]
fn listed_panels_take_what_they_lack_from_the_detector() {
    let text = format!(
        "{CRYSTAL}{BEAM}[detector]\npixels = [10, 20]\npixel_size = \"75 um\"\nroi = [1, 2, 3, 4]\n
         [[detector.panel]]\norigin = [-20, 0, -100]\nfast_axis = [1, 0, 0]\nslow_axis = [0, -1, 0]\n
         [[detector.panel]]\nname = \"hit\"\norigin = [-0.2, 0.2, -150]\nfast_axis = [2, 0, 0]\nslow_axis = [0, -1, 0]\n\
         pixels = [5, 6]\npixel_size = 0.1\nroi = [0, 4, 0, 5]\n"
    );
    let resolved = resolved(&text);
    let detector = &resolved.experiment.detector;
    let [first, second] = &detector.panels[..] else { panic!("there are two panels") };
    assert_eq!((first.n_fast, first.n_slow, first.pixel_size, &*first.name), (10, 20, 0.075, "panel 0"));
    assert_eq!(first.roi.unwrap().slow, [3, 4]);
    assert_eq!((second.n_fast, second.n_slow, second.pixel_size, &*second.name), (5, 6, 0.1, "hit"));
    assert_eq!(second.fast_axis, Vec3::new(1.0, 0.0, 0.0));
    assert_eq!(detector.distance, 150.0);
}

#[test]
fn orientations_follow_their_definitions() {
    let cell = "crystal.cell = [70, 80, 90, 75, 85, 95]\n";
    let default = basis(cell);
    assert_eq!(default.0[0], Vec3::new(70.0, 0.0, 0.0));
    assert_eq!(default.0[1][2], 0.0);
    let turned = basis(&format!("{cell}crystal.misset = [10, \"20 deg\", 30]"));
    let angles = [10.0, 20.0, 30.0].map(f64::to_radians);
    for (row, expected) in turned.0.into_iter().zip(default.0) {
        assert_close(row, expected.rotated_xyz(angles));
    }
    // A = U·B: with the columns of B the reciprocal basis in the default orientation, A·A_real = 1
    let axis = Vec3::new(1.0, -2.0, 2.0) * (1.0 / 3.0);
    let u = Mat3::rotation(axis, 0.7);
    let rows = |m: Mat3| format!("{:?}", m.0.map(|row| row.0));
    let by_u = basis(&format!("{cell}crystal.u_matrix = {}", rows(u)));
    let a_matrix = u * default.reciprocal_rows().transposed();
    let by_a = basis(&format!("crystal.a_matrix = {}", rows(a_matrix)));
    let edges = Mat3(default.0.map(|row| row.rotated(axis, 0.7)));
    let names = ["a", "b", "c"];
    let vectors: String =
        names.iter().zip(edges.0).map(|(name, row)| format!("crystal.real_space_{name} = {:?}\n", row.0)).collect();
    let by_edges = basis(&vectors);
    for i in 0..3 {
        assert_close(by_u.0[i], edges.0[i]);
        assert_close(by_a.0[i], edges.0[i]);
        assert_eq!(by_edges.0[i], edges.0[i]);
    }
}

#[test]
fn random_orientations_are_rotations_of_the_cell_and_depend_on_the_seed() {
    let random = |seed| {
        basis(&format!(
            "crystal.cell = [70, 80, 90]\ncrystal.orientation = \"random\"\ncrystal.orientation_seed = {seed}"
        ))
    };
    let [one, two] = [random(1), random(2)];
    assert!((one.0[0] - two.0[0]).norm() > 1.0);
    for (row, length) in one.0.into_iter().zip([70.0, 80.0, 90.0]) {
        assert!((row.norm() - length).abs() < 1e-10);
    }
    assert!((one.determinant() - 70.0 * 80.0 * 90.0).abs() < 1e-6);
    assert_eq!(one, random(1));
}

#[test]
fn mosflm_matrices_are_in_mosflms_frame_and_times_the_wavelength() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("A.mat");
    // a* along MOSFLM's x (the beam), b* along y, c* along z (the spindle); edges 50, 60 and 70 Å at 0.98 Å
    let [a, b, c] = [50.0, 60.0, 70.0].map(|edge| 0.98 / edge);
    std::fs::write(&path, format!("{a} 0 0\n0 {b} 0\n0 0 {c}\n0 0 0\n")).unwrap();
    let text = format!(
        "crystal.n_cells = 5\ncrystal.structure_factors.default = 1\n{DETECTOR}beam.wavelength = 0.98\ncrystal.mosflm_matrix = {:?}",
        path.to_str().unwrap()
    );
    let rows = resolved(&text).experiment.crystal.real_space.0;
    assert_close(rows[0], Vec3::new(0.0, 0.0, -50.0));
    assert_close(rows[1], Vec3::new(0.0, 60.0, 0.0));
    assert_close(rows[2], Vec3::new(70.0, 0.0, 0.0));
}

#[test]
fn beams_have_dxtbx_defaults_and_units() {
    let beam = resolved(&format!(
        "{CRYSTAL}{DETECTOR}beam.energy = \"12.39842 keV\"\nbeam.flux = 1e12\nbeam.exposure = \"100 ms\""
    ))
    .experiment
    .beam;
    assert!((beam.wavelength - 1.0).abs() < 1e-15);
    assert!((beam.fluence - 1e19).abs() < 1e6);
    assert_eq!(beam.direction, Vec3::new(0.0, 0.0, 1.0));
    let polarization = beam.polarization.unwrap();
    assert_eq!(polarization.e_vector, Vec3::new(1.0, 0.0, 0.0));
    assert!((polarization.kahn_factor - 0.998).abs() < 1e-15);
    assert_eq!(beam.sources.len(), 1);
    let plain = resolved(&format!("{CRYSTAL}{DETECTOR}{BEAM}"));
    assert_eq!(plain.experiment.beam.fluence, 1e20);
    assert!(plain.notices.iter().any(|notice| notice.0.contains("1e20 photons/m²")));
    let none = resolved(&format!("{CRYSTAL}{DETECTOR}{BEAM}beam.polarization = \"none\""));
    assert!(none.experiment.beam.polarization.is_none());
}

#[test]
fn ranges_need_steps_or_a_step() {
    let sources = |lines: &str| resolved(&format!("{CRYSTAL}{DETECTOR}{BEAM}{lines}")).experiment.beam.sources;
    let wavelengths = |lines: &str| sources(lines).iter().map(|source| source.wavelength).collect::<Vec<_>>();
    let by_steps = wavelengths("beam.dispersion.range = \"2 %\"\nbeam.dispersion.steps = 3");
    let by_step = wavelengths("beam.dispersion.range = 0.02\nbeam.dispersion.step = 0.01");
    let are = |list: &[f64], expected: &[f64]| {
        assert_eq!(list.len(), expected.len());
        assert!(list.iter().zip(expected).all(|(x, expected)| (x - expected).abs() < 1e-15), "{list:?}");
    };
    are(&by_steps, &[1.0 - 0.02 / 3.0, 1.0, 1.0 + 0.02 / 3.0]);
    are(&by_step, &[0.995, 1.005]);
    are(&wavelengths("beam.dispersion.range = 0.02\nbeam.dispersion.steps = 1"), &[1.0]);
    let from_end_to_end = "beam.dispersion.sample = \"ends\"\nbeam.dispersion.range = 0.02\n";
    are(&wavelengths(&format!("{from_end_to_end}beam.dispersion.steps = 3")), &[0.99, 1.0, 1.01]);
    are(&wavelengths(&format!("{from_end_to_end}beam.dispersion.step = 0.01")), &[0.99, 1.0, 1.01]);
    let as_nanobragg = "sampling.physics = \"nanobragg\"\nbeam.dispersion.range = 0.02\nbeam.dispersion.steps = 2";
    are(&wavelengths(as_nanobragg), &[0.99, 1.01]);
    let divergence = "beam.divergence.horizontal_range = 1\nbeam.divergence.horizontal_steps = 3\n\
                      beam.divergence.vertical_range = \"1 mrad\"\nbeam.divergence.vertical_step = 0.5\nbeam.divergence.sample = \"ends\"\n";
    assert_eq!(sources(divergence).len(), 5);
    assert_eq!(sources(&format!("{divergence}beam.divergence.round = false")).len(), 9);
}

#[test]
fn source_files_say_what_is_done_with_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sources.txt");
    std::fs::write(&path, "# two sources\n0 0 10 1.0 1e-10\n0.1 0 10 3.0 1.1e-10\n").unwrap();
    let with = |lines: &str| {
        let resolved =
            resolved(&format!("{CRYSTAL}{DETECTOR}{BEAM}beam.source_file = {:?}\n{lines}", path.to_str().unwrap()));
        let notices: Vec<_> =
            resolved.notices.iter().map(|notice| notice.0.clone()).filter(|n| n.contains("sources.txt")).collect();
        (resolved.experiment.beam.sources, notices.join("\n"))
    };
    let (sources, notices) = with("");
    assert_eq!((sources[0].weight, sources[1].weight), (0.5, 1.5));
    assert!((sources[1].wavelength - 1.1).abs() < 1e-15);
    assert!(notices.contains("are applied") && notices.contains("the file's are used"), "{notices}");
    let (sources, notices) = with("beam.source_weights = \"ignore\"\nbeam.source_wavelength = \"beam\"");
    assert!(sources.iter().all(|source| source.weight == 1.0 && source.wavelength == 1.0));
    assert!(notices.contains("are ignored") && notices.contains("the beam's are used"), "{notices}");
}

#[test]
fn sampling_is_automatic_by_its_rules() {
    let plain = resolved(
        &format!("{CRYSTAL}{DETECTOR}{BEAM}crystal.mosaic.eta = 0.1").replace("n_cells = 5", "n_cells = [5, 50, 5]"),
    );
    // 3 · 50 · 100 Å · 0.1 mm / (1 Å · 100 mm)
    assert_eq!(plain.experiment.sampling.oversample, 15);
    assert_eq!(plain.experiment.crystal.n_cells, [5.0, 50.0, 5.0]);
    let origin = plain.description.get("sampling.oversample").unwrap().origin.to_string();
    assert!(origin.starts_with("automatic"), "{origin}");
    let sized = resolved(
        &format!("{CRYSTAL}{DETECTOR}{BEAM}").replace("n_cells = 5", "domain_size = [\"1 um\", \"1.001 um\", 1e-5]"),
    );
    assert_eq!(sized.experiment.crystal.n_cells, [100.0, 101.0, 1.0]);
    let sampling = plain.experiment.sampling;
    assert_eq!((sampling.precision, sampling.culling), (Precision::Double, 1e-7));
    let chosen = format!("{CRYSTAL}{DETECTOR}{BEAM}sampling.precision = \"fast\"\nsampling.culling = 0\n");
    let scene = Scene::new(&resolved(&chosen).experiment);
    assert_eq!((scene.precision, scene.culling), (Precision::Fast, 0.0));
    let origin = sized.description.get("crystal.n_cells").unwrap().origin.to_string();
    assert!(origin.contains("crystal.domain_size") && origin.contains("x.toml:3"), "{origin}");
}

#[test]
fn scans_are_sampled_in_the_middle_of_their_steps_or_at_their_start() {
    let scan = |lines: &str| resolved(&format!("{CRYSTAL}{DETECTOR}{BEAM}{lines}")).experiment.scan;
    let middle = scan("scan.start = 10\nscan.range = 1\nscan.steps = 5");
    assert_eq!((middle.n_steps, middle.start, middle.range), (5, 10.0, 1.0));
    assert!((middle.first - 10.1).abs() < 1e-14 && (middle.step - 0.2).abs() < 1e-15);
    let start = scan("scan.start = 10\nscan.step = 0.25\nscan.steps = 4\nscan.sample = \"start\"");
    assert_eq!((start.first, start.step, start.range), (10.0, 0.25, 1.0));
    let still = scan("");
    assert_eq!((still.first, still.step, still.n_steps, still.range), (0.0, 0.0, 1, 0.0));
}

#[test]
fn presets_set_what_is_not_given() {
    let text = format!(
        "{CRYSTAL}beam.energy = 12657.8\ndetector.preset = \"eiger2-4m\"\ndetector.distance = 150\ndetector.sensor.layers = 3"
    );
    let with_preset = resolved(&text);
    let detector = &with_preset.experiment.detector;
    let panel = &detector.panels[0];
    assert_eq!((panel.n_fast, panel.n_slow, panel.pixel_size), (2068, 2162, 0.075));
    let sensor = detector.sensor.unwrap();
    assert!((sensor.layer_thickness - 0.15).abs() < 1e-16 && sensor.n_layers == 3);
    // dxtbx's value for silicon at 0.9795 Å
    assert!((sensor.attenuation - 3.96).abs() < 0.01, "{}", sensor.attenuation);
    let ideal = resolved(&format!("{text}\ndetector.sensor.thickness = 0\ndetector.pixels = [10, 10]"));
    assert!(ideal.experiment.detector.sensor.is_none());
    assert_eq!(ideal.experiment.detector.panels[0].n_fast, 10);
    assert_eq!(value(&with_preset, "detector.sensor.material"), "\"Si\"");
}

#[test]
fn structure_factors_come_from_a_file_with_its_cell() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("f.hkl");
    std::fs::write(&path, "1 0 0 10.0\n-1 0 0 10.0\n0 2 0 5.5\n").unwrap();
    let text = format!("{CRYSTAL}{DETECTOR}{BEAM}crystal.structure_factors.file = {:?}\n", path.to_str().unwrap());
    let many = resolved(&text).experiment.structure_factors;
    let grid = many.grid.as_ref().unwrap();
    assert_eq!(grid.amplitudes[grid.position([0, 2, 0]).unwrap()], 5.5);
    assert_eq!(grid.amplitudes[grid.position([0, 1, 0]).unwrap()], 100.0);
    assert_eq!(many.interpolation, Interpolation::Nearest);
    let few = |lines: &str| {
        resolved(&format!("{text}{lines}").replace("n_cells = 5", "n_cells = [5, 2, 5]")).experiment.structure_factors
    };
    assert_eq!(few("").interpolation, Interpolation::Tricubic);
    assert_eq!(few("crystal.structure_factors.interpolation = \"nearest\"").interpolation, Interpolation::Nearest);
    assert_eq!(few("crystal.structure_factors.interpolation = \"auto\"").interpolation, Interpolation::Tricubic);
}

#[test]
fn noise_is_on_with_a_seed_or_when_asked_for() {
    let noise = |lines: &str| resolved(&format!("{CRYSTAL}{DETECTOR}{BEAM}{lines}")).experiment.response;
    assert_eq!(noise("").poisson_seed, None);
    assert_eq!(noise("noise.seed = 7").poisson_seed, Some(7));
    assert_eq!(noise("noise.poisson = true").poisson_seed, Some(1));
    assert_eq!(noise("noise.poisson = false\nnoise.seed = 7").poisson_seed, None);
    assert_eq!(noise("noise.adc_offset = 40\nnoise.saturation = 65535").saturation, Some(65535.0));
}

/// Vectors of panels may be written with few digits, or be skewed as nanoBragg allows; that is said, and they are kept.
#[test]
fn skewed_panels_are_announced() {
    let panel = |slow: &str| {
        let lines = "detector.pixels = [5, 5]\ndetector.pixel_size = 1\n[[detector.panel]]\norigin = [0, 0, 9]";
        let text = format!("{CRYSTAL}{BEAM}beam.fluence = 1e20\n{lines}\nfast_axis = [1, 0, 0]\nslow_axis = {slow}");
        let mut resolved = resolved(&text);
        (resolved.experiment.detector.panels.remove(0).slow_axis, resolved.notices)
    };
    assert!(panel("[0, 1, 0]").1.is_empty());
    let (slow, notices) = panel("[0.0001, 1, 0]");
    assert!((slow[0] - 1e-4).abs() < 1e-11);
    assert!(notices[0].0.contains("detector.panel[0].slow_axis is at 89.994 degrees"), "{notices:?}");
}

#[test]
fn values_without_effect_are_named() {
    let notices = |lines: &str| -> Vec<_> {
        let resolved = resolved(&format!("{CRYSTAL}{DETECTOR}{BEAM}beam.fluence = 1e20\n{lines}"));
        resolved.notices.into_iter().map(|notice| notice.0).collect()
    };
    assert!(notices("").is_empty());
    let unused = notices("crystal.orientation_seed = 3\nbeam.source_weights = \"ignore\"");
    assert_eq!(unused.len(), 2, "{unused:?}");
    assert!(unused[1].contains("crystal.orientation_seed (x.toml:11) has no effect"), "{unused:?}");
    let preset = notices("detector.preset = \"eiger2-4m\"\ndetector.sensor.attenuation_length = 0.2\nnoise.seed = 3");
    assert!(preset.is_empty(), "{preset:?}");
    assert!(notices("scan.range = 1\nscan.steps = 1")[0].contains("scan.steps is 1"));
    assert!(notices("crystal.mosaic.domains = 5")[0].contains("all alike"));
    assert!(notices("crystal.mosaic.eta = 1\ncrystal.mosaic.domains = 1")[0].contains("not turned"));
    let many = "crystal.mosaic.eta = 1\ncrystal.mosaic.domains = 5000000\nbeam.dispersion.range = 0.01\nbeam.dispersion.steps = 3";
    let long = resolved(&format!("{CRYSTAL}{DETECTOR}{BEAM}beam.fluence = 1e20\n{many}")).long_job.unwrap();
    assert!(long.0.contains("hours on one thread"), "{long:?}");
}

// tidy: long because it is one table of refusals
#[test]
fn what_cannot_be_is_refused_by_name_line_and_remedy() {
    let all = format!("{CRYSTAL}{DETECTOR}{BEAM}");
    let with = |lines: &str| format!("{all}{lines}");
    let without = |line: &str| all.replace(line, "");
    let panel = |slow: &str| {
        format!(
            "{CRYSTAL}{BEAM}detector.pixels = [5, 5]\ndetector.pixel_size = 1\n[[detector.panel]]\norigin = [0, 0, 9]\nfast_axis = [1, 0, 0]\nslow_axis = {slow}"
        )
    };
    let cases = [
        (without("beam.wavelength = 1"), vec!["beam.wavelength", "missing", "energy"]),
        (without("crystal.n_cells = 5"), vec!["crystal.n_cells", "missing", "domain_size"]),
        (without("crystal.cell.a = 100"), vec!["crystal.cell", "missing", "a_matrix"]),
        (
            without("crystal.structure_factors.default = 100"),
            vec!["crystal.structure_factors.file", "empty", "default"],
        ),
        (without("detector.distance = 100"), vec!["detector.distance", "missing", "panels"]),
        (without("detector.pixels = [100, 200]"), vec!["detector.pixels", "missing", "preset"]),
        (with("beam.energy = 12000"), vec!["beam.energy (x.toml:10)", "contradicts beam.wavelength (x.toml:9)"]),
        (
            with("crystal.misset = [1, 2, 3]\ncrystal.orientation = \"random\""),
            vec!["crystal.orientation", "contradicts crystal.misset"],
        ),
        (
            with("crystal.a_matrix = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]"),
            vec!["crystal.a_matrix", "contradicts crystal.cell"],
        ),
        (with("crystal.domain_size = 0.1"), vec!["crystal.domain_size", "contradicts crystal.n_cells"]),
        (with("beam.fluence = 1\nbeam.flux = 2"), vec!["beam.flux", "contradicts beam.fluence"]),
        (
            with("sampling.physics = \"nanobragg\"\nbeam.dispersion.range = 0.1"),
            vec!["beam.dispersion.range", "needs beam.dispersion.steps"],
        ),
        (with("beam.dispersion.steps = 3"), vec!["beam.dispersion.steps", "without beam.dispersion.range"]),
        (
            with("beam.dispersion.range = 0.1\nbeam.dispersion.steps = 1\nbeam.dispersion.sample = \"ends\""),
            vec!["beam.dispersion.steps", "at least 2"],
        ),
        (
            with("beam.dispersion.range = 0.1\nbeam.dispersion.steps = 4\nbeam.dispersion.step = 0.03"),
            vec!["beam.dispersion.step", "0.025"],
        ),
        (
            with("beam.dispersion.range = 0.1\nbeam.dispersion.step = 0.03"),
            vec!["beam.dispersion.step", "whole number"],
        ),
        (
            with("beam.dispersion.range = 0.1\nbeam.dispersion.step = 1e-300"),
            vec!["beam.dispersion.step", "whole number"],
        ),
        (
            with("beam.dispersion.range = 0.1\nbeam.dispersion.steps = 2000000000"),
            vec!["beam.divergence", "fewer steps"],
        ),
        (with("beam.direction = [0, 0, 0]"), vec!["beam.direction", "length that is not 0"]),
        (with("beam.polarization_normal = [0, 0, 3]"), vec!["beam.polarization_normal", "along the beam"]),
        (with("beam.source_file = \"absent.txt\""), vec!["cannot read absent.txt"]),
        (with("crystal.cell.alpha = 20\ncrystal.cell.beta = 30"), vec!["crystal.cell.a", "no cell has the angles"]),
        (with("crystal.u_matrix = [1, 0, 0, 0, 1, 0, 0, 0, -1]"), vec!["crystal.u_matrix", "no rotation"]),
        (with("crystal.structure_factors.column = \"F\""), vec!["column", "without crystal.structure_factors.file"]),
        (
            with("crystal.mosaic.generator = \"nanobragg\"\ncrystal.mosaic.seed = 0"),
            vec!["crystal.mosaic.seed", "from 1"],
        ),
        (
            with("crystal.mosaic.eta = 1\ncrystal.mosaic.domains = 2000000000"),
            vec!["crystal.mosaic.domains", "at most 1e7"],
        ),
        (with("detector.slow_axis = [0.01, -1, 0]"), vec!["detector.slow_axis", "89.427", "perpendicular"]),
        (with("detector.roi = [5, 4, 0, 0]"), vec!["detector.roi (x.toml:10)", "0 to 99"]),
        (with("detector.roi = [0, 100, 0, 0]"), vec!["detector.roi", "0 to 199"]),
        (with("detector.preset = \"eiger\""), vec!["detector.preset", "\"eiger2-4m\""]),
        (with("detector.sensor.thickness = 0.3"), vec!["detector.sensor.material", "attenuation_length"]),
        (
            with("detector.sensor.material = \"Si\""),
            vec!["detector.sensor.material", "without detector.sensor.thickness"],
        ),
        (with("detector.fast_axis = [0, 0, 1]"), vec!["detector.distance", "sample into the plane"]),
        (with("sampling.precision = \"half\""), vec!["sampling.precision (x.toml:10)", "one of \"double\", \"fast\""]),
        (with("sampling.culling = -1"), vec!["sampling.culling (x.toml:10)", "from 0 to 0.01"]),
        (with("sampling.culling = 0.5"), vec!["sampling.culling (x.toml:10)", "from 0 to 0.01"]),
        (with("sampling.culling = nan"), vec!["sampling.culling (x.toml:10)"]),
        (with("sampling.oversample_omega = true"), vec!["sampling.oversample_omega", "nanobragg"]),
        (all.replace("[100, 200]", "[100000, 200000]"), vec!["detector.pixels (x.toml:7)", "2147483648"]),
        (all.replace("n_cells = 5", "n_cells = 90000"), vec!["sampling.oversample", "fewer cells"]),
        (
            all.replace("n_cells = 5", "n_cells = 2000000000"),
            vec!["crystal.n_cells (x.toml:3)", "2.000e4 mm", "crystal.extent"],
        ),
        (
            all.replace("n_cells = 5", "domain_size = \"100 km\""),
            vec!["crystal.domain_size (x.toml:3)", "unknown unit km"],
        ),
        (
            all.replace("n_cells = 5", "domain_size = \"100000 m\""),
            vec!["crystal.domain_size (x.toml:3)", "from 0.0000001 to 1000"],
        ),
        (
            all.replace("wavelength = 1", "wavelength = \"1 um\"").replace(
                "n_cells",
                "mosaic.domains = 1\ndetector.sensor.material = \"Si\"\ndetector.sensor.thickness = 1\ncrystal.n_cells",
            ),
            vec!["detector.sensor.material", "tabulated from 1000"],
        ),
        (panel("[0, 0, 1]"), vec!["detector.panel[0].origin", "sample into the plane"]),
        (panel("[1, 0.01, 0]"), vec!["detector.panel[0].slow_axis (x.toml:11)", "0.572939 degrees"]),
        (panel("[0, 1, 0]\nnormal = [1, 0, 0]"), vec!["detector.panel[0].normal", "no distance"]),
        (panel("[0, 1, 0]\n[[detector.panel]]"), vec![]),
        (panel("[0, 1, 0]\n[[detector.panel]]\nname = \"x\""), vec!["detector.panel[1].origin", "missing"]),
        (
            panel("[0, 1, 0]").replace("[[detector.panel]]", "detector.beam_center = [1, 2]\n[[detector.panel]]"),
            vec!["contradicts detector."],
        ),
    ];
    for (text, parts) in cases {
        match try_resolved(&text) {
            Ok(_) => assert!(parts.is_empty(), "should be refused for {parts:?}:\n{text}"),
            Err(message) => {
                assert!(
                    !parts.is_empty() && parts.iter().all(|part| message.contains(part)),
                    "{message}\nlacks one of {parts:?}"
                );
                assert!(!message.contains('\n'), "{message}");
            }
        }
    }
}
