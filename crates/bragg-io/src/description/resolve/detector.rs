//! The detector: numbers or a list of panels to panels in the laboratory frame.

use super::resolver::Resolver;
use crate::description::presets;
use crate::description::value::Value;
use crate::description::{Entry, Origin};
use bragg::error::{Error, Result};
use bragg::experiment::sensor_material::SensorMaterial;
use bragg::experiment::{Arm, Curvature, Detector, Panel, Roi, SamplingDepth, Sensor};
use bragg::math::Vec3;
use bragg::units::EV_ANGSTROM;

/// The largest number of pixels of all panels.
const MAX_PIXELS: u64 = 1 << 31;
/// How far the axes of the detector may be from perpendicular (cosine); those of a listed panel may be further, with a notice.
const PERPENDICULAR: f64 = 1e-6;
/// Axes of a listed panel nearer to parallel than this (cosine) span no panel.
const PARALLEL: f64 = 0.99;

impl Resolver {
    pub(super) fn detector(&mut self, propagation: Vec3, wavelength: f64) -> Result<Detector> {
        self.apply_preset()?;
        let n_panels = self.description.n_panels();
        let (panels, arm) = if n_panels == 0 {
            let (panel, arm) = self.single_panel(propagation)?;
            (vec![panel], arm)
        } else {
            let panels = (0..n_panels).map(|i| self.listed_panel(i)).collect::<Result<Vec<_>>>()?;
            (panels, Arm::default())
        };
        let n_pixels: u64 = panels.iter().map(|panel| (panel.n_fast as u64).saturating_mul(panel.n_slow as u64)).sum();
        if n_pixels > MAX_PIXELS {
            let name = if n_panels == 0 { "detector.pixels" } else { "detector.panel" };
            return Err(self.error(name, format!("makes {n_pixels} pixels; at most {MAX_PIXELS} are allowed")));
        }
        if n_panels > 0 {
            self.distance_of_panels(&panels, propagation)?;
        }
        let distance = self.number("detector.distance")?;
        let sensor = self.sensor(wavelength)?;
        let curvature = match self.text("detector.curvature")?.as_str() {
            "sphere" => Curvature::Sphere,
            "nanobragg-sphere" => Curvature::NanoBraggSphere,
            _ => Curvature::Flat,
        };
        if curvature != Curvature::Flat && panels.len() > 1 {
            return Err(
                self.error("detector.curvature", "makes a sphere of one panel only; several panels must be flat")
            );
        }
        if curvature == Curvature::Sphere && distance < 0.0 {
            return Err(
                self.error("detector.curvature", "needs a positive detector.distance, the radius of the sphere")
            );
        }
        let point_pixels = self.flag("detector.point_pixels")?;
        Ok(Detector { panels, sensor, curvature, distance, arm, point_pixels })
    }

    fn apply_preset(&mut self) -> Result<()> {
        if !self.has("detector.preset") {
            return Ok(());
        }
        let name = self.text("detector.preset")?;
        let Some(preset) = presets::preset(&name) else { return Ok(()) };
        let why = format!("preset {name}");
        self.automatic("detector.pixels", preset.pixels, &*why)?;
        self.automatic("detector.pixel_size", preset.pixel_size, &*why)?;
        if let Some((material, thickness)) = preset.sensor {
            let describes_depth =
                ["thickness", "layer_thickness"].map(|last| self.has(&format!("detector.sensor.{last}")));
            if !describes_depth.contains(&true) {
                self.automatic("detector.sensor.thickness", thickness, &*why)?;
            }
            self.automatic("detector.sensor.material", material, &*why)?;
        } else if !self.has("detector.sensor.thickness") {
            self.notice(format!(
                "{name} has a phosphor, for which there is no sensor model: every photon is counted, at the surface"
            ));
        }
        Ok(())
    }

    /// The panel that distance, beam centre and angles describe, and the arm that carries it.
    fn single_panel(&mut self, propagation: Vec3) -> Result<(Panel, Arm)> {
        let pixels = self.counts::<2>("detector.pixels")?;
        let pixel_size = self.number("detector.pixel_size")?;
        let distance = self.number("detector.distance")?;
        let beam_center = self.beam_center(pixels, pixel_size)?;
        let [fast, slow] = self.axes("detector.")?;
        let tilt = self.each_of_three("detector.tilt")?.map(f64::to_radians);
        let two_theta_axis = self.direction("detector.two_theta_axis")?;
        let degrees = self.number("detector.two_theta")?;
        let two_theta = degrees.to_radians();
        let turned = |v: Vec3| v.rotated_xyz(tilt).rotated(two_theta_axis, two_theta);
        let corner = |fast: Vec3, slow: Vec3| {
            propagation * distance - fast * (beam_center[0] * pixel_size) - slow * (beam_center[1] * pixel_size)
        };
        let (origin, pivot) = if self.text("detector.pivot")? == "beam" {
            (corner(turned(fast), turned(slow)), propagation * distance)
        } else {
            (turned(corner(fast, slow)), Vec3::default())
        };
        let (fast_axis, slow_axis) = (turned(fast), turned(slow));
        let Some(normal) = normal_away(origin, fast_axis, slow_axis) else {
            return Err(self.error("detector.distance", "puts the sample into the plane of the detector"));
        };
        let roi = self.roi("detector.roi", pixels)?;
        let [n_fast, n_slow] = pixels;
        let name = "panel 0".to_owned();
        let arm = Arm { two_theta: degrees, axis: two_theta_axis, pivot };
        Ok((Panel { name, origin, fast_axis, slow_axis, normal, pixel_size, n_fast, n_slow, roi, mask: None }, arm))
    }

