//! Columns of training data, as far as a profile is not enough; and which rows of it an evaluation set has, too.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Defect;
use super::predictions::{SourceTable, row_hashes};
use super::spelling::Spelling;
use crate::measure::Undefined;
use crate::measure::drift::Sample;
use crate::table::{Codes, Column, cut};

/// What is wanted of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// Its numbers.
    Numbers,
    /// How often each of these texts occurs.
    Texts(BTreeSet<String>),
}

/// What the rows of a column hold.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnRows {
    /// Numbers.
    Numbers {
        /// Those that are finite.
        sample: Sample,
        /// Cells that are empty, NaN or infinite.
        missing: u64,
    },
    /// Texts.
    Texts {
        /// How often each that was asked for occurs.
        counts: BTreeMap<String, u64>,
        /// Cells with any other.
        other: u64,
        /// Empty cells.
        missing: u64,
    },
}

/// Columns of a table in one or several files, read one file after the other.
#[derive(Debug)]
pub struct TrainingColumns {
    wanted: BTreeMap<String, Wanted>,
    numbers: BTreeMap<String, Vec<f64>>,
    texts: BTreeMap<String, (BTreeMap<String, u64>, u64)>,
    missing: BTreeMap<String, u64>,
}

impl TrainingColumns {
    /// Nothing yet of these columns.
    pub fn new(wanted: BTreeMap<String, Wanted>) -> Self {
        Self { wanted, numbers: BTreeMap::new(), texts: BTreeMap::new(), missing: BTreeMap::new() }
    }

