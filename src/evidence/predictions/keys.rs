//! The keys of a predictions set: hashed, sorted, distinct.
//!
//! A row's key is the canonical texts of its key cells, in the order the columns are configured. Its hash is the first eight
//! bytes, little-endian, of the BLAKE3 of, for each cell, the text's length in bytes (u64, little-endian) and the text. The
//! next eight bytes tell apart different keys of one hash.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::super::Defect;
use super::columns::{SourceTable, unreadable};
use crate::table::{Codes, Column, cut};

/// The keys of one table in ascending order of their hashes.
#[derive(Debug, Clone)]
pub(in super::super) struct Keys {
    /// Distinct.
    pub(in super::super) hashes: Vec<u64>,
    /// The next 64 bits of each hash.
    checks: Vec<u64>,
    pub(in super::super) cells: Arc<KeyCells>,
}

/// Where the keys of one table stand in its file, and what they are.
#[derive(Debug)]
pub(in super::super) struct KeyCells {
    /// The row of each key in the file, counted from 0.
    rows: Vec<u32>,
    /// The key cells, in the file's order.
    columns: Vec<Column>,
}

/// One row's key: hash, check, row.
type Entry = (u64, u64, u32);

impl Keys {
    /// The keys in the columns `names`.
    pub(in super::super) fn of(source: &SourceTable<'_>, names: &[String]) -> Result<Self, Defect> {
        let columns = columns(source, names)?;
        let mut entries = entries(source, &columns)?;
        entries.par_sort_unstable();
        let rows = entries.iter().map(|entry| entry.2).collect();
        let keys = Self {
            hashes: entries.iter().map(|entry| entry.0).collect(),
            checks: entries.iter().map(|entry| entry.1).collect(),
            cells: Arc::new(KeyCells { rows, columns }),
        };
        drop(entries);
        keys.distinct(source.path)?;
        Ok(keys)
    }

    /// The same, of a table that may be `like` another: where the cells are the same in the same order, they are hashed and
    /// sorted once.
    pub(super) fn shared(
        source: &SourceTable<'_>,
        names: &[String],
        like: Option<&Arc<Self>>,
    ) -> Result<Arc<Self>, Defect> {
        if let Some(like) = like
            && like.cells.same_columns(&columns(source, names)?)
        {
            return Ok(Arc::clone(like));
        }
        Ok(Arc::new(Self::of(source, names)?))
    }

    /// Number of rows.
    pub(in super::super) const fn len(&self) -> usize {
        self.hashes.len()
    }

    /// The values of a column, from the file's order to the keys'.
    pub(in super::super) fn sorted<T: Copy + Send + Sync>(&self, values: &[T]) -> Vec<T> {
        self.cells.rows.par_iter().map(|&row| values[row as usize]).collect()
    }

    /// The same for codes.
    pub(in super::super) fn sorted_codes(&self, codes: Codes) -> Codes {
        Codes { rows: self.sorted(&codes.rows), values: codes.values }
    }

    /// The same for texts, none of which is copied.
    pub(in super::super) fn sorted_texts(&self, mut texts: Vec<String>) -> Vec<String> {
        self.cells.rows.iter().map(|&row| std::mem::take(&mut texts[row as usize])).collect()
    }

    /// The row in the file, counted from 0, of the key at `place`.
    pub(in super::super) fn row(&self, place: usize) -> u32 {
        self.cells.rows[place]
    }

    /// The key at `place` for people.
    pub(in super::super) fn text(&self, place: usize) -> String {
        self.cells.text(place)
    }

    /// How many keys are in both; two different keys of one hash are an error.
    pub(in super::super) fn matched(&self, other: &Self, path: &str) -> Result<usize, Defect> {
        let (mut mine, mut theirs, mut matched) = (0, 0, 0);
        while let (Some(a), Some(b)) = (self.hashes.get(mine), other.hashes.get(theirs)) {
            if a == b {
                if self.checks[mine] != other.checks[theirs] {
                    return Err(collision(path, &self.text(mine), &other.text(theirs)));
                }
                matched += 1;
            }
            mine += usize::from(a <= b);
            theirs += usize::from(b <= a);
        }
        Ok(matched)
    }

    /// The places of the keys that are in both, here and there.
    pub(in super::super) fn common(&self, other: &Self) -> (Vec<usize>, Vec<usize>) {
        let (mut mine, mut theirs) = (0, 0);
        let mut places = (Vec::new(), Vec::new());
        while let (Some(a), Some(b)) = (self.hashes.get(mine), other.hashes.get(theirs)) {
            if a == b {
                places.0.push(mine);
                places.1.push(theirs);
            }
            let (ours_first, theirs_first) = (a <= b, b <= a);
            mine += usize::from(ours_first);
            theirs += usize::from(theirs_first);
        }
        places
    }

    /// The keys at `places`, ascending.
    pub(in super::super) fn picked(&self, places: &[usize]) -> Self {
        let rows = places.iter().map(|place| self.cells.rows[*place]).collect();
        Self {
            hashes: places.iter().map(|place| self.hashes[*place]).collect(),
            checks: places.iter().map(|place| self.checks[*place]).collect(),
            cells: Arc::new(KeyCells { rows, columns: self.cells.columns.clone() }),
        }
    }

