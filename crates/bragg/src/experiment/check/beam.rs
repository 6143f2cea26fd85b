//! What a beam must keep.

use super::{allowed, between, not_negative, unit};
use crate::error::{Error, Result};
use crate::experiment::Beam;
use crate::experiment::beam::{MOST_SOURCES, Spread, Ticks};
use crate::real::Real;

impl<R: Real> Beam<R> {
    pub(super) fn check(&self) -> Result<()> {
        unit("beam.direction", self.direction)?;
        wavelength("beam.wavelength", self.wavelength)?;
        not_negative("beam.fluence", self.fluence)?;
        if let Some(polarization) = &self.polarization {
            between("beam.kahn_factor", polarization.kahn_factor, -1.0, 1.0)?;
            unit("beam.polarization_vector", polarization.e_vector)?;
        }
        self.check_sources()?;
        self.spread.as_ref().map_or(Ok(()), Spread::check)
    }

    fn check_sources(&self) -> Result<()> {
        let n = self.sources.len();
        if !(1..=MOST_SOURCES).contains(&n) {
            let what = format!("has {n} sources; it must have from 1 to {MOST_SOURCES}");
            return Err(Error::setting("beam.source", what));
        }
        let mut sum = 0.0;
        for (i, source) in self.sources.iter().enumerate() {
            let key = |last: &str| format!("beam.source[{i}].{last}");
            // names are made where there is something to say: sources are many
            let is_right = (source.direction.value().norm() - 1.0).abs() <= super::UNIT
                && source.wavelength.value() > 0.0
                && (1.0 / source.wavelength.value()).is_finite()
                && source.weight.value() >= 0.0;
            if !is_right {
                unit(key("direction"), source.direction)?;
                wavelength(&key("wavelength"), source.wavelength)?;
                not_negative(key("weight"), source.weight)?;
            }
            sum += source.weight.value();
        }
        if sum > 0.0 && sum.is_finite() {
            return Ok(());
        }
        let what = format!("has weights whose sum is {sum}; it must be a finite number greater than 0");
        Err(Error::setting("beam.source", what))
    }
}

impl<R: Real> Spread<R> {
    pub(in crate::experiment) fn check(&self) -> Result<()> {
        let ranges = [
            ("beam.divergence.horizontal_", self.horizontal),
            ("beam.divergence.vertical_", self.vertical),
            ("beam.dispersion.", self.dispersion),
        ];
        for (prefix, ticks) in ranges {
            let Ticks { range, step, .. } = ticks;
            not_negative(format!("{prefix}range"), range)?;
            not_negative(format!("{prefix}step"), step)?;
        }
        let rule = "a fraction of the wavelength from 0 to below 2 (200 %)";
        allowed("beam.dispersion.range", self.dispersion.range, rule, |range| range < 2.0)?;
        unit("beam.polarization_vector", self.e_vector)?;
        let n = self.n_sources();
        if n > MOST_SOURCES as f64 {
            let what =
                format!("and beam.dispersion make {n:e} sources; at most {MOST_SOURCES} are allowed: take fewer steps");
            return Err(Error::setting("beam.divergence", what));
        }
        Ok(())
    }
}

/// Refuses a wavelength that is no length, or so small that its inverse is none.
fn wavelength<R: Real>(key: &str, x: R) -> Result<()> {
    allowed(key, x, "a finite length in Å, greater than 0", |x| x > 0.0 && (1.0 / x).is_finite())
}
