use super::*;
use bragg::reflections::Reflections;

const HEAD: &str = "\
data_r1abcsf
_cell.length_a 20.0
_cell.length_b 30.0
_cell.length_c 40.0
_cell.angle_alpha 90
_cell.angle_beta 95(1)
_cell.angle_gamma 90
_symmetry.space_group_name_H-M 'C 1 2 1'
";
const LOOP: &str = "\
loop_
_refln.index_h
_refln.index_k
_refln.index_l
_refln.status
_refln.F_meas_au
_refln.F_meas_sigma_au
_refln.F_calc_au
_refln.phase_calc
1 1 2 o 12.5 0.5 11 90
0 2 0 f 30.0(2) ? 31 0
2 0 -3 x 99.0 0.5 98 0
3 1 1 o ? ? 7 0
2 1 0 o 5 1 5 0
";

fn list(text: &str, column: Option<&str>) -> Result<List> {
    parse(text.as_bytes(), Path::new("r1abcsf.ent"), column)
}

fn in_p1(text: &str, column: Option<&str>) -> Result<(Reflections, Report)> {
    list(text, column)?.in_p1(None, None)
}

#[test]
fn measured_amplitudes_are_expanded_and_what_is_left_out_is_counted() {
    let (reflections, report) = in_p1(&(HEAD.to_owned() + LOOP), None).unwrap();
    // 2 along b and Friedel's law; 2 1 0 is absent by the centring.
    let mut expected = vec![([0, 2, 0], 30.0), ([0, -2, 0], 30.0)];
    expected.extend([[1, 1, 2], [-1, 1, -2], [-1, -1, -2], [1, -1, 2]].map(|hkl| (hkl, 12.5)));
    expected.sort_by_key(|(hkl, _)| *hkl);
    assert_eq!(reflections.list, expected);
    assert_eq!((reflections.cell, reflections.symmetry.len()), (Some([20.0, 30.0, 40.0, 90.0, 95.0, 90.0]), 4));
    assert_eq!((report.n_listed, report.n_marked, report.n_without_value, report.n_averaged), (5, 1, 1, 0));
    let sentences = report.sentences();
    assert!(sentences.len() == 3 && sentences[2].contains("1 of 5 reflections were left out, because its space group"));
    assert!(sentences[0].starts_with("1 of 5 reflections have no value"), "{sentences:?}");
}

#[test]
fn a_name_chooses_another_column() {
    for name in ["F_calc_au", "_refln.f_calc_au", "_refln_F_calc_au", "r1abcsf/F_calc_au"] {
        let (reflections, report) = in_p1(&(HEAD.to_owned() + LOOP), Some(name)).unwrap();
        assert!(reflections.list.contains(&([2, 0, -3], 98.0)) || reflections.list.iter().any(|one| one.1 == 7.0));
        assert_eq!(report.n_marked, 0);
    }
    let message = list(&(HEAD.to_owned() + LOOP), Some("phase_calc")).unwrap_err().to_string();
    assert!(message.contains("phase_calc") && message.contains("f_meas_au"), "{message}");
    let message = list(&(HEAD.to_owned() + LOOP), Some("intensity_meas")).unwrap_err().to_string();
    assert!(message.contains("no values of intensity_meas") && message.contains("phase_calc"), "{message}");
}

#[test]
fn intensities_and_pairs_are_read() {
    let text = HEAD.replace("C 1 2 1", "P 1 2 1")
        + "loop_\n_refln.index_h\n_refln.index_k\n_refln.index_l\n_refln.pdbx_I_plus\n_refln.pdbx_I_minus\n\
           1 2 3 100 64\n1 2 4 ? 9\n2 2 4 -5.0 -7\n0 1 0 ? .\n";
    let (reflections, report) = in_p1(&text, None).unwrap();
    let of = |hkl: Miller| reflections.list.iter().find(|one| one.0 == hkl).unwrap().1;
    assert_eq!([of([1, 2, 3]), of([-1, -2, -3]), of([-1, 2, -3]), of([1, -2, 3])], [10.0, 8.0, 10.0, 8.0]);
    assert_eq!([of([1, 2, 4]), of([-1, -2, -4]), of([2, 2, 4])], [3.0, 3.0, 0.0]);
    assert_eq!((report.n_negative, report.n_without_value), (2, 1));
}

