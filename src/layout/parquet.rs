//! parquet: `PAR1`, the column chunks of all row groups, indexes, the footer, its length (4, little-endian), `PAR1`.
//!
//! The footer is a FileMetaData in Thrift's compact protocol. Of it are read the row groups (4), their column chunks (1), what
//! each says of itself (3): names (3), length (7), places of the data (9) and of the dictionary (11).
//! An encrypted footer has another magic. Source: apache/parquet-format's `parquet.thrift`.

use std::io;

use super::{ColumnChunk, Input, MAX_NAME, MAX_TENSORS, read_at};
use crate::wire::thrift::{BINARY, Compact, I64, LIST, STRUCT};

const MAGIC: &[u8; 4] = b"PAR1";
/// A footer has megabytes where there are thousands of columns.
const MAX_FOOTER: u64 = 100_000_000;
pub(super) fn columns(input: &mut dyn Input, size: u64) -> io::Result<Option<Vec<ColumnChunk>>> {
    let Some(tail) = size.checked_sub(8) else { return Ok(None) };
    let Some(end) = read_at(input, tail, 8, 8)? else { return Ok(None) };
    let [a, b, c, d, magic @ ..] = &end[..] else { return Ok(None) };
    let length = u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
    let Some(start) = tail.checked_sub(length).filter(|start| *start >= 4 && magic == MAGIC) else { return Ok(None) };
    let Some(footer) = read_at(input, start, length, MAX_FOOTER)? else { return Ok(None) };
    let mut columns = Vec::new();
    let read = file(&mut Compact(&footer), &mut columns);
    let within = columns.iter().all(|c| c.start >= 4 && c.length <= start && c.start <= start - c.length);
    Ok((read.is_some() && within).then_some(columns))
}

fn file(at: &mut Compact<'_>, columns: &mut Vec<ColumnChunk>) -> Option<()> {
    at.fields(|at, number, kind| match (number, kind) {
        (4, LIST) => {
            let mut group = 0;
            at.structs(|at| {
                row_group(at, group, columns)?;
                group += 1;
                Some(())
            })
        }
        _ => at.skip(kind),
    })
}

fn row_group(at: &mut Compact<'_>, group: u64, columns: &mut Vec<ColumnChunk>) -> Option<()> {
    at.fields(|at, number, kind| match (number, kind) {
        (1, LIST) => at.structs(|at| column(at, group, columns)),
        _ => at.skip(kind),
    })
}

fn column(at: &mut Compact<'_>, group: u64, columns: &mut Vec<ColumnChunk>) -> Option<()> {
    let (mut elsewhere, mut found) = (false, None);
    at.fields(|at, number, kind| match (number, kind) {
        // The name of another file.
        (1, BINARY) => {
            elsewhere = true;
            at.skip(kind)
        }
        (3, STRUCT) => {
            found = Some(chunk(at, group)?);
            Some(())
        }
        _ => at.skip(kind),
    })?;
    if let Some(chunk) = found.filter(|_| !elsewhere) {
        if columns.len() == MAX_TENSORS {
            return None;
        }
        columns.push(chunk);
    }
    Some(())
}

fn chunk(at: &mut Compact<'_>, group: u64) -> Option<ColumnChunk> {
    let mut name = group.to_string();
    let (mut length, mut data, mut dictionary) = (None, None, None);
    at.fields(|at, number, kind| match (number, kind) {
        (3, LIST) => {
            let (BINARY, count) = at.list()? else { return None };
            for part in 0..count {
                name.push(if part == 0 { '/' } else { '.' });
                name.push_str(std::str::from_utf8(at.binary()?).ok().filter(|part| part.len() <= MAX_NAME)?);
                if name.len() > MAX_NAME {
                    return None;
                }
            }
            Some(())
        }
        (7, I64) => whole(at, &mut length),
        (9, I64) => whole(at, &mut data),
        (11, I64) => whole(at, &mut dictionary),
        _ => at.skip(kind),
    })?;
    let data = data?;
    // Writers that have no dictionary say that it is at 0, or nothing.
    let start = dictionary.filter(|at| (4..data).contains(at)).unwrap_or(data);
    Some(ColumnChunk { name, start, length: length? })
}

/// A number that is not below zero.
fn whole(at: &mut Compact<'_>, into: &mut Option<u64>) -> Option<()> {
    *into = Some(u64::try_from(at.signed()?).ok()?);
    Some(())
}
