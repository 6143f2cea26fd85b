//! `bragg orient`: orientation matrices from a cell and angles, or from chance.

use crate::arguments::Orient;
use crate::commands::sf;
use crate::images;
use crate::messages::{Messages, print};
use bragg::Error;
use bragg::description::quantity::{self, Unit};
use bragg::experiment::UnitCell;
use bragg::io::{atomic, mosflm_matrix};
use bragg::math::{Mat3, Vec3};
use bragg::random::keyed::{Purpose, stream, uniform_rotation};
use bragg::units::EV_ANGSTROM;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

pub(crate) fn run(arguments: &Orient) -> anyhow::Result<()> {
    let messages = Messages { quiet: arguments.quiet };
    let cell = cell(arguments)?;
    let files = files(arguments)?;
    let wavelength = wavelength(arguments)?;
    let mut text = String::new();
    let mut contents = Vec::new();
    for i in 0..arguments.count {
        let rotation = if arguments.random {
            uniform_rotation(&mut stream(arguments.seed, u64::from(i), Purpose::Orientation))
        } else {
            of_angles(arguments.misset.as_deref())?
        };
        let basis = cell.basis().0.map(|row| rotation.apply(row));
        let reciprocal = Mat3::from_rows(basis).reciprocal_rows();
        let origin =
            if arguments.random { format!("seed {}, number {i}", arguments.seed) } else { "misset".to_owned() };
        describe(&mut text, &cell, &rotation, &reciprocal, &origin);
        if let Some(wavelength) = wavelength {
            contents.push(mosflm_matrix::text(&reciprocal, cell.parameters(), wavelength));
        }
    }
    let mut written = atomic::Together::default();
    for (file, content) in files.iter().zip(&contents) {
        written.add(file, |out| out.write_all(content.as_bytes()))?;
    }
    written.commit()?;
    print(text.as_bytes())?;
    match &files[..] {
        [] => {}
        [file] => messages.done(format_args!("wrote {}", file.display())),
        [first, .., last] => messages.done(format_args!("wrote {} to {}", first.display(), last.display())),
    }
    Ok(())
}

/// The cell that was given, or that of the file.
fn cell(arguments: &Orient) -> bragg::Result<UnitCell> {
    match (&arguments.cell, &arguments.input) {
        (Some(numbers), _) => {
            let list: Vec<f64> = numbers.clone();
            let cell = match list[..] {
                [a] => [a, a, a, 90.0, 90.0, 90.0],
                [a, b, c] => [a, b, c, 90.0, 90.0, 90.0],
                [a, b, c, alpha, beta, gamma] => [a, b, c, alpha, beta, gamma],
                _ => {
                    let what = format!("has {} numbers; it takes a, or a b c, or a b c alpha beta gamma", list.len());
                    return Err(Error::setting("--cell", what));
                }
            };
            UnitCell::new(cell).map_err(|what| Error::setting("--cell", what))
        }
        (None, Some(path)) => {
            let cell = sf::cell_of_file(path)?;
            cell.ok_or_else(|| {
                Error::file(path, None, "there is no unit cell in it; give --cell A B C ALPHA BETA GAMMA")
            })
        }
        (None, None) => Err(Error::setting("--cell", "is missing: give it, or a file that has the cell")),
    }
}

fn of_angles(misset: Option<&[f64]>) -> bragg::Result<Mat3> {
    let angles: [f64; 3] = misset.unwrap_or(&[0.0; 3]).try_into().unwrap_or_default();
    if angles.iter().any(|angle| !angle.is_finite()) {
        return Err(Error::setting("--misset", format!("is {angles:?}; it must be three angles in degrees")));
    }
    let radians = angles.map(f64::to_radians);
    Ok(Mat3::from_rows(Mat3::IDENTITY.0.map(|axis| axis.rotated_xyz(radians))).transposed())
}

/// The wavelength (Å) that a MOSFLM matrix is multiplied by.
fn wavelength(arguments: &Orient) -> bragg::Result<Option<f64>> {
    let quantity = |flag: &str, text: &str, unit: Unit| {
        let value = text.parse().map_or_else(|_| quantity::parse(text, unit), Ok);
        let value = value.map_err(|what| Error::setting(flag, format!("is {what}")))?;
        if value.is_finite() && value > 0.0 {
            Ok(value)
        } else {
            Err(Error::setting(flag, format!("is {value}; it must be {}, greater than 0", unit.allowed())))
        }
    };
    Ok(match (&arguments.wavelength, &arguments.energy) {
        (Some(text), _) => Some(quantity("--wavelength", text, Unit::Angstrom)?),
        (None, Some(text)) => Some(EV_ANGSTROM / quantity("--energy", text, Unit::Ev)?),
        (None, None) if arguments.output.is_some() => {
            let what = "is missing: a MOSFLM matrix is multiplied by the wavelength; give it, or --energy";
            return Err(Error::setting("--wavelength", what));
        }
        (None, None) => None,
    })
}

/// The files to write: for several orientations, numbered from 1.
fn files(arguments: &Orient) -> bragg::Result<Vec<PathBuf>> {
    let Some(output) = &arguments.output else { return Ok(Vec::new()) };
    if output.extension().is_none_or(|extension| extension != "mat") {
        return Err(Error::file(
            output,
            None,
            "is no name for a MOSFLM matrix, the one format there is; end it in .mat",
        ));
    }
    let width = arguments.count.to_string().len().max(3);
    let numbered = |i: u32| {
        let stem = output.file_stem().unwrap_or_default().to_string_lossy();
        output.with_file_name(format!("{stem}_{i:0width$}.mat"))
    };
    let files: Vec<PathBuf> =
        if arguments.count == 1 { vec![output.clone()] } else { (1..=arguments.count).map(numbered).collect() };
    files.iter().try_for_each(|file| atomic::check(file))?;
    let inputs: Vec<&Path> = arguments.input.as_deref().into_iter().collect();
    images::check_apart(&files, &inputs)?;
    Ok(files)
}

/// An orientation as lines of an experiment file: `a_matrix`, and the other ways to say the same as comments.
fn describe(text: &mut String, cell: &UnitCell, rotation: &Mat3, reciprocal: &Mat3, origin: &str) {
    let matrix = |matrix: &Mat3| {
        let rows: Vec<_> = matrix.0.iter().map(|Vec3([x, y, z])| format!("[{x:.12}, {y:.12}, {z:.12}]")).collect();
        format!("[{}]", rows.join(", "))
    };
    let [x, y, z] = rotation.xyz_angles().map(f64::to_degrees);
    let cell = cell.parameters().map(|value| value.to_string()).join(", ");
    // writing to a String cannot fail
    let _ = writeln!(text, "[crystal] # {origin}; cell [{cell}]");
    let _ = writeln!(text, "a_matrix = {} # 1/Å, columns a*, b*, c*", matrix(&reciprocal.transposed()));
    let _ = writeln!(text, "# u_matrix = {}", matrix(rotation));
    let _ = writeln!(text, "# misset = [{x:.6}, {y:.6}, {z:.6}] # degrees about x, then y, then z");
}
