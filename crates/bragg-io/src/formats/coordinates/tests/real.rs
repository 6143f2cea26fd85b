//! What files of other programs and archives hold, each with the value that it must give: gemmi 0.7.5 on the same text, unless a line says
//! otherwise.

use super::*;
use bragg::miller::Miller;
use bragg::structure::{Dispersion, ModelChoice, direct};

const PROTEIN: &str = "\
CRYST1   21.000   32.000   43.000  90.00 102.00  90.00 P 1 21 1      2
ATOM      1  N   SER A   1       3.000   4.000   5.000  1.00 12.00           N
ATOM      2  CA  SER A   1       4.200   4.900   5.700  0.80 15.00           C
ANISOU    2  CA  SER A   1     1000   2000   3000    100    -50     40       C
ATOM      3  OG  SER A   1       5.100   6.000   4.100  1.00 18.00           O
";
/// Its |F(2 3 −4)|.
const F_PROTEIN: f64 = 11.027_77;

const MACROMOLECULE: &str = "\
data_T
_cell.length_a 21
_cell.length_b 32
_cell.length_c 43
_cell.angle_beta 102
_symmetry.space_group_name_H-M 'P 1 21 1'
loop_
_atom_site.id
_atom_site.type_symbol
_atom_site.label_atom_id
_atom_site.label_comp_id
_atom_site.Cartn_x
_atom_site.Cartn_y
_atom_site.Cartn_z
_atom_site.occupancy
_atom_site.B_iso_or_equiv
1 N N SER 3 4 5 1 12
2 C CA SER 4.2 4.9 5.7 0.8 15
3 O OG SER 5.1 6 4.1 1 18
";
const PAIRS: &str = "\
_atom_site_anisotrop.id 2
_atom_site_anisotrop.U[1][1] 0.1
_atom_site_anisotrop.U[2][2] 0.2
_atom_site_anisotrop.U[3][3] 0.3
_atom_site_anisotrop.U[1][2] 0.01
_atom_site_anisotrop.U[1][3] -0.005
_atom_site_anisotrop.U[2][3] 0.004
";

const MOLECULE: &str = "\
data_s
_cell_length_a 6
_cell_length_b 7
_cell_length_c 8
_cell_angle_alpha 80
_cell_angle_beta 95
_cell_angle_gamma 100
_symmetry_space_group_name_H-M 'P -1'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_U_iso_or_equiv
_atom_site_adp_type
S1 S 0.1 0.2 0.3 0.05 Uani
N1 N 0.35 0.4 0.22 0.04 Uiso
";
const U: &str = "\
loop_
_atom_site_aniso_label
_atom_site_aniso_U_11
_atom_site_aniso_U_22
_atom_site_aniso_U_33
_atom_site_aniso_U_12
_atom_site_aniso_U_13
_atom_site_aniso_U_23
S1 0.01 0.03 0.08 0.002 0.003 -0.004
";
/// Its |F(1 2 5)|.
const F_MOLECULE: f64 = 8.474_73;

fn f(text: &str, hkl: Miller) -> f64 {
    let model = read_text(text).unwrap_or_else(|error| panic!("{error}\n{text}")).choose(ModelChoice::First);
    direct::structure_factors(&model, &Dispersion::new(), &[hkl])[0].norm()
}

