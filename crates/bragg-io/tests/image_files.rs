//! Every image format through the one way in and out: what is written comes back, and damaged files are refused.

use std::fs;
use std::path::Path;

use bragg::image::{Image, PanelImage, Recording};
use bragg_io::formats::{Format, Metadata, Opened, WriteOptions, parse, png, read, write_recording};

fn photons(n_fast: usize, n_slow: usize) -> Recording {
    let pixels = (0..n_fast * n_slow).map(|i| i as f32 * 1.25 + 0.25).collect();
    Recording::Photons(Image { panels: vec![PanelImage::new(n_fast, n_slow, pixels).unwrap()] })
}

fn counts(n_fast: usize, n_slow: usize) -> Recording {
    let pixels = (0..n_fast * n_slow).map(|i| (i * 37 % 300) as i32).collect();
    Recording::Counts(Image { panels: vec![PanelImage::new(n_fast, n_slow, pixels).unwrap()] })
}

fn metadata() -> Metadata {
    // Binary fractions, which no unit of a header rounds.
    Metadata::new(1.0, 125.0, (3.5, 2.0), 0.125)
}

fn write(path: &Path, recording: &Recording) -> bragg::Result<bragg_io::formats::Written> {
    write_recording(path, recording, &metadata(), &WriteOptions::default())
}

#[test]
fn what_is_written_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    for (extension, keeps_photons) in
        [("img", false), ("CBF", false), ("npy", true), ("bin", true), ("tif", true), ("tiff", true)]
    {
        let path = folder.path().join(format!("a.{extension}"));
        for recording in [photons(7, 5), counts(7, 5)] {
            assert_eq!(write(&path, &recording).unwrap().n_clipped, 0);
            let Opened { recording: back, metadata: header, .. } = read(&path, Some((7, 5))).unwrap();
            let expected = match (&recording, keeps_photons) {
                (Recording::Photons(image), false) => Recording::Counts(image.map(|photons| photons.round() as i32)),
                (_, true) if extension == "bin" => Recording::Photons(recording.to_f32()),
                _ => recording,
            };
            let (expected, described) = if extension == "img" {
                let Recording::Counts(image) = expected else { panic!("photons") };
                let with_pedestal = Recording::Counts(image.map(|count| count + 40));
                (with_pedestal, Metadata { adc_offset: Some(40.0), saturation: Some(65534.0), ..metadata() })
            } else {
                (expected, metadata())
            };
            assert_eq!(back, expected, "{extension}");
            assert_eq!(header, (!keeps_photons).then_some(described), "{extension}");
        }
    }
}

#[test]
fn clipped_pixels_are_counted_and_kept_at_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let panel = PanelImage::new(2, 2, vec![-47.0f32, 70000.0, 65494.4, 1e12]).unwrap();
    let recording = Recording::Photons(Image { panels: vec![panel] });
    for (name, n_clipped, expected) in
        [("a.img", 3, [-1, 65535, 65534, 65535]), ("a.cbf", 1, [-47, 70000, 65494, i32::MAX])]
    {
        let path = folder.path().join(name);
        assert_eq!(write(&path, &recording).unwrap().n_clipped, n_clipped);
        let Recording::Counts(image) = read(&path, None).unwrap().recording else { panic!("photons") };
        assert_eq!(image.panels[0].pixels(), expected);
    }
}

#[test]
fn several_panels_go_into_arrays_and_pictures_only() {
    let folder = tempfile::tempdir().unwrap();
    let Recording::Counts(one) = counts(6, 4) else { unreachable!() };
    let image = Image { panels: [one.panels.clone(), one.panels].concat() };
    let recording = Recording::Counts(image);
    for (extension, format) in Format::EXTENSIONS {
        let path = folder.path().join(format!("a.{extension}"));
        let outcome = write(&path, &recording);
        assert_eq!(outcome.is_ok(), format.takes_several_panels(), "{extension}");
        assert_eq!(path.exists(), outcome.is_ok(), "{extension}");
        if let Err(error) = outcome {
            assert!(error.to_string().contains("2 panels") && error.to_string().contains(".npy"), "{error}");
        }
    }
    assert_eq!(read(&folder.path().join("a.npy"), None).unwrap().recording, recording);
    let none = Recording::Counts(Image { panels: vec![] });
    assert!(write(&folder.path().join("b.npy"), &none).is_err());
}

