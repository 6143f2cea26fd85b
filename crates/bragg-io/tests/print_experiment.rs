//! A printed experiment is the same experiment again, bit for bit.

use bragg::image::{Image, PanelImage, Recording};
use bragg_io::description::print::to_toml;
use bragg_io::description::{Description, Origin, Resolved, resolve, toml};
use bragg_io::formats::{Metadata, WriteOptions, write_recording};
use proptest::prelude::*;
use std::path::Path;
use std::sync::OnceLock;

/// Everything that an image depends on, with every bit of every number.
fn bits(resolved: &Resolved) -> String {
    // Debug prints the shortest text that reads back as the same float, so equal texts are equal bits
    format!("{:?} {:?} {:?}", resolved.experiment, resolved.coverage, resolved.output,)
}

fn values(description: &Description) -> Vec<String> {
    description.iter().map(|(name, entry)| format!("{name} = {}", entry.value)).collect()
}

fn check(text: &str) {
    let first = toml::parse(&text.replace("MASK", &mask()), Path::new("x.toml"))
        .and_then(resolve)
        .unwrap_or_else(|e| panic!("{e}\n{text}"));
    let printed = to_toml(&first.description);
    let second =
        toml::parse(&printed, Path::new("printed.toml")).and_then(resolve).unwrap_or_else(|e| panic!("{e}\n{printed}"));
    assert_eq!(bits(&second), bits(&first), "{printed}");
    let unused: Vec<_> = second.notices.iter().filter(|notice| notice.0.contains("no effect beside")).collect();
    assert!(unused.is_empty(), "{unused:?}\n{printed}");
    assert_eq!(values(&second.description), values(&first.description));
}

