//! `bragg refine`: the way of a user, from a recorded image to a refined experiment.

mod common;

use bragg::image::{Image, PanelImage, Recording};
use bragg_io::formats::{self, Metadata, WriteOptions};
use common::Workplace;
use common::fits::{image, json, numbers, refused};
use serde_json::Value;
use std::process::Stdio;
use std::time::{Duration, Instant};

const SIZE: [usize; 2] = [100, 90];

/// Mosaic Gaussian spots of some hundred photons on a background of half a photon.
const TRUTH: &str = "\
[crystal]
cell = [42, 42, 89]
misset = [21, 34, 55]
n_cells = [3, 3, 2]
shape = \"gauss\"
mosaic.eta = 0.15
mosaic.domains = 4
structure_factors.default = 100

[beam]
wavelength = 1.0
fluence = 1.5e30

[detector]
pixels = [100, 90]
pixel_size = 0.25
distance = 60

[sampling]
oversample = 1

[background]
offset = 0.5
";

const FREE: &str = "crystal.cell.a,crystal.cell.c,orientation,scale,background.offset";
/// What [`start`] is away from the truth, in the order of [`FREE`]: the last of the missetting angles turns about the lab's z.
const TRUE: [f64; 7] = [42.0, 89.0, 0.0, 0.0, -0.1, 1.0, 0.5];

fn start() -> String {
    let start = TRUTH.replace("cell = [42, 42, 89]", "cell = [42.06, 42, 88.88]");
    start.replace("misset = [21, 34, 55]\n", "misset = [21, 34, 55.1]\nscale = 0.8\n")
}

/// `truth.toml`, `start.toml`, and of the truth `clean.npy` (photons expected) and `noisy.cbf` (counts).
fn workplace() -> Workplace {
    let workplace = Workplace::new();
    workplace.write("truth.toml", TRUTH);
    workplace.write("start.toml", start());
    workplace.run("simulate truth.toml -o clean.npy");
    workplace.run("simulate truth.toml -o noisy.cbf --set noise.seed=7");
    workplace
}

fn write(workplace: &Workplace, name: &str, pixels: Vec<f32>) {
    let image = Image { panels: vec![PanelImage::new(SIZE[0], SIZE[1], pixels).unwrap()] };
    let metadata = Metadata::new(1.0, 60.0, (50.0, 45.0), 0.25);
    formats::write_recording(&workplace.path(name), &Recording::Photons(image), &metadata, &WriteOptions::default())
        .unwrap();
}

/// Every number of a JSON document is one, and no text of it says otherwise.
fn assert_numbers(text: &str) {
    assert!(!text.contains("NaN") && !text.contains("nan") && !text.contains("inf"), "{text}");
}

/// Within five e.s.d. of the truth, which are small enough for that to mean something.
fn assert_true(fit: &Value, truth: &[f64]) {
    let (values, starts, esds) = (numbers(fit, "value"), numbers(fit, "start"), numbers(fit, "esd"));
    assert_eq!(values.len(), truth.len());
    for (i, truth) in truth.iter().enumerate() {
        let name = &fit["parameters"][i]["name"];
        assert!((values[i] - truth).abs() < 5.0 * esds[i], "{name}: {} ± {}, not {truth}", values[i], esds[i]);
        assert!(esds[i] > 0.0 && esds[i] < 0.1, "{name}: {}", esds[i]);
        let (error, offset) = ((values[i] - truth).abs(), (starts[i] - truth).abs());
        assert!(offset == 0.0 || error < 0.5 * offset, "{name}: {offset} away at the start, {error} at the end");
    }
}

