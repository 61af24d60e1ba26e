//! A file of text, as much of it at a time as its records need.

use std::fs::File;
use std::io::Read as _;

use super::error::TableError;
use super::guard;

/// The longest record.
const RECORD: u64 = 64 << 20;

/// The part of a file that is in memory.
pub(super) struct Window {
    file: File,
    buffer: Vec<u8>,
    /// What is before it is done with.
    start: usize,
    /// Whether the file ends where the buffer does.
    whole: bool,
    /// Bytes it is widened to.
    least: usize,
}

impl Window {
    /// Nothing yet; it is widened to `least` bytes at a time.
    pub(super) fn new(file: File, least: usize) -> Self {
        Self { file, buffer: Vec::new(), start: 0, whole: false, least }
    }

    /// What is left of what was read.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Whether the file ends where the bytes do.
    pub(super) const fn whole(&self) -> bool {
        self.whole
    }

    /// So many bytes are done with.
    pub(super) const fn pass(&mut self, bytes: usize) {
        self.start += bytes;
    }

    /// Forgets what is done with and reads on: to `least` bytes, or twice as many as there are.
    pub(super) fn widen(&mut self) -> Result<(), TableError> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let held = self.buffer.len();
        guard::within("bytes in one row", held as u64, RECORD)?;
        let more = self.least.max(2 * held) - held;
        self.buffer.reserve_exact(more);
        self.whole = (&mut self.file).take(more as u64).read_to_end(&mut self.buffer)? < more;
        Ok(())
    }
}
