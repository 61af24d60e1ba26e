//! Columns of one evidence table, and how what is wrong with them is said.

use std::borrow::Cow;

use super::super::Defect;
use crate::table::{CellError, Codes, Column, Table, TableError, TableFormat, gzip, is_compressed};

/// A table of evidence with at least one row.
pub(in super::super) struct SourceTable<'a> {
    /// For messages.
    pub(in super::super) path: &'a str,
    table: Table,
}

impl<'a> SourceTable<'a> {
    /// The names of all columns of a file.
    pub(in super::super) fn header(bytes: &[u8], path: &str) -> Result<Vec<String>, Defect> {
        let header = match gzip::packed(path) {
            Some(format) => gzip::unpack(bytes).and_then(|bytes| Table::header(&bytes, format)),
            None => Table::header(bytes, format(path)?),
        };
        header.map_err(|error| defect(path, error))
    }

    /// Reads the columns `names` of a file.
    pub(in super::super) fn read(bytes: &[u8], path: &'a str, names: &[&str]) -> Result<Self, Defect> {
        let table = match gzip::packed(path) {
            Some(format) => gzip::unpack(bytes).and_then(|bytes| Table::read(&bytes, format, names)),
            None => Table::read(bytes, format(path)?, names),
        };
        let table = table.map_err(|error| defect(path, error))?;
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
    pub(in super::super) fn finite(&self, name: &str) -> Result<Cow<'_, [f64]>, Defect> {
        let path = self.path.to_owned();
        let column = self.column(name)?;
        let numbers = match column.as_doubles() {
            Some(numbers) => Ok(Cow::Borrowed(numbers)),
            None => column.numbers().map(Cow::Owned),
        };
        let numbers = numbers.map_err(|error| match error {
            CellError::NotNumber { row, column, value } => {
                let expected = number_expected(&value);
                Defect::Cell { path, row, column, value, expected }
            }
            CellError::Empty { row, column } => Defect::Empty { path, row, column },
        })?;
        match numbers.iter().position(|number| !number.is_finite()) {
            Some(row) => Err(self.not_finite(name, row, numbers[row].to_string())),
            None => Ok(numbers),
        }
    }

    /// The numbers of a column, each finite and not negative; `expected` says what they are.
    pub(in super::super) fn not_negative(&self, name: &str, expected: &'static str) -> Result<Cow<'_, [f64]>, Defect> {
        let numbers = self.finite(name)?;
        match numbers.iter().position(|number| *number < 0.0) {
            None => Ok(numbers),
            Some(row) => Err(Defect::Cell {
                path: self.path.to_owned(),
                row: row as u64 + 1,
                column: name.to_owned(),
                value: numbers[row].to_string(),
                expected,
            }),
        }
    }

    /// The texts of a column. An empty text is one; an empty cell is not.
    pub(in super::super) fn texts(&self, name: &str) -> Result<Vec<String>, Defect> {
        let texts = self.named(name)?.texts();
        match texts.iter().position(Option::is_none) {
            Some(row) => Err(self.empty(name, row)),
            None => Ok(texts.into_iter().flatten().collect()),
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

fn format(path: &str) -> Result<TableFormat, Defect> {
    const ENDINGS: &str =
        "its name ends neither in .csv, .tsv, .jsonl, .ndjson, .parquet, .pq, .arrow, .feather nor .ipc";
    let compressed = || if is_compressed(path) { "it is compressed; unpack it" } else { ENDINGS };
    TableFormat::of(path).ok_or_else(|| unreadable(path, compressed()))
}

/// What a cell should be that is no number, so that its author sees what is the matter with it.
fn number_expected(value: &str) -> &'static str {
    let with_point = value.replacen(',', ".", 1);
    if value.parse::<f64>().is_ok() {
        "a number: it is stored as text"
    } else if with_point != value && with_point.parse::<f64>().is_ok() {
        "a number with a decimal point"
    } else {
        "a number"
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
