//! Ctrl-C leaves nothing behind.
#![cfg(unix)]

mod common;

use common::Workplace;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Starts a simulation of many minutes, sends it a signal, and looks at how it ends.
fn ends_with(signal: &str) {
    let workplace = Workplace::new();
    workplace.write("out.npy", "old");
    let before = workplace.files();
    let child = Command::new(assert_cmd::cargo::cargo_bin("bragg"))
        .args("simulate x.toml --set detector.pixels=[4000,4000] --set crystal.mosaic.domains=2000 --set sampling.oversample=1".split(' '))
        .args(["-o", "out.npy", "-o", "new.cbf"])
        .current_dir(workplace.folder())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(700));
    let status = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{signal}");
    let messages = String::from_utf8(output.stderr).unwrap();
    let last = messages.lines().last();
    assert_eq!(last, Some("bragg: error: interrupted; no file was written"), "{signal}: {messages}");
    assert!(output.stdout.is_empty());
    assert_eq!(workplace.files(), before, "{signal}");
}

#[test]
fn ctrl_c_and_the_end_of_a_job_leave_no_file() {
    ends_with("-INT");
    ends_with("-TERM");
}