#[test]
fn the_first_block_with_measured_values_is_read() {
    let empty = LOOP.replace("12.5", "?").replace("30.0(2)", "?").replace(" 5 1 5", " ? 1 5").replace("99.0", "?");
    let second = LOOP.replace("12.5", "13.5");
    let text = format!("{HEAD}{empty}data_r1abcAsf\n{second}");
    let (reflections, report) = in_p1(&text, None).unwrap();
    assert!(reflections.list.contains(&([1, 1, 2], 13.5)));
    assert_eq!(reflections.cell, Some([20.0, 30.0, 40.0, 90.0, 95.0, 90.0]), "from the first block");
    assert!(report.notes[0].contains("block r1abcAsf"), "{:?}", report.notes);
    let (first, _) = in_p1(&text, Some("R1ABCSF/f_calc_au")).unwrap();
    assert!(first.list.contains(&([1, 1, 2], 11.0)));
    assert!(in_p1(&text, Some("r1abcsf/F_meas_au")).unwrap_err().to_string().contains("in a block r1abcsf"));
}

#[test]
fn small_molecules_are_read_too() {
    let text = "\
data_x
_cell_length_a 5
_cell_length_b 6
_cell_length_c 7
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_symmetry_equiv_pos_as_xyz
'x, y, z'
'-x, -y, -z'
loop_
_refln_index_h
_refln_index_k
_refln_index_l
_refln_F_squared_calc
_refln_F_squared_meas
_refln_F_squared_sigma
_refln_observed_status
1 0 0 25.1 16.0 1 o
0 1 0 25.1 16.0 1 <
1 1 0 0 0 0 x
";
    let (reflections, report) = in_p1(text, None).unwrap();
    assert_eq!(reflections.list, [[-1, 0, 0], [0, -1, 0], [0, 1, 0], [1, 0, 0]].map(|hkl| (hkl, 4.0)));
    assert_eq!(report.n_marked, 1);
}

