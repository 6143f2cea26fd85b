//! The drop-in beside the reference program: images by their sums, options that mean the same, and the lines that scripts read.

mod common;

use common::DropIn;

/// The command line that the others add to.
const K: &str = "-cell 60 70 80 -default_F 100 -N 5 -distance 100 -detpixels 32 -lambda 1 -seed 1";

/// What is added, and the sum of the float image that the reference program made of it.
const SUMS: &[(&str, f64)] = &[
    ("", 8818.39),
    ("-osc 90 -phisteps 1", 8818.39),
    ("-hdivrange 8 -hdivstep 0 -hdivsteps 3", 7719.65),
    ("-hdivrange 8 -hdivstep 3 -hdivsteps 0", 8313.19),
    ("-hdivrange 6 -hdivstep 4 -hdivsteps 3", 7899.75),
    ("-detector_abs 100 -detector_thick 200 -detector_thicksteps 0", 4101.88),
    ("-xds -spindle_axis 0 1 0 -detector_roty 10", 4288.27),
    ("-ORGX 3 -mosflm -spindle_axis 0 1 0 -detector_roty 10", 9176.59),
    ("-beam_vector 0 0 1 -fdet_vector 1 0 0 -sdet_vector 0 1 0 -odet_vector 0 0 1", 6785.25),
    ("-twotheta_axis 0 2 0 -twotheta 5", 3759.35),
    ("-nopolar -oversample_polar", 8816.95),
];

#[test]
fn images_have_the_sums_of_the_reference_program() {
    let folder = DropIn::new();
    let check = |args: &str, expected: f64| {
        let sum = folder.sum(args);
        assert!((sum - expected).abs() < 0.006, "{args}: {sum}, not {expected}");
    };
    for (args, expected) in SUMS {
        check(&format!("{K} {args}"), *expected);
    }
    check(&K.replace("-detpixels 32", "-detsize 3.24"), 8622.52);
    // five digits were measured
    let sum = folder.sum(&format!("{K} -osc 0 -water 100"));
    assert!((sum / 2.8275e13 - 1.0).abs() < 2e-5, "{sum}");
}

/// Options that stand in working scripts, and what they mean in other words.
const SAME: &[(&str, &str)] = &[
    ("-oversample 0", ""),
    ("-oversample -2", ""),
    ("-mosaic 1 -mosaic_dom 0", "-mosaic 1"),
    ("-mosaic 1 -mosaic_dom 3.0 -mosaic_seed 0", "-mosaic 1 -mosaic_dom 3 -mosaic_seed 1"),
    ("-N 0", "-N 1"),
    ("-N -3", "-N 1"),
    ("-N 4.0", "-N 4"),
    ("-roi -1 -1 -1 -1", ""),
    ("-roi 3 -1 -7 99", "-roi 3 31 0 31"),
    ("-seed 0", ""),
    ("-seed -5", ""),
    ("-molecular_weight 14000 -sample_density 1.2", ""),
    ("-dispstep 3 -hdiv 0.28 -vdiv 0.28", ""),
    ("-ignore_unknown -source_depth 3", ""),
    ("-default_F -100", ""),
    ("-phisteps 0", "-phisteps 1"),
    ("-osc 5 -phistep 0", "-osc 5"),
    ("-osc 5 -phistep 0", "-osc 5 -phisteps 2"),
    ("-osc -5 -phisteps 5", "-osc 1 -phisteps 5"),
    ("-detector_thick 450 -detector_abs inf", ""),
    ("-detector_thick -3", ""),
    ("-twotheta_axis 0 0 0", "-twotheta_axis 0 1 0"),
    (
        "-beam_vector 0 0 1 -odet_vector 0 0 1 -fdet_vector 1 0 0 -sdet_vector 0 1 0 -nopolar -divergence 6",
        "-beam_vector 0 0 1 -odet_vector 0 0 1 -fdet_vector 1 0 0 -sdet_vector 0 1 0 -nopolar",
    ),
    ("-physics correct -detector_abs inf -detector_thick 450", "-physics correct"),
    ("-physics correct -oversample_thick", "-physics correct"),
];

#[test]
fn options_of_working_scripts_are_accepted() {
    let folder = DropIn::new();
    for (args, same) in SAME {
        let [image, expected] = [args, same].map(|args| {
            folder.run(&format!("{K} {args}"));
            (folder.read("floatimage.bin"), folder.read("noiseimage.img"))
        });
        assert!(image == expected, "{args} is not {same}");
    }
}

