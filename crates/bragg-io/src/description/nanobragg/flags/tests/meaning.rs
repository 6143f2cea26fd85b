//! Random command lines through parser and resolver, held to the rules of nanoBragg's command line: how numbers, ranges and steps complete
//! one another, how large the detector is, where it stands and what it turns about. The rules are stated here anew, from their description.

use crate::description::nanobragg::{DropIn, describe};
use crate::description::resolve;
use bragg::experiment::Experiment;
use bragg::math::Vec3;

use super::options;

/// Options and the values that a random command line gives them.
const MENU: &[(&str, &[&str])] = &[
    ("-hdivsteps", &["-1", "0", "1", "2", "3", "5"]),
    ("-hdivrange", &["-2", "0", "3", "8"]),
    ("-hdivstep", &["-1", "0", "0.75", "4"]),
    ("-vdivsteps", &["-1", "0", "1", "2", "4"]),
    ("-vdivrange", &["-2", "0", "6"]),
    ("-vdivstep", &["-1", "0", "1.5", "4"]),
    ("-divergence", &["-1", "0", "5"]),
    ("-divsteps", &["0", "3"]),
    ("-round_div", &[""]),
    ("-square_div", &[""]),
    ("-dispersion", &["-1", "0", "2"]),
    ("-dispsteps", &["-1", "0", "1", "3"]),
    ("-phi", &["0", "-7.5", "30"]),
    ("-osc", &["-5", "0", "1", "90"]),
    ("-phisteps", &["-1", "0", "1", "2", "7"]),
    ("-phistep", &["-1", "0", "0.3", "2"]),
    ("-detector_abs", &["0", "inf", "300"]),
    ("-detector_thick", &["-1", "0", "450"]),
    ("-detector_thicksteps", &["-1", "0", "1", "2", "4"]),
    ("-detpixels", &["8", "11"]),
    ("-detpixels_x", &["9"]),
    ("-detpixels_y", &["7.0"]),
    ("-detsize", &["1.04", "2"]),
    ("-detsize_f", &["1.23"]),
    ("-detsize_s", &["0.97"]),
    ("-pixel", &["0.1", "0.172"]),
    ("-distance", &["100", "80"]),
    ("-close_distance", &["95"]),
    ("-Xbeam", &["0.4"]),
    ("-Ybeam", &["0.7"]),
    ("-Xclose", &["0.3"]),
    ("-Yclose", &["0.2"]),
    ("-ORGX", &["3"]),
    ("-ORGY", &["5.5"]),
    ("-pivot", &["sample", "beam"]),
    ("-mosflm", &[""]),
    ("-xds", &[""]),
    ("-adxv", &[""]),
    ("-denzo", &[""]),
    ("-dials", &[""]),
    ("-spindle_axis", &["0 1 0", "0 0 -2"]),
    ("-fdet_vector", &["0 0 1", "0 0.1 2"]),
    ("-sdet_vector", &["0 -1 0", "0 -3 0.15"]),
    ("-odet_vector", &["1 0 0", "2 0 0"]),
    ("-beam_vector", &["1 0 0", "3 0.2 0", "0 0 1"]),
    ("-polar_vector", &["0 0 1", "0 5 1"]),
    ("-detector_rotx", &["3", "-20"]),
    ("-detector_roty", &["10"]),
    ("-detector_rotz", &["-4"]),
    ("-twotheta", &["0", "5", "-12"]),
    ("-twotheta_axis", &["0 1 0", "0 2 0", "0.5 0 1"]),
    ("-N", &["-3", "0", "1", "4.0"]),
    ("-mosaic", &["0", "0.5"]),
    ("-mosaic_dom", &["-2", "0", "3"]),
    ("-oversample", &["-1", "0", "2"]),
    ("-roi", &["0 3 0 3", "-1 -1 2 5", "2 99 -4 -1", "5 2 0 3", "0 3 50 60"]),
];

/// What every line begins with.
const CRYSTAL: &str = "-cell 60 70 80 -default_F 100 -lambda 1.25";

