//! Files that appear whole or not at all.

mod temporary;

pub use temporary::{Written, abandon, written};

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Cursor, Seek, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use bragg::error::{Error, Result};
use temporary::{Temporary, persist_all, plain};

/// Bytes collected before the operating system is asked to write; more at a time go to it as they are.
const BUFFER: usize = 1 << 16;
/// Links followed before a chain of them is taken for a loop, as Linux does.
const MAX_LINKS: usize = 40;

/// Writes `path` through `body` into a temporary file beside it, and gives that file the name once all of it is
/// written. On any error the temporary file is removed and what was at `path` stays as it was.
///
/// A symbolic link stays and its target is replaced; a replaced file hands on its permissions. Where `path` is no
/// regular file (`/dev/null`, `/dev/stdout`, a pipe) it is written directly.
pub fn write(path: &Path, body: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut files = Together::default();
    files.add(path, body)?;
    files.commit()
}

/// Writes a file of ours, which other processes may replace or remove at the same moment: nothing is asked of what is there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = Temporary::new(folder).and_then(|mut temporary| {
        temporary.take()?.write_all(bytes)?;
        temporary.persist(path)
    });
    written.map_err(|error| Error::io("write", path, plain(error)))
}

/// Something that can be written anywhere.
pub trait WriteSeek: Write + Seek {}

impl<T: Write + Seek> WriteSeek for T {}

/// Writes a file as [`write()`] does, by a `body` that goes back in it; what is written directly is collected in memory first.
///
/// # Errors
/// As those of [`write()`].
pub fn write_seekable(path: &Path, body: impl FnOnce(&mut dyn WriteSeek) -> io::Result<()>) -> Result<()> {
    let staged = staged(path, |out| match out {
        Out::File(file) => body(file),
        Out::Stream(stream) => {
            let mut content = Cursor::new(Vec::new());
            body(&mut content)?;
            stream.write_all(content.get_ref())
        }
    })?;
    Together { written: staged.into_iter().collect() }.commit()
}

/// What writes a file.
pub type Body<'a> = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'a>;

/// Several files that appear together: each is written in full under a temporary name before the first gets its own.
#[derive(Debug, Default)]
pub struct Together {
    written: Vec<Staged>,
}

impl Together {
    /// Writes one more file as [`write()`] does, all but the last step.
    ///
    /// # Errors
    /// It cannot be written; nothing of it is left.
    pub fn add(&mut self, path: &Path, body: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        self.written.extend(staged(path, |out| match out {
            Out::File(file) => body(file),
            Out::Stream(stream) => body(stream),
        })?);
        Ok(())
    }

    /// Writes several more files at the same time, in the threads there are; pipes and the like before and one after another, in the
    /// order given.
    ///
    /// # Errors
    /// One cannot be written; nothing of it is left.
    pub fn add_all(&mut self, files: Vec<(&Path, Body<'_>)>) -> Result<()> {
        let (streams, files): (Vec<_>, Vec<_>) = files
            .into_iter()
            .partition(|(path, _)| fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) || is_stream(path));
        for (path, body) in streams {
            self.add(path, body)?;
        }
        let file = |(path, body): (&Path, Body<'_>)| {
            let mut one = Self::default();
            one.add(path, body).map(|()| one.written)
        };
        let added: Vec<_> = files.into_par_iter().map(file).collect();
        for written in added {
            self.written.extend(written?);
        }
        Ok(())
    }

    /// Gives every file its name.
    ///
    /// # Errors
    /// A file cannot be renamed; the ones before it have their names.
    pub fn commit(self) -> Result<()> {
        persist_all(self.written.into_iter().map(|Staged { path, target, file }| (path, target, file)).collect())
    }
}

/// Whether [`write()`] could begin: nothing is written, and nothing stays behind.
pub fn check(path: &Path) -> Result<()> {
    let outcome = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        // opening and closing a pipe would be seen at its other end
        Ok(metadata) if !metadata.is_file() || is_stream(path) => Ok(()),
        Ok(_) => fs::canonicalize(path).and_then(|target| begin(&target, true).map(drop)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            link_target(path).and_then(|target| begin(&target, false).map(drop))
        }
        Err(error) => Err(error),
    };
    outcome.map_err(|error| Error::io("write", path, plain(error)))
}

