//! Rows of a checkpoint. Those of a long history are kept as they were read, and a row is decoded when somebody asks for it.
//!
//! ```text
//! key of each row, 32 bytes    the snapshot it is about
//! end of each row, u32 LE      counted from where the first row begins
//! rows                         each in postcard's encoding
//! ```
//! The file's checksum says that the bytes are those somebody wrote, not that they are rows. In the place of what is none stands
//! a row on which nothing can rest.

use std::collections::BTreeMap;
use std::ops::{Index, Range};
use std::sync::{Arc, OnceLock};

use serde::{Serialize, de::DeserializeOwned};

use super::{FormatError, cached};
use crate::id::SnapshotId;

const KEY: usize = 32;
const END: usize = 4;
/// Rows that are decoded at once.
const PAGE: usize = 4;

/// What a row must be for its table to be kept.
pub trait Row: Clone + Serialize + DeserializeOwned {
    /// The snapshot it is about.
    fn key(&self) -> SnapshotId;

    /// Whether it may stand in this place.
    fn fits(&self, _place: usize) -> bool {
        true
    }

    /// What stands in a place whose bytes are not such a row.
    fn unreadable(key: SnapshotId, place: usize) -> Self;
}

/// How much of a file a table takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Extent {
    rows: u64,
    bytes: u64,
}

/// A table as it was read.
struct Encoded<T> {
    file: Arc<Vec<u8>>,
    /// Where it is in the file.
    place: Range<usize>,
    rows: usize,
    pages: Box<[OnceLock<Box<[T]>>]>,
}

impl<T: Row> Encoded<T> {
    /// The table at `start`; none if it does not fit in.
    fn open(file: &Arc<Vec<u8>>, start: usize, extent: Extent) -> Option<Self> {
        let (rows, bytes) = (usize::try_from(extent.rows).ok()?, usize::try_from(extent.bytes).ok()?);
        let place = start..start.checked_add(bytes)?;
        if place.end > file.len() || rows.checked_mul(KEY + END)? > bytes {
            return None;
        }
        let pages = (0..rows.div_ceil(PAGE)).map(|_| OnceLock::new()).collect();
        Some(Self { file: Arc::clone(file), place, rows, pages })
    }

    fn bytes(&self) -> &[u8] {
        &self.file[self.place.clone()]
    }

    fn keys(&self) -> &[[u8; KEY]] {
        self.bytes()[..self.rows * KEY].as_chunks().0
    }

    fn key(&self, index: usize) -> SnapshotId {
        crate::digest::Digest::from_bytes(self.keys()[index]).into()
    }

    fn ends(&self) -> &[[u8; END]] {
        self.bytes()[self.rows * KEY..self.rows * (KEY + END)].as_chunks().0
    }

    /// The bytes of a row; none if the ends say nonsense.
    fn raw(&self, index: usize) -> Option<&[u8]> {
        let ends = self.ends();
        let end = |index: usize| u32::from_le_bytes(ends[index]) as usize;
        let start = index.checked_sub(1).map_or(0, end);
        self.bytes()[self.rows * (KEY + END)..].get(start..end(index))
    }

    fn row(&self, index: usize) -> T {
        let key = self.key(index);
        let row: Option<T> = self.raw(index).and_then(cached::take).map(|(row, _)| row);
        row.filter(|row| row.key() == key && row.fits(index)).unwrap_or_else(|| T::unreadable(key, index))
    }

    fn get(&self, index: usize) -> &T {
        let first = index / PAGE * PAGE;
        let decode = || (first..self.rows.min(first + PAGE)).map(|index| self.row(index)).collect();
        &self.pages[index / PAGE].get_or_init(decode)[index - first]
    }
}

/// A table being written: rows as they were read, and rows that are new.
struct Writing {
    /// What it is a part of.
    format: &'static str,
    keys: Vec<u8>,
    ends: Vec<u8>,
    rows: Vec<u8>,
}

impl Writing {
    const fn new(format: &'static str) -> Self {
        Self { format, keys: Vec::new(), ends: Vec::new(), rows: Vec::new() }
    }

    /// The row with this key is complete.
    fn end(&mut self, key: SnapshotId) -> Result<(), FormatError> {
        let too_long = |_| FormatError::Malformed { kind: self.format, reason: "a table is too long".to_owned() };
        let end = u32::try_from(self.rows.len()).map_err(too_long)?;
        self.keys.extend_from_slice(key.digest().as_bytes());
        self.ends.extend_from_slice(&end.to_le_bytes());
        Ok(())
    }

    fn row<T: Row>(&mut self, row: &T) -> Result<(), FormatError> {
        self.rows = cached::append(self.format, row, std::mem::take(&mut self.rows))?;
        self.end(row.key())
    }

