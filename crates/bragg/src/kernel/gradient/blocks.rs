//! The image cut into blocks of pixels, in an order that depends on the image alone.

use super::tile::PIXELS;
use crate::scene::{PanelTable, Scene, Window};
use std::ops::Range;

/// Blocks that an image is cut into, about.
const BLOCKS: usize = 128;

/// Pixels of a panel's window that follow one another.
#[derive(Debug, Clone)]
pub(super) struct BlockRange {
    pub(super) panel: usize,
    /// Counted within the window, row by row.
    range: Range<usize>,
}

impl BlockRange {
    pub(super) fn n_pixels(&self) -> usize {
        self.range.len()
    }

    /// Fast and slow of the pixels that are computed.
    pub(super) fn pixels<'a>(&'a self, panel: &'a PanelTable) -> impl Iterator<Item = [usize; 2]> + 'a {
        let Window { fast, slow } = panel.window;
        let width = (fast[1] - fast[0]).max(1);
        let pixels = self.range.clone().map(move |i| [fast[0] + i % width, slow[0] + i / width]);
        pixels.filter(|&[fast, slow]| panel.is_live(fast, slow))
    }
}

/// The blocks of a scene's panels.
pub(super) fn blocks(scene: &Scene) -> Vec<BlockRange> {
    let size = |panel: &PanelTable| {
        let Window { fast, slow } = panel.window;
        (fast[1].saturating_sub(fast[0])) * (slow[1].saturating_sub(slow[0]))
    };
    let total: usize = scene.panels.iter().map(size).sum();
    let step = total.div_ceil(BLOCKS).next_multiple_of(PIXELS).max(PIXELS);
    let of_panel = |(panel, table): (usize, &PanelTable)| {
        let n = size(table);
        (0..n).step_by(step).map(move |first| BlockRange { panel, range: first..(first + step).min(n) })
    };
    scene.panels.iter().enumerate().flat_map(of_panel).collect()
}