/// A mask for a detector of 20 × 30 pixels.
fn mask() -> String {
    static MASK: OnceLock<String> = OnceLock::new();
    let write = || {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mask.npy");
        let panel = PanelImage::new(20, 30, (0..600).map(|i| i % 7).collect()).unwrap();
        let mask = Recording::Counts(Image { panels: vec![panel] });
        write_recording(&path, &mask, &Metadata::new(1.0, 1.0, (0.0, 0.0), 1.0), &WriteOptions::default()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    MASK.get_or_init(write).clone()
}

fn lines(choices: &'static [&'static str]) -> impl Strategy<Value = String> {
    let number = -1.0..1.0f64;
    // each # becomes a number of its own in (-1, 1), each @ one above 0; Display never writes an exponent
    (0..choices.len(), prop::collection::vec(number, 16)).prop_map(move |(i, numbers)| {
        let mut numbers = numbers.into_iter().cycle();
        let mut next = || numbers.next().unwrap_or_default();
        choices[i].chars().fold(String::new(), |mut text, c| {
            match c {
                '#' => text += &format!("{}", next()),
                '@' => text += &format!("{}", next().abs() + 0.1),
                c => text.push(c),
            }
            text
        })
    })
}

const CELLS: &[&str] = &[
    "crystal.cell = [7@, 8@, 9@, 75, 85, 95]\ncrystal.misset = [#, #, \"# mrad\"]\n",
    "crystal.cell = [7@]\n",
    "crystal.cell.a = \"7@ nm\"\ncrystal.orientation = \"random\"\n",
    "crystal.cell.a = 5@\ncrystal.cell.c = 6@\ncrystal.orientation = \"random\"\ncrystal.orientation_seed = 99\n",
    "crystal.cell = [7@, 8@, 9@]\ncrystal.u_matrix = [[0.36, 0.48, -0.8], [-0.8, 0.6, 0], [0.48, 0.64, 0.6]]\n",
    "crystal.a_matrix = [@e-2, #e-3, 0, 0, @e-2, #e-3, 0, 0, @e-2]\n",
    "crystal.real_space_a = [5@, #, #]\ncrystal.real_space_b = [#, 6@, #]\ncrystal.real_space_c = [#, #, 7@]\n",
];
const CRYSTALS: &[&str] = &[
    "crystal.n_cells = 5\n",
    "crystal.n_cells = [1, 2, 3]\ncrystal.shape = \"gauss\"\ncrystal.fudge = @\ncrystal.structure_factors.interpolation = \"tricubic\"\n",
    "crystal.n_cells = [1.5, 2, 3@]\ncrystal.scale = @\ncrystal.structure_factors.scale = @\n",
    "crystal.extent = [@, \"@ um\", @]\ncrystal.extent_shape = \"sphere\"\ncrystal.domain_size = [@e-3, \"@ um\", @e-4]\ncrystal.mosaic.half_width = @\nscan.frame = 5\n",
    "crystal.extent = \"1@ um\"\ncrystal.domain_size = \"@ um\"\ncrystal.mosaic.half_width = \"@ mrad\"\ncrystal.mosaic.domains = 3\ncrystal.mosaic.generator = \"nanobragg\"\ncrystal.mosaic.frame = \"laboratory\"\n",
    "crystal.n_cells = 5\ncrystal.n_blocks = 1@e6\ncrystal.mosaic.eta = \"@ mrad\"\ncrystal.mosaic.domains = 5\ncrystal.mosaic.distribution = \"gaussian\"\n",
];
const BEAMS: &[&str] = &[
    "beam.wavelength = \"@ Å\"\n",
    "beam.energy = \"1@ keV\"\nbeam.flux = 1e11\nbeam.exposure = @\nbeam.size = \"@ um\"\n",
    "beam.wavelength = \"@ Å\"\nbeam.direction = [#, #, 1@]\nbeam.kahn_factor = #\nbeam.fluence = 1@\n",
    "beam.wavelength = \"@ Å\"\nbeam.polarization_vector = [@, #, 0]\nbeam.kahn_factor = #\nbeam.fluence = 1.25932015286227086e29\nbeam.size = @\n",
    "beam.wavelength = \"@ Å\"\nbeam.polarization = \"none\"\nbeam.flux = 1@\n",
];
const SPREADS: &[&str] = &[
    "",
    "beam.divergence.horizontal_range = @\nbeam.divergence.horizontal_steps = 4\nbeam.dispersion.range = \"@ %\"\nbeam.dispersion.steps = 3\n",
    "beam.divergence.horizontal_range = @\nbeam.divergence.horizontal_step = @\nbeam.divergence.horizontal_steps = 3\n\
     beam.divergence.vertical_range = 0.5\nbeam.divergence.vertical_step = 0.125\nbeam.divergence.vertical_steps = 5\n\
     beam.divergence.round = false\nbeam.dispersion.range = 0.1\nbeam.dispersion.step = @e-1\nbeam.dispersion.steps = 2\n\
     beam.divergence.sample = \"ends\"\nbeam.dispersion.sample = \"ends\"\n",
    "beam.divergence.vertical_range = \"@ deg\"\nbeam.divergence.vertical_steps = 2\n",
];
const DETECTORS: &[&str] = &[
    "detector.preset = \"eiger2-16m\"\ndetector.distance = \"1@ m\"\n",
    "detector.preset = \"pilatus3-6m\"\ndetector.distance = 10@\ndetector.sensor.layers = 5\ndetector.beam_center = [\"10@ mm\", 70@]\n",
    "detector.pixels = [20, 30]\ndetector.pixel_size = \"7@ um\"\ndetector.distance = -10@\ndetector.tilt = [#, #, #]\ndetector.two_theta = #\n\
     detector.two_theta_axis = [#, 1@, #]\ndetector.sensor.thickness = @\ndetector.sensor.attenuation_length = \"@ um\"\n",
    "detector.pixels = [20, 30]\ndetector.pixel_size = @\ndetector.distance = 10@\ndetector.pivot = \"beam\"\ndetector.two_theta = 5@\n\
     detector.curvature = \"sphere\"\ndetector.point_pixels = true\ndetector.roi = [0, 3, 4, 29]\ndetector.mask = \"MASK\"\n",
    "[[detector.panel]]\norigin = [#, #, -10@]\nfast_axis = [1, 0, 0]\nslow_axis = [0, -0.6, 0.8]\nnormal = [#, #, -1@]\npixels = [5, 6]\npixel_size = @\n\
     [detector]\ndistance = 10@\ncurvature = \"nanobragg-sphere\"\nsensor.layers = 4\nsensor.layer_thickness = @\nsensor.attenuation_length = @\nsensor.sampling_depth = \"entrance\"\n",
    "[detector]\npixels = [20, 30]\npixel_size = @\nroi = [1, 2, 3, 4]\n[[detector.panel]]\nname = \"left \\\"one\\\"\"\norigin = [#, #, -10@]\nfast_axis = [1, 0, 0]\n\
     slow_axis = [0, -1, 0]\n[[detector.panel]]\norigin = [3@, #, -10@]\nfast_axis = [0, 1, 0]\nslow_axis = [1, 0, 0]\npixels = [7, 8]\nroi = [0, 0, 0, 0]\n",
];
const RESTS: &[&str] = &[
    "",
    "scan.range = @\nscan.steps = 7\nscan.start = #\nnoise.seed = 3\nnoise.saturation = 65535\noutput.files = [\"a.img\", \"b/c.png\"]\noutput.png.rings = \"auto\"\noutput.png.color_map = \"ice\"\n",
    "scan.step = @\nscan.steps = 4\nscan.range = 5@\nscan.start = #\nscan.sample = \"start\"\nscan.axis = [#, 1@, #]\nsampling.physics = \"nanobragg\"\n\
     sampling.oversample_omega = true\nsampling.oversample = 2\nsampling.d_min = \"@ Å\"\nsampling.precision = \"fast\"\nsampling.culling = @e-3\nbackground.water = \"@ um\"\n",
    "background.water_volume = @e-6\ncrystal.structure_factors.include_f000 = true\nbackground.offset = #\nbackground.slope_fast = #e-3\nbackground.slope_slow = @\n",
    "noise.poisson = true\nnoise.adc_offset = 40\nnoise.gain = @\noutput.png.rings = [@, 2@]\noutput.png.range = [#, 1@]\noutput.png.beam_cross = true\noutput.png.max_width = 800\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn printing_gives_the_same_experiment_again(
        cell in lines(CELLS), crystal in lines(CRYSTALS), beam in lines(BEAMS), spread in lines(SPREADS), detector in lines(DETECTORS), rest in lines(RESTS),
    ) {
        check(&format!("crystal.structure_factors.default = 3\n{cell}{crystal}{beam}{spread}{rest}{detector}"));
    }
}

