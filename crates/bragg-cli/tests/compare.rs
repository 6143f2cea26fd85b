//! `bragg compare`: programs that misbehave, planted faults, and what is left to judge by.
#![cfg(unix)]

mod common;

use common::Workplace;
use common::comparisons::{ARGS, compare, json, metrics, script};
use serde_json::Value;
use std::fs;
use std::time::{Duration, Instant};

/// Every file of a bundle that does not depend on there being two images.
fn check_bundle(workplace: &Workplace) {
    for file in ["commands.txt", "inputs.sha256", "metrics.json", "env.json", "summary.md", "report.html"] {
        assert!(workplace.path(&format!("out/{file}")).is_file(), "{file}");
    }
    assert!(!workplace.path("out/scratch").exists());
}

/// The process whose number is in the file `pid` ends soon, if it has not ended.
fn check_ended(workplace: &Workplace) {
    let pid = String::from_utf8(workplace.read("pid")).unwrap();
    let start = Instant::now();
    // a process that ended is there as a zombie (Z) until somebody asks for its status
    let runs = || {
        let state = std::process::Command::new("ps").args(["-o", "stat=", "-p", pid.trim()]).output().unwrap().stdout;
        !state.is_empty() && !state.starts_with(b"Z")
    };
    while runs() {
        assert!(start.elapsed() < Duration::from_secs(10), "the process {pid} still runs");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a reference that misbehaves comes to.
fn misbehaves(body: &str, options: &[&str], expected: i32, complaint: &str) -> Workplace {
    let workplace = Workplace::new();
    script(&workplace, "reference", body);
    let start = Instant::now();
    let all: Vec<&str> = ["--reference", "./reference"].iter().chain(options).copied().collect();
    let found = compare(&workplace, &all, ARGS);
    assert!(start.elapsed() < Duration::from_secs(60), "{body}: {:?}", start.elapsed());
    assert_eq!(found.status, expected, "{body}: {}{}", found.stdout, found.stderr);
    check_bundle(&workplace);
    let metrics = metrics(&workplace);
    assert_eq!(metrics["exit_status"], expected, "{body}");
    assert!(metrics["message"].as_str().unwrap().contains(complaint), "{body}: {}", metrics["message"]);
    // the candidate is our own and fares well
    assert_eq!(metrics["runs"]["candidate"]["failure"], Value::Null);
    assert!(workplace.path("out/candidate.bin").is_file());
    workplace
}

#[test]
fn a_program_that_agrees() {
    let workplace =
        misbehaves("exec \"$BRAGG\" nanobragg \"$@\"", &["--repeat", "2", "--threads", "1"], 0, "correlation 1");
    let metrics = metrics(&workplace);
    assert_eq!((&metrics["schema_version"], &metrics["status"]), (&1.into(), &"agree".into()));
    assert_eq!(metrics["metrics"]["n_different"], 0.0);
    for side in ["reference", "candidate"] {
        let run = &metrics["runs"][side];
        assert_eq!(run["seconds"].as_array().unwrap().len(), 2);
        assert_eq!(run["repeatable"], true);
        assert!(run["peak_memory_bytes"].as_u64().unwrap() > 1_000_000);
    }
    assert!(metrics["runs"]["time_ratio"].as_f64().unwrap() > 0.0);
    for picture in ["reference", "candidate", "difference", "profile"] {
        assert!(workplace.read(&format!("out/{picture}.png")).starts_with(b"\x89PNG"), "{picture}");
    }
    let stdout = String::from_utf8(workplace.read("out/reference.stdout.txt")).unwrap();
    assert!(stdout.contains("max_I"), "{stdout}");
    let summary = String::from_utf8(workplace.read("out/summary.md")).unwrap();
    assert!(summary.starts_with("# The images agree\n"), "{summary}");
    assert!(summary.contains("| min_correlation | correlation ≥ 0.999 | 1 | met |"), "{summary}");
    assert!(summary.contains("![Candidate − reference](difference.png)"));
}

#[test]
fn the_commands_can_be_pasted() {
    let workplace = misbehaves("exec \"$BRAGG\" nanobragg \"$@\"", &[], 0, "");
    let before = workplace.read("out/reference.bin");
    fs::remove_file(workplace.path("out/reference.bin")).unwrap();
    let commands = String::from_utf8(workplace.read("out/commands.txt")).unwrap();
    let reference = commands.lines().find(|line| line.starts_with("mkdir")).unwrap();
    let status = std::process::Command::new("sh").args(["-c", reference]).output().unwrap().status;
    assert!(status.success(), "{reference}");
    assert_eq!(workplace.read("out/scratch/reference/floatimage.bin"), before);
}

#[test]
fn programs_that_misbehave_leave_a_bundle_and_the_right_status() {
    let workplace =
        misbehaves("head -c 100000000 /dev/zero | tr '\\0' x\nexec \"$BRAGG\" nanobragg \"$@\"", &[], 0, "");
    let kept = workplace.read("out/reference.stdout.txt");
    assert!(kept.len() < 1_200_000 && kept.starts_with(b"xxxx"), "{}", kept.len());
    assert!(String::from_utf8_lossy(&kept).contains("bragg compare left out 98"));
    assert!(metrics(&workplace)["runs"]["reference"]["stdout_bytes"].as_u64().unwrap() > 100_000_000);

    let endless = "echo begun\nsleep 1000 &\necho $! > \"${0%/*}/pid\"\nwait";
    let workplace = misbehaves(endless, &["--timeout", "1"], 2, "did not end within 1 s");
    assert_eq!(workplace.read("out/reference.stdout.txt"), b"begun\n");
    assert_eq!(metrics(&workplace)["runs"]["reference"]["ended"][0], "out_of_time");
    check_ended(&workplace);

    misbehaves("exit 0", &[], 2, "left no image");
    misbehaves("echo oops >&2; exit 7", &[], 2, "exit status 7");
    let workplace = misbehaves("kill -SEGV $$", &[], 2, "signal 11");
    assert_eq!(metrics(&workplace)["runs"]["reference"]["ended"][0]["signal"], 11);
    misbehaves("rm -rf \"$PWD\"", &[], 2, "left no image");
    misbehaves("\"$BRAGG\" nanobragg \"$@\"; rm -rf \"$PWD\"", &[], 2, "left no image");
    misbehaves("head -c 3 /dev/zero > floatimage.bin", &[], 2, "cannot be read");
    misbehaves("mkdir floatimage.bin", &[], 2, "left no image");
    misbehaves("head -c 64 /dev/zero > floatimage.bin", &[], 4, "4 × 4");
}

#[test]
fn a_background_process_does_not_hold_the_comparison_up() {
    misbehaves("sleep 1000 &\nexec \"$BRAGG\" nanobragg \"$@\"", &[], 0, "");
}

#[test]
fn a_missing_program_is_a_program_that_failed() {
    let workplace = Workplace::new();
    let found = compare(&workplace, &["--reference", "./none"], ARGS);
    assert_eq!(found.status, 2);
    check_bundle(&workplace);
    assert!(metrics(&workplace)["message"].as_str().unwrap().contains("could not be started"));
}

#[test]
fn what_cannot_be_used_is_told_apart() {
    let workplace = Workplace::new();
    let status = |options: &[&str], args: &str| {
        let found = compare(&workplace, options, args);
        assert!(found.stderr.starts_with("bragg: error: ") && found.stderr.lines().count() == 1, "{}", found.stderr);
        found.status
    };
    assert_eq!(status(&["--colour"], ""), 1);
    assert_eq!(status(&[], ""), 1, "nothing to compare");
    assert_eq!(status(&[], ARGS), 1, "no reference");
    assert_eq!(status(&["--reference", "'x"], ARGS), 1);
    assert_eq!(status(&["--reference", "x", "--timeout", "0"], ARGS), 1);
    assert_eq!(status(&["--reference", "x", "--max-rel", "nan"], ARGS), 1);
    assert_eq!(status(&["--suite", "none.toml"], ""), 5);
    assert_eq!(status(&["--reference", "x"], "-hkl none.hkl"), 5);
    assert!(!workplace.path("out").exists(), "no bundle without a comparison");
    assert_eq!(status(&["--images", "a.npy", "b.npy"], ""), 5);
    workplace.write("out/old", "");
    assert_eq!(status(&["--images", "a.npy", "b.npy"], ""), 5, "nothing is overwritten");
    assert_eq!(compare(&workplace, &["--help"], "").status, 0);
}

#[test]
fn bundles_have_names_of_their_own_and_programs_come_from_the_environment() {
    let workplace = Workplace::new();
    script(&workplace, "reference", "exec \"$BRAGG\" nanobragg \"$@\"");
    for _ in 0..2 {
        let mut command = workplace.bragg("compare -q --");
        command.args(ARGS.split_whitespace()).env("NB_C_BIN", "./reference").env("NB_PY_BIN", "./reference");
        let output = command.output().unwrap();
        assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    }
    let bundles: Vec<_> = fs::read_dir(workplace.path("comparisons")).unwrap().map(|entry| entry.unwrap()).collect();
    assert_eq!(bundles.len(), 2);
    let name = bundles[0].file_name().into_string().unwrap();
    let (stamp, hash) = name.split_once('-').unwrap();
    assert!(stamp.len() == 16 && stamp.ends_with('Z') && hash.len() >= 8, "{name}");
    let env: Value = serde_json::from_slice(&fs::read(bundles[0].path().join("env.json")).unwrap()).unwrap();
    assert!(env["candidate"]["file"].as_str().unwrap().ends_with("/reference"));
    assert_eq!(env["bragg"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn inputs_are_kept_with_their_digests() {
    let workplace = Workplace::new();
    workplace.write("some.hkl", "0 0 1 100\n0 1 1 50\n1 1 1 70\n");
    script(&workplace, "reference", "exec \"$BRAGG\" nanobragg \"$@\"");
    let found =
        compare(&workplace, &["--reference", "./reference"], &format!("{ARGS} -hkl some.hkl -floatfile x/y.bin"));
    assert_eq!(found.status, 0, "{}", found.stderr);
    assert_eq!(workplace.read("out/inputs/some.hkl"), workplace.read("some.hkl"));
    let digests = std::process::Command::new("sha256sum")
        .args(["-c", "inputs.sha256"])
        .current_dir(workplace.path("out"))
        .output();
    if let Ok(output) = digests {
        assert!(output.status.success(), "{output:?}");
    }
    let lines = String::from_utf8(workplace.read("out/inputs.sha256")).unwrap();
    let names: Vec<&str> = lines.lines().map(|line| line.split_once("  ").unwrap().1).collect();
    assert_eq!(names, ["inputs/some.hkl", "reference.bin", "candidate.bin"]);
}

/// An image of [`ARGS`] and the arguments added, without noise.
fn simulated(workplace: &Workplace, more: &str) -> Vec<f32> {
    let words = format!("nanobragg {ARGS} {more} -floatfile a.bin -quiet");
    assert!(workplace.bragg(&words).output().unwrap().status.success());
    let bytes = workplace.read("a.bin");
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// The verdict of two images of 80 × 64 pixels: the thresholds not met, and the metrics.
fn judged(reference: &[f32], candidate: &[f32], size: [&str; 2], options: &[&str]) -> (i32, Vec<String>, Value) {
    let workplace = Workplace::new();
    for (name, pixels) in [("a.bin", reference), ("b.bin", candidate)] {
        workplace.write(name, pixels.iter().flat_map(|pixel| pixel.to_le_bytes()).collect::<Vec<u8>>());
    }
    let all: Vec<&str> =
        ["--images", "a.bin", "b.bin", "--size", size[0], size[1]].iter().chain(options).copied().collect();
    let found = compare(&workplace, &all, "");
    let metrics = metrics(&workplace);
    assert_eq!(metrics["exit_status"], found.status, "{}", found.stderr);
    let checks = metrics["checks"].as_array().cloned().unwrap_or_default();
    let failed = checks.iter().filter(|check| check["passed"] == false);
    let failed = failed.map(|check| check["threshold"].as_str().unwrap().to_owned()).collect();
    (found.status, failed, metrics["metrics"].clone())
}

#[test]
fn planted_faults_are_found() {
    const SIZE: [&str; 2] = ["80", "64"];
    let workplace = Workplace::new();
    let image = simulated(&workplace, "");
    let value = |metrics: &Value, name: &str| metrics[name].as_f64().unwrap_or(f64::NAN);
    let (status, failed, metrics) = judged(&image, &image, SIZE, &["--max-rel", "0", "--max-peak-shift", "0"]);
    assert_eq!((status, failed.len()), (0, 0));
    assert!(value(&metrics, "peaks_reference") > 10.0);

    let scaled: Vec<f32> = image.iter().map(|pixel| 1.004 * pixel).collect();
    let (status, failed, metrics) = judged(&image, &scaled, SIZE, &[]);
    assert_eq!((status, failed), (3, vec!["max_sum_deviation".to_owned()]));
    assert!((value(&metrics, "sum_ratio") - 1.004).abs() < 1e-6 && value(&metrics, "correlation") > 0.999_999_9);

    // half a pixel of 0.4 mm along fast; the picture of the beam moves with it
    let shifted = simulated(&workplace, "-Xbeam 12.8 -Ybeam 16.2");
    let unshifted = simulated(&workplace, "-Xbeam 12.8 -Ybeam 16.0");
    let (status, failed, metrics) = judged(&unshifted, &shifted, SIZE, &["--max-peak-shift", "0.1"]);
    assert_eq!(status, 3);
    assert!(
        failed.contains(&"min_correlation".to_owned()) && failed.contains(&"max_peak_shift".to_owned()),
        "{failed:?}"
    );
    assert!((0.2..0.9).contains(&value(&metrics, "peak_shift_mean")), "{metrics}");

    let mut hot = image.clone();
    hot[20 * 80 + 30] = 100.0 * image.iter().copied().fold(0.0, f32::max);
    let (status, failed, _) = judged(&image, &hot, SIZE, &[]);
    assert_eq!(status, 3);
    assert!(failed.contains(&"min_correlation".to_owned()), "{failed:?}");

    let mut broken = image.clone();
    broken[5] = f32::NAN;
    let (status, failed, metrics) = judged(&image, &broken, SIZE, &[]);
    assert_eq!((status, failed), (3, vec!["max_nonfinite_mismatch".to_owned()]));
    assert_eq!(value(&metrics, "candidate_nan"), 1.0);

    let square = simulated(&workplace, "-detpixels_x 64 -detpixels_y 64");
    let transposed: Vec<f32> = (0..64 * 64).map(|i| square[i % 64 * 64 + i / 64]).collect();
    let (status, failed, metrics) = judged(&square, &transposed, ["64", "64"], &[]);
    assert_eq!((status, failed), (3, vec!["min_correlation".to_owned()]));
    assert!((value(&metrics, "sum_ratio") - 1.0).abs() < 1e-12 && value(&metrics, "peaks_missing") > 5.0);

    let wavelength = simulated(&workplace, "-lambda 1.20012");
    let (status, failed, metrics) = judged(&image, &wavelength, SIZE, &["--max-rel", "1e-3"]);
    assert_eq!((status, failed), (3, vec!["max_rel".to_owned()]), "{metrics}");
    assert!(value(&metrics, "median_rel") > 1e-5, "{metrics}");
}

#[test]
fn weights_of_sources_applied_by_one_program_only_are_found() {
    let workplace = Workplace::new();
    workplace.write("two.txt", "0 0 -1 1 1.2e-10\n0.02 0 -1 0.2 1.2e-10\n");
    script(&workplace, "reference", "exec \"$BRAGG\" nanobragg \"$@\" -source_weights apply");
    let found = compare(&workplace, &["--reference", "./reference"], &format!("{ARGS} -sourcefile two.txt"));
    assert_eq!(found.status, 3, "{}{}", found.stdout, found.stderr);
    assert!(found.stdout.contains("NOT MET"), "{}", found.stdout);
    assert!(metrics(&workplace)["metrics"]["correlation"].as_f64().unwrap() < 0.99);
}

#[test]
fn images_of_different_formats_and_shapes() {
    let workplace = Workplace::new();
    workplace.run("simulate x.toml --set noise.poisson=true -o a.cbf -o a.npy -o a.img");
    for other in ["a.npy", "a.img", "a.cbf"] {
        let outdir = format!("--outdir out_{}", &other[2..]);
        let output = workplace.bragg(&format!("compare --images a.cbf {other} {outdir} --json")).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let metrics: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(metrics["metrics"]["n_different"], 0.0, "{other}");
        assert_eq!(metrics["shapes"]["reference"], serde_json::json!([[60, 40]]));
    }
    workplace.run("simulate x.toml --set detector.pixels=[40,60] -o b.npy");
    let found = compare(&workplace, &["--images", "a.npy", "b.npy"], "");
    assert_eq!(found.status, 4);
    assert!(
        found.stderr.contains("the reference has 60 × 40 pixels (fast × slow), the candidate 40 × 60"),
        "{}",
        found.stderr
    );
    check_bundle(&workplace);
}

/// Runs a suite of one stored image, with these lines added to its case.
fn suite(lines: &str, options: &[&str]) -> (i32, Value, Workplace) {
    let workplace = Workplace::new();
    let image = simulated(&workplace, "");
    workplace.write("good.f32", image.iter().flat_map(|pixel| pixel.to_le_bytes()).collect::<Vec<u8>>());
    let text = format!("reference_image = \"good.f32\"\n\n[[case]]\nname = \"one\"\nargs = \"{ARGS}\"\n{lines}\n");
    workplace.write("s.toml", text);
    let all: Vec<&str> = ["--suite", "s.toml"].iter().chain(options).copied().collect();
    let found = compare(&workplace, &all, "");
    let suite = json(&workplace, "out/suite.json");
    assert_eq!(suite["exit_status"], found.status, "{}", found.stderr);
    (found.status, suite, workplace)
}

#[test]
fn a_declared_difference_must_be_there_and_within_its_bounds() {
    let scaled = "candidate_args = \"-fluence 1.3e29\"";
    let declared =
        |bounds: &str| format!("{scaled}\nexpect = \"differs\"\nreason = \"another dose\"\nbounds = {bounds}");
    let ratio = 1.3e29 / 125_932_015_286_227_086_360_700_860_416.0;
    assert_eq!(suite("", &[]).0, 0);
    let (status, plain, _) = suite(scaled, &[]);
    assert_eq!(status, 3);
    let found = plain["cases"][0]["metrics"]["sum_ratio"].as_f64().unwrap();
    assert!((found - ratio).abs() < 1e-4 * ratio, "{found} {ratio}");
    let (status, suite_json, _) = suite(&declared("{ sum_ratio = [1.02, 1.05] }"), &[]);
    assert_eq!((status, &suite_json["cases"][0]["passed"]), (0, &true.into()));
    let (status, suite_json, _) = suite(&declared("{ sum_ratio = [1.1, 1.2] }"), &[]);
    assert_eq!(status, 3);
    assert!(suite_json["cases"][0]["message"].as_str().unwrap().contains("beyond the declared 1.1 to 1.2"));
    let stopped = "expect = \"differs\"\nreason = \"a quirk\"\nbounds = { sum_ratio = [0, 9] }";
    let (status, suite_json, workplace) = suite(stopped, &[]);
    assert_eq!(status, 3, "it stopped differing");
    assert!(suite_json["cases"][0]["message"].as_str().unwrap().contains("declared to differ (a quirk), but agrees"));
    let junit = String::from_utf8(workplace.read("out/junit.xml")).unwrap();
    assert!(junit.contains("failures=\"1\" errors=\"0\"") && junit.contains("<failure "), "{junit}");
}

#[test]
fn the_golden_cases_agree_far_better_than_asked() {
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/suite.toml");
    let workplace = Workplace::new();
    let names = ["seed_two_sources", "seed_two_wavelengths", "seed_two_sources_weighted"];
    let mut options = vec!["--suite", golden.to_str().unwrap(), "--case"];
    options.extend(names);
    let found = compare(&workplace, &options, "");
    assert_eq!(found.status, 0, "{}{}", found.stdout, found.stderr);
    assert!(
        found.stdout.contains("3 cases: 3 as expected (1 of them declared differences), 0 failed"),
        "{}",
        found.stdout
    );
    let suite = json(&workplace, "out/suite.json");
    for (case, digest) in suite["cases"].as_array().unwrap().iter().zip([
        "200eade7c82d918309c940ed41edee37cc006e35b4825758d0e8b71caddd5f66",
        "03864788c68253f4cb5ff8f81dbf00aea35430857e7e97b077827acbded8ddbe",
    ]) {
        let value = |name: &str| case["metrics"][name].as_f64().unwrap();
        assert!(value("correlation") > 1.0 - 1e-10 && (value("sum_ratio") - 1.0).abs() < 1e-6, "{case}");
        let bundle = format!("out/cases/{}", case["name"].as_str().unwrap());
        let digests = String::from_utf8(workplace.read(&format!("{bundle}/inputs.sha256"))).unwrap();
        assert!(digests.contains(&format!("{digest}  reference.bin")), "{digests}");
    }
    let index = String::from_utf8(workplace.read("out/index.html")).unwrap();
    assert!(names.iter().all(|name| index.contains(&format!("href=\"cases/{name}/report.html\""))));
}

#[test]
fn junit_is_xml_whose_counts_are_right() {
    let (status, suite, workplace) = suite("", &["--reference", "./does_not_exist"]);
    assert_eq!((status, &suite["cases"][0]["status"]), (2, &"program_failed".into()));
    let junit = String::from_utf8(workplace.read("out/junit.xml")).unwrap();
    assert!(junit.contains("tests=\"1\" failures=\"0\" errors=\"1\"") && junit.contains("<error "), "{junit}");
    assert_eq!(junit.matches('<').count(), junit.matches('>').count());
}

#[test]
fn ctrl_c_ends_the_programs_too() {
    let workplace = Workplace::new();
    script(&workplace, "reference", "echo $$ > \"${0%/*}/pid\"\nexec sleep 1000");
    let child = std::process::Command::new(assert_cmd::cargo::cargo_bin("bragg"))
        .args(["compare", "--outdir", "out", "--reference", "./reference", "--"])
        .args(ARGS.split_whitespace())
        .current_dir(workplace.folder())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !workplace.path("pid").exists() && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(100));
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    check_ended(&workplace);
}
