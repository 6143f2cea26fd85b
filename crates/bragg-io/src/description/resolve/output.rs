//! What the detector makes of photons, and the output.

use super::Output;
use super::resolver::Resolver;
use crate::description::{Value, presets};
use crate::formats::png;
use bragg::error::Result;
use bragg::experiment::Response;
use bragg::experiment::coverage::Coverage;
use bragg::reflections::Reflections;
use bragg::units::EV_ANGSTROM;

impl Resolver {
    /// How photons become counts; with a wavelength (Å), by the preset of the detector.
    pub(super) fn response(&mut self, wavelength: Option<f64>) -> Result<Response> {
        if self.has("noise.seed") {
            self.automatic("noise.poisson", true, "a seed is given")?;
        }
        let poisson_seed = if self.has("noise.poisson") && self.flag("noise.poisson")? {
            self.automatic("noise.seed", 1, "no seed is given")?;
            Some(self.seed("noise.seed")?)
        } else {
            // a seed of noise that is switched off waits for its time
            self.mark_used("noise.seed");
            None
        };
        Ok(Response {
            poisson_seed,
            frame: self.seed("scan.frame")?,
            adc_offset: self.given_number("noise.adc_offset")?.unwrap_or(0.0),
            gain: self.number("noise.gain")?,
            saturation: self.given_number("noise.saturation")?,
            detector_limit: wavelength.map_or(Ok(None), |wavelength| self.detector_limit(wavelength))?,
        })
    }

    /// The largest count of the detector that is named.
    fn detector_limit(&mut self, wavelength: f64) -> Result<Option<f64>> {
        /// The exposure (s) of images that say nothing of it.
        const EXPOSURE: f64 = 1.0;
        if !self.has("detector.preset") {
            return Ok(None);
        }
        let preset = presets::preset(&self.text("detector.preset")?);
        let exposure = self.exposure.unwrap_or(EXPOSURE);
        Ok(preset.map(|preset| preset.limit.counts(exposure, EV_ANGSTROM / wavelength)))
    }

    pub(super) fn output(&mut self) -> Result<Output> {
        let files = self.entry("output.files")?.value.list().unwrap_or_default();
        let files = files.iter().filter_map(Value::path).map(Into::into).collect();
        Ok(Output { files, picture: self.picture()? })
    }

    pub(super) fn picture(&mut self) -> Result<png::Style> {
        let [low, high] = if self.has("output.png.range") {
            let [low, high] = self.array("output.png.range")?;
            if low >= high {
                return Err(self.error("output.png.range", format!("is {:?}; the first must be less", [low, high])));
            }
            [low, high].map(png::Limit::Value)
        } else {
            self.array("output.png.percentiles")?.map(png::Limit::Percentile)
        };
        Ok(png::Style {
            scale: self.named("output.png.scale", &png::Scale::ALL)?,
            low,
            high,
            color_map: self.named("output.png.color_map", &png::ColorMap::ALL)?,
            resolution_rings: self.rings()?,
            beam_cross: self.flag("output.png.beam_cross")?,
            max_width: self.count("output.png.max_width")?,
            binning: self.named("output.png.binning", &png::Binning::ALL)?,
            panel: self.given_count("output.png.panel")?,
            roi: if self.has("output.png.roi") { Some(self.counts("output.png.roi")?) } else { None },
            zoom: self.given_count("output.png.zoom")?,
        })
    }

    fn given_count(&mut self, name: &str) -> Result<Option<usize>> {
        if self.has(name) { self.count(name).map(Some) } else { Ok(None) }
    }

    fn named<T: Copy>(&mut self, name: &str, all: &[(&str, T)]) -> Result<T> {
        let given = self.text(name)?;
        let found = all.iter().find(|(known, _)| *known == given).map(|(_, value)| *value);
        // the table of keys has the same names
        found.ok_or_else(|| self.error(name, "is unknown"))
    }

    fn rings(&mut self) -> Result<png::Rings> {
        let name = "output.png.rings";
        let list = self.entry(name)?.value.list().unwrap_or_default();
        if let [Value::Text(_)] = list {
            return Ok(png::Rings::Auto);
        }
        let rings: Option<Vec<f64>> = list.iter().map(Value::number).collect();
        rings
            .map(png::Rings::At)
            .ok_or_else(|| self.error(name, "mixes \"auto\" and resolutions; give one or the other"))
    }

    /// Says how many reflections on the detector have no amplitude in the file.
    pub(super) fn notice_missing(&mut self, coverage: Option<Coverage>, reflections: Option<&Reflections>) {
        let Some(Coverage { on_detector, missing, coarsest_missing: Some(coarsest) }) = coverage else { return };
        let Some(path) = reflections.map(|reflections| &reflections.source) else { return };
        let percent = 100.0 * missing as f64 / on_detector.max(1) as f64;
        let rounded = if percent < 10.0 { format!("{percent:.1}") } else { format!("{percent:.0}") };
        let default = self.number("crystal.structure_factors.default").unwrap_or_default();
        self.notice(format!(
            "{} has no amplitude for {rounded} % of the reflections that fall on the detector: at least {missing} of {on_detector} \
             are missing, the coarsest at {coarsest:.2} Å; they get crystal.structure_factors.default = {default}",
            path.display()
        ));
    }
}
