//! Dispersion corrections f' + i·f'' of the elements (electrons) from a table.
//!
//! The table (`table.txt`, written by `make_table.py` beside it) is that of the Evaluated Photon Data Library, 1997 version
//! (Cullen, Hubbell & Kissel, UCRL-50400, vol. 6, rev. 5), as the program library xraylib gives it (Schoonjans et al.,
//! Spectrochimica Acta B66 (2011) 776-784), with its absorption edges sharp. The atoms are free ones: within some 20 eV of an edge
//! the chemistry of a crystal decides, and a measured fluorescence spectrum is better than any table.
//!
//! Between the table's points ln f'' is linear in ln E. So is f' without its edges; an edge, two points of one energy E_e between
//! which f'' rises by Δ, adds Δ/(2π)·ln(x²/(x² + w²)), x = ln(E/E_e), which is what the Kramers-Kronig relation makes of a step.

use super::refused;
use super::{Complex64, Dispersion, Element};
use std::sync::LazyLock;

/// The table's points for H, He, … Cf, by energy: energy (eV), f' without its edges, f'' (electrons). An edge has two points, with f''
/// below and above it.
static TABLE: LazyLock<Vec<Vec<[f32; 3]>>> = LazyLock::new(|| points(include_str!("table.txt")));

/// The energies that the table has (eV).
pub const ENERGY_RANGE: std::ops::RangeInclusive<f64> = 1e3..=1e5;

/// w of an edge.
const EDGE_WIDTH: f64 = 0.02;

/// f' at an edge is what it is so far from it (eV), about the width of a level.
const NEAREST_TO_EDGE: f64 = 1.0;

/// The corrections of elements at a photon energy (eV).
///
/// # Errors
/// An energy outside [`ENERGY_RANGE`].
pub fn dispersion(elements: impl Iterator<Item = Element>, energy_ev: f64) -> crate::Result<Dispersion> {
    if !ENERGY_RANGE.contains(&energy_ev) {
        let (least, most) = (ENERGY_RANGE.start(), ENERGY_RANGE.end());
        return Err(refused(format!(
            "f' and f'' are tabulated for energies of {least} to {most} eV, not for {energy_ev} eV"
        )));
    }
    Ok(elements.map(|element| (element, correction(element, energy_ev))).collect())
}

/// The points of a table's elements, each of which begins with a line of its own.
fn points(table: &str) -> Vec<Vec<[f32; 3]>> {
    let mut elements: Vec<Vec<[f32; 3]>> = Vec::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let mut numbers = line.split_ascii_whitespace().map_while(|word| word.parse().ok());
        match (elements.last_mut(), numbers.next(), numbers.next(), numbers.next()) {
            (Some(element), Some(energy), Some(real), Some(imaginary)) => element.push([energy, real, imaginary]),
            _ => elements.push(Vec::new()),
        }
    }
    elements
}

