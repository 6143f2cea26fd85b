//! Steps, uncertainties and degeneracies from normal equations. The own parameters of each image are eliminated first (Schur's
//! complement), so that the work grows linearly with the number of images.

use super::matrix::Matrix;
use super::normal::{Layout, Normal};

/// Eigenvalues of the information matrix, scaled to a diagonal of ones, below which a combination of parameters is taken to have no
/// effect: sums over a million pixels in double precision are not more exact.
const SINGULAR: f64 = 1e-11;
/// Parameters with less than this part in a combination without effect are not named.
const PART: f64 = 0.05;

/// The step δ with (H + λ D) δ = −g, where some parameters are given their steps. `None` where that cannot be solved.
pub(super) fn step(normal: &Normal, damping: f64, weights: &[f64], given: &[Option<f64>]) -> Option<Vec<f64>> {
    let fixed: Vec<f64> = given.iter().map(|step| step.unwrap_or(0.0)).collect();
    let pulled = normal.times(&fixed);
    let scale = scales(weights, given);
    let right: Vec<f64> = (0..fixed.len()).map(|i| -(normal.gradient()[i] + pulled[i]) * scale[i]).collect();
    let scaled = Scaled::new(normal, &scale, damping);
    let eliminated = scaled.eliminate(Matrix::inverse)?;
    let n = normal.layout.n_shared;
    let own = |i: usize| normal.layout.own(i);
    let mut top = right[..n].to_vec();
    for (i, (cross, inverse)) in scaled.cross.iter().zip(&eliminated.inverses).enumerate() {
        top = minus(&top, &cross.apply(&inverse.apply(&right[own(i)])));
    }
    let shared = eliminated.shared.inverse()?.apply(&top);
    let mut out = shared.clone();
    for (i, (cross, inverse)) in scaled.cross.iter().zip(&eliminated.inverses).enumerate() {
        out.extend(inverse.apply(&minus(&right[own(i)], &cross.transposed().apply(&shared))));
    }
    for i in 0..out.len() {
        out[i] = given[i].unwrap_or(out[i] * scale[i]);
    }
    out.iter().all(|x| x.is_finite()).then_some(out)
}

fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// What multiplies each parameter so that its information is 1; 0 takes a parameter out.
fn scales(diagonal: &[f64], given: &[Option<f64>]) -> Vec<f64> {
    let one = |(&d, given): (&f64, &Option<f64>)| if given.is_none() && d > 0.0 { d.sqrt().recip() } else { 0.0 };
    diagonal.iter().zip(given).map(one).collect()
}

/// The information matrix in scaled parameters; parameters that are out have a diagonal of one and nothing beside it.
struct Scaled {
    shared: Matrix,
    own: Vec<Matrix>,
    cross: Vec<Matrix>,
}

struct Eliminated {
    /// Schur's complement of the own parameters.
    shared: Matrix,
    /// The inverse of each image's own block.
    inverses: Vec<Matrix>,
}

impl Scaled {
    fn new(normal: &Normal, scale: &[f64], damping: f64) -> Self {
        let block = |matrix: &Matrix, rows: usize, columns: usize| {
            Matrix::from_fn(matrix.n_rows(), matrix.n_columns(), |i, j| {
                matrix[(i, j)] * scale[rows + i] * scale[columns + j]
            })
        };
        let square = |matrix: &Matrix, start: usize| {
            let mut out = block(matrix, start, start);
            for i in 0..out.n_rows() {
                out[(i, i)] = if scale[start + i] > 0.0 { out[(i, i)] + damping } else { 1.0 };
            }
            out
        };
        let starts = (0..normal.images.len()).map(|i| normal.layout.own(i).start);
        let images: Vec<_> = normal.images.iter().zip(starts).collect();
        Self {
            shared: square(&normal.shared, 0),
            own: images.iter().map(|(blocks, start)| square(&blocks.own, *start)).collect(),
            cross: images.iter().map(|(blocks, start)| block(&blocks.cross, 0, *start)).collect(),
        }
    }

    fn eliminate(&self, mut invert: impl FnMut(&Matrix) -> Option<Matrix>) -> Option<Eliminated> {
        let inverses: Vec<_> = self.own.iter().map(&mut invert).collect::<Option<_>>()?;
        let mut shared = self.shared.clone();
        for (cross, inverse) in self.cross.iter().zip(&inverses) {
            shared = shared.plus(-1.0, &cross.times(inverse).times(&cross.transposed()));
        }
        Some(Eliminated { shared, inverses })
    }
}

