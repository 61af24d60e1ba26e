//! The page headers of a parquet column, looked at before polars trusts them.
//!
//! polars allocates what a page header says: a negative count becomes 2⁶⁴ and the program is aborted, which no fence catches.
//! A header is a struct in Thrift's compact protocol; here are its integers, by field number (parquet-format's
//! `PageHeader`). A field of another type than the format's is refused, because a reader may take it for the right one.

use std::io::{Read, Seek, SeekFrom};

use super::error::TableError;
use super::guard::malformed;

/// The largest page, uncompressed. Writers aim at one mebibyte.
const PAGE: i64 = 1 << 30;
/// Bytes read to find a header in: enough for nearly all, and for any whose statistics are not absurd.
const WINDOWS: [u64; 2] = [1 << 12, 1 << 20];

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const STRUCT: u8 = 12;

/// Which struct a field belongs to: the header is 0, the structs in it have the number of their field.
const STATISTICS: i64 = 100;
const UNKNOWN: i64 = 101;
const DATA: i64 = 5;
const DICTIONARY: i64 = 7;
const DATA_V2: i64 = 8;

/// Walks the pages of one column chunk of `values` cells in the bytes from `start` to `end`; returns their size
/// uncompressed.
pub(super) fn check(reader: &mut (impl Read + Seek), start: u64, end: u64, values: i64) -> Result<u64, TableError> {
    let lies = || malformed("a page header contradicts the footer");
    let (mut at, mut seen, mut uncompressed) = (start, 0_i64, 0_u64);
    while at < end && (seen < values || at == start) {
        let (header, length) = read_header(reader, at)?;
        let field =
            |parent: i64, id: i64| header.iter().rev().find(|field| field.0 == (parent, id)).map(|field| field.1);
        let size = field(0, 2).filter(|size| (0..=PAGE).contains(size)).ok_or_else(lies)?;
        let stored = field(0, 3).filter(|stored| *stored >= 0).ok_or_else(lies)?;
        let cells = match field(0, 1) {
            Some(0) => field(DATA, 1),
            Some(2) => field(DICTIONARY, 1).filter(|entries| (0..=size).contains(entries)).and(Some(0)),
            Some(3) => {
                let levels = [field(DATA_V2, 5), field(DATA_V2, 6)].map(|bytes| bytes.filter(|bytes| *bytes >= 0));
                let fit = matches!(levels, [Some(a), Some(b)] if a + b <= size.min(stored));
                field(DATA_V2, 1).filter(|_| fit)
            }
            _ => None,
        };
        seen += cells.filter(|cells| (0..=values - seen).contains(cells)).ok_or_else(lies)?;
        uncompressed += size as u64;
        at += length + stored as u64;
    }
    if at > end || seen != values { Err(lies()) } else { Ok(uncompressed) }
}

/// The integers of a header and its length.
type Header = (Vec<((i64, i64), i64)>, u64);

fn read_header(reader: &mut (impl Read + Seek), at: u64) -> Result<Header, TableError> {
    for window in WINDOWS {
        let mut bytes = Vec::new();
        reader.seek(SeekFrom::Start(at))?;
        reader.by_ref().take(window).read_to_end(&mut bytes)?;
        let mut thrift = Thrift { bytes: &bytes, at: 0 };
        let mut fields = Vec::new();
        if thrift.structure(0, 0, &mut fields).is_some() {
            return Ok((fields, thrift.at as u64));
        }
    }
    Err(malformed("a page header cannot be read"))
}

/// The type a field must have.
const fn expected(parent: i64, id: i64) -> Option<u8> {
    match (parent, id) {
        (0, 1..=4) | (DATA, 1..=4) | (DICTIONARY, 1..=2) | (DATA_V2, 1..=6) => Some(I32),
        (0, 5..=8) | (DATA, 5) | (DATA_V2, 8) => Some(STRUCT),
        (DICTIONARY, 3) | (DATA_V2, 7) | (STATISTICS, 7..=8) => Some(TRUE),
        (STATISTICS, 1 | 2 | 5 | 6) => Some(BINARY),
        (STATISTICS, 3..=4) => Some(I64),
        _ => None,
    }
}

struct Thrift<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Thrift<'_> {
    /// Reads a struct; none if it does not end in the bytes, nests too deep, or has a field of a wrong type.
    fn structure(&mut self, parent: i64, depth: u8, fields: &mut Vec<((i64, i64), i64)>) -> Option<()> {
        let mut id = 0;
        loop {
            let byte = self.byte()?;
            let kind = byte & 15;
            if byte == 0 {
                return Some(());
            }
            id = if byte >> 4 == 0 { self.integer()? } else { id + i64::from(byte >> 4) };
            let found = if kind == FALSE { TRUE } else { kind };
            if expected(parent, id).is_some_and(|expected| expected != found) || !(0..=32_767).contains(&id) {
                return None;
            }
            match (kind, parent, id) {
                (STRUCT, 0, DATA | DICTIONARY | DATA_V2) => self.structure(id, depth + 1, fields)?,
                (STRUCT, DATA, 5) | (STRUCT, DATA_V2, 8) => self.structure(STATISTICS, depth + 1, fields)?,
                (I32, ..) => {
                    let value = self.integer()?;
                    i32::try_from(value).ok()?;
                    fields.push(((parent, id), value));
                }
                _ => self.skip(kind, depth)?,
            }
        }
    }

    fn skip(&mut self, kind: u8, depth: u8) -> Option<()> {
        if depth > 8 {
            return None;
        }
        match kind {
            TRUE | FALSE => Some(()),
            3 => self.advance(1),
            4..=6 => self.integer().map(|_| ()),
            7 => self.advance(8),
            BINARY => {
                let length = usize::try_from(self.varint()?).ok()?;
                self.advance(length)
            }
            // Lists and sets: a nibble or a varint of elements of one type.
            9 | 10 => {
                let byte = self.byte()?;
                let elements = if byte >> 4 == 15 { self.varint()? } else { u64::from(byte >> 4) };
                (0..elements).try_for_each(|_| self.element(byte & 15, depth))
            }
            STRUCT => self.structure(UNKNOWN, depth + 1, &mut Vec::new()),
            // Maps do not occur.
            _ => None,
        }
    }

    /// In a list even a truth value takes a byte.
    fn element(&mut self, kind: u8, depth: u8) -> Option<()> {
        if matches!(kind, TRUE | FALSE) { self.advance(1) } else { self.skip(kind, depth + 1) }
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn advance(&mut self, bytes: usize) -> Option<()> {
        self.at = self.at.checked_add(bytes).filter(|at| *at <= self.bytes.len())?;
        Some(())
    }

    /// Seven bits a byte, the lowest first.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Some(value);
            }
        }
        None
    }

    /// A varint whose lowest bit is the sign.
    fn integer(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}
