//! `bragg orient`: orientation matrices from a cell and angles, or from chance.

use crate::arguments::Orient;
use crate::commands::sf;
use crate::messages::{Messages, print};
use crate::{images, interrupt};
use bragg::Error;
use bragg::experiment::UnitCell;
use bragg::math::{Mat3, Vec3};
use bragg::random::keyed::{Purpose, stream, uniform_rotation};
use bragg::units::EV_ANGSTROM;
use bragg_io::description::quantity::{self, Unit};
use bragg_io::formats::{atomic, mosflm_matrix};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

pub(crate) fn run(arguments: &Orient) -> anyhow::Result<()> {
    let messages = Messages { quiet: arguments.quiet };
    let orientations =
        Orientations { arguments, cell: cell(arguments)?, misset: of_angles(arguments.misset.as_deref())? };
    let wavelength = wavelength(arguments)?;
    if let Some(output) = arguments.output.as_deref().filter(|path| path.extension().is_none_or(|end| end != "mat")) {
        let what = "is no name for a MOSFLM matrix, the one format there is; end it in .mat";
        return Err(Error::file(output, None, what).into());
    }
    if let (Some(output), Some(wavelength)) = (&arguments.output, wavelength) {
        write(&orientations, output, wavelength, messages)?;
    }
    let mut text = String::new();
    for i in 0..arguments.count {
        orientations.describe(i, &mut text);
        if text.len() > PIECE || i + 1 == arguments.count {
            print(text.as_bytes())?;
            text.clear();
        }
    }
    Ok(())
}

/// Bytes that are printed at a time.
const PIECE: usize = 1 << 16;

/// What is asked for, of which any can be made by its number.
struct Orientations<'a> {
    arguments: &'a Orient,
    cell: UnitCell,
    /// The rotation where chance has no part.
    misset: Mat3,
}

impl Orientations<'_> {
    fn rotation(&self, i: u32) -> Mat3 {
        if self.arguments.random {
            uniform_rotation(&mut stream(self.arguments.seed, u64::from(i), Purpose::Orientation))
        } else {
            self.misset
        }
    }

    /// The reciprocal axes (1/Å) by rows.
    fn reciprocal(&self, rotation: &Mat3) -> Mat3 {
        Mat3::from_rows(self.cell.basis().0.map(|row| rotation.apply(row))).reciprocal_rows()
    }

    /// An orientation as lines of an experiment file: `a_matrix`, and the other ways to say the same as comments.
    fn describe(&self, i: u32, text: &mut String) {
        let rotation = self.rotation(i);
        let Orient { random, seed, .. } = self.arguments;
        let origin = if *random { format!("seed {seed}, number {i}") } else { "misset".to_owned() };
        let matrix = |matrix: &Mat3| {
            let rows: Vec<_> = matrix.0.iter().map(|Vec3([x, y, z])| format!("[{x:.12}, {y:.12}, {z:.12}]")).collect();
            format!("[{}]", rows.join(", "))
        };
        let [x, y, z] = rotation.xyz_angles().map(f64::to_degrees);
        let cell = self.cell.parameters().map(|value| value.to_string()).join(", ");
        // writing to a String cannot fail
        let _ = writeln!(text, "[crystal] # {origin}; cell [{cell}]");
        let reciprocal = self.reciprocal(&rotation);
        let _ = writeln!(text, "a_matrix = {} # 1/Å, columns a*, b*, c*", matrix(&reciprocal.transposed()));
        let _ = writeln!(text, "# u_matrix = {}", matrix(&rotation));
        let _ = writeln!(text, "# misset = [{x:.6}, {y:.6}, {z:.6}] # degrees about x, then y, then z");
    }
}

/// Writes the matrices, one file after the other: the system has a limit on the number of open ones.
fn write(orientations: &Orientations, output: &Path, wavelength: f64, messages: Messages) -> anyhow::Result<()> {
    let arguments = orientations.arguments;
    let file = |i: u32| file(output, arguments.count, i);
    let input = arguments.input.as_slice();
    for i in 0..arguments.count {
        // those that are there can be written, or nothing is
        let file = file(i);
        if i == 0 || file.exists() {
            atomic::check(&file)?;
        }
        let inputs: Vec<&Path> = input.iter().map(PathBuf::as_path).collect();
        images::check_apart(&[file], &inputs)?;
        stop_if_requested()?;
    }
    for i in 0..arguments.count {
        let reciprocal = orientations.reciprocal(&orientations.rotation(i));
        let text = mosflm_matrix::text(&reciprocal, orientations.cell.parameters(), wavelength);
        atomic::write(&file(i), |out| out.write_all(text.as_bytes()))?;
        stop_if_requested()?;
    }
    let (first, last) = (file(0), file(arguments.count - 1));
    if first == last {
        messages.done(format_args!("wrote {}", first.display()));
    } else {
        messages.done(format_args!("wrote {} to {}", first.display(), last.display()));
    }
    Ok(())
}

fn stop_if_requested() -> bragg::Result<()> {
    if interrupt::requested() { Err(Error::Interrupted) } else { Ok(()) }
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

/// The file of an orientation: of several, numbered from 1.
fn file(output: &Path, count: u32, i: u32) -> PathBuf {
    if count == 1 {
        return output.to_owned();
    }
    let width = count.to_string().len().max(3);
    let stem = output.file_stem().unwrap_or_default().to_string_lossy();
    output.with_file_name(format!("{stem}_{:0width$}.mat", i + 1))
}
