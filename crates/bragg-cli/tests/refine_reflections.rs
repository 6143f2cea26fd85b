//! `bragg refine --free f2`: the intensities of reflections.

mod common;

use common::Workplace;
use common::fits::{image, json, numbers, refused};
use serde_json::Value;
use std::collections::HashMap;

/// A rotation image of a small cell.
const ROTATION: &str = "\
[crystal]
cell = [20, 23, 26, 80, 95, 100]
misset = [10, 20, 30]
n_cells = 5
shape = \"gauss\"
structure_factors.file = \"f.hkl\"

[beam]
wavelength = 1.0
fluence = 1e29

[detector]
pixels = [100, 90]
pixel_size = 0.25
distance = 60

[scan]
range = 4
steps = 8

[sampling]
oversample = 1

[background]
offset = 0.3
";

/// Every reflection out to ±8 with its amplitude.
fn reflections(amplitude: impl Fn(i32) -> f64) -> String {
    let range = || -8..=8;
    let all = range().flat_map(|h| range().flat_map(move |k| range().map(move |l| [h, k, l])));
    // the direct beam is not recorded
    let all = all.filter(|hkl| *hkl != [0; 3]).enumerate();
    all.map(|(i, [h, k, l])| format!("{h} {k} {l} {}\n", amplitude(i as i32))).collect()
}

/// |F|² by the name of its parameter.
fn squares(reflections: &str) -> HashMap<String, f64> {
    let square = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let name = format!("crystal.structure_factors.f2[{},{},{}]", words[0], words[1], words[2]);
        (name, words[3].parse::<f64>().unwrap().powi(2))
    };
    reflections.lines().map(square).collect()
}

/// A place to work in with `truth.toml`, `start.toml` and the image `noisy.npy`.
fn workplace() -> Workplace {
    let workplace = Workplace::new();
    workplace.write("f.hkl", reflections(amplitude));
    workplace.write("truth.toml", ROTATION);
    workplace.write("g.hkl", reflections(|i| amplitude(i) * (0.8 + 0.05 * f64::from(i % 9))));
    workplace.write("start.toml", ROTATION.replace("f.hkl", "g.hkl"));
    workplace.run("simulate truth.toml -o noisy.npy --set noise.seed=7");
    workplace
}

fn amplitude(i: i32) -> f64 {
    60.0 + f64::from(i * 37 % 101)
}

const REFINE: &str =
    "refine start.toml noisy.npy --free f2,background.offset -o refined.toml --json fit.json --residual left.npy";

fn names(fit: &Value) -> Vec<&str> {
    fit["parameters"].as_array().unwrap().iter().map(|parameter| parameter["name"].as_str().unwrap()).collect()
}

/// The reflections that are known to a tenth.
fn well_known(fit: &Value) -> Vec<usize> {
    let (names, values, esds) = (names(fit), numbers(fit, "value"), numbers(fit, "esd"));
    (0..names.len()).filter(|&i| esds[i] < 0.1 * values[i] && names[i].contains("f2[")).collect()
}

#[test]
fn intensities_are_refined_into_a_file_beside_the_experiment() {
    let workplace = workplace();
    let output = workplace.bragg(REFINE).output().unwrap();
    let messages = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{messages}");
    assert!(messages.contains("wrote refined.toml, refined.hkl, fit.json, left.npy"), "{messages}");
    let warning = messages.lines().find(|line| line.contains("stay as they were")).unwrap();
    assert!(warning.contains("crystal.structure_factors.f2[-8,-8,-8]") && warning.contains("more"), "{warning}");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("of 4912 reflections refined") && table.lines().count() < 10, "{table}");

    let fit = json(&workplace);
    assert_eq!(fit["ended"], "converged");
    let truth = squares(&reflections(amplitude));
    let (values, starts, esds) = (numbers(&fit, "value"), numbers(&fit, "start"), numbers(&fit, "esd"));
    let (names, well_known) = (names(&fit), well_known(&fit));
    assert!(well_known.len() > 30, "{}", well_known.len());
    for &i in &well_known {
        let expected = truth[names[i]];
        assert!(
            (values[i] - expected).abs() < 6.0 * esds[i],
            "{}: {} ± {}, not {expected}",
            names[i],
            values[i],
            esds[i]
        );
    }
    let error = |x: &[f64]| well_known.iter().map(|&i| (x[i] / truth[names[i]] - 1.0).powi(2)).sum::<f64>();
    assert!(error(&values) < 0.1 * error(&starts));

    // the files make the image that the fit ended with
    workplace.run("simulate refined.toml -o again.npy");
    let [data, model, left] = ["noisy.npy", "again.npy", "left.npy"].map(|name| image(&workplace, name));
    for ((data, model), left) in data.iter().zip(&model).zip(&left) {
        assert!((left - (data - model) / model.sqrt()).abs() < 1e-3, "{data} {model} {left}");
    }
}

#[test]
fn cut_off_and_gone_on_with_they_end_the_same_and_so_does_one_by_itself() {
    let workplace = workplace();
    let truth = squares(&reflections(amplitude));
    workplace.run(REFINE);
    let fit = json(&workplace);
    let (values, esds) = (numbers(&fit, "value"), numbers(&fit, "esd"));
    let (names, well_known) = (names(&fit), well_known(&fit));
    let words = REFINE.replace("refined.toml", "cut.toml");
    workplace.run(&format!("{words} --iterations 3 --checkpoint state.json"));
    let messages = workplace.run(&format!("{words} --checkpoint state.json"));
    assert!(messages.contains("going on from state.json"), "{messages}");
    let again = numbers(&json(&workplace), "value");
    for &i in &well_known {
        assert!((again[i] - values[i]).abs() < 0.1 * esds[i], "{}: {} {} ± {}", names[i], values[i], again[i], esds[i]);
    }

    // one of them, by the way of all other parameters
    let best =
        well_known.iter().copied().min_by(|&i, &j| (esds[i] / values[i]).total_cmp(&(esds[j] / values[j]))).unwrap();
    workplace.run(&format!("refine truth.toml noisy.npy --free {} -o one.toml --json fit.json", names[best]));
    let one = json(&workplace);
    let (value, esd) = (numbers(&one, "value")[0], numbers(&one, "esd")[0]);
    assert!((value - truth[names[best]]).abs() < 5.0 * esd, "{value} ± {esd}, not {}", truth[names[best]]);
    assert!((esd / esds[best] - 1.0).abs() < 0.2, "{esd} {}", esds[best]);
    workplace.read("one.hkl");
    let messages = refused(&workplace, "start.toml noisy.npy --each f2");
    assert!(messages.contains("same in all images"), "{messages}");
    let messages = refused(&workplace, "start.toml noisy.npy --free f2 --start ladder");
    assert!(messages.contains("--start"), "{messages}");
}
