//! MTZ files against what gemmi gets from them. `data/make_mtz.py` made the files and the expected lists.

use bragg::miller::Miller;
use bragg::reflections::Reflections;
use bragg_io::formats::mtz::{self, Mtz};
use bragg_io::formats::reflections::{self, ReflectionFormat};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn read_reflections(path: &Path, column: Option<&str>) -> bragg::Result<Reflections> {
    reflections::read_reflections(path, ReflectionFormat::from_path(path)?, column)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(data(name)).unwrap()
}

fn expected(name: &str) -> BTreeMap<Miller, f64> {
    let text = std::fs::read_to_string(data(name)).unwrap();
    let entry = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        ([0, 1, 2].map(|i| words[i].parse().unwrap()), words[3].parse().unwrap())
    };
    text.lines().map(entry).collect()
}

/// The list as a map; each reflection must be in it once.
fn map(reflections: &Reflections) -> BTreeMap<Miller, f64> {
    let map: BTreeMap<_, _> = reflections.list.iter().copied().collect();
    assert_eq!(map.len(), reflections.list.len());
    map
}

fn parse(bytes: Vec<u8>) -> bragg::Result<Mtz> {
    mtz::parse(bytes, Path::new("small.mtz"))
}

fn refusal(bytes: Vec<u8>) -> String {
    let message = parse(bytes).and_then(|mtz| mtz.reflections(None)).unwrap_err().to_string();
    assert!(message.starts_with("small.mtz: "), "{message}");
    message
}

/// Replaces the only occurrence of `old`, both of the same length, so that records keep their places.
fn replaced(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let places: Vec<usize> = (0..bytes.len()).filter(|&i| bytes[i..].starts_with(old.as_bytes())).collect();
    assert_eq!(places.len(), 1, "{old}");
    let mut bytes = bytes.to_vec();
    bytes[places[0]..places[0] + new.len()].copy_from_slice(new.as_bytes());
    bytes
}

#[test]
fn the_obvious_amplitudes_are_those_of_gemmi() {
    let read = read_reflections(&data("p43212.mtz"), None).unwrap();
    assert_eq!(map(&read), expected("p43212.FP.p1"));
    assert_eq!(read.cell, Some([23.5, 23.5, 31.25, 90.0, 90.0, 90.0]));
    assert_eq!(read.symmetry.len(), 8);
    assert_eq!(read.source, data("p43212.mtz"));
}

#[test]
fn a_label_chooses_another_column() {
    let map_coefficients = map(&read_reflections(&data("p43212.mtz"), Some("FWT")).unwrap());
    assert!(map_coefficients.len() > expected("p43212.FP.p1").len());
    let message = read_reflections(&data("p43212.mtz"), Some("PHWT")).unwrap_err().to_string();
    assert!(message.contains("p43212.mtz") && message.contains("type P") && message.contains("FP (F)"), "{message}");
}

#[test]
fn intensities_become_amplitudes_and_a_number_can_mean_missing() {
    let read = read_reflections(&data("c2.mtz"), None).unwrap();
    assert_eq!(map(&read), expected("c2.I.p1"));
    assert!(read.list.iter().any(|&(_, amplitude)| amplitude == 0.0));
}

#[test]
fn each_of_an_anomalous_pair_goes_to_its_friedel_mate() {
    for name in ["i222.mtz", "i222_big_endian.mtz"] {
        for label in [None, Some("F(+)"), Some("F(-)")] {
            let read = read_reflections(&data(name), label).unwrap();
            assert_eq!(map(&read), expected("i222.F.p1"), "{name} {label:?}");
        }
        assert_eq!(map(&read_reflections(&data(name), Some("I(-)")).unwrap()), expected("i222.I.p1"));
    }
    let pairs = expected("i222.F.p1");
    assert!(pairs.iter().any(|(hkl, amplitude)| pairs.get(&hkl.map(|i| -i)) != Some(amplitude)));
}