    /// Reports the first row in the file that repeats a key.
    fn distinct(&self, path: &str) -> Result<(), Defect> {
        let mut repeated: Option<usize> = None;
        for place in 1..self.len() {
            if self.hashes[place - 1] != self.hashes[place] {
                continue;
            }
            if self.checks[place - 1] != self.checks[place] {
                return Err(collision(path, &self.text(place - 1), &self.text(place)));
            }
            if repeated.is_none_or(|known| self.row(place) < self.row(known)) {
                repeated = Some(place);
            }
        }
        match repeated {
            None => Ok(()),
            Some(place) => Err(Defect::DuplicateKey {
                path: path.to_owned(),
                key: self.text(place),
                first: u64::from(self.row(place - 1)) + 1,
                second: u64::from(self.row(place)) + 1,
            }),
        }
    }
}

impl KeyCells {
    /// Number of rows.
    pub(in super::super) const fn len(&self) -> usize {
        self.rows.len()
    }

    /// The key at `place`: `row_id=17, day=3`, each value cut to 40 characters.
    pub(in super::super) fn text(&self, place: usize) -> String {
        let row = self.rows[place] as usize;
        let cell = |column: &Column| format!("{}={}", column.name(), cut(&column.text(row).unwrap_or_default(), 40));
        self.columns.iter().map(cell).collect::<Vec<_>>().join(", ")
    }

    /// The texts of the cells that make the key at `place`, as they are hashed.
    pub(in super::super) fn cells(&self, place: usize) -> Vec<String> {
        let row = self.rows[place] as usize;
        self.columns.iter().map(|column| column.text(row).unwrap_or_default().into_owned()).collect()
    }

    fn same_columns(&self, others: &[Column]) -> bool {
        self.columns.len() == others.len() && self.columns.iter().zip(others).all(|(a, b)| a.same_cells(b))
    }
}

/// The cells of the columns `names`.
fn columns(source: &SourceTable<'_>, names: &[String]) -> Result<Vec<Column>, Defect> {
    if names.is_empty() {
        return Err(unreadable(source.path, "no column is named as its key"));
    }
    names.iter().map(|name| source.named(name).cloned()).collect()
}

/// The hash of a key of these cells, as in [`JoinedRows`](super::super::JoinedRows); also that of a cluster's or a query's name.
pub fn key_hash(cells: &[String]) -> u64 {
    let mut bytes = Vec::new();
    cells.iter().for_each(|cell| push(&mut bytes, cell));
    halves(&bytes).0
}

/// Texts one behind the other have one reading.
fn push(bytes: &mut Vec<u8>, cell: &str) {
    bytes.extend_from_slice(&(cell.len() as u64).to_le_bytes());
    bytes.extend_from_slice(cell.as_bytes());
}

/// The first and the second eight bytes of the BLAKE3.
fn halves(bytes: &[u8]) -> (u64, u64) {
    let hash = blake3::hash(bytes);
    let half = |from: usize| {
        let mut half = [0; 8];
        half.copy_from_slice(&hash.as_bytes()[from..from + 8]);
        u64::from_le_bytes(half)
    };
    (half(0), half(8))
}

fn entries(source: &SourceTable<'_>, columns: &[Column]) -> Result<Vec<Entry>, Defect> {
    let first_empty = AtomicUsize::new(usize::MAX);
    let entry = |(text, bytes): &mut (String, Vec<u8>), row: usize| -> Entry {
        bytes.clear();
        for column in columns {
            text.clear();
            column.write_text(row, text);
            if text.is_empty() {
                first_empty.fetch_min(row, Ordering::Relaxed);
            }
            push(bytes, text);
        }
        let (hash, check) = halves(bytes);
        (hash, check, row as u32)
    };
    let entries = (0..source.rows()).into_par_iter().map_init(Default::default, entry).collect();
    let row = first_empty.into_inner();
    let empty = |column: &&Column| row < source.rows() && column.text(row).is_none_or(|text| text.is_empty());
    match columns.iter().find(empty) {
        Some(column) => Err(source.empty(column.name(), row)),
        None => Ok(entries),
    }
}

/// The first 128 bits of each row's hash: hash and check of a key. An empty cell has the text of length 0.
pub(in super::super) fn row_hashes(columns: &[Column]) -> Vec<u128> {
    let rows = columns.first().map_or(0, Column::len);
    let hash = |(text, bytes): &mut (String, Vec<u8>), row: usize| {
        bytes.clear();
        for column in columns {
            text.clear();
            column.write_text(row, text);
            bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        let mut first = [0; 16];
        first.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
        u128::from_le_bytes(first)
    };
    (0..rows).into_par_iter().map_init(Default::default, hash).collect()
}

fn collision(path: &str, one: &str, other: &str) -> Defect {
    unreadable(path, &format!("the keys {one} and {other} have the same 64-bit hash"))
}
