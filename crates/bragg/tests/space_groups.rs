//! Space groups: every setting is a group of the right order, names are found however they are written, and absences, centric
//! reflections and multiplicities are those of the International Tables.

use bragg::symmetry::{CrystalSystem, Operator, SpaceGroup, check_group};
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};

fn group(text: &str) -> SpaceGroup {
    SpaceGroup::parse(text).unwrap_or_else(|message| panic!("{message}"))
}

/// How many lattice points a conventional cell has, by the first letter of the name.
fn lattice_points(group: &SpaceGroup) -> usize {
    match group.name.chars().next() {
        Some('P') => 1,
        Some('A' | 'B' | 'C' | 'I') => 2,
        Some('R') if group.name.ends_with(":H") => 3,
        Some('R') => 1,
        Some('F') => 4,
        other => panic!("lattice {other:?}"),
    }
}

/// The order of the point group, by the number in the International Tables A (2016), table 2.1.2.1.
fn point_group_order(number: u8) -> usize {
    match number {
        1 => 1,
        2..=9 => 2,
        10..=46 => 4,
        47..=74 => 8,
        75..=82 => 4,
        83..=122 => 8,
        123..=142 => 16,
        143..=146 => 3,
        147..=161 => 6,
        162..=167 => 12,
        168..=174 => 6,
        175..=190 => 12,
        191..=194 => 24,
        195..=199 => 12,
        200..=220 => 24,
        _ => 48,
    }
}

#[test]
fn every_setting_is_a_group_of_the_right_order() {
    let mut n_settings = 0;
    let mut numbers = HashSet::new();
    for group in SpaceGroup::all() {
        assert!(check_group(&group.operators).is_ok(), "{group}");
        assert_eq!(group.operators.len(), point_group_order(group.number) * lattice_points(&group), "{group}");
        assert_eq!(group.operators.first(), Some(&Operator::IDENTITY));
        numbers.insert(group.number);
        n_settings += 1;
    }
    assert_eq!((n_settings, numbers.len()), (564, 230));
}

#[test]
fn every_setting_is_found_by_its_names() {
    for listed in SpaceGroup::all() {
        let operators: HashSet<_> = listed.operators.iter().collect();
        let same = |other: &SpaceGroup| other.operators.iter().collect::<HashSet<_>>() == operators;
        let by_name = group(&listed.name);
        assert!(same(&by_name), "{listed}: {by_name}");
        assert_eq!(by_name.number, listed.number);
        let lower = group(&listed.name.to_lowercase().replace(' ', ""));
        assert!(same(&lower), "{listed} without blanks: {lower}");
        let by_hall = SpaceGroup::from_hall(&listed.hall).unwrap();
        assert!(same(&by_hall) && by_hall.number == listed.number, "{listed}: {} is {by_hall}", listed.hall);
        let by_operators = SpaceGroup::from_operators(&listed.operators).unwrap();
        assert!(same(&by_operators) && by_operators.number == listed.number, "{listed}: {by_operators}");
        assert_eq!(group(&listed.full).number, listed.number, "{listed}");
        assert_eq!(group(&listed.short).number, listed.number, "{listed}");
    }
}

/// Standard symbols of the International Tables A, one or more of each crystal class, by number.
#[test]
fn numbers_give_the_reference_settings() {
    for (number, name, short, system) in [
        (1, "P 1", "P 1", CrystalSystem::Triclinic),
        (4, "P 1 21 1", "P 21", CrystalSystem::Monoclinic),
        (5, "C 1 2 1", "C 2", CrystalSystem::Monoclinic),
        (14, "P 1 21/c 1", "P 21/c", CrystalSystem::Monoclinic),
        (19, "P 21 21 21", "P 21 21 21", CrystalSystem::Orthorhombic),
        (62, "P n m a", "P n m a", CrystalSystem::Orthorhombic),
        (96, "P 43 21 2", "P 43 21 2", CrystalSystem::Tetragonal),
        (155, "R 3 2:H", "R 3 2", CrystalSystem::Trigonal),
        (169, "P 61", "P 61", CrystalSystem::Hexagonal),
        (198, "P 21 3", "P 21 3", CrystalSystem::Cubic),
        (227, "F d -3 m:2", "F d -3 m", CrystalSystem::Cubic),
        (230, "I a -3 d", "I a -3 d", CrystalSystem::Cubic),
    ] {
        let group = SpaceGroup::from_number(number).unwrap();
        assert_eq!((group.number, &*group.name, &*group.short, group.system), (number, name, short, system));
    }
    assert_eq!(group("62").full, "P 21/n 21/m 21/a");
    assert_eq!(group("96").hall, "P 4nw 2abw");
    assert!(SpaceGroup::from_number(0).is_err() && SpaceGroup::from_number(231).is_err());
}