/// Numbers that follow from one another (Knuth's multiplicative congruence, 64 bits): the same lines every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n
    }
}

/// A command line as the rules look at it.
struct Line(Vec<(&'static str, &'static str)>);

impl Line {
    fn random(dice: &mut Dice) -> Self {
        let n = 1 + dice.below(9);
        Self(
            (0..n)
                .map(|_| {
                    let (flag, values) = MENU[dice.below(MENU.len())];
                    (flag, values[dice.below(values.len())])
                })
                .collect(),
        )
    }

    fn text(&self) -> String {
        self.0.iter().map(|(flag, value)| format!(" {flag} {value}")).collect()
    }

    /// Where the last of these options stands, and its values.
    fn last(&self, flags: &[&str]) -> Option<(usize, Vec<f64>)> {
        let i = self.0.iter().rposition(|(flag, _)| flags.contains(flag))?;
        let number = |word: &str| if word == "inf" { f64::INFINITY } else { word.parse().unwrap() };
        Some((i, self.0[i].1.split_whitespace().map(number).collect()))
    }

    fn number(&self, flags: &[&str]) -> Option<f64> {
        self.last(flags).map(|(_, values)| values[0])
    }

    fn has(&self, flag: &str) -> bool {
        self.last(&[flag]).is_some()
    }

    fn vector(&self, flag: &str, otherwise: [f64; 3]) -> Vec3 {
        Vec3(self.last(&[flag]).map_or(otherwise, |(_, v)| [v[0], v[1], v[2]]))
    }
}

/// Number, range and step of what spreads: missing, or not above 0 (a range: below 0), is not given.
fn spread(n: Option<f64>, range: Option<f64>, step: Option<f64>, alone: f64) -> (f64, f64, f64) {
    let n = n.filter(|&n| n > 0.0).unwrap_or(-1.0);
    let range = range.filter(|&range| range >= 0.0).unwrap_or(-1.0);
    let step = step.filter(|&step| step > 0.0).unwrap_or(-1.0);
    let (n, range, step) = match (n > 0.0, range >= 0.0, step > 0.0) {
        (_, false, true) => (2.0, step, step),
        (false, false, false) => (1.0, 0.0, 0.0),
        (false, true, false) => (2.0, range, range),
        (false, true, true) => ((range / step).ceil(), range, step),
        (true, false, false) => (n, alone, alone / n),
        (true, true, false) => (n.max(2.0), range, range / (n.max(2.0) - 1.0)),
        (true, true, true) => (n, range, step),
    };
    if n > 0.0 && range > 0.0 && step > 0.0 { (n, range, step) } else { (1.0, 0.0, 0.0) }
}

/// Number, range and step (deg) of the spindle.
fn spindle(line: &Line) -> (f64, f64, f64) {
    let n = line.number(&["-phisteps"]).filter(|&n| n >= 0.0).map(|n| n.max(1.0));
    let range = line.number(&["-osc"]).filter(|&range| range >= 0.0);
    let least = if n.is_some() && range.is_some() { 0.0 } else { f64::MIN_POSITIVE };
    match (n, range, line.number(&["-phistep"]).filter(|&step| step >= least)) {
        (None, None, None) => (1.0, 0.0, 0.0),
        (_, None, Some(step)) => (2.0, step, step),
        (None, Some(range), None) => (2.0, range, range / 2.0),
        (None, Some(range), Some(step)) => ((range.to_radians() / step.to_radians()).ceil().max(1.0), range, step),
        (Some(n), None, None) => (n, 1.0, 1.0 / n),
        (Some(n), Some(range), None) => (n, range, range / n),
        (Some(n), Some(range), Some(step)) => (n, range, step),
    }
}

/// The convention in force: that of the last option that sets one.
fn convention(line: &Line) -> &'static str {
    const VECTORS: [&str; 6] =
        ["-spindle_axis", "-fdet_vector", "-sdet_vector", "-odet_vector", "-beam_vector", "-polar_vector"];
    let mut set = line.0.iter().rev().filter_map(|(flag, _)| match *flag {
        "-mosflm" | "-xds" | "-adxv" | "-denzo" | "-dials" => Some(*flag),
        flag if flag == "-twotheta_axis" || VECTORS.contains(&flag) => Some("custom"),
        _ => None,
    });
    set.next().unwrap_or("-mosflm")
}