    fn of<T: Row>(&mut self, base: &Encoded<T>, index: usize) -> Result<(), FormatError> {
        let Some(raw) = base.raw(index) else { return self.row(base.get(index)) };
        self.rows.extend_from_slice(raw);
        self.end(base.key(index))
    }

    fn append_to(self, bytes: &mut Vec<u8>) -> Extent {
        let (before, rows) = (bytes.len(), (self.ends.len() / END) as u64);
        [self.keys, self.ends, self.rows].iter().for_each(|part| bytes.extend_from_slice(part));
        Extent { rows, bytes: (bytes.len() - before) as u64 }
    }
}

/// Rows in the order they came, by number.
pub struct Rows<T> {
    base: Option<Arc<Encoded<T>>>,
    /// So many rows of the base are still rows of this table.
    shown: usize,
    tail: Arc<Vec<T>>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { base: None, shown: 0, tail: Arc::default() }
    }
}

impl<T> Clone for Rows<T> {
    fn clone(&self) -> Self {
        Self { base: self.base.clone(), shown: self.shown, tail: Arc::clone(&self.tail) }
    }
}

impl<T: Row> Rows<T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.shown + self.tail.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A row by its place.
    pub fn get(&self, index: usize) -> Option<&T> {
        (index < self.len()).then(|| &self[index])
    }

    /// The newest.
    pub fn last(&self) -> Option<&T> {
        self.get(self.len().checked_sub(1)?)
    }

    /// All of them, in order.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { rows: self, places: 0..self.len() }
    }

    /// How many come before the first for which `before` does not hold; those for which it holds come first.
    pub fn partition_point(&self, before: impl Fn(&T) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match before(&self[middle]) {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low
    }

    /// The places of the rows about a snapshot, in order. Others are not decoded for it.
    pub fn places_of(&self, key: SnapshotId) -> impl DoubleEndedIterator<Item = usize> {
        let digest = key.digest();
        let known = self.base.as_ref().map_or(&[][..], |base| &base.keys()[..self.shown]);
        let old = known.iter().enumerate().filter(move |(_, known)| *known == digest.as_bytes()).map(|(at, _)| at);
        let new = self.tail.iter().enumerate().filter(move |(_, row)| row.key() == key);
        old.chain(new.map(move |(at, _)| self.shown + at))
    }

    /// The rows about a snapshot, in order.
    pub fn about(&self, key: SnapshotId) -> impl DoubleEndedIterator<Item = &T> {
        self.places_of(key).map(|place| &self[place])
    }

    /// Adds one.
    pub fn push(&mut self, row: T) {
        Arc::make_mut(&mut self.tail).push(row);
    }

    /// The newest, to be changed.
    pub fn last_mut(&mut self) -> Option<&mut T> {
        if self.tail.is_empty() {
            let last = self.last()?.clone();
            self.shown -= 1;
            self.push(last);
        }
        Arc::make_mut(&mut self.tail).last_mut()
    }

    /// All of them, decoded, to be changed.
    pub fn to_mut(&mut self) -> &mut Vec<T> {
        if self.base.is_some() {
            *self = Self { base: None, shown: 0, tail: Arc::new(self.iter().cloned().collect()) };
        }
        Arc::make_mut(&mut self.tail)
    }

    pub(super) fn append_to(&self, format: &'static str, bytes: &mut Vec<u8>) -> Result<Extent, FormatError> {
        let mut writing = Writing::new(format);
        if let Some(base) = &self.base {
            (0..self.shown).try_for_each(|index| writing.of(base, index))?;
        }
        self.tail.iter().try_for_each(|row| writing.row(row))?;
        Ok(writing.append_to(bytes))
    }

    /// The table at `start`, and where the next one begins.
    pub(super) fn open(file: &Arc<Vec<u8>>, start: usize, extent: Extent) -> Option<(Self, usize)> {
        let base = Encoded::open(file, start, extent)?;
        let end = base.place.end;
        Some((Self { shown: base.rows, base: Some(Arc::new(base)), tail: Arc::default() }, end))
    }
}

impl<T: Row> Index<usize> for Rows<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        match &self.base {
            Some(base) if index < self.shown => base.get(index),
            _ => &self.tail[index - self.shown],
        }
    }
}

impl<T: Row> FromIterator<T> for Rows<T> {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        Self { base: None, shown: 0, tail: Arc::new(rows.into_iter().collect()) }
    }
}

impl<T: Row + PartialEq> PartialEq for Rows<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<T: Row + std::fmt::Debug> std::fmt::Debug for Rows<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, T: Row> IntoIterator for &'a Rows<T> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// Rows in order.
pub struct Iter<'a, T> {
    rows: &'a Rows<T>,
    places: Range<usize>,
}

