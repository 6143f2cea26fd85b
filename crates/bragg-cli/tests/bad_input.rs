//! What cannot be used is refused: status 2, one line on standard error that names the culprit, and no file changes.

mod common;

use common::{EXPERIMENT, Workplace};

/// A workplace with files of every kind, whole and damaged, and an output that is there already.
fn workplace() -> Workplace {
    let workplace = Workplace::new();
    workplace.run("simulate x.toml -q -o a.img -o a.cbf -o a.npy -o a.bin -o a.tif -o a.pgm -o a.png");
    for name in ["a.img", "a.cbf", "a.npy", "a.tif", "a.pgm"] {
        let bytes = workplace.read(name);
        let cut = name.replace('.', "_cut.");
        workplace.write(&cut, &bytes[..bytes.len() / 3]);
        workplace.write(&name.replace('.', "_empty."), "");
        workplace.write(&name.replace('.', "_zeros."), [0; 3000]);
    }
    let mtz = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/lysozyme.mtz")).unwrap();
    workplace.write("whole.mtz", &mtz);
    workplace.write("cut.mtz", &mtz[..mtz.len() / 2]);
    workplace.write("zeros.mtz", [0; 3000]);
    workplace.write("empty.mtz", "");
    workplace.write("bad.hkl", "1 2 3 4\n1 2 x 4\n");
    workplace.write("nan.hkl", "1 2 3 nan\n");
    workplace.write("empty.hkl", "# nothing\n");
    workplace.write("far.hkl", "1 2 3 4\n999999 999999 999999 4\n");
    workplace.write("f.csv", "h,k,l,F\n");
    workplace.write("good.hkl", "1 2 3 4\n3 2 1 4\n2 2 2 7\n");
    let model = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/1a8o.pdb")).unwrap();
    workplace.write("whole.pdb", &model);
    workplace.write("no_cell.pdb", String::from_utf8_lossy(&model).replace("CRYST1", "REMARK"));
    workplace.write("nan.pdb", String::from_utf8_lossy(&model).replacen("  19.594", "     nan", 1));
    workplace.write("empty.pdb", "");
    workplace.write("empty.cif", "data_x\n");
    workplace.write("cut.pdb.gz", [0x1f, 0x8b, 8, 0, 0, 0]);
    workplace.write("sources.txt", "0 0 1 1 1e-10\n0 0 x 1 1e-10\n");
    workplace.write("short.mat", "0.1 0.2 0.3\n");
    workplace.write("latin.toml", b"# \xe9\n");
    workplace.write("two.toml", two_panels());
    workplace.write("out.npy", "old");
    workplace.write("out.img", "old");
    workplace.write("plain", "old");
    std::fs::create_dir(workplace.path("folder")).unwrap();
    std::fs::create_dir(workplace.path("folder.npy")).unwrap();
    workplace
}

fn two_panels() -> String {
    let panel = "[[detector.panel]]\norigin = [0, 10, -60]\nfast_axis = [1, 0, 0]\nslow_axis = [0, -1, 0]\n";
    EXPERIMENT.replace("distance = 60", "") + panel + &panel.replace("[0, 10", "[-30, 10")
}

/// Runs the program, which must refuse, and returns its one line.
fn refusal(workplace: &Workplace, name: &str, words: &[&str]) -> String {
    let before = workplace.files();
    let output = workplace.bragg("").args(words).output().unwrap();
    let messages = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{name}: {messages}");
    assert!(output.stdout.is_empty(), "{name}");
    assert_eq!(messages.matches('\n').count(), 1, "{name}: {messages}");
    assert!(messages.starts_with("bragg: error: ") && messages.ends_with('\n'), "{name}: {messages}");
    for word in ["panic", "RUST_BACKTRACE", "unwrap", "Os {"] {
        assert!(!messages.contains(word), "{name}: {messages}");
    }
    assert!(workplace.files() == before, "{name}: files have changed");
    messages
}

