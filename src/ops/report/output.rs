//! Where a report goes: into a file of its own, or in the place of an earlier report, all of it or nothing.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::super::VerbError;
use super::ReportError;
use crate::page::report::MARKS;
use crate::repository::Repository;

/// A report says so within its first bytes.
const HEAD: u64 = 1024;

/// The place of a report.
pub(super) struct Output {
    path: PathBuf,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// It is new, or other than it was.
    New,
    /// It held the same already.
    Unchanged,
}

fn failed(path: &Path, source: io::Error) -> VerbError {
    VerbError::Io { action: "write", path: path.to_path_buf(), source }
}

/// Refuses a place in the store.
pub(super) fn outside_store(repository: &Repository, path: &Path) -> Result<(), VerbError> {
    // What does not exist yet lies where the first folder above it lies that does.
    let above = path.ancestors().find_map(|folder| match folder.as_os_str().is_empty() {
        true => Path::new(".").canonicalize().ok(),
        false => folder.canonicalize().ok(),
    });
    match (above, repository.store_path().canonicalize()) {
        (Some(folder), Ok(store)) if folder.starts_with(&store) => {
            Err(ReportError::InStore { path: path.to_path_buf() }.into())
        }
        _ => Ok(()),
    }
}

/// Whether a file begins as a report does.
pub(super) fn is_ours(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD).read_to_end(&mut head)?;
    let head = String::from_utf8_lossy(&head);
    Ok(MARKS.iter().any(|mark| head.contains(mark)))
}

impl Output {
    /// A file that may be written: it is not there, it is a report, or `force` says so.
    pub(super) fn at(repository: &Repository, path: &Path, force: bool) -> Result<Self, VerbError> {
        outside_store(repository, path)?;
        match fs::metadata(path) {
            Ok(data) if data.is_dir() => Err(failed(path, io::ErrorKind::IsADirectory.into())),
            Ok(data) if !data.is_file() => Err(failed(path, io::Error::other("it is neither a file nor a free name"))),
            Ok(data) if !force && data.len() > 0 && !is_ours(path).map_err(|source| failed(path, source))? => {
                Err(ReportError::NotOurs { path: path.to_path_buf() }.into())
            }
            Ok(_) => Ok(Self { path: path.to_path_buf() }),
            Err(_) => {
                let folder = folder_of(path);
                match fs::metadata(folder).map_err(|source| failed(path, source))?.is_dir() {
                    true => Ok(Self { path: path.to_path_buf() }),
                    false => Err(failed(path, io::ErrorKind::NotADirectory.into())),
                }
            }
        }
    }

    /// Writes it, where it is not the same already.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<Written, VerbError> {
        write(&self.path, bytes).map_err(|source| failed(&self.path, source))
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Puts a page into its place: readers see what was there before, or all of it.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<Written> {
    // Most pages of a site are what they were.
    if fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() == bytes.len() as u64)
        && fs::read(path).is_ok_and(|known| known == bytes)
    {
        return Ok(Written::Unchanged);
    }
    let temp = folder_of(path).join(format!(".{}.reporting", uuid::Uuid::new_v4().simple()));
    let written = File::options().write(true).create_new(true).open(&temp).and_then(|mut file| file.write_all(bytes));
    let placed = written.and_then(|()| rename(&temp, path));
    if placed.is_err() {
        // What could not be finished is no report; that it is gone is all that can be done.
        let _ = remove(&temp);
    }
    placed.map(|()| Written::New)
}

/// Removes a page that is no longer part of a site: what is no report stays.
pub(super) fn remove_page(path: &Path) -> io::Result<bool> {
    match is_ours(path) {
        Ok(true) => remove(path).map(|()| true),
        Ok(false) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// A folder, and those above it.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[expect(clippy::disallowed_methods, reason = "a report is written where the person said, not into the store")]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

#[expect(clippy::disallowed_methods, reason = "only unfinished files made here and reports are removed")]
fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}
