//! Pixels between the recording and the bytes of a file.

use std::io::{self, Write};
use std::ops::Range;

use bytemuck::NoUninit;
use pulp::Arch;
use rayon::prelude::*;

use bragg::image::{PanelImage, Recording};
use bragg::math::whole_part;

/// Pixels turned into what a file holds at a time: they and their bytes fit the cache.
const PIECE: usize = 1 << 16;
/// Pieces that are made at the same time at most, which bounds the memory they take.
const MAX_AT_ONCE: usize = 8;

/// A number that files hold.
pub(super) trait Number: NoUninit + Default + Send + Sync {
    /// The number whose bytes in memory are those of this one, the lowest first.
    fn to_le(self) -> Self;
}

impl Number for u8 {
    fn to_le(self) -> Self {
        self
    }
}

impl Number for u16 {
    fn to_le(self) -> Self {
        self.to_le()
    }
}

impl Number for i32 {
    fn to_le(self) -> Self {
        self.to_le()
    }
}

impl Number for f32 {
    fn to_le(self) -> Self {
        Self::from_bits(self.to_bits().to_le())
    }
}

/// Writes numbers one after another, little-endian.
pub(super) fn write<T: Number>(w: &mut dyn Write, values: &[T]) -> io::Result<()> {
    if cfg!(target_endian = "little") {
        return w.write_all(bytemuck::cast_slice(values));
    }
    for piece in values.chunks(PIECE) {
        let swapped: Vec<T> = piece.iter().map(|value| value.to_le()).collect();
        w.write_all(bytemuck::cast_slice(&swapped))?;
    }
    Ok(())
}

/// Writes `n` numbers, little-endian, that `make` puts into stretches of them: no copy of the whole is needed. While some stretches
/// are written, other threads make the next.
pub(super) fn write_made<T: Number>(
    w: &mut dyn Write,
    n: usize,
    make: impl Fn(Range<usize>, &mut [T]) + Sync,
) -> io::Result<()> {
    let fill = |range: Range<usize>, piece: &mut Vec<T>| {
        piece.resize(range.len(), T::default());
        make(range, piece);
    };
    in_pieces(n, fill, |piece| write(w, piece))
}

/// Writes `n` numbers, little-endian, that `draw` puts into one stretch of them after another.
pub(super) fn write_drawn<T: Number>(
    w: &mut dyn Write,
    n: usize,
    mut draw: impl FnMut(Range<usize>, &mut [T]),
) -> io::Result<()> {
    let mut piece = vec![T::default(); PIECE.min(n)];
    for from in (0..n).step_by(PIECE) {
        let range = from..n.min(from + PIECE);
        let piece = &mut piece[..range.len()];
        draw(range, piece);
        write(w, piece)?;
    }
    Ok(())
}

/// Makes a file's content for `n` pixels piece by piece, and hands the pieces to `take` in their order. While some are taken, other
/// threads make the next. A piece is handed to `make` as it was last left.
pub(super) fn in_pieces<T: Send>(
    n: usize,
    make: impl Fn(Range<usize>, &mut Vec<T>) + Sync,
    mut take: impl FnMut(&[T]) -> io::Result<()>,
) -> io::Result<()> {
    let n_at_once = rayon::current_num_threads().min(MAX_AT_ONCE);
    let make_all = |first: usize, pieces: &mut Vec<Vec<T>>| {
        let n_pieces = n_at_once.min(n.saturating_sub(first).div_ceil(PIECE));
        pieces.resize_with(n_pieces, Vec::new);
        pieces.par_iter_mut().enumerate().for_each(|(i, piece)| {
            let from = first + i * PIECE;
            make(from..n.min(from + PIECE), piece);
        });
    };
    let (mut made, mut next) = (Vec::new(), Vec::new());
    make_all(0, &mut made);
    for first in (0..n).step_by(n_at_once * PIECE) {
        rayon::in_place_scope(|scope| {
            scope.spawn(|_| make_all(first + n_at_once * PIECE, &mut next));
            made.iter().try_for_each(|piece| take(piece))
        })?;
        std::mem::swap(&mut made, &mut next);
    }
    Ok(())
}

/// A count, where it fits 32 bits. In images of DECTRIS' detectors the largest number without sign of 32 or 64 bits stands in gaps, and the
/// one before it in bad pixels: they become −1 and −2, as other readers have it.
pub(super) fn count<T: Into<i128>>(value: T) -> Option<i32> {
    const FLAGS: [(i128, i32); 4] =
        [(u32::MAX as i128, -1), (u64::MAX as i128, -1), (u32::MAX as i128 - 1, -2), (u64::MAX as i128 - 1, -2)];
    let value = value.into();
    i32::try_from(value).ok().or_else(|| FLAGS.iter().find(|(flag, _)| *flag == value).map(|(_, count)| *count))
}

