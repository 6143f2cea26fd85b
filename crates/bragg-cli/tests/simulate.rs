//! `bragg simulate`: from an experiment file to images.

mod common;

use common::{EXPERIMENT, Workplace};

/// The pixels of a bare file of floats.
fn photons(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

#[test]
fn the_default_is_a_picture_named_as_the_experiment_in_the_current_folder() {
    let workplace = Workplace::new();
    std::fs::create_dir(workplace.path("sub")).unwrap();
    workplace.write("sub/y.toml", EXPERIMENT);
    let messages = workplace.run("simulate sub/y.toml");
    assert!(workplace.read("y.png").starts_with(b"\x89PNG"));
    assert!(messages.contains("60 × 40 pixels") && messages.contains("wrote y.png"), "{messages}");
    assert!(messages.lines().all(|line| line.starts_with("bragg: ")), "{messages}");
}

#[test]
fn every_format_is_written_and_quiet_is_quiet() {
    let workplace = Workplace::new();
    let messages =
        workplace.run("simulate x.toml -q -o a.img -o a.cbf -o a.npy -o a.bin -o a.pgm -o a.png -o a.tif --threads 2");
    assert_eq!(messages, "");
    let pixels = photons(&workplace.read("a.bin"));
    assert_eq!(pixels.len(), 60 * 40);
    assert!(pixels.iter().all(|&x| x > 0.0), "the water scatters everywhere");
    let npy = workplace.read("a.npy");
    assert_eq!(npy[npy.len() - 60 * 40 * 4..], workplace.read("a.bin"));
    let header = String::from_utf8_lossy(&workplace.read("a.img")[..512]).into_owned();
    for expected in ["SIZE1=60;", "SIZE2=40;", "DISTANCE=60", "PIXEL_SIZE=0.5", "WAVELENGTH=1", "IMAGE_PEDESTAL=40;"] {
        assert!(header.contains(expected), "{expected}: {header}");
    }
    for name in ["a.cbf", "a.pgm", "a.png", "a.tif"] {
        assert!(!workplace.read(name).is_empty());
    }
}

#[test]
fn files_of_the_experiment_are_beside_it_and_o_replaces_them() {
    let workplace = Workplace::new();
    std::fs::create_dir(workplace.path("sub")).unwrap();
    workplace.write("sub/y.toml", format!("{EXPERIMENT}\n[output]\nfiles = [\"out.bin\"]\n"));
    workplace.run("simulate sub/y.toml");
    workplace.run("simulate sub/y.toml -o other.bin");
    assert_eq!(workplace.read("sub/out.bin"), workplace.read("other.bin"));
    assert_eq!(workplace.files().len(), 4);
}

#[test]
fn the_printed_experiment_gives_the_same_bytes() {
    let workplace = Workplace::new();
    std::fs::create_dir(workplace.path("in")).unwrap();
    workplace.write("in/f.hkl", "1 2 3 500\n-1 0 2 300\n0 1 0 123.4\n2 2 2 0.1\n");
    let text = EXPERIMENT.replace("structure_factors.default = 100", "structure_factors.file = \"f.hkl\"");
    workplace.write("in/y.toml", format!("{text}\n[noise]\nseed = 9\n"));
    let set = "--set detector.distance=61.5 --set scan.range=0.3 --set scan.steps=3 --precision fast --set sampling.culling=1e-4"
        .split(' ')
        .collect::<Vec<_>>();
    let output = workplace.bragg("simulate in/y.toml --print-experiment").args(&set).output().unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    for expected in [
        "distance = 61.5  # mm; --set",
        "in/y.toml:4",
        "# default",
        "# Å; in/y.toml:10",
        "precision = \"fast\"  # --precision\n",
        "culling = 0.0001  # --set\n",
    ] {
        assert!(printed.contains(expected), "{expected}: {printed}");
    }
    workplace.write("printed.toml", &printed);
    workplace.bragg("simulate in/y.toml -o a.npy -o a.bin").args(set).assert().success();
    workplace.run("simulate printed.toml -o b.npy -o b.bin");
    assert_eq!(workplace.read("a.npy"), workplace.read("b.npy"));
    assert_eq!(workplace.read("a.bin"), workplace.read("b.bin"));
    assert!(workplace.read("a.bin").iter().any(|&byte| byte != 0));
}

#[test]
fn threads_do_not_change_the_image() {
    let workplace = Workplace::new();
    let names = [1, 2, 7].map(|n| {
        workplace.run(&format!("simulate x.toml --set noise.seed=4 --threads {n} -o {n}.npy"));
        workplace.read(&format!("{n}.npy"))
    });
    assert!(names[0] == names[1] && names[0] == names[2]);
}

#[test]
fn noise_is_about_the_expected_photons() {
    let workplace = Workplace::new();
    workplace.run("simulate x.toml -o expected.bin");
    workplace.run("simulate x.toml --set noise.seed=4 --set noise.adc_offset=40 -o noisy.bin");
    let [expected, noisy] = ["expected.bin", "noisy.bin"].map(|name| photons(&workplace.read(name)));
    let chi_squared: f64 = expected
        .iter()
        .zip(&noisy)
        .map(|(&expected, &noisy)| f64::from(noisy - 40.0 - expected).powi(2) / f64::from(expected))
        .sum();
    // each term has mean 1 and variance 2 + 1/expected
    let n = expected.len() as f64;
    let variance: f64 = expected.iter().map(|&expected| 2.0 + 1.0 / f64::from(expected)).sum();
    assert!((chi_squared - n).abs() < 5.0 * variance.sqrt(), "{chi_squared} for {n}");
}

#[test]
fn masked_pixels_stay_dark() {
    let workplace = Workplace::new();
    workplace.run("simulate x.toml -o whole.bin");
    // a mask made of an image that is 0 in its left half
    workplace.run("simulate x.toml --set detector.roi=[30,59,0,39] -o mask.npy");
    workplace.run("simulate x.toml --set detector.mask=mask.npy -o masked.bin");
    let [whole, masked] = ["whole.bin", "masked.bin"].map(|name| photons(&workplace.read(name)));
    for (i, (whole, masked)) in whole.into_iter().zip(masked).enumerate() {
        assert_eq!(masked, if i % 60 < 30 { 0.0 } else { whole }, "{i}");
    }
}

#[test]
fn missing_reflections_are_reported() {
    let workplace = Workplace::new();
    workplace.write("f.hkl", "1 2 3 500\n-1 0 2 300\n");
    let messages = workplace.run("simulate x.toml -o a.bin --set crystal.structure_factors.file=f.hkl");
    assert!(messages.contains("note: f.hkl has no amplitude for") && messages.contains("are missing, the coarsest at"));
}

#[test]
fn several_panels_go_into_npy_and_png() {
    let workplace = Workplace::new();
    let panel = "[[detector.panel]]\norigin = [0, 10, -60]\nfast_axis = [1, 0, 0]\nslow_axis = [0, -1, 0]\n";
    let text = EXPERIMENT.replace("distance = 60", "") + panel + &panel.replace("[0, 10", "[-30, 10");
    workplace.write("y.toml", text);
    let messages = workplace.run("simulate y.toml -o a.npy -o a.png");
    assert!(messages.contains("2 panels of 60 × 40 pixels"), "{messages}");
    let npy = workplace.read("a.npy");
    assert!(npy[..128].windows(11).any(|text| text == b"(2, 40, 60)"));
    assert_eq!(npy.len(), 128 + 2 * 60 * 40 * 4);
}

#[test]
fn png_scale_changes_the_picture_and_nothing_else() {
    let workplace = Workplace::new();
    workplace.run("simulate x.toml -o log.png -o log.bin");
    workplace.run("simulate x.toml --png-scale sqrt -o sqrt.png -o sqrt.bin");
    assert_ne!(workplace.read("log.png"), workplace.read("sqrt.png"));
    assert_eq!(workplace.read("log.bin"), workplace.read("sqrt.bin"));
}

#[test]
fn help_and_version_are_on_standard_output() {
    let workplace = Workplace::new();
    for (words, expected) in [
        ("--help", &["simulate", "show", "noise", "nanobragg", "Exit status: 0", "130 when interrupted"][..]),
        ("simulate --help", &["--print-experiment", "--precision", "--set <KEY=VALUE>", "--threads", "Examples:"]),
        ("simulate --help", &["--pdb <FILE>", "--no-cache", "simulate --pdb 1a8o.pdb"]),
        (
            "sf --help",
            &[
                "--dmin",
                "--no-solvent",
                "--space-group",
                "--fill",
                "--wilson",
                "Fdump.bin",
                "docs/structure-factors.md",
            ],
        ),
        ("orient --help", &["--misset <X> <Y> <Z>", "--random", "--count", "dxtbx"]),
        ("show --help", &["--rings <auto|D,D,…>", "--size <FAST> <SLOW>"]),
        ("noise --help", &["--seed", "--gain", "--adc", "--saturation"]),
        ("bench --help", &["--json", "--quick", "--threads", "square-table", "docs/benchmarks.md"]),
        ("--version", &[concat!("bragg ", env!("CARGO_PKG_VERSION"))]),
        ("reference experiment", &["# Experiment files", "`wavelength`"]),
        ("reference nanobragg", &["# Options of the nanoBragg drop-in", "`-lambda`"]),
    ] {
        let output = workplace.bragg(words).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{words}");
        for expected in expected {
            assert!(text.contains(expected), "{words}: no {expected} in {text}");
        }
    }
    let output = workplace.bragg("--help").output().unwrap();
    assert!(!String::from_utf8(output.stdout).unwrap().contains("reference"), "a hidden command");
}

#[cfg(unix)]
#[test]
fn a_reader_that_stops_reading_is_no_error() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("bragg"))
        .args(["reference", "experiment"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert!(output.status.success());
}

#[test]
fn what_the_detector_makes_of_photons_is_told() {
    let workplace = Workplace::new();
    for (settings, key) in
        [("--set noise.adc_offset=1e308", "noise.adc_offset"), ("--set noise.gain=1e308", "noise.gain")]
    {
        let output = workplace.bragg(&format!("simulate x.toml {settings} -o i.npy")).output().unwrap();
        let messages = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && messages.contains(key), "{messages}");
        assert!(!workplace.path("i.npy").exists());
    }
    let messages = workplace
        .run("simulate x.toml --set background.offset=1500 --set noise.seed=1 --set noise.saturation=1000 -o s.cbf");
    assert!(
        messages.contains("2400 pixels have more than 1000 counts and are recorded as saturated, 1001"),
        "{messages}"
    );
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let workplace = Workplace::new();
    for (first, second) in [
        ("beam.flux=1e12", "beam.fluence=1e20"),
        ("beam.wavelength=1", "beam.energy=12000"),
        ("crystal.n_blocks=5", "crystal.extent=0.1"),
        ("crystal.misset=[1,2,3]", "crystal.orientation=random"),
    ] {
        for [first, second] in [[first, second], [second, first]] {
            let words = format!("simulate x.toml --set {first} --set {second} -o i.npy");
            let output = workplace.bragg(&words).output().unwrap();
            let messages = String::from_utf8(output.stderr).unwrap();
            assert!(
                output.status.code() == Some(2) && messages.contains("give only one of them"),
                "{words}: {messages}"
            );
        }
    }
    // what is set wins over what the file says in another way
    workplace.run("simulate x.toml --set beam.energy=12000 -o i.npy");
}