/// What the detector turns about.
fn turns_about_sample(line: &Line) -> bool {
    let mut about_sample = false;
    for (flag, value) in &line.0 {
        match *flag {
            "-distance" | "-Xbeam" | "-Ybeam" | "-mosflm" | "-adxv" | "-denzo" | "-dials" => about_sample = false,
            "-close_distance" | "-Xclose" | "-Yclose" | "-ORGX" | "-ORGY" | "-twotheta" | "-twotheta_axis" | "-xds" => {
                about_sample = true;
            }
            "-pivot" => about_sample = *value == "sample",
            _ => {}
        }
    }
    match convention(line) {
        "custom" => about_sample,
        "-xds" | "-dials" => true,
        _ => false,
    }
}

/// The detector, lengths in mm.
struct Detector {
    n: [f64; 2],
    size: [f64; 2],
    origin: Vec3,
    axes: [Vec3; 3],
    close_distance: f64,
    distance: f64,
    beam: Vec3,
    e_vector: Vec3,
    /// The cosine between beam and normal before 2θ.
    obliquity: f64,
    beam_center: [f64; 2],
}

/// Pixels and lengths along fast and slow.
fn pixels(line: &Line) -> ([f64; 2], [f64; 2]) {
    let pixel = line.number(&["-pixel"]).unwrap_or(0.1);
    let along = |count: &[&str], size: &[&str]| {
        let size = line.number(size).unwrap_or(102.4);
        // in metres, as it is divided there
        let n = line.number(count).map(f64::trunc);
        n.map_or(((size / 1000.0 / (pixel / 1000.0) - 0.5).ceil(), size), |n| (n, n * pixel))
    };
    let (n_fast, fast_size) = along(&["-detpixels", "-detpixels_x"], &["-detsize", "-detsize_f"]);
    let (n_slow, slow_size) = along(&["-detpixels", "-detpixels_y"], &["-detsize", "-detsize_s"]);
    ([n_fast, n_slow], [fast_size, slow_size])
}

/// Beam, fast, slow, normal, 2θ axis and electric field of the convention in force.
fn axes(line: &Line) -> [Vec3; 6] {
    let (x, y, z) = (Vec3::new(1.0, 0.0, 0.0), Vec3::new(0.0, 1.0, 0.0), Vec3::new(0.0, 0.0, 1.0));
    let [beam, f, s, o, axis, e_vector] = match convention(line) {
        "-mosflm" | "-denzo" => [x, z, -y, x, -z, z],
        "-adxv" => [z, x, -y, z, -x, x],
        "-xds" => [z, x, y, z, x, x],
        "-dials" => [z, x, y, z, y, y],
        _ => [
            line.vector("-beam_vector", x.0).unit(),
            line.vector("-fdet_vector", z.0).unit(),
            line.vector("-sdet_vector", (-y).0).unit(),
            line.vector("-odet_vector", x.0),
            line.vector("-twotheta_axis", y.0),
            line.vector("-polar_vector", z.0).unit(),
        ],
    };
    let o = if o.norm() == 1.0 { o } else { f.cross(s).unit() };
    [beam, f, s, o, axis, e_vector]
}

