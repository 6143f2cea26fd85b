//! `bragg bench`: times and the verdict.

mod common;

use common::Workplace;
use serde_json::Value;

/// The value at a path of names and indices.
fn at<'a>(json: &'a Value, path: &str) -> &'a Value {
    json.pointer(path).unwrap_or_else(|| panic!("no {path} in {json:#}"))
}

#[test]
fn json_has_every_number() {
    let workplace = Workplace::new();
    let output = workplace.bragg("bench --quick --json --case square --threads 2").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty());
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((at(&json, "/threads").as_u64(), at(&json, "/passed")), (Some(2), &Value::Bool(true)));
    let positive = |path: &str| {
        let value = at(&json, path).as_f64().unwrap_or_else(|| panic!("{path} is no number in {json:#}"));
        assert!(value > 0.0 && value.is_finite(), "{path}: {value}");
        value
    };
    positive("/fma_per_second/one_thread");
    positive("/fma_per_second/all_threads");
    for number in [
        "one_thread/ns_per_pixel",
        "one_thread/median_seconds",
        "all_threads/ns_per_step",
        "speed_up",
        "preparation_seconds",
        "reference_ns_per_step",
        "times_faster_than_reference",
    ] {
        positive(&format!("/cases/0/{number}"));
    }
    // the numbers fit together
    let [fast, slow] = [0, 1].map(|axis| positive(&format!("/cases/0/one_thread/pixels/{axis}")));
    let steps = positive("/cases/0/steps_per_pixel");
    assert_eq!(steps, 100.0);
    let ns = positive("/cases/0/one_thread/best_seconds") * 1e9 / (fast * slow * steps);
    let printed = positive("/cases/0/one_thread/ns_per_step");
    assert!((printed / ns - 1.0).abs() < 1e-9, "{printed} {ns}");
    assert!(positive("/cases/0/compared_pixels") > 100.0);
    assert!(positive("/cases/0/tolerance") >= at(&json, "/cases/0/error").as_f64().unwrap());
    assert_eq!(at(&json, "/cases/0/complaint"), &Value::Null);

    assert_eq!(at(&json, "/cases").as_array().unwrap().len(), 1, "no other case");
    assert_eq!(at(&json, "/levels/0/level"), "portable");
}

#[test]
fn the_table_has_a_line_for_each_case_and_the_level_that_was_asked_for() {
    let workplace = Workplace::new();
    let mut command = workplace.bragg("bench --quick --case tophat samples --threads 1");
    let output = command.env("BRAGG_CPU", "portable").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("bragg ") && text.contains("instructions portable, 1 thread\n"), "{text}");
    let names: Vec<_> = text.lines().skip(4).filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["case", "tophat", "samples"], "{text}");
    let last = text.lines().last().unwrap();
    assert_eq!(last.split_whitespace().count(), 9, "{text}");
}

#[test]
fn unknown_cases_and_the_reference_kernel_are_refused() {
    let workplace = Workplace::new();
    let refused = |mut command: assert_cmd::Command| {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let message = refused(workplace.bragg("bench --case sqare"));
    assert!(message.contains("sqare") && message.contains("square-table") && message.lines().count() == 1, "{message}");
    let mut command = workplace.bragg("bench");
    command.env("BRAGG_CPU", "reference");
    assert!(refused(command).contains("BRAGG_CPU: is reference"));
}
