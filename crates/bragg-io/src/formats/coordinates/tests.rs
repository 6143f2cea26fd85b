mod real;

use super::*;
use std::io::Write;

const PDB: &str = "\
CRYST1   20.000   30.000   40.000  90.00  90.00  90.00 P 21 21 21    4
ATOM      1  CA AALA A   1      10.000  15.000  10.000  0.60 20.00           C
ANISOU    1  CA AALA A   1     1000   2000   3000    100    -50      0       C
HETATM    2 SE   MSE A   2       1.000  -3.000   4.000  1.00 12.50          SE2+
ATOM      3 HG11 VAL A   3       0.000   0.000   0.000  1.00 12.50
";

const CIF: &str = "\
data_TEST
_cell.length_a 20.0(1)
_cell.length_b 30.0
_cell.length_c 40.0
_cell.angle_alpha 90
_cell.angle_beta 90
_cell.angle_gamma 90
_symmetry.space_group_name_H-M 'P 1 21 1'
_struct.title
;a title with
 loop_ in it
;
loop_
_atom_site.id
_atom_site.type_symbol
_atom_site.label_atom_id
_atom_site.Cartn_x
_atom_site.Cartn_y
_atom_site.Cartn_z
_atom_site.occupancy
_atom_site.B_iso_or_equiv
_atom_site.pdbx_PDB_model_num
1 C \"C5'\" 10.0 15.0 10.0 0.6 20.0 1 # note
2 SE SE 1.0 -3.0 4.0 1.0 12.5 2
loop_
_atom_site_anisotrop.id
_atom_site_anisotrop.U[1][1]
_atom_site_anisotrop.U[2][2]
_atom_site_anisotrop.U[3][3]
_atom_site_anisotrop.U[1][2]
_atom_site_anisotrop.U[1][3]
_atom_site_anisotrop.U[2][3]
1 0.1 0.2 0.3 0.01 -0.005 0
";

fn read_text(text: &str) -> Result<Model> {
    parse(text.as_bytes(), Path::new("model.pdb"))
}

fn near(a: [f64; 3], b: [f64; 3]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12)
}

#[test]
fn both_formats_say_the_same() {
    let (pdb, cif) = (read_text(PDB).unwrap(), read_text(CIF).unwrap());
    assert_eq!((pdb.symmetry.len(), cif.symmetry.len(), pdb.atoms.len(), cif.atoms.len()), (4, 2, 3, 2));
    for model in [&pdb, &cif] {
        assert_eq!(model.cell.parameters(), [20.0, 30.0, 40.0, 90.0, 90.0, 90.0]);
        let [first, second, ..] = model.atoms[..] else { unreachable!() };
        assert!(near(first.position, [0.5, 0.5, 0.25]) && near(second.position, [0.05, -0.1, 0.1]));
        assert_eq!((first.occupancy, first.element.symbol(), second.element.symbol()), (0.6, "C", "Se"));
        let Displacement::Anisotropic(u) = first.displacement else { unreachable!() };
        assert!(u.iter().zip([0.1, 0.2, 0.3, 0.01, -0.005, 0.0]).all(|(a, b)| (a - b).abs() < 1e-12));
        assert_eq!(second.displacement, Displacement::Isotropic(12.5));
    }
    assert_eq!(pdb.atoms[2].element.symbol(), "H");
    assert_eq!(cif.atoms[1].model, 2);
}

#[test]
fn gzip_is_unpacked_and_its_damage_is_told() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(PDB.as_bytes()).unwrap();
    let packed = packer.finish().unwrap();
    assert_eq!(parse(&packed, Path::new("model.pdb")).unwrap(), read_text(PDB).unwrap());
    let message = parse(&packed[..packed.len() - 20], Path::new("model.pdb.gz")).unwrap_err().to_string();
    assert!(message.contains("gzip") && message.contains("cut off"), "{message}");
}

