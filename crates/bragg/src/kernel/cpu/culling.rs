//! Which orientations are worth computing for which pixels, where spots are narrow.
//!
//! Pixels go in groups of 4 × 4. A group lies within a ball in reciprocal space; how far its centre is from the nearest reflection
//! bounds how near any of its pixels can be, and so the largest and the smallest term that an orientation gives to any of them. What
//! cannot matter beside the smallest sum is left out.

use super::amplitudes::Amplitudes;
use super::distances::index;
use super::elementary::round;
use super::spots::Spot;
use super::tile::{Lane, TILE};
use crate::scene::Orientation;

/// Pixels of a group.
pub(super) const GROUP: usize = 16;
const GROUPS: usize = TILE / GROUP;

/// Exponents beyond which a term is nothing beside any number.
const NOTHING: f64 = 700.0;

/// One number for each group of a tile.
type PerGroup = [f64; GROUPS];

/// What is known of the groups of a tile.
pub(super) struct Groups {
    n: usize,
    /// Centre of the ball (1/Å), and its radius in the spot's metric.
    center: [PerGroup; 3],
    radius: PerGroup,
    /// The largest distance of the centre from a reflection along each axis with which no pixel can be nearer to another one.
    inner: [PerGroup; 3],
    /// The least distance, in the spot's metric, of a pixel that is nearer to another reflection than the centre is.
    border: PerGroup,
    /// The exponent of a term that every pixel of the group has at least, less ln F².
    brightest: PerGroup,
    /// Of the current orientation: the exponent of no pixel is below this.
    least: PerGroup,
}

impl Groups {
    pub(super) fn new() -> Self {
        const NONE: PerGroup = [0.0; GROUPS];
        Self { n: 0, center: [NONE; 3], radius: NONE, inner: [NONE; 3], border: NONE, brightest: NONE, least: NONE }
    }

    /// Takes the scattering vectors `q` of the first `n` pixels, whole groups.
    #[inline(always)]
    pub(super) fn gather(&mut self, spot: &Spot, q: &[Lane; 3], n: usize) {
        self.n = n / GROUP;
        for i in 0..GROUPS {
            // Groups that are not there repeat the first.
            let first = if i < self.n { i * GROUP } else { 0 };
            let pixels = q.each_ref().map(|axis| &axis[first..first + GROUP]);
            let center = pixels.map(|axis| axis.iter().sum::<f64>() / GROUP as f64);
            let mut square = 0.0f64;
            for j in 0..GROUP {
                let [x, y, z] = [0, 1, 2].map(|axis| pixels[axis][j] - center[axis]);
                square = square.max(x * x + y * y + z * z);
            }
            // The last digits of the bounds are rounded away from harm.
            let radius = square.sqrt() * (1.0 + 1e-9) + 1e-12;
            for axis in 0..3 {
                self.center[axis][i] = center[axis];
                self.inner[axis][i] = 0.5 - radius * spot.edges[axis];
            }
            self.radius[i] = radius * spot.scale;
            self.border[i] = (0..3)
                .map(|axis| (2.0 * self.inner[axis][i] - 0.5).max(0.0) * spot.scale / spot.edges[axis])
                .fold(f64::INFINITY, f64::min);
            self.brightest[i] = f64::INFINITY;
        }
    }

    /// The groups that an orientation matters to, a bit for each. `slack`: the exponent of the fraction that may be left out of a pixel
    /// for each orientation.
    #[inline(always)]
    pub(super) fn reached<const FMA: bool, const TOPHAT: bool>(
        &mut self,
        spot: &Spot,
        orientation: &Orientation,
        amplitudes: &Amplitudes,
        slack: f64,
    ) -> u32 {
        let mut deltas = [[0.0; GROUPS]; 3];
        let mut most = [0.0; GROUPS];
        let [x, y, z] = &self.center;
        for (row, delta) in orientation.0.iter().zip(&mut deltas) {
            for i in 0..GROUPS {
                let h = index::<FMA>(row.0, [x[i], y[i], z[i]]);
                delta[i] = h - round(h);
            }
        }
        let [a, b, c] = &deltas;
        for i in 0..GROUPS {
            let distance = spot.metric.square::<FMA>([a[i], b[i], c[i]]).sqrt();
            let is_inner =
                (a[i].abs() < self.inner[0][i]) & (b[i].abs() < self.inner[1][i]) & (c[i].abs() < self.inner[2][i]);
            let nearest = distance - self.radius[i];
            let nearest = if is_inner || nearest < self.border[i] { nearest } else { self.border[i] };
            let nearest = if nearest > 0.0 { nearest } else { 0.0 };
            let farthest = distance + self.radius[i];
            self.least[i] = nearest * nearest;
            most[i] = if is_inner { farthest * farthest } else { f64::INFINITY };
        }
        let groups = 0..self.n;
        let mut reached = 0;
        if TOPHAT {
            groups.for_each(|i| reached |= u32::from(self.least[i] < 1.0) << i);
            return reached;
        }
        let top = amplitudes.largest().ln();
        for i in groups {
            if most[i] < self.brightest[i] + top {
                let h = orientation.0.map(|row| round(index::<FMA>(row.0, self.center.map(|axis| axis[i]))));
                self.brightest[i] = self.brightest[i].min(most[i] - amplitudes.nearest(h).ln());
            }
            reached |= u32::from(self.least[i] < (self.brightest[i] + top + slack).min(NOTHING)) << i;
        }
        reached
    }
}

const _: () = assert!(GROUPS <= 32, "a bit for each group");
