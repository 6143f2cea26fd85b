//! `cargo xtask tidy`: the rules of the house that a machine can check. CONTRIBUTING.md says them in words.

mod dependencies;
mod items;
mod layers;
mod length;
mod lints;
mod sizes;
mod source;
mod words;

use anyhow::{Context, Result, ensure};
use source::RustSource;
use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Files of a source tree.
pub(crate) struct Tree {
    files: Vec<TreeFile>,
}

struct TreeFile {
    /// Path from the top of the tree, with `/`.
    path: String,
    n_bytes: u64,
    /// Whether git has it already; what a command left lying about it has not.
    is_tracked: bool,
    /// The text of a source file; `None` for other files.
    text: Option<String>,
}

/// A rule that is not kept.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    path: String,
    /// From 1; 0 where the whole tree is meant.
    line: usize,
    what: String,
}

impl Violation {
    fn new(path: impl Into<String>, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.into(), line, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Files whose text is looked at.
const SOURCE_ENDINGS: &[&str] = &["rs", "py", "toml", "md", "sh", "yml", "yaml", "cff"];

impl Tree {
    /// The files that git tracks or would track, as they stand on disk.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        for (is_tracked, which) in [(true, &["--cached"][..]), (false, &["--others", "--exclude-standard"])] {
            for path in listed(root, which)? {
                let on_disk = root.join(&path);
                let Ok(metadata) = on_disk.symlink_metadata() else { continue };
                let is_source =
                    Path::new(&path).extension().is_some_and(|e| SOURCE_ENDINGS.iter().any(|ending| e == *ending));
                let text = (is_source && metadata.is_file())
                    .then(|| std::fs::read_to_string(&on_disk).with_context(|| format!("cannot read {path} as text")))
                    .transpose()?;
                files.push(TreeFile { path, n_bytes: metadata.len(), is_tracked, text });
            }
        }
        Ok(Self { files })
    }

    fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)))
    }

    fn rust_sources(&self) -> impl Iterator<Item = RustSource<'_>> {
        self.texts().filter(|(path, _)| path.ends_with(".rs")).map(|(path, text)| RustSource::new(path, text))
    }
}

/// The files that `git ls-files` names when it is asked for some.
fn listed(root: &Path, which: &[&str]) -> Result<Vec<String>> {
    let listing = Command::new("git")
        .args(["ls-files", "-z"])
        .args(which)
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .context("cannot run git, which lists the files to look at")?;
    ensure!(listing.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&listing.stderr).trim());
    let names = String::from_utf8(listing.stdout).context("a file name is not UTF-8")?;
    Ok(names.split_terminator('\0').map(ToOwned::to_owned).collect())
}

/// Checks the tree at `root`, prints what is wrong.
pub(crate) fn run(root: &Path) -> Result<()> {
    let tree = Tree::read(root)?;
    let violations = check(&tree);
    for violation in &violations {
        println!("{violation}");
    }
    ensure!(violations.is_empty(), "{} rules of the house are not kept", violations.len());
    println!("{} files are tidy", tree.files.len());
    Ok(())
}

fn check(tree: &Tree) -> Vec<Violation> {
    let checks = [layers::check, length::check, words::check, lints::check, sizes::check, dependencies::check];
    let mut violations = Vec::new();
    for check in checks {
        check(tree, &mut violations);
    }
    violations.sort();
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a check says of a made-up tree.
    pub(super) fn complaints(check: fn(&Tree, &mut Vec<Violation>), files: &[(&str, &str)]) -> Vec<String> {
        let file = |(path, text): &(&str, &str)| TreeFile {
            path: (*path).to_owned(),
            n_bytes: text.len() as u64,
            is_tracked: true,
            text: Some((*text).to_owned()),
        };
        let mut violations = Vec::new();
        check(&Tree { files: files.iter().map(file).collect() }, &mut violations);
        violations.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn this_tree_is_read_whole() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let tree = Tree::read(&root).unwrap();
        for path in ["Cargo.toml", "xtask/src/tidy/mod.rs", "crates/bragg/src/lib.rs"] {
            assert!(tree.texts().any(|(found, text)| found == path && !text.is_empty()), "{path}");
        }
        assert!(tree.files.iter().all(|file| !file.path.starts_with("target/")));
    }

    #[test]
    fn git_ignores_what_the_commands_of_the_readme_leave() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
        let named = readme.split("-o ").skip(1).chain(readme.split("bragg.write(\"").skip(1));
        let mut left: Vec<&str> =
            named.filter_map(|rest| rest.split(['"', '`', ' ', '\n', ')']).find(|word| !word.is_empty())).collect();
        // what has the program's own names
        left.extend(["1a8o.png", "1a8o.cbf", "floatimage.bin", "intimage.img", "noiseimage.img", "image.pgm"]);
        assert!(left.contains(&"noisy.cbf") && left.contains(&"lysozyme.cbf"), "{left:?}");
        for path in left {
            let asked = Command::new("git").args(["check-ignore", "-q", path]).current_dir(&root).status().unwrap();
            assert!(asked.success(), "git would add {path}");
        }
    }

    #[test]
    fn every_check_takes_part() {
        let long = "fn f() {\n".to_owned() + &"f();\n".repeat(600) + "}\n";
        let files = [
            ("crates/bragg/src/physics/a.rs", "use crate::scene::Scene;"),
            ("crates/bragg-io/src/formats/b.rs", long.as_str()),
            ("crates/bragg-io/src/formats/c.rs", concat!("// TO", "DO: more")),
            ("crates/bragg-io/src/formats/d.rs", "#[allow(dead_code)]\nfn f() {}"),
            ("crates/bragg/Cargo.toml", "[dependencies]\nobscure-crate = \"1\"\n"),
        ];
        let found = complaints(|tree, violations| *violations = check(tree), &files);
        for (path, _) in files {
            assert!(found.iter().any(|line| line.starts_with(path)), "{path} in {found:?}");
        }
    }
}
