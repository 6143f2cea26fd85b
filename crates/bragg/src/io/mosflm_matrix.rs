//! MOSFLM matrix files: the orientation matrix A times the wavelength, then numbers that are not needed here.

use super::bounded::read_text;
use crate::error::{Error, Result};
use crate::math::{Mat3, Vec3};
use std::path::Path;

const MAX_BYTES: u64 = 1 << 20;

/// The first nine numbers of the file by rows: the columns are a*, b*, c* times the wavelength, in MOSFLM's laboratory frame (x along
/// the beam, z along the spindle).
///
/// # Errors
/// The file cannot be read, has something else than nine finite numbers at its start, or a matrix without volume.
pub fn read(path: &Path) -> Result<Mat3> {
    let text = read_text(path, MAX_BYTES)?;
    let mut numbers = [0.0; 9];
    let mut words =
        text.lines().enumerate().flat_map(|(i, line)| line.split_whitespace().map(move |word| (i + 1, word)));
    for (n, number) in numbers.iter_mut().enumerate() {
        let (line, word) = words.next().ok_or_else(|| {
            Error::file(
                path,
                None,
                format!("has {n} numbers; a MOSFLM matrix begins with nine, three rows of A times the wavelength"),
            )
        })?;
        *number = word.parse().ok().filter(|x: &f64| x.is_finite()).ok_or_else(|| {
            Error::file(
                path,
                line,
                format!(
                    "{word:?} is not a number; a MOSFLM matrix begins with nine, three rows of A times the wavelength"
                ),
            )
        })?;
    }
    let [xa, xb, xc, ya, yb, yc, za, zb, zc] = numbers;
    let matrix = Mat3::from_rows([Vec3::new(xa, xb, xc), Vec3::new(ya, yb, yc), Vec3::new(za, zb, zc)]);
    if matrix.determinant() == 0.0 {
        return Err(Error::file(path, None, "its matrix has no volume: a*, b* and c* lie in a plane"));
    }
    Ok(matrix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_nine_numbers_are_the_matrix() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("A.mat");
        let with = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&path).map_err(|e| e.to_string())
        };
        let matrix = with("  0.01 0.002 -3e-3\n0 0.02 0\n 0 0 0.03\n  0.000 0.000 0.000\n 1 0 0").unwrap();
        assert_eq!(matrix.0[0], Vec3::new(0.01, 0.002, -0.003));
        assert_eq!(matrix.0[2], Vec3::new(0.0, 0.0, 0.03));
        assert!(with("1 2 3\n4 x 6").unwrap_err().contains("A.mat:2: \"x\" is not a number"));
        assert!(with("1 2 nan").unwrap_err().contains("A.mat:1"));
        assert!(with("1 2 3 4").unwrap_err().contains("has 4 numbers"));
        assert!(with("1 2 3 2 4 6 0 0 1").unwrap_err().contains("no volume"));
    }
}
