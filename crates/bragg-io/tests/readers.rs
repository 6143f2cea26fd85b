//! What recorded images mean to the programs that read them: their rules are written out here.
//!
//! dxtbx (3.16 and later): a pixel is trusted if its number in the file lies between the two ends of the trusted range, both included. The ends
//! are, of miniCBF, 0 and `Count_cutoff`; of SMV by its ADSC reader, 1 and 65535 − `IMAGE_PEDESTAL`. fabio: `tests/interop`.

use bragg::image::{Image, PanelImage, Recording};
use bragg::response::{flag_masked, record};
use bragg_io::description::{Resolved, resolve, toml};
use bragg_io::formats::{Metadata, Opened, WriteOptions, png, read, write_recording};
use std::fs;
use std::path::Path;

const EXPERIMENT: &str = "crystal.cell = [70]\ncrystal.n_cells = 5\ncrystal.structure_factors.default = 1\nbeam.fluence = 1e20\n\
                          beam.wavelength = 1\ndetector.distance = 100\n";

fn resolved(text: &str) -> Resolved {
    resolve(toml::parse(&format!("{EXPERIMENT}{text}"), Path::new("x.toml")).unwrap()).unwrap()
}

/// What the text of a header says, and the pixels as they stand in the file.
struct File {
    header: String,
    pixels: Vec<i64>,
}

impl File {
    fn written(name: &str, recording: &Recording, metadata: &Metadata) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        write_recording(&path, recording, metadata, &WriteOptions::default()).unwrap();
        let bytes = fs::read(&path).unwrap();
        if name.ends_with("cbf") {
            let Recording::Counts(image) = read(&path, None).unwrap().recording else { panic!("photons") };
            let header = String::from_utf8_lossy(&bytes).into_owned();
            return Self { header, pixels: image.pixels().map(|&count| count.into()).collect() };
        }
        // by hand, since our reader takes 0 for what it means
        let (header, data) = bytes.split_at(512);
        let pixels = data.chunks_exact(2).map(|two| i64::from(u16::from_le_bytes([two[0], two[1]]))).collect();
        Self { header: String::from_utf8_lossy(header).into_owned(), pixels }
    }

    fn number(&self, key: &str) -> f64 {
        let rest = self.header.split_once(key).unwrap().1;
        let number: String = rest.chars().take_while(|c| c.is_ascii_digit() || ".-e".contains(*c)).collect();
        number.parse().unwrap()
    }

    /// By the rules of dxtbx.
    fn trusted(&self) -> Vec<bool> {
        let [low, high] = if self.header.starts_with('{') {
            [1.0, 65535.0 - self.number("IMAGE_PEDESTAL=")]
        } else {
            [0.0, self.number("# Count_cutoff ")]
        };
        self.pixels.iter().map(|&pixel| (low..=high).contains(&(pixel as f64))).collect()
    }

    /// Photons of a pixel, as a program that knows pedestal and gain finds them.
    fn photons(&self) -> Vec<f64> {
        let (pedestal, gain) = if self.header.starts_with('{') {
            (self.number("IMAGE_PEDESTAL="), self.number("GAIN="))
        } else {
            (self.number("# Pedestal "), self.number("# Gain "))
        };
        self.pixels.iter().map(|&pixel| (pixel as f64 - pedestal) / gain).collect()
    }
}

/// A row of ten pixels.
fn row(photons: [f32; 10]) -> Image<f32> {
    Image { panels: vec![PanelImage::new(10, 1, photons.to_vec()).unwrap()] }
}

const ROW: [f32; 10] = [0.0, 0.0, 20.0, 70.0, 0.0, 900.0, 2000.0, 3e6, 1e12, 0.0];

/// A detector of ten pixels, the last of which is masked.
fn masked(folder: &Path, lines: &str) -> Resolved {
    let mask = Image { panels: vec![PanelImage::new(10, 1, vec![1, 1, 1, 1, 1, 1, 1, 1, 1, 0]).unwrap()] };
    let path = folder.join("mask.npy");
    write_recording(
        &path,
        &Recording::Counts(mask),
        &Metadata::new(1.0, 1.0, (0.0, 0.0), 1.0),
        &WriteOptions::default(),
    )
    .unwrap();
    resolved(&format!(
        "detector.pixels = [10, 1]\ndetector.pixel_size = 0.1\ndetector.mask = \"{}\"\n{lines}",
        path.display()
    ))
}

