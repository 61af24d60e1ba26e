//! A file on its way into a store: written behind the writer's back, piece by piece, past the page cache where that can be.
//!
//! A large pack would else push everything out of memory that the machine works with, and its sync would begin when there is
//! nothing left to do meanwhile. What is less than a piece is written as any other file is.
#![expect(clippy::disallowed_methods, reason = "with `disk`, the one place that writes the store's files")]

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use super::TMP;
use super::backend::{BackendError, Staged};

/// Bytes written at a time.
const PIECE: usize = 8 << 20;
/// What is written past the page cache begins at a multiple of this, in memory and in the file.
const ALIGNMENT: usize = 4096;

/// A file without a name in the store.
pub(super) struct StagedFile {
    path: PathBuf,
    file: Arc<File>,
    /// The same file, past the page cache.
    direct: Option<Arc<File>>,
    place: String,
    /// Bytes of the pieces before this one.
    offset: u64,
    piece: Piece,
    writing: Option<JoinHandle<io::Result<Piece>>>,
    /// Something of it is lost: it can only be discarded.
    failed: bool,
}

impl StagedFile {
    /// Of a file that was just made.
    pub(super) fn new(path: PathBuf, file: File, place: String) -> Self {
        let direct = past_the_cache(&path).map(Arc::new);
        Self {
            path,
            file: Arc::new(file),
            direct,
            place,
            offset: 0,
            piece: Piece::default(),
            writing: None,
            failed: false,
        }
    }

    /// The file itself.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes everything durable. The system tells a failure only once: whatever failed before fails this, too.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.unless_failed(|this| {
            this.wait()?;
            write_at(&this.file, this.piece.bytes(), this.offset)?;
            this.offset += this.piece.filled as u64;
            this.piece.filled = 0;
            this.file.sync_all()
        })
    }

    fn unless_failed(&mut self, work: impl FnOnce(&mut Self) -> io::Result<()>) -> io::Result<()> {
        if self.failed {
            return Err(io::Error::other("a part of it could not be written"));
        }
        let done = work(self);
        self.failed = done.is_err();
        done
    }

    fn take(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            bytes = self.piece.fill(bytes);
            if self.piece.filled == PIECE {
                self.hand_over()?;
            }
        }
        Ok(())
    }

    /// Begins to write the piece that is full, and takes the one that was written before.
    fn hand_over(&mut self) -> io::Result<()> {
        let empty = self.wait()?.unwrap_or_default();
        let full = std::mem::replace(&mut self.piece, empty);
        let (file, direct, offset) = (Arc::clone(&self.file), self.direct.clone(), self.offset);
        self.offset += PIECE as u64;
        let write = move || full.write(&file, direct.as_deref(), offset);
        self.writing = Some(Builder::new().spawn(write)?);
        Ok(())
    }

    fn wait(&mut self) -> io::Result<Option<Piece>> {
        match self.writing.take() {
            Some(thread) => {
                thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that writes failed"))).map(Some)
            }
            None => Ok(None),
        }
    }
}

impl Staged for StagedFile {
    fn append(&mut self, bytes: &[u8]) -> Result<(), BackendError> {
        self.unless_failed(|this| this.take(bytes)).map_err(|source| BackendError::Io {
            action: "write",
            place: self.place.clone(),
            name: TMP.to_owned(),
            source,
        })
    }

    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any> {
        self
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        let _ = self.wait();
        // After a rename there is nothing here any more.
        let _ = fs::remove_file(&self.path);
    }
}

/// A buffer of [`PIECE`] bytes that begins where the disk wants it to.
#[derive(Default)]
struct Piece {
    memory: Vec<u8>,
    start: usize,
    filled: usize,
}

impl Piece {
    /// Takes as many of `bytes` as there is room for; the rest.
    fn fill<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let (taken, rest) = bytes.split_at(bytes.len().min(PIECE - self.filled));
        let needed = self.start + self.filled + taken.len();
        // Small packs, which are most, need no large buffer.
        if self.memory.len() < needed {
            if needed > PIECE / 8 {
                self.grow();
            } else {
                self.memory.resize((2 * needed).min(PIECE), 0);
            }
        }
        let at = self.start + self.filled;
        self.memory[at..at + taken.len()].copy_from_slice(taken);
        self.filled += taken.len();
        rest
    }

    /// To its full size, aligned.
    fn grow(&mut self) {
        let mut memory = vec![0; PIECE + ALIGNMENT];
        let start = memory.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        memory[start..start + self.filled].copy_from_slice(self.bytes());
        (self.memory, self.start) = (memory, start);
    }

    fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.filled]
    }

    /// Writes it; comes back empty.
    fn write(mut self, file: &File, direct: Option<&File>, offset: u64) -> io::Result<Self> {
        match direct.map(|direct| write_at(direct, self.bytes(), offset)) {
            Some(Ok(())) => {}
            // Some file systems open a file so, and then do not write to it.
            Some(Err(error)) if error.kind() != io::ErrorKind::InvalidInput => return Err(error),
            _ => {
                write_at(file, self.bytes(), offset)?;
                file.sync_data()?;
            }
        }
        self.filled = 0;
        Ok(self)
    }
}

/// The file once more, to be written to past the page cache; none where the system or the file system has no such thing.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn past_the_cache(path: &Path) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let direct = rustix::fs::OFlags::DIRECT.bits() as i32;
    OpenOptions::new().write(true).custom_flags(direct).open(path).ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn past_the_cache(_: &Path) -> Option<File> {
    None
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(not(unix))]
fn write_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    use std::io::{Seek, SeekFrom, Write};
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)
}
