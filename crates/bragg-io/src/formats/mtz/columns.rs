//! Which column of an MTZ file holds the amplitudes.

use super::Column;

/// Usual labels of amplitudes (type F) in order of preference, measured before calculated. Map coefficients (FWT, DELFWT,
/// 2FOFCWT, …) have the same type and are never taken unasked.
const AMPLITUDES: [&str; 15] = [
    "F",
    "FP",
    "FOBS",
    "F-OBS",
    "F_OBS",
    "FO",
    "FNAT",
    "FMEAN",
    "F-OBS-FILTERED",
    "F_MEAS",
    "FC",
    "FCALC",
    "F_CALC",
    "F-MODEL",
    "FMODEL",
];

/// Usual labels of mean intensities (type J).
const INTENSITIES: [&str; 6] = ["I", "IMEAN", "IOBS", "I-OBS", "I_OBS", "I-OBS-FILTERED"];

/// How labels tell the two of a Friedel pair; longer marks first.
const PAIR_MARKS: [(&str, &str); 4] = [("(+)", "(-)"), ("PLUS", "MINUS"), ("PLUS", "MINU"), ("+", "-")];

/// The column or pair of columns to read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// The column for h k l, and without a pair for its Friedel mate too.
    pub(super) plus: usize,
    /// The column for −h −k −l.
    pub(super) minus: Option<usize>,
    /// Whether these are intensities.
    pub(super) intensity: bool,
}

/// The column of that label, with its mate if it is one of a pair; without a label, the obvious column.
pub(super) fn choose(columns: &[Column], label: Option<&str>) -> Result<Choice, String> {
    match label {
        Some(label) => by_label(columns, label),
        None => obvious(columns).ok_or_else(|| {
            format!("no column is plainly the amplitudes; name one of its columns: {}", listing(columns))
        }),
    }
}

fn by_label(columns: &[Column], label: &str) -> Result<Choice, String> {
    let positions = |same: &dyn Fn(&str) -> bool| -> Vec<usize> {
        columns.iter().enumerate().filter(|(_, column)| same(&column.label)).map(|(i, _)| i).collect()
    };
    let mut found = positions(&|other| other == label);
    if found.is_empty() {
        found = positions(&|other| other.eq_ignore_ascii_case(label));
    }
    let i = match found[..] {
        [i] => i,
        [] => return Err(format!("it has no column {label}; its columns are {}", listing(columns))),
        _ => return Err(format!("it has more than one column {label}; its columns are {}", listing(columns))),
    };
    match columns[i].kind {
        'F' => Ok(Choice { plus: i, minus: None, intensity: false }),
        'J' => Ok(Choice { plus: i, minus: None, intensity: true }),
        'G' | 'K' => pair_of(columns, i).ok_or_else(|| {
            format!(
                "the column {label} is one of a Friedel pair, but its mate is not there; its columns are {}",
                listing(columns)
            )
        }),
        kind => Err(format!(
            "the column {label} has type {kind}, not amplitudes (F), intensities (J) or one of a Friedel pair (G, K); its \
             columns are {}",
            listing(columns)
        )),
    }
}

fn obvious(columns: &[Column]) -> Option<Choice> {
    let single = |i, intensity| Choice { plus: i, minus: None, intensity };
    usual(columns, 'F', &AMPLITUDES)
        .or_else(|| only(of_kind(columns, 'F').filter(|&i| columns.get(i + 1).is_some_and(|next| next.kind == 'Q'))))
        .map(|i| single(i, false))
        .or_else(|| usual(columns, 'J', &INTENSITIES).or_else(|| only(of_kind(columns, 'J'))).map(|i| single(i, true)))
        .or_else(|| obvious_pair(columns, 'G', &AMPLITUDES))
        .or_else(|| obvious_pair(columns, 'K', &INTENSITIES))
}

/// The pair whose labels without their marks are usual, else the only pair.
fn obvious_pair(columns: &[Column], kind: char, labels: &[&str]) -> Option<Choice> {
    let pairs: Vec<(String, Choice)> = of_kind(columns, kind)
        .filter_map(|i| Some((i, pair_of(columns, i)?)))
        .filter(|(i, pair)| pair.plus == *i)
        .filter_map(|(i, pair)| Some((split_mark(&columns[i].label)?.0, pair)))
        .collect();
    let preferred = labels.iter().find_map(|label| pairs.iter().position(|(stem, _)| stem == label));
    let at = preferred.or((pairs.len() == 1).then_some(0))?;
    pairs.into_iter().nth(at).map(|(_, pair)| pair)
}

fn of_kind(columns: &[Column], kind: char) -> impl Iterator<Item = usize> {
    columns.iter().enumerate().filter(move |(_, column)| column.kind == kind).map(|(i, _)| i)
}

fn usual(columns: &[Column], kind: char, labels: &[&str]) -> Option<usize> {
    labels.iter().find_map(|label| of_kind(columns, kind).find(|&i| columns[i].label.eq_ignore_ascii_case(label)))
}

