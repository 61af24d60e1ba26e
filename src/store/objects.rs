//! Objects: found, read, decoded, hashed. One that is damaged is read from wherever else it is.

use std::cell::RefCell;
use std::io;

use super::index::Location;
use super::pack_writer::pack_path;
use super::{AtHand, BackendError, Store, StoreError, codec};
use crate::digest::Digest;
use crate::format::pack::{Codec, HEADER, ObjectHeader, ObjectKind};
use crate::format::planes::{BASE, Base};
use crate::format::recipe::{Recipe, RecipeBlock};

/// Differences that are undone for one block, at most. Fewer are written; of several copies of a base another may be read.
const LONGEST_CHAIN: usize = 32;
/// Copies that are tried for one object, at most, bases and all.
const MOST_READS: u32 = 256;
/// What a device reports that cannot read a place any more: EIO, on every Unix; ERROR_CRC on Windows.
const BAD_SECTOR: i32 = if cfg!(windows) { 23 } else { 5 };

thread_local! {
    /// An object as it is stored: on large files, fresh memory costs as much as hashing.
    static STORED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The way to one object: through which differences, and how much was tried. Without it, blocks that are bases of each
/// other would be read for ever.
#[derive(Default)]
struct Walk<'n> {
    open: Vec<[u8; 32]>,
    reads: u32,
    /// An index named a place where something else is.
    misled: bool,
    /// A block that need not be read again.
    near: Option<AtHand<'n>>,
}

impl Walk<'_> {
    /// Whether there may be one more step, down to the block `id`.
    fn may_enter(&mut self, id: &[u8; 32]) -> bool {
        self.reads += 1;
        self.reads <= MOST_READS && self.open.len() < LONGEST_CHAIN && !self.open.contains(id)
    }
}

impl Store {
    pub(super) fn object(&self, kind: ObjectKind, id: &[u8; 32]) -> Result<Vec<u8>, StoreError> {
        let mut plain = Vec::new();
        self.object_into(kind, id, &mut plain)?;
        Ok(plain)
    }

    /// A block, and the blocks it rests on: each is a difference to the next.
    pub(super) fn block(&self, id: &[u8; 32]) -> Result<(Vec<u8>, Vec<[u8; 32]>), StoreError> {
        let mut plain = Vec::new();
        let chain = self.object_into(ObjectKind::Block, id, &mut plain)?;
        Ok((plain, chain))
    }

    /// The block a recipe names, instead of the bytes in `plain`.
    pub(super) fn block_into(&self, block: &RecipeBlock, plain: &mut Vec<u8>) -> Result<(), StoreError> {
        self.block_near(block, None, plain)
    }

    /// The same, where `near` is at hand, which it may be a difference to.
    pub(super) fn block_near(
        &self,
        block: &RecipeBlock,
        near: Option<AtHand<'_>>,
        plain: &mut Vec<u8>,
    ) -> Result<(), StoreError> {
        self.object_near(ObjectKind::Block, &block.id, near, plain)?;
        if plain.len() == block.length as usize {
            return Ok(());
        }
        let reason = format!("it has {} bytes, and its file's recipe says {}", plain.len(), block.length);
        Err(self.damaged(&self.locate(ObjectKind::Block, &block.id)?, reason))
    }

    /// An object's bytes, instead of those in `plain`; from the first place that gives it: one that was damaged may have
    /// been stored again. Says on which blocks it rests.
    fn object_into(&self, kind: ObjectKind, id: &[u8; 32], plain: &mut Vec<u8>) -> Result<Vec<[u8; 32]>, StoreError> {
        self.object_near(kind, id, None, plain)
    }

    fn object_near(
        &self,
        kind: ObjectKind,
        id: &[u8; 32],
        near: Option<AtHand<'_>>,
        plain: &mut Vec<u8>,
    ) -> Result<Vec<[u8; 32]>, StoreError> {
        let mut walk = Walk { near, ..Walk::default() };
        match self.read(kind, id, plain, &mut walk) {
            // Whatever the packs hold is found without the index, too.
            Err(_) if walk.misled && self.index.distrust() => self.read(kind, id, plain, &mut Walk::default()),
            other => other,
        }
    }

    fn read(
        &self,
        kind: ObjectKind,
        id: &[u8; 32],
        plain: &mut Vec<u8>,
        walk: &mut Walk<'_>,
    ) -> Result<Vec<[u8; 32]>, StoreError> {
        let first = self.locate(kind, id)?;
        let error = match self.read_at(&first, plain, walk) {
            Err(error @ (StoreError::Damaged { .. } | StoreError::Missing { .. })) => error,
            other => return other,
        };
        for location in self.index.locations(kind, id)? {
            if location != first
                && let Ok(found) = self.read_at(&location, plain, walk)
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

    fn damaged(&self, location: &Location, reason: String) -> StoreError {
        StoreError::Damaged {
            kind: location.header.kind.name(),
            id: Digest::from_bytes(location.header.id),
            pack: pack_path(&location.pack),
            reason,
        }
    }

    /// Reads, decodes and hashes the object at `location` into `plain`.
    pub(super) fn object_at(&self, location: &Location, plain: &mut Vec<u8>) -> Result<(), StoreError> {
        self.read_at(location, plain, &mut Walk::default()).map(drop)
    }

    fn read_at(
        &self,
        location: &Location,
        plain: &mut Vec<u8>,
        walk: &mut Walk<'_>,
    ) -> Result<Vec<[u8; 32]>, StoreError> {
        let id = &location.header.id;
        if !walk.may_enter(id) {
            return Err(self.damaged(location, "the blocks it is a difference to have no end".to_owned()));
        }
        walk.open.push(*id);
        // Taken, because a base is read meanwhile.
        let mut stored = STORED.take();
        let decoded = self.decode(location, &mut stored, plain, walk);
        STORED.set(stored);
        walk.open.pop();
        let chain = decoded?;
        self.check_bytes(location, plain)?;
        Ok(chain)
    }

    /// Whether the bytes are those that the object's id promises.
    pub(super) fn check_bytes(&self, location: &Location, plain: &[u8]) -> Result<(), StoreError> {
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
                Ok(recipe) if recipe.sha256.as_bytes() == &header.id => Ok(()),
                Ok(_) => damaged("it is the recipe of another file"),
                Err(error) => damaged(&error.to_string()),
            },
            _ => Ok(()),
        }
    }

