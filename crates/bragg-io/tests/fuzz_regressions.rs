//! The fuzzers' seeds and past crashes, whole, cut short and damaged, through every reader.

#[path = "../../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is a library where it comes from")]
mod readers;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use readers::{READERS, Reader};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Inputs of at most so many bytes are cut at every byte, longer ones at so many places.
const N_CUTS: usize = 256;
/// Damaged copies of each input.
const N_DAMAGED: usize = 256;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// The files of a folder, by name; none where there is no such folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = folder.read_dir() else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// What a reader says of an input; a panic names the input.
fn feed(name: &str, reader: Reader, file: &Path, change: &str, bytes: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| reader(bytes)))
        .unwrap_or_else(|_| panic!("the reader {name} fell over {}, {change}", file.display()))
}

#[test]
fn seeds_are_accepted_whole() {
    for (name, reader) in READERS {
        let seeds = files(&fuzz().join("corpus").join(name));
        assert!(!seeds.is_empty(), "fuzz/corpus/{name} has no seeds");
        for seed in seeds {
            let accepted = feed(name, *reader, &seed, "whole", &std::fs::read(&seed).unwrap());
            assert!(accepted, "the reader {name} refuses the seed {}", seed.display());
        }
    }
}

#[test]
fn past_crashes_stay_mended() {
    for (name, reader) in READERS {
        for file in files(&fuzz().join("regressions").join(name)) {
            feed(name, *reader, &file, "whole", &std::fs::read(&file).unwrap());
        }
    }
}

#[test]
fn inputs_may_be_cut_short_anywhere() {
    each_input(|name, reader, file, bytes| {
        for cut in 0..bytes.len().min(N_CUTS) {
            let n = if bytes.len() <= N_CUTS { cut } else { cut * bytes.len() / N_CUTS };
            feed(name, reader, file, &format!("cut to {n} bytes"), &bytes[..n]);
        }
    });
}

#[test]
fn inputs_may_be_damaged_anywhere() {
    each_input(|name, reader, file, bytes| {
        for seed in 0..N_DAMAGED as u64 {
            let damaged = damaged(bytes, &mut ChaCha8Rng::seed_from_u64(seed));
            feed(name, reader, file, &format!("damaged with seed {seed}"), &damaged);
        }
    });
}

fn each_input(check: impl Fn(&str, Reader, &Path, &[u8])) {
    for (name, reader) in READERS {
        for folder in ["corpus", "regressions"] {
            for file in files(&fuzz().join(folder).join(name)) {
                check(name, *reader, &file, &std::fs::read(&file).unwrap());
            }
        }
    }
}

/// A copy with one to four of: a byte changed, a bit turned, bytes left out, doubled, or replaced by a telling number.
fn damaged(bytes: &[u8], random: &mut impl Rng) -> Vec<u8> {
    const TELLING: [&[u8]; 8] =
        [b"-1", b"99999999999", b"nan", b"1e308", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\n"];
    let mut bytes = bytes.to_vec();
    for _ in 0..random.random_range(1..=4) {
        if bytes.is_empty() {
            break;
        }
        let at = random.random_range(0..bytes.len());
        let end = (at + random.random_range(1..=8)).min(bytes.len());
        match random.random_range(0..5) {
            0 => bytes[at] = random.random(),
            1 => bytes[at] ^= 1 << random.random_range(0..8),
            2 => drop(bytes.drain(at..end)),
            3 => drop(bytes.splice(at..at, bytes[at..end].to_vec())),
            _ => {
                let telling = TELLING[random.random_range(0..TELLING.len())];
                bytes.splice(at..end, telling.iter().copied());
            }
        }
    }
    bytes
}

#[test]
fn every_reader_has_a_fuzzer() {
    let targets: BTreeSet<String> = files(&fuzz().join("fuzz_targets"))
        .iter()
        .map(|file| file.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let readers: BTreeSet<String> = READERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(targets, readers);
    let manifest = std::fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in readers {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml does not name {name}");
    }
}
