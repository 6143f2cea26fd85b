//! The mask of the detector.

use super::resolver::Resolver;
use crate::formats;
use bragg::error::{Error, Result};
use bragg::experiment::Detector;
use bragg::image::{Image, Recording};
use std::sync::Arc;

impl Resolver {
    /// Reads the mask's file, when there is one, into the panels.
    pub(super) fn mask(&mut self, detector: &mut Detector) -> Result<()> {
        let Some(path) = self.path("detector.mask") else { return Ok(()) };
        let sizes: Vec<_> = detector.panels.iter().map(|panel| (panel.n_fast, panel.n_slow)).collect();
        let first = sizes.first().copied().unwrap_or_default();
        if self.text("detector.mask_format")? == "nanobragg" {
            let mask = formats::smv::parse_mask(&formats::read_bytes(&path)?, &path, first)?;
            apply(detector, &Image { panels: vec![mask] }, |&value| value != 0);
            return Ok(());
        }
        let formats::Opened { recording: mask, metadata, notes } = formats::read(&path, Some(first))?;
        notes.iter().for_each(|note| self.notice(format!("{}: {note}", path.display())));
        if mask.panel_sizes() != sizes {
            let text = |sizes: &[(usize, usize)]| {
                let sizes: Vec<_> = sizes.iter().map(|(fast, slow)| format!("{fast} × {slow}")).collect();
                sizes.join(", ")
            };
            let [found, wanted] = [&mask.panel_sizes(), &sizes].map(|sizes| text(sizes));
            let what = format!("the mask has {found} pixels, but the detector has {wanted}; they must be the same");
            return Err(Error::file(&path, None, what));
        }
        match mask {
            Recording::Photons(image) => apply(detector, &image, |&value| value != 0.0),
            Recording::Counts(image) => {
                let pedestal = metadata.and_then(|metadata| metadata.adc_offset).unwrap_or(0.0);
                apply(detector, &image, |&value| formats::is_live(value, pedestal));
            }
        }
        Ok(())
    }
}

fn apply<T>(detector: &mut Detector, mask: &Image<T>, is_live: impl Fn(&T) -> bool) {
    for (panel, mask) in detector.panels.iter_mut().zip(&mask.panels) {
        panel.mask = Some(mask.pixels().iter().map(&is_live).collect::<Arc<[bool]>>());
    }
}