/// What the information matrix says about how well the parameters are known.
#[derive(Debug, Clone, PartialEq)]
pub struct Uncertainty {
    /// Estimated standard deviation of each parameter; infinite where the data do not say it, 0 where it was held.
    pub esd: Vec<f64>,
    /// Pairs of parameters with a correlation above the one asked for, strongest first.
    pub correlated: Vec<(usize, usize, f64)>,
    /// Correlation coefficients of all parameters, row by row, not a number where one was held or the data do not say it; empty
    /// where there are more than 1000 parameters.
    pub correlation: Vec<Vec<f64>>,
    /// Sets of parameters that can change together (or one alone) without any effect.
    pub degenerate: Vec<Vec<usize>>,
}

/// All correlations of no more parameters are kept.
const MOST_CORRELATED: usize = 1000;

// tidy: long because each block of the arrow follows from those before
/// The uncertainties; `variance` is that of a residual of unit weight (1 for likelihoods).
pub(super) fn uncertainty(normal: &Normal, held: &[bool], variance: f64, correlation: f64) -> Uncertainty {
    let given: Vec<_> = held.iter().map(|&held| held.then_some(0.0)).collect();
    let scale = scales(&normal.diagonal(), &given);
    let scaled = Scaled::new(normal, &scale, 0.0);
    let mut degenerate: Vec<Vec<usize>> =
        (0..scale.len()).filter(|&i| scale[i] == 0.0 && !held[i]).map(|i| vec![i]).collect();
    let mut i_image = 0;
    let eliminated = scaled.eliminate(|own| {
        let start = normal.layout.own(i_image).start;
        i_image += 1;
        let (inverse, nulls) = pseudo_inverse(own);
        degenerate.extend(nulls.iter().map(|null| named((start..).zip(null.iter().copied()))));
        Some(inverse)
    });
    // inverting by eigenvalues always succeeds
    let Some(eliminated) = eliminated else {
        return Uncertainty { esd: Vec::new(), correlated: Vec::new(), correlation: Vec::new(), degenerate };
    };
    let (shared, nulls) = pseudo_inverse(&eliminated.shared);
    let links: Vec<_> = scaled
        .cross
        .iter()
        .zip(&eliminated.inverses)
        .map(|(cross, inverse)| inverse.times(&cross.transposed()))
        .collect();
    for null in &nulls {
        let own = links.iter().enumerate().flat_map(|(i, link)| {
            let follows = link.apply(null).into_iter().map(|x| -x);
            (normal.layout.own(i).start..).zip(follows).collect::<Vec<_>>()
        });
        degenerate.push(named(null.iter().copied().enumerate().chain(own)));
    }
    let mut esd = vec![0.0; scale.len()];
    let mut correlated = Vec::new();
    let mut note = |places: &[usize], covariance: &Matrix| {
        for (a, &i) in places.iter().enumerate() {
            esd[i] = (covariance[(a, a)].max(0.0) * variance).sqrt() * scale[i];
            for (b, &j) in places[..a].iter().enumerate() {
                let r = covariance[(a, b)] / (covariance[(a, a)] * covariance[(b, b)]).sqrt();
                if r.abs() > correlation && scale[i] > 0.0 && scale[j] > 0.0 && !correlated.contains(&(j, i, r)) {
                    correlated.push((j, i, r));
                }
            }
        }
    };
    let n = normal.layout.n_shared;
    note(&(0..n).collect::<Vec<_>>(), &shared);
    for (i, (link, inverse)) in links.iter().zip(&eliminated.inverses).enumerate() {
        let cross = link.times(&shared);
        let own = inverse.clone().plus(1.0, &cross.times(&link.transposed()));
        let size = n + own.n_rows();
        let all = Matrix::from_fn(size, size, |a, b| match (a < n, b < n) {
            (true, true) => shared[(a, b)],
            (true, false) => -cross[(b - n, a)],
            (false, true) => -cross[(a - n, b)],
            (false, false) => own[(a - n, b - n)],
        });
        note(&normal.layout.of_image(i).collect::<Vec<_>>(), &all);
    }
    degenerate.iter().flatten().for_each(|&i| esd[i] = f64::INFINITY);
    correlated.retain(|&(i, j, _)| esd[i].is_finite() && esd[j].is_finite());
    correlated.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()).then((a.0, a.1).cmp(&(b.0, b.1))));
    let correlation = if esd.len() <= MOST_CORRELATED {
        correlations(&normal.layout, &shared, &links, &eliminated.inverses, &esd)
    } else {
        Vec::new()
    };
    Uncertainty { esd, correlated, correlation, degenerate }
}

