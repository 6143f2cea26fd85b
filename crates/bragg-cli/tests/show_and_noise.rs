//! `bragg show` and `bragg noise`.

mod common;

use common::Workplace;

#[test]
fn the_picture_is_that_of_simulate() {
    let workplace = Workplace::new();
    workplace.run("simulate x.toml -o a.png -o a.npy -o a.bin -o a.tif");
    for words in ["show a.npy -o b.png", "show a.bin --size 60 40 -o b.png", "show a.tif -o b.png"] {
        workplace.run(words);
        assert_eq!(workplace.read("a.png"), workplace.read("b.png"), "{words}");
    }
    std::fs::rename(workplace.path("a.npy"), workplace.path("c.npy")).unwrap();
    workplace.run("show c.npy");
    assert_eq!(workplace.read("a.png"), workplace.read("c.png"));
}

#[test]
fn the_picture_with_rings_is_that_of_simulate_when_the_geometry_is_known() {
    let workplace = Workplace::new();
    let png = "--set output.png.rings=auto --set output.png.beam_cross=true --set output.png.scale=sqrt \
               --set output.png.color_map=magma --set output.png.max_width=50";
    workplace.run(&format!(
        "simulate x.toml --set noise.seed=1 --set noise.adc_offset=3 -o a.png -o a.npy -o a.cbf -o a.img {png}"
    ));
    let show = "--rings auto --beam --scale sqrt --colors magma --max-width 50 -o b.png";
    for input in ["a.npy --experiment x.toml", "a.cbf", "a.img"] {
        workplace.run(&format!("show {input} {show}"));
        assert_eq!(workplace.read("a.png"), workplace.read("b.png"), "{input}");
    }
    workplace.run("show a.cbf --rings 5,6.5 -o c.png");
    workplace.run("show a.cbf --range 0 50 -o d.png");
    let pictures = ["a.png", "c.png", "d.png"].map(|name| workplace.read(name));
    assert!(pictures[0] != pictures[1] && pictures[1] != pictures[2]);
}

#[test]
fn a_part_is_enlarged_and_keeps_its_beam_centre() {
    let workplace = Workplace::new();
    workplace.run("simulate x.toml -o a.npy -o a.cbf -o whole.png");
    let size = |name: &str| {
        let bytes = workplace.read(name);
        [16, 20].map(|at| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()))
    };
    assert_eq!(size("whole.png"), [60, 40]);
    workplace.run("show a.cbf --roi 10 39 10 29 --beam -o part.png");
    assert_eq!(size("part.png"), [600, 400]);
    workplace.run("show a.cbf --roi 10 39 10 29 --zoom 3 -o part.png");
    assert_eq!(size("part.png"), [90, 60]);
    workplace.run("simulate x.toml --set output.png.roi=[10,39,10,29] --set output.png.zoom=3 -o b.png");
    workplace.run("show a.npy --roi 10 39 10 29 --zoom 3 -o c.png");
    assert_eq!(workplace.read("b.png"), workplace.read("c.png"));
    let fails = |words: &str| {
        let output = workplace.bragg(words).output().unwrap();
        assert!(!output.status.success(), "{words}");
        String::from_utf8(output.stderr).unwrap()
    };
    for (options, message) in [
        ("--roi 10 60 10 29", "--roi: is [10, 60, 10, 29]; it must be first and last pixel along fast (0 to 59)"),
        ("--roi 10 9 10 29", "--roi: is [10, 9, 10, 29]; it must be"),
        ("--roi 1 2 3 x", "--roi"),
        ("--panel 1", "--panel: is 1, but the image has 1 panels"),
        ("--zoom 0", "--zoom"),
    ] {
        let messages = fails(&format!("show a.npy {options} -o d.png"));
        assert!(messages.contains(message), "{messages}");
        assert!(!workplace.path("d.png").exists());
    }
    let messages = fails("simulate x.toml --set output.png.roi=[10,60,10,29] -o d.png");
    assert!(messages.contains("output.png.roi: is [10, 60, 10, 29]"), "{messages}");
}

#[test]
fn formats_are_changed_and_made_up_geometry_is_warned_of() {
    let workplace = Workplace::new();
    workplace.run("simulate x.toml -o a.npy -o a.cbf");
    let messages = workplace.run("show a.npy -o b.cbf");
    assert!(messages.contains("warning: a.npy does not say its geometry"), "{messages}");
    workplace.run("show a.npy --experiment x.toml -o b.cbf");
    let [a, b] =
        ["a.cbf", "b.cbf"].map(|name| String::from_utf8_lossy(&workplace.read(name)).replace("data_b", "data_a"));
    assert_eq!(a, b);
}

#[test]
fn noise_has_a_seed_a_dose_and_an_offset() {
    let workplace = Workplace::new();
    workplace.run("simulate x.toml -o a.npy");
    workplace.run("noise a.npy --seed 5 -o b.npy");
    workplace.run("noise a.npy --seed 5 -o c.npy");
    workplace.run("noise a.npy --seed 6 -o d.npy");
    assert_eq!(workplace.read("b.npy"), workplace.read("c.npy"));
    assert_ne!(workplace.read("b.npy"), workplace.read("d.npy"));
    // the same noise as in a simulation with that seed
    workplace.run("simulate x.toml --set noise.seed=5 -o e.npy");
    assert_eq!(workplace.read("b.npy"), workplace.read("e.npy"));

    let counts = |words: &str| -> Vec<i32> {
        workplace.run(&format!("noise a.npy {words} -o counts.npy"));
        let bytes = workplace.read("counts.npy").split_off(128);
        bytes.chunks_exact(4).map(|bytes| i32::from_le_bytes(bytes.try_into().unwrap())).collect()
    };
    let sum = |counts: &[i32]| counts.iter().map(|&count| f64::from(count)).sum::<f64>();
    let one = sum(&counts("--seed 1"));
    let hundred = sum(&counts("--seed 1 --scale 100"));
    assert!((hundred / one / 100.0 - 1.0).abs() < 5.0 / one.sqrt(), "{one} {hundred}");
    let plain = counts("--seed 1");
    let offset: Vec<_> = counts("--seed 1 --adc 40 --gain 2").into_iter().map(|count| (count - 40) / 2).collect();
    assert_eq!(plain, offset);
    // one more says that it was brighter
    let limited: Vec<_> = plain.iter().map(|&count| count.min(4)).collect();
    assert!(limited.contains(&4));
    assert_eq!(counts("--seed 1 --saturation 3"), limited);
}

