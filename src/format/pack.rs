//! The pack: files, blocks, recipes, trees and records in one file of at most 256 MiB, named by the BLAKE3 of its bytes.
//!
//! ```text
//! offset  size  little-endian
//!      0     8  magic "MLRPACK" and version 1
//!      8     …  objects: header (48), then the stored bytes
//!      …  56×n  trailer: every object's offset (8) and its header again
//!      …     8  offset of the trailer
//!      …     8  number of objects n
//!      …    32  BLAKE3 of the trailer's n entries and the two numbers
//!      …     8  magic "MLRPEND" and version 1
//!
//! object header
//!      0     4  magic "MLRO"
//!      4     1  kind: 1 block, 2 recipe, 3 tree, 4 record, 5 small file
//!      5     1  codec: 0 raw, 1 zstd, 2 constant, 3 planes, 4 difference
//!      6     1  sealing: 0 none
//!      7     1  zero
//!      8     4  plain length
//!     12     4  stored length
//!     16    32  id: BLAKE3 of a block's plain bytes, SHA-256 for the others
//! ```
//!
//! What a codec needs to know (element width, base, depth) stands before its bytes, in [`planes`](super::planes), so that
//! a small file costs no more than it must. A pack whose trailer is lost can be read forward, header by header.

use super::FormatError;

const KIND: &str = "pack";
/// Begins a pack; the last byte is its version.
pub const MAGIC: [u8; 8] = *b"MLRPACK\x01";
/// Ends a pack; the last byte is its version.
pub const END_MAGIC: [u8; 8] = *b"MLRPEND\x01";
const OBJECT_MAGIC: [u8; 4] = *b"MLRO";
/// Bytes of an object's header.
pub const HEADER: usize = 48;
/// Bytes of an object's entry in the trailer.
pub const ENTRY: usize = 8 + HEADER;
/// Bytes behind the trailer's entries.
pub const FOOTER: usize = 8 + 8 + 32 + 8;
/// A pack is closed before it grows beyond this: 256 MiB.
pub const MAX_PACK: u64 = 256 << 20;
/// Nor objects: what is in a pack is read as a whole.
pub const MOST_OBJECTS: usize = 1 << 18;
/// No object is longer: 64 MiB holds the recipe of a file of 1 TB, of tensors one of 7 TB, and a folder of 400,000 entries.
pub const MAX_OBJECT: u32 = 64 << 20;
/// No block is longer: 4 MiB.
pub const MAX_BLOCK: u32 = 4 << 20;
/// No pack is longer: one object that does not fit any more, and its trailer.
pub const LONGEST_PACK: u64 = MAX_PACK + 2 * MAX_OBJECT as u64;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A piece of a file.
    Block = 1,
    /// How a file is put together.
    Recipe = 2,
    /// A folder.
    Tree = 3,
    /// Canonical JSON.
    Record = 4,
    /// A file so small that it is one object.
    File = 5,
}

impl ObjectKind {
    /// Reads the kind's number.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Block,
            2 => Self::Recipe,
            3 => Self::Tree,
            4 => Self::Record,
            5 => Self::File,
            _ => return None,
        })
    }

    /// The kind's name, for messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Recipe | Self::File => "file",
            Self::Tree => "tree",
            Self::Record => "record",
        }
    }
}

/// How the stored bytes of an object are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// As they are.
    Raw = 0,
    /// One zstd frame.
    Zstd = 1,
    /// One element, 1 to 8 bytes, again and again.
    Constant = 2,
    /// [Byte planes](super::planes) of numbers.
    Planes = 3,
    /// The same, of differences to another block.
    Difference = 4,
}

/// What a pack says about one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectHeader {
    /// What it is.
    pub kind: ObjectKind,
    /// Its codec's number: kept as a number, so that an index can list objects only a newer program decodes.
    pub codec: u8,
    /// Bytes after decoding.
    pub plain_length: u32,
    /// Bytes in the pack.
    pub stored_length: u32,
    /// Its id.
    pub id: [u8; 32],
}

