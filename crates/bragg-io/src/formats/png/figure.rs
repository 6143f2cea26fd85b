//! Pictures to compare images by: maps with colour bars side by side, and curves.

use std::io::{self, Write};

use super::color::{ColorMap, Rgb};
use super::contrast::{Contrast, Limit, Scale};
use super::paper::{Anchor, BLACK, GREY, Paper};
use super::text::Line;
use super::ticks::{self, Tick};
use super::{Binning, Sheet, Style};
use bragg::image::{Image, Recording};

/// Edge of a map (dots) that small images are magnified to, at most.
const EDGE: usize = 480;
/// Larger images are binned to so many dots along either axis.
const MOST: usize = 1200;
const MARGIN: usize = 16;
/// Width of a colour bar (dots).
const BAR: usize = 18;
/// Room for the labels of a colour bar or an axis (dots).
const LABELS: usize = 84;
/// Length of the marks of an axis (dots).
const MARK: usize = 5;
/// An em of text (dots).
const EM: f32 = 15.0;
/// An em of the title (dots).
const TITLE: f32 = 19.0;
/// Height of a line of text (dots).
const LINE: usize = 24;
/// The range that logarithmic differences cover: below the largest over this they are linear.
const LOG_RANGE: f64 = 1000.0;
/// The scale ends at the value that so many percent of the pixels do not exceed: a few that are far above are no reason for a blank map.
const HIGHEST: f64 = 99.9;
/// Width and height of the curves' frame (dots).
const FRAME: (usize, usize) = (900, 280);

/// How values become colours.
#[derive(Debug, Clone, Copy)]
pub enum Shades<'a> {
    /// As in a picture of this image, whichever image is drawn.
    Like(&'a Image<f32>, Scale),
    /// Blue below and red above 0, as far as nearly all pixels of the image that is drawn go; the scale is linear or logarithmic.
    Differences(Scale),
}

