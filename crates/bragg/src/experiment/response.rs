//! What a detector makes of the photons that it is expected to see.

/// What a detector records of expected photons: count = gain · photons + offset, rounded, where photons are Poisson deviates of the
/// expected ones. Counts above [`Self::highest`] are recorded as the next whole number, so that no reader takes them for measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Response {
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

impl Response {
    /// The largest count that is one; `None` where only 32 bits limit it.
    pub fn highest(&self) -> Option<f64> {
        self.saturation.or(self.detector_limit).map(f64::floor)
    }

    /// The counts that are expected of expected photons, without a limit.
    pub fn counts(&self, photons: f64) -> f64 {
        photons * self.gain + self.adc_offset
    }

    /// The photons that a count stands for: [`Self::counts`] backwards.
    pub fn photons(&self, counts: f64) -> f64 {
        (counts - self.adc_offset) / self.gain
    }
}

/// Every photon is one count, without noise.
impl Default for Response {
    fn default() -> Self {
        Self { poisson_seed: None, frame: 0, adc_offset: 0.0, gain: 1.0, saturation: None, detector_limit: None }
    }
}
