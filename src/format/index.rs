//! The index segment: where the objects of some packs are. A cache: rebuilt from the packs' trailers.
//!
//! ```text
//! offset  size  little-endian
//!      0     8  magic "MLRINDX" and version 1
//!      8     4  number of packs p
//!     12     4  number of entries n
//!     16  40×p  packs: name (32), length in bytes (8)
//!      …  56×n  entries, sorted by id, then kind:
//!               id (32), pack number (4), kind (1), codec (1), zero (2), offset (8), plain length (4), stored length (4)
//!      …    32  BLAKE3 of everything before
//! ```

use super::FormatError;
use super::pack::{HEADER, ObjectHeader, ObjectKind};

const KIND: &str = "index segment";
const MAGIC: [u8; 8] = *b"MLRINDX\x01";
const HEAD: usize = 16;
const PACK: usize = 40;
const ENTRY: usize = 56;

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

/// A segment, decoded.
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
        self.entries.sort_by_key(|e| (e.header.id, e.header.kind));
        let mut bytes = Vec::with_capacity(HEAD + PACK * self.packs.len() + ENTRY * self.entries.len() + 32);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&(self.packs.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(self.entries.len() as u32).to_le_bytes());
        for pack in &self.packs {
            bytes.extend_from_slice(&pack.name);
            bytes.extend_from_slice(&pack.length.to_le_bytes());
        }
        for entry in &self.entries {
            bytes.extend_from_slice(&entry.header.id);
            bytes.extend_from_slice(&entry.pack.to_le_bytes());
            bytes.extend_from_slice(&[entry.header.kind as u8, entry.header.codec, 0, 0]);
            bytes.extend_from_slice(&entry.offset.to_le_bytes());
            bytes.extend_from_slice(&entry.header.plain_length.to_le_bytes());
            bytes.extend_from_slice(&entry.header.stored_length.to_le_bytes());
        }
        let checksum = blake3::hash(&bytes);
        bytes.extend_from_slice(checksum.as_bytes());
        bytes
    }

    /// Reads a segment.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let found = bytes.len() as u64;
        let truncated = |expected: u64| FormatError::Truncated { kind: KIND, expected, found };
        let malformed = |reason: &str| FormatError::Malformed { kind: KIND, reason: reason.to_owned() };
        if bytes.len() < HEAD + 32 {
            return Err(truncated((HEAD + 32) as u64));
        }
        if bytes[..7] != MAGIC[..7] {
            return Err(malformed("wrong magic"));
        }
        if bytes[7] > MAGIC[7] {
            return Err(FormatError::Newer { kind: KIND.to_owned(), found: bytes[7].into(), known: MAGIC[7].into() });
        }
        let packs = number(&bytes[8..12]) as usize;
        let entries = number(&bytes[12..16]) as usize;
        let expected = (HEAD + 32) as u64 + packs as u64 * PACK as u64 + entries as u64 * ENTRY as u64;
        if expected != found {
            return Err(truncated(expected));
        }
        let (body, checksum) = bytes.split_at(bytes.len() - 32);
        if blake3::hash(body) != *checksum {
            return Err(FormatError::Checksum { kind: KIND });
        }
        let (pack_bytes, entry_bytes) = body[HEAD..].split_at(PACK * packs);
        let packs: Vec<_> =
            pack_bytes.chunks_exact(PACK).map(|p| IndexedPack { name: id(p), length: long(&p[32..40]) }).collect();
        let entries = entry_bytes
            .chunks_exact(ENTRY)
            .map(|e| {
                let pack = number(&e[32..36]);
                let kind = ObjectKind::from_number(e[36]).ok_or_else(|| malformed("an object of unknown kind"))?;
                if pack as usize >= packs.len() {
                    return Err(malformed("an entry without its pack"));
                }
                let header = ObjectHeader {
                    kind,
                    codec: e[37],
                    plain_length: number(&e[48..52]),
                    stored_length: number(&e[52..56]),
                    id: id(e),
                };
                let offset = long(&e[40..48]);
                let end = offset.checked_add(HEADER as u64 + u64::from(header.stored_length));
                if header.is_too_long() || end.is_none_or(|end| end > packs[pack as usize].length) {
                    return Err(malformed("an object outside its pack"));
                }
                Ok(IndexEntry { pack, offset, header })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { packs, entries })
    }
}

fn id(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(&bytes[..32]);
    out
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |n, b| n << 8 | u32::from(*b))
}

fn long(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b))
}
