//! How photons become counts.

/// How photons become counts: count = gain · photons + offset, rounded, where photons are Poisson deviates of the expected ones. Counts
/// above [`Self::highest`] are recorded as the next whole number, so that no reader takes them for measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Seed of the Poisson noise; `None` for no noise.
    pub poisson_seed: Option<u64>,
    /// Number of the image in its series, each of which has random numbers of its own.
    pub frame: u64,
    /// Counts added to every pixel.
    pub adc_offset: f64,
    /// Counts per photon.
    pub gain: f64,
    /// Largest count that is one; the detector's when `None`.
    pub saturation: Option<f64>,
    /// Largest count of the known detector; that of the file format when `None`. Expected photons without noise may be more.
    pub detector_limit: Option<f64>,
}

impl Noise {
    /// The largest count that is one; `None` where only 32 bits limit it.
    pub fn highest(&self) -> Option<f64> {
        self.saturation.or(self.detector_limit).map(f64::floor)
    }
}

/// Every photon is one count, without noise.
impl Default for Noise {
    fn default() -> Self {
        Self { poisson_seed: None, frame: 0, adc_offset: 0.0, gain: 1.0, saturation: None, detector_limit: None }
    }
}
