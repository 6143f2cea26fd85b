//! Words that do not belong into the tree.

use super::source::{is_ident, leading_ident, words};
use super::{Tree, Violation};

/// Marks of work left undone.
const MARKS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];
/// Where files lie on somebody's own machine.
const OWN_PLACES: &[&str] =
    &[concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/wo", "rk/")];
/// Parts of names that say nothing.
const EMPTY_NAMES: &[&str] = &["Manager", "Helper", "Util"];
/// What introduces a name.
const KEYWORDS: &[&str] = &["struct", "enum", "trait", "type", "mod"];

/// Marks of unfinished work, paths of one machine, names that say nothing, identifiers that are not ASCII.
pub(super) fn check(tree: &Tree, violations: &mut Vec<Violation>) {
    for (path, text) in tree.texts() {
        for (i, line) in text.lines().enumerate() {
            for mark in MARKS.iter().filter(|mark| words(line, mark).next().is_some()) {
                let what = format!("{mark}: finish it, or open an issue");
                violations.push(Violation::new(path, i + 1, what));
            }
            for place in OWN_PLACES.iter().filter(|place| names_place(line, place)) {
                let what = format!("{place}… is a path of one machine");
                violations.push(Violation::new(path, i + 1, what));
            }
        }
    }
    for source in tree.rust_sources() {
        for (i, line) in source.code.lines().enumerate().filter(|(_, line)| !line.is_ascii()) {
            let foreign: String = line.chars().filter(|c| !c.is_ascii()).collect();
            violations.push(Violation::new(source.path, i + 1, format!("{foreign}: identifiers are ASCII")));
        }
        for keyword in KEYWORDS {
            for position in source.words(keyword) {
                let name = leading_ident(&source.code[position + keyword.len()..]);
                if says_nothing(name) {
                    let what = format!("{name} says nothing: use the field's name for what it is");
                    violations.push(Violation::new(source.path, source.line_of(position), what));
                }
            }
        }
    }
}

fn says_nothing(name: &str) -> bool {
    let is_module = name.starts_with(|c: char| c.is_lowercase());
    EMPTY_NAMES.iter().any(|empty| {
        let word = empty.to_lowercase();
        name.contains(empty)
            || (is_module && name.split('_').any(|part| part.strip_suffix('s').unwrap_or(part) == word))
    })
}

/// Whether an absolute path that begins with `place` stands in the line.
fn names_place(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        at.checked_sub(1).is_none_or(|before| {
            let before = line.as_bytes()[before];
            !is_ident(before) && !b"./~-}:".contains(&before)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::complaints;

    fn found(path: &str, text: &str) -> Vec<String> {
        complaints(check, &[(path, text)])
    }

    #[test]
    fn unfinished_work_is_found_in_any_source() {
        for mark in MARKS {
            for path in ["a.rs", "a.py", "Cargo.toml", "README.md"] {
                assert_eq!(found(path, &format!("one\n# {mark}: later\n")).len(), 1, "{mark} {path}");
            }
            assert!(found("a.rs", &format!("// {mark}A is a name\n")).is_empty());
        }
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        assert_eq!(found("a.rs", concat!("// see /ho", "me/me/notes")).len(), 1);
        assert!(found("a.rs", concat!("// see https://example.org/ho", "me/me")).is_empty());
        assert!(found("a.rs", concat!("// target/wo", "rk/x")).is_empty());
    }

    #[test]
    fn names_say_something() {
        for text in ["struct SceneManager;", "enum HelperKind {}", "mod utils;", "mod io_helpers {}", "trait Util {}"] {
            assert_eq!(found("a.rs", text).len(), 1, "{text}");
        }
        for text in ["struct Scene;", "// struct Manager", "mod futile;", "use clap::Utility;"] {
            assert!(found("a.rs", text).is_empty(), "{text}");
        }
    }

    #[test]
    fn identifiers_are_ascii_and_prose_is_free() {
        assert_eq!(found("a.rs", "let λ = 1;"), ["a.rs:1: λ: identifiers are ASCII"]);
        assert!(found("a.rs", "// λ in Å\nlet s = \"Å\"; let c = 'Å';").is_empty());
    }
}