/// The near point along fast and slow, the beam centre as it is given or defaults, and the beam's spot along fast and slow.
fn centres(line: &Line, [fast_size, slow_size]: [f64; 2]) -> [[f64; 2]; 3] {
    let pixel = line.number(&["-pixel"]).unwrap_or(0.1);
    let name = convention(line);
    let near = [("-ORGX", fast_size), ("-ORGY", slow_size)]
        .map(|(flag, size)| line.number(&[flag]).map_or(size / 2.0, |org| (org - 0.5) * pixel));
    let close = [line.number(&["-Xclose"]).unwrap_or(near[0]), line.number(&["-Yclose"]).unwrap_or(near[1])];
    let centre = match name {
        "-adxv" => [(fast_size + pixel) / 2.0, (slow_size - pixel) / 2.0],
        "-mosflm" | "-denzo" => [(slow_size + pixel) / 2.0, (fast_size + pixel) / 2.0],
        _ => close,
    };
    let [x, y] = [line.number(&["-Xbeam"]).unwrap_or(centre[0]), line.number(&["-Ybeam"]).unwrap_or(centre[1])];
    let spot = match name {
        "-adxv" => [x, slow_size - y],
        "-mosflm" => [y + pixel / 2.0, x + pixel / 2.0],
        "-denzo" => [y, x],
        _ => [x, y],
    };
    [if name == "custom" { [x, y] } else { near }, [x, y], spot]
}

fn detector(line: &Line) -> Detector {
    let (n, size) = pixels(line);
    let [beam, f, s, o, axis, e_vector] = axes(line);
    let [near, beam_center, spot] = centres(line, size);
    let angle = |flag: &str| line.number(&[flag]).unwrap_or(0.0).to_radians();
    let turned_xyz = |v: Vec3| {
        v.rotated(Vec3::new(1.0, 0.0, 0.0), angle("-detector_rotx"))
            .rotated(Vec3::new(0.0, 1.0, 0.0), angle("-detector_roty"))
            .rotated(Vec3::new(0.0, 0.0, 1.0), angle("-detector_rotz"))
    };
    let two_theta = line.number(&["-twotheta", "-twotheta_axis"]).unwrap_or(0.0).to_radians();
    // Rodrigues' formula, with whatever length the axis has
    let turned = |v: Vec3| {
        let v = turned_xyz(v);
        v * two_theta.cos() + axis.cross(v) * two_theta.sin() + axis * (axis.dot(v) * (1.0 - two_theta.cos()))
    };
    let r = beam.dot(turned_xyz(o));
    let close_distance =
        line.number(&["-close_distance"]).unwrap_or((r * line.number(&["-distance"]).unwrap_or(100.0)).abs());
    let axes = [turned(f), turned(s), turned(o)];
    let origin = if turns_about_sample(line) {
        turned(o * close_distance - f * near[0] - s * near[1])
    } else {
        beam * (close_distance / r) - axes[0] * spot[0] - axes[1] * spot[1]
    };
    let close_distance = origin.dot(axes[2]);
    let distance = close_distance / r;
    Detector { n, size, origin, axes, close_distance, distance, beam, e_vector, obliquity: r, beam_center }
}

/// Directions of propagation and wavelengths of the sources.
fn sources(line: &Line, detector: &Detector) -> Vec<(Vec3, f64)> {
    let horizontal = spread(
        line.number(&["-hdivsteps", "-divsteps"]),
        line.number(&["-hdivrange", "-divergence"]),
        line.number(&["-hdivstep"]),
        1000.0,
    );
    let vertical = spread(
        line.number(&["-vdivsteps", "-divsteps"]),
        line.number(&["-vdivrange", "-divergence"]),
        line.number(&["-vdivstep"]),
        1000.0,
    );
    let width = line.number(&["-dispersion"]).unwrap_or(0.0) / 100.0;
    let colours = spread(line.number(&["-dispsteps"]), Some(width), None, 1.0);
    let is_round = line.0.iter().rev().find_map(|(flag, _)| match *flag {
        "-round_div" => Some(true),
        "-square_div" => Some(false),
        _ => None,
    });
    let across = detector.beam.cross(detector.e_vector);
    let upright = if across.norm() > 0.0 { across.unit() } else { across };
    let off = |(n, range, step): (f64, f64, f64), at: f64| {
        let parity = if n % 2.0 == 0.0 { step * step / 4.0 } else { 0.0 };
        4.0 * (at * at - parity) / (range * range)
    };
    let ticks = |(n, range, step): (f64, f64, f64)| (0..n as usize).map(move |i| step * i as f64 - range / 2.0);
    let mut sources = Vec::new();
    for h in ticks(horizontal) {
        for v in ticks(vertical) {
            if is_round != Some(false) && off(horizontal, h) + off(vertical, v) > 1.1 {
                continue;
            }
            let direction = detector.beam.rotated(detector.e_vector, v / 1000.0).rotated(upright, h / 1000.0).unit();
            sources.extend(ticks(colours).map(|change| (direction, 1.25 * (1.0 + change))));
        }
    }
    sources
}