/// What is wrong with an experiment, by a setting.
const SETTINGS: &[(&str, &str)] = &[
    ("detector.distanse=100", "the nearest is detector.distance"),
    ("distance=100", "the nearest is"),
    ("zzz.yyy=1", "no such key"),
    ("detector.distance=\"far\"", "detector.distance (--set)"),
    ("detector.distance=[1, 2]", "detector.distance (--set)"),
    ("detector.distance=nan", "detector.distance (--set)"),
    ("detector.distance=inf", "detector.distance (--set)"),
    ("detector.distance=0", "not 0"),
    ("detector.distance=\"3 furlongs\"", "furlongs"),
    ("detector.pixels=[0, 10]", "detector.pixels (--set)"),
    ("detector.pixels=[-5, 10]", "detector.pixels (--set)"),
    ("detector.pixels=[10.5, 10]", "whole number"),
    ("detector.pixels=[10]", "has 1 values"),
    ("detector.pixels=[1000000, 1000000]", "1000000000000 pixels"),
    ("detector.pixels=[99999999999999999999, 1]", "detector.pixels"),
    ("detector.pixel_size=0", "greater than 0"),
    ("detector.pixel_size=-0.1", "greater than 0"),
    ("detector.roi=[0, 60, 0, 39]", "detector.roi (--set)"),
    ("detector.roi=[9, 3, 0, 39]", "detector.roi (--set)"),
    ("detector.fast_axis=[0, 0, 0]", "length that is not 0"),
    ("detector.fast_axis=[1, 1, 0]", "perpendicular"),
    ("detector.preset=\"kodak\"", "\"eiger2-4m\""),
    ("detector.mask=nowhere.npy", "cannot read nowhere.npy"),
    ("detector.mask=folder.npy", "cannot read folder.npy"),
    ("detector.mask=a_cut.npy", "a_cut.npy"),
    ("detector.mask=plain", "no extension"),
    ("detector.sensor.thickness=0.3", "detector.sensor.material"),
    ("crystal.cell=[40, 50, 60, 30, 30, 100]", "no cell has the angles"),
    ("crystal.cell=[0, 50, 60]", "crystal.cell.a (--set)"),
    ("crystal.cell=[40, 50, 60, 90, 180, 90]", "180"),
    ("crystal.cell=[nan]", "crystal.cell.a (--set)"),
    ("crystal.u_matrix=[1, 0, 0, 0, 1, 0, 0, 0, 2]", "is no rotation"),
    ("crystal.n_cells=0", "crystal.n_cells (--set)"),
    ("crystal.n_cells=0.5", "crystal.n_cells"),
    ("crystal.mosaic.eta=-1", "crystal.mosaic.eta (--set)"),
    ("crystal.mosaic_spread=0.1", "is called crystal.mosaic.half_width now"),
    ("crystal.mosaic.domains=0", "crystal.mosaic.domains (--set)"),
    ("crystal.mosaic.domains=2000000000", "at most 1e7 are allowed"),
    ("crystal.shape=\"star\"", "\"gauss\""),
    ("crystal.mosflm_matrix=nowhere.mat", "nowhere.mat"),
    ("crystal.mosflm_matrix=short.mat", "short.mat"),
    ("crystal.structure_factors.default=-3", "not negative"),
    ("crystal.structure_factors.file=nowhere.mtz", "cannot read nowhere.mtz"),
    ("crystal.structure_factors.file=folder", "folder"),
    ("crystal.structure_factors.file=cut.mtz", "cut.mtz"),
    ("crystal.structure_factors.file=zeros.mtz", "zeros.mtz"),
    ("crystal.structure_factors.file=empty.mtz", "empty.mtz"),
    ("crystal.structure_factors.file=bad.hkl", "bad.hkl:2"),
    ("crystal.structure_factors.file=nan.hkl", "nan.hkl:1"),
    ("crystal.structure_factors.file=empty.hkl", "no reflections"),
    ("crystal.structure_factors.file=far.hkl", "far.hkl"),
    ("crystal.structure_factors.file=f.csv", "f.csv"),
    ("crystal.structure_factors.column=F", "has no effect without"),
    ("crystal.structure_factors.file=nowhere.pdb", "cannot read nowhere.pdb"),
    ("crystal.structure_factors.file=no_cell.pdb", "no_cell.pdb: CRYST1 names no space group, and REMARK 290"),
    ("crystal.structure_factors.file=nan.pdb", "nan.pdb:"),
    ("crystal.structure_factors.file=empty.pdb", "empty.pdb: there are no"),
    ("crystal.structure_factors.file=empty.cif", "empty.cif: "),
    ("crystal.structure_factors.file=cut.pdb.gz", "cut.pdb.gz: it cannot be unpacked"),
    ("crystal.structure_factors.format=\"jpeg\"", "\"coordinates\""),
    ("crystal.structure_factors.models=\"second\"", "one of \"first\", \"all\""),
    ("crystal.structure_factors.solvent=0.3", "true or false"),
    ("crystal.structure_factors.k_sol=-1", "from 0 to 10"),
    ("crystal.structure_factors.b_sol=1e300", "from 0 to 1000"),
    ("crystal.structure_factors.d_min=0", "greater than 0"),
    ("crystal.structure_factors.fill=\"guess\"", "\"wilson\""),
    ("crystal.structure_factors.synthetic=\"flat\"", "\"wilson\""),
    ("crystal.structure_factors.seed=-1", "not negative"),
    ("beam.wavelength=0", "greater than 0"),
    ("beam.wavelength=-1", "greater than 0"),
    ("beam.wavelength=true", "beam.wavelength (--set)"),
    ("beam.fluence=0", "greater than 0"),
    ("beam.polarization_fraction=1.5", "from 0 to 1"),
    ("beam.source_file=nowhere.txt", "nowhere.txt"),
    ("beam.source_file=sources.txt", "sources.txt:2"),
    ("beam.dispersion.range=2.1", "beam.dispersion.range"),
    ("beam.divergence.horizontal_steps=5", "give the range"),
    ("scan.steps=0", "scan.steps (--set)"),
    ("beam.energy=12.7", "was \"12.7 keV\" meant?"),
    ("detector.distance=0.15", "was \"0.15 m\" meant?"),
    ("sampling.oversample=31623", "from 1 to 10000"),
    ("crystal.n_cells=1000000000", "crystal.n_cells (--set): makes a mosaic block of 6.000e3 mm"),
    ("crystal.domain_size=\"5 mm\"", "makes a mosaic block of"),
    ("crystal.extent=\"1e300 m\"", "to 1000"),
    ("crystal.size=\"30 um\"", "crystal.size (--set): is called crystal.domain_size now"),
    ("beam.size=\"1e9 m\"", "to 1000"),
    ("sampling.oversample=0", "sampling.oversample (--set)"),
    ("sampling.d_min=-1", "not negative"),
    ("sampling.oversample_polar=true", "sampling.physics"),
    ("sampling.precision=\"half\"", "one of \"double\", \"fast\""),
    ("sampling.precision=2", "sampling.precision (--set)"),
    ("sampling.culling=-1", "from 0 to 0.01"),
    ("sampling.culling=0.5", "from 0 to 0.01"),
    ("sampling.culling=nan", "sampling.culling (--set)"),
    ("background.water=-1", "not negative"),
    ("noise.seed=-1", "not negative"),
    ("noise.gain=0", "greater than 0"),
    ("output.png.scale=\"cubic\"", "\"sqrt\""),
    ("output.png.color_map=\"jet\"", "\"viridis\""),
    ("output.png.rings=[2, 0]", "greater than 0"),
    ("output.png.rings=[\"auto\", 2]", "one or the other"),
    ("output.png.range=[5, 5]", "the first must be less"),
    ("no equals sign", "KEY=VALUE"),
];

