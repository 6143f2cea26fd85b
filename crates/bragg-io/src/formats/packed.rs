//! Files that may be compressed: gzip, bzip2, xz and Zstandard, told by their first bytes.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

/// The most that a compressed file may unpack to: 1 GiB, some ten million merged reflections or atoms, or fifteen of the largest detectors.
const MAX_UNPACKED: u64 = 1 << 30;

/// The memory that unpacking may take besides, where a file says how much it wants.
const MAX_WINDOW: u64 = 256 << 20;

/// A compression of whole files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Gzip,
    Bzip2,
    Xz,
    Zstandard,
}

impl Packing {
    /// The first bytes, the extension and the name of each.
    const ALL: [(Self, &'static [u8], &'static str, &'static str); 4] = [
        (Self::Gzip, &[0x1f, 0x8b], "gz", "gzip"),
        (Self::Bzip2, b"BZh", "bz2", "bzip2"),
        (Self::Xz, &[0xfd, b'7', b'z', b'X', b'Z', 0], "xz", "xz"),
        (Self::Zstandard, &[0x28, 0xb5, 0x2f, 0xfd], "zst", "Zstandard"),
    ];

    fn unpack(self, bytes: &[u8], unpacked: &mut Vec<u8>) -> std::io::Result<()> {
        let mut into = |reader: &mut dyn Read| {
            let room = (MAX_UNPACKED + 1).saturating_sub(unpacked.len() as u64);
            reader.take(room).read_to_end(unpacked).map(|_| ())
        };
        match self {
            Self::Gzip => into(&mut flate2::read::MultiGzDecoder::new(bytes)),
            Self::Bzip2 => into(&mut bzip2::read::MultiBzDecoder::new(bytes)),
            Self::Xz => into(&mut lzma_rust2::XzReader::new_mem_limit(bytes, true, (MAX_WINDOW >> 10) as u32)),
            Self::Zstandard => {
                let mut rest = bytes;
                while !rest.is_empty() {
                    let decoder = ruzstd::decoding::StreamingDecoder::new_with_max_window_size(&mut rest, MAX_WINDOW);
                    into(&mut decoder.map_err(std::io::Error::other)?)?;
                }
                Ok(())
            }
        }
    }
}

/// What the bytes unpack to if they are compressed, else the bytes.
///
/// # Errors
/// A text when they are damaged, cut off, or unpack to more than [`MAX_UNPACKED`].
pub(crate) fn unpacked(bytes: Cow<'_, [u8]>) -> Result<Cow<'_, [u8]>, String> {
    let Some((packing, _, _, name)) = Packing::ALL.iter().find(|(_, magic, ..)| bytes.starts_with(magic)) else {
        return Ok(bytes);
    };
    let mut unpacked = Vec::new();
    packing
        .unpack(&bytes, &mut unpacked)
        .map_err(|error| format!("it cannot be unpacked as {name} ({error}); it may be damaged or cut off"))?;
    if unpacked.len() as u64 > MAX_UNPACKED {
        return Err(format!("it unpacks to more than {MAX_UNPACKED} bytes; unpack it and give the part that is meant"));
    }
    Ok(unpacked.into())
}

/// A name without the extension of a compression behind it.
#[must_use]
pub fn without_packing(path: &Path) -> &Path {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let is_packed = Packing::ALL.iter().any(|(_, _, known, _)| *known == extension);
    let stem = path.to_str().and_then(|name| name.get(..name.len() - extension.len() - 1));
    stem.filter(|_| is_packed).map_or(path, Path::new)
}

/// Whether a name ends as compressed files do.
pub(crate) fn is_packed_name(path: &Path) -> bool {
    without_packing(path) != path
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use std::io::Write;

    const TEXT: &[u8] = b"what is in the file";
    /// [`TEXT`], packed by the programs bzip2, xz and zstd, in base64.
    const BZIP2: &str = "QlpoOTFBWSZTWSLYeEsAAAkRgEAAI2UMgCAAIaAGQgGmmiOJ0HFZkJlC8XckU4UJAi2HhLA=";
    const XZ: &str =
        "/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQASd2hhdCBpcyBpbiB0aGUgZmlsZQAArXDD0vREq4wAASsTnAlI0h+2830BAAAAAARZWg==";
    const ZSTANDARD: &str = "KLUv/SQTmQAAd2hhdCBpcyBpbiB0aGUgZmlsZfgUHf8=";

    #[test]
    fn every_packing_is_undone_and_its_damage_told() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(TEXT).unwrap();
        let mut all = vec![(gzip.finish().unwrap(), "gzip")];
        all.extend(
            [(BZIP2, "bzip2"), (XZ, "xz"), (ZSTANDARD, "Zstandard")]
                .map(|(text, name)| (STANDARD.decode(text).unwrap(), name)),
        );
        for (packed, name) in &all {
            let packed = &packed[..];
            assert_eq!(unpacked(packed.into()).unwrap(), TEXT, "{name}");
            let twice = [packed, packed].concat();
            assert_eq!(unpacked(twice[..].into()).unwrap(), [TEXT, TEXT].concat(), "{name} twice");
            let message = unpacked(packed[..packed.len() - 6].into()).unwrap_err();
            assert!(message.contains(name) && message.contains("cut off"), "{message}");
        }
        assert_eq!(unpacked(TEXT.into()).unwrap(), TEXT);
    }

    #[test]
    fn what_unpacks_without_end_is_refused() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let zeros = vec![0; 1 << 20];
        (0..1025).for_each(|_| gzip.write_all(&zeros).unwrap());
        assert!(unpacked(gzip.finish().unwrap().into()).unwrap_err().contains("more than 1073741824 bytes"));
    }

    #[test]
    fn names_lose_the_extension_of_their_packing_alone() {
        for (name, plain) in [
            ("a/b_0001.cbf.bz2", "a/b_0001.cbf"),
            ("x.PDB.GZ", "x.PDB"),
            ("x.hkl.xz", "x.hkl"),
            ("x.zst", "x"),
            ("x.cbf", "x.cbf"),
            ("gz", "gz"),
        ] {
            assert_eq!(without_packing(Path::new(name)), Path::new(plain));
        }
    }
}
