//! How finely an exposure is to be sampled: what smears a spot across the Ewald sphere, and the steps that this leaves room for.
//!
//! A spot's photons depend on how far its reciprocal-lattice point x is from the Ewald sphere along the sphere's normal. What moves it by
//! that distance, in 1/Å at |x| = 2 sin θ/λ:
//!
//! | | |
//! |---|---|
//! | width of a block's own spot, rms | σ: see [`Crystal::narrowest_spot`] |
//! | mosaicity η, rms | \|x\|·cos θ·η |
//! | spectrum of the relative width δ, uniform | \|x\|·sin θ·δ |
//! | divergence by an angle δ in the plane of scattering, uniform | \|x\|·cos θ·δ |
//! | rotation by an angle δ about an axis across that plane, uniform | \|x\|·cos θ·δ |
//!
//! Equal steps Δ through a uniform range W are a midpoint rule. Of an integrand smeared by all that is narrower than W it is off by
//! 2·∏Φ(1/Δ), Φ the Fourier transforms of what smears (Poisson's sum), exp(−2π²σ²/Δ²) of a Gaussian, no less than 1/√n of n mosaic
//! domains; and by Δ²/24 times the slopes at the ends of the range (Euler and Maclaurin).

use super::beam::Ticks;
use super::{Beam, Crystal, Shape};
use crate::math::{Mat3, Vec3};
use std::f64::consts::{FRAC_PI_4, PI};

/// What steps through one of the ranges may put integrated spots off by, by the first and by the second of the two errors.
const ALIASING: f64 = 0.01;
const ENDS: f64 = 0.01;
/// What mosaic domains may put integrated spots off by, a mean over spots by their photons (single spots may be off by several times that), for so many by the square of
/// the [`Smearing::excess`]; it falls as the number to the power 0.75. Measured with balanced domains and Gaussians (docs/mosaicity.md).
const DOMAINS: f64 = 0.015;
const DOMAINS_PER_SQUARE: f64 = 64.0;
/// As many domains as there are at least: fewer make an arc of a few dots.
const FEWEST_DOMAINS: usize = 20;
/// What is chosen at most.
const MOST_DOMAINS: usize = 10_000;
const MOST_STEPS: usize = 100_000;
const MOST_POINTS: usize = 500;
const RADIAN_PER_MRAD: f64 = 1e-3;
/// Resolutions that are looked at, the finest among them.
const RESOLUTIONS: usize = 8;

/// A range through which samples go in equal steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// Directions along the electric field.
    Horizontal,
    /// Directions across it.
    Vertical,
    /// Wavelengths.
    Dispersion,
    /// Angles of the spindle.
    Spindle,
}

impl Sweep {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Horizontal, Self::Vertical, Self::Dispersion, Self::Spindle];
}

/// What smears the spots of an exposure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Smearing {
    /// Wavelength (Å).
    wavelength: f64,
    /// Width of the narrowest spot of a block, rms of its intensity (1/Å).
    block: f64,
    /// Whether the spots of a block have edges.
    has_edges: bool,
    /// Rms misorientation of mosaic domains about each axis (rad).
    eta: f64,
    /// How many domains there are.
    n_domains: usize,
    /// The ranges of [`Sweep::ALL`]: rad, rad, a fraction of the wavelength, rad.
    ranges: [f64; 4],
    /// sin θ of the finest spacing that matters.
    sine: f64,
}

