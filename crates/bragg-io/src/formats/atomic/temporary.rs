//! Temporary files. A process knows its own, so that it can remove them whenever it ends. Their names say whose they are, so that the
//! next process to write in a folder removes those of one that was killed.

use bragg::error::{Error, Result};
use md5::{Digest, Md5};
use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, OnceLock, TryLockError};
use std::time::Duration;

/// How the names of temporary files begin and end.
const AFFIXES: [&str; 2] = [".bragg-", ".partial"];
/// Files of this age are taken to be left over from a process that ran on another system, where it cannot be
/// looked for.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);
/// Names of files that [`Written`] keeps.
const NAMED: usize = 3;
/// How often, and how far apart, the lock is asked for, which is never held for longer than it takes to open or rename some files.
const PATIENCE: (u32, Duration) = (1000, Duration::from_millis(2));

/// The files that this process has given their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The first of them.
    pub first: Vec<PathBuf>,
    /// How many they are.
    pub n: u64,
}

/// What a process knows of its temporary files.
#[derive(Debug)]
struct Known {
    /// Those that are there.
    live: BTreeSet<PathBuf>,
    /// Folders that have been looked through for leftovers.
    swept: BTreeSet<PathBuf>,
    written: Written,
    is_ending: bool,
}

static KNOWN: Mutex<Known> = Mutex::new(Known {
    live: BTreeSet::new(),
    swept: BTreeSet::new(),
    written: Written { first: Vec::new(), n: 0 },
    is_ending: false,
});

/// Counts this process's temporary files.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// `None` where somebody has held it for seconds: a file system hangs, or the process was forked at that moment from one that had it. Then
/// files are written without being known.
fn known() -> Option<MutexGuard<'static, Known>> {
    let (times, pause) = PATIENCE;
    for _ in 0..times {
        match KNOWN.try_lock() {
            Ok(known) => return Some(known),
            Err(TryLockError::Poisoned(known)) => return Some(known.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(pause),
        }
    }
    None
}

/// The files that this process has given their names so far, those of the cache not counted.
#[must_use]
pub fn written() -> Written {
    known().map(|known| known.written.clone()).unwrap_or_default()
}

/// Removes every temporary file of this process, which is about to end: from now on it makes no others and renames none. Files that are
/// to appear together have all got their names or none has.
pub fn abandon() {
    let Some(mut known) = known() else { return };
    known.is_ending = true;
    // a process that was forked from another knows the other's, too
    let own = Owner::own();
    for path in std::mem::take(&mut known.live).iter().filter(|path| Owner::of(path).as_ref() == Some(&own)) {
        // somebody may have been faster
        let _ = fs::remove_file(path);
    }
}

/// A temporary file, which is removed with this unless it gets its name.
#[derive(Debug)]
pub(super) struct Temporary {
    path: PathBuf,
    /// Until somebody takes it to write.
    file: Option<File>,
}

impl Temporary {
    /// A new one; leftovers of dead processes in its folder are removed.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        let mut known = known();
        stop_at_end(known.as_deref())?;
        let (file, path) = create(folder)?;
        let is_first = known.as_mut().is_some_and(|known| {
            known.live.insert(path.clone());
            known.swept.insert(folder.to_owned())
        });
        drop(known);
        if is_first {
            sweep(folder, &file);
        }
        Ok(Self { path, file: Some(file) })
    }

    /// What to write to.
    pub(super) fn take(&mut self) -> io::Result<File> {
        self.file.take().ok_or_else(|| io::Error::other("it is written already"))
    }

    /// Gives it its name.
    pub(super) fn persist(mut self, target: &Path) -> io::Result<()> {
        self.rename(target, known().as_deref_mut())
    }

    fn rename(&mut self, target: &Path, known: Option<&mut Known>) -> io::Result<()> {
        stop_at_end(known.as_deref())?;
        fs::rename(&self.path, target)?;
        if let Some(known) = known {
            known.live.remove(&self.path);
        }
        self.path.clear();
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.path.as_os_str().is_empty() {
            return;
        }
        self.file = None;
        let mut known = known();
        // it may have been moved or removed
        let _ = fs::remove_file(&self.path);
        if let Some(known) = &mut known {
            known.live.remove(&self.path);
        }
    }
}