/// The sensor: layers, thickness of each (mm) and attenuation (1/mm).
fn sensor(line: &Line) -> Option<(usize, f64, f64)> {
    let thickness = line.number(&["-detector_thick"]).filter(|&thickness| thickness > 0.0)?;
    let depth = line.number(&["-detector_abs"]).unwrap_or(thickness);
    let n = line.number(&["-detector_thicksteps"]).filter(|&n| n > 0.0);
    let (n, layer) = n.map_or((2.0, thickness / 2.0), |n| (n.max(2.0), thickness / (n.max(2.0) - 1.0)));
    (depth > 0.0 && depth.is_finite()).then(|| (n as usize, layer / 1000.0, 1000.0 / depth))
}

/// An infinite depth before a thickness, which makes nanoBragg's image black.
fn is_black(line: &Line) -> bool {
    let Some((thick, thickness)) = line.last(&["-detector_thick"]) else { return false };
    let is_off = |depth: f64| depth == 0.0 || depth.is_infinite();
    thickness[0] > 0.0 && line.last(&["-detector_abs"]).is_some_and(|(abs, depth)| abs < thick && is_off(depth[0]))
}

/// The window: first and last pixel along fast and slow; `None` where it is empty.
fn window(line: &Line, n: [f64; 2]) -> Option<[usize; 4]> {
    let roi = line.last(&["-roi"]).map_or(vec![-1.0; 4], |(_, limits)| limits);
    let limit = |i: usize| {
        let last = n[i / 2] - 1.0;
        if roi[i] >= 0.0 { roi[i].min(if i % 2 == 1 { last } else { f64::MAX }) } else { last * (i % 2) as f64 }
    };
    let [x0, x1, y0, y1] = [0, 1, 2, 3].map(limit);
    (x0 <= x1 && y0 <= y1).then(|| [x0, x1, y0, y1].map(|limit| limit as usize))
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-3)
}

fn near_vectors(a: Vec3, b: Vec3) -> bool {
    (a - b).norm() <= 1e-9 * a.norm().max(b.norm()).max(1e-3)
}

fn check_beam_and_scan(line: &Line, text: &str, expected: &Detector, experiment: &Experiment, osc_range: f64) {
    let wanted = sources(line, expected);
    assert_eq!(experiment.beam.sources.len(), wanted.len(), "{text}: sources");
    for (source, (direction, wavelength)) in experiment.beam.sources.iter().zip(wanted) {
        assert!(near_vectors(-source.direction, direction), "{text}: {:?} {direction:?}", source.direction);
        assert!(near(source.wavelength, wavelength), "{text}: {} {wavelength}", source.wavelength);
    }
    let (n, range, step) = spindle(line);
    assert_eq!(experiment.scan.n_steps, n as usize, "{text}: spindle steps");
    assert!(near(experiment.scan.first, line.number(&["-phi"]).unwrap_or(0.0)), "{text}: first spindle angle");
    assert!(n < 2.0 || near(experiment.scan.step, step), "{text}: spindle step {}", experiment.scan.step);
    assert!(near(osc_range, range), "{text}: OSC_RANGE {osc_range}");
}

