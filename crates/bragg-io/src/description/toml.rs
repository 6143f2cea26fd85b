//! TOML text to a [`Description`].

use super::keys;
use super::{Description, Origin, Value};
use crate::formats::bounded::read_text;
use bragg::error::{Error, Result};
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Experiment files are written by hand; anything larger is another kind of file.
const MAX_BYTES: u64 = 16 << 20;

/// Reads an experiment file. File names in it are relative to its directory.
///
/// # Errors
/// The file cannot be read, is no TOML, has an unknown key or a value that its key does not allow.
pub fn read(path: &Path) -> Result<Description> {
    let mut description = parse(&read_text(path, MAX_BYTES)?, path)?;
    if let Some(directory) = path.parent() {
        description.relative_to(directory);
    }
    Ok(description)
}

/// The description in a TOML text; `path` is named in origins and messages.
///
/// # Errors
/// The text is no TOML, has an unknown key or a value that its key does not allow.
pub fn parse(text: &str, path: &Path) -> Result<Description> {
    let document = DeTable::parse(text).map_err(|e| {
        let line = line_of(text, e.span().map_or(0, |span| span.start));
        Error::file(path, line, format!("not valid TOML: {}", e.message().replace('\n', ", ")))
    })?;
    let mut description = Description::new();
    // counted once: there may be many values
    let ends: Vec<usize> = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(i, _)| i).collect();
    let line = |start: usize| 1 + ends.partition_point(|&end| end < start);
    let origin_at = |start| Origin::File { path: path.to_owned(), line: line(start) };
    insert_table(&mut description, "", document.get_ref(), &origin_at)?;
    Ok(description)
}

fn line_of(text: &str, start: usize) -> usize {
    1 + text.bytes().take(start).filter(|&byte| byte == b'\n').count()
}

fn insert_table(
    description: &mut Description,
    table: &str,
    entries: &DeTable<'_>,
    origin_at: &dyn Fn(usize) -> Origin,
) -> Result<()> {
    for (key, value) in entries {
        let name = if table.is_empty() { key.get_ref().to_string() } else { format!("{table}.{}", key.get_ref()) };
        insert_value(description, &name, value, key.span().start, origin_at)?;
    }
    Ok(())
}

fn insert_value(
    description: &mut Description,
    name: &str,
    value: &Spanned<DeValue<'_>>,
    start: usize,
    origin_at: &dyn Fn(usize) -> Origin,
) -> Result<()> {
    match value.get_ref() {
        DeValue::Table(entries) if keys::is_table(name) => insert_table(description, name, entries, origin_at),
        DeValue::Array(list) if keys::is_table(&format!("{name}[0]")) => {
            if list.len() > keys::MAX_PANELS {
                let what = format!("has {} entries; at most {} are allowed", list.len(), keys::MAX_PANELS);
                return Err(origin_at(start).error(name, what));
            }
            for (i, entry) in list.iter().enumerate() {
                let at = entry.span().start;
                let DeValue::Table(entries) = entry.get_ref() else {
                    return Err(origin_at(at).error(name, format!("must be a list of tables: [[{name}]]")));
                };
                insert_table(description, &format!("{name}[{i}]"), entries, origin_at)?;
            }
            Ok(())
        }
        _ if keys::is_table(&format!("{name}[0]")) => {
            Err(origin_at(start).error(name, format!("must be a list of tables: [[{name}]]")))
        }
        plain => {
            let origin = origin_at(start);
            if keys::find(name).is_none() && keys::is_table(name) && name != "crystal.cell" {
                return Err(origin.error(name, format!("is a table: give its values as {name}.NAME")));
            }
            if matches!(plain, DeValue::Table(_)) && keys::find(name).is_some() {
                return Err(origin.error(name, "is a single value, not a table"));
            }
            let value = raw_value(plain).map_err(|what| match keys::find(name) {
                Some(_) => origin.error(name, what),
                None => origin.error(name, keys::unknown(name)),
            })?;
            description.insert(name, value, origin)
        }
    }
}

/// The value as it was written, before it is checked against its key.
fn raw_value(value: &DeValue<'_>) -> std::result::Result<Value, String> {
    Ok(match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(yes) => Value::Bool(*yes),
        DeValue::Integer(n) => Value::Integer(
            i64::from_str_radix(n.as_str(), n.radix())
                .map_err(|_| format!("is {n}; whole numbers have at most 63 bits"))?,
        ),
        DeValue::Float(x) => Value::Number(x.as_str().parse().map_err(|_| format!("is {x}; it must be a number"))?),
        DeValue::Array(list) => {
            Value::List(list.iter().map(|value| raw_value(value.get_ref())).collect::<std::result::Result<_, _>>()?)
        }
        DeValue::Datetime(date) => return Err(format!("is the date {date}; put text in quotes")),
        DeValue::Table(_) => return Err("is a table where a value is expected".to_owned()),
    })
}