#[test]
fn separators_and_sixth_columns_of_source_files_do_not_matter() {
    let folder = DropIn::new();
    let plain = "-10 0 0 1 1e-10\n-10 0.05 0 1 1.01e-10\n";
    let punctuated = "-10,0;0:1!1e-10 17\n-10\t0.05 , 0 ; 1 : 1.01e-10 weak line\n";
    let images = [plain, punctuated].map(|sources| {
        folder.write("s.txt", sources);
        folder.run(&format!("{K} -sourcefile s.txt"));
        folder.read("floatimage.bin")
    });
    assert!(images[0] == images[1]);
}

#[test]
fn a_list_of_reflections_may_end_in_text() {
    let folder = DropIn::new();
    let list = "0 0 0 10\n1 0 0 20\n0 1 0 30\n-1 -1 -1 50\n1 1 1 60\n";
    folder.write("plain.hkl", list);
    folder.write("text.hkl", format!("{list}end of list\n0 0 1 99\n"));
    let args = "-cell 60 70 80 -N 5 -distance 100 -detpixels 32 -lambda 6 -seed 1";
    folder.run(&format!("{args} -hkl plain.hkl"));
    let expected = folder.read("floatimage.bin");
    let (_, notes) = folder.run(&format!("{args} -hkl text.hkl"));
    assert!(folder.read("floatimage.bin") == expected);
    assert!(notes.contains("text.hkl: reading ends at `end` in line 6"), "{notes}");
}

/// The value behind `name` in a line of the output.
fn value(said: &str, name: &str) -> String {
    let line = said.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name} in {said}"));
    line.trim_start_matches([' ', '=']).to_owned()
}

#[test]
fn photons_are_counted_without_the_offset() {
    let folder = DropIn::new();
    let (said, _) = folder.run(&format!("{K} -adc 100"));
    let photons = folder.counts("noiseimage.img").iter().map(|&count| f64::from(count) - 100.0).sum::<f64>();
    assert!(said.lines().any(|line| line == format!("{photons} photons on noise image (0 overloads)")), "{said}");
    let (said, _) = folder.run(&format!("{K} -fluence 1e33"));
    let overloads = folder.counts("noiseimage.img").iter().filter(|&&count| count == u16::MAX).count();
    assert!(overloads > 0 && said.contains(&format!("photons on noise image ({overloads} overloads)")), "{said}");
}

#[test]
fn scales_are_told() {
    let folder = DropIn::new();
    let (said, _) = folder.run(K);
    let max: f64 = value(&said, "max_I").split(' ').next().unwrap().parse().unwrap();
    let scale: f64 = value(&said, "intfile_scale").parse().unwrap();
    assert!((scale * max / 55_000.0 - 1.0).abs() < 1e-5, "{said}");
    let rmsd: f64 = value(&said, "mean").split("rmsd= ").nth(1).unwrap().parse().unwrap();
    let scale: f64 = value(&said, "pgm_scale").parse().unwrap();
    assert!((scale * 5.0 * rmsd / 250.0 - 1.0).abs() < 1e-5, "{said}");
    let (said, _) = folder.run(&format!("{K} -scale 2.5 -pgmscale 0.5"));
    assert_eq!((value(&said, "intfile_scale"), value(&said, "pgm_scale")), ("2.5".to_owned(), "0.5".to_owned()));
}

/// What the first line of a picture's comment says.
fn picture_scale(folder: &DropIn) -> String {
    let picture = folder.read("image.pgm");
    value(&String::from_utf8_lossy(&picture), "# pixels scaled by ")
}

#[test]
fn a_picture_without_contrast_has_the_scale_of_the_integer_image() {
    let folder = DropIn::new();
    // of one pixel
    for scale in ["", "-scale 0.25"] {
        let (said, _) = folder.run(&format!("{K} -detpixels 1 {scale}"));
        assert_eq!(value(&said, "pgm_scale"), value(&said, "intfile_scale"), "{said}");
        assert_eq!(picture_scale(&folder), value(&said, "intfile_scale"));
    }
    let (said, _) = folder.run(&format!("{K} -scale 3 -fluence 0"));
    assert_eq!(picture_scale(&folder), "3", "{said}");
}

#[test]
fn black_images_have_no_brightest_pixel() {
    let folder = DropIn::new();
    for args in ["-fluence 0", "-roi 5 2 0 3", "-roi 40 50 0 10", "-dmin 1e9"] {
        let (said, _) = folder.run(&format!("{K} {args}"));
        assert!(said.lines().any(|line| line == "max_I = 0 at 0 0"), "{args}: {said}");
        assert!(said.lines().any(|line| line == "mean= 0 rms= 0 rmsd= 0"), "{args}: {said}");
        assert_eq!((value(&said, "intfile_scale"), value(&said, "pgm_scale")), ("1".to_owned(), "1".to_owned()));
        assert_eq!(folder.read("floatimage.bin"), [0; 4 * 32 * 32], "{args}");
        let outside_is_dark = args.starts_with("-roi");
        let expected = if outside_is_dark { 0 } else { 40 };
        assert!(folder.counts("intimage.img").iter().all(|&count| count == expected), "{args}");
        assert!(folder.counts("noiseimage.img").iter().all(|&count| count == expected), "{args}");
    }
    let (_, notes) = folder.run(&format!("{K} -roi 5 2 0 3"));
    assert!(notes.contains("-roi [5, 2, 0, 3] holds no pixel"), "{notes}");
}

