//! Writing structure factors as MTZ.

use bragg::miller::Miller;
use bragg::reflections::{PointGroup, ReciprocalMetric};
use bragg::structure::Complex64;
use bragg::symmetry::{Operator, SpaceGroup, is_absent};
use std::collections::HashMap;
use std::io::{self, Write};

/// Structure factors to be written.
#[derive(Debug, Clone, Copy)]
pub struct StructureFactors<'a> {
    /// A title of up to 70 characters.
    pub title: &'a str,
    /// Unit cell a, b, c (Å), α, β, γ (deg).
    pub cell: [f64; 6],
    /// The space group. The file holds its asymmetric unit (CCP4's), in P 1 half of the reflections.
    pub space_group: &'a SpaceGroup,
    /// The wavelength (Å); 0 where there is none.
    pub wavelength: f64,
    /// The values in P1, each reflection once.
    pub values: Values<'a>,
    /// Whether to write F(+) and F(-) beside their mean.
    pub anomalous: bool,
}

/// What is known of the reflections.
#[derive(Debug, Clone, Copy)]
pub enum Values<'a> {
    /// |F| (electrons).
    Amplitudes(&'a [(Miller, f64)]),
    /// F (electrons); its phase is written, too.
    Complex(&'a [(Miller, Complex64)]),
}

/// A column's label and type.
type Label = (&'static str, char);

/// Writes an MTZ file (little-endian) with the columns H, K, L, F, PHI where phases are known, and F(+) and F(-) on demand. F is the
/// mean of the Friedel mates' |F|, PHI (deg) the phase of F(+). 0 0 0 is written where it is listed, systematic absences are not.
///
/// # Errors
/// What the operating system refuses; a cell that is none (`InvalidInput`).
pub fn write(content: &StructureFactors, out: &mut dyn Write) -> io::Result<()> {
    let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidInput, what);
    let metric = ReciprocalMetric::from_cell(content.cell).map_err(|error| invalid(error.into()))?;
    let rows = rows(content);
    let mut labels: Vec<Label> = vec![("H", 'H'), ("K", 'H'), ("L", 'H'), ("F", 'F')];
    if matches!(content.values, Values::Complex(_)) {
        labels.push(("PHI", 'P'));
    }
    if content.anomalous {
        labels.extend([("F(+)", 'G'), ("F(-)", 'G')]);
    }
    let n_values: usize = rows.iter().map(Vec::len).sum();
    let header_word =
        i32::try_from(n_values + 21).map_err(|_| invalid("too many reflections for an MTZ file".into()))?;
    out.write_all(b"MTZ ")?;
    out.write_all(&header_word.to_le_bytes())?;
    // The machine stamp: reals and integers are little-endian.
    out.write_all(&[0x44, 0x41, 0, 0])?;
    out.write_all(&[0; 68])?;
    for row in &rows {
        let bytes: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
        out.write_all(&bytes)?;
    }
    header(content, &labels, &rows, &metric).iter().try_for_each(|record| {
        let ascii: String =
            record.chars().map(|c| if c.is_ascii() && !c.is_control() { c } else { '?' }).take(80).collect();
        write!(out, "{ascii:<80}")
    })
}

/// The rows of the table, sorted by h, k, l.
fn rows(content: &StructureFactors) -> Vec<Vec<f32>> {
    let list: Vec<(Miller, Complex64)> = match content.values {
        Values::Amplitudes(list) => list.iter().map(|(hkl, f)| (*hkl, Complex64::from(*f))).collect(),
        Values::Complex(list) => list.to_vec(),
    };
    let operators = &content.space_group.operators;
    let group = PointGroup::new(operators);
    let all: HashMap<Miller, Complex64> = list.iter().copied().collect();
    let mut unique: Vec<(Miller, Option<Complex64>)> = list
        .iter()
        .map(|(hkl, _)| group.representative(*hkl))
        .filter(|hkl| !is_absent(*hkl, operators))
        .map(|hkl| (hkl, all.get(&hkl).copied()))
        .collect();
    unique.sort_unstable_by_key(|(hkl, _)| *hkl);
    unique.dedup_by_key(|(hkl, _)| *hkl);
    let row = |(hkl, plus): (Miller, Option<Complex64>)| {
        // Friedel: F(−h) = F(h)* without anomalous scattering.
        let minus = all.get(&hkl.map(|index| -index)).copied();
        let (f_plus, f_minus) = (plus.map(Complex64::norm), minus.map(Complex64::norm));
        let known: Vec<f64> = f_plus.into_iter().chain(f_minus).collect();
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        let mut row: Vec<f32> = hkl.map(|index| index as f32).to_vec();
        row.push(mean as f32);
        if matches!(content.values, Values::Complex(_)) {
            let phase = plus.or(minus.map(|minus| minus.conj())).map_or(f64::NAN, Complex64::arg);
            row.push(phase.to_degrees() as f32);
        }
        if content.anomalous {
            row.extend([f_plus, f_minus].map(|f| f.unwrap_or(f64::NAN) as f32));
        }
        row
    };
    unique.into_iter().map(row).collect()
}

fn header(content: &StructureFactors, labels: &[Label], rows: &[Vec<f32>], metric: &ReciprocalMetric) -> Vec<String> {
    let [a, b, c, alpha, beta, gamma] = content.cell;
    let cell = format!("{a:10.4}{b:10.4}{c:10.4}{alpha:10.4}{beta:10.4}{gamma:10.4}");
    let inverse_d_squared = |row: &Vec<f32>| metric.inverse_d_squared([row[0] as i32, row[1] as i32, row[2] as i32]);
    let range = rows.iter().map(inverse_d_squared).filter(|s2| *s2 > 0.0);
    let (least, most) = range.fold((f64::INFINITY, 0.0), |(least, most), s2| (s2.min(least), s2.max(most)));
    let operators = &content.space_group.operators;
    let n_primitive =
        operators.len() / operators.iter().filter(|o| o.rotation == Operator::IDENTITY.rotation).count().max(1);
    let name = ccp4_name(content.space_group);
    let mut records = vec![
        "VERS MTZ:V1.1".to_owned(),
        format!("TITLE {}", content.title),
        format!("NCOL {:8} {:12} {:8}", labels.len(), rows.len(), 0),
        format!("CELL  {cell}"),
        "SORT    1   2   3   0   0".to_owned(),
        format!(
            "SYMINF {:3} {n_primitive:2} {} {:5} {:>22} {:>5}",
            operators.len(),
            name.chars().next().unwrap_or('P'),
            content.space_group.number,
            format!("'{name}'"),
            point_group_name(&content.space_group.short)
        ),
    ];
    records.extend(
        operators.iter().map(|operator| format!("SYMM {}", operator.to_string().to_uppercase().replace(',', ",  "))),
    );
    records.push(format!("RESO {:<20.12} {:<20.12}", if least.is_finite() { least } else { 0.0 }, most));
    records.push("VALM NAN".to_owned());
    for (i, (label, kind)) in labels.iter().enumerate() {
        let values = || rows.iter().map(|row| row[i]).filter(|value| !value.is_nan());
        let (least, most) = (values().fold(f32::INFINITY, f32::min), values().fold(f32::NEG_INFINITY, f32::max));
        let [least, most] = [least, most].map(|value| if value.is_finite() { value } else { 0.0 });
        let dataset = u8::from(i >= 3);
        records.push(format!("COLUMN {label:<30} {kind} {least:17.9} {most:17.9} {dataset:4}"));
    }
    records.push("NDIF        2".to_owned());
    for (number, dataset, wavelength) in [(0, "HKL_base", 0.0), (1, "bragg", content.wavelength)] {
        records.push(format!("PROJECT {number:7} {dataset}"));
        records.push(format!("CRYSTAL {number:7} {dataset}"));
        records.push(format!("DATASET {number:7} {dataset}"));
        records.push(format!("DCELL   {number:7} {cell}"));
        records.push(format!("DWAVEL  {number:7} {wavelength:10.5}"));
    }
    records.extend(["END", "MTZENDOFHEADERS"].map(str::to_owned));
    records
}

/// The name as CCP4 has it: `H 3 2` for hexagonal axes, ` :2` for the second origin choice, which readers do not expect unasked.
fn ccp4_name(group: &SpaceGroup) -> String {
    let name = group.name.split([':', '(']).next().unwrap_or_default().trim();
    match group.name.split_once(':').map(|(_, extension)| extension) {
        Some("H") => name.replacen('R', "H", 1),
        Some("2") => format!("{name} :2"),
        _ => name.to_owned(),
    }
}

/// CCP4's name of the point group, from the short name of the space group: `P 43 21 2` has `PG422`.
fn point_group_name(short: &str) -> String {
    let symbols = short.split([':', '(']).next().unwrap_or_default().split_whitespace().skip(1).map(|symbol| {
        let (sign, rest) = symbol.strip_prefix('-').map_or(("", symbol), |rest| ("-", rest));
        let axis = rest.chars().next().map_or('1', |c| if c.is_ascii_digit() { c } else { 'm' });
        format!("{sign}{axis}{}", if rest.contains('/') { "/m" } else { "" })
    });
    format!("PG{}", symbols.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::mtz;
    use std::path::Path;

    fn group(name: &str) -> SpaceGroup {
        SpaceGroup::parse(name).unwrap()
    }

    fn content<'a>(space_group: &'a SpaceGroup, values: Values<'a>, anomalous: bool) -> StructureFactors<'a> {
        let cell = if space_group.number > 140 {
            [50.0, 50.0, 70.0, 90.0, 90.0, 120.0]
        } else {
            [50.0, 60.0, 70.0, 90.0, 90.0, 90.0]
        };
        StructureFactors { title: "made up", cell, space_group, wavelength: 0.9793, values, anomalous }
    }

    fn written(content: &StructureFactors) -> mtz::Mtz {
        let mut bytes = Vec::new();
        write(content, &mut bytes).unwrap();
        mtz::parse(bytes, Path::new("written.mtz")).unwrap()
    }

    #[test]
    fn amplitudes_come_back_in_every_kind_of_group() {
        for name in ["P 1", "P 21 21 21", "C 2 2 21", "R 3 2:H", "P -1", "B 1 1 2"] {
            let group = group(name);
            let unique = [([1, 1, 6], 10.5), ([2, 4, 6], 8.25), ([0, 0, 6], 4.0), ([0, 0, 0], 1000.0)];
            let list = bragg::symmetry::expand_to_p1(&unique, &group.operators).unwrap();
            let mtz = written(&content(&group, Values::Amplitudes(&list), false));
            let again = mtz.reflections(None).unwrap();
            assert_eq!(again.list, list, "{name}");
            assert_eq!(again.symmetry, group.operators);
            assert!(mtz.title == "made up" && mtz.columns.len() == 4 && mtz.n_reflections <= unique.len());
        }
    }

    #[test]
    fn friedel_mates_and_phases_are_kept_apart() {
        let group = group("P 21 21 21");
        let f = |re: f64, im: f64| Complex64::new(re, im);
        let list = [
            ([1, 2, 3], f(3.0, 4.0)),
            ([-1, -2, -3], f(0.0, -7.0)),
            ([2, 0, 0], f(-2.0, 0.0)),
            ([-2, 0, 0], f(-2.0, 0.0)),
        ];
        let mtz = written(&content(&group, Values::Complex(&list), true));
        let labels: Vec<&str> = mtz.columns.iter().map(|column| column.label.as_str()).collect();
        assert_eq!(labels, ["H", "K", "L", "F", "PHI", "F(+)", "F(-)"]);
        let of = |column, hkl| mtz.reflections(Some(column)).unwrap().list.iter().find(|one| one.0 == hkl).unwrap().1;
        assert_eq!([of("F", [1, 2, 3]), of("F(+)", [1, 2, 3]), of("F(+)", [-1, -2, -3])], [6.0, 5.0, 7.0]);
        assert_eq!(of("F(+)", [-1, 2, -3]), 5.0);
    }

    #[test]
    fn names_are_those_of_ccp4() {
        for (name, ccp4, point) in [
            ("P 43 21 2", "P 43 21 2", "PG422"),
            ("R 3 2:H", "H 3 2", "PG32"),
            ("R 3:R", "R 3", "PG3"),
            ("P 1 21/c 1", "P 1 21/c 1", "PG2/m"),
            ("F d -3 m:2", "F d -3 m :2", "PGm-3m"),
            ("P -4 21 c", "P -4 21 c", "PG-42m"),
        ] {
            let group = group(name);
            assert_eq!((ccp4_name(&group).as_str(), point_group_name(&group.short).as_str()), (ccp4, point));
        }
    }
}
