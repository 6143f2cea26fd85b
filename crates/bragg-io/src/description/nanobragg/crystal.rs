//! The crystal of a command line: its basis, its size and its orientation.

use super::geometry::positive;
use super::options::{CellOptions, Misset, Options};
use bragg::error::{Error, Result};
use bragg::experiment::{Shape, UnitCell};
use bragg::math::{Mat3, Vec3};
use bragg::random::keyed::{self, Purpose};
use bragg::random::nanobragg::{Random, xyz_angles};
use bragg::units::METER_PER_ANGSTROM;

/// The cap (radians) of a random misset: 90, which the reference program takes for degrees.
const MISSET_CAP: f64 = 90.0;

/// The crystal as the kernel needs it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CrystalSettings {
    /// Rows a, b, c (Å).
    pub(super) real_space: Mat3,
    /// Lengths of a, b, c (Å): the cell's own where it was given.
    pub(super) edges: [f64; 3],
    /// Unit cells along each axis.
    pub(super) n_cells: [u32; 3],
    /// `-fudge`, times the squared ratio of true to nominal volume where the shape reads a*, b*, c*.
    pub(super) fudge: f64,
    /// Whether the beam cut the sample.
    pub(super) clipped: bool,
    /// Angles (deg) about lab x, y and z of a misset drawn at random.
    pub(super) random_misset: Option<[f64; 3]>,
}

impl CrystalSettings {
    /// The crystal of a command line whose matrix file, if any, has been read: rows x, y, z, columns a*, b*, c* (1/Å times λ).
    pub(super) fn new(
        options: &Options,
        matrix: Option<[f64; 9]>,
        wavelength: f64,
        misset_seed: u32,
        correct: bool,
    ) -> Result<Self> {
        let cell = options.crystal.cell.map(|cell| unit_cell(options, cell)).transpose()?;
        let reciprocal = reciprocal_basis(options, matrix, cell, wavelength)?;
        let angles = misset(options, misset_seed, correct);
        let [a, b, c] = reciprocal.0.map(|axis| angles.map_or(axis, |angles| axis.rotated_xyz(angles)));
        let crosses = [b.cross(c), c.cross(a), a.cross(b)];
        let real_space = Mat3::from_rows(match cell {
            Some(cell) => std::array::from_fn(|i| crosses[i].unit() * cell.edges[i]),
            None => crosses.map(|cross| cross * (1.0 / a.dot(crosses[0]))),
        });
        let fudge = options.crystal.fudge.unwrap_or(1.0);
        let reads_reciprocal = !correct && matches!(options.crystal.shape, Some(Shape::Gauss | Shape::Tophat));
        let volume_ratio = cell.map_or(1.0, |cell| real_space.determinant() / nominal_volume(&cell));
        let (sample, clipped) = sample_size(options)?;
        let edges = cell.map_or_else(|| real_space.0.map(Vec3::norm), |cell| cell.edges);
        Ok(Self {
            edges,
            n_cells: cell_counts(options, sample, edges)?,
            real_space,
            fudge: if reads_reciprocal { fudge * volume_ratio * volume_ratio } else { fudge },
            clipped,
            random_misset: angles
                .filter(|_| options.crystal.misset == Some(Misset::Random))
                .map(|angles| angles.map(f64::to_degrees)),
        })
    }
}

fn unit_cell(options: &Options, cell: CellOptions) -> Result<UnitCell> {
    let a = cell.a_angstrom;
    UnitCell::new([
        a,
        cell.b_angstrom.unwrap_or(a),
        cell.c_angstrom.unwrap_or(a),
        cell.alpha_deg.unwrap_or(90.0),
        cell.beta_deg.unwrap_or(90.0),
        cell.gamma_deg.unwrap_or(90.0),
    ])
    .map_err(|what| Error::setting(options.spelling("-cell"), what))
}

/// 2abc·√|sin s·sin(s−α)·sin(s−β)·sin(s−γ)|, s half the sum of the angles (International Tables C, 1.1).
fn nominal_volume(cell: &UnitCell) -> f64 {
    let [alpha, beta, gamma] = cell.angles.map(f64::to_radians);
    let half = (alpha + beta + gamma) / 2.0;
    let skew = half.sin() * (half - alpha).sin() * (half - beta).sin() * (half - gamma).sin();
    let [a, b, c] = cell.edges;
    2.0 * a * b * c * skew.abs().sqrt()
}

