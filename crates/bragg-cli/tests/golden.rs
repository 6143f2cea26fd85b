//! The drop-in on images measured with the reference program, on every kernel that this processor can run.

use bragg::kernel::cpu::Level;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Case {
    name: String,
    args: Vec<String>,
    more: Vec<String>,
    has_images: bool,
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

fn cases() -> Vec<Case> {
    let text = fs::read_to_string(golden().join("suite.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let text = |case: &toml::Value, key: &str| case.get(key).map_or("", |value| value.as_str().unwrap()).to_owned();
    let cases = table["case"].as_array().unwrap().iter().filter(|case| text(case, "expect") != "differs");
    cases
        .map(|case| Case {
            name: text(case, "name"),
            args: text(case, "args").split_whitespace().map(str::to_owned).collect(),
            more: text(case, "candidate_args").split_whitespace().map(str::to_owned).collect(),
            has_images: golden().join(format!("{}.pgm", text(case, "name"))).exists(),
        })
        .collect()
}

fn floats(path: &Path) -> Vec<f32> {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// Runs a case where its inputs are, and returns what differs, in words.
fn differences(case: &Case, kernel: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for input in fs::read_dir(golden().join("inputs")).unwrap() {
        let input = input.unwrap();
        fs::copy(input.path(), folder.path().join(input.file_name())).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_bragg"));
    command.arg("nanobragg").args(&case.args).current_dir(folder.path()).env("BRAGG_CPU", kernel);
    command.args(["-floatfile", "out.f32", "-intfile", "out.int.img", "-noisefile", "out.noise.img"]);
    command.args(["-pgmfile", "out.pgm"]);
    command.args(&case.more);
    let output = command.output().unwrap();
    if !output.status.success() {
        return vec![format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr))];
    }
    let expected = |ending: &str| golden().join(format!("{}.{ending}", case.name));
    let mut differences = compare_floats(case, &floats(&folder.path().join("out.f32")), &floats(&expected("f32")));
    if case.has_images {
        for (ending, header) in [("int.img", 512), ("noise.img", 512), ("pgm", 40)] {
            let got = fs::read(folder.path().join(format!("out.{ending}"))).unwrap();
            differences.extend(compare_bytes(ending, header, &got, &fs::read(expected(ending)).unwrap()));
        }
    }
    differences
}

/// Pixels agree within 2e-6 of their value and 1e-9 of the brightest. One in 2000 may lie across the edge of a top-hat spot.
fn compare_floats(case: &Case, got: &[f32], expected: &[f32]) -> Vec<String> {
    if got.len() != expected.len() {
        return vec![format!("{} pixels instead of {}", got.len(), expected.len())];
    }
    let top = expected.iter().copied().fold(0.0, f32::max);
    let is_off = |a: f32, b: f32| {
        let (a, b) = (f64::from(a), f64::from(b));
        let within = (a - b).abs() <= 2e-6 * b.abs() + 1e-9 * f64::from(top);
        !within
    };
    let off: Vec<usize> = (0..got.len()).filter(|&i| is_off(got[i], expected[i])).collect();
    let is_tophat = case.args.iter().any(|arg| arg == "-tophat_spots");
    let allowed = if is_tophat { expected.len() / 2000 } else { 0 };
    match off.first() {
        Some(&i) if off.len() > allowed => {
            vec![format!("{} pixels differ, such as number {i}: {} instead of {}", off.len(), got[i], expected[i])]
        }
        _ => Vec::new(),
    }
}

/// Headers agree to the byte; of the pixels two may differ, whose photons were rounded the other way.
fn compare_bytes(name: &str, header: usize, got: &[u8], expected: &[u8]) -> Option<String> {
    let n_off = got.iter().zip(expected).skip(header).filter(|(a, b)| a != b).count();
    let agree = got.len() == expected.len() && got[..header] == expected[..header] && n_off <= 2;
    (!agree).then(|| format!("{name} differs"))
}

fn check(kernel: &str) {
    let cases = cases();
    assert!(cases.len() > 80 && cases.iter().filter(|case| case.has_images).count() >= 9);
    let mut report = String::new();
    for case in &cases {
        for difference in differences(case, kernel) {
            report.push_str(&format!("{}: {difference}\n", case.name));
        }
    }
    assert!(report.is_empty(), "with the kernel {kernel}:\n{report}");
}

#[test]
fn the_reference_kernel_makes_the_measured_images() {
    check("reference");
}

#[test]
fn every_kernel_makes_the_measured_images() {
    for level in Level::available() {
        check(level.name());
    }
}
