//! Where the records of a csv begin and end, and that each has as many cells as the header.
//!
//! polars reads the cells, but fills short rows up, lets long ones pass when columns are selected, and pairs quotes across
//! rows. So every byte is looked at here first: what passes has one reading only. Knows neither polars nor types.

use super::error::TableError;

/// A state machine over records; bytes are given from the beginning of a record on.
#[derive(Debug, Clone)]
pub(super) struct Records {
    separator: u8,
    /// Cells of the header; none before it was seen.
    width: Option<usize>,
    /// Records seen after the header, blank lines included.
    row: u64,
    /// The first of the blank lines last seen.
    blank: Option<u64>,
}

/// Complete records at the beginning of the bytes given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// The records are the bytes up to here, without blank lines after them.
    pub(super) end: usize,
    /// The next piece begins here.
    pub(super) next: usize,
    /// How many records.
    pub(super) rows: usize,
}

/// One record, as a place in the bytes.
struct Record {
    /// Behind its line end.
    end: usize,
    cells: usize,
    blank: bool,
}

impl Records {
    pub(super) const fn new(separator: u8) -> Self {
        Self { separator, width: None, row: 0, blank: None }
    }

    /// The header's cells; 0 before [`Self::header`].
    pub(super) fn width(&self) -> usize {
        self.width.unwrap_or(0)
    }

    /// The header: the first line that is not blank. None: it is not complete in `bytes`, which are not the whole file.
    pub(super) fn header(&mut self, bytes: &[u8], whole: bool) -> Result<Option<(usize, Piece)>, TableError> {
        let mut start = 0;
        while start < bytes.len() {
            let Some(record) = self.record(bytes, start, whole)? else { return Ok(None) };
            if !record.blank {
                self.width = Some(record.cells);
                return Ok(Some((start, Piece { end: record.end, next: record.end, rows: 1 })));
            }
            start = record.end;
        }
        if whole { Err(TableError::Empty) } else { Ok(None) }
    }

    /// The complete records of `bytes`, at most about `cells` cells of them; `whole`: nothing comes after `bytes`.
    pub(super) fn piece(&mut self, bytes: &[u8], whole: bool, cells: usize) -> Result<Piece, TableError> {
        let expected = self.width();
        let most = (cells / expected.max(1)).max(1);
        let mut piece = Piece { end: 0, next: 0, rows: 0 };
        while piece.next < bytes.len() && piece.rows < most {
            let Some(record) = self.record(bytes, piece.next, whole)? else { break };
            self.row += 1;
            piece.next = record.end;
            // With one column a blank line is an empty cell; with more it may only stand at the end of the file.
            if record.blank && expected > 1 {
                self.blank.get_or_insert(self.row);
                continue;
            }
            if let Some(row) = self.blank {
                return Err(TableError::Ragged { row, found: 1, expected });
            }
            if record.cells != expected {
                return Err(TableError::Ragged { row: self.row, found: record.cells, expected });
            }
            piece.rows += 1;
            piece.end = record.end;
        }
        Ok(piece)
    }

    /// The row a record that begins now has.
    pub(super) const fn next_row(&self) -> u64 {
        match self.width {
            Some(_) => self.row + 1,
            None => 0,
        }
    }

    fn record(&self, bytes: &[u8], start: usize, whole: bool) -> Result<Option<Record>, TableError> {
        let separator = self.separator;
        let mut at = start;
        let mut cells = 1;
        loop {
            if bytes.get(at) == Some(&b'"') {
                match closing_quote(bytes, at + 1, whole) {
                    Some(behind) => at = behind,
                    None if whole => return Err(TableError::Unclosed { row: self.next_row() }),
                    None => return Ok(None),
                }
            } else {
                let plain = |byte: &&u8| **byte != separator && !matches!(**byte, b'\n' | b'\r' | b'"');
                at += bytes[at..].iter().take_while(plain).count();
            }
            let record = |line_end: usize| Some(Record { end: at + line_end, cells, blank: at == start });
            return match bytes[at..] {
                [byte, ..] if byte == separator => {
                    at += 1;
                    cells += 1;
                    continue;
                }
                [b'\n', ..] => Ok(record(1)),
                [b'\r', b'\n', ..] => Ok(record(2)),
                [b'\r'] if whole => Ok(record(1)),
                [] if whole => Ok(record(0)),
                [] | [b'\r'] => Ok(None),
                [b'\r', ..] => Err(TableError::Return { row: self.next_row() }),
                _ => Err(TableError::Quote { row: self.next_row() }),
            };
        }
    }
}

/// Behind the quote that closes a cell; none if it is not among the bytes, or cannot be known to be the last of a pair.
fn closing_quote(bytes: &[u8], from: usize, whole: bool) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes[at..].iter().position(|&byte| byte == b'"')?;
        match bytes.get(at + 1) {
            Some(b'"') => at += 2,
            None if !whole => return None,
            _ => return Some(at + 1),
        }
    }
}
