//! Exceptions from lints, and tests that are passed over, give their reason.

use super::source::RustSource;
use super::{Tree, Violation};

/// Attributes that make an exception.
const EXCEPTIONS: &[&str] = &["allow", "expect", "ignore"];

/// `#[allow]`, `#[expect]` and `#[ignore]` without a reason.
pub(super) fn check(tree: &Tree, violations: &mut Vec<Violation>) {
    for source in tree.rust_sources() {
        for open in source.code.match_indices('#').filter_map(|(hash, _)| attribute_bracket(&source, hash)) {
            let attribute = &source.code[open..source.past_closing(open)];
            for name in exceptions(attribute) {
                let has_reason = if name == "ignore" { attribute.contains("= \"") } else { states_reason(attribute) };
                if !has_reason {
                    let form = match name {
                        "ignore" => "#[ignore = \"…\"]".to_owned(),
                        _ => "#[expect(…, reason = \"…\")]".to_owned(),
                    };
                    let what = format!("{name} without a reason: write {form}");
                    violations.push(Violation::new(source.path, source.line_of(open), what));
                }
            }
        }
    }
}

/// The `[` of the attribute whose `#` is given.
fn attribute_bracket(source: &RustSource<'_>, hash: usize) -> Option<usize> {
    let after = &source.code[hash + 1..];
    let rest = after.strip_prefix('!').unwrap_or(after);
    rest.starts_with('[').then(|| source.code.len() - rest.len())
}

/// The exceptions within an attribute, itself or behind `cfg_attr`.
fn exceptions(attribute: &str) -> impl Iterator<Item = &'static str> {
    EXCEPTIONS.iter().copied().filter(move |name| {
        super::source::words(attribute, name).any(|at| {
            let rest = attribute[at + name.len()..].trim_start();
            let before = attribute[..at].trim_end();
            let starts = before.ends_with('[') || before.ends_with(',');
            starts && (rest.starts_with('(') || (*name == "ignore" && rest.starts_with([']', '=', ')'])))
        })
    })
}

fn states_reason(attribute: &str) -> bool {
    super::source::words(attribute, "reason").any(|at| attribute[at + 6..].trim_start().starts_with("= \""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::complaints;

    #[test]
    fn exceptions_need_a_reason() {
        for text in [
            "#[allow(dead_code)]\nfn f() {}",
            "#![allow(dead_code)]",
            "#[expect(dead_code)]\nfn f() {}",
            "#[test]\n#[ignore]\nfn f() {}",
            "#[cfg_attr(windows, ignore)]\nfn f() {}",
            "#[cfg_attr(windows, allow(dead_code))]\nfn f() {}",
            "#[allow(\n    dead_code, // reason = \"in a comment\"\n)]\nfn f() {}",
        ] {
            assert_eq!(complaints(check, &[("a.rs", text)]).len(), 1, "{text}");
        }
    }

    #[test]
    fn reasons_are_accepted_and_other_things_left_alone() {
        for text in [
            "#[expect(dead_code, reason = \"read by the debugger\")]\nfn f() {}",
            "#[allow(\n    dead_code,\n    reason = \"read by the debugger\"\n)]\nfn f() {}",
            "#[ignore = \"takes an hour\"]\nfn f() {}",
            "// #[allow(dead_code)]\nfn f() { x.expect(\"y\"); r#\"#[allow(a)]\"#; }",
            "#[derive(Debug)]\nstruct S;",
        ] {
            assert!(complaints(check, &[("a.rs", text)]).is_empty(), "{text}");
        }
    }
}
