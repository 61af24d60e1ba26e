//! Getting files and records back: everything is hashed before it counts.

use std::collections::HashSet;
use std::io::{self, Read, Write};

use rayon::prelude::*;

use super::pack_writer::pack_path;
use super::{CopyError, Key, Store, StoreError, copy};
use crate::digest::{Digest, Hasher};
use crate::format::FormatError;
use crate::format::pack::ObjectKind;
use crate::format::recipe::Recipe;
use crate::format::tree::TreeRecord;
use crate::id::{FileId, TreeId};
use crate::progress::Progress;

/// Blocks decoded at a time: 64 MiB at most.
const BATCH: usize = 16;

impl Store {
    /// The bytes of a record, which hash to `id`.
    pub fn record(&self, id: Digest) -> Result<Vec<u8>, StoreError> {
        self.object(ObjectKind::Record, id.as_bytes())
    }

    /// A folder's listing.
    pub fn tree(&self, id: TreeId) -> Result<TreeRecord, StoreError> {
        let bytes = self.object(ObjectKind::Tree, id.digest().as_bytes())?;
        TreeRecord::decode(&bytes).map_err(|source| StoreError::Format { kind: "tree", id: id.digest(), source })
    }

    /// The exact bytes of a tree or record, whichever `id` names.
    pub fn raw(&self, id: Digest) -> Result<Vec<u8>, StoreError> {
        match self.record(id) {
            Err(StoreError::Missing { .. }) => self.object(ObjectKind::Tree, id.as_bytes()),
            other => other,
        }
    }

    /// How a file is put together. Any recipe is good that gives its bytes: of several, one whose blocks are all there.
    pub fn recipe(&self, id: FileId) -> Result<Recipe, StoreError> {
        let key = id.digest();
        let decode =
            |bytes: &[u8]| Recipe::decode(bytes).map_err(|source| StoreError::Format { kind: "file", id: key, source });
        let locations = self.index.locations(ObjectKind::Recipe, key.as_bytes())?;
        if locations.len() > 1 {
            let mut bytes = Vec::new();
            for location in &locations {
                if self.object_at(location, &mut bytes).is_ok()
                    && let Ok(recipe) = decode(&bytes)
                    && self.first_missing(&recipe)?.is_none()
                {
                    return Ok(recipe);
                }
            }
        }
        decode(&self.object(ObjectKind::Recipe, key.as_bytes())?)
    }

    /// Writes a file's bytes to `out`; they hash to `id`, or it is an error and `out` is worthless.
    pub fn copy_file(&self, id: FileId, out: &mut dyn Write, progress: &dyn Progress) -> Result<u64, CopyError> {
        if self.stored_as(id)? == ObjectKind::File {
            let bytes = self.object(ObjectKind::File, id.digest().as_bytes())?;
            out.write_all(&bytes).map_err(CopyError::Write)?;
            progress.advance(bytes.len() as u64);
            return Ok(bytes.len() as u64);
        }
        let recipe = self.recipe(id)?;
        let found = copy::blocks(self, &recipe.blocks, out, progress)?;
        if found != recipe.sha256 {
            return Err(self.another_file(recipe.sha256, found)?.into());
        }
        Ok(recipe.size)
    }

