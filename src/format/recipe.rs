//! The recipe: how a file is put together from blocks. Named by the SHA-256 of the file's plain bytes.
//!
//! Any recipe that rebuilds the SHA-256 is good: how a file was cut is not part of its identity.
//!
//! ```text
//! offset  size  little-endian
//!      0     4  magic "MLRR"
//!      4     1  version, 1
//!      5     3  zero
//!      8    32  SHA-256 of the file
//!     40     8  size of the file
//!     48     4  number of blocks n
//!     52  40×n  blocks: BLAKE3 (32), length (4), element width (1), element phase (1), zero (2)
//!      …    32  BLAKE3 of everything before
//! ```
//!
//! Element width and phase say how a block's floats lie (0: unknown); the byte-plane codecs use them.

use super::FormatError;
use crate::digest::Digest;

const KIND: &str = "file recipe";
const MAGIC: &[u8; 4] = b"MLRR";
const HEAD: usize = 52;
const BLOCK: usize = 40;
/// The newest version. 1: first form.
pub const VERSION: u8 = 1;
/// No block is longer, encoded or plain: 4 MiB.
pub const MAX_BLOCK: u32 = 4 << 20;

/// How to put a file together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Its blocks in order.
    pub blocks: Vec<RecipeBlock>,
}

/// One block of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecipeBlock {
    /// BLAKE3 of its plain bytes.
    pub id: [u8; 32],
    /// Plain bytes.
    pub length: u32,
    /// Bytes of an element: 1, 2, 4, 8; 0 where unknown.
    pub width: u8,
    /// Bytes before the first whole element.
    pub phase: u8,
}

impl Recipe {
    /// The bytes to store.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + BLOCK * self.blocks.len() + 32);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&[VERSION, 0, 0, 0]);
        bytes.extend_from_slice(self.sha256.as_bytes());
        bytes.extend_from_slice(&self.size.to_le_bytes());
        bytes.extend_from_slice(&(self.blocks.len() as u32).to_le_bytes());
        for block in &self.blocks {
            bytes.extend_from_slice(&block.id);
            bytes.extend_from_slice(&block.length.to_le_bytes());
            bytes.extend_from_slice(&[block.width, block.phase, 0, 0]);
        }
        let checksum = blake3::hash(&bytes);
        bytes.extend_from_slice(checksum.as_bytes());
        bytes
    }

    /// Reads a recipe.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let malformed = |reason: &str| FormatError::Malformed { kind: KIND, reason: reason.to_owned() };
        let truncated = |expected: usize| FormatError::Truncated {
            kind: KIND,
            expected: expected as u64,
            found: bytes.len() as u64,
        };
        if bytes.len() < HEAD + 32 {
            return Err(truncated(HEAD + 32));
        }
        if &bytes[..4] != MAGIC {
            return Err(malformed("wrong magic"));
        }
        if bytes[4] > VERSION {
            return Err(FormatError::Newer { kind: KIND.to_owned(), found: bytes[4].into(), known: VERSION.into() });
        }
        let (body, checksum) = bytes.split_at(bytes.len() - 32);
        if blake3::hash(body) != *checksum {
            return Err(FormatError::Checksum { kind: KIND });
        }
        let count = u32::from_le_bytes(array(&body[48..52])) as usize;
        if body.len() != HEAD + BLOCK * count {
            return Err(truncated(HEAD + BLOCK * count + 32));
        }
        let blocks: Vec<_> = body[HEAD..]
            .chunks_exact(BLOCK)
            .map(|b| RecipeBlock {
                id: array(&b[..32]),
                length: u32::from_le_bytes(array(&b[32..36])),
                width: b[36],
                phase: b[37],
            })
            .collect();
        let size = u64::from_le_bytes(array(&body[40..48]));
        let total: u64 = blocks.iter().map(|b| u64::from(b.length)).sum();
        if total != size || blocks.iter().any(|b| b.length == 0 || b.length > MAX_BLOCK) {
            return Err(malformed("its blocks do not add up to its size"));
        }
        Ok(Self { sha256: Digest::from_bytes(array(&body[8..40])), size, blocks })
    }
}

/// The first N bytes; the callers have checked the length.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[..N]);
    out
}
