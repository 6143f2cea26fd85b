//! What every option does, from the description of nanoBragg's command line.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::description::nanobragg::{
    CellOptions, Chosen, Convention, Misset, Options, Pivot, PolarOption, WavelengthOption,
};
use bragg::experiment::Shape;

use super::defs::{GROUPS, flags};
use super::flag::{Action, HelpLength, Name};
use super::help::{WIDTH, help};
use super::parse::{Invocation, find, parse};
use typical::{TYPICAL, convention, last_pivot};

mod meaning;
mod reading;
mod typical;

fn words(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(OsString::from).collect()
}

fn run(line: &str) -> (Options, Vec<String>) {
    match parse(words(line)) {
        Ok(Invocation::Run(options, notices)) => (*options, notices.iter().map(ToString::to_string).collect()),
        other => panic!("{line}: {other:?}"),
    }
}

fn options(line: &str) -> Options {
    run(line).0
}

#[track_caller]
fn refused(line: &str, message: &str) {
    match parse(words(line)) {
        Err(refusal) => assert_eq!(refusal.to_string(), message, "{line}"),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn every_option_does_what_it_says_with_one_dash_and_with_two() {
    for (line, is_set) in TYPICAL {
        assert!(is_set(&options(line)), "{line}");
        assert!(is_set(&options(&format!("-{line}"))), "-{line}");
        assert!(!is_set(&Options::default()), "{line} changes nothing");
    }
}

#[test]
fn every_name_in_the_table_has_a_typical_use() {
    let tested: BTreeSet<&str> = TYPICAL.iter().filter_map(|(line, _)| line.split(' ').next()).collect();
    let elsewhere =
        |action: &Action| matches!(action, Action::Unused(_) | Action::Dead(_) | Action::Help(_) | Action::Version);
    let named = flags().filter(|flag| !elsewhere(&flag.action)).flat_map(|flag| flag.names);
    let names: BTreeSet<&str> = named.map(Name::text).collect();
    assert_eq!(tested, names);
}

#[test]
fn a_value_is_never_taken_for_the_next_option() {
    let line: Vec<&str> = TYPICAL.iter().map(|(line, _)| *line).collect();
    assert!(parse(words(&line.join(" "))).is_ok());
    let backwards: Vec<&str> = line.iter().rev().copied().collect();
    assert!(parse(words(&backwards.join(" "))).is_ok());
}

#[test]
fn anything_may_follow_a_stem() {
    for (typed, name) in [
        ("-matrix", "-mat"),
        ("-adcoffset", "-adc"),
        ("-wavelength", "-lambda"),
        ("-lambda0", "-lambda"),
        ("-mosaic_domains", "-mosaic_dom"),
        ("-mosaicity", "-mosaic"),
        ("-mosaic_spread", "-mosaic"),
        ("-detector_absorb", "-detector_abs"),
        ("-detector_absorption", "-detector_abs"),
        ("-hdivsteps_please", "-hdivsteps"),
        ("-pixel_size", "-pixel"),
        ("-imgfile", "-img"),
        ("-maskfile", "-mask"),
        ("-flux_per_second", "-flux"),
        ("-oscillation", "-osc"),
        ("-interpolation", "unknown"),
        ("-noprogressbar", "-noprogress"),
        ("-printouts", "-printout"),
        ("-Nabc", "-Na"),
        ("--matrix", "-mat"),
    ] {
        assert_eq!(find(typed).map_or("unknown", |flag| flag.name()), name, "{typed}");
    }
}

#[test]
fn nothing_may_follow_an_exact_name() {
    let exact: BTreeSet<&str> =
        flags().flat_map(|flag| flag.names).filter(|name| matches!(name, Name::Exact(_))).map(Name::text).collect();
    let from_nanobragg = [
        "-N",
        "-polar",
        "-hdivstep",
        "-vdivstep",
        "-mosaic",
        "-phi",
        "-phistep",
        "-detsize",
        "-detpixels",
        "-detector_thick",
    ];
    let ours = [
        "-mosaic_frame",
        "-layer_depth",
        "-physics",
        "-precision",
        "-culling",
        "-source_weights",
        "-source_wavelength",
        "-threads",
        "-quiet",
        "-print_experiment",
        "-ignore_unknown",
        "-version",
        "-h",
        "-help",
    ];
    let dead = ["-dispstep", "-hdiv", "-vdiv"];
    assert_eq!(exact, from_nanobragg.into_iter().chain(ours).chain(dead).collect());
    for name in exact {
        let found = find(&format!("{name}x")).map(|flag| flag.name());
        assert!(found.is_none(), "{name}x is read as {found:?}");
    }
}

#[test]
fn of_several_stems_the_longest_is_meant() {
    for (shorter, longer) in [
        ("-oversample", "-oversample_thick"),
        ("-oversample", "-oversample_polar"),
        ("-oversample", "-oversample_omega"),
        ("-printout", "-printout_pixel"),
        ("-misset", "-misset_seed"),
        ("-twotheta", "-twotheta_axis"),
        ("-stol", "-stolout"),
        ("-detector_thick", "-detector_thicksteps"),
        ("-phistep", "-phisteps"),
        ("-hdivstep", "-hdivsteps"),
        ("-vdivstep", "-vdivsteps"),
        ("-phi", "-phistep"),
        ("-N", "-Na"),
        ("-detpixels", "-detpixels_x"),
        ("-detsize", "-detsize_f"),
        ("-mosaic", "-mosaic_seed"),
        ("-polar", "-polar_vector"),
        ("-mosaic", "-mosaic_dom"),
    ] {
        assert_eq!(find(shorter).map(|flag| flag.name()), Some(shorter));
        assert_eq!(find(longer).map(|flag| flag.name()), Some(longer));
    }
}

#[test]
fn every_name_finds_its_own_row_and_no_name_is_there_twice() {
    let mut seen = BTreeSet::new();
    for flag in flags() {
        for name in flag.names {
            assert!(seen.insert(name.text()), "{} twice", name.text());
            assert_eq!(find(name.text()).map(|found| found.name()), Some(flag.name()));
        }
    }
}

#[test]
fn the_last_of_an_option_counts() {
    let o = options("-pixel 0.1 -lambda 1 -energy 12398.42 -pixel 0.8 -N 5 -Nb 7 -round_xtal -gauss_xtal");
    assert_eq!(o.detector.pixel_mm, Some(0.8));
    assert_eq!(o.beam.wavelength, Some(WavelengthOption::ElectronVolt(12398.42)));
    assert_eq!((o.crystal.n_a, o.crystal.n_b, o.crystal.n_c), (Some(5), Some(7), Some(5)));
    assert_eq!(o.crystal.shape, Some(Shape::Gauss));
    let o = options("-energy 12398.42 -wave 1.5 -Nb 7 -N 5 -interpolate -nointerpolate -misset 1 2 3 -misset random");
    assert_eq!(o.beam.wavelength, Some(WavelengthOption::Angstrom(1.5)));
    assert_eq!(o.crystal.n_b, Some(5));
    assert_eq!(o.reflections.interpolate, Some(false));
    assert_eq!(o.crystal.misset, Some(Misset::Random));
    assert_eq!(options("-nonoise -noisefile a").noise.noise, Some(true));
    assert_eq!(options("-noisefile a -nonoise").noise.noise, Some(false));
    assert_eq!(options("-nopolar -polar 0.9").beam.polar, Some(PolarOption::Kahn(0.9)));
    assert_eq!(options("-divergence 6 -hdivrange 3").sources.hdivrange_mrad, Some(3.0));
    assert_eq!(options("-hdivrange 3 -divergence 6").sources.hdivrange_mrad, Some(6.0));
}

#[test]
fn a_cell_may_be_short_and_ends_where_an_option_begins() {
    let cell = |line| options(line).crystal.cell.expect("a cell");
    assert_eq!(cell("-cell 90 -N 4"), CellOptions { a_angstrom: 90.0, ..Default::default() });
    let four = cell("-cell 70 80 90 75");
    assert_eq!((four.c_angstrom, four.alpha_deg, four.beta_deg), (Some(90.0), Some(75.0), None));
    let before_a_digit = cell("-cell 70 80 -4stol f");
    assert_eq!((before_a_digit.b_angstrom, before_a_digit.c_angstrom), (Some(80.0), None));
    refused("-cell 70 -80", "'-80' is neither an option nor a value of one (-cell takes at most six values)");
    refused(
        "-cell 1 2 3 90 90 90 7 -N 5",
        "'7' is neither an option nor a value of one (-cell takes at most six values)",
    );
}

#[test]
fn the_pivot_is_what_was_set_last() {
    let sets = |flag: &str, value: &str| {
        let o = options(&format!("{flag} {value}"));
        o.geometry.last_pivot.map(|Chosen { value, flag: by }| (value, by == flag))
    };
    for flag in ["-distance", "-Xbeam", "-Ybeam"] {
        assert_eq!(sets(flag, "1"), Some((Pivot::Beam, true)), "{flag}");
    }
    for flag in ["-close_distance", "-Xclose", "-Yclose", "-ORGX", "-ORGY", "-twotheta"] {
        assert_eq!(sets(flag, "1"), Some((Pivot::Sample, true)), "{flag}");
    }
    assert_eq!(sets("-twotheta_axis", "0 1 0"), Some((Pivot::Sample, true)));
    for (flag, pivot) in [
        ("-xds", Pivot::Sample),
        ("-mosflm", Pivot::Beam),
        ("-adxv", Pivot::Beam),
        ("-denzo", Pivot::Beam),
        ("-dials", Pivot::Beam),
    ] {
        for before in ["", "-ORGX 3 ", "-distance 100 ", "-pivot sample "] {
            assert_eq!(last_pivot(&options(&format!("{before}{flag}"))), Some(pivot), "{before}{flag}");
        }
    }
    let others = TYPICAL.iter().filter(|(line, _)| last_pivot(&options(line)).is_some()).count();
    assert_eq!(others, 3 + 6 + 1 + 5 + 2, "nothing else sets it but the two of -pivot");
    assert_eq!(last_pivot(&options("-distance 100 -Xclose 4")), Some(Pivot::Sample));
    assert_eq!(last_pivot(&options("-Xclose 4 -distance 100")), Some(Pivot::Beam));
    let o = options("-pivot sample -distance 100");
    assert_eq!((last_pivot(&o), o.geometry.pivot), (Some(Pivot::Beam), Some(Pivot::Sample)));
}

#[test]
fn each_vector_makes_the_convention_custom_until_another_is_chosen() {
    let names = ["fdet_vector", "sdet_vector", "odet_vector", "beam_vector", "polar_vector", "spindle_axis"];
    for name in names.into_iter().chain(["twotheta_axis", "pix0_vector"]) {
        let chosen = options(&format!("-xds --{name} 0 0 1")).geometry.convention;
        assert_eq!(chosen, Some(Chosen { value: Convention::Custom, flag: format!("--{name}") }));
        assert_eq!(convention(&options(&format!("-{name} 0 0 1 -xds"))), Some(Convention::Xds), "{name}");
    }
    assert_eq!(convention(&options("-distance 100 -pivot sample -twotheta 3")), None);
}

#[test]
fn the_two_theta_axis_is_an_angle_too() {
    let (o, notices) = run("-twotheta 12 -twotheta_axis 0 1 0");
    assert_eq!((o.geometry.nanobragg_twotheta_deg(), o.geometry.twotheta_deg), (Some(0.0), Some(12.0)));
    let told =
        "-twotheta_axis: its first number, 0, is also taken as the 2θ angle, as in nanoBragg; give -twotheta after it";
    assert_eq!(notices, [told]);
    assert_eq!(run("-twotheta_axis 1 0 0").1.len(), 1);
    let (o, notices) = run("-twotheta_axis 1 0 0 -twotheta 12");
    assert_eq!((o.geometry.nanobragg_twotheta_deg(), notices.len()), (Some(12.0), 0));
    assert!(run("-twotheta_axis 0 1 0").1.is_empty(), "an angle of 0 is what there would be anyway");
}

#[test]
fn messages_can_call_an_option_as_the_user_did() {
    let o = options("--wavelength 1.0 -N 4 -Nb 3 -matrix a.mat");
    assert_eq!(o.spelling("-lambda"), "--wavelength");
    assert_eq!((o.spelling("-Na"), o.spelling("-Nb"), o.spelling("-N")), ("-N", "-Nb", "-N"));
    assert_eq!((o.spelling("-mat"), o.spelling("-distance")), ("-matrix", "-distance"));
}

#[test]
fn unused_options_are_read_with_their_values_and_mentioned_once() {
    let line =
        "-stol a -4stol b -Q c -stolout d -coherent -density 1.2 -MW 14000 -molecular_weight 3 -sample_density 1.3";
    let (o, notices) = run(&format!("{line} -stol e -N 5"));
    assert_eq!(
        notices,
        ["-stol, -4stol, -Q, -stolout, -coherent, -density, -MW, -molecular_weight, -sample_density: \
                          read and not used, as in nanoBragg"]
    );
    assert_eq!(o.crystal.n_a, Some(5));
    let (o, notices) = run("-stolout -N 5");
    assert_eq!((o.crystal.n_a, notices.len()), (Some(5), 1));
    assert!(run("-N 5").1.is_empty());
    for group in GROUPS.iter().filter(|group| group.title != "Read and not used") {
        for flag in group.flags {
            assert!(!matches!(flag.action, Action::Unused(_)), "{} has no action", flag.name());
        }
    }
}

#[test]
fn unknown_options_are_refused_with_the_nearest_name() {
    refused("-distanse 100", "unknown option -distanse; did you mean -distance?");
    refused("--lamda 1", "unknown option --lamda; did you mean -lambda?");
    refused("-xbeam 5", "unknown option -xbeam; did you mean -Xbeam?");
    refused("-orgx 5", "unknown option -orgx; did you mean -ORGX?");
    refused("-defaultF 5", "unknown option -defaultF; did you mean -default_F?");
    refused("-detpixel 96", "unknown option -detpixel; did you mean -detpixels?");
    refused("-polarization 0.9", "unknown option -polarization; did you mean -polar?");
    refused("-detectr_absorption 5", "unknown option -detectr_absorption; did you mean -detector_abs?");
    refused("-N5", "unknown option -N5; did you mean -N?");
    refused("-nomse", "unknown option -nomse; -h lists the options");
    refused("-crystallize", "unknown option -crystallize; -h lists the options");
    refused("-x", "unknown option -x; -h lists the options");
    refused("---N 5", "unknown option ---N; did you mean -N?");
}

#[test]
fn words_that_belong_to_nothing_are_refused() {
    refused("a.hkl", "'a.hkl' is neither an option nor a value of one");
    refused("lambda 1", "'lambda' is neither an option nor a value of one; did you mean -lambda?");
    refused("-nopolar 1", "'1' is neither an option nor a value of one (-nopolar takes no value)");
    refused("-distance 100 -5", "'-5' is neither an option nor a value of one (-distance takes one value)");
    refused("-misset 1 2 3 4", "'4' is neither an option nor a value of one (-misset takes three values)");
    refused("-", "'-' is neither an option nor a value of one");
    let empty = parse([OsString::new()]).map_err(|refusal| refusal.to_string());
    assert_eq!(empty, Err("'' is neither an option nor a value of one".to_owned()));
}

#[test]
fn missing_values_are_refused() {
    refused("-lambda", "-lambda needs a value (Å)");
    refused("--wavelength", "--wavelength (read as -wave) needs a value (Å)");
    refused("-default_F", "-default_F needs a value (electrons)");
    refused("-fudge", "-fudge needs a value");
    refused("-hkl", "-hkl needs the name of a file");
    refused("-N", "-N needs a whole number");
    refused("-seed", "-seed needs a whole number");
    refused("-pivot", "-pivot needs sample or beam");
    refused("-cell", "-cell needs 1 to 6 numbers a b c α β γ (Å, deg)");
    refused("-misset", "-misset needs 3 angles x y z or the word random (deg)");
    refused("-roi 1 2", "-roi needs 4 whole numbers x0 x1 y0 y1 (pixels), but only 2 were given");
    refused("-beam_vector 1 -xds", "-beam_vector needs 3 numbers x y z, but only 1 was given");
    refused("-lambda -energy 9000", "-lambda needs a value (Å), but the next word is the option -energy");
    refused("-hkl -my.hkl", "-hkl needs the name of a file, but the next word, -my.hkl, begins like an option");
    refused("-osc -4stol a", "-osc needs a value (deg), but the next word is the option -4stol");
}

#[test]
fn malformed_values_are_refused() {
    refused("-distance far", "-distance needs a number (mm), but 'far' was given");
    refused("-distance ,5", "-distance needs a number (mm), but ',5' was given");
    refused("-lambda nan", "-lambda needs a finite number (Å), but 'nan' was given");
    refused("-lambda -inf", "-lambda needs a finite number (Å), but '-inf' was given");
    refused("-lambda 1e999", "-lambda needs a finite number (Å), but '1e999' was given");
    refused("-detector_abs nan", "-detector_abs needs a number or inf (µm), but 'nan' was given");
    refused("-detector_abs -inf", "-detector_abs needs a number or inf (µm), but '-inf' was given");
    refused("-detector_abs 1e999", "-detector_abs needs a number or inf (µm), but '1e999' was given");
    refused("-N .5", "-N needs a whole number, but '.5' was given");
    refused("-N 99999999999999999999", "-N needs a whole number, but '99999999999999999999' was given");
    refused("-oversample_omga x", "-oversample_omga (read as -oversample) needs a whole number, but 'x' was given");
    refused("-misset_seed random", "-misset_seed needs a whole number, but 'random' was given");
    refused("-threads 0", "-threads needs a whole number, 1 or more, but '0' was given");
    refused("-pivot middle", "-pivot needs sample or beam, but 'middle' was given");
    refused("-physics quantum", "-physics needs nanobragg or correct, but 'quantum' was given");
    refused("-precision half", "-precision needs double or fast, but 'half' was given");
    refused("-culling nan", "-culling needs a finite number, but 'nan' was given");
    refused("-cell 100 x", "-cell needs a number (Å, deg), but 'x' was given");
    refused("-misset 1 random 3", "-misset needs a number (deg), but 'random' was given");
    refused("-roi 1 2 3 end", "-roi needs a whole number (pixels), but 'end' was given");
    refused("-distance=100 -N 5", "-distance=100: a value is a word of its own: -distance 100");
    refused("-N=5", "-N=5: a value is a word of its own: -N 5");
    let empty = parse(["-hkl", ""].map(OsString::from)).map_err(|refusal| refusal.to_string());
    assert_eq!(empty, Err("-hkl needs the name of a file, but '' was given".to_owned()));
}

#[test]
fn a_picture_is_asked_for_by_its_scale() {
    assert_eq!(options("-nopgm -pgmscale 5").output.pgm, Some(true));
    assert_eq!(options("-pgmscale 5 -nopgm").output.pgm, Some(false));
}

#[test]
fn numbers_are_read_as_c_writes_them() {
    for (text, value) in [("5", 5.0), ("+5", 5.0), ("-.5", -0.5), ("5.", 5.0), ("1e-3", 1e-3), ("-1E+02", -100.0)] {
        assert_eq!(options(&format!("-phi {text}")).scan.phi_deg, Some(value), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn files_may_have_names_that_are_not_text() {
    use std::os::unix::ffi::OsStringExt as _;
    let name = OsString::from_vec(vec![b'a', 0xff, b'.', b'h']);
    match parse([OsString::from("-hkl"), name.clone()]) {
        Ok(Invocation::Run(options, _)) => assert_eq!(options.reflections.hkl, Some(PathBuf::from(name))),
        other => panic!("{other:?}"),
    }
    assert!(parse([OsString::from_vec(vec![b'-', b'N', 0xff])]).is_err());
}

#[test]
fn strange_words_are_read_or_refused_in_one_line() {
    let strange =
        ["", "-", "--", "=", "-=", "-é", "--x=-y", "nan", "-1", "1e999", "99999999999999999999", "-cell", "random"];
    let mut n_refused = 0;
    for name in flags().flat_map(|flag| flag.names).map(Name::text) {
        for word in strange {
            if let Err(refusal) = parse([name, word].map(OsString::from)) {
                let text = refusal.to_string();
                assert!(!text.contains('\n') && text.len() > 10, "{text}");
                n_refused += 1;
            }
        }
    }
    assert!(n_refused > 1000);
}

#[test]
fn help_and_version_end_the_reading() {
    assert_eq!(parse(words("-N 5 -h -nonsense")), Ok(Invocation::Help(HelpLength::Short)));
    assert_eq!(parse(words("--help")), Ok(Invocation::Help(HelpLength::Long)));
    assert_eq!(parse(words("-help")), Ok(Invocation::Help(HelpLength::Long)));
    assert_eq!(parse(words("--version")), Ok(Invocation::Version));
    assert!(matches!(parse(words("")), Ok(Invocation::Run(options, _)) if *options == Options::default()));
}

#[test]
fn the_help_names_every_option_within_its_width() {
    for length in [HelpLength::Short, HelpLength::Long] {
        let text = help(length, "nanoBragg");
        for flag in flags() {
            let begins = |line: &str| {
                line.starts_with("  -")
                    && line.split_whitespace().next().map(|w| w.trim_end_matches(',')) == Some(flag.name())
            };
            assert_eq!(text.lines().filter(|line| begins(line)).count(), 1, "{}", flag.name());
        }
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH && line.trim_end() == line, "{line:?}");
        }
    }
}

#[test]
fn every_option_is_explained() {
    for flag in flags() {
        assert!(!flag.help.is_empty() && !flag.help.ends_with('.'), "{}", flag.name());
        assert!(flag.doc.is_empty() || flag.doc.ends_with('.'), "{}", flag.name());
        assert!(flag.unit.is_empty() || !flag.value.is_empty(), "{}", flag.name());
        for other in flag.stands_for {
            assert_eq!(find(other).map(|flag| flag.name()), Some(*other));
        }
    }
}
