//! Reflections by shells of resolution: how many there are, how complete, how strong.

use super::refused;
use super::{ReciprocalMetric, Reflections, Sphere};
use crate::symmetry::{Operator, is_absent};
use rayon::prelude::*;

/// A shell of reciprocal space. Counts are of reflections in P1, Friedel mates apart, without 0 0 0 and systematic absences.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Shell {
    /// The coarsest spacing d (Å).
    pub d_max: f64,
    /// The finest spacing d (Å).
    pub d_min: f64,
    /// The reflections there are.
    pub possible: u64,
    /// Those in the list.
    pub listed: u64,
    /// Mean |F| of those in the list (electrons).
    pub mean_f: f64,
    /// Mean |F|² of those in the list (electrons²).
    pub mean_f_squared: f64,
}

impl Reflections {
    /// `n` shells of equal volume up to the finest reflection of the list, for a unit cell a, b, c (Å), α, β, γ (deg). Each reflection of
    /// the list should be there once.
    ///
    /// # Errors
    /// There is nothing but 0 0 0, the cell cannot be used, or the indices span more than a grid may have points.
    pub fn shells(&self, cell: [f64; 6], n: usize) -> crate::Result<Vec<Shell>> {
        let metric = ReciprocalMetric::from_cell(cell)?;
        let listed: Vec<(f64, f64)> = self
            .list
            .iter()
            .filter(|(hkl, _)| *hkl != [0; 3] && !is_absent(*hkl, &self.symmetry))
            .map(|(hkl, amplitude)| (metric.inverse_d_squared(*hkl), *amplitude))
            .collect();
        let limit = listed.iter().map(|(inverse, _)| *inverse).reduce(f64::max);
        let limit = limit.ok_or_else(|| refused("there are no reflections besides 0 0 0 and systematic absences"))?;
        let sphere = Sphere::new(cell, limit.sqrt().recip())?;
        let n = n.max(1);
        let shell_of = |inverse: f64| ((inverse / limit).powf(1.5) * n as f64).min((n - 1) as f64) as usize;
        let (possible, coarsest) = possible(&sphere, &self.symmetry, n, &shell_of);
        let edge = |i: usize| (limit.sqrt() * (i as f64 / n as f64).cbrt()).recip();
        let mut shells: Vec<Shell> = (0..n)
            .map(|i| Shell { d_max: edge(i), d_min: edge(i + 1), possible: possible[i], ..Shell::default() })
            .collect();
        shells[0].d_max = coarsest.sqrt().recip();
        for (inverse, amplitude) in listed {
            let shell = &mut shells[shell_of(inverse)];
            shell.listed += 1;
            shell.mean_f += amplitude;
            shell.mean_f_squared += amplitude * amplitude;
        }
        for shell in shells.iter_mut().filter(|shell| shell.listed > 0) {
            shell.mean_f /= shell.listed as f64;
            shell.mean_f_squared /= shell.listed as f64;
        }
        Ok(shells)
    }
}

/// The reflections there are in each shell, and the smallest 1/d² (1/Å²) of one.
fn possible(
    sphere: &Sphere,
    symmetry: &[Operator],
    n: usize,
    shell_of: &(dyn Fn(f64) -> usize + Sync),
) -> (Vec<u64>, f64) {
    let layer = |h: i32| {
        let (mut counts, mut smallest) = (vec![0_u64; n], f64::INFINITY);
        for (_, inverse) in sphere.layer(h).filter(|(hkl, _)| !is_absent(*hkl, symmetry)) {
            counts[shell_of(inverse)] += 2;
            smallest = smallest.min(inverse);
        }
        (counts, smallest)
    };
    let merge = |(mut a, s): (Vec<u64>, f64), (b, t): (Vec<u64>, f64)| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        (a, s.min(t))
    };
    sphere.layers().into_par_iter().map(layer).reduce(|| (vec![0; n], f64::INFINITY), merge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_count_a_cubic_lattice() {
        // A primitive cube of 10 Å: 6 reflections at 1/d² = 0.01 /Å², 12 at 0.02, 8 at 0.03, 6 at 0.04.
        let mut list = Vec::new();
        for h in -2..=2 {
            for k in -2..=2 {
                for l in -2..=2 {
                    let n: i32 = h * h + k * k + l * l;
                    if n <= 4 && [h, k, l] != [2, 0, 0] {
                        list.push(([h, k, l], f64::from(n)));
                    }
                }
            }
        }
        let reflections = Reflections { list, ..Reflections::default() };
        let cell = [10.0, 10.0, 10.0, 90.0, 90.0, 90.0];
        // equal volumes: the edge between the two is at 0.04/2^(2/3) = 0.0252 /Å²
        let shells = reflections.shells(cell, 2).unwrap();
        let counts: Vec<_> = shells.iter().map(|shell| (shell.possible, shell.listed)).collect();
        assert_eq!(counts, [(18, 18), (14, 13)]);
        assert!((shells[0].d_max - 10.0).abs() < 1e-9 && (shells[1].d_min - 5.0).abs() < 1e-6);
        assert!((shells[0].mean_f - 30.0 / 18.0).abs() < 1e-12);
        assert!((shells[1].mean_f_squared - (8.0 * 9.0 + 5.0 * 16.0) / 13.0).abs() < 1e-12);
        let with_2_1_screw =
            Reflections { symmetry: vec![Operator::IDENTITY, "-x,y+1/2,-z".parse().unwrap()], ..reflections };
        // 0 1 0 and 0 -1 0 are absent
        assert_eq!(with_2_1_screw.shells(cell, 1).unwrap()[0].possible, 30);
        let empty = Reflections { list: vec![([0; 3], 5.0)], ..Reflections::default() };
        assert!(empty.shells(cell, 3).unwrap_err().to_string().contains("besides 0 0 0"));
    }
}
