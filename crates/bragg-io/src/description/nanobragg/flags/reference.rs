//! The reference page `docs/nanobragg-options.md`, made from the table (`bragg reference nanobragg`). The page is
//! committed; the test says when it is out of date, and writes it when asked to.

use super::defs::GROUPS;
use super::flag::Flag;
use super::help::{capitalised, continued_names, remarks};

const INTRODUCTION: &str = "# Options of the nanoBragg drop-in

<!-- Made from crates/bragg-io/src/description/nanobragg/flags/defs.rs: change that, then run
     UPDATE_DOCS=1 cargo test -p bragg-io options_page -->

The command line of nanoBragg, as `nanoBragg` (a link to `bragg`) and `bragg nanobragg` read it.

- Options begin with one or two dashes. CONTINUED
- Of an option given twice the last one counts.
- A negative number is a value; a dash and a letter begin an option.
- Numbers are read as nanoBragg reads them, by C's `atof` and `atoi`: `1.0` for a whole number is 1. Where more than that follows the
  number (`1e3` for a whole number, `100mm`), a note says what was read.
- Other than in nanoBragg, these are errors: an unknown option and a word that belongs to no option (unless `-ignore_unknown` is given), a
  missing value, a value that does not begin with a number, and `nan` or `inf` (but for `-detector_abs inf`).
";

/// The page.
pub fn page() -> String {
    let mut text = INTRODUCTION.replace("CONTINUED", &continued_names());
    for group in GROUPS {
        text += &format!("\n## {}\n\n", group.title);
        for flag in group.flags {
            text += &row(flag);
        }
    }
    text
}

/// The names of an option with its value, and what it means.
fn row(flag: &Flag) -> String {
    let names: Vec<String> = flag.names.iter().map(|name| format!("**`{}`**", name.text())).collect();
    let value = if flag.value.is_empty() { String::new() } else { format!(" `{}`", flag.value) };
    let unit = if flag.unit.is_empty() { String::new() } else { format!(" ({})", flag.unit) };
    let meaning = format!("{}. {}", capitalised(flag.help), remarks(flag));
    format!("- {}{value}{unit}: {}\n", names.join(", "), meaning.trim_end())
}

#[cfg(test)]
#[test]
fn options_page_is_up_to_date() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/nanobragg-options.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, page()).expect("the page can be written");
    }
    let committed = std::fs::read_to_string(&path).expect("docs/nanobragg-options.md is there");
    assert!(
        committed.replace("\r\n", "\n") == page(),
        "docs/nanobragg-options.md is out of date: run UPDATE_DOCS=1 cargo test -p bragg-io options_page"
    );
}
