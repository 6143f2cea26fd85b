//! A part of an image, for a picture of its own.

use super::Style;
use crate::formats::metadata::Metadata;
use bragg::error::{Error, Result};
use bragg::image::{Image, PanelImage, Recording};

/// How wide pictures of parts are made (dots), if pixels need not become fractions of dots for it.
const WIDTH: usize = 600;
/// The most dots of a picture.
const MOST_DOTS: usize = 1 << 27;

impl Style {
    /// Checks whether images with panels of these sizes (fast, slow) have the part that is to be shown.
    ///
    /// # Errors
    /// There is no such panel, the panel is not said, or the pixels go beyond it.
    pub fn check(&self, sizes: &[(usize, usize)]) -> Result<()> {
        if let Some(panel) = self.panel.filter(|&panel| panel >= sizes.len()) {
            let what = format!("is {panel}, but the image has {} panels, counted from 0", sizes.len());
            return Err(Error::setting("output.png.panel", what));
        }
        let Some(roi) = self.roi else {
            let shown = self.panel.map_or(sizes, |panel| &sizes[panel..=panel]);
            let n_fast: usize = shown.iter().map(|size| size.0).sum();
            let n_slow = shown.iter().map(|size| size.1).max().unwrap_or(0);
            return self.check_dots(n_fast, n_slow);
        };
        let size = match (self.panel, sizes) {
            (Some(panel), _) => sizes[panel],
            (None, [one]) => *one,
            _ => {
                let what = format!("needs output.png.panel, since the image has {} panels", sizes.len());
                return Err(Error::setting("output.png.roi", what));
            }
        };
        let ([fast0, fast1, slow0, slow1], (n_fast, n_slow)) = (roi, size);
        if fast0 > fast1 || slow0 > slow1 || fast1 >= n_fast || slow1 >= n_slow {
            let what = format!(
                "is {roi:?}; it must be first and last pixel along fast (0 to {}), then along slow (0 to {})",
                n_fast.saturating_sub(1),
                n_slow.saturating_sub(1)
            );
            return Err(Error::setting("output.png.roi", what));
        }
        self.check_dots(fast1 + 1 - fast0, slow1 + 1 - slow0)
    }

    /// Checks that a picture of so many pixels does not become too large.
    pub(super) fn check_dots(&self, n_fast: usize, n_slow: usize) -> Result<()> {
        let zoom = self.magnification(n_fast.max(n_slow));
        let dots = [n_fast, n_slow, zoom].into_iter().fold(zoom, usize::saturating_mul);
        if zoom == 1 || dots <= MOST_DOTS {
            return Ok(());
        }
        let what = format!(
            "makes a picture of {n_fast}·{zoom} × {n_slow}·{zoom} dots, more than {MOST_DOTS}; a smaller zoom or output.png.max_width makes \
             a smaller one"
        );
        Err(Error::setting("output.png.zoom", what))
    }

    /// The part that is to be shown, and what a header could say of it; `None` where it is all. What [`Self::check`] refuses is all, too.
    pub(super) fn part(&self, recording: &Recording, metadata: &Metadata) -> Option<(Recording, Metadata)> {
        let sizes = recording.panel_sizes();
        if (self.panel.is_none() && self.roi.is_none()) || self.check(&sizes).is_err() {
            return None;
        }
        let i_panel = self.panel.unwrap_or(0);
        let (n_fast, n_slow) = *sizes.get(i_panel)?;
        let [fast0, fast1, slow0, slow1] = self.roi.unwrap_or([0, n_fast.checked_sub(1)?, 0, n_slow.checked_sub(1)?]);
        let part = match recording {
            Recording::Photons(image) => Recording::Photons(cut(image, i_panel, [fast0, fast1, slow0, slow1])?),
            Recording::Counts(image) => Recording::Counts(cut(image, i_panel, [fast0, fast1, slow0, slow1])?),
        };
        let mut metadata = metadata.clone();
        metadata.beam_center.0 -= fast0 as f64;
        metadata.beam_center.1 -= slow0 as f64;
        Some((part, metadata))
    }

    /// Style and header for a picture of pixels that somebody has cut out already: those of the region and the panel that are to be shown.
    pub fn of_cut(mut self, metadata: &Metadata) -> (Self, Metadata) {
        let mut metadata = metadata.clone();
        if let Some([fast0, fast1, slow0, slow1]) = self.roi.take() {
            metadata.beam_center.0 -= fast0 as f64;
            metadata.beam_center.1 -= slow0 as f64;
            let longest = (fast1 + 1).saturating_sub(fast0).max((slow1 + 1).saturating_sub(slow0));
            self.zoom = self.zoom.or(Some((WIDTH / longest.max(1)).max(1)));
        }
        self.panel = None;
        (self, metadata)
    }

    /// How many times a picture of so many dots is to be magnified.
    pub(super) fn magnification(&self, longest: usize) -> usize {
        let fitting = |width: usize| (width / longest.max(1)).max(1);
        let asked = self.zoom.unwrap_or_else(|| if self.roi.is_some() { fitting(WIDTH) } else { 1 });
        asked.min(fitting(self.max_width))
    }
}

