//! What is timed: one table.

use bragg::description::{self, Description, Origin};
use bragg::experiment::Interpolation;
use bragg::kernel::cpu::Level;
use bragg::reflections::AmplitudeGrid;
use bragg::scene::Scene;
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
    /// Arithmetic instructions of a step (see [`operations`]), where they bound its time.
    pub(crate) operations: Option<u32>,
}

/// The experiment of all cases: 25 domains × 4 spindle steps of a small crystal; the indices change by 0.1 from pixel to pixel.
const COMMON: Settings = &[
    ("crystal.cell", "[97, 101, 104, 88, 95, 103]"),
    ("crystal.misset", "[10, 20, 30]"),
    ("crystal.n_cells", "5"),
    ("crystal.mosaic_spread", "1.0"),
    ("crystal.mosaic_domains", "25"),
    ("crystal.structure_factors.default", "100"),
    ("beam.wavelength", "1.0"),
    ("beam.fluence", "1e28"),
    ("scan.range", "1.0"),
    ("scan.steps", "4"),
    ("detector.distance", "100"),
    ("detector.pixel_size", "0.1"),
    ("sampling.oversample", "1"),
];

/// What turns the approximations of any case off.
const CAREFUL: Settings = &[];

const ONE_ORIENTATION: [(&str, &str); 3] =
    [("crystal.mosaic_spread", "0.0"), ("crystal.mosaic_domains", "1"), ("scan.steps", "1")];

/// Narrow spots of 100 domains; the indices change by 0.05 from pixel to pixel.
const GAUSS: [(&str, &str); 5] = [
    ("crystal.shape", "gauss"),
    ("crystal.n_cells", "30"),
    ("crystal.mosaic_domains", "100"),
    ("scan.steps", "1"),
    ("detector.distance", "200"),
];
/// The same with spots as wide as those of [`GAUSS`] down to 1e-12 of their peak: narrower ones hit no pixel of a small image.
const TOPHAT: [(&str, &str); 6] =
    [("crystal.shape", "tophat"), ("crystal.fudge", "0.05"), GAUSS[1], GAUSS[2], GAUSS[3], GAUSS[4]];

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
        operations: Some(operations::INDICES + operations::SQUARE + operations::ACCUMULATE),
    },
    Case {
        name: "square-table",
        settings: &[],
        table: Some(Interpolation::Nearest),
        size: 1024,
        deviation: 0.0,
        operations: Some(operations::INDICES + operations::SQUARE + operations::LOOK_UP + operations::ACCUMULATE),
    },
    Case {
        name: "tricubic",
        settings: &[],
        table: Some(Interpolation::Tricubic),
        size: 1024,
        deviation: 0.0,
        operations: Some(operations::INDICES + operations::SQUARE + operations::TRICUBIC + operations::ACCUMULATE),
    },
    Case {
        name: "round",
        settings: &[("crystal.shape", "round")],
        table: None,
        size: 1024,
        deviation: 0.0,
        operations: Some(operations::INDICES + operations::ROUND + operations::ACCUMULATE),
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
        operations: Some(operations::INDICES + operations::SQUARE + operations::ACCUMULATE),
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
        operations: None,
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

/// Arithmetic instructions of a step for one lane of a vector: each addition, multiplication, fused multiply-add, rounding, minimum,
/// comparison, division or square root counts as one; loads, stores, selections and gathers are free. What is done once for several
/// steps is left out.
mod operations {
    /// h, k, l: a product and two multiply-adds each.
    pub(super) const INDICES: u32 = 9;
    /// The nearest reflection: minus ½, rounded up, of each index.
    const NEAREST: u32 = 6;
    /// x²; seven multiply-adds; times x.
    const SINE: u32 = 9;
    /// Along each axis: rounding by adding and subtracting (2), distance, floor, phase reduced to half a period (3), two sines; then two
    /// products of three, their ratio, its square.
    pub(super) const SQUARE: u32 = 3 * (2 + 1 + 1 + 3 + 2 * SINE) + 4 + 1 + 1;
    /// F² of the nearest reflection: along each axis two bounds and a difference; the position in the table (2 and the conversion).
    pub(super) const LOOK_UP: u32 = NEAREST + 3 * 3 + 3;
    /// Along each axis the whole part, the rest, and four weights (3 sums, 12 products); 16 products of weights, 64 multiply-adds, the
    /// weighted sum of four, the square.
    pub(super) const TRICUBIC: u32 = 3 * (1 + 1 + 15) + 16 + 64 + 7 + 1;
    /// Distances, times N (6), squared (3), scaled, the root; reduced to half a period (3), x and x² (2); sine and cosine; their
    /// combination (two divisions, a product, a difference) and the series at the peak (5, a comparison); times cells, squared.
    pub(super) const ROUND: u32 = NEAREST + 6 + 3 + 1 + 1 + 3 + 2 + SINE + (SINE + 3) + 4 + 6 + 2;
    /// Distances (3), their sums along x, y, z (9, with six of them fused), squared (3), scaled.
    const DISTANCE: u32 = NEAREST + 3 + 9 + 3 + 1;
    /// The exponential (scale, floor, power of two and rest 4, eleven multiply-adds), times cells, squared.
    pub(super) const GAUSS: u32 = DISTANCE + 1 + 1 + 4 + 11 + 2;
    /// Scaled, compared, squared.
    pub(super) const TOPHAT: u32 = DISTANCE + 3;
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

    /// The same without approximations.
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
