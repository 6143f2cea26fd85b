//! From pixel values to levels of grey.

/// How the levels between the limits are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Logarithmic, and linear below the noise of the background or a thousandth of the range, whichever is more: weak
    /// spots beside strong ones, without the noise that a bare logarithm makes of values near zero.
    #[default]
    Log,
    /// Square root: even steps of Poisson noise.
    SquareRoot,
    /// Linear.
    Linear,
}

impl Scale {
    /// Every scale and its name in settings.
    pub const ALL: [(&'static str, Self); 3] =
        [("log", Self::Log), ("sqrt", Self::SquareRoot), ("linear", Self::Linear)];
}

/// Where the scale begins or ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// The value that this many percent of the pixels do not exceed.
    Percentile(f64),
    /// A value (photons or counts).
    Value(f64),
}

/// The range that a logarithmic scale covers, where noise does not make it shorter.
const LOG_RANGE: f64 = 1000.0;
/// What the log scale treats linearly, in standard deviations of the background.
const NOISE: f64 = 2.0;

/// The limits and the shape of the scale for one image.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Contrast {
    pub(super) low: f64,
    pub(super) high: f64,
    scale: Scale,
    /// Below this above `low`, the log scale is linear.
    linear_below: f64,
    /// The logarithm that `high` has on the log scale.
    log_range: f64,
}

impl Contrast {
    /// The contrast of an image; values that are not finite have no say. A constant image lies at the lower limit.
    pub(super) fn new(values: &[f32], scale: Scale, low: Limit, high: Limit) -> Self {
        let mut finite: Vec<f32> = values.iter().copied().filter(|value| value.is_finite()).collect();
        let mut limit = |limit: Limit| match limit {
            Limit::Percentile(percent) => percentile(&mut finite, percent),
            Limit::Value(value) => value,
        };
        let given = |limit: Limit, otherwise: f64| match limit {
            Limit::Value(value) if !value.is_finite() => Limit::Percentile(otherwise),
            limit => limit,
        };
        let (low, mut high) = (limit(given(low, 0.0)), limit(given(high, 100.0)));
        let noise = (limit(Limit::Percentile(84.1)) - limit(Limit::Percentile(15.9))) / 2.0;
        if high.partial_cmp(&low) != Some(std::cmp::Ordering::Greater) {
            // Nearly all pixels are the same: the few that differ shall show.
            high = limit(Limit::Percentile(100.0));
        }
        let constant = high.partial_cmp(&low) != Some(std::cmp::Ordering::Greater);
        let range = if constant { 1.0 } else { high - low };
        let linear_below = (NOISE * noise).clamp(range / LOG_RANGE, range);
        let high = low + range;
        Self { low, high, scale, linear_below, log_range: ((high - low) / linear_below).ln_1p() }
    }

    /// The level of a value: 0 at and below the lower limit, 255 at and above the upper one.
    pub(super) fn level(&self, value: f32) -> u8 {
        (self.part(value.into()) * 255.0).round() as u8
    }

    /// How far a value is on the way from the lower limit to the upper one: 0 to 1.
    pub(super) fn part(&self, value: f64) -> f64 {
        let range = self.high - self.low;
        let above = (value - self.low).clamp(0.0, range);
        match self.scale {
            Scale::Log => (above / self.linear_below).ln_1p() / self.log_range,
            Scale::SquareRoot => (above / range).sqrt(),
            Scale::Linear => above / range,
        }
    }

    /// Below this above the lower limit the scale is as good as linear.
    pub(super) fn linear_below(&self) -> f64 {
        self.linear_below
    }

    /// The value at a part of the way from the first level to the last.
    pub(super) fn value(&self, part: f64) -> f64 {
        let range = self.high - self.low;
        self.low
            + match self.scale {
                Scale::Log => (part * self.log_range).exp_m1() * self.linear_below,
                Scale::SquareRoot => part * part * range,
                Scale::Linear => part * range,
            }
    }
}

