//! Objects: found, read, decoded, hashed. One that is damaged is read from wherever else it is.

use std::cell::RefCell;
use std::io;

use super::index::Location;
use super::pack_writer::pack_path;
use super::{BackendError, Store, StoreError, codec};
use crate::digest::Digest;
use crate::format::pack::{HEADER, ObjectHeader, ObjectKind};
use crate::format::planes::Base;
use crate::format::recipe::Recipe;

thread_local! {
    /// An object as it is stored: on large files, fresh memory costs as much as hashing.
    static STORED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Store {
    pub(super) fn object(&self, kind: ObjectKind, id: &[u8; 32]) -> Result<Vec<u8>, StoreError> {
        let mut plain = Vec::new();
        self.object_into(kind, id, &mut plain)?;
        Ok(plain)
    }

    /// A block, and to what it is a difference.
    pub(super) fn block(&self, id: &[u8; 32]) -> Result<(Vec<u8>, Option<Base>), StoreError> {
        let mut plain = Vec::new();
        let base = self.object_into(ObjectKind::Block, id, &mut plain)?;
        Ok((plain, base))
    }

    /// An object's bytes, instead of those in `plain`; from the first place that gives it: one that was damaged may have
    /// been stored again.
    pub(super) fn object_into(
        &self,
        kind: ObjectKind,
        id: &[u8; 32],
        plain: &mut Vec<u8>,
    ) -> Result<Option<Base>, StoreError> {
        let first = self.locate(kind, id)?;
        let error = match self.object_at(&first, plain) {
            Err(error @ (StoreError::Damaged { .. } | StoreError::Missing { .. })) => error,
            other => return other,
        };
        for location in self.index.locations(kind, id)? {
            if location != first
                && let Ok(found) = self.object_at(&location, plain)
            {
                return Ok(found);
            }
        }
        Err(error)
    }

    fn locate(&self, kind: ObjectKind, id: &[u8; 32]) -> Result<Location, StoreError> {
        if let Some(location) = self.index.locate_fresh(kind, id)? {
            return Ok(location);
        }
        Err(match self.index.pack_of(kind, id)? {
            Some(pack) => StoreError::Damaged {
                kind: kind.name(),
                id: Digest::from_bytes(*id),
                pack: pack_path(&pack),
                reason: "the pack is missing, cut or overwritten".to_owned(),
            },
            None => StoreError::Missing { kind: kind.name(), id: Digest::from_bytes(*id) },
        })
    }

    pub(super) fn damaged(&self, location: &Location, reason: String) -> StoreError {
        StoreError::Damaged {
            kind: location.header.kind.name(),
            id: Digest::from_bytes(location.header.id),
            pack: pack_path(&location.pack),
            reason,
        }
    }

    /// Reads, decodes and hashes the object at `location` into `plain`; of a block, says to what it is a difference.
    pub(super) fn object_at(&self, location: &Location, plain: &mut Vec<u8>) -> Result<Option<Base>, StoreError> {
        let base = self.decode_at(location, plain)?;
        let header = location.header;
        let damaged = |reason: &str| Err(self.damaged(location, reason.to_owned()));
        match header.kind {
            ObjectKind::Block if *blake3::hash(plain).as_bytes() != header.id => {
                damaged("its bytes do not hash to its id")
            }
            ObjectKind::Tree | ObjectKind::Record | ObjectKind::File if Digest::of(plain).as_bytes() != &header.id => {
                damaged("its bytes do not hash to its id")
            }
            ObjectKind::Recipe => match Recipe::decode(plain) {
                Ok(recipe) if recipe.sha256.as_bytes() == &header.id => Ok(base),
                Ok(_) => damaged("it is the recipe of another file"),
                Err(error) => damaged(&error.to_string()),
            },
            _ => Ok(base),
        }
    }

    fn decode_at(&self, location: &Location, plain: &mut Vec<u8>) -> Result<Option<Base>, StoreError> {
        // Taken, because a base is read meanwhile.
        let mut stored = STORED.take();
        let decoded = self.decode_with(location, &mut stored, plain);
        STORED.set(stored);
        decoded
    }

    fn decode_with(
        &self,
        location: &Location,
        bytes: &mut Vec<u8>,
        plain: &mut Vec<u8>,
    ) -> Result<Option<Base>, StoreError> {
        let header = location.header;
        let damaged = |reason: String| self.damaged(location, reason);
        bytes.resize(HEADER + header.stored_length as usize, 0);
        match self.backend.read_at(&pack_path(&location.pack), location.offset, bytes) {
            Err(BackendError::Io { source, .. }) if source.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(damaged("the pack ends before it".to_owned()));
            }
            other => other?,
        }
        let found = ObjectHeader::decode(bytes).map_err(|e| damaged(e.to_string()))?;
        if found != header {
            return Err(damaged("its header is not what the index says".to_owned()));
        }
        let stored = &bytes[HEADER..];
        let base = codec::base_of(header.codec, stored).map_err(damaged)?;
        let base_plain = match base {
            None => Vec::new(),
            Some(base) => {
                let (plain, below) = self.block(&base.id)?;
                // Depths that do not fall would go round for ever.
                if below.map_or(0, |b| b.depth) >= base.depth {
                    return Err(damaged("its base is no shallower than itself".to_owned()));
                }
                plain
            }
        };
        plain.resize(header.plain_length as usize, 0);
        codec::decode(header.codec, stored, &base_plain, plain).map_err(damaged)?;
        Ok(base)
    }
}
