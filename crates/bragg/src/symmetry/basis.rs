//! Changes of the cell and of the origin.
//!
//! New coordinates are x' = Q·x + s, so an operator W becomes Q·W·Q⁻¹ (International Tables A, 2016, section 1.5.2, where
//! Q = P⁻¹ and s = −P⁻¹·p).

use super::hall::generate;
use super::{MAX_COEFFICIENT, Operator, parse_sum};
use std::collections::HashSet;
use std::fmt;

/// A change of coordinates x' = Q·x + s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Affine {
    /// Q, row by row.
    matrix: [[f64; 3]; 3],
    /// s, in units of the new edges.
    shift: [f64; 3],
}

const IDENTITY: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// Whole numbers and multiples of 1/24 are told from others by this much: far above rounding, far below 1/24.
const ROUNDING: f64 = 1e-6;

impl Affine {
    /// A shift of the coordinates by s (fractions of the cell).
    pub(super) fn shift(shift: [f64; 3]) -> Self {
        Self { matrix: IDENTITY, shift }
    }

    /// A shift as Hall symbols write it: `0 0 1`, in twelfths.
    pub(super) fn shift_in_twelfths(text: &str) -> Result<Self, String> {
        let numbers: Vec<i8> = text.split_whitespace().map_while(|word| word.parse().ok()).collect();
        match (numbers[..].try_into(), text.split_whitespace().count()) {
            (Ok(twelfths), 3) => Ok(Self::shift(<[i8; 3]>::map(twelfths, |n| f64::from(n) / 12.0))),
            _ => Err(format!("the shift ({text}) is not three whole numbers of twelfths")),
        }
    }

    /// New coordinates from old ones: `x-y,x+y,z+1/4`.
    pub(super) fn from_xyz(text: &str) -> Result<Self, String> {
        let (matrix, shift) = rows(text, ['x', 'y', 'z'])?;
        let change = Self { matrix, shift };
        change.inverse_matrix()?;
        Ok(change)
    }

    /// New edges from old ones, and after a semicolon the new origin: `a-b,a+b,c;1/4,0,0` (International Tables A, 2016, section
    /// 1.5.1): (a', b', c') = (a, b, c)·P, origin at p.
    pub(super) fn from_abc(text: &str) -> Result<Self, String> {
        let (edges, origin) = text.split_once(';').unwrap_or((text, "0,0,0"));
        let (columns, in_row) = rows(edges, ['a', 'b', 'c'])?;
        if in_row != [0.0; 3] {
            return Err(format!("the change of basis ({text}) must have its shift of origin behind `;`"));
        }
        let (none, p) = rows(origin, ['a', 'b', 'c'])?;
        if none != [[0.0; 3]; 3] {
            return Err(format!("the origin `{origin}` is not three numbers between commas"));
        }
        let p_matrix = [0, 1, 2].map(|i| [0, 1, 2].map(|j| columns[j][i]));
        let matrix = Self { matrix: p_matrix, shift: [0.0; 3] }.inverse_matrix()?;
        Ok(Self { matrix, shift: times(&matrix, p).map(|s| -s) })
    }

    /// This change after another one.
    pub(super) fn after(&self, first: &Self) -> Self {
        let moved = times(&self.matrix, first.shift);
        Self { matrix: product(&self.matrix, &first.matrix), shift: [0, 1, 2].map(|i| moved[i] + self.shift[i]) }
    }

    /// Whether it turns a right-handed basis into a left-handed one.
    pub(super) fn changes_hand(&self) -> bool {
        determinant(&self.matrix) < 0.0
    }

