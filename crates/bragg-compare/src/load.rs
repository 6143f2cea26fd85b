//! Images as arrays of numbers.

use bragg::image::{Image, Recording};
use bragg::{Error, Result};
use bragg_io::formats::{self, Format};
use std::path::Path;

/// Reads an image. Counts below 0, the usual flags of gaps, become no numbers; the pedestal that a header names is taken off. Of an image that does not say its size, `given` is the size
/// that it must have, `asked` the one that it should have; otherwise it is a square, or one row.
pub(super) fn image(path: &Path, given: Option<(usize, usize)>, asked: Option<(usize, usize)>) -> Result<Image<f64>> {
    let is_bare = Format::from_path(formats::without_packing(path)).is_ok_and(|format| format == Format::Raw);
    let size = if is_bare { given.or_else(|| likely_size(path, asked)) } else { None };
    let formats::Opened { recording, metadata, .. } = formats::read(path, size)?;
    let pedestal = metadata.and_then(|metadata| metadata.adc_offset).unwrap_or(0.0);
    Ok(match recording {
        Recording::Photons(image) => image.map(|&photons| f64::from(photons)),
        Recording::Counts(image) => image.map(|&count| if count < 0 { f64::NAN } else { f64::from(count) - pedestal }),
    })
}

fn likely_size(path: &Path, asked: Option<(usize, usize)>) -> Option<(usize, usize)> {
    if formats::without_packing(path) != path {
        return asked;
    }
    let n = usize::try_from(path.metadata().ok()?.len() / 4).ok()?;
    let fits = |&(fast, slow): &(usize, usize)| fast.checked_mul(slow) == Some(n);
    let side = n.isqrt();
    asked.filter(fits).or((side * side != n).then_some((n, 1)))
}

/// What an image holds, on the whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Content {
    /// The largest pixel that is a finite number.
    pub(super) max: Option<f64>,
    /// Pixels that are finite and not 0.
    pub(super) n_nonzero: usize,
    pub(super) n_pixels: usize,
}

/// What an image holds.
pub(super) fn content(image: &Image<f64>) -> Content {
    let finite = || image.pixels().copied().filter(|pixel| pixel.is_finite());
    Content {
        max: finite().reduce(f64::max),
        n_nonzero: finite().filter(|&pixel| pixel != 0.0).count(),
        n_pixels: image.pixels().count(),
    }
}

/// Reads the pixels that take part: those above 0 in an image.
pub(super) fn mask(path: &Path, given: Option<(usize, usize)>, shape: &[(usize, usize)]) -> Result<Image<bool>> {
    let image = image(path, given, shape.first().copied())?;
    if crate::metrics::sizes(&image) != shape {
        let (has, needs) = (self::shape(&crate::metrics::sizes(&image)), self::shape(shape));
        let what =
            format!("the mask has {has} pixels (fast × slow), but the images have {needs}; give one of their shape");
        return Err(Error::file(path, None, what));
    }
    Ok(image.map(|&value| value > 0.0))
}

/// Numbers of pixels in words.
pub(super) fn shape(sizes: &[(usize, usize)]) -> String {
    let one = |(fast, slow): &(usize, usize)| format!("{fast} × {slow}");
    match sizes {
        [size] => one(size),
        [first, ..] if sizes.iter().all(|size| size == first) => format!("{} panels of {}", sizes.len(), one(first)),
        _ => sizes.iter().map(one).collect::<Vec<_>>().join(" + "),
    }
}
