//! One row for each snapshot that has one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::encoded::{Encoded, Writing};
use super::pages::Pages;
use super::{Layer, Opening, Part, Row, Which};
use crate::format::FormatError;
use crate::id::SnapshotId;

/// One row for each snapshot that has one.
pub struct Keyed<T> {
    /// Each sorted by key, the older ones first; what is newer takes the place of what is older.
    layers: Vec<Layer<T>>,
    /// Those that are newer still.
    over: Arc<BTreeMap<SnapshotId, T>>,
}

impl<T> Default for Keyed<T> {
    fn default() -> Self {
        Self { layers: Vec::new(), over: Arc::default() }
    }
}

impl<T> Clone for Keyed<T> {
    fn clone(&self) -> Self {
        Self { layers: self.layers.clone(), over: Arc::clone(&self.over) }
    }
}

/// Where a row is.
enum At<'a, T> {
    Read(&'a Encoded<T>, usize),
    New(&'a T),
}

impl<'a, T: Row> At<'a, T> {
    fn row(self) -> &'a T {
        match self {
            Self::Read(table, index) => table.get(index),
            Self::New(row) => row,
        }
    }
}

impl<T: Row> Keyed<T> {
    /// The row of a snapshot.
    pub fn get(&self, key: &SnapshotId) -> Option<&T> {
        let digest = key.digest();
        let find = |layer: &'_ Layer<T>| layer.encoded.find(digest.as_bytes());
        let read = || self.layers.iter().rev().find_map(|layer| find(layer).map(|place| layer.encoded.get(place)));
        self.over.get(key).or_else(read)
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
        self.places(Which::All).into_values().map(At::row)
    }

    /// All of them, decoded, to be changed.
    pub fn to_mut(&mut self) -> &mut BTreeMap<SnapshotId, T> {
        if !self.layers.is_empty() {
            let all = self.values().map(|row| (row.key(), row.clone())).collect();
            *self = Self { layers: Vec::new(), over: Arc::new(all) };
        }
        Arc::make_mut(&mut self.over)
    }

    /// Where each row is, by key.
    fn places(&self, which: Which) -> BTreeMap<SnapshotId, At<'_, T>> {
        let meant = |layer: &&Layer<T>| which == Which::All || layer.encoded.pages().is_none();
        let mut places = BTreeMap::new();
        for table in self.layers.iter().filter(meant).map(|layer| &*layer.encoded) {
            places.extend((0..table.rows).map(|index| (table.key(index), At::Read(table, index))));
        }
        places.extend(self.over.iter().map(|(key, row)| (*key, At::New(row))));
        places
    }

    /// The file of tables that the older rows are in.
    pub(in crate::format) fn pages(&self) -> Option<&Arc<Pages>> {
        self.layers.iter().find_map(|layer| layer.encoded.pages())
    }

    /// What a checkpoint says of the older rows.
    pub(in crate::format) fn part(&self) -> Part {
        self.layers.first().and_then(Layer::part).unwrap_or_default()
    }

    pub(in crate::format) fn write(&self, format: &'static str, which: Which) -> Result<Writing, FormatError> {
        let mut writing = Writing::new(format);
        for place in self.places(which).into_values() {
            match place {
                At::Read(table, index) => writing.of(table, index)?,
                At::New(row) => writing.row(row)?,
            }
        }
        Ok(writing)
    }

    /// Whether all of them are found by their keys: those that were read before anybody looked may be in any order.
    pub(in crate::format) fn is_in_order(&self) -> bool {
        self.layers.iter().all(|layer| layer.encoded.is_sorted())
    }

    /// Newer rows that are not sorted by key are none. The older ones are many, and only a check of the journal looks at them all.
    pub(in crate::format) fn open(opening: &mut Opening, part: Part) -> Option<Self> {
        let layers: Vec<Layer<T>> = opening.layers(part)?;
        let all_shown = part.shown == part.older.rows;
        let newer = layers.last().is_none_or(|newer| newer.encoded.is_sorted());
        (all_shown && newer).then(|| Self { layers, over: Arc::default() })
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
