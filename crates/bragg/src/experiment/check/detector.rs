//! What a detector must keep.

use super::{MOST_SAMPLES, allowed, count, finite, not_negative, positive, unit, vector};
use crate::error::{Error, Result};
use crate::experiment::{Arm, Curvature, Detector, Panel, Physics, Roi, Sensor};
use crate::real::Real;

/// The largest number of pixels of all panels.
const MOST_PIXELS: usize = 1 << 31;
/// Axes nearer to parallel than this (cosine) span no panel.
const PARALLEL: f64 = 0.99;

impl<R: Real> Detector<R> {
    pub(super) fn check(&self, physics: Physics) -> Result<()> {
        if self.panels.is_empty() {
            return Err(Error::setting("detector.panel", "is an empty list; a detector has at least one panel"));
        }
        let n_panels = self.panels.len();
        for (i, panel) in self.panels.iter().enumerate() {
            panel.check(
                |last| if n_panels == 1 { format!("detector.{last}") } else { format!("detector.panel[{i}].{last}") },
                physics,
            )?;
        }
        let n_pixels = self.panels.iter().map(|panel| panel.n_fast.saturating_mul(panel.n_slow));
        let n_pixels = n_pixels.fold(0, usize::saturating_add);
        if n_pixels > MOST_PIXELS {
            let what = format!("make {n_pixels} pixels in all; at most {MOST_PIXELS} are allowed");
            return Err(Error::setting("detector.pixels", what));
        }
        if let Some(sensor) = &self.sensor {
            sensor.check()?;
        }
        finite("detector.distance", self.distance)?;
        self.check_curvature()?;
        self.arm.check()
    }

    fn check_curvature(&self) -> Result<()> {
        if self.curvature == Curvature::Flat {
            return Ok(());
        }
        if self.panels.len() > 1 {
            let what = format!("makes a sphere of one panel only; there are {}, which must be flat", self.panels.len());
            return Err(Error::setting("detector.curvature", what));
        }
        match self.curvature {
            Curvature::Sphere => positive("detector.distance", self.distance),
            _ => allowed("detector.distance", self.distance, "the radius of a sphere, which is not 0", |x| x != 0.0),
        }
    }
}

impl<R: Real> Panel<R> {
    fn check(&self, key: impl Fn(&str) -> String, physics: Physics) -> Result<()> {
        count(key("pixels"), self.n_fast, MOST_PIXELS)?;
        count(key("pixels"), self.n_slow, MOST_PIXELS)?;
        positive(key("pixel_size"), self.pixel_size)?;
        vector(key("origin"), self.origin)?;
        let axes = [("fast_axis", self.fast_axis), ("slow_axis", self.slow_axis), ("normal", self.normal)];
        for (last, axis) in axes {
            match physics {
                Physics::Correct => unit(key(last), axis)?,
                Physics::NanoBragg => vector(key(last), axis)?,
            }
        }
        let cosine = self.fast_axis.dot(self.slow_axis).value();
        if physics == Physics::Correct && cosine.abs() >= PARALLEL {
            let what = format!("has the cosine {cosine} with the fast axis; they span no panel");
            return Err(Error::setting(key("slow_axis"), what));
        }
        let height = self.close_distance();
        allowed(key("normal"), height, "such that the panel's plane is not at distance 0 along it", |x| x != 0.0)?;
        self.check_window(&key, physics)?;
        let n_pixels = self.n_fast.saturating_mul(self.n_slow);
        match &self.mask {
            Some(mask) if mask.len() != n_pixels => {
                let (n, n_fast, n_slow) = (mask.len(), self.n_fast, self.n_slow);
                let what = format!("has {n} flags; {n_fast} × {n_slow} pixels need {n_pixels}");
                Err(Error::setting(key("mask"), what))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a window that is not in the panel. One whose first pixel is beyond the last along both axes has no pixel: the reference
    /// program's.
    fn check_window(&self, key: impl Fn(&str) -> String, physics: Physics) -> Result<()> {
        let Some(Roi { fast, slow }) = self.roi else { return Ok(()) };
        let is_empty = fast[0] > fast[1] && slow[0] > slow[1];
        let is_inside = |[first, last]: [usize; 2], n: usize| first <= last && last < n;
        if (is_inside(fast, self.n_fast) && is_inside(slow, self.n_slow)) || (is_empty && physics == Physics::NanoBragg)
        {
            return Ok(());
        }
        let what = format!(
            "is {:?}; it must be first and last pixel along fast (0 to {}), then along slow (0 to {})",
            [fast, slow].as_flattened(),
            self.n_fast - 1,
            self.n_slow - 1
        );
        Err(Error::setting(key("roi"), what))
    }
}

impl<R: Real> Sensor<R> {
    fn check(&self) -> Result<()> {
        count("detector.sensor.layers", self.n_layers, MOST_SAMPLES)?;
        not_negative("detector.sensor.layer_thickness", self.layer_thickness)?;
        // the key is 1/attenuation
        let rule = "a finite coefficient in 1/mm, not negative, whose inverse is that key";
        allowed("detector.sensor.attenuation_length", self.attenuation, rule, |mu| mu >= 0.0)
    }
}

impl<R: Real> Arm<R> {
    fn check(&self) -> Result<()> {
        finite("detector.two_theta", self.two_theta)?;
        unit("detector.two_theta_axis", self.axis)?;
        vector("detector.pivot", self.pivot)
    }
}
