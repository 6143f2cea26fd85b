//! How finely everything is sampled, and which physics combines the samples.

/// Which physics combines the samples of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Physics {
    /// Every factor (solid angle, polarisation, capture, source weight) at every sub-pixel, layer and source.
    #[default]
    Correct,
    /// nanoBragg's: the factors of the pixel's first sample applied to the sum of all.
    NanoBragg,
}

/// The kernel that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BackendChoice {
    /// The fastest that can make the image.
    #[default]
    Auto,
    /// The fast kernel of the processor.
    Cpu,
    /// The plain, slow one that the others are compared with.
    Reference,
}

/// The arithmetic of the inner sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// Double precision throughout.
    #[default]
    Double,
    /// Mixed precision, for pictures, training data and planning: the error of a pixel is below 1e-5 of its value. Only
    /// square crystals gain by it; other shapes stay in double precision.
    Fast,
}

/// nanoBragg's `-oversample_…` options under [`Physics::NanoBragg`]: the factor multiplies the running sum after every term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunningFactors {
    /// Layer capture (`-oversample_thick`).
    pub capture: bool,
    /// Polarisation (`-oversample_polar`).
    pub polarization: bool,
    /// Solid angle (`-oversample_omega`).
    pub solid_angle: bool,
}

impl RunningFactors {
    /// Whether any factor is applied to the running sum.
    pub fn any(self) -> bool {
        self.capture || self.polarization || self.solid_angle
    }
}

/// Sampling of pixels and the rules that go with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Sub-pixels along each axis of a pixel.
    pub oversample: usize,
    /// Bragg scattering of finer spacing than this (Å) is left out; 0 keeps everything.
    pub d_min: f64,
    /// Which physics combines the samples.
    pub physics: Physics,
    /// Factors on the running sum; only with [`Physics::NanoBragg`].
    pub running_factors: RunningFactors,
    /// The arithmetic of the inner sum.
    pub precision: Precision,
    /// Orientations whose Gaussian or top-hat spots do not reach a pixel are skipped as long as this fraction of its value at most is left
    /// out; 0 skips nothing.
    pub culling: f64,
    /// Which kernel sums.
    pub backend: BackendChoice,
}

/// One sample in the middle of each pixel, correct physics, and what an experiment file has by default.
impl Default for Sampling {
    fn default() -> Self {
        Self {
            oversample: 1,
            d_min: 0.0,
            physics: Physics::default(),
            running_factors: RunningFactors::default(),
            precision: Precision::default(),
            culling: 1e-7,
            backend: BackendChoice::default(),
        }
    }
}
