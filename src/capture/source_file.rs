//! A file of the workspace: described once, read later, never opened for writing.
//!
//! One that changes between being described and being read to its end is an error that names it.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::CaptureError;
use crate::format::known::StampRecord;
use crate::format::tree::EntryKind;
use crate::layout::{self, Layout};
use crate::store::Source;

/// A file to be stored. There may be millions: the folder that was walked is not repeated in each.
#[derive(Debug, Clone)]
pub struct SourceFile {
    path: String,
    /// File or executable, whether it was reached through a link or not; a symbolic link in code.
    pub kind: EntryKind,
    /// A symbolic link's target.
    pub target: Option<String>,
    root: Arc<Path>,
    /// Bytes of `path` before what the file is called below `root`; all of them where it is `root` itself.
    above: u32,
    linked: bool,
    stamp: StampRecord,
}

/// A time in nanoseconds, since 1970; one that is more than three centuries away is the first or the last.
#[cfg(unix)]
fn nanoseconds(seconds: i64, rest: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

#[cfg(unix)]
fn stamp_of(data: &Metadata) -> StampRecord {
    use std::os::unix::fs::MetadataExt;
    StampRecord {
        size: data.len(),
        modified: nanoseconds(data.mtime(), data.mtime_nsec()),
        changed: nanoseconds(data.ctime(), data.ctime_nsec()),
        inode: data.ino(),
        device: data.dev(),
    }
}

#[cfg(not(unix))]
fn stamp_of(data: &Metadata) -> StampRecord {
    let modified = data.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let modified = modified.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX));
    StampRecord { size: data.len(), modified, changed: 0, inode: 0, device: 0 }
}

impl SourceFile {
    /// Describes the file at `disk`, following links; `path` is its name in the snapshot: `/`-separated, relative.
    pub fn describe(path: String, disk: PathBuf) -> Result<Self, CaptureError> {
        let unreadable = |source| CaptureError::Unreadable { path: disk.clone(), source };
        let data = fs::symlink_metadata(&disk).map_err(unreadable)?;
        if !data.is_symlink() {
            return Self::described(path, &Place::at(disk), false, &data);
        }
        match fs::metadata(&disk) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Err(CaptureError::Link { path: disk, circle: false }),
            data => {
                let data = data.map_err(unreadable)?;
                Self::described(path, &Place::at(disk), true, &data)
            }
        }
    }

    pub(super) fn described(path: String, place: &Place, link: bool, data: &Metadata) -> Result<Self, CaptureError> {
        let kind = if is_executable(data) { EntryKind::Executable } else { EntryKind::File };
        let file = Self { linked: link, ..Self::new(path, place, kind, None, data) };
        if data.is_file() { Ok(file) } else { Err(CaptureError::Special { path: file.disk() }) }
    }

    /// Describes the symbolic link at `disk` as such.
    pub fn describe_link(path: String, disk: PathBuf) -> Result<Self, CaptureError> {
        let unreadable = |source| CaptureError::Unreadable { path: disk.clone(), source };
        let data = fs::symlink_metadata(&disk).map_err(unreadable)?;
        let target = fs::read_link(&disk).map_err(unreadable)?;
        let target = target.to_str().ok_or_else(|| CaptureError::Name { path: disk.clone() })?.to_owned();
        Ok(Self::new(path, &Place::at(disk), EntryKind::Symlink, Some(target), &data))
    }

    fn new(path: String, place: &Place, kind: EntryKind, target: Option<String>, data: &Metadata) -> Self {
        let above = (path.len() - place.below.min(path.len())) as u32;
        Self { path, kind, target, root: Arc::clone(&place.root), above, linked: false, stamp: stamp_of(data) }
    }

    /// Its name in the snapshot: `/`-separated, relative.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The same.
    pub fn into_path(self) -> String {
        self.path
    }

    /// Where it lies.
    pub fn disk(&self) -> PathBuf {
        match self.path.get(self.above as usize..) {
            None | Some("") => self.root.to_path_buf(),
            Some(below) => self.root.join(below),
        }
    }

    /// Whether it, or a folder it lies in, was a link; its bytes are what that led to.
    pub fn is_linked(&self) -> bool {
        self.linked
    }

    pub(super) fn set_linked(&mut self) {
        self.linked = true;
    }

    /// Its size in bytes; none for a link.
    pub fn size(&self) -> u64 {
        if self.kind == EntryKind::Symlink { 0 } else { self.stamp.size }
    }

    /// The folder that was walked to find it; where it was named by itself, its own place.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// By what it is known again; none where the system does not tell enough, or for a link.
    pub fn stamp(&self) -> Option<StampRecord> {
        let told = |time: i64| i64::MIN < time && time < i64::MAX;
        let known = cfg!(unix) && told(self.stamp.modified) && told(self.stamp.changed);
        (known && self.kind != EntryKind::Symlink).then_some(self.stamp)
    }

    /// Its bytes, if it is at most `limit` long.
    pub fn read(&self, limit: u64) -> Result<Vec<u8>, CaptureError> {
        let unreadable = |source| CaptureError::Unreadable { path: self.disk(), source };
        let mut bytes = Vec::new();
        self.open().and_then(|r| r.take(limit + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
        if bytes.len() as u64 > limit {
            return Err(CaptureError::TooLarge { path: self.disk(), limit });
        }
        self.finished(bytes.len() as u64).map_err(unreadable)?;
        Ok(bytes)
    }
}

/// Where a file lies: in a folder, and how many bytes at the end of its name say where in it.
pub(super) struct Place {
    pub(super) root: Arc<Path>,
    pub(super) below: usize,
}

impl Place {
    /// A file by itself.
    fn at(disk: PathBuf) -> Self {
        Self { root: disk.into(), below: 0 }
    }
}

impl Source for SourceFile {
    fn size(&self) -> u64 {
        self.size()
    }

    fn layout(&self) -> io::Result<Layout> {
        layout::of(&mut File::open(self.disk())?, self.size())
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(File::open(self.disk())?))
    }

    fn finished(&self, read: u64) -> io::Result<()> {
        let now = stamp_of(&fs::metadata(self.disk())?);
        if read == self.size() && now == self.stamp {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::ResourceBusy, "it changed while it was read"))
        }
    }
}

#[cfg(unix)]
fn is_executable(data: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    data.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    false
}