#[test]
fn spellings_in_use_are_understood() {
    for (name, spellings) in [
        (
            "P 43 21 2",
            "P43212|p 43 21 2|P4(3)2(1)2|P 4(3) 2(1) 2|P 4_3 2_1 2|P4₃2₁2|'P 43 21 2'| 96 |P 4nw 2abw|Hall: P 4nw 2abw",
        ),
        ("P 1 21 1", "P 21|P21|p2(1)|P1211|4|P 2yb|P 2 1"),
        ("P 1 1 21", "P1121|P 1 1 21|P 2c|P 1 21 1 (a,-c,b)|P 21 (c,a,b)"),
        ("C 1 2 1", "C 2|C2|C121|5"),
        ("I 1 2 1", "I2|I 2|I121"),
        ("A 1 2 1", "A2|A 1 2 1|A121"),
        ("B 1 1 2", "B2|B 2|B112"),
        ("P 1 1 2", "P 1 2 1 (a,c,b)|P 1 2 1 (x,z,y)|P112|Hall: P 2"),
        ("P 1 21/n 1", "P21/n|P 21/n|p 1 21/n 1|P 21 / n"),
        ("P n m a", "Pnma|PNMA|62|P 21/n 21/m 21/a|P b n m (b,c,a)"),
        ("P b n m", "Pbnm|pbnm|P 21/b 21/n 21/m|P n m a (c,a,b)"),
        ("C m c a", "Cmce|C m c e|Cmca|64"),
        ("R 3 2:H", "R 3 2|R32|H32|H 3 2|R32:H|R 3 2 H|R 3 2\"|r32h|155"),
        ("R 3 2:R", "R32:R|R 3 2 :R|R 3 2 R|P 3* 2|155:R"),
        ("R -3 m:H", "H -3 m|R-3m|R -3 2/m|-R 3 2\"|-R 3 2="),
        ("F d -3 m:2", "Fd-3m|F d 3 m|Fd3m|F 41/d -3 2/m|Fd-3m:2|F d -3 m Z|227|-F 4vw 2vw 3"),
        ("F d -3 m:1", "Fd-3m:1|F d -3 m S|227:1"),
        ("P 4/n c c:2", "P4/ncc|P 4/n 21/c 2/c"),
        ("P 63/m m c", "P63/mmc|P6(3)/mmc|P 63/m 2/m 2/c"),
        ("P 21 21 2", "P21212|P2(1)2(1)2|18"),
        ("P 21 21 2 (a)", "P 21 21 2 a|P 2ab 2a|P 21 21 2 (a)"),
        ("P -1", "P-1|P1\u{0305}|P \u{2212}1|2|-P 1"),
        ("A 1", "A1|A 1"),
    ] {
        for spelling in spellings.split('|') {
            assert_eq!(group(spelling).name, name, "{spelling}");
        }
    }
}

#[test]
fn what_is_unknown_is_refused_with_the_nearest_names() {
    for (text, words) in [
        ("P 43 21 3", "`P 43 21 3`|P 43 21 2"),
        ("P 21 21 12", "nearest|P 21 21 2"),
        ("Pnmaa", "P n m a"),
        ("", "empty|P 43 21 2"),
        ("0", "1 to 230"),
        ("231", "1 to 230"),
        ("-5", "1 to 230"),
        ("P 3 2", "P 32|P 3 1 2"),
        ("P 21:H", "`P 21:H`"),
        ("Hall: P 4 q", "`q`"),
        ("P 1 2 1 (a,b)", "2 parts"),
        ("P 1 2 1 (a,a,c)", "without volume"),
        ("P 4 (b,c,q)", "`q`"),
        ("Q 1 2 1 (a,b,c)", "nearest"),
    ] {
        let message = SpaceGroup::parse(text).unwrap_err().to_string();
        for word in words.split('|') {
            assert!(message.contains(word), "{text}: {message}");
        }
    }
}

#[test]
fn a_shifted_or_larger_cell_keeps_its_type_and_is_read_back() {
    for (text, number, n) in [
        ("P 21 21 21 (a,b,c;1/4,0,0)", 19, 4),
        ("P 4 (a-b,a+b,c)", 75, 8),
        ("P 41 (b,a,c;0,0,1/8)", 78, 4),
        ("P 61 2 2 (a,b,c;0,0,1/8)", 178, 12),
    ] {
        let changed = group(text);
        assert_eq!(
            (changed.number, changed.operators.len(), check_group(&changed.operators).is_ok()),
            (number, n, true)
        );
        for again in [group(&changed.name), SpaceGroup::from_hall(&changed.hall).unwrap()] {
            assert_eq!(again.number, number, "{text}");
            assert_eq!(
                again.operators.iter().collect::<HashSet<_>>(),
                changed.operators.iter().collect::<HashSet<_>>(),
                "{text}: {again}"
            );
        }
    }
    assert_eq!(SpaceGroup::from_operators(&group("P 21 21 21 (a,b,c;1/8,0,0)").operators).unwrap().number, 19);
}

