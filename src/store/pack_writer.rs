//! One pack being written: objects appended, the trailer remembered, the name computed on the way.

use super::backend::{Backend, BackendError, Staged};
use super::{PACKS, StoreError, codec};
use crate::format::pack::{self, ObjectHeader, ObjectKind, Trailer};

/// An object, encoded and ready to be appended.
#[derive(Debug)]
pub(super) struct Encoded {
    header: ObjectHeader,
    bytes: Vec<u8>,
}

impl Encoded {
    /// Encodes an object; one longer than [`pack::MAX_OBJECT`] is an error.
    pub(super) fn new(kind: ObjectKind, id: [u8; 32], plain: &[u8]) -> Result<Self, StoreError> {
        let mut bytes = Vec::new();
        let header = Self::encode_into((kind, id), plain, codec::Content::Unknown, None, &mut bytes)?;
        if bytes.is_empty() {
            bytes.extend_from_slice(plain);
        }
        Ok(Self { header, bytes })
    }

    /// The same, but `coded` stays empty where `plain` is stored as it is.
    pub(super) fn encode_into(
        (kind, id): (ObjectKind, [u8; 32]),
        plain: &[u8],
        content: codec::Content,
        parent: Option<codec::Parent<'_>>,
        coded: &mut Vec<u8>,
    ) -> Result<ObjectHeader, StoreError> {
        let codec = codec::encode(plain, content, parent, coded)?;
        // Found out now: it could be written, and never be read.
        let limit = if kind == ObjectKind::Block { pack::MAX_BLOCK } else { pack::MAX_OBJECT };
        if plain.len() > limit as usize {
            return Err(StoreError::TooLong { kind: kind.name(), length: plain.len() as u64, limit: limit.into() });
        }
        let stored_length = if coded.is_empty() { plain.len() } else { coded.len() } as u32;
        Ok(ObjectHeader { kind, codec: codec as u8, plain_length: plain.len() as u32, stored_length, id })
    }

    /// What stands before it.
    pub(super) const fn header(&self) -> &ObjectHeader {
        &self.header
    }

    /// Its bytes as stored.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// A pack that is not closed yet.
pub(super) struct PackWriter {
    staged: Box<dyn Staged>,
    hasher: blake3::Hasher,
    length: u64,
    trailer: Trailer,
}

/// A pack whose bytes are complete but not yet durable.
pub(super) struct ClosedPack {
    staged: Box<dyn Staged>,
    /// Its name.
    pub name: [u8; 32],
    /// Its length.
    pub length: u64,
    /// What is in it.
    pub trailer: Trailer,
}

impl PackWriter {
    /// Begins a pack.
    pub(super) fn begin(backend: &dyn Backend) -> Result<Self, BackendError> {
        let mut pack =
            Self { staged: backend.stage()?, hasher: blake3::Hasher::new(), length: 0, trailer: Trailer::default() };
        pack.append(&pack::MAGIC)?;
        Ok(pack)
    }

    /// Bytes an object takes, with its entry in the trailer.
    pub(super) fn room(object: &ObjectHeader) -> u64 {
        u64::from(object.stored_length) + (pack::HEADER + pack::ENTRY) as u64
    }

    /// Whether `object` still fits.
    pub(super) fn has_room_for(&self, object: &ObjectHeader) -> bool {
        let trailer = (self.trailer.objects.len() * pack::ENTRY + pack::FOOTER) as u64;
        let objects = self.trailer.objects.len();
        objects == 0 || objects < pack::MOST_OBJECTS && self.length + trailer + Self::room(object) <= pack::MAX_PACK
    }

    /// Adds the object that `header` announces and `bytes` are.
    pub(super) fn add(&mut self, header: &ObjectHeader, bytes: &[u8]) -> Result<(), BackendError> {
        self.trailer.objects.push((self.length, *header));
        self.append(&header.encode())?;
        self.append(bytes)
    }

    /// Writes the trailer.
    pub(super) fn close(mut self) -> Result<ClosedPack, BackendError> {
        let trailer = self.trailer.encode(self.length);
        self.append(&trailer)?;
        Ok(ClosedPack {
            staged: self.staged,
            name: *self.hasher.finalize().as_bytes(),
            length: self.length,
            trailer: self.trailer,
        })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), BackendError> {
        self.staged.append(bytes)?;
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }
}

impl ClosedPack {
    /// Makes it durable under its name; says what an index needs to know of it.
    pub(super) fn publish(self, backend: &dyn Backend) -> Result<([u8; 32], u64, Trailer), BackendError> {
        self.publish_in(backend, PACKS)
    }

    /// The same in another folder than that of the packs.
    pub(super) fn publish_in(
        self,
        backend: &dyn Backend,
        folder: &str,
    ) -> Result<([u8; 32], u64, Trailer), BackendError> {
        backend.publish(self.staged, &path_in(folder, &self.name))?;
        Ok((self.name, self.length, self.trailer))
    }
}

/// Where a pack lies that is in `folder`.
pub(super) fn path_in(folder: &str, name: &[u8; 32]) -> String {
    format!("{folder}/{}.pack", blake3::Hash::from_bytes(*name).to_hex())
}

/// Where a pack is kept.
pub(super) fn pack_path(name: &[u8; 32]) -> String {
    path_in(PACKS, name)
}