impl ObjectHeader {
    /// The bytes that stand before the object.
    pub fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..4].copy_from_slice(&OBJECT_MAGIC);
        bytes[4] = self.kind as u8;
        bytes[5] = self.codec;
        bytes[8..12].copy_from_slice(&self.plain_length.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.stored_length.to_le_bytes());
        bytes[16..].copy_from_slice(&self.id);
        bytes
    }

    /// Reads the first [`HEADER`] of `bytes`.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let malformed = |reason: &str| FormatError::Malformed { kind: KIND, reason: reason.to_owned() };
        if bytes.len() < HEADER {
            return Err(FormatError::Truncated { kind: KIND, expected: HEADER as u64, found: bytes.len() as u64 });
        }
        if bytes[..4] != OBJECT_MAGIC {
            return Err(malformed("an object without its magic"));
        }
        if bytes[6] != 0 || bytes[7] != 0 {
            return Err(malformed("an object that is sealed: only a newer program knows how"));
        }
        let kind = ObjectKind::from_number(bytes[4]).ok_or_else(|| malformed("an object of unknown kind"))?;
        let header = Self {
            kind,
            codec: bytes[5],
            plain_length: u32::from_le_bytes(array(&bytes[8..12])),
            stored_length: u32::from_le_bytes(array(&bytes[12..16])),
            id: array(&bytes[16..HEADER]),
        };
        if header.is_too_long() {
            return Err(malformed("an object longer than any can be"));
        }
        Ok(header)
    }

    /// Whether it announces more bytes than an object of its kind can have.
    pub const fn is_too_long(&self) -> bool {
        let most = match self.kind {
            ObjectKind::Block => MAX_BLOCK,
            _ => MAX_OBJECT,
        };
        self.plain_length > most || self.stored_length > most
    }
}

/// The trailer of a pack: everything in it, in order, with offsets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trailer {
    /// Offset of each object's header, and the header.
    pub objects: Vec<(u64, ObjectHeader)>,
}

impl Trailer {
    /// The bytes that close a pack whose objects end at `offset`.
    pub fn encode(&self, offset: u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.objects.len() * ENTRY + FOOTER);
        for (at, header) in &self.objects {
            bytes.extend_from_slice(&at.to_le_bytes());
            bytes.extend_from_slice(&header.encode());
        }
        bytes.extend_from_slice(&offset.to_le_bytes());
        bytes.extend_from_slice(&(self.objects.len() as u64).to_le_bytes());
        let checksum = blake3::hash(&bytes);
        bytes.extend_from_slice(checksum.as_bytes());
        bytes.extend_from_slice(&END_MAGIC);
        bytes
    }

    /// From a pack's last [`FOOTER`] bytes: where its trailer begins, and how many bytes it has with the footer.
    pub fn locate(footer: &[u8], pack_length: u64) -> Result<(u64, usize), FormatError> {
        let truncated =
            || FormatError::Truncated { kind: KIND, expected: (MAGIC.len() + FOOTER) as u64, found: pack_length };
        if footer.len() != FOOTER || pack_length < (MAGIC.len() + FOOTER) as u64 {
            return Err(truncated());
        }
        let magic = &footer[FOOTER - 8..];
        if magic[..7] != END_MAGIC[..7] || magic[7] == 0 {
            return Err(FormatError::Malformed {
                kind: KIND,
                reason: "it does not end as a pack does; it was cut or overwritten".to_owned(),
            });
        }
        if magic[7] > END_MAGIC[7] {
            return Err(FormatError::Newer {
                kind: KIND.to_owned(),
                found: magic[7].into(),
                known: END_MAGIC[7].into(),
            });
        }
        let offset = u64::from_le_bytes(array(&footer[..8]));
        let count = u64::from_le_bytes(array(&footer[8..16]));
        let length = count.checked_mul(ENTRY as u64).and_then(|n| n.checked_add(FOOTER as u64));
        match length {
            Some(length) if offset.checked_add(length) == Some(pack_length) && offset >= MAGIC.len() as u64 => {
                Ok((offset, length as usize))
            }
            _ => Err(FormatError::Malformed { kind: KIND, reason: "its trailer is not where it says".to_owned() }),
        }
    }

    /// Reads the bytes [`locate`](Self::locate) points to.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        if bytes.len() < FOOTER || !(bytes.len() - FOOTER).is_multiple_of(ENTRY) {
            return Err(FormatError::Truncated { kind: KIND, expected: FOOTER as u64, found: bytes.len() as u64 });
        }
        let checked = bytes.len() - 40;
        if blake3::hash(&bytes[..checked]) != bytes[checked..checked + 32] {
            return Err(FormatError::Checksum { kind: "the pack's trailer" });
        }
        let end = u64::from_le_bytes(array(&bytes[bytes.len() - FOOTER..]));
        let mut objects = Vec::new();
        for entry in bytes[..bytes.len() - FOOTER].chunks_exact(ENTRY) {
            let header = ObjectHeader::decode(&entry[8..])?;
            let offset = u64::from_le_bytes(array(&entry[..8]));
            let within = offset.checked_add(HEADER as u64 + u64::from(header.stored_length)).is_some_and(|e| e <= end);
            if !within {
                return Err(FormatError::Malformed { kind: KIND, reason: "an object outside the pack".to_owned() });
            }
            objects.push((offset, header));
        }
        Ok(Self { objects })
    }
}

/// The first N bytes; the callers have checked the length.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[..N]);
    out
}