/// The value that `percent` of the values do not exceed; 0 where there are none. The values are reordered.
fn percentile(values: &mut [f32], percent: f64) -> f64 {
    let Some(last) = values.len().checked_sub(1) else { return 0.0 };
    let at = ((percent / 100.0).clamp(0.0, 1.0) * last as f64).round() as usize;
    f64::from(*values.select_nth_unstable_by(at.min(last), f32::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: (Limit, Limit) = (Limit::Percentile(0.0), Limit::Percentile(100.0));

    #[test]
    fn percentiles() {
        let mut values = [5.0, 1.0, 3.0, 2.0, 4.0];
        for (percent, expected) in [(0.0, 1.0), (50.0, 3.0), (75.0, 4.0), (100.0, 5.0), (-3.0, 1.0), (1e9, 5.0)] {
            assert_eq!(percentile(&mut values, percent), expected, "{percent}");
        }
        assert_eq!(percentile(&mut [], 50.0), 0.0);
        assert_eq!(percentile(&mut [7.0], f64::NAN), 7.0);
    }

    #[test]
    fn scales_reach_both_ends_and_rise() {
        let values: Vec<f32> = (0..=1000).map(|i| i as f32 - 500.0).collect();
        for (name, scale) in Scale::ALL {
            let contrast = Contrast::new(&values, scale, FULL.0, FULL.1);
            let levels: Vec<u8> = values.iter().map(|&value| contrast.level(value)).collect();
            assert_eq!((levels[0], levels[1000]), (0, 255), "{name}");
            assert!(levels.is_sorted(), "{name}");
            assert_eq!((contrast.level(f32::NEG_INFINITY), contrast.level(f32::INFINITY)), (0, 255));
        }
        let contrast = Contrast::new(&values, Scale::Linear, FULL.0, FULL.1);
        assert_eq!(contrast.level(0.0), 128);
        let contrast = Contrast::new(&values, Scale::SquareRoot, Limit::Value(0.0), Limit::Value(400.0));
        assert_eq!((contrast.level(100.0), contrast.level(-7.0)), (128, 0));
    }

    #[test]
    fn the_log_scale_spreads_decades() {
        // Two values far apart and no noise: linear below a thousandth, so ln(1 + 1000·x) / ln 1001.
        let mut values = vec![0.0; 1000];
        values[0] = 1e6;
        let contrast = Contrast::new(&values, Scale::Log, FULL.0, FULL.1);
        for (value, part) in [(1e3, 2f64.ln()), (1e4, 11f64.ln()), (1e5, 101f64.ln())] {
            assert_eq!(contrast.level(value), (255.0 * part / 1001f64.ln()).round() as u8);
        }
    }

    #[test]
    fn a_few_spots_on_nothing_show() {
        let mut values = vec![0.0; 1_000_000];
        values[12345] = 3.0;
        let contrast = Contrast::new(&values, Scale::Log, Limit::Percentile(1.0), Limit::Percentile(99.99));
        assert_eq!((contrast.level(0.0), contrast.level(3.0)), (0, 255));
    }

    #[test]
    fn constant_empty_and_odd_images_stay_at_the_lower_limit() {
        for values in [&[][..], &[7.0; 9], &[-3.0; 4], &[f32::NAN; 3], &[f32::INFINITY; 2]] {
            let contrast = Contrast::new(values, Scale::Log, Limit::Percentile(1.0), Limit::Percentile(99.99));
            assert!(contrast.low.is_finite() && contrast.high > contrast.low);
            assert_eq!(contrast.level(contrast.low as f32), 0);
        }
        let contrast = Contrast::new(&[1.0, 2.0], Scale::Log, Limit::Value(f64::NAN), Limit::Value(f64::INFINITY));
        assert_eq!((contrast.low, contrast.high), (1.0, 2.0));
        let contrast = Contrast::new(&[f32::MIN, f32::MAX], Scale::Log, FULL.0, FULL.1);
        assert_eq!((contrast.level(f32::MIN), contrast.level(f32::MAX)), (0, 255));
    }
}