#[test]
fn the_file_describes_itself() {
    let mtz = mtz::read(&data("p43212.mtz")).unwrap();
    assert_eq!(mtz.title, "Amplitudes and map coefficients");
    assert_eq!((mtz.space_group_name.as_str(), mtz.space_group_number), ("P 43 21 2", Some(96)));
    let columns: Vec<_> = mtz.columns.iter().map(|column| (column.label.as_str(), column.kind)).collect();
    let kinds = ['H', 'H', 'H', 'I', 'F', 'P', 'F', 'Q'];
    let labels = ["H", "K", "L", "FREE", "FWT", "PHWT", "FP", "SIGFP"];
    assert_eq!(columns, labels.into_iter().zip(kinds).collect::<Vec<_>>());
    // The coarsest reflection that is not absent is 1 0 1: 1/d² = 1/23.5² + 1/31.25².
    let (coarsest, finest) = mtz.resolution_range().unwrap();
    assert!((coarsest - (1.0_f64 / 23.5).hypot(1.0 / 31.25).recip()).abs() < 1e-9);
    assert!((3.6..3.7).contains(&finest));
}

#[test]
fn gzipped_files_and_64_bit_header_positions_are_read() {
    let plain = bytes("c2.mtz");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&plain).unwrap();
    let gzipped = encoder.finish().unwrap();
    assert_eq!(map(&parse(gzipped.clone()).unwrap().reflections(None).unwrap()), expected("c2.I.p1"));
    assert!(refusal(gzipped[..gzipped.len() / 2].to_vec()).contains("gzip"));

    for name in ["i222.mtz", "i222_big_endian.mtz"] {
        let mut bytes = bytes(name);
        let little = bytes[8] == 0x44;
        let word: [u8; 4] = bytes[4..8].try_into().unwrap();
        let wide = if little {
            i64::from(i32::from_le_bytes(word)).to_le_bytes()
        } else {
            i64::from(i32::from_be_bytes(word)).to_be_bytes()
        };
        bytes[4..8].fill(0xff);
        bytes[12..20].copy_from_slice(&wide);
        assert_eq!(map(&parse(bytes).unwrap().reflections(None).unwrap()), expected("i222.F.p1"));
    }
}

#[test]
fn a_missing_machine_stamp_is_guessed_and_a_foreign_one_refused() {
    for name in ["i222.mtz", "i222_big_endian.mtz"] {
        let mut bytes = bytes(name);
        bytes[8..12].fill(0);
        assert_eq!(map(&parse(bytes.clone()).unwrap().reflections(None).unwrap()), expected("i222.F.p1"));
        bytes[8..10].copy_from_slice(&[0x22, 0x41]);
        assert!(refusal(bytes).contains("machine stamp gives number formats 2 and 4"));
    }
}

#[test]
fn operators_that_are_not_listed_are_those_of_the_named_group() {
    let file = bytes("p43212.mtz");
    let unlisted: Vec<u8> = {
        let mut bytes = file.clone();
        let at: Vec<usize> = (0..bytes.len()).filter(|&i| bytes[i..].starts_with(b"SYMM ")).collect();
        assert_eq!(at.len(), 8);
        at.into_iter().for_each(|i| bytes[i] = b'X');
        bytes
    };
    let read = parse(unlisted.clone()).unwrap().reflections(None).unwrap();
    assert_eq!(map(&read), expected("p43212.FP.p1"));
    assert!(refusal(replaced(&unlisted, "'P 43 21 2'", "'P 43 21 9'")).contains("`P 43 21 9` is not a space group"));
    assert!(refusal(replaced(&unlisted, "'P 43 21 2'", "'P 41 21 2'")).contains("does not agree with its number 96"));
}

#[test]
fn a_file_without_symmetry_is_p1_with_a_note() {
    let mut file = bytes("p43212.mtz");
    let at: Vec<usize> =
        (0..file.len()).filter(|&i| file[i..].starts_with(b"SYMM ") || file[i..].starts_with(b"SYMINF ")).collect();
    assert_eq!(at.len(), 9);
    at.into_iter().for_each(|i| file[i] = b'X');
    let list = parse(file).unwrap().list(None).unwrap();
    let (p1, report) = list.clone().in_p1(None, None).unwrap();
    assert!(p1.symmetry.len() == 1 && report.notes[0].contains("taken to be P 1"), "{report:?}");
    let (given, report) = list.in_p1(None, Some("P 43 21 2")).unwrap();
    assert!(map(&given) == expected("p43212.FP.p1") && report.notes.is_empty(), "{report:?}");
}

