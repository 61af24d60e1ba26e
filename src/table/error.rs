//! Why a table, or a cell of it, cannot be read. Knows neither polars nor what the table is for.

use std::io;
use std::path::PathBuf;

/// Why a table cannot be read. Rows count from 1 without the header; row 0 is the header.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file could not be opened or read.
    #[error("it cannot be read")]
    Io(#[from] io::Error),
    /// A csv without even a header.
    #[error("it is empty")]
    Empty,
    /// Text was expected, and the file begins as something else.
    #[error("it is {found}, not text in UTF-8")]
    NotText {
        /// What it is: `UTF-16`, `compressed with gzip`.
        found: &'static str,
    },
    /// A csv that is not UTF-8.
    #[error("row {row} is not UTF-8")]
    NotUtf8 {
        /// The row with the first such byte.
        row: u64,
    },
    /// A csv row with more or fewer cells than the header.
    #[error("row {row} has {found} cells, the header has {expected}")]
    Ragged {
        /// Which row.
        row: u64,
        /// Its cells.
        found: usize,
        /// The header's cells.
        expected: usize,
    },
    /// A quote inside an unquoted csv cell, or text after the closing quote of a quoted one.
    #[error("row {row} has a stray quote: a cell with quotes in it is quoted, and they are doubled")]
    Quote {
        /// Which row.
        row: u64,
    },
    /// A quoted csv cell that never ends.
    #[error("row {row} has a quote that is never closed")]
    Unclosed {
        /// The row it begins in.
        row: u64,
    },
    /// A carriage return that ends no line.
    #[error("row {row} has a carriage return that is neither quoted nor before a line feed")]
    Return {
        /// Which row.
        row: u64,
    },
    /// Two columns of the same name.
    #[error("there are two columns `{column}`")]
    DuplicateColumn {
        /// The name, cut to 80 characters.
        column: String,
    },
    /// No such column.
    #[error("there is no column `{column}`; there are {}", columns.join(", "))]
    ColumnMissing {
        /// The column asked for.
        column: String,
        /// Those there are, at most twenty.
        columns: Vec<String>,
    },
    /// A selected column whose cells are not single values.
    #[error("column `{column}` is {kind}, not single values")]
    Unsupported {
        /// Which column.
        column: String,
        /// What it holds, such as `list`.
        kind: String,
    },
    /// More than is read into memory, or than a sane file has.
    #[error("{found} {what} are more than the {limit} that are read")]
    TooLarge {
        /// `columns`, `cells`, `rows`, `bytes in one row`.
        what: &'static str,
        /// How many.
        found: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// The bytes are not of the format.
    #[error("{reason}")]
    Malformed {
        /// What the reader says, cut to 200 characters.
        reason: String,
    },
}

/// Why a cell is not a number. Rows count from 1 without the header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CellError {
    /// It is empty.
    #[error("row {row}: `{column}` is empty")]
    Empty {
        /// Which row.
        row: u64,
        /// Which column.
        column: String,
    },
    /// It is something else.
    #[error("row {row}: `{column}` is `{value}`, not a number")]
    NotNumber {
        /// Which row.
        row: u64,
        /// Which column.
        column: String,
        /// What it is, cut to 40 characters.
        value: String,
    },
}

/// Why the files of a table have no profile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// One of them cannot be read.
    #[error("cannot profile `{}`", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: TableError,
    },
    /// One of them lacks a column the first file has, or has one more.
    #[error("`{}`: column `{column}` is not in all files", path.display())]
    ColumnMissing {
        /// Which file.
        path: PathBuf,
        /// The column, cut to 80 characters.
        column: String,
    },
    /// A column holds something else than in the files before.
    #[error("`{}`: column `{column}` is {found}, in the files before it is {expected}", path.display())]
    KindMismatch {
        /// Which file.
        path: PathBuf,
        /// The column, cut to 80 characters.
        column: String,
        /// What it is in the files before.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A scratch file could not be written or read.
    #[error("sorting on disk failed")]
    Scratch(#[source] io::Error),
}

/// The first `characters` of a text, for messages.
pub(crate) fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}
