//! Dispersion corrections f' + i·f'' of the elements (electrons) from a table.
//!
//! The table (`table.rs`, written by `make_table.py` beside it) is that of the Evaluated Photon Data Library, 1997 version
//! (Cullen, Hubbell & Kissel, UCRL-50400, vol. 6, rev. 5), as the program library xraylib gives it (Schoonjans et al.,
//! Spectrochimica Acta B66 (2011) 776-784), with its absorption edges sharp. The atoms are free ones: within some 20 eV of an edge
//! the chemistry of a crystal decides, and a measured fluorescence spectrum is better than any table.
//!
//! Between the table's points ln f'' is linear in ln E. So is f' without its edges; an edge, two points of one energy E_e between
//! which f'' rises by Δ, adds Δ/(2π)·ln(x²/(x² + w²)), x = ln(E/E_e), which is what the Kramers-Kronig relation makes of a step.

mod table;

use super::{Complex64, Dispersion, Element};
use table::TABLE;

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
pub fn dispersion(elements: impl Iterator<Item = Element>, energy_ev: f64) -> Result<Dispersion, String> {
    if !ENERGY_RANGE.contains(&energy_ev) {
        let (least, most) = (ENERGY_RANGE.start(), ENERGY_RANGE.end());
        return Err(format!("f' and f'' are tabulated for energies of {least} to {most} eV, not for {energy_ev} eV"));
    }
    Ok(elements.map(|element| (element, correction(element, energy_ev))).collect())
}

/// f' + i·f'' at an energy within the table.
fn correction(element: Element, energy: f64) -> Complex64 {
    let points = TABLE[usize::from(element.atomic_number()) - 1].as_chunks::<3>().0;
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
