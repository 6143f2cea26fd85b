//! Where structure factors of coordinates are kept between runs.

use bragg::io::cache::Cache;
use std::path::PathBuf;

/// The environment variable that names the folder; empty keeps nothing.
pub(crate) const FOLDER: &str = "BRAGG_CACHE";

/// The cache, unless it is not wanted or there is no place for it: the folder of `BRAGG_CACHE`, else `bragg` in the system's folder for
/// caches.
pub fn cache(is_wanted: bool) -> Option<Cache> {
    is_wanted.then(folder).flatten().map(Cache::new)
}

fn folder() -> Option<PathBuf> {
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
