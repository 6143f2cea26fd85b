//! Reflection lists of CrystFEL, version 2.0 (`.hkl`; <https://www.desy.de/~twhite/crystfel/>; White et al., J. Appl. Cryst. 45 (2012)
//! 335-341): merged intensities, reduced by the point group that the list names. They know neither cell nor centring.

use crate::formats::numbers::{excerpt, index, number, summable};
use crate::formats::reflections::List;
use crate::formats::text::text;
use bragg::error::{Error, Result};
use bragg::miller::Miller;
use bragg::reflections::{Observation, PointGroup, Reflections, merge};
use bragg::symmetry::{Operator, SpaceGroup, is_absent};
use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

const START: &str = "CrystFEL reflection list version";
const END: &str = "End of reflections";

/// CrystFEL's names of the point groups, each with a space group without screw axes and glide planes. The unique axis is c; of
/// trigonal groups, `_H` means hexagonal axes and `_R` rhombohedral ones.
const POINT_GROUPS: [(&str, &str); 45] = [
    ("1", "P 1"),
    ("-1", "P -1"),
    ("2", "P 1 1 2"),
    ("m", "P 1 1 m"),
    ("2/m", "P 1 1 2/m"),
    ("2_uab", "P 1 2 1"),
    ("m_uab", "P 1 m 1"),
    ("2/m_uab", "P 1 2/m 1"),
    ("222", "P 2 2 2"),
    ("mm2", "P m m 2"),
    ("mmm", "P m m m"),
    ("4", "P 4"),
    ("-4", "P -4"),
    ("4/m", "P 4/m"),
    ("422", "P 4 2 2"),
    ("4mm", "P 4 m m"),
    ("-42m", "P -4 2 m"),
    ("-4m2", "P -4 m 2"),
    ("4/mmm", "P 4/m m m"),
    ("3_R", "R 3:R"),
    ("-3_R", "R -3:R"),
    ("32_R", "R 3 2:R"),
    ("3m_R", "R 3 m:R"),
    ("-3m_R", "R -3 m:R"),
    ("3_H", "P 3"),
    ("-3_H", "P -3"),
    ("321_H", "P 3 2 1"),
    ("312_H", "P 3 1 2"),
    ("3m1_H", "P 3 m 1"),
    ("31m_H", "P 3 1 m"),
    ("-3m1_H", "P -3 m 1"),
    ("-31m_H", "P -3 1 m"),
    ("6", "P 6"),
    ("-6", "P -6"),
    ("6/m", "P 6/m"),
    ("622", "P 6 2 2"),
    ("6mm", "P 6 m m"),
    ("-62m", "P -6 2 m"),
    ("-6m2", "P -6 m 2"),
    ("6/mmm", "P 6/m m m"),
    ("23", "P 2 3"),
    ("m-3", "P m -3"),
    ("432", "P 4 3 2"),
    ("-43m", "P -4 3 m"),
    ("m-3m", "P m -3 m"),
];

/// Changes of basis that turn the unique axis c to a, b and c: new edges from old ones.
const UNIQUE_AXES: [(&str, &str); 3] = [("_uaa", " (c,a,b)"), ("_uab", " (b,c,a)"), ("_uac", "")];

/// Whether the text begins as such a list does.
pub(crate) fn is_crystfel(text: &str) -> bool {
    text.starts_with(START)
}

/// Reads the bytes of a list, compressed or not; `path` is for messages. The point group's operators are given as the symmetry.
///
/// # Errors
/// A file that is no list of version 2.0 or is cut off; a point group that is not known; a line that is no reflection, by its number.
pub fn parse(bytes: &[u8], path: &Path) -> Result<List> {
    let text = text(bytes).map_err(|what| Error::file(path, None, what))?;
    let mut lines = text.lines().zip(1..);
    let first = lines.next().map_or("", |(line, _)| line);
    let version = first.strip_prefix(START).map(str::trim);
    if version != Some("2.0") {
        let what = format!("`{}` is not `{START} 2.0`, the first line of the lists that are read", excerpt(first));
        return Err(Error::file(path, 1, what));
    }
    let mut list = List { are_intensities: true, source: path.to_owned(), ..List::default() };
    let mut ended = false;
    for (line, number) in lines {
        let line = line.trim();
        if line == END {
            ended = true;
            break;
        }
        let refuse = |what: String| Error::file(path, number, what);
        if let Some(name) = line.strip_prefix("Symmetry:") {
            list.symmetry = point_group(name.trim()).map_err(refuse)?;
        } else if !line.is_empty() && !line.starts_with("h ") {
            let read = observation(line);
            list.observations.push(read.map_err(|what| {
                refuse(format!("`{}` cannot be read as h k l I phase sigma nmeas: {what}", excerpt(line)))
            })?);
        }
    }
    if ended { Ok(list) } else { Err(Error::file(path, None, format!("it has no line `{END}`; it is cut off"))) }
}