impl<T> std::fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Iter").field("places", &self.places).finish_non_exhaustive()
    }
}

impl<'a, T: Row> Iterator for Iter<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        self.places.next().map(|place| &self.rows[place])
    }

    fn nth(&mut self, n: usize) -> Option<&'a T> {
        self.places.nth(n).map(|place| &self.rows[place])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.places.size_hint()
    }
}

impl<'a, T: Row> DoubleEndedIterator for Iter<'a, T> {
    fn next_back(&mut self) -> Option<&'a T> {
        self.places.next_back().map(|place| &self.rows[place])
    }
}

impl<T: Row> ExactSizeIterator for Iter<'_, T> {}

/// One row for each snapshot that has one.
pub struct Keyed<T> {
    /// Sorted by key.
    base: Option<Arc<Encoded<T>>>,
    /// Those that are new, or took the place of one of the base.
    over: Arc<BTreeMap<SnapshotId, T>>,
}

impl<T> Default for Keyed<T> {
    fn default() -> Self {
        Self { base: None, over: Arc::default() }
    }
}

impl<T> Clone for Keyed<T> {
    fn clone(&self) -> Self {
        Self { base: self.base.clone(), over: Arc::clone(&self.over) }
    }
}

impl<T: Row> Keyed<T> {
    fn in_base(&self, key: SnapshotId) -> Option<(&Encoded<T>, usize)> {
        let base = self.base.as_ref()?;
        base.keys().binary_search(key.digest().as_bytes()).ok().map(|place| (&**base, place))
    }

    /// The row of a snapshot.
    pub fn get(&self, key: &SnapshotId) -> Option<&T> {
        self.over.get(key).or_else(|| self.in_base(*key).map(|(base, place)| base.get(place)))
    }

    /// The row of a snapshot, to be changed.
    pub fn get_mut(&mut self, key: &SnapshotId) -> Option<&mut T> {
        if !self.over.contains_key(key) {
            let row = self.get(key)?.clone();
            self.insert(*key, row);
        }
        Arc::make_mut(&mut self.over).get_mut(key)
    }

    /// Gives a snapshot its row, in the place of the one it had.
    pub fn insert(&mut self, key: SnapshotId, row: T) {
        Arc::make_mut(&mut self.over).insert(key, row);
    }

    /// All of them, by key.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.places().into_iter().map(|place| match place {
            Ok((base, index)) => base.get(index),
            Err(row) => row,
        })
    }

    /// All of them, decoded, to be changed.
    pub fn to_mut(&mut self) -> &mut BTreeMap<SnapshotId, T> {
        if self.base.is_some() {
            let all = self.values().map(|row| (row.key(), row.clone())).collect();
            *self = Self { base: None, over: Arc::new(all) };
        }
        Arc::make_mut(&mut self.over)
    }

    /// Where each row is, by key.
    fn places(&self) -> Vec<Result<(&Encoded<T>, usize), &T>> {
        let mut new = self.over.iter().peekable();
        let mut places = Vec::new();
        if let Some(base) = &self.base {
            for index in 0..base.rows {
                let key = base.key(index);
                while let Some((_, row)) = new.next_if(|(new, _)| **new < key) {
                    places.push(Err(row));
                }
                places.push(new.next_if(|(new, _)| **new == key).map_or(Ok((&**base, index)), |(_, row)| Err(row)));
            }
        }
        places.extend(new.map(|(_, row)| Err(row)));
        places
    }

    pub(super) fn append_to(&self, format: &'static str, bytes: &mut Vec<u8>) -> Result<Extent, FormatError> {
        let mut writing = Writing::new(format);
        for place in self.places() {
            match place {
                Ok((base, index)) => writing.of(base, index)?,
                Err(row) => writing.row(row)?,
            }
        }
        Ok(writing.append_to(bytes))
    }

    /// The table at `start`, and where the next one begins. One that is not sorted by key is none.
    pub(super) fn open(file: &Arc<Vec<u8>>, start: usize, extent: Extent) -> Option<(Self, usize)> {
        let base = Encoded::open(file, start, extent)?;
        let end = base.place.end;
        let sorted = base.keys().windows(2).all(|pair| pair[0] < pair[1]);
        sorted.then(|| (Self { base: Some(Arc::new(base)), over: Arc::default() }, end))
    }
}

impl<T: Row + PartialEq> PartialEq for Keyed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.values().eq(other.values())
    }
}

impl<T: Row + std::fmt::Debug> std::fmt::Debug for Keyed<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.values()).finish()
    }
}
