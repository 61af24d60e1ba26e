//! Tables read by column: csv, tsv, json lines, parquet and arrow. The only module that names polars.
//!
//! [`Table`] holds the selected columns of a table in memory, typed, with one [text](Column::text) for every value whatever
//! the format. [`shape()`] tells the shape of a table of any size without holding it; [`profile()`] its statistics and its
//! logical digest. What the columns mean is not known here.
//!
//! Bytes come from anywhere. `records` lets only csv through that has one reading; `guard` and `pages` bound what a parquet
//! file may claim, and a panic of its reader becomes an error; `arrow` holds nothing that a file only claims.

mod arrow;
mod batches;
mod categories;
mod column;
mod csv;
mod distribution;
mod encoding;
mod error;
mod figures;
mod fold;
mod foreign;
mod gather;
mod grammar;
mod guard;
pub mod gzip;
mod kind;
mod lines;
mod logical;
mod moments;
mod natural;
mod options;
mod pages;
mod parquet;
mod pieces;
mod plan;
mod profile;
mod records;
mod shape;
mod structs;
mod summary;
mod text;
mod window;

use std::io::Cursor;

pub use self::column::{Codes, Column};
pub(crate) use self::error::cut;
pub use self::error::{CellError, ProfileError, TableError};
pub use self::figures::{Category, ColumnProfile, Deciles, Profile, Scalar};
pub use self::options::ProfileOptions;
pub use self::profile::profile;
pub use self::shape::{ColumnShape, TableShape, shape};

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    /// Cells separated by commas.
    Csv,
    /// Cells separated by tabs, otherwise as csv.
    Tsv,
    /// An object of json on each line.
    JsonLines,
    /// Apache Parquet.
    Parquet,
    /// Apache Arrow, as a file or a stream.
    Arrow,
}

impl TableFormat {
    /// The format a file name says: `.csv`, `.tsv`, `.jsonl`, `.ndjson`, `.parquet`, `.pq`, `.arrow`, `.arrows`,
    /// `.feather`, `.ipc`, in any case.
    pub fn of(path: &str) -> Option<Self> {
        let (_, extension) = path.rsplit(['/', '\\']).next()?.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "tsv" => Some(Self::Tsv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "parquet" | "pq" => Some(Self::Parquet),
            "arrow" | "arrows" | "feather" | "ipc" => Some(Self::Arrow),
            _ => None,
        }
    }
}

/// Whether a file's name ends in what compressors put behind a name: there is no format for such, but see [`gzip`].
pub fn is_compressed(path: &str) -> bool {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| ["gz", "bz2", "xz", "zst", "lz4", "zip"].contains(&extension.as_str()))
}

/// Columns of one table, all of the same length, in the order they were asked for.
#[derive(Debug, Clone)]
pub struct Table {
    rows: usize,
    columns: Vec<Column>,
}

impl Table {
    /// Reads `columns` (a name given twice is read once) out of the bytes of a whole file.
    ///
    /// # Errors
    /// Bytes that are not such a table, a column that is not there or whose cells are not single values, and tables whose
    /// columns would not fit into memory.
    pub fn read(bytes: &[u8], format: TableFormat, columns: &[&str]) -> Result<Self, TableError> {
        let mut wanted: Vec<&str> = Vec::new();
        columns.iter().for_each(|name| {
            if !wanted.contains(name) {
                wanted.push(name);
            }
        });
        let (rows, columns) = match format {
            TableFormat::Csv => csv::read(bytes, csv::COMMA, &wanted)?,
            TableFormat::Tsv => csv::read(bytes, csv::TAB, &wanted)?,
            TableFormat::JsonLines => lines::read(bytes, &wanted)?,
            TableFormat::Parquet => parquet::read(bytes, &wanted)?,
            TableFormat::Arrow => arrow::read(&mut Cursor::new(bytes), bytes.len(), &wanted)?,
        };
        Ok(Self { rows, columns })
    }

    /// The names of all columns in the file's order.
    ///
    /// # Errors
    /// Bytes that do not begin (csv) or end (parquet) as such a table; of the others all are looked at.
    pub fn header(bytes: &[u8], format: TableFormat) -> Result<Vec<String>, TableError> {
        let csv = |separator| Ok(csv::header(bytes, separator, true)?.ok_or(TableError::Empty)?.names);
        match format {
            TableFormat::Csv => csv(csv::COMMA),
            TableFormat::Tsv => csv(csv::TAB),
            TableFormat::JsonLines => lines::header(bytes),
            TableFormat::Parquet => parquet::header(bytes),
            TableFormat::Arrow => arrow::header(&mut Cursor::new(bytes)),
        }
    }

    /// Number of rows, the header not counted.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// A column that was asked for.
    ///
    /// # Errors
    /// [`TableError::ColumnMissing`] for any other.
    pub fn column(&self, name: &str) -> Result<&Column, TableError> {
        self.columns
            .iter()
            .find(|column| column.name() == name)
            .ok_or_else(|| missing(name, self.columns.iter().map(Column::name)))
    }
}

/// The error for a column that is not among `names`.
fn missing<'a>(column: &str, names: impl Iterator<Item = &'a str>) -> TableError {
    TableError::ColumnMissing { column: cut(column, 80), columns: names.take(20).map(|name| cut(name, 80)).collect() }
}
