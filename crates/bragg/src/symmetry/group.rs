//! Whether operators make up a space group.

use super::{MAX_OPERATORS, Operator, refused};
use std::collections::HashSet;

/// Checks that operators make up a space group modulo whole cells: the identity is there, none is there twice, and the
/// product of any two is one of them.
///
/// # Errors
/// An operator is missing or too many; the message names it.
pub fn check_group(operators: &[Operator]) -> crate::Result<()> {
    find_group(operators).map_err(refused)
}

pub(super) fn find_group(operators: &[Operator]) -> Result<(), String> {
    if operators.len() > MAX_OPERATORS {
        return Err(format!(
            "there are {} symmetry operators; no space group has more than {MAX_OPERATORS}",
            operators.len()
        ));
    }
    let reduced: Vec<Operator> = operators.iter().map(|operator| operator.after(&Operator::IDENTITY)).collect();
    let mut set = HashSet::new();
    for operator in &reduced {
        if !set.insert(*operator) {
            return Err(format!("the symmetry operator {operator} is listed twice"));
        }
        if operator.determinant().abs() != 1 {
            return Err(format!("the symmetry operator {operator} changes the volume of the cell"));
        }
    }
    if !set.contains(&Operator::IDENTITY) {
        return Err("the identity x,y,z is not among the symmetry operators".into());
    }
    for second in &reduced {
        for first in &reduced {
            let product = second.after(first);
            if !set.contains(&product) {
                return Err(format!(
                    "the symmetry operators are not a group: {first} followed by {second} is {product}, which is not listed"
                ));
            }
        }
    }
    Ok(())
}
