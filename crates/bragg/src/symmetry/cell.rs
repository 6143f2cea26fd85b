//! Whether a unit cell has the symmetry of a space group.

use super::{Operator, SpaceGroup, refused};

/// An operator may change an edge by so much of its length: what cells in files are rounded to, and more.
const LENGTH_TOLERANCE: f64 = 1e-3;

/// An operator may change an angle by so much (deg).
const ANGLE_TOLERANCE: f64 = 0.1;

impl SpaceGroup {
    /// Whether a cell (a, b, c in Å, α, β, γ in deg) has the symmetry of the group: every rotation leaves its edges alike within
    /// 0.1 % and its angles within 0.1 degrees.
    ///
    /// # Errors
    /// An operator changes the cell; the message names it, and the nearest cell that would do.
    pub fn fits(&self, cell: [f64; 6]) -> crate::Result<()> {
        let subject = format!("the {} space group {}: its operator", self.system, self.name);
        fit(&self.rotations(), cell, &subject).map_err(refused)
    }
}

/// Whether a cell (a, b, c in Å, α, β, γ in deg) has the symmetry of operators that need not be a group with a name.
///
/// # Errors
/// An operator changes the cell, as with [`SpaceGroup::fits`].
pub fn check_cell(operators: &[Operator], cell: [f64; 6]) -> crate::Result<()> {
    fit(operators, cell, "the symmetry operator").map_err(refused)
}

fn fit(operators: &[Operator], cell: [f64; 6], subject: &str) -> Result<(), String> {
    let metric = metric(cell).ok_or_else(|| format!("{} is no unit cell", in_words(cell)))?;
    let turned: Vec<[[f64; 3]; 3]> = operators.iter().map(|operator| turn(&metric, operator)).collect();
    let differs = |other: &[[f64; 3]; 3]| {
        let other = parameters(other);
        (0..3).any(|i| (other[i] / cell[i] - 1.0).abs() > LENGTH_TOLERANCE)
            || (3..6).any(|i| (other[i] - cell[i]).abs() > ANGLE_TOLERANCE)
    };
    let Some(culprit) = turned.iter().position(differs) else { return Ok(()) };
    let mut mean = [[0.0; 3]; 3];
    for (i, row) in mean.iter_mut().enumerate() {
        for (j, entry) in row.iter_mut().enumerate() {
            *entry = turned.iter().map(|metric| metric[i][j]).sum::<f64>() / turned.len() as f64;
        }
    }
    Err(format!(
        "the cell {} does not fit {subject} {} would make it {}; the nearest cell that fits is {}",
        in_words(cell),
        operators[culprit],
        in_words(parameters(&turned[culprit])),
        in_words(parameters(&mean))
    ))
}

/// The metric tensor of a cell (Å²): G_ij = a_i·a_j. `None` for what is no cell.
fn metric([a, b, c, alpha, beta, gamma]: [f64; 6]) -> Option<[[f64; 3]; 3]> {
    let sound = [a, b, c].iter().all(|edge| (1e-3..1e6).contains(edge))
        && [alpha, beta, gamma].iter().all(|angle| *angle > 0.0 && *angle < 180.0);
    let [ab, ac, bc] = [a * b * cosine(gamma), a * c * cosine(beta), b * c * cosine(alpha)];
    let volume = a * a * (b * b * c * c - bc * bc) - ab * (ab * c * c - bc * ac) + ac * (ab * bc - b * b * ac);
    (sound && volume > 0.0).then_some([[a * a, ab, ac], [ab, b * b, bc], [ac, bc, c * c]])
}

/// Exactly 0 at 90 degrees.
fn cosine(degrees: f64) -> f64 {
    if degrees == 90.0 { 0.0 } else { degrees.to_radians().cos() }
}

/// The metric of the turned basis: RᵀGR (International Tables A, 2016, section 1.5.2).
fn turn(metric: &[[f64; 3]; 3], operator: &Operator) -> [[f64; 3]; 3] {
    let r = operator.rotation.map(|row| row.map(f64::from));
    let entry =
        |i: usize, j: usize| (0..3).map(|k| (0..3).map(|l| r[k][i] * metric[k][l] * r[l][j]).sum::<f64>()).sum();
    [0, 1, 2].map(|i| [0, 1, 2].map(|j| entry(i, j)))
}