#[test]
fn a_noisy_still_gives_the_truth_within_its_uncertainty() {
    let workplace = workplace();
    let words =
        format!("refine start.toml noisy.cbf --free {FREE} -o refined.toml --json fit.json --residual left.npy");
    let output = workplace.bragg(&words).output().unwrap();
    let messages = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{messages}");
    assert!(messages.contains("wrote refined.toml, fit.json, left.npy"), "{messages}");
    let fit = json(&workplace);
    assert_true(&fit, &TRUE);
    assert_eq!(fit["ended"], "converged");
    assert_eq!(fit["pixels"], SIZE[0] * SIZE[1]);
    let table = String::from_utf8(output.stdout).unwrap();
    let row = table.lines().find(|line| line.starts_with("crystal.cell.c")).unwrap();
    let words: Vec<&str> = row.split_whitespace().collect();
    let value: f64 = words[1].parse().unwrap();
    assert!((value - numbers(&fit, "value")[1]).abs() < 1e-7 && words[4] == "Å", "{row}");
    let losses = fit["iterations"].as_array().unwrap().iter().map(|iteration| iteration["loss"].as_f64().unwrap());
    assert!(losses.is_sorted_by(|a, b| a >= b));

    // the file makes the image that the fit ended with
    workplace.run("simulate refined.toml -o again.npy");
    let [data, model, left] = ["noisy.cbf", "again.npy", "left.npy"].map(|name| image(&workplace, name));
    let log_likelihood: f64 = data.iter().zip(&model).map(|(n, mean)| n * mean.ln() - mean - ln_factorial(*n)).sum();
    assert!((fit["log_likelihood"].as_f64().unwrap() - log_likelihood).abs() < 1e-3, "{log_likelihood}");
    for ((data, model), left) in data.iter().zip(&model).zip(&left) {
        assert!((left - (data - model) / model.sqrt()).abs() < 1e-4, "{data} {model} {left}");
    }
    // and what it leaves is noise
    let chi_square = left.iter().map(|x| x * x).sum::<f64>() / left.len() as f64;
    assert!((chi_square - 1.0).abs() < 0.1, "{chi_square}");
}

fn ln_factorial(n: f64) -> f64 {
    (1..=n as u64).map(|k| (k as f64).ln()).sum()
}

#[test]
fn outputs_have_defaults_and_residuals_are_pictures_too() {
    let workplace = workplace();
    workplace.run("refine start.toml noisy.cbf --free scale --residual left.png");
    assert!(workplace.read("left.png").starts_with(b"\x89PNG"));
    workplace.run("simulate start_refined.toml -o again.npy");
    let messages = refused(&workplace, "start.toml noisy.cbf --free scale -o start.toml");
    assert!(messages.contains("would overwrite the input"), "{messages}");
    let messages = workplace.run("refine start.toml noisy.cbf --free scale --quiet");
    assert_eq!(messages, "");
}

#[test]
fn masks_regions_and_shoeboxes_choose_the_pixels() {
    let workplace = workplace();
    let mut pixels: Vec<f32> = image(&workplace, "noisy.cbf").into_iter().map(|x| x as f32).collect();
    let mut mask = vec![1.0_f32; pixels.len()];
    // a module of the detector glows, and is masked
    for slow in 0..SIZE[1] {
        for fast in 0..30 {
            pixels[slow * SIZE[0] + fast] += 40.0;
            mask[slow * SIZE[0] + fast] = 0.0;
        }
    }
    write(&workplace, "glowing.npy", pixels);
    write(&workplace, "mask.npy", mask);
    let refine = format!("refine start.toml glowing.npy --free {FREE} --json fit.json");
    workplace.run(&format!("{refine} --mask mask.npy"));
    let masked = json(&workplace);
    assert_true(&masked, &TRUE);
    assert_eq!(masked["pixels"], 70 * SIZE[1]);
    workplace.run(&format!("{refine} --roi 30 99 0 89"));
    let region = json(&workplace);
    assert_eq!(numbers(&region, "value"), numbers(&masked, "value"));
    let messages = workplace.run(&format!("{refine} --roi 30 99 10 89 --mask mask.npy --shoeboxes 3"));
    let boxes = json(&workplace);
    assert_true(&boxes, &TRUE);
    let n = boxes["pixels"].as_u64().unwrap();
    assert!((500..70 * 80).contains(&n), "{n}");
    assert!(messages.contains(&format!("{n} pixels near bright ones")), "{messages}");
    // without the mask the glow is taken for light
    workplace.run(&refine);
    let background = numbers(&json(&workplace), "value")[6];
    assert!(background > 2.0, "{background}");
}

#[test]
fn an_interrupted_refinement_goes_on_where_it_was() {
    let workplace = workplace();
    let refine = format!("refine start.toml noisy.cbf --free {FREE} --start ladder --json fit.json");
    workplace.run(&refine);
    let whole = numbers(&json(&workplace), "value");
    // a few iterations of each stage
    let messages = workplace.run(&format!("{refine} --checkpoint state.json --iterations 1"));
    assert!(messages.contains("iterations ran out") && messages.contains("--iterations"), "{messages}");
    let messages = workplace.run(&format!("{refine} --checkpoint state.json"));
    assert!(messages.contains("going on from state.json"), "{messages}");
    let fit = json(&workplace);
    assert_eq!(fit["ended"], "converged");
    assert_true(&fit, &TRUE);
    for ((a, b), esd) in whole.iter().zip(numbers(&fit, "value")).zip(numbers(&fit, "esd")) {
        assert!((a - b).abs() < 0.01 * esd, "{a} {b} ± {esd}");
    }
    // shifts are from the experiment file, not from the checkpoint
    let starts = numbers(&fit, "start");
    assert!((starts[0] - 42.06).abs() < 1e-9 && (starts[1] - 88.88).abs() < 1e-9, "{starts:?}");
    let messages = refused(&workplace, "start.toml noisy.cbf --free scale --checkpoint state.json");
    assert!(messages.contains("state.json") && messages.contains("another refinement"), "{messages}");
    workplace.write("state.json", "{}");
    let messages = refused(&workplace, &format!("start.toml noisy.cbf --free {FREE} --checkpoint state.json"));
    assert!(messages.contains("is no checkpoint"), "{messages}");
}

