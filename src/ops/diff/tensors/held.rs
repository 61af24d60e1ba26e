//! A tensor's bytes, row by row: read from its file as they are needed, or held in memory where they have to be unpacked or
//! gathered first.

use std::borrow::Cow;
use std::sync::Arc;

use super::opened::Opened;
use crate::capture::weights::{MAX_UNPACKED, Place, Weight};
use crate::compare::tensors::TensorFacts;
use crate::compare::tensors::strided::{gathered, is_dense};
use crate::format::recipe::MAX_BLOCK;
use crate::store::AtHand;

/// Bytes of one tensor that are held in memory at most.
const MAX_HELD: u64 = MAX_UNPACKED;
/// How many times its own length a view may be: one of a few bytes could be shown as gigabytes.
const MAX_SHOWN: u64 = 4;

/// A tensor's bytes.
pub(super) struct Held<'f> {
    length: u64,
    bytes: Bytes<'f>,
}

enum Bytes<'f> {
    /// In a file, from there on.
    File(&'f Opened<'f>, u64),
    Memory(Cow<'f, [u8]>),
    /// In what a whole file unpacks to, from there on.
    Unpacked(Arc<Vec<u8>>, u64),
}

impl<'f> Held<'f> {
    /// Those of `weight`.
    pub(super) fn of(file: &'f Opened<'_>, weight: &'f Weight, facts: &TensorFacts) -> Result<Self, String> {
        let span = Self::span(file, weight)?;
        let Some(strides) = &weight.strides else { return Ok(Self { length: facts.length, ..span }) };
        let too_large = || format!("its elements do not lie row by row, and it takes more than {} MiB", MAX_HELD >> 20);
        if span.length > MAX_HELD {
            return Err(too_large());
        }
        if facts.length > span.length.saturating_mul(MAX_SHOWN) {
            return Err("it shows few bytes many times".to_owned());
        }
        let mut bytes = Vec::new();
        span.read(0, span.length as usize, None, &mut bytes)?;
        let bytes = gathered(&bytes, &weight.shape, strides, facts.element.width(), MAX_HELD).ok_or_else(too_large)?;
        Ok(Self { length: bytes.len() as u64, bytes: Bytes::Memory(Cow::Owned(bytes)) })
    }

    /// The same in the order in which they lie, if there are no gaps between them.
    pub(super) fn dense(file: &'f Opened<'_>, weight: &'f Weight, facts: &TensorFacts) -> Option<Self> {
        let strides = weight.strides.as_ref()?;
        let dense = is_dense(&weight.shape, strides, facts.element.width(), weight.place.length());
        if dense { Self::span(file, weight).ok() } else { None }
    }

    /// From the first to the last byte.
    fn span(file: &'f Opened<'_>, weight: &'f Weight) -> Result<Self, String> {
        let bytes = match &weight.place {
            Place::File { start, .. } => Bytes::File(file, *start),
            Place::Few(bytes) => Bytes::Memory(Cow::Borrowed(bytes)),
            Place::Member(_) => Bytes::Memory(Cow::Owned(file.member(&weight.place)?)),
            Place::Stream { start, .. } => Bytes::Unpacked(file.unpacked()?, *start),
        };
        Ok(Self { length: weight.place.length(), bytes })
    }

    /// Whether it is read as it is needed: nothing of it is in memory.
    pub(super) const fn is_in_file(&self) -> bool {
        matches!(self.bytes, Bytes::File(..))
    }

    /// The `length` bytes behind the first `at`, instead of those in `plain`.
    pub(super) fn read(
        &self,
        at: u64,
        length: usize,
        near: Option<AtHand<'_>>,
        plain: &mut Vec<u8>,
    ) -> Result<(), String> {
        match &self.bytes {
            Bytes::File(file, start) => file.read(start + at, length, near, plain),
            Bytes::Memory(bytes) => copy(bytes, at, length, plain),
            Bytes::Unpacked(bytes, start) => copy(bytes, start.saturating_add(at), length, plain),
        }
    }

    /// The id of the stored block that is these bytes.
    pub(super) fn block_at(&self, at: u64, length: u64) -> Option<[u8; 32]> {
        match &self.bytes {
            Bytes::File(file, start) => file.block_at(start + at, length),
            Bytes::Memory(_) | Bytes::Unpacked(..) => None,
        }
    }

    /// Whether these bytes are stored as a difference to the block `id`.
    pub(super) fn rests_on(&self, at: u64, length: u64, id: &[u8; 32]) -> bool {
        match &self.bytes {
            Bytes::File(file, start) => file.rests_on(start + at, length, id),
            Bytes::Memory(_) | Bytes::Unpacked(..) => false,
        }
    }

    /// BLAKE3 over those of its blocks: of what is stored as whole blocks, nothing is read.
    pub(super) fn digest(&self) -> Result<[u8; 32], String> {
        let mut hasher = blake3::Hasher::new();
        let mut plain = Vec::new();
        let mut at = 0;
        while at < self.length {
            let length = (self.length - at).min(MAX_BLOCK.into());
            let id = match self.block_at(at, length) {
                Some(id) => id,
                None => {
                    self.read(at, length as usize, None, &mut plain)?;
                    *blake3::hash(&plain).as_bytes()
                }
            };
            hasher.update(&id);
            at += length;
        }
        Ok(*hasher.finalize().as_bytes())
    }
}

fn copy(bytes: &[u8], at: u64, length: usize, plain: &mut Vec<u8>) -> Result<(), String> {
    let part = usize::try_from(at).ok().and_then(|at| bytes.get(at..at.checked_add(length)?));
    plain.clear();
    plain.extend_from_slice(part.ok_or("it ends too soon")?);
    Ok(())
}