fn observation(line: &str) -> std::result::Result<Observation, String> {
    let mut words = line.split_ascii_whitespace();
    let mut next = || words.next().ok_or("there are too few columns".to_owned());
    let hkl = [index(next()?)?, index(next()?)?, index(next()?)?];
    let value = summable(number(next()?, "the intensity")?, "the intensity")?;
    let (_phase, sigma) = (next()?, number(next()?, "sigma")?);
    Ok(Observation { hkl, value, sigma: Some(sigma) })
}

/// The operators of a point group by CrystFEL's name; none for `unknown`.
fn point_group(name: &str) -> std::result::Result<Vec<Operator>, String> {
    if name == "unknown" {
        return Ok(Vec::new());
    }
    let group = |known: &str| POINT_GROUPS.iter().find(|(other, _)| *other == known).map(|(_, group)| *group);
    let turned = || {
        let (suffix, change) = UNIQUE_AXES.iter().find(|(suffix, _)| name.ends_with(suffix))?;
        Some(format!("{}{change}", group(name.strip_suffix(suffix)?)?))
    };
    let found = group(name).map(str::to_owned).or_else(turned).ok_or_else(|| {
        let known: Vec<&str> = POINT_GROUPS.iter().map(|(name, _)| *name).collect();
        format!(
            "the point group `{}` is not known; known are {}, each also with _uaa, _uab or _uac for its unique axis",
            excerpt(name),
            known.join(", ")
        )
    })?;
    Ok(SpaceGroup::parse(&found)?.operators)
}

/// Writes intensities |F|², the mean of all reflections that are equivalent by the point group, or by the Laue group where Friedel mates are
/// alike; 0 0 0 and what the space group makes vanish are left out. A group without a name of CrystFEL's is written as 1 or −1. Where nothing
/// was measured there are no uncertainties: they are 0, of one measurement each.
///
/// # Errors
/// What the operating system refuses.
pub fn write(reflections: &Reflections, out: &mut dyn Write) -> io::Result<()> {
    let mut rotations = reflections.symmetry.clone();
    if !has_anomalous_differences(&reflections.list) {
        let inverted = |operator: &Operator| operator.rotation.map(|row| row.map(|entry| -entry));
        let of_friedel = |operator: &Operator| Operator { rotation: inverted(operator), translation: [0; 3] };
        let identity = [Operator::IDENTITY];
        let all = if rotations.is_empty() { &identity } else { &rotations[..] };
        rotations = all.iter().copied().chain(all.iter().map(of_friedel)).collect();
    }
    let (name, group) = named(&rotations);
    writeln!(out, "{START} 2.0\nSymmetry: {name}")?;
    writeln!(out, "   h    k    l          I    phase   sigma(I)   nmeas")?;
    let present = |hkl: &Miller| *hkl != [0; 3] && !is_absent(*hkl, &reflections.symmetry);
    let last: HashMap<Miller, f64> = reflections.list.iter().copied().filter(|(hkl, _)| present(hkl)).collect();
    let observation = |(hkl, f): (Miller, f64)| Observation { hkl, value: f * f, sigma: None };
    let observations: Vec<Observation> = last.into_iter().map(observation).collect();
    let mut merged: Vec<(Miller, f64)> =
        merge(&observations, &group).list.into_iter().map(|(hkl, value)| (group.last_mate(hkl), value)).collect();
    merged.sort_by_key(|(hkl, _)| *hkl);
    for ([h, k, l], intensity) in merged {
        writeln!(out, "{h:4} {k:4} {l:4} {intensity:>12.4} {:>8} {:>10.2} {:>7}", "-", 0.0, 1)?;
    }
    writeln!(out, "{END}")
}