/// Gives files their names, all that can be had without a chance for the process to end in between; each with its name as the user wrote it,
/// and the one that it gets.
///
/// # Errors
/// One cannot be renamed; the ones before it have their names.
pub(super) fn persist_all(files: Vec<(PathBuf, PathBuf, Temporary)>) -> Result<()> {
    // dropped behind the lock, which they take to be removed
    let mut files = files;
    let mut known = known();
    for (path, target, file) in &mut files {
        file.rename(target, known.as_deref_mut()).map_err(|error| Error::io("write", path, plain(error)))?;
        let Some(known) = &mut known else { continue };
        known.written.n += 1;
        if known.written.first.len() < NAMED {
            known.written.first.push(path.clone());
        }
    }
    drop(known);
    Ok(())
}

/// Refuses to begin anything when the process ends.
fn stop_at_end(known: Option<&Known>) -> io::Result<()> {
    if known.is_some_and(|known| known.is_ending) { Err(io::Error::other("the program is ending")) } else { Ok(()) }
}

/// Removes what dead processes left in a folder, those of the user who owns the `own` file.
fn sweep(folder: &Path, own: &File) {
    let Ok(own) = own.metadata() else { return };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Some(owner) = Owner::of(&path) else { continue };
        // of the entry itself, whatever it may point to
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_file() && is_same_user(&metadata, &own) && owner.is_gone(&path, &metadata) {
            // another process may be at the same
            let _ = fs::remove_file(path);
        }
    }
}

/// Opens a file of a new name.
fn create(folder: &Path) -> io::Result<(File, PathBuf)> {
    let [prefix, suffix] = AFFIXES;
    let Owner { system, process } = Owner::own();
    loop {
        let number = NUMBER.fetch_add(1, Relaxed);
        let path = folder.join(format!("{prefix}{system}-{process}-{number}{suffix}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            // left by a process that had our number
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            outcome => return Ok((outcome?, path)),
        }
    }
}

/// The process that a temporary file is of, as its name says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Owner {
    /// The system and its name space of processes.
    system: String,
    process: u32,
}

/// What stands for a system that says nothing of its processes.
const UNKNOWN: &str = "0";

impl Owner {
    fn own() -> Self {
        static SYSTEM: OnceLock<String> = OnceLock::new();
        let system = SYSTEM.get_or_init(|| system().unwrap_or_else(|| UNKNOWN.to_owned()));
        Self { system: system.clone(), process: std::process::id() }
    }

    /// By the name of a file; `None` for other files.
    fn of(path: &Path) -> Option<Self> {
        let [prefix, suffix] = AFFIXES;
        let name = path.file_name()?.to_str()?.strip_prefix(prefix)?.strip_suffix(suffix)?;
        let mut parts = name.split('-');
        let (Some(system), Some(Ok(process)), Some(_)) = (parts.next(), parts.next().map(str::parse), parts.next())
        else {
            // of an earlier version
            return Some(Self { system: UNKNOWN.to_owned(), process: 0 });
        };
        Some(Self { system: system.to_owned(), process })
    }

    /// Whether it is certain that nobody writes the file any more.
    fn is_gone(&self, path: &Path, metadata: &Metadata) -> bool {
        let own = Self::own();
        if self.system != own.system || own.system == UNKNOWN {
            let age = metadata.modified().ok().and_then(|time| time.elapsed().ok());
            return age.is_some_and(|age| age > ABANDONED);
        }
        if self.process == own.process {
            // of an earlier process with our number
            return known().is_some_and(|known| !known.live.contains(path));
        }
        !Path::new("/proc").join(self.process.to_string()).exists()
    }
}