#[test]
fn operators_that_the_file_lists_stand_before_its_name() {
    let listed =
        CIF.replace("_struct.title", "loop_\n_space_group_symop.operation_xyz\n'x,y,z'\n'-x,-y,z'\n_struct.title");
    assert_eq!(read_text(&listed).unwrap().symmetry[1], "-x,-y,z".parse().unwrap());
}

#[test]
fn what_cannot_be_used_is_named() {
    for (text, words) in [
        (PDB.replace("CRYST1", "REMARK"), ["model.pdb: ", "no unit cell"]),
        (PDB.replace("   20.000   30.000   40.000", "    1.000    1.000    1.000"), ["pdb:1:", "no crystal"]),
        (PDB.replace(" 15.000", "    nan"), ["pdb:2:", "`nan`"]),
        (PDB.replace("SE   MSE", "ZZ   LIG").replace("SE2+", "ZZ  "), ["pdb:4:", "`ZZ`"]),
        (PDB.replace("SE   MSE", "ZZ   LIG").replace("SE2+", "    "), ["pdb:4:", "`ZZ`"]),
        (PDB.replace("P 21 21 21", "Q 21 21 21"), ["model.pdb: ", "`Q 21 21 21`"]),
        (PDB.replace(" 20.00 ", "-99.00 "), ["pdb:2:", "B of -99.00"]),
        (PDB.replace("  0.60", " 60.00"), ["pdb:2:", "occupancy 60"]),
        (
            PDB.replace("ATOM  ", "ATOMS ").replace("HETATM", "HETERO").replace("ANISOU", "ANISO "),
            ["model.pdb: ", "no ATOM"],
        ),
        (String::new(), ["model.pdb: ", "no ATOM"]),
        (CIF.replace("_cell.length_b 30.0", "_cell.length_b ?"), ["model.pdb: ", "_cell.length_b"]),
        (CIF.replace("_cell.length_b 30.0", "_cell.length_b"), ["pdb:3:", "no value"]),
        (CIF.replace(" -3.0 4.0", " inf 4.0"), ["pdb:24:", "`inf`"]),
        (CIF.replace("12.5 2\n", "12.5\n"), ["_atom_site_id", "17 values"]),
        (CIF.replace("\"C5'\"", "\"C5'"), ["pdb:23:", "not closed"]),
        (CIF.replace("in it\n;", "in it\n"), ["pdb:10:", "not closed"]),
        (CIF.replace("2 SE SE", "2 ? 9"), ["pdb:24:", "element"]),
        ("data_\n".to_owned(), ["model.pdb: ", "no unit cell"]),
    ] {
        let message = read_text(&text).unwrap_err().to_string();
        for word in words {
            assert!(message.contains(word), "{message} lacks {word}");
        }
    }
}

#[test]
fn a_file_cut_off_anywhere_is_read_or_refused() {
    for text in [PDB, CIF] {
        for end in 0..text.len() {
            let _ = read_text(&text[..end]);
            let damaged = format!("{}\u{3b1};'{}", &text[..end], &text[end..]);
            let _ = read_text(&damaged);
        }
    }
}

/// Sodium chloride in core CIF, in a block behind one of text, its atoms on special positions.
const SALT: &str = "\
data_global
_publ_section_title 'Salt'
data_salt
_cell_length_a 5.6402(2)
_cell_length_b 5.6402(2)
_cell_length_c 5.6402(2)
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
_symmetry_space_group_name_Hall '-F 4 2 3'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_U_iso_or_equiv
_atom_site_adp_type
_atom_site_calc_flag
Na1 Na1+ 0 0 0 0.0206(3) Uani d
Cl1 . 0.5 0.5 0.5 0.0179(3) Uiso d
Cg1 C 0.25 0.25 0.25 0.1 Uiso dum
loop_
_atom_site_aniso_label
_atom_site_aniso_U_11
_atom_site_aniso_U_22
_atom_site_aniso_U_33
_atom_site_aniso_U_12
_atom_site_aniso_U_13
_atom_site_aniso_U_23
Na1 0.02 0.02 0.02 0 0 0
Cl1 0.09 0.09 0.09 0 0 0
";

