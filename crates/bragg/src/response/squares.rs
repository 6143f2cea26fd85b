//! A coarser image: pixels summed in squares, and the squares blurred. It is linear, so it has a transpose.

/// Widest kernel, in its standard deviations.
const REACH: f64 = 3.0;

/// Sums over squares of pixels, blurred by a Gaussian, for each panel. Beyond the edges of a panel there is nothing.
#[derive(Debug, Clone)]
pub struct Squares {
    panels: Vec<Panel>,
    /// Pixels along an edge of a square.
    edge: usize,
    /// Weights of the squares of a line about one of them.
    kernel: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Panel {
    n_fast_pixels: usize,
    n_slow_pixels: usize,
    n_fast: usize,
    n_slow: usize,
}

impl Squares {
    /// Squares for panels of pixels along fast and slow, as large as the standard deviation `blur` (pixels) of the blur, at least one pixel;
    /// the blur goes through the squares.
    pub fn new(panels: impl Iterator<Item = [usize; 2]>, blur: f64) -> Self {
        let edge = (blur.round() as usize).max(1);
        let sigma = blur / edge as f64;
        let reach = (REACH * sigma).ceil() as i32;
        let weight = |i: i32| if sigma > 0.0 { (-0.5 * (f64::from(i) / sigma).powi(2)).exp() } else { 1.0 };
        let total: f64 = (-reach..=reach).map(weight).sum();
        let panels = panels.map(|[n_fast_pixels, n_slow_pixels]| Panel {
            n_fast_pixels,
            n_slow_pixels,
            n_fast: n_fast_pixels.div_ceil(edge),
            n_slow: n_slow_pixels.div_ceil(edge),
        });
        Self { panels: panels.collect(), edge, kernel: (-reach..=reach).map(|i| weight(i) / total).collect() }
    }

    /// Squares without light, of each panel one after another.
    pub fn dark(&self) -> Vec<Vec<f64>> {
        self.panels.iter().map(|panel| vec![0.0; panel.n_fast * panel.n_slow]).collect()
    }

    /// The square that a pixel of a panel lies in; `place` counts pixels with the fast axis first.
    pub fn square(&self, i_panel: usize, place: usize) -> usize {
        let Panel { n_fast_pixels, n_fast, .. } = self.panels[i_panel];
        place / n_fast_pixels / self.edge * n_fast + place % n_fast_pixels / self.edge
    }

    /// Fast and slow (pixels from the corner of the first) of the middle of a square.
    pub fn middle(&self, i_panel: usize, square: usize) -> [f64; 2] {
        let n_fast = self.panels[i_panel].n_fast;
        [square % n_fast, square / n_fast].map(|i| (i as f64 + 0.5) * self.edge as f64)
    }

    /// The coarse image of what pixels have, by panel and place.
    pub fn apply(&self, pixel: impl Fn(usize, usize) -> f64) -> Vec<Vec<f64>> {
        let mut sums = self.dark();
        for (i_panel, panel) in self.panels.iter().enumerate() {
            for place in 0..panel.n_fast_pixels * panel.n_slow_pixels {
                sums[i_panel][self.square(i_panel, place)] += pixel(i_panel, place);
            }
        }
        self.blur(&mut sums);
        sums
    }

    /// The transpose: what each pixel counts for where the squares of a coarse image count for `squares`.
    pub fn transpose(&self, mut squares: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
        // a kernel that is cut off at the edges, not scaled there, is its own transpose
        self.blur(&mut squares);
        let panels = self.panels.iter().enumerate();
        panels
            .map(|(i_panel, panel)| {
                let places = 0..panel.n_fast_pixels * panel.n_slow_pixels;
                places.map(|place| squares[i_panel][self.square(i_panel, place)]).collect()
            })
            .collect()
    }

    /// Blurs squares along fast, then along slow.
    pub fn blur(&self, panels: &mut [Vec<f64>]) {
        for (squares, panel) in panels.iter_mut().zip(&self.panels) {
            let reach = self.kernel.len() / 2;
            for (stride, n, lines, step) in
                [(1, panel.n_fast, panel.n_slow, panel.n_fast), (panel.n_fast, panel.n_slow, panel.n_fast, 1)]
            {
                for line in 0..lines {
                    let values: Vec<f64> = (0..n).map(|i| squares[line * step + i * stride]).collect();
                    for i in 0..n {
                        let (from, to) = (i.saturating_sub(reach), (i + reach + 1).min(n));
                        let weights = &self.kernel[from + reach - i..];
                        squares[line * step + i * stride] =
                            values[from..to].iter().zip(weights).map(|(value, weight)| value * weight).sum();
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PANELS: [[usize; 2]; 2] = [[13, 9], [7, 20]];

    #[test]
    fn light_is_kept_but_for_what_crosses_the_edges() {
        let squares = Squares::new(PANELS.into_iter(), 1.3);
        let middle = 4 * 13 + 6;
        let coarse = squares.apply(|i_panel, place| if (i_panel, place) == (0, middle) { 1.0 } else { 0.0 });
        let sum: f64 = coarse.iter().flatten().sum();
        assert!((sum - 1.0).abs() < 0.01, "{sum}");
        assert!(coarse[1].iter().all(|&x| x == 0.0));
        // no blur, no squares: the image itself
        let same = Squares::new(PANELS.into_iter(), 0.0).apply(|i_panel, place| (1000 * i_panel + place) as f64);
        assert!(same[1].iter().enumerate().all(|(place, &x)| x == (1000 + place) as f64));
    }

    /// ⟨A·x, y⟩ = ⟨x, Aᵀ·y⟩ for numbers without a pattern.
    #[test]
    fn the_transpose_is_one() {
        let number = |i: usize, seed: usize| ((i * 7919 + seed * 104_729) % 1009) as f64 / 1009.0 - 0.4;
        for blur in [0.0, 0.7, 1.0, 2.4, 5.0] {
            let squares = Squares::new(PANELS.into_iter(), blur);
            let pixel = |i_panel: usize, place: usize| number(place, i_panel);
            let dark = squares.dark();
            let y: Vec<Vec<f64>> = dark
                .iter()
                .enumerate()
                .map(|(i, panel)| (0..panel.len()).map(|s| number(s, i + 5)).collect())
                .collect();
            let product = |a: &[Vec<f64>], b: &[Vec<f64>]| -> f64 {
                a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| a * b).sum()
            };
            let forwards = product(&squares.apply(pixel), &y);
            let x: Vec<Vec<f64>> = PANELS
                .iter()
                .enumerate()
                .map(|(i, [fast, slow])| (0..fast * slow).map(|place| pixel(i, place)).collect())
                .collect();
            let backwards = product(&x, &squares.transpose(y));
            assert!((forwards - backwards).abs() < 1e-12 * forwards.abs().max(1.0), "{blur}: {forwards} {backwards}");
        }
    }
}
