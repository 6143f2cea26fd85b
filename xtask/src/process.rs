//! Running other programs.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The cargo that runs this program.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root);
    command
}

/// Runs a command to its end, its output on ours; it finds nothing on standard input.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("cannot run {}", in_words(command)))?;
    ensure!(status.success(), "{} ended with {status}", in_words(command));
    Ok(())
}

/// Runs a command to its end and returns its standard output; on failure the error ends with what it said.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {}", in_words(command)))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} ended with {}\n{}", in_words(command), output.status, said.trim());
    Ok(output.stdout)
}

fn in_words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// What is built for every step alike, so that each crate is compiled once: what `cargo test --workspace` needs.
pub(crate) const BUILD: &[&str] = &["build", "--workspace", "--bins", "--tests", "--examples"];

/// Builds the program as the tests do, and says where it lies.
pub(crate) fn program(root: &Path) -> Result<PathBuf> {
    let mut build = cargo(root, BUILD);
    run(build.arg("--quiet"))?;
    let program = target(root).join("debug").join(format!("bragg{}", std::env::consts::EXE_SUFFIX));
    ensure!(program.is_file(), "the build made no {}", program.display());
    Ok(program)
}

/// The folder that cargo builds in.
pub(crate) fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |given| root.join(given))
}

/// The files in a folder whose name ends in `.extension`, by name; none if there is no such folder.
pub(crate) fn files_in(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = folder.read_dir().with_context(|| format!("cannot list {}", folder.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|e| e == extension));
    files.sort();
    Ok(files)
}
