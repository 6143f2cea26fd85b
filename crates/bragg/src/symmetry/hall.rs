//! Hall symbols: the generators of a space group in a line (Hall, Acta Cryst. A37 (1981) 517; International Tables B, 2010,
//! appendix A1.4.2).

use super::basis::Affine;
use super::{MAX_OPERATORS, Operator};
use std::collections::HashSet;

/// Longer texts are no symbols.
const MAX_LENGTH: usize = 120;

/// Translations that letters stand for (1/24 of the cell).
const LETTERS: [(char, [i32; 3]); 8] = [
    ('a', [12, 0, 0]),
    ('b', [0, 12, 0]),
    ('c', [0, 0, 12]),
    ('n', [12, 12, 12]),
    ('u', [6, 0, 0]),
    ('v', [0, 6, 0]),
    ('w', [0, 0, 6]),
    ('d', [6, 6, 6]),
];

/// The operators of a Hall symbol, the identity first. `=` stands for the double prime as some files write it.
pub(super) fn decode(symbol: &str) -> Result<Vec<Operator>, String> {
    let (stem, change) = split(symbol)?;
    let operators = generate(&generators(stem)?)?;
    match change {
        Some(change) => change.transform(&operators),
        None => Ok(operators),
    }
}

/// A symbol's generators and its change of basis.
pub(super) fn split(symbol: &str) -> Result<(&str, Option<Affine>), String> {
    if symbol.len() > MAX_LENGTH {
        return Err(format!("it is longer than {MAX_LENGTH} characters"));
    }
    let Some((stem, rest)) = symbol.split_once('(') else { return Ok((symbol, None)) };
    let inside = rest.trim_end().strip_suffix(')').ok_or("its parenthesis is not closed")?;
    let change = if inside.contains(',') { Affine::from_xyz(inside)? } else { Affine::shift_in_twelfths(inside)? };
    Ok((stem, Some(change)))
}

/// All products of some operators, the identity first.
pub(super) fn generate(generators: &[Operator]) -> Result<Vec<Operator>, String> {
    let mut list = vec![Operator::IDENTITY];
    let mut known: HashSet<Operator> = list.iter().copied().collect();
    let mut n_done = 0;
    while let Some(&first) = list.get(n_done) {
        n_done += 1;
        for generator in generators {
            let product = generator.after(&first);
            if known.insert(product) {
                list.push(product);
            }
        }
        if list.len() > MAX_OPERATORS {
            return Err(format!("it gives more than {MAX_OPERATORS} operators, so it describes no space group"));
        }
    }
    Ok(list)
}

fn translation(translation: [i32; 3]) -> Operator {
    Operator { translation, ..Operator::IDENTITY }
}

/// The generators of a symbol without change of basis.
fn generators(stem: &str) -> Result<Vec<Operator>, String> {
    let mut words = stem.split_whitespace();
    let first = words.next().ok_or("it is empty")?;
    let (centric, lattice) = first.strip_prefix('-').map_or((false, first), |lattice| (true, lattice));
    let mut generators: Vec<Operator> = centring(lattice)?.iter().map(|shift| translation(*shift)).collect();
    if centric {
        generators.push(Operator { rotation: negative(Operator::IDENTITY.rotation), translation: [0; 3] });
    }
    let mut previous = None;
    let mut n_rotations = 0;
    for word in words {
        let (operator, this) = rotation(word, n_rotations, previous)?;
        generators.push(operator);
        previous = Some(this);
        n_rotations += 1;
    }
    match n_rotations {
        1..=4 => Ok(generators),
        _ => Err(format!("it has {n_rotations} rotations after the lattice; a Hall symbol has 1 to 4")),
    }
}

/// The centring translations of a lattice (1/24).
fn centring(lattice: &str) -> Result<&'static [[i32; 3]], String> {
    Ok(match lattice.to_ascii_uppercase().as_str() {
        "P" => &[],
        "A" => &[[0, 12, 12]],
        "B" => &[[12, 0, 12]],
        "C" => &[[12, 12, 0]],
        "I" => &[[12, 12, 12]],
        "F" => &[[0, 12, 12], [12, 0, 12]],
        "R" => &[[16, 8, 8]],
        "S" => &[[8, 8, 16]],
        "T" => &[[8, 16, 8]],
        "H" => &[[16, 8, 0]],
        _ => return Err(format!("its lattice `{lattice}` is none of P, A, B, C, I, F, R, S, T, H")),
    })
}

