//! Lines and labels over an image.

use super::color::{Rgb, mix};
use super::text::Line;

/// A picture in colour to draw on. Coordinates run from the outer corner of the first pixel, x along fast, y along
/// slow.
pub(super) struct Canvas<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Row after row.
    pub(super) pixels: &'a mut [Rgb],
    pub(super) ink: Rgb,
    pub(super) halo: Rgb,
    /// Magnification of lines and labels.
    pub(super) scale: f64,
}

impl Canvas<'_> {
    fn blend(&mut self, x: usize, y: usize, color: Rgb, part: f64) {
        if x < self.width
            && let Some(pixel) = self.pixels.get_mut(y * self.width + x)
        {
            *pixel = mix(*pixel, color, part);
        }
    }

    /// A circle with smooth edges.
    pub(super) fn circle(&mut self, (center_x, center_y): (f64, f64), radius: f64) {
        let half_width = 0.25 + 0.25 * self.scale;
        let (inner, outer) = (radius - half_width - 1.0, radius + half_width + 1.0);
        for y in rows(center_y - outer, center_y + outer, self.height) {
            let dy = y as f64 + 0.5 - center_y;
            let reach = (outer * outer - dy * dy).max(0.0).sqrt();
            let hole = (inner.max(0.0).powi(2) - dy * dy).max(0.0).sqrt();
            // The rows of a ring are two short stretches, left and right of its hole.
            let left = rows(center_x - reach, center_x - hole, self.width);
            let right = rows(center_x + hole, center_x + reach, self.width);
            let right = right.start.max(left.end)..right.end;
            for x in left.chain(right) {
                let distance = (x as f64 + 0.5 - center_x).hypot(dy) - radius;
                self.blend(x, y, self.ink, 0.65 * (half_width + 0.5 - distance.abs()).clamp(0.0, 1.0));
            }
        }
    }

    /// A cross whose middle is left free.
    pub(super) fn cross(&mut self, (center_x, center_y): (f64, f64)) {
        let scale = self.scale;
        let (free, arm, half_width) = (2.5 * scale, 9.0 * scale, 0.25 + 0.25 * scale);
        for y in rows(center_y - arm - 1.0, center_y + arm + 1.0, self.height) {
            for x in rows(center_x - arm - 1.0, center_x + arm + 1.0, self.width) {
                let (dx, dy) = ((x as f64 + 0.5 - center_x).abs(), (y as f64 + 0.5 - center_y).abs());
                let (along, across) = (dx.max(dy), dx.min(dy));
                let part = (half_width + 0.5 - across).clamp(0.0, 1.0);
                let ends = (arm + 0.5 - along).clamp(0.0, 1.0) * (along - free + 0.5).clamp(0.0, 1.0);
                self.blend(x, y, self.ink, 0.9 * part * ends);
            }
        }
    }

    /// The height of an em of labels (dots).
    fn em(&self) -> f32 {
        12.0 * self.scale as f32
    }

    /// How far the halo of labels reaches (dots).
    fn halo_width(&self) -> usize {
        (self.em() / 10.0).round().max(1.0) as usize
    }

    /// Width and height of a label with its halo (pixels).
    pub(super) fn label_size(&self, text: &str) -> (usize, usize) {
        let (line, halo) = (Line::new(text, self.em()), 2 * self.halo_width());
        (line.width + halo, line.height + halo)
    }

    /// A label with its upper left corner at (x, y).
    pub(super) fn label(&mut self, text: &str, x: usize, y: usize) {
        let (line, halo) = (Line::new(text, self.em()), self.halo_width() as i64);
        let (width, height) = (line.width as i64 + 2 * halo, line.height as i64 + 2 * halo);
        for (row, column) in (0..height).flat_map(|row| (0..width).map(move |column| (row, column))) {
            let (x, y) = (x + column as usize, y + row as usize);
            let (row, column) = (row - halo, column - halo);
            let disc = (-halo..=halo).flat_map(|dy| (-halo..=halo).map(move |dx| (dx, dy)));
            let near = disc.filter(|(dx, dy)| dx * dx + dy * dy <= halo * halo);
            let around = near.map(|(dx, dy)| line.at(column + dx, row + dy)).fold(0.0, f32::max);
            self.blend(x, y, self.halo, 0.85 * f64::from(around));
            self.blend(x, y, self.ink, f64::from(line.at(column, row)));
        }
    }
}

/// The rows (or columns) of an image whose middles may lie between two coordinates.
fn rows(from: f64, to: f64, n: usize) -> std::ops::Range<usize> {
    let edge = |coordinate: f64| coordinate.clamp(0.0, n as f64) as usize;
    let start = edge(from.floor());
    start..edge(to.ceil()).max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: usize, height: usize, draw: impl Fn(&mut Canvas<'_>)) -> Vec<Rgb> {
        let mut pixels = vec![[0; 3]; width * height];
        draw(&mut Canvas { width, height, pixels: &mut pixels, ink: [255; 3], halo: [1, 0, 0], scale: 1.0 });
        pixels
    }

    #[test]
    fn a_circle_is_where_its_radius_is() {
        let (width, height, center, radius) = (60, 50, (20.25, 25.5), 18.0);
        let pixels = drawn(width, height, |canvas| canvas.circle(center, radius));
        for (i, pixel) in pixels.iter().enumerate() {
            let distance = ((i % width) as f64 + 0.5 - center.0).hypot((i / width) as f64 + 0.5 - center.1);
            if (distance - radius).abs() < 0.4 {
                assert!(pixel[0] > 100, "{i}");
            }
            if (distance - radius).abs() > 1.1 {
                assert_eq!(pixel[0], 0, "{i}");
            }
        }
    }

    #[test]
    fn drawing_beyond_the_edges_is_harmless() {
        for center in [(-50.0, 3.0), (4.0, 1e12), (1e300, -1e300)] {
            for radius in [0.3, 60.0, 1e6] {
                drawn(8, 6, |canvas| {
                    canvas.circle(center, radius);
                    canvas.cross(center);
                });
            }
        }
        drawn(8, 6, |canvas| canvas.label("2.0 Å", 5, 3));
    }

    #[test]
    fn a_label_is_ink_within_a_halo_within_its_size() {
        let (width, height) = (60, 40);
        let draw = |text: &'static str| drawn(width, height, move |canvas| canvas.label(text, 5, 3));
        let pixels = draw("H");
        let [ink, halo] = [|c: u8| c > 120, |c: u8| c <= 1].map(|is| {
            (0..pixels.len())
                .filter(|&i| is(pixels[i][0]) && pixels[i] != [0; 3])
                .map(|i| (i % width, i / width))
                .collect::<Vec<_>>()
        });
        assert!(!ink.is_empty() && !halo.is_empty());
        let canvas = |pixels| Canvas { width, height, pixels, ink: [255; 3], halo: [1, 0, 0], scale: 1.0 };
        let size = canvas(&mut [[0; 3]]).label_size("H");
        for (x, y) in ink.iter().chain(&halo) {
            assert!((5..5 + size.0).contains(x) && (3..3 + size.1).contains(y), "{x} {y} {size:?}");
        }
        // two uprights and a bar between them
        let rows: Vec<usize> = (0..height).filter(|row| ink.iter().filter(|(_, y)| y == row).count() >= 2).collect();
        assert!((8..=10).contains(&rows.len()), "{rows:?}");
        assert_eq!(draw(""), vec![[0; 3]; width * height]);
    }
}
