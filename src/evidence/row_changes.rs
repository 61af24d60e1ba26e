//! The rows of two tables of training data: which are in one only, by a key or as they are.

use std::collections::HashMap;

use super::Defect;
use super::predictions::{SourceTable, row_hashes};
use crate::table::Column;

/// The rows of a table in one or several files, by their hashes: 128 bits of each row, and as many of its key.
#[derive(Debug)]
pub struct TableRows {
    key: Vec<String>,
    columns: Vec<String>,
    /// Key and row; without a key the row is its own.
    hashes: Vec<(u128, u128)>,
}

/// How many rows of two tables differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowChanges {
    /// Rows that only `b` has.
    pub added: u64,
    /// Rows that only `a` has.
    pub removed: u64,
    /// Rows of one key that hold something else; none where rows have no key.
    pub changed: Option<u64>,
}

impl TableRows {
    /// No rows yet, of which these columns are looked at. `key` are some of them, or none.
    pub fn new(key: &[String], columns: &[String]) -> Self {
        Self { key: key.to_vec(), columns: columns.to_vec(), hashes: Vec::new() }
    }

    /// Adds a file. One without rows adds none.
    ///
    /// # Errors
    /// A file that cannot be read as a table, or lacks a column.
    pub fn add(&mut self, bytes: &[u8], path: &str) -> Result<(), Defect> {
        let named = self.key.iter().chain(&self.columns);
        let names: Vec<&str> = named.map(String::as_str).collect();
        let table = match SourceTable::read(bytes, path, &names) {
            Err(Defect::NoRows { .. }) => return Ok(()),
            read => read?,
        };
        let hashes = |names: &[String]| -> Result<Vec<u128>, Defect> {
            let columns: Vec<Column> =
                names.iter().map(|name| table.column(name).cloned()).collect::<Result<_, _>>()?;
            Ok(row_hashes(&columns))
        };
        let rows = hashes(&self.columns)?;
        if self.key.is_empty() {
            self.hashes.extend(rows.into_iter().map(|row| (row, row)));
        } else {
            self.hashes.extend(hashes(&self.key)?.into_iter().zip(rows));
        }
        Ok(())
    }

    /// Whether two rows have the same key.
    pub fn repeats(&self) -> bool {
        let mut keys: Vec<u128> = self.hashes.iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        keys.windows(2).any(|pair| pair[0] == pair[1])
    }

    /// The same rows without their key.
    #[must_use]
    pub fn without_key(mut self) -> Self {
        self.key.clear();
        self.hashes.iter_mut().for_each(|(key, row)| *key = *row);
        self
    }
}

/// Compares the rows of `a` and `b`, which were read by the same columns. A row that is there several times counts as often.
pub fn row_changes(a: &TableRows, b: &TableRows) -> RowChanges {
    if !a.key.is_empty() {
        let before: HashMap<u128, u128> = a.hashes.iter().copied().collect();
        let (mut both, mut changed) = (0, 0);
        for (key, row) in &b.hashes {
            if let Some(before) = before.get(key) {
                both += 1;
                changed += u64::from(before != row);
            }
        }
        let alone = |rows: &TableRows| (rows.hashes.len() as u64).saturating_sub(both);
        return RowChanges { added: alone(b), removed: alone(a), changed: Some(changed) };
    }
    let sorted = |rows: &TableRows| {
        let mut hashes: Vec<u128> = rows.hashes.iter().map(|(_, row)| *row).collect();
        hashes.sort_unstable();
        hashes
    };
    let (ours, theirs) = (sorted(a), sorted(b));
    let (mut here, mut there, mut both) = (0, 0, 0_u64);
    while let (Some(x), Some(y)) = (ours.get(here), theirs.get(there)) {
        both += u64::from(x == y);
        let (first, second) = (x <= y, y <= x);
        here += usize::from(first);
        there += usize::from(second);
    }
    RowChanges { added: theirs.len() as u64 - both, removed: ours.len() as u64 - both, changed: None }
}
