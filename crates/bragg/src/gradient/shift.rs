//! Experiments with other values of their parameters. The same code moves experiments by finite steps and, in dual numbers, gives the
//! derivatives.

use super::parameter::{Axis, PanelAxis, Parameter, Range};
use crate::experiment::{Experiment, UnitCell};
use crate::math::{Mat3, Vec3};
use crate::miller::Miller;
use crate::real::Real;
use std::sync::Arc;

/// At no intensity (electrons²) the amplitude would have no derivative with respect to it, and a refinement no way back.
pub(super) const LEAST_INTENSITY: f64 = 1e-24;
const RADIAN_PER_DEGREE: f64 = std::f64::consts::PI / 180.0;

/// What is done in one piece after all shifts are known.
struct Pieces<R> {
    cell: [R; 6],
    crystal: Vec3<R>,
    beam: Vec3<R>,
    field: R,
    detector: Vec3<R>,
    two_theta: R,
    panels: Vec<(usize, Vec3<R>)>,
    ranges: [R; 3],
}

/// Moves parameters, each by its `delta` in its own unit. The order of the parameters does not matter: the cell is changed in the
/// crystal's frame first, then components of the edges, and then the crystal is turned, once, by the vector of all its rotations; the
/// detector is shifted and then turned likewise. Steps that leave the bounds of a parameter are the caller's to avoid.
pub fn shift_all<R: Real>(experiment: &mut Experiment<R>, parameters: &[Parameter], deltas: &[R]) {
    let zero = R::constant(0.0);
    let still = Vec3([zero; 3]);
    let mut pieces = Pieces {
        cell: [zero; 6],
        crystal: still,
        beam: still,
        field: zero,
        detector: still,
        two_theta: zero,
        panels: Vec::new(),
        ranges: [zero; 3],
    };
    let moves = || parameters.iter().zip(deltas).filter(|(_, delta)| !delta.is_fixed_at(0.0));
    for (&parameter, &delta) in moves() {
        if let Some(number) = parameter.place_mut(experiment) {
            *number += delta;
            continue;
        }
        crystal_number(experiment, &mut pieces, parameter, delta);
        beam_number(experiment, &mut pieces, parameter, delta);
        detector_number(experiment, &mut pieces, parameter, delta);
    }
    change_cell(experiment, pieces.cell);
    for (&parameter, &delta) in moves() {
        if let Parameter::RealSpace(edge, axis) = parameter {
            experiment.crystal.real_space.0[edge].0[axis as usize] += delta;
        }
    }
    if let Some(rotation) = rotation(pieces.crystal) {
        experiment.crystal.real_space.0.iter_mut().for_each(|edge| *edge = rotation.apply(*edge));
    }
    change_ranges(experiment, pieces.ranges);
    turn_beam(experiment, pieces.beam, pieces.field);
    for (panel, vector) in pieces.panels {
        if let (Some(rotation), Some(panel)) = (rotation(vector), experiment.detector.panels.get_mut(panel)) {
            turn_panel(panel, &rotation, panel.middle());
        }
    }
    if let (Some(rotation), Some(spot)) = (rotation(pieces.detector), beam_spot(experiment)) {
        experiment.detector.panels.iter_mut().for_each(|panel| turn_panel(panel, &rotation, spot));
    }
    let arm = experiment.detector.arm;
    if let Some(rotation) = rotation(Vec3::constant(arm.axis) * pieces.two_theta) {
        experiment.detector.arm.two_theta += pieces.two_theta;
        let pivot = Vec3::constant(arm.pivot);
        experiment.detector.panels.iter_mut().for_each(|panel| turn_panel(panel, &rotation, pivot));
    }
}

