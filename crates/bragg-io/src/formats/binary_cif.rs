//! BinaryCIF (Sehnal et al., PLoS Comput. Biol. 16 (2020) e1008247; <https://github.com/molstar/BinaryCIF>), as text of the same CIF: the
//! categories that the readers of CIF look at. The crate `rmpv` reads its MessagePack; no crate that is kept up reads all categories.

mod decode;

use decode::{Numbers, decode};
use rmpv::ValueRef;
use std::fmt::Write as _;

/// Categories that hold what is read of a CIF file.
const CATEGORIES: [&str; 15] = [
    "_atom_site",
    "_atom_site_aniso",
    "_atom_site_anisotrop",
    "_atom_sites",
    "_cell",
    "_chemical_formula",
    "_diffrn_refln",
    "_pdbx_symmetry",
    "_refln",
    "_space_group",
    "_space_group_symop",
    "_struct_ncs_oper",
    "_symmetry",
    "_symmetry_equiv",
    "_symmetry_equiv_pos",
];

/// The most characters of text: 1 GiB.
const MAX_TEXT: usize = 1 << 30;

/// The most values of a category.
const MAX_VALUES: usize = 60_000_000;

/// Deeper values than these are none of BinaryCIF.
const MAX_DEPTH: u16 = 64;

/// Whether bytes begin as BinaryCIF does: a map with one of its three keys.
pub(crate) fn is_binary_cif(bytes: &[u8]) -> bool {
    let [first @ 0x80..=0x8f, rest @ ..] = bytes else { return false };
    *first > 0x80 && [&b"\xaadataBlocks"[..], b"\xa7encoder", b"\xa7version"].iter().any(|key| rest.starts_with(key))
}

/// The text of the same CIF.
///
/// # Errors
/// A text where the bytes are cut off or are no BinaryCIF that holds together.
pub(crate) fn text(bytes: &[u8]) -> Result<String, String> {
    let refuse = |what: String| format!("it is not sound BinaryCIF: {what}");
    let file = rmpv::decode::read_value_ref_with_max_depth(&mut &bytes[..], MAX_DEPTH.into());
    let file = file.map_err(|error| refuse(format!("{error}; it may be damaged or cut off")))?;
    let mut text = String::new();
    for block in list(&file, "dataBlocks").map_err(refuse)? {
        let header = get(block, "header").and_then(string).unwrap_or_default();
        // a block's name has no blanks
        let name: String = header.chars().filter(char::is_ascii_graphic).collect();
        let _ = writeln!(text, "data_{name}");
        for category in list(block, "categories").map_err(refuse)? {
            write_category(category, &mut text).map_err(refuse)?;
        }
    }
    Ok(text)
}

fn get<'v, 'b>(map: &'v ValueRef<'b>, key: &str) -> Option<&'v ValueRef<'b>> {
    let ValueRef::Map(pairs) = map else { return None };
    pairs.iter().find(|(name, _)| string(name) == Some(key)).map(|(_, value)| value)
}

fn string<'b>(value: &ValueRef<'b>) -> Option<&'b str> {
    match value {
        ValueRef::String(text) => (*text).into_str(),
        _ => None,
    }
}

fn list<'v, 'b>(map: &'v ValueRef<'b>, key: &str) -> Result<&'v [ValueRef<'b>], String> {
    match get(map, key) {
        Some(ValueRef::Array(list)) => Ok(list),
        _ => Err(format!("a list `{key}` is missing")),
    }
}

/// Writes a category as a loop, if it is one that is read.
fn write_category(category: &ValueRef, text: &mut String) -> Result<(), String> {
    let name = get(category, "name").and_then(string).ok_or("a category has no name")?;
    let lower = name.to_ascii_lowercase();
    let columns = list(category, "columns")?;
    if !CATEGORIES.contains(&lower.as_str()) || columns.is_empty() {
        return Ok(());
    }
    let mut decoded: Vec<Column> = Vec::with_capacity(columns.len());
    for column in columns {
        decoded.push(Column::of(column).map_err(|what| format!("{name}: {what}"))?);
        if decoded.iter().map(|column| column.values.len()).sum::<usize>() > MAX_VALUES {
            return Err(format!("{name} has more than {MAX_VALUES} values"));
        }
    }
    let n_rows = decoded.first().map_or(0, |column| column.values.len());
    if decoded.iter().any(|column| column.values.len() != n_rows) {
        return Err(format!("the columns of {name} differ in length"));
    }
    if n_rows == 0 {
        return Ok(());
    }
    text.push_str("loop_\n");
    for column in &decoded {
        let _ = writeln!(text, "{lower}.{}", column.name);
    }
    for row in 0..n_rows {
        for column in &decoded {
            column.write(row, text);
        }
        text.push('\n');
        if text.len() > MAX_TEXT {
            return Err(format!("it holds more than {MAX_TEXT} characters"));
        }
    }
    Ok(())
}

/// A column with its values, and which of them are there: 0; 1 stands for `.` and 2 for `?`.
struct Column {
    name: String,
    values: Numbers,
    mask: Option<Numbers>,
}

impl Column {
    fn of(column: &ValueRef) -> Result<Self, String> {
        let name = get(column, "name").and_then(string).ok_or("a column has no name")?;
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_graphic()) {
            return Err("a column's name is none".into());
        }
        let data = get(column, "data").ok_or_else(|| format!("the column {name} has no data"))?;
        let at = |what: String| format!("the column {name}: {what}");
        let values = decode(data).map_err(at)?;
        let mask = match get(column, "mask") {
            None | Some(ValueRef::Nil) => None,
            Some(mask) => Some(decode(mask).map_err(at)?),
        };
        if mask.as_ref().is_some_and(|mask| mask.len() != values.len()) {
            return Err(at("its mask is of another length".into()));
        }
        Ok(Self { name: name.to_owned(), values, mask })
    }

    fn write(&self, row: usize, text: &mut String) {
        match self.mask.as_ref().and_then(|mask| mask.integer(row)) {
            Some(1) => text.push_str(" ."),
            Some(2) => text.push_str(" ?"),
            _ => match &self.values {
                values @ Numbers::Text(..) => write_text(values.text(row), text),
                values => {
                    text.push(' ');
                    values.write(row, text);
                }
            },
        }
    }
}

