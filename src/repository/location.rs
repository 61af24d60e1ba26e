//! Where a project and its store are.
//!
//! The store is `<git-common-dir>/mlrun` inside a git repository, so that worktrees share one history and `git clean`
//! cannot delete it; elsewhere `.mlrun`. A file in its place holds the path of a store kept somewhere else.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::RepositoryError;
use crate::host;

pub use crate::format::config::{FILE as CONFIG, LOCAL as LOCAL_CONFIG};

const IN_GIT: &str = "mlrun";
const PLAIN: &str = ".mlrun";

/// The project `start` lies in: the nearest folder above with a configuration, without links.
pub fn find_project(start: &Path) -> Option<PathBuf> {
    let start = start.canonicalize().ok()?;
    start.ancestors().find(|folder| folder.join(CONFIG).is_file()).map(Path::to_path_buf)
}

/// Where the store of `project` is, or would be made.
pub fn default_store(project: &Path) -> PathBuf {
    match git_common_dir(project) {
        Some(common) => common.join(IN_GIT),
        None => project.join(PLAIN),
    }
}

/// Whether `project` lies in a git repository.
pub fn is_in_git(project: &Path) -> bool {
    git_common_dir(project).is_some()
}

/// The store for the folder `from`: of the project itself, or the nearest one above.
pub(super) fn find_store(from: &Path, is_project: bool) -> Result<Option<PathBuf>, RepositoryError> {
    let from = real(from.to_path_buf());
    if is_project {
        let (place, plain) = (default_store(&from), from.join(PLAIN));
        // A project that became a git repository later keeps the store it began with.
        return follow(if !place.exists() && plain.exists() { plain } else { place }).map(Some);
    }
    for folder in from.ancestors() {
        let plain = folder.join(PLAIN);
        if plain.exists() {
            return follow(plain).map(Some);
        }
    }
    match git_common_dir(&from).map(|common| common.join(IN_GIT)) {
        Some(store) if store.exists() => follow(store).map(Some),
        _ => Ok(None),
    }
}

/// A file in a store's place names the folder that is meant.
fn follow(place: PathBuf) -> Result<PathBuf, RepositoryError> {
    if !place.is_file() {
        return Ok(place);
    }
    let text =
        read_small(&place).map_err(|source| RepositoryError::Io { action: "read", path: place.clone(), source })?;
    let target = PathBuf::from(text.trim());
    Ok(if target.is_absolute() { target } else { place.parent().map_or(target.clone(), |p| p.join(target)) })
}

/// The directory all worktrees of a repository share, found as git finds it: above `from`, but not in or above a folder
/// that `GIT_CEILING_DIRECTORIES` names.
fn git_common_dir(from: &Path) -> Option<PathBuf> {
    let ceilings = host::variable("GIT_CEILING_DIRECTORIES").unwrap_or_default();
    let ceilings: Vec<PathBuf> = std::env::split_paths(&ceilings).filter(|path| path.is_absolute()).map(real).collect();
    let below = |folder: &&Path| *folder == from || !ceilings.iter().any(|ceiling| ceiling == folder);
    let dot_git = from.ancestors().take_while(below).map(|folder| folder.join(".git")).find(|p| p.exists())?;
    let git_dir = if dot_git.is_dir() {
        dot_git
    } else {
        let text = read_small(&dot_git).ok()?;
        let target = PathBuf::from(text.trim().strip_prefix("gitdir:")?.trim());
        if target.is_absolute() { target } else { dot_git.parent()?.join(target) }
    };
    let common = match read_small(&git_dir.join("commondir")) {
        Ok(text) => git_dir.join(text.trim()),
        Err(_) => git_dir,
    };
    common.canonicalize().ok()
}

fn real(path: PathBuf) -> PathBuf {
    path.canonicalize().unwrap_or(path)
}

fn read_small(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(64 << 10).read_to_string(&mut text)?;
    Ok(text)
}