#[test]
fn dxtbx_trusts_what_was_counted_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    for (lines, limit) in [
        ("", f64::INFINITY),
        ("noise.saturation = 1000\n", 1000.0),
        ("noise.seed = 3\n", f64::INFINITY),
        ("noise.seed = 3\nnoise.saturation = 1000.7\n", 1000.0),
        ("noise.seed = 3\nnoise.gain = 2\nnoise.adc_offset = 10\nnoise.saturation = 3000\n", 1495.0),
        ("noise.seed = 3\nnoise.adc_offset = 0\n", f64::INFINITY),
        ("noise.seed = 3\nnoise.saturation = 1e9\n", 1e9),
    ] {
        let resolved = masked(folder.path(), lines);
        let mut recording = record(row(ROW), &resolved.experiment.response);
        if let Recording::Counts(counts) = &mut recording {
            flag_masked(counts, &resolved.experiment.detector);
            assert_eq!(counts.panels[0].pixels()[9], -1);
        }
        let has_no_pedestal = lines.contains("adc_offset = 0");
        for (name, most) in [("a_1.cbf", f64::from(i32::MAX - 1)), ("a_1.img", 65534.0)] {
            // without a pedestal SMV has no number that dxtbx does not trust but 0
            if has_no_pedestal && name == "a_1.img" {
                continue;
            }
            let file = File::written(name, &recording, &resolved.metadata());
            let trusted = file.trusted();
            for (i, &photons) in ROW.iter().enumerate() {
                let photons = f64::from(photons);
                let is_counted = i != 9 && photons < limit.min(most);
                assert_eq!(trusted[i], is_counted, "{name}, {lines:?}: pixel {i} of {:?}", file.pixels);
                if is_counted {
                    let off = (file.photons()[i] - photons).abs();
                    assert!(off <= 5.0 * photons.sqrt(), "{name}, {lines:?}: {:?}", file.photons());
                }
            }
            let expected_mask = if name == "a_1.cbf" { -1 } else { 0 };
            assert_eq!(file.pixels[9], expected_mask, "{name}");
        }
    }
}

#[test]
fn the_largest_count_is_one_and_the_next_is_none() {
    for (name, cutoff) in [("a_1.cbf", 500), ("a_1.img", 500)] {
        let mut metadata = Metadata::new(1.0, 100.0, (0.0, 0.0), 0.1);
        (metadata.saturation, metadata.adc_offset) = (Some(500.0), Some(1.0));
        let counts = vec![499, cutoff, cutoff + 1];
        let recording = Recording::Counts(Image { panels: vec![PanelImage::new(3, 1, counts).unwrap()] });
        assert_eq!(File::written(name, &recording, &metadata).trusted(), [true, true, false], "{name}");
        let photons = vec![499.4, 500.4, 500.6];
        let recording = Recording::Photons(Image { panels: vec![PanelImage::new(3, 1, photons).unwrap()] });
        let file = File::written(name, &recording, &metadata);
        assert_eq!(file.trusted(), [true, true, false], "{name}: {:?}", file.pixels);
    }
}

#[test]
fn every_preset_says_what_its_detector_counts_to() {
    for (preset, lines, most) in [
        ("pilatus3-6m", "", 1_048_574.0),
        ("pilatus3-6m", "beam.exposure = 0.01\n", 1e5),
        ("eiger2-16m", "", 1e7),
        ("eiger2-4m", "beam.exposure = 0.002\n", 2e4),
        ("jungfrau-4m", "", 9678.0),
        ("rayonix-mx340", "", 65534.0),
        ("adsc-q315r", "", 65534.0),
    ] {
        let beam = if lines.is_empty() { "" } else { "beam.flux = 1e12\nbeam.size = 0.1\n" };
        let text = format!("{EXPERIMENT}detector.preset = \"{preset}\"\n{beam}{lines}");
        let text = if beam.is_empty() { text } else { text.replace("beam.fluence = 1e20\n", "") };
        let resolved = resolve(toml::parse(&text, Path::new("x.toml")).unwrap()).unwrap();
        assert_eq!(resolved.metadata().saturation, Some(most), "{preset} {lines}");
        let recording = record(row(ROW), &resolved.experiment.response);
        // without noise these are expected photons, of any number
        assert_eq!(recording, Recording::Photons(row(ROW)));
        let file = File::written("a_1.cbf", &recording, &resolved.metadata());
        assert_eq!(file.number("# Count_cutoff "), most);
        let is_counted: Vec<bool> = ROW.iter().map(|&photons| f64::from(photons) <= most).collect();
        assert_eq!(file.trusted(), is_counted, "{preset}: {:?}", file.pixels);
        let noisy = format!("{text}noise.seed = 1\n");
        let noise = resolve(toml::parse(&noisy, Path::new("x.toml")).unwrap()).unwrap().experiment.response;
        let Recording::Counts(counts) = record(row(ROW), &noise) else { panic!("photons") };
        assert_eq!(f64::from(counts.panels[0].pixels()[8]), most + 1.0, "{preset}");
        let given = format!("{noisy}noise.saturation = 100\n");
        let noise = resolve(toml::parse(&given, Path::new("x.toml")).unwrap()).unwrap().experiment.response;
        let Recording::Counts(counts) = record(row(ROW), &noise) else { panic!("photons") };
        assert_eq!(counts.panels[0].pixels()[8], 101, "{preset}");
    }
}