#[test]
fn compressed_images_are_read_by_their_name_or_their_first_bytes() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let recording = counts(7, 5);
    for extension in ["img", "cbf", "npy", "tif", "bin"] {
        let plain = folder.path().join(format!("a_0001.{extension}"));
        write(&plain, &recording).unwrap();
        let expected = read(&plain, Some((7, 5))).unwrap();
        let bytes = fs::read(&plain).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(&bytes).unwrap();
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
        bzip2.write_all(&bytes).unwrap();
        for (packing, packed) in [("gz", gzip.finish().unwrap()), ("bz2", bzip2.finish().unwrap())] {
            let path = folder.path().join(format!("a_0001.{extension}.{packing}"));
            fs::write(&path, &packed).unwrap();
            assert_eq!(read(&path, Some((7, 5))).unwrap(), expected, "{extension}.{packing}");
            fs::write(&path, &packed[..packed.len() / 2]).unwrap();
            assert!(read(&path, Some((7, 5))).is_err());
        }
        if extension != "bin" {
            let unnamed = folder.path().join("a.0001");
            fs::write(&unnamed, &bytes).unwrap();
            assert_eq!(read(&unnamed, None).unwrap(), expected, "{extension} without its name");
        }
    }
    // bare floats may begin as a compressed file does
    let path = folder.path().join("b.bin");
    fs::write(&path, [0x1f, 0x8b, 0x08, 0x40]).unwrap();
    assert_eq!(read(&path, None).unwrap().recording.panel_sizes(), [(1, 1)]);
}

#[test]
fn pages_that_are_not_read_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let mut file = fs::File::create(&path).unwrap();
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut file).unwrap();
    for page in [[1_i32, 2], [3, 4]] {
        encoder.write_image::<tiff::encoder::colortype::GrayI32>(2, 1, &page).unwrap();
    }
    let opened = read(&path, None).unwrap();
    let expected = Image { panels: vec![PanelImage::new(2, 1, vec![1, 2]).unwrap()] };
    assert_eq!(opened.recording, Recording::Counts(expected));
    assert!(opened.notes.len() == 1 && opened.notes[0].contains("more than one page"), "{:?}", opened.notes);
}

#[test]
fn unknown_names_are_refused_with_the_known_ones() {
    for name in ["a.xyz", "a", "img", ".npy", "a.img.gz"] {
        let message = write(Path::new(name), &counts(2, 2)).unwrap_err().to_string();
        assert!(
            message.starts_with(name) && message.contains(".img, .cbf, .npy, .bin, .pgm, .png, .tif, .tiff"),
            "{message}"
        );
        assert!(read(Path::new(name), None).is_err());
    }
    let message = parse(Format::Png, b"", Path::new("a.png"), None).unwrap_err().to_string();
    assert!(message.contains("picture"), "{message}");
    let message = read(Path::new("/no/such.cbf"), None).unwrap_err().to_string();
    assert!(message.starts_with("cannot read /no/such.cbf: "), "{message}");
}

#[test]
fn no_cut_or_altered_file_makes_a_reader_panic() {
    let folder = tempfile::tempdir().unwrap();
    for (extension, format) in Format::EXTENSIONS {
        let path = folder.path().join(format!("a.{extension}"));
        write(&path, &counts(5, 3)).unwrap();
        let bytes = fs::read(&path).unwrap();
        for n in 0..bytes.len() {
            let _ = parse(format, &bytes[..n], &path, None);
        }
        // Every byte of the header's reach, one at a time, to values that carry over, negate and enlarge numbers.
        for i in 0..bytes.len().min(1500) {
            for value in [0, b'9', b'-', 0xFF] {
                let mut altered = bytes.clone();
                altered[i] = value;
                let _ = parse(format, &altered, &path, Some((5, 3)));
            }
        }
    }
}

/// Width, height and samples of a picture, decoded.
fn decoded(path: &Path) -> (png_decoder::ColorType, u32, u32, Vec<u8>) {
    let decoder = png_decoder::Decoder::new(std::io::BufReader::new(fs::File::open(path).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut samples = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut samples).unwrap();
    (info.color_type, info.width, info.height, samples)
}

use ::png as png_decoder;

#[test]
fn a_picture_shows_spots_dark_on_white_and_gaps_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let mut pixels = vec![10; 400];
    pixels[5 * 20 + 3] = 1000;
    pixels[7 * 20 + 9] = -1;
    let recording = Recording::Counts(Image { panels: vec![PanelImage::new(20, 20, pixels).unwrap()] });
    write(&path, &recording).unwrap();
    let (kind, width, height, samples) = decoded(&path);
    assert_eq!((kind, width, height), (png_decoder::ColorType::Grayscale, 20, 20));
    assert_eq!((samples[0], samples[5 * 20 + 3]), (255, 0));
    let gap = samples[7 * 20 + 9];
    assert!(gap < 255 && gap > 0);
    assert_eq!(samples.iter().filter(|&&sample| sample != 255).count(), 2);
}

