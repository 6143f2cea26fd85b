//! Elementary functions as plain polynomials, for loops that the compiler turns into vector instructions.
//!
//! Coefficients: minimax (Remez) for the relative error on the reduced range. `FMA` says whether the processor multiplies and adds in
//! one instruction; without it `mul_add` would be a library call.

/// a·b + c.
#[inline(always)]
pub(in crate::kernel) fn multiply_add<const FMA: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// A scalar product, rounded as [`crate::math::Vec3::dot`] rounds it.
#[inline(always)]
pub(in crate::kernel) fn dot<const FMA: bool>([x, y, z]: [f64; 3], [a, b, c]: [f64; 3]) -> f64 {
    multiply_add::<FMA>(c, z, multiply_add::<FMA>(b, y, a * x))
}

/// a·b + c in single precision.
#[inline(always)]
pub(in crate::kernel) fn multiply_add_single<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// c₀ + c₁x + … by Horner's rule.
#[inline(always)]
fn polynomial<const FMA: bool, const N: usize>(coefficients: [f64; N], x: f64) -> f64 {
    let mut value = coefficients[N - 1];
    for i in (0..N - 1).rev() {
        value = multiply_add::<FMA>(value, x, coefficients[i]);
    }
    value
}

/// Adding and subtracting 1.5·2⁵² leaves the nearest whole number of any |x| < 2⁵¹.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// The nearest whole number, ties to even; |x| < 2⁵¹.
#[inline(always)]
pub(in crate::kernel) fn round(x: f64) -> f64 {
    (x + ROUNDER) - ROUNDER
}

/// The nearest whole number, ties down, as the reference kernel has it: ⌈x − ½⌉.
#[inline(always)]
pub(in crate::kernel) fn round_ties_down<const FMA: bool>(x: f64) -> f64 {
    if FMA {
        // Processors with FMA also round up in one instruction; without, it is a library call.
        return (x - 0.5).ceil();
    }
    let nearest = round(x);
    if x - nearest == -0.5 { nearest - 1.0 } else { nearest }
}

/// The whole number x, 0 ≤ x < 2³¹.
#[inline(always)]
pub(in crate::kernel) fn to_index(x: f64) -> u32 {
    (x + ROUNDER).to_bits() as u32
}

/// The nearest whole number to a·b, ties to even; |a·b| < 2⁵¹.
#[inline(always)]
pub(in crate::kernel) fn round_product<const FMA: bool>(a: f64, b: f64) -> f64 {
    multiply_add::<FMA>(a, b, ROUNDER) - ROUNDER
}

/// Where [`inverse_norm`] begins: 1/√x in single precision, for x between 1e-30 and 1e30. Nothing without FMA.
#[inline(always)]
pub(in crate::kernel) fn rough_inverse_norm<const FMA: bool>(x: f64) -> f64 {
    if FMA { f64::from(1.0 / (x as f32).sqrt()) } else { 0.0 }
}

/// 1/√x as the processor rounds it in two steps, a root and a division. With FMA, Newton's steps from a `rough` value, whose last
/// residuals are exact (Markstein, IBM J. Res. Dev. 34 (1990) 111): a third of the time.
#[inline(always)]
pub(in crate::kernel) fn inverse_norm<const FMA: bool>(x: f64, rough: f64) -> f64 {
    if !FMA {
        return 1.0 / x.sqrt();
    }
    let step = multiply_add::<FMA>(-(x * rough), rough, 1.0);
    let inverse = multiply_add::<FMA>(0.5 * rough, step, rough);
    let root = x * inverse;
    let root = multiply_add::<FMA>(multiply_add::<FMA>(-root, root, x), 0.5 * inverse, root);
    multiply_add::<FMA>(multiply_add::<FMA>(-root, inverse, 1.0), inverse, inverse)
}

