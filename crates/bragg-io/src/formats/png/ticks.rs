//! Where an axis is marked, and how the marks are labelled.

/// A mark of an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: String,
}

/// Marks at even distances of 1, 2 or 5 times a power of ten from `low` to `high`: five where that can be, and not many more or less.
pub(super) fn even(low: f64, high: f64) -> Vec<Tick> {
    let range = high - low;
    if !(range.is_finite() && range > 0.0) {
        return Vec::new();
    }
    let power = 10_f64.powf((range / 5.0).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| range / step <= 6.0);
    let Some(step) = step.filter(|step| step.is_normal()) else { return Vec::new() };
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let n = (last - first).clamp(0.0, 20.0) as usize;
    let values: Vec<f64> = (0..=n).map(|i| (first + i as f64) * step).collect();
    let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    // so many decimals as tell neighbours apart
    let decimals = |step: f64| (-step.log10().floor()).max(0.0) as usize;
    let label = |value: f64| match value + 0.0 {
        0.0 => "0".to_owned(),
        value if (1e-3..1e5).contains(&largest) => minus(format!("{value:.*}", decimals(step))),
        value => {
            let exponent = largest.log10().floor();
            let scale = 10_f64.powf(exponent);
            minus(format!("{:.*}×10{}", decimals(step / scale), value / scale, superscript(exponent as i32)))
        }
    };
    values.into_iter().map(|value| Tick { value, label: label(value) }).collect()
}

/// Marks at the powers of ten from `low` to `high`, both above 0, the highest first.
pub(super) fn decades(low: f64, high: f64) -> Vec<Tick> {
    if !(low > 0.0 && high.is_finite()) {
        return Vec::new();
    }
    let (first, last) = ((low.log10() - 1e-9).ceil() as i32, (high.log10() + 1e-9).floor() as i32);
    let exponents = || (first..=last).rev();
    let is_plain = exponents().all(|exponent| (-3..=4).contains(&exponent));
    let label = |exponent: i32| match exponent {
        _ if is_plain && exponent < 0 => format!("{:.*}", exponent.unsigned_abs() as usize, 10_f64.powi(exponent)),
        _ if is_plain => format!("{}", 10_f64.powi(exponent)),
        _ => format!("10{}", superscript(exponent)),
    };
    exponents().map(|exponent| Tick { value: 10_f64.powi(exponent), label: label(exponent) }).collect()
}

/// A number in a few characters.
pub(super) fn short(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 {
        return "0".to_owned();
    }
    if !magnitude.is_finite() {
        return minus(value.to_string());
    }
    let exponent = magnitude.log10().floor() as i32;
    if (-3..5).contains(&exponent) {
        let text = format!("{value:.*}", (2 - exponent).max(0) as usize);
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        return minus(text.to_owned());
    }
    minus(format!("{:.2}×10{}", value / 10_f64.powi(exponent), superscript(exponent)))
}

/// A whole number above the line.
fn superscript(exponent: i32) -> String {
    let high = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_digit(u32::from(digit) - u32::from('0'), 10)
            .and_then(|_| char::from_u32('⁰' as u32 + (u32::from(digit) - u32::from('0'))))
            .unwrap_or(digit),
    };
    exponent.to_string().chars().map(high).collect()
}

/// The text with a minus sign instead of a hyphen in front.
fn minus(text: String) -> String {
    text.strip_prefix('-').map_or(text.clone(), |rest| format!("−{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn even_marks_are_round() {
        assert_eq!(labels(&even(0.0, 1.0)), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&even(-1.3, 1.2)), ["−1.0", "−0.5", "0", "0.5", "1.0"]);
        assert_eq!(labels(&even(97.0, 157.0)), ["100", "110", "120", "130", "140", "150"]);
        assert_eq!(labels(&even(0.0, 2.2e6)), ["0", "0.5×10⁶", "1.0×10⁶", "1.5×10⁶", "2.0×10⁶"]);
        assert_eq!(labels(&even(0.0, 4e-7)), ["0", "1×10⁻⁷", "2×10⁻⁷", "3×10⁻⁷", "4×10⁻⁷"]);
        assert_eq!(even(1e5, 3e5)[0].value, 1e5);
        for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY), (-f64::MAX, f64::MAX)] {
            assert_eq!(even(low, high), [], "{low} {high}");
        }
        for exponent in -300..300 {
            let n = even(0.0, 3.7 * 10_f64.powi(exponent)).len();
            assert!((3..=7).contains(&n), "{exponent}: {n}");
        }
    }

    #[test]
    fn decades_are_powers_of_ten() {
        assert_eq!(labels(&decades(0.02, 2000.0)), ["1000", "100", "10", "1", "0.1"]);
        assert_eq!(labels(&decades(1.0, 1e6)), ["10⁶", "10⁵", "10⁴", "10³", "10²", "10¹", "10⁰"]);
        assert_eq!(labels(&decades(2e-5, 1e-3)), ["10⁻³", "10⁻⁴"]);
        assert_eq!(labels(&decades(2.0, 9.0)), [""; 0]);
        assert_eq!((decades(0.0, 1.0), decades(f64::NAN, 1.0), decades(1.0, f64::INFINITY)), (vec![], vec![], vec![]));
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (12.3456, "12.3"),
            (-0.5, "−0.5"),
            (100.0, "100"),
            (0.001_234, "0.00123"),
            (54_321.0, "54321"),
            (-1.5e-7, "−1.50×10⁻⁷"),
            (6.022e23, "6.02×10²³"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(short(value), text);
        }
        assert_eq!(superscript(-1_234_567_890), "⁻¹²³⁴⁵⁶⁷⁸⁹⁰");
    }
}
