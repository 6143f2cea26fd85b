//! Where the panels of a detector lie on a picture: as one sees them along their mean normal, the first one upright.

use crate::formats::metadata::Placement;
use bragg::math::Vec3;

/// A panel more oblique than this (cosine) to the line of sight would hardly be seen.
const OBLIQUE: f64 = 0.2;

/// A panel on the plane of the picture (mm): coordinates along the picture's rows and down its columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Flat {
    pub(super) corner: [f64; 2],
    /// From a pixel to the next along fast.
    pub(super) fast: [f64; 2],
    /// From a pixel to the next along slow.
    pub(super) slow: [f64; 2],
    /// Pixels along fast and slow.
    pub(super) size: (usize, usize),
}

impl Flat {
    /// The place of a point in pixels from the corner.
    pub(super) fn at(&self, fast: f64, slow: f64) -> [f64; 2] {
        [0, 1].map(|i| self.corner[i] + fast * self.fast[i] + slow * self.slow[i])
    }

    /// The pixels from the corner (fast, slow) of a place.
    pub(super) fn pixel(&self, [x, y]: [f64; 2]) -> (f64, f64) {
        let (x, y) = (x - self.corner[0], y - self.corner[1]);
        let [a, b] = self.fast;
        let [c, d] = self.slow;
        let determinant = a * d - b * c;
        ((x * d - y * c) / determinant, (y * a - x * b) / determinant)
    }

    /// Its four corners.
    pub(super) fn corners(&self) -> [[f64; 2]; 4] {
        let (n_fast, n_slow) = (self.size.0 as f64, self.size.1 as f64);
        [self.at(0.0, 0.0), self.at(n_fast, 0.0), self.at(0.0, n_slow), self.at(n_fast, n_slow)]
    }
}

/// The panels as they are seen; `None` where there is no direction that all of them are seen from.
pub(super) fn flat(placements: &[Placement], sizes: &[(usize, usize)]) -> Option<Vec<Flat>> {
    if placements.len() != sizes.len() {
        return None;
    }
    let normals = placements.iter().zip(sizes).map(|(panel, size)| {
        let across = panel.fast_axis.cross(panel.slow_axis).unit();
        let half = |n: usize| n as f64 / 2.0 * panel.pixel_size;
        let middle = panel.origin + panel.fast_axis * half(size.0) + panel.slow_axis * half(size.1);
        // away from the sample
        if middle.dot(across) < 0.0 { -across } else { across }
    });
    let normals: Vec<Vec3> = normals.collect();
    let areas = placements.iter().zip(sizes).map(|(panel, size)| (size.0 * size.1) as f64 * panel.pixel_size.powi(2));
    let sight = normals.iter().zip(areas).fold(Vec3::default(), |sum, (normal, area)| sum + *normal * area).unit();
    if !normals.iter().all(|normal| normal.dot(sight) >= OBLIQUE) {
        return None;
    }
    let first = placements.first()?;
    let right = (first.fast_axis - sight * first.fast_axis.dot(sight)).unit();
    let down = sight.cross(right);
    let down = if down.dot(first.slow_axis) < 0.0 { -down } else { down };
    let on_plane = |v: Vec3| [v.dot(right), v.dot(down)];
    let panels = placements.iter().zip(sizes).map(|(panel, &size)| Flat {
        corner: on_plane(panel.origin),
        fast: on_plane(panel.fast_axis * panel.pixel_size),
        slow: on_plane(panel.slow_axis * panel.pixel_size),
        size,
    });
    let panels: Vec<Flat> = panels.collect();
    let is_fine = |panel: &Flat| panel.corners().as_flattened().iter().all(|x| x.is_finite());
    panels.iter().all(is_fine).then_some(panels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placement(origin: [f64; 3], fast_axis: [f64; 3], slow_axis: [f64; 3]) -> Placement {
        Placement { origin: Vec3(origin), fast_axis: Vec3(fast_axis), slow_axis: Vec3(slow_axis), pixel_size: 0.5 }
    }

    #[test]
    fn panels_lie_side_by_side_as_they_stand() {
        // the second 30 mm to the right of the first and 4 mm lower, turned by a right angle: its rows run down
        let panels = [
            placement([-20.0, 10.0, -100.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]),
            placement([10.0, 6.0, -100.0], [0.0, -1.0, 0.0], [-1.0, 0.0, 0.0]),
        ];
        let [first, second] = flat(&panels, &[(40, 20), (10, 30)]).unwrap()[..] else { panic!("two panels") };
        assert_eq!(first.fast, [0.5, 0.0]);
        assert_eq!(first.slow, [0.0, 0.5]);
        let between: Vec<f64> = [0, 1].map(|i| second.corner[i] - first.corner[i]).into();
        assert_eq!(between, [30.0, 4.0]);
        assert_eq!((second.fast, second.slow), ([0.0, 0.5], [-0.5, 0.0]));
        let (fast, slow) = second.pixel(second.at(3.25, 7.5));
        assert!((fast - 3.25).abs() < 1e-12 && (slow - 7.5).abs() < 1e-12);
    }

    #[test]
    fn halves_that_lean_towards_the_sample_are_foreshortened_alike() {
        let (sin, cos) = 10_f64.to_radians().sin_cos();
        let panels = [
            placement([-50.0 * cos, 25.0, -100.0 + 50.0 * sin], [cos, 0.0, -sin], [0.0, -1.0, 0.0]),
            placement([0.0, 25.0, -100.0], [cos, 0.0, sin], [0.0, -1.0, 0.0]),
        ];
        let panels = flat(&panels, &[(100, 100); 2]).unwrap();
        for panel in &panels {
            assert!((panel.fast[0] - 0.5 * cos).abs() < 1e-12 && panel.fast[1].abs() < 1e-12);
            assert!((panel.slow[1] - 0.5).abs() < 1e-12);
        }
        // the edges meet
        let end = panels[0].at(100.0, 0.0);
        assert!((end[0] - panels[1].corner[0]).abs() < 1e-9 && (end[1] - panels[1].corner[1]).abs() < 1e-9);
    }

    #[test]
    fn panels_all_around_the_sample_are_seen_from_nowhere() {
        let around = [
            placement([-10.0, 10.0, -100.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]),
            placement([-10.0, 10.0, 100.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]),
        ];
        assert!(flat(&around, &[(40, 40); 2]).is_none());
        assert!(flat(&around[..1], &[(40, 40); 2]).is_none() && flat(&[], &[]).is_none());
        let nowhere = placement([0.0; 3], [f64::NAN; 3], [0.0; 3]);
        assert!(flat(&[nowhere], &[(4, 4)]).is_none());
    }
}