fn negative(rotation: [[i32; 3]; 3]) -> [[i32; 3]; 3] {
    rotation.map(|row| row.map(|entry| -entry))
}

/// The order of a rotation and the sign of its axis, for the defaults of the one after it.
type Turn = (u8, char);

/// One rotation such as `-4`, `2yb`, `31`, `2"c`, with its default axis.
fn rotation(word: &str, position: usize, previous: Option<Turn>) -> Result<(Operator, Turn), String> {
    let refuse = |what: &str| format!("its part `{word}` {what}");
    let (improper, rest) = word.strip_prefix('-').map_or((false, word), |rest| (true, rest));
    let mut chars = rest.chars();
    let order = match chars.next() {
        Some(digit @ ('1' | '2' | '3' | '4' | '6')) => digit as u8 - b'0',
        _ => return Err(refuse("does not begin with a rotation of order 1, 2, 3, 4 or 6")),
    };
    let (mut axis, mut screw, mut shift) = (None, 0, [0; 3]);
    for c in chars {
        match c.to_ascii_lowercase() {
            given @ ('x' | 'y' | 'z' | '\'' | '"' | '=' | '*') if axis.is_none() => {
                axis = Some(if given == '=' { '"' } else { given });
            }
            digit @ '1'..='5' if screw == 0 && (digit as u8 - b'0') < order => screw = i32::from(digit as u8 - b'0'),
            letter => {
                let (_, step) = LETTERS
                    .iter()
                    .find(|(known, _)| *known == letter)
                    .ok_or_else(|| refuse(&format!("has `{c}`, which stands for no axis and no translation there")))?;
                shift = [0, 1, 2].map(|i| shift[i] + step[i]);
            }
        }
    }
    let axis = match (axis, order, position, previous) {
        (Some(axis), ..) => axis,
        (None, 1, ..) | (None, _, 0, _) => 'z',
        (None, 2, 1, Some((2 | 4, _))) => 'x',
        (None, 2, 1, Some((3 | 6, _))) => '\'',
        (None, 3, ..) => '*',
        _ => return Err(refuse("must name its axis")),
    };
    let reference = previous.map_or('z', |(_, axis)| axis);
    let matrix = matrix(order, axis, reference).ok_or_else(|| refuse("has no such axis"))?;
    if screw > 0 {
        let along = ['x', 'y', 'z'].iter().position(|known| *known == axis);
        shift[along.ok_or_else(|| refuse("has a screw along no cell edge"))?] +=
            screw * Operator::DENOMINATOR / i32::from(order);
    }
    let rotation = if improper { negative(matrix) } else { matrix };
    let operator = Operator { rotation, translation: shift.map(|t| t.rem_euclid(Operator::DENOMINATOR)) };
    Ok((operator, (order, axis)))
}

