//! What is timed: one table.

use bragg::experiment::Interpolation;
use bragg::kernel::cpu::Level;
use bragg::reflections::AmplitudeGrid;
use bragg::scene::Scene;
use bragg_io::description::{self, Description, Origin};
use std::sync::Arc;

/// Keys of an experiment file and their values.
type Settings = &'static [(&'static str, &'static str)];

/// A scene to time.
#[derive(Debug)]
pub(crate) struct Case {
    /// What `--case` takes.
    pub(crate) name: &'static str,
    /// Where the experiment differs from [`COMMON`].
    settings: Settings,
    /// How structure factors are read from a table of 10 MB; `None` for one |F| everywhere.
    table: Option<Interpolation>,
    /// Pixels along a row, and the most rows.
    pub(crate) size: usize,
    /// What the approximations that the settings choose may change in a pixel, as a fraction of it; 0 for rounding alone.
    deviation: f64,
    /// Arithmetic instructions of a step (see [`operations`]), where they take most of its time.
    pub(crate) operations: Option<u32>,
}

/// The experiment of all cases: 25 domains × 4 spindle steps of a small crystal; the indices change by 0.1 from pixel to pixel.
const COMMON: Settings = &[
    ("crystal.cell", "[97, 101, 104, 88, 95, 103]"),
    ("crystal.misset", "[10, 20, 30]"),
    ("crystal.n_cells", "5"),
    ("crystal.mosaic.eta", "0.5"),
    ("crystal.mosaic.domains", "25"),
    ("crystal.structure_factors.default", "100"),
    ("beam.wavelength", "1.0"),
    ("beam.fluence", "1e28"),
    ("scan.range", "1.0"),
    ("scan.steps", "4"),
    ("detector.distance", "100"),
    ("detector.pixel_size", "0.1"),
    ("sampling.oversample", "1"),
    ("sampling.culling", "0"),
];

/// What turns the approximations of any case off.
const CAREFUL: Settings = &[("sampling.precision", "double"), ("sampling.culling", "0")];

const ONE_ORIENTATION: [(&str, &str); 3] =
    [("crystal.mosaic.eta", "0.0"), ("crystal.mosaic.domains", "1"), ("scan.steps", "1")];

/// Narrow spots of 100 domains; the indices change by 0.05 from pixel to pixel.
const GAUSS: [(&str, &str); 5] = [
    ("crystal.shape", "gauss"),
    ("crystal.n_cells", "30"),
    ("crystal.mosaic.domains", "100"),
    ("scan.steps", "1"),
    ("detector.distance", "200"),
];
const TOPHAT: [(&str, &str); 5] = [("crystal.shape", "tophat"), GAUSS[1], GAUSS[2], GAUSS[3], GAUSS[4]];

const CULLED: (&str, &str) = ("sampling.culling", "1e-7");
const GAUSS_CULLED: [(&str, &str); 6] = [CULLED, GAUSS[0], GAUSS[1], GAUSS[2], GAUSS[3], GAUSS[4]];
const TOPHAT_CULLED: [(&str, &str); 6] = [CULLED, TOPHAT[0], TOPHAT[1], TOPHAT[2], TOPHAT[3], TOPHAT[4]];

const FAST: Settings = &[("sampling.precision", "fast")];

/// The case whose time is also compared between levels.
pub(crate) const PLAINEST: &str = "square";