/// a*, b*, c* (1/Å) by rows, before any misset.
fn reciprocal_basis(
    options: &Options,
    matrix: Option<[f64; 9]>,
    cell: Option<UnitCell>,
    wavelength: f64,
) -> Result<Mat3> {
    match (matrix, cell) {
        (Some(m), _) => {
            let columns =
                Mat3::from_rows(std::array::from_fn(|i| Vec3::new(m[i], m[i + 3], m[i + 6]) * (1.0 / wavelength)));
            let volume = columns.determinant();
            if volume.is_normal() {
                return Ok(columns);
            }
            Err(Error::setting(options.spelling("-mat"), "the three axes of the matrix lie in one plane"))
        }
        (None, Some(cell)) => Ok(cell_reciprocal_basis(&cell)),
        (None, None) => Err(Error::setting("-cell", "the crystal needs a -cell or a -mat")),
    }
}

/// a* along x, b* in the xy plane. The third component of c* is the reference program's: c*·V/(abc·sin γ*), where a textbook has 1/c.
fn cell_reciprocal_basis(cell: &UnitCell) -> Mat3 {
    let [a, b, c] = cell.edges;
    let [alpha, beta, gamma] = cell.angles.map(f64::to_radians);
    let volume = nominal_volume(cell);
    let a_star = b * c * alpha.sin() / volume;
    let b_star = c * a * beta.sin() / volume;
    let c_star = a * b * gamma.sin() / volume;
    let reciprocal_cosine = |u: f64, v: f64, w: f64| (u.cos() * v.cos() - w.cos()) / (u.sin() * v.sin());
    let cos_alpha_star = reciprocal_cosine(beta, gamma, alpha);
    let cos_beta_star = reciprocal_cosine(alpha, gamma, beta);
    let cos_gamma_star = reciprocal_cosine(alpha, beta, gamma);
    let sin_gamma_star = volume / (a * b * c * alpha.sin() * beta.sin());
    let c_y = (cos_alpha_star - cos_beta_star * cos_gamma_star) / sin_gamma_star;
    let c_z = volume / (a * b * c * sin_gamma_star);
    Mat3::from_rows([
        Vec3::new(a_star, 0.0, 0.0),
        Vec3::new(b_star * cos_gamma_star, b_star * sin_gamma_star, 0.0),
        Vec3::new(c_star * cos_beta_star, c_star * c_y, c_star * c_z),
    ])
}

/// The angles (radians) about lab x, y and z by which `-misset` turns the reciprocal axes.
fn misset(options: &Options, seed: u32, correct: bool) -> Option<[f64; 3]> {
    match options.crystal.misset? {
        Misset::AnglesDeg(angles) => Some(angles.map(f64::to_radians)),
        Misset::Random if correct => {
            Some(xyz_angles(&keyed::uniform_rotation(&mut keyed::stream(seed.into(), 0, Purpose::Orientation))))
        }
        Misset::Random => Some(xyz_angles(&Random::new(seed).rotation_within_cap(MISSET_CAP))),
    }
}

/// The sample's edges (mm); one larger than the beam across the beam is cut to it.
fn sample_size(options: &Options) -> Result<([Option<f64>; 3], bool)> {
    let crystal = &options.crystal;
    let beam = options.beam.beamsize_mm.unwrap_or(0.1);
    let mut clipped = false;
    let mut cut = |edge: Option<f64>| {
        edge.map(|edge| {
            let is_larger = beam > 0.0 && edge > beam;
            clipped |= is_larger;
            if is_larger { beam } else { edge }
        })
    };
    let sample = [crystal.sample_x_mm, cut(crystal.sample_y_mm), cut(crystal.sample_z_mm)];
    let flags = ["-sample_x", "-sample_y", "-sample_z"];
    for (flag, edge) in flags.into_iter().zip(sample) {
        if edge.is_some_and(|edge| edge != 0.0) {
            positive(options, flag, edge, 0.0)?;
        }
    }
    Ok((sample, clipped))
}

/// Unit cells along each axis: those that fill the sample where its size is given, at least one.
fn cell_counts(options: &Options, sample: [Option<f64>; 3], edges: [f64; 3]) -> Result<[u32; 3]> {
    let given = [options.crystal.n_a, options.crystal.n_b, options.crystal.n_c];
    let mut counts = [1; 3];
    for (i, flag) in ["-Na", "-Nb", "-Nc"].into_iter().enumerate() {
        let count = match sample[i].filter(|&edge| edge > 0.0) {
            Some(edge) => (edge / 1000.0 / (edges[i] * METER_PER_ANGSTROM)).ceil(),
            None => given[i].unwrap_or(1).max(1) as f64,
        };
        if !(1.0..=1e9).contains(&count) {
            return Err(Error::setting(
                options.spelling(flag),
                format!("{count} unit cells along an axis; give from 1 to 1e9"),
            ));
        }
        counts[i] = count as u32;
    }
    Ok(counts)
}
