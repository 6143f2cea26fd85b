//! A picture to look at (`.png`): an image in grey or colour with resolution rings. It holds no data and is not read
//! back.

mod canvas;
mod color;
mod contrast;
pub mod figure;

use std::io::{self, Write};

use rayon::prelude::*;

use ::png::{BitDepth, ColorType, DeflateCompression, Encoder, Filter};

pub use color::ColorMap;
pub use contrast::{Limit, Scale};

use super::c_format::G;
use super::metadata::Metadata;
use crate::image::{PanelImage, Recording};
use canvas::Canvas;
use color::Rgb;
use contrast::Contrast;

/// Free pixels between panels.
const GAP: usize = 4;

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

/// Draws the image. Several panels are laid out in rows. Masked pixels, counts below 0 (the usual flags of gaps and bad pixels) and values
/// that are not numbers get a grey of their own.
pub fn write(w: &mut dyn Write, recording: &Recording, metadata: &Metadata, style: &Style) -> io::Result<()> {
    let recording = &*metadata.flagged(recording);
    let sheet = Sheet::new(recording, style);
    let contrast = Contrast::new(&sheet.values, style.scale, style.low, style.high);
    let (Ok(width), Ok(height)) = (u32::try_from(sheet.width), u32::try_from(sheet.height)) else {
        return Err(io::Error::other("the image is too large for a PNG file"));
    };
    let one_panel = recording.panel_sizes().len() == 1;
    let rings = match recording.panel_sizes()[..] {
        [size] if can_draw_rings(recording, metadata) => style.resolution_rings.on(metadata, size),
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
        draw(&mut pixels, &sheet, metadata, style.color_map, &rings, cross);
        writer.write_image_data(pixels.as_flattened()).map_err(io::Error::other)?;
    }
    writer.finish().map_err(io::Error::other)
}

fn draw(pixels: &mut [Rgb], sheet: &Sheet, metadata: &Metadata, map: ColorMap, rings: &[f64], cross: bool) {
    let (ink, halo) = map.ink_and_halo();
    let zoom = ((sheet.width.min(sheet.height) + 300) / 600).clamp(1, 4);
    let mut canvas = Canvas { width: sheet.width, height: sheet.height, pixels, ink, halo, zoom };
    let bin = sheet.bin as f64;
    let center = (metadata.beam_center.0 / bin, metadata.beam_center.1 / bin);
    if cross {
        canvas.cross(center);
    }
    let rings: Vec<_> = rings.iter().filter_map(|&d| metadata.ring_radius(d).map(|radius| (d, radius / bin))).collect();
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

/// All panels on one sheet of paper, binned; NaN where there is nothing.
struct Sheet {
    width: usize,
    height: usize,
    values: Vec<f32>,
    bin: usize,
}

impl Sheet {
    fn new(recording: &Recording, style: &Style) -> Self {
        let sizes = recording.panel_sizes();
        let cell = (
            sizes.iter().map(|size| size.0).max().unwrap_or(0).max(1),
            sizes.iter().map(|size| size.1).max().unwrap_or(0).max(1),
        );
        // So many columns that the sheet is about as wide as high.
        let n_columns = ((sizes.len() * cell.1) as f64 / cell.0 as f64).sqrt().ceil() as usize;
        let n_columns = n_columns.clamp(1, sizes.len().max(1));
        let n_rows = sizes.len().div_ceil(n_columns).max(1);
        let longest = (cell.0 * n_columns).max(cell.1 * n_rows);
        let bin = longest.div_ceil(style.max_width.max(1)).max(1);
        let cell = (cell.0.div_ceil(bin), cell.1.div_ceil(bin));
        let width = n_columns * (cell.0 + GAP) - GAP;
        let height = n_rows * (cell.1 + GAP) - GAP;
        let mut sheet = Self { width, height, values: vec![f32::NAN; width * height], bin };
        for i_panel in 0..sizes.len() {
            let corner = (i_panel % n_columns * (cell.0 + GAP), i_panel / n_columns * (cell.1 + GAP));
            match recording {
                Recording::Photons(image) => {
                    sheet.place(&image.panels[i_panel], corner, style.binning, |&photons| photons)
                }
                Recording::Counts(image) => sheet.place(&image.panels[i_panel], corner, style.binning, |&count| {
                    if count < 0 { f32::NAN } else { count as f32 }
                }),
            }
        }
        sheet
    }

    /// Bins one panel onto the sheet, its first pixel to `corner`.
    fn place<T: Sync>(
        &mut self,
        panel: &PanelImage<T>,
        corner: (usize, usize),
        binning: Binning,
        value: impl Fn(&T) -> f32 + Sync,
    ) {
        let (n_fast, bin) = (panel.n_fast(), self.bin);
        if panel.pixels().is_empty() {
            return;
        }
        let rows = self.values.par_chunks_mut(self.width).skip(corner.1);
        rows.zip(panel.pixels().par_chunks(n_fast * bin)).for_each(|(row_of_sheet, band)| {
            let mut counts = vec![0u32; n_fast.div_ceil(bin)];
            let binned = &mut row_of_sheet[corner.0..corner.0 + counts.len()];
            for row in band.chunks(n_fast) {
                for (group, (binned, count)) in row.chunks(bin).zip(binned.iter_mut().zip(&mut counts)) {
                    for value in group.iter().map(&value).filter(|value| !value.is_nan()) {
                        *binned = match binning {
                            Binning::Max => binned.max(value), // the number where the other is NaN
                            Binning::Mean if *count == 0 => value,
                            Binning::Mean => *binned + value,
                            Binning::Farthest if binned.abs() > value.abs() => *binned,
                            Binning::Farthest => value,
                        };
                        *count += 1;
                    }
                }
            }
            if binning == Binning::Mean {
                binned.iter_mut().zip(&counts).filter(|(_, count)| **count > 1).for_each(|(sum, &n)| *sum /= n as f32);
            }
        });
    }
}