#[test]
fn an_image_s_own_pedestal_and_gain_are_taken_out_before_noise() {
    let workplace = Workplace::new();
    let counts = |name: &str| match bragg_io::formats::read(&workplace.path(name), None).unwrap().recording {
        bragg::image::Recording::Counts(image) => image.pixels().copied().collect::<Vec<i32>>(),
        bragg::image::Recording::Photons(_) => panic!("photons"),
    };
    // photons as CBF and SMV have them: rounded, in SMV with a pedestal
    workplace.run("simulate x.toml -o a.cbf -o a.img");
    workplace.run("noise a.cbf --seed 5 -o expected.npy -o expected_1.img");
    let messages = workplace.run("noise a.img --seed 5 -o b.npy -o b_1.img");
    assert!(messages.contains("its pedestal, 40, is taken off first"), "{messages}");
    assert_eq!(workplace.read("expected.npy"), workplace.read("b.npy"));
    assert_eq!(counts("expected_1.img"), counts("b_1.img"));
    // a response of its own, in a header or in an experiment
    let response = "--set noise.adc_offset=100 --set noise.gain=4";
    workplace.run(&format!("simulate x.toml {response} -o c.cbf -o c.img"));
    for name in ["c.cbf", "c.img"] {
        let messages = workplace.run(&format!("noise {name} --scale 1000 --seed 5 --adc 7 --gain 2 -o d.cbf"));
        assert!(messages.contains("its pedestal, 100, is taken off first, and the rest divided by its gain, 4"));
        let header = String::from_utf8_lossy(&workplace.read("d.cbf")).into_owned();
        assert!(header.contains("# Gain 2 counts/photon\r\n# Pedestal 7 counts\r\n"), "{name}");
        let (found, expected) = (counts("d.cbf"), counts("c.cbf"));
        for (found, expected) in found.into_iter().zip(expected) {
            let photons = f64::from(expected - 100) / 4.0 * 1000.0;
            let off = (f64::from(found - 7) / 2.0 - photons).abs();
            assert!(off <= 6.0 * photons.sqrt(), "{name}: {found} of {photons}");
        }
    }
}

#[test]
fn of_saturated_and_masked_pixels_nothing_is_known() {
    let workplace = Workplace::new();
    let mask: Vec<i32> = (0..60 * 40).map(|i| i32::from(i % 60 != 7)).collect();
    let panel = bragg::image::PanelImage::new(60, 40, mask).unwrap();
    let mask = bragg::image::Recording::Counts(bragg::image::Image { panels: vec![panel] });
    let bytes = {
        let mut bytes = Vec::new();
        bragg_io::formats::npy::write(&mut bytes, &mask).unwrap();
        bytes
    };
    workplace.write("mask.npy", bytes);
    let words = "simulate x.toml --set detector.mask=mask.npy --set noise.saturation=30 --set noise.seed=2 -o";
    for name in ["a_1.cbf", "a_1.img", "a.npy"] {
        workplace.run(&format!("{words} {name}"));
        let bragg::image::Recording::Counts(image) =
            bragg_io::formats::read(&workplace.path(name), None).unwrap().recording
        else {
            panic!("photons")
        };
        let image: Vec<i32> = image.pixels().copied().collect();
        assert!(image.iter().skip(7).step_by(60).all(|&count| count == -1), "{name}");
        let brighter = if name.ends_with("img") { 65535 } else { 31 };
        let n_saturated = image.iter().filter(|&&count| count == brighter).count();
        assert!(n_saturated > 3, "{name}: {n_saturated}");
        if name == "a.npy" {
            continue;
        }
        let messages = workplace.run(&format!("noise {name} -o b.cbf"));
        assert!(messages.contains(&format!("{} pixels are masked, saturated", n_saturated + 40)), "{messages}");
        let bragg::image::Recording::Counts(noisy) =
            bragg_io::formats::read(&workplace.path("b.cbf"), None).unwrap().recording
        else {
            panic!("photons")
        };
        let flagged: Vec<bool> = noisy.pixels().map(|&count| count == -1).collect();
        let expected: Vec<bool> = image.iter().map(|&count| count == -1 || count == brighter).collect();
        assert_eq!(flagged, expected, "{name}");
    }
}

#[test]
fn noise_keeps_the_header() {
    let workplace = Workplace::new();
    workplace.run("simulate x.toml -o a.cbf");
    workplace.run("noise a.cbf -o b.cbf");
    let geometry = |name: &str| -> Vec<String> {
        let contents = String::from_utf8_lossy(&workplace.read(name)).into_owned();
        let wanted = ["# Beam_xy", "# Detector_distance", "# Wavelength", "# Pixel_size"];
        contents.lines().filter(|line| wanted.iter().any(|key| line.starts_with(key))).map(str::to_owned).collect()
    };
    assert_eq!(geometry("a.cbf").len(), 4);
    assert_eq!(geometry("a.cbf"), geometry("b.cbf"));
}