    /// The beam centre in pixels; lengths are turned into pixels in the description.
    fn beam_center(&mut self, pixels: [usize; 2], pixel_size: f64) -> Result<[f64; 2]> {
        let name = "detector.beam_center";
        let centre = pixels.map(|n| n as f64 / 2.0);
        self.automatic(name, centre, "centre of the detector")?;
        if let Some(Entry { value: Value::List(list), origin }) = self.description.get(name).cloned()
            && list.iter().any(|value| matches!(value, Value::Length(_)))
        {
            let why = format!("{} ({origin}), mm / detector.pixel_size", Value::List(list.clone()));
            let in_pixels = list.into_iter().map(|value| match value {
                Value::Length(mm) => Value::Number(mm / pixel_size),
                pixels => pixels,
            });
            self.description.insert(name, Value::List(in_pixels.collect()), Origin::Automatic(why))?;
        }
        self.array(name)
    }

    fn listed_panel(&mut self, i: usize) -> Result<Panel> {
        let key = |last: &str| format!("detector.panel[{i}].{last}");
        let origin = self.vector(&key("origin"))?;
        let [fast_axis, slow_axis] = self.axes(&key(""))?;
        let computed = normal_away(origin, fast_axis, slow_axis);
        let Some(away) = computed else {
            return Err(self.error(&key("origin"), "puts the sample into the plane of the panel"));
        };
        self.automatic(&key("normal"), away.0, "across both axes, away from the sample")?;
        let normal = if self.is_nanobragg()? { self.vector(&key("normal"))? } else { self.direction(&key("normal"))? };
        if origin.dot(normal) == 0.0 {
            return Err(self.error(
                &key("normal"),
                "is across the line from the sample to the panel's origin: the panel has no distance",
            ));
        }
        for (last, of_detector) in
            [("pixels", "detector.pixels"), ("pixel_size", "detector.pixel_size"), ("roi", "detector.roi")]
        {
            self.mark_used(of_detector);
            if let Some(entry) = self.description.get(of_detector).cloned() {
                self.automatic(&key(last), entry.value, of_detector)?;
            }
        }
        let pixels = self.counts::<2>(&key("pixels"))?;
        let pixel_size = self.number(&key("pixel_size"))?;
        let roi = self.roi(&key("roi"), pixels)?;
        self.automatic(&key("name"), &*format!("panel {i}"), "panel and its number")?;
        let name = self.text(&key("name"))?;
        let [n_fast, n_slow] = pixels;
        Ok(Panel { name, origin, fast_axis, slow_axis, normal, pixel_size, n_fast, n_slow, roi, mask: None })
    }

    /// The unit vectors along rows and columns, which must be perpendicular. Those of a listed panel keep their lengths with the reference
    /// program's physics, which has such panels ([`crate::description::nanobragg`]).
    fn axes(&mut self, prefix: &str) -> Result<[Vec3; 2]> {
        let [fast_key, slow_key] = ["fast_axis", "slow_axis"].map(|last| format!("{prefix}{last}"));
        let [fast, slow] = [self.direction(&fast_key)?, self.direction(&slow_key)?];
        let cosine = fast.dot(slow);
        let is_panel = prefix.contains("panel");
        if is_panel && cosine.abs() > PERPENDICULAR && cosine.abs() < PARALLEL {
            let degrees = cosine.acos().to_degrees();
            self.notice(format!("{slow_key} is at {degrees:.3} degrees to {fast_key}: pixels are skewed, their solid angle is a square's"));
        } else if cosine.abs() > PERPENDICULAR {
            let what = format!(
                "is at {:.6} degrees to {fast_key} ({}); they must be perpendicular to {PERPENDICULAR:e} rad",
                cosine.clamp(-1.0, 1.0).acos().to_degrees(),
                self.origin(&fast_key)
            );
            return Err(self.error(&slow_key, what));
        }
        if is_panel && self.is_nanobragg()? {
            return Ok([self.vector(&fast_key)?, self.vector(&slow_key)?]);
        }
        Ok([fast, slow])
    }

