//! How much there is in the beam: blocks of the crystal, and water.

use super::resolver::Resolver;
use bragg::error::Result;
use bragg::experiment::ExtentShape;
use bragg::experiment::extent::illuminated_volume;
use bragg::math::Mat3;

const EXTENT: &str = "crystal.extent";
const EXTENT_SHAPE: &str = "crystal.extent_shape";
const N_BLOCKS: &str = "crystal.n_blocks";
const WATER: &str = "background.water";
const WATER_VOLUME: &str = "background.water_volume";
const CUBIC_ANGSTROM_PER_CUBIC_MM: f64 = 1e21;

impl Resolver {
    /// The number of mosaic blocks in the beam: what the beam illuminates of the crystal, in volumes of a block.
    pub(super) fn n_blocks(&mut self, real_space: &Mat3, n_cells: [f64; 3]) -> Result<f64> {
        let beam_size = self.number("beam.size")?;
        if !self.has(EXTENT) {
            if self.has(EXTENT_SHAPE) {
                return Err(self.error(EXTENT_SHAPE, "has no effect without crystal.extent; give the crystal's size"));
            }
            self.automatic(N_BLOCKS, 1.0, "one block, since no crystal.extent is given")?;
            return self.number(N_BLOCKS);
        }
        let extent = self.array::<3>(EXTENT)?;
        let is_sphere = self.has(EXTENT_SHAPE) && self.text(EXTENT_SHAPE)? == "sphere";
        let (shape, name) = if is_sphere { (ExtentShape::Sphere, "sphere") } else { (ExtentShape::Box, "box") };
        let illuminated = illuminated_volume(shape, extent, beam_size);
        let block = n_cells.iter().product::<f64>() * real_space.determinant().abs();
        let n_blocks = illuminated * CUBIC_ANGSTROM_PER_CUBIC_MM / block;
        let size = extent.map(|edge| edge.to_string()).join(" × ");
        if !(n_blocks > 0.0 && n_blocks.is_finite()) {
            let what = format!(
                "makes {n_blocks} blocks of {block:e} Å³ in a beam of {beam_size} mm; give the size of a crystal, such as \"30 um\""
            );
            return Err(self.error(EXTENT, what));
        }
        if extent[0] > beam_size || extent[1] > beam_size {
            let whole = illuminated_volume(shape, extent, f64::INFINITY);
            self.notice(format!(
                "{EXTENT}: the beam of {beam_size} mm (beam.size) illuminates {:.3} % of the crystal",
                100.0 * illuminated / whole
            ));
        }
        if n_blocks < 1.0 {
            self.notice(format!(
                "{EXTENT}: what the beam illuminates is {n_blocks:.3} of one coherent block, whose spots are narrower than those of so small \
                 a crystal: give fewer crystal.n_cells"
            ));
        }
        let why = format!(
            "{illuminated:.4e} mm³ of a {name} of {size} mm ({}) in a beam of {beam_size} mm, over {block:.4e} Å³ of a block",
            self.origin(EXTENT)
        );
        let removed = [EXTENT, EXTENT_SHAPE].map(|name| self.description.remove(name));
        debug_assert!(removed[0].is_some());
        self.automatic(N_BLOCKS, n_blocks, why)?;
        self.number(N_BLOCKS)
    }

    /// Whether there is any water.
    pub(super) fn has_water(&mut self) -> bool {
        [WATER, WATER_VOLUME].into_iter().any(|name| {
            let water = self.description.get(name).and_then(|entry| entry.value.number());
            water.is_some_and(|water| water > 0.0)
        })
    }

    /// Volume of water in the beam (mm³): a layer across it, or what is given.
    pub(super) fn water_volume(&mut self) -> Result<f64> {
        let beam_size = self.number("beam.size")?;
        if let Some(thickness) = self.given_number(WATER)? {
            let volume = thickness * beam_size * beam_size;
            if !volume.is_finite() {
                return Err(self.error(WATER, format!("is {thickness} mm, which makes {volume} mm³ in the beam")));
            }
            let why = format!("a layer of {thickness} mm ({}) across a beam of {beam_size} mm", self.origin(WATER));
            self.description.remove(WATER);
            self.automatic(WATER_VOLUME, volume, why)?;
        }
        self.automatic(WATER_VOLUME, 0.0, "no water is given")?;
        self.number(WATER_VOLUME)
    }
}
