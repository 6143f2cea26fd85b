//! The text of files, however their bytes say it.

use super::binary_cif;
use super::packed::unpacked;
use std::borrow::Cow;

/// The text of a file, of BinaryCIF that of the same CIF: unpacked, without a byte order mark, its lines ended by line feeds alone. Text is UTF-8, or UTF-16 where a byte
/// order mark says so; bytes that are neither become replacement characters, since what readers look for is ASCII.
///
/// # Errors
/// As [`unpacked`] and [`binary_cif::text`].
pub(crate) fn text(bytes: &[u8]) -> Result<String, String> {
    let bytes = unpacked(bytes.into())?;
    if binary_cif::is_binary_cif(&bytes) {
        return binary_cif::text(&bytes);
    }
    let text = match &bytes[..] {
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        // a copy of a large file is made only where it holds what is not text
        _ => match bytes {
            Cow::Owned(bytes) => {
                String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
            }
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        },
    };
    if text.contains('\r') { Ok(text.replace("\r\n", "\n").replace('\r', "\n")) } else { Ok(text) }
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (units, _) = bytes.as_chunks::<2>();
    char::decode_utf16(units.iter().map(|two| unit(*two))).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_line_ends_make_no_difference() {
        let utf_16 = |bytes: fn(u16) -> [u8; 2]| "\u{feff}a\r\nb\n".encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        for bytes in [
            b"a\nb\n".to_vec(),
            b"\xef\xbb\xbfa\nb\n".to_vec(),
            b"a\r\nb\r\n".to_vec(),
            b"a\rb\r".to_vec(),
            utf_16(u16::to_le_bytes),
            utf_16(u16::to_be_bytes),
        ] {
            assert_eq!(text(&bytes).unwrap(), "a\nb\n", "{bytes:?}");
        }
        assert_eq!(text(b"\xe9").unwrap(), "\u{fffd}");
        assert_eq!(text(b"").unwrap(), "");
    }
}
