//! Data sets within one loop of reflections: those of several crystals, wavelengths or scale groups are no equivalent observations.

use super::{Kind, columns};
use crate::formats::cif::{Column, Loop, Value};
use std::collections::HashMap;

/// The columns that tell the sets apart, by their names behind `_refln_`.
const KEYS: [&str; 3] = ["crystal_id", "wavelength_id", "scale_group_code"];
/// So many sets are named in a message.
const N_NAMED: usize = 8;

/// A data set that is asked for: keys and values.
pub(super) type Asked<'a> = Vec<(&'a str, &'a str)>;

/// A request without what stands in brackets behind it, and that as keys and values.
pub(super) fn split(text: &str) -> Result<(&str, Asked<'_>), String> {
    let Some((text, inside)) = text.trim().strip_suffix(']').and_then(|text| text.split_once('[')) else {
        return Ok((text, Vec::new()));
    };
    let pairs: Option<Vec<_>> = inside.split(',').map(|pair| pair.split_once('=')).collect();
    let pairs = pairs.unwrap_or_default().into_iter().map(|(key, value)| (key.trim(), value.trim()));
    let pairs: Vec<_> = pairs.filter(|(key, _)| KEYS.contains(key)).collect();
    if pairs.len() == inside.split(',').count() {
        Ok((text, pairs))
    } else {
        Err(format!(
            "[{inside}] behind the column names no data set; it must be like [crystal_id=1,wavelength_id=2]: {}",
            KEYS.join(", ")
        ))
    }
}

/// A set by its crystal, wavelength and scale group.
type Set<'a> = [Option<&'a str>; 3];

/// The rows of the first data set that has values, or of the first that is asked for; a note where there are several.
pub(super) fn rows_of_one<'t, 'l>(
    table: &'l Loop<'t>,
    kind: &Kind,
    asked: &[(&str, &str)],
    notes: &mut Vec<String>,
) -> Result<Vec<&'l [Value<'t>]>, String> {
    let keys = columns(table, KEYS);
    if keys.iter().all(|key| key.is_nowhere()) && asked.is_empty() {
        return Ok(table.rows().collect());
    }
    let set = |row: &[Value<'t>]| -> Set<'t> { keys.map(|key| key.known(row)) };
    let values: Vec<Column> = kind.values.iter().flat_map(|name| columns(table, [name])).collect();
    let mut sets: Vec<(Set, usize)> = Vec::new();
    let mut places: HashMap<Set, usize> = HashMap::new();
    for row in table.rows().filter(|row| values.iter().any(|value| value.known(row).is_some())) {
        let this = set(row);
        let place = *places.entry(this).or_insert(sets.len());
        match sets.get_mut(place) {
            Some((_, n)) => *n += 1,
            None => sets.push((this, 1)),
        }
    }
    let is_asked =
        |set: &Set| asked.iter().all(|(key, value)| KEYS.iter().zip(set).any(|(k, v)| k == key && v == &Some(*value)));
    let all = in_words(&sets);
    let Some((chosen, _)) = sets.iter().find(|(set, _)| is_asked(set)) else {
        return Err(format!("it has no such data set; there are {all}"));
    };
    if let Some((other, _)) = sets.iter().filter(|(set, _)| is_asked(set)).nth(1) {
        notes.push(format!(
            "it has {} data sets ({all}), of which the first is read; name another behind the column, as {}[{}]",
            sets.len(),
            kind.values[0],
            brackets(other)
        ));
    }
    Ok(table.rows().filter(|row| set(row) == *chosen).collect())
}

fn brackets(set: &Set) -> String {
    let known = KEYS.iter().zip(set).filter_map(|(key, value)| Some(format!("{key}={}", (*value)?)));
    known.collect::<Vec<_>>().join(",")
}

fn in_words(sets: &[(Set, usize)]) -> String {
    let named = sets.iter().take(N_NAMED).map(|(set, n)| format!("{} with {n} reflections", brackets(set)));
    let more = (sets.len() > N_NAMED).then(|| format!("and {} more", sets.len() - N_NAMED));
    named.chain(more).collect::<Vec<_>>().join("; ")
}
