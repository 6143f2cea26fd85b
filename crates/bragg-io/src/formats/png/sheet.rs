//! An image, or the panels of one, on one sheet of paper.

use rayon::prelude::*;

use super::layout::{self, Flat};
use super::{Binning, Style};
use crate::formats::metadata::Placement;
use bragg::image::{PanelImage, Recording};

/// Free pixels between panels whose places are unknown.
const GAP: usize = 4;

/// All panels on one sheet of paper, binned; NaN where there is nothing.
pub(super) struct Sheet {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) values: Vec<f32>,
    /// Pixels along either axis in a dot.
    pub(super) bin: usize,
}

impl Sheet {
    /// Panels lie where they are, or in rows where that is not known or cannot be drawn.
    pub(super) fn new(recording: &Recording, placements: &[Placement], style: &Style) -> Self {
        let sizes = recording.panel_sizes();
        match layout::flat(placements, &sizes).filter(|panels| panels.len() > 1) {
            Some(panels) => Self::laid_out(recording, &panels, style),
            None => Self::in_rows(recording, &sizes, style),
        }
    }

    fn blank(width: usize, height: usize, bin: usize) -> Self {
        Self { width, height, values: vec![f32::NAN; width * height], bin }
    }

    fn in_rows(recording: &Recording, sizes: &[(usize, usize)], style: &Style) -> Self {
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
        let mut sheet = Self::blank(n_columns * (cell.0 + GAP) - GAP, n_rows * (cell.1 + GAP) - GAP, bin);
        for i_panel in 0..sizes.len() {
            let corner = (i_panel % n_columns * (cell.0 + GAP), i_panel / n_columns * (cell.1 + GAP));
            match recording {
                Recording::Photons(image) => sheet.place(&image.panels[i_panel], corner, style.binning, photons),
                Recording::Counts(image) => sheet.place(&image.panels[i_panel], corner, style.binning, counts),
            }
        }
        sheet
    }

    fn laid_out(recording: &Recording, panels: &[Flat], style: &Style) -> Self {
        let corners = || panels.iter().flat_map(Flat::corners);
        let least = |i: usize| corners().map(|place| place[i]).fold(f64::INFINITY, f64::min);
        let most = |i: usize| corners().map(|place| place[i]).fold(f64::NEG_INFINITY, f64::max);
        let edge = |panel: &Flat| panel.fast[0].hypot(panel.fast[1]).max(panel.slow[0].hypot(panel.slow[1]));
        // the panel that is foreshortened least says how large a pixel is
        let pixel = panels.iter().map(edge).fold(0.0, f64::max);
        let corner = [least(0), least(1)];
        let extent = [0, 1].map(|i| (most(i) - corner[i]) / pixel);
        // a last dot of which less than half would be covered is none
        let whole = |length: f64| length.round().clamp(1.0, 1e9) as usize;
        let bin = whole(extent[0].max(extent[1])).div_ceil(style.max_width.max(1));
        let dots = extent.map(|length| whole(length / bin as f64));
        let mut sheet = Self::blank(dots[0], dots[1], bin);
        let dot = pixel * bin as f64;
        for (i_panel, panel) in panels.iter().enumerate() {
            let panel = Flat { corner: [0, 1].map(|i| panel.corner[i] - corner[i]), ..*panel };
            match recording {
                Recording::Photons(image) => sheet.project(&image.panels[i_panel], &panel, dot, style.binning, photons),
                Recording::Counts(image) => sheet.project(&image.panels[i_panel], &panel, dot, style.binning, counts),
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
                    group.iter().map(&value).for_each(|value| binning.add(value, binned, count));
                }
            }
            mean(binned, &counts, binning);
        });
    }

    /// Draws one panel as it is seen; a dot is `dot` mm wide. Every pixel falls into the dot below its middle; dots that none falls
    /// into show the pixel below theirs.
    fn project<T>(
        &mut self,
        panel: &PanelImage<T>,
        flat: &Flat,
        dot: f64,
        binning: Binning,
        value: impl Fn(&T) -> f32,
    ) {
        let n_fast = panel.n_fast();
        let inside = |x: f64, n: usize| (x >= 0.0 && x < n as f64).then_some(x as usize);
        // the part of the sheet that it can be on: first and past last column and row
        let corners = flat.corners();
        let range = |i: usize, n: usize| {
            let places = || corners.iter().map(|place| (place[i] / dot).clamp(0.0, n as f64));
            let first = places().fold(f64::INFINITY, f64::min).floor() as usize;
            first..(places().fold(0.0, f64::max).ceil() as usize).max(first)
        };
        let (columns, rows) = (range(0, self.width), range(1, self.height));
        let mut sums = vec![f32::NAN; columns.len() * rows.len()];
        let mut counts = vec![0u32; sums.len()];
        for (i, pixel) in panel.pixels().iter().enumerate() {
            let [x, y] = flat.at((i % n_fast) as f64 + 0.5, (i / n_fast) as f64 + 0.5).map(|place| place / dot);
            let (x, y) = (x - columns.start as f64, y - rows.start as f64);
            if let (Some(column), Some(row)) = (inside(x, columns.len()), inside(y, rows.len())) {
                let at = row * columns.len() + column;
                binning.add(value(pixel), &mut sums[at], &mut counts[at]);
            }
        }
        mean(&mut sums, &counts, binning);
        for (at, &sum) in sums.iter().enumerate() {
            let (column, row) = (columns.start + at % columns.len(), rows.start + at / columns.len());
            let below = || {
                let (fast, slow) = flat.pixel([column, row].map(|dots| (dots as f64 + 0.5) * dot));
                let (fast, slow) = (inside(fast, n_fast)?, inside(slow, panel.n_slow())?);
                panel.pixels().get(slow * n_fast + fast).map(&value)
            };
            let seen = if counts[at] > 0 { sum } else { below().unwrap_or(f32::NAN) };
            // of panels that hide one another the brighter dot
            let shown = &mut self.values[row * self.width + column];
            *shown = shown.max(seen);
        }
    }

    /// This sheet with every dot `zoom` times as wide and high.
    pub(super) fn magnified(self, zoom: usize) -> Self {
        if zoom <= 1 {
            return self;
        }
        let (width, height) = (self.width * zoom, self.height * zoom);
        let value = |i: usize| self.values[i / width / zoom * self.width + i % width / zoom];
        Self { width, height, values: (0..width * height).map(value).collect(), bin: self.bin }
    }
}

