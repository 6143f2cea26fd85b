//! Jobs of more than an hour are begun by `--yes` alone.

mod common;

use common::Workplace;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Many pixels rather than many terms in each, for some pixels are computed to measure how long the whole takes.
const DAYS: &str = "--set detector.pixels=[8000,8000] --set sampling.oversample=25 --set crystal.mosaic.domains=1000";

#[test]
fn jobs_of_days_are_refused_with_what_would_be_shorter() {
    let workplace = Workplace::new();
    let before = workplace.files();
    // blocks as large as somebody's crystal: 3 · 30 µm · 0.5 mm / (1 Å · 60 mm) sub-pixels each way
    let block = "--set detector.pixels=[4000,4000] --set crystal.domain_size=[0.03,0.03,0.03]";
    let edges = "sampling.oversample (750";
    for (words, parts) in [
        (
            format!("simulate x.toml {DAYS} -o a.npy"),
            [
                "64000000 pixels × 625 sub-pixels × 1000 mosaic domains = 4.0e13 terms",
                "fewer crystal.mosaic.domains (1000)",
            ],
        ),
        (format!("gradient x.toml {DAYS} --param scale -o a.npy"), ["= 4.0e13 terms", "detector.roi"]),
        (format!("simulate x.toml {block} -o a.npy"), [edges, "the whole crystal is crystal.extent"]),
    ] {
        let start = Instant::now();
        let output = workplace.bragg(&words).output().unwrap();
        let messages = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{words}: {messages}");
        assert!(messages.starts_with("bragg: error: --yes: is missing for a job of about "), "{messages}");
        assert!(["hours on ", "days on "].iter().any(|time| messages.contains(time)), "{messages}");
        assert!(parts.iter().all(|part| messages.contains(part)), "{words}: {messages} lacks one of {parts:?}");
        assert_eq!(messages.lines().count(), 1);
        assert!(start.elapsed().as_secs() < 60);
    }
    assert!(workplace.files() == before);
    // the plan of it is free
    workplace.run(&format!("simulate x.toml {DAYS} --print-experiment"));
}

/// The first line of a job that has a part; the job is then ended.
fn line_with(part: &str, workplace: &Workplace, words: &str) -> String {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("bragg"))
        .args(words.split_whitespace())
        .current_dir(workplace.folder())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.take(3).find(|line| line.contains(part)).unwrap_or_default();
    child.kill().unwrap();
    child.wait().unwrap();
    line
}

#[test]
fn yes_begins_them() {
    let workplace = Workplace::new();
    let line = line_with("this takes", &workplace, &format!("simulate x.toml {DAYS} --yes -o a.npy"));
    assert!(line.contains("note: this takes about ") && line.contains("4.0e13 terms"), "{line}");
}

/// Spots of blocks of a micrometre are so narrow that almost nothing of 2 · 10¹² terms is computed: a minute instead of an hour.
#[test]
fn what_is_fast_is_measured_to_be_so() {
    let workplace = Workplace::new();
    let words = "simulate x.toml -o a.npy --threads 1 --set crystal.shape=gauss --set crystal.n_cells=300 --set crystal.mosaic.domains=20000 \
                 --set detector.pixels=[4000,4000] --set detector.pixel_size=0.05 --set detector.distance=200 --set sampling.oversample=1";
    let line = line_with("this takes about", &workplace, words);
    assert!(line.contains("note: this takes about "), "{line}");
}