/// Values from their bytes, one after another; a rest shorter than a value is left out.
pub(super) fn read<T, const N: usize>(bytes: &[u8], from_bytes: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|&value| from_bytes(value)).collect()
}

/// The bytes that `n_fast` × `n_slow` pixels of `width` bytes take, where the machine can count them.
pub(super) fn n_bytes(n_fast: usize, n_slow: usize, width: usize) -> Option<usize> {
    n_fast.checked_mul(n_slow)?.checked_mul(width)
}

/// One panel of a recording, as its numbers.
#[derive(Clone, Copy)]
pub(super) enum Panel<'a> {
    Photons(&'a PanelImage<f32>),
    Counts(&'a PanelImage<i32>),
}

impl<'a> Panel<'a> {
    /// The first panel.
    pub(super) fn first(recording: &'a Recording) -> io::Result<Self> {
        let panel = match recording {
            Recording::Photons(image) => image.panels.first().map(Self::Photons),
            Recording::Counts(image) => image.panels.first().map(Self::Counts),
        };
        panel.ok_or_else(|| io::Error::other("an image without panels cannot be written"))
    }

    /// Numbers of fast and slow pixels.
    pub(super) fn size(self) -> (usize, usize) {
        match self {
            Self::Photons(panel) => (panel.n_fast(), panel.n_slow()),
            Self::Counts(panel) => (panel.n_fast(), panel.n_slow()),
        }
    }

    /// Number of pixels.
    pub(super) fn len(self) -> usize {
        let (n_fast, n_slow) = self.size();
        n_fast * n_slow
    }

    /// Puts some pixels into `out`, as floats (counts above 2²⁴ are rounded).
    pub(super) fn floats(self, range: Range<usize>, out: &mut [f32]) {
        match self {
            Self::Photons(panel) => out.copy_from_slice(&panel.pixels()[range]),
            Self::Counts(panel) => out.iter_mut().zip(&panel.pixels()[range]).for_each(|(x, &count)| *x = count as f32),
        }
    }
}

/// The count of a pixel of which nothing is known, as miniCBF has it.
pub(super) const NO_VALUE: i32 = -1;

/// A panel's pixels as the integers of a file.
///
/// Photons are rounded to the nearest integer, halves away from zero. What is above the highest count becomes the number for that;
/// counts below 0 are flags, and what is not a number gets the flag [`NO_VALUE`].
#[derive(Clone, Copy)]
pub(super) struct Integers<'a> {
    pub(super) panel: Panel<'a>,
    /// The lowest number of the file: flags below it become it.
    pub(super) low: i32,
    /// Added to every pixel that has a value.
    pub(super) offset: i32,
    /// The highest number that is still a count, and what brighter pixels become.
    pub(super) highest: i32,
    pub(super) brighter: i32,
}

impl<'a> Integers<'a> {
    /// All numbers of 32 bits, as they are.
    pub(super) fn plain(panel: Panel<'a>) -> Self {
        Self { panel, low: i32::MIN, offset: 0, highest: i32::MAX, brighter: i32::MAX }
    }
}

impl Integers<'_> {
    /// Puts some pixels into `out`; returns how many were above the highest count, or photons below the lowest number.
    pub(super) fn fill<T>(self, range: Range<usize>, out: &mut [T], cast: impl Fn(i32) -> T) -> usize {
        let Self { low, offset, highest, brighter, .. } = self;
        let flag = NO_VALUE.max(low);
        match self.panel {
            Panel::Photons(panel) => {
                let (least, most, offset) = (f64::from(low), f64::from(highest), f64::from(offset));
                convert(&panel.pixels()[range], out, move |photons| {
                    let is_number = !photons.is_nan();
                    let number = if is_number { f64::from(photons) + offset } else { 0.0 };
                    // exact in f64, and its whole part is the rounded number
                    let half_more = number + 0.5f64.copysign(number);
                    let (is_dim, is_bright) = (half_more <= least - 1.0, half_more >= most + 1.0);
                    let inside = if half_more > least { half_more } else { least };
                    let count = whole_part(if inside < most { inside } else { most });
                    let count = if is_bright { brighter } else { count };
                    (cast(if is_number { count } else { flag }), !(is_number & (is_dim | is_bright)))
                })
            }
            Panel::Counts(panel) => convert(&panel.pixels()[range], out, move |count| {
                let is_bright = count > highest.saturating_sub(offset);
                let value = if is_bright { brighter } else { count.wrapping_add(offset) };
                (cast(if count < 0 { count.max(low) } else { value }), (count < 0) | !is_bright)
            }),
        }
    }
}

