//! Rows of a checkpoint. Those of a long history are kept as they were read, and a row is decoded when somebody asks for it.
//!
//! ```text
//! keys of each row, 32 bytes each    the snapshot it is about, and what else it is looked up by
//! end of each row, u32 LE            counted from where the first row begins
//! rows                               each in postcard's encoding
//! ```
//! A digest says that the bytes are those somebody wrote, not that they are rows. In the place of what is none stands
//! a row on which nothing can rest.
//!
//! Most rows of a long history lie in a file of their own, of which only those pages are read that are needed;
//! those that are newer lie in the checkpoint itself, and those of this moment in memory.

mod encoded;
mod keyed;
mod pages;

use std::ops::{Index, Range};
use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};

use self::encoded::Encoded;
pub(super) use self::encoded::{Bytes, Extent, Writing};
pub use self::keyed::Keyed;
pub use self::pages::{PAGE, Source};
pub(super) use self::pages::{Pages, digests};
use super::FormatError;
use crate::id::SnapshotId;

/// Bytes of a key.
pub(super) const KEY: usize = 32;
/// Bytes of an end.
const END: usize = 4;

/// What a row must be for its table to be kept.
pub trait Row: Clone + Serialize + DeserializeOwned {
    /// How many keys it is looked up by, 1 or 2.
    const KEYS: usize = 1;

    /// The snapshot it is about.
    fn key(&self) -> SnapshotId;

    /// What else it is looked up by; zeros where that is nothing.
    fn other_key(&self) -> [u8; 32] {
        [0; KEY]
    }

    /// Whether it may stand in this place.
    fn fits(&self, _place: usize) -> bool {
        true
    }

    /// What stands in a place whose bytes are not such a row.
    fn unreadable(key: SnapshotId, place: usize) -> Self;
}

/// What a checkpoint says of one of its tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Part {
    /// Where the older rows begin in the file of tables.
    pub(super) start: u64,
    /// The older rows.
    pub(super) older: Extent,
    /// So many of them are still rows of this table.
    pub(super) shown: u64,
    /// The rows in the checkpoint itself.
    pub(super) newer: Extent,
}

/// Which rows of a table are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// All of them.
    All,
    /// Those that are not in the file of tables.
    Newer,
}

/// The files that tables are read from: of what is in the checkpoint itself, where the next one begins.
pub(super) struct Opening {
    pub(super) root: Arc<Vec<u8>>,
    pub(super) place: usize,
    pub(super) pages: Option<Arc<Pages>>,
}

impl Opening {
    /// The older rows of a table and the newer ones, with how many of them are shown.
    fn layers<T: Row>(&mut self, part: Part) -> Option<Vec<Layer<T>>> {
        let mut layers = Vec::with_capacity(2);
        let shown = usize::try_from(part.shown).ok()?;
        if part.older.rows > 0 {
            let pages = Bytes::Paged(Arc::clone(self.pages.as_ref()?));
            let encoded = Encoded::open(pages, usize::try_from(part.start).ok()?, part.older, 0)?;
            layers.push(Layer { shown, encoded: Arc::new(encoded) });
        }
        if layers.last().map_or(0, |older| older.encoded.rows) < shown {
            return None;
        }
        let newer = Encoded::open(Bytes::Whole(Arc::clone(&self.root)), self.place, part.newer, shown)?;
        self.place = newer.end();
        layers.push(Layer { shown: newer.rows, encoded: Arc::new(newer) });
        Some(layers)
    }
}

/// Rows as they were read, of which the first are shown.
struct Layer<T> {
    encoded: Arc<Encoded<T>>,
    shown: usize,
}

impl<T> Clone for Layer<T> {
    fn clone(&self) -> Self {
        Self { encoded: Arc::clone(&self.encoded), shown: self.shown }
    }
}

impl<T: Row> Layer<T> {
    /// Writes those shown that are meant.
    fn write(&self, which: Which, writing: &mut Writing) -> Result<(), FormatError> {
        match self.encoded.pages() {
            Some(_) if which == Which::Newer => Ok(()),
            _ => (0..self.shown).try_for_each(|index| writing.of(&self.encoded, index)),
        }
    }