/// The cases, in the order of the table.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: PLAINEST,
        settings: &[],
        table: None,
        size: 1024,
        deviation: 0.0,
        operations: Some(operations::INDICES + operations::SQUARE),
    },
    Case {
        name: "square-table",
        settings: &[],
        table: Some(Interpolation::Nearest),
        size: 1024,
        deviation: 0.0,
        operations: Some(operations::INDICES + operations::SQUARE + operations::LOOK_UP),
    },
    Case {
        name: "tricubic",
        settings: &[],
        table: Some(Interpolation::Tricubic),
        size: 1024,
        deviation: 0.0,
        operations: Some(operations::INDICES + operations::SQUARE + operations::LOOK_UP + operations::TRICUBIC),
    },
    Case {
        name: "square-fast",
        settings: FAST,
        table: None,
        size: 1024,
        deviation: 1e-5,
        operations: Some(operations::INDICES + operations::SQUARE_FAST),
    },
    Case {
        name: "square-table-fast",
        settings: FAST,
        table: Some(Interpolation::Nearest),
        size: 1024,
        deviation: 1e-5,
        operations: Some(operations::INDICES + operations::SQUARE_FAST + operations::LOOK_UP),
    },
    Case {
        name: "round",
        settings: &[("crystal.shape", "round")],
        table: None,
        size: 1024,
        deviation: 0.0,
        operations: Some(operations::INDICES + operations::ROUND),
    },
    Case {
        name: "gauss",
        settings: &GAUSS,
        table: None,
        size: 1024,
        deviation: 0.0,
        operations: Some(operations::INDICES + operations::GAUSS + operations::ACCUMULATE),
    },
    Case {
        name: "tophat",
        settings: &TOPHAT,
        table: None,
        size: 1024,
        deviation: 0.0,
        operations: Some(operations::INDICES + operations::TOPHAT + operations::ACCUMULATE),
    },
    Case { name: "gauss-culled", settings: &GAUSS_CULLED, table: None, size: 1024, deviation: 1e-7, operations: None },
    Case {
        name: "tophat-culled",
        settings: &TOPHAT_CULLED,
        table: None,
        size: 1024,
        deviation: 1e-12,
        operations: None,
    },
    // 100 sources × 25 domains
    Case {
        name: "sources",
        settings: &[
            ("scan.steps", "1"),
            ("beam.divergence.horizontal_range", "2"),
            ("beam.divergence.horizontal_steps", "10"),
            ("beam.divergence.vertical_range", "2"),
            ("beam.divergence.vertical_steps", "10"),
            ("beam.divergence.round", "false"),
        ],
        table: None,
        size: 1024,
        deviation: 0.0,
        operations: Some(operations::INDICES + operations::SQUARE),
    },
    // what a sample costs: 4 × 4 sub-pixels × 5 layers, each with polarisation and absorption of its own
    Case {
        name: "samples",
        settings: &[
            ONE_ORIENTATION[0],
            ONE_ORIENTATION[1],
            ONE_ORIENTATION[2],
            ("detector.sensor.thickness", "0.32"),
            ("detector.sensor.attenuation_length", "0.25"),
            ("detector.sensor.layers", "5"),
            ("sampling.oversample", "4"),
        ],
        table: None,
        size: 1024,
        deviation: 0.0,
        operations: Some(operations::SAMPLE + operations::INDICES + operations::SQUARE_ALONE),
    },
    // what a pixel costs
    Case {
        name: "pixels",
        settings: &[ONE_ORIENTATION[0], ONE_ORIENTATION[1], ONE_ORIENTATION[2], ("detector.distance", "400")],
        table: None,
        size: 4096,
        deviation: 0.0,
        operations: None,
    },
];

/// Arithmetic instructions of a step for one lane of a vector of 64-bit numbers: each addition, multiplication, fused multiply-add,
/// rounding, minimum, comparison, division or square root counts as one, in single precision as a half; loads, stores, selections
/// and gathers are free. What is done once for several steps is left out.
mod operations {
    /// h, k, l: a product and two multiply-adds each.
    pub(super) const INDICES: u32 = 9;
    /// Along each axis the nearest whole number (2) and the distance from it.
    const DISTANCES: u32 = 3 * (2 + 1);
    /// Along each axis the phase reduced to half a period.
    const PHASES: u32 = 3 * 3;
    /// Two for each axis: x², an addition and five multiply-adds, times x.
    const SINES: u32 = 6 * (1 + 6 + 1);
    /// Numerator and denominator (4); half of what a pair of orientations takes together: three products, the sum of two squares (2),
    /// a square, a division, onto the sum.
    pub(super) const SQUARE: u32 = DISTANCES + PHASES + SINES + 4 + 4;
    /// A single orientation divides by itself: numerator and denominator (4), their ratio, squared onto the sum.
    pub(super) const SQUARE_ALONE: u32 = DISTANCES + PHASES + SINES + 4 + 1 + 1;
    /// The place (4) and position (6); its square (3); one over its length, roughly (3) and then exactly (10); the direction (3); the solid
    /// angle (3); one over the obliquity (5), two exponentials with their arguments and difference (35); polarisation (16); the product of
    /// the factors (4); the scattering vector (6); the check for points on a reflection; onto the pixel.
    pub(super) const SAMPLE: u32 = 4 + 6 + 3 + 3 + 10 + 3 + 3 + 5 + 35 + 16 + 4 + 6 + 1 + 1;
    /// Six conversions; in single precision six sines of x², an addition and three multiply-adds, times x; seven products, a division,
    /// squared onto the sum (2).
    pub(super) const SQUARE_FAST: u32 = DISTANCES + PHASES + 6 + (6 * (1 + 4 + 1) + 7 + 1 + 2) / 2;
    /// Two bounds along each axis; the position in the table (4); whether all is dark; times F².
    pub(super) const LOOK_UP: u32 = 3 * 2 + 4 + 1 + 1;
    /// Along each axis the rest, and four weights (3 sums, 11 products); where the block begins and whether it is inside (21); 64 + 16 multiply-adds, the
    /// weighted sum of four, the square.
    pub(super) const TRICUBIC: u32 = 3 * (1 + 3 + 11) + 21 + 64 + 16 + 7 + 1;
    /// The squared radius (7), its root, reduced to half a period (3); sine (9) and cosine (11); their combination (2), squared, over
    /// the third power (6); the polynomial at the peak (7), squared, a comparison; onto the sum.
    pub(super) const ROUND: u32 = DISTANCES + 7 + 1 + 3 + 9 + 11 + 2 + 6 + 7 + 1 + 1 + 1;
    /// The squared norm.
    const METRIC: u32 = 9;
    /// The exponential: a bound, power of two and rest (4), square of the rest, ten multiply-adds, the power (2); times F².
    pub(super) const GAUSS: u32 = DISTANCES + METRIC + 1 + 4 + 1 + 10 + 2 + 1;
    /// A comparison.
    pub(super) const TOPHAT: u32 = DISTANCES + METRIC + 1;
    /// Onto the sum.
    pub(super) const ACCUMULATE: u32 = 1;
}

