//! White paper to draw figures on.

use std::io::{self, Write};

use ::png::{BitDepth, ColorType, Encoder};

use super::color::{Rgb, mix};
use super::text::Line;

pub(super) const BLACK: Rgb = [0; 3];
pub(super) const GREY: Rgb = [150; 3];
const WHITE: Rgb = [255; 3];

/// Which point of a text is put to a place, along either axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// White paper.
pub(super) struct Paper {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<Rgb>,
}

impl Paper {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![WHITE; width * height] }
    }

    pub(super) fn dot(&mut self, x: usize, y: usize, color: Rgb) {
        self.blend(x as i64, y as i64, color, 1.0);
    }

    fn blend(&mut self, x: i64, y: i64, color: Rgb, part: f64) {
        if let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y))
            && x < self.width
            && let Some(pixel) = self.pixels.get_mut(y * self.width + x)
        {
            *pixel = mix(*pixel, color, part);
        }
    }

    /// A text whose point along x and y is at a place; returns where it ends along x.
    pub(super) fn text(
        &mut self,
        line: &Line,
        color: Rgb,
        (x, y): (usize, usize),
        along: Anchor,
        down: Anchor,
    ) -> usize {
        let start = |place: usize, length: usize, anchor: Anchor| match anchor {
            Anchor::Start => place as i64,
            Anchor::Middle => place as i64 - (length / 2) as i64,
            Anchor::End => place as i64 - length as i64,
        };
        let (left, top) = (start(x, line.width, along), start(y, line.height, down));
        for (i, &ink) in line.ink.iter().enumerate().filter(|(_, ink)| **ink > 0.0) {
            let (column, row) = ((i % line.width) as i64, (i / line.width) as i64);
            self.blend(left + column, top + row, color, ink.into());
        }
        usize::try_from(left).unwrap_or(0) + line.width
    }

    pub(super) fn across(&mut self, columns: std::ops::Range<usize>, y: usize, color: Rgb) {
        columns.for_each(|x| self.dot(x, y, color));
    }

    pub(super) fn down(&mut self, x: usize, rows: std::ops::Range<usize>, color: Rgb) {
        rows.for_each(|y| self.dot(x, y, color));
    }

    /// The outline of a rectangle, around what it holds.
    pub(super) fn frame(&mut self, (left, top): (usize, usize), (width, height): (usize, usize)) {
        let (left, top) = (left.saturating_sub(1), top.saturating_sub(1));
        let (right, bottom) = (left + width + 1, top + height + 1);
        [top, bottom].into_iter().for_each(|y| self.across(left..right + 1, y, BLACK));
        [left, right].into_iter().for_each(|x| self.down(x, top..bottom + 1, BLACK));
    }

    /// A straight line with smooth edges, two dots thick.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), color: Rgb) {
        const HALF: f64 = 1.0;
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        let range = |a: f64, b: f64, n: usize| {
            let edge = |x: f64| x.clamp(0.0, n as f64) as i64;
            edge((a.min(b) - HALF - 1.0).floor())..edge((a.max(b) + HALF + 1.0).ceil())
        };
        for y in range(from.1, to.1, self.height) {
            for x in range(from.0, to.0, self.width) {
                let (px, py) = (x as f64 + 0.5 - from.0, y as f64 + 0.5 - from.1);
                let along = if length > 0.0 { ((px * dx + py * dy) / (length * length)).clamp(0.0, 1.0) } else { 0.0 };
                let distance = (px - along * dx).hypot(py - along * dy);
                self.blend(x, y, color, (HALF + 0.5 - distance).clamp(0.0, 1.0));
            }
        }
    }

    pub(super) fn write(&self, w: &mut dyn Write) -> io::Result<()> {
        let (Ok(width), Ok(height)) = (u32::try_from(self.width), u32::try_from(self.height)) else {
            return Err(io::Error::other("the picture is too large for a PNG file"));
        };
        let mut encoder = Encoder::new(w, width, height);
        encoder.set_color(ColorType::Rgb);
        encoder.set_depth(BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(io::Error::other)?;
        writer.write_image_data(self.pixels.as_flattened()).map_err(io::Error::other)?;
        writer.finish().map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_run_from_end_to_end() {
        let mut paper = Paper::new(40, 30);
        paper.line((5.0, 10.0), (35.0, 10.0), BLACK);
        // two dots thick
        assert_eq!([8, 9, 10, 11].map(|y| paper.pixels[y * 40 + 20] == BLACK), [false, true, true, false]);
        assert_eq!(paper.pixels[10 * 40 + 2], WHITE);
        assert_eq!(paper.pixels[10 * 40 + 38], WHITE);
        for end in [(1e300, -1e300), (-50.0, 4.0)] {
            paper.line((3.0, 3.0), end, BLACK);
        }
    }

    #[test]
    fn text_is_where_it_is_anchored() {
        let line = Line::new("HH", 20.0);
        for (anchor, expected) in
            [(Anchor::Start, 50), (Anchor::Middle, 50 - line.width / 2), (Anchor::End, 50 - line.width)]
        {
            let mut paper = Paper::new(100, 60);
            let end = paper.text(&line, BLACK, (50, 20), anchor, Anchor::Start);
            assert_eq!(end, expected + line.width);
            let inked: Vec<usize> = (0..6000).filter(|&i| paper.pixels[i][0] < 128).map(|i| i % 100).collect();
            let (first, last) = (*inked.iter().min().unwrap(), *inked.iter().max().unwrap());
            assert!(first >= expected && last < end && last - first > line.width / 2, "{first} {last}");
        }
    }
}
