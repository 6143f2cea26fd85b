//! How badly a model's photons explain those that were recorded, pixel by pixel.

/// Modelled photons below which the Poisson loss goes on as a straight line: at none, a single recorded photon would be impossible, and
/// the loss infinite. A pixel that is that dark catches a photon in one image of a million.
pub const DARKEST: f64 = 1e-6;

/// Anscombe's constant: the square root of a Poisson count plus 3/8 has a variance close to 1/4 from few photons on.
const ANSCOMBE: f64 = 0.375;

/// What is minimised: minus a logarithm of the likelihood, up to a constant, or half a sum of squares. In these units a change of
/// ½ is one standard uncertainty, save for [`Loss::LeastSquares`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loss {
    /// Photons are counted without other noise: half the Poisson deviance, y ln(y/μ) − y + μ.
    Poisson,
    /// Photons are counted and the reading adds noise: normal with variance μ + σ², ½(y − μ)²/(μ + σ²) + ½ ln(μ + σ²).
    Gauss {
        /// Standard deviation σ of a pixel's reading (photons).
        read_noise: f64,
    },
    /// ½(y − μ)²: every pixel has the same weight, whatever its photons.
    LeastSquares,
    /// 2(√(y + ⅜) − √(μ + ⅜))²: nearly the Poisson loss near the minimum, but far from it strong spots do not rule alone.
    SquareRoot,
}

/// The loss of a pixel, its derivative with respect to the modelled photons, and the second derivative to expect of such pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PixelLoss {
    /// The loss.
    pub value: f64,
    /// Its derivative with respect to μ (1/photon).
    pub slope: f64,
    /// Fisher's information of the pixel on μ: the second derivative's mean over the noise (1/photon²). Never negative.
    pub information: f64,
}

impl Loss {
    /// Of a pixel with `observed` photons where the model has `modelled`.
    #[must_use]
    pub fn of(self, observed: f64, modelled: f64) -> PixelLoss {
        match self {
            Self::Poisson => poisson(observed, modelled),
            Self::Gauss { read_noise } => gauss(observed, modelled, read_noise * read_noise),
            Self::LeastSquares => {
                let residual = modelled - observed;
                PixelLoss { value: 0.5 * residual * residual, slope: residual, information: 1.0 }
            }
            Self::SquareRoot => {
                let root = (modelled.max(0.0) + ANSCOMBE).sqrt();
                let residual = root - (observed.max(0.0) + ANSCOMBE).sqrt();
                PixelLoss {
                    value: 2.0 * residual * residual,
                    slope: 2.0 * residual / root,
                    information: 1.0 / (root * root),
                }
            }
        }
    }

    /// Whether a change of ½ is one standard uncertainty; otherwise the scatter of the residuals says what is.
    #[must_use]
    pub fn is_likelihood(self) -> bool {
        self != Self::LeastSquares
    }

    /// Whether a pixel may have less than no photons.
    #[must_use]
    pub fn admits_negative(self) -> bool {
        matches!(self, Self::Gauss { .. } | Self::LeastSquares)
    }
}

fn poisson(observed: f64, modelled: f64) -> PixelLoss {
    let mean = modelled.max(DARKEST);
    let slope = if observed > 0.0 { 1.0 - observed / mean } else { 1.0 };
    PixelLoss { value: half_deviance(observed, mean) + slope * (modelled - mean), slope, information: 1.0 / mean }
}

fn gauss(observed: f64, modelled: f64, read_variance: f64) -> PixelLoss {
    let lit = modelled > 0.0;
    let variance = (modelled.max(0.0) + read_variance).max(DARKEST);
    let residual = modelled - observed;
    let chi = residual * residual / variance;
    // the variance grows with the model where it is lit
    let (slope, information) =
        if lit { ((1.0 - chi) / (2.0 * variance), 0.5 / (variance * variance)) } else { (0.0, 0.0) };
    PixelLoss {
        value: 0.5 * (chi + variance.ln()),
        slope: residual / variance + slope,
        information: 1.0 / variance + information,
    }
}