    /// Begins to read a file.
    pub fn open_file(&self, id: FileId) -> Result<FileReader<'_>, StoreError> {
        let (recipe, whole) = self.recipe_or_bytes(id)?;
        // A small file is checked already.
        let hasher = whole.is_none().then(Hasher::default);
        Ok(FileReader { store: self, recipe, whole, next: 0, hasher, pending: Vec::new(), position: 0, failure: None })
    }

    /// How a file is put together; of a small one, its bytes.
    pub(super) fn recipe_or_bytes(&self, id: FileId) -> Result<(Recipe, Option<Vec<u8>>), StoreError> {
        if self.stored_as(id)? != ObjectKind::File {
            return Ok((self.recipe(id)?, None));
        }
        let bytes = self.object(ObjectKind::File, id.digest().as_bytes())?;
        let size = bytes.len() as u64;
        Ok((Recipe { sha256: id.digest(), size, blocks: Vec::new(), tensors: Vec::new() }, Some(bytes)))
    }

    /// A whole file in memory; one longer than `limit` is an error of the format.
    pub fn file(&self, id: FileId, limit: u64) -> Result<Vec<u8>, StoreError> {
        let mut reader = self.open_file(id)?;
        let size = reader.recipe.size;
        if size > limit {
            let reason = format!("it has {size} bytes; {limit} can be read at once");
            let source = FormatError::Malformed { kind: "file", reason };
            return Err(StoreError::Format { kind: "file", id: id.digest(), source });
        }
        let mut bytes = Vec::with_capacity(size as usize);
        while let Some(parts) = reader.next_batch()? {
            parts.iter().for_each(|part| bytes.extend_from_slice(part));
        }
        Ok(bytes)
    }

    /// Whether a file and everything it is made of is in sound packs. Reads the recipe, not the blocks.
    pub fn has_file(&self, id: FileId) -> Result<bool, StoreError> {
        if self.contains(ObjectKind::File, id.digest().as_bytes())? {
            return Ok(true);
        }
        if !self.contains(ObjectKind::Recipe, id.digest().as_bytes())? {
            return Ok(false);
        }
        match self.missing_part(id) {
            Ok(missing) => Ok(missing.is_none()),
            // Written anew, it is whole again.
            Err(StoreError::Damaged { .. } | StoreError::Format { .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// The first object of a file that no sound pack has.
    pub fn missing_part(&self, id: FileId) -> Result<Option<Digest>, StoreError> {
        match self.stored_as(id)? {
            ObjectKind::File if self.contains(ObjectKind::File, id.digest().as_bytes())? => Ok(None),
            ObjectKind::File => Ok(Some(id.digest())),
            _ => self.first_missing(&self.recipe(id)?),
        }
    }

    fn first_missing(&self, recipe: &Recipe) -> Result<Option<Digest>, StoreError> {
        for block in &recipe.blocks {
            if !self.has_block(&block.id)? {
                return Ok(Some(Digest::from_bytes(block.id)));
            }
        }
        Ok(None)
    }

    /// Every object a file may be put together from: itself if it is small, or its blocks, and whatever a copy of one is a
    /// difference to.
    pub fn parts(&self, id: FileId) -> Result<Vec<Key>, StoreError> {
        if self.stored_as(id)? == ObjectKind::File {
            return Ok(vec![(ObjectKind::File, *id.digest().as_bytes())]);
        }
        let mut parts = Vec::new();
        let mut seen = HashSet::new();
        let mut open: Vec<[u8; 32]> = self.recipe(id)?.blocks.into_iter().rev().map(|block| block.id).collect();
        while let Some(block) = open.pop() {
            if seen.insert(block) {
                parts.push((ObjectKind::Block, block));
                open.extend(self.bases_of(&block)?);
            }
        }
        Ok(parts)
    }

    /// Bytes that an object takes in its pack; none if no sound pack has it.
    pub fn packed_length(&self, kind: ObjectKind, id: &[u8; 32]) -> Result<Option<u64>, StoreError> {
        let head = crate::format::pack::HEADER as u64;
        Ok(self.index.locate(kind, id)?.map(|found| head + u64::from(found.header.stored_length)))
    }

    /// Whether a file is one object or has a recipe; one that is gone is what it was.
    fn stored_as(&self, id: FileId) -> Result<ObjectKind, StoreError> {
        let id = id.digest();
        let kinds = [ObjectKind::File, ObjectKind::Recipe];
        for kind in kinds {
            if self.contains(kind, id.as_bytes())? {
                return Ok(kind);
            }
        }
        for kind in kinds {
            if self.index.locate_fresh(kind, id.as_bytes())?.is_some()
                || self.index.pack_of(kind, id.as_bytes())?.is_some()
            {
                return Ok(kind);
            }
        }
        Err(StoreError::Missing { kind: ObjectKind::File.name(), id })
    }

    /// A recipe gave other bytes than it names.
    fn another_file(&self, wanted: Digest, found: Digest) -> Result<StoreError, StoreError> {
        let pack = self.index.pack_of(ObjectKind::Recipe, wanted.as_bytes())?;
        Ok(StoreError::Damaged {
            kind: "file",
            id: wanted,
            pack: pack.map_or_else(String::new, |name| pack_path(&name)),
            reason: format!("its bytes hash to {found}"),
        })
    }
}

/// A stored file as a stream. What it has given out is known to be the file only when it has ended without error.
pub struct FileReader<'s> {
    store: &'s Store,
    recipe: Recipe,
    /// A small file, until it is handed out.
    whole: Option<Vec<u8>>,
    next: usize,
    hasher: Option<Hasher>,
    pending: Vec<Vec<u8>>,
    position: usize,
    failure: Option<StoreError>,
}

impl FileReader<'_> {
    /// What went wrong, if reading failed.
    pub fn into_failure(self) -> Option<StoreError> {
        self.failure
    }

    /// The next blocks, decoded in parallel; none at the end, where the whole is checked.
    fn next_batch(&mut self) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        if let Some(whole) = self.whole.take().filter(|w| !w.is_empty()) {
            return Ok(Some(vec![whole]));
        }
        let end = (self.next + BATCH).min(self.recipe.blocks.len());
        let blocks = &self.recipe.blocks[self.next..end];
        if blocks.is_empty() {
            return self.check_whole().map(|()| None);
        }
        let store = self.store;
        let mut plain = vec![Vec::new(); blocks.len()];
        blocks.par_iter().zip(&mut plain).try_for_each(|(block, plain)| store.block_into(block, plain))?;
        if let Some(hasher) = &mut self.hasher {
            plain.iter().for_each(|bytes| hasher.update(bytes));
        }
        self.next = end;
        Ok(Some(plain))
    }

    fn check_whole(&mut self) -> Result<(), StoreError> {
        let Some(found) = self.hasher.take().map(Hasher::finish) else { return Ok(()) };
        let wanted = self.recipe.sha256;
        if found == wanted { Ok(()) } else { Err(self.store.another_file(wanted, found)?) }
    }
}

impl Read for FileReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(first) = self.pending.first() {
                let rest = &first[self.position..];
                if !rest.is_empty() {
                    let n = rest.len().min(buffer.len());
                    buffer[..n].copy_from_slice(&rest[..n]);
                    self.position += n;
                    return Ok(n);
                }
                self.pending.remove(0);
                self.position = 0;
                continue;
            }
            match self.next_batch() {
                Ok(Some(blocks)) => self.pending = blocks,
                Ok(None) => return Ok(0),
                Err(error) => {
                    let text = error.to_string();
                    self.failure = Some(error);
                    return Err(io::Error::other(text));
                }
            }
        }
    }
}
