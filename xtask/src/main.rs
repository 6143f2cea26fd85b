//! Chores of the project; `cargo xtask` lists them.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "chores report on the terminal")]

mod ci;
mod fuzz;
mod pictures;
mod process;
mod reference_pages;
mod site;
mod tidy;
mod venv;
mod wheel;

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask ci                                   formats, rules of the house, build and tests: what to run before a commit
cargo xtask ci --all [--with PACKAGE,…]          every check of the project; PACKAGE, jax or torch, is large and may be downloaded
cargo xtask ci --only STEP,… | --skip STEP,…     these steps, or all but these, of: ";
const MORE_HELP: &str = "
cargo xtask step STEP                            one step, which says everything here and not in target/ci/STEP.log
cargo xtask tidy                                 only the rules of the house
cargo xtask docs                                 writes the reference pages in docs/ from the program, and builds the site
cargo xtask pictures                             draws the pictures of the documentation anew
cargo xtask wheel [--profile NAME]               builds the Python package for others (profile release unless told otherwise)
cargo xtask fuzz [--seconds N] [TARGET…]         fuzzes the readers, each for N seconds (60)
cargo xtask fuzz-regressions                     feeds the fuzzers' corpora and past crashes to the readers";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<ci::Skipped>() => ExitCode::from(ci::SKIPPED),
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let root = root()?;
    let Some((chore, rest)) = arguments.split_first() else {
        println!("{HELP}{}{MORE_HELP}", ci::step_names().join(" "));
        return Ok(());
    };
    match (chore.as_str(), rest) {
        ("ci", _) => ci::run(&root, rest),
        ("step", _) => ci::run_step(&root, rest),
        ("tidy", []) => tidy::run(&root),
        ("docs", []) => docs(&root),
        ("pictures", []) => pictures::draw(&root),
        ("wheel", _) => wheel(&root, rest),
        ("fuzz", _) => fuzz::run(&root, rest),
        ("fuzz-regressions", []) => fuzz::regressions(&root),
        ("help" | "-h" | "--help", _) => run(&[]),
        ("tidy" | "docs" | "pictures" | "fuzz-regressions", _) => bail!("`{chore}` takes no arguments"),
        _ => bail!("there is no chore `{chore}`; `cargo xtask` lists them"),
    }
}

fn docs(root: &Path) -> Result<()> {
    reference_pages::write(root)?;
    println!("the site: {}", site::build(root)?.join("index.html").display());
    Ok(())
}

fn wheel(root: &Path, arguments: &[String]) -> Result<()> {
    let profile = match arguments {
        [] => "release",
        [option, name] if option == "--profile" => name,
        _ => bail!("`wheel` has one option: --profile NAME, such as `--profile dev`"),
    };
    let folder = process::target(root).join("wheels");
    println!("{}", wheel::build(root, profile, &folder, wheel::For::Others)?.display());
    Ok(())
}

/// The top of the source tree.
fn root() -> Result<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().map(Path::to_owned).context("xtask lies at the root of the file system")
}
