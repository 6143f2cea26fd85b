//! What the log of a step says: how many tests passed, what was left out, what failed and why.

/// How a line begins that says what a step leaves out.
const LEFT_OUT: &str = "-- left out: ";
/// Lines that are repeated of a test that failed, and of anything else.
const MOST_OF_A_TEST: usize = 12;
const MOST: usize = 40;
/// Characters that are repeated of a line.
const MOST_OF_A_LINE: usize = 300;

/// Says in the log that a part of a step cannot run here, and why.
pub(super) fn leave_out(why: &str) {
    println!("{LEFT_OUT}{}", why.lines().collect::<Vec<_>>().join(" "));
}

/// What a step has left out.
pub(super) fn left_out(said: &str) -> impl Iterator<Item = &str> {
    said.lines().filter_map(|line| line.strip_prefix(LEFT_OUT))
}

/// How many of Cargo's tests passed.
pub(super) fn n_tests(said: &str) -> usize {
    let results = said.lines().filter_map(|line| line.strip_prefix("test result: "));
    let passed = results.filter_map(|result| result.split_once(". ")?.1.split_once(" passed")?.0.parse::<usize>().ok());
    passed.sum()
}

/// What is repeated of a step that failed: of its tests, each with the way to run it alone, or the lines that say why.
pub(super) fn failures(said: &str) -> Vec<String> {
    let tests = tests(said);
    if tests.is_empty() { reason(said) } else { tests }
}

/// The tests of Cargo that failed. A program of tests prints what each said that failed, Cargo after it how to run the program again.
fn tests(said: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut failed: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut is_within = false;
    for line in said.lines() {
        if let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
            // a test of documentation is named by its place: FILE - ITEM (line N)
            failed.push((name, Vec::new()));
            is_within = true;
        } else if line == "failures:" || line.starts_with("stack backtrace:") {
            is_within = false;
        } else if let Some(again) = rerun(line) {
            if failed.is_empty() {
                found.push(format!("cargo test {again} ended before its tests did"));
            }
            for (name, why) in failed.drain(..) {
                found.push(name.to_owned());
                let why = why.into_iter().filter(|line| !line.is_empty() && !line.starts_with("note: "));
                found.extend(why.take(MOST_OF_A_TEST).map(|line| format!("  {}", short(line))));
                found.push(format!("  alone: cargo test {again} -- {}", filter(name, &again)));
            }
        } else if is_within && let Some((_, why)) = failed.last_mut() {
            why.push(line);
        }
    }
    found
}

/// The words that choose a test.
fn filter(name: &str, again: &str) -> String {
    match name.split_once(" - ") {
        // the name of a test of documentation has a number of a line, which moves
        Some((file, _)) if again.ends_with("--doc") => file.to_owned(),
        _ => format!("--exact {name}"),
    }
}

/// The arguments with which Cargo runs a program of tests again. They name the whole workspace, since a package by itself needs fewer
/// features of others, for which it would be compiled anew.
fn rerun(line: &str) -> Option<String> {
    let (_, rest) = line.strip_prefix("error: ")?.split_once("to rerun pass `-p ")?;
    let (_package, program) = rest.split_once('`')?.0.split_once(' ')?;
    Some(format!("--workspace {program}"))
}

/// From the first error of the compiler on, or the end.
fn reason(said: &str) -> Vec<String> {
    let lines: Vec<_> = said.lines().collect();
    let errors = lines.iter().position(|line| line.starts_with("error:") || line.starts_with("error["));
    let from = errors.unwrap_or_else(|| lines.len().saturating_sub(MOST));
    let mut found: Vec<_> = lines[from..].iter().take(MOST).map(|line| short(line)).collect();
    // the verdict of the step is its last line
    if let Some(last) = lines.last().filter(|_| lines.len() > from + MOST) {
        found.push(format!("… {} lines more", lines.len() - from - MOST - 1));
        found.push(short(last));
    }
    found
}

/// A line, or its beginning where it is long: what two lists have that are compared.
fn short(line: &str) -> String {
    match line.char_indices().nth(MOST_OF_A_LINE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As cargo 1.95 prints it.
    const SAID: &str = "\
     Running unittests src/lib.rs (target/debug/deps/small-3f)

running 3 tests
test good ... ok
test m::bad ... FAILED
test worse ... FAILED

failures:

---- m::bad stdout ----

thread 'm::bad' (12) panicked at small/src/lib.rs:4:9:
assertion `left == right` failed
  left: 1
 right: 2
stack backtrace:
   0: __rustc::rust_begin_unwind
note: Some details are omitted

---- worse stdout ----
a word
Error: \"no\"


failures:
    m::bad
    worse

test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

error: test failed, to rerun pass `-p small --lib`
     Running tests/other.rs (target/debug/deps/other-aa)

running 2 tests
test one ... ok
test two ... ok

test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

error: 1 target failed:
    `-p small --lib`
";

    #[test]
    fn tests_that_failed_are_repeated_with_why_and_how_to_run_them() {
        let expected = [
            "m::bad",
            "  thread 'm::bad' (12) panicked at small/src/lib.rs:4:9:",
            "  assertion `left == right` failed",
            "    left: 1",
            "   right: 2",
            "  alone: cargo test --workspace --lib -- --exact m::bad",
            "worse",
            "  a word",
            "  Error: \"no\"",
            "  alone: cargo test --workspace --lib -- --exact worse",
        ];
        assert_eq!(failures(SAID), expected);
        assert_eq!(n_tests(SAID), 3);
    }

    #[test]
    fn a_test_of_documentation_is_found_by_its_file() {
        let said = "---- src/lib.rs - f (line 3) stdout ----\nno\n\nfailures:\nerror: doctest failed, to rerun pass `-p small --doc`\n";
        let expected = ["src/lib.rs - f (line 3)", "  no", "  alone: cargo test --workspace --doc -- src/lib.rs"];
        assert_eq!(failures(said), expected);
    }

    #[test]
    fn a_program_that_fell_over_is_named() {
        let said =
            "running 1 test\nerror: test failed, to rerun pass `-p small --test t`\n\nCaused by:\n  (signal: 6)\n";
        assert_eq!(failures(said), ["cargo test --workspace --test t ended before its tests did"]);
    }

    #[test]
    fn other_steps_repeat_the_first_error_or_their_end() {
        let many: String = (0..100).map(|i| format!("line {i}\n")).collect();
        let compiled =
            format!("   Compiling small\nerror[E0308]: mismatched types\n{many}xtask: cargo build ended with 101\n");
        let found = failures(&compiled);
        assert_eq!(found[0], "error[E0308]: mismatched types");
        assert_eq!(found[MOST..], ["… 61 lines more", "xtask: cargo build ended with 101"]);
        let found = failures(&many);
        assert_eq!((found.len(), found[MOST - 1].as_str()), (MOST, "line 99"));
        assert_eq!(failures("xtask: no\n"), ["xtask: no"]);
    }

    #[test]
    fn long_lines_are_cut_between_letters() {
        let line = "ß".repeat(MOST_OF_A_LINE);
        assert_eq!(short(&line), line);
        assert_eq!(short(&format!("{line}ß")), format!("{line}…"));
    }

    #[test]
    fn what_is_left_out_is_told_in_one_line_each() {
        let said = "-- left out: no torch\nother\n-- left out: no jax\n";
        assert_eq!(left_out(said).collect::<Vec<_>>(), ["no torch", "no jax"]);
    }
}
