//! The folder that a comparison leaves.

use bragg::{Error, Result};
use bragg_io::formats::atomic;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Inputs of so many bytes, at most, are copied.
const SMALL: u64 = 4_000_000;

/// The folder that a comparison, or a suite of them, leaves.
#[derive(Debug, Clone)]
pub struct Bundle {
    folder: PathBuf,
}

impl Bundle {
    /// Makes the folder that the user named, which must not be there or be empty.
    ///
    /// # Errors
    /// It cannot be made, or something is in it.
    pub fn at(folder: &Path) -> Result<Self> {
        let folder = std::path::absolute(folder).map_err(|error| Error::io("find", folder, error))?;
        fs::create_dir_all(&folder).map_err(|error| Error::io("make", &folder, error))?;
        let mut entries = fs::read_dir(&folder).map_err(|error| Error::io("read", &folder, error))?;
        if entries.next().is_some() {
            let what = "is not empty, and nothing is overwritten; name another folder (`outdir`)";
            return Err(Error::file(&folder, None, what));
        }
        Ok(Self { folder })
    }

    /// Makes `comparisons/<UTC stamp>-<hash of the arguments>`, or one with a number behind it where that is there.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn of(arguments: &[String]) -> Result<Self> {
        let stamp: String =
            stamp(SystemTime::now()).chars().filter(|character| character.is_ascii_alphanumeric()).collect();
        let digest = hex(&Sha256::digest(arguments.join("\0")));
        let parent =
            std::path::absolute("comparisons").map_err(|error| Error::io("find", Path::new("comparisons"), error))?;
        fs::create_dir_all(&parent).map_err(|error| Error::io("make", &parent, error))?;
        let mut number = 1;
        loop {
            let suffix = if number > 1 { format!("-{number}") } else { String::new() };
            let folder = parent.join(format!("{stamp}-{}{suffix}", digest.get(..8).unwrap_or_default()));
            match fs::create_dir(&folder) {
                Ok(()) => return Ok(Self { folder }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(Error::io("make", &folder, error)),
            }
        }
    }

    /// A bundle within this one.
    pub(super) fn within(&self, name: &str) -> Result<Self> {
        Self::at(&self.folder.join(name))
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of a file of the bundle.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        // a program that deletes folders may have taken ours along
        fs::create_dir_all(&self.folder).map_err(|error| Error::io("make", &self.folder, error))?;
        atomic::write(&self.path(name), |w| w.write_all(bytes))
    }

    pub(super) fn write_json(&self, name: &str, value: &serde_json::Value) -> Result<()> {
        self.write(name, format!("{value:#}\n").as_bytes())
    }

    /// Where the programs run.
    pub(super) fn scratch_path(&self, side: &str) -> PathBuf {
        self.folder.join("scratch").join(side)
    }

    /// Makes an empty folder for a program to run in.
    pub(super) fn scratch(&self, side: &str) -> Result<PathBuf> {
        let folder = self.scratch_path(side);
        fs::create_dir_all(&folder).map_err(|error| Error::io("make", &folder, error))?;
        Ok(folder)
    }

    /// Removes what the programs left besides their image.
    pub(super) fn clear_scratch(&self) {
        // it may be gone already, or hold what we may not remove
        let _ = fs::remove_dir_all(self.folder.join("scratch"));
    }

    /// Moves a file of a program into the bundle.
    pub(super) fn take(&self, from: &Path, to: &Path) -> Result<()> {
        fs::rename(from, to).map_err(|error| Error::io("keep", from, error))
    }

    /// Copies small inputs; the digest of every input, with its name as seen from the bundle, or the whole path of one that is not copied.
    pub(super) fn keep_inputs<'a>(&self, inputs: impl Iterator<Item = &'a PathBuf>) -> Result<Vec<(String, String)>> {
        let mut digests: Vec<(String, String)> = Vec::new();
        for path in inputs {
            let digest = sha256(path)?;
            let length = path.metadata().map_err(|error| Error::io("read", path, error))?.len();
            let mut name = path.display().to_string();
            if length <= SMALL {
                let folder = self.path("inputs");
                fs::create_dir_all(&folder).map_err(|error| Error::io("make", &folder, error))?;
                let file = path.file_name().unwrap_or_default().to_string_lossy();
                name = format!("inputs/{file}");
                // two inputs of one name from two folders
                if digests.iter().any(|(_, other)| *other == name) {
                    name = format!("inputs/{}-{file}", digests.len());
                }
                let copy = self.path(&name);
                fs::copy(path, &copy).map_err(|error| Error::io("write", &copy, error))?;
            }
            digests.push((digest, name));
        }
        Ok(digests)
    }
}

/// The SHA-256 digest of a file, as hexadecimal digits.
pub(super) fn sha256(path: &Path) -> Result<String> {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let mut digest = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let n = file.read(&mut buffer)?;
            if n == 0 {
                return Ok(hex(&digest.finalize()));
            }
            digest.update(&buffer[..n]);
        }
    };
    read().map_err(|error| Error::io("read", path, error))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A time in UTC, to the second.
pub(super) fn stamp(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_other_programs() {
        // FIPS 180-2, appendix B.1
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        fs::write(&path, "abc").unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(&path).unwrap(), expected);
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Bundle::at(folder.path()).is_ok());
        fs::write(folder.path().join("a"), "old").unwrap();
        assert!(Bundle::at(folder.path()).unwrap_err().to_string().contains("is not empty"));
        assert!(Bundle::at(&folder.path().join("a")).is_err());
    }
}