#[test]
fn binning_keeps_a_single_bright_pixel() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let mut pixels = vec![1.0f32; 101 * 50];
    pixels[49 * 101 + 100] = 500.0;
    let recording = Recording::Photons(Image { panels: vec![PanelImage::new(101, 50, pixels).unwrap()] });
    let mut options = WriteOptions::default();
    options.picture.max_width = 40; // 101 / 40, rounded up: 3 × 3 pixels into one
    for (binning, expected) in [(png::Binning::Max, 500.0), (png::Binning::Mean, (500.0 + 3.0) / 4.0)] {
        options.picture.binning = binning;
        // The last bin holds 2 × 2 pixels. A linear scale to a known end shows its value.
        options.picture.scale = png::Scale::Linear;
        (options.picture.low, options.picture.high) = (png::Limit::Value(0.0), png::Limit::Value(1000.0));
        write_recording(&path, &recording, &metadata(), &options).unwrap();
        let (_, width, height, samples) = decoded(&path);
        assert_eq!((width, height), (34, 17));
        assert_eq!(samples.last(), Some(&(255 - (expected / 1000.0 * 255.0f64).round() as u8)), "{binning:?}");
        assert_eq!(samples[0], 255);
    }
}

#[test]
fn rings_are_drawn_where_they_belong_or_left_out_with_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let recording = Recording::Counts(Image { panels: vec![PanelImage::new(300, 300, vec![0; 90_000]).unwrap()] });
    let mut metadata = Metadata::new(1.0, 100.0, (150.0, 150.0), 1.0);
    let mut options = WriteOptions::default();
    options.picture.resolution_rings = png::Rings::At(vec![1.0]);
    // 2θ = 60° would be 173 pixels away, beyond the edges but not the corners; 2 Å (28.955°) is at 55.3.
    assert!(write_recording(&path, &recording, &metadata, &options).unwrap().notes.is_empty());
    options.picture.resolution_rings = png::Rings::At(vec![2.0]);
    write_recording(&path, &recording, &metadata, &options).unwrap();
    let (kind, _, _, samples) = decoded(&path);
    assert_eq!(kind, png_decoder::ColorType::Rgb);
    let is_ink = |fast: usize, slow: usize| samples[(slow * 300 + fast) * 3] < 200;
    assert!(is_ink(150 - 55, 150) || is_ink(150 - 56, 150));
    assert!(!is_ink(150 - 52, 150) && !is_ink(150 - 59, 150) && !is_ink(150, 150));
    options.picture.beam_cross = true;
    metadata.tilted = true;
    let written = write_recording(&path, &recording, &metadata, &options).unwrap();
    assert_eq!(written.notes.len(), 1);
    assert!(written.notes[0].contains("resolution rings"), "{}", written.notes[0]);
}

#[test]
fn every_style_draws_every_kind_of_image() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let images = [vec![0.0; 30], vec![7.5; 30], vec![f32::NAN; 30], (0..30).map(|i| i as f32 - 20.0).collect()];
    for pixels in images {
        let recording = Recording::Photons(Image { panels: vec![PanelImage::new(6, 5, pixels).unwrap()] });
        for (_, color_map) in png::ColorMap::ALL {
            for (_, scale) in png::Scale::ALL {
                let picture = png::Style {
                    color_map,
                    scale,
                    beam_cross: true,
                    resolution_rings: png::Rings::At(vec![2.0, 0.0, f64::NAN]),
                    ..Default::default()
                };
                write_recording(&path, &recording, &metadata(), &WriteOptions { picture, pgm_scale: None }).unwrap();
                assert_eq!(decoded(&path).3.len(), 90);
            }
        }
    }
}

#[test]
fn a_part_of_a_picture_is_enlarged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let mut pixels = vec![0; 100 * 80];
    pixels[33 * 100 + 41] = 50;
    let recording = Recording::Counts(Image { panels: vec![PanelImage::new(100, 80, pixels).unwrap()] });
    let mut options = WriteOptions::default();
    options.picture.roi = Some([40, 49, 30, 49]);
    write_recording(&path, &recording, &metadata(), &options).unwrap();
    let (_, width, height, samples) = decoded(&path);
    // 20 pixels make 600 dots
    assert_eq!((width, height), (300, 600));
    let dark = |x: usize, y: usize| samples[y * 300 + x] == 0;
    assert!(dark(30, 90) && dark(59, 119) && !dark(29, 90) && !dark(60, 90) && !dark(30, 89) && !dark(30, 120));
    options.picture.roi = Some([40, 100, 30, 49]);
    let error = write_recording(&path, &recording, &metadata(), &options).unwrap_err().to_string();
    assert!(error.starts_with("output.png.roi: is [40, 100, 30, 49]; it must be"), "{error}");
}

#[test]
fn even_rings_divide_the_way_to_the_edge() {
    let metadata = Metadata::new(1.0, 200.0, (1000.0, 1000.0), 0.1);
    let rings = png::even_rings(&metadata, (2000, 2000));
    assert_eq!(rings.len(), 4);
    for (i, d) in rings.iter().enumerate() {
        let radius = metadata.ring_radius(*d).unwrap();
        assert!((radius - 250.0 * (i as f64 + 1.0)).abs() < 125.0, "{d} Å at {radius}");
        assert!(radius < 1000.0);
    }
    assert!(png::even_rings(&Metadata::new(0.0, 1.0, (f64::NAN, 0.0), 0.0), (10, 10)).is_empty());
}