/// Puts what `f` makes of numbers into `out`, with the processor's vector instructions; returns how often `f` said that it does not
/// fit.
fn convert<T: Copy, U>(values: &[T], out: &mut [U], f: impl Fn(T) -> (U, bool)) -> usize {
    // all of `f` is moved there: what it looked up through a reference would have to be read again after every number
    Arch::new().dispatch(move || {
        let mut n_unfit = 0u32;
        for (out, &value) in out.iter_mut().zip(values) {
            let fits;
            (*out, fits) = f(value);
            n_unfit += u32::from(!fits);
        }
        n_unfit as usize
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bragg::image::Image;

    fn integers(recording: &Recording, [low, highest, brighter]: [i32; 3], offset: i32) -> (Vec<i32>, usize) {
        let panel = Panel::first(recording).unwrap();
        let mut out = vec![0; panel.len()];
        let n_clipped = Integers { panel, low, offset, highest, brighter }.fill(0..out.len(), &mut out, |count| count);
        (out, n_clipped)
    }

    const SHORT: [i32; 3] = [0, 65534, 65535];
    const LONG: [i32; 3] = [i32::MIN, i32::MAX - 1, i32::MAX];

    #[test]
    fn photons_are_rounded_and_cut() {
        let photons = vec![0.4, 0.5, 1.49, -0.4, -0.6, 65534.4, 65534.5, f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        let panel = PanelImage::new(5, 2, photons).unwrap();
        let recording = Recording::Photons(Image { panels: vec![panel] });
        let (found, n_clipped) = integers(&recording, SHORT, 0);
        assert_eq!(found, [0, 1, 1, 0, 0, 65534, 65535, 0, 65535, 0]);
        assert_eq!(n_clipped, 4); // −0.6, 65534.5 and the infinite ones

        let (found, n_clipped) = integers(&recording, LONG, 0);
        assert_eq!(found, [0, 1, 1, 0, -1, 65534, 65535, NO_VALUE, i32::MAX, i32::MIN]);
        assert_eq!(n_clipped, 2);

        // brighter than 1000 is 1001, and 40 more is 40 more
        let (found, n_clipped) = integers(&recording, [0, 1000, 1001], 40);
        assert_eq!((found, n_clipped), (vec![40, 41, 41, 40, 39, 1001, 1001, 0, 1001, 0], 4));
    }

    #[test]
    fn floats_round_as_the_nearest_integer_says() {
        let near = |x: f32| [x.next_down(), x, x.next_up()];
        let values: Vec<f32> = [0.5, 1.5, 2.5, 8_388_607.5, 8_388_608.0, 16_777_216.0, 1e9]
            .into_iter()
            .flat_map(near)
            .flat_map(|x| [x, -x])
            .collect();
        let expected: Vec<i32> = values.iter().map(|&x| f64::from(x).round() as i32).collect();
        let panel = PanelImage::new(values.len(), 1, values).unwrap();
        let recording = Recording::Photons(Image { panels: vec![panel] });
        assert_eq!(integers(&recording, LONG, 0), (expected, 0));
    }

    #[test]
    fn counts_are_cut_and_flags_stay() {
        let panel = PanelImage::new(8, 1, vec![-2, -1, 0, 65494, 65495, 65534, 65535, i32::MAX]).unwrap();
        let recording = Recording::Counts(Image { panels: vec![panel] });
        assert_eq!(integers(&recording, SHORT, 0), (vec![0, 0, 0, 65494, 65495, 65534, 65535, 65535], 2));
        assert_eq!(integers(&recording, SHORT, 40), (vec![0, 0, 40, 65534, 65535, 65535, 65535, 65535], 4));
        assert_eq!(integers(&recording, LONG, 0), (vec![-2, -1, 0, 65494, 65495, 65534, 65535, i32::MAX], 1));
        let panel = Panel::first(&recording).unwrap();
        let mut out = vec![0; 8];
        assert_eq!(Integers::plain(panel).fill(0..8, &mut out, |count| count), 0);
        assert_eq!(out, [-2, -1, 0, 65494, 65495, 65534, 65535, i32::MAX]);
    }

    #[test]
    fn pieces_come_in_order_whatever_the_number_of_threads() {
        for n in [0, 1, PIECE - 1, PIECE, PIECE + 1, 11 * PIECE + 7] {
            let expected: Vec<u8> = (0..n).flat_map(|i| (i as i32).to_le_bytes()).collect();
            for n_threads in [1, 2, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
                let mut bytes = Vec::new();
                let number = |range: Range<usize>, out: &mut [i32]| {
                    range.zip(out).for_each(|(i, number)| *number = i as i32);
                };
                pool.install(|| write_made(&mut bytes, n, number)).unwrap();
                assert!(bytes == expected, "{n} on {n_threads}");
            }
        }
    }

    #[test]
    fn an_error_ends_the_work() {
        let mut n_taken = 0;
        let take = |_: &[u8]| {
            n_taken += 1;
            if n_taken == 2 { Err(io::Error::other("full")) } else { Ok(()) }
        };
        let outcome = in_pieces(9 * PIECE, |range, piece: &mut Vec<u8>| piece.resize(range.len(), 0), take);
        assert_eq!(outcome.unwrap_err().to_string(), "full");
        assert_eq!(n_taken, 2);
    }
}
