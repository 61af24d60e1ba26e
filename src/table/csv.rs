//! Csv and tsv: which bytes hold which records, polars for their cells as text, the grammar for their types.

use std::io::Cursor;
use std::sync::Arc;

use polars::prelude::{CsvParseOptions, CsvReadOptions, DataType, PlSmallStr, Schema, SerReader as _, StringChunked};

use super::column::Column;
use super::error::TableError;
use super::foreign;
use super::guard;
use super::missing;
use super::records::{Piece, Records};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Columns of csv that are taken apart at a time: polars sets aside 8 KiB for each column in each of its own pieces.
pub(super) const GROUP: usize = 512;

/// What stands between two cells.
pub(super) const COMMA: u8 = b',';
pub(super) const TAB: u8 = b'\t';

/// The header of a csv, and the state to go on with.
pub(super) struct Header {
    pub(super) names: Vec<String>,
    pub(super) records: Records,
    /// Where the rows begin.
    pub(super) body: usize,
}

/// Reads the first line of a file; none if it is not complete and `whole` says that `bytes` are not the whole file.
pub(super) fn header(bytes: &[u8], separator: u8, whole: bool) -> Result<Option<Header>, TableError> {
    foreign::refuse(bytes)?;
    let skip = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let mut records = Records::new(separator);
    let Some((start, piece)) = records.header(&bytes[skip..], whole)? else { return Ok(None) };
    let width = records.width();
    guard::within("columns", width as u64, guard::COLUMNS)?;
    let line = &bytes[skip + start..skip + piece.end];
    let all: Vec<usize> = (0..width).collect();
    if std::str::from_utf8(line).is_err() {
        return Err(TableError::NotUtf8 { row: 0 });
    }
    let cells = texts(line, separator, width, &all)?;
    let names: Vec<String> = cells.iter().map(|cell| cell.iter().flatten().next().unwrap_or("").to_owned()).collect();
    guard::names(names.iter().map(String::as_str))?;
    Ok(Some(Header { names, records, body: skip + piece.end }))
}

/// The columns `wanted` of a whole file, and its rows.
pub(super) fn read(bytes: &[u8], separator: u8, wanted: &[&str]) -> Result<(usize, Vec<Column>), TableError> {
    let Header { names, mut records, body } = header(bytes, separator, true)?.ok_or(TableError::Empty)?;
    let mut places = Vec::with_capacity(wanted.len());
    for name in wanted {
        let place = names.iter().position(|known| known == name);
        places.push(place.ok_or_else(|| missing(name, names.iter().map(String::as_str)))?);
    }
    let body = &bytes[body..];
    let piece = checked(&mut records, body, true, usize::MAX)?;
    guard::cells(piece.rows as u64, wanted.len(), bytes.len())?;
    // polars hands columns out in the file's order.
    let mut sorted = places.clone();
    sorted.sort_unstable();
    let cells = texts(&body[..piece.end], separator, names.len(), &sorted)?;
    let column = |(name, place): (&&str, &usize)| {
        let cells = sorted.iter().position(|other| other == place).and_then(|at| cells.get(at));
        cells.map(|cells| Column::from_texts(name, cells)).ok_or_else(|| guard::malformed("a column was not read"))
    };
    let columns = wanted.iter().zip(&places).map(column).collect::<Result<Vec<_>, _>>()?;
    match columns.iter().all(|column| column.len() == piece.rows) {
        true => Ok((piece.rows, columns)),
        false => Err(guard::malformed("its rows were not read as they were counted")),
    }
}

/// The next complete records of `bytes`, which are UTF-8.
pub(super) fn checked(records: &mut Records, bytes: &[u8], whole: bool, cells: usize) -> Result<Piece, TableError> {
    let mut again = records.clone();
    let piece = records.piece(bytes, whole, cells)?;
    if let Err(error) = std::str::from_utf8(&bytes[..piece.end]) {
        again.piece(&bytes[..error.valid_up_to()], false, usize::MAX)?;
        return Err(TableError::NotUtf8 { row: again.next_row() });
    }
    Ok(piece)
}

/// The cells of complete records as text, for each of the `places`, which ascend. A missing cell is null; `""` is not.
pub(super) fn texts(
    records: &[u8],
    separator: u8,
    width: usize,
    places: &[usize],
) -> Result<Vec<StringChunked>, TableError> {
    if records.is_empty() || places.is_empty() {
        return Ok(vec![StringChunked::default(); places.len()]);
    }
    let schema: Schema =
        (0..width).map(|place| (PlSmallStr::from_string(place.to_string()), DataType::String)).collect();
    let parse = CsvParseOptions::default().with_separator(separator);
    let options = CsvReadOptions::default()
        .with_has_header(false)
        .with_infer_schema_length(Some(0))
        .with_schema(Some(Arc::new(schema)))
        .with_projection((places.len() < width).then(|| Arc::new(places.to_vec())))
        .with_parse_options(parse);
    let table = guard::fenced(|| options.into_reader_with_file_handle(Cursor::new(records)).finish())?;
    let cells = |place: &usize| guard::fenced(|| Ok(table.column(&place.to_string())?.str()?.clone()));
    places.iter().map(cells).collect()
}
