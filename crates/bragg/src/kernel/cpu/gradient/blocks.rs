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
    /// Counted within the window, square by square.
    range: Range<usize>,
}

impl BlockRange {
    pub(super) fn n_pixels(&self) -> usize {
        self.range.len()
    }

    /// Fast and slow of the pixels that are computed.
    pub(super) fn pixels<'a>(&'a self, panel: &'a PanelTable) -> impl Iterator<Item = [usize; 2]> + 'a {
        let Window { fast, slow } = panel.window;
        let (width, height) = (fast[1] - fast[0], slow[1] - slow[0]);
        let pixels = self.range.clone().map(move |i| {
            let [x, y] = square_by_square(i, width, height);
            [fast[0] + x, slow[0] + y]
        });
        pixels.filter(|&[fast, slow]| panel.is_live(fast, slow))
    }
}

/// Where the i-th pixel of a window lies that is taken in squares, so that neighbours stay together; smaller ones at the edges.
fn square_by_square(i: usize, width: usize, height: usize) -> [usize; 2] {
    const EDGE: usize = 4;
    let (band, i) = (i / (EDGE * width), i % (EDGE * width));
    let rows = EDGE.min(height - EDGE * band);
    let (square, i) = (i / (EDGE * rows), i % (EDGE * rows));
    let columns = EDGE.min(width - EDGE * square);
    [EDGE * square + i % columns, EDGE * band + i / columns]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_cover_a_window_once() {
        for (width, height) in [(1, 1), (8, 8), (7, 9), (3, 2), (13, 5), (4, 6)] {
            let mut seen = vec![0; width * height];
            for i in 0..width * height {
                let [x, y] = square_by_square(i, width, height);
                seen[y * width + x] += 1;
            }
            assert!(seen.iter().all(|&n| n == 1), "{width} × {height}: {seen:?}");
        }
    }
}