    /// What a checkpoint says of older rows.
    fn part(&self) -> Option<Part> {
        self.encoded.pages()?;
        let (start, older) = (self.encoded.start() as u64, self.encoded.extent());
        Some(Part { start, older, shown: self.shown as u64, newer: Extent::default() })
    }
}

/// Rows in the order they came, by number.
pub struct Rows<T> {
    /// The older ones first.
    layers: Vec<Layer<T>>,
    tail: Arc<Vec<T>>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { layers: Vec::new(), tail: Arc::default() }
    }
}

impl<T> Clone for Rows<T> {
    fn clone(&self) -> Self {
        Self { layers: self.layers.clone(), tail: Arc::clone(&self.tail) }
    }
}

impl<T> Rows<T> {
    /// How many were read.
    fn read(&self) -> usize {
        self.layers.iter().map(|layer| layer.shown).sum()
    }
}

impl<T: Row> Rows<T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.read() + self.tail.len()
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
    pub fn places_of(&self, key: SnapshotId) -> impl DoubleEndedIterator<Item = usize> + use<T> {
        let digest = *key.digest().as_bytes();
        let places = self.places(|keys| keys.first() == Some(&digest), |row| row.key() == key);
        places.into_iter()
    }

    /// The places of the rows whose keys are meant. Of those that were read only the keys are looked at.
    pub(super) fn places(&self, read: impl Fn(&[[u8; KEY]]) -> bool, new: impl Fn(&T) -> bool) -> Vec<usize> {
        let (mut found, mut before) = (Vec::new(), 0);
        for layer in &self.layers {
            found.extend(layer.encoded.places(layer.shown, &read).into_iter().map(|place| before + place));
            before += layer.shown;
        }
        found.extend(self.tail.iter().enumerate().filter(|(_, row)| new(row)).map(|(place, _)| before + place));
        found
    }

    /// The rows about a snapshot, in order.
    pub fn about(&self, key: SnapshotId) -> impl DoubleEndedIterator<Item = &T> {
        self.places_of(key).map(|place| &self[place]).filter(move |row| row.key() == key)
    }

    /// Adds one.
    pub fn push(&mut self, row: T) {
        Arc::make_mut(&mut self.tail).push(row);
    }

    /// The newest, to be changed.
    pub fn last_mut(&mut self) -> Option<&mut T> {
        if self.tail.is_empty() {
            let last = self.last()?.clone();
            if let Some(layer) = self.layers.iter_mut().rfind(|layer| layer.shown > 0) {
                layer.shown -= 1;
            }
            self.push(last);
        }
        Arc::make_mut(&mut self.tail).last_mut()
    }

    /// All of them, decoded, to be changed.
    pub fn to_mut(&mut self) -> &mut Vec<T> {
        if !self.layers.is_empty() {
            *self = self.iter().cloned().collect();
        }
        Arc::make_mut(&mut self.tail)
    }

    /// The file of tables that the older rows are in.
    pub(super) fn pages(&self) -> Option<&Arc<Pages>> {
        self.layers.iter().find_map(|layer| layer.encoded.pages())
    }

    /// How many rows are in the file of tables.
    pub(super) fn older(&self) -> usize {
        self.layers.first().filter(|layer| layer.encoded.pages().is_some()).map_or(0, |layer| layer.shown)
    }

    /// What a checkpoint says of the older rows.
    pub(super) fn part(&self) -> Part {
        self.layers.first().and_then(Layer::part).unwrap_or_default()
    }

    pub(super) fn write(&self, format: &'static str, which: Which) -> Result<Writing, FormatError> {
        let mut writing = Writing::new(format);
        self.layers.iter().try_for_each(|layer| layer.write(which, &mut writing))?;
        self.tail.iter().try_for_each(|row| writing.row(row))?;
        Ok(writing)
    }

    pub(super) fn open(opening: &mut Opening, part: Part) -> Option<Self> {
        Some(Self { layers: opening.layers(part)?, tail: Arc::default() })
    }
}

impl<T: Row> Index<usize> for Rows<T> {
    type Output = T;

    fn index(&self, mut index: usize) -> &T {
        for layer in &self.layers {
            if index < layer.shown {
                return layer.encoded.get(index);
            }
            index -= layer.shown;
        }
        &self.tail[index]
    }
}

impl<T: Row> FromIterator<T> for Rows<T> {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        Self { layers: Vec::new(), tail: Arc::new(rows.into_iter().collect()) }
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