fn only(mut found: impl Iterator<Item = usize>) -> Option<usize> {
    found.next().filter(|_| found.next().is_none())
}

/// The Friedel pair that a column belongs to.
fn pair_of(columns: &[Column], i: usize) -> Option<Choice> {
    let column = &columns[i];
    let (stem, positive) = split_mark(&column.label)?;
    let mate = columns.iter().position(|other| {
        other.kind == column.kind
            && other.dataset == column.dataset
            && split_mark(&other.label).is_some_and(|(other_stem, sign)| other_stem == stem && sign != positive)
    })?;
    let (plus, minus) = if positive { (i, mate) } else { (mate, i) };
    Some(Choice { plus, minus: Some(minus), intensity: column.kind == 'K' })
}

/// A label in capitals without its last mark of a Friedel mate, and whether the mark is the positive one.
fn split_mark(label: &str) -> Option<(String, bool)> {
    let label = label.to_ascii_uppercase();
    for (plus, minus) in PAIR_MARKS {
        for (mark, positive) in [(plus, true), (minus, false)] {
            if let Some(at) = label.rfind(mark) {
                let mut stem = label.clone();
                stem.replace_range(at..at + mark.len(), "");
                return Some((stem, positive));
            }
        }
    }
    None
}

/// All columns with their types, for messages.
fn listing(columns: &[Column]) -> String {
    columns.iter().map(|column| format!("{} ({})", column.label, column.kind)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns from `LABEL:TYPE` words.
    fn columns(text: &str) -> Vec<Column> {
        text.split_whitespace()
            .map(|word| word.rsplit_once(':').unwrap())
            .map(|(label, kind)| Column { label: label.into(), kind: kind.parse().unwrap(), dataset: 1 })
            .collect()
    }

    /// The labels chosen: plus, minus, and the type.
    fn chosen(text: &str, label: Option<&str>) -> Result<String, String> {
        let columns = columns(text);
        choose(&columns, label).map(|choice| {
            let minus = choice.minus.map_or(String::new(), |i| format!(" {}", columns[i].label));
            let root = if choice.intensity { " root" } else { "" };
            format!("{}{minus}{root}", columns[choice.plus].label)
        })
    }

    #[test]
    fn the_obvious_column_is_an_amplitude_then_an_intensity_then_a_pair() {
        for (text, expected) in [
            ("H:H FWT:F PHWT:P FC:F PHIC:P FP:F SIGFP:Q I:J", "FP"),
            ("F-obs-filtered:F SIGF-obs-filtered:Q F-model:F PHIF-model:P 2FOFCWT:F PH2FOFCWT:P", "F-obs-filtered"),
            ("DELFWT:F PHDELWT:P F_native:F SIGF_native:Q IMEAN:J", "F_native"),
            ("FWT:F PHWT:P DELFWT:F PHDELWT:P IMEAN:J SIGIMEAN:Q F(+):G F(-):G", "IMEAN root"),
            ("I(+):K SIGI(+):M I(-):K SIGI(-):M F(+):G SIGF(+):L F(-):G SIGF(-):L", "F(+) F(-)"),
            ("I-obs(-):K SIGI-obs(-):M I-obs(+):K SIGI-obs(+):M", "I-obs(+) I-obs(-) root"),
            ("Fplus:G Fminu:G", "Fplus Fminu"),
            ("F_x(+):G F_x(-):G F(+):G F(-):G", "F(+) F(-)"),
        ] {
            assert_eq!(chosen(text, None).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn without_an_obvious_column_all_are_listed() {
        for text in ["FWT:F PHWT:P FREE:I", "F1:F SIGF1:Q F2:F SIGF2:Q", "A(+):G A(-):G B(+):G B(-):G", "F(+):G I:K"] {
            let message = chosen(text, None).unwrap_err();
            for (label, kind) in text.split_whitespace().filter_map(|word| word.rsplit_once(':')) {
                assert!(message.contains(&format!("{label} ({kind})")), "{message}");
            }
        }
    }

    #[test]
    fn a_label_is_taken_with_its_mate() {
        let text = "H:H FWT:F F:F SIGF:Q I:J F(+):G F(-):G I(+):K I(-):K F-+:G";
        for (label, expected) in
            [("FWT", "FWT"), ("i", "I root"), ("F(-)", "F(+) F(-)"), ("F(+)", "F(+) F(-)"), ("I(-)", "I(+) I(-) root")]
        {
            assert_eq!(chosen(text, Some(label)).as_deref(), Ok(expected));
        }
        assert!(chosen(text, Some("SIGF")).unwrap_err().contains("type Q"));
        assert!(chosen(text, Some("NONE")).unwrap_err().contains("SIGF (Q), I (J)"));
        assert!(chosen(text, Some("F-+")).unwrap_err().contains("mate"));
        assert!(chosen("F:F F:F", Some("F")).unwrap_err().contains("more than one"));
    }
}
