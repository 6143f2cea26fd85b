//! The derivatives that a scene of dual numbers carries.

use super::{PanelTable, PanelTangent, Scene, SceneTangent, Source, SourceTangent};
use crate::math::{Mat3, Vec3};
use crate::real::Dual;

fn vector(v: Vec3<Dual>) -> Vec3 {
    Vec3(v.0.map(|x| x.derivative))
}

fn matrix(m: &Mat3<Dual>) -> Mat3 {
    Mat3(m.0.map(vector))
}

/// The list; empty, which stands for zeros, where nothing moves.
fn moving<T: Default + PartialEq>(list: Vec<T>) -> Vec<T> {
    if list.iter().all(|item| *item == T::default()) { Vec::new() } else { list }
}

impl SceneTangent {
    /// How a scene changes: the derivatives of all its numbers.
    #[must_use]
    pub fn of(scene: &Scene<Dual>) -> Self {
        let source = |source: &Source<Dual>| SourceTangent {
            incident: vector(source.incident),
            wavelength: source.wavelength.derivative,
            weight: source.weight.derivative,
        };
        let panel = |panel: &PanelTable<Dual>| PanelTangent {
            origin: vector(panel.origin),
            fast_axis: vector(panel.fast_axis),
            slow_axis: vector(panel.slow_axis),
            normal: vector(panel.normal),
            close_distance: panel.close_distance.derivative,
        };
        let amplitudes = scene.hkl.grid.as_ref().map_or(&[][..], |grid| &grid.amplitudes);
        Self {
            sources: moving(scene.sources.iter().map(source).collect()),
            orientations: moving(scene.orientations.iter().map(matrix).collect()),
            panels: moving(scene.panels.iter().map(panel).collect()),
            n_cells: scene.domain.n_cells.map(|n| n.derivative),
            peak: scene.domain.peak.derivative,
            fudge: scene.domain.fudge.derivative,
            metric: matrix(&scene.domain.metric),
            stretch: scene.domain.stretch.derivative,
            kahn_factor: scene.polarization.map_or(0.0, |table| table.kahn_factor.derivative),
            e_vector: scene.polarization.map_or(Vec3::default(), |table| vector(table.e_vector)),
            layer_thickness: scene.sensor.map_or(0.0, |sensor| sensor.layer_thickness.derivative),
            attenuation: scene.sensor.map_or(0.0, |sensor| sensor.attenuation.derivative),
            sphere_radius: scene.sphere.map_or(0.0, |sphere| sphere.radius.derivative),
            sphere_beam: scene.sphere.map_or(Vec3::default(), |sphere| vector(sphere.beam)),
            scale: scene.scale.derivative,
            background: scene.background.derivative,
            plane: scene.plane.map(|number| number.derivative),
            amplitudes: moving(amplitudes.iter().map(|amplitude| amplitude.derivative).collect()),
            default_f: scene.hkl.default_f.derivative,
        }
    }
}