#[test]
fn settings_that_cannot_be_are_refused() {
    let workplace = workplace();
    for &(setting, expected) in SETTINGS {
        let messages = refusal(&workplace, setting, &["simulate", "x.toml", "-o", "out.npy", "--set", setting]);
        assert!(messages.contains(expected), "{setting}: {messages}");
    }
}

/// What is wrong with an experiment file, by what is added to a good one.
const LINES: &[(&str, &str)] = &[
    ("[scan\nsteps = 1", "y.toml:20"),
    ("[scan]\nstepz = 1", "scan.stepz (y.toml:21): there is no such key; the nearest is scan.step"),
    ("[skan]\nsteps = 1", "y.toml:20"),
    ("[scan]\nsteps = \"three\"", "scan.steps (y.toml:21)"),
    ("[scan]\nsteps = 1\nsteps = 2", "y.toml:22"),
    ("[scan]\nstart = nan", "scan.start (y.toml:21)"),
    ("[scan]\naxis = 3", "scan.axis (y.toml:21)"),
    ("[crystal]\nmosaic.eta = 1", "y.toml:20"),
    ("[noise]\npoisson = \"yes\"", "noise.poisson (y.toml:21)"),
    ("[output]\nfiles = [3]", "output.files (y.toml:21)"),
    ("[output]\nfiles = [\"\"]", "output.files (y.toml:21)"),
    ("[[detector.panel]]\norigin = [1, 2, 3]", "detector.panel[0].fast_axis: is missing"),
    ("[scan]\nsteps = 1979-05-27", "scan.steps (y.toml:21)"),
];

