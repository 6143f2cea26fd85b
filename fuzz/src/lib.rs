//! What the fuzzers feed: every reader of the library as a function of bytes.
//!
//! Each tells whether it accepted its input. A reader may refuse anything, but must not panic, hang or ask for memory out of
//! proportion; what it accepts must hold together, and where the format is also written, must come back the same. The test
//! `crates/bragg-io/tests/fuzz_regressions.rs` runs the same functions over the kept inputs.

use bragg::error::Result;
use bragg::image::{PanelImage, Recording};
use bragg::reflections::Reflections;
use bragg::symmetry::{Operator, check_group};
use bragg_io::description::keys::{KEYS, Kind};
use bragg_io::description::print::to_toml;
use bragg_io::description::{Description, resolve, toml};
use bragg_io::formats::reflections::{Content, List, ReadOptions, ReflectionFormat, read_with};
use bragg_io::formats::{
    cbf, coordinates, crystfel, fdump, hkl, mosflm_matrix, mtz, npy, pgm, raw, refln_cif, shelx, smv, source_file,
    tiff, xds_ascii,
};
use std::io::{Cursor, Write as _};
use std::path::Path;

/// A function of bytes that tells whether they were accepted.
pub type Reader = fn(&[u8]) -> bool;

/// Every reader by the name of its target.
pub const READERS: &[(&str, Reader)] = &[
    ("cbf", cbf),
    ("content", content),
    ("coordinates", coordinates),
    ("crystfel", crystfel),
    ("experiment", experiment),
    ("fdump", fdump),
    ("hkl", hkl),
    ("hkl_nanobragg", hkl_nanobragg),
    ("mosflm_matrix", mosflm_matrix),
    ("mtz", mtz),
    ("npy", npy),
    ("pgm", pgm),
    ("raw", raw),
    ("refln_cif", refln_cif),
    ("shelx", shelx),
    ("smv", smv),
    ("source_file", source_file),
    ("symmetry_operator", symmetry_operator),
    ("tiff", tiff),
    ("xds_ascii", xds_ascii),
];

fn path() -> &'static Path {
    Path::new("input")
}

/// miniCBF images, and the byte-offset compression by itself.
pub fn cbf(bytes: &[u8]) -> bool {
    if let Ok(pixels) = cbf::decompress(bytes, bytes.len()) {
        assert_eq!(cbf::decompress(&cbf::compress(&pixels), pixels.len()).as_ref(), Ok(&pixels));
    }
    let Ok((image, _)) = cbf::parse(bytes, path()) else { return false };
    assert!(!image.panels.is_empty());
    for panel in &image.panels {
        check_panel(panel);
        let again = cbf::decompress(&cbf::compress(panel.pixels()), panel.pixels().len());
        assert_eq!(again.as_deref(), Ok(panel.pixels()));
    }
    true
}

/// Files whose content tells what they are, compressed or not: what is recognised is read as that or refused.
pub fn content(bytes: &[u8]) -> bool {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    file.write_all(bytes).expect("a temporary file can be written");
    let Ok((content, notes)) = Content::with_notes(file.path()) else { return false };
    assert!(notes.iter().all(|note| !note.is_empty()));
    match content {
        Content::Coordinates => coordinates::read(file.path()).is_ok(),
        Content::Reflections(ReflectionFormat::Fdump) => panic!("the cache is known by its name alone"),
        Content::Reflections(format) => {
            let with = |space_group| ReadOptions { space_group, ..ReadOptions::default() };
            let read = |options: &ReadOptions| read_with(file.path(), format, options);
            let read = read(&with(None)).or_else(|_| read(&with(Some("P 1"))));
            read.is_ok_and(|(reflections, _)| check_reflections(&reflections, 0.0))
        }
    }
}

/// Coordinates from PDB and mmCIF files, plain and compressed.
pub fn coordinates(bytes: &[u8]) -> bool {
    let Ok(model) = coordinates::parse(bytes, path()) else { return false };
    assert!(!model.atoms.is_empty() && check_group(&model.symmetry).is_ok());
    for atom in &model.atoms {
        let [x, y, z] = atom.position;
        assert!(x.is_finite() && y.is_finite() && z.is_finite() && (0.0..=10.0).contains(&atom.occupancy));
    }
    true
}

/// Reflection lists of CrystFEL.
pub fn crystfel(bytes: &[u8]) -> bool {
    crystfel::parse(bytes, path()).is_ok_and(|list| check_list(&list))
}

