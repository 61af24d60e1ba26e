//! A csv of any size, a few complete records at a time.

use std::fs::File;

use super::csv::{self, Header};
use super::error::TableError;
use super::records::Records;
use super::window::Window;

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
        let mut window = Window::new(file, bytes);
        let Header { names, records, body } = loop {
            window.widen()?;
            if let Some(header) = csv::header(window.bytes(), separator, window.whole())? {
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
        self.window.pass(std::mem::take(&mut self.done));
        while !(self.window.whole() && self.window.bytes().is_empty()) {
            let piece = csv::checked(&mut self.records, self.window.bytes(), self.window.whole(), self.cells)?;
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
