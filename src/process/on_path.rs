//! Programs in the folders that `PATH` lists.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The program that a shell in `folder` would start by its name, where `path` is what `PATH` says.
pub fn on_path(path: &str, folder: &Path, program: &OsStr) -> Option<PathBuf> {
    let mut all = std::env::split_paths(path).map(|place| folder.join(place).join(program));
    all.find(|path| is_executable(path))
}

/// Whether it is a file that somebody may execute.
#[cfg(unix)]
pub fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// Whether it is a file.
#[cfg(not(unix))]
pub fn is_executable(path: &Path) -> bool {
    path.is_file()
}
