//! The buffers of a record batch, as they lie in the file or compressed.

use std::io::{Read, Seek};

use super::super::error::TableError;
use super::super::guard::{malformed, within};
use super::messages::{self, Message, Record};
use crate::wire::lz4;

/// Bytes of one buffer, from its beginning, that are decompressed at once.
const DECOMPRESSED: u64 = 1 << 29;

/// The bytes of a message.
pub(super) struct Body<'r, R> {
    reader: &'r mut R,
    start: u64,
    length: u64,
    codec: Option<Codec>,
}

#[derive(Debug, Clone, Copy)]
enum Codec {
    Lz4,
    Zstd,
}

impl<'r, R: Read + Seek> Body<'r, R> {
    pub(super) fn new(reader: &'r mut R, message: &Message, record: &Record<'_>) -> Result<Self, TableError> {
        let codec = match record.codec {
            None => None,
            Some(0) => Some(Codec::Lz4),
            Some(1) => Some(Codec::Zstd),
            Some(_) => return Err(malformed("it is compressed in a way that is not known")),
        };
        Ok(Self { reader, start: message.body.0, length: message.body.1, codec })
    }

    /// Whether a buffer has any bytes.
    pub(super) fn has(record: &Record<'_>, buffer: usize) -> bool {
        place(record, buffer).is_some_and(|(_, length)| length > 0)
    }

    /// The bytes of a buffer from one place to another.
    pub(super) fn range(
        &mut self,
        record: &Record<'_>,
        buffer: usize,
        (from, to): (u64, u64),
    ) -> Result<Vec<u8>, TableError> {
        let lies = || malformed("a buffer lies outside its record batch");
        let short = || malformed("a column is shorter than its rows");
        if from == to {
            return Ok(Vec::new());
        }
        let (offset, length) = place(record, buffer).ok_or_else(lies)?;
        if offset.checked_add(length).is_none_or(|end| end > self.length) || from > to {
            return Err(lies());
        }
        let start = self.start + offset;
        let Some(codec) = self.codec else {
            if to > length {
                return Err(short());
            }
            let bytes = messages::bytes(self.reader, start + from, to - from)?;
            return if bytes.len() as u64 == to - from { Ok(bytes) } else { Err(short()) };
        };
        within("bytes of a compressed column", to, DECOMPRESSED)?;
        let stored = messages::bytes(self.reader, start, length)?;
        let (whole, stored) = stored.split_first_chunk().ok_or_else(short)?;
        let limit = to as usize;
        let mut bytes = match (i64::from_le_bytes(*whole), codec) {
            (-1, _) => stored[..limit.min(stored.len())].to_vec(),
            (_, Codec::Lz4) => lz4::frame(stored, limit).ok_or_else(|| malformed("a column is no LZ4"))?,
            (_, Codec::Zstd) => {
                let mut bytes = Vec::new();
                zstd::stream::read::Decoder::with_buffer(stored)?.take(to).read_to_end(&mut bytes)?;
                bytes
            }
        };
        if bytes.len() < limit {
            return Err(short());
        }
        Ok(bytes.split_off(from as usize))
    }
}

/// Where a buffer lies in its body, and how long it is.
fn place(record: &Record<'_>, buffer: usize) -> Option<(u64, u64)> {
    let buffers = record.buffers.as_ref()?;
    let number = |offset| u64::try_from(buffers.i64(buffer, offset)?).ok();
    Some((number(0)?, number(8)?))
}
