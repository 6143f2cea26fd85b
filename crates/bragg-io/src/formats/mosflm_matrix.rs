//! MOSFLM matrix files: the orientation matrix A times the wavelength, then numbers that are not needed here.

use super::bounded::read_text;
use bragg::error::{Error, Result};
use bragg::math::{Mat3, Vec3};
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

/// A vector of the laboratory frame (imgCIF: x along the spindle, z to the source) from MOSFLM's.
#[must_use]
pub fn lab_from_mosflm(v: Vec3) -> Vec3 {
    Vec3::new(v[2], v[1], -v[0])
}

/// A vector of MOSFLM's frame from the laboratory frame.
#[must_use]
pub fn mosflm_from_lab(v: Vec3) -> Vec3 {
    Vec3::new(-v[2], v[1], v[0])
}

/// The text of a matrix file for reciprocal axes a*, b*, c* (rows, 1/Å, laboratory frame): A times the wavelength (Å), no missets, U, the
/// cell (a, b, c in Å, α, β, γ in deg), no missets. U = A·B⁻¹ with B after Busing & Levy, Acta Cryst. 22 (1967) 457: a* along x, b* in
/// the xy plane.
#[must_use]
pub fn text(reciprocal: &Mat3, cell: [f64; 6], wavelength: f64) -> String {
    let axes = reciprocal.0.map(mosflm_from_lab);
    let [a, b, _] = axes;
    let x = a.unit();
    let z = a.cross(b).unit();
    let u = Mat3::from_rows([x, z.cross(x), z]).transposed();
    let matrix = Mat3::from_rows(axes.map(|axis| axis * wavelength)).transposed();
    let rows = |matrix: &Mat3| -> String {
        matrix.0.iter().map(|Vec3([x, y, z])| format!("{x:12.8}{y:12.8}{z:12.8}\n")).collect()
    };
    let no_missets = format!("{0:12.3}{0:12.3}{0:12.3}\n", 0.0);
    let cell: String = cell.iter().map(|value| format!("{value:12.4}")).collect();
    format!("{}{no_missets}{}{cell}\n{no_missets}", rows(&matrix), rows(&u))
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

    #[test]
    fn what_is_written_is_read_and_u_turns_the_axes() {
        let reciprocal = Mat3::from_rows([
            Vec3::new(0.011, 0.002, -0.001),
            Vec3::new(-0.003, 0.018, 0.004),
            Vec3::new(0.001, -0.002, 0.026),
        ]);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("A.mat");
        let written = text(&reciprocal, [90.0, 55.0, 38.0, 85.0, 95.0, 100.0], 0.98);
        std::fs::write(&path, &written).unwrap();
        let columns = read(&path).unwrap().transposed();
        for (axis, expected) in columns.0.into_iter().zip(reciprocal.0) {
            assert!((lab_from_mosflm(axis) * (1.0 / 0.98) - expected).norm() < 1e-8);
        }
        let lines: Vec<Vec<f64>> =
            written.lines().map(|line| line.split_whitespace().map(|word| word.parse().unwrap()).collect()).collect();
        assert_eq!(lines.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 3, 3, 3, 3, 3, 6, 3]);
        // the first column of U is the direction of a*, the third that of c
        let u: Vec<Vec3> = (0..3).map(|j| Vec3::new(lines[4][j], lines[5][j], lines[6][j])).collect();
        assert!((u[0] - mosflm_from_lab(reciprocal.0[0]).unit()).norm() < 1e-7);
        let c = reciprocal.0[0].cross(reciprocal.0[1]);
        assert!((u[2] - mosflm_from_lab(c).unit()).norm() < 1e-7);
        assert!((u[0].cross(u[1]) - u[2]).norm() < 1e-7);
    }
}
