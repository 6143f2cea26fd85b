//! The pictures of the documentation, drawn anew.

use crate::process::{self, program};
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;

/// Width and height of the picture of the README (dots), at most.
const MOST: usize = 800;

/// Draws `docs/1a8o.png`, which is what `bragg simulate --pdb` makes of the example, smaller.
pub(crate) fn draw(root: &Path) -> Result<()> {
    let program = program(root)?;
    let picture = root.join("docs").join("1a8o.png");
    let mut simulate = Command::new(program);
    simulate.args(["simulate", "--quiet", "--pdb"]).arg(root.join("examples").join("1a8o.pdb"));
    simulate.args(["--set", &format!("output.png.max_width={MOST}"), "-o"]).arg(&picture);
    process::run(simulate.current_dir(root))?;
    let size = picture.metadata().with_context(|| format!("{} was not written", picture.display()))?.len();
    println!("{}: {size} bytes", picture.display());
    Ok(())
}