/// Draws an image several times, with a title above all and a label above each. Larger images are binned: the highest pixel, or the one
/// farthest from 0 of differences. Where there is no number it is grey. What goes beyond the scale has its last colour, and the label
/// says how far it goes.
pub fn maps(w: &mut dyn Write, title: &str, image: &Image<f32>, shades: &[(&str, Shades<'_>)]) -> io::Result<()> {
    let is_difference = shades.iter().any(|(_, shades)| matches!(shades, Shades::Differences(_)));
    let binning = if is_difference { Binning::Farthest } else { Binning::Max };
    let sheet = sheet(image, binning);
    let zoom = (EDGE / sheet.width.max(sheet.height).max(1)).max(1);
    let (width, height) = (sheet.width * zoom, sheet.height * zoom);
    let (left_room, top) = (MARGIN + LABELS, MARGIN + 2 * LINE + MARGIN / 2);
    let step = left_room + width.max(8 * EM as usize) + MARGIN + BAR + LABELS;
    let mut paper = Paper::new(shades.len() * step + MARGIN, top + height.max(4 * LINE) + 2 * LINE + MARGIN);
    paper.text(&Line::new(title, TITLE), BLACK, (MARGIN, MARGIN), Anchor::Start, Anchor::Start);
    let has_axes = image.panels.len() == 1;
    for (i, (label, shades)) in shades.iter().enumerate() {
        let left = i * step + left_room;
        let ramp = Ramp::new(*shades, &sheet.values);
        let text = match ramp.beyond(&sheet.values) {
            Some(highest) => format!("{label}; the scale is exceeded up to {}", ticks::short(highest.into())),
            None => (*label).to_owned(),
        };
        paper.text(&Line::new(&text, EM), BLACK, (left, MARGIN + LINE), Anchor::Start, Anchor::Start);
        for y in 0..height {
            for x in 0..width {
                let value = sheet.values.get(y / zoom * sheet.width + x / zoom).copied().unwrap_or(f32::NAN);
                paper.dot(left + x, top + y, ramp.color(value));
            }
        }
        paper.frame((left, top), (width, height));
        if has_axes {
            let pixels = |dots: usize| (dots / zoom * sheet.bin) as f64;
            x_axis(&mut paper, (left, top + height), width, (-0.5, pixels(width) - 0.5), "fast (pixels)");
            y_axis(&mut paper, (left, top), height, (pixels(height) - 0.5, -0.5), "slow");
        }
        bar(&mut paper, &ramp, (left + width + MARGIN, top), height.max(4 * LINE));
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

/// The axis that curves share.
#[derive(Debug, Clone, Copy)]
pub struct Axis<'a> {
    /// What it is.
    pub label: &'a str,
    /// Where the first value of each curve is.
    pub first: usize,
    /// A place to mark.
    pub mark: Option<usize>,
}

/// Draws frames below one another, each with its curves over the same axis.
pub fn curves(w: &mut dyn Write, title: &str, axis: Axis<'_>, frames: &[&[Curve<'_>]]) -> io::Result<()> {
    let (left, step) = (MARGIN + LABELS, FRAME.1 + 3 * LINE);
    let mut paper = Paper::new(left + FRAME.0 + 2 * MARGIN, 2 * MARGIN + 2 * LINE + frames.len() * step);
    paper.text(&Line::new(title, TITLE), BLACK, (MARGIN, MARGIN), Anchor::Start, Anchor::Start);
    for (i, curves) in frames.iter().enumerate() {
        let is_last = i + 1 == frames.len();
        frame(
            &mut paper,
            curves,
            Axis { label: if is_last { axis.label } else { "" }, ..axis },
            (left, MARGIN + 2 * LINE + i * step),
        );
    }
    paper.write(w)
}

fn sheet(image: &Image<f32>, binning: Binning) -> Sheet {
    Sheet::new(&Recording::Photons(image.clone()), &[], &Style { max_width: MOST, binning, ..Style::default() })
}

/// The value at which a scale ends: nearly the highest, and never that of a single pixel; the highest where that is no scale.
fn end(values: impl Iterator<Item = f32>, low: f32) -> f32 {
    let mut values: Vec<f32> = values.filter(|value| value.is_finite()).collect();
    let Some(last) = values.len().checked_sub(1) else { return 0.0 };
    values.sort_unstable_by(f32::total_cmp);
    let nearly = (HIGHEST / 100.0 * last as f64).round() as usize;
    let nearly = values[nearly.min(last.saturating_sub(1))];
    if nearly > low { nearly } else { values[last] }
}

/// Colours of values.
struct Ramp {
    table: [Rgb; 256],
    void: Rgb,
    spread: Spread,
}

enum Spread {
    Values(Contrast, Scale),
    /// The largest magnitude, and whether the scale is linear.
    Differences(f64, bool),
}

impl Ramp {
    fn new(shades: Shades<'_>, values: &[f32]) -> Self {
        let void = [128; 3];
        match shades {
            Shades::Like(image, scale) => {
                let model = sheet(image, Binning::Max);
                let contrast = Contrast::new(&model.values, scale, Style::default().low, Limit::Percentile(100.0));
                let high = end(model.values.iter().copied(), contrast.low as f32);
                let contrast = Contrast::new(&model.values, scale, Style::default().low, Limit::Value(high.into()));
                Self { table: ColorMap::Viridis.table(), void, spread: Spread::Values(contrast, scale) }
            }
            Shades::Differences(scale) => {
                let largest = end(values.iter().map(|value| value.abs()), 0.0);
                let limit = if largest > 0.0 { f64::from(largest) } else { 1.0 };
                let spread = Spread::Differences(limit, scale == Scale::Linear);
                Self { table: ColorMap::BlueRed.table(), void, spread }
            }
        }
    }

    fn color(&self, value: f32) -> Rgb {
        if value.is_nan() { self.void } else { self.table[(self.part(value.into()) * 255.0).round() as usize] }
    }

    /// How far a value is on the way from the bottom of the bar to its top: 0 to 1.
    fn part(&self, value: f64) -> f64 {
        match &self.spread {
            Spread::Values(contrast, _) => contrast.part(value),
            Spread::Differences(limit, is_linear) => {
                let part = (value / limit).clamp(-1.0, 1.0);
                let log = || part.signum() * (part.abs() * LOG_RANGE).ln_1p() / LOG_RANGE.ln_1p();
                (if *is_linear { part } else { log() } + 1.0) / 2.0
            }
        }
    }

    /// The value at a part of the way from the bottom of the bar to its top.
    fn value(&self, part: f64) -> f64 {
        match &self.spread {
            Spread::Values(contrast, _) => contrast.value(part),
            Spread::Differences(limit, is_linear) => {
                let part = 2.0 * part - 1.0;
                let log = || part.signum() * (part.abs() * LOG_RANGE.ln_1p()).exp_m1() / LOG_RANGE;
                limit * if *is_linear { part } else { log() }
            }
        }
    }

    /// The value that is farthest beyond the scale, if any is.
    fn beyond(&self, values: &[f32]) -> Option<f32> {
        let high = self.value(1.0) * (1.0 + 1e-6);
        let is_signed = matches!(self.spread, Spread::Differences(..));
        let size = |value: f32| if is_signed { value.abs() } else { value };
        let farthest =
            values.iter().copied().filter(|value| !value.is_nan()).max_by(|a, b| size(*a).total_cmp(&size(*b)));
        farthest.filter(|&value| f64::from(size(value)) > high)
    }

    /// Marks of the bar: powers of ten of logarithmic scales that cover some, round numbers of others, all a line of text apart.
    fn ticks(&self, height: usize) -> Vec<Tick> {
        let (low, high) = (self.value(0.0), self.value(1.0));
        let zero = || Tick { value: 0.0, label: "0".to_owned() };
        let mut ticks = match &self.spread {
            Spread::Values(contrast, Scale::Log) => {
                let mut ticks = ticks::decades((low + contrast.linear_below() / 2.0).max(f64::MIN_POSITIVE), high);
                ticks.extend((low <= 0.0).then(zero));
                ticks
            }
            Spread::Differences(limit, false) => {
                let above = ticks::decades(limit / LOG_RANGE, *limit);
                let below = |tick: &Tick| Tick { value: -tick.value, label: format!("−{}", tick.label) };
                let ticks: Vec<Tick> = above.iter().flat_map(|tick| [tick.clone(), below(tick)]).collect();
                if ticks.is_empty() { ticks } else { ticks.into_iter().chain([zero()]).collect() }
            }
            _ => Vec::new(),
        };
        if ticks.len() < 2 {
            ticks = ticks::even(low, high);
        }
        let mut kept: Vec<Tick> = Vec::new();
        for tick in ticks {
            let place = |tick: &Tick| self.part(tick.value) * height as f64;
            if kept.iter().all(|other| (place(other) - place(&tick)).abs() >= LINE as f64 * 0.8) {
                kept.push(tick);
            }
        }
        kept
    }
}

/// A colour bar.
fn bar(paper: &mut Paper, ramp: &Ramp, (left, top): (usize, usize), height: usize) {
    let last = height.saturating_sub(1).max(1);
    for y in 0..height {
        let color = ramp.color(ramp.value(1.0 - y as f64 / last as f64) as f32);
        paper.across(left..left + BAR, top + y, color);
    }
    paper.frame((left, top), (BAR, height));
    for Tick { value, label } in ramp.ticks(height) {
        let y = top + ((1.0 - ramp.part(value)) * last as f64).round() as usize;
        paper.across(left + BAR..left + BAR + MARK, y, BLACK);
        let place = (left + BAR + MARK + 4, y);
        paper.text(&Line::new(&label, EM), BLACK, place, Anchor::Start, Anchor::Middle);
    }
}

/// Marks and labels below a frame whose lower left corner is given.
fn x_axis(paper: &mut Paper, (left, bottom): (usize, usize), width: usize, (low, high): (f64, f64), label: &str) {
    for Tick { value, label } in whole(ticks::even(low, high)) {
        let x = left + ((value - low) / (high - low) * width as f64).round() as usize;
        paper.down(x, bottom..bottom + MARK, BLACK);
        paper.text(&Line::new(&label, EM), BLACK, (x, bottom + MARK + 2), Anchor::Middle, Anchor::Start);
    }
    let place = (left + width / 2, bottom + MARK + LINE);
    paper.text(&Line::new(label, EM), BLACK, place, Anchor::Middle, Anchor::Start);
}

/// Marks and labels beside a frame whose upper left corner is given; `low` is at the bottom. The label stands above it.
fn y_axis(paper: &mut Paper, (left, top): (usize, usize), height: usize, (low, high): (f64, f64), label: &str) {
    let marks = if low < high { ticks::even(low, high) } else { whole(ticks::even(high, low)) };
    for Tick { value, label } in marks {
        let y = top + ((high - value) / (high - low) * height as f64).round() as usize;
        paper.across(left.saturating_sub(MARK)..left, y, BLACK);
        paper.text(&Line::new(&label, EM), BLACK, (left.saturating_sub(MARK + 4), y), Anchor::End, Anchor::Middle);
    }
    let place = (left.saturating_sub(MARK + 4), top.saturating_sub(4));
    paper.text(&Line::new(label, EM), BLACK, place, Anchor::End, Anchor::End);
}

/// Marks of pixels: only at whole numbers.
fn whole(ticks: Vec<Tick>) -> Vec<Tick> {
    ticks
        .into_iter()
        .filter(|tick| tick.value.fract() == 0.0)
        .map(|tick| Tick { label: format!("{}", tick.value), ..tick })
        .collect()
}

/// Curves in a frame with its axes; a line of text above it names them.
fn frame(paper: &mut Paper, curves: &[Curve<'_>], axis: Axis<'_>, (left, top): (usize, usize)) {
    let values = || curves.iter().flat_map(|curve| curve.values).copied().filter(|value| value.is_finite());
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let (low, high) = match low {
        _ if low < high && (high - low).is_finite() => (low - 0.04 * (high - low), high + 0.04 * (high - low)),
        level if level.is_finite() => (level - level.abs().max(1.0), level + level.abs().max(1.0)),
        _ => (0.0, 1.0),
    };
    let n = curves.iter().map(|curve| curve.values.len()).max().unwrap_or(0).max(2);
    let (width, height) = FRAME;
    let across = (axis.first as f64, (axis.first + n - 1) as f64);
    let place = |at: f64, value: f64| {
        let x = left as f64 + width as f64 * (at - across.0) / (across.1 - across.0);
        (x, top as f64 + height as f64 * (1.0 - ((value - low) / (high - low)).clamp(0.0, 1.0)))
    };
    if let Some(mark) = axis.mark {
        let (x, _) = place(mark as f64, low);
        (top..top + height).filter(|y| y % 8 < 5).for_each(|y| paper.dot(x.round() as usize, y, GREY));
    }
    if low < 0.0 && high > 0.0 {
        let (_, y) = place(across.0, 0.0);
        paper.across(left..left + width, y.round() as usize, GREY);
    }
    paper.frame((left, top), FRAME);
    x_axis(paper, (left, top + height), width, across, axis.label);
    y_axis(paper, (left, top), height, (low, high), "");
    let mut text_left = left;
    for curve in curves {
        for (i, pair) in curve.values.windows(2).enumerate() {
            if let [from, to] = *pair
                && from.is_finite()
                && to.is_finite()
            {
                let at = (axis.first + i) as f64;
                paper.line(place(at, from), place(at + 1.0, to), curve.color);
            }
        }
        let label = Line::new(curve.label, EM);
        text_left = 2 * MARGIN
            + paper.text(&label, curve.color, (text_left, top.saturating_sub(4)), Anchor::Start, Anchor::End);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bragg::image::PanelImage;

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
    fn one_bright_pixel_leaves_the_others_their_colours() {
        let mut values: Vec<f32> = (0..2500).map(|i| 10.0 + (i % 50) as f32).collect();
        values[77] = 1e9;
        let model = image(&values);
        for scale in [Scale::Log, Scale::Linear] {
            let ramp = Ramp::new(Shades::Like(&model, scale), &values);
            let colors: std::collections::HashSet<Rgb> = values.iter().map(|value| ramp.color(*value)).collect();
            assert!(colors.len() > 40, "{scale:?}: {}", colors.len());
            assert_eq!(ramp.beyond(&values), Some(1e9));
        }
        let ramp = Ramp::new(Shades::Differences(Scale::Linear), &values);
        assert_ne!(ramp.color(10.0), ramp.color(50.0));
        // where there is nothing but one pixel it shows
        let lonely: Vec<f32> = (0..100).map(|i| if i == 3 { 5.0 } else { 0.0 }).collect();
        let ramp = Ramp::new(Shades::Differences(Scale::Linear), &lonely);
        assert_eq!((ramp.color(5.0), ramp.beyond(&lonely)), (ramp.table[255], None));
    }

    #[test]
    fn log_scales_are_marked_at_powers_of_ten() {
        // spots up to 10⁵ on a background
        let value = |i: i32| if i % 20 == 0 { 10_f32.powf(i as f32 / 400.0) } else { 1.0 + (i % 7) as f32 / 100.0 };
        let values: Vec<f32> = (0..2000).map(value).collect();
        let model = image(&values);
        let labels = |shades: Shades<'_>| {
            Ramp::new(shades, &values).ticks(480).into_iter().map(|tick| tick.label).collect::<Vec<_>>()
        };
        let of_values = labels(Shades::Like(&model, Scale::Log));
        assert!(of_values.starts_with(&["10000".into(), "1000".into(), "100".into()]), "{of_values:?}");
        let of_differences = labels(Shades::Differences(Scale::Log));
        for label in ["0", "10000", "−10000", "1000", "−1000"] {
            assert!(of_differences.iter().any(|found| found == label), "{label} in {of_differences:?}");
        }
        // less than a power of ten: round numbers
        let narrow: Vec<f32> = (0..100).map(|i| 20.0 + i as f32 / 10.0).collect();
        let model = image(&narrow);
        let ticks = Ramp::new(Shades::Like(&model, Scale::Log), &narrow).ticks(480);
        assert!(ticks.len() >= 3, "{ticks:?}");
    }

    #[test]
    fn differences_are_white_at_zero_blue_below_and_red_above() {
        let ramp = Ramp::new(Shades::Differences(Scale::Linear), &[-1.0, 0.5, 1.0, f32::NAN]);
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
            let axis = Axis { label: "pixels", first: 0, mark: Some(1) };
            curves(&mut Vec::new(), "title", axis, &[&[curve], &[]]).unwrap();
        }
    }
}
