//! Files of bounded size: a device that never ends is refused like a file that is too large.

use bragg::error::{Error, Result};
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;

/// The largest image or list that is read: 4 GiB.
const MAX_BYTES: u64 = 4 << 30;

/// The bytes of a file of at most 4 GiB.
///
/// # Errors
/// The file cannot be read, or is larger.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    read_at_most(path, MAX_BYTES)
}

/// The bytes of a file of at most `max_bytes`.
///
/// # Errors
/// The file cannot be read, or is larger.
pub(crate) fn read_at_most(path: &Path, max_bytes: u64) -> Result<Vec<u8>> {
    let too_large =
        || Error::file(path, None, format!("is larger than {} MiB, the most that is read", max_bytes >> 20));
    let file = File::open(path).map_err(|e| Error::io("read", path, e))?;
    if file.metadata().is_ok_and(|metadata| is_device(&metadata)) {
        return Err(Error::file(path, None, "is a device, which holds no file that could be read"));
    }
    let expected = file.metadata().map_or(0, |metadata| if metadata.is_file() { metadata.len() } else { 0 });
    if expected > max_bytes {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    bytes.try_reserve(expected as usize).map_err(|_| too_large())?;
    // one byte more than allowed tells that there is more, also of a device that never ends
    file.take(max_bytes + 1).read_to_end(&mut bytes).map_err(|e| Error::io("read", path, e))?;
    if bytes.len() as u64 > max_bytes { Err(too_large()) } else { Ok(bytes) }
}

/// Whether it is a device, such as `/dev/zero`, which may never end. Pipes are none.
#[cfg(unix)]
fn is_device(metadata: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    kind.is_char_device() || kind.is_block_device()
}

#[cfg(not(unix))]
fn is_device(_: &Metadata) -> bool {
    false
}

/// The text of a file of at most `max_bytes`.
///
/// # Errors
/// The file cannot be read, is larger, or is not UTF-8.
pub(crate) fn read_text(path: &Path, max_bytes: u64) -> Result<String> {
    let bytes = read_at_most(path, max_bytes)?;
    String::from_utf8(bytes).map_err(|e| {
        let before = e.as_bytes().iter().take(e.utf8_error().valid_up_to());
        let line = 1 + before.filter(|&&byte| byte == b'\n').count();
        Error::file(path, line, "is not text (UTF-8)")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_device_is_not_read_until_memory_ends() {
        let message = read_bytes(Path::new("/dev/zero")).unwrap_err().to_string();
        assert!(message.contains("/dev/zero: is a device"), "{message}");
    }

    #[test]
    fn only_text_of_the_allowed_size_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        std::fs::write(&path, "ab\nc").unwrap();
        assert_eq!(read_text(&path, 4).unwrap(), "ab\nc");
        assert!(read_text(&path, 3).unwrap_err().to_string().contains("is larger"));
        std::fs::write(&path, b"ab\n\xff").unwrap();
        assert!(read_text(&path, 10).unwrap_err().to_string().contains("x:2: is not text"));
        assert!(read_text(directory.path(), 10).unwrap_err().to_string().contains("cannot read"));
    }
}