/// The correlations of all parameters: own ones follow the shared ones by −link, and have a part that is theirs alone.
fn correlations(layout: &Layout, shared: &Matrix, links: &[Matrix], inverses: &[Matrix], esd: &[f64]) -> Vec<Vec<f64>> {
    let n = shared.n_rows();
    let mut follows = Matrix::from_fn(esd.len(), n, |i, j| if i == j { 1.0 } else { 0.0 });
    let mut alone = Matrix::zeros(esd.len(), esd.len());
    for (i_image, (link, inverse)) in links.iter().zip(inverses).enumerate() {
        for (a, i) in layout.own(i_image).enumerate() {
            (0..n).for_each(|j| follows[(i, j)] = -link[(a, j)]);
            layout.own(i_image).enumerate().for_each(|(b, j)| alone[(i, j)] = inverse[(a, b)]);
        }
    }
    let covariance = alone.plus(1.0, &follows.times(shared).times(&follows.transposed()));
    let is_known = |i: usize| esd[i].is_finite() && esd[i] > 0.0;
    let coefficient = |i: usize, j: usize| match (is_known(i) && is_known(j), i == j) {
        (false, _) => f64::NAN,
        (true, true) => 1.0,
        (true, false) => covariance[(i, j)] / (covariance[(i, i)] * covariance[(j, j)]).sqrt(),
    };
    (0..esd.len()).map(|i| (0..esd.len()).map(|j| coefficient(i, j)).collect()).collect()
}

/// The inverse on what can be inverted, and the directions that cannot.
fn pseudo_inverse(matrix: &Matrix) -> (Matrix, Vec<Vec<f64>>) {
    let n = matrix.n_rows();
    let mut inverse = Matrix::zeros(n, n);
    let mut nulls = Vec::new();
    if !matrix.is_finite() {
        return (inverse, (0..n).map(|i| (0..n).map(|k| f64::from(u8::from(k == i))).collect()).collect());
    }
    let (values, vectors) = matrix.eigen();
    for (j, value) in values.into_iter().enumerate() {
        if value > SINGULAR {
            inverse = inverse.plus(1.0 / value, &Matrix::from_fn(n, n, |a, b| vectors[(a, j)] * vectors[(b, j)]));
        } else {
            nulls.push((0..n).map(|i| vectors[(i, j)]).collect());
        }
    }
    (inverse, nulls)
}

/// The parameters that take part in a combination.
fn named(parts: impl Iterator<Item = (usize, f64)> + Clone) -> Vec<usize> {
    let largest = parts.clone().map(|(_, x)| x.abs()).fold(0.0, f64::max);
    parts.filter(|(_, x)| x.abs() >= PART * largest).map(|(i, _)| i).collect()
}

#[cfg(test)]
mod tests {
    use super::super::normal::Sums;
    use super::*;

    /// Three images with one parameter in common and two of their own, from pixels with known derivatives.
    fn example() -> (Normal, Matrix) {
        let layout = Layout { n_shared: 2, n_own: vec![2, 2, 1] };
        let mut dense = Matrix::zeros(layout.len(), layout.len());
        let mut images = Vec::new();
        for i_image in 0..3 {
            let places: Vec<usize> = layout.of_image(i_image).collect();
            let derivative = |i: usize, p: usize| ((i * 7 + i_image * 3 + 1) as f64 * (p as f64 + 0.37)).sin();
            let rows: Vec<Vec<f64>> = (0..places.len()).map(|i| (0..40).map(|p| derivative(i, p)).collect()).collect();
            let mut sums = Sums::none(places.len());
            let slopes: Vec<f64> = (0..40).map(|p| (p as f64 * 1.7).cos()).collect();
            sums.add(&slopes, &[0.5; 40], &rows);
            for (a, &i) in places.iter().enumerate() {
                for (b, &j) in places.iter().enumerate() {
                    dense[(i, j)] += (0..40).map(|p| 0.5 * rows[a][p] * rows[b][p]).sum::<f64>();
                }
            }
            images.push(sums);
        }
        (Normal::new(&layout, &images), dense)
    }