#[test]
fn what_a_damaged_header_says_is_refused() {
    let file = bytes("p43212.mtz");
    let text = String::from_utf8_lossy(&file);
    let record = |keyword: &str| {
        let at = text.find(keyword).unwrap();
        text[at..].chars().take(40).collect::<String>()
    };
    let size = record("NCOL ");
    let with = |old: &str, new: &str| refusal(replaced(&file, old, new));
    assert!(with(&size, &format!("{:<40}", "NCOL        8   1999999999        0")).contains("but it holds"));
    assert!(with(&size, &format!("{:<40}", "NCOL        8   -1        0")).contains("-1"));
    let fewer = with(&size, &format!("{:<40}", "NCOL        8   1        0"));
    assert!(fewer.contains("states 1 reflections in 8 columns, but it holds"), "{fewer}");
    assert!(
        with(&size, &format!("{:<40}", "NCOL        7   10        0")).contains("states 7 columns but describes 8")
    );
    assert!(with(&size, &format!("{:<40}", "NCOL        8   18446744073709551615 0")).contains("but it holds"));
    assert!(with(&size, &format!("{:<40}", "XCOL")).contains("no NCOL"));
    // an operator that is listed twice is one
    let text = String::from_utf8_lossy(&file);
    let identity = text[text.find("SYMM ").unwrap()..].chars().take(20).collect::<String>();
    let without = replaced(&file, &identity, &format!("{:<20}", "SYMM Y,X,-Z"));
    assert_eq!(map(&parse(without).unwrap().reflections(None).unwrap()), expected("p43212.FP.p1"));
    assert!(with("SYMM Y,X,-Z", "SYMM Y,X,+Z").contains("group"));
    assert!(with("SYMM Y,X,-Z", "SYMM Y,X,-Q").contains("SYMM Y,X,-Q"));
    assert!(with("SYMM Y,X,-Z", "XYMM Y,X,-Z").contains("states 8 symmetry operators (SYMINF) but lists 7"));
    let mut wrong = file.clone();
    wrong[4..8].copy_from_slice(&i32::MAX.to_le_bytes());
    assert!(refusal(wrong).contains("should begin at word 2147483647"));
    let mut wrong = file.clone();
    wrong[80..84].copy_from_slice(&0.5_f32.to_le_bytes());
    assert!(refusal(wrong).contains("index H of a reflection is 0.5"));
    let mut wrong = file.clone();
    wrong[80 + 24..80 + 28].copy_from_slice(&(-1.5_f32).to_le_bytes());
    assert!(refusal(wrong).contains("FP of reflection"));
    assert!(
        refusal(replaced(&file, "SIGFP                          Q", "SIGFP                          B"))
            .contains("unmerged")
    );
    assert!(refusal(b"CCP4 map".to_vec()).contains("not an MTZ file"));
}

#[test]
fn no_prefix_makes_it_panic() {
    let file = bytes("i222.mtz");
    let end = file.windows(4).rposition(|window| window == b"END ").unwrap();
    for length in 0..file.len() {
        let outcome = parse(file[..length].to_vec());
        assert_eq!(outcome.is_ok(), length >= end + 3, "{length} of {}", file.len());
    }
}

#[test]
fn no_random_damage_makes_it_panic() {
    let file = bytes("i222.mtz");
    let header = file.windows(4).position(|window| window == b"VERS").unwrap();
    let mut state: u64 = 20_260_101;
    // Knuth's MMIX generator; its upper bits are good enough to pick places with.
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut refused = 0;
    for i in 0..1500 {
        let mut damaged = file.clone();
        for _ in 0..=draw(4) {
            // Most of the damage goes where it does most harm.
            let at = if i % 3 == 0 {
                draw(file.len())
            } else if i % 3 == 1 {
                draw(24)
            } else {
                header + draw(1600)
            };
            damaged[at] = draw(256) as u8;
        }
        refused += u32::from(parse(damaged).and_then(|mtz| mtz.reflections(None)).is_err());
    }
    assert!(refused > 300, "{refused}");
}
