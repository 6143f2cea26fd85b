//! A picture to look at (`.png`): an image in grey or colour with resolution rings. It holds no data and is not read
//! back.

mod canvas;
mod color;
mod contrast;
pub mod figure;
mod layout;
mod paper;
mod part;
mod sheet;
mod text;
mod ticks;

use std::io::{self, Write};

use rayon::prelude::*;

use ::png::{BitDepth, ColorType, DeflateCompression, Encoder, Filter};

pub use color::ColorMap;
pub use contrast::{Limit, Scale};

use super::c_format::G;
use super::metadata::Metadata;
use bragg::image::Recording;
use canvas::Canvas;
use color::Rgb;
use contrast::Contrast;
use sheet::Sheet;

/// How a picture looks.
#[derive(Debug, Clone, PartialEq)]
pub struct Style {
    /// How intensities are spread over the levels of grey.
    pub scale: Scale,
    /// The intensity of the first level.
    pub low: Limit,
    /// The intensity of the last level.
    pub high: Limit,
    /// How levels become colours.
    pub color_map: ColorMap,
    /// Resolution rings, each with its label; only on one flat panel normal to the beam.
    pub resolution_rings: Rings,
    /// A cross where the beam meets the detector; only on one panel.
    pub beam_cross: bool,
    /// Images with more pixels than this along either axis are binned down.
    pub max_width: usize,
    /// What becomes of the pixels that are binned into one.
    pub binning: Binning,
    /// The panel that is shown; all when `None`.
    pub panel: Option<usize>,
    /// The pixels of a panel that are shown: first and last along fast, first and last along slow, ends included; all when `None`.
    pub roi: Option<[usize; 4]>,
    /// How many dots a pixel is wide; when `None`, one, or of a part as many as make it some 600 dots wide.
    pub zoom: Option<usize>,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            scale: Scale::default(),
            low: Limit::Percentile(1.0),
            high: Limit::Percentile(99.995),
            color_map: ColorMap::default(),
            resolution_rings: Rings::default(),
            beam_cross: false,
            max_width: 2048,
            binning: Binning::default(),
            panel: None,
            roi: None,
            zoom: None,
        }
    }
}

/// Where resolution rings are drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Rings {
    /// Where [`even_rings`] finds round numbers.
    Auto,
    /// At these resolutions (Å).
    At(Vec<f64>),
}

impl Default for Rings {
    fn default() -> Self {
        Self::At(Vec::new())
    }
}

impl Rings {
    /// Whether there is anything to draw.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::At(rings) if rings.is_empty())
    }

    /// The resolutions (Å) for an image of `size` (fast, slow) pixels.
    fn on(&self, metadata: &Metadata, size: (usize, usize)) -> Vec<f64> {
        match self {
            Self::Auto => even_rings(metadata, size),
            Self::At(rings) => rings.clone(),
        }
    }
}

/// What becomes of pixels that are binned into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Binning {
    /// The highest, so that sharp spots stay.
    #[default]
    Max,
    /// Their mean.
    Mean,
    /// The one farthest from 0, for differences; no setting asks for it.
    Farthest,
}

