//! What the library leaves to the program: printing, ending the process, reading the environment.

use super::items::test_code;
use super::{LIBRARY, Tree, Violation};

/// Macros that write to the terminal.
const PRINTING: &[&str] = &["print", "println", "eprint", "eprintln", "dbg"];
/// Paths of the standard library that are the program's business.
const PROGRAMS_BUSINESS: &[(&str, &str)] = &[
    ("process::exit", "must not end the process: return an error"),
    ("process::abort", "must not end the process: return an error"),
    ("std::env", "must not read the environment: take an argument"),
    ("env::var", "must not read the environment: take an argument"),
    ("env::args", "must not read the command line: take an argument"),
    ("io::stdout", "must not print: return a value, or call back"),
    ("io::stderr", "must not print: return a value, or call back"),
    ("io::stdin", "must not read the terminal: take an argument"),
];

/// Uses of such things outside tests.
pub(super) fn check(tree: &Tree, violations: &mut Vec<Violation>) {
    for source in tree.rust_sources().filter(|source| source.path.starts_with(LIBRARY)) {
        let tests = test_code(&source);
        let printing = PRINTING.iter().flat_map(|name| {
            let calls = source.words(name).filter(|at| source.code[at + name.len()..].starts_with('!'));
            calls.map(|at| (at, "must not print: return a value, or call back"))
        });
        let business =
            PROGRAMS_BUSINESS.iter().flat_map(|(path, what)| source.words(path).map(move |position| (position, *what)));
        for (position, what) in printing.chain(business) {
            if !tests.iter().any(|region| region.contains(&position)) {
                violations.push(Violation::new(source.path, source.line_of(position), format!("the library {what}")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::complaints;

    fn found(path: &str, text: &str) -> usize {
        complaints(check, &[(path, text)]).len()
    }

    #[test]
    fn the_library_neither_prints_nor_exits_nor_reads_the_environment() {
        let path = "crates/bragg/src/io/smv.rs";
        for text in [
            "fn f() { println!(\"a\"); }",
            "fn f() { eprint!(\"a\"); }",
            "fn f() { dbg!(1); }",
            "fn f() { std::process::exit(1) }",
            "use std::process; fn f() { process::abort() }",
            "use std::env; fn f() {}",
            "fn f() { std::io::stdout().flush(); }",
        ] {
            assert_eq!(found(path, text), 1, "{text}");
            assert_eq!(found("crates/bragg-cli/src/main.rs", text), 0, "{text}");
        }
    }

    #[test]
    fn prose_tests_and_other_macros_are_free() {
        let path = "crates/bragg/src/io/smv.rs";
        for text in [
            "/// `println!(\"a\")`\nfn f() { writeln!(w, \"print!\"); }",
            "#[cfg(test)]\nmod tests { fn f() { println!(\"{}\", std::env::temp_dir()); } }",
            "fn f() { env!(\"CARGO_PKG_VERSION\"); }",
        ] {
            assert_eq!(found(path, text), 0, "{text}");
        }
    }
}
