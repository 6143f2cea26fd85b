//! Crystals whose spots are bells or boxes: [`crate::physics::lattice::gauss`] and [`crate::physics::lattice::tophat`] over a tile.

use super::amplitudes::{Amplitudes, Lookup};
use super::culling::{GROUP, Groups};
use super::distances::{Distances, Metric, distances};
use super::elementary::exp_negative;
use super::tile::{DARK, Lane, TILE};
use crate::scene::{Orientation, Profile, Scene};

/// What does not depend on the pixel.
#[derive(Debug, Clone, Copy)]
pub(in crate::kernel) struct Spot {
    /// Measures a distance so that L² is e^(−distance²), or a constant below distance 1.
    pub(super) metric: Metric,
    /// The metric's largest length of 1/Å.
    pub(super) per_length: f64,
    /// Edges of the cell (Å): indices per 1/Å.
    pub(super) edges: [f64; 3],
    /// The metric's least length of a distance that is one index along each axis, whatever it is along the others.
    pub(super) per_index: [f64; 3],
    /// L² at the centre.
    pub(super) peak: f64,
    /// The exponent of the fraction of a pixel that may be left out for each orientation; `None` leaves nothing out.
    pub(in crate::kernel) slack: Option<f64>,
}

impl Spot {
    /// `per_square`: what a distance² of [`crate::physics::lattice::scaled_distance_squared`] times fudge is in the metric.
    pub(in crate::kernel) fn new(scene: &Scene, per_square: f64) -> Self {
        let domain = &scene.domain;
        let is_tophat = matches!(domain.profile, Profile::Tophat { .. });
        let scale = domain.stretch * (domain.fudge * per_square).sqrt();
        let edge = |axis: usize| scene.orientations.iter().map(|rows| rows.0[axis].norm()).fold(0.0, f64::max);
        let metric = Metric::new(&domain.metric, scale);
        let slack = (scene.orientations.len() as f64 / scene.culling).ln();
        let needed = if is_tophat { 1.0 } else { slack };
        let can_be_missed = scene.culling > 0.0 && metric.farthest_square() > needed;
        Self {
            metric,
            per_length: scene.orientations.iter().map(|rows| metric.largest_stretch(rows)).fold(0.0, f64::max),
            edges: [edge(0), edge(1), edge(2)],
            per_index: metric.between_planes(),
            peak: domain.peak * domain.peak,
            slack: can_be_missed.then_some(slack),
        }
    }

    /// Whether orientations are looked for that do not matter to a pixel; spots that fill the reciprocal cell leave none.
    pub(super) fn culls(&self) -> bool {
        self.slack.is_some()
    }
}

/// What the loops hand on.
pub(super) struct Scratch {
    distances: Distances,
    lookup: Lookup,
    terms: Lane,
    groups: Groups,
}

impl Scratch {
    pub(super) fn new(amplitudes: &Amplitudes) -> Self {
        Self { distances: Distances::new(), lookup: Lookup::new(amplitudes), terms: DARK, groups: Groups::new() }
    }

    /// Takes the scattering vectors of `n` pixels, before any of their terms are added.
    #[inline(always)]
    pub(super) fn begin<const TOPHAT: bool>(&mut self, spot: &Spot, q: &[Lane; 3], n: usize) {
        if let Some(slack) = spot.slack {
            self.groups.gather::<TOPHAT>(spot, slack, q, n);
        }
    }
}

/// Adds Σ F²·L²/L₀² over some of the orientations, L₀ the value at the centre; without F² where that is the same everywhere.
#[inline(always)]
pub(super) fn add<const FMA: bool, const TOPHAT: bool>(
    spot: &Spot,
    orientations: &[Orientation],
    amplitudes: &Amplitudes,
    q: &[Lane; 3],
    scratch: &mut Scratch,
    sum: &mut [f64],
) {
    if let Some(slack) = spot.slack {
        return add_reached::<FMA, TOPHAT>(spot, slack, orientations, amplitudes, q, scratch, sum);
    }
    let n = sum.len();
    for orientation in orientations {
        distances::<FMA, true>(orientation, q, &mut scratch.distances, 0..n);
        if find_terms::<FMA, TOPHAT>(spot, amplitudes, scratch, n) {
            sum.iter_mut().zip(scratch.terms.iter()).for_each(|(sum, term)| *sum += term);
        }
    }
}

/// The terms F²·L²/L₀² at the distances; whether any is not 0.
#[inline(always)]
fn find_terms<const FMA: bool, const TOPHAT: bool>(
    spot: &Spot,
    amplitudes: &Amplitudes,
    scratch: &mut Scratch,
    n: usize,
) -> bool {
    let Scratch { distances, lookup, terms, .. } = scratch;
    let is_table = !matches!(amplitudes, Amplitudes::Uniform(_));
    if is_table && !amplitudes.look_up::<FMA>(distances, lookup, n) {
        return false;
    }
    let [a, b, c] = distances.delta.each_ref().map(|axis| &axis[..n]);
    let (squares, terms) = (&lookup.squares[..n], &mut terms[..n]);
    if TOPHAT {
        for i in 0..n {
            let is_lit = spot.metric.square::<FMA>([a[i], b[i], c[i]]) < 1.0;
            terms[i] = if is_lit { squares[i] } else { 0.0 };
        }
        return true;
    }
    for i in 0..n {
        terms[i] = -spot.metric.square::<FMA>([a[i], b[i], c[i]]);
    }
    for i in 0..n {
        terms[i] = exp_negative::<FMA>(terms[i]) * squares[i];
    }
    true
}

/// [`add`] of the orientations that matter to a group, for that group alone.
#[inline(always)]
fn add_reached<const FMA: bool, const TOPHAT: bool>(
    spot: &Spot,
    slack: f64,
    orientations: &[Orientation],
    amplitudes: &Amplitudes,
    q: &[Lane; 3],
    scratch: &mut Scratch,
    sum: &mut [f64],
) {
    // Groups whose terms are found together, and how many they are.
    let mut batch = [0; TILE / GROUP];
    let mut n = 0;
    for orientation in orientations {
        let mut reached = scratch.groups.reached::<FMA, TOPHAT>(spot, orientation, amplitudes, slack);
        while reached != 0 {
            let group = reached.trailing_zeros() as usize;
            reached &= reached - 1;
            scratch.distances.take_group::<FMA>(orientation, q, group * GROUP, n * GROUP);
            batch[n] = group;
            n += 1;
            if n == batch.len() {
                add_batch::<FMA, TOPHAT>(spot, amplitudes, scratch, &batch, sum);
                n = 0;
            }
        }
    }
    add_batch::<FMA, TOPHAT>(spot, amplitudes, scratch, &batch[..n], sum);
}

/// Adds the terms at the distances to the groups that they belong to.
#[inline(always)]
fn add_batch<const FMA: bool, const TOPHAT: bool>(
    spot: &Spot,
    amplitudes: &Amplitudes,
    scratch: &mut Scratch,
    batch: &[usize],
    sum: &mut [f64],
) {
    if find_terms::<FMA, TOPHAT>(spot, amplitudes, scratch, batch.len() * GROUP) {
        for (group, terms) in batch.iter().zip(scratch.terms.chunks_exact(GROUP)) {
            let sum = &mut sum[group * GROUP..][..GROUP];
            sum.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        }
    }
}
