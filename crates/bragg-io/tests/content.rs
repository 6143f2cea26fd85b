//! What files hold, by their content and their names.

use bragg::structure::Displacement;
use bragg_io::formats::coordinates;
use bragg_io::formats::reflections::{Content, ReadOptions, ReflectionFormat as Format, read_reflections, read_with};
use std::io::Write as _;
use std::path::PathBuf;

const CELL: &str = "_cell_length_a 8\n_cell_length_b 9\n_cell_length_c 10\n_symmetry_space_group_name_H-M 'P 1 21 1'\n";
const ATOMS: &str =
    "loop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\nS1 0.1 0.2 0.3\n";
const REFLECTIONS: &str =
    "loop_\n_refln_index_h\n_refln_index_k\n_refln_index_l\n_refln_F_squared_meas\n1 2 3 100\n1 0 0 25\n";
const PDB: &str = "\
CRYST1   21.000   32.000   43.000  90.00 102.00  90.00 P 1 21 1      2
ATOM      1  N   SER A   1       3.000   4.000   5.000  1.00 12.00           N
";
const XDS: &str = "!FORMAT=XDS_ASCII    MERGE=TRUE\n  1 2 3 100 1\n!END_OF_DATA\n";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

#[test]
fn content_is_recognised_whatever_the_name() {
    let folder = Folder::new();
    let mtz = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/c2.mtz")).unwrap();
    let cif = format!("data_x\n{CELL}{REFLECTIONS}").into_bytes();
    let model = format!("#\\#CIF_1.1\ndata_x\n{CELL}{ATOMS}").into_bytes();
    let of = |format| Content::Reflections(format);
    for (bytes, expected) in [
        (mtz, of(Format::Mtz)),
        (cif, of(Format::Cif)),
        (model, Content::Coordinates),
        (PDB.into(), Content::Coordinates),
        (XDS.into(), of(Format::XdsAscii)),
        (b"!FORMAT=XDS_ASCII    MERGE=FALSE\n".to_vec(), of(Format::XdsAscii)),
        (b"!OUTPUT_FILE=INTEGRATE.HKL   DATE=1-Jan-2026\n".to_vec(), of(Format::XdsAscii)),
        (b"CrystFEL reflection list version 2.0\n".to_vec(), of(Format::CrystFel)),
        (b"   1   2   3  100.00   10.00\n   0   0   0    0.00    0.00\n".to_vec(), of(Format::Shelx)),
        (b"   1   2   3  100.00   10.00\n".to_vec(), of(Format::Shelx)),
        (b"data_x _diffrn_refln_index_h 1 _diffrn_refln_index_k 1 _diffrn_refln_index_l 1".to_vec(), of(Format::Cif)),
        (b"1 2 3 4.5\n".to_vec(), of(Format::Text)),
    ] {
        for name in ["a.hkl", "a.cif", "a.pdb", "a.txt", "a.mtz", "a.xyz", "a", "a.HKL.gz"] {
            // the name decides where the content is plain text
            if matches!(expected, Content::Reflections(Format::Text))
                && !matches!(name, "a.hkl" | "a.txt" | "a.xyz" | "a")
            {
                continue;
            }
            let mut bytes = bytes.clone();
            if name.ends_with(".gz") {
                let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                gzip.write_all(&bytes).unwrap();
                bytes = gzip.finish().unwrap();
            }
            let shown = String::from_utf8_lossy(&bytes).chars().take(40).collect::<String>();
            assert_eq!(Content::of(&folder.write(name, &bytes)).unwrap(), expected, "{name}: {shown}");
        }
    }
    for name in ["Fdump.bin", "Fdump.bin.gz"] {
        assert_eq!(Content::of(&folder.write(name, "1")).unwrap(), of(Format::Fdump));
    }
    let message = Content::of(&folder.write("a.xyz", "once upon a time")).unwrap_err().to_string();
    assert!(
        message.contains("neither its content nor its name") && message.contains("crystal.structure_factors.format")
    );
    assert!(
        Content::of(std::path::Path::new("absent.mtz")).unwrap_err().to_string().contains("cannot read absent.mtz")
    );
    assert!(Content::is_recognised(&folder.write("a", PDB)) && !Content::is_recognised(&folder.write("a", "1 2 3 4")));
}

#[test]
fn a_cif_with_a_model_and_reflections_is_what_is_complete() {
    let folder = Folder::new();
    let incomplete =
        folder.write("a.cif", format!("data_overall\n_pd_block_id x\ndata_m\n{CELL}{ATOMS}data_r\n{REFLECTIONS}"));
    let (content, notes) = Content::with_notes(&incomplete).unwrap();
    assert!(content == Content::Coordinates && notes[0].contains("does not say the symmetry"), "{notes:?}");
    let complete = folder.write("b.cif", format!("data_m\n{CELL}{ATOMS}{REFLECTIONS}"));
    let (content, notes) = Content::with_notes(&complete).unwrap();
    assert_eq!(content, Content::Reflections(Format::Cif));
    assert!(notes[0].contains("\"coordinates\""), "{notes:?}");
    let reflections = read_reflections(&complete, Format::Cif, None).unwrap();
    assert!(reflections.list.contains(&([1, 2, 3], 10.0)));
}

/// Made from the other by biotite 1.x.
#[test]
fn binary_cif_says_what_its_text_says() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let [binary, text] =
        ["content/model.bcif", "coordinates/model.cif"].map(|name| coordinates::read(&corpus.join(name)).unwrap());
    assert_eq!((&binary.atoms, binary.cell, &binary.symmetry), (&text.atoms, text.cell, &text.symmetry));
    assert!(binary.atoms.len() == 2 && matches!(binary.atoms[0].displacement, Displacement::Anisotropic(_)));
    assert_eq!(Content::of(&corpus.join("content/model.bcif")).unwrap(), Content::Coordinates);
}

#[test]
fn columns_are_for_files_that_have_them() {
    let folder = Folder::new();
    let message =
        read_reflections(&folder.write("a.hkl", "1 2 3 4\n"), Format::Text, Some("FP")).unwrap_err().to_string();
    assert!(message.contains("only MTZ and CIF files have column labels"), "{message}");
    let message = Format::from_path(&folder.write("a.pdb", PDB)).unwrap_err().to_string();
    assert!(message.contains("coordinates"), "{message}");
    let options = ReadOptions {
        cell: Some([8.0, 9.0, 10.0, 90.0, 95.0, 90.0]),
        space_group: Some("P21"),
        ..ReadOptions::default()
    };
    let (reflections, _) = read_with(&folder.write("m.HKL", XDS), Format::XdsAscii, &options).unwrap();
    assert!(reflections.list.len() == 4 && reflections.cell == options.cell);
}