#[test]
fn files_that_cannot_be_are_refused_by_line() {
    let workplace = workplace();
    assert_eq!(EXPERIMENT.lines().count(), 19, "the cases count from here");
    for &(lines, expected) in LINES {
        workplace.write("y.toml", format!("{EXPERIMENT}{lines}\n"));
        let messages = refusal(&workplace, lines, &["simulate", "y.toml", "-o", "out.npy"]);
        assert!(messages.contains(expected), "{lines}: {messages}");
    }
}

/// Whole command lines, and what their refusal says.
const COMMANDS: &[(&str, &str)] = &[
    // experiments that are none
    ("simulate nowhere.toml", "cannot read nowhere.toml"),
    ("simulate folder", "cannot read folder"),
    ("simulate latin.toml", "latin.toml:1: is not text"),
    ("simulate a.npy", "a.npy"),
    ("simulate plain", "plain:1"),
    // outputs that cannot be written, found before the work
    ("simulate x.toml -o out.xyz", ".xyz"),
    ("simulate x.toml -o out", "no extension"),
    ("simulate x.toml -o nowhere/out.npy", "its folder does not exist"),
    ("simulate x.toml -o plain/out.npy", "cannot write plain/out.npy"),
    ("simulate x.toml -o folder.npy", "cannot write folder.npy"),
    ("simulate x.toml -o out.npy -o out.npy", "twice"),
    ("simulate x.toml --set detector.mask=a.npy -o a.npy", "would overwrite the input"),
    ("simulate x.toml -o new.npy -o nowhere/out.npy", "cannot write nowhere/out.npy"),
    ("simulate two.toml -o out.img", "the image has 2 panels"),
    ("simulate two.toml -o out.cbf", "the image has 2 panels"),
    ("simulate two.toml --set detector.panel[1].pixels=[3,4] -o out.npy", "the panels differ in size"),
    ("simulate two.toml --set detector.mask=a.npy -o out.npy", "the mask has 60 × 40 pixels"),
    (
        "simulate x.toml --set detector.mask=a.npy --set detector.pixels=[40,60] -o out.npy",
        "the mask has 60 × 40 pixels",
    ),
    // the command line itself
    ("simulate", "<EXPERIMENT.toml>"),
    ("simulate x.toml y.toml", "y.toml"),
    ("simulate x.toml --frobnicate", "--frobnicate"),
    ("simulate x.toml --threads 0 -o out.npy", "--threads"),
    ("simulate x.toml --threads many -o out.npy", "--threads"),
    ("simulate x.toml --precision half -o out.npy", "--precision: is \"half\"; it must be one of"),
    ("simulate x.toml --png-scale cubic -o out.png", "--png-scale"),
    ("simulate x.toml -o", "--output"),
    ("simlate x.toml", "simulate"),
    ("reference nothing", "experiment"),
    // structure factors
    ("sf", "<INPUT>"),
    ("sf nowhere.pdb", "cannot read nowhere.pdb"),
    ("sf plain", "plain: neither its content nor its name tell"),
    ("sf no_cell.pdb", "no_cell.pdb: it has no unit cell"),
    ("sf whole.pdb --dmin 0", "--dmin: is 0"),
    ("sf whole.pdb --dmin fine", "--dmin: is \"fine\""),
    ("sf whole.pdb --dmin 0.001", "--dmin: a resolution limit of 0.001 Å is too fine"),
    ("sf whole.pdb --dmin 3 --energy 1", "not for 1 eV"),
    ("sf whole.pdb --dmin 3 --energy 12 --wavelength 1", "--wavelength"),
    ("sf whole.pdb --dmin 3 --k-sol -1", "--k-sol: is -1"),
    ("sf whole.pdb --dmin 3 --models some", "--models: is \"some\""),
    ("sf whole.pdb --dmin 3 --space-group P999", "P999"),
    ("sf whole.pdb --dmin 3 --space-group P23", "does not fit the cubic space group"),
    ("sf whole.pdb --dmin 3 --column F", "--column: has no effect with coordinates"),
    ("sf whole.pdb --dmin 3 -o out.xyz", "out.xyz: cannot be written"),
    ("sf whole.pdb --dmin 3 -o nowhere/out.hkl", "its folder does not exist"),
    ("sf good.hkl -o good.hkl", "would overwrite the input"),
    ("sf good.hkl -o out.mtz", "an MTZ file needs the unit cell"),
    ("sf good.hkl --fill wilson", "--cell: is missing"),
    ("sf good.hkl --fill sideways", "--fill: is \"sideways\""),
    ("sf good.hkl --cell 40 --fill constant", "fill_amplitude: is missing"),
    ("sf good.hkl --cell 40 --fill coordinates", "--fill: is \"coordinates\""),
    ("sf good.hkl --cell 40 --fill wilson", "--fill: "),
    ("sf good.hkl --column F", "only MTZ and CIF files have column labels"),
    ("sf --wilson", "--cell: is missing"),
    ("sf --wilson --cell 40 50 60", "--dmin: is missing"),
    ("sf --wilson --cell 40 50 60 --dmin 3 --space-group P4", "does not fit"),
    ("sf --wilson --cell 40 --dmin 3 --b-factor -3", "--b-factor: is -3"),
    ("sf --wilson --cell 40 --dmin 3 --seed -3", "--seed: is -3"),
    ("sf --wilson whole.pdb", "--wilson"),
    // orientations
    ("orient", "<INPUT>"),
    ("orient good.hkl", "good.hkl: there is no unit cell"),
    ("orient nowhere.pdb", "cannot read nowhere.pdb"),
    ("orient --cell 10 20", "--cell: has 2 numbers"),
    ("orient --cell 10 20 30 90 90 200", "--cell: "),
    ("orient --cell 10 --misset 1 2", "--misset"),
    ("orient --cell 10 --misset 1 2 nan", "--misset"),
    ("orient --cell 10 --misset 1 2 3 --random", "--random"),
    ("orient --cell 10 --count 3", "--random"),
    ("orient --cell 10 --random --count 0", "--count"),
    ("orient --cell 10 -o a.mat", "--wavelength: is missing"),
    ("orient --cell 10 --wavelength 0 -o a.mat", "--wavelength: is 0"),
    ("orient --cell 10 --wavelength long -o a.mat", "--wavelength: is \"long\""),
    ("orient --cell 10 --wavelength 1 -o a.txt", "a.txt: is no name for a MOSFLM matrix"),
    ("orient --cell 10 --wavelength 1 -o nowhere/a.mat", "its folder does not exist"),
    // a crystal without an experiment file
    ("simulate --pdb nowhere.pdb", "cannot read nowhere.pdb"),
    ("simulate --pdb no_cell.pdb", "no_cell.pdb: it has no unit cell"),
    ("simulate --pdb good.hkl", "good.hkl: it has no unit cell"),
    ("simulate nan.pdb", "nan.pdb:"),
    ("simulate whole.pdb --set crystal.shape=star", "\"gauss\""),
    ("simulate whole.pdb -o nowhere/a.cbf", "its folder does not exist"),
    // images that are none
    ("show nowhere.npy -o out.png", "cannot read nowhere.npy"),
    ("show folder.npy -o out.png", "cannot read folder.npy"),
    ("show plain -o out.png", "no extension"),
    ("show a.png -o out.npy", "holds no data"),
    ("show a_cut.img -o out.npy", "a_cut.img"),
    ("show a_cut.cbf -o out.npy", "a_cut.cbf"),
    ("show a_cut.npy -o out.npy", "a_cut.npy"),
    ("show a_cut.tif -o out.npy", "a_cut.tif"),
    ("show a_cut.pgm -o out.npy", "a_cut.pgm"),
    ("show a_empty.img -o out.npy", "a_empty.img"),
    ("show a_empty.cbf -o out.npy", "a_empty.cbf"),
    ("show a_empty.npy -o out.npy", "a_empty.npy"),
    ("show a_empty.tif -o out.npy", "a_empty.tif"),
    ("show a_zeros.img -o out.npy", "a_zeros.img"),
    ("show a_zeros.cbf -o out.npy", "a_zeros.cbf"),
    ("show a_zeros.npy -o out.npy", "a_zeros.npy"),
    ("show a_zeros.tif -o out.npy", "a_zeros.tif"),
    ("show a_zeros.pgm -o out.npy", "a_zeros.pgm"),
    ("show a.bin -o out.npy", "a.bin"),
    ("show a.bin --size 60 41 -o out.npy", "a.bin"),
    ("show a.bin --size 0 0 -o out.npy", "a.bin"),
    ("show a.bin --size 4294967296 4294967296 -o out.npy", "a.bin"),
    ("show a.bin --size 60 -o out.npy", "--size"),
    ("show a.npy --experiment two.toml -o out.cbf", "two.toml"),
    ("show a.npy --rings auto -o out.png", "--rings"),
    ("show a.npy --beam -o out.png", "--beam"),
    ("show a.cbf --rings 2,x -o out.png", "--rings"),
    ("show a.cbf --rings -2 -o out.png", "--rings"),
    ("show a.cbf --scale cubic -o out.png", "--scale"),
    ("show a.cbf --colors jet -o out.png", "--colors"),
    ("show a.cbf --range 3 nan -o out.png", "--range"),
    ("show a.cbf --range 3 2 -o out.png", "--range"),
    ("show a.cbf --max-width 0 -o out.png", "--max-width"),
    ("show a.cbf -o a.cbf", "would overwrite the input"),
    ("noise a.npy", "--output"),
    ("noise nowhere.npy -o out.npy", "cannot read nowhere.npy"),
    ("noise a.npy --seed x -o out.npy", "--seed"),
    ("noise a.npy --seed -1 -o out.npy", "--seed"),
    ("noise a.npy --gain 0 -o out.npy", "--gain"),
    ("noise a.npy --adc nan -o out.npy", "--adc"),
    ("noise a.npy --scale -1 -o out.npy", "--scale"),
    ("noise a.npy --scale nan -o out.npy", "--scale"),
    ("noise a.npy --saturation 0 -o out.npy", "--saturation"),
    ("noise a.npy -o a.npy", "would overwrite the input"),
    ("noise a.npy -o nowhere/out.npy", "its folder does not exist"),
];

