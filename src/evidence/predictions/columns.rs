//! Columns of one evidence table, and how what is wrong with them is said.

use super::super::Defect;
use crate::table::{CellError, Codes, Column, Table, TableError, TableFormat};

/// A table of evidence with at least one row.
pub(in super::super) struct SourceTable<'a> {
    /// For messages.
    pub(in super::super) path: &'a str,
    table: Table,
}

impl<'a> SourceTable<'a> {
    /// Reads the columns `names` of a file.
    pub(in super::super) fn read(bytes: &[u8], path: &'a str, names: &[&str]) -> Result<Self, Defect> {
        let Some(format) = TableFormat::of(path) else {
            return Err(unreadable(
                path,
                "its name ends neither in .csv, .tsv, .jsonl, .ndjson, .parquet, .pq, .arrow, .feather nor .ipc",
            ));
        };
        let table = Table::read(bytes, format, names).map_err(|error| defect(path, error))?;
        if table.rows() == 0 {
            return Err(Defect::NoRows { path: path.to_owned() });
        }
        Ok(Self { path, table })
    }

    pub(in super::super) fn rows(&self) -> usize {
        self.table.rows()
    }

    /// A column that was read.
    pub(in super::super) fn column(&self, name: &str) -> Result<&Column, Defect> {
        self.table.column(name).map_err(|error| defect(self.path, error))
    }

    /// The numbers of a column, each finite.
    pub(in super::super) fn finite(&self, name: &str) -> Result<Vec<f64>, Defect> {
        let path = self.path.to_owned();
        let numbers = self.column(name)?.numbers().map_err(|error| match error {
            CellError::NotNumber { row, column, value } => {
                Defect::Cell { path, row, column, value, expected: "a number" }
            }
            CellError::Empty { row, column } => Defect::Empty { path, row, column },
        })?;
        match numbers.iter().position(|number| !number.is_finite()) {
            Some(row) => Err(self.not_finite(name, row, numbers[row].to_string())),
            None => Ok(numbers),
        }
    }

    /// A column of names: text, or numbers that are finite. pandas writes an empty cell among numbers as NaN.
    pub(in super::super) fn named(&self, name: &str) -> Result<&Column, Defect> {
        let column = self.column(name)?;
        match column.first_not_finite() {
            Some(row) => Err(self.not_finite(name, row, column.text(row).unwrap_or_default().into_owned())),
            None => Ok(column),
        }
    }

    /// The classes of a column: names, never empty.
    pub(in super::super) fn classes(&self, name: &str) -> Result<Codes, Defect> {
        let codes = self.named(name)?.codes();
        // An empty text in parquet is the empty cell of a csv.
        let empty = codes.values.iter().position(String::is_empty);
        let missing = |&code: &u32| code == Codes::NULL || empty == Some(code as usize);
        match codes.rows.iter().position(missing) {
            Some(row) => Err(self.empty(name, row)),
            None => Ok(codes),
        }
    }

    /// The defect of an empty cell; `row` counts from 0.
    pub(in super::super) fn empty(&self, column: &str, row: usize) -> Defect {
        Defect::Empty { path: self.path.to_owned(), row: row as u64 + 1, column: column.to_owned() }
    }

    fn not_finite(&self, column: &str, row: usize, value: String) -> Defect {
        Defect::NotFinite { path: self.path.to_owned(), row: row as u64 + 1, column: column.to_owned(), value }
    }
}

/// The defect of a table that cannot be used as it is.
pub(in super::super) fn unreadable(path: &str, reason: &str) -> Defect {
    Defect::Unreadable { path: path.to_owned(), reason: reason.to_owned() }
}

fn defect(path: &str, error: TableError) -> Defect {
    match error {
        TableError::ColumnMissing { column, columns } => {
            Defect::ColumnMissing { path: path.to_owned(), column, columns }
        }
        other => unreadable(path, &other.to_string()),
    }
}
