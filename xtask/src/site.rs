//! The documentation as a site: the pages of docs/, the Python package's documentation and that of the Rust libraries.

use crate::process::{self, cargo, target};
use crate::venv;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What builds the pages; black breaks long signatures. Later versions of MkDocs are another program.
const PACKAGES: &[&str] = &["mkdocs>=1.6,<2", "mkdocs-material>=9.6,<10", "mkdocstrings[python]>=0.30", "black"];

/// Builds the site, in which no link may lead nowhere, and returns its folder.
pub(crate) fn build(root: &Path) -> Result<PathBuf> {
    let rust = rust(root)?;
    let python = builder(root)?;
    let site = target(root).join("site");
    let mut build = Command::new(&python);
    build.args(["-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir"]).arg(&site).current_dir(root);
    // it advertises another program
    process::run(build.env("NO_MKDOCS_2_WARNING", "1"))?;
    copy(&rust, &site.join("rust"))?;
    ensure!(site.join("rust").join("bragg").join("index.html").is_file(), "the site has no page of the Rust engine");
    Ok(site)
}

/// The libraries' documentation; the program's would be written over it, since both are named bragg.
fn rust(root: &Path) -> Result<PathBuf> {
    let packages = ["bragg", "bragg-io", "bragg-compare"].map(|name| ["--package", name]);
    let mut command = cargo(root, &["doc", "--lib", "--no-deps"]);
    command.args(packages.as_flattened());
    process::run(command.env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(target(root).join("doc"))
}

/// The environment with what builds the pages.
fn builder(root: &Path) -> Result<PathBuf> {
    let folder = target(root).join("site-builder");
    let python = venv::interpreter(&folder);
    if !venv::has(&python, "mkdocs, material, mkdocstrings_handlers.python, black") {
        venv::make(&folder)?;
        venv::install(&python, PACKAGES, "`cargo doc --package bragg --lib --open` shows the Rust library")?;
    }
    Ok(python)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in from.read_dir().with_context(|| format!("cannot list {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target).with_context(|| format!("cannot copy to {}", target.display()))?;
        }
    }
    Ok(())
}
