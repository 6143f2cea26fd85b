//! Structure factors of models in experiments: how far they go, which crystal they are of, and that they are found again.

use bragg::structure::{ModelChoice, anomalous, direct};
use bragg_io::description::print::to_toml;
use bragg_io::description::{Resolved, resolve, toml};
use bragg_io::formats::coordinates;
use std::path::Path;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/1a8o.pdb");

/// An experiment to 3.9 Å with these lines for the structure factors.
fn experiment(lines: &str) -> Resolved {
    let text = format!(
        "crystal.n_cells = 5\ncrystal.misset = [10, 20, 30]\nbeam.wavelength = 0.97\ndetector.pixels = [20, 30]\n\
         detector.pixel_size = 3\ndetector.distance = 200\n{lines}\n"
    );
    toml::parse(&text, Path::new("x.toml")).and_then(resolve).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn of_model(lines: &str) -> Resolved {
    experiment(&format!("crystal.structure_factors.file = {MODEL:?}\n{lines}"))
}

fn amplitude(resolved: &Resolved, hkl: [i32; 3]) -> f64 {
    let grid = resolved.experiment.structure_factors.grid.as_ref().unwrap();
    grid.amplitudes[grid.position(hkl).unwrap()]
}

#[test]
fn every_reflection_that_a_pixel_asks_for_is_there() {
    for lines in [
        "",
        "scan.range = 40\nscan.steps = 30",
        "detector.two_theta = 30\ndetector.two_theta_axis = [0, 1, 0]",
        "detector.curvature = \"sphere\"",
        "detector.roi = [3, 9, 0, 4]",
        "sampling.d_min = 6",
    ] {
        let coverage = of_model(lines).coverage.unwrap();
        assert!(coverage.on_detector > 10 && coverage.missing == 0, "{lines}: {coverage:?}");
    }
    // a limit of one's own may be too coarse, which is said
    let coarse = of_model("crystal.structure_factors.d_min = 8");
    assert!(
        coarse.notices.iter().any(|notice| notice.0.contains("are missing, the coarsest at 7.9")),
        "{:?}",
        coarse.notices
    );
}

#[test]
fn the_crystal_is_that_of_the_file_unless_another_is_given() {
    let resolved = of_model("");
    let cell =
        ["a", "b", "c"].map(|edge| resolved.description.get(&format!("crystal.cell.{edge}")).unwrap().value.number());
    assert_eq!(cell, [Some(41.98), Some(41.98), Some(88.92)]);
    // without bulk solvent, a crystal of P 1 has an eighth of the electrons of one of P 43 21 2
    let bare = "crystal.structure_factors.include_f000 = true\ncrystal.structure_factors.solvent = false\ncrystal.structure_factors.anomalous = false\n";
    let [whole, eighth] = ["", "crystal.space_group = \"P 1\""].map(|lines| of_model(&format!("{bare}{lines}")));
    assert!((amplitude(&whole, [0; 3]) / amplitude(&eighth, [0; 3]) - 8.0).abs() < 1e-9);
    // 0 0 2 is absent by the screw axis, and in P 1 it is not
    assert_eq!(amplitude(&whole, [0, 0, 2]), 0.0);
    assert!(amplitude(&eighth, [0, 0, 2]) > 1.0);
}

#[test]
fn dispersion_is_taken_at_the_mean_energy_of_the_sources() {
    let directory = tempfile::tempdir().unwrap();
    let sources = directory.path().join("s.txt");
    // 12000 eV with weight 3 and 16000 eV with weight 1
    std::fs::write(&sources, "0 0 1 3 1.0332016666666667e-10\n0 0 1 1 0.7749012500000001e-10\n").unwrap();
    let resolved = of_model(&format!(
        "beam.source_file = {:?}\ncrystal.structure_factors.solvent = false",
        sources.to_str().unwrap()
    ));
    let model = coordinates::read(Path::new(MODEL)).unwrap().choose(ModelChoice::First);
    let hkls = [[1, 2, 3], [-1, -2, -3], [4, 0, 5], [2, 3, 7]];
    let dispersion = anomalous::dispersion(model.atoms.iter().map(|atom| atom.element), 13000.0).unwrap();
    for (hkl, expected) in hkls.into_iter().zip(direct::structure_factors(&model, &dispersion, &hkls)) {
        let found = amplitude(&resolved, hkl);
        assert!((found / expected.norm() - 1.0).abs() < 2e-3, "{hkl:?}: {found} and {expected}");
    }
}

#[test]
fn printed_experiments_find_the_same_amplitudes() {
    let directory = tempfile::tempdir().unwrap();
    let list = directory.path().join("f.hkl");
    let lines: String = (-6..=6)
        .flat_map(|h| (-6..=6).flat_map(move |k| (-9..=9).map(move |l| (h, k, l))))
        .filter(|(h, k, l)| (h + 2 * k + 3 * l) % 5 != 0)
        .map(|(h, k, l): (i32, i32, i32)| format!("{h} {k} {l} {}\n", 100 + h * h + (k * l).abs()))
        .collect();
    std::fs::write(&list, lines).unwrap();
    let hkl = format!(
        "crystal.structure_factors.file = {:?}\ncrystal.cell = [41.98, 41.98, 88.92]\n",
        list.to_str().unwrap()
    );
    let pdb = format!("crystal.structure_factors.file = {MODEL:?}\n");
    for lines in [
        pdb.clone(),
        format!("{pdb}crystal.structure_factors.models = \"all\"\ncrystal.structure_factors.k_sol = 0.33\nbeam.dispersion.range = 0.01\nbeam.dispersion.steps = 2"),
        format!("{pdb}crystal.structure_factors.solvent = false\ncrystal.space_group = \"P43212\"\nsampling.d_min = 5.1"),
        format!("{hkl}crystal.structure_factors.fill = \"constant\"\ncrystal.structure_factors.fill_amplitude = 7.5"),
        format!("{hkl}crystal.structure_factors.fill = \"wilson\"\ncrystal.structure_factors.seed = 3\ncrystal.space_group = \"P 2 2 2\""),
        format!("{hkl}crystal.structure_factors.fill = \"coordinates\"\ncrystal.structure_factors.fill_file = {MODEL:?}"),
        "crystal.cell = [41.98, 41.98, 88.92]\ncrystal.structure_factors.synthetic = \"wilson\"\ncrystal.space_group = 96".to_owned(),
    ] {
        let first = experiment(&lines);
        let printed = to_toml(&first.description);
        let second = toml::parse(&printed, Path::new("printed.toml")).and_then(resolve).unwrap_or_else(|e| panic!("{e}\n{printed}"));
        assert_eq!(format!("{:?}", second.experiment), format!("{:?}", first.experiment), "{lines}");
        assert!(!second.notices.iter().any(|notice| notice.0.contains("no effect")), "{:?}", second.notices);
        let missing = first.coverage.unwrap().missing;
        assert_eq!(missing, 0, "{lines}");
    }
}