/// 1/x for x between 1e-30 and 1e30 in size; relative error 1e-14.
#[inline(always)]
pub(in crate::kernel) fn reciprocal<const FMA: bool>(x: f64) -> f64 {
    if !FMA {
        return 1.0 / x;
    }
    let rough = f64::from(1.0 / (x as f32));
    multiply_add::<FMA>(multiply_add::<FMA>(-x, rough, 1.0), rough, rough)
}

/// The constant of [`sin_pi_scaled`].
pub(in crate::kernel) const SINE_SCALE: f64 = 2_236.134_525_439_56;

/// The constant of [`cos_pi_scaled`].
pub(in crate::kernel) const COSINE_SCALE: f64 = -545.547_097_113_985_3;

/// sin(πx) for |x| ≤ ½ times [`SINE_SCALE`]; relative error 6.3e-14. For ratios of sines: the constant goes, and with 1 as the highest
/// coefficient the polynomial begins with an addition, which needs no copy of a register.
#[inline(always)]
pub(in crate::kernel) fn sin_pi_scaled<const FMA: bool>(x: f64) -> f64 {
    const C: [f64; 6] = [
        7025.023797558982,
        -11555.700964862515,
        5702.5098451354015,
        -1340.0358722548633,
        183.6866715616007,
        -16.4664139228326,
    ];
    let square = x * x;
    let mut value = square + C[5];
    for i in (0..5).rev() {
        value = multiply_add::<FMA>(value, square, C[i]);
    }
    x * value
}

/// cos(πx) for |x| ≤ ½ times [`COSINE_SCALE`]; relative error 1.4e-11·|x|. For derivatives.
#[inline(always)]
pub(in crate::kernel) fn cos_pi_scaled<const FMA: bool>(x: f64) -> f64 {
    const C: [f64; 5] =
        [-2182.188388455941, 2039.9145068990627, -697.2163951461902, 124.928056221803, -13.809531432180397];
    let square = x * x;
    let mut value = square + C[4];
    for i in (0..4).rev() {
        value = multiply_add::<FMA>(value, square, C[i]);
    }
    (0.25 - square) * value
}

/// sin(πx) for |x| ≤ ½; relative error 2e-16.
#[inline(always)]
pub(in crate::kernel) fn sin_pi<const FMA: bool>(x: f64) -> f64 {
    const C: [f64; 8] = [
        3.1415926535897927,
        -5.167712780049753,
        2.5501640398597765,
        -0.5992645287757098,
        0.08214587825655341,
        -0.0073703610716849555,
        0.0004659776170186174,
        -2.1122952964745312e-05,
    ];
    x * polynomial::<FMA, 8>(C, x * x)
}

/// cos(πx) for |x| ≤ ½; relative error 2e-16, at its zeros too.
#[inline(always)]
pub(in crate::kernel) fn cos_pi<const FMA: bool>(x: f64) -> f64 {
    const C: [f64; 8] = [
        4.0,
        -3.7392088021786822,
        1.2780132969493234,
        -0.22899788751887026,
        0.025330969591021872,
        -0.0019036696909387443,
        0.00010351520904445641,
        -4.131827899394701e-06,
    ];
    (0.5 - x) * (0.5 + x) * polynomial::<FMA, 8>(C, x * x)
}

/// 3(sin x/x − cos x)/x² at x = πt for t² ≤ ¼; relative error 2e-16.
#[inline(always)]
pub(in crate::kernel) fn sphere_near<const FMA: bool>(t_squared: f64) -> f64 {
    const C: [f64; 8] = [
        1.0,
        -0.9869604401089257,
        0.34788961083488473,
        -0.06358394134766875,
        0.007131230814490554,
        -0.0005413998677012994,
        2.9669586954474475e-05,
        -1.1913808490576374e-06,
    ];
    polynomial::<FMA, 8>(C, t_squared)
}