fn crystal_number<R: Real>(experiment: &mut Experiment<R>, pieces: &mut Pieces<R>, parameter: Parameter, delta: R) {
    let amplitudes = &mut experiment.structure_factors;
    match parameter {
        Parameter::Cell(numbers) => numbers.places().iter().for_each(|&place| pieces.cell[place] += delta),
        Parameter::Orientation(axis) => pieces.crystal.0[axis as usize] += delta,
        Parameter::AmplitudeLogScale => amplitudes.scale = amplitudes.scale * delta.exp(),
        Parameter::Intensity(hkl) => change_intensity(experiment, hkl, delta),
        Parameter::ScanStart => {
            experiment.scan.start += delta;
            experiment.scan.first += delta;
        }
        Parameter::ScanRange => {
            let scan = &mut experiment.scan;
            let ratio = (scan.range + delta) / scan.range;
            scan.range += delta;
            scan.step = scan.step * ratio;
            scan.first = scan.start + (scan.first - scan.start) * ratio;
        }
        _ => {}
    }
}

fn beam_number<R: Real>(experiment: &mut Experiment<R>, pieces: &mut Pieces<R>, parameter: Parameter, delta: R) {
    let beam = &mut experiment.beam;
    match parameter {
        Parameter::Wavelength => {
            let ratio = (beam.wavelength + delta) / beam.wavelength;
            beam.wavelength += delta;
            beam.sources.iter_mut().for_each(|source| source.wavelength = source.wavelength * ratio);
        }
        Parameter::BeamDirection(axis) => pieces.beam.0[axis as usize] += delta,
        Parameter::PolarizationAngle => pieces.field += delta,
        Parameter::SourceRange(range) => pieces.ranges[range as usize] += delta,
        _ => {}
    }
}

fn detector_number<R: Real>(experiment: &mut Experiment<R>, pieces: &mut Pieces<R>, parameter: Parameter, delta: R) {
    let along = experiment.beam.propagation().value();
    let detector = &mut experiment.detector;
    let mut shift = |by: Vec3<R>| detector.panels.iter_mut().for_each(|panel| panel.origin = panel.origin + by);
    match parameter {
        Parameter::Distance => {
            shift(Vec3::constant(along) * delta);
            detector.distance += delta;
        }
        Parameter::BeamCenter(axis) => {
            if let Some(first) = detector.panels.first() {
                let along = if axis == PanelAxis::Fast { first.fast_axis } else { first.slow_axis };
                let by = along * (delta * R::constant(first.pixel_size));
                detector.panels.iter_mut().for_each(|panel| panel.origin = panel.origin - by);
            }
        }
        Parameter::DetectorRotation(axis) => pieces.detector.0[axis as usize] += delta,
        Parameter::TwoTheta => pieces.two_theta += delta,
        Parameter::PanelRotation(i, axis) => {
            let mut vector = Vec3([R::constant(0.0); 3]);
            vector.0[axis as usize] = delta;
            match pieces.panels.iter_mut().find(|(panel, _)| *panel == i) {
                Some((_, whole)) => *whole = *whole + vector,
                None => pieces.panels.push((i, vector)),
            }
        }
        Parameter::SensorThickness => {
            if let Some(sensor) = &mut detector.sensor {
                sensor.layer_thickness += delta / R::constant(sensor.n_layers as f64);
            }
        }
        Parameter::AttenuationLength => {
            if let Some(sensor) = &mut detector.sensor {
                let one = R::constant(1.0);
                sensor.attenuation = one / (one / sensor.attenuation + delta);
            }
        }
        _ => {}
    }
}

/// The rotation by a vector in degrees; `None` by 0.
fn rotation<R: Real>(degrees: Vec3<R>) -> Option<Mat3<R>> {
    let moves = degrees.0.iter().any(|angle| !angle.is_fixed_at(0.0));
    moves.then(|| Mat3::rotation_by(degrees * R::constant(RADIAN_PER_DEGREE)))
}

/// Another cell in the same crystal frame: A' = B'·B⁻¹·A by rows, B the basis of the cell in that frame.
fn change_cell<R: Real>(experiment: &mut Experiment<R>, by: [R; 6]) {
    if by.iter().all(|number| number.is_fixed_at(0.0)) {
        return;
    }
    let real_space = &mut experiment.crystal.real_space;
    let cell = UnitCell::from_basis(&Mat3(real_space.0.map(Vec3::value)));
    let inverse = cell.basis().reciprocal_rows().transposed();
    let [a, b, c, alpha, beta, gamma] = by;
    let moved = |from: [f64; 3], by: [R; 3]| std::array::from_fn(|i| R::constant(from[i]) + by[i]);
    let other = UnitCell { edges: moved(cell.edges, [a, b, c]), angles: moved(cell.angles, [alpha, beta, gamma]) };
    *real_space = other.basis() * (Mat3::constant(inverse) * *real_space);
}

