//! parquet: `PAR1`, the column chunks of all row groups, indexes, the footer, its length (4, little-endian), `PAR1`.
//!
//! The footer is a FileMetaData, written as Thrift's compact protocol writes structs: fields, each with what its number is
//! more than the last one's and a kind (4 bits each), and a zero at the end. Of it are read the row groups (4), their column
//! chunks (1), what each says of itself (3): names (3), length (7), places of the data (9) and of the dictionary (11).
//! An encrypted footer has another magic. Source: apache/parquet-format's `parquet.thrift`, and Thrift's
//! `thrift-compact-protocol.md`.

use std::io;

use super::{ColumnChunk, Input, MAX_NAME, MAX_TENSORS, read_at, varint};

const MAGIC: &[u8; 4] = b"PAR1";
/// A footer has megabytes where there are thousands of columns.
const MAX_FOOTER: u64 = 100_000_000;
/// Structs and lists lie no deeper in each other.
const MAX_DEPTH: u32 = 32;

const BYTE: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;
const UUID: u8 = 13;

pub(super) fn columns(input: &mut dyn Input, size: u64) -> io::Result<Option<Vec<ColumnChunk>>> {
    let Some(tail) = size.checked_sub(8) else { return Ok(None) };
    let Some(end) = read_at(input, tail, 8, 8)? else { return Ok(None) };
    let [a, b, c, d, magic @ ..] = &end[..] else { return Ok(None) };
    let length = u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
    let Some(start) = tail.checked_sub(length).filter(|start| *start >= 4 && magic == MAGIC) else { return Ok(None) };
    let Some(footer) = read_at(input, start, length, MAX_FOOTER)? else { return Ok(None) };
    let mut columns = Vec::new();
    let read = Compact(&footer).file(&mut columns);
    let within = columns.iter().all(|c| c.start >= 4 && c.length <= start && c.start <= start - c.length);
    Ok((read.is_some() && within).then_some(columns))
}

/// What is left to read. Everything is None where it ends too soon, or says what no footer does.
struct Compact<'a>(&'a [u8]);

impl<'a> Compact<'a> {
    fn file(&mut self, columns: &mut Vec<ColumnChunk>) -> Option<()> {
        self.fields(|at, number, kind| match (number, kind) {
            (4, LIST) => {
                let mut group = 0;
                at.structs(|at| {
                    at.row_group(group, columns)?;
                    group += 1;
                    Some(())
                })
            }
            _ => at.skip(kind, MAX_DEPTH),
        })
    }

    fn row_group(&mut self, group: u64, columns: &mut Vec<ColumnChunk>) -> Option<()> {
        self.fields(|at, number, kind| match (number, kind) {
            (1, LIST) => at.structs(|at| at.column(group, columns)),
            _ => at.skip(kind, MAX_DEPTH),
        })
    }

    fn column(&mut self, group: u64, columns: &mut Vec<ColumnChunk>) -> Option<()> {
        let (mut elsewhere, mut found) = (false, None);
        self.fields(|at, number, kind| match (number, kind) {
            // The name of another file.
            (1, BINARY) => {
                elsewhere = true;
                at.skip(kind, MAX_DEPTH)
            }
            (3, STRUCT) => {
                found = Some(at.chunk(group)?);
                Some(())
            }
            _ => at.skip(kind, MAX_DEPTH),
        })?;
        if let Some(chunk) = found.filter(|_| !elsewhere) {
            if columns.len() == MAX_TENSORS {
                return None;
            }
            columns.push(chunk);
        }
        Some(())
    }

    fn chunk(&mut self, group: u64) -> Option<ColumnChunk> {
        let mut name = group.to_string();
        let (mut length, mut data, mut dictionary) = (None, None, None);
        self.fields(|at, number, kind| match (number, kind) {
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
            (7, I64) => at.whole(&mut length),
            (9, I64) => at.whole(&mut data),
            (11, I64) => at.whole(&mut dictionary),
            _ => at.skip(kind, MAX_DEPTH),
        })?;
        let data = data?;
        // Writers that have no dictionary say that it is at 0, or nothing.
        let start = dictionary.filter(|at| (4..data).contains(at)).unwrap_or(data);
        Some(ColumnChunk { name, start, length: length? })
    }

    /// Every field of a struct up to its end, its value to be taken by `take`.
    fn fields(&mut self, mut take: impl FnMut(&mut Self, i16, u8) -> Option<()>) -> Option<()> {
        let mut number = 0_i16;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            number = match head >> 4 {
                0 => i16::try_from(self.signed()?).ok()?,
                more => number.checked_add(more.into())?,
            };
            take(self, number, head & 15)?;
        }
    }

    /// Every struct of a list. The count only promises: each takes a byte at least.
    fn structs(&mut self, mut take: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        let (kind, count) = self.list()?;
        if kind != STRUCT && count > 0 {
            return None;
        }
        (0..count).try_for_each(|_| take(self))
    }

    /// The kind of a list's elements, and how many there are.
    fn list(&mut self) -> Option<(u8, u64)> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.number()?,
            few => few.into(),
        };
        Some((head & 15, count))
    }

    fn skip(&mut self, kind: u8, depth: u32) -> Option<()> {
        match kind {
            // A field's truth is in its kind.
            1 | 2 => Some(()),
            BYTE => self.take(1).map(drop),
            I16 | I32 | I64 => self.number().map(drop),
            DOUBLE => self.take(8).map(drop),
            BINARY => self.binary().map(drop),
            LIST | SET => {
                let (kind, count) = self.list()?;
                let depth = depth.checked_sub(1)?;
                (0..count).try_for_each(|_| self.skip_element(kind, depth))
            }
            MAP => {
                let depth = depth.checked_sub(1)?;
                let count = self.number()?;
                let kinds = if count == 0 { 0 } else { self.byte()? };
                (0..count).try_for_each(|_| {
                    self.skip_element(kinds >> 4, depth)?;
                    self.skip_element(kinds & 15, depth)
                })
            }
            STRUCT => {
                let depth = depth.checked_sub(1)?;
                self.fields(|at, _, kind| at.skip(kind, depth))
            }
            UUID => self.take(16).map(drop),
            _ => None,
        }
    }

    /// In lists and maps, a truth takes a byte.
    fn skip_element(&mut self, kind: u8, depth: u32) -> Option<()> {
        self.skip(if matches!(kind, 1 | 2) { BYTE } else { kind }, depth)
    }

    /// A number that is not below zero.
    fn whole(&mut self, into: &mut Option<u64>) -> Option<()> {
        *into = Some(u64::try_from(self.signed()?).ok()?);
        Some(())
    }

    /// 0, -1, 1, -2, 2 and so on.
    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn number(&mut self) -> Option<u64> {
        varint(|| self.byte())
    }

    fn binary(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }

    fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}