#[test]
fn crystals_wavelengths_and_scale_groups_are_no_equivalent_observations() {
    const TAGS: &str = "_refln.crystal_id\n_refln.wavelength_id\n_refln.scale_group_code\n_refln.index_h\n_refln.index_k\n_refln.index_l\n\
                        _refln.F_meas_au\n_refln.F_calc_au\n";
    let text = format!(
        "{HEAD}loop_\n{TAGS}1 1 a 1 1 2 ? 9\n1 1 b 1 1 2 10 8\n1 2 b 1 1 2 20 7\n2 1 b 1 1 2 60 6\n1 1 b 0 2 0 5 4\n"
    );
    let of = |column: Option<&str>| {
        let (reflections, report) = in_p1(&text, column).unwrap();
        (reflections.list.iter().find(|one| one.0 == [1, 1, 2]).map(|one| one.1), report)
    };
    let (first, report) = of(None);
    assert_eq!((first, report.n_averaged, report.n_listed), (Some(10.0), 0, 2));
    assert!(report.notes[0].contains("3 data sets") && report.notes[0].contains("b with 2 reflections"), "{report:?}");
    assert!(report.notes[0].contains("f_meas_au[crystal_id=1,wavelength_id=2,scale_group_code=b]"), "{report:?}");
    for (column, expected) in [
        ("F_meas_au[wavelength_id=2]", 20.0),
        ("r1abcsf/F_meas_au[crystal_id = 2, wavelength_id = 1]", 60.0),
        ("F_calc_au[scale_group_code=a]", 9.0),
    ] {
        let (value, report) = of(Some(column));
        assert!(value == Some(expected) && report.notes.is_empty(), "{column}: {value:?} {report:?}");
    }
    for (column, word) in [
        ("F_meas_au[crystal_id=3]", "no such data set; there are crystal_id=1,"),
        ("F_meas_au[crystal=1]", "[crystal=1] behind the column"),
        ("F_meas_au[]", "behind the column"),
    ] {
        let message = list(&text, Some(column)).unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn one_reflection_may_be_pairs() {
    let pairs = "_refln.index_h 1\n_refln.index_k 1\n_refln.index_l 2\n_refln.F_meas_au 12.5\n";
    assert_eq!(in_p1(&(HEAD.to_owned() + pairs), None).unwrap().0.list.len(), 4);
}

#[test]
fn observations_of_equivalents_are_averaged() {
    let text = HEAD.to_owned() + LOOP + "-1 1 -2 o 16.5 0.5 1 1\n";
    let (reflections, report) = in_p1(&text, None).unwrap();
    assert!(reflections.list.contains(&([1, -1, 2], 14.5)));
    assert_eq!(report.n_averaged, 1);
}

#[test]
fn a_space_group_and_a_cell_may_be_given() {
    let none = LOOP.replacen("loop_", "data_x\nloop_", 1);
    let cell = Some([20.0, 30.0, 40.0, 90.0, 95.0, 90.0]);
    let message = list(&none, None).unwrap().in_p1(None, None).unwrap_err().to_string();
    assert!(message.contains("give the space group"), "{message}");
    let (reflections, _) = list(&none, None).unwrap().in_p1(cell, Some("P 21")).unwrap();
    assert_eq!((reflections.cell, reflections.list.len()), (cell, 10));
    let with = list(&(HEAD.to_owned() + LOOP), None).unwrap();
    let (other, report) = with.clone().in_p1(None, Some("P 2")).unwrap();
    assert!(other.list.len() == 10 && report.notes[0].contains("P 1 2 1"), "{report:?}");
    let message = with.clone().in_p1(None, Some("P 1")).unwrap_err().to_string();
    assert!(message.contains("same Laue class"), "{message}");
    assert!(with.in_p1(None, Some("P 43 21 2")).unwrap_err().to_string().contains("does not fit"));
}

#[test]
fn what_cannot_be_used_is_named() {
    let good = HEAD.to_owned() + LOOP;
    for (text, words) in [
        (good.replace("12.5", "nan"), ["ent:18:", "`nan`"]),
        (good.replace("12.5", "-12.5"), ["ent:18:", "negative"]),
        (good.replace("12.5", "1e300"), ["ent:18:", "beyond"]),
        (good.replace("1 1 2 o", "1 1.5 2 o"), ["ent:18:", "1.5"]),
        (good.replace("1 1 2 o", "1 99999999 2 o"), ["ent:18:", "99999999"]),
        (good.replace("1 1 2 o", "1 ? 2 o"), ["ent:18:", "no index k"]),
        (good.replace("'C 1 2 1'", "'C 1 7 1'"), ["ent: ", "`C 1 7 1`"]),
        (good.replace("'C 1 2 1'", "'P 41 21 2'"), ["ent: ", "does not fit"]),
        (good.replace("95(1)", "?"), ["ent: ", "_cell.angle_beta"]),
        (good.replace("_refln.", "_refl."), ["ent: ", "_refln.index_h"]),
        (good.replace("_refln.", "_diffrn_refln."), ["ent: ", "unmerged"]),
        (good.replace("_refln.F_", "_refln.G_"), ["ent: ", "phase_calc"]),
        (good.replace("0 2 0 f", "0 2 f"), ["ent:", "do not fill rows"]),
        (HEAD.to_owned() + "loop_\n_atom_site.type_symbol\nC\n", ["ent: ", "coordinates"]),
        ("CRYST1".to_owned(), ["ent: ", "data_"]),
    ] {
        let message = in_p1(&text, None).unwrap_err().to_string();
        for word in words {
            assert!(message.contains(word), "{message} lacks {word}");
        }
    }
}
