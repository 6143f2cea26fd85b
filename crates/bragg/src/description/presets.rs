//! Known detectors. Modules and gaps are not modelled: each is one panel of the detector's full size.
//!
//! Pixels of the Dectris, PSI and Rayonix detectors and the choice of sensors as in pyFAI 2026.9 (`pyFAI.detectors`): PILATUS3 and
//! JUNGFRAU are listed there with several thicknesses of silicon; give `detector.sensor.thickness` for another one than ours. The
//! Rayonix is binned 2 × 2 (340 mm / 3840); the ADSC is binned 2 × 2 with the pixel size that its image headers have.
//! The CCD detectors have a phosphor on a fibre-optic taper, in which light spreads; it is no sensor in the sense of this model, and
//! they are counted at their surface.

/// The names of the known sensor materials (`experiment::sensor_material`).
pub const MATERIALS: &[&str] = &["Si", "CdTe"];

/// What is known of a detector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Preset {
    /// Number of pixels along fast and slow.
    pub pixels: [i64; 2],
    /// Edge of a pixel (mm).
    pub pixel_size: f64,
    /// Material and thickness (mm) of the sensor.
    pub sensor: Option<(&'static str, f64)>,
}

/// The detector of a name in [`super::keys::PRESETS`].
pub fn preset(name: &str) -> Option<Preset> {
    let (pixels, pixel_size, sensor) = match name {
        "pilatus3-6m" => ([2463, 2527], 0.172, Some(("Si", 0.45))),
        "eiger2-16m" => ([4148, 4362], 0.075, Some(("Si", 0.45))),
        "eiger2-4m" => ([2068, 2162], 0.075, Some(("Si", 0.45))),
        "jungfrau-4m" => ([2068, 2164], 0.075, Some(("Si", 0.32))),
        "rayonix-mx340" => ([3840, 3840], 0.0885417, None),
        "adsc-q315r" => ([3072, 3072], 0.102588, None),
        _ => return None,
    };
    Some(Preset { pixels, pixel_size, sensor })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::keys::PRESETS;
    use crate::experiment::sensor_material;

    #[test]
    fn every_name_has_its_detector_and_every_material_its_table() {
        for name in PRESETS {
            let preset = preset(name).unwrap_or_else(|| panic!("{name}"));
            if let Some((material, _)) = preset.sensor {
                assert!(MATERIALS.contains(&material));
            }
        }
        let known: Vec<_> = sensor_material::MATERIALS.iter().map(|material| material.name).collect();
        assert_eq!(known, MATERIALS);
    }
}
