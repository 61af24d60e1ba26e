//! Pointers of git LFS: small files that stand for large ones which are kept elsewhere.
//!
//! A file that is one in the working tree is recorded as such: its bytes are not here, and nobody can restore them from here. A
//! file that git LFS has fetched is a file like any other.

use rayon::prelude::*;

use super::error::CaptureError;
use super::files::SourceFile;
use crate::digest::Digest;
use crate::format::snapshot::LfsRecord;
use crate::format::tree::EntryKind;

/// A pointer is shorter than this, by its specification.
const MAX: u64 = 1024;
/// How long one without extensions is: the smallest, of the older version, and the largest.
const USUAL: std::ops::RangeInclusive<u64> = 125..=145;
const VERSIONS: [&str; 2] = ["https://git-lfs.github.com/spec/v1", "https://hawser.github.com/spec/v1"];

/// Reads a pointer: the file's SHA-256 and its size. None where the text is none.
pub fn pointer(text: &[u8]) -> Option<(Digest, u64)> {
    if text.len() as u64 >= MAX {
        return None;
    }
    let mut lines = std::str::from_utf8(text).ok()?.strip_suffix('\n')?.split('\n');
    let version = lines.next()?.strip_prefix("version ")?;
    let mut lines = lines.skip_while(|line| line.starts_with("ext-"));
    let digest = lines.next()?.strip_prefix("oid sha256:")?;
    let size = lines.next()?.strip_prefix("size ")?;
    if !VERSIONS.contains(&version) || !size.bytes().all(|b| b.is_ascii_digit()) || lines.next().is_some() {
        return None;
    }
    Some((digest.parse().ok()?, size.parse().ok()?))
}

/// The pointers among code, sorted by path.
///
/// # Errors
/// A file that cannot be read, or changes meanwhile.
pub fn among(files: &[SourceFile]) -> Result<Vec<LfsRecord>, CaptureError> {
    look(files.iter().filter(|file| (*USUAL.start()..MAX).contains(&file.size())).collect())
}

/// The pointers among files of which there may be millions: those without extensions.
///
/// # Errors
/// A file that cannot be read, or changes meanwhile.
pub fn among_many<'f>(files: impl Iterator<Item = &'f SourceFile>) -> Result<Vec<LfsRecord>, CaptureError> {
    look(files.filter(|file| USUAL.contains(&file.size())).collect())
}

fn look(files: Vec<&SourceFile>) -> Result<Vec<LfsRecord>, CaptureError> {
    let read = |file: &SourceFile| -> Result<Option<LfsRecord>, CaptureError> {
        if file.kind == EntryKind::Symlink {
            return Ok(None);
        }
        let pointer = pointer(&file.read(MAX)?);
        Ok(pointer.map(|(sha256, size)| LfsRecord { path: file.path().to_owned(), sha256, size }))
    };
    let found: Result<Vec<_>, CaptureError> = files.into_par_iter().filter_map(|file| read(file).transpose()).collect();
    let mut found = found?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}