impl Crystal {
    /// The least width of a block's spots in any direction, rms of a Gaussian L² (1/Å): of its own or, of other shapes, of the Gaussian that
    /// is as wide. In a direction û it is √(ûᵀPû) with P⁻¹ = 2π·fudge·Aᵀ·diag(N²)·A, rows of A the edges.
    pub fn narrowest_spot(&self) -> f64 {
        let [a, b, c] = self.n_cells;
        let cells = a * b * c;
        let longest = match self.shape {
            Shape::Square | Shape::Round | Shape::Gauss | Shape::Tophat => {
                let rows = std::array::from_fn(|axis| self.real_space.0[axis] * self.n_cells[axis]);
                let columns = Mat3(rows).transposed().0;
                Mat3(columns.map(|u| Vec3(columns.map(|v| u.dot(v))))).largest_eigenvalue().sqrt()
            }
            Shape::GaussStar => (cells * self.real_space.determinant().abs()).cbrt(),
            // exp(−2·fudge·N²q²/0.63), and a top hat of that radius
            Shape::GaussNanobragg | Shape::TophatNanobragg => cells * (4.0 / (0.63 * 2.0 * PI)).sqrt(),
        };
        let fudge = if self.shape == Shape::Square { 1.0 } else { self.fudge };
        1.0 / ((2.0 * PI * fudge).sqrt() * longest)
    }
}

impl Smearing {
    /// The smearing of an exposure through `rotation` (deg), for spacings down to `resolution` (Å).
    pub fn new(crystal: &Crystal, beam: &Beam, rotation: f64, resolution: f64) -> Self {
        let range = |ticks: Ticks| if ticks.is_spread() { ticks.range } else { 0.0 };
        let [horizontal, vertical, dispersion] = beam.spread.map_or([0.0; 3], |spread| {
            [
                range(spread.horizontal) * RADIAN_PER_MRAD,
                range(spread.vertical) * RADIAN_PER_MRAD,
                range(spread.dispersion),
            ]
        });
        Self {
            wavelength: beam.wavelength,
            block: crystal.narrowest_spot(),
            has_edges: crystal.shape.is_tophat(),
            eta: crystal.mosaic.spread.rms_per_axis().to_radians(),
            n_domains: crystal.mosaic.n_domains,
            ranges: [horizontal, vertical, dispersion, rotation.abs().to_radians()],
            sine: (beam.wavelength / (2.0 * resolution)).clamp(1e-3, 1.0),
        }
    }

    /// This smearing with another number of mosaic domains.
    #[must_use]
    pub fn with_domains(self, n_domains: usize) -> Self {
        Self { n_domains, ..self }
    }

    /// Whether there is such a range.
    pub fn has(&self, sweep: Sweep) -> bool {
        self.ranges[sweep as usize] > 0.0
    }

    /// Sines of the Bragg angles that are looked at.
    fn sines(&self) -> impl Iterator<Item = f64> {
        let sine = self.sine;
        (1..=RESOLUTIONS).map(move |i| sine * i as f64 / RESOLUTIONS as f64)
    }

    /// How far the mosaicity moves a point, rms (1/Å).
    fn mosaic(&self, sine: f64) -> f64 {
        self.eta * self.across(sine)
    }

    /// |x|·cos θ, at most what it is at 45°.
    fn across(&self, sine: f64) -> f64 {
        (2.0 * sine.asin().min(FRAC_PI_4)).sin() / self.wavelength
    }

    /// How far each range moves a point (1/Å).
    fn widths(&self, sine: f64) -> [f64; 4] {
        let (across, along) = (self.across(sine), 2.0 * sine * sine / self.wavelength);
        let [horizontal, vertical, dispersion, spindle] = self.ranges;
        [horizontal * across, vertical * across, dispersion * along, spindle * across]
    }