#[cfg(unix)]
#[test]
fn a_killed_refinement_goes_on_where_it_was() {
    let workplace = workplace();
    // slow enough to be caught
    let slow = |text: &str| text.replace("mosaic.domains = 4", "mosaic.domains = 300");
    workplace.write("truth.toml", slow(TRUTH));
    workplace.write("start.toml", slow(&start()));
    workplace.run("simulate truth.toml -o noisy.cbf --set noise.seed=7");
    let words =
        format!("refine start.toml noisy.cbf --free {FREE} --start ladder --checkpoint state.json --json fit.json");
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("bragg"))
        .args(words.split(' '))
        .args(["--threads", "1"])
        .current_dir(workplace.folder())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let patience = Instant::now();
    while !workplace.path("state.json").exists() && patience.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(workplace.path("state.json").exists() && !workplace.path("fit.json").exists());
    let state: Value = serde_json::from_slice(&workplace.read("state.json")).unwrap();
    assert!(state["stage"].as_u64().unwrap() < 6, "killed on the ladder: {}", state["stage"]);
    let messages = workplace.run(&words);
    assert!(messages.contains("going on from state.json"), "{messages}");
    assert_true(&json(&workplace), &TRUE);
}

#[test]
fn two_images_share_a_cell_and_have_an_orientation_and_a_scale_each() {
    let workplace = workplace();
    let second = |text: &str| text.replace("[21, 34, 55", "[61, 34, 15");
    workplace.write("truth_b.toml", second(TRUTH).replace("n_cells", "scale = 1.5\nn_cells"));
    workplace.write("start_b.toml", second(&start()));
    workplace.run("simulate truth_b.toml -o b.cbf --set noise.seed=8");
    workplace.run(
        "refine start.toml noisy.cbf --also start_b.toml b.cbf --free crystal.cell.a,crystal.cell.c,background.offset \
         --each orientation,scale -o refined.toml --json fit.json --residual left.npy",
    );
    let fit = json(&workplace);
    let truth = [42.0, 89.0, 0.5, 0.0, 0.0, -0.1, 1.0, 0.0, 0.0, -0.1, 1.5];
    assert_true(&fit, &truth);
    assert_eq!(fit["parameters"][10]["name"], "crystal.scale of image 2");
    let data = ["noisy.cbf", "b.cbf"].map(|name| image(&workplace, name));
    for i in 0..2 {
        workplace.run(&format!("simulate refined_{}.toml -o again.npy", i + 1));
        let model = image(&workplace, "again.npy");
        let left = image(&workplace, &format!("left_{}.npy", i + 1));
        for ((data, model), left) in data[i].iter().zip(&model).zip(&left) {
            assert!((left - (data - model) / model.sqrt()).abs() < 1e-4, "{data} {model} {left}");
        }
    }
    // images that share everything get one file
    workplace.run("simulate truth.toml -o c.cbf --set noise.seed=9");
    workplace.run(&format!("refine start.toml noisy.cbf c.cbf --free {FREE} -o both.toml --json fit.json"));
    let both = json(&workplace);
    assert_true(&both, &TRUE);
    assert_eq!(both["pixels"], 2 * SIZE[0] * SIZE[1]);
    workplace.read("both.toml");
}

