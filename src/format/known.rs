//! What files hashed to when they were last read, and how one tells that they are still the same: a cache, disposable.
//!
//! It says what a file's bytes are, never that they are stored.

use serde::{Deserialize, Serialize};

use super::FormatError;
use crate::digest::Digest;
use crate::id::TreeId;

/// Name and version of the record. 1: first form. 2: with folders. 3: paths from the project, in one piece. 4: MD5. A file of another
/// version is dropped.
pub const FORMAT: &str = "mlrun/known-files/4";

/// Every file of one model in one workspace. There may be millions: their paths are kept in one piece.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownFilesRecord {
    paths: String,
    files: Vec<Place>,
    /// Lists of files that were made into folders.
    pub lists: Vec<KnownListRecord>,
    /// What DVC calls contents, sorted.
    pub md5: Vec<KnownMd5Record>,
}

/// What DVC calls some content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KnownMd5Record {
    /// The content's SHA-256.
    pub sha256: Digest,
    /// Whether it is the MD5 of DVC 2, which reads text with other line ends.
    pub dos2unix: bool,
    /// Its MD5.
    pub md5: [u8; 16],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// Where its path begins and ends in the piece.
    start: u32,
    end: u32,
    file: KnownFileRecord,
}

impl Place {
    fn path(self, paths: &str) -> &str {
        paths.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

impl KnownFilesRecord {
    /// How many files there are.
    pub const fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Where a file lies: from the project, or absolute.
    pub fn path(&self, at: usize) -> &str {
        self.files[at].path(&self.paths)
    }

    /// What is known of a file.
    pub fn file(&self, at: usize) -> &KnownFileRecord {
        &self.files[at].file
    }

    /// The files and their paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &KnownFileRecord)> {
        self.files.iter().map(|place| (place.path(&self.paths), &place.file))
    }

    /// Adds a file behind the others. One for whose path there is no room, behind gigabytes of others, is left out.
    pub fn push(&mut self, path: &str, file: KnownFileRecord) {
        let (start, end) = (u32::try_from(self.paths.len()), u32::try_from(self.paths.len() + path.len()));
        if let (Ok(start), Ok(end)) = (start, end) {
            self.paths.push_str(path);
            self.files.push(Place { start, end, file });
        }
    }

    /// Adds all files of another list behind those of this one.
    pub fn append(&mut self, other: Self) {
        if self.is_empty() {
            (self.paths, self.files) = (other.paths, other.files);
            return;
        }
        for (path, file) in other.iter() {
            self.push(path, *file);
        }
    }

    /// Keeps only some, in their order.
    pub fn retain(&mut self, mut keep: impl FnMut(&KnownFileRecord) -> bool) {
        self.files.retain(|place| keep(&place.file));
        // What nobody's path is any more would stay for ever.
        let paths = self.files.iter().map(|place| place.path(&self.paths));
        let (length, whole) = (paths.clone().map(str::len).sum::<usize>(), self.paths.len());
        if length < whole {
            let (lists, md5) = (std::mem::take(&mut self.lists), std::mem::take(&mut self.md5));
            let mut kept = Self { lists, md5, ..Self::default() };
            for (path, file) in self.iter() {
                kept.push(path, *file);
            }
            *self = kept;
        }
    }

    /// Sorts the files by path; of two with one path the later one stays.
    pub fn sort(&mut self) {
        let Self { paths, files, .. } = self;
        files.sort_unstable_by(|a, b| a.path(paths).cmp(b.path(paths)).then(b.start.cmp(&a.start)));
        files.dedup_by(|earlier, later| earlier.path(paths) == later.path(paths));
    }

    /// Where in the sorted files one is.
    pub fn find(&self, path: &str) -> Option<usize> {
        self.files.binary_search_by(|place| place.path(&self.paths).cmp(path)).ok()
    }
}

/// A list of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownListRecord {
    /// A digest of everything in it.
    pub list: Digest,
    /// The trees it became, the outermost first.
    pub trees: Vec<TreeId>,
}

/// One file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownFileRecord {
    /// What the file system told of it.
    pub stamp: StampRecord,
    /// The SHA-256 of its bytes.
    pub sha256: Digest,
}

/// What a file system tells of a file, which changes whenever its bytes do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StampRecord {
    /// Its size in bytes.
    pub size: u64,
    /// When its bytes were changed, in nanoseconds since 1970; a program may set it at will.
    pub modified: i64,
    /// When anything of it was changed; nothing but a wrong clock sets it.
    pub changed: i64,
    /// Its inode's number.
    pub inode: u64,
    /// Its file system's number.
    pub device: u64,
}

/// What time it is for a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskTime {
    /// Nanoseconds since 1970.
    pub nanoseconds: i64,
    /// The file system's number.
    pub device: u64,
}

/// The file of a record: the name and version of its form, the record in postcard's encoding, a BLAKE3 of both.
pub fn encode(record: &KnownFilesRecord) -> Result<Vec<u8>, FormatError> {
    super::cached::encode(FORMAT, record)
}

/// Reads a record; anything wrong with it means there is none.
pub fn decode(bytes: &[u8]) -> Option<KnownFilesRecord> {
    super::cached::decode(FORMAT, bytes)
}
