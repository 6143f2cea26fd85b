//! Images: one array of pixels per detector panel.

/// The pixels of one detector panel, fast axis first.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelImage<T> {
    n_fast: usize,
    n_slow: usize,
    pixels: Vec<T>,
}

impl<T> PanelImage<T> {
    /// An image of `n_fast` × `n_slow` pixels; `None` when `pixels` has another length.
    pub fn new(n_fast: usize, n_slow: usize, pixels: Vec<T>) -> Option<Self> {
        (n_fast.checked_mul(n_slow)? == pixels.len()).then_some(Self { n_fast, n_slow, pixels })
    }

    /// Number of pixels along the fast axis.
    pub fn n_fast(&self) -> usize {
        self.n_fast
    }

    /// Number of pixels along the slow axis.
    pub fn n_slow(&self) -> usize {
        self.n_slow
    }

    /// All pixels, fast axis first.
    pub fn pixels(&self) -> &[T] {
        &self.pixels
    }

    /// All pixels, fast axis first, to change.
    pub fn pixels_mut(&mut self) -> &mut [T] {
        &mut self.pixels
    }

    /// The same image with every pixel mapped.
    pub fn map<U>(&self, f: impl FnMut(&T) -> U) -> PanelImage<U> {
        PanelImage { n_fast: self.n_fast, n_slow: self.n_slow, pixels: self.pixels.iter().map(f).collect() }
    }
}

/// One array of pixels per panel, in the order of the detector's panels.
#[derive(Debug, Clone, PartialEq)]
pub struct Image<T> {
    /// The panels.
    pub panels: Vec<PanelImage<T>>,
}

impl<T> Image<T> {
    /// The same image with every pixel mapped.
    pub fn map<U>(&self, mut f: impl FnMut(&T) -> U) -> Image<U> {
        Image { panels: self.panels.iter().map(|panel| panel.map(&mut f)).collect() }
    }

    /// All pixels, panel after panel.
    pub fn pixels(&self) -> impl Iterator<Item = &T> {
        self.panels.iter().flat_map(|panel| panel.pixels())
    }
}

/// What a detector, or a simulation without one, recorded.
#[derive(Debug, Clone, PartialEq)]
pub enum Recording {
    /// Expected photons per pixel, without noise.
    Photons(Image<f32>),
    /// Counts per pixel, as a detector writes them.
    Counts(Image<i32>),
}

impl Recording {
    /// The pixels as 32-bit floats (counts above 2²⁴ are rounded).
    pub fn to_f32(&self) -> Image<f32> {
        match self {
            Self::Photons(image) => image.clone(),
            Self::Counts(image) => image.map(|&count| count as f32),
        }
    }

    /// Fast and slow pixel numbers of each panel.
    pub fn panel_sizes(&self) -> Vec<(usize, usize)> {
        fn sizes<T>(image: &Image<T>) -> Vec<(usize, usize)> {
            image.panels.iter().map(|panel| (panel.n_fast, panel.n_slow)).collect()
        }
        match self {
            Self::Photons(image) => sizes(image),
            Self::Counts(image) => sizes(image),
        }
    }
}
