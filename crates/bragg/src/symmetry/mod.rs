//! Space-group operators as files list them: reading, writing, and what they say about reflections; space groups by name
//! ([`SpaceGroup`]).
//!
//! Conventions: an operator moves a point x to x' = R·x + t (International Tables A, 2016, chapter 1.2); it takes the
//! reflection h to hR (a row vector times R). With F(h) = Σ f·exp(2πi h·x), F(hR) = F(h)·exp(−2πi h·t) (International
//! Tables B, 2010, section 1.4.2), so |F| is the same and the phase moves by −2π h·t.

mod basis;
mod cell;
mod group;
mod hall;
mod names;
mod settings;
mod space_group;

pub use cell::check_cell;
pub use group::check_group;
use group::find_group;
pub use space_group::{CrystalSystem, SpaceGroup};

use crate::error::Error;
use crate::miller::Miller;
use rayon::prelude::*;
use std::fmt;
use std::str::FromStr;

/// A symmetry operator x' = R·x + t in fractional coordinates (International Tables A).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operator {
    /// The rotation part R, row by row.
    pub rotation: [[i32; 3]; 3],
    /// The translation part t, in units of 1/24 of the cell edges.
    pub translation: [i32; 3],
}

/// The most operators that a space group has in a conventional cell (face-centred cubic groups).
pub const MAX_OPERATORS: usize = 192;

/// The most reflections that an expansion to P1 may give: 3 GiB of list.
pub const MAX_EXPANDED: usize = 1 << 27;

const AXES: [char; 3] = ['x', 'y', 'z'];

/// Every space group has an operator with small whole coefficients in any cell that people use; the limit keeps products
/// of operators far from overflow.
const MAX_COEFFICIENT: f64 = 12.0;

/// Translations beyond this many cells are not operators but damage.
const MAX_CELLS: f64 = 100.0;

impl Operator {
    /// The denominator of [`Self::translation`].
    pub const DENOMINATOR: i32 = 24;

    /// x, y, z.
    pub const IDENTITY: Self = Self { rotation: [[1, 0, 0], [0, 1, 0], [0, 0, 1]], translation: [0; 3] };

    /// The operator that does `first` and then `self`, its translation within one cell: R = R₂R₁, t = R₂t₁ + t₂.
    #[must_use]
    pub fn after(&self, first: &Self) -> Self {
        let mut rotation = [[0_i32; 3]; 3];
        let mut translation = [0; 3];
        for i in 0..3 {
            for (j, entry) in rotation[i].iter_mut().enumerate() {
                *entry = dot(self.rotation[i], [first.rotation[0][j], first.rotation[1][j], first.rotation[2][j]]);
            }
            let shift = dot(self.rotation[i], first.translation).wrapping_add(self.translation[i]);
            translation[i] = shift.rem_euclid(Self::DENOMINATOR);
        }
        Self { rotation, translation }
    }

    /// The reflection hR. Exact for indices up to [`MAX_INDEX`](crate::miller::MAX_INDEX).
    #[must_use]
    pub fn apply_to_miller(&self, hkl: Miller) -> Miller {
        let column = |j: usize| [self.rotation[0][j], self.rotation[1][j], self.rotation[2][j]];
        [dot(hkl, column(0)), dot(hkl, column(1)), dot(hkl, column(2))]
    }

    /// What to add to the phase of F(h) to have that of F(hR): −2π h·t, reduced to (−2π, 0] (rad).
    #[must_use]
    pub fn phase_shift(&self, hkl: Miller) -> f64 {
        -std::f64::consts::TAU * f64::from(self.twentyfourths(hkl)) / f64::from(Self::DENOMINATOR)
    }

    /// 24 h·t modulo 24: zero where h·t is a whole number.
    fn twentyfourths(&self, hkl: Miller) -> i32 {
        dot(hkl, self.translation).rem_euclid(Self::DENOMINATOR)
    }
}

