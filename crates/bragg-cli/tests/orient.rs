//! `bragg orient`: matrices from angles and by chance.

mod common;

use common::{EXPERIMENT, Workplace};

const CELL: &str = "--cell 40 50 60 80 95 100";

fn printed(workplace: &Workplace, words: &str) -> String {
    let output = workplace.bragg(words).output().unwrap();
    assert!(output.status.success(), "bragg {words}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The numbers behind `name =` on each line that has it.
fn numbers(text: &str, name: &str) -> Vec<Vec<f64>> {
    let lines = text.lines().filter_map(|line| line.trim_start_matches("# ").strip_prefix(&format!("{name} = ")));
    let bare = |line: &str| line.split('#').next().unwrap_or_default().replace(['[', ']', ','], " ");
    lines.map(|line| bare(line).split_whitespace().map(|word| word.parse().unwrap()).collect()).collect()
}

/// The pixels of the image of an experiment in another orientation.
fn image(workplace: &Workplace, set: &[&str]) -> Vec<f32> {
    let output = workplace.bragg("simulate bare.toml -q -o a.bin").args(set).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = workplace.read("a.bin");
    bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

fn same(a: &[f32], b: &[f32], tolerance: f32) -> bool {
    let brightest = a.iter().copied().fold(0.0, f32::max);
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance * brightest)
}

#[test]
fn a_matrix_stands_for_the_angles_or_the_seed() {
    let workplace = Workplace::new();
    workplace.write("bare.toml", EXPERIMENT.replace("cell = [40, 50, 60, 80, 95, 100]\nmisset = [10, 20, 30]\n", ""));
    let cell = ["--set", "crystal.cell=[40, 50, 60, 80, 95, 100]"];
    for (words, setting) in [
        ("--misset 10 20 30", "crystal.misset=[10, 20, 30]"),
        ("--misset -170 85 0.5", "crystal.misset=[-170, 85, 0.5]"),
        ("--random --seed 7", "crystal.orientation_seed=7"),
    ] {
        let random = if words.contains("random") { vec!["--set", "crystal.orientation=random"] } else { vec![] };
        let expected = image(&workplace, &[&cell[..], &random, &["--set", setting]].concat());
        let text = printed(&workplace, &format!("orient {CELL} {words} --wavelength 1 -o A.mat"));
        let matrix = format!("crystal.a_matrix={:?}", numbers(&text, "a_matrix")[0]);
        assert!(same(&expected, &image(&workplace, &["--set", &matrix]), 1e-5), "{words}: A");
        let angles = format!("crystal.misset={:?}", numbers(&text, "misset")[0]);
        assert!(
            same(&expected, &image(&workplace, &[&cell[..], &["--set", &angles]].concat()), 1e-3),
            "{words}: misset"
        );
        let u = format!("crystal.u_matrix={:?}", numbers(&text, "u_matrix")[0]);
        assert!(same(&expected, &image(&workplace, &[&cell[..], &["--set", &u]].concat()), 1e-5), "{words}: U");
        // the format has eight decimals
        assert!(
            same(&expected, &image(&workplace, &["--set", "crystal.mosflm_matrix=A.mat"]), 1e-2),
            "{words}: MOSFLM"
        );
    }
}

/// The largest distance between the distribution of values and a cumulative one (Kolmogorov & Smirnov).
fn distance(mut values: Vec<f64>, cumulative: impl Fn(f64) -> f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    values.iter().enumerate().map(|(i, &x)| (cumulative(x) - (i as f64 + 0.5) / n).abs()).fold(0.0, f64::max)
}

#[test]
fn random_orientations_are_uniform_over_all_rotations() {
    let workplace = Workplace::new();
    let n = 4000;
    let rotations =
        numbers(&printed(&workplace, &format!("orient --cell 10 --random --seed 3 --count {n}")), "u_matrix");
    assert_eq!(rotations.len(), n);
    // 1.95/√n is exceeded by one in a thousand
    let allowed = 1.95 / (n as f64).sqrt();
    // every axis goes anywhere on the sphere: each of its components is uniform
    for i in 0..9 {
        let off = distance(rotations.iter().map(|u| u[i]).collect(), |x| (x + 1.0) / 2.0);
        assert!(off < allowed, "element {i}: {off}");
    }
    // the angle of a uniform rotation has the density (1 − cos ω)/π (Miles, Biometrika 52 (1965) 636-639)
    let angles = rotations.iter().map(|u| ((u[0] + u[4] + u[8] - 1.0) / 2.0).clamp(-1.0, 1.0).acos()).collect();
    let off = distance(angles, |x| (x - x.sin()) / std::f64::consts::PI);
    assert!(off < allowed, "{off}");
    let again = numbers(&printed(&workplace, "orient --cell 10 --random --seed 3 --count 2"), "u_matrix");
    assert_eq!(again[..], rotations[..2]);
}

#[test]
fn several_matrices_are_numbered() {
    let workplace = Workplace::new();
    let messages = workplace.run(&format!("orient {CELL} --random --count 3 --energy 12.4keV -o A.mat"));
    assert!(messages.contains("wrote A_001.mat to A_003.mat"), "{messages}");
    let files = ["A_001.mat", "A_002.mat", "A_003.mat"].map(|name| workplace.read(name));
    assert!(files[0] != files[1] && files[1] != files[2]);
    let first = String::from_utf8(files[0].clone()).unwrap();
    assert_eq!(first.lines().count(), 9);
    assert!(first.lines().nth(7).unwrap().ends_with("  80.0000     95.0000    100.0000"), "{first}");
}
