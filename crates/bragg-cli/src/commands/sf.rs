//! `bragg sf`: structure factors from what there is, in the formats that programs read.

use crate::arguments::Sf;
use crate::cache::cache;
use crate::images;
use crate::messages::{Messages, print};
use crate::render::on_threads;
use bragg::Error;
use bragg::description::{self, Amplitudes, Description, Origin};
use bragg::experiment::UnitCell;
use bragg::io::{atomic, coordinates, fdump, hkl, reflections};
use bragg::reflections::{AmplitudeGrid, Reflections};
use bragg::symmetry::SpaceGroup;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The shells of the table.
const SHELLS: usize = 10;

pub(crate) fn run(arguments: &Sf) -> anyhow::Result<()> {
    let messages = Messages { quiet: arguments.quiet };
    let inputs: Vec<&Path> = [&arguments.input, &arguments.fill_file].into_iter().flatten().map(PathBuf::as_path).collect();
    images::check_apart(&arguments.output, &inputs)?;
    for output in &arguments.output {
        OutputFormat::of(output)?;
        atomic::check(output)?;
    }
    let description = describe(arguments)?;
    let cache = cache(!arguments.no_cache);
    let amplitudes = on_threads(0, || description::resolve_amplitudes(description, cache.as_ref()))??;
    amplitudes.notices.iter().for_each(|notice| messages.note(notice));
    let table = table(&amplitudes)?;
    write(&arguments.output, &amplitudes)?;
    print(table.as_bytes())?;
    if !arguments.output.is_empty() {
        let names: Vec<_> = arguments.output.iter().map(|path| path.display().to_string()).collect();
        messages.done(format_args!("wrote {}", names.join(", ")));
    }
    Ok(())
}

/// The cell of a file of coordinates or structure factors.
pub(crate) fn cell_of_file(path: &Path) -> bragg::Result<Option<UnitCell>> {
    let mut description = Description::new();
    description.insert("crystal.structure_factors.file", path.to_owned(), Origin::Default)?;
    description::resolve_cell(description)
}
