//! Parquet: the footer, and the selected columns.

use std::io::{Cursor, Read, Seek, SeekFrom};

use polars::io::mmap::MmapBytesReader;
use polars::prelude::{ArrowDataType, DataType, FileMetadataRef, ParallelStrategy, ParquetReader, SerReader as _};

use super::column::Column;
use super::error::{TableError, cut};
use super::kind::Kind;
use super::{guard, missing, pages, structs};
use crate::wire::thrift::Compact;

/// A footer is no longer. Those of thousands of columns in thousands of row groups have some tens of megabytes.
const FOOTER: u64 = 1 << 28;
/// Nor has any of its lists more elements.
const LONGEST_LIST: u64 = 1 << 20;

/// The last four bytes.
const MAGIC: &[u8; 4] = b"PAR1";

/// What a footer says.
pub(super) struct Footer {
    pub(super) metadata: FileMetadataRef,
    /// Top-level columns in the file's order.
    pub(super) fields: Vec<Field>,
    pub(super) rows: u64,
}

/// A top-level column.
pub(super) struct Field {
    pub(super) name: String,
    /// `integer`, `float`, `text`, `boolean`, `date`, `datetime`, `empty`, or polars' name.
    pub(super) kind: String,
    /// None for what statistics and the logical digest have no words for.
    pub(super) known: Option<Kind>,
    /// Lists, maps, structs: its cells are not single values.
    pub(super) nested: bool,
    pub(super) nullable: bool,
}

impl Footer {
    /// Looks at the pages of a column that is not nested in one row group; returns their bytes uncompressed.
    pub(super) fn check_pages(
        &self,
        reader: &mut (impl Read + Seek),
        place: usize,
        group: usize,
    ) -> Result<u64, TableError> {
        let group = &self.metadata.row_groups[group];
        let mut chunks = group.columns_under_root_iter(&self.fields[place].name).into_iter().flatten();
        let (Some(chunk), None) = (chunks.next(), chunks.next()) else {
            return Err(guard::malformed("a column has no data of its own"));
        };
        if chunk.num_values() != group.num_rows() as i64 {
            return Err(guard::malformed("a column has another number of rows than its row group"));
        }
        // Computing the range panics where it overflows.
        let range = guard::fenced(|| Ok(chunk.byte_range()))?;
        pages::check(reader, range.start, range.end, chunk.num_values())
    }
}

/// Reads the footer.
pub(super) fn footer(mut reader: impl MmapBytesReader) -> Result<Footer, TableError> {
    check_footer(&mut reader)?;
    let mut reader = ParquetReader::new(reader);
    let metadata = guard::fenced(|| Ok(reader.get_metadata()?.clone()))?;
    guard::names(metadata.schema().fields().iter().map(|field| field.get_field_info().name.as_str()))?;
    let fields = guard::fenced(|| Ok(reader.schema()?.iter_values().map(field).collect()))?;
    let rows = metadata.row_groups.iter().fold(0_u64, |rows, group| rows.saturating_add(group.num_rows() as u64));
    if rows != metadata.num_rows as u64 {
        return Err(guard::malformed("its row groups have another number of rows than it says"));
    }
    Ok(Footer { metadata, fields, rows })
}

/// polars allocates by the counts in a footer, and takes its fields for what their numbers say: an allocation that cannot be
/// had aborts the program, which no fence catches.
fn check_footer(reader: &mut impl MmapBytesReader) -> Result<(), TableError> {
    let size = reader.seek(SeekFrom::End(0))?;
    let tail = size.checked_sub(8).ok_or_else(|| guard::malformed("it is too short"))?;
    let mut end = [0; 8];
    reader.seek(SeekFrom::Start(tail))?;
    reader.read_exact(&mut end)?;
    let [a, b, c, d, magic @ ..] = end;
    if &magic != MAGIC {
        return Err(guard::malformed(
            "it does not end as a parquet does, with PAR1: it was cut short, or is something else",
        ));
    }
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    guard::within("bytes of footer", length, FOOTER)?;
    let start = tail.checked_sub(length).ok_or_else(|| guard::malformed("its footer begins before the file"))?;
    let mut footer = Vec::new();
    reader.seek(SeekFrom::Start(start))?;
    Read::by_ref(reader).take(length).read_to_end(&mut footer)?;
    reader.seek(SeekFrom::Start(0))?;
    match Compact(&footer).check(structs::FILE, LONGEST_LIST) {
        Some(()) => Ok(()),
        None => Err(guard::malformed("its footer cannot be read")),
    }
}

