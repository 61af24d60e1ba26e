//! The shape of a table of any size, in bounded memory: a fold over pieces of columns.
//!
//! What it costs little to know; statistics and the logical digest are a [profile](super::profile()).

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::Path;

use polars::prelude::{ParquetReader, SerReader as _, StringChunked};
use rayon::prelude::*;

use super::arrow::{Arrow, Field};
use super::csv;
use super::error::TableError;
use super::grammar::{Grammar, TextKind};
use super::lines::{self, ScannedColumn};
use super::parquet::{self, Footer};
use super::pieces::Pieces;
use super::{TableFormat, guard};

/// Bytes of a csv in memory at a time.
const PIECE: usize = 32 << 20;
/// Cells in memory at a time, 16 bytes each however short they are.
const CELLS: usize = 4 << 20;
/// Bytes of a parquet column that are decoded at a time.
const DECODED: u64 = 64 << 20;

/// How large a table is and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableShape {
    /// Number of rows, the header not counted.
    pub rows: u64,
    /// Columns in the file's order.
    pub columns: Vec<ColumnShape>,
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnShape {
    /// Its name.
    pub name: String,
    /// `integer`, `float`, `text`, `boolean`, `date`, `datetime`, `empty`, or the table library's own word.
    pub kind: String,
    /// Missing cells. Those of lists, maps and structs are not counted: 0.
    pub nulls: u64,
}

/// Reads the shape of a file: all of a csv and of json lines, of a parquet only the footer and columns without null counts in
/// it, of arrow what each batch says of itself.
///
/// # Errors
/// What is not a regular file, cannot be read, or is not such a table.
pub fn shape(path: &Path, format: TableFormat) -> Result<TableShape, TableError> {
    // Before opening: a pipe would block.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file").into());
    }
    let file = File::open(path)?;
    match format {
        TableFormat::Csv => csv_shape(file, csv::COMMA),
        TableFormat::Tsv => csv_shape(file, csv::TAB),
        TableFormat::JsonLines => lines_shape(file),
        TableFormat::Parquet => parquet_shape(&file),
        TableFormat::Arrow => arrow_shape(file),
    }
}

/// What is known of a csv column so far.
#[derive(Debug, Default)]
struct ColumnFold {
    grammar: Grammar,
    /// Cells that are not there.
    missing: u64,
    /// Quoted cells without text: missing, unless the column is text.
    empty: u64,
}

impl ColumnFold {
    fn add(&mut self, cells: &StringChunked) {
        for cell in cells.iter() {
            match cell {
                None => self.missing += 1,
                Some("") => self.empty += 1,
                Some(cell) => self.grammar.add(cell),
            }
        }
    }

    fn shape(self, name: String) -> ColumnShape {
        let kind = self.grammar.kind();
        // A quoted empty cell is text in a column of text, and a missing value in any other.
        let nulls = if kind == TextKind::Text { self.missing } else { self.missing + self.empty };
        ColumnShape { name, kind: kind.word().to_owned(), nulls }
    }
}

fn csv_shape(file: File, separator: u8) -> Result<TableShape, TableError> {
    let mut pieces = Pieces::open(file, separator, PIECE, CELLS)?;
    let names = pieces.names().to_vec();
    let all: Vec<usize> = (0..names.len()).collect();
    let mut folds: Vec<ColumnFold> = names.iter().map(|_| ColumnFold::default()).collect();
    let mut rows = 0;
    while let Some((records, count)) = pieces.next()? {
        for (group, folds) in all.chunks(csv::GROUP).zip(folds.chunks_mut(csv::GROUP)) {
            let cells = csv::texts(records, separator, names.len(), group)?;
            if cells.iter().any(|cells| cells.len() != count) {
                return Err(guard::malformed("its rows were not read as they were counted"));
            }
            folds.par_iter_mut().zip(&cells).for_each(|(fold, cells)| fold.add(cells));
        }
        rows += count as u64;
    }
    let columns = folds.into_iter().zip(names).map(|(fold, name)| fold.shape(name)).collect();
    Ok(TableShape { rows, columns })
}

fn lines_shape(file: File) -> Result<TableShape, TableError> {
    let scanned = lines::scan(file)?;
    let column = |column: ScannedColumn| {
        let (kind, nulls) = (column.grammar.kind().word().to_owned(), column.nulls(scanned.rows));
        ColumnShape { name: column.name, kind, nulls }
    };
    Ok(TableShape { rows: scanned.rows, columns: scanned.columns.into_iter().map(column).collect() })
}

fn arrow_shape(file: File) -> Result<TableShape, TableError> {
    let arrow = Arrow::open(&mut BufReader::new(file))?;
    let column = |(place, field): (usize, Field)| {
        let nulls = arrow.batches.iter().map(|batch| batch.nulls[place]).sum();
        ColumnShape { name: field.name, kind: field.kind, nulls }
    };
    Ok(TableShape { rows: arrow.rows, columns: arrow.fields.into_iter().enumerate().map(column).collect() })
}

fn parquet_shape(file: &File) -> Result<TableShape, TableError> {
    let footer = parquet::footer(file.try_clone()?)?;
    let mut columns = Vec::with_capacity(footer.fields.len());
    for (place, field) in footer.fields.iter().enumerate() {
        let nulls = match recorded_nulls(&footer, place) {
            Some(nulls) => nulls,
            None => counted_nulls(file, &footer, place)?,
        };
        columns.push(ColumnShape { name: field.name.clone(), kind: field.kind.clone(), nulls });
    }
    Ok(TableShape { rows: footer.rows, columns })
}

/// The nulls of a column as far as the footer knows.
fn recorded_nulls(footer: &Footer, place: usize) -> Option<u64> {
    let field = &footer.fields[place];
    if field.nested || !field.nullable {
        return Some(0);
    }
    if field.kind == "empty" {
        return Some(footer.rows);
    }
    let mut nulls = 0_u64;
    for group in &footer.metadata.row_groups {
        let column = group.columns_under_root_iter(&field.name)?.next()?;
        let count = column.statistics(&footer.metadata.footer_buf)?.ok()?.null_count()?;
        // More than there are rows is not to be believed.
        nulls += u64::try_from(count).ok().filter(|&count| count <= group.num_rows() as u64)?;
    }
    Some(nulls)
}

/// Reads a column to count its nulls, a part of a row group at a time.
fn counted_nulls(file: &File, footer: &Footer, place: usize) -> Result<u64, TableError> {
    let mut nulls = 0;
    let mut first = 0;
    for (number, group) in footer.metadata.row_groups.iter().enumerate() {
        let bytes = footer.check_pages(&mut file.try_clone()?, place, number)?;
        let rows = group.num_rows();
        // Short values take 16 bytes in memory, whatever they take in the file.
        let parts = (bytes.max(rows as u64 * 16) / DECODED + 1) as usize;
        let step = rows.div_ceil(parts).max(1);
        for start in (0..rows).step_by(step) {
            let (part, from) = (step.min(rows - start), first + start);
            let clone = file.try_clone()?;
            nulls += guard::fenced(|| {
                let mut reader = ParquetReader::new(clone);
                reader.set_metadata(footer.metadata.clone());
                let part = reader.with_projection(Some(vec![place])).with_slice(Some((from, part))).finish()?;
                Ok(part.columns().iter().map(|column| column.null_count() as u64).sum::<u64>())
            })?;
        }
        first += rows;
    }
    Ok(nulls)
}
