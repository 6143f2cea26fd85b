//! What a crystal and its amplitudes must keep.

use super::{MOST, allowed, between, count, finite, not_negative, positive};
use crate::error::{Error, Result};
use crate::experiment::{Crystal, Mosaic, MosaicSpread, Physics, StructureFactors};
use crate::math::Mat3;
use crate::real::Real;
use crate::reflections::AmplitudeGrid;

/// A volume of so much of the product of the edges is none: what rounding leaves of edges that lie in a plane.
const FLAT: f64 = 1e-12;

impl<R: Real> Crystal<R> {
    pub(super) fn check(&self) -> Result<()> {
        let rows = self.real_space.0.map(|row| row.value());
        let reciprocal = self.reciprocal().0.map(|row| row.value());
        let volume = Mat3(rows).determinant();
        let product: f64 = rows.iter().map(|row| row.norm()).product();
        let is_flat = !(volume.abs() > FLAT * product && product.is_finite());
        if is_flat || !rows.iter().chain(&reciprocal).all(|row| row.is_finite()) {
            let [a, b, c] = rows.map(|row| row.0);
            let what = format!(
                "has the edges {a:?}, {b:?}, {c:?} Å; they must be finite numbers and span a volume (it is {volume:?} Å³)"
            );
            return Err(Error::setting("crystal.cell", what));
        }
        for n in self.n_cells {
            let rule = format!("a number of cells from 1 to {MOST}");
            allowed("crystal.n_cells", n, &rule, |n| (1.0..=MOST as f64).contains(&n))?;
        }
        positive("crystal.fudge", self.fudge)?;
        positive("crystal.n_blocks", self.n_blocks)?;
        not_negative("crystal.scale", self.scale)?;
        self.mosaic.check()
    }
}

impl<R: Real> Mosaic<R> {
    fn check(&self) -> Result<()> {
        match self.spread {
            MosaicSpread::Gaussian { eta } => between("crystal.mosaic.eta", eta, 0.0, 60.0)?,
            MosaicSpread::Cap { half_width } => between("crystal.mosaic.half_width", half_width, 0.0, 180.0)?,
        }
        count("crystal.mosaic.domains", self.n_domains, MOST)
    }
}

const FILE: &str = "crystal.structure_factors.file";
const DEFAULT: &str = "crystal.structure_factors.default";

impl<R: Real> StructureFactors<R> {
    pub(super) fn check(&self, physics: Physics) -> Result<()> {
        match physics {
            Physics::Correct => not_negative(DEFAULT, self.default_f)?,
            Physics::NanoBragg => finite(DEFAULT, self.default_f)?,
        }
        not_negative("crystal.structure_factors.scale", self.scale)?;
        finite("crystal.structure_factors.b_factor", self.b_factor)?;
        let Some(grid) = &self.grid else { return Ok(()) };
        check_grid(grid)?;
        if !self.include_f000 && self.default_f.value() != 0.0 && grid.position([0; 3]).is_none() {
            let what = "is false, but the grid of amplitudes does not reach the reflection 0 0 0, which has the default \
                        amplitude then; take a grid that has it";
            return Err(Error::setting("crystal.structure_factors.include_f000", what));
        }
        Ok(())
    }
}

fn check_grid<R: Real>(grid: &AmplitudeGrid<R>) -> Result<()> {
    grid.check()?;
    let mut amplitudes = grid.amplitudes.iter().map(|amplitude| amplitude.value()).enumerate();
    match amplitudes.find(|(_, amplitude)| !amplitude.is_finite()) {
        Some((i, amplitude)) => {
            let what = format!("has the amplitude {amplitude} at place {i} of its grid; it must be a finite number");
            Err(Error::setting(FILE, what))
        }
        None => Ok(()),
    }
}
