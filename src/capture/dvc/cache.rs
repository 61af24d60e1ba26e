//! DVC's cache: `files/md5/ab/cdef…` of DVC 3, `ab/cdef…` of DVC 2, in `.dvc/cache` or where the repository's
//! configuration says (`cache.dir` in `.dvc/config.local`, then in `.dvc/config`).

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::md5;
use crate::bounded;
use crate::format::tree::is_component;

/// No configuration of DVC is longer.
const MAX_CONFIG: u64 = 1 << 20;
/// No listing of a folder is longer: some millions of files.
const MAX_LISTING: u64 = 256 << 20;

/// The cache of a repository, and the one before it.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

/// What of a folder's listing is wanted.
#[derive(Deserialize)]
struct Entry {
    md5: String,
    relpath: String,
}

/// The repository of DVC that `path` lies in: the nearest folder above it with a `.dvc`.
pub fn root_of(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|folder| folder.join(".dvc").is_dir()).map(Path::to_path_buf)
}

impl Cache {
    /// The cache of the repository at `root`.
    pub fn of(root: &Path) -> Self {
        let dvc = root.join(".dvc");
        let told = ["config.local", "config"].into_iter().find_map(|name| {
            let text = bounded::read(&dvc.join(name), MAX_CONFIG).ok()?;
            cache_dir(&String::from_utf8_lossy(&text))
        });
        Self { folder: dvc.join(told.unwrap_or_else(|| "cache".to_owned())) }
    }

    /// The file that is kept under an MD5; none if it is not there. What it holds is for the caller to check.
    pub fn file(&self, md5: &str) -> Option<PathBuf> {
        let (two, rest) = md5.split_at_checked(2)?;
        let places = [self.folder.join("files/md5").join(two).join(rest), self.folder.join(two).join(rest)];
        places.into_iter().find(|place| place.is_file())
    }

    /// The files of a folder that is kept under an MD5 with `.dir` behind it: where each lies in the folder, and its bytes.
    ///
    /// # Errors
    /// Why it cannot be had, for people.
    pub fn folder(&self, md5: &str) -> Result<Vec<(String, PathBuf)>, String> {
        let listing = self.file(md5).ok_or("its listing is not in DVC's cache")?;
        let bytes = bounded::read(&listing, MAX_LISTING).map_err(|e| format!("its listing in DVC's cache: {e}"))?;
        if format!("{}.dir", md5::of(&bytes)) != md5 {
            return Err("its listing in DVC's cache is damaged".to_owned());
        }
        let refused = |reason: String| format!("its listing in DVC's cache {reason}");
        let entries: Vec<Entry> =
            serde_json::from_slice(&bytes).map_err(|e| refused(format!("cannot be read: {e}")))?;
        let mut files = Vec::new();
        let mut missing = 0;
        for entry in &entries {
            if !entry.relpath.split('/').all(is_component) {
                return Err(refused(format!("names `{}`", entry.relpath.escape_debug())));
            }
            match self.file(&entry.md5) {
                Some(place) => files.push((entry.relpath.clone(), place)),
                None => missing += 1,
            }
        }
        if missing > 0 {
            return Err(format!("{missing} of its {} files are not in DVC's cache", entries.len()));
        }
        Ok(files)
    }
}

/// `dir` of the section `[cache]`.
fn cache_dir(text: &str) -> Option<String> {
    let mut section = "";
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim_matches(['\'', '"']);
        } else if section == "cache"
            && let Some((key, value)) = line.split_once('=')
            && key.trim() == "dir"
        {
            return Some(value.trim().trim_matches(['\'', '"']).to_owned());
        }
    }
    None
}