#[test]
fn what_cannot_be_refined_is_refused_by_name() {
    let workplace = workplace();
    let dark = "start.toml noisy.cbf --set crystal.scale=0 --free crystal.cell.a";
    let messages = refused(&workplace, dark);
    assert!(messages.contains("crystal.cell.a") && messages.contains("no effect"), "{messages}");
    // edges of the cell change nothing where only the background is looked at
    let messages = refused(&workplace, "start.toml noisy.cbf --free crystal.cell.a,crystal.cell.b,scale --roi 0 0 0 1");
    assert!(messages.contains("crystal.cell.b") && messages.contains("3 parameters") && messages.contains("2 pixels"));
    write(&workplace, "none.npy", vec![f32::NAN; SIZE[0] * SIZE[1]]);
    let messages = refused(&workplace, "start.toml none.npy --free scale");
    assert!(messages.contains("none.npy") && messages.contains("9000 are not numbers"), "{messages}");
    write(&workplace, "mask.npy", vec![0.0; SIZE[0] * SIZE[1]]);
    let messages = refused(&workplace, "start.toml noisy.cbf --free scale --mask mask.npy");
    assert!(messages.contains("noisy.cbf") && messages.contains("9000 are masked"), "{messages}");
    write(&workplace, "below.npy", vec![-1.0; SIZE[0] * SIZE[1]]);
    let messages = refused(&workplace, "start.toml below.npy --free scale");
    assert!(messages.contains("less than 0 photons") && messages.contains("--adc"), "{messages}");
    workplace.run("simulate x.toml -o small.npy");
    let messages = refused(&workplace, "start.toml small.npy --free scale");
    assert!(messages.contains("small.npy") && messages.contains("(60, 40)"), "{messages}");
    for (words, why) in [
        ("--free crystal.cell.d", "nearest is crystal.cell."),
        ("--free crystal.mosaic.seed", "is a seed"),
        ("--free cell --set crystal.shape=\"tophat\"", "tophat"),
        ("", "--free"),
        ("--free scale --each scale", "twice"),
        ("--free scale --restrain scale=1", "value±sigma"),
        ("--free scale --restrain crystal.cell.a=42±0.1", "is not refined"),
        ("--free scale --bounds crystal.scale=2:1", "name=low:high"),
        ("--free scale --bounds crystal.scale=2:3", "outside its bounds"),
        ("--free scale --read-noise 3", "--loss gauss"),
        ("--free scale --roi 9 3 0 1", "--roi"),
        ("--free scale --gain 0", "--gain"),
        ("--free beam.source[0].weight", "file of their own"),
    ] {
        let messages = refused(&workplace, &format!("start.toml noisy.cbf {words}"));
        assert!(messages.contains(why), "{words}: {messages} lacks {why}");
    }
    assert!(!workplace.path("start_refined.toml").exists());
}

#[test]
fn a_blank_image_is_explained_without_a_nan() {
    let workplace = workplace();
    write(&workplace, "blank.npy", vec![0.0; SIZE[0] * SIZE[1]]);
    let words = "refine start.toml blank.npy --free crystal.cell.a,scale -o refined.toml --json fit.json";
    let output = workplace.bragg(words).output().unwrap();
    let messages = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{messages}");
    assert!(messages.contains("warning") && messages.contains("crystal.scale ended at its bound 0"), "{messages}");
    assert!(messages.contains("crystal.cell.a has no effect"), "{messages}");
    let fit = json(&workplace);
    let values = numbers(&fit, "value");
    assert!(values[0].is_finite() && values[1] == 0.0, "{values:?}");
    assert!(fit["parameters"][0]["esd"].is_null());
    let read = |name: &str| String::from_utf8(workplace.read(name)).unwrap();
    assert_numbers(&read("refined.toml"));
    assert_numbers(&read("fit.json"));
}

#[test]
fn a_fit_that_knows_nothing_says_so() {
    let workplace = workplace();
    write(&workplace, "flat.npy", (0..SIZE[0] * SIZE[1]).map(|i| (i * 7919 % 5) as f32).collect());
    let words = "refine start.toml flat.npy --set crystal.scale=1e-12 --set background.offset=2 --free crystal.cell.a,orientation \
                 --json fit.json";
    let messages = workplace.run(words);
    assert!(messages.contains("the data hardly tell crystal.cell.a, crystal.orientation.x"), "{messages}");
    let fit = json(&workplace);
    assert_eq!(fit["undetermined"][0], "crystal.cell.a");
    assert!(numbers(&fit, "esd").iter().all(|esd| *esd > 100.0), "{fit}");
}

#[test]
fn parameters_that_do_the_same_are_named() {
    let workplace = workplace();
    let words = "refine start.toml noisy.cbf --free scale,beam.fluence,crystal.cell.a --json fit.json";
    let messages = workplace.run(words);
    assert!(messages.contains("crystal.scale, beam.fluence cannot be told apart"), "{messages}");
    let fit = json(&workplace);
    assert!(fit["parameters"][0]["esd"].is_null() && fit["parameters"][2]["esd"].is_number());
    assert!(numbers(&fit, "value").iter().all(|value| value.is_finite()));
    let messages = workplace.run(&format!("{words} --restrain crystal.scale=1±0.05"));
    assert!(!messages.contains("cannot be told apart"), "{messages}");
    let esd = numbers(&json(&workplace), "esd")[0];
    assert!((esd / 0.05 - 1.0).abs() < 0.02, "{esd}");
}

