//! Tables of text behind gzip, such as `predictions.csv.gz`: taken apart in memory, never by what the file claims to hold.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::TableFormat;
use super::error::TableError;
use super::guard::{malformed, within};

/// Bytes that any file may expand to.
const ALWAYS: u64 = 256 << 20;
/// Bytes that each byte of a larger file may expand to. Tables of numbers come to ten; deflate can do a thousand.
const PER_BYTE: u64 = 100;
/// No table is longer: 8 GiB.
const MOST: u64 = 8 << 30;

/// The format of the table that a file name says is behind gzip: text of a kind whose name goes before the `.gz`.
pub fn packed(path: &str) -> Option<TableFormat> {
    let (name, extension) = path.rsplit_once('.')?;
    let format = TableFormat::of(name).filter(|_| extension.eq_ignore_ascii_case("gz"));
    format.filter(|format| matches!(format, TableFormat::Csv | TableFormat::Tsv | TableFormat::JsonLines))
}

/// The bytes behind gzip.
///
/// # Errors
/// Bytes that are no gzip or end early, and more of them than a table of this size has.
pub fn unpack(bytes: &[u8]) -> Result<Vec<u8>, TableError> {
    let most = ALWAYS.max((bytes.len() as u64).saturating_mul(PER_BYTE)).min(MOST);
    let unpacked = head(bytes, most + 1)?;
    within("unpacked bytes", unpacked.len() as u64, most)?;
    Ok(unpacked)
}

/// The first bytes behind gzip, at most so many.
///
/// # Errors
/// As [`unpack`], of what these are read from.
pub fn head(packed: impl Read, most: u64) -> Result<Vec<u8>, TableError> {
    let mut unpacked = Vec::new();
    match MultiGzDecoder::new(packed).take(most).read_to_end(&mut unpacked) {
        Ok(_) => Ok(unpacked),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(malformed("its gzip ends early")),
        Err(error) => Err(malformed(&format!("its gzip is damaged: {error}"))),
    }
}