/// a, b, c (Å), α, β, γ (deg) of a metric.
fn parameters(metric: &[[f64; 3]; 3]) -> [f64; 6] {
    let edge = |i: usize| metric[i][i].sqrt();
    let angle = |i: usize, j: usize| (metric[i][j] / (edge(i) * edge(j))).clamp(-1.0, 1.0).acos().to_degrees();
    [edge(0), edge(1), edge(2), angle(1, 2), angle(0, 2), angle(0, 1)]
}

/// A cell to 0.001 Å and 0.01 degrees.
fn in_words([a, b, c, alpha, beta, gamma]: [f64; 6]) -> String {
    let number = |value: f64, n_decimals: usize| {
        let text = format!("{value:.n_decimals$}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    let edges = [a, b, c].map(|edge| number(edge, 3)).join(" ");
    format!("({edges} Å, {} degrees)", [alpha, beta, gamma].map(|angle| number(angle, 2)).join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(name: &str, cell: [f64; 6]) -> crate::Result<()> {
        SpaceGroup::parse(name).unwrap().fits(cell)
    }

    #[test]
    fn cells_are_held_to_their_symmetry() {
        let lysozyme = [79.1, 79.1, 37.9, 90.0, 90.0, 90.0];
        assert!(fits("P 43 21 2", lysozyme).is_ok());
        assert!(fits("P 43 21 2", [79.1, 79.15, 37.9, 90.0, 90.05, 90.0]).is_ok());
        let message = fits("P 43 21 2", [79.0, 81.0, 37.9, 90.0, 90.0, 90.0]).unwrap_err().to_string();
        assert!(message.contains("tetragonal") && message.contains("-y,x,z") && message.contains("80.006 80.006 37.9"));
        assert!(fits("P 43 21 2", [79.1, 79.1, 37.9, 90.0, 90.2, 90.0]).is_err());
        assert!(fits("P 63", lysozyme).is_err());
        assert!(fits("P 63", [60.0, 60.0, 100.0, 90.0, 90.0, 120.0]).is_ok());
        assert!(fits("P 21", [40.0, 50.0, 60.0, 90.0, 104.3, 90.0]).is_ok());
        assert!(fits("P 21", [40.0, 50.0, 60.0, 90.0, 90.0, 104.3]).is_err());
        assert!(fits("P 1 1 21", [40.0, 50.0, 60.0, 90.0, 90.0, 104.3]).is_ok());
        assert!(fits("P -1", [40.0, 50.0, 60.0, 80.0, 95.0, 104.3]).is_ok());
        assert!(fits("R 3:R", [40.0, 40.0, 40.0, 75.0, 75.0, 75.0]).is_ok());
        assert!(fits("P 2 3", lysozyme).is_err());
    }

    #[test]
    fn what_is_no_cell_is_refused() {
        let no_volume = [1.0, 1.0, 1.0, 170.0, 10.0, 20.0];
        for cell in [[0.0, 1.0, 1.0, 90.0, 90.0, 90.0], [f64::NAN; 6], [f64::INFINITY; 6], no_volume] {
            assert!(fits("P 1", cell).unwrap_err().to_string().contains("no unit cell"));
        }
    }

    #[test]
    fn the_cell_decides_what_a_name_leaves_open() {
        let name = |text: &str, cell| SpaceGroup::parse_for_cell(text, cell).unwrap().name;
        assert_eq!(name("R 3", [40.0, 40.0, 40.0, 75.0, 75.0, 75.0]), "R 3:R");
        assert_eq!(name("R 3", [40.0, 40.0, 90.0, 90.0, 90.0, 120.0]), "R 3:H");
        assert_eq!(name("P 21", [40.0, 50.0, 60.0, 90.0, 90.0, 104.3]), "P 1 1 21");
        assert_eq!(name("P 21", [40.0, 50.0, 60.0, 104.3, 90.0, 90.0]), "P 21 1 1");
        assert_eq!(name("P 21", [40.0, 50.0, 60.0, 90.0, 90.0, 90.0]), "P 1 21 1");
        assert!(SpaceGroup::parse_for_cell("P 4", [40.0, 50.0, 60.0, 90.0, 90.0, 90.0]).is_err());
    }
}
