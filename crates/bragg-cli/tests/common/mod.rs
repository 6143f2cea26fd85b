//! A folder to work in, and the program run there.
#![allow(dead_code, reason = "no test uses every part")]

#[cfg(unix)]
pub(crate) mod comparisons;
pub(crate) mod fits;

use assert_cmd::Command;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A small experiment without files beside it: a fraction of a second.
pub(crate) const EXPERIMENT: &str = "\
[crystal]
cell = [40, 50, 60, 80, 95, 100]
misset = [10, 20, 30]
n_cells = [5, 6, 7]
mosaic.eta = 0.25
mosaic.domains = 3
structure_factors.default = 100

[beam]
wavelength = 1
fluence = 1e27

[detector]
pixels = [60, 40]
pixel_size = 0.5
distance = 60

[background]
water_volume = 1e-12
";

pub(crate) struct Workplace {
    folder: TempDir,
    cache: TempDir,
}

impl Workplace {
    pub(crate) fn new() -> Self {
        let workplace = Self { folder: tempfile::tempdir().unwrap(), cache: tempfile::tempdir().unwrap() };
        workplace.write("x.toml", EXPERIMENT);
        workplace
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Where the program keeps structure factors.
    pub(crate) fn cache(&self) -> &Path {
        self.cache.path()
    }

    /// Every file there is, in subfolders too, with its content.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let content = fs::read(&path).unwrap();
                    files.push((path, content));
                }
            }
        }
        files.sort();
        files
    }

    pub(crate) fn bragg(&self, words: &str) -> Command {
        let mut command = Command::cargo_bin("bragg").unwrap();
        command.env("BRAGG_CACHE", self.cache.path());
        command.current_dir(self.folder.path()).args(words.split_whitespace());
        command
    }

    /// What the program writes to standard error, when it succeeds.
    pub(crate) fn run(&self, words: &str) -> String {
        let output = self.bragg(words).output().unwrap();
        let messages = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "bragg {words}: {messages}");
        messages
    }
}

/// From now on, programs that this process starts hear that a terminal is closed, although `nohup` or a script may have started us so that
/// it is ignored, which is inherited. A signal that has a handler is not ignored by who is started; ours does nothing, as before.
#[cfg(unix)]
pub(crate) fn hear_hangups() {
    use signal_hook::consts::SIGHUP;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0");
    if u64::from_str_radix(ignored.trim(), 16).unwrap() >> (SIGHUP - 1) & 1 == 1 {
        signal_hook::flag::register(SIGHUP, std::sync::Arc::default()).unwrap();
    }
}

/// A folder in which the drop-in runs.
pub(crate) struct DropIn(TempDir);

impl DropIn {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.0.path().join(name), content).unwrap();
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.0.path().join(name).exists()
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Standard output and standard error of a run, which must succeed.
    pub(crate) fn run(&self, words: &str) -> (String, String) {
        let mut command = Command::cargo_bin("bragg").unwrap();
        command.arg("nanobragg").args(words.split_whitespace()).current_dir(self.0.path());
        let output = command.output().unwrap();
        let [said, notes] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert!(output.status.success(), "{words}: {notes}");
        (said, notes)
    }

    /// The float image of the last run.
    pub(crate) fn floats(&self) -> Vec<f64> {
        let bytes = self.read("floatimage.bin");
        bytes.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes).into()).collect()
    }

    /// The sum of the float image of a run.
    pub(crate) fn sum(&self, words: &str) -> f64 {
        self.run(words);
        self.floats().iter().sum()
    }

    /// The pixels of an SMV image of the last run.
    pub(crate) fn counts(&self, name: &str) -> Vec<u16> {
        self.read(name)[512..].as_chunks::<2>().0.iter().map(|&bytes| u16::from_le_bytes(bytes)).collect()
    }
}
