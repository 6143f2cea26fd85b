//! The versions of Python and its packages, where a program runs in it.

use super::process::{Ended, Program};
use bragg::monitor::Monitor;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// What Python says of itself and of the packages that a simulator stands on; no package is imported.
const ASK: &str = "import json, platform, sys
from importlib.metadata import PackageNotFoundError, version
def found(name):
    try: return version(name)
    except PackageNotFoundError: return None
print(json.dumps({'version': platform.python_version(), 'executable': sys.executable,
                  'packages': {name: found(name) for name in ('torch', 'numpy', *sys.argv[1:])}}))";

/// How long it may take to say so.
const PATIENCE: Duration = Duration::from_secs(20);

/// The versions of the Python in which a command runs, as JSON; `None` where it runs in none that is seen from outside.
pub(super) fn versions(words: &[String], file: Option<&Path>, monitor: &dyn Monitor) -> Option<Value> {
    let (mut interpreter, module) = interpreter(words, file)?;
    interpreter.extend(["-c".to_owned(), ASK.to_owned()]);
    interpreter.extend(module);
    let folder = tempfile::tempdir().ok()?;
    let asked =
        Program { words: &interpreter, folder: folder.path(), environment: &[], timeout: PATIENCE }.run(monitor);
    if asked.ended != Ended::Exit(0) {
        return None;
    }
    serde_json::from_slice(asked.stdout.text().trim_ascii()).ok()
}

/// The words that start Python, up to its own options, and the package of a `-m`. They stand at the head of the command (`python`, `env X=1
/// python`, `uv run python`), or in the first line of the script that it names.
fn interpreter(words: &[String], file: Option<&Path>) -> Option<(Vec<String>, Option<String>)> {
    if let Some(i) = words.iter().position(|word| is_python(word)) {
        let rest = &words[i + 1..];
        let module = rest.iter().position(|word| word == "-m").and_then(|j| rest.get(j + 1));
        let package = module.map(|module| module.split('.').next().unwrap_or_default().to_owned());
        return Some((words[..=i].to_vec(), package.filter(|package| !package.starts_with('-'))));
    }
    let script = std::fs::read(file?).ok()?;
    let line = script.strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?;
    let words: Vec<String> = std::str::from_utf8(line).ok()?.split_whitespace().map(str::to_owned).collect();
    let i = words.iter().position(|word| is_python(word))?;
    Some((words[..=i].to_vec(), None))
}

fn is_python(word: &str) -> bool {
    let name = Path::new(word).file_name().unwrap_or_default().to_string_lossy();
    name.strip_prefix("python").is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn python_is_found_wherever_it_stands() {
        for (command, head, package) in [
            ("python -m nanobrag_torch.cli -N 5", "python", Some("nanobrag_torch")),
            ("/opt/py/bin/python3.11 sim.py", "/opt/py/bin/python3.11", None),
            ("env OMP_NUM_THREADS=1 python3 -O -m torchsim", "env OMP_NUM_THREADS=1 python3", Some("torchsim")),
            ("uv run python sim.py", "uv run python", None),
        ] {
            let found = interpreter(&words(command), None);
            assert_eq!(found, Some((words(head), package.map(str::to_owned))), "{command}");
        }
        assert_eq!(interpreter(&words("./nanoBragg -N 5"), None), None);
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("sim");
        for (line, head) in
            [("#!/usr/bin/env python3", "/usr/bin/env python3"), ("#!/opt/bin/python -E", "/opt/bin/python")]
        {
            std::fs::write(&script, format!("{line}\nprint()\n")).unwrap();
            assert_eq!(interpreter(&words("sim"), Some(&script)), Some((words(head), None)));
        }
        std::fs::write(&script, "#!/bin/sh\n").unwrap();
        assert_eq!(interpreter(&words("sim"), Some(&script)), None);
    }
}