#[test]
fn spoilt_and_saturated_pixels_are_left_out_with_a_warning() {
    let workplace = workplace();
    let mut pixels: Vec<f32> = image(&workplace, "noisy.cbf").into_iter().map(|x| x as f32).collect();
    (pixels[10], pixels[4711]) = (f32::NAN, f32::INFINITY);
    write(&workplace, "spoilt.npy", pixels);
    let refine = |image: &str, more: &str| {
        workplace.run(&format!("refine start.toml {image} --free {FREE} --json fit.json {more}"))
    };
    let messages = refine("spoilt.npy", "");
    assert!(messages.contains("warning: spoilt.npy: 2 pixels are not numbers"), "{messages}");
    let fit = json(&workplace);
    assert_eq!(fit["pixels"], 8998);
    assert_true(&fit, &TRUE);

    // a detector that counts to 60: the format that has a header says so, and so does --max-counts
    let n_saturated = image(&workplace, "noisy.cbf").into_iter().filter(|&count| count > 60.0).count();
    assert!(n_saturated > 10, "{n_saturated}");
    workplace.run("simulate truth.toml -o cut.cbf -o cut.npy --set noise.seed=7 --set noise.saturation=60");
    for (image, more) in [("cut.cbf", ""), ("cut.npy", "--max-counts 60"), ("cut.npy", "--set noise.saturation=60")] {
        let messages = refine(image, more);
        assert!(messages.contains(&format!("{n_saturated} pixels are saturated")), "{image}: {messages}");
        let fit = json(&workplace);
        assert_eq!(fit["pixels"], SIZE[0] * SIZE[1] - n_saturated, "{image}");
    }
    // where nobody says so, the program wonders
    let messages = refine("cut.npy", "");
    assert!(messages.contains("--max-counts 60") && messages.contains("warning"), "{messages}");
    assert!(!refine("noisy.cbf", "").contains("--max-counts"));
}

#[test]
fn counts_become_photons_by_offset_and_gain() {
    let workplace = workplace();
    workplace.run("simulate truth.toml -o adc.npy --set noise.seed=7 --set noise.adc_offset=40 --set noise.gain=3");
    workplace.run(&format!("refine start.toml adc.npy --adc 40 --gain 3 --free {FREE} --json fit.json"));
    let fit = json(&workplace);
    workplace.run(&format!("refine start.toml noisy.cbf --free {FREE} --json fit.json"));
    let plain = json(&workplace);
    for (a, b) in numbers(&fit, "value").iter().zip(numbers(&plain, "value")) {
        assert!((a - b).abs() < 1e-9, "{a} {b}");
    }
    // headers say both: SMV has a pedestal of its own where none is given
    for settings in ["", "--set noise.adc_offset=100 --set noise.gain=3"] {
        for name in ["own_1.img", "own_1.cbf"] {
            workplace.run(&format!("simulate truth.toml -o {name} --set noise.seed=7 {settings}"));
            let messages = workplace.run(&format!("refine start.toml {name} --free {FREE} --json fit.json"));
            let is_told = messages.contains("a pixel without photons has");
            assert_eq!(is_told, name == "own_1.img" || !settings.is_empty(), "{name}: {messages}");
            for (a, b) in numbers(&json(&workplace), "value").iter().zip(numbers(&plain, "value")) {
                assert!((a - b).abs() < 1e-9, "{name}: {a} {b}");
            }
        }
    }
    // the experiment says what an image without a header does not, and who says something else is told
    workplace.write("response.toml", start() + "\n[noise]\ngain = 3\nadc_offset = 40\n");
    for (option, warned) in [("", false), ("--gain 3 --adc 40", false), ("--gain 2.9", true)] {
        let messages = workplace.run(&format!("refine response.toml adc.npy {option} --free {FREE} --json fit.json"));
        let is_told = messages.contains("warning: adc.npy: --gain says 2.9, but noise.gain (response.toml");
        assert_eq!(is_told, warned, "{option}: {messages}");
        let scale = numbers(&json(&workplace), "value")[5];
        let expected = if warned { 3.0 / 2.9 } else { 1.0 } * numbers(&plain, "value")[5];
        assert!((scale - expected).abs() < 1e-3, "{option}: {scale} {expected}");
    }
}
