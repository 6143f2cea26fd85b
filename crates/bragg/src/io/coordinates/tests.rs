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
    let remark = "\
REMARK 290   SMTRY1   1  1.000000  0.000000  0.000000        0.00000
REMARK 290   SMTRY2   1  0.000000  1.000000  0.000000        0.00000
REMARK 290   SMTRY3   1  0.000000  0.000000  1.000000        0.00000
REMARK 290   SMTRY1   2 -1.000000  0.000000  0.000000       10.00000
REMARK 290   SMTRY2   2  0.000000 -1.000000  0.000000        0.00000
REMARK 290   SMTRY3   2  0.000000  0.000000  1.000000       20.00000
";
    let model = read_text(&format!("{remark}{PDB}")).unwrap();
    assert_eq!(model.symmetry, ["x,y,z".parse().unwrap(), "-x+1/2,-y,z+1/2".parse().unwrap()]);
}

#[test]
fn what_cannot_be_used_is_named() {
    for (text, words) in [
        (PDB.replace("CRYST1", "REMARK"), ["model.pdb: ", "no unit cell"]),
        (PDB.replace("   20.000   30.000   40.000", "    1.000    1.000    1.000"), ["pdb:1:", "no crystal"]),
        (PDB.replace(" 15.000", "    nan"), ["pdb:2:", "`nan`"]),
        (PDB.replace("SE2+", " X  "), ["pdb:4:", "`X`"]),
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
        (CIF.replace("2 SE SE", "2 ? SE"), ["pdb:24:", "element"]),
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