/// What a name leads to: the same for every spelling of it, links and hard links followed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place(Kind);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Kind {
    /// A file that is there: its device and its number there.
    #[cfg(unix)]
    File(u64, u64),
    /// The complete name, where there is no file or the system does not number them.
    Name(PathBuf),
}

/// What a name leads to; `None` for pipes, devices and the like, which several may write to.
#[must_use]
pub fn place(path: &Path) -> Option<Place> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() || is_stream(path) => None,
        #[cfg(unix)]
        Ok(metadata) => {
            use std::os::unix::fs::MetadataExt as _;
            Some(Place(Kind::File(metadata.dev(), metadata.ino())))
        }
        #[cfg(not(unix))]
        Ok(_) => fs::canonicalize(path).ok().map(|path| Place(Kind::Name(path))),
        Err(_) => {
            let target = link_target(path).unwrap_or_else(|_| path.to_owned());
            let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let name = target.file_name()?;
            Some(Place(Kind::Name(fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()).join(name))))
        }
    }
}

/// Whether a regular file behind this name is somebody's open stream (`/dev/stdout` sent to a file), which must be
/// written to and not replaced.
fn is_stream(path: &Path) -> bool {
    path.starts_with("/dev") || path.starts_with("/proc")
}

/// A file that is written and has yet to get its name.
#[derive(Debug)]
struct Staged {
    /// As the user called it.
    path: PathBuf,
    /// Where its name leads.
    target: PathBuf,
    file: Temporary,
}

