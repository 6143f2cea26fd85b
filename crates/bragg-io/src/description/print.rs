//! A [`Description`] as TOML text, each value with its unit and origin in a comment. Reading the text gives back the same values.

use super::keys::{KEYS, Key, Kind};
use super::{Description, Entry};
use bragg::error::printable;
use std::fmt::Write;

/// The description as TOML.
pub fn to_toml(description: &Description) -> String {
    let mut text = String::new();
    let mut table = "";
    let mut panels_are_printed = false;
    for key in KEYS {
        let (key_table, last) = key.name.rsplit_once('.').unwrap_or(("", key.name));
        if key_table.ends_with("[]") {
            if !std::mem::replace(&mut panels_are_printed, true) {
                panels(&mut text, description);
            }
        } else if let Some(entry) = description.get(key.name) {
            if table != key_table {
                header(&mut text, &format!("[{key_table}]"));
                table = key_table;
            }
            line(&mut text, key, last, entry);
        }
    }
    text
}

fn panels(text: &mut String, description: &Description) {
    for i in 0..description.n_panels() {
        header(text, "[[detector.panel]]");
        for key in KEYS {
            let Some(last) = key.name.strip_prefix("detector.panel[].") else { continue };
            if let Some(entry) = description.get(&format!("detector.panel[{i}].{last}")) {
                line(text, key, last, entry);
            }
        }
    }
}

fn header(text: &mut String, header: &str) {
    let gap = if text.is_empty() { "" } else { "\n" };
    // writing to a String cannot fail
    let _ = writeln!(text, "{gap}{header}");
}

fn line(text: &mut String, key: &Key, name: &str, entry: &Entry) {
    let unit = match key.kind {
        Kind::In(unit) | Kind::InOr(unit, _) if !unit.symbol().is_empty() => format!("{}; ", unit.symbol()),
        Kind::PixelPosition => "px; ".to_owned(),
        _ => String::new(),
    };
    let origin = entry.origin.to_string();
    let origin = printable(&origin);
    let _ = writeln!(text, "{name} = {}  # {unit}{origin}", key.printed(&entry.value));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::{Origin, Value, toml};
    use std::path::{Path, PathBuf};

    #[test]
    fn printing_and_reading_gives_the_same_values() {
        let mut d = Description::new();
        let why = Origin::Automatic("two\nlines".to_owned());
        d.insert("detector.distance", 0.1 + 0.2, why).unwrap();
        d.insert("crystal.cell", [70.0, 80.0, 1e-300], Origin::Set).unwrap();
        d.insert("crystal.structure_factors.file", PathBuf::from("a \"b\"\\\u{7}µ.mtz"), Origin::Set).unwrap();
        d.insert("detector.panel[1].origin", [-0.0, 5e-324, 1.797_693_134_862_315_7e308], Origin::Set).unwrap();
        d.insert("detector.panel[10].name", "x", Origin::Default).unwrap();
        d.insert("detector.beam_center", Value::List(vec![Value::Length(85.3), Value::Number(1.5)]), Origin::Set)
            .unwrap();
        d.insert("scan.steps", 5, Origin::Flag("-phisteps".to_owned())).unwrap();
        d.insert("output.files", Value::List(Vec::new()), Origin::Default).unwrap();
        let text = to_toml(&d);
        let again = toml::parse(&text, Path::new("again.toml")).unwrap();
        let values = |d: &Description| d.iter().map(|(name, e)| format!("{name}={}", e.value)).collect::<Vec<_>>();
        assert_eq!(values(&again), values(&d));
        assert!(text.contains("distance = \"0.30000000000000004 mm\"  # mm; automatic: two lines\n"), "{text}");
        assert!(text.contains("steps = 5  # -phisteps\n"), "{text}");
    }
}