/// The names of all cases.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    CASES.iter().map(|case| case.name)
}

impl Case {
    /// The scene on the first rows of the detector, whose pixels have the same values however many rows there are.
    pub(crate) fn scene(&self, n_rows: usize) -> bragg::Result<Scene> {
        self.scene_with(n_rows, &[])
    }

    /// The case's scene of so many rows without approximations.
    pub(crate) fn careful_scene(&self, n_rows: usize) -> bragg::Result<Scene> {
        self.scene_with(n_rows, CAREFUL)
    }

    fn scene_with(&self, n_rows: usize, more: Settings) -> bragg::Result<Scene> {
        let mut description = Description::new();
        let origin = || Origin::Program("bragg bench".to_owned());
        for (key, value) in COMMON.iter().chain(self.settings).chain(more) {
            description.set(key, value, origin())?;
        }
        let middle = self.size as f64 / 2.0;
        description.insert("detector.pixels", [self.size as i64, n_rows as i64], origin())?;
        description.insert("detector.beam_center", [middle, middle], origin())?;
        let mut experiment = description::resolve(description)?.experiment;
        if let Some(interpolation) = self.table {
            experiment.structure_factors.grid = Some(Arc::new(table()));
            experiment.structure_factors.interpolation = interpolation;
        }
        Ok(Scene::new(&experiment))
    }

    /// Whether nothing but rounding may make its image differ from the reference kernel's.
    pub(crate) fn is_exact(&self) -> bool {
        self.deviation == 0.0
    }

    /// How much a pixel may differ from the reference kernel's, as a fraction of its unit ([`super::check::Unit`]).
    pub(crate) fn tolerance(&self, level: Level) -> f64 {
        // the narrowest spots fall to 1/e within 0.003 of an index, which is known to 1e-14 when it is rounded otherwise
        let rounding = if matches!(level, Level::Portable) { 1e-10 } else { 1e-12 };
        self.deviation + rounding
    }
}

/// Amplitudes of 110³ reflections, 10 MB, without any pattern.
fn table() -> AmplitudeGrid {
    const EDGE: i32 = 55;
    let n_points = (2 * EDGE as u32).pow(3);
    let amplitude = |i: u32| 50.0 + f64::from(i.wrapping_mul(2_654_435_761) >> 16) / 650.0;
    AmplitudeGrid { min: [-EDGE; 3], max: [EDGE - 1; 3], amplitudes: (0..n_points).map(amplitude).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_is_a_scene_of_as_many_steps_as_it_says() {
        for case in CASES {
            let scene = case.scene(3).unwrap();
            let n_steps = match case.name {
                "sources" => 100 * 25,
                "samples" => 16,
                "pixels" => 1,
                _ => 100,
            };
            assert_eq!(scene.n_steps(), n_steps, "{}", case.name);
            assert_eq!((scene.panels[0].n_fast, scene.panels[0].n_slow), (case.size, 3));
            assert_eq!(scene.n_layers(), if case.name == "samples" { 5 } else { 1 });
        }
    }

    #[test]
    fn names_are_unique_and_approximations_are_allowed_for() {
        let mut seen: Vec<_> = names().collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), CASES.len());
        assert!(CASES.iter().all(|case| case.tolerance(Level::Portable) > case.deviation));
    }

    #[test]
    fn the_table_has_ten_megabytes_of_all_kinds_of_amplitudes() {
        let table = table();
        assert_eq!(table.amplitudes.len(), 110 * 110 * 110);
        assert_eq!(table.position([54, 54, 54]), Some(table.amplitudes.len() - 1));
        let mean = table.amplitudes.iter().sum::<f64>() / table.amplitudes.len() as f64;
        assert!((mean - 100.4).abs() < 0.5, "{mean}");
        assert!(table.amplitudes.iter().all(|f| (50.0..151.0).contains(f)));
    }
}
