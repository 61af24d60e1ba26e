//! A csv of any size, a few complete records at a time.

use std::fs::File;
use std::io::Read as _;

use super::csv::{self, Header};
use super::error::TableError;
use super::guard;
use super::records::Records;

/// The longest record of a csv.
const RECORD: u64 = 64 << 20;

/// A csv that is read from its beginning to its end.
pub(super) struct Pieces {
    window: Window,
    records: Records,
    names: Vec<String>,
    /// Cells of one piece.
    cells: usize,
    /// Bytes of the piece last handed out, with the blank lines after it.
    done: usize,
}

impl Pieces {
    /// Reads the header. A piece will have about `bytes` and at most `cells`, and one record at least.
    pub(super) fn open(file: File, separator: u8, bytes: usize, cells: usize) -> Result<Self, TableError> {
        let mut window = Window { file, buffer: Vec::new(), start: 0, whole: false, least: bytes };
        let Header { names, records, body } = loop {
            window.widen()?;
            if let Some(header) = csv::header(window.bytes(), separator, window.whole)? {
                break header;
            }
        };
        Ok(Self { window, records, names, cells, done: body })
    }

    /// The names of the columns.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The next records and how many they are; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<(&[u8], usize)>, TableError> {
        self.window.start += std::mem::take(&mut self.done);
        while !(self.window.whole && self.window.bytes().is_empty()) {
            let piece = csv::checked(&mut self.records, self.window.bytes(), self.window.whole, self.cells)?;
            if piece.next == 0 {
                self.window.widen()?;
                continue;
            }
            self.done = piece.next;
            return Ok(Some((&self.window.bytes()[..piece.end], piece.rows)));
        }
        Ok(None)
    }
}

/// The part of a file that is in memory.
struct Window {
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
    fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Forgets what is done with and reads on: to `least` bytes, or twice as many as there are.
    fn widen(&mut self) -> Result<(), TableError> {
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
