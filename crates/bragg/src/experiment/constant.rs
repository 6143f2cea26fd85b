//! An experiment in other numbers.

use super::beam::{Spread, Ticks};
use super::{
    Arm, Beam, Crystal, Detector, Experiment, Mosaic, Panel, Polarization, Scan, Sensor, Source, StructureFactors,
};
use crate::math::{Mat3, Vec3};
use crate::real::Real;
use crate::reflections::AmplitudeGrid;
use std::sync::Arc;

impl Experiment {
    /// The same experiment, every number a constant of another type.
    #[must_use]
    pub fn constant<R: Real>(&self) -> Experiment<R> {
        let Crystal { real_space, n_cells, shape, fudge, mosaic, n_blocks, scale } = self.crystal;
        let Mosaic { spread, n_domains, seed, generator, frame } = mosaic;
        let spread = spread.with_width(R::constant(spread.width()));
        let scan = self.scan;
        Experiment {
            crystal: Crystal {
                real_space: Mat3::constant(real_space),
                n_cells: n_cells.map(R::constant),
                shape,
                fudge: R::constant(fudge),
                mosaic: Mosaic { spread, n_domains, seed, generator, frame },
                n_blocks,
                scale: R::constant(scale),
            },
            structure_factors: structure_factors(&self.structure_factors),
            beam: beam(&self.beam),
            detector: detector(&self.detector),
            scan: Scan {
                axis: scan.axis,
                first: R::constant(scan.first),
                step: R::constant(scan.step),
                n_steps: scan.n_steps,
                start: R::constant(scan.start),
                range: R::constant(scan.range),
                frame: scan.frame,
            },
            sampling: self.sampling,
            water_volume: R::constant(self.water_volume),
            background_plane: self.background_plane.map(R::constant),
        }
    }
}

fn structure_factors<R: Real>(from: &StructureFactors) -> StructureFactors<R> {
    let grid = |grid: &Arc<AmplitudeGrid>| {
        let amplitudes = grid.amplitudes.iter().map(|&amplitude| R::constant(amplitude)).collect();
        Arc::new(AmplitudeGrid { min: grid.min, max: grid.max, amplitudes })
    };
    StructureFactors {
        grid: from.grid.as_ref().map(grid),
        default_f: R::constant(from.default_f),
        include_f000: from.include_f000,
        scale: R::constant(from.scale),
        b_factor: R::constant(from.b_factor),
        interpolation: from.interpolation,
    }
}

fn beam<R: Real>(from: &Beam) -> Beam<R> {
    let ticks = |Ticks { range, step, n_steps, sample }| Ticks {
        range: R::constant(range),
        step: R::constant(step),
        n_steps,
        sample,
    };
    let source = |source: &Source| Source {
        direction: Vec3::constant(source.direction),
        wavelength: R::constant(source.wavelength),
        weight: R::constant(source.weight),
    };
    Beam {
        direction: Vec3::constant(from.direction),
        wavelength: R::constant(from.wavelength),
        fluence: R::constant(from.fluence),
        polarization: from.polarization.map(|polarization| Polarization {
            kahn_factor: R::constant(polarization.kahn_factor),
            e_vector: Vec3::constant(polarization.e_vector),
        }),
        sources: from.sources.iter().map(source).collect(),
        spread: from.spread.map(|spread| Spread {
            horizontal: ticks(spread.horizontal),
            vertical: ticks(spread.vertical),
            round: spread.round,
            dispersion: ticks(spread.dispersion),
            e_vector: Vec3::constant(spread.e_vector),
        }),
    }
}

fn detector<R: Real>(from: &Detector) -> Detector<R> {
    let panel = |panel: &Panel| Panel {
        name: panel.name.clone(),
        origin: Vec3::constant(panel.origin),
        fast_axis: Vec3::constant(panel.fast_axis),
        slow_axis: Vec3::constant(panel.slow_axis),
        normal: Vec3::constant(panel.normal),
        pixel_size: R::constant(panel.pixel_size),
        n_fast: panel.n_fast,
        n_slow: panel.n_slow,
        roi: panel.roi,
        mask: panel.mask.clone(),
    };
    Detector {
        panels: from.panels.iter().map(panel).collect(),
        sensor: from.sensor.map(|sensor| Sensor {
            n_layers: sensor.n_layers,
            layer_thickness: R::constant(sensor.layer_thickness),
            attenuation: R::constant(sensor.attenuation),
            sampling_depth: sensor.sampling_depth,
        }),
        curvature: from.curvature,
        distance: R::constant(from.distance),
        arm: Arm { two_theta: R::constant(from.arm.two_theta), axis: from.arm.axis, pivot: from.arm.pivot },
        point_pixels: from.point_pixels,
    }
}