/// A text for the running system and the name space of process numbers that this process sees; `None` where there is none.
fn system() -> Option<String> {
    let boot = fs::read("/proc/sys/kernel/random/boot_id").ok()?;
    let space = fs::read_link("/proc/self/ns/pid").ok()?;
    // where processes are hidden, none would seem to be there
    if !Path::new("/proc").join(std::process::id().to_string()).exists() {
        return None;
    }
    let digest = Md5::digest([&boot, space.as_os_str().as_encoded_bytes()].concat());
    Some(digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(unix)]
fn is_same_user(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    a.uid() == b.uid()
}

#[cfg(not(unix))]
fn is_same_user(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// The system's refusal in words that help.
pub(super) fn plain(error: io::Error) -> io::Error {
    let say = |text: &str| io::Error::new(error.kind(), text);
    // numbers that Linux, macOS and the BSDs share
    const PROCESS_HAS_TOO_MANY_FILES: i32 = 24;
    const SYSTEM_HAS_TOO_MANY_FILES: i32 = 23;
    match error.raw_os_error() {
        _ if error.kind() == io::ErrorKind::NotFound => say("its folder does not exist; create it first"),
        Some(PROCESS_HAS_TOO_MANY_FILES) if cfg!(unix) => {
            say("the program has as many files open as the system lets it have; raise the limit (ulimit -n)")
        }
        Some(SYSTEM_HAS_TOO_MANY_FILES) if cfg!(unix) => {
            say("all programs together have as many files open as the system can have; close some")
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn names_say_whose_they_are() {
        let own = Owner::own();
        let folder = tempfile::tempdir().unwrap();
        let temporary = Temporary::new(folder.path()).unwrap();
        assert_eq!(Owner::of(&temporary.path), Some(own));
        assert_eq!(Owner::of(Path::new("a/.bragg-12ab-77-3.partial")).unwrap().process, 77);
        for name in [".bragg-Xy12.partial", ".bragg-.partial", ".bragg-a-b-c.partial"] {
            assert_eq!(Owner::of(Path::new(name)).unwrap().system, UNKNOWN, "{name}");
        }
        for name in ["image.img", ".bragg-1-2-3", "x.bragg-1-2-3.partial", ".bragg-1-2-3.partial.cbf"] {
            assert_eq!(Owner::of(Path::new(name)), None, "{name}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn leftovers_of_dead_processes_are_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let (dead, alive) = (child.id(), std::process::id());
        let system = Owner::own().system;
        let name = |system: &str, process: u32, i: u32| format!(".bragg-{system}-{process}-{i}.partial");
        let day_old = SystemTime::now() - 2 * ABANDONED;
        let make = |name: &str, time: SystemTime| {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(time).unwrap();
        };
        let now = SystemTime::now();
        // process 1 is always there
        let kept = [
            (name(&system, 1, 0), now),
            (name("elsewhere", dead, 0), now),
            ("image.cbf".to_owned(), day_old),
            (".bragg-notes".to_owned(), day_old),
            (".bragg-abcdef.partial".to_owned(), now),
        ];
        let removed = [
            (name(&system, dead, 0), now),
            (name(&system, dead, 17), now),
            // of an earlier process with our number
            (name(&system, alive, u32::MAX), now),
            (name("elsewhere", 1, 0), day_old),
            (".bragg-fedcba.partial".to_owned(), day_old),
        ];
        kept.iter().chain(&removed).for_each(|(name, time)| make(name, *time));
        let trap = folder.path().join(name(&system, dead, 99));
        fs::create_dir(&trap).unwrap();
        let mine = Temporary::new(folder.path()).unwrap();
        let second = Temporary::new(folder.path()).unwrap();
        for (name, _) in &kept {
            assert!(folder.path().join(name).exists(), "{name}");
        }
        for (name, _) in &removed {
            assert!(!folder.path().join(name).exists(), "{name}");
        }
        assert!(trap.exists() && mine.path.exists() && second.path.exists());
        drop((mine, second));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), kept.len() + 1);
    }

    #[test]
    fn refusals_help() {
        let of = |number: i32| plain(io::Error::from_raw_os_error(number)).to_string();
        if cfg!(unix) {
            assert!(of(24).contains("ulimit -n"), "{}", of(24));
            assert!(of(2).contains("folder does not exist"), "{}", of(2));
            assert!(of(28).starts_with("No space left"), "{}", of(28));
        }
    }
}
