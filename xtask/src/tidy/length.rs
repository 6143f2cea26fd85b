//! How long files and functions may be.

use super::items::functions;
use super::source::RustSource;
use super::{Tree, Violation};

/// Lines of a file.
const MAX_FILE: usize = 500;
/// Lines of a function, from `fn` to the closing brace.
const MAX_FUNCTION: usize = 60;
/// What a longer one has to say: in a file's first comment, right above a function, or on the first line of its body.
const EXCUSE: &str = "tidy: long because ";

/// Files and functions that are too long and do not say why.
pub(super) fn check(tree: &Tree, violations: &mut Vec<Violation>) {
    for (path, text) in tree.texts().filter(|(path, _)| path.ends_with(".rs") || path.ends_with(".py")) {
        let n_lines = text.lines().count();
        let head = text.lines().take_while(|line| is_comment(line));
        judge(violations, path, 1, "this file", n_lines, MAX_FILE, excused(head));
    }
    for source in tree.rust_sources() {
        for function in functions(&source) {
            let first = source.line_of(function.span.start);
            let last = source.line_of(function.span.end.saturating_sub(1));
            let what = format!("the function {}", function.name);
            let excused = excused(head_of(&source, first));
            judge(violations, source.path, first, &what, last - first + 1, MAX_FUNCTION, excused);
        }
    }
}

fn judge(
    violations: &mut Vec<Violation>,
    path: &str,
    line: usize,
    what: &str,
    n_lines: usize,
    most: usize,
    excused: bool,
) {
    if n_lines > most && !excused {
        let what = format!("{what} has {n_lines} lines; the most is {most}, unless a comment says `{EXCUSE}…`");
        violations.push(Violation::new(path, line, what));
    } else if n_lines <= most && excused {
        let what = format!("{what} has {n_lines} lines, which needs no excuse: remove `{EXCUSE}…`");
        violations.push(Violation::new(path, line, what));
    }
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("//") || (line.starts_with('#') && !line.starts_with("#[") && !line.starts_with("#!["))
}

fn excused<'a>(mut lines: impl Iterator<Item = &'a str>) -> bool {
    lines.any(|line| is_comment(line) && line.split_once(EXCUSE).is_some_and(|(_, reason)| reason.trim().len() > 10))
}

/// The comments and attributes right above the function that starts at line `first`, its signature and its first line.
fn head_of<'a>(source: &'a RustSource<'_>, first: usize) -> impl Iterator<Item = &'a str> {
    let lines: Vec<&str> = source.text.lines().collect();
    let is_head = |line: &&&str| is_comment(line) || line.trim_start().starts_with("#[");
    let n_above = lines[..first - 1].iter().rev().take_while(is_head).count();
    let is_file_head = n_above == first - 1;
    let above = if is_file_head { Vec::new() } else { lines[first - 1 - n_above..first - 1].to_vec() };
    let body = lines[first - 1..].iter().position(|line| line.trim_end().ends_with('{')).map(|open| first + open);
    above.into_iter().chain(body.and_then(|body| lines.get(body).copied()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::complaints;

    fn function(n_lines: usize, above: &str, first: &str) -> String {
        format!("//! A file.\n\n{above}fn long(\n    a: u8,\n) {{\n{first}{}}}\n", "    f();\n".repeat(n_lines - 4))
    }

    fn found(text: &str) -> Vec<String> {
        complaints(check, &[("a.rs", text)])
    }

    #[test]
    fn functions_up_to_60_lines() {
        assert!(found(&function(60, "", "")).is_empty());
        assert_eq!(
            found(&function(61, "", "")),
            ["a.rs:3: the function long has 61 lines; the most is 60, unless a comment says `tidy: long because …`"]
        );
    }

    #[test]
    fn a_reason_excuses_and_only_where_needed() {
        let reason = "// tidy: long because it is one table of formats\n";
        assert!(found(&function(99, reason, "")).is_empty());
        assert!(found(&function(99, &format!("/// Doc.\n{reason}#[inline]\n"), "")).is_empty());
        assert!(found(&function(99, "", reason)).is_empty());
        assert_eq!(found(&function(99, "// tidy: long because yes\n", "")).len(), 1, "no reason");
        assert!(found(&function(9, reason, ""))[0].contains("needs no excuse"));
    }

    #[test]
    fn files_up_to_500_lines() {
        let file = |n: usize, head: &str| head.to_owned() + &"const A: u8 = 0;\n".repeat(n);
        assert!(found(&file(500, "")).is_empty());
        assert_eq!(found(&file(501, "")).len(), 1);
        assert!(found(&file(501, "//! A table.\n// tidy: long because it is one table of options\n")).is_empty());
        assert_eq!(complaints(check, &[("a.py", &"a = 0\n".repeat(501))]).len(), 1);
        assert!(complaints(check, &[("a.md", &"a\n".repeat(501))]).is_empty());
    }
}