/// eˣ for x ≤ 0; relative error 4e-16 above x = −700, below that some number less than 1e-300.
#[inline(always)]
pub(in crate::kernel) fn exp_negative<const FMA: bool>(x: f64) -> f64 {
    const C: [f64; 11] = [
        1.0,
        1.0000000000000064,
        0.49999999999997286,
        0.16666666666557742,
        0.04166666666842606,
        0.008333333384665905,
        0.0013888888499128803,
        0.00019841171384084617,
        2.4801917696315435e-05,
        2.763976830828127e-06,
        2.748844088140834e-07,
    ];
    const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = if x < -700.0 { -700.0 } else { x };
    let shifted = multiply_add::<FMA>(x, std::f64::consts::LOG2_E, ROUNDER);
    let power = shifted - ROUNDER;
    let rest = multiply_add::<FMA>(power, -LN_2_LOW, multiply_add::<FMA>(power, -LN_2_HIGH, x));
    // Even and odd powers side by side: half as long a chain.
    let square = rest * rest;
    let even = polynomial::<FMA, 6>([C[0], C[2], C[4], C[6], C[8], C[10]], square);
    let odd = polynomial::<FMA, 5>([C[1], C[3], C[5], C[7], C[9]], square);
    let mantissa = multiply_add::<FMA>(odd, rest, even);
    f64::from_bits(mantissa.to_bits().wrapping_add(shifted.to_bits() << 52))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    fn agree(got: f64, expected: f64, x: f64) {
        assert!((got - expected).abs() <= 8e-16 * expected.abs(), "at {x}: {got} instead of {expected}");
    }

    #[test]
    fn sines_and_cosines_are_those_of_the_library() {
        for i in -5000..=5000 {
            let x = f64::from(i) * 1e-4;
            agree(sin_pi::<true>(x), (PI * x).sin(), x);
            agree(sin_pi::<false>(x), (PI * x).sin(), x);
            // Near ±½ the library's own argument is off by the rounding of π·x.
            let cosine = (PI * (0.5 - x.abs())).sin();
            agree(cos_pi::<true>(x), cosine, x);
            agree(cos_pi::<false>(x), cosine, x);
        }
        assert_eq!(cos_pi::<true>(0.5), 0.0);
    }

    #[test]
    fn scaled_sines_and_cosines_have_their_constants() {
        for i in 1..=5000 {
            let x = f64::from(i) * 1e-4;
            let (sine, cosine) = ((PI * x).sin(), (PI * (0.5 - x)).sin());
            assert!((sin_pi_scaled::<true>(x) / SINE_SCALE - sine).abs() < 8e-14 * sine, "{x}");
            let error = (cos_pi_scaled::<true>(x) / COSINE_SCALE - cosine).abs();
            assert!(error <= 1.4e-11 * x * cosine + 4e-16, "{x}: {error:e}");
        }
    }

    #[test]
    fn inverse_norms_are_rounded_twice() {
        let mut x = 1e-6;
        for _ in 0..100_000 {
            x *= 1.000_213_7;
            let rough = rough_inverse_norm::<true>(x);
            assert_eq!(inverse_norm::<true>(x, rough), 1.0 / f64::sqrt(x), "at {x}");
            assert!((reciprocal::<true>(-x) * -x - 1.0).abs() < 1e-14);
        }
    }

    #[test]
    fn exponentials_are_those_of_the_library() {
        for i in 0..=6_000 {
            let x = -f64::from(i) * 0.1;
            agree(exp_negative::<true>(x), x.exp(), x);
            agree(exp_negative::<false>(x), x.exp(), x);
        }
        assert!(exp_negative::<true>(-1e9) < 1e-300);
    }

    #[test]
    fn ties_go_down() {
        for (x, nearest) in [(0.5, 0.0), (1.5, 1.0), (-0.5, -1.0), (2.4999, 2.0), (-7.2, -7.0), (0.500001, 1.0)] {
            assert_eq!(round_ties_down::<true>(x), nearest);
            assert_eq!(round_ties_down::<false>(x), nearest);
        }
        assert_eq!(to_index(123_456_789.0), 123_456_789);
    }
}