    fn decode(
        &self,
        location: &Location,
        bytes: &mut Vec<u8>,
        plain: &mut Vec<u8>,
        walk: &mut Walk<'_>,
    ) -> Result<Vec<[u8; 32]>, StoreError> {
        let header = location.header;
        let damaged = |reason: String| self.damaged(location, reason);
        bytes.resize(HEADER + header.stored_length as usize, 0);
        self.read_bytes(location, bytes)?;
        if !ObjectHeader::decode(bytes).is_ok_and(|found| found == header) {
            walk.misled = true;
            return Err(damaged("its header is not what the index says".to_owned()));
        }
        let stored = &bytes[HEADER..];
        let mut chain = Vec::new();
        let mut base_plain = Vec::new();
        let mut at_hand = None;
        if let Some(base) = codec::base_of(header.codec, stored).map_err(damaged)? {
            at_hand = walk.near.filter(|(id, _)| *id == base.id).map(|(_, bytes)| bytes);
            if at_hand.is_none() {
                chain = self.read(ObjectKind::Block, &base.id, &mut base_plain, walk)?;
            }
            chain.insert(0, base.id);
        }
        plain.resize(header.plain_length as usize, 0);
        codec::decode(header.codec, stored, at_hand.unwrap_or(&base_plain), plain).map_err(damaged)?;
        Ok(chain)
    }

    /// Fills `bytes` from where an object begins. What the device cannot read is damaged like what it reads wrongly.
    fn read_bytes(&self, location: &Location, bytes: &mut [u8]) -> Result<(), StoreError> {
        let damaged = |reason: &str| Err(self.damaged(location, reason.to_owned()));
        match self.backend.read_at(&pack_path(&location.pack), location.offset, bytes) {
            Err(BackendError::Io { source, .. }) if source.kind() == io::ErrorKind::UnexpectedEof => {
                damaged("the pack ends before it")
            }
            Err(BackendError::Io { source, .. }) if source.raw_os_error() == Some(BAD_SECTOR) => {
                damaged("the disk cannot read it")
            }
            other => Ok(other?),
        }
    }

    /// Whether an object is there and can be read: some copy of it decodes, and hashes to its id.
    pub(super) fn reads(&self, kind: ObjectKind, id: &[u8; 32]) -> Result<bool, StoreError> {
        match self.object(kind, id) {
            Ok(_) => Ok(true),
            Err(StoreError::Damaged { .. } | StoreError::Missing { .. } | StoreError::Format { .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Whether the object at `location` is what it should be.
    pub(super) fn reads_at(&self, location: &Location, plain: &mut Vec<u8>) -> Result<bool, StoreError> {
        match self.object_at(location, plain) {
            Ok(()) => Ok(true),
            Err(StoreError::Damaged { .. } | StoreError::Missing { .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// The pack that should hold an object, sound or not, as a path in the store; of objects nobody has heard of, none.
    pub fn pack_of(&self, id: Digest) -> Result<Option<String>, StoreError> {
        for kind in [ObjectKind::Block, ObjectKind::File, ObjectKind::Recipe, ObjectKind::Tree, ObjectKind::Record] {
            if let Some(pack) = self.index.pack_of(kind, id.as_bytes())? {
                return Ok(Some(pack_path(&pack)));
            }
        }
        Ok(None)
    }

    /// Whether a block is stored with every block it is a difference to, in some copy of each.
    pub(super) fn has_block(&self, id: &[u8; 32]) -> Result<bool, StoreError> {
        self.is_whole(id, &mut Walk::default())
    }

    fn is_whole(&self, id: &[u8; 32], walk: &mut Walk<'_>) -> Result<bool, StoreError> {
        for location in self.index.locations(ObjectKind::Block, id)? {
            if !walk.may_enter(id) {
                return Ok(false);
            }
            match self.base_at(&location) {
                Ok(None) => return Ok(true),
                Ok(Some(base)) => {
                    walk.open.push(*id);
                    let whole = self.is_whole(&base.id, walk)?;
                    walk.open.pop();
                    if whole {
                        return Ok(true);
                    }
                }
                Err(StoreError::Damaged { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(false)
    }

    /// What every copy of a block is a difference to; a copy that does not tell has none.
    pub(super) fn bases_of(&self, id: &[u8; 32]) -> Result<Vec<[u8; 32]>, StoreError> {
        let mut bases = Vec::new();
        for location in self.index.locations(ObjectKind::Block, id)? {
            match self.base_at(&location) {
                Ok(base) => bases.extend(base.map(|base| base.id)),
                Err(StoreError::Damaged { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(bases)
    }

    fn base_at(&self, location: &Location) -> Result<Option<Base>, StoreError> {
        let header = &location.header;
        if header.codec != Codec::Difference as u8 {
            return Ok(None);
        }
        let damaged = |reason: String| self.damaged(location, reason);
        if (header.stored_length as usize) < BASE {
            return Err(damaged("it ends before its base".to_owned()));
        }
        let mut bytes = [0; HEADER + BASE];
        self.read_bytes(location, &mut bytes)?;
        codec::base_of(header.codec, &bytes[HEADER..]).map_err(damaged)
    }
}
