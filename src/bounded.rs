//! Reading files whole, never more of them than expected.
//!
//! A longer file is an error of the kind [`FileTooLarge`](io::ErrorKind::FileTooLarge): the beginning of one is not what it says.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// The bytes of a regular file (links are followed) of at most `limit` bytes.
///
/// # Errors
/// What is not a regular file, before it is opened: a pipe or a device would block or never end. A longer file, and the system's.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    whole(open(path)?, limit)
}

/// The bytes of whatever a person named, a pipe too, of at most `limit` bytes.
///
/// # Errors
/// More bytes than that, and the system's.
pub fn read_named(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    whole(File::open(path)?, limit)
}

/// The text of whatever a person named, a pipe too, of at most `limit` bytes.
///
/// # Errors
/// More bytes than that, as [`InvalidData`](io::ErrorKind::InvalidData) what is not UTF-8, and the system's.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let not_utf8 = |_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8");
    String::from_utf8(read_named(path, limit)?).map_err(not_utf8)
}

/// The first `limit` bytes of a regular file (links are followed), fewer if it is shorter.
///
/// # Errors
/// What is not a regular file, and the system's.
pub fn head(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A regular file (links are followed), opened.
///
/// # Errors
/// What is not a regular file, and the system's.
pub fn open(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    File::open(path)
}

/// Everything that is left of `input`.
fn whole(input: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than may be read tells that there are more.
    input.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {limit} bytes")));
    }
    Ok(bytes)
}
