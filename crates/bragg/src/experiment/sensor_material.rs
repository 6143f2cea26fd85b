//! How deep photons go into sensor materials.
//!
//! Mass attenuation coefficients: J. H. Hubbell and S. M. Seltzer, Tables of X-Ray Mass Attenuation Coefficients, NIST Standard
//! Reference Database 126 (2004), doi:10.18434/T4D01F, tables 3 (Si) and 4 (CdTe); densities from its tables 1 and 2. Energies and
//! coefficients are given there to four digits.

/// A sensor material.
#[derive(Debug, Clone, Copy)]
pub struct SensorMaterial {
    /// Its name.
    pub name: &'static str,
    /// Density (g/cm³).
    density: f64,
    /// Photon energy (keV) and mass attenuation coefficient (cm²/g), by energy; an absorption edge has two rows.
    table: &'static [(f64, f64)],
}

/// The materials that are known.
pub const MATERIALS: &[SensorMaterial] = &[
    SensorMaterial { name: "Si", density: 2.33, table: SILICON },
    SensorMaterial { name: "CdTe", density: 6.2, table: CADMIUM_TELLURIDE },
];

#[rustfmt::skip] // a table
const SILICON: &[(f64, f64)] = &[
    (1.0, 1570.0), (1.5, 535.5), (1.839, 309.2), (1.839, 3192.0), (2.0, 2777.0), (3.0, 978.4), (4.0, 452.9), (5.0, 245.0),
    (6.0, 147.0), (8.0, 64.68), (10.0, 33.89), (15.0, 10.34), (20.0, 4.464), (30.0, 1.436), (40.0, 0.7012), (50.0, 0.4385),
    (60.0, 0.3207), (80.0, 0.2228), (100.0, 0.1835), (150.0, 0.1448), (200.0, 0.1275),
];

#[rustfmt::skip] // a table
const CADMIUM_TELLURIDE: &[(f64, f64)] = &[
    (1.0, 7927.0), (1.003, 7875.0), (1.006, 7824.0), (1.006, 8014.0), (1.5, 3291.0), (2.0, 1664.0), (3.0, 614.6), (3.537, 406.4),
    (3.537, 778.7), (3.631, 730.0), (3.727, 684.0), (3.727, 860.1), (4.0, 723.0), (4.018, 715.1), (4.018, 793.4), (4.177, 722.1),
    (4.341, 656.2), (4.341, 932.8), (4.475, 873.9), (4.612, 813.5), (4.612, 943.8), (4.773, 870.2), (4.939, 799.9),
    (4.939, 865.3), (5.0, 839.2), (6.0, 528.6), (8.0, 249.2), (10.0, 138.1), (15.0, 46.57), (20.0, 21.44), (26.71, 9.834),
    (26.71, 29.43), (30.0, 21.82), (31.81, 18.73), (31.81, 34.92), (40.0, 19.30), (50.0, 10.67), (60.0, 6.542), (80.0, 3.019),
    (100.0, 1.671), (150.0, 0.6071), (200.0, 0.3246),
];

impl SensorMaterial {
    /// The material of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        MATERIALS.iter().find(|material| material.name == name)
    }

    /// The lowest and highest photon energy (eV) of the table.
    pub fn energies(&self) -> [f64; 2] {
        let end = |entry: Option<&(f64, f64)>| entry.map_or(0.0, |&(kev, _)| kev * 1000.0);
        [end(self.table.first()), end(self.table.last())]
    }

    /// The depth (mm) at which 1/e of the photons of an energy (eV) remain; `None` outside the table. Coefficients are interpolated on
    /// logarithmic scales.
    pub fn attenuation_length(&self, energy: f64) -> Option<f64> {
        let kev = energy / 1000.0;
        let coefficient = self.table.windows(2).find_map(|pair| match *pair {
            [(low, at_low), (high, at_high)] if low < high && (low..=high).contains(&kev) => {
                let fraction = (kev / low).ln() / (high / low).ln();
                Some((at_low.ln() + fraction * (at_high / at_low).ln()).exp())
            }
            _ => None,
        })?;
        Some(10.0 / (coefficient * self.density))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Linear attenuation coefficients (1/mm) that XrayDB 4.5 gives for the same densities from the tables of Elam, Ravel and Sieber,
    /// Radiat. Phys. Chem. 63 (2002) 121.
    #[test]
    fn attenuation_agrees_with_an_independent_tabulation() {
        for (name, energy, per_mm) in [
            ("Si", 5000.0, 57.10),
            ("Si", 8048.0, 14.815),
            ("Si", 12398.42, 4.211),
            ("Si", 17479.0, 1.5387),
            ("Si", 25000.0, 0.55079),
            ("Si", 40000.0, 0.16332),
            ("CdTe", 5000.0, 520.3),
            ("CdTe", 8048.0, 152.07),
            ("CdTe", 12398.42, 48.03),
            ("CdTe", 17479.0, 19.094),
            ("CdTe", 25000.0, 7.2777),
            ("CdTe", 40000.0, 11.966),
        ] {
            let ours = 1.0 / SensorMaterial::named(name).unwrap().attenuation_length(energy).unwrap();
            assert!((ours / per_mm - 1.0).abs() < 0.025, "{name} at {energy} eV: {ours} against {per_mm}");
        }
    }

    #[test]
    fn energies_outside_the_table_have_no_value() {
        let silicon = SensorMaterial::named("Si").unwrap();
        assert!(silicon.attenuation_length(999.0).is_none());
        assert!(silicon.attenuation_length(200_001.0).is_none());
        assert_eq!(silicon.energies(), [1000.0, 200_000.0]);
        assert!(SensorMaterial::named("Ge").is_none());
    }
}