fn change_intensity<R: Real>(experiment: &mut Experiment<R>, hkl: Miller, delta: R) {
    let Some(grid) = &mut experiment.structure_factors.grid else { return };
    let Some(i) = grid.position(hkl) else { return };
    let amplitude = &mut Arc::make_mut(grid).amplitudes[i];
    let square = *amplitude * *amplitude + delta;
    let missing = (LEAST_INTENSITY - square.value()).max(0.0);
    *amplitude = (square + R::constant(missing)).sqrt();
}

/// Other ranges of the sources, which keep their weights and what their wavelengths have been changed by.
fn change_ranges<R: Real>(experiment: &mut Experiment<R>, by: [R; 3]) {
    let beam = &mut experiment.beam;
    let Some(before) = beam.spread.filter(|_| by.iter().any(|number| !number.is_fixed_at(0.0))) else { return };
    let mut after = before;
    for (range, by) in [Range::Horizontal, Range::Vertical, Range::Dispersion].into_iter().zip(by) {
        let ticks = match range {
            Range::Horizontal => &mut after.horizontal,
            Range::Vertical => &mut after.vertical,
            Range::Dispersion => &mut after.dispersion,
        };
        if !by.is_fixed_at(0.0) {
            ticks.step = ticks.step * ((ticks.range + by) / ticks.range);
            ticks.range += by;
        }
    }
    let [from, to] = [before, after].map(|spread| spread.sources(beam.direction, beam.wavelength));
    for ((source, from), to) in beam.sources.iter_mut().zip(from).zip(to) {
        source.direction = to.direction;
        source.wavelength = source.wavelength * (to.wavelength / from.wavelength);
    }
    beam.spread = Some(after);
}

fn turn_beam<R: Real>(experiment: &mut Experiment<R>, beam_turn: Vec3<R>, field_turn: R) {
    let beam = &mut experiment.beam;
    let along = Vec3::constant(beam.propagation().value());
    if let (Some(rotation), Some(polarization)) = (rotation(along * field_turn), &mut beam.polarization) {
        polarization.e_vector = rotation.apply(polarization.e_vector);
    }
    let Some(rotation) = rotation(beam_turn) else { return };
    beam.direction = rotation.apply(beam.direction);
    beam.sources.iter_mut().for_each(|source| source.direction = rotation.apply(source.direction));
    if let Some(polarization) = &mut beam.polarization {
        polarization.e_vector = rotation.apply(polarization.e_vector);
    }
    if let Some(spread) = &mut beam.spread {
        spread.e_vector = rotation.apply(spread.e_vector);
    }
}

fn turn_panel<R: Real>(panel: &mut crate::experiment::Panel<R>, rotation: &Mat3<R>, pivot: Vec3<R>) {
    panel.origin = pivot + rotation.apply(panel.origin - pivot);
    for axis in [&mut panel.fast_axis, &mut panel.slow_axis, &mut panel.normal] {
        *axis = rotation.apply(*axis);
    }
}

/// Where the beam meets the first panel (mm), its middle where it does not. It moves with beam and panel, which matters to
/// derivatives where a rotation about it is not small.
fn beam_spot<R: Real>(experiment: &Experiment<R>) -> Option<Vec3<R>> {
    let panel = experiment.detector.panels.first()?;
    let along = experiment.beam.propagation();
    if panel.intersection(along.value()).is_none() {
        return Some(panel.middle());
    }
    let plane = panel.fast_axis.cross(panel.slow_axis);
    Some(along * (panel.origin.dot(plane) / along.dot(plane)))
}

impl Parameter {
    /// Moves this parameter alone; see [`shift_all`].
    pub fn shift<R: Real>(&self, experiment: &mut Experiment<R>, delta: R) {
        shift_all(experiment, &[*self], &[delta]);
    }
}

impl Axis {
    /// The unit vector.
    pub(super) fn vector(self) -> Vec3 {
        Mat3::IDENTITY.0[self as usize]
    }
}