    /// Adds a file.
    ///
    /// # Errors
    /// A file that cannot be read as a table, has no rows, lacks a column, or has a text where a number was.
    pub fn add(&mut self, bytes: &[u8], path: &str) -> Result<(), Defect> {
        let names: Vec<&str> = self.wanted.keys().map(String::as_str).collect();
        let table = SourceTable::read(bytes, path, &names)?;
        for (name, wanted) in &self.wanted {
            let column = table.column(name)?;
            let missing = self.missing.entry(name.clone()).or_default();
            match wanted {
                Wanted::Numbers => {
                    let numbers = column.finite_numbers().map_err(|row| Defect::Cell {
                        path: path.to_owned(),
                        row: row as u64 + 1,
                        column: name.clone(),
                        value: cut(&column.text(row).unwrap_or_default(), 40),
                        expected: "a number",
                    })?;
                    *missing += (column.len() - numbers.len()) as u64;
                    self.numbers.entry(name.clone()).or_default().extend(numbers);
                }
                Wanted::Texts(known) => {
                    let (counts, other) = self.texts.entry(name.clone()).or_default();
                    let codes = column.codes();
                    let mut found = vec![0_u64; codes.values.len()];
                    for code in codes.rows {
                        match found.get_mut(code as usize) {
                            Some(count) if code != Codes::NULL => *count += 1,
                            _ => *missing += 1,
                        }
                    }
                    for (value, count) in codes.values.into_iter().zip(found) {
                        if known.contains(&value) {
                            *counts.entry(value).or_default() += count
                        } else {
                            *other += count
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// What was found.
    ///
    /// # Errors
    /// None in practice: every number was looked at.
    pub fn finish(mut self) -> Result<BTreeMap<String, ColumnRows>, Undefined> {
        let mut found = BTreeMap::new();
        for (name, wanted) in self.wanted {
            let missing = self.missing.remove(&name).unwrap_or_default();
            let rows = match wanted {
                Wanted::Numbers => ColumnRows::Numbers {
                    sample: Sample::new(self.numbers.remove(&name).unwrap_or_default())?,
                    missing,
                },
                Wanted::Texts(_) => {
                    let (counts, other) = self.texts.remove(&name).unwrap_or_default();
                    ColumnRows::Texts { counts, other, missing }
                }
            };
            found.insert(name, rows);
        }
        Ok(found)
    }
}

/// The type of each of these columns, in the words of a schema.
///
/// # Errors
/// A file that cannot be read as a table, has no rows, or lacks a column.
pub fn column_kinds(bytes: &[u8], path: &str, names: &[&str]) -> Result<BTreeMap<String, &'static str>, Defect> {
    let table = SourceTable::read(bytes, path, names)?;
    names.iter().map(|name| Ok(((*name).to_owned(), table.column(name)?.kind()))).collect()
}

/// The distinct texts of a column.
///
/// # Errors
/// A file that cannot be read as a table, has no rows, or lacks the column.
pub fn distinct_texts(bytes: &[u8], path: &str, column: &str) -> Result<Vec<String>, Defect> {
    Ok(SourceTable::read(bytes, path, &[column])?.column(column)?.codes().values)
}

/// Rows of an evaluation set, told apart by some columns.
#[derive(Debug)]
pub struct EvaluationRows {
    /// The first 128 bits of each row's hash → the first row that has it, and whether it was trained on.
    rows: HashMap<u128, (usize, bool)>,
    /// The hash of each row.
    hashes: Vec<u128>,
    columns: Vec<Column>,
    spelling: Spelling,
}

impl EvaluationRows {
    /// Reads them; their hash is that of a row key: see the keys of predictions.
    ///
    /// # Errors
    /// A file that cannot be read as a table, has no rows, or lacks a column.
    pub fn read(bytes: &[u8], path: &str, columns: &[String]) -> Result<Self, Defect> {
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        let table = SourceTable::read(bytes, path, &names)?;
        let columns: Vec<Column> = names.iter().map(|name| table.column(name).cloned()).collect::<Result<_, _>>()?;
        let hashes = row_hashes(&columns);
        let mut rows = HashMap::with_capacity(hashes.len());
        for (row, hash) in hashes.iter().enumerate() {
            rows.entry(*hash).or_insert((row, false));
        }
        Ok(Self { rows, hashes, columns, spelling: Spelling::default() })
    }

    /// Notes which of them are in a file of training data.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn look_in(&mut self, bytes: &[u8], path: &str) -> Result<(), Defect> {
        let names: Vec<&str> = self.columns.iter().map(Column::name).collect();
        let table = SourceTable::read(bytes, path, &names)?;
        let columns: Vec<Column> = names.iter().map(|name| table.column(name).cloned()).collect::<Result<_, _>>()?;
        for hash in row_hashes(&columns) {
            if let Some((_, seen)) = self.rows.get_mut(&hash) {
                *seen = true;
            }
        }
        self.spelling.look_in(&self.columns, &columns);
        Ok(())
    }

    /// Why there may be more rows that were trained on than those [seen](Self::seen): they are spelled in another way.
    pub fn doubt(&self) -> Option<String> {
        let is_seen =
            |row: usize| self.hashes.get(row).and_then(|hash| self.rows.get(hash)).is_some_and(|(_, seen)| *seen);
        let mut alike = self.spelling.alike().filter(|row| !is_seen(*row));
        if let Some(first) = alike.next() {
            let more = alike.count();
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            return Some(format!("but for how they are spelled, {}{more} would be the same", self.text(first)));
        }
        self.spelling.never_meets(&self.columns).filter(|_| self.seen().next().is_none())
    }

    /// A column of the key that holds texts in one table and numbers in the other.
    pub fn mixed(&self) -> Option<&str> {
        self.spelling.mixed(&self.columns).filter(|_| self.seen().next().is_none())
    }

    /// How many rows there are.
    pub const fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Never: a table without rows is a defect.
    pub const fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// The rows that were trained on, in the order of the file.
    pub fn seen(&self) -> impl Iterator<Item = usize> + '_ {
        let is_seen = |hash: &u128| self.rows.get(hash).is_some_and(|(_, seen)| *seen);
        self.hashes.iter().enumerate().filter(move |(_, hash)| is_seen(hash)).map(|(row, _)| row)
    }

    /// The rows that repeat an earlier one.
    pub fn repeated(&self) -> impl Iterator<Item = usize> + '_ {
        let first = |hash: &u128| self.rows.get(hash).map(|(row, _)| *row);
        self.hashes.iter().enumerate().filter(move |(row, hash)| first(hash) != Some(*row)).map(|(row, _)| row)
    }

    /// A row for people: `row_id=17, day=3`, at most four values of 40 characters.
    pub fn text(&self, row: usize) -> String {
        let cell = |column: &Column| format!("{}={}", column.name(), cut(&column.text(row).unwrap_or_default(), 40));
        self.columns.iter().take(4).map(cell).collect::<Vec<_>>().join(", ")
    }
}

/// Counts the rows of several files that repeat a key of an earlier one.
#[derive(Debug, Default)]
pub struct RepeatedKeys {
    seen: HashMap<u128, u64>,
    rows: u64,
}

impl RepeatedKeys {
    /// Adds a file.
    ///
    /// # Errors
    /// As [`EvaluationRows::read`].
    pub fn add(&mut self, bytes: &[u8], path: &str, columns: &[String]) -> Result<(), Defect> {
        let rows = EvaluationRows::read(bytes, path, columns)?;
        self.rows += rows.hashes.len() as u64;
        for hash in rows.hashes {
            *self.seen.entry(hash).or_default() += 1;
        }
        Ok(())
    }

    /// Rows beyond the first of each key, and rows in all.
    pub fn count(&self) -> (u64, u64) {
        (self.rows - self.seen.len() as u64, self.rows)
    }
}
