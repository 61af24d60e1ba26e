//! Whether what was restored is still what it was: a program that is run for one model may reach the files of the other, and its own.
//!
//! A file that a run adds harms nobody. One that was restored and is another now makes what was measured that of another model.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::digest::{Digest, Hasher};
use crate::id::FileId;
use crate::snapshot::TreeFile;

/// A folder of held-out rows has no more files, and is no deeper.
const MOST_FILES: usize = 1 << 20;
const DEEPEST: usize = 64;

/// Restored files, and how they were seen last.
pub(super) struct Intact {
    files: Vec<Seen>,
}

struct Seen {
    path: PathBuf,
    name: String,
    id: Option<FileId>,
    target: Option<String>,
    stamp: Option<Stamp>,
}

/// What changes with whatever is done to a file: nobody sets the time its inode changed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    changed: (i64, i64, u64),
}

impl Intact {
    /// Files just restored below `root`.
    pub(super) fn new(root: &Path, files: &[TreeFile]) -> Self {
        let seen = |file: &TreeFile| {
            let path = root.join(&file.path);
            let stamp = stamp(&path);
            Seen { path, name: file.path.clone(), id: file.id, target: file.target.clone(), stamp }
        };
        Self { files: files.iter().map(seen).collect() }
    }

    /// The first file that is another now, looking into those that were touched since it last looked.
    pub(super) fn touched(&mut self) -> Option<&str> {
        let changed = |file: &mut Seen| {
            let now = stamp(&file.path);
            if now.is_some() && now == file.stamp {
                return false;
            }
            file.stamp = now;
            !file.is_itself()
        };
        let at = self.files.iter_mut().position(changed)?;
        self.files.get(at).map(|file| file.name.as_str())
    }

    /// The first file that is another now, looking into all of them.
    pub(super) fn changed(&self) -> Option<&str> {
        self.files.iter().find(|file| !file.is_itself()).map(|file| file.name.as_str())
    }
}

impl Seen {
    fn is_itself(&self) -> bool {
        let Ok(data) = fs::symlink_metadata(&self.path) else { return false };
        match self.id {
            None => fs::read_link(&self.path).is_ok_and(|to| to.to_str() == self.target.as_deref()),
            Some(id) if data.is_file() => {
                let read = File::open(&self.path).and_then(Digest::of_reader);
                read.is_ok_and(|(digest, _)| FileId::new(digest) == id)
            }
            Some(_) => false,
        }
    }
}

#[cfg(unix)]
fn stamp(path: &Path) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt;
    let data = fs::symlink_metadata(path).ok()?;
    let changed = (data.ctime(), data.ctime_nsec(), data.ino());
    Some(Stamp { length: data.len(), modified: data.modified().ok(), changed })
}

/// Elsewhere times can be set: every file is read.
#[cfg(not(unix))]
fn stamp(_: &Path) -> Option<Stamp> {
    None
}

/// Of a file its digest; of a folder one over the names and digests of all that is in it.
///
/// # Errors
/// It cannot be read, or holds more than can be watched.
pub(super) fn digest(place: &Path) -> Result<Digest, String> {
    let unreadable = |error: std::io::Error| format!("the held-out rows cannot be read: {error}");
    if place.is_file() {
        return File::open(place).and_then(Digest::of_reader).map(|(digest, _)| digest).map_err(unreadable);
    }
    let mut listed = Vec::new();
    let mut folders = vec![(place.to_path_buf(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let data = fs::symlink_metadata(&path).map_err(unreadable)?;
            if data.is_dir() {
                folders.push((path.clone(), depth + 1));
            }
            listed.push((path, data.is_file()));
            if listed.len() > MOST_FILES || depth > DEEPEST {
                return Err("the held-out rows are more files than can be watched".to_owned());
            }
        }
    }
    listed.sort();
    let mut hasher = Hasher::default();
    for (path, is_file) in listed {
        let name = path.strip_prefix(place).unwrap_or(&path);
        hasher.update(name.as_os_str().as_encoded_bytes());
        hasher.update(b"\0");
        if is_file {
            let (digest, _) = File::open(&path).and_then(Digest::of_reader).map_err(unreadable)?;
            hasher.update(digest.as_bytes());
        } else {
            let target = fs::read_link(&path).unwrap_or_default();
            hasher.update(target.as_os_str().as_encoded_bytes());
        }
        hasher.update(b"\0");
    }
    Ok(hasher.finish())
}
