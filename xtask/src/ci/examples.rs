//! Every example makes an image: experiment files, and crystals for which everything else is chosen.

use crate::process::{self, files_in, program, target};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Simulates each `examples/*.toml` and `examples/*.pdb`.
pub(super) fn run(root: &Path) -> Result<()> {
    let mut examples = files_in(&root.join("examples"), "toml")?;
    ensure!(!examples.is_empty(), "there are no examples/*.toml");
    examples.extend(files_in(&root.join("examples"), "pdb")?);
    let program = program(root)?;
    let folder = target(root).join("ci").join("examples");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for example in examples {
        let start = Instant::now();
        let name = example.file_stem().unwrap_or_default();
        let image = folder.join(name).with_extension("npy");
        process::run(
            Command::new(&program)
                .arg("simulate")
                .arg(&example)
                .args(["--quiet", "--no-cache"])
                .arg("-o")
                .arg(&image)
                .current_dir(&folder),
        )?;
        let size = image.metadata().with_context(|| format!("{} was not written", image.display()))?.len();
        println!("{}: {size} bytes in {:.1} s", name.display(), start.elapsed().as_secs_f64());
    }
    Ok(())
}