/// A list's way to P1, with its own symmetry or, where it has none, with a given one.
fn check_list(list: &List) -> bool {
    let own = list.clone().in_p1(None, None);
    let given = list.clone().in_p1(Some([30.0, 30.0, 50.0, 90.0, 90.0, 90.0]), Some("P 43 21 2"));
    for (reflections, report) in own.iter().chain(&given) {
        check_reflections(reflections, 0.0);
        assert!(report.sentences().len() <= 5 + report.notes.len());
        if reflections.list.len() < 1000 {
            let mut written = Vec::new();
            crystfel::write(reflections, &mut written).expect("a list that was read can be written");
        }
    }
    own.is_ok() || given.is_ok()
}

/// Experiment files, resolved unless they name other files or want amplitudes made up, which takes long for absurd cells: the resolved
/// text resolves to itself.
pub fn experiment(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(description) = toml::parse(text, path()) else { return false };
    if names_files(&description) {
        return true;
    }
    let Ok(resolved) = resolve(description) else { return false };
    let printed = to_toml(&resolved.description);
    let again = toml::parse(&printed, path()).and_then(resolve);
    let again = again.unwrap_or_else(|error| panic!("the resolved experiment is refused: {error}\n{printed}"));
    assert_eq!(values(&again.description), values(&resolved.description), "{printed}");
    true
}

fn names_files(description: &Description) -> bool {
    let is_file = |name: &str| KEYS.iter().any(|key| key.kind == Kind::Path && key.name == name);
    description.iter().any(|(name, _)| is_file(name) || name == "crystal.structure_factors.synthetic")
}

fn values(description: &Description) -> Vec<(String, String)> {
    description.iter().map(|(name, entry)| (name.to_owned(), entry.value.to_string())).collect()
}

/// nanoBragg's structure-factor cache.
pub fn fdump(bytes: &[u8]) -> bool {
    let Ok(grid) = fdump::parse(&mut &bytes[..], bytes.len() as u64, path()) else { return false };
    let mut written = Vec::new();
    fdump::write(&grid, &mut written).expect("a grid that was read can be written");
    let again = fdump::parse(&mut &written[..], written.len() as u64, path()).expect("what was written can be read");
    assert_eq!((again.min, again.max), (grid.min, grid.max));
    assert!(again.amplitudes.iter().zip(&grid.amplitudes).all(|(a, b)| a.to_bits() == b.to_bits()));
    true
}

/// `h k l F` text.
pub fn hkl(bytes: &[u8]) -> bool {
    hkl::parse(bytes, path()).is_ok_and(|reflections| check_reflections(&reflections, 0.0))
}

/// `h k l F` text as nanoBragg reads it.
pub fn hkl_nanobragg(bytes: &[u8]) -> bool {
    hkl::parse_nanobragg(bytes, path()).is_ok_and(|(reflections, _)| check_reflections(&reflections, f64::MIN))
}

fn check_reflections(reflections: &Reflections, lowest: f64) -> bool {
    assert!(!reflections.list.is_empty());
    assert!(reflections.list.iter().all(|(_, amplitude)| amplitude.is_finite() && *amplitude >= lowest));
    true
}

/// MOSFLM matrices.
pub fn mosflm_matrix(bytes: &[u8]) -> bool {
    through_file(bytes, mosflm_matrix::read).is_ok_and(|matrix| {
        assert!(matrix.0.iter().all(|row| row.0.iter().all(|x| x.is_finite())));
        true
    })
}

/// MTZ files, and every column of theirs.
pub fn mtz(bytes: &[u8]) -> bool {
    let Ok(mtz) = mtz::parse(bytes.to_vec(), path()) else { return false };
    assert!(mtz.resolution_range().is_none_or(|(coarsest, finest)| coarsest >= finest));
    for column in &mtz.columns {
        if let Ok(reflections) = mtz.reflections(Some(&column.label)) {
            check_reflections(&reflections, 0.0);
        }
    }
    mtz.reflections(None).is_ok()
}

/// NumPy arrays.
pub fn npy(bytes: &[u8]) -> bool {
    npy::parse(bytes, path())
        .is_ok_and(|recording| comes_back(&recording, |file, recording| npy::write(file, recording), npy::parse))
}

/// Grey maps.
pub fn pgm(bytes: &[u8]) -> bool {
    let Ok(panel) = pgm::parse(bytes, path()) else { return false };
    check_panel(&panel);
    let mut written = Vec::new();
    pgm::write(&mut written, &panel, 1.0).expect("an image that was read can be written");
    assert_eq!(pgm::parse(&written, path()).expect("what was written can be read"), panel);
    true
}

