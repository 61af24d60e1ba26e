//! Reading small files whole, never more of them than expected.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// The bytes of a regular file (links are followed) of at most `limit` bytes.
///
/// What is not a regular file is refused before it is opened: a pipe or a device would block or never end.
pub(super) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let bytes = head(path, limit.saturating_add(1))?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {limit} bytes")));
    }
    Ok(bytes)
}

/// The first `limit` bytes of a regular file (links are followed), fewer if it is shorter.
pub(super) fn head(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A regular file (links are followed), opened.
pub(super) fn open(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    File::open(path)
}
