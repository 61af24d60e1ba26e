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
//!     52     4  number of tensors t
//!     56  36×n  blocks: BLAKE3 (32), length (4)
//!      …     …  tensors, by offset: offset (8), length (8), name, element type (1 + 1 + …), rank (1), shape (8 × rank);
//!               a name is its length (2) and its UTF-8 bytes, an element type its length (1) and its ASCII bytes
//!      …    32  BLAKE3 of everything before
//! ```
//!
//! The tensors are those the file's own header tells of. Putting the file together needs none of them; they say which
//! blocks a later version may be a difference to, and what a file holds without opening it.

use super::FormatError;
use crate::digest::Digest;

const KIND: &str = "file recipe";
const MAGIC: &[u8; 4] = b"MLRR";
const HEAD: usize = 56;
const BLOCK: usize = 36;
/// Bytes of the shortest tensor's entry.
const LEAST_TENSOR: usize = 8 + 8 + 2 + 1 + 1;
/// The newest version. 1: first form.
pub const VERSION: u8 = 1;
/// No block is longer, encoded or plain: 4 MiB.
pub use super::pack::MAX_BLOCK;

/// How to put a file together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Its blocks in order.
    pub blocks: Vec<RecipeBlock>,
    /// Where its tensors lie, by offset.
    pub tensors: Vec<RecipeTensor>,
}

/// One block of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecipeBlock {
    /// BLAKE3 of its plain bytes.
    pub id: [u8; 32],
    /// Plain bytes.
    pub length: u32,
}

/// Where a tensor lies in the file, as the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeTensor {
    /// Its name, of at most 65,535 bytes.
    pub name: String,
    /// Its elements' type, as the file's format calls it, of at most 255 bytes.
    pub dtype: String,
    /// Its shape, of at most 255 dimensions.
    pub shape: Vec<u64>,
    /// Bytes of the file before it.
    pub offset: u64,
    /// Its bytes.
    pub length: u64,
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
        bytes.extend_from_slice(&(self.tensors.len() as u32).to_le_bytes());
        for block in &self.blocks {
            bytes.extend_from_slice(&block.id);
            bytes.extend_from_slice(&block.length.to_le_bytes());
        }
        for tensor in &self.tensors {
            bytes.extend_from_slice(&tensor.offset.to_le_bytes());
            bytes.extend_from_slice(&tensor.length.to_le_bytes());
            bytes.extend_from_slice(&(tensor.name.len() as u16).to_le_bytes());
            bytes.extend_from_slice(tensor.name.as_bytes());
            bytes.push(tensor.dtype.len() as u8);
            bytes.extend_from_slice(tensor.dtype.as_bytes());
            bytes.push(tensor.shape.len() as u8);
            tensor.shape.iter().for_each(|n| bytes.extend_from_slice(&n.to_le_bytes()));
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
        let tensors = u32::from_le_bytes(array(&body[52..56])) as usize;
        let Some(mut rest) = body.get(HEAD + BLOCK * count..) else {
            return Err(truncated(HEAD + BLOCK * count + 32));
        };
        if rest.len() / LEAST_TENSOR < tensors {
            return Err(malformed("it has fewer tensors than it says"));
        }
        let blocks: Vec<_> = body[HEAD..HEAD + BLOCK * count]
            .chunks_exact(BLOCK)
            .map(|b| RecipeBlock { id: array(&b[..32]), length: u32::from_le_bytes(array(&b[32..36])) })
            .collect();
        let tensors = (0..tensors)
            .map(|_| decode_tensor(&mut rest))
            .collect::<Option<Vec<_>>>()
            .filter(|_| rest.is_empty())
            .ok_or_else(|| malformed("its tensors cannot be read"))?;
        let size = u64::from_le_bytes(array(&body[40..48]));
        let total: u64 = blocks.iter().map(|b| u64::from(b.length)).sum();
        if total != size || blocks.iter().any(|b| b.length == 0 || b.length > MAX_BLOCK) {
            return Err(malformed("its blocks do not add up to its size"));
        }
        let mut end = 0;
        for tensor in &tensors {
            if tensor.offset < end || tensor.length > size || tensor.offset > size - tensor.length {
                return Err(malformed("its tensors do not lie one behind the other in the file"));
            }
            end = tensor.offset + tensor.length;
        }
        Ok(Self { sha256: Digest::from_bytes(array(&body[8..40])), size, blocks, tensors })
    }
}

/// Takes one tensor off the front.
fn decode_tensor(rest: &mut &[u8]) -> Option<RecipeTensor> {
    let mut take = |n: usize| {
        let (taken, left) = rest.split_at_checked(n)?;
        *rest = left;
        Some(taken)
    };
    let offset = u64::from_le_bytes(array(take(8)?));
    let length = u64::from_le_bytes(array(take(8)?));
    let name = usize::from(u16::from_le_bytes(array(take(2)?)));
    let name = std::str::from_utf8(take(name)?).ok()?.to_owned();
    let dtype = usize::from(take(1)?[0]);
    let dtype = std::str::from_utf8(take(dtype)?).ok()?.to_owned();
    let rank = usize::from(take(1)?[0]);
    let shape = take(8 * rank)?.chunks_exact(8).map(|n| u64::from_le_bytes(array(n))).collect();
    Some(RecipeTensor { name, dtype, shape, offset, length })
}

/// The first N bytes; the callers have checked the length.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[..N]);
    out
}
