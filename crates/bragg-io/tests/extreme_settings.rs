//! No value of any key, however absurd, ends in a panic or an unprintable message.

use bragg_io::description::keys::KEYS;
use bragg_io::description::{Description, Origin, resolve, toml};
use proptest::prelude::*;
use std::path::Path;

const BASES: [&str; 2] = [
    "crystal.cell = [70, 80, 90]\ncrystal.n_cells = 5\ncrystal.structure_factors.default = 1\nbeam.wavelength = 1\n\
     beam.dispersion.range = 0.1\nbeam.dispersion.steps = 2\nbeam.divergence.vertical_range = 1\nbeam.divergence.vertical_steps = 2\n\
     detector.distance = 100\ndetector.pixels = [10, 10]\ndetector.pixel_size = 0.1\ndetector.sensor.material = \"Si\"\n\
     detector.sensor.thickness = 0.3\n",
    "crystal.real_space_a = [70, 0, 0]\ncrystal.real_space_b = [0, 70, 0]\ncrystal.real_space_c = [0, 0, 70]\n\
     crystal.domain_size = 0.001\ncrystal.structure_factors.default = 1\nbeam.energy = 12000\nbeam.flux = 1e12\ndetector.panel = \
     [{origin = [0, 0, -100], fast_axis = [1, 0, 0], slow_axis = [0, -1, 0], pixels = [10, 10], pixel_size = 0.1}]\n",
];
const VALUES: [&str; 16] = [
    "0",
    "-1",
    "1",
    "2147483647",
    "9223372036854775807",
    "1e308",
    "-1e308",
    "5e-324",
    "1e-200",
    "nan",
    "true",
    "\"x\"",
    "\"1e308 m\"",
    "[]",
    "{}",
    "1e999",
];

#[test]
fn extreme_values_are_resolved_or_refused_in_one_line() {
    let mut refused = 0;
    for base in BASES {
        let base = toml::parse(base, Path::new("base.toml")).unwrap();
        resolve(base.clone()).unwrap();
        for key in KEYS {
            let name = key.name.replace("[]", "[0]");
            for value in VALUES {
                let lists = (0..10).map(|n| format!("[{}]", vec![value; n].join(", ")));
                for text in lists.chain([value.to_owned()]) {
                    let mut description: Description = base.clone();
                    let outcome = description.set(&name, &text, Origin::Set).and_then(|()| resolve(description));
                    match outcome {
                        Ok(resolved) => {
                            let numbers = format!("{:?}", resolved.experiment);
                            let finite = !numbers.contains("NaN") && !numbers.contains("inf");
                            assert!(finite, "{name} = {text} makes {numbers}");
                        }
                        Err(e) => {
                            let message = e.to_string();
                            assert!(!message.contains('\n') && message.len() < 1000, "{message}");
                            refused += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(refused > 10_000, "most of these values are absurd, but only {refused} were refused");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_text_is_read_or_refused_in_one_line(text in "([a-z.]{0,9}[=\\[\\]{}\"',#\n ]{0,3}[0-9eE.+-]{0,6}\n?){0,8}") {
        if let Err(e) = toml::parse(&text, Path::new("x.toml")) {
            prop_assert!(!e.to_string().contains('\n'));
        }
    }
}

#[test]
fn deep_nesting_is_refused() {
    for open in ["[", "{a=", "a.b."] {
        let text = format!("beam.wavelength = {}", open.repeat(100_000));
        assert!(toml::parse(&text, Path::new("x.toml")).is_err());
    }
    let dotted = format!("{}x = 1", "a.".repeat(100_000));
    assert!(toml::parse(&dotted, Path::new("x.toml")).is_err());
}
