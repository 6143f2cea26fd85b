//! Pixels between the recording and the bytes of a file.

use std::io::{self, Write};

use crate::image::{PanelImage, Recording};

/// Pixels turned into bytes at a time.
const CHUNK: usize = 1 << 14;

/// Writes values one after another, each as the bytes `to_bytes` gives.
pub(super) fn write<T: Copy, const N: usize>(
    w: &mut dyn Write,
    values: &[T],
    to_bytes: impl Fn(T) -> [u8; N],
) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(CHUNK * N);
    for chunk in values.chunks(CHUNK) {
        buffer.clear();
        chunk.iter().for_each(|&value| buffer.extend_from_slice(&to_bytes(value)));
        w.write_all(&buffer)?;
    }
    Ok(())
}

/// Values from their bytes, one after another; a rest shorter than a value is left out.
pub(super) fn read<T, const N: usize>(bytes: &[u8], from_bytes: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|&value| from_bytes(value)).collect()
}

/// The bytes that `n_fast` × `n_slow` pixels of `width` bytes take, where the machine can count them.
pub(super) fn n_bytes(n_fast: usize, n_slow: usize, width: usize) -> Option<usize> {
    n_fast.checked_mul(n_slow)?.checked_mul(width)
}

/// Every panel's pixels as integers from `low` to `high`, and how many had to be cut to that range.
///
/// Photons are rounded to the nearest integer, halves away from zero; what is not a number becomes 0 and counts as cut.
pub(super) fn to_integers<T>(
    recording: &Recording,
    low: i32,
    high: i32,
    cast: fn(i32) -> T,
) -> (Vec<PanelImage<T>>, usize) {
    let mut n_clipped = 0;
    let panels = match recording {
        Recording::Photons(image) => image.map(|&photons| {
            let rounded = f64::from(photons).round();
            let inside = rounded >= f64::from(low) && rounded <= f64::from(high);
            n_clipped += usize::from(!inside);
            // The cast takes infinities to the ends of the range and NaN to 0.
            cast((rounded as i32).clamp(low, high))
        }),
        Recording::Counts(image) => image.map(|&count| {
            n_clipped += usize::from(count < low || count > high);
            cast(count.clamp(low, high))
        }),
    };
    (panels.panels, n_clipped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Image;

    #[test]
    fn photons_are_rounded_and_cut() {
        let photons = vec![0.4, 0.5, 1.49, -0.4, -0.6, 65535.4, 65536.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        let panel = PanelImage::new(5, 2, photons).unwrap();
        let recording = Recording::Photons(Image { panels: vec![panel] });
        let (panels, n_clipped) = to_integers(&recording, 0, 65535, |count| count as u16);
        assert_eq!(panels[0].pixels(), [0, 1, 1, 0, 0, 65535, 65535, 0, 65535, 0]);
        assert_eq!(n_clipped, 5); // −0.6, 65536 and the three that are no numbers

        let (panels, n_clipped) = to_integers(&recording, i32::MIN, i32::MAX, |count| count);
        assert_eq!(panels[0].pixels(), [0, 1, 1, 0, -1, 65535, 65536, 0, i32::MAX, i32::MIN]);
        assert_eq!(n_clipped, 3);
    }

    #[test]
    fn counts_are_cut() {
        let panel = PanelImage::new(4, 1, vec![-1, 0, 65535, 65536]).unwrap();
        let recording = Recording::Counts(Image { panels: vec![panel] });
        let (panels, n_clipped) = to_integers(&recording, 0, 65535, |count| count as u16);
        assert_eq!((panels[0].pixels(), n_clipped), ([0, 0, 65535, 65535].as_slice(), 2));
    }
}