/// Whether amplitudes of Friedel mates differ by more than rounding.
fn has_anomalous_differences(list: &[(Miller, f64)]) -> bool {
    let amplitudes: HashMap<Miller, f64> = list.iter().copied().collect();
    amplitudes.iter().any(|(hkl, f)| {
        let mate = amplitudes.get(&hkl.map(|index| -index));
        mate.is_some_and(|mate| (mate - f).abs() > 1e-6 * f.max(*mate))
    })
}

/// CrystFEL's name of a point group, and the group; 1 or −1 where it has none.
fn named(rotations: &[Operator]) -> (String, PointGroup) {
    let group = PointGroup::new(rotations);
    let names = POINT_GROUPS.iter().map(|(name, _)| (*name).to_owned());
    let turned =
        ["_uaa", "_uab"].iter().flat_map(|axis| POINT_GROUPS.iter().map(move |(name, _)| format!("{name}{axis}")));
    let is_this = |name: &String| point_group(name).is_ok_and(|known| PointGroup::new(&known).is_same_as(&group));
    if let Some(name) = names.chain(turned).find(is_this) {
        return (name, group);
    }
    let inversion = "-x,-y,-z"
        .parse::<Operator>()
        .ok()
        .filter(|inversion| rotations.iter().any(|operator| operator.rotation == inversion.rotation));
    let name = if inversion.is_some() { "-1" } else { "1" };
    (name.to_owned(), PointGroup::new(&[Operator::IDENTITY].into_iter().chain(inversion).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "\
CrystFEL reflection list version 2.0
Symmetry: 222
   h    k    l          I    phase   sigma(I)   nmeas
   1    2    3     100.00        -      10.00       4
  -1   -2   -3      64.00        -       8.00       4
   0    0    2     -25.00        -       5.00       2
   2    1    0      49.00   180.00       5.00       2
End of reflections
Generated by CrystFEL 0.10.2
";

    fn list(text: &str) -> Result<List> {
        parse(text.as_bytes(), Path::new("crystfel.hkl"))
    }

    #[test]
    fn intensities_are_expanded_by_the_point_group() {
        let (reflections, report) = list(LIST).unwrap().in_p1(None, None).unwrap();
        let of = |hkl| reflections.list.iter().find(|one| one.0 == hkl).map(|one| one.1);
        assert_eq!(
            [of([1, -2, -3]), of([-1, 2, -3]), of([-1, 2, 3]), of([1, 2, -3])],
            [10.0, 10.0, 8.0, 8.0].map(Some)
        );
        assert_eq!([of([0, 0, -2]), of([-2, 1, 0]), of([2, 2, 0])], [Some(0.0), Some(7.0), None]);
        assert_eq!((reflections.list.len(), report.n_negative, reflections.cell), (8 + 2 + 4, 1, None));
        assert!(report.notes[0].contains("centring"), "{report:?}");
    }

    #[test]
    fn a_space_group_tells_absences() {
        let cell = [40.0, 50.0, 60.0, 90.0, 90.0, 90.0];
        let (reflections, report) = list(LIST).unwrap().in_p1(Some(cell), Some("I 2 2 2")).unwrap();
        assert!(reflections.list.len() == 10 && reflections.cell == Some(cell) && report.notes.is_empty());
        let other = list(LIST).unwrap().in_p1(None, Some("P 1 2 1")).unwrap_err().to_string();
        assert!(other.contains("same Laue class"), "{other}");
        let (tetragonal, report) = list(LIST).unwrap().in_p1(None, Some("P 4 2 2")).unwrap();
        assert!(tetragonal.list.len() == 16 + 2 + 8 && report.n_averaged == 0);
    }

    #[test]
    fn every_point_group_is_known_with_its_unique_axis() {
        for (name, group) in POINT_GROUPS {
            assert_eq!(point_group(name).unwrap(), SpaceGroup::parse(group).unwrap().operators, "{name}");
        }
        let same = |name: &str, group: &str| {
            let [one, other] = [point_group(name).unwrap(), SpaceGroup::parse(group).unwrap().operators];
            PointGroup::new(&one).is_same_as(&PointGroup::new(&other))
        };
        assert!(same("2/m_uab", "P 1 2/m 1") && same("2_uaa", "P 2 1 1") && same("2_uac", "P 1 1 2"));
        assert!(same("mm2_uaa", "P 2 m m") && same("mm2_uab", "P m 2 m") && !same("mm2_uab", "P m m 2"));
        let fourfold: Operator = "x,-z,y".parse().unwrap();
        assert!(point_group("4_uaa").unwrap().contains(&fourfold) && point_group("unknown").unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (text, words) in [
            (LIST.replace("2.0", "1.0"), ["hkl:1:", "version 2.0"]),
            (LIST.replace("222", "2_2_2"), ["hkl:2:", "`2_2_2`"]),
            (LIST.replace("222", "unknown"), ["hkl: ", "give the space group"]),
            (LIST.replace("100.00", "nan"), ["hkl:4:", "`nan`"]),
            (LIST.replace("100.00", "1e99"), ["hkl:4:", "beyond"]),
            (LIST.replace("   1    2    3", "   1  2.5    3"), ["hkl:4:", "2.5"]),
            (LIST.replace("  10.00       4", ""), ["hkl:4:", "too few columns"]),
            (LIST.replace("End of", "End"), ["hkl:8:", "cannot be read"]),
            (LIST[..267].to_owned(), ["hkl: ", "cut off"]),
            (format!("{}End of reflections\n", &LIST[..105]), ["hkl: ", "no observed reflections"]),
            (String::new(), ["hkl:1:", "first line"]),
        ] {
            let message = list(&text).and_then(|list| list.in_p1(None, None)).unwrap_err().to_string();
            for word in words {
                assert!(message.contains(word), "{message} lacks {word}");
            }
        }
    }

    #[test]
    fn what_is_written_reads_the_same() {
        for name in ["P 1", "P 21 21 21", "C 1 2 1", "R 3 2:H", "P 43 21 2", "B 1 1 2"] {
            let symmetry = SpaceGroup::parse(name).unwrap().operators;
            let unique = [([1, 2, 3], 10.0), ([-1, -2, -3], 8.0), ([2, 2, 6], 1.5)];
            let expanded = bragg::symmetry::expand_to_p1(&unique, &symmetry).unwrap();
            let reflections = Reflections { list: expanded, symmetry, ..Reflections::default() };
            let mut written = Vec::new();
            write(&reflections, &mut written).unwrap();
            let (again, report) = parse(&written, Path::new("x.hkl")).unwrap().in_p1(None, Some(name)).unwrap();
            assert_eq!((again.list, report.n_averaged), (reflections.list, 0), "{name}");
        }
    }

    #[test]
    fn friedel_mates_that_are_alike_are_one_by_the_laue_group() {
        let written = |name: &str, unique: &[(Miller, f64)]| {
            let symmetry = SpaceGroup::parse(name).unwrap().operators;
            let list = bragg::symmetry::expand_to_p1(unique, &symmetry).unwrap();
            let mut written = Vec::new();
            write(&Reflections { list, symmetry, ..Reflections::default() }, &mut written).unwrap();
            String::from_utf8(written).unwrap()
        };
        let unique = [([0, 0, 0], 1000.0), ([1, 2, 3], 10.0), ([0, 0, 1], 0.0)];
        // 0 0 1 is absent by the screw axes, 0 0 0 is no reflection
        for (name, symmetry) in [
            ("P 43 21 2", "4/mmm"),
            ("P 1 21 1", "2/m_uab"),
            ("P 61", "6/m"),
            ("P 31 2 1", "-3m1_H"),
            ("P 1", "-1"),
            ("P 21 1 1", "2/m_uaa"),
        ] {
            let text = written(name, &unique);
            assert!(text.contains(&format!("\nSymmetry: {symmetry}\n")), "{name}: {text}");
            let n_rows = text.lines().count() - 4;
            let has_001 = matches!(name, "P 1" | "P 1 21 1" | "P 21 1 1");
            assert_eq!(n_rows, 1 + usize::from(has_001), "{name}: {text}");
            assert!(text.contains("     100.0000        -       0.00       1\n"), "{text}");
        }
        let text = written("P 43 21 2", &[([1, 2, 3], 10.0), ([-1, -2, -3], 8.0)]);
        assert!(text.contains("Symmetry: 422\n") && text.contains(" 64.0000") && text.contains(" 100.0000"), "{text}");
    }
}
