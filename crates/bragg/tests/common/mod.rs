//! Experiments to test with.

use bragg::experiment::{
    Arm, BackendChoice, Beam, Crystal, Curvature, Detector, Experiment, Interpolation, Mosaic, MosaicFrame,
    MosaicSpread, Panel, Physics, Polarization, Precision, Response, RunningFactors, Sampling, Scan, Shape, Source,
    StructureFactors, UnitCell,
};
use bragg::math::{Mat3, Vec3};
use bragg::random::Generator;
use bragg::reflections::{AmplitudeGrid, Reflections};
use std::sync::Arc;

pub(crate) fn unit(x: f64, y: f64, z: f64) -> Vec3 {
    Vec3::new(x, y, z).unit()
}

// tidy: long because it is one literal
/// A small triclinic crystal in front of a 24 × 20 detector, with two sources, three spindle steps and four domains.
pub(crate) fn experiment() -> Experiment {
    let cell = UnitCell::new([40.0, 55.0, 61.0, 82.0, 97.0, 104.0]).unwrap();
    let turn = Mat3::rotation(unit(0.3, -0.5, 0.8), 0.7);
    let reflections = Reflections {
        list: (-9i32..=9)
            .flat_map(|h| (-9i32..=9).flat_map(move |k| (-9i32..=9).map(move |l| [h, k, l])))
            .map(|hkl| (hkl, 10.0 + f64::from((hkl[0] * 7 + hkl[1] * 13 + hkl[2] * 29).rem_euclid(50))))
            .collect(),
        ..Reflections::default()
    };
    let direction = Vec3::new(0.0, 0.0, 1.0);
    Experiment {
        crystal: Crystal {
            real_space: Mat3::from_rows(cell.basis().0.map(|axis| turn.apply(axis))),
            n_cells: [4.0, 5.0, 6.0],
            shape: Shape::Square,
            fudge: 1.0,
            mosaic: Mosaic {
                spread: MosaicSpread::Gaussian { eta: 0.4 },
                n_domains: 4,
                seed: 3,
                generator: Generator::Keyed,
                frame: MosaicFrame::Crystal,
            },
            n_blocks: 1.0,
            scale: 1.0,
        },
        structure_factors: StructureFactors {
            grid: Some(Arc::new(AmplitudeGrid::from_reflections(&reflections, 5.0).unwrap())),
            default_f: 5.0,
            include_f000: true,
            scale: 1.0,
            b_factor: 0.0,
            interpolation: Interpolation::Nearest,
        },
        beam: Beam {
            direction,
            wavelength: 1.2,
            fluence: 1e27,
            polarization: Some(Polarization { kahn_factor: 0.9, e_vector: Vec3::new(1.0, 0.0, 0.0) }),
            sources: vec![
                Source { direction, wavelength: 1.2, weight: 0.75 },
                Source { direction: unit(0.004, -0.002, 1.0), wavelength: 1.21, weight: 1.25 },
            ],
            spread: None,
        },
        detector: Detector {
            panels: vec![Panel {
                name: "panel".to_owned(),
                origin: Vec3::new(-11.0, 9.5, -60.0),
                fast_axis: Vec3::new(1.0, 0.0, 0.0),
                slow_axis: Vec3::new(0.0, -1.0, 0.0),
                normal: Vec3::new(0.0, 0.0, -1.0),
                pixel_size: 0.9,
                n_fast: 24,
                n_slow: 20,
                roi: None,
                mask: None,
            }],
            sensor: None,
            curvature: Curvature::Flat,
            distance: 60.0,
            arm: Arm::default(),
            point_pixels: false,
        },
        scan: Scan {
            axis: Vec3::new(1.0, 0.0, 0.0),
            first: 0.2,
            step: 0.4,
            n_steps: 3,
            start: 0.0,
            range: 1.2,
            frame: 0,
        },
        sampling: Sampling {
            oversample: 2,
            d_min: 0.0,
            physics: Physics::Correct,
            running_factors: RunningFactors::default(),
            precision: Precision::Double,
            backend: BackendChoice::Auto,
            culling: 0.0,
        },
        water_volume: 0.0,
        background_plane: [0.0; 3],
        response: Response::default(),
    }
}
