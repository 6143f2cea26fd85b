//! Which reflections fall on the detector, and which of them have no amplitude.

use super::{Experiment, Panel};
use crate::math::{Mat3, Vec3};
use crate::miller::Miller;
use crate::reflections::{ReciprocalMetric, Reflections};
use crate::symmetry::is_absent;
use rayon::prelude::*;
use std::collections::HashSet;

/// Spindle positions that are looked at, evenly spaced over the scan.
const MAX_POSITIONS: usize = 16;
/// Points of the detector that are looked at, over all positions: a few hundredths of a second.
const MAX_POINTS: f64 = 2e6;
/// Points per reflection along an axis of the detector, where [`MAX_POINTS`] allows it.
const POINTS_PER_REFLECTION: f64 = 3.0;

/// The reflections that pixels ask for: those nearest to a point of the detector at some spindle position. Counts are of reflections
/// in P1, without 0 0 0 and without systematic absences. They are lower bounds: not every pixel and spindle position is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coverage {
    /// The reflections on the detector.
    pub on_detector: usize,
    /// How many of these reflections the list does not have.
    pub missing: usize,
    /// The coarsest resolution (Å) of a missing one; `None` when none is missing.
    pub coarsest_missing: Option<f64>,
}

/// How many reflections fall on the detector, and how many of them are not in the list. The nominal source is looked at, the crystal
/// without its mosaic spread, and no further than `sampling.d_min`.
pub fn coverage(experiment: &Experiment, reflections: &Reflections) -> Coverage {
    let touched = touched(experiment);
    let listed: HashSet<Miller> = reflections.list.iter().map(|(hkl, _)| *hkl).collect();
    let cell = super::UnitCell::from_basis(&experiment.crystal.real_space).parameters();
    let metric = ReciprocalMetric::from_cell(cell).ok();
    let resolution = |hkl| metric.map_or(f64::INFINITY, |metric| metric.resolution(hkl));
    // a reflection beyond d_min may be the nearest to a point within it
    let expected = touched.par_iter().filter(|&&hkl| {
        hkl != [0; 3] && resolution(hkl) >= experiment.sampling.d_min && !is_absent(hkl, &reflections.symmetry)
    });
    let (on_detector, missing, coarsest) = expected
        .map(|&hkl| if listed.contains(&hkl) { (1, 0, 0.0) } else { (1, 1, resolution(hkl)) })
        .reduce(|| (0, 0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1, f64::max(a.2, b.2)));
    Coverage { on_detector, missing, coarsest_missing: (missing > 0).then_some(coarsest) }
}

/// The nearest reflection of every point that is looked at, each once.
fn touched(experiment: &Experiment) -> Vec<Miller> {
    let scan = &experiment.scan;
    let n_positions = scan.n_steps.clamp(1, MAX_POSITIONS);
    let positions: Vec<Mat3> = (0..n_positions)
        .map(|i| {
            let step = if n_positions == 1 { 0 } else { i * (scan.n_steps - 1) / (n_positions - 1) };
            let phi = (scan.first + scan.step * step as f64).to_radians();
            Mat3::from_rows(experiment.crystal.real_space.0.map(|row| row.rotated(scan.axis, phi)))
        })
        .collect();
    let n_pixels: f64 = experiment.detector.panels.iter().map(|panel| panel.n_fast as f64 * panel.n_slow as f64).sum();
    let smallest_stride = (n_pixels * n_positions as f64 / MAX_POINTS).sqrt().ceil().max(1.0);
    let mut touched: Vec<Miller> = Vec::new();
    for panel in &experiment.detector.panels {
        touched.extend(touched_by(panel, experiment, &positions, stride(panel, experiment).max(smallest_stride)));
    }
    touched.par_sort_unstable();
    touched.dedup();
    touched
}

/// Pixels between points, so that every reflection has some: along the detector, reflections are λ·distance/edge apart.
fn stride(panel: &Panel, experiment: &Experiment) -> f64 {
    let longest = experiment.crystal.edges().into_iter().fold(0.0, f64::max);
    let apart = experiment.beam.wavelength * panel.close_distance().abs() / longest;
    (apart / panel.pixel_size / POINTS_PER_REFLECTION).floor().max(1.0)
}

fn touched_by(panel: &Panel, experiment: &Experiment, positions: &[Mat3], stride: f64) -> Vec<Miller> {
    let [fast, slow] = panel
        .roi
        .map_or([[0, panel.n_fast.saturating_sub(1)], [0, panel.n_slow.saturating_sub(1)]], |roi| [roi.fast, roi.slow]);
    let stride = stride as usize;
    // the last pixel too, where the resolution is finest
    let along = |[first, last]: [usize; 2]| (first..last).step_by(stride).chain(std::iter::once(last));
    let slows: Vec<usize> = along(slow).collect();
    let (propagation, wavelength) = (experiment.beam.propagation(), experiment.beam.wavelength);
    let row = |&slow: &usize| {
        let mut row: Vec<Miller> = Vec::new();
        for lattice in positions {
            for fast in along(fast) {
                let direction = panel.position(fast as f64 + 0.5, slow as f64 + 0.5).unit();
                let q = (direction - propagation) * (1.0 / wavelength);
                let hkl = nearest(lattice, q);
                if row.last() != Some(&hkl) && experiment.sampling.d_min * q.norm() <= 1.0 {
                    row.push(hkl);
                }
            }
        }
        row.sort_unstable();
        row.dedup();
        row
    };
    slows.par_iter().flat_map_iter(row).collect()
}

fn nearest(lattice: &Mat3, q: Vec3) -> Miller {
    // halves go down, as in the kernel; indices too large for i32 stop at its ends
    lattice.apply(q).0.map(|h| (h - 0.5).ceil() as i32)
}
