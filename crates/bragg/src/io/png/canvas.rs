//! Lines and labels over an image.

use font8x8::UnicodeFonts;

use super::color::{Rgb, mix};

/// Edge of a character (pixels, before magnification).
const GLYPH: usize = 8;

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
    pub(super) zoom: usize,
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
        let half_width = 0.25 + 0.25 * self.zoom as f64;
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
        let zoom = self.zoom as f64;
        let (free, arm, half_width) = (2.5 * zoom, 9.0 * zoom, 0.25 + 0.25 * zoom);
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

    /// Width and height of a label with its halo (pixels).
    pub(super) fn label_size(&self, text: &str) -> (usize, usize) {
        ((columns(text).len() + 2) * self.zoom, (GLYPH + 2) * self.zoom)
    }

    /// A label with its upper left corner at (x, y).
    pub(super) fn label(&mut self, text: &str, x: usize, y: usize) {
        let columns = columns(text);
        let is_ink = |column: usize, row: usize| {
            let rows = columns.get(column.wrapping_sub(1)).copied().unwrap_or(0);
            (1..=GLYPH).contains(&row) && rows >> (row - 1) & 1 == 1
        };
        let around = |at: usize| at.saturating_sub(1)..=at + 1;
        for row in 0..GLYPH + 2 {
            for column in 0..columns.len() + 2 {
                let (color, part) = if is_ink(column, row) {
                    (self.ink, 1.0)
                } else if around(row).any(|row| around(column).any(|column| is_ink(column, row))) {
                    (self.halo, 0.8)
                } else {
                    continue;
                };
                for i in 0..self.zoom * self.zoom {
                    let (i_x, i_y) = (i % self.zoom, i / self.zoom);
                    self.blend(x + column * self.zoom + i_x, y + row * self.zoom + i_y, color, part);
                }
            }
        }
    }
}

/// The columns of a text from left to right, the lowest bit on top: each character as wide as it is, a pixel apart.
fn columns(text: &str) -> Vec<u8> {
    let mut columns = Vec::new();
    for character in text.chars() {
        let glyph = glyph(character);
        let column = |i: usize| glyph.iter().enumerate().fold(0, |bits, (row, line)| bits | (line >> i & 1) << row);
        let inked: Vec<u8> = (0..GLYPH).map(column).skip_while(|&bits| bits == 0).collect();
        let width = inked.iter().rposition(|&bits| bits != 0).map_or(0, |last| last + 1);
        columns.extend_from_slice(&inked[..width]);
        columns.extend(if width == 0 { [0, 0, 0].as_slice() } else { &[0] });
    }
    columns.pop();
    columns
}

/// The rows (or columns) of an image whose middles may lie between two coordinates.
fn rows(from: f64, to: f64, n: usize) -> std::ops::Range<usize> {
    let edge = |coordinate: f64| coordinate.clamp(0.0, n as f64) as usize;
    let start = edge(from.floor());
    start..edge(to.ceil()).max(start)
}

/// The rows of a character, the lowest bit to the left; a blank where the font has none.
fn glyph(character: char) -> [u8; GLYPH] {
    font8x8::BASIC_FONTS.get(character).or_else(|| font8x8::LATIN_FONTS.get(character)).unwrap_or([0; GLYPH])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: usize, height: usize, draw: impl Fn(&mut Canvas<'_>)) -> Vec<Rgb> {
        let mut pixels = vec![[0; 3]; width * height];
        draw(&mut Canvas { width, height, pixels: &mut pixels, ink: [255; 3], halo: [1, 0, 0], zoom: 1 });
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
    fn a_label_has_the_fonts_pixels_and_a_halo() {
        let pixels = drawn(20, 10, |canvas| canvas.label("L", 0, 0));
        let expected = font8x8::BASIC_FONTS.get('L').unwrap();
        let left = expected.iter().map(|bits| bits.trailing_zeros()).min().unwrap() as usize;
        for (row, bits) in expected.iter().enumerate() {
            for column in left..8 {
                let is_ink = pixels[(row + 1) * 20 + column - left + 1] == [255; 3];
                assert_eq!(is_ink, bits >> column & 1 == 1, "{row} {column}");
            }
        }
        assert!(pixels.contains(&[1, 0, 0]));
        assert_ne!(glyph('Å'), [0; 8]);
    }

    #[test]
    fn text_is_set_a_pixel_apart() {
        let (l, space) = (columns("L"), columns("L L"));
        assert_eq!(columns("LL"), [&l[..], &[0], &l].concat());
        assert_eq!(space, [&l[..], &[0, 0, 0, 0], &l].concat());
        assert!(columns("").is_empty() && columns(" ").len() < 8);
    }
}