impl Binning {
    /// Every binning and its name in settings.
    pub const ALL: [(&'static str, Self); 2] = [("max", Self::Max), ("mean", Self::Mean)];
}

/// Resolutions (Å) of up to four rings, round numbers that divide the way from the beam to the farthest edge of an
/// image of `size` (fast, slow) pixels about evenly.
pub fn even_rings(metadata: &Metadata, (n_fast, n_slow): (usize, usize)) -> Vec<f64> {
    const ROUND: [f64; 36] = [
        100.0, 80.0, 60.0, 50.0, 40.0, 30.0, 25.0, 20.0, 15.0, 12.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.5, 4.0, 3.5, 3.0,
        2.7, 2.5, 2.2, 2.0, 1.8, 1.7, 1.6, 1.5, 1.4, 1.3, 1.2, 1.1, 1.0, 0.9, 0.8, 0.7,
    ];
    let (fast, slow) = metadata.beam_center;
    let farthest = [fast, n_fast as f64 - fast, slow, n_slow as f64 - slow].into_iter().fold(0.0, f64::max);
    let mut rings = Vec::new();
    for i in 1..=4 {
        let wanted = farthest * (f64::from(i) - 0.05) / 4.0;
        let off = |d: f64| metadata.ring_radius(d).map_or(f64::INFINITY, |radius| (radius - wanted).abs());
        let nearest = ROUND.into_iter().min_by(|&a, &b| off(a).total_cmp(&off(b)));
        rings.extend(nearest.filter(|&d| off(d) < farthest / 8.0 && !rings.contains(&d)));
    }
    rings
}

/// Whether rings and cross can be drawn on a recording: on one panel, and rings only where the detector is normal to
/// the beam.
pub fn can_draw_rings(recording: &Recording, metadata: &Metadata) -> bool {
    recording.panel_sizes().len() == 1 && metadata.is_normal_to_beam()
}

/// Draws the image. Several panels lie where they are, seen along their mean normal, or in rows where that is not known. Masked pixels, counts
/// below 0 (the usual flags of gaps and bad pixels) and values that are not numbers get a grey of their own.
pub fn write(w: &mut dyn Write, recording: &Recording, metadata: &Metadata, style: &Style) -> io::Result<()> {
    let flagged = metadata.flagged(recording);
    let part = style.part(&flagged, metadata);
    let (recording, metadata) =
        part.as_ref().map_or((&*flagged, metadata), |(recording, metadata)| (recording, metadata));
    let sheet = Sheet::new(recording, &metadata.panels, style);
    let contrast = Contrast::new(&sheet.values, style.scale, style.low, style.high);
    let zoom = style.magnification(sheet.width.max(sheet.height));
    style.check_dots(sheet.width, sheet.height).map_err(io::Error::other)?;
    let sheet = sheet.magnified(zoom);
    let (Ok(width), Ok(height)) = (u32::try_from(sheet.width), u32::try_from(sheet.height)) else {
        return Err(io::Error::other("the image is too large for a PNG file"));
    };
    let one_panel = recording.panel_sizes().len() == 1 && metadata.panels.len() <= 1;
    let rings = match recording.panel_sizes()[..] {
        [size] if one_panel && can_draw_rings(recording, metadata) => style.resolution_rings.on(metadata, size),
        _ => Vec::new(),
    };
    let cross = style.beam_cross && one_panel;
    let is_grey = style.color_map.is_grey() && rings.is_empty() && !cross;

    let (table, void) = (style.color_map.table(), style.color_map.void());
    let color = |&value: &f32| if value.is_nan() { void } else { table[usize::from(contrast.level(value))] };
    let mut encoder = Encoder::new(w, width, height);
    encoder.set_color(if is_grey { ColorType::Grayscale } else { ColorType::Rgb });
    encoder.set_depth(BitDepth::Eight);
    // Noise gains nothing from filters and little from effort: as small as the defaults make it, in a third of the
    // time.
    encoder.set_filter(Filter::NoFilter);
    encoder.set_deflate_compression(DeflateCompression::Level(2));
    encoder.add_text_chunk("Software".into(), "bragg".into()).map_err(io::Error::other)?;
    let [low, high] = [contrast.low, contrast.high].map(G);
    let unit = if matches!(recording, Recording::Photons(_)) { "photons" } else { "counts" };
    let text = format!("{:?} scale from {low} to {high} {unit}, {:?}", style.scale, style.color_map);
    encoder.add_text_chunk("Description".into(), text).map_err(io::Error::other)?;
    let mut writer = encoder.write_header().map_err(io::Error::other)?;
    if is_grey {
        let bytes: Vec<u8> = sheet.values.par_iter().map(|value| color(value)[0]).collect();
        writer.write_image_data(&bytes).map_err(io::Error::other)?;
    } else {
        let mut pixels: Vec<Rgb> = sheet.values.par_iter().map(color).collect();
        let dots = zoom as f64 / sheet.bin as f64;
        draw(&mut pixels, &sheet, dots, metadata, style.color_map, &rings, cross);
        writer.write_image_data(pixels.as_flattened()).map_err(io::Error::other)?;
    }
    writer.finish().map_err(io::Error::other)
}

/// Draws rings and cross over the picture, on which `dots` are as wide as a pixel.
fn draw(pixels: &mut [Rgb], sheet: &Sheet, dots: f64, metadata: &Metadata, map: ColorMap, rings: &[f64], cross: bool) {
    let (ink, halo) = map.ink_and_halo();
    let scale = (sheet.width.min(sheet.height) as f64 / 600.0).clamp(1.0, 4.0);
    let mut canvas = Canvas { width: sheet.width, height: sheet.height, pixels, ink, halo, scale };
    let center = (metadata.beam_center.0 * dots, metadata.beam_center.1 * dots);
    if cross {
        canvas.cross(center);
    }
    let rings: Vec<_> =
        rings.iter().filter_map(|&d| metadata.ring_radius(d).map(|radius| (d, radius * dots))).collect();
    rings.iter().for_each(|&(_, radius)| canvas.circle(center, radius));
    for (d, radius) in rings {
        let text = format!("{} Å", G(d));
        if let Some((x, y)) = label_place(&canvas, &text, center, radius) {
            canvas.label(&text, x, y);
        }
    }
}

/// Where the label of a ring fits on the picture: on the ring, to the upper right of the beam or else where there is
/// room.
fn label_place(canvas: &Canvas<'_>, text: &str, center: (f64, f64), radius: f64) -> Option<(usize, usize)> {
    let (width, height) = canvas.label_size(text);
    if radius < width as f64 {
        return None;
    }
    let degrees = [-45.0, 45.0, 135.0, -135.0].into_iter().chain((0..24).map(|i| f64::from(15 * i)));
    let mut places = degrees.map(|degrees: f64| {
        let (sin, cos) = degrees.to_radians().sin_cos();
        (center.0 + radius * cos - width as f64 / 2.0, center.1 + radius * sin - height as f64 / 2.0)
    });
    let fits = |&(x, y): &(f64, f64)| {
        x >= 0.0 && y >= 0.0 && x + width as f64 <= canvas.width as f64 && y + height as f64 <= canvas.height as f64
    };
    places.find(fits).map(|(x, y)| (x.round() as usize, y.round() as usize))
}
