//! The page headers of a parquet column, looked at before polars trusts them.
//!
//! polars allocates what a page header says: a negative count becomes 2⁶⁴ and the program is aborted, which no fence catches.

use std::io::{Read, Seek, SeekFrom};

use super::error::TableError;
use super::guard::malformed;
use super::structs;
use crate::wire::thrift::Compact;

/// The largest page, uncompressed. Writers aim at one mebibyte.
const PAGE: i64 = 1 << 30;
/// Bytes read to find a header in: enough for nearly all, and for any whose statistics are not absurd.
const WINDOWS: [u64; 2] = [1 << 12, 1 << 20];
/// A header has no lists that anybody reads.
const LONGEST_LIST: u64 = 1 << 10;

/// Walks the pages of one column chunk of `values` cells in the bytes from `start` to `end`; returns their size
/// uncompressed.
pub(super) fn check(reader: &mut (impl Read + Seek), start: u64, end: u64, values: i64) -> Result<u64, TableError> {
    let lies = || malformed("a page header contradicts the footer");
    let (mut at, mut seen, mut uncompressed) = (start, 0_i64, 0_u64);
    while at < end && (seen < values || at == start) {
        let (header, length) = read_header(reader, at)?;
        let size = header.uncompressed.filter(|size| (0..=PAGE).contains(size)).ok_or_else(lies)?;
        let stored = header.compressed.filter(|stored| *stored >= 0).ok_or_else(lies)?;
        let cells = match header.page_type {
            Some(0) => header.data,
            Some(2) => header.dictionary.filter(|entries| (0..=size).contains(entries)).and(Some(0)),
            Some(3) => {
                let fit = matches!(header.levels, [Some(a @ 0..), Some(b @ 0..)] if a + b <= size.min(stored));
                header.data_v2.filter(|_| fit)
            }
            _ => None,
        };
        seen += cells.filter(|cells| (0..=values - seen).contains(cells)).ok_or_else(lies)?;
        uncompressed += size as u64;
        at += length + stored as u64;
    }
    if at > end || seen != values { Err(lies()) } else { Ok(uncompressed) }
}

/// The numbers of a PageHeader that polars allocates by.
#[derive(Default)]
struct Header {
    page_type: Option<i64>,
    uncompressed: Option<i64>,
    compressed: Option<i64>,
    /// Values of a page of data, entries of a dictionary, values of a page in the second version.
    data: Option<i64>,
    dictionary: Option<i64>,
    data_v2: Option<i64>,
    /// Bytes of definition and of repetition levels, in the second version.
    levels: [Option<i64>; 2],
}

impl Header {
    fn read(at: &mut Compact<'_>) -> Option<Self> {
        at.clone().check(structs::PAGE, LONGEST_LIST)?;
        let mut header = Self::default();
        at.fields(|at, number, kind| {
            match number {
                1 => header.page_type = Some(at.signed()?),
                2 => header.uncompressed = Some(at.signed()?),
                3 => header.compressed = Some(at.signed()?),
                5 => [header.data] = numbers(at, [1])?,
                7 => [header.dictionary] = numbers(at, [1])?,
                8 => [header.data_v2, header.levels[0], header.levels[1]] = numbers(at, [1, 5, 6])?,
                _ => at.skip(kind)?,
            }
            Some(())
        })?;
        Some(header)
    }
}

/// The numbers a struct has in these fields.
fn numbers<const N: usize>(at: &mut Compact<'_>, fields: [i16; N]) -> Option<[Option<i64>; N]> {
    let mut found = [None; N];
    at.fields(|at, number, kind| {
        match fields.iter().position(|field| *field == number) {
            Some(place) => found[place] = Some(at.signed()?),
            None => at.skip(kind)?,
        }
        Some(())
    })?;
    Some(found)
}

/// A header and its length.
fn read_header(reader: &mut (impl Read + Seek), at: u64) -> Result<(Header, u64), TableError> {
    for window in WINDOWS {
        let mut bytes = Vec::new();
        reader.seek(SeekFrom::Start(at))?;
        reader.by_ref().take(window).read_to_end(&mut bytes)?;
        let mut rest = Compact(&bytes);
        if let Some(header) = Header::read(&mut rest) {
            return Ok((header, (bytes.len() - rest.0.len()) as u64));
        }
    }
    Err(malformed("a page header cannot be read"))
}