/// Z of all atoms of the cell.
fn electrons(text: &str) -> f64 {
    let model = read_text(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let z = |atom: &Atom| f64::from(atom.element.atomic_number()) * atom.occupancy;
    model.atoms.iter().map(z).sum::<f64>() * model.symmetry.len() as f64
}

fn notes(text: &str) -> Vec<String> {
    read_text(text).unwrap().notes
}

fn has_note(text: &str, words: &[&str]) {
    let notes = notes(text);
    assert!(notes.iter().any(|note| words.iter().all(|word| note.contains(word))), "{notes:?} lack {words:?}");
}

fn is_near(a: f64, b: f64) -> bool {
    (a / b - 1.0).abs() < 2e-4
}

#[test]
fn plain_files_need_no_note() {
    assert!(is_near(f(PROTEIN, [2, 3, -4]), F_PROTEIN) && notes(PROTEIN).is_empty());
    let molecule = format!("{MOLECULE}{U}");
    assert!(is_near(f(&molecule, [1, 2, 5]), F_MOLECULE) && notes(&molecule).is_empty());
}

#[test]
fn line_ends_marks_and_encodings_make_no_difference() {
    for text in [PROTEIN.to_owned(), format!("{MACROMOLECULE}{PAIRS}")] {
        let plain = read_text(&text).unwrap();
        let utf_16: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [
            format!("\u{feff}{text}").into_bytes(),
            text.replace('\n', "\r\n").into_bytes(),
            text.replace('\n', "\r").into_bytes(),
            utf_16,
        ] {
            assert_eq!(parse(&bytes, Path::new("model.pdb")).unwrap(), plain);
        }
    }
}

#[test]
fn a_category_of_one_row_may_be_pairs() {
    let pairs = format!("{MACROMOLECULE}{PAIRS}");
    assert!(is_near(f(&pairs, [2, 3, -4]), F_PROTEIN));
    let one = "data_s _cell_length_a 8 _cell_length_b 9 _cell_length_c 10 _symmetry_space_group_name_H-M 'P 1 21 1'\n\
               _atom_site_label S1 _atom_site_fract_x 0.1 _atom_site_fract_y 0.2 _atom_site_fract_z 0.3\n\
               _atom_site_U_iso_or_equiv 0.02 _symmetry_equiv_pos_as_xyz x,y,z";
    assert_eq!(electrons(one), 16.0);
    assert_eq!(electrons(&one.replace("_symmetry_equiv_pos_as_xyz x,y,z", "")), 32.0);
}

#[test]
fn every_word_for_anisotropic_and_isotropic_atoms() {
    let with = |kind: &str| f(&format!("{}{U}", MOLECULE.replace("Uani", kind)), [1, 2, 5]);
    for kind in ["Uani", "Bani", "Uij", "uij", "Bij", "aniso", "anisotropic", "Ueq", "Umpe", ".", "?"] {
        assert!(is_near(with(kind), F_MOLECULE), "{kind}");
    }
    let isotropic = f(MOLECULE, [1, 2, 5]);
    for kind in ["Uiso", "Biso", "uiso", "iso", "isotropic", "Uovl", "Bovl"] {
        assert!(with(kind) == isotropic && !is_near(isotropic, F_MOLECULE), "{kind}");
    }
    assert!(is_near(
        f(&format!("{}{U}", MOLECULE.replace("adp_type", "thermal_displace_type")), [1, 2, 5]),
        F_MOLECULE
    ));
}

#[test]
fn tensors_of_every_kind_in_every_place() {
    // B = 8π²U, and βᵢⱼ = 2π² Uᵢⱼ aᵢ* aⱼ* (Trueblood et al. 1996)
    let b = U
        .replace("U_", "B_")
        .replace("0.01 0.03 0.08 0.002 0.003 -0.004", "0.789568 2.368705 6.316547 0.157914 0.236871 -0.315827");
    let beta = U.replace("U_", "beta_").replace(
        "0.01 0.03 0.08 0.002 0.003 -0.004",
        "0.00567319 0.01279500 0.02552934 0.00098379 0.00127647 -0.00147569",
    );
    for tensor in [&b, &beta] {
        assert!(is_near(f(&format!("{MOLECULE}{tensor}"), [1, 2, 5]), F_MOLECULE), "{tensor}");
        let without_type = MOLECULE.replace("_atom_site_adp_type\n", "").replace(" Uani", "").replace(" Uiso", "");
        assert!(is_near(f(&format!("{without_type}{tensor}"), [1, 2, 5]), F_MOLECULE), "{tensor}");
    }
    // some rows of one kind, some of another
    let mixed = format!(
        "{}S1 0.01 0.03 0.08 0.002 0.003 -0.004 ? ? ? ? ? ?\nN1 ? ? ? ? ? ? 3 3 3 0 0 0\n",
        U.replace("S1 0.01 0.03 0.08 0.002 0.003 -0.004\n", "")
            + &["11", "22", "33", "12", "13", "23"].map(|ij| format!("_atom_site_aniso_B_{ij}\n")).concat()
    );
    let model = read_text(&format!("{}{mixed}", MOLECULE.replace("Uiso", "Bani"))).unwrap();
    let [first, second] = model.atoms[..] else { panic!("{model:?}") };
    assert!(matches!(first.displacement, Displacement::Anisotropic(_)));
    assert!(matches!(second.displacement, Displacement::Anisotropic(_)));
    // among the atoms themselves, as mmCIF allows
    let tags =
        ["[1][1]", "[2][2]", "[3][3]", "[1][2]", "[1][3]", "[2][3]"].map(|ij| format!("_atom_site.aniso_U{ij}\n"));
    let inside = MACROMOLECULE
        .replace("_atom_site.occupancy\n", &format!("{}_atom_site.occupancy\n", tags.concat()))
        .replace(" 1 12\n", " ? ? ? ? ? ? 1 12\n")
        .replace(" 0.8 15\n", " 0.1 0.2 0.3 0.01 -0.005 0.004 0.8 15\n")
        .replace(" 1 18\n", " ? ? ? ? ? ? 1 18\n");
    assert!(is_near(f(&inside, [2, 3, -4]), F_PROTEIN));
    has_note(&format!("{MOLECULE}{}", U.replace("S1", "S9")), &["1 anisotropic displacements belong to no atom"]);
}

#[test]
fn coordinates_in_a_frame_of_their_own() {
    // x, y, z of the file are y, z, x of the usual frame, and a quarter of c is added
    let scale = "\
SCALE1      0.000000  0.010122  0.047619        0.00000
SCALE2      0.031250  0.000000  0.000000        0.00000
SCALE3      0.000000  0.023775  0.000000        0.25000
";
    let text = format!("{scale}{PROTEIN}");
    assert!(is_near(f(&text, [2, 3, -4]), 14.662_34));
    has_note(&text, &["frame of their own", "SCALE"]);
    // the same in mmCIF, by either matrix
    let matrix = |name: &str, entries: [[f64; 3]; 3], shift: [f64; 3]| {
        let mut text = String::new();
        for ((i, row), shift) in (1..).zip(entries).zip(shift) {
            for (j, entry) in (1..).zip(row) {
                text += &format!("_atom_sites.{name}_transf_matrix[{i}][{j}] {entry}\n");
            }
            text += &format!("_atom_sites.{name}_transf_vector[{i}] {shift}\n");
        }
        text
    };
    let fract = [[0.0, 0.010_122, 0.047_619], [0.031_25, 0.0, 0.0], [0.0, 0.023_775, 0.0]];
    let of_fract = matrix("fract", fract, [0.0, 0.0, 0.25]);
    // its inverse, and −M⁻¹·t
    let cartn = [[0.0, 32.0, 0.0], [0.0, 0.0, 42.061], [21.0, 0.0, -8.940_64]];
    let of_cartn = matrix("Cartn", cartn, [0.0, -42.061 / 4.0, 8.940_64 / 4.0]);
    let core = of_fract.replace("_atom_sites.fract_transf", "_atom_sites_fract_tran");
    let core = core.replace("][", "").replace('[', "_").replace(']', "");
    for frame in [of_fract, of_cartn, core] {
        assert!(is_near(f(&format!("{MACROMOLECULE}{PAIRS}{frame}"), [2, 3, -4]), 14.662_34), "{frame}");
    }
    // small molecules have fractional coordinates, which no matrix changes
    let other = matrix("fract", [[0.1, 0.0, 0.0], [0.0, 0.1, 0.0], [0.0, 0.0, 0.1]], [0.0; 3]);
    assert!(is_near(f(&format!("{MOLECULE}{U}{other}"), [1, 2, 5]), F_MOLECULE));
}

#[test]
fn a_matrix_of_the_usual_frame_or_of_another_cell_gives_way_to_the_cell() {
    let scale = |factor: f64| {
        let [a, c_of_x, b, c] = [0.047_619, 0.010_122, 0.031_25, 0.023_775].map(|x| x * factor);
        format!(
            "SCALE1    {a:10.6}{:10.6}{c_of_x:10.6}        0.00000\nSCALE2    {:10.6}{b:10.6}{:10.6}        0.00000\n\
             SCALE3    {:10.6}{:10.6}{c:10.6}        0.00000\n",
            0.0, 0.0, 0.0, 0.0, 0.0
        )
    };
    for (factor, words) in [(1.0, None), (1.008, Some("0.8 %")), (3.0, Some("does not belong"))] {
        let text = format!("{}{PROTEIN}", scale(factor));
        assert!(is_near(f(&text, [2, 3, -4]), F_PROTEIN), "{factor}");
        match words {
            Some(words) => has_note(&text, &[words]),
            None => assert!(notes(&text).is_empty()),
        }
    }
    let cut = scale(1.0).replace("SCALE2", "REMARK");
    assert!(is_near(f(&format!("{cut}{PROTEIN}"), [2, 3, -4]), F_PROTEIN));
}

/// The operators of P 21 21 21 in REMARK 290 for edges of 20, 30 and 40 Å times some factor.
fn remark(factor: f64) -> String {
    let [a, b, c] = [10.0, 15.0, 20.0].map(|edge| edge * factor);
    let rows = [
        [[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]],
        [[-1.0, a], [-1.0, 0.0], [1.0, c]],
        [[-1.0, 0.0], [1.0, b], [-1.0, c]],
        [[1.0, a], [-1.0, b], [-1.0, 0.0]],
    ];
    let row = |n: usize, i: usize, [sign, shift]: [f64; 2]| {
        let mut r = [0.0; 3];
        r[i] = sign;
        format!("REMARK 290   SMTRY{} {:3}{:10.6}{:10.6}{:10.6}     {shift:10.5}\n", i + 1, n + 1, r[0], r[1], r[2])
    };
    rows.iter().enumerate().flat_map(|(n, rows)| (0..3).map(move |i| row(n, i, rows[i]))).collect()
}

#[test]
fn the_space_group_is_that_of_cryst1() {
    for factor in [1.0, 1.008] {
        let text = format!("{}{PDB}", remark(factor));
        assert_eq!(read_text(&text).unwrap(), read_text(PDB).unwrap());
    }
    let p1 = format!("{}{}", remark(1.0), PDB.replace("P 21 21 21 ", "P 1        "));
    assert_eq!(read_text(&p1).unwrap().symmetry.len(), 1);
    has_note(&p1, &["REMARK 290", "P 21 21 21", "CRYST1 names P 1", "crystal.space_group"]);
    // mirrors, which proteins do not have, against none; and names that are none
    for name in ["P m m m    ", "           ", "Q 21       "] {
        let text = format!("{}{}", remark(1.0), PDB.replace("P 21 21 21 ", name));
        let (found, expected) = (read_text(&text).unwrap().symmetry, read_text(PDB).unwrap().symmetry);
        assert!(found.len() == expected.len() && found.iter().all(|operator| expected.contains(operator)), "{name}");
        has_note(&text, &["taken from REMARK 290", "P 21 21 21"]);
    }
    let damaged = format!("{}{PDB}", remark(1.0).replacen("-1.000000", "-1.0x0000", 1));
    assert_eq!(read_text(&damaged).unwrap().symmetry.len(), 4);
    has_note(&damaged, &["REMARK 290 cannot be used"]);
    let blank = PDB.replace("P 21 21 21 ", "           ");
    assert_eq!(read_text(&blank).unwrap().symmetry.len(), 1);
    has_note(&blank, &["taken to be P 1", "crystal.space_group"]);
    let message = read_text(&PDB.replace("P 21 21 21 ", "Q 21       ")).unwrap_err().to_string();
    assert!(message.contains("crystal.space_group gives another"), "{message}");
}

#[test]
fn operators_are_taken_once_and_the_identity_is_among_them() {
    let with = |operators: &str| {
        let list: String = operators.split(';').map(|one| format!("{one}\n")).collect();
        MOLECULE
            .replace("P -1", "P 1 21 1")
            .replace("_cell_angle_alpha 80", "_cell_angle_alpha 90")
            .replace("_cell_angle_gamma 100", "_cell_angle_gamma 90")
            .replace(
                "loop_\n_atom_site_label",
                &format!("loop_\n_symmetry_equiv_pos_as_xyz\n{list}loop_\n_atom_site_label"),
            )
    };
    for (operators, words) in [
        ("x,y,z;-x,y+1/2,-z", None),
        ("x,y,z;-x,y+1/2,-z;x,y,z", Some("more than once")),
        ("x,y,z;x,y,z;-x,y+1/2,-z;-x,1/2+y,-z", Some("more than once")),
        ("-x,y+1/2,-z", Some("identity")),
        ("x,y,z;-x,-y,-z", Some("make up P -1, but it names P 1 21 1")),
    ] {
        let text = with(operators);
        assert_eq!(read_text(&text).unwrap().symmetry.len(), 2, "{operators}");
        match words {
            Some(words) => has_note(&text, &[words]),
            None => assert!(notes(&text).is_empty(), "{:?}", notes(&text)),
        }
    }
    let centred = with("x,y,z;-x,y+1/2,-z;x+1/2,y+1/2,z").replace("P 1 21 1", "C 1 21 1");
    assert_eq!(read_text(&centred).unwrap().symmetry.len(), 4);
    has_note(&centred, &["lists 3 of the 4 symmetry operators"]);
}

#[test]
fn end_ends_a_pdb_file() {
    let twice = format!("{PROTEIN}END\n{}END\n", PROTEIN.replace("21.000", "42.000"));
    assert!(is_near(f(&twice, [2, 3, -4]), F_PROTEIN));
    has_note(&twice, &["behind the END record", "line 8"]);
    let without = format!("{PROTEIN}{}", PROTEIN.replace("21.000", "42.000"));
    assert_eq!(read_text(&without).unwrap().cell.edges[0], 21.0);
    has_note(&without, &["CRYST1 records that differ"]);
    assert!(notes(&format!("{PROTEIN}TER\nENDMDL\nEND   \nCONECT\n")).is_empty());
    let blocks = format!("{MOLECULE}{U}{}", MOLECULE.replace("data_s", "data_t"));
    assert!(is_near(f(&blocks, [1, 2, 5]), F_MOLECULE));
    has_note(&blocks, &["2 data blocks", "the first, s, is read"]);
}

#[test]
fn models_are_counted_however_they_are_numbered() {
    let (head, atoms) = PROTEIN.split_at(PROTEIN.find("ATOM").unwrap());
    for number in ["", " 1", "        1", "    50001", "     x", "        0"] {
        let text = format!("{head}MODEL{number}\n{atoms}ENDMDL\nMODEL{number}\n{atoms}ENDMDL\n");
        assert!(is_near(f(&text, [2, 3, -4]), F_PROTEIN), "{number}");
        assert_eq!(read_text(&text).unwrap().atoms.iter().map(|atom| atom.model).max(), Some(2));
    }
}

#[test]
fn elements_from_names_that_begin_in_the_first_column() {
    let atom = |name: &str, residue: &str| {
        format!("ATOM      1 {name:<4} {residue:<4}A   1      11.000  11.000  12.000  1.00 20.00      4AKE\n")
    };
    let head = PROTEIN.lines().next().unwrap();
    let text = |atoms: &[(&str, &str)]| {
        format!("{head}\n{}", atoms.iter().map(|(name, residue)| atom(name, residue)).collect::<String>())
    };
    let trace = text(&[("CA", "MET"), ("CA", "ALA"), ("CA", "GLY")]);
    assert_eq!(electrons(&trace), 36.0);
    let charmm = ["N", "HT1", "CA", "C", "O", "CB", "SD"].map(|name| (name, "MET"));
    assert_eq!(electrons(&text(&charmm)), 100.0);
    // with calcium and a chloride ion, water, and a ligand
    let ions = [("CA", "ALA"), ("CA", "CA"), ("CLA", "CLA"), ("OH2", "TIP3"), ("CL1", "LIG"), ("CAA", "LIG")];
    assert_eq!(electrons(&text(&ions)), 2.0 * f64::from(6 + 20 + 17 + 8 + 17 + 6));
    // old files name themselves and number their lines there: columns 77 and 78 are no element
    let old = PROTEIN.replace("           N\n", "      1ABC 101\n").replace("           O\n", "      1ABC 103\n");
    assert!(is_near(f(&old, [2, 3, -4]), F_PROTEIN));
}

#[test]
fn unknown_atoms_and_dummies() {
    let unknown = format!("{PROTEIN}HETATM    6 UNK  UNX A   9      20.000  21.000  22.000  1.00 20.00           X\n");
    assert_eq!(electrons(&unknown), electrons(PROTEIN) + 16.0);
    has_note(&unknown, &["1 atoms of an unknown element", "oxygen"]);
    let dummy = format!("{PROTEIN}HETATM    6  MW  SOL A   9      20.000  21.000  22.000  1.00 20.00\nANISOU    6\n");
    assert_eq!(electrons(&dummy), electrons(PROTEIN));
    has_note(&dummy, &["1 sites that are no atoms"]);
    let deuterium = format!("{PROTEIN}ATOM      6 DD22 LEU A   9      20.000  21.000  22.000  1.00 20.00\n");
    assert_eq!(electrons(&deuterium), electrons(PROTEIN) + 2.0);
    assert_eq!(electrons(&format!("{MOLECULE}{U}").replace("N1 N ", "N1 X ")), 2.0 * 24.0);
}

#[test]
fn labels_tell_elements_where_no_column_does() {
    for (label, z) in [("WatOW", 8), ("FeT", 26), ("SiA", 14), ("BeA", 4), ("ClX", 17), ("NaM4", 11), ("CaM2", 20)] {
        let text = MOLECULE
            .replace("_atom_site_type_symbol\n", "")
            .replace("S1 S ", &format!("{label} "))
            .replace("N1 N ", "O1 ");
        assert_eq!(electrons(&text), 2.0 * f64::from(z + 8), "{label}");
    }
    let upper = MOLECULE.replace("_atom_site_type_symbol\n", "").replace("S1 S ", "CA1 ").replace("N1 N ", "O1 ");
    assert_eq!(electrons(&upper), 2.0 * 28.0);
    assert_eq!(electrons(&format!("{upper}_chemical_formula_sum 'C12 H22 O11'\n")), 2.0 * 14.0);
    let words = MOLECULE.replace("S1 S ", "S1 Sval ").replace("N1 N ", "O1 O_w ");
    assert_eq!(electrons(&words), 2.0 * 24.0);
    let names = MACROMOLECULE
        .replace("_atom_site.type_symbol\n", "")
        .replace("1 N N", "1 N")
        .replace("2 C CA", "2 CA")
        .replace("3 O OG", "3 OG");
    assert!((electrons(&names) - electrons(MACROMOLECULE)).abs() < 1e-9);
}

#[test]
fn displacements_that_are_not_there() {
    let b = |text: &str| -> Vec<f64> {
        let trace = |atom: &Atom| (0..3).map(|i| atom.displacement.b_matrix().0[i][i]).sum::<f64>() / 3.0;
        read_text(text).unwrap().atoms.iter().map(trace).collect()
    };
    let short: String = PROTEIN
        .lines()
        .filter(|line| !line.starts_with("ANISOU"))
        .map(|line| if line.starts_with("ATOM") { format!("{}\n", &line[..54]) } else { format!("{line}\n") })
        .collect();
    assert_eq!(b(&short), [20.0; 3]);
    has_note(&short, &["its atoms have no B", "B = 20.0"]);
    let zero = PROTEIN
        .replace("ANISOU", "REMARK")
        .replace(" 12.00 ", "  0.00 ")
        .replace(" 15.00 ", "  0.00 ")
        .replace(" 18.00 ", "  0.00 ");
    assert_eq!(b(&zero), [0.0; 3]);
    has_note(&zero, &["every B is 0"]);
    let large = read_text(&zero).unwrap();
    assert!((large.expected_resolution() - (20.0_f64 / 8.0).sqrt()).abs() < 1e-9);
    let one = MACROMOLECULE.replace(" 0.8 15\n", " 0.8 ?\n");
    assert_eq!(b(&one), [12.0, 15.0, 18.0]);
    has_note(&one, &["1 of 3 atoms have no B", "15.0"]);
    let mineral = MOLECULE.replace("0.05 Uani", "? .").replace("0.04 Uiso", ". .");
    assert_eq!(b(&mineral), [0.0; 2]);
    has_note(&mineral, &["B = 0.0", "at rest"]);
    assert_eq!(read_text(&mineral).unwrap().expected_resolution(), 0.8);
    let empty = PROTEIN.replace("  1.00 ", "  0.00 ").replace("  0.80 ", "  0.00 ");
    assert!(read_text(&empty).unwrap().atoms.iter().all(|atom| atom.occupancy == 1.0));
    has_note(&empty, &["every occupancy is 0"]);
}

#[test]
fn a_cell_may_be_given_where_the_file_has_none() {
    let given = Given { cell: Some([21.0, 32.0, 43.0, 90.0, 102.0, 90.0]), space_group: Some("P21") };
    let of = |text: &str| parse_with(text.as_bytes(), Path::new("model.pdb"), &given);
    let without: String = PROTEIN.lines().skip(1).map(|line| format!("{line}\n")).collect();
    let zeros = PROTEIN.replace(
        "   21.000   32.000   43.000  90.00 102.00  90.00",
        "    0.000    0.000    0.000   0.00   0.00   0.00",
    );
    let expected = read_text(PROTEIN).unwrap();
    for text in [&without, &zeros, &PROTEIN.replace("   21.000   32.000   43.000", "    1.000    1.000    1.000")] {
        let model = of(text).unwrap();
        assert_eq!((model.atoms, model.cell), (expected.atoms.clone(), expected.cell));
        let message = read_text(text).unwrap_err().to_string();
        assert!(message.contains("crystal.cell"), "{message}");
    }
    let cif =
        MACROMOLECULE.replace("_cell.length_a 21\n_cell.length_b 32\n_cell.length_c 43\n_cell.angle_beta 102\n", "");
    assert_eq!(of(&cif).unwrap().cell, expected.cell);
    assert!(read_text(&cif).unwrap_err().to_string().contains("crystal.cell"));
}
