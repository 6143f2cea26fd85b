//! Structure factors from coordinates and by chance: `bragg sf`, `bragg simulate --pdb`, and what is kept between runs.

mod common;

use common::Workplace;
use std::process::Stdio;

/// HIV capsid C-terminal domain (PDB entry 1A8O), P 43 21 2.
const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/1a8o.pdb");

/// A small image of it, to 3.3 Å.
const EXPERIMENT: &str = "\
crystal.misset = [10, 20, 30]
crystal.n_cells = 5
crystal.shape = \"gauss\"
crystal.structure_factors.file = \"MODEL\"
beam.wavelength = 1
beam.fluence = 1e27
detector.pixels = [60, 40]
detector.pixel_size = 1
detector.distance = 120
";

/// A carbon atom at rest in a cube of 10 Å, P 1.
const CARBON: &str = "\
CRYST1   10.000   10.000   10.000  90.00  90.00  90.00 P 1           1
HETATM    1  C   UNK A   1       1.000   2.000   3.000  1.00  0.00           C
END
";

fn workplace() -> Workplace {
    let workplace = Workplace::new();
    workplace.write("y.toml", EXPERIMENT.replace("MODEL", MODEL));
    workplace
}

/// What the program writes to standard output, when it succeeds.
fn printed(workplace: &Workplace, words: &str) -> String {
    let output = workplace.bragg(words).output().unwrap();
    assert!(output.status.success(), "bragg {words}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The last row of the table of `bragg sf`: reflections, possible, complete (%), ⟨F⟩, ⟨F²⟩.
fn total(table: &str) -> Vec<f64> {
    let row = table.lines().find_map(|line| line.trim().strip_prefix("all ")).unwrap_or_else(|| panic!("{table}"));
    row.replace('%', "").split_whitespace().map(|word| word.parse().unwrap()).collect()
}

#[test]
fn an_image_of_a_model_is_that_of_its_structure_factors() {
    let workplace = workplace();
    let d_min = "--set crystal.structure_factors.d_min=2.9";
    workplace.run(&format!("simulate y.toml {d_min} -o model.npy"));
    workplace.run(&format!("sf {MODEL} --dmin 2.9 --wavelength 1 -o P1.hkl -o Fdump.bin -o out.mtz"));
    let cell = "--set crystal.cell=[41.98,41.98,88.92]";
    for file in ["P1.hkl", "Fdump.bin"] {
        workplace.run(&format!("simulate y.toml --set crystal.structure_factors.file={file} {cell} -o file.npy"));
        assert!(workplace.read("model.npy") == workplace.read("file.npy"), "{file}");
    }
    // as the drop-in reads it: other physics, but the same reflections
    workplace.run(
        "nanobragg -hkl P1.hkl -cell 41.98 41.98 88.92 90 90 90 -N 5 -lambda 1 -distance 120 -pixel 1 -detpixels 40 -floatfile f.bin",
    );
    assert!(workplace.read("f.bin").iter().any(|&byte| byte != 0));
}

#[test]
fn the_second_run_uses_what_the_first_has_kept() {
    let workplace = workplace();
    let entries =
        || std::fs::read_dir(workplace.cache()).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let run = |words: &str| workplace.run(&format!("simulate y.toml -o a.npy {words}"));
    assert!(run("--no-cache").contains("Å calculated") && entries().is_empty());
    let without = workplace.read("a.npy");
    assert!(run("").contains("Å calculated"));
    let [entry] = &entries()[..] else { panic!("there is one entry") };
    assert!(workplace.read("a.npy") == without);
    assert!(run("").contains("kept from an earlier run"));
    assert!(workplace.read("a.npy") == without);
    // another parameter is another entry, and so is another file
    assert!(run("--set crystal.structure_factors.k_sol=0.3").contains("Å calculated"));
    assert!(run("--set beam.wavelength=1.01").contains("Å calculated"));
    assert_eq!(entries().len(), 3);
    let whole = std::fs::read(entry).unwrap();
    for damaged in [&whole[..whole.len() / 2], b"", &[b'x'; 5000]] {
        std::fs::write(entry, damaged).unwrap();
        assert!(run("").contains("Å calculated"));
        assert!(workplace.read("a.npy") == without);
        assert!(std::fs::read(entry).unwrap() == whole);
    }
    std::fs::remove_dir_all(workplace.cache()).unwrap();
    assert!(run("").contains("Å calculated") && workplace.read("a.npy") == without);
}

#[test]
fn two_processes_at_once_do_not_disturb_each_other() {
    let workplace = workplace();
    let mut processes: Vec<_> = (0..3)
        .map(|i| {
            std::process::Command::new(assert_cmd::cargo::cargo_bin("bragg"))
                .args(["simulate", "y.toml", "-q", "-o", &format!("{i}.npy")])
                .env("BRAGG_CACHE", workplace.cache())
                .current_dir(workplace.folder())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    assert!(processes.iter_mut().all(|process| process.wait().unwrap().success()));
    assert!(workplace.read("0.npy") == workplace.read("1.npy") && workplace.read("1.npy") == workplace.read("2.npy"));
    assert!(workplace.run("simulate y.toml -o 3.npy").contains("kept from an earlier run"));
    assert!(workplace.read("0.npy") == workplace.read("3.npy"));
}

#[cfg(unix)]
#[test]
fn a_cache_that_cannot_be_written_is_no_error() {
    let workplace = workplace();
    let output = workplace.bragg("simulate y.toml -o a.npy").env("BRAGG_CACHE", "/dev/null/no").output().unwrap();
    let messages = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && messages.contains("are not kept for later runs"), "{messages}");
    let silent = workplace.bragg("simulate y.toml -o a.npy").env("BRAGG_CACHE", "").output().unwrap();
    assert!(!String::from_utf8(silent.stderr).unwrap().contains("not kept"));
}

#[test]
fn a_crystal_alone_makes_an_image_whose_printed_experiment_makes_it_again() {
    let workplace = Workplace::new();
    std::fs::copy(MODEL, workplace.path("1a8o.pdb")).unwrap();
    let set = "--set detector.pixels=[60,50] --set detector.pixel_size=1 --set crystal.mosaic.domains=3 --set scan.steps=2 --set sampling.d_min=4";
    let messages = workplace.run(&format!("simulate 1a8o.pdb {set}"));
    assert!(messages.contains("no experiment file") && messages.contains("wrote 1a8o.png, 1a8o.cbf"), "{messages}");
    let toml = printed(&workplace, &format!("simulate --pdb 1a8o.pdb {set} --print-experiment"));
    for expected in
        ["n_cells = [36, 36, 17]  # automatic: ", "d_min = ", "wavelength = 1.0  # Å; automatic", "steps = 2  # --set"]
    {
        assert!(toml.contains(expected), "{expected}: {toml}");
    }
    workplace.write("printed.toml", &toml);
    workplace.run("show 1a8o.cbf -o a.npy");
    workplace.run("simulate printed.toml -o b.npy");
    assert!(workplace.read("a.npy") == workplace.read("b.npy"));
    assert!(workplace.read("1a8o.png").starts_with(b"\x89PNG"));
    // the crystal of an experiment file is replaced
    workplace.run("simulate x.toml --set crystal.structure_factors.d_min=4 --pdb 1a8o.pdb -o c.npy");
}

#[test]
fn the_plan_of_a_crystal_alone_follows_what_is_set() {
    let workplace = Workplace::new();
    std::fs::copy(MODEL, workplace.path("1a8o.pdb")).unwrap();
    let plan = |set: &str| {
        let words = format!(
            "simulate 1a8o.pdb --print-experiment --set detector.pixels=[60,50] --set detector.pixel_size=1 {set}"
        );
        let output = workplace.bragg(&words).output().unwrap();
        let [toml, notes] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert!(output.status.success(), "{notes}");
        (toml, notes)
    };
    let steps = |toml: &str| -> f64 {
        let line = toml.lines().find(|line| line.starts_with("steps = ")).unwrap();
        assert!(line.contains("# automatic"), "{line}");
        line["steps = ".len()..].split(' ').next().unwrap().parse().unwrap()
    };
    let (toml, notes) = plan("");
    assert!(
        notes.contains("a rotation by 0.5° of a crystal of 50 µm in a beam of 50 µm with 2.0e10 photons"),
        "{notes}"
    );
    let steps_of_half_a_degree = steps(&toml);
    // 50 µm cubed over 36·41.98 × 36·41.98 × 17·88.92 Å³
    assert!(toml.contains("\nn_blocks = 36205268.0"), "{toml}");
    let (toml, notes) = plan("--set scan.range=0");
    assert!(notes.contains("a still of a crystal") && !notes.contains("rotation"), "{notes}");
    assert!(toml.contains("\nsteps = 1  #") && !toml.contains("half a degree"), "{toml}");
    let (toml, _) = plan("--set scan.range=2");
    let ratio = steps(&toml) / steps_of_half_a_degree;
    assert!((3.5..4.5).contains(&ratio), "{toml}");
    let (toml, notes) = plan("--set scan.step=0.1 --set scan.steps=3");
    assert!(notes.contains("a rotation by 0.3") && toml.contains("\nsteps = 3  # --set"), "{notes}{toml}");
    // 10¹² /s for 0.01 s in a square of 20 µm are 2.5e19 photons/m²; 20 × 20 × 50 µm³ of the crystal
    let (toml, notes) = plan("--set beam.flux=1e12 --set beam.exposure=0.01 --set beam.size=0.02");
    assert!(
        notes.contains("in a beam of 20 µm with 1.0e10 photons") && notes.contains("illuminates 16.000 %"),
        "{notes}"
    );
    let number = |name: &str| -> f64 {
        let line = toml
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "))
            .unwrap_or_else(|| panic!("{name}: {toml}"));
        line.split(' ').next().unwrap().parse().unwrap()
    };
    assert!((number("fluence") / 2.5e19 - 1.0).abs() < 1e-12);
    let block = (36.0 * 41.98_f64).powi(2) * (17.0 * 88.92);
    assert!((number("n_blocks") / (2e16 / block) - 1.0).abs() < 1e-9);
    let (_, notes) = plan("--set crystal.extent=[0.01,0.02,0.03]");
    assert!(notes.contains("a crystal of 10 µm × 20 µm × 30 µm in a beam of 20 µm"), "{notes}");
    let (_, notes) = plan("--set crystal.n_blocks=5 --set beam.fluence=1e20");
    assert!(notes.contains("of 5 mosaic blocks") && !notes.contains("photons;"), "{notes}");
}

#[test]
fn an_atom_at_rest_scatters_as_its_form_factor() {
    let workplace = Workplace::new();
    workplace.write("c.pdb", CARBON);
    let table = printed(&workplace, "sf c.pdb --dmin 2 --no-solvent -o c.hkl");
    assert!(table.contains("F(000) 6.0 electrons") && table.contains("P 1, cell 10 10 10 90 90 90"), "{table}");
    let list = String::from_utf8(workplace.read("c.hkl")).unwrap();
    let amplitude = |hkl: &str| -> f64 {
        let line = list.lines().find_map(|line| line.strip_prefix(hkl)).unwrap_or_else(|| panic!("{hkl}"));
        line.parse().unwrap()
    };
    // International Tables C (1992), table 6.1.1.1: f of carbon at sin θ/λ = 0.05, 0.10, 0.25
    for (hkl, expected) in [("1 0 0 ", 5.749), ("0 2 0 ", 5.107), ("0 0 5 ", 2.949)] {
        assert!((amplitude(hkl) / expected - 1.0).abs() < 0.002, "{hkl}: {}", amplitude(hkl));
    }
    // 515 points of a cubic lattice within a radius of 5, less the origin
    assert_eq!(total(&table)[..3], [514.0, 514.0, 100.0]);
}

#[test]
fn gaps_are_filled_and_reported() {
    let workplace = Workplace::new();
    let crystal = "--cell 20 30 40 --space-group P212121";
    let whole = printed(&workplace, &format!("sf --wilson {crystal} --dmin 3 --seed 5 -o whole.hkl"));
    assert_eq!(total(&whole)[2], 100.0);
    let list = String::from_utf8(workplace.read("whole.hkl")).unwrap();
    let kept: Vec<&str> = list.lines().filter(|line| !line.starts_with("2 ") && !line.starts_with("-2 ")).collect();
    workplace.write("gaps.hkl", kept.join("\n"));
    let gaps = printed(&workplace, &format!("sf gaps.hkl {crystal}"));
    assert!(total(&gaps)[2] < 90.0, "{gaps}");
    for (fill, how) in [("wilson", "are drawn"), ("constant --fill-amplitude 7", "have the constant amplitude")] {
        let output =
            workplace.bragg(&format!("sf gaps.hkl {crystal} --dmin 3 --fill {fill} -o filled.hkl")).output().unwrap();
        let (table, messages) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(total(&table)[2], 100.0, "{table}");
        let missing = total(&whole)[0] - total(&gaps)[0];
        assert!(messages.contains(&format!("{missing} {how}")), "{messages}");
        let filled = String::from_utf8(workplace.read("filled.hkl")).unwrap();
        assert!(
            kept.iter().filter(|line| !line.ends_with(" 0")).all(|line| filled.lines().any(|other| other == *line))
        );
    }
}

#[test]
fn made_up_amplitudes_make_an_image() {
    let workplace = Workplace::new();
    let set = "--set crystal.structure_factors.synthetic=wilson --set crystal.space_group=P1";
    let image = |more: &str, name: &str| {
        workplace.run(&format!("simulate x.toml {set} {more} -o {name}.npy"));
        workplace.read(&format!("{name}.npy"))
    };
    let one = image("", "one");
    assert!(one == image("", "again"));
    assert!(one != image("--set crystal.structure_factors.seed=2", "other"));
}

#[test]
fn crystfel_lists_are_merged_by_symmetry() {
    let workplace = Workplace::new();
    let crystfel = |words: &str| {
        workplace.run(&format!("sf {MODEL} --dmin 4 --hkl-format crystfel -o c.hkl {words}"));
        String::from_utf8(workplace.read("c.hkl")).unwrap()
    };
    let rows = |list: &str| {
        list.lines().filter(|line| line.trim().starts_with(|c: char| c == '-' || c.is_ascii_digit())).count()
    };
    let (plain, anomalous) = (crystfel(""), crystfel("--wavelength 0.9795"));
    assert!(plain.starts_with("CrystFEL reflection list version 2.0\nSymmetry: 4/mmm\n"), "{plain}");
    assert!(anomalous.contains("Symmetry: 422\n") && rows(&anomalous) > rows(&plain) * 3 / 2);
    // the list says as much as lines h k l F do
    workplace.run(&format!("sf {MODEL} --dmin 4 -o p1.hkl"));
    let text = String::from_utf8(workplace.read("p1.hkl")).unwrap();
    let row = text.lines().find(|line| line.starts_with("5 2 3 ")).unwrap();
    let f: f64 = row.split(' ').nth(3).unwrap().parse().unwrap();
    workplace.run("sf c.hkl --cell 41.98 41.98 88.92 --space-group P43212 -o back.hkl");
    crystfel("");
    workplace.run("sf c.hkl --cell 41.98 41.98 88.92 --space-group P43212 -o back.hkl");
    let back = String::from_utf8(workplace.read("back.hkl")).unwrap();
    let row = back.lines().find(|line| line.starts_with("2 -5 -3 ")).unwrap();
    let again: f64 = row.split(' ').nth(3).unwrap().parse().unwrap();
    assert!((again / f - 1.0).abs() < 1e-4, "{again} {f}");
}

#[test]
fn messages_name_the_options_that_help() {
    let workplace = Workplace::new();
    workplace.write("a.pdb", CARBON.replace("P 1  ", "Q 21 "));
    workplace.write("b.pdb", CARBON.replace("CRYST1   10.000   10.000   10.000", "CRYST1    0.000    0.000    0.000"));
    workplace.write("c.pdb", CARBON.replace("P 1  ", "     "));
    let error = |words: &str| {
        let output = workplace.bragg(words).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(error("sf a.pdb").contains("--space-group gives another"));
    assert!(error("sf b.pdb").contains("give the crystal's as --cell"));
    let with_cell = printed(&workplace, "sf b.pdb --cell 10 --no-solvent --dmin 3");
    assert!(with_cell.contains("cell 10 10 10 90 90 90") && with_cell.contains("F(000) 6.0"), "{with_cell}");
    assert!(workplace.run("sf c.pdb --no-solvent").contains("taken to be P 1 (--space-group gives another)"));
    let fine = error("sf a.pdb --space-group P1 --dmin 0.01");
    assert!(fine.contains("--dmin: a resolution limit of 0.01") && fine.contains("Å or more is possible"), "{fine}");
}

#[test]
fn printing_the_experiment_computes_nothing() {
    let virus = Workplace::new();
    virus.write("virus.pdb", CARBON.replace("   10.000   10.000   10.000", "  380.000  380.000  400.000"));
    let output = virus.bragg("simulate --pdb virus.pdb --print-experiment").output().unwrap();
    let (text, notes) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success() && text.contains("d_min = ") && text.contains("large cell"), "{text}");
    assert!(notes.contains("its unit cell is too large") && !notes.contains("F(000)"), "{notes}");
    assert!(!virus.cache().exists() || std::fs::read_dir(virus.cache()).unwrap().next().is_none());
    // what is printed makes the same image, with or without
    let small = workplace();
    let printed = printed(&small, "simulate y.toml --print-experiment");
    small.write("printed.toml", printed);
    small.run("simulate y.toml -o a.npy");
    small.run("simulate printed.toml -o b.npy");
    assert!(small.read("a.npy") == small.read("b.npy"));
}

#[test]
fn an_edge_that_is_set_changes_the_cell_of_the_file() {
    let workplace = Workplace::new();
    std::fs::copy(MODEL, workplace.path("1a8o.pdb")).unwrap();
    let words = "simulate 1a8o.pdb --print-experiment --set crystal.cell.a=43 --set detector.pixels=[60,50] --set detector.pixel_size=1";
    let output = workplace.bragg(words).output().unwrap();
    let toml = String::from_utf8(output.stdout).unwrap();
    // CRYST1 has 41.98 41.98 88.92 90 90 90
    for line in ["cell.a = 43.0", "cell.b = 41.98", "cell.c = 88.92"] {
        assert!(toml.contains(line) || toml.contains(&line["cell.".len()..]), "{line}: {toml}");
    }
}
