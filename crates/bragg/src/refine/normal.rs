//! Normal equations: how a loss changes with the parameters near a point, to second order.

use super::matrix::Matrix;
use std::ops::Range;

/// Which parameters belong to which image: first those that all images share, then each image's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Number of shared parameters.
    pub n_shared: usize,
    /// Number of each image's own.
    pub n_own: Vec<usize>,
}

impl Layout {
    /// Parameters that are all shared.
    #[must_use]
    pub fn shared(n: usize) -> Self {
        Self { n_shared: n, n_own: Vec::new() }
    }

    /// Number of all parameters.
    #[must_use]
    pub fn len(&self) -> usize {
        self.n_shared + self.n_own.iter().sum::<usize>()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The places of an image's own parameters.
    #[must_use]
    pub fn own(&self, i_image: usize) -> Range<usize> {
        let start = self.n_shared + self.n_own.iter().take(i_image).sum::<usize>();
        start..start + self.n_own.get(i_image).copied().unwrap_or(0)
    }

    /// The places of all parameters of an image: the shared ones, then its own.
    pub fn of_image(&self, i_image: usize) -> impl Iterator<Item = usize> + Clone {
        (0..self.n_shared).chain(self.own(i_image))
    }
}

/// Sums over pixels of one image.
#[derive(Debug, Clone, PartialEq)]
pub struct Sums {
    /// The loss.
    pub loss: f64,
    /// Pixels that were used.
    pub n_pixels: usize,
    /// Derivative of the loss with respect to each parameter.
    pub gradient: Vec<f64>,
    /// Information on pairs of parameters i ≥ j, at i(i + 1)/2 + j.
    pub information: Vec<f64>,
}

impl Sums {
    /// Of no pixel.
    #[must_use]
    pub fn none(n_parameters: usize) -> Self {
        Self {
            loss: 0.0,
            n_pixels: 0,
            gradient: vec![0.0; n_parameters],
            information: vec![0.0; n_parameters * (n_parameters + 1) / 2],
        }
    }

    /// Adds pixels: slope and information of the loss of each, and the derivatives of its photons, `derivatives[i_parameter][i_pixel]`.
    pub fn add(&mut self, slopes: &[f64], information: &[f64], derivatives: &[impl AsRef<[f64]>]) {
        let mut weighted = vec![0.0; slopes.len()];
        let mut place = 0;
        for (i, derivative) in derivatives.iter().enumerate() {
            self.gradient[i] += dot(slopes, derivative.as_ref());
            for ((out, d), w) in weighted.iter_mut().zip(derivative.as_ref()).zip(information) {
                *out = d * w;
            }
            for other in &derivatives[..=i] {
                self.information[place] += dot(&weighted, other.as_ref());
                place += 1;
            }
        }
    }

    /// Adds the sums over other pixels.
    pub fn merge(&mut self, other: &Self) {
        self.loss += other.loss;
        self.n_pixels += other.n_pixels;
        self.gradient.iter_mut().zip(&other.gradient).for_each(|(a, b)| *a += b);
        self.information.iter_mut().zip(&other.information).for_each(|(a, b)| *a += b);
    }
}

/// Σ a·b, eight sums side by side as the processor takes them.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 8;
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

/// Blocks of the information that belong to one image's own parameters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OwnBlocks {
    /// Own with own.
    pub(super) own: Matrix,
    /// Shared (rows) with own (columns).
    pub(super) cross: Matrix,
}

/// The loss of all images near a point: its value, gradient and information matrix, which has the shape of an arrow, since the own
/// parameters of two images never meet.
#[derive(Debug, Clone, PartialEq)]
pub struct Normal {
    pub(super) layout: Layout,
    /// The loss.
    pub loss: f64,
    /// Pixels that were used.
    pub n_pixels: usize,
    pub(super) gradient: Vec<f64>,
    pub(super) shared: Matrix,
    pub(super) images: Vec<OwnBlocks>,
}

impl Normal {
    /// From the sums of each image over its parameters, in the order of [`Layout::of_image`].
    #[must_use]
    pub fn new(layout: &Layout, images: &[Sums]) -> Self {
        let n = layout.n_shared;
        let mut normal = Self {
            layout: layout.clone(),
            loss: 0.0,
            n_pixels: 0,
            gradient: vec![0.0; layout.len()],
            shared: Matrix::zeros(n, n),
            images: layout
                .n_own
                .iter()
                .map(|&own| OwnBlocks { own: Matrix::zeros(own, own), cross: Matrix::zeros(n, own) })
                .collect(),
        };
        for (i_image, sums) in images.iter().enumerate() {
            normal.loss += sums.loss;
            normal.n_pixels += sums.n_pixels;
            for (place, slope) in layout.of_image(i_image).zip(&sums.gradient) {
                normal.gradient[place] += slope;
            }
            let mut information = sums.information.iter();
            for (i, row) in layout.of_image(i_image).enumerate() {
                for column in layout.of_image(i_image).take(i + 1) {
                    normal.add_information(row, column, information.next().copied().unwrap_or(0.0));
                }
            }
        }
        normal
    }

