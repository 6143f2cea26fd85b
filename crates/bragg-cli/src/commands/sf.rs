//! `bragg sf`: structure factors from what there is, in the formats that programs read.

use crate::arguments::{HklFormat, Sf};
use crate::images;
use crate::interrupt::Signals;
use crate::messages::{Messages, print};
use crate::render::on_threads;
use bragg::Error;
use bragg::experiment::UnitCell;
use bragg::reflections::AmplitudeGrid;
use bragg::symmetry::SpaceGroup;
use bragg_io::cache::Cache;
use bragg_io::description::{self, Amplitudes, Description, Known, Origin};
use bragg_io::formats::{atomic, crystfel, fdump, hkl, mtz};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The shells of the table.
const SHELLS: usize = 10;

pub(crate) fn run(arguments: &Sf) -> anyhow::Result<()> {
    let messages = Messages { quiet: arguments.quiet };
    let inputs: Vec<&Path> =
        [&arguments.input, &arguments.fill_file].into_iter().flatten().map(PathBuf::as_path).collect();
    images::check_apart(&arguments.output, &inputs)?;
    for output in &arguments.output {
        OutputFormat::of(output, arguments.hkl_format)?;
        atomic::check(output)?;
    }
    let description = describe(arguments)?;
    let cache = Cache::of_user(!arguments.no_cache);
    let known = Known { cache: cache.as_ref(), monitor: Some(&Signals), ..Known::default() };
    let amplitudes = on_threads(0, || description::resolve_amplitudes(description, &known))?;
    let amplitudes = amplitudes.map_err(with_options)?;
    let table = table(&amplitudes)?;
    write(arguments, &amplitudes)?;
    amplitudes.notices.iter().for_each(|notice| messages.note(in_options(&notice.to_string())));
    print(table.as_bytes())?;
    if !arguments.output.is_empty() {
        let names: Vec<_> = arguments.output.iter().map(|path| path.display().to_string()).collect();
        messages.done(format_args!("wrote {}", names.join(", ")));
    }
    Ok(())
}

/// The keys that messages about files name, and the options that stand for them here. A key that begins as another stands before it.
const OPTIONS: [(&str, &str); 8] = [
    ("crystal.structure_factors.format = \"text\"", "--format text"),
    ("crystal.structure_factors.format = \"cif\"", "--format cif"),
    ("crystal.structure_factors.format = \"coordinates\"", "--format coordinates"),
    ("crystal.structure_factors.format", "--format"),
    ("crystal.structure_factors.d_min, sampling.d_min", "--dmin"),
    ("crystal.structure_factors.d_min", "--dmin"),
    ("crystal.space_group", "--space-group"),
    ("crystal.cell", "--cell"),
];

/// A message in terms of this command's options.
fn in_options(text: &str) -> String {
    OPTIONS.iter().fold(text.to_owned(), |text, (key, option)| text.replace(key, option))
}

fn with_options(error: Error) -> Error {
    match error {
        Error::File { path, line, what } => Error::File { path, line, what: in_options(&what) },
        Error::Setting { key, given_in, what } => {
            Error::Setting { key: in_options(&key), given_in, what: in_options(&what) }
        }
        other => other,
    }
}

/// The cell of a file of coordinates or structure factors.
pub(crate) fn cell_of_file(path: &Path) -> bragg::Result<Option<UnitCell>> {
    let mut description = Description::new();
    description.insert("crystal.structure_factors.file", path.to_owned(), Origin::Default)?;
    description::resolve_cell(description)
}

/// The options as the keys of an experiment file, which know what is allowed.
fn describe(arguments: &Sf) -> bragg::Result<Description> {
    const TABLE: &str = "crystal.structure_factors";
    let mut description = Description::new();
    let flag = |name: &str| Origin::Flag(name.to_owned());
    for (key, path, option) in [("file", &arguments.input, "INPUT"), ("fill_file", &arguments.fill_file, "--fill-file")]
    {
        if let Some(path) = path {
            description.insert(&format!("{TABLE}.{key}"), path.clone(), flag(option))?;
        }
    }
    let key = |last: &str| format!("{TABLE}.{last}");
    for (name, text, option) in [
        (key("d_min"), &arguments.d_min, "--dmin"),
        ("beam.wavelength".to_owned(), &arguments.wavelength, "--wavelength"),
        ("beam.energy".to_owned(), &arguments.energy, "--energy"),
        (key("k_sol"), &arguments.k_sol, "--k-sol"),
        (key("b_sol"), &arguments.b_sol, "--b-sol"),
        (key("fill_amplitude"), &arguments.fill_amplitude, "--fill-amplitude"),
        (key("wilson_b"), &arguments.b_factor, "--b-factor"),
        (key("seed"), &arguments.seed, "--seed"),
    ] {
        if let Some(text) = text {
            description.set(&name, text, flag(option))?;
        }
    }
    for (name, text, option) in [
        (key("models"), &arguments.models, "--models"),
        (key("fill"), &arguments.fill, "--fill"),
        (key("column"), &arguments.column, "--column"),
        (key("format"), &arguments.format, "--format"),
        ("crystal.space_group".to_owned(), &arguments.space_group, "--space-group"),
    ] {
        if let Some(text) = text {
            description.insert(&name, text.as_str(), flag(option))?;
        }
    }
    if arguments.no_solvent {
        description.insert(&key("solvent"), false, flag("--no-solvent"))?;
    }
    if arguments.wilson {
        description.insert(&key("synthetic"), "wilson", flag("--wilson"))?;
    }
    if let Some(cell) = &arguments.cell {
        description.insert("crystal.cell", cell.as_slice(), flag("--cell"))?;
    }
    Ok(description)
}