    /// A group's operators in the new coordinates, with the lattice translations that a larger cell holds.
    pub(super) fn transform(&self, operators: &[Operator]) -> Result<Vec<Operator>, String> {
        let back = self.inverse_matrix()?;
        let translations: HashSet<[i32; 3]> =
            operators.iter().filter(|o| o.rotation == Operator::IDENTITY.rotation).map(|o| o.translation).collect();
        let mut generators = Vec::new();
        let column = |m: &[[f64; 3]; 3], j: usize| [m[0][j], m[1][j], m[2][j]];
        for axis in 0..3 {
            let new_edge = twentyfourths(column(&back, axis));
            if !new_edge.is_some_and(|edge| edge == [0; 3] || translations.contains(&edge)) {
                return Err(format!("the edges of the cell after ({self}) are not translations of the lattice"));
            }
            generators.push((IDENTITY, column(&self.matrix, axis)));
        }
        for operator in operators {
            let rotation = product(&product(&self.matrix, &operator.rotation.map(|row| row.map(f64::from))), &back);
            let moved = times(&self.matrix, operator.translation.map(|t| f64::from(t) / 24.0));
            let turned = times(&rotation, self.shift);
            generators.push((rotation, [0, 1, 2].map(|i| moved[i] + self.shift[i] - turned[i])));
        }
        let operator = |(rotation, shift): &([[f64; 3]; 3], [f64; 3])| {
            let fits = |value: f64| (value - value.round()).abs() < ROUNDING && value.abs() < 2.0 * MAX_COEFFICIENT;
            let rotation = rotation.iter().flatten().all(|value| fits(*value)).then_some(rotation)?;
            Some(Operator {
                rotation: rotation.map(|row| row.map(|value| value.round() as i32)),
                translation: twentyfourths(*shift)?,
            })
        };
        let refuse =
            || format!("the operators after ({self}) have translations that are not multiples of 1/24 of the cell");
        let mut seen = HashSet::new();
        let mut list = generators.iter().map(operator).collect::<Option<Vec<_>>>().ok_or_else(refuse)?;
        list.retain(|operator| seen.insert(*operator));
        generate(&list)
    }

    fn inverse_matrix(&self) -> Result<[[f64; 3]; 3], String> {
        let m = &self.matrix;
        let determinant = determinant(m);
        if determinant.abs() < 1e-3 {
            return Err("the change of basis leaves a cell without volume".into());
        }
        Ok([0, 1, 2].map(|i| {
            [0, 1, 2].map(|j| {
                let ([a, b], [c, d]) = ([(j + 1) % 3, (j + 2) % 3], [(i + 1) % 3, (i + 2) % 3]);
                (m[a][c] * m[b][d] - m[a][d] * m[b][c]) / determinant
            })
        }))
    }
}

/// A translation in 1/24, within the cell; `None` where it is no multiple.
fn twentyfourths(shift: [f64; 3]) -> Option<[i32; 3]> {
    let scaled = shift.map(|s| s * f64::from(Operator::DENOMINATOR));
    let fine = scaled.iter().all(|s| (s - s.round()).abs() < ROUNDING * 24.0 && s.abs() < 1e6);
    fine.then(|| scaled.map(|s| (s.round() as i32).rem_euclid(Operator::DENOMINATOR)))
}

/// Three sums between commas: their factors of the axes, and their numbers.
fn rows(text: &str, axes: [char; 3]) -> Result<([[f64; 3]; 3], [f64; 3]), String> {
    let parts: Vec<&str> = text.split(',').collect();
    let [first, second, third] = parts[..] else {
        return Err(format!("the change of basis ({text}) has {} parts between commas, not 3", parts.len()));
    };
    let (mut matrix, mut shift) = ([[0.0; 3]; 3], [0.0; 3]);
    for (i, part) in [first, second, third].into_iter().enumerate() {
        (matrix[i], shift[i]) = parse_sum(part, axes)?;
        if !matrix[i].iter().chain([&shift[i]]).all(|value| value.abs() <= MAX_COEFFICIENT) {
            return Err(format!("the change of basis ({text}) has numbers beyond {MAX_COEFFICIENT}"));
        }
    }
    Ok((matrix, shift))
}

impl Operator {
    /// The determinant of the rotation: −1 where it turns a hand into its mirror image.
    #[must_use]
    pub fn determinant(&self) -> i64 {
        let r = self.rotation.map(|row| row.map(i64::from));
        r[0][0] * (r[1][1] * r[2][2] - r[1][2] * r[2][1]) - r[0][1] * (r[1][0] * r[2][2] - r[1][2] * r[2][0])
            + r[0][2] * (r[1][0] * r[2][1] - r[1][1] * r[2][0])
    }
}

