//! The index segment: where the objects of some packs are. A cache: rebuilt from the packs' trailers.
//!
//! It is read a page at a time, so that a store of any size is looked up in little memory: the head, which has a checksum
//! of its own, says what each page begins with and hashes to.
//!
//! ```text
//! offset  size  little-endian
//!      0     8  magic "MLRINDX" and version 2
//!      8     4  number of packs p
//!     12     4  number of entries n, in g = ⌈n / 1024⌉ pages
//!     16  40×p  packs: name (32), length in bytes (8)
//!      …  64×g  pages: id of the first entry (32), BLAKE3 of the page (32)
//!      …    32  BLAKE3 of everything before
//!      …  56×n  entries, sorted by id, then kind:
//!               id (32), pack number (4), kind (1), codec (1), zero (2), offset (8), plain length (4), stored length (4)
//! ```
//!
//! Version 1 had one checksum at its end, and had to be read whole. It is rebuilt.

use super::FormatError;
use super::pack::{HEADER, ObjectHeader, ObjectKind};

const KIND: &str = "index segment";
const MAGIC: [u8; 8] = *b"MLRINDX\x02";
const PACK: usize = 40;
const MARK: usize = 64;
const CHECKSUM: usize = 32;
const ENTRY: usize = 56;
/// Entries of a page, but for the last one.
const PAGE: usize = 1024;

/// A pack an index covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexedPack {
    /// Its name.
    pub name: [u8; 32],
    /// Its length in bytes.
    pub length: u64,
}

/// Where one object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexEntry {
    /// Which of the segment's packs.
    pub pack: u32,
    /// Where its header begins.
    pub offset: u64,
    /// Its header.
    pub header: ObjectHeader,
}

impl IndexEntry {
    /// What entries are sorted by.
    pub const fn key(&self) -> ([u8; 32], ObjectKind) {
        (self.header.id, self.header.kind)
    }
}

/// A segment, whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Segment {
    /// The packs it covers.
    pub packs: Vec<IndexedPack>,
    /// Their objects, sorted by id, then kind.
    pub entries: Vec<IndexEntry>,
}

impl Segment {
    /// The bytes to write; puts the entries in order.
    pub fn encode(&mut self) -> Vec<u8> {
        self.entries.sort_by_key(IndexEntry::key);
        let mut body = Vec::with_capacity(ENTRY * self.entries.len());
        for entry in &self.entries {
            body.extend_from_slice(&entry.header.id);
            body.extend_from_slice(&entry.pack.to_le_bytes());
            body.extend_from_slice(&[entry.header.kind as u8, entry.header.codec, 0, 0]);
            body.extend_from_slice(&entry.offset.to_le_bytes());
            body.extend_from_slice(&entry.header.plain_length.to_le_bytes());
            body.extend_from_slice(&entry.header.stored_length.to_le_bytes());
        }
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&(self.packs.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(self.entries.len() as u32).to_le_bytes());
        for pack in &self.packs {
            bytes.extend_from_slice(&pack.name);
            bytes.extend_from_slice(&pack.length.to_le_bytes());
        }
        for page in body.chunks(PAGE * ENTRY) {
            bytes.extend_from_slice(&page[..32]);
            bytes.extend_from_slice(blake3::hash(page).as_bytes());
        }
        let checksum = blake3::hash(&bytes);
        bytes.extend_from_slice(checksum.as_bytes());
        bytes.append(&mut body);
        bytes
    }

    /// Reads a segment whole.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let found = bytes.len() as u64;
        let prefix = bytes.get(..Head::PREFIX).ok_or_else(|| truncated(Head::PREFIX as u64, found))?;
        let head = Head::decode(&bytes[..Head::length(prefix, found)?])?;
        let mut entries = Vec::with_capacity(head.entries);
        for page in 0..head.pages.len() {
            let (start, length) = head.place(page);
            entries.extend(head.decode_page(page, &bytes[start as usize..start as usize + length])?);
        }
        Ok(Self { packs: head.packs, entries })
    }
}

/// What is at the beginning of a segment: enough to find the page an object is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The packs it covers.
    pub packs: Vec<IndexedPack>,
    pages: Vec<Mark>,
    entries: usize,
    length: u64,
}

/// The first id of a page, and the page's BLAKE3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    first: [u8; 32],
    hash: [u8; 32],
}

impl Head {
    /// Bytes that tell how long it is.
    pub const PREFIX: usize = 16;

