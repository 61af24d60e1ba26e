//! What files hashed to when they were last read, and how one tells that they are still the same: a cache, disposable.
//!
//! It says what a file's bytes are, never that they are stored.

use serde::{Deserialize, Serialize};

use super::FormatError;
use crate::digest::Digest;
use crate::id::TreeId;

/// Name and version of the record. 1: first form. 2: with folders. A file of another version is dropped.
pub const FORMAT: &str = "mlrun/known-files/2";

/// Every file of one model in one workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownFilesRecord {
    /// The files, sorted by path.
    pub files: Vec<KnownFileRecord>,
    /// Lists of files that were made into folders.
    pub lists: Vec<KnownListRecord>,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownFileRecord {
    /// Where it lies, absolute.
    pub path: String,
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
    pub modified: i128,
    /// When anything of it was changed; nothing but a wrong clock sets it.
    pub changed: i128,
    /// Its inode's number.
    pub inode: u64,
    /// Its file system's number.
    pub device: u64,
}

/// What time it is for a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskTime {
    /// Nanoseconds since 1970.
    pub nanoseconds: i128,
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
