//! Photons of a reflection that goes through the Ewald sphere altogether, against Darwin's formula, for every shape of the blocks.

mod common;

use bragg::experiment::{
    Experiment, Mosaic, MosaicFrame, MosaicSpread, Physics, Polarization, Shape, Source, UnitCell,
};
use bragg::kernel::{self, Unwatched};
use bragg::math::{Mat3, Vec3};
use bragg::random::Generator;
use bragg::reflections::{AmplitudeGrid, Reflections};
use bragg::scene::Scene;
use common::{experiment, unit};
use std::sync::Arc;

/// Those whose photons are right.
const SHAPES: [Shape; 5] = [Shape::Square, Shape::Round, Shape::Gauss, Shape::GaussStar, Shape::Tophat];
const FLUENCE: f64 = 1e28;
const AMPLITUDE: f64 = 100.0;
const WAVELENGTH: f64 = 1.2;
/// Square of the classical electron radius (m²), CODATA 2018.
const R_E_SQUARED: f64 = 2.8179403262e-15 * 2.8179403262e-15;

/// A reflection at the sphere: the crystal, what hits the sphere at spindle angle 0, and in which direction it is scattered.
struct Setting {
    experiment: Experiment,
    q: Vec3,
    diffracted: Vec3,
}

/// A triclinic crystal whose reflection `hkl` is on the Ewald sphere at angle 0, and the only one that is not dark.
fn setting(hkl: [i32; 3], edges: [f64; 3]) -> Setting {
    let mut e = experiment();
    let cell = UnitCell::new([edges[0], edges[1], edges[2], 82.0, 97.0, 104.0]).unwrap();
    let turn = Mat3::rotation(unit(0.3, -0.5, 0.8), 0.7);
    let rows = Mat3(cell.basis().0.map(|axis| turn.apply(axis)));
    let [a, b, c] = rows.reciprocal_rows().0;
    let at = a * f64::from(hkl[0]) + b * f64::from(hkl[1]) + c * f64::from(hkl[2]);
    // the sphere: |q + s|² = |s|², s = −z/λ; q is turned into the plane of the beam and an axis aslant of the spindle
    let across = unit(0.3, 1.0, 0.0);
    let lift = at.norm() * WAVELENGTH / 2.0;
    let q = (across * (1.0 - lift * lift).sqrt() + Vec3::new(0.0, 0.0, lift)) * at.norm();
    let axis = at.cross(q).unit();
    let onto = Mat3::rotation(axis, (at.dot(q) / (at.norm() * q.norm())).acos());
    e.crystal.real_space = Mat3(rows.0.map(|row| onto.apply(row)));
    e.crystal.mosaic = Mosaic {
        spread: MosaicSpread::Gaussian { eta: 0.0 },
        n_domains: 1,
        seed: 1,
        generator: Generator::Keyed,
        frame: MosaicFrame::Crystal,
    };
    let list = vec![(hkl, AMPLITUDE), ([0, 0, 0], 0.0)];
    let reflections = Reflections { list, ..Reflections::default() };
    e.structure_factors.grid = Some(Arc::new(AmplitudeGrid::from_reflections(&reflections, 0.0).unwrap()));
    e.structure_factors.default_f = 0.0;
    (e.beam.direction, e.beam.wavelength, e.beam.fluence) = (Vec3::new(0.0, 0.0, 1.0), WAVELENGTH, FLUENCE);
    e.beam.sources = vec![Source { direction: e.beam.direction, wavelength: WAVELENGTH, weight: 1.0 }];
    e.beam.polarization = Some(Polarization { kahn_factor: 0.0, e_vector: Vec3::new(1.0, 0.0, 0.0) });
    e.sampling.physics = Physics::Correct;
    let incident = -e.beam.direction;
    let diffracted = q * WAVELENGTH + incident;
    assert!((diffracted.norm() - 1.0).abs() < 1e-12);
    assert!((e.crystal.reciprocal().transposed().apply(Vec3(hkl.map(f64::from))) - q).norm() < 1e-12);
    Setting { experiment: e, q, diffracted }
}

impl Setting {
    /// Photons by Darwin's formula over a rotation of `range` radians through the whole reflection (Holton & Frankel, Acta Cryst. D66
    /// (2010) 393, equation 1): I = I₀·r_e²·(V_xtal/V_cell²)·λ³·L·P·|F|²/ω, here with fluence for I₀/ω times the range, V_xtal = N·V_cell,
    /// L = 1/|u·(s₀ × s)| for the spindle's axis u and unit vectors s₀, s.
    fn darwin(&self, n_cells: [f64; 3], range: f64) -> f64 {
        let e = &self.experiment;
        let incident = -e.beam.direction;
        let lorentz = 1.0 / e.scan.axis.dot(incident.cross(self.diffracted)).abs();
        let cos = incident.dot(self.diffracted);
        let polarization = 0.5 * (1.0 + cos * cos);
        let volume = e.crystal.real_space.determinant().abs();
        let cells: f64 = n_cells.iter().product();
        let square_meters = R_E_SQUARED;
        FLUENCE * square_meters * cells / volume * WAVELENGTH.powi(3) * lorentz * polarization * AMPLITUDE.powi(2)
            / range
    }