    fn close(a: &[f64], b: &[f64]) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-10 * b.abs().max(1e-3))
    }

    #[test]
    fn steps_are_those_of_the_whole_matrix() {
        let (normal, dense) = example();
        let diagonal = normal.diagonal();
        for damping in [0.0, 0.3] {
            let mut damped = dense.clone();
            (0..damped.n_rows()).for_each(|i| damped[(i, i)] += damping * diagonal[i]);
            let expected: Vec<f64> = damped.inverse().unwrap().apply(normal.gradient()).iter().map(|x| -x).collect();
            let found = step(&normal, damping, &diagonal, &vec![None; diagonal.len()]).unwrap();
            assert!(close(&found, &expected), "{found:?} {expected:?}");
        }
    }

    #[test]
    fn given_steps_are_taken_and_the_others_follow() {
        let (normal, dense) = example();
        let mut given = vec![None; normal.gradient().len()];
        given[1] = Some(0.25);
        given[3] = Some(-0.5);
        let found = step(&normal, 0.0, &normal.diagonal(), &given).unwrap();
        assert_eq!((found[1], found[3]), (0.25, -0.5));
        // where the others stand, the quadratic has no slope left along them
        let slopes: Vec<f64> = dense.apply(&found).iter().zip(normal.gradient()).map(|(a, b)| a + b).collect();
        for i in [0, 2, 4, 5, 6] {
            assert!(slopes[i].abs() < 1e-10, "{slopes:?}");
        }
    }

    #[test]
    fn uncertainties_are_those_of_the_inverse() {
        let (normal, dense) = example();
        let inverse = dense.inverse().unwrap();
        let found = uncertainty(&normal, &[false; 7], 4.0, 0.0);
        for i in 0..7 {
            assert!((found.esd[i] / (2.0 * inverse[(i, i)].sqrt()) - 1.0).abs() < 1e-9);
        }
        assert!(found.degenerate.is_empty());
        // those of parameters that never share an image, too
        for (i, row) in found.correlation.iter().enumerate() {
            for (j, r) in row.iter().enumerate() {
                let expected = inverse[(i, j)] / (inverse[(i, i)] * inverse[(j, j)]).sqrt();
                assert!((r - expected).abs() < 1e-9, "{i} {j} {r} {expected}");
            }
        }
        assert_eq!(found.correlation.len(), 7);
        for (i, j, r) in found.correlated {
            let expected = inverse[(i, j)] / (inverse[(i, i)] * inverse[(j, j)]).sqrt();
            assert!((r - expected).abs() < 1e-9, "{i} {j} {r} {expected}");
        }
    }

    #[test]
    fn parameters_that_cannot_be_told_apart_are_named() {
        // the third is the sum of the first two; the fourth has no effect; the fifth is fine
        let derivative = |i: usize, p: usize| ((i + 1) as f64 * (p as f64 + 0.5)).sin();
        let rows: Vec<Vec<f64>> = (0..5)
            .map(|i| {
                let at = |p| match i {
                    2 => 1e4 * (derivative(0, p) + derivative(1, p)),
                    3 => 0.0,
                    i => derivative(i, p),
                };
                (0..50).map(at).collect()
            })
            .collect();
        let mut sums = Sums::none(5);
        sums.add(&[0.1; 50], &[1.0; 50], &rows);
        let normal = Normal::new(&Layout::shared(5), &[sums]);
        let found = uncertainty(&normal, &[false; 5], 1.0, 0.9);
        assert_eq!(found.degenerate, [vec![3], vec![0, 1, 2]]);
        assert!(found.correlation[4][4] == 1.0 && found.correlation[4][0].is_nan() && found.correlation[3][3].is_nan());
        assert!((0..4).all(|i| found.esd[i].is_infinite()) && found.esd[4].is_finite() && found.esd[4] > 0.0);
        // holding one of them cures it
        let found = uncertainty(&normal, &[false, false, true, true, false], 1.0, 0.9);
        assert!(found.degenerate.is_empty() && found.esd.iter().all(|x| x.is_finite()));
    }

    #[test]
    fn own_parameters_that_follow_a_shared_one_are_named() {
        let layout = Layout { n_shared: 1, n_own: vec![1] };
        let row: Vec<f64> = (0..30).map(|p| (p as f64).sin()).collect();
        let mut sums = Sums::none(2);
        sums.add(&[0.0; 30], &[1.0; 30], &[row.clone(), row]);
        let found = uncertainty(&Normal::new(&layout, &[sums]), &[false; 2], 1.0, 0.9);
        assert_eq!(found.degenerate, [vec![0, 1]]);
    }
}