#[test]
fn core_cif_counts_special_positions_once() {
    let model = parse(SALT.as_bytes(), Path::new("salt.cif")).unwrap();
    let [sodium, chlorine] = model.atoms[..] else { panic!("{:?}", model.atoms) };
    assert_eq!((model.symmetry.len(), sodium.element.symbol(), chlorine.element.symbol()), (192, "Na", "Cl"));
    // Four of each in the cell, at positions that 48 of the 192 operators leave alone.
    assert_eq!((sodium.occupancy * 192.0, chlorine.occupancy * 192.0), (4.0, 4.0));
    let Displacement::Anisotropic(u) = sodium.displacement else { panic!("{sodium:?}") };
    assert!(u.iter().zip([0.02, 0.02, 0.02, 0.0, 0.0, 0.0]).all(|(a, b)| (a - b).abs() < 1e-12));
    assert!(matches!(chlorine.displacement, Displacement::Isotropic(b) if (b - 0.0179 * 78.956_835).abs() < 1e-5));
    let named = SALT.replace("_symmetry_space_group_name_Hall '-F 4 2 3'", "");
    assert_eq!(parse(named.as_bytes(), Path::new("salt.cif")).unwrap().symmetry.len(), 192);
    let only_number = named.replace("_symmetry_space_group_name_H-M 'F m -3 m'", "_space_group_IT_number 225");
    assert_eq!(parse(only_number.as_bytes(), Path::new("salt.cif")).unwrap().symmetry.len(), 192);
}

#[test]
fn displacements_of_core_cif_are_in_the_frame_of_the_reciprocal_edges() {
    // exp(-2 pi^2 sum h_i a*_i U_ij a*_j h_j), written out for a triclinic cell and the reflection 1 2 3.
    let text = SALT
        .replace("_cell_length_b 5.6402(2)", "_cell_length_b 7.1")
        .replace("_cell_angle_alpha 90", "_cell_angle_alpha 75")
        .replace("_cell_angle_gamma 90", "_cell_angle_gamma 105")
        .replace("'F m -3 m'", "'P 1'")
        .replace("'-F 4 2 3'", "'P 1'")
        .replace("Na1 0.02 0.02 0.02 0 0 0", "Na1 0.02 0.03 0.04 0.005 -0.004 0.003");
    let model = parse(text.as_bytes(), Path::new("salt.cif")).unwrap();
    let star = model.cell.basis().reciprocal_rows().0;
    let h = [1.0, 2.0, 3.0].into_iter().zip(star).map(|(h, edge)| h * edge.norm()).collect::<Vec<_>>();
    let u = [[0.02, 0.005, -0.004], [0.005, 0.03, 0.003], [-0.004, 0.003, 0.04]];
    let sum: f64 = (0..3).map(|i| (0..3).map(|j| h[i] * u[i][j] * h[j]).sum::<f64>()).sum();
    let expected = (-2.0 * std::f64::consts::PI.powi(2) * sum).exp();
    let s = star[0] + star[1] * 2.0 + star[2] * 3.0;
    assert!((model.atoms[0].displacement.factor(s) / expected - 1.0).abs() < 1e-12);
}

const MTRIX: &str = "\
MTRIX1   1  1.000000  0.000000  0.000000        0.00000    1
MTRIX2   1  0.000000  1.000000  0.000000        0.00000    1
MTRIX3   1  0.000000  0.000000  1.000000        0.00000    1
MTRIX1   2  1.000000  0.000000  0.000000        2.00000
MTRIX2   2  0.000000  0.000000 -1.000000        0.00000
MTRIX3   2  0.000000  1.000000  0.000000        4.00000
";

const NCS: &str = "\
loop_
_struct_ncs_oper.id
_struct_ncs_oper.code
_struct_ncs_oper.matrix[1][1]
_struct_ncs_oper.matrix[1][2]
_struct_ncs_oper.matrix[1][3]
_struct_ncs_oper.matrix[2][1]
_struct_ncs_oper.matrix[2][2]
_struct_ncs_oper.matrix[2][3]
_struct_ncs_oper.matrix[3][1]
_struct_ncs_oper.matrix[3][2]
_struct_ncs_oper.matrix[3][3]
_struct_ncs_oper.vector[1]
_struct_ncs_oper.vector[2]
_struct_ncs_oper.vector[3]
1 given 1 0 0 0 1 0 0 0 1 0 0 0
2 generate 1 0 0 0 0 -1 0 1 0 2 0 4
";