/// Where a file's content goes.
enum Out<'a> {
    File(&'a mut BufWriter<File>),
    Stream(&'a mut dyn Write),
}

/// The new content of `path` in a temporary file; `None` where it was written directly.
fn staged(path: &Path, body: impl FnOnce(Out<'_>) -> io::Result<()>) -> Result<Option<Staged>> {
    let outcome = match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() || is_stream(path) => write_directly(path, body).map(|()| None),
        Ok(metadata) => {
            fs::canonicalize(path).and_then(|target| stage(target, Some(metadata.permissions()), body)).map(Some)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            link_target(path).and_then(|target| stage(target, None, body)).map(Some)
        }
        Err(error) => Err(error),
    };
    let staged = outcome.map_err(|error| Error::io("write", path, plain(error)))?;
    Ok(staged.map(|(target, file)| Staged { path: path.to_owned(), target, file }))
}

fn write_directly(path: &Path, body: impl FnOnce(Out<'_>) -> io::Result<()>) -> io::Result<()> {
    let mut writer = BufWriter::with_capacity(BUFFER, OpenOptions::new().append(true).open(path)?);
    body(Out::Stream(&mut writer))?;
    writer.flush()
}

/// The new content of `target` in a temporary file beside it.
fn stage(
    target: PathBuf,
    permissions: Option<fs::Permissions>,
    body: impl FnOnce(Out<'_>) -> io::Result<()>,
) -> io::Result<(PathBuf, Temporary)> {
    let mut temporary = begin(&target, permissions.is_some())?;
    // closed as soon as it is written: of open files there is a limit
    let mut writer = BufWriter::with_capacity(BUFFER, temporary.take()?);
    body(Out::File(&mut writer))?;
    let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
    if let Some(permissions) = permissions {
        file.set_permissions(permissions)?;
    }
    Ok((target, temporary))
}

/// The temporary file beside the target.
fn begin(target: &Path, exists: bool) -> io::Result<Temporary> {
    if exists {
        // A file that may not be written must not be replaced either, although the folder would allow it.
        OpenOptions::new().write(true).open(target)?;
    }
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => Temporary::new(folder),
        _ => Temporary::new(Path::new(".")),
    }
}

/// Where a name leads that does not exist yet: itself, or what a dangling link points to.
fn link_target(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&target) {
            Ok(next) => target = target.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => return Ok(target),
        }
    }
    Err(io::Error::other("too many symbolic links follow each other; is it a loop?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn a_new_file_and_then_a_new_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.img");
        for content in ["first", "second, longer", ""] {
            write(&path, |w| w.write_all(content.as_bytes())).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            assert_eq!(entries(folder.path()), ["a.img"]);
        }
    }

    #[test]
    fn a_failure_leaves_nothing_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.img");
        let fail = |w: &mut dyn Write| {
            w.write_all(&vec![b'x'; 3 * BUFFER])?;
            Err(io::Error::other("the disk is on fire"))
        };
        let message = write(&path, fail).unwrap_err().to_string();
        assert_eq!(message, format!("cannot write {}: the disk is on fire", path.display()));
        assert!(entries(folder.path()).is_empty());

        fs::write(&path, "kept").unwrap();
        write(&path, fail).unwrap_err();
        assert_eq!(fs::read_to_string(&path).unwrap(), "kept");
        assert_eq!(entries(folder.path()), ["a.img"]);
    }

    #[test]
    fn files_appear_together_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Together::default();
        files.add(&folder.path().join("a.img"), |w| w.write_all(b"a")).unwrap();
        files.add(&folder.path().join("no/b.img"), |w| w.write_all(b"b")).unwrap_err();
        drop(files);
        assert!(entries(folder.path()).is_empty());
        let mut files = Together::default();
        for name in ["a.img", "b.img"] {
            files.add(&folder.path().join(name), |w| w.write_all(name.as_bytes())).unwrap();
        }
        files.commit().unwrap();
        assert_eq!(entries(folder.path()), ["a.img", "b.img"]);
        assert_eq!(fs::read_to_string(folder.path().join("b.img")).unwrap(), "b.img");
    }

    #[test]
    fn files_written_at_the_same_time_appear_together_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b, lost] = ["a.img", "b.img", "no/c.img"].map(|name| folder.path().join(name));
        let body = |content: &'static str| -> Body<'static> { Box::new(|w| w.write_all(content.as_bytes())) };
        let mut files = Together::default();
        let message =
            files.add_all(vec![(&a, body("a")), (&lost, body("c")), (&b, body("b"))]).unwrap_err().to_string();
        assert!(message.starts_with(&format!("cannot write {}: ", lost.display())), "{message}");
        drop(files);
        assert!(entries(folder.path()).is_empty());
        let mut files = Together::default();
        files.add_all(vec![(&a, body("a")), (&b, body("b"))]).unwrap();
        assert!(!a.exists() && !b.exists());
        files.commit().unwrap();
        assert_eq!((fs::read(a).unwrap(), fs::read(b).unwrap()), (b"a".to_vec(), b"b".to_vec()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn pipes_get_one_file_after_another_and_what_goes_back_as_a_whole() {
        use std::io::{Read, SeekFrom};
        let folder = tempfile::tempdir().unwrap();
        let [pipe, file] = ["pipe", "file"].map(|name| folder.path().join(name));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // held open at both ends, so that nothing waits
        let mut held = OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
        let mut read = |n: usize| {
            let mut bytes = vec![0; n];
            held.read_exact(&mut bytes).unwrap();
            String::from_utf8(bytes).unwrap()
        };
        let body = |content: &'static str| -> Body<'static> {
            Box::new(|w| content.as_bytes().iter().try_for_each(|byte| w.write_all(&[*byte]).and_then(|()| w.flush())))
        };
        let mut files = Together::default();
        files.add_all(vec![(&pipe, body("first ")), (&file, body("file")), (&pipe, body("second"))]).unwrap();
        files.commit().unwrap();
        assert_eq!((read(12).as_str(), fs::read(&file).unwrap()), ("first second", b"file".to_vec()));

        for path in [&file, &pipe] {
            write_seekable(path, |w| {
                w.write_all(b"0123")?;
                w.seek(SeekFrom::Start(1))?;
                w.write_all(b"x")
            })
            .unwrap();
        }
        assert_eq!((read(4).as_str(), fs::read(&file).unwrap()), ("0x23", b"0x23".to_vec()));
    }

    #[test]
    fn a_missing_folder_and_a_folder_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no/such/a.img");
        let message = write(&path, |_| Ok(())).unwrap_err().to_string();
        assert_eq!(message, format!("cannot write {}: its folder does not exist; create it first", path.display()));
        assert!(write(folder.path(), |_| Ok(())).is_err());
    }

    #[test]
    fn what_could_not_be_written_is_told_before_and_nothing_changes() {
        let folder = tempfile::tempdir().unwrap();
        let [new, old] = ["new.img", "old.img"].map(|name| folder.path().join(name));
        fs::write(&old, "kept").unwrap();
        check(&new).unwrap();
        check(&old).unwrap();
        for path in [folder.path().to_owned(), folder.path().join("no/a.img"), old.join("a.img")] {
            let message = check(&path).unwrap_err().to_string();
            assert!(message.starts_with(&format!("cannot write {}: ", path.display())), "{message}");
        }
        assert_eq!(entries(folder.path()), ["old.img"]);
        assert_eq!(fs::read_to_string(&old).unwrap(), "kept");
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_links() {
        let folder = tempfile::tempdir().unwrap();
        let (real, dangling) = (folder.path().join("real.img"), folder.path().join("sub/new.img"));
        fs::create_dir(folder.path().join("sub")).unwrap();
        fs::write(&real, "old").unwrap();
        let (link, to_nothing) = (folder.path().join("link.img"), folder.path().join("sub/link.img"));
        std::os::unix::fs::symlink("real.img", &link).unwrap();
        std::os::unix::fs::symlink("new.img", &to_nothing).unwrap();
        for (link, target) in [(&link, &real), (&to_nothing, &dangling)] {
            write(link, |w| w.write_all(b"new")).unwrap();
            assert!(fs::symlink_metadata(link).unwrap().is_symlink());
            assert_eq!(fs::read_to_string(target).unwrap(), "new");
        }
        let circle = folder.path().join("circle");
        std::os::unix::fs::symlink("circle", &circle).unwrap();
        assert!(write(&circle, |_| Ok(())).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_place_is_the_same_however_it_is_spelt() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("sub")).unwrap();
        std::os::unix::fs::symlink("sub", path("other")).unwrap();
        std::os::unix::fs::symlink("new.img", path("sub/link.img")).unwrap();
        let same = |a: &str, b: &str| place(&path(a)) == place(&path(b));
        // there is no such file yet
        for name in ["./sub/new.img", "sub/../sub/new.img", "other/new.img", "sub/link.img", "other/link.img"] {
            assert!(same("sub/new.img", name), "{name}");
        }
        assert!(!same("sub/new.img", "new.img") && !same("sub/new.img", "sub/new.cbf"));
        fs::write(path("sub/new.img"), "").unwrap();
        fs::hard_link(path("sub/new.img"), path("hard.img")).unwrap();
        for name in ["./sub/new.img", "other/new.img", "sub/link.img", "hard.img"] {
            assert!(same("sub/new.img", name), "{name}");
        }
        fs::write(path("copy.img"), "").unwrap();
        assert!(!same("sub/new.img", "copy.img"));
        assert_eq!((place(Path::new("/dev/null")), place(folder.path())), (None, None));
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_an_ordinary_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (ordinary, new) = (folder.path().join("ordinary"), folder.path().join("new"));
        fs::write(&ordinary, "").unwrap();
        write(&new, |_| Ok(())).unwrap();
        assert_eq!(mode(&new), mode(&ordinary));

        fs::set_permissions(&new, fs::Permissions::from_mode(0o640)).unwrap();
        write(&new, |w| w.write_all(b"again")).unwrap();
        assert_eq!(mode(&new), 0o640);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn devices_are_written_directly() {
        use std::os::unix::fs::FileTypeExt;
        write(Path::new("/dev/null"), |w| w.write_all(b"gone")).unwrap();
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        let message = write(Path::new("/dev/full"), |w| w.write_all(b"no room")).unwrap_err().to_string();
        assert!(message.starts_with("cannot write /dev/full: No space left"), "{message}");
    }
}
