//! Which orientations are worth computing for which pixels, where spots are narrow.
//!
//! Pixels go in groups of 4 × 4. A group lies within a ball in reciprocal space; how far its centre is from the nearest reflection
//! bounds how near any of its pixels can be, and so the largest and the smallest term that an orientation gives to any of them. What
//! cannot matter beside the smallest sum is left out.

#![expect(clippy::needless_range_loop, reason = "one index into many arrays is how these loops read best")]

use super::amplitudes::Amplitudes;
use super::distances::index;
use super::elementary::round;
use super::spots::Spot;
use super::tile::{Lane, TILE};
use crate::scene::Orientation;

/// Pixels of a group.
pub(in crate::kernel) const GROUP: usize = 16;
const GROUPS: usize = TILE / GROUP;

/// Exponents beyond which a term is nothing beside any number.
const NOTHING: f64 = 700.0;

/// One number for each group of a tile.
type PerGroup = [f64; GROUPS];

/// What is known of the groups of a tile.
pub(in crate::kernel) struct Groups {
    n: usize,
    /// Centre of the ball (1/Å), and its radius in the spot's metric.
    center: [PerGroup; 3],
    radius: PerGroup,
    /// The largest distance of the centre from a reflection along each axis with which no pixel can be nearer to another one.
    inner: [PerGroup; 3],
    /// The least distance, in the spot's metric, of a pixel that is nearer to another reflection than the centre is.
    border: PerGroup,
    /// The exponent of a term that every pixel of the group has at least, had it the largest F²; where that is too large to matter,
    /// what would be.
    brightest: PerGroup,
    /// Exponents from here on do not matter.
    cut: PerGroup,
    /// Bounds for the current orientation: the exponent of no pixel is below `least` or, where all are nearest to one reflection, above `most`.
    least: PerGroup,
    most: PerGroup,
}

impl Groups {
    pub(in crate::kernel) fn new() -> Self {
        const NONE: PerGroup = [0.0; GROUPS];
        Self {
            n: 0,
            center: [NONE; 3],
            radius: NONE,
            inner: [NONE; 3],
            border: NONE,
            brightest: NONE,
            cut: NONE,
            least: NONE,
            most: NONE,
        }
    }

    /// Takes the scattering vectors `q` of the first `n` pixels, whole groups.
    #[inline(always)]
    pub(in crate::kernel) fn gather<const TOPHAT: bool>(&mut self, spot: &Spot, slack: f64, q: &[Lane; 3], n: usize) {
        let farthest = if TOPHAT { 1.0 } else { NOTHING };
        self.n = n / GROUP;
        for i in 0..GROUPS {
            // Groups that are not there repeat the first.
            let first = if i < self.n { i * GROUP } else { 0 };
            let pixels = q.each_ref().map(|axis| &axis[first..first + GROUP]);
            let center = pixels.map(|axis| 0.5 * (axis[0] + axis[GROUP - 1]));
            let mut square = 0.0;
            for j in 0..GROUP {
                let [x, y, z] = [pixels[0][j] - center[0], pixels[1][j] - center[1], pixels[2][j] - center[2]];
                let distance = x * x + y * y + z * z;
                square = if distance > square { distance } else { square };
            }
            // The last digits of the bounds are rounded away from harm.
            let radius = square.sqrt() * (1.0 + 1e-9) + 1e-12;
            for axis in 0..3 {
                self.center[axis][i] = center[axis];
                self.inner[axis][i] = 0.5 - radius * spot.edges[axis];
            }
            self.radius[i] = radius * spot.per_length;
            self.border[i] = (0..3)
                .map(|axis| (2.0 * self.inner[axis][i] - 0.5).max(0.0) * spot.per_index[axis])
                .fold(f64::INFINITY, f64::min);
            self.brightest[i] = NOTHING - slack;
            self.cut[i] = farthest;
        }
    }

    /// The bounds that follow from an orientation. A length that the compiler does not know makes it take this loop as it takes the
    /// others.
    #[inline(always)]
    fn bound<const FMA: bool>(&mut self, spot: &Spot, orientation: &Orientation) {
        let n = self.n.next_multiple_of(8);
        let [x, y, z] = self.center.each_ref().map(|axis| &axis[..n]);
        let [u, v, w] = self.inner.each_ref().map(|axis| &axis[..n]);
        let (radius, border) = (&self.radius[..n], &self.border[..n]);
        let (least, most) = (&mut self.least[..n], &mut self.most[..n]);
        let [first, second, third] = orientation.0;
        for i in 0..n {
            let center = [x[i], y[i], z[i]];
            let [h, k, l] =
                [index::<FMA>(first.0, center), index::<FMA>(second.0, center), index::<FMA>(third.0, center)];
            let [a, b, c] = [h - round(h), k - round(k), l - round(l)];
            let distance = spot.metric.square::<FMA>([a, b, c]).sqrt();
            let is_inner = (a.abs() < u[i]) & (b.abs() < v[i]) & (c.abs() < w[i]);
            let nearest = distance - radius[i];
            let limit = if is_inner { f64::INFINITY } else { border[i] };
            let nearest = if nearest < limit { nearest } else { limit };
            let nearest = if nearest > 0.0 { nearest } else { 0.0 };
            let farthest = if is_inner { distance + radius[i] } else { f64::INFINITY };
            least[i] = nearest * nearest;
            most[i] = farthest * farthest;
        }
    }

    /// The groups that an orientation matters to, a bit for each. `slack`: the exponent of the fraction that may be left out of a pixel
    /// for each orientation.
    #[inline(always)]
    pub(in crate::kernel) fn reached<const FMA: bool, const TOPHAT: bool>(
        &mut self,
        spot: &Spot,
        orientation: &Orientation,
        amplitudes: &Amplitudes,
        slack: f64,
    ) -> u32 {
        self.bound::<FMA>(spot, orientation);
        let n = self.n.next_multiple_of(8);
        let is_any = |a: &PerGroup, b: &PerGroup| a[..n].iter().zip(&b[..n]).fold(false, |any, (a, b)| any | (a < b));
        if !TOPHAT && is_any(&self.most, &self.brightest) {
            self.brighten::<FMA>(orientation, amplitudes, slack);
        }
        if !is_any(&self.least, &self.cut) {
            return 0;
        }
        let is_reached = |i: usize| u32::from(self.least[i] < self.cut[i]) << i;
        (0..self.n).map(is_reached).fold(0, |all, one| all | one)
    }

    /// Takes note of groups that an orientation makes brighter than all before.
    fn brighten<const FMA: bool>(&mut self, orientation: &Orientation, amplitudes: &Amplitudes, slack: f64) {
        for i in 0..self.n {
            if self.most[i] >= self.brightest[i] {
                continue;
            }
            let hkl = orientation.0.map(|row| round(index::<FMA>(row.0, self.center.map(|axis| axis[i]))));
            // What even the largest F² does not change.
            let handicap = (amplitudes.largest() / amplitudes.nearest(hkl)).ln();
            if self.most[i] + handicap < self.brightest[i] {
                self.brightest[i] = self.most[i] + handicap;
                self.cut[i] = self.brightest[i] + slack;
            }
        }
    }
}

const _: () = assert!(GROUPS <= 32, "a bit for each group");