/// The pixels of a panel from first to last along fast and slow.
fn cut<T: Copy>(image: &Image<T>, i_panel: usize, [fast0, fast1, slow0, slow1]: [usize; 4]) -> Option<Image<T>> {
    let panel = image.panels.get(i_panel)?;
    let rows = panel.pixels().chunks(panel.n_fast().max(1)).skip(slow0).take(slow1 + 1 - slow0);
    let pixels = rows.flat_map(|row| &row[fast0..=fast1]).copied().collect();
    Some(Image { panels: vec![PanelImage::new(fast1 + 1 - fast0, slow1 + 1 - slow0, pixels)?] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_keeps_its_pixels_and_the_beam_its_place() {
        let panel = |first: i32| PanelImage::new(5, 4, (first..first + 20).collect()).unwrap();
        let image = Recording::Counts(Image { panels: vec![panel(0), panel(100)] });
        let metadata = Metadata::new(1.0, 100.0, (2.5, 3.5), 0.1);
        let style = |panel, roi| Style { panel, roi, ..Style::default() };
        let (part, of_part) = style(Some(1), Some([1, 3, 2, 3])).part(&image, &metadata).unwrap();
        let Recording::Counts(part) = part else { panic!("counts") };
        assert_eq!(part.panels[0].pixels(), [111, 112, 113, 116, 117, 118]);
        assert_eq!(part.panels[0].n_fast(), 3);
        assert_eq!(of_part.beam_center, (1.5, 1.5));
        let (whole, _) = style(Some(0), None).part(&image, &metadata).unwrap();
        assert_eq!(whole.panel_sizes(), [(5, 4)]);
        assert!(style(None, None).part(&image, &metadata).is_none());
    }

    #[test]
    fn parts_that_are_not_there_are_refused() {
        let refused =
            |panel, roi, sizes: &[_]| Style { panel, roi, ..Style::default() }.check(sizes).unwrap_err().to_string();
        assert!(
            refused(None, Some([0, 5, 0, 3]), &[(5, 4)]).starts_with("output.png.roi: is [0, 5, 0, 3]; it must be")
        );
        assert!(refused(None, Some([3, 2, 0, 3]), &[(5, 4)]).contains("(0 to 4), then along slow (0 to 3)"));
        assert!(refused(None, Some([0, 1, 0, 1]), &[(5, 4); 2]).contains("output.png.panel"));
        assert!(refused(Some(2), None, &[(5, 4); 2]).contains("is 2, but the image has 2 panels"));
        assert!(Style { panel: Some(1), roi: Some([0, 4, 3, 3]), ..Style::default() }.check(&[(5, 4); 2]).is_ok());
    }

    #[test]
    fn pixels_that_were_cut_out_are_drawn_as_if_they_had_not_been() {
        let image = |pixels: Vec<f32>, n: usize| {
            Recording::Photons(Image { panels: vec![PanelImage::new(n, pixels.len() / n, pixels).unwrap()] })
        };
        let whole: Vec<f32> = (0..40_000).map(|i| (i % 997) as f32).collect();
        let metadata = Metadata::new(1.0, 100.0, (90.0, 80.0), 1.0);
        let style = Style { beam_cross: true, roi: Some([50, 119, 60, 99]), ..Style::default() };
        let cut: Vec<f32> = (60..100).flat_map(|row| whole[row * 200 + 50..row * 200 + 120].to_vec()).collect();
        let draw = |recording: &Recording, metadata: &Metadata, style: &Style| {
            let mut bytes = Vec::new();
            crate::formats::png::write(&mut bytes, recording, metadata, style).unwrap();
            bytes
        };
        let expected = draw(&image(whole, 200), &metadata, &style);
        let (style, metadata) = style.of_cut(&metadata);
        assert_eq!(draw(&image(cut, 70), &metadata, &style), expected);
    }

    #[test]
    fn parts_are_magnified_as_far_as_they_fit() {
        let style = Style { roi: Some([0, 9, 0, 9]), max_width: 2048, ..Style::default() };
        assert_eq!([10, 250, 599, 601, 5000].map(|longest| style.magnification(longest)), [60, 2, 1, 1, 1]);
        assert_eq!(Style { roi: None, ..style.clone() }.magnification(10), 1);
        assert_eq!(Style { zoom: Some(3), ..style.clone() }.magnification(10), 3);
        assert_eq!(Style { zoom: Some(1000), ..style }.magnification(10), 204);
    }
    #[test]
    fn pictures_without_end_are_refused() {
        let huge = usize::MAX >> 33;
        for zoom in [20_000, huge] {
            let style = Style { zoom: Some(zoom), max_width: huge, ..Style::default() };
            let message = style.check(&[(16, 16)]).unwrap_err().to_string();
            assert!(message.contains("output.png.zoom") && message.contains("max_width"), "{message}");
            assert!(Style { roi: Some([0, 0, 0, 0]), ..style }.check(&[(16, 16)]).is_err());
        }
        assert!(Style { zoom: Some(100), max_width: 2000, ..Style::default() }.check(&[(16, 16)]).is_ok());
    }
}
