//! Lines of text as grey dots, in DejaVu Sans, which lies in the program.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use std::sync::LazyLock;

static FACE: LazyLock<Option<FontRef<'static>>> =
    LazyLock::new(|| FontRef::try_from_slice(include_bytes!("font/DejaVuSans.ttf")).ok());

/// A line of text.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pub(super) width: usize,
    pub(super) height: usize,
    /// How much of each dot is ink, row after row: 0 to 1.
    pub(super) ink: Vec<f32>,
}

impl Line {
    /// A text whose lines would be `em` dots apart. Characters that the font does not have are its box.
    pub(super) fn new(text: &str, em: f32) -> Self {
        let Some(face) = FACE.as_ref() else { return Self::default() };
        // the scale of ab_glyph is the height from the deepest to the highest part of any letter
        let face = face.as_scaled(PxScale::from(em * face.height_unscaled() / face.units_per_em().unwrap_or(2048.0)));
        let (mut right, mut before) = (0.0, None);
        let mut glyphs = Vec::new();
        for character in text.chars() {
            let id = face.glyph_id(character);
            right += before.map_or(0.0, |before| face.kern(before, id));
            glyphs.push(id.with_scale_and_position(face.scale(), point(right, face.ascent())));
            right += face.h_advance(id);
            before = Some(id);
        }
        let (width, height) = (right.ceil() as usize, face.height().ceil() as usize);
        let mut line = Self { width, height, ink: vec![0.0; width * height] };
        for outline in glyphs.into_iter().filter_map(|glyph| face.outline_glyph(glyph)) {
            let corner = outline.px_bounds().min;
            outline.draw(|x, y, part| line.add(corner.x as i64 + i64::from(x), corner.y as i64 + i64::from(y), part));
        }
        line
    }

    fn add(&mut self, x: i64, y: i64, part: f32) {
        if let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y))
            && x < self.width
            && let Some(ink) = self.ink.get_mut(y * self.width + x)
        {
            *ink = (*ink + part).min(1.0);
        }
    }

    /// How much of a dot is ink; none beyond the line.
    pub(super) fn at(&self, x: i64, y: i64) -> f32 {
        match (usize::try_from(x), usize::try_from(y)) {
            (Ok(x), Ok(y)) if x < self.width => self.ink.get(y * self.width + x).copied().unwrap_or(0.0),
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The columns and rows that have ink: first and last.
    fn extent(line: &Line) -> [usize; 4] {
        let inked = |i: usize| line.ink[i] > 0.5;
        let all = || (0..line.ink.len()).filter(|&i| inked(i));
        let columns = || all().map(|i| i % line.width);
        let rows = || all().map(|i| i / line.width);
        [columns().min().unwrap(), columns().max().unwrap(), rows().min().unwrap(), rows().max().unwrap()]
    }

    #[test]
    fn letters_have_the_size_that_is_asked_for() {
        // capitals of DejaVu Sans are 1493/2048 of an em high
        for em in [12.0, 24.0, 60.0] {
            let [_, _, top, bottom] = extent(&Line::new("H", em));
            let height = (bottom - top + 1) as f32;
            assert!((height - em * 1493.0 / 2048.0).abs() <= 1.0, "{em}: {height}");
        }
    }

    #[test]
    fn a_bar_is_upright_and_a_dash_is_flat() {
        let extents = ["|", "−"].map(|text| extent(&Line::new(text, 40.0)));
        let [upright, flat] = extents.map(|[left, right, top, bottom]| (right - left + 1, bottom - top + 1));
        assert!(upright.1 > 5 * upright.0 && flat.0 > 4 * flat.1, "{upright:?} {flat:?}");
    }

    #[test]
    fn the_signs_of_the_field_are_there() {
        // what the font does not have is a box
        let missing = Line::new("\u{4e00}", 30.0);
        for sign in "Å°²³⁰⁴⁵⁶⁷⁸⁹⁻µ·×±−–…λθσΣφψωΔ∂≤≥→".chars() {
            let line = Line::new(&sign.to_string(), 30.0);
            assert!(line.ink.iter().any(|&ink| ink > 0.5), "{sign}");
            assert_ne!(line.ink, missing.ink, "{sign}");
        }
        assert_eq!(Line::new("", 20.0).width, 0);
        assert!(Line::new(" ", 20.0).ink.iter().all(|&ink| ink == 0.0));
    }
}