#[test]
fn a_scale_asks_for_the_picture_again() {
    let folder = DropIn::new();
    folder.run(&format!("{K} -nopgm -pgmscale 5"));
    assert_eq!(picture_scale(&folder), "5");
    let folder = DropIn::new();
    folder.run(&format!("{K} -pgmscale 5 -nopgm"));
    assert!(!folder.exists("image.pgm"));
}

/// Turning by the angles that are told gives the crystal that was drawn.
#[test]
fn angles_of_a_random_orientation_are_told() {
    for physics in ["", "-physics correct"] {
        let folder = DropIn::new();
        let (said, _) = folder.run(&format!("{K} -misset random -misset_seed 7 {physics}"));
        let drawn = folder.floats();
        let angles = value(&said, "random orientation misset angles: ");
        let angles = angles.strip_suffix(" deg").unwrap_or_else(|| panic!("{said}"));
        let (said, _) = folder.run(&format!("{K} -misset {angles} {physics}"));
        assert!(!said.contains("random orientation"));
        let top = drawn.iter().copied().fold(0.0, f64::max);
        for (a, b) in folder.floats().into_iter().zip(drawn) {
            assert!((a - b).abs() < 1e-4 * top, "{angles}: {a} {b}");
        }
    }
}

fn header(lines: &str) -> Vec<u8> {
    let mut bytes = format!("{{\nHEADER_BYTES=512;\n{lines}}}").into_bytes();
    bytes.resize(512, b' ');
    bytes
}

/// The value at a key of the integer image's header.
fn key(folder: &DropIn, name: &str) -> String {
    let image = folder.read("intimage.img");
    let text = String::from_utf8_lossy(&image[..512]).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).trim_end_matches(';').to_owned()
}

/// A mask's beam centre is that many mm from its far edge, by its own pixels, which are 0.1 mm where it does not say.
#[test]
fn a_mask_need_not_say_its_pixel_size() {
    let folder = DropIn::new();
    for (pixel, expected) in [("", "1.1"), ("PIXEL_SIZE=0.2;\n", "2.7")] {
        let mut mask = header(&format!("SIZE1=16;\nSIZE2=16;\n{pixel}BEAM_CENTER_X=0.7;\nBEAM_CENTER_Y=0.5;\n"));
        mask.extend([1, 0].repeat(16 * 16));
        folder.write("mask.img", mask);
        folder.run(&format!("{} -pixel 0.3 -mask mask.img", K.replace("-detpixels 32", "")));
        assert_eq!(
            (key(&folder, "BEAM_CENTER_X"), key(&folder, "BEAM_CENTER_Y")),
            ("0.7".to_owned(), expected.to_owned())
        );
        assert_eq!((key(&folder, "SIZE1"), key(&folder, "PIXEL_SIZE")), ("16".to_owned(), "0.3".to_owned()));
    }
}

/// A range of 0 in a header is a range: two steps, between which the water is divided.
#[test]
fn a_header_gives_the_range_and_no_pivot() {
    let folder = DropIn::new();
    folder.write("still.img", header("SIZE1=32;\nSIZE2=32;\nOSC_RANGE=0;\n"));
    folder.write("moving.img", header("SIZE1=32;\nSIZE2=32;\nOSC_RANGE=3;\nCLOSE_DISTANCE=100;\nXDS_ORGX=16.5;\n"));
    let water = format!("{K} -water 100");
    let ratio = folder.sum(&format!("{water} -img still.img")) / folder.sum(&water);
    assert!((ratio - 0.5).abs() < 1e-6, "{ratio}");
    folder.run(&format!("{K} -img moving.img -xds"));
    assert_eq!((key(&folder, "OSC_RANGE"), key(&folder, "XDS_ORGX")), ("3".to_owned(), "16.5".to_owned()));
    // the beam's spot stays what -distance made the pivot, though the header has a near point
    let turned = "-spindle_axis 0 1 0 -detector_roty 10";
    let images =
        [format!("{K} {turned} -img still.img"), format!("{K} {turned} -img still.img -distance 100")].map(|args| {
            folder.run(&args);
            folder.read("floatimage.bin")
        });
    assert!(images[0] == images[1]);
}
