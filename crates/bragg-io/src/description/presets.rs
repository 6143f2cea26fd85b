//! Known detectors. Modules and gaps are not modelled: each is one panel of the detector's full size.
//!
//! Pixels of the Dectris, PSI and Rayonix detectors and the choice of sensors as in pyFAI 2026.9 (`pyFAI.detectors`): PILATUS3 and
//! JUNGFRAU are listed there with several thicknesses of silicon; give `detector.sensor.thickness` for another one than ours. The
//! Rayonix is binned 2 × 2 (340 mm / 3840); the ADSC is binned 2 × 2 with the pixel size that its image headers have.
//! The largest counts are those of the counters and of the rates that the detectors still correct: PILATUS3 20 bits and 10⁷ photons/s
//! (P. Trueb et al., J. Synchrotron Rad. 22 (2015) 701; a PILATUS3 6M writes `Count_cutoff 1009797` at 0.099 s), EIGER2 32 bits, to which
//! 16-bit counters are summed, and 10⁷ photons/s (T. Donath et al., J. Synchrotron Rad. 30 (2023) 723); JUNGFRAU the charge of 10⁴ photons
//! of 12 keV (A. Mozzanica et al., J. Instrum. 9 (2014) C05010); the CCDs 16 bits. The last number of a counter is what saturated pixels have.
//!
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
    /// What limits its counts.
    pub limit: Limit,
}

/// What limits the counts of a pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// A counter of so many bits, and photons per second up to which their rate is corrected.
    Counter(u32, f64),
    /// The charge of photons with so much energy together (eV).
    Charge(f64),
    /// The numbers of an ADC of so many bits.
    Adc(u32),
}

impl Limit {
    /// The largest count that is one, in an exposure (s) to photons of an energy (eV).
    pub fn counts(self, exposure: f64, energy: f64) -> f64 {
        let below_last = |bits: u32| f64::from(bits).exp2() - 2.0;
        match self {
            Self::Counter(bits, rate) => below_last(bits).min((rate * exposure).floor().max(1.0)),
            Self::Charge(charge) => (charge / energy).floor().max(1.0),
            Self::Adc(bits) => below_last(bits),
        }
    }
}

const PILATUS3: Limit = Limit::Counter(20, 1e7);
const EIGER2: Limit = Limit::Counter(32, 1e7);
const JUNGFRAU: Limit = Limit::Charge(1e4 * 12e3);
const CCD: Limit = Limit::Adc(16);

/// The detector of a name in [`super::keys::PRESETS`].
pub fn preset(name: &str) -> Option<Preset> {
    let (pixels, pixel_size, sensor, limit) = match name {
        "pilatus3-6m" => ([2463, 2527], 0.172, Some(("Si", 0.45)), PILATUS3),
        "eiger2-16m" => ([4148, 4362], 0.075, Some(("Si", 0.45)), EIGER2),
        "eiger2-4m" => ([2068, 2162], 0.075, Some(("Si", 0.45)), EIGER2),
        "jungfrau-4m" => ([2068, 2164], 0.075, Some(("Si", 0.32)), JUNGFRAU),
        "rayonix-mx340" => ([3840, 3840], 0.0885417, None, CCD),
        "adsc-q315r" => ([3072, 3072], 0.102588, None, CCD),
        _ => return None,
    };
    Some(Preset { pixels, pixel_size, sensor, limit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::keys::PRESETS;
    use bragg::experiment::sensor_material;

    #[test]
    fn every_name_has_its_detector_and_every_material_its_table() {
        for name in PRESETS {
            let preset = preset(name).unwrap_or_else(|| panic!("{name}"));
            if let Some((material, _)) = preset.sensor {
                assert!(MATERIALS.contains(&material));
            }
        }
        let limit = |name, exposure, energy| preset(name).unwrap().limit.counts(exposure, energy);
        assert_eq!(limit("pilatus3-6m", 1.0, 12e3), 1_048_574.0);
        // within the digits of the rate, what such a detector wrote
        assert!((limit("pilatus3-6m", 0.099, 12688.0) / 1_009_797.0 - 1.0).abs() < 0.03);
        assert_eq!(limit("eiger2-4m", 0.01, 12e3), 1e5);
        assert_eq!(limit("eiger2-16m", 1e6, 12e3), 4_294_967_294.0);
        assert_eq!((limit("jungfrau-4m", 1.0, 12e3), limit("jungfrau-4m", 1e-3, 6e3)), (1e4, 2e4));
        assert_eq!((limit("rayonix-mx340", 1.0, 12e3), limit("adsc-q315r", 0.1, 9e3)), (65534.0, 65534.0));
        let known: Vec<_> = sensor_material::MATERIALS.iter().map(|material| material.name).collect();
        assert_eq!(known, MATERIALS);
    }
}