/// The conditions of the International Tables A for general positions, written down by hand.
#[test]
fn absences_are_those_of_the_tables() {
    type Condition = fn(i32, i32, i32) -> bool;
    let groups: [(&str, Condition); 5] = [
        // P 21/c: h0l: l = 2n; 0k0: k = 2n.
        ("P 21/c", |h, k, l| (k != 0 || l % 2 == 0) && (h != 0 || l != 0 || k % 2 == 0)),
        // R 3, hexagonal axes: -h + k + l = 3n.
        ("R 3", |h, k, l| (-h + k + l) % 3 == 0),
        // P 61: 00l: l = 6n.
        ("P 61", |h, k, l| h != 0 || k != 0 || l % 6 == 0),
        // P n m a: 0kl: k + l = 2n; hk0: h = 2n; those of the axes follow.
        ("P n m a", |h, k, l| (h != 0 || (k + l) % 2 == 0) && (l != 0 || h % 2 == 0)),
        // F m -3 m: h, k, l all even or all odd.
        ("F m -3 m", |h, k, l| (h + k) % 2 == 0 && (h + l) % 2 == 0),
    ];
    for (name, present) in groups {
        let group = group(name);
        for hkl in indices(7) {
            let [h, k, l] = hkl;
            assert_eq!(group.is_absent(hkl), !present(h, k, l), "{name} {hkl:?}");
        }
    }
}

fn indices(reach: i32) -> impl Iterator<Item = [i32; 3]> {
    let range = move || -reach..=reach;
    range().flat_map(move |h| range().flat_map(move |k| range().map(move |l| [h, k, l])))
}

/// From the point groups: 422 has centric zones hk0, h0l, 0kl, hhl; 2 has h0l; a centre makes all centric; 3 makes none.
#[test]
fn centric_zones_and_multiplicities_are_those_of_the_point_groups() {
    for hkl in indices(4).filter(|hkl| *hkl != [0; 3]) {
        let [h, k, l] = hkl;
        let zone = l == 0 || h == 0 || k == 0 || h == k || h == -k;
        assert_eq!(group("P 43 21 2").is_centric(hkl), zone, "{hkl:?}");
        assert_eq!(group("C 2").is_centric(hkl), k == 0, "{hkl:?}");
        assert!(group("P -1").is_centric(hkl) && !group("P 3").is_centric(hkl));
        let axes_of_422 = match (h, k, l) {
            (0, 0, _) => 4,
            (_, 0, 0) | (0, _, 0) => 2,
            (h, k, 0) if h.abs() == k.abs() => 2,
            _ => 1,
        };
        assert_eq!(group("I 4 2 2").epsilon(hkl), axes_of_422, "{hkl:?}");
        // C 2/m: along b the axis, in the plane the mirror.
        let of_2_over_m = if (h == 0 && l == 0) || k == 0 { 2 } else { 1 };
        assert_eq!(group("C 2/m").epsilon(hkl), of_2_over_m, "{hkl:?}");
    }
    assert_eq!(group("P 43 21 2").epsilon([0; 3]), 8);
}

/// The sum over the images of an atom in a general place vanishes for absent reflections, and for no others.
#[test]
fn systematic_absences_have_no_structure_factor() {
    let x = [0.1234, 0.2741, 0.4187];
    let mut n_absent = HashMap::new();
    for group in SpaceGroup::all() {
        for hkl in indices(3) {
            let (re, im) = group.operators.iter().fold((0.0, 0.0), |(re, im), operator| {
                let phase: f64 = (0..3)
                    .map(|i| {
                        let moved: f64 = (0..3).map(|j| f64::from(operator.rotation[i][j]) * x[j]).sum();
                        f64::from(hkl[i]) * (moved + f64::from(operator.translation[i]) / 24.0)
                    })
                    .sum();
                let (sin, cos) = (std::f64::consts::TAU * phase).sin_cos();
                (re + cos, im + sin)
            });
            assert_eq!(group.is_absent(hkl), f64::hypot(re, im) < 1e-9, "{group} {hkl:?}");
            *n_absent.entry(group.is_absent(hkl)).or_insert(0) += 1;
        }
    }
    assert!(n_absent.len() == 2);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,80}") {
        let _ = SpaceGroup::parse(&text);
        let _ = SpaceGroup::from_hall(&text);
    }

    #[test]
    fn no_text_of_the_right_letters_makes_it_panic(text in "[-PABCIRFHS1234 6xyzabcnuvwdme:/(),;'\"*=+]{0,40}") {
        let _ = SpaceGroup::parse(&text);
        let _ = SpaceGroup::parse(&format!("P 1 2 1 ({text})"));
        if let Ok(group) = SpaceGroup::from_hall(&text) {
            prop_assert!(check_group(&group.operators).is_ok());
        }
    }

    #[test]
    fn any_change_of_basis_gives_a_group_or_is_refused(
        index in 0_usize..564, m in prop::array::uniform9(-2_i32..=2), shift in prop::array::uniform3(0_u8..24),
    ) {
        let listed = SpaceGroup::all().nth(index).unwrap();
        let [a, b, c, d, e, f, g, h, i] = m;
        let [p, q, r] = shift;
        let text = format!(
            "{} ({a}a+{b}b+{c}c,{d}a+{e}b+{f}c,{g}a+{h}b+{i}c;{p}/24,{q}/24,{r}/24)", listed.name,
        ).replace("+-", "-");
        if let Ok(changed) = SpaceGroup::parse(&text) {
            prop_assert!(check_group(&changed.operators).is_ok());
            prop_assert_eq!(changed.system, listed.system);
        }
    }
}