/// The formats that are written.
#[derive(Clone, Copy)]
enum OutputFormat {
    Text,
    CrystFel,
    Mtz,
    Fdump,
}

impl OutputFormat {
    fn of(path: &Path, hkl: HklFormat) -> bragg::Result<Self> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("hkl" | "txt") if hkl == HklFormat::Crystfel => Ok(Self::CrystFel),
            Some("hkl" | "txt") => Ok(Self::Text),
            Some("mtz") => Ok(Self::Mtz),
            Some("bin") => Ok(Self::Fdump),
            _ => {
                let what = "cannot be written: structure factors go to .hkl (lines h k l F), .mtz, or .bin (nanoBragg's Fdump.bin)";
                Err(Error::file(path, None, what))
            }
        }
    }
}

fn write(arguments: &Sf, amplitudes: &Amplitudes) -> bragg::Result<()> {
    let mut files = atomic::Together::default();
    let reflections = &amplitudes.reflections;
    for path in &arguments.output {
        match OutputFormat::of(path, arguments.hkl_format)? {
            OutputFormat::CrystFel => files.add(path, |out| crystfel::write(reflections, out))?,
            OutputFormat::Text => files.add(path, |out| hkl::write(&reflections.list, out))?,
            OutputFormat::Mtz => {
                let missing =
                    |what: &str| Error::file(path, None, format!("cannot be written: an MTZ file needs {what}"));
                let cell = amplitudes.cell.ok_or_else(|| missing("the unit cell (--cell)"))?;
                let space_group = space_group(amplitudes)
                    .map_err(|error| missing(&format!("a space group with a name: {}", error.into_what())))?;
                let content = mtz::StructureFactors {
                    title: "bragg sf",
                    cell,
                    space_group: &space_group,
                    wavelength: amplitudes.wavelength.unwrap_or(0.0),
                    values: mtz::Values::Amplitudes(&reflections.list),
                    anomalous: amplitudes.wavelength.is_some(),
                };
                files.add(path, |out| mtz::write(&content, out))?;
            }
            OutputFormat::Fdump => {
                let grid = AmplitudeGrid::from_reflections(reflections, 0.0)?;
                files.add(path, |out| fdump::write(&grid, out))?;
            }
        }
    }
    files.commit()
}

/// The space group of the list; P 1 where it has none.
fn space_group(amplitudes: &Amplitudes) -> bragg::Result<SpaceGroup> {
    match &amplitudes.reflections.symmetry[..] {
        [] => SpaceGroup::parse("P 1"),
        operators => SpaceGroup::from_operators(operators),
    }
}

/// The amplitudes by shells of resolution.
fn table(amplitudes: &Amplitudes) -> bragg::Result<String> {
    let Amplitudes { reflections, cell, .. } = amplitudes;
    let refuse = |what| Error::file(&reflections.source, None, what);
    let mut text = String::new();
    // writing to a String cannot fail
    let unnamed = || format!("{} symmetry operators", reflections.symmetry.len());
    let group = space_group(amplitudes).map_or_else(|_| unnamed(), |group| group.name);
    let f_000 = reflections.list.iter().rev().find(|(hkl, _)| *hkl == [0; 3]).map(|(_, f)| *f);
    let f_000 = f_000.map_or("not listed".to_owned(), |f| format!("{f:.1} electrons"));
    let Some(cell) = *cell else {
        let n = reflections.list.len();
        let _ = writeln!(
            text,
            "{n} reflections, {group}; no unit cell, so no resolutions (--cell gives it); F(000) {f_000}"
        );
        return Ok(text);
    };
    let in_words = cell.map(|value| format!("{}", (value * 1e4).round() / 1e4)).join(" ");
    let _ = writeln!(text, "{group}, cell {in_words}; counts are in P1, Friedel mates apart\n");
    let _ = writeln!(text, "   resolution (Å)   reflections    possible  complete       <F>         <F²>");
    let shells = reflections.shells(cell, SHELLS).map_err(refuse)?;
    let mut row = |name: String, possible: u64, listed: u64, f: f64, f_squared: f64| {
        let complete = 100.0 * listed as f64 / possible.max(1) as f64;
        let _ =
            writeln!(text, "{name:>17}  {listed:>12}  {possible:>10}  {complete:>6.1} %  {f:>8.2}  {f_squared:>11.1}");
    };
    let mut total = (0, 0, 0.0, 0.0);
    for shell in &shells {
        let name = format!("{:.2} - {:.2}", shell.d_max, shell.d_min);
        row(name, shell.possible, shell.listed, shell.mean_f, shell.mean_f_squared);
        let n = shell.listed as f64;
        total = (
            total.0 + shell.possible,
            total.1 + shell.listed,
            total.2 + n * shell.mean_f,
            total.3 + n * shell.mean_f_squared,
        );
    }
    let n = (total.1 as f64).max(1.0);
    row("all".to_owned(), total.0, total.1, total.2 / n, total.3 / n);
    let _ = writeln!(text, "\nF(000) {f_000}");
    Ok(text)
}
