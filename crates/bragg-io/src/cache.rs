//! Structure factors kept between runs, so that the second one starts at once.
//!
//! An entry is a file whose name is the MD5 digest of its key, a text that holds everything the structure factors depend on; of input
//! files the digest of their bytes ([`digest`]). The entry repeats the key and ends with a checksum: one that is damaged, cut off or of
//! another key counts as none and is written anew. Entries appear whole or not at all, so that several processes may share a folder,
//! and any file in it may be removed at any time.
//!
//! MD5 since it is there for CBF: what it guards against is chance and damage, not malice.

use crate::formats::atomic;
use crate::formats::bounded::read_at_most;
use bragg::error::Result;
use bragg::miller::Miller;
use bragg::structure::Complex64;
use md5::{Digest, Md5};
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

/// Begins every entry; its number is raised whenever the form of entries changes.
const MAGIC: &[u8] = b"bragg structure factors 1\n";
/// Bytes of a reflection: three indices and a complex number.
const RECORD: usize = 3 * 4 + 2 * 8;
/// Bytes of the checksum.
const CHECKSUM: usize = 16;
/// The end of an entry's name.
const EXTENSION: &str = "sf";

/// A folder of structure factors.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    max_bytes: u64,
}

/// The MD5 digest of bytes, in hexadecimal.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The environment variable that names the folder of [`Cache::of_user`]; empty keeps nothing.
const FOLDER: &str = "BRAGG_CACHE";

impl Cache {
    /// What the entries of a folder may take together: 1 GiB.
    pub const MAX_BYTES: u64 = 1 << 30;

    /// A cache in a folder, which is made when the first entry is.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, max_bytes: Self::MAX_BYTES }
    }

    /// The cache of the user: the folder of `BRAGG_CACHE`, else `bragg` in the system's folder for caches. None where it is not wanted or there
    /// is no place for it.
    #[must_use]
    pub fn of_user(is_wanted: bool) -> Option<Self> {
        is_wanted.then(folder_of_user).flatten().map(Self::new)
    }

    /// This cache with another limit on the bytes of all entries together.
    #[must_use]
    pub fn with_limit(self, max_bytes: u64) -> Self {
        Self { max_bytes, ..self }
    }

    /// Where the entry of a key is, or would be.
    #[must_use]
    pub fn path(&self, key: &str) -> PathBuf {
        self.folder.join(digest(key.as_bytes())).with_extension(EXTENSION)
    }

    /// The structure factors of a key, when there is a sound entry for it.
    #[must_use]
    pub fn load(&self, key: &str) -> Option<Vec<(Miller, Complex64)>> {
        let path = self.path(key);
        let bytes = read_at_most(&path, self.max_bytes).ok()?;
        let list = decode(&bytes, key)?;
        // the oldest entries are removed first; one that is used is young again, unless the file may not be touched
        let _ = fs::File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        Some(list)
    }

    /// Keeps the structure factors of a key, and removes the entries that were not used for longest until all fit within the limit.
    /// What is larger than the limit by itself is not kept.
    ///
    /// # Errors
    /// The folder cannot be made or written to.
    pub fn store(&self, key: &str, list: &[(Miller, Complex64)]) -> Result<()> {
        let bytes = encode(list, key);
        if bytes.len() as u64 > self.max_bytes {
            return Ok(());
        }
        fs::create_dir_all(&self.folder).map_err(|e| bragg::Error::io("write", &self.folder, e))?;
        atomic::replace(&self.path(key), &bytes)?;
        self.prune();
        Ok(())
    }

    /// Removes the oldest entries beyond the limit. Another process may be at the same: what cannot be removed is let be.
    fn prune(&self) {
        let Ok(folder) = fs::read_dir(&self.folder) else { return };
        let mut entries: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in folder.flatten() {
            let (path, Ok(metadata)) = (entry.path(), entry.metadata()) else { continue };
            let age = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                entries.push((age, metadata.len(), path));
            }
        }
        entries.sort();
        let mut total: u64 = entries.iter().map(|(_, length, _)| length).sum();
        for (_, length, path) in entries {
            if total <= self.max_bytes {
                break;
            }
            if fs::remove_file(path).is_ok() {
                total -= length;
            }
        }
    }
}