/// The names of all columns.
pub(super) fn header(bytes: &[u8]) -> Result<Vec<String>, TableError> {
    Ok(footer(Cursor::new(bytes))?.fields.into_iter().map(|field| field.name).collect())
}

/// The columns `wanted` of a whole file, and its rows.
pub(super) fn read(bytes: &[u8], wanted: &[&str]) -> Result<(usize, Vec<Column>), TableError> {
    let footer = footer(Cursor::new(bytes))?;
    let mut places = Vec::with_capacity(wanted.len());
    for name in wanted {
        let found = footer.fields.iter().enumerate().find(|(_, field)| field.name == **name);
        let (place, field) =
            found.ok_or_else(|| missing(name, footer.fields.iter().map(|field| field.name.as_str())))?;
        if field.nested {
            return Err(TableError::Unsupported { column: cut(name, 80), kind: field.kind.clone() });
        }
        places.push(place);
    }
    guard::cells(footer.rows, wanted.len(), bytes.len())?;
    let mut uncompressed = 0;
    for place in &places {
        for group in 0..footer.metadata.row_groups.len() {
            uncompressed += footer.check_pages(&mut Cursor::new(bytes), *place, group)?;
        }
    }
    guard::bytes(uncompressed, bytes.len())?;
    let rows = footer.rows as usize;
    if places.is_empty() {
        return Ok((rows, Vec::new()));
    }
    let columns = columns(Cursor::new(bytes), &footer, places, wanted, (0, rows), ParallelStrategy::Auto)?;
    Ok((rows, columns))
}

/// The columns at `places`, named `wanted`, in so many `rows` from a first one on. Their pages have been checked.
pub(super) fn columns(
    file: impl MmapBytesReader,
    footer: &Footer,
    places: Vec<usize>,
    wanted: &[&str],
    (first, rows): (usize, usize),
    threads: ParallelStrategy,
) -> Result<Vec<Column>, TableError> {
    let table = guard::fenced(|| {
        let mut reader = ParquetReader::new(file).read_parallel(threads).with_slice(Some((first, rows)));
        reader.set_metadata(footer.metadata.clone());
        reader.with_projection(Some(places)).finish()
    })?;
    let mut columns = Vec::with_capacity(wanted.len());
    for name in wanted {
        let column = guard::fenced(|| {
            let series = table.column(name)?.as_materialized_series();
            Ok(Column::from_series(name, series))
        })??;
        if column.len() != rows {
            return Err(guard::malformed("a column has another number of rows than the table"));
        }
        columns.push(column);
    }
    Ok(columns)
}

fn field(field: &polars::prelude::ArrowField) -> Field {
    let (kind, nested) = kind(field);
    let known = if nested { None } else { Kind::of(&DataType::from_arrow_field(field)) };
    Field { name: field.name.to_string(), kind, known, nested, nullable: field.is_nullable }
}

/// The word for a column's type, and whether it is nested. A map is a list of pairs; structs are not even compiled into polars.
fn kind(field: &polars::prelude::ArrowField) -> (String, bool) {
    match field.dtype() {
        ArrowDataType::Struct(_) => return ("struct".to_owned(), true),
        ArrowDataType::List(_)
        | ArrowDataType::LargeList(_)
        | ArrowDataType::FixedSizeList(..)
        | ArrowDataType::Map(..) => return ("list".to_owned(), true),
        _ => {}
    }
    let word = match DataType::from_arrow_field(field) {
        kind if kind.is_integer() => "integer",
        kind if kind.is_float() => "float",
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => "text",
        DataType::Boolean => "boolean",
        DataType::Date => "date",
        DataType::Datetime(..) => "datetime",
        DataType::Null => "empty",
        other => return (other.to_string().to_lowercase(), other.is_nested()),
    };
    (word.to_owned(), false)
}
