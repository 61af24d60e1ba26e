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
    /// Encodes an object of at most [`pack::MAX_OBJECT`] bytes.
    pub(super) fn new(kind: ObjectKind, id: [u8; 32], plain: &[u8]) -> Result<Self, StoreError> {
        let (codec, stored) = codec::encode(plain)?;
        let header = ObjectHeader {
            kind,
            codec: codec as u8,
            plain_length: plain.len() as u32,
            stored_length: stored.len() as u32,
            id,
        };
        Ok(Self { header, bytes: stored.into_owned() })
    }

    /// What it is.
    pub(super) const fn key(&self) -> (ObjectKind, [u8; 32]) {
        (self.header.kind, self.header.id)
    }

    /// Bytes before encoding.
    pub(super) fn plain_length(&self) -> u64 {
        self.header.plain_length.into()
    }

    /// Bytes it takes in a pack and its trailer.
    pub(super) fn stored_length(&self) -> u64 {
        (self.bytes.len() + 2 * pack::HEADER) as u64
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

    /// Whether `object` still fits.
    pub(super) fn has_room_for(&self, object: &Encoded) -> bool {
        let trailer = (self.trailer.objects.len() * pack::HEADER + pack::FOOTER) as u64;
        self.trailer.objects.is_empty() || self.length + trailer + object.stored_length() <= pack::MAX_PACK
    }

    /// Adds an object.
    pub(super) fn add(&mut self, object: &Encoded) -> Result<(), BackendError> {
        self.trailer.objects.push((self.length, object.header));
        self.append(&object.header.encode_in_place())?;
        self.append(&object.bytes)
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
        backend.publish(self.staged, &pack_path(&self.name))?;
        Ok((self.name, self.length, self.trailer))
    }
}

/// Where a pack is kept.
pub(super) fn pack_path(name: &[u8; 32]) -> String {
    format!("{PACKS}/{}.pack", blake3::Hash::from_bytes(*name).to_hex())
}