    /// The window of a panel; one without a pixel, whose first is beyond the last, is the reference program's.
    fn roi(&mut self, name: &str, [n_fast, n_slow]: [usize; 2]) -> Result<Option<Roi>> {
        if !self.has(name) {
            return Ok(None);
        }
        let [fast0, fast1, slow0, slow1] = self.counts::<4>(name)?;
        let is_empty = fast0 > fast1 && slow0 > slow1 && self.is_nanobragg()?;
        if !is_empty && (fast0 > fast1 || slow0 > slow1 || fast1 >= n_fast || slow1 >= n_slow) {
            let what = format!(
                "is {:?}; it must be first and last pixel along fast (0 to {}), then along slow (0 to {})",
                [fast0, fast1, slow0, slow1],
                n_fast - 1,
                n_slow - 1
            );
            return Err(self.error(name, what));
        }
        Ok(Some(Roi { fast: [fast0, fast1], slow: [slow0, slow1] }))
    }

    /// The distance of a list of panels: along the beam to the panel that it meets, or else the nearest plane's.
    fn distance_of_panels(&mut self, panels: &[Panel], propagation: Vec3) -> Result<()> {
        let hit = panels.iter().find_map(|panel| {
            let [fast, slow] = panel.intersection(propagation)?;
            let inside = (0.0..=panel.n_fast as f64).contains(&fast) && (0.0..=panel.n_slow as f64).contains(&slow);
            inside.then(|| (panel.position(fast, slow).dot(propagation), panel.name.clone()))
        });
        if let Some((distance, name)) = hit {
            return self.automatic("detector.distance", distance, format!("along the beam to {name}"));
        }
        let nearest = panels.iter().map(|panel| panel.close_distance().abs()).fold(f64::INFINITY, f64::min);
        self.automatic("detector.distance", nearest, "nearest point of the panels' planes")
    }

    fn sensor(&mut self, wavelength: f64) -> Result<Option<Sensor>> {
        let [thickness_key, layer_key, length_key] =
            ["thickness", "layer_thickness", "attenuation_length"].map(|last| format!("detector.sensor.{last}"));
        // the material does not count beside an attenuation length, but says where that came from
        for name in [&thickness_key, &layer_key, &length_key, "detector.sensor.material"] {
            self.mark_used(name);
        }
        let n_layers = self.count("detector.sensor.layers")?;
        if let Some(layer) = self.given_number(&layer_key)? {
            self.automatic(&thickness_key, layer * n_layers as f64, "layers · layer_thickness")?;
        }
        let Some(thickness) = self.given_number(&thickness_key)? else {
            for name in [&length_key, "detector.sensor.material"] {
                if self.has(name) {
                    return Err(self.error(name, format!("has no effect without {thickness_key}; give the thickness")));
                }
            }
            self.automatic(&thickness_key, 0.0, "no sensor is described")?;
            return Ok(None);
        };
        if thickness == 0.0 {
            return Ok(None);
        }
        self.automatic(&layer_key, thickness / n_layers as f64, "thickness / layers")?;
        if !self.has(&length_key) {
            let (length, why) = self.attenuation_length(wavelength)?;
            self.automatic(&length_key, length, why)?;
        }
        let layer_thickness = self.number(&layer_key)?;
        let attenuation = 1.0 / self.number(&length_key)?;
        if !attenuation.is_finite() {
            return Err(self.error(&length_key, "is too small; photons go further than that into any material"));
        }
        let sampling_depth = self.sampling_depth()?;
        Ok(Some(Sensor { n_layers, layer_thickness, attenuation, sampling_depth }))
    }

    fn sampling_depth(&mut self) -> Result<SamplingDepth> {
        const KEY: &str = "detector.sensor.sampling_depth";
        let (depth, why) =
            if self.is_nanobragg()? { ("entrance", "as in nanoBragg") } else { ("mean", "where photons are absorbed") };
        self.automatic(KEY, depth, why)?;
        Ok(match self.text(KEY)?.as_str() {
            "entrance" => SamplingDepth::Entrance,
            _ => SamplingDepth::Mean,
        })
    }

    fn attenuation_length(&mut self, wavelength: f64) -> Result<(f64, String)> {
        let key = "detector.sensor.material";
        if !self.has(key) {
            let what = "is missing: a sensor with a thickness needs its material or detector.sensor.attenuation_length";
            return Err(Error::setting(key, what));
        }
        let name = self.text(key)?;
        let energy = EV_ANGSTROM / wavelength;
        let material = SensorMaterial::named(&name).ok_or_else(|| self.error(key, "is unknown"))?;
        let length = material.attenuation_length(energy).ok_or_else(|| {
            let [low, high] = material.energies();
            let what = format!(
                "has no value at {energy:.0} eV (tabulated from {low:.0} to {high:.0} eV); give detector.sensor.attenuation_length"
            );
            self.error(key, what)
        })?;
        Ok((length, format!("{name} at {energy:.1} eV")))
    }
}

/// The normal of a plane that points away from the sample; `None` when the sample lies in the plane.
fn normal_away(origin: Vec3, fast: Vec3, slow: Vec3) -> Option<Vec3> {
    let normal = fast.cross(slow).unit();
    let height = origin.dot(normal);
    if height > 0.0 {
        Some(normal)
    } else if height < 0.0 {
        Some(-normal)
    } else {
        None
    }
}
