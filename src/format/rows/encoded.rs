//! A table as it was read: a row is decoded when somebody asks for it.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::pages::{PAGE, Pages};
use super::{END, KEY, Row};
use crate::digest::Digest;
use crate::format::{FormatError, cached};
use crate::id::SnapshotId;

/// Rows that are decoded at once.
const TOGETHER: usize = 8;

/// How much of a file a table takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(in crate::format) struct Extent {
    pub(in crate::format) rows: u64,
    pub(in crate::format) bytes: u64,
}

/// The file a table is in.
#[derive(Clone)]
pub(in crate::format) enum Bytes {
    /// The checkpoint itself.
    Whole(Arc<Vec<u8>>),
    /// The file of tables beside it.
    Paged(Arc<Pages>),
}

impl Bytes {
    fn len(&self) -> usize {
        match self {
            Self::Whole(file) => file.len(),
            Self::Paged(pages) => pages.len(),
        }
    }

    fn get(&self, range: Range<usize>) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Whole(file) => file.get(range).map(Cow::Borrowed),
            Self::Paged(pages) => pages.get(range),
        }
    }
}

/// A table as it was read.
pub(super) struct Encoded<T> {
    file: Bytes,
    /// Where it is in the file.
    place: Range<usize>,
    /// How many rows it has.
    pub(super) rows: usize,
    /// The place of its first row among all of them.
    first: usize,
    decoded: Box<[OnceLock<Box<[T]>>]>,
}

impl<T: Row> Encoded<T> {
    const KEYS: usize = T::KEYS * KEY;

    /// The table at `start`, whose first row is the one in place `first`; none if it does not fit in.
    pub(super) fn open(file: Bytes, start: usize, extent: Extent, first: usize) -> Option<Self> {
        let (rows, bytes) = (usize::try_from(extent.rows).ok()?, usize::try_from(extent.bytes).ok()?);
        let place = start..start.checked_add(bytes)?;
        if place.end > file.len() || rows.checked_mul(Self::KEYS + END)? > bytes {
            return None;
        }
        first.checked_add(rows)?;
        let decoded = (0..rows.div_ceil(TOGETHER)).map(|_| OnceLock::new()).collect();
        Some(Self { file, place, rows, first, decoded })
    }

    /// Where it ends in its file.
    pub(super) const fn end(&self) -> usize {
        self.place.end
    }

    /// Where it is in its file.
    pub(super) const fn start(&self) -> usize {
        self.place.start
    }

    pub(super) const fn extent(&self) -> Extent {
        Extent { rows: self.rows as u64, bytes: (self.place.end - self.place.start) as u64 }
    }

    /// The file of tables beside the checkpoint, if it is in there.
    pub(super) const fn pages(&self) -> Option<&Arc<Pages>> {
        match &self.file {
            Bytes::Whole(_) => None,
            Bytes::Paged(pages) => Some(pages),
        }
    }