fn determinant(m: &[[f64; 3]; 3]) -> f64 {
    m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
}

fn times(m: &[[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    m.map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum())
}

fn product(a: &[[f64; 3]; 3], b: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    a.map(|row| [0, 1, 2].map(|j| row[0] * b[0][j] + row[1] * b[1][j] + row[2] * b[2][j]))
}

/// A number as a fraction with a small denominator where it is one.
fn fraction(value: f64) -> String {
    let denominator = (1..=24_u8).map(f64::from).find(|d| (value * d - (value * d).round()).abs() < ROUNDING);
    match denominator {
        Some(1.0) => format!("{}", value.round()),
        Some(d) => format!("{}/{d}", (value * d).round()),
        None => value.to_string(),
    }
}

impl fmt::Display for Affine {
    /// As [`Self::from_xyz`] reads it: `1/2*x-1/2*y,x,z+1/4`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (row, shift)) in self.matrix.iter().zip(self.shift).enumerate() {
            let mut text = String::new();
            for (value, axis) in row.iter().zip(["x", "y", "z"]).filter(|(value, _)| value.abs() > ROUNDING) {
                let sign = if *value < 0.0 { "-" } else { "+" };
                let factor =
                    if (value.abs() - 1.0).abs() < ROUNDING { String::new() } else { fraction(value.abs()) + "*" };
                text += &format!("{sign}{factor}{axis}");
            }
            if shift.abs() > ROUNDING {
                text += &format!("{}{}", if shift < 0.0 { "-" } else { "+" }, fraction(shift.abs()));
            }
            write!(f, "{}{}", if i > 0 { "," } else { "" }, text.strip_prefix('+').unwrap_or(&text))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_writing_agree() {
        // International Tables A, 2016, section 1.5: P = (a-b, a+b, c) has P^-1 = (x/2 - y/2, x/2 + y/2, z).
        let abc = Affine::from_abc("a-b,a+b,c").unwrap();
        assert_eq!(abc.to_string(), "1/2*x-1/2*y,1/2*x+1/2*y,z");
        assert_eq!(Affine::from_xyz(&abc.to_string()).unwrap(), abc);
        assert_eq!(Affine::from_abc("a,b,c;1/4,0,-1/8").unwrap().to_string(), "x-1/4,y,z+1/8");
        assert_eq!(Affine::from_abc("c,a,b").unwrap().to_string(), "z,x,y");
        assert_eq!(Affine::shift_in_twelfths("0 0 -1").unwrap().to_string(), "x,y,z-1/12");
    }

    #[test]
    fn one_change_after_another() {
        let (first, second) = (Affine::from_xyz("x,y,z+1/3").unwrap(), Affine::from_xyz("z,x+1/4,y").unwrap());
        assert_eq!(second.after(&first).to_string(), "z+1/3,x+1/4,y");
        assert!(Affine::from_xyz("x,z,y").unwrap().changes_hand() && !second.changes_hand());
    }

    #[test]
    fn impossible_changes_are_refused() {
        for (text, word) in [
            ("a,b", "2 parts"),
            ("a,a,c", "without volume"),
            ("a+1/4,b,c", "behind `;`"),
            ("a,b,c;a,0,0", "three numbers"),
            ("a,b,1000c", "beyond 12"),
            ("a,b,x", "a, b, c or a number"),
        ] {
            let message = Affine::from_abc(text).unwrap_err();
            assert!(message.contains(word), "{text}: {message}");
        }
        let p2: Vec<Operator> = ["x,y,z", "-x,y,-z"].iter().map(|triplet| triplet.parse().unwrap()).collect();
        for text in ["x,y,2z", "x+1/7,y,z", "1/2*x,y,1/7*z"] {
            assert!(Affine::from_xyz(text).unwrap().transform(&p2).is_err(), "{text}");
        }
    }
}
