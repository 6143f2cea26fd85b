//! What the header of an image says about the experiment.

use super::pixels;
use bragg::image::{Image, Recording};
use bragg::math::Vec3;
use std::borrow::Cow;
use std::sync::Arc;

/// Detector, beam and scan as far as image headers express them: a flat detector normal to the beam, one wavelength.
///
/// It serves every format that has a header, and the overlays of the picture. [`Metadata::tilted`] says that the
/// geometry is not of that kind; the numbers then describe it only near the beam.
#[derive(Debug, Clone, PartialEq)]
pub struct Metadata {
    /// Wavelength (Å).
    pub wavelength: f64,
    /// Distance from the sample to where the beam meets the detector (mm).
    pub distance: f64,
    /// Distance from the sample to the nearest point of the detector's plane (mm), where it is not [`Self::distance`].
    pub close_distance: Option<f64>,
    /// Where the beam meets the detector, (fast, slow), in pixels from the outer corner of the first pixel: the middle
    /// of pixel i is i + ½.
    pub beam_center: (f64, f64),
    /// Edge of a square pixel (mm).
    pub pixel_size: f64,
    /// Spindle angle at the start of the exposure (deg).
    pub phi_start: f64,
    /// Rotation during the exposure (deg); 0 for a still.
    pub oscillation_width: f64,
    /// Exposure time (s).
    pub exposure_time: f64,
    /// Rotation of the detector arm (deg).
    pub two_theta: f64,
    /// What the X-rays are absorbed in; `None` for a detector that records every photon at its surface.
    pub sensor: Option<Sensor>,
    /// Beam intensity (photons/s).
    pub flux: Option<f64>,
    /// The highest value that still means something (counts).
    pub saturation: Option<f64>,
    /// Added to every count (counts), where anything was said of it.
    pub adc_offset: Option<f64>,
    /// Counts per photon.
    pub gain: f64,
    /// The detector is tilted, bent or of several panels, so that no header can describe it.
    pub tilted: bool,
    /// Where the panels lie; empty where that is not known.
    pub panels: Vec<Placement>,
    /// Rows, columns or spindle do not lie as readers of the header take them to: columns against the lab's y, the spindle along rows.
    pub unusual_axes: bool,
    /// One flag for each pixel of a panel, by panel, `false` where it is masked; empty where no pixel is.
    pub live: Vec<Option<Arc<[bool]>>>,
}

/// Where a panel lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// Corner of the first pixel (mm, laboratory frame).
    pub origin: Vec3,
    /// Unit vector along rows.
    pub fast_axis: Vec3,
    /// Unit vector along columns.
    pub slow_axis: Vec3,
    /// Edge of a square pixel (mm).
    pub pixel_size: f64,
}

/// The layer of a detector in which photons are absorbed.
#[derive(Debug, Clone, PartialEq)]
pub struct Sensor {
    /// Chemical formula: `Si`, `CdTe`, `GaAs`.
    pub material: String,
    /// Thickness (mm).
    pub thickness: f64,
}

impl Metadata {
    /// A still of one second on an ideal detector: `wavelength` in Å, `distance` and `pixel_size` in mm, `beam_center`
    /// (fast, slow) in pixels from the corner.
    pub fn new(wavelength: f64, distance: f64, beam_center: (f64, f64), pixel_size: f64) -> Self {
        Self {
            wavelength,
            distance,
            close_distance: None,
            beam_center,
            pixel_size,
            phi_start: 0.0,
            oscillation_width: 0.0,
            exposure_time: 1.0,
            two_theta: 0.0,
            sensor: None,
            flux: None,
            saturation: None,
            adc_offset: None,
            gain: 1.0,
            tilted: false,
            panels: Vec::new(),
            unusual_axes: false,
            live: Vec::new(),
        }
    }

    /// The recording with masked pixels flagged: −1 among counts, no number among photons.
    pub(super) fn flagged<'a>(&self, recording: &'a Recording) -> Cow<'a, Recording> {
        fn flag<T: Copy>(image: &mut Image<T>, live: &[Option<Arc<[bool]>>], flag: T) {
            for (panel, live) in image.panels.iter_mut().zip(live) {
                let pixels = panel.pixels_mut().iter_mut().zip(live.iter().flat_map(|live| live.iter()));
                pixels.filter(|(_, is_live)| !**is_live).for_each(|(pixel, _)| *pixel = flag);
            }
        }
        let mut recording = Cow::Borrowed(recording);
        if self.live.iter().any(Option::is_some) {
            match recording.to_mut() {
                Recording::Photons(image) => flag(image, &self.live, f32::NAN),
                Recording::Counts(image) => flag(image, &self.live, pixels::NO_VALUE),
            }
        }
        recording
    }

    /// Start (deg) and width (deg, not negative) of the rotation, which over one exposure is the same either way round.
    /// Some readers take a negative width for a spindle that points the other way.
    pub fn forward_oscillation(&self) -> (f64, f64) {
        if self.oscillation_width < 0.0 {
            (self.phi_start + self.oscillation_width, -self.oscillation_width)
        } else {
            (self.phi_start, self.oscillation_width)
        }
    }

    /// Whether the detector is flat and normal to the beam, so that lines of equal resolution are circles around
    /// [`Self::beam_center`].
    pub fn is_normal_to_beam(&self) -> bool {
        !self.tilted && self.two_theta == 0.0
    }

    /// Distance (pixels) of the circle of resolution `d_spacing` (Å) from the beam centre on a detector normal to the
    /// beam: Bragg's law, λ = 2 d sin θ. `None` where no circle is: beyond λ/2, or scattered backwards.
    pub fn ring_radius(&self, d_spacing: f64) -> Option<f64> {
        let sin_theta = self.wavelength / (2.0 * d_spacing);
        let two_theta = 2.0 * sin_theta.asin();
        let radius = self.distance * two_theta.tan() / self.pixel_size;
        (sin_theta > 0.0 && two_theta < std::f64::consts::FRAC_PI_2 && radius.is_finite() && radius > 0.0)
            .then_some(radius)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ring_radius_is_braggs_law() {
        // sin θ = ½ / 1 → θ = 30°, 2θ = 60°, tan 60° = √3.
        let metadata = Metadata::new(1.0, 100.0, (500.0, 500.0), 0.1);
        assert!((metadata.ring_radius(1.0).unwrap() - 1000.0 * 3f64.sqrt()).abs() < 1e-9);
        // 2θ = 90° at d = λ/√2.
        assert!(metadata.ring_radius(0.70).is_none());
        assert!(metadata.ring_radius(0.71).is_some());
        for nonsense in [0.0, -2.0, 0.4, f64::NAN, f64::INFINITY] {
            assert!(metadata.ring_radius(nonsense).is_none(), "{nonsense}");
        }
    }

    #[test]
    fn a_backward_rotation_covers_the_same_angles_forward() {
        let mut metadata = Metadata::new(1.0, 100.0, (0.0, 0.0), 0.1);
        metadata.phi_start = 10.0;
        metadata.oscillation_width = -0.5;
        assert_eq!(metadata.forward_oscillation(), (9.5, 0.5));
        metadata.oscillation_width = 0.5;
        assert_eq!(metadata.forward_oscillation(), (10.0, 0.5));
    }
}
