//! The help, made from the table.

use std::fmt::Write as _;

use crate::description::nanobragg::Convention;

use super::defs::{GROUPS, flags};
use super::flag::{Flag, HelpLength, IS_DEFAULT, Name};

/// Columns of a terminal that the help fills at most.
pub(super) const WIDTH: usize = 100;
/// The column where the short help's explanations begin.
const EXPLANATION: usize = 30;
/// The column where the long help's explanations begin.
const INDENT: usize = 8;

/// The help of the drop-in, called by the name `program`.
pub fn help(length: HelpLength, program: &str) -> String {
    let mut text = format!(
        "{program}: the absolute X-ray diffraction image of a crystal\n\n\
         Usage: {program} -cell a b c α β γ (or -mat FILE) -hkl FILE (or -default_F F) [options]\n"
    );
    for group in GROUPS {
        text.truncate(text.trim_end().len());
        text += &format!("\n\n{}\n", group.title);
        for flag in group.flags {
            match length {
                HelpLength::Short => short(&mut text, flag),
                HelpLength::Long => long(&mut text, flag),
            }
        }
    }
    text.truncate(text.trim_end().len());
    text += &format!("\n\n{}\n", wrap(&closing(length, program), 0));
    text
}

fn closing(length: HelpLength, program: &str) -> String {
    let rules = "Options begin with one or two dashes; of an option given twice the last one counts.";
    match length {
        HelpLength::Short => {
            format!("{rules} Defaults are in brackets. `{program} -help` says more about each option.")
        }
        HelpLength::Long => format!("{rules} {}", continued_names()),
    }
}

/// Which names may be continued, in sentences.
pub(super) fn continued_names() -> String {
    let names = flags().flat_map(|flag| flag.names);
    let exact: Vec<&str> = names.filter(|name| matches!(name, Name::Exact(_))).map(Name::text).collect();
    format!(
        "Names may be continued at will (-mat is also -matrix), and where several fit, the longest is meant. Only these \
         are whole words: {}.",
        exact.join(", ")
    )
}

/// One line, or more where the explanation is long: name, values, what it is, unit, default.
fn short(text: &mut String, flag: &Flag) {
    let name = format!("  {} {}", flag.name(), flag.value);
    let name = name.trim_end();
    let mut explanation = flag.help.to_owned();
    if !flag.unit.is_empty() {
        let _ = write!(explanation, " ({})", flag.unit);
    }
    if !flag.default.is_empty() {
        let _ = write!(explanation, " [{}]", flag.default);
    }
    let lines = wrap(&explanation, EXPLANATION);
    if name.chars().count() + 2 > EXPLANATION {
        let _ = writeln!(text, "{name}\n{lines}");
    } else {
        let _ = writeln!(text, "{name:EXPLANATION$}{}", lines.trim_start());
    }
}

/// A paragraph: all names, then everything about it.
fn long(text: &mut String, flag: &Flag) {
    let names: Vec<&str> = flag.names.iter().map(Name::text).collect();
    let names = format!("  {} {}", names.join(", "), flag.value);
    let mut about = capitalised(flag.help);
    if !flag.unit.is_empty() {
        let _ = write!(about, " ({})", flag.unit);
    }
    let _ = write!(about, ". {}", remarks(flag));
    let _ = writeln!(text, "{}\n{}\n", names.trim_end(), wrap(about.trim_end(), INDENT));
}

/// What else there is to say of an option, in sentences: its documentation, what it sets besides its value, its default.
pub(super) fn remarks(flag: &Flag) -> String {
    let mut sentences: Vec<String> = Vec::new();
    if !flag.doc.is_empty() {
        sentences.push(flag.doc.to_owned());
    }
    if let [others @ .., last] = flag.stands_for {
        sentences.push(format!("Stands for {} and {last}.", others.join(", ")));
    }
    if let Some(pivot) = flag.pivot {
        let pivot = format!("{pivot:?}").to_lowercase();
        sentences.push(match flag.convention {
            None | Some(Convention::Custom) => format!("Sets the pivot to {pivot}."),
            Some(_) => format!("A vector given after it makes the convention custom, with the pivot {pivot}."),
        });
    }
    if flag.convention == Some(Convention::Custom) {
        sentences.push("Makes the convention custom.".to_owned());
    }
    if flag.default == IS_DEFAULT {
        sentences.push("This is the default.".to_owned());
    } else if !flag.default.is_empty() {
        sentences.push(format!("Default: {}.", flag.default));
    }
    sentences.join(" ")
}

/// `text` with its first letter large, unless it begins with a name that is written otherwise.
pub(in crate::description) fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().filter(|_| !text.starts_with("nanoBragg"));
    first.map_or_else(|| text.to_owned(), |letter| letter.to_uppercase().chain(rest).collect())
}

/// `text` in lines that are not longer than [`WIDTH`], indented by `indent`.
pub(super) fn wrap(text: &str, indent: usize) -> String {
    let mut lines = vec![String::new()];
    let mut n_line = 0;
    for word in text.split_whitespace() {
        let n_word = word.chars().count();
        if n_line > 0 && indent + n_line + 1 + n_word > WIDTH {
            lines.push(String::new());
            n_line = 0;
        }
        let Some(line) = lines.last_mut() else { continue };
        if n_line > 0 {
            line.push(' ');
            n_line += 1;
        }
        line.push_str(word);
        n_line += n_word;
    }
    let indented: Vec<String> = lines.iter().map(|line| format!("{:indent$}{line}", "")).collect();
    indented.join("\n")
}
