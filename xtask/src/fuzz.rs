//! `cargo xtask fuzz`: the fuzzers of fuzz/, which need cargo-fuzz and are best built by a nightly toolchain.

use crate::process::{self, cargo, files_in, run as run_command};
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;
use std::process::Command;

/// Runs the targets named, or all, each for some seconds.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let (seconds, named) = match arguments {
        [option, seconds, named @ ..] if option == "--seconds" => {
            (seconds.parse::<u32>().with_context(|| format!("--seconds {seconds}: give a whole number"))?, named)
        }
        named => (60, named),
    };
    let all = targets(root)?;
    if let Some(unknown) = named.iter().find(|name| !all.contains(name)) {
        bail!("there is no target `{unknown}`; the targets are {}", all.join(", "));
    }
    let mut failed = Vec::new();
    for target in if named.is_empty() { &all } else { named } {
        println!("== {target}");
        if let Err(error) = fuzz(root, target, seconds) {
            println!("== {target}: {error:#}");
            failed.push(target.as_str());
        }
    }
    ensure!(
        failed.is_empty(),
        "found something in {}: mend it, and keep its input from fuzz/artifacts/ in fuzz/regressions/",
        failed.join(", ")
    );
    Ok(())
}

fn targets(root: &Path) -> Result<Vec<String>> {
    let files = files_in(&root.join("fuzz").join("fuzz_targets"), "rs")?;
    ensure!(!files.is_empty(), "there are no fuzz/fuzz_targets/*.rs");
    Ok(files.iter().filter_map(|file| Some(file.file_stem()?.to_string_lossy().into_owned())).collect())
}

/// Whether there is a nightly toolchain, for a command with these variables.
fn has_nightly(command: &Command) -> bool {
    let mut asked = Command::new(command.get_program());
    for (name, _) in command.get_envs().filter(|(_, value)| value.is_none()) {
        asked.env_remove(name);
    }
    asked.args(["+nightly", "--version"]).output().is_ok_and(|output| output.status.success())
}

/// Fuzzes one target from its seeds; what it learns stays out of the tree.
fn fuzz(root: &Path, target: &str, seconds: u32) -> Result<()> {
    let fuzz = root.join("fuzz");
    let learnt = process::target(root).join("fuzz-corpus").join(target);
    std::fs::create_dir_all(&learnt).with_context(|| format!("cannot make {}", learnt.display()))?;
    let mut command = Command::new("cargo");
    // the variables of the cargo that runs this program would override +nightly
    for variable in ["CARGO", "RUSTUP_TOOLCHAIN", "RUSTC", "RUSTDOC"] {
        command.env_remove(variable);
    }
    if has_nightly(&command) {
        command.arg("+nightly");
    } else {
        // the stable compiler takes the options of cargo-fuzz, too
        command.env("RUSTC_BOOTSTRAP", "1");
    }
    command.args(["fuzz", "run", target]).arg(&learnt);
    for kept in ["corpus", "regressions"].map(|kept| fuzz.join(kept).join(target)) {
        if kept.is_dir() {
            command.arg(kept);
        }
    }
    let limits = [format!("-max_total_time={seconds}"), "-rss_limit_mb=2048".into(), "-malloc_limit_mb=1024".into()];
    run_command(command.arg("--").args(limits).args(["-timeout=20", "-print_final_stats=1"]).current_dir(root))
}

/// Feeds the kept inputs to the readers as an ordinary test.
pub(crate) fn regressions(root: &Path) -> Result<()> {
    run_command(&mut cargo(root, &["test", "--package", "bragg-io", "--test", "fuzz_regressions"]))
}