/// Bare floats, square or of a size that the first bytes give.
pub fn raw(bytes: &[u8]) -> bool {
    if let [n_fast, n_slow, rest @ ..] = bytes
        && let Ok(panel) = raw::parse(rest, path(), Some(((*n_fast).into(), (*n_slow).into())))
    {
        check_panel(&panel);
    }
    let Ok(panel) = raw::parse(bytes, path(), None) else { return false };
    check_panel(&panel);
    let mut written = Vec::new();
    raw::write(&mut written, &panel).expect("an image that was read can be written");
    assert_eq!(written, bytes);
    true
}

/// Structure-factor files in CIF, and other columns of theirs.
pub fn refln_cif(bytes: &[u8]) -> bool {
    for column in ["F_calc_au", "pdbx_I_plus", "r1abcsf/F_meas_au[wavelength_id=2,crystal_id=1]"] {
        if let Ok(list) = refln_cif::parse(bytes, path(), Some(column)) {
            check_list(&list);
        }
    }
    refln_cif::parse(bytes, path(), None).is_ok_and(|list| check_list(&list))
}

/// SHELX reflections.
pub fn shelx(bytes: &[u8]) -> bool {
    shelx::parse(bytes, path()).is_ok_and(|list| check_list(&list))
}

/// SMV images, and the same as masks.
pub fn smv(bytes: &[u8]) -> bool {
    let Ok((recording, metadata)) = smv::parse(bytes, path()) else { return false };
    check_recording(&recording);
    if let Some(metadata) = metadata {
        metadata.forward_oscillation();
        metadata.ring_radius(2.0);
    }
    for size in recording.panel_sizes() {
        if let Ok(mask) = smv::parse_mask(bytes, path(), size) {
            check_panel(&mask);
        }
    }
    true
}

/// Lists of sources.
pub fn source_file(bytes: &[u8]) -> bool {
    through_file(bytes, source_file::read).is_ok_and(|sources| {
        assert!(!sources.is_empty());
        assert!(sources.iter().filter_map(|source| source.weight).all(f64::is_finite));
        true
    })
}

/// Symmetry operators, one a line, and the group that they make.
pub fn symmetry_operator(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(operators) = text.lines().map(str::parse).collect::<std::result::Result<Vec<Operator>, _>>() else {
        return false;
    };
    for operator in &operators {
        assert_eq!(operator.to_string().parse().as_ref(), Ok(operator));
    }
    check_group(&operators).is_ok()
}

/// TIFF images.
pub fn tiff(bytes: &[u8]) -> bool {
    let first = |bytes: &[u8], path: &Path| tiff::parse(bytes, path).map(|(recording, _)| recording);
    first(bytes, path())
        .is_ok_and(|recording| comes_back(&recording, |file, recording| tiff::write(file, recording), first))
}

/// Merged reflections of XDS.
pub fn xds_ascii(bytes: &[u8]) -> bool {
    xds_ascii::parse(bytes, path()).is_ok_and(|list| check_list(&list))
}

fn check_panel<T>(panel: &PanelImage<T>) {
    assert_eq!(panel.pixels().len(), panel.n_fast() * panel.n_slow());
}

fn check_recording(recording: &Recording) {
    match recording {
        Recording::Photons(image) => image.panels.iter().for_each(check_panel),
        Recording::Counts(image) => image.panels.iter().for_each(check_panel),
    }
}

/// Whether what is written of a recording reads as the same recording (in the bytes: no number equals NaN).
fn comes_back(
    recording: &Recording,
    write: fn(&mut Cursor<Vec<u8>>, &Recording) -> std::io::Result<()>,
    parse: fn(&[u8], &Path) -> Result<Recording>,
) -> bool {
    let bytes = |recording: &Recording| {
        let mut file = Cursor::new(Vec::new());
        write(&mut file, recording).expect("an image that was read can be written");
        file.into_inner()
    };
    check_recording(recording);
    let written = bytes(recording);
    let again = parse(&written, path()).expect("what was written can be read");
    assert_eq!(bytes(&again), written);
    true
}

/// What a reader of files makes of these bytes.
fn through_file<T>(bytes: &[u8], read: fn(&Path) -> Result<T>) -> Result<T> {
    let mut file = tempfile::NamedTempFile::new().expect("the folder for temporary files can be written to");
    file.write_all(bytes).expect("the folder for temporary files has space");
    read(file.path())
}
