//! How fast the processor multiplies and adds, measured: what the kernel's own speed is compared with. Processors that add or round in
//! other units besides do more arithmetic than that.

use super::elementary::multiply_add;
use super::level::{Level, Work};
use std::hint::black_box;
use std::time::Instant;

/// Rounds of one measurement: some tens of microseconds, which an interruption seldom hits.
const ROUNDS: usize = 8192;
/// Measurements, of which the fastest counts: long enough together for the processor to reach its clock for such work.
const MEASUREMENTS: usize = 1000;

/// Fused multiply-adds that the calling thread does in a second, on numbers (lanes of vectors) of 64 bits: x ← a·x + b over as many
/// independent vectors as it takes to hide how long each instruction is on its way. A level without fused instructions multiplies and
/// adds: two instructions for each. Takes about 0.05 s.
pub fn fma_rate(level: Level) -> f64 {
    match level {
        // 12 vectors of 2; 16 registers hold them, a, b and the product
        Level::Portable => fastest::<24>(level),
        // 12 vectors of 4; 8 are on their way at a time
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(_) => fastest::<48>(level),
        // 16 vectors of 8
        #[cfg(target_arch = "x86_64")]
        Level::Avx512(_) => fastest::<128>(level),
        // 24 vectors of 2; up to 16 are on their way at a time
        #[cfg(target_arch = "aarch64")]
        Level::Neon(_) => fastest::<48>(level),
    }
}

fn fastest<const N: usize>(level: Level) -> f64 {
    let mut numbers: [f64; N] = std::array::from_fn(|i| 1.0 + i as f64);
    let seconds = (0..MEASUREMENTS).map(|_| {
        let start = Instant::now();
        level.run(Chains(black_box(&mut numbers)));
        black_box(&numbers);
        start.elapsed().as_secs_f64()
    });
    (N * ROUNDS) as f64 / seconds.fold(f64::INFINITY, f64::min)
}

/// Numbers that are multiplied and added over and over, each by itself.
struct Chains<'a, const N: usize>(&'a mut [f64; N]);

impl<const N: usize> Work for Chains<'_, N> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        // they tend to b / (1 − a) = 2: neither overflow nor numbers too small to be normal
        let (a, b) = (black_box(0.75), black_box(0.5));
        let mut numbers = *self.0;
        for _ in 0..ROUNDS {
            for x in &mut numbers {
                *x = multiply_add::<FMA>(*x, a, b);
            }
        }
        *self.0 = numbers;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_tend_to_the_fixed_point() {
        for level in Level::available() {
            let mut numbers = [0.0, 1.0, 5.0, 1e6];
            level.run(Chains(&mut numbers));
            assert!(numbers.iter().all(|x| (x - 2.0f64).abs() < 1e-14), "{}: {numbers:?}", level.name());
        }
    }
}