    /// Adds to the information on a pair of parameters, given once; pairs of own parameters of two images have none.
    pub(super) fn add_information(&mut self, i: usize, j: usize, value: f64) {
        let (row, column) = (i.max(j), i.min(j));
        let n = self.layout.n_shared;
        if row < n {
            self.shared[(row, column)] += value;
            if row != column {
                self.shared[(column, row)] += value;
            }
            return;
        }
        let Some(i_image) = (0..self.images.len()).find(|&image| self.layout.own(image).contains(&row)) else { return };
        let own = self.layout.own(i_image);
        let blocks = &mut self.images[i_image];
        if column < n {
            blocks.cross[(column, row - own.start)] += value;
        } else if own.contains(&column) {
            let (row, column) = (row - own.start, column - own.start);
            blocks.own[(row, column)] += value;
            if row != column {
                blocks.own[(column, row)] += value;
            }
        }
    }

    /// The derivative of the loss with respect to each parameter.
    #[must_use]
    pub fn gradient(&self) -> &[f64] {
        &self.gradient
    }

    /// The information on each parameter were all others known.
    #[must_use]
    pub fn diagonal(&self) -> Vec<f64> {
        let own = self.images.iter().flat_map(|blocks| blocks.own.diagonal());
        self.shared.diagonal().chain(own).collect()
    }

    /// The information matrix times a vector.
    #[must_use]
    pub fn times(&self, x: &[f64]) -> Vec<f64> {
        let n = self.layout.n_shared;
        let mut out = vec![0.0; x.len()];
        out[..n].copy_from_slice(&self.shared.apply(&x[..n]));
        for (i_image, blocks) in self.images.iter().enumerate() {
            let place = self.layout.own(i_image);
            let mut add = |start: usize, part: Vec<f64>| out[start..].iter_mut().zip(part).for_each(|(a, b)| *a += b);
            add(0, blocks.cross.apply(&x[place.clone()]));
            add(place.start, blocks.own.apply(&x[place.clone()]));
            add(place.start, blocks.cross.transposed().apply(&x[..n]));
        }
        out
    }

    /// The fall of the loss to expect of a step.
    #[must_use]
    pub fn predicted_fall(&self, step: &[f64]) -> f64 {
        let curved = self.times(step);
        let terms = step.iter().zip(self.gradient()).zip(&curved);
        -terms.map(|((step, slope), curved)| step * (slope + 0.5 * curved)).sum::<f64>()
    }

    /// Whether every number is one.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        self.loss.is_finite()
            && self.gradient.iter().all(|x| x.is_finite())
            && self.shared.is_finite()
            && self.images.iter().all(|blocks| blocks.own.is_finite() && blocks.cross.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_pixels_one_by_one() {
        let n_pixels = 21;
        let derivative = |i: usize, p: usize| ((i + 1) as f64 * 0.3 + p as f64 * 0.7).sin();
        let slopes: Vec<f64> = (0..n_pixels).map(|p| (p as f64).cos()).collect();
        let weights: Vec<f64> = (0..n_pixels).map(|p| 1.0 + p as f64).collect();
        let rows: Vec<Vec<f64>> = (0..3).map(|i| (0..n_pixels).map(|p| derivative(i, p)).collect()).collect();
        let mut sums = Sums::none(3);
        sums.add(&slopes, &weights, &rows);
        let mut place = 0;
        for i in 0..3 {
            let gradient: f64 = (0..n_pixels).map(|p| slopes[p] * derivative(i, p)).sum();
            assert!((sums.gradient[i] - gradient).abs() < 1e-12);
            for j in 0..=i {
                let expected: f64 = (0..n_pixels).map(|p| weights[p] * derivative(i, p) * derivative(j, p)).sum();
                assert!((sums.information[place] - expected).abs() < 1e-11 * expected.abs().max(1.0));
                place += 1;
            }
        }
    }

    #[test]
    fn own_parameters_of_two_images_do_not_meet() {
        let layout = Layout { n_shared: 1, n_own: vec![2, 1] };
        assert_eq!((layout.len(), layout.own(0), layout.own(1)), (4, 1..3, 3..4));
        let first = Sums {
            loss: 1.0,
            n_pixels: 5,
            gradient: vec![1.0, 2.0, 3.0],
            information: vec![4.0, 0.5, 5.0, 0.25, 0.125, 6.0],
        };
        let second = Sums { loss: 2.0, n_pixels: 7, gradient: vec![10.0, 20.0], information: vec![7.0, 0.75, 8.0] };
        let normal = Normal::new(&layout, &[first, second]);
        assert_eq!((normal.loss, normal.n_pixels), (3.0, 12));
        assert_eq!(normal.gradient(), [11.0, 2.0, 3.0, 20.0]);
        assert_eq!(normal.diagonal(), [11.0, 5.0, 6.0, 8.0]);
        let dense = [
            [11.0, 0.5, 0.25, 0.75], //
            [0.5, 5.0, 0.125, 0.0],
            [0.25, 0.125, 6.0, 0.0],
            [0.75, 0.0, 0.0, 8.0],
        ];
        let x = [1.0, -2.0, 3.0, 0.5];
        let product = |a: &[f64; 4], b: &[f64; 4]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        let expected = dense.each_ref().map(|row| product(row, &x));
        assert_eq!(normal.times(&x), expected);
        let fall = -(11.0 - 4.0 + 9.0 + 10.0) - 0.5 * product(&expected, &x);
        assert!((normal.predicted_fall(&x) - fall).abs() < 1e-12);
    }
}
