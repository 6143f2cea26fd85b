//! Pictures to compare images by: maps with colour bars side by side, and curves.

use std::io::{self, Write};

use ::png::{BitDepth, ColorType, Encoder};

use super::canvas::Canvas;
use super::color::{ColorMap, Rgb};
use super::contrast::{Contrast, Limit, Scale};
use super::{Binning, Sheet, Style};
use crate::image::{Image, Recording};
use crate::io::c_format::G;

/// Edge of a map (dots) that small images are magnified to, at most.
const EDGE: usize = 480;
/// Larger images are binned to so many dots along either axis.
const MOST: usize = 1200;
const MARGIN: usize = 16;
/// Width of a colour bar (dots).
const BAR: usize = 18;
/// Room for the labels of a colour bar or an axis (dots).
const LABELS: usize = 150;
/// Magnification of text.
const ZOOM: usize = 2;
/// Height of a line of text (dots).
const LINE: usize = 12 * ZOOM;
/// The range that logarithmic differences cover: below the largest over this they are linear.
const LOG_RANGE: f64 = 1000.0;
/// Width and height of the curves' frame (dots).
const FRAME: (usize, usize) = (900, 280);
const BLACK: Rgb = [0; 3];
const WHITE: Rgb = [255; 3];

/// How values become colours.
#[derive(Debug, Clone, Copy)]
pub enum Shades<'a> {
    /// As in a picture of this image, whichever image is drawn.
    Like(&'a Image<f32>, Scale),
    /// Blue below and red above 0, to the largest magnitude of the image that is drawn; the scale is linear or logarithmic.
    Differences(Scale),
}