fn check_detector(line: &Line, text: &str, expected: &Detector, experiment: &Experiment) {
    let panel = &experiment.detector.panels[0];
    assert_eq!([panel.n_fast as f64, panel.n_slow as f64], expected.n, "{text}: pixels");
    assert!(near_vectors(panel.origin, expected.origin), "{text}: {:?} {:?}", panel.origin, expected.origin);
    for (found, wanted) in [panel.fast_axis, panel.slow_axis, panel.normal].into_iter().zip(expected.axes) {
        assert!(near_vectors(found, wanted), "{text}: axis {found:?} {wanted:?}");
    }
    let found = experiment.detector.sensor.map(|sensor| (sensor.n_layers, sensor.layer_thickness, sensor.attenuation));
    match (found, sensor(line)) {
        (None, None) => {}
        (Some(a), Some(b)) => assert!(a.0 == b.0 && near(a.1, b.1) && near(a.2, b.2), "{text}: sensor {a:?} {b:?}"),
        (a, b) => panic!("{text}: sensor {a:?} {b:?}"),
    }
    let found = panel.roi.map(|roi| [roi.fast[0], roi.fast[1], roi.slow[0], roi.slow[1]]);
    match window(line, expected.n) {
        Some(window) => assert!(found == Some(window) || !line.has("-roi"), "{text}: window {found:?} {window:?}"),
        None => assert!(found.is_some_and(|roi| roi[0] > roi[1]), "{text}: the window is empty"),
    }
}

fn check_crystal_and_sampling(line: &Line, text: &str, expected: &Detector, experiment: &Experiment) {
    let n_cells = line.number(&["-N"]).unwrap_or(1.0).max(1.0);
    assert_eq!(experiment.crystal.n_cells, [n_cells; 3], "{text}: cells");
    let has_spread = line.number(&["-mosaic"]).is_some_and(|spread| spread > 0.0);
    let domains = line.number(&["-mosaic_dom"]).filter(|&n| n > 0.0).unwrap_or(10.0);
    assert_eq!(experiment.crystal.mosaic.n_domains as f64, if has_spread { domains } else { 1.0 }, "{text}: domains");
    let pixel = line.number(&["-pixel"]).unwrap_or(0.1);
    let needed = (3.0 * n_cells * 80e-7 / (1.25e-7 * expected.distance / pixel)).ceil().max(1.0);
    let oversample = line.number(&["-oversample"]).filter(|&n| n > 0.0).unwrap_or(needed);
    assert_eq!(experiment.sampling.oversample as f64, oversample, "{text}: oversampling");
}

#[test]
fn random_command_lines_mean_what_the_rules_say() {
    let mut dice = Dice(20_260_718);
    let (mut n_met, mut n_black, mut n_refused) = (0, 0, 0);
    for _ in 0..10_000 {
        let line = Line::random(&mut dice);
        let text = format!("{CRYSTAL}{}", line.text());
        let expected = detector(&line);
        let described = describe(&options(&text), 1);
        if is_black(&line) {
            let message = described.expect_err(&text).to_string();
            assert!(message.contains("black") || expected.obliquity.abs() < 1e-9, "{text}: {message}");
            n_black += 1;
            continue;
        }
        let resolved = described.and_then(|DropIn { description, header, .. }| Ok((resolve(description)?, header)));
        let (resolved, header) = match resolved {
            Ok(resolved) => resolved,
            Err(error) => {
                let stands_nowhere = expected.obliquity.abs() < 1e-9 || expected.close_distance.abs() < 1e-9;
                assert!(stands_nowhere || sources(&line, &expected).is_empty(), "{text}: {error}");
                n_refused += 1;
                continue;
            }
        };
        check_beam_and_scan(&line, &text, &expected, &resolved.experiment, header.osc_range);
        check_detector(&line, &text, &expected, &resolved.experiment);
        check_crystal_and_sampling(&line, &text, &expected, &resolved.experiment);
        assert!(near(header.distance, expected.distance), "{text}: DISTANCE {}", header.distance);
        assert!(near(header.close_distance, expected.close_distance), "{text}: CLOSE_DISTANCE");
        let [x, y] = expected.beam_center;
        assert!(near(header.beam_center.0, x) && near(header.beam_center.1, y), "{text}: beam centre");
        let spot = (expected.beam * expected.distance - expected.origin).dot(expected.axes[1]);
        assert!(near(header.adxv_center.1, expected.size[1] - spot), "{text}: ADXV_CENTER_Y");
        n_met += 1;
    }
    assert!(n_met > 9000 && n_black > 3 && n_refused > 50, "{n_met} {n_black} {n_refused}");
}
