//! How large files may be.

use super::{Tree, Violation};

/// Bytes of any file.
const MAX_FILE: u64 = 1_000_000;
/// Bytes of all files that only tests read.
const MAX_TEST_DATA: u64 = 10_000_000;

/// Files that are too large, and too much test data, of what git has: images that somebody made here are nobody's concern.
pub(super) fn check(tree: &Tree, violations: &mut Vec<Violation>) {
    let tracked = || tree.files.iter().filter(|file| file.is_tracked);
    for file in tracked().filter(|file| file.n_bytes > MAX_FILE) {
        let what = format!("{} bytes; the most is {MAX_FILE}", file.n_bytes);
        violations.push(Violation::new(&file.path, 1, what));
    }
    let test_data = tracked().filter(|file| is_test_data(&file.path)).map(|file| file.n_bytes).sum::<u64>();
    if test_data > MAX_TEST_DATA {
        let what = format!("test data of {test_data} bytes together; the most is {MAX_TEST_DATA}");
        violations.push(Violation::new("tests", 1, what));
    }
}

fn is_test_data(path: &str) -> bool {
    let in_tests = path.split('/').any(|part| part == "tests") && !path.ends_with(".rs") && !path.ends_with(".py");
    in_tests || path.starts_with("fuzz/corpus/") || path.starts_with("fuzz/regressions/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::TreeFile;

    fn found(files: &[(&str, u64)]) -> Vec<String> {
        found_of(true, files)
    }

    fn found_of(is_tracked: bool, files: &[(&str, u64)]) -> Vec<String> {
        let file = |(path, n_bytes): &(&str, u64)| TreeFile {
            path: (*path).to_owned(),
            n_bytes: *n_bytes,
            is_tracked,
            text: None,
        };
        let mut violations = Vec::new();
        check(&Tree { files: files.iter().map(file).collect() }, &mut violations);
        violations.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn no_file_over_a_megabyte() {
        assert!(found(&[("a.mtz", 1_000_000)]).is_empty());
        assert_eq!(found(&[("a.mtz", 1_000_001)]), ["a.mtz:1: 1000001 bytes; the most is 1000000"]);
        assert!(found_of(false, &[("1a8o.cbf", 4_000_000), ("tests/a.npy", 20_000_000)]).is_empty());
    }

    #[test]
    fn no_more_than_ten_megabytes_of_test_data() {
        let place =
            ["tests/golden/a.f32", "crates/bragg-io/tests/data/b.img", "fuzz/corpus/smv/c", "fuzz/regressions/smv/d"];
        let files = |each: u64| place.iter().cycle().take(12).map(|path| (*path, each)).collect::<Vec<_>>();
        assert!(found(&files(800_000)).is_empty());
        assert_eq!(found(&files(900_000)).len(), 1);
        assert!(found(&[("docs/a.png", 900_000); 12]).is_empty());
    }
}
