//! `env.json`: on what machine, with what programs.

use super::bundle::{sha256, stamp};
use super::case::{Case, Side};
use super::process::{Ended, Program};
use super::python;
use crate::Host;
use bragg::monitor::Monitor;
use bragg_io::threads;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(5);

/// Describes machine and programs.
pub(super) fn describe(case: &Case, sides: &[Side; 2], host: &Host<'_>) -> Value {
    let [reference, candidate] =
        sides.each_ref().map(|side| side.command.as_deref().map(|words| program(words, case, host)));
    json!({
        "time": stamp(SystemTime::now()),
        "bragg": env!("CARGO_PKG_VERSION"),
        "reference": reference,
        "candidate": candidate,
        "os": os(),
        "architecture": std::env::consts::ARCH,
        "cpu": cpu(),
        "threads_available": threads::allowed(None),
        "threads_asked": case.threads,
        "environment": variables(),
        "folder": std::env::current_dir().ok(),
        "git": git(),
    })
}

/// A program's file, its digest and the first line of what it answers to `--version`.
fn program(words: &[String], case: &Case, host: &Host<'_>) -> Value {
    let Some(name) = words.first() else { return Value::Null };
    let file = find(name);
    let digest = file.as_deref().and_then(|file| sha256(file).ok());
    let is_ours = words.get(1).is_some_and(|word| word == "nanobragg") && file.as_ref() == Some(&host.program);
    let version = if is_ours {
        Some(format!("bragg {}", env!("CARGO_PKG_VERSION")))
    } else {
        version(name, case.timeout, host.monitor)
    };
    let mut described = json!({ "file": file, "sha256": digest, "version": version });
    let python =
        if is_ours { None } else { python::versions(&words[..words.len().min(HEAD)], file.as_deref(), host.monitor) };
    if let (Some(python), Value::Object(described)) = (python, &mut described) {
        described.insert("python".to_owned(), python);
    }
    described
}

/// Words of a command among which an interpreter is looked for.
const HEAD: usize = 8;

/// Beginnings of the names of variables on which the speed or the result of a simulator may depend.
const MATTER: [&str; 22] = [
    "BRAGG_",
    "NB_",
    "OMP_",
    "GOMP_",
    "KMP_",
    "MKL_",
    "OPENBLAS_",
    "BLIS_",
    "VECLIB_",
    "NUMEXPR_",
    "RAYON_",
    "CUDA_",
    "NVIDIA_",
    "HIP_",
    "ROCR_",
    "TORCH",
    "PYTORCH_",
    "XLA_",
    "JAX_",
    "PYTHON",
    "LD_",
    "MALLOC_",
];
/// Variables that matter by their whole names.
const NAMED: [&str; 5] = ["VIRTUAL_ENV", "CONDA_PREFIX", "LANG", "LC_ALL", "LC_NUMERIC"];

/// The variables of the environment that matter.
fn variables() -> Value {
    let matters = |name: &str| NAMED.contains(&name) || MATTER.iter().any(|beginning| name.starts_with(beginning));
    // their order is the system's
    let all = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let mut kept: Vec<_> = all.filter(|(name, _)| matters(name)).collect();
    kept.sort();
    kept.into_iter().map(|(name, value)| (name, Value::String(value.to_string_lossy().into_owned()))).collect()
}

fn find(name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    if path.components().count() > 1 {
        return path.is_file().then(|| path.to_owned());
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn version(name: &str, timeout: Duration, monitor: &dyn Monitor) -> Option<String> {
    let folder = tempfile::tempdir().ok()?;
    let words = [name.to_owned(), "--version".to_owned()];
    let asked =
        Program { words: &words, folder: folder.path(), environment: &[], timeout: timeout.min(PATIENCE) }.run(monitor);
    let text = asked.stdout.text();
    let line = String::from_utf8_lossy(&text).lines().next().map(|line| line.chars().take(200).collect::<String>());
    line.filter(|line| asked.ended == Ended::Exit(0) && !line.trim().is_empty())
}

fn os() -> String {
    #[cfg(unix)]
    {
        let name = rustix::system::uname();
        let part = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
        let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
        let pretty = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
        let pretty = pretty.map(|name| format!(" ({})", name.trim_matches('"'))).unwrap_or_default();
        format!("{} {}{pretty}", part(name.sysname()), part(name.release()))
    }
    #[cfg(not(unix))]
    std::env::consts::OS.to_owned()
}

fn cpu() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}

/// The commit of the checkout that we are in, and whether files differ from it.
fn git() -> Option<Value> {
    let ask = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = ask(&["rev-parse", "HEAD"])?;
    let changed = ask(&["status", "--porcelain", "--untracked-files=no"]).map(|text| !text.is_empty());
    Some(json!({ "commit": commit, "changed": changed }))
}