    /// Photons that the kernel finds, the whole reciprocal cell about the reflection taken through the sphere: steps of pixels and
    /// spindle are `fine` in indices.
    fn simulated(&self, shape: Shape, n_cells: [f64; 3], fine: f64) -> (f64, f64) {
        let mut e = self.experiment.clone();
        (e.crystal.shape, e.crystal.n_cells) = (shape, n_cells);
        // the corners of the cell, and how far they reach
        let [a, b, c] = e.crystal.reciprocal().0;
        let signs = [-0.5, 0.5];
        let corners = signs
            .into_iter()
            .flat_map(|i| signs.into_iter().flat_map(move |j| signs.into_iter().map(move |k| a * i + b * j + c * k)));
        let reach = corners.map(Vec3::norm).fold(0.0, f64::max);
        let index = e.crystal.edges().into_iter().fold(0.0, f64::max);
        let angle_step = fine / index;
        // the corners of the cell leave the sphere last
        let speed = e.scan.axis.cross(self.q).dot(self.diffracted).abs();
        let half = 1.15 * reach / speed;
        let n_steps = (2.0 * half * speed / angle_step).ceil() as usize;
        let range = 2.0 * half;
        (e.scan.start, e.scan.range, e.scan.n_steps) = (-half.to_degrees(), range.to_degrees(), n_steps);
        e.scan.step = e.scan.range / n_steps as f64;
        e.scan.first = e.scan.start + 0.5 * e.scan.step;
        // a panel across the diffracted beam
        let distance = 100.0;
        let half_width = 1.3 * reach * WAVELENGTH * distance;
        let oversample = 2;
        let n = (2.0 * half_width / (angle_step * WAVELENGTH * distance * oversample as f64)).ceil() as usize;
        let panel = &mut e.detector.panels[0];
        panel.fast_axis = self.diffracted.cross(Vec3::new(0.0, 1.0, 0.0)).unit();
        panel.slow_axis = self.diffracted.cross(panel.fast_axis);
        panel.normal = self.diffracted;
        (panel.n_fast, panel.n_slow, panel.pixel_size) = (n, n, 2.0 * half_width / n as f64);
        panel.origin = self.diffracted * distance - (panel.fast_axis + panel.slow_axis) * half_width;
        (e.detector.distance, e.sampling.oversample) = (distance, oversample);
        let image = kernel::render::<f64>(&Scene::new(&e), &Unwatched).unwrap();
        // nothing reaches the edges
        let pixels = image.panels[0].pixels();
        let edge = |i: usize| [i % n, i / n].iter().any(|&x| x == 0 || x == n - 1);
        assert!((0..n * n).filter(|&i| edge(i)).all(|i| pixels[i] == 0.0), "{shape:?}: the panel is too small");
        (pixels.iter().sum(), range)
    }

    /// Photons over Darwin's.
    fn ratio(&self, shape: Shape, n_cells: [f64; 3]) -> f64 {
        let longest = n_cells.into_iter().fold(0.0, f64::max);
        let per_spot = if shape == Shape::Tophat { 12.0 } else { 3.0 };
        let (photons, range) = self.simulated(shape, n_cells, 1.0 / (per_spot * longest));
        photons / self.darwin(n_cells, range)
    }
}

const EDGES: [f64; 3] = [60.0, 70.0, 80.0];

/// Nothing is missing from the square's, whose gratings integrate to N over any period; of the round ones what is beyond the reciprocal
/// cell is made up for. What tests with smaller boxes miss of a square block is cot(πb)/(πN) for an axis cut at |δ| = b.
#[test]
fn a_reflection_turned_through_the_sphere_has_darwins_photons() {
    let setting = setting([4, -3, 5], EDGES);
    for shape in SHAPES {
        for n in [8.0, 12.0, 20.0] {
            let ratio = setting.ratio(shape, [n; 3]);
            assert!((ratio - 1.0).abs() < 0.01, "{shape:?} {n}: {ratio}");
        }
    }
}

#[test]
fn so_have_blocks_with_unequal_edges() {
    let setting = setting([-2, 6, 3], [90.0, 50.0, 60.0]);
    for shape in SHAPES {
        let ratio = setting.ratio(shape, [6.0, 14.0, 9.0]);
        assert!((ratio - 1.0).abs() < 0.01, "{shape:?}: {ratio}");
    }
}

/// nanoBragg's Gaussian spots: by their formula ∫L² is V_cell·N²·(0.63·π/2)^(3/2)/N³, N/V_cell times less.
#[test]
fn nanobraggs_widths_do_not_know_the_cell() {
    let setting = setting([4, -3, 5], EDGES);
    let volume = setting.experiment.crystal.real_space.determinant().abs();
    let ratio = setting.ratio(Shape::GaussNanobragg, [10.0, 7.0, 7.0]);
    let expected = volume * (0.63 * std::f64::consts::FRAC_PI_2).powf(1.5) / 490.0f64.powi(2);
    assert!((ratio / expected - 1.0).abs() < 0.01, "{ratio} {expected}");
}

/// Twice the cells along each axis are eight times the photons, whichever shape they have.
#[test]
fn doubled_edges_have_eight_times_the_photons() {
    let setting = setting([4, -3, 5], EDGES);
    let photons = |shape, n: f64| {
        let (photons, range) =
            setting.simulated(shape, [n; 3], 1.0 / (if shape == Shape::Tophat { 12.0 } else { 3.0 } * n));
        photons * range
    };
    let square = photons(Shape::Square, 7.0);
    for shape in SHAPES {
        let [small, large] = [7.0, 14.0].map(|n| photons(shape, n));
        assert!((large / small / 8.0 - 1.0).abs() < 0.01, "{shape:?}: {}", large / small);
        assert!((small / square - 1.0).abs() < 0.01, "{shape:?}: {} of the square's", small / square);
    }
}