#[test]
fn commands_that_cannot_be_are_refused() {
    let workplace = workplace();
    for &(words, expected) in COMMANDS {
        let messages = refusal(&workplace, words, &words.split(' ').collect::<Vec<_>>());
        assert!(messages.contains(expected), "{words}: {messages}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let workplace = workplace();
    for extension in ["npy", "img", "cbf", "bin", "pgm", "png", "tif"] {
        let link = workplace.path(&format!("full.{extension}"));
        std::os::unix::fs::symlink("/dev/full", &link).unwrap();
        let output = workplace.bragg(&format!("simulate x.toml -q -o full.{extension}")).output().unwrap();
        let messages = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{extension}: {messages}");
        assert!(
            messages.starts_with(&format!("bragg: error: cannot write full.{extension}: No space left")),
            "{messages}"
        );
        assert_eq!(messages.matches('\n').count(), 1, "{messages}");
        std::fs::remove_file(link).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn folders_and_files_that_may_not_be_written_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let workplace = workplace();
    std::fs::set_permissions(workplace.path("folder"), std::fs::Permissions::from_mode(0o555)).unwrap();
    std::fs::set_permissions(workplace.path("out.img"), std::fs::Permissions::from_mode(0o444)).unwrap();
    // whoever may do everything is not stopped by permissions
    if std::fs::write(workplace.path("folder/probe"), "").is_err() {
        for file in ["folder/out.npy", "out.img"] {
            let messages = refusal(&workplace, file, &["simulate", "x.toml", "-o", file]);
            assert!(messages.contains(&format!("cannot write {file}")), "{messages}");
        }
    }
    std::fs::set_permissions(workplace.path("folder"), std::fs::Permissions::from_mode(0o755)).unwrap();
}
