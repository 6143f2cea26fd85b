//! What image headers say of an experiment.

use super::Resolved;
use crate::formats::{Metadata, Placement, Sensor};
use bragg::experiment::{Curvature, Experiment, Panel};

/// How far (1 − cosine) the normal of a detector may be from the beam before it counts as tilted: 0.1 mrad.
const NORMAL: f64 = 5e-9;

/// What a header can say of an experiment; of several panels, the first.
pub fn metadata(experiment: &Experiment) -> Metadata {
    let Experiment { beam, detector, scan, response, .. } = experiment;
    let mut metadata = Metadata::new(beam.wavelength, detector.distance, (0.0, 0.0), 0.0);
    metadata.tilted = detector.panels.len() != 1 || detector.curvature != Curvature::Flat;
    if let Some(panel) = detector.panels.first() {
        // a detector before the sample is met against the beam
        let along = [beam.propagation(), beam.direction].map(|direction| (direction, panel.intersection(direction)));
        // where the beam runs along the panel: the point nearest to the sample
        let (direction, met) = along.into_iter().find(|(_, met)| met.is_some()).unwrap_or((panel.normal, None));
        let [fast, slow] = met.or_else(|| panel.intersection(panel.normal)).unwrap_or_default();
        let position = panel.position(fast, slow);
        let close_distance = panel.close_distance();
        let sign = if direction == beam.direction { -1.0 } else { 1.0 };
        metadata.distance = sign * position.norm();
        metadata.close_distance = ((close_distance.abs() - position.norm()).abs() > 1e-6).then_some(close_distance);
        metadata.beam_center = (fast, slow);
        metadata.pixel_size = panel.pixel_size;
        let cosine = panel.fast_axis.cross(panel.slow_axis).dot(beam.direction).abs();
        metadata.tilted |= cosine < 1.0 - NORMAL;
        let is_mirrored = panel.fast_axis.cross(panel.slow_axis).dot(beam.propagation()) * metadata.distance < 0.0;
        let turns_otherwise = scan.range != 0.0 && scan.axis.dot(panel.fast_axis) < 1.0 - NORMAL;
        metadata.unusual_axes = is_mirrored || turns_otherwise || metadata.distance < 0.0;
    }
    let placement = |panel: &Panel| Placement {
        origin: panel.origin,
        fast_axis: panel.fast_axis,
        slow_axis: panel.slow_axis,
        pixel_size: panel.pixel_size,
    };
    metadata.panels = detector.panels.iter().map(placement).collect();
    metadata.phi_start = scan.start;
    metadata.oscillation_width = scan.range;
    metadata.saturation = response.highest();
    metadata.adc_offset = (response.adc_offset != 0.0).then_some(response.adc_offset);
    metadata.gain = response.gain;
    if detector.panels.iter().any(|panel| panel.mask.is_some()) {
        metadata.live = detector.panels.iter().map(|panel| panel.mask.clone()).collect();
    }
    metadata
}

impl Resolved {
    /// What a header can say of the experiment.
    pub fn metadata(&self) -> Metadata {
        let value = |name: &str| self.description.get(name).map(|entry| &entry.value);
        let number = |name: &str| value(name).and_then(|value| value.number());
        let mut metadata = metadata(&self.experiment);
        if self.experiment.detector.panels.len() == 1 && self.description.n_panels() == 0 {
            metadata.two_theta = number("detector.two_theta").unwrap_or_default();
        }
        metadata.adc_offset = number("noise.adc_offset").or(metadata.adc_offset);
        metadata.exposure_time = self.exposure.unwrap_or(metadata.exposure_time);
        if self.experiment.detector.sensor.is_some()
            && let (Some(material), Some(thickness)) =
                (value("detector.sensor.material").and_then(|value| value.text()), number("detector.sensor.thickness"))
        {
            metadata.sensor = Some(Sensor { material: material.to_owned(), thickness });
        }
        metadata
    }
}