/// Draws an image several times, with a title above all and a label above each. Larger images are binned: the highest pixel, or the one
/// farthest from 0 of differences. Where there is no number it is grey.
pub fn maps(w: &mut dyn Write, title: &str, image: &Image<f32>, shades: &[(&str, Shades<'_>)]) -> io::Result<()> {
    let is_difference = shades.iter().any(|(_, shades)| matches!(shades, Shades::Differences(_)));
    let binning = if is_difference { Binning::Farthest } else { Binning::Max };
    let sheet = sheet(image, binning);
    let zoom = (EDGE / sheet.width.max(sheet.height).max(1)).max(1);
    let (width, height) = (sheet.width * zoom, sheet.height * zoom);
    let step = width + MARGIN + BAR + LABELS;
    let top = MARGIN + 2 * LINE;
    let mut paper = Paper::new(MARGIN + shades.len() * step, top + height.max(4 * LINE) + MARGIN);
    paper.text(title, MARGIN, MARGIN);
    for (i, (label, shades)) in shades.iter().enumerate() {
        let left = MARGIN + i * step;
        paper.text(label, left, MARGIN + LINE);
        let ramp = Ramp::new(*shades, &sheet.values);
        for y in 0..height {
            for x in 0..width {
                let value = sheet.values.get(y / zoom * sheet.width + x / zoom).copied().unwrap_or(f32::NAN);
                paper.dot(left + x, top + y, ramp.color(value));
            }
        }
        paper.bar(&ramp, left + width + MARGIN, top, height.max(4 * LINE));
    }
    paper.write(w)
}

/// A curve: its label, its colour and its values.
#[derive(Debug, Clone, Copy)]
pub struct Curve<'a> {
    /// What it is.
    pub label: &'a str,
    /// Red, green, blue.
    pub color: [u8; 3],
    /// One value for each step along the axis; where it is not finite there is a gap.
    pub values: &'a [f64],
}

/// Draws frames below one another, each with its curves over the same axis, whose first value is `first`.
pub fn curves(w: &mut dyn Write, title: &str, first: usize, frames: &[&[Curve<'_>]]) -> io::Result<()> {
    let step = FRAME.1 + 2 * LINE;
    let mut paper = Paper::new(LABELS + FRAME.0 + 4 * MARGIN, MARGIN + LINE + frames.len() * step + MARGIN);
    paper.text(title, MARGIN, MARGIN);
    for (i, curves) in frames.iter().enumerate() {
        paper.frame(curves, first, (LABELS, MARGIN + LINE + i * step + LINE));
    }
    paper.write(w)
}

fn sheet(image: &Image<f32>, binning: Binning) -> Sheet {
    Sheet::new(&Recording::Photons(image.clone()), &Style { max_width: MOST, binning, ..Style::default() })
}

/// Colours of values.
struct Ramp {
    table: [Rgb; 256],
    void: Rgb,
    spread: Spread,
}

enum Spread {
    Values(Contrast),
    /// The largest magnitude, and whether the scale is linear.
    Differences(f64, bool),
}

impl Ramp {
    fn new(shades: Shades<'_>, values: &[f32]) -> Self {
        match shades {
            Shades::Like(image, scale) => {
                let style = Style::default();
                let model = sheet(image, Binning::Max);
                let contrast = Contrast::new(&model.values, scale, style.low, Limit::Percentile(100.0));
                Self { table: ColorMap::Viridis.table(), void: [128; 3], spread: Spread::Values(contrast) }
            }
            Shades::Differences(scale) => {
                let largest = values.iter().filter(|value| value.is_finite()).fold(0.0_f32, |a, b| a.max(b.abs()));
                let limit = if largest > 0.0 { f64::from(largest) } else { 1.0 };
                let table = std::array::from_fn(|level| {
                    let color = colorous::RED_BLUE.eval_rational(255 - level, 256);
                    [color.r, color.g, color.b]
                });
                Self { table, void: [128; 3], spread: Spread::Differences(limit, scale == Scale::Linear) }
            }
        }
    }

    fn color(&self, value: f32) -> Rgb {
        if value.is_nan() {
            return self.void;
        }
        let level = match &self.spread {
            Spread::Values(contrast) => contrast.level(value),
            Spread::Differences(limit, is_linear) => {
                let part = (f64::from(value) / limit).clamp(-1.0, 1.0);
                let log = || part.signum() * (part.abs() * LOG_RANGE).ln_1p() / LOG_RANGE.ln_1p();
                ((if *is_linear { part } else { log() } + 1.0) * 127.5).round() as u8
            }
        };
        self.table[usize::from(level)]
    }

    /// The value at a part of the way from the bottom of the bar to its top.
    fn value(&self, part: f64) -> f64 {
        match &self.spread {
            Spread::Values(contrast) => contrast.value(part),
            Spread::Differences(limit, is_linear) => {
                let part = 2.0 * part - 1.0;
                let log = || part.signum() * (part.abs() * LOG_RANGE.ln_1p()).exp_m1() / LOG_RANGE;
                limit * if *is_linear { part } else { log() }
            }
        }
    }
}

/// White paper to draw on.
struct Paper {
    width: usize,
    height: usize,
    pixels: Vec<Rgb>,
}

impl Paper {
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![WHITE; width * height] }
    }

    fn dot(&mut self, x: usize, y: usize, color: Rgb) {
        if x < self.width
            && let Some(pixel) = self.pixels.get_mut(y * self.width + x)
        {
            *pixel = color;
        }
    }

    fn text(&mut self, text: &str, x: usize, y: usize) {
        self.colored(text, x, y, BLACK);
    }

    fn colored(&mut self, text: &str, x: usize, y: usize, ink: Rgb) {
        let (width, height) = (self.width, self.height);
        Canvas { width, height, pixels: &mut self.pixels, ink, halo: WHITE, zoom: ZOOM }.label(text, x, y);
    }

    /// A colour bar with the values of five of its colours.
    fn bar(&mut self, ramp: &Ramp, left: usize, top: usize, height: usize) {
        let last = height.saturating_sub(1).max(1);
        for y in 0..height {
            let color = ramp.color(ramp.value(1.0 - y as f64 / last as f64) as f32);
            (0..BAR).for_each(|x| self.dot(left + x, top + y, color));
        }
        for i in 0..5 {
            let y = last * i / 4;
            (0..BAR + 4).for_each(|x| self.dot(left + x, top + y, BLACK));
            let text_top = (top + y).saturating_sub(LINE * i / 4);
            self.text(&short(ramp.value(1.0 - i as f64 / 4.0)), left + BAR + 6, text_top);
        }
    }

    /// Curves in a frame with the limits of its axes.
    fn frame(&mut self, curves: &[Curve<'_>], first: usize, (left, top): (usize, usize)) {
        let values = || curves.iter().flat_map(|curve| curve.values).copied().filter(|value| value.is_finite());
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        let (low, high) = match low {
            _ if low < high => (low, high),
            level if level.is_finite() => (level - level.abs().max(1.0), level + level.abs().max(1.0)),
            _ => (0.0, 1.0),
        };
        let n = curves.iter().map(|curve| curve.values.len()).max().unwrap_or(0);
        let (right, bottom) = (left + FRAME.0, top + FRAME.1);
        for x in left..=right {
            [top, bottom].into_iter().for_each(|y| self.dot(x, y, BLACK));
        }
        for y in top..=bottom {
            [left, right].into_iter().for_each(|x| self.dot(x, y, BLACK));
        }
        for i in 0..5 {
            let part = i as f64 / 4.0;
            let y = bottom - FRAME.1 * i / 4;
            (0..6).for_each(|x| self.dot(left + x, y, BLACK));
            self.text(&short(low + part * (high - low)), 4, y.saturating_sub(LINE / 2));
            let (x, at) = (left + FRAME.0 * i / 4, first as f64 + part * n.saturating_sub(1) as f64);
            (0..6).for_each(|y| self.dot(x, bottom - y, BLACK));
            self.text(&G(at.round()).to_string(), x.saturating_sub(LINE), bottom + 4);
        }
        let place = |i: usize, value: f64| {
            let x = left as f64 + FRAME.0 as f64 * i as f64 / n.saturating_sub(1).max(1) as f64;
            (x, bottom as f64 - FRAME.1 as f64 * ((value - low) / (high - low)).clamp(0.0, 1.0))
        };
        let mut text_left = left + MARGIN;
        for curve in curves {
            for (i, pair) in curve.values.windows(2).enumerate() {
                if let [from, to] = *pair
                    && from.is_finite()
                    && to.is_finite()
                {
                    self.line(place(i, from), place(i + 1, to), curve.color);
                }
            }
            self.colored(curve.label, text_left, top.saturating_sub(LINE), curve.color);
            text_left += (curve.label.chars().count() + 4) * 8 * ZOOM;
        }
    }

    /// A straight line, two dots thick.
    fn line(&mut self, from: (f64, f64), to: (f64, f64), color: Rgb) {
        let n = (to.0 - from.0).abs().max((to.1 - from.1).abs()).ceil().clamp(1.0, 1e4);
        for i in 0..=n as usize {
            let part = i as f64 / n;
            let (x, y) = (from.0 + part * (to.0 - from.0), from.1 + part * (to.1 - from.1));
            let (x, y) = (x.round() as usize, y.round() as usize);
            self.dot(x, y, color);
            self.dot(x, y.saturating_sub(1), color);
        }
    }

    fn write(&self, w: &mut dyn Write) -> io::Result<()> {
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

/// A number in few characters.
fn short(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-2..1e5).contains(&magnitude) {
        G((value * 1e3).round() / 1e3).to_string()
    } else {
        format!("{value:.2e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::PanelImage;

    fn image(values: &[f32]) -> Image<f32> {
        Image { panels: vec![PanelImage::new(values.len(), 1, values.to_vec()).unwrap()] }
    }

    #[test]
    fn the_values_on_a_bar_are_those_of_its_colours() {
        let values: Vec<f32> = (0..1000).map(|i| i as f32 * 0.5).collect();
        let model = image(&values);
        for shades in [
            Shades::Like(&model, Scale::Log),
            Shades::Like(&model, Scale::Linear),
            Shades::Differences(Scale::Log),
            Shades::Differences(Scale::Linear),
        ] {
            let ramp = Ramp::new(shades, &values);
            for level in 0..=255_usize {
                let value = ramp.value(level as f64 / 255.0) as f32;
                assert_eq!(ramp.color(value), ramp.table[level], "{shades:?} {level}");
            }
        }
    }

    #[test]
    fn differences_are_white_at_zero_blue_below_and_red_above() {
        let ramp = Ramp::new(Shades::Differences(Scale::Linear), &[-1.0, 0.5, f32::NAN]);
        let [below, zero, above] = [-1.0, 0.0, 1.0].map(|value| ramp.color(value));
        assert!(
            below[2] > below[0] && above[0] > above[2] && zero.iter().all(|c| *c > 230),
            "{below:?} {zero:?} {above:?}"
        );
        assert_eq!(ramp.color(f32::NAN), [128; 3]);
    }

    #[test]
    fn anything_can_be_drawn() {
        for values in [&[1.0, 2.0, 3.0][..], &[0.0; 5], &[f32::NAN; 2], &[f32::INFINITY, -1.0], &[f32::MAX, f32::MIN]] {
            let image = image(values);
            let shades = [("log", Shades::Like(&image, Scale::Log)), ("difference", Shades::Differences(Scale::Log))];
            maps(&mut Vec::new(), "title", &image, &shades).unwrap();
            let values: Vec<f64> = values.iter().map(|&value| value.into()).collect();
            let curve = Curve { label: "r", color: [0; 3], values: &values };
            curves(&mut Vec::new(), "title", 0, &[&[curve], &[]]).unwrap();
        }
    }
}
