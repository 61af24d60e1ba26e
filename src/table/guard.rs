//! Limits on what a table may ask for, and the fence around polars.

use std::panic::{AssertUnwindSafe, catch_unwind};

use polars::prelude::PolarsResult;

use super::error::{TableError, cut};
use super::grammar::repeated;

/// Columns of one table. Wide ones, such as gene expression, have tens of thousands.
pub(super) const COLUMNS: u64 = 100_000;
/// Cells that are read whatever the file's size: 4 GiB at 16 bytes each.
const CELLS: u64 = 1 << 28;

/// Cells that are read a batch at a time whatever the file's size, and for each of its bytes.
const STREAMED: u64 = 1 << 30;
const STREAMED_PER_BYTE: u64 = 64;

const FLOAT16: &str = "a column holds floats of 16 bits, which are not read: write them as 32-bit ones";

/// Runs polars. Its parquet reader trusts offsets and lengths in the file and panics where they lie: a panic is an
/// unreadable file. Nothing of ours is shared with what is abandoned half-way.
pub(super) fn fenced<T>(read: impl FnOnce() -> PolarsResult<T>) -> Result<T, TableError> {
    let reason = match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => error.to_string(),
        Err(payload) => match (payload.downcast_ref::<String>(), payload.downcast_ref::<&str>()) {
            (Some(text), _) => text.clone(),
            (_, Some(text)) => (*text).to_owned(),
            _ => "its reader gave up".to_owned(),
        },
    };
    // Its own words tell of features of a build, which nobody can switch on who reads them.
    Err(malformed(if reason.contains("Float16") { FLOAT16 } else { &reason }))
}

/// The error for bytes that are not what they should be.
pub(super) fn malformed(reason: &str) -> TableError {
    TableError::Malformed { reason: cut(reason.lines().next().unwrap_or_default(), 200) }
}

/// Column names must be distinct, and no more than can be held.
pub(super) fn names<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> Result<(), TableError> {
    within("columns", names.len() as u64, COLUMNS)?;
    match repeated(names) {
        Some(column) => Err(TableError::DuplicateColumn { column: cut(column, 80) }),
        None => Ok(()),
    }
}

/// A few bytes of parquet can claim any number of rows: what is read is bounded, by the file's size where that is large.
pub(super) fn cells(rows: u64, columns: usize, file_bytes: usize) -> Result<(), TableError> {
    within("rows", rows, u64::from(u32::MAX) - 1)?;
    within("cells", rows.saturating_mul(columns as u64), CELLS.max(2 * file_bytes as u64))
}

/// The same for what is read a batch at a time: memory is bounded anyway, time and scratch files are not.
pub(super) fn streamed(rows: u64, columns: usize, file_bytes: u64) -> Result<(), TableError> {
    let limit = STREAMED.max(file_bytes.saturating_mul(STREAMED_PER_BYTE));
    within("cells", rows.saturating_mul(columns.max(1) as u64), limit)
}

/// The same for what the pages of a parquet hold when decompressed.
pub(super) fn bytes(uncompressed: u64, file_bytes: usize) -> Result<(), TableError> {
    within("uncompressed bytes", uncompressed, (16 * CELLS).max(2 * file_bytes as u64))
}

/// `found` must not exceed `limit`.
pub(super) fn within(what: &'static str, found: u64, limit: u64) -> Result<(), TableError> {
    if found > limit { Err(TableError::TooLarge { what, found, limit }) } else { Ok(()) }
}
