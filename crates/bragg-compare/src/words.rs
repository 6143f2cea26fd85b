//! Command lines: the arguments that both programs are given, and commands as a shell has them.

use bragg::{Error, Result};
use bragg_io::description::nanobragg::describe;
use bragg_io::description::nanobragg::flags;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Options that name a file to write, each with the name that it gets in a scratch folder.
const OUTPUTS: [(&str, &str); 4] = [
    ("-floatfile", "floatimage.bin"),
    ("-intfile", "intimage.img"),
    ("-noisefile", "noiseimage.img"),
    ("-pgmfile", "image.pgm"),
];
/// Where the float image is in a scratch folder.
pub(super) const FLOAT_IMAGE: &str = OUTPUTS[0].1;

/// Arguments that mean the same in any folder.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Arguments {
    pub(super) words: Vec<String>,
    /// The files that they read, without those named twice.
    pub(super) inputs: Vec<PathBuf>,
}

/// Makes the names of input files absolute, seen from `base`, keeps outputs within the folder that a program runs in, and asks for the
/// float image.
///
/// # Errors
/// An input is not there.
pub(super) fn resolve(args: &[String], base: &Path) -> Result<Arguments> {
    let option = |word: &String| flags::file_option(word);
    let reads_reflections = args.iter().any(|word| option(word) == Some("-hkl"));
    let mut resolved = Arguments { words: Vec::new(), inputs: Vec::new() };
    let mut has_float = false;
    let mut words = args.iter().peekable();
    while let Some(word) = words.next() {
        resolved.words.push(word.clone());
        let Some(name) = option(word) else { continue };
        let Some(value) = words.next_if(|value| option(value).is_none()) else { continue };
        if let Some((_, file)) = OUTPUTS.iter().find(|(output, _)| *output == name) {
            has_float |= *file == FLOAT_IMAGE;
            resolved.words.push((*file).to_owned());
        } else if name == "-dump" && reads_reflections {
            // the cache is then written and not read
            resolved.words.push("Fdump.bin".to_owned());
        } else {
            let path = absolute(base, value)?;
            std::fs::metadata(&path).map_err(|error| Error::io("read", &path, error))?;
            resolved.words.push(path.to_string_lossy().into_owned());
            if !resolved.inputs.contains(&path) {
                resolved.inputs.push(path);
            }
        }
    }
    if !has_float {
        resolved.words.extend([OUTPUTS[0].0, FLOAT_IMAGE].map(str::to_owned));
    }
    Ok(resolved)
}

fn absolute(base: &Path, name: &str) -> Result<PathBuf> {
    let path = base.join(name);
    std::path::absolute(&path).map_err(|error| Error::io("find", &path, error))
}

/// The pixels along fast and slow that arguments ask for, where we understand them.
pub(super) fn size(words: &[String]) -> Option<(usize, usize)> {
    let words = words.iter().map(OsString::from);
    let Ok(flags::Invocation::Run(options, _)) = flags::parse(words) else { return None };
    Some(describe(&options, 1).ok()?.header.size)
}

/// The words of a command line; names of files that are here become absolute, since the program runs elsewhere.
///
/// # Errors
/// The text is empty, or a quotation mark has no partner.
pub(super) fn command(setting: &str, text: &str) -> Result<Vec<String>> {
    let words = shlex::split(text).filter(|words| !words.is_empty());
    let words = words.ok_or_else(|| {
        Error::setting(
            setting,
            format!("is {text:?}; it must be a command line, such as \"./nanoBragg\", with its quotes closed"),
        )
    })?;
    let mut words = words.into_iter();
    let mut resolved = Vec::new();
    if let Some(program) = words.next() {
        // without a separator it is looked for where programs are
        let is_path = Path::new(&program).components().count() > 1 || program.starts_with('.');
        resolved.push(if is_path {
            absolute(Path::new(""), &program)?.to_string_lossy().into_owned()
        } else {
            program
        });
    }
    for word in words {
        let is_file = !word.starts_with('-') && Path::new(&word).is_file();
        resolved.push(if is_file { absolute(Path::new(""), &word)?.to_string_lossy().into_owned() } else { word });
    }
    Ok(resolved)
}

/// A command as a shell takes it.
pub(super) fn shell(words: &[String]) -> String {
    // a word with a zero byte, which nothing can be started with
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn inputs_are_absolute_and_outputs_stay_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.mat"), "").unwrap();
        std::fs::write(folder.path().join("a.hkl"), "").unwrap();
        let here = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let args = words("-matrix a.mat --hkl a.hkl -dump ../x.bin -lambda -1 -intimage /tmp/i.img -mat a.mat");
        let found = resolve(&args, folder.path()).unwrap();
        let (mat, hkl) = (here("a.mat"), here("a.hkl"));
        let expected = format!(
            "-matrix {mat} --hkl {hkl} -dump Fdump.bin -lambda -1 -intimage intimage.img -mat {mat} -floatfile floatimage.bin"
        );
        assert_eq!(found.words, words(&expected));
        assert_eq!(found.inputs, [PathBuf::from(mat), PathBuf::from(hkl)]);
        let given = resolve(&words("-floatimage /tmp/f.bin"), folder.path()).unwrap();
        assert_eq!(given.words, words("-floatimage floatimage.bin"));
    }

    #[test]
    fn an_input_that_is_not_there_is_named() {
        let message = resolve(&words("-hkl none.hkl"), Path::new("/nowhere")).unwrap_err().to_string();
        assert!(message.starts_with("cannot read /nowhere/none.hkl"), "{message}");
        // a cache without reflections is read
        assert!(resolve(&words("-dump none.bin"), Path::new("/nowhere")).is_err());
    }

    #[test]
    fn arguments_say_the_size() {
        let size = |text: &str| size(&words(text));
        let crystal = "-cell 100 100 100 90 90 90 -default_F 1 -N 5 -lambda 1 -distance 100";
        assert_eq!(size(&format!("{crystal} -detpixels_x 30 -detpixels_y 40 -pixel 0.1")), Some((30, 40)));
        assert_eq!(size("-no_such_option"), None);
    }

    #[test]
    fn commands_are_taken_apart_as_a_shell_does() {
        assert_eq!(command("--reference", "prog -m 'a b'").unwrap(), ["prog", "-m", "a b"]);
        let relative = command("--reference", "./prog x").unwrap();
        assert!(Path::new(&relative[0]).is_absolute() && relative[0].ends_with("prog"));
        for bad in ["", "  ", "prog 'a"] {
            assert!(command("--reference", bad).unwrap_err().to_string().contains("--reference"));
        }
        assert_eq!(shell(&["a b".to_owned(), "c".to_owned()]), "'a b' c");
    }
}