#[test]
fn copies_that_are_not_given_are_made() {
    for (text, n_given) in [(format!("{MTRIX}{PDB}"), 3), (format!("{CIF}{NCS}"), 2)] {
        let model = read_text(&text).unwrap();
        assert_eq!(model.atoms.len(), 2 * n_given);
        // (10, 15, 10) Å turns to (10, -10, 15) and moves to (12, -10, 19).
        let copy = model.atoms[n_given];
        assert!(near(copy.position, [0.6, -1.0 / 3.0, 0.475]), "{copy:?}");
        let Displacement::Anisotropic(u) = copy.displacement else { panic!("{copy:?}") };
        // y' = -z, z' = y: U22' = U33, U33' = U22, U12' = -U13, U13' = U12.
        assert!(u.iter().zip([0.1, 0.3, 0.2, 0.005, 0.01, 0.0]).all(|(a, b)| (a - b).abs() < 1e-12), "{u:?}");
    }
    let given = MTRIX.replace("0.00000\n", "0.00000    1\n").replace("2.00000\n", "2.00000    1\n");
    assert_eq!(read_text(&format!("{}{PDB}", given.replace("4.00000\n", "4.00000    1\n"))).unwrap().atoms.len(), 3);
    for (text, word) in [
        (format!("{}{PDB}", MTRIX.replace("-1.000000", "-2.000000")), "no rotation"),
        (format!("{}{PDB}", MTRIX.replace("MTRIX3   2", "REMARK   2")), "not complete"),
        (format!("{}{PDB}", MTRIX.replace("4.00000\n", "    nan\n")), "finite"),
        (format!("{CIF}{}", NCS.replace("2 generate 1 0", "2 generate ? 0")), "finite"),
    ] {
        let message = read_text(&text).unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn listed_operators_make_a_group_that_the_cell_fits() {
    let listed = |triplets: &str| {
        CIF.replace("_struct.title", &format!("loop_\n_symmetry_equiv.pos_as_xyz\n{triplets}_struct.title"))
            .replace("_symmetry_equiv.pos_as_xyz", "_symmetry_equiv_pos_as_xyz")
    };
    for (triplets, word) in [
        ("'x,y,z'\n'-x,-y,z+1/2'\n'x+1/2,-y,z'\n", "not a group"),
        ("'x,y,z'\n'-y,x,z'\n'-x,-y,z'\n'y,-x,z'\n", "does not fit the symmetry operator"),
        ("'x,y,z'\n'-x,-y\n", "not closed"),
    ] {
        let message = read_text(&listed(triplets)).unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    }
    let one = CIF.replace("_struct.title", "_symmetry_equiv_pos_as_xyz x,y,z\n_struct.title");
    assert_eq!(read_text(&one).unwrap().symmetry.len(), 1);
    let misfit = PDB.replace("P 21 21 21 ", "P 41       ");
    let message = read_text(&misfit).unwrap_err().to_string();
    assert!(message.contains("does not fit the tetragonal space group P 41"), "{message}");
}

#[test]
fn a_hundred_thousand_atoms_are_read() {
    let mut text: String = PDB.lines().take(1).flat_map(|line| [line, "\n"]).collect();
    for i in 0..100_000 {
        text += &format!(
            "ATOM  {:>5}  CA  ALA A{:>4}    {:8.3}   5.000   6.000  1.00 20.00           C\n",
            i % 100_000,
            i % 10_000,
            f64::from(i % 999)
        );
    }
    let model = read_text(&text).unwrap();
    assert_eq!(model.atoms.len(), 100_000);
    assert!(near(model.atoms[99_999].position, [f64::from(99_999 % 999) / 20.0, 5.0 / 30.0, 0.15]));
}
