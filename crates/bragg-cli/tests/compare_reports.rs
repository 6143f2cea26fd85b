//! What a bundle of `bragg compare` tells of programs that failed, of both images, of times and of surroundings.
#![cfg(unix)]

mod common;

use common::Workplace;
use common::comparisons::{ARGS, compare, json, metrics, script};

fn text(workplace: &Workplace, name: &str) -> String {
    String::from_utf8(workplace.read(name)).unwrap()
}

#[test]
fn the_summary_shows_what_a_failed_program_said() {
    let workplace = Workplace::new();
    script(&workplace, "reference", "i=0; while [ $i -lt 50 ]; do echo \"line $i\" >&2; i=$((i+1)); done\nexit 7");
    assert_eq!(compare(&workplace, &["--reference", "./reference"], ARGS).status, 2);
    let summary = text(&workplace, "out/summary.md");
    assert!(summary.contains("What the reference wrote to standard error last:\n\n    line 20\n"), "{summary}");
    assert!(summary.contains("    line 49\n") && !summary.contains("candidate wrote"), "{summary}");
    assert!(text(&workplace, "out/report.html").contains("line 48\nline 49</pre>"));
    // the other's image is told of
    let max = metrics(&workplace)["runs"]["candidate"]["max"].as_f64().unwrap();
    assert!(max > 0.0 && summary.contains("| largest pixel |  | "), "{summary}");
}

/// Of 80 × 64 pixels those of a window are computed; every one of them scatters.
#[test]
fn both_images_are_told_by_their_largest_pixel_and_those_that_are_not_zero() {
    let workplace = Workplace::new();
    script(&workplace, "reference", "exec \"$BRAGG\" nanobragg \"$@\" -water 0.1");
    let found = compare(&workplace, &["--reference", "./reference"], &format!("{ARGS} -roi 10 29 5 14"));
    assert_eq!(found.status, 3, "{}", found.stderr);
    let summary = text(&workplace, "out/summary.md");
    assert!(summary.contains("| pixels that are not 0 | 200 of 5120 | 200 of 5120 |"), "{summary}");
    let runs = &metrics(&workplace)["runs"];
    let bytes = workplace.read("out/candidate.bin");
    let pixels = bytes.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
    assert_eq!(runs["candidate"]["max"], f64::from(pixels.fold(0.0, f32::max)));
    assert_eq!(runs["reference"]["n_nonzero"], 200);
}

#[test]
fn comments_in_a_source_file_explain_a_failure() {
    let workplace = Workplace::new();
    workplace.write("two.txt", "# two sources\n0 0 -1 1 1.2e-10\n0.02 0 -1 1 1.2e-10\n");
    workplace.write("plain.txt", "0 0 -1 1 1.2e-10\n0.02 0 -1 1 1.2e-10\n");
    // as the reference program: a wavelength of 0 ends it
    script(
        &workplace,
        "reference",
        "for f; do grep -q '^#' -- \"$f\" 2>/dev/null && exit 1; done\nexec \"$BRAGG\" nanobragg \"$@\"",
    );
    let found = compare(&workplace, &["--reference", "./reference"], &format!("{ARGS} -sourcefile two.txt"));
    assert_eq!(found.status, 2);
    let note = "the source file two.txt has a comment line, and nanoBragg reads it as a source at 0 0 0";
    assert!(text(&workplace, "out/summary.md").contains(&format!("\nNote: {note}")));
    assert!(metrics(&workplace)["notes"][0].as_str().unwrap().starts_with(note) && found.stdout.contains(note));
    let workplace_without = Workplace::new();
    workplace_without.write("plain.txt", "0 0 -1 1 1.2e-10\n0.02 0 -1 1 1.2e-10\n");
    script(&workplace_without, "reference", "exit 1");
    compare(&workplace_without, &["--reference", "./reference"], &format!("{ARGS} -sourcefile plain.txt"));
    assert_eq!(metrics(&workplace_without)["notes"], serde_json::json!([]));
}

#[test]
fn commands_have_their_times() {
    let workplace = Workplace::new();
    script(&workplace, "reference", "exec \"$BRAGG\" nanobragg \"$@\"");
    assert_eq!(compare(&workplace, &["--reference", "./reference", "--repeat", "2"], ARGS).status, 0);
    let commands = text(&workplace, "out/commands.txt");
    let times: Vec<&str> = commands.lines().filter(|line| line.starts_with("# started 20")).collect();
    assert!(
        times.len() == 4 && times.iter().all(|line| line.contains("Z, took 0.") || line.contains("Z, took ")),
        "{commands}"
    );
    let seconds = &metrics(&workplace)["runs"]["reference"]["seconds"];
    for second in seconds.as_array().unwrap() {
        let told = format!("took {:.3} s", second.as_f64().unwrap());
        assert!(times.iter().any(|line| line.ends_with(&told)), "{told}: {commands}");
    }
}

#[test]
fn surroundings_are_kept_with_python_and_torch() {
    let workplace = Workplace::new();
    script(&workplace, "reference", "exec \"$BRAGG\" nanobragg \"$@\"");
    let python = "if [ \"$1\" = -c ]; then echo '{\"version\": \"3.12.1\", \"packages\": {\"torch\": \"2.3.0\", \"'\"$3\"'\": \"0.1\"}}'; exit; fi\n\
                  shift 2\nexec \"$BRAGG\" nanobragg \"$@\"";
    script(&workplace, "python3", python);
    let mut command = workplace.bragg("compare --outdir out --reference ./reference");
    command.args(["--candidate", "./python3 -m torchbragg.cli", "--"]).args(ARGS.split_whitespace());
    command.env("OMP_NUM_THREADS", "3").env("KMP_DUPLICATE_LIB_OK", "TRUE").env("SECRET_TOKEN", "x");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let env = json(&workplace, "out/env.json");
    assert_eq!(env["environment"]["OMP_NUM_THREADS"], "3");
    assert_eq!(env["environment"]["KMP_DUPLICATE_LIB_OK"], "TRUE");
    assert!(env["environment"]["SECRET_TOKEN"].is_null());
    assert_eq!(env["candidate"]["python"]["version"], "3.12.1");
    assert_eq!(env["candidate"]["python"]["packages"]["torch"], "2.3.0");
    assert_eq!(env["candidate"]["python"]["packages"]["torchbragg"], "0.1");
    assert!(env["reference"]["python"].is_null());
}
