//! Prints every setting of the space groups as JSON lines, or the groups that the arguments name: what
//! `tests/interop/check_space_groups.py` compares with gemmi.

#![expect(clippy::disallowed_methods, reason = "a program has arguments and prints")]

use bragg::symmetry::SpaceGroup;
use std::io::{Write, stdout};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let groups: Vec<SpaceGroup> = match names.is_empty() {
        true => SpaceGroup::all().collect(),
        false => names.iter().map(|name| name.parse()).collect::<Result<_, _>>()?,
    };
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\\\""));
    for group in groups {
        let operators: Vec<String> = group.operators.iter().map(|operator| quoted(&operator.to_string())).collect();
        let range = || -3..=4;
        let indices = range().flat_map(|h| range().flat_map(move |k| range().map(move |l| [h, k, l])));
        let flags = indices.map(|hkl| {
            format!("[{},{},{}]", u8::from(group.is_absent(hkl)), u8::from(group.is_centric(hkl)), group.epsilon(hkl))
        });
        writeln!(
            stdout(),
            r#"{{"number":{},"name":{},"short":{},"full":{},"hall":{},"system":"{}","operators":[{}],"reflections":[{}]}}"#,
            group.number,
            quoted(&group.name),
            quoted(&group.short),
            quoted(&group.full),
            quoted(&group.hall),
            group.system,
            operators.join(","),
            flags.collect::<Vec<_>>().join(",")
        )?;
    }
    Ok(())
}