    fn keys_of(&self, index: usize) -> Option<Cow<'_, [u8]>> {
        let start = self.place.start + index * Self::KEYS;
        self.file.get(start..start + Self::KEYS)
    }

    /// The first key of a row; none if it cannot be read.
    pub(super) fn key_bytes(&self, index: usize) -> Option<[u8; KEY]> {
        self.keys_of(index)?.first_chunk().copied()
    }

    /// The first key of a row; of one that cannot be read, that of nothing.
    pub(super) fn key(&self, index: usize) -> SnapshotId {
        Digest::from_bytes(self.key_bytes(index).unwrap_or_default()).into()
    }

    /// The bytes of a row; none if the ends say nonsense, or the row cannot be read.
    fn raw(&self, index: usize) -> Option<Cow<'_, [u8]>> {
        let ends = self.place.start + self.rows * Self::KEYS;
        let end = |index: usize| {
            let start = ends + index * END;
            let bytes = self.file.get(start..start + END)?;
            usize::try_from(u32::from_le_bytes(*bytes.first_chunk()?)).ok()
        };
        let start = index.checked_sub(1).map_or(Some(0), end)?;
        let first = ends + self.rows * END;
        let row = first.checked_add(start)?..first.checked_add(end(index)?)?;
        (row.start <= row.end && row.end <= self.place.end).then(|| self.file.get(row))?
    }

    fn row(&self, index: usize) -> T {
        let (key, place) = (self.key(index), self.first + index);
        let row: Option<T> = self.raw(index).and_then(|raw| cached::take(&raw).map(|(row, _)| row));
        let is_found_by = |row: &T| {
            let second = self.keys_of(index).and_then(|keys| keys.get(KEY..2 * KEY)?.first_chunk().copied());
            row.key() == key && (T::KEYS < 2 || second == Some(row.other_key()))
        };
        row.filter(|row| is_found_by(row) && row.fits(place)).unwrap_or_else(|| T::unreadable(key, place))
    }

    pub(super) fn get(&self, index: usize) -> &T {
        let first = index / TOGETHER * TOGETHER;
        let decode = || (first..self.rows.min(first + TOGETHER)).map(|index| self.row(index)).collect();
        &self.decoded[index / TOGETHER].get_or_init(decode)[index - first]
    }

    /// Which of the first `shown` rows have such keys, in order. Of rows whose keys cannot be read nothing is known: they are
    /// asked for with none.
    pub(super) fn places(&self, shown: usize, is_it: impl Fn(&[[u8; KEY]]) -> bool) -> Vec<usize> {
        let mut found = Vec::new();
        let mut next = 0;
        while next < shown {
            let start = self.place.start + next * Self::KEYS;
            let room = match &self.file {
                Bytes::Whole(_) => shown,
                // Tables begin where no row's keys lie on two pages.
                Bytes::Paged(_) => ((PAGE - start % PAGE) / Self::KEYS).max(1),
            };
            let end = shown.min(next + room);
            match self.file.get(start..start + (end - next) * Self::KEYS) {
                Some(bytes) => {
                    let keys = bytes.as_chunks::<KEY>().0.chunks(T::KEYS);
                    found.extend((next..end).zip(keys).filter(|(_, keys)| is_it(keys)).map(|(place, _)| place));
                }
                None if is_it(&[]) => found.extend(next..end),
                None => {}
            }
            next = end;
        }
        found
    }

    /// Whether every key is greater than the one before it.
    pub(super) fn is_sorted(&self) -> bool {
        (1..self.rows).all(|index| self.key_bytes(index - 1) < self.key_bytes(index))
    }

    /// Where a key is in a table that is sorted by it.
    pub(super) fn find(&self, key: &[u8; KEY]) -> Option<usize> {
        let (mut low, mut high) = (0, self.rows);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.key_bytes(middle)?.cmp(key) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }
}

/// A table being written: rows as they were read, and rows that are new.
pub(in crate::format) struct Writing {
    /// What it is a part of.
    format: &'static str,
    keys: Vec<u8>,
    ends: Vec<u8>,
    rows: Vec<u8>,
}

impl Writing {
    pub(in crate::format) const fn new(format: &'static str) -> Self {
        Self { format, keys: Vec::new(), ends: Vec::new(), rows: Vec::new() }
    }

    /// The row with these keys is complete.
    fn end(&mut self, keys: &[u8]) -> Result<(), FormatError> {
        let too_long = |_| FormatError::Malformed { kind: self.format, reason: "a table is too long".to_owned() };
        let end = u32::try_from(self.rows.len()).map_err(too_long)?;
        self.keys.extend_from_slice(keys);
        self.ends.extend_from_slice(&end.to_le_bytes());
        Ok(())
    }

    pub(in crate::format) fn row<T: Row>(&mut self, row: &T) -> Result<(), FormatError> {
        self.rows = cached::append(self.format, row, std::mem::take(&mut self.rows))?;
        let mut keys = row.key().digest().as_bytes().to_vec();
        if T::KEYS > 1 {
            keys.extend_from_slice(&row.other_key());
        }
        self.end(&keys)
    }

    pub(super) fn of<T: Row>(&mut self, table: &Encoded<T>, index: usize) -> Result<(), FormatError> {
        let (Some(raw), Some(keys)) = (table.raw(index), table.keys_of(index)) else {
            return self.row(table.get(index));
        };
        self.rows.extend_from_slice(&raw);
        self.end(&keys)
    }

    pub(in crate::format) fn append_to(self, bytes: &mut Vec<u8>) -> Extent {
        let (before, rows) = (bytes.len(), (self.ends.len() / END) as u64);
        [self.keys, self.ends, self.rows].iter().for_each(|part| bytes.extend_from_slice(part));
        Extent { rows, bytes: (bytes.len() - before) as u64 }
    }
}