/// The matrix of a proper rotation about an edge, about a diagonal of the face across the `reference` axis, or about the
/// body diagonal (International Tables B, 2010, tables A1.4.2.4 to A1.4.2.6).
fn matrix(order: u8, axis: char, reference: char) -> Option<[[i32; 3]; 3]> {
    let about_z = match (order, axis) {
        (1, _) => return Some(Operator::IDENTITY.rotation),
        (2, 'x' | 'y' | 'z') => [[-1, 0, 0], [0, -1, 0], [0, 0, 1]],
        (3, 'x' | 'y' | 'z') => [[0, -1, 0], [1, -1, 0], [0, 0, 1]],
        (4, 'x' | 'y' | 'z') => [[0, -1, 0], [1, 0, 0], [0, 0, 1]],
        (6, 'x' | 'y' | 'z') => [[1, -1, 0], [1, 0, 0], [0, 0, 1]],
        (2, '\'') => [[0, -1, 0], [-1, 0, 0], [0, 0, -1]],
        (2, '"') => [[0, 1, 0], [1, 0, 0], [0, 0, -1]],
        (3, '*') => return Some([[0, 0, 1], [1, 0, 0], [0, 1, 0]]),
        _ => return None,
    };
    // What is x, y, z about z is y, z, x about x, and z, x, y about y.
    let turns = match if matches!(axis, '\'' | '"') { reference } else { axis } {
        'x' => 1,
        'y' => 2,
        _ => 0,
    };
    let mut matrix = [[0; 3]; 3];
    for i in 0..3 {
        for j in 0..3 {
            matrix[(i + turns) % 3][(j + turns) % 3] = about_z[i][j];
        }
    }
    Some(matrix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symmetry::check_group;

    fn triplets(symbol: &str) -> Vec<String> {
        let mut list: Vec<String> = decode(symbol).unwrap().iter().map(ToString::to_string).collect();
        list.sort();
        list
    }

    fn sorted(triplets: &[&str]) -> Vec<String> {
        let mut list: Vec<String> = triplets.iter().map(ToString::to_string).collect();
        list.sort();
        list
    }

    /// The general positions of the International Tables A.
    #[test]
    fn symbols_give_the_general_positions_of_the_tables() {
        let p43212 = [
            "x,y,z",
            "-x,-y,z+1/2",
            "-y+1/2,x+1/2,z+3/4",
            "y+1/2,-x+1/2,z+1/4",
            "-x+1/2,y+1/2,-z+3/4",
            "x+1/2,-y+1/2,-z+1/4",
            "y,x,-z",
            "-y,-x,-z+1/2",
        ];
        assert_eq!(triplets("P 4nw 2abw"), sorted(&p43212));
        assert_eq!(triplets("P 2yb"), sorted(&["x,y,z", "-x,y+1/2,-z"]));
        assert_eq!(triplets("P 2 2ab"), sorted(&["x,y,z", "-x,-y,z", "-x+1/2,y+1/2,-z", "x+1/2,-y+1/2,-z"]));
        let p3121 = ["x,y,z", "-y,x-y,z+1/3", "-x+y,-x,z+2/3", "y,x,-z", "x-y,-y,-z+2/3", "-x,-x+y,-z+1/3"];
        assert_eq!(triplets("P 31 2\""), sorted(&p3121));
        assert_eq!(triplets("P 31 2="), sorted(&p3121));
        let p3112 = ["x,y,z", "-y,x-y,z+1/3", "-x+y,-x,z+2/3", "-y,-x,-z+2/3", "-x+y,y,-z+1/3", "x,x-y,-z"];
        assert_eq!(triplets("P 31 2 (0 0 4)"), sorted(&p3112));
        let r3_rhombohedral = ["x,y,z", "z,x,y", "y,z,x"];
        assert_eq!(triplets("P 3*"), sorted(&r3_rhombohedral));
    }

    #[test]
    fn a_change_of_basis_is_applied() {
        assert_eq!(triplets("P 2yb (x,z,y)"), sorted(&["x,y,z", "-x,-y,z+1/2"]));
        assert_eq!(triplets("P 2 2ab (x+1/4,y+1/4,z)"), triplets("P 2ab 2a"));
        let n = decode("P 4 (1/2*x-1/2*y,1/2*x+1/2*y,z)").unwrap().len();
        assert_eq!(n, 8, "a cell of twice the volume is centred");
        assert_eq!(decode("C 4 (x-y,x+y,z)").unwrap().len(), 4, "and back");
    }

    #[test]
    fn what_is_no_hall_symbol_is_refused() {
        for (symbol, word) in [
            ("", "empty"),
            ("P", "0 rotations"),
            ("Q 2", "lattice `Q`"),
            ("P 5", "order 1, 2, 3, 4 or 6"),
            ("P 2q", "`q`"),
            ("P 22", "`2`"),
            ("P 1 2", "must name its axis"),
            ("P 4'", "no such axis"),
            ("P 3*1", "along no cell edge"),
            ("P 2 2 2 2 2", "must name its axis"),
            ("P 2x 2y 2z 2x 2y", "5 rotations"),
            ("P 6 4x", "more than 192"),
            ("P 2 (x,y", "not closed"),
            ("P 2 (1 2)", "three whole numbers"),
            ("P 2 (x,x,z)", "without volume"),
            ("P 2 (2x,y,z)", "not translations of the lattice"),
        ] {
            let message = decode(symbol).unwrap_err();
            assert!(message.contains(word), "{symbol}: {message}");
        }
    }

    #[test]
    fn what_is_decoded_is_a_group() {
        for (symbol, n) in
            [("-F 4vw 2vw 3", 192), ("-I 4bd 2c 3", 96), ("R 3 -2\"c", 18), ("S 3x", 9), ("T 3x", 9), ("H 3", 9)]
        {
            let operators = decode(symbol).unwrap();
            assert_eq!((check_group(&operators).is_ok(), operators.len()), (true, n), "{symbol}");
        }
    }
}