/// f' + i·f'' at an energy within the table.
fn correction(element: Element, energy: f64) -> Complex64 {
    let points = &TABLE[usize::from(element.atomic_number()) - 1];
    // An energy at an edge belongs above it.
    let next = points.partition_point(|point| f64::from(point[0]) <= energy).clamp(1, points.len() - 1);
    let ([e0, real0, imaginary0], [e1, real1, imaginary1]) =
        (points[next - 1].map(f64::from), points[next].map(f64::from));
    let part = if e1 > e0 { (energy / e0).ln() / (e1 / e0).ln() } else { 1.0 };
    let edges: f64 = points
        .windows(2)
        .filter(|pair| pair[0][0] == pair[1][0])
        .map(|pair| {
            let edge = f64::from(pair[0][0]);
            let x = (energy / edge).ln().abs().max(NEAREST_TO_EDGE / edge);
            let rise = f64::from(pair[1][2]) - f64::from(pair[0][2]);
            rise / std::f64::consts::TAU * (x * x / (x * x + EDGE_WIDTH * EDGE_WIDTH)).ln()
        })
        .sum();
    Complex64::new(real0 + part * (real1 - real0) + edges, imaginary0 * (imaginary1 / imaginary0).powf(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(symbol: &str, energy: f64) -> Complex64 {
        let element: Element = symbol.parse().unwrap();
        dispersion([element].into_iter(), energy).unwrap()[&element]
    }

    #[test]
    fn away_from_edges_it_is_the_library_s() {
        // xraylib 4.3.0, Fi and -Fii; f' to 1 % of the larger of |f'| and 1 electron.
        for (symbol, energy, real, imaginary) in [
            ("S", 6000.0, 0.3891, 0.9609),
            ("S", 8047.8, 0.3342, 0.5638),
            ("S", 17479.0, 0.1253, 0.1257),
            ("Se", 6000.0, -0.3122, 1.9617),
            ("Se", 8047.8, -0.7817, 1.1700),
            ("Se", 13500.0, -1.8061, 3.3946),
            ("Se", 17479.0, -0.0812, 2.2297),
            ("Fe", 6000.0, -1.6701, 0.6582),
            ("Fe", 8047.8, -1.1058, 3.1916),
            ("Fe", 10500.0, 0.0828, 2.0683),
            ("Zn", 8047.8, -1.5532, 0.6968),
            ("Zn", 10500.0, -1.5371, 3.3499),
            ("Zn", 13500.0, -0.0382, 2.2261),
        ] {
            let found = at(symbol, energy);
            let tolerance = 0.01 * 1.0_f64.max(f64::abs(real));
            assert!((found.re - real).abs() < tolerance, "{symbol} {energy}: f' {} {real}", found.re);
            assert!((found.im / imaginary - 1.0).abs() < 0.01, "{symbol} {energy}: f'' {} {imaginary}", found.im);
        }
    }

    #[test]
    fn edges_are_sharp() {
        // Cromer & Liberman's calculation at the K edge of selenium and the L3 edge of gold (gemmi 0.7.5, cromer_liberman).
        for (symbol, energy, real, imaginary) in [
            ("Se", 12500.0, -3.864, 0.511),
            ("Se", 12640.0, -6.104, 0.500),
            ("Se", 12650.0, -6.973, 0.500),
            ("Se", 12665.0, -7.052, 3.839),
            ("Se", 12700.0, -5.142, 3.817),
            ("Au", 11900.0, -15.018, 3.897),
            ("Au", 11940.0, -14.727, 10.169),
        ] {
            let found = at(symbol, energy);
            assert!((found.re - real).abs() < 0.02 * f64::abs(real), "{symbol} {energy}: f' {} {real}", found.re);
            assert!((found.im / imaginary - 1.0).abs() < 0.05, "{symbol} {energy}: f'' {} {imaginary}", found.im);
        }
        assert!(at("Se", 12657.0).im < 0.6 && at("Se", 12659.0).im > 3.6);
    }

    #[test]
    fn every_element_has_finite_values_everywhere() {
        assert_eq!((TABLE.len(), TABLE.iter().map(Vec::len).sum::<usize>()), (98, 8_700));
        for (points, z) in TABLE.iter().zip(1..) {
            assert!(points.is_sorted_by(|a, b| a[0] <= b[0]), "{z}");
            assert_eq!((points[0][0], points[points.len() - 1][0]), (1e3, 1e5), "{z}");
            assert!(points.iter().all(|point| point[2] > 0.0), "{z}");
            for point in points {
                let element: Element = Element::all().nth(z - 1).unwrap();
                let found = correction(element, f64::from(point[0]));
                assert!(found.re.abs() < 1.2 * z as f64 + 0.1 && found.im > 0.0 && found.im < 70.0, "{z} {found}");
            }
        }
    }

    #[test]
    fn energies_beyond_the_table_are_refused() {
        for energy in [999.0, 100_001.0, f64::NAN, -1.0] {
            let message = dispersion(std::iter::empty(), energy).unwrap_err().to_string();
            assert!(message.contains("1000 to 100000 eV"), "{message}");
        }
    }
}