fn photons(photons: &f32) -> f32 {
    *photons
}

/// Counts below 0 mark gaps and bad pixels.
fn counts(count: &i32) -> f32 {
    if *count < 0 { f32::NAN } else { *count as f32 }
}

impl Binning {
    /// Adds a value to those that are in a dot.
    fn add(self, value: f32, binned: &mut f32, count: &mut u32) {
        if value.is_nan() {
            return;
        }
        *binned = match self {
            Self::Max => binned.max(value), // the number where the other is NaN
            Self::Mean if *count == 0 => value,
            Self::Mean => *binned + value,
            Self::Farthest if binned.abs() > value.abs() => *binned,
            Self::Farthest => value,
        };
        *count += 1;
    }
}

fn mean(sums: &mut [f32], counts: &[u32], binning: Binning) {
    if binning == Binning::Mean {
        sums.iter_mut().zip(counts).filter(|(_, count)| **count > 1).for_each(|(sum, &n)| *sum /= n as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bragg::image::Image;
    use bragg::math::Vec3;

    fn placement(x: f64, y: f64) -> Placement {
        let [fast_axis, slow_axis] = [Vec3::new(1.0, 0.0, 0.0), Vec3::new(0.0, -1.0, 0.0)];
        Placement { origin: Vec3::new(x, y, -100.0), fast_axis, slow_axis, pixel_size: 0.1 }
    }

    fn two_panels(first: &[f32], second: &[f32], width: usize) -> Recording {
        let panel = |pixels: &[f32]| PanelImage::new(width, pixels.len() / width, pixels.to_vec()).unwrap();
        Recording::Photons(Image { panels: vec![panel(first), panel(second)] })
    }

    #[test]
    fn panels_lie_where_they_are() {
        // the second 1.3 columns to the right of the first's end, and a row higher
        let recording = two_panels(&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0, 8.0], 2);
        let sheet = Sheet::new(&recording, &[placement(0.0, 0.0), placement(0.33, 0.1)], &Style::default());
        assert_eq!((sheet.width, sheet.height, sheet.bin), (5, 3, 1));
        let rows: Vec<Vec<f32>> =
            sheet.values.chunks(5).map(|row| row.iter().map(|v| if v.is_nan() { 0.0 } else { *v }).collect()).collect();
        assert_eq!(rows[0][..3], [0.0, 0.0, 0.0]);
        assert_eq!(rows[1][..3], [1.0, 2.0, 0.0]);
        assert_eq!(rows[2][..3], [3.0, 4.0, 0.0]);
        assert_eq!((rows[0][3], rows[0][4], rows[1][3], rows[1][4]), (5.0, 6.0, 7.0, 8.0));
    }

    #[test]
    fn no_spot_is_lost_and_nothing_inside_a_panel_is_blank() {
        // seen obliquely and binned by three
        let n = 60;
        let mut pixels = vec![1.0; n * n];
        pixels[17 * n + 41] = 100.0;
        let recording = two_panels(&pixels, &pixels, n);
        let (sin, cos) = 0.3_f64.sin_cos();
        let tilted = Placement {
            fast_axis: Vec3::new(cos, sin, 0.0),
            slow_axis: Vec3::new(sin, -cos, 0.0),
            ..placement(7.0, 0.0)
        };
        for max_width in [2000, 60] {
            for binning in [Binning::Max, Binning::Mean] {
                let style = Style { max_width, binning, ..Style::default() };
                let sheet = Sheet::new(&recording, &[placement(0.0, 0.0), tilted], &style);
                assert!(sheet.width.max(sheet.height) <= max_width);
                let bright = sheet.values.iter().filter(|v| **v > 1.0).count();
                assert!(bright >= 2, "{bright}");
                assert!(binning != Binning::Max || sheet.values.iter().filter(|v| **v == 100.0).count() == bright);
                // a dot for each pixel, or for nine
                let drawn = sheet.values.iter().filter(|v| !v.is_nan()).count() * sheet.bin * sheet.bin;
                assert!((drawn as f64 / (2 * n * n) as f64 - 1.0).abs() < 0.1, "{drawn}");
            }
        }
    }

    #[test]
    fn without_places_panels_lie_in_rows() {
        let recording = two_panels(&[1.0; 4], &[2.0; 4], 2);
        let sheet = Sheet::new(&recording, &[], &Style::default());
        assert_eq!((sheet.width, sheet.height), (2 + GAP + 2, 2));
        let magnified = sheet.magnified(3);
        assert_eq!((magnified.width, magnified.height), (3 * (4 + GAP), 6));
        assert_eq!(magnified.values[5], 1.0);
        assert!(magnified.values[6].is_nan());
    }
}
