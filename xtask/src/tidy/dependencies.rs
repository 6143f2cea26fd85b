//! Dependencies say what they are for.

use super::{Tree, Violation};

/// Crates whose purpose a reader knows from the name.
const WELL_KNOWN: &[&str] = &[
    "anyhow",
    "base64",
    "clap",
    "flate2",
    "md-5",
    "png",
    "proptest",
    "rayon",
    "tempfile",
    "thiserror",
    "tiff",
    "toml",
];

/// Dependencies that are neither well known nor explained by a comment above or behind them.
pub(super) fn check(tree: &Tree, violations: &mut Vec<Violation>) {
    for (path, text) in tree.texts().filter(|(path, _)| path.rsplit('/').next() == Some("Cargo.toml")) {
        let mut in_dependencies = false;
        let mut explained = false;
        for (i, line) in text.lines().enumerate() {
            let line = line.trim();
            if let Some(header) = line.strip_prefix('[') {
                let header = header.trim_end_matches(']');
                in_dependencies = header.ends_with("dependencies");
                if let Some((_, name)) = header.split_once("dependencies.") {
                    judge(violations, path, i + 1, name, explained);
                }
            } else if in_dependencies && !line.starts_with('#') {
                let name = line.split(['=', '.']).next().unwrap_or_default().trim().trim_matches('"');
                let is_ours = line.contains("path =") || line.contains("path=");
                let starts_entry = line.contains('=') && !name.is_empty();
                if starts_entry && !is_ours {
                    judge(violations, path, i + 1, name, explained || line.contains(" #"));
                }
            }
            explained = line.starts_with('#');
        }
    }
}

fn judge(violations: &mut Vec<Violation>, path: &str, line: usize, name: &str, explained: bool) {
    if !explained && !WELL_KNOWN.contains(&name) {
        let what = format!("say in a comment above the dependency {name} what it is for");
        violations.push(Violation::new(path, line, what));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::complaints;

    #[test]
    fn an_unknown_crate_is_explained() {
        for section in
            ["[dependencies]", "[dev-dependencies]", "[workspace.dependencies]", "[target.'cfg(unix)'.dependencies]"]
        {
            let found = |entry: &str| complaints(check, &[("a/Cargo.toml", &format!("{section}\n{entry}\n"))]).len();
            assert_eq!(found("obscure = \"1\""), 1, "{section}");
            assert_eq!(found("obscure = { version = \"1\", features = [\"a\"] }"), 1);
            assert_eq!(found("# draws letters\nobscure = \"1\""), 0);
            assert_eq!(found("obscure = \"1\" # draws letters"), 0);
            assert_eq!(found("rayon = \"1\""), 0);
            assert_eq!(found("bragg = { path = \"../bragg\" }"), 0);
            assert_eq!(found("# draws letters\nobscure = \"1\"\nother = \"1\""), 1);
        }
    }

    #[test]
    fn tables_of_their_own_and_other_sections() {
        let found = |text: &str| complaints(check, &[("Cargo.toml", text)]).len();
        assert_eq!(found("[dependencies.obscure]\nversion = \"1\"\n"), 1);
        assert_eq!(found("# draws letters\n[dependencies.obscure]\nversion = \"1\"\n"), 0);
        assert_eq!(found("[package]\nname = \"obscure\"\n[lints]\nworkspace = true\n"), 0);
    }
}
