//! Operators as triplets such as `-y+1/2,x+1/2,z+3/4`.

use super::Operator;
use std::fmt;
use std::str::FromStr;

const AXES: [char; 3] = ['x', 'y', 'z'];

/// Every space group has an operator with small whole coefficients in any cell that people use; the limit keeps products
/// of operators far from overflow.
pub(super) const MAX_COEFFICIENT: f64 = 12.0;

/// Translations beyond this many cells are not operators but damage.
const MAX_CELLS: f64 = 100.0;

impl FromStr for Operator {
    type Err = String;

    /// Reads a triplet as MTZ and CIF files write them: `X,  Y,  Z`, `-y+1/2, x+1/2, z+3/4`, `1/2-X,0.25+y,-z`. The
    /// translation is reduced to one cell.
    fn from_str(text: &str) -> Result<Self, String> {
        let refuse =
            |what: String| format!("`{}` is not a symmetry operator such as `-y+1/2,x+1/2,z+3/4`: {what}", text.trim());
        let parts: Vec<&str> = text.split(',').collect();
        if parts.len() != 3 {
            return Err(refuse(format!("it has {} parts between commas, not 3", parts.len())));
        }
        let mut operator = Self { rotation: [[0; 3]; 3], translation: [0; 3] };
        for (i, part) in parts.into_iter().enumerate() {
            (operator.rotation[i], operator.translation[i]) = parse_row(part).map_err(refuse)?;
        }
        match operator.determinant() {
            1 | -1 => Ok(operator),
            other => Err(refuse(format!("it changes the volume of the cell by a factor of {other}"))),
        }
    }
}

/// Reads one coordinate of a triplet: a row of R and its translation in 1/24.
fn parse_row(part: &str) -> Result<([i32; 3], i32), String> {
    let (row, shift) = parse_sum(part, AXES)?;
    let mut rotation = [0; 3];
    for (entry, value) in rotation.iter_mut().zip(row) {
        if value.fract() != 0.0 || value.abs() > MAX_COEFFICIENT {
            return Err(format!("the coefficient {value} is not a small whole number"));
        }
        *entry = value as i32;
    }
    Ok((rotation, to_twentyfourths(shift)?))
}

/// Reads a sum of multiples of three axes and numbers: the factors of the axes and the number.
pub(super) fn parse_sum(part: &str, axes: [char; 3]) -> Result<([f64; 3], f64), String> {
    let chars: Vec<char> = part.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
    let mut rest = chars.as_slice();
    if rest.is_empty() {
        return Err("a part is empty".into());
    }
    let mut row = [0.0; 3];
    let mut shift = 0.0;
    let mut first = true;
    while let Some(&c) = rest.first() {
        let sign = match c {
            '+' => 1.0,
            '-' => -1.0,
            _ if first => 1.0,
            _ => return Err(format!("`{c}` stands where + or - is expected")),
        };
        if matches!(c, '+' | '-') {
            rest = &rest[1..];
        }
        first = false;
        let (value, axis) = parse_term(&mut rest, axes)?;
        match axis {
            Some(axis) => row[axis] += sign * value,
            None => shift += sign * value,
        }
    }
    Ok((row, shift))
}

/// Takes one term without its sign off the front: `x`, `1/2`, `0.25`, `2x`, `2*x`.
fn parse_term(rest: &mut &[char], axes: [char; 3]) -> Result<(f64, Option<usize>), String> {
    let number = take_number(rest)?;
    let mut value = number.unwrap_or(1.0);
    if number.is_some() && rest.first() == Some(&'/') {
        *rest = &rest[1..];
        value /= take_number(rest)?.ok_or("a number must follow `/`")?;
    }
    let product = number.is_some() && rest.first() == Some(&'*');
    if product {
        *rest = &rest[1..];
    }
    let axis = rest.first().and_then(|c| axes.iter().position(|axis| axis == c));
    if axis.is_some() {
        *rest = &rest[1..];
    } else if number.is_none() || product {
        let found = rest.first().map_or("the end".to_owned(), |c| format!("`{c}`"));
        let [x, y, z] = axes;
        return Err(format!("{found} stands where {x}, {y}, {z} or a number is expected"));
    }
    Ok((value, axis))
}

/// Takes the digits and decimal point at the front, if there are any.
fn take_number(rest: &mut &[char]) -> Result<Option<f64>, String> {
    let length = rest.iter().take_while(|c| c.is_ascii_digit() || **c == '.').count();
    if length == 0 {
        return Ok(None);
    }
    let digits: String = rest[..length].iter().collect();
    *rest = &rest[length..];
    digits.parse().map(Some).map_err(|_| format!("`{digits}` is not a number"))
}

/// A translation in units of the cell to 1/24, within one cell. Decimals may be cut to two figures (0.33 for 1/3).
fn to_twentyfourths(shift: f64) -> Result<i32, String> {
    let scaled = shift * f64::from(Operator::DENOMINATOR);
    let nearest = scaled.round();
    if shift.is_finite() && shift.abs() <= MAX_CELLS && (scaled - nearest).abs() <= 0.1 {
        Ok((nearest as i32).rem_euclid(Operator::DENOMINATOR))
    } else {
        Err(format!("the translation {shift} is not a multiple of 1/24 of the cell"))
    }
}

impl fmt::Display for Operator {
    /// Writes a triplet as CIF does: `-y+1/2,x+1/2,z+3/4`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (row, &shift)) in self.rotation.iter().zip(&self.translation).enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            let mut first = true;
            for (&coefficient, axis) in row.iter().zip(AXES) {
                match coefficient {
                    0 => continue,
                    1 if first => write!(f, "{axis}")?,
                    1 => write!(f, "+{axis}")?,
                    -1 => write!(f, "-{axis}")?,
                    _ if first => write!(f, "{coefficient}{axis}")?,
                    _ => write!(f, "{coefficient:+}{axis}")?,
                }
                first = false;
            }
            if shift != 0 {
                let divisor = (1..=Self::DENOMINATOR).rev().find(|d| shift % d == 0 && Self::DENOMINATOR % d == 0);
                let divisor = divisor.unwrap_or(1);
                let sign = if first && shift > 0 {
                    ""
                } else if shift > 0 {
                    "+"
                } else {
                    "-"
                };
                write!(f, "{sign}{}", shift.unsigned_abs() / divisor.unsigned_abs())?;
                if Self::DENOMINATOR != divisor {
                    write!(f, "/{}", Self::DENOMINATOR / divisor)?;
                }
            } else if first {
                f.write_str("0")?;
            }
        }
        Ok(())
    }
}
