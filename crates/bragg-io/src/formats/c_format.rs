//! Numbers as C's `printf` writes them, for headers that other programs wrote with it.

use std::fmt;

/// A number as C's `%g` writes it: six significant digits, no trailing zeros, an exponent of at least two digits where
/// it is below −4 or not below 6 (ISO C17, 7.21.6.1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct G(pub f64);

impl fmt::Display for G {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&significant(self.0, 6))
    }
}

/// A number as C's `%.{digits}g` writes it; `digits` of 0 means 1, as in C.
pub fn significant(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        let sign = if value.is_sign_negative() { "-" } else { "" };
        return format!("{sign}{}", if value.is_nan() { "nan" } else { "inf" });
    }
    let digits = digits.max(1);
    let scientific = format!("{value:.*e}", digits - 1);
    // The exponent after rounding decides, so that 999999.5 becomes 1e+06.
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i64 = exponent.parse().unwrap_or(0);
    if (-4..digits as i64).contains(&exponent) {
        let decimals = usize::try_from(digits as i64 - 1 - exponent).unwrap_or(0);
        return without_trailing_zeros(&format!("{value:.decimals$}")).to_owned();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", without_trailing_zeros(mantissa), exponent.abs())
}

fn without_trailing_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// The number that C's `atof` finds at the start of a text, after blanks; `None` where there is none.
pub fn leading_number(text: &str) -> Option<f64> {
    split_number(text).map(|(number, _)| number)
}

/// The decimal number at the start of a text, after blanks, and what stands behind it: what `atof` reads and what it leaves. `None` where
/// there is none.
pub fn split_number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim_start();
    let bytes = text.as_bytes();
    let digits_from = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let whole = digits_from(end);
    end += whole;
    if bytes.get(end) == Some(&b'.') {
        let decimals = digits_from(end + 1);
        if whole + decimals > 0 {
            end += 1 + decimals;
        }
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits_from(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// The whole number at the start of a text, after blanks, and what stands behind it: what `atoi` reads and what it leaves. `None` where
/// there is none that 64 bits hold.
pub fn split_integer(text: &str) -> Option<(i64, &str)> {
    let text = text.trim_start();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = text.len() - unsigned.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_g_as_c_prints_it() {
        // Printed by the shell's printf '%g', which is C's.
        let cases: [(f64, &str); 24] = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-100.0, "-100"),
            (0.1, "0.1"),
            (4.85, "4.85"),
            (53.666666666666664, "53.6667"),
            (123456.0, "123456"),
            (1234567.0, "1.23457e+06"),
            (999999.4, "999999"),
            (999999.5, "1e+06"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (0.00012345678, "0.000123457"),
            (0.000012345678, "1.23457e-05"),
            (0.99999951, "1"),
            (1e100, "1e+100"),
            (-2.5e-300, "-2.5e-300"),
            (f64::MAX, "1.79769e+308"),
            (f64::MIN_POSITIVE, "2.22507e-308"),
            (5e-324, "4.94066e-324"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ];
        for (value, expected) in cases {
            assert_eq!(G(value).to_string(), expected, "{value:e}");
        }
    }

    #[test]
    fn other_precisions_as_c_prints_them() {
        assert_eq!(significant(0.1 + 0.2, 12), "0.3");
        assert_eq!(significant(0.1 + 0.2, 17), "0.30000000000000004");
        assert_eq!(significant(1234.5, 0), "1e+03");
        assert_eq!(significant(217.123456789, 12), "217.123456789");
        // Ties go to the even digit, as the C library rounds the exact binary value.
        assert_eq!(significant(0.5, 1), "0.5");
        assert_eq!(significant(2.5, 1), "2");
    }

    #[test]
    fn leading_numbers_as_atof_reads_them() {
        assert_eq!(leading_number("  12.5 mm"), Some(12.5));
        assert_eq!(leading_number("-3e2;"), Some(-300.0));
        assert_eq!(leading_number("1e"), Some(1.0));
        assert_eq!(leading_number("1e+x"), Some(1.0));
        assert_eq!(leading_number(".5"), Some(0.5));
        assert_eq!(leading_number("5."), Some(5.0));
        assert_eq!(leading_number("+7,8"), Some(7.0));
        for nothing in ["", ".", "-", "abc", "e5", "- 1", "å"] {
            assert_eq!(leading_number(nothing), None, "{nothing}");
        }
        assert_eq!(split_number(" 100mm"), Some((100.0, "mm")));
    }

    #[test]
    fn leading_integers_as_atoi_reads_them() {
        for (text, read) in [
            ("5", (5, "")),
            (" +7", (7, "")),
            ("-12.9", (-12, ".9")),
            ("1e3", (1, "e3")),
            ("3 4", (3, " 4")),
            ("-0x10", (0, "x10")),
        ] {
            assert_eq!(split_integer(text), Some(read), "{text}");
        }
        for nothing in ["", "-", "abc", ".5", "- 1", "99999999999999999999"] {
            assert_eq!(split_integer(nothing), None, "{nothing}");
        }
    }
}