    /// How long the head is that begins with `prefix`, in a segment of `segment` bytes.
    pub fn length(prefix: &[u8], segment: u64) -> Result<usize, FormatError> {
        if prefix[..7] != MAGIC[..7] {
            return Err(malformed("wrong magic"));
        }
        match prefix[7] {
            version if version > MAGIC[7] => {
                let (found, known) = (version.into(), MAGIC[7].into());
                return Err(FormatError::Newer { kind: KIND.to_owned(), found, known });
            }
            version if version < MAGIC[7] => return Err(malformed("of an older form")),
            _ => {}
        }
        let (packs, entries) = (number(&prefix[8..12]) as usize, number(&prefix[12..16]) as usize);
        let head = Self::PREFIX + PACK * packs + MARK * entries.div_ceil(PAGE) + CHECKSUM;
        let expected = head as u64 + entries as u64 * ENTRY as u64;
        if expected == segment { Ok(head) } else { Err(truncated(expected, segment)) }
    }

    /// Reads the head, which is all of `bytes`.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let (body, checksum) = bytes
            .split_at_checked(bytes.len().saturating_sub(CHECKSUM))
            .filter(|(body, _)| body.len() >= Self::PREFIX)
            .ok_or_else(|| truncated((Self::PREFIX + CHECKSUM) as u64, bytes.len() as u64))?;
        if blake3::hash(body) != *checksum {
            return Err(FormatError::Checksum { kind: KIND });
        }
        let (packs, entries) = (number(&body[8..12]) as usize, number(&body[12..16]) as usize);
        let (pack_bytes, marks) = body[Self::PREFIX..]
            .split_at_checked(PACK * packs)
            .filter(|(_, marks)| marks.len() == MARK * entries.div_ceil(PAGE))
            .ok_or_else(|| malformed("its head is of another length"))?;
        let packs =
            pack_bytes.chunks_exact(PACK).map(|p| IndexedPack { name: id(p), length: long(&p[32..40]) }).collect();
        let pages: Vec<Mark> = marks.chunks_exact(MARK).map(|m| Mark { first: id(m), hash: id(&m[32..]) }).collect();
        if !pages.is_sorted_by_key(|mark| mark.first) {
            return Err(malformed("its pages are not in order"));
        }
        Ok(Self { packs, pages, entries, length: bytes.len() as u64 })
    }

    /// Number of pages.
    pub fn pages(&self) -> usize {
        self.pages.len()
    }

    /// Number of entries on all of them.
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// The first page that may have an entry whose id is `id` or a higher one; the entries may go on on the next ones.
    pub fn page_of(&self, id: &[u8; 32]) -> usize {
        self.pages.partition_point(|mark| mark.first < *id).saturating_sub(1)
    }

    /// Where a page is in the segment, and its length in bytes.
    pub fn place(&self, page: usize) -> (u64, usize) {
        let entries = PAGE.min(self.entries.saturating_sub(page * PAGE));
        (self.length + (page * PAGE * ENTRY) as u64, entries * ENTRY)
    }

    /// Reads a page: its bytes are those at its [`place`](Self::place).
    pub fn decode_page(&self, page: usize, bytes: &[u8]) -> Result<Vec<IndexEntry>, FormatError> {
        let mark = self.pages.get(page).ok_or_else(|| malformed("a page that is not there"))?;
        if blake3::hash(bytes) != mark.hash {
            return Err(FormatError::Checksum { kind: KIND });
        }
        // Every look at an object decodes a page: its length is known beforehand.
        let mut entries = Vec::with_capacity(bytes.len() / ENTRY);
        for entry in bytes.as_chunks().0 {
            entries.push(self.decode_entry(entry)?);
        }
        let starts = entries.first().is_some_and(|entry| entry.header.id == mark.first);
        let ends = entries.last().zip(self.pages.get(page + 1)).is_none_or(|(l, next)| l.header.id <= next.first);
        if !starts || !ends || !entries.is_sorted_by_key(IndexEntry::key) {
            return Err(malformed("its entries are not in order"));
        }
        Ok(entries)
    }

    fn decode_entry(&self, bytes: &[u8; ENTRY]) -> Result<IndexEntry, FormatError> {
        let pack = number(&bytes[32..36]);
        let length = self.packs.get(pack as usize).ok_or_else(|| malformed("an entry without its pack"))?.length;
        let kind = ObjectKind::from_number(bytes[36]).ok_or_else(|| malformed("an object of unknown kind"))?;
        let header = ObjectHeader {
            kind,
            codec: bytes[37],
            plain_length: number(&bytes[48..52]),
            stored_length: number(&bytes[52..56]),
            id: id(bytes),
        };
        let offset = long(&bytes[40..48]);
        let end = offset.checked_add(HEADER as u64 + u64::from(header.stored_length));
        if header.is_too_long() || end.is_none_or(|end| end > length) {
            return Err(malformed("an object outside its pack"));
        }
        Ok(IndexEntry { pack, offset, header })
    }
}

fn truncated(expected: u64, found: u64) -> FormatError {
    FormatError::Truncated { kind: KIND, expected, found }
}

fn malformed(reason: &str) -> FormatError {
    FormatError::Malformed { kind: KIND, reason: reason.to_owned() }
}

fn id(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(&bytes[..32]);
    out
}

fn number(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn long(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
