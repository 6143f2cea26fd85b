//! `bragg gradient`.

mod common;

use bragg::image::Recording;
use common::Workplace;

/// The pixels of an array that the program wrote.
fn pixels(workplace: &Workplace, name: &str) -> Vec<f32> {
    match bragg_io::formats::read(&workplace.path(name), None).unwrap().recording {
        Recording::Photons(image) => image.pixels().copied().collect(),
        Recording::Counts(_) => panic!("{name} holds counts"),
    }
}

#[test]
fn derivatives_are_those_of_two_simulations() {
    let workplace = Workplace::new();
    for (settings, gain) in [("", 1.0), ("--set noise.gain=3 --set noise.adc_offset=40", 3.0)] {
        workplace
            .run(&format!("gradient x.toml --param detector.distance,background.offset,scale -o d.npy {settings}"));
        workplace.run(&format!("simulate x.toml -o a.npy --set crystal.scale=1.5 {settings}"));
        workplace.run(&format!("simulate x.toml -o b.npy --set crystal.scale=0.5 {settings}"));
        let [d, a, b] = ["d.npy", "a.npy", "b.npy"].map(|name| pixels(&workplace, name));
        let n = 60 * 40;
        assert_eq!((d.len(), a.len()), (3 * n, n));
        assert!(d[..n].iter().any(|&x| x != 0.0) && d[n..2 * n].iter().all(|&x| x == gain));
        // the image is a straight line in its scale
        for (derivative, (a, b)) in d[2 * n..].iter().zip(a.iter().zip(&b)) {
            assert!((derivative - (a - b)).abs() <= 1e-5 * a.abs(), "{derivative} {a} {b}");
        }
        assert!(a.iter().zip(&b).any(|(a, b)| a - b > gain));
    }
}

#[test]
fn pictures_are_one_for_each_parameter() {
    let workplace = Workplace::new();
    workplace.run("gradient x.toml --param crystal.orientation.y --param beam.wavelength -o d.png");
    for name in ["d.crystal.orientation.y.png", "d.beam.wavelength.png"] {
        assert!(workplace.read(name).starts_with(b"\x89PNG"), "{name}");
    }
}

#[test]
fn parameters_are_listed_with_their_values() {
    let workplace = Workplace::new();
    let output = workplace.bragg("gradient x.toml --list").output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |name: &str| text.lines().find(|line| line.split_whitespace().next() == Some(name)).unwrap_or_default();
    let words = |name: &str| line(name).split_whitespace().skip(1).take(2).collect::<Vec<_>>().join(" ");
    assert_eq!(words("crystal.cell.b"), "50.000000 Å");
    assert_eq!(words("detector.distance"), "60.000000 mm");
    assert_eq!(words("crystal.mosaic.eta"), "0.250000 deg");
    // square crystals have no fudge, and the cell is triclinic
    assert_eq!(line("crystal.fudge"), "");
    assert_eq!(line("crystal.cell.a_b"), "");
    assert!(line("cell").contains("crystal system"));
}

#[test]
fn what_cannot_be_differentiated_is_refused() {
    let workplace = Workplace::new();
    for (words, why) in [
        ("--param crystal.cell.d -o d.npy", "nearest is crystal.cell."),
        ("--param crystal.mosaic.seed -o d.npy", "is a seed"),
        ("--param cell -o d.cbf", "holds counts"),
        ("-o d.npy", "--param: is missing"),
        ("--param cell -o d.npy --set crystal.shape=\"tophat\"", "tophat"),
    ] {
        let output = workplace.bragg(&format!("gradient x.toml {words}")).output().unwrap();
        let messages = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{messages}");
        assert!(messages.contains(why), "{messages} lacks {why}");
    }
}
