//! The Fourier transform of a density, in all three axes.

use super::density::Density;
use crate::miller::Miller;
use crate::monitor::{Monitor, watched};
use crate::structure::{Complex64, refused};
use realfft::RealFftPlanner;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// F of a P1 cell (electrons), half of it: the rest is conjugate.
pub(in crate::structure) struct Transform {
    size: [usize; 3],
    half: usize,
    values: Vec<Complex64>,
    scale: f64,
}

/// Rows between two looks at the monitor.
const ROWS: usize = 256;

impl Transform {
    /// # Errors
    /// It does not fit into memory, or the monitor stopped it.
    pub(in crate::structure) fn of(mut density: Density, monitor: &dyn Monitor) -> crate::Result<Self> {
        monitor.check()?;
        let size @ [n_a, n_b, n_c] = density.size;
        let half = n_c / 2 + 1;
        let scale = density.volume / density.values.len() as f64;
        let n_values = n_a * n_b * half;
        let mut values = Vec::new();
        values
            .try_reserve_exact(n_values)
            .map_err(|_| refused(format!("a transform of {n_values} complex numbers does not fit into memory")))?;
        values.resize(n_values, Complex64::default());
        let rows = RealFftPlanner::new().plan_fft_forward(n_c);
        let mut scratch = rows.make_scratch_vec();
        let all = density.values.chunks_exact_mut(n_c).zip(values.chunks_exact_mut(half));
        for (row, out) in watched(all, ROWS, monitor) {
            rows.process_with_scratch(row, out, &mut scratch)
                .map_err(|e| refused(format!("the transform failed: {e}")))?;
        }
        drop(density);
        let mut planner = FftPlanner::new();
        let along_b = planner.plan_fft_forward(n_b);
        for slab in watched(0..n_a, 1, monitor) {
            columns(&mut values, slab * n_b * half, half, n_b, half, &along_b);
        }
        let along_a = planner.plan_fft_forward(n_a);
        for row in watched(0..n_b, 1, monitor) {
            columns(&mut values, row * half, n_b * half, n_a, half, &along_a);
        }
        monitor.check()?;
        Ok(Self { size, half, values, scale })
    }

    /// F(hkl) = Σ ρ·exp(+2πi h·x)·ΔV, for indices within the grid's. The library's sign is the other one.
    pub(in crate::structure) fn at(&self, hkl: Miller) -> Complex64 {
        let (hkl, is_mate) = if hkl[2] < 0 { (hkl.map(|n| -n), true) } else { (hkl, false) };
        let index = |axis: usize| i64::from(hkl[axis]).rem_euclid(self.size[axis] as i64) as usize;
        let value = self.values[(index(0) * self.size[1] + index(1)) * self.half + index(2)] * self.scale;
        if is_mate { value } else { value.conj() }
    }
}

/// Transforms `width` neighbouring columns of `n` values each, which are `stride` apart.
fn columns(values: &mut [Complex64], start: usize, stride: usize, n: usize, width: usize, plan: &Arc<dyn Fft<f64>>) {
    let mut gathered = vec![Complex64::default(); n * width];
    for i in 0..n {
        let row = &values[start + i * stride..][..width];
        for (j, value) in row.iter().enumerate() {
            gathered[j * n + i] = *value;
        }
    }
    plan.process(&mut gathered);
    for i in 0..n {
        let row = &mut values[start + i * stride..][..width];
        for (j, value) in row.iter_mut().enumerate() {
            *value = gathered[j * n + i];
        }
    }
}
