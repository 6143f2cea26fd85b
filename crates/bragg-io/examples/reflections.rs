//! Amplitudes in P1 from any file of reflections: `reflections FILE [column=…] [group=…] [cell=a,b,c,α,β,γ] [out=FILE.mtz]` prints
//! `h k l F`, or writes the asymmetric unit as MTZ; what was done on the way goes to the standard error.

#![expect(clippy::disallowed_methods, reason = "a program has arguments and prints")]

use bragg::symmetry::SpaceGroup;
use bragg_io::formats::reflections::{ReadOptions, ReflectionFormat, read_with};
use bragg_io::formats::{atomic, hkl, mtz};
use std::io::Write;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let path = Path::new(words.first().ok_or("name a file")?);
    let of = |key: &str| words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
    let cell = match of("cell") {
        Some(text) => {
            let numbers: Vec<f64> = text.split(',').map(str::parse).collect::<Result<_, _>>()?;
            Some(<[f64; 6]>::try_from(numbers).map_err(|_| "a cell has six numbers")?)
        }
        None => None,
    };
    let options = ReadOptions { column: of("column"), cell, space_group: of("group") };
    let (reflections, report) = read_with(path, ReflectionFormat::from_path(path)?, &options)?;
    for sentence in report.sentences() {
        writeln!(std::io::stderr(), "{sentence}")?;
    }
    let Some(out) = of("out") else {
        let mut stdout = std::io::BufWriter::new(std::io::stdout().lock());
        hkl::write(&reflections.list, &mut stdout)?;
        return Ok(stdout.flush()?);
    };
    let content = mtz::StructureFactors {
        title: "an example",
        cell: reflections.cell.ok_or("MTZ needs a cell")?,
        space_group: &SpaceGroup::from_operators(&reflections.symmetry)?,
        wavelength: 0.9793,
        values: mtz::Values::Amplitudes(&reflections.list),
        anomalous: true,
    };
    Ok(atomic::write(Path::new(out), |file| mtz::write(&content, file))?)
}