/// Writes a value in quotes or, where these stand in it, as a text field.
fn write_text(value: &str, text: &mut String) {
    if !value.contains(['\'', '\n']) {
        let _ = write!(text, " '{value}'");
    } else if !value.contains(['"', '\n']) {
        let _ = write!(text, " \"{value}\"");
    } else {
        // a line that begins with `;` would end the field
        let _ = write!(text, "\n;{}\n;\n", value.replace("\n;", "\n ;"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmpv::Value;

    fn map(pairs: &[(&str, Value)]) -> Value {
        Value::Map(pairs.iter().map(|(key, value)| ((*key).into(), value.clone())).collect())
    }

    fn encoded(encoding: Vec<Value>, data: &[u8]) -> Value {
        map(&[("encoding", Value::Array(encoding)), ("data", Value::Binary(data.to_vec()))])
    }

    fn bytes_of(kind: i32) -> Value {
        map(&[("kind", "ByteArray".into()), ("type", kind.into())])
    }

    /// Columns x (fixed point, packed differences), n (runs), f (32-bit floats), q (steps) and s (text), with a mask on s.
    fn file() -> Vec<u8> {
        let fixed = map(&[("kind", "FixedPoint".into()), ("factor", 1000.into()), ("srcType", 33.into())]);
        let delta = map(&[("kind", "Delta".into()), ("origin", 1500.into()), ("srcType", 3.into())]);
        let packing = map(&[
            ("kind", "IntegerPacking".into()),
            ("byteCount", 1.into()),
            ("isUnsigned", false.into()),
            ("srcSize", 3.into()),
        ]);
        // differences 0, 300, -129: 127 and -128 say that more follows
        let x = encoded(vec![fixed, delta, packing, bytes_of(1)], &[0, 127, 127, 46, 0x80, 0xFF]);
        let runs = map(&[("kind", "RunLength".into()), ("srcSize", 3.into()), ("srcType", 3.into())]);
        let n = encoded(vec![runs, bytes_of(3)], &[7, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0]);
        let f = encoded(vec![bytes_of(32)], &[0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0, 0xCD, 0xCC, 0xCC, 0x3D]);
        let steps = map(&[
            ("kind", "IntervalQuantization".into()),
            ("min", 1.0.into()),
            ("max", 2.0.into()),
            ("numSteps", 5.into()),
            ("srcType", 32.into()),
        ]);
        let q = encoded(vec![steps, bytes_of(4)], &[0, 2, 4]);
        let strings = map(&[
            ("kind", "StringArray".into()),
            ("dataEncoding", Value::Array(vec![bytes_of(1)])),
            ("stringData", "CAO5'a \"'b".into()),
            ("offsetEncoding", Value::Array(vec![bytes_of(4)])),
            ("offsets", Value::Binary(vec![0, 2, 5, 10])),
        ]);
        let s = encoded(vec![strings], &[1, 0, 2]);
        let column =
            |name: &str, data: Value, mask: Value| map(&[("name", name.into()), ("data", data), ("mask", mask)]);
        let mask = encoded(vec![bytes_of(4)], &[0, 2, 0]);
        let columns = vec![
            column("x", x, Value::Nil),
            column("n", n, Value::Nil),
            column("f", f, Value::Nil),
            column("q", q, Value::Nil),
            column("s", s, mask),
        ];
        let other = map(&[("name", "_entity".into()), ("columns", Value::Array(vec![]))]);
        let cell = map(&[("name", "_cell".into()), ("rowCount", 3.into()), ("columns", Value::Array(columns))]);
        let block = map(&[("header", "1 ABC".into()), ("categories", Value::Array(vec![other, cell]))]);
        let file = map(&[
            ("version", "0.3.0".into()),
            ("encoder", "by hand".into()),
            ("dataBlocks", Value::Array(vec![block])),
        ]);
        let mut bytes = Vec::new();
        rmpv::encode::write_value(&mut bytes, &file).unwrap();
        bytes
    }

    #[test]
    fn every_encoding_is_undone() {
        let bytes = file();
        assert!(is_binary_cif(&bytes) && !is_binary_cif(b"\x83\xa3abc") && !is_binary_cif(b"data_"));
        let expected = "data_1ABC\nloop_\n_cell.x\n_cell.n\n_cell.f\n_cell.q\n_cell.s\n 1.5 7 1.5 1 \"O5'\"\n 1.8 7 -2 1.5 ?\n 1.671 9 0.1 2\n;a \"'b\n;\n\n";
        assert_eq!(text(&bytes).unwrap(), expected);
        let blocks = crate::formats::cif::parse_blocks(expected, 1).unwrap();
        assert_eq!(blocks[0].loops[0].values[14].text, "a \"'b");
    }

    #[test]
    fn damage_is_refused_without_a_panic() {
        let bytes = file();
        for n in 0..bytes.len() {
            assert!(text(&bytes[..n]).is_err(), "{n}");
            for value in [0, 0x7f, 0xff, bytes[n] ^ 1] {
                let mut damaged = bytes.clone();
                damaged[n] = value;
                let _ = text(&damaged);
            }
        }
    }
}