#[test]
fn an_smv_image_keeps_its_pedestal_when_it_is_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["a_1.img", "b_1.img"].map(|name| folder.path().join(name));
    let mut metadata = Metadata::new(1.0, 128.0, (2.0, 4.0), 0.125);
    let counts = Recording::Counts(Image { panels: vec![PanelImage::new(4, 1, vec![0, -1, 3, 70000]).unwrap()] });
    write_recording(&first, &counts, &metadata, &WriteOptions::default()).unwrap();
    let Opened { recording, metadata: header, .. } = read(&first, None).unwrap();
    let Recording::Counts(image) = &recording else { panic!("photons") };
    assert_eq!(image.panels[0].pixels(), [40, -1, 43, 65535]);
    write_recording(&second, &recording, &header.unwrap(), &WriteOptions::default()).unwrap();
    assert_eq!(fs::read(&first).unwrap(), fs::read(&second).unwrap());
    // somebody who says that there is none has none, and is told what becomes of that
    metadata.adc_offset = Some(0.0);
    let written = write_recording(&first, &counts, &metadata, &WriteOptions::default()).unwrap();
    assert!(written.notes.len() == 1 && written.notes[0].contains("has no pedestal"), "{:?}", written.notes);
    let Recording::Counts(image) = read(&first, None).unwrap().recording else { panic!("photons") };
    assert_eq!(image.panels[0].pixels(), [0, 0, 3, 65535]);
}

#[test]
fn a_mask_keeps_its_meaning_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let mask =
        Recording::Counts(Image { panels: vec![PanelImage::new(10, 1, vec![1, 0, 1, 1, 0, 2, 1, 1, 1, 0]).unwrap()] });
    for name in ["mask.npy", "mask_1.img", "mask_1.cbf", "mask.tif", "mask.pgm"] {
        let path = folder.path().join(name);
        write_recording(&path, &mask, &Metadata::new(1.0, 100.0, (0.0, 0.0), 0.1), &WriteOptions::default()).unwrap();
        let lines = "detector.pixels = [10, 1]\ndetector.pixel_size = 0.1\n";
        let resolved = resolved(&format!("{lines}detector.mask = \"{}\"\n", path.display()));
        let live = resolved.experiment.detector.panels[0].mask.clone().unwrap();
        assert_eq!(*live, [true, false, true, true, false, true, true, true, true, false], "{name}");
    }
}

#[test]
fn masked_pixels_are_seen_in_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    let resolved = masked(folder.path(), "");
    let picture = |metadata: &Metadata| {
        let mut bytes = Vec::new();
        png::write(&mut bytes, &Recording::Photons(row(ROW)), metadata, &png::Style::default()).unwrap();
        let mut reader = ::png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        pixels
    };
    let with = picture(&resolved.metadata());
    let without = picture(&Metadata { live: Vec::new(), ..resolved.metadata() });
    assert_eq!(with[..9], without[..9]);
    // dark and masked pixels differ
    assert!(with[9] != with[0] && without[9] == without[0], "{with:?} {without:?}");
}

#[test]
fn a_still_is_one_to_dxtbx_and_its_spindle_points_forward() {
    let resolved = resolved("detector.pixels = [10, 1]\ndetector.pixel_size = 0.1\n");
    let recording = Recording::Photons(row(ROW));
    let range = File::written("a_1.img", &recording, &resolved.metadata()).number("OSC_RANGE=");
    // FormatSMVADSC: the axis is reversed unless the range is above 0; a scan keeps it in radians
    assert!(range > 0.0 && range.to_radians() == 0.0, "{range}");
    assert_eq!(File::written("a_1.cbf", &recording, &resolved.metadata()).number("# Angle_increment "), 0.0);
}