/// Wraps where only indices beyond `MAX_INDEX` or operators that were not read from text could overflow.
fn dot(a: [i32; 3], b: [i32; 3]) -> i32 {
    a[0].wrapping_mul(b[0]).wrapping_add(a[1].wrapping_mul(b[1])).wrapping_add(a[2].wrapping_mul(b[2]))
}

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
fn parse_sum(part: &str, axes: [char; 3]) -> Result<([f64; 3], f64), String> {
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

/// A refusal of a space group or its operators.
fn refused(what: String) -> Error {
    Error::setting("crystal.space_group", what)
}

/// Whether symmetry makes a reflection vanish: some operator leaves it in place (hR = h) and shifts its phase (h·t is not
/// a whole number). Centring is the case R = 1. (International Tables A, 2016, section 1.6.3.)
#[must_use]
pub fn is_absent(hkl: Miller, operators: &[Operator]) -> bool {
    operators.iter().any(|operator| operator.twentyfourths(hkl) != 0 && operator.apply_to_miller(hkl) == hkl)
}

/// The reflections that the operators and, after them, Friedel's law |F(−h)| = |F(h)| give from a list: sorted by h, k, l,
/// each once, without systematic absences. A value that follows from the operators alone stands before one that needs
/// Friedel's law, so a list with both F(h) and F(−h) keeps their difference; among equals the later entry wins.
///
/// # Errors
/// More than [`MAX_EXPANDED`] reflections.
pub fn expand_to_p1(list: &[(Miller, f64)], operators: &[Operator]) -> crate::Result<Vec<(Miller, f64)>> {
    let identity = [Operator::IDENTITY];
    let operators = if operators.is_empty() { &identity } else { operators };
    let mut by_friedel = Vec::new();
    let mut direct = Vec::new();
    for &(hkl, amplitude) in list {
        if is_absent(hkl, operators) {
            continue;
        }
        let mut mates: Vec<Miller> = operators.iter().map(|operator| operator.apply_to_miller(hkl)).collect();
        mates.sort_unstable();
        mates.dedup();
        let opposite = mates.iter().map(|mate| mate.map(i32::wrapping_neg));
        by_friedel.extend(opposite.filter(|mate| mates.binary_search(mate).is_err()).map(|mate| (mate, amplitude)));
        direct.extend(mates.iter().map(|&mate| (mate, amplitude)));
        if by_friedel.len() + direct.len() > MAX_EXPANDED {
            return Err(refused(format!(
                "its symmetry gives more than {MAX_EXPANDED} reflections; a smaller set is needed"
            )));
        }
    }
    let mut all = by_friedel;
    all.append(&mut direct);
    // A stable sort leaves the values of one reflection in order of precedence, the last one to be kept.
    all.par_sort_by_key(|&(hkl, _)| hkl);
    all.reverse();
    all.dedup_by_key(|&mut (hkl, _)| hkl);
    all.reverse();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operators(triplets: &[&str]) -> Vec<Operator> {
        triplets.iter().map(|triplet| triplet.parse().unwrap()).collect()
    }

    /// P 43 21 2, No. 96, International Tables A.
    fn p43212() -> Vec<Operator> {
        operators(&[
            "x,y,z",
            "-x,-y,z+1/2",
            "-y+1/2,x+1/2,z+3/4",
            "y+1/2,-x+1/2,z+1/4",
            "-x+1/2,y+1/2,-z+3/4",
            "x+1/2,-y+1/2,-z+1/4",
            "y,x,-z",
            "-y,-x,-z+1/2",
        ])
    }

    #[test]
    fn spellings_of_one_operator_agree() {
        let expected = Operator { rotation: [[0, -1, 0], [1, 0, 0], [0, 0, 1]], translation: [12, 12, 18] };
        for text in [
            "-y+1/2,x+1/2,z+3/4",
            "-Y+1/2,  X+1/2,  Z+3/4",
            "1/2-y, 1/2+x, 3/4+z",
            " 0.5 - y , +x+.5, z-0.25 ",
            "-1*y+0.50,1x+3/2,Z-1/4",
        ] {
            assert_eq!(text.parse::<Operator>().unwrap(), expected, "{text}");
        }
        assert_eq!(expected.to_string(), "-y+1/2,x+1/2,z+3/4");
    }

    #[test]
    fn thirds_sixths_and_eighths_are_read_and_written() {
        let operator: Operator = "-y+0.33,x-y+0.6667,z+5/6".parse().unwrap();
        assert_eq!(operator.translation, [8, 16, 20]);
        assert_eq!(operator.rotation, [[0, -1, 0], [1, -1, 0], [0, 0, 1]]);
        assert_eq!(operator.to_string(), "-y+1/3,x-y+2/3,z+5/6");
        assert_eq!("x+1/8,y+0.375,-z".parse::<Operator>().unwrap().to_string(), "x+1/8,y+3/8,-z");
        assert_eq!("2x-y,x,-z".parse::<Operator>().unwrap().to_string(), "2x-y,x,-z");
    }

    #[test]
    fn what_is_not_an_operator_is_refused_with_its_text() {
        for (text, word) in [
            ("x,y", "2 parts"),
            ("x,y,z,x", "4 parts"),
            ("", "1 parts"),
            ("x,,z", "empty"),
            ("x,y,q", "`q`"),
            ("x,y,z+", "the end"),
            ("x,y,z+1/", "follow `/`"),
            ("x,y,z+1/0", "multiple of 1/24"),
            ("x,y,z+1/7", "multiple of 1/24"),
            ("x,y,1.2.3", "not a number"),
            ("x,y,1/2z", "coefficient 0.5"),
            ("x,y,99z", "coefficient 99"),
            ("x,y,zy", "+ or -"),
            ("x,x,z", "factor of 0"),
            ("x,y,z+1000000000000000000000000", "multiple of 1/24"),
            ("x,y,2*", "the end"),
            ("x,y,−z", "`−`"),
        ] {
            let message = text.parse::<Operator>().unwrap_err().to_string();
            assert!(message.contains(word), "{text}: {message}");
        }
    }

    #[test]
    fn the_fourfold_screw_axis_has_order_four() {
        let screw = p43212()[2];
        let square = screw.after(&screw);
        assert_eq!(square, p43212()[1]);
        assert_eq!(square.after(&square), Operator::IDENTITY);
        assert_ne!(square, Operator::IDENTITY);
    }

    #[test]
    fn a_group_is_told_from_a_set_that_is_not_one() {
        let group = p43212();
        assert!(check_group(&group).is_ok());
        assert!(check_group(&group[1..]).unwrap_err().to_string().contains("identity"));
        assert!(check_group(&group[..7]).unwrap_err().to_string().contains("-y,-x,-z+1/2"));
        let twice = [&group[..], &group[3..4]].concat();
        assert!(check_group(&twice).unwrap_err().to_string().contains("y+1/2,-x+1/2,z+1/4 is listed twice"));
        assert!(check_group(&[]).is_err());
        assert!(check_group(&vec![Operator::IDENTITY; 193]).unwrap_err().to_string().contains("192"));
    }

    #[test]
    fn reflections_transform_as_row_vectors() {
        // F(h) of one atom per operator image, computed directly, must obey F(hR) = F(h) exp(-2 pi i h.t).
        let group = p43212();
        let factor = |hkl: Miller| {
            group.iter().fold((0.0, 0.0), |(re, im), operator| {
                let x = [0.123, 0.377, 0.059];
                let phase: f64 = (0..3)
                    .map(|i| {
                        let moved: f64 = (0..3).map(|j| f64::from(operator.rotation[i][j]) * x[j]).sum();
                        f64::from(hkl[i]) * (moved + f64::from(operator.translation[i]) / 24.0)
                    })
                    .sum();
                let (sin, cos) = (std::f64::consts::TAU * phase).sin_cos();
                (re + cos, im + sin)
            })
        };
        for operator in &group {
            for hkl in [[1, 2, 3], [4, -1, 2], [0, 3, 5], [-2, 7, 1]] {
                let (re, im) = factor(hkl);
                let (sin, cos) = operator.phase_shift(hkl).sin_cos();
                let there = factor(operator.apply_to_miller(hkl));
                assert!((re * cos - im * sin - there.0).abs() < 1e-9 && (re * sin + im * cos - there.1).abs() < 1e-9);
                assert!(re.hypot(im) > 1e-3);
            }
        }
    }

    #[test]
    fn absences_are_those_of_the_international_tables() {
        // P 43 21 2: 00l: l = 4n; h00: h = 2n.
        let group = p43212();
        for i in 1..20 {
            assert_eq!(is_absent([0, 0, i], &group), i % 4 != 0);
            assert_eq!(is_absent([i, 0, 0], &group), i % 2 != 0);
            assert_eq!(is_absent([0, -i, 0], &group), i % 2 != 0);
            assert!(!is_absent([i, i, 0], &group) && !is_absent([i, 1, 2], &group));
        }
        // C 1 2/c 1: hkl: h + k = 2n; h0l: l = 2n.
        let group = operators(&[
            "x,y,z",
            "-x,y,-z+1/2",
            "-x,-y,-z",
            "x,-y,z+1/2",
            "x+1/2,y+1/2,z",
            "-x+1/2,y+1/2,-z+1/2",
            "-x+1/2,-y+1/2,-z",
            "x+1/2,-y+1/2,z+1/2",
        ]);
        for h in -3..4_i32 {
            for k in -3..4_i32 {
                for l in -3..4_i32 {
                    let absent = (h + k) % 2 != 0 || (k == 0 && l % 2 != 0);
                    assert_eq!(is_absent([h, k, l], &group), absent, "{h} {k} {l}");
                }
            }
        }
    }

    #[test]
    fn expansion_gives_each_mate_once() {
        let general = expand_to_p1(&[([1, 2, 3], 5.0)], &p43212()).unwrap();
        assert_eq!(general.len(), 16);
        let axial = expand_to_p1(&[([0, 0, 4], 5.0), ([0, 0, 3], 7.0)], &p43212()).unwrap();
        assert_eq!(axial, [([0, 0, -4], 5.0), ([0, 0, 4], 5.0)]);
        assert_eq!(expand_to_p1(&[([0, 0, 0], 9.0)], &p43212()).unwrap(), [([0, 0, 0], 9.0)]);
    }

    #[test]
    fn a_listed_friedel_mate_stands_before_a_deduced_one() {
        let list = [([-1, 0, 0], 3.0), ([1, 0, 0], 2.0), ([0, 1, 0], 1.0), ([0, 1, 0], 4.0)];
        let expanded = expand_to_p1(&list, &[]).unwrap();
        assert_eq!(expanded, [([-1, 0, 0], 3.0), ([0, -1, 0], 4.0), ([0, 1, 0], 4.0), ([1, 0, 0], 2.0)]);
    }
}
