//! The messages of a stream: each what it says of itself, and then its bytes.

use std::io::{Read, Seek, SeekFrom};

use super::super::error::TableError;
use super::super::guard::{malformed, within};
use crate::wire::flatbuffer::{Table, Vector};

/// What stands at the beginning and at the end of a file, and of one of the first version.
const FILE: &[u8] = b"ARROW1";
const FEATHER: &[u8] = b"FEA1";
/// Before a length in all but the oldest streams.
const MARK: u32 = u32::MAX;
/// No message says more of itself.
const METADATA: u64 = 1 << 27;
/// The fourth version; those before it cannot be told apart by what they say.
const VERSION: i16 = 3;

const SCHEMA: u8 = 1;
const DICTIONARY: u8 = 2;
const RECORD: u8 = 3;

/// The messages that are left: those of a stream one behind the other, those of a file where its footer says, first the
/// dictionaries.
pub(super) struct Messages {
    at: u64,
    end: u64,
    blocks: Option<std::vec::IntoIter<u64>>,
}

/// What the columns are.
pub(super) enum Said {
    /// By the first message of a stream.
    Message(Vec<u8>),
    /// By the footer of a file.
    Footer(Vec<u8>),
}

impl Said {
    /// The schema, and the version it is of.
    pub(super) fn schema(&self) -> Result<(Table<'_>, i16), TableError> {
        let unread = || malformed("its schema cannot be read");
        let (schema, version) = match self {
            Self::Message(said) => (header(said, SCHEMA)?, root(said)?.i16(0, 0)),
            Self::Footer(said) => {
                let footer = root(said)?;
                (footer.table(1), footer.i16(0, 0).filter(|version| *version >= VERSION))
            }
        };
        schema.zip(version).ok_or_else(unread)
    }
}

/// One message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message {
    /// Where it says what it is, and how long that is.
    metadata: (u64, u64),
    /// Where its bytes are, and how many.
    pub(super) body: (u64, u64),
}

/// A record batch: for every node of every column how many cells it has and how many are missing, and every buffer's place.
pub(super) struct Record<'a> {
    pub(super) rows: u64,
    pub(super) nodes: Option<Vector<'a>>,
    pub(super) buffers: Option<Vector<'a>>,
    /// For every column of views how many buffers of text it has.
    pub(super) views: Option<Vector<'a>>,
    /// How its buffers are compressed: 0 for LZ4, 1 for zstd.
    pub(super) codec: Option<u8>,
}

impl Messages {
    /// Reads what the columns are.
    pub(super) fn open(reader: &mut (impl Read + Seek)) -> Result<(Self, Said), TableError> {
        let size = reader.seek(SeekFrom::End(0))?;
        let begin = bytes(reader, 0, size.min(8))?;
        if begin.starts_with(FEATHER) {
            return Err(malformed("it is feather of the first version, which nobody writes any more"));
        }
        if !begin.starts_with(FILE) {
            let mut messages = Self { at: 0, end: size, blocks: None };
            let first = messages.next(reader)?.ok_or_else(|| malformed("it is no arrow"))?.metadata(reader)?;
            return Ok((messages, Said::Message(first)));
        }
        let short = || malformed("it is an arrow file without its end");
        let tail = bytes(reader, size.checked_sub(10).filter(|tail| *tail >= 8).ok_or_else(short)?, 10)?;
        let (length, word) = tail.split_first_chunk::<4>().ok_or_else(short)?;
        let length = u64::from(u32::from_le_bytes(*length));
        within("bytes of footer", length, METADATA)?;
        let end = (size - 10).checked_sub(length).filter(|end| *end >= 8 && word == FILE).ok_or_else(short)?;
        let footer = bytes(reader, end, length)?;
        let mut blocks = Vec::new();
        let unread = || malformed("its footer cannot be read");
        for field in [2, 3] {
            let table = root(&footer)?;
            if table.has(field) {
                let vector = table.vector(field, 24).ok_or_else(unread)?;
                let place = |number| vector.i64(number, 0).and_then(|at| u64::try_from(at).ok()).filter(|at| *at < end);
                blocks.extend((0..vector.len()).map(place).collect::<Option<Vec<u64>>>().ok_or_else(unread)?);
            }
        }
        Ok((Self { at: 8, end, blocks: Some(blocks.into_iter()) }, Said::Footer(footer)))
    }

