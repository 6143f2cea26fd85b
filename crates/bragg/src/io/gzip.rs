//! Files that may be gzipped.

use std::borrow::Cow;
use std::io::Read;

/// The most that a gzipped file may unpack to: 1 GiB, some ten million merged reflections or atoms.
const MAX_UNPACKED: u64 = 1 << 30;

/// What the bytes unpack to if they are gzipped, else the bytes.
///
/// # Errors
/// A text when they are damaged, cut off, or unpack to more than [`MAX_UNPACKED`].
pub(crate) fn unpacked(bytes: Cow<'_, [u8]>) -> Result<Cow<'_, [u8]>, String> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut unpacked = Vec::new();
    flate2::read::MultiGzDecoder::new(&bytes[..])
        .take(MAX_UNPACKED + 1)
        .read_to_end(&mut unpacked)
        .map_err(|error| format!("it cannot be unpacked as gzip ({error}); it may be damaged or cut off"))?;
    if unpacked.len() as u64 > MAX_UNPACKED {
        return Err(format!("it unpacks to more than {MAX_UNPACKED} bytes; unpack it with gunzip and give the result"));
    }
    Ok(unpacked.into())
}