/// The value that a text stands for: what is no TOML is taken as text.
pub(super) fn value_of_text(text: &str) -> Value {
    let value = DeValue::parse(text).ok().and_then(|value| raw_value(value.get_ref()).ok());
    // numbers as people write them: TOML has no .5, 5. or +.5
    let is_number = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E'));
    let number = || text.parse().ok().filter(|_| is_number).map(Value::Number);
    value.or_else(number).unwrap_or_else(|| Value::Text(text.to_owned()))
}

/// Gives the value that a text stands for to a name, which may be that of a table (`crystal.cell={a=70}`).
pub(super) fn insert_text(description: &mut Description, name: &str, text: &str, origin: &Origin) -> Result<()> {
    if keys::find(name).is_none() && keys::is_table(name) {
        let origin_at = |_| origin.clone();
        return match DeValue::parse(text) {
            Ok(value) => insert_value(description, name, &value, 0, &origin_at),
            Err(e) => Err(origin.error(name, format!("is a table, and {text:?} is no TOML value: {}", e.message()))),
        };
    }
    description.insert(name, value_of_text(text), origin.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Description> {
        parse(text, Path::new("x.toml"))
    }

    #[test]
    fn lists_tables_and_dotted_names_say_the_same() {
        let texts = [
            "[crystal]\ncell = [70, 80, 90.0, 75, 85, 95]\n",
            "[crystal.cell]\na = 70\nb = \"8 nm\"\nc = 90\nalpha = 75\nbeta = 85\ngamma = 95.0",
            "crystal.cell = { a = 70, b = 80, c = 90, alpha = 75, beta = 85, gamma = 95 }",
        ];
        let values = |text| -> Vec<_> {
            let description = parsed(text).unwrap();
            description.iter().map(|(name, entry)| (name.to_owned(), entry.value.clone())).collect()
        };
        let first = values(texts[0]);
        assert_eq!(first.len(), 6);
        assert_eq!(first[0], ("crystal.cell.a".to_owned(), Value::Number(70.0)));
        assert_eq!(first, values(texts[1]));
        assert_eq!(first, values(texts[2]));
    }

    #[test]
    fn every_value_knows_its_line() {
        let d = parsed("\n[beam]\nwavelength = 1\n\n[[detector.panel]]\n[[detector.panel]]\norigin = [1,\n 2, 3]\n")
            .unwrap();
        let line = |name: &str| d.get(name).unwrap().origin.to_string();
        assert_eq!(line("beam.wavelength"), "x.toml:3");
        assert_eq!(line("detector.panel[1].origin"), "x.toml:7");
        assert_eq!(d.n_panels(), 2);
    }

    #[test]
    fn mistakes_are_one_line_with_file_and_line() {
        for (text, parts) in [
            ("[beam\nwavelength = 1", ["x.toml:1", "not valid TOML"]),
            ("[beam]\nwavelength = 1\nwavelength = 2", ["x.toml:3", "duplicate"]),
            ("[beam]\n\nwavelenth = 1", ["beam.wavelenth (x.toml:3)", "the nearest is beam.wavelength"]),
            ("[beem]\nwavelength = 1", ["beem (x.toml:1)", "no such key"]),
            ("[beam]\nwavelength = [1]", ["beam.wavelength (x.toml:2)", "is the list [1]"]),
            ("[beam]\nwavelength = 1979-05-27", ["beam.wavelength (x.toml:2)", "date"]),
            ("[beam]\nwavelength = { a = 1 }", ["beam.wavelength (x.toml:2)", "not a table"]),
            ("beam = 3", ["beam (x.toml:1)", "is a table"]),
            ("[detector]\npanel = [1]", ["detector.panel (x.toml:2)", "list of tables"]),
            ("[detector.panel]\norigin = [1, 2, 3]", ["detector.panel (x.toml:1)", "list of tables"]),
            ("[detector]\npixels = [99999999999999999999, 1]", ["detector.pixels (x.toml:2)", "63 bits"]),
            ("[[beam]]\nwavelength = 1", ["beam (x.toml:1)", "is a table"]),
            ("[detector]\npixels = [1e999, 1]", ["detector.pixels (x.toml:2)", "whole number"]),
        ] {
            let message = parsed(text).expect_err(text).to_string();
            assert!(parts.iter().all(|part| message.contains(part)) && !message.contains('\n'), "{message}");
        }
    }

    #[test]
    fn file_names_are_relative_to_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.toml");
        std::fs::write(&path, "output.files = [\"a.img\", \"/tmp/b.img\"]\ndetector.mask = \"m.npy\"").unwrap();
        let d = read(&path).unwrap();
        assert_eq!(d.get("detector.mask").unwrap().value, Value::Path(directory.path().join("m.npy")));
        let expected = vec![Value::Path(directory.path().join("a.img")), Value::Path("/tmp/b.img".into())];
        assert_eq!(d.get("output.files").unwrap().value, Value::List(expected));
        let message = read(&directory.path().join("absent.toml")).unwrap_err().to_string();
        assert!(message.contains("cannot read") && message.contains("absent.toml"), "{message}");
    }
}