    /// The next one; none at the end.
    pub(super) fn next(&mut self, reader: &mut (impl Read + Seek)) -> Result<Option<Message>, TableError> {
        match &mut self.blocks {
            None if self.at == self.end => return Ok(None),
            None => {}
            Some(blocks) => match blocks.next() {
                None => return Ok(None),
                Some(at) => self.at = at,
            },
        }
        let ends = || malformed("a message is longer than the file");
        let word = |reader: &mut _, at| -> Result<u32, TableError> {
            let word = bytes(reader, at, 4)?;
            word.first_chunk().map(|word| u32::from_le_bytes(*word)).ok_or_else(ends)
        };
        let mut length = word(reader, self.at)?;
        self.at += 4;
        if length == MARK {
            length = word(reader, self.at)?;
            self.at += 4;
        }
        if length == 0 {
            return Ok(None);
        }
        let length = u64::from(length);
        within("bytes in what a message says of itself", length, METADATA)?;
        let metadata = (self.at, length);
        let start = self.at + length;
        if start > self.end {
            return Err(ends());
        }
        let said = bytes(reader, metadata.0, length)?;
        let body = root(&said)?.i64(3, 0).and_then(|body| u64::try_from(body).ok());
        let body = body.filter(|body| *body <= self.end - start).ok_or_else(ends)?;
        self.at = start + body;
        Ok(Some(Message { metadata, body: (start, body) }))
    }
}

impl Message {
    /// What it says of itself.
    pub(super) fn metadata(&self, reader: &mut (impl Read + Seek)) -> Result<Vec<u8>, TableError> {
        bytes(reader, self.metadata.0, self.metadata.1)
    }

    /// A record batch, if it is one.
    pub(super) fn record<'a>(&self, metadata: &'a [u8]) -> Result<Option<Record<'a>>, TableError> {
        match header(metadata, RECORD)? {
            Some(table) => record(&table).map(Some),
            None => Ok(None),
        }
    }

    /// A dictionary, if it is one: its id, whether it goes on with the one before, and its values.
    pub(super) fn dictionary<'a>(&self, metadata: &'a [u8]) -> Result<Option<(i64, bool, Record<'a>)>, TableError> {
        let Some(table) = header(metadata, DICTIONARY)? else { return Ok(None) };
        let unread = || malformed("a dictionary cannot be read");
        let values = record(&table.table(1).ok_or_else(unread)?)?;
        let id = table.i64(0, 0).ok_or_else(unread)?;
        Ok(Some((id, table.u8(2, 0).ok_or_else(unread)? != 0, values)))
    }
}

/// The outermost table of a message.
fn root(metadata: &[u8]) -> Result<Table<'_>, TableError> {
    Table::root(metadata).ok_or_else(|| malformed("a message cannot be read"))
}

/// What a message of this kind holds; none if it is of another.
fn header(metadata: &[u8], kind: u8) -> Result<Option<Table<'_>>, TableError> {
    let message = root(metadata)?;
    if message.i16(0, 0).is_none_or(|version| version < VERSION) {
        return Err(malformed("it is of a version of arrow before 0.8"));
    }
    if message.u8(1, 0) != Some(kind) {
        return Ok(None);
    }
    message.table(2).map(Some).ok_or_else(|| malformed("a message cannot be read"))
}

fn record<'a>(table: &Table<'a>) -> Result<Record<'a>, TableError> {
    let unread = || malformed("a record batch cannot be read");
    let rows = table.i64(0, 0).and_then(|rows| u64::try_from(rows).ok()).ok_or_else(unread)?;
    let vector = |field: usize, width: usize| match table.has(field) {
        true => table.vector(field, width).map(Some).ok_or_else(unread),
        false => Ok(None),
    };
    let codec = match table.has(3) {
        true => Some(table.table(3).and_then(|compression| compression.u8(0, 0)).ok_or_else(unread)?),
        false => None,
    };
    Ok(Record { rows, nodes: vector(1, 16)?, buffers: vector(2, 16)?, views: vector(4, 8)?, codec })
}

/// So many bytes from a place on, as far as there are.
pub(super) fn bytes(reader: &mut (impl Read + Seek), at: u64, length: u64) -> Result<Vec<u8>, TableError> {
    let mut bytes = Vec::new();
    reader.seek(SeekFrom::Start(at))?;
    reader.by_ref().take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}
