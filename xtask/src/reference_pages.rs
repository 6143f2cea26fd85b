//! `cargo xtask docs`: the pages of docs/ that follow from tables in the program. Tests compare the pages with the tables.

use crate::process::{self, program};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Command;

/// What `bragg reference NAME` prints, and where it is kept.
const PAGES: &[(&str, &str)] = &[("nanobragg", "docs/nanobragg-options.md"), ("experiment", "docs/experiment-file.md")];

/// Writes every page anew; none unless all can be.
pub(crate) fn write(root: &Path) -> Result<()> {
    let program = program(root)?;
    let mut pages = Vec::new();
    for (name, path) in PAGES {
        let page = process::output(Command::new(&program).args(["reference", name]))
            .with_context(|| format!("`bragg reference {name}` does not work; {path} stays as it is"))?;
        ensure!(!page.is_empty(), "`bragg reference {name}` prints nothing; {path} stays as it is");
        pages.push((path, page));
    }
    for (path, page) in pages {
        let on_disk = root.join(path);
        let changed = std::fs::read(&on_disk).ok().as_deref() != Some(&page);
        if changed {
            std::fs::create_dir_all(on_disk.parent().unwrap_or(root))
                .with_context(|| format!("cannot make the folder of {path}"))?;
            std::fs::write(&on_disk, page).with_context(|| format!("cannot write {path}"))?;
        }
        println!("{path}: {}", if changed { "written" } else { "already so" });
    }
    Ok(())
}