fn encode(list: &[(Miller, Complex64)], key: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(MAGIC.len() + 16 + key.len() + list.len() * RECORD + CHECKSUM);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&(key.len() as u64).to_le_bytes());
    bytes.extend_from_slice(key.as_bytes());
    bytes.extend_from_slice(&(list.len() as u64).to_le_bytes());
    for (hkl, f) in list {
        hkl.iter().for_each(|index| bytes.extend_from_slice(&index.to_le_bytes()));
        [f.re, f.im].iter().for_each(|part| bytes.extend_from_slice(&part.to_le_bytes()));
    }
    let checksum = Md5::digest(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

/// The list of an entry; `None` where anything is not as [`encode`] writes it.
fn decode(bytes: &[u8], key: &str) -> Option<Vec<(Miller, Complex64)>> {
    let (content, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
    let rest = content.strip_prefix(MAGIC)?;
    let rest = rest.strip_prefix(&(key.len() as u64).to_le_bytes())?.strip_prefix(key.as_bytes())?;
    let (length, records) = rest.split_first_chunk::<8>()?;
    let (records, rest) = records.as_chunks::<RECORD>();
    let is_whole = rest.is_empty() && records.len() as u64 == u64::from_le_bytes(*length);
    if !is_whole || Md5::digest(content)[..] != *checksum {
        return None;
    }
    records.iter().map(record).collect()
}

fn record(bytes: &[u8; RECORD]) -> Option<(Miller, Complex64)> {
    let (indices, parts) = bytes.split_first_chunk::<12>()?;
    let index = |i: usize| Some(i32::from_le_bytes(*indices.as_chunks::<4>().0.get(i)?));
    let part = |i: usize| Some(f64::from_le_bytes(*parts.as_chunks::<8>().0.get(i)?));
    Some(([index(0)?, index(1)?, index(2)?], Complex64::new(part(0)?, part(1)?)))
}

fn folder_of_user() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    match variable(FOLDER) {
        Some(folder) if folder.as_os_str().is_empty() => None,
        Some(folder) => Some(folder),
        None => {
            // the XDG base directory specification ignores relative paths
            let absolute = |name: &str| variable(name).filter(|path| path.is_absolute());
            let caches = if cfg!(windows) {
                absolute("LOCALAPPDATA")
            } else {
                absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))
            };
            Some(caches?.join("bragg"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn list(n: i32) -> Vec<(Miller, Complex64)> {
        (0..n).map(|i| ([i, -i, 7], Complex64::new(0.1 * f64::from(i), -1.0 / 3.0))).collect()
    }

    fn cache(folder: &tempfile::TempDir) -> Cache {
        Cache::new(folder.path().join("made/when needed"))
    }

    #[test]
    fn digests_are_those_of_rfc_1321() {
        assert_eq!(digest(b""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(digest(b"message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
    }

    #[test]
    fn what_is_stored_is_loaded_bit_for_bit_by_its_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder);
        assert!(cache.load("a").is_none());
        cache.store("a", &list(100)).unwrap();
        cache.store("b", &[]).unwrap();
        assert_eq!(cache.load("a").unwrap(), list(100));
        assert_eq!(cache.load("b").unwrap(), []);
        assert!(cache.load("c").is_none());
        fs::remove_dir_all(&cache.folder).unwrap();
        assert!(cache.load("a").is_none());
        cache.store("a", &list(3)).unwrap();
        assert_eq!(cache.load("a").unwrap(), list(3));
    }

    #[test]
    fn damaged_entries_count_as_none_and_are_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder);
        cache.store("key", &list(20)).unwrap();
        let path = cache.path("key");
        let whole = fs::read(&path).unwrap();
        for length in [0, 5, MAGIC.len() + 3, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(cache.load("key").is_none(), "{length}");
        }
        for at in [0, MAGIC.len() + 2, MAGIC.len() + 9, whole.len() / 2, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[at] ^= 4;
            fs::write(&path, damaged).unwrap();
            assert!(cache.load("key").is_none(), "{at}");
        }
        // an entry of another key under this name
        fs::copy(
            {
                cache.store("other", &list(2)).unwrap();
                cache.path("other")
            },
            &path,
        )
        .unwrap();
        assert!(cache.load("key").is_none());
        cache.store("key", &list(20)).unwrap();
        assert_eq!(cache.load("key").unwrap(), list(20));
    }

    #[test]
    fn the_entries_that_were_not_used_for_longest_are_removed_beyond_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let one = encode(&list(50), "0").len() as u64;
        let cache = cache(&folder).with_limit(3 * one);
        let aged = |key: &str, seconds: u64| {
            let file = fs::File::options().append(true).open(cache.path(key)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
        };
        for (key, age) in [("0", 300), ("1", 200), ("2", 100)] {
            cache.store(key, &list(50)).unwrap();
            aged(key, age);
        }
        // the first becomes the youngest by being used
        assert!(cache.load("0").is_some());
        cache.store("3", &list(50)).unwrap();
        let left: Vec<bool> = ["0", "1", "2", "3"].iter().map(|key| cache.load(key).is_some()).collect();
        assert_eq!(left, [true, false, true, true]);
        cache.store("large", &list(1000)).unwrap();
        assert!(cache.load("large").is_none() && cache.load("3").is_some());
    }

    #[test]
    fn several_writers_and_readers_see_whole_entries_only() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder);
        let expected = list(5000);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        cache.store("key", &expected).unwrap();
                        if let Some(found) = cache.load("key") {
                            assert!(found == expected);
                        }
                        // somebody empties the cache
                        let _ = fs::remove_file(cache.path("key"));
                    }
                });
            }
        });
    }
}