    /// What `n` steps through a range make of integrated spots, as fractions: by aliasing, and at its ends.
    fn off(&self, sweep: Sweep, sine: f64, n: usize) -> [f64; 2] {
        let widths = self.widths(sine);
        let i_sweep = sweep as usize;
        let width = widths[i_sweep];
        if width == 0.0 {
            return [0.0; 2];
        }
        let delta = width / n as f64;
        // the narrower ranges, which are sampled finely enough for what is narrower than they are
        let is_before = |j: usize| j != i_sweep && (widths[j], j) < (width, i_sweep);
        let narrower: Vec<f64> = (0..4).filter(|&j| is_before(j)).map(|j| widths[j]).filter(|&w| w > 0.0).collect();
        let mosaic = self.mosaic(sine);
        let gaussian = |sigma: f64| (-2.0 * (PI * sigma / delta).powi(2)).exp();
        // a ball of radius (3/4π)^⅓/N, where σ is 1/(√(2π)·N): its transform falls as 3/x²
        let edge = 2.0 * PI * 1.555 * self.block / delta;
        let block = if self.has_edges { (3.0 / (edge * edge)).min(1.0) } else { gaussian(self.block) };
        let domains =
            if self.eta > 0.0 { gaussian(mosaic).max((self.n_domains.max(1) as f64).sqrt().recip()) } else { 1.0 };
        // narrower ranges are steps, too: they do not smear what is as narrow as these
        let is_wide = delta > 4.0 * self.block.hypot(mosaic);
        let of_box = |w: &f64| if is_wide { (1.6 * delta / (PI * w)).min(1.0) } else { 1.0 };
        let boxes: f64 = narrower.iter().map(of_box).product();
        let variance = self.block.powi(2) + mosaic.powi(2) + narrower.iter().map(|w| w * w / 12.0).sum::<f64>();
        // 1/σ² in the middle of a spot that is wider than the range, a quarter where the spot stands at an end of a wide one
        let slopes = 0.25 + 0.75 / (1.0 + (width * width / variance / 6.25).powi(2));
        [(2.0 * block * domains * boxes).min(1.0), (delta * delta / 24.0 * slopes / variance).min(1.0)]
    }

    /// Steps through a range with which integrated spots are right within 2 %; as many as there may be where that does not suffice.
    pub fn steps(&self, sweep: Sweep) -> usize {
        let most = if sweep == Sweep::Spindle { MOST_STEPS } else { MOST_POINTS };
        let is_enough = |n: usize| {
            self.sines().all(|sine| {
                let [aliasing, ends] = self.off(sweep, sine, n);
                aliasing <= ALIASING && ends <= ENDS
            })
        };
        let mut high = 1;
        while high < most && !is_enough(high) {
            high = (2 * high).min(most);
        }
        let mut low = high / 2;
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if is_enough(middle) { high = middle } else { low = middle }
        }
        high
    }

    /// What integrated spots are off by, as a fraction, with so many steps through a range.
    pub fn error(&self, sweep: Sweep, n: usize) -> f64 {
        self.sines().map(|sine| self.off(sweep, sine, n).into_iter().fold(0.0, f64::max)).fold(0.0, f64::max)
    }

    /// The square of mosaicity over all that smears spots besides, the ranges by their variance, those of angles by half of their reach since
    /// many reflections lie aslant of them; but no less than spots at the ends of wide ranges need, which cut through their domains.
    fn excess(&self) -> f64 {
        let at = |sine: f64| {
            let [horizontal, vertical, dispersion, spindle] = self.widths(sine);
            let across = horizontal * horizontal + vertical * vertical + spindle * spindle;
            let boxes = (0.25 * across + dispersion * dispersion) / 12.0;
            let (mosaic, block) = (self.mosaic(sine).powi(2), self.block.powi(2));
            (mosaic / (block + boxes)).max(2.0 * mosaic / (mosaic + 9.0 * block))
        };
        self.sines().map(at).fold(0.0, f64::max)
    }

    /// Mosaic domains with which integrated spots are right within 2 %; as many as there may be where that does not suffice.
    pub fn domains(&self) -> usize {
        if self.eta == 0.0 {
            return 1;
        }
        let needed = DOMAINS_PER_SQUARE * self.excess();
        (needed.min(MOST_DOMAINS as f64).ceil() as usize).max(FEWEST_DOMAINS).next_multiple_of(2)
    }

    /// What integrated spots are off by, as a fraction, with so many balanced mosaic domains.
    pub fn domain_error(&self, n: usize) -> f64 {
        let needed = DOMAINS_PER_SQUARE * self.excess();
        if n < 2 && self.eta > 0.0 {
            return (needed / DOMAINS_PER_SQUARE).min(1.0);
        }
        (DOMAINS * (needed / n as f64).powf(0.75)).min(1.0)
    }
}
