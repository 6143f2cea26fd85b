//! How photons become counts.

/// How photons become counts: count = gain · photons + offset, rounded, at most the saturation, where photons are Poisson deviates of
/// the expected ones.
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
    /// Largest count; that of the file format when `None`.
    pub saturation: Option<f64>,
}

/// Every photon is one count, without noise.
impl Default for Noise {
    fn default() -> Self {
        Self { poisson_seed: None, frame: 0, adc_offset: 0.0, gain: 1.0, saturation: None }
    }
}