#[test]
fn files_are_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let hkl = write("f.hkl", "1 0 0 10.25\n-1 0 0 0.1\n");
    let sources = write("s.txt", "0 0.1 10 0.3 1.01e-10\n0 0 10 0.9\n");
    let matrix = write("A.mat", "0.0123 0.001 0\n0 0.0171 0.002\n0 0 0.0119\n");
    check(&format!(
        "crystal.mosflm_matrix = {matrix:?}\ncrystal.n_cells = 2\ncrystal.structure_factors.file = {hkl:?}\nbeam.wavelength = 0.9768\n\
         beam.source_file = {sources:?}\ndetector.preset = \"jungfrau-4m\"\ndetector.distance = 231.27466\n"
    ));
}

#[test]
fn descriptions_made_by_programs_print_too() {
    let mut description = Description::new();
    let flag = |name: &str| Origin::Flag(name.to_owned());
    description.insert("crystal.cell", [70.1, 80.2, 90.3, 75.4, 85.5, 95.6], flag("-cell")).unwrap();
    description.insert("crystal.n_cells", [5, 6, 7], flag("-Na")).unwrap();
    description.insert("crystal.structure_factors.default", 300.0, flag("-default_F")).unwrap();
    description.insert("beam.wavelength", 0.97, flag("-lambda")).unwrap();
    description
        .insert("detector.panel[0].origin", [-51.2, 51.2, -100.0], Origin::Automatic("convention MOSFLM".to_owned()))
        .unwrap();
    description.insert("detector.panel[0].fast_axis", [1.0, 0.0, 0.0], Origin::Default).unwrap();
    description.insert("detector.panel[0].slow_axis", [0.0, -1.0, 0.0], Origin::Default).unwrap();
    description.insert("detector.panel[0].pixels", [1024, 1024], flag("-detpixels")).unwrap();
    description.insert("detector.panel[0].pixel_size", 0.1, flag("-pixel")).unwrap();
    let first = resolve(description).unwrap();
    let printed = to_toml(&first.description);
    assert!(printed.contains("wavelength = 0.97  # Å; -lambda\n"), "{printed}");
    assert!(printed.contains("origin = [-51.2, 51.2, -100.0]  # mm; automatic: convention MOSFLM\n"), "{printed}");
    let second = resolve(toml::parse(&printed, Path::new("printed.toml")).unwrap()).unwrap();
    assert_eq!(bits(&second), bits(&first));
}