/// y ln(y/μ) + μ − y for y ≥ 0 and μ > 0, to full precision where y is close to μ, where the plain formula is a small difference of large
/// numbers: C. Loader, "Fast and accurate computation of binomial probabilities" (2000), the function bd0.
#[must_use]
pub fn half_deviance(observed: f64, mean: f64) -> f64 {
    if observed <= 0.0 {
        return mean;
    }
    let difference = observed - mean;
    if difference.abs() >= 0.1 * (observed + mean) {
        return observed * (observed / mean).ln() - difference;
    }
    // y ln(y/μ) = 2y artanh(v), v = (y − μ)/(y + μ)
    let v = difference / (observed + mean);
    let mut sum = difference * v;
    let mut power = 2.0 * observed * v;
    for j in 1..1000 {
        power *= v * v;
        let next = sum + power / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// The logarithm of the probability of `observed` photons (not negative; a whole number where photons were counted) where the mean is
/// `mean`: Loader's saddle-point form, exact to rounding for large counts and for none.
#[must_use]
pub fn poisson_log_probability(observed: f64, mean: f64) -> f64 {
    let mean = mean.max(DARKEST);
    if observed <= 0.0 {
        return -mean;
    }
    -half_deviance(observed, mean) - stirling_error(observed) - 0.5 * (std::f64::consts::TAU * observed).ln()
}

/// ln n! − ln(√(2πn) (n/e)ⁿ), n > 0: the series in 1/n (NIST DLMF 5.11.1) from 16 on, below it by steps of one.
fn stirling_error(n: f64) -> f64 {
    if n >= 16.0 {
        let square = n * n;
        return (1.0 / 12.0
            - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square)
            / n;
    }
    // δ(n) − δ(n + 1) = (n + ½) ln(1 + 1/n) − 1
    stirling_error(n + 1.0) + (n + 0.5) * (1.0 / n).ln_1p() - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOSSES: [Loss; 4] = [Loss::Poisson, Loss::Gauss { read_noise: 3.0 }, Loss::LeastSquares, Loss::SquareRoot];

    #[test]
    fn slopes_are_differences() {
        for loss in LOSSES {
            for (observed, modelled) in [(0.0, 0.5), (3.0, 2.5), (3.0, 40.0), (1e5, 1.0003e5), (1e5, 20.0)] {
                let step = 1e-4 * modelled;
                let difference = (loss.of(observed, modelled + step).value - loss.of(observed, modelled - step).value)
                    / (2.0 * step);
                let slope = loss.of(observed, modelled).slope;
                let scale = slope.abs().max(1e-3);
                assert!(
                    (difference - slope).abs() < 1e-5 * scale,
                    "{loss:?} {observed} {modelled}: {difference} {slope}"
                );
            }
        }
    }

    /// Fisher: the mean slope is 0 at the truth, and the mean of its square is the information. Summed over the Poisson distribution.
    #[test]
    fn information_is_the_variance_of_the_slope() {
        for mean in [0.05, 1.0, 30.0] {
            let (mut total, mut slope, mut square) = (0.0, 0.0, 0.0);
            for count in 0..200 {
                let probability = poisson_log_probability(f64::from(count), mean).exp();
                let pixel = Loss::Poisson.of(f64::from(count), mean);
                total += probability;
                slope += probability * pixel.slope;
                square += probability * pixel.slope * pixel.slope;
            }
            assert!((total - 1.0).abs() < 1e-12, "probabilities add to 1: {total}");
            assert!(slope.abs() < 1e-11, "{slope}");
            let information = Loss::Poisson.of(0.0, mean).information;
            assert!((square / information - 1.0).abs() < 1e-10, "{square} {information}");
        }
    }

    #[test]
    fn gaussian_information_is_that_of_a_variance_which_is_the_mean() {
        // by the trapezoid over the normal density
        let (mean, sigma) = (20.0, 2.0_f64);
        let loss = Loss::Gauss { read_noise: sigma };
        let variance = mean + sigma * sigma;
        let (mut total, mut slope, mut square) = (0.0, 0.0, 0.0);
        for i in -4000..=4000 {
            let y = mean + f64::from(i) * 0.002 * variance.sqrt();
            let density = (-0.5 * (y - mean).powi(2) / variance).exp();
            let pixel = loss.of(y, mean);
            total += density;
            slope += density * pixel.slope;
            square += density * pixel.slope * pixel.slope;
        }
        assert!((slope / total).abs() < 1e-9);
        assert!((square / total / loss.of(0.0, mean).information - 1.0).abs() < 1e-6);
    }

    #[test]
    fn log_probabilities_are_those_of_small_factorials() {
        let mut factorial = 1.0_f64;
        for n in 0..=20 {
            let count = f64::from(n);
            factorial *= count.max(1.0);
            let mean = 2.7_f64;
            let expected = count * mean.ln() - mean - factorial.ln();
            assert!((poisson_log_probability(count, mean) - expected).abs() < 1e-13 * expected.abs().max(1.0), "{n}");
        }
    }

    #[test]
    fn deviance_keeps_its_digits_at_large_counts() {
        // y ln(y/μ) − (y − μ) = d²/2μ − d³/6μ² + … with d = y − μ; the plain formula has no digit left here
        let (mean, d) = (1e14, 1e3_f64);
        let expected = d * d / (2.0 * mean) - d.powi(3) / (6.0 * mean * mean);
        assert!((half_deviance(mean + d, mean) / expected - 1.0).abs() < 1e-10);
        assert_eq!(half_deviance(7.0, 7.0), 0.0);
        assert_eq!(half_deviance(0.0, 0.3), 0.3);
    }

    #[test]
    fn dark_models_have_finite_losses_that_fall_towards_the_light() {
        for modelled in [0.0, -5.0, 1e-300] {
            let pixel = Loss::Poisson.of(3.0, modelled);
            assert!(pixel.value.is_finite() && pixel.slope < 0.0 && pixel.information.is_finite(), "{pixel:?}");
            let dark = Loss::Poisson.of(0.0, modelled);
            assert!((dark.value - modelled).abs() < 1e-15 && dark.slope == 1.0, "{dark:?}");
        }
        for loss in LOSSES {
            for observed in [-2.0, 0.0, 4.0] {
                let pixel = loss.of(observed, -1.0);
                assert!(pixel.value.is_finite() && pixel.slope.is_finite() && pixel.information >= 0.0);
            }
        }
    }
}
